"""The verdict on a measure: what its series says, against chance, other dates, a control, and what was promised."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..filters import Filter
from ..stats.interrupted import Interrupted, detectable, interrupted, placebos, undisturbed
from ..stats.multiple import benjamini_hochberg
from ..stats.segments import Noise
from ..words import Trouble
from ._effect_register import check_promise, filter_of
from ._effect_series import (
    AHEAD,
    FEWEST_AFTER,
    FEWEST_BEFORE,
    GRAINS,
    LEAST,
    About,
    Seen,
    about,
    compared,
    continued,
)

JUDGED = ("effective", "partly", "not_shown")
PLACEBOS, MOVES_ALONE = (
    5,
    0.25,
)  # of so many dates at least, more than this share showing something: it moves by itself
HALF = 0.5  # a fall surely there, but of less than so much of the promise, is "partly"
NOTHING = pd.DataFrame(columns=["estimate", "low", "high", "p"], dtype=float)


@dataclass(frozen=True)
class Judged:
    """A measure with its verdict (effective, partly, not_shown, too_early, none) and `why`.

    `series` is what was judged; `alone` and `against` what the series alone and against the control say, `basis` which
    of them decides: the one that was the more precise before the measure. `smallest`: the ratio that could have been
    seen. `judge_on`: when too early, the day on which the promise can be judged.
    """

    action: dict[str, Any]
    verdict: str = "none"
    why: str = ""
    target: Filter = field(default_factory=dict)
    control: Filter = field(default_factory=dict)
    series: About | None = None
    alone: Interrupted | None = None
    against: Interrupted | None = None
    basis: str = "alone"
    placebos: pd.DataFrame = field(default_factory=lambda: NOTHING)
    smallest: float = np.nan
    judge_on: pd.Timestamp = pd.NaT
    q: float = np.nan
    trouble: Trouble | None = None

    @property
    def found(self) -> Interrupted | None:
        return self.against if self.basis == "against" else self.alone

    @property
    def mean(self) -> pd.Series:
        """The average change as a ratio, with interval and p; all missing where nothing was judged."""
        if self.found is None:
            return pd.Series(np.nan, NOTHING.columns)
        return self.found.effects.loc["mean"]

    @property
    def promised(self) -> float:
        return self.action["expected_change"]

    @property
    def after(self) -> int:
        """Complaints in the points after."""
        return (
            0 if self.series is None else int(self.series.points.counts[self.series.phase == "after"].sum())
        )


def judge_all(seen: Seen, actions: pd.DataFrame, fdr: float) -> list[Judged]:
    """Every measure of the register; the chance of a false verdict is held over all that are judged."""
    found = [measured(seen, action) for action in actions.to_dict("records")]
    q = benjamini_hochberg(np.array([one.mean["p"] for one in found], float))
    return [verdict(replace(one, q=value), fdr) for one, value in zip(found, q, strict=True)]


def measured(seen: Seen, action: dict[str, Any]) -> Judged:
    """What the series of a measure says; or why nothing can be said, or not yet."""
    try:
        check_promise(action["expected_change"], action["action_id"])
        target, control = (filter_of(action, n, seen.book) for n in ("target", "control"))
    except Trouble as trouble:
        return Judged(action, why="filter", trouble=trouble)
    one = Judged(action, target=target, control=control)
    if action["status"] == "cancelled":
        return replace(one, why="cancelled")
    if pd.isna(action["started_on"]):
        return replace(one, why="not_begun")
    if not target:
        return replace(one, why="target")
    early, why = [], "short"
    for grain in GRAINS:
        found = about(seen, action, target, grain)
        if found is None or found.before < FEWEST_BEFORE[grain]:
            continue
        why = "few"
        if _usual(found) >= LEAST[grain]:
            if found.after >= FEWEST_AFTER[grain]:
                return _measured(seen, one, found)
            early.append(found)
    return _too_early(one, early) if early else replace(one, why=why)


def verdict(one: Judged, fdr: float) -> Judged:
    """The verdict by rule: shown at all, not by chance among all judged, nor on any date, nor against the control."""
    if one.found is None:
        return one
    sign = 1 if one.promised > 0 else -1
    effect, low, high = sign * np.log(one.mean[["estimate", "low", "high"]].to_numpy(float))
    near, far = min(low, high), max(low, high)
    other = one.alone if one.basis == "against" else one.against
    if near <= 0:
        return replace(one, verdict="not_shown", why="worse" if far < 0 else "")
    if not one.q <= fdr:
        return replace(one, verdict="not_shown", why="chance")
    if len(one.placebos) >= PLACEBOS and moves_alone(one.placebos, sign) > MOVES_ALONE:
        return replace(one, verdict="not_shown", why="placebo")
    if other is not None and _contradicts(other, effect, sign):
        return replace(one, verdict="not_shown", why="control")
    promise = sign * np.log1p(one.promised) if one.promised == one.promised else 0.0
    short = far < promise or effect < HALF * promise
    return replace(one, verdict="partly" if short else "effective")


def moves_alone(found: pd.DataFrame, sign: int) -> float:
    """The share of the dates without a measure on which one would have seemed to work."""
    beyond = found["high"] < 1 if sign < 0 else found["low"] > 1
    return float(beyond.mean()) if len(found) else 0.0


def _contradicts(other: Interrupted, effect: float, sign: int) -> bool:
    """Whether the other comparison shows nothing and even excludes what this one found."""
    ends = sign * np.log(other.effects.loc["mean", ["low", "high"]].to_numpy(float))
    return min(ends) <= 0 and max(ends) < effect


def _usual(series: About) -> float:
    return float(series.points.counts[series.phase == "before"].mean())


def _measured(seen: Seen, one: Judged, series: About) -> Judged:
    alone, used, noise = interrupted(series.points), series, undisturbed(series.points)
    smallest = _smallest(series, noise)
    against, basis = None, "alone"
    beside = compared(seen, series, one.control) if one.control else None
    if beside is not None:
        against, other = interrupted(beside.points), undisturbed(beside.points)
        if (seen_beside := _smallest(beside, other)) > smallest:
            smallest, basis, used, noise = seen_beside, "against", beside, other
    fewest = FEWEST_BEFORE[series.grain], FEWEST_AFTER[series.grain]
    dates = placebos(used.points, *fewest, noise=noise)
    return replace(
        one, series=series, alone=alone, against=against, basis=basis, placebos=dates, smallest=smallest
    )


def _smallest(series: About, noise: Noise) -> float:
    """The change that could have been seen with the points after, as a ratio; from what was known before."""
    return float(detectable(series.points, noise=noise)[series.points.used[series.points.at :]][-1])


def _too_early(one: Judged, candidates: list[About]) -> Judged:
    """What could be seen by now, and when the promise can be judged: in the grain in which that is first."""
    best: tuple[bool, pd.Timestamp] | None = None
    for series in candidates:
        ahead = continued(series, AHEAD[series.grain])
        ratios = detectable(ahead.points)
        first = FEWEST_AFTER[series.grain] - 1
        wanted = (
            np.flatnonzero(ratios[first:] >= 1 - abs(one.promised)) if one.promised == one.promised else [0]
        )
        faint = not len(wanted)
        day = ahead.periods[ahead.points.at + first + (0 if faint else int(wanted[0]))].end
        best = min(best, (faint, day)) if best else (faint, day)
        smallest = ratios[series.after - 1] if series.after else np.nan
    return replace(
        one,
        verdict="too_early",
        why="faint" if best[0] else "",
        series=series,
        smallest=float(smallest),
        judge_on=best[1],
    )
