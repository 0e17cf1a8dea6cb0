"""Which is the day and which the month: from the profile, else from the column itself, else not at all."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from ..words import Words
from .notes import Note
from .profile import Times
from .shapes import Shape, examples, match

ENOUGH = 20  # rows from which a pattern in the days is evidence
STRAY = 0.005  # share of contrary rows up to which the day/month order of a column still stands
_V = "\ue001"  # stands for the value in an expression until it is put in


def orders_of(
    column: str, shapes: Sequence[Shape], times: Times, problems: list[Note], notes: list[Note]
) -> dict[str, bool]:
    """By separator: is the day first? From the profile, else from days above 12 where all rows agree."""
    orders: dict[str, bool] = {}
    for sep in sorted({match(s.text)[1]["sep"] for s in shapes}):
        same = [s for s in shapes if match(s.text)[1]["sep"] == sep]
        first, second = sum(s.day_first for s in same), sum(s.month_first for s in same)
        either = sum(s.either for s in same)
        values = {"column": column, "sep": sep, "first": first, "second": second, "either": either}
        said = _declared_order(times)
        contrary = {True: second, False: first}.get(said, min(first, second))
        if contrary > STRAY * (first + second):
            problems.append(Note("mixed_order", _MIXED, first + second, examples(same), values))
        elif said is None and first == second == 0:
            problems.append(Note("ambiguous_order", _AMBIGUOUS, either, examples(same), values))
        elif said is None and contrary:
            problems.append(Note("mixed_order", _MIXED, first + second, examples(same), values))
        else:
            orders[sep] = first > 0 if said is None else said
            if said is None:
                words = _DAY_PROVEN if orders[sep] else _MONTH_PROVEN
                notes.append(Note("order_found", words, max(first, second), examples(same), values))
    return orders


def _declared_order(times: Times) -> bool | None:
    if times.day_first is not None:
        return times.day_first
    for form in times.formats:
        day, month = form.find("%d"), form.find("%m")
        if day >= 0 and month >= 0 and not form.startswith(("%Y", "%y")):
            return day < month
    return None


def unswapped(
    column: str,
    sql: str,
    found: Sequence[tuple[str, date | None, int]],
    swapped: str | None,
    problems: list[Note],
    notes: list[Note],
) -> str:
    """Notices that a program has exchanged day and month wherever the day was 12 or less (as spreadsheets do).

    Days above 12 cannot have been exchanged: their months are the months of the file. Where nearly all other rows fall
    into those months with day and month exchanged, and many do not as they stand, they have been. Where the months
    cannot tell, it is suspicious that one form has only days above 12 and all others only days up to 12.
    """
    days = [(form, day, rows) for form, day, rows in found if day is not None]
    months = {(day.year, day.month) for _, day, _ in days if day.day > 12}
    sure = sum(rows for _, day, rows in days if day.day > 12)
    movable = [(day, rows) for _, day, rows in days if day.day <= 12]
    all_movable = sum(rows for _, rows in movable)
    if sure < ENOUGH or all_movable < ENOUGH:
        return sql
    as_given = sum(rows for day, rows in movable if (day.year, day.month) in months) / all_movable
    exchanged = sum(rows for day, rows in movable if (day.year, day.day) in months) / all_movable
    different = sum(rows for day, rows in movable if day.day != day.month)
    values = {"column": column, "as_given": as_given, "exchanged": exchanged, "sure": sure}
    if exchanged >= 0.98 and as_given <= 0.8:
        if swapped == "repair":
            notes.append(Note("swapped_repaired", _REPAIRED, different, values=values))
            moved = f"make_timestamp(year({_V}), day({_V}), month({_V}), hour({_V}), minute({_V}), 0) "
            moved += f"+ to_microseconds(microsecond({_V}))"
            return f"CASE WHEN day({_V}) <= 12 THEN {moved} ELSE {_V} END".replace(_V, f"({sql})")
        (notes if swapped == "keep" else problems).append(Note("swapped", _SWAPPED, different, values=values))
    elif not (as_given >= 0.98 and exchanged <= 0.8) and _split(days):
        (notes if swapped else problems).append(Note("forms_split", _SPLIT, all_movable, values=values))
    return sql


def _split(days: Sequence[tuple[str, date, int]]) -> bool:
    """One form has only days above 12 and the others only days up to 12."""
    late, early = Counter(), Counter()
    for form, day, rows in days:
        (late if day.day > 12 else early)[form] += rows
    return not set(late) & set(early)


_DAY_PROVEN = Words(
    "列 {column}：日在前（{first:int} 行首位大于 12，没有一行次位大于 12）",
    "column {column}: the day comes first ({first:int} {first:row begins/rows begin} with more than 12, none has it second)",
)
_MONTH_PROVEN = Words(
    "列 {column}：月在前（{second:int} 行次位大于 12，没有一行首位大于 12）",
    "column {column}: the month comes first ({second:int} {second:row has/rows have} more than 12 second, none begins with it)",
)
_AMBIGUOUS = Words(
    "列 {column}：无法判断 03{sep}04{sep}2026 是 3 月 4 日还是 4 月 3 日：{either:int} 行都没有大于 12 的日（如第 {sample} 条"
    "记录）。请在映射文件的 [times] 中写 day_first = true 或 false",
    "column {column}: 03{sep}04{sep}2026 may be 3 April or 4 March: {either:int} {either:row/rows}, none with a day above 12 "
    "(such as record {sample}). Write day_first = true or false under [times] in the profile",
)
_MIXED = Words(
    "列 {column}：日/月顺序混杂：{first:int} 行只能是日在前，{second:int} 行只能是月在前，另有 {either:int} 行两者皆可"
    "（如第 {sample} 条记录）。请在源系统统一后重新导出",
    "column {column}: day and month stand in both orders: {first:int} {first:row/rows} can only be day first, {second:int} only "
    "month first, and {either:int} could be either (such as record {sample}). Export it again in one order",
)
_SWAPPED = Words(
    "列 {column}：{rows:int} 行的日与月看来被对调：日大于 12 的 {sure:int} 行所在的月份里，其余各行原样只有 {as_given:pct} 落入，"
    '对调后有 {exchanged:pct} 落入。请修正导出，或在映射文件的 [times] 中写 swapped = "repair"（改回）或 "keep"（原样）',
    "column {column}: day and month look exchanged in {rows:int} {rows:row/rows}: of the rows with a day up to 12, {as_given:pct} "
    "fall into the months of the {sure:int} {sure:row/rows} with a later day as they stand, and {exchanged:pct} when exchanged. "
    'Mend the export, or write swapped = "repair" or "keep" under [times] in the profile',
)
_REPAIRED = Words(
    "列 {column}：{rows:int} 行的日与月已按映射文件改回",
    "column {column}: day and month were put back in {rows:int} {rows:row/rows}, as the profile says",
)
_SPLIT = Words(
    "列 {column}：一种写法只有 12 日以后的日期，其余写法只有 12 日及以前的（{rows:int} 行）：日与月可能被表格软件对调过。"
    '请核对导出；确认无误后在 [times] 中写 swapped = "keep"',
    "column {column}: one form has only days after the 12th, the others only days up to it ({rows:int} {rows:row/rows}): a "
    'spreadsheet may have exchanged day and month. Check the export; where it is right, write swapped = "keep" under '
    "[times]",
)
