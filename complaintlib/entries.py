"""TOML files that people fill in by hand: lists of entries, `[[name]]`, read into dataclasses and checked all at once.

A dataclass says what an entry may have: `str`, `tuple[str, ...]` (a list), `Words` (both languages); a field with a
default may be left out. What is wrong is collected as Words, so that a person mends a file in one go.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .rules import unknown_key
from .words import Trouble, Words

_FORMS = {str: '"…"', tuple[str, ...]: '["…"]'}
_BOTH = '{ zh = "…", en = "…" }'


def tree_of(path: Path, problems: list[Words]) -> dict[str, Any]:
    """What stands in a TOML file; nothing where there is none or it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problems.append(Words("找不到该文件", "there is no such file"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Words(f"不是有效的 TOML（UTF-8）：{error}", f"no valid TOML in UTF-8: {error}"))
    return {}


def entries(tree: Mapping[str, Any], table: str, kind: type, problems: list[Words]) -> dict[str, Any]:
    """The entries of a table by their place, `classes[3] (service)`; those that are wrong are left out."""
    listed = tree.get(table, [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        problems.append(Words(f"{table} 应写作 [[{table}]]", f"{table} is written as [[{table}]]"))
        return {}
    first = fields(kind)[0].name
    places = {
        f"{table}[{n}]" + (f" ({each[first]})" if isinstance(each.get(first), str) else ""): each
        for n, each in enumerate(listed, 1)
    }
    found = {place: entry(table, kind, place, problems) for place, table in places.items()}
    names = [each.get(first) for each in listed]
    for place, each in places.items():
        if first in each and names.count(each[first]) > 1:
            problems.append(at(place, Words(f"这个 {first} 已经用过", f"the {first} is used already")))
    return {place: made for place, made in found.items() if made is not None}


def entry(table: Mapping[str, Any], kind: type, where: str, problems: list[Words]) -> Any:
    """The dataclass that a table fills, or None where anything is wrong with it."""
    known, before = {field.name: field for field in fields(kind)}, len(problems)
    problems += [at(where, unknown_key(key, known)) for key in sorted(table.keys() - known.keys())]
    for name, field in known.items():
        needed = field.default is MISSING
        if name not in table:
            problems += [at(where, Words(f"缺少 {name}", f"{name} is missing"))] if needed else []
        elif not _fits(table[name], field, needed):
            form = _FORMS.get(field.type, _BOTH)
            problems.append(at(where, Words(f"{name} 应写作 {form}", f"{name} is written as {form}")))
    if len(problems) > before:
        return None
    given = {name: table[name] for name in known if name in table}
    made = {list: tuple, dict: lambda both: Words(**both)}
    return kind(**{name: made.get(type(value), str)(value) for name, value in given.items()})


def _fits(value: Any, field: Field, needed: bool) -> bool:
    if field.type is str:
        return isinstance(value, str) and (bool(value.strip()) or not needed)
    if field.type == tuple[str, ...]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    both = isinstance(value, dict) and value.keys() == {"zh", "en"}
    return both and all(isinstance(text, str) and text.strip() for text in value.values())


def unknown(key: str, value: str, choices: Iterable[str]) -> Words:
    """What to say of a name that nothing has: the nearest that there is, or else all of them."""
    choices = list(choices)
    near = get_close_matches(value, choices, 1)
    zh = f"是否应为 {near[0]}？" if near else f"可用：{'、'.join(choices) or '无'}"
    en = f"did you mean {near[0]}?" if near else f"known are {', '.join(choices) or 'none'}"
    return Words(f"{key}“{value}”不存在；{zh}", f"{key} “{value}” is not known; {en}")


def at(place: str, words: Words) -> Words:
    """The same, with the place where it stands."""
    return Words(f"{place}：{words.zh}", f"{place}: {words.en}") if place else words


def trouble(problems: Mapping[str, Iterable[Words]]) -> Trouble:
    """All that is wrong, by file, as one Trouble."""
    said = {file: list(found) for file, found in problems.items() if found}
    zh = "\n".join(f"{file} 有误：\n" + "；\n".join(p.zh for p in found) for file, found in said.items())
    en = "\n".join(f"{file} is wrong:\n" + ";\n".join(p.en for p in found) for file, found in said.items())
    return Trouble(Words("{zh}", "{en}"), zh=zh, en=en)
