"""The way of a case, counted by hand."""

import pandas as pd
import pytest

from complaintlib import Book, Period

OCT = Period("2026-10")


@pytest.fixture
def book() -> Book:
    times = pd.to_datetime
    complaints = pd.DataFrame(
        {
            "complaint_id": ["A", "B", "C"],
            "received_at": times(["2026-10-01", "2026-10-02", "2026-10-03"]),
            "first_response_at": times(["2026-10-01 01:00", None, "2026-10-03 01:00"]),
            "resolved_at": times(["2026-10-05", None, "2026-11-05"]),
            "closed_at": times(["2026-10-07", None, "2026-11-06"]),
            "reason": ["x", "x", "y"],
        }
    )
    rows = [
        ("A", "triage", "desk", "2026-10-01", "2026-10-02"),
        ("A", "check", "claims", "2026-10-02", "2026-10-03"),
        ("A", "triage", "desk", "2026-10-03", "2026-10-04"),  # back to the desk, and into a stage it had left
        ("A", "follow_up", "desk", "2026-10-05", "2026-10-06"),
        ("B", "triage", "desk", "2026-10-02", None),
        ("C", "triage", "desk", "2026-10-03", "2026-10-04"),
        ("C", "check", "claims", "2026-10-04", "2026-11-05"),
        ("C", "follow_up", "desk", "2026-11-05", "2026-11-06"),
    ]
    events = pd.DataFrame(rows, columns=["complaint_id", "stage", "department", "entered_at", "left_at"])
    events = events.assign(entered_at=times(events["entered_at"]), left_at=times(events["left_at"]))
    surveys = pd.DataFrame({"survey_id": ["1", "2"], "answered_at": times(["2026-10-09", "2026-11-09"]),
                            "complaint_id": ["A", "C"], "csat": [5, 1]})  # fmt: skip
    return Book.of(complaints=complaints, events=events, surveys=surveys).at(OCT.as_of)


def test_the_four_checks_as_they_stood(book):
    found = book.checks(["reason"], OCT, "received").to_numpy(object).tolist()
    assert found == [["x", False, False, False, False, 1], ["x", True, True, True, True, 1],
                     ["y", True, False, False, False, 1]]  # fmt: skip
    assert book.checks(window=OCT)["n"].tolist() == [1]  # only A is closed


def test_flows_re_add_to_the_steps(book):
    found = book.flows(window=OCT)
    assert found.to_numpy(object).tolist() == [
        ["check", "(open)", 1], ["check", "triage", 1], ["follow_up", "(closed)", 1],
        ["triage", "(open)", 1], ["triage", "check", 2], ["triage", "follow_up", 1],
    ]  # fmt: skip
    assert found["n"].sum() == book.counts("events", window=OCT)["n"].item()
    assert book.flows("department", window=OCT)["n"].sum() == 7


def test_handovers_ping_pong_and_rework(book):
    found = book.paths(["reason"], OCT, "received").to_numpy(object).tolist()
    assert found == [["x", 0, 0, 0, 1], ["x", 2, 1, 1, 1], ["y", 1, 0, 0, 1]]


def test_open_steps(book):
    found = book.counts("events", ["stage"], OCT, "open")
    assert found.to_numpy(object).tolist() == [["check", 1], ["triage", 1]]


def test_a_check_without_its_table_is_false(book):
    alone = Book(book.connected, {"complaints": book.tables["complaints"]}, book.clock).at(OCT.as_of)
    assert not alone.checks(window=OCT)[["followed_up", "evaluated"]].any().any()


def test_shuffled_rows_change_nothing(book):
    frames = {
        name: book.con.to_pyarrow(table).to_pandas().sample(frac=1, random_state=1)
        for name, table in book.tables.items()
    }
    other = Book.of(**frames).at(OCT.as_of)
    for ask in (lambda b: b.flows(), lambda b: b.paths(), lambda b: b.checks(basis="received")):
        pd.testing.assert_frame_equal(ask(book), ask(other))


def test_a_step_without_an_end_is_open_only_where_nothing_came_after():
    """A's check lost its end and went on at the desk; B was closed; only C is still there."""
    times = pd.to_datetime
    rows = [
        ("A", "check", "2026-10-01", None), ("A", "desk", "2026-10-03", "2026-10-04"),
        ("B", "check", "2026-10-05", None), ("C", "check", "2026-10-30", None),
    ]  # fmt: skip
    events = pd.DataFrame(rows, columns=["complaint_id", "stage", "entered_at", "left_at"])
    events = events.assign(entered_at=times(events["entered_at"]), left_at=times(events["left_at"]))
    complaints = pd.DataFrame({"complaint_id": ["A", "B", "C"], "received_at": times(["2026-10-01"] * 3),
                               "closed_at": times(["2026-10-04", "2026-10-09", None])})  # fmt: skip
    book = Book.of(complaints=complaints, events=events).at(OCT.as_of)
    assert book.counts("events", ["stage"], OCT, "open").to_numpy(object).tolist() == [["check", 1]]
    assert book.rows("events", ["complaint_id"], OCT, basis="open")["complaint_id"].tolist() == ["C"]
    assert book.series("events", ["stage"], [OCT], "open")["n"].tolist() == [1]
    found = book.spells("entered_at", "left_at", ["stage"], OCT, unit="day", table="events")
    assert found.to_numpy(object).tolist() == [
        ["check", 2, False, 2],
        ["check", 4, False, 1],
        ["desk", 1, True, 1],
    ]
    open_now = book.spells("entered_at", "left_at", ["stage"], OCT, "open", unit="day", table="events")
    assert open_now.to_numpy(object).tolist() == [["check", 2, False, 1]]
    assert book.flows(window=OCT).to_numpy(object).tolist() == [
        ["check", "(closed)", 1], ["check", "(open)", 1], ["check", "desk", 1], ["desk", "(closed)", 1],
    ]  # fmt: skip
    early = book.at(times("2026-10-02"))  # then A was still being checked
    assert early.counts("events", ["stage"], OCT, "open")["n"].tolist() == [1]


def test_in_a_log_of_beginnings_a_step_lasts_until_the_next():
    times = pd.to_datetime
    events = pd.DataFrame({"complaint_id": ["A", "A", "B"], "stage": ["check", "desk", "check"],
                           "entered_at": times(["2026-10-01", "2026-10-03", "2026-10-30"]), "left_at": times([None] * 3)})  # fmt: skip
    complaints = pd.DataFrame({"complaint_id": ["A", "B"], "received_at": times(["2026-10-01"] * 2),
                               "closed_at": times(["2026-10-04", None])})  # fmt: skip
    book = Book.of(complaints=complaints, events=events).at(OCT.as_of)
    found = book.spells("entered_at", "left_at", ["stage"], OCT, unit="day", table="events")
    assert found.to_numpy(object).tolist() == [
        ["check", 2, False, 1],
        ["check", 2, True, 1],
        ["desk", 1, True, 1],
    ]
