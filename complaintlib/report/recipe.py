"""Recipes: which notebooks make a report, with which parameters. Everything is checked before anything runs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..entries import at, none_called, tree_of, unknown_key
from ..home import NOTEBOOKS, TEMPLATES
from ..period import KIND_WORDS, KINDS, Period
from ..words import Trouble, Words, label
from .parameters import ASKED, GIVEN, parameters_of

RECIPES = TEMPLATES / "recipes"
_KEYS = ("title", "kind", "front", "limits", "steps")
_FRONT = ("tiles", "pictures", "data")
_LIMITS = {"cell_seconds": 300, "notebook_seconds": 900}
_STEP = ("name", "notebook", "parameters", "title", "section")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Step:
    """One page: a notebook with parameters. `title` is the method's own where None; `section` groups the pages."""

    name: str
    notebook: Path
    parameters: Mapping[str, Any]
    section: str
    title: Words | None = None


@dataclass(frozen=True)
class Recipe:
    """A kind of report. `tiles`, `pictures` and `data` name the steps that give the front page its headline
    indicators, its pictures, and what it says about the data; the limits are seconds a cell and a notebook may take."""

    name: str
    title: Words
    kind: str
    steps: tuple[Step, ...]
    tiles: str | None = None
    pictures: tuple[str, ...] = ()
    data: str | None = None
    cell_seconds: float = _LIMITS["cell_seconds"]
    notebook_seconds: float = _LIMITS["notebook_seconds"]

    def only(self, names: Iterable[str]) -> "Recipe":
        """The recipe with some of its steps; a name that is none of them is Trouble."""
        names, known = list(names), [step.name for step in self.steps]
        wrong = [_unknown_step(name, known) for name in names if name not in known]
        if wrong:
            raise _trouble(self.name, wrong)
        return (
            replace(self, steps=tuple(step for step in self.steps if step.name in names)) if names else self
        )

    def check(self, period: Period) -> None:
        """Raise Trouble where the period is not of the recipe's kind."""
        if period.kind != self.kind:
            raise Trouble(
                Words(
                    "配方 {recipe} 用于{zh}，{period} 不是",
                    "recipe {recipe} is for a {en}, and {period} is none",
                ),
                recipe=self.name,
                zh=KIND_WORDS[self.kind].zh,
                en=KIND_WORDS[self.kind].en,
                period=period.text,
            )


def all_recipes() -> list[Recipe]:
    """Every recipe of the house, checked."""
    return [load_recipe(path.stem) for path in sorted(RECIPES.glob("*.toml"))]


def load_recipe(recipe: str | Path, notebooks: Path = NOTEBOOKS) -> Recipe:
    """The recipe of that name, or in that file. All that is wrong with it is one Trouble, naming the nearest names."""
    path = recipe if isinstance(recipe, Path) else RECIPES / f"{recipe}.toml"
    if not path.exists():
        known = [p.stem for p in sorted(RECIPES.glob("*.toml"))]
        raise _trouble(path.stem, [none_called(Words("配方", "recipe"), path.stem, known)])
    content = tree_of(path, unread := [])
    if unread:
        raise _trouble(path.stem, unread)
    problems = [unknown_key(key, _KEYS) for key in content if key not in _KEYS]
    steps = [
        _step(entry, n, notebooks, problems) for n, entry in enumerate(_list(content, "steps", problems), 1)
    ]
    steps = [step for step in steps if step]
    names = [step.name for step in steps]
    problems += [
        Words(f"步骤名重复：{name}", f"two steps are called {name}")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    front = _front(content.get("front", {}), names, problems)
    limits = _limits(content.get("limits", {}), problems)
    title = _words(content.get("title"), "title", problems)
    kind = content.get("kind")
    if kind not in KINDS:
        problems.append(
            Words(f"kind 应为 {'、'.join(KINDS)} 之一", f"kind must be one of {', '.join(KINDS)}")
        )
    if problems:
        raise _trouble(path.stem, problems)
    return Recipe(path.stem, title, kind, tuple(steps), **front, **limits)


def _step(entry: Any, n: int, notebooks: Path, problems: list[Words]) -> Step | None:
    """One `[[steps]]` entry against the notebook it names."""
    if not isinstance(entry, dict):
        problems.append(Words(f"第 {n} 个步骤应为表 [[steps]]", f"step {n} must be a table [[steps]]"))
        return None
    name = entry.get("name")
    where = f"steps[{n}]."
    problems += [unknown_key(key, _STEP, where) for key in entry if key not in _STEP]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problems.append(
            Words(
                f"{where}name 应为小写字母、数字和 -", f"{where}name must be lower-case letters, digits and -"
            )
        )
        return None
    section = entry.get("section", "content")
    if label("section", section, "en") == section:
        problems.append(Words(f"{name}：没有分区 {section!r}", f"{name}: there is no section {section!r}"))
    title = _words(entry["title"], f"{where}title", problems) if "title" in entry else None
    known = sorted(p.stem for p in notebooks.glob("*.ipynb"))
    notebook = entry.get("notebook", name)
    if notebook not in known:
        problems.append(at(name, none_called(Words("笔记本", "notebook"), str(notebook), known)))
        return Step(name, notebooks / "none", {}, section, title)
    path = notebooks / f"{notebook}.ipynb"
    parameters = entry.get("parameters", {})
    try:
        declared = parameters_of(path)
    except Trouble as trouble:
        problems.append(Words(trouble.say("zh"), trouble.say("en")))
        return Step(name, path, parameters, section, title)
    own = {key: parameter for key, parameter in declared.items() if key not in GIVEN + ASKED}
    if not isinstance(parameters, dict):
        problems.append(Words(f"{name}：parameters 应为表", f"{name}: parameters must be a table"))
        return Step(name, path, {}, section, title)
    for key, value in parameters.items():
        wrong = unknown_key(key, own, f"{notebook}.") if key not in own else own[key].problem(value)
        if wrong:
            problems.append(at(name, wrong))
    return Step(name, path, dict(parameters), section, title)


def _front(table: Any, names: list[str], problems: list[Words]) -> dict[str, Any]:
    if not isinstance(table, dict):
        problems.append(Words("front 应为表 [front]", "front must be a table [front]"))
        return {}
    problems += [unknown_key(key, _FRONT, "front.") for key in table if key not in _FRONT]
    tiles, data, pictures = table.get("tiles"), table.get("data"), table.get("pictures", [])
    pictures = pictures if isinstance(pictures, list) else [pictures]
    for name in [tiles, data, *pictures]:
        if name is not None and name not in names:
            problems.append(at("front", _unknown_step(str(name), names)))
    return {"tiles": tiles, "data": data, "pictures": tuple(pictures)}


def _limits(table: Any, problems: list[Words]) -> dict[str, float]:
    table = table if isinstance(table, dict) else {"limits": table}
    problems += [unknown_key(key, _LIMITS, "limits.") for key in table if key not in _LIMITS]
    given = {key: table.get(key, default) for key, default in _LIMITS.items()}
    for key, value in given.items():
        if type(value) not in (int, float) or not 0 < value <= 86_400:
            problems.append(
                Words(
                    f"limits.{key} 应为 0 到 86400 之间的秒数",
                    f"limits.{key} must be seconds from 0 to 86400",
                )
            )
    return given


def _words(value: Any, where: str, problems: list[Words]) -> Words:
    if (
        isinstance(value, dict)
        and set(value) == {"zh", "en"}
        and all(isinstance(v, str) for v in value.values())
    ):
        return Words(**value)
    problems.append(
        Words(f"{where} 应写两种语言：{{ zh = …, en = … }}", f"{where} must be {{ zh = …, en = … }}")
    )
    return Words("", "")


def _list(content: Mapping[str, Any], key: str, problems: list[Words]) -> list[Any]:
    value = content.get(key)
    if isinstance(value, list) and value:
        return value
    problems.append(Words(f"缺少 [[{key}]]", f"there are no [[{key}]]"))
    return []


def _unknown_step(name: str, known: list[str]) -> Words:
    return none_called(Words("步骤", "step"), name, known)


def _trouble(name: str, problems: list[Words]) -> Trouble:
    zh = "\n".join(["配方 {name} 有误：", *(f"  {i + 1}. {{zh{i}}}" for i in range(len(problems)))])
    en = "\n".join(["recipe {name} is not valid:", *(f"  {i + 1}. {{en{i}}}" for i in range(len(problems)))])
    said = {f"{lang}{i}": problem[lang] for i, problem in enumerate(problems) for lang in ("zh", "en")}
    return Trouble(Words(zh, en), name=name, **said)
