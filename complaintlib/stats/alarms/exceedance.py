"""Farrington's exceedance algorithms: is a count above what the same season of earlier years leads to expect?"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .baseline import Baseline, anniversaries, baseline
from .borrow import FEWEST as PANEL
from .borrow import borrowed
from .bounds import METHODS, POWERS, assumed, chance, upper_bound, usual_range
from .quasipoisson import Fit, downweighted, fit, some

FEWEST, YEARS = 8, 2  # periods and years to compare with below which nothing is judged
YEARS_FOR_TREND = 3
NUMBERS = ("expected", "upper", "p", "low", "high", "mean", "error", "dispersion", "df")
AT_ONCE = 1_000_000  # numbers in one array


def farrington(
    counts: ArrayLike,
    season: float = 52,
    *,
    years_back: int = 5,
    half_window: int | None = None,
    alpha: float = 0.05,
    reweight: bool = True,
    weights_threshold: float = 1.0,
    trend: bool = True,
    trend_p: float = 0.05,
    power: str = "2/3",
    limit54: tuple[int, int] = (5, 4),
    judged: int | None = None,
    dates: Sequence[pd.Timestamp] | None = None,
    exposure: ArrayLike | None = None,
) -> pd.DataFrame:
    """Which counts are above the same weeks of the last years? Farrington et al. (1996, JRSS A 159:547-563).

    As `farrington_flexible` (shapes, settings and columns there), but compared with the windows of earlier years only, a
    trend when significant, and `upper` the upper end of a two-sided 1 - `alpha` range. Agrees with `farrington` of R's
    surveillance 1.20 to 4 digits; as there, `upper` is 0 where there were too few cases to judge (`why` is "few").
    """
    found = farrington_flexible(
        counts,
        season,
        years_back=years_back,
        half_window=half_window,
        season_groups=1,
        past_not_included=0,
        alpha=alpha / 2,
        reweight=reweight,
        weights_threshold=weights_threshold,
        trend=trend,
        trend_p=trend_p,
        threshold_method="original",
        power=power,
        limit54=limit54,
        judged=judged,
        dates=dates,
        exposure=exposure,
    )
    return found.assign(upper=found["upper"].mask(found["why"] == "few", 0.0))


def farrington_flexible(
    counts: ArrayLike,
    season: float = 52,
    *,
    years_back: int = 5,
    half_window: int | None = None,
    season_groups: int | None = None,
    past_not_included: int | None = None,
    alpha: float = 0.05,
    reweight: bool = True,
    weights_threshold: float = 2.58,
    trend: bool = True,
    trend_p: float = 1.0,
    threshold_method: str = "nbPlugin",
    power: str = "2/3",
    limit54: tuple[int, int] = (5, 4),
    judged: int | None = None,
    dates: Sequence[pd.Timestamp] | None = None,
    exposure: ArrayLike | None = None,
    borrow: bool = False,
) -> pd.DataFrame:
    """Which counts are above what their own past leads to expect? Noufaily et al. (2013, Stat Med 32:1206-1222).

    `counts`: one series, oldest first, or many at once: a row a period, a column a series (far faster than one by one).
    NaN (a dead channel, a category not yet born) is neither judged nor compared with. `season`: periods a year (52,
    12, 4; need not be whole). `judged`: the last so many periods (default all). `dates`: first day of each period
    (default the index, if it is one of dates); then weeks are compared with the weeks nearest to the same date of
    earlier years. `exposure` (days, orders; shaped as `counts`, or one series for all): rates are modelled.

    Settings, by the names of R's surveillance in words: `years_back` b; `half_window` w (default 3 for weeks, 1 for
    months, 0 for quarters); `season_groups` noPeriods, parts of the year with a level of their own (default 10 for
    weeks, else as many as windows fit; 1: the windows alone); `past_not_included`, latest periods kept out of the
    comparison, lest an outbreak raise its own bar (default half a year); `weights_threshold`, Anscombe residuals above
    which are weighted down; `trend`, used if significant at `trend_p` (1: always), over three years or more and not
    beyond the largest count seen; `limit54` (5, 4): nothing is judged with fewer than 5 cases in the last 4 periods.
    `threshold_method`: "delta" (normal range of the `power` of the count), "nbPlugin" (quantile of the negative
    binomial), "muan" (the same about the upper limit of the mean), "original" (delta as in `farrington`).

    `borrow`: with ten series or more, `p`, `low` and `high` take trend and season as different between series as the
    panel shows them to be, instead of each for itself (`borrow.py`): far more is seen. `expected` and `upper` stay
    those of the series alone.

    A row per period (position, or label of the index; with many series per period and `series`): `count`, `expected`,
    `upper` (one-sided 1 - `alpha`), `alarm` (count above upper); `p` (chance of more, plus half that of exactly as
    many), `low` and `high` (95 % prediction range), and what they rest on: `mean`, its standard `error`, `dispersion`
    (variance over mean; below 1 taken for 1), `df`; `compared` (periods compared with), `trend` (whether used); `why`
    there is no judgement: "history" (fewer than 8 periods or 2 years to compare with), "few" (`limit54`), "missing" or
    "". `p`, `low`, `high` are given for "few" too: every test counts when they are corrected for many.

    Assumes independent periods and a past like the present but for trend, season and outbreaks: a lasting step alarms
    until it is older than `past_not_included`. Agrees with `farringtonFlexible` of R's surveillance 1.20 to 4 digits.
    For that, "delta", "muan" and the trend's significance scale standard errors as R does, by the residuals relative to
    the mean. `p`, `low` and `high` do not: they are those of the negative binomial with the variance of noise and fit,
    half a case added to the past (Jeffreys), the tails stretched to Student's t.
    """
    if threshold_method not in METHODS or power not in POWERS:
        raise ValueError(f"threshold_method is one of {METHODS}, power one of {tuple(POWERS)}")
    series = pd.DataFrame(counts)
    per = np.ones(len(series)) if exposure is None else np.asarray(exposure, float)
    per = np.broadcast_to(per[:, None] if per.ndim == 1 else per, series.shape)
    y = np.where(per > 0, series.to_numpy(float), np.nan)
    if dates is None and isinstance(series.index, pd.DatetimeIndex):
        dates = series.index
    half = (3 if season >= 52 else 1 if season >= 12 else 0) if half_window is None else half_window
    windows = 10 if season >= 52 else int(season // (2 * half + 1))
    parts = windows if season_groups is None else season_groups
    skipped = round(season / 2) if past_not_included is None else past_not_included
    first = max(len(y) - (len(y) if judged is None else judged), 0)
    designs = [
        (at, baseline(at, anniversaries(at, season, years_back, dates), half, parts, skipped))
        for at in range(first, len(y))
    ]

    told = {name: np.full(y.shape, np.nan) for name in NUMBERS}
    told |= {"compared": np.zeros(y.shape, int), "trend": np.zeros(y.shape, bool)}
    for design, at, column in _batches(designs, y.shape[1]):
        past = y[at[:, None] - design.lag, column[:, None]]
        told["compared"][at, column] = (~np.isnan(past)).sum(axis=1)
        ready = (told["compared"][at, column] >= FEWEST) & ~np.isnan(past[:, design.group == 0]).all(axis=1)
        if design.years < YEARS or not ready.any():
            continue
        at, column = at[ready], column[ready]
        past_per = per[at[:, None] - design.lag, column[:, None]]
        allowed = trend_p if trend and design.years >= YEARS_FOR_TREND else 0
        scale = "pearson" if threshold_method == "original" else "relative"
        threshold = weights_threshold if reweight else np.inf
        now = per[at, column]
        found, trended, own = _fit(past[ready], past_per, now, design, threshold, allowed, scale)
        law = assumed(found, now)
        for period in np.unique(at) if borrow else ():  # nothing later than the period itself
            rows = at == period
            if rows.sum() >= PANEL:
                shared = borrowed(own.rows(rows), past_per[rows], design, now[rows])
                for name, values in shared.items():
                    law[name][rows] = values
        law |= {"dispersion": found.pearson, "df": found.df}
        low, high = usual_range(**law)
        values = law | {
            "p": chance(y[at, column], **law),
            "low": low,
            "high": high,
            "expected": found.rate * now,
            "upper": upper_bound(found, now, threshold_method, alpha, power),
            "trend": trended,
        }
        for name, value in values.items():
            told[name][at, column] = value
    found = _frame(series, y, told, first, limit54)
    return found if np.ndim(counts) == 2 else found.droplevel("series")


def _batches(
    designs: list[tuple[int, Baseline]], series: int
) -> Iterator[tuple[Baseline, np.ndarray, np.ndarray]]:
    """Periods and series that are compared with the same lags in the same groups, as many at once as memory holds."""
    alike: dict[bytes, list[int]] = {}
    first = {}
    for at, design in designs:
        key = design.lag.tobytes() + design.group.tobytes()
        first.setdefault(key, design)
        alike.setdefault(key, []).append(at)
    for key, places in alike.items():
        at, column = np.repeat(places, series), np.tile(np.arange(series), len(places))
        pieces = -(-len(at) * max(len(first[key].lag), 1) // AT_ONCE)
        for piece in np.array_split(np.arange(len(at)), pieces):
            yield first[key], at[piece], column[piece]


def _fit(
    y: np.ndarray,
    per: np.ndarray,
    now: np.ndarray,
    design: Baseline,
    threshold: float,
    trend_p: float,
    scale: str,
) -> tuple[Fit, np.ndarray, Fit]:
    """The past of many series, with a trend where it is significant and does not run away; where; and always with it."""
    known = ~np.isnan(y)
    y, per = np.where(known, y, 0), np.where(known, per, 0)

    def robust(rows: np.ndarray, trend: bool) -> Fit:
        found = fit(y[rows], per[rows], known[rows].astype(float), design.time, design.group, trend)
        weight = downweighted(y[rows], found, threshold)
        return fit(y[rows], per[rows], weight, design.time, design.group, trend)

    every = np.arange(len(y))
    own = robust(every, trend_p > 0)
    if not trend_p:
        return own, np.zeros(len(y), bool), own
    t = np.abs(own.slope) * np.sqrt(own.spread / some(getattr(own, scale)))
    shown = (trend_p >= 1) | (2 * stats.t.sf(t, np.maximum(own.df, 1)) < trend_p)
    trended = shown & (own.rate * now <= y.max(axis=1) * (1 + 1e-9))
    if trended.all():
        return own, trended, own
    return own.replaced(robust(every[~trended], False), ~trended), trended, own


def _frame(
    series: pd.DataFrame, y: np.ndarray, told: dict[str, np.ndarray], first: int, limit54: tuple[int, int]
) -> pd.DataFrame:
    total = np.vstack([np.zeros((limit54[1], y.shape[1])), np.nancumsum(y, axis=0)])
    few = total[limit54[1] :] - total[: -limit54[1]] < limit54[0]
    missing, unknown = np.isnan(y), np.isnan(told["upper"])
    why = np.select([missing, unknown, few], ["missing", "history", "few"], "")
    upper = np.where(why == "", told["upper"], np.nan)
    columns = {
        "count": y,
        "expected": told["expected"],
        "upper": upper,
        "alarm": y > upper,
        **{name: told[name] for name in (*NUMBERS[2:], "compared", "trend")},
        "why": why,
    }
    index = pd.MultiIndex.from_product([series.index[first:], series.columns], names=["period", "series"])
    return pd.DataFrame({name: values[first:].ravel() for name, values in columns.items()}, index)
