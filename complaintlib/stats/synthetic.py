"""A comparison made of others: the weighted mean of untouched series that went along with the touched one until then."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import nnls


@dataclass(frozen=True)
class Synthetic:
    """`weights` of the donors (>= 0, sum 1), the `path` they make, and its `error` before (root mean square)."""

    weights: pd.Series
    path: np.ndarray
    error: float


def synthetic_control(treated: np.ndarray, donors: pd.DataFrame, at: int) -> Synthetic:
    """Which mixture of other series was closest to this one before position `at`, and how did it go on?

    One row a point, one column a donor, all on one scale (rates over their mean before, say). Weights are at least 0
    and sum to 1, so nothing is extrapolated: Abadie, Diamond & Hainmueller (2010, JASA 105:493-505), matched on the
    whole path before, without further predictors. Of donors that do equally well any mixture is as good. Raises
    ValueError without a donor or with missing values. It rests on donors that the measure does not touch, neither by
    its success nor by complaints that move over to them.
    """
    y, d = np.asarray(treated, float), donors.to_numpy(float)
    if not d.shape[1] or not np.isfinite(y).all() or not np.isfinite(d).all():
        raise ValueError("needs donors, and all of their values")
    # Least squares with weights >= 0; a row of great weight makes their sum 1.
    strict = 1e4 * (max(np.abs(d[:at]).max(initial=0), np.abs(y[:at]).max(initial=0)) or 1.0)
    found, _ = nnls(np.vstack([d[:at], np.full(d.shape[1], strict)]), np.append(y[:at], strict))
    weights = found / found.sum()
    path = d @ weights
    return Synthetic(pd.Series(weights, donors.columns), path, _root_mean_square(y[:at] - path[:at]))


def placebo_rank(treated: np.ndarray, donors: pd.DataFrame, at: int) -> tuple[float, int]:
    """Is the gap after `at` larger than those found for donors to which nothing was done? Their share, and how many.

    Each donor takes the place of the treated series in turn; compared is the gap after over the gap before (root mean
    squares). The share counts the treated one: 1 of 20 is 0.05 (Abadie et al. 2010, section 3.4). With fewer than 19
    donors 5 % cannot be reached. A permutation over categories that may differ in more than chance.
    """
    own = _ratio(treated, donors, at)
    others = [_ratio(donors[name].to_numpy(), donors.drop(columns=name), at) for name in donors]
    return (1 + sum(other >= own for other in others)) / (1 + len(others)), len(others)


def _ratio(treated: np.ndarray, donors: pd.DataFrame, at: int) -> float:
    if not donors.shape[1]:
        return 0.0
    found = synthetic_control(treated, donors, at)
    return _root_mean_square(np.asarray(treated, float)[at:] - found.path[at:]) / max(found.error, 1e-12)


def _root_mean_square(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2))) if len(x) else 0.0
