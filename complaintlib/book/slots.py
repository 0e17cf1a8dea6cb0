"""The question when in the day something comes: what staffing is planned by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..period import Period
from ..schema import TABLES
from .windows import Where

if TYPE_CHECKING:
    from .core import Book


def slots(
    book: "Book",
    table: str = "contacts",
    window: Period | None = None,
    by: Sequence[str] = (),
    minutes: int = 30,
    where: Where | None = None,
) -> pd.DataFrame:
    """How many rows came in each slot of each day: `day`, `minute` (of the day at which the slot begins), the `by` columns, `n`.

    `minutes` is a slot's length and divides 60. Slots in which nothing came have no row; the window is anything with a
    start and an end.
    """
    time = TABLES[table].time
    rows = book._in_window(book._rows(table, [*by, time], where), table, window, "received")
    slot = rows[time].hour() * 60 + (rows[time].minute() / minutes).floor().cast("int64") * minutes
    found = book._grouped(rows.mutate(day=rows[time].truncate("D"), minute=slot), ["day", "minute", *by])
    return found.astype({"day": "datetime64[us]", "minute": "int64"})
