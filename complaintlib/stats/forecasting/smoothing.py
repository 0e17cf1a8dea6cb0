"""Exponential smoothing of many histories over a grid of parameters at once.

In error-correction form, with the one-step error e = y - (level + phi trend + season):
level += phi trend + alpha e;  trend = phi trend + alpha beta e;  season += gamma e
(Hyndman, Koehler, Ord & Snyder 2008, Forecasting with Exponential Smoothing; `beta` is Holt's, that of statsmodels' `Holt`).

The errors are linear in the first level and trend. Run once with both 0, and once with each 1 and all values 0 (the
same for every history), the least squared errors' first states are a regression on two columns: no search. And a
forecast is the mean over the grid, weighted by likelihood (SSE^(-n/2), Gaussian errors), so that a history which does not
say what its parameters are is not forecast as if it did.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

Array = np.ndarray
TIGHT = 1e-9, 1e-6  # keep first level and trend finite where the history is too short to tell them apart


@dataclass(frozen=True, eq=False)
class Grid:
    """Combinations of parameters, one a column: arrays of one length."""

    alpha: Array
    beta: Array
    phi: Array
    gamma: Array

    @classmethod
    def of(cls, alpha=(0.0,), beta=(0.0,), phi=(0.0,), gamma=(0.0,)) -> "Grid":
        return cls(
            *(np.array(values, float) for values in zip(*product(alpha, beta, phi, gamma), strict=True))
        )

    def __len__(self) -> int:
        return len(self.alpha)


SIMPLE = Grid.of(alpha=(0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99))
DAMPED = Grid.of(alpha=(0.05, 0.15, 0.3, 0.5, 0.8), beta=(0.02, 0.07, 0.2), phi=(0.85, 0.95))
SEASONAL = Grid.of(alpha=(0.05, 0.15, 0.3, 0.5, 0.8), beta=(0.02, 0.1), phi=(0.85, 0.95), gamma=(0.03, 0.15))


@dataclass(frozen=True)
class Smoothed:
    """Rows x grid: weight, sum of squared one-step errors, first and last level and trend; last season x rows x grid."""

    grid: Grid
    n: Array
    weight: Array
    sse: Array
    first: tuple[Array, Array]
    level: Array
    trend: Array
    season: Array | None

    def path(self, horizon: int) -> Array:
        """The next `horizon` values, rows x horizon."""
        kept = np.cumsum(self.grid.phi ** np.arange(1, horizon + 1)[:, None], axis=0)
        path = (self.weight * self.level).sum(axis=1)[:, None] + (self.weight * self.trend) @ kept.T
        if self.season is not None:
            season = (self.season * self.weight).sum(axis=2).T
            path += np.take_along_axis(
                season, (self.n[:, None] + np.arange(horizon)) % season.shape[1], axis=1
            )
        return path


def smooth(y: Array, n: Array, grid: Grid, pattern: Array | None = None) -> Smoothed:
    """Every history (rows of `y`, without gaps up to `n`, the longest first) at every combination of `grid`.

    `pattern` (rows x season): the season as it was at the beginning; without it there is none.
    """
    rows, size, width = len(y), len(grid), int(n.max(initial=0))
    active = np.searchsorted(-n, -np.arange(width))  # so many histories are longer than t
    level, trend, squares, cross_level, cross_trend, error, work = np.zeros((7, rows, size))
    season = None if pattern is None else np.repeat(pattern.T[:, :, None], size, axis=2)
    unit = _responses(grid, -(-width // 32) * 32, 0 if pattern is None else pattern.shape[1])
    moving = bool(grid.phi.any())
    for t in range(width):
        k = active[t]
        at, slope, e, x = level[:k], trend[:k], error[:k], work[:k]
        if moving:
            at += np.multiply(slope, grid.phi, out=slope)
        np.subtract(y[:k, t, None], at, out=e)
        if season is not None:
            now = season[t % len(season), :k]
            e -= now
            now += np.multiply(e, grid.gamma, out=x)
        squares[:k] += np.multiply(e, e, out=x)
        cross_level[:k] += np.multiply(e, unit.error[t, 0], out=x)
        if moving:
            cross_trend[:k] += np.multiply(e, unit.error[t, 1], out=x)
        at += np.multiply(e, grid.alpha, out=x)
        if moving:
            slope += np.multiply(x, grid.beta, out=x)
    a, b, c = (unit.squares[n, i] for i in range(3))
    a, c = a + TIGHT[0], c + TIGHT[1]
    lift = (b * cross_trend - c * cross_level) / (a * c - b * b)
    tilt = (b * cross_level - a * cross_trend) / (a * c - b * b)
    sse = np.maximum(squares + lift * cross_level + tilt * cross_trend, 1e-12 * squares + 1e-300)
    level += lift * unit.state[n, 0, 0] + tilt * unit.state[n, 1, 0]
    trend += lift * unit.state[n, 0, 1] + tilt * unit.state[n, 1, 1]
    if season is not None:
        season += lift * unit.season[n, 0].swapaxes(0, 1) + tilt * unit.season[n, 1].swapaxes(0, 1)
    weight = np.exp(-0.5 * n[:, None] * np.log(sse / sse.min(axis=1, keepdims=True)))
    weight /= weight.sum(axis=1, keepdims=True)
    return Smoothed(grid, n, weight, sse, (lift, tilt), level, trend, season)


@dataclass(frozen=True)
class _Responses:
    """To a first level of 1 (index 0) and a first trend of 1 (index 1), all values 0; the last axis is the grid."""

    error: Array  # t, which, grid
    squares: (
        Array  # after t periods: sums of the errors' products level x level, level x trend, trend x trend
    )
    state: Array  # after t periods: which, (level, trend), grid
    season: Array  # after t periods: which, season, grid


@lru_cache(maxsize=16)  # they do not depend on the histories
def _responses(grid: Grid, width: int, season: int) -> _Responses:
    error = np.zeros((width, 2, len(grid)))
    squares = np.zeros((width + 1, 3, len(grid)))
    state = np.zeros((width + 1, 2, 2, len(grid)))
    seasons = np.zeros((width + 1, 2, season, len(grid)))
    state[0, 0, 0] = state[0, 1, 1] = 1
    for t in range(width):
        slope = grid.phi * state[t, :, 1]
        at = state[t, :, 0] + slope
        e = error[t] = -at - (seasons[t, :, t % season] if season else 0)
        state[t + 1, :, 0] = at + grid.alpha * e
        state[t + 1, :, 1] = slope + grid.alpha * grid.beta * e
        seasons[t + 1] = seasons[t]
        if season:
            seasons[t + 1, :, t % season] += grid.gamma * e
        squares[t + 1] = squares[t] + np.stack([e[0] * e[0], e[0] * e[1], e[1] * e[1]])
    return _Responses(error, squares, state, seasons)
