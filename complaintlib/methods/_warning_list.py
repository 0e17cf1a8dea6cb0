"""The watch list of `warning`: which tests are alarms, which alarm explains which others, since when, and what clears it."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from ..period import Period
from ..rules import load_rules
from ..schema import BLANK
from ..stats.multiple import benjamini_hochberg
from ..stats.shifts import risen_since
from ._warning_rules import LEAST
from ._warning_series import Watched

DATED = 8  # of the first so many alarms the beginning is looked up day by day
BACK = {
    "day": 14,
    "week": 56,
    "month": 62,
    "quarter": 92,
    "half": 184,
    "year": 366,
}  # days before the period's first
VAGUE, PAIR = 0.25, 0.02  # shares of its own excess that a vague explanation, and a pair, is charged
CALM = 1.5  # half ranges (three standard deviations) within which what is left is as usual
WEIGHTS = {"farrington": 3, "ears": 3, "born": 3, "cusum": 1, "tied": 1}  # parts of a series' false alarms
FALSE = 1.0  # false ones a period among those that are on watch only
SUDDEN = 0.01  # a rise is slow where the last period does not stand out like this from those just before it
SURE = ("excess", "excess_low", "excess_high")


def alarms(found: pd.DataFrame, left_out: Collection[int] = ()) -> pd.DataFrame:
    """The tests that are alarms, with `q` over all series not `left_out`: one row a series, its strongest rule.

    An alarm has q within the false-discovery rate (`grade` "alarm"), or a p that at most `FALSE` of so many series would have
    by chance ("watch"); and `LEAST` cases, more than the 95 % range of an unchanged series. The rules of a series
    share its chance of a false alarm by `WEIGHTS` (a jump is what is most often there to be found). A new category is called new, whatever else it is; a rise slow unless
    the period itself is a jump against the periods just before it.
    """
    found = found[~found["series"].isin(left_out)].assign(level=shared_out(found))
    best = found.groupby("series")["level"].min().sort_values()
    q = np.append(benjamini_hochberg(best), 1.0)[np.searchsorted(best.to_numpy(), found["level"].to_numpy())]
    sure, unsure = q <= load_rules().statistics.fdr, found["level"] * len(best) <= FALSE
    found = found.assign(q=q, grade=np.select([sure, unsure], ["alarm", "watch"], ""))
    passed = found[(found["grade"] != "") & (found["n"] >= LEAST) & (found["n"] > found["high"])]
    calm = set(found.loc[found["sudden"] > SUDDEN, "series"])
    first = np.select(
        [passed["rule"] == "born", (passed["rule"] == "cusum") & passed["series"].isin(calm)], [0, 1], 2
    )
    passed = passed.assign(first=first).sort_values(["series", "first", "level", "rule"], kind="stable")
    passed = passed.drop_duplicates("series").drop(columns=["first", "level"]).reset_index(drop=True)
    passed["excess"] = passed["n"] - passed["expected"]
    passed["excess_low"], passed["excess_high"] = passed["n"] - passed["high"], passed["n"] - passed["low"]
    return passed


def shared_out(found: pd.DataFrame) -> pd.Series:
    """p of each test over the share of its series' false alarms that its rule has."""
    weight = found["rule"].map(WEIGHTS).astype(float)
    return (found["p"] * weight.groupby(found["series"]).transform("sum") / weight).clip(upper=1)


def listed(w: Watched, found: pd.DataFrame) -> pd.DataFrame:
    """The alarms with what explains them, `q` over all series but those that an alarm explains.

    One event raises many series; counted each, they would let as many more chance alarms pass at the same false-discovery rate.
    """
    first = explained(w, alarms(found))
    follow = first["leads"].to_numpy() != np.arange(len(first))
    again = alarms(found, set(first.loc[follow, "series"]))
    both = pd.concat([again, first[follow]]).drop(columns=["leads", "rest"], errors="ignore")
    return explained(w, both.sort_values("series", kind="stable").reset_index(drop=True))


def explained(w: Watched, found: pd.DataFrame) -> pd.DataFrame:
    """The alarms with `leads` (row of the alarm that explains it; its own where it leads) and `rest`.

    One event raises many series at once: the category, its regions, the department, the total. The alarm that
    brings the most cases back into their ranges when its excess is taken out of all others (by the cases that they
    share) leads, and those others go with it; and so on with what is left. Two periods together are told per
    period. `rest`: the cases without the leaders' excess.
    """
    if found.empty:
        return found.assign(leads=pd.Series(dtype=int), rest=pd.Series(dtype=float))
    shared = _shared(w, found["series"])
    periods = found["periods"].to_numpy()
    n, expected, high = (found[name].to_numpy(float) / periods for name in ("n", "expected", "high"))
    share = shared / np.maximum(np.diag(shared), 1)[:, None]  # of the row's cases, those in the column too
    bound = expected + CALM * (high - expected)
    liked = _liked(w).take(found["series"])
    left, rest, leads = np.ones(len(n), bool), n.copy(), np.arange(len(n))
    told = rest.copy()
    while left.any():
        excess = np.maximum(rest - expected, 0)
        after = rest[None] - excess[:, None] * share
        much = rest - after >= (rest - expected) / 2
        back = much & (after <= bound)
        unexplained = np.maximum(np.where(back, after, rest) - high, 0)
        np.fill_diagonal(unexplained, 0)
        cost = np.where(left, (unexplained * left).sum(axis=1) + liked * excess, np.inf)
        leader = int(np.argmin(cost.round(6)))
        goes = left & back[leader]
        goes[leader] = True
        leads[goes], told[goes] = leader, after[leader][goes]
        rest, left = after[leader], left & ~goes
    return found.assign(leads=leads, rest=told * periods)


def _liked(w: Watched) -> np.ndarray:
    """What it costs to tell an explanation: of two that are as good the plain category, not the department or the total."""
    held = w.what.notna()
    vague = (held.sum(axis=1) == 0) | held.get("department", False)
    return np.select([vague, held.sum(axis=1) > 1], [VAGUE, PAIR], 0.0)


def _shared(w: Watched, series: pd.Series) -> np.ndarray:
    """Cases of the period that belong to both of two series, for every two."""
    what = w.what.iloc[series].reset_index(drop=True)
    used = [d for d in w.dimensions if what[d].notna().any()]
    cells = w.book.counts("complaints", used, w.period)
    inside = np.ones((len(what), len(cells)))
    for dimension in used:
        codes, wanted = cells[dimension].to_numpy(object), what[dimension]
        same = wanted.to_numpy(object)[:, None] == codes[None]
        inside *= np.where(wanted.isna().to_numpy()[:, None], True, same)
    return (inside * cells["n"].to_numpy(float)) @ inside.T


def watch_table(w: Watched, found: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The leading alarms, ranked by the cases that are surely too many; and those that go with them."""
    lead = found[found["leads"] == np.arange(len(found))]
    order = lead.sort_values(
        ["grade", "excess_low", "series"], ascending=[True, False, True], kind="stable"
    ).index
    rank = pd.Series(np.arange(1, len(order) + 1), order)
    what = w.what.iloc[found["series"]].reset_index(drop=True)
    table = pd.concat([what, found.drop(columns=["sudden"])], axis=1)
    table["rank"] = found["leads"].map(rank).to_numpy(int)
    table["n"] = table["n"].astype("int64")
    watch = table.loc[order].assign(first_seen=pd.NaT, clear_at=np.floor(found["high"]).astype("int64"))
    watch["along"] = [int((table["rank"] == k).sum()) - 1 for k in watch["rank"]]
    watch["first_seen"] = _begun(w, watch)
    keys = [d for d in w.dimensions if what[d].notna().any()]
    numbers = ["periods", "n", "expected", *SURE, "q", "first_seen", "clear_at", "along"]
    columns = ["rank", *keys, "rule", "grade", *numbers]
    goes = table[found["leads"].to_numpy() != np.arange(len(found))].sort_values(
        ["rank", "q", "series"], kind="stable"
    )
    with_ = ["rank", *keys, "rule", "periods", "n", "expected", "excess", "q", "rest"]
    return watch[columns].reset_index(drop=True), goes[with_].reset_index(drop=True)


def _begun(w: Watched, watch: pd.DataFrame) -> list[pd.Timestamp]:
    """The day on which each alarm begins; of a slow rise the first day of its first period."""
    found = []
    for place, row in enumerate(watch.to_dict("records")):
        where = w.what.iloc[row["series"]].dropna().to_dict()
        if row["rule"] == "cusum":
            found.append(w.history[int(row["begun"])].start)
        elif place >= DATED:
            found.append(w.period.start)
        elif row["rule"] == "born":
            first = w.book.rows("complaints", ["received_at"], None, 1, where)
            found.append(first["received_at"].iloc[0].normalize())
        else:
            found.append(_risen_on(w, where, row["expected"] / row["periods"] / w.period.days))
    return found


def _risen_on(w: Watched, where: dict, usual: float) -> pd.Timestamp:
    """The day from which on the daily counts are most clearly above `usual`, looking back before the period."""
    last = Period.holding(w.period.end - pd.Timedelta(days=1), "day")
    days = last.history(w.period.days + BACK[w.period.kind])
    days = [d for d in days if d.start >= w.history[0].start]
    counts = w.book.series("complaints", [], days, where=where)["n"].to_numpy()
    return days[risen_since(counts, usual)].start


def examples(w: Watched, watch: pd.DataFrame, most: int = 5) -> pd.DataFrame:
    """The newest cases of the first alarms, in turn."""
    keys = [d for d in w.dimensions if d in watch]
    names, parts = ["complaint_id", "received_at", *keys], []
    for row in watch.head(most).to_dict("records"):
        where = {d: row[d] for d in keys if isinstance(row[d], str)}
        rows = w.book.rows("complaints", names, w.period, most, where, latest=True)
        parts.append(rows.assign(rank=row["rank"], turn=np.arange(len(rows))))
    found = (
        pd.concat(parts)
        .sort_values(["turn", "rank"], kind="stable")
        .drop_duplicates("complaint_id")
        .head(most)
    )
    texts = w.book.rows(
        "complaints",
        ["complaint_id", "text"],
        w.period,
        10 * most,
        {"complaint_id": list(found["complaint_id"])},
    )
    found = found.merge(texts.drop_duplicates("complaint_id"), on="complaint_id", how="left")
    return found.sort_values(["rank", "turn"], kind="stable")[["rank", *names, "text"]].reset_index(drop=True)


def looked_table(w: Watched, found: pd.DataFrame, listed: pd.DataFrame, rules: Sequence[str]) -> pd.DataFrame:
    """By rule and in all (`(blank)`): tests, alarms, leading ones, those over two periods, false ones to be expected, the share
    with p below 5 %, and the rule's part of the false alarms of a series.
    """
    lead, fdr = listed["leads"].to_numpy() == np.arange(len(listed)), load_rules().statistics.fdr
    rows = []
    for rule in (*rules, BLANK):
        tested = found if rule == BLANK else found[found["rule"] == rule]
        of = np.full(len(listed), True) if rule == BLANK else (listed["rule"] == rule).to_numpy()
        rows.append(
            {
                "rule": rule,
                "tested": len(tested),
                "low_p": (tested["p"] < 0.05).mean() if len(tested) else np.nan,
                "alarms": int((of & (listed["grade"] == "alarm").to_numpy()).sum()),
                "leading": int((of & lead).sum()),
                "over_two": int((of & (listed["periods"] == 2).to_numpy()).sum()),
                "false_part": WEIGHTS.get(rule, np.nan),
                "on_watch": int((of & (listed["grade"] == "watch").to_numpy()).sum()),
                "false_most": fdr * (of & (listed["grade"] == "alarm").to_numpy()).sum(),
            }
        )
    return pd.DataFrame(rows).assign(watched=len(w.what), known_periods=len(w.history) - 1)
