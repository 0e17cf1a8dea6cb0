import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlib.period import KINDS, Period
from complaintlib.words import Trouble


@pytest.mark.parametrize(
    ("text", "start", "end", "before", "year_before", "zh", "en"),
    [
        ("2026-10", "2026-10-01", "2026-11-01", "2026-09", "2025-10", "2026年10月", "October 2026"),
        ("2026-W01", "2025-12-29", "2026-01-05", "2025-W52", "2025-W01", "2026年第1周", "week 1 of 2026"),
        ("2026-Q1", "2026-01-01", "2026-04-01", "2025-Q4", "2025-Q1", "2026年第1季度", "Q1 2026"),
        ("2026-H1", "2026-01-01", "2026-07-01", "2025-H2", "2025-H1", "2026年上半年", "H1 2026"),
        ("2024", "2024-01-01", "2025-01-01", "2023", "2023", "2024年", "2024"),
        (
            "2024-02-29",
            "2024-02-29",
            "2024-03-01",
            "2024-02-28",
            "2023-02-28",
            "2024年2月29日",
            "29 Feb 2024",
        ),
    ],
)
def test_periods_counted_by_hand(text, start, end, before, year_before, zh, en):
    period = Period(text)
    assert (period.start, period.end) == (pd.Timestamp(start), pd.Timestamp(end))
    assert (period.previous().text, period.same_last_year().text) == (before, year_before)
    assert (period.name_in("zh"), period.name_in("en")) == (zh, en)
    assert not period.is_partial


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-1",
        "2026_01",
        "../x",
        "",
        "2026-02-30",
        "2026-W54",
        "２０２６-10",
        "202601",
        "2026-10 ",
        "last-month",
    ],
)
def test_what_is_no_period_is_refused_with_examples(text):
    """B88"""
    with pytest.raises(Trouble, match="is not a period"):
        Period(text)


def test_relative_periods():
    today = pd.Timestamp("2026-03-02 09:00")
    names = ["last-day", "last-week", "last-month", "last-quarter", "last-half", "last-year"]
    found = [Period.parse(name, today=today).text for name in names]
    assert found == ["2026-03-01", "2026-W09", "2026-02", "2025-Q4", "2025-H2", "2025"]


def test_as_of_makes_a_period_partial():
    period = Period.parse("2026-10", as_of="2026-10-15 12:00")
    assert period.is_partial
    assert period.previous().as_of == pd.Timestamp("2026-10-01")
    assert not Period.parse("2026-10", as_of="2026-12-01").is_partial
    with pytest.raises(Trouble, match="had not begun"):
        Period.parse("2026-10", as_of="2026-09-30")
    for unclear in (
        "yesterday-ish",
        "10/11/2026",
        "2026-10-15T10:00+08:00",
    ):  # no day is guessed, no zone dropped
        with pytest.raises(Trouble, match="is not a time"):
            Period.parse("2026-10", as_of=unclear)


@given(st.datetimes(pd.Timestamp("2001-01-01"), pd.Timestamp("2098-12-31")), st.sampled_from(KINDS))
def test_every_moment_lies_in_its_period_and_periods_join_without_gap(moment, kind):
    period = Period.holding(pd.Timestamp(moment), kind)
    assert period.start <= moment < period.end
    assert period.kind == kind
    assert period.previous().end == period.start
    assert period.shifted(1).previous().text == period.text


def test_history_ends_with_the_period_itself():
    period = Period("2026-02", pd.Timestamp("2026-02-10"))
    history = period.history(4)
    assert [p.text for p in history] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert history[-1].as_of == pd.Timestamp("2026-02-10")
