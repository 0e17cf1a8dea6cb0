"""The classified statistics form (投诉分类统计表), filled from the store: counts of a period by each classification, and by
the classes of each taxonomy with what typically hurts and what may be done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..book import Book
from ..countermeasures import Catalogue, load_countermeasures
from ..period import Period
from ..schema import BLANK, CLASS, GRADES, NONE
from ..taxonomies import Taxonomy, load_taxonomies
from ..words import Words, column, label

CLASSIFIED = ("reason", "product", "channel", "region", "department")
_NOTE = Words(
    "期间：{period:period}，数据截至 {as_of:moment}{partial}。上期：{before:period}；去年同期：{last:period}。各列为件数，占比以本期全部投诉为分母；"
    "期末未结为届时尚未结案的全部件数，不论何时收到。",
    "Period: {period:period}, data to {as_of:moment}{partial}. Before: {before:period}; a year ago: {last:period}. Columns "
    "are complaints; shares are of all complaints of the period; open at the end: not closed by then, whenever received.",
)
_PARTIAL = Words("（期间未结束，不与完整期间比较）", " (not over: not to be compared with whole periods)")
_HEADS = (
    Words("件数", "Complaints"),
    Words("占比", "Share"),
    Words("上期", "Before"),
    Words("比上期增减", "More or fewer"),
    Words("去年同期", "A year ago"),
    Words("期末未结", "Open at the end"),
)
_TO_FILL = (Words("主要表现", "What it looks like"), Words("拟采取的措施", "What will be done"))
_TYPICAL = (
    Words("典型痛点", "What typically hurts"),
    Words("候选对策（建议）", "What may be done (suggestions)"),
    _TO_FILL[1],
)
_INDENT = "\N{IDEOGRAPHIC SPACE}"
_TOTAL, _NAME = Words("合计", "Total"), Words("投诉分类统计表", "Classified statistics")


@dataclass(frozen=True)
class Page:
    """One sheet as it is written: numbers stay numbers, shares are floats."""

    name: str
    title: str
    note: str
    heads: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    widths: tuple[int, ...]


Line = tuple[str, pd.Series, tuple[str, ...]]  # a class, its counts, and what stands beside them


def statistics(book: Book, period: Period, lang: str) -> list[Page]:
    """One sheet for each classification that the book has, largest class first, and one for each taxonomy of the reasons,
    in its own order with sub-classes below their class. With a total that adds up, counts by grade beside them where
    grades are known, and columns left to be filled in by hand.

    A class that only the period before or a year ago has is listed with 0, one of a taxonomy always. A partial period has
    no columns to compare.
    """
    before, last = period.previous(), period.same_last_year()
    grades = GRADES if book.has("complaints", "severity") else ()
    frames = {
        by: _counts(book, by, period, before, last, grades) for by in CLASSIFIED if book.has("complaints", by)
    }
    values = {"period": period, "as_of": period.as_of, "before": before, "last": last}
    note = _NOTE.fill(lang, **values, partial=_PARTIAL[lang] if period.is_partial else "")
    pages = []
    for by, frame in frames.items():
        lines = [(label(by, code, lang), row, ("",) * len(_TO_FILL)) for code, row in frame.iterrows()]
        pages.append(_page(column(by).words, note, lines, frame.sum(), _TO_FILL, period, lang))
    if (reasons := frames.get("reason")) is not None:
        catalogue = load_countermeasures()
        for taxonomy in load_taxonomies().values():
            lines = _by_class(reasons, taxonomy, catalogue, lang)
            said = f"{taxonomy.question[lang]} {note}"
            pages.append(_page(taxonomy.words, said, lines, reasons.sum(), _TYPICAL, period, lang))
    return pages


def _by_class(frame: pd.DataFrame, taxonomy: Taxonomy, catalogue: Catalogue, lang: str) -> list[Line]:
    """The counts by reason put together by class; below them those of no class, and those without a reason."""
    lines = []
    for each in taxonomy.in_order():
        name = f"{_INDENT if each.parent else ''}{each.words[lang]}"
        measures = "\n".join(one.words[lang] for one in catalogue.of_class(taxonomy, each))
        n = frame.loc[frame.index.intersection(taxonomy.reasons(each))].sum()
        lines.append((name, n, (each.pain[lang], measures, "")))
    rest = frame.index.difference(list(taxonomy.codes()))
    for code, reasons in ((NONE, rest.difference([BLANK])), (BLANK, rest.intersection([BLANK]))):
        if len(reasons):
            lines.append((label(CLASS, code, lang), frame.loc[reasons].sum(), ("",) * len(_TYPICAL)))
    return lines


def _page(
    name: Words, note: str, lines: Sequence[Line], total: pd.Series, beside: tuple[Words, ...], period: Period, lang: str
) -> Page:  # fmt: skip
    grades = [grade for grade in GRADES if grade in total]
    rows = []
    for text, row, more in [*lines, (_TOTAL[lang], total, ("",) * len(beside))]:
        n, then, last = (int(row[key]) for key in ("n", "before", "last"))
        share = float(n / total["n"]) if total["n"] else None
        compared = (None, None, None) if period.is_partial else (then, n - then, last)
        open_now = int(row["open"]) if "open" in row else None
        rows.append((text, n, share, *compared, open_now, *(int(row[g]) for g in grades), *more))
    heads = (
        name[lang],
        *(head[lang] for head in _HEADS),
        *(label("severity", grade, lang) for grade in grades),
        *(head[lang] for head in beside),
    )
    widths = (26, *[11] * (len(_HEADS) + len(grades)), *[36] * len(beside))
    title = f"{_NAME[lang]}{'：' if lang == 'zh' else ': '}{name[lang]}"
    sheet = re.sub(r"[\[\]:*?/\\]", " ", name[lang])[:31]  # what a workbook allows
    return Page(sheet, title, note, heads, rows, widths)


def _counts(
    book: Book, by: str, period: Period, before: Period, last: Period, grades: tuple[str, ...]
) -> pd.DataFrame:
    """A row a class: `n`, `before`, `last`, `open` and the grades; what has no grade is in `n` alone."""
    found = {name: book.counts("complaints", [by], p).set_index(by)["n"] for name, p in zip(("n", "before", "last"), (period, before, last), strict=True)}  # fmt: skip
    if book.has("complaints", "closed_at"):
        found["open"] = book.counts("complaints", [by], period, basis="open").set_index(by)["n"]
    if grades:
        graded = book.counts("complaints", [by, "severity"], period)
        found |= {g: graded[graded["severity"] == g].set_index(by)["n"] for g in grades}
    frame = pd.DataFrame(found).fillna(0).astype(int).rename_axis(by)
    frame = frame.assign(blank=frame.index == BLANK).sort_index()
    return frame.sort_values(["blank", "n"], ascending=[True, False], kind="stable").drop(columns="blank")
