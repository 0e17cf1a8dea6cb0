"""The series about a measure: whole months or weeks before and after, with denominator, season and what is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..filters import Filter
from ..indicators import whole_history
from ..period import Period
from ..stats.interrupted import Points, extreme_before
from ..stats.season import spring_festival

GRAINS = ("month", "week")
BEFORE = {"month": 36, "week": 104}  # points that tell what was usual, at most
AFTER = {"month": 12, "week": 52}  # points after that are looked at, at most
FEWEST_BEFORE = {"month": 12, "week": 52}
FEWEST_AFTER = {"month": 6, "week": 13}
BLOCK = {"month": 1, "week": 4}  # points of about a month
AHEAD = {"month": 24, "week": 78}  # points to come among which the day of judgement is looked for
LEAST = {"month": 8, "week": 4}  # complaints a point before, on average
WITH_EXPOSURE = ("channel", "product", "region")
MOSTLY = 0.8  # a point of which so much lies on one side belongs to it


@dataclass(frozen=True)
class Seen:
    """What an analysis looks at. `whole`: the periods of a grain that the data cover up to the moment of looking."""

    book: Book
    period: Period
    measure: str
    whole: dict[str, list[Period]] = field(default_factory=dict)
    held: dict[tuple, dict[str, float]] = field(default_factory=dict)

    def periods(self, grain: str) -> list[Period]:
        if grain not in self.whole:
            last = Period.holding(self.period.as_of - pd.Timedelta("1us"), grain)
            last = last if last.end <= self.period.as_of else last.previous()
            found, stops = whole_history(self.book, last, BEFORE[grain] + AFTER[grain] + 40)
            self.whole[grain] = found if stops is None else found[:-1]
        return self.whole[grain]

    def counts(self, periods: Sequence[Period], where: Filter) -> np.ndarray:
        return self._held(
            "n", periods, where, lambda whole: self.book.series("complaints", [], whole, where=where)["n"]
        )

    def exposure(
        self, periods: Sequence[Period], where: Filter, measure: str | None = None
    ) -> np.ndarray | None:
        """The denominator of the complaints of a filter: its own cells where exposure is known by its columns."""
        by = [name for name in WITH_EXPOSURE if name in where and self.book.has("exposure", name)]
        measure, where = measure or self.measure, {name: where[name] for name in by}
        try:
            value = self._held(measure, periods, where, lambda whole: self._exposure(measure, whole, where))
        except NotMeasured:
            return None
        return value if len(value) and np.isfinite(value[-1]) and np.isfinite(value).mean() > 0.5 else None

    def _held(self, what: str, periods: Sequence[Period], where: Filter, ask: Callable) -> np.ndarray:
        """Numbers by period, asked once for all periods of the grain: a register asks for the same ones often."""
        if not len(periods):
            return np.zeros(0)
        whole = self.periods(periods[0].kind)
        key = (what, periods[0].kind, *sorted((name, *values) for name, values in where.items()))
        if key not in self.held:
            self.held[key] = dict(zip([p.text for p in whole], np.asarray(ask(whole), float), strict=True))
        return np.array([self.held[key][p.text] for p in periods])

    def _exposure(self, measure: str, periods: list[Period], where: Filter) -> np.ndarray:
        found = self.book.exposure(measure, periods, list(where))
        for name, values in where.items():
            found = found[found[name].isin(values)]
        return (
            found.groupby("period")["value"]
            .sum(min_count=1)
            .reindex([p.text for p in periods])
            .to_numpy(float)
        )


@dataclass(frozen=True)
class About:
    """A measure's series in one grain. `phase` of each point: before, after, between (partly in force) or extreme."""

    grain: str
    periods: list[Period]
    points: Points
    phase: np.ndarray
    measured: bool  # whether there is a denominator
    breaks: tuple[pd.Timestamp, ...] = ()  # of the taxonomy: the level may be another on either side

    @property
    def after(self) -> int:
        return int((self.phase == "after").sum())

    @property
    def before(self) -> int:
        return int((self.phase == "before").sum())

    @property
    def months(self) -> np.ndarray:
        return np.array([(p.start + (p.end - p.start) / 2).month for p in self.periods])


def about(seen: Seen, action: dict, target: Filter, grain: str) -> About | None:
    """The series of the complaints that a measure is about; None where the data do not reach to both sides of it."""
    start, force = action["started_on"], action["done_on"]
    force = start if pd.isna(force) else max(start, force)
    periods = seen.periods(grain)
    breaks = [b.at for name in target for b in seen.book.breaks_in(name, periods)]
    periods = _existing(seen, periods, target, breaks)
    phase = np.array([_side(p, start, force) for p in periods], object)
    before, after = np.flatnonzero(phase == "before"), np.flatnonzero(phase == "after")
    if not len(before):
        return None
    begin = before[-1] + 1 - BEFORE[grain] if len(before) > BEFORE[grain] else 0
    end = len(periods) if not len(after) else min(after[0] + AFTER[grain], len(periods))
    periods, phase = periods[begin:end], phase[begin:end]
    at = int(np.flatnonzero(phase == "before")[-1]) + 1
    breaks = tuple(b for b in breaks if periods[0].start < b < periods[-1].end)
    counts, exposure = seen.counts(periods, target), seen.exposure(periods, target)
    per = np.array([p.days for p in periods], float) if exposure is None else exposure
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(per > 0, counts / per, np.nan)
    phase[extreme_before(rates, at, BLOCK[grain]) & (phase == "before")] = "extreme"
    first = int(np.flatnonzero(phase == "after")[0]) if (phase == "after").any() else len(periods)
    found = About(grain, periods, Points(counts, first, per), phase, exposure is not None, breaks)
    return with_points(found, counts, per)


def with_points(about: About, counts: np.ndarray, per: np.ndarray, noise: np.ndarray | None = None) -> About:
    """The same moments with other counts and denominators, season and Spring Festival taken along."""
    used = np.isin(about.phase, ["before", "after"])
    festivals = spring_festival(about.periods).to_numpy()
    return replace(about, points=Points(counts, about.points.at, per, noise, about.months, festivals, used))


def continued(about: About, points: int) -> About:
    """The series up to the measure, and so many points to come, of the usual volume."""
    last = max(i for i, phase in enumerate(about.phase) if phase in ("before", "extreme"))
    gap = int((about.phase == "between").sum())
    periods = about.periods[: last + 1]
    periods = periods + [periods[-1].shifted(i) for i in range(1, gap + points + 1)]
    usual = np.nanmedian(about.points.exposure[max(last - 11, 0) : last + 1])
    per = np.append(about.points.exposure[: last + 1], np.full(gap + points, usual))
    counts = np.append(about.points.counts[: last + 1], np.zeros(gap + points))
    phase = np.append(about.phase[: last + 1], ["between"] * gap + ["after"] * points)
    at = last + 1 + gap
    empty = replace(about, periods=periods, points=Points(counts, at, per), phase=phase.astype(object))
    return with_points(empty, counts, per)


def compared(seen: Seen, about: About, control: Filter) -> About | None:
    """The same against a control: its rate as the denominator, its own chance told; None where it is too small."""
    counts, own = seen.counts(about.periods, control), seen.exposure(about.periods, control)
    used = np.isin(about.phase, ["before", "after"])
    if counts[used].mean() < LEAST[about.grain] or counts[used].min() < 1:
        return None
    counts = np.maximum(counts, 0.5)
    share = np.ones(len(counts)) if own is None or not about.measured else about.points.exposure / own
    return with_points(about, about.points.counts, counts * share, 1 / counts)


def _existing(
    seen: Seen, periods: list[Period], target: Filter, breaks: Sequence[pd.Timestamp]
) -> list[Period]:
    """The periods in which the taxonomy knows the complaints at all: not those beyond a break where none ever came."""
    counts = seen.counts(periods, target)
    for at in breaks:
        later = np.array([p.start >= at for p in periods])
        for side in (later, ~later):
            if counts[~side].any() and not counts[side].any():
                periods, counts = [p for p, s in zip(periods, side, strict=True) if not s], counts[~side]
                break
    return periods


def _side(period: Period, start: pd.Timestamp, force: pd.Timestamp) -> str:
    length = period.end - period.start
    if (min(period.end, start) - period.start) / length >= MOSTLY:
        return "before"
    return "after" if (period.end - max(period.start, force)) / length >= MOSTLY else "between"
