"""What was due and what was kept of it: counts by grade and place, how they changed, and why: mix or rate."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from ..book import Book
from ..indicators import promised, waiting, whole_history
from ..period import Period
from ..rules import Rules, load_rules
from ..schema import OTHER
from ..stats.charts import p_chart
from ..stats.intervals import proportion
from ..stats.runs import rules_for

ALL = "(all)"
SHOWN = 13  # periods of the trend
A_YEAR = {"day": 366, "week": 53, "month": 13, "quarter": 5, "half": 3, "year": 2}  # periods to last year's
PLACES = 30  # of the largest; the others stand together
ENOUGH = 6  # earlier periods that can tell how much a share wobbles anyway
STATES = ["met", "late", "overdue", "void"]


@dataclass(frozen=True)
class Promise:
    """What is promised for one step of a case: `limits` by grade, in minutes on the work clock, to the time `end`."""

    name: str
    end: str
    limits: Mapping[str, int]


@dataclass(frozen=True)
class Seen:
    """What is looked at: the promises that are measured, by which rules, and in which periods (oldest first)."""

    book: Book
    period: Period
    by: str | None
    promises: tuple[Promise, ...]
    pauses: tuple[str, ...]
    rules: Rules
    periods: tuple[Period, ...]
    judged: bool  # whether the period is whole

    @property
    def place(self) -> str:
        return self.by or "place"

    def earlier(self) -> dict[str, Period]:
        """The periods to compare with; where they are one and the same (years), once."""
        both = {"previous": self.period.previous(), "last_year": self.period.same_last_year()}
        return dict(list(both.items())[: len(set(both.values()))])

    def comparable(self, earlier: Period) -> str:
        """ok, or why not: partial (this period is not over), none (not in the data), break (other categories)."""
        if not self.judged:
            return "partial"
        if earlier not in self.periods:
            return "none"
        broken = any(self.book.breaks_in(f, [earlier, self.period]) for f in ("severity", self.place))
        return "break" if broken else "ok"


def look_at(book: Book, period: Period, by: str) -> Seen:
    """What can be measured of the house's promises in a book as of the period's moment."""
    rules = load_rules()
    graded = book.has("complaints", "severity")
    ends = {"first_response": ("first_response_at",), "resolution": ("resolved_at", "closed_at")}
    promises = [
        Promise(name, end, getattr(rules.sla, name))
        for name, possible in ends.items()
        for end in [next((end for end in possible if graded and book.has("complaints", end)), None)]
        if end
    ]
    whole, stops = whole_history(book, period, max(SHOWN, A_YEAR[period.kind]))
    pauses, whole = waiting(book, rules.sla, whole)
    wanted = {p.text for p in (*period.previous().history(SHOWN - 1), period.same_last_year())}
    periods = (*(p for p in whole if p.text in wanted), period)
    place = by if book.has("complaints", by) else None
    judged = not period.is_partial and stops is None
    return Seen(book, period, place, tuple(promises), pauses, rules, periods, judged)


def count(seen: Seen, promise: Promise) -> pd.DataFrame:
    """By period, grade and place (the index): `met`, `late`, `overdue`, `void` cases, and `due`, the first three.

    Where the rules call a reopened case late, one that was met and reopened is late.
    """
    keys = ["severity", *([seen.by] if seen.by else [])]
    found = promised(seen.book, promise.name, list(dict.fromkeys(keys)), seen.periods, seen.rules.sla)
    if seen.by:
        now = found[(found["period"] == seen.period.text) & (found["state"] != "void")]
        size = now.groupby(seen.by)["n"].sum().sort_index().sort_values(ascending=False, kind="stable")
        if len(size) > PLACES + 1:
            found[seen.by] = found[seen.by].where(found[seen.by].isin(size.index[:PLACES]), OTHER)
    else:
        found = found.assign(place=ALL)
    index = ["period", "severity", seen.place]
    table = found.pivot_table(index=index, columns="state", values="n", aggfunc="sum", fill_value=0)
    table = table.reindex(columns=STATES, fill_value=0).astype("int64").rename_axis(columns=None)
    return table.assign(due=table[["met", "late", "overdue"]].sum(axis=1))


def cells(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts of all together, of each grade, and of each place: ALL stands for what is taken together."""
    keys = counts.index.names[1:]
    parts = [counts.groupby("period").sum().assign(**dict.fromkeys(keys, ALL))]
    for key, other in (keys, keys[::-1]):
        one = counts.groupby(["period", key]).sum().reset_index(key).assign(**{other: ALL})
        parts.append(one[one[key] != ALL])
    return pd.concat(parts).set_index(keys, append=True)


def at(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The rows of one period, which may have none."""
    return frame[frame.index.get_level_values("period") == period.text].droplevel("period").copy()


def first(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    return frame[[*names, *(c for c in frame.columns if c not in names)]]


def dispersion(seen: Seen, found: pd.DataFrame) -> pd.Series:
    """How many times the variance of chance each cell's share had over the earlier periods (Laney's moving ranges)."""
    earlier, spread = [p.text for p in seen.periods[:-1][-SHOWN:]], {}
    for key, rows in found[found["due"] > 0].groupby(["severity", seen.place]):
        rows = rows.droplevel([1, 2]).reindex(earlier).dropna()
        if len(rows) >= ENOUGH:
            spread[key] = p_chart(rows["met"], rows["due"], limits="shewhart").sigma_z ** 2
    index = pd.MultiIndex.from_tuples(list(spread), names=["severity", seen.place])
    return pd.Series(list(spread.values()), index, dtype=float)


# -------------------------------------------------------------------------------------------------- tables


def grades_table(seen: Seen, promise: Promise, found: pd.DataFrame) -> pd.DataFrame:
    """The period's total and its grades: limit, what became of the cases due, the share on time, the share of the due."""
    rows = at(found, seen.period).xs(ALL, level=seen.place)
    rows = rows.reindex([grade for grade in (ALL, *promise.limits) if grade in rows.index])
    limits = [promise.limits.get(grade, np.nan) for grade in rows.index]
    return _shares(
        seen, promise, rows.assign(time_limit=limits, due_share=rows["due"] / max(rows["due"].max(), 1))
    )


def groups_table(
    seen: Seen, promise: Promise, found: pd.DataFrame, counts: pd.DataFrame, spread: pd.Series
) -> pd.DataFrame:
    """The same of each place, largest first, with what the others keep of a like mix of grades."""
    rows = at(found, seen.period).xs(ALL, level="severity")
    total, rows = rows.loc[ALL, "due"] if len(rows) else 0, rows.drop(ALL, errors="ignore").sort_index()
    rows = rows[rows["due"] > 0].sort_values("due", ascending=False, kind="stable")
    rows = rows.assign(due_share=rows["due"] / max(total, 1))
    return _shares(seen, promise, rows.join(_against_the_rest(seen, counts, spread)))


def _shares(seen: Seen, promise: Promise, rows: pd.DataFrame) -> pd.DataFrame:
    share = proportion(rows["met"], rows["due"], seen.rules.statistics.confidence)
    rows[["on_time", "on_time_low", "on_time_high"]] = share
    key = rows.index.name
    rows = rows.reset_index().assign(promise=promise.name)
    return first(rows, "promise", key, "due", "met", "on_time", "on_time_low", "on_time_high")


def _against_the_rest(seen: Seen, counts: pd.DataFrame, spread: pd.Series) -> pd.DataFrame:
    """By place: `on_time_standard`, what the others keep of the same mix of grades; `on_time_gap` to it with interval and p.

    Direct standardisation to the place's own grades (Fleiss, Levin & Paik 2003, ch. 19), widened by the place's usual
    dispersion; a grade that only this place has counts with its own share.
    """
    own = at(counts, seen.period)[["met", "due"]].reset_index()
    total = own.groupby("severity")[["met", "due"]].transform("sum")
    rest = (total - own[["met", "due"]]).where(total["due"] > own["due"], own[["met", "due"]])
    share, smooth = rest["met"] / rest["due"].where(rest["due"] > 0), (rest["met"] + 0.5) / (rest["due"] + 1)
    own["standard"] = (own["due"] * share).fillna(0)
    own["shared"] = own["due"].where(total["due"] > own["due"], 0)
    own["variance"] = own["due"] * smooth * (1 - smooth) * (1 + own["due"] / rest["due"].clip(lower=1))
    place = own.groupby(seen.place)[["met", "due", "shared", "standard", "variance"]].sum()
    spread = spread.reindex([(ALL, name) for name in place.index]).fillna(1.0)
    due = place["due"].where(place["due"] > 0)
    gap, se = (place["met"] - place["standard"]) / due, np.sqrt(place["variance"] * spread.to_numpy()) / due
    tested = (place["shared"] >= seen.rules.statistics.min_count) & (se > 0)
    z = norm.isf((1 - seen.rules.statistics.confidence) / 2)
    limits = {"on_time_gap": gap, "on_time_gap_low": gap - z * se, "on_time_gap_high": gap + z * se}
    p = pd.Series(2 * norm.sf(np.abs(gap) / se.where(tested)), place.index)
    return pd.DataFrame({"on_time_standard": place["standard"] / due, **limits, "p": p})


def trend_table(seen: Seen, found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The total of each promise over the periods, with the range in which the earlier ones lead one to expect it."""
    rules = rules_for(max(len(found), 1), rate=seen.rules.statistics.fdr)
    texts = [p.text for p in seen.periods[-SHOWN:]]
    parts = []
    for promise, one in found.items():
        total = one.xs((ALL, ALL), level=("severity", seen.place))[["met", "due"]]
        total = total.reindex(texts, fill_value=0)
        base = np.arange(len(total)) < len(total) - 1
        chart = p_chart(total["met"], total["due"], baseline=base, rules=rules).frame
        part = total.assign(
            promise=promise,
            on_time=chart["value"],
            on_time_expected=chart["centre"].where(chart["lower"].notna()),
            on_time_from=chart["lower"],
            on_time_to=chart["upper"],
            outside=(chart["beyond"] != 0) & (base | seen.judged),
        )
        parts.append(part.rename_axis("period").reset_index())
    return first(pd.concat(parts, ignore_index=True), "promise", "period", "due", "met")
