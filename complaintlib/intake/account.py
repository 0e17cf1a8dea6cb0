"""The account of a batch: what became of its rows, for the tables `ledger` and `arrivals`."""

from pathlib import Path

from .ledger import ASIDE, DUPLICATE, USED
from .parts import copy
from .store import Content, literal
from .work import Work, day_of, source_of


def write_account(work: Work, folder: Path, content: Content, batch: int, batch_id: str, file: str) -> None:
    """Writes the ledger's lines and the arrivals: rows by source, day and fate.

    A stored row that goes is counted there too, as one less `used` and one more `duplicate` of its own source and
    day: so the sum of `used` is what the store holds, at any time.
    """
    source, table = literal(work.profile.source or work.profile.name), literal(work.table.name)
    arrivals = f"""SELECT {literal(batch_id)} AS batch_id, {table} AS "table", source, fate, day, CAST(sum(rows) AS BIGINT) AS rows
        FROM (
            SELECT source, day, fate, count(*) AS rows FROM gone GROUP BY ALL
            UNION ALL SELECT {source_of(work)} AS s, {day_of(work)} AS d, '{USED}', count(*) FROM out GROUP BY s, d
            UNION ALL SELECT source_, day_, '{USED}', -count(*) FROM superseded WHERE counted GROUP BY ALL
            UNION ALL SELECT source_, day_, '{DUPLICATE}', count(*) FROM superseded WHERE counted GROUP BY ALL)
        GROUP BY ALL HAVING sum(rows) <> 0 ORDER BY day NULLS FIRST, source, fate"""
    lines = [
        (batch_id, work.table.name, line.step, number, line.rows_in, line.rows_out, line.rows_changed,
         ", ".join(line.sample_ids), line.note)
        for number, line in enumerate(work.ledger.lines, start=1)
    ]  # fmt: skip
    work.con.execute(
        'CREATE OR REPLACE TEMP TABLE lines(batch_id VARCHAR, "table" VARCHAR, step VARCHAR, step_no BIGINT, '
        "rows_in BIGINT, rows_out BIGINT, rows_changed BIGINT, sample_ids VARCHAR, note VARCHAR)"
    )
    work.con.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
    ledger = f"SELECT *, {source} AS source, {literal(file)} AS file FROM lines ORDER BY step_no"
    for name, rows in (("arrivals", arrivals), ("ledger", ledger)):
        path = f"{name}/part-{batch}.parquet"
        copy(work.con, folder, path, rows)
        content["files"].setdefault(name, []).append(path)


def counts(work: Work) -> dict[str, int]:
    """Rows of the batch by fate."""
    found = dict(work.con.execute("SELECT fate, count(*) FROM gone GROUP BY 1").fetchall())
    return {
        USED: work.one("SELECT count(*) FROM out"),
        DUPLICATE: found.get(DUPLICATE, 0),
        ASIDE: found.get(ASIDE, 0),
    }
