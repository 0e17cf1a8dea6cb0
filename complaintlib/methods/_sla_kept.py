"""What `sla` says of the promises that fell due: how many were kept, what changed, and where it is the mix."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ..result import Finding
from ..words import Words
from ._sla_due import ALL, Seen

TOLD = 3  # groups told of each kind
KEPT = {
    "first_response": Words("首次响应", "first response"),
    "resolution": Words("解决", "resolution"),
}
SINCE = {
    "previous": Words("较上期", "on the period before"),
    "last_year": Words("较去年同期", "on the same period last year"),
}
_CHANGE = Words(
    "{change:pp}（95% 区间 {change_low:points} 至 {change_high:pp}）",
    "{change:pp} (95%: {change_low:points} to {change_high:pp})",
)
_PARTS = Words(
    "其中等级构成的变化占 {through_mix:pp}，同等级之内的变化占 {through_rate:pp}",
    "{through_mix:pp} of it through another mix of grades, {through_rate:pp} within the grades",
)


def values_of(row: pd.Series, *names: str, **renamed: str) -> dict:
    return {name: row[name] for name in names} | {to: row[name] for to, name in renamed.items()}


def kept(seen: Seen, tables: Mapping[str, pd.DataFrame], promise: str) -> Finding:
    """The total of one promise, with its change and what the change is made of."""
    rows = tables["grades"]
    row = rows[(rows["promise"] == promise) & (rows["severity"] == ALL)].iloc[0]
    values = values_of(row, "due", "met", "late", "overdue", "on_time", "on_time_low", "on_time_high")
    values["period"] = seen.period
    weight = 0.85 if promise == "resolution" else 0.7
    what, least = KEPT[promise], seen.rules.statistics.min_count
    if row["due"] < least:
        words = Words(
            f"应{what.zh}的投诉太少，不作判断|：到期 {{due:int}} 件，至少需要 {least} 件。",
            f"Too few to say whether the {what.en} is on time|: {{due:int}} {{due:case/cases}} fell due; it takes {least}.",
        )
        return Finding(f"sla.{promise}", "note", words, values_of(row, "due"), 0.3)
    changes = _changes(tables, promise, severity=ALL, **({seen.by: ALL} if seen.by else {}))
    claimed = [c for c in changes if {c["moved"], c["moved_within"]} & {"up", "down"}]
    compared = next(iter([*claimed, *(c for c in changes if c["moved"] == "same")]), None)
    tail, level = Words("", ""), "note"
    if compared is not None:
        sure = compared["moved"] in ("up", "down")
        split = sure or compared["moved_within"] in ("up", "down")
        values |= _changed(compared, split)
        since, end = SINCE[compared["compared"]], _sureness(compared)
        tail = Words(f"；{since.zh} {_CHANGE.zh}，{end.zh}", f"; {since.en} {_CHANGE.en}, {end.en}")
        way = compared["moved"] if sure else compared["moved_within"]
        level = {"down": "watch", "up": "good"}.get(way, "note")
    done = {"first_response": "响应", "resolution": "解决"}[promise]
    answered = {"first_response": "answered", "resolution": "resolved"}[promise]
    words = Words(
        f"应{done}的投诉 {{on_time:pct}} 按期{done}|：{{period:period}}到期 {{due:int}} 件，按期 {{met:int}} 件；迟到 {{late:int}} 件，"
        f"仍未{done} {{overdue:int}} 件（95% 区间 {{on_time_low:pct}} 至 {{on_time_high:pct}}）{tail.zh}。",
        f"{{on_time:pct}} of the cases due were {answered} on time|: {{met:int}} of the {{due:int}} due in {{period:period}}; "
        f"{{late:int}} {{late:was/were}} late, {{overdue:int}} {{overdue:is/are}} not {answered} yet (95%: {{on_time_low:pct}} to {{on_time_high:pct}}){tail.en}.",
    )
    return Finding(f"sla.{promise}", level, words, values, weight)


def _sureness(row: pd.Series) -> Words:
    """What may be said of a change of the total: its parts where it is sure, else what is known within the grades."""
    if row["moved"] in ("up", "down"):
        return _PARTS
    if row["moved_within"] in ("up", "down"):
        return Words(
            "总的变化不足以断定；等级构成不变时为 {through_rate:pp}，可以断定",
            "not sure in all, but sure within the grades: {through_rate:pp} at the same mix",
        )
    if row["on_time_change_low"] * row["on_time_change_high"] > 0:
        return Words("就全部比较校正后不足以说明有变化", "no change shown once corrected for all comparisons")
    return Words("不足以说明有变化", "no change shown")


def grade_changes(tables: Mapping[str, pd.DataFrame], promise: str) -> Iterator[Finding]:
    changes = tables["changes"]
    rows = changes[
        (changes["promise"] == promise) & (changes["severity"] != ALL) & changes["moved"].isin(["up", "down"])
    ]
    for _, row in _worst(rows):
        since, down = SINCE[row["compared"]], row["moved"] == "down"
        values = values_of(row, "severity", "on_time", "on_time_then", "due", "due_then") | _changed(
            row, split=False
        )
        words = Words(
            f"{{severity:severity}}投诉的按期{KEPT[promise].zh}率{'下降' if down else '上升'}|：{{on_time:pct}}（应办 {{due:int}} 件），"
            f"对照期 {{on_time_then:pct}}（{{due_then:int}} 件）；{since.zh} {_CHANGE.zh}。",
            f"{{severity:severity}} cases: {KEPT[promise].en} on time {'less' if down else 'more'} often|, {{on_time:pct}} of "
            f"{{due:int}} due against {{on_time_then:pct}} of {{due_then:int}}; {since.en} {_CHANGE.en}.",
        )
        yield Finding("sla.grade", "watch" if down else "good", words, values, 0.6 if down else 0.45)


def group_changes(seen: Seen, tables: Mapping[str, pd.DataFrame], promise: str) -> Iterator[Finding]:
    """Places whose share changed; where the same grades went the other way, that is what has to be said (Simpson)."""
    rows, by, what = tables["changes"], seen.by, KEPT[promise]
    rows = rows[(rows["promise"] == promise) & (rows[by] != ALL)]
    against = rows["on_time_change"] * rows["through_rate"] < 0
    sure = rows["moved"].isin(["up", "down"])
    for _, row in _worst(rows[against & (rows["q_mix"] <= seen.rules.statistics.fdr)]):
        yield _mix(row, by, what)
    for _, row in _worst(rows[sure & ~(against & (rows["q_mix"] <= seen.rules.statistics.fdr))]):
        down, since = row["moved"] == "down", SINCE[row["compared"]]
        values = values_of(row, by, "on_time", "on_time_then", "due", "due_then") | _changed(row)
        words = Words(
            f"“{{{by}:{by}}}”的按期{what.zh}率{'下降' if down else '上升'}|：{{on_time:pct}}（应办 {{due:int}} 件），对照期 {{on_time_then:pct}}"
            f"（{{due_then:int}} 件）；{since.zh} {_CHANGE.zh}，{_PARTS.zh}。",
            f"{{{by}:{by}}}: {what.en} on time {'less' if down else 'more'} often|, {{on_time:pct}} of {{due:int}} due against "
            f"{{on_time_then:pct}} of {{due_then:int}}; {since.en} {_CHANGE.en}, {_PARTS.en}.",
        )
        yield Finding("sla.group", "watch" if down else "good", words, values, 0.65 if down else 0.45)


def _mix(row: pd.Series, by: str, what: Words) -> Finding:
    """The share went one way for want of a like mix; the same grades went the other."""
    down = row["on_time_change"] < 0
    names = ("on_time", "on_time_then", "due", "due_then", "grades_up", "grades_down")
    values = values_of(row, by, *names) | _changed(row)
    fell, harder = ("下降", "难办") if down else ("上升", "好办")
    worse, mix = ("lower", "harder") if down else ("higher", "easier")
    sure = row["moved_within"] in ("up", "down")
    since = SINCE[row["compared"]]
    words = Words(
        f"“{{{by}:{by}}}”的按期{what.zh}率看似{fell}，其实是{harder}的等级多了|：{{on_time:pct}}（应办 {{due:int}} 件），对照期 {{on_time_then:pct}}"
        f"（{{due_then:int}} 件）；上升的等级 {{grades_up:int}} 个，下降的 {{grades_down:int}} 个；{since.zh} {{change:pp}}，其中等级构成占 "
        f"{{through_mix:pp}}，同等级之内 {{through_rate:pp}}{'' if sure else '（后者尚不足以断定）'}。",
        f"{{{by}:{by}}}: {what.en} on time looks {worse}, but that is a {mix} mix of grades|: {{on_time:pct}} of {{due:int}} due against "
        f"{{on_time_then:pct}} of {{due_then:int}}; {{grades_up:int}} {{grades_up:grade/grades}} rose, {{grades_down:int}} fell; {{change:pp}} "
        f"{since.en}, {{through_mix:pp}} of it through the mix, {{through_rate:pp}} within the grades"
        f"{'' if sure else ' (the latter is not sure)'}.",
    )
    return Finding("sla.mix", "watch", words, values, 0.75)


def behind(seen: Seen, tables: Mapping[str, pd.DataFrame], promise: str) -> Iterator[Finding]:
    """Places that keep fewer promises than the others do of like cases."""
    rows, by = tables["groups"], seen.by
    rows = rows[(rows["promise"] == promise) & (rows["apart"] == "below")]
    for _, row in (
        rows.assign(lost=rows["on_time_gap"] * rows["due"]).sort_values(["lost", by]).head(TOLD).iterrows()
    ):
        values = values_of(
            row,
            by,
            "on_time",
            "on_time_standard",
            "due",
            "on_time_gap",
            "on_time_gap_low",
            "on_time_gap_high",
        )
        words = Words(
            f"“{{{by}:{by}}}”按期{KEPT[promise].zh} {{on_time:pct}}，低于其他各家在同样等级下的水平|：应办 {{due:int}} 件；其他各家为 "
            f"{{on_time_standard:pct}}，相差 {{on_time_gap:pp}}（95% 区间 {{on_time_gap_low:points}} 至 {{on_time_gap_high:pp}}）。",
            f"{{{by}:{by}}}: {KEPT[promise].en} on time in {{on_time:pct}}, less than the others at the same grades|: "
            f"{{due:int}} {{due:case/cases}} due; the others keep {{on_time_standard:pct}}, {{on_time_gap:pp}} (95%: {{on_time_gap_low:points}} to {{on_time_gap_high:pp}}).",
        )
        yield Finding("sla.behind", "watch", words, values, 0.68)


def _changes(tables: Mapping[str, pd.DataFrame], promise: str, **fixed: str) -> list[pd.Series]:
    rows = tables["changes"]
    rows = rows[rows["promise"] == promise]
    for name, value in fixed.items():
        rows = rows[rows[name] == value]
    return [row for _, row in rows.iterrows()]


def _changed(row: pd.Series, split: bool = True) -> dict:
    names = {
        "change": "on_time_change",
        "change_low": "on_time_change_low",
        "change_high": "on_time_change_high",
    }
    return values_of(row, *(["through_mix", "through_rate"] if split else []), **names)


def _worst(rows: pd.DataFrame) -> Iterator[tuple]:
    """Each cell once, the comparison with the larger change; those that lost or won most cases first."""
    weight = (rows["on_time_change"] * rows["due"]).abs()
    keys = [name for name in rows.columns[:4] if name != "compared"]
    rows = rows.assign(weight=weight).sort_values(["weight", *keys], ascending=[False, *[True] * len(keys)])
    return rows.drop_duplicates(keys).head(TOLD).iterrows()
