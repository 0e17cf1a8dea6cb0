"""Questions about time: how long from one moment of a case to another, which promises fell due, who came back.

Each is a method of the Book. Lengths come as counts of whole units, so that their number depends on how long cases
take and not on how many there are.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import ibis
import ibis.expr.types as ir
import pandas as pd

from ..schema import CLOCKED, ENDED_OTHERWISE
from .ask import CLOCKS, UNITS, chosen, moment
from .steps import LOOK_BACK, open_cases, steps

if TYPE_CHECKING:
    from .core import Book

PUT_OFF = pd.Timedelta(days=183)  # for longer no limit is put off by waiting
DONE, OPEN = "done", "open"  # how a spell ended: as asked for, or not yet; else one of schema.ENDED_OTHERWISE


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


_SUFFIXES = ("", *(f"_{clock}" for clock in CLOCKS))  # of a time, and of the minutes beside it

Windows = Window | Sequence[Window] | None
Where = Mapping[str, Any]


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
    several = window is not None and not hasattr(window, "as_of")
    columns = [
        *(["period"] if several else []),
        *by,
        "duration",
        "observed",
        *(["cause"] if causes else []),
        "n",
    ]
    windows = _windows(book, window)
    if not windows:
        return pd.DataFrame(columns=columns)
    if basis == "open" and several:
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
            cases = open_cases(book, windows[0].end if window is not None else book.as_of)
        elif window is not None:
            since = _around(windows).start - (LOOK_BACK if basis == "closed" else pd.Timedelta(0))
        rows = steps(book, by, where, since, cases)
        ends = (
            end if book.has("events", end) else "closing"
        )  # a log of beginnings: a step lasts until the next one
        rows = rows.mutate(
            otherwise=ibis.literal(OPEN), **{f"ending{s}": rows[f"{ends}{s}"] for s in _SUFFIXES}
        )
    else:
        rows = ending(book, table, [*by, start], end, where, case=bool(pauses))
    rows = rows.filter(rows[start].notnull())
    if (
        basis == "closed" and window is not None and "closed_at" in rows.columns
    ):  # a case closed before is no one's end
        rows = rows.filter(rows.closed_at.isnull() | (rows.closed_at >= moment(_around(windows).start)))
    time = {"received": start, "closed": "ending", "open": start}[basis]
    edges = [
        (
            None if window is None or basis == "open" else w.start,
            None if window is None else min(w.end, _now(book, w)),
        )
        for w in windows
    ]
    rows = _seen(book, _within(rows, rows[time], edges, moment), windows, clock)
    if basis == "open":
        rows = rows.filter(~rows.observed & ~rows.closed)
    spent = rows.stop - rows[f"{start}_{clock}"]
    if pauses:
        rows = rows.mutate(spent=spent, began=rows[f"{start}_{clock}"])
        rows = _with_pauses(book, rows, pauses, clock, windows)
        spent = ibis.greatest(rows.spent - rows.paused, 0)
    rows = rows.mutate(duration=(spent / UNITS[unit]).floor().cast("int64"))
    if causes:
        rows = rows.mutate(cause=ibis.ifelse(rows.observed & (rows.gone == OPEN), DONE, rows.gone))
    return book._grouped(rows, columns[:-1])


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
    several = window is not None and not hasattr(window, "as_of")
    rows = due_rows(book, limits, end, by, window, clock, grade, where, pauses)
    return book._grouped(rows, [*(["period"] if several else []), *by, "state"])


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
    windows = _windows(book, window)
    named = [*by, grade, "received_at"]
    rows = ending(book, "complaints", named, end, where, case=case or bool(pauses))
    edges = [
        [book.clock.minutes(m)[CLOCKS.index(clock)] for m in (w.start, min(w.end, _now(book, w)))]
        for w in windows
    ]
    limit = ibis.cases(*((rows[grade] == name, int(minutes)) for name, minutes in limits.items()))
    longest = max(limits.values(), default=0) + (PUT_OFF.days * 1440 if pauses else 0)
    began = rows[f"received_at_{clock}"]
    rows = rows.filter(began < max(edge[1] for edge in edges))  # these two let files be passed over
    if window is not None:
        rows = rows.filter(began >= min(edge[0] for edge in edges) - longest)
    rows = rows.mutate(allowed=limit, began=rows[f"received_at_{clock}"])
    rows = rows.filter(rows.allowed.notnull())
    if pauses:
        now = book.as_of if book.as_of is not None else windows[-1].as_of
        stop = ibis.literal(book.clock.minutes(now)[CLOCKS.index(clock)])
        rows = _with_pauses(book, rows.mutate(stop=stop), pauses, clock, windows, until_due=True)
    else:
        rows = rows.mutate(paused=0)
    rows = rows.mutate(due=rows.began + rows.allowed + rows.paused)
    if window is None:
        edges = [(None, edges[0][1])]
    rows = _seen(book, _within(rows, rows.due, edges, ibis.literal), windows, clock)
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
    several = window is not None and not hasattr(window, "as_of")
    rows, _ = seen_in(
        book, ending(book, "complaints", [*by, "due_at"], "resolved_at", where), "due_at", window
    )
    over = (rows.ending < rows.seen_at).fill_null(False)
    void = (rows.otherwise != OPEN) & (rows.closing <= rows.due_at)
    state = ibis.cases(
        (over & (rows.ending <= rows.due_at), "met"), (over, "late"), (void, "void"), else_="overdue"
    )
    return book._grouped(rows.mutate(state=state), [*(["period"] if several else []), *by, "state"])


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
    several = window is not None and not hasattr(window, "as_of")
    columns = [*(["period"] if several else []), *by, "duration", "observed"]
    windows = _windows(book, window)
    wanted = dict.fromkeys([*by, *same, *(where or {}), start, "received_at", "complaint_id"])
    rows = book._rows("complaints", _with_minutes(wanted, (start, "received_at")))
    for column in same:
        rows = rows.filter(rows[column].notnull())
        if rows[column].type().is_string():
            rows = rows.filter(rows[column] != "")
    if window is not None:  # whoever came long before does not matter
        before = pd.Timedelta(0) if start == "received_at" else LOOK_BACK
        rows = rows.filter(rows.received_at >= moment(_around(windows).start - before))
    order = ibis.window(group_by=list(same), order_by=["received_at", "complaint_id"])
    rows = rows.mutate(
        next_at=rows.received_at.lead().over(order), next_elapsed=rows.received_at_elapsed.lead().over(order)
    )
    rows = chosen(rows, where)  # after it was asked who came next
    rows = rows.filter(rows[start].notnull())
    rows, _ = seen_in(book, rows, start, window)
    rows = rows.filter(rows[start] < rows.seen_at)
    rows = rows.mutate(observed=(rows.next_at < rows.seen_at).fill_null(False))
    spent = ibis.ifelse(rows.observed, rows.next_elapsed, rows.seen) - rows[f"{start}_elapsed"]
    rows = rows.mutate(duration=(ibis.greatest(spent, 0) / UNITS[unit]).floor().cast("int64"))
    return book._grouped(rows, columns)


# ------------------------------------------------------------------------------------------- how a case ends


def ending(
    book: "Book", table: str, columns: Sequence[str], end: str, where: Where | None, case: bool = False
) -> ir.Table:
    """The rows with `ending` (the time of the end asked for) and, for both clocks, `ending_<clock>`; and with `closing`,
    the time by which a complaint was over in any way, and `otherwise`, its status where that was another way."""
    held = book.tables[table].columns if table in book.tables else ()
    closes = table == "complaints" and "closed_at" in held
    ends = end in held or not (
        closes and end == "resolved_at"
    )  # what is not there is asked for all the same, and said
    more = [c for c in ("closed_at", "status") if table == "complaints" and c in held]
    wanted = dict.fromkeys([*columns, *([end] if ends else []), *more, *(["complaint_id"] if case else [])])
    times = [c for c in wanted if c in CLOCKED.get(table, ())]
    rows = book._rows(table, _with_minutes(wanted, times), where)
    status = rows["status"].fill_null("") if "status" in more else ibis.literal("")
    otherwise = ibis.ifelse(status.isin(ENDED_OTHERWISE), status, OPEN)
    parts = {}
    for suffix in _SUFFIXES:
        closed = rows[f"closed_at{suffix}"] if closes else rows[f"{end}{suffix}"]
        at = rows[f"{end}{suffix}"] if ends else ibis.null()
        if closes and end == "resolved_at":
            at = ibis.coalesce(at, ibis.ifelse(otherwise == OPEN, closed, ibis.null()))
        parts |= {f"ending{suffix}": at, f"closing{suffix}": closed}
    return rows.mutate(otherwise=otherwise, **parts)


def _within(
    rows: ir.Table, key: ir.Value, edges: Sequence[tuple], literal: Callable[[Any], ir.Value]
) -> ir.Table:
    """The rows whose key lies from the first of a window's edges up to the second (None: no edge), with `nth`, the window.

    Windows that follow upon one another are told apart by their later edges alone, and the whole stretch is said first:
    so an engine passes over what lies outside, and asks little of the rest.
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
    if all(edges[a][1] == edges[b][0] for a, b in pairwise(in_order)):
        return rows.mutate(nth=ibis.cases(*((key < literal(edges[n][1]), n) for n in in_order)))
    rows = rows.mutate(
        nth=ibis.cases(*(((key >= literal(a)) & (key < literal(b)), n) for n, (a, b) in enumerate(edges)))
    )
    return rows.filter(rows.nth.notnull())


def seen_in(book: "Book", rows: ir.Table, time: str, window: Windows) -> tuple[ir.Table, pd.Timestamp | None]:
    """The rows whose `time` lies in the window or in one of several, with `period` and `seen_at`; and where the first begins."""
    windows = _windows(book, window)
    edges = [(None, None) if window is None else (w.start, min(w.end, _now(book, w))) for w in windows]
    placed = _looked_at(book, _within(rows, rows[time], edges, moment), windows, "elapsed")
    return placed, None if window is None else _around(windows).start


def _looked_at(book: "Book", rows: ir.Table, windows: Sequence[Window], clock: str) -> ir.Table:
    """The rows with the `period` of their window, and when it is looked at: `seen_at`, and `seen` in minutes of the clock."""
    known = {
        "period": [w.text for w in windows],
        "seen_at": [_now(book, w).to_pydatetime() for w in windows],
        "seen": [_minutes(book, w, clock) for w in windows],
    }
    if len(windows) == 1:
        return rows.mutate(**{name: ibis.literal(value) for name, (value,) in known.items()})
    return rows.mutate(**{name: rows.nth.cases(*enumerate(values)) for name, values in known.items()})


def _seen(book: "Book", rows: ir.Table, windows: Sequence[Window], clock: str) -> ir.Table:
    """The rows as their window sees them: `observed`, whether they have come to their end; `closed`, whether they are over in
    any way, and `gone`, in which other one; `stop`, the minute of the clock at which they were, or are looked at."""
    rows = _looked_at(book, rows, windows, clock)
    rows = rows.mutate(
        observed=(rows.ending < rows.seen_at).fill_null(False),
        closed=(rows.closing < rows.seen_at).fill_null(False),
    )
    return rows.mutate(
        gone=ibis.ifelse(rows.closed, rows.otherwise, OPEN),
        stop=ibis.cases(
            (rows.observed, rows[f"ending_{clock}"]), (rows.closed, rows[f"closing_{clock}"]), else_=rows.seen
        ),
    )


def _with_pauses(
    book: "Book",
    rows: ir.Table,
    pauses: Sequence[str],
    clock: str,
    windows: Sequence[Window],
    until_due: bool = False,
) -> ir.Table:
    """The rows with `paused`: minutes between `began` and `stop` in which the case waited on one of `pauses`.

    With `until_due` only waiting counts that began before the limit (`allowed`, put off by earlier waiting) ran out.
    Waiting longer before the window than `PUT_OFF` is not looked for.
    """
    times = [f"{time}_{clock}" for time in CLOCKED["events"]]
    key = ["complaint_id", "entered_at", "stage"]
    waits = book._rows("events", [*key, *times], {"waiting_on": list(pauses)})
    waits = waits.filter(waits.entered_at >= moment(_around(windows).start - 2 * PUT_OFF))
    waits = waits.select(*key, entered=waits[times[0]], left=waits[times[1]])
    cases = rows.select("complaint_id", "began", "stop", *(["allowed"] if until_due else []))
    waits = waits.join(cases, "complaint_id")
    until, since = (
        ibis.least(waits.left.coalesce(waits.stop), waits.stop),
        ibis.greatest(waits.entered, waits.began),
    )
    waits = waits.mutate(length=ibis.greatest(until - since, 0))
    if until_due:  # earlier waiting puts the limit off; once one has begun too late, so has every later one
        so_far = ibis.window(group_by=key[0], order_by=key[1:], rows=(None, 0))  # the same order both times
        put_off = waits.length.sum().over(so_far) - waits.length
        waits = waits.mutate(early=(waits.entered <= waits.began + waits.allowed + put_off).ifelse(1, 0))
        waits = waits.mutate(length=waits.length * waits.early.min().over(so_far))
    paused = waits.group_by("complaint_id").aggregate(paused=waits.length.sum())
    rows = rows.left_join(paused, "complaint_id")
    return rows.drop("complaint_id_right").mutate(paused=rows.paused.fill_null(0))


# ---------------------------------------------------------------------------------------------------- windows


def _windows(book: "Book", window: Windows) -> list[Window]:
    if window is None:
        first, last = book.span()
        return [Always(first, last, book.as_of if book.as_of is not None else last)]
    return [window] if hasattr(window, "as_of") else list(window)


def _around(windows: Sequence[Window]) -> Always:
    """The stretch from the first window's start to the last one's end."""
    return Always(min(w.start for w in windows), max(w.end for w in windows), max(w.as_of for w in windows))


def _now(book: "Book", window: Window) -> pd.Timestamp:
    """The moment as of which a window is seen: its own, or the book's where that is earlier."""
    return window.as_of if book.as_of is None else min(window.as_of, book.as_of)


def _minutes(book: "Book", window: Window, clock: str) -> int:
    return book.clock.minutes(_now(book, window))[CLOCKS.index(clock)]


def _with_minutes(columns: Sequence[str], times: Sequence[str]) -> list[str]:
    """The columns, each of `times` followed by the minutes beside it."""
    return [*columns, *(f"{time}_{clock}" for time in dict.fromkeys(times) for clock in CLOCKS)]
