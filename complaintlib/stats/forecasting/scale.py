"""On which scale a history is looked at: logarithm, square root or as it is."""

import numpy as np

from .panel import extremes

LOG, ROOT, RAW = 0.0, 0.5, 1.0  # powers of Box & Cox (1964, JRSS B 26:211-252)
FAR_BELOW = 10  # a smallest value this many times below the median is an outlier on the log scale


def power_of(y: np.ndarray, counts: bool) -> np.ndarray:
    """The power for each history (rows; NaN is missing): effects multiply where all values are positive.

    Counts are looked at by their square root, which evens out their noise (Bartlett 1936) and knows zero.
    """
    low, middle = extremes(y)[0], _median(y)
    positive = (low > 0) & (low * FAR_BELOW > middle) & (not counts)
    return np.where(positive, LOG, np.where(low >= 0, ROOT, RAW))


def forward(y: np.ndarray, power: np.ndarray) -> np.ndarray:
    """`y` on the scale of `power` (one a row); a value that the scale does not know becomes its edge."""
    p = power[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(np.maximum(y, np.finfo(float).tiny))
    return np.where(p == LOG, log, np.where(p == ROOT, np.sqrt(np.maximum(y, 0)), y))


def back(z: np.ndarray, power: np.ndarray, noise: np.ndarray | float = 0.0) -> np.ndarray:
    """`z` as it was before `forward`. `noise`: variance on the scale; with it a root gives the mean, not the median."""
    p = power[:, None]
    root = np.maximum(z, 0) ** 2 + np.broadcast_to(noise, power.shape)[:, None]
    with np.errstate(over="ignore"):
        return np.where(p == LOG, np.exp(np.minimum(z, 700)), np.where(p == ROOT, root, z))


def _median(y: np.ndarray) -> np.ndarray:
    known = np.isfinite(y).any(axis=1)
    middle = np.full(len(y), np.nan)
    middle[known] = np.nanmedian(y[known], axis=1)
    return middle
