"""Excel workbooks: guarded before they are opened, and every value made text before anything is typed."""

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from ..words import Words
from .kinds import PASSWORD, broken
from .notes import Note, Refused
from .profile import Reading

LARGEST = 1 << 30  # bytes that a part of a workbook may say it unpacks to
RATIO, RATIO_FROM = 80, 100 << 20  # above 100 MB no part may be packed more than 80 times smaller
COLUMNS, CELLS = 2_000, 60_000_000  # a used range may have as many columns and cells

_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"')
_NO_VALUE = re.compile(rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


def guard(path: Path) -> dict[str, int]:
    """Refuses a workbook that is a bomb, is broken or asks for more than it may.

    Gives, by part of the package, the formulas of each sheet that have never been calculated.
    """
    formulas = {}
    try:
        with zipfile.ZipFile(path) as book:
            parts = [part for part in book.infolist() if part.filename.endswith((".xml", ".bin", ".rels"))]
            for part in parts:
                if part.file_size > LARGEST or (
                    part.file_size > RATIO_FROM and part.file_size > RATIO * max(part.compress_size, 1)
                ):
                    raise _bomb(path, part.file_size, part)
            for part in parts:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part.filename):
                    formulas[part.filename] = _guard_sheet(path, book, part)
                elif not part.filename.endswith(".bin"):
                    with book.open(part) as file:
                        _no_doctype(path, file.read(4096))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise broken(path) from error
    return formulas


def _bomb(path: Path, size: int, part: zipfile.ZipInfo) -> Refused:
    return Refused(
        path, Note("bomb", _BOMB, values={"size": size >> 20, "packed": max(part.compress_size >> 10, 1)})
    )


def _no_doctype(path: Path, start: bytes) -> None:
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise Refused(path, Note("doctype", _DOCTYPE))


def _guard_sheet(path: Path, book: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Formulas without a value; Refused where the cells lie too far apart. One pass over the XML, in pieces."""
    columns: set[bytes] = set()
    rows = cells = formulas = size = 0
    with book.open(part) as file:
        for piece in _pieces(file):
            if not size:
                _no_doctype(path, piece[:4096])
            size += len(piece)
            if size > LARGEST:  # it said less
                raise _bomb(path, size, part)
            found = _CELL.findall(piece)
            columns.update(column for column, _ in found)
            rows, cells = max(rows, int(found[-1][1]) if found else 0), cells + len(found)
            formulas += len(_NO_VALUE.findall(piece)) if b"<f" in piece else 0
    width = max(map(_number, columns), default=0)
    area = rows * width
    if width > COLUMNS or area > CELLS or (area > CELLS / 10 and area > 50 * cells):
        raise Refused(
            path, Note("dimension", _DIMENSION, values={"high": rows, "wide": width, "cells": cells})
        )
    return formulas


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The XML in pieces that end where a cell begins."""
    held = b""
    while chunk := file.read(1 << 22):
        chunk = held + chunk
        end = chunk.rfind(b"<c ")
        end = end if end > 0 else len(chunk)
        yield chunk[:end]
        held = chunk[end:]
    yield held


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sheet_part(path: Path, name: str) -> str:
    """The part of the package that holds the sheet."""
    space = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    with zipfile.ZipFile(path) as book:
        links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
        sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).iter()
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    target = next(
        (targets.get(s.get(space), "") for s in sheets if s.tag.endswith("}sheet") and s.get("name") == name),
        "",
    )
    return target[1:] if target.startswith("/") else f"xl/{target}"


def open_sheet(path: Path, reading: Reading) -> tuple[str, Iterator[list[str | None]], list[Note]]:
    """The name of the sheet, its rows as text, and what there is to say; Refused where the sheet is not plain."""
    packed = zipfile.is_zipfile(path)
    formulas = guard(path) if packed else {}
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet, notes = _chosen(path, book, reading.sheet)
        rows = book.get_sheet_by_name(sheet)
    except PasswordError as error:
        raise Refused(path, Note("password", PASSWORD)) from error
    except CalamineError as error:
        raise broken(path) from error
    if packed and (empty := formulas.get(_sheet_part(path, sheet), 0)):
        raise Refused(path, Note("formulas", _FORMULAS, empty, values={"sheet": sheet}))
    cells = rows.to_python(skip_empty_area=True)
    long = sum(isinstance(cell, float) and abs(cell) >= 1e15 for row in cells for cell in row)
    if long:
        notes.append(Note("long_numbers", _LONG, long))
    return sheet, ([as_text(cell) for cell in row] for row in cells), notes


def _chosen(path: Path, book: CalamineWorkbook, wanted: str | None) -> tuple[str, list[Note]]:
    sheets = [sheet for sheet in book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    if wanted is not None:
        if wanted in (sheet.name for sheet in sheets):
            return wanted, []
        names = [sheet.name for sheet in sheets]
        raise Refused(path, Note("no_sheet", _NO_SHEET, values={"sheet": wanted, "sheets": names}))
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    hidden = [sheet.name for sheet in sheets if sheet.name not in visible]
    full = [name for name in visible if book.get_sheet_by_name(name).height]
    notes = [Note("hidden_sheets", _HIDDEN, len(hidden), values={"sheets": hidden})] if hidden else []
    if len(full) == 1:
        return full[0], notes
    if not full:
        raise Refused(path, Note("empty_file", _EMPTY), *notes)
    raise Refused(path, Note("several_sheets", _SEVERAL, len(full), values={"sheets": full}), *notes)


def as_text(value: Any) -> str | None:
    """A cell as the text a person would have typed: whole numbers without a point, times in ISO form."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


_BOMB = Words(
    "压缩包内有一部分解开后约 {size} MB（压缩后 {packed} KB）：可能是压缩炸弹，未打开",
    "one part of it unpacks to about {size} MB (from {packed} KB): it may be a bomb and was not opened",
)
_DOCTYPE = Words(
    "工作簿的 XML 中有 DOCTYPE 或实体声明，未打开",
    "the workbook's XML declares a DOCTYPE or entities; it was not opened",
)
_DIMENSION = Words(
    "工作表的使用范围过大（{high} 行 × {wide} 列，只有 {cells} 个单元格）；请删去远处的多余单元格",
    "the used range is too large ({high} {high:row/rows} by {wide} {wide:column/columns}, with {cells} cells); delete the stray cells far out",
)
_FORMULAS = Words(
    "工作表 {sheet} 有 {rows:int} 个公式没有计算结果；请在 Excel 中打开并保存，或粘贴为数值",
    "sheet {sheet} has {rows:int} {rows:formula/formulas} without a calculated value; open and save it in Excel, or paste values",
)
_NO_SHEET = Words("没有名为 {sheet} 的工作表；有：{sheets}", "there is no sheet {sheet}; there are: {sheets}")
_HIDDEN = Words("有 {rows:int} 个隐藏的工作表，未读取：{sheets}", "hidden sheets, not read: {sheets}")
_SEVERAL = Words(
    "有 {rows:int} 个工作表有数据：{sheets}。请在映射文件的 [read] 中写明 sheet",
    "{rows:int} sheets have data: {sheets}. Write `sheet` under [read] in the profile",
)
_LONG = Words(
    "有 {rows:int} 个数字超过 15 位：Excel 只保留前 15 位，若是编号则末位已丢失，请以文本格式导出",
    "{rows:int} {rows:number has/numbers have} more than 15 digits: Excel keeps 15, so the end of an id is lost; export ids as text",
)
_EMPTY = Words("工作簿里没有数据", "there are no data in the workbook")
