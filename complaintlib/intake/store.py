"""The store: a folder of Parquet files, of which exactly those belong to it that `store.json` lists.

    store.json                                  zone, clock, breaks, batches in order, known codes, files by table
    complaints/month=2026-10/part-3.parquet     tables of cases by the month of their time; 3 = the batch that wrote it
    texts/month=2026-10/part-3.parquet          the complaints' texts, apart from what is counted: key, time and texts of
                                                the complaints that have any, in the same order
    exposure/part-2.parquet                     small tables whole; ledger and arrivals one file a batch
    sensitive/part-3.parquet                    original texts, only where a profile says `keep_text`

An intake writes new files beside the listed ones, under names that are not listed, and replaces `store.json` last:
that one rename is the commit. Whatever is not listed is a leftover and is removed when an intake ends or begins, so
an intake that was interrupted or refused leaves the store as it was. Readers take the files from `tables`.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from ..clock import Clock
from ..schema import TABLES, TEXTS
from ..words import Trouble, Words
from .notes import Note

FORMAT = 2
WORK = ".work"  # where an intake keeps what it is working on
SENSITIVE = "sensitive"  # original texts, apart from the tables that are analysed
LOCKED = 75  # exit code: another run has the store
MONTHLY = ("complaints", "events", "contacts", "surveys")  # by month; the other tables are small

Content = dict[str, Any]


def tables(store: Path | str) -> dict[str, list[Path]]:
    """The files of each table that has any."""
    folder = Path(store)
    return {
        table: [folder / file for file in files]
        for table, files in read_content(folder)["files"].items()
        if files
    }


def read_content(folder: Path) -> Content:
    """What `store.json` says; a store without one is empty."""
    try:
        content = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {
            "format": FORMAT,
            "clock": None,
            "breaks": [],
            "batches": [],
            "codes": {},
            "calendar": {},
            "key": None,
            "files": {},
        }
    except ValueError:
        content = {}
    if content.get("format") != FORMAT:
        raise Trouble(
            Words(
                "{folder} 中的 store.json 无法识别", "store.json in {folder} is not one this version knows"
            ),
            folder=folder.name,
        )
    return content


def clock_of(content: Content) -> Clock:
    return Clock.from_dict(content["clock"])


def month_of(file: str) -> str:
    """`2026-10` for a file of a table kept by month, else an empty text."""
    folder = file.rsplit("/", 2)[-2]
    return folder.removeprefix("month=") if folder.startswith("month=") else ""


def commit(folder: Path, content: Content) -> None:
    """The files that `content` lists become the store, all at once."""
    for files in content["files"].values():
        for file in files:
            os.chmod(folder / file, 0o600)
    beside = folder / "store.json.new"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, folder / "store.json")


def sweep(folder: Path) -> None:
    """Removes what does not belong to the store: leftovers of an interrupted intake, files that were replaced.

    Only files and folders with names that an intake gives are touched.
    """
    listed = {folder / file for files in read_content(folder)["files"].values() for file in files}
    shutil.rmtree(folder / WORK, ignore_errors=True)
    (folder / "store.json.new").unlink(missing_ok=True)
    for table in (*TABLES, TEXTS, SENSITIVE):
        for file in (
            *folder.glob(f"{table}/part-*.parquet"),
            *folder.glob(f"{table}/month=*/part-*.parquet"),
        ):
            if file not in listed:
                file.unlink()
        for inner in (*folder.glob(f"{table}/month=*"), folder / table):
            with suppress(OSError):  # not empty, or not there
                inner.rmdir()


@contextmanager
def opened(folder: Path) -> Iterator[Content]:
    """The store's content while no other run may change it; leftovers are gone before and after."""
    private(folder)
    with open(folder / ".lock", "a", encoding="utf-8") as file:
        os.chmod(folder / ".lock", 0o600)
        if not _lock(file.fileno()):
            raise Trouble(
                Words("另一个运行正在写入 {folder}", "another run is writing to {folder}"),
                LOCKED,
                folder=folder.name,
            )
        sweep(folder)
        try:
            yield read_content(folder)
        finally:
            sweep(folder)


def private(folder: Path) -> Path:
    """The folder, made where it is missing; it and what had to be made above it are open to their owner only."""
    if not folder.is_dir():
        private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _lock(descriptor: int) -> bool:
    """An exclusive lock that ends with the process, however it ends; False when another process has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_store(store: Path | str) -> list[Note]:
    """What is wrong with a store: files that are missing, damaged or open to others, rows that do not add up."""
    folder = Path(store)
    if not (folder / "store.json").is_file():
        return [Note("no_store", _NO_STORE, values={"folder": folder.name})]
    content = read_content(folder)
    problems = list(_file_problems(folder, content))
    if not problems and content["files"].get("arrivals"):
        with duckdb.connect() as con:
            problems += _row_problems(con, folder, content)
        clock = clock_of(content)
        problems += [
            Note("calendar", _CALENDAR, values={"year": year})
            for year, digest in sorted(content["calendar"].items())
            if clock.fingerprint(int(year)) != digest
        ]
    return problems


def _file_problems(folder: Path, content: Content) -> Iterator[Note]:
    for file in (file for files in content["files"].values() for file in files):
        path = folder / file
        if not path.is_file():
            yield Note("missing_file", _MISSING, values={"file": file})
            continue
        if os.name != "nt" and path.stat().st_mode & 0o077:
            yield Note("open_file", _OPEN, values={"file": file})
        try:
            with duckdb.connect() as con:
                con.execute(f"SELECT count(*) FROM {parquet(folder, [file])}")
        except duckdb.Error:
            yield Note("damaged_file", _DAMAGED, values={"file": file})


def _row_problems(con: duckdb.DuckDBPyConnection, folder: Path, content: Content) -> Iterator[Note]:
    arrivals = parquet(folder, content["files"]["arrivals"])
    used = f"SELECT coalesce(sum(rows), 0) FROM {arrivals} WHERE \"table\" = $1 AND fate = 'used'"
    for table in sorted(set(content["files"]) & set(TABLES) - {"ledger", "arrivals"}):
        rows = parquet(folder, content["files"][table])
        kept = con.sql(f"SELECT count(*) FROM {rows}").fetchone()[0]
        said = con.execute(used, [table]).fetchone()[0]
        if kept != said:
            yield Note("rows", _ROWS, rows=kept, values={"table": table, "said": said})
        keys = f"SELECT 1 FROM {rows} GROUP BY {', '.join(key_of(table))} HAVING count(*) > 1"
        if twice := con.sql(f"SELECT count(*) FROM ({keys})").fetchone()[0]:
            yield Note("twice", _TWICE, rows=twice, values={"table": table})
    if files := content["files"].get(TEXTS):
        key = ", ".join(key_of("complaints"))
        cases = parquet(folder, content["files"].get("complaints", []))
        rows = f"(SELECT {key} FROM {parquet(folder, files)} EXCEPT ALL SELECT {key} FROM {cases})"
        if lone := con.sql(f"SELECT count(*) FROM {rows}").fetchone()[0]:
            yield Note("texts", _LONE, rows=lone)


_NO_STORE = Words(
    "{folder} 里没有投诉库；complaintkit intake 会建立",
    "there is no store in {folder}; complaintkit intake makes it",
)
_MISSING = Words("缺少文件 {file}", "{file} is missing")
_OPEN = Words("其他用户可以读取 {file}", "{file} can be read by other users")
_DAMAGED = Words("文件 {file} 已损坏", "{file} is damaged")
_ROWS = Words(
    "{table}：库中有 {rows:int} 行，而接收记录为 {said:int} 行",
    "{table}: the store has {rows:int} {rows:row/rows}, the arrivals say {said:int}",
)
_TWICE = Words(
    "{table}：{rows:int} 个编号出现多次", "{table}: {rows:int} {rows:key occurs/keys occur} more than once"
)
_LONE = Words(
    "{rows:int} 份文本没有对应的投诉，或一件投诉有多份",
    "texts without a complaint, or several of one: {rows:int}",
)
_CALENDAR = Words(
    "{year} 年的工作日历已变化，库中的工作分钟数仍按旧日历计算",
    "the working calendar of {year} has changed; the stored working minutes follow the old one",
)


def key_of(table: str) -> tuple[str, ...]:
    """What makes two rows the same case: the table's key, within one source where rows have one."""
    known = TABLES[table]
    sourced = "source" in known.columns and table != "customers"
    return (*known.key, "source") if sourced else known.key


def parquet(folder: Path, files: list[str]) -> str:
    """SQL for the rows of some files of the store."""
    names = ", ".join(literal(str(folder / file)) for file in files)
    return f"read_parquet([{names}], hive_partitioning = false, union_by_name = true)"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
