"""Taxonomies of complaint reasons, `data/taxonomies/*.toml`: classes and sub-classes, ready to use and to edit.

Each file is one way to look at the same reasons, and the only place that says which reason belongs to which class of it.
`Book.classed` gives a book's complaints the class of their reason, for any method to ask by. A class is named in full as
`taxonomy.class`; the closest class of another taxonomy is written in one of the two files.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from .entries import at, read, trouble, unknown
from .home import DATA
from .words import LANGUAGES, Words

TAXONOMIES = DATA / "taxonomies"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Class:
    """`pain`: what typically hurts; `countermeasures`: names in `data/countermeasures.toml`; `reply`: the solution told to
    a customer; `same`: the closest classes of other taxonomies, one of each at most, each pair written once."""

    name: str
    words: Words
    pain: Words
    parent: str = ""
    reasons: tuple[str, ...] = ()
    countermeasures: tuple[str, ...] = ()
    reply: Words | None = None
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """`question`: what the taxonomy is good for."""

    words: Words
    question: Words


@dataclass(frozen=True)
class Taxonomy:
    """Classes in the order of the file; those with a `parent` are sub-classes of it."""

    name: str
    words: Words
    question: Words
    classes: tuple[Class, ...]

    def of(self, reason: str) -> Class | None:
        """The narrowest class of a reason."""
        return next((each for each in self.classes if reason in each.reasons), None)

    def find(self, name: str) -> Class | None:
        return next((each for each in self.classes if each.name == name), None)

    def above(self, narrow: Class) -> Class:
        """The class itself, or the one that it is a sub-class of."""
        return self.find(narrow.parent) or narrow

    def under(self, wide: Class) -> tuple[Class, ...]:
        """Its sub-classes."""
        return tuple(each for each in self.classes if each.parent == wide.name)

    def in_order(self) -> list[Class]:
        """Each class, and its sub-classes right after it."""
        return [each for wide in self.classes if not wide.parent for each in (wide, *self.under(wide))]

    def reasons(self, wide: Class) -> tuple[str, ...]:
        """The reasons of a class, those of its sub-classes included."""
        return tuple(chain.from_iterable(each.reasons for each in (wide, *self.under(wide))))

    def code(self, each: Class) -> str:
        """Its name in full."""
        return f"{self.name}.{each.name}"

    def codes(self, within: bool = False) -> dict[str, str]:
        """Each reason's class in full, `nature.service`; its sub-class where `within`."""
        return {
            reason: self.code(each if within else self.above(each))
            for each in self.classes
            for reason in each.reasons
        }


@dataclass(frozen=True)
class Match:
    """Two classes that go together, in full names: `same`, the closest to each other; `reasons`, those in both."""

    this: str
    other: str
    same: bool
    reasons: tuple[str, ...]


def taxonomy_names(folder: Path = TAXONOMIES) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def load_taxonomy(name: str, folder: Path = TAXONOMIES) -> Taxonomy:
    """One taxonomy by its name. All that is wrong in its file is said at once; other files are not looked at."""
    if name not in taxonomy_names(folder):
        raise trouble({folder.name: [unknown("taxonomy", name, taxonomy_names(folder))]})
    path, problems = folder / f"{name}.toml", []
    found = _read(path, problems)
    if problems:
        raise trouble({path.name: problems})
    return found


def load_taxonomies(folder: Path = TAXONOMIES) -> dict[str, Taxonomy]:
    """All of them, checked for themselves and for their crosswalks: every class named exists, every pair is written once.

    Everything wrong is said at once, in one Trouble that names file, entry, key and the nearest known name.
    """
    problems: dict[str, list[Words]] = {f"{name}.toml": [] for name in taxonomy_names(folder)}
    found = [_read(folder / file, own) for file, own in problems.items()]
    if not any(problems.values()):
        _check_names(found, problems)
        _check_pairs(found, problems)
    if any(problems.values()):
        raise trouble(problems)
    return {taxonomy.name: taxonomy for taxonomy in found}


def crosswalk(this: Taxonomy, other: Taxonomy) -> list[Match]:
    """Which classes of two taxonomies go together: the closest ones, and those that have reasons in common."""
    stated = {frozenset(pair) for taxonomy in (this, other) for _, pair in _pairs(taxonomy)}
    found = []
    for mine in this.classes:
        for theirs in other.classes:
            codes = (this.code(mine), other.code(theirs))
            shared = tuple(reason for reason in this.reasons(mine) if reason in other.reasons(theirs))
            if (same := frozenset(codes) in stated) or (shared and not (mine.parent or theirs.parent)):
                found.append(Match(*codes, same, shared))
    return found


@cache
def class_words(code: str) -> Words | None:
    """The words of a class named in full, from its file; None where there is no such class."""
    taxonomy, _, name = code.rpartition(".")
    found = load_taxonomy(taxonomy).find(name) if taxonomy in taxonomy_names() else None
    return found and found.words


# ------------------------------------------------------------------------------------------------ one file


def _read(path: Path, problems: list[Words]) -> Taxonomy | None:
    """The taxonomy in a file; nothing where anything is wrong with it."""
    head, classes = read(path, problems, Head, classes=Class)
    problems += [] if problems else _wrong(classes)
    return None if problems else Taxonomy(path.stem, head.words, head.question, tuple(classes.values()))


def _wrong(classes: Mapping[str, Class]) -> Iterator[Words]:
    """What is wrong among the classes of a file: names, parents, a reason in two places."""
    top = [each.name for each in classes.values() if not each.parent]
    times = Counter(chain.from_iterable(each.reasons for each in classes.values()))
    if not top:
        yield Words("没有任何 [[classes]]", "there are no [[classes]]")
    for place, each in classes.items():
        if not _NAME.fullmatch(each.name):
            form = Words("name 应为小写字母、数字和 _", "name must be lower-case letters, digits and _")
            yield at(place, form)
        if each.parent and each.parent not in top:
            yield at(place, unknown("parent", each.parent, top))
        if twice := sorted(reason for reason in set(each.reasons) if times[reason] > 1):
            listed = ", ".join(twice)
            yield at(place, Words(f"{listed} 不止一处", f"{listed} stands in more than one place"))


# ----------------------------------------------------------------------------------------- files together


def _pairs(taxonomy: Taxonomy) -> list[tuple[str, tuple[str, str]]]:
    """The closest classes that a file writes down, each with the place of its entry."""
    return [
        (f"classes[{n}] ({each.name})", (taxonomy.code(each), other))
        for n, each in enumerate(taxonomy.classes, 1)
        for other in each.same
    ]


def _check_names(taxonomies: Sequence[Taxonomy], problems: Mapping[str, list[Words]]) -> None:
    """No two taxonomies are called the same: readers could not tell them apart."""
    for lang in LANGUAGES:
        first: dict[str, str] = {}
        for taxonomy in taxonomies:
            before = first.setdefault(taxonomy.words[lang], taxonomy.name)
            if before != taxonomy.name:
                said = Words(
                    f"words：{lang} 与 {before}.toml 相同", f"words: {lang} is the same as in {before}.toml"
                )
                problems[f"{taxonomy.name}.toml"].append(said)


def _check_pairs(taxonomies: Sequence[Taxonomy], problems: Mapping[str, list[Words]]) -> None:
    """Every class named is one of another file, and has one closest class at most in each."""
    home = {taxonomy.code(each): taxonomy.name for taxonomy in taxonomies for each in taxonomy.classes}
    taken: dict[tuple[str, str], str] = {}
    for taxonomy in taxonomies:
        others = [code for code, name in home.items() if name != taxonomy.name]
        for place, (this, other) in _pairs(taxonomy):
            if other not in others:
                problems[f"{taxonomy.name}.toml"].append(at(place, unknown("same", other, others)))
                continue
            for one, its in ((this, other), (other, this)):
                before = taken.setdefault((one, home[its]), f"{its} ({taxonomy.name}.toml {place})")
                if before != f"{its} ({taxonomy.name}.toml {place})":
                    said = Words(
                        f"same：{one} 已与 {before} 相对应", f"same: {one} is matched with {before} already"
                    )
                    problems[f"{taxonomy.name}.toml"].append(at(place, said))
