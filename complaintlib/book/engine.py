"""Where a book's tables are: a store's Parquet files, frames in memory, or an engine that a company already has."""

import hashlib
import json
from pathlib import Path

import ibis
import pandas as pd

from ..clock import Clock
from ..home import DEMO, STORE
from ..schema import TABLES, TEXTS
from ..words import Trouble, Words
from .core import Book, Break


def open_book(where: str | Path = STORE) -> Book:
    """The book of a store: `demo`, a store's folder, or the address of an engine that holds the canonical tables."""
    if where == "demo":
        where = DEMO / "store"
    if "://" in str(where):
        con = ibis.connect(str(where))
        return Book(con, {name: con.table(name) for name in con.list_tables() if name in TABLES}, Clock())
    folder = Path(where).resolve()
    manifest = folder / "store.json"
    if not manifest.is_file():
        raise Trouble(
            Words(
                "{folder} 里没有投诉库。请先运行 complaintkit intake（示例数据：complaintkit demo）",
                "there is no store in {folder}. Run complaintkit intake first (for the example data: complaintkit demo)",
            ),
            folder=folder.name if where != DEMO / "store" else "data/demo/store",
        )
    text = manifest.read_text(encoding="utf-8")
    content = json.loads(text)
    con = ibis.duckdb.connect()
    con.raw_sql("SET threads = 2; SET preserve_insertion_order = false; SET parquet_metadata_cache = true")
    con.raw_sql(f"SET allowed_directories = ['{str(folder).replace(chr(39), chr(39) * 2)}']")
    tables = {
        name: con.read_parquet(
            [folder / file for file in files], table_name=name, hive_partitioning=False, union_by_name=True
        )
        for name, files in content["files"].items()
        if files and (name in TABLES or name == TEXTS)
    }
    con.raw_sql("SET enable_external_access = false; SET lock_configuration = true")
    breaks = tuple(
        Break(b["field"], pd.Timestamp(b["at"]), Words(b["zh"], b["en"])) for b in content.get("breaks", ())
    )
    fingerprint = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Book(con, tables, Clock.from_dict(content["clock"]), breaks, fingerprint)
