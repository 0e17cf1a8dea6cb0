"""The tables behind `exposure`: every category against every measure of sales and operations, at every lag."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..book import Book
from ..indicators import whole_history
from ..period import Period
from ..rules import Statistics
from ..schema import BLANK
from ..stats.lagged import lagged, scaled
from ..stats.multiple import benjamini_hochberg
from ._shares import ALL

MOST = 60  # months looked at
USUAL = 5  # complaints a month, below which a category's ups and downs are chance
SEASON = 12
CARRIED = (
    0.05  # p above this without some one month: it rests on it; or with volume set free: volume explains it
)
ORDER = ("own", "seasonal", "one_month", "volume", "none")
NUMBERS = ["response", "response_low", "response_high", "r"]


@dataclass(frozen=True)
class Seen:
    """`months` are whole; `stops`: where the data of the last one stop short it is left out; `counts`: complaints by
    month and category, all together last; `drivers`: measures by month, `base` that of `per`, allowed for where complaints are set against events."""

    book: Book
    period: Period
    months: list[Period]
    stops: pd.Timestamp | None
    by: str
    lags: tuple[int, ...]
    counts: pd.DataFrame
    drivers: pd.DataFrame
    per: str
    base: np.ndarray | None
    statistics: Statistics

    @property
    def levels(self) -> list[int]:
        """The months from which on the taxonomy is another: categories may stand at another level."""
        breaks = self.book.breaks_in(self.by, self.months)
        return sorted({sum(month.start < found.at for month in self.months) for found in breaks})


def whole_months(book: Book, period: Period) -> tuple[list[Period], pd.Timestamp | None]:
    """The whole months up to the period's end, and the moment at which data stop short of it, if they do."""
    end = min(period.end, period.as_of)
    last = Period.holding(end - pd.Timedelta(1, "s"), "month")
    months, stops = whole_history(book, last if last.end <= end else last.previous(), MOST)
    if stops is None:
        return months, None
    months, short = whole_history(book, Period.holding(stops, "month"), MOST)
    return months if short is None else months[:-1] or months, stops


def counts_of(book: Book, by: str, months: Sequence[Period]) -> pd.DataFrame:
    """Complaints by month and category, of the categories that are large enough, and of all together."""
    names = [month.text for month in months]
    total = book.series("complaints", [], months).set_index("period")["n"].reindex(names)
    wide = pd.DataFrame(index=total.index)
    if book.has("complaints", by):
        found = book.series("complaints", [by], months)
        wide = found.pivot(index="period", columns=by, values="n").reindex(names).fillna(0)
        wide = wide.loc[:, (wide.median() >= USUAL) & ((wide > 0).mean() >= 0.9) & (wide.columns != BLANK)]
    return wide.assign(**{ALL: total}).rename_axis(columns=by).astype("int64")


@dataclass(frozen=True)
class _Driver:
    """A measure over the months without a gap up to its last: `at` says which of all months these are."""

    name: str
    at: slice
    x: np.ndarray

    @property
    def events(self) -> bool:
        """Whether it is something that happens in some months and not in others, like outages, and no volume."""
        return bool((self.x <= 0).any())


def drivers_of(seen: Seen) -> list[_Driver]:
    found = []
    for name, values in seen.drivers.items():
        known = np.flatnonzero(np.isfinite(values))
        last = int(known[-1]) if len(known) else -1
        gaps = np.flatnonzero(~np.isfinite(values[: last + 1]))
        first = int(gaps[-1]) + 1 if len(gaps) else 0
        found.append(_Driver(str(name), slice(first, last + 1), values.to_numpy(float)[first : last + 1]))
    return found


def lag_table(seen: Seen) -> pd.DataFrame:
    """Every category, measure and lag: as it is with season and trend allowed for, and (`..._season`) with the season
    left in."""
    parts = [_tested(seen, driver) for driver in drivers_of(seen)]
    table = pd.concat(parts, ignore_index=True)
    table["q"] = benjamini_hochberg(table["p"])
    table["q_season"] = benjamini_hochberg(table["p_season"])
    return table


def _tested(seen: Seen, driver: _Driver) -> pd.DataFrame:
    keys, rise = [seen.by, "lag"], scaled(driver.x)[1]
    asked = _asked(seen, driver)
    own, free = (_named(lagged(**asked, lags=seen.lags, season=s), rise) for s in (SEASON, 0))
    free = free.drop(columns=["points", "df"]).set_index(keys).add_suffix("_season").reset_index()
    found = own.merge(free, on=keys, how="left")
    found.insert(1, "driver", driver.name)
    found["p_volume"] = np.nan
    if over_base(seen, driver):
        base = np.log(seen.base[driver.at])
        beside = lagged(**asked, lags=seen.lags, season=SEASON, beside=base)
        found["p_volume"] = beside["p"].to_numpy()
    return found


def _asked(seen: Seen, driver: _Driver) -> dict:
    """What `lagged` is asked of a measure but for lags and season: logarithms of complaints; against events of complaints
    over the base, so that volume does not stand in the way."""
    outcomes = np.log(seen.counts.iloc[driver.at] + 0.5)
    if over_base(seen, driver):
        outcomes = outcomes.sub(np.log(seen.base[driver.at]), axis=0)
    return {
        "outcomes": outcomes,
        "driver": scaled(driver.x)[0],
        "levels": [start - driver.at.start for start in seen.levels],
        "level": seen.statistics.confidence,
    }


def over_base(seen: Seen, driver: _Driver) -> bool:
    return driver.events and seen.base is not None and bool((seen.base[driver.at] > 0).all())


def _named(found: pd.DataFrame, rise: float) -> pd.DataFrame:
    for name, column in (("response", "weight"), ("response_low", "low"), ("response_high", "high")):
        found[name] = np.expm1(found[column] * rise)
    return found


# --------------------------------------------------------------------------------------------------- tables


def pair_table(seen: Seen, tests: pd.DataFrame) -> pd.DataFrame:
    """Each category and measure at the lag at which they go together most, what is shown first."""
    events = {driver.name for driver in drivers_of(seen) if driver.events}
    groups = tests.groupby([seen.by, "driver"], sort=True)
    rows = [_pair(rows, seen, driver not in events) for (_, driver), rows in groups]
    columns = [seen.by, "driver", "shown", "lag", *NUMBERS, "q", "q_season", "p_without", "p_volume", "n"]
    table = pd.DataFrame(rows, columns=columns)
    order = table["shown"].map({code: i for i, code in enumerate(ORDER)})
    least = table["q"].where(table["shown"] != "seasonal", table["q_season"])
    table = table.assign(order=order, least=least)
    table = table.sort_values(["order", "least", seen.by, "driver"], kind="stable", ignore_index=True)
    return table.drop(columns=["order", "least"])


def _pair(rows: pd.DataFrame, seen: Seen, volume: bool) -> dict:
    """The pair's row; only a volume can share the season of complaints: outages have none, but by chance."""
    fdr = seen.statistics.fdr
    own = rows.loc[rows["p"].idxmin()] if rows["p"].notna().any() else rows.iloc[0]
    free = rows.loc[rows["p_season"].idxmin()] if rows["p_season"].notna().any() else rows.iloc[0]
    if own["q"] <= fdr and own["p_without"] <= CARRIED and not own["p_volume"] > CARRIED:
        shown = "own"
    elif volume and free["q_season"] <= fdr and free["p_without_season"] <= CARRIED:
        shown = "seasonal"
    elif own["q"] <= fdr:
        shown = "one_month" if own["p_without"] > CARRIED else "volume"
    else:
        shown = "none"
    row, ending = (free, "_season") if shown == "seasonal" else (own, "")
    code = own[seen.by]
    return {
        **own[[seen.by, "driver"]],
        "shown": shown,
        "lag": int(row["lag"]),
        **{name: row[f"{name}{ending}"] for name in (*NUMBERS, "p_without")},
        **row[["q", "q_season", "p_volume"]],
        "n": int(seen.counts[code].sum()),
    }


def lags_shown(seen: Seen, tests: pd.DataFrame) -> pd.DataFrame:
    return tests[[seen.by, "driver", "lag", *NUMBERS, "q", "response_season", "r_season", "q_season"]]


def measure_table(seen: Seen, tests: pd.DataFrame) -> pd.DataFrame:
    """What each measure is like, how many tests it was given, and the same tests with time turned round."""
    rows, backward = [], []
    for driver in drivers_of(seen):
        mine = tests[tests["driver"] == driver.name]
        after = _turned(seen, driver)
        backward.append(after)
        some = driver.x[driver.x > 0]
        rows.append(
            {
                "driver": driver.name,
                "months": len(driver.x),
                "months_any": len(some),
                "usual": float(np.median(some)) if len(some) else np.nan,
                **_summary(mine["p"], after, len(seen.lags)),
                "r_visible": _visible(mine["df"].min(), len(tests), seen.statistics.fdr),
            }
        )
    whole = {"driver": ALL, **_summary(tests["p"], pd.concat(backward), len(seen.lags))}
    return pd.DataFrame([*rows, whole])


def _turned(seen: Seen, driver: _Driver) -> pd.Series:
    """p of the complaints against what the measure did afterwards, which they cannot have followed."""
    return lagged(**_asked(seen, driver), lags=[-k for k in seen.lags if k], season=SEASON)["p"]


def _summary(p: pd.Series, after: pd.Series, lags: int) -> dict:
    p, after = p.dropna(), after.dropna()
    return {
        "tests": len(p),
        "low_p": (p < 0.05).mean() if len(p) else np.nan,
        "low_p_after": (after < 0.05).mean() if len(after) else np.nan,
    }


def _visible(df: float, tests: int, fdr: float) -> float:
    """The smallest correlation that would stand alone among so many tests."""
    from scipy import stats

    t = stats.t.isf(fdr / max(tests, 1) / 2, df) if df > 0 else np.inf
    return float(t / np.sqrt(t**2 + df)) if np.isfinite(t) else 1.0


def coming_table(seen: Seen, pairs: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """What the events of the last months let one expect of the month to come, against a month after none."""
    due, rows = seen.months[-1].shifted(1).text, []
    events = {driver.name: driver for driver in drivers_of(seen) if driver.events}
    at = tests.set_index([seen.by, "driver", "lag"])
    for row in pairs[(pairs["shown"] == "own") & (pairs["lag"] > 0)].itertuples(index=False):
        code, driver = row[0], events.get(row.driver)
        if driver is None or driver.at.stop != len(seen.months):
            continue
        scale = scaled(driver.x)[0][-row.lag]
        found = at.loc[(code, row.driver, row.lag)]
        rows.append(
            {
                seen.by: code,
                "driver": row.driver,
                "lag": row.lag,
                "driver_month": seen.months[-row.lag].text,
                "driver_value": driver.x[-row.lag],
                "month_due": due,
                "response": np.expm1(found["weight"] * scale),
                "response_low": np.expm1(found["low"] * scale),
                "response_high": np.expm1(found["high"] * scale),
            }
        )
    columns = [seen.by, "driver", "lag", "driver_month", "driver_value", "month_due", *NUMBERS[:3]]
    return pd.DataFrame(rows, columns=columns)


def course_table(seen: Seen, pair: pd.Series) -> pd.DataFrame:
    """Month by month the category and the measure of a pair: complaints, per 1,000 of the base against events."""
    driver = next(d for d in drivers_of(seen) if d.name == pair["driver"])
    n = seen.counts[pair[seen.by]].iloc[driver.at]
    over = over_base(seen, driver)
    base = seen.base[driver.at] if over else np.ones(len(n))
    return pd.DataFrame(
        {
            "period": n.index,
            seen.by: pair[seen.by],
            "driver": driver.name,
            "n": n.to_numpy(),
            "measure": seen.per if over else "",
            "value": n.to_numpy() / base * (1000 if over else 1),
            "form": "num2" if over else "int",
            "driver_value": driver.x,
        }
    )
