"""Pareto (排列): which few categories make up most of the complaints, and how sure their order is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import load_rules
from ..schema import BLANK, OTHER
from ..stats.intervals import proportion, rate
from ..stats.order import rank_certainty
from ..stats.pareto import gini, hhi, pareto_table
from ..words import Trouble, Words, column, label
from ._shares import ALL, Window, noise, this_window

WEIGHTS = ("count", "severity", "cost")
NEEDS = {"severity": "severity", "cost": "compensation"}
DRAWN = 15  # categories in the picture
NAMED = 5  # categories named in a sentence
LIKELY = 0.8
MANY_BLANK = 0.05
WHAT = {
    "count": Words("投诉件数", "complaints"),
    "severity": Words("严重程度分", "severity points"),
    "cost": Words("赔付金额", "compensation"),
}
BASIS = {
    "count": Words(
        "占 {total:int} 件已分类投诉的比例（括号内为件数）",
        "share of the {total:int} classified complaints (cases in brackets)",
    ),
    "severity": Words(
        "占 {total:int} 严重程度分的比例（括号内为件数）",
        "share of the {total:int} severity points (cases in brackets)",
    ),
    "cost": Words(
        "占赔付金额 {total:int} 的比例（括号内为件数）",
        "share of the {total:int} of compensation (cases in brackets)",
    ),
}


@dataclass(frozen=True)
class Pareto(Result):
    """Tables: one of the categories in order for each weight (`count`, `severity`, `cost`; the asked one first),
    `concentration` (one row a weight), `examples`."""

    by: str
    cutoff: float

    method: ClassVar = "pareto"
    title: ClassVar = Words("帕累托分析", "Pareto")
    reading: ClassVar = Words(
        "类别由大到小排列，深色为“关键少数”：累计达到设定比例所需的最少类别。条上横线为 95% 区间（各类别同时成立）。\n"
        "“名次区间”是同样的一期重来一次时名次的范围；相邻两类若不能以 95% 的把握分出先后，就归为同一组，组内的先后不必当真。"
        "平时各期波动大于纯偶然时，区间相应放宽。\n"
        "严重程度分按规则中的权重计算，只计有等级的投诉；赔付只计已记录的金额，未结案的以后还会增加。\n"
        "“减半”只是算术：假定其他类别不变、投诉不转到别处。它不说明能否做到、花费多少，也不说明原因。",
        "Categories from the largest down; the dark ones are the vital few: the fewest that together reach the cutoff. The "
        "line on a bar is a 95% interval (for all categories at once).\n"
        "“Rank from … to” is where a category could stand if the period happened again; neighbours that cannot be ordered "
        "with 95% certainty form one group, and the order within it means nothing. Where counts usually wobble more than "
        "chance, intervals are widened.\n"
        "Severity points use the weights of the rules and only complaints with a grade; compensation is what has been "
        "recorded, and open cases will add to it.\n"
        "“Halving” is arithmetic: nothing else changes and no complaint turns up elsewhere. It does not say whether it can "
        "be done, what it costs, or why.",
    )

    @property
    def weight(self) -> str:
        return next(iter(self.tables))

    def height(self) -> float:
        return 1.8 + 0.34 * max(min(len(self.table), DRAWN + 1), 2)

    def draw(self, figure, lang: str) -> None:
        """Bars from the largest down with intervals and cumulative shares; the vital few dark, above a line."""
        ax = figure.subplots()
        look.headline(figure, self._message().parts(lang)[0])
        if self.table.empty:
            return ax.set_axis_off()
        rows = self.drawn()
        severity = self.tables.get("severity") if self.weight == "count" else None
        marks = None if severity is None else rows[self.by].map(severity.set_index(self.by)["part_amount"])
        note = Words(
            "{part_amount:pct1}（{n:int}），累计 {cumulative:pct1}",
            "{part_amount:pct1} ({n:int}), cum. {cumulative:pct1}",
        )
        notes = [note.fill(lang, **row) for row in rows.to_dict("records")]
        colours = [
            look.LINE if code == OTHER else look.BLUE if vital else look.PALE
            for code, vital in zip(rows[self.by], rows["vital"], strict=True)
        ]
        labels = [label(self.by, code, lang) for code in rows[self.by]]
        limits = rows["part_low"], rows["part_high"]
        look.bars(ax, labels, rows["part_amount"], *limits, colours, notes, "pct", lang, marks)
        few = int(self.table["vital"].sum())
        if few < len(rows):
            ax.axhline(few - 0.5, color=look.SOFT, linewidth=1, linestyle="--")
        total = self.tables["concentration"].set_index("weight").loc[self.weight, "total"]
        mark = "" if marks is None else Words("\n◇ 占严重程度分的比例", "\n◇ share of severity points")[lang]
        ax.set_xlabel(BASIS[self.weight].fill(lang, total=total) + mark)

    def drawn(self) -> pd.DataFrame:
        """The rows of the picture: the first of the table, the others together."""
        if len(self.table) <= DRAWN + 1:
            return self.table
        rest = self.table.iloc[DRAWN:]
        other = {self.by: OTHER, "cumulative": 1.0, "vital": False} | rest[
            ["n", "part_amount"]
        ].sum().to_dict()
        return pd.concat([self.table.iloc[:DRAWN], pd.DataFrame([other])], ignore_index=True)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def _message(self) -> Finding:
        return next(
            (f for f in self.findings if f.key in ("pareto.vital_few", "pareto.spread", "pareto.one")),
            self.findings[0],
        )


def pareto(
    book: Book, period: Period, *, by: str = "reason", cutoff: float = 0.8, weight: str = "all"
) -> Pareto:
    """Which few categories make up most of the period's complaints, how sure is their order, what would halving bring?

    `by`: a category column of complaints. `cutoff`: the vital few are the fewest categories that together reach this
    fraction. `weight`: order by `count` (complaints), `severity` (points by grade from the rules), `cost` (recorded
    compensation) or `all`: by count, with the others beside it where they are measured. Shares are of the classified
    complaints (points, money). Unclassified complaints have no rank; they are counted in `concentration`.

    Vital few: Juran (1950). Order: ranks over draws from the posterior of each rate (`stats.order.rank_certainty`).
    Intervals: Wilson (1927) with Goodman's (1965) level, for amounts on the number of equal cases that carries the same
    information, (sum w)^2 / sum w^2 (Kish 1965), divided by the usual dispersion between periods. Halving: half the
    amount with Garwood's (1936) interval on the same number. Raises NotMeasured without the column, or without the one
    that a named weight needs; Trouble on an unknown weight or a cutoff outside (0, 1].
    """
    if weight not in (*WEIGHTS, "all") or not 0 < cutoff <= 1:
        words = Words(
            "weight 应为 count、severity、cost 或 all，cutoff 应大于 0、不超过 1；现为 {weight}、{cutoff}",
            "weight is count, severity, cost or all, cutoff above 0 and at most 1; not {weight}, {cutoff}",
        )
        raise Trouble(words, weight=weight, cutoff=cutoff)
    this = this_window(book.at(period.as_of), by, period)
    wanted = WEIGHTS if weight == "all" else dict.fromkeys([weight, "count"])
    if weight in NEEDS and not this.book.has("complaints", NEEDS[weight]):
        raise NotMeasured(f"complaints.{NEEDS[weight]}")
    spread = noise(this, by)[ALL]
    tables, facts = {}, []
    for name in wanted:
        measured = name == "count" or this.book.has("complaints", NEEDS[name])
        table, fact = _ordered(by, _cases(this, by, name), cutoff, spread) if measured else (None, {})
        facts.append({"weight": name, "verdict": np.nan if measured else "none", **fact})
        if table is not None:
            tables[name] = table
    breaks = this.book.breaks_in(by, [period])
    data = {
        "n": this.counts.sum(),
        "n_blank": this.counts.get(BLANK, 0),
        "share_blank": this.counts.get(BLANK, 0) / max(this.counts.sum(), 1),
        "dispersion": spread,
        "broken_on": breaks[-1].at if breaks else pd.NaT,
    }
    tables["concentration"] = pd.DataFrame(facts).assign(**data)
    main = next(iter(tables.values()))
    example = main[by].iloc[0] if len(main) else BLANK
    names = [c for c in ("complaint_id", "received_at", by, "text") if this.book.has("complaints", c)]
    tables["examples"] = this.book.rows("complaints", names, period, 5, {by: example}, latest=True)
    told = sorted(_findings(by, period, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Pareto(period, tables, tuple(told), by, cutoff)


# ---------------------------------------------------------------------------------------------- counting


def _cases(this: Window, by: str, weight: str) -> pd.DataFrame:
    """By category: `n` cases that count, and the sums of their weights (`total`) and of the squares (`squares`)."""
    if weight == "count":
        n = this.classified.astype(float)
        return pd.DataFrame({"n": n, "total": n, "squares": n})
    field = NEEDS[weight]
    found = this.book.counts("complaints", [by, field], this.period)
    points = (
        found[field].map(load_rules().severity.weights)
        if weight == "severity"
        else found[field].where(found[field] > 0)
    )
    found = found.assign(points=points.astype(float)).dropna(subset="points")
    found = found[found[by] != BLANK]
    sums = {
        "n": found["n"],
        "total": found["n"] * found["points"],
        "squares": found["n"] * found["points"] ** 2,
    }
    return pd.DataFrame(sums).groupby(found[by]).sum().astype(float)


def _ordered(by: str, cases: pd.DataFrame, cutoff: float, spread: float) -> tuple[pd.DataFrame, dict]:
    """The categories in order with what is known of each, and what is known of all of them together."""
    cases = cases[cases["total"] > 0]
    level = load_rules().statistics.confidence
    order = pareto_table(cases["total"], cutoff)
    cases = cases.loc[order.index]
    n, total, squares = cases["n"], cases["total"], cases["squares"]
    ranking = rank_certainty(
        pd.DataFrame({"n": n, "mean": total / n, "var": (squares / n - (total / n) ** 2).clip(lower=0)}),
        dispersion=spread,
        draws=int(np.clip(4_000_000 // max(len(cases), 1), 100, 2000)),
    )
    share, alone = order["share"], len(cases) == 1
    noise_of = (1 - share) ** 2 * squares + share**2 * (squares.sum() - squares)
    equal = share * (1 - share) * total.sum() ** 2 / noise_of.where(noise_of > 0) / spread
    limits = proportion(share * equal.fillna(1), equal.fillna(1), 1 - (1 - level) / max(len(cases), 1))
    half = rate(total**2 / squares, 1.0, level, spread).mul(squares / total / 2, axis=0)
    out = pd.DataFrame(
        {
            "n": n.astype("int64"),
            "amount": total,
            "part_amount": share,
            "part_low": 1.0 if alone else limits["low"],
            "part_high": 1.0 if alone else limits["high"],
            "cumulative": order["cumulative"],
            "vital": order["vital"],
            "rank_low": ranking.frame["rank_low"],
            "rank_high": ranking.frame["rank_high"],
            "p_next": ranking.frame["p_next"],
            "rank_group": ranking.frame["group"],
            "halved": half["estimate"],
            "halved_low": half["low"],
            "halved_high": half["high"],
            "halved_part": share / 2,
        }
    )
    out = out.rename_axis(by).reset_index()
    out.insert(0, "rank", np.arange(1, len(out) + 1))
    few = int(order["vital"].sum())
    together = {
        "cases": int(n.sum()),
        "total": total.sum(),
        "categories": len(out),
        "vital_few": few,
        "vital_part": order["cumulative"].iloc[few - 1] if few else np.nan,
        "vital_halved": total.iloc[:few].sum() / 2,
        "same_top": ranking.same_top.get(few, np.nan),
        "gini": gini(total),
        "hhi": hhi(total),
    }
    return out, together


# --------------------------------------------------------------------------------------------- sentences


def _findings(by: str, period: Period, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    weight, main = next(iter(tables.items()))
    facts = tables["concentration"].set_index("weight")
    fact, least = facts.loc[weight], load_rules().statistics.min_count
    if fact["n"] == 0:
        yield Finding(
            "pareto.empty", "note", Words("本期没有投诉|。", "No complaints in this period|."), {}, 0.9
        )
        return
    if fact["cases"] < least:
        words = Words(
            f"样本太少，不排先后|：可计的投诉 {{cases:int}} 件，至少需要 {least} 件。",
            f"Too few to put in order|: {{cases:int}} complaints count; it takes {least}.",
        )
        yield Finding("pareto.few", "note", words, {"cases": fact["cases"]}, 0.6)
    else:
        yield _vital(by, weight, main, fact)
        if len(main) > 1:
            yield _halve(by, weight, main, fact)
            yield _order(by, main)
            heavy = [w for w in NEEDS if weight == "count" and w in tables and facts.loc[w, "cases"] >= least]
            yield from (_heavier(by, other, main, tables[other]) for other in heavy)
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，共 {n:int} 件，先后还会变动。",
            "{period:period} is not over|: seen until {as_of:moment}, {n:int} complaints so far; the order will still move.",
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
            f"There is only one {what.en.lower()}|: “{{{by}:{by}}}”, {{n:int}} cases; nothing to put in order.",
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
        "If the period happened again, the same {vital_few:int} would most likely lead (chance {same_top:pct}).",
    )
    unsure = Words(
        "具体是哪几类却不稳：同样的一期重来一次，居前的仍是这 {vital_few:int} 类的可能只有 {same_top:pct}。",
        "Which ones is less sure: if the period happened again, the same {vital_few:int} would lead with a chance of only "
        "{same_top:pct}.",
    )
    again = sure if fact["same_top"] >= LIKELY else unsure
    words = Words(
        f"{{categories:int}} 类{what.zh}中的 {{vital_few:int}} 类占{of.zh}的 {{vital_part:pct}}|：{led.zh}{{names:{by}}}{end}。{again.zh}",
        f"{{vital_few:int}} of {{categories:int}} categories make up {{vital_part:pct}} of {of.en}|: {led.en}{{names:{by}}}. {again.en}",
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
        "count": Words("可少 {halved:int} 件投诉", "{halved:int} complaints"),
        "severity": Words("严重程度分可少 {halved:int}", "{halved:int} severity points"),
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
