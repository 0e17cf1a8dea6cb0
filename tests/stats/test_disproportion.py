import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.stats.disproportion import cases_of_both, disproportion, log_odds_ratio
from complaintlib.stats.multiple import benjamini_hochberg


def table(cells, rows=("late", "other"), columns=("east", "west")):
    return pd.DataFrame(cells, index=pd.Index(rows, name="reason"), columns=pd.Index(columns, name="region"))


def test_by_hand():
    """20 of 100 late in the east, 10 of 200 in the west: 4 times the share, odds 20 x 190 / (10 x 80) = 4.75."""
    cell = disproportion(table([[20, 10], [80, 190]])).loc[("late", "east")]
    assert cell[["count", "expected"]].tolist() == [20, 10]
    assert cell["prr"] == pytest.approx(4)
    assert cell["ror"] == pytest.approx(4.75)
    assert cell["ror_high"] / cell["ror"] == pytest.approx(
        np.exp(1.959964 * np.sqrt(1 / 20 + 1 / 10 + 1 / 80 + 1 / 190))
    )
    assert cell["prr_high"] / cell["prr"] == pytest.approx(
        np.exp(1.959964 * np.sqrt(1 / 20 - 1 / 100 + 1 / 10 - 1 / 200))
    )
    assert cell["ic"] == pytest.approx(np.log2(20.5 / 10.5))


def test_prr_against_evans_2001():
    """Uveitis among 55 reports on rifabutin: 41; among 592,712 on other drugs: 754. PRR 586."""
    cell = disproportion(table([[41, 754], [14, 591_958]])).iloc[0]
    assert cell["prr"] == pytest.approx(586, abs=0.5)


def test_ic_limits_against_noren_2013():
    """Their approximation of the limits from the count alone: IC - 3.3 (n + .5)^-1/2 - 2 (n + .5)^-3/2, and
    IC + 2.4 (n + .5)^-1/2 - .5 (n + .5)^-3/2, meant for rough use: within 0.1 from 3 cases on."""
    counts = np.array([3, 5, 10, 20, 50, 100])
    found = disproportion(table(np.vstack([counts, 1000 - counts]), columns=range(6)))
    found = {name: found.loc["late", name].to_numpy() for name in ("ic", "ic_low", "ic_high")}
    n = counts + 0.5
    assert found["ic"] - found["ic_low"] == pytest.approx((3.3 * n**-0.5 + 2 * n**-1.5), abs=0.1)
    assert found["ic_high"] - found["ic"] == pytest.approx(2.4 * n**-0.5 - 0.5 * n**-1.5, abs=0.1)


def test_small_counts_are_shrunk():
    """1 case where 0.01 is expected: 100 times as many, but no finding."""
    cell = disproportion(table([[1, 9], [9, 9990]])).iloc[0]
    assert cell["prr"] > 50
    assert 0 < cell["ic"] < 2
    assert cell["ic_low"] < 0


def test_edges():
    """Nothing there, nothing elsewhere, an empty region: no ratio, and no warning."""
    found = disproportion(table([[5, 0, 0], [0, 7, 0]], columns=("east", "west", "south")))
    assert found[["prr", "ror", "prr_low", "ror_high"]].isna().all(axis=None)
    assert found.loc[("late", "east"), "p"] < 0.01
    assert found.loc[("late", "south"), ["count", "expected", "ic"]].tolist() == [0, 0, 0]
    one = disproportion(table([[3]], rows=("late",), columns=("east",)))
    assert one["p"].item() == pytest.approx(0.5)  # what it is follows from the totals


def test_false_alarms():
    """300 tables without an excess, 8 reasons x 6 regions, corrected at 10 %: at most 12 % with a false one."""
    rng = np.random.default_rng(11)
    law = np.outer(rng.dirichlet(np.ones(8)), rng.dirichlet(np.ones(6))).ravel()
    draws = rng.multinomial(400, law, size=300).reshape(-1, 8, 6)
    wrong = [benjamini_hochberg(disproportion(pd.DataFrame(one))["p"]).min() <= 0.1 for one in draws]
    assert np.mean(wrong) <= 0.12


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=2, max_size=4), st.randoms())
def test_order_changes_nothing_and_totals_agree(cells, random):
    one = pd.DataFrame(cells)
    found = disproportion(one)
    order = list(one.index)
    random.shuffle(order)
    pd.testing.assert_frame_equal(disproportion(one.loc[order]).sort_index(), found)
    assert found["count"].sum() == one.to_numpy().sum()
    if found["count"].sum():
        assert found["expected"].sum() == pytest.approx(found["count"].sum())
        low, high = found["ic_low"], found["ic_high"]
        assert ((low < found["ic"]) & (found["ic"] < high + 1e-9))[found["count"] > 0].all()


def test_odds_and_counts_are_two_sides_of_one_table():
    """30 of both, 50 and 60 of one, 200 in all: odds (30 x 120) / (20 x 30) = 6, and back."""
    odds, noise = log_odds_ratio(30 - 0.5, 50 - 0.5 + 0.0, 60 - 0.5, 200 - 1.0)
    assert noise > 0 and np.exp(odds) == pytest.approx(6, rel=0.05)
    assert cases_of_both(np.array([6.0]), 50.0, 60.0, 200.0)[0] == pytest.approx(30)
    assert cases_of_both(np.array([1.0]), 50.0, 60.0, 200.0)[0] == pytest.approx(15)
