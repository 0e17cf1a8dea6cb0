"""SLA (时限承诺): were the promises kept that fell due, where not and why, and which open cases will break them?"""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..words import Words, column, label, show
from ._sla_changes import changes_table, judge, with_changes
from ._sla_due import (
    ALL,
    Seen,
    at,
    cells,
    count,
    dispersion,
    grades_table,
    groups_table,
    look_at,
    trend_table,
)
from ._sla_open import backlog_table, listed, open_cases, spent_table
from ._sla_regulator import regulator_table
from ._sla_said import said

DRAWN = 14  # places in the picture
EMPTY = {  # every table is there, whatever is measured
    "grades": ["promise", "severity", "due"],
    "groups": ["promise", "due"],
    "changes": ["promise", "severity", "due"],
    "trend": ["promise", "period", "due"],
    "backlog": ["severity", "open"],
    "overdue": ["complaint_id", "severity", "time_over"],
    "at_risk": ["complaint_id", "severity", "chance"],
    "spent": ["stage", "time_missed", "time_met", "time_gap"],
    "regulator": ["item", "n", "out_of"],
}


@dataclass(frozen=True)
class Sla(Result):
    """Tables: `grades` (both promises by grade), `groups` (by `by`), `changes` (everything tested), `trend`, `backlog`,
    `overdue`, `at_risk`, `spent` (where late cases spent their time), `regulator`, `examples`; empty where that is not measured."""

    by: str | None

    method: ClassVar = "sla"
    title: ClassVar = Words("时限承诺", "Promises kept")
    reading: ClassVar = Words(
        "按期率 = 时限内完成的件数 ÷ 时限在本期届满的件数（应办）。到期仍未办的算未按期，绝不算作达标；时限届满前就撤诉、并案或转出的，不算应办。\n"
        "时限按等级，以工作时间计；等待客户的时间（规则中 pauses 所列）停表，只停时限届满之前的部分。重新打开的投诉按规则中的 reopened 处理；"
        "部门之间的转派不停表。\n"
        "变化与上期、去年同期相比，区间按平时各期的波动放宽，q 值就所有比较一起校正。每个变化分成两部分，相加即总变化：等级构成变了多少，"
        "同等级之内变了多少。\n"
        "“同样等级下其他部门的水平”，是其余各部门对同样的等级构成能做到的按期率，由此比较才公平。\n"
        "可能超时的机会：用该等级近六个月的生存曲线，已知它到现在还没办结，最后超过时限的概率；假定今后的快慢与近六个月相同，"
        "不考虑个案的特殊情形。\n"
        "耗时占比只是描述，没有检验：未按期的投诉本来就耗时长。监管口径的各项一律按自然日。\n"
        "不能说明的：时限是否合理，原因是什么，客户是否满意。",
        "On time = done within the limit ÷ cases whose limit ran out in the period (due). A case that is still open then has missed "
        "it and never counts as met; one that was withdrawn, merged or passed on before its limit ran out was not due.\n"
        "Limits go by grade, on the work clock. It stands still while the case waits on the customer (`pauses` in the rules), as "
        "far as that was before the limit ran out. A reopened case goes by `reopened` in the rules; a transfer between "
        "departments does not stop the clock.\n"
        "Changes are against the period before and a year ago; intervals are widened by how much shares usually wobble, q-values "
        "are over all comparisons. Every change is split in two parts that add up: through other shares of the grades, and "
        "within the grades.\n"
        "“Others at the same grades” is what the other departments keep of a like mix of grades: only that compares fairly.\n"
        "The chance to miss the limit is that of the grade’s survival curve of the last six months, given that the case is still "
        "open at its age. It takes the pace to stay as it was and knows nothing of the case itself.\n"
        "Shares of time are described, not tested: late cases are long ones. The regulator’s items are all on calendar days.\n"
        "It cannot say whether the limits are right, what the causes are, or whether customers are content.",
    )

    def height(self) -> float:
        return 1.1 + 2.5 * max(1, self._promises().size)

    def height_groups(self) -> float:
        return 1.5 + 0.36 * max(len(self._groups()), 2)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        """For each promise: its share on time over the periods with the expected range, and this period's by grade."""
        look.headline(figure, self._message().parts(lang)[0])
        names = self._promises()
        if not names.size:
            return
        axes = figure.subplots(len(names), 2, squeeze=False, width_ratios=[1.25, 1])
        for (left, right), promise in zip(axes, names, strict=True):
            self._draw_trend(left, promise, lang)
            self._draw_grades(right, promise, lang)

    def _draw_trend(self, ax, promise: str, lang: str) -> None:
        rows = self.tables["trend"]
        rows = rows[rows["promise"] == promise]
        limits = rows["on_time_from"], rows["on_time_to"]
        look.series(ax, rows["on_time"], *limits, rows["on_time_expected"], rows["outside"].to_numpy())
        ax.yaxis.get_major_locator().set_params(nbins=5, steps=[1, 2, 5, 10])
        look.axis_format(ax.yaxis, "pct", lang)
        look.time_axis(ax, list(rows["period"]), most=4)
        grey = Words("按期率（灰色带：预期区间）", "on time (grey: expected range)")[lang]
        mark = "：" if lang == "zh" else ": "
        ax.set_title(f"{label('promise', promise, lang)}{mark}{grey}", fontsize=10, pad=6)

    def _draw_grades(self, ax, promise: str, lang: str) -> None:
        rows = self.tables["grades"]
        rows = rows[(rows["promise"] == promise) & (rows["severity"] != ALL)]
        notes = [f"{show(r.on_time, 'pct', lang)} ({show(r.due, 'int', lang)})" for r in rows.itertuples()]
        colours = [_colour(moved) for moved in rows.get("moved_previous", rows["severity"])]
        names = [label("severity", grade, lang) for grade in rows["severity"]]
        limits = rows["on_time_low"], rows["on_time_high"]
        look.bars(ax, names, rows["on_time"], *limits, colours, notes, "pct", lang)
        ax.set_xlim(0, 1.42)
        ax.set_xticks([0, 0.5, 1])
        ax.set_title(
            Words("本期各等级（应办件数）", "This period by grade (cases due)")[lang], fontsize=10, pad=6
        )

    def draw_groups(self, figure, lang: str) -> None:
        """This period's share on time by place, beside what the others keep of a like mix of grades."""
        rows = self._groups()
        if rows.empty:
            none = Words("没有可分的部门或类别", "Nothing to divide by")
            return figure.text(0.5, 0.5, none[lang], ha="center")
        promise = rows["promise"].iloc[0]
        what = column(self.by).words
        head = Words(
            f"{label('promise', promise, 'zh')}按期率，按{what.zh}",
            f"{label('promise', promise, 'en')} on time by {what.en.lower()}",
        )
        ax = figure.subplots()
        look.headline(figure, head[lang])
        colours = [
            {"below": look.ORANGE, "above": look.GREEN, "few": look.LINE}.get(v, look.BLUE)
            for v in rows["apart"]
        ]
        notes = [f"{show(r.on_time, 'pct', lang)} ({show(r.due, 'int', lang)})" for r in rows.itertuples()]
        names = [label(self.by, code, lang) for code in rows[self.by]]
        limits = rows["on_time_low"], rows["on_time_high"]
        look.bars(ax, names, rows["on_time"], *limits, colours, notes, "pct", lang, rows["on_time_standard"])
        told = Words(
            "◇ 其他各家在同样的等级构成下的水平；橙：明显低于它，绿：明显高于它（括号内为应办件数）",
            "◇ what the others keep of the same grades; orange: clearly below it, green: above (cases due)",
        )
        ax.set_xlabel(told[lang])

    def _promises(self):
        return self.tables["grades"]["promise"].unique()

    def _groups(self) -> pd.DataFrame:
        rows = self.tables["groups"]
        return rows[rows["promise"] == rows["promise"].iloc[-1]].head(DRAWN) if len(rows) else rows

    def _message(self) -> Finding:
        wanted = ("sla.resolution", "sla.first_response")
        return next((f for key in wanted for f in self.findings if f.key == key), self.findings[0])


def _colour(moved: str) -> str:
    return {"down": look.ORANGE, "up": look.GREEN}.get(moved, look.BLUE)


def sla(book: Book, period: Period, *, by: str = "department") -> Sla:
    """Which share of the promises that fell due was kept, where not and why, and which open cases will break theirs?

    The promises are the limits of `data/rules.toml` by grade, for the first response and the resolution, in minutes on the
    work clock less the time a case waited on one of `sla.pauses`. On time = met / due: due are the cases whose limit ran out
    in the period (`Book.due`), whenever received; one still open then has missed it. `by`: a dimension of complaints.

    Intervals: Wilson (1927). Changes against the period before and the same of last year: Newcombe's (1998) interval and
    Fisher's mid-p, widened by the dispersion of each share over earlier periods (Laney 2002); q-values over all cells and gaps
    (Benjamini & Hochberg 1995). Each change is split into mix and rate over the grades (Kitagawa 1955), which add up. Trend: a
    p' chart. The chance of an open case to miss its limit: S(limit) / S(age) of its grade's Kaplan-Meier (1958) curve
    over the cases received in the last six months.

    A period that is not over is not compared. Raises NotMeasured where neither promise nor closing is recorded.
    """
    book = book.at(period.as_of)
    if pd.isna(book.span()[0]):
        nothing = {name: pd.DataFrame(columns=columns) for name, columns in EMPTY.items()}
        words = Words(
            "截至{period:period}没有任何投诉记录|。", "No complaints on record up to {period:period}|."
        )
        return Sla(period, nothing, (Finding("sla.empty", "note", words, {"period": period}, 0.5),), None)
    seen = look_at(book, period, by)
    measured = seen.promises or book.has("complaints", "closed_at")
    if not measured and book.counts()["n"].iloc[0] >= seen.rules.statistics.min_count:
        graded = book.has("complaints", "severity")
        raise NotMeasured("complaints.resolved_at" if graded else "complaints.severity, complaints.closed_at")
    tables = _tables(seen)
    found = sorted(said(seen, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Sla(period, tables, tuple(found), seen.by)


def _tables(seen: Seen) -> dict[str, pd.DataFrame]:
    grades, groups, changes, found = [], [], [], {}
    for promise in seen.promises:
        counts = count(seen, promise)
        if not at(counts, seen.period)["due"].sum():
            continue
        found[promise.name] = cells(counts)
        asked = seen, promise, found[promise.name], counts, dispersion(seen, found[promise.name])
        grades.append(grades_table(*asked[:3]))
        groups.append(groups_table(*asked))
        changes.append(changes_table(*asked))
    tables = {name: pd.DataFrame(columns=columns) for name, columns in EMPTY.items()}
    if grades:
        grade, group, change = (pd.concat(parts, ignore_index=True) for parts in (grades, groups, changes))
        judge(change, group, seen.rules.statistics.fdr)
        tables["grades"] = with_changes(grade, change, "severity", seen.place)
        if seen.by:
            tables["groups"] = with_changes(group, change, seen.by, "severity")
        tables["changes"] = change if seen.by else change.drop(columns=seen.place)
        tables["trend"] = trend_table(seen, found)
    for promise in seen.promises:
        if promise.name == "resolution":
            cases = open_cases(seen, promise)
            tables |= {"backlog": backlog_table(seen, promise, cases), **listed(seen, cases)}
            if seen.book.has("events", "stage"):
                tables["spent"] = spent_table(seen, promise)
    return tables | {"regulator": regulator_table(seen.book, seen.period)}
