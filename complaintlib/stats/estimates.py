"""An indicator's value with its interval, from what was counted: one function for each kind of indicator.

Each takes a frame with the columns numerator and denominator (for a score also squares, for a median histograms of
whole durations), the units of the denominator that a value refers to, and the level of the interval. It gives the frame
with the columns value, low, high (NaN where they cannot be formed) and n, the number of cases behind the value.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from . import intervals


def count(found: pd.DataFrame, per: float, level: float) -> pd.DataFrame:
    """A number of cases, with Garwood's interval."""
    limits = intervals.rate(found["numerator"], np.ones(len(found)), level)
    return _with(found, limits, n=found["numerator"])


def rate(found: pd.DataFrame, per: float, level: float) -> pd.DataFrame:
    """Cases per unit of exposure, with Garwood's interval."""
    limits = intervals.rate(found["numerator"], found["denominator"] / per, level)
    return _with(found, limits, n=found["numerator"])


def share(found: pd.DataFrame, per: float, level: float) -> pd.DataFrame:
    """A part of the cases, with Wilson's interval."""
    return _with(
        found, intervals.proportion(found["numerator"], found["denominator"], level), n=found["denominator"]
    )


def mean(found: pd.DataFrame, per: float, level: float) -> pd.DataFrame:
    """An amount per case, without an interval."""
    value = found["numerator"] / found["denominator"].where(found["denominator"] > 0)
    return found.assign(value=value, low=np.nan, high=np.nan, n=found["denominator"])


def score(found: pd.DataFrame, per: float, level: float) -> pd.DataFrame:
    """Promoters less detractors: the mean of +1, 0 and -1, with the interval of the normal law."""
    n = found["denominator"].where(found["denominator"] > 0)
    mean = found["numerator"] / n
    half = norm.isf((1 - level) / 2) * np.sqrt((found["squares"] / n - mean**2).clip(lower=0) / n)
    value, low, high = per * mean, per * (mean - half), per * (mean + half)
    return found.assign(
        value=value, low=low.clip(lower=-per), high=high.clip(upper=per), n=found["denominator"]
    )


def median(found: pd.DataFrame, per: float, level: float) -> pd.DataFrame:
    """The median duration, with the interval of order statistics."""
    limits = pd.DataFrame([intervals.median(h["duration"], h["n"], level) for h in found["histogram"]])
    n = [int(h["n"].sum()) for h in found["histogram"]]
    return _with(found.assign(numerator=np.nan, denominator=n), limits.set_axis(found.index), n=n)


ESTIMATES = {"count": count, "rate": rate, "share": share, "mean": mean, "score": score, "median": median}


def _with(found: pd.DataFrame, limits: pd.DataFrame, n) -> pd.DataFrame:
    return found.assign(value=limits["estimate"], low=limits["low"], high=limits["high"], n=n)
