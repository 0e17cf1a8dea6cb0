"""What `sla` says: how many promises were kept, what changed and why, where, and which open cases need somebody now."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ..result import Finding
from ..words import Words
from ._sla_due import Seen
from ._sla_kept import behind, grade_changes, group_changes, kept, values_of


def said(seen: Seen, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    for promise in tables["grades"]["promise"].unique():
        yield kept(seen, tables, promise)
        yield from grade_changes(tables, promise)
        if seen.by:
            yield from group_changes(seen, tables, promise)
            yield from behind(seen, tables, promise)
    if len(tables["backlog"]):
        yield from _open(seen, tables)
    yield from _spent(tables["spent"])
    yield from _regulator(tables["regulator"])
    yield from _limits(seen, tables)


# ------------------------------------------------------------------------------------------------------ open


def _open(seen: Seen, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    rows = tables["backlog"]
    total = rows.iloc[0]
    if total["open"] == 0:
        words = Words(
            "没有未解决的投诉|：{open:int} 件。", "No case is waiting for its resolution|: {open:int} are."
        )
        yield Finding("sla.overdue", "good", words, values_of(total, "open"), 0.3)
        return
    if total["over_limit"]:
        values = values_of(total, "open", "over_limit", "longest_over")
        values["as_of"] = seen.period.as_of
        heavy = rows[rows["severity"].isin(["major", "urgent"])]
        more = Words("", "")
        if len(heavy) and heavy["over_limit"].sum():
            first = heavy[heavy["over_limit"] > 0].iloc[0]
            values |= values_of(first, "severity", grave="over_limit")
            alone = total["over_limit"] == 1
            more = Words(
                "，其中“{severity:severity}” {grave:int} 件",
                ", of grade {severity:severity}"
                if alone
                else ", {grave:int} of them of grade {severity:severity}",
            )
        words = Words(
            f"{{over_limit:int}} 件未解决的投诉已超过时限|{more.zh}；未解决的共 {{open:int}} 件，最久的已超出 {{longest_over:work}}（工作时间）；清单见“超时未解决”。",
            f"{{over_limit:int}} unresolved {{over_limit:case is over its/cases are over their}} limit|{more.en}; {{open:int}} {{open:is/are}} unresolved in all, the longest is "
            f"{{longest_over:work}} over (work clock); the longest {{over_limit:is/are}} listed under “Over their limit”.",
        )
        yield Finding("sla.overdue", "act", words, values, 0.9)
    else:
        words = Words(
            "没有超过时限仍未解决的投诉|：未解决的 {open:int} 件都还在时限之内。",
            "No open case is over its limit|: {open:int} {open:is open, still within its own/are open, all still within theirs}.",
        )
        yield Finding("sla.overdue", "good", words, values_of(total, "open"), 0.5)
    if total["foretold"] and total["expected_late"] >= 1:
        values = values_of(total, "running", "expected_late", "expected_late_low", "expected_late_high")
        words = Words(
            "还在时限内的 {running:int} 件中，预计约 {expected_late:int} 件会超时|（95% 区间 {expected_late_low:int} 至 "
            "{expected_late_high:int} 件），按各等级近六个月的快慢推算；最可能超时的见“可能超时”。",
            "Of the {running:int} unresolved {running:case within its/cases within their} limit about {expected_late:int} will miss it| (95%: {expected_late_low:int} to "
            "{expected_late_high:int}), at the pace of the last six months; the likeliest are listed under “Likely to miss”.",
        )
        yield Finding("sla.at_risk", "watch", words, values, 0.72)


def _spent(rows: pd.DataFrame) -> Iterator[Finding]:
    """The stage in which late cases spend most of what sets them apart."""
    rows = rows[rows["time_gap"] > 0]
    if rows.empty:
        return
    row = rows.sort_values(["time_gap", "stage"], ascending=[False, True]).iloc[0]
    values = values_of(row, "stage", "time_missed", "time_met", "steps_missed")
    on = Words("", "")
    if "waiting_on" in row and row["waiting_on"] != "us":
        values["waiting_on"] = row["waiting_on"]
        on = Words("（等待{waiting_on:waiting_on}）", " (waiting on {waiting_on:waiting_on})")
    words = Words(
        f"未按期的投诉，时间多花在“{{stage:stage}}”{on.zh}|：占其耗时的 {{time_missed:pct}}，按期的只占 {{time_met:pct}}（{{steps_missed:int}} 次）。"
        "这是描述，不是检验。",
        f"Cases that missed their limit lost time in “{{stage:stage}}”{on.en}|: {{time_missed:pct}} of all their time, against "
        f"{{time_met:pct}} of those on time ({{steps_missed:int}} {{steps_missed:visit/visits}}). Described, not tested.",
    )
    yield Finding("sla.spent", "note", words, values, 0.55)


# ------------------------------------------------------------------------------------------- regulator, rules


def _regulator(rows: pd.DataFrame) -> Iterator[Finding]:
    rows = rows.set_index("item")
    due = [
        item
        for item in ("within_8_weeks", "within_15_days")
        if item in rows.index and rows.loc[item, "out_of"] > 0
    ]
    if not due:
        return
    values = {}
    for item in due:
        values |= values_of(
            rows.loc[item], **{f"{item}_share": "item_share", f"{item}_n": "n", f"{item}_of": "out_of"}
        )
    both = Words(
        "自然日口径：八周内办结 {within_8_weeks_share:pct1}|（在本期满八周的 {within_8_weeks_of:int} 件中 {within_8_weeks_n:int} 件）",
        "On calendar days {within_8_weeks_share:pct1} were closed within eight weeks| ({within_8_weeks_n:int} of the "
        "{within_8_weeks_of:int} whose eight weeks ended in the period)",
    )
    if due == ["within_15_days"]:
        both = Words(
            "自然日口径：15 天内办结 {within_15_days_share:pct1}|（{within_15_days_of:int} 件中 {within_15_days_n:int} 件）",
            "On calendar days {within_15_days_share:pct1} were closed within 15 days| ({within_15_days_n:int} of {within_15_days_of:int})",
        )
    elif len(due) == 2:
        both = Words(
            f"{both.zh}；15 天内办结 {{within_15_days_share:pct1}}（{{within_15_days_of:int}} 件中 {{within_15_days_n:int}} 件）",
            f"{both.en}; {{within_15_days_share:pct1}} within 15 days ({{within_15_days_n:int}} of {{within_15_days_of:int}})",
        )
    words = Words(f"{both.zh}。", f"{both.en}.")
    yield Finding("sla.regulator", "note", words, values, 0.4)


def _limits(seen: Seen, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """What stands behind the figures: the period, the rules, and what could not be measured."""
    if seen.period.is_partial or not seen.judged:
        words = Words(
            "{period:period}尚不完整|：数据截至 {as_of:moment}，只计时限已届满的，不与完整的各期相比。",
            "{period:period} is not complete|: seen until {as_of:moment}; only limits that have run out are in it, and it is not "
            "compared with whole periods.",
        )
        yield Finding("sla.partial", "note", words, {"period": seen.period, "as_of": seen.period.as_of}, 0.66)
    measured = {promise.name for promise in seen.promises}
    if not measured:
        needs = (
            "complaints.severity" if not seen.book.has("complaints", "severity") else "complaints.resolved_at"
        )
        words = Words(
            "各等级的时限未测量|：需要 {needs:text}。",
            "The limits by grade are not measured|: they need {needs:text}.",
        )
        yield Finding("sla.not_measured", "note", words, {"needs": needs}, 0.6)
        return
    if tables["grades"].empty:
        words = Words(
            "{period:period}没有到期的时限|，无从计算按期率。",
            "No limit ran out in {period:period}|, so there is no share on time.",
        )
        yield Finding("sla.none_due", "note", words, {"period": seen.period}, 0.5)
    if seen.rules.sla.pauses and not seen.pauses:
        words = Words(
            "等待客户的时间未能扣除|：规则要求停表，但没有各环节的记录（需要 events.waiting_on），按期率因此偏低。",
            "Waiting on the customer is not taken out|: the rules stop the clock for it, but there is no record of stages (needs "
            "events.waiting_on), so the shares on time read low.",
        )
        yield Finding("sla.pauses", "note", words, {}, 0.35)
