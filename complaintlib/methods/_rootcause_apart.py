"""Which traits set the reason's cases apart from those of the other reasons, which of them merely go along with another, and
where several meet."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..rules import load_rules
from ..schema import OTHER
from ..stats.contrast import adjusted_residuals, log_odds
from ..stats.intervals import proportion_difference, rate_ratio
from ..stats.multiple import benjamini_hochberg
from ._rootcause_choice import Seen
from ._rootcause_counts import TIMES, together, traits

POOLED = 10  # fewer cases than this in both groups together can hardly show anything: not tested
FEWEST, CORE = 5, 0.1  # cases of a trait that is told; the share of the cases that a combination must have
JOINT, CELLS = 4, 20_000  # dimensions looked at together, and combinations they may have
PART = 0.5  # of a trait's excess that must be left within and outside another for it to stand for itself
GROWN = 0.2  # of a reason's rise that a trait must have for the rise to come from there
MORE = 1.2  # times as typical that a combination must become through a further trait
APART = ["share_apart", "share_apart_low", "share_apart_high", "p"]
CHANGE = ["share_change", "share_change_low", "share_change_high", "p_change"]
COLUMNS = [
    "n", "n_others", "expected", "excess", "share_now", "share_others", *APART[:3], "residual", "log_odds", "log_odds_z", "q",
    "contrast", "reflects", "n_then", "share_then", "n_due", "beyond", *CHANGE[:3], "q_change", "moved",
]  # fmt: skip


def apart_table(seen: Seen) -> pd.DataFrame:
    """Every trait looked at: its share of the reason's cases and of those of the other reasons, and of the reason's cases before.

    Shares are of the cases in which the trait is known. `expected`: cases the reason would have if it were as the others are.
    Told ones first, the surest before the others; the rest by attribute and name.
    """
    table = traits(seen) if seen.reason else pd.DataFrame()
    names = [*seen.dims, *TIMES]
    if table.empty:
        return pd.DataFrame(columns=["attribute", *names, *COLUMNS])
    statistics = load_rules().statistics
    total, total_others, total_then = (
        table.groupby("attribute")[c].transform("sum", min_count=1) for c in ("n", "n_others", "n_then")
    )
    table["share_now"], table["share_others"] = table["n"] / total, table["n_others"] / total_others
    table["expected"] = table["share_others"] * total
    table["excess"] = table["n"] - table["expected"]
    for _, rows in table.groupby("attribute", sort=False):
        table.loc[rows.index, "residual"] = adjusted_residuals(rows[["n", "n_others"]])[:, 0]
        odds = log_odds(rows["n"], rows["n_others"])
        table.loc[rows.index, ["log_odds", "log_odds_z"]] = odds[["log_odds", "z"]].to_numpy()
    level, few = statistics.confidence, min(seen_n(table), total_others.max()) < statistics.min_count
    table[APART] = proportion_difference(table["n"], total, table["n_others"], total_others, level).to_numpy()
    untested = few | (table["n"] + table["n_others"] < POOLED) | (table["code"] == OTHER)
    table["q"] = benjamini_hochberg(table["p"].mask(untested))
    sure, up, down = table["q"] <= statistics.fdr, table["share_apart_low"] > 0, table["share_apart_high"] < 0
    told = [table["q"].isna(), sure & up & (table["n"] >= FEWEST), sure & down]
    table["contrast"] = np.select(told, ["few", "more", "less"], "same")
    table = _with_change(table, total, total_then)
    table["reflects"] = None
    _mark_reflections(seen, table)
    order = np.where(table["contrast"].isin(["more", "less"]), -table["residual"].abs(), 0.0)
    place = {"more": 0, "less": 1}
    table = table.assign(place=table["contrast"].map(place).fillna(2), order=order)
    table = table.sort_values(["place", "order", "attribute", "code"], kind="stable", ignore_index=True)
    for name in names:
        table[name] = table["code"].where(table["attribute"] == name).astype(object)
    counts = {"n": "int64", "n_others": "int64"}
    return table[["attribute", *names, *COLUMNS]].astype(counts)


def seen_n(table: pd.DataFrame) -> float:
    """The reason's cases, by the attribute that is known of most of them."""
    return table.groupby("attribute")["n"].sum().max()


def share_changes(n: pd.Series, total, n_then: pd.Series, total_then) -> pd.DataFrame:
    """Each category's share of the reason's cases against that in the periods before: `share_then`, the change with its
    interval, `q_change` over all of them, `moved`. Nothing is said where `n_then` is missing."""
    statistics = load_rules().statistics
    total_then = pd.Series(total_then, n.index).where(n_then.notna())
    found = proportion_difference(n, total, n_then, total_then, statistics.confidence)
    found = found.set_axis(CHANGE, axis=1).assign(share_then=n_then / total_then.where(total_then > 0))
    few = (np.fmin(total, total_then) < statistics.min_count) | (n + n_then < POOLED)
    found["q_change"] = benjamini_hochberg(found["p_change"].mask(few))
    sure = found["q_change"] <= statistics.fdr
    up, down = sure & (found["share_change_low"] > 0), sure & (found["share_change_high"] < 0)
    told = [found["share_then"].isna(), found["q_change"].isna(), up, down]
    return found.assign(moved=np.select(told, ["none", "few", "up", "down"], "same"))


def _with_change(table: pd.DataFrame, total: pd.Series, total_then: pd.Series) -> pd.DataFrame:
    """The table with the same shares in the periods before, and the cases beyond what these lead to expect.

    `moved` up or down needs both: another share of the reason's cases, and another number than its own volume leads to
    expect. With the first alone it is `share`: the volume changed, or the others did.
    """
    known = table["n_then"].mask(table["code"] == OTHER)
    table = table.join(share_changes(table["n"], total, known, total_then))
    own = table[table["moved"].isin(["up", "down"]) & (table["n_then"] > 0)]
    level = load_rules().statistics.confidence
    ratio = rate_ratio(own["n"], own["n_due"] / own["n_then"], own["n_then"], 1.0, level=level)
    table.loc[own.index[(ratio["low"] <= 1) & (ratio["high"] >= 1)], "moved"] = "share"
    return table.assign(beyond=table["n"] - table["n_due"])


# --------------------------------------------------------------------------------------- what goes along with what


def _mark_reflections(seen: Seen, table: pd.DataFrame) -> None:
    """`reflects` of a trait that is no longer apart within and outside a stronger one, as a filter: `region=east`.

    The reason's cases of the trait are compared with what they would be if, among those with the stronger trait and among
    those without it, it were as frequent as in the other reasons (direct standardisation): where less than `PART` of the
    excess is left, the trait is common because the stronger one is.
    """
    dims = _joint_dims(table)
    if len(dims) < 2:
        return
    cells = together(seen, dims)
    told = table[(table["contrast"] == "more") & table["attribute"].isin(dims)]
    told = told.sort_values(["residual", "attribute", "code"], ascending=[False, True, True])
    leading: list[tuple[str, str]] = []
    for at, row in told.iterrows():
        own = (row["attribute"], row["code"])
        found = [other for other in leading if other[0] != own[0] and _left(cells, own, other) < PART]
        if found:
            table.loc[at, "reflects"] = f"{found[0][0]}={found[0][1]}"
        else:
            leading.append(own)


def _joint_dims(table: pd.DataFrame) -> list[str]:
    """The dimensions of what is more common, the clearest first, as far as their combinations are not too many."""
    told = table[(table["contrast"] == "more") & ~table["attribute"].isin(TIMES)]
    sizes, dims, cells = table["attribute"].value_counts(), [], 1
    order = (
        told.groupby("attribute")["residual"].max().sort_index().sort_values(ascending=False, kind="stable")
    )
    for dim in order.index:
        if len(dims) < JOINT and cells * sizes[dim] <= CELLS:
            dims, cells = [*dims, dim], cells * sizes[dim]
    return dims


def _left(cells: pd.DataFrame, own: tuple[str, str], other: tuple[str, str]) -> float:
    """The share of the trait's excess that is left when the other trait is held fixed."""
    mine, theirs = (cells[dim] == code for dim, code in (own, other))
    n, others = cells["n"], cells["n_others"]
    excess = n[mine].sum() - n.sum() * others[mine].sum() / max(others.sum(), 1)
    due = 0.0
    for part in (theirs, ~theirs):
        base = others[part].sum()
        share = others[part & mine].sum() / base if base else others[mine].sum() / max(others.sum(), 1)
        due += n[part].sum() * share
    return (n[mine].sum() - due) / excess if excess > 0 else 1.0


def leading_traits(table: pd.DataFrame) -> pd.DataFrame:
    """The traits by which the reason is concentrated and that stand for themselves, the surest first."""
    return table[(table["contrast"] == "more") & table["reflects"].isna()]


def grown_traits(seen: Seen, table: pd.DataFrame) -> pd.DataFrame:
    """The traits that make up more of the reason's cases than before, hold at least `GROWN` of what the reason has too many,
    and stand for themselves; those with most of it first. None where the reason has not surely grown."""
    if not seen.grown:
        return table.iloc[:0]
    whole = seen.reasons.loc[seen.reasons["reason"] == seen.reason, "beyond"].iloc[0]
    grown = (table["moved"] == "up") & (table["beyond"] >= GROWN * whole) & (table["n"] >= FEWEST)
    found = table[grown & table["reflects"].isna() & ~table["attribute"].isin(TIMES)]
    return found.sort_values("beyond", ascending=False, kind="stable")


def core_table(seen: Seen, table: pd.DataFrame) -> pd.DataFrame:
    """The combination of leading traits in which the reason is most concentrated: one row, `n` of the reason's cases have it.

    From the clearest trait on, another is added while it makes the combination at least `MORE` times as typical of the
    reason and `CORE` of the cases have it. No row without two.
    """
    names = ["n", "n_others", "share_now", "share_others", "times_others"]
    dims = _joint_dims(table)
    lead = leading_traits(table).drop_duplicates("attribute")
    lead = lead[lead["attribute"].isin(dims)]
    if len(lead) < 2:
        return pd.DataFrame(columns=[*dims, *names])
    cells, kept, best = together(seen, dims), {}, None
    for row in lead.to_dict("records"):
        wanted = kept | {row["attribute"]: row[row["attribute"]]}
        found = _combined(cells, wanted)
        if best is None or (
            found["n"] >= FEWEST and found["share_now"] >= CORE and _typical(found) >= MORE * _typical(best)
        ):
            kept, best = wanted, found
    if len(kept) < 2:
        return pd.DataFrame(columns=[*dims, *names])
    return pd.DataFrame([kept | best])


def _combined(cells: pd.DataFrame, wanted: dict[str, str]) -> dict[str, float]:
    has = np.logical_and.reduce([cells[dim] == code for dim, code in wanted.items()])
    n, others = int(cells.loc[has, "n"].sum()), int(cells.loc[has, "n_others"].sum())
    share, usual = n / cells["n"].sum(), others / max(cells["n_others"].sum(), 1)
    return {"n": n, "n_others": others, "share_now": share, "share_others": usual,
            "times_others": share / usual if usual else np.nan}  # fmt: skip


def _typical(found: dict[str, float]) -> float:
    """How many times as frequent among the reason's cases as among the others, half a case added to these."""
    return found["n"] / (found["n_others"] + 0.5)


def as_filter(reason: str, row: dict, dims: Sequence[str]) -> dict[str, str]:
    return {"reason": reason} | {d: row[d] for d in dims if isinstance(row.get(d), str)}
