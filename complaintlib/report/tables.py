"""The tables of a report as files: CSV with formulas made harmless, and one workbook in which text is text."""

import csv
import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from ..result import unpacked
from ..words import Trouble, Words, column, label, plain, show

Tables = Mapping[tuple[str, str], pd.DataFrame]  # (step, table) -> frame

_FORMULA = re.compile(r"(^|[\r\n])(?=[=+\-@\t\r\n\x00＝＋－＠])")
_CELL = 32_000  # characters a cell may have; a spreadsheet cuts at 32,767 without a word
_ROWS = 1_000_000
_FORMATS = {
    "int": "#,##0",
    "num1": "#,##0.0",
    "num2": "#,##0.00",
    "num3": "#,##0.000",
    "sig": "#,##0.0##",
    "pct": "0%",
    "pct1": "0.0%",
    "pp": "+0.0%;-0.0%;0.0%",
    "p": "0.000",
    "min": "#,##0",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}


def frame_of(content: Mapping[str, Any]) -> pd.DataFrame:
    """A handed-over table as a frame, its times as times again."""
    frame = unpacked(content)
    for name in frame.columns:
        if column(name).form in ("day", "moment") and frame[name].notna().any():
            frame[name] = pd.to_datetime(frame[name])
    return frame


def csv_of(frame: pd.DataFrame, lang: str) -> tuple[bytes, int]:
    """The frame as CSV (UTF-8 with BOM, numbers unrounded, codes as they are) and how many texts got a `'`."""
    out, changed = io.StringIO(), 0
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    rows = [[column(name).words[lang] for name in frame.columns], *frame.itertuples(index=False, name=None)]
    for row in rows:
        cells = [_raw(value) for value in row]
        safe = [neutral(cell) if isinstance(cell, str) else cell for cell in cells]
        changed += sum(a != b for a, b in zip(cells, safe, strict=True))
        writer.writerow(safe)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8"), changed


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a `'` before a leading `= + - @`, also in their full-width forms."""
    return _FORMULA.sub(r"\1'", text)


def workbook(tables: Tables, titles: Mapping[str, str], lang: str) -> bytes:
    """All tables in one workbook: a list of them first, the notes on the columns last. The same tables give the
    same bytes. Raises Trouble where what was written cannot be read again."""
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"created": datetime(2000, 1, 1)})
    styles = {name: book.add_format({"num_format": form}) for name, form in _FORMATS.items()}
    styles["head"] = book.add_format(
        {"bold": True, "bg_color": "#e4e7eb", "text_wrap": True, "valign": "top"}
    )
    names = sheet_names(tables)
    words = {
        "list": Words("目录", "Contents"),
        "notes": Words("列说明", "Notes"),
        "heads": Words("工作表|页面|表|行数", "Sheet|Page|Table|Rows"),
        "note_heads": Words("列|说明", "Column|Note"),
    }
    listed = [
        [names[step, name], titles[step], label("table", name, lang), len(frame)]
        for (step, name), frame in tables.items()
    ]
    _sheet(book, words["list"][lang], words["heads"][lang].split("|"), listed, ["text"] * 3 + ["int"], styles)
    for key, frame in tables.items():
        columns = [column(name) for name in frame.columns]
        rows = [
            [_said(value, c.form, lang) for value, c in zip(row, columns, strict=True)]
            for row in frame.head(_ROWS).itertuples(index=False, name=None)
        ]
        _sheet(book, names[key], [c.words[lang] for c in columns], rows, [c.form for c in columns], styles)
    used = sorted({name for frame in tables.values() for name in frame.columns})
    notes = [[column(n).words[lang], column(n).note[lang]] for n in used if column(n).note[lang]]
    _sheet(book, words["notes"][lang], words["note_heads"][lang].split("|"), notes, ["text", "text"], styles)
    book.close()
    _prove(out.getvalue(), len(tables) + 2)
    return out.getvalue()


def sheet_names(tables: Tables) -> dict[tuple[str, str], str]:
    """A sheet name for each table: at most 31 characters, none that is forbidden, no two alike in any case."""
    names: dict[tuple[str, str], str] = {}
    for step, name in tables:
        base = re.sub(r"[\[\]:*?/\\']", " ", f"{step}.{name}").strip()
        short, count = base[:31], 1
        while short.casefold() in {taken.casefold() for taken in names.values()}:
            count += 1
            short = f"{base[: 31 - len(f'~{count}')]}~{count}"
        names[step, name] = short
    return names


def _sheet(
    book: Any, name: str, heads: list[str], rows: list[list[Any]], forms: list[str], styles: Mapping[str, Any]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for at, head in enumerate(heads):
        sheet.write_string(0, at, plain(head), styles["head"])
        sheet.set_column(at, at, 32 if forms[at] == "text" else 16)
    for line, row in enumerate(rows, 1):
        for at, value in enumerate(row):
            style = styles.get(forms[at].removeprefix("+"))
            if value is None:
                continue
            if isinstance(value, pd.Timestamp):
                sheet.write_datetime(line, at, value.to_pydatetime(), style)
            elif isinstance(value, str):
                sheet.write_string(line, at, value)
            else:
                sheet.write_number(line, at, value, style)


def _said(value: Any, form: str, lang: str) -> Any:
    """A cell of the workbook: numbers and times as such, codes in words."""
    value = _raw(value, times=True)
    if value is None or isinstance(value, pd.Timestamp) or (isinstance(value, int | float) and form != "yes"):
        return value
    text = plain(value) if form.removeprefix("+") in _FORMATS else plain(show(value, form, lang))
    return text if len(text) <= _CELL else text[:_CELL] + "…"


def _raw(value: Any, times: bool = False) -> Any:
    """A value of a frame as a number, text or None; without control characters."""
    if isinstance(value, list | tuple):
        return "; ".join(plain(item) for item in value)
    if isinstance(value, str):
        return plain(value)
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value if times else value.isoformat(sep=" ")
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, int | float) else plain(value)


def _prove(content: bytes, sheets: int) -> None:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        found = CalamineWorkbook.from_filelike(io.BytesIO(content))
        heads = [found.get_sheet_by_name(name).start for name in found.sheet_names]
    except (CalamineError, zipfile.BadZipFile):
        heads = []
    if len(heads) != sheets or None in heads:
        raise Trouble(Words("表格文件没有写好", "the workbook was not written whole"), exit_code=1)
