import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from complaintlib.stats.excess import Prior, excess, fitted, gamma_prior, shrunk, surplus
from complaintlib.stats.multiple import benjamini_hochberg

ROWS_AND_COLUMNS = [(0,), (1,)]


def test_fitted_against_agresti():
    """Agresti (2002, Categorical Data Analysis, table 8.4): alcohol x cigarettes x marijuana, all pairs; and (AM, CM)."""
    seen = np.array([[[911, 538], [44, 456]], [[3, 43], [2, 279]]])
    pairs = [910.4, 538.6, 44.6, 455.4, 3.6, 42.4, 1.4, 279.6]
    np.testing.assert_allclose(fitted(seen, [(0, 1), (0, 2), (1, 2)]).ravel(), pairs, atol=0.05)
    given_m = [909.24, 438.84, 45.76, 555.16, 4.76, 142.16, 0.24, 179.84]
    np.testing.assert_allclose(fitted(seen, [(0, 2), (1, 2)]).ravel(), given_m, atol=0.005)


def test_shrunk_against_openebgm():
    """openEBGM 0.6.0 (Canida & Ihrie 2017, R Journal 9:499-519), vignette on posterior calculation: N = 1, six E of CAERS."""
    prior = Prior(3.25379064, 0.39988801, 2.02613219, 1.90808279, 0.06534557)
    expected = [0.0360548272, 0.0038736591, 0.0002979738, 0.0765792610, 0.0527413588]
    found = shrunk(np.ones(5), np.array(expected), prior, level=0.9)
    np.testing.assert_allclose(found["times"], [2.23, 2.58, 2.63, 1.92, 2.09], atol=0.005)
    np.testing.assert_allclose(found["low"], [0.49, 0.52, 0.52, 0.47, 0.48], atol=0.005)
    np.testing.assert_allclose(found["high"], [13.85, 15.78, 16.02, 11.77, 12.95], rtol=1e-3)


def test_a_cell_left_out_is_judged_by_the_others_by_hand():
    """Without the cell (0, 0): row 0 has 10 + 20, column 0 has 30 + 40, the rest 100 cases: expected 30 x 70 / 100."""
    seen = np.array([[500, 10, 20], [30, 10, 20], [40, 20, 20]])
    mask = np.zeros((3, 3), bool)
    mask[0, 0] = True
    rest = 10 + 20 + 20 + 20
    assert fitted(seen, ROWS_AND_COLUMNS, left_out=mask)[0, 0] == pytest.approx(30 * 70 / rest)


def test_an_exposure_makes_it_a_model_of_rates():
    """Twice the orders, twice the complaints: places 0 and 1 as expected, place 2 has 30 where its orders mean 10."""
    orders = np.array([[100.0, 100.0], [200.0, 200.0], [100.0, 100.0]])
    seen = np.array([[5, 5], [10, 10], [30, 10]])
    found = fitted(seen, [(1,)], orders, np.array([[False] * 2, [False] * 2, [True] * 2]))
    np.testing.assert_allclose(found, [[5, 5], [10, 10], [5, 5]])


def test_p_against_fishers_mid_p():
    """Two rows and columns: within a tenth of the exact mid-p (the finite population is left out)."""
    for seen in ([[30, 200], [40, 600]], [[12, 60], [50, 700]], [[9, 20], [400, 3000]]):
        table = np.array(seen)
        n, row, column = table[0, 0], table[0].sum(), table[:, 0].sum()
        law = stats.hypergeom(table.sum(), row, column)
        exact = (law.sf(n - 1) + law.sf(n)) / 2
        assert excess(table, ROWS_AND_COLUMNS, (0, 1), fdr=0)["p"].iloc[0] == pytest.approx(exact, rel=0.1)


def test_a_large_excess_hides_neither_itself_nor_its_neighbours():
    rng = np.random.default_rng(7)
    base = np.outer([4, 2, 1, 1, 1], [40, 30, 20, 10, 10, 5])
    seen = rng.poisson(base)
    seen[0, 0] = 4 * base[0, 0]
    found = excess(seen, ROWS_AND_COLUMNS, (0, 1))
    assert found["left_out"].sum() == 1
    assert found["left_out"].iloc[0]
    assert found["expected"].iloc[0] == pytest.approx(160, rel=0.2)
    assert (found["expected"] / base.ravel()).between(0.8, 1.25).all()
    naive = fitted(seen, ROWS_AND_COLUMNS)[0, 0]
    assert naive > 1.8 * 160  # with itself among the margins it would have been expected


def test_what_is_too_small_to_tell_is_not_tested():
    found = excess(np.array([[100, 2], [100, 1], [100, 1]]), ROWS_AND_COLUMNS, (0, 1))
    assert found["tested"].tolist() == [True, False] * 3
    assert found["p"].isna().tolist() == [False, True] * 3
    assert surplus(found)["times"].isna().tolist() == [False, True] * 3


def test_a_prior_is_found_again():
    """4,000 cells, a tenth of them Gamma(2, 1/2), the others Gamma(20, 20): shares and means within a fifth."""
    rng = np.random.default_rng(2)
    odd = rng.random(4000) < 0.1
    ratio = np.where(odd, rng.gamma(2, 2, 4000), rng.gamma(20, 1 / 20, 4000))
    expected = rng.gamma(1, 5, 4000)
    prior = gamma_prior(rng.poisson(ratio * expected), expected)
    assert prior.part == pytest.approx(0.1, rel=0.2)
    assert prior.alpha1 / prior.beta1 == pytest.approx(4, rel=0.2)
    assert prior.alpha2 / prior.beta2 == pytest.approx(1, rel=0.05)
    with pytest.raises(ValueError, match="expected"):
        gamma_prior(np.ones(2), np.array([1.0, 0.0]))


def test_few_cases_are_drawn_in_and_many_stand_for_themselves():
    rng = np.random.default_rng(4)
    expected = np.append(rng.uniform(1, 50, 300), [1, 100])
    n = np.append(rng.poisson(expected[:300]), [3, 300])
    few, many = shrunk(n, expected, gamma_prior(n, expected))["times"].iloc[-2:]
    assert few < 1.5
    assert many == pytest.approx(3, rel=0.1)


def _tables(rng, size, factor):
    """Tables of 8 places and 25 kinds, 2,000 cases, with one cell of about `size` made `factor` times as frequent."""
    for _ in range(80):
        base = 2000 * np.outer(rng.dirichlet(np.full(8, 2.0)), rng.dirichlet(np.ones(25)))
        at = int(np.abs(base - size).argmin())
        truth = base.copy()
        truth.ravel()[at] *= factor
        yield rng.poisson(truth), at, (truth - base).ravel()[at]


def test_false_findings_power_and_coverage():
    """FDR 10 %: nothing found in about 9 of 10 tables without an excess (80 tables: at most 17 %); a cell of mean 30 made
    three times as frequent is found in 9 of 10, and its excess covered in 9 of 10 (nominal 95 %)."""
    rng = np.random.default_rng(11)
    quiet = [excess(seen, ROWS_AND_COLUMNS, (0, 1)) for seen, _, _ in _tables(rng, 30, 1.0)]
    assert np.mean([(benjamini_hochberg(f["p"]) <= 0.1).any() for f in quiet]) <= 0.17
    hit, cover, others = [], [], []
    for seen, at, truth in _tables(rng, 30, 3.0):
        found = excess(seen, ROWS_AND_COLUMNS, (0, 1))
        q, row = benjamini_hochberg(found["p"]), surplus(found).iloc[at]
        hit.append(q[at] <= 0.1)
        others.append(((q <= 0.1).sum() - hit[-1]) / max((q <= 0.1).sum(), 1))
        cover.append(row["excess_low"] <= truth <= row["excess_high"])
    assert np.mean(hit) >= 0.9
    assert np.mean(others) <= 0.13
    assert np.mean(cover) >= 0.9


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=24, max_size=24), st.permutations(range(4)))
def test_margins_are_kept_and_order_does_not_matter(counts, order):
    seen = np.array(counts, float).reshape(4, 3, 2)
    pairs = [(0, 1), (0, 2), (1, 2)]
    found = fitted(seen, [(0,), (1,), (2,)])
    np.testing.assert_allclose(found.sum(axis=(1, 2)), seen.sum(axis=(1, 2)), atol=1e-6)
    one = excess(seen, pairs, (0, 1, 2))["expected"].to_numpy().reshape(seen.shape)
    two = excess(seen[order], pairs, (0, 1, 2))["expected"].to_numpy().reshape(seen.shape)
    np.testing.assert_allclose(one[order], two, atol=1e-6)
