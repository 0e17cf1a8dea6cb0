"""Control charts: is a series stable, and which points are not part of it?

Limits are, by default, *prediction* limits: between them a new point of the same process falls with probability
`rules.level`, the centre and the dispersion being estimated from few points and counts being skewed. With
`limits="shewhart"` they are the textbook's centre +- 3 sigma, which raise several times the false alarms they promise
for small counts or few points. At a nominal 1 % and 24 points of history, prediction limits raised 0 to 1.6 %
(counts with means of 0.5 to 100, Poisson and with variance mean + mean^2 / 5; shares likewise). A value of NaN (a
channel that sent nothing) is no zero: it is not judged.

For counts with season give `exposure` x seasonal factor as exposure.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .runs import TWO_SIGMA, Rules, beyond_limits, shift, side_of, trend, two_of_three

D2 = 1.128  # mean moving range of two over sigma, as in the published tables
FEWEST, ENOUGH = 8, 24  # baseline points below which there are no limits, and only trial limits


@dataclass(frozen=True)
class Chart:
    """A control chart.

    `frame` (one row a point): `value`, `centre`, `lower`, `upper`, `baseline` (whether the point made the limits),
    and directions (1 up, -1 down, 0 none) `side`, `beyond`, `shift`, `trend`, `two_of_three`; `signal`: any of them.
    `sigma_z`: square root of the dispersion (1 = Poisson or binomial; for xmr sigma itself).
    """

    frame: pd.DataFrame
    kind: str
    centre: float
    sigma_z: float
    rules: Rules

    @property
    def trial(self) -> bool:
        """Whether the limits rest on fewer than 24 points and are to be called trial limits."""
        return int(self.frame["baseline"].sum()) < ENOUGH


def u_chart(
    counts: ArrayLike,
    exposure: ArrayLike | None = None,
    *,
    baseline: ArrayLike | None = None,
    dispersion: float | str = "estimate",
    rules: Rules | None = None,
    limits: str = "prediction",
) -> Chart:
    """Rates `counts / exposure` (counts themselves without exposure: a c chart) on Laney's u' chart.

    `baseline`: mask of the points from which centre and dispersion come (default all). The dispersion is the squared
    mean moving range of the standardised rates over 1.128 (Laney 2002, Quality Engineering 14:531-537), never below
    1; moving ranges, because a step or drift within the baseline must not hide itself by widening the limits.
    Prediction limits are quantiles of the negative binomial with that dispersion. Assumes that, once season and
    exposure are in, neighbouring points are independent.
    """
    y, per, base, index = _points(
        counts, np.ones(np.size(counts)) if exposure is None else exposure, baseline
    )
    centre = y[base].sum() / per[base].sum() if base.any() else np.nan
    expected = centre * per
    phi = _dispersion((y - expected) / np.sqrt(np.where(expected > 0, expected, np.nan)), base, dispersion)
    rules = rules or Rules()

    def bounds(level: float) -> tuple[np.ndarray, np.ndarray]:
        if limits == "shewhart":
            half = _sigmas(level) * np.sqrt(phi * expected)
            return np.maximum(expected - half, 0), expected + half
        tail, total = _tail(level, base, phi, dispersion), per[base].sum()
        # Half a case more (Jeffreys' prior): 24 months of 0 do not forbid a 1.
        mean = (y[base].sum() + 0.5) / total * per if total else expected
        wide = phi * (1 + per / total) if total else expected
        return count_limits(tail, mean, wide)

    kind = "c" if exposure is None else "u"
    middle = count_limits(0.5, expected, phi)[0] if limits == "prediction" else expected
    return _chart(kind, index, y, per, base, centre, middle, phi, bounds, rules)


def p_chart(
    k: ArrayLike,
    n: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    dispersion: float | str = "estimate",
    rules: Rules | None = None,
    limits: str = "prediction",
) -> Chart:
    """Shares `k / n` on Laney's p' chart; see `u_chart`.

    Prediction limits are those of `share_limits`. A point with n = 0 is missing.
    """
    y, per, base, index = _points(k, n, baseline)
    centre = y[base].sum() / per[base].sum() if base.any() else np.nan
    spread = per * centre * (1 - centre)
    phi = _dispersion((y - centre * per) / np.sqrt(np.where(spread > 0, spread, np.nan)), base, dispersion)
    rules = rules or Rules()

    def bounds(level: float) -> tuple[np.ndarray, np.ndarray]:
        if limits == "shewhart":
            half = _sigmas(level) * np.sqrt(phi * spread)
            return np.maximum(centre * per - half, 0), np.minimum(centre * per + half, per)
        tail, total = _tail(level, base, phi, dispersion), per[base].sum()
        share = (y[base].sum() + 0.5) / (total + 1) if total else centre
        wide = phi * (1 + per / total) if total else spread
        return share_limits(tail, per, share, wide)

    middle = (
        share_limits(0.5, per, centre, phi)[0 if centre > 0.5 else 1]
        if limits == "prediction"
        else centre * per
    )
    return _chart("p", index, y, per, base, centre, middle, phi, bounds, rules)


def xmr(
    values: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    rules: Rules | None = None,
    limits: str = "prediction",
) -> Chart:
    """Individual values (a mean, a median, an amount) on an XmR chart; sigma = mean moving range / 1.128.

    Wheeler & Chambers (1992). Prediction limits use Student's t with 0.6 (points - 1) degrees of freedom, the
    efficiency of the moving range. Assumes roughly normal, independent values; counts below 30 belong on `u_chart`.
    """
    y, one, base, index = _points(values, np.ones(np.size(values)), baseline)
    known = y[base]
    centre = known.mean() if len(known) else np.nan
    sigma = _moving_range(y, base) / D2
    rules = rules or Rules()

    def bounds(level: float) -> tuple[np.ndarray, np.ndarray]:
        half = _sigmas(level) * sigma
        if limits == "prediction":
            half = stats.norm.isf(_tail(level, base)) * sigma * np.sqrt(1 + 1 / max(len(known), 1))
        return centre - half * one, centre + half * one

    return _chart("xmr", index, y, one, base, centre, centre * one, sigma**2, bounds, rules)


def count_limits(tail: float, mean: ArrayLike, dispersion: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Counts beyond which, on either side, at most `tail` of a count of that mean and variance lies.

    Variance `dispersion` x mean: negative binomial, at 1 Poisson.
    """
    mean, phi = np.broadcast_arrays(np.asarray(mean, float), np.asarray(dispersion, float))
    over = phi > 1 + 1e-9
    phi = np.where(over, phi, 2)
    size = np.maximum(mean / (phi - 1), 1e-300)
    low = np.where(over, stats.nbinom.ppf(tail, size, 1 / phi), stats.poisson.ppf(tail, mean))
    high = np.where(over, stats.nbinom.isf(tail, size, 1 / phi), stats.poisson.isf(tail, mean))
    return np.where(mean > 0, low, mean), np.where(mean > 0, high, mean)


def share_limits(tail: float, n: ArrayLike, p: float, dispersion: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The same for the cases among `n` with share `p` and `dispersion` times the binomial variance.

    Quantiles of the beta law of that mean and variance, rounded outwards: at most one case wider than those of the
    beta-binomial (or binomial) itself, which has none in closed form.
    """
    n = np.asarray(n, float)
    if not 0 < p < 1:
        return n * p, n * p
    cases = np.maximum(n / dispersion - 1, 1e-9)
    a, b = p * cases, (1 - p) * cases
    low, high = n * stats.beta.ppf(tail, a, b), n * stats.beta.isf(tail, a, b)
    return np.floor(low + 0.5 * (p > 0.5)), np.ceil(high - 0.5 * (p <= 0.5))


# -------------------------------------------------------------------------------------------------- inside


def _points(values: ArrayLike, per: ArrayLike, baseline: ArrayLike | None):
    """Values, what they are per (NaN where nothing can be judged), the baseline mask and the index."""
    index = values.index if isinstance(values, pd.Series) else pd.RangeIndex(np.size(values))
    y, per = np.array(values, float), np.array(per, float)
    gap = np.isnan(y) | ~(per > 0)
    y[gap] = per[gap] = np.nan
    base = ~gap if baseline is None else np.asarray(baseline, bool) & ~gap
    return y, per, base, index


def _moving_range(z: np.ndarray, base: np.ndarray) -> float:
    """Mean absolute difference of neighbouring baseline points; points with a gap between them are no neighbours."""
    both = base[1:] & base[:-1]
    return float(np.abs(np.diff(z))[both].mean()) if both.any() else np.nan


def _dispersion(z: np.ndarray, base: np.ndarray, given: float | str) -> float:
    if given != "estimate":
        return float(given)
    found = _moving_range(z, base) / D2
    return max(1.0, found**2) if np.isfinite(found) else 1.0


def _sigmas(level: float) -> float:
    return float(stats.norm.isf((1 - level) / 2))


def _tail(level: float, base: np.ndarray, phi: float = np.inf, given: float | str = "estimate") -> float:
    """The normal tail as far out as Student's t where an estimated spread above 1 is used; none below 8 points."""
    half = (1 - level) / 2
    if given == "estimate" and base.sum() < FEWEST:
        return np.nan
    if given != "estimate" or phi <= 1:
        return half
    return float(stats.norm.sf(stats.t.isf(half, 0.6 * (base.sum() - 1))))


def _chart(kind, index, y, per, base, centre, middle, phi, bounds, rules) -> Chart:
    lower, upper = bounds(rules.level)
    side = side_of(y, middle)
    outer = beyond_limits(y, *bounds(TWO_SIGMA)) if rules.two_of_three else np.zeros(len(y), int)
    directions = {
        "side": side,
        "beyond": beyond_limits(y, lower, upper),
        "shift": shift(side, rules.shift),
        "trend": trend(y / per, rules.trend),
        "two_of_three": two_of_three(outer),
    }
    signal = np.any([directions[rule] != 0 for rule in ("beyond", "shift", "trend", "two_of_three")], axis=0)
    frame = pd.DataFrame(
        {
            "value": y / per,
            "centre": np.full(len(y), centre),
            "lower": lower / per,
            "upper": upper / per,
            "baseline": base,
            **directions,
            "signal": signal,
        },
        index=index,
    )
    return Chart(frame, kind, float(centre), float(np.sqrt(phi)), rules)
