"""Hotspots (热点): where are there more complaints of a kind than place, product and reason alone would explain?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..schema import OTHER
from ..words import Words, label, show
from . import _hotspots_cells as cells
from ._hotspots_map import grid_of
from ._hotspots_said import said
from ._shares import ALL

MAPS, ROWS, COLUMNS = 3, 12, 8  # maps side by side; rows and columns of the heat map
BARS = 12


@dataclass(frozen=True)
class Hotspots(Result):
    """Tables: `spots` (the hot ones), `cells` (what x where, all of them), `places` (each as a whole, where its volume is
    known), `facts` (what it rests on), `examples`."""

    dims: tuple[str, ...]

    method: ClassVar = "hotspots"
    title: ClassVar = Words("热点分析", "Hotspots")
    reading: ClassVar = Words(
        "每一格的“预期”由其余各格推出：某地的某类投诉，按该地、该类各自的多少（并顾及产品构成）应有几件；三者的组合，按两两之间的关系应有"
        "几件；地区总体，按其业务量应有几件。突出的格不参与推算，以免它抬高自己的预期、压低邻格。\n"
        "颜色和“倍数”是审慎估计：件数少的格向一般水平收缩（伽马-泊松法，DuMouchel 1999），3 件对 1 件不会显得像 300 件对 100 件。粗框为"
        "热点：按全部检验过的格校正后 q 不超过规定的误报比例，多出件数的 95% 区间不含 0，至少 5 件且不低于预期的 1.2 倍。\n"
        "“此前”是同一格在此前至多 12 期的情形，用同样的算法：新出现、加重、一向如此、有所缓解。产品与原因的搭配（如生鲜与变质）本就不同，"
        "只在新出现或加重时才算热点。一处热点若主要是其中更小一处造成的，只讲后者。\n"
        "不能说明的：原因；同一事件引发的许多投诉并非各自独立；处处同时上升不会显出热点，请看趋势分析。",
        "What is expected of a cell is told by the others: how many complaints of a kind a place should have by how many it has "
        "and how many of the kind there are (given its products); a combination of all three by what each two have with each "
        "other; a place as a whole by its volume. Cells that stand out are left out of this, or they would raise their own "
        "expectation and lower that of their neighbours.\n"
        "Colours and “times expected” are cautious: small numbers are drawn towards what is usual (gamma-Poisson, DuMouchel "
        "1999), so that 3 against 1 does not look like 300 against 100. A thick frame is a hotspot: a q-value, corrected for all "
        "cells looked at, within the allowed share of false alarms, a 95% interval of the excess without 0, at least 5 cases and "
        "1.2 times the expectation.\n"
        "“Before” is the same cell over up to 12 earlier periods, reckoned in the same way: new, grown, always so, easing. "
        "Products differ in their reasons by nature (fresh food spoils), so these pairs count only when new or grown. Where a "
        "hotspot is mostly that of a narrower one within it, only the narrower one is told.\n"
        "It cannot say: why. Many complaints about one event are not independent. What rises everywhere at once is no hotspot: "
        "see the trend.",
    )

    def height(self) -> float:
        rows, columns, maps = self._shape()
        return 1.1 + (rows * min(7.2 / (columns * maps), 0.9) if columns else 0.36 * max(rows, 2) + 0.5)

    def height_spots(self) -> float:
        return 1.6 + 0.36 * max(min(len(self._bars()), BARS), 2)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        """A map of tiles for each of the kinds with a hotspot, where the places are known; else a heat map."""
        look.headline(figure, self._message().parts(lang)[0])
        if self.tables["cells"].empty:
            return figure.subplots().set_axis_off()
        grid = grid_of(self._places())
        if not grid:
            return self._heat(figure.subplots(), lang)
        kinds = self._kinds()
        axes = figure.subplots(1, len(kinds), squeeze=False).ravel()
        for ax, kind in zip(axes, kinds, strict=True):
            self._map(ax, kind, grid, lang)
        foot = Words(
            "件数；× 为预期的倍数（审慎估计）；粗框为热点",
            "cases; ×: times expected (cautious); thick frame: a hotspot",
        )
        axes[0].text(0, -0.02, foot[lang], transform=axes[0].transAxes, va="top", fontsize=9, color=look.SOFT)

    def draw_spots(self, figure, lang: str) -> None:
        """The hotspots by the complaints they have too many."""
        rows, ax = self._bars().head(BARS), figure.subplots()
        head = Words("多出的件数：本期 − 预期", "How many too many: cases − expected")[lang]
        look.headline(figure, head if len(rows) else self._message().parts(lang)[0])
        if rows.empty:
            return ax.set_axis_off()
        note = Words(
            "{n:int}（预期 {expected:num1}）{standing:standing}",
            "{n:int} (expected {expected:num1}) {standing:standing}",
        )
        notes = [note.fill(lang, **row) for row in rows.to_dict("records")]
        fresh = rows["standing"].isin(["new", "more"])
        colours = [look.ORANGE if new else look.PALE for new in fresh]
        names = [self._name(row, lang) for row in rows.to_dict("records")]
        look.bars(
            ax, names, rows["excess"], rows["excess_low"], rows["excess_high"], colours, notes, "int", lang
        )
        ax.set_xlabel(
            Words("多出件数（橙色：新出现或加重）", "complaints too many (orange: new or grown)")[lang]
        )

    def _map(self, ax, kind: str, grid: Mapping[str, tuple[int, int]], lang: str) -> None:
        what, where = self.dims[:2]
        rows = self.tables["cells"]
        rows = rows[(rows[what] == kind) & rows[where].isin(list(grid))].set_index(where)
        places = [place for place in grid if place in rows.index or len(grid) < 12]
        known = rows.reindex(places)
        small = max(column for _, column in grid.values()) > 4
        texts = [
            self._tile(place, row, small, lang)
            for place, row in zip(places, known.to_dict("records"), strict=True)
        ]
        hot = [value is True for value in known["hot"]]
        look.tiles(ax, [grid[place] for place in places], texts, [look.warmth(x) for x in known["lift"]], hot)
        total = self.tables["cells"].loc[self.tables["cells"][what] == kind, "n"].sum()
        ax.set_title(f"{look.name(label(what, kind, lang))} {show(total, 'int', lang)}", fontsize=10.5, pad=4)

    def _tile(self, place: str, row: Mapping[str, Any], small: bool, lang: str) -> str:
        """A tile's name, its cases, and how many times the expectation these are."""
        name = place.rpartition("-")[2] if small else label(self.dims[1], place, lang)
        n = "" if pd.isna(row["n"]) else show(row["n"], "int", lang)
        form = "num1" if row["lift"] < 10 else "int"
        times = "" if pd.isna(row["lift"]) or small else f"\n{show(row['lift'], form, lang)}×"
        return f"{name}\n{n}{times}"

    def _heat(self, ax, lang: str) -> None:
        what, where = self.dims[:2]
        rows = self.tables["cells"]
        kinds = [kind for kind in dict.fromkeys([*self._kinds(), *rows[what]]) if kind != OTHER][:ROWS]
        hot = rows[rows["hot"].eq(True) & rows[what].isin(kinds)]
        sizes = rows.groupby(where)["n"].sum().sort_index().sort_values(ascending=False, kind="stable")
        places = [place for place in dict.fromkeys([*hot[where], *sizes.index]) if place != OTHER][:COLUMNS]
        at = rows.set_index([what, where])[["n", "lift"]].to_dict("index")
        nothing = {"n": float("nan"), "lift": float("nan")}
        found = [[at.get((kind, place), nothing) for place in places] for kind in kinds]
        texts = [["" if pd.isna(x["n"]) else show(x["n"], "int", lang) for x in line] for line in found]
        colours = [[look.warmth(x["lift"]) for x in line] for line in found]
        heads = [look.wrapped(look.cut(label(where, place, lang), 22), 11) for place in places]
        names = [look.name(label(what, kind, lang)) for kind in kinds]
        look.cells(ax, texts, colours, names, heads)
        ax.set_xlabel(
            Words("颜色：为预期的几倍（审慎估计）", "colour: times what is expected (cautious)")[lang]
        )

    # ------------------------------------------------------------------------------------ what is drawn

    def _shape(self) -> tuple[int, int, int]:
        """Rows, columns and number of maps; 0 columns for a heat map of so many rows."""
        grid = grid_of(self._places())
        if not grid:
            kinds = self.tables["cells"][self.dims[0]].nunique() if len(self.tables["cells"]) else 0
            return min(kinds, ROWS), 0, 1
        rows, columns = (1 + max(at[i] for at in grid.values()) for i in (0, 1))
        return rows, columns, len(self._kinds())

    def _places(self) -> list[str]:
        return [place for place in self.tables["cells"].get(self.dims[1], ()) if place != OTHER]

    def _kinds(self) -> list[str]:
        """The kinds drawn as maps: those with a hotspot in a place, the clearest first; the largest where there is none. One map, where
        the grid is a wide one."""
        what, where = self.dims[:2]
        hot = self.table[self.table[what] != ALL]
        kinds = list(dict.fromkeys(hot.loc[hot[where] != ALL, what])) or list(dict.fromkeys(hot[what]))
        kinds = kinds or [kind for kind in dict.fromkeys(self.tables["cells"][what]) if kind != OTHER]
        wide = max((column for _, column in grid_of(self._places()).values()), default=0) > 4
        return kinds[: 1 if wide else MAPS]

    def _bars(self) -> pd.DataFrame:
        return self.table[self.table["nested"].eq(False)]

    def _name(self, row: Mapping[str, Any], lang: str) -> str:
        first, *rest = self.dims
        return " · ".join(label(d, row[d], lang) for d in (*rest, first) if row[d] != ALL)

    def _message(self) -> Finding:
        return self.findings[0]


def hotspots(
    book: Book, period: Period, *, by: str = "reason", place: str = "region", within: str = "product"
) -> Hotspots:
    """Where are there more complaints of a kind than its margins predict, since when, and how sure is that?

    `by`, `place`, `within`: category columns of complaints: what, where, and for what (which may be ""). Judged are: each
    place as a whole against its volume (where exposure has the place: rates of the products times its own volume); each pair
    given the third dimension; each combination of all three given all pairs. Expectations: log-linear models fitted by
    iterative proportional fitting, cells that stand out left out (`stats.excess.excess`); limits and shrinkage
    (DuMouchel 1999) in `stats.excess.surplus`. q-values by Benjamini & Hochberg (1995) over everything judged. `dispersion`:
    how much shares of what x where wobble from period to period, times chance (Laney 2002).

    A hot spot is compared with the same cell over up to 12 earlier periods on the same taxonomy (exact ratio of two rates,
    q over the hot spots): new, more, same, less, unsure, or none (no history). Complaints that lack one of the categories
    are not counted; `facts` says how many. Raises NotMeasured where fewer than two of the columns are there. It says
    nothing of causes, and a rise everywhere at once is no hotspot.
    """
    seen = cells.ask(book.at(period.as_of), period, (by, place, within))
    found = cells.spots(seen)
    tables = {"spots": cells.hot_table(seen, found), "cells": cells.cell_table(seen, found)}
    places = cells.place_table(seen, found)
    if places is not None:
        tables["places"] = places
    tables["facts"] = cells.fact_table(seen, found)
    if seen.n and seen.book.has("complaints", "text"):
        tables["examples"] = _examples(seen, tables["spots"])
    told = sorted(said(seen.dims, period, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Hotspots(period, tables, tuple(told), seen.dims)


def _examples(seen: cells.Seen, spots: pd.DataFrame) -> pd.DataFrame:
    """The newest cases of the first hot spot."""
    first = spots.iloc[0] if len(spots) else {}
    where = {d: first[d] for d in seen.dims if len(spots) and first[d] != ALL}
    names = ["complaint_id", "received_at", *seen.dims, "text"]
    return seen.book.rows("complaints", names, seen.period, 5, where, latest=True)
