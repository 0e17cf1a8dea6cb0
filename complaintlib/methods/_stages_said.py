"""What `stages` says: where the time goes, what takes longer and since when, what explains the change per case."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ..period import Period
from ..result import Finding
from ..rules import load_rules
from ..words import Words

ALL = "(all)"
CLOCK = {"worked": Words("工作时间", "work clock"), "elapsed": Words("日历时间", "calendar clock")}
WORTH = 1.1  # a ratio nearer to 1 is in the table, but no finding
LARGE = 1.5
SMALL = 0.03  # a change of the time per case by less than this share is none
NAMED = 3
Tables = Mapping[str, pd.DataFrame]


def said(period: Period, clock: str, tables: Tables, broken: pd.Timestamp | None) -> Iterator[Finding]:
    table, least = tables["stages"], load_rules().statistics.min_count
    if table.empty:
        words = Words(
            "{period:period}没有案件在处理环节中|，无从分析。",
            "No case was in any stage in {period:period}|; there is nothing to analyse.",
        )
        yield Finding("stages.empty", "note", words, {"period": period}, 0.3)
        return
    total = table.iloc[-1]
    if total["visits"] < least:
        words = Words(
            f"样本太少，不作判断|：本期进入各环节共 {{visits:int}} 次，至少需要 {least} 次。",
            f"Too few to judge|: {{visits:int}} {{visits:stage was/stages were}} entered in the period; it takes {least}.",
        )
        yield Finding("stages.few", "note", words, {"visits": total["visits"]}, 0.3)
    else:
        yield _where(table, total, clock)
        yield from _slower(tables["shifts"], clock)
        if len(tables["explained"]):
            yield _explained(tables["explained"], clock)
        if tables["paths"]["n"].max() >= least:
            yield _paths(tables["paths"])
        yield from _standing(table, total, clock)
        yield from _bias(table)
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，已进入各环节 {visits:int} 次；不与整期比较。",
            "{period:period} is not over|: seen until {as_of:moment}, {visits:int} {visits:visit/visits} so far; not compared with whole "
            "periods.",
        )
        values = {"period": period, "as_of": period.as_of, "visits": total["visits"]}
        yield Finding("stages.partial", "note", words, values, 0.7)
    if broken is not None:
        words = Words(
            "环节或部门的划分在 {on:day}有调整|：只与此后各期比较。",
            "The stages or departments were changed on {on:day}|; only later periods are compared.",
        )
        yield Finding("stages.break", "note", words, {"on": broken}, 0.5)


def _where(table: pd.DataFrame, total: pd.Series, clock: str) -> Finding:
    first, on = table.iloc[0], CLOCK[clock]
    values = first[["stage", "share_time", "spent_hours"]].to_dict() | {"total_hours": total["spent_hours"]}
    if pd.isna(first["share_time"]):
        words = Words(
            "各环节都没有占用时间|：所有案件次都不足一分钟。",
            "No stage took any time|: all visits were shorter than a minute.",
        )
        return Finding("stages.where", "note", words, {}, 0.3)
    zh, en = "", ""
    if pd.notna(first["median_hours"]):
        values["median_hours"] = first["median_hours"]
        zh, en = "；一次的中位时长 {median_hours:sig} 小时", "; the median visit takes {median_hours:sig} h"
        if pd.notna(first["p90_hours"]):
            values["p90_hours"] = first["p90_hours"]
            zh, en = (
                zh + "，十次中有一次超过 {p90_hours:sig} 小时",
                en + ", one in ten more than {p90_hours:sig} h",
            )
    if total.get("share_waiting", 0) > 0:
        values["share_waiting"] = total["share_waiting"]
        zh += "；全部环节的时间中，{share_waiting:pct} 在等客户或第三方"
        en += "; of the time in all stages, {share_waiting:pct} was waiting for customers or third parties"
    words = Words(
        f"“{{stage:stage}}”占去处理时间的 {{share_time:pct}}|，居各环节之首：{{spent_hours:int}} 小时，全部环节共 "
        f"{{total_hours:int}} 小时（{on.zh}）{zh}。",
        f"“{{stage:stage}}” takes {{share_time:pct}} of the handling time|, more than any other stage: {{spent_hours:int}} of "
        f"{{total_hours:int}} h ({on.en}){en}.",
    )
    return Finding("stages.where", "note", words, values, 0.7)


def _slower(changes: pd.DataFrame, clock: str) -> Iterator[Finding]:
    """One finding a stage and direction: the department that weighs most, where departments stand out."""
    if changes.empty:
        return
    clear = changes[changes["moved"].isin(["up", "down"])]
    clear = clear[(clear["times"] >= WORTH) | (clear["times"] <= 1 / WORTH)]
    weight = abs(clear["visits_since"] * (clear["hours_since"] - clear["hours_before"]))
    clear = clear.assign(
        general=clear["department"] == ALL,
        tail=clear["quantile"] == "p90",
        weight=weight,
    ).sort_values(["general", "tail", "weight", "stage"], ascending=[True, True, False, True])
    chosen = clear.drop_duplicates(["stage", "moved"]).sort_values(
        ["weight", "stage"], ascending=[False, True]
    )
    for moved, most in (("up", NAMED), ("down", 2)):
        for row in chosen[chosen["moved"] == moved].head(most).to_dict("records"):
            others = clear[(clear["stage"] == row["stage"]) & (clear["moved"] == moved) & ~clear["general"]]
            yield _change(row, [d for d in others["department"].unique() if d != row["department"]], clock)
    if chosen.empty:
        words = Words(
            "各环节的时长未见超出平时波动的变化|：共检验 {k:int} 项（环节、部门的中位与九成时长）。",
            "No stage has changed its length by more than the usual wobble|: {k:int} medians and 90th percentiles of stages "
            "and departments were tested.",
        )
        yield Finding("stages.steady", "note", words, {"k": len(changes)}, 0.4)


def _change(row: dict, others: list[str], clock: str) -> Finding:
    up, on = row["moved"] == "up", CLOCK[clock]
    names = [
        "stage",
        "since",
        "times",
        "times_low",
        "times_high",
        "hours_before",
        "hours_since",
        "visits_since",
        "q",
    ]
    values = {name: row[name] for name in names}
    place = Words("“{stage:stage}”", "“{stage:stage}”")
    if row["department"] != ALL:
        values["department"] = row["department"]
        place = Words("{department:department}“{stage:stage}”", "“{stage:stage}” at {department:department}")
    what = {
        "median": Words("的中位时长", "the median visit to"),
        "p90": Words("最慢的一成", "the slowest tenth of visits to"),
    }[row["quantile"]]
    size = Words("为此前的 {times:sig} 倍", "{times:sig} times as long as before")
    if not up:
        size = Words("只有此前的 {times:pct}", "only {times:pct} of the time it took before")
    also = Words("", "")
    if others:
        values["others"] = others
        also = Words("；{others:department}也是如此", "; so has {others:department}")
    words = Words(
        f"{{since:period}}起，{place.zh}{what.zh}{size.zh}|：{{hours_before:sig}} 小时{'升' if up else '降'}至 "
        f"{{hours_since:sig}} 小时（{on.zh}），此后 {{visits_since:int}} 次；倍数的 95% 区间 {{times_low:num2}} 至 {{times_high:num2}}"
        f"（q {{q:p}}）{also.zh}。",
        f"Since {{since:period}} {what.en} {place.en} has taken {size.en}|: {{hours_since:sig}} h instead of {{hours_before:sig}} h "
        f"({on.en}), over {{visits_since:int}} {{visits_since:visit/visits}}; 95% interval of the ratio {{times_low:num2}} to {{times_high:num2}} "
        f"(q {{q:p}}){also.en}.",
    )
    large = up and row["times"] >= LARGE and row["quantile"] == "median"
    level = "act" if large else "watch" if up else "good"
    return Finding(f"stages.{'slower' if up else 'faster'}", level, words, values, 0.85 if large else 0.6)


def _explained(table: pd.DataFrame, clock: str) -> Finding:
    total, rows, on = table.iloc[-1], table.iloc[:-1], CLOCK[clock]
    same_way = rows[rows["change_hours"] * total["change_hours"] > 0]
    more = total["change_hours"] > 0
    values = total[["per_case", "per_case_before", "change_hours"]].to_dict()
    if abs(total["change_hours"]) < SMALL * total["per_case_before"]:
        words = Words(
            f"每办结一件平均用时 {{per_case:sig}} 小时，与上期相近|（{on.zh}；上期 {{per_case_before:sig}} 小时）。",
            f"A closed case took {{per_case:sig}} h on average, about as long as in the period before| ({on.en}; "
            "{per_case_before:sig} h).",
        )
        return Finding("stages.explained", "note", words, values, 0.4)
    head = Words(
        f"每办结一件平均用时 {{per_case:sig}} 小时，比上期{'多' if more else '少'}|（{on.zh}；变化 {{change_hours:+sig}} 小时，"
        "上期 {per_case_before:sig} 小时）",
        f"A closed case took {{per_case:sig}} h on average, {'more' if more else 'less'} than in the period before| ({on.en}; "
        "{change_hours:+sig} h against {per_case_before:sig} h)",
    )
    if same_way.empty:
        words = Words(head.zh + "。", head.en + ".")
        return Finding("stages.explained", "note", words, values, 0.4)
    first = same_way.iloc[0]
    values |= {"stage": first["stage"], "stage_change": first["change_hours"]}
    values |= first[["by_visits", "by_length"]].to_dict()
    zh = "，主要在“{stage:stage}”（{stage_change:+sig} 小时）：每次时长 {by_length:+sig}，次数 {by_visits:+sig}"
    en = ", mostly at “{stage:stage}” ({stage_change:+sig} h): length of visits {by_length:+sig}, number of visits {by_visits:+sig}"
    sure = pd.notna(first["q"]) and first["q"] <= load_rules().statistics.fdr
    if pd.notna(first["q"]):
        values |= first[["visit_change", "visit_change_low", "visit_change_high", "q"]].to_dict()
        zh += "；本期进入者每次的时长变化 {visit_change:+sig} 小时，95% 区间 {visit_change_low:+sig} 至 {visit_change_high:+sig}（q {q:p}）"
        en += "; visits begun in the period changed by {visit_change:+sig} h each, 95% interval {visit_change_low:+sig} to {visit_change_high:+sig} (q {q:p})"
        zh += "" if sure else "，不足以断定"
        en += "" if sure else ", too little to be sure"
    along = sure and first["visit_change"] * total["change_hours"] > 0
    level = ("watch" if more else "good") if along else "note"
    return Finding("stages.explained", level, Words(f"{head.zh}{zh}。", f"{head.en}{en}."), values, 0.55)


def _paths(table: pd.DataFrame) -> Finding:
    rows = table.set_index("path")
    values = {"n": rows["n"].iloc[0], "rework": rows.loc["rework", "path_share"]}
    values |= {
        "handovers": rows.loc["handovers", "path_mean"],
        "ping_pong": rows.loc["ping_pong", "path_share"],
    }
    words = Words(
        "办结案件中有 {rework:pct1} 返工|（回到离开过的环节），共 {n:int} 件；平均每件转手 {handovers:num1} 次，{ping_pong:pct} 曾退回刚转来的部门",
        "{rework:pct1} of the closed cases were reworked| (went back to a stage they had left), of {n:int}; a case was handed on "
        "{handovers:num1} times on average, {ping_pong:pct} went back to the department they had just come from",
    )
    level, zh, en = "note", "。", "."
    if "moved" in rows:
        moved = rows[rows["moved"].isin(["up", "down"])]
        if moved.empty:
            zh, en = "；与上期相比未见变化。", "; no change shown against the period before."
        else:
            first = moved.loc[moved["q"].idxmin()]
            values |= {"path": first.name} | first[["share_change", "path_share_then", "q"]].to_dict()
            zh = "；{path:path}的比例比上期变化 {share_change:pp}（上期 {path_share_then:pct1}，q {q:p}）。"
            en = "; the share with {path:path} changed by {share_change:pp} (it was {path_share_then:pct1}; q {q:p})."
            level = "watch" if first["moved"] == "up" else "good"
    return Finding("stages.paths", level, Words(words.zh + zh, words.en + en), values, 0.45)


def _standing(table: pd.DataFrame, total: pd.Series, clock: str) -> Iterator[Finding]:
    """Where the cases stand that were not over at the end, by the time they have been there."""
    if total["waited_hours"] == 0:
        return
    row, on = table.iloc[:-1].loc[table.iloc[:-1]["waited_hours"].idxmax()], CLOCK[clock]
    words = Words(
        f"期末停在“{{stage:stage}}”的 {{still_in:int}} 件等得最久|：合计已等 {{waited_hours:int}} 小时（{on.zh}）；全部环节 "
        "{still_all:int} 件，合计 {waited_all:int} 小时。",
        f"The {{still_in:int}} {{still_in:case/cases}} that stood at “{{stage:stage}}” at the end {{still_in:has/have}} waited most|: {{waited_hours:int}} h in all "
        f"({on.en}), of {{waited_all:int}} h by {{still_all:int}} {{still_all:case/cases}} at any stage.",
    )
    values = row[["stage", "still_in", "waited_hours"]].to_dict()
    values |= {"still_all": total["still_in"], "waited_all": total["waited_hours"]}
    yield Finding("stages.standing", "note", words, values, 0.5)


def _bias(table: pd.DataFrame) -> Iterator[Finding]:
    """Where leaving out the visits that are not over would mislead most."""
    rows = table[table["bias_hours"] < -0.05 * table["median_hours"]]
    if rows.empty:
        return
    row = rows.loc[(rows["bias_hours"] / rows["median_hours"]).astype(float).idxmin()]
    words = Words(
        "不计尚未离开的案件，“{stage:stage}”会显得更快|：中位 {naive_hours:sig} 小时，而非 {median_hours:sig} 小时；期末仍有 "
        "{still_in:int} 件在此。",
        "Without the cases still there, “{stage:stage}” would look faster| than it is: a median of {naive_hours:sig} h instead of "
        "{median_hours:sig} h; {still_in:int} {still_in:case was/cases were} there at the end.",
    )
    yield Finding(
        "stages.bias", "note", words, row[["stage", "naive_hours", "median_hours", "still_in"]].to_dict(), 0.3
    )
