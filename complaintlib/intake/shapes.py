"""The shape of a time text (every digit is a 9) says which form it is in, and with it how DuckDB reads it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .profile import Times

SHORT_YEAR = "short_year"
Branches = dict[tuple[str, str], list[str]]  # form and expression -> the shapes it is for
TEXT = "\ue000"  # stands for the text in an expression until it is put in
_CLOCK = r"(?P<gap>[T\s]+)(?P<clock>99?:99(?::99(?P<fraction>[.,]9+)?)?)(?P<noon>\s?[AaPp][Mm])?"
_ZONE = r"(?P<offset>\s?(?:Z|UTC|GMT|[+-]99(?::?99)?))"
_TAIL = rf"(?:{_CLOCK}{_ZONE}?)?"
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?P<weekday>[A-Z][a-z]{2,8},?\s)?"
_MONTHS = ("january", "february", "march", "april", "may", "june")
_MONTHS += ("july", "august", "september", "october", "november", "december")
_PATTERNS = [
    (form, re.compile(pattern))
    for form, pattern in (
        ("ymd", rf"9999(?P<sep>[-/.])99?(?P=sep)99?{_TAIL}"),
        ("ymd_zh", r"9999年\s?99?月\s?99?[日号](?P<clock_zh>\s?99?[时点:]99?(?:分|(?::99)|(?:分99?秒))?)?"),
        ("order", rf"99?(?P<sep>[-/.])99?(?P=sep)9999{_TAIL}"),
        (SHORT_YEAR, rf"99?(?P<sep>[-/.])99?(?P=sep)99{_TAIL}"),
        ("named", rf"{_WEEKDAY}99?(?P<a>[-\s/]){_MONTH}(?P<b>[-\s/,]+)9999{_TAIL}"),
        ("named", rf"{_WEEKDAY}{_MONTH}(?P<a>[-\s/])99?(?P<b>[-\s/,]+)9999{_TAIL}"),
        (SHORT_YEAR, rf"99?[-\s/]{_MONTH}[-\s/,]+99{_TAIL}"),
        ("compact", r"99999999"),
        ("compact", r"99999999[\sT]?9999(?:99)?"),
        (SHORT_YEAR, r"999999"),
        ("excel", r"99999(?:\.9+)?"),
        ("unix_s", r"9999999999(?:\.9+)?"),
        ("unix_ms", r"9999999999999"),
    )
]


@dataclass(frozen=True)
class Shape:
    """The rows of one shape. `day_first`, `month_first`: rows that can only be the one; `either`: both."""

    text: str
    rows: int
    declared: int
    day_first: int
    month_first: int
    examples: tuple[int | None, int | None, int | None]

    @property
    def either(self) -> int:
        return self.rows - self.day_first - self.month_first


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def match(shape: str) -> tuple[str, re.Match] | None:
    for form, pattern in _PATTERNS:
        if found := pattern.fullmatch(shape):
            return form, found
    return None


def form_of(shape: str) -> str | None:
    found = match(shape)
    return found[0] if found else None


def examples(shapes: Sequence[Shape]) -> tuple[int, ...]:
    """Numbers of a few records of these shapes."""
    return tuple(sorted({row for shape in shapes for row in shape.examples if row is not None})[:5])


def masked(shape: str) -> str:
    """A shape that says nothing of the text but its form."""
    return re.sub(r"[^\W\d_]", "x", shape)


def strptime(text: str, form: str) -> str:
    """A naive timestamp by a strptime format, NULL where it does not fit or no one lives then."""
    value = f"try_strptime({text}, {quoted(form)})"
    if "%z" in form:
        value = f"timezone('UTC', {value})"
    return f"CASE WHEN year({value}) BETWEEN 1900 AND 2199 THEN {value} END"


def _local(value: str, zone: str, store_zone: str) -> str:
    """A time naive in `zone` made local to the store's zone."""
    if zone == store_zone:
        return value
    return f"timezone({quoted(store_zone)}, timezone({quoted(zone)}, {value}))"


def reading(
    shape: Shape, orders: dict[str, bool], times: Times, zone: str, store_zone: str
) -> tuple[str, str]:
    """The form of a shape and the expression over `t` that reads it; empty where none does."""
    if shape.declared:
        each = (_local(strptime(TEXT, f), "UTC" if "%z" in f else zone, store_zone) for f in times.formats)
        return "declared", f"coalesce({', '.join(each)}, NULL)"
    form, parts = match(shape.text) or ("", None)
    if not parts:
        return "", ""
    if form in ("excel", "unix_s", "unix_ms"):
        return form, _serial(form, times, zone, store_zone)
    if form == SHORT_YEAR:  # never read, but it may show more of what is wrong
        pattern = _pattern_short(shape, parts)
        return form, strptime(TEXT, pattern) if pattern else ""
    text, pattern = TEXT, _pattern(form, parts, orders)
    if not pattern:
        return form, ""
    groups = parts.groupdict()
    if len(groups.get("fraction") or "") > 7:  # .NET writes seven decimals, DuckDB reads six
        text = f"regexp_replace({text}, '([.,][0-9]{{6}})[0-9]+', '\\1')"
    if groups.get("offset"):
        text = f"regexp_replace({text}, '\\s?(Z|UTC|GMT)$', '+00')"
        return f"{form}_offset", _local(strptime(text, pattern), "UTC", store_zone)
    return form, _local(strptime(text, pattern), zone, store_zone)


def _pattern(form: str, parts: re.Match, orders: dict[str, bool]) -> str:
    """The strptime format of a shape; empty where it cannot be known."""
    groups = parts.groupdict()
    if form == "ymd_zh":
        return _chinese(parts[0], groups["clock_zh"] or "")
    if form == "compact":
        rest = parts[0][8:]
        return "%Y%m%d" + re.sub("9+$", "%H%M%S" if rest.endswith("999999") else "%H%M", rest)
    if form == "named":
        days = _named(parts[0][: parts.start("gap")] if groups["clock"] else parts[0], groups)
    elif form == "ymd":
        days = "%Y{0}%m{0}%d".format(groups["sep"])
    else:
        order = orders.get(groups["sep"])
        days = "" if order is None else ("%d{0}%m{0}%Y" if order else "%m{0}%d{0}%Y").format(groups["sep"])
    return days and days + _clock(groups)


def _chinese(shape: str, clock: str) -> str:
    days = shape.removesuffix(clock).replace("9999", "%Y")
    days = re.sub("99?(?=[日号])", "%d", re.sub("99?(?=月)", "%m", days))
    for part in ("%H", "%M", "%S"):
        clock = re.sub("99?", part, clock, count=1)
    return days + clock


def _named(days: str, groups: dict[str, str | None]) -> str:
    month = groups["month"]
    if month.lower() not in (*_MONTHS, *(name[:3] for name in _MONTHS)):
        return ""
    days = days.replace(month, "\0", 1).replace("9999", "%Y")
    days = re.sub("99?", "%d", days, count=1).replace("\0", "%B" if len(month) > 3 else "%b")
    weekday = (groups["weekday"] or "").strip(" ,")
    return days.replace(weekday, "%a" if len(weekday) == 3 else "%A", 1) if weekday else days


def _clock(groups: dict[str, str | None]) -> str:
    clock, fraction, noon, offset = (groups[name] or "" for name in ("clock", "fraction", "noon", "offset"))
    if not clock:
        return ""
    hour = "%I" if noon else "%H"
    seconds = ":%S" if clock.count(":") == 2 else ""
    parts = (
        seconds,
        fraction[:1] + "%f" if fraction else "",
        noon.replace(noon.strip(), "%p") if noon else "",
    )
    zone = "" if not offset else " %z" if offset.startswith(" ") and "9" in offset else "%z"
    return f"{groups['gap']}{hour}:%M{''.join(parts)}{zone}"


def _pattern_short(shape: Shape, parts: re.Match) -> str:
    """The likely format of a date with a year of two digits."""
    groups = parts.groupdict()
    if "clock" not in groups or groups["clock"]:
        return ""
    if groups.get("month"):
        return re.sub("99$", "%y", re.sub("^99?", "%d", shape.text.replace(groups["month"], "%b")))
    certain = shape.day_first and not shape.month_first
    return "%d{0}%m{0}%y".format(groups["sep"]) if certain else ""


def _serial(form: str, times: Times, zone: str, store_zone: str) -> str:
    """Excel counts days (local time), Unix seconds or milliseconds (UTC)."""
    number = f"TRY_CAST({TEXT} AS DOUBLE)"
    if form == "excel":
        start = "1904-01-01" if times.serial_base == 1904 else "1899-12-30"
        value = f"TIMESTAMP '{start}' + to_seconds(CAST(round({number} * 86400) AS BIGINT))"
        return _local(f"CASE WHEN {number} BETWEEN 20000 AND 75000 THEN {value} END", zone, store_zone)
    scale = 1_000_000 if form == "unix_s" else 1_000
    value = f"make_timestamp(CAST(round({number} * {scale}) AS BIGINT))"
    return _local(f"CASE WHEN year({value}) BETWEEN 1990 AND 2199 THEN {value} END", "UTC", store_zone)


def expression(text: str, shape: str, branches: Branches) -> str:
    """One CASE over the shape; the form that most rows have comes first."""
    if not branches:
        return "CAST(NULL AS TIMESTAMP)"
    cases = " ".join(
        f"WHEN {shape} IN ({', '.join(map(quoted, shapes))}) THEN {sql.replace(TEXT, text)}"
        for (_, sql), shapes in branches.items()
    )
    return f"CASE {cases} END"
