"""The causes form: what is read, and what is said of each mistake."""

import pandas as pd
import pytest

from complaintlib import Book
from complaintlib.causes import FAMILIES, FISHBONES, KINDS, load_causes
from complaintlib.filters import parts, read_filter
from complaintlib.home import TEMPLATES
from complaintlib.words import Trouble, label

HEAD = """
[[diagrams]]
id = "d"
kind = "cause"
problem = { zh = "题", en = "problem" }
evidence = "reason=late"
"""
ONE = """
[[causes]]
id = "a"
diagram = "d"
family = "people"
words = { zh = "甲", en = "first" }
"""


def read(tmp_path, text: str):
    path = tmp_path / "causes.toml"
    path.write_text(text, encoding="utf-8")
    return load_causes(path)


def test_the_filled_and_the_empty_form_are_read():
    found = load_causes()
    assert {d.kind for d in found.diagrams} == set(KINDS)
    assert load_causes(TEMPLATES / "forms" / "causes.toml").diagrams[0].kind == "cause"
    known = {c.id: c for c in found.causes}
    assert known["c02"].family == known["c01"].family == "people"  # a sub-cause stands on its parent's bone
    assert [c.id for c in found.of("late-why")] == ["w01", "w02", "w03", "w04", "w05", "w06"]


def test_every_bone_and_kind_has_a_word():
    codes = {("family", f) for names in FAMILIES.values() for f in names} | {
        ("diagram_kind", k) for k in KINDS
    }
    for field, code in codes:
        assert all(label(field, code, lang) != code for lang in ("zh",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + ONE + 'colour = "red"', "causes[1] (a): there is no key colour"),
        (HEAD + ONE + 'ownr = "x"', "did you mean owner?"),
        (HEAD.replace('"cause"', '"causes"') + ONE, "diagrams[1] (d): kind “causes” is not known; did you mean cause?"),
        (HEAD + ONE.replace('"people"', '"peple"'), "causes[1] (a): family “peple” is not known; did you mean people?"),
        (HEAD + ONE.replace('"d"', '"e"'), "causes[1] (a): diagram “e” is not known; known are d"),
        (HEAD + ONE + 'parent = "z"', "causes[1] (a): parent “z” is not known"),
        (HEAD + ONE + 'parent = "a"', "causes[1] (a): the parents lead back to the entry itself"),
        (HEAD + ONE + ONE, "causes[2] (a): the id is used already"),
        (HEAD + ONE.replace('en = "first"', 'en = ""'), 'causes[1] (a): words is written as { zh = "…", en = "…" }, in both languages'),
        (HEAD + ONE.replace('words = { zh = "甲", en = "first" }', ""), "causes[1] (a): words is missing"),
        (HEAD + ONE + 'evidence = "late"', "causes[1] (a): evidence: “late” is not column=value"),
        (HEAD + ONE + 'evidence = "raeson=late"', "causes[1] (a): evidence: there is no column “raeson”"),
        (HEAD + ONE + 'owner = 3', 'causes[1] (a): owner is written as "…"'),
        (HEAD, "diagrams[1] (d): it has no entry"),
        (HEAD.replace('"reason=late"', '""') + ONE, "diagrams[1] (d): evidence is empty"),
        ("causes = 3" + HEAD, "causes is written as [[causes]]"),
        ("[[diagrams", "causes.toml is wrong:\nit is not valid TOML"),
        ("{x} = 1", "not valid TOML"),
        ('"{x}" = 1', "there is no key {x}"),
        (
            HEAD + "".join(ONE.replace('"a"', f'"a{i}"') for i in range(9)),
            "diagrams[1] (d): more than 8 causes on the bone people",
        ),
        (
            HEAD + ONE + "".join(ONE.replace('"a"', f'"{i}"') + f'parent = "{up}"' for i, up in ("ba", "cb")),
            "causes[3] (c): a fishbone has 2 levels at most",
        ),
        (
            HEAD + ONE + ONE.replace('"a"', '"b"').replace("people", "machine") + 'parent = "a"',
            "causes[2] (b): the family must be its parent's, people",
        ),
    ],
)  # fmt: skip
def test_each_mistake_is_said_with_its_entry(tmp_path, text, said):
    with pytest.raises(Trouble) as wrong:
        read(tmp_path, text)
    assert said in wrong.value.say("en")
    assert "有误" in wrong.value.say("zh")


def test_all_mistakes_are_said_at_once(tmp_path):
    with pytest.raises(Trouble) as wrong:
        read(tmp_path, HEAD.replace('"cause"', '"fish"') + ONE + 'confidence = "sure"')
    assert "kind “fish”" in wrong.value.say("en") and "confidence “sure”" in wrong.value.say("en")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(Trouble, match="there is no such file"):
        load_causes(tmp_path / "none.toml")


def test_only_a_five_why_may_go_round(tmp_path):
    around = HEAD.replace('"cause"', '"five_why"') + ONE + 'parent = "a"'
    assert read(tmp_path, around).causes[0].parent == "a"
    assert "five_why" not in FISHBONES


# --------------------------------------------------------------------------------------------------- filters


def test_filters_are_read_in_codes_and_in_words():
    assert parts("投诉原因=late; region=east, south") == {"reason": ["late"], "region": ["east", "south"]}
    assert parts(None) == parts("  ") == {}
    rows = pd.DataFrame(
        {
            "complaint_id": ["1", "2"],
            "received_at": pd.Timestamp("2026-10-01"),
            "reason": ["late_delivery", "damaged"],
        }
    )
    book = Book.of(complaints=rows)
    assert read_filter("reason=派送延误,damaged", book) == {"reason": ["late_delivery", "damaged"]}
    with pytest.raises(Trouble, match="did you mean damaged"):
        read_filter("reason=damage", book)
    with pytest.raises(Trouble, match="there is no column “Region”"):
        read_filter("region=east", book)
