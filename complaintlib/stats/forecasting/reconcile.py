"""Forecasts of a hierarchy that add up: bottom-up and minimum trace, never negative, whole numbers for counts."""

import numpy as np
import pandas as pd
from scipy import linalg, optimize


def reconciled(
    forecast: pd.DataFrame,
    levels: pd.DataFrame,
    errors: pd.DataFrame | None = None,
    *,
    counts: bool = False,
) -> pd.DataFrame:
    """Which forecasts nearest to these add up over the hierarchy?

    `forecast`: id, `mean` and any columns between (h; or origin and h): rows that agree in those are reconciled
    together. `levels`: the hierarchy; a row per bottom series (index: its id), a column per level above it from the
    top down, whose values are the ids of the nodes it belongs to there; each node lies within one node of the level
    above. `errors`: earlier forecast errors, a column per id of the hierarchy and a row per occasion (origins, one
    step ahead for choice); NaN where there was none. Without `errors` the bottom series' forecasts are kept and
    everything above is their sum (bottom-up; only they need rows).

    Gives the same columns for every node, each level's before the next one's, bottom last. Nothing is negative, and
    every node is the sum of the bottom series in it: to float precision, or exactly with `counts`, where every value
    is the whole number next below or above the reconciled one.

    Minimum trace, the covariance of the errors shrunk towards its diagonal (`shrunk`): Wickramasuriya, Athanasopoulos
    & Hyndman (2019), JASA 114:804-819. Where that is negative, the nearest in the same metric that is not:
    Wickramasuriya, Turlach & Hyndman (2020), Statistics and Computing 30:1167-1182. Whole numbers by largest
    remainder, from the total down.

    Assumes unbiased forecasts and one pattern of errors at every horizon. It makes forecasts consistent and mostly
    better on average; a single series may become worse. Interval bounds are not to be reconciled: they do not add up.
    """
    tree = [*_paths(levels)]
    sums = _sums(tree, levels.index)
    keys = [name for name in forecast.columns if name not in ("id", "mean")]
    wide = (
        forecast.set_index(["id", *keys])["mean"].unstack(keys)
        if keys
        else forecast.set_index("id")[["mean"]]
    )
    nodes = pd.Index([*(node for level in tree for node in level.unique()), *levels.index], name="id")
    base = wide.reindex(nodes if errors is not None else levels.index).to_numpy(float)
    if not np.isfinite(base).all():
        raise ValueError("needs a finite forecast of every node")
    if errors is None:
        bottom = np.maximum(base, 0)
    else:
        bottom = mint(base, sums, errors.reindex(columns=nodes).to_numpy(float))[-len(levels) :]
    if counts:
        bottom = _whole(bottom, [pd.factorize(level)[0] for level in tree])
    found = pd.DataFrame(sums @ bottom, nodes, wide.columns)
    found = found.stack(list(range(len(keys))), future_stack=True) if keys else found["mean"]
    return found.rename("mean").reset_index()[forecast.columns.tolist()]


def mint(base: np.ndarray, sums: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Minimum trace reconciliation of `base` (nodes x columns, aggregates first), never negative.

    `sums`: nodes x bottom series, 1 where the series is part of the node; `errors`: occasions x nodes.
    """
    covariance, _ = shrunk(errors)
    upper = len(sums) - sums.shape[1]
    # What the aggregates miss to be sums, spread over all nodes: the form in the constraints (section 2.4 of the paper)
    # solves a system as large as there are aggregates, not as there are series.
    misses = np.hstack([np.eye(upper), -sums[:upper]])
    spread = covariance @ misses.T
    found = base - spread @ np.linalg.lstsq(misses @ spread, misses @ base, rcond=1e-12)[0]
    bottom = found[upper:]
    low = np.flatnonzero((bottom < 0).any(axis=0))
    if len(low):
        root = linalg.cholesky(covariance, lower=True)
        design, aim = (linalg.solve_triangular(root, x, lower=True) for x in (sums, base[:, low]))
        bottom[:, low] = np.array([optimize.nnls(design, column)[0] for column in aim.T]).T
    return sums @ bottom


def shrunk(errors: np.ndarray) -> tuple[np.ndarray, float]:
    """The covariance of `errors` (occasions x series, about zero), shrunk towards its diagonal, and how far (0 to 1).

    The intensity is that of Schäfer & Strimmer (2005), Stat. Appl. Genet. Mol. Biol. 4:32, as in Wickramasuriya et al.
    (2019). An error that is missing says nothing about how series move together; a series without any error counts
    as one of the usual size, one that was always right as nearly certain.
    """
    n, there = len(errors), np.isfinite(errors)
    with np.errstate(invalid="ignore"):
        square = (np.where(there, errors, 0) ** 2).sum(axis=0) / there.sum(axis=0)
    known = square[square > 0]
    usual = float(np.median(known)) if len(known) else 1.0
    square = np.where(np.isnan(square), usual, np.maximum(square, 1e-8 * usual))
    size = np.sqrt(square)
    scaled = np.where(there, errors, 0) / size
    if n < 2:
        return np.diag(square), 1.0
    together = scaled.T @ scaled / n
    noise = ((scaled**2).T @ scaled**2 / n - together**2) / (n - 1)
    off = ~np.eye(len(square), dtype=bool)
    far = (together[off] ** 2).sum()
    intensity = float(np.clip(noise[off].sum() / far, 0, 1)) if far > 0 else 1.0
    correlation = (1 - max(intensity, 1e-6)) * together  # a little is always needed for an inverse
    np.fill_diagonal(correlation, 1)
    return correlation * np.outer(size, size), intensity


def _paths(levels: pd.DataFrame) -> list[pd.Series]:
    """The levels above the bottom, each checked to lie within the one before."""
    taken: set = set(levels.index)
    if len(taken) < len(levels):
        raise ValueError("two bottom series have one id")
    found = [levels[name] for name in levels]
    for at, level in enumerate(found):
        nodes = set(level)
        if level.isna().any() or taken & nodes:
            raise ValueError(f"level {level.name!r}: needs a node of its own id for every series")
        if at and (found[at - 1].groupby(level.to_numpy()).nunique() > 1).any():
            raise ValueError(f"level {level.name!r} does not lie within the level above")
        taken |= nodes
    return found


def _sums(tree: list[pd.Series], bottom: pd.Index) -> np.ndarray:
    above = [(level.to_numpy() == node) for level in tree for node in level.unique()]
    return np.vstack([*above, np.eye(len(bottom))]).astype(float)


def _whole(bottom: np.ndarray, tree: list[np.ndarray]) -> np.ndarray:
    """Whole numbers for the bottom series, such that every node too is next to its own value.

    From the total down each node's whole number is shared out among the nodes within it: all get their floor, those
    with the largest remainders one more (ties: the earlier one).
    """
    whole, within = np.floor(_tidy(bottom.sum(axis=0)) + 0.5)[None], np.zeros(len(bottom), int)
    for group in [*tree, np.arange(len(bottom))]:
        first = np.unique(group, return_index=True)[1]
        value = np.zeros((len(first), bottom.shape[1]))
        np.add.at(value, group, bottom)
        whole, within = _shared(_tidy(value), within[first], whole), group
    return whole


def _tidy(value: np.ndarray) -> np.ndarray:
    """Without the dust of floating point: 2.9999999999 is 3."""
    near = np.rint(value)
    return np.where(np.abs(value - near) < 1e-9, near, value)


def _shared(value: np.ndarray, parent: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`value` (nodes x columns) as whole numbers that add up to `whole` of each node's `parent`."""
    floor = np.floor(value)
    left = whole.copy()
    np.subtract.at(left, parent, floor)
    found = floor.copy()
    for column in range(value.shape[1]):
        remainder = (value - floor)[:, column]
        order = np.lexsort((np.arange(len(parent)), -remainder, parent))
        start = np.searchsorted(parent[order], np.arange(len(whole)))
        rank = np.arange(len(order)) - start[parent[order]]
        found[order, column] += rank < left[parent[order], column]
    return found
