"""The register of forecasts: what earlier reports expected, kept so that later ones can be judged by it.

One CSV file a store, in the folder `register` beside the reports. A page hands its forecasts over as a table named
`register`; a notebook that declares the parameter `register` is given those made earlier than its own `as_of`, so that
a report made again is the same.
"""

import csv
import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from ..words import Trouble, Words
from . import preflight
from .folder import locked, sync, write
from .tables import neutral

FOLDER = "register"
COLUMNS = (
    *("step", "as_of", "made_on", "indicator", "by", "key", "period", "h"),
    *("mean", "lower", "upper", "level", "model"),
)
Row = tuple[str, ...]  # a value per column, as text
_NEUTRAL = re.compile(r"(^|[\r\n])'(?=[=+\-@\t\r\n\x00＝＋－＠])")


def register_of(out: Path, store: str) -> Path:
    """The register of a store among the reports in `out`; of an engine it is the same for all its users."""
    shown = preflight.shown(store)
    place = shown if shown == "demo" else re.sub(r"//[^/@]*@", "//", store)
    digest = hashlib.sha256(place.encode("utf-8")).hexdigest()[:12]
    return out / FOLDER / f"{re.sub(r'[^A-Za-z0-9]+', '-', shown).strip('-') or 'store'}-{digest}.csv"


def made_before(path: Path, as_of: pd.Timestamp) -> bytes:
    """The register as a notebook gets it: the rows made for an earlier `as_of`; empty where there are none."""
    rows = [row for row in _read(path) if row[1] < as_of.isoformat()]
    return _csv(rows, str) if rows else b""


def keep(path: Path, tables: Mapping[str, pd.DataFrame], as_of: pd.Timestamp, today: date) -> None:
    """Enter the forecasts in `tables` (by step), in place of those that the same step made for the same `as_of`.

    `made_on` is the day on which a row was first entered as it is: it shows a forecast that was made, or made
    otherwise, after the event.
    """
    if not tables:
        return
    new = [row for step, table in tables.items() for row in _rows(step, table, as_of, today)]
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with locked(path.parent / f".lock-{path.stem}", wait=60):
        old = _read(path)
        known = {_without_day(row): row for row in old}
        entered = [known.get(_without_day(row), row) for row in new]
        others = [
            row for row in old if (row[0], row[1]) not in {(step, as_of.isoformat()) for step in tables}
        ]
        part = path.parent / f".{path.stem}-{os.getpid()}.part"
        write(part, _csv(sorted([*others, *entered], key=lambda row: row[1::-1]), _harmless))
        os.replace(part, path)
        sync(path.parent)


def _rows(step: str, table: pd.DataFrame, as_of: pd.Timestamp, today: date) -> Iterable[Row]:
    given = {"step": step, "as_of": as_of.isoformat(), "made_on": today.isoformat()}
    for row in table.to_dict("records"):
        values = [(row | given).get(name) for name in COLUMNS]
        yield tuple("" if value is None or pd.isna(value) else str(value) for value in values)


def _without_day(row: Row) -> Row:
    return row[:2] + row[3:]


def _read(path: Path) -> list[Row]:
    try:
        lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        head = tuple(next(lines))
        place = [head.index(name) for name in COLUMNS]
        return [tuple(_NEUTRAL.sub(r"\1", line[at]) for at in place) for line in lines if line]
    except FileNotFoundError:
        return []
    except (ValueError, IndexError, StopIteration):
        raise Trouble(
            Words(
                "预测登记 {file} 看不懂；请恢复它，或移走后重新开始登记",
                "the register of forecasts {file} cannot be read; restore it, or move it away to begin a new one",
            ),
            file=path.name,
        ) from None


def _csv(rows: Iterable[Row], cell: Callable[[str], str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([COLUMNS, *([cell(value) for value in row] for row in rows)])
    return out.getvalue().encode("utf-8")


def _harmless(cell: str) -> str:
    """As a spreadsheet takes it for text: a number may begin with a minus."""
    try:
        float(cell)
    except ValueError:
        return neutral(cell)
    return cell
