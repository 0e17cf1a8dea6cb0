"""What `warning` watches: the counts per period of the total, of every category and of every pair with enough cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import whole_history
from ..period import Period
from ..schema import BLANK
from ..stats.season import expected, spring_festival

ALONE = ("reason", "product", "channel", "region", "company", "department")
PAIRS = (("reason", "region"), ("reason", "product"), ("reason", "channel"))
WITH_EXPOSURE = ("product", "channel", "region")
PAST = {
    "day": 120,
    "week": 261,
    "month": 60,
    "quarter": 24,
    "half": 12,
    "year": 8,
}  # periods, the one judged included
RECENT = 13  # periods that tell whether there are enough cases
STRAY = 0.1
FEW_ALONE, FEW_PAIR = 5, 13  # fewer cases than this in them: not watched


@dataclass(frozen=True)
class Watched:
    """`what`: one row a series, a column a dimension; missing where the series is not restricted to a category of it.

    `counts` and `exposure` are periods x series; a count is missing where it cannot be compared (before a taxonomy
    change). `exposure` is orders where they are known, days elsewhere, times the season of the total.
    """

    book: Book
    period: Period
    history: list[Period]
    stops: pd.Timestamp | None
    dimensions: tuple[str, ...]
    what: pd.DataFrame
    counts: np.ndarray
    exposure: np.ndarray

    @property
    def judged(self) -> bool:
        return not self.period.is_partial and self.stops is None

    @property
    def single(self) -> np.ndarray:
        """Which series are one category of one dimension."""
        return self.what.notna().sum(axis=1).to_numpy() == 1

    def only(self, picked: np.ndarray) -> "Watched":
        """Some of the series."""
        what = self.what.iloc[picked].reset_index(drop=True)
        return replace(self, what=what, counts=self.counts[:, picked], exposure=self.exposure[:, picked])


def watched(book: Book, period: Period, measure: str) -> Watched:
    """All series of the book, as it stood at the period's `as_of`."""
    book = book.at(period.as_of)
    history, stops = whole_history(book, period, PAST[period.kind])
    history = _established(book, history)
    alone = tuple(d for d in ALONE if book.has("complaints", d))
    base = _Base(book, history, measure)
    total = book.series("complaints", [], history)["n"].to_numpy(float)[:, None]
    parts = [(pd.DataFrame(index=[0]), total, base.per([], pd.DataFrame(index=[0])))]
    enough, rare = {}, set()
    for dimension in alone:
        what, n = _counts(book, history, [dimension], {})
        recent = n[-RECENT:].sum(axis=0)
        if (recent >= FEW_ALONE).sum() < 2:  # the only one is the total
            continue
        enough[dimension] = list(what.loc[recent >= FEW_PAIR, dimension])
        rare |= {dimension} if len(enough[dimension]) < len(what) else set()
        parts.append(_watched(base, what, n, recent >= FEW_ALONE))
    for pair in PAIRS:
        if all(enough.get(dimension) for dimension in pair):
            what, n = _counts(book, history, list(pair), {d: enough[d] for d in pair if d in rare})
            parts.append(_watched(base, what, n, n[-RECENT:].sum(axis=0) >= FEW_PAIR))
    counts = [_since_break(book, history, what.columns, n) for what, n, _ in parts]
    exposure = (
        np.hstack([per for *_, per in parts]) * _season(history, total[:, 0], parts[0][2][:, 0])[:, None]
    )
    what = pd.concat([what for what, *_ in parts], ignore_index=True).reindex(columns=list(alone))
    return Watched(book, period, history, stops, alone, what.astype(object), np.hstack(counts), exposure)


def _established(book: Book, history: list[Period]) -> list[Period]:
    """Without the leading periods of stray cases, before the data set in: under a tenth of the recent ones' middle."""
    total = book.series("complaints", [], history)["n"].to_numpy(float)
    there = total > STRAY * np.median(total[-RECENT // 2 :])
    return history[int(np.argmax(there)) :] if there[:-1].any() else history


def _counts(
    book: Book, history: Sequence[Period], by: list[str], where: dict
) -> tuple[pd.DataFrame, np.ndarray]:
    """The categories (or cells), and their counts by period."""
    found = book.series("complaints", by, history, where=where)
    found = found[(found[by] != BLANK).all(axis=1)]
    keys = found[by].drop_duplicates(ignore_index=True)  # in every period in the same order
    n = found["n"].to_numpy(float).reshape(len(history), -1) if len(keys) else np.zeros((len(history), 0))
    order = {p.text: i for i, p in enumerate(history)}
    return keys, n[np.argsort([order[text] for text in found["period"].unique()])] if len(keys) else n


def _watched(base: "_Base", what: pd.DataFrame, n: np.ndarray, enough: np.ndarray) -> tuple:
    """The series with enough cases: what they are, their counts and their denominators by period."""
    what = what[enough].reset_index(drop=True)
    return what, n[:, enough], base.per(list(what.columns), what)


def _since_break(book: Book, history: Sequence[Period], by: Sequence[str], n: np.ndarray) -> np.ndarray:
    """Counts with those before the last change of a dimension's categories missing: nothing is compared across it."""
    breaks = [found.at for dimension in by for found in book.breaks_in(dimension, history)]
    before = np.array([bool(breaks) and p.start < max(breaks) for p in history])
    return np.where(before[:, None] & (np.arange(len(history)) < len(history) - 1)[:, None], np.nan, n)


def _season(history: Sequence[Period], total: np.ndarray, per: np.ndarray) -> np.ndarray:
    """How busy each period is by season and calendar, from the total of the periods before the last; 1 on average."""
    found = expected(total, history, exposure=per, regressors=spring_festival(history), judged=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = total / (per / np.nanmean(per)) / found["adjusted"].to_numpy()
    return np.where(np.isfinite(factor) & (factor > 0), factor, 1.0)


class _Base:
    """The denominators: orders (or another measure), of a product, channel or region its own; else days."""

    def __init__(self, book: Book, history: Sequence[Period], measure: str):
        self.book, self.history, self.measure = book, history, measure
        found = self._of([])
        days = np.array([p.days for p in history], float)
        self.whole = days if found is None else found["value"].to_numpy(float)
        held = [d for d in WITH_EXPOSURE if found is not None and book.has("exposure", d)]
        self.own = {d: self._own(d) for d in held}

    def _of(self, by: Sequence[str]) -> pd.DataFrame | None:
        try:
            found = self.book.exposure(self.measure, self.history, by)
        except NotMeasured:
            return None
        last = found["value"].tail(1)
        return None if not by and (last.empty or last.isna().all()) else found

    def _own(self, dimension: str) -> pd.DataFrame:
        wide = self._of([dimension]).pivot(index="period", columns=dimension, values="value")
        return wide.reindex([p.text for p in self.history])

    def per(self, by: Sequence[str], what: pd.DataFrame) -> np.ndarray:
        out = np.repeat(self.whole[:, None], len(what), axis=1)
        for dimension in [d for d in by if d in self.own][:1]:
            for column, code in enumerate(what[dimension]):
                own = self.own[dimension].get(code)
                if own is not None and own.iloc[-1] > 0:
                    out[:, column] = own
        return out
