"""The register of measures as it stood: which are in force, done or overdue, and which complaints each is about."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..book import Book
from ..filters import Filter, read_filter
from ..period import Period
from ..words import Trouble, Words

COLUMNS = (
    "title",
    "department",
    "target",
    "control",
    "expected_change",
    "due_on",
    "started_on",
    "done_on",
    "status",
)
TIMES = ("due_on", "started_on", "done_on")
YEARS = 2  # a measure that began longer ago, and is done, is no longer told
AHEAD = pd.Timedelta(days=183)  # what is not begun and due later than this is no plan of now
MANY = 1000


def register(book: Book, period: Period) -> pd.DataFrame:
    """One row a measure, in the order in which they began (those not begun last), as known at the period's `as_of`.

    `status`: planned, in_progress, done or cancelled, by the dates rather than by what was written later;
    `days_overdue`, where it is due and not done. Raises NotMeasured where there is no register.

    A register does not say when a measure was entered: in a report on a time long past, one that has not begun and is due
    more than `AHEAD` after it is taken for a later one and left out.
    """
    now = period.as_of
    known = [name for name in COLUMNS if book.has("actions", name)]
    rows = book.rows("actions", ["action_id", *known], limit=MANY).reindex(columns=["action_id", *COLUMNS])
    for name in TIMES:
        rows[name] = pd.to_datetime(rows[name]).astype("datetime64[us]")
    rows["done_on"] = rows["done_on"].where(rows["done_on"] < now)
    planned = rows["started_on"].isna() & rows["done_on"].isna()
    rows = rows[~(planned & (rows["due_on"] > now + AHEAD))]
    rows["expected_change"] = pd.to_numeric(rows["expected_change"]).astype(float)
    rows["title"] = rows["title"].astype(object).fillna(rows["action_id"])
    begun, done = rows["started_on"].notna(), rows["done_on"].notna()
    written = rows["status"].astype(object)
    rows["status"] = np.select(
        [written == "cancelled", done, begun], ["cancelled", "done", "in_progress"], "planned"
    )
    late = (rows["due_on"] < now) & ~rows["status"].isin(["done", "cancelled"])
    rows["days_overdue"] = ((now - rows["due_on"]).dt.days).where(late)
    recent = rows["started_on"] >= now - pd.DateOffset(years=YEARS)
    rows = rows[recent | ~rows["status"].isin(["done", "cancelled"]) | ~begun]
    return rows.sort_values(["started_on", "action_id"], kind="stable", ignore_index=True)


def filter_of(action: Mapping[str, Any], name: str, book: Book) -> Filter:
    """The measure's target or control. Raises Trouble that names the measure, the column of the register and what is wrong."""
    try:
        return read_filter(action[name], book)
    except Trouble as trouble:
        raise _trouble(action["action_id"], name, Words(trouble.say("zh"), trouble.say("en"))) from None


def check_promise(change: float, action: str) -> None:
    """Raises Trouble where the promised change is no fraction: -30 was meant as -30 %, that is -0.3."""
    if change <= -1:
        said = Words(
            f"“{change:g}”不是比例；下降三成请写 -30% 或 -0.3",
            f"“{change:g}” is no fraction; 30 % fewer is -30% or -0.3",
        )
        raise _trouble(action, "expected_change", said)


def touch(one: Filter, other: Filter) -> bool:
    """Whether complaints can be meant by both filters."""
    return bool(one and other) and all(set(one[k]) & set(other[k]) for k in one.keys() & other.keys())


def _trouble(action: str, name: str, said: Words) -> Trouble:
    where = Words(f"措施 {action} 的 {name}：{said.zh}", f"measure {action}, {name}: {said.en}")
    return Trouble(Words("{zh}", "{en}"), zh=where.zh, en=where.en)
