"""The app's outages: requests that fail while they last, and complaints about faults of the app a month later.

A failed payment is found on the next monthly bill. Its complaint comes over the app and is worked on in the fault list of
the IT department, so neither the workflow system nor the survey tool knows of it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from .cases import told
from .volume import outage_hours
from .world import CELL, World, cells_of, draw


def fault_cases(world: World, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame | None:
    """The complaints that outages bring, as `make_cases` makes them; None without any.

    Their case and order numbers are nobody else's.
    """
    rates, (truth,) = np.zeros_like(world.rates), (t for t in world.truths if "per_hour" in t)
    cells = cells_of(world, truth["where"], *CELL)
    more = truth["per_hour"] * outage_hours(world, truth["lag"])
    rates[:, *cells] = world.rates[:, *cells] * more[:, None, None, None]
    for silence in (t for t in world.truths if t.get("silent")):
        rates[world.during(silence) > 0] = 0
    channel = truth["where"]["channel"]
    facts = world.facts | {
        "channels": {channel: world.facts["channels"][channel]},
        "dirt": world.facts["dirt"] | {"cross_channel": 0},
    }
    truths = [t for t in world.truths if not {"extra", "silent"} & set(t)]
    faulty = replace(world, facts=facts, truths=truths, rates=rates)
    happened = draw(faulty, rng)
    if happened.empty:
        return None
    cases = told(faulty, happened, people, rng)
    for name, digits in (("complaint_id", 9), ("order_id", 8)):  # so many characters before the serial number
        text = cases[name].astype(str)
        cases[name] = text.str[:digits] + "9" + text.str[digits + 1 :]
    return cases.assign(phone="")
