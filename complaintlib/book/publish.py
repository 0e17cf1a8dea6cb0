"""A store's tables into a PostgreSQL database, for everybody who asks there: readers see the old ones or the new ones.

Everything happens in one transaction: new tables are filled by COPY beside the old ones and take their names at its end.
Only tables that an earlier `publish` made are replaced.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ..schema import TABLES
from ..words import Trouble, Words, cut
from .engine import FACTS, HELD, connect, manifest

if TYPE_CHECKING:
    import psycopg

LOCKED = 75  # exit code: another run is at it
_ROWS = 20_000  # rows a batch
_TYPES = {
    "string": 'text COLLATE "C"',  # in the order of their code points, as in the store
    "timestamp[us]": "timestamp",
    "int64": "bigint",
    "int32": "integer",
    "double": "double precision",
    "bool": "boolean",
}
_MARK = "published"  # the tables that are ours to replace


def publish(store: Path, address: str, progress: Callable[[str], None] = lambda line: None) -> dict[str, int]:
    """Put the tables of the store in folder `store` into the PostgreSQL database, and schema, of `address`; gives the rows
    of each.

    `progress` gets a line a batch. Raises Trouble where there is no store or no such database, where it has tables of
    these names that are not ours, where it refuses, and (exit code 75) where another run is publishing there. Original
    texts that a profile keeps (`sensitive`) stay where they are.
    """
    content, fingerprint = manifest(store)
    files = {
        name: [store / file for file in listed] for name, listed in content["files"].items() if name in HELD
    }
    facts = {name: json.dumps(content.get(name, []), ensure_ascii=False) for name in ("clock", "breaks")}
    tables = [FACTS, *(name for name in files if files[name])]
    facts |= {"fingerprint": fingerprint, _MARK: json.dumps(tables)}
    backend = connect(address)
    if backend.name != "postgres":
        raise Trouble(_POSTGRES_ONLY)
    import psycopg

    con: psycopg.Connection = backend.con
    try:
        con.execute("SET default_transaction_read_only = off; SET lock_timeout = '5min'")
        with con.transaction():
            _alone(con)
            replaced = _ours(con, tables)
            rows = {name: _fill(con, name, files[name], progress) for name in tables[1:]}
            _facts(con, facts)
            for name in replaced:
                con.execute(f'DROP TABLE "{name}"')
            for name in tables:
                con.execute(f'ALTER TABLE "{_beside(name)}" RENAME TO "{name}"')
    except psycopg.Error as error:
        said = error.diag.message_primary or type(error).__name__
        raise Trouble(_REFUSED, why=cut(said, 160)) from None
    finally:
        con.close()
    return rows


def _alone(con: "psycopg.Connection") -> None:
    """No other run publishes into this schema until the transaction ends."""
    (schema,) = con.execute("SELECT current_schema()").fetchone()
    if schema is None:
        raise Trouble(_NO_SCHEMA)
    asked = "SELECT pg_try_advisory_xact_lock(hashtext('complaintkit'), hashtext(%s))"
    if con.execute(asked, [schema]).fetchone() != (True,):
        raise Trouble(_BUSY, LOCKED)


def _ours(con: "psycopg.Connection", tables: list[str]) -> list[str]:
    """The tables that an earlier run made; what else has a name that is wanted is not touched."""
    asked = (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind IN ('r', 'v', 'm', 'p', 'f')"
    )
    there = {name for (name,) in con.execute(asked)}
    made = {FACTS} & there
    if made:
        listed = con.execute(f"SELECT value FROM {FACTS} WHERE key = '{_MARK}'").fetchone()
        made = there.intersection(json.loads(listed[0])) & {FACTS, *HELD} if listed else set()
    if strange := sorted(there & {*tables, *map(_beside, tables)} - made):
        raise Trouble(_STRANGE, tables=", ".join(strange))
    return sorted(made)


def _fill(con: "psycopg.Connection", name: str, files: list[Path], progress: Callable[[str], None]) -> int:
    """A new table with the rows of the files, beside the one that it will replace."""
    schema = pa.unify_schemas(map(pq.read_schema, files), promote_options="permissive").remove_metadata()
    columns = ", ".join(f'"{field.name}" {_TYPES[str(field.type)]}' for field in schema)
    con.execute(f'CREATE TABLE "{_beside(name)}" ({columns})')
    data, done = ds.dataset(files, schema=schema, format="parquet"), 0
    total = data.count_rows()
    with con.cursor().copy(f'COPY "{_beside(name)}" FROM STDIN') as copy:
        for text, rows in _lines(data):
            copy.write(text)
            done += rows
            progress(f"{name} {done:,}/{total:,}")
    if name in TABLES and TABLES[name].time in schema.names:
        con.execute(f'CREATE INDEX ON "{_beside(name)}" ("{TABLES[name].time}")')
    con.execute(f'ANALYZE "{_beside(name)}"')
    return done


def _lines(data: ds.Dataset) -> Iterator[tuple[str, int]]:
    """The rows in COPY's text form, not in its CSV, where a complaint with a backslash and a full stop for a line would
    end the table (until PostgreSQL 18)."""
    for batch in data.to_batches(
        batch_size=_ROWS, batch_readahead=0, fragment_readahead=0, use_threads=False
    ):
        if not batch.num_rows:
            continue
        columns = [_escaped(c) if pa.types.is_string(c.type) else c.cast(pa.string()) for c in batch.columns]
        lines = pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement="\\N")
        yield "\n".join([*lines.to_pylist(), ""]), batch.num_rows


def _escaped(texts: pa.Array) -> pa.Array:
    for sign, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        texts = pc.replace_substring(texts, sign, written)
    return texts


def _facts(con: "psycopg.Connection", facts: dict[str, str]) -> None:
    con.execute(f'CREATE TABLE "{_beside(FACTS)}" (key text PRIMARY KEY, value text NOT NULL)')
    with con.cursor() as cursor:
        cursor.executemany(f'INSERT INTO "{_beside(FACTS)}" VALUES (%s, %s)', list(facts.items()))


def _beside(name: str) -> str:
    return f"{name}__new"


_POSTGRES_ONLY = Words(
    "publish 只写入 PostgreSQL；其他引擎可直接读取投诉库的 Parquet 文件（见 README）",
    "publish writes to PostgreSQL; other engines can read the store's Parquet files themselves (see README)",
)
_NO_SCHEMA = Words(
    "地址中的 schema 不存在；请先建立（CREATE SCHEMA）",
    "the schema in the address does not exist; make it first (CREATE SCHEMA)",
)
_BUSY = Words("另一个运行正在发布到这里", "another run is publishing there")
_STRANGE = Words(
    "这里已有不是由 publish 建立的表：{tables}。请在地址末尾写明单独的 schema：/数据库/schema",
    "there are tables that publish did not make: {tables}. Name a schema of its own at the end of the address: /database/schema",
)
_REFUSED = Words("PostgreSQL 拒绝：{why}", "PostgreSQL refused: {why}")
