"""What the workflow system knows of the cases, and the truths that it brings: grades, waiting, stuck cases, other ends.

It is in use from `workflow.since` on: earlier cases have no stages and all end with a resolution. Only the cases that a
truth names are changed; everything else about the company is as it would be without.
"""

from typing import Any

import numpy as np
import pandas as pd

from .handling import STEPS, Calendar
from .ways import APPROVAL, FOLLOW_UP, FOREVER, PING, STAGE, THIRD_PARTY, Ways, find_ways, moments, stages_of
from .world import World, pick

GRADES = ("major", "urgent", "general", "routine")
NO_OUTCOME = "-"  # what the channels' systems show where an outcome is yet to come or will not come any more


def follow(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`cases` as the workflow changes them, and their stages (columns EVENTS, by time entered).

    A matter that comes in once more by another channel (`event` is "again") is not put on the way a second time.
    """
    calendar, end = Calendar(world), pd.Timestamp(world.facts["end"])
    cases = _regraded(world, cases, calendar, rng)
    since = cases["received_at"] >= pd.Timestamp(world.facts["workflow"]["since"])
    ways = find_ways(world, cases[since & (cases["event"] != "again")], calendar, rng)
    ways = _stuck(world, _slowed(world, ways, calendar), rng)
    until = _ended(world, ways, calendar, rng)
    cases.loc[ways.cases.index] = ways.cases
    return cases, stages_of(ways, calendar, until.fillna(end), rng)


def _regraded(
    world: World, cases: pd.DataFrame, calendar: Calendar, rng: np.random.Generator
) -> pd.DataFrame:
    """Truths with `grades`: cases get other grades and take the time that is usual for those, but `quicker`."""
    cases = cases.copy()
    for truth in (t for t in world.truths if "grades" in t):
        mine = cases.index[_of(truth, cases)]
        some = cases.loc[mine]
        grade = pick(rng, dict(zip(GRADES, truth["grades"], strict=True)), len(mine))
        usual = world.facts["handling"]["resolve"]
        factor = np.array([usual[new] / usual[old] for new, old in zip(grade, some["severity"], strict=True)])
        received, responded, resolved, closed = (calendar.worked(some[c]) for c in ("received_at", *STEPS))
        response = received + (responded - received) * truth["quicker"]
        resolution = response + (resolved - responded) * factor * truth["quicker"]
        some["severity"] = grade
        for step, at in zip(STEPS, (response, resolution, resolution + closed - resolved), strict=True):
            some[step] = moments(calendar, at)
        cases.loc[mine] = _settled(some, world)
    return cases


def _of(truth: dict[str, Any], cases: pd.DataFrame) -> pd.Series:
    inside = cases["received_at"].between(
        pd.Timestamp(truth["from"]), pd.Timestamp(truth["to"]), inclusive="left"
    )
    return inside & (cases["department"] == truth["where"]["department"])


def _settled(cases: pd.DataFrame, world: World) -> pd.DataFrame:
    """Times at or after the end of the data have not come yet, and what only a resolved case has is not there."""
    for step in STEPS:
        cases[step] = cases[step].where(cases[step] < pd.Timestamp(world.facts["end"]))
    responded, resolved, closed = (cases[step].notna() for step in STEPS)
    cases["status"] = np.select([closed, resolved, responded], ["closed", "resolved", "in_progress"], "open")
    return _unresolved(cases, ~resolved)


def _unresolved(cases: pd.DataFrame, which: pd.Series) -> pd.DataFrame:
    cases["outcome"] = cases["outcome"].mask(which & (cases["outcome"] != ""), NO_OUTCOME)
    cases["compensation"] = cases["compensation"].mask(which)
    for name in ("valid", "reopened"):
        cases[name] = cases[name].mask(which, "")
    return cases


def _slowed(world: World, ways: Ways, calendar: Calendar) -> Ways:
    """Truths with `waits`: a stage takes longer from a day on, and what follows it comes later."""
    cases, minutes = ways.cases, ways.minutes.copy()
    for truth in (t for t in world.truths if "waits" in t):
        for step in np.flatnonzero(truth["where"]["stage"] == STAGE):
            entered = calendar.moment(ways.starts[:, step])
            inside = (entered >= np.datetime64(truth["from"])) & (entered < np.datetime64(truth["to"]))
            mine = ways.through[:, step] & inside & (cases["department"] == truth["where"]["department"])
            longer = np.where(mine, minutes[:, step] * (truth["waits"] - 1), 0)
            minutes[:, step] += longer
            some = cases[mine].copy()
            for name in STEPS[1:]:
                some[name] = moments(calendar, calendar.worked(some[name]) + longer[mine])
            cases.loc[some.index] = _settled(some, world)
    return Ways(cases, ways.through, minutes, ways.received)


def _stuck(world: World, ways: Ways, rng: np.random.Generator) -> Ways:
    """Truths with `stuck`: cases that never get beyond waiting for a third party or for an approval."""
    cases, through, minutes = ways.cases, ways.through.copy(), ways.minutes.copy()
    for truth in (t for t in world.truths if "stuck" in t):
        able = np.flatnonzero(_of(truth, cases) & cases["first_response_at"].notna())
        hard = cases["severity"].iloc[able].isin(GRADES[:2]).to_numpy()
        able = able[np.argsort(rng.random(len(able)) - hard, kind="stable")]
        chosen = able[: round(truth["stuck"] * min(world.scale, 1))]
        for k, row in enumerate(chosen):
            step = THIRD_PARTY if k % 4 else APPROVAL
            through[row, step] = True
            minutes[row, PING:step] *= rng.uniform(200, 2000) / max(minutes[row, PING:step].sum(), 1)
            minutes[row, step] = FOREVER
        some = cases.iloc[chosen].assign(resolved_at=pd.NaT, closed_at=pd.NaT)
        some["escalated"] = np.where(rng.random(len(some)) < 0.4, "yes", some["escalated"])
        cases.loc[some.index] = _settled(some, world)
    return Ways(cases, through, minutes, ways.received)


def _ended(world: World, ways: Ways, calendar: Calendar, rng: np.random.Generator) -> pd.Series:
    """Some cases end before they are resolved; when a case ended, by resolution or without."""
    cases, rule, n = ways.cases, world.facts["workflow"], len(ways.cases)
    starts = ways.starts
    at = starts[:, 0] + rng.uniform(0.1, 0.9, n) * (starts[:, FOLLOW_UP] - starts[:, 0])
    when = pd.Series(calendar.moment(at), cases.index)
    ends = (rng.random(n) < rule["other_end"]) & (ways.minutes.max(1) < FOREVER)
    ends &= when < pd.Timestamp(world.facts["end"])
    how = np.where(
        cases["department"] == "merchant_care",
        pick(rng, rule["ends_merchant"], n),
        pick(rng, rule["ends"], n),
    )
    some = cases[ends].copy()
    for step in STEPS:
        some[step] = some[step].where(some[step] < when[ends])
    some = _unresolved(some, pd.Series(True, some.index)).assign(closed_at=when[ends], status=how[ends])
    cases.loc[some.index] = some.assign(resolved_at=pd.NaT)
    return cases["closed_at"]
