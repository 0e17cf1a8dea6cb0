"""Two small methods for the tests of the report, with hostile texts in them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from complaintlib.book import Book, NotMeasured
from complaintlib.period import Period
from complaintlib.result import Finding, Result, Shown
from complaintlib.words import Words


@dataclass(frozen=True)
class Toy(Result):
    method: ClassVar = "toy"
    title: ClassVar = Words("玩具", "Toy")
    reading: ClassVar = Words("数一数。", "It counts.")

    def draw(self, figure, lang):
        from complaintlib import look

        ax = figure.subplots()
        look.bars(ax, self.table.iloc[:, 0], self.table["n"], form="int", lang=lang)
        look.headline(figure, self.findings[0].parts(lang)[0])


@dataclass(frozen=True)
class Headline(Toy):
    method: ClassVar = "headline"
    title: ClassVar = Words("总览", "Headline")

    def draw(self, figure, lang):
        from complaintlib import look

        look.series(figure.subplots(), self.tables["history"]["value"])


def toy(book: Book, period: Period, *, by: str = "reason", level: str = "watch") -> Toy:
    """Complaints of the period by a dimension."""
    book = book.at(period.as_of)
    counted = book.counts(by=[by], window=period).sort_values(
        ["n", by], ascending=[False, True], ignore_index=True
    )
    cases = book.rows("complaints", ["complaint_id", "received_at", by, "text"], period, limit=3)
    words = Words("{first:reason}最多|，{n:int} 件。", "{first:reason} comes first|, {n:int} cases.")
    values = {"first": counted[by].iloc[0], "n": int(counted["n"].iloc[0])}
    return Toy(
        period, {"counts": counted, "examples": cases}, (Finding("toy.first", level, words, values, 0.7),)
    )


def headline(book: Book, period: Period) -> Headline:
    """Two indicators and their history."""
    book = book.at(period.as_of)
    periods = period.history(13)
    came = book.series(periods=periods)
    history = pd.DataFrame(
        {
            "period": came["period"],
            "indicator": "received",
            "value": came["n"].astype(float),
            "low": came["n"] * 0.8,
            "high": came["n"] * 1.2,
        }
    )
    row = {
        "indicator": "received",
        "form": "int",
        "value": float(came["n"].iloc[-1]),
        "change": float(came["n"].iloc[-1] - came["n"].iloc[-2]),
        "compared": "previous",
        "verdict": "worse",
        "good": "none",
        "n": int(came["n"].iloc[-1]),
    }
    none = {"indicator": "nps", "form": "int", "value": np.nan, "change": np.nan, "verdict": "none", "n": 0}
    words = Words(
        "{n:int} 件投诉|，比上期{change:+int} 件。",
        "{n:int} complaints|, {change:+int} on the period before.",
    )
    found = Finding("headline.received", "note", words, {"n": row["value"], "change": row["change"]}, 0.95)
    tables = {"indicators": pd.DataFrame([row, none]), "history": history}
    return Headline(period, tables, (found,))


def seer(book: Book, period: Period, *, register: str = "") -> Toy:
    """The next two periods are expected to be as this one; what was expected of this one stands beside what came."""
    counted = (
        book.at(period.as_of).counts(by=["reason"], window=period).sort_values("reason", ignore_index=True)
    )
    made = [
        {
            "as_of": period.as_of,
            "indicator": "received",
            "by": "reason",
            "key": key,
            "period": period.shifted(h).text,
            "h": h,
        }
        | {"mean": n, "lower": n - 5, "upper": n + 5.5, "level": 0.9, "model": "same"}
        for key, n in counted.itertuples(index=False)
        for h in (1, 2)
    ]
    scores = pd.DataFrame({"as_of": [], "key": [], "n": []})
    if register:
        known = pd.read_csv(register, encoding="utf-8")
        scores = known.loc[known["period"] == period.text, ["as_of", "key"]].merge(
            counted, left_on="key", right_on="reason"
        )
        scores = scores[["as_of", "key", "n"]]
    words = Words("核对了 {n:int} 个旧预测", "{n:int} earlier forecasts were judged")
    found = Finding("seer.judged", "note", words, {"n": len(scores)})
    return Toy(period, {"counts": counted, "scores": scores, "register": pd.DataFrame(made)}, (found,))


def trip(fault: str) -> Shown:
    """Nothing, or a fault of that name."""
    if fault == "not measured":
        raise NotMeasured("surveys.csat")
    if fault == "phone":
        return Shown("<p>call 13800138000</p>")
    if fault == "script":
        return Shown("<script>alert(1)</script><p onclick='x()'>shown</p><svg onload=alert(1)></svg>")
    return Shown("")
