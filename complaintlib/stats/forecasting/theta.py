"""The Theta method, and forecasting on several levels of temporal aggregation."""

from collections.abc import Callable

import numpy as np

from .seasonal import inside
from .smoothing import SIMPLE, Smoothed, smooth

Array = np.ndarray
LEVELS = (2, 3, 4)  # periods put together
BLOCKS = 6  # fewer are not smoothed


def theta(y: Array, n: Array, horizon: int, fit: Smoothed | None = None) -> Array:
    """Simple exponential smoothing with half the slope of the straight line through the history as drift.

    The method of Assimakopoulos & Nikolopoulos (2000, IJF 16:521-530), best of the M3 competition, in the form that
    Hyndman & Billah (2003, IJF 19:287-290) gave it. Seasonally adjusted values in, rows x periods, longest first. `fit`: simple smoothing of
    them, where it is done already.
    """
    fit = fit or smooth(y, n, SIMPLE)
    alpha = fit.grid.alpha
    lag = (fit.weight * (1 - (1 - alpha) ** n[:, None]) / alpha).sum(axis=1)
    return fit.path(horizon) + (slope(y, n) / 2)[:, None] * (lag[:, None] + np.arange(horizon))


def slope(y: Array, n: Array) -> Array:
    """Of the least squares line through each history, per period."""
    t = np.arange(y.shape[1]) - (n[:, None] - 1) / 2
    t = np.where(inside(n, y.shape[1]), t, 0)
    return (t * y).sum(axis=1) / np.maximum((t * t).sum(axis=1), 1e-300)


def aggregated(model: Callable[[Array, Array, int], Array], path: Array, y: Array, n: Array) -> Array:
    """The mean of a model's `path` and of those on two, three and four periods put together.

    Where noise is averaged, a slow movement shows: multiple temporal aggregation (Kourentzes, Petropoulos & Trapero
    2014, IJF 30:291-302), of seasonally adjusted values. Blocks are counted from the end; between their middles the
    path is a straight line.
    """
    total, number = path.copy(), np.ones(len(y))
    for k in LEVELS:
        some = np.flatnonzero(n // k >= BLOCKS)
        if len(some):
            total[some] += _blockwise(model, y[some], n[some], path.shape[1], k)
            number[some] += 1
    return total / number[:, None]


def _blockwise(
    model: Callable[[Array, Array, int], Array], y: Array, n: Array, horizon: int, k: int
) -> Array:
    at = (n % k)[:, None] + np.arange(y.shape[1] // k * k)
    blocks = np.take_along_axis(y, np.minimum(at, y.shape[1] - 1), axis=1).reshape(len(y), -1, k).mean(axis=2)
    blocks[~inside(n // k, blocks.shape[1])] = 0
    middles = (np.arange(horizon) + 0.5) / k - 0.5  # of the periods, in blocks after the first one's middle
    left = np.maximum(np.floor(middles).astype(int), 0)
    ahead = model(blocks, n // k, left[-1] + 2)
    return ahead[:, left] + (middles - left) * (ahead[:, left + 1] - ahead[:, left])
