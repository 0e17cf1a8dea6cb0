"""Whether one forecast is better than another, or was luckier: tests of equal accuracy."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Difference:
    """The mean of loss a minus loss b (below 0: a is better), its 95 % interval, test statistic, two-sided p and on
    how many differences it rests. NaN where too little was compared, or each difference was the same."""

    mean: float
    lower: float
    upper: float
    statistic: float
    p: float
    n: int


def diebold_mariano(a: ArrayLike, b: ArrayLike, *, h: int = 1) -> Difference:
    """Do two forecasts of one series differ in accuracy?

    `a`, `b`: their losses (absolute or squared errors ...), one per origin in order of time, NaN where either is
    missing; the forecasts looked `h` steps ahead, so that neighbouring losses overlap. Diebold & Mariano (1995), J.
    Bus. Econ. Stat. 13:253-263, with the correction for few origins and the t distribution of Harvey, Leybourne &
    Newbold (1997), Int. J. Forecasting 13:281-291; where their variance is not positive, Bartlett's weights. At h = 1
    it is the paired t test. Assumes that the difference in loss is stationary and correlated over less than h steps.
    """
    d = np.asarray(a, float) - np.asarray(b, float)
    d = d[np.isfinite(d)]
    return _judged(d.mean() if len(d) else np.nan, _variance(d, h), len(d) - 1, d.size)


def panel_difference(differences: ArrayLike, *, h: int = 1) -> Difference:
    """Do two forecasts of many series differ in accuracy on average?

    `differences`: loss a minus loss b, series x origins (in order of time), NaN where missing. Losses are to be scaled
    before, or the largest series decides. Every series weighs the same.

    The variance of the mean is that between series plus that between origins (Diebold and Mariano's, with overlap
    `h`), less what both count: clustered both ways, Cameron, Gelbach & Miller (2011), J. Bus. Econ. Stat. 29:238-249;
    Thompson (2011), J. Financ. Econ. 99:1-10; never less than either; t with the fewer clusters less one. Many series
    that share one surprise are so not taken for many proofs. With one series it is `diebold_mariano`, with one origin
    the paired t test over series.
    """
    d = np.asarray(differences, float)
    d = d[np.isfinite(d).any(axis=1)]
    d = d[:, np.isfinite(d).any(axis=0)]
    if not d.size:
        return Difference(*[np.nan] * 5, 0)
    series, origins = np.nanmean(d, axis=1), np.nanmean(d, axis=0)
    ways = [(x, lag) for x, lag in ((series, 1), (origins, h)) if len(x) > 1]
    if not ways:
        return Difference(float(series.mean()), *[np.nan] * 4, 1)
    between, cells = [_variance(x, lag) for x, lag in ways], d[np.isfinite(d)]
    variance = max(*between, sum(between) - cells.var(ddof=1) / len(cells)) if len(ways) == 2 else between[0]
    return _judged(float(series.mean()), variance, min(len(x) for x, _ in ways) - 1, len(cells))


def against(
    backtest: pd.DataFrame, reference: str = "seasonal_naive", scale: pd.Series | None = None
) -> pd.DataFrame:
    """How accurate was each model in the backtest, and is it better than `reference`?

    `backtest`: id, model, origin, h, actual, mean. An error is scaled by `scale` of its series (e.g. the mean absolute
    error of the seasonal naive forecast within its history: then the loss is MASE, Hyndman & Koehler 2006, Int. J.
    Forecasting 22:679-688), by default by the reference's own mean absolute error in the backtest: then the reference
    has 1. Only what both have forecast is compared; a series whose scale is 0 is left out. Origins overlap by the
    longest horizon.

    A row per model, best first: `model`; `n` (series) and `origins`; `loss`, the mean over series of their scaled
    absolute error, over all horizons; `reference_loss`, the reference's on the same; `difference` between them with
    its 95 % interval `lower`, `upper` and `p` by `panel_difference`. The p-values are not corrected for the number of
    models.
    """
    place = ["id", "origin", "h"]
    errors = (backtest["mean"] - backtest["actual"]).abs()
    wide = backtest.assign(error=errors).pivot(index=place, columns="model", values="error")
    if reference not in wide:
        raise ValueError(f"the backtest has no model {reference!r}")
    unit = wide[reference].groupby("id").mean() if scale is None else scale
    unit = unit.where(unit > 0)
    scaled = wide.div(unit.reindex(wide.index.get_level_values("id")).to_numpy(), axis=0)
    horizon = int(backtest["h"].max()) if len(backtest) else 1
    rows = []
    for model in wide.columns:
        both = scaled[[model, reference]].dropna() if model != reference else scaled[[model]].dropna()
        gap = (both[model] - both[reference]).groupby(["id", "origin"]).mean().unstack()
        series = both.groupby("id").mean().mean()
        found = panel_difference(gap.sort_index(axis=1).to_numpy(), h=horizon)
        tested = model != reference
        rows.append(
            {"model": model, "n": gap.shape[0], "origins": gap.shape[1], "loss": series[model]}
            | {"reference_loss": series[reference], "difference": found.mean if tested else 0.0}
            | {name: getattr(found, name) if tested else np.nan for name in ("lower", "upper", "p")}
        )
    return pd.DataFrame(rows).sort_values(["loss", "model"], ignore_index=True)


def _variance(d: np.ndarray, h: int) -> float:
    """The variance of the mean of `d`, correlated over less than `h` steps, corrected for few of them."""
    n = len(d)
    if n < 2:
        return np.nan
    h = max(1, min(h, n // 2))  # with more lags than that nothing is left to judge by
    e = d - d.mean()
    lagged = np.array([e[k:] @ e[: n - k] for k in range(h)]) / n
    found = lagged[0] + 2 * lagged[1:].sum()
    if found <= 0:
        found = lagged[0] + 2 * ((1 - np.arange(1, h) / h) * lagged[1:]).sum()
    return found / n / ((n + 1 - 2 * h + h * (h - 1) / n) / n)


def _judged(mean: float, variance: float, df: int, n: int) -> Difference:
    if variance == 0 and mean == 0:  # they are the same
        return Difference(0.0, 0.0, 0.0, 0.0, 1.0, n)
    if df < 1 or not variance > 0:
        return Difference(mean, *[np.nan] * 4, n)
    error = np.sqrt(variance)
    reach = stats.t.isf(0.025, df) * error
    return Difference(
        mean, mean - reach, mean + reach, mean / error, 2 * stats.t.sf(abs(mean) / error, df), n
    )
