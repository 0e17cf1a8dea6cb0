"""What sets one group of cases apart from another: the categories that are more, or less, frequent in it."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

PRIOR = 50.0  # imagined cases in either group, shared out as both together are


def adjusted_residuals(counts: ArrayLike) -> np.ndarray:
    """How far is each cell of a table of counts from what its row and column lead to expect, in standard errors?

    (count - expected) / sqrt(expected (1 - row / total) (1 - column / total)), which is about normal with variance 1 where
    rows and columns are independent (Haberman 1973, Biometrics 29:205-220); unlike Pearson's residuals, whose variance
    is smaller. NaN where a row or column is empty or has everything. Shape of `counts`. Few cases (expected below 5)
    are less than normal: for a test take `intervals.proportion_difference`.
    """
    n = np.asarray(counts, float)
    row, column, total = n.sum(axis=1, keepdims=True), n.sum(axis=0, keepdims=True), n.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = row * column / total
        variance = expected * (1 - row / total) * (1 - column / total)
        return np.where(variance > 0, (n - expected) / np.sqrt(variance), np.nan)


def log_odds(n: ArrayLike, n_others: ArrayLike, prior: float = PRIOR) -> pd.DataFrame:
    """By how much do the odds of each category differ between two groups, cautiously for rare ones?

    `n`, `n_others`: cases by category in both groups. Both are given `prior` imagined cases that are shared out as the
    groups together are (log odds ratio with an informative Dirichlet prior; Monroe, Colaresi & Quinn 2008, "Fightin' Words",
    Political Analysis 16:372-403, section 3.5), so that a category with few cases stays near 0. One row a category: `log_odds`
    (the difference of the log odds), `se`, `z`. The variance has all four terms: the two that the authors leave out are
    small for words, of which there are thousands, but not where a category has half of the cases. NaN without
    cases in either group, or where one category has all of them.
    """
    a, b = np.asarray(n, float), np.asarray(n_others, float)
    both = a + b
    alpha = prior * both / both.sum() if both.sum() else np.full(len(both), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        have, lack = [y + alpha for y in (a, b)], [y.sum() + prior - y - alpha for y in (a, b)]
        value = np.log(have[0] / lack[0]) - np.log(have[1] / lack[1])
        se = np.sqrt(sum(1 / part for part in (*have, *lack)))
        columns = {"log_odds": value, "se": se, "z": value / se}
    known = np.isfinite(value) & np.isfinite(se) & (a.sum() > 0) & (b.sum() > 0)
    out = {name: np.where(known, values, np.nan) for name, values in columns.items()}
    return pd.DataFrame(out, n.index if isinstance(n, pd.Series) else None)
