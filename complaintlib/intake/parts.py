"""The files of a batch: the months that change, and the account of what became of the rows."""

from pathlib import Path

from .ledger import ASIDE, DUPLICATE, USED
from .merge import order, stored_rows
from .same import same_key
from .store import SENSITIVE, Content, key_of, literal, month_of, private, quoted
from .work import Work, day_of, source_of

PARTS = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"


def write(work: Work, folder: Path, content: Content, batch: int) -> None:
    """Writes the files that change under names of this batch, and lists them in `content` in place of the old ones."""
    con, name = work.con, work.table.name
    files, same = content["files"].get(name, []), same_key(name, "o", "n")
    con.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT file FROM superseded")
    replaced = {file for (file,) in con.execute("FROM touched").fetchall()}
    months = {month for (month,) in con.execute("SELECT DISTINCT month_ FROM out").fetchall()}
    written = []
    for month in sorted(months | {month_of(file) for file in replaced}):
        there = [file for file in files if month_of(file) == month]
        replaced |= set(there)
        parts = [f"SELECT * EXCLUDE (month_, row) FROM out WHERE month_ = {literal(month)}"]
        if there:
            stored = stored_rows(work, folder, there)
            left = f"SELECT o.* EXCLUDE (file) FROM {stored} o ANTI JOIN superseded n ON {same} AND o.file = n.file"
            parts.append(left)
            parts.append(
                f"SELECT * EXCLUDE (file) FROM mended WHERE file IN ({', '.join(map(literal, there))})"
            )
        file = f"{name}/month={month}/part-{batch}.parquet" if month else f"{name}/part-{batch}.parquet"
        if _copy(work, folder, file, f"{' UNION ALL BY NAME '.join(parts)} ORDER BY {order(work)}"):
            written.append(file)
    if kept := sorted((set(files) - replaced) | set(written), key=lambda f: (month_of(f), f)):
        content["files"][name] = kept
    else:
        content["files"].pop(name, None)
    if work.profile.keep_text and work.texts:
        key = ", ".join(f"out.{c}" for c in key_of(name))
        texts = ", ".join(f"raw.{quoted(work.headers[c])} AS {c}" for c in work.texts)
        file = f"{SENSITIVE}/part-{batch}.parquet"
        if _copy(
            work,
            folder,
            file,
            f"SELECT {key}, {texts} FROM out JOIN raw ON raw.row = out.row ORDER BY out.row",
        ):
            content["files"].setdefault(SENSITIVE, []).append(file)


def write_account(work: Work, folder: Path, content: Content, batch: int, batch_id: str, file: str) -> None:
    """Writes the ledger's lines and the arrivals: rows by source, day and fate.

    A stored row that goes is counted there too, as one less `used` and one more `duplicate` of its own source and
    day: so the sum of `used` is what the store holds, at any time.
    """
    source, table = literal(work.profile.source or work.profile.name), literal(work.table.name)
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE fates AS
        SELECT source, day, fate, 1 AS rows FROM gone
        UNION ALL SELECT {source_of(work)}, {day_of(work)}, '{USED}', 1 FROM out
        UNION ALL SELECT source_, day_, '{USED}', -1 FROM superseded WHERE counted
        UNION ALL SELECT source_, day_, '{DUPLICATE}', 1 FROM superseded WHERE counted"""
    )
    arrivals = f"""SELECT {literal(batch_id)} AS batch_id, {table} AS "table", source, fate, day, CAST(sum(rows) AS BIGINT) AS rows
        FROM fates GROUP BY ALL HAVING sum(rows) <> 0 ORDER BY day NULLS FIRST, source, fate"""
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
        _copy(work, folder, path, rows)
        content["files"].setdefault(name, []).append(path)


def counts(work: Work) -> dict[str, int]:
    """Rows of the batch by fate."""
    found = dict(work.con.execute("SELECT fate, count(*) FROM gone GROUP BY 1").fetchall())
    return {
        USED: work.one("SELECT count(*) FROM out"),
        DUPLICATE: found.get(DUPLICATE, 0),
        ASIDE: found.get(ASIDE, 0),
    }


def _copy(work: Work, folder: Path, file: str, rows: str) -> int:
    """Writes the rows to a file of the store unless there are none; returns how many."""
    private((folder / file).parent)
    count = work.con.execute(f"COPY ({rows}) TO {literal(str(folder / file))} {PARTS}").fetchone()[0]
    if not count and file.split("/", maxsplit=1)[0] not in ("ledger", "arrivals"):
        (folder / file).unlink(missing_ok=True)
    return count
