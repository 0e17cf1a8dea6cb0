"""The cases behind the complaints: who complains, when, by which channel and about what."""

import numpy as np
import pandas as pd

from .handling import MINUTE, handle
from .world import World, draw, pick

# Relative load of the hours 0 to 23: people call by day and type in the evening.
_CALLS = [0, 0, 0, 0, 0, 0, 1, 3, 7, 10, 10, 9, 6, 7, 9, 9, 8, 7, 5, 4, 3, 2, 0, 0]
_TYPING = [2, 1, 1, 0.5, 0.5, 0.5, 1, 2, 4, 6, 7, 6, 6, 5, 5, 5, 5, 5, 5, 6, 7, 7, 6, 4]


def customers(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """The customer table, grouped by region so that a region's customers stand together."""
    facts = world.facts
    share = {r: max(v["share"], 0.02) for r, v in facts["regions"].items()}
    total = max(400, round(facts["customers"] * min(world.scale, 1)))
    region = np.repeat(list(share), [round(total * s / sum(share.values())) for s in share.values()])
    n = len(region)
    joined = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 3150, n), unit="D")
    left = joined + pd.to_timedelta(rng.integers(200, 6000, n), unit="D")
    gone = left < pd.Timestamp(facts["end"])
    number = np.sort(rng.choice(2_000_000, n, replace=False))
    return pd.DataFrame(
        {
            "customer_id": pd.Series(rng.permutation(number)).map("C{:08d}".format),
            **{name: pick(rng, shares, n) for name, shares in facts["people"].items()},
            "region": region,
            "joined_on": joined,
            "left_on": left.where(gone),
            "active": np.where(gone, "no", "yes"),
            "repurchases": rng.poisson(6, n),
            "referrals": rng.poisson(0.4, n),
        }
    )


def make_cases(world: World, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Every complaint, once or (the same complaint in a second channel) twice, by time received.

    Columns are the canonical ones with codes and times as datetime64; `event` names the truth that planted the row.
    """
    return told(world, draw(world, rng), people, rng)


def told(world: World, cases: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What happened (`draw`, one case at least) as `make_cases` says it."""
    drawn = pd.Series(pick(rng, {k: v["share"] for k, v in world.facts["channels"].items()}, len(cases)))
    cases["channel"] = cases["channel"].fillna(drawn) if "channel" in cases else drawn
    cases["event"] = cases["event"].fillna("") if "event" in cases else ""
    cases["received_at"] = _received(world, cases, rng)
    cases = _silence(world, cases, rng)
    cases = _who(world, cases, people, rng)
    cases = _what(world, cases, rng)
    cases = pd.concat([cases, _again(world, cases, rng)], ignore_index=True)
    cases = cases.sort_values("received_at", kind="stable", ignore_index=True)
    cases = handle(world, cases, rng)
    return cases.assign(complaint_id=_names(cases)).drop(columns="day")


def _received(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    load = np.where((cases["channel"] == "hotline").to_numpy()[:, None], _CALLS, _TYPING).cumsum(1)
    hour = (rng.random(len(cases))[:, None] * load[:, -1:] > load).sum(1)
    second = hour * 3600 + rng.integers(0, 3600, len(cases))
    for truth in (t for t in world.truths if "hour" in t):  # all of it within ten minutes
        mine = (cases["event"] == truth["id"]).to_numpy()
        second[mine] = truth["hour"] * 3600 + rng.integers(0, 600, mine.sum())
    return world.days.to_numpy().astype("M8[s]")[cases["day"]] + second.astype("m8[s]")


def _silence(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    for truth in (t for t in world.truths if t.get("silent")):
        dead = (cases["channel"] == truth["where"]["channel"]) & (world.during(truth)[cases["day"]] > 0)
        moved = rng.random(len(cases)) < truth["moved"]
        other = np.where(rng.random(len(cases)) < 0.7, "hotline", "web_chat")
        cases = cases.assign(channel=cases["channel"].mask(dead, other))[~dead | moved]
    return cases.reset_index(drop=True)


def _who(world: World, cases: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n, facts = len(cases), world.facts
    sizes = people.groupby("region", sort=False).size()
    start, size = sizes.cumsum() - sizes, cases["region"].map(sizes).to_numpy()
    # The power makes some customers complain far more often than others.
    index = cases["region"].map(start).to_numpy() + np.floor(size * rng.random(n) ** 1.4).astype(int)
    for truth in (t for t in world.truths if "extra" in t):
        mine = np.flatnonzero(cases["event"] == truth["id"])
        region = truth["where"]["region"]
        few = start[region] + rng.choice(sizes[region], min(truth["customers"], sizes[region]), replace=False)
        index[mine] = rng.permutation(np.resize(few, len(mine)))
    cities = {r: np.array(v["cities"], object) for r, v in facts["regions"].items()}
    luck = rng.random(n) ** 1.5
    city = [cities[r][int(u * len(cities[r]))] for r, u in zip(cases["region"], luck, strict=True)]
    order = cases["received_at"].dt.strftime("DD%y%m%d") + pd.Series(rng.permutation(n)).map("{:07d}".format)
    chosen = people[["customer_id", "segment"]].iloc[index].reset_index(drop=True)
    return cases.assign(**chosen, city=city, order_id=order)


def _what(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    reasons = world.facts["reasons"]
    luck = rng.random((len(cases), 2))
    sub = {k: np.array(v["subreasons"], object) for k, v in reasons.items()}
    grade = {k: np.cumsum(v["grades"]) for k, v in reasons.items()}
    names = np.array(["major", "urgent", "general", "routine"], object)
    return cases.assign(
        subreason=[
            sub[k][int(u**1.6 * len(sub[k]))] for k, u in zip(cases["reason"], luck[:, 0], strict=True)
        ],
        severity=[
            names[min(3, np.searchsorted(grade[k], u))]
            for k, u in zip(cases["reason"], luck[:, 1], strict=True)
        ],
        department=cases["reason"].map({k: v["department"] for k, v in reasons.items()}),
    )


def _again(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The same complaint made once more within 48 hours, in another channel."""
    twice = cases[(rng.random(len(cases)) < world.facts["dirt"]["cross_channel"]) & (cases["event"] == "")]
    later = twice["received_at"] + rng.integers(20, 46 * 60, len(twice)) * MINUTE
    shift = rng.integers(1, 5, len(twice))
    channels = pd.Index(world.codes("channel"), dtype=object)
    channel = channels.to_numpy()[(channels.get_indexer(twice["channel"]) + shift) % 5]
    twice = twice.assign(received_at=later, channel=channel, event="again")
    silent = np.zeros(len(twice), bool)
    for truth in (t for t in world.truths if t.get("silent")):
        inside = later.between(pd.Timestamp(truth["from"]), pd.Timestamp(truth["to"]), inclusive="left")
        silent |= inside & (channel == truth["where"]["channel"])
    return twice[(later < pd.Timestamp(world.facts["end"])) & ~silent]


def _names(cases: pd.DataFrame) -> pd.Series:
    """Complaint ids as each channel's system makes them: no two systems agree."""
    serial = cases.groupby("channel").cumcount() + 1
    day = cases["received_at"].dt.strftime("%Y%m%d")
    forms = {
        "hotline": "H" + day + serial.map("{:06d}".format),
        "app": "3" + day + serial.map("{:09d}".format),  # 18 digits: more than a float can hold
        "web_chat": "WC-" + day.str[2:] + "-" + serial.map("{:05d}".format),
        "email": "EM/" + day.str[2:4] + "/" + serial.map("{:05d}".format),
        "social_media": serial.map("{:08d}".format),  # leading zeros
    }
    return pd.Series(
        np.select([cases["channel"] == c for c in forms], list(forms.values()), ""), index=cases.index
    )
