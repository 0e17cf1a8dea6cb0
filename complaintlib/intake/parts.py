"""The files of a batch: the months that change, in the order of time, each written once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from ..schema import CLOCKED, TEXT, TEXTS
from .merge import stored_rows
from .same import same_key
from .store import MONTHLY, SENSITIVE, Content, key_of, literal, month_of, parquet, private, quoted
from .texts import all_texts, joined, masked
from .typed import TYPES
from .work import Work

PARTS = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
LONG = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480, DICTIONARY_SIZE_LIMIT 1000)"  # for texts
WRITERS = 2  # files written at once


Month = Callable[[str], str]


def write(work: Work, folder: Path, content: Content, batch: int) -> None:
    """Writes the files that change under names of this batch, and lists them in `content` in place of the old ones."""
    con, table = work.con, work.table.name
    replaced = {file for (file,) in con.execute("SELECT DISTINCT file FROM superseded").fetchall()}
    months = set(_months(work)) | {month_of(file) for file in replaced}
    _write_table(work, folder, content, table, sorted(months), _cases(work, folder, content, batch), batch)
    if table == "complaints":
        _write_table(work, folder, content, TEXTS, sorted(months), _texts(work, folder, content), batch)
    if work.profile.keep_text and work.texts:
        key = ", ".join(f"out.{c}" for c in key_of(table))
        texts = ", ".join(f"raw.{quoted(work.headers[c])} AS {c}" for c in work.texts)
        rows = f"SELECT {key}, {texts} FROM out JOIN raw ON raw.row = out.row ORDER BY out.row"
        file = f"{SENSITIVE}/part-{batch}.parquet"
        if copy(con, folder, file, rows):
            content["files"].setdefault(SENSITIVE, []).append(file)


def _write_table(
    work: Work, folder: Path, content: Content, name: str, months: list[str], rows: Month, batch: int
) -> None:
    """Writes the rows of each of the months, several at once, and lists the files in place of the months' old ones."""

    def written(month: str) -> str | None:
        file = f"{name}/month={month}/part-{batch}.parquet" if month else f"{name}/part-{batch}.parquet"
        with work.con.cursor() as con:
            return file if copy(con, folder, file, f"{rows(month)} ORDER BY {order(work)}") else None

    with ThreadPoolExecutor(WRITERS) as pool:
        try:
            new = [file for file in pool.map(written, months) if file]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    old = [file for file in content["files"].pop(name, []) if month_of(file) not in months]
    if old or new:
        content["files"][name] = sorted({*old, *new}, key=lambda file: (month_of(file), file))


def _cases(work: Work, folder: Path, content: Content, batch: int) -> Month:
    """For a month, SQL for the rows of the table: the new ones, and of the stored ones those that stay."""
    name, same = work.table.name, same_key(work.table.name, "o", "n")
    columns = ", ".join(_columns(work))
    fresh = ", ".join(
        c if sql else f"CAST(NULL AS {kind}) AS {c}" for c, (sql, kind) in _columns(work).items()
    )
    files, new = content["files"].get(name, []), _by_month(work, name, as_kept(work, batch))

    def rows(month: str) -> str:
        parts = [f"SELECT {fresh} FROM {new(month)}"]
        if there := [file for file in files if month_of(file) == month]:
            left = f"SELECT o.* FROM {stored_rows(work, folder, there)} o ANTI JOIN superseded n ON {same} AND o.file = n.file"
            mended = f"SELECT * FROM mended WHERE file IN ({', '.join(map(literal, there))})"
            parts += [f"SELECT {columns} FROM ({part})" for part in (left, mended)]
        return " UNION ALL BY NAME ".join(parts)

    return rows


def _texts(work: Work, folder: Path, content: Content) -> Month:
    """For a month, SQL for the texts of the complaints; a complaint that goes takes its texts with it."""
    same = same_key("complaints", "o", "n")
    files, texts = content["files"].get(TEXTS, []), all_texts(work)
    columns = ", ".join(dict.fromkeys([*key_of("complaints"), work.table.time, *texts]))
    full = " OR ".join(f"{c} IS NOT NULL" for c in texts)
    said = f"(SELECT {columns} FROM {masked(work)} JOIN out USING (row) WHERE {full})"
    new = _by_month(work, TEXTS, said) if work.texts else None

    def rows(month: str) -> str:
        parts = [f"SELECT {columns} FROM {new(month)}"] if new else []
        if there := [file for file in files if month_of(file) == month]:
            gone = "(SELECT * FROM superseded WHERE counted)"
            parts.append(f"SELECT o.* FROM {parquet(folder, there)} o ANTI JOIN {gone} n ON {same}")
        return " UNION ALL BY NAME ".join(parts) or f"SELECT {columns} FROM {said} WHERE false"

    return rows


def as_kept(work: Work, batch: int, texts: bool | None = None) -> str:
    """SQL for the rows of `out` as the store keeps them: minutes beside the times, texts where they are not kept apart.

    Columns that have no value in the file are left out.
    """
    columns = {c: sql for c, (sql, _) in _columns(work, texts).items() if sql}
    source = joined("out", masked(work)) if {*columns} & {*map(quoted, all_texts(work))} else "out"
    minutes = " ".join(
        f"LEFT JOIN minutes c_{c} ON c_{c}.minute = date_trunc('minute', o.{c})"
        for c in CLOCKED.get(work.table.name, ())
        if f"{c}_worked" in columns
    )
    picked = ", ".join(f"{sql} AS {c}" for c, sql in columns.items())
    return f"(SELECT {picked.replace('@batch', str(batch))}, o.row FROM {source} o {minutes})"


def _columns(work: Work, texts: bool | None = None) -> dict[str, tuple[str, str]]:
    """The columns of the table's files: where each comes from (empty: from nowhere) and its type."""
    texts = work.table.name != "complaints" if texts is None else texts
    filled = {*work.headers, *work.profile.constants, *work.profile.complete, "source"}
    columns = {}
    for column, kind in work.table.columns.items():
        if kind != TEXT or texts:
            columns[quoted(column)] = (f"o.{quoted(column)}" if column in filled else "", TYPES[kind])
        if column in CLOCKED.get(work.table.name, ()):
            for clock in ("elapsed", "worked"):
                columns[f"{column}_{clock}"] = (f"c_{column}.{clock}" if column in filled else "", "BIGINT")
    return columns | {"batch": ("CAST(@batch AS INTEGER)", "INTEGER")}


def _by_month(work: Work, name: str, rows: str) -> Month:
    """For a month, SQL for those of the rows that fall into it. Rows of many months are sorted once, all together."""
    if len(_months(work)) > 3:
        work.con.execute(f"CREATE OR REPLACE TABLE sorted_{name} AS FROM {rows} ORDER BY {order(work)}")
        rows = f"sorted_{name}"
    return lambda month: f"(SELECT * FROM {rows} WHERE {_within(work, month)})"


def _months(work: Work) -> list[str]:
    found = work.con.execute(f"SELECT DISTINCT {month_of_row(work)} FROM out ORDER BY 1").fetchall()
    return [f"{day:%Y-%m}" if day else "" for (day,) in found]


def month_of_row(work: Work) -> str:
    """SQL for the first day of the month a row is kept under; missing for tables that are kept whole."""
    monthly = work.table.name in MONTHLY
    return f"CAST(date_trunc('month', {work.table.time}) AS DATE)" if monthly else "CAST(NULL AS DATE)"


def _within(work: Work, month: str) -> str:
    time, first = work.table.time, f"TIMESTAMP '{month}-01'"
    return f"{time} >= {first} AND {time} < {first} + INTERVAL 1 MONTH" if month else "true"


def order(work: Work) -> str:
    """The order of rows in a file: by time, then by key, so that the same rows give the same file."""
    return ", ".join(map(quoted, dict.fromkeys((*filter(None, [work.table.time]), *key_of(work.table.name)))))


def copy(con: duckdb.DuckDBPyConnection, folder: Path, file: str, rows: str) -> int:
    """Writes the rows to a file of the store unless there are none; returns how many."""
    private((folder / file).parent)
    table = file.split("/", maxsplit=1)[0]
    form = LONG if table in (TEXTS, SENSITIVE) else PARTS
    count = con.execute(f"COPY ({rows}) TO {literal(str(folder / file))} {form}").fetchone()[0]
    if not count and table not in ("ledger", "arrivals"):
        (folder / file).unlink(missing_ok=True)
    return count
