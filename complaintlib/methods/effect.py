"""Effect (措施效果): did the measure work, by how much, and how sure is that?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..indicators import check_measure
from ..period import Period
from ..result import Finding, Result
from ..rules import load_rules
from ..words import Trouble, Words, label, show
from ._effect_judged import JUDGED, Judged, judge_all
from ._effect_register import register
from ._effect_said import findings
from ._effect_series import Seen
from ._effect_tables import (
    IN_DEPTH,
    action_table,
    approaches_table,
    aspects_table,
    placebo_table,
    practice_table,
    series_table,
    together_table,
    verdict_table,
)

COLOURS = {"effective": look.GREEN, "partly": look.YELLOW, "not_shown": look.SOFT}


@dataclass(frozen=True)
class Effect(Result):
    """Tables: `actions` (a row a measure), `verdicts`, `together` (not to be told apart); of the measure in depth `series`,
    `aspects` (level, slope, average), `approaches` (the question asked otherwise), `donors`, `practice`, `placebos`,
    `examples`."""

    action: str  # the measure in depth; empty: none can be judged

    method: ClassVar = "effect"
    title: ClassVar = Words("措施效果", "Effect of measures")
    reading: ClassVar = Words(
        "灰色带是没有措施时单期件数的 95% 预期区间：由措施之前的趋势、季节、春节和业务量推算，并假定这一趋势会延续；橙线为实施后的水平。空心点不计入（部分实施，"
        "或措施前的高点）。\n"
        "判断依据是实施以来的平均变化；另列实施当时的水平变化和此后的斜率变化。相邻各期的相关（REML，一阶自回归）和各期额外波动已计入。"
        "在没有作用的模拟序列中（12+6 至 36+12 期，相关 0 至 0.4，含专挑最差月份之后），误判“有效”的不超过 4%。\n"
        "有效：区间全在承诺方向一侧，在全部措施中仍成立，在没有措施的日子不常见，对照也不否定；且不明显低于承诺。未达承诺：确有作用，"
        "但不到承诺的一半，或区间整个低于承诺。未见成效不等于没有作用：表中写明多大的变化本可以看出来（把握 80%）。\n"
        "满 6 个月按月判断；不足 6 个月而满 13 周的按周；再短则尚不能判断。有对照时，采用措施前更精确的那一种比较。\n"
        "避免的件数 = 实施后的件数 ÷ 平均变化倍数 − 实施后的件数；是估计，不是记录。\n"
        "不能说明的：同一时间发生的其他事情；投诉是否转到了别的类别、渠道，或不再来投诉。",
        "The grey band is the 95% range in which a single period would lie without the measure: from trend, season, Spring "
        "Festival and volume before it, if that trend went on; the orange line is the level since. Hollow points are left out (partly in force, or the high "
        "before the measure).\n"
        "The verdict rests on the average change since the start; the change of level at the start and of the slope after it "
        "are listed too. Correlation of neighbouring periods (REML, first-order autoregression) and their further wobble are "
        "allowed for. In simulated series without any effect (12+6 to 36+12 periods, correlation 0 to 0.4, also right after "
        "the worst month) at most 4% were wrongly called effective.\n"
        "Works: the interval lies wholly on the promised side, also among all measures judged, not common on dates without a "
        "measure, not denied by the control; and not clearly below the promise. Short of the promise: real, but less than half of "
        "it, or the whole interval is below it. No effect shown does not mean none: the table says how large a change could "
        "have been seen (with a chance of 80%).\n"
        "From 6 whole months on it is judged by months; with fewer, but 13 whole weeks, by weeks; before that it is too early. "
        "With a control, the comparison that was the more precise before the measure decides.\n"
        "Complaints avoided = those that came ÷ the average ratio − those that came: an estimate, no record.\n"
        "It cannot say: what else happened at that time, and whether complaints moved to another category or channel, or are "
        "no longer made.",
    )

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._told().sentence(lang)}"

    def _told(self) -> Finding:
        own = [f for f in self.findings if self.action and f.values.get("action_id") == self.action]
        return (own or list(self.findings))[0]

    def draw(self, figure, lang: str) -> None:
        """The series of the measure in depth, against what would have come without it."""
        look.headline(figure, self._told().parts(lang)[0])
        ax = figure.subplots()
        if self.tables["series"].empty:
            ax.set_axis_off()
            return
        rows = self.tables["series"]
        n = rows["n"].astype(float).to_numpy()
        aside = rows["phase"].isin(["between", "extreme"]).to_numpy()
        look.series(ax, n, rows["n_low"], rows["n_high"], rows["expected"])
        ax.plot(
            np.flatnonzero(aside),
            n[aside],
            "o",
            color="white",
            markeredgecolor=look.BLUE,
            markersize=5,
            zorder=5,
        )
        start = float((rows["phase"].isin(["before", "extreme"])).to_numpy().nonzero()[0][-1]) + 0.5
        fitted = rows["fitted"].astype(float).where(rows["phase"] == "after")
        ax.plot(fitted, color=look.ORANGE, linewidth=1.8, zorder=4)
        ax.axvline(start, color=look.ORANGE, linewidth=1.2, zorder=2)
        own = self.table[self.table["action_id"] == self.action].iloc[0]
        said = f" {show(own['started_on'], 'day', lang)} "
        side = "right" if start > 0.7 * len(rows) else "left"
        ax.text(
            start,
            0.98,
            said,
            va="top",
            ha=side,
            transform=ax.get_xaxis_transform(),
            fontsize=9,
            color=look.ORANGE,
        )
        top = np.nanmax(np.append(n, rows["n_high"].astype(float)[rows["phase"] != "extreme"]), initial=1)
        ax.set_ylim(0, 1.08 * top)
        look.axis_format(ax.yaxis, "int", lang)
        look.time_axis(ax, list(rows["period"]))
        grain = (
            Words("每月件数", "complaints a month")
            if own["grain"] == "month"
            else Words("每周件数", "complaints a week")
        )
        ax.set_title(
            grain[lang]
            + Words(
                "（灰：没有措施时应有；橙：实施后的水平）",
                " (grey: due without the measure; orange: the level since)",
            )[lang],
            fontsize=10.5,
            pad=6,
        )

    def height_actions(self) -> float:
        return 1.6 + 0.42 * max(len(self._judged()), 1)

    def draw_actions(self, figure, lang: str) -> None:
        """Every measure that is judged: its effect with the interval, and what was promised."""
        rows, ax = self._judged(), figure.subplots()
        at = np.arange(len(rows))
        for y, row in zip(at, rows.to_dict("records"), strict=True):
            colour = COLOURS[row["verdict"]]
            ax.plot(
                [row["altered_low"], row["altered_high"]],
                [y, y],
                color=colour,
                linewidth=2.2,
                solid_capstyle="butt",
            )
            ax.plot(row["altered"], y, "o", color=colour, markersize=7)
            ax.plot(row["promised"], y, "D", color="white", markeredgecolor=look.INK, markersize=6)
            ax.annotate(label("verdict", row["verdict"], lang), (1.01, y), xycoords=("axes fraction", "data"),
                        va="center", fontsize=9, color=look.SOFT)  # fmt: skip
        ax.axvline(0, color=look.INK, linewidth=0.9)
        ax.set_yticks(at, [look.name(label("title", text, lang)) for text in rows["title"]])
        ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        ax.grid(visible=True, axis="x")
        ax.grid(visible=False, axis="y")
        look.axis_format(ax.xaxis, "pct", lang)
        what = Words(
            "所针对投诉的平均变化（线：95% 区间；菱形：承诺）",
            "average change of the complaints (line: 95%; diamond: promised)",
        )
        ax.set_title(what[lang], fontsize=10.5, pad=6)

    def _judged(self) -> pd.DataFrame:
        return self.table[self.table["verdict"].isin(JUDGED)]


def effect(book: Book, period: Period, *, action: str = "", measure: str = "orders") -> Effect:
    """Did the measures on the register work? One page for all of them, and one (`action`, by its id) in depth.

    Counted are the complaints of a measure's `target` in whole months (from 6 after its start on) or weeks (from 13 on), at
    most 36 months before and 12 after; per `measure` (orders, customers, contacts) where known, else per day.
    `altered`, `promised`, `smallest_effect`: relative changes, -0.3 is three in ten fewer; `avoided`: complaints.

    Interrupted time series with level and slope change, season, Spring Festival and first-order autocorrelation
    (`stats.interrupted`; Wagner et al. 2002; Lopez Bernal et al. 2017), beside the measure's `control` and a synthetic
    one (`stats.synthetic`; Abadie et al. 2010). The highest of the twelve months before, if among the last three, is left
    out: it may be why something was done (regression to the mean). Verdicts: q-values over all measures judged (Benjamini &
    Hochberg 1995), dates without a measure, the control, half of the promise. A break of the taxonomy gets a step of its own.
    Raises NotMeasured without a register, Trouble where `action` is not on it or `measure` is unknown. It assumes that
    nothing else changed when the measure began.
    """
    check_measure(measure)
    book = book.at(period.as_of)
    if "actions" not in book.tables:
        raise NotMeasured("actions")
    actions = register(book, period)
    if action and action not in set(actions["action_id"]):
        raise Trouble(
            Words(
                "台账上没有措施“{action:text}”；有 {known:text}",
                "no measure “{action:text}” on the register; there are {known:text}",
            ),
            action=action,
            known=list(actions["action_id"]),
        )
    seen = Seen(book, period, measure)
    judged = judge_all(seen, actions, load_rules().statistics.fdr)
    chosen = _chosen(judged, action)
    tables = {
        "actions": action_table(judged),
        "verdicts": verdict_table(judged),
        "together": together_table(judged),
        **_in_depth(seen, chosen, judged),
    }
    found = findings(period, judged, tables, chosen)
    return Effect(period, tables, found, "" if chosen is None else chosen.action["action_id"])


def _chosen(judged: Sequence[Judged], action: str) -> Judged | None:
    """The measure told in depth: the one named, else the latest one that is done and judged, else the latest of the others."""
    if action:
        named = next(one for one in judged if one.action["action_id"] == action)
        return named if named.series is not None else None
    for verdicts, states in (
        (JUDGED, ("done",)),
        (JUDGED, ("in_progress",)),
        (("too_early",), ("done", "in_progress")),
    ):
        among = [one for one in judged if one.verdict in verdicts and one.action["status"] in states]
        if among:
            return among[-1]
    return None


def _in_depth(seen: Seen, one: Judged | None, judged: Sequence[Judged]) -> dict[str, pd.DataFrame]:
    tables = {name: pd.DataFrame(columns=columns) for name, columns in IN_DEPTH.items()}
    if one is None:
        return tables
    tables["series"] = series_table(one)
    if one.found is not None:
        tables["aspects"] = aspects_table(one)
        tables["approaches"], tables["donors"] = approaches_table(seen, one, judged)
        tables |= {"practice": practice_table(seen, one), "placebos": placebo_table(one)}
    if seen.book.has("complaints", "text"):
        columns = ["complaint_id", "received_at", *one.target, "text"]
        tables["examples"] = seen.book.rows(
            "complaints", columns, seen.period, limit=5, where=one.target, latest=True
        )
    return tables
