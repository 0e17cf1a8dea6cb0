"""Reading: any file a company exports becomes the DuckDB table `raw`, every value still the text it was.

Nothing is typed and nothing is guessed: ids keep leading zeros and 18 digits, `NA` stays `NA`. Records that cannot be
read are in the table `unread` with the reason; a file that would have to be guessed at is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ..words import Words
from . import delimited, excel, records
from .encodings import Survey, encoding_of, survey
from .header import clean_headers
from .kept import forget
from .kinds import kind_of, plain_file, unpacked
from .notes import Note, Refused
from .profile import Profile
from .store import quoted

__all__ = ["Note", "Refused", "Source", "read", "read_headers"]

_SUFFIX = {"csv": (".csv", ".tsv", ".txt", ".tab", ".dat"), "excel": (".xlsx", ".xls", ".xlsm", ".xlsb")}
_SUFFIX |= {"json": (".json", ".jsonl", ".ndjson"), "parquet": (".parquet", ".pq")}
# The first cell of a row of sums.
_TOTAL = r"(合\s*计|总\s*计|小\s*计|共\s*计|总数|grand total|sub-?total|totals?)\s*[:：]?[\d\s,.]*"


@dataclass(frozen=True)
class Source:
    """What was read. `rows` counts the records in the file: those in `raw` plus those in `unread`."""

    path: Path
    sha256: str
    kind: str  # csv, excel, json, parquet
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    headers: tuple[str, ...]
    rows: int
    notes: tuple[Note, ...]


def read_headers(path: str | Path, profile: Profile | None = None) -> tuple[str, ...]:
    """The cleaned headers of the file, from its beginning only: what `pick_profile` needs."""
    profile = profile or Profile("")
    path = plain_file(path)
    with _opened(path) as (file, kind, seen):
        if kind == "csv":
            cells = delimited.sniff(file, seen, profile.read, profile.known).cells
        elif kind == "excel":
            _, rows, _ = excel.open_sheet(file, profile.read)
            cells, _, _ = records.sheet_header(file, rows, profile.known, profile.read.skip_lines)
        elif kind == "json":
            encoding = encoding_of(file, seen, profile.read.encoding)
            first = [
                records.flat(r)
                for _, r in zip(range(1000), records.json_records(file, encoding), strict=False)
                if r
            ]
            cells = tuple(dict.fromkeys(key for record in first for key in record))
        else:
            cells = tuple(name for name, _ in records.parquet_columns(file))
        return tuple(clean_headers(cells, path)[0])


def read(
    path: str | Path, profile: Profile, con: duckdb.DuckDBPyConnection, into: Path | None = None
) -> Source:
    """Reads the file into `con`, in place of an earlier one. The folder `into`, where given, takes what is large.

    `raw`: `row` (BIGINT, number of the record in the file, 1 = first after the header), then every column of the file
    as VARCHAR under its cleaned header (with `into`, of a delimited file the first column and those that the profile
    knows); an empty field is NULL. `unread`: `row`, `why` (a code: short_row, long_row,
    too_long, bad_json, total_row, blank_row). Raises Refused where the file cannot be read without guessing.
    """
    path = plain_file(path)
    encoding = delimiter = sheet = None
    forget(con)
    try:
        with _opened(path) as (file, kind, seen):
            if kind == "csv":
                form = delimited.sniff(file, seen, profile.read, profile.known)
                encoding, delimiter = form.encoding, form.delimiter
                headers, nameless, notes = delimited.load(
                    file, seen, form, con, into, profile.known if into else ()
                )
            elif kind == "excel":
                sheet, rows, said = excel.open_sheet(file, profile.read)
                headers, nameless, notes = records.load_rows(
                    file, rows, profile.known, profile.read.skip_lines, con
                )
                notes = said + notes
            elif kind == "json":
                encoding = encoding_of(file, seen, profile.read.encoding)
                headers, nameless, notes = records.load_json(file, encoding, con)
            else:
                headers, nameless, notes = records.load_parquet(file, con, into)
    except Refused as refused:
        raise Refused(path, *refused.problems) from refused  # under its own name, not that of a copy
    if not path.name.lower().removesuffix(".gz").endswith(_SUFFIX[kind]):
        notes.append(Note("named_otherwise", _NAMED, values={"kind": kind}))
    headers, more = _without_nameless(headers, nameless, con)
    notes += more + _set_aside([header for header in headers if header in _kept(con)], con)
    total = con.execute("SELECT (SELECT count(*) FROM raw) + (SELECT count(*) FROM unread)").fetchone()[0]
    return Source(
        path, survey(path).sha256, kind, encoding, delimiter, sheet, tuple(headers), total, tuple(notes)
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Path, str, Survey]]:
    """The file, or what a .gz holds, with its kind and what its bytes show."""
    with TemporaryDirectory(prefix="complaintkit-") as folder:
        kind = kind_of(path)
        if kind == "gzip":
            path = unpacked(path, Path(folder))
            kind = kind_of(path)
            if kind not in ("csv", "json"):
                raise Refused(path, Note("type", _PACKED, values={"kind": kind}))
        seen = survey(path)
        if not seen.size or (kind == "csv" and not seen.head.strip(b" \t\r\n\xef\xbb\xbf")):
            raise Refused(path, Note("empty_file", _EMPTY))
        yield path, kind, seen


def _without_nameless(
    headers: list[str], nameless: list[str], con: duckdb.DuckDBPyConnection
) -> tuple[list[str], list[Note]]:
    """Columns without a name are dropped where they are empty; where they are not, they get a number for a name."""
    kept, notes = [], []
    for name in nameless:
        filled = con.execute(f"SELECT count(*) FILTER (trim({quoted(name)}) <> '') FROM kept").fetchone()[0]
        if filled:
            kept.append(name)
            notes.append(Note("nameless_column", _NAMELESS, filled, values={"name": name}))
    dropped = [name for name in nameless if name not in kept]
    if dropped:
        notes.append(Note("trailing_separator", _DROPPED, len(dropped)))
    return [header for header in headers if header not in dropped], notes


def _kept(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for name, *_ in con.execute("DESCRIBE kept").fetchall()}


def _set_aside(headers: list[str], con: duckdb.DuckDBPyConnection) -> list[Note]:
    """Makes `raw`. Empty rows and rows of sums are in `unread`: what counts is the first cell with anything in it."""
    first, *others = (f"nullif(trim({quoted(header)}), '')" for header in headers)
    total = f"length(cell) < 40 AND regexp_full_match(cell, '{_TOTAL}', 'i')"
    con.execute(  # each different text is looked at once
        f"""CREATE OR REPLACE TEMP TABLE firsts AS SELECT raw FROM (
            SELECT {quoted(headers[0])} AS raw, {first} AS cell FROM (SELECT DISTINCT {quoted(headers[0])} FROM kept))
        WHERE cell IS NULL OR ({total})"""
    )
    suspects = f"kept SEMI JOIN firsts ON {quoted(headers[0])} IS NOT DISTINCT FROM raw"
    if con.execute("SELECT count(*) FROM firsts").fetchone()[0]:  # only then are the other columns looked at
        con.execute(
            f"""INSERT INTO unread SELECT "row", CASE WHEN cell IS NULL THEN 'blank_row' ELSE 'total_row' END
            FROM (SELECT "row", coalesce({", ".join([first, *others])}) AS cell FROM {suspects})
            WHERE cell IS NULL OR ({total})"""
        )
    found = con.execute(
        """SELECT why, count(*), list(row ORDER BY row)[:5] FROM unread WHERE why IN ('blank_row', 'total_row')
        GROUP BY why ORDER BY why"""
    ).fetchall()
    read_in = ' WHERE "row" NOT IN (SELECT row FROM unread)' if found else ""
    con.execute(f"CREATE VIEW raw AS SELECT {', '.join(map(quoted, ['row', *headers]))} FROM kept{read_in}")
    words = {"blank_row": _BLANK, "total_row": _TOTALS}
    return [Note(why, words[why], rows, tuple(sample)) for why, rows, sample in found]


_EMPTY = Words("文件是空的", "the file is empty")
_PACKED = Words(
    "压缩包内是 {kind} 文件；只接受压缩的文本文件",
    "there is a {kind} file inside; only packed text files are taken",
)
_NAMED = Words("文件名的后缀与内容不符：内容是 {kind}", "the name says otherwise, but the content is {kind}")
_NAMELESS = Words(
    "有一列没有列名但有 {rows:int} 个值，暂名 {name}",
    "a column without a header has {rows:int} {rows:value/values}; it is called {name}",
)
_DROPPED = Words("去掉了 {rows:int} 个没有列名的空列", "empty columns without a header, dropped: {rows:int}")
_BLANK = Words("{rows:int} 个空行已搁置", "empty rows set aside: {rows:int}")
_TOTALS = Words(
    "{rows:int} 个合计行已搁置（第 {sample} 条记录）",
    "rows of totals set aside: {rows:int} (record {sample})",
)
