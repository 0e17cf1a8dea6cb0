"""Questions about time: how long from one moment of a case to another, and until somebody came back.

Each is a method of the Book. Lengths come as counts of whole units, so that their number depends on how long cases
take and not on how many there are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from .ask import UNITS, chosen, moment
from .ends import DONE, OPEN, SUFFIXES, ending, seen, with_minutes, with_pauses
from .steps import LOOK_BACK, open_cases, steps
from .windows import Where, Windows, around, seen_in, seen_until, told_apart, windows_of, within

if TYPE_CHECKING:
    from .core import Book


def spells(
    book: "Book",
    start: str = "received_at",
    end: str = "closed_at",
    by: Sequence[str] = (),
    window: Windows = None,
    basis: str = "received",
    unit: str = "minute",
    clock: str = "elapsed",
    where: Where | None = None,
    table: str = "complaints",
    causes: bool = False,
    pauses: Sequence[str] = (),
) -> pd.DataFrame:
    """Lengths of time from `start` to `end` as counts: the `by` columns, `duration`, `observed`, `n`.

    `duration` is in whole units (minute, hour, day) of the clock (`elapsed` or `worked`). Cases without an end come with
    `observed` False and their age so far; a case that was closed without that end with its age when it was closed. A
    complaint without a time of resolution was resolved when it was closed, unless it was withdrawn, merged or passed on.

    Basis `received` takes the cases whose `start` lies in the window, `closed` those whose `end` does, which is the
    naive view, `open` those that are without an end at the window's end. Several windows, which must not overlap unless
    the basis is `open`, are asked in one question and told apart by a column `period`; each is seen at its own `as_of`.

    `causes` adds the column `cause`: `done` for the end asked for, `withdrawn`, `merged` or `transferred_out` for another,
    `open` while there is none. `pauses` takes out the time that the case's events waited on somebody (`waiting_on`).
    """
    columns = [
        *told_apart(window),
        *by,
        "duration",
        "observed",
        *(["cause"] if causes else []),
        "n",
    ]
    windows = windows_of(book, window)
    if not windows:
        return pd.DataFrame(columns=columns)
    if basis == "open" and told_apart(window):
        parts = [
            spells(book, start, end, by, w, basis, unit, clock, where, table, causes, pauses).assign(
                period=w.text
            )
            for w in windows
        ]
        return pd.concat(parts, ignore_index=True)[columns]
    if table == "events":
        since, cases = None, None
        if basis == "open":
            cases = open_cases(book, None if window is None else windows[0].end)
        elif window is not None:
            since = around(windows).start - (LOOK_BACK if basis == "closed" else pd.Timedelta(0))
        rows = steps(book, by, where, since, cases)
        ends = (
            end if book.has("events", end) else "closing"
        )  # a log of beginnings: a step lasts until the next one
        rows = rows.mutate(
            otherwise=ibis.literal(OPEN), **{f"ending{s}": rows[f"{ends}{s}"] for s in SUFFIXES}
        )
    else:
        bounded = [] if window is None else ["closed_at", *([start] if basis != "closed" else [])]
        rows = ending(book, table, [*by, start], end, where, bool(pauses), bounded)
    rows = rows.filter(rows[start].notnull())
    if (
        basis == "closed" and window is not None and "closed_at" in rows.columns
    ):  # a case closed before is no one's end
        rows = rows.filter(rows.closed_at.isnull() | (rows.closed_at >= moment(around(windows).start)))
    time = {"received": start, "closed": "ending", "open": start}[basis]
    edges = [
        (
            None if window is None or basis == "open" else w.start,
            None if window is None else min(w.end, seen_until(book, w)),
        )
        for w in windows
    ]
    rows = seen(book, within(rows, rows[time], edges, moment), windows, clock)
    if basis == "open":
        for over in (rows.ending, rows.closing):  # neither observed nor closed, which an engine finds later
            rows = rows.filter(over.isnull() | (over >= rows.seen_at))
    spent = rows.stop - rows[f"{start}_{clock}"]
    if pauses:
        rows = rows.mutate(spent=spent, began=rows[f"{start}_{clock}"])
        rows = with_pauses(book, rows, pauses, clock, windows)
        spent = ibis.greatest(rows.spent - rows.paused, 0)
    rows = rows.mutate(duration=(spent / UNITS[unit]).floor().cast("int64"))
    if causes:
        rows = rows.mutate(cause=ibis.ifelse(rows.observed & (rows.gone == OPEN), DONE, rows.gone))
    return book._grouped(rows, columns[:-1])


def returns(
    book: "Book",
    same: Sequence[str] = ("customer_id", "reason"),
    start: str = "received_at",
    by: Sequence[str] = (),
    window: Windows = None,
    unit: str = "day",
    where: Where | None = None,
) -> pd.DataFrame:
    """How long until the next complaint with the same values of `same` came, as counts like `spells`.

    Cases in which one of `same` is missing are left out; `observed` False has not come back so far, which says little of
    the newest. Time runs from `start` on the calendar clock; a return before it counts as 0. The window takes the cases
    whose `start` lies in it.
    """
    columns = [*told_apart(window), *by, "duration", "observed"]
    windows = windows_of(book, window)
    wanted = dict.fromkeys([*by, *same, *(where or {}), start, "received_at", "complaint_id"])
    rows = book._rows("complaints", with_minutes(wanted, (start, "received_at")))
    for column in same:
        rows = rows.filter(rows[column].notnull())
        if rows[column].type().is_string():
            rows = rows.filter(rows[column] != "")
    if window is not None:  # whoever came before the first case of the window does not matter
        first = around(windows).start
        if start != "received_at":
            rows = rows.filter(rows.received_at >= moment(first - LOOK_BACK))
            asked = rows.filter(rows[start] >= moment(first))
            first = book._ask(asked.aggregate(first=asked.received_at.min()))["first"].fillna(first).iloc[0]
        rows = rows.filter(rows.received_at >= moment(first))
    rows = _with_next(rows, list(same))
    rows = chosen(rows, where)  # after it was asked who came next
    rows = rows.filter(rows[start].notnull())
    rows, _ = seen_in(book, rows, start, window)
    rows = rows.filter(rows[start] < rows.seen_at)
    rows = rows.mutate(observed=(rows.next_at < rows.seen_at).fill_null(False))
    spent = ibis.ifelse(rows.observed, rows.next_elapsed, rows.seen) - rows[f"{start}_elapsed"]
    rows = rows.mutate(duration=(ibis.greatest(spent, 0) / UNITS[unit]).floor().cast("int64"))
    return book._grouped(rows, columns)


def _with_next(rows: ir.Table, same: list[str]) -> ir.Table:
    """The rows with the time of the next one that is alike in `same` (`next_at`, `next_elapsed`). Only those that are alike
    with another are put in order: they are few."""
    more = rows.group_by(same).aggregate(times=rows.count())
    case = ["complaint_id", "received_at"]
    alike = rows.select(*dict.fromkeys([*same, *case, "received_at_elapsed"]))
    alike = alike.semi_join(more.filter(more.times > 1), same)
    order = ibis.window(group_by=same, order_by=["received_at", "complaint_id"])
    following = alike.select(
        *case,
        next_at=alike.received_at.lead().over(order),
        next_elapsed=alike.received_at_elapsed.lead().over(order),
    )
    rows = rows.left_join(following, case)
    return rows.drop(*(f"{name}_right" for name in case))
