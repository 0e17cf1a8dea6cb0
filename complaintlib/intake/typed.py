"""The file's texts become the canonical columns: codes, times, numbers, flags; every repair is marked on its row.

Codes are few and are looked up: each distinct text once, in a table from text to code (`map_<column>`). Ids, numbers
and times are many and are SQL expressions. The result is the table `cases`: `row`, the canonical columns, a hash of
the content, and per column `b_<column>`, the sum of what was done to the value (the constants below).
"""

import csv
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

import duckdb
import pyarrow as pa

from ..home import DATA
from ..schema import CODE, FLAG, ID, NUMBER, TEXT, TIME, WHOLE, Table
from ..words import plain
from .dates import moments
from .mask import mask
from .notes import Note
from .profile import Profile, standard
from .store import literal, quoted

STANDARD, BLANKED, MAPPED, UNLISTED, OUTSIDE, CROSSED, NO_NUMBER, NO_TIME, REPAIRED = (1 << bit for bit in range(9))

TYPES = {CODE: "VARCHAR", TEXT: "VARCHAR", ID: "VARCHAR", TIME: "TIMESTAMP", NUMBER: "DOUBLE", WHOLE: "BIGINT"}
TYPES[FLAG] = "BOOLEAN"

# Direct identifiers, and the purpose for which each is made a pseudonym.
SECRET = {"customer_id": "customer", "order_id": "order", "agent_id": "agent", "person": "person"}

# Texts that mean "missing". A value that the profile lists is never taken for a blank; `NA` and `NULL` can be codes.
BLANKS = frozenset("- -- --- — —— – / // \\ . ? 无 未知 不详 不明 空 未填 未填写 暂无 n/a #n/a (blank) (空白)".split())
YES = frozenset("yes y true t 1 是 有 对 √".split())
NO = frozenset("no n false f 0 否 没有 不是 ×".split())

RANGES = {"csat": (1, 5), "nps": (0, 10)}
RANGES |= dict.fromkeys(("attitude", "solving", "communication", "speed", "expertise"), (1, 5))
RANGES |= {f"expected_{name}": (1, 5) for name in ("attitude", "solving", "communication", "speed", "expertise")}

UNSEEN = (  # as words.plain has them, in the spelling of DuckDB's regular expressions
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2064}"
    r"\x{2066}-\x{206f}\x{feff}\x{fff9}-\x{fffd}\x{ffff}]"
)
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000\u00a0"
_HALF = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + "  "
_BODY = r"(?i)</(p|div|td|tr|span|body|html|table|font)>|<br\s*/?>|<(html|body|!doctype)\b"
_REPLY = r"(?is)\n\s*(-{3,}\s*(original message|forwarded message|原始邮件|转发邮件)|发件人[:：].{0,200}?\n\s*发送时间[:：]).*$"

MACROS = f"""
CREATE OR REPLACE MACRO half(x) AS translate(nfc_normalize(x), {literal(_WIDE)}, {literal(_HALF)});
CREATE OR REPLACE MACRO seen(x) AS CASE WHEN regexp_matches(x, '{UNSEEN}') THEN regexp_replace(x, '{UNSEEN}', '', 'g')
    ELSE x END;
CREATE OR REPLACE MACRO tidy(x) AS CASE WHEN regexp_full_match(x, '[!-~]*') THEN x
    ELSE trim(regexp_replace(half(seen(x)), '\\s+', ' ', 'g')) END;
CREATE OR REPLACE MACRO ident(x) AS ltrim(replace(tidy(x), ' ', ''), '''');
CREATE OR REPLACE MACRO unquoted(x) AS CASE WHEN regexp_matches(x, '(?m)^>|{_REPLY}')
    THEN regexp_replace(regexp_replace(x, '{_REPLY}', ''), '(?m)^>.*\\n?', '', 'g') ELSE x END;
CREATE OR REPLACE MACRO untagged(x) AS CASE WHEN regexp_matches(x, '{_BODY}') THEN
    replace(replace(replace(replace(regexp_replace(regexp_replace(x, '(?i)<br\\s*/?>|</(p|div|tr)>', chr(10), 'g'),
    '(?is)<(style|script)\\b.*?</(style|script)>|<[a-z/!][^<>]*>', '', 'g'),
    '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&amp;', '&') ELSE x END;
CREATE OR REPLACE MACRO prose(x) AS CASE WHEN x IS NULL OR regexp_full_match(x, '\\s*') THEN NULL ELSE
    trim(unquoted(untagged(seen(replace(replace(x, chr(13) || chr(10), chr(10)), chr(13), chr(10))))),
    chr(10) || chr(9) || ' \u3000\u00a0') END;
CREATE OR REPLACE MACRO amount(x) AS regexp_replace(tidy(x), '(?i)^(rmb|cny|usd|eur|gbp|hkd)|[¥$€£\\s]|(元|圆|rmb|cny|usd|eur|gbp)$', '', 'g');
"""
_PLAIN_NUMBER = r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,3})?%?"


def typed(
    con: duckdb.DuckDBPyConnection, profile: Profile, headers: Mapping[str, str], zone: str, codes: dict[str, list[str]]
) -> tuple[Note, ...]:
    """Makes `cases` from `raw`. `headers`: canonical column -> header of the file; `codes`: the store's known codes,
    to which new ones are added. Returns what is to be said of the times."""
    table, notes = profile.canonical, []
    con.execute(MACROS)
    texts = [c for c in table.columns if c in headers and table.columns[c] == TEXT]
    picked, values, marks, joins = ["row"], ["row"], [], []
    for column, kind in table.columns.items():
        if kind == TEXT:
            continue
        value, mark = f"CAST(NULL AS {TYPES[kind]})", None
        if column in headers:
            raw = f"r.{quoted('x_' + column)}"
            picked.append(f"{quoted(headers[column])} AS {quoted('x_' + column)}")
            if kind == ID or column in SECRET:
                value, mark = _id(raw, profile)
            elif kind in (NUMBER, WHOLE):
                value, mark = _number(raw, column, kind, profile)
            elif kind == TIME:
                times = moments(con, headers[column], profile.times, profile.zone, zone)
                picked.append(f"{times.sql} AS {quoted('t_' + column)}")
                notes += times.notes
                value, mark = _time(raw, f"r.{quoted('t_' + column)}", profile)
            else:
                new = _map_codes(con, table, column, headers[column], profile, codes.get(column, ()))
                codes[column] = sorted({*codes.get(column, ()), *new})
                joins.append(f"LEFT JOIN map_{column} m_{column} ON {raw} = m_{column}.raw")
                value, mark = f"CAST(m_{column}.code AS {TYPES[kind]})", f"coalesce(m_{column}.bits, 0)"
        elif column in profile.constants:
            value = f"CAST({literal(str(profile.constants[column]))} AS {TYPES[kind]})"
        elif column == "source":
            value = literal(profile.source or profile.name)
        values.append(f"{value} AS {quoted(column)}")
        if mark:
            marks.append((column, f"CAST({mark} AS UTINYINT)"))
    wording = ", ".join(prose(headers[c], profile) for c in texts) or "NULL"
    content = ", ".join(quoted(c) for c, kind in table.columns.items() if kind != TEXT)
    con.execute(f"""
        CREATE OR REPLACE TABLE cases AS
        SELECT *, hash({content}, wording) AS content FROM (
            SELECT {", ".join(values)}, r.wording,
                {"".join(f"{mark} AS b_{column}, " for column, mark in marks)}
                CAST({" | ".join(f"({mark})" for _, mark in marks) or "0"} AS USMALLINT) AS bits
            FROM (SELECT {", ".join(picked)}, hash({wording}) AS wording FROM raw) r {" ".join(joins)})""")
    return tuple(notes)


def prose(header: str, profile: Profile) -> str:
    """SQL for a text without unseen characters, HTML markup and quoted replies; NULL where it says nothing."""
    text = f"prose({quoted(header)})"
    return f"CASE WHEN length({text}) < 12 AND lower(tidy({text})) IN ({_blanks(profile)}) THEN NULL ELSE {text} END"


def _blanks(profile: Profile) -> str:
    return ", ".join(literal(text) for text in sorted(BLANKS | {standard(text) for text in profile.blanks}))


def _id(raw: str, profile: Profile) -> tuple[str, str]:
    value = f"nullif(CASE WHEN lower(ident({raw})) IN ({_blanks(profile)}) THEN NULL ELSE ident({raw}) END, '')"
    mark = (
        f"CASE WHEN nullif({raw}, '') IS NULL THEN 0 WHEN {value} IS NULL THEN {BLANKED} "
        f"WHEN {value} <> {raw} THEN {STANDARD} ELSE 0 END"
    )
    return value, mark


def _number(raw: str, column: str, kind: str, profile: Profile) -> tuple[str, str]:
    """Full-width digits, currency marks, thousands commas and per cent are read; negative and infinite are refused."""
    low, high = RANGES.get(column, (0, 1e15))
    text = f"amount({raw})"
    number = f"TRY_CAST(rtrim(replace({text}, ',', ''), '%') AS DOUBLE) / CASE WHEN {text} LIKE '%\\%' ESCAPE '\\' THEN 100 ELSE 1 END"
    number = f"CASE WHEN regexp_full_match({text}, {literal(_PLAIN_NUMBER)}) THEN {number} END"
    listed = profile.values.get(column, {})
    if listed:
        cases = " ".join(f"WHEN {literal(standard(k))} THEN {float(v)}" for k, v in listed.items())
        number = f"CASE lower(tidy({raw})) {cases} ELSE {number} END"
    whole = f" AND {number} = floor({number})" if kind == WHOLE else ""
    value = f"CASE WHEN {number} BETWEEN {low} AND {high}{whole} THEN CAST({number} AS {TYPES[kind]}) END"
    mark = (
        f"CASE WHEN nullif({raw}, '') IS NULL THEN 0 WHEN {value} IS NOT NULL THEN "
        f"CASE WHEN TRY_CAST({raw} AS DOUBLE) IS NULL THEN {STANDARD} ELSE 0 END "
        f"WHEN tidy({raw}) = '' OR lower(tidy({raw})) IN ({_blanks(profile)}) THEN {BLANKED} ELSE {NO_NUMBER} END"
    )
    return value, mark


def _time(raw: str, value: str, profile: Profile) -> tuple[str, str]:
    mark = (
        f"CASE WHEN nullif({raw}, '') IS NULL OR {value} IS NOT NULL THEN 0 "
        f"WHEN tidy({raw}) = '' OR lower(tidy({raw})) IN ({_blanks(profile)}) THEN {BLANKED} ELSE {NO_TIME} END"
    )
    return value, mark


# ------------------------------------------------------------------------------------------------- codes


def _map_codes(
    con: duckdb.DuckDBPyConnection, table: Table, column: str, header: str, profile: Profile, known: Iterable[str]
) -> set[str]:
    """Makes `map_<column>` (raw, code, bits), most frequent texts first, so that a spelling is the usual one.

    Returns codes that neither the profile nor the store had.
    """
    listed = {standard(raw): code for raw, code in profile.values.get(column, {}).items()}
    crossed = profile.crosswalk.get(column, {})
    if table.columns[column] == FLAG:
        listed = {**dict.fromkeys(YES, "true"), **dict.fromkeys(NO, "false")} | {
            raw: {"yes": "true", "no": "false"}.get(str(code).lower(), str(code).lower()) for raw, code in listed.items()
        }
    elif column == "valid":
        listed = {**dict.fromkeys(YES, "yes"), **dict.fromkeys(NO, "no")} | listed
    spelled = {standard(code): code for code in (*known, *_labelled(column), *listed.values(), *crossed, *crossed.values())}
    closed = column in profile.closed or table.columns[column] == FLAG
    before, blanks = set(spelled), BLANKS | {standard(text) for text in profile.blanks}
    official = before - {standard(code) for code in known}

    def code_of(raw: str) -> tuple[str | None, int]:
        key = standard(raw)
        if key in listed:
            code, bits = listed[key], MAPPED
        elif not key or key in blanks:
            return None, BLANKED if raw else 0
        elif key in spelled:
            code, bits = spelled[key], STANDARD
        elif closed:
            return None, OUTSIDE
        else:
            code, bits = _spelling(raw), STANDARD
            spelled[key] = code
        bits = 0 if code == raw else bits
        if listed and key not in listed and key not in official:
            bits |= UNLISTED
        return (crossed[code], bits | CROSSED) if code in crossed else (code, bits)

    con.execute(f"CREATE OR REPLACE TABLE map_{column}(raw VARCHAR, code VARCHAR, bits UTINYINT)")
    texts = con.cursor().execute(
        f"SELECT {quoted(header)} AS raw FROM raw WHERE {quoted(header)} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    for batch in texts.to_arrow_reader(100_000):
        raws = batch.column(0)
        done = [code_of(raw) for raw in raws.to_pylist()]
        coded = pa.table([raws, pa.array([d[0] for d in done], pa.string()), pa.array([d[1] for d in done], pa.uint8())],
                         names=["raw", "code", "bits"])  # fmt: skip
        con.register("coded", coded)
        con.execute(f"INSERT INTO map_{column} SELECT * FROM coded")
        con.unregister("coded")
    return {spelled[key] for key in set(spelled) - before} if table.columns[column] == CODE else set()


def _spelling(raw: str) -> str:
    """A code that no list has, as it came but in standard form, and without personal data in it."""
    text = " ".join(plain(unicodedata.normalize("NFKC", raw)).split())
    return mask([text])[0][0] if any(c.isdigit() or c == "@" for c in text) else text


@cache
def _labels() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with open(DATA / "labels.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["field"]] = (*found.get(row["field"], ()), row["code"])
    return found


def _labelled(column: str) -> tuple[str, ...]:
    """The codes that `data/labels.csv` has words for."""
    return _labels().get(column, ())
