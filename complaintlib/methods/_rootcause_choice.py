"""Which reason `rootcause` looks into: the one with most beyond what the periods before lead to expect."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import Stretch, whole_history
from ..period import Period
from ..rules import load_rules
from ..schema import BLANK
from ..stats.charts import u_chart
from ..stats.intervals import rate_ratio
from ..stats.multiple import benjamini_hochberg
from ..words import LANGUAGES, Trouble, Words, label

DIMS = (
    "product", "region", "city", "company", "business_area", "channel", "segment", "age_band", "gender", "occupation",
)  # fmt: skip
EARLIER, ENOUGH = 12, 3  # periods before, and the fewest that tell what to expect
FEWEST = 5  # cases of a reason that is chosen because it has grown
BEYOND = ("beyond", "beyond_low", "beyond_high")


@dataclass(frozen=True)
class Seen:
    """The reason looked into, and what is known around it."""

    book: Book
    period: Period
    reasons: pd.DataFrame
    reason: str = ""
    dims: tuple[str, ...] = ()
    past: tuple[Period, ...] = ()  # the periods before that can be compared; none where too few
    measure: str = ""
    scale: float = np.nan  # volume of the period by that of those before: cases due for each of theirs
    hours: pd.DataFrame = field(
        default_factory=pd.DataFrame
    )  # cases by day, minute (of the hour of receipt), reason

    @property
    def where(self) -> dict[str, str]:
        return {"reason": self.reason}

    @property
    def before(self) -> Stretch:
        return Stretch(self.past[0].start, self.period.start, self.period.as_of, "")

    @property
    def grown(self) -> bool:
        """Whether there are surely more cases of the reason than the periods before lead to expect."""
        return bool((self.reasons.loc[self.reasons["reason"] == self.reason, "moved"] == "up").any())


def ask(book: Book, period: Period, reason: str = "") -> Seen:
    """Chooses the reason, if none is given. Raises NotMeasured without reasons, Trouble for a reason that is not known."""
    if not book.has("complaints", "reason"):
        if book.has("complaints", "received_at"):
            raise NotMeasured("complaints.reason")
        return Seen(book, period, reasons_table(pd.Series(dtype=int), pd.DataFrame(), np.empty(0)))
    past = [] if period.is_partial else whole_history(book, period, EARLIER + 1)[0][:-1]
    past = [p for p in past if not book.breaks_in("reason", [p, period])]
    past = past if len(past) >= ENOUGH else []
    periods = [*past, period]
    found = book.series("complaints", ["reason"], periods).pivot(index="period", columns="reason", values="n")
    counts = found.reindex([p.text for p in periods]).fillna(0)
    measure, volume = _volume(book, periods)
    table = reasons_table(counts.iloc[-1], counts.iloc[:-1], volume)
    return Seen(
        book,
        period,
        table,
        _named(reason, table) if reason else _neediest(table),
        tuple(d for d in DIMS if book.has("complaints", d)),
        tuple(past),
        measure,
        volume[-1] / volume[:-1].sum() if past else np.nan,
        book.slots("complaints", period, ["reason"], 60),
    )


def _volume(book: Book, periods: Sequence[Period]) -> tuple[str, np.ndarray]:
    """Orders by period where they are known throughout, else days."""
    if book.has("exposure", "value"):
        orders = book.exposure("orders", periods)["value"].to_numpy(float)
        if len(orders) == len(periods) and (orders > 0).all():
            return "orders", orders
    return "", np.array([p.days for p in periods], float)


def reasons_table(now: pd.Series, then: pd.DataFrame, volume: np.ndarray) -> pd.DataFrame:
    """Every reason by how many cases it has more than the periods before lead to expect (`beyond`), with q over all of them.

    The rate per unit of volume against that of the periods before (exact conditional interval), as much wider as the
    reason's rate wobbles from period to period (Laney 2002). Those surely grown, of `FEWEST` cases, come first; the rest by size.
    """
    names = [name for name in now.index if name != BLANK]
    table = pd.DataFrame({"reason": pd.Series(names, dtype=object), "n": now[names].to_numpy("int64")})
    if names and len(then):
        statistics = load_rules().statistics
        total = volume[:-1].sum()
        table["n_then"] = then[names].sum().to_numpy("int64")
        table["n_due"] = table["n_then"] * volume[-1] / total
        spread = np.array([_wobble(then[name].to_numpy(), volume[:-1]) for name in names])
        spread = np.fmax(spread, np.median(spread))
        ratio = rate_ratio(table["n"], volume[-1], table["n_then"], total, spread, statistics.confidence)
        due = table["n_due"].where(table["n_due"] > 0)
        table["beyond"] = table["n"] - table["n_due"]
        table["beyond_low"], table["beyond_high"] = (due * (ratio[end] - 1) for end in ("low", "high"))
        table["q"] = benjamini_hochberg(ratio["p"])
        sure = table["q"] <= statistics.fdr
        up, down = sure & (ratio["low"] > 1), sure & (ratio["high"] < 1)
        table["moved"] = np.select([table["q"].isna(), up, down], ["few", "up", "down"], "same")
    else:
        table = table.assign(**dict.fromkeys(["n_then", "n_due", *BEYOND, "q"], np.nan), moved="none")
    up = (table["moved"] == "up") & (table["n"] >= FEWEST)
    order = table.assign(rest=~up, size=-table["beyond"].where(up, table["n"]))
    return table.loc[order.sort_values(["rest", "size", "reason"], kind="stable").index].reset_index(
        drop=True
    )


def _wobble(counts: np.ndarray, volume: np.ndarray) -> float:
    if len(counts) < 6 or counts.mean() < 5:
        return 1.0
    return u_chart(counts, volume, limits="shewhart").sigma_z ** 2


def _neediest(table: pd.DataFrame) -> str:
    """The reason most beyond expectation of those that surely are; else the largest. The table's first row."""
    table = table[table["n"] > 0]
    return table["reason"].iloc[0] if len(table) else ""


def _named(reason: str, table: pd.DataFrame) -> str:
    """The code of a reason that is given as a code or in words."""
    known = list(table["reason"])
    words = {label("reason", code, lang): code for code in reversed(known) for lang in LANGUAGES}
    words |= {code: code for code in known}
    if reason in words:
        return words[reason]
    near = get_close_matches(reason, words, 1)
    raise Trouble(
        Words(
            "本期和此前各期都没有原因“{reason}”" + ("；是否应为“{near}”？" if near else ""),
            "there is no reason “{reason}” in this period or those before"
            + ("; did you mean “{near}”?" if near else ""),
        ),
        reason=reason,
        near="".join(near),
    )
