"""The events of a case in their order, and when each was over.

A step whose own end is missing was over when the next one of the case began, or when the case was closed: only the last
step of an open case goes on. Such an end is not the step's own, so that its length is at least what lies between.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from .ask import CLOCKS, chosen, moment

if TYPE_CHECKING:
    from .core import Book

LOOK_BACK = pd.Timedelta(days=2 * 366)  # a wait or a step of a case longer ago than that is not looked for
_SUFFIXES = ("", *(f"_{clock}" for clock in CLOCKS))
_ORDER = ["entered_at", "left_by", "stage"]


def steps(
    book: "Book",
    columns: Sequence[str],
    where: Mapping[str, Any] | None = None,
    since: pd.Timestamp | None = None,
    cases: ir.Table | None = None,
) -> ir.Table:
    """The events entered since a moment, of the cases or of all, with the columns, their times, `left_by` (which with the time and the stage puts
    those of a case in order), and `closing`, the time by which another step or the case's end shows that it was over, with
    its minutes (`closing_elapsed`, `closing_worked`)."""
    own = [f"{time}{suffix}" for time in ("entered_at", "left_at") for suffix in _SUFFIXES]
    wanted = dict.fromkeys([*columns, "complaint_id", "stage", *own, *(where or {})])
    rows = book._rows("events", list(wanted))
    rows = come_since(rows, "entered_at", since)
    if cases is not None:
        rows = rows.semi_join(cases, "complaint_id")
    rows = rows.mutate(
        left_by=rows.left_at_elapsed.fill_null(1 << 40)
    )  # engines differ in where what is missing comes
    order = in_order()
    rows = rows.mutate(
        **{f"closing{suffix}": rows[f"entered_at{suffix}"].lead().over(order) for suffix in _SUFFIXES}
    )
    rows = _closed_with_the_case(book, rows, since)
    return chosen(rows, where)


def come_since(rows: ir.Table, time: str, since: pd.Timestamp | None) -> ir.Table:
    """The rows with a time from that moment on; all where there is none."""
    return rows if since is None else rows.filter(rows[time] >= moment(since))


def open_cases(book: "Book", end: pd.Timestamp | None) -> ir.Table | None:
    """The cases that are not closed by then, or by the book's moment where that is earlier, so that only their steps need be put in order; None where nobody knows."""
    if "complaints" not in book.tables or "closed_at" not in book.tables["complaints"].columns:
        return None
    end = min((at for at in (end, book.as_of) if at is not None), default=None)
    cases = book._rows("complaints", ["complaint_id", "closed_at"], bounded=["closed_at"])
    later = cases.closed_at >= moment(end) if end is not None else ibis.literal(False)
    return cases.filter(cases.closed_at.isnull() | later).select("complaint_id")


def in_order(by: Sequence[str] = ("complaint_id",), **frame: Any) -> Any:
    """The window of a case's steps, or of those that are alike in further columns too, in their order."""
    return ibis.window(group_by=list(by), order_by=_ORDER, **frame)


def _closed_with_the_case(book: "Book", rows: ir.Table, since: pd.Timestamp | None) -> ir.Table:
    """The last steps of cases that are closed were over by then. Only cases with a step without an end are asked for, and
    none that was closed `LOOK_BACK` before the first step."""
    if "complaints" not in book.tables or "closed_at" not in book.tables["complaints"].columns:
        return rows
    closed = [f"closed_at{suffix}" for suffix in _SUFFIXES]
    cases = book._rows("complaints", ["complaint_id", *closed], bounded=["closed_at"])
    cases = book._in_window(cases, "complaints", None, "closed")
    cases = come_since(cases, "closed_at", since and since - LOOK_BACK)
    endless = rows.filter(rows.left_at.isnull() & rows.closing.isnull()).select("complaint_id")
    cases = cases.semi_join(endless, "complaint_id")
    cases = cases.group_by(of_case=cases.complaint_id).aggregate(
        **{name: cases[name].max() for name in closed}
    )
    rows = rows.left_join(cases, rows.complaint_id == cases.of_case).drop("of_case")
    return rows.mutate(
        **{
            f"closing{suffix}": rows[f"closing{suffix}"].coalesce(rows[f"closed_at{suffix}"])
            for suffix in _SUFFIXES
        }
    ).drop(*closed)
