"""The month of the final drill: a simulated November 2026 of the demo company, in which things go wrong.

a hub in the Central region is flooded on the night before 9 November: parcels are lost for two weeks
the claims department, which gets these cases, falls behind
the mailbox that brings complaints by e-mail is full from 27 November on and takes no more
"""

from functools import cache

import numpy as np
import pandas as pd

from ..book import Book
from ..period import Period
from .exercise import demo_book

YEAR = pd.Timedelta(days=364)  # whole weeks: a Monday stays a Monday, and 2 November becomes the 1st
END = Period("2026-11").end
FLOOD, OVER = pd.Timestamp("2026-11-09"), pd.Timestamp("2026-11-23")
LOST, DELAY = 260, 2.5  # further cases; how many times as long claims takes from the flood on
MAILBOX = pd.Timestamp("2026-11-27")
TIMES = ("received_at", "first_response_at", "resolved_at", "closed_at")
COLUMNS = [
    "complaint_id",
    "customer_id",
    "channel",
    "product",
    "reason",
    "region",
    "city",
    "severity",
    "department",
    "status",
    "outcome",
]


@cache
def crisis_month() -> Book:
    """The demo company from October 2025 to the end of November 2026, as a book; the same each time."""
    demo, chance = demo_book(), np.random.default_rng(20261109)
    past = _rows(demo, "2025-10-01", "2026-11-01")
    november = past[(past["received_at"] >= "2025-11-02") & (past["received_at"] < "2025-12-02")]
    november = _later(november)
    november = pd.concat([november, _lost(november, chance)], ignore_index=True)
    november = _slower(november[(november["channel"] != "email") | (november["received_at"] < MAILBOX)])
    cases = pd.concat([past, november], ignore_index=True)
    book = Book.of(clock=demo.clock, breaks=demo.breaks, complaints=cases, exposure=_exposure(demo))
    return book.at(END)


def _rows(book: Book, start: str, end: str) -> pd.DataFrame:
    found = book.rows("complaints", [*COLUMNS, *TIMES], limit=1_000_000)
    return found[(found["received_at"] >= start) & (found["received_at"] < end)].reset_index(drop=True)


def _later(rows: pd.DataFrame) -> pd.DataFrame:
    """The same cases a year later, under names of their own."""
    moved = {time: rows[time] + YEAR for time in TIMES}
    return rows.assign(complaint_id="N" + rows["complaint_id"], **moved)


def _lost(rows: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    """The cases that the flood brings: like other lost parcels, most of them some days after it."""
    like = rows[rows["reason"] == "lost_parcel"].sample(LOST, replace=True, random_state=chance)
    days = chance.gamma(2.0, 2.5, LOST) % (OVER - FLOOD).days
    came = (FLOOD + pd.to_timedelta(days, unit="D")).floor("s")
    moved = {time: came + (like[time] - like["received_at"]).to_numpy() for time in TIMES}
    names = [f"F{number:04d}" for number in range(LOST)]
    return like.assign(complaint_id=names, region="central", city="wuhan", **moved).reset_index(drop=True)


def _slower(rows: pd.DataFrame) -> pd.DataFrame:
    """What claims received from the flood on takes longer."""
    late = (rows["department"] == "claims") & (rows["received_at"] >= FLOOD)
    ends = {
        time: rows[time].where(~late, rows["received_at"] + DELAY * (rows[time] - rows["received_at"]))
        for time in ("resolved_at", "closed_at")
    }
    return rows.assign(**ends)


def _exposure(book: Book) -> pd.DataFrame:
    """The orders of the year, and those of November 2025 again for November 2026."""
    orders = book.rows("exposure", ["month", "region", "product", "measure", "value"], limit=1_000_000)
    orders = orders[orders["measure"] == "orders"]
    again = orders[orders["month"] == "2025-11-01"].assign(month=pd.Timestamp("2026-11-01"))
    return pd.concat([orders[orders["month"] >= "2025-10-01"], again], ignore_index=True)
