import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib.stats.lagged import _filter_of, lagged, scaled


def wandering(rng: np.random.Generator, n: int, rho: float, k: int = 1) -> np.ndarray:
    """n x k series of unit variance, each depending on its own past."""
    noise, out = rng.normal(size=(n + 60, k)), np.zeros((n + 60, k))
    for t in range(1, n + 60):
        out[t] = rho * out[t - 1] + np.sqrt(1 - rho**2) * noise[t]
    return out[60:]


def one(y: np.ndarray, x: np.ndarray, lags=(0, 1, 2, 3), **settings) -> pd.DataFrame:
    return lagged(pd.DataFrame({"y": y}), x, lags, **settings).set_index("lag")


def least_squares(y: np.ndarray, x: np.ndarray, k: int, season: int, keep: np.ndarray | None = None):
    """The same by statsmodels: y on the driver k steps before, a level for each month, a trend."""
    at = np.arange(len(y))[k:]
    seasons = [(at % season == s).astype(float) for s in range(1, season)]
    design = np.column_stack([x[: len(x) - k], np.ones(len(at)), at, *seasons])
    keep = np.ones(len(at), bool) if keep is None else keep
    return sm.OLS(y[k:][keep], design[keep]).fit()


# ------------------------------------------------------------------------------------------ against least squares


@pytest.mark.parametrize(("k", "season"), [(0, 0), (1, 0), (0, 12), (2, 12)])
def test_of_a_driver_without_memory_it_is_least_squares(k, season):
    rng = np.random.default_rng(7)
    x = np.where(rng.random(48) < 0.4, rng.gamma(2, 2, 48), 0.0)
    y = 0.1 * np.roll(x, k) + rng.normal(size=48) * 0.3
    assert _filter_of(x, np.ones((48, 1)))[0] == 0
    found, fit = one(y, x, [k], season=season).loc[k], least_squares(y, x, k, season)
    low, high = fit.conf_int()[0]
    np.testing.assert_allclose(
        found[["weight", "low", "high", "p", "df"]].astype(float),
        [fit.params[0], low, high, fit.pvalues[0], fit.df_resid],
        rtol=1e-8,
    )
    assert abs(found["r"]) == pytest.approx(
        np.sqrt(fit.tvalues[0] ** 2 / (fit.tvalues[0] ** 2 + fit.df_resid))
    )
    every = [np.arange(48 - k) != out for out in range(48 - k)]
    worst = max(least_squares(y, x, k, season, keep).pvalues[0] for keep in every)
    assert found["p_without"] == pytest.approx(worst, rel=1e-6)


def test_what_goes_along_anyway_is_one_more_regressor():
    rng = np.random.default_rng(7)
    x, orders = np.where(rng.random(48) < 0.4, rng.gamma(2, 2, 48), 0.0), rng.normal(size=48)
    y = 0.1 * np.roll(x, 1) + orders + rng.normal(size=48) * 0.3
    found = one(y, x, [1], season=0, beside=orders).loc[1]
    fit = sm.OLS(y[1:], np.column_stack([x[:-1], np.ones(47), np.arange(47), orders[1:]])).fit()
    assert (found["weight"], found["p"]) == pytest.approx((fit.params[0], fit.pvalues[0]))


def test_the_filter_is_the_drivers_own():
    """Mostly the order that made the series (AICc takes one too many in about a sixth), its weight about .8."""
    rng, background = np.random.default_rng(1), np.ones((300, 1))
    found = [_filter_of(wandering(rng, 300, 0.8)[:, 0], background) for _ in range(40)]
    assert np.mean([order == 1 for order, _ in found]) > 0.6
    assert min(order for order, _ in found) == 1
    assert np.mean([phi[0] for _, phi in found]) == pytest.approx(0.8, abs=0.05)


def test_a_driver_with_memory_is_seen_at_its_lag_alone():
    """Box & Jenkins (1976, ch. 11): unfiltered, its own memory smears the effect over all lags."""
    rng = np.random.default_rng(4)
    x = wandering(rng, 200, 0.8)[:, 0]
    y = np.roll(x, 2) * 0.5 + rng.normal(size=200) * 0.2
    found = one(y, x, range(-3, 6), season=0)
    assert found.loc[2, "weight"] == pytest.approx(0.5, abs=0.08)
    assert found.loc[2, "p"] < 1e-20
    assert found.drop(2)["r"].abs().max() < 0.2
    raw = [np.corrcoef(x[: 200 - k], y[k:])[0, 1] for k in (0, 1, 3)]
    assert min(raw) > 0.4


def test_a_change_of_level_does_not_hide_the_effect():
    """A taxonomy that changes in between sets a step; allowed for, the effect is found on both sides of it."""
    rng = np.random.default_rng(2)
    x = np.where(rng.random(40) < 0.4, 1.0, 0.0)
    y = 0.5 * x + 3.0 * (np.arange(40) >= 22) + rng.normal(size=40) * 0.1
    told, torn = (one(y, x, [0], season=0, levels=levels).loc[0] for levels in ([22], []))
    assert told["low"] < 0.5 < told["high"]
    assert told["high"] - told["low"] < (torn["high"] - torn["low"]) / 3


# ---------------------------------------------------------------------------------------------------- edges


def test_volumes_are_logarithms_and_what_happens_now_and_then_square_roots():
    log, rise = scaled([100.0, 200.0])
    np.testing.assert_allclose(log, np.log([100, 200]))
    assert rise == pytest.approx(np.log(1.1))
    root, rise = scaled([0.0, 4.0, 0.0, 16.0, 100.0])
    np.testing.assert_allclose(root, [0, 2, 0, 4, 10])
    assert rise == 4
    assert scaled([0.0, 0.0])[1] == 0


@pytest.mark.parametrize("n", [0, 1, 5, 23])
def test_too_few_points_tell_nothing(n):
    found = one(np.arange(n, dtype=float), np.ones(n), [0, 1])
    assert found[["r", "p", "weight"]].isna().all(axis=None)


def test_what_does_not_vary_or_is_missing_tells_nothing():
    rng = np.random.default_rng(0)
    y = rng.normal(size=40)
    assert one(y, np.ones(40))["p"].isna().all()
    assert one(np.zeros(40), y)["p"].isna().all()
    assert one(y, np.where(np.arange(40) == 5, np.nan, y))["p"].isna().all()
    assert one(y, (np.arange(40) % 12).astype(float))["p"].isna().all()  # the season itself


def test_one_extreme_month_is_told():
    """A single month in which both are extreme makes a correlation, and leaving it out takes it away."""
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(2, 40))
    x[20], y[20] = 8.0, 8.0
    found = one(y, x, [0], season=0).loc[0]
    assert found["p"] < 0.001
    assert found["p_without"] > 0.05


# ------------------------------------------------------------------------------------------------ properties


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 100), st.floats(-50, 50))
def test_scale_and_level_do_not_matter(seed, scale, level):
    rng = np.random.default_rng(seed)
    x, y = wandering(rng, 40, 0.5, 2).T
    here, there = one(y, x), one(level + scale * y, level + scale * x)
    np.testing.assert_allclose(here[["r", "p", "weight"]], there[["r", "p", "weight"]], rtol=1e-5, atol=1e-9)


# ------------------------------------------------------------------------------------------------ simulation


def false_alarms(kind: str, n: int, rho: float, runs: int = 60, series: int = 20) -> tuple[float, float]:
    """Shares of p below 5% and 1% of counts that have nothing to do with the driver but the months of the year."""
    rng, found = np.random.default_rng(12), []
    for _ in range(runs):
        season = rng.normal(size=12)[np.arange(n) % 12] * 0.3
        volume = np.exp(0.1 * wandering(rng, n, rho)[:, 0] + season + 0.005 * np.arange(n))
        events = np.where(rng.random(n) < 0.4, rng.gamma(0.8, 3000, n), 0)
        n_of = rng.poisson(30 * np.exp(0.15 * wandering(rng, n, rho, series) + 0.7 * season[:, None]))
        driver, _ = scaled(volume if kind == "volume" else events)
        found.append(lagged(pd.DataFrame(np.log(n_of + 0.5)), driver)["p"].to_numpy())
    p = np.concatenate(found)
    return (p < 0.05).mean(), (p < 0.01).mean()


@pytest.mark.parametrize("kind", ["volume", "events"])
@pytest.mark.parametrize(("n", "rho"), [(30, 0.4), (36, 0.7), (60, 0.7)])
def test_unrelated_series_with_memory_and_the_same_season_rarely_raise_an_alarm(kind, n, rho):
    """4,800 tests each: 5% of p below 5%, 1% below 1%; series of one driver share its luck, hence the tolerance."""
    five, one_in_hundred = false_alarms(kind, n, rho)
    assert five == pytest.approx(0.05, abs=0.022)
    assert one_in_hundred < 0.022


def test_plain_correlation_would_not_do():
    """What prewhitening is for: of unrelated series with a memory of .8, plain correlation calls a fifth or more related."""
    from scipy import stats

    rng = np.random.default_rng(5)
    pairs = [wandering(rng, 60, 0.8, 2).T for _ in range(300)]
    plain = np.mean([stats.pearsonr(x, y).pvalue < 0.05 for x, y in pairs])
    filtered = np.mean([one(y, x, [0], season=0)["p"].iloc[0] < 0.05 for x, y in pairs])
    assert plain > 0.2
    assert filtered < 0.09


def test_the_interval_holds_and_outages_are_found():
    """40 of 100 months with outages, complaints of 60 a month half as many more after a usual one, in 36 months: the
    weight lies in its interval, and the pair stands out among 200 tests."""
    rng, held, seen = np.random.default_rng(3), [], []
    for _ in range(150):
        x, _ = scaled(np.where(rng.random(36) < 0.4, rng.gamma(2, 3000, 36), 0))
        weight = np.log(1.5) / np.sqrt(5000)
        season = rng.normal(size=12)[np.arange(36) % 12] * 0.2
        level = season + 0.08 * wandering(rng, 36, 0.4)[:, 0] + weight * np.concatenate([[0], x[:-1]])
        found = one(np.log(rng.poisson(60 * np.exp(level)) + 0.5), x, [1]).loc[1]
        held.append(found["low"] <= weight <= found["high"])
        seen.append(found["p"] <= 0.1 / 200)
    assert np.mean(held) == pytest.approx(0.95, abs=0.045)
    assert np.mean(seen) >= 0.7
