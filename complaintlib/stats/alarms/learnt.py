"""What counts a rate learnt from a few periods before leads to expect, for many series at once."""

import numpy as np
import pandas as pd
from scipy import stats

WEIGHT = 7  # degrees of freedom that the middle of all series counts for in the dispersion of one


def predicted(past: np.ndarray, per: np.ndarray, now: np.ndarray, n: np.ndarray) -> pd.DataFrame:
    """How likely were the counts `n`, at exposure `now`, after the periods before? A row a series.

    `past` (counts, NaN where missing) and `per` (exposure): periods x series. `expected`, the 95 % range (`low`, `high`)
    and the one-sided mid-`p` of a negative binomial count: a rate learnt from the past (gamma-Poisson, half a case
    added: Jeffreys' prior), noise and doubt of the rate both widened by `dispersion`. Assumes one level all the time.
    """
    known = usable(past, per)
    cases, base = np.where(known, past, 0).sum(axis=0), np.maximum(np.where(known, per, 0).sum(axis=0), 1e-9)
    mean, over = (cases + 0.5) * now / base, dispersion(past, per) * (1 + now / base)
    law = stats.nbinom(np.maximum(mean, 1e-9) / (over - 1), 1 / over)
    p = law.sf(n) + law.pmf(n) / 2
    return pd.DataFrame(
        {"expected": cases * now / base, "low": law.ppf(0.025), "high": law.isf(0.025), "p": p}
    )


def dispersion(past: np.ndarray, per: np.ndarray) -> np.ndarray:
    """Variance over mean of each series (Pearson's), pulled towards the middle of all of them; never below 1."""
    known = usable(past, per)
    y, e = np.where(known, past, 0), np.where(known, per, 0)
    mean = y.sum(axis=0) / np.maximum(e.sum(axis=0), 1e-9) * e
    squares = (np.where(known, y - mean, 0) ** 2 / np.maximum(mean, 1e-9)).sum(axis=0)
    df = np.maximum(known.sum(axis=0) - 1, 0)
    large = (df > 0) & (y.sum(axis=0) >= 5 * df)
    middle = max(float(np.median(squares[large] / df[large])) if large.any() else 1.0, 1.0)
    return np.maximum((squares + WEIGHT * middle) / (df + WEIGHT), 1.0)


def usable(counts: np.ndarray, per: np.ndarray) -> np.ndarray:
    """Which counts say something of a rate."""
    return ~np.isnan(counts) & (per > 0)
