"""What in the data themselves bends a series: breaks of the taxonomy, silent channels, bulk days."""

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from ..period import Period
from ..schema import BLANK
from ..stats.silence import silent_runs
from ._trend_series import Seen

ALL = "(all)"
TIMES, WINDOW, LEVEL, USUAL_SPREAD = 3, 29, 0.001, 1.2  # of a bulk day; see `spikes`


def signal_table(seen: Seen, total: pd.DataFrame, categories: pd.DataFrame) -> pd.DataFrame:
    """Everything marked: in the total, in the categories this period, and in the data themselves."""
    last = total.index == len(total) - 1
    marked = total[total["signal"].isin(["above", "below"]) | ((total["signal"] != "") & last)]
    parts = [
        marked[["signal", "period", "n", "expected"]].assign(**{seen.by: ALL}),
        categories.loc[categories["signal"] != "", ["signal", seen.by, "n", "expected"]].assign(
            period=seen.period.text
        ),
    ]
    rows = [row for part in parts for row in part.to_dict("records")]
    for found in seen.book.breaks_in(seen.by, seen.shown):
        rows.append({"signal": "break", "period": _holding(seen, found.at), "first_day": found.at})
    rows += _days(seen)
    columns = [
        "signal",
        "period",
        seen.by,
        "channel",
        "region",
        "first_day",
        "last_day",
        "days",
        "n",
        "expected",
        "top_share",
    ]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys(columns)))
    return frame.astype(
        {"first_day": "datetime64[us]", "last_day": "datetime64[us]", "expected": float, "top_share": float}
    )


def _days(seen: Seen) -> list[dict]:
    """Days on which a channel said nothing, and days on which far too much came at once."""
    if not seen.book.has("complaints", "channel"):
        return []
    end = min(seen.period.end, seen.period.as_of)
    days = pd.date_range(seen.shown[0].start, end - pd.Timedelta("1us"), freq="D")
    found = seen.book.series("complaints", ["channel"], [Period(f"{day:%Y-%m-%d}") for day in days])
    daily = found.pivot(index="period", columns="channel", values="n").set_axis(days)
    daily = daily.drop(columns=BLANK, errors="ignore")
    rows = []
    for run in silent_runs(daily, judged=len(daily)).itertuples():
        facts = {name: getattr(run, name) for name in ("first_day", "last_day", "days", "expected")}
        rows.append(
            {
                "signal": "silent",
                "period": _holding(seen, run.first_day),
                "channel": run.source,
                "n": 0,
                **facts,
            }
        )
    for day, channel, n, usual in spikes(daily, seen.statistics.min_count):
        facts = {"first_day": day, "last_day": day, "days": 1, "n": n, "expected": usual}
        facts |= _largest_cell(seen, day, channel, n)
        rows.append({"signal": "bulk", "period": _holding(seen, day), "channel": channel, **facts})
    return rows


def _largest_cell(seen: Seen, day: pd.Timestamp, channel: str, n: int) -> dict:
    """What the day's cases of a channel mostly are."""
    keys = [
        key
        for key in dict.fromkeys((seen.by, "region"))
        if key != "channel" and seen.book.has("complaints", key)
    ]
    if not keys:
        return {}
    cells = seen.book.counts("complaints", keys, Period(f"{day:%Y-%m-%d}"), where={"channel": channel})
    first = cells.sort_values(["n", *keys], ascending=[False, *[True] * len(keys)], kind="stable").iloc[0]
    return {**first[keys], "top_share": first["n"] / n}


def spikes(daily: pd.DataFrame, least: int) -> list[tuple[pd.Timestamp, str, int, float]]:
    """Single days of a channel far above its usual level: day, channel, cases, usual (the median of the days about it).

    Kept when its chance under a negative binomial (spread from the median absolute deviation), times the number of
    channel-days looked at, is below `LEVEL`, and it has `TIMES` the usual and `least` more than it.
    """
    found = []
    for channel, counts in daily.items():
        usual = counts.rolling(WINDOW, center=True, min_periods=8).median().clip(lower=0.5)
        spread = (1.4826 * (counts - usual).abs().median()) ** 2 / usual.median()
        spread = max(float(np.nan_to_num(spread)), USUAL_SPREAD)
        p = nbinom.sf(counts - 1, usual / (spread - 1), 1 / spread) * daily.size
        rare = (p < LEVEL) & (counts > TIMES * usual) & (counts - usual >= least)
        found += [(day, channel, int(counts[day]), float(usual[day])) for day in daily.index[rare]]
    return found


def _holding(seen: Seen, day: pd.Timestamp) -> str:
    return Period.holding(day, seen.period.kind).text
