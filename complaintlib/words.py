"""Every word, number and date a person reads, in Chinese and in English. Nothing else in the kit knows a language."""

import csv
import math
import os
import re
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from .home import DATA
from .schema import CLASS

LANGUAGES = ("zh", "en")
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


@dataclass(frozen=True)
class Words:
    """The same thing said in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        return {"zh": self.zh, "en": self.en}[lang]

    def fill(self, lang: str, /, **values: Any) -> str:
        """The text with its `{name:form}` places filled; see `show` for the forms.

        A form with a slash is the word that goes with a number: `{n:int} {n:case/cases}` reads 1 case, 2 cases. The
        first stands where `int` shows 1; the second where it shows anything else, and where the number is missing or
        starred.
        """
        return _Filler(lang).vformat(self[lang], (), values)


class Trouble(Exception):
    """Something the user can mend, said in both languages. `exit_code` is what the command line ends with."""

    def __init__(self, words: Words, exit_code: int = 2, **values: Any):
        self.words, self.exit_code, self.values = words, exit_code, values
        super().__init__(self.say("en"))

    def say(self, lang: str) -> str:
        return self.words.fill(lang, **self.values)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the message in both languages."""
        return [self.say(lang) for lang in LANGUAGES]


def language() -> str:
    """The language where none is named: `COMPLAINTKIT_LANG`, else Chinese under a Chinese locale, else English."""
    named = os.environ.get("COMPLAINTKIT_LANG", "")
    if named in LANGUAGES:
        return named
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if locale.startswith("zh") else "en"


# ---------------------------------------------------------------------------------------------- plain text

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)


def plain(text: object) -> str:
    """Text without control, bidirectional and zero-width characters, lone surrogates and non-characters."""
    return _UNSEEN.sub("", unicodedata.normalize("NFC", str(text)))


def width(text: str) -> int:
    """Columns the text takes where a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: object, cells: int) -> str:
    """The text on one line in at most `cells` columns, with an ellipsis where it was longer."""
    text = " ".join(plain(text).split())
    if width(text) <= cells:
        return text
    kept, used = "", 1
    for char in text:
        used += width(char)
        if used > cells:
            break
        kept += char
    return kept.rstrip() + "…"


def wrapped(text: str, cells: int) -> str:
    """The text in lines of at most `cells` columns; Chinese may break anywhere, words stay whole."""
    lines, line = [], ""
    for piece in _pieces(plain(text)):
        if line and width(line + piece.rstrip()) > cells:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return "\n".join([*lines, line.rstrip()])


def _pieces(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9.,%+\-−–/'’()]+\s*|[^A-Za-z0-9][，。；：、！？）”]?\s*", text)


# ------------------------------------------------------------------------------------------------ numbers


def number(value: float, digits: int = 0, *, signed: bool = False) -> str:
    """A number rounded half up, with thousands commas and a real minus sign; a missing one is a dash."""
    if value is None or not math.isfinite(value):
        return DASH
    step = Decimal(1).scaleb(-digits)
    rounded = Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,}"


def significant(value: float, digits: int = 2, *, signed: bool = False) -> str:
    """A number with as many decimals as show `digits` figures, and never an exponent."""
    if value is None or not math.isfinite(value):
        return DASH
    size = abs(value)
    decimals = 0 if size == 0 else max(0, digits - 1 - math.floor(math.log10(size)))
    return number(value, min(decimals, 6), signed=signed)


TIMES = 100


def percent(value: float, digits: int | None = None, *, signed: bool = False) -> str:
    """A share as a percentage: whole from 10 % on, else one decimal. `value` is a fraction. More than 100 times is told as
    that: nobody can read more in it than that the base is next to nothing."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) > TIMES:
        return ("<" if value < 0 else ">") + percent(math.copysign(TIMES, value), 0, signed=signed)
    if digits is None:
        digits = 0 if value == 0 or round(abs(value), 4) >= 0.0995 else 1
    return number(value * 100, digits, signed=signed) + "%"


def points(value: float, lang: str) -> str:
    """A difference of two shares in percentage points."""
    if value is None or not math.isfinite(value):
        return DASH
    shown = number(value * 100, 1, signed=True)
    return f"{shown} 个百分点" if lang == "zh" else f"{shown} pp"


_SPANS = ((1440 * 2, 1440, "天", "d"), (120, 60, "小时", "h"), (0, 1, "分钟", "min"))


def minutes(value: float, lang: str, *, signed: bool = False, days: bool = True) -> str:
    """A length of time given in minutes, in the unit a person would choose: 38 min, 5.2 h, 3.1 d.

    Without `days` never in days: a day of work is no 24 hours.
    """
    if value is None or not math.isfinite(value):
        return DASH
    _, unit, zh, en = next(span for span in _SPANS[0 if days else 1 :] if abs(value) >= span[0])
    scaled = value / unit
    shown = number(scaled, 1 if unit > 1 and abs(scaled) < 10 else 0, signed=signed)
    return f"{shown} {zh if lang == 'zh' else en}"


# -------------------------------------------------------------------------------------------------- dates


def day(value: date | datetime, lang: str) -> str:
    from babel.dates import format_date  # loaded only where a date is shown

    return format_date(
        value, "d MMM y" if lang == "en" else "long", locale="en_GB" if lang == "en" else "zh_CN"
    )


def moment(value: datetime, lang: str) -> str:
    return f"{day(value, lang)} {value:%H:%M}"


def listed(items: Iterable[str], lang: str) -> str:
    """a, b and c / a、b和c"""
    from babel.lists import format_list

    return format_list(list(items), locale="en_GB" if lang == "en" else "zh_CN")


# ------------------------------------------------------------------------------------------ labels, columns


@cache
def _labels() -> dict[tuple[str, str], Words]:
    with open(DATA / "labels.csv", encoding="utf-8", newline="") as file:
        return {(row["field"], row["code"]): Words(row["zh"], row["en"]) for row in csv.DictReader(file)}


# Different columns whose values are of one kind.
_SAME_FIELD = {
    "origin_province": "region",
    "dest_province": "region",
    "origin_city": "city",
    "dest_city": "city",
    "business_type": "product",
    "other_region": "region",
    "level": "level",
}


def label(field: str, code: object, lang: str) -> str:
    """The word for a code; a code that has none is shown as it came."""
    if _missing(code):
        return DASH
    code = str(code)
    known = _labels().get((_SAME_FIELD.get(field, field), code)) or _labels().get(("*", code))
    if known is None and field == CLASS:
        from .taxonomies import class_words  # their files have the words of their classes

        known = class_words(code)
    return known[lang] if known else plain(code)


@dataclass(frozen=True)
class Column:
    """How a table column is headed, shown and explained (unit, denominator)."""

    form: str
    words: Words
    note: Words


@cache
def columns() -> dict[str, Column]:
    with open(DATA / "columns.csv", encoding="utf-8", newline="") as file:
        return {
            row["column"]: Column(
                row["form"], Words(row["zh"], row["en"]), Words(row["note_zh"], row["note_en"])
            )
            for row in csv.DictReader(file)
        }


def column(name: str) -> Column:
    """The entry of `data/columns.csv`; a column without one is shown as a code under its own name."""
    return columns().get(name) or Column(name, Words(name, name), Words("", ""))


# ------------------------------------------------------------------------------------------------ sentences


def _missing(value: Any) -> bool:
    """None, NaN, NaT or NA, told without loading pandas."""
    return value is None or (not isinstance(value, str) and str(value) in {"nan", "NaT", "<NA>"})


def show(value: Any, form: str, lang: str) -> str:
    """A value as a person reads it.

    Forms: `int`, `num1`, `num2`, `num3` (decimals), `sig` (two figures), `+int`, `+num1`, `+sig` (with sign),
    `pct`, `pct1`, `+pct`, `pp`, `points` (pp without its unit), `p` (a p- or q-value), `min`, `+min` (minutes), `work`, `+work` (minutes on the work clock),
    `day`, `moment`, `period`, `text`, `yes` (a flag); any other form names the field whose labels give the word for a code. A list or
    tuple is shown item by item.
    """
    if isinstance(value, list | tuple):
        return listed([show(item, form, lang) for item in value], lang)
    if hasattr(value, "name_in"):  # a Period names itself
        return value.name_in(lang)
    if _missing(value):
        return DASH
    signed, kind = form.startswith("+"), form.removeprefix("+")
    if kind == "int":
        return number(value, 0, signed=signed)
    if kind in ("num1", "num2", "num3"):
        return number(value, int(kind[-1]), signed=signed)
    if kind == "sig":
        return significant(value, signed=signed)
    if kind in ("pct", "pct1"):
        return percent(value, 1 if kind == "pct1" else None, signed=signed)
    if kind == "pp":
        return points(value, lang)
    if kind == "points":  # the same without its unit, for the first end of an interval
        return points(value, "en").removesuffix(" pp")
    if kind == "p":
        return "<0.001" if value < 0.001 else number(value, 3)
    if kind in ("min", "work"):
        return minutes(value, lang, signed=signed, days=kind == "min")
    if kind == "day":
        return day(value, lang)
    if kind == "moment":
        return moment(value, lang)
    if kind == "yes":
        return label("yes", "yes" if value else "no", lang)
    if kind == "period":
        from .period import Period

        return Period(str(value)).name_in(lang)
    if kind == "text":
        return plain(value)
    return label(kind, value, lang)


class _Filler(string.Formatter):
    def __init__(self, lang: str):
        self.lang = lang

    def format_field(self, value: Any, form: str) -> str:
        one, slash, many = form.partition("/")
        if slash:
            return (
                one if (value if isinstance(value, str) else show(value, "int", self.lang)) == "1" else many
            )
        return show(value, form or "text", self.lang)
