"""What a watch list can and cannot see: outbreaks of known size put into the user's own series."""

from itertools import pairwise

import numpy as np
import pandas as pd

from ..intervals import proportion
from .watch import SPANS, evidence, p_limit, tables

SIZES = (0, 5, 20, np.inf)  # cases to be expected a period


def detectability(
    found: pd.DataFrame,
    *,
    factors: tuple[float, ...] = (1.5, 2.0, 3.0),
    within: int = 3,
    runs: int = 300,
    false_alarms: float = 0.8,
    spans: dict[int, float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How soon would this watch list have shown an outbreak in these series?

    `found`: what `farrington_flexible` found of many series over the last judged periods (a year of months, say).
    `runs` times a series and a period are drawn; from there on, for `within` periods, extra cases are added (Poisson,
    `factor` - 1 times what was to be expected), until the series is on the list by the limit of `watch_list` for p
    (alarms beyond it, by their q, only add to that).

    A row per `factor` and size (`from` up to `below` cases expected a period): `runs`; `found_1`, `found_2` ... (share on
    the list by the end of the first, second period ...), `low` and `high` (95 % interval of the last of them); `delay`
    (median number of periods until it is on the list, infinite if it was not in half of the runs or more). Factor 1
    tells how often a series is on the list with nothing added: by chance, and for what really happened.

    Exact while `within` is at most one more than the periods kept out of the comparison (`past_not_included`).
    Outbreaks that begin slowly or within a period are seen later. The same data and seed give the same table.
    """
    rng = np.random.default_rng(seed)
    seen, _, _ = tables(found)
    spans = spans or SPANS
    before = max(spans) - 1
    tests = max(int((~np.isnan(seen["mean"])).any(axis=0).sum()), 1)
    rows = []
    for low, high in pairwise(SIZES):
        at, series = _places(seen, before, within, low, high)
        if not len(at):
            continue
        drawn = rng.integers(len(at), size=runs)
        when = at[drawn] + np.arange(-before, within)[:, None]
        usual = {name: values[when, series[drawn]] for name, values in seen.items()}
        for factor in (1.0, *factors):
            extra = rng.poisson((factor - 1) * usual["mean"][before:])
            counts = usual["count"] + np.vstack([np.zeros((before, runs)), extra])
            p = evidence(usual | {"count": counts}, spans)["p"][before:]
            listed = np.logical_or.accumulate(p <= p_limit(tests, false_alarms), axis=0)
            rows.append(
                {"factor": factor, "from": low, "below": high, "runs": runs}
                | {f"found_{k + 1}": share for k, share in enumerate(listed.mean(axis=1))}
                | proportion([listed[-1].sum()], [runs])[["low", "high"]].iloc[0].to_dict()
                | {"delay": float(np.median(np.where(listed[-1], within - listed.sum(axis=0) + 1, np.inf)))}
            )
    names = [
        "factor",
        "from",
        "below",
        "runs",
        *(f"found_{k + 1}" for k in range(within)),
        "low",
        "high",
        "delay",
    ]
    return pd.DataFrame(rows, columns=names).sort_values(["factor", "from"], ignore_index=True)


def _places(
    seen: dict[str, np.ndarray], before: int, within: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Periods and series in which an outbreak can begin: known before and through it, so many cases to be expected."""
    known = ~np.isnan(seen["mean"] + seen["count"])
    begins = np.zeros(known.shape, bool)
    for at in range(before, len(known) - within + 1):
        begins[at] = known[at - before : at + within].all(axis=0)
    return np.nonzero(begins & (seen["mean"] >= low) & (seen["mean"] < high))
