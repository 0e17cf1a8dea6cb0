"""The records of a file as they were read: kept once, in their order, to be looked at as often as is needed.

They are kept in a Parquet file of a given folder (what repeats itself takes little room there, and a question to one
column leaves the others alone), or in the database where no folder is given. The view `kept` shows them, with `row`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from .store import literal

# A column with more values than these a row group (numbers of cases, texts) is not worth a dictionary.
_FORM = "(FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 5000)"


def keep(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    parameters: Mapping[str, object] | None = None,
    folder: Path | None = None,
    *,
    numbered: bool = False,
) -> None:
    """Keeps the rows of the query in place of what was kept before, which the query may read.

    `row` is their number, from 1 in the query's order, unless the query gives that column itself (`numbered`).
    """
    given = dict(parameters or {})
    if folder is None:
        con.execute(f"CREATE TABLE kept_new AS {rows}", given)
        con.execute(
            "DROP VIEW IF EXISTS kept; DROP TABLE IF EXISTS kept_rows; ALTER TABLE kept_new RENAME TO kept_rows"
        )
        source, number = "(SELECT *, rowid AS at_ FROM kept_rows)", "at_"
    else:
        file, new = folder / "kept.parquet", folder / "kept-new.parquet"
        con.execute(f"COPY ({rows}) TO {literal(str(new))} {_FORM}", given)
        os.replace(new, file)
        source, number = f"read_parquet({literal(str(file))}, file_row_number = true)", "file_row_number"
    shown = f"* EXCLUDE ({number})" if numbered else f'{number} + 1 AS "row", * EXCLUDE ({number})'
    con.execute(f"CREATE OR REPLACE VIEW kept AS SELECT {shown} FROM {source}")


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Makes room for the records of another file."""
    kinds = con.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall()
    for name, kind in kinds:
        if name in ("raw", "kept"):
            con.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")
