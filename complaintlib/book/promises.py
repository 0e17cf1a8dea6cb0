"""Questions about promises: whose limit ran out, by the rules or by the case's own deadline, and was it kept?

Each is a method of the Book.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from .ask import CLOCKS
from .ends import OPEN, PUT_OFF, ending, seen, with_pauses
from .windows import Where, Windows, around, seen_in, seen_until, told_apart, windows_of, within

if TYPE_CHECKING:
    from .core import Book


def due(
    book: "Book",
    limits: Mapping[str, int],
    end: str = "resolved_at",
    by: Sequence[str] = (),
    window: Windows = None,
    clock: str = "worked",
    grade: str = "severity",
    where: Where | None = None,
    pauses: Sequence[str] = (),
) -> pd.DataFrame:
    """The cases whose limit ran out in the window, as counts: the `by` columns, `state`, `n` (and `period`, as in `spells`).

    `limits` has the minutes on the clock for each value of `grade`; a case of another grade has no limit and is not in it.
    A limit runs out when more than so many minutes have passed since the case was received, less the time in which the
    case waited on one of `pauses` before that. `state` is `met`, `late` (it came to its end after the limit), `overdue` (it
    has not come to it yet) or `void` (it ended otherwise before the limit ran out, so that nothing was due).
    """
    rows = due_rows(book, limits, end, by, window, clock, grade, where, pauses)
    return book._grouped(rows, [*told_apart(window), *by, "state"])


def due_rows(
    book: "Book",
    limits: Mapping[str, int],
    end: str,
    by: Sequence[str],
    window: Windows,
    clock: str,
    grade: str,
    where: Where | None,
    pauses: Sequence[str],
    case: bool = False,
) -> ir.Table:
    """The rows behind `due`: one a case whose limit ran out in the window, with its `state`."""
    windows = windows_of(book, window)
    named = [*by, grade, "received_at"]
    rows = ending(book, "complaints", named, end, where, case or bool(pauses), ["closed_at"])
    edges = [
        [book.clock.minutes(m)[CLOCKS.index(clock)] for m in (w.start, min(w.end, seen_until(book, w)))]
        for w in windows
    ]
    limit = ibis.cases(*((rows[grade] == name, int(minutes)) for name, minutes in limits.items()))
    began = rows[f"received_at_{clock}"]
    rows = rows.filter(began < max(edge[1] for edge in edges))  # these two let files be passed over
    if window is not None:
        first = around(windows).start - (PUT_OFF if pauses else pd.Timedelta(0))
        rows = rows.filter(
            began >= book.clock.minutes(first)[CLOCKS.index(clock)] - max(limits.values(), default=0)
        )
    rows = rows.mutate(allowed=limit, began=rows[f"received_at_{clock}"])
    rows = rows.filter(rows.allowed.notnull())
    if pauses:
        now = book.as_of if book.as_of is not None else windows[-1].as_of
        stop = ibis.literal(book.clock.minutes(now)[CLOCKS.index(clock)])
        rows = with_pauses(book, rows.mutate(stop=stop), pauses, clock, windows, until_due=True)
    else:
        rows = rows.mutate(paused=0)
    rows = rows.mutate(due=rows.began + rows.allowed + rows.paused)
    if window is None:
        edges = [(None, edges[0][1])]
    rows = seen(book, within(rows, rows.due, edges, ibis.literal), windows, clock)
    state = ibis.cases(
        (rows.observed & (rows.stop <= rows.due), "met"),
        (rows.observed, "late"),
        ((rows.gone != OPEN) & (rows.stop <= rows.due), "void"),
        else_="overdue",
    )
    return rows.mutate(state=state)


def deadlines(
    book: "Book", by: Sequence[str] = (), window: Windows = None, where: Where | None = None
) -> pd.DataFrame:
    """The cases whose own deadline (`due_at`) lies in the window, as counts: the `by` columns, `state`, `n`, as in `due`."""
    rows, _ = seen_in(
        book, ending(book, "complaints", [*by, "due_at"], "resolved_at", where), "due_at", window
    )
    over = (rows.ending < rows.seen_at).fill_null(False)
    void = (rows.otherwise != OPEN) & (rows.closing <= rows.due_at)
    state = ibis.cases(
        (over & (rows.ending <= rows.due_at), "met"), (over, "late"), (void, "void"), else_="overdue"
    )
    return book._grouped(rows.mutate(state=state), [*told_apart(window), *by, "state"])
