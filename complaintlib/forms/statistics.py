"""The classified statistics form (投诉分类统计表), filled from the store: counts of a period by each classification."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..book import Book
from ..period import Period
from ..schema import BLANK, GRADES
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
_ALL = "(all)"
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


def statistics(book: Book, period: Period, lang: str) -> list[Page]:
    """One sheet for each classification that the book has, largest class first, with a total that adds up; counts by
    grade beside them where grades are known, and two columns left to be filled in by hand.

    A class that only the period before or a year ago has is listed with 0. A partial period has no columns to compare.
    """
    before, last = period.previous(), period.same_last_year()
    values = {"period": period, "as_of": period.as_of, "before": before, "last": last}
    note = _NOTE.fill(lang, **values, partial=_PARTIAL[lang] if period.is_partial else "")
    return [
        _page(book, period, before, last, by, note, lang) for by in CLASSIFIED if book.has("complaints", by)
    ]


def _page(book: Book, period: Period, before: Period, last: Period, by: str, note: str, lang: str) -> Page:
    grades = GRADES if book.has("complaints", "severity") else ()
    frame = _counts(book, by, period, before, last, grades)
    total = int(frame["n"].sum())
    frame.loc[_ALL] = frame.sum()
    known = "open" in frame
    rows = []
    for code, row in frame.astype(int).iterrows():
        name = _TOTAL[lang] if code == _ALL else label(by, code, lang)
        n, share = int(row["n"]), float(row["n"] / total) if total else None
        compared = (int(row["before"]), n - int(row["before"]), int(row["last"]))
        compared = (None, None, None) if period.is_partial else compared
        open_now = int(row["open"]) if known else None
        rows.append((name, n, share, *compared, open_now, *(int(row[g]) for g in grades), "", ""))
    heads = (
        column(by).words[lang],
        *(head[lang] for head in _HEADS),
        *(label("severity", grade, lang) for grade in grades),
        *(head[lang] for head in _TO_FILL),
    )
    widths = (26, *[11] * (len(_HEADS) + len(grades)), 36, 36)
    title = f"{_NAME[lang]}{'：' if lang == 'zh' else ': '}{column(by).words[lang]}"
    return Page(column(by).words[lang], title, note, heads, rows, widths)


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
