"""The dictionary of indicators: frames counted by hand, one definition each, words in both languages."""

import csv

import pandas as pd
import pytest

from complaintlib import Book, Period, closure, sla
from complaintlib.book import NotMeasured
from complaintlib.clock import Clock
from complaintlib.home import DATA
from complaintlib.indicators import INDICATORS, measure, waiting, whole_history
from complaintlib.rules import load_rules
from complaintlib.words import Words

SEP, OCT = Period("2026-09"), Period("2026-10")
CLOCK = Clock(country="", shifts=(("00:00-24:00",),) * 7)  # works always: worked and elapsed minutes agree


def case(received, response=None, resolved=None, grade="general", **more):
    return {
        "received_at": pd.Timestamp(received),
        "first_response_at": pd.Timestamp(response) if response else pd.NaT,
        "resolved_at": pd.Timestamp(resolved) if resolved else pd.NaT,
        "closed_at": pd.Timestamp(resolved) if resolved else pd.NaT,
        "severity": grade,
        **more,
    }


@pytest.fixture(scope="module")
def book():
    cases = [
        case(
            "2026-09-10 10:00",
            "2026-09-10 11:00",
            "2026-09-12 10:00",
            valid="yes",
            compensation=30.0,
            reopened=True,
        ),
        case(
            "2026-09-20 10:00",
            "2026-09-20 10:10",
            "2026-10-05 10:00",
            valid="no",
            compensation=0.0,
            reopened=False,
        ),
        case(
            "2026-10-01 10:00",
            "2026-10-01 13:00",
            "2026-10-02 10:00",
            valid="partly",
            compensation=50.0,
            reopened=False,
        ),
        case("2026-10-02 10:00", "2026-10-02 10:30", "2026-10-20 10:00", "major", valid=None, reopened=True),
        case("2026-10-03 10:00", None, None, "major"),
        case("2026-10-30 10:00", "2026-10-30 10:20", "2026-11-02 10:00", valid="yes"),
    ]
    complaints = pd.DataFrame(cases).assign(complaint_id=[f"c{i}" for i in range(len(cases))])
    complaints["escalated"] = pd.array([True, False, False, True, None, False], dtype="boolean")
    exposure = pd.DataFrame(
        {
            "month": pd.to_datetime(["2026-09-01", "2026-10-01"] * 2),
            "measure": ["orders", "orders", "customers", "customers"],
            "value": [1000.0, 2000.0, 400.0, 400.0],
        }
    )
    surveys = pd.DataFrame(
        {
            "survey_id": ["s1", "s2", "s3", "s4"],
            "answered_at": pd.to_datetime(["2026-10-05"] * 4),
            "csat": [5, 4, 2, 1],
            "nps": [10, 9, 7, 3],
        }
    )
    return Book.of(clock=CLOCK, complaints=complaints, exposure=exposure, surveys=surveys)


def at_october(book, key):
    return measure(book.at(OCT.as_of), key, [SEP, OCT]).set_index("period").loc["2026-10"]


@pytest.mark.parametrize(
    ("key", "numerator", "denominator", "value"),
    [
        ("received", 4, None, 4),
        ("closed", 3, None, 3),  # the one closed in November is still open
        ("open_at_end", 2, None, 2),  # 1 + 4 - 3
        ("rate_orders", 4, 2000, 2.0),
        ("rate_customers", 4, 400, 10.0),
        ("resolution_rate", 2, 4, 0.5),
        ("resolved_7_days", 1, 3, 1 / 3),  # those received 24 September to 24 October
        ("reopen_rate", 1, 3, 1 / 3),
        ("escalation_rate", 1, 3, 1 / 3),  # one case has no record of it
        ("upheld_rate", 1, 2, 0.5),  # of the three closed one has no decision
        ("compensation_per_case", 50, 3, 50 / 3),
        ("csat_top_two", 2, 4, 0.5),
        ("nps", 1, 4, 25.0),
    ],
)
def test_counted_by_hand(book, key, numerator, denominator, value):
    found = at_october(book, key)
    assert found["numerator"] == numerator
    assert denominator is None or found["denominator"] == pytest.approx(denominator)
    assert found["value"] == pytest.approx(value)
    assert not found["low"] > found["value"] and not found["high"] < found["value"]


def test_medians_cover_the_cases_finished_in_the_period(book):
    assert at_october(book, "first_response_median")["value"] == 30  # of 180, 30 and 20 minutes
    assert at_october(book, "resolution_median")["value"] == 15 * 1440  # of 1, 15 and 18 days


def test_on_time_is_of_cases_due_and_an_overdue_open_case_is_never_met(book):
    """DESIGN 8.2. Limits: 30 minutes for major, 120 for general cases; each is due when its own has run out."""
    found = at_october(book, "first_response_on_time")
    # 180 min is late for a general case, 30 just in time for a major one, one is open and overdue, 20 min is in time
    assert (found["numerator"], found["denominator"]) == (2, 4)


def test_a_period_is_seen_at_its_own_end(book):
    """The September case resolved in October was open when September ended, whatever is known now."""
    found = measure(book.at(OCT.as_of), "resolution_rate", [SEP, OCT]).set_index("period")
    assert found.loc["2026-09", "value"] == 0.5


def test_what_the_store_does_not_have_is_not_measured(book):
    with pytest.raises(NotMeasured, match="contacts"):
        measure(book, "rate_contacts", [OCT])
    bare = Book.of(
        complaints=pd.DataFrame({"complaint_id": ["a"], "received_at": [pd.Timestamp("2026-10-01")]})
    )
    for key in set(INDICATORS) - {"received"}:
        with pytest.raises(NotMeasured):
            measure(bare, key, [OCT])


def test_contacts_are_counted_in_their_log_where_no_table_says_how_many():
    """The log began in October: of September it says nothing; a month that the exposure table has is taken from there."""
    cases = pd.DataFrame(
        {
            "complaint_id": list("abc"),
            "received_at": pd.to_datetime(["2026-09-05", "2026-10-05", "2026-10-06"]),
        }
    )
    calls = pd.DataFrame(
        {"contact_id": list("vwxyz"), "started_at": pd.date_range("2026-10-01 08:00", periods=5, freq="5D")}
    )
    month = pd.DataFrame({"month": [SEP.start], "measure": ["contacts"], "value": [50.0]})
    alone = measure(Book.of(complaints=cases, contacts=calls), "rate_contacts", [SEP, OCT])
    assert alone["value"].isna().tolist() == [True, False]
    assert alone["value"].iloc[1] == 1000 * 2 / 5
    both = measure(Book.of(complaints=cases, contacts=calls, exposure=month), "rate_contacts", [SEP, OCT])
    assert both["value"].tolist() == [1000 * 1 / 50, 1000 * 2 / 5]


def test_the_dictionary_is_whole():
    """One entry has all its words, and the labels of tables and tiles are the same words."""
    with open(DATA / "labels.csv", encoding="utf-8", newline="") as file:
        labels = {
            r["code"]: Words(r["zh"], r["en"]) for r in csv.DictReader(file) if r["field"] == "indicator"
        }
    del labels["share_of_all"]  # of the complaints that a measure is about: of all complaints it says nothing
    assert labels == {key: indicator.words for key, indicator in INDICATORS.items()}
    for key, indicator in INDICATORS.items():
        assert key == indicator.key and indicator.good in ("up", "down", "none")
        for words in (
            indicator.formula,
            indicator.numerator,
            indicator.denominator,
            indicator.clock,
            indicator.exclusions,
        ):
            assert words.zh and words.en


def rows(first, last, a_day=4):
    moments = pd.date_range(first, last, freq=f"{24 // a_day}h")
    return Book.of(
        complaints=pd.DataFrame(
            {"complaint_id": [f"r{i}" for i in range(len(moments))], "received_at": moments}
        )
    )


def test_a_first_month_that_begins_late_is_left_out():
    """B87"""
    periods, stops = whole_history(rows("2026-06-12", "2026-10-31 23:00"), OCT, 36)
    assert [p.text for p in periods] == ["2026-07", "2026-08", "2026-09", "2026-10"] and stops is None


def test_data_that_stop_early_are_noticed():
    """B87"""
    _, stops = whole_history(rows("2026-06-01", "2026-10-20"), OCT, 36)
    assert stops == pd.Timestamp("2026-10-20")


@pytest.mark.parametrize(
    ("first", "known"),
    [
        ("2026-07-31 09:00", ["2026-08", "2026-09", "2026-10"]),
        ("2026-08-03 09:00", ["2026-08", "2026-09", "2026-10"]),
        ("2026-08-20 09:00", ["2026-09", "2026-10"]),
        ("2026-10-20 09:00", ["2026-10"]),
        (
            "2026-11-02 09:00",
            ["2026-08", "2026-09", "2026-10"],
        ),  # not yet known then: as if there were no events
    ],
)
def test_months_before_anybody_noted_who_waited_are_left_out(first, known):
    begun = pd.Timestamp(first)
    step = {"complaint_id": "C1", "stage": "investigation", "entered_at": begun, "waiting_on": "customer"}
    book = Book.of(
        clock=CLOCK,
        complaints=pd.DataFrame([case("2026-07-01 09:00") | {"complaint_id": "C1"}]),
        events=pd.DataFrame([step | {"left_at": begun + pd.Timedelta(hours=1)}]),
    )
    pauses, windows = waiting(book.at(OCT.as_of), load_rules().sla, OCT.history(3))
    assert [w.text for w in windows] == known
    assert pauses == (() if begun > OCT.as_of else load_rules().sla.pauses)


def test_pages_say_what_the_dictionary_says(demo_book):
    """DESIGN 8.9: no indicator is computed twice by two rules."""
    checks = closure(demo_book, OCT).tables["checks"].set_index("check")
    grades = sla(demo_book, OCT).tables["grades"].query("severity == '(all)'").set_index("promise")
    items = sla(demo_book, OCT).tables["regulator"].set_index("item")
    said = {
        "first_response_on_time": grades.loc["first_response", ["met", "due"]],
        "resolution_on_time": grades.loc["resolution", ["met", "due"]],
        "acknowledged_1_day": items.loc["acknowledged", ["n", "out_of"]],
        "closed_8_weeks": items.loc["within_8_weeks", ["n", "out_of"]],
        "first_contact_resolution": checks.loc["first_contact", ["n", "n_of"]],
        "repeat_30_days": checks.loc["repeat_30", ["n", "n_of"]],
        "follow_up_rate": checks.loc["followed_up", ["n", "n_of"]],
        "closed_loop_rate": checks.loc["closed_loop", ["n", "n_of"]],
    }
    for key, (numerator, denominator) in said.items():
        found = at_october(demo_book, key)
        assert (found["numerator"], found["denominator"]) == (numerator, denominator), key
