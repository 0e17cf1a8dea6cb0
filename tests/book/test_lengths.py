"""Times counted by hand: open cases, other ends, limits that run out, pauses, returns."""

import pandas as pd
import pytest

from complaintlib import Book, Period

OCT, NOV = Period("2026-10"), Period("2026-11")
HOUR = 60
LIMITS = {"major": 2 * HOUR, "general": 24 * HOUR}


def complaints() -> pd.DataFrame:
    rows = [  # resolved in an hour; withdrawn; closed without a time of resolution; open; resolved after October
        ("C1", "major", "2026-10-01 09:00", "2026-10-01 10:00", "2026-10-01 12:00", "closed", "P", "x"),
        ("C2", "general", "2026-10-02 09:00", None, "2026-10-02 15:00", "withdrawn", "P", "x"),
        ("C3", "general", "2026-10-03 09:00", None, "2026-10-05 09:00", "closed", "Q", "x"),
        ("C4", "major", "2026-10-30 00:00", None, None, "open", "P", "y"),
        ("C5", "major", "2026-10-04 00:00", "2026-11-02 00:00", "2026-11-02 00:00", "closed", None, "x"),
        ("C6", None, "2026-10-31 23:00", None, None, "open", "Q", "x"),
    ]
    columns = [
        "complaint_id",
        "severity",
        "received_at",
        "resolved_at",
        "closed_at",
        "status",
        "customer_id",
        "reason",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(**{c: pd.to_datetime(frame[c]) for c in columns if c.endswith("_at")})


def events() -> pd.DataFrame:
    rows = [  # C3 waits 36 hours from before its limit ran out; C5 waits from after
        ("C3", "wait", "2026-10-03 10:00", "2026-10-04 22:00", "customer"),
        ("C3", "work", "2026-10-04 22:00", "2026-10-05 09:00", "us"),
        ("C5", "wait", "2026-10-05 00:00", "2026-10-06 00:00", "customer"),
    ]
    frame = pd.DataFrame(rows, columns=["complaint_id", "stage", "entered_at", "left_at", "waiting_on"])
    return frame.assign(
        entered_at=pd.to_datetime(frame["entered_at"]), left_at=pd.to_datetime(frame["left_at"])
    )


@pytest.fixture
def book() -> Book:
    return Book.of(complaints=complaints(), events=events()).at(OCT.as_of)


def rows_of(frame: pd.DataFrame) -> list[tuple]:
    return sorted(map(tuple, frame.to_numpy(object).tolist()), key=str)


def test_every_way_a_case_can_end(book):
    found = book.spells(end="resolved_at", window=OCT, unit="hour", causes=True)
    assert list(found.columns) == ["duration", "observed", "cause", "n"]
    assert rows_of(found) == [
        (1, False, "open", 1),  # C6, an hour old
        (1, True, "done", 1),
        (48, False, "open", 1),  # C4 is open
        (48, True, "done", 1),  # C3 was resolved when it was closed
        (6, False, "withdrawn", 1),
        (672, False, "open", 1),  # C5 is not resolved yet, as of the end of October
    ]


def test_what_was_withdrawn_is_no_resolution_also_in_the_naive_view(book):
    found = book.spells(end="resolved_at", window=OCT, unit="hour", basis="closed")
    assert rows_of(found) == [(1, True, 1), (48, True, 1)]


def test_closing_is_closing_whatever_the_way(book):
    found = book.spells(end="closed_at", window=OCT, unit="hour", causes=True)
    assert (6, True, "withdrawn", 1) in rows_of(found)
    assert found.loc[found["observed"], "n"].sum() == 3


def test_open_cases_by_age_at_each_of_several_ends(book):
    months = [OCT, NOV]
    found = book.at(None).spells(window=months, basis="open", unit="day", end="resolved_at")
    assert rows_of(found) == [("2026-10", 0, False, 1), ("2026-10", 2, False, 1), ("2026-10", 28, False, 1),
                              ("2026-11", 30, False, 1), ("2026-11", 32, False, 1)]  # fmt: skip


def test_waiting_on_the_customer_is_taken_out(book):
    found = book.spells(end="resolved_at", window=OCT, unit="hour", pauses=["customer"], by=["severity"])
    assert ("general", 12, True, 1) in rows_of(found)  # C3: 48 less 36
    assert ("major", 648, False, 1) in rows_of(found)  # C5: 672 less 24
    assert found["n"].sum() == 6


def test_limits_that_ran_out(book):
    """On time = met / due; an open overdue case is never met; what was withdrawn in time was not due."""
    found = book.due(LIMITS, by=["severity"], window=OCT, clock="elapsed")
    assert rows_of(found) == [
        ("general", "late", 1), ("general", "void", 1), ("major", "met", 1), ("major", "overdue", 2),
    ]  # fmt: skip


def test_a_pause_puts_the_limit_off_only_before_it_ran_out(book):
    found = book.due(LIMITS, by=["severity"], window=OCT, clock="elapsed", pauses=["customer"])
    assert rows_of(found) == [
        ("general", "met", 1), ("general", "void", 1), ("major", "met", 1), ("major", "overdue", 2),
    ]  # fmt: skip


def test_each_period_has_the_limits_that_ran_out_in_it():
    book = Book.of(complaints=complaints())
    found = book.due({"general": 24 * HOUR, "major": 5 * 24 * HOUR}, window=[OCT, NOV], clock="elapsed")
    assert rows_of(found) == [
        ("2026-10", "late", 1), ("2026-10", "met", 1), ("2026-10", "overdue", 1), ("2026-10", "void", 1),
        ("2026-11", "overdue", 1),
    ]  # fmt: skip


def test_a_case_s_own_deadline(book):
    due = [
        "2026-10-01 10:00",
        "2026-10-02 16:00",
        "2026-10-04 09:00",
        "2026-10-31 00:00",
        "2026-11-05 00:00",
        None,
    ]
    own = Book.of(complaints=complaints().assign(due_at=pd.to_datetime(due))).at(OCT.as_of)
    assert rows_of(own.deadlines(["complaint_id"], OCT)) == [
        ("C1", "met", 1), ("C2", "void", 1), ("C3", "late", 1), ("C4", "overdue", 1),
    ]  # fmt: skip


def test_where_late_cases_spent_their_time(book):
    found = book.breaches(LIMITS, by=["stage", "waiting_on"], window=OCT, clock="elapsed")
    assert rows_of(found) == [
        ("late", "wait", "customer", 36.0 * HOUR, 1), ("late", "work", "us", 11.0 * HOUR, 1),
        ("overdue", "wait", "customer", 24.0 * HOUR, 1),
    ]  # fmt: skip


def test_who_came_back_with_the_same(book):
    found = book.returns(window=OCT, by=["customer_id"])
    assert rows_of(found) == [
        ("P", 1, True, 1),  # C1, then C2
        ("P", 2, False, 1),  # C4: another reason, nothing since
        ("P", 29, False, 1),  # C2: 29 days and some hours without another
        ("Q", 0, False, 1),
        ("Q", 28, True, 1),  # C3, then C6
    ]  # fmt: skip
    assert book.returns(window=OCT, start="closed_at", same=["customer_id", "reason"])["n"].sum() == 3


def test_nothing_later_than_the_moment_is_seen(book):
    """PV: the future cut off changes nothing."""
    cut = complaints()
    later = cut["closed_at"] >= OCT.as_of
    cut.loc[later, ["resolved_at", "closed_at"]] = pd.NaT
    cut.loc[later, "status"] = "open"
    other = Book.of(complaints=cut, events=events()).at(OCT.as_of)
    for ask in (
        lambda b: b.spells(end="resolved_at", window=OCT, causes=True, pauses=["customer"]),
        lambda b: b.due(LIMITS, window=OCT, by=["severity"]),
        lambda b: b.returns(window=OCT),
    ):
        pd.testing.assert_frame_equal(ask(book), ask(other))
