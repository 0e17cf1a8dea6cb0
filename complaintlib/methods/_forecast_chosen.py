"""One chosen series from near: its decomposition, what each model makes of it, and what the models' residuals say."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..stats.forecasting.reference import LEAST, Reference, candidates
from ..words import Trouble, Words
from ._forecast_series import ALL, Fitted, season_of
from ._forecast_tables import in_units, own_backtest

SLOW = 24  # a longer season is taken out before: with so many start values statsmodels needs minutes
DIAGNOSTICS = [
    "model",
    "parameters",
    "converged",
    "aicc",
    "sigma",
    "ljung_box",
    "heteroskedasticity",
    "normality",
]


@dataclass(frozen=True)
class Chosen:
    """A series, its calendar factors past and coming, and the models of statsmodels on it."""

    f: Fitted
    name: str
    season: pd.DataFrame | None
    reference: Reference | None

    @property
    def value(self) -> np.ndarray:
        return self.f.seen.values[self.name].to_numpy(float)


def choose(f: Fitted, code: str) -> Chosen:
    """The total, or the category of that code (of the first level). Trouble for a code that is none."""
    name = code or ALL
    if name not in f.seen.values:
        words = Words(
            "chosen 应为某一类别的代码，而不是“{code}”", "chosen must be the code of a category, not “{code}”"
        )
        raise Trouble(words, code=code)
    return Chosen(f, name, season_of(f, name), _reference(f, name))


def _reference(f: Fitted, name: str) -> Reference | None:
    """The models on the series from where its history is used, the calendar taken out."""
    seen = f.seen
    used = pd.Index([p.start for p in seen.history]) >= f.began.get(name, seen.history[0].start)
    y = (seen.values[name].to_numpy(float) / _divisor(f, name)[: len(used)])[used]
    if np.isfinite(y).sum() < LEAST:
        return None
    return candidates(y, len(seen.coming), seen.season if seen.season <= SLOW else 1)


def _divisor(f: Fitted, name: str) -> np.ndarray:
    """What is taken out before: the calendar, and a season too long for these models."""
    divisor = f.factors[name].to_numpy()
    if f.seen.season > SLOW and f.season is not None and name not in f.borrowed:
        divisor = divisor * f.season["season"].to_numpy()
    return divisor


def decomposition_table(chosen: Chosen) -> pd.DataFrame:
    """What came, and its parts: `value` = `trend` x `season` x `calendar` x `remainder`. Only `value` where there is no season
    to be told (under two of them, or a value of 0)."""
    seen, season = chosen.f.seen, chosen.season
    table = pd.DataFrame({"period": seen.texts, "value": chosen.value})
    n = len(table)
    for part in ("trend", "season", "remainder"):
        table[part] = np.nan if season is None else season[part].to_numpy()[:n]
    table["calendar"] = np.nan if season is None else chosen.f.factors[chosen.name].to_numpy()[:n]
    return table[["period", "value", "trend", "season", "calendar", "remainder"]].assign(form=seen.form)


def paths_table(chosen: Chosen) -> pd.DataFrame:
    """Every model's path: `engine` (kit: all series at once; statsmodels: this one alone), `model`, `period`, `mean`, `sound`,
    and why it was `left_out`."""
    f = chosen.f
    own = f.panel.candidates[f.panel.candidates["id"] == chosen.name]
    parts = [in_units(own, ["mean"], f.seen).assign(engine="kit")]
    if chosen.reference is not None:
        paths = chosen.reference.paths.copy()
        ahead = _divisor(f, chosen.name)[len(f.seen.history) :]
        paths["mean"] = paths["mean"] * ahead[paths["h"] - 1]
        parts.append(paths.assign(engine="statsmodels"))
    table = pd.concat(parts, ignore_index=True)
    table["period"] = [f.seen.coming[h - 1].text for h in table["h"]]
    table["sound"] = table["sound"].astype(bool)
    table = table.rename(columns={"reason": "left_out"})
    return table[["engine", "model", "period", "mean", "sound", "left_out"]].assign(form=f.seen.form)


def candidates_table(chosen: Chosen, paths: pd.DataFrame) -> pd.DataFrame:
    """One row a model: its next value, the last of its path, whether the path is sound, and the error of the backtest."""
    first, last = (chosen.f.seen.coming[at].text for at in (0, -1))
    at = paths.pivot_table(index=["engine", "model"], columns="period", values="mean", sort=False)
    told = paths.drop_duplicates(["engine", "model"]).set_index(["engine", "model"])[["sound", "left_out"]]
    table = told.assign(mean=at.get(first), mean_last=at.get(last)).reset_index()
    table["loss"] = table["model"].map(own_backtest(chosen.f, chosen.name)).where(table["engine"] == "kit")
    order = table.assign(other=table["engine"] != "kit")
    order = order.sort_values(["other", "loss", "model"], kind="stable", ignore_index=True)
    return order[["engine", "model", "mean", "mean_last", "sound", "left_out", "loss"]].assign(
        form=chosen.f.seen.form
    )


def diagnostics_table(chosen: Chosen) -> pd.DataFrame:
    """What statsmodels says of each model's residuals on the chosen series."""
    if chosen.reference is None:
        return pd.DataFrame(columns=DIAGNOSTICS)
    found = chosen.reference.diagnostics
    return found.reindex(columns=DIAGNOSTICS).astype({"converged": bool})


def parameters_table(chosen: Chosen) -> pd.DataFrame:
    columns = ["model", "parameter", "estimate"]
    if chosen.reference is None:
        return pd.DataFrame(columns=columns)
    found = chosen.reference.parameters
    starts = found["parameter"].str.startswith(
        "initial_seasonal"
    )  # the decomposition shows the season better
    return found.loc[~starts, columns].reset_index(drop=True)
