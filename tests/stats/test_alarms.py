import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from complaintlib.stats.alarms import cusum, ears, farrington, farrington_flexible
from complaintlib.stats.alarms.learnt import predicted

OURS = "3 5 2 4 6 3 7 4 5 2 6 8 4 6 3 5 7 4 8 5 6 3 7 9 5 7 4 6 8 5 9 6 7 4 8 10 6 8 5 7 9 6 10 7 8 5 9 21"  # N45
OURS = np.array(OURS.split(), int)


@pytest.fixture(scope="module")
def surveillance(shared_data):
    """The counts of a disease, and what R's surveillance 1.20.3 made of them; positions begin at 1 there."""

    def series(name):
        return pd.read_csv(shared_data / f"surveillance/series/{name}.csv")["observed_observed1"].to_numpy()

    def reference(name):
        found = pd.read_csv(shared_data / f"surveillance/reference_alarms/{name}.csv")
        return found.set_index(found["t"] - 1)

    return series, reference


def agrees(found, reference, tolerance):
    """Bounds (within `tolerance`, relative), alarms, and no bound in the same places; returns why there is none."""
    found = found.loc[reference.index]
    assert found["upper"].to_numpy() == pytest.approx(
        reference["upperbound"].to_numpy(), rel=tolerance, nan_ok=True
    )
    unjudged = reference["upperbound"].isna().to_numpy()
    assert found["alarm"].to_numpy()[~unjudged].tolist() == (reference["alarm"] == 1)[~unjudged].tolist()
    assert not found["alarm"].to_numpy()[unjudged].any()
    return found["why"][unjudged].unique().tolist()


# ------------------------------------------------------------------------------------------------ published


@pytest.mark.parametrize(
    ("name", "years", "weeks"),
    [("k1", 3, 52), ("m1", 3, 52), ("n1", 3, 52), ("s1", 3, 52), ("salmonella.agona", 5, 104)],
)
def test_farrington_against_surveillance(surveillance, name, years, weeks):
    series, reference = surveillance
    found = farrington(series(name), 52, years_back=years, judged=weeks)
    agrees(found, reference(f"{name}_farrington_b{years}w3"), 1e-3)
    assert ((found["why"] == "few") == (found["upper"] == 0)).all()


def test_n43_farrington_weeks_290_to_312(surveillance):
    series, _ = surveillance
    upper = farrington(series("salmonella.agona"), years_back=4, alpha=0.01, judged=23)["upper"]
    assert upper.iloc[:5].tolist() == pytest.approx(
        [5.294677, 6.094826, 7.680342, 13.246239, 13.258656], rel=1e-5
    )
    assert upper.iloc[-1] == pytest.approx(17.290589, rel=1e-5)


def test_n44_flexible_weeks_290_to_312(surveillance):
    series, _ = surveillance
    found = farrington_flexible(series("salmonella.agona"), years_back=4, alpha=0.01, trend_p=0.05, judged=23)
    known = "10 11 10 12 12 12 13 13 12 12 11 11 10 10 10 9 8 8 8 8 8 8 9"
    assert found["upper"].tolist() == [float(n) for n in known.split()]


def test_n45_farrington_by_months():
    found = farrington(OURS, 12, years_back=3, half_window=1, limit54=(1, 1), judged=12)
    known = [11.348225, 9.115584, 9.732052, 10.056996, 10.655364, 12.145172]
    known += [10.976787, 12.145172, 9.732052, 10.655364, 12.555632, 13.022108]
    assert found["upper"].tolist() == pytest.approx(known, rel=1e-5)
    assert found.index[found["alarm"]].tolist() == [47]


def test_n46_ears_by_months():
    upper = ears(OURS, 12, alpha=0.01)["upper"].iloc[19:24]
    assert upper.tolist() == pytest.approx([9.471909, 9.425817, 9.425817, 9.425817, 9.900481], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (
            "original_like",
            {
                "season_groups": 1,
                "weights_threshold": 1,
                "past_not_included": 3,
                "trend_p": 0.05,
                "threshold_method": "delta",
            },
        ),
        ("improved", {}),
    ],
)
def test_flexible_against_surveillance(surveillance, name, asked):
    """The weeks are those of the calendar, with years of 53; R's NA are weeks with too few cases in the last four."""
    series, reference = surveillance
    counts = series("stsNewport")
    monday = pd.date_range("2001-01-01", periods=len(counts), freq="7D")
    found = farrington_flexible(counts, 52, years_back=4, dates=monday, judged=104, **asked)
    assert agrees(found, reference(f"stsNewport_farringtonFlexible_{name}"), 1e-3) == ["few"]


@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
@pytest.mark.parametrize("name", ["k1", "m1", "n1", "s1"])
def test_ears_against_surveillance(surveillance, name, method):
    """R's NA (C3 only): seven equal counts leave no standard deviation to divide by."""
    series, reference = surveillance
    why = agrees(ears(series(name), 52, method=method), reference(f"{name}_earsC_{method}"), 1e-9)
    assert why == (["flat"] if method == "C3" else [])


# -------------------------------------------------------------------------------------------------- by hand


def test_level_only_by_hand():
    """Three years of 4 in each month compared: 4 expected, Poisson's 95 % quantile 8; a 9 alarms."""
    found = farrington_flexible([4] * 36 + [9], 12, years_back=3, trend=False, judged=1).iloc[0]
    assert found["expected"] == pytest.approx(4)
    assert found["upper"] == stats.poisson.ppf(0.95, 4) == 8
    assert found["alarm"] and found["why"] == "" and found["compared"] == 30  # 36 less the last half year
    assert found["p"] < 0.05
    assert found["low"] <= 1 and found["high"] >= 8


def test_exposure_makes_rates():
    """Twice the orders, twice the complaints: nothing to see; without the orders an alarm."""
    orders = np.r_[np.full(48, 100), 200]
    counts = np.r_[np.full(48, 20), 40]
    told = farrington_flexible(counts, 12, exposure=orders, judged=1).iloc[0]
    blind = farrington_flexible(counts, 12, judged=1).iloc[0]
    assert told["expected"] == pytest.approx(40)
    assert not told["alarm"] and blind["alarm"]


def test_past_outbreak_is_weighted_down():
    """An outbreak a year ago does not hide today's."""
    counts = np.tile([10, 11, 9, 10, 12, 8], 8) + 0
    counts = np.r_[counts, counts[:1] + 15]
    counts[36] = 90
    weighted = farrington_flexible(counts, 12, judged=1).iloc[0]
    plain = farrington_flexible(counts, 12, judged=1, reweight=False).iloc[0]
    assert weighted["alarm"] and not plain["alarm"]


def test_ears_by_hand():
    """Mean 2 and standard deviation 1 before: bound 2 + 1.645. The two weeks before do not count in C2."""
    weeks = [1, 2, 3, 1, 2, 3, 2, 9, 9, 4]
    first = ears(weeks, alpha=0.05).iloc[7]
    assert (first["expected"], first["alarm"]) == (2, True)
    assert first["upper"] == pytest.approx(2 + 1.644854 * np.std(weeks[:7], ddof=1))
    later = ears(weeks, method="C2", alpha=0.05).iloc[9]
    assert later["expected"] == 2 and later["alarm"]
    assert not ears(weeks, alpha=0.05).iloc[9]["alarm"]


def test_the_predictive_law_by_hand():
    """8 cases in 4 periods of exposure 1: the next is negative binomial of size 8.5 and chance 4/5; P(0) = 0.8^8.5."""
    past, one = np.array([[2.0], [2.0], [2.0], [2.0]]), np.ones((4, 1))
    found = predicted(past, one, np.ones(1), np.array([0.0])).iloc[0]
    assert found["expected"] == 2 and found["low"] == 0
    assert found["p"] == pytest.approx(1 - 0.8**8.5 / 2)


def test_cusum_by_hand():
    """Large Poisson counts one standard deviation up: the sum grows by a half a period, from the first on."""
    found = cusum([10_000] * 3 + [10_100] * 20, 10_000.0)
    assert found["cusum"].iloc[:3].tolist() == pytest.approx([0, 0, 0], abs=0.01)
    assert found["cusum"].iloc[22] == pytest.approx(10, abs=0.2)
    assert found["since"].iloc[22] == 3
    assert found["p"].iloc[22] == pytest.approx(np.exp(-found["cusum"].iloc[22] - 0.583))
    assert found.index[found["alarm"]].min() == 3 + 12  # 13 halves are above log(1000) - .583


# ---------------------------------------------------------------------------------------------------- edges


def test_why_there_is_no_judgement():
    short = farrington_flexible([5] * 20, 12)
    assert set(short["why"]) == {"history"} and not short["alarm"].any()
    rare = farrington_flexible([0] * 60 + [1], 12, judged=1).iloc[0]
    assert rare["why"] == "few" and np.isnan(rare["upper"]) and 0.001 < rare["p"] < 0.1
    gone = farrington_flexible([5.0] * 60 + [np.nan], 12, judged=1).iloc[0]
    assert gone["why"] == "missing" and not gone["alarm"]
    born = farrington_flexible(np.r_[np.full(55, np.nan), np.full(6, 9)], 12, judged=1).iloc[0]
    assert born["why"] == "history"
    assert set(ears([1.0, 2, 3])["why"]) == {"history"}


def test_never_seen_before():
    """After five years of 0, a burst alarms, and its p is small but not 0."""
    found = farrington_flexible([0] * 60 + [7], 12, judged=1).iloc[0]
    assert found["alarm"] and 0 < found["p"] < 1e-3


@pytest.mark.parametrize("judged", [0, 1, 5])
def test_as_many_rows_as_judged(judged):
    for found in (farrington_flexible(OURS, 12, judged=judged), ears(OURS, judged=judged)):
        assert found.index.tolist() == list(range(48 - judged, 48))


def test_unknown_settings():
    with pytest.raises(ValueError, match="threshold_method"):
        farrington_flexible(OURS, 12, threshold_method="best")
    with pytest.raises(ValueError, match="method"):
        ears(OURS, method="C4")


# ----------------------------------------------------------------------------------------------- properties


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([4, 12, 52.18]))
def test_many_at_once_are_each_alone_and_the_future_changes_nothing(seed, season):
    rng = np.random.default_rng(seed)
    counts = pd.DataFrame(rng.poisson(rng.gamma(1, 8, 3), (int(4 * season), 3)), columns=["a", "b", "c"])
    for judge in (farrington, farrington_flexible, ears):
        found = judge(counts, season, judged=4)
        for name in counts:
            alone = judge(counts[name], season, judged=4)
            pd.testing.assert_frame_equal(found.xs(name, level="series"), alone)
        before = judge(counts.iloc[:-2], season, judged=2)
        pd.testing.assert_frame_equal(before, found.loc[before.index])


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 40), st.sampled_from([12, 52]))
def test_m23_constant_series(level, season):
    """No alarm while nothing changes; an alarm on ten times as many."""
    constant = np.full(season * 4, level)
    for judge in (farrington, farrington_flexible, ears):
        found = judge(constant, season)
        assert not found["alarm"].any()
        if level > 4:
            assert judge(np.r_[constant, 10 * level], season, judged=1)["alarm"].all()


# ----------------------------------------------------------------------------------------------- simulation


@pytest.mark.parametrize("dispersion", [1, 1.5])
def test_chances_are_what_they_say(dispersion):
    """3,000 series without a change, means of .5 to 60: p below x in at most 1.3 x (2.5 x at 0.2 %)."""
    rng = np.random.default_rng(44)
    mean = (
        np.exp(rng.uniform(np.log(0.5), np.log(60), 3000))
        * (1 + 0.3 * np.sin(np.arange(60) / 12 * 2 * np.pi))[:, None]
    )
    counts = (
        rng.poisson(mean)
        if dispersion == 1
        else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion)
    )
    p = farrington_flexible(counts, 12, judged=1)["p"].to_numpy()
    assert (p < 0.1).mean() == pytest.approx(0.1, abs=0.03)
    assert (p < 0.01).mean() <= 0.013
    assert (p < 0.002).mean() <= 0.005


def test_chances_of_ears_are_what_they_say():
    """4,000 weeks after seven others, Poisson means of .3 to 30: p below 1 % in 1.5 % at most, and never 0."""
    rng = np.random.default_rng(9)
    p = ears(rng.poisson(np.exp(rng.uniform(np.log(0.3), np.log(30), 4000)), (8, 4000)), judged=1)["p"]
    assert (p < 0.1).mean() <= 0.12
    assert (p < 0.01).mean() <= 0.015
    assert ears([0] * 7 + [1])["p"].iloc[-1] > 0.02  # the bound says otherwise


def test_cusum_false_alarms():
    """400 series of 60 normal scores without a change: its chance is what it says at 5 and 1 %."""
    rng = np.random.default_rng(5)
    p = cusum(rng.poisson(30, (60, 400)), 30.0).xs(59)["p"]
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.025)
    assert (p < 0.01).mean() <= 0.02
