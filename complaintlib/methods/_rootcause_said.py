"""What `rootcause` says of the reason: its size and growth, what sets it apart, since when, and what it is made of."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..period import UNITS
from ..result import Finding
from ..rules import load_rules
from ..words import Words, column
from . import _rootcause_who as who
from ._rootcause_apart import grown_traits, leading_traits
from ._rootcause_choice import Seen
from ._rootcause_counts import TIMES

TIMED = {"weekday": "on ", "daypart": "", "monthpart": "on the "}  # before the words in English
TOLD = 3  # traits that get a sentence of their own
WORTH = 0.03  # of the cases: what such a trait must have too many
ALONG = 2  # sentences on traits that go along with others
Tables = Mapping[str, pd.DataFrame]


def said(seen: Seen, tables: Tables, given: bool) -> Iterator[Finding]:
    if not seen.reason:
        words = Words(
            "{period:period}没有已分类的投诉|，无从追查原因。",
            "No classified complaints in {period:period}|: there is no reason to look into.",
        )
        yield Finding("rootcause.empty", "note", words, {"period": seen.period}, 0.3)
    else:
        fact = tables["facts"].iloc[0]
        yield _problem(seen, fact, given)
        if fact["n"]:
            yield from _apart(seen, tables, fact)
            yield from _grown(seen, tables["apart"])
            yield from _made_of(seen, tables["subreasons"])
            yield from who.invited(seen.reason, tables["who"])
            yield from who.stages(seen.reason, tables["stages"])
        yield from who.doing(seen, tables["doing"])
        yield from who.limits(fact)
    yield from who.partial(seen)


# ------------------------------------------------------------------------------------------------ the problem


def _problem(seen: Seen, fact: pd.Series, given: bool) -> Finding:
    row = seen.reasons[seen.reasons["reason"] == seen.reason].iloc[0]
    values = {"reason": seen.reason, "n": row["n"], "share_classified": fact["share_classified"]}
    part = Words(
        "占已分类投诉的 {share_classified:pct}", "{share_classified:pct} of all classified complaints"
    )
    if row["moved"] == "none":
        words = Words(
            f"“{{reason:reason}}”{{n:int}} 件，{part.zh}|；没有可比的历史，不判断是否增多。",
            f"“{{reason:reason}}”: {{n:int}} complaints, {part.en}|; there is no history to tell whether they are more than usual.",
        )
        return Finding("rootcause.problem", "note", words, values, 0.6)
    values |= {
        k: row[k] for k in ("n_due", "beyond", "beyond_low", "beyond_high", "q", "n_then") if pd.notna(row[k])
    }
    values["periods_then"] = len(seen.past)
    unit = UNITS[seen.period.kind]
    per = Words("每单", "per order") if seen.measure else Words("每天", "per day")
    began = Words("", "")
    if pd.notna(fact["began_on"]):
        values["began_on"] = fact["began_on"]
        began = Words("；大约从{began_on:day}开始", "; since about {began_on:day}")
    form = "num1" if row["n_due"] < 10 else "int"
    due = Words(
        f"按此前 {{periods_then:int}} {unit.zh}{per.zh}的件数应有 {{n_due:{form}}} 件",
        f"at the rate {per.en} of the {{periods_then:int}} {unit.en} before, {{n_due:{form}}} were due",
    )
    wide = Words(
        "多出件数的 95% 区间 {beyond_low:int} 至 {beyond_high:int}，",
        "95% interval of the excess {beyond_low:int} to {beyond_high:int}, ",
    )
    if row["n_then"] == 0:
        wide = Words("", "")
        due = Words(
            f"此前 {{periods_then:int}} {unit.zh}没有一件",
            f"there was none in the {{periods_then:int}} {unit.en} before",
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
            f"{first.en}“{{reason:reason}}”, {{n:int}} complaints, {{beyond:int}} more than expected|; {due.en}{began.en}; {part.en}"
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
        f"{first.en}“{{reason:reason}}”, {{n:int}} complaints, {state.en}|; {due.en}; {part.en}; difference {{beyond:+int}}{sure.en}.",
    )
    return Finding("rootcause.problem", "note", words, values, 0.6)


# ----------------------------------------------------------------------------------------------- what is apart


def _apart(seen: Seen, tables: Tables, fact: pd.Series) -> Iterator[Finding]:
    table, least = tables["apart"], load_rules().statistics.min_count
    others = fact["n_classified"] - fact["n"]
    if min(fact["n"], others) < least:
        few = Words("这类投诉只有 {n:int} 件", "there are only {n:int} of these complaints")
        values = {"n": fact["n"]}
        if others < fact["n"]:
            few, values = Words("其他原因的投诉太少", "there are too few complaints for other reasons"), {}
        words = Words(
            f"样本太少，不与其他原因比较|：{few.zh}，两边各至少需要 {least} 件。",
            f"Too few to compare with other reasons|: {few.en}; it takes {least} on either side.",
        )
        yield Finding("rootcause.few", "note", words, values, 0.45)
        return
    lead = leading_traits(table)
    if fact["began_on"] >= seen.period.start:  # what is only a part of a month old comes in that part
        lead = lead[lead["attribute"] != "monthpart"]
    placed = lead[~lead["attribute"].isin(TIMES)]
    told = placed[placed["excess"] >= WORTH * fact["n"]].head(TOLD)
    yield from (_trait(seen.reason, row, place) for place, row in enumerate(told.to_dict("records")))
    if rest := len(placed) - len(told):
        words = Words(
            f"另有 {rest} 个特征也更常见|：见“与众不同之处”表。",
            f"{'One more trait is' if rest == 1 else f'{rest} more traits are'} more common too|: see the table of what sets it apart.",
        )
        yield Finding("rootcause.also", "note", words, {}, 0.2)
    yield from _core(seen, tables["core"])
    yield from _along(table)
    if not fact["share_busiest"] >= who.BURST:
        yield from _times(lead[lead["attribute"].isin(TIMES)], table)
    if placed.empty:
        but = Words("", "")
        if len(lead):
            but = Words("；只有收到的时间不同", "; only the time of receipt is different")
        words = Words(
            f"“{{reason:reason}}”没有集中在哪里|：检验了 {{traits_tested:int}} 个特征（产品、地区、渠道、时间等），差别都可能出于偶然{but.zh}。",
            f"“{{reason:reason}}” is not concentrated anywhere|: of {{traits_tested:int}} traits (products, places, channels, times ...) "
            f"none is surely more common than in the other reasons{but.en}.",
        )
        values = {"reason": seen.reason, "traits_tested": fact["traits_tested"]}
        yield Finding("rootcause.none", "note", words, values, 0.5)


def _trait(reason: str, row: dict[str, Any], place: int) -> Finding:
    name = row["attribute"]
    what = column(name).words
    values = {name: row[name], "reason": reason} | {
        k: row[k]
        for k in ("n", "share_now", "share_others", "expected", "share_apart_low", "share_apart_high", "q")
    }
    then = Words("", "")
    if row["moved"] in ("up", "down", "same", "share"):
        values |= {"share_then": row["share_then"]}
        then = {
            "up": Words(
                "；此前占 {share_then:pct}，如今更集中",
                "; before it was {share_then:pct}, so it has become more so",
            ),
            "same": Words(
                "；此前占 {share_then:pct}，一向如此",
                "; before it was {share_then:pct}: it has always been so",
            ),
            "share": Words(
                "；此前占 {share_then:pct}，但按它自己的业务量看，件数未见变化",
                "; before it was {share_then:pct}, but for its own volume its number shows no change",
            ),
            "down": Words(
                "；此前占 {share_then:pct}，已有缓解", "; before it was {share_then:pct}, so it has eased"
            ),
        }[row["moved"]]
    words = Words(
        f"“{{reason:reason}}”集中在{what.zh}“{{{name}:{name}}}”：占 {{share_now:pct}}，其他原因只占 {{share_others:pct}}|；{{n:int}} 件，若与其他原因"
        f"一样应为 {{expected:int}} 件{then.zh}；占比之差的 95% 区间 {{share_apart_low:points}} 至 {{share_apart_high:pp}}，q 值 {{q:p}}。",
        f"“{{reason:reason}}” is concentrated in {what.en.lower()} “{{{name}:{name}}}”: {{share_now:pct}} of it, {{share_others:pct}} of "
        f"the other reasons|; {{n:int}}, where the other reasons lead to {{expected:int}}{then.en}; 95% interval of the difference "
        "{share_apart_low:points} to {share_apart_high:pp}, q {q:p}.",
    )
    fresh = row["moved"] == "up"
    return Finding("rootcause.apart", "watch" if fresh else "note", words, values, 0.6 - 0.04 * place)


def _core(seen: Seen, core: pd.DataFrame) -> Iterator[Finding]:
    for row in core.to_dict("records"):
        dims = [d for d in core if d in seen.dims and isinstance(row[d], str)]
        names = " × ".join(f"“{{{d}:{d}}}”" for d in dims)
        values = (
            {d: row[d] for d in dims}
            | {"reason": seen.reason}
            | {k: row[k] for k in ("n", "share_now", "share_others", "n_others")}
        )
        words = Words(
            f"“{{reason:reason}}”最集中之处：{names}，占 {{share_now:pct}}，其他原因只占 {{share_others:pct}}|；{{n:int}} 件，其他原因 {{n_others:int}} 件"
            "；后附的案例取自这里。",
            f"“{{reason:reason}}” is most concentrated in {names}: {{share_now:pct}} of it, {{share_others:pct}} of the other "
            "reasons|; {n:int}, against {n_others:int} for all other reasons; the example cases are from there.",
        )
        yield Finding("rootcause.core", "note", words, values, 0.58)


def _along(table: pd.DataFrame) -> Iterator[Finding]:
    """Traits that are common only because a stronger one is."""
    held = table[(table["contrast"] == "more") & table["reflects"].notna()]
    for (other, name), rows in list(held.groupby(["reflects", "attribute"], sort=False))[:ALONG]:
        dim, _, code = other.partition("=")
        values = {"names": list(rows[name].head(TOLD)), dim: code}
        more = len(rows) - TOLD
        zh, en = (f"等 {len(rows)} 个", f", {more} more") if more > 0 else ("", "")
        words = Words(
            f"{column(name).words.zh}（{{names:{name}}}{zh}）也偏多，但那是随“{{{dim}:{dim}}}”而来|：在它之内和之外分别比较，差别大半消失。",
            f"{column(name).words.en} ({{names:{name}}}{en}): more common too, but only because “{{{dim}:{dim}}}” is|; compared within "
            "and outside it, most of the difference is gone.",
        )
        yield Finding("rootcause.along", "note", words, values, 0.4)


def _times(lead: pd.DataFrame, table: pd.DataFrame) -> Iterator[Finding]:
    for row in lead.head(2).to_dict("records"):
        name = row["attribute"]
        values = {name: row[name]} | {k: row[k] for k in ("n", "share_now", "share_others", "q")}
        words = Words(
            f"多在{{{name}:{name}}}收到：占 {{share_now:pct}}，其他原因 {{share_others:pct}}|；{{n:int}} 件；q 值 {{q:p}}。",
            f"More of them are received {TIMED[name]}{{{name}:{name}}}: {{share_now:pct}}, {{share_others:pct}} of the other reasons|; "
            "{n:int}; q {q:p}.",
        )
        yield Finding("rootcause.time", "note", words, values, 0.42)
    looked = table[table["attribute"].isin(TIMES) & table["q"].notna()]
    if lead.empty and len(looked) and not (looked["contrast"] == "more").any():
        words = Words(
            "收到的时间没有特别之处|：星期、一天中的时段、上中下旬都与其他原因相近。",
            "Nothing special about when they come|: weekdays, times of day and thirds of the month are as for the other reasons.",
        )
        yield Finding("rootcause.any_time", "note", words, {}, 0.15)


def _grown(seen: Seen, table: pd.DataFrame) -> Iterator[Finding]:
    chosen = seen.reasons[seen.reasons["reason"] == seen.reason].iloc[0]
    grown = grown_traits(seen, table)
    if grown.empty:
        return
    row = grown.iloc[0]
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


def _made_of(seen: Seen, table: pd.DataFrame) -> Iterator[Finding]:
    if len(table) < 2 or not table["n"].sum():
        return
    first = table.iloc[0]
    values = {"subreason": first["subreason"], "n": first["n"], "share_now": first["share_now"]}
    up = table[(table["moved"] == "up") & (table["beyond"] > 0)].sort_values(
        "beyond", ascending=False, kind="stable"
    )
    change = Words("", "")
    if len(up):
        top = up.iloc[0]
        values |= {
            "rising": top["subreason"],
            "share_then": top["share_then"],
            "share": top["share_now"],
            "q": top["q"],
        }
        change = Words(
            "；比重上升的是“{rising:subreason}”，由 {share_then:pct} 升至 {share:pct}；q 值 {q:p}",
            "; “{rising:subreason}” has gained, from {share_then:pct} to {share:pct}; q {q:p}",
        )
    elif table["moved"].isin(["same", "down"]).any():
        change = Words("；各细分原因的比重没有确实上升的", "; none has surely gained on the others")
    words = Words(
        f"细分原因以“{{subreason:subreason}}”居首：{{n:int}} 件，占 {{share_now:pct}}|{change.zh}。",
        f"The largest sub-reason is “{{subreason:subreason}}”: {{n:int}}, {{share_now:pct}}|{change.en}.",
    )
    yield Finding("rootcause.made_of", "note", words, values, 0.48)
