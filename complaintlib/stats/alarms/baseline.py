"""Which earlier periods tell what was to be expected of a period: the same season of earlier years, and what for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Baseline:
    """`lag` of each comparison period (how many periods before the judged one) and its `group` in the year.

    Group 0 is the season of the judged period itself: the windows around it in earlier years. `years`: how many.
    """

    lag: np.ndarray
    group: np.ndarray
    years: int

    @property
    def time(self) -> np.ndarray:
        """When, from -1 (the earliest) to 0 (the judged period)."""
        return -self.lag / self.lag.max(initial=1)


def anniversaries(
    at: int, season: float, years_back: int, dates: Sequence[pd.Timestamp] | None = None
) -> np.ndarray:
    """How many periods before `at` its anniversaries lie, nearest first.

    Whole seasons; with `dates` (first day of each period) the period that begins nearest to the same date, so that
    years of 53 weeks do not shift the comparison.
    """
    years = np.arange(1, years_back + 1)
    if dates is None:
        return np.round(season * years).astype(int)
    day = pd.Timestamp(dates[at])
    spacing = (pd.Timestamp(dates[-1]) - pd.Timestamp(dates[0])) / (len(dates) - 1)
    return np.array([round((day - (day - pd.DateOffset(years=int(n)))) / spacing) for n in years])


def baseline(at: int, back: np.ndarray, half_window: int, parts: int, skipped: int) -> Baseline:
    """The periods with which period `at` is compared, given how far `back` its anniversaries lie.

    With one part: windows of +- `half_window` periods around the anniversaries. With more: every period since the
    first window but the last `skipped` ones and the judged one; the year is cut into the window and `parts - 1` further
    groups of (nearly) equal length (Noufaily et al. 2013, section 3.2). Periods before the beginning of the series
    are left out.
    """
    lag, group = _all_lags(tuple(back.tolist()), half_window, parts)
    kept = (lag > skipped) & (lag <= at)
    return Baseline(lag[kept], group[kept], int((back <= at).sum()))


@cache
def _all_lags(back: tuple[int, ...], half_window: int, parts: int) -> tuple[np.ndarray, np.ndarray]:
    centres = (*sorted(-n for n in back), 0)
    group = {}
    for begin, end in pairwise(centres):
        between = np.arange(begin + half_window + 1, end - half_window)
        if parts > 1 and len(between):
            sizes = np.full(parts - 1, len(between) // (parts - 1))
            sizes[: len(between) % (parts - 1)] += 1
            group |= dict(zip(between.tolist(), np.repeat(np.arange(1, parts), sizes).tolist(), strict=True))
    for centre in centres[:-1] if parts == 1 else centres:
        group |= dict.fromkeys(range(centre - half_window, centre + half_window + 1), 0)
    places = sorted(place for place in group if place < 0)
    return -np.array(places, int), np.array([group[place] for place in places], int)
