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
RECENT = pd.Timedelta(days=31)  # a report on data no older than this tells what is planned now
MANY = 1000


def register(book: Book, period: Period) -> pd.DataFrame:
    """One row a measure, in the order in which they began (those not begun last), as known at the period's `as_of`.

    `status`: planned, in_progress, done or cancelled, by the dates rather than by what was written later;
    `days_overdue`, where it is due and not done. Raises NotMeasured where there is no register.

    A register does not say when a measure was entered. One that has not begun is taken for a later one, and left out, where
    it was not due by then and complaints have come for more than `RECENT` since; or where its filters name what only came
    up since.
    """
    now = period.as_of
    known = [name for name in COLUMNS if book.has("actions", name)]
    rows = book.rows("actions", ["action_id", *known], limit=MANY).reindex(columns=["action_id", *COLUMNS])
    for name in TIMES:
        rows[name] = pd.to_datetime(rows[name]).astype("datetime64[us]")
    rows["done_on"] = rows["done_on"].where(rows["done_on"] < now)
    old = book.at(None).span("complaints")[1] > now + RECENT
    later = [_entered_later(row, book, now, old) for row in rows.to_dict("records")]
    rows = rows[~np.array(later, bool)]
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


def _entered_later(action: Mapping[str, Any], book: Book, now: pd.Timestamp, old: bool) -> bool:
    """Whether a measure that has not begun came onto the register after `now`; `old`: whether that is long ago."""
    if pd.notna(action["started_on"]) or pd.notna(action["done_on"]):
        return False
    return (old and not action["due_on"] < now) or (
        _reads(action, book.at(None)) and not _reads(action, book)
    )


def _reads(action: Mapping[str, Any], book: Book) -> bool:
    try:
        return all(filter_of(action, name, book) is not None for name in ("target", "control"))
    except Trouble:
        return False


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
