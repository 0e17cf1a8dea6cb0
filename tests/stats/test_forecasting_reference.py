"""The models of statsmodels on one series: published values, guards against what they may forecast, edges."""

import warnings

import numpy as np
import pandas as pd
import pytest

from complaintlib.stats.forecasting.reference import backtested, candidates, decomposed, unsound

# International airline passengers, thousands, 1949-1960 (Box & Jenkins 1970, series G).
AIRLINE = np.array(
    [
        "112",
        "118",
        "132",
        "129",
        "121",
        "135",
        "148",
        "148",
        "136",
        "119",
        "104",
        "118",
        "115",
        "126",
        "141",
        "135",
        "125",
        "149",
        "170",
        "170",
        "158",
        "133",
        "114",
        "140",
        "145",
        "150",
        "178",
        "163",
        "172",
        "178",
        "199",
        "199",
        "184",
        "162",
        "146",
        "166",
        "171",
        "180",
        "193",
        "181",
        "183",
        "218",
        "230",
        "242",
        "209",
        "191",
        "172",
        "194",
        "196",
        "196",
        "236",
        "235",
        "229",
        "243",
        "264",
        "272",
        "237",
        "211",
        "180",
        "201",
        "204",
        "188",
        "235",
        "227",
        "234",
        "264",
        "302",
        "293",
        "259",
        "229",
        "203",
        "229",
        "242",
        "233",
        "267",
        "269",
        "270",
        "315",
        "364",
        "347",
        "312",
        "274",
        "237",
        "278",
        "284",
        "277",
        "317",
        "313",
        "318",
        "374",
        "413",
        "405",
        "355",
        "306",
        "271",
        "306",
        "315",
        "301",
        "356",
        "348",
        "355",
        "422",
        "465",
        "467",
        "404",
        "347",
        "305",
        "336",
        "340",
        "318",
        "362",
        "348",
        "363",
        "435",
        "491",
        "505",
        "404",
        "359",
        "310",
        "337",
        "360",
        "342",
        "406",
        "396",
        "420",
        "472",
        "548",
        "559",
        "463",
        "407",
        "362",
        "405",
        "417",
        "391",
        "419",
        "461",
        "472",
        "535",
        "622",
        "606",
        "508",
        "461",
        "390",
        "432",
    ],
    float,
)
# Two years that end with a rush.
RUSH = np.array(
    [24, 40, 34, 28, 25, 15, 31, 51, 38, 37, 33, 55, 84, 33, 52, 104, 51, 81, 64, 71, 124, 116, 166, 283.0]
)
SEASONAL = {"ets_ana", "ets_aada", "ets_madm", "stl_ets"}


@pytest.fixture(scope="module")
def airline():
    return candidates(AIRLINE, 3)


def path(found, model: str) -> list[float]:
    return found.paths.loc[found.paths["model"] == model, "mean"].tolist()


def test_n33_airline_model_against_r(airline):
    """R arima: ma -.401828, sma -.5569448, sigma2 .001348; forecasts of the logarithm 6.110186 6.053775 6.171715."""
    estimates = airline.parameters.query("model == 'sarimax'")["estimate"].tolist()
    assert estimates[:2] == pytest.approx([-0.401828, -0.5569448], abs=5e-4)
    assert estimates[2] == pytest.approx(0.001348, abs=1e-6)
    assert np.log(path(airline, "sarimax")) == pytest.approx([6.110186, 6.053775, 6.171715], rel=2e-5)


def test_n36_theta_against_r():
    """The Nile's flow at Aswan 1871-1970 by R's thetaf (from statsmodels' own data), 1e-3."""
    from statsmodels.datasets import nile

    flow = nile.load_pandas().data["volume"]
    found = candidates(flow, 5, season=1)
    assert path(found, "theta") == pytest.approx([799.812, 798.4548, 797.0977, 795.7405, 794.3834], rel=1e-3)
    assert set(found.paths["model"]) == {
        "seasonal_naive",
        "ets_ann",
        "ets_aadn",
        "theta",
        "sarimax",
        "unobserved",
        "combination",
    }
    assert path(found, "seasonal_naive") == [740] * 5


def test_what_is_fitted_is_one_step_ahead(airline):
    """The last fitted value is the forecast that the model, with the same parameters, makes a period earlier."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    fitted = airline.fitted.query("model == 'ets_ann'")["fitted"].iloc[-1]
    alpha, level = airline.parameters.query("model == 'ets_ann'")["estimate"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        earlier = ETSModel(AIRLINE[:-1], initialization_method="known", initial_level=level)
        assert fitted == pytest.approx(earlier.smooth([alpha, level]).forecast(1)[0])
    theta = airline.fitted.query("model == 'theta'")
    error = (theta["actual"] - theta["fitted"]).abs().mean()
    assert error < 9 < np.abs(np.diff(AIRLINE)).mean()  # a thousand passengers; naive 25.9


def test_theta_fitted_values_continue_into_its_forecast():
    """Without season: level and half the drift of the next step are its first forecast (Hyndman & Billah 2003)."""
    y = RUSH[:20]
    found = candidates(y, 1, season=1)
    b0, alpha = found.parameters.query("model == 'theta'")["estimate"]
    fitted = found.fitted.query("model == 'theta'")["fitted"].to_numpy()
    drift = b0 / 2 * (1 - (1 - alpha) ** np.arange(1, 21)) / alpha
    level = fitted[-1] - drift[-2] + alpha * (y[-1] - (fitted[-1] - drift[-2]))
    assert path(found, "theta") == pytest.approx([level + drift[-1]], rel=1e-6)


def test_the_trap_a_small_aicc_is_no_proof():
    """24 values of at most 283: the model with the smallest AICc of statsmodels' ETS family, start values by its
    heuristic, forecasts thousands. It is not sound; nor is any path among the sound ones that goes so far."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    forms = [
        ("add", "add", True, "add"),
        ("mul", "add", True, "mul"),
        ("mul", "mul", False, "mul"),
        ("add", None, False, "add"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [
            ETSModel(RUSH, error=error, trend=trend, damped_trend=damped, seasonal=season, seasonal_periods=12,
                     initialization_method="heuristic").fit(disp=False, maxiter=200)
            for error, trend, damped, season in forms
        ]  # fmt: skip
    best = min(fits, key=lambda fit: fit.aicc)
    assert best.forecast(12).max() > 5 * RUSH.max() and unsound(best.forecast(12), RUSH) == "range"
    found = candidates(RUSH, 12).paths
    assert not found.query("model in ['ets_aadn', 'stl_ets']")["sound"].any()
    sound = found[found["sound"]]
    assert {"combination", "seasonal_naive", "theta"} <= set(sound["model"])
    assert sound["mean"].between(0, 2 * RUSH.max()).all()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([5, 9], ""),
        ([5, np.inf], "not finite"),
        ([np.nan, 5], "not finite"),
        ([0, 5], ""),
        ([-1, 5], "range"),
        ([21, 5], "range"),
        ([19, 5], ""),
    ],
)
def test_what_is_sound_by_hand(values, why):
    """A history from 1 to 10: sound is what lies up to 10 + 9 and not below 0; one from -10 to 5: from -25 to 20."""
    assert unsound(np.array(values, float), np.array([1.0, 10, 4])) == why
    assert unsound(np.array([-24.5, 19.5]), np.array([-10.0, 5])) == ""
    assert unsound(np.array([-25.5]), np.array([-10.0, 5])) == "range"


@pytest.mark.parametrize("kind", ["constant", "zeros", "rare", "short", "gap", "noise"])
def test_edges_always_have_a_combination(kind):
    rng = np.random.default_rng(1)
    y = {
        "constant": np.full(30, 7.0),
        "zeros": np.zeros(30),
        "rare": np.where(np.arange(40) % 7 == 0, 1.0, 0),
        "short": np.array([4.0, 6, 3, 8, 5, 7]),
        "gap": np.where(np.arange(40) % 5 == 3, np.nan, rng.poisson(30, 40)),
        "noise": rng.poisson(3, 26).astype(float),
    }[kind]
    found = candidates(y, 4)
    combination = path(found, "combination")
    assert np.isfinite(combination).all() and min(combination) >= 0
    assert max(combination) <= 2 * max(np.nanmax(y), 1e-3)
    assert (len(y) >= 24) == bool(SEASONAL & set(found.paths["model"]))
    assert found.paths.groupby("model")["h"].apply(list).map(lambda h: h == [1, 2, 3, 4]).all()
    assert found.diagnostics["model"].is_unique and "combination" not in found.diagnostics["model"].tolist()
    if kind in ("constant", "zeros"):
        assert combination == pytest.approx([y[0]] * 4, abs=1e-3)


def test_too_few_values_are_refused():
    with pytest.raises(ValueError, match="6 values"):
        candidates([1, np.nan, 3, 4, 5, 6][1:], 3)


def test_residuals_that_are_noise_and_such_that_are_not():
    """White noise passes its own model's tests; a series with a season fails those of a model without."""
    t = np.arange(72)
    noise = np.random.default_rng(3).normal(100, 5, 72)
    one = candidates(noise, 2).diagnostics.set_index("model").loc["ets_ann"]
    assert one[["ljung_box", "heteroskedasticity", "normality"]].min() > 0.05 and one["n"] == 72
    assert one["sigma"] == pytest.approx(5, rel=0.2)
    two = candidates(noise + 30 * np.sin(t * np.pi / 6), 2)
    assert two.diagnostics.set_index("model").loc["ets_ann", "ljung_box"] < 1e-6
    correlations = two.residuals.query("model == 'ets_ann'").set_index("lag")
    assert correlations.loc[12, "acf"] > 2 * correlations.loc[12, "bound"]
    assert len(correlations) == 14 and correlations["bound"].iloc[0] == pytest.approx(1.96 / 72**0.5)


def test_regressors_known_in_advance_are_used():
    """Every fifth value is half as high again: known ahead, sarimax and unobserved components forecast it, within 10 %."""
    rng = np.random.default_rng(4)
    on = (np.arange(45) % 5 == 2).astype(float)
    y = rng.normal(100, 3, 40) * (1 + 0.5 * on[:40])
    x = pd.DataFrame({"campaign": on, "never": 0.0})
    found = candidates(y, 5, season=1, regressors=x[:40], coming=x[40:])
    for model in ("sarimax", "unobserved"):
        assert path(found, model) == pytest.approx((100 * (1 + 0.5 * on[40:])).tolist(), rel=0.1)
    with pytest.raises(ValueError, match="per period ahead"):
        candidates(y, 6, season=1, regressors=x[:40], coming=x[40:])


def test_backtest_looks_at_nothing_later():
    y = AIRLINE[:20].copy()
    one = backtested(y, 2, origins=2)
    assert sorted(one["origin"].unique()) == [16, 17]
    assert one.query("model == 'ets_ann' and origin == 17")["actual"].tolist() == [y[18], y[19]]
    y[18:] = 999
    other = backtested(y, 2, origins=2).query("origin == 16 and h == 1")
    pd.testing.assert_frame_equal(other, one.query("origin == 16 and h == 1"))
    y[17] = np.nan  # what lies between is not told from what came after
    gap = backtested(y, 2, origins=3).query("model == 'ets_ann' and origin == 17")
    assert gap["mean"].max() < 2 * AIRLINE[:17].max() < 999
    assert backtested(y[:8], 4, origins=2).empty


def test_decomposition_adds_up_and_tells_how_strong_the_season_is():
    frame, strength = decomposed(AIRLINE)
    assert frame[["trend", "season", "remainder"]].sum(axis=1).tolist() == pytest.approx(AIRLINE.tolist())
    assert strength["trend"] > 0.98 and strength["season"] > 0.9
    _, none = decomposed(np.random.default_rng(5).normal(0, 1, 120))
    assert none["season"] < 0.6 and none["trend"] < 0.3
    with pytest.raises(ValueError, match="2 seasons"):
        decomposed(AIRLINE[:23])
