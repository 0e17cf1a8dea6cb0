from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlib import Book, Period, composition, pareto, pending
from complaintlib.intake.ledger import Batch
from complaintlib.words import (
    Trouble,
    Words,
    cut,
    label,
    listed,
    minutes,
    number,
    percent,
    plain,
    points,
    show,
    significant,
    width,
)


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.5, 0, "1"),
        (2.5, 0, "3"),
        (2.675, 2, "2.68"),
        (-1234.5, 0, "−1,235"),
        (1e6, 0, "1,000,000"),
        (-0.04, 1, "0.0"),
    ],
)
def test_numbers_round_half_up_as_spreadsheets_do(value, digits, expected):
    """H90: Python's own rounding gives 0, 2 and 2.67."""
    assert number(value, digits) == expected


def test_a_missing_or_infinite_number_is_a_dash():
    assert [number(v) for v in (None, float("nan"), float("inf"))] == ["–"] * 3


def test_significant_figures_never_use_an_exponent():
    assert [significant(v) for v in (0, 0.00123, 0.5, 12.34, 5678)] == ["0", "0.0012", "0.50", "12", "5,678"]


def test_shares_and_points():
    assert [percent(v, signed=True) for v in (100, 297_693.13)] == ["+10,000%", ">+10,000%"]
    assert [percent(v) for v in (0.614, 0.0951, 0.0995, 0.004, 0, 1)] == [
        "61%",
        "9.5%",
        "10%",
        "0.4%",
        "0%",
        "100%",
    ]
    assert points(-0.032, "zh") == "−3.2 个百分点"
    assert points(0.12, "en") == "+12.0 pp"


def test_lengths_of_time_take_the_unit_a_person_would_choose():
    assert [minutes(v, "en") for v in (38, 119, 312, 4464)] == ["38 min", "119 min", "5.2 h", "3.1 d"]
    assert minutes(-9, "zh", signed=True) == "−9 分钟"


def test_plain_text_has_no_character_that_hides_or_reorders():
    """B63, H14: controls, ANSI, bidirectional marks, zero width, lone surrogates, non-characters."""
    assert plain("a\x00b\x1b[31mc\u202ed\u200be\ud83df\ufeffg\uffffh") == "ab[31mcdefgh"


@given(st.text(), st.integers(2, 40))
def test_cut_text_fits_and_stays_on_one_line(text, cells):
    short = cut(text, cells)
    assert width(short) <= cells
    assert "\n" not in short


def test_cut_counts_chinese_characters_twice():
    assert cut("派送延误派送延误", 9) == "派送延误…"
    assert cut("派送延误", 8) == "派送延误"


def test_a_sentence_is_filled_in_either_language():
    words = Words(
        "占比升至 {share:pct}（{low:pct} 至 {high:pct}）", "rose to {share:pct} ({low:pct} to {high:pct})"
    )
    values = {"share": 0.3, "low": 0.28, "high": 0.325}
    assert words.fill("zh", **values) == "占比升至 30%（28% 至 33%）"
    assert words.fill("en", **values) == "rose to 30% (28% to 33%)"


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "0 cases were late"),
        (1, "1 case was late"),
        (0.8, "1 case was late"),
        (-1, "−1 cases were late"),
        (2, "2 cases were late"),
        (1001, "1,001 cases were late"),
        (None, "– cases were late"),
        (float("nan"), "– cases were late"),
    ],
)
def test_a_word_goes_with_its_number(n, expected):
    assert Words("", "{n:int} {n:case was/cases were} late").fill("en", n=n) == expected


def test_a_word_beside_a_starred_number_is_plural():
    words = Words("", "{n:text} {n:case/cases}")
    assert [words.fill("en", n=n) for n in ("1", "*", "≥ 10")] == ["1 case", "* cases", "≥ 10 cases"]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (
            1,
            (
                "1 row read = 1 used + 0 duplicate + 0 set aside",
                "1 case was unresolved at the end, 0 of them for 60 days or more;",
                "No open case is a hard one: 1 is open, within the usual bound.",
                "Too few to put in order: 1 complaint counts; it takes 20.",
                "Too few to speak of a composition: 1 classified complaint; it takes 20.",
            ),
        ),
        (
            2,
            (
                "2 rows read = 2 used + 0 duplicate + 0 set aside",
                "2 cases were unresolved at the end, 0 of them for 60 days or more;",
                "No open case is a hard one: 2 are open, all within the usual bound.",
                "Too few to put in order: 2 complaints count; it takes 20.",
                "Too few to speak of a composition: 2 classified complaints; it takes 20.",
            ),
        ),
    ],
)
def test_sentences_about_one_and_about_two(n, expected):
    october = Period("2026-10")
    times = {"received_at": [october.start + pd.Timedelta(days=3)] * n, "resolved_at": [pd.NaT] * n}
    rows = pd.DataFrame({"complaint_id": [*"AB"][:n], "reason": "damaged"} | times)
    book = Book.of(complaints=rows.astype(dict.fromkeys(times, "datetime64[us]")))
    batch = Batch("1", "f.csv", "", "p", "complaints", "s", "new", rows=n, used=n, duplicates=0, aside=0)
    found = [
        f.sentence("en") for method in (pending, pareto, composition) for f in method(book, october).findings
    ]
    for sentence in expected:
        assert any(sentence in one for one in [batch.summary("en"), *found]), sentence


def test_values_are_never_read_as_places():
    """Complaint text is attacker-controlled: braces in a value must stay braces."""
    assert Words("{x:reason}", "{x:reason}").fill("en", x="{y.__class__}|$\\foo$") == "{y.__class__}|$\\foo$"


def test_blank_and_other_have_words_in_every_field():
    assert label("reason", "(blank)", "zh") == "未填"
    assert label("anything", "(other)", "en") == "Other"
    assert label("reason", None, "en") == "–"
    assert label("reason", "no such code", "zh") == "no such code"


def test_lists_and_dates_read_naturally():
    assert listed(["甲", "乙", "丙"], "zh") == "甲、乙和丙"
    assert listed(["a", "b", "c"], "en") == "a, b and c"
    assert show(date(2026, 10, 4), "day", "en") == "4 Oct 2026"
    assert show(date(2026, 10, 4), "day", "zh") == "2026年10月4日"
    assert show("2026-Q3", "period", "zh") == "2026年第3季度"


def test_trouble_speaks_both_languages():
    trouble = Trouble(Words("第 {row:int} 行有误", "row {row:int} is wrong"), exit_code=3, row=1234)
    assert (trouble.say("zh"), str(trouble), trouble.exit_code) == (
        "第 1,234 行有误",
        "row 1,234 is wrong",
        3,
    )
