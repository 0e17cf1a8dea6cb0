"""Overview (总览): the headline indicators of a period against the one before, a year ago and their expected range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from .. import look
from ..book import Book, NotMeasured
from ..indicators import INDICATORS, Indicator, measure, whole_history
from ..period import KIND_WORDS, Period
from ..result import LEVELS, Finding, Result
from ..rules import Statistics, load_rules
from ..stats.charts import p_chart, xmr
from ..stats.multiple import benjamini_hochberg
from ..stats.runs import Rules
from ..stats.season import expected, spring_festival
from ..words import Words, label, show

LONGEST = {"day": 400, "week": 160}  # periods of history that expectations of counts may rest on; else 61
SHORTEST = 8  # below it neither an expected range nor a spread between periods is estimated
RATES = ("rate_orders", "rate_customers", "rate_contacts", "received")  # the first that is measured leads
TILES = (  # drawn, as far as measured
    "rate_orders", "open_at_end", "first_response_median", "resolution_median",
    "first_response_on_time", "resolution_on_time", "resolved_7_days", "csat_top_two",
    "reopen_rate", "upheld_rate", "received", "closed",
)  # fmt: skip
DRAWN = 8
KEY = ("rate_orders", "open_at_end", "resolution_on_time", "first_response_on_time")  # worse here calls for action
RARE = 1000  # beyond one in so many, chance is not put into a figure


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
        figure.suptitle(look.wrapped(self.findings[0].parts(lang)[0], 66), x=0.01, ha="left", fontsize=12)
        panels = figure.subplots(-(-max(len(rows), 1) // 2), 2, squeeze=False).ravel()
        for ax in panels[len(rows) :]:
            ax.set_axis_off()
        for ax, (_, row) in zip(panels, rows.iterrows(), strict=False):
            past = history[history["indicator"] == row["indicator"]].reset_index(drop=True)
            judged = row["verdict"] in ("better", "worse", "up", "down")
            last = np.arange(len(past)) == len(past) - 1
            look.series(ax, past["value"], past["low"], past["high"], marks=last if judged else None)
            look.axis_format(ax.yaxis, row["form"], lang)
            ax.yaxis.get_major_locator().set_params(nbins=3)
            look.time_axis(ax, list(past["period"]), most=3)
            ax.tick_params(labelsize=8.5)
            said = f"{show(row['value'], row['form'], lang)} · {label('verdict', row['verdict'], lang)}"
            ax.set_title(f"{label('indicator', row['indicator'], lang)}\n{said}", fontsize=10, pad=5)

    def _drawn(self) -> pd.DataFrame:
        table = self.table.set_index("indicator", drop=False)
        known = [key for key in TILES if key in table.index and table.loc[key, "value"] == table.loc[key, "value"]]
        return table.loc[known[:DRAWN]]


def overview(book: Book, period: Period, *, months: int = 13) -> Overview:
    """How was the period: better or worse than before, and as was to be expected?

    Every indicator of `indicators.INDICATORS` for the period, the one before, the same one last year, and `months`
    periods of history with their expected range. Units, denominators and clocks are those of the dictionary. What the
    store cannot tell has the verdict `none`; fewer than `rules.statistics.min_count` cases on either side, `few`; a
    period that is not over, or whose data stop short, `partial`.

    The change is against last year's same period (so that season is out of it), else against the one before. Its
    interval is put together from the two values' own (MOVER: Zou & Donner 2008, Stat Med 27:1693-1702), each widened
    by the spread between periods beyond sampling (moving ranges: Laney 2002, Quality Engineering 14:531-537; for
    counts the dispersion of `stats.season.expected`). q-values over the indicators: Benjamini & Hochberg (1995).
    Assumes that neighbouring periods are independent; a stock such as the open cases is not quite. It names no cause.
    """
    book, statistics = book.at(period.as_of), load_rules().statistics
    periods, stops = whole_history(book, period, LONGEST.get(period.kind, 61))
    partial = period.is_partial or stops is not None
    measured, missing, asked = {}, {}, {}
    for key, indicator in INDICATORS.items():
        asked[key] = _asked(indicator, period, periods, months)
        try:
            measured[key] = measure(book, indicator, asked[key], statistics.confidence)
        except NotMeasured as trouble:
            missing[key] = trouble.needs
    ranges = {
        key: _expected(INDICATORS[key], frame, asked[key], statistics.confidence) for key, frame in measured.items()
    }
    rows = [
        _row(indicator, measured.get(key), ranges.get(key), period, statistics.confidence)
        for key, indicator in INDICATORS.items()
    ]
    table = _judged(pd.DataFrame(rows), statistics, partial)
    history = _history(measured, ranges, [p.text for p in period.history(months)])
    findings = _findings(table, period, stops, missing)
    return Overview(period, {"indicators": table, "history": history}, findings)


def _asked(indicator: Indicator, period: Period, periods: Sequence[Period], months: int) -> list[Period]:
    """As much history as there is where one question fetches all of it, else what is shown."""
    if indicator.kind in ("count", "rate"):
        return list(periods)
    year_before = [p for p in periods[:-months] if p.text == _year_before(period).text]
    return [*year_before, *periods[-months:]]


# ------------------------------------------------------------------------------------------ expected ranges


def _expected(indicator: Indicator, frame: pd.DataFrame, periods: Sequence[Period], level: float) -> pd.DataFrame:
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

    Where values have no interval of their own it is their standard deviation between periods.
    """
    error = (frame["high"] - frame["low"]) / (2 * norm.isf((1 - level) / 2))
    if base.sum() < SHORTEST:
        return 1.0 if error.notna().any() else np.nan
    own = error[base].notna().any()
    scaled = (frame["value"] - frame["value"][base].mean()) / (error.where(error > 0) if own else 1.0)
    sigma = xmr(scaled, baseline=base & scaled.notna().to_numpy()).sigma_z
    return max(1.0, sigma) if own and np.isfinite(sigma) else 1.0 if own else sigma


# ------------------------------------------------------------------------------------------ changes, verdicts


def _row(
    indicator: Indicator, frame: pd.DataFrame | None, ranges: pd.DataFrame | None, period: Period, level: float
) -> dict:
    row = {"indicator": indicator.key} | dict.fromkeys(
        ("value", "low", "high", "n", "previous", "last_year", "compared", "change", "change_low", "change_high"),
        np.nan,
    )
    row |= {"compared": None, "n": 0} | dict.fromkeys(("expected_low", "expected_high", "once_in", "p"), np.nan)
    row |= {"good": indicator.good, "form": indicator.form, "n_before": 0, "measured": frame is not None}
    if frame is None:
        return row
    at = frame.set_index("period")
    now = at.loc[period.text]
    row |= {name: now[name] for name in ("value", "low", "high", "n")}
    last = ranges.iloc[-1]
    row |= {"expected_low": last["low"], "expected_high": last["high"], "once_in": 1 / max(last["p"], 1e-9)}
    for name, other in (("previous", period.previous()), ("last_year", _year_before(period))):
        if other.text in at.index and at.loc[other.text, "value"] == at.loc[other.text, "value"]:
            row |= {name: at.loc[other.text, "value"], "compared": name, "n_before": at.loc[other.text, "n"]}
    if row["compared"]:
        then = at.loc[(_year_before(period) if row["compared"] == "last_year" else period.previous()).text]
        row |= _difference(now, then, ranges["spread"].iloc[-1], level)
    return row


def _year_before(period: Period) -> Period:
    """A day is compared with the same weekday."""
    return period.shifted(-364) if period.kind == "day" else period.same_last_year()


def _difference(now: Mapping, then: Mapping, spread: float, level: float) -> dict[str, float]:
    """Change with its interval; `p` is what makes the interval just reach 0, by the normal law."""
    z = norm.isf((1 - level) / 2)

    def reach(point: Mapping, end: str) -> float:
        own = abs(point[end] - point["value"])
        return spread * (own if own == own else z)

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
        nothing = ["compared", "change", "change_low", "change_high", "expected_low", "expected_high", "once_in"]
        table[nothing] = [None, *[np.nan] * (len(nothing) - 1)]
    q = benjamini_hochberg(table.pop("p").where(enough))
    clear = enough & (q <= statistics.fdr) & ((table["change_low"] > 0) | (table["change_high"] < 0))
    way = np.where(table["change"] > 0, "up", "down")
    direction = np.where(table["good"] == "none", way, np.where(table["good"] == way, "better", "worse"))
    verdict = np.select([~measured, np.full(len(table), partial), ~enough, clear], ["none", "partial", "few", direction], "same")
    table.insert(table.columns.get_loc("good"), "verdict", verdict)
    return table.astype({"n": "int64", "verdict": object, "compared": object})


def _history(measured: Mapping[str, pd.DataFrame], ranges: Mapping, texts: list[str]) -> pd.DataFrame:
    parts = [
        frame[["period", "value"]].assign(
            indicator=key, low=ranges[key]["low"], high=ranges[key]["high"], form=INDICATORS[key].form
        )
        for key, frame in measured.items()
    ]
    if not parts:
        return pd.DataFrame(columns=["period", "indicator", "value", "low", "high", "form"])
    out = pd.concat(parts)[["period", "indicator", "value", "low", "high", "form"]]
    return out[out["period"].isin(texts)].reset_index(drop=True)


# ------------------------------------------------------------------------------------------------- findings


_PER = {
    "rate_orders": Words("每千单 {value:num2} 件", "{value:num2} per 1,000 orders"),
    "rate_customers": Words("每千客户 {value:num2} 件", "{value:num2} per 1,000 customers"),
    "rate_contacts": Words("每千次来访 {value:num2} 件", "{value:num2} per 1,000 contacts"),
    "received": Words("{value:int} 件", "{value:int} received"),
}
_TEMPO = {  # quicker, slower
    "first_response_median": (
        Words("首次响应更快", "First responses were quicker"),
        Words("首次响应变慢", "First responses were slower"),
    ),
    "resolution_median": (
        Words("解决更快", "Cases were resolved faster"),
        Words("解决变慢", "Cases took longer to resolve"),
    ),
}
_WORK_CLOCK = Words("（工作时间）", " on the work clock")


def _findings(
    table: pd.DataFrame, period: Period, stops: pd.Timestamp | None, missing: Mapping[str, str]
) -> tuple[Finding, ...]:
    rows = {row["indicator"]: row for row in table.to_dict("records")}
    if not rows["received"]["value"]:
        found = [_none(period, stops)]
    elif period.is_partial or stops is not None:
        found = [_partial(rows, period, stops)]
    else:
        lead = next(key for key in RATES if rows[key]["value"] == rows[key]["value"])
        found = [_lead(rows[lead], period)]
        changed = [row for key, row in rows.items() if row["verdict"] in ("better", "worse", "up", "down")]
        found += [_change(row, rows, period) for row in changed if row["indicator"] not in RATES]
        found += _unchanged(rows, lead)
    if missing:
        found.append(
            Finding(
                "overview.not_measured",
                "note",
                Words("未测量|：{names:indicator}（需要 {needs:text}）。", "Not measured|: {names:indicator} (needs {needs:text})."),
                {"names": list(missing), "needs": sorted(set(missing.values()))},
                0.05,
            )
        )
    return tuple(sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight)))


def _none(period: Period, stops: pd.Timestamp | None) -> Finding:
    words = Words("{period:period}没有投诉记录|。", "No complaints on record in {period:period}|.")
    if stops is not None:
        words = Words(
            "{period:period}没有投诉记录|：数据止于{stops:moment}，是没有投诉还是没有数据，请看“数据质量”。",
            "No complaints on record in {period:period}|: the data stop at {stops:moment}; Data quality says more.",
        )
    return Finding("overview.empty", "watch", words, {"period": period, "value": 0, "stops": stops}, 0.9)


def _partial(rows: Mapping[str, Mapping], period: Period, stops: pd.Timestamp | None) -> Finding:
    until = period.as_of if period.is_partial else stops
    head = Words("{period:period}尚未结束", "{period:period} is not over")
    if not period.is_partial:
        head = Words("{period:period}的数据不完整", "The data of {period:period} are incomplete")
    tail = Words(
        "：截至{until:moment}收到 {value:int} 件；不与完整的期间相比，也不作判断。",
        ": {value:int} complaints up to {until:moment}; nothing is judged against whole periods.",
    )
    words = Words(f"{head.zh}|{tail.zh}", f"{head.en}|{tail.en}")
    values = {"period": period, "until": until, "value": rows["received"]["value"]}
    return Finding("overview.partial", "note" if period.is_partial else "watch", words, values, 0.9)


def _lead(row: Mapping, period: Period) -> Finding:
    """The complaint rate (or number) against its expected range."""
    key, form, per = row["indicator"], row["form"], _PER[row["indicator"]]
    values = {name: row[name] for name in ("value", "expected_low", "expected_high", "once_in", "last_year")}
    values |= {"before": _year_before(period)}
    then = Words("", "")
    if row["last_year"] == row["last_year"]:
        then = Words(f"；{{before:period}}为 {{last_year:{form}}}", f"; {{before:period}} had {{last_year:{form}}}")
    if row["expected_low"] != row["expected_low"]:
        words = Words(
            f"投诉{per.zh}|{then.zh}。历史太短，还推算不出预期区间（至少要有此前 {SHORTEST} 期）。",
            f"Complaints: {per.en}|{then.en}. History is too short for an expected range (needs {SHORTEST} periods before).",
        )
        return Finding("overview.rate", "note", words, values, 0.6)
    side = (row["value"] > row["expected_high"]) - (row["value"] < row["expected_low"])
    head = {
        1: Words("投诉偏多", "Complaints were high"),
        -1: Words("投诉偏少", "Complaints were low"),
        0: Words("投诉与预期相符", "Complaints were as expected"),
    }[side]
    place = {1: Words("高于", "above"), -1: Words("低于", "below"), 0: Words("在", "within")}[side]
    band_zh = f"按趋势、季节和业务量推算的 {{expected_low:{form}}}–{{expected_high:{form}}}{'之内' if not side else ''}"
    band_en = f"the {{expected_low:{form}}} to {{expected_high:{form}}} that trend, season and volume lead one to expect"
    chance, look_at = Words("", ""), Words("", "")
    if side:
        chance = _chance(row["once_in"], period.kind)
        look_at = Words("来源见“趋势”。", " Trend shows where they come from.") if side > 0 else look_at
    words = Words(
        f"{head.zh}：{per.zh}|，{place.zh}{band_zh}{chance.zh}{then.zh}。{look_at.zh}",
        f"{head.en}: {per.en}|, {place.en} {band_en}{chance.en}{then.en}.{look_at.en}",
    )
    level = "note" if side == 0 else "good" if side < 0 else "act" if row["once_in"] >= 100 else "watch"
    return Finding("overview.rate", level, words, values, 0.95 if side else 0.6)


def _chance(once_in: float, kind: str) -> Words:
    unit = KIND_WORDS[kind]
    zh = {"month": "个月", "quarter": "个季度", "half": "个半年"}.get(kind, unit.zh)
    if once_in > RARE:
        return Words(f"（若只是偶然，{RARE} {zh}里不到一次）", f" (by chance alone, fewer than one {unit.en} in {RARE:,})")
    return Words(
        f"（若只是偶然，约 {{once_in:int}} {zh}一次）", f" (by chance alone, about one {unit.en} in {{once_in:int}})"
    )


def _change(row: Mapping, rows: Mapping[str, Mapping], period: Period) -> Finding:
    """An indicator whose change is clear."""
    key, form, verdict = row["indicator"], row["form"], row["verdict"]
    sign = "pp" if form.startswith("pct") else "+" + form.removeprefix("+")
    values = {name: row[name] for name in ("indicator", "value", "n", "change", "change_low", "change_high")}
    values |= {
        "then": row[row["compared"]],
        "before": period.previous() if row["compared"] == "previous" else _year_before(period),
    }
    rose = row["change"] > 0
    head = Words(
        f"{{indicator:indicator}}{'升至' if rose else '降至'} {{value:{form}}}",
        f"{{indicator:indicator}}: {'up' if rose else 'down'} to {{value:{form}}}",
    )
    lead = Words("", "")
    if key in _TEMPO:
        head = _TEMPO[key][verdict == "worse"]
        clock = _WORK_CLOCK if key == "first_response_median" else Words("", "")
        lead = Words(f"：半数在 {{value:{form}}}内{clock.zh}", f": half within {{value:{form}}}{clock.en}")
    against = Words(
        f"，{{before:period}}为 {{then:{form}}}，相差 {{change:{sign}}}（95% 区间 {{change_low:{sign}}} 至 {{change_high:{sign}}}）",
        f", {{change:{sign}}} against {{then:{form}}} in {{before:period}} (95%: {{change_low:{sign}}} to {{change_high:{sign}}})",
    )
    more = Words("", "")
    if key == "open_at_end" and rows["closed"]["value"] == rows["closed"]["value"]:
        values |= {"received": rows["received"]["value"], "closed": rows["closed"]["value"]}
        more = Words(
            "；本期收到 {received:int} 件，办结 {closed:int} 件", "; {received:int} came in, {closed:int} were closed"
        )
    words = Words(
        f"{head.zh}|{lead.zh}{against.zh}{more.zh}。", f"{head.en}|{lead.en}{against.en}{more.en}."
    )
    level = {"better": "good", "worse": "act" if key in KEY else "watch"}.get(verdict, "note")
    weight = 0.8 if key in KEY else 0.7 if key in _TEMPO else 0.5 if level != "note" else 0.3
    return Finding(f"overview.{key}", level, words, values, weight)


def _unchanged(rows: Mapping[str, Mapping], lead: str) -> list[Finding]:
    same = [key for key, row in rows.items() if row["verdict"] == "same" and key != lead]
    few = [key for key, row in rows.items() if row["verdict"] == "few"]
    said = (
        ("overview.same", same, Words("未见变化|：{names:indicator}。", "No change shown|: {names:indicator}.")),
        ("overview.few", few, Words("样本太少，不作判断|：{names:indicator}。", "Too few to say|: {names:indicator}.")),
    )
    return [Finding(key, "note", words, {"names": names}, 0.1) for key, names, words in said if names]
