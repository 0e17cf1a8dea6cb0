"""Did a series of counts change when something was done: level, slope, what would have come, what could have been seen?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .segments import Grid, Noise, Points, covariances, foretold, grid_of, interval, lasting, line, noise_of

__all__ = [
    "Interrupted",
    "Points",
    "detectable",
    "extreme_before",
    "interrupted",
    "placebos",
    "segmented",
    "undisturbed",
]

POWER = 0.8  # chance with which an effect is said to be seen
LOOK_BACK, NEAR = (
    12,
    3,
)  # blocks: the highest of the last 12, if among the last 3, may be why something was done


@dataclass(frozen=True)
class Interrupted:
    """`effects` (index level, slope, mean): ratios with interval and p. `path`: a row a point, `expected` without the
    intervention with the range (`low`, `high`) of a single count, and `fitted` with it. `correlation`, `spread`: of the
    points about the line (beyond Poisson's), where they are most likely. `error`: standard error of the log mean ratio.
    """

    effects: pd.DataFrame
    path: pd.DataFrame
    correlation: float
    spread: float
    error: float


def interrupted(points: Points, level: float = 0.95) -> Interrupted:
    """By how much did the rate change at the intervention, how did its slope, and what was the change on average?

    Log-linear segmented regression (Wagner et al. 2002, J Clin Pharm Ther 27:299; Lopez Bernal et al. 2017, IJE
    46:348): level, trend, a step at the first point after, and a slope that counts from that point, so that the step
    is the change there and nowhere else. `level` is that step, `slope` the further change a point, `mean` the change
    averaged over the points after (weighted by what was expected), each as a ratio: 0.7 is 30 % fewer.
    Counts have Poisson variance plus a first-order autoregressive deviation; classes of the season have deviations of
    sd 0.3 and regressors effects of sd 0.2 a standard deviation (penalised quasi-likelihood, Breslow & Clayton 1993,
    JASA 88:9-25). The restricted likelihood (REML) is averaged over correlation (0 to 0.9) and spread instead of being
    maximised: it is their likelihood with flat priors on the line (Harville 1974, Biometrika 61:383-385), and series of
    18 to 48 points do not tell them well.
    Needs 3 points before and 3 after, else ValueError. Assumes that nothing else changed then and that the
    trend would have gone on; no design with one series can tell that.
    """
    used, after = points.used, points.after
    if (used & ~after).sum() < 3 or (used & after).sum() < 3:
        raise ValueError("needs 3 points before and 3 after")
    x = line(points, points.at)
    noise = noise_of(points, x)
    grid = grid_of(noise, x[used])
    expected, low, high, fitted = _path(points, noise, grid, x, level)
    since = x[:, 3] * expected
    share = (used & after) & np.isfinite(expected)
    lag = since[share].sum() / expected[share].sum()
    weights = {"level": [0, 0, 1, 0], "slope": [0, 0, 0, 1], "mean": [0, 0, 1, lag]}
    rows = {name: interval(grid, np.array(c, float), level) for name, c in weights.items()}
    effects = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high", "p", "error"])
    best = int(grid.weight.argmax())
    path = pd.DataFrame({"expected": expected, "low": low, "high": high, "fitted": fitted})
    return Interrupted(
        effects.drop(columns="error"),
        path,
        float(noise.correlation[best]),
        float(noise.spread[best]),
        float(effects.loc["mean", "error"]),
    )


def segmented(points: Points, slope: bool = False, cycle: int = 0, level: float = 0.95) -> pd.DataFrame:
    """The same question asked as textbooks do: segmented quasi-Poisson regression without autocorrelation.

    Index `level` (and `slope`, if asked for): ratio `estimate` with `low`, `high` and `p`, and the `dispersion`
    (Pearson's; 1 at least is not enforced) by which variances are multiplied. `cycle`: points of a year, for a season
    of two pairs of harmonics. Lopez Bernal, Cummins & Gasparrini (2017, IJE 46:348-355). Where points follow each other, its
    intervals are too narrow (5 % become 12 to 28 % false alarms at correlations of 0.3 to 0.6).
    """
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    x, used = line(points, points.at)[:, : 4 if slope else 3], points.used
    angle = 2 * np.pi * np.outer(np.arange(1, len(x) + 1), (1, 2)) / (cycle or 1)
    x = np.column_stack([x, np.sin(angle), np.cos(angle)]) if cycle else x
    model = GLM(points.counts[used], x[used], family=Poisson(), offset=np.log(points.exposure[used]))
    fit = model.fit(scale="X2")
    names = ["level", "slope"] if slope else ["level"]
    ends = np.exp(fit.conf_int(1 - level))[2 : 2 + len(names)]
    rows = np.column_stack([np.exp(fit.params)[2 : 2 + len(names)], ends, fit.pvalues[2 : 2 + len(names)]])
    frame = pd.DataFrame(rows, names, ["estimate", "low", "high", "p"])
    return frame.assign(dispersion=float(fit.scale))


def undisturbed(points: Points) -> Noise:
    """The noise of the points before the intervention about a line of their own: what `placebos` and `detectable` ask first."""
    past = points.before()
    return noise_of(past, line(past, past.at)[:, :2])


def placebos(
    points: Points,
    before: int,
    after: int,
    most: int = 12,
    level: float = 0.95,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """What would have been found on days on which nothing was done? From the points before the intervention alone.

    Up to `most` dates, evenly spread, each with at least `before` and `after` points about it; index: position of the
    first point after; `estimate`, `low`, `high`, `p` of the mean ratio as in `interrupted`. Many of them beyond chance
    say that the series moves by itself. They overlap, and so are not independent. `noise`: `undisturbed`, where known.
    """
    past = points.before()
    places = np.flatnonzero(past.used)
    first, last = before, len(places) - after
    rows = {}
    if last >= first:
        noise = noise or undisturbed(points)
        chosen = np.unique(np.linspace(first, last, min(most, last - first + 1)).round().astype(int))
        for i in chosen:
            x = line(past, places[i])[past.used]
            grid = grid_of(noise, x)
            lag = x[i:, 3].mean()
            rows[int(places[i])] = interval(grid, np.array([0, 0, 1, lag]), level)[:4]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high", "p"]).astype(
        float
    )


def detectable(points: Points, level: float = 0.95, noise: Noise | None = None) -> np.ndarray:
    """How large must a fall be to be seen, by the number of points after? Ratios, for 1, 2 ... points.

    `points` must hold the points to come too (their counts are not looked at; expected counts take their place).
    0.8 says that a fall by 20 % is found with a chance of 80 % (`POWER`) and a smaller one less surely. From the error
    with which the line before the intervention foretells the mean of the points after it (universal kriging). `noise`:
    `undisturbed`, where known.
    """
    past, ahead = points.before(), points.after
    x = line(past, past.at)[:, :2]
    noise = noise or undisturbed(points)
    grid = grid_of(noise, x[past.used])
    total = np.zeros((ahead.sum(),) * 2)
    for weight, sigma, rho in zip(grid.weight, noise.spread, noise.correlation, strict=True):
        if weight > 1e-3:
            own, cross, over = covariances(past, noise, sigma, rho, ahead)
            mean, errors = foretold(past, noise, own, cross, over, x, ahead)
            expected = np.maximum(np.exp(mean) * points.exposure[ahead], 0.5)
            total += weight * (errors + np.diag(1 / expected + points.noise[ahead]))
    n = np.arange(1, len(total) + 1)
    error = np.sqrt(np.array([total[:i, :i].sum() for i in n])) / n
    return np.exp(-(stats.norm.isf((1 - level) / 2) + stats.norm.ppf(POWER)) * error)


def extreme_before(rates: ArrayLike, at: int, block: int = 1) -> np.ndarray:
    """Which points before an intervention may have been its occasion? A mask.

    Points are put together in blocks (of `block` points, back from the intervention). Where the highest of the last 12
    blocks is among the last 3, it is marked: what is done after an extreme month seems to work in any case, since the
    next month is nearer to the usual (regression to the mean: Barnett, van der Pols & Dobson 2005, IJE 34:215-220).
    To leave it out makes an unhelpful measure look unhelpful; where nobody chose the moment, it costs a point.
    """
    rates = np.asarray(rates, float)
    marked = np.zeros(len(rates), bool)
    blocks = min(at // block, LOOK_BACK)
    if blocks > NEAR:
        past = rates[at - blocks * block : at].reshape(blocks, block)
        means = np.array([np.nanmean(row) if np.isfinite(row).any() else -np.inf for row in past])
        highest = blocks - 1 - int(means[::-1].argmax())  # of equals the last
        if highest >= blocks - NEAR:
            start = at - (blocks - highest) * block
            marked[start : start + block] = True
    return marked


def _path(points: Points, noise: Noise, grid: Grid, x: np.ndarray, level: float):
    """Counts expected without the intervention, the range of a single one, and the fit with it; at the likeliest node.

    Without it: the line before, season and regressors; deviations about the line widen the range only.
    """
    best = int(grid.weight.argmax())
    sigma, rho = noise.spread[best], noise.correlation[best]
    every = np.ones(len(points.counts), bool)
    own, _, _ = covariances(points, noise, sigma, rho, every)
    still = lasting(points)
    inverse, used = np.linalg.inv(own), points.used
    xu, beta, c = x[used], grid.beta[best], grid.covariance[best]
    gain = still[:, used] @ inverse
    residual = noise.z - xu @ beta
    without = x.copy()
    without[:, 2:] = 0
    d = without - gain @ xu
    mean = without @ beta + gain @ residual
    error = np.diag(still - gain @ still[:, used].T) + np.einsum("ti,ij,tj->t", d, c, d)
    expected = np.exp(mean) * points.exposure
    with np.errstate(divide="ignore"):
        wide = np.sqrt(np.maximum(error, 0) + sigma**2 + points.noise + 1 / np.maximum(expected, 0.5))
    z = stats.norm.isf((1 - level) / 2)
    fitted = np.exp(x @ beta + gain @ residual) * points.exposure
    return expected, expected * np.exp(-z * wide), expected * np.exp(z * wide), fitted
