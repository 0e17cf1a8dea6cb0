"""How far forecasts were off, as the M competitions measure it. One number a row of `forecast` and `actual` (rows x h)."""

import numpy as np

Array = np.ndarray


def smape(forecast: Array, actual: Array) -> Array:
    """Mean of 200 |actual - forecast| / (|actual| + |forecast|), in per cent; 0 where both are 0.

    Makridakis & Hibon (2000, IJF 16:451-476). It forgives forecasts that are too high; near 0 it says nothing.
    """
    size = np.abs(actual) + np.abs(forecast)
    return (200 * np.abs(actual - forecast) / np.where(size > 0, size, 1)).mean(axis=-1)


def mase(forecast: Array, actual: Array, history: Array, season: int) -> Array:
    """Mean absolute error, as a multiple of the seasonal naive method's in the history (rows x periods, NaN behind).

    Hyndman & Koehler (2006, IJF 22:679-688). NaN where the history has no such error: under one season, or constant.
    """
    step = np.abs(history[:, season:] - history[:, :-season])
    known = np.isfinite(step)
    own = np.where(known, step, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.abs(actual - forecast).mean(axis=-1) / np.where(own > 0, own, np.nan)


def owa(smape: float, mase: float, naive2_smape: float, naive2_mase: float) -> float:
    """Overall weighted average of the M4 competition: mean of both means over those of Naive2 (Makridakis et al. 2020)."""
    return (smape / naive2_smape + mase / naive2_mase) / 2
