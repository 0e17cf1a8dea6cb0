"""How the shares on time changed, and why: other shares of the grades (mix), or what is kept of each grade (rate)."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ..period import Period
from ..stats.decompose import mix_rate
from ..stats.intervals import proportion_difference
from ..stats.multiple import benjamini_hochberg
from ._sla_due import ALL, Promise, Seen, at, first

SPLIT = ["through_mix", "through_rate", "grades_up", "grades_down", "p_mix", "p_within"]
CHANGE = ["on_time_change", "on_time_change_low", "on_time_change_high", "p"]


def changes_table(
    seen: Seen, promise: Promise, found: pd.DataFrame, counts: pd.DataFrame, spread: pd.Series
) -> pd.DataFrame:
    """Every cell of this period against the earlier ones, each change split into mix and rate over the grades."""
    now, statistics = at(found, seen.period), seen.rules.statistics
    now = now[now["due"] > 0]
    spread = spread.reindex(now.index).fillna(1.0)
    parts = []
    for compared, earlier in seen.earlier().items():
        then = at(found, earlier).reindex(now.index).fillna(0)
        part = pd.DataFrame({"due": now["due"], "met": now["met"]})
        part[["due_then", "met_then"]] = then[["due", "met"]].astype("int64")
        part["on_time"], part["on_time_then"] = (x["met"] / x["due"].where(x["due"] > 0) for x in (now, then))
        sides = now["met"], now["due"], then["met"], then["due"]
        part[CHANGE] = proportion_difference(*sides, statistics.confidence, spread)
        part["dispersion"] = spread
        part = part.join(_split(seen, counts, earlier))
        part["p_within"] = 2 * norm.sf(norm.isf(part["p_within"] / 2) / np.sqrt(spread))
        comparable = seen.comparable(earlier)
        few = np.minimum(part["due"], part["due_then"]) < statistics.min_count
        part.loc[few, ["p", "p_mix", "p_within"]] = np.nan
        if comparable != "ok":
            part.loc[:, ["on_time_then", *CHANGE, "dispersion", *SPLIT]] = np.nan
        parts.append(part.assign(compared=compared, promise=promise.name, moved=comparable).reset_index())
    return first(pd.concat(parts, ignore_index=True), "promise", "compared", "severity", seen.place)


def _split(seen: Seen, counts: pd.DataFrame, earlier: Period) -> pd.DataFrame:
    """By cell, what of its change comes through other shares of the grades and what through the grades' own shares.

    Kitagawa (1955). A grade's row holds its part of the total's change. `grades_up` and `grades_down` say how many
    grades with cases in both periods rose and fell; `p_mix` whether the mix alone moved the share, `p_within` whether the
    grades did, the mix held fixed (Mantel & Haenszel 1959, J Natl Cancer Inst 22:719-748).
    """
    names = {"met": "count", "due": "exposure"}
    sides = [at(counts, p)[list(names)].rename(columns=names) for p in (earlier, seen.period)]
    places = sides[1].index.unique(seen.place)
    rows = {}
    for place in dict.fromkeys([ALL, *places]):
        both = [s if place == ALL else s[s.index.get_level_values(seen.place) == place] for s in sides]
        both = [s.groupby("severity").sum() for s in both]
        if not all(s["exposure"].sum() for s in both):
            continue
        parts = mix_rate(*both)
        step = parts["rate_after"] - parts["rate_before"]
        found = parts["mix"].sum(), parts["rate"].sum(), (step > 0).sum(), (step < 0).sum()
        rows[ALL, place] = [*found, _mixed(parts, *both), _within(*both)]
        if place == ALL:
            rows |= {(grade, ALL): [p["mix"], p["rate"], *[np.nan] * 4] for grade, p in parts.iterrows()}
    index = pd.MultiIndex.from_tuples(list(rows), names=["severity", seen.place])
    return pd.DataFrame(list(rows.values()), index, SPLIT, dtype=float)


def _mixed(parts: pd.DataFrame, then: pd.DataFrame, now: pd.DataFrame) -> float:
    """p of the change of the mix: the shares of the grades are multinomial, what each keeps is taken as known."""
    kept = parts[["rate_before", "rate_after"]].mean(axis=1).to_numpy()
    variance = 0.0
    for weight, cases in (
        (parts["weight_before"], then["exposure"]),
        (parts["weight_after"], now["exposure"]),
    ):
        variance += (weight @ kept**2 - (weight @ kept) ** 2) / cases.sum()
    return 2 * norm.sf(abs(parts["mix"].sum()) / np.sqrt(variance)) if variance > 1e-12 else np.nan


def _within(then: pd.DataFrame, now: pd.DataFrame) -> float:
    """p of the Mantel-Haenszel test that no grade's share has changed; NaN where no grade can tell."""
    then, now = then.align(now, fill_value=0)
    met, due = then["count"] + now["count"], then["exposure"] + now["exposure"]
    able = due > 1
    met, due, n = met[able], due[able], now["exposure"][able]
    variance = (n * (due - n) * met * (due - met) / (due**2 * (due - 1))).sum()
    apart = (now["count"][able] - n * met / due).sum()
    return 2 * norm.sf(abs(apart) / np.sqrt(variance)) if variance > 0 else np.nan


def judge(changes: pd.DataFrame, groups: pd.DataFrame, fdr: float) -> None:
    """Put `q` over everything tested, and what follows from it, into both tables."""
    tested = {
        "q": changes["p"],
        "q_mix": changes["p_mix"],
        "q_within": changes["p_within"],
        "gap": groups["p"],
    }
    q = benjamini_hochberg(pd.concat(tested))
    parts = {name: q[q.index.get_level_values(0) == name].to_numpy() for name in tested}
    groups["q"] = parts.pop("gap")
    for name, part in parts.items():
        changes[name] = part
    said = _sure(
        changes["q"], changes["on_time_change_low"], changes["on_time_change_high"], fdr, "up", "down"
    )
    changes["moved"] = np.where(changes["moved"] == "ok", said, changes["moved"])
    step = changes["through_rate"]
    changes["moved_within"] = _sure(changes["q_within"], step, step, fdr, "up", "down")
    groups["apart"] = _sure(
        groups["q"], groups["on_time_gap_low"], groups["on_time_gap_high"], fdr, "above", "below"
    )


def _sure(q: pd.Series, low: pd.Series, high: pd.Series, fdr: float, up: str, down: str) -> np.ndarray:
    """What is claimed: only where both the interval and q say so; few where nothing was tested."""
    return np.select([q.isna(), (q <= fdr) & (low > 0), (q <= fdr) & (high < 0)], ["few", up, down], "same")


def with_changes(table: pd.DataFrame, changes: pd.DataFrame, key: str, other: str) -> pd.DataFrame:
    """The shares with their changes against the earlier periods beside them."""
    for compared, part in changes[changes[other] == ALL].groupby("compared", sort=False):
        names = {"on_time_change": f"change_{compared}", "moved": f"moved_{compared}"}
        part = part[["promise", key, *names]].rename(columns=names)
        table = table.merge(part, on=["promise", key], how="left")
    return table
