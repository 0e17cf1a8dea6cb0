"""CSV and its kin: separator, quotes and header are found in the head of the file, the rest is read by DuckDB."""

import codecs
import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ..words import Words
from .encodings import HEAD, Survey, encoding_of, mojibake, to_utf8
from .header import clean_headers, filled, find_header, usual_width
from .kept import keep
from .notes import Note, Refused
from .profile import Reading, heading
from .store import quoted

DELIMITERS = (",", "\t", ";", "|", "，", "；")
LONGEST = 1 << 24  # bytes of the longest record


@dataclass(frozen=True)
class Form:
    """How a delimited file is written. `skip`: lines above the header; `width`: fields of its records."""

    encoding: str
    delimiter: str
    quote: str
    backslash: bool
    skip: int
    cells: tuple[str, ...]
    width: int


def sniff(path: Path, seen: Survey, reading: Reading, known: Collection[str]) -> Form:
    """The form of the file, from its head; Refused where the head is not a table."""
    encoding = encoding_of(path, seen, reading.encoding)
    text = codecs.getincrementaldecoder(encoding)().decode(seen.head).replace("\0", "").removeprefix("\ufeff")
    if not text.strip():
        raise Refused(path, Note("empty_file", _EMPTY))
    if mojibake(text):
        raise Refused(path, Note("mojibake", _MOJIBAKE))
    cr_only = not re.search(r"\n", text) and "\r" in text
    text = text.replace("\r\n", "\n").replace("\r", "\n" if cr_only else " ")
    whole = seen.size <= HEAD
    asked = [reading.delimiter] if reading.delimiter else [d for d in DELIMITERS if d == "," or d in text]
    forms = [_form(text, whole, delimiter, reading.skip_lines, known, path) for delimiter in asked]
    best = max(forms, key=lambda form: form[0])
    if isinstance(best[1], Refused):
        raise best[1]
    return replace(best[1], encoding=encoding)


def _form(
    text: str, whole: bool, delimiter: str, skip: int | None, known: Collection[str], path: Path
) -> tuple[tuple, Form | Refused]:
    """How well this separator explains the head, and the form it gives."""
    quote = _quote(text, delimiter)
    backslash = _backslash(text, delimiter, quote)
    records, starts = _records(text, delimiter, quote, backslash, skip or 0, whole)
    width = usual_width(records)
    share = sum(len(record) == width for record in records) / max(len(records), 1) if width > 1 else 0.0
    try:
        index = 0 if skip is not None and records else find_header(records, known, path)
    except Refused as refused:
        return (0, share, width), refused
    cells = records[index]
    body = [record for record in records[index + 1 :] if any(map(str.strip, record))]
    width = usual_width(body) or len(cells)
    matches = sum(heading(cell) in known for cell in cells)
    if width != len(cells):
        beyond = (cell for record in body if len(record) == width for cell in record[len(cells) :])
        if width != len(cells) + 1 or any(map(filled, beyond)):
            values = {"header": len(cells), "width": width}
            return (matches, share / 2, len(cells)), Refused(path, Note("shifted", _SHIFTED, values=values))
    return (matches, share, len(cells)), Form(
        "", delimiter, quote, backslash, starts[index], tuple(cells), width
    )


def _quote(text: str, delimiter: str) -> str:
    """The double quote, unless the file has none and wraps its fields in single ones."""
    edge = re.escape(delimiter)
    single = len(re.findall(rf"(?:^|{edge})'[^'\n]*'(?={edge}|$)", text, re.MULTILINE))
    return "'" if '"' not in text and single > text.count("\n") / 2 else '"'


def _backslash(text: str, delimiter: str, quote: str) -> bool:
    """Quotes within fields are escaped by a backslash, not doubled; a field may end with a backslash all the same."""
    edge = re.escape(delimiter)
    within = re.search(rf"\\{quote}(?!{edge}|\n|$)", text)
    return within is not None and not re.search(rf"[^{edge}\n]{quote}{quote}", text)


def _records(
    text: str, delimiter: str, quote: str, backslash: bool, skip: int, whole: bool
) -> tuple[list[list[str]], list[int]]:
    """The records of the head and the line each starts on; the last one is left out where the head is not the file."""
    lines = io.StringIO(text, newline="\n")
    for _ in range(skip):
        lines.readline()
    before = csv.field_size_limit(max(HEAD, 131072))
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote,
        doublequote=not backslash,
        escapechar="\\" if backslash else None,
    )
    records, starts, start = [], [], skip
    try:
        for record in reader:
            if record:
                records.append(record)
                starts.append(start)
            start = skip + reader.line_num
    except csv.Error:
        pass  # a field longer than the head: what came before it is enough
    finally:
        csv.field_size_limit(before)
    kept = len(records) if whole else max(len(records) - 1, 1)
    return records[:kept], starts[:kept]


def load(
    path: Path,
    seen: Survey,
    form: Form,
    con: duckdb.DuckDBPyConnection,
    into: Path | None,
    wanted: Collection[str] = (),
) -> tuple[list[str], list[str], list[Note]]:
    """Fills `kept` and `unread`; gives the headers, those of them that had no name, and what there is to say.

    Where `wanted` names headers, columns with another name are not kept, but for the first.
    """
    headers, notes = clean_headers([*form.cells, *[""] * (form.width - len(form.cells))], path)
    nameless = [name for name, cell in zip(headers, [*form.cells, ""], strict=False) if not filled(cell)]
    picked = {
        f"c{at}": header
        for at, header in enumerate(headers)
        if at == 0 or not wanted or header in nameless or heading(header) in wanted
    }
    size = seen.size
    plain_utf8 = form.encoding in ("utf-8", "utf-8-sig") and not seen.nul and not seen.lone_cr
    with TemporaryDirectory(prefix="complaintkit-") as folder:
        copy = Path(folder) / "utf8.csv"
        if plain_utf8 and not re.search(r"[*?\[]", str(path)):  # DuckDB would take these for a pattern
            try:
                _scan(path, form, picked, con, into)
            except duckdb.InvalidInputException:  # line ends of two kinds outside of quotes
                plain_utf8 = False
        else:
            plain_utf8 = False
        if not plain_utf8:
            cr_only = seen.lone_cr and not seen.crlf and not seen.lone_lf
            to_utf8(path, form.encoding, copy, lines="cr" if cr_only else "lf")
            try:
                _scan(copy, form, picked, con, into)
            except duckdb.Error as error:
                values = {"why": type(error).__name__}
                raise Refused(path, Note("unreadable", _UNREADABLE, values=values)) from None
            size = copy.stat().st_size
    notes += _said(seen, form) + _rejects(path, form, size, con, into)
    return headers, nameless, notes


def _scan(
    path: Path, form: Form, picked: dict[str, str], con: duckdb.DuckDBPyConnection, into: Path | None
) -> None:
    """Keeps the records, of the columns those that are `picked`. DuckDB begins in many places of the file at once; where line breaks within quotes mislead it
    about the beginning of a record it says so, and the file is read from the beginning to the end."""
    try:
        _scan_from(path, form, picked, con, into, "")
    except duckdb.NotImplementedException:
        _scan_from(path, form, picked, con, into, ", parallel = false")


def _scan_from(
    path: Path,
    form: Form,
    picked: dict[str, str],
    con: duckdb.DuckDBPyConnection,
    into: Path | None,
    more: str,
) -> None:
    names = [f"c{i}" for i in range(form.width)]
    columns = ", ".join(f"{name} AS {quoted(header)}" for name, header in picked.items())
    for table in ("unread", "reject_errors", "reject_scans"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    keep(
        con,
        f"""SELECT {columns}
        FROM read_csv($path, columns = {{{", ".join(f"'{name}': 'VARCHAR'" for name in names)}}}, auto_detect = false,
            header = true, skip = {form.skip}, delim = $delimiter, quote = $quote, escape = $escape, strict_mode = true,
            compression = 'none', ignore_errors = true, store_rejects = true, max_line_size = {LONGEST}, buffer_size = {2 * LONGEST}{more})""",
        {
            "path": str(path),
            "delimiter": form.delimiter,
            "quote": form.quote,
            "escape": "\\" if form.backslash else form.quote,
        },
        into,
    )


_WHY = {"MISSING COLUMNS": "short_row", "TOO MANY COLUMNS": "long_row", "LINE SIZE OVER MAXIMUM": "too_long"}


def _rejects(
    path: Path, form: Form, size: int, con: duckdb.DuckDBPyConnection, into: Path | None
) -> list[Note]:
    """Records that DuckDB could not read go to `unread`; a quote that is not closed refuses the file."""
    bad = con.execute(
        """SELECT line, first(error_type), max(line_byte_position + strlen(csv_line)) FROM reject_errors
        WHERE NOT regexp_full_match(csv_line, '\\s*') GROUP BY line ORDER BY line""",
    ).fetchall()
    con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    con.execute("CREATE TABLE unread (row BIGINT, why VARCHAR)")
    first = form.skip + 1  # DuckDB counts the lines it skipped, and the header
    found = [(line - first, _WHY.get(kind, "bad_quotes"), end) for line, kind, end in bad]
    open_quotes = [row for row, why, _ in found if why == "bad_quotes"]
    if open_quotes:
        cut_off = found[-1][1] == "bad_quotes" and found[-1][2] >= size - 2
        words = _CUT_OFF if cut_off else _OPEN_QUOTE
        code = "cut_off" if cut_off else "open_quote"
        raise Refused(path, Note(code, words, len(open_quotes), tuple(open_quotes[:5])))
    if not found:
        return []
    con.executemany("INSERT INTO unread VALUES (?, ?)", [(row, why) for row, why, _ in found])
    keep(  # every row after an unread one moves down by it
        con,
        """SELECT kept."row" + coalesce(shift, 0) AS "row", kept.* EXCLUDE ("row") FROM kept ASOF LEFT JOIN (
            SELECT before, max(j) AS shift FROM (
                SELECT row - row_number() OVER (ORDER BY row) AS before, row_number() OVER (ORDER BY row) AS j FROM unread)
            GROUP BY before) moved ON kept."row" > moved.before""",
        folder=into,
        numbered=True,
    )
    notes = []
    for why, words in (("short_row", _SHORT), ("long_row", _LONG), ("too_long", _TOO_LONG)):
        rows = [row for row, reason, _ in found if reason == why]
        if rows:
            notes.append(Note(why, words, len(rows), tuple(rows[:5])))
    if found[-1][1] == "short_row" and found[-1][2] >= size - 2:
        notes.append(Note("last_row_short", _LAST_SHORT, 1, (found[-1][0],)))
    return notes


def _said(seen: Survey, form: Form) -> list[Note]:
    """How the file was read, and what was mended on the way."""
    names = {"\t": "Tab", ",": "','", ";": "';'", "|": "'|'", "，": "'，'"}
    written = {"delimiter": names.get(form.delimiter, repr(form.delimiter)), "quote": form.quote}
    notes = [
        Note("encoding", Words("编码：{name}", "encoding: {name}"), values={"name": form.encoding}),
        Note(
            "delimiter",
            Words("分隔符 {delimiter}，引号 {quote}", "separator {delimiter}, quote {quote}"),
            values=written,
        ),
    ]
    if form.skip:
        notes.append(Note("junk_lines", _JUNK, form.skip))
    if form.backslash:
        notes.append(Note("backslash_quotes", _BACKSLASH))
    if seen.nul and form.encoding.startswith(("utf-8", "gb", "big5")):
        notes.append(Note("nul", _NUL, seen.nul))
    if seen.lone_cr and (seen.crlf or seen.lone_lf):
        notes.append(Note("lone_cr", _LONE_CR, seen.lone_cr))
    if seen.unreadable:
        notes.append(Note("lost_characters", _LOST, seen.unreadable))
    return notes


_EMPTY = Words("文件是空的（没有任何文字）", "the file is empty (no text in it)")
_MOJIBAKE = Words(
    "文件里的中文已是乱码（曾用西文编码读取并另存）；请从源系统重新导出",
    "the Chinese in this file is already garbled (it was once read in a Western encoding and saved); export it again",
)
_SHIFTED = Words(
    "表头有 {header} 列，而多数行有 {width} 列：各列会错位。请更正导出，或在 [read] 中写明 delimiter 或 skip_lines",
    "the header has {header} {header:field/fields} but most rows have {width}: every column would shift. Mend the export, or write "
    "`delimiter` or `skip_lines` under [read] in the profile",
)
_OPEN_QUOTE = Words(
    "{rows:int} 处引号没有闭合或位置不对，从第 {sample} 条记录起；其后的行会被吞进一个字段",
    "{rows:int} {rows:quote is not closed or stands/quotes are not closed or stand} in a wrong place, at record {sample}; rows after it would be swallowed",
)
_CUT_OFF = Words(
    "文件在引号内的字段里结束（第 {sample} 条记录）：文件不完整，或该处引号没有闭合",
    "the file ends inside a quoted field (record {sample}): it is not whole, or the quote was never closed",
)
_UNREADABLE = Words("文件不能按表格读取（{why}）", "the file cannot be read as a table ({why})")
_SHORT = Words(
    "{rows:int} 行字段不足，已搁置（如第 {sample} 条记录）",
    "rows with too few fields, set aside: {rows:int} (such as record {sample})",
)
_LONG = Words(
    "{rows:int} 行字段过多，已搁置（如第 {sample} 条记录）",
    "rows with too many fields, set aside: {rows:int} (such as record {sample})",
)
_TOO_LONG = Words("{rows:int} 行过长（超过 16 MB），已搁置", "rows longer than 16 MB, set aside: {rows:int}")
_LAST_SHORT = Words("最后一行不完整：文件可能被截断", "the last row is short: the file may have been cut off")
_JUNK = Words(
    "表头之前有 {rows:int} 行不是数据，已跳过",
    "lines above the header that are no data, skipped: {rows:int}",
)
_BACKSLASH = Words("字段内的引号以反斜杠转义", "quotes within fields are written with a backslash")
_NUL = Words("去除了 {rows:int} 个 NUL 字符", "NUL characters taken out: {rows:int}")
_LONE_CR = Words(
    "{rows:int} 个单独的回车符改为空格，未当作换行",
    "lone carriage returns that became spaces, not line ends: {rows:int}",
)
_LOST = Words(
    "有 {rows:int} 个字符在导出前已丢失（U+FFFD）",
    "characters that had been lost before the export (U+FFFD): {rows:int}",
)
