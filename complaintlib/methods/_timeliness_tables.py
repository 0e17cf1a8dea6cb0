"""How long cases took, counted by the book and turned into the tables of `timeliness`.

Times are minutes of the clock named. An end other than the one asked for (withdrawn, merged, passed on) ends the wait
without it: in a curve such a case counts as open up to then, in `ends` it has a share of its own.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..period import Period
from ..rules import Rules, load_rules
from ..stats.concentration import by_size
from ..stats.decompose import mix_rate
from ..stats.intervals import median
from ..stats.multiple import benjamini_hochberg
from ..stats.survival import KaplanMeier, cumulative_incidence, kaplan_meier, restricted_mean_difference
from ._shares import ALL

STEPS = {"first_response": "first_response_at", "resolution": "resolved_at"}
CLOCKS = ("worked", "elapsed")
FORMS = {"worked": "work", "elapsed": "min"}
DAY = 1440
ENDS_AT = [days * DAY for days in (1, 3, 7, 14, 30, 60)]
LIMITS = {"first_response": (30, 60, 240, DAY), "resolution": (DAY, 3 * DAY, 7 * DAY, 30 * DAY)}
POINTS = 120  # of a drawn curve
TELLING = 10  # a curve is drawn as long as so many cases are at risk


@dataclass(frozen=True)
class Seen:
    """What the book answered: for each step and clock that is measured the lengths of the cases received in this period
    and in the `earlier` ones (column `compared`), and those of the cases that came to the asked step's end in this one."""

    book: Book
    period: Period
    by: str
    step: str
    clock: str
    earlier: dict[str, Period]
    received: dict[tuple[str, str], pd.DataFrame]
    closed: pd.DataFrame
    split: bool  # whether `by` is measured
    rules: Rules

    @property
    def form(self) -> str:
        return FORMS[self.clock]

    def curve(self, frame: pd.DataFrame) -> KaplanMeier:
        level = self.rules.statistics.confidence
        return kaplan_meier(frame["duration"], frame["observed"], frame["n"], level=level)

    def of(self, compared: str) -> pd.DataFrame:
        frame = self.received[self.step, self.clock]
        return frame[frame["compared"] == compared]

    def parts(self, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The lengths of each category, those with most cases first."""
        if not self.split:
            return {}
        order = by_size(frame.groupby(self.by)["n"].sum()).index if len(frame) else []
        parts = dict(iter(frame.groupby(self.by)))
        return {name: parts[name] for name in order}


def ask(book: Book, period: Period, by: str, step: str, clock: str) -> Seen:
    """Raises NotMeasured where there are cases enough, but none of them ever comes to the step's end."""
    earlier, split = _earlier(book, period), book.has("complaints", by)
    windows = {"this": period, **earlier}
    names = {window.text: name for name, window in windows.items()}
    received = {}
    for one in STEPS:
        if one != step and not book.has("complaints", _end(book, one)):
            continue
        for on in CLOCKS:
            keys = [by] if split and (one, on) == (step, clock) else []
            found = book.spells(
                "received_at", _end(book, one), keys, list(windows.values()), clock=on, causes=True
            )
            received[one, on] = found.assign(
                compared=found["period"].map(names), duration=found["duration"].clip(lower=0)
            )
    end, rules = _end(book, step), load_rules()
    if not book.has("complaints", end) and received[step, clock]["n"].sum() >= rules.statistics.min_count:
        raise NotMeasured(f"complaints.{end}")
    closed = book.spells("received_at", end, [by] if split else [], period, basis="closed", clock=clock)
    closed = closed.assign(duration=closed["duration"].clip(lower=0))
    return Seen(book, period, by, step, clock, earlier, received, closed, split, rules)


def _end(book: Book, step: str) -> str:
    """A source without times of resolution may know when cases were closed."""
    return STEPS[step] if step == "first_response" or book.has("complaints", "resolved_at") else "closed_at"


def _earlier(book: Book, period: Period) -> dict[str, Period]:
    """The periods compared with, each seen when it was as old as this one is now, as far as the data reach back."""
    first, age = book.span()[0], period.as_of - period.start
    found = {"previous": period.previous(), "last_year": period.same_last_year()}
    if found["previous"] == found["last_year"]:
        del found["last_year"]
    return {
        name: earlier.seen_at(min(earlier.start + age, earlier.end)) if period.is_partial else earlier
        for name, earlier in found.items()
        if pd.notna(first) and first.normalize() <= earlier.start + pd.Timedelta(days=earlier.days / 10)
    }


def horizon(seen: Seen) -> int:
    """Of a case no more is counted than half the period's length on the clock, so that half of the period's cases are
    old enough to tell of all of it, and no more than the step's longest limit."""
    on = ("elapsed", "worked").index(seen.clock)
    begin, end = (
        seen.book.clock.minutes(moment)[on]
        for moment in (seen.period.start, min(seen.period.end, seen.period.as_of))
    )
    half = (end - begin) // 2
    step = DAY if seen.clock == "elapsed" and half >= 2 * DAY else 60
    return min(max(half // step * step, 60), max(limits_of(seen)))


def limits_of(seen: Seen) -> list[int]:
    """The limits of the rules on the work clock, round ones on the calendar, in minutes."""
    if seen.clock == "elapsed":
        return list(LIMITS[seen.step])
    return sorted(set(getattr(seen.rules.sla, seen.step).values()))


# ------------------------------------------------------------------------------------------------- tables


def times_table(seen: Seen) -> pd.DataFrame:
    """All cases and each category in this period: how long they took, and whether longer than all the others."""
    now = seen.of("this")
    parts, closed = seen.parts(now), seen.parts(seen.closed)
    rows = [{seen.by: ALL, **_time(seen, now, seen.closed), "p": np.nan}]
    for name, part in parts.items():
        row = {seen.by: name, **_time(seen, part, closed.get(name, seen.closed.iloc[:0]))}
        rows.append(row | _difference(seen, "gap", part, now[now[seen.by] != name]))
    table = pd.DataFrame(rows).reindex(columns=[*rows[0], "gap", "gap_low", "gap_high"])
    table = table.assign(form=seen.form, q=benjamini_hochberg(table["p"]))
    table["verdict"] = verdicts(seen, table["gap"], table["p"], table["q"])
    table.loc[0, "verdict"] = ""
    names = ["n", "n_open", "share_open", "form", "median", "median_low", "median_high", "ninety"]
    names += ["closed_median", "bias", "gap", "gap_low", "gap_high", "q", "verdict"]
    return table[[seen.by, *names]]


def _time(seen: Seen, frame: pd.DataFrame, closed: pd.DataFrame) -> dict[str, float]:
    found, n = seen.curve(frame), int(frame["n"].sum())
    still = int(frame.loc[frame["cause"] == "open", "n"].sum())
    naive = median(closed["duration"], closed["n"])["estimate"]
    return _middle(found, n) | {
        "n_open": still,
        "share_open": still / n if n else np.nan,
        "ninety": found.quantile(0.9),
        "closed_median": naive,
        "bias": naive - found.median,
    }


def _middle(found: KaplanMeier, n: int) -> dict[str, float]:
    low, high = found.median_interval
    return {"n": n, "median": found.median, "median_low": low, "median_high": high}


def _difference(seen: Seen, name: str, one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """By how much longer the cases of `one` take on average, as far as both tell of it; missing where either has few."""
    keys = ("limit", name, f"{name}_low", f"{name}_high", "p")
    if min(one["n"].sum(), other["n"].sum()) < seen.rules.statistics.min_count:
        return dict.fromkeys(keys, np.nan)
    curves = seen.curve(one), seen.curve(other)
    limit = _told(horizon(seen), *curves)
    found = restricted_mean_difference(*curves, limit)
    return dict(zip(keys, (limit, found.estimate, found.low, found.high, found.p), strict=True))


def _told(limit: float, *curves: KaplanMeier) -> float:
    """The limit, or as far as all the curves go."""
    return min([limit, *(k.times[-1] for k in curves if k.survival[-1] > 0)])


def verdicts(seen: Seen, longer: pd.Series, p: pd.Series, q: pd.Series) -> np.ndarray:
    """What may be said of each difference: too few to say, slower, quicker, or none shown. A difference needs an interval
    without 0 and a small q."""
    rules = seen.rules.statistics
    sure = (p < 1 - rules.confidence) & (q <= rules.fdr)
    return np.select(
        [q.isna(), sure & (longer > 0), sure & (longer < 0)], ["few", "slower", "quicker"], "same"
    )


def speed_table(seen: Seen) -> pd.DataFrame:
    """All cases and each category against each earlier period: the change of the mean time of a case, of which at most
    `limit` counts (negative: time saved), with q over all categories tested; and its parts by `_mixed`."""
    now, tables = seen.of("this"), []
    for compared, earlier in seen.earlier.items():
        then = seen.of(compared)
        pieces = {ALL: (now, then)}
        if not seen.book.breaks_in(seen.by, [earlier, seen.period]):
            of_then = seen.parts(then)
            pieces |= {
                name: (part, of_then.get(name, then.iloc[:0])) for name, part in seen.parts(now).items()
            }
        rows = []
        for name, (one, other) in pieces.items():
            row = {
                seen.by: name,
                "compared": compared,
                "n": int(one["n"].sum()),
                "n_then": int(other["n"].sum()),
            }
            row |= {"median": seen.curve(one).median, "median_then": seen.curve(other).median}
            rows.append(row | _difference(seen, "change", one, other))
        tables.append(pd.DataFrame(rows).join(_mixed(seen, pieces)))
    names = [
        seen.by,
        "compared",
        "n",
        "n_then",
        "form",
        "median",
        "median_then",
        "limit",
        "change",
        "change_low",
    ]
    names += ["change_high", "p", "q", "verdict", "change_mix", "change_own"]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names)
    p, whole = table["p"].astype(float), table[seen.by] == ALL
    q = benjamini_hochberg(p.where(whole)).fillna(benjamini_hochberg(p.mask(whole)))
    table = table.assign(form=seen.form, q=q, verdict=verdicts(seen, table["change"].astype(float), p, q))
    return table.reindex(columns=names)


def _mixed(seen: Seen, pieces: dict[str, tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """How much of the change is due to other cases (mix) and to like cases taking longer; their sums come first.

    The two add up to the change of the mean over the categories weighted by their number, all counted to one limit: as
    far as every category with a fiftieth of the cases tells; smaller ones are left out.
    """
    empty = pd.DataFrame({"change_mix": np.nan, "change_own": np.nan}, index=range(len(pieces)))
    whole = [frame["n"].sum() for frame in pieces[ALL]]
    large = {
        name: [seen.curve(frame) for frame in pair]
        for name, pair in pieces.items()
        if name != ALL
        and all(frame["n"].sum() >= max(total / 50, 1) for frame, total in zip(pair, whole, strict=True))
    }
    if len(large) < 2:
        return empty
    limit = _told(horizon(seen), *(k for pair in large.values() for k in pair))
    frames = []
    for side in (1, 0):  # then, now
        n = pd.Series({name: float(pieces[name][side]["n"].sum()) for name in large})
        means = pd.Series({name: pair[side].restricted_mean(limit).estimate for name, pair in large.items()})
        frames.append(pd.DataFrame({"count": n * means, "exposure": n}))
    parts = mix_rate(*frames)[["mix", "rate"]].set_axis(["change_mix", "change_own"], axis=1)
    empty.loc[0] = parts.sum()
    for place, name in enumerate(pieces):
        if name in large:
            empty.loc[place] = parts.loc[name]
    return empty


def within_table(seen: Seen) -> pd.DataFrame:
    """Which share came to the step's end within each limit, by category."""
    now, limits, rows = seen.of("this"), limits_of(seen), []
    for name, part in {ALL: now, **seen.parts(now)}.items():
        found = seen.curve(part).within(np.array(limits, float))
        rows.append(
            pd.DataFrame(
                {
                    seen.by: name,
                    "n": int(part["n"].sum()),
                    "form": seen.form,
                    "limit": limits,
                    "share_within": found.estimate,
                    "within_low": found.low,
                    "within_high": found.high,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def ends_table(seen: Seen) -> pd.DataFrame:
    """How the cases received in this period have ended after so many days of the calendar, whichever the clock."""
    frame = seen.received[seen.step, "elapsed"]
    frame = frame[frame["compared"] == "this"]
    causes = frame["cause"].replace({"open": "", "done": seen.step})
    found, n, rows = cumulative_incidence(frame["duration"], causes, frame["n"]), int(frame["n"].sum()), []
    for limit in ENDS_AT:
        at = found.at(limit)
        still = seen.curve(frame.assign(observed=frame["cause"] != "open")).at(limit)
        at.loc["open"] = [still.estimate, still.se, still.low, still.high]
        at = at.reset_index(names="cause").assign(limit=limit)
        rows.append(at[at["estimate"].notna()])
    table = pd.concat(rows, ignore_index=True).assign(n=n, form="min")
    place = table["cause"].map({seen.step: 0, "open": 2}).fillna(1)
    table = table.iloc[np.lexsort((table["cause"], place, table["limit"]))].reset_index(drop=True)
    table = table.rename(columns={"estimate": "share_ended", "low": "ended_low", "high": "ended_high"})
    return table[["limit", "cause", "n", "form", "share_ended", "ended_low", "ended_high"]]


def views_table(seen: Seen) -> pd.DataFrame:
    """The same question asked in three ways: the median with the open cases, and two without them."""
    now = seen.of("this")
    ended, level = now[now["observed"]], seen.rules.statistics.confidence
    first = _middle(seen.curve(now), int(now["n"].sum()))
    rows = [{"view": "received", **first}]
    for view, frame in (("ended", ended), ("closed", seen.closed)):
        found = median(frame["duration"], frame["n"], level)
        row = {"n": int(frame["n"].sum()), "median": found["estimate"]}
        row |= {"median_low": found["low"], "median_high": found["high"]}
        rows.append({"view": view, **row, "bias": found["estimate"] - first["median"]})
    return pd.DataFrame(rows).assign(form=seen.form)[
        ["view", "n", "form", "median", "median_low", "median_high", "bias"]
    ]


def summary_table(seen: Seen) -> pd.DataFrame:
    """Both steps on both clocks, all cases together, with the medians of the earlier periods."""
    rows = []
    for (step, clock), frame in seen.received.items():
        parts = {name: frame[frame["compared"] == name] for name in ("this", *seen.earlier)}
        now = parts.pop("this")
        found = seen.curve(now)
        row = {"step": step, "clock_used": clock, "form": FORMS[clock], **_middle(found, int(now["n"].sum()))}
        row["ninety"] = found.quantile(0.9)
        rows.append(row | {f"median_{name}": seen.curve(part).median for name, part in parts.items()})
    names = ["step", "clock_used", "n", "form", "median", "median_low", "median_high", "ninety"]
    return pd.DataFrame(rows).reindex(columns=[*names, "median_previous", "median_last_year"])


def curves_table(seen: Seen) -> pd.DataFrame:
    """The share still waiting after so long, this period and the earlier ones, as far as cases enough tell of it."""
    found = {name: seen.curve(seen.of(name)) for name in ("this", *seen.earlier)}
    ends = [k.times[k.at_risk >= TELLING][-1:] for k in found.values()]
    last = max((end[0] for end in ends if len(end)), default=2.0)
    first = np.nanmin([*(k.quantile(0.02) for k in found.values()), last / 2])
    limits = np.unique(np.round(np.geomspace(max(first, 1), max(last, 2), POINTS)))
    rows = []
    for (name, k), end in zip(found.items(), ends, strict=True):
        at = limits[limits <= (end[0] if len(end) else 0)]
        share = k.at(at)
        part = {"limit": at, "waiting": share.estimate, "waiting_low": share.low, "waiting_high": share.high}
        rows.append(pd.DataFrame(part).assign(compared=name))
    table = pd.concat(rows, ignore_index=True).assign(form=seen.form)
    return table[["compared", "limit", "form", "waiting", "waiting_low", "waiting_high"]]
