import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, nbinom, poisson

from complaintlib.stats.charts import count_limits, p_chart, share_limits, u_chart, xmr
from complaintlib.stats.runs import Rules, rules_for

JUICE = [
    12,
    15,
    8,
    10,
    4,
    7,
    16,
    9,
    14,
    10,
    5,
    6,
    17,
    12,
    22,
    8,
    10,
    5,
    13,
    11,
    20,
    18,
    24,
    15,
    9,
    12,
    7,
    13,
    9,
    6,
]
DEFECTS = [16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13]
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def ends(chart):
    return chart.centre, chart.frame["upper"].iloc[0], chart.frame["lower"].iloc[0]


def test_n14_individuals_chart_against_nist():
    """NIST e-Handbook 6.3.2.2, batch processes: mean 50.81, mean moving range 1.8778, limits with 3 / 1.128. 1e-4."""
    chart = xmr(FLOW, limits="shewhart")
    assert ends(chart) == pytest.approx((50.81, 55.8041, 45.8159), abs=6e-5)
    assert chart.sigma_z * 1.128 == pytest.approx(1.877778, abs=1e-6)


def test_n14_individuals_chart_against_montgomery():
    """Montgomery, Applied Statistics: mean 53.05, mean moving range 2.947 give 60.888 and 45.212. The limits depend on
    the data through these two only, so a series that has them stands for the book's."""
    chart = xmr([53.05 + 2.947 / 2, 53.05 - 2.947 / 2] * 10, limits="shewhart")
    assert chart.centre == pytest.approx(53.05, abs=1e-9)
    assert chart.frame[["lower", "upper"]].iloc[0].tolist() == pytest.approx([45.212, 60.888], abs=1e-3)


def test_n15_p_chart_against_nist():
    """NIST e-Handbook 6.3.3.2, 30 samples of 50: p .2313, limits .4102 and .0524. 1e-4 as printed."""
    chart = p_chart(JUICE, [50] * 30, dispersion=1, limits="shewhart")
    assert ends(chart) == pytest.approx((0.2313, 0.4102, 0.0524), abs=6e-5)


def test_n16_c_chart_against_nist():
    """NIST e-Handbook 6.3.3.1, 25 wafers: c 16, limits 28 and 4; 31 is the only point outside. Exact."""
    chart = u_chart(DEFECTS, dispersion=1, limits="shewhart")
    assert chart.kind == "c"
    assert ends(chart) == pytest.approx((16, 28, 4))
    assert np.flatnonzero(chart.frame["beyond"]).tolist() == [23]


def test_p_chart_against_qcc(shared_data):
    """R qcc on the same 30 samples (limits 1e-12, the same two points outside)."""
    reference = pd.read_csv(shared_data / "spc" / "reference_limits_from_qcc.csv").set_index("chart").loc["p"]
    trial = pd.read_csv(shared_data / "spc" / "orangejuice.txt", sep="\t").query("trial")
    chart = p_chart(trial["D"], trial["size"], dispersion=1, limits="shewhart")
    assert ends(chart) == pytest.approx((reference["center"], reference["UCL"], reference["LCL"]), abs=1e-12)
    outside = trial["sample"][chart.frame["beyond"] != 0]
    assert outside.astype(str).tolist() == reference["beyond"].split()


def test_laney_by_hand(shared_data):
    """Laney (2002): sigma_z = mean moving range of z over 1.128; here 20 months of complaints per 1,000 sold."""
    data = pd.read_csv(shared_data / "spc" / "complaints.csv")
    per = data["sales"] / 1000
    chart = u_chart(data["complaints"], per, limits="shewhart")
    u = data["complaints"].sum() / per.sum()
    z = (data["complaints"] / per - u) / np.sqrt(u / per)
    assert chart.sigma_z == pytest.approx(z.diff().abs().mean() / 1.128)
    np.testing.assert_allclose(chart.frame["upper"], u + 3 * np.sqrt(u / per) * chart.sigma_z)


def test_limits_at_dispersion_1_are_those_of_poisson_and_of_the_negative_binomial_above():
    low, high = count_limits(0.01, [0.5, 4, 90], 1)
    assert low.tolist() == poisson.ppf(0.01, [0.5, 4, 90]).tolist()
    assert high.tolist() == poisson.isf(0.01, [0.5, 4, 90]).tolist()
    low, high = count_limits(0.01, 30, 3)
    assert (low, high) == (nbinom.ppf(0.01, 15, 1 / 3), nbinom.isf(0.01, 15, 1 / 3))
    assert nbinom.var(15, 1 / 3) == pytest.approx(90)


@pytest.mark.parametrize("n", [50, 400])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.95])
@pytest.mark.parametrize("phi", [1, 1.5, 4])
def test_share_limits_are_at_most_a_case_wider_than_the_exact_ones(n, p, phi):
    cases = (n - phi) / max(phi - 1, 1e-9)
    law = binom(n, p) if phi == 1 else betabinom(n, p * cases, (1 - p) * cases)
    low, high = share_limits(0.005, n, p, phi)
    assert law.ppf(0.005) - 1 <= low <= law.ppf(0.005)
    assert law.isf(0.005) <= high <= law.isf(0.005) + 1


def test_a_dead_month_is_not_a_zero():
    counts = pd.Series([30, 28, 33, 31, 29, 30, 32, 27, 30, 31, np.nan, 30], index=pd.RangeIndex(101, 113))
    found = u_chart(counts).frame
    assert found.index.equals(counts.index)
    assert (
        np.isnan(found.loc[111, "value"]) and not found.loc[111, "signal"] and not found.loc[111, "baseline"]
    )
    assert u_chart(counts.fillna(0)).frame.loc[111, "beyond"] == -1
    assert u_chart(counts).centre == pytest.approx(counts.mean())


def test_trial_limits_and_none_at_all():
    assert u_chart([5, 7] * 8).trial and not u_chart([5, 7] * 12).trial
    for found in (u_chart([5] * 7), p_chart([5] * 7, [9] * 7), xmr([5, 6] * 3)):
        assert found.frame[["lower", "upper"]].isna().all(axis=None)
        assert not found.frame["beyond"].any()
    assert u_chart([5] * 7, dispersion=1).frame["upper"].notna().all()


@pytest.mark.parametrize("length", [0, 1, 30])
@pytest.mark.parametrize("value", [0.0, 6.0, np.nan])
def test_m23_constant_raises_nothing(length, value):
    for chart in (u_chart([value] * length), p_chart([value] * length, [9] * length), xmr([value] * length)):
        assert len(chart.frame) == length
        assert not chart.frame["signal"].any()


def test_m23_ten_times_is_seen_and_one_after_many_zeros_is_not():
    base = np.arange(25) < 24
    for chart in (
        u_chart([6] * 24 + [60], baseline=base),
        p_chart([6] * 24 + [60], [100] * 25, baseline=base),
        xmr([6.0, 6.5] * 12 + [60], baseline=base),
    ):
        assert chart.frame["beyond"].tolist() == [0] * 24 + [1]
    assert not u_chart([0] * 24 + [1], baseline=base).frame["signal"].any()
    assert not p_chart([0] * 24 + [1], [20] * 25, baseline=base).frame["signal"].any()


def test_a_step_shows_as_a_shift_when_no_point_is_outside():
    counts = [40, 43, 37, 41, 36, 44, 42, 39] * 3 + [46] * 8
    chart = u_chart(counts, baseline=np.arange(32) < 24)
    assert chart.frame["shift"].tolist() == [0] * 31 + [1]
    assert not chart.frame["beyond"].any()
    assert not u_chart(counts, baseline=np.arange(32) < 24, rules=Rules(shift=9)).frame["signal"].any()


def test_exposure_is_taken_into_account():
    """Twice the customers, twice the complaints: nothing has happened."""
    per = np.array([100] * 24 + [200])
    counts = np.array([20, 24, 18, 22, 19, 17, 23, 21] * 3 + [41])
    base = np.arange(25) < 24
    assert not u_chart(counts, per, baseline=base).frame["signal"].any()
    assert u_chart(counts, baseline=base).frame["beyond"].iloc[-1] == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 200), min_size=8, max_size=30), st.integers(1, 50))
def test_unit_of_exposure_changes_the_unit_only(counts, factor):
    per = np.linspace(10, 20, len(counts))
    one, other = u_chart(counts, per), u_chart(counts, per * factor)
    columns = ["value", "centre", "lower", "upper"]
    np.testing.assert_allclose(one.frame[columns], other.frame[columns] * factor, rtol=1e-9, atol=1e-9)
    assert one.frame["signal"].equals(other.frame["signal"])
    assert (one.frame["lower"] <= one.frame["centre"]).all() and (
        one.frame["centre"] <= one.frame["upper"] + 1e-9
    ).all()


# ------------------------------------------------------------------------------------------- simulation


def alarms(draw, judge, series=150):
    """Share of series whose last of 25 points is outside limits of nominal 1 % from the 24 before."""
    base, rules = np.arange(25) < 24, Rules(0.99, shift=0, trend=0)
    return np.mean(
        [judge(x, baseline=base, rules=rules).frame["signal"].iloc[-1] for x in draw((series, 25))]
    )


@pytest.mark.parametrize("mean", [0.5, 10, 100])
def test_c04_c05_count_alarms_at_most_one_and_a_half_times_nominal(mean):
    """Poisson and variance mean + mean^2 / 5. Stated 1.5 %; +2 points for 150 series."""
    rng = np.random.default_rng(4)
    assert alarms(lambda size: rng.poisson(mean, size), u_chart) <= 0.035
    assert alarms(lambda size: rng.negative_binomial(5, 5 / (5 + mean), size), u_chart) <= 0.035


def test_c03_xmr_alarms():
    """Nominal 1 %: textbook limits from 24 points cry wolf more often, prediction limits do not (600 series)."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(600, 25))
    textbook = alarms(lambda _: x, lambda v, **k: xmr(v, limits="shewhart", **k))
    assert 0.01 < textbook > alarms(lambda _: x, xmr) <= 0.015


def test_c07_any_false_signal_over_all_charts():
    """Twelve overdispersed charts, rules for 10 %: at least one signal in at most 15 % of 25 months."""
    rng, base, rules = np.random.default_rng(6), np.arange(25) < 24, rules_for(12)
    months = [
        any(
            u_chart(x, baseline=base, rules=rules).frame["signal"].iloc[-1]
            for x in rng.negative_binomial(5, 1 / 5, (12, 25))
        )
        for _ in range(25)
    ]
    assert np.mean(months) <= 0.15


def test_c15_a_doubling_is_seen():
    """A doubling of 30 a month in the judged one: found in 90 % of Poisson series."""
    rng = np.random.default_rng(7)
    step = np.where(np.arange(25) < 24, 1, 2)
    assert alarms(lambda size: rng.poisson(30 * step, size), u_chart, 60) >= 0.9
