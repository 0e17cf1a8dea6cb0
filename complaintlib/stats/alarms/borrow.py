"""What is usual in one series, learnt from all: trends and seasons as different as the panel shows them to be."""

import numpy as np

from .baseline import Baseline
from .quasipoisson import Fit, some

FEWEST = 10  # series of a panel that can tell what they have in common
FARTHEST = 2.0


def borrowed(own: Fit, exposure: np.ndarray, design: Baseline, now: np.ndarray) -> dict[str, np.ndarray]:
    """`mean` of a new count of group 0 at time 0 and its standard `error`, for every series of a panel.

    `own`: each series fitted by itself; `exposure` of its past (series x observations) and `now`. Empirical Bayes (Efron
    & Morris 1975, JASA 70:311-319): the slope of each series, and its rate in this season over that of the whole year, are
    drawn to what the panel has in common, the more the larger their error is beside the differences between series. In a
    panel without trend and season next to nothing is lost on them; where series differ each keeps its own.
    """
    phi = own.dispersion
    slope, slope_variance = own.slope, np.zeros(len(phi))
    if np.isfinite(own.spread).all():
        slope, slope_variance, _ = _drawn(own.slope, phi / own.spread)
    shape = own.weight * np.nan_to_num(exposure) * np.exp(slope[:, None] * design.time)
    base = shape @ np.eye(own.cases.shape[1])[design.group]

    cases = own.cases.sum(axis=1)
    year = (cases + 0.5) / some(base.sum(axis=1))
    usual = year * base[:, 0] + 0.5
    season, season_variance, kept = _drawn((own.cases[:, 0] + 0.5) / usual, phi / usual)
    centre = kept * own.centre[:, 0] + (1 - kept) * (own.cases * own.centre).sum(axis=1) / some(cases)

    mean = year * season * now
    variance = (
        (1 - kept) ** 2 * phi / (cases + 0.5) + season_variance / season**2 + slope_variance * centre**2
    )
    return {"mean": mean, "error": mean * np.sqrt(variance)}


def _drawn(estimate: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates drawn to their common value, their variance, and how much of its own each kept.

    The variance between series is Paule & Mandel's (1982, J Res NBS 87:377-385): with it the weighted squares about
    the common value are one a degree of freedom. None is drawn farther than two of its standard errors (Efron & Morris
    1972, JASA 67:130-139), lest the one series with a season be taken for the others.
    """

    def about(between: float) -> tuple[float, float]:
        weight = 1 / (variance + between)
        common = float((weight * estimate).sum() / weight.sum())
        return common, float((weight * (estimate - common) ** 2).sum())

    low, high = 0.0, float(np.var(estimate)) * 2
    if about(0.0)[1] > len(estimate) - 1:
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if about(middle)[1] > len(estimate) - 1 else (low, middle)
    else:
        high = 0.0
    common, kept = about(high)[0], high / (variance + high)
    drawn = (1 - kept) * (common - estimate)
    limit = FARTHEST * np.sqrt(variance)
    kept = np.where(np.abs(drawn) > limit, 1.0, kept)
    return estimate + np.clip(drawn, -limit, limit), kept * variance, kept
