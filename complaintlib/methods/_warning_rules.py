"""The four rules of `warning`: a jump, a slow rise, a new category, a pair more closely tied than before."""

import numpy as np
import pandas as pd
from scipy import stats

from ..stats.alarms import cusum, ears, farrington_flexible, watch_list
from ..stats.alarms.learnt import dispersion, predicted, usable
from ..stats.disproportion import cases_of_both, log_odds_ratio
from ._warning_series import Watched

SEASON = {
    "day": 365.25,
    "week": 365.25 / 7,
    "month": 12,
    "quarter": 4,
    "half": 2,
    "year": 1,
}  # periods a year
GUARD = {
    "week": 4,
    "month": 3,
    "quarter": 2,
    "half": 1,
    "year": 1,
}  # latest periods that are not compared with
FRESH = {
    "day": 7,
    "week": 4,
    "month": 3,
    "quarter": 2,
    "half": 1,
    "year": 1,
}  # a category so old is still new
OLD = 8  # periods without a case before a category is called new
SHORT, SHORT_FEWEST = 7, 4  # periods before, where there are no years; the fewest
SLOW = {"day": 28, "week": 26, "month": 8, "quarter": 4, "half": 4, "year": 3}  # periods a rise may take
BEFORE, BEFORE_FEWEST = 12, 3  # periods whose ties a pair is compared with
LASTS = 0.1  # chance of the last period alone from which on it adds to the one before
LEAST = 5  # fewer cases in the period are no alarm, whatever the chance
COLUMNS = ["series", "rule", "periods", "n", "expected", "low", "high", "p", "begun", "sudden"]


def all_tests(w: Watched) -> pd.DataFrame:
    """Every test of every series: `series` (row of `w.what`), `rule`, over the last `periods` (1 or 2) `n`, `expected` and the
    95 % range of an unchanged series (`low`, `high`), one-sided `p`, `begun` (place in the history where a slow or new one
    begins), `sudden` (p against the periods just before).
    """
    new = born(w)
    jump = jumps(w)
    jump = jump[~jump["series"].isin(new["series"])]  # the same question
    parts = [part.reindex(columns=COLUMNS) for part in (jump, risen(w), new, tied(w))]
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)
    found["periods"] = found["periods"].fillna(1).astype("int64")
    return found[found["p"].notna()].reset_index(drop=True)


# ------------------------------------------------------------------------------------------------------ jumps


def jumps(w: Watched, judged: int = 1) -> pd.DataFrame:
    """Farrington flexible where there are years to compare with, over the last period or the last two together, whichever
    speaks louder; else EARS C1 on what season and volume leave over.

    With `judged` above 1 the last periods each, in `at` (place in the history).
    """
    n, series = w.counts[-judged:].ravel(), w.counts.shape[1]
    places = np.repeat(np.arange(len(w.history))[-judged:], series)
    found = short(w.counts, w.exposure, judged).assign(rule="ears", periods=1, n=n)
    sudden = found["p"].copy()
    if w.period.kind != "day":
        dates = [p.start for p in w.history] if w.period.kind == "week" else None
        long = farrington_flexible(
            w.counts,
            SEASON[w.period.kind],
            exposure=w.exposure,
            judged=judged + 1,  # two periods together need the one before
            dates=dates,
            past_not_included=GUARD[w.period.kind],
            borrow=True,
        )
        long = together(long).tail(len(found)).reset_index(drop=True)
        told = long["why"].isin(["", "few"]) & long["p"].notna()
        found = long.assign(rule="farrington")[found.columns].where(told, found)
    return found.assign(series=np.tile(np.arange(series), judged), at=places, sudden=sudden)


def together(long: pd.DataFrame) -> pd.DataFrame:
    """What `farrington_flexible` found, with the `p` of `watch_list`: the last period's or that of the last two together.

    `n`, `expected`, `low` and `high` are the two `periods`' sums where the last alone is within its range. Two speak
    together only while the last is itself among the highest (p up to `LASTS`): what is over is no alarm.
    """
    best = watch_list(long).loc[long.index]
    lasts = (best["periods"] != 2) | (long["p"] <= LASTS)
    both = (best["periods"] == 2) & lasts & (long["count"] <= long["high"])
    sums = best.rename(columns={"count": "n"})[["n", "expected", "low", "high"]]
    alone = long.rename(columns={"count": "n"})[sums.columns]
    told = sums.where(both, alone).assign(periods=np.where(both, 2, 1), p=best["p"].where(lasts, 0.5))
    return told.assign(why=long["why"])


def short(counts: np.ndarray, exposure: np.ndarray, judged: int) -> pd.DataFrame:
    """The last periods against the `SHORT` before each: EARS C1, and the chance of so many.

    EARS' normal law is no measure of chance for small counts: p is that of the gamma-Poisson predictive distribution
    (a rate learnt from the same periods, Jeffreys' prior), overdispersed as the series are in the middle or more.
    """
    scale = exposure / np.nanmean(exposure, axis=0)
    rows, width = [], min(SHORT, len(counts) - judged)
    standard = pd.DataFrame(counts / scale)
    rule = ears(standard, baseline=max(width, 2), alpha=0.05, judged=judged)
    alarm = rule["alarm"].to_numpy().reshape(judged, -1) if width >= SHORT_FEWEST else None
    for i, at in enumerate(range(len(counts) - judged, len(counts))):
        past, per = counts[max(at - SHORT, 0) : at], scale[max(at - SHORT, 0) : at]
        row = predicted(past, per, scale[at], counts[at])
        enough = usable(past, per).sum(axis=0) >= SHORT_FEWEST
        quiet = np.ones(len(enough), bool) if alarm is None else ~alarm[i]
        row["p"] = np.where(enough, np.where(quiet, np.fmax(row["p"], 0.05), row["p"]), np.nan)
        rows.append(row)
    return pd.concat(rows, ignore_index=True)


# -------------------------------------------------------------------------------------------------- slow rises


def risen(w: Watched) -> pd.DataFrame:
    """A cumulative sum (Page 1954) over the last periods against the level of all periods before them."""
    width = SLOW[w.period.kind]
    learnt = w.counts[:-width]
    known = usable(learnt, w.exposure[:-width])
    if known.sum(axis=0).max(initial=0) < OLD:
        return pd.DataFrame(columns=COLUMNS)
    cases, base = np.where(known, learnt, 0).sum(axis=0), np.where(known, w.exposure[:-width], 0).sum(axis=0)
    rate = cases / np.maximum(base, 1e-9)
    counts, expected = w.counts[-width:], rate * w.exposure[-width:]
    phi = dispersion(learnt, w.exposure[:-width])
    doubt = 1 + expected.sum(axis=0) / np.maximum(
        cases, 1
    )  # the level is an estimate: it shifts all of them together
    found = cusum(pd.DataFrame(counts), pd.DataFrame(expected), np.repeat((phi * doubt)[None], width, axis=0))
    last = found.xs(width - 1, level=0)
    since = pd.to_numeric(last["since"]).to_numpy(float)
    enough = (known.sum(axis=0) >= OLD) & (cases >= 5)
    now = predicted(learnt, w.exposure[:-width], w.exposure[-1], w.counts[-1])
    return pd.DataFrame(
        {
            "series": np.arange(counts.shape[1]),
            "rule": "cusum",
            "n": w.counts[-1],
            **now[["expected", "low", "high"]],
            "p": np.where(enough, np.where(since <= width - 3, last["p"], np.fmax(last["p"], 0.5)), np.nan),
            "begun": since + len(w.history) - width,
        }
    )


# ------------------------------------------------------------------------------------------------------- new


def born(w: Watched) -> pd.DataFrame:
    """Categories that never had a case until a few periods ago, against the total of the periods without."""
    fresh = FRESH[w.period.kind]
    total, ids = w.counts[:, 0], np.flatnonzero(w.single)
    rows = []
    for i in ids:
        n = w.counts[:, i]
        known = ~np.isnan(n)
        first = int(np.argmax(np.nan_to_num(n) > 0))
        if first < len(n) - fresh or known[:first].sum() < OLD or not n[-1]:
            continue
        chance = total[:first][known[:first]].sum() / (total[:first][known[:first]].sum() + total[-1])
        law = stats.nbinom(0.5, chance)
        p = law.sf(n[-1]) + law.pmf(n[-1]) / 2
        rows.append((i, "born", 1, n[-1], 0.0, 0.0, law.isf(0.025), p, first))
    return pd.DataFrame(rows, columns=COLUMNS[:-1])


# ------------------------------------------------------------------------------------------------------- tied


def tied(w: Watched) -> pd.DataFrame:
    """Pairs that are more closely tied than in the periods before: the reporting odds ratio against the earlier one.

    Each pair's 2 x 2 table of the period (cases of both, of one, of neither; van Puijenbroek et al. 2002,
    Pharmacoepidemiol Drug Saf 11:3-10) against that of the periods before, by the difference of the log odds ratios
    (Woolf 1955), widened by the usual wobble. A rise of the whole category, or of the whole region, ties nothing.
    """
    pairs = np.flatnonzero(w.what.notna().sum(axis=1).to_numpy() == 2)
    alone = {tuple(w.what.iloc[i].dropna().items()): i for i in np.flatnonzero(w.single)}
    margins = [[alone.get((side,)) for side in w.what.iloc[i].dropna().items()] for i in pairs]
    known = ~np.isnan(w.counts[:-1]) & (np.arange(len(w.history) - 1) >= len(w.history) - 1 - BEFORE)[:, None]
    told = [
        (i, *sides)
        for i, sides in zip(pairs, margins, strict=True)
        if None not in sides and known[:, i].sum() >= BEFORE_FEWEST
    ]
    if not told:
        return pd.DataFrame(columns=COLUMNS)
    both, first, second = np.array(told).T
    mask, every = known[:, both], w.counts[:-1, [0]]
    then = [
        np.where(mask, x, 0).sum(axis=0)
        for x in (w.counts[:-1, both], w.counts[:-1, first], w.counts[:-1, second], every)
    ]
    now = [w.counts[-1, both], w.counts[-1, first], w.counts[-1, second], w.counts[-1, 0]]
    (ratio, noise), (ratio_then, noise_then) = log_odds_ratio(*now), log_odds_ratio(*then)
    wobble = dispersion(w.counts[-1 - BEFORE : -1, both], w.exposure[-1 - BEFORE : -1, both])
    error = np.sqrt((noise + noise_then) * wobble)
    usual = [cases_of_both(np.exp(ratio_then + z * error), *now[1:]) for z in (-1.96, 0, 1.96)]
    p = stats.norm.sf((ratio - ratio_then) / error)
    columns = {
        "series": both,
        "rule": "tied",
        "n": now[0],
        "expected": usual[1],
        "low": usual[0],
        "high": usual[2],
        "p": p,
    }
    return pd.DataFrame(columns).reindex(columns=COLUMNS)
