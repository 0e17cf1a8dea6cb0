import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from complaintlib.stats.intervals import proportion
from complaintlib.stats.survival import (
    cumulative_incidence,
    kaplan_meier,
    logrank,
    restricted_mean_difference,
)

# Freireich et al. (1963, Blood 21:699-716): weeks of remission; + is still in remission.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
# Embury et al. (1977, Blood 49:693-701): weeks of remission in acute myelogenous leukemia.
MAINTAINED = "9 13 13+ 18 23 28+ 31 34 45+ 48 161+"
NOT_MAINTAINED = "5 5 8 8 12 16+ 23 27 30 33 43 45"
# Fleming and Harrington (1991, Counting Processes and Survival Analysis, appendix D.1): days to death in primary biliary
# cirrhosis; + is alive or had a transplant.
PBC = """
400 4500+ 1012 1925 1504+ 2503 1832+ 2466 2400 51 3762 304 3577+ 1217 3584 3672+ 769 131 4232+ 1356
3445+ 673 264 4079 4127+ 1444 77 549 4509+ 321 3839 4523+ 3170 3933+ 2847 3611+ 223 3244 2297 4467+
1350 4453+ 4556+ 3428 4025+ 2256 2576+ 4427+ 708 2598 3853 2386 1000 1434 1360 1847 3282 4459+ 2224
4365+ 4256+ 3090 859 1487 3992+ 4191 2769 4039+ 1170 3458+ 4196+ 4184+ 4190+ 1827 1191 71 326 1690
3707+ 890 2540 3574 4050+ 4032+ 3358 1657 198 2452+ 1741 2689 460 388 3913+ 750 130 3850+ 611 3823+
3820+ 552 3581+ 3099+ 110 3086 3092+ 3222 3388+ 2583 2504+ 2105 2350+ 3445 980 3395 3422+ 3336+ 1083
2288 515 2033+ 191 3297+ 971 3069+ 2468+ 824 3255+ 1037 3239+ 1413 850 2944+ 2796 3149+ 3150+ 3098+
2990+ 1297 2106+ 3059+ 3050+ 2419 786 943 2976+ 2615+ 2995+ 1427 762 2891+ 2870+ 1152 2863+ 140
2666+ 853 2835+ 2475+ 1536 2772+ 2797+ 186 2055 264 1077 2721+ 1682 2713+ 1212 2692+ 2574+ 2301+
2657+ 2644+ 2624+ 1492 2609+ 2580+ 2573+ 2563+ 2556+ 2555+ 2241+ 974 2527+ 1576 733 2332+ 2456+
2504+ 216 2443+ 797 2449+ 2330+ 2363+ 2365+ 2357+ 1592+ 2318+ 2294+ 2272+ 2221+ 2090 2081 2255+
2171+ 904 2216+ 2224+ 2195+ 2176+ 2178+ 1786 1080 2168+ 790 2170+ 2157+ 1235 2050+ 597 334 1945+
2022+ 1978+ 999 1967+ 348 1979+ 1165 1951+ 1932+ 1776+ 1882+ 1908+ 1882+ 1874+ 694 1831+ 837+ 1810+
930 1690 1790+ 1435+ 732+ 1785+ 1783+ 1769+ 1457+ 1770+ 1765+ 737+ 1735+ 1701+ 1614+ 1702+ 1615+
1656+ 1677+ 1666+ 1301+ 1542+ 1084+ 1614+ 179 1191 1363+ 1568+ 1569+ 1525+ 1558+ 1447+ 1349+ 1481+
1434+ 1420+ 1433+ 1412+ 41 1455+ 1030+ 1418+ 1401+ 1408+ 1234+ 1067+ 799 1363+ 901+ 1329+ 1320+
1302+ 877+ 1321+ 533+ 1300+ 1293+ 207 1295+ 1271+ 1250+ 1230+ 1216+ 1216+ 1149+ 1153+ 994+ 939+ 839+
788+ 4062+ 3561 2844+ 2071 3030+ 1680+ 41 2403+ 1170+ 2011 3523+ 3468+ 4795+ 1236+ 4214+ 2111 1462
1746 94 785 1518 466 3527+ 2635+ 2286 791 3492+ 3495+ 111 3231+ 625 3157+ 3021+ 559 2812 2834+ 2855+
662 727 2716+ 2698+ 990 2338+ 1616 2563+ 2537+ 2534+ 778 617+ 2267+ 2249+ 359 1925+ 249 2202+ 43
1197 1095 489 2149+ 2103+ 1980+ 1347+ 1478 1987+ 1168 597 1725+ 1899+ 221 1022+ 1639+ 1635+ 1654+
1653+ 1560+ 1581+ 1419+ 1443+ 1368+ 193 1367+ 1329+ 1343+ 1328+ 1375+ 1260+ 1223+ 935 943+ 1141+
1092+ 1150+ 703 1129+ 1086+ 1067+ 1072+ 1119+ 1097+ 989+ 681 1103+ 1055+ 691+ 976+
"""
FEW = settings(max_examples=40, deadline=None)


def lengths(text: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(x.rstrip("+")) for x in text.split()]), np.array(
        [x[-1] != "+" for x in text.split()]
    )


def both(a: str, b: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    (t, ended), (u, stopped) = lengths(a), lengths(b)
    return (
        np.append(t, u),
        np.append(ended, stopped),
        np.append(np.full(len(t), "a"), np.full(len(u), "b")),
    )


def test_a_curve_counted_by_hand():
    """Four cases: one ends at 1, one is open at 1, two end at 3 of which one is counted in `counts`."""
    curve = kaplan_meier([3, 1, 1], [True, True, False], counts=[2, 1, 1])
    assert curve.times.tolist() == [1, 3]
    assert curve.at_risk.tolist() == [4, 2]
    assert curve.events.tolist() == [1, 2]
    assert curve.survival.tolist() == [0.75, 0]
    assert curve.se[0] == pytest.approx(0.75 * np.sqrt(1 / 12))
    assert curve.median == 3
    assert curve.restricted_mean(3).estimate == 1 + 2 * 0.75
    assert curve.at(2).estimate == 0.75
    assert curve.within([0, 1, 3, 9]).estimate.tolist() == [0, 0.25, 1, 1]


def test_n01_n02_six_mp_against_r():
    """R survfit on MASS's gehan (Cox 1972, JRSS B 34:187-220; Kalbfleisch & Prentice). 6 decimals as printed."""
    curve = kaplan_meier(*lengths(SIX_MP))
    at = curve.at([6, 7, 10, 13, 16, 22, 23])
    printed = [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179]
    np.testing.assert_allclose(at.estimate, printed, atol=6e-7)
    np.testing.assert_allclose(at.se[[0, -1]], [0.0763604, 0.1345915], atol=6e-8)
    assert at.low[0] == pytest.approx(0.719817, abs=6e-7)
    assert at.high[0] == 1
    assert curve.median == 23
    assert kaplan_meier(*lengths(PLACEBO)).median == 8


def test_n07_restricted_mean_of_pbc_against_r():
    """R survfit on survival::pbc, print(rmean=3650): 418 patients, 161 deaths; digits as printed."""
    curve = kaplan_meier(*lengths(PBC))
    assert (curve.at_risk[0], curve.events.sum()) == (418, 161)
    mean = curve.restricted_mean(3650)
    assert (round(mean.estimate, 4), round(mean.se, 4)) == (2615.3028, 66.2157)
    assert (curve.median, curve.median_interval) == (3395, (3090, 3853))


def test_n03_logrank_against_r_survdiff():
    assert logrank(*both(SIX_MP, PLACEBO)).chi2 == pytest.approx(16.79294099, abs=1e-8)
    found = logrank(*both(MAINTAINED, NOT_MAINTAINED))
    assert found.chi2 == pytest.approx(3.39639, abs=6e-6)
    assert found.p == pytest.approx(0.06534, abs=6e-6)
    assert found.df == 1
    assert found.table["observed"].tolist() == [7, 11]
    assert found.table["expected"].sum() == pytest.approx(18)


def ended(shared_data, name: str) -> pd.DataFrame:
    frame = pd.read_csv(shared_data / "survival" / f"{name}.csv")
    return frame.assign(ended=frame["status"] == (2 if name == "lung" else 1))


def test_curves_against_r_on_real_data(shared_data):
    """Number, events, restricted mean, median and its limits of R's survfit on seven curves. 1e-6."""
    reference = pd.read_csv(shared_data / "survival" / "reference_km_from_R.csv")
    assert len(reference) == 7
    for row in reference.itertuples():
        frame = ended(shared_data, row.dataset.partition("(")[0])
        limit = frame["time"].max() if row.dataset == "lung" else None  # R's common limit of the two sexes
        if row.stratum != "all":
            column, _, value = row.stratum.partition("=")
            frame = frame[frame[column].astype(str) == value]
        curve = kaplan_meier(frame["time"], frame["ended"])
        assert (len(frame), curve.events.sum()) == (row.n, row.events)
        found = [curve.restricted_mean(limit).estimate, curve.median, *curve.median_interval]
        np.testing.assert_allclose(found, [row.rmean, row.median, row.lcl, row.ucl], rtol=0, atol=1e-6)


def test_lung_by_sex_against_r(shared_data):
    """R survdiff 10.3267 (p 0.0013); standard errors of the restricted means as survfit prints them: 22.9, 34.7."""
    lung = ended(shared_data, "lung")
    found = logrank(lung["time"], lung["ended"], lung["sex"])
    assert found.chi2 == pytest.approx(10.3267, abs=6e-5)
    assert found.p == pytest.approx(0.0013, abs=6e-5)
    curves = [kaplan_meier(part["time"], part["ended"]) for _, part in lung.groupby("sex")]
    assert [round(float(c.restricted_mean(1022).se), 1) for c in curves] == [22.9, 34.7]
    saved = restricted_mean_difference(*curves, 960)
    means = [c.restricted_mean(960) for c in curves]
    assert saved.estimate == means[0].estimate - means[1].estimate
    assert saved.se == pytest.approx(np.hypot(means[0].se, means[1].se))
    assert saved.high < 0
    assert saved.p < 0.01
    assert np.isnan(restricted_mean_difference(*curves, 1000).estimate)  # no woman was seen so long


# -------------------------------------------------------------------------------------------------- edges


def test_nothing_one_case_no_end_and_all_at_once():
    empty = kaplan_meier([], [])
    assert np.isnan([empty.median, *empty.median_interval, *empty.at(1), *empty.restricted_mean()]).all()
    assert np.isnan(empty.within([0, 5]).estimate).all()

    one = kaplan_meier([5], [True])
    assert (one.median, one.at(4).estimate, one.at(5).estimate) == (5, 1, 0)

    never = kaplan_meier([5, 7], [False, False])
    assert np.isnan(never.median)
    assert never.at([6, 7]).estimate.tolist() == [1, 1]
    assert np.isnan(never.at(8).estimate)  # later than anything seen

    at_once = kaplan_meier([0], [True], counts=[1000])
    assert at_once.median == 0
    assert at_once.within(0).estimate == 1
    assert at_once.within(0).low == pytest.approx(proportion(1000, 1000)["low"][0])
    assert at_once.restricted_mean(10).estimate == 0


@pytest.mark.parametrize(
    "wrong",
    [([-1], [True]), ([np.nan], [True]), ([1], [True], [0.5]), ([1], [True], None, [2]), ([1], [True], [-1])],
)
def test_impossible_lengths_and_counts_are_refused(wrong):
    with pytest.raises(ValueError, match="needs"):
        kaplan_meier(*wrong)


def test_tests_that_cannot_be_made_have_no_p():
    assert np.isnan(logrank([1, 2], [True, True], ["a", "a"]).p)
    assert np.isnan(logrank([1, 2], [False, False], ["a", "b"]).p)
    assert np.isnan(logrank([], [], []).p)
    assert restricted_mean_difference(*[kaplan_meier([1, 2], [1, 1])] * 2, limit=2).p == 1


def test_competing_ends_that_nobody_had():
    nobody = cumulative_incidence([1, 2], ["", ""])
    assert nobody.incidence.shape == (2, 0)
    assert nobody.survival.tolist() == [1, 1]
    assert cumulative_incidence([], []).at(3).empty
    late = cumulative_incidence([1, 2], ["closed", ""])
    assert np.isnan(late.at(3).loc["closed", "estimate"])
    assert late.at(0).loc["closed", "estimate"] == 0


# --------------------------------------------------------------------------------------------- properties

cases = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["", "closed", "merged", "withdrawn"]), st.integers(1, 4)),
    min_size=1,
    max_size=30,
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


@FEW
@given(cases)
def test_counts_stand_for_repeated_rows_in_any_order(rows):
    t, cause, n = rows
    ended = cause != ""
    order = np.random.default_rng(0).permutation(n.sum())
    t_, cause_ = (np.repeat(c, n)[order] for c in (t, cause))
    curve, listed = kaplan_meier(t, ended, n), kaplan_meier(t_, cause_ != "")
    for name in ("times", "at_risk", "events", "survival", "se", "low", "high"):
        np.testing.assert_allclose(getattr(curve, name), getattr(listed, name), rtol=1e-12, err_msg=name)
    ways, listed = cumulative_incidence(t, cause, n), cumulative_incidence(t_, cause_)
    pd.testing.assert_frame_equal(ways.se, listed.se)
    tests = logrank(t, ended, t % 2, n), logrank(t_, cause_ != "", t_ % 2)
    np.testing.assert_allclose(tests[0].chi2, tests[1].chi2, rtol=1e-9, atol=1e-9)


@FEW
@given(cases)
def test_survival_and_incidences_make_one_whole(rows):
    t, cause, n = rows
    ways = cumulative_incidence(t, cause, n)
    assert (ways.survival + ways.incidence.sum(axis=1)).to_numpy() == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(ways.survival, kaplan_meier(t, cause != "", n).survival, atol=1e-12)


@FEW
@given(cases)
def test_curves_agree_with_statsmodels(rows):
    t, cause, n = rows
    ended = cause != ""
    ours = kaplan_meier(t, ended, n)
    theirs = SurvfuncRight(np.repeat(t, n), np.repeat(ended, n).astype(int))
    np.testing.assert_allclose(ours.at(theirs.surv_times).estimate, theirs.surv_prob, atol=1e-12)
    assert (np.diff(ours.survival) <= 0).all()
    below = ~np.isnan(ours.low)
    assert ((ours.low <= ours.survival) & (ours.survival <= ours.high))[below].all()
    within = ours.within(ours.times)
    assert ((within.low >= 0) & (within.low <= within.estimate + 1e-12)).all()
    assert ((within.estimate - 1e-12 <= within.high) & (within.high <= 1)).all()


@FEW
@given(cases)
def test_without_open_cases_all_is_as_with_plain_shares(rows):
    t, _, n = rows
    curve, total = kaplan_meier(t, True, n), n.sum()
    upto = [n[t <= limit].sum() for limit in range(13)]
    within, plain = curve.within(np.arange(13)), proportion(upto, total)
    for name in ("estimate", "low", "high"):
        np.testing.assert_allclose(getattr(within, name), plain[name], atol=1e-9)
    assert curve.restricted_mean(12).estimate == pytest.approx(np.average(t, weights=n))
    ways = cumulative_incidence(t, np.where(t % 2, "odd", "even"), n)
    share = ways.incidence.to_numpy()
    np.testing.assert_allclose(ways.se**2, share * (1 - share) / total, atol=1e-12)


@FEW
@given(cases)
def test_entry_before_the_beginning_changes_nothing(rows):
    t, cause, n = rows
    late = kaplan_meier(t, cause != "", n, entry=np.full(len(t), -np.inf))
    np.testing.assert_array_equal(late.survival, kaplan_meier(t, cause != "", n).survival)


def test_delayed_entry_counted_by_hand_and_against_statsmodels():
    """Two cases are looked at from age 2 on; the one that ends at 2 tells nothing."""
    curve = kaplan_meier([1, 2, 3, 4, 5], [1, 1, 1, 0, 1], entry=[-1, 2, 2, -1, 2])
    assert curve.times.tolist() == [1, 3, 4, 5]
    assert curve.at_risk.tolist() == [2, 3, 2, 1]
    np.testing.assert_allclose(curve.survival, [1 / 2, 1 / 3, 1 / 3, 0])

    rng = np.random.default_rng(1)
    entry = rng.integers(0, 20, 300)
    t, ended = entry + rng.integers(1, 30, 300), rng.random(300) < 0.7
    ours, theirs = kaplan_meier(t, ended, entry=entry), SurvfuncRight(t, ended.astype(int), entry=entry)
    np.testing.assert_allclose(ours.at(theirs.surv_times).estimate, theirs.surv_prob, atol=1e-12)


def test_incidences_against_statsmodels():
    """An independent implementation of estimate and delta-method variance."""
    rng = np.random.default_rng(2)
    t, cause = rng.integers(0, 40, 400), rng.choice([0, 1, 2], 400)
    ours, theirs = cumulative_incidence(t, cause), CumIncidenceRight(t, cause)
    for i, name in enumerate((1, 2)):
        at = np.searchsorted(ours.times, theirs.times)
        np.testing.assert_allclose(ours.incidence[name].to_numpy()[at], theirs.cinc[i], atol=1e-12)
        np.testing.assert_allclose(ours.se[name].to_numpy()[at], theirs.cinc_se[i], rtol=0.02)


def test_strata_compare_like_with_like():
    """Simpson: within each grade both teams are as fast, the second has more of the slow grade."""
    t = np.concatenate([np.arange(40), np.arange(10), 100 + np.arange(10), 100 + np.arange(40)])
    team = np.repeat(["a", "b", "a", "b"], [40, 10, 10, 40])
    grade = np.repeat(["routine", "major"], 50)
    t[40:50] *= 4
    t[50:60] = 100 + (t[50:60] - 100) * 4
    assert logrank(t, True, team).p < 1e-6
    assert logrank(t, True, team, strata=grade).p > 0.5


# --------------------------------------------------------------------------------------------- simulation


def test_the_median_of_the_last_30_days_is_covered_and_closed_cases_alone_are_far_off():
    """Log-normal handling times, true median 20 days, received evenly over 30 days, seen at their end.

    At least 93 % of 1,000 intervals hold the truth; the median of the closed cases alone is less than half of it.
    """
    rng, truth, runs, held, naive = np.random.default_rng(20261031), 20.0, 1000, 0, []
    for _ in range(runs):
        length = truth * np.exp(rng.normal(0, 1.2, 200))
        age = rng.uniform(0, 30, 200)
        closed = length < age
        low, high = kaplan_meier(np.minimum(length, age), closed).median_interval
        held += low <= truth and not high < truth  # a limit not reached lies beyond what was seen
        naive.append(np.median(length[closed]))
    assert held >= 0.93 * runs
    assert np.mean(naive) < truth / 2


def test_the_variance_of_competing_ends_is_that_of_repetitions():
    """Exponential closing and withdrawing, ages uniform: standard error within 5 % of the spread of 1,000 runs."""
    rng, found = np.random.default_rng(3), []
    for _ in range(1000):
        length, age = rng.exponential(10, 150), rng.uniform(0, 30, 150)
        cause = np.where(length < age, rng.choice(["closed", "withdrawn"], 150, p=[0.7, 0.3]), "")
        found.append(cumulative_incidence(np.minimum(length, age), cause).at(12).loc["withdrawn"])
    found = pd.DataFrame(found)
    assert found["estimate"].mean() == pytest.approx(0.3 * (1 - np.exp(-1.2)), abs=0.005)
    assert found["se"].mean() == pytest.approx(found["estimate"].std(), rel=0.05)


def test_the_speed_of_a_window_is_told_by_everything_at_risk_in_it():
    """Open ones from before enter with their age: the median is found although hardly any case is seen from start to end."""
    rng = np.random.default_rng(4)
    received, length = rng.uniform(0, 400, 6000), rng.exponential(40, 6000)
    start, end = 370, 400
    there = received + length > start
    received, length = received[there], length[there]
    age = np.minimum(length, end - received)
    curve = kaplan_meier(age, length < end - received, entry=start - received)
    low, high = curve.median_interval
    assert low < 40 * np.log(2) < high
    assert high - low < 8
