"""What may be shown of a single table under a privacy profile: cells protected by the rules of `data/privacy.csv`, rows in
an order that tells nothing. The rules and what they promise are explained in `privacy`."""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from .home import DATA
from .result import NUMBER_FORMS, STAR, stars
from .schema import CODE, TABLES
from .words import Words, columns

DIMENSIONS = {name for table in TABLES.values() for name, kind in table.columns.items() if kind == CODE}
TIMES = ("period", "day")
_FRAMES = ("compared", "measure", "step", "weight")  # what sets parts of a table apart
_CLOSED = NUMBER_FORMS | {"text", "moment", "by_form", "+by_form"}  # not shown unless named in the rules


@dataclass(frozen=True)
class Profile:
    """Counts from `first` up to `least` - 1 are starred, the others rounded to `step`; `words` say so to the reader."""

    name: str
    first: int
    least: int
    step: int
    title: Words
    words: Words

    def rounded(self, count: np.ndarray) -> np.ndarray:
        """Counts to the nearest step, halves up; the starred ones are NaN."""
        return np.where(self.small(count), np.nan, np.floor(count / self.step + 0.5) * self.step)

    def small(self, count: np.ndarray) -> np.ndarray:
        return (count >= self.first) & (count < self.least)

    def shows(self, count: float | str) -> bool:
        """Whether a count may be shown as it is."""
        return count == STAR or (not self.small(count) and count % self.step == 0)

    def __call__(self, count: int) -> int | str:
        """One count as it may be shown."""
        return STAR if self.small(count) else int(self.rounded(count))


@cache
def treatments() -> dict[str, str]:
    """What becomes of a column: `data/privacy.csv`."""
    with open(DATA / "privacy.csv", encoding="utf-8", newline="") as file:
        return {row["column"]: row["shown"] for row in csv.DictReader(file)}


def protected(frame: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The frame cell by cell: what may not be shown is missing, a small count is `*`."""
    cells = _Cells(frame, profile)
    return pd.DataFrame({name: cells.shown(name) for name in frame.columns}, index=frame.index)


class _Cells:
    """The cells of one table. Each rule of `data/privacy.csv` is a method of its name: it gives a column's protected
    numbers and where they are starred."""

    def __init__(self, frame: pd.DataFrame, profile: Profile):
        self.frame, self.profile = frame, profile

    def shown(self, name: str) -> pd.Series:
        values = self.frame[name]
        if not is_number(values):
            known = name in columns() and columns()[name].form not in _CLOSED
            open_ = known or treatments().get(name) == "kept"
            return values if open_ else values.map(lambda _: None).astype(object)
        hidden, starred = self.hidden(name)
        whole = pd.api.types.is_integer_dtype(values) and (hidden % 1 == 0)[~starred].all()
        if whole and not starred.any():
            return pd.Series(hidden.astype("int64"), values.index)
        if not starred.any():
            return pd.Series(hidden, values.index)
        numbers = [int(v) if whole and not star else v for v, star in zip(hidden, starred, strict=True)]
        cells = [STAR if star else v for v, star in zip(numbers, starred, strict=True)]
        return pd.Series(cells, values.index, dtype=object)

    def hidden(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A column's protected numbers, NaN where starred or left out, and where they are starred."""
        for rule in treatments().get(name, "same").split(" | "):
            how, *others = rule.split()
            if how != "same" and set(others) <= set(self.frame):
                with np.errstate(divide="ignore", invalid="ignore"):
                    found, stars = getattr(self, f"_{how}")(name, *others)
                return np.where(stars | ~np.isfinite(found), np.nan, found), stars
        return np.full(len(self.frame), np.nan), np.zeros(len(self.frame), dtype=bool)

    def exact(self, name: str) -> np.ndarray:
        if name not in self.frame:
            return np.full(len(self.frame), np.nan)
        return pd.to_numeric(self.frame[name], errors="coerce").to_numpy(float, na_value=np.nan)

    def _kept(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        return self.exact(name), np.zeros(len(self.frame), dtype=bool)

    def _order(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        counts = [other for other in self.frame if treatments().get(other) == "count"]
        return self.exact(name), np.any([self._count(other)[1] for other in counts], axis=0)

    def _count(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        exact = self.exact(name)
        return self.profile.rounded(exact), self.profile.small(exact)

    def _share(self, name: str, part: str) -> tuple[np.ndarray, np.ndarray]:
        """The base is what the exact share says it is."""
        share, exact = self.exact(name), self.exact(part)
        found, stars = self._part(exact, np.where(share > 0, np.round(exact / share), np.inf))
        return np.where(np.isnan(share), np.nan, found), stars & ~np.isnan(share)

    def _part(self, exact: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        share = self.profile.rounded(exact) / self.profile.rounded(base)
        stars = self.profile.small(exact) | (self.profile.small(base) & (exact > 0))
        return np.where(exact == 0, 0.0, np.round(share.clip(max=1), 2)), stars

    def _rate(self, name: str, count: str) -> tuple[np.ndarray, np.ndarray]:
        exact = self.exact(count)
        scale = np.where(exact == 0, 1.0, self.profile.rounded(exact) / exact)
        return self.exact(name) * scale, self.profile.small(exact)

    def _amount(self, name: str, count: str) -> tuple[np.ndarray, np.ndarray]:
        """A sum over cases to two figures; where every case counts as one (or as a half), as the count goes."""
        amount, exact = self.exact(name), self.exact(count)
        scaled, stars = self._rate(name, count)
        return np.where(np.isin(amount / exact, [0.5, 1.0]), scaled, _two_figures(scaled)), stars

    def _sum(self, name: str, part: str) -> tuple[np.ndarray, np.ndarray]:
        found, stars = self.hidden(part)
        return np.nancumsum(found).clip(max=1), stars

    def _less(self, name: str, whole: str, part: str) -> tuple[np.ndarray, np.ndarray]:
        (one, hidden_one), (two, hidden_two) = self.hidden(whole), self.hidden(part)
        return one - two, (hidden_one | hidden_two) & ~np.isnan(self.exact(name))

    def _number(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        found, stars = self._count(name)
        counts = self._forms("int")
        return np.where(counts, found, np.nan), stars & counts

    def _value(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A count, a share of n, a rate of n on a volume, or a measure (a median, a mean) of n cases, as the form says."""
        value, n = self.exact(name), self.exact("n")
        ways = (
            (self._forms("int"), self._count(name)),
            (self._forms("pct", "pct1"), self._part(np.round(value * n), n)),
            (self._forms("num2"), self._rate(name, "n") if "n" in self.frame else (np.nan * n, n < 0)),
            (
                self._forms("min", "work", "num1"),
                (np.where(n > 0, _two_figures(value), np.nan), self.profile.small(n)),
            ),
        )
        found, stars = np.full(len(n), np.nan), np.zeros(len(n), dtype=bool)
        for chosen, (numbers, small) in ways:
            found, stars = np.where(chosen, numbers, found), np.where(chosen, small, stars)
        return found, stars & ~np.isnan(value)

    def _forms(self, *forms: str) -> np.ndarray:
        own = self.frame["form"] if "form" in self.frame else pd.Series("", self.frame.index)
        return own.isin(forms).to_numpy()


def _two_figures(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.2g}") for value in values])


def is_number(values: pd.Series) -> bool:
    if pd.api.types.is_object_dtype(values.dtype):
        return any(one_number(value) for value in values)
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def one_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and pd.notna(value)


def arranged(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order that says nothing of the starred ones: among themselves they stand by name; series over time
    stand by name altogether, and those that are starred throughout are left out."""
    names = [name for name in frame if name in DIMENSIONS]
    starred = stars(frame).any(axis=1).to_numpy()
    if not names or not starred.any():
        return frame
    if any(time in frame for time in TIMES):
        frame = frame.sort_values(names, kind="stable")
        if "n" in frame:
            known = pd.to_numeric(frame["n"], errors="coerce").notna() | (frame["n"] != STAR)
            frame = frame[known.groupby([frame[name] for name in names], dropna=False).transform("any")]
        return frame.reset_index(drop=True)
    others = [name for name in frame if name in _FRAMES]
    order, place = np.arange(len(frame)), frame.reset_index(drop=True)
    groups = place.groupby(others, sort=False, dropna=False).indices.values() if others else [order]
    for rows in groups:
        rows = np.sort(rows)[starred[np.sort(rows)]]
        order[rows] = place.loc[rows, names].sort_values(names, kind="stable").index
    return place.take(order).reset_index(drop=True)
