"""What `rootcause` says of the size of the reason and of its growth: how much, since when, and where it comes from."""

from collections.abc import Iterator

import pandas as pd

from ..period import KIND_WORDS, UNITS
from ..result import Finding
from ..words import Words
from ._rootcause_apart import grown_traits
from ._rootcause_choice import Seen


def problem(seen: Seen, fact: pd.Series, given: bool) -> Finding:
    row = seen.reasons[seen.reasons["reason"] == seen.reason].iloc[0]
    values = {"reason": seen.reason, "n": row["n"], "share_classified": fact["share_classified"]}
    part = Words(
        "占已分类投诉的 {share_classified:pct}", "{share_classified:pct} of all classified complaints"
    )
    if row["moved"] == "none":
        words = Words(
            f"“{{reason:reason}}”{{n:int}} 件，{part.zh}|；没有可比的历史，不判断是否增多。",
            f"“{{reason:reason}}”: {{n:int}} {{n:complaint/complaints}}, {part.en}|; there is no history to tell whether they are more than usual.",
        )
        return Finding("rootcause.problem", "note", words, values, 0.6)
    values |= {
        k: row[k] for k in ("n_due", "beyond", "beyond_low", "beyond_high", "q", "n_then") if pd.notna(row[k])
    }
    values["periods_then"] = len(seen.past)
    unit, one = UNITS[seen.period.kind], KIND_WORDS[seen.period.kind]
    per = Words("每单", "per order") if seen.measure else Words("每天", "per day")
    began = Words("", "")
    if pd.notna(fact["began_on"]):
        values["began_on"] = fact["began_on"]
        began = Words("；大约从{began_on:day}开始", "; since about {began_on:day}")
    form = "num1" if row["n_due"] < 10 else "int"
    due = Words(
        f"按此前 {{periods_then:int}} {unit.zh}{per.zh}的件数应有 {{n_due:{form}}} 件",
        f"at the rate {per.en} of the {{periods_then:int}} {{periods_then:{one.en}/{unit.en}}} before, {{n_due:{form}}} were due",
    )
    wide = Words(
        "多出件数的 95% 区间 {beyond_low:int} 至 {beyond_high:int}，",
        "95% interval of the excess {beyond_low:int} to {beyond_high:int}, ",
    )
    if row["n_then"] == 0:
        wide = Words("", "")
        due = Words(
            f"此前 {{periods_then:int}} {unit.zh}没有一件",
            f"there was none in the {{periods_then:int}} {{periods_then:{one.en}/{unit.en}}} before",
        )
    sure = (
        Words(
            "（95% 区间 {beyond_low:+int} 至 {beyond_high:+int}，q 值 {q:p}）",
            " (95% interval {beyond_low:+int} to {beyond_high:+int}, q {q:p})",
        )
        if {"beyond_low", "beyond_high", "q"} <= values.keys()
        else Words("", "")
    )
    if row["moved"] == "up":
        first = Words("", "") if given else Words("最需要追查的是", "Most in need of a root-cause analysis: ")
        words = Words(
            f"{first.zh}“{{reason:reason}}”：{{n:int}} 件，比预期多 {{beyond:int}} 件|；{due.zh}{began.zh}；{part.zh}"
            f"；{wide.zh}q 值 {{q:p}}。",
            f"{first.en}“{{reason:reason}}”, {{n:int}} {{n:complaint/complaints}}, {{beyond:int}} more than expected|; {due.en}{began.en}; {part.en}"
            f"; {wide.en}q {{q:p}}.",
        )
        return Finding("rootcause.problem", "watch", words, values, 0.7)
    state = Words("不能证明多于预期", "not shown to be more than expected")
    if row["moved"] == "down":
        state = Words("少于预期", "fewer than expected")
    first = Words("", "")
    if not given:
        zh, en = ("件数够多的", " of enough cases") if (seen.reasons["moved"] == "up").any() else ("一类", "")
        first = Words(
            f"没有{zh}原因确实增多；就件数最多的看：", f"No reason{en} has surely grown; the largest one: "
        )
    words = Words(
        f"{first.zh}“{{reason:reason}}”{{n:int}} 件，{state.zh}|；{due.zh}；{part.zh}；相差 {{beyond:+int}} 件{sure.zh}。",
        f"{first.en}“{{reason:reason}}”, {{n:int}} {{n:complaint/complaints}}, {state.en}|; {due.en}; {part.en}; difference {{beyond:+int}}{sure.en}.",
    )
    return Finding("rootcause.problem", "note", words, values, 0.6)


def grown(seen: Seen, table: pd.DataFrame) -> Iterator[Finding]:
    chosen = seen.reasons[seen.reasons["reason"] == seen.reason].iloc[0]
    found = grown_traits(seen, table)
    if found.empty:
        return
    row = found.iloc[0]
    name = row["attribute"]
    values = {name: row[name], "reason": seen.reason, "beyond": row["beyond"], "all": chosen["beyond"]} | {
        k: row[k] for k in ("n", "n_due", "share_then", "share_now", "q_change")
    }
    most = row["beyond"] >= chosen["beyond"] / 2
    zh, en = ("主要", "mainly") if most else ("部分", "in part")
    words = Words(
        f"“{{reason:reason}}”的增加{zh}来自“{{{name}:{name}}}”：它比预期多 {{beyond:int}} 件，这类投诉合计多 {{all:int}} 件|；它本期 {{n:int}} 件，应有 {{n_due:int}} 件"
        "；在这类投诉中由 {share_then:pct} 升至 {share_now:pct}；q 值 {q_change:p}。",
        f"The rise of “{{reason:reason}}” comes {en} from “{{{name}:{name}}}”: {{beyond:int}} more than expected there, {{all:int}} in all|; "
        "{n:int} now, {n_due:int} expected; from {share_then:pct} to {share_now:pct} of these complaints; q {q_change:p}.",
    )
    yield Finding("rootcause.grown", "watch", words, values, 0.62)
