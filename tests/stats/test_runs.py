from math import factorial

import numpy as np
import pytest

from complaintlib.stats.runs import (
    THREE_SIGMA,
    Rules,
    beyond_limits,
    false_alarm_rate,
    limits_level,
    rules_for,
    shift,
    side_of,
    trend,
    two_of_three,
)

NAN = float("nan")


def test_beyond_is_outside_not_on_the_limit():
    assert beyond_limits([0, 1, 5, 6, NAN], 1, 5).tolist() == [-1, 0, 0, 1, 0]


def test_on_the_centre_is_no_side():
    assert side_of([1, 2, 3, NAN], 2).tolist() == [-1, 0, 1, 0]


@pytest.mark.parametrize(
    ("side", "met"),
    [
        ([1] * 7, [0] * 7),
        ([1] * 9, [0] * 7 + [1, 1]),
        ([-1] * 8, [0] * 7 + [-1]),
        ([1] * 7 + [0] + [1] * 7, [0] * 15),
        ([1] * 7 + [-1] * 8, [0] * 14 + [-1]),
        ([], []),
    ],
)
def test_shift_is_met_at_the_eighth_point(side, met):
    assert shift(side).tolist() == met


@pytest.mark.parametrize(
    ("value", "met"),
    [
        ([1, 2, 3, 4, 5], [0] * 5),
        ([1, 2, 3, 4, 5, 6], [0] * 5 + [1]),
        ([6, 5, 4, 3, 2, 1, 0], [0] * 5 + [-1, -1]),
        ([1, 2, 3, 3, 4, 5, 6], [0] * 7),
        ([1, 2, 3, NAN, 4, 5, 6], [0] * 7),
        ([9, 1, 2, 3, 4, 5], [0] * 6),
        ([9, 1, 2, 3, 4, 5, 6], [0] * 6 + [1]),
        ([7], [0]),
        ([], []),
    ],
)
def test_trend_of_six_points_is_five_steps(value, met):
    assert trend(value).tolist() == met


def test_two_of_three_must_be_on_one_side_and_end_outside():
    assert two_of_three([1, 0, 1, 0, 0, 1]).tolist() == [0, 0, 1, 0, 0, 0]
    assert two_of_three([1, -1, 0]).tolist() == [0, 0, 0]
    assert two_of_three([-1, -1]).tolist() == [0, -1]
    assert two_of_three([1, 1, 0]).tolist() == [0, 1, 0]
    assert two_of_three([]).tolist() == []


def test_a_rule_of_length_0_is_off():
    assert not shift([1] * 20, 0).any() and not trend(range(20), 0).any()


def test_false_alarm_rate_by_hand():
    """3 sigma .0027, eight on one side 2 / 2^8, six in order 2 / 6!."""
    assert false_alarm_rate(Rules()) == pytest.approx(0.0026998 + 2 / 256 + 2 / factorial(6))
    assert false_alarm_rate(Rules(0.99, 0, 0), 3, 2) == pytest.approx(1 - 0.99**6)
    assert 1 - limits_level(12, 3) ** 36 == pytest.approx(0.1)


@pytest.mark.parametrize("charts", [1, 2, 7, 12, 40, 300])
@pytest.mark.parametrize("points", [1, 13])
def test_c07_rules_for_many_charts_keep_their_promise(charts, points):
    rules = rules_for(charts, points)
    assert false_alarm_rate(rules, charts, points) <= 0.1
    assert rules.level >= THREE_SIGMA and rules.shift >= 8 and rules.trend >= 6


def test_stated_rate_holds_for_noise():
    """The last of 20 normal points: signals not above the stated 1.3 % and not below half (4,000 series)."""
    z = np.random.default_rng(2).normal(size=(4000, 20))
    k = 3.0
    met = [beyond_limits(r, -k, k)[-1] or shift(side_of(r, 0))[-1] or trend(r)[-1] for r in z]
    assert 0.5 * false_alarm_rate(Rules()) < np.mean(np.array(met) != 0) < 1.3 * false_alarm_rate(Rules())
