"""Cleaning: each step is one SQL statement over `cases` and one line of the ledger.

A row that a step takes out is deleted from `cases` and noted in `gone` (row, fate, step, source, day): nothing is
dropped without a trace. Steps only look at the columns; texts are read where they are needed and never shown.
"""

from datetime import datetime, timedelta

from ..schema import CLOCKED, CODE, ID, TEXT
from ..words import Words
from .codes import (
    BLANKED,
    CROSSED,
    MAPPED,
    NO_NUMBER,
    NO_TIME,
    OUTSIDE,
    STANDARD,
    UNLISTED,
)
from .ledger import ASIDE, DUPLICATE
from .notes import Note, Refused
from .store import key_of, literal, quoted
from .texts import cleaned, joined
from .work import EARLIEST, Work, counted, drop, moment, repair

LONG = 3650  # days; a case that took longer is counted as doubtful
BEYOND = 0.01  # share of rows after the day the file was written up to which that day is believed

MARKS = {  # what typing did to values, as ledger steps
    "standard": STANDARD,
    "blank": BLANKED,
    "mapped": MAPPED,
    "unlisted": UNLISTED,
    "outside": OUTSIDE,
    "crosswalk": CROSSED,
    "number": NO_NUMBER,
    "time": NO_TIME,
}
SET_ASIDE = ("unreadable", "total", "test", "missing", "no_time", "future")

_TOTALS = "合计 总计 小计 总和 汇总 total totals subtotal sub-total sum grandtotal"
_TEST = (
    r"(?i)[\s\pP]*(this is a )?(test(ing)?|测试)[\s_-]*(record|case|order|ticket|complaint|data|entry|only|数据|工单|记录|单|"
    r"投诉|用例|一下)?[\s\pP]*((please|pls)?\s*ignore( this)?|请?忽略|请?勿处理|请?勿回复)?[\s\pP\d]*"
)


def begin(work: Work, rows: int) -> None:
    """The first lines: rows read, and those that could not be read as a record."""
    source = literal(work.profile.source or work.profile.name)
    work.con.execute(
        "CREATE OR REPLACE TABLE gone AS SELECT row, "
        f"{literal(ASIDE)} AS fate, 'unreadable' AS step, {source} AS source, CAST(NULL AS TIMESTAMP) AS day FROM unread"
    )
    why = work.con.execute("SELECT why, count(*) FROM unread GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    samples = [
        f"#{row}" for (row,) in work.con.execute("SELECT row FROM unread ORDER BY row LIMIT 5").fetchall()
    ]
    work.ledger.add("read", rows)
    work.ledger.add("unreadable", rows, rows - sum(n for _, n in why), samples=samples, note=counted(why))


def typing_lines(work: Work, cut_out: dict[str, int]) -> None:
    """What typing did, from the marks it left on the rows, and what was cut out of texts."""
    rows = work.one("SELECT count(*) FROM cases")
    by_bits = work.con.execute("SELECT bits, count(*) FROM cases GROUP BY 1").fetchall()
    named = work.con.execute(
        "SELECT column_name FROM (DESCRIBE cases) WHERE column_name LIKE 'b\\_%' ESCAPE '\\'"
    ).fetchall()
    columns = {
        name: work.con.execute(f"SELECT {quoted(name)}, count(*) FROM cases GROUP BY 1").fetchall()
        for (name,) in named
    }
    for step, bit in MARKS.items():
        changed = sum(n for bits, n in by_bits if bits & bit)
        counts = [
            (name.removeprefix("b_"), sum(n for bits, n in found if bits & bit))
            for name, found in columns.items()
        ]
        samples = work.samples(f"bits & {bit} > 0") if changed else ()
        work.ledger.add(
            step, rows, changed=changed, samples=samples, note=counted((c, n) for c, n in counts if n)
        )
    work.ledger.add(
        "wording",
        rows,
        changed=max(cut_out.values(), default=0),
        note=counted((c, n) for c, n in cut_out.items() if n),
    )


def set_horizon(work: Work, today_ends: datetime) -> tuple[Note, ...]:
    """A copy or an archive may have given the file a date before its own rows: then today is the last day there can be.

    A few rows beyond the day the file was written (up to `BEYOND`) are mistakes in it; more say that the date is wrong.
    """
    if not _starts_in_the_past(work):
        return ()
    time = work.table.time
    timed, beyond = work.con.execute(
        f"SELECT count({time}), count(*) FILTER (WHERE {time} >= {moment(work.until)}) FROM cases"
    ).fetchone()
    if beyond <= BEYOND * timed:
        return ()
    written, work.until = work.until - timedelta(days=2), max(work.until, today_ends)
    return (Note("file_date", _FILE_DATE, beyond, values={"written": written}),)


def _starts_in_the_past(work: Work) -> bool:
    """A stretch that a table announces (a holiday roster, next month's exposure) may lie ahead; a case cannot."""
    time = work.table.time
    return time is not None and (work.table.name in CLOCKED or time.endswith("_at"))


_FILE_DATE = Words(
    "{rows:int} 行晚于文件自身的日期（{written:day}），该日期不可信：改以今天为限判断“时间在将来”",
    "rows later than the date of the file itself ({written:day}): {rows:int}; that date cannot be right, so a time counts "
    "as future from today on",
)


# ------------------------------------------------------------------------------------------------- steps


def invalid(work: Work) -> None:
    """Rows that are no case: sums, tests, rows without what every row needs, impossible and future times."""
    table, first, time = work.table, work.table.key[0], work.table.time
    codes = [c for c, kind in table.columns.items() if kind == CODE and c != "source"]
    totals = ", ".join(literal(word) for word in _TOTALS.split())
    named = [f"lower({c}) IN ({totals})" for c in codes]
    ids = f"lower(replace({first}, ' ', ''))" if table.columns[first] in (ID, CODE) else "NULL"
    drop(
        work,
        "total",
        f"SELECT row FROM cases WHERE {ids} IN ({totals}) OR ({first} IS NULL AND ({' OR '.join(named) or 'false'}))",
    )
    tested = [c for c in codes if c in ("reason", "subreason", "product", "category", "business_type")]
    tested += [c for c in table.columns if table.columns[c] == ID and c in (*table.key, "customer_id")]
    rows = " OR ".join(f"regexp_full_match({c}, {literal(_TEST)})" for c in tested)
    wording = " OR ".join(
        f"(length({quoted(work.headers[c])}) < 60 AND regexp_full_match({quoted(work.headers[c])}, {literal(_TEST)}))"
        for c in work.texts
    )
    drop(
        work,
        "test",
        f"SELECT row FROM cases WHERE {rows or 'false'} UNION ALL SELECT row FROM raw WHERE {wording or 'false'}",
    )
    needed = " OR ".join(f"{c} IS NULL" for c in table.required if c != time)
    drop(work, "missing", f"SELECT row FROM cases WHERE {needed or 'false'}")
    if time:
        absent = f"{time} IS NULL" if time in table.required else "false"
        drop(work, "no_time", f"SELECT row FROM cases WHERE {absent} OR {time} < {moment(EARLIEST)}")
        ahead = f"{time} >= {moment(work.until)}" if _starts_in_the_past(work) else "false"
        drop(work, "future", f"SELECT row FROM cases WHERE {ahead}")


def impossible_times(work: Work) -> None:
    """Times before the case began, before anything could be, or in the future: set missing, the row is kept (B79)."""
    if work.table.name not in CLOCKED:
        return
    begin, *ends = CLOCKED[work.table.name]
    repair(
        work,
        "impossible",
        [
            (
                c,
                "CAST(NULL AS TIMESTAMP)",
                f"{c} < {begin} OR {c} < {moment(EARLIEST)} OR {c} >= {moment(work.until)}",
            )
            for c in ends
        ],
    )
    doubtful = " OR ".join(
        f"({c} = {begin} AND {begin} <> date_trunc('day', {begin})) OR {c} - {begin} > INTERVAL {LONG} DAY"
        for c in ends
    )
    rows, count = work.con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {doubtful}) FROM cases"
    ).fetchone()
    work.ledger.add(
        "doubtful",
        rows,
        samples=work.samples(doubtful) if count else (),
        note=counted([("rows", count)] * (count > 0)),
    )


def equal_rows(work: Work) -> None:
    """Equal rows of one key are taken once (B55), after what the case's records complete in each other."""
    complete(work)
    key = ", ".join(key_of(work.table.name))
    columns = [c for c, kind in work.table.columns.items() if kind != TEXT or c in work.texts]
    twice = f"SELECT hash({key}) AS k FROM cases GROUP BY 1 HAVING count(*) > 1"
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE repeated AS
        SELECT * EXCLUDE (k) FROM (SELECT *, hash({key}) AS k FROM cases) SEMI JOIN ({twice}) USING (k)"""
    )
    content = f"hash({', '.join(map(quoted, columns))})"
    numbered = f"""SELECT row, row_number() OVER (PARTITION BY {key}, {content} ORDER BY row) AS n
        FROM {joined("repeated", cleaned(work))}"""
    drop(work, "exact", f"SELECT row FROM ({numbered}) WHERE n > 1", DUPLICATE)
    if work.table.name in _MEASURES:
        _no_conflict(work)


def _no_conflict(work: Work) -> None:
    """A denominator that is given twice with different values would be counted twice or guessed (B96)."""
    key = ", ".join(key_of(work.table.name))
    rows = work.con.execute(
        f"SELECT row FROM repeated SEMI JOIN cases USING (row) QUALIFY count(*) OVER (PARTITION BY {key}) > 1 ORDER BY row"
    ).fetchall()
    if rows:
        sample = tuple(row for (row,) in rows[:6])
        raise Refused(work.profile.name, Note("conflict", _CONFLICT, rows=len(rows), sample=sample))


_MEASURES = ("exposure", "staffing", "resources")
_CONFLICT = Words(
    "{rows:int} 行有相同的键而数值不同（如第 {sample:int} 条记录）",
    "{rows:int} rows have the same key and different values (records {sample:int}, for example)",
)


def complete(work: Work) -> None:
    """A missing value from other rows that share `by`, where all that have one agree."""
    changes = []
    for column, by in work.profile.complete.items():
        work.con.execute(
            f"""CREATE OR REPLACE TEMP TABLE known_{column} AS SELECT {by} AS by_, min({column}) AS value FROM cases
            WHERE {by} IS NOT NULL AND {column} IS NOT NULL GROUP BY 1 HAVING count(DISTINCT {column}) = 1"""
        )
        value = f"(SELECT value FROM known_{column} WHERE by_ = {by})"
        changes.append((column, value, f"{column} IS NULL AND {by} IN (SELECT by_ FROM known_{column})"))
    if changes:
        repair(work, "complete", changes)
