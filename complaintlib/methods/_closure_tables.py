"""The tables of `closure`, made from its tallies: each check now and before, over time, by group, and the weakest link."""

import numpy as np
import pandas as pd

from ..period import Period
from ..rules import Statistics
from ..schema import BLANK
from ..stats.charts import p_chart
from ..stats.intervals import median_difference, proportion, proportion_difference, quantile
from ..stats.multiple import benjamini_hochberg
from ..stats.runs import Rules
from ._closure_counts import ALL, BASE, DECIDED, LISTED, LOOP, NEEDS, Seen

GOOD = {  # 1: the more the better; -1: the less the better; 0: neither
    **dict.fromkeys((*LOOP, "closed_loop", "first_contact"), 1),
    **dict.fromkeys(("reopened", "repeat_7", "repeat_30", "repeat_90", "escalated"), -1),
    "upheld": 0,
    "compensated": 0,
}
SHORTEST = 8  # earlier periods that tell how much a rate wobbles anyway
POOLED = 10  # cases of a group in a period, on average, from which on its own wobble can be told
CHANGE = ["share_change", "share_change_low", "share_change_high", "p"]
GAP = ["share_gap", "share_gap_low", "share_gap_high", "p"]
COST = ["median_ratio", "ratio_low", "ratio_high", "p"]


def earlier(period: Period) -> dict[str, Period]:
    return {"previous": period.previous(), "last_year": period.same_last_year()}


def listed(tally: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The tally with its totals and its largest groups."""
    now = tally[(tally["period"] == period.text) & (tally["group"] != ALL)]
    size = now.groupby("group")["n_of"].max().sort_values(ascending=False, kind="stable")
    return tally[tally["group"].isin([ALL, *size.index[:LISTED]])]


def trend_table(tally: pd.DataFrame, periods: tuple[Period, ...], level: float) -> pd.DataFrame:
    """The totals period by period with their intervals, and the range that the earlier periods lead one to expect."""
    columns = [
        "check",
        "period",
        "n",
        "n_of",
        "share_of",
        "share_low",
        "share_high",
        "usual_low",
        "usual_high",
    ]
    parts, last = [], periods[-1].text
    for _, part in tally[tally["group"] == ALL].groupby("check", sort=False):
        out = part.join(_proportion(part["n"], part["n_of"], level)).assign(
            usual_low=np.nan, usual_high=np.nan
        )
        base = ((out["period"] != last) & (out["n_of"] > 0)).to_numpy()
        if base.sum() >= SHORTEST:
            chart = p_chart(out["n"], out["n_of"], baseline=base, rules=Rules(level=level))
            out["usual_low"], out["usual_high"] = chart.frame["lower"], chart.frame["upper"]
        parts.append(out[columns])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def spreads(tally: pd.DataFrame, period: Period) -> pd.Series:
    """How many times the variance of chance each check of each group usually has from period to period, by Laney's moving
    ranges over the earlier ones (at least 1; 1 where they are too few to tell)."""
    past = tally[tally["period"] != period.text]
    found = {}
    for key, part in past.groupby(["check", "group"]):
        told = len(part) >= SHORTEST and part["n_of"].mean() >= POOLED
        found[key] = p_chart(part["n"], part["n_of"], limits="shewhart").sigma_z ** 2 if told else 1.0
    index = pd.MultiIndex.from_tuples(list(found), names=["check", "group"]) if found else None
    return pd.Series(found, index, dtype=float).clip(lower=1)


def changes_table(seen: Seen, tally: pd.DataFrame, spread: pd.Series, statistics: Statistics) -> pd.DataFrame:
    """Every check of every group against the period before and the same period last year; without q and verdict."""
    columns = [
        "compared",
        "check",
        "group",
        "n",
        "n_of",
        "share_of",
        "n_then",
        "n_of_then",
        "share_of_then",
        "dispersion",
        *CHANGE,
        "moved",
    ]
    now, parts = tally[tally["period"] == seen.period.text].drop(columns="period"), []
    for compared, then in earlier(seen.period).items():
        before = tally[tally["period"] == then.text].drop(columns="period")
        out = now.merge(before, on=["check", "group"], how="left", suffixes=("", "_then"))
        counts = [out[name].fillna(0) for name in ("n", "n_of", "n_then", "n_of_then")]
        out["dispersion"] = _spread(out, spread)
        out = out.join(_difference(*counts, out["dispersion"], statistics).set_axis(CHANGE, axis=1))
        few = np.minimum(counts[1], counts[3]) < statistics.min_count
        broken = (out["group"] != ALL) & bool(seen.by and seen.book.breaks_in(seen.by, [then, seen.period]))
        moved = np.select([out["n_then"].isna(), broken, few], ["none", "break", "few"], "same")
        out.loc[moved != "same", CHANGE] = np.nan
        share, share_then = out["n"] / out["n_of"].where(out["n_of"] > 0), out["n_then"] / out["n_of_then"]
        parts.append(out.assign(compared=compared, share_of=share, share_of_then=share_then, moved=moved))
    return pd.concat(parts, ignore_index=True)[columns]


def where_table(seen: Seen, tally: pd.DataFrame, spread: pd.Series, statistics: Statistics) -> pd.DataFrame:
    """Every check of every group against all other groups together; without q and verdict."""
    now = tally[tally["period"] == seen.period.text].drop(columns="period")
    total = now[now["group"] == ALL].set_index("check")
    out = now[now["group"] != ALL].reset_index(drop=True)
    out["n_rest"] = out["check"].map(total["n"]) - out["n"]
    out["n_of_rest"] = out["check"].map(total["n_of"]) - out["n_of"]
    out = out.join(_proportion(out["n"], out["n_of"], statistics.confidence))
    out["share_rest"] = out["n_rest"] / out["n_of_rest"].where(out["n_of_rest"] > 0)
    counts = [out[name] for name in ("n", "n_of", "n_rest", "n_of_rest")]
    gaps = _difference(*counts, _spread(out, spread), statistics)
    out = out.join(gaps.set_axis(GAP, axis=1))
    out.loc[out[["n_of", "n_of_rest"]].min(axis=1) < statistics.min_count, GAP] = np.nan
    return out.assign(n_lost=-out["share_gap"] * out["n_of"] * out["check"].map(GOOD))


def corrected(family: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """The frames with q over all of them: the totals are one family of tests, all groups together another."""
    p = pd.concat([frame[["group", "p"]].astype({"p": float}) for frame in family], keys=range(len(family)))
    total = p["group"] == ALL
    q = pd.concat([benjamini_hochberg(p.loc[which, "p"]) for which in (total, ~total)])
    return [
        frame.assign(q=q[q.index.get_level_values(0) == i].droplevel(0)) for i, frame in enumerate(family)
    ]


def verdict(frame: pd.DataFrame, what: str, words: tuple[str, str], fdr: float) -> np.ndarray:
    """The first word where it is surely above 0, the second where surely below: interval and q both say so."""
    sure = frame["q"] <= fdr
    up, down = sure & (frame[f"{what}_low"] > 0), sure & (frame[f"{what}_high"] < 0)
    return np.select([frame["q"].isna(), up, down], ["few", *words], "same")


def checks_table(
    seen: Seen, trend: pd.DataFrame, changes: pd.DataFrame, curves: pd.DataFrame, waiting: int, partial: bool
) -> pd.DataFrame:
    """One row a check: the judged period, and what it was before."""
    now = trend[trend["period"] == seen.period.text].set_index("check")
    out = pd.DataFrame({"check": list(NEEDS), "base": [BASE[check] for check in NEEDS]}).set_index(
        "check", drop=False
    )
    out = out.join(now[["n", "n_of", "share_of", "share_low", "share_high"]])
    told = ~out.index.isin([*seen.missing, *seen.broken])
    out.loc[told, ["n", "n_of"]] = out.loc[told, ["n", "n_of"]].fillna(0)
    out["n_pending"] = curves.set_index("check")["n_pending"].reindex(out.index)
    if seen.measures("first_contact"):
        out.loc["first_contact", "n_pending"] = waiting
    total = changes[changes["group"] == ALL]
    for compared in ("previous", "last_year"):
        rows = total[total["compared"] == compared].set_index("check").reindex(out.index)
        out[f"share_of_{compared}"], out[f"change_{compared}"] = rows["share_of_then"], rows["share_change"]
        out[f"moved_{compared}"] = rows["moved"].fillna("partial" if partial else "none")
    return out.reset_index(drop=True)


def ordered(where: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """The groups that are surely worse than the others first, by how many cases that makes; then by check and group."""
    before = changes[changes["compared"] == "previous"].set_index(["check", "group"])[
        ["share_change", "moved"]
    ]
    before = before.set_axis(["change_previous", "moved_previous"], axis=1)
    out = where.join(before, on=["check", "group"])
    worse = out["apart"].isin(["above", "below"]) & (out["n_lost"] > 0)
    order = out["check"].map({check: i for i, check in enumerate(NEEDS)})
    out = out.assign(first=-out["n_lost"].where(worse, 0), order=order)
    out = out.sort_values(["first", "order", "group"], kind="stable", ignore_index=True)
    names = [
        "group",
        "check",
        "n",
        "n_of",
        "share_of",
        "share_low",
        "share_high",
        "n_rest",
        "n_of_rest",
        "share_rest",
        *GAP,
        "q",
    ]
    return out[[*names, "apart", "n_lost", "change_previous", "moved_previous"]]


def repeats_table(checks: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Who came back within so many days: of the cases old enough, and by Kaplan-Meier of the newer ones as well."""
    names = ["n", "n_of", "share_of", "share_low", "share_high"]
    out = curves.join(checks.set_index("check")[names], on="check")
    return out[["days", *names, "km", "km_low", "km_high", "n_pending"]]


def links_table(found: pd.DataFrame, checks: list[str], level: float) -> pd.DataFrame:
    """How many closed cases each check loses, and how many lack nothing but it."""
    passed, n = found[checks].astype(bool), found["n"]
    alone = (~passed).sum(axis=1) == 1
    out = pd.DataFrame({"check": checks})
    out["n_lacking"] = [int(n[~passed[check]].sum()) for check in checks]
    out["n_of"] = int(n.sum())
    out["n_only"] = [int(n[~passed[check] & alone].sum()) for check in checks]
    limits = _proportion(out["n_lacking"], out["n_of"], level)
    return out.join(limits.rename(columns={"share_of": "share_lacking"}))


def validity_table(decisions: pd.Series, level: float) -> pd.DataFrame:
    """The closed cases by decision; shares are of those with one."""
    out = (
        decisions.reindex([*DECIDED, BLANK])
        .dropna()
        .astype("int64")
        .rename("n")
        .rename_axis("valid")
        .reset_index()
    )
    decided = out["valid"] != BLANK
    out["n_of"] = out.loc[decided, "n"].sum()
    return out.join(_proportion(out["n"].where(decided), out["n_of"], level))


def cost_table(seen: Seen, paid: pd.DataFrame, statistics: Statistics) -> pd.DataFrame:
    """What was paid for closed cases: how many, how much, and the median against the period before; without q."""
    columns = ["group", "n", "n_of", "share_of", "paid_total", "paid_per_case", "paid_median", "paid_low", "paid_high",
               "n_then", "paid_median_then", *COST]  # fmt: skip
    if paid.empty:
        return pd.DataFrame(columns=columns)
    whole = paid.groupby(["period", "amount"], as_index=False)["n"].sum().assign(group=ALL)
    paid = pd.concat([whole, paid[paid["group"] != ALL]])
    now, then = (paid[paid["period"] == p.text] for p in (seen.period, seen.period.previous()))
    size = (
        now.groupby("group")["n"].sum().drop(ALL, errors="ignore").sort_values(ascending=False, kind="stable")
    )
    rows = [_cost(name, now, then, statistics) for name in [ALL, *size.index[:LISTED]]]
    return pd.DataFrame(rows, columns=columns)


# -------------------------------------------------------------------------------------------------------- inside


def _cost(name: str, now: pd.DataFrame, then: pd.DataFrame, statistics: Statistics) -> dict:
    here, before = (frame[frame["group"] == name] for frame in (now, then))
    some, some_then = (frame[frame["amount"] > 0] for frame in (here, before))
    n, n_of, total = some["n"].sum(), here["n"].sum(), (some["amount"] * some["n"]).sum()
    level = statistics.confidence
    middle = quantile(some["amount"], some["n"], level=level).iloc[0]
    n_then = some_then["n"].sum()
    compared = pd.Series(np.nan, ["estimate", "low", "high", "p"])
    if min(n, n_then) >= statistics.min_count:
        compared = median_difference(
            some["amount"], some["n"], some_then["amount"], some_then["n"], level=level, ratio=True
        )
    return {
        "group": name, "n": int(n), "n_of": int(n_of), "share_of": n / n_of if n_of else np.nan,
        "paid_total": total, "paid_per_case": total / n_of if n_of else np.nan,
        "paid_median": middle["estimate"], "paid_low": middle["low"], "paid_high": middle["high"],
        "n_then": int(n_then), "paid_median_then": quantile(some_then["amount"], some_then["n"]).iloc[0]["estimate"],
    } | dict(zip(COST, compared[["estimate", "low", "high", "p"]], strict=True))  # fmt: skip


def _proportion(n: pd.Series, n_of: pd.Series, level: float) -> pd.DataFrame:
    return proportion(n, n_of, level).set_axis(["share_of", "share_low", "share_high"], axis=1)


def _spread(frame: pd.DataFrame, spread: pd.Series) -> pd.Series:
    keys = pd.MultiIndex.from_frame(frame[["check", "group"]])
    return pd.Series(spread.reindex(keys).fillna(1.0).to_numpy(), frame.index)


def _difference(n, n_of, n_then, n_of_then, spread: pd.Series, statistics: Statistics) -> pd.DataFrame:
    return proportion_difference(n, n_of, n_then, n_of_then, statistics.confidence, spread)
