"""The tree of a 5-Why (Ohno 1978) as stairs: the problem on top, under each answer the answers to the next "why".

Every answer has a box of its own below all that come before it in the order of the tree, one step to the right of what it
answers; so boxes cannot meet, however many there are, and the picture is never wider than a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .plan import Box, Label, Line, Plan, folded, framed, parts
from .words import cut

WIDE, STEP, STAIRS = 5.6, 0.5, 2.6  # inches: a box, a step to the right, all steps together at most
CELLS = {"head": 64, "words": 72, "record": 84, "weak": 84, "cure": 84, "note": 90, "caption": 90}
ROWS = 3  # lines of one text at most: the whole of it stands in the table
PAD, GAP = 0.09, 0.17


@dataclass(frozen=True)
class Answer:
    """An answer to "why": `caption` above its words, `note` (numbers) and `record` (what was seen) under them, then what is
    `weak` about it and, at the end of a chain, the `cure`. `parent` is the place of the answer it explains in the list;
    None where it explains the problem itself. `circular`: the chain leads back to itself and hangs in the air."""

    text: str
    parent: int | None = None
    caption: str = ""
    note: str = ""
    moved: str = ""
    record: str = ""
    weak: str = ""
    cure: str = ""
    circular: bool = False


def layout(problem: str, note: str, answers: Sequence[Answer], moved: str = "", foot: str = "") -> Plan:
    """Where the problem and the answers go, above the line `foot`; answers come after their parents, chain by chain."""
    steps = _steps(answers)
    pace = min(STEP, STAIRS / max([*steps, 1]))
    labels, frame, y = _boxed([("head", problem), ("note", note)], "head", 0.0, 0.0, moved)
    lines, boxes = [], [frame]
    for answer, step in zip(answers, steps, strict=True):
        texts = [
            ("caption", answer.caption), ("words", answer.text), ("note", answer.note), ("record", answer.record),
            ("weak", answer.weak), ("cure", answer.cure),
        ]  # fmt: skip
        role = "weak" if answer.weak else "step"
        own, frame, below = _boxed(texts, role, step * pace, y - GAP, answer.moved)
        above = boxes[0] if answer.parent is None else boxes[answer.parent + 1]
        x, middle = above.left + pace / 2, (frame.top + frame.bottom) / 2
        lines.append(Line("branch", (x, x), (above.bottom, middle), 1.3, False, answer.circular))
        lines.append(Line("branch", (x, frame.left), (middle, middle), 1.3, True, answer.circular))
        labels, boxes, y = labels + own, [*boxes, frame], below
    return framed(labels, lines, boxes, foot)


def _steps(answers: Sequence[Answer]) -> list[int]:
    """How many steps each answer stands to the right of the problem."""
    steps: list[int] = []
    for answer in answers:
        steps.append(1 if answer.parent is None else steps[answer.parent] + 1)
    return steps


def _boxed(
    texts: Sequence[tuple[str, str]], role: str, left: float, top: float, moved: str
) -> tuple[list[Label], Box, float]:
    """The texts under one another in a box, and where it ends."""
    labels, y = [], top - PAD
    lines = {"note": 1, "caption": 1}
    whole = [(n, cut(t, CELLS[n]) if n in lines else folded(t, CELLS[n], ROWS)) for n, t in texts]
    for name, text, across, high in parts(*whole):
        labels.append(Label(name, text, left + PAD, y - high, across, high, moved, "left"))
        y -= high
    right = max([left + WIDE, *(label.right + PAD for label in labels)])
    return labels, Box(role, left, y - PAD, right, top), y - PAD
