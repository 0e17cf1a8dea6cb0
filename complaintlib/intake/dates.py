"""Time texts of any form become timestamps, or are refused with evidence: nothing is guessed."""

from dataclasses import dataclass

import duckdb

from .notes import Note
from .profile import Times


@dataclass(frozen=True)
class Moments:
    """How a column of time texts is read.

    `sql`: an expression over the table that gives a TIMESTAMP (microseconds) local to the store's zone, or NULL where
    the text is empty or no possible time. `forms`: rows by recognised form. `unread`: rows with a text that is no time.
    """

    sql: str
    forms: dict[str, int]
    unread: int
    notes: tuple[Note, ...]


def moments(
    con: duckdb.DuckDBPyConnection,
    column: str,
    times: Times,
    zone: str,
    store_zone: str,
    *,
    table: str = "raw",
    file: str = "",
) -> Moments:
    """The forms found in `column` of `table` and the expression that reads them; Refused where they cannot be told."""
    raise NotImplementedError
