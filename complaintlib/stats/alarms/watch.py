"""One list out of many series: which of them stand out, over the latest period or the last few together?"""

import numpy as np
import pandas as pd

from ..multiple import benjamini_hochberg
from .bounds import chance, usual_range

SPANS = {1: 0.25, 2: 0.75}  # latest periods taken together, and their shares of the false alarms
LAW = ("count", "mean", "error", "dispersion", "df")
P_MOST = 0.01  # however few the series
FEWEST = 10  # series from which dispersions are learnt in common


def watch_list(
    found: pd.DataFrame,
    *,
    fdr: float = 0.10,
    false_alarms: float = 0.8,
    spans: dict[int, float] | None = None,
) -> pd.DataFrame:
    """Which series belong on the list of each period? From what `farrington_flexible` found of many series at once.

    A lasting rise shows better in two periods than in one: the counts of the last `spans` periods are added up and
    judged together (the errors of their expectations as one), each with its share of the false alarms. Dispersions are
    drawn to what they have in common, as far as they do (empirical Bayes: Smyth 2004, Stat Appl Genet Mol Biol 3:3):
    48 months of one series tell little about its tail, 200 series tell much.

    A row per judged period and series: `periods` (how many together speak loudest), their `count`, `expected`, `low`,
    `high` (95 % range), `p` (smallest p over its share), `q` (Benjamini-Hochberg over the series of the period) and
    `grade`: "alarm" (q <= `fdr`: at most that share of the alarms is false on average), "watch" (so many such chances
    would make at most `false_alarms` false ones a period in all: p x series <= `false_alarms`, p <= 0.01) or "". A series
    with too few cases (`limit54`) is a test, but not listed; one that could not be judged has no p and is none.

    Meant for `farrington_flexible(..., borrow=True)` with few periods kept out (months: `past_not_included=3`,
    `half_window=0`, lest a December be judged by its neighbours). Simulated with these in 200 categories of 400, 200,
    133 ... 2 Poisson cases a month, after five years: without a change 0.1 alarms and 0.7 on the list a month; doubled from
    10, on the list within two months in 82 %, an alarm in 69 % of the runs; with seasons of +- 20 % 0.1, 0.8, 79 and
    57 %; with a variance 1.5 times the mean 0.2, 0.9, 49 and 28 %. Even with Poisson expectations known exactly, 0.1
    false alarms a month spread evenly over 200 categories leave 72 % found: hence "watch".
    """
    seen, index, series = tables(found)
    best = evidence(seen, spans or SPANS)
    low, high = usual_range(*(best[name] for name in LAW[1:]))
    q = np.array([benjamini_hochberg(row) for row in best["p"]]).reshape(best["p"].shape)
    tests = (~np.isnan(best["p"])).sum(axis=1, keepdims=True)
    enough = (found["why"].unstack("series", sort=False) == "").to_numpy()
    listed = [enough & (q <= fdr), enough & (best["p"] <= p_limit(tests, false_alarms))]
    grade = np.select(listed, ["alarm", "watch"], "")
    cells = pd.MultiIndex.from_product([index, series], names=["period", "series"])
    best |= {"expected": best["mean"], "low": low, "high": high, "q": q, "grade": grade}
    order = ("periods", "count", "expected", "low", "high", "p", "q", "grade")
    return pd.DataFrame({name: best[name].ravel() for name in order}, cells)


def p_limit(tests: np.ndarray, false_alarms: float) -> np.ndarray:
    """The p up to which so many tests make that number of false alarms on average."""
    return np.minimum(false_alarms / np.maximum(tests, 1), P_MOST)


def tables(found: pd.DataFrame) -> tuple[dict[str, np.ndarray], pd.Index, pd.Index]:
    """The columns that evidence rests on, periods x series, dispersions in common; the periods; the series."""
    table = {name: found[name].unstack("series", sort=False) for name in LAW}
    seen = {name: frame.to_numpy(float) for name, frame in table.items()}
    seen["dispersion"], seen["df"] = _in_common(seen["mean"], seen["dispersion"], seen["df"])
    return seen, table["count"].index, table["count"].columns


def evidence(seen: dict[str, np.ndarray], spans: dict[int, float]) -> dict[str, np.ndarray]:
    """What speaks loudest, the last period or the last few together: its law, and p over its share."""
    best = {name: np.full(seen["count"].shape, np.nan) for name in ("periods", *LAW, "p")}
    for periods, share in spans.items():
        now = {name: _last(seen[name], periods) for name in ("count", "mean", "error")}
        now["dispersion"] = _last(seen["mean"] * seen["dispersion"], periods) / now["mean"]
        now |= {"df": seen["df"], "periods": np.full(seen["df"].shape, periods)}
        p = np.minimum(chance(*(now[name] for name in LAW)) / share, 1)
        louder = p < np.where(np.isnan(best["p"]), np.inf, best["p"])
        for name, values in (now | {"p": p}).items():
            best[name][louder] = values[louder]
    return best


def _last(x: np.ndarray, periods: int) -> np.ndarray:
    """Sum over each period and those before it; NaN where there are not so many."""
    total = np.full(x.shape, np.nan)
    if len(x) >= periods:
        windows = np.lib.stride_tricks.sliding_window_view(x, periods, axis=0)
        total[periods - 1 :] = windows.sum(axis=-1)
    return total


def _in_common(mean: np.ndarray, dispersion: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dispersions drawn to 1 + k x mean (negative binomials of one size), and their degrees of freedom, by period."""
    dispersion, df = dispersion.copy(), df.copy()
    for t in range(len(mean)):
        use = (mean[t] >= 2) & (dispersion[t] > 0)  # below 2 the dispersion of counts is no chi square
        if use.sum() < FEWEST:
            continue
        k = max(0.0, float(np.median((dispersion[t, use] - 1) / mean[t, use])))
        common = 1 + k * mean[t]
        off = np.log(dispersion[t, use] / common[use])
        apart = (1.4826 * np.median(np.abs(off - np.median(off)))) ** 2 - 2 / np.median(df[t, use])
        prior = 2 / max(apart, 1e-4)
        dispersion[t] = (prior * common + df[t] * dispersion[t]) / (prior + df[t])
        df[t] += prior
    return dispersion, df
