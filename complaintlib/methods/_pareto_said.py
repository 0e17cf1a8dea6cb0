"""What `pareto` says: the vital few, what halving brings, how sure the order is, and what weighs more than its number."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ..period import Period
from ..result import Finding
from ..rules import load_rules
from ..words import Words, column

NAMED = 5  # categories named in a sentence
LIKELY = 0.8
MANY_BLANK = 0.05
WHAT = {
    "count": Words("投诉件数", "complaints"),
    "severity": Words("严重程度分", "severity points"),
    "cost": Words("赔付金额", "compensation"),
}


def said(by: str, period: Period, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    weight, main = next(iter(tables.items()))
    facts = tables["concentration"].set_index("weight")
    fact, least = facts.loc[weight], load_rules().statistics.min_count
    if fact["n"] == 0:
        words = Words(
            "{period:period}没有投诉|，无先后可排。",
            "No complaints in {period:period}|, so there is no order.",
        )
        yield Finding("pareto.empty", "note", words, {"period": period}, 0.3)
        return
    if fact["cases"] < least:
        words = Words(
            f"样本太少，不排先后|：可计的投诉 {{cases:int}} 件，至少需要 {least} 件。",
            f"Too few to put in order|: {{cases:int}} {{cases:complaint counts/complaints count}}; it takes {least}.",
        )
        yield Finding("pareto.few", "note", words, {"cases": fact["cases"]}, 0.3)
    else:
        yield _vital(by, weight, main, fact)
        if len(main) > 1:
            yield _halve(by, weight, main, fact)
            yield _order(by, main)
            heavy = [
                w
                for w in ("severity", "cost")
                if weight == "count" and w in tables and facts.loc[w, "cases"] >= least
            ]
            yield from (_heavier(by, other, main, tables[other]) for other in heavy)
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，共 {n:int} 件，先后还会变动。",
            "{period:period} is not over|: seen until {as_of:moment}, {n:int} {n:complaint/complaints} so far; the order will still move.",
        )
        yield Finding(
            "pareto.partial", "note", words, {"period": period, "as_of": period.as_of, "n": fact["n"]}, 0.7
        )
    if pd.notna(fact["broken_on"]):
        words = Words(
            "本期内分类有调整|：{on:day}前后的类别混在一起，先后须慎读。",
            "The categories were changed within the period|: those before and after {on:day} are mixed; read the order with care.",
        )
        yield Finding("pareto.break", "note", words, {"on": fact["broken_on"]}, 0.65)
    if fact["share_blank"] >= MANY_BLANK:
        what = column(by).words
        words = Words(
            f"{{share_blank:pct}} 的投诉没有填{what.zh}，未计入排列|：{{n:int}} 件中 {{n_blank:int}} 件。",
            f"{{share_blank:pct}} of the complaints have no {what.en.lower()} and no rank|: {{n_blank:int}} of {{n:int}}.",
        )
        yield Finding(
            "pareto.unclassified", "note", words, fact[["share_blank", "n", "n_blank"]].to_dict(), 0.4
        )


def _vital(by: str, weight: str, main: pd.DataFrame, fact: pd.Series) -> Finding:
    what, of = column(by).words, WHAT[weight]
    names = list(main[by].iloc[: int(fact["vital_few"])])
    values = fact[["vital_few", "categories", "vital_part", "same_top"]].to_dict() | {"names": names[:NAMED]}
    if len(main) == 1:
        words = Words(
            f"只有一类{what.zh}|：“{{{by}:{by}}}”，{{n:int}} 件，无先后可排。",
            f"There is only one {what.en.lower()}|: “{{{by}:{by}}}”, {{n:int}} {{n:case/cases}}; nothing to put in order.",
        )
        return Finding("pareto.one", "note", words, main.iloc[0][[by, "n"]].to_dict(), 0.5)
    if _spread(fact):
        values |= {by: names[0], "part": main["part_amount"].iloc[0]}
        words = Words(
            f"{of.zh}分散，没有关键少数|：{{categories:int}} 类{what.zh}中要 {{vital_few:int}} 类才占到 {{vital_part:pct}}；"
            f"最多的“{{{by}:{by}}}”占 {{part:pct1}}。",
            f"No vital few: {of.en} are spread|; it takes {{vital_few:int}} of {{categories:int}} categories to reach "
            f"{{vital_part:pct}}; the largest, “{{{by}:{by}}}”, has {{part:pct1}}.",
        )
        return Finding("pareto.spread", "note", words, values, 0.6)
    led = Words("以", "led by ") if len(names) > NAMED else Words("", "")
    end = "为首" if len(names) > NAMED else ""
    sure = Words(
        "同样的一期重来一次，居前的多半仍是这 {vital_few:int} 类（可能 {same_top:pct}）。",
        "If the period happened again, the same {vital_few:category/categories} would most likely lead (chance {same_top:pct}).",
    )
    unsure = Words(
        "具体是哪几类却不稳：同样的一期重来一次，居前的仍是这 {vital_few:int} 类的可能只有 {same_top:pct}。",
        "Which {vital_few:one/ones} is less sure: if the period happened again, the same {vital_few:category/categories} would lead with a chance of only "
        "{same_top:pct}.",
    )
    again = sure if fact["same_top"] >= LIKELY else unsure
    words = Words(
        f"{{categories:int}} 类{what.zh}中的 {{vital_few:int}} 类占{of.zh}的 {{vital_part:pct}}|：{led.zh}{{names:{by}}}{end}。{again.zh}",
        f"{{vital_few:int}} of {{categories:int}} categories {{vital_few:makes/make}} up {{vital_part:pct}} of {of.en}|: {led.en}{{names:{by}}}. {again.en}",
    )
    return Finding("pareto.vital_few", "note", words, values, 0.75)


def _spread(fact: pd.Series) -> bool:
    """Whether it takes more than half of the categories: then no few stand out."""
    return fact["vital_few"] > fact["categories"] / 2


def _halve(by: str, weight: str, main: pd.DataFrame, fact: pd.Series) -> Finding:
    first = main.iloc[0]
    values = first[[by, "halved", "halved_low", "halved_high", "halved_part"]].to_dict()
    every = Words("", "")
    if fact["vital_few"] > 1 and not _spread(fact):
        values |= fact[["vital_few", "vital_halved"]].to_dict()
        every = Words(
            "；{vital_few:int} 类关键少数都减半，可少 {vital_halved:int}",
            "; halving all {vital_few:int} of the vital few, {vital_halved:int}",
        )
    spared = {
        "count": Words("可少 {halved:int} 件投诉", "{halved:int} {halved:complaint/complaints}"),
        "severity": Words("严重程度分可少 {halved:int}", "{halved:int} severity {halved:point/points}"),
        "cost": Words("赔付可少 {halved:int}", "{halved:int} of compensation"),
    }[weight]
    words = Words(
        f"“{{{by}:{by}}}”若减半，{spared.zh}|（95% 区间 {{halved_low:int}} 至 {{halved_high:int}}），为总数的 {{halved_part:pct1}}"
        f"{every.zh}。前提是其他类别不变。",
        f"Halving “{{{by}:{by}}}” would spare {spared.en}| (95% interval {{halved_low:int}} to {{halved_high:int}}), "
        f"{{halved_part:pct1}} of the total{every.en}; provided that nothing else changes.",
    )
    return Finding("pareto.halve", "note", words, values, 0.55)


def _order(by: str, main: pd.DataFrame) -> Finding:
    """Whether the leading places can be told apart."""
    vital = main[main["vital"]]
    groups = main[main["rank_group"].isin(vital["rank_group"])].groupby("rank_group")
    group = next((rows for _, rows in groups if len(rows) > 1), None)
    if group is None:
        words = Words(
            "前 {k:int} 名的先后可以确定|：每一类都以不低于 95% 的把握领先下一类。",
            "The order of the first {k:int} is sure|: each is ahead of the next with at least 95% certainty.",
        )
        return Finding("pareto.order", "note", words, {"k": vital["rank"].iloc[-1]}, 0.3)
    values = {"first": group["rank"].iloc[0], "last": group["rank"].iloc[-1], "names": list(group[by])}
    if len(group) <= NAMED:
        words = Words(
            f"第 {{first:int}} 至第 {{last:int}} 名分不出先后|：{{names:{by}}}相差太小，可能只是偶然。",
            f"Places {{first:int}} to {{last:int}} cannot be ordered|: {{names:{by}}} lie so close that it may be chance.",
        )
        return Finding("pareto.order", "note", words, values, 0.5)
    group = group[group["vital"]]
    row = group.loc[(group["rank_high"] - group["rank_low"]).idxmax()]
    values = {"first": group["rank"].iloc[0]} | row[[by, "rank", "rank_low", "rank_high"]].to_dict()
    words = Words(
        f"自第 {{first:int}} 名起，先后并不确定|：例如第 {{rank:int}} 名“{{{by}:{by}}}”，名次在 {{rank_low:int}} 至 {{rank_high:int}} "
        "之间都有可能（95%）。",
        f"From place {{first:int}} on the order is not certain|: “{{{by}:{by}}}”, at place {{rank:int}}, could stand anywhere from "
        "{rank_low:int} to {rank_high:int} (95%).",
    )
    return Finding("pareto.order", "note", words, values, 0.5)


def _heavier(by: str, weight: str, main: pd.DataFrame, table: pd.DataFrame) -> Finding:
    """The category whose part of the points or the money clearly exceeds its part of the complaints; or that none does."""
    of, both = WHAT[weight], table.merge(main, on=by, suffixes=("", "_count"))
    ahead = both[both["part_low"] > both["part_high_count"]]
    if ahead.empty:
        row = table.iloc[0]
        words = Words(
            f"按{of.zh}排，没有哪一类明显重于件数|；居首的是“{{{by}:{by}}}”，占 {{part:pct1}}。",
            f"By {of.en} no category clearly weighs more than its number|; “{{{by}:{by}}}” leads with {{part:pct1}}.",
        )
        return Finding(f"pareto.{weight}", "note", words, {by: row[by], "part": row["part_amount"]}, 0.3)
    row = ahead.loc[(ahead["part_amount"] - ahead["part_amount_count"]).idxmax()]
    words = Words(
        f"“{{{by}:{by}}}”件数占 {{part_count:pct1}}，{of.zh}却占 {{part:pct1}}|（95% 区间 {{low:pct1}} 至 {{high:pct1}}）：按{of.zh}"
        "列第 {rank:int}，按件数列第 {rank_count:int}。",
        f"“{{{by}:{by}}}” is {{part_count:pct1}} of the complaints but {{part:pct1}} of {of.en}| (95% interval {{low:pct1}} to "
        f"{{high:pct1}}): place {{rank:int}} by {of.en}, {{rank_count:int}} by number.",
    )
    values = row[[by, "rank", "rank_count"]].to_dict()
    values |= {"part_count": row["part_amount_count"], "part": row["part_amount"]}
    values |= {"low": row["part_low"], "high": row["part_high"]}
    return Finding(f"pareto.{weight}", "watch", words, values, 0.6)
