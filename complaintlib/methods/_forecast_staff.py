"""Contacts to be expected per weekday and half hour: the profile of the last weeks times the days' own forecast."""

import numpy as np
import pandas as pd
from scipy import stats

from ..indicators import Stretch
from ..stats.charts import count_limits
from ..stats.forecasting import fit_panel
from ._forecast_series import Seen

MINUTES, WEEKS, FEWEST = 30, 8, 4  # a slot; the weeks a profile is made of, and the fewest
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COLUMNS = ["weekday", "slot", "mean", "lower", "upper", "days", "n_contacts"]


def intervals_table(seen: Seen) -> pd.DataFrame:
    """For each weekday of the coming weeks and each half hour in which contacts come: `mean`, `lower`, `upper`, the `days` and
    `n_contacts` they rest on. Empty where no contacts are recorded, or over less than four weeks.

    The day's total is forecast from the last eight weeks (`fit_panel`, season of seven days), holidays and make-up days left
    out, and shared out by the half hours' shares on that weekday. The range holds the chance of a count overdispersed as
    in those weeks, the uncertainty of the share, and that of the day's total.
    """
    nothing = pd.DataFrame(columns=COLUMNS)
    if not seen.book.has("contacts", "started_at"):
        return nothing
    end = min(seen.period.as_of, seen.period.end).normalize()
    first = seen.book.span("contacts")[0]
    if pd.isna(first):
        return nothing
    start = max(end - pd.Timedelta(weeks=WEEKS), first.ceil("D"))
    days = pd.date_range(start, end, inclusive="left")
    usual = _usual(seen, days)
    if usual.sum() < 7 * FEWEST:
        return nothing
    found = seen.book.slots("contacts", Stretch(start, end, end, ""))
    wide = found.pivot(index="day", columns="minute", values="n").reindex(days).fillna(0)
    return _expected(wide, usual, seen.level) if wide.to_numpy().sum() else nothing


def _usual(seen: Seen, days: pd.DatetimeIndex) -> np.ndarray:
    """The days that are worked as their weekday is: no holidays, no make-up days."""
    shifts = np.array([bool(own) for own in seen.book.clock.shifts])
    return seen.book.clock.works(days) == shifts[days.day_of_week]


def _expected(wide: pd.DataFrame, usual: np.ndarray, level: float) -> pd.DataFrame:
    days, weekday = wide.index, wide.index.day_of_week
    total = wide.sum(axis=1).where(usual)
    series = pd.DataFrame({"id": "all", "t": days, "y": total.to_numpy()})
    ahead = fit_panel(series, 7, 7, level=level, counts=True).forecast.sort_values("h")
    z, rows = stats.norm.isf((1 - level) / 2), []
    chosen = {d: wide[usual & (weekday == d)] for d in range(7)}
    spread = _dispersion(list(chosen.values()))
    for h, day in enumerate(pd.date_range(days[-1] + pd.Timedelta(days=1), periods=7)):
        own, whole = chosen[day.day_of_week], ahead.iloc[h]
        n = own.sum()
        if not len(own) or not n.sum():
            continue
        mean = whole["mean"] * n / n.sum()
        wide_by = (whole["upper"] - whole["lower"]) / 2 / z
        beyond = (
            max(wide_by**2 - whole["mean"], 0) / max(whole["mean"], 1) ** 2
        )  # of the day's total, beyond chance
        variance = spread * mean * (1 + mean / n.where(n > 0, 1)) + mean**2 * beyond
        low, high = count_limits(
            (1 - level) / 2, mean.to_numpy(), (variance / mean.where(mean > 0, 1)).clip(1).to_numpy()
        )
        part = {
            "weekday": DAYS[day.day_of_week],
            "slot": [_clock(m) for m in n.index],
            "mean": mean.to_numpy(),
        }
        part |= {"lower": low, "upper": high, "days": len(own), "n_contacts": n.to_numpy(int)}
        rows.append(pd.DataFrame(part)[n.to_numpy() > 0])
    table = pd.concat(rows, ignore_index=True)
    table["order"] = table["weekday"].map({name: i for i, name in enumerate(DAYS)})
    table = table.sort_values(["mean", "order", "slot"], ascending=[False, True, True], ignore_index=True)
    return table[COLUMNS].assign(form="num1")


def _dispersion(days: list[pd.DataFrame]) -> float:
    """Pearson's: how much more the slots vary about a weekday's profile than by chance; at least 1."""
    squares, free = 0.0, 0
    for own in days:
        shares = own.sum() / max(own.to_numpy().sum(), 1)
        fitted = np.outer(own.sum(axis=1), shares)
        there = fitted > 0
        squares += ((own.to_numpy() - fitted)[there] ** 2 / fitted[there]).sum()
        free += max(int(there.sum()) - len(own) - int((shares > 0).sum()) + 1, 0)
    return max(squares / free, 1.0) if free else 1.0


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
