"""Windows of time: which rows lie in one, and the moment at which each is looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import ibis
import ibis.expr.types as ir
import pandas as pd

from .ask import CLOCKS, moment

if TYPE_CHECKING:
    from .core import Book


class Window(Protocol):
    """What `spells` asks of a window; a Period is one."""

    text: str
    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp


class Always(NamedTuple):
    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp
    text: str = ""


Windows = Window | Sequence[Window] | None
Where = Mapping[str, Any]


def windows_of(book: "Book", window: Windows) -> list[Window]:
    if window is None:
        first, last = book.span()
        return [Always(first, last, book.as_of if book.as_of is not None else last)]
    return [window] if hasattr(window, "as_of") else list(window)


def told_apart(window: Windows) -> list[str]:
    """The column by which several windows are told apart; none where there is one."""
    return [] if window is None or hasattr(window, "as_of") else ["period"]


def around(windows: Sequence[Window]) -> Always:
    """The stretch from the first window's start to the last one's end."""
    return Always(min(w.start for w in windows), max(w.end for w in windows), max(w.as_of for w in windows))


def seen_until(book: "Book", window: Window) -> pd.Timestamp:
    """The moment as of which a window is seen: its own, or the book's where that is earlier."""
    return window.as_of if book.as_of is None else min(window.as_of, book.as_of)


def minutes(book: "Book", window: Window, clock: str) -> int:
    return book.clock.minutes(seen_until(book, window))[CLOCKS.index(clock)]


def seen_in(book: "Book", rows: ir.Table, time: str, window: Windows) -> tuple[ir.Table, pd.Timestamp | None]:
    """The rows whose `time` lies in the window or in one of several, with `period` and `seen_at`; and where the first begins."""
    windows = windows_of(book, window)
    edges = [(None, None) if window is None else (w.start, min(w.end, seen_until(book, w))) for w in windows]
    placed = looked_at(book, within(rows, rows[time], edges, moment), windows, "elapsed")
    return placed, None if window is None else around(windows).start


def within(
    rows: ir.Table, key: ir.Value, edges: Sequence[tuple], literal: Callable[[Any], ir.Value]
) -> ir.Table:
    """The rows whose key lies from the first of a window's edges up to the second (None: no edge), with `nth`, the window.

    The whole stretch is said first: so an engine passes over what lies outside.
    """
    rows = rows.filter(key.notnull())
    in_order = sorted(range(len(edges)), key=lambda n: edges[n])
    first, last = edges[in_order[0]][0], edges[in_order[-1]][1]
    if first is not None:
        rows = rows.filter(key >= literal(first))
    if last is not None:
        rows = rows.filter(key < literal(last))
    if len(edges) == 1:
        return rows.mutate(nth=ibis.literal(0))
    uppers, nth = [], []
    for n in in_order:
        if uppers and uppers[-1] != edges[n][0]:  # what lies between two windows is in none
            uppers, nth = [*uppers, edges[n][0]], [*nth, None]
        uppers, nth = [*uppers, edges[n][1]], [*nth, n]
    rows = rows.mutate(nth=_below(key, [literal(upper) for upper in uppers], nth))
    return rows.filter(rows.nth.notnull()) if None in nth else rows


def looked_at(book: "Book", rows: ir.Table, windows: Sequence[Window], clock: str) -> ir.Table:
    """The rows with the `period` of their window, and when it is looked at: `seen_at`, and `seen` in minutes of the clock."""
    known = {
        "period": [w.text for w in windows],
        "seen_at": [seen_until(book, w).to_pydatetime() for w in windows],
        "seen": [minutes(book, w, clock) for w in windows],
    }
    uppers = range(1, len(windows) + 1)
    return rows.mutate(**{name: _below(rows.nth, uppers, values) for name, values in known.items()})


def _below(key: ir.Value, uppers: Sequence[Any], values: Sequence[Any]) -> ir.Value:
    """The value that belongs to the first upper edge above the key, found by halves: few comparisons a row."""
    if len(set(values)) == 1:
        return ibis.literal(values[0])
    middle = len(values) // 2
    below, above = (_below(key, uppers[half], values[half]) for half in (slice(middle), slice(middle, None)))
    return ibis.ifelse(key < uppers[middle - 1], below, above)
