"""What `forecast` looks at: the series of every node of the hierarchy, their calendar, and the forecasts that add up."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import INDICATORS, Indicator, measure, whole_history
from ..period import Period
from ..schema import BLANK
from ..stats.forecasting import PanelForecast, fit_panel
from ..stats.forecasting.calendar import calendar_factors
from ..stats.forecasting.reconcile import reconciled

ALL, JOIN = "(all)", "\x1f"  # the id of the total; between the codes of a node below the first level
SEASONS = {"day": 7, "week": 52, "month": 12, "quarter": 4, "half": 2, "year": 1}
MOST = {
    "day": 168,
    "week": 261,
    "month": 120,
    "quarter": 40,
    "half": 20,
    "year": 15,
}  # periods looked back upon
FEWEST = 6  # whole periods, below which nothing is forecast
BASES = {"received": "received", "closed": "closed", "open_at_end": "open"}  # what adds up over categories
LARGEST = 8  # categories of which an indicator that does not add up is forecast
AFRESH = 3  # whole periods since a change of the taxonomy, below which no category is forecast
PERIODIC = 10  # times the history: a window for the season so wide that it is the same every year
EFFECTS = ["regressor", "days", "effect", "effect_low", "effect_high"]
EDGE = 1e-4  # a share nearer to 0 or 1, a rate nearer to 0, is taken for this
NEVER = (
    0.001  # chance below which a run of zeros before the first case says that the category was not there yet
)


@dataclass(frozen=True)
class Seen:
    """What a forecast looks at: `history` are the whole periods, `coming` those to be forecast."""

    book: Book
    period: Period
    history: list[Period]
    coming: list[Period]
    by: tuple[str, ...]
    indicator: Indicator
    level: float
    stops: pd.Timestamp | None

    @property
    def season(self) -> int:
        return SEASONS[self.period.kind]

    @property
    def adds_up(self) -> bool:
        """Whether the values of the categories make up the total."""
        return self.indicator.key in BASES

    @property
    def form(self) -> str:
        return self.indicator.form

    @property
    def texts(self) -> list[str]:
        return [p.text for p in self.history]

    @cached_property
    def breaks(self) -> list[pd.Timestamp | None]:
        """By depth of the hierarchy: the latest change of the taxonomy of its dimensions, at which its nodes begin afresh."""
        found: list[pd.Timestamp | None] = [None]
        for field in self.by if self.history else ():
            own = [b.at for b in self.book.breaks_in(field, self.history)]
            found.append(max([*own, *([found[-1]] if found[-1] is not None else [])], default=None))
        return found

    @cached_property
    def too_recent(self) -> bool:
        """Whether the taxonomy has changed so lately that nothing can be said of the categories."""
        last = self.breaks[-1]
        return last is not None and sum(p.start >= last for p in self.history) < AFRESH

    @cached_property
    def by_known(self) -> bool:
        """Whether anything is forecast by category."""
        told = bool(self.by) and self.book.has("complaints", *self.by) and not self.too_recent
        return told and (self.adds_up or bool(self.measured))

    @cached_property
    def measured(self) -> dict[str, np.ndarray]:
        """An indicator that does not add up, by category: the largest of the last season, those of which it is measured."""
        field, lately = self.by[0], self.history[-min(self.season, len(self.history)) :]
        n = self.book.series("complaints", [field], lately).groupby(field)["n"].sum()
        n = n.drop(BLANK, errors="ignore").sort_index().sort_values(ascending=False, kind="stable")
        found = {}
        for code in n.index[:LARGEST]:
            with contextlib.suppress(NotMeasured):
                found[code] = measure(self.book.only({field: code}), self.indicator, self.history)[
                    "value"
                ].to_numpy(float)
        return {code: values for code, values in found.items() if np.isfinite(values).any()}

    @cached_property
    def values(self) -> pd.DataFrame:
        """Periods (rows) by nodes (columns, the total first, then level by level)."""
        if not self.adds_up:
            whole = {ALL: measure(self.book, self.indicator, self.history)["value"].to_numpy(float)}
            return pd.DataFrame(whole | (self.measured if self.by_known else {}), index=self.texts)
        basis = BASES[self.indicator.key]
        by = list(self.by) if self.by_known else []
        found = self.book.series("complaints", by, self.history, basis)
        if not by:
            return pd.DataFrame({ALL: found["n"].to_numpy(float)}, index=self.texts)
        wide = found.pivot(index="period", columns=by, values="n").reindex(self.texts).astype(float)
        levels = [wide.sum(axis=1).to_frame(ALL)]
        for depth in range(1, len(by) + 1):
            level = wide.T.groupby(level=list(range(depth))).sum().T
            level.columns = [JOIN.join([c] if isinstance(c, str) else c) for c in level.columns]
            levels.append(level)
        return pd.concat(levels, axis=1)

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """One row a node: `id`, `depth`, and its codes in the columns of `by`."""
        rows = []
        for name in self.values:
            codes = [] if name == ALL else name.split(JOIN)
            rows.append({"id": name, "depth": len(codes), **dict(zip(self.by, codes, strict=False))})
        return pd.DataFrame(rows, columns=["id", "depth", *self.by]).astype({"depth": int})


@dataclass(frozen=True)
class Fitted:
    """The forecasts of every node. `forecast`: id, h, mean, lower, upper, adding up where the indicator does."""

    seen: Seen
    panel: PanelForecast
    forecast: pd.DataFrame
    factors: pd.DataFrame  # periods, past and coming, by nodes: what the calendar does to each
    effects: pd.DataFrame  # of the calendar: regressor, days, effect, effect_low, effect_high
    began: Mapping[str, pd.Timestamp]  # from where on the history of a node is used, where not from the first
    borrowed: frozenset[
        str
    ]  # nodes with the season of the total, having too little history for one of their own

    def node(self, name: str = ALL) -> pd.DataFrame:
        return self.forecast[self.forecast["id"] == name].reset_index(drop=True)

    @cached_property
    def season(self) -> pd.DataFrame | None:
        """The total's trend, season and remainder as factors of the calendar-free series; None under two seasons."""
        return season_of(self, ALL)


def look_at(book: Book, period: Period, by: str, indicator: str, horizon: int, level: float) -> Seen:
    history, stops = whole_history(book, period, MOST[period.kind])
    if period.is_partial or stops is not None:
        history = history[:-1]
    last = history[-1] if history else period.previous()
    coming = [last.shifted(step) for step in range(1, horizon + 1)]
    names = tuple(name for name in (part.strip() for part in by.split(",")) if name)
    names = names if indicator in BASES else names[:1]
    return Seen(book.at(period.as_of), period, history, coming, names, INDICATORS[indicator], level, stops)


def fitted(seen: Seen) -> Fitted:
    """Every node's forecast: the calendar taken out, the panel fitted, the hierarchy made to add up."""
    values, counts = seen.values, seen.indicator.kind == "count"
    starts, effects = [p.start for p in seen.history], pd.DataFrame(columns=EFFECTS)
    began = _began(seen)
    long = values.set_axis(pd.Index(starts, name="t")).melt(var_name="id", value_name="y", ignore_index=False)
    long = long.reset_index()
    factors = pd.DataFrame(1.0, index=[*starts, *(p.start for p in seen.coming)], columns=values.columns)
    if counts and seen.indicator.key != "open_at_end" and values[ALL].nunique() > 1:
        whole = long[long["id"] == ALL]
        calendar = calendar_factors(whole, [*seen.history, *seen.coming], clock=seen.book.clock)
        factors = factors.mul(calendar.factors.set_index("t")["factor"], axis=0)
        effects = calendar.effects.rename(columns={"lower": "effect_low", "upper": "effect_high"})
    borrowed = frozenset()
    if counts and (season := _season(seen, seen.values[ALL], factors[ALL])) is not None:
        short = [name for name in began if _length(seen, began[name]) < 2 * seen.season]
        borrowed = frozenset(short)
        factors[short] = factors[short].mul(season["season"], axis=0)
    scaled = _scaled(long, seen)
    panel = fit_panel(
        scaled, len(seen.coming), seen.season, level=seen.level, counts=counts,
        factors=factors.melt(var_name="id", value_name="factor", ignore_index=False).rename_axis("t").reset_index(),
        breaks=began,
    )  # fmt: skip
    forecast = in_units(panel.forecast, ["mean", "lower", "upper"], seen)
    return Fitted(seen, panel, _added_up(seen, panel, forecast), factors, effects, began, borrowed)


def _began(seen: Seen) -> dict[str, pd.Timestamp]:
    """From where on each node's history is used: its first case, where it was not there before, or a change of the taxonomy."""
    found: dict[str, pd.Timestamp] = {}
    starts = [p.start for p in seen.history]
    for name, depth in zip(seen.nodes["id"], seen.nodes["depth"], strict=True):
        y, since = seen.values[name].to_numpy(), seen.breaks[depth]
        first = int(np.argmax(y > 0)) if seen.adds_up and (y > 0).any() else 0
        born = starts[first] if np.exp(-first * y[first:].mean()) < NEVER and depth else starts[0]
        after = next((start for start in starts if since is not None and start >= since), starts[0])
        if max(born, after) > starts[0]:
            found[name] = max(born, after)
    return found


def _length(seen: Seen, since: pd.Timestamp) -> int:
    return sum(p.start >= since for p in seen.history)


def season_of(f: "Fitted", name: str) -> pd.DataFrame | None:
    """Trend (in units of the indicator), season and remainder (factors) of a node by the start of each period, past and
    coming (season only). None where its history is not used whole, is under two seasons, or has a value not above 0."""
    return None if name in f.began else _season(f.seen, f.seen.values[name], f.factors[name])


def _season(seen: Seen, values: pd.Series, calendar: pd.Series) -> pd.DataFrame | None:
    """Robust STL of the logarithm with the calendar taken out (Cleveland et al. 1990, J Off Stat 6:3-73), with one season for all
    years: one that changes from year to year fits a few years of months without a remainder."""
    from statsmodels.tsa.seasonal import STL

    y = values.to_numpy(float)
    if seen.season < 2 or len(y) < 2 * seen.season or not (y > 0).all():
        return None
    log = np.log(y / calendar.to_numpy()[: len(y)])
    parts = STL(log, period=seen.season, seasonal=PERIODIC * len(y) + 1, seasonal_deg=0, robust=True).fit()
    found = {"trend": parts.trend, "season": parts.seasonal, "remainder": parts.resid}
    found = np.exp(pd.DataFrame(found, index=calendar.index[: len(y)]))
    found = found.reindex(calendar.index)
    last = found["season"].to_numpy()[len(y) - seen.season : len(y)]
    ahead = len(calendar) - len(y)
    found.iloc[len(y) :, found.columns.get_loc("season")] = last[np.arange(ahead) % seen.season]
    return found


# ------------------------------------------------------------------------- scales: what has bounds, keeps them


def _scaled(long: pd.DataFrame, seen: Seen) -> pd.DataFrame:
    return long.assign(y=_forward(long["y"].to_numpy(float), seen.indicator.kind))


def _forward(y: np.ndarray, kind: str) -> np.ndarray:
    """Shares as log odds, what is above 0 as logarithms; counts and scores as they are."""
    if kind == "share":
        y = np.clip(y, EDGE, 1 - EDGE)
        return np.log(y / (1 - y))
    return np.log(np.maximum(y, EDGE)) if kind in ("rate", "median", "mean") else y


def _backward(x: np.ndarray, kind: str) -> np.ndarray:
    if kind == "share":
        return 1 / (1 + np.exp(-x))
    return np.exp(x) if kind in ("rate", "median", "mean") else x


def in_units(frame: pd.DataFrame, columns: list[str], seen: Seen) -> pd.DataFrame:
    """The columns of a forecast in the indicator's own units."""
    return frame.assign(**{c: _backward(frame[c].to_numpy(float), seen.indicator.kind) for c in columns})


# --------------------------------------------------------------------------------------------- adding up


def _added_up(seen: Seen, panel: PanelForecast, forecast: pd.DataFrame) -> pd.DataFrame:
    """The forecasts of all nodes made to add up (MinT with shrinkage on the backtest's errors). The ranges move along, and where
    the levels disagree they are widened: a half becomes the root of its square plus that of the step."""
    if not seen.adds_up or len(seen.nodes) < 3:
        return forecast
    forecast = forecast.fillna({"mean": 0, "lower": 0, "upper": 0})
    past = panel.backtest[panel.backtest["model"] == "combination"]
    errors = (
        (past["actual"] - past["mean"])
        .set_axis(pd.MultiIndex.from_frame(past[["origin", "h", "id"]]))
        .unstack("id")
    )
    means = reconciled(
        forecast[["id", "h", "mean"]], _levels(seen), errors if len(errors) > 1 else None, counts=True
    )
    found = forecast.merge(means, on=["id", "h"], suffixes=("_alone", ""))
    moved = found["mean"] - found["mean_alone"]
    below, above = (np.hypot(found[side] - found["mean_alone"], moved) for side in ("lower", "upper"))
    found["lower"] = np.clip(np.floor(found["mean"] - below), 0, None)
    found["upper"] = np.ceil(found["mean"] + above)
    return found[["id", "h", "mean", "lower", "upper"]]


def _levels(seen: Seen) -> pd.DataFrame:
    bottom = seen.nodes[seen.nodes["depth"] == len(seen.by)]
    codes = [name.split(JOIN) for name in bottom["id"]]
    upper = {f"level_{d}": [JOIN.join(own[:d]) for own in codes] for d in range(1, len(seen.by))}
    return pd.DataFrame({"total": ALL, **upper}, index=pd.Index(bottom["id"], name="id"))
