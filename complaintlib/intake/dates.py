"""Time texts of any form become timestamps, or are refused with evidence: nothing is guessed.

A text is reduced to its shape (every digit becomes 9). A column has a few dozen shapes, however many rows: which form
each is in is decided here, and DuckDB reads the rows. Always known: ISO 8601 with or without offset, 2026/1/2 8:05,
2026.1.2, 2026年1月2日 8时5分, 20260102 (with hhmm, hhmmss), 2 Jan 2026, Jan 2, 2026, Excel serials, Unix seconds and
milliseconds; full-width digits in all of them. 03/04/2026 is read only where the profile or the column itself says
which is the day; two-digit years only by a format in the profile. An impossible time (30 Feb, 24:00:00, years before
1900 or from 2200) is no time: the row is counted, never moved to another day.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from ..words import LANGUAGES, Words, label
from .dayorder import STRAY, orders_of, unswapped
from .notes import Note, Refused
from .profile import Times
from .shapes import (
    SHORT_YEAR,
    Branches,
    Shape,
    examples,
    expression,
    form_of,
    masked,
    quoted,
    reading,
    strptime,
)

SHAPES = 2_000  # shapes of a column that are looked at, the most frequent first
_FULL = "０１２３４５６７８９：／－．＋\u3000\u00a0"
_HALF = "0123456789:/-.+  "


@dataclass(frozen=True)
class Moments:
    """How a column of time texts is read.

    `sql`: an expression over the table that gives a TIMESTAMP (microseconds) local to the store's zone, or NULL where
    the text is empty or no possible time. `forms`: rows read, by form. `unread`: rows with a text that is no time. `texts`:
    how many different texts there are.
    """

    sql: str
    forms: dict[str, int]
    unread: int
    notes: tuple[Note, ...]
    texts: int = 0


def moments(
    con: duckdb.DuckDBPyConnection,
    column: str,
    times: Times,
    zone: str,
    store_zone: str,
    *,
    table: str = "raw",
    file: str = "",
    blanks: Collection[str] = (),
) -> Moments:
    """The forms found in `column` of `table` and the expression that reads them; Refused where they cannot be told.

    Naive times are local to `zone`, times with an offset are what they say; both become local to `store_zone`. Texts
    in `blanks` (standardised) mean that there is no time, and are not counted.
    """
    text = _text(column, blanks)
    shapes = _shapes(con, text, times, table)
    if not shapes:
        return Moments("CAST(NULL AS TIMESTAMP)", {}, 0, ())
    notes: list[Note] = []
    problems: list[Note] = []
    orders = orders_of(
        column, [s for s in shapes if not s.declared and form_of(s.text) == "order"], times, problems, notes
    )
    branches: Branches = {}
    short: Branches = {}  # not read, but they may show more of what is wrong
    for shape in shapes:
        form, how = reading(shape, orders, times, zone, store_zone)
        if how:
            (short if form == SHORT_YEAR else branches).setdefault((form, how), []).append(shape.text)
    different = con.execute("SELECT count(*) FROM time_texts").fetchone()[0]
    found = _found(con, branches | short)
    sql = expression(text, _shape_of(text), branches)
    sql = unswapped(column, sql, found, times.swapped, problems, notes)
    forms: Counter[str] = Counter()
    for form, day, rows in found:
        forms[form] += rows if day is not None and form != SHORT_YEAR else 0
    total, read = sum(shape.rows for shape in shapes), forms.total()
    short_years = [s for s in shapes if not s.declared and form_of(s.text) == SHORT_YEAR]
    if sum(shape.rows for shape in short_years) > STRAY * total:
        problems.append(_evidence("two_digit_years", _SHORT_YEAR, column, short_years))
    elif not read and not problems:
        problems.append(_evidence("no_times", _NO_TIMES, column, shapes))
    if problems:
        raise Refused(file or column, *problems)
    read_forms = {form: rows for form, rows in forms.most_common() if rows}
    notes.insert(0, Note("time_forms", _FORMS, read, values={"column": column, "forms": _said(read_forms)}))
    if total > read:
        notes.append(Note("unread_times", _UNREAD, total - read, values={"column": column}))
    return Moments(sql, read_forms, total - read, tuple(notes), different)


def _text(column: str, blanks: Collection[str]) -> str:
    """The text in half-width characters without surrounding blanks, NULL where there is nothing."""
    name = '"' + column.replace('"', '""') + '"'
    half = f"CASE WHEN strlen({name}) = length({name}) THEN {name} ELSE translate({name}, {quoted(_FULL)}, {quoted(_HALF)}) END"
    text = f"nullif(trim({half}, ' \t\r\n'), '')"
    missing = ", ".join(quoted(blank) for blank in sorted(blanks))
    return f"CASE WHEN lower({text}) NOT IN ({missing}) THEN {text} END" if missing else text


def _shape_of(text: str) -> str:
    return f"translate(left({text}, 48), '0123456789', '9999999999')"


def _shapes(con: duckdb.DuckDBPyConnection, text: str, times: Times, table: str) -> list[Shape]:
    """The shapes of the column, the most frequent first. Leaves the different texts in the table `time_texts`."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE time_texts AS SELECT t, {_shape_of("t")} AS shape, rows, first
        FROM (SELECT {text} AS t, count(*) AS rows, min("row") AS first FROM "{table}" GROUP BY ALL) WHERE t IS NOT NULL"""
    )
    declared = " OR ".join(f"({strptime('t', form)} IS NOT NULL)" for form in times.formats) or "false"
    found = con.execute(
        f"""WITH marked AS (SELECT *, CASE WHEN t[2] IN ('-', '/', '.') THEN t[2] WHEN t[3] IN ('-', '/', '.') THEN t[3]
            END AS sep FROM time_texts),
        parts AS (SELECT *, TRY_CAST(split_part(t, sep, 1) AS INT) AS a, TRY_CAST(split_part(t, sep, 2) AS INT) AS b
            FROM marked)
        SELECT shape, sum(rows), coalesce(sum(rows) FILTER ({declared}), 0),
            coalesce(sum(rows) FILTER (a > 12), 0), coalesce(sum(rows) FILTER (b > 12), 0),
            min(first) FILTER (a > 12), min(first) FILTER (b > 12), min(first) FILTER (a <= 12 AND b <= 12 AND a <> b)
        FROM parts GROUP BY shape ORDER BY sum(rows) DESC, shape LIMIT {SHAPES}"""
    ).fetchall()
    return [Shape(*row[:5], tuple(row[5:])) for row in found]


def _found(con: duckdb.DuckDBPyConnection, branches: Branches) -> list[tuple[str, date | None, int]]:
    """Rows by form and day; a day of None: a text of that form that is no possible time."""
    names = {shape: form for (form, _), shapes in branches.items() for shape in shapes}
    found = con.execute(
        f"""SELECT shape, CAST({expression("t", "shape", branches)} AS DATE) AS day, sum(rows)
        FROM time_texts GROUP BY shape, day ORDER BY sum(rows) DESC, shape, day"""
    ).fetchall()
    con.execute("DROP TABLE time_texts")
    return [(names[shape], day, rows) for shape, day, rows in found if shape in names]


def _evidence(code: str, words: Words, column: str, shapes: Sequence[Shape]) -> Note:
    shown = list(dict.fromkeys(masked(shape.text) for shape in shapes))[:4]
    values = {"column": column, "shapes": shown}
    return Note(code, words, sum(shape.rows for shape in shapes), examples(shapes), values)


def _said(forms: dict[str, int]) -> Words:
    shown = (
        BETWEEN[lang].join(f"{label('time_form', form, lang)} {rows:,}" for form, rows in forms.items())
        for lang in LANGUAGES
    )
    return Words(*shown)


BETWEEN = {"zh": "；", "en": "; "}
_FORMS = Words(
    "列 {column}：按形式识别的时间（行数）：{forms}", "column {column}: times by form (rows): {forms}"
)
_UNREAD = Words(
    "列 {column}：{rows:int} 个值不是可能的时间（如 2 月 30 日、24:00:00）",
    "column {column}: values that are no possible time (such as 30 February, 24:00:00): {rows:int}",
)
_SHORT_YEAR = Words(
    "列 {column}：{rows:int} 行的年份只有两位（形如 {shapes}，9 代表数字）。若确定，请在映射文件的 [times] 中写明 formats，"
    '例如 formats = ["%d-%m-%y"]',
    "column {column}: {rows:int} {rows:row has/rows have} a year of two digits (shaped {shapes}, 9 is any digit). Where it is certain, "
    'write formats under [times] in the profile, such as formats = ["%d-%m-%y"]',
)
_NO_TIMES = Words(
    "列 {column} 没有一个值是可识别的时间（形如 {shapes}，9 代表数字，x 代表文字）；请核对列对应或写明 formats",
    "column {column}: no value is a known time (shaped {shapes}, 9 is any digit, x any letter); check the mapping or "
    "write formats",
)
