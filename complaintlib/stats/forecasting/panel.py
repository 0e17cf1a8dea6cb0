"""A long frame of series as one matrix, and the histories in it as they stood at each origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Panel:
    """Series x periods: row s holds the history of `ids[s]` from its first usable period on, then NaN."""

    ids: pd.Index
    y: np.ndarray  # already divided by the factors; NaN is missing
    n: np.ndarray  # periods from the first usable one to the last given
    times: np.ndarray  # the t of each value; meaningless behind the end
    factor: np.ndarray  # series x (periods + horizon): of history and, from column n on, of the horizon


@dataclass(frozen=True)
class Windows:
    """Histories as they stood at an origin, one a row: `y[r, :n[r]]`, then NaN. Missing values inside are NaN too."""

    y: np.ndarray
    n: np.ndarray
    season: int

    def rows(self, chosen: np.ndarray) -> "Windows":
        n = self.n[chosen]
        return Windows(self.y[chosen, : n.max(initial=0)], n, self.season)


def panel_of(
    series: pd.DataFrame,
    horizon: int,
    factors: pd.DataFrame | None = None,
    breaks: Mapping[Any, Any] | None = None,
) -> Panel:
    """The panel of a long frame (id, t, y); `factors` (t, factor, and id where they differ) and `breaks` {id: t}.

    The periods are the distinct t of all series (and factors) in order: a period which only some series have is missing
    in the others. A series ends at its own last row. NaN at the beginning of a history is not part of it.
    """
    wanted = {"id", "t", "y"} - set(series.columns)
    if wanted:
        raise ValueError(f"series needs the columns id, t, y; missing: {', '.join(sorted(wanted))}")
    if series.duplicated(["id", "t"]).any():
        raise ValueError("series has several rows of one id and t")
    code, ids = pd.factorize(series["id"], sort=True)
    ids = pd.Index(ids, name="id")
    grid = pd.Index(series["t"].unique())
    grid = (grid if factors is None else grid.append(pd.Index(factors["t"].unique())).unique()).sort_values()
    at, y = grid.get_indexer(series["t"]), series["y"].to_numpy(float, na_value=np.nan)
    wide = np.full((len(ids), len(grid)), np.nan)
    wide[code, at] = np.where(np.isfinite(y), y, np.nan)
    last = np.full(len(ids), -1)
    np.maximum.at(last, code, at)
    known = _factors(factors, ids, grid, horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = np.where(known[:, : len(grid)] > 0, wide / known[:, : len(grid)], np.nan)
    for name, t in (breaks or {}).items():
        if name in ids:
            wide[ids.get_loc(name), : grid.searchsorted(t)] = np.nan
    begun = np.maximum.accumulate(np.isfinite(wide), axis=1)
    first = np.minimum((~begun).sum(axis=1), last + 1)
    n = last + 1 - first
    columns = first[:, None] + np.arange(n.max(initial=0) + horizon)
    inside = np.arange(n.max(initial=0)) < n[:, None]
    place = np.minimum(columns, max(len(grid) - 1, 0))[:, : n.max(initial=0)]
    return Panel(
        ids,
        np.where(inside, np.take_along_axis(wide, place, axis=1), np.nan),
        n,
        grid.to_numpy()[place],
        np.take_along_axis(known, np.minimum(columns, known.shape[1] - 1), axis=1),
    )


def extremes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest value of each history; infinite where there is none."""
    known = np.isfinite(y)
    low = np.min(y, axis=1, initial=np.inf, where=known)
    return low, np.max(y, axis=1, initial=-np.inf, where=known)


def windows_of(panel: Panel, season: int, back: int) -> Windows:
    """Every history without its last `back` periods."""
    n = np.maximum(panel.n - back, 0)
    return Windows(np.where(np.arange(panel.y.shape[1]) < n[:, None], panel.y, np.nan), n, season)


def _factors(factors: pd.DataFrame | None, ids: pd.Index, grid: pd.Index, horizon: int) -> np.ndarray:
    """Series x (grid + horizon); 1 where none is given. Where it is 0 nothing can be counted."""
    known = np.ones((len(ids), len(grid) + horizon))
    if factors is None:
        return known
    at, value = grid.get_indexer(factors["t"]), factors["factor"].to_numpy(float)
    if not (value >= 0).all():
        raise ValueError("needs factors of 0 or more")
    if "id" not in factors:
        known[:, at] = value
        return known
    row = ids.get_indexer(factors["id"])
    known[row[row >= 0], at[row >= 0]] = value[row >= 0]
    return known
