"""One list out of many series."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from complaintlib.stats.alarms import farrington_flexible, watch_list
from complaintlib.stats.alarms.bounds import chance, usual_range
from complaintlib.stats.multiple import benjamini_hochberg

MONTHS, SIZES = (
    60,
    400 / np.arange(1, 201),
)  # categories as in practice: a few large, many small; number 40 has 10
SETTINGS = {"past_not_included": 3, "half_window": 0, "borrow": True}


def panel(seed, season=0.0, sizes=SIZES, months=MONTHS):
    rng = np.random.default_rng(seed)
    phase = rng.random(len(sizes))
    wave = np.exp(season * np.sin(2 * np.pi * (np.arange(months)[:, None] / 12 + phase)))
    return rng.poisson(sizes * wave), rng


def judged(counts, periods=4):
    return farrington_flexible(counts, 12, judged=periods, **SETTINGS)


def test_chance_by_hand():
    """Poisson where everything is known: P(X > 7) + P(X = 7) / 2 for mean 4."""
    law = np.array([4.0]), np.zeros(1), np.ones(1), np.array([1e6])
    p, (low, high) = chance(np.array([7.0]), *law), usual_range(*law)
    assert p[0] == pytest.approx(stats.poisson.sf(7, 4) + stats.poisson.pmf(7, 4) / 2, rel=1e-3)
    assert (low[0], high[0]) == (1, 8)  # 97.5 % and 2.5 % points
    unsure = np.array([4.0]), np.ones(1), np.full(1, 2.0), np.array([20.0])
    assert chance(np.array([7.0]), *unsure) > p and usual_range(*unsure)[1] > high


def test_two_middling_months_together_are_a_finding():
    """40 series of 10: 17 and 17 in the last two of one, neither of which would be on the list alone."""
    counts, _ = panel(3, sizes=np.full(40, 10.0))
    counts[-2:, 7] = 17
    found = watch_list(judged(counts))
    now = found.loc[(MONTHS - 1, 7)]
    assert (now["periods"], now["count"], now["grade"]) == (2, 34, "watch")
    assert now["expected"] == pytest.approx(20, abs=1.5)
    alone = watch_list(judged(counts), spans={1: 1.0}).loc[(MONTHS - 1, 7)]
    assert (alone["periods"], alone["count"], alone["grade"]) == (1, 17, "")
    same = found["p"].xs(MONTHS - 1, level="period")
    assert found["q"].xs(MONTHS - 1, level="period").tolist() == pytest.approx(
        benjamini_hochberg(same).tolist()
    )


def test_own_trend_and_season_are_kept():
    """In a panel of flat series one that grows by a third a year, and one with a high December, are known as such."""
    counts, rng = panel(4)
    month = np.arange(MONTHS)
    counts[:, 20] = rng.poisson(20 * 1.33 ** (month / 12))
    counts[:, 21] = rng.poisson(np.where(month % 12 == 11, 90, 30))
    found = judged(counts, 1).xs(MONTHS - 1)
    assert found.loc[20, "mean"] == pytest.approx(20 * 1.33 ** (59 / 12), rel=0.2)
    assert found.loc[21, "mean"] == pytest.approx(90, rel=0.15)
    assert watch_list(judged(counts)).loc[MONTHS - 1].loc[[20, 21], "grade"].tolist() == ["", ""]


def test_few_series_few_months_and_gaps():
    counts = panel(5, sizes=np.full(3, 10.0))[0].astype(float)
    counts[:55, 0] = np.nan
    counts[-1, 1] = np.nan
    found = watch_list(judged(counts, 1)).xs(MONTHS - 1)
    assert found["p"].isna().tolist() == [True, True, False]
    assert (found["grade"] == "").all()
    pd.testing.assert_series_equal(  # too few to borrow from: each for itself
        judged(counts, 1)["p"],
        farrington_flexible(counts, 12, judged=1, past_not_included=3, half_window=0)["p"],
    )
    assert watch_list(judged(counts[:12], 2))["p"].isna().all()


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6))
def test_future_and_order_change_nothing(seed):
    counts = pd.DataFrame(panel(seed, sizes=SIZES[20:60])[0])
    found = watch_list(judged(counts, 4))
    before = watch_list(judged(counts.iloc[:-2], 2))
    pd.testing.assert_frame_equal(before.loc[[MONTHS - 3]], found.loc[[MONTHS - 3]])
    shuffled = watch_list(judged(counts[list(reversed(counts.columns))], 4))
    pd.testing.assert_frame_equal(shuffled.loc[found.index], found)


@pytest.mark.parametrize(("season", "least"), [(0.0, 0.8), (0.2, 0.75)])
def test_false_alarms_and_doublings(season, least):
    """200 categories, nothing changes: on average 1 on the list or less a month, and 0.25 alarms (FDR 10 %). Doubled from
    10 a month on, a category is on the list within two months in 80 % of the runs or more (75 % with a season of +- 20 %). 30 panels; the last three
    months are no part of what is expected, so that a doubling is put in afterwards."""
    on_list, alarms, within = [], [], []
    for seed in range(30):
        counts, rng = panel(seed, season)
        found = judged(counts, 3)
        grade = watch_list(found)["grade"].unstack()
        on_list.append((grade.iloc[1:] != "").sum(axis=1).mean())
        alarms.append((grade.iloc[1:] == "alarm").sum(axis=1).mean())
        for one in (38, 39, 40):  # means of 10.3, 10 and 9.8
            doubled = found.copy()
            rows = [(MONTHS - 2, one), (MONTHS - 1, one)]
            doubled.loc[rows, "count"] += rng.poisson(found.loc[rows, "mean"])
            within.append((watch_list(doubled)["grade"].unstack()[one].iloc[-2:] != "").any())
    assert np.mean(on_list) <= 1
    assert np.mean(alarms) <= 0.25
    assert np.mean(within) >= least
