import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from complaintlib.stats.order import rank_certainty


def test_two_categories_against_the_exact_posterior():
    """Gamma(n + 1/2) against Gamma(m + 1/2): P(first above) = P(Beta(n + .5, m + .5) > .5). 20,000 draws, .01."""
    found = rank_certainty(pd.Series({"a": 40, "b": 30}), draws=20_000)
    exact = beta.sf(0.5, 40.5, 30.5)
    assert found.frame.loc["a", "p_next"] == pytest.approx(exact, abs=0.01)
    assert found.same_top[1] == pytest.approx(exact, abs=0.01)
    assert found.same_top[2] == 1
    assert found.frame["group"].tolist() == [1, 1]


def test_clear_order_and_neighbours_that_cannot_be_ordered():
    found = rank_certainty(pd.Series({"d": 20, "b": 210, "a": 800, "c": 200, "e": 0}))
    assert found.frame.index.tolist() == ["a", "b", "c", "d", "e"]
    assert found.frame["group"].tolist() == [1, 2, 2, 3, 4]
    assert found.frame.loc[["b", "c"], ["rank_low", "rank_high"]].to_numpy().tolist() == [[2, 3], [2, 3]]
    assert found.same_top[1] == 1 and found.same_top[2] < 0.9 and found.same_top[3] == 1


def test_amounts_are_less_sure_than_counts():
    """The same totals, but of few dear cases each: ranks are wider."""
    n = pd.DataFrame({"n": [100, 60], "mean": [10.0, 10.0], "var": [0.0, 0.0]}, index=["a", "b"])
    dear = n.assign(var=2500.0)
    assert rank_certainty(n).frame["value"].tolist() == [1000, 600]
    assert rank_certainty(dear).frame.loc["a", "p_next"] < rank_certainty(n).frame.loc["a", "p_next"]
    few = rank_certainty(
        pd.DataFrame({"n": [60, 2], "mean": [10, 500], "var": [1, np.nan]}, index=["x", "y"])
    )
    assert few.frame.index.tolist() == ["y", "x"] and few.frame.loc["y", "p_next"] < 0.95


def test_dispersion_makes_less_sure():
    counts = pd.Series({"a": 130, "b": 100})
    assert rank_certainty(counts, dispersion=5).same_top[1] < rank_certainty(counts).same_top[1] - 0.05


def test_m01_row_order_and_repetition_change_nothing():
    counts = pd.Series({"a": 30, "b": 30, "c": 12, "d": 3})
    one, other = rank_certainty(counts), rank_certainty(counts[["c", "b", "d", "a"]])
    pd.testing.assert_frame_equal(one.frame, other.frame)
    pd.testing.assert_series_equal(one.same_top, other.same_top)
    assert counts.index.tolist() == list("abcd")


@pytest.mark.parametrize("values", [[], [5], [0], [0, 0, 0], [4, 4, 4, 4]])
def test_edges(values):
    found = rank_certainty(pd.Series(values, index=list("abcd")[: len(values)], dtype=float))
    assert len(found.frame) == len(found.same_top) == len(values)
    assert (found.frame["group"] == 1).all()  # equal ones cannot be ordered
    if values:
        assert found.same_top.iloc[-1] == 1
    with pytest.raises(ValueError, match="n >= 0"):
        rank_certainty(pd.Series([1, np.nan]))


def test_orders_called_certain_are_right():
    """120 samples of eight true rates: neighbours ordered with 95 % stand wrongly in at most 6 %."""
    truth = np.array([60, 50, 45, 30, 28, 12, 10, 5.0])
    rng, wrong, covered = np.random.default_rng(10), [], []
    for _ in range(120):
        frame = rank_certainty(pd.Series(rng.poisson(truth)), draws=400).frame
        sure = frame["p_next"].to_numpy()[:-1] >= 0.95
        true = truth[frame.index]
        wrong.extend((true[:-1] < true[1:])[sure])
        covered.extend((frame["rank_low"] <= frame.index + 1) & (frame.index + 1 <= frame["rank_high"]))
    assert np.mean(wrong) <= 0.06
    assert np.mean(covered) >= 0.95
