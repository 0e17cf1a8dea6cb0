"""What the watch list of `warning` can see: outbreaks put into the user's own series, and how soon they are found."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ..rules import load_rules
from ._warning_list import FALSE, WEIGHTS
from ._warning_rules import LEAST, jumps
from ._warning_series import RECENT, Watched

SIZES = (1.5, 2.0, 3.0)  # times as many complaints as usual
WITHIN = 3  # periods in which an outbreak is to be found
VOLUMES = ((0, 5), (5, 20), (20, 100), (100, np.inf))  # usual cases a period
SAMPLE = 20  # series of each volume
SEED = 6
RULES = ("farrington", "cusum", "tied")  # that a series has at most: the jump's share of its false alarms
COLUMNS = ["volume", "series_tried", "factor", "found_first", "found_within", "delay", "false_month"]


def sight_table(w: Watched, found: pd.DataFrame, alarm: pd.DataFrame) -> pd.DataFrame:
    """By usual volume and size of an outbreak: the share found in its first period and within three, and the delay.

    In up to `SAMPLE` series of each volume without an alarm the last three periods are raised to so many times
    the usual count (a Poisson draw on top), each on its own. Judged as the list judges, by the jump rules, at the p that one
    outbreak more would have to reach. `false_month`: alarms a month of 30 days in the last periods of all series of
    that volume as they are, at the same p; some of them may be true. `delay`: periods from the first on, of those found.
    """
    tested, fdr = found["series"].nunique(), load_rules().statistics.fdr
    if not tested or len(w.history) < RECENT:
        return pd.DataFrame(columns=COLUMNS)
    lead = int((alarm["leads"] == np.arange(len(alarm))).sum())
    limit = (
        max(fdr * (1 + lead), FALSE) / tested * WEIGHTS["farrington"] / sum(WEIGHTS[rule] for rule in RULES)
    )
    usual = np.nanmean(w.counts[-RECENT:-1], axis=0)
    raised = set(alarm["series"])
    draw, sampled = np.random.default_rng(SEED), {}
    for volume in VOLUMES:
        calm = [i for i in np.flatnonzero((usual >= volume[0]) & (usual < volume[1])) if i not in raised]
        if calm:
            sampled[volume] = np.array(calm)[np.unique(np.linspace(0, len(calm) - 1, SAMPLE).astype(int))]
    if not sampled:
        return pd.DataFrame(columns=COLUMNS)
    picked = np.concatenate(list(sampled.values()))
    quiet = _judged(w.only(picked), limit, RECENT - 1)
    trials = w.only(np.tile(picked, len(SIZES)))
    rate = usual[picked] / np.nanmean(w.exposure[-RECENT:-1, picked], axis=0)
    usually = np.nan_to_num(np.tile(rate, len(SIZES)) * trials.exposure[-WITHIN:])
    counts = trials.counts.copy()
    counts[-WITHIN:] += draw.poisson((np.repeat(SIZES, len(picked)) - 1) * usually)
    seen = _judged(replace(trials, counts=counts), limit, WITHIN).reshape(WITHIN, len(SIZES), len(picked))
    rows, volume_of = [], np.repeat(np.arange(len(sampled)), [len(ids) for ids in sampled.values()])
    for place, (low, high) in enumerate(sampled):
        of = volume_of == place
        every = ((usual >= low) & (usual < high)).sum()
        for k, size in enumerate(SIZES):
            mine = seen[:, k, of]
            ever, when = mine.any(axis=0), mine.argmax(axis=0) + 1
            rows.append(
                {
                    "volume": f"{low}–{high:.0f}" if np.isfinite(high) else f"{low}+",
                    "series_tried": int(of.sum()),
                    "factor": size,
                    "found_first": mine[0].mean(),
                    "found_within": ever.mean(),
                    "delay": when[ever].mean() if ever.any() else np.nan,
                    "false_month": quiet[:, of].mean() * every * 30 / w.period.days,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _judged(w: Watched, limit: float, periods: int) -> np.ndarray:
    """Which of the last periods (rows) of which series are alarms at p up to `limit`."""
    found = jumps(w, periods)
    seen = (found["p"] <= limit) & (found["n"] >= LEAST) & (found["n"] > found["high"])
    return seen.to_numpy().reshape(periods, -1)
