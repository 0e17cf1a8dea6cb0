"""Sheets, JSON, JSON lines and Parquet become the tables `kept` and `unread`, every value as text."""

import json
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ..words import Words
from .header import clean_headers, filled, find_header
from .kept import keep
from .kinds import broken
from .notes import Note, Refused

BATCH = 20_000
LARGEST_JSON = 1 << 29  # bytes of one JSON document: it is held in memory, unlike JSON lines


def _tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE unread (row BIGINT, why VARCHAR)")
    con.execute('CREATE TABLE kept ("row" BIGINT)')


def _name(header: str) -> str:
    return '"' + header.replace('"', '""') + '"'


def _insert(con: duckdb.DuckDBPyConnection, numbers: list[int], columns: dict[str, list[str | None]]) -> None:
    batch = pa.table(
        {"row": pa.array(numbers, pa.int64()), **{k: pa.array(v, pa.string()) for k, v in columns.items()}}
    )
    con.register("batch", batch)
    con.execute("INSERT INTO kept BY NAME SELECT * FROM batch")
    con.unregister("batch")


def _clean(text: str) -> str:
    """Text that can be stored as UTF-8: without NUL and without half a surrogate pair."""
    text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# ----------------------------------------------------------------------------------------------- sheets


def sheet_header(
    path: Path, rows: Iterator[list[str | None]], known: Collection[str], skip: int | None
) -> tuple[list[str | None], list[list[str | None]], int]:
    """The header of a sheet, the rows already taken that stand under it, and how many stand above it."""
    above = list(islice(rows, skip or 0))
    first = list(islice(rows, 100))
    index = (
        0
        if skip is not None and first
        else find_header([[c or "" for c in row] for row in first], known, path)
    )
    return first[index], first[index + 1 :], len(above) + index


def load_rows(
    path: Path,
    rows: Iterator[list[str | None]],
    known: Collection[str],
    skip: int | None,
    con: duckdb.DuckDBPyConnection,
) -> tuple[list[str], list[str], list[Note]]:
    """Fills `kept`; gives the headers, those of them that had no name, and what there is to say."""
    cells, taken, above = sheet_header(path, rows, known, skip)
    headers, notes = clean_headers(cells, path)
    nameless = [name for name, cell in zip(headers, cells, strict=True) if not filled(cell)]
    _tables(con)
    for header in headers:
        con.execute(f"ALTER TABLE kept ADD COLUMN {_name(header)} VARCHAR")
    number, batch = 0, taken
    while batch:
        columns = zip(*batch, strict=True)
        values = {
            h: [None if v is None else _clean(v) for v in column]
            for h, column in zip(headers, columns, strict=True)
        }
        _insert(con, list(range(number + 1, number + len(batch) + 1)), values)
        number += len(batch)
        batch = list(islice(rows, BATCH))
    if above:
        notes.append(Note("junk_lines", _TITLES, above))
    return headers, nameless, notes


# ------------------------------------------------------------------------------------------------- JSON


def json_records(path: Path, encoding: str) -> Iterator[dict[str, Any] | None]:
    """The objects of a JSON document (a list, or an object that holds one list) or of JSON lines; None where bad."""
    with open(path, encoding=encoding) as file:
        start = file.read(1 << 16).lstrip("\ufeff \t\r\n")
        file.seek(0)
        if start.startswith("[") or not _object(start.split("\n", 1)[0].strip()):
            yield from _document(path, file.read() if path.stat().st_size <= LARGEST_JSON else None)
            return
        for line in file:
            if line := line.strip("\ufeff \t\r\n"):
                yield _object(line)


def _numbers_as_written(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = _numbers_as_written(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _document(path: Path, text: str | None) -> Iterator[dict[str, Any] | None]:
    if text is None:
        raise Refused(path, Note("large_json", _LARGE))
    try:
        value = _numbers_as_written(text.lstrip("\ufeff"))
    except ValueError as error:
        values = {"line": getattr(error, "lineno", 0)}
        raise Refused(path, Note("bad_json", _BAD_DOCUMENT, values=values)) from None
    except RecursionError:
        raise Refused(path, Note("bad_json", _BAD_DOCUMENT, values={"line": 1})) from None
    if isinstance(value, dict):
        lists = [
            part for part in value.values() if isinstance(part, list) and part and isinstance(part[0], dict)
        ]
        value = lists[0] if len(lists) == 1 else [value]
    if not isinstance(value, list):
        raise Refused(path, Note("bad_json", _NO_LIST))
    yield from (item if isinstance(item, dict) else None for item in value)


def flat(record: dict[str, Any]) -> dict[str, str | None]:
    """One level of nesting becomes `outer.inner`; what lies deeper, and lists, stay JSON text."""
    pairs = (
        (f"{key}.{inner}" if inner else key, value)
        for key, outer in record.items()
        for inner, value in (outer.items() if isinstance(outer, dict) else [("", outer)])
    )
    return {key: _json_text(value) for key, value in pairs}


def _json_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def load_json(
    path: Path, encoding: str, con: duckdb.DuckDBPyConnection
) -> tuple[list[str], list[str], list[Note]]:
    """Fills `kept` and `unread` from JSON or JSON lines, in batches."""
    _tables(con)
    headers: dict[str, str] = {}  # key as it comes -> header
    notes: list[Note] = []
    bad: list[int] = []
    numbered = enumerate(json_records(path, encoding), 1)
    while batch := list(islice(numbered, BATCH)):
        bad += [number for number, record in batch if record is None]
        good = [(number, flat(record)) for number, record in batch if record is not None]
        new = [
            key for key in dict.fromkeys(key for _, record in good for key in record) if key not in headers
        ]
        if new:
            names, notes = clean_headers([*headers, *new], path)
            for key, name in zip([*headers, *new], names, strict=True):
                if key not in headers:
                    con.execute(f"ALTER TABLE kept ADD COLUMN {_name(name)} VARCHAR")
                headers[key] = name
        if good:
            columns = {name: [record.get(key) for _, record in good] for key, name in headers.items()}
            _insert(con, [number for number, _ in good], columns)
    if not headers:
        raise Refused(path, Note("bad_json", _NO_OBJECT))
    if bad:
        con.execute("INSERT INTO unread SELECT unnest($rows), 'bad_json'", {"rows": bad})
        notes.append(Note("bad_json", _BAD_LINES, len(bad), tuple(bad[:5])))
    return list(headers.values()), [], notes


# ---------------------------------------------------------------------------------------------- Parquet


def parquet_columns(path: Path) -> list[tuple[str, str]]:
    """Name and DuckDB type of each column."""
    with duckdb.connect() as con:
        try:
            return [
                row[:2]
                for row in con.execute("DESCRIBE SELECT * FROM read_parquet($1)", [_literal(path)]).fetchall()
            ]
        except duckdb.Error:
            raise broken(path) from None


def _literal(path: Path) -> str:
    """The path as DuckDB finds it, where its name has the characters of a pattern."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def load_parquet(
    path: Path, con: duckdb.DuckDBPyConnection, into: Path | None
) -> tuple[list[str], list[str], list[Note]]:
    """Fills `kept` from Parquet; a whole number stored as a float loses its point, a time becomes ISO text."""
    types = parquet_columns(path)
    headers, notes = clean_headers([name for name, _ in types], path)
    picked = ", ".join(
        f"{_as_text(_name(name), kind)} AS {_name(header)}"
        for (name, kind), header in zip(types, headers, strict=True)
    )
    con.execute("CREATE OR REPLACE TABLE unread (row BIGINT, why VARCHAR)")
    try:
        keep(con, f"SELECT {picked} FROM read_parquet($file)", {"file": _literal(path)}, into)
    except duckdb.Error:
        raise broken(path) from None
    return headers, [], notes


def _as_text(column: str, kind: str) -> str:
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
        return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(timezone('UTC', {column}) AS VARCHAR) || 'Z'"
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith("]"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


_TITLES = Words(
    "表头之前有 {rows:int} 行（标题等），已跳过", "rows above the header (titles), skipped: {rows:int}"
)
_LARGE = Words(
    "JSON 文件超过 512 MB：请改为每行一条记录（JSON lines）",
    "a JSON document above 512 MB: export it as JSON lines",
)
_BAD_DOCUMENT = Words(
    "不是有效的 JSON（第 {line} 行）；文件可能不完整",
    "it is not valid JSON (line {line}); it may not be whole",
)
_NO_LIST = Words("JSON 中没有记录的列表", "the JSON holds no list of records")
_NO_OBJECT = Words("没有一条记录是 JSON 对象", "no record in it is a JSON object")
_BAD_LINES = Words(
    "{rows:int} 条记录不是有效的 JSON 对象，已搁置（如第 {sample} 条）",
    "records that are no valid JSON objects, set aside: {rows:int} (such as record {sample})",
)
_BROKEN = Words(
    "Parquet 文件已损坏或不完整，不能打开", "the Parquet file is broken or not whole and cannot be opened"
)
