"""What `rootcause` counts: the reason's cases by every trait, beside those of the other reasons and those of the periods before."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..schema import BLANK, OTHER
from ._rootcause_choice import Seen

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYPARTS = {"night": 0, "morning": 6, "midday": 12, "afternoon": 14, "evening": 18}  # from this hour on
TENDAYS = {"early": 1, "middle": 11, "late": 21}  # from this day of the month on
TIMES = ("weekday", "daypart", "monthpart")
MOST = 30  # categories of a trait that stand alone; the others are put together and not judged


def traits(seen: Seen) -> pd.DataFrame:
    """Cases by trait: `attribute`, `code`, `n` (of the reason), `n_others` (of all other reasons), `n_then` (of the reason in
    the periods before) and `n_due` (what these lead to expect); both NaN where the categories changed since, or nothing is
    known of before."""
    parts = [_by_dimension(seen, dim) for dim in seen.dims if not seen.book.breaks_in(dim, [seen.period])]
    parts = [part for part in [*parts, *_by_time(seen)] if len(part) > 1]
    columns = ["attribute", "code", "n", "n_others", "n_then", "n_due"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _by_dimension(seen: Seen, dim: str) -> pd.DataFrame:
    found = seen.book.counts("complaints", ["reason", dim], seen.period)
    table = _sides(seen, found[found[dim] != BLANK], dim)
    if seen.past and not seen.book.breaks_in(dim, [seen.past[0], seen.period]):
        then = seen.book.counts("complaints", [dim], seen.before, where=seen.where)
        table = table.join(then[then[dim] != BLANK].set_index(dim)["n"].rename("n_then"), how="outer").fillna(
            0
        )
        table["n_due"] = table["n_then"] * _scale(seen, dim).reindex(table.index).fillna(seen.scale)
    else:
        table = table.assign(n_then=np.nan, n_due=np.nan)
    sizes = table["n"] + table["n_others"]
    sizes = sizes.sort_index().sort_values(ascending=False, kind="stable")
    if len(sizes) > MOST:
        kept = sizes.index[: MOST - 1]
        table = table.groupby(table.index.where(table.index.isin(kept), OTHER)).sum(min_count=1)
    return table.assign(attribute=dim, code=table.index)


def _sides(seen: Seen, found: pd.DataFrame, by: str) -> pd.DataFrame:
    """By category: `n` of the reason, `n_others` of all other reasons; those without a reason are on neither side."""
    found = found[found["reason"] != BLANK]
    own = found["reason"] == seen.reason
    sides = {"n": found[own].groupby(by)["n"].sum(), "n_others": found[~own].groupby(by)["n"].sum()}
    return pd.DataFrame(sides).fillna(0)


def _scale(seen: Seen, dim: str) -> pd.Series:
    """Each category's own orders, now by those of the periods before, where both are known: a product may have grown."""
    if not seen.measure or not seen.book.has("exposure", dim):
        return pd.Series(dtype=float)
    orders = seen.book.exposure(seen.measure, [*seen.past, seen.period], [dim])
    orders = orders.pivot(index="period", columns=dim, values="value").reindex(
        [p.text for p in (*seen.past, seen.period)]
    )
    before, now = orders.iloc[:-1].sum(), orders.iloc[-1]
    return (now / before.where(before > 0)).where(now > 0)


def _by_time(seen: Seen) -> list[pd.DataFrame]:
    """By weekday, part of the day and part of the month of receipt, as far as the period has several of them."""
    now = _timed(seen.hours)
    then = _timed(seen.book.slots("complaints", seen.before, [], 60, seen.where)) if seen.past else None
    long, dated = seen.period.days >= 28, now["minute"].nunique() > 1  # else the hour was not recorded
    parts = []
    for name in (name for name in TIMES if (dated if name == "daypart" else long)):
        table = _sides(seen, now, name).assign(n_then=np.nan)
        if then is not None:
            table["n_then"] = then.groupby(name)["n"].sum().reindex(table.index, fill_value=0)
        parts.append(table.assign(n_due=table["n_then"] * seen.scale, attribute=name, code=table.index))
    return parts


def _timed(found: pd.DataFrame) -> pd.DataFrame:
    day = found["day"].dt
    hours, days = list(DAYPARTS.values()), list(TENDAYS.values())
    return found.assign(
        weekday=np.array(WEEKDAYS, dtype=object)[day.day_of_week],
        daypart=np.array(list(DAYPARTS), dtype=object)[
            np.searchsorted(hours, found["minute"] // 60, "right") - 1
        ],
        monthpart=np.array(list(TENDAYS), dtype=object)[np.searchsorted(days, day.day, "right") - 1],
    )


def together(seen: Seen, dims: Sequence[str]) -> pd.DataFrame:
    """Cases by several dimensions at once: `dims`, `n` (of the reason), `n_others` (of all others)."""
    others = [name for name in seen.reasons["reason"] if name != seen.reason]
    parts = [
        seen.book.counts("complaints", dims, seen.period, where={"reason": wanted}).set_index(list(dims))["n"]
        for wanted in (seen.reason, others)
    ]
    return pd.concat(parts, axis=1, keys=["n", "n_others"]).fillna(0).reset_index()
