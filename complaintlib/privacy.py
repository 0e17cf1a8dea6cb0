"""Privacy profiles: what of a result may leave the house, and in which form.

A method knows nothing of them. `protect` takes its finished result and gives one of the same kind whose tables and
findings hold protected values only; picture, tables, sentences and hand-over are all drawn from that. Under `internal`
it is the result itself. Else its tables are protected column by column (`disclosure`) as `data/privacy.csv` says; a column
that is not named there and is no category, period, day or flag does not leave at all: a new one is closed until opened.

- a count (`count`): a small one becomes `*`, all others and every total are rounded to `step`;
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
rounded to 5. `strict` stars everything below 10, none included, and rounds to 10. Rounding takes the place of complementary
suppression (Hundepool et al. 2012, Statistical Disclosure Control, ch. 5): a starred cell cannot be had by subtraction, since
total and other cells are known to within half a step only, and what is computed from them tells no more than they do.

Promised: no count from 1 to `least` - 1 is shown, nor any number that is formed from one but an expectation or a sum. Linear
programming on two-way tables with all totals bounded none of 33,301 starred cells to one value under `strict`, 16 of 6,708
(0.24%) under `shared`: there it takes a row or column whose other cells and total all lie at the far end of their rounding.
Not promised: anything against someone who knows the other cases or holds editions that overlap, or about what a notebook shows
by other ways than its result.
Verdicts, expected ranges (rounded as counts are) and the choice of what is told come from the exact data; that there was
nothing at all is said in words.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from .disclosure import DIMENSIONS, Profile, arranged, is_number, one_number, protected, treatments
from .result import STAR, Finding, Result, stars
from .words import Trouble, Words, columns


def _profile(name: str, first: int, least: int, step: int, zh: str, en: str) -> Profile:
    words = Words(
        f"{zh}：{first}–{least - 1} 件记作 {STAR}，其余件数（含合计）取 {step} 的倍数，占比据此重算，取整到百分点；置信区间、p 值、个案与分析员注不列。",
        f"{en[0].upper()}{en[1:]}: counts of {first} to {least - 1} are shown as {STAR}, all others (totals too) rounded to "
        f"{step}; shares follow from these, in whole percent; confidence intervals, p-values, cases and analysts' notes are left out.",
    )
    return Profile(name, first, least, step, Words(zh, en), words)


PROFILES: Mapping[str, Profile | None] = {
    "internal": None,
    "shared": _profile("shared", 1, 8, 5, "共享版", "shared edition"),
    "strict": _profile("strict", 0, 10, 10, "严格保密版", "strict edition"),
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
        return protected(shown, profile).dropna(axis=1, how="all")
    if shown.privacy is not None:
        raise ValueError("a protected result is not protected again")
    exact = {name: frame for name, frame in shown.tables.items() if name != "examples"}
    exact |= {
        name: frame.iloc[:0] for name, frame in exact.items() if "complaint_id" in frame
    }  # lists of cases
    tables = {name: protected(frame, profile) for name, frame in exact.items()}
    numbers = _Numbers(exact, tables)
    findings = _findings(shown, numbers)
    for name, frame in tables.items():
        tables[name] = arranged(numbers.found_in(frame, exact[name]))
    return replace(shown, tables=tables, findings=findings, privacy=profile)


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
    values = {name: v for name, v in values.items() if name in used or not one_number(v)}
    return replace(finding, words=words, values=values)


def _clauses(tail: str, known: set[str], end: str) -> str:
    """The clauses of a sentence up to the first that names what is not known."""
    kept = ""
    for clause in _CLAUSE.findall(tail):
        if not _places(clause) <= known:
            kept = kept.rstrip("；;。. ")
            whole = kept.count("（") + kept.count("(") == kept.count("）") + kept.count(")")
            return (kept if whole else "") + end
        kept += clause
    return kept


def _places(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


class _Numbers:
    """What the protected tables say where the exact ones hold a number."""

    def __init__(self, exact: Mapping[str, pd.DataFrame], hidden: Mapping[str, pd.DataFrame]):
        self.held: dict[tuple[str, float], set] = {}
        for table, frame in exact.items():
            for name in [name for name in frame if is_number(frame[name])]:
                keys = [name] if treatments().get(name) == "kept" else [name, ""]
                for value, shown in zip(frame[name], hidden[table][name], strict=True):
                    for key in keys if one_number(value) else ():
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
        if not one_number(value) or (name not in columns() and treatments().get(name) == "kept"):
            return value
        # Numbers that are not whole are hardly equal unless they are the same: one may be shown where another is.
        unshown = {None} if float(value) % 1 else set()
        both = (self.held.get((key, float(value)), set()) - unshown for key in (name, ""))
        found = next(filter(None, both), set())
        if not found:
            return value if value in self.lengths and not unshown else None
        return next(iter(found)) if len(found) == 1 and STAR not in found else None

    def found_in(self, frame: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
        """The table with what it left out, in columns under the rule `same`, as another table gives it."""
        frame = frame.copy()
        for name in [name for name in frame if treatments().get(name, "").endswith("same")]:
            pairs = zip(frame[name], exact[name], strict=True)
            cells = [self.of(name, e) if pd.isna(h) and one_number(e) and e % 1 else h for h, e in pairs]
            frame[name] = pd.Series(cells, frame.index, dtype=object).infer_objects()
        return frame
