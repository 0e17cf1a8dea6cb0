"""The tables beside `apart`: what the reason is made of, who handles it and where, what is being done, and what limits it."""

import numpy as np
import pandas as pd

from ..book import NotMeasured
from ..filters import parts
from ..indicators import Stretch
from ..schema import BLANK
from ..stats.shifts import risen_since
from ..words import LANGUAGES, Trouble, label
from ._effect_register import register
from ._rootcause_apart import CHANGE, as_filter, grown_traits, share_changes
from ._rootcause_choice import Seen

BACK = 62  # days before the period in which a rise is looked for
STEP = 1.5  # times the usual number that a rise must reach to have a day
EDGE = 7  # days that must have been looked at before it
INVITED = 0.10  # of the cases or of the time, from which on a department is asked to come
OFTEN = 3  # cases of one customer
MADE_OF = [
    "subreason", "n", "share_now", "n_then", "share_then", "n_due", "beyond", *CHANGE[:3], "q_change", "moved",
]  # fmt: skip
VISITS = ["visits", "spent_hours", "share_time", "still_in"]
STEPS = ["stage", "department", *VISITS]
STAGES = ["stage", *VISITS, "share_time_others", "share_time_apart"]
WHO = ["department", "n", "share_now", *VISITS, "invited", "invite"]
MEASURES = ["action_id", "title", "department", "status", "due_on", "days_overdue"]


def subreason_table(seen: Seen) -> pd.DataFrame:
    """What the reason is made of, now and in the periods before; the largest first."""
    book = seen.book
    if not book.has("complaints", "subreason"):
        return pd.DataFrame(columns=MADE_OF)
    now = book.counts("complaints", ["subreason"], seen.period, where=seen.where).set_index("subreason")["n"]
    then = now.iloc[:0]
    if seen.past and not book.breaks_in("subreason", [seen.past[0], seen.period]):
        then = book.counts("complaints", ["subreason"], seen.before, where=seen.where)
        then = then.set_index("subreason")["n"]
    table = pd.concat([now, then], axis=1, keys=["n", "n_then"]).fillna(0).drop(BLANK, errors="ignore")
    if not table["n_then"].sum():
        table["n_then"] = np.nan
    table["n_due"] = table["n_then"] * seen.scale
    changes = share_changes(table["n"], table["n"].sum(), table["n_then"], table["n_then"].sum())
    table = table.join(changes).rename_axis("subreason").reset_index().astype({"n": "int64"})
    table = table.assign(share_now=table["n"] / max(table["n"].sum(), 1), beyond=table["n"] - table["n_due"])
    return table.sort_values(["n", "subreason"], ascending=[False, True], ignore_index=True)[MADE_OF]


# ------------------------------------------------------------------------------------------------ who and where


def way_tables(seen: Seen) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Departments (cases, visits, time, and whom to invite and why) and stages (visits and time, beside those of the others).

    Time is that on the work clock of the steps begun in the period, up to its end where they are not over; of the reason's
    cases, whenever these came.
    """
    departments, stages, steps = (pd.DataFrame(columns=names) for names in (WHO, STAGES, STEPS))
    book, where = seen.book, seen.where
    by = [c for c in ("stage", "department") if book.has("events", c)]
    if "stage" in by and book.has("events", "complaint_id", "entered_at"):
        steps = _steps(book.only(where), by, seen)
        stages = _stages(steps, _steps(book, by, seen))
    if book.has("complaints", "department"):
        cases = book.counts("complaints", ["department"], seen.period, where=where)
        departments = _departments(cases, steps if "department" in by else None, seen)
    elif "department" in by:
        departments = _departments(None, steps, seen)
    return departments, stages


def _steps(book, by: list[str], seen: Seen) -> pd.DataFrame:
    found = book.spells("entered_at", "left_at", by, seen.period, unit="hour", clock="worked", table="events")
    found = found.assign(
        visits=found["n"],
        spent_hours=found["n"] * found["duration"].astype(float),
        still_in=found["n"].where(~found["observed"].astype(bool), 0),
    )
    return found.groupby(by, as_index=False)[["visits", "spent_hours", "still_in"]].sum()


def _stages(own: pd.DataFrame, everyone: pd.DataFrame) -> pd.DataFrame:
    """The stages by the time that the reason's cases spend there, beside the same of all other cases."""
    sums = [f.groupby("stage")[["visits", "spent_hours", "still_in"]].sum() for f in (own, everyone)]
    table, others = (
        sums[0],
        (sums[1]["spent_hours"] - sums[0]["spent_hours"].reindex(sums[1].index).fillna(0)),
    )
    table["share_time"] = table["spent_hours"] / (table["spent_hours"].sum() or np.nan)
    table["share_time_others"] = (others / (others.sum() or np.nan)).reindex(table.index)
    table["share_time_apart"] = table["share_time"] - table["share_time_others"]
    table = table.reset_index().astype({"visits": "int64", "still_in": "int64"})
    return table.sort_values(["spent_hours", "stage"], ascending=[False, True], ignore_index=True)[STAGES]


def _departments(cases: pd.DataFrame | None, steps: pd.DataFrame | None, seen: Seen) -> pd.DataFrame:
    n = pd.Series(dtype=float) if cases is None else cases.set_index("department")["n"]
    table = pd.DataFrame({"n": n.drop(BLANK, errors="ignore")})
    if steps is not None and len(steps):
        sums = steps.groupby("department")[["visits", "spent_hours", "still_in"]].sum()
        table = table.join(sums.drop(BLANK, errors="ignore"), how="outer")
    table = table.reindex(columns=["n", "visits", "spent_hours", "still_in"]).fillna(0)
    table["share_now"] = table["n"] / (table["n"].sum() or np.nan)
    table["share_time"] = table["spent_hours"] / (table["spent_hours"].sum() or np.nan)
    handles, holds = table["share_now"] >= INVITED, table["share_time"] >= INVITED
    table["invite"] = np.select([handles & holds, handles, holds], ["both", "handles", "holds"], "no")
    table["invited"] = table["invite"] != "no"
    table = table.rename_axis("department").reset_index()
    table = table.assign(size=table[["share_now", "share_time"]].max(axis=1))
    table = table.sort_values(
        ["invited", "size", "department"], ascending=[False, False, True], ignore_index=True
    )
    return table[WHO].astype({"n": "int64", "visits": "int64", "still_in": "int64"})


def measures_table(seen: Seen) -> pd.DataFrame:
    """The measures on the register that are about the reason by their target, those not over first."""
    try:
        rows = register(seen.book, seen.period)
    except NotMeasured:
        return pd.DataFrame(columns=MEASURES)
    named = {seen.reason, *(label("reason", seen.reason, lang) for lang in LANGUAGES)}
    about = pd.Series(
        [bool(named & _reasons_of(target)) for target in rows["target"]], rows.index, dtype=bool
    )
    rows = rows[about & (rows["status"] != "cancelled")].assign(over=lambda f: f["status"] == "done")
    return rows.sort_values("over", kind="stable", ignore_index=True)[MEASURES]


def _reasons_of(target: object) -> set[str]:
    try:
        return set(parts(target).get("reason", ()))
    except Trouble:  # the page of measures says what is wrong with it
        return set()


# ---------------------------------------------------------------------------------------------------- the facts


def fact_table(seen: Seen, apart: pd.DataFrame) -> pd.DataFrame:
    """What the page rests on, in one row; and what speaks against taking its cases as independent of one another."""
    chosen = seen.reasons[seen.reasons["reason"] == seen.reason]
    n = int(chosen["n"].sum())
    classified = int(seen.reasons["n"].sum())
    broken = [b.at for b in seen.book.breaks_in("reason", [seen.period])]
    facts = {
        "n": n,
        "share_classified": n / max(classified, 1),
        "n_classified": classified,
        "periods_then": len(seen.past),
        "measure": seen.measure or np.nan,
        "traits_tested": int(apart["q"].notna().sum()),
        "traits_apart": int(apart["contrast"].isin(["more", "less"]).sum()),
        **_busiest(seen, n),
        **_often(seen, n),
        "began_on": _began(seen, apart),
        "broken_on": max(broken) if broken else pd.NaT,
    }
    return pd.DataFrame([facts])


def _busiest(seen: Seen, n: int) -> dict[str, object]:
    """The day on which most of the cases came."""
    days = seen.hours[seen.hours["reason"] == seen.reason].groupby("day")["n"].sum()
    if days.empty or seen.period.days < 7:
        return {"busiest_day": pd.NaT, "n_busiest": 0, "share_busiest": np.nan}
    top = days.idxmax()
    return {"busiest_day": top, "n_busiest": int(days[top]), "share_busiest": days[top] / n}


def _often(seen: Seen, n: int) -> dict[str, object]:
    """Customers with `OFTEN` or more of the cases, and how many these are."""
    if not seen.book.has("complaints", "customer_id"):
        return {"customers_often": np.nan, "n_often": np.nan, "share_often": np.nan}
    who = seen.book.counts("complaints", ["customer_id"], seen.period, where=seen.where)
    who = who[(who["customer_id"] != BLANK) & (who["n"] >= OFTEN)]
    cases = int(who["n"].sum())
    return {"customers_often": len(who), "n_often": cases, "share_often": cases / max(n, 1)}


def _began(seen: Seen, apart: pd.DataFrame) -> pd.Timestamp:
    """The day since which there are more of them, where it is sure that there are: of the clearest trait that grew, else of all.

    The most likely change point of the daily number within the period and `BACK` days before it, against what was usual
    before these (`stats.shifts.risen_since`). A rise by less than half, one that creeps, and one that is older have no day.
    """
    if not seen.grown:
        return pd.NaT
    grown = grown_traits(seen, apart).head(1)
    where = as_filter(seen.reason, grown.to_dict("records")[0] if len(grown) else {}, seen.dims)
    start = max(seen.period.start - pd.Timedelta(days=BACK), seen.before.start)
    whole = Stretch(seen.before.start, seen.period.as_of, seen.period.as_of, "")
    found = seen.book.slots("complaints", whole, [], 60, where)
    daily = found.groupby("day")["n"].sum()
    days = pd.date_range(start, seen.period.as_of, inclusive="left", unit="us").normalize()
    usual_days = (start - seen.before.start).days
    if not usual_days:
        return pd.NaT
    counts = daily.reindex(days, fill_value=0).to_numpy(float)
    usual = daily[daily.index < start].sum() / usual_days
    at = risen_since(counts, usual)
    return days[at] if at >= EDGE and counts[at:].mean() >= STEP * usual else pd.NaT
