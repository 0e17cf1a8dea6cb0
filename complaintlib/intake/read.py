"""Reading: any file a company exports becomes the DuckDB table `raw`, every value still the text it was."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from .notes import Note
from .profile import Profile


@dataclass(frozen=True)
class Source:
    """What was read. `rows` counts the records in the file: those in `raw` plus those in `unread`."""

    path: Path
    sha256: str
    kind: str  # csv, excel, json, parquet
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    headers: tuple[str, ...]
    rows: int
    notes: tuple[Note, ...]


def read_headers(path: str | Path, profile: Profile | None = None) -> tuple[str, ...]:
    """The cleaned headers of the file, from its beginning only: what `pick_profile` needs."""
    raise NotImplementedError


def read(path: str | Path, profile: Profile, con: duckdb.DuckDBPyConnection) -> Source:
    """Leaves `raw` (row, then every column as VARCHAR) and `unread` (row, why) in `con`, replacing earlier ones."""
    raise NotImplementedError
