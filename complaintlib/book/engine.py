"""Where a book's tables are: a store's Parquet files, or an engine that a company already has.

An engine holds the canonical tables, or views, under their names, with the minutes beside their times (see `schema`), and
a table `complaintkit` of two columns of text, `key` and `value`:

    clock         the work clock that the minutes were counted by, as `store.json` has it; its zone is that of the times
    breaks        the changes of a taxonomy, as `store.json` has them; may be left out
    fingerprint   another text whenever the data are others; without one no answer is kept for a later run

`publish` makes all of it from a store.
"""

import hashlib
import json
import os
import re
import weakref
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import ibis
import ibis.expr.types as ir
import pandas as pd

from ..clock import Clock
from ..home import DEMO, STORE
from ..schema import CODE, FLAG, ID, NUMBER, TABLES, TEXT, TEXTS, TIME, WHOLE
from ..shared import Held
from ..words import Trouble, Words, cut
from .core import Book, Break

FACTS = "complaintkit"  # an engine's table of what `store.json` says
HELD = (*TABLES, TEXTS)
_TYPES = {
    TIME: "timestamp",
    CODE: "string",
    TEXT: "string",
    ID: "string",
    NUMBER: "float64",
    WHOLE: "int64",
    FLAG: "boolean",
}


def open_book(where: str | Path | ibis.BaseBackend = STORE) -> Book:
    """The book of a store: `demo`, a store's folder, the address of an engine that holds the canonical tables
    (`postgres://...`), or a connection to one that Ibis has made."""
    if isinstance(where, ibis.BaseBackend):
        return _of_engine(where)
    if "://" in str(where):
        return _of_engine(connect(str(where)))
    return _of_folder(DEMO / "store" if where == "demo" else Path(where))


def manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """What `store.json` of a store says, and the fingerprint of its data."""
    path = folder / "store.json"
    if not path.is_file():
        raise Trouble(_NO_STORE, folder="data/demo/store" if folder == DEMO / "store" else folder.name)
    text = path.read_text(encoding="utf-8")
    return json.loads(text), hashlib.sha256(text.encode("utf-8")).hexdigest()


def connect(address: str) -> ibis.BaseBackend:
    """A connection to an engine, for reading. What goes wrong is said without the password."""
    scheme = address.partition("://")[0]
    try:
        con = ibis.connect(address)
    except ImportError:
        package = "psycopg[binary]" if scheme.startswith("postgres") else f"ibis-framework[{scheme}]"
        raise Trouble(_NO_DRIVER, scheme=scheme, package=package) from None
    except ValueError:
        raise Trouble(_ADDRESS, scheme=scheme) from None
    except Exception as error:  # noqa: BLE001 every driver has errors of its own, and some repeat the address
        raise Trouble(_UNREACHABLE, scheme=scheme, why=_why(error, address)) from None
    if con.name == "postgres":
        con.raw_sql("SET default_transaction_read_only = on; SET jit = off").close()
        weakref.finalize(con, con.con.close)
    return con


# ----------------------------------------------------------------------------------------------------------------


def _of_folder(folder: Path) -> Book:
    folder = folder.resolve()
    content, fingerprint = manifest(folder)
    files = {
        name: [str(folder / file) for file in listed]
        for name, listed in content["files"].items()
        if listed and name in HELD
    }
    connected = cache(lambda: _reader(folder))

    def table(name: str) -> ir.Table:
        return connected().read_parquet(
            files[name], table_name=name, hive_partitioning=False, union_by_name=True
        )

    return Book(
        connected,
        Held(files, table),
        Clock.from_dict(content["clock"]),
        _breaks(content.get("breaks", ())),
        fingerprint,
        filled=cache(lambda table: _filled(connected(), files[table])),
    )


def _reader(folder: Path) -> ibis.BaseBackend:
    """A DuckDB that reads the files of a folder, and nothing else; with fewer threads where several kernels share the
    cores."""
    con = ibis.duckdb.connect()
    con.raw_sql("SET preserve_insertion_order = false; SET parquet_metadata_cache = true")
    con.raw_sql(f"SET threads = {int(os.environ.get('COMPLAINTKIT_THREADS', '2'))}")
    con.raw_sql(f"SET allowed_directories = ['{str(folder).replace(chr(39), chr(39) * 2)}']")
    con.raw_sql("SET enable_external_access = false; SET lock_configuration = true")
    return con


def _filled(con: ibis.BaseBackend, files: list[str]) -> frozenset[str]:
    """The columns of Parquet files that have a value, as the files themselves say."""
    asked = "SELECT path_in_schema FROM parquet_metadata(?) GROUP BY 1 HAVING sum(num_values) > sum(stats_null_count)"
    return frozenset(name for (name,) in con.con.execute(asked, [files]).fetchall())


def _of_engine(con: ibis.BaseBackend) -> Book:
    there = set(con.list_tables())
    if missing := sorted({FACTS, "complaints"} - there):
        raise Trouble(_NO_TABLE, table=", ".join(missing))
    rows = con.to_pyarrow(con.table(FACTS).select("key", "value")).to_pylist()
    facts = {row["key"]: row["value"] for row in rows}
    try:
        clock, breaks = Clock.from_dict(json.loads(facts["clock"])), json.loads(facts.get("breaks", "[]"))
    except (KeyError, TypeError, ValueError):
        raise Trouble(_NO_CLOCK) from None
    tables = {name: _canonical(name, con.table(name)) for name in HELD if name in there}
    return Book(
        lambda: con, Held(tables, tables.__getitem__), clock, _breaks(breaks), facts.get("fingerprint", "")
    )


def _canonical(name: str, table: ir.Table) -> ir.Table:
    """The table with every known column in its type; one that has them all, as it is."""
    known = TABLES["complaints" if name == TEXTS else name]
    types = table.schema()
    if missing := [column for column in known.required if column not in types]:
        raise Trouble(_NO_COLUMN, columns=", ".join(f"{name}.{column}" for column in missing))
    zoned = [column for column in types if types[column].is_timestamp() and types[column].timezone]
    if zoned := [column for column in zoned if known.columns.get(column) == TIME]:
        raise Trouble(_ZONED, columns=", ".join(f"{name}.{column}" for column in zoned))
    wanted = {column: ibis.dtype(_TYPES[kind]) for column, kind in known.columns.items() if column in types}
    casts = {column: kind for column, kind in wanted.items() if type(types[column]) is not type(kind)}
    return table.cast(casts) if casts else table


def _breaks(listed: Any) -> tuple[Break, ...]:
    return tuple(Break(b["field"], pd.Timestamp(b["at"]), Words(b["zh"], b["en"])) for b in listed)


def _why(error: Exception, address: str) -> str:
    """What the driver says, in a line, without anything of the address that may be secret."""
    said = str(error).strip().partition("\n")[0].rpartition("failed: ")[2]
    password = address.partition("://")[2].rpartition("@")[0].partition(":")[2]
    asked = parse_qsl(address.rpartition("?")[2])
    secrets = {password, unquote_plus(password), *re.split(r"[/#?@:]", password)}
    secrets |= {value for name, value in asked if name != "host"}
    if any(secret in said for secret in secrets - {""}):
        return type(error).__name__
    return cut(said, 160) or type(error).__name__


_NO_STORE = Words(
    "{folder} 里没有投诉库。请先运行 complaintkit intake（示例数据：complaintkit demo）",
    "there is no store in {folder}. Run complaintkit intake first (for the example data: complaintkit demo)",
)
_NO_DRIVER = Words(
    "没有安装 {scheme} 的驱动：pip install '{package}'",
    "the driver for {scheme} is not installed: pip install '{package}'",
)
_ADDRESS = Words(
    "看不懂 {scheme} 引擎的地址。密码中的特殊字符应写成 %2F、%40 等",
    "the address of the {scheme} engine is not understood. Special characters of a password are written as %2F, %40 ...",
)
_UNREACHABLE = Words("连不上 {scheme} 引擎：{why}", "the {scheme} engine cannot be reached: {why}")
_NO_TABLE = Words(
    "引擎中没有表 {table}；complaintkit publish 会建立",
    "the engine has no table {table}; complaintkit publish makes it",
)
_NO_CLOCK = Words(
    "引擎的表 complaintkit 中没有可读的 clock（分钟数所依据的工作日历，JSON）",
    "the engine's table complaintkit has no clock that can be read (the working calendar of the minutes, as JSON)",
)
_NO_COLUMN = Words("引擎的表缺少列：{columns}", "columns are missing in the engine's tables: {columns}")
_ZONED = Words(
    "{columns} 带时区；请在视图中换成当地时间（不带时区）",
    "{columns} have a time zone; let a view give them as local times without one",
)
