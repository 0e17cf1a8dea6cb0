"""The models of statsmodels, each fitted to one series and told in numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

SEASONS = 2  # whole seasons below which none is estimated


@dataclass(frozen=True)
class Fit:
    """A fitted model: its forecast, its one-step forecasts of the history, what it estimated."""

    path: np.ndarray
    fitted: np.ndarray
    residuals: np.ndarray  # as the model sees them: relative or of logarithms, where it works with those
    parameters: dict[str, float]
    aicc: float = np.nan
    burn: int = 0  # first values, whose one-step forecasts start from nothing
    converged: bool = True


def models(
    y: np.ndarray, horizon: int, season: int, x: np.ndarray | None, ahead: np.ndarray | None
) -> Iterator[tuple[str, Callable[[], Fit]]]:
    """The models that a series of this length allows, each with the function that fits it (`reference.candidates`)."""
    n, seasonal = len(y), season > 1 and len(y) >= SEASONS * season
    if n >= season:
        yield "seasonal_naive", lambda: _naive(y, horizon, season)
    yield "ets_ann", lambda: _ets(y, horizon, 0)
    yield "ets_aadn", lambda: _ets(y, horizon, 0, trend="add", damped_trend=True)
    if seasonal:
        yield "ets_ana", lambda: _ets(y, horizon, season, seasonal="add")
        yield "ets_aada", lambda: _ets(y, horizon, season, trend="add", damped_trend=True, seasonal="add")
        if y.min() > 0:
            multiplied = {"error": "mul", "trend": "add", "damped_trend": True, "seasonal": "mul"}
            yield "ets_madm", lambda: _ets(y, horizon, season, **multiplied)
        yield "stl_ets", lambda: _stl(y, horizon, season)
    yield "theta", lambda: _theta(y, horizon, season if seasonal else 1)
    yearly = season if seasonal and n >= (SEASONS + 1) * season else 0  # its differences cost a season
    yield "sarimax", lambda: _sarimax(y, horizon, yearly, x, ahead)
    yield "unobserved", lambda: _unobserved(y, horizon, season if seasonal else 0, x, ahead)


def _naive(y: np.ndarray, horizon: int, season: int) -> Fit:
    fitted = np.concatenate([np.full(season, np.nan), y[:-season]])
    return Fit(y[-season:][np.arange(horizon) % season], fitted, y - fitted, {}, burn=season)


def _ets(y: np.ndarray, horizon: int, season: int, error: str = "add", **form: Any) -> Fit:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    more = {"seasonal_periods": season} if season else {}
    return _of(ETSModel(y, error=error, **form, **more).fit(disp=False, maxiter=500), horizon)


def _theta(y: np.ndarray, horizon: int, season: int) -> Fit:
    from scipy.signal import lfilter
    from statsmodels.tsa.forecasting.theta import ThetaModel

    form = "multiplicative" if y.min() > 0 else "additive"
    result = ThetaModel(y, period=season, deseasonalize=season > 1, method=form).fit()
    b0, alpha = (float(result.params[name]) for name in ("b0", "alpha"))
    # It gives no fitted values: one step ahead it is exponential smoothing with half the drift, the season put back.
    ahead = np.asarray(result.forecast_components(max(season, 1)).seasonal)
    factor = ahead[(np.arange(len(y)) - len(y)) % len(ahead)]
    multiplied = result.model.method.startswith("mul")
    plain = y / factor if multiplied else y - factor
    level = lfilter([alpha], [1, alpha - 1], plain, zi=[(1 - alpha) * plain[0]])[0]
    reach = (1 - (1 - alpha) ** np.arange(1, len(y))) / alpha if alpha > 0 else np.arange(1, len(y))
    fitted = np.concatenate([[np.nan], level[:-1] + b0 / 2 * reach])
    fitted = fitted * factor if multiplied else fitted + factor
    return Fit(np.asarray(result.forecast(horizon)), fitted, y - fitted, {"b0": b0, "alpha": alpha}, burn=1)


def _sarimax(y: np.ndarray, horizon: int, season: int, x: np.ndarray | None, ahead: np.ndarray | None) -> Fit:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    scale = _Scale(y)
    model = SARIMAX(
        scale.to(y), x, order=(0, 1, 1), seasonal_order=(0, 1, 1, season) if season else (0, 0, 0, 0)
    )
    return scale.back(_of(model.fit(disp=False, maxiter=200), horizon, exog=ahead), y, burn=1 + season)


def _unobserved(
    y: np.ndarray, horizon: int, season: int, x: np.ndarray | None, ahead: np.ndarray | None
) -> Fit:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    scale = _Scale(y)
    model = UnobservedComponents(scale.to(y), "lldtrend", seasonal=season or None, exog=x)
    return scale.back(_of(model.fit(disp=False, maxiter=200), horizon, exog=ahead), y, burn=2 + season)


def _stl(y: np.ndarray, horizon: int, season: int) -> Fit:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.forecasting.stl import STLForecast

    damped = {"error": "add", "trend": "add", "damped_trend": True}
    result = STLForecast(y, ETSModel, model_kwargs=damped, period=season, robust=True).fit(
        fit_kwargs={"disp": False}
    )
    rest = _of(result.model_result, horizon)
    path = np.asarray(result.forecast(horizon))
    return replace(rest, path=path, fitted=rest.fitted + result.result.seasonal)


@dataclass(frozen=True)
class _Scale:
    """Logarithms where no value is 0, so that season and regressors multiply."""

    y: np.ndarray

    def to(self, y: np.ndarray) -> np.ndarray:
        return np.log(y) if self.y.min() > 0 else y

    def back(self, fit: Fit, y: np.ndarray, burn: int) -> Fit:
        if self.y.min() > 0:
            fit = replace(fit, path=np.exp(fit.path), fitted=np.exp(np.clip(fit.fitted, -700, 700)))
        return replace(fit, burn=min(burn, len(y)))


def _of(result: Any, horizon: int, **more: Any) -> Fit:
    """A result of statsmodels in numbers."""
    return Fit(
        np.asarray(
            result.forecast(horizon, **{key: value for key, value in more.items() if value is not None})
        ),
        np.asarray(result.fittedvalues),
        np.asarray(result.resid),
        dict(zip(result.model.param_names, map(float, result.params), strict=True)),
        float(result.aicc),
        converged=bool(result.mle_retvals.get("converged", True)),
    )
