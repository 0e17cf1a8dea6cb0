import base64
import json
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
import pytest

from complaintlib.period import Period
from complaintlib.result import HANDOVER, Finding, Result, packed, paragraphs, table_view, unpacked
from complaintlib.words import Words

HOSTILE = '<script>alert(1)</script>"onload=x $\\foo$ =1+1 \u202eabc\x1b[31m'


@dataclass(frozen=True)
class Toy(Result):
    method: ClassVar = "toy"
    title: ClassVar = Words("示例", "Toy")
    reading: ClassVar = Words("第一行\n第二行", "first line\nsecond line")

    def draw(self, figure, lang):
        figure.subplots().set_title(self.findings[0].sentence(lang))


@pytest.fixture
def toy() -> Toy:
    finding = Finding(
        "toy.most",
        "watch",
        Words(
            "“{reason:reason}”最多|，占 {share:pct}",
            "“{reason:reason}” is most frequent|, {share:pct} of all",
        ),
        {"reason": HOSTILE, "share": 0.625},
    )
    table = pd.DataFrame({"reason": [HOSTILE, "late"], "n": [5, 3], "share": [0.625, 0.375]})
    return Toy(Period("2026-10"), {"shares": table}, (finding,))


def test_a_sentence_has_a_headline(toy):
    head, tail = toy.findings[0].parts("en")
    assert head.endswith("is most frequent")
    assert tail == ", 63% of all"


def test_hostile_text_is_shown_as_text_everywhere(toy):
    """S01-S31 for the kit's own helpers: no mark-up, no control or bidirectional characters survive."""
    for lang in ("zh", "en"):
        for shown in (
            toy.say(lang),
            toy.show_table(lang),
            toy.show(lang),
            table_view(toy.table.rename(columns={"n": HOSTILE}), lang),
        ):
            html = shown._repr_mimebundle_()["text/html"]
            assert "<script" not in html
            assert "&lt;script&gt;" in html
            assert not {"\u202e", "\x1b"} & set(html)


def test_hostile_text_in_a_picture_neither_fails_nor_draws_boxes(toy):
    """H01-H05: a `$` stays a `$`; what the font lacks is left out."""
    for lang in ("zh", "en"):
        data, meta = toy.picture(lang)._repr_mimebundle_()
        assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
        assert meta["image/png"]["alt"].startswith(toy.title[lang])


def test_the_same_picture_has_the_same_bytes(toy):
    assert toy.picture("zh").png == toy.picture("zh").png


def test_a_table_says_how_much_of_it_is_shown():
    frame = pd.DataFrame({"n": range(1000)})
    assert "first 25 of 1,000 rows" in table_view(frame, "en").html
    assert "没有记录" in table_view(frame.iloc[:0], "zh").html
    assert table_view(frame, "en").html.count("<tr>") == 26


def test_missing_values_are_dashes_and_starred_counts_stay():
    html = table_view(pd.DataFrame({"n": ["*", None, 3.0], "share": [0.5, float("nan"), None]}), "en").html
    assert html.count(">–<") == 3
    assert ">*<" in html


def test_a_packed_table_is_plain_json_and_comes_back(toy):
    frame = toy.table.assign(at=pd.Timestamp("2026-10-01"), none=float("nan"))
    content = json.loads(json.dumps(packed(frame), allow_nan=False))
    back = unpacked(content)
    assert back["n"].tolist() == [5, 3]
    assert back["at"].tolist() == ["2026-10-01T00:00:00"] * 2
    assert back["none"].isna().all()


def test_the_handover_carries_the_token_and_every_table(toy):
    content = toy.close("secret")._repr_mimebundle_()[HANDOVER]
    assert (content["token"], content["method"], list(content["tables"])) == ("secret", "toy", ["shares"])
    assert content["findings"][0]["tail"] == {"zh": "，占 63%", "en": ", 63% of all"}
    json.dumps(content, allow_nan=False)


def test_notes_are_plain_text(toy, tmp_path, monkeypatch):
    monkeypatch.setattr("complaintlib.result.DATA", tmp_path)
    assert toy.note("en").html == ""
    path = tmp_path / "notes" / "2026-10" / "toy.en.txt"
    path.parent.mkdir(parents=True)
    path.write_text("We moved <b>house</b>.\n\nTwice.", encoding="utf-8")
    assert "<p>We moved &lt;b&gt;house&lt;/b&gt;.</p><p>Twice.</p>" in toy.note("en").html


def test_paragraphs():
    assert paragraphs("a\n\n b ").html == "<p>a</p><p>b</p>"
