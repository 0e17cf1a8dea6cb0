"""Cleaning: each step is one SQL statement over `cases` and one line of the ledger.

A row that a step takes out is deleted from `cases` and noted in `gone` (row, fate, step, source, day): nothing is
dropped without a trace. Steps only look at the columns; texts are read where they are needed and never shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from ..schema import CLOCKED, CODE, ID, TEXT, Table
from .codes import (
    BLANKED,
    CROSSED,
    MAPPED,
    NO_NUMBER,
    NO_TIME,
    OUTSIDE,
    REPAIRED,
    STANDARD,
    UNLISTED,
)
from .ledger import ASIDE, DUPLICATE, Ledger
from .profile import Profile
from .store import key_of, literal, quoted
from .typed import SECRET

EARLIEST = datetime(1980, 1, 1)  # no time of a case lies before
LONG = 3650  # days; a case that took longer is counted as doubtful

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
DUPLICATES = ("exact", "same_id", "channel", "stored")

_TOTALS = "合计 总计 小计 总和 汇总 total totals subtotal sub-total sum grandtotal"
_TEST = (
    r"(?i)\W*(this is a )?(test(ing)?|测试|试用)[\s_-]*(record|case|order|ticket|complaint|data|entry|only|数据|工单|记录|单|"
    r"投诉|用例|一下)?[\s,，。.!！;；:：]*((please|pls)?\s*ignore( this)?|请?忽略|请勿处理|勿处理|勿回复)?[\W\d]*"
)


@dataclass
class Work:
    """One file on its way: `until` is the first moment that counts as future; `headers`: canonical column -> header."""

    con: duckdb.DuckDBPyConnection
    profile: Profile
    headers: dict[str, str]
    until: datetime
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def table(self) -> Table:
        return self.profile.canonical

    @property
    def texts(self) -> list[str]:
        return [c for c, kind in self.table.columns.items() if kind == TEXT and c in self.headers]

    @property
    def sample(self) -> str:
        """SQL for what names a row in a sample: its case number, else its place in the file."""
        key = self.table.key[0]
        place = "'#' || row"
        return f"coalesce({key}, {place})" if self.table.columns[key] == ID and key not in SECRET else place

    def one(self, sql: str) -> int:
        return self.con.execute(sql).fetchone()[0]

    def append(self, table: str, **columns: list[str | None]) -> None:
        """Adds rows of texts to a table of the work database."""
        self.con.register(
            "arrow", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        )
        self.con.execute(f"INSERT INTO {table} FROM arrow")
        self.con.unregister("arrow")

    def samples(self, where: str, of: str = "cases") -> list[str]:
        found = self.con.execute(
            f"SELECT {self.sample} FROM {of} WHERE {where} ORDER BY row LIMIT 5"
        ).fetchall()
        return [text for (text,) in found]


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


def drop(work: Work, step: str, rows: str, fate: str = ASIDE, of: str = "cases") -> None:
    """Takes the rows that the SQL names out of the table and notes them in `gone`."""
    before = work.one(f"SELECT count(*) FROM {of}")
    work.con.execute(
        f"CREATE OR REPLACE TEMP TABLE hit AS SELECT DISTINCT row FROM ({rows}) SEMI JOIN {of} USING (row)"
    )
    hits = work.one("SELECT count(*) FROM hit")
    samples: Iterable[str] = ()
    if hits:
        samples = work.samples("row IN (FROM hit)", of)
        work.con.execute(
            f"INSERT INTO gone SELECT row, {literal(fate)}, {literal(step)}, {source_of(work)}, {day_of(work)} "
            f"FROM {of} WHERE row IN (FROM hit)"
        )
        work.con.execute(f"DELETE FROM {of} WHERE row IN (FROM hit)")
    work.ledger.add(step, before, before - hits, samples=samples)


def repair(work: Work, step: str, changes: Iterable[tuple[str, str, str]]) -> None:
    """Sets columns where a condition holds: (column, its new value, condition) each."""
    rows = work.one("SELECT count(*) FROM cases")
    work.con.execute("CREATE OR REPLACE TEMP TABLE hit(row BIGINT)")
    counts = []
    for column, value, where in changes:
        work.con.execute(
            f"CREATE OR REPLACE TEMP TABLE fix AS SELECT row, {value} AS value FROM cases WHERE {where}"
        )
        if count := work.one("SELECT count(*) FROM fix"):
            work.con.execute(
                f"UPDATE cases SET {quoted(column)} = fix.value, bits = bits | {REPAIRED} FROM fix WHERE cases.row = fix.row"
            )
            work.con.execute("INSERT INTO hit SELECT row FROM fix")
            counts.append((column, count))
    changed = work.one("SELECT count(DISTINCT row) FROM hit")
    samples = work.samples("row IN (FROM hit)") if changed else ()
    work.ledger.add(step, rows, changed=changed, samples=samples, note=counted(counts))


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
        f"SELECT row FROM cases WHERE {ids} IN ({totals}) OR ({first} IS NULL AND ({' OR '.join(named)}))",
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
        # A stretch that a table announces (a holiday roster, next month's exposure) may lie ahead; a case cannot.
        ahead = (
            f"{time} >= {moment(work.until)}" if table.name in CLOCKED or time.endswith("_at") else "false"
        )
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


def repeated(work: Work) -> None:
    """Rows of one key: equal ones once (B55), then one row a case, the latest state of it (B56)."""
    complete(work)
    key, partly = ", ".join(key_of(work.table.name)), "".join(f", {c}" for c in work.profile.complete)
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE repeated AS SELECT * EXCLUDE (k) FROM (SELECT *, hash({key}) AS k FROM cases)
        SEMI JOIN (SELECT hash({key}) AS k FROM cases GROUP BY 1 HAVING count(*) > 1) USING (k)"""
    )
    numbered = (
        f"SELECT row, row_number() OVER (PARTITION BY {key}, content{partly} ORDER BY row) AS n FROM repeated"
    )
    drop(work, "exact", f"SELECT row FROM ({numbered}) WHERE n > 1", DUPLICATE)
    ranked = f"row_number() OVER (PARTITION BY {key} ORDER BY {later(work.table)}, row DESC) AS n"
    numbered = f"SELECT row, {ranked} FROM repeated SEMI JOIN cases USING (row)"
    drop(work, "same_id", f"SELECT row FROM ({numbered}) WHERE n > 1", DUPLICATE)


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


def across_channels(work: Work) -> None:
    """The same matter brought over two channels: the earliest stays (the profile's rule)."""
    rule = work.profile.duplicates
    if rule is None or work.table.name != "complaints":
        return
    same = ", ".join(quoted(c) for c in rule.same)
    full = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in rule.same)
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE matters AS SELECT * FROM cases
        SEMI JOIN (SELECT {same} FROM cases WHERE {full} GROUP BY ALL HAVING count(*) > 1) USING ({same})"""
    )
    drop(
        work,
        "channel",
        f"""SELECT b.row FROM matters a JOIN matters b USING ({same}) WHERE {other_channel("a", "b")}
        AND (a.received_at, a.complaint_id, a.row) < (b.received_at, b.complaint_id, b.row)
        AND b.received_at - a.received_at <= {hours(rule.within_hours)}""",
        DUPLICATE,
    )


def other_channel(a: str, b: str) -> str:
    """SQL: two rows came over different sources or channels."""
    return f"({a}.source IS DISTINCT FROM {b}.source OR {a}.channel IS DISTINCT FROM {b}.channel)"


def hours(count: float) -> str:
    return f"INTERVAL {int(count * 3600)} SECOND"


def later(table: Table, prefix: str = "") -> str:
    """SQL order in which the latest state of a case comes first, whatever order the rows came in.

    A re-opened state is later than one that is not; then more of the times that end something, the latest time, more
    columns filled; then by value, so that the answer never hangs on the order of rows. Tables without such times have
    no order of their own: the last row wins.
    """
    if table.name not in CLOCKED:
        return "0"
    begin, *ends = (prefix + c for c in CLOCKED[table.name])
    rest = [
        prefix + c
        for c, kind in table.columns.items()
        if kind not in (TEXT, ID) and c not in (*table.key, *SECRET, "source")
    ]
    done, filled = (" + ".join(f"CAST({c} IS NOT NULL AS INTEGER)" for c in some) for some in (ends, rest))
    again = [f"{prefix}reopened DESC NULLS LAST"] if "reopened" in table.columns else []
    return ", ".join(
        [*again, f"{done} DESC", f"greatest({', '.join([begin, *ends])}) DESC", f"{filled} DESC"]
        + [f"{c} DESC NULLS LAST" for c in rest]
    )


def source_of(work: Work) -> str:
    """SQL for the source a row is counted under."""
    name = literal(work.profile.source or work.profile.name)
    return f"coalesce(source, {name})" if "source" in work.table.columns else name


def day_of(work: Work) -> str:
    """SQL for the day a row is counted under; missing where its time is missing or impossible."""
    time = work.table.time
    if time is None:
        return "CAST(NULL AS TIMESTAMP)"
    possible = f"{time} >= {moment(EARLIEST)} AND {time} < {moment(work.until)}"
    return f"CASE WHEN {possible} THEN date_trunc('day', {time}) END"


def moment(value: datetime) -> str:
    return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"


def end_of(file_day: datetime) -> datetime:
    """The first moment that is future to a file of that day: two midnights on, for files from zones ahead."""
    return datetime(file_day.year, file_day.month, file_day.day) + timedelta(days=2)


def counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts)
