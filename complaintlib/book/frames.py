"""Frames on their way into a book and out of it."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from ..clock import Clock
from ..period import Period
from ..schema import CLOCKED, CODE, ID, TABLES, TEXT


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
