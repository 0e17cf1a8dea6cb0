"""Sales and operations (业务量与运营): do complaints go along with orders, deliveries and outages, and how long after?"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import load_rules
from ..stats.lagged import FEWEST
from ..words import Trouble, Words, label, show
from . import _exposure_pairs as pairs
from ._exposure_said import few, said
from ._shares import ALL

FARTHEST = 6  # months a lag may be
ROWS, PALEST = 14, "#f5f7fa"
LEFT_OUT = ("customers", "contacts")  # a stock that hardly moves; calls of which complaints are a part


@dataclass(frozen=True)
class Exposure(Result):
    """Tables: `pairs` (each category with each measure at its lag), `lags` (every test), `measures` (what each is like and
    what the tests are worth), `coming` (what the last months let one expect), `course` (the first pair by month)."""

    by: str

    method: ClassVar = "exposure"
    title: ClassVar = Words("业务量与运营", "Sales and operations")
    reading: ClassVar = Words(
        "逐月比较投诉与订单、派送、宕机等指标，看是否同起同落、相隔几个月。两条序列先扣除各自的季节和趋势，再用同一个滤波去掉"
        "指标自身的前后相关（预白化），否则毫不相干的两条序列也常显得相关。与时有时无的指标（如宕机）相比时，还扣除订单数的影响。\n"
        "“变化”：业务量多一成，或事件由无到通常的程度时，投诉随之变化的比例。颜色：橙色为扣除季节后仍可确认；"
        "淡蓝为连同季节才成立，分不清是指标本身还是季节；“只凭一个月”为去掉某一个月便不成立；“可由业务量解释”为订单数的变化就足以解释。\n"
        "q 值按全部类别 × 指标 × 间隔校正。倒过来检验（投诉在前、指标在后）作为对照：p 低于 5% 的约占 5%，说明检验可信。\n"
        "这里说的是相关，不是因果。要当作原因，还需：逐日核对先后；看没有发生的地区、渠道是否没有随之变化；程度越重是否越多；"
        "排除同一时间的促销、节假日等共同原因；最好看停止或整改之后是否回落（见“措施效果”）。没看出相关，也不等于没有关系："
        "几十个月只看得出较强的相关。",
        "Complaints are compared month by month with orders, deliveries, outages: do they rise and fall together, and how many "
        "months apart? Season and trend of both are allowed for, and both pass the filter that takes the measure's own past out of "
        "it (prewhitening): without it, series that have nothing to do with one another often seem related. Against what happens "
        "now and then, such as outages, the number of orders is allowed for too.\n"
        "“Change”: how complaints differ with 10% more volume, or between a usual month with such events and one without. Orange: "
        "shown beyond the season. Pale blue: only together with the season, which cannot be told from the measure. “On one month "
        "only”: without some one month it would not hold; “explained by volume”: the change of orders is enough.\n"
        "q is corrected for all categories × measures × lags. Time turned round (complaints first, the measure afterwards) is the "
        "check: about 5% of those tests with p below 5% means that the tests can be trusted.\n"
        "This is association, not cause. To call it a cause it would take: the order of events day by day; places and channels "
        "without the event that did not rise; more with more of it; no promotion or holiday at the same time; best of all, a fall "
        "once it was mended (see “Did the measure work”). Where none is shown there may still be one: a few dozen months show only "
        "strong associations.",
    )

    def height(self) -> float:
        return 2.4 + 0.31 * max(len(self._rows()), 2) if self._rows() else 1.2

    def height_course(self) -> float:
        return 4.4

    def draw(self, figure, lang: str) -> None:
        """Categories by measures and lags: how complaints change, where something is shown."""
        ax, names, drivers = figure.subplots(), self._rows(), self._drivers()
        look.headline(figure, self.findings[0].parts(lang)[0])
        if not names or not drivers:
            return ax.set_axis_off()
        lags = sorted({int(lag) for lag in self.tables["lags"]["lag"]})
        tested = self.tables["lags"].set_index([self.by, "driver", "lag"]).to_dict("index")
        together = self.table.set_index([self.by, "driver"]).to_dict("index")
        fdr = load_rules().statistics.fdr
        cells = [
            [
                _cell(together[name, driver], tested[name, driver, lag], lag, fdr, lang)
                for driver in drivers
                for lag in lags
            ]
            for name in names
        ]
        texts, colours = ([[cell[i] for cell in line] for line in cells] for i in (0, 1))
        look.cells(ax, texts, colours, [look.name(label(self.by, name, lang)) for name in names],
                   [show(lag, "int", lang) for _ in drivers for lag in lags])  # fmt: skip
        for i, driver in enumerate(drivers):
            at = (i + 0.5) * len(lags)
            head = look.wrapped(label("measure", driver, lang), 24)
            ax.text(at, -0.75, head, ha="center", va="bottom", fontsize=9.5, color=look.INK)
            if i:
                ax.axvline(i * len(lags), color="white", linewidth=5)
        foot = Words(
            "列：投诉晚几个月（0 为当月）；数：业务量多一成（事件：由无到有）时投诉的变化\n橙色：扣除季节后可确认；淡蓝：连同季节才成立",
            "columns: months by which complaints come later\n"
            "numbers: change with 10% more volume (events: some against none)\n"
            "orange: shown beyond the season; pale blue: only with the season",
        )
        ax.set_xlabel(foot[lang], loc="left", fontsize=9)

    def draw_course(self, figure, lang: str) -> None:
        """The first pair month by month: complaints above, the measure below."""
        rows = self.tables.get("course", pd.DataFrame())
        if rows.empty:
            look.headline(figure, self.findings[0].parts(lang)[0])
            return figure.subplots().set_axis_off()
        upper, lower = figure.subplots(2, 1, sharex=True)
        pair = self.table.iloc[0]
        code, driver = rows[self.by].iloc[0], rows["driver"].iloc[0]
        form = rows["form"].iloc[0]
        many = rows["driver_value"].to_numpy(float)
        late = int(pair["lag"])
        came = np.concatenate([np.zeros(late), many[: len(many) - late]])
        marks = (came > 0) & (many <= 0).any() & (pair["shown"] == "own")
        look.series(upper, rows["value"], marks=marks)
        rate = Words("投诉率（每千，按{measure:measure}）", "complaints per 1,000 ({measure:measure})")
        unit = rate if form == "num2" else Words("投诉件数", "complaints")
        unit = unit.fill(lang, measure=rows["measure"].iloc[0])
        upper.set_title(f"{label(self.by, code, lang)} · {unit}", fontsize=10.5, pad=4)
        upper.set_ylim(0, 1.12 * max(np.nanmax(rows["value"].to_numpy(float), initial=0), 1e-9))
        look.axis_format(upper.yaxis, form, lang)
        lower.bar(np.arange(len(many)), many, color=look.PALE, width=0.7)
        lower.set_title(label("measure", driver, lang), fontsize=10.5, pad=4)
        look.axis_format(lower.yaxis, "int", lang)
        look.time_axis(lower, list(rows["period"]))
        if marks.any():
            head = Words("◆ {lag:after_event}的月份", "◆ {lag:after_event}").fill(lang, lag=late)
            upper.set_title(head, loc="right", fontsize=9, color=look.ORANGE, pad=4)

    def _drivers(self) -> list[str]:
        return list(dict.fromkeys(self.tables["lags"]["driver"])) if "lags" in self.tables else []

    def _rows(self) -> list[str]:
        """The categories drawn: those of which something is shown, and all together."""
        told = self.table.loc[self.table["shown"].isin(["own", "seasonal"]), self.by]
        return list(dict.fromkeys([*told, ALL]))[:ROWS] if len(told) else []


def _cell(pair: dict, row: dict, lag: int, fdr: float, lang: str) -> tuple[str, str]:
    """What a cell says and its colour; only the lag at which a pair goes together most, and further ones beyond chance."""
    if pair["shown"] == "own" and (lag == pair["lag"] or row["q"] <= fdr):
        return show(row["response"], "+pct", lang) if pd.notna(row["response"]) else "", "#f3c6a5"
    if pair["shown"] == "seasonal" and lag == pair["lag"]:
        shown = row["response_season"]
        return show(shown, "+pct", lang) if pd.notna(shown) else "", look.PALE
    return "", PALEST


def exposure(
    book: Book, period: Period, *, by: str = "reason", measures: str = "", lags: int = 3, per: str = "orders"
) -> Exposure:
    """Do complaints, in all and by category, go along with sales and operations, and how many months after?

    Whole months up to the end of `period` (60 at most, at least 24), whatever its kind, since exposure comes by month.
    `measures`: names in the exposure table with commas between; by default all but customers and contacts. `lags`: up to so
    many months after (1 to 6). Volumes (never zero) enter as logarithms and are set against complaints; what happens in
    some months only (zeros among them, as outages) enters as square roots and is set against complaints over `per`.

    `response`: change of complaints with 10 % more volume, or between the median of the months with any events and none,
    with its interval. Tests: partial correlation after prewhitening (`stats.lagged`; Box & Jenkins 1976, Haugh 1976), with
    season (month levels) and trend; q-values (Benjamini & Hochberg 1995) over categories x measures x lags. `shown`: own
    (beyond the season, without any one month too, and against events also where complaints need not be proportional to
    `per`), one_month, volume (only where they must), seasonal (only with the season left in: nothing tells
    the measure from the time of the year), none. Across a break of the taxonomy a category may stand at another level.
    Categories with fewer than 5 a month are only in the total. It says nothing of causes. Raises NotMeasured without an
    exposure table or a measure named, Trouble where `lags` is out of range.
    """
    if not 1 <= lags <= FARTHEST:
        words = Words("lags 应为 1 到 {most:int}", "lags must be 1 to {most:int}")
        raise Trouble(words, most=FARTHEST)
    book = book.at(period.as_of)
    if pd.isna(book.span()[0]):
        nothing = pd.DataFrame(columns=[by, "driver", "shown"])
        words = Words("{period:period}及以前没有投诉|。", "No complaints up to {period:period}|.")
        found = Finding("exposure.empty", "note", words, {"period": period}, 0.3)
        return Exposure(period, {"pairs": nothing}, (found,), by)
    months, stops = pairs.whole_months(book, period)
    if len(months) < FEWEST:
        return Exposure(period, *few(by, period, months), by)
    seen = _seen(book, period, months, stops, by, measures, lags, per)
    tests = pairs.lag_table(seen)
    found = pairs.pair_table(seen, tests)
    tables = {
        "pairs": found,
        "coming": pairs.coming_table(seen, found, tests),
        "measures": pairs.measure_table(seen, tests),
        "lags": pairs.lags_shown(seen, tests),
        "course": pairs.course_table(seen, found.iloc[0]),
    }
    if book.has("complaints", "text"):
        tables["examples"] = _examples(seen, found.iloc[0])
    told = sorted(said(seen, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Exposure(period, tables, tuple(told), by)


def _seen(
    book: Book, period: Period, months: list[Period], stops: pd.Timestamp | None, by: str, measures: str, lags: int, per: str
) -> pairs.Seen:  # fmt: skip
    known = sorted(book.counts("exposure", ["measure"])["measure"])
    asked = [name.strip() for name in measures.split(",") if name.strip()]
    asked = asked or [name for name in known if name not in LEFT_OUT] or known
    unknown = [name for name in asked if name not in known]
    if unknown or not asked:
        raise NotMeasured(", ".join(f"exposure.{one}" for one in unknown) or "exposure")
    names = [month.text for month in months]
    columns = {
        name: book.exposure(name, months).set_index("period")["value"].reindex(names)
        for name in dict.fromkeys([*asked, *([per] if per in known else [])])
    }
    base = columns[per].to_numpy(float) if per in columns else None
    drivers = pd.DataFrame({name: columns[name] for name in asked})
    return pairs.Seen(
        book, period, months, stops, by, tuple(range(lags + 1)),
        pairs.counts_of(book, by, months), drivers, per, base, load_rules().statistics,
    )  # fmt: skip


def _examples(seen: pairs.Seen, pair: pd.Series) -> pd.DataFrame:
    """The newest cases of the category that goes with a measure most, if one is shown to."""
    where = {seen.by: pair[seen.by]} if pair["shown"] == "own" and pair[seen.by] != ALL else {}
    columns = [
        "complaint_id",
        "received_at",
        *([seen.by] if seen.book.has("complaints", seen.by) else []),
        "text",
    ]
    return seen.book.rows("complaints", columns, seen.period, limit=5, where=where, latest=True)
