"""The catalogue of countermeasures, `data/countermeasures.toml`: what may be done about a reason or a class of reasons.

They are suggestions to be discussed: nothing in the data says that they help. Whether a measure did, `methods.effect` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .entries import at, read, trouble, unknown
from .home import DATA
from .taxonomies import TAXONOMIES, Class, Taxonomy, crosswalk, load_taxonomies, load_taxonomy
from .words import Words, label, listed

CATALOGUE = DATA / "countermeasures.toml"
_SAID = {
    "reasons": Words("投诉原因：", "reasons: "),
    "pain": Words("典型痛点：", "typically hurts: "),
    "measures": Words("候选对策：", "what may be done: "),
    "matches": Words("相对应（* 最接近）：", "goes with (* closest): "),
}
_THEN = Words("；", "; ")


@dataclass(frozen=True)
class Head:
    """`taxonomy`: the one by whose classes suggestions and replies are made."""

    taxonomy: str


@dataclass(frozen=True)
class Countermeasure:
    """What may be done: about these `reasons`, or, where there are none, about the classes that name it."""

    name: str
    words: Words
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    countermeasures: tuple[Countermeasure, ...] = ()
    taxonomy: Taxonomy | None = None

    def class_of(self, reason: str) -> Class | None:
        """The narrowest class of a reason in the taxonomy that suggestions go by."""
        return self.taxonomy and self.taxonomy.of(reason)

    def reply(self, reason: str) -> Words | None:
        """The solution told to a customer: that of the reason's class, or else of the class above."""
        found = self.class_of(reason)
        return found and (found.reply or self.taxonomy.above(found).reply)

    def candidates(self, reason: str, most: int = 3) -> list[Countermeasure]:
        """At most so many for a reason, those made for it before those of its class."""
        found = self.class_of(reason)
        own = [one for one in self.countermeasures if reason in one.reasons]
        return [*own, *(self.of_class(self.taxonomy, found) if found else ())][:most]

    def of_class(self, taxonomy: Taxonomy, wanted: Class) -> list[Countermeasure]:
        """Those that a class names, or else those of the class above."""
        held = {one.name: one for one in self.countermeasures}
        return [held[name] for name in wanted.countermeasures or taxonomy.above(wanted).countermeasures]


def load_countermeasures(path: Path | str = CATALOGUE, folder: Path = TAXONOMIES) -> Catalogue:
    """The catalogue in a TOML file, with the taxonomy that it goes by; empty where there is no such file.

    Everything wrong in it, in the taxonomies, and between them is said at once, in one Trouble that names the file,
    the entry by its place, the key, and the nearest known name.
    """
    path, problems = Path(path), []
    if not path.exists():
        return Catalogue()
    head, found = read(path, problems, Head, countermeasures=Countermeasure)
    if problems:
        raise trouble({path.name: problems})
    taxonomies = load_taxonomies(folder)
    if wrong := _between(path.name, head, found, taxonomies):
        raise trouble(wrong)
    return Catalogue(tuple(found.values()), taxonomies[head.taxonomy])


def outline(name: str, catalogue: Catalogue, lang: str) -> str:
    """A taxonomy as text: its classes with their reasons, pain points, candidate countermeasures, and the classes of the
    other taxonomies that go with them, the closest marked."""
    taxonomies = load_taxonomies()
    taxonomy = load_taxonomy(name)
    also = [
        match for other in taxonomies.values() if other.name != name for match in crosswalk(taxonomy, other)
    ]
    lines = [f"{taxonomy.name}  {taxonomy.words[lang]}", taxonomy.question[lang]]
    for each in taxonomy.in_order():
        inside = "  " * (1 + bool(each.parent))
        lines += ["", f"{inside}{each.name}  {each.words[lang]}"]
        matches = [m for m in also if m.this == taxonomy.code(each)]
        said = {
            "pain": each.pain[lang],
            "reasons": listed([label("reason", reason, lang) for reason in each.reasons], lang),
            "measures": _THEN[lang].join(one.words[lang] for one in catalogue.of_class(taxonomy, each)),
            "matches": ", ".join(f"{m.other}{'*' * m.same}" for m in matches),
        }
        lines += [f"{inside}  {_SAID[key][lang]}{text}" for key, text in said.items() if text]
    return "\n".join(lines)


def _between(
    file: str, head: Head, found: Mapping[str, Countermeasure], taxonomies: Mapping[str, Taxonomy]
) -> dict[str, list[Words]]:
    """What is wrong between the catalogue and the taxonomies, by file."""
    wrong: dict[str, list[Words]] = {file: []}
    if head.taxonomy not in taxonomies:
        wrong[file].append(unknown("taxonomy", head.taxonomy, taxonomies))
    named = [one.name for one in found.values()]
    used = {name for t in taxonomies.values() for each in t.classes for name in each.countermeasures}
    for place, one in found.items():
        if not one.reasons and one.name not in used:
            said = Words("没有 reasons，也没有哪一类列出它", "it has no reasons, and no class names it")
            wrong[file].append(at(place, said))
    for taxonomy in taxonomies.values():
        wrong[f"{taxonomy.name}.toml"] = [
            at(f"classes[{n}] ({each.name})", unknown("countermeasures", name, named))
            for n, each in enumerate(taxonomy.classes, 1)
            for name in each.countermeasures
            if name not in named
        ]
    return {name: problems for name, problems in wrong.items() if problems}
