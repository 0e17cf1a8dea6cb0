"""A filled form read back: every mistake named by sheet and cell, with what is expected there."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineWorkbook

from ..intake.excel import as_text, guard, open_sheet
from ..intake.kinds import broken
from ..intake.profile import Reading, heading, standard
from ..words import LANGUAGES, Trouble, Words, cut
from .cells import Lists, said_of, value_of
from .fields import FIXED, FORMS, Form, Sheet
from .keep import keep
from .write import LISTS, words_of

HEADINGS_WITHIN = 10  # the line of headings is one of the first ten


@dataclass(frozen=True)
class Mistake:
    """What is wrong in a cell (`B7`), and what is expected there."""

    sheet: str
    cell: str
    words: Words

    def say(self, lang: str) -> str:
        return f"{self.sheet}!{self.cell}{'：' if lang == 'zh' else ': '}{self.words[lang]}"


@dataclass(frozen=True)
class Checked:
    """A form as it was read: of each table the rows, in codes (what is wrong is missing there), and all mistakes."""

    form: str
    tables: Mapping[str, pd.DataFrame]
    mistakes: tuple[Mistake, ...]

    @property
    def rows(self) -> int:
        return sum(map(len, self.tables.values()))

    def keep(self, path: Path) -> None:
        """Write it to a file that the kit takes in: CSV, or for the causes TOML."""
        keep(dict(self.tables), self.form, path)


@dataclass
class _Read:
    """One sheet being read: for each row that is filled its line, and for each field the raw value and the code."""

    sheet: Sheet
    name: str
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, line: int, column: int, words: Words, **values: Any) -> None:
        said = Words(*(words.fill(lang, **values) for lang in LANGUAGES)) if values else words
        self.mistakes.append(Mistake(self.name, f"{_letters(column)}{line}", said))


def check_form(path: Path | str) -> Checked:
    """Read a filled workbook of `write_forms` and name every mistake in it, in the order of the sheets and lines.

    The form is known by the names of its sheets, in either language; columns by their headings, wherever they stand;
    drop-down lists by the workbook's own sheet of lists. Empty lines are passed over. Raises Trouble (exit code 3)
    where it is no workbook, or none of the forms.
    """
    path = Path(path)
    if not path.is_file():
        raise Trouble(Words("找不到文件 {name}", "there is no file {name}"), name=cut(path.name, 60))
    if not zipfile.is_zipfile(path):
        raise broken(path)
    guard(path)
    book = CalamineWorkbook.from_path(str(path))
    form = _form_of(path, book.sheet_names)
    lists = _lists(book)
    read = [one for sheet in form.sheets if (one := _sheet(path, book, sheet, lists)) is not None]
    _between_sheets(read)
    by_table = {
        one.sheet.table: pd.DataFrame(
            [values for _, values in one.rows], columns=[f.name for f in one.sheet.fields], dtype=object
        )
        for one in read
    }
    return Checked(form.name, by_table, tuple(m for one in read for m in one.mistakes))


def _form_of(path: Path, names: list[str]) -> Form:
    for form in FORMS:
        if any(sheet.title[lang] in names for sheet in form.sheets for lang in LANGUAGES):
            return form
    known = [sheet.title for form in FORMS for sheet in form.sheets]
    raise Trouble(
        Words(
            "{name} 不是这里的表单：没有名为 {zh} 之一的工作表（现有：{found}）",
            "{name} is none of the forms: it has no sheet named {en} (there are: {found})",
        ),
        exit_code=3,
        name=cut(path.name, 60),
        zh="、".join(words.zh for words in known),
        en=" / ".join(words.en for words in known),
        found=", ".join(cut(name, 31) for name in names),
    )


def _lists(book: CalamineWorkbook) -> Lists:
    """The lists of the workbook itself, so that lines added there are known; fixed ones as the kit knows them."""
    found: dict[str, dict[str, str]] = {}
    name = next((LISTS[lang] for lang in LANGUAGES if LISTS[lang] in book.sheet_names), None)
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False) if name else [[]]
    for at in range(0, len(rows[0]) - 1, 2):
        own = found.setdefault(str(rows[0][at]), {})
        for row in rows[1:]:
            code, word = (as_text(value) for value in row[at : at + 2])
            for text in (code, word, *(words_of(str(rows[0][at]), code) if code else ())):
                if text:
                    own.setdefault(standard(text), code or text)
    for name, codes in FIXED.items():
        found[name] = {standard(text): code for code in codes for text in words_of(name, code)}
    return found


# --------------------------------------------------------------------------------------------- one sheet


def _sheet(path: Path, book: CalamineWorkbook, sheet: Sheet, lists: Lists) -> _Read | None:
    name = next((sheet.title[lang] for lang in LANGUAGES if sheet.title[lang] in book.sheet_names), None)
    if name is None:
        return None
    open_sheet(path, Reading(sheet=name))  # refuses what is locked, broken, or was never calculated
    grid = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    one = _Read(sheet, name)
    first = _headings(one, grid)
    for line, row in enumerate(grid[first:], first + 1):
        if any(as_text(value) and str(value).strip() for value in row):
            one.rows.append((line, dict(_line(one, line, row, lists))))
    _between_lines(one)
    one.mistakes.sort(key=_place)
    return one


def _headings(one: _Read, grid: list[list[Any]]) -> int:
    """Finds the columns of the sheet and gives the number of the line of headings."""
    known = {heading(w): f.name for f in one.sheet.fields for w in (*(f.words[g] for g in LANGUAGES), f.name)}
    lines = [[heading(as_text(cell) or "") for cell in row] for row in grid[:HEADINGS_WITHIN]]
    hits = [sum(text in known for text in line) for line in lines]
    at = hits.index(max(hits)) if hits and max(hits) else -1
    if at < 0:
        raise Trouble(_NO_HEADINGS, exit_code=3, sheet=one.name)
    for column, text in enumerate(lines[at]):
        if not text:
            continue
        shown = cut(as_text(grid[at][column]), 30)
        if text not in known:
            near = get_close_matches(text, known, 1)
            said = _NEAR_HEADING if near else _NO_HEADING
            one.wrong(at + 1, column, said, text=shown, near="".join(near))
        elif known[text] in one.columns:
            one.wrong(
                at + 1, column, _TWICE, text=shown, cell=f"{_letters(one.columns[known[text]])}{at + 1}"
            )
        else:
            one.columns[known[text]] = column
    for asked in one.sheet.fields:
        if asked.required and asked.name not in one.columns:
            words = Words(*(_LACKING.fill(lang, name=asked.words[lang]) for lang in LANGUAGES))
            one.wrong(at + 1, len(lines[at]), words)
    return at + 1


def _line(one: _Read, line: int, row: list[Any], lists: Lists) -> Iterator[tuple[str, Any]]:
    for asked in one.sheet.fields:
        column = one.columns.get(asked.name)
        raw = row[column] if column is not None and column < len(row) else None
        text = (as_text(raw) or "").strip()
        if not text:
            if asked.required and column is not None:
                one.wrong(line, column, said_of(_MISSING, asked))
            yield asked.name, None
            continue
        value = value_of(asked, raw, text, lists)
        if isinstance(value, Words):
            one.wrong(line, column, value)
        yield asked.name, None if isinstance(value, Words) else value


# ------------------------------------------------------------------------------------- cells together


def _between_lines(one: _Read) -> None:
    for asked in one.sheet.fields:
        column, seen = one.columns.get(asked.name), {}
        if column is None:
            continue
        for line, values in one.rows:
            value = values[asked.name]
            if asked.unique and value is not None:
                if value in seen:
                    one.wrong(
                        line, column, _USED, text=cut(value, 40), cell=f"{_letters(column)}{seen[value]}"
                    )
                seen.setdefault(value, line)
            earlier = values.get(asked.after) if asked.after else None
            if earlier is not None and value is not None and value < earlier:
                cell = f"{_letters(one.columns[asked.after])}{line}"
                one.wrong(line, column, _EARLIER, cell=cell)
            due = asked.when[0] and values.get(asked.when[0]) in asked.when[1] and value is None
            if due and not any(m.cell == f"{_letters(column)}{line}" for m in one.mistakes):
                cell = f"{_letters(one.columns[asked.when[0]])}{line}"
                one.wrong(line, column, said_of(_MISSING_AS, asked, cell=cell))


def _between_sheets(read: list[_Read]) -> None:
    """Values that must stand in another sheet or column."""
    for one in read:
        before = len(one.mistakes)
        for asked in (f for f in one.sheet.fields if f.within[0] and f.name in one.columns):
            other = next((o for o in read if o.sheet.table == asked.within[0]), None)
            known = {values[asked.within[1]] for _, values in other.rows} if other else set()
            for line, values in one.rows:
                if values[asked.name] is not None and values[asked.name] not in known:
                    where = other.name if other else asked.within[0]
                    one.wrong(line, one.columns[asked.name], _UNKNOWN, text=cut(values[asked.name], 40), where=where)  # fmt: skip
        if len(one.mistakes) > before:
            one.mistakes.sort(key=_place)


def _place(mistake: Mistake) -> tuple[int, int, str]:
    letters = mistake.cell.rstrip("0123456789")
    return int(mistake.cell[len(letters) :]), len(letters), letters


def _letters(column: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return xl_col_to_name(column)


_MISSING = Words("缺少{name}；应填：{wanted}", "{name} is missing; expected: {wanted}")
_MISSING_AS = Words("按 {cell}，这里应有{name}：{wanted}", "by {cell}, {name} must stand here: {wanted}")
_USED = Words("“{text}”已在 {cell} 用过；应不重复", "“{text}” is used in {cell} already; expected: used once")
_EARLIER = Words("早于 {cell}；应不早于它", "it is before {cell}; expected: not before it")
_UNKNOWN = Words("“{text}”不在{where}中", "“{text}” does not stand in {where}")
_NO_HEADINGS = Words("工作表 {sheet} 中找不到表头", "the headings of the sheet {sheet} are not to be found")
_NO_HEADING = Words("表中没有“{text}”这一列", "the form has no column “{text}”")
_NEAR_HEADING = Words(
    "表中没有“{text}”这一列；是否应为 {near}？", "the form has no column “{text}”; did you mean {near}?"
)
_TWICE = Words("“{text}”一列已在 {cell}", "the column “{text}” stands in {cell} already")
_LACKING = Words("缺少“{name}”这一列", "the column “{name}” is missing")
