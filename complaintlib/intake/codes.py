"""Columns of codes: each distinct text is looked up once; the table of texts and codes is small and can be shown."""

import csv
import unicodedata
from collections.abc import Iterable
from functools import cache

import duckdb
import pyarrow as pa

from ..home import DATA
from ..schema import CODE, FLAG, Table
from ..words import plain
from .mask import mask
from .profile import Profile, standard
from .store import literal, quoted

# What was done to a value: marks that add up on a row.
STANDARD, BLANKED, MAPPED, UNLISTED, OUTSIDE, CROSSED, NO_NUMBER, NO_TIME, REPAIRED = (
    1 << bit for bit in range(9)
)

MOST_NAMED = 20_000  # different codes of a column up to which they are numbered

# Texts that mean "missing". A value that the profile lists is never taken for a blank; `NA` and `NULL` can be codes.
BLANKS = frozenset(
    [
        "-",
        "--",
        "---",
        "—",
        "——",
        "–",
        "/",
        "//",
        "\\",
        ".",
        "?",
        "无",
        "未知",
        "不详",
        "不明",
        "空",
        "未填",
        "未填写",
        "暂无",
        "n/a",
        "#n/a",
        "(blank)",
        "(空白)",
    ]
)
YES = frozenset(["yes", "y", "true", "t", "1", "是", "有", "对", "√"])
NO = frozenset(["no", "n", "false", "f", "0", "否", "没有", "不是", "×"])


def blanks(profile: Profile) -> frozenset[str]:
    """All texts that mean "missing" in the profile's source, in standard form."""
    return BLANKS | {standard(text) for text in profile.blanks}


def is_blank(x: str, profile: Profile) -> str:
    """SQL: the text means "missing", the empty one too. Not `IN`, which for many values is a join over all rows."""
    texts = sorted({*blanks(profile), ""})
    listed = f"list_contains([{', '.join(map(literal, texts))}], lower({x}))"
    return (
        f"CASE WHEN strlen({x}) <= {max(len(t.encode()) for t in texts)} THEN {listed} ELSE {x} IS NULL END"
    )


def map_codes(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    column: str,
    header: str,
    profile: Profile,
    known: Iterable[str],
) -> set[str]:
    """Makes `map_<column>` (raw, code, bits), most frequent texts first, so that a spelling is the usual one.

    Returns codes that neither the profile nor the store had.
    """
    listed = {standard(raw): code for raw, code in profile.values.get(column, {}).items()}
    crossed = profile.crosswalk.get(column, {})
    if table.columns[column] == FLAG:
        listed = {**dict.fromkeys(YES, "true"), **dict.fromkeys(NO, "false")} | {
            raw: {"yes": "true", "no": "false"}.get(str(code).lower(), str(code).lower())
            for raw, code in listed.items()
        }
    elif column == "valid":
        listed = {**dict.fromkeys(YES, "yes"), **dict.fromkeys(NO, "no")} | listed
    spelled = {
        standard(code): code
        for code in (*known, *_labelled(column), *listed.values(), *crossed, *crossed.values())
    }
    closed = column in profile.closed or table.columns[column] == FLAG
    before, missing = set(spelled), blanks(profile)
    first: dict[str, str] = {}  # the most frequent way in which a text is written
    official = before - {standard(code) for code in known}

    def code_of(raw: str) -> tuple[str | None, int]:
        key = standard(raw)
        usual = first.setdefault(key, raw)
        if key in listed:
            code, bits = listed[key], MAPPED if usual == raw else MAPPED | STANDARD
        elif not key or key in missing:
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

    con.execute("CREATE OR REPLACE TEMP TABLE mapped(raw VARCHAR, code VARCHAR, bits UTINYINT)")
    texts = con.cursor().execute(
        f"SELECT {quoted(header)} AS raw FROM raw WHERE {quoted(header)} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    for batch in texts.to_arrow_reader(100_000):
        raws = batch.column(0)
        done = [code_of(raw) for raw in raws.to_pylist()]
        coded = pa.table([raws, pa.array([d[0] for d in done], pa.string()), pa.array([d[1] for d in done], pa.uint8())],
                         names=["raw", "code", "bits"])  # fmt: skip
        con.register("coded", coded)
        con.execute("INSERT INTO mapped SELECT * FROM coded")
        con.unregister("coded")
    as_code = (
        "code" if column in profile.complete else _enum(con)
    )  # one that is completed takes codes of other files
    con.execute(f"CREATE OR REPLACE TABLE map_{column} AS SELECT raw, {as_code} AS code, bits FROM mapped")
    return {spelled[key] for key in set(spelled) - before} if table.columns[column] == CODE else set()


def _enum(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: the code as a number with a name, by which rows are held, compared and sorted fast; in order of the names."""
    codes = con.execute(
        f"SELECT DISTINCT code FROM mapped WHERE code IS NOT NULL ORDER BY 1 LIMIT {MOST_NAMED + 1}"
    ).fetchall()
    if not 0 < len(codes) <= MOST_NAMED:
        return "code"
    return f"CAST(code AS ENUM({', '.join(literal(code) for (code,) in codes)}))"


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
