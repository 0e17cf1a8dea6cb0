"""Synthetic control: weights that can be checked by hand, and the rank among placebos."""

import numpy as np
import pandas as pd
import pytest

from complaintlib.stats.synthetic import placebo_rank, synthetic_control

RNG = np.random.default_rng(5)
DONORS = pd.DataFrame(1 + 0.2 * RNG.normal(size=(36, 6)), columns=list("abcdef"))


def test_a_mixture_of_donors_is_found_again():
    treated = (0.25 * DONORS["a"] + 0.6 * DONORS["c"] + 0.15 * DONORS["f"]).to_numpy()
    found = synthetic_control(treated, DONORS, 24)
    assert found.weights.to_numpy() == pytest.approx([0.25, 0, 0.6, 0, 0, 0.15], abs=1e-6)
    assert found.path == pytest.approx(treated, abs=1e-6)
    assert found.error < 1e-6


def test_nothing_is_extrapolated():
    """A series above all donors gets the nearest mixture: weights >= 0 with sum 1, however bad the fit."""
    donors = pd.DataFrame({"low": np.full(10, 1.0), "high": np.full(10, 2.0)})
    found = synthetic_control(np.full(10, 3.0), donors, 6)
    assert found.weights.tolist() == pytest.approx([0, 1], abs=1e-7)
    assert found.error == pytest.approx(1.0, abs=1e-6)


def test_no_other_weights_do_better():
    """The conditions of Karush, Kuhn and Tucker: no weight can move to another donor and lessen the error."""
    treated = 1 + 0.2 * RNG.normal(size=36)
    found = synthetic_control(treated, DONORS, 30)
    gradient = DONORS.to_numpy()[:30].T @ (found.path[:30] - treated[:30])
    in_use = found.weights.to_numpy() > 1e-9
    assert np.ptp(gradient[in_use]) < 1e-5
    assert gradient[~in_use].min() > gradient[in_use].mean() - 1e-5
    assert found.weights.sum() == pytest.approx(1)


def test_difference_in_differences_with_one_donor_against_card_and_krueger():
    """N52: 20.44 to 21.03 against 23.33 to 21.17 employees (Card & Krueger 1994, AER 84:772, table 3, rounded means)."""
    treated, other = np.array([20.44, 21.03]), np.array([23.33, 21.17])
    donors = pd.DataFrame({"Pennsylvania": other - other[0]})
    found = synthetic_control(treated - treated[0], donors, 1)
    assert (treated - treated[0] - found.path)[1] == pytest.approx(2.75)


def test_a_gap_like_none_of_the_donors_ranks_first():
    rng = np.random.default_rng(8)
    donors = pd.DataFrame(1 + 0.1 * rng.normal(size=(36, 20)))
    treated = 1 + 0.1 * rng.normal(size=36)
    assert placebo_rank(np.where(np.arange(36) >= 30, treated - 0.8, treated), donors, 30) == (1 / 21, 20)
    assert placebo_rank(treated, donors, 30)[0] > 0.1


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="donors"):
        synthetic_control(np.ones(5), pd.DataFrame(index=range(5)), 3)
    with pytest.raises(ValueError, match="values"):
        synthetic_control(np.ones(5), pd.DataFrame({"a": [1, 2, np.nan, 1, 1]}), 3)
