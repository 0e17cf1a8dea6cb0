"""What each history allows to be forecast with: its basis, and the paths of every candidate that goes with it."""

from dataclasses import dataclass

import numpy as np

from . import scale
from .panel import Windows, extremes
from .seasonal import ahead, filled, inside, laid_out, naive2, pattern_of, seasonal_naive
from .smoothing import DAMPED, SEASONAL, SIMPLE, Smoothed, smooth
from .theta import aggregated, theta

Array = np.ndarray
BENCHMARKS = "seasonal_naive", "naive2"  # to be beaten; never in the combination
CANDIDATES = {
    "season": ("theta", "damped_trend", "theta_aggregated", "damped_aggregated", "holt_winters"),
    "trend": ("theta", "damped_trend", "theta_aggregated", "damped_aggregated"),
    "short": ("simple", "mean", "damped_trend"),
    "few": ("simple", "mean"),
    "sparse": ("simple", "mean", "tsb"),
    "constant": ("mean",),
    "empty": (),
}
FEW = 8  # values below which no trend is looked for
SHORTEST_SEASON = 4  # a cycle of fewer periods is not looked for
POISSON, POISSON_WEIGHT = (
    0.25,
    2,
)  # a count's variance on the root scale ; what that weighs, in values
AT_ONCE = 800  # histories; more do not stay in the processor's cache


@dataclass(frozen=True)
class Forecasts:
    """Of every history: path (rows x horizon) by model, NaN where the model does not belong to the basis.

    `basis`; `noise`: variance of one period on the scale of `power`; `drift`: the share of it by which each further
    period is less certain; `lift`: what of it is in the paths, which are means where counts are looked at by their
    square root.
    """

    paths: dict[str, Array]
    basis: Array
    noise: Array
    drift: Array
    lift: Array


@dataclass(frozen=True)
class Prepared:
    """Histories of one basis on their scale, without gaps, the longest first; 0 behind the end."""

    n: Array
    z: Array
    adjusted: Array  # z without its season
    pattern: Array  # rows x season
    simple: Smoothed  # of `adjusted`
    noise: Array  # variance of its one-step errors, on so many degrees of
    freedom: Array
    drift: Array  # alpha squared: what each further step adds to it (Hyndman et al. 2008, table 6.2)


def basis_of(w: Windows) -> Array:
    """Which key of `CANDIDATES` each history belongs to."""
    known = np.isfinite(w.y)
    number = known.sum(axis=1)
    low, high = extremes(w.y)
    rules = {
        "empty": number == 0,
        "constant": (low == high) & (number > 2),
        "few": number < FEW,
        "sparse": (2 * (w.y == 0).sum(axis=1) > number) & (low >= 0),
        "short": number < 2 * w.season,
    }
    seasonal = w.season >= SHORTEST_SEASON
    return np.select(list(rules.values()), list(rules), "season" if seasonal else "trend").astype(object)


def forecasts(w: Windows, power: Array, counts: bool, horizon: int) -> Forecasts:
    """The candidates' and the benchmarks' paths of every history, each on the scale of its `power`."""
    basis = basis_of(w)
    names = dict.fromkeys([*BENCHMARKS, *(name for group in CANDIDATES.values() for name in group)])
    paths = {name: np.full((len(w.n), horizon), np.nan) for name in names}
    noise, drift, lift = np.zeros((3, len(w.n)))
    for kind in sorted(set(basis) - {"empty"}):
        rows = np.flatnonzero(basis == kind)
        rows = rows[np.argsort(-w.n[rows], kind="stable")]
        for some in np.split(rows, range(AT_ONCE, len(rows), AT_ONCE)):
            part = w.rows(some)
            found, noise[some], drift[some], lift[some] = _part(part, kind, power[some], counts, horizon)
            for name, path in found.items():
                paths[name][some] = path
    return Forecasts(paths, basis, noise, drift, lift)


def prepared(w: Windows, power: Array, seasonal: bool) -> Prepared:
    """On the scale of `power`, gaps filled in the seasonally adjusted values, simple smoothing done."""
    known = np.isfinite(w.y)
    z = filled(np.where(known, scale.forward(w.y, power), np.nan), w.n)
    pattern, spent = np.zeros((len(w.n), w.season)), np.zeros(len(w.n))
    if seasonal:
        enough = w.n >= 2 * w.season
        pattern[enough], spent[enough] = pattern_of(z[enough], known[enough], w.n[enough], w.season)
    season = laid_out(pattern, w.y.shape[1])
    adjusted = filled(np.where(known, z - season, np.nan), w.n)
    z = np.where(inside(w.n, w.y.shape[1]), adjusted + season, 0)
    simple = smooth(adjusted, w.n, SIMPLE)
    freedom = np.maximum(known.sum(axis=1) - 2 - spent, 0)
    noise = simple.sse.min(axis=1) / np.maximum(freedom, 1)
    drift = simple.weight @ SIMPLE.alpha**2
    return Prepared(w.n, z, adjusted, pattern, simple, noise, freedom, drift)


def _part(
    w: Windows, kind: str, power: Array, counts: bool, horizon: int
) -> tuple[dict[str, Array], Array, Array, Array]:
    """Paths by model, noise, drift and lift of histories of one basis."""
    seasonal = kind in ("season", "sparse") and w.season >= SHORTEST_SEASON
    y = filled(w.y, w.n)
    found = {
        "seasonal_naive": seasonal_naive(y, w.n, w.season, horizon),
        "naive2": naive2(y, w.n, w.season, horizon),
    }
    if kind == "constant":
        value = np.repeat(np.take_along_axis(y, w.n[:, None] - 1, axis=1), horizon, axis=1)
        none = np.zeros(len(w.n))
        return found | {"mean": value}, _shared(none, w.n - 1) if counts else none, none, none
    if kind == "sparse":  # means of the values themselves, which are the roots' squared mean and variance
        ready = prepared(w, np.full(len(w.n), scale.RAW), seasonal)
        noise = _variance(scale.forward(w.y, power))
        paths = {name: np.maximum(path, 0) for name, path in _paths(kind, ready, horizon).items()}
        return found | paths, noise, ready.drift, noise
    ready = prepared(w, power, seasonal)
    noise = _shared(ready.noise, ready.freedom) if counts else ready.noise
    lift = np.where(counts & (power == scale.ROOT), noise, 0)
    found |= {name: scale.back(path, power, lift) for name, path in _paths(kind, ready, horizon).items()}
    return found, noise, ready.drift, lift


def _paths(kind: str, ready: Prepared, horizon: int) -> dict[str, Array]:
    """The candidates' paths on the scale."""
    a, n, names = ready.adjusted, ready.n, CANDIDATES[kind]
    found = {
        "simple": ready.simple.path(horizon),
        "mean": np.repeat(a.sum(axis=1)[:, None] / n[:, None], horizon, axis=1),
    }
    if "damped_trend" in names:
        found["damped_trend"] = _damped(a, n, horizon)
    if "theta" in names:
        found["theta"] = theta(a, n, horizon, ready.simple)
        found["theta_aggregated"] = aggregated(theta, found["theta"], a, n)
        found["damped_aggregated"] = aggregated(_damped, found["damped_trend"], a, n)
    found = {name: path + ahead(ready.pattern, n, horizon) for name, path in found.items() if name in names}
    if "holt_winters" in names:
        found["holt_winters"] = smooth(ready.z, n, SEASONAL, ready.pattern).path(horizon)
    if "tsb" in names:
        found["tsb"] = tsb(ready.z, n, horizon)
    return found


def _damped(y: Array, n: Array, horizon: int) -> Array:
    """Holt's exponential smoothing with a damped trend (Gardner & McKenzie 1985, Management Science 31:1237-1246)."""
    return smooth(y, n, DAMPED).path(horizon)


def tsb(y: Array, n: Array, horizon: int, alpha: float = 0.1, beta: float = 0.1) -> Array:
    """How often there is anything times how much there is then, each smoothed by itself.

    Teunter, Syntetos & Babai (2011, EJOR 214:606-615): unlike Croston's it is not biased and falls when nothing comes
    any more. Begun at the history's own share and mean.
    """
    mask, some = inside(n, y.shape[1]), y > 0
    share = (some & mask).sum(axis=1) / np.maximum(n, 1)
    size = y.sum(axis=1) / np.maximum((some & mask).sum(axis=1), 1)
    for t in range(y.shape[1]):
        share = np.where(mask[:, t], share + beta * (some[:, t] - share), share)
        size = np.where(mask[:, t] & some[:, t], size + alpha * (y[:, t] - size), size)
    return np.repeat((share * size)[:, None], horizon, axis=1)


def _shared(noise: Array, freedom: Array) -> Array:
    """The noise of counts, of which something is known before they have spoken: that they are no steadier than Poisson's."""
    return (freedom * noise + POISSON_WEIGHT * POISSON) / (freedom + POISSON_WEIGHT)


def _variance(z: Array) -> Array:
    known = np.isfinite(z)
    number = known.sum(axis=1)
    mean = np.where(known, z, 0).sum(axis=1) / number
    return np.where(known, (z - mean[:, None]) ** 2, 0).sum(axis=1) / np.maximum(number - 1, 1)
