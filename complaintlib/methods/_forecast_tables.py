"""The tables of `forecast`: what is expected, of which category, how good such forecasts have been, what is registered."""

import numpy as np
import pandas as pd

from ..rules import load_rules
from ..stats.forecasting.compare import against
from ._forecast_series import ALL, JOIN, Fitted, in_units

NAIVE, DEFAULT = "seasonal_naive", "combination"
SCOPES = ("total", "categories")
FEWEST_ORIGINS = 3
REGISTER = ["as_of", "indicator", "by", "key", "period", "h", "mean", "lower", "upper", "level", "model"]
JUDGED = ["loss", "p", "p_default", "loss_gap", "loss_low", "loss_high"]


def forecast_table(f: Fitted) -> pd.DataFrame:
    """The total of each coming period with its range, against a year before and the last whole period.

    `rise_out` and `fall_out`: the permanent change of level that would take the expected value itself out of the range.
    """
    seen, values = f.seen, f.seen.values[ALL]
    table = f.node().drop(columns=["id", "h"])
    table.insert(0, "period", [p.text for p in seen.coming])
    table["last_year"] = [values.get(p.same_last_year().text, np.nan) for p in seen.coming]
    known, least = values.dropna(), load_rules().statistics.min_count - 1 if seen.adds_up else 0
    base = table["mean"].where(table["mean"] > 0)
    whole = base if seen.indicator.kind != "share" else base * np.nan  # of a share no percentage is told
    with np.errstate(divide="ignore", invalid="ignore"):
        table["on_last_year"] = whole / table["last_year"].where(table["last_year"] > least) - 1
        table["on_now"] = whole / (known.iloc[-1] if len(known) and known.iloc[-1] > least else np.nan) - 1
    table["season"] = _calendar(f)
    table["rise_out"], table["fall_out"] = table["upper"] / base - 1, 1 - table["lower"] / base
    return table.assign(form=seen.form)


def _calendar(f: Fitted) -> np.ndarray:
    """What season and calendar do to each coming period, against a period without either."""
    first = f.seen.coming[0].start
    factor = f.factors[ALL][first:].to_numpy()
    own = f.season["season"][first:].to_numpy() if f.season is not None else 1.0
    return factor * own if f.season is not None or (factor != 1).any() else np.full(len(factor), np.nan)


def levels_table(f: Fitted) -> pd.DataFrame:
    """Every node: the last whole period, the next one with its range, a year before it, and all coming ones together."""
    seen = f.seen
    wide = {c: f.forecast.pivot(index="id", columns="h", values=c) for c in ("mean", "lower", "upper")}
    table = seen.nodes.copy()
    ids, before = table["id"], seen.coming[0].same_last_year().text
    table["value"] = seen.values.iloc[-1].reindex(ids).to_numpy()
    for column, frame in wide.items():
        table[column] = frame[1].reindex(ids).to_numpy()
    table["gain"] = table["mean"] - table["value"]
    lately = seen.values.loc[before] if before in seen.values.index else pd.Series(dtype=float)
    own = [seen.coming[0].same_last_year().start >= f.began.get(name, seen.history[0].start) for name in ids]
    table["last_year"] = lately.reindex(ids).where(own).to_numpy()
    table["coming"] = (
        wide["mean"].sum(axis=1, min_count=1).reindex(ids).to_numpy() if seen.adds_up else np.nan
    )
    basis = f.panel.basis.set_index("id").reindex(ids)
    table["rests_on"], table["basis"] = basis["used"].to_numpy(), basis["basis"].to_numpy()
    table.loc[ids.isin(f.borrowed) & table["basis"].eq("short"), "basis"] = "borrowed"
    for depth, name in enumerate(seen.by, 1):
        table[name] = table[name].where(table["depth"] >= depth, ALL)
    lively = (seen.values.iloc[-seen.season :].sum() > 0).reindex(ids).to_numpy() | (table["coming"] >= 1)
    alive = lively | (ids == ALL) | (not seen.adds_up)
    order = ["depth", *seen.by[:-1], "value", *seen.by[-1:]]
    ways = [name != "value" for name in order]
    table = table[alive].sort_values(order, ascending=ways, kind="stable", ignore_index=True)
    names = list(seen.by) if seen.by_known else []
    columns = ["value", "mean", "lower", "upper", "gain", "last_year", "coming", "basis", "rests_on"]
    return table[[*names, *columns]].assign(form=seen.form)


def parts_of(f: Fitted, most: int) -> pd.DataFrame:
    """The largest categories (of the first column) to be, past and coming, for the picture: `period`, the category, `value`,
    `mean`, `lower`, `upper`."""
    seen = f.seen
    if not seen.by_known:
        return pd.DataFrame(columns=["period", "value", "mean", "lower", "upper"])
    name, rows = seen.by[0], []
    first = f.forecast[f.forecast["id"].isin(seen.nodes.loc[seen.nodes["depth"] == 1, "id"])]
    size = first.groupby("id")["mean"].sum()
    codes = size[size > 0].sort_index().sort_values(ascending=False, kind="stable").index[:most]
    first = min((f.began.get(code, seen.history[0].start) for code in codes), default=None)
    for code in codes:
        since = f.began.get(code, seen.history[0].start)
        y = seen.values[code].where([p.start >= since for p in seen.history])
        past = pd.DataFrame({"period": seen.texts, name: code, "value": y.to_numpy()})
        past = past[[p.start >= first for p in seen.history]]
        ahead = f.node(code).drop(columns=["id", "h"])
        ahead.insert(0, "period", [p.text for p in seen.coming])
        rows += [past.iloc[-SHOWN:], ahead.assign(**{name: code})]
    columns = ["period", name, "value", "mean", "lower", "upper"]
    return (
        pd.concat(rows, ignore_index=True)[columns].assign(form=seen.form)
        if rows
        else pd.DataFrame(columns=columns)
    )


SHOWN = 36  # past periods in the pictures


def past_of(f: Fitted, scope: str) -> pd.DataFrame:
    """The backtest of the total or of the categories, in the indicator's own units; of a series with a season from two seasons
    of history on, as it has now."""
    past, seen = f.panel.backtest, f.seen
    past = past[(past["id"] == ALL) == (scope == "total")]
    if len(seen.history) >= 2 * seen.season + FEWEST_ORIGINS:
        early = past["origin"] < seen.history[2 * seen.season - 1].start
        past = past[~(early & past["id"].isin(set(past["id"]) - set(f.began)))]
    return in_units(past, ["actual", "mean"], f.seen)


def backtest_table(f: Fitted) -> pd.DataFrame:
    """How each model has done at rolling origins: error with the seasonal naive forecast's as 1, and tests of difference."""
    parts = []
    for scope in SCOPES:
        past = past_of(f, scope)
        if len(past) and NAIVE in set(past["model"]):
            parts.append(_compared(past).assign(scope=scope))
    columns = ["scope", "model", "origins", *JUDGED]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def own_backtest(f: Fitted, name: str) -> pd.Series:
    """Each model's error on one series, with the seasonal naive forecast's as 1."""
    past = past_of(f, "total" if name == ALL else "categories")
    past = past[past["id"] == name]
    if not len(past) or NAIVE not in set(past["model"]):
        return pd.Series(dtype=float)
    return _compared(past).set_index("model")["loss"]


def _compared(past: pd.DataFrame) -> pd.DataFrame:
    table = against(past, NAIVE).rename(
        columns={"difference": "loss_gap", "lower": "loss_low", "upper": "loss_high"}
    )
    if DEFAULT in set(past["model"]):
        unit = (past["mean"] - past["actual"]).abs().where(past["model"] == NAIVE).groupby(past["id"]).mean()
        other = against(past, DEFAULT, unit).set_index("model")["p"]
        table["p_default"] = table["model"].map(other)
    table["loss"] /= table["reference_loss"]  # on the same occasions
    return table.reindex(columns=["model", "origins", *JUDGED]).sort_values(
        ["loss", "model"], ignore_index=True
    )


def errors_table(f: Fitted) -> pd.DataFrame:
    """By how far ahead: mean absolute error of the default and of the seasonal naive forecast, as a share of what came."""
    rows = []
    for scope in SCOPES:
        past = past_of(f, scope)
        past = past.assign(error=(past["mean"] - past["actual"]).abs())
        by_model = past.dropna(subset=["error"]).groupby(["model", "h"])[["error", "actual"]].sum()
        share = by_model["error"] / by_model["actual"].where(by_model["actual"] > 0)
        for h in sorted(past["h"].unique()):
            own = past[(past["h"] == h) & (past["model"] == DEFAULT)]
            rows.append(
                {"scope": scope, "h": h, "origins": own["origin"].nunique()}
                | {"error": share.get((DEFAULT, h), np.nan), "error_naive": share.get((NAIVE, h), np.nan)}
            )
    return pd.DataFrame(rows, columns=["scope", "h", "origins", "error", "error_naive"])


def register_table(f: Fitted) -> pd.DataFrame:
    """What this run promises, one row a node and period, to be judged by later runs."""
    seen = f.seen
    table = f.forecast.merge(seen.nodes[["id", "depth"]], on="id")
    table["by"] = [",".join(seen.by[:depth]) for depth in table["depth"]]
    table["key"] = [key_of(name) for name in table["id"]]
    table["period"] = [seen.coming[h - 1].text for h in table["h"]]
    fixed = {
        "as_of": seen.period.as_of,
        "indicator": seen.indicator.key,
        "level": seen.level,
        "model": DEFAULT,
    }
    return table.assign(**fixed)[REGISTER].assign(form=seen.form)


def key_of(name: str) -> str:
    return name.replace(JOIN, " / ")
