"""The numbers on a cause diagram: complaints of each entry, of each bone (any of its entries) and of none, all counted from
one question to the book, beside what was to be expected of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..causes import Cause, Diagram, bones
from ..filters import Filter, parts, read_filter
from ..indicators import measures_by, whole_history
from ..period import Period
from ..rules import load_rules
from ..schema import BLANK
from ..stats.intervals import proportion
from ..stats.multiple import benjamini_hochberg
from ..stats.season import expected, spring_festival
from ..words import Trouble

ALL, REST = "(all)", "(unexplained)"
LEAST = 5  # cases, come or expected, below which nothing is judged
HISTORY = 60  # periods that expectations rest on, as many as on the page of trends
PLACES = ("channel", "product", "region")  # of which a volume may be known apart


@dataclass(frozen=True)
class Asked:
    """A diagram with its filters in the codes of the book; `troubles` has those that cannot be read there, by entry (by
    the diagram's own id for its own filter, which then takes no complaint)."""

    book: Book
    period: Period
    top: Diagram
    causes: tuple[Cause, ...]
    own: Filter | None
    filters: dict[str, Filter]
    troubles: dict[str, Trouble]

    @property
    def fields(self) -> list[str]:
        """The columns that entries name."""
        return sorted({field for one in self.filters.values() for field in one})

    def held(self, cells: pd.DataFrame, entry: str) -> np.ndarray:
        """Which rows of a frame with the columns `fields` an entry's filter takes."""
        found = np.ones(len(cells), dtype=bool)
        for field, values in self.filters[entry].items():
            found &= cells[field].isin(values).to_numpy()
        return found

    def explained(self, cells: pd.DataFrame) -> np.ndarray:
        """Which rows any of the entries takes."""
        return np.any([np.zeros(len(cells), bool), *(self.held(cells, e) for e in self.filters)], axis=0)


def ask(book: Book, period: Period, top: Diagram, causes: Sequence[Cause]) -> Asked:
    """The diagram as the book can answer it. Raises NotMeasured where the book lacks a column of the diagram's own filter."""
    for field in parts(top.evidence):
        if book.has("complaints", "received_at") and not book.has("complaints", field):
            raise NotMeasured(f"complaints.{field}")
    found, troubles = {}, {}
    for name, text in ((top.id, top.evidence), *((c.id, c.evidence) for c in causes if c.evidence)):
        try:
            found[name] = read_filter(text, book)
        except Trouble as trouble:
            troubles[name] = trouble
    own = found.pop(top.id, None)
    return Asked(book, period, top, tuple(causes), own, found, troubles)


@dataclass(frozen=True)
class Judged:
    """Whether numbers are held against an expectation. `why_not`: ok, partial (not over, or the data stop short of its end, at
    `stops`), break (categories changed, on `broken_on`, too short ago) or none (too little history)."""

    why_not: str
    history: tuple[Period, ...]
    broken_on: pd.Timestamp | None = None
    stops: pd.Timestamp | None = None


def counted(asked: Asked) -> tuple[pd.DataFrame, Judged]:
    """One row for the diagram, each bone, each entry with a filter and what no entry takes, in this order.

    `drawn_as` (problem, bone, entry, rest), `entry`, `family`, `n`, its share of the diagram's complaints with Wilson's
    interval, `n_then` (the period before), `expected` with its prediction range (`stats.season`: level, trend, season, Spring
    Festival, volume), p, q over all rows (Benjamini & Hochberg 1995) and `against_expected`: up or down where range and q both say so.
    """
    history, stops = whole_history(asked.book, asked.period, HISTORY)
    cells, counts = _cells(asked, history)
    rows, masks = _rows(asked, cells)
    n = masks @ counts  # by row and period
    out, statistics = rows.assign(n=n[:, -1].astype("int64")), load_rules().statistics
    share = proportion(n[:, -1], np.full(len(n), n[0, -1]), statistics.confidence)
    out[["share_of_diagram", "share_of_diagram_low", "share_of_diagram_high"]] = share.to_numpy()
    out["n_then"] = n[:, -2] if len(history) > 1 else np.nan
    breaks = _breaks(asked, history)
    judged = asked.own is not None and not asked.period.is_partial and stops is None
    names = {"expected": "expected", "low": "n_low", "high": "n_high", "p": "p"}
    found = _expected(asked, n, history, breaks) if judged else pd.DataFrame(np.nan, out.index, list(names))
    out[list(names.values())] = found[list(names)].to_numpy()
    out["p"] = out["p"].where(out[["n", "expected"]].max(axis=1) >= LEAST)
    out["q"] = benjamini_hochberg(out["p"])
    sure = out["q"] <= statistics.fdr
    up, down = sure & (out["n"] > out["n_high"]), sure & (out["n"] < out["n_low"])
    out["against_expected"] = np.select([out["q"].isna(), up, down], ["few", "up", "down"], "same")
    why_not = "ok" if out["expected"].notna().any() else "break" if breaks else "none"
    if asked.period.is_partial or stops is not None:
        why_not = "partial"
    if why_not != "ok":
        out["against_expected"] = why_not
    return out, Judged(why_not, tuple(history), max(breaks, default=None), stops)


def _breaks(asked: Asked, history: Sequence[Period]) -> list[pd.Timestamp]:
    used = sorted({*asked.fields, *(asked.own or {})})
    return [found.at for field in used for found in asked.book.breaks_in(field, history)]


def _cells(asked: Asked, history: Sequence[Period]) -> tuple[pd.DataFrame, np.ndarray]:
    """The cells of the columns that entries name, and their complaints in each period (columns)."""
    fields = asked.fields
    if asked.own is None:
        return pd.DataFrame(columns=fields), np.zeros((0, len(history)))
    named = [*asked.filters.values(), asked.own]
    kept = {field: {value for one in named for value in one.get(field, ())} for field in fields}
    found = asked.book.lumped(kept).series("complaints", fields, history, where=asked.own)
    wide = found.assign(one="").pivot(index=["one", *fields], columns="period", values="n")
    return wide.index.to_frame(index=False), wide[[p.text for p in history]].to_numpy(float)


def _expected(
    asked: Asked, n: np.ndarray, history: Sequence[Period], breaks: Sequence[pd.Timestamp]
) -> pd.DataFrame:
    """What was to be expected of each row this period, from the periods before."""
    per, festivals = _volume(asked, history), spring_festival(history)
    level = load_rules().statistics.confidence
    found = [
        expected(row, history, exposure=per, regressors=festivals, breaks=breaks, judged=1, level=level)
        for row in n
    ]
    return pd.DataFrame([frame.iloc[-1] for frame in found])


def _volume(asked: Asked, history: Sequence[Period]) -> np.ndarray | None:
    """The first measure known for the period (orders, customers, contacts), of the diagram's own region, product or channel
    where it has one; None where there is none: then numbers are held against days."""
    own = {field: values for field, values in (asked.own or {}).items() if field in PLACES}
    own = own if asked.book.has("exposure", *own) else {}
    for measure in measures_by(asked.book, "measure"):
        found = asked.book.exposure(measure, history, sorted(own))
        for field, values in own.items():
            found = found[found[field].isin(values)]
        per = found.groupby("period")["value"].sum(min_count=1).reindex([p.text for p in history])
        if per.iloc[-1] > 0:
            return per.to_numpy(float)
    return None


def _rows(asked: Asked, cells: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """What is counted, a row each, and which cells (columns) belong to it."""
    every, nothing = np.ones(len(cells), bool), np.zeros(len(cells), bool)
    held = {name: asked.held(cells, name) for name in asked.filters}
    rows = [("problem", "", ALL, every)]
    for bone in bones(asked.top, asked.causes) if asked.top.kind != "five_why" else ():
        own = [held[c.id] for c in asked.causes if c.family == bone and c.id in held]
        if own:
            rows.append(("bone", "", bone, np.any([nothing, *own], axis=0)))
    rows += [("entry", c.id, c.family, held[c.id]) for c in asked.causes if c.id in held]
    rows.append(("rest", "", REST, ~asked.explained(cells)))
    return pd.DataFrame([row[:3] for row in rows], columns=["drawn_as", "entry", "family"]), np.array(
        [row[3] for row in rows], dtype=float
    )


def fitting_none(asked: Asked, few: int = 5, look_at: int = 500) -> pd.DataFrame:
    """The newest cases of the period that no entry takes, of the last `look_at` of the diagram."""
    fields, cases = asked.fields, ["complaint_id", "received_at"]
    known = asked.book.rows("complaints", [*cases, *fields], asked.period, look_at, asked.own, latest=True)
    filled = known[fields].replace("", BLANK).fillna(BLANK)
    chosen = known.loc[~asked.explained(filled), "complaint_id"].head(few).tolist()
    where = {**(asked.own or {}), "complaint_id": chosen}
    return asked.book.rows("complaints", [*cases, *fields, "text"], asked.period, few, where, latest=True)
