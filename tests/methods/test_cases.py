"""The case library: read, masked, searched, and set against what was complained about."""

import pandas as pd
import pytest

from complaintlib import Book, Period, cases
from complaintlib.book import NotMeasured
from complaintlib.methods._cases_library import load_cases
from complaintlib.words import Trouble, label

OCT = Period("2026-10")
ENTRY = """
[[cases]]
case_id = "{id}"
reason = "{reason}"
marked_on = {day}
case_text = {{ zh = "{zh}", en = "{en}" }}
root_cause = {{ zh = "面单未更新", en = "label not renewed" }}
worked = {{ zh = "重打面单", en = "print it anew" }}
tags = ["改址"]
"""


def entry(id="C-1", reason="damaged", day="2026-06-01", zh="外箱被压", en="The box was crushed"):
    return ENTRY.format(id=id, reason=reason, day=day, zh=zh, en=en)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Writes a library and lets the method read it."""

    def write(*entries):
        path = tmp_path / "cases.toml"
        path.write_text("\n".join(entries), encoding="utf-8")
        monkeypatch.setattr(load_cases, "__defaults__", (path,))
        return path

    return write


def book(**counts):
    rows = [
        (f"{reason}{i}", OCT.start + pd.Timedelta(hours=i), reason)
        for reason, n in counts.items()
        for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["complaint_id", "received_at", "reason"])
    return Book.of(complaints=frame.astype({"received_at": "datetime64[us]"}))  # fmt: skip


def test_counts_by_hand(library):
    library(entry(), entry("C-2"), entry("C-3", "rude_agent"))
    result = cases(book(damaged=6, late_delivery=3, address_error=1), OCT)
    rows = result.tables["reasons"].set_index("reason")
    assert rows["n"].to_dict() == {"damaged": 6, "late_delivery": 3, "address_error": 1}
    assert rows["typical"].to_dict() == {"damaged": 2, "late_delivery": 0, "address_error": 0}
    assert result.tables["covered"].iloc[0].to_dict() == {"n": 10, "n_covered": 6, "share_covered": 0.6}
    by_key = {f.key: f for f in result.findings}
    assert by_key["cases.summary"].values == {"typical": 3, "share_covered": 0.6, "n": 10}
    assert by_key["cases.without"].values["names"] == ["late_delivery", "address_error"]


def test_search_finds_all_its_words_in_either_language_and_the_tags(library):
    library(entry(), entry("C-2", zh="门口丢失", en="Lost at the door"), entry("C-3", "rude_agent"))
    one = book(damaged=1)

    def ids(**asked):
        return sorted(cases(one, OCT, **asked).table["case_id"])

    assert ids(search="DOOR lost") == ["C-2"]
    assert ids(search="压") == ["C-1", "C-3"]
    assert ids(search="改址", reason="rude_agent") == ["C-3"]
    assert ids(search="no such words") == []
    assert cases(one, OCT, search="no such words").findings[0].key == "cases.none"


def test_texts_come_in_the_language_asked_for(library):
    library(entry())
    assert cases(book(damaged=1), OCT, lang="zh").table.loc[0, "case_text"] == "外箱被压"
    assert cases(book(damaged=1), OCT, lang="en").table.loc[0, "worked"] == "print it anew"
    with pytest.raises(Trouble, match="zh or en"):
        cases(book(damaged=1), OCT, lang="fr")


def test_personal_data_in_the_library_is_masked(library):
    path = library(entry(zh="客户手机13912345678来电", en="Called from 13912345678, a@example.com"))
    held = load_cases(path).iloc[0]
    assert "13912345678" not in " ".join(map(str, held)) and "example.com" not in held["case_text_en"]
    assert "[phone]" in held["case_text_zh"]


def test_a_case_marked_later_is_not_seen(library):
    library(entry(day="2026-10-20"))
    assert len(cases(book(damaged=1), OCT).table) == 1
    early = cases(book(damaged=1), Period.parse("2026-10", as_of="2026-10-20"))
    assert early.table.empty and early.tables["reasons"]["typical"].sum() == 0


def test_an_empty_library_is_answered(library):
    library()
    result = cases(book(damaged=2), OCT)
    assert result.findings[0].key in ("cases.none", "cases.without") and result.table.empty
    assert result.picture("zh").png.startswith(b"\x89PNG")


def test_everything_wrong_is_said_at_once(tmp_path):
    path = tmp_path / "cases.toml"
    path.write_text(
        entry() + entry().replace("marked_on = 2026-06-01", 'marked_on = "June"').replace("reason", "raeson"),
        encoding="utf-8",
    )
    with pytest.raises(Trouble) as wrong:
        load_cases(path)
    said = wrong.value.say("en")
    for part in (
        "cases[2] (C-1): there is no key raeson; did you mean reason?",
        "cases[2] (C-1): reason is missing",
        "cases[2] (C-1): marked_on is written as 2026-10-31",
        "cases[2] (C-1): the case_id is used already",
    ):
        assert part in said
    assert said.count("cases[1]") == said.count("cases[1] (C-1): the case_id is used already") == 1
    assert load_cases(tmp_path / "absent.toml").empty


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[cases]]", "[[case]]", "there is no key case; did you mean cases?"),
        ("[[cases]]", "[cases]", "cases is written as [[cases]]"),
        ("2026-06-01", "2026-06-01T08:00:00", "marked_on is written as 2026-10-31"),
        ('["改址"]', '"改址"', 'tags is written as ["…"]'),
        ('"damaged"', '" "', "reason is empty"),
        (', en = "print it anew" }', " }", "worked is written as {"),
        ("[[cases]]", "[[cases]", "cases.toml is wrong:\nit is not valid TOML"),
    ],
)
def test_each_mistake_is_said(tmp_path, old, new, said):
    path = tmp_path / "cases.toml"
    path.write_text(entry().replace(old, new), encoding="utf-8")
    with pytest.raises(Trouble) as wrong:
        load_cases(path)
    assert said in wrong.value.say("en") and "有误" in wrong.value.say("zh")


def test_without_reasons_it_is_not_measured():
    bare = pd.DataFrame({"complaint_id": ["a"], "received_at": pd.to_datetime(["2026-10-02"])})
    with pytest.raises(NotMeasured):
        cases(Book.of(complaints=bare.astype({"received_at": "datetime64[us]"})), OCT)


def test_the_cases_that_ship_are_of_known_reasons_and_hold_nothing_to_mask():
    shipped = load_cases()
    assert len(shipped) >= 5 and all(label("reason", code, "en") != code for code in shipped["reason"])
    texts = shipped[[c for c in shipped if c.endswith(("_zh", "_en"))]]
    assert not texts.map(lambda text: "[" in text).any().any()
