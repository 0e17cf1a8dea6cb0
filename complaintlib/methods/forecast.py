"""Forecast (预测): how many complaints the coming periods will bring, how sure that is, and were earlier forecasts right?"""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ..book import Book
from ..indicators import INDICATORS
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..words import Trouble, Words, cut, label
from . import _forecast_drawn as pictures
from ._forecast_chosen import (
    DIAGNOSTICS,
    candidates_table,
    choose,
    decomposition_table,
    diagnostics_table,
    parameters_table,
    paths_table,
)
from ._forecast_said import empty, said
from ._forecast_scores import CAME, SCORES, came_table, registered, scores_table
from ._forecast_series import ALL, EFFECTS, FEWEST, Fitted, Seen, fitted, look_at
from ._forecast_staff import COLUMNS as INTERVALS
from ._forecast_staff import intervals_table
from ._forecast_tables import (
    JUDGED,
    REGISTER,
    backtest_table,
    errors_table,
    forecast_table,
    levels_table,
    parts_of,
    register_table,
)

NUMBERS_ONLY = (
    "diagnostics",
    "parameters",
    "errors",
    "intervals",
)  # tables that are not shown under a privacy profile
FURTHEST, PANELS = 12, 8  # periods ahead; categories in the picture
EMPTY = {  # every table is there, whatever can be said
    "forecast": ["period", "mean", "lower", "upper"],
    "levels": ["value", "mean", "lower", "upper", "gain", "last_year", "coming", "basis", "rests_on"],
    "scores": SCORES,
    "came": ["scope", *CAME],
    "backtest": ["scope", "model", "origins", *JUDGED],
    "errors": ["scope", "h", "origins", "error", "error_naive"],
    "decomposition": ["period", "value", "trend", "season", "calendar", "remainder"],
    "candidates": ["engine", "model", "mean", "mean_last", "sound", "left_out", "loss"],
    "diagnostics": DIAGNOSTICS,
    "parameters": ["model", "parameter", "estimate"],
    "intervals": INTERVALS,
    "models": ["engine", "model", "period", "mean", "sound", "left_out"],
    "calendar": EFFECTS,
    "past": ["period", "value"],
    "parts": ["period", "value", "mean", "lower", "upper"],
    "register": REGISTER,
}


@dataclass(frozen=True)
class Forecast(Result):
    """Tables: `forecast` (the total), `levels` (every category, next period), `came` and `scores` (earlier forecasts judged),
    `backtest` and `errors` (how such forecasts have done), `decomposition`, `candidates`, `diagnostics`, `parameters`, `models` (of the
    chosen series), `intervals` (contacts per half hour), `parts` (series of the categories), `register` (what this run promises)."""

    by: tuple[str, ...]
    chosen: str
    indicator: str
    level: float

    method: ClassVar = "forecast"
    title: ClassVar = Words("预测", "Forecast")
    reading: ClassVar = Words(
        "预测是若干模型中可靠者的中位数（指数平滑、Theta 等，见“候选模型”），不靠某一个模型的拟合优度来挑选。"
        "可靠：路径有限、不为负、不远超历史范围。\n"
        "区间由回测的实际误差校准：站在过去的各个时点，只用当时已有的数据预测，再与后来的实际相比。90% 区间意味着十次约有一次落在外面。\n"
        "工作日、节假日和日期移动的春节，由全部类别一起估计其影响，先除去、预测后再乘回。\n"
        "各类别之和等于总量：各层的预测按回测误差调和（MinT），取整后仍精确相加；各层意见不一之处，区间随之放宽；区间不可相加。\n"
        "分类变更后的类别、新出现的类别，历史从那时算起；不足两个季节周期的，借用总量的季节（取自全部历史，其回测因此略偏乐观）。没有结束的期间不用作历史。\n"
        "回测表中，误差以季节朴素法（照搬去年同期，按日则为上周同日）为 1；p 值检验差别是否只是偶然（Diebold-Mariano，按序列与时点两向聚类），未按模型个数校正。\n"
        "statsmodels 的模型只用于看清所选的一个序列；AICc 只能在同类模型之间比较，小不等于准。残差的三个 p 值很小，分别说明残差仍相关、方差在变、不服从正态。\n"
        "“核对”：以往报告登记的预测与后来的实际相比；同一期的各类别并非相互独立，落在区间内的比例的区间因此偏窄。跨过分类变更的预测不核对。\n"
        "不能说明的：原因，以及历史上没有过的事——新政策、故障、新产品、停业。",
        "A forecast is the median of the sound ones among several models (exponential smoothing, Theta and others: see the candidates); "
        "none is picked for how well it fits. Sound: a path that is finite, not negative and not far outside the range of the past.\n"
        "Ranges are calibrated on the errors of a backtest: at past points in time, with no more than the data of then, and compared with "
        "what came. A 90% range is left about one time in ten.\n"
        "Working days, holidays and the moving Spring Festival are estimated from all categories together, divided out and put back.\n"
        "Categories add up to the total: the forecasts of all levels are reconciled by their backtest errors (MinT) and rounded so that they "
        "still add up; ranges are widened where the levels disagree, and do not add up.\n"
        "After a change of the taxonomy, and for a new category, history begins there; with less than two seasons of it the season of the "
        "total is borrowed (it is known from all of the history, which flatters their backtest a little). A period that is not over is no history.\n"
        "In the backtest the error of the seasonal naive forecast (the year before repeated; of days, the week before) is 1; p tests whether a difference is chance (Diebold-Mariano, clustered by "
        "series and by origin), not corrected for the number of models.\n"
        "The models of statsmodels are for looking closely at one series. AICc compares models of one kind only, and a small one is no proof. "
        "Small p-values say that residuals are still correlated, that their variance changes, that they are not normal.\n"
        "Judged: what earlier reports have registered, against what came. Categories of one period are not independent, so the interval of "
        "the share that held is too narrow. Nothing is judged across a change of the taxonomy.\n"
        "It cannot say: why, nor what has never happened before (a new policy, a failure, a new product).",
    )

    def __post_init__(self) -> None:
        if self.privacy is not None:  # what is left of these is names
            gone = {name: self.tables[name].iloc[:0] for name in NUMBERS_ONLY if name in self.tables}
            object.__setattr__(self, "tables", {**self.tables, **gone})

    def height(self) -> float:
        return 3.7

    def height_levels(self) -> float:
        return 0.5 + 1.6 * max(1, -(-len(self.categories()) // 2))

    def height_decomposition(self) -> float:
        return 5.2 if self.decomposed() else 2.6

    def height_backtest(self) -> float:
        return 1.4 + 0.3 * max(len(pictures.losses(self)), 3)

    def height_intervals(self) -> float:
        return 3.6

    def draw(self, figure, lang: str) -> None:
        pictures.total(self, figure, lang)

    def draw_levels(self, figure, lang: str) -> None:
        pictures.levels(self, figure, lang)

    def draw_decomposition(self, figure, lang: str) -> None:
        pictures.decomposition(self, figure, lang)

    def draw_candidates(self, figure, lang: str) -> None:
        pictures.candidates(self, figure, lang)

    def draw_backtest(self, figure, lang: str) -> None:
        pictures.backtest(self, figure, lang)

    def draw_intervals(self, figure, lang: str) -> None:
        pictures.intervals(self, figure, lang)

    def caption(self, lang: str) -> str:
        return (
            f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self.first('forecast.next').sentence(lang)}"
        )

    def first(self, key: str) -> Finding:
        """The first finding of that key; where there is none, the first of all."""
        return next((f for f in self.findings if f.key == key), self.findings[0])

    def categories(self) -> list[str]:
        """The categories in the picture of them."""
        parts = self.tables["parts"]
        return list(dict.fromkeys(parts[self.by[0]])) if self.by and self.by[0] in parts else []

    def decomposed(self) -> bool:
        return bool(self.tables["decomposition"]["trend"].notna().any())

    def chosen_name(self, lang: str) -> str:
        """What the series seen from near is called."""
        if self.chosen and self.by:
            return cut(label(self.by[0], self.chosen, lang), 40)
        return label("indicator", self.indicator, lang)


def forecast(
    book: Book,
    period: Period,
    *,
    by: str = "reason",
    indicator: str = "received",
    horizon: int = 6,
    level: float = 0.90,
    chosen: str = "",
    register: str = "",
) -> Forecast:
    """How large will the indicator be in each of the next `horizon` (1 to 12) periods, in all and by category?

    `by`: a category column of complaints, or two from the top down ("product,reason"); only counts (received, closed,
    open_at_end) add up over categories. Any other indicator is forecast as a whole and for the largest categories of the first
    column, each for itself: shares on log odds, rates, medians and means on logarithms. `level`: of the ranges. `chosen`: the category (of the first column) seen from near; empty: the total.
    `register`: a CSV file of forecasts made earlier (see the table `register`), which are judged here.

    Forecasts: the median of sound candidates (the SCUM entry of the M4 competition: Petropoulos & Svetunkov 2020, IJF
    36:110-115), `stats.forecasting.fit_panel`; ranges by split conformal calibration on rolling origins; adding up: MinT
    (Wickramasuriya et al. 2019, JASA 114:804-819). Calendar factors: pooled Poisson regression. Accuracy: Diebold & Mariano (1995)
    with Harvey, Leybourne & Newbold's (1997) correction; shares that held: Wilson (1927). Assumes that season, calendar and
    recent course go on; a partial period is no history, nor is what lies before a change of the taxonomy. Fewer than 6 whole
    periods are not forecast from.

    Raises Trouble where an argument is out of range, NotMeasured where the indicator is not measured.
    """
    _check(indicator, horizon, level)
    seen = look_at(book, period, by, indicator, horizon, level)
    none = Forecast(period, _tables({}), (empty(seen),), seen.by, "", indicator, level)
    if pd.isna(seen.book.span()[0]):
        return none
    f = fitted(seen) if len(seen.history) >= FEWEST and seen.values[ALL].notna().sum() >= FEWEST else None
    tables = _tables(
        {"intervals": intervals_table(seen)} | (_answers(seen, f, chosen) if f is not None else {})
    )
    came = came_table(seen, registered(register, seen))
    tables |= {"came": came, "scores": scores_table(came)}
    found = sorted(said(seen, f, tables), key=lambda one: (LEVELS.index(one.level), -one.weight))
    return Forecast(period, tables, tuple(found), seen.by if seen.by_known else (), chosen, indicator, level)


def _answers(seen: Seen, f: Fitted, code: str) -> dict[str, pd.DataFrame]:
    chosen = choose(f, code)
    paths = paths_table(chosen)
    return {
        "forecast": forecast_table(f),
        "levels": levels_table(f),
        "backtest": backtest_table(f),
        "errors": errors_table(f),
        "decomposition": decomposition_table(chosen),
        "candidates": candidates_table(chosen, paths),
        "diagnostics": diagnostics_table(chosen),
        "parameters": parameters_table(chosen),
        "models": paths,
        "parts": parts_of(f, PANELS),
        "calendar": f.effects,
        "past": pd.DataFrame({"period": seen.texts, "value": seen.values[ALL].to_numpy(), "form": seen.form}),
        "register": register_table(f),
    }


def _tables(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    blank = {name: pd.DataFrame(columns=columns) for name, columns in EMPTY.items()}
    return blank | found


def _check(indicator: str, horizon: int, level: float) -> None:
    if indicator not in INDICATORS:
        words = Words(
            "没有“{indicator}”这个指标；可用的有 {known:text}",
            "there is no indicator “{indicator}”; known are {known:text}",
        )
        raise Trouble(words, indicator=indicator, known=list(INDICATORS))
    if not 1 <= horizon <= FURTHEST:
        words = Words(
            "horizon 应为 1 到 {most:int}，现为 {horizon:int}",
            "horizon is from 1 to {most:int}, not {horizon:int}",
        )
        raise Trouble(words, most=FURTHEST, horizon=horizon)
    if not 0.5 <= level <= 0.99:
        words = Words(
            "level 应在 0.5 到 0.99 之间，现为 {level:num2}", "level is from 0.5 to 0.99, not {level:num2}"
        )
        raise Trouble(words, level=level)
