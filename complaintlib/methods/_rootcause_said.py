"""What `rootcause` says of the reason: what sets it apart, and what it is made of."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..result import Finding
from ..rules import load_rules
from ..words import Words, column
from . import _rootcause_growth as growth
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
        yield growth.problem(seen, fact, given)
        if fact["n"]:
            yield from _apart(seen, tables, fact)
            yield from growth.grown(seen, tables["apart"])
            yield from _made_of(seen, tables["subreasons"])
            yield from who.invited(seen.reason, tables["who"])
            yield from who.stages(seen.reason, tables["stages"])
        yield from who.doing(seen, tables["doing"])
        yield from who.limits(fact)
    yield from who.partial(seen)


# ----------------------------------------------------------------------------------------------- what is apart


def _apart(seen: Seen, tables: Tables, fact: pd.Series) -> Iterator[Finding]:
    table, least = tables["apart"], load_rules().statistics.min_count
    others = fact["n_classified"] - fact["n"]
    if min(fact["n"], others) < least:
        few = Words("这类投诉只有 {n:int} 件", "there {n:is/are} only {n:int} of these complaints")
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
    known = set(grown_traits(seen, table).index[:1])  # which has a sentence of its own that it has grown
    for place, (at, row) in enumerate(told.iterrows()):
        yield _trait(seen.reason, row.to_dict(), place, row["moved"] == "up" and at not in known)
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


def _trait(reason: str, row: dict[str, Any], place: int, fresh: bool) -> Finding:
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
            "q_change": top["q_change"],
        }
        change = Words(
            "；比重上升的是“{rising:subreason}”，由 {share_then:pct} 升至 {share:pct}；q 值 {q_change:p}",
            "; “{rising:subreason}” has gained, from {share_then:pct} to {share:pct}; q {q_change:p}",
        )
    elif table["moved"].isin(["same", "down"]).any():
        change = Words("；各细分原因的比重没有确实上升的", "; none has surely gained on the others")
    words = Words(
        f"细分原因以“{{subreason:subreason}}”居首：{{n:int}} 件，占 {{share_now:pct}}|{change.zh}。",
        f"The largest sub-reason is “{{subreason:subreason}}”: {{n:int}}, {{share_now:pct}}|{change.en}.",
    )
    yield Finding("rootcause.made_of", "note", words, values, 0.48)
