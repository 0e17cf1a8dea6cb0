"""Where the header is, and what the columns are called."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from ..words import Words, cut, plain
from .notes import Note, Refused
from .profile import heading, standard

SEARCHED = 40  # records from the top among which the header is looked for
_VALUE = re.compile(r"[-+]?[\d.,:/\-年月日 ]*\d[\d.,:/\-年月日 tz%]*")


def usual_width(records: Sequence[Sequence[str]]) -> int:
    """The number of cells that most records have; of two as frequent, the larger."""
    widths = Counter(len(record) for record in records if any(map(str.strip, record)))
    return max(widths, key=lambda width: (widths[width], width), default=0)


def filled(cell: str | None) -> bool:
    return bool(cell and cell.strip())


def find_header(records: Sequence[Sequence[str]], known: Collection[str], path: Path) -> int:
    """The index of the header among the first records.

    The record with the most headers that the profile knows; where none has any, the first that is as wide as most
    records, filled, all different and holds no number or date. Refused where there is no such record.
    """
    first = records[:SEARCHED]
    matches = [sum(heading(cell) in known for cell in set(record) if filled(cell)) for record in first]
    if matches and max(matches) >= min(2, usual_width(records)):
        return matches.index(max(matches))
    wide = usual_width(records)
    for index, record in enumerate(first):
        cells = [cell for cell in record if filled(cell)]
        if len(cells) >= max(1, 0.6 * wide):
            if any(_VALUE.fullmatch(standard(cell)) for cell in cells):
                break
            _refuse_second_header(records, index, path)
            return index
    raise Refused(path, Note("no_header", _NO_HEADER, values={"lines": len(first)}))


def _refuse_second_header(records: Sequence[Sequence[str]], index: int, path: Path) -> None:
    """Merged cells: a header with holes whose next record fills them, and holds no values either."""
    record, below = records[index], records[index + 1] if index + 1 < len(records) else ()
    holes = [i for i, cell in enumerate(record[:-1]) if not filled(cell) and any(map(filled, record[i:]))]
    cells = [cell for cell in below if filled(cell)]
    filling = holes and all(i < len(below) and filled(below[i]) for i in holes)
    if filling and not any(_VALUE.fullmatch(standard(cell)) for cell in cells):
        raise Refused(path, Note("two_header_rows", _TWO_ROWS, len(holes), values={"skip": index + 1}))


def clean_headers(cells: Sequence[str | None], path: Path) -> tuple[list[str], list[Note]]:
    """Headers in half-width characters, on one line, without what cannot be seen. Duplicates are refused."""
    headers, notes, changed = [], [], []
    for number, cell in enumerate(cells, 1):
        raw = cell or ""
        header = " ".join(plain(unicodedata.normalize("NFKC", raw)).split())
        if header != raw:
            changed.append(number)
        if not header:
            header = f"column {number}"
        elif standard(header) == "row":  # the number of the record has that name
            header = f"{header} (file)"
        headers.append(header)
    twice = [name for name, times in Counter(map(heading, headers)).items() if times > 1]
    if twice:
        raise Refused(
            path, Note("duplicate_headers", _TWICE, len(twice), values={"names": [cut(n, 40) for n in twice]})
        )
    if changed:
        notes.append(Note("headers_cleaned", _CLEANED, len(changed)))
    return headers, notes


_NO_HEADER = Words(
    "前 {lines} 行中找不到表头（应是一行列名，没有数字或日期）。若表头之前有说明行，请在映射文件的 [read] 中写 skip_lines",
    "no header found in the first {lines} records (one record of names, without numbers or dates). Where lines stand "
    "above it, write `skip_lines` under [read] in the profile",
)
_TWO_ROWS = Words(
    "表头占两行（合并单元格，{rows:int} 处空格由下一行填补）。请保留一行，或在映射文件的 [read] 中写 skip_lines = {skip}",
    "the header takes two rows (merged cells: the next row fills {rows:int} {rows:hole/holes}). Leave one, or write "
    "skip_lines = {skip} under [read] in the profile",
)
_TWICE = Words("有重复的列名：{names}", "headers that stand there twice: {names}")
_CLEANED = Words(
    "整理了 {rows:int} 个列名（全角、空格、换行、不可见字符）",
    "headers tidied (full-width, spaces, line breaks, unseen characters): {rows:int}",
)
