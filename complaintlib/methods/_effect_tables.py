"""The tables of `effect`: all measures in a row each, and one of them in depth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..schema import BLANK
from ..stats.interrupted import Interrupted, Points, interrupted, segmented
from ..stats.intervals import rate_ratio
from ..stats.synthetic import placebo_rank, synthetic_control
from ._effect_judged import JUDGED, Judged
from ._effect_register import touch
from ._effect_series import LEAST, About, Seen

ALL = "(all)"
CLOSE = pd.Timedelta(days=92)  # measures about the same complaints that begin so close cannot be told apart
DONORS = 3  # fewer other categories make no comparison
EFFECT = ["altered", "altered_low", "altered_high"]
ACTIONS = [
    "action_id", "title", "verdict", *EFFECT, "promised", "avoided", "started_on", "status", "days_overdue", "why", "judge_on",
    "smallest_effect", "before_after", "extreme", "avoided_low", "avoided_high", "avoided_promised", "q", "grain",
    "points_before", "points_after", "n", "department", "due_on", "target",
]  # fmt: skip

IN_DEPTH = {  # the tables of one measure, as they are where nothing is judged
    "series": ["period", "phase", "n", "expected", "n_low", "n_high", "fitted", "exposure"],
    "aspects": ["aspect", *EFFECT, "p"],
    "approaches": ["approach", *EFFECT, "p", "decides"],
    "donors": ["reason", "donor_share"],
    "practice": ["indicator", "earlier", "value", "before_after", "last_year", "n", "form"],
    "placebos": ["day", *EFFECT, "p"],
}


def action_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """One row a measure. `n`: complaints in the points after; `avoided`: how many more would have come without it."""
    frame = pd.DataFrame([_row(one) for one in judged], columns=ACTIONS)
    text = ["action_id", "title", "department", "status", "verdict", "why", "extreme", "grain", "target"]
    whole = ["points_before", "points_after", "n"]
    times = ["started_on", "judge_on", "due_on"]
    rest = [name for name in ACTIONS if name not in (*text, *whole, *times)]
    frame = frame.astype(
        dict.fromkeys(text, object) | dict.fromkeys(rest, float) | dict.fromkeys(whole, "int64")
    )
    return frame.astype(dict.fromkeys(times, "datetime64[us]"))


def _row(one: Judged) -> dict:
    action, series = one.action, one.series
    ratio, low, high = one.mean[["estimate", "low", "high"]]
    row = {
        name: action[name]
        for name in ("action_id", "title", "department", "status", "started_on", "days_overdue", "due_on")
    }
    row["target"] = ";".join(f"{name}={','.join(values)}" for name, values in one.target.items())
    row |= {
        "verdict": one.verdict,
        "why": one.why,
        "promised": one.promised,
        "q": one.q,
        "judge_on": one.judge_on,
    }
    row |= dict(zip(EFFECT, (ratio - 1, low - 1, high - 1), strict=True))
    row |= {"avoided": one.after * (1 / ratio - 1), "avoided_low": one.after * (1 / high - 1)}
    row |= {"avoided_high": one.after * (1 / low - 1), "avoided_promised": -one.promised * one.after / ratio}
    row |= {"smallest_effect": one.smallest - 1, "extreme": extreme(one), "n": one.after}
    row |= {"before_after": np.nan if one.found is None else before_after(series)[0] - 1}
    row |= {"grain": "" if series is None else series.grain}
    return row | {
        "points_before": 0 if series is None else series.before,
        "points_after": 0 if series is None else series.after,
    }


def extreme(one: Judged) -> str | None:
    """The first period of what was left out as extreme, where it truly was beyond its range."""
    if one.found is None:
        return None
    at = np.flatnonzero(one.series.phase == "extreme")
    beyond = one.series.points.counts[at] > one.alone.path["high"].to_numpy()[at]
    return one.series.periods[at[0]].text if beyond.any() else None


def before_after(series: About) -> tuple[float, float, float, float]:
    """The plain comparison of practice: the points after against as many right before, extreme ones among them."""
    after = np.flatnonzero(series.phase == "after")
    before = np.flatnonzero(np.isin(series.phase, ["before", "extreme"]))[-len(after) :]
    return _ratio(series, after, before)


def _ratio(series: About, now: np.ndarray, then: np.ndarray) -> tuple[float, float, float, float]:
    """Ratio of two rates with interval and p, widened by what the series wobbles beyond chance."""
    n, per = series.points.counts, series.points.exposure
    phi = max(1.0, segmented(series.points)["dispersion"].iloc[0])
    sums = [np.nansum(x) for x in (n[now], per[now], n[then], per[then])]
    return tuple(rate_ratio(*sums, dispersion=phi).iloc[0][["estimate", "low", "high", "p"]])


# ------------------------------------------------------------------------------------------------ one in depth


def series_table(one: Judged) -> pd.DataFrame:
    """Each period: what came, what was to be expected without the measure, and the part it plays."""
    series = one.series
    frame = pd.DataFrame({"period": [p.text for p in series.periods], "phase": series.phase})
    frame["n"] = series.points.counts.astype("int64")
    path = pd.DataFrame(np.nan, range(len(frame)), ["expected", "low", "high", "fitted"])
    path = path if one.found is None else one.found.path
    frame[["expected", "n_low", "n_high", "fitted"]] = path[["expected", "low", "high", "fitted"]].to_numpy()
    frame["exposure"] = series.points.exposure if series.measured and one.basis == "alone" else np.nan
    return frame


def aspects_table(one: Judged) -> pd.DataFrame:
    """The change at the start (level), of the slope a point, and on average since."""
    found = one.found.effects
    frame = pd.DataFrame({"aspect": found.index})
    frame[EFFECT] = found[["estimate", "low", "high"]].to_numpy() - 1
    return frame.assign(p=found["p"].to_numpy())


def approaches_table(seen: Seen, one: Judged, judged: Sequence[Judged]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same question asked in several ways, and the mixture of categories that one of them compares with."""
    series, rows = one.series, {}
    rows["before_after"] = before_after(series)
    if (last := _last_year(series)) is not None:
        rows["last_year"] = last
    cycle = {"month": 12, "week": 0}[series.grain]
    rows["segmented"] = tuple(
        segmented(series.points, cycle=cycle).loc["level", ["estimate", "low", "high", "p"]]
    )
    for name, found in (("alone", one.alone), ("against", one.against)):
        if found is not None:
            rows[name] = tuple(found.effects.loc["mean"])
    made = _synthetic(seen, one, judged)
    donors = pd.DataFrame(columns=IN_DEPTH["donors"])
    if made is not None:
        rows["synthetic"], donors = made
    frame = pd.DataFrame({"approach": list(rows)})
    frame[[*EFFECT, "p"]] = np.array(list(rows.values()), float) - [1, 1, 1, 0]
    return frame.assign(decides=frame["approach"] == one.basis), donors


def _last_year(series: About) -> tuple[float, float, float, float] | None:
    """The points after against the same ones a year before, where these all lie before the measure."""
    at = {p.text: i for i, p in enumerate(series.periods)}
    after = np.flatnonzero(series.phase == "after")
    then = [at.get(series.periods[i].same_last_year().text) for i in after]
    if None in then or not np.isin(series.phase[then], ["before", "extreme"]).all():
        return None
    return _ratio(series, after, np.array(then))


def _synthetic(seen: Seen, one: Judged, judged: Sequence[Judged]) -> tuple[tuple, pd.DataFrame] | None:
    """Against the mixture of untouched categories that went along with this one before (p: rank among placebos)."""
    series, by = one.series, next(iter(one.target))
    rest = {name: values for name, values in one.target.items() if name != by}
    found = seen.book.series("complaints", [by], series.periods, where=rest)
    wide = found.pivot(index="period", columns=by, values="n").reindex([p.text for p in series.periods])
    began = [j for j in judged if j.series is not None or not pd.isna(j.action["started_on"])]
    touched = {BLANK, *one.target[by]} | {code for j in began for code in j.target.get(by, [])}
    used, at = series.points.used, series.before
    y, per = series.points.counts, series.points.exposure
    own = seen.exposure(series.periods, rest) if series.measured else np.ones(len(y))
    if own is None or not np.isfinite(own[used]).all():
        return None
    wide = wide.drop(columns=[c for c in wide if c in touched])
    wide = wide.loc[:, (wide[used].min() > 0) & (wide[used].mean() >= LEAST[series.grain])]
    if wide.shape[1] < DONORS:
        return None
    rates = wide.to_numpy(float) / own[:, None]
    scale = rates[used][:at].mean(axis=0)
    index = pd.DataFrame(rates / scale, columns=wide.columns)
    treated = y / per / (y / per)[used][:at].mean()
    made = synthetic_control(treated[used], index[used], at)
    weights = made.weights.to_numpy()
    path = index.to_numpy() @ weights
    noise = ((weights / (own[:, None] * scale)) ** 2 * wide.to_numpy(float)).sum(axis=1)
    points = Points(y, series.points.at, path * per, noise / path**2, series.months, None, used & (path > 0))
    effect: Interrupted = interrupted(points)
    p, _ = placebo_rank(treated[used], index[used], at)
    kept = made.weights[made.weights > 0.005].sort_values(ascending=False, kind="stable")
    donors = pd.DataFrame({by: kept.index.astype(object), "donor_share": kept.to_numpy()})
    return (*effect.effects.loc["mean", ["estimate", "low", "high"]], p), donors


def practice_table(seen: Seen, one: Judged) -> pd.DataFrame:
    """Before and after as practice lists them: the number, its share of all complaints, and per 1,000 of each measure.

    After: the points judged; before: as many right before them; and the same ones a year before, where data reach.
    """
    series = one.series
    after = [series.periods[i] for i in np.flatnonzero(series.phase == "after")]
    before = [series.periods[i] for i in np.flatnonzero(np.isin(series.phase, ["before", "extreme"]))][
        -len(after) :
    ]
    year = [p.same_last_year() for p in after]
    spans = {"value": after, "earlier": before, "last_year": year}
    first = seen.periods(series.grain)[0].start
    counts = {name: seen.counts(span, one.target).sum() for name, span in spans.items()}
    rows = []
    for indicator in ("received", "share_of_all", "rate_orders", "rate_customers", "rate_contacts"):
        row = {"indicator": indicator, "form": "pct" if indicator == "share_of_all" else "num2"}
        for name, span in spans.items():
            known = len(span) and span[0].start >= first
            row[name] = _value(seen, one, indicator, span, counts[name]) if known else np.nan
        rows.append(row | {"n": int(counts["value"])})
    frame = pd.DataFrame(rows)
    frame["before_after"] = frame["value"] / frame["earlier"].where(frame["earlier"] > 0) - 1
    frame = frame[frame["value"].notna()].reset_index(drop=True)
    frame.loc[frame["indicator"] == "received", "form"] = "num1"
    return frame[IN_DEPTH["practice"]]


def _value(seen: Seen, one: Judged, indicator: str, span: list, n: float) -> float:
    """The indicator over a span: complaints a period, their share of all, or per 1,000 of a denominator."""
    if indicator == "received":
        return n / len(span)
    if indicator == "share_of_all":
        whole = seen.counts(span, {}).sum()
        return n / whole if whole else np.nan
    per = seen.exposure(span, one.target, indicator.removeprefix("rate_"))
    whole = np.nan if per is None else per.sum()
    return 1000 * n / whole if whole > 0 else np.nan


def placebo_table(one: Judged) -> pd.DataFrame:
    """What would have been found on days on which nothing was done."""
    found = one.placebos
    frame = pd.DataFrame({"day": [one.series.periods[i].start for i in found.index]}, dtype="datetime64[us]")
    frame[EFFECT] = found[["estimate", "low", "high"]].to_numpy(float) - 1
    return frame.assign(p=found["p"].to_numpy(float))


def together_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """Pairs of measures about the same complaints that began within three months of each other."""
    rows = []
    begun = [one for one in judged if one.target and not pd.isna(one.action["started_on"])]
    for i, one in enumerate(begun):
        for other in begun[i + 1 :]:
            apart = abs(other.action["started_on"] - one.action["started_on"])
            if (
                apart <= CLOSE
                and touch(one.target, other.target)
                and {one.verdict, other.verdict} & {*JUDGED, "too_early"}
            ):
                rows.append({name: one.action[name] for name in ("action_id", "title", "started_on")})
                rows[-1] |= {"other_id": other.action["action_id"], "other_title": other.action["title"]}
                rows[-1] |= {"days": apart.days}
    return pd.DataFrame(rows, columns=["action_id", "title", "started_on", "other_id", "other_title", "days"])


def verdict_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """How many measures have which verdict, and how many there are."""
    order = [*JUDGED, "too_early", "none"]
    counts = [sum(j.verdict == v for j in judged) for v in order]
    return pd.DataFrame({"verdict": [*order, ALL], "measures": [*counts, len(judged)]})
