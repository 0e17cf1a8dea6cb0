"""Fishbone diagrams (Ishikawa 1968): where everything goes is computed here, in inches, before anything is drawn.

Bones stand in pairs above and below the spine, all with the same slant; labels lie beside their bone, so two of them can
only meet where columns are too close: the pitch is the least that keeps them apart. The head is at the right (causes,
structure) or at the left (countermeasures).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from . import look
from .words import cut, width, wrapped

SIZES = {"head": 11.0, "bone": 10.0, "cause": 9.0, "sub": 8.5, "note": 8.0}  # points
CELLS = {"head": 16, "bone": 20, "cause": 26, "sub": 26, "note": 40}  # columns a line may take
TWIGS = 8  # entries on a bone from which labels become wider, lest the picture grow too tall
LINES = 4  # at most, then an ellipsis: the whole text stands in the table
HEAD = ("head", "head_note")
GAP, PAD, RIB, SLANT = 0.16, 0.07, 0.22, 0.34


@dataclass(frozen=True)
class Twig:
    """A cause: its words, the numbers under them, how much of the whole it explains, which way it moved, its sub-causes."""

    text: str
    note: str = ""
    share: float = 0.0
    moved: str = ""
    twigs: tuple["Twig", ...] = ()


@dataclass(frozen=True)
class Label:
    """Text in a box: `left`, `bottom`, `width`, `height`."""

    role: str
    text: str
    left: float
    bottom: float
    width: float
    height: float
    moved: str = ""

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def top(self) -> float:
        return self.bottom + self.height


@dataclass(frozen=True)
class Line:
    """From one point to another; `weight` in points."""

    role: str
    x: tuple[float, float]
    y: tuple[float, float]
    weight: float


@dataclass(frozen=True)
class Layout:
    """Everything to be drawn in a picture of `width` x `height`; the head is at the left if `mirrored`."""

    kind: str
    width: float
    height: float
    labels: tuple[Label, ...] = ()
    lines: tuple[Line, ...] = ()
    mirrored: bool = False


@dataclass
class _Bone:
    """One bone with its joint at (0, 0): up is +1 above the spine and -1 below."""

    up: int
    bone: Twig
    labels: list[Label] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def layout(kind: str, problem: Twig, bones: Sequence[Twig]) -> Layout:
    """Where the head, the bones and their labels go. Labels do not overlap, whatever they say; all are in the picture."""
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
    labels += _head(problem, end)
    return _framed(kind, labels, lines)


def draw(figure, plan: Layout) -> None:
    """Draw the plan on a figure, which takes its size."""
    figure.set_layout_engine("none")
    figure.set_size_inches(plan.width, plan.height)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, plan.width)
    ax.set_ylim(0, plan.height)
    ax.set_axis_off()
    colours = {"spine": look.INK, "bone": look.BLUE, "twig": "#7b8794", "rib": "#9aa5b1"}
    arrow = "-" if plan.kind == "structure" else "-|>,head_length=0.35,head_width=0.16"
    for line in plan.lines:
        style = {"arrowstyle": arrow, "linewidth": line.weight, "color": colours[line.role], "shrinkA": 0}
        ends = [(line.x[i], line.y[i]) for i in (0, 1)]
        ax.annotate("", xy=ends[1], xytext=ends[0], arrowprops=style | {"shrinkB": 0, "mutation_scale": 11})
    _frame(ax, [label for label in plan.labels if label.role in HEAD])
    for label in plan.labels:
        _write(ax, label, plan.mirrored)


def overlaps(plan: Layout) -> list[tuple[Label, Label]]:
    """Pairs of labels whose boxes meet; there should be none."""
    return [
        (a, b)
        for i, a in enumerate(plan.labels)
        for b in plan.labels[i + 1 :]
        if min(a.right, b.right) - max(a.left, b.left) > 1e-6
        and min(a.top, b.top) - max(a.bottom, b.bottom) > 1e-6
    ]


# ---------------------------------------------------------------------------------------------- placing


def _wrapped(role: str, twig: Twig, cells: dict[str, int]) -> Twig:
    """The twig with all its words in lines: as few as can be, and of about the same length."""
    lines = wrapped(twig.text, cells[role]).count("\n") + 1
    narrow = next(
        c for c in range(min(-(-width(twig.text) // lines), cells[role]), cells[role] + 1)
        if wrapped(twig.text, c).count("\n") < lines
    )  # fmt: skip
    text = [cut(line, cells[role] + 8) for line in wrapped(twig.text, narrow).split("\n")]
    if len(text) > LINES:
        text = [*text[: LINES - 1], cut(text[LINES - 1], cells[role] - 2).removesuffix("…") + "…"]
    below = {"bone": "cause"}.get(role, "sub")
    return replace(
        twig,
        text="\n".join(text),
        note=cut(twig.note, cells["note"]),
        twigs=tuple(_wrapped(below, sub, cells) for sub in twig.twigs),
    )


def _parts(role: str, twig: Twig) -> list[tuple[str, str, float, float]]:
    """(role, text, width, height) of a twig's words and of its note."""
    parts = [(role, twig.text), *([("note", twig.note)] if twig.note else [])]
    return [(name, text, *look.text_size(text, SIZES[name])) for name, text in parts]


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
            one.labels.append(Label(name, text, edge - wide, top - tall, wide, tall, twig.moved))
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
    parts = _parts("bone", one.bone)
    tall = sum(part[3] for part in parts)
    top = reach + 0.08 + tall if one.up > 0 else -reach - 0.08
    for name, text, wide, height in parts:
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


def _head(problem: Twig, x: float) -> list[Label]:
    parts = _parts("head", problem)
    widest, tall = max(part[2] for part in parts), sum(part[3] for part in parts)
    found, top = [], tall / 2
    for name, text, wide, height in parts:
        found.append(
            Label("head" if name == "head" else "head_note", text, x + 0.16 + (widest - wide) / 2, top - height, wide, height, problem.moved)
        )  # fmt: skip
        top -= height
    return found


def _framed(kind: str, labels: list[Label], lines: list[Line]) -> Layout:
    """Moved into the picture with a margin, and mirrored where the head is at the left."""
    margin = 0.14
    xs = [x for line in lines for x in line.x] + [x for label in labels for x in (label.left, label.right)]
    ys = [y for line in lines for y in line.y] + [y for label in labels for y in (label.bottom, label.top)]
    dx, dy = margin - min(xs), margin - min(ys)
    width, height = max(xs) - min(xs) + 2 * margin + 0.06, max(ys) - min(ys) + 2 * margin
    labels = [replace(label, left=label.left + dx, bottom=label.bottom + dy) for label in labels]
    lines = [
        replace(line, x=tuple(x + dx for x in line.x), y=tuple(y + dy for y in line.y)) for line in lines
    ]
    mirrored = kind == "countermeasure"
    if mirrored:
        labels = [replace(label, left=width - label.right) for label in labels]
        lines = [replace(line, x=tuple(width - x for x in line.x)) for line in lines]
    return Layout(kind, width, height, tuple(labels), tuple(lines), mirrored)


def _frame(ax, labels: list[Label]) -> None:
    """The box around the head."""
    left, right = min(x.left for x in labels) - 0.08, max(x.right for x in labels) + 0.08
    low, high = min(x.bottom for x in labels) - 0.05, max(x.top for x in labels) + 0.05
    corners = [left, right, right, left], [low, low, high, high]
    ax.fill(*corners, facecolor="white", edgecolor=look.INK, linewidth=1.2)


def _write(ax, label: Label, mirrored: bool) -> None:
    centred = label.role in ("bone", "bone_note", *HEAD)
    side = "center" if centred else "left" if mirrored else "right"
    x = {"center": (label.left + label.right) / 2, "left": label.left, "right": label.right}[side]
    moved = {"up": look.ORANGE, "down": look.GREEN}.get(label.moved, look.BLUE)
    note = label.role.endswith("note")
    size = SIZES["note" if note else label.role]
    colour = moved if note else look.SOFT if label.role == "sub" else look.INK
    for i, line in enumerate(label.text.split("\n")):
        y = label.top - (i * look.LEADING + 1) * size / 72
        ax.text(x, y, line, ha=side, va="baseline", fontsize=size, color=colour)
