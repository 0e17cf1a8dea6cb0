"""Stages (环节): where cases spend their time, since when it takes longer there, and how often they are handed on."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..book.ask import CLOCKS
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import load_rules
from ..words import Trouble, Words, cut, label, show
from ._stages_flow import drawn, flow_table, path_table
from ._stages_said import CLOCK, said
from ._stages_time import ALL, Steps, ask, explained_table, shift_table, stage_table, trend_table, with_total

FEWEST, MOST = 3, 24
PANELS = 4
LISTED = 5


@dataclass(frozen=True)
class Stages(Result):
    """Tables: `stages` (this period, all together last), `departments` (stage by department), `shifts` (since when
    each takes longer), `trend` (medians and 90th percentiles over the periods), `explained` (the change of the time per
    case), `paths` (hand-overs, ping-pong, rework), `flows` (from stage to stage), `examples` (longest waiting)."""

    clock: str

    method: ClassVar = "stages"
    title: ClassVar = Words("处理环节", "Stages of handling")
    reading: ClassVar = Words(
        "图中每框一个环节，自左向右为通常的先后；线越粗，走这一步的案件越多，橙色为退回；框的颜色越深，用时越多。"
        "框内为一次的中位时长和占全部用时的比例。\n"
        "中位与九成时长按本期进入该环节的案件次计算，期末未离开的以已等时长计入（Kaplan-Meier），不剔除；"
        "“只看已离开的”剔除了它们，因而偏短，偏差列在旁边。\n"
        "用时 = 案件次 × 平均时长；平均时长同样计入未离开的，每次最多计到一期之长。此前进入、至今未离开的，见“已等”一列。"
        "日志没有记离开时间的，到下一环节开始或结案时为止。\n"
        "“自何时起”是各期之间最可能的一次变动，以各期之间平时的波动检验，并就全部环节、部门校正（Benjamini-Hochberg）；"
        "缓慢的上升也会显示为中途的一次变动。\n"
        "每案用时的变化分为次数与每次时长两部分，合计恰好相等；这是算术，不是原因。每案指本期办结的每件投诉。\n"
        "不能说明的：一步之内真正办理与搁置各占多少；“等待”只指记录为等客户或第三方的时间。回访、结案等例行的往返也计入转手和乒乓。",
        "Each box is a stage, from left to right in the usual order; the thicker a line, the more cases take that step; orange "
        "lines go back; the darker a box, the more time it took. In it: the median visit and the share of all time taken.\n"
        "Medians and 90th percentiles are of the visits begun in the period; those not over at its end count with their age "
        "(Kaplan-Meier) and are not dropped. “Those over only” drops them and is too short; the bias stands beside it.\n"
        "Time taken = visits x their mean length; the mean counts visits not over too, and none for more than the length of a "
        "period. Those begun earlier and still there are in the column of hours waited. A step whose log has no time of leaving "
        "lasted until the next one began or the case was closed.\n"
        "“Since” is the most likely single change between the periods, tested against their usual wobble and corrected for "
        "all stages and departments (Benjamini-Hochberg); a slow rise shows as a change midway.\n"
        "The change of the time per case splits into number and length of visits and adds up exactly; that is arithmetic, not "
        "cause. Per case means per complaint closed in the period.\n"
        "It cannot say how much of a step is work and how much is lying still: waiting means waiting for the customer or a third "
        "party, as recorded. Routine returns (a call back, the closing) count as hand-overs and ping-pong too.",
    )

    def height(self) -> float:
        return 4.2

    def height_shifts(self) -> float:
        return 0.4 + 1.9 * max(1, -(-len(self._panels()) // 2))

    def draw(self, figure, lang: str) -> None:
        """The flow of cases through the stages."""
        self._headline(figure, lang, "stages.where")
        ax = figure.subplots()
        if "flows" not in self.tables or self.tables["flows"].empty:
            return ax.set_axis_off()
        names, moves = drawn(self.tables["flows"], self.table)
        rows = self.table.set_index("stage").reindex(names)
        notes = [self._note(row, lang) for row in rows.to_dict("records")]
        words = [label("stage", name, lang) for name in names]
        look.flow(ax, words, notes, rows["share_time"].to_numpy(float), moves)
        legend = Words(
            "框内：一次的中位时长（{clock}）、占全部用时的比例；线宽：案件次；橙色：退回",
            "in the boxes: median visit ({clock}), share of all time; width: cases; orange: going back",
        )
        ax.set_xlabel(legend.fill(lang, clock=CLOCK[self.clock][lang]), labelpad=2)

    def _note(self, row: dict, lang: str) -> str:
        if pd.isna(row["share_time"]):
            return ""
        if pd.isna(row["median_hours"]):
            return show(row["share_time"], "pct", lang)
        words = Words("{median_hours:sig} 小时 · {share_time:pct}", "{median_hours:sig} h · {share_time:pct}")
        return words.fill(lang, **row)

    def draw_shifts(self, figure, lang: str) -> None:
        """Median and 90th percentile over the periods, of what changed most or else takes most time."""
        panels = self._panels()
        if not panels:
            none = Words("各期案件太少，没有可画的走势", "too few cases to draw a trend")
            figure.text(0.5, 0.5, none[lang], ha="center")
            return
        self._headline(figure, lang, "stages.slower", "stages.faster", "stages.steady")
        axes = figure.subplots(-(-len(panels) // 2), 2, squeeze=False).ravel()
        for ax, (stage, department) in zip(axes, panels, strict=False):
            rows = self._cell(stage, department)
            look.series(ax, rows["median_hours"], rows["median_hours_low"], rows["median_hours_high"])
            ax.plot(range(len(rows)), rows["p90_hours"], color=look.ORANGE, linewidth=1.2, linestyle="--")
            ax.set_ylim(bottom=0)
            ax.yaxis.get_major_locator().set_params(nbins=4)
            look.time_axis(ax, list(rows["period"]), most=4)
            place = label("stage", stage, lang)
            if department != ALL:
                place = f"{label('department', department, lang)} · {place}"
            ax.set_title(cut(place, 44), fontsize=9.5, pad=4)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        unit = Words(
            "实线：中位时长，虚线：九成时长（小时，{clock}）",
            "line: median, dashed: 90th percentile (hours, {clock})",
        )
        figure.supxlabel(unit.fill(lang, clock=CLOCK[self.clock][lang]), fontsize=9.5, color=look.SOFT)

    def _cell(self, stage: str, department: str) -> pd.DataFrame:
        rows = self.tables["trend"]
        return rows[(rows["stage"] == stage) & (rows["department"] == department)]

    def _panels(self) -> list[tuple[str, str]]:
        """The cells to be drawn: those the findings tell of, then the stages with the most time."""
        told = [f.values for f in self.findings if f.key in ("stages.slower", "stages.faster")]
        cells = [(values["stage"], values.get("department", ALL)) for values in told if "stage" in values]
        cells += [(stage, ALL) for stage in self.table["stage"] if stage != ALL]
        cells = [
            cell for cell in dict.fromkeys(cells) if "trend" in self.tables and len(self._cell(*cell)) > 1
        ]
        return cells[:PANELS]

    def caption(self, lang: str) -> str:
        return (
            f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._told('stages.where').sentence(lang)}"
        )

    def _told(self, *keys: str) -> Finding:
        return next((f for f in self.findings if f.key in keys), self.findings[0])

    def _headline(self, figure, lang: str, *keys: str) -> None:
        look.headline(figure, cut(self._told(*keys).parts(lang)[0], 150))


def stages(book: Book, period: Period, *, clock: str = "worked", periods: int = 6) -> Stages:
    """In which stage do cases spend their time, since when does one take longer, and what explains the change per case?

    `clock`: `worked` (working minutes) or `elapsed`; `periods`: how many are looked at for a change (3 to 24). Needs the
    table events (stage, entered_at; left_at, department and waiting_on where there are any). All times in hours on the clock.

    A visit is one step of a case. Medians and 90th percentiles: Kaplan & Meier (1958) with Brookmeyer & Crowley's (1982)
    limits over the visits begun in a period, seen at its end, those not over with their age. `mean_hours`: restricted
    mean (Royston & Parmar 2013), no visit counting for more than the shorter of this period and the one before;
    `spent_hours`: visits x mean; shares are of its sum. Departments are estimated by themselves and add up to their stage
    only nearly. `shifts`: one step per stage, department and quantile (`stats.shifts.level_shifts`) with q-values over
    all (Benjamini & Hochberg 1995), where at least `min_count` visits began in the periods compared. `explained`: Kitagawa's
    (1955) split, per case closed in the period. `paths`: cases closed in the period that have events, Wilson intervals,
    against the period before. Nothing is compared across a change of the stages or departments, and a partial period
    is compared with nothing. Raises NotMeasured without events, Trouble on an unknown clock or number of periods.
    """
    if clock not in CLOCKS or not FEWEST <= periods <= MOST:
        words = Words(
            "clock 应为 worked 或 elapsed，periods 应为 {low} 到 {high}；现为 {clock}、{periods}",
            "clock is worked or elapsed, periods {low} to {high}; not {clock}, {periods}",
        )
        raise Trouble(words, low=FEWEST, high=MOST, clock=clock, periods=periods)
    if "events" not in book.tables:
        raise NotMeasured("events")
    book, statistics = book.at(period.as_of), load_rules().statistics
    history, breaks = period.history(periods), []
    for field in ("stage", "department"):
        breaks += book.breaks_in(field, history)
    broken = max((b.at for b in breaks), default=None)
    history = [p for p in history[:-1] if (broken is None or p.start >= broken) and not period.is_partial] + [
        period
    ]
    steps = ask(book, history, clock, statistics)
    table, trend = stage_table(steps, ["stage"]), trend_table(steps)
    comparable = len(history) > 1 and steps.of(-2)["n"].sum() >= statistics.min_count
    known = "department" in steps.keys
    tables = {
        "stages": with_total(table, steps),
        "departments": stage_table(steps, ["stage", "department"] if known else ["stage"]),
        "shifts": shift_table(steps, trend),
        "trend": trend,
        "flows": flow_table(book.flows(window=period)),
    }
    tables |= _per_case(book, period, steps, comparable)
    if table["still_in"].sum():
        tables["examples"] = _longest(book, period, steps.keys)
    told = said(period, clock, tables, broken)
    return Stages(
        period, tables, tuple(sorted(told, key=lambda f: (LEVELS.index(f.level), -f.weight))), clock
    )


def _per_case(book: Book, period: Period, steps: Steps, comparable: bool) -> dict[str, pd.DataFrame]:
    """What the time per closed case is made of, and how often cases were handed on or came back; empty where it cannot
    be said."""
    if "department" not in steps.keys or not book.has("complaints", "closed_at"):
        return {"explained": explained_table(steps, 0, 0), "paths": pd.DataFrame(columns=["path", "n"])}
    paths = book.paths(window=period)
    before = book.paths(window=period.previous()) if comparable else None
    cases = [0 if frame is None else int(frame["n"].sum()) for frame in (paths, before)]
    return {"explained": explained_table(steps, *cases), "paths": path_table(paths, before, steps.statistics)}


def _longest(book: Book, period: Period, keys: list[str]) -> pd.DataFrame:
    """The cases that have been in their present stage longest, with masked texts."""
    found = book.rows("events", ["complaint_id", *keys, "entered_at"], period, 4 * LISTED, basis="open")
    found["days"] = np.floor((period.as_of - found["entered_at"]) / pd.Timedelta(days=1)).astype("int64")
    known = [c for c in ("complaint_id", "text") if book.has("complaints", c)]
    cases = book.rows("complaints", known, where={"complaint_id": list(found["complaint_id"])})
    return found.merge(cases.drop_duplicates("complaint_id"), on="complaint_id").head(LISTED)
