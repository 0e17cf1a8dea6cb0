"""The work clock: which minutes a desk works, so that a handling time is a subtraction of two whole numbers.

Beside every timestamp the store keeps `elapsed` (minutes since 1970-01-01 UTC) and `worked` (minutes the desk had
worked since the clock's origin). Both are counted to the whole minute a moment lies in.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from .words import Trouble, Words

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST, LAST, ORIGIN = 1990, 2099, 2010  # years the calendar spans; worked minutes are zero when ORIGIN begins
DAY = 1440
REST = len(WEEKDAYS)  # the plan of a day off
_OFFICE = ("09:00-18:00",)


@dataclass(frozen=True)
class Clock:
    """When the desk works.

    zone       IANA time zone in which times without an offset are read and in which the shifts are meant
    country    whose public holidays are free: `CN`, `GB`, `US` ..., with a part as in `GB-SCT`; "" for none.
               `GB` alone means England. China's make-up working days are worked, and the weekend beside a
               Chinese holiday is part of it for a desk that has weekend shifts.
    shifts     per weekday (Monday first) the shifts, as `09:00-12:00`; `22:00-06:00` runs into the next day and
               belongs to the day it begins on; `00:00-24:00` is the whole day. No shift: a day off.
    off        the company's own days off
    extra      the company's own working days; it wins over the public calendar, as `off` does. Every extra or
               make-up day is worked like the first weekday that has shifts.
    confirmed  years whose days off and working days were completed by hand before the public calendar had them

    Working time is counted on the wall clock: a night shift over a change to summer time counts as the roster has it.
    """

    zone: str = "Asia/Shanghai"
    country: str = "CN"
    shifts: tuple[tuple[str, ...], ...] = (_OFFICE,) * 5 + ((), ())
    off: tuple[date, ...] = ()
    extra: tuple[date, ...] = ()
    confirmed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            zh, en = ("\n".join(problem[lang] for problem in problems) for lang in ("zh", "en"))
            raise Trouble(Words("{zh}", "{en}"), zh=zh, en=en)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """A clock from what `to_dict` gave, or from the `[clock]` table of a rules file."""
        given = dict(table)
        if "shifts" in given:
            named = zip(WEEKDAYS, cls.shifts, strict=True)
            given["shifts"] = tuple(tuple(given["shifts"].get(day, shifts)) for day, shifts in named)
        for name in given.keys() & {"off", "extra"}:
            days = (day if isinstance(day, date) else date.fromisoformat(day) for day in given[name])
            given[name] = tuple(sorted(set(days)))
        if "confirmed" in given:
            given["confirmed"] = tuple(given["confirmed"])
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """The clock in plain lists and texts, for JSON."""
        return {
            "zone": self.zone,
            "country": self.country,
            "shifts": {day: list(shifts) for day, shifts in zip(WEEKDAYS, self.shifts, strict=True)},
            "off": [day.isoformat() for day in self.off],
            "extra": [day.isoformat() for day in self.extra],
            "confirmed": list(self.confirmed),
        }

    def elapsed(self, times: Any) -> pd.arrays.IntegerArray:
        """Minutes since 1970-01-01 00:00 UTC, as pandas `Int64`; a missing time is missing.

        `times`: a Series, DatetimeIndex or array of datetime64. Without an offset they are local to `zone`: one
        that exists twice (clocks put back) is taken as the first, one that does not exist as the moment clocks
        were put forward.
        """
        index = pd.DatetimeIndex(times)
        if index.tz is None:
            first = np.ones(len(index), dtype=bool)
            index = index.tz_localize(self.zone, ambiguous=first, nonexistent="shift_forward")
        return pd.arrays.IntegerArray(*_minutes(index))

    def worked(self, times: Any) -> pd.arrays.IntegerArray:
        """Minutes the desk had worked from the start of 2010 up to each time, as pandas `Int64`; before 2010 negative.

        `worked(b) - worked(a)` is the working time between. Missing where the time is missing or outside 1990-2099.
        """
        index = pd.DatetimeIndex(times)
        if index.tz is not None:
            index = index.tz_convert(self.zone).tz_localize(None)
        minutes, missing = _minutes(index)
        calendar = _calendar(self)
        day = minutes // DAY
        minute = minutes - day * DAY
        day -= calendar.first
        missing |= (day < 0) | (day >= len(calendar.before))
        day[missing] = 0
        worked = calendar.before[day] + calendar.within[calendar.kind[day] + minute]
        return pd.arrays.IntegerArray(worked, missing)

    def minutes(self, moment: Any) -> tuple[int, int]:
        """(elapsed, worked) for one moment."""
        one = [pd.Timestamp(moment)]
        return int(self.elapsed(one)[0]), int(self.worked(one)[0])

    def works(self, days: Any) -> np.ndarray:
        """Whether a shift begins on each day: True for working days. Days outside 1990-2099 are refused."""
        calendar = _calendar(self)
        position = pd.DatetimeIndex(days).to_numpy().astype("datetime64[D]").astype(np.int64) - calendar.first
        if len(position) and (position.min() < 0 or position.max() >= len(calendar.before)):
            raise ValueError(f"the work clock knows {FIRST} to {LAST}")
        return calendar.plan[position] != REST

    def provisional(self, year: int) -> bool:
        """Whether the year's calendar may still change: China announces its days off each November for the next year."""
        return self.country == "CN" and year not in self.confirmed and not _public("CN", year)[1]

    def fingerprint(self, year: int) -> str:
        """A short digest of everything worked minutes up to the end of `year` depend on.

        It changes when a calendar that was provisional is announced, or shifts are edited: minutes stored under
        another fingerprint are then to be counted anew.
        """
        calendar = _calendar(self)
        end = int(np.datetime64(f"{year + 1}-01-01", "D").astype(np.int64)) - calendar.first
        facts = repr((self.zone, self.shifts)).encode() + calendar.plan[:end].tobytes()
        return hashlib.sha256(facts).hexdigest()[:16]


class _Calendar(NamedTuple):
    first: int  # the first day, in days since 1970
    plan: np.ndarray  # whose weekday's shifts begin on the day, or REST
    before: np.ndarray  # minutes worked before the day begins
    kind: np.ndarray  # where the day's pattern begins in `within`
    within: np.ndarray  # minutes of a day worked before each of its minutes, pattern after pattern


@lru_cache(maxsize=16)
def _calendar(clock: Clock) -> _Calendar:
    """A day's pattern follows from what begins on it and what ran over from the day before: at most 64 patterns."""
    start, end = (np.datetime64(f"{year}-01-01", "D") for year in (FIRST, LAST + 1))
    plan = _plan(clock, np.arange(start - 1, end))
    own = np.array([_worked_minutes(shifts) for shifts in (*clock.shifts, ())])
    pairs, kind = np.unique(plan[:-1] * 8 + plan[1:], return_inverse=True)
    patterns = own[pairs % 8, :DAY] | own[pairs // 8, DAY:]
    ends = patterns.cumsum(axis=1, dtype=np.int64)
    before = ends[kind, -1].cumsum() - ends[kind, -1]
    origin = np.datetime64(f"{ORIGIN}-01-01", "D") - start
    return _Calendar(
        first=int(start.astype(np.int64)),
        plan=plan[1:],
        before=before - before[origin.astype(int)],
        kind=kind * DAY,
        within=(ends - patterns).ravel(),
    )


def _plan(clock: Clock, days: np.ndarray) -> np.ndarray:
    """Which weekday's shifts begin on each day; REST where none do."""
    has_shifts = np.array([bool(shifts) for shifts in clock.shifts])
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    plan = np.where(has_shifts[weekday], weekday, REST)
    standard = int(has_shifts.argmax()) if has_shifts.any() else REST
    public = [_public(clock.country, year) for year in range(FIRST - 1, LAST + 2)] if clock.country else []
    for chosen, value in (
        ([day for off, _ in public for day in off], REST),
        ([day for _, work in public for day in work], standard),
        (clock.off, REST),
        (clock.extra, standard),
    ):
        plan[np.isin(days, np.array(chosen, dtype="datetime64[D]"))] = value
    return plan


@lru_cache(maxsize=2048)
def _public(country: str, year: int) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The year's public holidays and its make-up working days, as the package `holidays` has them."""
    import holidays

    code, _, part = country.partition("-")
    part = part or {"GB": "ENG"}.get(code)
    calendar = holidays.country_holidays(code, subdiv=part, years=year)
    off, work = set(calendar), set()
    if code == "CN":
        work = calendar.weekend_workdays
        off |= {day for holiday in off for day in _weekend_beside(holiday) if day not in work}
    return tuple(sorted(off)), tuple(sorted(day for day in work if day.year == year))


def _weekend_beside(holiday: date) -> Iterable[date]:
    """The Saturday and Sunday that touch a holiday: China's notices count them in, the package does not name them."""
    for step in (timedelta(days=-1), timedelta(days=1)):
        day = holiday + step
        while day.weekday() >= 5:
            yield day
            day += step


def _worked_minutes(shifts: Iterable[str]) -> np.ndarray:
    """For each minute of a day and of the next, whether the shifts that begin on the day cover it."""
    covered = np.zeros(2 * DAY, dtype=bool)
    for shift in shifts:
        start, end = _bounds(shift)
        covered[start:end] = True
    return covered


def _bounds(shift: str) -> tuple[int, int]:
    """`22:00-06:00` is (1320, 1800): minutes from the start of its day."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", shift, re.ASCII)
    if not found:
        raise ValueError(shift)
    start = int(found[1]) * 60 + int(found[2])
    end = int(found[3]) * 60 + int(found[4]) if found[3] else DAY
    if start == end:
        raise ValueError(shift)
    return start, end if end > start else end + DAY


def _minutes(index: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    """Whole minutes since 1970 (UTC if it has a zone, else of the wall clock) and which are missing."""
    missing = np.array(index.isna())
    stamps = index.as_unit("us").asi8 // 60_000_000
    stamps[missing] = 0
    return stamps, missing


def _problems(clock: Clock) -> Iterable[Words]:
    try:
        ZoneInfo(clock.zone)
    except (ValueError, OSError, KeyError):
        yield Words(
            f"未知时区“{clock.zone}”，例如 Asia/Shanghai",
            f"unknown time zone “{clock.zone}”, e.g. Asia/Shanghai",
        )
    if clock.country:
        from holidays.utils import list_supported_countries

        known = list_supported_countries(include_aliases=False)
        code, _, part = clock.country.partition("-")
        if code not in known or (part and part not in known[code]):
            yield Words(
                f'未知国家或地区“{clock.country}”，例如 CN、GB-ENG、US；不计公共假日时写 ""',
                f'unknown country “{clock.country}”, e.g. CN, GB-ENG, US; write "" for no public holidays',
            )
    if len(clock.shifts) != len(WEEKDAYS):
        yield Words("班次须按七个星期日分别给出", "shifts are given for the seven weekdays")
    for day, shifts in zip(WEEKDAYS, clock.shifts, strict=False):
        for shift in shifts:
            try:
                _bounds(shift)
            except ValueError:
                yield Words(
                    f"{day} 的班次“{shift}”看不懂，应写作 09:00-12:00、22:00-06:00 或 00:00-24:00",
                    f"shift “{shift}” of {day} is not of the form 09:00-12:00, 22:00-06:00 or 00:00-24:00",
                )
    for day in sorted(set(clock.off) & set(clock.extra)):
        yield Words(f"{day} 既在 off 又在 extra 中", f"{day} is both in off and in extra")
