"""How fast and with what outcome each case is handled, in working time; what lies after the end of the data is open."""

from typing import Any

import holidays
import numpy as np
import pandas as pd

from .world import World, pick

MINUTE, DAY = np.timedelta64(1, "m"), np.timedelta64(1, "D")
STEPS = ("first_response_at", "resolved_at", "closed_at")


class Calendar:
    """Working minutes since the first opening: nine hours a day, Monday to Friday, Chinese holidays and make-up days."""

    def __init__(self, world: World):
        rule = world.facts["handling"]
        days = pd.date_range(world.days[0] - 20 * DAY, pd.Timestamp(world.facts["end"]) + 500 * DAY)
        china = holidays.country_holidays("CN", years=range(days[0].year, days[-1].year + 1))
        working = np.array([china.is_working_day(d) for d in days.date])
        hour, minute = map(int, rule["open"].split(":"))
        self.minutes = rule["hours"] * 60
        self.opens = days[working].to_numpy().astype("M8[s]") + np.timedelta64(hour * 60 + minute, "m")

    def worked(self, times: pd.Series) -> np.ndarray:
        """Minutes worked up to `times`; NaN where there is none."""
        start = times.to_numpy().astype("M8[s]")
        day = np.searchsorted(self.opens, start, side="right") - 1
        return day * self.minutes + np.minimum((start - self.opens[day]) / MINUTE, self.minutes)

    def after(self, times: pd.Series, work: np.ndarray) -> np.ndarray:
        """The moment by which so many minutes have been worked since `times`."""
        return self.moment(self.worked(times) + work)

    def moment(self, at: np.ndarray) -> np.ndarray:
        """The moment by which so many minutes have been worked since the first opening."""
        day = np.minimum(at // self.minutes, len(self.opens) - 1).astype(int)
        return self.opens[day] + ((at % self.minutes) * 60).astype("m8[s]")


def handle(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """`cases` with first response, resolution, closing, status, agent, verdict, outcome and compensation."""
    n, rule, calendar = len(cases), world.facts["handling"], Calendar(world)
    facts, end = world.facts, pd.Timestamp(world.facts["end"])
    quick = np.ones(n)
    for truth in (t for t in world.truths if "response" in t):
        quick *= np.where(_on(truth, cases["received_at"]), truth["response"], 1)
    wait = cases["channel"].map({k: v["response"] for k, v in facts["channels"].items()}).to_numpy() * quick
    response = wait * rng.lognormal(0, rule["response_spread"], n)
    work = (
        cases["severity"].map(rule["resolve"]).to_numpy() * 60 * rng.lognormal(0, rule["resolve_spread"], n)
    )
    work *= np.where(rng.random(n) < rule["stuck"], rule["stuck_times"], 1)
    cases["first_response_at"] = calendar.after(cases["received_at"], response)
    cases["resolved_at"] = calendar.after(cases["first_response_at"], work)
    cases["closed_at"] = calendar.after(cases["resolved_at"], rng.exponential(rule["close"] * 60, n))
    for step in STEPS:
        cases[step] = cases[step].astype("M8[s]").where(cases[step] < end)
    responded, resolved, closed = (cases[step].notna() for step in STEPS)
    cases["status"] = np.select([closed, resolved, responded], ["closed", "resolved", "in_progress"], "open")
    serial = rng.integers(1, 40, n)
    departments = sorted({reason["department"] for reason in facts["reasons"].values()})
    agents = cases["department"].map({d: i for i, d in enumerate(departments)})
    cases["agent_id"] = (agents * 100 + serial).map("A{:04d}".format).where(responded, "")
    cases["valid"] = pd.Series(pick(rng, facts["outcomes"]["valid"], n)).where(resolved, "")
    cases["escalated"] = np.where(rng.random(n) < cases["severity"].eq("major") * 0.25 + 0.03, "yes", "no")
    cases["transferred"] = np.where(rng.random(n) < 0.11, "yes", "no")
    cases["reopened"] = pd.Series(np.where(rng.random(n) < 0.035, "yes", "no")).where(resolved, "")
    return _paid(world, cases, resolved, rng)


def _on(truth: dict[str, Any], times: pd.Series) -> pd.Series:
    return times.between(pd.Timestamp(truth["from"]), pd.Timestamp(truth["to"]), inclusive="left")


def _paid(world: World, cases: pd.DataFrame, resolved: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    n = len(cases)
    outcomes = world.facts["outcomes"]
    good, bad = pick(rng, outcomes["upheld"], n), pick(rng, outcomes["not_upheld"], n)
    cases["outcome"] = pd.Series(np.where(cases["valid"] == "no", bad, good)).where(resolved, "")
    median = {k: v["pay"] for k, v in world.facts["reasons"].items()}
    median |= {t["where"]["reason"]: t["pay"] for t in world.truths if "pay" in t}
    paid = cases["reason"].map(median).to_numpy() * rng.lognormal(0, 0.7, n)
    cases["compensation"] = pd.Series(paid.round(2)).where(cases["outcome"].isin(["refund", "compensation"]))
    return cases
