"""TOML files that people fill in by hand: lists of entries, `[[name]]`, read into dataclasses and checked all at once.

A dataclass says what an entry may have: `str`, `date`, `tuple[str, ...]` (a list), `Words` (both languages); a field with
a default may be left out. Its metadata may say `of` (the values to choose from) and `reads` (what reads it, or raises
Trouble). What is wrong is collected as Words, so that a person mends a file in one go.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .words import Trouble, Words

_FORMS = {
    str: Words('"…"', '"…"'),
    date: Words("2026-10-31", "2026-10-31"),
    tuple[str, ...]: Words('["…"]', '["…"]'),
}
_BOTH = Words('{ zh = "…", en = "…" }，中英文都要有', '{ zh = "…", en = "…" }, in both languages')


@dataclass(frozen=True)
class Nothing:
    """The head of a file in which there is nothing but lists."""


def read(path: Path, problems: list[Words], head: type = Nothing, **lists: type) -> tuple[Any, ...]:
    """A whole file: what its `head` fills, then the entries of each of its lists; None and none where it cannot be read."""
    before = len(problems)
    tree = tree_of(path, problems)
    if len(problems) > before:
        return None, *({} for _ in lists)
    top = entry(tree, head, "", problems, beside=lists)
    return top, *(entries(tree, table, kind, problems) for table, kind in lists.items())


def tree_of(path: Path, problems: list[Words]) -> dict[str, Any]:
    """What stands in a TOML file; nothing where there is none, or it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problems.append(Words("找不到该文件", "there is no such file"))
    except OSError as error:
        problems.append(Words(f"无法读取（{error.strerror}）", f"it cannot be read ({error.strerror})"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(
            Words(f"不是有效的 TOML（UTF-8）：{error}", f"it is not valid TOML in UTF-8: {error}")
        )
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


def entry(
    table: Mapping[str, Any], kind: type, where: str, problems: list[Words], beside: Iterable[str] = ()
) -> Any:
    """The dataclass that a table fills, or None where anything is wrong with it; `beside`: other keys that it may have."""
    known, before = {field.name: field for field in fields(kind)}, len(problems)
    wrong = [unknown_key(key, [*known, *beside]) for key in sorted(table.keys() - {*known, *beside})]
    for name, field in known.items():
        if name in table:
            wrong += filter(None, [_wrong(table[name], field)])
        elif field.default is MISSING:
            wrong.append(Words(f"缺少 {name}", f"{name} is missing"))
    problems += [at(where, words) for words in wrong]
    if len(problems) > before:
        return None
    return kind(**{name: _made(table[name]) for name in known if name in table})


def _wrong(value: Any, field: Field) -> Words | None:
    """What is wrong with the value of a field."""
    name, needed, choices = field.name, field.default is MISSING, field.metadata.get("of")
    if not _fits(value, field.type):
        form = _FORMS.get(field.type, _BOTH)
        return Words(f"{name} 应写作 {form.zh}", f"{name} is written as {form.en}")
    if needed and isinstance(value, str) and not value.strip():
        return Words(f"{name} 为空", f"{name} is empty")
    if choices and value not in choices and value != field.default:
        return unknown(name, value, choices)
    try:
        field.metadata.get("reads", str)(value)
    except Trouble as trouble:
        return at(name, Words(trouble.say("zh"), trouble.say("en")))
    return None


def _fits(value: Any, kind: Any) -> bool:
    if kind in (str, date):
        return type(value) is kind
    if kind == tuple[str, ...]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    both = isinstance(value, dict) and value.keys() == {"zh", "en"}
    return both and all(isinstance(text, str) and text.strip() for text in value.values())


def _made(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else Words(**value) if isinstance(value, dict) else value


def none_called(what: Words, name: str, known: Iterable[str], where: str = "") -> Words:
    """What to say of a name that nothing has: the nearest that there is, or else all of them."""
    known = list(known)
    near = get_close_matches(name, known, 1)
    zh = f"是否应为 {near[0]}？" if near else f"可用的{what.zh}：{'、'.join(known)}"
    en = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return Words(f"没有 {where}{name} 这个{what.zh}；{zh}", f"there is no {what.en} {where}{name}; {en}")


def unknown_key(name: str, known: Iterable[str], where: str = "") -> Words:
    """The same of a key."""
    return none_called(Words("键", "key"), name, known, where)


def unknown(key: str, value: str, choices: Iterable[str]) -> Words:
    """The same of the value of a key."""
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
