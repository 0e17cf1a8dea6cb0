"""Pareto (排列): which few categories make up most of the complaints, and how sure their order is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from .. import look
from ..book import Book, NotMeasured
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import load_rules
from ..schema import BLANK, OTHER
from ..stats.concentration import gini, hhi, pareto_table
from ..stats.intervals import rate
from ..stats.order import rank_certainty
from ..words import Trouble, Words, label
from ._pareto_said import said
from ._shares import ALL, Window, noise, this_window

WEIGHTS = ("count", "severity", "cost")
NEEDS = {"severity": "severity", "cost": "compensation"}
DRAWN = 15  # categories in the picture
BASIS = {
    "count": Words(
        "占 {total:int} 件已分类投诉的比例（括号内为件数）",
        "share of the {total:int} classified {total:complaint/complaints} (cases in brackets)",
    ),
    "severity": Words(
        "占 {total:int} 严重程度分的比例（括号内为件数）",
        "share of the {total:int} severity {total:point/points} (cases in brackets)",
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
    Intervals: Clopper & Pearson (1934) at alpha / categories, for amounts on the number of equal cases that carries the same
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
    if len(main):
        names = [c for c in ("complaint_id", "received_at", by, "text") if this.book.has("complaints", c)]
        first = {by: main[by].iloc[0]}
        tables["examples"] = this.book.rows("complaints", names, period, 5, first, latest=True)
    told = sorted(said(by, period, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
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
    equal = (share * (1 - share) * total.sum() ** 2 / noise_of.where(noise_of > 0) / spread).fillna(1)
    low, high = proportion_confint(share * equal, equal, (1 - level) / max(len(cases), 1), method="beta")
    half = rate(total**2 / squares, 1.0, level, spread).mul(squares / total / 2, axis=0)
    out = pd.DataFrame(
        {
            "n": n.astype("int64"),
            "amount": total,
            "part_amount": share,
            "part_low": 1.0 if alone else low,
            "part_high": 1.0 if alone else high,
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
