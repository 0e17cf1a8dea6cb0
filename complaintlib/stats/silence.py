"""Days on which a source that usually speaks said nothing: a dead channel is not a quiet one."""

import numpy as np
import pandas as pd

NEAR = 56  # eight weeks: as many of each weekday


def silent_runs(daily: pd.DataFrame, judged: int, level: float = 0.001) -> pd.DataFrame:
    """Runs of days without any row that chance does not explain.

    `daily`: counts, one row a day (a DatetimeIndex without gaps), one column a source; the last `judged` days are
    judged. Usual is the source's mean on the same day of the week in the `NEAR` days before and after the run, and
    days vary as negative binomial with the dispersion found on those days. A run is kept when its probability, times
    the number of source-days judged (Bonferroni), is below `level`.

    Gives a frame: source, first_day, last_day, days, expected (rows usually seen on those days), p. Assumes that days
    are independent given their weekday; a run that reaches back to the first day is no silence: it is not known that
    the source had begun.
    """
    found = []
    weekday = daily.index.day_of_week.to_numpy()
    for source, counts in daily.items():
        values = counts.to_numpy(dtype=float)
        for first, last in _runs(values == 0):
            begun, first = first > 0, max(first, len(values) - judged)
            if last < first or not begun:
                continue
            other = np.zeros(len(values), dtype=bool)
            other[max(0, first - NEAR) : last + 1 + NEAR] = True
            other[first : last + 1] = False
            usual = _weekday_means(values, weekday, other)
            size = _size(values[other], usual[other])
            p = float(np.exp(_log_probability_of_zero(usual[first : last + 1], size).sum()))
            p = min(1.0, p * judged * daily.shape[1])
            if p < level:
                days = daily.index[[first, last]]
                found.append(
                    (source, days[0], days[1], last - first + 1, float(usual[first : last + 1].sum()), p)
                )
    return pd.DataFrame(found, columns=["source", "first_day", "last_day", "days", "expected", "p"])


def _weekday_means(values: np.ndarray, weekday: np.ndarray, used: np.ndarray) -> np.ndarray:
    """For each day the mean of the same weekday over the used days; 0 where that weekday has none."""
    total = np.bincount(weekday[used], values[used], minlength=7)
    days = np.bincount(weekday[used], minlength=7)
    return (total / np.maximum(days, 1))[weekday]


def _size(values: np.ndarray, usual: np.ndarray) -> float:
    """Size of the negative binomial by moments: variance = mean + mean^2 / size."""
    if len(values) < 8:
        return 1.0
    excess = float(np.sum((values - usual) ** 2 - usual) / max(float(np.sum(usual**2)), 1e-12))
    return 1 / max(excess, 1e-6)


def _log_probability_of_zero(mean: np.ndarray, size: float) -> np.ndarray:
    return -size * np.log1p(mean / size)


def _runs(quiet: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    return [(int(start), int(end) - 1) for start, end in zip(edges[::2], edges[1::2], strict=True)]
