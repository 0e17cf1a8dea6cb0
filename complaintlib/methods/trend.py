"""Trend (趋势): is the number of complaints, and of each category, what its past leads one to expect?"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book
from ..indicators import check_measure, whole_history
from ..period import Period
from ..result import Result
from ..rules import load_rules
from ..stats import runs
from ..words import Trouble, Words, label, show
from ._trend_events import signal_table
from ._trend_said import DOWN, UP, empty, findings
from ._trend_series import Seen, category_table, cells_above, chart_facts, panel_series, total_series

EARLIER = 36  # periods before those shown, from which expectations are formed
FEWEST, MOST = 13, 36


@dataclass(frozen=True)
class Trend(Result):
    """Tables: `total` (the series), `categories` (every one, this period against its expectation and last year),
    `panels` (the series of those drawn), `where` (category x place), `signals` (all marks), `charts` (how they are made).
    """

    by: str
    measure: str | None  # None: per day, for want of a denominator

    method: ClassVar = "trend"
    title: ClassVar = Words("趋势分析", "Trend")
    reading: ClassVar = Words(
        "灰色带为 95% 预期区间：每一期只由它之前各期的趋势、季节、春节和业务量推算。菱形为超出区间的期。\n"
        "控制图为过离散校正的 u′ 图（没有业务量时为 c 图，以天数为分母）；件数随业务量变化，XmR 图不作此校正，故不用；"
        "件数很多、各期业务量相同时，两者一致。\n"
        "总量每期约有 5% 的机会误报；类别经 Benjamini-Hochberg 法校正；连续上升、连续偏高的规则按所示全部图一起设定，"
        "误报机会见“图表”表。\n"
        "“某地某类占增量的几成”，是该格超出预期的件数除以总量超出预期的件数。\n"
        "分类体系变更之前的历史不参与类别的比较。没有数据的渠道使总量偏低，一次性批量录入使之偏高，均予注明、不作修正。\n"
        "不能说明的：原因；同一客户反复投诉、同一事件引发的投诉并非各自独立。",
        "The grey band is the 95% expected range: every period is predicted from the earlier ones alone, by trend, season, "
        "Spring Festival and volume. A diamond is a period outside it.\n"
        "The control chart is a u′ chart corrected for overdispersion (a c chart by days where there is no denominator). "
        "An XmR chart would not allow for volume; with many complaints and equal volume the two agree.\n"
        "The total raises a false alarm in about 5% of periods; categories are corrected by Benjamini-Hochberg; the rules "
        "for runs are set for all charts shown together, see the table of charts.\n"
        "The share of the excess that a category in a place explains is its complaints above expectation over those of "
        "the total.\n"
        "No category is compared across a change of the taxonomy. A channel without data makes the total read low, a bulk "
        "import makes it read high: both are said, not mended.\n"
        "It cannot say: why. Complaints of one customer, or about one event, are not independent.",
    )

    def height(self) -> float:
        return 3.6

    def height_categories(self) -> float:
        return 0.4 + 1.6 * max(1, -(-self._drawn().size // 2))

    def caption(self, lang: str) -> str:
        heads = [finding.sentence(lang) for finding in self.findings[:2]]
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{' '.join(heads)}"

    def draw(self, figure, lang: str) -> None:
        """The total with its expected range."""
        if self.table.empty:
            figure.text(0.5, 0.5, self.findings[0].parts(lang)[0], ha="center")
            return
        total, ax = self.tables["total"], figure.subplots()
        told = next((f for f in self.findings if f.key.startswith("trend.total")), self.findings[0])
        look.headline(figure, told.parts(lang)[0])
        marks = total["signal"].isin(["above", "below"]).to_numpy()
        look.series(ax, total["value"], total["low"], total["high"], total["value_expected"], marks)
        form = total["form"].iloc[-1]
        wide = np.ptp(ax.get_ylim()) >= 2  # then a second decimal tells nothing
        look.axis_format(ax.yaxis, "num1" if form == "num2" and wide else form, lang)
        look.time_axis(ax, list(total["period"]))
        ax.set_title(self._unit(lang), fontsize=10.5, pad=6)
        self._name_last(ax, total, lang)
        self._name_events(ax, lang)

    def draw_categories(self, figure, lang: str) -> None:
        """The categories that matter, each with its expected range, on one time axis."""
        drawn = self._drawn()
        if not len(drawn):
            none = Words("没有可画的类别", "There are no categories to draw")
            figure.text(0.5, 0.5, none[lang], ha="center")
            return
        axes = figure.subplots(-(-len(drawn) // 2), 2, squeeze=False).ravel()
        for ax, code in zip(axes, drawn, strict=False):
            self._panel(ax, code, lang)
        for ax in axes[len(drawn) :]:
            ax.set_axis_off()

    def _panel(self, ax, code: str, lang: str) -> None:
        rows = self.tables["panels"]
        rows = rows[rows[self.by] == code]
        row = self.tables["categories"].set_index(self.by).loc[code]
        told = (
            rows["n_high"] <= 3 * rows["expected"] + 10
        )  # the first range after a break is too wide to tell anything
        low, high = rows["n_low"].where(told), rows["n_high"].where(told)
        look.series(ax, rows["n"], low, high, rows["expected"], rows["outside"].to_numpy())
        ax.set_ylim(0, 1.1 * max(rows["n"].max(), np.nan_to_num(high).max(), 1))
        ax.yaxis.get_major_locator().set_params(nbins=3, integer=True)
        look.time_axis(ax, list(rows["period"]), most=3)
        ax.tick_params(labelsize=8.5)
        said = label("signal", row["signal"], lang) if row["signal"] else ""
        colour = look.ORANGE if row["signal"] in UP else look.BLUE if row["signal"] in DOWN else look.INK
        head = f"{look.name(label(self.by, code, lang))} {show(row['n'], 'int', lang)}"
        ax.set_title(f"{head} · {said}" if said else head, fontsize=9.5, pad=4, color=colour)

    def _name_last(self, ax, total: pd.DataFrame, lang: str) -> None:
        last = total.iloc[-1]
        if last["signal"] in ("above", "below"):
            said = f"{show(last['period'], 'period', lang)}{'：' if lang == 'zh' else ': '}{show(last['value'], last['form'], lang)}"
            at = (len(total) - 1, last["value"])
            ax.annotate(
                said, at, (-12, 0), textcoords="offset points", ha="right", va="center", color=look.ORANGE
            )

    def _name_events(self, ax, lang: str) -> None:
        """Breaks of the taxonomy, silent channels and bulk days, where they fall."""
        at = {text: i for i, text in enumerate(self.tables["total"]["period"])}
        events = self.tables["signals"]
        named = set()
        for event in events[events["signal"].isin(["break", "silent", "bulk"])].itertuples():
            place = at.get(event.period)
            if place is not None:
                ax.axvline(place, color=look.SOFT, linewidth=0.9, linestyle=":", zorder=0)
            if place is not None and event.signal not in named:
                named.add(event.signal)
                side = "right" if place > 0.8 * len(at) else "left"
                words = f" {label('signal', event.signal, lang)} "
                ax.text(
                    place,
                    0.98,
                    words,
                    va="top",
                    transform=ax.get_xaxis_transform(),
                    fontsize=8.5,
                    color=look.SOFT,
                    ha=side,
                )

    def _unit(self, lang: str) -> str:
        unit = label("indicator", f"rate_{self.measure}" if self.measure else "received", lang)
        return unit + Words("（灰色带：预期区间）", " (grey: expected range)")[lang]

    def _drawn(self) -> np.ndarray:
        return self.tables["panels"][self.by].unique() if "panels" in self.tables else np.zeros(0)


def trend(
    book: Book,
    period: Period,
    *,
    by: str = "reason",
    periods: int = 24,
    top: int = 8,
    measure: str = "orders",
) -> Trend:
    """Has the number of complaints left its expected range, since when, and which category and place carry it?

    `periods` (13 to 36) are shown, the total and the `top` categories of `by`: those with a signal first, then the
    largest. `measure` is the denominator in the exposure table; without it counts are per day. Expectations: `n`,
    `expected` and its range are complaints; `value` is complaints per 1,000 of the measure. Each period is predicted
    from the periods before it (`stats.season.expected`), none across a break of the taxonomy.

    Claims: the total outside its 95% range; categories and cells by the prediction's p-value with q-values over all of
    them (Benjamini & Hochberg 1995); up to 6 recent periods against the same ones a year before (exact ratio of two
    rates, widened by the dispersion, q-values over all categories); runs on Laney's (2002) u' chart of the
    season-adjusted series with lengths set for all charts shown. A cell's share of the excess: Fieller (1954), cell and
    rest being independent. Without the column `by` only the total is told. Raises Trouble where `periods` is out of range.
    """
    if not FEWEST <= periods <= MOST:
        raise Trouble(
            Words(
                "趋势的期数应为 {low:int} 到 {high:int}",
                "the periods of a trend must be {low:int} to {high:int}",
            ),
            low=FEWEST,
            high=MOST,
        )
    check_measure(measure)
    book, statistics = book.at(period.as_of), load_rules().statistics
    if pd.isna(book.span()[0]):
        nothing = pd.DataFrame(columns=["period", "n"])
        return Trend(period, {"total": nothing}, (empty(period),), by, None)
    history, stops = whole_history(book, period, periods + EARLIER)
    seen = Seen(book, period, history, history[-periods:], by, measure, stops, statistics)
    rules = runs.rules_for(top + 1, rate=statistics.fdr)
    total, chart = total_series(seen, rules)
    categories = category_table(seen, rules)
    tables = {
        "total": total,
        "categories": categories,
        "where": cells_above(seen, total),
        "signals": signal_table(seen, total, categories),
        "panels": panel_series(seen, categories, top),
        "charts": chart_facts(chart, top + 1),
    }
    if book.has("complaints", "text"):
        tables["examples"] = _examples(seen, tables["where"], categories)
    return Trend(period, tables, findings(seen, tables), by, None if seen.exposure is None else measure)


def _examples(seen: Seen, where: pd.DataFrame, categories: pd.DataFrame) -> pd.DataFrame:
    """The newest cases of what stands out most: the first cell above expectation, else the first category with a signal."""
    marked = categories[categories["signal"].isin(UP)]
    picked = {seen.by: marked[seen.by].iloc[0]} if len(marked) else {}
    if len(where):
        picked = where.iloc[0, :2].to_dict()
    columns = dict.fromkeys(["complaint_id", "received_at", seen.by, *picked, "text"])
    return seen.book.rows("complaints", list(columns), seen.period, limit=5, where=picked, latest=True)
