"""Privacy profiles: what of a result may leave the house, and in which form.

A method knows nothing of them. `protect` takes its finished result and gives one of the same kind whose tables and
findings hold protected values only; picture, tables, sentences and hand-over are all drawn from that. Under `internal`
it is the result itself. Else, column by column as `data/privacy.csv` says (a column that is not named there and is
no category, period, day or flag does not leave at all: a new column is closed until someone opens it):

- a count (`count`): 0 stays 0, less than `least` becomes `*`, all others and every total are rounded to `step`;
- what follows from counts is computed anew from the protected ones: shares (`share n`: numerator and base both
  protected, whole percent), rates on a volume (`rate n`), running sums (`sum x`), differences (`less n expected`);
- medians, means and amounts (`value`, `amount n`): two figures, and only of at least `least` cases;
  `value` and `number` go by the form of the row, `number` showing counts only;
- `same` is a number that another table of the result gives too;
- places in an order (`order`) stand only where no count of the row is starred; rows with stars stand in the order of
  their names, since an order by size with ties by name would tell the sizes;
- intervals, p-values, dispersions, free texts, times of single cases, example cases and analysts' notes are left out;
- a sentence keeps its headline, and its rest, as far as every number in it has a protected value; else it is withheld,
  and how many were is said.

`shared` is the rule of the English hospital statistics (HES and ECDS, NHS Digital, September 2018): 1-7 starred, the rest
rounded to 5. `strict` hides less than 10 and rounds to 10. Rounding takes the place of complementary suppression (Hundepool
et al. 2012, Statistical Disclosure Control, ch. 5): a starred cell cannot be had by subtraction, since the total and the
other cells are known to within half a step only.

Promised: no count from 1 to `least` - 1 is shown, or is the value of anything that is shown; and, from a table with its
totals, linear programming does not bound a starred cell to one value (none of those tried in the tests). Not promised: that
no table ever gives a cell away (it takes every other cell and the total to lie at the far end of its rounding at once),
that someone who knows all other cases learns nothing, or anything about what a notebook shows by other ways than its
result. Verdicts, expectations and the choice of what is told come from the exact data.
"""

import csv
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from .home import DATA
from .result import NUMBER_FORMS, STAR, Finding, Result, stars
from .schema import CODE, TABLES
from .words import Trouble, Words, columns

TIMES = ["period", "day"]
_CLOSED = NUMBER_FORMS | {
    "text",
    "moment",
    "by_form",
    "+by_form",
}  # forms of what is not shown unless it is named
_FRAMES = ("compared", "measure", "step", "weight")  # what sets parts of a table apart
DIMENSIONS = {name for table in TABLES.values() for name, kind in table.columns.items() if kind == CODE}


@dataclass(frozen=True)
class Profile:
    """Counts from 1 to `least` - 1 are starred, the others rounded to `step`; `words` say so to the reader."""

    name: str
    least: int
    step: int
    title: Words
    words: Words

    def rounded(self, count: np.ndarray) -> np.ndarray:
        """Counts to the nearest step, halves up; the starred ones are NaN."""
        return np.where(self.small(count), np.nan, np.floor(count / self.step + 0.5) * self.step)

    def small(self, count: np.ndarray) -> np.ndarray:
        return (count > 0) & (count < self.least)

    def shows(self, count: float | str) -> bool:
        """Whether a count may be shown as it is."""
        return count == STAR or (not self.small(count) and count % self.step == 0)

    def __call__(self, count: int) -> int | str:
        """One count as it may be shown."""
        return STAR if self.small(count) else int(self.rounded(count))


def _profile(name: str, least: int, step: int, zh: str, en: str) -> Profile:
    words = Words(
        f"{zh}：1–{least - 1} 件记作 {STAR}，其余件数（含合计）取 {step} 的倍数，占比据此重算，取整到百分点；区间、p 值、个案与分析员注不列。",
        f"{en[0].upper()}{en[1:]}: counts of 1 to {least - 1} are shown as {STAR}, all others (totals too) rounded to "
        f"{step}; shares follow from these, in whole percent; intervals, p-values, cases and analysts' notes are left out.",
    )
    return Profile(name, least, step, Words(zh, en), words)


PROFILES: Mapping[str, Profile | None] = {
    "internal": None,
    "shared": _profile("shared", 8, 5, "共享版", "shared edition"),
    "strict": _profile("strict", 10, 10, "严格保密版", "strict edition"),
}


def profile_of(privacy: str) -> Profile | None:
    """The profile of that name, None for `internal`; Trouble for a name that is none."""
    if privacy not in PROFILES:
        words = ("privacy 应为 {known} 之一，而不是 {x}", "privacy must be one of {known}, not {x}")
        raise Trouble(Words(*words), known=", ".join(PROFILES), x=privacy)
    return PROFILES[privacy]


def protect(shown: Any, privacy: str) -> Any:
    """A result, or a single table, as it may be shown under the profile `privacy`: see the module."""
    profile = profile_of(privacy)
    if profile is None:
        return shown
    if isinstance(shown, pd.DataFrame):
        return _protected(shown, profile).dropna(axis=1, how="all")
    if shown.privacy is not None:
        raise ValueError("a protected result is not protected again")
    exact = {name: frame for name, frame in shown.tables.items() if name != "examples"}
    tables = {name: _protected(frame, profile) for name, frame in exact.items()}
    numbers = _Numbers(exact, tables)
    findings = _findings(shown, numbers)
    for name, frame in tables.items():
        tables[name] = _arranged(numbers.found_in(frame, exact[name]))
    return replace(shown, tables=tables, findings=findings, privacy=profile)


@cache
def treatments() -> dict[str, str]:
    """What becomes of a column: `data/privacy.csv`."""
    with open(DATA / "privacy.csv", encoding="utf-8", newline="") as file:
        return {row["column"]: row["shown"] for row in csv.DictReader(file)}


# ---------------------------------------------------------------------------------------------------- tables


def _protected(frame: pd.DataFrame, profile: Profile) -> pd.DataFrame:
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
        if not _is_number(values):
            known = name in columns() and columns()[name].form not in _CLOSED
            return (
                values
                if known or treatments().get(name) == "kept"
                else values.map(lambda _: None).astype(object)
            )
        hidden, stars = self.hidden(name)
        whole = pd.api.types.is_integer_dtype(values) and (hidden % 1 == 0)[~stars].all()
        if whole and not stars.any():
            return pd.Series(hidden.astype("int64"), values.index)
        if not stars.any():
            return pd.Series(hidden, values.index)
        cells = [
            STAR if star else int(v) if whole else v for v, star in zip(hidden.tolist(), stars, strict=True)
        ]
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
        even = np.isin(amount / exact, [0.5, 1.0])
        return np.where(even, self._rate(name, count)[0], _two_figures(amount)), self.profile.small(exact)

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
                self._forms("min", "num1"),
                (np.where(n > 0, _two_figures(value), np.nan), self.profile.small(n)),
            ),
        )
        found, stars = np.full(len(n), np.nan), np.zeros(len(n), dtype=bool)
        for chosen, (numbers, small) in ways:
            found, stars = np.where(chosen, numbers, found), np.where(chosen, small, stars)
        return found, stars & ~np.isnan(value)

    def _forms(self, *forms: str) -> np.ndarray:
        return (
            self.frame["form"].isin(forms).to_numpy()
            if "form" in self.frame
            else np.zeros(len(self.frame), bool)
        )


def _two_figures(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.2g}") for value in values])


def _is_number(values: pd.Series) -> bool:
    if pd.api.types.is_object_dtype(values.dtype):
        return any(_number(value) for value in values)
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and pd.notna(value)


def _arranged(frame: pd.DataFrame) -> pd.DataFrame:
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


# -------------------------------------------------------------------------------------------------- findings

_ONE = Words(
    "有 1 条发现未列出|：其中的数字按本版的保密规则不能给出。",
    "One finding is not listed|: its numbers may not be given under the rules of this edition.",
)
_MORE = Words(
    "有 {n:text} 条发现未列出|：其中的数字按本版的保密规则不能给出。",
    "{n:text} findings are not listed|: their numbers may not be given under the rules of this edition.",
)
_CLAUSE = re.compile(r".+?(?:；|。|; |\. |$)", re.DOTALL)


def _findings(shown: Result, numbers: "_Numbers") -> tuple[Finding, ...]:
    """The findings with protected values; those that cannot be said without exact ones are counted."""
    told = [kept for finding in shown.findings if (kept := _told(finding, numbers))]
    withheld = len(shown.findings) - len(told)
    if withheld:
        words = _ONE if withheld == 1 else _MORE
        told.append(Finding(f"{shown.method}.withheld", "note", words, {"n": str(withheld)}, 0.0))
    return tuple(told)


def _told(finding: Finding, numbers: "_Numbers") -> Finding | None:
    """The finding as far as its values are protected; None where its headline cannot be said."""
    values = {name: numbers.of(name, value) for name, value in finding.values.items()}
    values = {name: value for name, value in values.items() if value is not None}
    parts = {lang: finding.words[lang].partition("|") for lang in ("zh", "en")}
    if not all(_places(head) <= set(values) for head, _, _ in parts.values()):
        return None
    kept = {
        lang: _clauses(tail, set(values), {"zh": "。", "en": "."}[lang])
        for lang, (_, _, tail) in parts.items()
    }
    words = Words(*(f"{parts[lang][0]}|{kept[lang]}" for lang in ("zh", "en")))
    used = _places(words.zh) | _places(words.en)
    values = {name: v for name, v in values.items() if name in used or not _number(v)}
    return replace(finding, words=words, values=values)


def _clauses(tail: str, known: set[str], end: str) -> str:
    """The clauses of a sentence up to the first that names what is not known."""
    kept = ""
    for clause in _CLAUSE.findall(tail):
        if not _places(clause) <= known:
            kept = kept.rstrip("；;。. ")
            return (
                kept if kept.count("（") + kept.count("(") == kept.count("）") + kept.count(")") else ""
            ) + end
        kept += clause
    return kept


def _places(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


class _Numbers:
    """What the protected tables say where the exact ones hold a number."""

    def __init__(self, exact: Mapping[str, pd.DataFrame], hidden: Mapping[str, pd.DataFrame]):
        self.held: dict[tuple[str, float], set] = {}
        for table, frame in exact.items():
            for name in frame:
                for value, shown in zip(frame[name], hidden[table][name], strict=True):
                    if _number(value):
                        for key in (name, ""):
                            self.held.setdefault((key, float(value)), set()).add(
                                None if pd.isna(shown) else shown
                            )
        self.lengths = {len(frame) - less for frame in exact.values() for less in (0, 1)}
        main = next(iter(hidden.values()), pd.DataFrame())
        rows = main[stars(main).any(axis=1)] if len(main) else main
        self.small = {name for column in rows if column in DIMENSIONS for name in rows[column]}

    def of(self, name: str, value: Any) -> Any:
        """A finding's value as it may be shown; None where it may not. A name, a time or a flag stays as it is; names of
        starred rows come last, in their own order."""
        if isinstance(value, list | tuple):
            if not all(isinstance(item, str) for item in value):
                return None
            return sorted(value, key=lambda item: (item in self.small, item if item in self.small else ""))
        if not _number(value) or treatments().get(name) == "kept":
            return value
        unshown = (
            {None} if float(value) % 1 else set()
        )  # two numbers that are not whole are equal only if they are one
        found = next(
            (f for key in (name, "") if (f := self.held.get((key, float(value)), set()) - unshown)), set()
        )
        if not found:
            return value if value in self.lengths and not unshown else None
        return next(iter(found)) if len(found) == 1 and STAR not in found else None

    def found_in(self, frame: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
        """The table with what it left out, in columns under the rule `same`, as another table gives it."""
        found = {
            name: [
                self.of(name, e) if pd.isna(h) and _number(e) and e % 1 else h
                for h, e in zip(frame[name], exact[name], strict=True)
            ]
            for name in frame
            if treatments().get(name, "").endswith("same")
        }
        return frame.assign(
            **{
                name: pd.Series(cells, frame.index, dtype=object).infer_objects()
                for name, cells in found.items()
            }
        )
