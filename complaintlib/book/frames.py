"""Frames on their way into a book and out of it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from ..clock import Clock
from ..period import Period
from ..schema import CLOCKED, CODE, ID, TABLES, TEXT

DAILY = ("day", "week")  # kinds of periods that are made of days; the others of months


def to_arrow(name: str, frame: pd.DataFrame, clock: Clock) -> pa.Table:
    """A frame in canonical columns as an Arrow table with the minutes beside its times."""
    known = TABLES[name].columns
    frame = frame.copy()
    for time in CLOCKED.get(name, ()):
        if time in frame and f"{time}_elapsed" not in frame:
            frame[time] = frame[time].astype("datetime64[us]")
            frame[f"{time}_elapsed"] = clock.elapsed(frame[time])
            frame[f"{time}_worked"] = clock.worked(frame[time])
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # An all-missing column has no type of its own.
    texts = {c for c in frame.columns if known.get(c) in (CODE, ID, TEXT)}
    fields = [pa.field(f.name, pa.string()) if f.name in texts else f for f in table.schema]
    return table.cast(pa.schema(fields))


def grid(
    found: pd.DataFrame,
    by: Sequence[str],
    periods: Sequence[Period],
    values: list[str],
    fill: float | None = 0,
) -> pd.DataFrame:
    """Every period with every combination of categories found in any of them."""
    texts = pd.DataFrame({"period": [p.text for p in periods]})
    full = texts.merge(found[list(by)].drop_duplicates(), how="cross") if by else texts
    full = full.merge(found, on=["period", *by], how="left")
    if fill is not None:
        full = full.fillna(dict.fromkeys(values, fill)).astype({v: "int64" for v in values if v == "n"})
    return full.sort_values(["period", *by], kind="stable", ignore_index=True)[["period", *by, *values]]


def as_numbers(found: pd.DataFrame, total: str | None) -> pd.DataFrame:
    """Counts as whole numbers and a sum, which comes in decimals, as a number: 0 where there was nothing to add."""
    if total:
        found[total] = found[total].astype(float).fillna(0.0)
    return found.astype({"n": "int64"})


def slots_of(periods: Sequence[Period]) -> dict[Any, str]:
    """The period of each of its days, or of each of its months by their number."""
    by_day = periods[0].kind in DAILY
    return {
        slot.date() if by_day else slot.year * 12 + slot.month: period.text
        for period in periods
        for slot in pd.date_range(period.start, period.end, freq="D" if by_day else "MS", inclusive="left")
    }
