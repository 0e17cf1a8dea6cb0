"""Where the tiles of a map lie: regions as equal squares, roughly where they are on the map."""

import csv
from collections.abc import Iterable
from functools import cache

from ..home import DATA

MOSTLY = 0.8  # of the regions must be on a grid


@cache
def _grids() -> dict[str, dict[str, tuple[int, int]]]:
    """`data/tiles.csv`: for each grid the row and column of every region's code."""
    grids: dict[str, dict[str, tuple[int, int]]] = {}
    with open(DATA / "tiles.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            grids.setdefault(row["grid"], {})[row["region"]] = int(row["row"]), int(row["column"])
    return grids


def grid_of(regions: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Row and column of each tile of the grid that these regions are on; those that are not stand below. Empty where the
    regions are not known."""
    regions = sorted(set(regions))
    for grid in _grids().values():
        strange = [region for region in regions if region not in grid]
        if regions and len(regions) - len(strange) >= MOSTLY * len(regions):
            below = 1 + max(row for row, _ in grid.values())
            return {**grid, **{region: (below, i) for i, region in enumerate(strange)}}
    return {}
