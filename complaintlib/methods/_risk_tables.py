"""The tables of `risk`: every kind with its class, how that came out in earlier periods, and whether the order held."""

import numpy as np
import pandas as pd
from scipy import stats

from ..stats.excess import wobble
from ..stats.intervals import rate, rate_ratio
from ..stats.multiple import benjamini_hochberg
from ._risk_burden import LONG, RECENT, Seen, burden, came, draws, impact

CLASSES = ("critical", "high", "moderate", "low")
CHECKED, TOP = 12, 5  # periods looked back on, and the places compared
FEWEST = 3  # kinds of which an order can be checked


def class_of(share: np.ndarray, bounds: tuple[float, float, float]) -> np.ndarray:
    """The class of each share of the burden: critical, high, moderate or low from these bounds down."""
    return np.select([share >= bound for bound in bounds], CLASSES[:3], CLASSES[3]).astype(object)


def risk_table(seen: Seen, bounds: tuple[float, float, float]) -> pd.DataFrame:
    """Every kind with recent cases: how often, how heavy, its burden and class with their certainty, and its trend."""
    spread, level = wobble(seen.n[-LONG:]), seen.statistics.confidence
    share, weighs = burden(seen), impact(seen)
    drawn_weight, drawn = draws(seen, spread)
    per = seen.per[-RECENT:].sum()
    limits = rate(seen.often, np.full(len(seen.names), per), level, spread)
    ends = [(1 - level) / 2, (1 + level) / 2]
    rank = (-drawn).argsort(axis=1, kind="stable").argsort(axis=1) + 1
    kind = class_of(share, bounds)
    table = pd.DataFrame({seen.by: seen.names, "n": seen.often.astype("int64")})
    table["share"] = seen.often / max(seen.often.sum(), 1)
    table["rate"], table["rate_low"], table["rate_high"] = (
        limits[c].to_numpy() for c in ("estimate", "low", "high")
    )
    for part, name in (("points", "points_mean"), ("paid", "paid_mean"), ("escalations", "share_escalated")):
        if part in seen.amounts:
            table[name] = _mean(seen.amounts[part][-LONG:], seen.n[-LONG:])
    table["impact"], table["form"] = weighs, "num1"  # a mean, in editions that round
    table["impact_low"], table["impact_high"] = (
        np.quantile(drawn_weight, ends, axis=0) if len(kind) else ([], [])
    )
    table["burden"] = share
    table["burden_low"], table["burden_high"] = np.quantile(drawn, ends, axis=0) if len(kind) else ([], [])
    low, high = np.quantile(rank, ends, axis=0, method="nearest") if len(kind) else ([], [])
    table["rank_low"], table["rank_high"] = np.asarray(low, int), np.asarray(high, int)
    table["risk"] = kind
    table["risk_sure"] = (class_of(drawn, bounds) == kind).mean(axis=0) if len(kind) else []
    earlier = len(seen.history) > RECENT
    table["risk_then"] = class_of(burden(seen.at(len(seen.history) - 2)), bounds) if earlier else None
    table = table.join(_trend(seen, spread))
    table = table[table["n"] > 0].sort_values(["burden", seen.by], ascending=[False, True], kind="stable")
    table.insert(1, "rank", np.arange(1, len(table) + 1))
    table["q"] = benjamini_hochberg(table["p"].where(table["n"] + table["n_then"] >= 10))
    sure = (table["q"] <= seen.statistics.fdr) & (not seen.period.is_partial)
    up, down = sure & (table["growth_low"] > 0), sure & (table["growth_high"] < 0)
    table["moved"] = np.select([table["q"].isna(), up, down], ["few", "up", "down"], "same")
    if seen.period.is_partial:
        table["moved"] = "partial"
    return table.drop(columns=["p", "n_then"]).reset_index(drop=True)


def _mean(amount: np.ndarray, n: np.ndarray) -> np.ndarray:
    total, cases = amount.sum(axis=0), n.sum(axis=0)
    return np.divide(total, cases, out=np.full(len(cases), np.nan), where=cases > 0)


def _trend(seen: Seen, spread: float) -> pd.DataFrame:
    """The recent rate, by the kind's own denominator if it has one, against the same periods a year before, or where these are
    not known those just before."""
    place = {p.text: i for i, p in enumerate(seen.history)}
    now = list(range(max(len(seen.history) - RECENT, 0), len(seen.history)))
    year = [place.get(seen.history[i].same_last_year().text) for i in now]
    before = [i - len(now) for i in now]
    then, compared = (year, "last_year") if None not in year else (before, "previous")
    columns = ["growth", "growth_low", "growth_high", "p"]
    if min(then, default=-1) < 0:
        nothing = pd.DataFrame(np.nan, index=range(len(seen.names)), columns=columns)
        return nothing.assign(compared="", n_then=0)
    sides = [part[at].sum(axis=0) for at in (now, then) for part in (seen.n, seen.own)]
    found = rate_ratio(*sides, spread, seen.statistics.confidence)
    found[["estimate", "low", "high"]] -= 1
    found = found.replace(np.inf, np.nan)  # from none there is no percentage
    return found.set_axis(columns, axis=1).assign(compared=compared, n_then=sides[2])


def past_table(seen: Seen, table: pd.DataFrame, bounds: tuple[float, float, float]) -> pd.DataFrame:
    """Burden and class of the leading kinds as they stood at each of the last periods."""
    names, parts = list(table[seen.by].head(TOP)), []
    for last in range(max(RECENT, len(seen.history) - CHECKED), len(seen.history)):
        share = burden(seen.at(last))
        found = pd.DataFrame({"period": seen.history[last].text, seen.by: seen.names, "burden": share})
        found["n"], found["risk"] = seen.n[last].astype("int64"), class_of(share, bounds)
        parts.append(found.set_index(seen.by).loc[names].reset_index())
    columns = ["period", seen.by, "n", "burden", "risk"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def check_table(seen: Seen) -> pd.DataFrame:
    """For each of the last whole periods: the order foretold one period before against what its complaints weighed."""
    columns = ["period", "categories", "order_kept", "order_by_count", "hits", "hits_by_count"]
    rows = []
    for last in range(max(RECENT, len(seen.history) - CHECKED), len(seen.history)):
        if seen.history[last].is_partial:
            continue
        found, foretold, count = came(seen.at(last)), burden(seen.at(last - 1)), seen.n[last - 1]
        kinds = (found > 0) | (foretold > 0)
        if kinds.sum() < FEWEST or not found.sum() or not count.sum():
            continue
        first = set(_first(found))
        kept = [_agreement(order[kinds], found[kinds]) for order in (foretold, count)]
        hits = [len(first & set(_first(order))) for order in (foretold, count)]
        rows.append((seen.history[last].text, int(kinds.sum()), *kept, *hits))
    return pd.DataFrame(rows, columns=columns)


def _agreement(one: np.ndarray, two: np.ndarray) -> float:
    """Spearman's rank correlation; NaN where all of one side are equal."""
    level = np.ptp(one) == 0 or np.ptp(two) == 0
    return np.nan if level else float(stats.spearmanr(one, two).statistic)


def _first(weight: np.ndarray) -> list[int]:
    return list(np.argsort(-weight, kind="stable")[:TOP])


def fact_table(
    seen: Seen, table: pd.DataFrame, checks: pd.DataFrame, bounds: tuple[float, float, float]
) -> pd.DataFrame:
    """What the classes mean, and what everything rests on."""
    kept = checks["order_kept"].dropna()
    reach = np.nan
    if len(kept) > 2:
        reach = (
            stats.t.isf((1 - seen.statistics.confidence) / 2, len(kept) - 1) * kept.std() / np.sqrt(len(kept))
        )
    critical = table[table["risk"] == "critical"]
    broken = seen.book.breaks_in(seen.by, [seen.period])
    facts = {
        "n": int(seen.often.sum()),
        "n_blank": seen.n_blank,
        "bound_critical": bounds[0],
        "bound_high": bounds[1],
        "bound_moderate": bounds[2],
        "critical_kinds": len(critical),
        "critical_burden": critical["burden"].sum(),
        "critical_share": critical["share"].sum(),
        "periods_checked": len(checks),
        "order_kept": kept.mean() if len(kept) else np.nan,
        "order_low": max(kept.mean() - reach, -1) if len(kept) > 2 else np.nan,
        "order_high": min(kept.mean() + reach, 1) if len(kept) > 2 else np.nan,
        "order_by_count": checks["order_by_count"].mean() if len(checks) else np.nan,
        "hits_mean": checks["hits"].mean() if len(checks) else np.nan,
        "measure": seen.measure or np.nan,
        "parts": len(seen.amounts),
        "broken_on": broken[-1].at if broken else pd.NaT,
    }
    return pd.DataFrame([facts])
