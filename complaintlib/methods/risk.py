"""Risk (风险矩阵): which kinds of complaints weigh most, by how often they come and by what a case of them weighs."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..words import Trouble, Words, label
from . import _risk_tables as tables_of
from ._risk_burden import FEWEST, RECENT, ask
from ._risk_said import said

DRAWN, BARS = 25, 12
COLOURS = {"critical": look.ORANGE, "high": look.YELLOW, "moderate": look.BLUE, "low": look.PALE}
PER = {
    "orders": Words("每千单投诉件数", "complaints per 1,000 orders"),
    "customers": Words("每千名客户投诉件数", "complaints per 1,000 customers"),
    "contacts": Words("每千次联络投诉件数", "complaints per 1,000 contacts"),
}


@dataclass(frozen=True)
class Risk(Result):
    """Tables: `risks` (every kind with its class), `classes` (the leading ones at each of the last periods), `hindsight` (the order
    foretold against what came), `facts` (the bounds of the classes, and what it rests on), `examples`."""

    by: str

    method: ClassVar = "risk"
    title: ClassVar = Words("风险矩阵", "Risk matrix")
    reading: ClassVar = Words(
        "横轴是多久来一件，纵轴是一件有多重（平均投诉为 1），两轴都是对数刻度；两者之积是这一类的“影响”，图中用占全部影响的比例表示。"
        "斜线是级别的界线，线上各点影响相等：件数多而轻的与件数少而重的可以同级。普通的方格矩阵会把影响较小的排到影响较大的前面（Cox 2008），"
        "这里不会。\n"
        "一件有多重：严重程度分（规则中的权重）、赔付、升级三项各与平均投诉之比，取平均，测量到几项算几项，按最近 12 期计；件数少的类别"
        "与 5 件平均投诉合在一起看。频率按最近 3 期计。\n"
        "区间和“把握”来自对件数、金额、升级的反复抽样（后验分布）；平时各期波动大于纯偶然时相应放宽。增减与去年同期相比，按全部类别校正（q 值）。\n"
        "“回头看”：每一期之前一期排出的先后，与该期投诉的实际影响相比；同时列出只按件数排的结果。\n"
        "不能说明的：还没有发生过的风险；三项以外的损失（客户流失、声誉）；赔付在结案后才有，近期的会偏低，各类大致同样偏低。",
        "Across: how often a case comes; up: how much one weighs (the average complaint is 1); both axes are logarithmic. Their product "
        "is the burden, shown as a share of all. The dashed lines bound the classes, and along each the burden is the same: many light "
        "complaints and few heavy ones can be of one class. A matrix of boxes can rank a smaller risk above a larger one (Cox 2008); "
        "this one cannot.\n"
        "What a case weighs: severity points (weights of the rules), compensation and escalation, each over that of the average "
        "complaint, and their mean; of as many as are measured, over the last 12 periods. Kinds with few cases are seen together with "
        "5 average ones. How often: over the last 3 periods.\n"
        "Intervals and certainty come from drawing numbers, amounts and escalations again (posterior); where numbers usually wobble more "
        "than chance they are widened. Rising and falling: against last year, corrected for all kinds (q-values).\n"
        "Looking back: the order told one period before, against what the complaints of the period then weighed; beside it the order by "
        "number alone.\n"
        "It cannot say: what has never happened; losses beyond these three (customers who leave, reputation). Compensation is known once "
        "a case is closed, so recent ones read low, in all kinds more or less alike.",
    )

    def height(self) -> float:
        return 5.0 if len(self.table) else 1.6

    def height_burden(self) -> float:
        return 1.8 + 0.34 * max(min(len(self.table), BARS), 2)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        """How often against how heavy, on logarithmic axes; the bounds of the classes are straight lines."""
        ax, rows, fact = figure.subplots(), self.drawn(), self.tables["facts"].iloc[0]
        look.headline(figure, self._message().parts(lang)[0])
        if rows.empty:
            return ax.set_axis_off()
        levels = {}
        if pd.notna(rows["burden"].iloc[0]):  # what all of the burden is on these axes
            whole = (rows["rate"] * rows["impact"] / rows["burden"]).iloc[0]
            bounds = [fact[f"bound_{name}"] * whole for name in tables_of.CLASSES[:3]]
            classes = [label("risk", name, lang) for name in tables_of.CLASSES[:3]]
            levels = dict(zip(bounds, classes, strict=True))
        names = [look.name(label(self.by, code, lang)) for code in rows[self.by]]
        look.balance(
            ax, rows["rate"], rows["impact"], names, [COLOURS[kind] for kind in rows["risk"]], levels,
            (rows["rate_low"], rows["rate_high"]), (rows["impact_low"], rows["impact_high"]),
        )  # fmt: skip
        measure = fact["measure"] if isinstance(fact["measure"], str) else ""
        often = PER.get(measure, Words("每期投诉件数", "complaints per period"))
        ax.set_xlabel(often[lang] + Words(f"（最近 {RECENT} 期）", f" (last {RECENT} periods)")[lang])
        ax.set_ylabel(Words("一件的影响（平均投诉为 1）", "impact of a case (average complaint: 1)")[lang])

    def draw_burden(self, figure, lang: str) -> None:
        """The kinds by burden, with intervals; coloured by class, the share of complaints as a diamond."""
        ax, rows = figure.subplots(), self.table.head(BARS)
        look.headline(figure, Words("占全部影响的比例", "Share of the burden")[lang])
        if rows.empty or rows["burden"].isna().all():
            return ax.set_axis_off()
        note = Words(
            "{burden:pct1} {risk:risk}（{risk_sure:pct}）", "{burden:pct1} {risk:risk} ({risk_sure:pct})"
        )
        notes = [note.fill(lang, **row) for row in rows.to_dict("records")]
        colours = [COLOURS[kind] for kind in rows["risk"]]
        names = [label(self.by, code, lang) for code in rows[self.by]]
        limits = rows["burden_low"], rows["burden_high"]
        look.bars(ax, names, rows["burden"], *limits, colours, notes, "pct", lang, rows["share"])
        ax.set_xlabel(
            Words(
                "级别后为属于该级的把握；◇ 占件数的比例",
                "after the class its certainty; ◇ share of the complaints",
            )[lang]
        )

    def drawn(self) -> pd.DataFrame:
        """The rows of the matrix: kinds of which there are enough cases to have a place in it."""
        known = self.table[["rate", "impact"]].astype(float) > 0
        return self.table[known.all(axis=1) & (self.table["n"] >= FEWEST)].head(DRAWN)

    def _message(self) -> Finding:
        wanted = ("risk.critical", "risk.spread", self.findings[0].key)
        return next(finding for key in wanted for finding in self.findings if finding.key == key)


def risk(
    book: Book,
    period: Period,
    *,
    by: str = "reason",
    critical: float = 0.1,
    high: float = 0.05,
    moderate: float = 0.02,
) -> Risk:
    """Which kinds of complaints weigh most, how sure is that, which are rising, and did earlier orders hold?

    `by`: a category column of complaints. A kind's burden is its recent frequency (last 3 periods) times what a case of it
    weighs (last 12): the mean over severity points, compensation and escalation of its ratio to the average complaint;
    shares of the sum over all kinds. Class: `critical`, `high`, `moderate` are the shares from which a kind is of that class,
    so the classes of the matrix follow the product of both axes (Cox 2008, Risk Analysis 28:497-512).

    Frequencies: complaints per 1,000 of the first known exposure, else per period, with Garwood's interval. Intervals of
    burden, ranks and the certainty of a class: 2,000 draws from the posteriors of number, amount and escalation, fixed seed.
    Trend: exact ratio of two Poisson rates (by the kind's own exposure where it has one) against the same periods last year (else those just before), q-values by Benjamini &
    Hochberg (1995). All widened by the wobble of shares between periods (Laney 2002). `hindsight`: Spearman's rank correlation of
    the order as of one period before with what the complaints then weighed; amounts are as known at `as_of`.

    None of it from before a break of the taxonomy. Raises NotMeasured without the column or without any of severity,
    compensation and escalated; Trouble unless 1 > critical > high > moderate > 0.
    """
    if not 1 > critical > high > moderate > 0:
        words = Words(
            "应有 1 > critical > high > moderate > 0；现为 {critical}、{high}、{moderate}",
            "needs 1 > critical > high > moderate > 0; not {critical}, {high}, {moderate}",
        )
        raise Trouble(words, critical=critical, high=high, moderate=moderate)
    seen, bounds = ask(book.at(period.as_of), period, by), (critical, high, moderate)
    table, checks = tables_of.risk_table(seen, bounds), tables_of.check_table(seen)
    tables = {"risks": table, "classes": tables_of.past_table(seen, table, bounds), "hindsight": checks}
    tables["facts"] = tables_of.fact_table(seen, table, checks, bounds)
    if len(table) and seen.book.has("complaints", "text"):
        names = ["complaint_id", "received_at", by, "text"]
        tables["examples"] = seen.book.rows(
            "complaints", names, period, 5, {by: table[by].iloc[0]}, latest=True
        )
    told = sorted(said(by, period, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Risk(period, tables, tuple(told), by)
