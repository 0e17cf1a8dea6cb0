"""Shares of a period beside those of earlier ones: the frames behind `composition`, counted by the book.

Column names are those of the result's tables. `moved` is up, down or same; few where a category is too small to be
tested, break or none where the earlier period is not compared at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import measures_by
from ..period import Period
from ..rules import load_rules
from ..schema import BLANK, OTHER
from ..stats.charts import p_chart
from ..stats.concentration import by_size
from ..stats.decompose import largest_remainder
from ..stats.intervals import proportion_difference, rate_ratio, simultaneous_shares
from ..stats.multiple import benjamini_hochberg

AGAINST = ("previous", "last_year")
ALL = "(all)"
POOLED = 10  # fewer cases than this in both periods together can hardly show a change, however they split: not tested
HISTORY, ENOUGH = 12, 6  # earlier periods that tell how much shares wobble anyway, and the fewest that can
LATE_DAYS, EARLIER_DAYS = 10, 30
PLACES = ("reason", "region", "product", "channel")
NUMBER = ["n_ratio", "n_ratio_low", "n_ratio_high"]
CHANGE = ["share_change", "share_change_low", "share_change_high", "p"]


@dataclass(frozen=True)
class Window:
    """A period and what was counted in it; `comparable`: ok, break, none (not covered by the data), few, or empty for
    the period itself."""

    compared: str
    period: Period
    book: Book
    counts: pd.Series
    comparable: str = ""

    @property
    def classified(self) -> pd.Series:
        return self.counts.drop(BLANK, errors="ignore")


def this_window(book: Book, by: str, period: Period) -> Window:
    """The period's cases by category. Raises NotMeasured where there are cases, but none of them ever has one."""
    if book.has("complaints", "received_at") and not book.has("complaints", by):
        raise NotMeasured(f"complaints.{by}")
    return Window("this", period, book, _counts(book, by, period))


def earlier_window(this: Window, by: str, against: str) -> Window:
    """The earlier period, seen when it was as old as this one is now."""
    period = this.period
    earlier = period.previous() if against == "previous" else period.same_last_year()
    earlier = earlier.seen_at(min(earlier.start + (period.as_of - period.start), earlier.end))
    book = this.book.at(earlier.as_of)
    window = Window(against, earlier, book, _counts(book, by, earlier))
    fewest = min(window.classified.sum(), this.classified.sum())
    if this.book.breaks_in(by, [earlier, period]):
        comparable = "break"
    elif not _covered(this.book, [earlier]):
        comparable = "none"
    else:
        comparable = "few" if fewest < load_rules().statistics.min_count else "ok"
    return Window(against, earlier, book, window.counts, comparable)


def _counts(book: Book, by: str, period: Period) -> pd.Series:
    return by_size(book.counts("complaints", [by], period).set_index(by)["n"])


def _covered(book: Book, periods: Sequence[Period]) -> list[Period]:
    """The periods for which the data begin early enough; in a thin book the first case may come a little late."""
    first = book.span()[0].floor("D")
    return [p for p in periods if first <= p.start + pd.Timedelta(days=p.days / 10)]


def noise(this: Window, by: str) -> pd.Series:
    """How many times the variance of chance each category's share has from period to period; `ALL`: their median.

    Laney's moving ranges over up to HISTORY earlier periods on one taxonomy; at least the median, which is at least 1.
    """
    past = this.period.previous().history(HISTORY)
    past = [p for p in _covered(this.book, past) if not this.book.breaks_in(by, [p, this.period])]
    found = {}
    if len(past) >= ENOUGH:
        counts = this.book.series("complaints", [by], past).pivot(index="period", columns=by, values="n")
        counts = counts.drop(columns=BLANK, errors="ignore")
        counts = counts[counts.sum(axis=1) >= load_rules().statistics.min_count]
        for name in counts.columns[counts.mean() >= POOLED / 2] if len(counts) >= ENOUGH else ():
            found[name] = p_chart(counts[name], counts.sum(axis=1), limits="shewhart").sigma_z ** 2
    middle = float(np.median(list(found.values()))) if found else 1.0
    return pd.Series({**found, ALL: middle}, dtype=float).clip(lower=middle)


def windows_table(
    by: str, this: Window, earlier: Sequence[Window], shares: pd.DataFrame, changes: pd.DataFrame
) -> pd.DataFrame:
    """What was counted in each period, and whether it could be compared."""
    single, tested = set(shares[by]), changes.groupby("compared")["q"].count()
    rows = []
    for window in (this, *earlier):
        n, breaks = window.classified, this.book.breaks_in(by, [window.period, this.period])
        rows.append(
            {
                "compared": window.compared,
                "period": window.period.text,
                "as_of": window.period.as_of,
                "n": window.counts.sum(),
                "n_classified": n.sum(),
                "n_blank": window.counts.get(BLANK, 0),
                "share_blank": window.counts.get(BLANK, 0) / max(window.counts.sum(), 1),
                "categories": len(n),
                "tested": int(tested.get(window.compared, 0)),
                "categories_other": sum(name not in single for name in n.index),
                "comparable": window.comparable,
                "broken_on": breaks[-1].at if breaks else pd.NaT,
            }
        )
    return pd.DataFrame(rows)


def changes_table(by: str, this: Window, earlier: Sequence[Window], dispersion: pd.Series) -> pd.DataFrame:
    """Every category against every earlier period; q over all that was tested."""
    parts = []
    for window in earlier:
        names = this.classified.index.union(window.classified.index, sort=False)
        n, n_then = (w.classified.reindex(names, fill_value=0) for w in (this, window))
        spread = dispersion.reindex(names).fillna(dispersion[ALL])
        part = pd.DataFrame({"n": n, "n_then": n_then, "share_now": n / max(n.sum(), 1)})
        part["share_then"] = n_then / max(n_then.sum(), 1)
        part = part.join(_compare(n, n.sum(), n_then, n_then.sum(), spread)).assign(dispersion=spread)
        part = part.join(_number(n, this.period, n_then, window.period, spread))
        part.loc[n + n_then < POOLED, "p"] = np.nan
        if window.comparable != "ok":
            part.loc[:, ["share_then", *CHANGE, "dispersion", *NUMBER]] = np.nan
        parts.append(
            part.assign(compared=window.compared, comparable=window.comparable).rename_axis(by).reset_index()
        )
    out = pd.concat(parts, ignore_index=True)
    out["q"] = benjamini_hochberg(out["p"])
    out["moved"] = np.where(out["comparable"] == "ok", _moved(out, "share_change"), out["comparable"])
    out["n_moved"] = np.select([out["n_ratio_low"] > 1, out["n_ratio_high"] < 1], ["up", "down"], "same")
    return _first(out.drop(columns="comparable"), "compared")


def _number(n: pd.Series, period: Period, n_then: pd.Series, then: Period, spread: pd.Series) -> pd.DataFrame:
    """The ratio of the numbers a day: a share can fall although the category has not become rarer."""
    days, days_then = ((p.as_of - p.start) / pd.Timedelta(days=1) for p in (period, then))
    ratio = rate_ratio(n, days, n_then, days_then, spread, load_rules().statistics.confidence)
    return ratio[["estimate", "low", "high"]].set_axis(NUMBER, axis=1)


def shares_table(by: str, this: Window, changes: pd.DataFrame, top: int) -> pd.DataFrame:
    """The largest categories and the changed ones by size, then the unclassified, then the others together."""
    known = this.classified
    changed = set(changes.loc[changes["moved"].isin(["up", "down"]), by])
    rest = [name for name in known.index[top:] if name not in changed]
    rest = rest if len(rest) > 1 else []  # one alone takes no more room than "other"
    shown = [name for name in known.index if name not in rest] + sorted(changed - set(known.index))
    n = known.reindex(shown, fill_value=0)
    if rest:
        n[OTHER] = known[rest].sum()
    limits = simultaneous_shares(n, load_rules().statistics.confidence)
    out = pd.DataFrame({"n": n, "share_classified": largest_remainder(n / n.sum())})
    out["share_low"], out["share_high"] = limits["low"], limits["high"]
    for against, part in changes.groupby("compared", sort=False):
        part = part.set_index(by)[["share_then", "share_change", "moved"]]
        if rest:
            part.loc[OTHER, ["share_then", "share_change"]] = part.loc[
                rest, ["share_then", "share_change"]
            ].sum(min_count=1)
        out = out.join(part.set_axis([f"share_{against}", f"change_{against}", f"moved_{against}"], axis=1))
    if BLANK in this.counts:
        out.loc[BLANK, "n"] = this.counts[BLANK]
        out = out.loc[[*(name for name in out.index if name != OTHER), *out.index.intersection([OTHER])]]
    out["n"] = out["n"].astype("int64")
    out.insert(1, "share_shown", largest_remainder(out["n"] / out["n"].sum()))
    return out.rename_axis(by).reset_index()


def where_table(by: str, this: Window, earlier: Sequence[Window], moved: pd.DataFrame) -> pd.DataFrame:
    """The reasons, regions, products and channels of the changed categories' cases, against the period they changed from."""
    parts, all_names = [], sorted(set(moved[by]))  # this window is asked once for all of them
    for window in earlier:
        names = list(moved.loc[moved["compared"] == window.compared, by])
        for place in PLACES if names else ():
            broken = this.book.breaks_in(place, [window.period, this.period])
            if place == by or broken or not this.book.has("complaints", place):
                continue
            both = [
                w.book.counts("complaints", [by, place], w.period, where={by: all_names}).set_index(
                    [by, place]
                )["n"]
                for w in (this, window)
            ]
            part = pd.concat(both, axis=1, keys=["n", "n_then"]).fillna(0).astype("int64").sort_index()
            part = part[part.index.get_level_values(by).isin(names)]
            total = part.groupby(level=0).transform("sum")
            part["share_now"], part["share_then"] = part["n"] / total["n"], part["n_then"] / total["n_then"]
            part = part.join(_compare(part["n"], total["n"], part["n_then"], total["n_then"]))
            parts.append(part.reset_index())
    if not parts:
        return pd.DataFrame(columns=[by, "n", "n_then", "share_now", "share_then", *CHANGE, "q", "moved"])
    out = pd.concat(parts, ignore_index=True)
    out["q"] = benjamini_hochberg(out["p"])
    out["moved"] = _moved(out, "share_change")
    return _first(out, by, *(place for place in PLACES if place in out and place != by))


def rates_table(by: str, this: Window, earlier: Sequence[Window], changes: pd.DataFrame) -> pd.DataFrame:
    """Complaints per 1,000 of what there is of each category, where that is known, beside the change of its share."""
    parts = []
    for window in earlier:
        measure, per = _exposure(by, this, window)
        if window.comparable != "ok" or per.empty:
            continue
        out = per.assign(compared=window.compared, measure=measure)
        out["n"], out["n_then"] = (w.counts.reindex(per.index, fill_value=0) for w in (this, window))
        out[["part", "part_then"]] = per / per.sum()
        out["rate"], out["rate_then"] = (
            1000 * out["n"] / per["exposure"],
            1000 * out["n_then"] / per["exposure_then"],
        )
        out = out.join(
            changes[changes["compared"] == window.compared].set_index(by)[
                ["share_change", "moved", "dispersion"]
            ]
        )
        ratio = rate_ratio(
            out["n"],
            out["exposure"],
            out["n_then"],
            out["exposure_then"],
            out["dispersion"].fillna(1.0),
            load_rules().statistics.confidence,
        )
        parts.append(
            out.join(ratio.set_axis(["ratio", "ratio_low", "ratio_high", "p"], axis=1))
            .rename_axis(by)
            .reset_index()
        )
    if not parts:
        return pd.DataFrame(
            columns=[
                "compared",
                by,
                "n",
                "n_then",
                "rate",
                "rate_then",
                "ratio",
                "share_change",
                "moved",
                "q",
                "rate_moved",
            ]
        )
    out = pd.concat(parts, ignore_index=True).drop(columns="dispersion")
    out["q"] = benjamini_hochberg(out["p"])
    out["rate_moved"] = _moved(out, "ratio", none=1)
    return _first(out, "compared", by, "measure", "n", "n_then")


def _exposure(by: str, this: Window, window: Window) -> tuple[str, pd.DataFrame]:
    """The first measure known in both periods, by category: `exposure`, `exposure_then`."""
    for measure in measures_by(this.book, by):
        both = [w.book.exposure(measure, [w.period], [by]).set_index(by)["value"] for w in (this, window)]
        per = pd.concat(both, axis=1, keys=["exposure", "exposure_then"]).drop(BLANK, errors="ignore")
        per = per[(per > 0).all(axis=1)].sort_index()
        if len(per):
            return measure, per
    return "", pd.DataFrame()


def unclassified_table(by: str, this: Window) -> pd.DataFrame:
    """Are the newest days still being filled in? Their share without category against the days before, by channel."""
    split = next((c for c in ("channel", "source") if c != by and this.book.has("complaints", c)), None)
    last = Period.holding(this.period.as_of - pd.Timedelta(microseconds=1), "day")
    first = min(this.period.previous().start, last.start - pd.Timedelta(days=LATE_DAYS + EARLIER_DAYS - 1))
    days = last.history((last.start - first).days + 1)
    newest, key, columns = {day.text for day in days[-LATE_DAYS:]}, split or "channel", []
    for name, where in (("n", None), ("n_blank", {by: BLANK})):
        daily = this.book.series("complaints", [split] if split else [], days, where=where)
        daily = pd.concat([daily.assign(**{key: ALL}), daily] if split else [daily.assign(**{key: ALL})])
        new = daily["period"].isin(newest)
        columns += [
            daily[new].groupby(key)["n"].sum().rename(name),
            daily[~new].groupby(key)["n"].sum().rename(f"{name}_then"),
        ]
    out = pd.concat(columns, axis=1).fillna(0).astype("int64")
    n, n_then = out["n"], out["n_then"]
    out["share_blank"], out["share_blank_then"] = (
        out["n_blank"] / n.where(n > 0),
        out["n_blank_then"] / n_then.where(n_then > 0),
    )
    out = out.join(_compare(out["n_blank"], n, out["n_blank_then"], n_then))
    out["q"] = benjamini_hochberg(out["p"])
    out["moved"] = _moved(out, "share_change")
    order = np.lexsort((-out["share_blank"].fillna(0), out.index != ALL))
    return out.iloc[order].rename_axis(key).reset_index()


def _compare(k, n, k_before, n_then, dispersion=1.0) -> pd.DataFrame:
    level = load_rules().statistics.confidence
    return proportion_difference(k, n, k_before, n_then, level, dispersion).set_axis(CHANGE, axis=1)


def _moved(frame: pd.DataFrame, what: str, none: float = 0) -> np.ndarray:
    """up or down where both the interval and q say so, else same; few where nothing was tested."""
    sure = frame["q"] <= load_rules().statistics.fdr
    up, down = sure & (frame[f"{what}_low"] > none), sure & (frame[f"{what}_high"] < none)
    return np.select([frame["q"].isna(), up, down], ["few", "up", "down"], "same")


def _first(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    return frame[[*names, *(c for c in frame.columns if c not in names)]]
