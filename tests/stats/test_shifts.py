import numpy as np
import pytest

from complaintlib.stats.shifts import level_shifts, risen_since

# Years from 1851 with so many explosions of ten or more deaths in British coal mines (Jarrett 1979, Biometrika 66:191-193).
COAL = "4540143406334026335453144155342522342132211113001011003103220111010100021000110233112111124200140001000001001010"


def test_a_step_by_hand():
    """Four estimates of error 1: 0, 0, 3, 3. Means 0 and 3, error of the step sqrt(1/2 + 1/2) = 1, nothing left over."""
    found = level_shifts([np.array([0.0, 0, 3, 3])], [np.ones(4)]).iloc[0]
    assert (found["at"], found["before"], found["after"], found["se"]) == (2, 0, 3, 1)
    assert found["p"] == pytest.approx(
        3 * 0.0026998, rel=1e-4
    )  # two-sided normal beyond 3, three places tried


def test_precise_estimates_weigh_more():
    found = level_shifts([np.array([0.0, 6, 10])], [np.array([1.0, 0.5, 1.0])]).iloc[0]
    assert found["at"] == 1
    assert found["after"] == pytest.approx((6 * 4 + 10) / 5)


def test_what_cannot_be_told():
    found = level_shifts(
        [np.array([1.0]), np.array([]), np.array([1.0, np.nan]), np.array([1.0, 2])],
        [np.array([1.0]), np.array([]), np.ones(2), np.array([0.0, 1])],
    )
    assert found.isna().all(axis=None)
    assert level_shifts([], []).empty


def test_false_alarms_where_levels_wobble_together():
    """No step: 40 series of 6 with errors of 2 to 20 % and a common wobble of 10 %."""
    rng, p = np.random.default_rng(7), []
    for _ in range(40):
        errors = rng.uniform(0.02, 0.2, (40, 6))
        levels = rng.normal(0, np.hypot(errors, 0.1))
        p.append(level_shifts(list(levels), list(errors))["p"].to_numpy())
    p = np.concatenate(p)
    assert 0.015 < (p < 0.05).mean() < 0.055
    assert (p < 0.01).mean() < 0.025


def test_a_doubling_is_found_where_it_was():
    rng = np.random.default_rng(8)
    errors = np.full((20, 6), 0.1)
    levels = rng.normal(0, 0.1, (20, 6))
    levels[0, 3:] += np.log(2)
    found = level_shifts(list(levels), list(errors))
    assert found["at"].iloc[0] == 3
    assert found["p"].idxmin() == 0
    assert found["p"].iloc[0] < 1e-4


def test_n41_the_nile_changed_after_1898():
    """Cobb 1978, Biometrika 65:243-251: annual flow at Aswan, 1871 to 1970."""
    from statsmodels.datasets import nile

    flow = nile.load_pandas().data["volume"].to_numpy()
    found = level_shifts([flow], [np.ones(len(flow))]).iloc[0]
    assert 1871 + found["at"] - 1 == 1898
    assert found["before"] == pytest.approx(1097.75)
    assert found["after"] == pytest.approx(849.972, abs=5e-4)


def test_n42_the_mines_became_safer_after_1891():
    """Carlin, Gelfand & Smith 1992, Appl Stat 41:389-405. Read backwards it is a rise, from a known rate."""
    years = np.array([int(digit) for digit in COAL])
    after, before = years[41:], years[:41]
    assert before.mean() == pytest.approx(3.097561, abs=1e-6) and after.mean() == pytest.approx(
        0.901408, abs=1e-6
    )
    assert 1962 - risen_since(years[::-1], after.mean()) == 1891
    assert risen_since(np.zeros(5), 1.0) == 0
