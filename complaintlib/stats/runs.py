"""Runs rules for control charts, as vector functions, and how often they cry wolf.

Each rule gives, for every point, the direction in which the rule is met *at* that point: 1 up, -1 down, 0 not.
A missing value is on no side and ends every run. The lengths are those of Nelson (1984, J Quality Technology
16:237-239) and of NHS England's "Making data count"; `rules_for` lengthens them where many charts are looked at.
"""

from dataclasses import dataclass
from math import factorial, log2

import numpy as np
from numpy.typing import ArrayLike

THREE_SIGMA = 0.9973002039367398
TWO_SIGMA = 0.9544997361036416
ROUNDING = 1e-9  # a value that differs less from a line, relatively, lies on it


@dataclass(frozen=True)
class Rules:
    """Which rules are used: `level` of the limits, length of a `shift` and of a `trend` (0: not used)."""

    level: float = THREE_SIGMA
    shift: int = 8
    trend: int = 6
    two_of_three: bool = False


def beyond_limits(value: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> np.ndarray:
    """Outside the limits; on a limit is inside."""
    value, lower, upper = (np.asarray(x, float) for x in (value, lower, upper))
    above = value > upper + ROUNDING * np.abs(upper)
    return above.astype(int) - (value < lower - ROUNDING * np.abs(lower)).astype(int)


def side_of(value: ArrayLike, centre: ArrayLike) -> np.ndarray:
    """Above (1) or below (-1) the centre; on it is neither."""
    return beyond_limits(value, centre, centre)


def shift(side: ArrayLike, length: int = 8) -> np.ndarray:
    """The last `length` points all on one side of the centre."""
    side = np.asarray(side)
    return sum(s * (_in_a_row(side == s) >= length) for s in (1, -1)) if length else np.zeros(len(side), int)


def trend(value: ArrayLike, length: int = 6) -> np.ndarray:
    """The last `length` points each above (below) the one before it: `length - 1` steps one way. A tie is no step."""
    value = np.asarray(value, float)
    if not length or not len(value):
        return np.zeros(len(value), int)
    step = np.sign(np.diff(value, prepend=value[:1]))
    return sum(s * (_in_a_row(step == s) >= length - 1) for s in (1, -1))


def two_of_three(beyond: ArrayLike) -> np.ndarray:
    """This point and one of the two before it beyond the same 2 sigma limit (`beyond` from `beyond_limits`)."""
    beyond = np.asarray(beyond)
    before = np.concatenate([[0, 0], beyond])[: len(beyond) + 2]
    return sum(s * ((beyond == s) & ((before[1:-1] == s) | (before[:-2] == s))) for s in (1, -1))


def false_alarm_rate(rules: Rules, charts: int = 1, points: int = 1) -> float:
    """The chance of at least one false signal among `points` last points of each of `charts` stable charts.

    An upper bound over the rules (their chances are added) for independent points about a known centre.
    """
    one = 1 - rules.level
    if rules.shift:
        one += 2 * 0.5**rules.shift
    if rules.trend:
        one += 2 / factorial(rules.trend)
    if rules.two_of_three:
        p = (1 - TWO_SIGMA) / 2
        one += 2 * p * (1 - (1 - p) ** 2)
    return 1 - (1 - min(one, 1)) ** (charts * points)


def limits_level(charts: int, points: int = 1, rate: float = 0.1) -> float:
    """The level of the limits at which `charts` x `points` judged points raise a false signal with chance `rate`.

    Sidak (1967), JASA 62:626-633.
    """
    return (1 - rate) ** (1 / max(charts * points, 1))


def rules_for(charts: int, points: int = 1, rate: float = 0.1) -> Rules:
    """Limits, shift and trend that together raise at least one false signal with chance `rate` or less.

    Over the last `points` points of all `charts` shown; each of the three rules is given a third of the chance.
    Never laxer than the usual rules (3 sigma, 8, 6).
    """
    each = 1 - (1 - rate) ** (1 / max(charts * points, 1))  # for one point of one chart, all rules
    length = 6
    while 2 / factorial(length) > each / 3:
        length += 1
    return Rules(
        level=max(THREE_SIGMA, 1 - each / 3),
        shift=max(8, int(np.ceil(1 - log2(each / 3)))) if each < 1 else 8,
        trend=length,
    )


def _in_a_row(flags: np.ndarray) -> np.ndarray:
    """How many flags in a row are up, up to and with each."""
    at = np.arange(1, len(flags) + 1)
    return at - np.maximum.accumulate(np.where(flags, 0, at))
