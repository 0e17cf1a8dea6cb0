"""Concentration: how much of the whole the largest parts make up."""

from math import fsum

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def pareto_table(values: pd.Series, cutoff: float = 0.8) -> pd.DataFrame:
    """The parts from the largest to the smallest, with their share and the share up to and with each.

    `values`: amounts >= 0 by part (count, cost ...); ties are ordered by name. Columns `value`, `share`,
    `cumulative` (fractions of the sum) and `vital`: the fewest parts that together reach `cutoff`. With a sum of 0
    the shares are missing and no part is vital. How sure the order is: `order.rank_certainty`.
    """
    if (values < 0).any() or values.isna().any():
        raise ValueError("needs values >= 0, none missing")
    ordered = by_size(values)
    total = fsum(ordered)
    share = ordered / (total or np.nan)
    cumulative = share.cumsum().clip(upper=1)
    if total:
        cumulative[ordered[::-1].cumsum()[::-1].shift(-1, fill_value=0) == 0] = 1.0  # nothing left behind it
    before = cumulative.shift(1, fill_value=0)
    vital = (before < cutoff - 1e-12) & (ordered > 0) & (total > 0)
    return pd.DataFrame({"value": ordered, "share": share, "cumulative": cumulative, "vital": vital})


def by_size(values: pd.Series) -> pd.Series:
    """Sorted from the largest, ties by name."""
    names = values.index.map(str)
    return values.iloc[np.lexsort((names.to_numpy(str), -values.to_numpy(float)))]


def gini(values: ArrayLike) -> float:
    """How unequal the parts are: 0 all equal, (n - 1) / n all in one of n. NaN without parts or with a sum of 0.

    Gini (1914), without small-sample correction.
    """
    x = np.sort(np.asarray(values, float))
    if not len(x) or x.sum() == 0:
        return float("nan")
    rank = np.arange(1, len(x) + 1)
    return float(2 * (rank * x).sum() / (len(x) * x.sum()) - (len(x) + 1) / len(x))


def hhi(values: ArrayLike) -> float:
    """Herfindahl-Hirschman index: the sum of squared shares, from 1 / n (all equal) to 1 (all in one)."""
    x = np.asarray(values, float)
    return float(((x / x.sum()) ** 2).sum()) if x.sum() > 0 else float("nan")
