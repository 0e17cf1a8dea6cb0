"""Periods: days, ISO weeks, months, quarters, half-years and years, and the moment as of which one is seen."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Self

import pandas as pd

from .words import Trouble, Words, day

_FORMS = {
    "day": r"\d{4}-\d{2}-\d{2}",
    "week": r"\d{4}-W\d{2}",
    "month": r"\d{4}-\d{2}",
    "quarter": r"\d{4}-Q[1-4]",
    "half": r"\d{4}-H[12]",
    "year": r"\d{4}",
}
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}

KINDS = tuple(_FORMS)
KIND_WORDS = {
    "day": Words("日", "day"),
    "week": Words("周", "week"),
    "month": Words("月", "month"),
    "quarter": Words("季度", "quarter"),
    "half": Words("半年", "half-year"),
    "year": Words("年", "year"),
}
UNITS = {  # with the Chinese measure word: 上 3 个月
    "day": Words("天", "days"),
    "week": Words("周", "weeks"),
    "month": Words("个月", "months"),
    "quarter": Words("个季度", "quarters"),
    "half": Words("个半年", "half-years"),
    "year": Words("年", "years"),
}


@dataclass(frozen=True)
class Period:
    """A named stretch of time, from `start` up to but without `end`.

    `text` is `2026-10-14`, `2026-W43`, `2026-10`, `2026-Q3`, `2026-H1` or `2026`. Nothing that happened at or after
    `as_of` (default: the end) is seen by an analysis of the period; an `as_of` before the end makes it partial.
    """

    text: str
    as_of: pd.Timestamp | None = None

    def __post_init__(self) -> None:
        try:
            start = _start(self.text, self.kind)
        except ValueError:
            raise _unknown(self.text) from None
        object.__setattr__(self, "as_of", self.end if self.as_of is None else pd.Timestamp(self.as_of))
        if self.as_of <= start:
            raise Trouble(
                Words(
                    "截止时间 {as_of:moment} 时，期间 {text} 还没有开始",
                    "{text} had not begun at the as-of time, {as_of:moment}",
                ),
                as_of=self.as_of,
                text=self.text,
            )

    @classmethod
    def parse(cls, text: str, *, today: pd.Timestamp | None = None, as_of: str | None = None) -> Self:
        """A period from what a user types: one of the forms, or `last-day`, `last-week`, `last-month` ... ."""
        text = text.strip()
        kind = text.removeprefix("last-")
        if text.startswith("last-") and kind in KINDS:
            text = cls.holding(today or pd.Timestamp.now(), kind).previous().text
        return cls(text, None if as_of is None else _moment(as_of))

    @classmethod
    def holding(cls, moment: pd.Timestamp, kind: str) -> Self:
        """The period of that kind in which the moment lies."""
        moment = pd.Timestamp(moment)
        if kind == "week":
            year, week, _ = moment.isocalendar()
            return cls(f"{year}-W{week:02d}")
        number = {
            "day": f"-{moment:%m-%d}",
            "month": f"-{moment:%m}",
            "quarter": f"-Q{(moment.month + 2) // 3}",
            "half": f"-H{1 if moment.month < 7 else 2}",
            "year": "",
        }[kind]
        return cls(f"{moment.year}{number}")

    @cached_property
    def kind(self) -> str:
        for kind, form in _FORMS.items():
            if re.fullmatch(form, self.text, re.ASCII):
                return kind
        raise _unknown(self.text)

    @cached_property
    def start(self) -> pd.Timestamp:
        return _start(self.text, self.kind)

    @cached_property
    def end(self) -> pd.Timestamp:
        return self.start + _step(self.kind, 1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def is_partial(self) -> bool:
        """Whether it is seen before it has ended: never to be judged against a whole one."""
        return self.as_of < self.end

    def shifted(self, steps: int) -> Self:
        """The whole period that many steps of its kind later (earlier when negative)."""
        return type(self).holding(self.start + _step(self.kind, steps), self.kind)

    def previous(self) -> Self:
        return self.shifted(-1)

    def same_last_year(self) -> Self:
        """The same period a year before: the same ISO week number, the same calendar day, month, quarter."""
        if self.kind == "week":
            return self.shifted(-52)
        return type(self).holding(self.start - pd.DateOffset(years=1), self.kind)

    def history(self, count: int) -> list[Self]:
        """The `count` periods that end with this one, oldest first; the last keeps its `as_of`."""
        return [self.shifted(-back) for back in range(count - 1, 0, -1)] + [self]

    def seen_at(self, as_of: pd.Timestamp) -> Self:
        return replace(self, as_of=as_of)

    def name_in(self, lang: str) -> str:
        """How a person calls it: October 2026 / 2026年10月."""
        year, rest = self.text[:4], self.text[5:]
        names: dict[str, Callable[[], Words]] = {
            "day": lambda: Words(day(self.start, "zh"), day(self.start, "en")),
            "week": lambda: Words(f"{year}年第{int(rest[1:])}周", f"week {int(rest[1:])} of {year}"),
            "month": lambda: Words(f"{year}年{int(rest)}月", f"{self.start:%B} {year}"),
            "quarter": lambda: Words(f"{year}年第{rest[1:]}季度", f"Q{rest[1:]} {year}"),
            "half": lambda: Words(f"{year}年{'上' if rest == 'H1' else '下'}半年", f"{rest} {year}"),
            "year": lambda: Words(f"{year}年", year),
        }
        return names[self.kind]()[lang]

    def __str__(self) -> str:
        return self.text


def _start(text: str, kind: str) -> pd.Timestamp:
    year, rest = int(text[:4]), text[5:]
    if kind == "day":
        return pd.Timestamp(text)
    if kind == "week":
        return pd.Timestamp.fromisocalendar(year, int(rest[1:]), 1)
    number = int(rest.lstrip("QH") or 1)
    return pd.Timestamp(year, 1 + (number - 1) * _MONTHS[kind], 1)


def _moment(text: str) -> pd.Timestamp:
    """A time as ISO 8601 writes it, without a zone: 10/11/2026 could be two days, and the store has one zone."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise Trouble(
            Words(
                "看不懂的时间“{text}”。请写 2026-10-15 或 2026-10-15T18:30（投诉库所在时区）",
                "“{text}” is not a time. Write 2026-10-15 or 2026-10-15T18:30 (in the zone of the store)",
            ),
            text=text,
        )
    return pd.Timestamp(found)


def _step(kind: str, steps: int) -> pd.DateOffset:
    if kind in _MONTHS:
        return pd.DateOffset(months=_MONTHS[kind] * steps)
    return pd.DateOffset(days=steps * (7 if kind == "week" else 1))


def _unknown(text: str) -> Trouble:
    return Trouble(
        Words(
            "看不懂的期间“{text}”。可写 2026-10、2026-W43、2026-Q3、2026-H1、2026、2026-10-14 或 last-month",
            "“{text}” is not a period. Write 2026-10, 2026-W43, 2026-Q3, 2026-H1, 2026, 2026-10-14 or last-month",
        ),
        text=text,
    )
