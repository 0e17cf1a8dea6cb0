"""How cases end: the end asked for, another one, none yet; and the time in which they waited on somebody."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from ..schema import CLOCKED, ENDED_OTHERWISE
from .ask import CLOCKS, moment
from .windows import Where, Window, around, looked_at

if TYPE_CHECKING:
    from .core import Book

PUT_OFF = pd.Timedelta(days=183)  # for longer no limit is put off by waiting
DONE, OPEN = "done", "open"  # how a spell ended: as asked for, or not yet; else one of schema.ENDED_OTHERWISE
SUFFIXES = ("", *(f"_{clock}" for clock in CLOCKS))  # of a time, and of the minutes beside it


def ending(
    book: "Book",
    table: str,
    columns: Sequence[str],
    end: str,
    where: Where | None,
    case: bool = False,
    bounded: Collection[str] = (),
) -> ir.Table:
    """The rows with `ending` (the time of the end asked for) and, for both clocks, `ending_<clock>`; and with `closing`,
    the time by which a complaint was over in any way, and `otherwise`, its status where that was another way.

    `bounded` as in `Book._rows`. With `closed_at` among them the ends found are for comparing with the book's moment: they
    may come after it.
    """
    held = book.tables[table].columns if table in book.tables else ()
    closes = table == "complaints" and "closed_at" in held
    ends = end in held or not (
        closes and end == "resolved_at"
    )  # what is not there is asked for all the same, and said
    more = [c for c in ("closed_at", "status") if table == "complaints" and c in held]
    wanted = dict.fromkeys([*columns, *([end] if ends else []), *more, *(["complaint_id"] if case else [])])
    times = [c for c in wanted if c in CLOCKED.get(table, ())]
    if "closed_at" in bounded:  # not a time of resolution: until it is known, that of closing stands for it
        told = {"resolved_at", *set(columns).difference(bounded), *(where or {})}
        bounded = {*bounded, "status", end} - told
    rows = book._rows(table, with_minutes(wanted, times), where, bounded)
    status = rows["status"].fill_null("") if "status" in more else ibis.literal("")
    otherwise = ibis.ifelse(status.isin(ENDED_OTHERWISE), status, OPEN)
    parts = {}
    for suffix in SUFFIXES:
        closed = rows[f"closed_at{suffix}"] if closes else rows[f"{end}{suffix}"]
        at = rows[f"{end}{suffix}"] if ends else ibis.null()
        if closes and end == "resolved_at":
            at = ibis.coalesce(at, ibis.ifelse(otherwise == OPEN, closed, ibis.null()))
        parts |= {f"ending{suffix}": at, f"closing{suffix}": closed}
    return rows.mutate(otherwise=otherwise, **parts)


def seen(book: "Book", rows: ir.Table, windows: Sequence[Window], clock: str) -> ir.Table:
    """The rows as their window sees them: `observed`, whether they have come to their end; `closed`, whether they are over in
    any way, and `gone`, in which other one; `stop`, the minute of the clock at which they were, or are looked at."""
    rows = looked_at(book, rows, windows, clock)
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


def with_pauses(
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
    waits = waits.filter(waits.entered_at >= moment(around(windows).start - 2 * PUT_OFF))
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


def with_minutes(columns: Sequence[str], times: Sequence[str]) -> list[str]:
    """The columns, each of `times` followed by the minutes beside it."""
    return [*columns, *(f"{time}_{clock}" for time in dict.fromkeys(times) for clock in CLOCKS)]
