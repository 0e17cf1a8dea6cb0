"""How long the steps of cases last, stage by stage: counts of lengths into the tables of `stages`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..book import Book
from ..book.ask import CLOCKS
from ..period import Period
from ..rules import Statistics
from ..schema import BLANK
from ..stats.intervals import quantile_from_counts
from ..stats.multiple import benjamini_hochberg
from ..stats.shifts import level_shifts
from ..stats.survival import KaplanMeier, kaplan_meier

HOUR = 60
ALL = "(all)"
QUANTILES = {"median": 0.5, "p90": 0.9}
STEP = {"start": "entered_at", "end": "left_at", "table": "events"}


@dataclass(frozen=True)
class Steps:
    """The steps of cases as counts by `keys` (stage, and department and waiting_on where they are known): `lengths` of those
    entered in each period of `history`; `standing`, the ages of those not over at the end, whenever entered. No visit
    counts for more than `limit` minutes in a mean: the length of the shortest period."""

    history: Sequence[Period]
    keys: list[str]
    lengths: pd.DataFrame
    standing: pd.DataFrame
    limit: float
    statistics: Statistics

    def of(self, at: int) -> pd.DataFrame:
        return self.lengths[self.lengths["period"] == self.history[at].text]

    def km(self, rows: pd.DataFrame) -> KaplanMeier:
        return kaplan_meier(rows["duration"], rows["observed"], rows["n"], level=self.statistics.confidence)

    def hours(self, rows: pd.DataFrame) -> float:
        """All that the visits take, in hours."""
        return (
            rows["n"].sum() * self.km(rows).restricted_mean(self.limit).estimate / HOUR if len(rows) else 0.0
        )


def ask(book: Book, history: Sequence[Period], clock: str, statistics: Statistics) -> Steps:
    """Everything the tables of times need, in two questions."""
    keys = ["stage", *(c for c in ("department", "waiting_on") if book.has("events", c))]
    lengths = book.spells(**STEP, by=keys, window=history, clock=clock)
    standing = book.spells(**STEP, by=keys, window=history[-1], basis="open", clock=clock)
    for frame in (lengths, standing):
        frame["duration"] = frame["duration"].clip(lower=0)
    at = CLOCKS.index(clock)
    spans = [book.clock.minutes(p.as_of)[at] - book.clock.minutes(p.start)[at] for p in history]
    return Steps(history, keys, lengths, standing, float(max(min(spans[-2:]), 1)), statistics)


# ------------------------------------------------------------------------------------------------ one period


def stage_table(steps: Steps, keys: list[str]) -> pd.DataFrame:
    """Each stage (or stage and department) of this period, from the one with the most time down."""
    rows = {name: _lengths(steps, part) for name, part in _parts(steps.of(-1), keys)}
    standing = steps.standing.assign(waited=steps.standing["duration"] * steps.standing["n"] / HOUR)
    standing = standing.groupby(keys)[["n", "waited"]].sum()
    names = sorted({*rows, *standing.index})
    table = pd.DataFrame([dict(zip(keys, _tuple(name), strict=True)) | rows.get(name, {}) for name in names])
    table = table.reindex(columns=[*keys, *_COLUMNS]).fillna({"visits": 0, "spent_hours": 0.0})
    standing = standing.reindex(names)
    table["still_in"] = standing["n"].fillna(0).astype("int64").to_numpy()
    table["waited_hours"] = standing["waited"].fillna(0.0).to_numpy()
    total = table["spent_hours"].sum()
    table["share_time"] = table["spent_hours"] / total if total > 0 else np.nan
    table["visits"] = table["visits"].astype("int64")
    if "waiting_on" not in steps.keys:
        table = table.drop(columns="share_waiting")
    return table.sort_values(
        ["spent_hours", *keys], ascending=[False, *[True] * len(keys)], ignore_index=True
    )


def with_total(table: pd.DataFrame, steps: Steps) -> pd.DataFrame:
    """The table of stages with all of them together below; medians of unlike things are not given."""
    if table.empty:
        return table
    sums = table[["visits", "still_in", "spent_hours", "waited_hours"]].sum()
    total = {"stage": ALL, "share_time": 1.0 if sums["spent_hours"] > 0 else np.nan} | sums.to_dict()
    if "share_waiting" in table:
        total["share_waiting"] = _waiting(steps, steps.of(-1))
    row = pd.DataFrame([total]).astype({"visits": "int64", "still_in": "int64"})
    return pd.concat([table, row], ignore_index=True)


_COLUMNS = ["visits", "median_hours", "median_hours_low", "median_hours_high", "p90_hours", "naive_hours",
            "bias_hours", "mean_hours", "spent_hours", "share_time", "share_waiting"]  # fmt: skip


def _lengths(steps: Steps, rows: pd.DataFrame) -> dict[str, float]:
    """Median with limits, 90th percentile and mean, visits not over counted with their age; and the median without them."""
    km, naive = (
        steps.km(rows),
        quantile_from_counts(*rows.loc[rows["observed"], ["duration", "n"]].to_numpy().T, 0.5)[0],
    )
    values = [km.median, *km.median_interval, km.quantile(0.9), naive, naive - km.median]
    visits, mean = int(rows["n"].sum()), km.restricted_mean(steps.limit).estimate / HOUR
    found = dict(
        zip(_COLUMNS, [visits, *(value / HOUR for value in values), mean, visits * mean], strict=False)
    )
    return found | ({"share_waiting": _waiting(steps, rows)} if "waiting_on" in rows else {})


def _waiting(steps: Steps, rows: pd.DataFrame) -> float:
    """The share of the time in which the case waited for somebody else, where it is known for whom it waited."""
    rows = rows[rows["waiting_on"] != BLANK]
    if rows["waiting_on"].nunique() == 1:
        return float(rows["waiting_on"].iloc[0] != "us")
    stages = rows.groupby(["stage", "waiting_on"])
    hours = pd.Series({name: steps.hours(part) for name, part in stages}, dtype=float)
    ours = hours[[name[1] == "us" for name in hours.index]].sum()
    return 1 - ours / hours.sum() if hours.sum() > 0 else np.nan


def _parts(rows: pd.DataFrame, keys: list[str]) -> Iterator[tuple]:
    for name, part in rows.groupby(keys):
        yield name if len(keys) > 1 else name[0], part


def _tuple(name: str | tuple) -> tuple:
    return name if isinstance(name, tuple) else (name,)


# ---------------------------------------------------------------------------------------------- over periods


def _cells(steps: Steps) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Every stage, and every department in it where there are several."""
    for stage, rows in steps.lengths.groupby("stage"):
        yield stage, ALL, rows
        if "department" in rows and rows["department"].nunique() > 1:
            for department, part in rows.groupby("department"):
                yield stage, department, part


def trend_table(steps: Steps) -> pd.DataFrame:
    """Median and 90th percentile of each stage, and of its departments, over the periods."""
    out = []
    for stage, department, rows in _cells(steps):
        for period, part in rows.groupby("period"):
            km, row = steps.km(part), {"stage": stage, "department": department, "period": period}
            row["visits"] = int(part["n"].sum())
            for name, p in QUANTILES.items():
                low, high = km.quantile_interval(p)
                values = (km.quantile(p), low, high)
                row |= dict(zip(_names(name), (v / HOUR for v in values), strict=True))
            out.append(row)
    columns = ["stage", "department", "period", "visits", *_names("median"), *_names("p90")]
    return pd.DataFrame(out, columns=columns)


def _names(quantile: str) -> list[str]:
    return [f"{quantile}_hours{suffix}" for suffix in ("", "_low", "_high")]


def shift_table(steps: Steps, trend: pd.DataFrame) -> pd.DataFrame:
    """Since when, and by how much, the median and the 90th percentile of each cell have been other than before."""
    z = stats.norm.isf((1 - steps.statistics.confidence) / 2)
    usable = trend[trend["visits"] >= steps.statistics.min_count]
    now, tried = steps.history[-1].text, []
    for (stage, department), rows in usable.groupby(["stage", "department"]):
        for quantile in QUANTILES:
            value, low, high = (
                rows[name] * HOUR + 0.5 for name in _names(quantile)
            )  # whole minutes are floors
            known = (low.notna() & high.notna()).to_numpy()
            if known.sum() > 1 and rows["period"].iloc[-1] == now and known[-1]:
                error = np.hypot(np.log(high / low) / 2 / z, 0.3 / value)
                visits = rows.set_index("period")["visits"][known]
                tried.append((stage, department, quantile, visits, np.log(value)[known], error[known]))
    shifts = level_shifts([t[4] for t in tried], [t[5] for t in tried])
    rows = [_change(steps, *cell[:4], shift) for cell, shift in zip(tried, shifts.itertuples(), strict=True)]
    columns = ["stage", "department", "quantile", "since", "visits_before", "visits_since", "hours_before",
               "hours_since", "times", "times_low", "times_high", "p"]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    found["q"] = benjamini_hochberg(found["p"].astype(float)).to_numpy()
    sure = (found["q"] <= steps.statistics.fdr) & ((found["times_low"] > 1) | (found["times_high"] < 1))
    found["moved"] = np.where(sure, np.where(found["times"] > 1, "up", "down"), "same")
    order = found.assign(size=-abs(np.log(found["times"].astype(float))), unsure=~sure)
    return found.loc[
        order.sort_values(["unsure", "size", "stage", "department", "quantile"]).index
    ].reset_index(drop=True)


def _change(steps: Steps, stage: str, department: str, quantile: str, visits: pd.Series, shift: Any) -> dict:
    """One row of the table of shifts; `visits` by period."""
    at, z = int(shift.at), stats.norm.isf((1 - steps.statistics.confidence) / 2)
    before, after, reach = np.exp([shift.before, shift.after, z * shift.se])
    return {
        "stage": stage,
        "department": department,
        "quantile": quantile,
        "since": visits.index[at],
        "visits_before": int(visits.iloc[:at].sum()),
        "visits_since": int(visits.iloc[at:].sum()),
        "hours_before": before / HOUR,
        "hours_since": after / HOUR,
        "times": after / before,
        "times_low": after / before / reach,
        "times_high": after / before * reach,
        "p": shift.p,
    }


# ----------------------------------------------------------------------------------- what the change is made of


def explained_table(steps: Steps, cases: int, cases_before: int) -> pd.DataFrame:
    """The change of the time per closed case, stage by stage: more visits, or longer ones. It adds up exactly.

    Time per case = visits per case x mean time per visit; each factor's part is weighted by the mean of the other
    (Kitagawa 1955, JASA 50:1168-1194); the change of a stage that was not entered in one of the periods is all of visits.
    `visit_change` is the change of the mean itself with limits and q-values.
    """
    columns = ["stage", "per_case_before", "per_case", "change_hours", "by_visits", "by_length"]
    if not cases or not cases_before:
        return pd.DataFrame(columns=columns)
    rows = []
    for stage in sorted({*steps.of(-1)["stage"], *steps.of(-2)["stage"]}):
        now, then = (rows[rows["stage"] == stage] for rows in (steps.of(-1), steps.of(-2)))
        visits = now["n"].sum() / cases, then["n"].sum() / cases_before
        hours = steps.hours(now) / cases, steps.hours(then) / cases_before
        change, by_length = hours[0] - hours[1], 0.0
        if min(visits) > 0:
            by_length = (hours[0] / visits[0] - hours[1] / visits[1]) * sum(visits) / 2
        row = dict(
            zip(columns, [stage, hours[1], hours[0], change, change - by_length, by_length], strict=True)
        )
        rows.append(row | _visit_change(steps, now, then))
    found = pd.DataFrame(
        rows, columns=[*columns, "visit_change", "visit_change_low", "visit_change_high", "p"]
    )
    found["q"] = benjamini_hochberg(found["p"].astype(float)).to_numpy()
    found = found.sort_values(["change_hours", "stage"], key=_by_size, ignore_index=True)
    total = {"stage": ALL} | found[columns[1:]].sum().to_dict()
    return pd.concat([found, pd.DataFrame([total])], ignore_index=True)


def _by_size(values: pd.Series) -> pd.Series:
    return -abs(values) if pd.api.types.is_numeric_dtype(values) else values


def _visit_change(steps: Steps, now: pd.DataFrame, then: pd.DataFrame) -> dict[str, float]:
    """By how much a visit takes longer than in the period before, in hours."""
    names = ["visit_change", "visit_change_low", "visit_change_high", "p"]
    if min(now["n"].sum(), then["n"].sum()) < steps.statistics.min_count:
        return dict.fromkeys(names, np.nan)
    one, two = (steps.km(rows).restricted_mean(steps.limit) for rows in (now, then))
    change, se = one.estimate - two.estimate, float(np.hypot(one.se, two.se))
    reach = stats.norm.isf((1 - steps.statistics.confidence) / 2) * se
    p = 2 * stats.norm.sf(abs(change) / se) if se > 0 else float(change == 0)
    return dict(zip(names, [change / HOUR, (change - reach) / HOUR, (change + reach) / HOUR, p], strict=True))
