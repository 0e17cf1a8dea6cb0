"""What `closure` asks of the book: for each check the cases it is counted on, and those of them that pass it.

A tally has the columns `check`, `period`, `group` (a value of the dimension, or ALL), `n` (cases that pass) and `n_of`
(cases it is counted on).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import pandas as pd

from ..book import Book
from ..indicators import Stretch
from ..period import Period
from ..stats.survival import kaplan_meier

ALL = "(all)"
LOOP = ("answered", "solved", "followed_up", "evaluated")  # all four: the loop is closed
HORIZONS = (7, 30, 90)
REPEATS = tuple(f"repeat_{days}" for days in HORIZONS)
SAME = ("customer_id", "reason")  # a complaint in which these are the same is a repeat
FLAGS = (
    "reopened",
    "transferred",
    "escalated",
)  # a case with one of them was not settled at the first contact
UPHELD, DECIDED = ("yes", "partly"), ("yes", "partly", "no")
LISTED = 12  # groups looked at one by one: the largest

_CLOSED, _BACK = "complaints.closed_at", tuple(f"complaints.{column}" for column in SAME)
_LOOP = {
    "answered": (_CLOSED, "complaints.first_response_at"),
    "solved": (_CLOSED, "complaints.resolved_at"),
    "followed_up": (_CLOSED, "events.stage"),
    "evaluated": (_CLOSED, "surveys.complaint_id"),
}
NEEDS: dict[str, tuple[str, ...]] = {
    **_LOOP,
    "closed_loop": tuple(dict.fromkeys(need for needs in _LOOP.values() for need in needs)),
    "first_contact": ("complaints.resolved_at", *_BACK),
    "reopened": (_CLOSED, "complaints.reopened"),
    **dict.fromkeys(REPEATS, _BACK),
    "escalated": ("complaints.escalated",),
    "upheld": (_CLOSED, "complaints.valid"),
    "compensated": (_CLOSED, "complaints.compensation"),
}
BASE = {  # of which cases: the denominator
    **dict.fromkeys((*_LOOP, "closed_loop", "compensated"), "closed"),
    "first_contact": "settled",
    "reopened": "closed_known",
    **dict.fromkeys(REPEATS, "aged"),
    "escalated": "received_known",
    "upheld": "decided",
}


@dataclass(frozen=True)
class Seen:
    """What is looked at: the book as of the period's moment, the periods (oldest first, the judged one last), the
    dimension (None: only totals) and the days of the look-forward window."""

    book: Book
    periods: tuple[Period, ...]
    by: str | None
    days: int

    @property
    def period(self) -> Period:
        return self.periods[-1]

    @property
    def keys(self) -> list[str]:
        return [self.by] if self.by else []

    @cached_property
    def missing(self) -> dict[str, list[str]]:
        """The checks that cannot be measured, with the columns that they lack."""
        lacking = {c: [need for need in NEEDS[c] if not self.book.has(*need.split("."))] for c in NEEDS}
        return {check: needs for check, needs in lacking.items() if needs}

    @cached_property
    def broken(self) -> list[str]:
        """The checks that rest on "the same reason" where the period and what is before it do not share one taxonomy."""
        ages = {"first_contact": self.days, **dict(zip(REPEATS, HORIZONS, strict=True))}
        return [
            check
            for check in self.measures(*ages)
            if not self.one_taxonomy(self.cohort(self.period, ages[check]), self.period)
        ]

    def measures(self, *checks: str) -> list[str]:
        return [check for check in checks if check not in self.missing]

    def cohort(self, period: Period, days: int) -> Stretch:
        """The stretch of time whose cases became so many days old in the period."""
        end, gap = min(period.end, period.as_of), pd.Timedelta(days=days)
        return Stretch(period.start - gap, end - gap, period.as_of, period.text)

    def one_taxonomy(self, cohort: Stretch, until: Period) -> bool:
        """Whether the same reason had the same name all the time."""
        return not self.book.breaks_in("reason", [cohort, until])


def loops(seen: Seen) -> pd.DataFrame:
    """The closed cases by which of the four checks they pass, each period as it stood at its own end."""
    if not seen.measures(*LOOP):
        return pd.DataFrame(columns=["period", *seen.keys, *LOOP, "n"])
    return seen.book.checks(seen.keys, seen.periods)


def loop_tally(seen: Seen, found: pd.DataFrame) -> pd.DataFrame:
    """The four checks and all of them together, of closed cases.

    A system that came into use within the periods knows nothing of the cases before: periods without any case that
    passes, and the first one with some after them, are left out, as far as they are earlier ones.
    """
    parts = {check: _share(seen, found, check, found[check].astype(bool)) for check in seen.measures(*LOOP)}
    if set(LOOP) <= set(parts):
        parts["closed_loop"] = _share(seen, found, "closed_loop", found[list(LOOP)].all(axis=1))
    texts = [p.text for p in seen.periods]
    unknown: set[str] = set()
    for check, part in parts.items():
        total = part.groupby("period")["n"].sum().reindex(texts, fill_value=0).to_numpy()
        begins = int((total > 0).argmax())
        early = set(texts[: begins + 1]) - {texts[-1]} if begins else set()
        unknown = unknown | early if check in LOOP else unknown
        parts[check] = part[~part["period"].isin(early if check in LOOP else unknown)]
    return _together(parts.values())


def record_tally(seen: Seen) -> tuple[pd.DataFrame, pd.Series]:
    """What is recorded of each case: reopened and upheld, of closed ones; escalated, of received ones. And the judged
    period's closed cases by decision."""
    parts, decisions = [], pd.Series(dtype="int64")
    for flag, basis in (("reopened", "closed"), ("escalated", "received")):
        if seen.measures(flag):
            found = seen.book.series(by=[*seen.keys, flag], periods=seen.periods, basis=basis)
            known = found[flag].isin([True, False])
            parts.append(_share(seen, found, flag, found[flag].isin([True]), known))
    if seen.measures("upheld"):
        found = seen.book.series(by=[*seen.keys, "valid"], periods=seen.periods, basis="closed")
        parts.append(_share(seen, found, "upheld", found["valid"].isin(UPHELD), found["valid"].isin(DECIDED)))
        decisions = found[found["period"] == seen.period.text].groupby("valid")["n"].sum()
    return _together(parts), decisions


def contact_tally(seen: Seen) -> tuple[pd.DataFrame, int]:
    """Cases settled at the first contact, and the number of resolved ones of which it cannot be said yet.

    Resolved, none of FLAGS, and the same customer did not complain of the same within `days` after the resolution (or
    before it). Counted on the cases of the stretch that lies `days` before the period of which the window after the
    resolution is over.
    """
    if not seen.measures("first_contact"):
        return _together([]), 0
    own = {p.text: seen.cohort(p, seen.days) for p in seen.periods}
    newest = Stretch(own[seen.period.text].end, seen.period.end, seen.period.as_of, "newest")
    flags = [flag for flag in FLAGS if seen.book.has("complaints", flag)]
    windows = [*own.values(), newest]
    found = seen.book.returns(SAME, "resolved_at", [*seen.keys, *flags], windows)
    over = found["observed"] | (found["duration"] >= seen.days)
    back = found["observed"] & (found["duration"] < seen.days)
    passed = over & ~back & ~found[flags].isin([True]).any(axis=1)
    of_period = found["period"].isin(p.text for p in seen.periods if seen.one_taxonomy(own[p.text], p))
    waiting = ((found["period"] == seen.period.text) & ~over) | (found["period"] == newest.text)
    part = _share(seen, found[of_period], "first_contact", passed[of_period], over[of_period])
    return _together([part]), int(found.loc[waiting, "n"].sum())


def repeat_tally(seen: Seen, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cases whose customer complained of the same again within 7, 30, 90 days of the receipt, of those that became so
    old in the period; and a frame with, for the judged period, the Kaplan-Meier estimate that also uses the newer ones.

    A cohort is put together from stretches that do not overlap, so that one question is enough.
    """
    if not seen.measures(*REPEATS):
        return _together([]), pd.DataFrame(columns=["check", "days", "km", "km_low", "km_high", "n_pending"])
    cohorts = {(p, days): seen.cohort(p, days) for p in seen.periods for days in HORIZONS}
    end = min(seen.period.end, seen.period.as_of)
    newer = {days: Stretch(cohorts[seen.period, days].end, end, end, "") for days in HORIZONS}
    wanted = [*cohorts.values(), *newer.values()]
    cuts = sorted({edge for w in wanted for edge in (w.start, w.end)})
    pieces = [Stretch(a, b, seen.period.as_of, str(i)) for i, (a, b) in enumerate(pairwise(cuts))]
    pieces = [x for x in pieces if any(w.start <= x.start and x.end <= w.end for w in wanted)]
    found = seen.book.returns(SAME, by=seen.keys, window=pieces)

    def of(*stretches: Stretch) -> pd.DataFrame:
        names = [x.text for x in pieces if any(w.start <= x.start and x.end <= w.end for w in stretches)]
        return found[found["period"].isin(names)]

    parts, curves = [], []
    for (p, days), cohort in cohorts.items():
        rows = of(cohort) if seen.one_taxonomy(cohort, p) else found.iloc[:0]
        back = rows["observed"] & (rows["duration"] < days)
        parts.append(rows.assign(period=p.text, check=f"repeat_{days}", back=back))
    rows = pd.concat(parts, ignore_index=True)
    tally = _together([_share(seen, rows, rows["check"], rows["back"].astype(bool))])
    for days, newest in newer.items():
        judged = f"repeat_{days}" not in seen.broken
        rows = of(cohorts[seen.period, days], newest) if judged else found.iloc[:0]
        curve = kaplan_meier(rows["duration"], rows["observed"], rows["n"], level=level).within(days - 1)
        values = curve.estimate, curve.low, curve.high, int(of(newest)["n"].sum())
        curves.append((f"repeat_{days}", days, *values))
    columns = ["check", "days", "km", "km_low", "km_high", "n_pending"]
    return tally, pd.DataFrame(curves, columns=columns)


def paid(seen: Seen, periods: Iterable[Period]) -> pd.DataFrame:
    """Closed cases by what was paid for them: `period`, `group`, `amount` (0: nothing), `n`."""
    columns = ["period", "group", "amount", "n"]
    if not seen.measures("compensated"):
        return pd.DataFrame(columns=columns)
    by = [*seen.keys, "compensation"]
    found = pd.concat(
        [seen.book.counts(by=by, window=p, basis="closed").assign(period=p.text) for p in periods]
    )
    amount = found["compensation"].astype(float).clip(lower=0).fillna(0)
    return _grouped(seen, found.assign(amount=amount), ["amount"], ["n"])[columns]


def paid_tally(seen: Seen, found: pd.DataFrame) -> pd.DataFrame:
    if found.empty:
        return _together([])
    part = found.assign(n_of=found["n"], n=found["n"].where(found["amount"] > 0, 0), check="compensated")
    return _together([part.groupby(["check", "period", "group"], as_index=False)[["n", "n_of"]].sum()])


# -------------------------------------------------------------------------------------------------------- inside


def _share(
    seen: Seen,
    found: pd.DataFrame,
    check: str | pd.Series,
    passed: pd.Series,
    counted: pd.Series | bool = True,
) -> pd.DataFrame:
    """A tally without totals, from counts with a column `period`."""
    n_of = found["n"].where(counted, 0) if counted is not True else found["n"]
    found = found.assign(check=check, n=n_of.where(passed, 0), n_of=n_of)
    return _grouped(seen, found, ["check"], ["n", "n_of"])


def _grouped(seen: Seen, found: pd.DataFrame, more: Sequence[str], values: list[str]) -> pd.DataFrame:
    group = found[seen.by].astype(object) if seen.by else ALL
    keys = ["period", "group", *more]
    return found.assign(group=group).groupby(keys, as_index=False)[values].sum()


def _together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tallies with their totals."""
    columns = ["check", "period", "group", "n", "n_of"]
    parts = [part[columns] for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=columns)
    found = pd.concat(parts, ignore_index=True)
    total = found[found["group"] != ALL].groupby(["check", "period"], as_index=False)[["n", "n_of"]].sum()
    return pd.concat([total.assign(group=ALL)[columns], found], ignore_index=True)
