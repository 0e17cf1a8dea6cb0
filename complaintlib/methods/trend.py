"""Trend (趋势): is the number of complaints, and of each category, what its past leads one to expect?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import nbinom, norm

from .. import look
from ..book import Book, NotMeasured
from ..indicators import whole_history
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import Statistics, load_rules
from ..schema import BLANK
from ..stats import runs
from ..stats.charts import Chart, u_chart
from ..stats.intervals import rate_ratio
from ..stats.multiple import benjamini_hochberg
from ..stats.season import expected, spring_festival
from ..stats.silence import silent_runs
from ..words import Trouble, Words, label, show

EARLIER = 36  # periods before those shown, from which expectations are formed
FEWEST, MOST = 13, 36
RECENT, RECENT_FEWEST = 6, 3  # periods compared with the same ones a year before
SMOOTH = 3  # "rising for k periods" is read off the mean of so many
CELLS_TOLD, CATEGORIES_TOLD, TOLD_ENOUGH = 2, 4, 0.10  # a cell with less than a tenth of the excess is not told
BULK_TIMES, BULK_WINDOW, BULK_LEVEL = 3, 29, 0.001
ALL = "(all)"
UP, DOWN = ("new", "above", "rising", "shift_up"), ("below", "falling", "shift_down")


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
        return 3.0 + 1.45 * -(-self._drawn().size // 2)

    def caption(self, lang: str) -> str:
        heads = [finding.sentence(lang) for finding in self.findings[:2]]
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{' '.join(heads)}"

    def draw(self, figure, lang: str) -> None:
        """The total on top, the categories that matter below, on one time axis."""
        total, drawn = self.tables["total"], self._drawn()
        grid = figure.add_gridspec(1 + -(-len(drawn) // 2), 2, height_ratios=[1.9, *[1] * -(-len(drawn) // 2)])
        figure.suptitle(look.wrapped(self.findings[0].parts(lang)[0], 66), x=0.01, ha="left", fontsize=12)
        ax = figure.add_subplot(grid[0, :])
        marks = total["signal"].isin(["above", "below"]).to_numpy()
        look.series(ax, total["value"], total["low"], total["high"], total["expected_value"], marks)
        look.axis_format(ax.yaxis, total["form"].iloc[-1], lang)
        look.time_axis(ax, list(total["period"]))
        ax.set_title(self._unit(lang), fontsize=10.5, pad=6)
        self._name_last(ax, total, lang)
        self._name_events(ax, lang)
        for i, code in enumerate(drawn):
            self._panel(figure.add_subplot(grid[1 + i // 2, i % 2]), code, lang)

    def _panel(self, ax, code: str, lang: str) -> None:
        rows = self.tables["panels"]
        rows = rows[rows[self.by] == code]
        row = self.tables["categories"].set_index(self.by).loc[code]
        look.series(ax, rows["n"], rows["n_low"], rows["n_high"], rows["expected"], rows["signal"].to_numpy())
        ax.set_ylim(bottom=0)
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
            ax.annotate(said, at, (-12, 0), textcoords="offset points", ha="right", va="center", color=look.ORANGE)

    def _name_events(self, ax, lang: str) -> None:
        """Breaks of the taxonomy, silent channels and bulk days, where they fall."""
        at = {text: i for i, text in enumerate(self.tables["total"]["period"])}
        events = self.tables["signals"]
        for event in events[events["signal"].isin(["break", "silent", "bulk"])].itertuples():
            place = at.get(event.period)
            if place is not None:
                ax.axvline(place, color=look.SOFT, linewidth=0.9, linestyle=":", zorder=0)
                words = label("signal", event.signal, lang)
                ax.text(place, 0.02, f" {words}", transform=ax.get_xaxis_transform(), fontsize=8.5, color=look.SOFT,
                        ha="right" if place > 0.8 * len(at) else "left")  # fmt: skip

    def _unit(self, lang: str) -> str:
        if self.measure is None:
            return Words("投诉件数", "Complaints")[lang]
        return Words("每 1,000 {measure:measure}的投诉", "Complaints per 1,000 {measure:measure}").fill(lang, measure=self.measure)

    def _drawn(self) -> np.ndarray:
        return self.tables["panels"][self.by].unique()


def trend(
    book: Book, period: Period, *, by: str = "reason", periods: int = 24, top: int = 8, measure: str = "orders"
) -> Trend:
    """Has the number of complaints left its expected range, since when, and which category and place carry it?

    `periods` (13 to 36) are shown, the total and the `top` categories of `by`: those with a signal first, then the
    largest. `measure` is the denominator in the exposure table; without it counts are per day. Expectations: `n`,
    `expected` and its range are complaints; `value` is complaints per 1,000 of the measure. Each period is predicted
    from the periods before it (`stats.season.expected`), none across a break of the taxonomy.

    Claims: the total outside its 95% range; categories and cells by the prediction's p-value with q-values over all of
    them (Benjamini & Hochberg 1995); up to 6 recent periods against the same ones a year before (exact ratio of two
    rates, widened by the dispersion, q-values over all categories); runs on Laney's (2002) u' chart of the
    season-adjusted series with lengths set for all charts shown. The interval of a cell's share of the excess treats
    the cell and the rest as independent with the prediction errors of each (Fieller 1954, JRSS B 16:175-185, by
    simulation). Raises NotMeasured without the column `by`, Trouble where `periods` is out of range.
    """
    if not FEWEST <= periods <= MOST:
        raise Trouble(
            Words("趋势的期数应为 {low:int} 到 {high:int}", "the periods of a trend must be {low:int} to {high:int}"),
            low=FEWEST,
            high=MOST,
        )
    book, statistics = book.at(period.as_of), load_rules().statistics
    if not book.has("complaints", by):
        raise NotMeasured(f"complaints.{by}")
    history, stops = whole_history(book, period, periods + EARLIER)
    seen = _Seen(book, period, history, history[-periods:], by, stops, statistics)
    exposure = seen.exposure(measure)
    measure = None if exposure is None else measure
    total, chart = _total(seen, exposure, runs.rules_for(top + 1, rate=statistics.fdr))
    categories, panels = _categories(seen, exposure, measure, top)
    where = _where(seen, exposure, measure, total)
    tables = {"total": total, "categories": categories, "panels": panels, "where": where}
    tables["signals"] = _signals(seen, tables)
    tables["charts"] = _charts(chart, top + 1)
    return Trend(period, tables, _findings(seen, tables, measure), by, measure)


@dataclass(frozen=True)
class _Seen:
    """What an analysis looks at."""

    book: Book
    period: Period
    history: list[Period]
    shown: list[Period]
    by: str
    stops: pd.Timestamp | None
    statistics: Statistics

    @property
    def judged(self) -> bool:
        return not self.period.is_partial and self.stops is None

    def exposure(self, measure: str, by: Sequence[str] = ()) -> pd.DataFrame | None:
        """The denominator by period, if it is known for every period but perhaps the first ones."""
        try:
            found = self.book.exposure(measure, self.history, by)
        except NotMeasured:
            return None
        return None if found["value"].isna().all() or found["value"].isna().iloc[-1] else found

    def breaks(self) -> list[pd.Timestamp]:
        return [b.at for b in self.book.breaks_in(self.by, self.history)]

    def expect(self, n: np.ndarray, exposure: np.ndarray | None, judged: int, breaks=()) -> pd.DataFrame:
        return expected(
            n,
            self.history,
            exposure=exposure,
            regressors=_festivals(tuple(self.history)),
            breaks=breaks,
            judged=judged,
            level=self.statistics.confidence,
        )


def _festivals(history: tuple[Period, ...]) -> pd.DataFrame | None:
    found = spring_festival(history)
    return found if len(history) > 1 else None


# ---------------------------------------------------------------------------------------------------- total


def _total(seen: _Seen, exposure: pd.DataFrame | None, rules: runs.Rules) -> tuple[pd.DataFrame, Chart]:
    n = seen.book.series("complaints", [], seen.history)["n"].to_numpy()
    per = None if exposure is None else exposure["value"].to_numpy()
    look_at = len(seen.shown)
    found = seen.expect(n, per, look_at)
    scale = np.ones(len(n)) if per is None else per / 1000
    table = pd.DataFrame(
        {
            "period": [p.text for p in seen.history],
            "n": n,
            "exposure": np.nan if per is None else per,
            "value": n / scale,
            "expected_value": found["expected"].to_numpy() / scale,
            "low": found["low"].to_numpy() / scale,
            "high": found["high"].to_numpy() / scale,
            "expected": found["expected"].to_numpy(),
            "n_low": found["low"].to_numpy(),
            "n_high": found["high"].to_numpy(),
            "p": found["p"].to_numpy(),
            "adjusted": found["adjusted"].to_numpy() / (1 if per is None else np.nanmean(per) / 1000),
            "form": "int" if per is None else "num2",
        }
    )
    chart = _chart(found["adjusted"].to_numpy(), n, per, look_at, rules)
    table = table.iloc[-look_at:].reset_index(drop=True)
    marks = {
        "above": table["n"] > table["n_high"],
        "below": table["n"] < table["n_low"],
        "shift_up": chart.frame["shift"] > 0,
        "shift_down": chart.frame["shift"] < 0,
        "rising": chart.frame["trend"] > 0,
        "falling": chart.frame["trend"] < 0,
    }
    table["signal"] = np.select([np.asarray(mark) for mark in marks.values()], list(marks), "")
    if not seen.judged:
        table.loc[look_at - 1, ["low", "high", "expected_value", "expected", "n_low", "n_high", "p"]] = np.nan
        table.loc[look_at - 1, "signal"] = ""
    return table, chart


def _chart(adjusted: np.ndarray, n: np.ndarray, per: np.ndarray | None, look_at: int, rules: runs.Rules) -> Chart:
    """Laney's chart of the periods shown, with season and calendar put into the denominator."""
    weights = np.ones(len(n)) if per is None else per / np.nanmean(per)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = n / weights / adjusted  # the season's; not known where nothing came in
    weights = weights * np.where(np.isfinite(factor) & (factor > 0), factor, 1.0)
    return u_chart(n[-look_at:], weights[-look_at:], rules=rules)


# ----------------------------------------------------------------------------------------------- categories


def _categories(seen: _Seen, exposure, measure: str | None, top: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every category's period against its expectation; and the series of those drawn."""
    counts = _wide(seen.book.series("complaints", [seen.by], seen.history), [seen.by])
    per = _per(seen, exposure, measure, [seen.by] if seen.by in ("product", "region", "channel") else [], counts)
    breaks, rules = seen.breaks(), runs.rules_for(top + 1, rate=seen.statistics.fdr)
    rows = []
    for code, n in counts.items():
        found = seen.expect(n.to_numpy(), per[code], 1, breaks)
        rows.append({seen.by: code, **_category(seen, n.to_numpy(), per[code], found, breaks, rules)})
    table = pd.DataFrame(rows)
    tested = (table[seen.by] != BLANK) & seen.judged
    table["q"] = benjamini_hochberg(table["p"].where(tested))
    table["q_year"] = benjamini_hochberg(table.pop("p_year").where(tested))
    table["signal"] = [_signal(row, seen.statistics) if row[seen.by] != BLANK else "" for row in table.to_dict("records")]
    table = table.sort_values(["n", seen.by], ascending=[False, True], kind="stable", ignore_index=True)
    table = table.drop(columns=["run", "past"])
    first = table.assign(quiet=table["signal"] == "").sort_values(["quiet"], kind="stable")
    chosen = list(first.loc[first[seen.by] != BLANK, seen.by].head(top))
    chosen = [code for code in table[seen.by] if code in chosen]
    panels = [_panel_rows(seen, code, counts[code].to_numpy(), per[code], breaks) for code in chosen]
    if not panels:
        return table, pd.DataFrame(columns=["period", seen.by, "n", "expected", "n_low", "n_high", "signal"])
    panels = pd.concat(panels, ignore_index=True)
    late = panels["period"] == seen.period.text
    clear = set(table.loc[table["signal"].isin(["new", "above", "below"]), seen.by])
    panels["signal"] = np.where(late, panels[seen.by].isin(clear), panels["signal"])
    return table, panels.astype({"signal": bool})


def _category(seen: _Seen, n, per, found: pd.DataFrame, breaks, rules: runs.Rules) -> dict:
    last = found.iloc[-1]
    adjusted = found["adjusted"].to_numpy()
    after = np.array([p.start >= max(breaks, default=p.start) for p in seen.history])
    level = adjusted[after & ~np.isnan(adjusted)]
    side = runs.side_of(level, np.median(level) if len(level) else 0)
    run = int(runs.shift(side, rules.shift)[-1]) if len(level) else 0
    year = _on_last_year(seen, n, per, last["dispersion"], breaks)
    return {
        "n": int(n[-1]),
        "expected": last["expected"],
        "n_low": last["low"],
        "n_high": last["high"],
        "p": last["p"],
        **year,
        "rising": _streak(level),
        "run": run,
        "past": int(n[:-1].sum()),
    }


def _on_last_year(seen: _Seen, n, per, dispersion: float, breaks) -> dict:
    """The recent periods against the same ones a year before, none across a break."""
    nothing = {"recent": 0, "ratio": np.nan, "ratio_low": np.nan, "ratio_high": np.nan, "p_year": np.nan}
    at = {p.text: i for i, p in enumerate(seen.history)}
    pairs = []
    for i in range(len(seen.history) - 1, max(len(seen.history) - 1 - RECENT, -1), -1):
        then = at.get(seen.history[i].same_last_year().text)
        if then is None or seen.history[then].start < max(breaks, default=seen.history[then].start):
            break
        if not (per[i] > 0 and per[then] > 0):
            break
        pairs.append((i, then))
    if len(pairs) < RECENT_FEWEST or seen.period.kind == "day" or not dispersion == dispersion:
        return nothing
    now, then = (list(side) for side in zip(*pairs, strict=True))
    found = rate_ratio(n[now].sum(), per[now].sum(), n[then].sum(), per[then].sum(), dispersion=dispersion)
    ratio, low, high, p = found.iloc[0][["estimate", "low", "high", "p"]]
    change = {"ratio": ratio - 1, "ratio_low": low - 1, "ratio_high": high - 1}
    finite = {key: value if np.isfinite(value) else np.nan for key, value in change.items()}
    return {"recent": len(pairs), **finite, "p_year": p}


def _streak(adjusted: np.ndarray) -> int:
    """For how many periods in a row the mean of `SMOOTH` periods has risen (negative: fallen) up to the last."""
    step = np.sign(np.diff(pd.Series(adjusted).rolling(SMOOTH).mean().dropna()))
    if not len(step) or not step[-1]:
        return 0
    other = np.flatnonzero(step != step[-1])
    return int(step[-1]) * (len(step) - (other[-1] + 1 if len(other) else 0))


def _signal(row: dict, statistics: Statistics) -> str:
    clear = row["q"] <= statistics.fdr
    if clear and row["n"] > row["n_high"]:
        return "above" if row["past"] else "new"
    if clear and row["n"] < row["n_low"]:
        return "below"
    if row["q_year"] <= statistics.fdr and row["ratio_low"] > 0 and row["rising"] >= SMOOTH:
        return "rising"
    if row["q_year"] <= statistics.fdr and row["ratio_high"] < 0 and row["rising"] <= -SMOOTH:
        return "falling"
    return {1: "shift_up", -1: "shift_down"}.get(row["run"], "")


def _panel_rows(seen: _Seen, code: str, n, per, breaks) -> pd.DataFrame:
    look_at = len(seen.shown)
    found = seen.expect(n, per, look_at, breaks).iloc[-look_at:]
    out = pd.DataFrame(
        {
            "period": [p.text for p in seen.shown],
            seen.by: code,
            "n": n[-look_at:],
            "expected": found["expected"].to_numpy(),
            "n_low": found["low"].to_numpy(),
            "n_high": found["high"].to_numpy(),
            "signal": (found["p"] < 1 - runs.THREE_SIGMA).to_numpy(),
        }
    )
    if not seen.judged:
        out.loc[look_at - 1, ["expected", "n_low", "n_high"]] = np.nan
    return out


def _wide(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    wide = found.pivot(index="period", columns=keys, values="n")
    return wide.reindex(found["period"].unique()).fillna(0).astype("int64")


def _per(seen: _Seen, exposure, measure: str | None, by: list[str], counts: pd.DataFrame) -> dict:
    """The denominator of every column: its own where exposure is known by that dimension, else the total's."""
    days = np.array([p.days for p in seen.history], float)
    whole = days if exposure is None else exposure["value"].to_numpy(float)
    own = seen.exposure(measure, by) if measure and by and seen.book.has("exposure", *by) else None
    if own is None:
        return {code: whole for code in counts}
    by_period = own.pivot(index="period", columns=by[0], values="value").reindex(counts.index)
    place = list(counts.columns.names).index(by[0])
    names = {code: code[place] if isinstance(code, tuple) else code for code in counts}
    return {code: by_period[name].to_numpy(float) if name in by_period else whole for code, name in names.items()}


# ---------------------------------------------------------------------------------------- category x place


def _where(seen: _Seen, exposure, measure: str | None, total: pd.DataFrame) -> pd.DataFrame:
    """Cells above what was to be expected of them, and their share of the total's excess."""
    place = "region" if seen.by != "region" else "reason"
    columns = [seen.by, place, "n", "expected", "excess", "excess_low", "excess_high"]
    columns += ["excess_share", "excess_share_low", "excess_share_high", "q"]
    if not (seen.judged and seen.book.has("complaints", place)) or not np.isfinite(total["expected"].iloc[-1]):
        return pd.DataFrame({name: pd.Series(dtype=object if name in (seen.by, place) else float) for name in columns})
    keys = [seen.by, place]
    counts = _wide(seen.book.series("complaints", keys, seen.history), keys)
    counts = counts.loc[:, counts.iloc[-1] >= 3]  # fewer than three cases say nothing of a rise
    per = _per(seen, exposure, measure, ["region"], counts)
    breaks = seen.breaks()
    rows = []
    for (code, spot), n in counts.items():
        last = seen.expect(n.to_numpy(), per[(code, spot)], 1, breaks).iloc[-1]
        rows.append({seen.by: code, place: spot, "n": int(n.iloc[-1]), **last[["expected", "low", "high", "p"]]})
    table = pd.DataFrame(rows, columns=[seen.by, place, "n", "expected", "low", "high", "p"])
    table["q"] = benjamini_hochberg(table["p"].where((table[seen.by] != BLANK) & (table[place] != BLANK)))
    table["excess"] = table["n"] - table["expected"]
    table["excess_low"], table["excess_high"] = table["n"] - table["high"], table["n"] - table["low"]
    table = table[(table["q"] <= seen.statistics.fdr) & (table["excess"] > 0)]
    table = table.sort_values(["excess", seen.by, place], ascending=[False, True, True], kind="stable", ignore_index=True)
    last = total.iloc[-1]
    whole = last["n"] - last["expected"], last["n_high"] - last["n_low"]
    shares = [_share_of_excess(row.excess, row.high - row.low, *whole, last["signal"]) for row in table.itertuples()]
    shares = pd.DataFrame(shares, columns=columns[7:10], index=table.index, dtype=float)
    return pd.concat([table, shares], axis=1)[columns]


def _share_of_excess(excess: float, width: float, whole: float, whole_width: float, signal: str) -> tuple:
    """excess / whole with a 95% interval; only where the whole is above its range, so that it is not near 0."""
    if signal != "above":
        return (np.nan,) * 3
    z = np.random.default_rng(0).standard_normal((2, 20_000))
    se = width / (2 * norm.isf(0.025))
    rest_se = np.sqrt(max((whole_width / (2 * norm.isf(0.025))) ** 2 - se**2, 0))
    part, rest = excess + se * z[0], whole - excess + rest_se * z[1]
    return excess / whole, *np.quantile(part / (part + rest), [0.025, 0.975])


# --------------------------------------------------------------------------------- signals, silence, bulk


def _signals(seen: _Seen, tables) -> pd.DataFrame:
    """Everything marked: in the total, in categories this period, and in the data themselves."""
    total, categories = tables["total"], tables["categories"]
    rows = [
        {"signal": row.signal, "period": row.period, seen.by: ALL, "n": row.n, "expected": row.expected}
        for row in total[(total["signal"].isin(["above", "below"])) | (total.index == len(total) - 1)].itertuples()
        if row.signal
    ]
    rows += [
        {"signal": row["signal"], "period": seen.period.text, seen.by: row[seen.by], "n": row["n"], "expected": row["expected"]}
        for row in categories[categories["signal"] != ""].to_dict("records")
    ]
    for found in seen.book.breaks_in(seen.by, seen.shown):
        rows.append({"signal": "break", "period": Period.holding(found.at, seen.period.kind).text, "first_day": found.at})
    rows += _days(seen)
    columns = ["signal", "period", seen.by, "channel", "region", "first_day", "last_day", "days", "n", "expected", "share_top"]
    frame = pd.DataFrame(rows).reindex(columns=list(dict.fromkeys(columns)))
    return frame.astype({"first_day": "datetime64[us]", "last_day": "datetime64[us]"})


def _days(seen: _Seen) -> list[dict]:
    """Days on which a channel said nothing, and days on which far too much came at once."""
    if not seen.book.has("complaints", "channel"):
        return []
    end = min(seen.period.end, seen.period.as_of)
    days = pd.date_range(seen.shown[0].start, end - pd.Timedelta("1us"), freq="D")
    periods = [Period(f"{day:%Y-%m-%d}") for day in days]
    daily = _wide(seen.book.series("complaints", ["channel"], periods), ["channel"]).set_axis(days)
    daily = daily.drop(columns=BLANK, errors="ignore")
    kind = seen.period.kind
    rows = [
        {
            "signal": "silent",
            "period": Period.holding(run.first_day, kind).text,
            "channel": run.source,
            "n": 0,
            **{name: getattr(run, name) for name in ("first_day", "last_day", "days", "expected")},
        }
        for run in silent_runs(daily, judged=len(daily)).itertuples()
    ]
    for day, channel, n, usual in _spikes(daily, load_rules().statistics.min_count):
        keys = list(dict.fromkeys([seen.by, "region"] if seen.book.has("complaints", "region") else [seen.by]))
        keys = [key for key in keys if key != "channel"] or ["channel"]
        cells = seen.book.counts("complaints", keys, Period(f"{day:%Y-%m-%d}"), where={"channel": channel})
        first = cells.sort_values(["n", *keys], ascending=[False, *[True] * len(keys)], kind="stable").iloc[0]
        rows.append(
            {
                "signal": "bulk",
                "period": Period.holding(day, kind).text,
                "channel": channel,
                **{"first_day": day, "last_day": day, "days": 1, "n": n, "expected": usual},
                **{key: first[key] for key in keys},
                "share_top": first["n"] / n,
            }
        )
    return rows


def _spikes(daily: pd.DataFrame, least: int) -> list[tuple]:
    """Single days of a channel far above its usual level: the median of the days about it.

    Kept when the chance under a negative binomial (spread from the median absolute deviation), times the number of
    channel-days looked at, is below `BULK_LEVEL`, and the day has `BULK_TIMES` the usual and `least` more than it.
    """
    found = []
    for channel, counts in daily.items():
        usual = counts.rolling(BULK_WINDOW, center=True, min_periods=8).median().clip(lower=0.5)
        spread = (1.4826 * (counts - usual).abs().median()) ** 2 / usual.median() if len(counts) else 1.0
        phi = max(float(np.nan_to_num(spread)), 1.2)
        p = nbinom.sf(counts - 1, usual / (phi - 1), 1 / phi) * daily.size
        rare = (p < BULK_LEVEL) & (counts > BULK_TIMES * usual) & (counts - usual >= least)
        found += [(day, channel, int(counts[day]), float(usual[day])) for day in daily.index[rare]]
    return found


def _charts(chart: Chart, charts: int) -> pd.DataFrame:
    """How the charts are made, and how often their rules for runs cry wolf."""
    rules = chart.rules
    return pd.DataFrame(
        {
            "chart": [chart.kind],
            "dispersion": [chart.sigma_z**2],
            "trial": [chart.trial],
            "charts": [charts],
            "run_length": [rules.shift],
            "trend_length": [rules.trend],
            "false_alarm": [runs.false_alarm_rate(rules, charts)],
        }
    )


# ------------------------------------------------------------------------------------------------- findings

_RANGE = Words(
    "预期 {expected:int} 件（95% 区间 {n_low:int}–{n_high:int}）", "expected {expected:int} (95%: {n_low:int} to {n_high:int})"
)
_CATEGORY = {
    "new": (
        Words("新出现：{category}|，本期 {n:int} 件，此前从未有过。", "New: {category}|, {n:int} cases; there were none before."),
        "watch",
        0.75,
    ),
    "above": (
        Words(f"{{category}}偏多|：{{n:int}} 件，{_RANGE.zh}。", f"{{category}}: more than expected|, {{n:int}} cases; {_RANGE.en}."),
        "watch",
        0.7,
    ),
    "below": (
        Words(f"{{category}}偏少|：{{n:int}} 件，{_RANGE.zh}。", f"{{category}}: fewer than expected|, {{n:int}} cases; {_RANGE.en}."),
        "good",
        0.5,
    ),
    "rising": (
        Words(
            "{category}持续上升|：最近 {recent:int} 期的投诉率比去年同期高 {ratio:pct}（95% 区间 {ratio_low:pct} 至 {ratio_high:pct}）；"
            "三期平均已连续 {rising:int} 期上升。",
            "{category}: rising|, {ratio:pct} more often in the last {recent:int} periods than a year before "
            "(95%: {ratio_low:pct} to {ratio_high:pct}); the mean of three has risen {rising:int} times in a row.",
        ),
        "watch",
        0.65,
    ),
    "falling": (
        Words(
            "{category}持续下降|：最近 {recent:int} 期的投诉率比去年同期变化 {ratio:+pct}（95% 区间 {ratio_low:+pct} 至 {ratio_high:+pct}）；"
            "三期平均已连续 {fallen:int} 期下降。",
            "{category}: falling|, {ratio:+pct} in the last {recent:int} periods against a year before "
            "(95%: {ratio_low:+pct} to {ratio_high:+pct}); the mean of three has fallen {fallen:int} times in a row.",
        ),
        "good",
        0.55,
    ),
    "shift_up": (
        Words(
            "{category}长期偏高|：至少连续 {run_length:int} 期高于中位水平（已扣除季节和业务量）。",
            "{category}: on a higher level|, above the median for at least {run_length:int} periods in a row "
            "(season and volume taken out).",
        ),
        "watch",
        0.5,
    ),
    "shift_down": (
        Words(
            "{category}长期偏低|：至少连续 {run_length:int} 期低于中位水平（已扣除季节和业务量）。",
            "{category}: on a lower level|, below the median for at least {run_length:int} periods in a row "
            "(season and volume taken out).",
        ),
        "good",
        0.4,
    ),
}


def _findings(seen: _Seen, tables, measure: str | None) -> tuple[Finding, ...]:
    found = [_total_finding(seen, tables)]
    if seen.judged:
        cells = _cell_findings(seen, tables)
        found += cells + _category_findings(seen, tables, {f.values["code"] for f in cells})
    found += _event_findings(seen, tables) + [_chart_finding(seen, tables, measure)]
    return tuple(sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight)))


def _total_finding(seen: _Seen, tables) -> Finding:
    last = tables["total"].iloc[-1]
    values = {"period": seen.period, **{name: last[name] for name in ("n", "expected", "n_low", "n_high")}}
    if not seen.judged:
        words = Words(
            "{period:period}尚不完整|：已收到 {n:int} 件，不与完整的各期相比。",
            "{period:period} is not complete|: {n:int} cases so far, not judged against whole periods.",
        )
        return Finding("trend.total", "note", words, values, 0.6)
    if not np.isfinite(last["expected"]):
        words = Words(
            "{period:period}收到 {n:int} 件|；历史太短，还推算不出预期（至少要有此前 8 个完整的期间）。",
            "{n:int} complaints in {period:period}|; history is too short for an expectation (needs 8 whole periods before).",
        )
        return Finding("trend.total", "note", words, values, 0.4)
    if last["signal"] in ("above", "below"):
        above = last["signal"] == "above"
        values |= {"excess": abs(last["n"] - last["expected"])}
        zh, en = ("多", "more") if above else ("少", "fewer")
        words = Words(
            f"{{period:period}}比预期{zh} {{excess:int}} 件投诉|：收到 {{n:int}} 件，{_RANGE.zh}，已计入趋势、季节和业务量。",
            f"{{excess:int}} complaints {en} than expected in {{period:period}}|: {{n:int}} came in, {_RANGE.en}; "
            "trend, season and volume are allowed for.",
        )
        level = "good" if not above else "act" if last["p"] <= 0.01 else "watch"
        return Finding("trend.total", level, words, values, 0.85)
    words = Words(f"总量没有异常|：收到 {{n:int}} 件，{_RANGE.zh}。", f"No signal in the total|: {{n:int}} came in, {_RANGE.en}.")
    if last["signal"]:
        values |= {"run_length": tables["charts"]["run_length"].iloc[0]}
        up = last["signal"] in UP
        words = Words(
            f"总量{'持续偏高' if up else '持续偏低'}|：本期 {{n:int}} 件在预期之内，但已连续至少 {{run_length:int}} 期{'高' if up else '低'}于均值。",
            f"The total stays {'high' if up else 'low'}|: {{n:int}} is within expectation, but at least {{run_length:int}} "
            f"periods in a row lie {'above' if up else 'below'} the mean.",
        )
        return Finding("trend.total", "watch" if up else "good", words, values, 0.6)
    return Finding("trend.total", "note", words, values, 0.4)


def _cell_findings(seen: _Seen, tables) -> list[Finding]:
    """The category and place that carry the rise."""
    found, total = [], tables["total"].iloc[-1]
    place = [name for name in tables["where"].columns if name in ("region", "reason") and name != seen.by][0]
    for row in tables["where"].head(CELLS_TOLD).to_dict("records"):
        shared = np.isfinite(row["excess_share"])
        if shared and row["excess_share_low"] < TOLD_ENOUGH:
            continue
        values = {"code": row[seen.by], "place": row[place]}
        values |= {name: row[name] for name in ("n", "expected", "excess", "excess_low", "excess_high")}
        name_zh, name_en = f"{{place:{place}}}“{{code:{seen.by}}}”", f"{{code:{seen.by}}} in {{place:{place}}}"
        size = Words(
            "比预期多 {excess:int} 件（95% 区间 {excess_low:int}–{excess_high:int}）",
            "{excess:int} more than expected (95%: {excess_low:int} to {excess_high:int})",
        )
        words = Words(f"{name_zh}突出|：{{n:int}} 件，{size.zh}。", f"{name_en} stands out|: {{n:int}} cases, {size.en}.")
        if shared:
            values |= {key: row[key] for key in ("excess_share", "excess_share_low", "excess_share_high")}
            ordinary = total["n"] - row["excess"] <= total["n_high"]
            after = Words("；剔除后总量在预期之内", "; without it the total would be within its range") if ordinary else Words("", "")
            words = Words(
                f"增量的 {{excess_share:pct}} 来自{name_zh}|（95% 区间 {{excess_share_low:pct}}–{{excess_share_high:pct}}）："
                f"{{n:int}} 件，{size.zh}{after.zh}。",
                f"{name_en} explains {{excess_share:pct}} of the rise| (95%: {{excess_share_low:pct}} to "
                f"{{excess_share_high:pct}}): {{n:int}} cases, {size.en}{after.en}.",
            )
        found.append(Finding("trend.where", "act" if shared else "watch", words, values, 0.93 if shared else 0.72))
    return found


def _category_findings(seen: _Seen, tables, told: set[str]) -> list[Finding]:
    rows = tables["categories"]
    rows = rows[(rows["signal"] != "") & ~rows[seen.by].isin(told)]
    order = {name: i for i, name in enumerate(_CATEGORY)}
    rows = rows.sort_values("signal", key=lambda s: s.map(order), kind="stable").head(CATEGORIES_TOLD)
    found = []
    for row in rows.to_dict("records"):
        words, level, weight = _CATEGORY[row["signal"]]
        words = Words(*(words[lang].replace("{category}", f"{{code:{seen.by}}}") for lang in ("zh", "en")))
        names = ("n", "expected", "n_low", "n_high", "recent", "ratio", "ratio_low", "ratio_high", "rising")
        values = {"code": row[seen.by], **{name: row[name] for name in names}, "fallen": abs(row["rising"])}
        values |= {"run_length": tables["charts"]["run_length"].iloc[0]}
        found.append(Finding(f"trend.{row['signal']}", level, words, values, weight))
    return found


def _event_findings(seen: _Seen, tables) -> list[Finding]:
    """What in the data themselves bends the series."""
    found, events = [], tables["signals"]
    for row in events[events["signal"] == "silent"].to_dict("records"):
        now = row["period"] == seen.period.text
        words = Words(
            "{channel:channel}有 {days:int} 天没有数据|（{first_day:day}起），往常约有 {expected:int} 件：总量因此偏低。",
            "{channel:channel}: no data for {days:int} days|, from {first_day:day}; about {expected:int} cases would be usual, "
            "so the total reads low.",
        )
        names = ("channel", "days", "first_day", "last_day", "expected")
        found.append(Finding("trend.silent", "note", words, {name: row[name] for name in names}, 0.45 if now else 0.2))
    place = "region" if events["region"].notna().any() else None
    for row in events[events["signal"] == "bulk"].to_dict("records"):
        now = row["period"] == seen.period.text
        in_zh, in_en = (f"{{place:{place}}}", f" in {{place:{place}}}") if place and seen.by != place else ("", "")
        words = Words(
            f"{{first_day:day}}{{channel:channel}}一天 {{n:int}} 件|，往常约 {{expected:int}} 件；其中 {{share_top:pct}} 为{in_zh}"
            f"“{{code:{seen.by}}}”：更像一件事，而不是各自独立的投诉，该期偏高。",
            f"{{channel:channel}}: {{n:int}} cases on {{first_day:day}} alone|, where about {{expected:int}} are usual; "
            f"{{share_top:pct}} of them {{code:{seen.by}}}{in_en}: more likely one event than as many complaints; that "
            "period reads high.",
        )
        names = ("channel", "first_day", "n", "expected", "share_top")
        values = {name: row[name] for name in names} | {"code": row[seen.by], "place": row.get("region")}
        found.append(Finding("trend.bulk", "watch" if now else "note", words, values, 0.6 if now else 0.3))
    for at in seen.book.breaks_in(seen.by, seen.shown):
        words = Words(
            f"分类变更：{at.words.zh}|（{{at:day}}）；类别不跨越这一天比较。",
            f"Taxonomy change: {at.words.en}| ({{at:day}}); no category is compared across it.",
        )
        found.append(Finding("trend.break", "note", words, {"at": at.at}, 0.25))
    return found


def _chart_finding(seen: _Seen, tables, measure: str | None) -> Finding:
    values = tables["charts"].iloc[0].to_dict()
    kind = Words("c′ 图（没有业务量）", "c′ chart (no denominator)")
    if measure is not None:
        values["measure"] = measure
        kind = Words("u′ 图（以{measure:measure}为分母）", "u′ chart (per {measure:measure})")
    words = Words(
        f"图表做法|：{kind.zh}，波动为纯偶然的 {{dispersion:num1}} 倍（方差）；所示 {{charts:int}} 张图合计误报的机会至多 {{false_alarm:pct}}"
        "（连续偏离、连续升降的规则）。",
        f"How the charts are made|: {kind.en}; the variance is {{dispersion:num1}} times that of chance alone; over all "
        "{charts:int} charts the rules for runs raise a false alarm with a chance of at most {false_alarm:pct}.",
    )
    return Finding("trend.charts", "note", words, values, 0.05)
