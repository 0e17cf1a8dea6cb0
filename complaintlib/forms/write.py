"""The forms as workbooks: a heading, the columns with drop-down lists, how to fill them in, and the lists themselves."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from ..book import Book
from ..period import Period
from ..words import LANGUAGES, Words, label, plain
from .fields import FIXED, FORMS, FROM_DATA, LABELLED_AS, Field, Form
from .replies import reply_rows
from .statistics import Page, statistics

HEAD = 3  # rows above the first one to fill: title, hint, headings
ROWS = 2000  # to be filled in, with a list on each
LONGEST = 400  # a longer list is no help; such a column takes any code
GUIDE, LISTS = Words("填写说明", "How to fill in"), Words("选项", "Lists")
_HINT = Words(
    "从第 4 行填起，一行一条；带 * 的必填。填好后：complaintkit forms check 文件名",
    "Fill in from row 4 on, one entry a row; * must be filled. Then: complaintkit forms check FILE",
)
EXPECTED = {
    "id": Words("编号，按文本填写", "an id, as text"),
    "text": Words("文字", "text"),
    "moment": Words("日期时间，如 2026-10-31 14:30", "a moment such as 2026-10-31 14:30"),
    "day": Words("日期，如 2026-10-31", "a day such as 2026-10-31"),
    "number": Words("不小于 0 的数字", "a number, 0 or more"),
    "share": Words("比例，如 -30%（下降三成）", "a share such as -30% (three in ten fewer)"),
    "filter": Words(
        "列=值，如 投诉原因=地址错误；大区=华东", "column=value, such as reason=address_error;region=east"
    ),
    "choice": Words("从下拉列表中选", "one of the drop-down list"),
}  # fmt: skip
_FORMATS = {"id": "@", "text": "@", "filter": "@", "choice": "@", "moment": "yyyy-mm-dd hh:mm", "day": "yyyy-mm-dd",
            "number": "#,##0.00", "share": "0%"}  # fmt: skip


def write_forms(folder: Path, book: Book, period: Period, lang: str) -> list[Path]:
    """Every form as a workbook in `folder`: to fill in `register`, `actions`, `causes` and `conduct`; from the book
    `statistics` (of the period) and, from the house rules, `replies`. The same book gives the same bytes.

    The drop-down lists of products, reasons and the like are the codes that occur in the book's complaints.
    """
    book = book.at(period.as_of)
    folder.mkdir(parents=True, exist_ok=True)
    lists = lists_of(book)
    written = []
    for form in FORMS:
        written.append(folder / f"{form.name}.xlsx")
        with _workbook(written[-1]) as out:
            _fill_in(out, form, lists, lang)
    for name, pages in (("statistics", statistics(book, period, lang)), ("replies", reply_rows(lists, lang))):
        written.append(folder / f"{name}.xlsx")
        with _workbook(written[-1]) as out:
            for page in pages:
                _page(out, page)
    return written


def lists_of(book: Book) -> dict[str, tuple[str, ...]]:
    """The codes of every drop-down list by its name; a list too long to be one is left out."""
    known = {name: tuple(book.codes(name)) for name in FROM_DATA if book.has("complaints", name)}  # fmt: skip
    known = {name: tuple(code for code in codes if not code.startswith("(")) for name, codes in known.items()}
    return {name: codes for name, codes in known.items() if 0 < len(codes) <= LONGEST} | FIXED


def expected(field: Field) -> Words:
    """What may stand in the column, in words."""
    return EXPECTED["text" if field.kind == "choice" and not field.choices else field.kind]


def _workbook(path: Path) -> xlsxwriter.Workbook:
    safe = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    out = xlsxwriter.Workbook(str(path), safe)
    out.set_properties({"created": datetime(2000, 1, 1)})
    return out


def _fill_in(out: xlsxwriter.Workbook, form: Form, lists: Mapping[str, tuple[str, ...]], lang: str) -> None:
    styles = _styles(out)
    used = [f.choices for sheet in form.sheets for f in sheet.fields if f.choices in lists]
    if any(f.kind == "filter" for sheet in form.sheets for f in sheet.fields):
        used += [name for name in FROM_DATA if name in lists]  # so that filters can be checked
    names = list(dict.fromkeys(used))
    sheets = [out.add_worksheet(sheet.title[lang]) for sheet in form.sheets]
    for sheet, target in zip(form.sheets, sheets, strict=True):
        target.write_string(0, 0, sheet.title[lang], styles["title"])
        target.write_string(1, 0, _HINT[lang], styles["hint"])
        target.freeze_panes(HEAD, 1)
        target.set_landscape()
        target.fit_to_pages(1, 0)
        target.repeat_rows(HEAD - 1)
        for at, field in enumerate(sheet.fields):
            head = field.words[lang] + (" *" if field.required else "")
            target.write_string(HEAD - 1, at, head, styles["head"])
            style = out.add_format({"num_format": _FORMATS[field.kind], "text_wrap": True, "valign": "top"})
            target.set_column(at, at, 36 if field.kind == "text" else 18, style)
            if field.choices in lists:
                column, n = _letters(2 * names.index(field.choices) + 1), len(lists[field.choices])
                source = f"='{LISTS[lang]}'!${column}$2:${column}${n + 1}"
                said = {"validate": "list", "source": source, "error_type": "warning"}
                target.data_validation(HEAD, at, HEAD + ROWS - 1, at, said)
    _guide(out, form, styles, lang)
    _lists(out, {name: lists[name] for name in names}, styles, lang)


def _guide(out: xlsxwriter.Workbook, form: Form, styles: Mapping[str, Any], lang: str) -> None:
    words = {
        "zh": ("工作表", "列", "必填", "填什么"),
        "en": ("Sheet", "Column", "Required", "What may stand there"),
    }
    rows = [
        (sheet.title[lang], f.words[lang], label("yes", "yes", lang) if f.required else "", expected(f)[lang])
        for sheet in form.sheets
        for f in sheet.fields
    ]
    _table(out.add_worksheet(GUIDE[lang]), words[lang], rows, styles, (22, 26, 10, 60))


def _lists(
    out: xlsxwriter.Workbook, lists: Mapping[str, tuple[str, ...]], styles: Mapping[str, Any], lang: str
) -> None:
    """Two columns a list: the code, and the word that is chosen. Lines added here are known when the form is read."""
    target = out.add_worksheet(LISTS[lang])
    for at, (name, codes) in enumerate(lists.items()):
        target.write_string(0, 2 * at, name, styles["head"])
        target.write_string(0, 2 * at + 1, name, styles["head"])
        target.set_column(2 * at, 2 * at + 1, 22)
        for line, code in enumerate(codes, 1):
            target.write_string(line, 2 * at, code)
            target.write_string(line, 2 * at + 1, label(LABELLED_AS.get(name, name), code, lang))


def words_of(name: str, code: str) -> tuple[str, ...]:
    """What a person may write for a code of a list: its word in either language, or the code itself."""
    return (*(label(LABELLED_AS.get(name, name), code, lang) for lang in LANGUAGES), code)


def _page(out: xlsxwriter.Workbook, page: Page) -> None:
    styles, target = _styles(out), out.add_worksheet(page.name)
    target.write_string(0, 0, page.title, styles["title"])
    target.write_string(1, 0, page.note, styles["hint"])
    _table(target, page.heads, page.rows, styles, page.widths, above=HEAD - 1)
    target.set_landscape()
    target.fit_to_pages(1, 0)


def _table(
    target: Any, heads: Iterable[str], rows: Iterable[Iterable[Any]], styles: Mapping[str, Any], widths: Iterable[int],
    above: int = 0,
) -> None:  # fmt: skip
    for at, head in enumerate(heads):
        target.write_string(above, at, head, styles["head"])
    for at, width in enumerate(widths):
        target.set_column(at, at, width)
    target.freeze_panes(above + 1, 1)
    for line, row in enumerate(rows, above + 1):
        for at, value in enumerate(row):
            if isinstance(value, str):
                target.write_string(line, at, plain(value), styles["cell"])
            elif value is not None:
                target.write_number(line, at, value, styles["share" if isinstance(value, float) else "int"])


def _styles(out: xlsxwriter.Workbook) -> dict[str, Any]:
    looks = {
        "title": {"bold": True, "font_size": 14},
        "hint": {"font_color": "#52606d"},
        "head": {"bold": True, "bg_color": "#e4e7eb", "text_wrap": True, "valign": "top", "border": 1},
        "cell": {"text_wrap": True, "valign": "top"},
        "int": {"num_format": "#,##0", "valign": "top"},
        "share": {"num_format": "0.0%", "valign": "top"},
    }
    return {name: out.add_format(look) for name, look in looks.items()}


def _letters(at: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return xl_col_to_name(at)
