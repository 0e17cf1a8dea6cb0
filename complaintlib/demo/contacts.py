"""Calls and chats: as many as the exposure table says, when they come, what they are about and how long they wait."""

from typing import Any

import numpy as np
import pandas as pd

from .handling import Calendar
from .world import World, pick

ASKING = ("order", "price", "coverage")  # kinds of contact that may end with an order
REGISTERED = 180  # seconds after a contact began its complaint is registered


def contacts(
    world: World,
    cases: pd.DataFrame,
    people: pd.DataFrame,
    volume: pd.DataFrame,
    roster: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Every contact since the log began by time, canonical columns; what an abandoned one was about nobody knows.

    Each complaint over hotline or web chat has its contact; the others fill up the months' numbers in `volume`.
    """
    log = _complained(world, cases)
    log = pd.concat([log, _others(world, log, volume, rng)], ignore_index=True)
    log = log.sort_values("started_at", kind="stable", ignore_index=True)
    log = _about(world, log, rng)
    log = _answered(world, log, roster, rng)
    return _told(world, log, people, rng)


def _since(world: World) -> pd.Timestamp:
    return max(pd.Timestamp(world.facts["contacts"]["since"]), world.days[0])


def _complained(world: World, cases: pd.DataFrame) -> pd.DataFrame:
    """The contacts in which a complaint was made; it is registered while they talk."""
    calls = cases["channel"].isin(["hotline", "web_chat"]) & (cases["received_at"] >= _since(world))
    some = cases.loc[calls, ["channel", "product", "region", "city", "customer_id", "complaint_id"]]
    started = cases.loc[calls, "received_at"] - pd.Timedelta(seconds=REGISTERED)
    floor = cases.loc[calls, "received_at"].dt.floor("D")
    return some.assign(started_at=np.maximum(started, floor), kind="complaint")


def _others(world: World, log: pd.DataFrame, volume: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    facts, place = world.facts["contacts"], ["month", "region", "product"]
    cells = volume[(volume["measure"] == "contacts") & (volume["month"] >= _since(world))]
    known = log.assign(month=log["started_at"].dt.to_period("M").dt.start_time).groupby(place).size()
    left = cells.set_index(place)["value"].sub(known, fill_value=0).clip(lower=0).astype(int)
    others = left.repeat(left).reset_index()[place]
    n = len(others)
    others["channel"] = np.where(rng.random(n) < facts["hotline"], "hotline", "web_chat")
    others["kind"] = pick(rng, {name: kind["weight"] for name, kind in facts["kinds"].items()}, n)
    for (month, channel), rows in others.groupby(["month", "channel"]).groups.items():
        others.loc[rows, "started_at"] = _moments(world, month, channel, len(rows), rng)
    return others.drop(columns="month")


def _moments(world: World, month: pd.Timestamp, channel: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """When `n` contacts of a month come: by the day's orders, its weekday and the hour."""
    facts, days = world.facts["contacts"], world.days[world.days.to_period("M") == month.to_period("M")]
    works = np.isin(days.to_numpy().astype("M8[D]"), Calendar(world).opens.astype("M8[D]"))
    weight = world.orders.sum((1, 2))[world.days.isin(days)] * np.array(facts["weekday"])[days.day_of_week]
    weight = weight * np.where(works, 1, facts["day_off"])
    load = weight[:, None] * np.repeat(facts["calls" if channel == "hotline" else "chats"], 2) / 2
    for truth in (t for t in world.truths if "calls" in t and t["where"]["channel"] == channel):
        first, end = (2 * hour for hour in truth["between"])
        busy = world.during(truth)[world.days.isin(days)] * (days.day_of_week == truth["weekday"]) * works
        load[:, first:end] *= truth["calls"] ** busy[:, None]
    slot = rng.choice(load.size, n, p=(load / load.sum()).ravel())
    second = (slot % 48) * 1800 + rng.integers(0, 1800, n)
    return days.to_numpy()[slot // 48].astype("M8[s]") + second.astype("m8[s]")


def _about(world: World, log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What is chosen in the menu, how long they talk, what comes of it."""
    facts, n = world.facts["contacts"], len(log)
    kinds: dict[str, dict[str, Any]] = facts["kinds"]
    outcome = np.empty(n, object)
    for name, rows in log.groupby("kind").indices.items():
        outcome[rows] = pick(rng, kinds[name]["outcomes"], len(rows))
    chosen = np.where(
        rng.random(n) < facts["menu"], log["kind"].map({k: v["menu"] for k, v in kinds.items()}), "agent"
    )
    talk = log["kind"].map({k: v["talk"] for k, v in kinds.items()}) * rng.lognormal(0, 0.55, n)
    asked = log["kind"].isin(ASKING) & (outcome == "none")
    return log.assign(
        ivr_path=np.where(log["channel"] == "hotline", chosen, ""),
        outcome=outcome,
        no_order_reason=np.where(asked, pick(rng, facts["no_order_reason"], n), ""),
        talk_seconds=talk.round().clip(15, 3600),
    )


def _answered(
    world: World, log: pd.DataFrame, roster: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Who waits how long and who gives up. Calls queue for the agents at the phone; chats are taken several at once."""
    facts, n = world.facts["contacts"], len(log)
    called = (log["channel"] == "hotline").to_numpy()
    patience = rng.exponential(facts["patience"], n) * np.where(called, 1, 3)  # a chat can be left open
    patience[log["kind"] == "complaint"] = np.inf
    wait = rng.lognormal(2.9, 0.7, n)
    calls = np.flatnonzero(called)
    agents = _at_phone(world, log["started_at"].iloc[calls], roster)
    start = log["started_at"].iloc[calls].to_numpy().astype("M8[s]").astype(float)
    busy = log["talk_seconds"].to_numpy()[calls] + facts["after_call"]
    wait[calls] = _queue(start, busy, patience[calls], agents)
    gone = wait > patience
    wait = np.where(log["kind"] == "complaint", np.minimum(wait, REGISTERED), np.minimum(wait, patience))
    log = log.assign(wait_seconds=wait.round(), abandoned=gone)
    log.loc[gone, "talk_seconds"] = np.nan
    log.loc[gone, ["outcome", "no_order_reason", "kind"]] = ""
    return log


def _at_phone(world: World, times: pd.Series, roster: pd.DataFrame) -> np.ndarray:
    facts = world.facts["contacts"]
    on_duty = roster[roster["channel"] == "hotline"].set_index("interval_start")["agents"]
    phones = (on_duty * facts["at_phone"]).round().clip(lower=1)
    return times.dt.floor("h").map(phones).fillna(facts["off_hours"]).to_numpy(int)


def _queue(start: np.ndarray, busy: np.ndarray, patience: np.ndarray, agents: np.ndarray) -> np.ndarray:
    """Seconds until each caller is answered, first come first served; who gives up takes no agent's time."""
    free, wait = [0.0] * int(agents.max(initial=1)), np.zeros(len(start))
    for i, (now, needs, limit, many) in enumerate(zip(start, busy, patience, agents, strict=True)):
        first = min(range(many), key=free.__getitem__)
        wait[i] = max(free[first] - now, 0.0)
        if wait[i] <= limit:
            free[first] = now + wait[i] + needs
    return wait


def _told(world: World, log: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Who called, from where to where, and who answered."""
    n, regions = len(log), world.facts["regions"]
    cities = {name: np.array(region["cities"], object) for name, region in regions.items()}

    def city(of: pd.Series, luck: np.ndarray) -> list[str]:
        return [cities[name][int(u * len(cities[name]))] for name, u in zip(of, luck, strict=True)]

    origin = log["city"].fillna(pd.Series(city(log["region"], rng.random(n) ** 1.5)))
    dest = pd.Series(pick(rng, {name: region["share"] for name, region in regions.items()}, n))
    sizes = people.groupby("region", sort=False).size()
    start, size = sizes.cumsum() - sizes, log["region"].map(sizes).to_numpy()
    someone = log["region"].map(start).to_numpy() + np.floor(size * rng.random(n)).astype(int)
    customer = people["customer_id"].iloc[someone].reset_index(drop=True)
    customer = customer.where(rng.random(n) < world.facts["contacts"]["known"], "")
    agent = pd.Series(rng.integers(101, 140, n)).map("A{:04d}".format)
    serial = (log.groupby(["channel", log["started_at"].dt.date]).cumcount() + 1).map("{:05d}".format)
    prefix = log["channel"].map({"hotline": "T", "web_chat": "IM"})
    return log.assign(
        contact_id=prefix + log["started_at"].dt.strftime("%Y%m%d") + serial,
        customer_id=log["customer_id"].fillna(customer),
        complaint_id=log["complaint_id"].fillna(""),
        business_type=log["product"],
        category=log["kind"],
        origin_province=log["region"],
        origin_city=origin,
        dest_province=dest,
        dest_city=city(dest, rng.random(n) ** 1.5),
        agent_id=agent.mask(log["abandoned"], ""),
    )
