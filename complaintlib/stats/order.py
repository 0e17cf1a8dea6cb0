"""How sure an order is: nothing is ranked without saying which neighbours could change places."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .concentration import by_size


@dataclass(frozen=True)
class Ranking:
    """`frame`: one row a category, largest first: `value`, `rank` (from 1), `rank_low`, `rank_high` (interval of its
    rank), `p_next` (chance that it is truly above the next), `group` (from 1: neighbours that cannot be ordered share
    one). `same_top`: Series, for each k the chance that a repetition has the same k categories on top.
    """

    frame: pd.DataFrame
    same_top: pd.Series


def rank_certainty(
    weights: pd.Series | pd.DataFrame,
    *,
    dispersion: float = 1.0,
    certain: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Ranking:
    """Would the same categories be on top if the period happened again?

    `weights`: counts by category (Series), or a frame `n`, `mean`, `var` by category for amounts (cost, severity
    points): the total of n cases of that mean and variance each; a category's value is then n x mean. Each rate is
    drawn from its posterior Gamma(n + 1/2) (Poisson counts, Jeffreys' prior; `dispersion` divides n), amounts as a
    compound Poisson sum; ranks are counted over the draws (bootstrap ranks: Goldstein & Spiegelhalter 1996, JRSS A
    159:385-443). Two neighbours are "ordered" when that has chance `certain` or more; a group is a chain of
    neighbours that are not, so its ends may well be. Per neighbour, not over the whole list. The same seed and
    data, in any row order, give the same answer. Says nothing about trends or about how far apart two are.
    """
    table = _amounts(weights)
    table = table.loc[by_size(table["value"]).index]
    size = len(table)
    drawn = _draw(table, dispersion, draws, np.random.default_rng(seed))
    rank = (-drawn).argsort(axis=1, kind="stable").argsort(axis=1) + 1
    margin = (1 - certain) / 2
    low, high = np.quantile(rank, [margin, 1 - margin], axis=0, method="nearest") if size else ([], [])
    p_next = np.append((drawn[:, :-1] > drawn[:, 1:]).mean(axis=0), np.nan)[:size]
    highest = np.maximum.accumulate(rank, axis=1)  # the worst rank among the first k
    frame = pd.DataFrame(
        {
            "value": table["value"],
            "rank": np.arange(1, size + 1),
            "rank_low": np.asarray(low, int),
            "rank_high": np.asarray(high, int),
            "p_next": p_next,
            "group": 1 + np.cumsum(np.concatenate([[0], p_next[:-1] >= certain]))[:size].astype(int),
        },
        index=table.index,
    )
    k = pd.RangeIndex(1, size + 1, name="k")
    return Ranking(frame, pd.Series((highest <= k.to_numpy()).mean(axis=0), index=k, name="same_top"))


def _amounts(weights: pd.Series | pd.DataFrame) -> pd.DataFrame:
    if isinstance(weights, pd.Series):
        weights = pd.DataFrame({"n": weights, "mean": 1.0, "var": 0.0})
    table = weights[["n", "mean", "var"]].astype(float).fillna({"mean": 0.0, "var": 0.0})
    if not (table["n"] >= 0).all():
        raise ValueError("needs n >= 0, none missing")
    return table.assign(value=table["n"] * table["mean"])


def _draw(table: pd.DataFrame, dispersion: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    n, mean, var = (table[c].to_numpy() for c in ("n", "mean", "var"))
    cases = rng.gamma(n / dispersion + 0.5, dispersion, size=(draws, len(n)))
    if not (var > 0).any():
        return cases * mean
    return cases * mean + rng.standard_normal(cases.shape) * np.sqrt(cases * var)
