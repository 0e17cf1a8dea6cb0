"""What `pending` asks of the book: the cases that are open, how long cases usually take, and where the open ones stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, gcd

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import Stretch
from ..period import Period
from ..rules import Rules, load_rules
from ..schema import BLANK, ENDED_OTHERWISE, GRADES
from ..stats.survival import KaplanMeier, kaplan_meier

ALL = "(all)"
DAY = pd.Timedelta(days=1)
YEAR = 364  # days, whole weeks: cases received in them tell how long cases take
ENOUGH = 30_000  # cases are enough for that: of more, evenly spaced days are taken
FEWEST_DAYS = 10
STRETCH = 14  # days tell how busy the desk was; of fewer, holidays would leave none
QUANTILE = 0.95  # a case open for longer than this share of cases takes is a hard one
FALLBACK = 30  # days, where too few cases have ended to say
# attributes besides the category asked for
KNOWN = ("severity", "channel", "product", "transferred", "escalated")
FLAGS = ("reopened", "escalated", "transferred")
STANDING = ["complaint_id", "stage", "at_department", "waiting_on", "days_there"]


@dataclass(frozen=True)
class Seen:
    """`cases`: one row an open case, `undated`: one that is over at no known time; `then`: the ages of those that were open at
    an earlier period's end (`compared`, `severity`, `days`, `n`); `lengths`: spells of the last year's cases in calendar
    days by grade, `by` and department; `worked`: the same or a sample of them in hours of the work clock by all their
    attributes and `load`, which is made of what `made_of` names; `bounds`: days by grade."""

    book: Book
    period: Period
    by: str | None
    end: str
    rules: Rules
    cases: pd.DataFrame
    undated: pd.DataFrame
    then: pd.DataFrame
    lengths: pd.DataFrame
    worked: pd.DataFrame
    made_of: str
    curves: Mapping[str, KaplanMeier]
    bounds: pd.Series

    @property
    def hard(self) -> pd.DataFrame:
        return self.cases[self.cases["hard"]]


def look_at(book: Book, period: Period, by: str, bound: int) -> Seen:
    """Raises NotMeasured where it is not recorded when cases end."""
    ends = [c for c in ("resolved_at", "closed_at") if book.has("complaints", c)]
    if not ends and book.counts()["n"].iloc[0] >= load_rules().statistics.min_count:
        raise NotMeasured("complaints.resolved_at")
    held = book.tables["complaints"].columns
    end = ends[0] if ends else next((c for c in ("resolved_at", "closed_at") if c in held), "")
    if not end:
        raise NotMeasured("complaints.resolved_at")
    names = [c for c in dict.fromkeys([*KNOWN, by, "department"]) if book.has("complaints", c)]
    rules, place = load_rules(), by if by in names else None
    cases, undated = open_cases(book, period, end, names)
    lengths = usual(book, period.as_of, end, [c for c in ("severity", by, "department") if c in names])
    worked, made_of = with_load(book, period.as_of, end, names)
    curves = {
        str(grade): kaplan_meier(part["duration"], part["observed"], part["n"])
        for grade, part in [(ALL, lengths), *lengths.groupby("severity")]
    }
    bounds = pd.Series({grade: bound or _bound(curve, rules) for grade, curve in curves.items()}, dtype=float)
    bounds = bounds.fillna(bounds.get(ALL, np.nan)).fillna(FALLBACK)
    cases["usual_bound"] = cases["severity"].map(bounds.to_dict()).astype(float).fillna(bounds[ALL])
    cases["hard"] = cases["days"] > cases["usual_bound"]
    then = earlier(book, period, end, "severity" in names)
    cases = cases.merge(standing(book, period), "left", "complaint_id")
    return Seen(
        book, period, place, end, rules, cases, undated, then, lengths, worked, made_of, curves, bounds
    )


def open_cases(
    book: Book, period: Period, end: str, names: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a case without an end, the oldest first; and those that ended at a time nobody knows, which are not among them."""
    wanted = dict.fromkeys([*names, "department", *FLAGS, "agent_id", "reason", "status"])
    more = [c for c in wanted if book.has("complaints", c)]
    by = ["complaint_id", "received_at", *more]
    found = book.spells("received_at", end, by, period, "open", "day").rename(columns={"duration": "days"})
    found["severity"] = found.get("severity", ALL)
    found = found.sort_values(["received_at", "complaint_id"], ignore_index=True)
    over = _undated(found, end)
    return found[~over].drop(columns=["observed", "n", "status"], errors="ignore"), found[over]


def earlier(book: Book, period: Period, end: str, graded: bool) -> pd.DataFrame:
    """The ages of the cases open at the end of the period before and of the same last year, or when those were as old."""
    first, parts = book.span()[0], []
    by = [
        *(["severity"] if graded else []),
        *(["status"] if book.has("complaints", "status") else []),
    ]
    for compared, one in (("previous", period.previous()), ("last_year", period.same_last_year())):
        one = one.seen_at(min(one.start + (period.as_of - period.start), one.end))
        if pd.isna(first) or first > one.as_of - 2 * FALLBACK * DAY:  # what was open then is not all known
            continue
        found = book.at(one.as_of).spells("received_at", end, by, one, "open", "day")
        found = found[~_undated(found, end)]
        part = found.assign(compared=compared, severity=found["severity"] if graded else ALL)
        parts.append(part.rename(columns={"duration": "days"})[["compared", "severity", "days", "n"]])
    return pd.concat(parts) if parts else pd.DataFrame(columns=["compared", "severity", "days", "n"])


def usual(book: Book, now: pd.Timestamp, end: str, names: Sequence[str]) -> pd.DataFrame:
    """Spells of the cases received in the last year, in calendar days."""
    year = Stretch(now - YEAR * DAY, now, now, "")
    return _texts(book.spells("received_at", end, list(dict.fromkeys(names)), year, "received", "day"), names)


def with_load(book: Book, now: pd.Timestamp, end: str, names: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """Spells of cases received in the last year, in hours of the work clock, with their attributes and with `load`: by how many
    doublings the work of the two weeks in which they came (of a large book, up to that day) differed from the usual; and what that is made of: `load`
    (complaints an hour of the agents on duty) or `inflow` (complaints).

    The work clock, as in weeks with holidays less comes in and everything takes more days.
    """
    last = (now - pd.Timedelta(microseconds=1)).normalize() + DAY
    days = Period.holding(last - DAY, "day").history(YEAR + STRETCH)
    came = book.series("complaints", [], days).set_index("period")["n"]
    windows = _windows(days, int(came.iloc[STRETCH:].sum()), last, now)
    texts, load, made_of = [w.text for w in windows], came.rolling(STRETCH).sum(), "inflow"
    if book.has("staffing", "agents"):
        duty = book.series("staffing", [], days, total="agents").set_index("period")["agents"]
        duty = duty.rolling(STRETCH).sum()
        if (duty[texts] > 0).all():
            load, made_of = load / duty, "load"
    load = load[texts]
    found = book.spells("received_at", end, list(names), windows, "received", "hour", "worked")
    doublings = np.log2(found.pop("period").map(load.to_dict()).astype(float) / load[load > 0].median())
    return _texts(found.assign(load=doublings), names), made_of


def _texts(found: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns as texts, what is missing as a class of its own; one grade where there are none."""
    columns = {
        name: found[name].astype(object).where(found[name].notna(), BLANK).astype(str) for name in names
    }
    return found.assign(**{"severity": ALL, **columns})


def _windows(days: Sequence[Period], cases: int, last: pd.Timestamp, now: pd.Timestamp) -> list[Stretch]:
    """The fortnights of the year, or of a large book single days at even distances, all days of the week alike."""
    if cases <= ENOUGH:
        starts, length = [last - STRETCH * (i + 1) * DAY for i in range(YEAR // STRETCH)], STRETCH
    else:
        apart = min(ceil(cases / ENOUGH), YEAR // FEWEST_DAYS)
        apart += gcd(apart, 7) == 7
        starts, length = [last - (1 + apart * i) * DAY for i in range(YEAR // apart)], 1
    names = {day.start: day.text for day in days}
    return [Stretch(s, s + length * DAY, now, names[s + (length - 1) * DAY]) for s in reversed(starts)]


def standing(book: Book, period: Period) -> pd.DataFrame:
    """Where each open case stands: the stage it entered last (within two years), whose it is, on whom it waits, and for how
    many days."""
    if not book.has("events", "stage"):
        return pd.DataFrame(columns=STANDING).astype({"complaint_id": object})
    more = [c for c in ("department", "waiting_on") if book.has("events", c)]
    by = ["complaint_id", "entered_at", "stage", *more]
    found = book.spells("entered_at", "left_at", by, period, "open", "day", table="events")
    found = found.sort_values(["complaint_id", "entered_at", "stage"], kind="stable")
    found = found.drop_duplicates("complaint_id", keep="last")
    found = found.rename(columns={"department": "at_department", "duration": "days_there"})
    return found[[c for c in STANDING if c in found]]


def in_order(grades: Sequence[str]) -> list[str]:
    """All, then the grades as the house ranks them, then whatever else there is by name."""
    known = {grade: place for place, grade in enumerate((ALL, *GRADES))}
    return sorted(set(grades), key=lambda grade: (known.get(grade, len(known)), grade))


def _undated(found: pd.DataFrame, end: str) -> pd.Series:
    """Which cases are over by their status, though at no known time."""
    status = found["status"] if "status" in found else pd.Series("", found.index)
    return status.isin([*ENDED_OTHERWISE, *(["closed"] if end == "closed_at" else [])])


def _bound(curve: KaplanMeier, rules: Rules) -> float:
    """The days that all but one in twenty cases take; unknown where too few have ended."""
    return curve.quantile(QUANTILE) if curve.events.sum() >= rules.statistics.min_count else np.nan
