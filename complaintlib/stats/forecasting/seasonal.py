"""The season of many histories at once: is there one, and by how much does it lift each period of the cycle?

Arrays are rows x periods, row r filled up to `n[r]`; a pattern is rows x season, its column the period's number from
the start of the history modulo the season.
"""

import numpy as np

Array = np.ndarray


def inside(n: Array, width: int) -> Array:
    return np.arange(width) < n[:, None]


def filled(y: Array, n: Array) -> Array:
    """Missing values replaced by the line between their neighbours, at the end by the last known; 0 behind the end."""
    width = y.shape[1]
    known, t = np.isfinite(y), np.arange(width)
    if (known | ~inside(n, width)).all():
        return np.where(known, y, 0.0)
    before = np.maximum.accumulate(np.where(known, t, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, t, width)[:, ::-1], axis=1)[:, ::-1]
    before = np.where(before < 0, after, before)
    after = np.where(after == width, before, after)
    nothing = before == width
    before, after = (np.where(nothing, 0, at) for at in (before, after))
    value = np.where(known, y, 0.0)
    left, right = (np.take_along_axis(value, at, axis=1) for at in (before, after))
    share = (t - before) / np.maximum(after - before, 1)
    return np.where(inside(n, width) & ~nothing, left + share * (right - left), 0.0)


def smoothed_out(y: Array, n: Array, season: int) -> Array:
    """The centred moving average over one season (2 x season where that is even); NaN where it does not reach."""
    half, width = season // 2, y.shape[1]
    sums = np.concatenate([np.zeros((len(y), 1)), np.cumsum(y, axis=1)], axis=1)
    out = np.full(y.shape, np.nan)
    t = np.arange(half, width - half)
    if season % 2:
        out[:, t] = (sums[:, t + half + 1] - sums[:, t - half]) / season
    else:
        two = sums[:, t + half] - sums[:, t - half] + sums[:, t + half + 1] - sums[:, t - half + 1]
        out[:, t] = two / (2 * season)
    return np.where(inside(n - half, width), out, np.nan)


def by_phase(values: Array, season: int) -> tuple[Array, Array, Array]:
    """Mean, sum of squares about it and number of the known values of each period of the cycle."""
    cycles = -(-values.shape[1] // season)
    wide = np.full((len(values), cycles * season), np.nan)
    wide[:, : values.shape[1]] = values
    wide = wide.reshape(len(values), cycles, season)
    number = np.isfinite(wide).sum(axis=1)
    mean = np.nansum(wide, axis=1) / np.maximum(number, 1)
    return mean, np.nansum((wide - mean[:, None]) ** 2, axis=1), number


def pattern_of(z: Array, known: Array, n: Array, season: int) -> tuple[Array, Array]:
    """How much each period of the cycle lies above the trend (sum 0 over the cycle), and the degrees of freedom spent.

    Classical additive decomposition, its effects drawn towards 0 by the James-Stein estimator of Miller & Williams
    (2003, IJF 19:669-684): entirely where they are no larger than chance makes them. `z` without gaps; values that
    are not `known` do not count. Where the history holds no period of the cycle twice, half of what is seen is
    taken for chance.
    """
    effect, squares, number = by_phase(np.where(known, z - smoothed_out(z, n, season), np.nan), season)
    seen = number > 0
    mean = np.where(seen, effect, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    effect = np.where(seen, effect - mean[:, None], 0.0)
    freedom = np.maximum(number - 1, 0).sum(axis=1)
    size = (effect**2).sum(axis=1)
    chance = squares.sum(axis=1) / np.maximum(freedom, 1) * (1 / np.maximum(number, 1)).mean(axis=1)
    chance = np.where(freedom > 0, chance, size / (2 * season))
    drawn = np.clip((season - 3) * chance / np.maximum(size, 1e-300), 0, 1)
    drawn = np.where(seen.sum(axis=1) == season, drawn, 1.0)
    return effect * (1 - drawn)[:, None], (1 - drawn) * (season - 1)


def is_seasonal(y: Array, n: Array, season: int) -> Array:
    """Whether the autocorrelation at one season is beyond chance (90 %), as the M4 competition's Naive2 asks."""
    if not 1 < season <= y.shape[1] // 3:
        return np.zeros(len(y), bool)
    mask = inside(n, y.shape[1])
    e = np.where(mask, y - (np.where(mask, y, 0).sum(axis=1) / np.maximum(n, 1))[:, None], 0)
    own = np.maximum((e * e).sum(axis=1), 1e-300)
    r = np.stack([(e[:, k:] * e[:, :-k]).sum(axis=1) / own for k in range(1, season + 1)], axis=1)
    limit = 1.645 * np.sqrt((1 + 2 * (r[:, : season - 1] ** 2).sum(axis=1)) / np.maximum(n, 1))
    return (n >= 3 * season) & (np.abs(r[:, -1]) > limit)


def ahead(pattern: Array, n: Array, horizon: int) -> Array:
    """The pattern's values of the next periods, rows x horizon."""
    return np.take_along_axis(pattern, (n[:, None] + np.arange(horizon)) % pattern.shape[1], axis=1)


def laid_out(pattern: Array, width: int) -> Array:
    """The pattern's values of the first `width` periods."""
    return pattern[:, np.arange(width) % pattern.shape[1]]


def seasonal_naive(y: Array, n: Array, season: int, horizon: int) -> Array:
    """The value of the same period one season before; under one season the last value. `y` without gaps."""
    at = n[:, None] - season + np.arange(horizon) % season
    last = np.maximum(n - 1, 0)[:, None]
    return np.take_along_axis(y, np.where((n < season)[:, None], last, np.maximum(at, 0)), axis=1)


def naive2(y: Array, n: Array, season: int, horizon: int) -> Array:
    """The last value, seasonally adjusted by ratios where `is_seasonal`: the benchmark of the M3 and M4 competitions.

    Where a value is not positive there are no ratios and the last value stands as it is.
    """
    mask = inside(n, y.shape[1])
    adjust = is_seasonal(y, n, season) & (np.where(mask, y, np.inf) > 0).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = by_phase(y / smoothed_out(y, n, season), season)[0]
        index = np.where(adjust[:, None], index / index.mean(axis=1)[:, None], 1.0)
    last = np.take_along_axis(y / laid_out(index, y.shape[1]), np.maximum(n - 1, 0)[:, None], axis=1)
    return last * ahead(index, n, horizon)
