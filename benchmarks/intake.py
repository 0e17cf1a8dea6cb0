"""Intake of a big file, and of one more month into a big store, against DuckDB's plain conversion and an empty store.

`COMPLAINTKIT_BENCH_ROWS` says how many complaints the file has (5,000,000), `COMPLAINTKIT_BENCH_STORE_ROWS` how many the
store (20,000,000); `COMPLAINTKIT_BENCH_FOLDER` keeps both for another run.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import RUNS, Line
from benchmarks._cfpb import write_csv
from benchmarks._memory import GB, Taken, taken
from benchmarks._store import make_store
from complaintlib.home import HOME

ROWS = int(os.environ.get("COMPLAINTKIT_BENCH_ROWS", "5000000"))
STORE_ROWS = int(os.environ.get("COMPLAINTKIT_BENCH_STORE_ROWS", "20000000"))
MONTH = 60_000
_CONVERT = """import sys, duckdb
con = duckdb.connect()
con.execute("SET threads = 2; SET preserve_insertion_order = false")
columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(18))
reading = f"header = true, columns = {{{columns}}}, auto_detect = false, max_line_size = 16777216, buffer_size = 33554432"
con.execute(f"COPY (SELECT * FROM read_csv($1, {reading})) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)", sys.argv[1:2])"""


def run() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(os.environ.get("COMPLAINTKIT_BENCH_FOLDER") or folder)
        yield from _big_file(place, Path(folder))
        yield from _one_more_month(place, Path(folder))


def _big_file(place: Path, work: Path) -> Iterator[Line]:
    whole, half = (made(place / f"cfpb-{rows}.csv", write_csv, rows) for rows in (ROWS, ROWS // 2))
    found: dict[str, list[Taken]] = {"intake": [], "half": [], "convert": []}
    for _ in range(RUNS):
        found["convert"].append(_measured([sys.executable, "-c", _CONVERT, whole, work / "plain.parquet"]))
        found["intake"].append(_intake(whole, work / "store"))
        found["half"].append(_intake(half, work / "store"))
    seconds = {name: median(s for s, _ in runs) for name, runs in found.items()}
    peak = {name: max(peak for _, peak in runs) / GB for name, runs in found.items()}
    yield Line(
        f"intake of {ROWS:,} complaints, against DuckDB's plain conversion to Parquet",
        3,
        seconds["intake"] / seconds["convert"],
        note=f"{seconds['intake']:.0f} s against {seconds['convert']:.0f} s",
    )
    yield Line("its peak memory, all processes, in GB", 2, peak["intake"])
    yield Line(
        "its peak memory, against that of half the rows",
        1.2,
        peak["intake"] / peak["half"],
        note=f"{peak['intake']:.2f} GB against {peak['half']:.2f} GB",
    )


def _one_more_month(place: Path, work: Path) -> Iterator[Line]:
    store = made(place / f"store-{STORE_ROWS}", partial(make_store, events=False), STORE_ROWS)
    month = work / "month.csv"
    write_csv(month, MONTH, first="2026-11-01", days=30, start=900_000_000, seed=2)
    os.utime(month, (datetime(2026, 12, 1).timestamp(),) * 2)  # nothing in it is in the future
    found: dict[str, list[float]] = {"big": [], "empty": []}
    for _ in range(RUNS):
        big = work / "big"  # links, since an intake leaves the files that are there as they are
        shutil.rmtree(big, ignore_errors=True)
        shutil.copytree(store, big, copy_function=os.link)
        shutil.copy2(store / "store.json", work / "store.json")
        os.replace(work / "store.json", big / "store.json")
        found["big"].append(_intake(month, big, anew=False)[0])
        found["empty"].append(_intake(month, work / "store")[0])
    big, empty = (median(found[name]) for name in ("big", "empty"))
    yield Line(
        f"one more month ({MONTH:,}) into a store of {STORE_ROWS:,}, against an empty one",
        1.3,
        big / empty,
        note=f"{big:.1f} s against {empty:.1f} s",
    )


def made(path: Path, make, rows: int) -> Path:
    """What `make` makes of so many rows, kept under its name once it is whole."""
    if not path.exists():
        make(path.with_name(f"{path.name}.new"), rows)
        os.replace(path.with_name(f"{path.name}.new"), path)
    return path


def _intake(file: Path, store: Path, anew: bool = True) -> Taken:
    if anew:
        shutil.rmtree(store, ignore_errors=True)
    return _measured([sys.executable, "-m", "complaintlib", "intake", file, "--store", store])


def _measured(arguments: list) -> Taken:
    return taken(arguments, cwd=HOME, env=os.environ | {"COMPLAINTKIT_KEY": "0f" * 32})
