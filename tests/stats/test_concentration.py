import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.stats.concentration import by_size, gini, hhi, pareto_table


def test_n55_pareto_by_hand():
    table = pareto_table(pd.Series({"late": 50, "lost": 30, "rude": 10, "price": 10}))
    assert table.index.tolist() == ["late", "lost", "price", "rude"]
    assert table["share"].tolist() == [0.5, 0.3, 0.1, 0.1]
    assert table["cumulative"].tolist() == pytest.approx([0.5, 0.8, 0.9, 1.0])
    assert table["vital"].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("values", "inequality", "concentration"),
    [
        ([5, 5, 5, 5], 0, 0.25),
        ([1, 3], 0.25, 0.625),
        ([0, 0, 0, 8], 0.75, 1),
        ([1, 2, 3, 4], 0.25, 0.3),
        ([7], 0, 1),
        ([2, 2, 6], 4 / 15, 0.44),
        ([10, 20, 30, 40], 0.25, 0.3),
    ],
)
def test_n55_gini_and_hhi_by_hand(values, inequality, concentration):
    assert gini(values) == pytest.approx(inequality)
    assert hhi(values) == pytest.approx(concentration)


def test_nothing_and_only_zeros():
    assert pareto_table(pd.Series(dtype=float)).empty
    zeros = pareto_table(pd.Series({"a": 0, "b": 0}))
    assert zeros["share"].isna().all() and not zeros["vital"].any()
    assert np.isnan(gini([])) and np.isnan(gini([0, 0])) and np.isnan(hhi([])) and np.isnan(hhi([0]))
    with pytest.raises(ValueError, match="values >= 0"):
        pareto_table(pd.Series([1, -1]))


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 1000), min_size=1), st.randoms()
)
def test_m18_cumulative_rises_to_one_whatever_the_order_of_rows(counts, random):
    values = pd.Series(counts)
    table = pareto_table(values)
    names = list(counts)
    random.shuffle(names)
    pd.testing.assert_frame_equal(table, pareto_table(values[names]))
    if values.sum():
        assert table["cumulative"].is_monotonic_increasing
        assert table["cumulative"].iloc[-1] == 1
        assert table.loc[table["vital"], "share"].sum() >= 0.8 - 1e-9
        smaller = table.loc[table["vital"], "share"].iloc[:-1].sum()
        assert smaller < 0.8
    assert by_size(values).is_monotonic_decreasing
