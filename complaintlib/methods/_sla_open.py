"""What is still open: which cases are over their limit, and which are likely to be."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ..indicators import Stretch
from ..stats.survival import KaplanMeier, kaplan_meier
from ._sla_due import ALL, Promise, Seen, first

LOOK_BACK = pd.DateOffset(months=6)  # cases received since then tell how fast cases are
LISTED = 20
EXAMPLES = 5


def open_cases(seen: Seen, promise: Promise) -> pd.DataFrame:
    """One row a case that has not come to its end: its grade, its `age` and `limit` in minutes on the clock of the limits,
    and the `chance` that it will miss its limit; missing where that cannot be said, and where it already has."""
    how = {
        "unit": "minute",
        "clock": "worked",
        "where": {"severity": list(promise.limits)},
        "pauses": seen.pauses,
    }
    book, end = seen.book, promise.end
    found = book.spells("received_at", end, ["complaint_id", "severity"], seen.period, "open", **how)
    found = found.rename(columns={"duration": "age"})[["complaint_id", "severity", "age"]]
    found["limit"] = found["severity"].map(dict(promise.limits)).astype("int64")
    found["over"] = (found["age"] - found["limit"]).clip(lower=0)
    found["chance"] = found["unsure"] = np.nan
    now = seen.period.as_of
    past = book.spells(
        "received_at", end, ["severity"], Stretch(now - LOOK_BACK, now, now, ""), "received", **how
    )
    for grade, lengths in past.groupby("severity"):
        running = (found["severity"] == grade) & (found["over"] == 0)
        if lengths["n"].sum() >= seen.rules.statistics.min_count and running.any():
            curve = kaplan_meier(lengths["duration"], lengths["observed"], lengths["n"])
            limit = promise.limits[grade]
            found.loc[running, ["chance", "unsure"]] = _miss(curve, limit, found.loc[running, "age"])
    return found


def _miss(curve: KaplanMeier, limit: int, age: pd.Series) -> np.ndarray:
    """The chance to last longer than the limit for those that have lasted up to their age, S(limit) / S(age), and its
    standard error: Greenwood's (1926) sum over the stretch between."""
    chance = curve.at(limit).estimate / curve.at(age - 1).estimate
    spare = curve.at_risk - curve.events
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.append(0.0, np.cumsum(np.where(spare > 0, curve.events / (curve.at_risk * spare), 0.0)))
    upto = sums[np.searchsorted(curve.times, limit, side="right")]
    since = sums[np.searchsorted(curve.times, age - 1, side="right")]
    return np.column_stack([chance, chance * np.sqrt(np.maximum(upto - since, 0))])


def backlog_table(seen: Seen, promise: Promise, cases: pd.DataFrame) -> pd.DataFrame:
    """By grade: open, over their limit and by how much at most, and how many of the others are to be expected to miss it.

    The range of the expected number holds both chance and what the curves leave unsure (one curve for all of a grade).
    """
    z = norm.isf((1 - seen.rules.statistics.confidence) / 2)
    rows = []
    for grade in promise.limits:
        one = cases[cases["severity"] == grade]
        running = one[one["over"] == 0]
        chance, unsure = running["chance"].dropna(), running["unsure"].dropna()
        rows.append(
            {
                "severity": grade,
                "open": len(one),
                "over_limit": int((one["over"] > 0).sum()),
                "longest_over": float(one["over"].max()) if len(one) else np.nan,
                "running": len(running),
                "foretold": len(chance),
                "expected_late": chance.sum(),
                "variance": (chance * (1 - chance)).sum() + unsure.sum() ** 2,
            }
        )
    out = pd.DataFrame(rows)
    out = out[out["open"] > 0]
    counts = ["open", "over_limit", "running", "foretold", "expected_late", "variance"]
    total = {"severity": ALL, **out[counts].sum(), "longest_over": out["longest_over"].max()}
    out = pd.concat([pd.DataFrame([total]), out], ignore_index=True)
    half = z * np.sqrt(out.pop("variance").astype(float))
    out["expected_late_low"] = (out["expected_late"] - half).clip(lower=0)
    out["expected_late_high"] = np.minimum(out["expected_late"] + half, out["foretold"])
    told = out["foretold"] > 0
    unknown = ["expected_late", "expected_late_low", "expected_late_high"]
    out[unknown] = out[unknown].astype(float).where(told, np.nan)
    out.loc[out["over_limit"] == 0, "longest_over"] = np.nan
    return out.astype(dict.fromkeys(["open", "over_limit", "running", "foretold"], "int64"))


def listed(seen: Seen, cases: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The cases longest over their limit (`overdue`) and those most likely to miss it (`at_risk`), with
    where they stand; and the texts of the first few."""
    over = cases[cases["over"] > 0].sort_values(["over", "complaint_id"], ascending=[False, True])
    risk = cases[cases["chance"] > 0].sort_values(
        ["chance", "age", "complaint_id"], ascending=[False, False, True]
    )
    over, risk = over.head(LISTED), risk.head(LISTED)
    known = _standing(seen, [*over["complaint_id"], *risk["complaint_id"]])
    tables = {}
    for name, some in {"overdue": over, "at_risk": risk}.items():
        table = some[["complaint_id", "severity"]].assign(time_limit=some["limit"], time_open=some["age"])
        if name == "overdue":
            table = table.assign(time_over=some["over"])
        else:
            table = table.assign(time_left=some["limit"] - some["age"], chance=some["chance"])
        tables[name] = table.merge(known.drop(columns="text", errors="ignore"), on="complaint_id", how="left")
    examples = over.head(EXAMPLES)[["complaint_id"]].merge(known, on="complaint_id")
    shown = ["complaint_id", "received_at", *([seen.by] if seen.by else []), "text"]
    if len(examples) and "text" in examples:
        tables["examples"] = examples[shown]
    return tables


def _standing(seen: Seen, ids: list[str]) -> pd.DataFrame:
    """Of each open case: when it came, its place, who has it, the stage it entered last and on whom it waits there."""
    book = seen.book
    names = dict.fromkeys(
        ["complaint_id", "received_at", *([seen.by] if seen.by else []), "department", "agent_id", "text"]
    )
    names = [
        name for name in names if name in ("complaint_id", "received_at") or book.has("complaints", name)
    ]
    found = book.rows("complaints", names, limit=max(len(ids), 1), where={"complaint_id": ids})
    found = found.drop_duplicates("complaint_id")
    if found.empty or not book.has("events", "stage"):
        return found
    steps = ["complaint_id", "stage", *(["waiting_on"] if book.has("events", "waiting_on") else [])]
    since = Stretch(found["received_at"].min(), seen.period.end, seen.period.as_of, "")
    at = book.counts("events", [*steps, "entered_at"], since, where={"complaint_id": ids})
    at = at.sort_values(["complaint_id", "entered_at"], kind="stable").drop_duplicates(
        "complaint_id", keep="last"
    )
    return found.merge(at[steps], "left", "complaint_id")


def spent_table(seen: Seen, promise: Promise) -> pd.DataFrame:
    """Where the cases that were due spent their time, by stage and on whom they waited: those that missed their limit
    against those that met it, as shares of all the time of each."""
    by = ["stage", *(["waiting_on"] if seen.book.has("events", "waiting_on") else [])]
    found = seen.book.breaches(promise.limits, promise.end, by, seen.period, pauses=seen.pauses)
    found["kept"] = np.where(found["state"] == "met", "met", "missed")
    found = found[found["state"] != "void"]
    out = pd.DataFrame(index=found.groupby(by).size().index)
    for kept in ("missed", "met"):
        sums = (
            found[found["kept"] == kept].groupby(by)[["minutes", "n"]].sum().reindex(out.index, fill_value=0)
        )
        out[f"steps_{kept}"] = sums["n"].astype("int64")
        out[f"spent_{kept}"] = sums["minutes"].astype(float)
        out[f"time_{kept}"] = sums["minutes"] / sums["minutes"].sum() if sums["minutes"].sum() else np.nan
    out["time_gap"] = out["time_missed"] - out["time_met"]
    out = out.reset_index().sort_values(["time_missed", *by], ascending=[False, *[True] * len(by)])
    return first(out, *by, "time_missed", "time_met", "time_gap").reset_index(drop=True)
