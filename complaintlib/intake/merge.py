"""A cleaned batch meets the store: cases that are there already, newer states of them, and the files that result.

Only the months that the batch touches are rewritten. An earlier row of a case is looked for within `NEAR` days of the
batch's times, by its key alone, so that the work does not grow with the store.
"""

from datetime import timedelta
from pathlib import Path

from ..clock import Clock
from ..schema import CLOCKED, TEXT
from . import wording
from .clean import Work, day_of, drop, hours, later, other_channel, source_of
from .ledger import ASIDE, DUPLICATE, USED
from .store import MONTHLY, Content, key_of, literal, month_of, parquet, private, quoted
from .typed import TYPES

NEAR = 366  # days around the batch in which the same case may have been taken in before
PARTS = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"


def finish(work: Work, clock: Clock, batch: int) -> None:
    """Makes `out`: the rows as the store keeps them, in its order, with masked texts and minutes beside the times."""
    con, table = work.con, work.table
    clocked = CLOCKED.get(table.name, ())
    minutes = " UNION ".join(
        f"SELECT date_trunc('minute', {c}) AS minute FROM cases WHERE {c} IS NOT NULL" for c in clocked
    )
    if clocked:
        frame = con.execute(f"SELECT minute FROM ({minutes}) ORDER BY 1").df()
        frame["elapsed"], frame["worked"] = clock.elapsed(frame["minute"]), clock.worked(frame["minute"])
        con.register("frame", frame)
        con.execute("CREATE OR REPLACE TABLE minutes AS SELECT * FROM frame")
        con.unregister("frame")
    columns, joins = [], []
    for column, kind in table.columns.items():
        if kind != TEXT:
            columns.append(f"cases.{quoted(column)}")
        elif column in work.texts:
            columns.append(f"coalesce(m_{column}.masked, raw_.{column}) AS {column}")
            joins.append(f"LEFT JOIN masked_{column} m_{column} ON m_{column}.text = raw_.{column}")
        else:
            columns.append(f"CAST(NULL AS VARCHAR) AS {column}")
        if column in clocked:
            columns += [f"c_{column}.{clock} AS {column}_{clock}" for clock in ("elapsed", "worked")]
            joins.append(
                f"LEFT JOIN minutes c_{column} ON c_{column}.minute = date_trunc('minute', cases.{column})"
            )
    if work.texts:
        texts = ", ".join(f"{wording.of(c, f'raw.{quoted(work.headers[c])}')} AS {c}" for c in work.texts)
        cleaned = " ".join(wording.join(c, "raw") for c in work.texts)
        joins.insert(0, f"JOIN (SELECT raw.row, {texts} FROM raw {cleaned}) raw_ ON raw_.row = cases.row")
    con.execute(
        f"""CREATE OR REPLACE TABLE out AS SELECT {", ".join(columns)}, CAST({batch} AS INTEGER) AS batch,
        {month_sql(work)} AS month_, cases.row AS row FROM cases {" ".join(joins)} ORDER BY month_, {order(work, "cases.")}"""
    )


def month_sql(work: Work) -> str:
    return f"strftime({work.table.time}, '%Y-%m')" if work.table.name in MONTHLY else "''"


def order(work: Work, prefix: str = "") -> str:
    """The order of rows in a file: by time, then by key, so that the same rows give the same file."""
    columns = dict.fromkeys((*filter(None, [work.table.time]), *key_of(work.table.name)))
    return ", ".join(prefix + quoted(c) for c in columns)


def meet(work: Work, folder: Path, files: list[str], taken_out: list[int]) -> int:
    """Compares `out` with the rows in the store's files; those of the batches `taken_out` are as good as gone.

    A row that is there already is a duplicate; so is an older state of a case. A newer state takes the stored row's
    place. Stored rows that must go are in `superseded` (key, file, source, day); stored rows that a batch completes
    are in `mended`. Returns how many stored rows a newer state takes the place of.
    """
    con, table, keys = work.con, work.table, key_of(work.table.name)
    key = ", ".join(keys)
    near = _near(work, files)
    gone = ", ".join(map(str, taken_out)) or "-1"
    stored = _stored(work, folder, near)
    con.execute(
        f"CREATE OR REPLACE TABLE old AS SELECT * FROM {stored} SEMI JOIN out USING ({key}) WHERE batch NOT IN ({gone})"
    )
    placed = f"{key}, file, {source_of(work)} AS source_, {day_of(work)} AS day_"
    con.execute(
        f"CREATE OR REPLACE TABLE superseded AS SELECT {placed}, true AS counted FROM {_stored(work, folder, files)} WHERE batch IN ({gone})"
    )
    same = " AND ".join(f"o.{quoted(c)} IS NOT DISTINCT FROM n.{quoted(c)}" for c in keys)
    equal = " AND ".join(f"o.{quoted(c)} IS NOT DISTINCT FROM n.{quoted(c)}" for c in table.columns)
    mended = _complete(work, same)
    drop(work, "stored", f"SELECT n.row FROM out n JOIN old o ON {same} WHERE {equal}", DUPLICATE, "out")
    if table.name in CLOCKED:
        both = f"SELECT * FROM old UNION ALL BY NAME SELECT * FROM out SEMI JOIN old USING ({key})"
        ranked = f"SELECT row, row_number() OVER (PARTITION BY {key} ORDER BY {later(table)}, row NULLS FIRST) AS n FROM ({both})"
        drop(work, "older", f"SELECT row FROM ({ranked}) WHERE n > 1", DUPLICATE, "out")
    con.execute(f"INSERT INTO superseded SELECT {placed}, true FROM old SEMI JOIN out USING ({key})")
    updated = work.one(f"SELECT count(*) FROM old SEMI JOIN out USING ({key})")
    samples = (
        work.samples(f"row IN (SELECT row FROM out SEMI JOIN old USING ({key}))", "out") if updated else ()
    )
    work.ledger.add("updated", work.one("SELECT count(*) FROM out"), changed=updated, samples=samples)
    con.execute(
        f"CREATE OR REPLACE TABLE mended AS SELECT * FROM old ANTI JOIN out USING ({key}) WHERE {mended}"
    )
    con.execute(f"INSERT INTO superseded SELECT {placed}, false FROM mended")
    return updated


def _near(work: Work, files: list[str]) -> list[str]:
    """The files in which the batch's cases may be already."""
    time = work.table.time
    if work.table.name not in MONTHLY:
        return files
    first, last = work.con.execute(f"SELECT min({time}), max({time}) FROM out").fetchone()
    if first is None:
        return []
    low, high = (f"{day:%Y-%m}" for day in (first - timedelta(days=NEAR), last + timedelta(days=NEAR)))
    return [file for file in files if low <= month_of(file) <= high]


def _stored(work: Work, folder: Path, files: list[str]) -> str:
    """SQL for stored rows with `file`, the place of their file in the store."""
    if not files:
        names = ", ".join(
            f"CAST(NULL AS {TYPES[kind]}) AS {quoted(c)}" for c, kind in work.table.columns.items()
        )
        minutes = "".join(
            f", CAST(NULL AS BIGINT) AS {c}_elapsed, CAST(NULL AS BIGINT) AS {c}_worked"
            for c in CLOCKED.get(work.table.name, ())
        )
        return f"(SELECT {names}{minutes}, 0 AS batch, '' AS file LIMIT 0)"
    start = len(str(folder)) + 2
    rows = parquet(folder, files).removesuffix(")") + ", filename = true)"
    return f"(SELECT * EXCLUDE (filename), replace(substr(filename, {start}), '\\', '/') AS file FROM {rows})"


def _complete(work: Work, same: str) -> str:
    """Fills, in both directions, what the profile lets a case's records complete; SQL for the stored rows it filled."""
    columns = [c for c, by in work.profile.complete.items() if by == work.table.key[0]]
    work.con.execute("CREATE OR REPLACE TEMP TABLE filled(file VARCHAR, key VARCHAR)")
    for c in columns:
        hit = f"FROM out n JOIN old o ON {same} WHERE o.{c} IS NULL AND n.{c} IS NOT NULL"
        work.con.execute(f"INSERT INTO filled SELECT o.file, o.{work.table.key[0]} {hit}")
        work.con.execute("CREATE OR REPLACE TEMP TABLE before AS SELECT * FROM old")
        work.con.execute(f"UPDATE old o SET {c} = n.{c} FROM out n WHERE {same} AND o.{c} IS NULL")
        work.con.execute(f"UPDATE out n SET {c} = o.{c} FROM before o WHERE {same} AND n.{c} IS NULL")
    return f"(file, {work.table.key[0]}) IN (SELECT (file, key) FROM filled)" if columns else "false"


def across_store(work: Work, folder: Path, files: list[str]) -> None:
    """The same matter from another channel is in the store: the earliest stays, whichever came in first."""
    rule = work.profile.duplicates
    if rule is None or work.table.name != "complaints":
        return
    first, last = work.con.execute("SELECT min(received_at), max(received_at) FROM out").fetchone()
    if first is None:
        return
    reach, key, same = (
        timedelta(hours=rule.within_hours),
        ", ".join(key_of("complaints")),
        ", ".join(map(quoted, rule.same)),
    )
    near = [f for f in files if f"{first - reach:%Y-%m}" <= month_of(f) <= f"{last + reach:%Y-%m}"]
    full = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in rule.same)
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE others AS
        SELECT {key}, channel, received_at, file, {same} FROM {_stored(work, folder, near)}
        SEMI JOIN (SELECT {same} FROM out WHERE {full}) USING ({same}) ANTI JOIN superseded USING ({key}, file)"""
    )
    before, span = (
        "(a.received_at, a.complaint_id) < (b.received_at, b.complaint_id)",
        hours(rule.within_hours),
    )
    pair = f"USING ({same}) WHERE {other_channel('a', 'b')} AND {before} AND b.received_at - a.received_at <= {span}"
    drop(work, "channel_stored", f"SELECT b.row FROM others a JOIN out b {pair}", DUPLICATE, "out")
    day = day_of(work).replace("received_at", "b.received_at")
    removed = ", ".join("b." + c for c in key_of("complaints"))
    count = work.con.execute(
        f"INSERT INTO superseded SELECT DISTINCT {removed}, b.file, b.source, {day}, true FROM out a JOIN others b {pair}"
    ).fetchone()[0]
    work.ledger.add("displaced", work.one("SELECT count(*) FROM out"), changed=count)


def write(work: Work, folder: Path, content: Content, batch: int) -> None:
    """Writes the files that change under names of this batch, and lists them in `content` in place of the old ones."""
    con, name = work.con, work.table.name
    files, key = content["files"].get(name, []), ", ".join(key_of(name))
    con.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT file FROM superseded")
    replaced = {file for (file,) in con.execute("FROM touched").fetchall()}
    months = {month for (month,) in con.execute("SELECT DISTINCT month_ FROM out").fetchall()}
    written = []
    for month in sorted(months | {month_of(file) for file in replaced}):
        there = [file for file in files if month_of(file) == month]
        replaced |= set(there)
        parts = [f"SELECT * EXCLUDE (month_, row) FROM out WHERE month_ = {literal(month)}"]
        if there:
            stored = _stored(work, folder, there)
            parts.append(f"SELECT * EXCLUDE (file) FROM {stored} ANTI JOIN superseded USING ({key}, file)")
            parts.append(
                f"SELECT * EXCLUDE (file) FROM mended WHERE file IN ({', '.join(map(literal, there))})"
            )
        file = f"{name}/month={month}/part-{batch}.parquet" if month else f"{name}/part-{batch}.parquet"
        if _copy(work, folder, file, f"{' UNION ALL BY NAME '.join(parts)} ORDER BY {order(work)}"):
            written.append(file)
    content["files"][name] = sorted((set(files) - replaced) | set(written), key=lambda f: (month_of(f), f))
    if work.profile.keep_text and work.texts:
        file = f"sensitive/part-{batch}.parquet"
        texts = ", ".join(f"raw.{quoted(work.headers[c])} AS {c}" for c in work.texts)
        if _copy(
            work,
            folder,
            file,
            f"SELECT {key}, {texts} FROM (SELECT row, {key} FROM out) JOIN raw USING (row) ORDER BY row",
        ):
            content["files"].setdefault("sensitive", []).append(file)


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
