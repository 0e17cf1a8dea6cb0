"""A cleaned batch meets the store: cases that are there already, newer states of them, and the files that result.

Only the months that the batch touches are rewritten. An earlier row of a case is looked for within `NEAR` days of the
batch's times, by its key alone, so that the work does not grow with the store.
"""

from datetime import timedelta
from pathlib import Path

from ..clock import Clock
from ..schema import CLOCKED, TEXT
from . import wording
from .ledger import DUPLICATE
from .same import hours, later, other_channel, same_key
from .store import MONTHLY, key_of, month_of, parquet, quoted
from .typed import TYPES
from .work import Work, day_of, drop, source_of

NEAR = 366  # days around the batch in which the same case may have been taken in before


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
    place. Stored rows that must go are in `superseded` (key, file, source_, day_, counted); stored rows that the
    batch completes are in `mended`. Returns how many stored rows a newer state takes the place of.
    """
    con, table, key = work.con, work.table, ", ".join(key_of(work.table.name))
    same = same_key(table.name, "o", "n")
    known = f"o SEMI JOIN out n ON {same}"
    gone = ", ".join(map(str, taken_out)) or "-1"
    stored = stored_rows(work, folder, _near(work, files))
    con.execute(
        f"CREATE OR REPLACE TABLE old AS SELECT o.* FROM {stored} {known} WHERE batch NOT IN ({gone})"
    )
    placed = f"{key}, file, {source_of(work)} AS source_, {day_of(work)} AS day_"
    con.execute(
        f"""CREATE OR REPLACE TABLE superseded AS SELECT {placed}, true AS counted
        FROM {stored_rows(work, folder, files if taken_out else [])} WHERE batch IN ({gone})"""
    )
    filled = _complete(work, same)
    equal = " AND ".join(f"o.{quoted(c)} IS NOT DISTINCT FROM n.{quoted(c)}" for c in table.columns)
    drop(work, "stored", f"SELECT n.row FROM out n JOIN old o ON {same} WHERE {equal}", DUPLICATE, "out")
    if table.name in CLOCKED:
        both = f"SELECT * FROM old UNION ALL BY NAME SELECT n.* FROM out n SEMI JOIN old o ON {same}"
        rank = f"row_number() OVER (PARTITION BY {key} ORDER BY {later(table)}, row NULLS FIRST)"
        drop(
            work,
            "older",
            f"SELECT row FROM (SELECT row, {rank} AS n FROM ({both})) WHERE n > 1",
            DUPLICATE,
            "out",
        )
    con.execute(f"INSERT INTO superseded SELECT {placed}, true FROM (SELECT o.* FROM old {known})")
    newer = f"SELECT row FROM out n SEMI JOIN old o ON {same}"
    updated = work.one(f"SELECT count(*) FROM ({newer})")
    samples = work.samples(f"row IN ({newer})", "out") if updated else ()
    work.ledger.add("updated", work.one("SELECT count(*) FROM out"), changed=updated, samples=samples)
    con.execute(
        f"CREATE OR REPLACE TABLE mended AS SELECT o.* FROM old o ANTI JOIN out n ON {same} WHERE {filled}"
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


def stored_rows(work: Work, folder: Path, files: list[str]) -> str:
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
    case = work.table.key[0]
    columns = [c for c, by in work.profile.complete.items() if by == case]
    work.con.execute(f"CREATE OR REPLACE TEMP TABLE filled(file VARCHAR, {case} VARCHAR)")
    for c in columns:
        gap = f"{same} AND o.{c} IS NULL AND n.{c} IS NOT NULL"
        work.con.execute(f"INSERT INTO filled SELECT o.file, o.{case} FROM old o JOIN out n ON {gap}")
        work.con.execute("CREATE OR REPLACE TEMP TABLE before AS SELECT * FROM old")
        work.con.execute(f"UPDATE old o SET {c} = n.{c} FROM out n WHERE {gap}")
        work.con.execute(f"UPDATE out n SET {c} = o.{c} FROM before o WHERE {same} AND n.{c} IS NULL")
    return f"(file, {case}) IN (SELECT (file, {case}) FROM filled)" if columns else "false"


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
        SELECT {key}, channel, received_at, file, {same} FROM {stored_rows(work, folder, near)}
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
