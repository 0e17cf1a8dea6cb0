"""The causes form that people fill in (`templates/forms/causes.toml`): fishbones and 5-Why chains, read and checked.

    [[diagrams]]  id, kind, problem, evidence, families
    [[causes]]    id, diagram, parent, family, words, evidence, record, layer, owner, confidence, countermeasure

`kind` of a diagram (Ishikawa 1968, Guide to Quality Control; the three fishbones are those of Chinese quality circles):
`structure` (what belongs to it, no cause relation), `cause` (why; head right), `countermeasure` (what to do; head left)
or `five_why` (one question after the other; Ohno 1978). Words are in both languages. `evidence` is a filter over the
complaints (see `filters`), of those that the diagram's own filter takes: numbers come from it and are never typed in.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from .entries import at, read, trouble, unknown
from .filters import parts
from .home import DATA
from .words import Words

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
FORM = DATA / "causes.toml"


@dataclass(frozen=True)
class Diagram:
    """`families`: a name of FAMILIES, whose members are the bones; `evidence`: the complaints that it explains."""

    id: str
    kind: str = field(metadata={"of": KINDS})
    problem: Words
    evidence: str = field(metadata={"reads": parts})
    families: str = field(default="production", metadata={"of": FAMILIES})


@dataclass(frozen=True)
class Cause:
    """One entry. `record`: what was seen on site or in records, where complaints cannot show it."""

    id: str
    diagram: str
    words: Words
    parent: str = ""
    family: str = ""
    evidence: str = field(default="", metadata={"reads": parts})
    record: Words | None = None
    layer: str = field(default="", metadata={"of": LAYERS})
    owner: str = ""
    confidence: str = field(default="suspected", metadata={"of": CONFIDENCE})
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
    path, problems = Path(path), []
    _, diagrams, causes = read(path, problems, diagrams=Diagram, causes=Cause)
    if not problems:
        causes = _with_families(causes)
        problems = [*_diagram_problems(diagrams, causes), *_cause_problems(diagrams, causes)]
    if problems:
        raise trouble({path.name: problems})
    return Causes(tuple(diagrams.values()), tuple(causes.values()))


def bones(diagram: Diagram, causes: Iterable[Cause]) -> list[str]:
    """The bones to draw: all of the set for causes, as one that is empty was perhaps not looked at; else those in use."""
    used = {cause.family for cause in causes}
    return [name for name in FAMILIES[diagram.families] if name in used or diagram.kind == "cause"]


def chain(cause: Cause, known: dict[str, Cause]) -> list[Cause]:
    """The cause and what stands above it, up to the first; it stops where the chain comes back to itself."""
    found = [cause]
    while (parent := known.get(found[-1].parent)) is not None and parent not in found:
        found.append(parent)
    return found


# -------------------------------------------------------------------------------------- entries together


def _with_families(causes: dict[str, Cause]) -> dict[str, Cause]:
    """A sub-cause stands on the bone of its cause, unless it says otherwise."""
    known = {cause.id: cause for cause in causes.values()}
    out = {}
    for name, cause in causes.items():
        family = next((c.family for c in chain(cause, known) if c.family), "")
        out[name] = replace(cause, family=family)
    return out


def _cause_problems(diagrams: dict[str, Diagram], causes: dict[str, Cause]) -> list[Words]:
    known, places = {c.id: c for c in causes.values()}, {d.id: d for d in diagrams.values()}
    problems = []
    for name, cause in causes.items():
        diagram, said = places.get(cause.diagram), None
        above = chain(cause, known)
        if diagram is None:
            said = unknown("diagram", cause.diagram, places)
        elif cause.parent and cause.parent not in (
            own := [c.id for c in causes.values() if c.diagram == cause.diagram]
        ):
            said = unknown("parent", cause.parent, own)
        elif diagram.kind == "five_why":
            continue  # a chain that goes round is drawn, and marked as weak
        elif above[-1].parent:
            said = Words("parent 绕回到自己", "the parents lead back to the entry itself")
        elif len(above) > TIERS:
            said = Words(f"鱼骨图最多 {TIERS} 层", f"a fishbone has {TIERS} levels at most")
        elif cause.family not in FAMILIES[diagram.families]:
            said = unknown("family", cause.family, FAMILIES[diagram.families])
        elif cause.family != above[-1].family:
            said = Words(
                f"family 应与上级相同（{above[-1].family}）",
                f"the family must be its parent's, {above[-1].family}",
            )
        if said is not None:
            problems.append(at(name, said))
    return problems


def _diagram_problems(diagrams: dict[str, Diagram], causes: dict[str, Cause]) -> list[Words]:
    problems = []
    for name, diagram in diagrams.items():
        own = [cause for cause in causes.values() if cause.diagram == diagram.id]
        if not own:
            problems.append(at(name, Words("没有任何条目", "it has no entry")))
        if not parts(diagram.evidence):
            problems.append(at(name, Words("evidence 为空", "evidence is empty")))
        heavy = [f for f, n in Counter(c.family for c in own if not c.parent).items() if n > TWIGS]
        for family in heavy if diagram.kind in FISHBONES else ():
            said = Words(
                f"{family} 一根骨上的原因超过 {TWIGS} 条", f"more than {TWIGS} causes on the bone {family}"
            )
            problems.append(at(name, said))
    return problems
