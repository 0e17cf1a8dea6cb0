"""Where in a table of counts are there more cases than its margins lead one to expect, and by how many times?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from .charts import D2
from .intervals import rate
from .multiple import benjamini_hochberg

Axes = tuple[int, ...]
STEPS, CLOSE = (
    100,
    1e-7,
)  # of the fitting: at most so many, until no margin is further off than this part of it
ROUNDS = 12  # cells are left out of the fit in at most so many
ENOUGH = 6  # periods that tell how much shares wobble
BINS = 8  # of the expectation within a factor e, when a prior is fitted to many cells


def fitted(
    counts: np.ndarray,
    margins: Sequence[Axes],
    start: np.ndarray | None = None,
    left_out: np.ndarray | None = None,
) -> np.ndarray:
    """What the margins of a table lead one to expect in each of its cells.

    `margins`: groups of axes whose joint totals are kept, as [(0,), (1,)] for rows and columns or [(0, 1), (0, 2), (1, 2)]
    for every association of two but none of three. Iterative proportional fitting (Deming & Stephan 1940, Ann Math
    Stat 11:427-444): the maximum-likelihood fit of the log-linear model with these terms. `start` (default 1) keeps its own
    associations: an exposure makes it a model of rates. Cells of `left_out` (a mask) have no say in the fit and get the
    expectation that all the others lead to: quasi-independence (Goodman 1968, JASA 63:1091-1131).
    """
    counts = np.asarray(counts, float)
    found = np.ones(counts.shape) if start is None else np.broadcast_to(start, counts.shape).astype(float)
    counted = np.ones(counts.shape) if left_out is None else 1.0 - left_out
    wanted = [_margin(counts * counted, axes) for axes in margins]
    for _ in range(STEPS):
        worst = 0.0
        for axes, target in zip(margins, wanted, strict=True):
            now = _margin(found * counted, axes)
            factor = np.divide(target, now, out=np.ones(now.shape), where=now > 0)
            worst = max(worst, np.abs(factor - 1).max(initial=0, where=target > 0))
            found = found * factor
        if worst < CLOSE:
            break
    return found


def excess(
    counts: np.ndarray,
    margins: Sequence[Axes],
    cell: Axes,
    start: np.ndarray | None = None,
    dispersion: float = 1.0,
    fdr: float = 0.1,
    least: int = 5,
    left_out: np.ndarray | None = None,
) -> pd.DataFrame:
    """Which cells hold more cases than the margins lead one to expect, if every cell is judged by the others?

    `cell`: the axes of the cells judged; the others are strata, each with an expectation of its own. One row a cell (in the
    order of the array): `n`, `expected`, `p` (one-sided, more than expected), `own` (its part of the margins that make
    its expectation, 0 to 1), `left_out`, and `tested`: whether a cell like that could show anything, which its margins alone
    tell (each at least `least` cases; Tarone 1990, Biometrics 46:515-522); p is NaN where not.

    A large excess raises its own margins and so hides itself and makes its neighbours look small. So cells with a q-value
    of `fdr` or less are left out of the fit, the clearest first, round by round, and judged before they are; a cell stays in
    where fewer than `least` cases or half of the cells would be left of its row or column, and its excess is told too
    small. With a `left_out` of another table these cells and no others are left out: so two times are compared.

    p: mid-p tail of the binomial law with the mean and variance that the count has when its margins are given (exact for two
    rows and columns up to the finite population; for strata the variance of Mantel & Haenszel 1959, JNCI 22:719-748),
    widened by `dispersion`.
    """
    counts = np.asarray(counts, float)
    strata = tuple(axis for axis in range(counts.ndim) if axis not in cell)
    n = counts.sum(axis=strata)
    tested = np.min([np.broadcast_to(_margin(counts, axes), counts.shape) for axes in margins], axis=0)
    tested = (tested.max(axis=strata) if strata else tested) >= least
    tested = tested & (_smallest_side(n) >= least)
    out, p, found = np.zeros(n.shape, bool), np.full(n.shape, np.nan), start
    if left_out is not None:
        out = np.asarray(left_out, bool).reshape(n.shape)
    for turn in range(ROUNDS + 1):
        whole = np.broadcast_to(np.expand_dims(out, strata), counts.shape)
        found = fitted(counts, margins, found, whole)
        expected, variance = _moments(found, margins, strata)
        judged = tested & ~out & (expected > 0)
        p[judged] = _tail(n[judged], expected[judged], variance[judged], dispersion)
        if left_out is not None or turn == ROUNDS:
            break
        score = np.where(judged, n - expected, 0) / np.sqrt(np.where(judged, variance, 1).clip(1e-12))
        clear = judged & (benjamini_hochberg(p) <= fdr)
        clear &= score >= np.max(score, initial=0, where=clear) / 2
        before = out.sum()
        for at in sorted(zip(*np.nonzero(clear), strict=True), key=lambda at: (-score[at], at)):
            out[at] = _spared(n, out, at, least)
        if out.sum() == before:
            break
    own = 1 - np.divide(variance, expected, out=np.ones(n.shape), where=expected > 0)
    columns = {"n": n, "expected": expected, "p": p, "own": own, "tested": tested, "left_out": out}
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def surplus(found: pd.DataFrame, dispersion: float = 1.0, level: float = 0.95) -> pd.DataFrame:
    """How many cases too many, and how many times the expectation, cautiously? From rows of `excess`.

    `excess` = n - expected with Garwood's limits, and `times` = the ratio behind what was seen, shrunk towards that of the
    other rows (`shrunk`, one prior for all of them). For cells left out the limits also hold what is not known of the
    expectation, which rests on the others: the variance of log(n / expected) is 1 / n + own / (1 - own) / expected.
    """
    n, expected = found["n"].to_numpy(float), found["expected"].to_numpy(float)
    own, known = np.where(found["left_out"], found["own"], 0).clip(0, 0.99), expected > 0
    extra = np.divide(n * own, (1 - own) * expected, out=np.zeros(len(n)), where=known)
    limits = rate(n, np.ones(len(n)), level, dispersion * (1 + extra)).to_numpy()
    out = pd.DataFrame(limits - np.where(known, expected, np.nan)[:, None], found.index)
    out.columns = ["excess", "excess_low", "excess_high"]
    rows = known & found["tested"].to_numpy(bool)
    times = np.full(len(n), np.nan)
    if rows.any():
        seen, due = n[rows] / dispersion, expected[rows] / dispersion
        times[rows] = shrunk(seen, due, gamma_prior(seen, due), level)["times"]
    return out.assign(times=times)


def wobble(counts: np.ndarray) -> float:
    """How many times the variance of chance the cells' shares have from period to period: the median over cells, at least 1.

    `counts`: period by cells. The squared mean moving range of a cell's standardised share over 1.128 (Laney 2002, Quality
    Engineering 14:531-537): a trend or a step does not pass for noise.
    """
    counts = counts.reshape(len(counts), int(np.prod(counts.shape[1:])))
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < ENOUGH:
        return 1.0
    total = counts.sum(axis=1, keepdims=True)
    share = counts.sum(axis=0) / total.sum()
    large = counts.mean(axis=0) >= 5
    if not large.any():
        return 1.0
    share = share[large].clip(1e-12, 1 - 1e-12)
    z = (counts[:, large] / total - share) / np.sqrt(share * (1 - share) / total)
    return float(max(1.0, np.median((np.abs(np.diff(z, axis=0)).mean(axis=0) / D2) ** 2)))


# ------------------------------------------------------------------------------------ gamma-Poisson shrinkage


@dataclass(frozen=True)
class Prior:
    """Ratios of count to expectation: Gamma(alpha1, rate beta1) with chance `part`, else Gamma(alpha2, rate beta2)."""

    alpha1: float
    beta1: float
    alpha2: float
    beta2: float
    part: float


def gamma_prior(n: np.ndarray, expected: np.ndarray) -> Prior:
    """How much do the ratios n / expected of these cells truly differ? DuMouchel's mixture of two gamma laws.

    DuMouchel (1999, Am Stat 53:177-202): counts are Poisson around ratio x expected; the five numbers maximise the
    likelihood, from his starting values. Cells with equal counts and nearly equal expectations are taken together
    (DuMouchel & Pregibon 2001, KDD). All cells count, those without cases too. Raises ValueError where an
    expectation is not above 0.
    """
    n, expected = np.asarray(n, float), np.asarray(expected, float)
    if not (expected > 0).all():
        raise ValueError("needs expected > 0")
    cells = pd.DataFrame({"n": n.round(3), "bin": np.round(np.log(expected) * BINS), "expected": expected})
    cells = cells.groupby(["n", "bin"])["expected"].agg(["mean", "size"]).reset_index()
    n, expected, weight = (cells[name].to_numpy(float) for name in ("n", "mean", "size"))
    weight = weight / weight.sum()

    def unlikely(x: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the mean log likelihood, and its slopes on the log scale (the logit scale for `part`)."""
        prior = Prior(*np.exp(x[:4]), special.expit(x[4]))
        one, two = _log_parts(n, expected, prior)
        first = special.expit(one - two)
        slopes = []
        for mine, alpha, beta in ((first, *x[:2]), (1 - first, *x[2:4])):
            alpha, beta = np.exp(alpha), np.exp(beta)
            by_alpha = special.digamma(alpha + n) - special.digamma(alpha) + np.log(beta / (beta + expected))
            slopes += [mine * alpha * by_alpha, mine * (alpha - beta * (alpha + n) / (beta + expected))]
        slopes.append(first - prior.part)
        return -weight @ np.logaddexp(one, two), -np.array([weight @ slope for slope in slopes])

    first = np.append(np.log([0.2, 0.1, 2.0, 4.0]), special.logit(1 / 3))
    bounds = [(np.log(0.01), np.log(1000))] * 4 + [(-7.0, 7.0)]
    best = optimize.minimize(unlikely, first, jac=True, method="TNC", bounds=bounds).x
    return Prior(*np.exp(best[:4]), special.expit(best[4]))


def shrunk(n: np.ndarray, expected: np.ndarray, prior: Prior, level: float = 0.95) -> pd.DataFrame:
    """By how many times does each cell truly exceed its expectation, seen together with all the others?

    `times`: the posterior geometric mean (EBGM of DuMouchel 1999), `low` and `high` the limits of the posterior interval:
    few cases hardly leave what is usual among the cells, many stand for themselves.
    """
    n, expected = np.asarray(n, float), np.asarray(expected, float)
    one, two = _log_parts(n, expected, prior)
    part = special.expit(one - two)
    shapes = (prior.alpha1 + n, prior.beta1 + expected), (prior.alpha2 + n, prior.beta2 + expected)
    logs = [special.digamma(shape) - np.log(per) for shape, per in shapes]
    out = {"times": np.exp(part * logs[0] + (1 - part) * logs[1])}
    for name, q in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
        ends = [np.log(np.maximum(special.gammaincinv(shape, q) / per, 1e-300)) for shape, per in shapes]
        low, high = np.minimum(*ends), np.maximum(*ends)
        for _ in range(40):
            middle = (low + high) / 2
            below = [special.gammainc(shape, per * np.exp(middle)) for shape, per in shapes]
            under = part * below[0] + (1 - part) * below[1] < q
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        out[name] = np.exp((low + high) / 2)
    return pd.DataFrame(out)


# -------------------------------------------------------------------------------------------------- inside


def _margin(values: np.ndarray, axes: Axes) -> np.ndarray:
    """Totals over all other axes, which stay with length 1."""
    return values.sum(axis=tuple(a for a in range(values.ndim) if a not in axes), keepdims=True)


def _smallest_side(n: np.ndarray) -> np.ndarray:
    """For every cell the smallest of its row, column ... ; of a single row of cells their sum."""
    axes = [(axis,) for axis in range(n.ndim)] if n.ndim > 1 else [()]
    return np.min([np.broadcast_to(_margin(n, one), n.shape) for one in axes], axis=0)


def _spared(n: np.ndarray, out: np.ndarray, at: tuple[int, ...], least: int) -> bool:
    """Whether the others of its row and column can do without the cell: enough cases, and half of the cells."""
    out = out.copy()
    out[at] = True
    sides = (
        [np.index_exp[:] * axis + (at[axis],) for axis in range(n.ndim)] if n.ndim > 1 else [np.index_exp[:]]
    )
    return all(n[side][~out[side]].sum() >= least and 2 * out[side].sum() <= out[side].size for side in sides)


def _moments(found: np.ndarray, margins: Sequence[Axes], strata: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the cells' counts when the margins are given."""
    variance = found
    for axes in margins:
        whole = np.broadcast_to(_margin(found, axes), found.shape)
        variance = variance * (1 - np.divide(found, whole, out=np.zeros(found.shape), where=whole > 0))
    return found.sum(axis=strata), variance.sum(axis=strata)


def _tail(n: np.ndarray, mean: np.ndarray, variance: np.ndarray, dispersion: float) -> np.ndarray:
    """Mid-p chance of n or more under the binomial law of that mean and variance."""
    chance = np.clip(1 - variance / mean, 1e-9, 1 - 1e-9)
    size = mean / chance

    def at_least(k: np.ndarray) -> np.ndarray:
        inside = (k > 0) & (k < size + 1)
        a, b = np.where(inside, k, 1), np.where(inside, size - k + 1, 1)
        return np.where(inside, special.betainc(a, b, chance), k <= 0)

    p = np.clip((at_least(n) + at_least(n + 1)) / 2, 1e-300, 1)
    return p if dispersion == 1 else stats.norm.sf(stats.norm.isf(p) / np.sqrt(dispersion))


def _log_parts(n: np.ndarray, expected: np.ndarray, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood of both components (negative binomial laws), each with its share."""
    return tuple(
        np.log(share)
        + special.gammaln(alpha + n)
        - special.gammaln(alpha)
        - special.gammaln(n + 1)
        + alpha * np.log(beta / (beta + expected))
        + n * np.log(expected / (beta + expected))
        for alpha, beta, share in (
            (prior.alpha1, prior.beta1, prior.part),
            (prior.alpha2, prior.beta2, 1 - prior.part),
        )
    )
