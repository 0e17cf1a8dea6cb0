"""The rules of the house, from `data/rules.toml`: work clock, statistics, severity weights, SLA limits, intake limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .clock import WEEKDAYS, Clock
from .entries import tree_of, unknown_key
from .home import DATA
from .schema import GRADES
from .words import Trouble, Words


def _within(low: float, high: float, *values: float) -> Any:
    """A setting that must lie in a range: one number, or one for each grade of severity."""
    if len(values) == 1:
        return field(default=values[0], metadata={"low": low, "high": high})
    by_grade = MappingProxyType(dict(zip(GRADES, values, strict=True)))
    return field(default_factory=lambda: by_grade, metadata={"low": low, "high": high})


_minutes = partial(_within, 1, 525_600)


def _of(choices: tuple[str, ...], value: str | tuple[str, ...]) -> Any:
    """A setting that is one of the choices, or (where the value is a tuple) any number of them."""
    return field(default=value, metadata={"of": choices})


@dataclass(frozen=True)
class Statistics:
    """`confidence` of every interval; `fdr`, the share of false discoveries allowed among the changes claimed;
    `min_count`, below which a rate or a share is too few to say."""

    confidence: float = _within(0.5, 0.999, 0.95)
    fdr: float = _within(0.001, 0.5, 0.10)
    min_count: int = _within(1, 1_000_000, 20)


@dataclass(frozen=True)
class Severity:
    """`weights`: what a complaint of each grade counts for in a severity-weighted Pareto."""

    weights: Mapping[str, float] = _within(0, 1_000_000, 10.0, 5.0, 3.0, 1.0)


@dataclass(frozen=True)
class Sla:
    """Limits per grade, in minutes on the work clock, from when the complaint was received.

    The clock stands still while the case waits on one of `pauses` (`waiting_on` of its events). `reopened`: a case that was
    reopened `counts` by the resolution that stands, or is `late` whenever it came, as the first one did not hold.
    """

    pauses: tuple[str, ...] = _of(("customer", "third_party"), ("customer",))
    reopened: str = _of(("counts", "late"), "counts")
    first_response: Mapping[str, int] = _minutes(30, 60, 120, 1440)
    resolution: Mapping[str, int] = _minutes(540, 1080, 2700, 5400)


@dataclass(frozen=True)
class Intake:
    """`max_loss`: share of a file's rows set aside above which the file is refused."""

    max_loss: float = _within(0, 1, 0.05)


@dataclass(frozen=True)
class Rules:
    """All the rules. `Rules()` is what `data/rules.toml` ships with."""

    clock: Clock = Clock()  # noqa: RUF009 (frozen)
    statistics: Statistics = Statistics()
    severity: Severity = field(default_factory=Severity)
    sla: Sla = field(default_factory=Sla)
    intake: Intake = Intake()


def load_rules(path: Path | str = DATA / "rules.toml") -> Rules:
    """The rules in a TOML file; a key it leaves out has its default.

    Unknown keys, wrong types and values out of range are reported all at once, as one Trouble that names the file and
    the keys, and for an unknown key the nearest known one.
    """
    path, problems = Path(path), []
    rules = _section(Rules(), tree_of(path, problems), "", problems)
    if problems:
        raise _trouble(path, problems)
    return rules


def _section(default: Any, table: Any, where: str, problems: list[Words]) -> Any:
    """`default` with the values the table gives; what is wrong with them goes to `problems`."""
    settings = {setting.name: setting for setting in fields(default)}
    given = {}
    for name, value in _entries(table, settings, where, problems):
        full, now, limits = where + name, getattr(default, name), settings[name].metadata
        if isinstance(now, Clock):
            given[name] = _clock(value, full + ".", problems)
        elif is_dataclass(now):
            given[name] = _section(now, value, full + ".", problems)
        elif "of" in limits:
            given[name] = _choice(value, now, full, limits["of"], problems)
        elif isinstance(now, Mapping):
            entries = _entries(value, now, full + ".", problems)
            numbers = {
                grade: _number(v, now[grade], f"{full}.{grade}", limits, problems) for grade, v in entries
            }
            given[name] = MappingProxyType({**now, **numbers})
        else:
            given[name] = _number(value, now, full, limits, problems)
    return type(default)(**given)


def _entries(table: Any, known: Iterable[str], where: str, problems: list[Words]) -> list[tuple[str, Any]]:
    """The entries of a table whose keys are known."""
    if not isinstance(table, dict):
        name = where.removesuffix(".")
        problems.append(Words(f"{name} 应为一个表 [{name}]", f"{name} must be a table [{name}]"))
        return []
    problems += [unknown_key(name, known, where) for name in table if name not in known]
    return [(name, value) for name, value in table.items() if name in known]


def _number(
    value: Any, default: float, full: str, limits: Mapping[str, float], problems: list[Words]
) -> float:
    low, high = limits["low"], limits["high"]
    whole = isinstance(default, int)
    if type(value) in ((int,) if whole else (int, float)) and low <= value <= high:
        return type(default)(value)
    zh, en = ("整数", "a whole number") if whole else ("数", "a number")
    problems.append(
        Words(
            f"{full} 应为 {low:,} 到 {high:,} 之间的{zh}，现为 {value!r}",
            f"{full} must be {en} from {low:,} to {high:,}, not {value!r}",
        )
    )
    return default


def _choice(value: Any, default: Any, full: str, of: tuple[str, ...], problems: list[Words]) -> Any:
    several = isinstance(default, tuple)
    if isinstance(value, list) if several else isinstance(value, str):
        chosen = value if several else [value]
        if all(item in of for item in chosen):
            return tuple(dict.fromkeys(chosen)) if several else value
    zh, en = ("若干个的列表", "a list of any of") if several else ("之一", "one of")
    names = ", ".join(of)
    problems.append(
        Words(f"{full} 应为 {names} 中{zh}，现为 {value!r}", f"{full} must be {en} {names}, not {value!r}")
    )
    return default


_CLOCK = {
    "zone": (str, Words("文字", "a text")),
    "country": (str, Words("文字", "a text")),
    "off": ([date], Words("日期列表，如 [2026-12-31]", "a list of dates, as [2026-12-31]")),
    "extra": ([date], Words("日期列表，如 [2026-12-31]", "a list of dates, as [2026-12-31]")),
    "confirmed": ([int], Words("年份列表，如 [2027]", "a list of years, as [2027]")),
}
_SHIFTS = Words('班次列表，如 ["09:00-18:00"]', 'a list of shifts, as ["09:00-18:00"]')


def _clock(table: Any, where: str, problems: list[Words]) -> Clock:
    """The clock that the table describes: the shape of its entries is checked here, by `Clock` what they say."""
    entries = dict(_entries(table, [*_CLOCK, "shifts"], where, problems))
    shifts = dict(_entries(entries.pop("shifts", {}), WEEKDAYS, f"{where}shifts.", problems))
    given: dict[str, Any] = {
        name: value for name, value in entries.items() if _is(value, *_CLOCK[name], where + name, problems)
    }
    given["shifts"] = {
        weekday: value
        for weekday, value in shifts.items()
        if _is(value, [str], _SHIFTS, f"{where}shifts.{weekday}", problems)
    }
    try:
        return Clock.from_dict(given)
    except Trouble as trouble:
        said = zip(trouble.say("zh").splitlines(), trouble.say("en").splitlines(), strict=True)
        problems += [
            Words(f"{where.removesuffix('.')}：{zh}", f"{where.removesuffix('.')}: {en}") for zh, en in said
        ]
        return Clock()


def _is(value: Any, kind: type | list[type], expected: Words, full: str, problems: list[Words]) -> bool:
    """Whether the value is of a type, or (where the kind is in a list) a list of it: a date is no datetime."""
    fits = (
        isinstance(value, list) and all(type(item) is kind[0] for item in value)
        if isinstance(kind, list)
        else type(value) is kind
    )
    if not fits:
        problems.append(Words(f"{full} 应为{expected.zh}", f"{full} must be {expected.en}"))
    return fits


def _trouble(path: Path, problems: list[Words]) -> Trouble:
    zh, en = ("\n".join(f"{path.name}: {problem[lang]}" for problem in problems) for lang in ("zh", "en"))
    return Trouble(Words("{zh}", "{en}"), zh=zh, en=en)
