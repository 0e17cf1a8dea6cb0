"""Overview (总览): the headline indicators of a period against the one before, a year ago and their expected range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from .. import look
from ..book import Book, NotMeasured
from ..indicators import FIRST, INDICATORS, Indicator, measure, whole_history
from ..period import Period
from ..result import Result
from ..rules import Statistics, load_rules
from ..stats.charts import p_chart, xmr
from ..stats.multiple import benjamini_hochberg
from ..stats.runs import Rules
from ..stats.season import expected, spring_festival
from ..words import Words, label, show
from ._overview_said import SHORTEST, findings, year_before

LONGEST = {"day": 400, "week": 160}  # periods of history that expectations of counts may rest on; else 61
DRAWN = 8


@dataclass(frozen=True)
class Overview(Result):
    """Tables: `indicators` (one row an indicator), `history` (13 periods of each, with the expected range)."""

    method: ClassVar = "overview"
    title: ClassVar = Words("总览", "Overview")
    reading: ClassVar = Words(
        "每个指标一格：折线为最近各期，灰色带为预期区间，末点为本期。计数和投诉率的预期区间由此前各期的趋势、季节、春节和业务量推算；"
        "比率用 p′ 控制图，中位数、均值和 NPS 用 XmR 控制图（预测界限，95%）。\n"
        "“改善”“变差”指与去年同期（没有时与上期）之差的 95% 区间不含 0，并且按全部指标一起校正后仍成立"
        "（Benjamini-Hochberg 法）；区间已按各期之间平时的波动放宽。\n"
        "各期都按其期末时的所见计算，旧的一期不会因为多出时间而显得更好。响应和解决时长只含已完成的投诉，因此偏短。\n"
        "不能说明的：原因。“未见变化”不等于没有变化，只表示现有数据不足以证明。",
        "One panel an indicator: the line is the last periods, the grey band its expected range, the last point this "
        "period. For counts and rates the range is predicted from the earlier periods' trend, season, Spring Festival "
        "and volume; shares are on a p′ chart, medians, means and NPS on an XmR chart (95% prediction limits).\n"
        "“Better” and “worse” mean that the 95% interval of the difference to the same period last year (to the period "
        "before where there is none) excludes 0 and that this holds after correction for all indicators together "
        "(Benjamini-Hochberg); intervals are widened by how much periods differ anyway.\n"
        "Every period is counted as it stood at its own end, so an old one does not look better for having had more "
        "time. Response and resolution times cover finished cases only and so read too short.\n"
        "It cannot say: why. “No change shown” is not “no change”, only that these data do not show one.",
    )

    def height(self) -> float:
        return 1.0 + 1.55 * -(-max(len(self._drawn()), 1) // 2)

    def draw(self, figure, lang: str) -> None:
        """Small multiples of the headline indicators: 13 periods, expected range, this period's value and verdict."""
        rows, history = self._drawn(), self.tables["history"]
        look.headline(figure, self.findings[0].parts(lang)[0])
        panels = figure.subplots(-(-max(len(rows), 1) // 2), 2, squeeze=False).ravel()
        for ax in panels[len(rows) :]:
            ax.set_axis_off()
        for ax, (_, row) in zip(panels, rows.iterrows(), strict=False):
            past = history[history["indicator"] == row["indicator"]].reset_index(drop=True)
            last = np.arange(len(past)) == len(past) - 1
            look.series(
                ax,
                past["value"],
                past["low"],
                past["high"],
                marks=last if row["verdict"] == "worse" else None,
            )
            look.axis_format(ax.yaxis, row["form"], lang)
            ax.yaxis.get_major_locator().set_params(nbins=3)
            look.time_axis(ax, list(past["period"]), most=3)
            ax.tick_params(labelsize=8.5)
            colour = {"worse": look.ORANGE, "better": look.BLUE}.get(row["verdict"], look.INK)
            said = f"{show(row['value'], row['form'], lang)} · {label('verdict', row['verdict'], lang)}"
            ax.set_title(
                f"{label('indicator', row['indicator'], lang)}\n{said}", fontsize=10, pad=5, color=colour
            )

    def _drawn(self) -> pd.DataFrame:
        table = self.table.set_index("indicator", drop=False)
        known = [
            key for key in FIRST if key in table.index and table.loc[key, "value"] == table.loc[key, "value"]
        ]
        return table.loc[known[:DRAWN]]


def overview(book: Book, period: Period, *, months: int = 13) -> Overview:
    """How was the period: better or worse than before, and as was to be expected?

    Every indicator of `indicators.INDICATORS` with this page for the period, the one before, the same one last year, and `months`
    periods of history with their expected range. Units, denominators and clocks are those of the dictionary. What the
    store cannot tell has the verdict `none`; fewer than `rules.statistics.min_count` cases on either side, `few`; a
    period that is not over, or whose data stop short, `partial`.

    The change is against last year's same period (so that season is out of it), against the one before where last
    year's is missing or has too few cases. Its
    interval is put together from the two values' own (MOVER: Zou & Donner 2008, Stat Med 27:1693-1702), each widened
    by the spread between periods beyond sampling (moving ranges: Laney 2002, Quality Engineering 14:531-537; for
    counts the dispersion of `stats.season.expected`). q-values over the indicators: Benjamini & Hochberg (1995).
    Assumes that neighbouring periods are independent; a stock such as the open cases is not quite. It names no cause.
    """
    book, statistics = book.at(period.as_of), load_rules().statistics
    periods, stops = whole_history(book, period, LONGEST.get(period.kind, 61))
    partial = period.is_partial or stops is not None
    measured, missing, asked = {}, {}, {}
    own = {key: indicator for key, indicator in INDICATORS.items() if indicator.page == "overview"}
    for key, indicator in own.items():
        asked[key] = _asked(indicator, period, periods, months)
        try:
            measured[key] = measure(book, indicator, asked[key], statistics.confidence)
        except NotMeasured as trouble:
            missing[key] = trouble.needs
    ranges = {
        key: _expected(INDICATORS[key], frame, asked[key], statistics.confidence)
        for key, frame in measured.items()
    }
    rows = [
        _row(indicator, measured.get(key), ranges.get(key), period, statistics)
        for key, indicator in own.items()
    ]
    table = _judged(pd.DataFrame(rows), statistics, partial)
    history = _history(measured, ranges, [p.text for p in period.history(months)])
    return Overview(
        period, {"indicators": table, "history": history}, findings(table, period, stops, missing)
    )


def _asked(indicator: Indicator, period: Period, periods: Sequence[Period], months: int) -> list[Period]:
    """As much history as there is where one question fetches all of it, else what is shown."""
    if indicator.kind in ("count", "rate"):
        return list(periods)
    earlier = [p for p in periods[:-months] if p.text == year_before(period).text]
    return [*earlier, *periods[-months:]]


# ------------------------------------------------------------------------------------------ expected ranges


def _expected(
    indicator: Indicator, frame: pd.DataFrame, periods: Sequence[Period], level: float
) -> pd.DataFrame:
    """Columns low, high, p (of a value so far out), spread: how many times wider than sampling alone periods vary."""
    known = frame["value"].notna().to_numpy()
    base = known & (np.arange(len(frame)) < len(frame) - 1)
    out = pd.DataFrame({"low": np.nan, "high": np.nan, "p": np.nan}, index=frame.index).assign(
        spread=_spread(frame, base, level)
    )
    if base.sum() < SHORTEST:
        return out
    if indicator.kind in ("count", "rate") and indicator.key != "open_at_end":
        per = None if indicator.kind == "count" else frame["denominator"].to_numpy()
        seen = expected(
            frame["numerator"], periods, exposure=per, regressors=spring_festival(periods), level=level
        ).reset_index(drop=True)
        scale = 1.0 if per is None else per / indicator.per
        spread = np.sqrt(seen["dispersion"].iloc[-1])
        return out.assign(low=seen["low"] / scale, high=seen["high"] / scale, p=seen["p"], spread=spread)
    limits = Rules(level=level)
    chart = (
        p_chart(frame["numerator"], frame["denominator"], baseline=base, rules=limits)
        if indicator.kind == "share"
        else xmr(frame["value"], baseline=base, rules=limits)
    )
    return out.assign(low=chart.frame["lower"].to_numpy(), high=chart.frame["upper"].to_numpy())


def _spread(frame: pd.DataFrame, base: np.ndarray, level: float) -> float:
    """How many standard errors neighbouring periods usually differ by, beyond what sampling explains (at least 1).

    Where values have no interval of their own it is their standard deviation between periods, with Student's allowance
    for having been estimated.
    """
    error = (frame["high"] - frame["low"]) / (2 * norm.isf((1 - level) / 2))
    if base.sum() < SHORTEST:
        return 1.0 if error.notna().any() else np.nan
    own = error[base].notna().any()
    scaled = (frame["value"] - frame["value"][base].mean()) / (error.where(error > 0) if own else 1.0)
    sigma = xmr(scaled, baseline=base & scaled.notna().to_numpy()).sigma_z
    if own:
        return max(1.0, sigma) if np.isfinite(sigma) else 1.0
    return sigma * t.isf((1 - level) / 2, 0.6 * (base.sum() - 1)) / norm.isf((1 - level) / 2)


# ------------------------------------------------------------------------------------------ changes, verdicts


def _row(
    indicator: Indicator,
    frame: pd.DataFrame | None,
    ranges: pd.DataFrame | None,
    period: Period,
    statistics: Statistics,
) -> dict:
    row = {"indicator": indicator.key} | dict.fromkeys(
        (
            "value",
            "low",
            "high",
            "n",
            "previous",
            "last_year",
            "compared",
            "change",
            "change_low",
            "change_high",
        ),
        np.nan,
    )
    row |= {"compared": None, "n": 0} | dict.fromkeys(
        ("expected_low", "expected_high", "once_in", "p"), np.nan
    )
    row |= {"good": indicator.good, "form": indicator.form, "n_before": 0, "measured": frame is not None}
    if frame is None:
        return row
    at = frame.set_index("period")
    now = at.loc[period.text]
    row |= {name: now[name] for name in ("value", "low", "high", "n")}
    last = ranges.iloc[-1]
    row |= {"expected_low": last["low"], "expected_high": last["high"], "once_in": 1 / max(last["p"], 1e-9)}
    for name, other in (("previous", period.previous()), ("last_year", year_before(period))):
        if other.text in at.index and at.loc[other.text, "value"] == at.loc[other.text, "value"]:
            row[name] = at.loc[other.text, "value"]
            if at.loc[other.text, "n"] >= statistics.min_count or not row["compared"]:
                row |= {"compared": name, "n_before": at.loc[other.text, "n"]}
    if row["compared"]:
        then = at.loc[(year_before(period) if row["compared"] == "last_year" else period.previous()).text]
        row |= _difference(now, then, ranges["spread"].iloc[-1], statistics.confidence)
    return row


def _difference(now: Mapping, then: Mapping, spread: float, level: float) -> dict[str, float]:
    """Change with its interval; `p` is what makes the interval just reach 0, by the normal law."""
    z = norm.isf((1 - level) / 2)

    def reach(point: Mapping, end: str) -> float:
        own = abs(point[end] - point["value"])
        return spread * (z if np.isnan(own) else own)

    change = now["value"] - then["value"]
    down = np.hypot(reach(now, "low"), reach(then, "high"))
    up = np.hypot(reach(now, "high"), reach(then, "low"))
    towards = down if change > 0 else up
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(z * abs(change) / towards) if change else 1.0
    return {"change": change, "change_low": change - down, "change_high": change + up, "p": p}


def _judged(table: pd.DataFrame, statistics: Statistics, partial: bool) -> pd.DataFrame:
    """The table with its verdicts. A period that is not over is not compared at all."""
    measured, enough = table.pop("measured"), table.pop("n_before") >= statistics.min_count
    enough &= table["n"] >= statistics.min_count
    if partial:
        nothing = [
            "compared",
            "change",
            "change_low",
            "change_high",
            "expected_low",
            "expected_high",
            "once_in",
        ]
        table[nothing] = [None, *[np.nan] * (len(nothing) - 1)]
    q = benjamini_hochberg(table.pop("p").where(enough))
    clear = enough & (q <= statistics.fdr) & ((table["change_low"] > 0) | (table["change_high"] < 0))
    way = np.where(table["change"] > 0, "up", "down")
    direction = np.where(table["good"] == "none", way, np.where(table["good"] == way, "better", "worse"))
    verdict = np.select(
        [~measured, np.full(len(table), partial), ~enough, clear],
        ["none", "partial", "few", direction],
        "same",
    )
    table.insert(table.columns.get_loc("good"), "verdict", verdict)
    return table.astype({"n": "int64", "verdict": object, "compared": object})


def _history(measured: Mapping[str, pd.DataFrame], ranges: Mapping, texts: list[str]) -> pd.DataFrame:
    parts = [
        frame[["period", "n", "value"]].assign(
            indicator=key, low=ranges[key]["low"], high=ranges[key]["high"], form=INDICATORS[key].form
        )
        for key, frame in measured.items()
    ]
    columns = ["period", "indicator", "n", "value", "low", "high", "form"]
    if not parts:
        return pd.DataFrame(columns=columns)
    out = pd.concat(parts)[columns]
    return out[out["period"].isin(texts)].reset_index(drop=True)
