"""From a fitted past to a new count: upper bounds, and the chance of so many cases."""

import numpy as np
from scipy import stats

from ..charts import count_limits
from .quasipoisson import Fit, some

METHODS = ("original", "delta", "nbPlugin", "muan")
POISSON = 0.1  # overdispersion below which counts are nearly Poisson
POWERS = {"none": 1.0, "1/2": 1 / 2, "2/3": 2 / 3}


def upper_bound(found: Fit, exposure: np.ndarray, method: str, alpha: float, power: str) -> np.ndarray:
    """What a new count of group 0 at time 0 exceeds with probability `alpha`."""
    mean = found.rate * exposure
    error = np.sqrt((found.dispersion if method == "original" else found.relative) * found.uncertainty())
    if method in ("nbPlugin", "muan"):
        raised = mean * np.exp(stats.norm.isf(alpha) * error) if method == "muan" else mean
        return count_limits(alpha, raised, found.dispersion)[1]
    k = POWERS[power]
    spread = k * some(mean) ** (k - 1) * np.sqrt(found.dispersion * mean + (mean * error) ** 2)
    return (mean**k + stats.norm.isf(alpha) * spread) ** (1 / k)


def assumed(found: Fit, exposure: np.ndarray) -> dict[str, np.ndarray]:
    """`mean` of a new count of group 0 at time 0 with half a case added to the past, and its standard `error`.

    The half case (Jeffreys' prior) keeps a year of 0 from forbidding a 1.
    """
    mean = (found.cases[:, 0] + 0.5) / some(found.base[:, 0]) * exposure
    return {"mean": mean, "error": mean * np.sqrt(found.dispersion * found.uncertainty(0.5))}


def chance(
    count: np.ndarray, mean: np.ndarray, error: np.ndarray, dispersion: np.ndarray, df: np.ndarray
) -> np.ndarray:
    """Chance of more than `count` plus half that of exactly as many (mid-p), `mean` known with that standard `error`.

    Of a negative binomial with the variance of noise and mean, its tails stretched to Student's t of `df` (the less the
    nearer the dispersion is to Poisson's, which nothing needs to be estimated for).
    """
    wide, df = _spread(mean, error, dispersion, df)
    shape = some(mean) / (wide - 1), 1 / wide
    p = stats.nbinom.sf(count, *shape) + stats.nbinom.pmf(count, *shape) / 2
    return stats.t.sf(stats.norm.isf(p), df)


def usual_range(
    mean: np.ndarray, error: np.ndarray, dispersion: np.ndarray, df: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Counts between which a new one lies with probability `level`, by the same law."""
    wide, df = _spread(mean, error, dispersion, df)
    return count_limits(stats.norm.sf(stats.t.isf((1 - level) / 2, df)), mean, wide)


def _spread(
    mean: np.ndarray, error: np.ndarray, dispersion: np.ndarray, df: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Variance of a new count over its mean, and the degrees of freedom of its tails."""
    wide = np.maximum(np.maximum(dispersion, 1) + error**2 / some(mean), 1 + 1e-9)
    return wide, np.maximum(df, 1) * (1 + POISSON / np.maximum(dispersion - 1, 1e-6))
