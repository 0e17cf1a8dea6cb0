"""Forecasts that add up, against hand counts and a dense matrix computation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.stats.forecasting.reconcile import mint, reconciled, shrunk

LEVELS = pd.DataFrame(
    {"total": ["all"] * 5, "product": ["P", "P", "Q", "Q", "Q"]}, index=["a", "b", "c", "d", "e"]
)
NODES = ["all", "P", "Q", "a", "b", "c", "d", "e"]
SUMS = np.vstack([np.ones(5), [1, 1, 0, 0, 0], [0, 0, 1, 1, 1], np.eye(5)])


def long(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(name, h, value) for name, path in values.items() for h, value in enumerate(path, 1)]
    return pd.DataFrame(rows, columns=["id", "h", "mean"])


def wide(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.pivot(index="id", columns="h", values="mean")


def adds_up(frame: pd.DataFrame, levels: pd.DataFrame = LEVELS) -> bool:
    found = wide(frame)
    return all(
        found.loc[node].tolist() == found.loc[level.index[level == node]].sum().tolist()
        for level in (levels[name] for name in levels)
        for node in level.unique()
    )


def test_bottom_up_by_hand():
    """a, b, c, d, e = 1.4, 1.4, 2.5, -3, 0.2: nothing is negative, so the total is 5.5."""
    found = reconciled(long({"a": [1.4], "b": [1.4], "c": [2.5], "d": [-3], "e": [0.2]}), LEVELS)
    assert found.columns.tolist() == ["id", "h", "mean"] and found["id"].tolist() == NODES
    assert found["mean"].tolist() == pytest.approx([5.5, 2.8, 2.7, 1.4, 1.4, 2.5, 0, 0.2])


def test_whole_numbers_by_hand():
    """5.5 is 6, shared as P 2.8 -> 3 (its remainder is .8) and Q 2.7 -> 3; in P the tie goes to a; in Q c gets 3."""
    found = reconciled(long({"a": [1.4], "b": [1.4], "c": [2.5], "d": [-3], "e": [0.2]}), LEVELS, counts=True)
    assert found["mean"].tolist() == [6, 3, 3, 2, 1, 3, 0, 0]
    flat = reconciled(
        long({"a": [0.4], "b": [0.4], "c": [0.4]}), pd.DataFrame(index=["a", "b", "c"]), counts=True
    )
    assert flat["mean"].tolist() == [1, 0, 0]


def test_two_series_by_hand():
    """Total 100, series 60 and 50: they miss by 10. With equal and unrelated errors all give a third of it; where the
    total's errors vary 8 times as much as a series', it gives 8 tenths."""
    levels = pd.DataFrame({"total": ["all", "all"]}, index=["a", "b"])
    base = long({"all": [100.0], "a": [60.0], "b": [50.0]})
    errors = pd.DataFrame({"all": [1.0, 0, 0] * 4, "a": [0, 1.0, 0] * 4, "b": [0, 0, 1.0] * 4})
    found = reconciled(base, levels, errors)["mean"]
    assert found.tolist() == pytest.approx([310 / 3, 170 / 3, 140 / 3])
    found = reconciled(base, levels, errors * [8**0.5, 1, 1])["mean"]
    assert found.tolist() == pytest.approx([108, 59, 49])


def test_mint_is_the_dense_formula_of_the_paper():
    """G = (S' W^-1 S)^-1 S' W^-1 (Wickramasuriya et al. 2019, theorem 1), 1e-9."""
    rng = np.random.default_rng(1)
    errors = rng.normal(0, [9, 5, 6, 2, 3, 1, 4, 2], (30, 8)) + rng.normal(0, 2, (30, 1))
    base = rng.uniform(50, 100, (8, 4)) * SUMS.sum(axis=1)[:, None]
    inverse = np.linalg.inv(shrunk(errors)[0])
    dense = SUMS @ np.linalg.inv(SUMS.T @ inverse @ SUMS) @ SUMS.T @ inverse @ base
    assert mint(base, SUMS, errors) == pytest.approx(dense, rel=1e-9)


def test_shrinkage_is_that_of_the_paper_term_by_term():
    """lambda = sum of the variances of the correlations over the sum of their squares, about zero as in R's hts."""
    x = np.random.default_rng(2).normal(0, 1, (20, 4)) @ np.array(
        [[1, 0.6, 0, 0], [0, 1, 0, 0], [0, 0, 3, 1], [0, 0, 0, 1]]
    )
    z = x / np.sqrt((x**2).mean(axis=0))
    top = bottom = 0.0
    for i in range(4):
        for j in range(4):
            if i != j:
                w = z[:, i] * z[:, j]
                top += ((w - w.mean()) ** 2).sum() / (20 * 19)
                bottom += w.mean() ** 2
    covariance, intensity = shrunk(x)
    assert 0.1 < intensity < 0.9 and intensity == pytest.approx(top / bottom, rel=1e-12)
    assert np.diag(covariance) == pytest.approx((x**2).mean(axis=0))
    assert covariance[0, 1] == pytest.approx((1 - intensity) * (x[:, 0] * x[:, 1]).mean())


def test_where_it_would_be_negative_the_nearest_that_is_not_is_found():
    """Against a fine search over the two series of one total."""
    levels = pd.DataFrame({"total": ["all", "all"]}, index=["a", "b"])
    errors = pd.DataFrame(np.random.default_rng(4).normal(0, [1, 2, 1], (40, 3)), columns=["all", "a", "b"])
    found = reconciled(long({"all": [2.0], "a": [9.0], "b": [-4.0]}), levels, errors)["mean"].to_numpy()
    inverse = np.linalg.inv(shrunk(errors.to_numpy())[0])
    grid = np.stack(np.meshgrid(np.arange(0, 12, 0.01), [0, 0.05, 0.5]), -1).reshape(-1, 2)
    gap = np.column_stack([grid.sum(axis=1), grid]) - [2, 9, -4]
    best = grid[np.einsum("ij,jk,ik->i", gap, inverse, gap).argmin()]
    assert found[2] == 0 == best[1] and found[1] == pytest.approx(best[0], abs=0.01)
    assert found[0] == found[1]


def test_origins_and_horizons_are_reconciled_each_by_itself():
    one = long({name: [5.0 + at, 7.0] for at, name in enumerate(NODES)})
    both = pd.concat([one.assign(origin=1), one.assign(origin=2, mean=one["mean"] * 2)])[
        ["id", "origin", "h", "mean"]
    ]
    errors = pd.DataFrame(np.random.default_rng(5).normal(0, 1, (12, 8)), columns=NODES)
    found, alone = reconciled(both, LEVELS, errors), reconciled(one, LEVELS, errors)
    for origin in (1, 2):
        part = found[found["origin"] == origin].drop(columns="origin").reset_index(drop=True)
        assert part["mean"].tolist() == pytest.approx((alone["mean"] * origin).tolist())


def test_a_better_total_makes_better_parts():
    """Five Poisson series, their total known with a tenth of the error of their sum: MinT's squared error is below
    bottom-up's at every level; 300 occasions, seed 6."""
    rng = np.random.default_rng(6)
    truth = np.array([30.0, 20, 10, 40, 25])
    error = rng.normal(0, np.sqrt(SUMS @ truth) * np.array([0.1, 1, 1, 1, 1, 1, 1, 1]), (360, 8))
    base = (SUMS @ truth)[:, None] + error.T
    found = mint(base[:, 60:], SUMS, error[:60])
    bottom_up = SUMS @ base[3:, 60:]
    better = [((x - (SUMS @ truth)[:, None]) ** 2).mean(axis=1) for x in (found, bottom_up)]
    assert (better[0] < better[1]).all() and better[0][0] < 0.1 * better[1][0]


@pytest.mark.parametrize("kind", ["none", "one", "constant", "missing"])
def test_little_known_of_the_errors(kind):
    errors = pd.DataFrame(np.random.default_rng(7).normal(0, 2, (12, 8)), columns=NODES)
    errors = {
        "none": errors[:0],
        "one": errors[:1],
        "constant": errors * 0,
        "missing": errors.mask(np.tri(12, 8) > 0).drop(columns="e"),
    }[kind]
    found = reconciled(long({name: [9.0] for name in NODES}), LEVELS, errors, counts=True)
    assert adds_up(found) and found["mean"].between(0, 45).all()


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        (pd.DataFrame({"p": ["P", "Q"], "r": ["R", "R"]}, index=["a", "b"]), "does not lie within"),
        (pd.DataFrame({"p": ["a", "a"]}, index=["a", "b"]), "node of its own"),
        (pd.DataFrame({"p": ["P", None]}, index=["a", "b"]), "node of its own"),
        (pd.DataFrame({"p": ["P", "P"]}, index=["a", "a"]), "one id"),
    ],
)
def test_what_is_no_hierarchy_is_refused(levels, why):
    with pytest.raises(ValueError, match=why):
        reconciled(long({"a": [1.0], "b": [1.0]}), levels)


def test_a_forecast_that_is_missing_is_refused():
    with pytest.raises(ValueError, match="finite forecast of every node"):
        reconciled(long({"a": [1.0], "b": [1.0]}), LEVELS)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-50, 5000), min_size=24, max_size=24),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_it_always_adds_up(values, seed, with_errors):
    rng = np.random.default_rng(seed)
    groups = np.sort(rng.integers(0, 4, 18))
    levels = pd.DataFrame(
        {"total": "all", "group": [f"G{g}" for g in groups]}, index=[f"s{i:02}" for i in range(18)]
    )
    nodes = ["all", *levels["group"].unique(), *levels.index]
    base = long({name: [values[at % 24], values[(at * 7) % 24]] for at, name in enumerate(nodes)})
    errors = pd.DataFrame(rng.normal(0, 30, (10, len(nodes))), columns=nodes) if with_errors else None
    real, whole = (reconciled(base, levels, errors, counts=c) for c in (False, True))
    assert adds_up(whole, levels) and (whole["mean"] >= 0).all() and (whole["mean"] % 1 == 0).all()
    assert (real["mean"] >= 0).all() and (whole["mean"] - real["mean"]).abs().max() < 1 + 1e-6
    again = reconciled(base.sample(frac=1, random_state=1), levels, errors, counts=True)
    pd.testing.assert_frame_equal(again, whole)
