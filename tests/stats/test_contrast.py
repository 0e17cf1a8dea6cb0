import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.stats.contrast import adjusted_residuals, log_odds


def test_adjusted_residuals_against_agresti():
    """Agresti (2007), An Introduction to Categorical Data Analysis, 2nd ed., table 2.5: party by gender."""
    found = adjusted_residuals([[762, 327, 468], [484, 239, 477]])
    assert np.round(found, 2) == pytest.approx(np.array([[4.50, 0.70, -5.32], [-4.50, -0.70, 5.32]]))


def test_log_odds_by_hand():
    """40 of 200 have it: of the 10 imagined cases 2 do. 32 to 78 against 12 to 98."""
    found = log_odds([30, 70], [10, 90], prior=10)
    assert found["log_odds"][0] == pytest.approx(np.log(32 / 78) - np.log(12 / 98))
    assert found["se"][0] == pytest.approx(np.sqrt(1 / 32 + 1 / 78 + 1 / 12 + 1 / 98))
    assert found["z"][0] == pytest.approx(found["log_odds"][0] / found["se"][0])
    assert found["log_odds"][1] == pytest.approx(-found["log_odds"][0])


def test_few_cases_stay_near_0_and_the_prior_vanishes():
    """3 to 0 is infinite odds, and next to nothing with a prior; 300 to 0 is not."""
    few, many = log_odds([3, 97], [0, 100]), log_odds([300, 9700], [0, 10_000])
    assert (few["z"][0] < 1.96, many["z"][0] > 5) == (True, True)
    assert (few["log_odds"][0] < 2, many["log_odds"][0] > 5) == (True, True)
    plain = log_odds([30, 70], [10, 90], prior=1e-9)
    assert plain["log_odds"][0] == pytest.approx(np.log(30 / 70) - np.log(10 / 90), rel=1e-6)


def test_nothing_to_compare_is_missing():
    assert log_odds([0, 0], [3, 4]).isna().all().all()
    assert log_odds([5], [6]).isna().all().all()
    assert log_odds([], []).empty
    assert np.isnan(adjusted_residuals([[3, 4], [0, 0]])[1]).all()
    named = log_odds(pd.Series([1, 2], index=["a", "b"]), [2, 1])
    assert list(named.index) == ["a", "b"]


counts = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=6)


@given(counts)
@settings(max_examples=40, deadline=None)
def test_the_other_way_round_is_the_opposite(pairs):
    a, b = (list(side) for side in zip(*pairs, strict=True))
    one, two = log_odds(a, b), log_odds(b, a)
    pd.testing.assert_frame_equal(one[["log_odds", "z"]], -two[["log_odds", "z"]])
    residuals = adjusted_residuals(np.array([a, b]))
    if np.isfinite(residuals).all():
        assert residuals[0] == pytest.approx(-residuals[1])


def test_both_are_about_normal_where_there_is_nothing():
    """Shares 5 to 50 %, 400 against 1,500 cases: z has mean 0 and variance 1, and 5 % lie beyond 1.96."""
    rng = np.random.default_rng(5)
    shares = [0.5, 0.3, 0.15, 0.05]
    a, b = rng.multinomial(400, shares, 2000), rng.multinomial(1500, shares, 2000)
    z = np.array([log_odds(x, y, 1)["z"] for x, y in zip(a, b, strict=True)])
    residuals = np.array([adjusted_residuals([x, y])[0] for x, y in zip(a, b, strict=True)])
    for found, beyond in ((z, 0.05), (residuals, 0.05)):
        assert abs(found.mean()) < 0.05
        assert found.std() == pytest.approx(1, abs=0.06)
        assert (abs(found) > 1.96).mean() == pytest.approx(beyond, abs=0.012)
