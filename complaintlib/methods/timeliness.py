"""Timeliness (时效): how long customers wait for a first response and a resolution, the open cases counted too."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, Result
from ..words import Trouble, Words, label, show
from . import _timeliness_tables as tables_of
from ._shares import ALL
from ._timeliness_said import CLOCK, STEP, said
from ._timeliness_tables import CLOCKS, STEPS, Seen

DRAWN = 10  # categories in the picture
TICKS = {
    "elapsed": (1, 10, 60, 240, 1440, 4320, 10080, 43200, 129600, 525600),
    "worked": (1, 5, 15, 60, 240, 960, 3600, 14400, 57600),
}
LINES = {"this": (look.BLUE, "-"), "previous": (look.ORANGE, "--"), "last_year": (look.SOFT, ":")}


@dataclass(frozen=True)
class Timeliness(Result):
    """Tables: `times` (all cases and each category of this period), `speed` (against earlier periods), `within` (shares
    within limits), `ends` (how cases ended by when), `views` (with and without the open cases), `summary` (both steps on
    both clocks), `curves` (the drawn ones), `examples` (the longest open ones)."""

    by: str
    step: str
    clock: str

    method: ClassVar = "timeliness"
    title: ClassVar = Words("处理时效", "Timeliness")
    reading: ClassVar = Words(
        "时长从收到投诉算起；“工作时间”只计排班内的分钟，“自然时间”计全部分钟，含周末与长假，故有长假的一期显得慢。所看的是本期收到的投诉，期末仍未了结的按已等待的"
        "时间计入（Kaplan-Meier 法），不丢弃；撤诉、并案、转出的投诉计至其结束为止，所占比例另见“如何结束”表。\n"
        "中位时长：一半投诉在此之内办到；“九成在”同理。区间为对数尺度上的 95% 区间，与 R 的 survfit 相同；没有数字，即尚未等到那么久。"
        "时限内占比的区间为按有效件数计算的 Wilson 区间。\n"
        "与上期、去年同期之差，是每件平均用时之差，每件最多计到“时限”栏所示（限定均值）：负数为省下的时间。各类别的检验经 "
        "Benjamini-Hochberg 法合并校正；件数太少的不检验。构成所致与同类所致两部分之和，等于按类别加权的平均之差。\n"
        "“本期办到”是只看本期办到的投诉的通常算法，“已办到”还只看本期收到的；两者都丢掉了仍在等的投诉，偏差列在旁边。\n"
        "不能说明的：快慢的原因；疑难件若被有意搁置，曲线看不出来；期末前收到的投诉都以同样的方式被截断，才算得准。",
        "Times run from when the complaint was received; “working time” has the minutes of the shifts, “calendar time” all of "
        "them, so that a period with long holidays looks slow. What is seen are the complaints received in the period; those still waiting at its end count as far as they "
        "have come (Kaplan-Meier) and are not dropped. Cases withdrawn, merged or passed on count until then; the table of "
        "ends gives their shares.\n"
        "The median: half of the cases came to it within that time; likewise nine in ten. Intervals are 95% ones on the log "
        "scale, as R's survfit gives; where a number is missing, nobody has been seen to wait so long. Shares within a limit "
        "have Wilson intervals for the effective number of cases.\n"
        "The difference against an earlier period is that of the mean time per case, of which at most the limit shown is "
        "counted (restricted mean): below zero is time saved. The tests of all categories are corrected by Benjamini-Hochberg; too few "
        "cases are not tested. The parts due to the mix and to like cases add up to the change of the mean weighted by "
        "category.\n"
        "“Ended in the period” is the usual way, of whatever came to its end then; “ended so far” has only those received in "
        "it. Both drop the cases that still wait; the bias stands beside them.\n"
        "It cannot say: why cases are slow; or whether hard ones are put aside on purpose, which no curve shows.",
    )

    def height(self) -> float:
        return max(4.0, 1.7 + 0.34 * min(len(self.table), DRAWN + 1))

    def draw(self, figure, lang: str) -> None:
        """Left the share still waiting, this period and earlier ones; right the medians by category."""
        told = next((f for f in self.findings if f.key == "timeliness.median"), self.findings[0])
        look.headline(figure, told.parts(lang)[0])
        rows, parts = self.drawn(), []
        if self.tables["curves"]["waiting"].notna().any():
            parts.append(self._curves)
        if len(rows) > 1:
            parts.append(self._medians)
        for ax, part in zip(figure.subplots(1, max(len(parts), 1), squeeze=False)[0], parts, strict=False):
            part(ax, lang)
        if not parts:
            figure.axes[0].set_axis_off()

    def drawn(self) -> pd.DataFrame:
        """The rows of the picture: all cases, and the categories with most of them that have a median."""
        return self.table[self.table["median"].notna()].head(DRAWN + 1)

    def _curves(self, ax, lang: str) -> None:
        curves, names = self.tables["curves"], {"this": self.period.name_in(lang)}
        for compared, rows in curves.groupby("compared", sort=False):
            colour, style = LINES[compared]
            ax.step(
                rows["limit"],
                rows["waiting"],
                where="post",
                color=colour,
                linestyle=style,
                linewidth=1.7,
                label=names.get(compared) or label("compared_period", compared, lang),
            )
            if compared == "this":
                low, high = rows["waiting_low"], rows["waiting_high"]
                ax.fill_between(rows["limit"], low, high, step="post", color=colour, alpha=0.16, linewidth=0)
        first, last = curves["limit"].min(), curves["limit"].max()
        ax.set_xscale("log")
        ax.set_xlim(first, last)
        ticks: list[int] = []
        for t in TICKS[self.clock]:  # as many as there is room for
            if first <= t <= last and (not ticks or np.log(t / ticks[-1]) > 0.17 * np.log(last / first)):
                ticks.append(t)
        form = tables_of.FORMS[self.clock]
        ax.set_xticks(ticks, [show(float(t), form, lang) for t in ticks])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        ax.set_ylim(0, 1.02)
        ax.axhline(0.5, color=look.LINE, linewidth=0.9, zorder=0)
        look.axis_format(ax.yaxis, "pct", lang)
        ax.legend(loc="lower left")
        ax.set_title(self._waiting()[lang], fontsize=10.5, pad=6)
        ax.set_xlabel(Words(f"已等待（{CLOCK[self.clock].zh}）", f"waited ({CLOCK[self.clock].en})")[lang])

    def _waiting(self) -> Words:
        step = STEP[self.step]
        return Words(f"尚未{step.zh}的占比", f"still waiting for the {step.en.lower()}")

    def _medians(self, ax, lang: str) -> None:
        rows, form = self.drawn(), tables_of.FORMS[self.clock]
        then = self.tables["speed"]
        then = then[then["compared"] == "previous"].set_index(self.by)["median_then"]
        labels = [label(self.by, code, lang) for code in rows[self.by]]
        colours = [look.BLUE if code == ALL else look.PALE for code in rows[self.by]]
        notes = [show(value, form, lang) for value in rows["median"]]
        marks = rows[self.by].map(then.to_dict()).astype(float) if then.notna().any() else None
        look.bars(
            ax,
            labels,
            rows["median"],
            rows["median_low"],
            rows["median_high"],
            colours,
            notes,
            form,
            lang,
            marks,
        )
        ax.tick_params(axis="x", bottom=False, labelbottom=False)  # the numbers stand behind the bars
        mark = "" if marks is None else Words("，◇ 上期", "; ◇ the period before")[lang]
        ax.set_title(Words("中位时长", "median")[lang] + mark, fontsize=10.5, pad=6)


def timeliness(
    book: Book, period: Period, *, by: str = "channel", clock: str = "worked", step: str = "resolution"
) -> Timeliness:
    """How long do customers wait for a first response or a resolution, against when, and where longest?

    `step`: first_response or resolution (the time of closing where no time of resolution is known, except for cases that
    ended otherwise). `clock`: worked or elapsed. `by`: a category column of complaints. Times are minutes of the clock.
    The cases received in the period are followed to its `as_of`; the earlier periods (the one before, the same last year)
    to theirs, which for a partial period is when they were as old.

    Curves, medians and nine in ten: Kaplan & Meier (1958), limits as R's survfit (`stats.survival`). Changes and gaps:
    differences of restricted means (Royston & Parmar 2013) up to half the period's length or the step's longest limit,
    whichever is less, with q-values over all categories tested (Benjamini & Hochberg 1995); split into mix and like for
    like by Kitagawa (1955). Ends: Aalen & Johansen (1978). Raises NotMeasured where the step's end is never known;
    Trouble on an unknown step or clock. Without the column `by` only all cases together are told.
    """
    if step not in STEPS or clock not in CLOCKS:
        words = Words(
            "step 应为 first_response 或 resolution，clock 应为 worked 或 elapsed；现为 {step}、{clock}",
            "step is first_response or resolution, clock is worked or elapsed; not {step}, {clock}",
        )
        raise Trouble(words, step=step, clock=clock)
    seen = tables_of.ask(book.at(period.as_of), period, by, step, clock)
    tables = {
        "times": tables_of.times_table(seen),
        "speed": tables_of.speed_table(seen),
        "within": tables_of.within_table(seen),
        "ends": tables_of.ends_table(seen),
        "views": tables_of.views_table(seen),
        "summary": tables_of.summary_table(seen),
        "curves": tables_of.curves_table(seen),
    }
    if seen.book.has("complaints", "closed_at"):
        tables["examples"] = _longest_open(seen)
    told = sorted(said(seen, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Timeliness(period, tables, tuple(told), by, step, clock)


def _longest_open(seen: Seen) -> pd.DataFrame:
    """The cases that have been open for longest at the end of the period."""
    names = [c for c in ("complaint_id", "received_at", seen.by, "text") if seen.book.has("complaints", c)]
    return seen.book.rows("complaints", list(dict.fromkeys(names)), seen.period, 5, basis="open")
