"""Profiles: how the columns and values of one kind of source file become those of a canonical table."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from ..home import DATA
from ..schema import TABLES, Table
from ..words import Trouble, Words, cut, plain
from .notes import Note, Refused

PROFILES = DATA / "profiles"
GENERIC = "generic"  # the profile of last resort: header synonyms only


def standard(text: object) -> str:
    """The form in which values are compared: full-width made half-width, case folded, spaces single, nothing unseen."""
    return " ".join(plain(unicodedata.normalize("NFKC", str(text))).casefold().split())


def heading(text: object) -> str:
    """The form in which headers are compared: as `standard`, and `_`, `-` and spaces are one."""
    return re.sub(r"[\s_\-]+", " ", standard(text)).strip(" :*")


@dataclass(frozen=True)
class Reading:
    """How the file is to be read; what is None is detected and reported."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    skip_lines: int | None = None


@dataclass(frozen=True)
class Times:
    """How time texts are to be understood, beyond the forms that are always known (see dates.py).

    `formats`: strptime formats, tried first. `day_first`: what 03/04/2026 means. `swapped`: what is done with a column
    in which day and month look exchanged: "keep" or "repair"; None refuses it. `serial_base`: 1900 or 1904.
    """

    day_first: bool | None = None
    formats: tuple[str, ...] = ()
    swapped: str | None = None
    serial_base: int = 1900


@dataclass(frozen=True)
class Duplicates:
    """Two records are one case when all of `same` are equal and present, received at most `within_hours` apart."""

    same: tuple[str, ...]
    within_hours: float = 48


@dataclass(frozen=True)
class Break:
    """A change of the taxonomy of `field` on the day `at` (ISO): no change is tested across it."""

    field: str
    at: str
    words: Words


@dataclass(frozen=True)
class Profile:
    """The mapping of one kind of file. Mappings are from canonical column (or raw value) to what the profile says.

    `columns`: canonical column -> header synonyms. `values`: canonical column -> {raw value, standardised: code}.
    `blanks`: further texts that mean "missing" in this source. `crosswalk`: canonical column -> {old code: new code}.
    """

    name: str
    table: str = "complaints"
    source: str = ""
    zone: str = "Asia/Shanghai"
    files: str = "*"
    keep_text: bool = False
    max_loss: float = 0.05
    blanks: tuple[str, ...] = ()
    read: Reading = Reading()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    times: Times = Times()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    duplicates: Duplicates | None = None
    complete: Mapping[str, str] = field(default_factory=dict)
    crosswalk: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()

    @property
    def canonical(self) -> Table:
        return TABLES[self.table]

    @property
    def known(self) -> frozenset[str]:
        """All headers the profile knows, in the form in which they are compared."""
        return frozenset(heading(name) for names in self.columns.values() for name in names)

    def match(self, headers: Iterable[str], file: str | Path = "") -> dict[str, str]:
        """Canonical column -> header of this file. Two headers for one column, or a required one missing: Refused."""
        headers = tuple(headers)
        by_name = {heading(header): header for header in headers}
        matched, problems = {}, []
        for column, synonyms in self.columns.items():
            found = list(dict.fromkeys(by_name[h] for h in map(heading, synonyms) if h in by_name))
            if len(found) > 1:
                problems.append(Note("two_headers", _TWO_HEADERS, values={"column": column, "found": found}))
            elif found:
                matched[column] = found[0]
        asked_twice = [note.values["column"] for note in problems]
        for column in self.canonical.required:
            if column not in matched and column not in self.constants and column not in asked_twice:
                values = {"column": column, "wanted": list(self.columns.get(column, (column,)))[:6]}
                problems.append(Note("missing_column", _MISSING_COLUMN, values=values))
        if problems:
            shown = [cut(header, 24) for header in headers[:20]] + ["…"] * (len(headers) > 20)
            problems.append(
                Note("headers", _HEADERS, len(headers), values={"headers": shown, "profile": self.name})
            )
            raise Refused(file or self.name, *problems)
        return matched

    def unused(self, headers: Iterable[str], matched: Mapping[str, str]) -> list[Note]:
        """What the profile does not take from the file, and what it looks for in vain (B46)."""
        left = [cut(header, 24) for header in headers if header not in matched.values()]
        wanted = (
            []
            if self.name == GENERIC
            else [names[0] for c, names in self.columns.items() if c not in matched]
        )
        pairs = (("unused_headers", _UNUSED, left), ("absent_headers", _ABSENT, wanted))
        return [
            Note(code, words, len(found), values={"headers": found[:12] + ["…"] * (len(found) > 12)})
            for code, words, found in pairs
            if found
        ]


_UNUSED = Words(
    "未采用的列（{rows:int}）：{headers}", "columns of the file that are not used ({rows:int}): {headers}"
)
_ABSENT = Words(
    "映射中有而文件中没有的列（{rows:int}）：{headers}",
    "columns of the profile that the file lacks ({rows:int}): {headers}",
)
_TWO_HEADERS = Words(
    "规范列 {column} 对应到两列：{found}。请在映射文件的 [columns] 中只写其中一列。",
    "The column {column} fits two headers: {found}. Name one of them under [columns] in the profile.",
)
_MISSING_COLUMN = Words(
    "缺少必需的列 {column}（认识的列名：{wanted}）。",
    "The required column {column} is missing (known headers: {wanted}).",
)
_HEADERS = Words(
    "映射 {profile}；文件中的列（{rows:int}）：{headers}。若映射选错，请用 --profile 另选；若列名不同，请写入映射文件的 [columns]。",
    "Profile {profile}; headers in the file ({rows:int}): {headers}. Choose another with --profile where it is the wrong "
    "one; write other names of columns under [columns] in it.",
)


# ------------------------------------------------------------------------------------------ load and choose


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of that name in data/profiles, or the file. Trouble names file, key and the nearest known name."""
    from .toml import profile_from

    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = PROFILES / f"{name_or_path}.toml"
        names = sorted(file.stem for file in PROFILES.glob("*.toml"))
        if str(name_or_path) not in names:
            near = difflib.get_close_matches(str(name_or_path), names, 1)
            raise Trouble(_NO_PROFILE, name=cut(name_or_path, 40), near=near or names)
    return profile_from(path)


def all_profiles() -> list[Profile]:
    """Every profile in data/profiles, by name."""
    return [load_profile(path) for path in sorted(PROFILES.glob("*.toml"))]


def pick_profile(path: str | Path, headers: Iterable[str]) -> Profile:
    """The profile whose headers fit the file, then whose glob does; the generic one when only its synonyms fit.

    A profile fits when its required columns and at least 60 % of all its columns are in the file. Of those that fit,
    the one with the most columns found is taken; a draw is left to the user.
    """
    headers = tuple(headers)
    fits: dict[tuple[bool, int], list[Profile]] = {}
    generic, lacking = None, ()
    for profile in all_profiles():
        try:
            found = len(profile.match(headers))
        except Refused as refused:
            if profile.name == GENERIC:
                lacking = refused.problems
            continue
        if profile.name == GENERIC:
            generic = profile
        elif found >= 0.6 * len(profile.columns):
            named = profile.files != "*" and fnmatch(Path(path).name, profile.files)
            fits.setdefault((named, found), []).append(profile)
    best = fits[max(fits)] if fits else [generic] if generic else []
    if len(best) == 1:
        return best[0]
    if not best:
        raise Refused(path, Note("no_profile", _NO_FIT), *lacking)
    raise Refused(
        path, Note("several_profiles", _DRAW, len(best), values={"profiles": [p.name for p in best]})
    )


_NO_PROFILE = Words(
    "没有名为 {name} 的映射；相近或已有的：{near}。", "There is no profile {name}; near or known: {near}."
)
_DRAW = Words(
    "它同时符合几个映射：{profiles}。请用 --profile 指定。",
    "It fits several profiles: {profiles}. Say which with --profile.",
)
_NO_FIT = Words(
    "没有映射符合它。请运行 complaintkit profile 查看建议的列对应。通用映射不合之处：",
    "No profile fits it. Run complaintkit profile on it for a proposed mapping. Why the generic one does not:",
)


def propose(path: str | Path, lang: str | None = None) -> str:
    """TOML text of a proposed profile for the file, with its evidence in comments (see propose.py)."""
    from .propose import propose as proposed

    return proposed(path, lang)
