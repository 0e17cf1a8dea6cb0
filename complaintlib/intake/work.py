"""A file on its way: its database, and the two things that a cleaning step does to rows, each with a line of the ledger.

A row that is taken out is deleted and noted in the table `gone` (row, fate, step, source, day): nothing is dropped
without a trace.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from ..schema import ID, TEXT, Table
from .codes import REPAIRED
from .ledger import ASIDE, Ledger
from .profile import Profile
from .store import literal, quoted
from .typed import SECRET

EARLIEST = datetime(1980, 1, 1)  # no time of a case lies before


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

    def samples(self, where: str, of: str = "cases") -> list[str]:
        found = self.con.execute(
            f"SELECT {self.sample} FROM {of} WHERE {where} ORDER BY row LIMIT 5"
        ).fetchall()
        return [text for (text,) in found]


def append(con: duckdb.DuckDBPyConnection, table: str, **columns: list[str | None] | list[int]) -> None:
    """Adds rows to a table of the work database."""
    con.register("arrow", pa.table(columns))
    con.execute(f"INSERT INTO {table} FROM arrow")
    con.unregister("arrow")


def drop(work: Work, step: str, rows: str, fate: str = ASIDE, of: str = "cases") -> None:
    """Takes the rows that the SQL names out of the table and notes them in `gone`."""
    before = work.one(f"SELECT count(*) FROM {of}")
    work.con.execute(f"CREATE OR REPLACE TEMP TABLE named AS SELECT DISTINCT row FROM ({rows})")
    hits = 0
    if work.one("SELECT count(*) FROM named"):
        work.con.execute(
            f"CREATE OR REPLACE TEMP TABLE hit AS SELECT row FROM {of} WHERE row IN (FROM named)"
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
