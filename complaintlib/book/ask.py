"""Pieces of questions to an engine, in Ibis."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from ..schema import BLANK, CLOCKED

CLOCKS = ("elapsed", "worked")
UNITS = {"minute": 1, "hour": 60, "day": 1440}


def moment(value: pd.Timestamp) -> ir.Scalar:
    return ibis.literal(pd.Timestamp(value).to_pydatetime())


def hidden_then(
    table: ir.Table, name: str, now: ir.Scalar, wanted: set[str], bounded: Collection[str]
) -> dict[str, ir.Value]:
    """The wanted columns as they stood: later times are missing, and what is only known at the end is not known yet.
    Columns that are bounded are left as they are."""
    hidden: dict[str, ir.Value] = {}
    for time in CLOCKED.get(name, ())[1:]:
        if time in bounded:
            continue
        for column in wanted & {time, *(f"{time}_{clock}" for clock in CLOCKS)}:
            hidden[column] = ibis.ifelse(table[time] < now, table[column], ibis.null())
    if name == "complaints" and "closed_at" in table.columns:
        later = table.closed_at >= now
        for column in wanted & {"outcome", "compensation"}:
            hidden[column] = ibis.ifelse(later, ibis.null(), table[column])
        if "status" in wanted and "status" not in bounded:
            hidden["status"] = ibis.ifelse(later, "open", table.status)
    return hidden


def category(rows: ir.Table, column: str) -> ir.Value:
    """A text column with its missing values as a class of their own; any other column as it is."""
    values = rows[column]
    return values.nullif("").fill_null(BLANK) if values.type().is_string() else values


def missing(values: pd.Series) -> pd.Series:
    """Where a text column that an engine gave has no value."""
    return values.isna() | (values == "")


def chosen(rows: ir.Table, where: Mapping[str, Any] | None) -> ir.Table:
    """The rows whose columns have the values wanted, or one of several."""
    for column, wanted in (where or {}).items():
        wanted = [wanted] if isinstance(wanted, str | bool | int | float) else list(wanted)
        values = (
            category(rows, column) if BLANK in wanted else rows[column]
        )  # of a column itself, files are passed over
        rows = rows.filter(values.isin(wanted))
    return rows


@lru_cache(maxsize=4096)
def filled(con: Any, table: ir.Table, column: str) -> bool:
    if column not in table.columns:
        return False
    return con.to_pyarrow(table.filter(table[column].notnull()).select(column).limit(1)).num_rows > 0
