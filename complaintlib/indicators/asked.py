"""What the indicators ask of a book: for each period a numerator and a denominator, or a histogram of times.

Every period is seen at its own `as_of`. A table or column without which nothing can be said raises NotMeasured.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..period import Period
from ..rules import Sla, load_rules

TOP_TWO = 4  # of five
PROMOTER, DETRACTOR = 9, 6  # of ten: from, up to
STEPS = {"first_response": "first_response_at", "resolution": "resolved_at"}
SAME = ("customer_id", "reason")  # a complaint in which these are the same is a repeat
UNSETTLED = (
    "reopened",
    "transferred",
    "escalated",
)  # a case with one of them was not settled at the first contact

Ask = Callable[[Book, Sequence[Period]], pd.DataFrame]


class Stretch(NamedTuple):
    """A stretch of time that is no named period: the cases that fall due in the one that `text` names."""

    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp
    text: str


def _need(book: Book, table: str, *columns: str) -> None:
    if not book.has(table, *columns):
        raise NotMeasured(", ".join(f"{table}.{c}" for c in columns if not book.has(table, c)) or table)


def cases(basis: str) -> Ask:
    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        if basis != "received":
            _need(book, "complaints", "closed_at")
        found = book.at(periods[-1].as_of).series("complaints", [], periods, basis)
        return found.rename(columns={"n": "numerator"}).assign(denominator=np.nan)

    return ask


def per(exposure: str) -> Ask:
    """Complaints per unit of exposure; contacts are counted in their own log where the exposure table does not say."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        book = book.at(periods[-1].as_of)
        logged = exposure == "contacts" and book.has("contacts")
        below = pd.Series(np.nan, range(len(periods)))
        if book.has("exposure") or not logged:
            below = book.exposure(exposure, periods)["value"]
        if logged:  # of the time before the log began it says nothing
            begun = book.span("contacts")[0].floor("D")
            counted = book.series("contacts", [], periods)["n"].astype(float)
            below = below.fillna(counted.where([period.start >= begun for period in periods]))
        if below.isna().all():
            raise NotMeasured(f"exposure.{exposure}")
        return cases("received")(book, periods).assign(denominator=below)

    return ask


def flagged(column: str, basis: str, yes: Sequence, of: Sequence) -> Ask:
    """Cases whose `column` is one of `yes`, of those where it is one of `of`."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        _need(book, "complaints", column, *(["closed_at"] if basis == "closed" else []))
        found = book.at(periods[-1].as_of).series("complaints", [column], periods, basis)
        return _tally(found, periods, numerator=found[column].isin(yes), denominator=found[column].isin(of))

    return ask


def compensation(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    _need(book, "complaints", "closed_at", "compensation")
    found = book.at(periods[-1].as_of).series("complaints", [], periods, "closed", total="compensation")
    return found.rename(columns={"compensation": "numerator", "n": "denominator"})


def _lengths(book: Book, windows: Sequence, end: str | None, **how) -> pd.DataFrame:
    """Times from receipt to `end` (None: resolution) as counts, with the `period`; each seen at its own `as_of`."""
    end = end or ("resolved_at" if book.has("complaints", "resolved_at") else "closed_at")
    _need(book, "complaints", end, *how.get("by", []))
    return book.at(windows[-1].as_of).spells("received_at", end, window=windows, **how)


def time_taken(end: str | None, clock: str) -> Ask:
    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        found = _lengths(book, periods, end, basis="closed", clock=clock)
        histograms = [found[found["period"] == p.text] for p in periods]
        return pd.DataFrame({"period": [p.text for p in periods], "histogram": histograms})

    return ask


def by_end(end: str | None) -> Ask:
    """The cases received in the period that came to the end by its end."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        found = _lengths(book, periods, end, unit="day")
        return _tally(found, periods, numerator=found["observed"], denominator=True)

    return ask


def within(days: int, end: str | None) -> Ask:
    """The cases that became so many days old in the period: all of them are old enough when it ends."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        found = _lengths(book, _older(periods, days), end, unit="hour")
        done = found["observed"] & (found["duration"] < days * 24)
        return _tally(found, periods, numerator=done, denominator=True)

    return ask


def checked(*checks: str) -> Ask:
    """The closed cases that pass all of the checks (`Book.checks`); none is known before the first that passes each."""
    needs = {
        "answered": ("complaints", "first_response_at"),
        "solved": ("complaints", "resolved_at"),
        "followed_up": ("events", "stage"),
        "evaluated": ("surveys", "complaint_id"),
    }

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        _need(book, "complaints", "closed_at")
        for check in checks:
            _need(book, *needs[check])
        found = book.at(periods[-1].as_of).checks(window=periods)
        return _tally(found, periods, numerator=found[list(checks)].all(axis=1), denominator=True)

    return ask


def settled_at_once(days: int) -> Ask:
    """The resolved cases of which it is known whether the customer came back with the same within so many days: neither
    that, nor reopened, transferred or escalated."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        _need(book, "complaints", "resolved_at", *SAME)
        flags = [flag for flag in UNSETTLED if book.has("complaints", flag)]
        found = book.at(periods[-1].as_of).returns(SAME, "resolved_at", flags, _older(periods, days))
        back = found["observed"] & (found["duration"] < days)
        known = found["observed"] | (found["duration"] >= days)
        passed = known & ~back & ~found[flags].isin([True]).any(axis=1)
        return _tally(found, periods, numerator=passed, denominator=known)

    return ask


def repeated(days: int) -> Ask:
    """The cases that became so many days old in the period and whose customer had complained of the same again by then."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        _need(book, "complaints", *SAME)
        found = book.at(periods[-1].as_of).returns(SAME, window=_older(periods, days))
        back = found["observed"] & (found["duration"] < days)
        return _tally(found, periods, numerator=back, denominator=True)

    return ask


def _older(periods: Sequence[Period], days: int) -> list[Stretch]:
    """For each period the stretch of time whose cases became so many days old in it."""
    gap = pd.Timedelta(days=days)
    return [Stretch(p.start - gap, min(p.end, p.as_of) - gap, p.as_of, p.text) for p in periods]


def on_time(step: str) -> Ask:
    """The cases whose own limit ran out in the period; those before anybody noted who waited on whom say nothing."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        by_closing = step == "resolution" and not book.has("complaints", STEPS[step])
        _need(book, "complaints", "closed_at" if by_closing else STEPS[step], "severity")
        found = promised(book.at(periods[-1].as_of), step, [], periods)
        return _tally(found, periods, numerator=found["state"] == "met", denominator=found["state"] != "void")

    return ask


def promised(
    book: Book, step: str, by: Sequence[str], windows: Sequence, sla: Sla | None = None
) -> pd.DataFrame:
    """What became of the promises of a `step` (first_response, resolution) whose limits ran out in the windows: `period`,
    the `by` columns, `state` (met, late, overdue, void), `n`.

    Limits, whose waiting stops the clock, and whether a reopened case was resolved on time are as the rules have them.
    Windows without a record of who waited on whom are left out where waiting stops the clock (`waiting`).
    """
    sla = sla or load_rules().sla
    pauses, windows = waiting(book, sla, windows)
    again = (
        ["reopened"]
        if step == "resolution" and sla.reopened == "late" and book.has("complaints", "reopened")
        else []
    )
    columns = list(dict.fromkeys([*by, *again]))
    found = book.due(getattr(sla, step), STEPS[step], columns, windows, pauses=pauses)
    if again:
        undone = found["reopened"].astype("boolean").fillna(False).astype(bool)
        found.loc[undone & (found["state"] == "met"), "state"] = "late"
    return found.groupby(["period", *by, "state"], as_index=False)["n"].sum()


def waiting(book: Book, sla: Sla, windows: Sequence) -> tuple[tuple[str, ...], list]:
    """Whose waiting stops the clock, as far as events tell, and the windows (oldest first) that can be looked at together:
    of earlier ones not those of which more than a tenth had passed before the first event; nobody knows who waited then."""
    first = book.span("events")[0] if sla.pauses and book.has("events", "waiting_on") else pd.NaT
    if pd.isna(first):
        return (), list(windows)
    *earlier, last = windows
    return sla.pauses, [*(w for w in earlier if first <= w.start + (w.end - w.start) / 10), last]


def top_two(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    found = _answers(book, "csat", periods)
    return _tally(found, periods, numerator=found["csat"] >= TOP_TWO, denominator=True)


def promoters(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    found = _answers(book, "nps", periods)
    up, down = found["nps"] >= PROMOTER, found["nps"] <= DETRACTOR
    tally = _tally(found, periods, up=up, down=down, denominator=True)
    return tally.assign(numerator=tally["up"] - tally["down"], squares=tally["up"] + tally["down"])


def _answers(book: Book, question: str, periods: Sequence[Period]) -> pd.DataFrame:
    _need(book, "surveys", question)
    return book.at(periods[-1].as_of).series("surveys", [question], periods).dropna()


def _tally(found: pd.DataFrame, periods: Sequence[Period], **which: pd.Series | bool) -> pd.DataFrame:
    """Cases per period for which each of `which` is true."""
    counted = {
        name: found["n"].where(true if true is not True else found["n"] >= 0, 0)
        for name, true in which.items()
    }
    frame = pd.DataFrame(counted, index=found.index).groupby(found["period"]).sum()
    return frame.reindex([p.text for p in periods], fill_value=0).rename_axis("period").reset_index()
