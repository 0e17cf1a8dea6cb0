"""One command's way: files are read, cleaned, masked, timed and taken into the store, each as a batch of its own."""

import copy
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from dataclasses import replace as changed
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from ..home import STORE
from ..rules import load_rules
from ..words import Trouble, Words, cut, language, plain
from ..words import column as column_of
from . import account, clean, merge, parts
from .codes import CROSSED, NO_NUMBER, NO_TIME, OUTSIDE, REPAIRED, STANDARD
from .encodings import survey, version
from .kinds import plain_file
from .ledger import ASIDE, DUPLICATE, KNOWN, NEW, REPLACED, USED, Batch, check_loss
from .notes import Note, Refused
from .private import masking, pseudonymise
from .profile import Profile, load_profile, pick_profile
from .pseudonym import Pseudonyms, key_id, load_key
from .read import read, read_headers
from .same import across_channels, latest_states
from .store import WORK, Content, clock_of, commit, opened, parquet, private
from .typed import reword_texts, typed
from .work import Work, day_of, end_of

MEMORY = "1GB"  # for DuckDB; what does not fit goes to the store's work folder
MOST_CODES = 20_000  # so many codes of a column does the store remember

_CHANGES = STANDARD | OUTSIDE | CROSSED | NO_NUMBER | NO_TIME | REPAIRED


def intake(
    paths: str | Path | Iterable[str | Path],
    profile: str | Path | Profile | None = None,
    store: str | Path = STORE,
    replace: bool = False,
    progress: Callable[[str], None] | None = None,
    done: Callable[[Batch], None] | None = None,
) -> list[Batch]:
    """Takes files into a store, one batch a file; customers first, since other files are set right by them.

    `profile`: a profile, its name or its file; None picks one by file name and headers. A file whose content is in
    the store already changes nothing. `replace=True` takes out the older batch of the same source that had the same
    file name or content. `progress` hears of each stage that begins, a line at a time; `done` of each batch in the store,
    also where a later file is refused.

    No row is lost: read = used + duplicates + set aside, checked before anything is written. A file with too many
    unusable rows is refused (`Refused`, exit code 3) with all reasons at once. A refused or interrupted file leaves
    the store as it was; files before it stay taken in. Trouble with exit code 75 while another run writes.
    """
    folder = Path(store).resolve()
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files = [(path, _profile(path, profile)) for path in map(plain_file, given)]
    files.sort(key=lambda file: file[1].table != "customers")
    with opened(folder) as content:
        pseudonyms = Pseudonyms(_key(folder, content))
        batches = []
        for path, chosen in files:
            try:
                batch = _take(
                    path, chosen, folder, content, pseudonyms, replace, progress or (lambda line: None)
                )
            except Refused as refused:  # under the file's name, whichever step found the problem
                raise Refused(path, *refused.problems) from refused
            batches.append(batch)
            if done:
                done(batch)
        return batches


def _take(
    path: Path,
    profile: Profile,
    folder: Path,
    content: Content,
    pseudonyms: Pseudonyms,
    again: bool,
    progress: Callable[[str], None],
) -> Batch:
    before = version(path)
    name, digest = cut(plain(path.name), 80), survey(path).sha256
    older = [b for b in content["batches"] if b["table"] == profile.table and not b["replaced_by"]]
    known = [b for b in older if b["sha256"] == digest]
    if known and not again:
        said = {f.name: known[-1][f.name] for f in fields(Batch) if f.name in known[-1]}
        return Batch(**said | {"state": KNOWN, "file": name})
    source = profile.source or profile.name
    out = [b for b in older if again and b["source"] == source and (b["file"] == name or b in known)]
    number = len(content["batches"]) + 1
    draft = _draft(content, profile)

    def stage(code: str) -> None:
        progress(f"{name}: {_STAGES[code][language()]}")

    with _workshop(folder) as con:
        stage("read")
        read_in = read(path, profile, con, folder / WORK)
        if version(path) != before:
            raise Refused(path, _CHANGED)
        con.execute("SET preserve_insertion_order = false")
        headers = profile.match(read_in.headers, path)
        unused = profile.unused(read_in.headers, headers)
        work = Work(con, profile, headers, end_of(_written(path, profile)))
        clean.begin(work, read_in.rows)
        stage("clean")
        cut_out = reword_texts(con, profile, headers)
        with masking(work) as note_masked:
            notes = typed(con, profile, headers, draft["clock"]["zone"], draft["codes"])
            notes += clean.set_horizon(work, end_of(datetime.now(ZoneInfo(profile.zone))))
            clean.typing_lines(work, cut_out)
            clean.invalid(work)
            clean.impossible_times(work)
            clean.equal_rows(work)
            check_loss(name, read_in.rows, work.ledger.lost(clean.SET_ASIDE), profile.max_loss)
            stage("mask")
            customers = draft["files"].get("customers")
            pseudonymise(
                work,
                pseudonyms,
                f"SELECT customer_id FROM {parquet(folder, customers)}" if customers else None,
            )
            note_masked()
        repaired = con.execute(f"SELECT count(*) FROM cases WHERE bits & {_CHANGES} > 0").fetchone()[0]
        stage("compare")
        merge.finish(work, clock_of(draft))
        latest_states(work)
        across_channels(work)
        updated = merge.meet(work, folder, draft, [b["number"] for b in out])
        merge.across_store(work, folder, draft)
        fates = account.counts(work)
        work.ledger.add("used", fates[USED])
        first, last = con.execute(
            f"SELECT strftime(min(day), '%Y-%m-%d'), strftime(max(day), '%Y-%m-%d') FROM (SELECT {day_of(work)} AS day FROM out)"
        ).fetchone()
        batch = Batch(
            id=f"{number:04d}-{digest[:8]}",
            file=name,
            sha256=digest,
            profile=profile.name,
            table=profile.table,
            source=source,
            state=REPLACED if out else NEW,
            rows=read_in.rows,
            used=fates[USED],
            duplicates=fates[DUPLICATE],
            aside=fates[ASIDE],
            changed=repaired,
            updated=updated,
            encoding=read_in.encoding,
            first=first,
            last=last,
            lines=tuple(work.ledger.lines),
            notes=(*read_in.notes, *unused, *notes, *_new_codes(content, draft)),
        )
        stage("write")
        parts.write(work, folder, draft, number)
        account.write_account(work, folder, draft, number, batch.id, name)
        _enter(draft, batch, number, out)
        commit(folder, draft)
    content.clear()
    content.update(draft)
    return batch


def _profile(path: Path, profile: str | Path | Profile | None) -> Profile:
    if isinstance(profile, Profile):
        return profile
    return load_profile(profile) if profile else pick_profile(path, read_headers(path))


def _key(folder: Path, content: Content) -> bytes:
    """The key for pseudonyms; another one than the store's would silently part old customers from new."""
    key = load_key(folder)
    name = key_id(key)
    if content["key"] not in (None, name):
        raise Trouble(_OTHER_KEY, store=folder.name, key=name, before=content["key"])
    content["key"] = name
    return key


def _draft(content: Content, profile: Profile) -> Content:
    """What the store will say. A new store takes the house's work clock, in the zone of its first file."""
    draft = copy.deepcopy(content)
    if draft["clock"] is None:
        draft["clock"] = changed(load_rules().clock, zone=profile.zone).to_dict()
        draft["zone"] = profile.zone
    for b in profile.breaks:
        said = {"field": b.field, "at": b.at, "zh": b.words.zh, "en": b.words.en}
        if said not in draft["breaks"]:
            draft["breaks"].append(said)
    return draft


def _enter(draft: Content, batch: Batch, number: int, out: list[dict]) -> None:
    """The batch in the store's list; `first` and `last` are the days its rows lie between."""
    said = {key: value for key, value in asdict(batch).items() if key not in ("lines", "notes")}
    for old in draft["batches"]:
        if old["number"] in [b["number"] for b in out]:
            old["replaced_by"] = batch.id
    draft["batches"].append(said | {"number": number, "replaced_by": None})
    draft["codes"] = {column: codes for column, codes in draft["codes"].items() if len(codes) <= MOST_CODES}
    if batch.last:
        year, clock = batch.last[:4], clock_of(draft)
        draft["calendar"].setdefault(year, clock.fingerprint(int(year)))


def _new_codes(content: Content, draft: Content) -> list[Note]:
    """Columns in which values came that no list had (B59); the first batch of a store has nothing to compare with."""
    if not content["batches"]:
        return []
    new = {
        c: len(set(codes) - set(content["codes"].get(c, codes)))
        for c, codes in sorted(draft["codes"].items())
    }
    words = Words("{column}：{rows:int} 个新的取值", "{column}: new values: {rows:int}")
    return [
        Note("new_codes", words, rows=count, values={"column": column_of(column).words})
        for column, count in new.items()
        if count
    ]


_STAGES = {
    "read": Words("读取", "reading"),
    "clean": Words("清洗", "cleaning"),
    "mask": Words("去标识与遮盖", "masking"),
    "compare": Words("与库中记录比对", "comparing with the store"),
    "write": Words("写入", "writing"),
}
_OTHER_KEY = Words(
    "投诉库 {store} 用的是另一个假名密钥（{before}，当前为 {key}）：同一客户会得到不同的假名。请恢复原来的密钥",
    "the store {store} was made with another key for pseudonyms ({before}, now {key}): the same customer would get "
    "another pseudonym. Bring the old key back",
)
_CHANGED = Note(
    "changed",
    Words("读取期间文件发生了变化，请稍后重试", "the file changed while it was being read; try again"),
)


@contextmanager
def _workshop(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database on disk that holds a file while it is worked on; it is gone afterwards, also when it was killed."""
    place = private(folder / WORK)
    con = duckdb.connect(place / "work.duckdb")
    try:
        con.execute(
            f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{str(place).replace(chr(39), chr(39) * 2)}'"
        )
        con.execute(
            f"SET threads = {min(os.cpu_count() or 1, 8)}; SET TimeZone = 'UTC'; SET enable_progress_bar = false; "
            "PRAGMA disable_checkpoint_on_shutdown; "  # no one reads this database again, so texts are not packed either
            "SET disabled_compression_methods = 'fsst,dict_fsst,zstd,dictionary'"
        )
        yield con
    finally:
        con.close()


def _written(path: Path, profile: Profile) -> datetime:
    """When the file was written, where its times are meant: nothing in it can have happened after."""
    return datetime.fromtimestamp(path.stat().st_mtime, ZoneInfo(profile.zone))
