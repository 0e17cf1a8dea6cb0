"""The catalogue of countermeasures, `data/countermeasures.toml`: what may be done about a class of reasons.

They are suggestions to be discussed: nothing in the data says that they help. Whether a measure did, `methods.effect` says.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .home import DATA
from .rules import unknown_key
from .words import Trouble, Words

CATALOGUE = DATA / "countermeasures.toml"
_KEYS = {
    "classes": ("name", "words", "reasons", "reply"),
    "countermeasures": ("class", "words", "reasons"),
}


@dataclass(frozen=True)
class Kind:
    """A class of reasons. `reply`: the solution told to a customer."""

    name: str
    words: Words
    reasons: tuple[str, ...]
    reply: Words


@dataclass(frozen=True)
class Countermeasure:
    """What may be done; for all reasons of its class where `reasons` is empty."""

    kind: str
    words: Words
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    kinds: tuple[Kind, ...] = ()
    countermeasures: tuple[Countermeasure, ...] = ()

    def kind_of(self, reason: str) -> Kind | None:
        return next((kind for kind in self.kinds if reason in kind.reasons), None)

    def candidates(self, reason: str, most: int = 3) -> list[Countermeasure]:
        """At most so many for a reason, those made for it before those of its whole class; none where it has no class."""
        kind = self.kind_of(reason)
        if kind is None:
            return []
        own = [one for one in self.countermeasures if reason in one.reasons]
        general = [one for one in self.countermeasures if one.kind == kind.name and not one.reasons]
        return [*own, *general][:most]


def load_countermeasures(path: Path | str = CATALOGUE) -> Catalogue:
    """The catalogue in a TOML file; empty where there is no such file.

    Everything wrong in it is said at once, in one Trouble that names the file, the entry by its place, and the key.
    """
    path = Path(path)
    if not path.exists():
        return Catalogue()
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _trouble(
            path, [Words(f"不是有效的 TOML（UTF-8）：{error}", f"no valid TOML in UTF-8: {error}")]
        ) from None
    problems = [unknown_key(key, _KEYS) for key in sorted(tree.keys() - _KEYS.keys())]
    entries = {name: list(_entries(tree, name, problems)) for name in _KEYS}
    names = [entry["name"] for _, entry in entries["classes"] if isinstance(entry.get("name"), str)]
    reasons = Counter(r for _, entry in entries["classes"] for r in entry.get("reasons", ()))
    for where, entry in entries["classes"]:
        if twice := [r for r in entry.get("reasons", ()) if reasons[r] > 1]:
            said = ", ".join(sorted(set(twice)))
            problems.append(
                Words(f"{where}：{said} 属于不止一类", f"{where}: {said} is in more than one class")
            )
    for where, entry in entries["countermeasures"]:
        if entry.get("class") not in names:
            known = ", ".join(names)
            problems.append(
                Words(f"{where}：class 应为 {known} 之一", f"{where}: class must be one of {known}")
            )
    if problems:
        raise _trouble(path, problems)
    return Catalogue(
        tuple(
            Kind(e["name"], Words(**e["words"]), tuple(e["reasons"]), Words(**e["reply"]))
            for _, e in entries["classes"]
        ),
        tuple(
            Countermeasure(e["class"], Words(**e["words"]), tuple(e.get("reasons", ())))
            for _, e in entries["countermeasures"]
        ),
    )


def _entries(tree: dict[str, Any], name: str, problems: list[Words]):
    """Each entry with the name of its place; what is wrong with its keys and types goes to `problems`."""
    listed = tree.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        problems.append(Words(f"{name} 应写作 [[{name}]]", f"{name} is written as [[{name}]]"))
        return
    for place, entry in enumerate(listed, 1):
        where, known = f"{name}[{place}]", _KEYS[name]
        problems += [unknown_key(key, known, f"{where}.") for key in sorted(entry.keys() - set(known))]
        for key in known:
            if key not in entry and (name, key) != ("countermeasures", "reasons"):
                problems.append(Words(f"{where}：缺少 {key}", f"{where}: {key} is missing"))
            elif key in entry and not _right(key, entry[key]):
                form = {"reasons": '["…"]'}.get(key, '{ zh = "…", en = "…" }' if key in ("words", "reply") else '"…"')  # fmt: skip
                problems.append(
                    Words(f"{where}：{key} 应写作 {form}", f"{where}: {key} is written as {form}")
                )
        yield where, entry if _right("reasons", entry.get("reasons", [])) else entry | {"reasons": []}


def _right(key: str, value: Any) -> bool:
    if key == "reasons":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if key in ("words", "reply"):
        return isinstance(value, dict) and value.keys() == {"zh", "en"} and all(isinstance(v, str) and v.strip() for v in value.values())  # fmt: skip
    return isinstance(value, str) and bool(value.strip())


def _trouble(path: Path, problems: list[Words]) -> Trouble:
    zh, en = "；\n".join(p.zh for p in problems), ";\n".join(p.en for p in problems)
    return Trouble(Words("{file} 有误：\n{zh}", "{file} is wrong:\n{en}"), file=path.name, zh=zh, en=en)
