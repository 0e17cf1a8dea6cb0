"""Alarms that look at the last weeks only: EARS, for series without years behind them."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .bounds import chance
from .quasipoisson import some

GAP = {"C1": 0, "C2": 2, "C3": 2}  # periods between the judged one and those that it is compared with


def ears(
    counts: ArrayLike,
    season: float | None = None,
    *,
    method: str = "C1",
    alpha: float = 0.001,
    baseline: int = 7,
    min_sigma: float = 0.0,
    judged: int | None = None,
) -> pd.DataFrame:
    """Which counts are above those just before them? EARS (Hutwagner et al. 2003, J Urban Health 80 suppl 1:i89-i96).

    `counts`: one series or many, as for `farrington_flexible`; `season` is of no use here and may be left out. C1: a
    count above mean + z standard deviations of the `baseline` periods before it, z the normal quantile of 1 - `alpha`.
    C2: of those that ended two periods earlier, so that a slow beginning does not raise the bar. C3: standardised
    C2 excesses of the two periods before it over 1, summed, above z. `min_sigma`: smallest standard deviation
    (0.5 or more where most counts are 0, or the first case after a quiet week alarms).

    Columns: `count`, `expected`, `upper` (not below 0), `alarm`, `p` (none for C3), `why` there is no
    judgement: "history" (not enough periods before), "flat" (C3: a standard deviation of 0 to divide by, where R's
    surveillance gives NA), "missing" or "". Agrees with `earsC` there (1.20), whose C3 bound is the count itself + (z -
    the sum) standard deviations: its alarm is about the two periods before.

    `p` is not the normal law's, which calls the first case after a quiet week certain, but as in `farrington_flexible`.
    Assumes a mean without season and trend over the last weeks, and that seven counts tell their standard deviation: on
    Poisson counts 1.5 to 4 % alarm at the usual `alpha` of 0.001, the more the smaller they are. Prefer `p` for a list.
    """
    if method not in GAP:
        raise ValueError(f"method is one of {tuple(GAP)}")
    series = pd.DataFrame(counts)
    y = series.to_numpy(float)
    mean, sigma = _before(y, baseline, GAP[method])
    sigma = np.maximum(sigma, min_sigma)
    z, known = stats.norm.isf(alpha), ~np.isnan(mean)
    with np.errstate(divide="ignore", invalid="ignore"):  # a standard deviation of 0
        off = (y - mean) / sigma
        upper, p = mean + z * sigma, _chance(y, mean, sigma, baseline)
        if method == "C3":
            excess = np.maximum(off - 1, 0)
            upper, p = y + sigma * (z - _ago(excess, 1) - _ago(excess, 2)), np.full(y.shape, np.nan)
            known = ~np.isnan(_ago(mean, 2))
    missing, flat = np.isnan(y), np.isnan(upper)
    columns = {
        "count": y,
        "expected": mean,
        "upper": np.maximum(upper, 0),
        "p": p,
        "why": np.select([missing, ~known, flat], ["missing", "history", "flat"], ""),
    }
    columns["alarm"] = columns["count"] > columns["upper"]
    first = max(len(y) - (len(y) if judged is None else judged), 0)
    index = pd.MultiIndex.from_product([series.index[first:], series.columns], names=["period", "series"])
    order = ["count", "expected", "upper", "alarm", "p", "why"]
    found = pd.DataFrame({name: columns[name][first:].ravel() for name in order}, index)
    return found if np.ndim(counts) == 2 else found.droplevel("series")


def _before(y: np.ndarray, width: int, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the `width` periods that ended `gap` periods before each one."""
    mean, sigma = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    if len(y) > width + gap:
        windows = np.lib.stride_tricks.sliding_window_view(y[: len(y) - 1 - gap], width, axis=0)
        mean[width + gap :], sigma[width + gap :] = windows.mean(axis=-1), windows.std(axis=-1, ddof=1)
    return mean, sigma


def _chance(y: np.ndarray, mean: np.ndarray, sigma: np.ndarray, width: int) -> np.ndarray:
    cases, dispersion = mean * width + 0.5, sigma**2 / some(mean)
    error = np.sqrt(np.maximum(dispersion, 1) * cases) / width
    return chance(y, cases / width, error, dispersion, np.full(y.shape, width - 1.0))


def _ago(x: np.ndarray, periods: int) -> np.ndarray:
    """The values of some periods earlier."""
    return np.vstack([np.full((periods, x.shape[1]), np.nan), x[:-periods]])
