"""5-Why trees: no two labels meet, computed and as drawn, however deep and in both languages; nothing crosses a box."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import look
from complaintlib.plan import draw, overlaps
from complaintlib.whytree import WIDE, Answer, layout

WORDS = {
    "zh": ("分拣线晚间满负荷，包裹积压在网点等待次日处理，而晚班卡车到达时分拣已经结束", "第 3 个为什么，规定，已证实", "225 件，30%，▲预期 178"),
    "en": ("Sorting lines are full in the evening, and parcels stay at the depot until the next day", "Why 3, Rule, Confirmed", "225 cases, 30%, ▲ 178 expected"),
}  # fmt: skip


def largest(lang: str, chains: int = 8, deep: int = 7) -> list[Answer]:
    words, caption, note = WORDS[lang]
    return [
        Answer(words, None if not why else chain * deep + why - 1, caption, note, "up", words, words, words)
        for chain in range(chains)
        for why in range(deep)
    ]


def crossings(plan):
    """Lines that run into a box which is none of the two they join."""
    return [
        (line, box)
        for line, box in itertools.product(plan.lines, plan.boxes)
        if max(line.x) > box.left + 1e-6
        and min(line.x) < box.right - 1e-6
        and max(line.y) > box.bottom + 1e-6
        and min(line.y) < box.top - 1e-6
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_meets_in_a_large_tree(lang):
    plan = layout(WORDS[lang][0], WORDS[lang][2], largest(lang), foot=WORDS[lang][0])
    assert len(plan.labels) == 8 * 7 * 6 + 3
    assert overlaps(plan) == []
    assert crossings(plan) == []
    for inner in (*plan.labels, *plan.boxes):
        top = inner.bottom + inner.height if hasattr(inner, "height") else inner.top
        assert 0 < inner.left < inner.right < plan.width and 0 < inner.bottom < top < plan.height
    assert plan.width < WIDE + 3.5  # a page wide, however deep


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_labels_do_not_overlap_as_drawn_and_stay_in_their_boxes(lang):
    figure, plan = look.figure(), layout(WORDS[lang][0], WORDS[lang][2], largest(lang, 2, 5))
    draw(figure, plan)
    look.png(figure)
    renderer = figure.canvas.get_renderer()
    drawn = [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_text()]
    assert len(drawn) > len(plan.labels)
    for a, b in itertools.combinations(drawn, 2):
        wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 0 or tall <= 0.35 * min(a.height, b.height)  # lines of one label share their leading
    rights = [box.right * figure.dpi for box in plan.boxes]
    assert max(box.x1 for box in drawn) < max(rights)


def test_an_answer_stands_under_and_right_of_what_it_explains():
    answers = [Answer("a"), Answer("b", 0), Answer("c", 1), Answer("d"), Answer("e", 3, circular=True)]
    plan = layout("problem", "", answers)
    head, a, b, c, d, e = plan.boxes
    assert head.left < a.left < b.left < c.left and d.left == a.left and e.left == b.left
    tops = [box.top for box in plan.boxes]
    assert tops == sorted(tops, reverse=True)
    assert [line.dashed for line in plan.lines] == [False] * 8 + [True] * 2
    assert [line.arrow for line in plan.lines] == [False, True] * 5


def test_a_weak_link_differs_in_more_than_colour():
    plan = layout("problem", "", [Answer("sound"), Answer("weak", 0, weak="! no evidence")])
    assert [box.role for box in plan.boxes] == ["head", "step", "weak"]
    assert "! no evidence" in [label.text for label in plan.labels]


_text = st.text(alphabet="一二三词语，。 abcdefg xyzW-$_^{}", min_size=1, max_size=90)


@settings(max_examples=20, deadline=None)
@given(_text, st.lists(st.tuples(_text, st.integers(0, 9), _text, _text, _text), max_size=9))
def test_whatever_it_says_labels_do_not_overlap(problem, said):
    answers = [
        Answer(words, None if at == 0 or up == 0 else (up - 1) % at, note=note, weak=weak, cure=cure)
        for at, (words, up, note, weak, cure) in enumerate(said)
    ]
    plan = layout(problem, "12", answers, foot=problem)
    assert overlaps(plan) == []
    assert all(label.left >= 0 and label.right <= plan.width for label in plan.labels)
