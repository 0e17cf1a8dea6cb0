"""What customers answer when they are asked after a case is closed: the dissatisfied answer sooner than the rest."""

import numpy as np
import pandas as pd

from .handling import Calendar
from .world import World, load

ATTITUDES = ("attitude", "solving", "communication", "speed", "expertise")
# Per attitude: its level, what time and outcome and the general impression do to it, and what customers expect.
_MADE_OF = {
    "attitude": (4.1, 0.0, 0.0, 0.5, 4.3),
    "solving": (3.6, 0.0, 1.2, 0.3, 4.7),
    "communication": (3.8, 0.2, 0.0, 0.5, 4.2),
    "speed": (3.7, 1.6, 0.0, 0.3, 4.5),
    "expertise": (3.9, 0.0, 0.3, 0.4, 4.0),
}


def surveys(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The answered surveys by time of answer, with canonical columns and the case's `channel`; not asked or not
    answered questions are missing."""
    facts, end = world.facts["surveys"], pd.Timestamp(world.facts["end"])
    asked = cases[
        (cases["received_at"] >= pd.Timestamp(world.facts["workflow"]["since"]))
        & (cases["event"] != "again")
        & (cases["status"] == "closed")
    ].reset_index(drop=True)
    n, calendar = len(asked), Calendar(world)
    took = calendar.worked(asked["resolved_at"]) - calendar.worked(asked["received_at"])
    usual = asked["severity"].map(world.facts["handling"]["resolve"]).to_numpy() * 60
    slow = facts["slower"] * np.log2(np.maximum(took, 10) / usual).clip(-2.5, 4)
    won = asked["outcome"].map(facts["outcomes"]).fillna(0).to_numpy()
    where = asked["department"].map(facts["departments"]).fillna(0).to_numpy()
    impression = slow + won + where - 0.7 * (asked["reopened"] == "yes").to_numpy() + rng.normal(0, 0.8, n)
    csat = _points(4.1 + impression)
    answered = asked["closed_at"] + pd.to_timedelta(rng.exponential(2 * 86400, n).round(), unit="s")
    share = pd.Series(csat).map({int(k): v for k, v in facts["answered"].items()})
    here = (rng.random(n) < share) & (answered < end)
    filled = {"csat": csat, "nps": (5.6 + 1.9 * impression + rng.normal(0, 1.4, n)).round().clip(0, 10)}
    expects = rng.random(n) < facts["asked_what_was_expected"]
    for name, (level, by_time, by_outcome, by_impression, expected) in _MADE_OF.items():
        felt = level + by_time * slow + by_outcome * won + by_impression * impression
        filled[name] = _points(felt + rng.normal(0, 0.6, n))
        hoped = _points(expected + rng.normal(0, 0.6, n))
        filled[f"expected_{name}"] = np.where(expects, hoped, np.nan)
    accepts = rng.random(n) < 1 / (1 + np.exp(-1.6 * (impression + 0.6)))
    frame = asked[["complaint_id", "channel", "customer_id"]].assign(
        answered_at=answered.dt.floor("s"),
        **filled,
        outcome_accepted=np.where(accepts, "yes", "no"),
        comment=_comments(world, asked["channel"], csat, rng),
    )[here]
    frame = frame.sort_values(["answered_at", "complaint_id"], ignore_index=True)
    year = frame["answered_at"].dt.strftime("Q%y-")
    return frame.assign(survey_id=year + pd.Series(range(1, len(frame) + 1)).map("{:05d}".format))


def _points(felt: np.ndarray) -> np.ndarray:
    return felt.round().clip(1, 5).astype(int)


def _comments(world: World, channel: pd.Series, csat: np.ndarray, rng: np.random.Generator) -> list[str]:
    """A sentence or two that fit how satisfied the customer is; most write none."""
    words, n = load("texts")["survey"], len(csat)
    chinese = rng.random(n) < channel.map({k: v["chinese"] for k, v in world.facts["channels"].items()})
    writes, luck = rng.random(n) < world.facts["surveys"]["commented"], rng.random((n, 3))
    texts = []
    for points, zh, here, u in zip(csat, chinese, writes, luck, strict=True):
        choices = words["bad" if points < 3 else "good" if points > 3 else "fair"]["zh" if zh else "en"]
        first, second = (choices[int(k * len(choices))] for k in u[:2])
        more = second if u[2] < 0.35 and second != first else ""
        texts.append(f"{first}{'' if zh else ' '}{more}".strip() if here else "")
    return texts
