"""The tables of `pending`: how old the open cases are, which are hard, where they are stuck, and when they may be over."""

from itertools import pairwise

import numpy as np
import pandas as pd

from ..schema import BLANK
from ..stats.intervals import proportion_difference, quantile_from_counts, rate_ratio
from ..stats.multiple import benjamini_hochberg
from ..stats.survival import KaplanMeier
from ._pending_open import ALL, DAY, FLAGS, YEAR, Seen, in_order

EDGES = (0, 1, 3, 7, 15, 30, 60)  # days; the last band has no end
BANDS = tuple([f"{a}_{b}" for a, b in pairwise(EDGES)] + [f"{EDGES[-1]}_up"])
LISTED, EXAMPLES = 20, 5
SOON = 30  # days
GAP = ["hard_gap", "hard_gap_low", "hard_gap_high", "p"]


def ageing_table(seen: Seen) -> pd.DataFrame:
    """By grade: open cases by how long they have been open, their median and largest age, and the hard ones among them."""
    cases, over, rows = seen.cases, seen.undated, []
    for grade in in_order([ALL, *cases["severity"], *over["severity"]]):
        part = cases if grade == ALL else cases[cases["severity"] == grade]
        counts = pd.Series(band_of(part["days"])).value_counts().reindex(BANDS, fill_value=0)
        rows.append(
            {
                "severity": grade,
                "n": len(part),
                **{f"open_{band}": int(n) for band, n in counts.items()},
                "days_median": quantile_from_counts(part["days"], None, 0.5)[0],
                "days_longest": float(part["days"].max()) if len(part) else np.nan,
                "usual_bound": seen.bounds.get(grade, np.nan),
                "n_hard": int(part["hard"].sum()),
                "share_hard": part["hard"].mean() if len(part) else np.nan,
                "n_undated": len(over if grade == ALL else over[over["severity"] == grade]),
            }
        )
    table = pd.DataFrame(rows if len(rows) != 2 else rows[1:])
    if len(table) > 1:  # each grade has its own
        table.loc[0, "usual_bound"] = np.nan
    return table


def bands_table(seen: Seen) -> pd.DataFrame:
    """The number of open cases by age against earlier ends: `compared`, `band` (ALL: together), `n`, `n_then`, their ratio.

    A case may be open at both ends, which makes the interval wider than it need be.
    """
    now, least = _by_band(seen.cases["days"], 1), seen.rules.statistics.min_count
    parts = []
    for compared, then in seen.then.groupby("compared", sort=False):
        part = pd.DataFrame({"n": now, "n_then": _by_band(then["days"], then["n"])})
        ratio = rate_ratio(part["n"], 1, part["n_then"], 1, level=seen.rules.statistics.confidence)
        part = part.join(ratio.set_axis(["n_ratio", "n_ratio_low", "n_ratio_high", "p"], axis=1))
        part.loc[part["n"] + part["n_then"] < least, "p"] = np.nan
        parts.append(part.rename_axis("band").reset_index().assign(compared=compared))
    columns = ["compared", "band", "n", "n_then", "n_ratio", "n_ratio_low", "n_ratio_high", "p"]
    table = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    table["q"] = benjamini_hochberg(table["p"].astype(float))
    sure = table["q"] <= seen.rules.statistics.fdr
    found = [table["q"].isna(), sure & (table["n_ratio_low"] > 1), sure & (table["n_ratio_high"] < 1)]
    return table.assign(n_moved=np.select(found, ["few", "up", "down"], "same"))


def band_of(days: pd.Series) -> np.ndarray:
    return np.array(BANDS, dtype=object)[np.searchsorted(EDGES, days.to_numpy(float), side="right") - 1]


def _by_band(days: pd.Series, n) -> pd.Series:
    counts = pd.Series(np.broadcast_to(n, len(days)), band_of(days), dtype="int64").groupby(level=0).sum()
    counts = counts.reindex(BANDS, fill_value=0)
    return pd.concat([pd.Series({ALL: counts.sum()}), counts])


# ------------------------------------------------------------------------------------------------- the hard cases


def hard_table(seen: Seen) -> pd.DataFrame:
    """The hard cases open for longest, where each stands, and by when it may be over."""
    hard = seen.hard.sort_values(["received_at", "complaint_id"]).head(LISTED)
    names = dict.fromkeys(
        ["complaint_id", "received_at", "severity", "days", "usual_bound", seen.by or "reason", "reason", "department",
         "stage", "at_department", "waiting_on", "days_there", "agent_id", *FLAGS]
    )  # fmt: skip
    table = hard[[c for c in names if c in hard]].reset_index(drop=True)
    left = [_left(seen, *case) for case in zip(table["severity"], table["days"], strict=True)]
    left = pd.DataFrame(left, columns=["close_soonest", "close_expected", "close_latest", "close_soon"])
    for name in left.columns[:3]:
        table[name] = table["received_at"].dt.normalize() + pd.to_timedelta(left[name], unit="D")
    return table.assign(close_soon=left["close_soon"]).drop(columns=_never_known(table))


def _never_known(table: pd.DataFrame) -> list[str]:
    return [name for name in FLAGS if name in table and table[name].isna().all()]


def examples_table(seen: Seen, hard: pd.DataFrame) -> pd.DataFrame:
    """The texts of the first hard cases."""
    names = ["complaint_id", "received_at", *([seen.by] if seen.by else []), "text"]
    names = [c for c in dict.fromkeys(names) if seen.book.has("complaints", c)]
    ids = list(hard["complaint_id"].head(EXAMPLES))
    if not ids:
        return pd.DataFrame(columns=names)
    found = seen.book.rows("complaints", names, limit=2 * EXAMPLES, where={"complaint_id": ids})
    return found.drop_duplicates("complaint_id", ignore_index=True)


def _left(seen: Seen, grade: str, days: int) -> tuple[float, ...]:
    """After how many days in all one in ten, half and nine in ten of those that have come so far are over, and the share of
    them that is within `SOON`; NaN where nobody has been seen to wait so long, or too few."""
    least = seen.rules.statistics.min_count
    for curve in (seen.curves.get(grade), seen.curves[ALL]):
        if curve is not None and _at_risk(curve, days) >= least:
            return remaining(curve, days)
    return (np.nan,) * 4


def remaining(curve: KaplanMeier, days: int) -> tuple[float, ...]:
    """S(t) / S(age) of the curve: the days in all by which shares .1, .5 and .9 are over, and the share over within SOON."""
    so_far = float(curve.at(days - 1).estimate)
    falls = [np.flatnonzero(curve.survival <= (1 - q) * so_far + 1e-12)[:1] for q in (0.1, 0.5, 0.9)]
    by_then = [float(curve.times[at[0]] + 1) if len(at) else np.nan for at in falls]
    return (*by_then, 1 - float(curve.at(days + SOON - 1).estimate) / so_far)


def _at_risk(curve: KaplanMeier, days: int) -> float:
    return float(np.append(curve.at_risk, 0)[np.searchsorted(curve.times, days)])


# ---------------------------------------------------------------------------------------------------- where stuck


def stuck_table(seen: Seen) -> pd.DataFrame:
    """Where hard cases stand, by the case's department, the stage and on whom it waits, against where other open ones do."""
    keys = [c for c in ("department", "stage", "waiting_on") if c in seen.cases]
    if "stage" not in keys:
        return pd.DataFrame(columns=[*keys, "n"])
    cases = seen.cases.assign(**{key: seen.cases[key].fillna(BLANK) for key in keys})
    hard, rest = cases[cases["hard"]], cases[~cases["hard"]]
    days = hard.groupby(keys)["days"]
    table = pd.DataFrame(
        {"n": days.size(), "days_median": days.median(), "days_longest": days.max().astype(float)}
    )
    others = rest.groupby(keys).size().reindex(table.index, fill_value=0)
    table = _against(seen, table, others, len(rest))
    return table.sort_values(["n", *keys], ascending=[False, *[True] * len(keys)]).reset_index()


def places_table(seen: Seen, by: str) -> pd.DataFrame:
    """Hard cases by a category, against its share of the complaints of the last year, and where most of them stand."""
    hard, usual = seen.hard, seen.lengths.groupby(by)["n"].sum() if by in seen.lengths else None
    if by not in hard or usual is None:
        return pd.DataFrame(columns=[by, "n"])
    days = hard.groupby(by)["days"]
    table = pd.DataFrame(
        {"n": days.size(), "days_median": days.median(), "days_longest": days.max().astype(float)}
    )
    table = _against(seen, table, usual.reindex(table.index, fill_value=0), usual.sum())
    table["hard_expected"] = table["share_usual"] * table["n"].sum()
    table["hard_excess"] = table["n"] - table["hard_expected"]
    if _broken(seen, by):
        table[[*GAP, "q", "hard_expected", "hard_excess"]] = np.nan
        table["apart"] = "break"
    keys = [c for c in ("department", "stage", "waiting_on") if c in hard and c != by and "stage" in hard]
    if keys:
        most = (
            hard.fillna(dict.fromkeys(keys, BLANK))
            .groupby([by, *keys])
            .size()
            .rename("n_there")
            .reset_index()
        )
        most = most.sort_values(["n_there", *keys], ascending=[False, *[True] * len(keys)])
        table = table.join(most.drop_duplicates(by).set_index(by))
    return table.rename_axis(by).sort_values(["n", by], ascending=[False, True]).reset_index()


def _broken(seen: Seen, by: str) -> bool:
    """Whether the categories were changed while the complaints compared came in."""
    now = seen.period.as_of
    return any(b.field == by and now - YEAR * DAY < b.at < now for b in seen.book.breaks)


def _against(seen: Seen, table: pd.DataFrame, usual: pd.Series, total: int) -> pd.DataFrame:
    """The table with the share of each row in the hard cases and in others, and the difference tested."""
    hard, rules = int(table["n"].sum()), seen.rules.statistics
    table["share_of_hard"] = table["n"] / max(hard, 1)
    table["n_usual"] = usual.astype("int64")
    table["share_usual"] = table["n_usual"] / total if total else np.nan
    gap = proportion_difference(table["n"], hard, table["n_usual"], total, rules.confidence)
    table = table.join(gap.set_axis(GAP, axis=1))
    if hard < rules.min_count or total < rules.min_count:
        table["p"] = np.nan
    table["q"] = benjamini_hochberg(table["p"])
    sure = table["q"] <= rules.fdr
    found = [table["q"].isna(), sure & (table["hard_gap_low"] > 0), sure & (table["hard_gap_high"] < 0)]
    return table.assign(apart=np.select(found, ["few", "above", "below"], "same"))
