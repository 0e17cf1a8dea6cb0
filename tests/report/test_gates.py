"""What may stand in a page: the allow-list of outputs, and gates that bad pages do not pass."""

import pytest

from complaintlib.report.gates import clean, problems_in, visible
from complaintlib.report.page import frame
from complaintlib.result import paragraphs, table_view

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src='https://evil.example'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<div style='background:url(https://evil.example)'>x</div>",
    "<form action='https://evil.example'><input></form>",
    "<img src='https://evil.example/x.png' alt='x'>",
    "<img src='data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=' alt='x'>",
    "<table><tr><td onclick='x()' data-commandlinker-command='x'>cell</td></tr></table>",
    "<base href='https://evil.example/'>",
    "</div></div></body><script>alert(1)</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
]


def page(body):
    return frame("Title", body, "en")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_s21_an_output_s_html_is_inert_after_cleaning(payload):
    cleaned = clean(payload)
    assert problems_in(page(cleaned)) == [] or (
        problems_in(page(cleaned))[0].en == "a picture without a description"
    )
    assert "evil.example" not in cleaned and "onerror" not in cleaned and "alert(1)</script" not in cleaned


@pytest.mark.parametrize("payload", PAYLOADS)
def test_s02_to_s09_texts_in_tables_are_shown_and_do_nothing(payload):
    import pandas as pd

    shown = (
        table_view(pd.DataFrame({"reason": [payload], payload: [payload]}), "en").html
        + paragraphs(payload).html
    )
    cleaned = clean(shown)
    assert cleaned.count("<") == shown.count("<")  # nothing of ours is lost
    assert problems_in(page(cleaned)) == []
    assert payload in visible(cleaned)


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if "svg+xml" not in p])
def test_the_gates_do_not_pass_what_was_not_cleaned(payload):
    assert problems_in(page(payload))


def test_our_own_html_keeps_its_classes_and_pictures():
    ours = (
        '<ul class="findings"><li class="finding act"><span class="level">now</span> <b>x</b></li></ul>'
        '<div class="table"><table><thead><tr><th scope="col" class="n">a</th></tr></thead></table></div>'
        '<img alt="words" src="data:image/png;base64,iVBORw0KGgo=">'
    )
    cleaned = clean(ours)
    assert all(
        part in cleaned
        for part in ('class="finding act"', 'class="level"', 'scope="col"', 'class="table"', "iVBOR")
    )
    assert problems_in(page(cleaned)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.rstrip()[:-1], "does not end with </html>"),
        (
            lambda text: text.replace('<meta http-equiv="Content', '<meta http-equiv="X-Content'),
            "security policy",
        ),
        (lambda text: text.replace("default-src 'none'", "default-src *"), "security policy"),
        (lambda text: text.replace("<head>", "<head><title>first</title>"), "security policy"),
        (lambda text: text.replace("<style>", "<style>@import 'x';"), "asks for another address"),
        (lambda text: text.replace("</head>", "<style></style></head>"), "<style>"),
        (lambda text: text.replace("<p>", '<p id="a"></p><p id="a">'), "an id occurs twice"),
        (lambda text: text.replace("<p>", '<a href="//evil.example">'), "attribute href points outside"),
        (lambda text: text.replace("<p>", '<a href="page.html?x=1">'), "attribute href points outside"),
        (
            lambda text: text.replace("<p>", '<p title="https://evil.example">'),
            "attribute title points outside",
        ),
        (
            lambda text: text.replace("<p>", '<img src="data:image/png;base64,AA==" alt=" ">'),
            "without a description",
        ),
        (lambda text: text.replace("<p>", "<p>" + "x" * 40_000_000), "too large"),
    ],
)
def test_gates_on_crafted_bad_pages(change, said):
    good = page("<p>fine: https://shown.example is only a word</p>")
    assert problems_in(good) == []
    assert said in " ".join(
        problem.en for problem in problems_in(change(good.decode("utf-8")).encode("utf-8"))
    )


def test_pages_are_in_their_language():
    assert b'<html lang="zh-CN">' in frame("题", "<p>好</p>", "zh")
