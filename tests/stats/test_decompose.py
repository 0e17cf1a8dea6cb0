import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.stats.decompose import exposure_mix_rate, largest_remainder, mix_rate


def frame(**rows) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=["count", "exposure"])


def test_mix_alone_by_hand():
    """Simpson: both rates stay, customers move to the one with the higher rate."""
    before, after = frame(new=(10, 100), old=(1, 100)), frame(new=(15, 150), old=(0.5, 50))
    found = mix_rate(before, after)
    assert found["rate"].tolist() == [0, 0]
    assert found["mix"].sum() == pytest.approx(15.5 / 200 - 11 / 200)
    assert (found["mix"] > 0).all()  # more of the bad, less of the good


def test_kitagawa_by_hand():
    """Weights .5/.5 to .8/.2, rates 10 % to 20 % and 2 % to 1 %: rate .065 - .0035, mix .3 (.15 - .015)."""
    found = mix_rate(frame(a=(5, 50), b=(1, 50)), frame(a=(16, 80), b=(0.2, 20)))
    assert found["rate"].tolist() == pytest.approx([0.065, -0.0035])
    assert found["mix"].sum() == pytest.approx(0.3 * (0.15 - 0.015))


def test_a_category_that_appears_is_mix():
    found = mix_rate(frame(a=(5, 50)), frame(a=(5, 50), b=(30, 50)))
    assert found.loc["b", "rate"] == 0
    assert np.isnan(found.loc["b", "rate_before"])
    assert found[["mix", "rate"]].to_numpy().sum() == pytest.approx(35 / 100 - 5 / 50)


def test_exposure_alone_by_hand():
    found = exposure_mix_rate(frame(a=(10, 100), b=(2, 100)), frame(a=(20, 200), b=(4, 200)))
    assert found["exposure"].tolist() == pytest.approx([10, 2])
    assert found[["mix", "rate"]].to_numpy() == pytest.approx(0)


@pytest.mark.parametrize("bad", [frame(a=(1, 0), b=(1, 1)), frame(a=(0, 0))])
def test_counts_without_exposure_are_refused(bad):
    with pytest.raises(ValueError, match="without exposure"):
        mix_rate(bad, frame(a=(1, 10)))


cells = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.integers(0, 50), st.integers(1, 500)), min_size=1
)


@settings(max_examples=40, deadline=None)
@given(cells, cells)
def test_parts_add_up_exactly(one, two):
    before, after = frame(**one), frame(**two)
    change = after["count"].sum() / after["exposure"].sum() - before["count"].sum() / before["exposure"].sum()
    assert mix_rate(before, after)[["mix", "rate"]].to_numpy().sum() == pytest.approx(change, abs=1e-12)
    counts = exposure_mix_rate(before, after)
    own = counts["after"] - counts["before"]
    np.testing.assert_allclose(counts[["exposure", "mix", "rate"]].sum(axis=1), own, atol=1e-9)
    nothing = mix_rate(before, before)[["mix", "rate"]].to_numpy()
    assert nothing == pytest.approx(0, abs=1e-15)  # M24


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([1, 1, 1], [0.334, 0.333, 0.333]),
        ([1] * 6, [0.167, 0.167, 0.167, 0.167, 0.166, 0.166]),
        ([1, 2], [0.333, 0.667]),
        ([1, 0], [1, 0]),
        ([999, 1, 1], [0.998, 0.001, 0.001]),
        ([1, 1], [0.5, 0.5]),
        ([3, 3, 1], [0.429, 0.428, 0.143]),
    ],
)
def test_n55_shares_sum_to_the_whole(counts, shown):
    """H91: 33.3 x 3 = 99.9 and 16.7 x 6 = 100.2 are not shown."""
    assert largest_remainder(np.array(counts) / sum(counts)).tolist() == shown


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40).filter(any), st.integers(2, 4))
def test_m17_no_share_moves_by_a_step(counts, digits):
    exact = pd.Series(counts) / sum(counts)
    shown = largest_remainder(exact, digits)
    assert round(shown.sum() * 10**digits, 6) == 10**digits
    assert (shown - exact).abs().max() < 10.0**-digits


def test_shares_that_are_none_are_refused_or_left():
    with pytest.raises(ValueError, match="sum 1"):
        largest_remainder(np.array([0.5, 0.4]))
    assert largest_remainder(pd.Series([np.nan, np.nan])).isna().all()
    assert len(largest_remainder(np.array([]))) == 0
