"""Fishbones: no two labels meet, computed and as drawn, up to the largest and in both languages."""

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import look
from complaintlib.causes import BONES, FISHBONES, TWIGS
from complaintlib.fishbone import Twig, layout
from complaintlib.plan import draw, overlaps

WORDS = {
    "zh": ("分拣线晚间满负荷，包裹积压在网点等待次日处理", "上海、杭州、南京三个分拨中心", "人员", "225 件，30% ↑"),
    "en": (
        "Sorting lines are full in the evening and parcels stay at the depot",
        "Depots of Shanghai, Hangzhou and Nanjing",
        "Measurement",
        "225 cases, 30% ↑",
    ),
}  # fmt: skip


def largest(lang: str) -> list[Twig]:
    cause, sub, bone, note = WORDS[lang]
    twig = Twig(cause, note, 0.3, "up", (Twig(sub, note),))
    return [Twig(f"{bone} {i}", note, twigs=(twig,) * TWIGS) for i in range(BONES)]


def boxes(figure):
    """Where the texts of a figure are really drawn, in pixels."""
    look.png(figure)
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", FISHBONES)
def test_no_two_labels_overlap_in_the_largest(kind, lang):
    plan = layout(kind, Twig(WORDS[lang][0], WORDS[lang][3]), largest(lang))
    assert len(plan.labels) == 2 * (BONES * (2 * TWIGS + 1) + 1)
    assert overlaps(plan) == []
    for label in plan.labels:
        assert 0 < label.left < label.right < plan.width and 0 < label.bottom < label.top < plan.height
    head = next(label for label in plan.labels if label.role == "head")
    others = [label.left for label in plan.labels if label.role not in ("head", "head_note")]
    assert (head.left < min(others)) == (kind == "countermeasure")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_two_labels_overlap_as_drawn(lang):
    """The measured boxes are those that are drawn: text against text on the finished picture."""
    figure = look.figure()
    draw(figure, layout("cause", Twig(WORDS[lang][0], WORDS[lang][3]), largest(lang)))
    drawn = boxes(figure)
    assert len(drawn) > 2 * BONES * 2 * TWIGS
    for a, b in itertools.combinations(drawn, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width <= 0 or height <= 0.35 * min(
            a.height, b.height
        )  # lines of one label share their leading
    assert all(
        box.x0 > 0 and box.x1 < figure.bbox.x1 and box.y0 > 0 and box.y1 < figure.bbox.y1 for box in drawn
    )


def test_labels_do_not_lie_on_bones():
    """A label is on its own side of every bone of its half."""
    plan = layout("cause", Twig("head"), largest("en"))
    bones = [line for line in plan.lines if line.role == "bone"]
    for label in (x for x in plan.labels if x.role in ("cause", "sub", "note")):
        for y in (label.bottom, label.top):
            for bone in bones:
                (x0, x1), (y0, y1) = bone.x, bone.y
                if min(y0, y1) <= y <= max(y0, y1):
                    at = x0 + (x1 - x0) * (y - y0) / (y1 - y0)
                    assert not label.left < at < label.right, label.text


_text = st.text(alphabet="一二三词语，。 abcdefg xyzW-$_^{}", min_size=1, max_size=60)
_twig = st.builds(
    Twig, _text, st.sampled_from(["", "12 · 3%"]), st.floats(0, 1), st.sampled_from(["", "up"]),
    st.lists(st.builds(Twig, _text, _text), max_size=3).map(tuple),
)  # fmt: skip
_bone = st.builds(Twig, _text, _text, twigs=st.lists(_twig, max_size=8).map(tuple))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(FISHBONES), st.builds(Twig, _text), st.lists(_bone, max_size=8))
def test_whatever_it_says_labels_do_not_overlap(kind, problem, bones):
    plan = layout(kind, problem, bones)
    assert overlaps(plan) == []
    assert all(label.left >= 0 and label.right <= plan.width for label in plan.labels)


def test_overlapping_labels_are_told():
    plan = layout("cause", Twig("head"), [Twig("bone")])
    twice = replace(plan, labels=plan.labels + plan.labels[:1])
    assert len(overlaps(twice)) == 1


def test_svg_and_png_of_the_same_plan_are_the_same_each_time():
    def figure():
        made = look.figure()
        draw(made, layout("structure", Twig("派送延误 $x$"), largest("zh")[:2]))
        return made

    assert look.png(figure()).startswith(b"\x89PNG")
    svg = look.svg(figure()).decode("utf-8")
    assert look.svg(figure()).decode("utf-8") == svg
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1]) / 72
    assert width == pytest.approx(
        layout("structure", Twig("派送延误 $x$"), largest("zh")[:2]).width, abs=0.02
    )
    assert "<text" not in svg  # outlines: no font is needed to read it
