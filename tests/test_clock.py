"""The work clock: forty cases counted by hand (N54), an independent count minute by minute, properties."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.clock import WEEKDAYS, Clock
from complaintlib.words import Trouble

OFFICE = Clock()  # Monday to Friday 09:00-18:00, Chinese holidays
LUNCH = Clock(shifts=(("09:00-12:00", "13:00-18:00"),) * 5 + ((), ()))
NIGHT = Clock(country="", shifts=(("22:00-06:00",),) * 5 + ((), ()))
ALWAYS = Clock(country="", shifts=(("00:00-24:00",),) * 7)
SATURDAY = Clock(shifts=(("09:00-18:00",),) * 5 + (("10:00-14:00",), ()))
LONDON = Clock(zone="Europe/London", country="GB")
EDINBURGH = Clock(zone="Europe/London", country="GB-SCT")
NEW_YORK = Clock(zone="America/New_York", country="US")
LONDON_NIGHT = Clock(zone="Europe/London", country="GB", shifts=(("22:00-06:00",),) * 7)
OWN = Clock(off=(date(2026, 10, 14),), extra=(date(2026, 10, 17),))

# 2026-10-14 is a Wednesday. China 2026: National Day 1 to 7 October, make-up working days 20 September (Sunday) and
# 10 October (Saturday); Spring Festival 15 to 23 February, make-up 14 and 28 February (Saturdays).
BY_HAND = [
    # within a day
    (OFFICE, "2026-10-14 09:00", "2026-10-14 10:30", 90),
    (OFFICE, "2026-10-14 10:00", "2026-10-14 10:00", 0),
    (OFFICE, "2026-10-14 09:00", "2026-10-14 18:00", 540),
    (OFFICE, "2026-10-14 17:59", "2026-10-14 18:01", 1),
    (OFFICE, "2026-10-14 07:00", "2026-10-14 08:59", 0),  # before the desk opens
    (OFFICE, "2026-10-14 08:00", "2026-10-14 09:01", 1),
    (OFFICE, "2026-10-14 18:00", "2026-10-14 23:59", 0),  # after it closes
    (OFFICE, "2026-10-14 00:00", "2026-10-15 00:00", 540),
    (OFFICE, "2026-10-14 10:00:59", "2026-10-14 10:01:00", 1),  # each moment counts as its minute
    (OFFICE, "2026-10-14 10:00:00", "2026-10-14 10:00:59", 0),
    # over nights and weekends
    (OFFICE, "2026-10-14 17:00", "2026-10-15 10:00", 120),
    (OFFICE, "2026-10-16 17:00", "2026-10-19 10:00", 120),  # Friday to Monday
    (OFFICE, "2026-10-17 12:00", "2026-10-18 12:00", 0),  # a weekend
    (OFFICE, "2026-10-17 12:00", "2026-10-19 09:30", 30),
    (OFFICE, "2026-10-12 00:00", "2026-10-19 00:00", 2700),  # a week
    (OFFICE, "2026-10-19 10:00", "2026-10-16 17:00", -120),  # backwards
    # lunch
    (LUNCH, "2026-10-14 11:30", "2026-10-14 13:30", 60),
    (LUNCH, "2026-10-14 12:00", "2026-10-14 13:00", 0),
    (LUNCH, "2026-10-14 12:15", "2026-10-14 18:00", 300),
    (LUNCH, "2026-10-14 09:00", "2026-10-15 09:00", 480),
    # Chinese holidays and make-up days
    (OFFICE, "2026-09-30 17:00", "2026-10-08 10:00", 120),
    (OFFICE, "2026-10-10 09:00", "2026-10-10 18:00", 540),  # a Saturday that is worked
    (OFFICE, "2026-09-20 00:00", "2026-09-21 00:00", 540),  # a Sunday that is worked
    (OFFICE, "2026-10-01 00:00", "2026-11-01 00:00", 18 * 540),
    (OFFICE, "2026-02-13 17:00", "2026-02-24 10:00", 60 + 540 + 60),
    (SATURDAY, "2026-10-10 00:00", "2026-10-11 00:00", 540),  # a make-up Saturday is worked as a Monday
    (SATURDAY, "2026-10-17 00:00", "2026-10-18 00:00", 240),  # any other Saturday as a Saturday
    # the company's own days
    (OWN, "2026-10-13 17:00", "2026-10-15 10:00", 120),
    (OWN, "2026-10-16 17:00", "2026-10-19 10:00", 60 + 540 + 60),
    # shifts over midnight, and without a break
    (NIGHT, "2026-10-14 21:00", "2026-10-15 07:00", 480),
    (NIGHT, "2026-10-16 23:00", "2026-10-17 12:00", 420),  # Friday's shift ends on Saturday
    (NIGHT, "2026-10-18 20:00", "2026-10-19 22:30", 30),  # none begins on Sunday
    (ALWAYS, "2026-10-01 00:00", "2026-10-08 00:00", 7 * 1440),
    # other countries
    (LONDON, "2026-12-24 17:00", "2026-12-29 10:00", 120),  # 28 December is for Boxing Day, a Saturday
    (LONDON, "2026-08-28 17:00", "2026-09-01 10:00", 120),  # late summer bank holiday
    (EDINBURGH, "2026-08-28 17:00", "2026-09-01 10:00", 660),  # which Scotland does not have
    (NEW_YORK, "2026-11-25 17:00", "2026-11-27 10:00", 120),  # Thanksgiving
    # summer time begins in London on 29 March 2026 at 01:00 and ends on 25 October at 02:00
    (LONDON, "2026-03-27 17:00", "2026-03-30 10:00", 120),
    (
        LONDON_NIGHT,
        "2026-03-28 21:00",
        "2026-03-29 07:00",
        480,
    ),  # the roster's eight hours, though seven passed
    (LONDON_NIGHT, "2026-10-24 21:00", "2026-10-25 07:00", 480),
]


def test_n54_forty_cases_by_hand():
    assert len(BY_HAND) == 40
    wrong = []
    for clock, start, end, expected in BY_HAND:
        a, b = clock.worked([pd.Timestamp(start), pd.Timestamp(end)])
        if b - a != expected:
            wrong.append((start, end, expected, b - a))
    assert not wrong


ROSTERS = {
    "office": OFFICE,
    "lunch": LUNCH,
    "saturday": SATURDAY,
    "own": OWN,
    "night": Clock(shifts=(("22:00-06:00", "13:15-17:45"),) * 6 + ((),)),
    "overlapping": Clock(country="US", shifts=(("20:00-08:00", "06:00-14:00"),) * 7),
    "london": LONDON_NIGHT,
}


# The official notices for 2024 to 2026, from the State Council's announcements: days off and make-up working days.
CHINA_OFF = """2024-01-01 2024-02-10/2024-02-17 2024-04-04/2024-04-06 2024-05-01/2024-05-05 2024-06-10
2024-09-15/2024-09-17 2024-10-01/2024-10-07 2025-01-01 2025-01-28/2025-02-04 2025-04-04/2025-04-06 2025-05-01/2025-05-05
2025-05-31/2025-06-02 2025-10-01/2025-10-08 2026-01-01/2026-01-03 2026-02-15/2026-02-23 2026-04-04/2026-04-06
2026-05-01/2026-05-05 2026-06-19/2026-06-21 2026-09-25/2026-09-27 2026-10-01/2026-10-07"""
CHINA_WORK = """2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12 2025-01-26
2025-02-08 2025-04-27 2025-09-28 2025-10-11 2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"""


def days_of(text: str) -> set[date]:
    ranges = (item.partition("/") for item in text.split())
    return {day.date() for start, _, end in ranges for day in pd.date_range(start, end or start)}


def test_chinese_calendar_against_the_official_notices():
    days = pd.date_range("2024-01-01", "2026-12-31")
    off, work = days_of(CHINA_OFF), days_of(CHINA_WORK)
    expected = [day.date() in work or (day.weekday() < 5 and day.date() not in off) for day in days]
    assert OFFICE.works(days).tolist() == expected
    days = pd.date_range(
        "2025-01-01", "2026-12-31"
    )  # since 2025 the notices name the weekends within a holiday too
    every_day = Clock(shifts=(("09:00-18:00",),) * 7)
    assert every_day.works(days).tolist() == [day.date() not in off for day in days]


def counted(clock: Clock, start: datetime, end: datetime) -> int:
    """Minute by minute, from the roster as a person reads it; holidays from the lists above or none."""
    off, work = (days_of(CHINA_OFF), days_of(CHINA_WORK)) if clock.country == "CN" else (set(), set())
    off, work = (off | set(clock.off)) - set(clock.extra), (work | set(clock.extra)) - set(clock.off)

    def roster(day: date) -> tuple[str, ...]:
        return () if day in off else clock.shifts[0] if day in work else clock.shifts[day.weekday()]

    def on_duty(moment: datetime) -> bool:
        clock_time, today, yesterday = f"{moment:%H:%M}", moment.date(), moment.date() - timedelta(days=1)
        for shift in roster(today):
            begin, finish = shift.split("-")
            if begin <= clock_time and (clock_time < finish or finish <= begin):
                return True
        return any(s[6:] <= s[:5] and clock_time < s[6:] for s in roster(yesterday))

    total = int((end - start).total_seconds()) // 60
    return sum(on_duty(start + timedelta(minutes=i)) for i in range(total))


@pytest.mark.parametrize("name", ROSTERS)
def test_random_spans_against_a_count_minute_by_minute(name):
    clock = ROSTERS[name]
    if clock.country in ("GB", "US"):
        clock = Clock(zone=clock.zone, country="", shifts=clock.shifts)
    rng = np.random.default_rng(54)
    near = [
        datetime(2026, 2, 10),
        datetime(2026, 9, 25),
        datetime(2024, 4, 1),
        datetime(2026, 3, 26),
        datetime(2025, 9, 26),
    ]
    for _ in range(40):
        start = near[rng.integers(len(near))] + timedelta(minutes=int(rng.integers(20_000)))
        end = start + timedelta(minutes=int(rng.exponential(3000)))
        a, b = clock.worked([pd.Timestamp(start), pd.Timestamp(end)])
        assert b - a == counted(clock, start, end), (start, end)


def test_b84_elapsed_hours_over_the_change_to_and_from_summer_time():
    times = pd.to_datetime(["2026-03-28 12:00", "2026-03-29 12:00", "2026-10-24 12:00", "2026-10-25 12:00"])
    minutes = LONDON.elapsed(times)
    assert minutes[1] - minutes[0] == 23 * 60
    assert minutes[3] - minutes[2] == 25 * 60
    twice, never = LONDON.elapsed(pd.to_datetime(["2026-10-25 01:30", "2026-03-29 01:30"]))
    assert (
        twice == datetime(2026, 10, 25, 0, 30, tzinfo=ZoneInfo("UTC")).timestamp() // 60
    )  # the first of the two
    assert (
        never == datetime(2026, 3, 29, 1, 0, tzinfo=ZoneInfo("UTC")).timestamp() // 60
    )  # when clocks went forward


def test_b85_a_time_with_an_offset_counts_in_the_desk_zone():
    with_offset = pd.Series(pd.to_datetime(["2026-10-14 01:30"])).dt.tz_localize("UTC")
    local = pd.Series(pd.to_datetime(["2026-10-14 09:30"]))
    assert OFFICE.worked(with_offset)[0] == OFFICE.worked(local)[0]
    assert OFFICE.elapsed(with_offset)[0] == OFFICE.elapsed(local)[0]


def test_b105_a_year_not_announced_is_provisional():
    assert not any(OFFICE.provisional(year) for year in range(2001, 2027))
    assert OFFICE.provisional(2090)
    assert not Clock(confirmed=(2090,)).provisional(2090)
    assert not LONDON.provisional(2090)


def test_origin_and_units():
    times = pd.to_datetime(["2010-01-01 00:00", "2010-01-04 10:00", "2009-12-31 17:00"])
    assert OFFICE.worked(times).tolist() == [
        0,
        60,
        -60,
    ]
    assert OFFICE.elapsed(pd.to_datetime(["1970-01-01 08:00:00", "1970-01-01 08:01:59"])).tolist() == [0, 1]
    assert OFFICE.minutes("2010-01-04 10:00") == (OFFICE.elapsed(pd.to_datetime(["2010-01-04 10:00"]))[0], 60)
    for unit in ("s", "ms", "us", "ns"):
        times = np.array(["2026-10-14T10:00", "2026-10-14T10:01"], dtype=f"datetime64[{unit}]")
        assert np.diff(OFFICE.worked(times).to_numpy("int64")) == [1]


def test_missing_and_impossible_times_are_missing():
    times = pd.Series(["2026-10-14", None, "1200-01-01", "2300-01-01"]).astype("datetime64[us]")
    worked = OFFICE.worked(times)
    assert worked.dtype == "Int64" and pd.isna(worked).tolist() == [False, True, True, True]
    assert pd.isna(OFFICE.elapsed(times)).tolist() == [False, True, False, False]
    assert len(OFFICE.worked(times[:0])) == 0 and len(OFFICE.elapsed(times[:0])) == 0
    with pytest.raises(ValueError, match="1990 to 2099"):
        OFFICE.works(["1200-01-01"])


def test_a_desk_that_never_works_has_worked_nothing():
    never = Clock(shifts=((),) * 7)
    assert never.worked(pd.DatetimeIndex(["2026-10-10", "2030-01-01"])).tolist() == [0, 0]


def test_all_that_is_wrong_with_a_clock_is_said_at_once():
    with pytest.raises(Trouble) as trouble:
        Clock(
            zone="Mars",
            country="XX",
            shifts=(("9-18", "09:00-09:00"),) + ((),) * 6,
            off=(date(2026, 1, 5),),
            extra=(date(2026, 1, 5),),
        )
    for lang in ("zh", "en"):
        said = trouble.value.say(lang)
        assert [word in said for word in ("Mars", "XX", "9-18", "09:00-09:00", "2026-01-05")] == [True] * 5
        assert len(said.splitlines()) == 5
    for wrong in ({"shifts": ((),) * 6}, {"country": "GB-XXX"}, {"shifts": (("24:00-25:00",),) * 7}):
        with pytest.raises(Trouble):
            Clock(**wrong)


def test_to_dict_and_back():
    clock = Clock(
        "Europe/London", "GB-SCT", ROSTERS["night"].shifts, (date(2026, 5, 4),), (date(2026, 5, 2),), (2027,)
    )
    table = clock.to_dict()
    assert Clock.from_dict(table) == clock
    assert table["off"] == ["2026-05-04"] and list(table["shifts"]) == list(WEEKDAYS)
    assert Clock.from_dict({}) == Clock()


def test_fingerprint_changes_with_what_worked_minutes_depend_on():
    assert OFFICE.fingerprint(2026) == Clock().fingerprint(2026)
    later = Clock(off=(date(2027, 3, 1),))
    assert later.fingerprint(2026) == OFFICE.fingerprint(2026)
    assert later.fingerprint(2027) != OFFICE.fingerprint(2027)
    assert LUNCH.fingerprint(2026) != OFFICE.fingerprint(2026)


moments = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30))
rosters = st.sampled_from(list(ROSTERS.values()))


@settings(max_examples=60, deadline=None)
@given(rosters, st.lists(moments, min_size=3, max_size=3))
def test_worked_time_is_monotone_and_never_more_than_the_wall_clock(clock, times):
    a, b, c = clock.worked(pd.DatetimeIndex(sorted(times))).tolist()
    assert a <= b <= c
    first, _, last = sorted(times)
    assert c - a <= (last - first).total_seconds() / 60 + 1


@settings(max_examples=60, deadline=None)
@given(rosters, st.lists(moments, min_size=1, max_size=20))
def test_order_and_company_do_not_matter(clock, times):
    index = pd.DatetimeIndex(times)
    together = clock.worked(index).tolist()
    assert together == [clock.minutes(time)[1] for time in index]
    assert clock.worked(index[::-1]).tolist() == together[::-1]
