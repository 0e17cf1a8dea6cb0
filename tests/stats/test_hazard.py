import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg

from complaintlib.stats.hazard import cox
from complaintlib.stats.survival import logrank

# Freireich et al. (1963, Blood 21:699-716): weeks of remission; + is still in remission.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
FEW = settings(max_examples=25, deadline=None)


def remission() -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    words = SIX_MP.split() + PLACEBO.split()
    arm = pd.DataFrame({"arm": np.repeat(["6-MP", "placebo"], 21)})
    return np.array([float(w.rstrip("+")) for w in words]), np.array([w[-1] != "+" for w in words]), arm


def test_a_ratio_counted_by_hand():
    """a ends at 1, b at 2, both kinds equally many: the likelihood is r / (r + 1) x 1, times 1 / (1 + r) at the next."""
    found = cox([1, 2, 3, 4], True, pd.DataFrame({"kind": list("abba")}))
    # steps: a of {a a b b}, b of {a b b}, b of {a b}, a of {a}: with x the ratio of b,
    x = found.ratios.set_index("level").loc["b", "estimate"]
    likelihood = -np.log(2 + 2 * x) + np.log(x) - np.log(1 + 2 * x) + np.log(x) - np.log(1 + x)
    assert found.log_likelihood == pytest.approx(likelihood)
    slope = -2 / (2 + 2 * x) + 2 / x - 2 / (1 + 2 * x) - 1 / (1 + x)
    assert slope == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("ties", "log", "se"), [("efron", 1.572125, 0.412397), ("breslow", 1.509191, 0.409564)]
)
def test_n04_six_mp_against_r_coxph(ties, log, se):
    t, ended, arm = remission()
    row = cox(t, ended, arm, ties=ties).ratios.set_index("level").loc["6-MP"]
    assert row["coefficient"] == pytest.approx(-log, abs=6e-7)
    assert row["se"] == pytest.approx(se, abs=6e-7)
    assert row["estimate"] == pytest.approx(np.exp(-log), rel=1e-6)
    assert row["low"] < row["estimate"] < row["high"] < 1


def read(shared_data, name: str) -> pd.DataFrame:
    return pd.read_csv(shared_data / "survival" / f"{name}.csv")


def test_n05_lung_against_r_coxph(shared_data):
    lung = read(shared_data, "lung")
    found = cox(lung["time"], lung["status"] == 2, lung[["age", "sex"]]).ratios
    np.testing.assert_allclose(found["coefficient"], [0.01704533, -0.51321852], atol=6e-9)
    np.testing.assert_allclose(found["se"], [0.00922327, 0.16745796], atol=6e-9)


def test_n06_veteran_against_r_coxph_and_cox_zph(shared_data):
    """Treatment, cell type, Karnofsky score."""
    veteran = read(shared_data, "veteran")
    found = cox(veteran["time"], veteran["status"] == 1, veteran[["trt", "celltype", "karno"]])
    log = found.ratios.set_index("attribute")["coefficient"]
    assert log["trt"] == pytest.approx(0.261744, abs=6e-7)
    assert log["karno"] == pytest.approx(-0.0312713, abs=6e-8)
    assert found.attributes.loc["karno", "zph"] == pytest.approx(12.8133, abs=6e-5)
    assert found.attributes.loc["", "zph"] == pytest.approx(22.8597, abs=6e-5)
    assert found.attributes["df"].tolist() == [1, 3, 1, 5]


# -------------------------------------------------------------------------------------------------- edges


def test_nothing_no_attribute_no_end_and_one_level():
    for t, ended, kind in (
        ([], [], []),
        ([1, 2], [False, False], ["a", "b"]),
        ([1, 2], [True, True], ["a", "a"]),
    ):
        found = cox(t, ended, pd.DataFrame({"kind": np.array(kind, object)}))
        assert found.ratios[["low", "high", "p"]].isna().all().all()
        assert np.isnan(found.attributes.loc["kind", "p"])
    assert cox([1, 2], True, pd.DataFrame(index=range(2))).ratios.empty


def test_a_level_of_which_none_ended_has_no_lower_end_but_an_upper():
    """Eight a end one after another; four b are there all the time. As many ends were expected of b as the sum of
    4 x 1 / (number of a left), and 3.689 is Garwood's upper limit for none (R poisson.test)."""
    kind = pd.DataFrame({"kind": ["a"] * 8 + ["b"] * 4})
    t = [*range(1, 9), *[9] * 4]
    row = cox(t, [True] * 8 + [False] * 4, kind).ratios.set_index("level").loc["b"]
    expected = 4 * sum(1 / left for left in range(1, 9))
    assert (row["events"], row["estimate"], row["low"]) == (0, 0, 0)
    assert row["high"] == pytest.approx(3.688879 / expected, rel=1e-6)
    assert row["p"] == pytest.approx(2 * np.exp(-expected))


def test_what_another_attribute_determines_is_left_out():
    t, ended, arm = remission()
    doubled = cox(t, ended, arm.assign(ward=np.where(arm["arm"] == "6-MP", "north", "south"))).ratios
    assert doubled.set_index("attribute").loc["ward", "coefficient"].isna().all()
    assert doubled["coefficient"][0] == cox(t, ended, arm).ratios["coefficient"][0]


def test_missing_numbers_are_refused():
    with pytest.raises(ValueError, match="none missing"):
        cox([1, 2], True, pd.DataFrame({"age": [1.0, np.nan]}))


# --------------------------------------------------------------------------------------------- properties

cases = st.integers(0, 10_000).map(np.random.default_rng)


def drawn(rng) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    size = 60
    frame = pd.DataFrame({"kind": rng.choice(["a", "b", "c"], size), "load": rng.normal(size=size)})
    return rng.integers(0, 15, size), rng.random(size) < 0.7, frame


@FEW
@given(cases)
def test_counts_stand_for_repeated_rows_in_any_order(rng):
    t, ended, frame = drawn(rng)
    n = rng.integers(0, 4, len(t))
    rows = rng.permutation(np.repeat(np.arange(len(t)), n))
    counted = cox(t, ended, frame, n, strata=t % 2)
    listed = cox(t[rows], ended[rows], frame.iloc[rows], strata=t[rows] % 2)
    pd.testing.assert_frame_equal(counted.ratios, listed.ratios, rtol=1e-6, atol=1e-9)
    pd.testing.assert_frame_equal(counted.attributes, listed.attributes, rtol=1e-5, atol=1e-8)


@FEW
@given(cases)
def test_strata_agree_with_statsmodels(rng):
    t, ended, frame = drawn(rng)
    strata = rng.integers(0, 2, len(t))
    design = np.column_stack([frame["load"], frame["kind"] == "b"]).astype(float)
    theirs = PHReg(t.astype(float), design, ended.astype(int), strata=strata, ties="breslow").fit(disp=0)
    numbers = pd.DataFrame({"load": frame["load"], "b": design[:, 1]})
    ours = cox(t, ended, numbers, strata=strata, ties="breslow").ratios
    np.testing.assert_allclose(ours["coefficient"], theirs.params, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours["se"], theirs.bse, rtol=1e-5)


def test_the_score_test_is_near_the_logrank_test():
    """Two groups without ties: Wald's and the log-rank chi2 answer the same question."""
    rng = np.random.default_rng(5)
    group = np.repeat(["a", "b"], 400)
    t = rng.exponential(np.where(group == "a", 10, 12))
    found = cox(t, True, pd.DataFrame({"group": group}))
    assert found.attributes.loc["group", "chi2"] == pytest.approx(logrank(t, True, group).chi2, rel=0.03)


# --------------------------------------------------------------------------------------------- simulation


def test_a_slow_department_is_told_from_a_hard_product_and_a_changing_ratio_is_noticed():
    """Truth: department x closes half as fast, product q 0.7 times; x has more q. 95 % intervals hold it in 91-99 %
    of 200 runs, and the test for a changing ratio calls 2-9 % of them at 5 %. A ratio that turns is called."""
    rng, held, called, runs = np.random.default_rng(6), 0, 0, 200
    for _ in range(runs):
        slow = rng.random(400) < 0.3
        hard = rng.random(400) < np.where(slow, 0.6, 0.2)
        length = rng.exponential(10 / (np.where(slow, 0.5, 1) * np.where(hard, 0.7, 1)))
        age = rng.uniform(0, 40, 400)
        frame = pd.DataFrame({"department": np.where(slow, "x", "y"), "product": np.where(hard, "q", "r")})
        found = cox(np.floor(np.minimum(length, age) * 24), length < age, frame)
        row = found.ratios.set_index("level").loc["x"]
        held += row["low"] < 0.5 < row["high"]
        called += found.attributes.loc["", "zph_p"] < 0.05
    assert 0.91 * runs <= held <= 0.99 * runs
    assert 0.02 * runs <= called <= 0.09 * runs
    turning = np.append(rng.weibull(0.6, 400), rng.weibull(2.0, 400))
    found = cox(turning, True, pd.DataFrame({"department": np.repeat(["x", "y"], 400)}))
    assert found.attributes.loc["department", "zph_p"] < 1e-6
