"""A diagram as it is laid out, in inches, before anything is drawn: its labels, lines and boxes; whether labels meet; how
it is drawn. `fishbone` and `whytree` say where everything goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import look
from .words import cut, width, wrapped

SIZES = {
    "head": 11.0, "bone": 10.0, "words": 10.0, "cause": 9.0, "sub": 8.5, "record": 8.5, "weak": 8.5, "cure": 8.5,
    "note": 8.0, "caption": 8.0, "foot": 8.0,
}  # fmt: skip
UP, DOWN = "#b34700", "#00694c"  # as dark as small letters need it; a sign always says the same
INKS = {
    "sub": look.SOFT, "record": look.SOFT, "caption": look.SOFT, "foot": look.SOFT, "note": "#005a9c", "weak": UP, "cure": DOWN,
}  # fmt: skip
LINES = {"spine": look.INK, "bone": look.BLUE, "twig": "#7b8794", "rib": "#9aa5b1", "branch": "#7b8794"}
BOXES = {  # face, edge, width of the edge, style of the edge
    "head": ("white", look.INK, 1.2, "-"),
    "step": ("#f6f8fa", "#9aa5b1", 0.9, "-"),
    "weak": ("#fdf1e7", look.ORANGE, 1.4, "--"),
}
MARGIN = 0.14


@dataclass(frozen=True)
class Label:
    """Text in a box: `left`, `bottom`, `width`, `height`; `side` is where its lines are flush."""

    role: str
    text: str
    left: float
    bottom: float
    width: float
    height: float
    moved: str = ""
    side: str = "center"

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def top(self) -> float:
        return self.bottom + self.height

    @property
    def size(self) -> float:
        """Points."""
        return SIZES["note" if self.role.endswith("note") else self.role]


@dataclass(frozen=True)
class Line:
    """From one point to another; `weight` in points."""

    role: str
    x: tuple[float, float]
    y: tuple[float, float]
    weight: float
    arrow: bool = True
    dashed: bool = False


@dataclass(frozen=True)
class Box:
    """A frame behind labels."""

    role: str
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class Plan:
    """Everything to be drawn in a picture of `width` x `height`."""

    width: float
    height: float
    labels: tuple[Label, ...] = ()
    lines: tuple[Line, ...] = ()
    boxes: tuple[Box, ...] = ()


def parts(*texts: tuple[str, str]) -> list[tuple[str, str, float, float]]:
    """(role, text, width, height) of each (role, text) in which something stands."""
    return [(role, text, *look.text_size(text, SIZES[role])) for role, text in texts if text]


def folded(text: str, cells: int, most: int, even: bool = False) -> str:
    """The text in lines of at most `cells` columns, at most `most` of them; if `even`, all of about the same length."""
    lines, narrow = wrapped(text, cells).count("\n") + 1, cells
    if even:
        tried = range(min(-(-width(text) // lines), cells), cells + 1)
        narrow = next(c for c in tried if wrapped(text, c).count("\n") < lines)
    kept = [cut(line, cells + 8) for line in wrapped(text, narrow).split("\n")]
    if len(kept) > most:
        kept = [*kept[: most - 1], cut(kept[most - 1], cells - 2).removesuffix("…") + "…"]
    return "\n".join(kept)


def overlaps(plan: Plan) -> list[tuple[Label, Label]]:
    """Pairs of labels whose boxes meet; there should be none."""
    return [
        (a, b)
        for i, a in enumerate(plan.labels)
        for b in plan.labels[i + 1 :]
        if min(a.right, b.right) - max(a.left, b.left) > 1e-6
        and min(a.top, b.top) - max(a.bottom, b.bottom) > 1e-6
    ]


def framed(
    labels: Sequence[Label],
    lines: Sequence[Line],
    boxes: Sequence[Box],
    foot: str = "",
    mirrored: bool = False,
) -> Plan:
    """Everything moved into a picture with a margin, mirrored if wanted, above a line that says how to read it."""
    xs = [x for line in lines for x in line.x] + [
        x for box in (*labels, *boxes) for x in (box.left, box.right)
    ]
    ys = [y for line in lines for y in line.y] + [
        y for box in (*labels, *boxes) for y in (box.bottom, box.top)
    ]
    wide, tall = max(xs) - min(xs) + 2 * MARGIN, max(ys) - min(ys) + 2 * MARGIN
    under = []
    if foot:
        text = wrapped(foot, max(int(wide / 0.064), 20))
        across, high = look.text_size(text, SIZES["foot"])
        under = [Label("foot", text, MARGIN, MARGIN, across, high, side="left")]
        wide, tall = max(wide, across + 2 * MARGIN), tall + high + MARGIN
    dx, dy = MARGIN - min(xs), tall - MARGIN - max(ys)
    labels = [replace(label, left=label.left + dx, bottom=label.bottom + dy) for label in labels]
    lines = [replace(o, x=tuple(x + dx for x in o.x), y=tuple(y + dy for y in o.y)) for o in lines]
    boxes = [Box(b.role, b.left + dx, b.bottom + dy, b.right + dx, b.top + dy) for b in boxes]
    if mirrored:
        other = {"left": "right", "right": "left", "center": "center"}
        labels = [replace(label, left=wide - label.right, side=other[label.side]) for label in labels]
        lines = [replace(line, x=tuple(wide - x for x in line.x)) for line in lines]
        boxes = [replace(b, left=wide - b.right, right=wide - b.left) for b in boxes]
    return Plan(wide, tall, (*labels, *under), tuple(lines), tuple(boxes))


def draw(figure, plan: Plan) -> None:
    """Draw the plan on a figure, which takes its size."""
    figure.set_layout_engine("none")
    figure.set_size_inches(plan.width, plan.height)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, plan.width)
    ax.set_ylim(0, plan.height)
    ax.set_axis_off()
    for line in plan.lines:
        style = {
            "arrowstyle": "-|>,head_length=0.35,head_width=0.16" if line.arrow else "-",
            "linewidth": line.weight, "color": LINES[line.role], "linestyle": "--" if line.dashed else "-",
            "shrinkA": 0, "shrinkB": 0, "mutation_scale": 11,
        }  # fmt: skip
        ends = list(zip(line.x, line.y, strict=True))
        ax.annotate("", xy=ends[1], xytext=ends[0], arrowprops=style)
    for box in plan.boxes:
        corners = [box.left, box.right, box.right, box.left], [box.bottom, box.bottom, box.top, box.top]
        face, edge, weight, style = BOXES[box.role]
        ax.fill(*corners, facecolor=face, edgecolor=edge, linewidth=weight, linestyle=style)
    for label in plan.labels:
        _write(ax, label)


def _write(ax, label: Label) -> None:
    x = {"center": (label.left + label.right) / 2, "left": label.left, "right": label.right}[label.side]
    role = "note" if label.role.endswith("note") else label.role
    colour = {"up": UP, "down": DOWN}.get(label.moved if role == "note" else "", INKS.get(role, look.INK))
    for i, line in enumerate(label.text.split("\n")):
        y = label.top - (i * look.LEADING + 1) * label.size / 72
        ax.text(x, y, line, ha=label.side, va="baseline", fontsize=label.size, color=colour)
