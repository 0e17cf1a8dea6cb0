"""The figures that a regulator asks for, all on calendar time, and the limits that regulators set."""

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import Stretch, measure
from ..period import Period
from ..rules import load_rules
from ..schema import BLANK
from ..stats.intervals import proportion

DAY = pd.Timedelta(days=1)
TERMS = {
    "within_15_days": 15,
    "within_4_weeks": 28,
    "within_30_days": 30,
    "within_8_weeks": 56,
}  # days to close
ANSWER = 1  # days to acknowledge
RATES = ("response_rate", "resolution_rate", "csat_top_two")


def regulator_table(book: Book, period: Period) -> pd.DataFrame:
    """One row an item: `n` cases, the `out_of` they are part of, `item_share` and its interval.

    Received, closed and open at the end, the closed ones by how long they took (as in the UK's FCA return, DISP 1 Annex 1),
    upheld of those decided; and for each limit, of the cases for which it ran out in the period, those closed by then: a case
    that is open when its limit runs out has missed it. Acknowledged: a first response within a day.
    """
    rows: list[tuple[str, float, float]] = []
    if book.has("complaints", "first_response_at"):
        rows += _ran_out(book, period, "first_response_at", {"acknowledged": ANSWER})
    rows.insert(0, ("received", book.counts(window=period)["n"].iloc[0], np.nan))
    if book.has("complaints", "closed_at"):
        decided = book.has("complaints", "valid")
        shut = book.spells(
            "received_at", "closed_at", ["valid"] if decided else [], period, "closed", unit="day"
        )
        n, days = shut["n"], shut["duration"]
        closed = n.sum()
        rows.append(("closed", closed, np.nan))
        bands = {
            "closed_4_weeks": days < 28,
            "closed_8_weeks": (days >= 28) & (days < 56),
            "closed_over": days >= 56,
        }
        rows += [(item, n[band].sum(), closed) for item, band in bands.items()]
        if decided:
            said = shut["valid"] != BLANK
            rows.append(("upheld", n[shut["valid"].isin(["yes", "partly"])].sum(), n[said].sum()))
        rows.append(("outstanding", book.counts(window=period, basis="open")["n"].iloc[0], np.nan))
        rows += _ran_out(book, period, "closed_at", TERMS)
    if book.has("complaints", "due_at"):
        own = book.deadlines(window=period).set_index("state")["n"]
        rows.append(("own_deadline", own.get("met", 0), own.sum() - own.get("void", 0)))
    rows += _three_rates(book, period)
    out = pd.DataFrame(rows, columns=["item", "n", "out_of"])
    share = proportion(out["n"], out["out_of"].fillna(out["n"]), load_rules().statistics.confidence)
    names = {"estimate": "item_share", "low": "item_low", "high": "item_high"}
    out = out.join(share.where(out["out_of"] > 0).rename(columns=names))
    return out.astype({"n": "int64"})


def _three_rates(book: Book, period: Period) -> list[tuple[str, float, float]]:
    """The rates of response, resolution and satisfaction, as the dictionary of indicators has them."""
    rows = []
    for key in RATES:
        with suppress(NotMeasured):
            found = measure(book, key, [period]).iloc[0]
            rows.append((key, found["numerator"], found["denominator"]))
    return rows


def _ran_out(book: Book, period: Period, end: str, terms: dict[str, int]) -> list[tuple[str, float, float]]:
    """For each term, the cases for which it ran out in the period and those that had come to the end by then.

    One question for all: the days of receipt are cut where the window of any term begins or ends.
    """
    last = min(period.end, period.as_of)
    spans = {item: (period.start - days * DAY, last - days * DAY) for item, days in terms.items()}
    cuts = sorted({moment for span in spans.values() for moment in span})
    windows = [Stretch(start, stop, period.as_of, str(start)) for start, stop in pairwise(cuts)]
    found = book.spells("received_at", end, [], windows, unit="day")
    start = pd.to_datetime(found["period"])
    rows = []
    for item, (begin, stop) in spans.items():
        due = found[(start >= begin) & (start < stop)]
        met = due["observed"] & (due["duration"] < terms[item])
        rows.append((item, due.loc[met, "n"].sum(), due["n"].sum()))
    return rows
