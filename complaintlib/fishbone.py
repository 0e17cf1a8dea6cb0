"""Fishbone diagrams (Ishikawa 1968): where everything goes is computed here, in inches, before anything is drawn.

Bones stand in pairs above and below the spine, all with the same slant; labels lie beside their bone, so two of them can
only meet where columns are too close: the pitch is the least that keeps them apart. The head is at the right (causes,
structure) or at the left (countermeasures).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .plan import Box, Label, Line, Plan, folded, framed, parts
from .words import cut

CELLS = {"head": 16, "bone": 20, "cause": 26, "sub": 26, "note": 40}  # columns a line may take
TWIGS = 8  # entries on a bone from which labels become wider, lest the picture grow too tall
ROWS = {"head": 7, "bone": 2}  # lines at most (else 4), then an ellipsis: the whole text stands in the table
GAP, PAD, RIB, SLANT = 0.16, 0.07, 0.22, 0.34


@dataclass(frozen=True)
class Twig:
    """A cause: its words, the numbers under them, how much of the whole it explains, which way it moved, its sub-causes."""

    text: str
    note: str = ""
    share: float = 0.0
    moved: str = ""
    twigs: tuple["Twig", ...] = ()


@dataclass
class _Bone:
    """One bone with its joint at (0, 0): up is +1 above the spine and -1 below."""

    up: int
    bone: Twig
    labels: list[Label] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def layout(kind: str, problem: Twig, bones: Sequence[Twig], foot: str = "") -> Plan:
    """Where the head, the bones and their labels go, above the line `foot`. Labels do not overlap, whatever they say; all are
    in the picture."""
    crowded = max((len(list(_rows(bone))) for bone in bones), default=0) > TWIGS
    cells = CELLS | ({"cause": 40, "sub": 40} if crowded else {})
    problem, bones = _wrapped("head", problem, cells), [_wrapped("bone", bone, cells) for bone in bones]
    heights = [_height(bone) for bone in bones]
    reach = {up: max(heights[half::2], default=0.5) + 0.25 for half, up in ((0, 1), (1, -1))}
    placed = [
        _placed(bone, 1 if i % 2 == 0 else -1, reach[1 if i % 2 == 0 else -1], heights[i])
        for i, bone in enumerate(bones)
    ]
    columns = [placed[i : i + 2] for i in range(0, len(placed), 2)]
    joints, right = [], -GAP
    for i, column in enumerate(columns):
        right += max(_pitch(one, columns[i - 1] if i else []) for one in column)
        joints.append(right)
    labels, lines = [], []
    for joint, column in zip(joints, columns, strict=True):
        for one in column:
            labels += [replace(label, left=label.left + joint) for label in one.labels]
            lines += [replace(line, x=(line.x[0] + joint, line.x[1] + joint)) for line in one.lines]
    end = max(joints, default=1.0) + 0.45
    lines.append(Line("spine", (min((label.left for label in labels), default=0), end), (0, 0), 3.2))
    head, frame = _head(problem, end)
    if kind == "structure":  # what belongs to it is no cause of it
        lines = [replace(line, arrow=False) for line in lines]
    return framed([*labels, *head], lines, [frame], foot, mirrored=kind == "countermeasure")


# ---------------------------------------------------------------------------------------------- placing


def _wrapped(role: str, twig: Twig, cells: dict[str, int]) -> Twig:
    """The twig with all its words in lines."""
    below = {"bone": "cause"}.get(role, "sub")
    return replace(
        twig,
        text=folded(twig.text, cells[role], ROWS.get(role, 4), even=True),
        note=cut(twig.note, cells["note"]),
        twigs=tuple(_wrapped(below, sub, cells) for sub in twig.twigs),
    )


def _parts(role: str, twig: Twig) -> list[tuple[str, str, float, float]]:
    """(role, text, width, height) of a twig's words and of its note."""
    return parts((role, twig.text), ("note", twig.note))


def _rows(bone: Twig) -> Iterator[tuple[str, Twig]]:
    for cause in bone.twigs:
        yield "cause", cause
        yield from (("sub", sub) for sub in cause.twigs)


def _tall(role: str, twig: Twig) -> float:
    return sum(part[3] for part in _parts(role, twig)) + PAD


def _height(bone: Twig) -> float:
    return sum(_tall(role, twig) for role, twig in _rows(bone)) + PAD * len(bone.twigs)


def _placed(bone: Twig, up: int, reach: float, height: float) -> _Bone:
    """The bone's labels from the top down, spread over its length."""
    one = _Bone(up, bone)
    one.lines.append(Line("bone", (-SLANT * reach, 0), (up * reach, 0), 2.2))
    spare = (reach - 0.25 - height) / max(len(bone.twigs), 1)
    y = reach - 0.05 if up > 0 else -0.15
    twig_at = 0.0
    for role, twig in _rows(bone):
        y -= (spare / 2 + PAD / 2) if role == "cause" else 0
        y_line = y - _tall(role, twig) + PAD / 2
        shift = 0.0 if role == "cause" else RIB
        edge = min(_bone_x(y), _bone_x(y_line)) - shift - PAD
        top, left = y, edge
        for name, text, wide, tall in _parts(role, twig):
            one.labels.append(Label(name, text, edge - wide, top - tall, wide, tall, twig.moved, "right"))
            top, left = top - tall, min(left, edge - wide)
        ends = (left, _bone_x(y_line) - shift)
        weight = 0.9 + 3.0 * min(twig.share, 1)
        one.lines.append(Line("twig", ends, (y_line, y_line), weight))
        if role == "cause":
            twig_at = y_line
        else:
            one.lines.append(Line("rib", (ends[1], _bone_x(twig_at) - RIB), (y_line, twig_at), 0.9))
            twig_at = y_line
        y = y_line - PAD / 2
        y -= (spare / 2 + PAD / 2) if role == "cause" and not twig.twigs else 0
    _title(one, reach)
    return one


def _title(one: _Bone, reach: float) -> None:
    """The bone's name and numbers at its outer end."""
    said = _parts("bone", one.bone)
    tall = sum(part[3] for part in said)
    top = reach + 0.08 + tall if one.up > 0 else -reach - 0.08
    for name, text, wide, height in said:
        role = "bone_note" if name == "note" else name
        one.labels.append(
            Label(role, text, _bone_x(reach) - wide / 2, top - height, wide, height, one.bone.moved)
        )
        top -= height


def _bone_x(y: float) -> float:
    return -SLANT * abs(y)


def _pitch(one: _Bone, before: Sequence[_Bone]) -> float:
    """How far the joint must be from that of the column before (or from the picture's edge) for all to have room."""
    needed = [0.6]
    for label in one.labels:
        if not before:
            needed.append(-label.left + GAP)
        elif label.bottom * one.up < max(_ends(one)) and not label.role.startswith("bone"):
            needed.append(max(_bone_x(label.bottom), _bone_x(label.top)) - label.left + GAP)
    for other in before:
        if other.up == one.up:  # the names at the outer ends
            mine, theirs = ([x for x in b.labels if abs(x.bottom) >= max(_ends(b))] for b in (one, other))
            needed += [t.right - m.left + GAP for m in mine for t in theirs]
    return max(needed)


def _ends(one: _Bone) -> tuple[float, float]:
    return tuple(abs(y) for y in one.lines[0].y)


def _head(problem: Twig, x: float) -> tuple[list[Label], Box]:
    """The words of the head and its frame, right of x."""
    said = _parts("head", problem)
    widest, tall = max(part[2] for part in said), sum(part[3] for part in said)
    found, top = [], tall / 2
    for name, text, wide, height in said:
        role, left = "head" if name == "head" else "head_note", x + 0.16 + (widest - wide) / 2
        found.append(Label(role, text, left, top - height, wide, height, problem.moved))
        top -= height
    return found, Box("head", x + 0.08, top - 0.05, x + 0.24 + widest, tall / 2 + 0.05)
