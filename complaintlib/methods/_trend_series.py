"""The series behind `trend`: the total, every category, and every category in every place, against expectation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..period import Period
from ..rules import Statistics
from ..schema import BLANK
from ..stats import runs
from ..stats.charts import Chart, u_chart
from ..stats.intervals import rate_ratio
from ..stats.multiple import benjamini_hochberg
from ..stats.season import expected, spring_festival

RECENT, RECENT_FEWEST = 6, 3  # periods compared with the same ones a year before
SMOOTH = 3  # "rising for k periods" is read off the mean of so many
PANEL_RANGE = 13  # periods of a small panel that have an expected range
LEAST = 3  # fewer cases than this in a cell say nothing of a rise
WITH_EXPOSURE = ("channel", "product", "region")


@dataclass(frozen=True)
class Seen:
    """What an analysis looks at: `history` are all periods expectations rest on, `shown` the last of them."""

    book: Book
    period: Period
    history: list[Period]
    shown: list[Period]
    by: str
    measure: str
    stops: pd.Timestamp | None
    statistics: Statistics

    @property
    def judged(self) -> bool:
        return not self.period.is_partial and self.stops is None

    @cached_property
    def categories(self) -> bool:
        """Whether there are any: without the column `by` only the total can be told."""
        return self.book.has("complaints", self.by)

    @cached_property
    def breaks(self) -> list[pd.Timestamp]:
        return [found.at for found in self.book.breaks_in(self.by, self.history)]

    @cached_property
    def festivals(self) -> pd.DataFrame:
        return spring_festival(self.history)

    @cached_property
    def exposure(self) -> np.ndarray | None:
        """The denominator by period; None where the store does not have it for the period judged."""
        found = self._exposure([])
        return None if found is None else found["value"].to_numpy(float)

    def _exposure(self, by: Sequence[str]) -> pd.DataFrame | None:
        try:
            found = self.book.exposure(self.measure, self.history, by)
        except NotMeasured:
            return None
        return None if found.empty or np.isnan(found["value"].iloc[-1]) else found

    def per(self, columns: pd.Index) -> dict:
        """The denominator of every column of counts: its own where exposure is known by that dimension."""
        whole = np.array([p.days for p in self.history], float) if self.exposure is None else self.exposure
        by = [name for name in columns.names if name in WITH_EXPOSURE][:1]
        own = None
        if by and self.exposure is not None and self.book.has("exposure", *by):
            own = self._exposure(by)
        if own is None:
            return dict.fromkeys(columns, whole)
        wide = own.pivot(index="period", columns=by[0], values="value").reindex(
            [p.text for p in self.history]
        )
        codes = columns.get_level_values(by[0])
        return {
            column: wide[code].to_numpy(float) if code in wide else whole
            for column, code in zip(columns, codes, strict=True)
        }

    def counts(self, by: Sequence[str]) -> pd.DataFrame:
        """Complaints by period (rows) and category (columns)."""
        found = self.book.series("complaints", by, self.history)
        wide = found.pivot(index="period", columns=list(by), values="n")
        return wide.reindex([p.text for p in self.history]).fillna(0).astype("int64")

    def expect(self, n: np.ndarray, per: np.ndarray | None, judged: int, breaks=()) -> pd.DataFrame:
        level = self.statistics.confidence
        return expected(
            n,
            self.history,
            exposure=per,
            regressors=self.festivals,
            breaks=breaks,
            judged=judged,
            level=level,
        )


# ---------------------------------------------------------------------------------------------------- total


def total_series(seen: Seen, rules: runs.Rules) -> tuple[pd.DataFrame, Chart]:
    """The total with its expected range, and Laney's chart of it with season and calendar in the denominator."""
    n = seen.book.series("complaints", [], seen.history)["n"].to_numpy()
    found, last = seen.expect(n, seen.exposure, len(seen.shown)), len(seen.shown)
    scale = np.ones(len(n)) if seen.exposure is None else seen.exposure / 1000
    table = pd.DataFrame({"period": [p.text for p in seen.history], "n": n})
    table["exposure"] = np.nan if seen.exposure is None else seen.exposure
    table["value"] = n / scale
    for name, column in (("value_expected", "expected"), ("low", "low"), ("high", "high")):
        table[name] = found[column].to_numpy() / scale
    for name, column in (("expected", "expected"), ("n_low", "low"), ("n_high", "high"), ("p", "p")):
        table[name] = found[column].to_numpy()
    table["excess"] = table["n"] - table["expected"]
    table["form"] = "int" if seen.exposure is None else "num2"
    weights = np.ones(len(n)) if seen.exposure is None else seen.exposure / np.nanmean(seen.exposure)
    with np.errstate(divide="ignore", invalid="ignore"):
        season = n / weights / found["adjusted"].to_numpy()
    season = np.where(np.isfinite(season) & (season > 0), season, 1.0)
    weights = weights * season.round(6)  # so that equal counts stay equal
    chart = u_chart(n[-last:], weights[-last:], rules=rules)
    table = table.iloc[-last:].reset_index(drop=True)
    step = table["value"].diff()  # a rise that the plain numbers do not show is not told
    marks = {
        "above": table["n"] > table["n_high"],
        "below": table["n"] < table["n_low"],
        "shift_up": chart.frame["shift"] > 0,
        "shift_down": chart.frame["shift"] < 0,
        "rising": (chart.frame["trend"].to_numpy() > 0) & (step > 0),
        "falling": (chart.frame["trend"].to_numpy() < 0) & (step < 0),
    }
    table["signal"] = np.select([np.asarray(mark) for mark in marks.values()], list(marks), "")
    if not seen.judged:
        unknown = ["value_expected", "low", "high", "expected", "n_low", "n_high", "p", "excess"]
        table.loc[last - 1, [*unknown, "signal"]] = [*[np.nan] * len(unknown), ""]
    return table, chart


def chart_facts(chart: Chart, charts: int) -> pd.DataFrame:
    """How the charts are made, and how often their rules for runs cry wolf."""
    rules = chart.rules
    only_runs = runs.Rules(level=1.0, shift=rules.shift, trend=rules.trend)
    facts = {
        "chart": chart.kind,
        "dispersion": chart.sigma_z**2,
        "trial": chart.trial,
        "charts": charts,
        "run_length": rules.shift,
        "trend_length": rules.trend,
        "false_alarm": runs.false_alarm_rate(only_runs, charts),
    }
    return pd.DataFrame([facts])


# ----------------------------------------------------------------------------------------------- categories

_CATEGORY = (
    "n",
    "expected",
    "n_low",
    "n_high",
    "p",
    "q",
    "recent",
    "growth",
    "growth_low",
    "growth_high",
    "q_year",
    "rising",
    "falling",
)


def category_table(seen: Seen, rules: runs.Rules) -> pd.DataFrame:
    """Every category's period against its expectation, its recent periods against a year before, and its runs."""
    counts = seen.counts([seen.by]) if seen.categories else pd.DataFrame()
    per = seen.per(counts.columns)
    rows = [{seen.by: code, **_category(seen, n.to_numpy(), per[code], rules)} for code, n in counts.items()]
    table = pd.DataFrame(rows, columns=[seen.by, *_CATEGORY, "p_year", "shift", "past"])
    tested = (table[seen.by] != BLANK) & seen.judged
    table["q"] = benjamini_hochberg(table["p"].where(tested))
    table["q_year"] = benjamini_hochberg(table["p_year"].where(tested))
    signals = [_signal(row, seen.statistics) for row in table.to_dict("records")]
    table["signal"] = np.where(tested, pd.Series(signals, table.index, dtype=object), "")
    table = table.sort_values(["n", seen.by], ascending=[False, True], kind="stable", ignore_index=True)
    return table[[seen.by, *_CATEGORY, "signal"]].drop(columns="p").astype({"signal": object})


def _category(seen: Seen, n: np.ndarray, per: np.ndarray, rules: runs.Rules) -> dict:
    found = seen.expect(n, per, 1, seen.breaks)
    last, since = found.iloc[-1], max(seen.breaks, default=seen.history[0].start)
    level = found["adjusted"].to_numpy()[[p.start >= since for p in seen.history]]
    level = level[~np.isnan(level)]
    run = streak(level)
    side = runs.side_of(level, np.median(level)) if len(level) else np.zeros(0)
    return {
        "n": int(n[-1]),
        "expected": last["expected"],
        "n_low": last["low"],
        "n_high": last["high"],
        "p": last["p"],
        **_on_last_year(seen, n, per, last["dispersion"], since),
        "rising": max(run, 0),
        "falling": max(-run, 0),
        "shift": int(runs.shift(side, rules.shift)[-1]) if len(level) else 0,
        "past": int(n[:-1].sum()),
    }


def _on_last_year(seen: Seen, n: np.ndarray, per: np.ndarray, dispersion: float, since: pd.Timestamp) -> dict:
    """The recent periods against the same ones a year before; none from before `since`."""
    nothing = {"recent": 0, "growth": np.nan, "growth_low": np.nan, "growth_high": np.nan, "p_year": np.nan}
    if seen.period.kind == "day" or np.isnan(dispersion):
        return nothing
    at = {p.text: i for i, p in enumerate(seen.history)}
    pairs = []
    for i in range(len(seen.history) - 1, max(len(seen.history) - 1 - RECENT, -1), -1):
        then = at.get(seen.history[i].same_last_year().text)
        if then is None or seen.history[then].start < since or not (per[i] > 0 and per[then] > 0):
            break
        pairs.append((i, then))
    now, then = [i for i, _ in pairs], [i for _, i in pairs]
    if len(pairs) < RECENT_FEWEST or n[then].sum() < seen.statistics.min_count:
        return nothing  # a percentage on a handful of cases says nothing
    found = rate_ratio(n[now].sum(), per[now].sum(), n[then].sum(), per[then].sum(), dispersion=dispersion)
    ratio, low, high, p = found.iloc[0][["estimate", "low", "high", "p"]]
    return {
        "recent": len(pairs),
        "growth": ratio - 1,
        "growth_low": low - 1,
        "growth_high": high - 1,
        "p_year": p,
    }


def streak(adjusted: np.ndarray) -> int:
    """For how many periods in a row the mean of `SMOOTH` has risen (negative: fallen) up to the last."""
    step = np.sign(np.diff(pd.Series(adjusted, dtype=float).rolling(SMOOTH).mean().dropna()))
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
    if row["q_year"] <= statistics.fdr and row["growth_low"] > 0 and row["rising"] >= SMOOTH:
        return "rising"
    if row["q_year"] <= statistics.fdr and row["growth_high"] < 0 and row["falling"] >= SMOOTH:
        return "falling"
    return {1: "shift_up", -1: "shift_down"}.get(row["shift"], "")


def panel_series(seen: Seen, categories: pd.DataFrame, top: int) -> pd.DataFrame:
    """The series of the categories drawn: those with a signal first, then the largest; in order of size."""
    columns = ["period", seen.by, "n", "expected", "n_low", "n_high", "outside"]
    if not seen.categories:
        return pd.DataFrame(columns=columns)
    named = categories[categories[seen.by] != BLANK]
    first = named.assign(quiet=named["signal"] == "").sort_values("quiet", kind="stable")[seen.by].head(top)
    counts, last, parts = seen.counts([seen.by]), len(seen.shown), [pd.DataFrame(columns=columns)]
    per = seen.per(counts.columns)
    signals = named.set_index(seen.by)["signal"]
    for code in named[seen.by][named[seen.by].isin(first)]:
        n = counts[code].to_numpy()
        found = seen.expect(n, per[code], PANEL_RANGE, seen.breaks).iloc[-last:]
        part = pd.DataFrame({"period": [p.text for p in seen.shown], seen.by: code, "n": n[-last:]})
        for name, column in (("expected", "expected"), ("n_low", "low"), ("n_high", "high")):
            part[name] = found[column].to_numpy()
        part["outside"] = (found["p"] < 1 - runs.THREE_SIGMA).to_numpy()
        part.loc[last - 1, "outside"] = signals[code] in ("new", "above", "below")
        if not seen.judged:
            part.loc[last - 1, ["expected", "n_low", "n_high"]] = np.nan
        parts.append(part)
    return pd.concat(parts[1:] or parts, ignore_index=True)


# ---------------------------------------------------------------------------------------- category x place


def cells_above(seen: Seen, total: pd.DataFrame) -> pd.DataFrame:
    """Cells of category and place above what was to be expected of them, and their share of the total's excess."""
    place = "region" if seen.by != "region" else "reason"
    keys = [seen.by, place]
    columns = [*keys, "n", "expected", "excess", "excess_low", "excess_high", "q"]
    shares = ["excess_share", "excess_share_low", "excess_share_high"]
    rows, last = [], total.iloc[-1]
    if seen.judged and seen.categories and seen.book.has("complaints", place):
        counts = seen.counts(keys)
        counts = counts.loc[:, counts.iloc[-1] >= LEAST]
        per = seen.per(counts.columns)
        for cell, n in counts.items():
            found = seen.expect(n.to_numpy(), per[cell], 1, seen.breaks).iloc[-1]
            rows.append(
                {
                    seen.by: cell[0],
                    place: cell[1],
                    "n": int(n.iloc[-1]),
                    **found[["expected", "low", "high", "p"]],
                }
            )
    table = pd.DataFrame(rows, columns=[*keys, "n", "expected", "low", "high", "p"]).astype({"p": float})
    table["q"] = benjamini_hochberg(table["p"].where((table[keys] != BLANK).all(axis=1)))
    table["excess"] = table["n"] - table["expected"]
    table["excess_low"], table["excess_high"] = table["n"] - table["high"], table["n"] - table["low"]
    table = table[(table["q"] <= seen.statistics.fdr) & (table["excess_low"] > 0)]
    table = table.sort_values(
        ["excess", *keys], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    whole = (
        (last["n"] - last["expected"], last["n_high"] - last["n_low"]) if last["signal"] == "above" else None
    )
    found = [share_of_excess(row.excess, row.high - row.low, whole) for row in table.itertuples()]
    return pd.concat(
        [table[columns], pd.DataFrame(found, columns=shares, index=table.index, dtype=float)], axis=1
    )


def share_of_excess(
    excess: float, width: float, whole: tuple[float, float] | None
) -> tuple[float, float, float]:
    """`excess` over that of the whole, with a 95% interval, from the widths of both 95% prediction ranges.

    Fieller (1954, JRSS B 16:175-185), cell and rest being independent. `whole`: excess and width; None where it is
    not above its range: nothing is divided by about 0.
    """
    if whole is None:
        return (np.nan,) * 3
    total, cell_error = whole[0], (width / 2) ** 2  # both half widths are z standard errors
    error = max((whole[1] / 2) ** 2, cell_error)
    middle, square = excess * total - cell_error, total**2 - error
    reach = np.sqrt(max(middle**2 - square * (excess**2 - cell_error), 0))
    return excess / total, (middle - reach) / square, (middle + reach) / square
