"""A cleaned batch meets the store: cases that are there already, newer states of them, and the files that result.

Only the months that the batch touches are rewritten. An earlier row of a case is looked for within `NEAR` days of the
batch's times, by its key alone, so that the work does not grow with the store.
"""

from datetime import timedelta
from pathlib import Path

from ..clock import Clock
from ..schema import CLOCKED, TEXT, TEXTS
from .ledger import DUPLICATE
from .same import hours, later, matter_rows, other_channel, same_key
from .store import MONTHLY, Content, key_of, month_of, parquet, quoted
from .texts import all_texts, gather, masked
from .typed import TYPES
from .work import Work, day_of, drop, source_of

NEAR = 366  # days around the batch in which the same case may have been taken in before


def finish(work: Work, clock: Clock) -> None:
    """The cleaned rows become `out`; `minutes` has the minutes of the two clocks for every minute in it."""
    con, times = work.con, CLOCKED.get(work.table.name, ())
    con.execute("DROP TABLE IF EXISTS out; ALTER TABLE cases RENAME TO out")
    con.execute("CREATE OR REPLACE TABLE minutes(minute TIMESTAMP, elapsed BIGINT, worked BIGINT)")
    minutes = " UNION ".join(
        f"SELECT date_trunc('minute', {c}) AS minute FROM out WHERE {c} IS NOT NULL" for c in times
    )
    if times:
        for batch in con.cursor().execute(minutes).to_arrow_reader(100_000):
            frame = batch.to_pandas()
            frame["elapsed"], frame["worked"] = clock.elapsed(frame["minute"]), clock.worked(frame["minute"])
            con.register("frame", frame)
            con.execute("INSERT INTO minutes SELECT * FROM frame")
            con.unregister("frame")


def meet(work: Work, folder: Path, content: Content, taken_out: list[int]) -> int:
    """Compares `out` with the store's rows; those of the batches `taken_out` are as good as gone.

    A row that is there already is a duplicate; so is an older state of a case. A newer state takes the stored row's
    place. Stored rows that must go are in `superseded` (key, file, source_, day_, counted); stored rows that the
    batch completes are in `mended`. Returns how many stored rows a newer state takes the place of.
    """
    con, table, key = work.con, work.table, ", ".join(key_of(work.table.name))
    files, same = content["files"].get(table.name, []), same_key(table.name, "o", "n")
    gone = ", ".join(map(str, taken_out)) or "-1"
    there = _with_hits(work, folder, _near(work, files), f"{same} WHERE batch NOT IN ({gone})")
    stored = stored_rows(work, folder, there, content["files"].get(TEXTS, []))
    con.execute(
        f"CREATE OR REPLACE TABLE old AS SELECT o.* FROM {stored} o SEMI JOIN out n ON {same} WHERE batch NOT IN ({gone})"
    )
    placed = f"{key}, file, {source_of(work)} AS source_, {day_of(work)} AS day_"
    con.execute(
        f"""CREATE OR REPLACE TABLE superseded AS SELECT {placed}, true AS counted
        FROM {stored_rows(work, folder, files if taken_out else [])} WHERE batch IN ({gone})"""
    )
    filled = _complete(work, same)
    gather(work, "met", f"(SELECT n.* FROM out n SEMI JOIN old o ON {same})", masked(work))
    equal = " AND ".join(f"o.{quoted(c)} IS NOT DISTINCT FROM n.{quoted(c)}" for c in table.columns)
    drop(work, "stored", f"SELECT n.row FROM met n JOIN old o ON {same} WHERE {equal}", DUPLICATE, "out")
    if table.name in CLOCKED:
        both = "SELECT * FROM old UNION ALL BY NAME SELECT * FROM met SEMI JOIN out USING (row)"
        rank = f"row_number() OVER (PARTITION BY {key} ORDER BY {later(table)}, row NULLS FIRST)"
        drop(
            work,
            "older",
            f"SELECT row FROM (SELECT row, {rank} AS n FROM ({both})) WHERE n > 1",
            DUPLICATE,
            "out",
        )
    con.execute(
        f"INSERT INTO superseded SELECT {placed}, true FROM (SELECT o.* FROM old o SEMI JOIN out n ON {same})"
    )
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


def _with_hits(work: Work, folder: Path, files: list[str], same: str) -> list[str]:
    """The files in which cases of the batch are. Only the keys are looked at, and of those only the stretches in which
    there can be any, by what Parquet says of their least and greatest."""
    if not files or not work.one("SELECT count(*) FROM out"):
        return []
    rows, bounds, first = f"FROM {_placed(folder, files)}", {}, work.table.key[0]
    if first in work.table.required:
        low, high = work.con.execute(f"SELECT min({quoted(first)}), max({quoted(first)}) FROM out").fetchone()
        rows, bounds = f"{rows} WHERE {quoted(first)} BETWEEN $low AND $high", {"low": low, "high": high}
    hits = f"SELECT DISTINCT file FROM ({rows}) o SEMI JOIN out n ON {same} ORDER BY 1"
    return [file for (file,) in work.con.execute(hits, bounds).fetchall()]


def _placed(folder: Path, files: list[str]) -> str:
    rows = parquet(folder, files).removesuffix(")") + ", filename = true)"
    place = f"replace(substr(filename, {len(str(folder)) + 2}), '\\', '/')"
    return f"(SELECT * EXCLUDE (filename), {place} AS file FROM {rows})"


def stored_rows(work: Work, folder: Path, files: list[str], texts: list[str] | None = None) -> str:
    """SQL for stored rows with `file`, the place of their file in the store; with their texts where these are given.

    Columns that the table has got since a file was written are missing there.
    """
    texts = texts if work.table.name == "complaints" else None  # other tables keep theirs
    kinds = {
        quoted(c): TYPES[kind] for c, kind in work.table.columns.items() if texts is None or kind != TEXT
    }
    kinds |= {
        f"{c}_{clock}": "BIGINT" for c in CLOCKED.get(work.table.name, ()) for clock in ("elapsed", "worked")
    }
    rows = f"SELECT {', '.join(f'CAST(NULL AS {kind}) AS {c}' for c, kind in kinds.items())}, 0 AS batch, '' AS file LIMIT 0"
    if files:
        rows = f"({rows}) UNION ALL BY NAME FROM {_placed(folder, files)}"
    if texts is None:
        return f"({rows})"
    months = {month_of(file) for file in files}
    near = [file for file in texts if month_of(file) in months]
    picked = "".join(f", t.{c}" if near else f", CAST(NULL AS VARCHAR) AS {c}" for c in all_texts(work))
    said = f"LEFT JOIN {parquet(folder, near)} t ON {same_key('complaints', 's', 't')}" if near else ""
    return f"(SELECT s.*{picked} FROM ({rows}) s {said})"


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


def across_store(work: Work, folder: Path, content: Content) -> None:
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
    files = content["files"].get("complaints", [])
    near = [f for f in files if f"{first - reach:%Y-%m}" <= month_of(f) <= f"{last + reach:%Y-%m}"]
    full = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in rule.same)
    new, stored = matter_rows(work), stored_rows(work, folder, near, content["files"].get(TEXTS, []))
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE others AS
        SELECT {key}, channel, received_at, file, {same} FROM {stored}
        SEMI JOIN (SELECT {same} FROM {new} WHERE {full}) USING ({same}) ANTI JOIN superseded USING ({key}, file)"""
    )
    before, span = (
        "(a.received_at, a.complaint_id) < (b.received_at, b.complaint_id)",
        hours(rule.within_hours),
    )
    pair = f"USING ({same}) WHERE {other_channel('a', 'b')} AND {before} AND b.received_at - a.received_at <= {span}"
    drop(work, "channel_stored", f"SELECT b.row FROM others a JOIN {new} b {pair}", DUPLICATE, "out")
    day = day_of(work).replace("received_at", "b.received_at")
    removed = ", ".join("b." + c for c in key_of("complaints"))
    count = work.con.execute(
        f"INSERT INTO superseded SELECT DISTINCT {removed}, b.file, b.source, {day}, true FROM {new} a JOIN others b {pair}"
    ).fetchone()[0]
    work.ledger.add("displaced", work.one("SELECT count(*) FROM out"), changed=count)
