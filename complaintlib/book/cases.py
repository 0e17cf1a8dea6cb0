"""Questions about the way of a case: the stages it went through, who handed it to whom, whether its loop was closed.

Each is a method of the Book. Events, surveys and complaints belong together by `complaint_id`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from ..period import Period
from ..schema import FOLLOW_UP, TABLES
from .ask import CLOCKS
from .ends import ending
from .promises import due_rows
from .steps import LOOK_BACK, come_since, in_order, steps
from .windows import Where, Windows, seen_in, told_apart

if TYPE_CHECKING:
    from .core import Book

CHECKS = ("answered", "solved", "followed_up", "evaluated")
CLOSED, STILL = "(closed)", "(open)"  # where a case's last stage leads: nowhere, as it is over; not known yet


def checks(
    book: "Book",
    by: Sequence[str] = (),
    window: Windows = None,
    basis: str = "closed",
    where: Where | None = None,
) -> pd.DataFrame:
    """The four checks of a closed loop, as counts: the `by` columns, `answered`, `solved`, `followed_up`, `evaluated`, `n`.

    A case is answered when it has a first response, solved when it is resolved (as in `spells`), followed up when it came to the stage
    `follow_up`, evaluated when a survey of it was answered. A check whose table or column is not there is False throughout
    (`has` tells). Basis `closed` takes the cases closed in the window, `received` those received in it. Several windows are
    asked in one question and told apart by a column `period`; each is seen at its own `as_of`.
    """
    held = book.tables["complaints"].columns if "complaints" in book.tables else ()
    placed = "received_at" if basis == "received" else "closed_at"
    answered = [c for c in ("first_response_at",) if c in held]
    columns = dict.fromkeys([*by, placed, *answered])
    bounded = [] if window is None else [placed, "closed_at", *answered]
    rows = ending(book, "complaints", columns, "resolved_at", where, True, bounded)
    rows, since = seen_in(book, rows, placed, window)
    rows = _first(book, rows, "followed_up", "events", {"stage": FOLLOW_UP}, since)
    rows = _first(book, rows, "evaluated", "surveys", {}, since)
    times = dict(zip(CHECKS, ("first_response_at", "ending", "followed_up", "evaluated"), strict=True))
    at = {check: rows[time] for check, time in times.items() if time in rows.columns}
    flags = {
        check: (at[check] < rows.seen_at).fill_null(False) if check in at else ibis.literal(False)
        for check in CHECKS
    }
    return book._grouped(rows.mutate(**flags), [*told_apart(window), *by, *CHECKS])


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
    rows = steps(book, [*by, of], where, window.start if window else None)
    following = rows[of].fill_null("").lead().over(in_order())
    last = ibis.ifelse(rows.left_at.isnull() & rows.closing.isnull(), STILL, CLOSED)
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
    handed it over; rework a step into a stage that the case had left for another before. What comes after the resolution (the
    return call, the closing) is none of them. Only cases with events are counted; `by` are columns of complaints.
    """
    rows = ending(book, "complaints", [*by, "received_at"], "resolved_at", where, case=True)
    rows = book._in_window(rows, "complaints", window, basis)
    way = steps(book, ["department"], None, _long_before(window), rows)
    solved = rows.filter(rows.ending.notnull()).select("complaint_id", solved_at=rows.ending)
    way = way.left_join(solved, "complaint_id").drop("complaint_id_right")
    way = way.filter(way.solved_at.isnull() | (way.entered_at < way.solved_at))
    order, visit = in_order(), in_order(["complaint_id", "stage"], rows=(None, 0))
    way = way.mutate(department=way.department.fill_null(""), one=1)
    way = way.mutate(
        before=way.department.lag().over(order),
        earlier=way.department.lag(2).over(order),
        stage_before=way.stage.lag().over(order),
        visits=way.one.sum().over(visit),
    )
    moved = (way.department != way.before).fill_null(False)
    way = way.mutate(
        handover=moved.ifelse(1, 0),
        back=(moved & (way.department == way.earlier)).ifelse(1, 0),
        again=((way.visits > 1) & (way.stage != way.stage_before)).ifelse(1, 0),
    )
    tallies = way.group_by("complaint_id").aggregate(
        handovers=way.handover.sum(), ping_pong=way.back.sum(), rework=way.again.sum()
    )
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
    first = window if window is None or hasattr(window, "as_of") else window[0]
    way = steps(book, by, None, _long_before(first), due).join(
        due.select("complaint_id", "state"), "complaint_id"
    )
    now = book.as_of if book.as_of is not None else book.span()[1]
    left = way[f"left_at_{clock}"].coalesce(
        way[f"closing_{clock}"], book.clock.minutes(now)[CLOCKS.index(clock)]
    )
    found = book._grouped(way.mutate(minutes=left - way[f"entered_at_{clock}"]), ["state", *by], "minutes")
    return found[["state", *by, "minutes", "n"]]


# ----------------------------------------------------------------------------------------------------------------


def _long_before(window: Period | None) -> pd.Timestamp | None:
    return None if window is None else window.start - LOOK_BACK


def _first(
    book: "Book", rows: ir.Table, check: str, table: str, where: Where, since: pd.Timestamp | None
) -> ir.Table:
    """The rows with `check`: when the table first has a row of that case."""
    if table not in book.tables or "complaint_id" not in book.tables[table].columns:
        return rows.mutate(**{check: ibis.null("timestamp")})
    time = TABLES[table].time
    found = come_since(book._rows(table, ["complaint_id", time], where), time, since and since - LOOK_BACK)
    found = found.filter(found.complaint_id.notnull())
    found = found.group_by(of_case=found.complaint_id).aggregate(**{check: found[time].min()})
    return rows.left_join(found, rows.complaint_id == found.of_case).drop("of_case")
