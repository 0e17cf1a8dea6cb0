"""The file's texts become the canonical columns: codes, times, numbers, flags; every repair is marked on its row.

The result is the table `cases`: `row`, the canonical columns but for the texts, and per column `b_<column>`: what was
done to the value, as a sum of the marks in codes.py; `bits` has those of the whole row. What repeats itself, codes and
days, is looked at once a value and not once a row.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import duckdb

from ..schema import ATTITUDES, CODE, FLAG, ID, NUMBER, TEXT, TIME, WHOLE
from . import wording
from .codes import BLANKED, NO_NUMBER, NO_TIME, STANDARD, is_blank, map_codes
from .dates import Moments, moments
from .notes import Note, Refused
from .profile import Profile, standard
from .store import literal, quoted

TYPES = {
    CODE: "VARCHAR",
    TEXT: "VARCHAR",
    ID: "VARCHAR",
    TIME: "TIMESTAMP",
    NUMBER: "DOUBLE",
    WHOLE: "BIGINT",
}
TYPES[FLAG] = "BOOLEAN"

# Direct identifiers, and the purpose for which each is made a pseudonym.
SECRET = {"customer_id": "customer", "order_id": "order", "agent_id": "agent", "person": "person"}

LARGEST = 1e12
_FEW = 100_000
RANGES = {"csat": (1, 5), "nps": (0, 10), "expected_change": (-1, LARGEST)} | {
    name: (1, 5) for attitude in ATTITUDES for name in (attitude, f"expected_{attitude}")
}

_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000\u00a0"
_HALF = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + "  "
_MONEY = r"(?i)^(人民币|rmb|cny|usd|eur|gbp|hkd)|[¥￥$€£\s]|(元整|元|圆|rmb|cny|usd|eur|gbp|hkd)$"
_PLAIN_NUMBER = r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,3})?%?"

_MACROS = f"""
CREATE OR REPLACE MACRO tidy(x) AS CASE WHEN regexp_full_match(x, '[!-~]*') THEN x ELSE
    trim(regexp_replace(translate(regexp_replace(nfc_normalize(x), {literal(wording.UNSEEN)}, '', 'g'),
    {literal(_WIDE)}, {literal(_HALF)}), '\\s+', ' ', 'g')) END;
CREATE OR REPLACE MACRO ident(x) AS ltrim(replace(tidy(x), ' ', ''), {literal("'")});
CREATE OR REPLACE MACRO amount(x) AS regexp_replace(tidy(x), {literal(_MONEY)}, '', 'g');
"""


class _Piece(NamedTuple):
    """How one column comes about, in four selects, one over the other: `read` over raw, `joined` with its table of
    values, `value` over those, and `mark` over the value and the raw text."""

    column: str
    value: str
    read: str = ""
    joined: str = ""
    join: str = ""
    mark: str = ""


def typed(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    headers: Mapping[str, str],
    zone: str,
    codes: dict[str, list[str]],
) -> tuple[Note, ...]:
    """Makes `cases` from `raw`; returns what is to be said of the times.

    `headers`: canonical column -> header of the file. `codes`: the store's known codes, to which new ones are added.
    """
    con.execute(_MACROS)
    notes: list[Note] = []
    problems: list[Note] = []
    pieces = list(_pieces(con, profile, headers, zone, codes, notes, problems))
    if problems:
        raise Refused(profile.name, *problems)
    read = ["row", *(p.read for p in pieces if p.read)]
    raws = "".join(f", x_{p.column}" for p in pieces if p.mark)
    done = "".join(f", z_{p.column}" for p in pieces if p.joined)
    marks = "".join(f", CAST({p.mark} AS UTINYINT) AS b_{p.column}" for p in pieces if p.mark)
    bits = " | ".join(f"b_{p.column}" for p in pieces if p.mark) or "0"
    con.execute(
        f"""CREATE OR REPLACE TABLE cases AS SELECT *, CAST({bits} AS USMALLINT) AS bits
        FROM (SELECT * EXCLUDE (at_{raws}{done}){marks}
        FROM (SELECT row, 0 AS at_{raws}{done}, {", ".join(f"{p.value} AS {quoted(p.column)}" for p in pieces)}
        FROM (SELECT r.*{"".join(", " + p.joined for p in pieces if p.joined)}
        FROM (SELECT {", ".join(read)} FROM raw) r {" ".join(p.join for p in pieces)})))"""
    )
    return tuple(notes)


def reword_texts(
    con: duckdb.DuckDBPyConnection, profile: Profile, headers: Mapping[str, str]
) -> dict[str, int]:
    """Cleans the free texts; rows by what was taken out of them."""
    con.execute(_MACROS)
    total: dict[str, int] = {}
    for column, kind in profile.canonical.columns.items():
        if kind == TEXT and column in headers:
            for name, count in wording.reword(con, column, headers[column], profile).items():
                total[name] = total.get(name, 0) + count
    return total


def _pieces(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    headers: Mapping[str, str],
    zone: str,
    codes: dict[str, list[str]],
    notes: list[Note],
    problems: list[Note],
) -> Iterator[_Piece]:
    for column, kind in profile.canonical.columns.items():
        if kind == TEXT:
            continue
        if column in headers:
            header = headers[column]
            if kind == ID or column in SECRET:
                yield _id(column, header, profile)
            elif kind in (NUMBER, WHOLE):
                yield _number(column, header, kind, profile)
            elif kind == TIME:
                try:
                    found = moments(con, header, profile.times, profile.zone, zone)
                except Refused as refused:  # the other columns may have problems too
                    problems += refused.problems
                else:
                    notes += found.notes
                    yield _time(con, column, header, found, profile)
            else:
                new = map_codes(con, profile.canonical, column, header, profile, codes.get(column, ()))
                codes[column] = sorted({*codes.get(column, ()), *new})
                yield _code(column, header, kind)
        elif column in profile.constants:
            yield _Piece(column, f"CAST({literal(str(profile.constants[column]))} AS {TYPES[kind]})")
        elif column == "source":
            name = literal(profile.source or profile.name)
            yield _Piece(column, f"CAST({name} AS ENUM({name}))")
        else:
            yield _Piece(column, f"CAST(NULL AS {TYPES[kind]})")


def _id(column: str, header: str, profile: Profile) -> _Piece:
    x, y = f"x_{column}", f"y_{column}"
    return _Piece(
        column,
        value=f"CASE WHEN NOT {is_blank(y, profile)} THEN {y} END",
        read=f"{quoted(header)} AS {x}, ident({quoted(header)}) AS {y}",
        mark=f"CASE WHEN {x} IS NULL THEN 0 WHEN {quoted(column)} IS NULL THEN {BLANKED} "
        f"WHEN {quoted(column)} <> {x} THEN {STANDARD} ELSE 0 END",
    )


def _number(column: str, header: str, kind: str, profile: Profile) -> _Piece:
    """Full-width digits, currency marks, thousands commas and per cent are read; infinite is refused, and negative where it cannot be."""
    x, y = f"x_{column}", f"y_{column}"
    low, high = RANGES.get(column, (0, LARGEST))
    share = f"CASE WHEN suffix({y}, '%') THEN 100 ELSE 1 END"
    number = f"TRY_CAST(rtrim(replace({y}, ',', ''), '%') AS DOUBLE) / {share}"
    number = f"CASE WHEN regexp_full_match({y}, {literal(_PLAIN_NUMBER)}) THEN {number} END"
    if listed := profile.values.get(column):
        cases = " ".join(f"WHEN {literal(standard(raw))} THEN {float(code)}" for raw, code in listed.items())
        number = f"CASE lower({y}) {cases} ELSE {number} END"
    whole = f" AND {number} = floor({number})" if kind == WHOLE else ""
    return _Piece(
        column,
        value=f"CASE WHEN {number} BETWEEN {low} AND {high}{whole} THEN CAST({number} AS {TYPES[kind]}) END",
        read=f"{quoted(header)} AS {x}, amount({quoted(header)}) AS {y}",
        mark=f"CASE WHEN {x} IS NULL THEN 0 WHEN {quoted(column)} IS NOT NULL THEN "
        f"CASE WHEN TRY_CAST({x} AS DOUBLE) IS NULL THEN {STANDARD} ELSE 0 END "
        f"WHEN {is_blank(f'tidy({x})', profile)} THEN {BLANKED} ELSE {NO_NUMBER} END",
    )


def _time(
    con: duckdb.DuckDBPyConnection, column: str, header: str, found: Moments, profile: Profile
) -> _Piece:
    """Days repeat themselves: each is read once, where there are not too many different texts to keep them in memory."""
    x, y = f"x_{column}", f"y_{column}"
    few, m = found.texts <= _FEW, f"m_{column}"
    if few:
        con.execute(
            f"""CREATE OR REPLACE TABLE map_{column} AS SELECT {quoted(header)} AS raw, {found.sql} AS value
            FROM (SELECT DISTINCT {quoted(header)} FROM raw)"""
        )
    return _Piece(
        column,
        value=y,
        read=f"{quoted(header)} AS {x}" + ("" if few else f", {found.sql} AS {y}"),
        joined=f"{m}.value AS {y}, 0 AS z_{column}" if few else "",
        join=f"LEFT JOIN map_{column} {m} ON r.{x} = {m}.raw" if few else "",
        mark=f"CASE WHEN {x} IS NULL OR {quoted(column)} IS NOT NULL THEN 0 "
        f"WHEN {is_blank(f'tidy({x})', profile)} THEN {BLANKED} ELSE {NO_TIME} END",
    )


def _code(column: str, header: str, kind: str) -> _Piece:
    m = f"m_{column}"
    code = f"CAST({m}.code AS {TYPES[kind]})" if kind == FLAG else f"{m}.code"
    return _Piece(
        column,
        value=f"y_{column}",
        read=f"{quoted(header)} AS x_{column}",
        joined=f"{code} AS y_{column}, {m}.bits AS z_{column}",
        join=f"LEFT JOIN map_{column} {m} ON r.x_{column} = {m}.raw",
        mark=f"coalesce(z_{column}, 0)",
    )
