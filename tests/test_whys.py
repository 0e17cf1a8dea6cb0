"""Each kind of weak chain is found, and a sound chain has no mark."""

from dataclasses import replace

import pytest

from complaintlib.causes import Cause, Causes, Diagram, load_causes
from complaintlib.whys import alike, weak
from complaintlib.words import Words

TOP = Diagram("d", "five_why", Words("包裹晚到", "parcels are late"), "reason=late")
SOUND = (
    Cause("a", "d", Words("网点过夜", "left overnight"), evidence="region=east", layer="event"),
    Cause("b", "d", Words("卡车误点", "truck comes late"), "a", record=Words("记录", "log"), layer="practice"),
    Cause(
        "c", "d", Words("班次未重排", "old timetable"), "b", record=Words("表", "sheet"), layer="rule", owner="x",
        countermeasure=Words("重排", "redo"),
    ),
)  # fmt: skip


def test_a_sound_chain_has_no_mark():
    assert weak(Causes((TOP,), SOUND), TOP) == []


@pytest.mark.parametrize(
    ("place", "change", "check"),
    [
        (0, {"evidence": ""}, "no_evidence"),
        (0, {"parent": "b"}, "circular"),
        (2, {"words": Words("责任心不强", "nobody cares")}, "human_error"),
        (1, {"layer": "management"}, "jump"),
        (0, {"words": Words("包裹晚到了", "late again")}, "restated"),
        (2, {"owner": ""}, "no_owner"),
        (2, {"countermeasure": None}, "no_countermeasure"),
        (2, {"parent": "a"}, "too_short"),
    ],
)
def test_each_weakness_is_found(place, change, check):
    causes = [replace(cause, **change) if i == place else cause for i, cause in enumerate(SOUND)]
    assert (causes[place].id, check) in weak(Causes((TOP,), tuple(causes)), TOP)


def test_the_weak_chain_of_the_demo_company_is_found():
    form = load_causes()
    marks = weak(form, next(d for d in form.diagrams if d.kind == "five_why"))
    assert {entry for entry, _ in marks} == {"w06"}
    assert {check for _, check in marks} >= {"no_evidence", "human_error", "no_owner", "no_countermeasure"}


def test_likeness_counted_by_hand():
    assert alike("abcd", "abce") == 2 * 2 / 6
    assert alike("", "") == 0
