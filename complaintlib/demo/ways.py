"""The way of a case through the company's departments: its steps from registered to closed, in working minutes.

The steps of a case add up to its first response, its resolution and its closing: no gaps, no overlaps.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .handling import STEPS, Calendar
from .world import World

FOREVER = 1e7  # minutes
# What a case may go through, in order: stage, whose it is (the case's department, one it was sent to by mistake, or a
# department by name) and the part of the case that it belongs to (0 to the first response, 1 to the resolution, 2 to
# the closing).
WAY = (
    ("registered", "customer_service", 0),
    ("triage", "customer_service", 0),
    ("investigation", "other", 1),
    ("investigation", "own", 1),
    ("investigation", "other", 1),
    ("investigation", "own", 1),
    ("customer_documents", "own", 1),
    ("third_party", "own", 1),
    ("approval", "finance", 1),
    ("resolution", "own", 1),
    ("investigation", "own", 1),
    ("resolution", "own", 1),
    ("follow_up", "customer_service", 2),
    ("closing", "own", 2),
)
PING, PONG, ASTRAY, OWN, DOCUMENTS, THIRD_PARTY, APPROVAL, RESOLUTION = range(2, 10)
AGAIN, RESOLVED_AGAIN, FOLLOW_UP = range(10, 13)
STAGE, WHOSE, PART = (np.array(column) for column in zip(*WAY, strict=True))
WAITING = {"customer_documents": "customer", "third_party": "third_party"}
EVENTS = ["complaint_id", "channel", "stage", "entered_at", "left_at", "department", "agent_id", "waiting_on"]


@dataclass(frozen=True)
class Ways:
    """Which cases, whether each goes through each step of WAY, how long, and the worked minute at which it came in."""

    cases: pd.DataFrame
    through: np.ndarray
    minutes: np.ndarray
    received: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """The worked minute at which each step begins, and at last the one at which the case is closed."""
        return self.received[:, None] + np.pad(self.minutes.cumsum(1), ((0, 0), (1, 0)))


def find_ways(world: World, cases: pd.DataFrame, calendar: Calendar, rng: np.random.Generator) -> Ways:
    """The way of each case; one that is still open is somewhere between a third of its way and the end."""
    n, stages = len(cases), world.facts["stages"]
    weight = np.array([stages[stage]["weight"] for stage in STAGE]) * rng.gamma(2, 0.5, (n, len(WAY)))
    through = _through(world, cases, rng)
    received, *known = (calendar.worked(cases[c]) for c in ("received_at", *STEPS))
    now = calendar.worked(pd.Series([pd.Timestamp(world.facts["end"])]))
    spans, start = [], received
    for then in known:
        guess = 30 + np.maximum(now - start, 0) / rng.uniform(0.35, 1, n)
        spans.append(np.where(np.isnan(then), guess, then - start))
        start = start + spans[-1]
    minutes = np.where(through, weight, 0)
    for part, span in enumerate(spans):
        minutes[:, part == PART] *= (span / minutes[:, part == PART].sum(1))[:, None]
    return Ways(cases.copy(), through, minutes, received)


def _through(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    n, facts = len(cases), world.facts
    luck = rng.random((n, 4))
    share = {
        stage: cases["department"].map(lambda d, of=facts["stages"][stage]["of"]: of.get(d, of["*"]))
        for stage in ("customer_documents", "third_party")
    }
    transferred, reopened = (cases[name].eq("yes").to_numpy() for name in ("transferred", "reopened"))
    ping = transferred & (luck[:, 0] < facts["workflow"]["ping_pong"])
    through = np.ones((n, len(WAY)), bool)
    through[:, PING] = through[:, PONG] = ping
    through[:, ASTRAY] = transferred
    through[:, DOCUMENTS] = luck[:, 1] < share["customer_documents"]
    through[:, THIRD_PARTY] = luck[:, 2] < share["third_party"]
    through[:, APPROVAL] = cases["compensation"].notna()
    through[:, AGAIN] = through[:, RESOLVED_AGAIN] = reopened
    through[:, FOLLOW_UP] = luck[:, 3] < facts["workflow"]["followed_up"]
    return through


def moments(calendar: Calendar, at: np.ndarray) -> np.ndarray:
    """The moment of each worked minute; none where there is none."""
    return np.where(np.isnan(at), np.datetime64("NaT"), calendar.moment(np.nan_to_num(at)))


def stages_of(ways: Ways, calendar: Calendar, until: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """One row a stage that a case entered before `until`, when it ended or the data do; `left_at` is missing where the
    case has not got any further."""
    cases, until = ways.cases, until.to_numpy().astype("M8[s]")
    at = calendar.moment(np.minimum(ways.starts, ways.received[:, None] + FOREVER))
    for step, name in (
        (0, "received_at"),
        (PING, "first_response_at"),
        (FOLLOW_UP, "resolved_at"),
        (-1, "closed_at"),
    ):
        known = cases[name].to_numpy().astype("M8[s]")
        at[:, step] = np.where(np.isnat(known), at[:, step], known)
    at = np.minimum(np.maximum.accumulate(at, 1), np.maximum(until, at[:, 0])[:, None])
    for step in reversed(range(len(WAY))):  # a step that is not taken takes no second either
        at[:, step] = np.where(ways.through[:, step], at[:, step], at[:, step + 1])
    row, step = np.nonzero(ways.through & (at[:, :-1] < until[:, None]))
    left = at[row, step + 1]
    own = cases["department"].to_numpy()
    department = np.select(
        [WHOSE == "own", WHOSE == "other"], [own[:, None], _elsewhere(own, rng)[:, None]], WHOSE
    )[row, step]
    numbers = {d: i * 100 for i, d in enumerate(sorted({*own, "customer_service", "finance"}))}
    serial = rng.integers(1, 40, (len(cases), 4))[row, np.unique(WHOSE, return_inverse=True)[1][step]]
    named = [f"A{numbers[d] + k:04d}" for d, k in zip(department, serial, strict=True)]
    mine = (WHOSE[step] == "own") & (cases["agent_id"].to_numpy()[row] != "")
    rows = pd.DataFrame(
        {
            "complaint_id": cases["complaint_id"].to_numpy()[row],
            "channel": cases["channel"].to_numpy()[row],
            "stage": STAGE[step],
            "entered_at": at[row, step],
            "left_at": np.where(
                (left < until[row]) | cases["closed_at"].notna().to_numpy()[row], left, np.datetime64("NaT")
            ),
            "department": department,
            "agent_id": np.where(mine, cases["agent_id"].to_numpy()[row], named),
            "waiting_on": pd.Series(STAGE[step]).map(WAITING).fillna("us"),
        }
    )
    return rows.sort_values(["entered_at", "complaint_id"], kind="stable", ignore_index=True)[EVENTS]


def _elsewhere(own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another department than one's own."""
    names = np.array(["claims", "customer_service", "delivery", "finance", "merchant_care"], object)
    chosen = names[rng.integers(0, len(names), len(own))]
    return np.where(chosen == own, "it", chosen)
