"""A log-linear line through counts in time, broken at an intervention, with deviations that go from point to point.

The engine of `interrupted`: generalised least squares at the nodes of a grid of spread and correlation, weighted by their
restricted likelihood.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

PRIOR_SEASON, PRIOR_REGRESSOR = 0.3, 0.2  # standard deviations of log rates, as in `stats.season`
CORRELATIONS = np.array([0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9])  # of one point with the next
SPREADS = np.linspace(0.02, 2.5, 10)  # of the points about the line, in units of a first guess


@dataclass(frozen=True)
class Points:
    """A series about an intervention: one entry a point of time, evenly spaced, oldest first.

    `at`: index of the first point after it. `exposure`: denominator (default 1), and `noise` the variance of its
    logarithm where it is itself counted (a control's counts c: 1 / c). `season`: the class (month) of each point;
    points of one class share a deviation. `regressors`: columns known in advance. `used`: False where a point tells
    nothing (partly before, partly after; extreme and the reason for acting).
    """

    counts: np.ndarray
    at: int
    exposure: np.ndarray | None = None
    noise: np.ndarray | None = None
    season: np.ndarray | None = None
    regressors: np.ndarray | None = None
    used: np.ndarray | None = None

    def __post_init__(self) -> None:
        y = np.asarray(self.counts, float)
        for name, default in (("exposure", 1.0), ("noise", 0.0), ("used", True)):
            given = getattr(self, name)
            given = np.full(len(y), default) if given is None else np.asarray(given, type(default))
            object.__setattr__(self, name, given)
        object.__setattr__(self, "counts", y)
        if not len(y) == len(self.exposure) == len(self.noise) == len(self.used):
            raise ValueError("needs one entry a point")
        known = self.used & ~np.isnan(y) & (self.exposure > 0) & np.isfinite(self.exposure)
        object.__setattr__(self, "used", known)

    @property
    def after(self) -> np.ndarray:
        return np.arange(len(self.counts)) >= self.at

    def before(self) -> "Points":
        """The same points with nothing told of those after."""
        return replace(self, used=self.used & ~self.after)


# ------------------------------------------------------------------------------------------- line and noise


def line(points: Points, at: int) -> np.ndarray:
    """Level, trend, step and further slope from the first point after."""
    t = np.arange(len(points.counts)) - at
    return np.column_stack([np.ones(len(t)), t, t >= 0, np.maximum(t, 0)]).astype(float)


@dataclass(frozen=True)
class Noise:
    """The working response of the used points, and the inverse Cholesky factor of its covariance at each node."""

    z: np.ndarray
    error: np.ndarray  # variance of the working response beyond the deviations
    factor: np.ndarray  # nodes x points x points
    spread: np.ndarray
    correlation: np.ndarray


@dataclass(frozen=True)
class Grid:
    weight: np.ndarray  # of each node: its restricted likelihood, as a share
    beta: np.ndarray
    covariance: np.ndarray


def lasting(points: Points) -> np.ndarray:
    """Covariance of what does not depend on time lags: season and regressors, all points by all points."""
    total = np.zeros((len(points.counts),) * 2)
    if points.season is not None:
        season = np.asarray(points.season)
        total += PRIOR_SEASON**2 * (season[:, None] == season[None, :])
    if points.regressors is not None and np.size(points.regressors):
        z = np.asarray(points.regressors, float).reshape(len(points.counts), -1)
        spread = z[points.used].std(axis=0)
        told = spread > 1e-12
        z = (z[:, told] - z[points.used][:, told].mean(axis=0)) / spread[told]
        total += PRIOR_REGRESSOR**2 * z @ z.T
    return total


def noise_of(points: Points, x: np.ndarray) -> Noise:
    """Penalised quasi-likelihood: counts made linear about what is most likely, until that stands still."""
    used = points.used
    y, x, off, own = points.counts[used], x[used], np.log(points.exposure[used]), points.noise[used]
    t = np.flatnonzero(used)
    lag = np.abs(t[:, None] - t[None, :])
    still = lasting(points)[np.ix_(used, used)]
    start = np.log(y + 0.5)
    guess = np.linalg.lstsq(x, start - off, rcond=None)[0]
    unit = max(float(np.std(start - off - x @ guess)), 0.02)
    spread, rho = (g.ravel() for g in np.meshgrid(SPREADS * unit, CORRELATIONS, indexing="ij"))
    moving = spread[:, None, None] ** 2 * rho[:, None, None] ** lag + still
    eta = start
    for _ in range(8):
        mu = np.exp(np.clip(eta, -3, 30))
        noise = Noise(np.log(mu) - off + (y - mu) / mu, 1 / mu + own, np.empty(0), spread, rho)
        factor = np.linalg.inv(np.linalg.cholesky(moving + np.diag(noise.error)))
        noise = replace(noise, factor=factor)
        grid = grid_of(noise, x)
        best = int(grid.weight.argmax())
        residual = noise.z - x @ grid.beta[best]
        pulled = moving[best] @ (factor[best].T @ (factor[best] @ residual))
        new = off + x @ grid.beta[best] + pulled
        done, eta = np.abs(new - eta).max() < 1e-5, new
        if done:
            break
    return noise


def grid_of(noise: Noise, x: np.ndarray) -> Grid:
    """Generalised least squares at every node, and its restricted likelihood."""
    lx, lz = noise.factor @ x, noise.factor @ noise.z
    information = np.swapaxes(lx, 1, 2) @ lx
    covariance = np.linalg.inv(information)
    beta = (covariance @ (np.swapaxes(lx, 1, 2) @ lz[..., None]))[..., 0]
    residual = lz - (lx @ beta[..., None])[..., 0]
    log = np.log(np.diagonal(noise.factor, axis1=1, axis2=2)).sum(axis=1)
    log = log - np.linalg.slogdet(information)[1] / 2 - (residual**2).sum(axis=1) / 2
    weight = np.exp(log - log.max())
    return Grid(weight / weight.sum(), beta, covariance)


def interval(grid: Grid, c: np.ndarray, level: float) -> tuple[float, float, float, float, float]:
    """exp of a combination of the line's coefficients: mean, limits and p of the mixture over the nodes."""
    middle, error = grid.beta @ c, np.sqrt(np.einsum("i,kij,j->k", c, grid.covariance, c))
    mean = float(grid.weight @ middle)

    def below(value: float) -> float:
        return float(grid.weight @ special.ndtr((value - middle) / error))

    ends = (middle - 12 * error).min(), (middle + 12 * error).max()
    tail = (1 - level) / 2
    low, high = (
        optimize.brentq(lambda v, q=q: below(v) - q, *ends, xtol=1e-9, rtol=1e-9) for q in (tail, 1 - tail)
    )
    p = min(1.0, 2 * min(below(0.0), 1 - below(0.0)))
    whole = float(np.sqrt(grid.weight @ (error**2 + (middle - mean) ** 2)))
    return float(np.exp(mean)), float(np.exp(low)), float(np.exp(high)), max(p, 0.0), whole


# ------------------------------------------------------------------------------------------- what would have come


def covariances(points: Points, noise: Noise, sigma: float, rho: float, ahead: np.ndarray):
    """Of the deviations of the used points, of these with the points ahead, and of the points ahead."""
    t = np.arange(len(points.counts))
    whole = sigma**2 * rho ** np.abs(t[:, None] - t[None, :]) + lasting(points)
    used = points.used
    own = whole[np.ix_(used, used)] + np.diag(noise.error)
    return own, whole[np.ix_(ahead, used)], whole[np.ix_(ahead, ahead)]


def foretold(points: Points, noise: Noise, own, cross, over, x: np.ndarray, ahead: np.ndarray):
    """Universal kriging: mean and covariance of the log rate at the points ahead, from the used points."""
    xu, xa = x[points.used], x[ahead]
    inverse = np.linalg.inv(own)
    c = np.linalg.inv(xu.T @ inverse @ xu)
    beta = c @ xu.T @ inverse @ noise.z
    gain = cross @ inverse
    d = xa - gain @ xu
    return xa @ beta + gain @ (noise.z - xu @ beta), over - gain @ cross.T + d @ c @ d.T
