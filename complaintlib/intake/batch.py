"""One command's way: files are read, cleaned, masked, timed and taken into the store, each as a batch of its own."""

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from ..home import STORE
from ..rules import load_rules
from ..words import cut, plain
from . import clean, merge
from .ledger import ASIDE, DUPLICATE, KNOWN, NEW, REPLACED, USED, Batch, check_loss
from .mask import Pseudonyms, load_key
from .notes import Refused
from .profile import Profile, load_profile, pick_profile
from .read import read, read_headers
from .store import WORK, Content, clock_of, commit, opened, parquet, private
from .typed import CROSSED, NO_NUMBER, NO_TIME, OUTSIDE, REPAIRED, STANDARD, typed

MEMORY = "1GB"  # for DuckDB; what does not fit goes to the store's work folder
MOST_CODES = 20_000  # codes of a column the store remembers

Progress = Callable[[str, str], None]
_CHANGES = STANDARD | OUTSIDE | CROSSED | NO_NUMBER | NO_TIME | REPAIRED


def intake(
    paths: str | Path | Iterable[str | Path],
    profile: str | Path | Profile | None = None,
    store: str | Path = STORE,
    replace: bool = False,
    progress: Progress | None = None,
) -> list[Batch]:
    """Takes files into a store, one batch a file; customers first, since other files are set right by them.

    `profile`: a profile, its name or its file; None picks it by file name and headers. A file whose content is in
    the store already changes nothing. `replace=True` takes the older batch of the same source with the same file
    name, or with the same content, out. `progress` is called with the file's name and what is being done.

    Rows are not lost: read = used + duplicates + set aside, checked before anything is written. A file with too many
    unusable rows is refused (`Refused`, exit code 3) with all reasons; it and an interrupted intake leave the store
    as it was, and the files before it stay taken in. Raises Trouble with exit code 75 while another run writes.
    """
    folder = Path(store).resolve()
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files = [(Path(path), _profile(Path(path), profile)) for path in given]
    files.sort(key=lambda file: file[1].table != "customers")
    say = progress or (lambda file, step: None)
    with opened(folder) as content:
        key = load_key(folder)
        return [_take(path, chosen, folder, content, Pseudonyms(key), replace, say) for path, chosen in files]


def _profile(path: Path, profile: str | Path | Profile | None) -> Profile:
    if isinstance(profile, Profile):
        return profile
    return load_profile(profile) if profile else pick_profile(path, read_headers(path))


def _take(
    path: Path, profile: Profile, folder: Path, content: Content, pseudonyms: Pseudonyms, again: bool, say: Progress
) -> Batch:
    name = cut(plain(path.name), 80)
    say(name, "read")
    digest = _digest(path)
    older = [b for b in content["batches"] if b["table"] == profile.table and "replaced_by" not in b]
    known = [b for b in older if b["sha256"] == digest]
    if known and not again:
        return Batch(**{k: v for k, v in known[-1].items() if k in Batch.__dataclass_fields__} | {"state": KNOWN, "file": name})
    out = [b for b in older if again and b["source"] == profile.source and (b["file"] == name or b in known)]
    number = len(content["batches"]) + 1
    draft = _draft(content, profile)
    with _workshop(folder) as con:
        source = read(path, profile, con)
        if _digest(path) != digest:
            raise Refused(path, _CHANGED)
        con.execute("SET preserve_insertion_order = false")
        headers = profile.match(source.headers)
        work = clean.Work(con, profile, headers, clean.end_of(_day_of(path, profile)))
        clean.begin(work, source.rows)
        say(name, "standard")
        notes = typed(con, profile, headers, draft["clock"]["zone"], draft["codes"])
        ...
