"""The causes form that people fill in (`templates/forms/causes.toml`): fishbones and 5-Why chains, read and checked.

    [[diagrams]]  id, kind, problem, evidence, families
    [[causes]]    id, diagram, parent, family, words, evidence, record, layer, owner, confidence, countermeasure

`kind` of a diagram (Ishikawa 1968, Guide to Quality Control; the three fishbones are those of Chinese quality circles):
`structure` (what belongs to it, no cause relation), `cause` (why; head right), `countermeasure` (what to do; head left)
or `five_why` (one question after the other; Ohno 1978). Words are in both languages. `evidence` is a filter over the
complaints (see `filters`), of those that the diagram's own filter takes: numbers come from it and are never typed in.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .filters import parts
from .home import DATA
from .rules import unknown_key
from .words import Trouble, Words

FISHBONES = ("structure", "cause", "countermeasure")
KINDS = (*FISHBONES, "five_why")
FAMILIES = {
    "production": ("people", "machine", "material", "method", "measurement", "environment"),
    "promise": ("policy", "process", "promise", "product", "service"),
    "control": ("system", "human", "process", "external"),
}
LAYERS = ("event", "practice", "rule", "management")  # from what happened to why it could
CONFIDENCE = ("confirmed", "likely", "suspected")
BONES, TWIGS, TIERS = 8, 8, 2  # what a fishbone can carry
CHOICES = {"kind": KINDS, "families": tuple(FAMILIES), "layer": LAYERS, "confidence": CONFIDENCE}
FORM = DATA / "causes.toml"


@dataclass(frozen=True)
class Diagram:
    """`families`: a name of FAMILIES, whose members are the bones; `evidence`: the complaints that it explains."""

    id: str
    kind: str
    problem: Words
    evidence: str
    families: str = "production"


@dataclass(frozen=True)
class Cause:
    """One entry. `record`: what was seen on site or in records, where complaints cannot show it."""

    id: str
    diagram: str
    words: Words
    parent: str = ""
    family: str = ""
    evidence: str = ""
    record: Words | None = None
    layer: str = ""
    owner: str = ""
    confidence: str = "suspected"
    countermeasure: Words | None = None


@dataclass(frozen=True)
class Causes:
    """The form: its diagrams and their entries, in the order in which they stand in the file."""

    diagrams: tuple[Diagram, ...] = ()
    causes: tuple[Cause, ...] = ()

    def of(self, diagram: str) -> list[Cause]:
        return [cause for cause in self.causes if cause.diagram == diagram]


def load_causes(path: Path | str = FORM) -> Causes:
    """The form in a TOML file.

    Everything wrong in it is said at once, in one Trouble that names the file, the entry (its place in the file and
    its id), the key, and where a name is not known the nearest that is.
    """
    path = Path(path)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise _trouble(path, [Words("找不到该文件", "there is no such file")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        said = Words("不是有效的 TOML（UTF-8）：{why}", "it is not valid TOML in UTF-8: {why}")
        raise _trouble(path, [_said(said, why=str(error))]) from None
    problems = [
        _said(unknown_key(name, ("diagrams", "causes"))) for name in tree.keys() - {"diagrams", "causes"}
    ]
    diagrams = _entries(tree, "diagrams", Diagram, problems)
    causes = _entries(tree, "causes", Cause, problems)
    if not problems:
        causes = _with_families(causes)
        problems = [*_diagram_problems(diagrams, causes), *_cause_problems(diagrams, causes)]
    if problems:
        raise _trouble(path, problems)
    return Causes(tuple(diagrams.values()), tuple(causes.values()))


def chain(cause: Cause, known: dict[str, Cause]) -> list[Cause]:
    """The cause and what stands above it, up to the first; it stops where the chain comes back to itself."""
    found = [cause]
    while (parent := known.get(found[-1].parent)) is not None and parent not in found:
        found.append(parent)
    return found


# ------------------------------------------------------------------------------------------ single entries


def _entries(tree: dict, table: str, kind: type, problems: list[Words]) -> dict[str, Any]:
    """The entries of a table under the name of their place, `causes[3] (c-03)`; what is wrong goes to `problems`."""
    found = {}
    listed = tree.get(table, [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        problems.append(_said(Words(f"{table} 应写作 [[{table}]]", f"{table} is written as [[{table}]]")))
        return found
    for place, entry in enumerate(listed, 1):
        name = f"{table}[{place}]" + (f" ({entry['id']})" if isinstance(entry.get("id"), str) else "")
        before = len(problems)
        known = {setting.name: setting for setting in fields(kind)}
        problems += [_said(unknown_key(key, known), name) for key in sorted(entry.keys() - known.keys())]
        given = {}
        for key, setting in known.items():
            if key in entry:
                given[key] = _value(key, setting.type, entry[key], name, problems)
            elif setting.default is MISSING:
                problems.append(_said(Words(f"缺少 {key}", f"{key} is missing"), name))
        if len(problems) == before:
            found[name] = kind(**given)
    twice = {i for i, times in Counter(entry.id for entry in found.values()).items() if times > 1}
    problems += [
        _said(Words("这个 id 已经用过", "the id is used already"), name)
        for name, entry in found.items()
        if entry.id in twice
    ]
    return found


def _value(key: str, kind: Any, value: Any, name: str, problems: list[Words]) -> Any:
    """One value of an entry, of its type and among its choices."""
    if kind is str:
        right = isinstance(value, str) and (bool(value.strip()) or key not in ("id", "diagram", "kind"))
        said = Words(f"{key} 应为文字", f"{key} must be text")
    else:
        right = isinstance(value, dict) and value.keys() == {"zh", "en"}
        right = right and all(isinstance(text, str) and text.strip() for text in value.values())
        form = '{ zh = "…", en = "…" }'
        said = Words(f"{key} 应为 {form}，中英文都要有", f"{key} must be {form}, in both languages")
    if not right:
        problems.append(_said(said, name))
        return None
    if key in CHOICES and value not in CHOICES[key] and not (key == "layer" and not value):
        problems.append(_said(_unknown(key, value, CHOICES[key]), name))
    if key == "evidence":
        try:
            parts(value)
        except Trouble as wrong:
            problems.append(_said(Words("evidence：{zh}", "evidence: {en}"), name, **_both(wrong)))
    return value if kind is str else Words(**value)


def _unknown(key: str, value: str, choices: Iterable[str]) -> Words:
    choices, near = list(choices), get_close_matches(value, choices, 1)
    zh = f"是否应为 {near[0]}？" if near else f"可用：{'、'.join(choices) or '无'}"
    en = f"did you mean {near[0]}?" if near else f"known are {', '.join(choices) or 'none'}"
    return Words(f"{key}“{value}”不存在；{zh}", f"{key} “{value}” is not known; {en}")


# -------------------------------------------------------------------------------------- entries together


def _with_families(causes: dict[str, Cause]) -> dict[str, Cause]:
    """A sub-cause stands on the bone of its cause, unless it says otherwise."""
    known = {cause.id: cause for cause in causes.values()}
    out = {}
    for name, cause in causes.items():
        family = next((c.family for c in chain(cause, known) if c.family), "")
        out[name] = Cause(**{f.name: getattr(cause, f.name) for f in fields(Cause)} | {"family": family})
    return out


def _cause_problems(diagrams: dict[str, Diagram], causes: dict[str, Cause]) -> list[Words]:
    known, places = {c.id: c for c in causes.values()}, {d.id: d for d in diagrams.values()}
    problems = []
    for name, cause in causes.items():
        diagram, said = places.get(cause.diagram), None
        above = chain(cause, known)
        if diagram is None:
            said = _unknown("diagram", cause.diagram, places)
        elif (cause.parent and known.get(cause.parent, cause).diagram != cause.diagram) or (
            cause.parent and cause.parent not in known
        ):
            said = _unknown(
                "parent", cause.parent, [c.id for c in known.values() if c.diagram == cause.diagram]
            )
        elif diagram.kind == "five_why":
            continue  # a chain that goes round is drawn, and marked as weak
        elif above[-1].parent:
            said = Words("parent 绕回到自己", "the parents lead back to the entry itself")
        elif len(above) > TIERS:
            said = Words(f"鱼骨图最多 {TIERS} 层", f"a fishbone has {TIERS} levels at most")
        elif cause.family not in FAMILIES[diagram.families]:
            said = _unknown("family", cause.family, FAMILIES[diagram.families])
        elif cause.family != above[-1].family:
            said = Words(
                f"family 应与上级相同（{above[-1].family}）",
                f"the family must be its parent's, {above[-1].family}",
            )
        if said is not None:
            problems.append(_said(said, name))
    return problems


def _diagram_problems(diagrams: dict[str, Diagram], causes: dict[str, Cause]) -> list[Words]:
    problems = []
    for name, diagram in diagrams.items():
        own = [cause for cause in causes.values() if cause.diagram == diagram.id]
        if not own:
            problems.append(_said(Words("没有任何条目", "it has no entry"), name))
        if not parts(diagram.evidence):
            problems.append(_said(Words("evidence 为空", "evidence is empty"), name))
        heavy = [f for f, n in Counter(c.family for c in own if not c.parent).items() if n > TWIGS]
        for family in heavy if diagram.kind in FISHBONES else ():
            said = Words(
                f"{family} 一根骨上的原因超过 {TWIGS} 条", f"more than {TWIGS} causes on the bone {family}"
            )
            problems.append(_said(said, name))
    return problems


def _said(words: Words, where: str = "", **values: Any) -> Words:
    zh, en = ((words.fill(lang, **values) if values else words[lang]) for lang in ("zh", "en"))
    return Words(f"{where}：{zh}" if where else zh, f"{where}: {en}" if where else en)


def _both(wrong: Trouble) -> dict[str, str]:
    return {lang: wrong.say(lang) for lang in ("zh", "en")}


def _trouble(path: Path, problems: list[Words]) -> Trouble:
    zh, en = "；\n".join(p.zh for p in problems), ";\n".join(p.en for p in problems)
    return Trouble(Words("{file} 有误：\n{zh}", "{file} is wrong:\n{en}"), file=path.name, zh=zh, en=en)
