"""Questions about the way of a case: the stages it went through, who handed it to whom, whether its loop was closed.

Each is a method of the Book. Events, surveys and complaints belong together by `complaint_id`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from ..period import Period
from ..schema import CLOCKED, FOLLOW_UP, TABLES
from .ask import CLOCKS, moment
from .lengths import LOOK_BACK, Where, Windows, due_rows

if TYPE_CHECKING:
    from .core import Book

CLOSED, STILL = "(closed)", "(open)"  # where a case's last stage leads: nowhere, as it is over; not known yet


def checks(
    book: "Book",
    by: Sequence[str] = (),
    window: Period | None = None,
    basis: str = "closed",
    where: Where | None = None,
) -> pd.DataFrame:
    """The four checks of a closed loop, as counts: the `by` columns, `answered`, `solved`, `followed_up`, `evaluated`, `n`.

    A case is answered when it has a first response, solved when it is resolved, followed up when it came to the stage
    `follow_up`, evaluated when a survey of it was answered; all as of the book's moment. A check whose table or column is not
    there is False throughout (`has` tells).
    """
    held = book.tables["complaints"].columns if "complaints" in book.tables else ()
    solved = "resolved_at" if "resolved_at" in held else "closed_at"
    times = {"answered": "first_response_at", "solved": solved}
    times = {check: time for check, time in times.items() if time in held}
    rows = book._rows(
        "complaints", [*by, "complaint_id", "received_at", *times.values(), *_closing(basis)], where
    )
    rows = book._in_window(rows, "complaints", window, basis)
    flags = {
        check: rows[times[check]].notnull() if check in times else ibis.literal(False)
        for check in ("answered", "solved")
    }
    rows = rows.mutate(**flags)
    rows = _marked(book, rows, "followed_up", "events", {"stage": FOLLOW_UP}, window)
    rows = _marked(book, rows, "evaluated", "surveys", {}, window)
    return book._grouped(rows, [*by, "answered", "solved", "followed_up", "evaluated"])


def flows(
    book: "Book",
    of: str = "stage",
    by: Sequence[str] = (),
    window: Period | None = None,
    where: Where | None = None,
) -> pd.DataFrame:
    """Where cases went from where, as counts: the `by` columns, `of`, `next_<of>`, `n`.

    One row of events is one step; it counts in the window in which it was entered. After a case's last event comes
    `(closed)`, or `(open)` where that event has not ended.
    """
    rows = _steps(book, dict.fromkeys([*by, of]), where, window.start if window else None)
    order = _order(rows)
    following = rows[of].fill_null("").lead().over(order)
    last = ibis.ifelse(rows.left_at.isnull(), STILL, CLOSED)
    rows = rows.mutate(**{f"next_{of}": following.coalesce(last)})
    rows = book._in_window(rows, "events", window, "received")
    return book._grouped(rows, [*by, of, f"next_{of}"])


def paths(
    book: "Book",
    by: Sequence[str] = (),
    window: Period | None = None,
    basis: str = "closed",
    where: Where | None = None,
) -> pd.DataFrame:
    """How often cases were handed on, as counts of cases: the `by` columns, `handovers`, `ping_pong`, `rework`, `n`.

    A handover is a step to another department than the step before; ping-pong one back to the department that had just
    handed it over; rework a step into a stage that the case had left for another before. Only cases with events are counted;
    `by` are columns of complaints.
    """
    steps = _steps(book, ["stage", "department"], None, _long_before(window))
    order = _order(steps)
    steps = steps.mutate(department=steps.department.fill_null(""), one=1)
    steps = steps.mutate(
        before=steps.department.lag().over(order),
        earlier=steps.department.lag(2).over(order),
        stage_before=steps.stage.lag().over(order),
        visits=steps.one.sum().over(
            ibis.window(group_by=["complaint_id", "stage"], order_by=_ORDER, rows=(None, 0))
        ),
    )
    moved = (steps.department != steps.before).fill_null(False)
    steps = steps.mutate(
        handover=moved.ifelse(1, 0),
        back=(moved & (steps.department == steps.earlier)).ifelse(1, 0),
        again=((steps.visits > 1) & (steps.stage != steps.stage_before)).ifelse(1, 0),
    )
    tallies = steps.group_by("complaint_id").aggregate(
        handovers=steps.handover.sum(), ping_pong=steps.back.sum(), rework=steps.again.sum()
    )
    rows = book._rows("complaints", [*by, "complaint_id", "received_at", *_closing(basis)], where)
    rows = book._in_window(rows, "complaints", window, basis)
    return book._grouped(rows.join(tallies, "complaint_id"), [*by, "handovers", "ping_pong", "rework"])


def breaches(
    book: "Book",
    limits: Mapping[str, int],
    end: str = "resolved_at",
    by: Sequence[str] = ("stage",),
    window: Windows = None,
    clock: str = "worked",
    grade: str = "severity",
    where: Where | None = None,
    pauses: Sequence[str] = (),
) -> pd.DataFrame:
    """Where the cases of `due` spent their time so far: `state`, the `by` columns of events, `minutes`, `n` (steps)."""
    due = due_rows(book, limits, end, [], window, clock, grade, where, pauses, case=True)
    times = [f"{time}_{clock}" for time in CLOCKED["events"]]
    first = window if window is None or hasattr(window, "as_of") else window[0]
    steps = book._rows("events", [*by, "complaint_id", "entered_at", *times])
    steps = _since(steps, "entered_at", _long_before(first))
    steps = steps.join(due.select("complaint_id", "state"), "complaint_id")
    now = book.as_of if book.as_of is not None else book.span()[1]
    left = steps[times[1]].fill_null(book.clock.minutes(now)[CLOCKS.index(clock)])
    found = book._grouped(steps.mutate(minutes=left - steps[times[0]]), ["state", *by], "minutes")
    return found[["state", *by, "minutes", "n"]]


# ----------------------------------------------------------------------------------------------------------------

_ORDER = ["entered_at", "left_by", "stage"]


def _steps(book: "Book", columns: Sequence[str], where: Where | None, since: pd.Timestamp | None) -> ir.Table:
    """The events entered since a moment, with what puts those of a case in order."""
    wanted = dict.fromkeys([*columns, "complaint_id", "stage", "entered_at", "left_at", "left_at_elapsed"])
    rows = _since(book._rows("events", list(wanted), where), "entered_at", since)
    return rows.mutate(
        left_by=rows.left_at_elapsed.fill_null(1 << 40)
    )  # engines differ in where they put what is missing


def _order(rows: ir.Table) -> Any:
    return ibis.window(group_by="complaint_id", order_by=_ORDER)


def _since(rows: ir.Table, time: str, since: pd.Timestamp | None) -> ir.Table:
    return rows if since is None else rows.filter(rows[time] >= moment(since))


def _long_before(window: Period | None) -> pd.Timestamp | None:
    return None if window is None else window.start - LOOK_BACK


def _marked(
    book: "Book", rows: ir.Table, mark: str, table: str, where: Where, window: Period | None
) -> ir.Table:
    """The rows with `mark`: whether the table has a row of that case."""
    if table not in book.tables or "complaint_id" not in book.tables[table].columns:
        return rows.mutate(**{mark: ibis.literal(False)})
    time = TABLES[table].time
    found = _since(book._rows(table, ["complaint_id", time], where), time, _long_before(window))
    found = found.filter(found.complaint_id.notnull()).select(of_case=found.complaint_id).distinct()
    rows = rows.left_join(found, rows.complaint_id == found.of_case)
    return rows.mutate(**{mark: rows.of_case.notnull()}).drop("of_case")


def _closing(basis: str) -> list[str]:
    return [] if basis == "received" else ["closed_at"]
