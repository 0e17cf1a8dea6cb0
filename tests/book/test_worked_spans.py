"""Working time of whole cases against a count minute by minute that shares nothing with the clock."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period
from complaintlib.clock import Clock

CASES, FIRST, DAYS = 5_000, datetime(2026, 1, 20), 300
YEAR = Period("2026")
# The notice of the State Council for 2026: days off, and weekend days worked instead.
OFF = [
    "01-01/01-03",
    "02-15/02-23",
    "04-04/04-06",
    "05-01/05-05",
    "06-19/06-21",
    "09-25/09-27",
    "10-01/10-07",
]
MADE_UP = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
CLOCKS = {
    "office in China": Clock(shifts=(("09:00-12:00", "13:30-18:00"),) * 5 + ((), ())),
    "nights in London": Clock("Europe/London", "", (("08:00-16:00", "22:00-06:00"),) * 6 + ((),)),
}


def days_off() -> set[date]:
    spans = [[date.fromisoformat(f"2026-{day}") for day in span.split("/")] for span in OFF]
    return {first + timedelta(days=n) for first, last in spans for n in range((last - first).days + 1)}


def roster(clock: Clock) -> np.ndarray:
    """Whether the desk works in each minute from FIRST on, as a person would read it off the roster."""
    off, made_up = days_off(), {date.fromisoformat(f"2026-{day}") for day in MADE_UP}
    on = np.zeros((DAYS + 2) * 1440, bool)
    for day in range(-1, DAYS):
        today = FIRST.date() + timedelta(days=day)
        shifts = clock.shifts[today.weekday()]
        if clock.country == "CN":
            shifts = clock.shifts[0] if today in made_up else () if today in off else shifts
        for shift in shifts:
            (h, m), (to_h, to_m) = (map(int, end.split(":")) for end in shift.split("-"))
            begin, end = day * 1440 + h * 60 + m, day * 1440 + to_h * 60 + to_m
            on[max(begin, 0) : max(end + 1440 * (end <= begin), 0)] = True
    return on


def utc_minutes(clock: Clock, minutes: np.ndarray) -> np.ndarray:
    """Minutes on the world's clock from FIRST to each wall-clock minute."""
    zone = ZoneInfo(clock.zone)
    times = [(FIRST + timedelta(minutes=int(m))).replace(tzinfo=zone).timestamp() for m in minutes]
    return np.array(times) // 60


@pytest.mark.parametrize("name", CLOCKS)
def test_spans_with_pauses_and_reopens_against_a_count_minute_by_minute(name):
    """A case waits on the customer twice: for papers, and from its first resolution until it is reopened."""
    clock, rng = CLOCKS[name], np.random.default_rng(54)
    length = 1 + rng.exponential(9 * 1440, CASES).astype(int).clip(max=100 * 1440)
    moments = np.sort(rng.random((CASES, 4)), axis=1) * length[:, None]
    start = rng.integers(0, (DAYS - 101) * 1440, CASES)
    moments = start[:, None] + moments.astype(int)
    stop = start + length
    if clock.zone == "Europe/London":  # an hour of that night is no time of the wall clock, or is there twice
        changes = [
            (datetime(2026, 3, 29), datetime(2026, 3, 29, 2)),
            (datetime(2026, 10, 25), datetime(2026, 10, 25, 2)),
        ]
        spots = [[(t - FIRST) // timedelta(minutes=1) for t in change] for change in changes]
        inside = np.any([(x >= a) & (x < b) for a, b in spots for x in (*moments.T, start, stop)], axis=0)
        assert inside.sum() < CASES / 20
        start, stop, moments, length = start[~inside], stop[~inside], moments[~inside], length[~inside]
    at = lambda minutes: pd.Timestamp(FIRST) + pd.to_timedelta(minutes, unit="min")
    names = [f"{n:05d}" for n in range(len(start))]
    complaints = pd.DataFrame({"complaint_id": names, "received_at": at(start), "resolved_at": at(stop)})
    waits = [pd.DataFrame({"complaint_id": names, "stage": f"wait{n}", "entered_at": at(moments[:, n]),
                           "left_at": at(moments[:, n + 1]), "waiting_on": "customer"}) for n in (0, 2)]  # fmt: skip
    book = Book.of(clock=clock, complaints=complaints, events=pd.concat(waits)).at(YEAR.as_of)

    def asked(on: str, **options) -> np.ndarray:
        found = book.spells(end="resolved_at", by=["complaint_id"], window=YEAR, clock=on, **options)
        assert found["observed"].all()
        return found.sort_values("complaint_id")["duration"].to_numpy()

    ticks = np.concatenate([[0], roster(clock).cumsum()])
    between = lambda a, b: ticks[b] - ticks[a]
    waited = between(moments[:, 0], moments[:, 1]) + between(moments[:, 2], moments[:, 3])
    np.testing.assert_array_equal(asked("worked"), between(start, stop))
    np.testing.assert_array_equal(asked("worked", pauses=["customer"]), between(start, stop) - waited)
    np.testing.assert_array_equal(asked("elapsed"), utc_minutes(clock, stop) - utc_minutes(clock, start))
