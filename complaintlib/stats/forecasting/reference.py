"""The models of statsmodels on one chosen series: their forecasts, parameters and what their residuals say of them."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .combine import bounds, reasons
from .models import SEASONS, Fit, models

LEAST = 6  # values below which no model is fitted


@dataclass(frozen=True)
class Reference:
    """What the models say of one series.

    `paths`: model, h, mean, sound, reason. `fitted`: model, at (position in the series), actual, fitted (one step
    ahead). `parameters`: model, parameter, estimate. `diagnostics`: a row per model that was fitted; `residuals`:
    model, lag, acf and the bound within which 95 % of the correlations of white noise lie.
    """

    paths: pd.DataFrame
    fitted: pd.DataFrame
    parameters: pd.DataFrame
    diagnostics: pd.DataFrame
    residuals: pd.DataFrame


def candidates(
    y: pd.Series | np.ndarray,
    horizon: int,
    season: int = 12,
    *,
    regressors: pd.DataFrame | None = None,
    coming: pd.DataFrame | None = None,
) -> Reference:
    """Which forecasts do the models of statsmodels make of this series, and do their residuals look like noise?

    `y`: one value per period, oldest first, NaN where missing (interpolated). `regressors`: numeric columns known in
    advance, one row per value of y, and `coming` one per period ahead; for the models that take them.

    Models: `seasonal_naive`; exponential smoothing ETS(error, trend, season) `ets_ann`, `ets_aadn`, `ets_ana`,
    `ets_aada`, `ets_madm` (Hyndman et al. 2008, Forecasting with Exponential Smoothing; start values estimated);
    `theta` (Assimakopoulos & Nikolopoulos 2000, Int. J. Forecasting 16:521-530); `sarimax`, the airline model (0,1,1)
    (0,1,1) with the regressors (Box & Jenkins 1970), on logarithms where no value is 0; `stl_ets`, damped exponential
    smoothing of what STL (Cleveland et al. 1990) leaves without season; `unobserved`, local level, drift and season
    with the regressors (Harvey 1989); `combination`, the median of the sound ones. With less than two seasons
    (`sarimax`: three) they are fitted without one, and models that are nothing but it are left out.

    A path is not `sound` where its `reason` says so: "failed" (the model could not be fitted), "not finite", "range" (it
    leaves the history's range by more than the range's width, or is below 0 where that never was). `diagnostics`:
    `n`, `parameters` (how many), `converged`, `aicc` (compare within ETS only; a small one is no proof: of 24 values a
    model may have the smallest and forecast ten times their maximum), `sigma` (of the one-step errors), and three
    p-values; small ones say that residuals are correlated (`ljung_box`, over two seasons at most), that their variance
    changes (`heteroskedasticity`, last third against first), that they are not normal (`normality`, Jarque-Bera).

    The models' own intervals are not given: with few years of history they are far too narrow (C12).
    Raises ValueError where there are fewer than 6 values.
    """
    y = _whole(y)
    if len(y) < LEAST:
        raise ValueError(f"needs {LEAST} values at least")
    x, ahead = (None, None) if regressors is None else _aligned(regressors, coming, len(y), horizon)
    fits: dict[str, Fit | None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of (convergence, start values) is in the tables
        for name, fit in models(y, horizon, season, x, ahead):
            try:
                fits[name] = fit()
            except (ValueError, np.linalg.LinAlgError, NotImplementedError):
                fits[name] = None
        found = {name: fit for name, fit in fits.items() if fit is not None and name != "seasonal_naive"}
        diagnostics = [{"model": name} | _diagnosed(y, fit, season) for name, fit in found.items()]
        residuals = [_correlations(y, fit, season).assign(model=name) for name, fit in found.items()]
    return Reference(
        _paths(fits, y, horizon),
        _long(
            {
                name: pd.DataFrame({"at": np.arange(len(y)), "actual": y, "fitted": fit.fitted})[fit.burn :]
                for name, fit in found.items()
            }
        ),
        pd.DataFrame(
            [(name, key, value) for name, fit in found.items() for key, value in fit.parameters.items()],
            columns=["model", "parameter", "estimate"],
        ),
        pd.DataFrame(diagnostics),
        pd.concat(residuals, ignore_index=True)[["model", "lag", "acf", "bound"]],
    )


def backtested(y: pd.Series | np.ndarray, horizon: int, season: int = 12, origins: int = 3) -> pd.DataFrame:
    """How would these models have done? model, origin (position of the last value known then), h, actual, mean.

    Each model is fitted afresh at each of the last `origins` that leave a whole horizon, on the values up to there
    alone. It takes seconds an origin: for many series or origins use `fit_panel`, whose models are the same in kind.
    """
    y = np.asarray(y, float)
    frames = []
    for last in range(max(len(y) - horizon - origins, 0), len(y) - horizon):
        if len(_whole(y[: last + 1])) < LEAST:
            continue
        paths = candidates(y[: last + 1], horizon, season).paths
        actual = y[last + paths["h"].to_numpy()]
        frames.append(paths.assign(origin=last, actual=actual)[["model", "origin", "h", "actual", "mean"]])
    columns = ["model", "origin", "h", "actual", "mean"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def decomposed(y: pd.Series | np.ndarray, season: int = 12) -> tuple[pd.DataFrame, dict[str, float]]:
    """How much of a series is trend, how much season, how much neither?

    A frame `observed`, `trend`, `season`, `remainder`, a row per value (they add up), by robust STL (Cleveland et al.
    1990, J. Official Statistics 6:3-73), and the strength of `trend` and `season` from 0 (none) to 1: one less the
    remainder's variance over that of remainder and component together (Wang, Smith & Hyndman 2006, Data Mining and
    Knowledge Discovery 13:335-364). Raises ValueError under two seasons.
    """
    from statsmodels.tsa.seasonal import STL

    y = _whole(y)
    if len(y) < SEASONS * season or season < 2:
        raise ValueError(f"needs {SEASONS} seasons of {season} values")
    found = STL(y, period=season, robust=True).fit()
    frame = pd.DataFrame(
        {"observed": y, "trend": found.trend, "season": found.seasonal, "remainder": found.resid}
    )
    rest = frame["remainder"]
    spread = {name: (frame[name] + rest).var() for name in ("trend", "season")}
    strength = {
        name: max(0.0, 1 - rest.var() / value) if value > 0 else 0.0 for name, value in spread.items()
    }
    return frame, strength


def unsound(path: np.ndarray, y: np.ndarray) -> str:
    """Why a path is not to be trusted, seen from its history: "not finite", "range", or "" where it is."""
    return str(reasons(path[None], *bounds(y.min(keepdims=True), y.max(keepdims=True)))[0])


# ------------------------------------------------------------------------------------------------ diagnostics


def _diagnosed(y: np.ndarray, fit: Fit, season: int) -> dict[str, Any]:
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.stats.stattools import jarque_bera
    from statsmodels.tsa.stattools import breakvar_heteroskedasticity_test

    residuals, known = fit.residuals[fit.burn :], fit.fitted[fit.burn :]
    told = len(residuals) >= 2 * LEAST and residuals.std() > 1e-9 * (1 + np.abs(residuals).max())
    tests = dict.fromkeys(("ljung_box", "heteroskedasticity", "normality"), np.nan)
    if told:
        lags = [_lags(len(residuals), season)]
        tests["ljung_box"] = float(acorr_ljungbox(residuals, lags=lags)["lb_pvalue"].iloc[0])
        tests["heteroskedasticity"] = float(breakvar_heteroskedasticity_test(residuals)[1])
        tests["normality"] = float(jarque_bera(residuals)[1])
    return {
        "n": len(y),
        "parameters": len(fit.parameters),
        "converged": fit.converged,
        "aicc": fit.aicc,
        "sigma": float(np.sqrt(np.mean((y[fit.burn :] - known) ** 2))) if len(known) else np.nan,
    } | tests


def _correlations(y: np.ndarray, fit: Fit, season: int) -> pd.DataFrame:
    from statsmodels.tsa.stattools import acf

    residuals = fit.residuals[fit.burn :]
    lags = _lags(len(residuals), season)
    flat = lags < 1 or residuals.std() == 0
    found = np.array([]) if flat else acf(residuals, nlags=lags)[1:]
    return pd.DataFrame(
        {"lag": np.arange(1, len(found) + 1), "acf": found, "bound": 1.96 / np.sqrt(max(len(residuals), 1))}
    )


def _lags(n: int, season: int) -> int:
    """Two seasons, but no more than a fifth of what there is (Hyndman & Athanasopoulos, Forecasting, 5.4)."""
    return min(2 * season if season > 1 else 10, n // 5)


# ------------------------------------------------------------------------------------------------------ frames


def _paths(fits: dict[str, Fit | None], y: np.ndarray, horizon: int) -> pd.DataFrame:
    paths = {name: np.full(horizon, np.nan) if fit is None else fit.path for name, fit in fits.items()}
    reasons = {name: "failed" if fits[name] is None else unsound(path, y) for name, path in paths.items()}
    good = [path for name, path in paths.items() if not reasons[name]]
    paths["combination"] = np.maximum(np.median(good, axis=0), 0) if good else np.full(horizon, y.mean())
    reasons["combination"] = ""
    return _long(
        {
            name: pd.DataFrame(
                {
                    "h": np.arange(1, horizon + 1),
                    "mean": path,
                    "sound": not reasons[name],
                    "reason": reasons[name],
                }
            )
            for name, path in paths.items()
        }
    )


def _long(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    found = pd.concat([frame.assign(model=name) for name, frame in frames.items()], ignore_index=True)
    return found[["model", *(name for name in found if name != "model")]]


def _whole(y: pd.Series | np.ndarray) -> np.ndarray:
    """The series from its first known value on; what is missing lies on the line between its neighbours."""
    y = np.asarray(y, float)
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        return y[:0]
    return np.interp(np.arange(known[0], len(y)), known, y[known])


def _aligned(
    regressors: pd.DataFrame, coming: pd.DataFrame | None, n: int, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    if coming is None or len(coming) < horizon or len(regressors) < n or list(coming) != list(regressors):
        raise ValueError("needs a row of regressors per value and, in `coming`, per period ahead")
    x, ahead = regressors.to_numpy(float)[-n:], coming.to_numpy(float)[:horizon]
    told = x.std(axis=0) > 1e-12  # what never changed cannot be told from the level
    return (x[:, told], ahead[:, told]) if told.any() else (None, None)
