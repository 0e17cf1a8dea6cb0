"""What the company counts a month, beside complaints: orders, customers, contacts, parcels delivered, failed requests."""

import numpy as np
import pandas as pd

from .world import CELL, World


def outage_hours(world: World, lag: int = 0) -> np.ndarray:
    """Hours in which the app was down in the month of each day, or `lag` months before it."""
    known = world.facts["outages"]["hours"]
    return np.array([known.get(f"{month - lag}", 0.0) for month in world.days.to_period("M")])


def exposure(world: World, rng: np.random.Generator, more: np.random.Generator) -> pd.DataFrame:
    """Orders, customers (of that product as their main one), contacts, parcels delivered (two days after the order) and
    requests that failed in outages of the app, a month, region and product; they add up.

    Returns columns month (first day), region, product, measure, value; cells without orders are left out.
    """
    months = world.days.to_period("M")
    first = np.flatnonzero(~months.duplicated())
    orders = np.add.reduceat(world.orders, first, axis=0)
    size = orders.shape
    delivered = world.orders[np.maximum(np.arange(len(months)) - 2, 0)]
    failing = outage_hours(world)[first, None, None] * world.facts["outages"]["failed"]
    values = {
        "orders": orders,
        "customers": orders / 2.1 * rng.normal(1, 0.01, size),
        "contacts": orders * 0.055 * rng.normal(1, 0.03, size),
        "deliveries": np.add.reduceat(delivered, first, axis=0) * more.normal(0.99, 0.004, size),
        "outages": orders * failing * more.normal(1, 0.05, size),
    }
    index = pd.MultiIndex.from_product(
        [months.unique(), *(world.codes(d) for d in CELL[:2])], names=["month", *CELL[:2]]
    )
    wide = pd.DataFrame({name: np.rint(v).astype(int).ravel() for name, v in values.items()}, index=index)
    long = wide[wide["orders"] > 0].rename_axis(columns="measure").stack().rename("value").reset_index()
    return long.assign(month=long["month"].dt.start_time)
