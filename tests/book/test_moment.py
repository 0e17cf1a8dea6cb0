"""A book at a moment answers as one whose frames had been cut there by hand: whatever times a case has, in any order."""

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period
from complaintlib.schema import BLANK

TIMES = ["received_at", "first_response_at", "resolved_at", "closed_at"]
PERIODS = [Period("2026-08"), Period("2026-09"), Period("2026-10", pd.Timestamp("2026-10-20 07:00"))]
MOMENTS = [pd.Timestamp("2026-10-20 07:00"), pd.Timestamp("2026-09-13")]
LIMITS = {"major": 600, "general": 6000}


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Complaints whose times follow upon one another as a rule, and as messy sources have them; and their events."""
    rng, n = np.random.default_rng(5), 600
    day = pd.Timedelta(days=1)
    cases = pd.DataFrame({"complaint_id": [f"C{i:04d}" for i in range(n)]})
    cases["received_at"] = pd.Timestamp("2026-07-01") + rng.uniform(0, 150, n) * day
    for time, mean in zip(TIMES[1:], (1, 12, 20), strict=True):
        cases[time] = cases["received_at"] + (rng.exponential(mean, n) - 0.5) * day
        cases.loc[rng.random(n) < 0.2, time] = pd.NaT
    cases[TIMES] = cases[TIMES].apply(lambda times: times.dt.floor("min"))
    cases["status"] = np.where(
        rng.random(n) < 0.8, "closed", rng.choice(["withdrawn", "merged", "transferred_out"], n)
    )
    cases.loc[cases["closed_at"].isna(), "status"] = "open"
    cases["severity"] = rng.choice([*LIMITS, None], n)
    cases["reason"] = rng.choice(["late", "", None], n)
    cases["outcome"] = rng.choice(["refund", "apology"], n)
    cases["compensation"] = rng.integers(0, 3000, n) / 100
    events = cases.loc[rng.random(n) < 0.7, ["complaint_id", "received_at"]].sample(
        1000, replace=True, random_state=2
    )
    events["entered_at"] = events.pop("received_at") + pd.to_timedelta(
        rng.integers(0, 30 * 1440, 1000), "min"
    )
    events["left_at"] = events["entered_at"] + pd.to_timedelta(rng.integers(1, 9000, 1000), "min")
    events.loc[rng.random(1000) < 0.4, "left_at"] = pd.NaT
    events["stage"] = rng.choice(["work", "wait", "follow_up"], 1000)
    events["waiting_on"] = np.where(events["stage"] == "wait", "customer", "us")
    events = events.drop_duplicates(["complaint_id", "entered_at", "stage"], ignore_index=True)
    return cases, events


def cut(cases: pd.DataFrame, events: pd.DataFrame, now: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """What was known by then: the rows that had come, without the times, the status and the outcome that came later."""
    cases, events = cases[cases["received_at"] < now].copy(), events[events["entered_at"] < now].copy()
    later = cases["closed_at"] >= now
    cases.loc[later, "status"] = "open"
    cases.loc[later, ["outcome", "compensation"]] = [None, np.nan]
    for frame, times in ((cases, TIMES[1:]), (events, ["left_at"])):
        frame[times] = frame[times].where(frame[times] < now)
    return {"complaints": cases, "events": events}


ASKED = {
    "counts": lambda b, p: b.counts(by=["reason", "status", "outcome"], window=p[-1], total="compensation"),
    "closed": lambda b, p: b.counts(by=["reason", "outcome"], window=p[-1], basis="closed"),
    "open": lambda b, p: b.counts(by=["reason"], window=p[-1], basis="open"),
    "series": lambda b, p: b.series(by=["reason", "status"], periods=p, total="compensation"),
    "series closed": lambda b, p: b.series(by=["outcome"], periods=p, basis="closed", total="compensation"),
    "series open": lambda b, p: b.series(by=["reason"], periods=p, basis="open"),
    "steps open": lambda b, p: b.counts("events", ["stage"], p[-1], "open"),
    "due": lambda b, p: b.due(LIMITS, by=["reason", "status"], window=p, pauses=["customer"]),
    "due of all": lambda b, _: b.due(LIMITS, "first_response_at"),
    "checks": lambda b, p: b.checks(["outcome"], p),
    "checks received": lambda b, p: b.checks(window=p, basis="received"),
    "returns": lambda b, p: b.returns(["severity"], "resolved_at", window=p),
    "flows": lambda b, p: b.flows(window=p[-1]),
    "paths": lambda b, p: b.paths(window=p[-1]),
    "breaches": lambda b, p: b.breaches(LIMITS, window=p),
    **{
        f"spells from {start} to {end}, {basis}": lambda b, p, start=start, end=end, basis=basis: b.spells(
            start, end, ["reason", "status", "outcome"], p, basis, "day", causes=True
        )
        for start in ("received_at", "first_response_at")
        for end in ("first_response_at", "resolved_at", "closed_at")
        for basis in ("received", "closed", "open")
        if start != end
    },
    "spells of all": lambda b, _: b.spells(end="resolved_at", unit="day", causes=True),
    **{
        f"spells of steps, {basis}": lambda b, p, basis=basis: b.spells(
            "entered_at", "left_at", ["stage"], p, basis, table="events"
        )
        for basis in ("received", "closed", "open")
    },
}


@pytest.fixture(scope="module", params=MOMENTS, ids=str)
def told(request) -> tuple[Book, Book, list[Period]]:
    """The book as it stood at a moment, and the one that was cut there; with the periods that had begun."""
    cases, events = frames()
    cases["department"] = events["department"] = "A"
    now = request.param
    periods = [p.seen_at(min(p.as_of, now)) for p in PERIODS if p.start < now]
    return (
        Book.of(complaints=cases, events=events).at(now),
        Book.of(**cut(cases, events, now)).at(now),
        periods,
    )


@pytest.mark.parametrize("name", ASKED)
def test_nothing_later_changes_an_answer(name, told):
    seen, known, periods = told
    found, wanted = (ASKED[name](book, periods) for book in (seen, known))
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    assert len(found)


def test_what_is_empty_and_what_is_missing_are_one_category():
    cases = pd.DataFrame(
        {
            "complaint_id": list("abcd"),
            "received_at": pd.to_datetime(["2026-09-01", "2026-10-01", "2026-10-02", "2026-10-03"]),
            "reason": ["late", "", None, "late"],
            "compensation": [1.0, 0.1, 0.2, np.nan],
        }
    )
    book = Book.of(complaints=cases)
    found = book.counts(by=["reason"], total="compensation").set_index("reason")
    assert found.loc[BLANK].tolist() == [2, 0.3] and found.loc["late"].tolist() == [2, 1]
    found = book.series(by=["reason"], periods=PERIODS[1:], total="compensation")
    assert found.to_numpy(object).tolist() == [
        ["2026-09", BLANK, 0, 0.0],
        ["2026-09", "late", 1, 1.0],
        ["2026-10", BLANK, 2, 0.3],
        ["2026-10", "late", 1, 0.0],
    ]
