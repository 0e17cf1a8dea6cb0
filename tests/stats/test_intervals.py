import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from complaintlib.stats.intervals import (
    mean_difference,
    median,
    median_difference,
    proportion,
    proportion_difference,
    quantile,
    quantile_from_counts,
    rate,
    rate_ratio,
    simultaneous_shares,
)

LIMITS = ["low", "high"]
FEW = settings(max_examples=40, deadline=None)


def test_n08_wilson_against_newcombe_1998():
    """Newcombe (1998) Stat Med 17:857-872, table I; R prop.test. 1e-7 as printed."""
    found = proportion([81, 15, 0, 1], [263, 148, 20, 29])
    assert found["estimate"].tolist() == [81 / 263, 15 / 148, 0, 1 / 29]
    published = [[0.2552885, 0.3662096], [0.0623864, 0.1604872], [0, 0.1611252], [0.0061132, 0.1717552]]
    np.testing.assert_allclose(found[LIMITS], published, atol=6e-8)


def test_n09_clopper_pearson_within_simultaneous_shares():
    """R binom.test: two classes at 90 % are each 95 % exact limits. 1e-7 as printed."""
    found = simultaneous_shares([81, 182], level=0.9)
    np.testing.assert_allclose(found.loc[0, LIMITS].to_numpy(float), [0.2527367, 0.3676219], atol=6e-8)
    found = simultaneous_shares([1, 28], level=0.9)
    np.testing.assert_allclose(found.loc[0, LIMITS].to_numpy(float), [0.0008727, 0.1776443], atol=6e-8)


def test_n10_newcombe_difference_against_the_paper():
    """Newcombe (1998) Stat Med 17:873-890, table II, method 10. 1e-7."""
    found = proportion_difference(
        [56, 9, 6, 5, 0, 10], [70, 10, 7, 56, 10, 10], [48, 3, 2, 0, 0, 0], [80, 10, 7, 29, 20, 20]
    )
    published = [
        [0.0524315, 0.3338727],
        [0.1705227, 0.8090180],
        [0.0582279, 0.8062496],
        [-0.0381371, 0.1925600],
        [-0.1611252, 0.2775328],
        [0.6790860, 1],
    ]
    np.testing.assert_allclose(found[LIMITS], published, atol=6e-8)


def test_n11_garwood_against_r():
    """R poisson.test. 1e-6 as printed."""
    found = rate([0, 1, 5, 10, 20, 100], 1)
    published = [
        [0, 3.688879],
        [0.0253178, 5.571643],
        [1.623486, 11.668332],
        [4.795389, 18.390356],
        [12.216520, 30.888378],
        [81.363991, 121.626794],
    ]
    np.testing.assert_allclose(found[LIMITS], published, atol=6e-7)
    per = rate(10, 50)
    np.testing.assert_allclose(per[["estimate", *LIMITS]], [[0.2, 4.795389 / 50, 18.390356 / 50]], atol=2e-8)


def test_n12_garwood_comes_close_to_byar_for_large_counts():
    """Byar's approximation with O + 0.5, R epitools: 5, 10, 20 to 1e-6; the exact limits of 2,000 lie within 0.1 % of it."""

    def byar(count: float) -> tuple[float, float]:
        middle, z = count + 0.5, norm.isf(0.025)
        step = z / 3 / np.sqrt(middle)
        return middle * (1 - 1 / (9 * middle) - step) ** 3, middle * (1 - 1 / (9 * middle) + step) ** 3

    published = {5: (1.896388, 10.959559), 10: (5.133753, 17.740482), 20: (12.602248, 30.281784)}
    for count, limits in published.items():
        assert byar(count) == pytest.approx(limits, abs=1e-6)
    assert rate([2000], [1]).loc[0, ["low", "high"]].tolist() == pytest.approx(byar(2000), rel=1e-3)


def test_n13_rate_ratio_against_r():
    """R ?poisson.test, breast cancer after fluoroscopy: 11 in 800 against 21 in 3011. p 1e-7, limits 1e-4."""
    found = rate_ratio(11, 800, 21, 3011).iloc[0]
    assert found["p"] == pytest.approx(0.0796686, abs=6e-8)
    assert found["estimate"] == pytest.approx((11 / 800) / (21 / 3011))
    np.testing.assert_allclose(found[LIMITS].to_numpy(float), [0.8584, 4.2773], atol=6e-5)


def test_n17_quantile_of_type_7():
    """R quantile(1:10, .9) = 9.1; numpy's default agrees on any list."""
    assert quantile_from_counts(range(1, 11), np.ones(10), 0.9) == pytest.approx([9.1])
    listed = np.repeat([3, 1, 7, 2], [4, 1, 3, 5])
    q = np.linspace(0, 1, 41)
    np.testing.assert_allclose(quantile_from_counts([3, 1, 7, 2], [4, 1, 3, 5], q), np.quantile(listed, q))


def test_n48_welch_against_r():
    """R t.test(extra ~ group, sleep) (Student 1908): p .07939414, interval -3.3654832 to 0.2054832."""
    one = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    two = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    found = mean_difference(10, one.mean(), one.var(ddof=1), 10, two.mean(), two.var(ddof=1)).iloc[0]
    assert found["p"] == pytest.approx(0.07939414, abs=5e-9)
    np.testing.assert_allclose(found[LIMITS].to_numpy(float), [-3.3654832, 0.2054832], atol=6e-8)


def test_median_by_hand():
    """Conover (1999), order statistics: of 10 values ranks 2 and 9 cover the median with 97.9 %."""
    assert median(range(1, 11)).tolist() == [5.5, 2, 9]
    assert median([1, 2, 3, 4, 5]).isna().tolist() == [False, True, True]
    assert median(range(6))[LIMITS].tolist() == [0, 5]
    assert quantile(range(35), q=0.9)["high"].isna().all()
    assert quantile(range(36), q=0.9)["high"].notna().all()


def test_median_difference_of_shifted_groups_by_hand():
    """Both intervals reach 3.5 either way, so that of the difference reaches 3.5 x root 2."""
    found = median_difference(np.arange(1, 11) + 20, None, range(1, 11), None)
    reach = 3.5 * np.sqrt(2)
    assert found[["estimate", *LIMITS]].tolist() == pytest.approx([20, 20 - reach, 20 + reach])
    assert found["p"] < 1e-9
    assert median_difference(range(10), None, range(10), None)["p"] == 1


def test_ratio_of_medians_scales_with_the_unit():
    a, b = np.arange(20, 60), np.arange(10, 70)
    minutes = median_difference(a, None, b, None, ratio=True)
    hours = median_difference(a / 60, None, b / 60, None, ratio=True)
    pd.testing.assert_series_equal(minutes, hours)
    assert minutes["low"] < minutes["estimate"] < minutes["high"]


@pytest.mark.parametrize(
    "found",
    [
        proportion([0, np.nan], [0, 3]),
        proportion_difference([0, 1], [0, 2], [1, 0], [2, 0]),
        rate([0, np.nan], [0, 2]),
        rate_ratio([0, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0]),
        simultaneous_shares([0, 0]),
        mean_difference([1, 0], 1, 0, 5, 1, 1)[[*LIMITS, "p"]],
        median([]).to_frame(),
        median_difference([], None, [1], None).to_frame(),
    ],
)
def test_nothing_to_go_by_is_missing_not_zero(found):
    assert found.isna().all(axis=None)


def test_empty_in_empty_out():
    for found in (proportion([], []), rate([], []), rate_ratio([], [], [], []), simultaneous_shares([])):
        assert len(found) == 0
    assert np.isnan(quantile_from_counts([], [], 0.5)).all()


def test_zero_cases_and_all_cases():
    assert rate_ratio(0, 1, 5, 1)[["estimate", "low"]].iloc[0].tolist() == [0, 0]
    assert rate_ratio(5, 1, 0, 1)[["estimate", "high"]].iloc[0].tolist() == [np.inf, np.inf]
    assert simultaneous_shares([7]).iloc[0].tolist() == [1, 1, 1]
    assert simultaneous_shares([7, 0]).loc[1, "low"] == 0
    assert proportion_difference([0, 5], 5, [0, 5], 5)["p"].tolist() == [1, 1]


def test_index_of_a_series_is_kept_and_a_foreign_one_refused():
    k = pd.Series([1, 2], index=["b", "a"])
    assert proportion(k, 10).index.tolist() == ["b", "a"]
    with pytest.raises(ValueError, match="same index"):
        proportion(k, pd.Series([10, 10], index=["a", "b"]))


@pytest.mark.parametrize("call", [lambda: proportion(3, 2), lambda: rate(-1, 1), lambda: quantile([1], [-1])])
def test_impossible_counts_are_refused(call):
    with pytest.raises(ValueError, match="needs"):
        call()


def test_p_is_fishers_mid_p_by_hand():
    """2 of 2 against 0 of 2: the table has probability 1/6; mid-p of one side 1/12, twice that 1/6."""
    assert proportion_difference(2, 2, 0, 2)["p"].item() == pytest.approx(1 / 6)


@FEW
@given(st.integers(0, 300), st.integers(1, 300))
def test_m21_intervals_hold_the_estimate_and_shrink(k, n):
    k = min(k, n)
    share, count = proportion([k, 4 * k], [n, 4 * n]), rate([k, 4 * k], [n, 4 * n])
    for found in (share, count):
        assert (
            (found["low"] <= found["estimate"] + 1e-12) & (found["estimate"] <= found["high"] + 1e-12)
        ).all()
        width = found["high"] - found["low"]
        assert width[1] < width[0]
    assert share["low"].min() >= 0 and share["high"].max() <= 1


@FEW
@given(st.integers(0, 60), st.integers(0, 60))
def test_comparing_the_other_way_round_mirrors(a, b):
    there, back = proportion_difference(a, 60, b, 80), proportion_difference(b, 80, a, 60)
    np.testing.assert_allclose(there[["low", "high"]], -back[["high", "low"]].to_numpy(), atol=1e-12)
    np.testing.assert_allclose(there["p"], back["p"], atol=1e-9)
    same = rate_ratio(a + 1, 2, b + 1, 3, dispersion=2)
    turned = rate_ratio(b + 1, 3, a + 1, 2, dispersion=2)
    np.testing.assert_allclose(same["low"], 1 / turned["high"])


@FEW
@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), min_size=1, max_size=12), st.floats(0, 1))
def test_a_histogram_is_the_list_of_its_cases(pairs, q):
    values, n = map(np.array, zip(*pairs, strict=True))
    listed = np.repeat(values, n)
    if len(listed):
        np.testing.assert_allclose(quantile_from_counts(values, n, q), np.quantile(listed, q), atol=1e-6)
        pd.testing.assert_frame_equal(quantile(values, n, q=q), quantile(listed[::-1], q=q))


def test_dispersion_widens_and_raises_p():
    plain, bursty = rate_ratio(30, 1, 15, 1), rate_ratio(30, 1, 15, 1, dispersion=3)
    assert plain["p"].item() < 0.05 < bursty["p"].item()
    assert bursty["low"].item() < 1 < plain["low"].item()
    assert proportion_difference(30, 100, 15, 100, dispersion=3)["p"].item() > 0.05


# ------------------------------------------------------------------------------------------- simulation


def test_c09_wilson_covers():
    """Nominal 95 %, 93-97 % at n = 20, 50, 200 around .95 (exact sums, no chance)."""
    from scipy.stats import binom

    for n in (20, 50, 200):
        k = np.arange(n + 1)
        found = proportion(k, n)
        inside = (found["low"] <= 0.95) & (found["high"] >= 0.95)
        assert 0.92 <= binom.pmf(k, n, 0.95)[inside].sum() <= 0.98


def test_c06_rate_ratio_keeps_its_level_also_when_counts_come_in_bursts():
    """No change: p < .05 in at most 5 % (tolerance 1.5 points of 1,000), the interval misses 1 as rarely."""
    rng = np.random.default_rng(11)
    for phi, draw in (
        (1, lambda m: rng.poisson(m, 1000)),
        (3, lambda m: rng.negative_binomial(m / 2, 1 / 3, 1000)),
    ):
        found = rate_ratio(draw(20), 1, draw(240), 12, dispersion=phi)
        assert (found["p"] < 0.05).mean() < 0.065
        assert ((found["low"] > 1) | (found["high"] < 1)).mean() < 0.065


def test_p_of_a_difference_keeps_its_level_for_rare_shares_in_unequal_groups():
    rng = np.random.default_rng(12)
    found = proportion_difference(rng.binomial(200, 0.01, 3000), 200, rng.binomial(2400, 0.01, 3000), 2400)
    assert (found["p"] < 0.05).mean() < 0.055
    assert (found["p"] < 0.01).mean() < 0.015


def test_simultaneous_shares_cover_all_classes_at_once():
    """Nominal 95 %; at least 93.5 % of 300 samples, for few and for many cases, rare classes among them."""
    rng = np.random.default_rng(13)
    share = np.array([0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.01, 0.01])
    for n in (50, 1000):
        frames = [simultaneous_shares(counts) for counts in rng.multinomial(n, share, 300)]
        covered = [((f["low"] <= share) & (share <= f["high"])).all() for f in frames]
        assert np.mean(covered) >= 0.935


def test_median_difference_covers():
    """Skewed handling times, 40 against 120 cases in whole minutes: 92-99 % of 200."""
    rng = np.random.default_rng(14)
    truth = np.exp(6) - np.exp(5.5)
    hits = []
    for _ in range(200):
        found = median_difference(
            np.ceil(rng.lognormal(6, 1.2, 40)), None, np.ceil(rng.lognormal(5.5, 1.2, 120)), None
        )
        hits.append(found["low"] <= truth <= found["high"])
    assert 0.92 <= np.mean(hits) <= 0.99
