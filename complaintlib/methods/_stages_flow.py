"""The way of cases: which stage leads to which, in what order, and how often cases are handed on or come back."""

import numpy as np
import pandas as pd

from ..rules import Statistics
from ..schema import OTHER
from ..stats.intervals import proportion, proportion_difference
from ..stats.multiple import benjamini_hochberg

PATHS = ("handovers", "ping_pong", "rework")
DRAWN = 9  # stages in the picture


def flow_table(flows: pd.DataFrame) -> pd.DataFrame:
    """Each step from stage to stage: how many, and which share of the steps out of that stage."""
    flows = flows.rename(columns={"n": "moves"})
    flows["share_next"] = flows["moves"] / flows.groupby("stage")["moves"].transform("sum")
    return flows.sort_values(
        ["moves", "stage", "next_stage"], ascending=[False, True, True], ignore_index=True
    )


def in_order(flows: pd.DataFrame) -> list[str]:
    """The stages from the first to the last: one that is more often met after another than before it stands behind it.

    How often one is met after another: the fundamental matrix of the chain (Kemeny & Snell 1960, ch. 3); ties by name.
    """
    names = sorted({*flows["stage"], *flows["next_stage"]} - {"(closed)", "(open)"})
    to = flows.pivot_table(index="stage", columns="next_stage", values="moves", aggfunc="sum", fill_value=0)
    out = to.sum(axis=1).reindex(names).fillna(1)
    chain = to.reindex(index=names, columns=names).fillna(0).div(out, axis=0).to_numpy(float)
    met = np.linalg.inv(np.eye(len(names)) - 0.99 * chain)  # below 1: a loop that nobody leaves has no end
    rank = (np.sign(np.round(met - met.T, 9))).sum(axis=1)
    return [names[i] for i in sorted(range(len(names)), key=lambda i: (-rank[i], names[i]))]


def drawn(flows: pd.DataFrame, table: pd.DataFrame) -> tuple[list[str], dict[tuple[int, int], float]]:
    """The stages of the picture in order, the less visited together as one at the end, and the moves between them."""
    known = table.set_index("stage")["visits"].to_dict()
    kept = sorted(set(flows["stage"]), key=lambda s: (-np.nan_to_num(known.get(s, 0)), s))
    kept = set(kept if len(kept) <= DRAWN else kept[: DRAWN - 1])
    names = [name for name in in_order(flows) if name in kept]
    if len(kept) < flows["stage"].nunique():
        names.append(OTHER)
    place = {name: i for i, name in enumerate(names)}
    moves: dict[tuple[int, int], float] = {}
    for row in flows[~flows["next_stage"].isin(["(closed)", "(open)"])].itertuples():
        ends = place.get(row.stage, len(names) - 1), place.get(row.next_stage, len(names) - 1)
        if ends[0] != ends[1]:
            moves[ends] = moves.get(ends, 0) + np.nan_to_num(row.moves)
    return names, moves


def path_table(paths: pd.DataFrame, before: pd.DataFrame | None, statistics: Statistics) -> pd.DataFrame:
    """How many of the closed cases were handed on, handed back, or went back to a stage: at least once, and on average."""
    n = int(paths["n"].sum())
    k = [int(paths.loc[paths[path] > 0, "n"].sum()) for path in PATHS]
    share = proportion(np.array(k, float), np.full(3, float(n)), statistics.confidence)
    found = pd.DataFrame({"path": PATHS, "n": n, "path_cases": k, "path_share": share["estimate"],
                          "path_share_low": share["low"], "path_share_high": share["high"]})  # fmt: skip
    found["path_mean"] = [(paths[path] * paths["n"]).sum() / n if n else np.nan for path in PATHS]
    if before is None:
        return found
    n_then = int(before["n"].sum())
    k_then = [int(before.loc[before[path] > 0, "n"].sum()) for path in PATHS]
    apart = proportion_difference(
        np.array(k, float),
        np.full(3, float(n)),
        np.array(k_then, float),
        np.full(3, float(n_then)),
        statistics.confidence,
    )
    few = min(n, n_then) < statistics.min_count
    q = np.full(3, np.nan) if few else benjamini_hochberg(apart["p"].to_numpy())
    sure = (q <= statistics.fdr) & (apart["low"] * apart["high"] > 0)
    return found.assign(
        n_then=n_then,
        path_share_then=np.array(k_then) / n_then if n_then else np.nan,
        share_change=apart["estimate"],
        share_change_low=apart["low"],
        share_change_high=apart["high"],
        p=apart["p"],
        q=q,
        moved=np.where(few, "few", np.where(sure, np.where(apart["estimate"] > 0, "up", "down"), "same")),
    )
