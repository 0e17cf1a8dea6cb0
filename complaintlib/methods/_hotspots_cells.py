"""The tables behind `hotspots`: what was counted, what the margins lead one to expect, and what it was like before.

A spot is a place (`region`), or a reason in a place, for a product, or for a product in a place; what it leaves open is `ALL`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import measures_by, whole_history
from ..period import Period
from ..rules import Statistics, load_rules
from ..schema import BLANK, OTHER
from ..stats.excess import Axes, excess, surplus, wobble
from ..stats.intervals import rate, rate_ratio
from ..stats.multiple import benjamini_hochberg
from ._shares import ALL

EARLIER = 12  # periods before
MOST = 60  # categories of a dimension that stand alone; the others are put together and not judged
FEWEST, WORTH = 5, 1.2  # cases of a hot spot, and how many times its expectation it must have at the least
PART = 0.5  # of a spot's excess that a narrower one must hold to be what it is about
FOUND = ["n", "expected", "excess", "excess_low", "excess_high", "lift", "q"]


@dataclass(frozen=True)
class Seen:
    """What was counted: complaints by (what, where[, for what]) now and in `past` periods, as arrays over `names`."""

    book: Book
    period: Period
    dims: tuple[str, ...]
    names: tuple[list[str], ...]
    now: np.ndarray
    before: np.ndarray  # a first axis of periods
    past: list[Period]
    n: int  # complaints of the period, with or without these categories
    measure: str
    exposure: np.ndarray | None  # over the dimensions but the first
    statistics: Statistics

    @property
    def place(self) -> str:
        return self.dims[1]


def ask(book: Book, period: Period, wanted: Sequence[str]) -> Seen:
    """The counts of the period and of up to `EARLIER` before it on the same categories."""
    if not book.has("complaints", "received_at"):
        dims = tuple(wanted[:2])
    else:
        dims = tuple(dict.fromkeys(d for d in wanted if d and book.has("complaints", d)))
        missing = [d for d in wanted if d and d not in dims]
        if len(dims) < 2:
            raise NotMeasured(", ".join(f"complaints.{d}" for d in missing))
    counted = book.counts("complaints", dims, period)
    past = [
        p for p in whole_history(book, period, EARLIER + 1)[0][:-1] if not _broken(book, dims, [p, period])
    ]
    earlier = book.series("complaints", dims, past) if past else counted.iloc[:0].assign(period="")
    used = counted[(counted[list(dims)] != BLANK).all(axis=1)]
    earlier = earlier[(earlier[list(dims)] != BLANK).all(axis=1) & (earlier["n"] > 0)]
    names = tuple(_names(used, earlier, d) for d in dims)
    now = _array(used, dims, names)
    before = np.zeros((len(past), *now.shape))
    for i, p in enumerate(past):
        before[i] = _array(earlier[earlier["period"] == p.text], dims, names)
    measure, exposure = _exposure(book, period, dims[1:], names[1:])
    n = int(counted["n"].sum())
    return Seen(book, period, dims, names, now, before, past, n, measure, exposure, load_rules().statistics)


def _broken(book: Book, dims: Sequence[str], periods: Sequence[Period]) -> bool:
    return any(book.breaks_in(d, periods) for d in dims)


def _names(now: pd.DataFrame, earlier: pd.DataFrame, dim: str) -> list[str]:
    """The categories of a dimension by name; the largest `MOST`, now counting before earlier, and the others as one."""
    sizes = pd.concat(
        [now.groupby(dim)["n"].sum(), earlier.groupby(dim)["n"].sum()], axis=1, keys=["now", "then"]
    )
    sizes = sizes.fillna(0).rename_axis("name").reset_index()
    sizes = sizes.sort_values(["now", "then", "name"], ascending=[False, False, True], kind="stable")
    kept = sorted(sizes["name"].head(MOST))
    return [*kept, OTHER] if len(sizes) > MOST else kept


def _array(found: pd.DataFrame, dims: Sequence[str], names: Sequence[list[str]]) -> np.ndarray:
    out = np.zeros([len(known) for known in names])
    at = []
    for dim, known in zip(dims, names, strict=True):
        place = pd.Index(known).get_indexer(found[dim])
        at.append(np.where(place < 0, len(known) - 1, place))
    np.add.at(out, tuple(at), found["n"].to_numpy(float))
    return out


def _exposure(
    book: Book, period: Period, dims: Sequence[str], names: Sequence[list[str]]
) -> tuple[str, np.ndarray | None]:
    """The first measure known by all these dimensions in the period."""
    for measure in measures_by(book, *dims):
        found = book.exposure(measure, [period], dims).dropna(subset="value")
        found = found[(found[list(dims)] != BLANK).all(axis=1)].rename(columns={"value": "n"})
        known = [found[d].isin(n) for d, n in zip(dims, names, strict=True)]
        values = _array(found[np.all(known, axis=0)], dims, names)
        if values.sum() > 0:
            return measure, values
    return "", None


# ---------------------------------------------------------------------------------------------------- spots


def spots(seen: Seen) -> pd.DataFrame:
    """Every spot that was judged, with what it was like before; q over all of them."""
    spread = wobble(seen.before.sum(axis=tuple(range(3, seen.before.ndim))))
    then = seen.before.sum(axis=0)
    parts = []
    for cell, margins, now, before, start in _families(seen, then):
        found = excess(now, margins, cell, start, spread, seen.statistics.fdr)
        found = found.join(
            surplus(found, spread, seen.statistics.confidence).rename(columns={"times": "lift"})
        )
        earlier = excess(before, margins, cell, start, spread, left_out=found["left_out"].to_numpy())
        found["n_then"], found["expected_then"] = earlier["n"], earlier["expected"]
        found["own_then"] = earlier["own"]
        for dim, codes in zip(seen.dims, _codes(seen, cell), strict=True):
            found[dim] = codes
        found["size"] = len(cell)
        parts.append(found)
    table = pd.concat(parts, ignore_index=True).assign(dispersion=spread)
    judged = table["tested"] & (table["expected"] > 0) & (table[list(seen.dims)] != OTHER).all(axis=1)
    table["q"] = benjamini_hochberg(table["p"].where(judged))
    table["hot"] = (table["q"] <= seen.statistics.fdr) & (table["excess_low"] > 0)
    table["hot"] &= (table["n"] >= FEWEST) & (table["lift"] >= WORTH)
    table["n"] = table["n"].astype("int64")
    return _on_before(seen, table)


def _families(
    seen: Seen, then: np.ndarray
) -> Iterator[tuple[Axes, list[Axes], np.ndarray, np.ndarray, np.ndarray | None]]:
    """Which cells are judged by which margins: places by their exposure, pairs by what each has with the third dimension,
    and all three together by every pair."""
    now, per = seen.now, seen.exposure
    if per is not None:
        others = [tuple(range(1, per.ndim))] if per.ndim > 1 else [()]
        yield (0,), others, now.sum(axis=0), then.sum(axis=0), per
    if now.ndim == 2:
        yield (0, 1), [(0,), (1,)], now, then, None
        return
    for cell in ((0, 1), (0, 2), (1, 2)):
        third = 3 - sum(cell)
        start = None if per is None else per[None]
        if cell != (1, 2) or per is not None:  # where a product is sold is no matter of complaints
            yield cell, [(cell[0], third), (cell[1], third)], now, then, start if cell == (1, 2) else None
    yield (0, 1, 2), [(0, 1), (0, 2), (1, 2)], now, then, None


def _codes(seen: Seen, cell: Axes) -> list[np.ndarray]:
    """The categories of the rows of one family, dimension by dimension."""
    axes = [1] if len(cell) == 1 else list(cell)
    grid = np.meshgrid(*(np.arange(len(seen.names[a])) for a in axes), indexing="ij")
    size = grid[0].size
    codes = [np.full(size, ALL, dtype=object) for _ in seen.dims]
    for axis, places in zip(axes, grid, strict=True):
        codes[axis] = np.array(seen.names[axis], dtype=object)[places.ravel()]
    return codes


def _on_before(seen: Seen, table: pd.DataFrame) -> pd.DataFrame:
    """Each hot spot against its own earlier periods: how many times its expectation it had then, and what became of it."""
    statistics, table = seen.statistics, table.copy()
    table["lift_then"] = table["n_then"] / table["expected_then"].where(table["expected_then"] > 0)
    table["standing"] = ""
    hot = table[table["hot"]]
    if hot.empty:
        return table.assign(nested=False)
    now, due, then, due_then = (hot[name] for name in ("n", "expected", "n_then", "expected_then"))
    wide = [
        _wide(hot, *names) for names in (("n", "expected", "own"), ("n_then", "expected_then", "own_then"))
    ]
    change = rate_ratio(now, due, then, due_then, np.maximum(*wide), statistics.confidence)
    q = benjamini_hochberg(change["p"])
    usual = rate(then, due_then, statistics.confidence, wide[1])
    sure, high = q <= statistics.fdr, usual["low"] > 1
    born = (then == 0) & (due_then <= 0) & bool(seen.past)
    cases = {
        "none": pd.Series(not seen.past, hot.index),
        "new": born | (sure & (change["low"] > 1) & ~high),
        "more": sure & (change["low"] > 1),
        "less": sure & (change["high"] < 1),
        "same": high,
    }
    table.loc[hot.index, "standing"] = np.select(list(cases.values()), list(cases), "unsure")
    if len(seen.dims) > 2:  # which reasons a product has is what it is, unless that is new or has grown
        own = (table["size"] == 2) & (table[seen.place] == ALL) & ~table["standing"].isin(["new", "more"])
        table["hot"] &= ~own
    table["nested"] = _nested(seen.dims, table)
    return table


def _wide(hot: pd.DataFrame, n: str, expected: str, own: str) -> pd.Series:
    """The dispersion with what is not known of the expectations of cells left out of the fit (see `surplus`)."""
    part = hot[own].where(hot["left_out"], 0).clip(upper=0.99)
    extra = hot[n] * part / ((1 - part) * hot[expected].where(hot[expected] > 0))
    return hot["dispersion"] * (1 + extra.fillna(0))


def _nested(dims: Sequence[str], table: pd.DataFrame) -> pd.Series:
    """Hot spots whose excess is for the most part that of a narrower hot spot within them."""
    out = pd.Series(False, table.index)
    hot = table[table["hot"]]
    for at, row in hot.iterrows():
        fixed = [d for d in dims if row[d] != ALL]
        inside = (hot[fixed] == row[fixed]).all(axis=1) & (hot["size"] > row["size"])
        out[at] = bool((inside & (hot["excess"] >= PART * row["excess"])).any())
    return out


# --------------------------------------------------------------------------------------------------- tables


def hot_table(seen: Seen, table: pd.DataFrame) -> pd.DataFrame:
    """The hot spots: new and grown ones first, then by the number of cases too many."""
    hot = table[table["hot"]].assign(old=lambda f: ~f["standing"].isin(["new", "more"]))
    up = [True, True, False, *[True] * len(seen.dims)]
    hot = hot.sort_values(["nested", "old", "excess", *seen.dims], ascending=up, kind="stable")
    hot = _with_rate(seen, hot.reset_index(drop=True))
    columns = [*seen.dims, *FOUND, *(["rate"] if seen.exposure is not None else [])]
    return hot[[*columns, "n_then", "expected_then", "lift_then", "standing", "nested"]].astype(
        {"n_then": "int64"}
    )


def cell_table(seen: Seen, table: pd.DataFrame) -> pd.DataFrame:
    """Every category of the first dimension in every place, by size: what the map and the heat map draw."""
    pairs = table[(table["size"] == 2) & (table[list(seen.dims[:2])] != ALL).all(axis=1)]
    if pairs.empty:
        return pd.DataFrame(columns=[*seen.dims[:2], *FOUND, "hot"])
    order = pairs.groupby(seen.dims[0])["n"].transform("sum")
    pairs = pairs.assign(order=-order).sort_values(
        ["order", *seen.dims[:2]], kind="stable", ignore_index=True
    )
    return pairs[[*seen.dims[:2], *FOUND, "hot"]]


def place_table(seen: Seen, table: pd.DataFrame) -> pd.DataFrame | None:
    """Every place against what its exposure (and its products) lead one to expect; None without a denominator."""
    if seen.exposure is None:
        return None
    places = table[table["size"] == 1].sort_values(["n", seen.place], ascending=[False, True], kind="stable")
    places = _with_rate(seen, places.reset_index(drop=True))
    return places[[seen.place, "exposure", "rate", *FOUND, "hot"]]


def fact_table(seen: Seen, table: pd.DataFrame) -> pd.DataFrame:
    """What the analysis rests on, in one row."""
    broken = [b.at for d in seen.dims for b in seen.book.breaks_in(d, [seen.period])]
    used = int(seen.now.sum())
    facts = {
        "n": seen.n,
        "n_classified": used,
        "n_blank": seen.n - used,
        "share_blank": (seen.n - used) / max(seen.n, 1),
        "spots_tested": int(table["q"].notna().sum()),
        "spots_hot": int(table["hot"].sum()),
        "dispersion": table["dispersion"].iloc[0] if len(table) else 1.0,
        "periods_then": len(seen.past),
        "measure": seen.measure or np.nan,
        "broken_on": max(broken) if broken else pd.NaT,
    }
    return pd.DataFrame([facts])


def _with_rate(seen: Seen, rows: pd.DataFrame) -> pd.DataFrame:
    """Complaints per 1,000 of the measure, where the spot's own denominator is known."""
    if seen.exposure is None:
        return rows
    per = []
    for row in rows[list(seen.dims[1:])].itertuples(index=False):
        at = tuple(
            slice(None) if code == ALL else known.index(code)
            for code, known in zip(row, seen.names[1:], strict=True)
        )
        per.append(float(seen.exposure[at].sum()))
    per = pd.Series(per, rows.index, dtype=float)
    return rows.assign(exposure=per.round().astype("int64"), rate=1000 * rows["n"] / per.where(per > 0))
