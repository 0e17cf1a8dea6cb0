"""Forecasts of many series at once: accuracy on the M3 competition's monthly series, speed against loops of statsmodels."""

import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks import RUNS, Line
from complaintlib.stats.forecasting import fit_panel, forecast_panel
from complaintlib.stats.forecasting.accuracy import mase, owa, smape
from complaintlib.stats.forecasting.panel import Panel, panel_of

M3 = Path(__file__).parents[2] / "shared" / "data" / "m3_monthly"
STEPS, SEASON = 18, 12
SERIES, MONTHS, ORIGINS, AHEAD = 200, 60, 12, 12
SAMPLE = 3  # histories on which the loops are timed
LENGTH = MONTHS - AHEAD - ORIGINS // 2  # of the middle one of the histories


def run() -> Iterator[Line]:
    yield from _accuracy() if M3.exists() else _absent()
    yield from _speed()


def _absent() -> Iterator[Line]:
    print(f"no accuracy: {M3} is not here")
    yield from ()


# ------------------------------------------------------------------------------------------------- accuracy


def _accuracy() -> Iterator[Line]:
    train, test = (pd.read_csv(M3 / f"{name}.csv", encoding="utf-8") for name in ("train", "test"))
    panel = panel_of(train, STEPS)
    actual = test.pivot(index="id", columns="h", values="y").to_numpy()
    found = fit_panel(train, STEPS)
    paths = {
        model: rows.pivot(index="id", columns="h", values="mean").to_numpy()
        for model, rows in found.candidates.groupby("model")
    }
    paths["statsmodels Theta"] = np.array([_theta(y, STEPS) for y in _histories(panel)])
    loss = {m: (smape(path, actual), mase(path, actual, panel.y, SEASON)) for m, path in paths.items()}
    table = pd.DataFrame({m: [s.mean(), a.mean()] for m, (s, a) in loss.items()}, ["sMAPE", "MASE"]).T
    table["OWA"] = owa(table["sMAPE"], table["MASE"], *table.loc["naive2", ["sMAPE", "MASE"]])
    for at, name in enumerate(("sMAPE", "MASE")):  # of the difference to the combination, paired over series
        others = table.index.drop("combination")
        p = {m: stats.wilcoxon(loss["combination"][at], loss[m][at]).pvalue for m in others}
        table[f"p {name}"] = pd.Series(p)
    print(
        f"{len(actual)} series, {STEPS} steps; p: Wilcoxon signed ranks against the combination, over series"
    )
    print(table.sort_values("OWA", ascending=False).round(3).to_string(na_rep=""))
    best, theta = table.loc["combination"], table.loc["statsmodels Theta"]
    note = f"sMAPE {best['sMAPE']:.2f}, MASE {best['MASE']:.3f}"
    yield Line("M3 monthly: OWA of the combination", 0.80, best["OWA"], note=note)
    note = f"of its OWA, {theta['OWA']:.3f}; p {theta['p sMAPE']:.1g} by sMAPE, {theta['p MASE']:.1g} by MASE"
    yield Line(
        "M3 monthly: OWA of the combination, against Theta of statsmodels",
        1,
        best["OWA"] / theta["OWA"],
        note=note,
    )
    yield Line("M3 monthly: larger p of that difference", 0.05, theta[["p sMAPE", "p MASE"]].max())
    held = found.forecast["lower"].to_numpy() <= actual.ravel()
    held &= actual.ravel() <= found.forecast["upper"].to_numpy()
    by_step = held.reshape(actual.shape).mean(axis=0)
    note = f"{100 * by_step.min():.0f} to {100 * by_step.max():.0f} % at each of {STEPS} steps"
    yield Line("M3 monthly: share inside 90 % limits", 0.86, held.mean(), at_least=True, note=note)


def _histories(panel: Panel) -> list[np.ndarray]:
    return [y[:n] for y, n in zip(panel.y, panel.n, strict=True)]


# ---------------------------------------------------------------------------------------------------- speed


def _speed() -> Iterator[Line]:
    rng = np.random.default_rng(5)
    t = np.arange(MONTHS)
    level = np.exp(rng.normal(4, 1, (1000, 1)) + rng.normal(0, 0.3, (1000, 1)) * np.sin(t * np.pi / 6))
    counts = rng.poisson(level).astype(float)
    series = (
        pd.DataFrame(counts).melt(ignore_index=False, var_name="t", value_name="y").reset_index(names="id")
    )
    few = series[series["id"] < SERIES]
    backtest = thousand = loop = np.inf
    for _ in range(RUNS):
        backtest = min(backtest, _cpu(lambda: fit_panel(few, AHEAD, counts=True, origins=ORIGINS)))
        thousand = min(thousand, _cpu(lambda: forecast_panel(series, AHEAD, counts=True)))
        loop = min(loop, _cpu(lambda: [_looped(y[:LENGTH], AHEAD) for y in counts[:SAMPLE]]))
    loop *= SERIES * ORIGINS / SAMPLE
    note = f"{backtest:.2f} against {loop:,.0f} CPU s, scaled from {SAMPLE} of {SERIES * ORIGINS:,} histories"
    what = f"{SERIES} series of {MONTHS} months, {ORIGINS} origins x all candidates, against loops"
    yield Line(what, 200, loop / backtest, at_least=True, note=note)
    note = f"{MONTHS} months, {AHEAD} ahead, limits from {ORIGINS} origins"
    yield Line("CPU seconds for 1,000 series forecast with calibrated limits", 2, thousand, note=note)


def _cpu(call: Callable[[], Any]) -> float:
    """CPU seconds: what else the machine does is not counted."""
    began = time.process_time()
    call()
    return time.process_time() - began


def _looped(y: np.ndarray, horizon: int) -> None:
    """The same models in statsmodels: Theta, damped trend, both on 2, 3 and 4 periods put together, Holt-Winters."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing, Holt
    from statsmodels.tsa.seasonal import seasonal_decompose

    def damped(values: np.ndarray) -> None:
        Holt(values, damped_trend=True, initialization_method="estimated").fit().forecast(horizon)

    root = np.sqrt(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optimisers that stop early
        adjusted = root - seasonal_decompose(root, period=SEASON).seasonal
        _theta(root, horizon)
        damped(adjusted)
        for k in (2, 3, 4):
            blocks = adjusted[len(adjusted) % k :].reshape(-1, k).mean(axis=1)
            _theta(blocks, horizon, season=1)
            damped(blocks)
        ExponentialSmoothing(
            root, trend="add", damped_trend=True, seasonal="add", seasonal_periods=SEASON
        ).fit().forecast(horizon)


def _theta(y: np.ndarray, horizon: int, season: int = SEASON) -> np.ndarray:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    model = ThetaModel(y, period=season, deseasonalize=season > 1)
    return np.asarray(model.fit().forecast(horizon))
