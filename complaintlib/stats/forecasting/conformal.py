"""How far from a forecast the value may lie: intervals calibrated on the errors that were made before.

Split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018, JASA 113:1094-1111) on rolling origins: the
half-width is a quantile of the absolute errors that the same method made the same number of steps ahead, whatever
their shape. Errors are measured on the scale on which noise is even (`scale`), as multiples of the series' noise, so
that all series of the panel can tell what one alone cannot: a series' own errors and those of all are weighed
together. Rolling errors overlap and past and future are not exchangeable where a level shifts, so the coverage is
not guaranteed but measured: tests and benchmark.
"""

import numpy as np
from scipy import stats

from . import scale

Array = np.ndarray
POOL = 24  # the errors of all series weigh as much as so many of a series' own
FEW_ERRORS = 200  # of a step ahead in the whole panel; where there are fewer, `_expected` joins them
EXPECTED, TAIL = (
    40,
    5,
)  # how many expected errors join, with the tail of Student's t of so many degrees of freedom
SHARES = np.linspace(0.5, 1, 201)[:-1]  # of the pool's errors, where a limit may lie


def limits(
    centre: Array,
    came: Array,
    noise: Array,
    drift: Array,
    power: Array,
    level: float,
) -> tuple[Array, Array]:
    """Lower and upper limit of the next values, series x horizon, between which `level` of them are to lie.

    `centre`, `came`: forecasts and what came, origins x series x horizon, both on the scale of `power` (one a series);
    NaN where it is not known. The first origin is now. `noise`: origins x series, variance on the scale; `drift`: by
    which share of it each further step adds to it, used only where the panel has few errors.
    Errors are set against the geometric mean of the noise then and now: then alone a shorter history would be taken for
    as sure as now's, now alone a history of a few values would be taken at its word.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.abs(came - centre)[1:] / ((noise[1:] * noise[0]) ** 0.25)[:, :, None]
    score[~np.isfinite(score)] = np.nan
    wide = reach(score, drift, level) * np.sqrt(noise[0])[:, None]
    return scale.back(centre[0] - wide, power), scale.back(centre[0] + wide, power)


def reach(scores: Array, drift: Array, level: float) -> Array:
    """The score that `level` of the errors to come stay below, series x horizon. `scores`: origins x series x horizon."""
    series, horizon = scores.shape[1:]
    out = np.empty((series, horizon))
    for h in range(horizon):
        own = scores[:, :, h]
        pool = own[np.isfinite(own)]
        if len(pool) < FEW_ERRORS:
            all_the_same = np.broadcast_to(pool, (series, len(pool)))
            marks = np.quantile(np.concatenate([all_the_same, _expected(drift, h)], axis=1), SHARES, axis=1).T
        else:
            marks = np.broadcast_to(np.quantile(pool, SHARES), (series, len(SHARES)))
        below = (own[:, :, None] <= marks).sum(axis=0)
        number = np.isfinite(own).sum(axis=0)[:, None]
        share = (below + POOL * SHARES) / (number + POOL)
        at = np.minimum((share < level).sum(axis=1), len(SHARES) - 1)
        out[:, h] = marks[np.arange(series), at]
    return out


def _expected(drift: Array, h: int) -> Array:
    """Scores to be expected `h + 1` steps ahead from smoothing's theory: variance 1 + h drift (Hyndman et al. 2008, table 6.2)."""
    quantiles = stats.t.ppf(0.5 + (np.arange(EXPECTED) + 0.5) / (2 * EXPECTED), TAIL)
    return np.sqrt(1 + h * drift)[:, None] * quantiles
