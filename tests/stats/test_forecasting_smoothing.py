"""The recursions against statsmodels, R and figures published; the season against classical decomposition."""

import warnings

import numpy as np
import pytest
from statsmodels.datasets import nile
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.holtwinters import Holt, SimpleExpSmoothing
from statsmodels.tsa.seasonal import seasonal_decompose

from complaintlib.stats.forecasting import accuracy, seasonal
from complaintlib.stats.forecasting.candidates import tsb
from complaintlib.stats.forecasting.smoothing import SIMPLE, Grid, smooth
from complaintlib.stats.forecasting.theta import aggregated, theta

# fmt: off
AIRLINE = np.array([  # Box & Jenkins (1976), series G
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, 340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405, 417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
], float)
# fmt: on


def rows(*histories) -> tuple[np.ndarray, np.ndarray]:
    n = np.array([len(y) for y in histories])
    out = np.zeros((len(n), n.max()))
    for row, y in zip(out, histories, strict=True):
        row[: len(y)] = y
    return out, n


def some(number: int, length: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        50 + rng.normal(0, 3, length - 7 * i).cumsum() + rng.normal(0, 4, length - 7 * i)
        for i in range(number)
    ]


@pytest.mark.parametrize(("alpha", "beta", "phi"), [(0.3, 0.1, 0.95), (0.8, 0.5, 0.85), (0.05, 0.9, 0.98)])
def test_damped_trend_against_statsmodels(alpha, beta, phi):
    y, n = rows(*some(3, 60))
    fit = smooth(y, n, Grid.of((alpha,), (beta,), (phi,)))
    path = fit.path(9)
    for i, history in enumerate(some(3, 60)):
        known = {"initial_level": fit.first[0][i, 0], "initial_trend": fit.first[1][i, 0]}
        model = Holt(history, damped_trend=True, initialization_method="known", **known)
        same = model.fit(alpha, beta, damping_trend=phi, optimized=False)
        assert fit.sse[i, 0] == pytest.approx(same.sse, rel=1e-6)
        assert path[i] == pytest.approx(same.forecast(9), rel=1e-6)


def test_the_first_level_and_trend_are_the_best_there_are():
    y, n = rows(*some(2, 50, seed=3))
    fit = smooth(y, n, Grid.of((0.2,), (0.1,), (0.9,)))
    level, trend = (first[0, 0] for first in fit.first)
    for a, b in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)):
        known = {"initial_level": level + a, "initial_trend": trend + b}
        moved = Holt(y[0], damped_trend=True, initialization_method="known", **known)
        assert moved.fit(0.2, 0.1, damping_trend=0.9, optimized=False).sse > fit.sse[0, 0]


def test_damped_holt_winters_against_statsmodels():
    """The model in error-correction form, of which statsmodels' `ETSModel` (A,Ad,A) takes beta and gamma per error."""
    alpha, beta, phi, gamma, m = 0.3, 0.1, 0.95, 0.15, 12
    pattern = 8 * np.sin(np.arange(m) * np.pi / 6)
    histories = [h + pattern[np.arange(len(h)) % m] for h in some(2, 60, seed=1)]
    y, n = rows(*histories)
    fit = smooth(y, n, Grid.of((alpha,), (beta,), (phi,), (gamma,)), np.stack([pattern, pattern]))
    for i, history in enumerate(histories):
        model = ETSModel(
            history, "add", "add", True, "add", m,
            initialization_method="known", initial_level=fit.first[0][i, 0],
            initial_trend=fit.first[1][i, 0], initial_seasonal=pattern,
        )  # fmt: skip
        start = [fit.first[0][i, 0], fit.first[1][i, 0], *pattern[::-1]]
        same = model.smooth(np.array([alpha, alpha * beta, gamma, phi, *start]))
        assert fit.sse[i, 0] == pytest.approx(same.sse, rel=1e-6)
        assert fit.path(15)[i] == pytest.approx(same.forecast(15), rel=1e-6)


def test_the_grid_finds_what_statsmodels_searches():
    """Sum of squares of the best on the grid: at most 2 % above the optimum over all parameters and first states."""
    y, n = rows(*some(4, 60, seed=4))
    fine = smooth(y, n, SIMPLE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an optimum at the edge of the range
        for i, history in enumerate(some(4, 60, seed=4)):
            best = SimpleExpSmoothing(history, initialization_method="estimated").fit().sse
            assert best * (1 - 1e-6) <= fine.sse[i].min() <= 1.02 * best


def test_theta_of_the_nile_against_r():
    """N36: R's `thetaf(Nile, 5)`: 799.8120 798.4548 797.0977 795.7405 794.3834, at its alpha of 0.2465."""
    y, n = rows(nile.load_pandas().data["volume"].to_numpy())
    published = [799.8120, 798.4548, 797.0977, 795.7405, 794.3834]
    assert theta(y, n, 5, smooth(y, n, Grid.of((0.2465,))))[0] == pytest.approx(published, rel=1e-3)
    assert theta(y, n, 5)[0] == pytest.approx(published, rel=0.02)  # the mean over the grid of alpha


def test_seasonal_naive_and_mase_of_the_airline_against_r():
    """N37: R's `accuracy(snaive(...))`, 1959-60 held out: MAE 71.25, MASE 2.493519, 28.57407 in sample."""
    y, n = rows(AIRLINE[:120])
    path = seasonal.seasonal_naive(y, n, 12, 24)
    assert np.abs(path - AIRLINE[120:]).mean() == 71.25
    assert np.abs(y[:, 12:] - y[:, :-12]).mean() == pytest.approx(28.57407, abs=5e-6)
    assert accuracy.mase(path, AIRLINE[None, 120:], y, 12) == pytest.approx([2.493519], abs=5e-7)


@pytest.mark.parametrize(("season", "length"), [(12, 65), (6, 40), (4, 23)])
def test_classical_decomposition_against_statsmodels(season, length):
    y = 100 + AIRLINE[:length] / 10
    out, n = rows(y, y[: length - 5])
    known = seasonal.inside(n, length)
    pattern, spent = seasonal.pattern_of(out, known, n, season)
    for i, history in enumerate((y, y[: length - 5])):
        reference = seasonal_decompose(history, "additive", period=season)
        trend = seasonal.smoothed_out(out, n, season)[i, : len(history)]
        assert np.allclose(trend, reference.trend, equal_nan=True)
        kept = spent[i] / (season - 1)  # the James-Stein share, between 0 (no season) and 1
        assert 0 < kept < 1 and pattern[i] == pytest.approx(reference.seasonal[:season] * kept)


def test_a_season_by_chance_is_drawn_to_nothing_a_strong_one_is_kept():
    rng = np.random.default_rng(8)
    noise = rng.normal(0, 1, (400, 36))
    n, known = np.full(400, 36), np.ones((400, 36), bool)
    _, spent = seasonal.pattern_of(noise, known, n, 12)
    assert np.median(spent) < 0.35 * 11
    _, spent = seasonal.pattern_of(noise + 5 * np.sin(np.arange(36) * np.pi / 6), known, n, 12)
    assert spent.min() > 0.9 * 11


def test_naive2_by_hand_and_where_ratios_do_not_exist():
    factor = np.array([0.5, 1.5, 1.25, 0.75])
    y, n = rows(np.tile(100 * factor, 5), np.tile(100 * factor, 5)[:18])
    assert seasonal.naive2(y, n, 4, 6)[0] == pytest.approx([50, 150, 125, 75, 50, 150])
    assert seasonal.naive2(y, n, 4, 4)[1] == pytest.approx([125, 75, 50, 150])
    y[0, 3] = 0
    assert seasonal.naive2(y, n, 4, 2)[0] == pytest.approx([75, 75])


def test_gaps_are_filled_by_the_line_between_neighbours():
    y = np.array([[1, np.nan, np.nan, 4, np.nan, np.nan], [np.nan] * 6])
    assert seasonal.filled(y, np.array([5, 0])).tolist() == [[1, 2, 3, 4, 4, 0], [0] * 6]


def test_aggregation_of_a_straight_line_is_the_line():
    y, n = rows(np.arange(60.0), np.arange(57.0))

    def line(y, n, horizon):
        last = np.take_along_axis(y, n[:, None] - 1, axis=1)
        step = last - np.take_along_axis(y, n[:, None] - 2, axis=1)
        return last + step * np.arange(1, horizon + 1)

    assert aggregated(line, line(y, n, 13), y, n) == pytest.approx(line(y, n, 13))


def test_tsb_by_hand():
    """Share 1/2 and size 4 at the beginning, both smoothed with 0.5."""
    y, n = rows([0, 4, 0, 4], [4, 0])
    path = tsb(y, n, 2, alpha=0.5, beta=0.5)
    share = (0.5 * (0.5 * (0.5 * (0.5 * 0.5) + 0.5)) + 0.5, 0.5 * (0.5 * 0.5 + 0.5))
    assert path[:, 0] == pytest.approx([share[0] * 4, share[1] * 4]) and (path[:, 0] == path[:, 1]).all()
