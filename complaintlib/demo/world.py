"""The demo company as it truly is: orders a day, complaints a day and cell, and what is planted in them.

Complaints of a cell (day, region, product, reason) are Poisson around
orders x rate of the product x share of the reason x season x planted factors x a common gamma factor of the day,
so that the day's total is negative binomial.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ..home import DATA

CELL = ("region", "product", "reason")


@dataclass(frozen=True)
class World:
    """`facts` of world.toml and the `truths` of truths.toml over some `days`; `scale` 1 is the whole company.

    `orders`: (day, region, product); `rates`: (day, region, product, reason), complaints per order.
    """

    facts: dict[str, Any]
    truths: list[dict[str, Any]]
    days: pd.DatetimeIndex
    scale: float
    orders: np.ndarray
    rates: np.ndarray

    def codes(self, dimension: str) -> list[str]:
        return list(self.facts[dimension + "s"])

    def during(self, truth: dict[str, Any]) -> np.ndarray:
        """How far the truth holds on each day, 0 to 1."""
        return sum((_profile(self.days, truth, *span) for span in _spans(truth)), np.zeros(len(self.days)))


def load(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / "demo" / f"{name}.toml").read_text(encoding="utf-8"))


def pick(rng: np.random.Generator, shares: dict[str, float], n: int) -> np.ndarray:
    """`n` of the keys, as often as their shares say."""
    weight = np.array(list(shares.values()), float)
    return np.array(list(shares), object)[rng.choice(len(shares), n, p=weight / weight.sum())]


def make_world(months: int, scale: float) -> World:
    """The last `months` months of the company, without chance."""
    facts, planted = load("world"), load("truths")["truths"]
    first = pd.Timestamp(facts["end"]) - pd.DateOffset(months=months)
    days = pd.date_range(max(first, pd.Timestamp(facts["start"])), facts["end"], inclusive="left")
    empty = World(facts, planted, days, scale, np.empty(0), np.empty(0))
    world = World(facts, planted, days, scale, _orders(empty), _rates(empty))
    for truth in planted:
        _plant(world, truth)
    return world


def _orders(world: World) -> np.ndarray:
    facts, days = world.facts, world.days
    month = days.month.to_numpy() - 1
    back = (facts["end"].year - days.year) * 12 + facts["end"].month - 1 - days.month
    total = facts["orders_per_month"] * world.scale * (1 + facts["growth_per_month"]) ** -back.to_numpy(float)
    by_day = total / days.days_in_month * np.array(facts["season"]["orders"])[month]
    share = np.array([[_region_share(facts, r, p) for p in facts["products"]] for r in facts["regions"]])
    share = share / share.sum(0) * [p["share"] for p in facts["products"].values()]
    return by_day.to_numpy()[:, None, None] * share


def _region_share(facts: dict[str, Any], region: str, product: str) -> float:
    return facts["only"].get(product, {}).get(region, facts["regions"][region]["share"])


def _rates(world: World) -> np.ndarray:
    facts, days = world.facts, world.days
    weight = np.array([[_weight(world, p, k) for k in facts["reasons"]] for p in facts["products"]])
    per_order = weight / weight.sum(1, keepdims=True)
    per_order = per_order * np.array([p["rate"] / 1000 for p in facts["products"].values()])[:, None]
    level = np.array(
        [
            [r["level"] * k.get("regions", {}).get(name, 1) for k in facts["reasons"].values()]
            for name, r in facts["regions"].items()
        ]
    )
    season = (
        np.array(facts["season"]["rate"])[days.month - 1]
        * np.array(facts["season"]["weekday"])[days.day_of_week]
    )
    return season[:, None, None, None] * level[:, None, :] * per_order


def _weight(world: World, product: str, reason: str) -> float:
    entry = world.facts["reasons"][reason]
    equal = [t["weight"] for t in world.truths if reason in t.get("reasons", ())]
    more = entry.get("more", {})
    return (equal or [entry["weight"]])[0] * more.get(product, more.get("*", 1))


def _spans(truth: dict[str, Any]) -> list[tuple[date, date]]:
    return truth.get("spans") or ([(truth["from"], truth["to"])] if "from" in truth else [])


def _profile(days: pd.DatetimeIndex, truth: dict[str, Any], first: date, end: date) -> np.ndarray:
    passed = (days - pd.Timestamp(first)) / (pd.Timestamp(end) - pd.Timestamp(first))
    if truth.get("shape") == "ramp":
        return np.clip(passed.to_numpy(), 0, 1)
    return ((passed >= 0) & (passed < 1)).astype(float)


def cells_of(world: World, where: dict[str, Any], *dimensions: str) -> tuple[np.ndarray, ...]:
    """Index of the cells that fit `where`, for use after the day."""
    named = [where.get(d, world.codes(d)) for d in dimensions]
    named = [[n] if isinstance(n, str) else n for n in named]
    return np.ix_(
        *([world.codes(d).index(n) for n in names] for d, names in zip(dimensions, named, strict=True))
    )


def _plant(world: World, truth: dict[str, Any]) -> None:
    where, during = truth.get("where", {}), world.during(truth)
    cells, places = cells_of(world, where, *CELL), cells_of(world, where, *CELL[:2])
    held = during[:, None, None, None]
    if "orders" in truth:
        world.orders[:, *places] *= truth["orders"] ** during[:, None, None]
    if "rate" in truth:
        world.rates[:, *cells] *= truth["rate"] ** held
    if "born" in truth:
        world.rates[:, *cells] += truth["born"] / 1000 * held
    if "split" in truth:
        old = world.rates[:, *cells] * held
        for code, share in truth["split"].items():
            world.rates[:, *cells_of(world, {"reason": code}, *CELL)] += old * share
        world.rates[:, *cells] -= old


def draw(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """The complaints that happen: one row each, with `day` (position in `days`), region, product, reason and, for
    those planted one by one, `event` (the truth's id)."""
    spread = world.facts["overdispersion"]
    luck = rng.gamma(1 / spread, spread, len(world.days))
    counts = rng.poisson(world.orders[..., None] * world.rates * luck[:, None, None, None])
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    day, *codes = np.unravel_index(cell, counts.shape)
    happened = pd.DataFrame(
        {"day": day} | {d: np.array(world.codes(d))[c] for d, c in zip(CELL, codes, strict=True)}
    )
    return pd.concat([happened, *_events(world, rng)], ignore_index=True)


def _events(world: World, rng: np.random.Generator) -> list[pd.DataFrame]:
    events = []
    for truth in world.truths:
        days = np.flatnonzero(world.during(truth)) if "extra" in truth else []
        if len(days):
            n = max(truth["customers"], round(truth["extra"] * min(world.scale, 1)))
            place = {d: truth["where"][d] for d in ("channel", *CELL)}
            events.append(pd.DataFrame({"day": np.sort(rng.choice(days, n)), **place, "event": truth["id"]}))
    return events
