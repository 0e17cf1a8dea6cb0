"""Alarms for slow rises: too little a period to be seen, too many periods in a row to be chance."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

OVERSHOOT = 0.583  # of a normal random walk over a boundary (Siegmund 1985, Sequential Analysis, ch. 10)


def cusum(
    counts: ArrayLike,
    expected: ArrayLike,
    dispersion: ArrayLike = 1.0,
    *,
    allowance: float = 0.5,
    alpha: float = 0.001,
) -> pd.DataFrame:
    """Have counts been creeping above what was expected of them? The upper cumulative sum (Page 1954).

    `counts`, `expected` (not learnt from the periods judged), `dispersion` (variance over mean): one series, oldest
    first, or a row a period and a column a series. Each count becomes its normal score under the negative binomial
    (mid-p), so that small and skewed counts behave as large ones (as Rossi et al. 1999, Stat Med 18:2111-2122, by
    another transformation); of the scores, what exceeds `allowance` (half the rise that should be found, in
    standard deviations) is summed, never below 0. A missing count or expectation leaves the sum as it is.

    Columns: `count`, `expected`, `score`, `cusum`, `since` (first period of the present rise; none at 0), `p` (chance of so
    high a sum in a period picked at random: exp(-2 x allowance x (sum + 0.583))), `alarm` (p below `alpha`).

    Assumes that scores are independent with variance 1 without a change. An expectation that is itself an estimate
    shifts all scores of a series together: from 48 months of one series by itself p fell below 0.01 in 7 % of the cases,
    with `mean` and `dispersion` of `farrington_flexible(..., judged=12, past_not_included=12, borrow=True)` in 1 %.
    """
    series = pd.DataFrame(counts)
    y = series.to_numpy(float)
    mean, phi = (np.broadcast_to(_tall(x), y.shape) for x in (expected, dispersion))
    score = _normal_score(y, mean, phi)
    step = np.where(np.isnan(score), 0.0, score - allowance)
    total, since = np.zeros(y.shape), np.full(y.shape, -1)
    for t in range(len(y)):
        before = total[t - 1] if t else np.zeros(y.shape[1])
        total[t] = np.maximum(before + step[t], 0)
        since[t] = np.where(total[t] > 0, np.where(before > 0, since[t - 1], t), -1)
    p = np.where(total > 0, np.exp(-2 * allowance * (total + OVERSHOOT)), 1.0)
    index = pd.MultiIndex.from_product([series.index, series.columns], names=["period", "series"])
    label = series.index.to_numpy(object)
    columns = {
        "count": y,
        "expected": mean,
        "score": score,
        "cusum": total,
        "since": np.where(since >= 0, label[since], None),
        "p": p,
        "alarm": p < alpha,
    }
    found = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index)
    return found if np.ndim(counts) == 2 else found.droplevel("series")


def _normal_score(y: np.ndarray, mean: np.ndarray, phi: np.ndarray) -> np.ndarray:
    wide = np.maximum(phi, 1 + 1e-6)
    shape = np.maximum(mean, 1e-30) / (wide - 1), 1 / wide
    chance = stats.nbinom.sf(y, *shape) + stats.nbinom.pmf(y, *shape) / 2
    return stats.norm.isf(np.clip(chance, 1e-12, 1 - 1e-12))


def _tall(x: ArrayLike) -> np.ndarray:
    values = np.asarray(x, float)
    return values[:, None] if values.ndim == 1 else values
