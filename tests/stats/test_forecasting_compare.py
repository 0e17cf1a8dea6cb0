"""Tests of equal accuracy, against published numbers, hand counts and scipy's t test."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from complaintlib.stats.forecasting.compare import against, diebold_mariano, panel_difference

# Errors of two forecasts and the statistic that the package dieboldmariano publishes for them (h = 3, absolute errors):
# 1.2109, one-sided p .877.
A = [
    0.3675225224615024, 0.5450608127223211, 0.22044990720021074, 0.8688743471040006, 0.6072512228948467,
    0.8582283746501538, 0.41662295816718187, 0.3812100211114714, 0.7185133356116706, 0.30827323290318875,
    0.4297093624074402, 0.8615974488577858, 0.7240514514808826, 0.3450839595261038, 0.19675301374013598,
]  # fmt: skip
B = [
    0.12794132529988733, 0.3679643204341153, 0.768715420996091, 0.09972248964114683, 0.27197653636654284,
    0.28797629010039505, 0.9160213458582482, 0.6112628048698798, 0.5452873235576241, 0.06785907231746158,
    0.6072666485541124, 0.6241575753989782, 0.39998026828867217, 0.19895665605941748, 0.8094941215215619,
]  # fmt: skip


def test_against_published_numbers():
    found = diebold_mariano(A, B, h=3)
    assert (found.statistic, found.p / 2, found.n) == (
        pytest.approx(1.2109, abs=5e-5),
        pytest.approx(0.123, abs=5e-4),
        15,
    )
    squared = diebold_mariano(np.arange(6.0) ** 2, np.square([0, 2, 3, 3, 5, 6]))
    assert (squared.statistic, squared.p) == (
        pytest.approx(-2.4905, abs=5e-5),
        pytest.approx(0.05513, abs=5e-6),
    )


def test_by_hand_two_steps_ahead():
    """d = 1, 2, 3, 4, 5: mean 3, autocovariances 2 and .8, variance (2 + 2 * .8) / 5 = .72, corrected by the factor
    (5 + 1 - 4 + 2 / 5) / 5 = .48: 3 / sqrt(.72) * sqrt(.48) = 2.44949."""
    found = diebold_mariano([1, 2, 3, 4, 5], [0] * 5, h=2)
    assert found.mean == 3 and found.statistic == pytest.approx(6**0.5)
    assert found.p == pytest.approx(2 * stats.t.sf(6**0.5, 4))
    assert found.lower == pytest.approx(3 - stats.t.isf(0.025, 4) * 3 / 6**0.5)


def test_one_step_ahead_it_is_the_paired_t_test():
    a, b = np.random.default_rng(1).gamma(2, 1, (2, 12))
    found, t = diebold_mariano(a, b), stats.ttest_rel(a, b)
    assert (found.statistic, found.p) == (pytest.approx(t.statistic), pytest.approx(t.pvalue))
    a[3] = np.nan
    assert diebold_mariano(a, b).p == pytest.approx(stats.ttest_rel(np.delete(a, 3), np.delete(b, 3)).pvalue)


def test_a_variance_below_zero_is_not_believed():
    """d alternates: with plain weights at h = 2 its variance would be below zero."""
    found = diebold_mariano([1.1, -1, 1, -1, 1, -1, 1, -1], [0] * 8, h=2)
    assert 0.5 < found.p <= 1 and np.isfinite(found.statistic)


def test_panel_with_one_series_or_one_origin():
    d = np.random.default_rng(2).normal(0.3, 1, 15)
    one = panel_difference(d[None], h=3)
    assert one == diebold_mariano(d, np.zeros(15), h=3)
    assert panel_difference(d[:, None]).p == pytest.approx(stats.ttest_1samp(d, 0).pvalue)


def test_panel_by_hand():
    """Series means 1, 3 and origin means 1.5, 2.5; variances of the mean 1 and .25; that of the four cells
    (.5, 1.5, 2.5, 3.5) is 5/12. 1 + .25 - 5/12 = 5/6 is less than 1, which stays: t = 2 with one degree of freedom."""
    found = panel_difference([[0.5, 1.5], [2.5, 3.5]])
    assert (found.mean, found.statistic, found.n) == (2, pytest.approx(2), 4)
    assert found.p == pytest.approx(2 * stats.t.sf(2, 1))


def test_one_surprise_shared_by_many_series_is_not_many_proofs():
    """200 panels of 50 series x 12 origins without any difference: every origin has its own luck, shared by all. 2 to
    9 % are found different at 5 %; by series alone most would be."""
    rng = np.random.default_rng(3)
    shared = [rng.normal(0, 1, (1, 12)) + rng.normal(0, 0.5, (50, 12)) for _ in range(200)]
    assert 0.02 <= np.mean([panel_difference(d).p < 0.05 for d in shared]) <= 0.09
    assert np.mean([stats.ttest_1samp(d.mean(axis=1), 0).pvalue < 0.05 for d in shared]) > 0.5


def test_too_little_to_judge():
    for found in (
        diebold_mariano([1], [2]),
        panel_difference([[1.0]]),
        panel_difference(np.full((2, 2), np.nan)),
    ):
        assert np.isnan(found.p)
    assert diebold_mariano([1, 2], [1, 2]).p == 1
    assert np.isnan(diebold_mariano([2, 3, 4], [1, 2, 3]).p)


def backtest() -> pd.DataFrame:
    """Two series, three origins, one step: naive errors 2, 2, 2 and 10, 10, 10; the model's 1, 2, 1 and 5, 15, 5."""
    rows = [
        (series, model, origin, 1, 100.0, 100 + error)
        for series, model, errors in (
            ("a", "naive", (2, -2, 2)), ("b", "naive", (10, 10, -10)),
            ("a", "model", (1, 2, -1)), ("b", "model", (5, -15, 5)),
        )
        for origin, error in enumerate(errors)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["id", "model", "origin", "h", "actual", "mean"])


def test_models_against_a_reference_by_hand():
    """Scaled by the naive errors the model has (.5 + 1 + .5) / 3 = 2/3 in a and 2.5 / 3 in b, on average 3/4."""
    found = against(backtest(), "naive")
    assert found["model"].tolist() == ["model", "naive"] and found["n"].tolist() == [2, 2]
    assert found["loss"].tolist() == pytest.approx([0.75, 1]) and found["origins"].tolist() == [3, 3]
    assert found["difference"].tolist() == pytest.approx([-0.25, 0])
    expected = panel_difference([[-0.5, 0, -0.5], [-0.5, 0.5, -0.5]])
    assert found.loc[0, ["lower", "upper", "p"]].tolist() == pytest.approx(
        [expected.lower, expected.upper, expected.p]
    )
    scaled = against(backtest(), "naive", scale=pd.Series({"a": 4.0, "b": 0.0}))
    assert scaled["loss"].tolist() == pytest.approx([1 / 3, 0.5]) and scaled["n"].tolist() == [1, 1]
    pd.testing.assert_frame_equal(against(backtest().sample(frac=1, random_state=2), "naive"), found)


def test_only_what_both_forecast_is_compared():
    part = backtest().query("not (model == 'model' and id == 'b')")
    found = against(part, "naive").set_index("model")
    assert found.loc["model", ["n", "reference_loss"]].tolist() == [1, 1]
    with pytest.raises(ValueError, match="no model 'other'"):
        against(part, "other")
