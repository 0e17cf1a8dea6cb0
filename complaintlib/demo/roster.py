"""Who is on duty: the agents of the hotline and the web chat by working hour."""

import numpy as np
import pandas as pd

from .handling import Calendar
from .world import World


def on_duty(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Agents on duty in each working hour: columns interval_start, channel, agents."""
    facts, calendar = world.facts["staffing"], Calendar(world)
    since, end = pd.Timestamp(world.facts["workflow"]["since"]), pd.Timestamp(world.facts["end"])
    opens = pd.DatetimeIndex(calendar.opens)
    opens = opens[(opens >= max(since, world.days[0])) & (opens < end)]
    plans = {channel: plan for channel, plan in facts.items() if channel != "absent"}
    hours = pd.MultiIndex.from_product([opens, range(world.facts["handling"]["hours"]), plans])
    day, hour, channel = (hours.get_level_values(level) for level in range(3))
    planned = np.array([plans[c][h] for c, h in zip(channel, hour, strict=True)])
    return pd.DataFrame(
        {
            "interval_start": day + pd.to_timedelta(hour, unit="h"),
            "channel": channel,
            "agents": np.maximum(rng.binomial(planned, 1 - facts["absent"]), 1),
        }
    )
