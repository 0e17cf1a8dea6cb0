"""Pending cases (疑难): how old the open ones are, which are hard, where they are stuck, and what makes cases slow."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..words import Trouble, Words, cut, label, show, wrapped
from ._pending_drivers import COLUMNS, drivers_table, level_name
from ._pending_open import ALL, look_at
from ._pending_said import said
from ._pending_tables import (
    BANDS,
    ageing_table,
    bands_table,
    examples_table,
    hard_table,
    places_table,
    stuck_table,
)

DRAWN, PACES = 8, 14  # places and ratios in the pictures
SHADES = (look.INK, look.BLUE, "#6fa8cf", look.PALE, look.LINE)
EMPTY = {  # every table is there, whatever is measured
    "ageing": ["severity", "n"],
    "bands": ["compared", "band", "n"],
    "hard": ["complaint_id", "severity", "days"],
    "stuck": ["stage", "n"],
    "hard_by": ["n"],
    "hard_at": ["department", "n"],
    "drivers": COLUMNS,
}


@dataclass(frozen=True)
class Pending(Result):
    """Tables: `ageing` (open cases by grade and age), `bands` (against earlier ends), `hard` (the list), `stuck` (where they
    stand), `hard_by` and `hard_at` (by `by` and by department), `drivers` (what goes along with slowness), `examples`."""

    by: str | None

    method: ClassVar = "pending"
    title: ClassVar = Words("疑难与积压", "Pending and hard cases")
    reading: ClassVar = Words(
        "未解决 = 截至期末既没有解决时间、也没有结案时间的投诉；撤诉、并案、转出的不算。历时从收到起算，按自然日，不足一天的舍去。\n"
        "疑难件 = 历时超过“常规上限”的未解决投诉：同等级投诉中 95% 在此天数内办结（近一年收到的投诉，未结的也计入，Kaplan-Meier 法）；"
        "参数 bound 可改为固定天数。\n"
        "与上期末、去年同期末相比的是件数之比；同一件投诉可能两次都在内，所以区间偏宽，判断偏保守。\n"
        "卡在哪里：疑难件在各处的占比，减去该处在近一年全部投诉中（部门、原因）或其他未解决投诉中（环节）的占比；q 值就同表各行一起校正。"
        "在途环节取每件最后进入、尚未离开的一步。\n"
        "预计解决日：同等级的生存曲线，已知办到现在还没完；一成、一半、九成在此日前办结。没有数字，即没有见过这么久的先例，或先例太少。"
        "它假定今后的快慢与近一年相同，不知道个案的特殊情形。\n"
        "办结速度：Cox 比例风险模型，近一年收到的投诉；0.8 即在任何时候，办结的机会都只有基准的 0.8 倍，其余属性相同。"
        "时长按工作时间计，以免长假的影响。“随历时变化”的 p 值很小，说明该比值随时间改变，只是平均。部门与原因几乎一一对应，故分开拟合。转派与升级发生在办理途中，拖得久的更容易有，"
        "不宜当作原因。投诉量很大时，只取均匀间隔的若干天。\n"
        "不能说明的：因果。积压在某处，可能是难办的都送到那里。",
        "Open = neither resolved nor closed at the end of the period; withdrawn, merged and passed-on cases are not. Age runs from "
        "when the complaint was received, in whole calendar days.\n"
        "Hard = open for longer than the usual bound: the days within which 95% of the cases of that grade end (of those received "
        "in the last year, open ones counted as far as they have come: Kaplan-Meier); the parameter bound sets fixed days instead.\n"
        "Against earlier ends, numbers are compared as ratios; a case may be open at both, which makes intervals wide and verdicts "
        "cautious.\n"
        "Where they are stuck: the share of the hard cases at a place less that place’s share of all complaints of the last year "
        "(department, reason) or of the other open cases (stage); q-values are over the rows of a table. A case stands at the "
        "step it entered last and has not left.\n"
        "Expected end: from the survival curve of its grade, given how long the case has been open; the days by which one in ten, "
        "half and nine in ten of such cases are over. Where there is none, nobody has been seen to wait so long, or too few. It "
        "takes the pace to stay as it was and knows nothing of the case itself.\n"
        "Pace: Cox’s proportional hazards over the cases received in the last year; at 0.8 a case has at any age 0.8 times the "
        "chance to end that the reference has, other attributes alike; on the work clock, so that holidays do not count. Where the p of “changes with age” is small the ratio is an "
        "average over ages. Departments and reasons nearly determine each other and are fitted apart. Transfers and escalations "
        "happen on the way, and long cases have more of them: they are no causes. Of very many complaints, evenly spaced days are taken.\n"
        "It cannot say what causes what: hard cases may be sent to where they are stuck.",
    )

    def __post_init__(self) -> None:
        if self.privacy is not None:  # row by row, a list of cases tells of one case at a time
            lists = {name: frame.iloc[:0] for name, frame in self.tables.items() if "complaint_id" in frame}
            object.__setattr__(self, "tables", {**self.tables, **lists})

    def height(self) -> float:
        return 4.6

    def height_drivers(self) -> float:
        return 1.6 + 0.32 * max(len(self._paces()), 3)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        """Left the open cases by age and grade, with the period before; right where the hard ones stand."""
        look.headline(figure, self._message().parts(lang)[0])
        parts = []
        if len(self.table):
            parts.append(self._pyramid)
        if self.tables["stuck"]["n"].notna().any():
            parts.append(self._stuck)
        for ax, part in zip(figure.subplots(1, max(len(parts), 1), squeeze=False)[0], parts, strict=False):
            part(ax, lang)
        if not parts:
            figure.axes[0].set_axis_off()

    def _pyramid(self, ax, lang: str) -> None:
        rows = self.table[self.table["severity"] != ALL] if len(self.table) > 1 else self.table
        at, left = np.arange(len(BANDS)), np.zeros(len(BANDS))
        for shade, row in zip(SHADES, rows.head(len(SHADES)).to_dict("records"), strict=False):
            values = np.nan_to_num(np.array([row[f"open_{band}"] for band in BANDS], dtype=float))
            ax.barh(
                at,
                values,
                left=left,
                color=shade,
                height=0.72,
                label=label("severity", row["severity"], lang),
            )
            left = left + values
        then = self.tables["bands"]
        then = then[(then["compared"] == "previous") & (then["band"] != ALL)] if len(then) else then
        if len(then):
            name = Words("上期末", "the end before")[lang]
            ax.plot(
                then["n_then"], at, "D", color="white", markeredgecolor=look.INK, markersize=5, label=name
            )
        ax.set_yticks(at, [label("band", band, lang) for band in BANDS])
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)
        look.axis_format(ax.xaxis, "int", lang)
        ax.legend(loc="best", fontsize=8.5)
        ax.set_title(Words("未解决的投诉，按历时", "open cases by age")[lang], fontsize=10.5, pad=6)

    def _stuck(self, ax, lang: str) -> None:
        rows = self.tables["stuck"]
        rows = rows[rows["n"].notna()].head(DRAWN)
        names = [c for c in ("department", "stage") if c in rows]
        labels = [
            Words("：", ": ")[lang].join(cut(label(c, row[c], lang), 24) for c in names)
            for row in rows.to_dict("records")
        ]
        apart = rows["apart"] if "apart" in rows else [""] * len(rows)
        colours = [look.ORANGE if verdict == "above" else look.BLUE for verdict in apart]
        notes = [show(n, "int", lang) for n in rows["n"]]
        ax.barh(np.arange(len(rows)), rows["n"].astype(float), color=colours, height=0.66)
        ax.set_yticks(np.arange(len(rows)), [wrapped(text, 24) for text in labels], fontsize=8.5)
        for y, (n, note) in enumerate(zip(rows["n"].astype(float), notes, strict=True)):
            ax.text(n + 0.015 * rows["n"].max(), y, note, va="center", fontsize=9, color=look.SOFT)
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)
        look.axis_format(ax.xaxis, "int", lang)
        ax.set_title(Words("疑难件所在", "where hard cases stand")[lang], fontsize=10.5, pad=6)
        if "above" in set(apart):
            more = Words("件；橙：比其他未解决的明显多", "cases; orange: clearly more than of others")
            ax.set_xlabel(more[lang])

    def _paces(self) -> pd.DataFrame:
        rows = self.tables["drivers"]
        rows = (
            rows[rows["pace_low"].notna() & (rows["pace_low"] > 0)] if "pace_low" in rows else rows.iloc[:0]
        )
        sure = rows[rows["pace_differs"].isin(["slower", "faster"])] if len(rows) else rows
        far = sure.assign(far=abs(np.log(sure["pace"].astype(float)))).nlargest(PACES, "far", keep="first")
        return far.sort_values("pace", kind="stable")

    def draw_drivers(self, figure, lang: str) -> None:
        """The ratios that differ from 1, with their intervals; left of the line is slower."""
        rows, ax = self._paces(), figure.subplots()
        head = Words(
            "办结得更慢与更快的投诉（其余属性相同）",
            "What ends more slowly and faster, other attributes alike",
        )
        look.headline(figure, head[lang])
        if rows.empty:
            ax.set_axis_off()
            none = Words("没有明显更慢或更快的", "Nothing is clearly slower or faster")
            ax.text(0.5, 0.5, none[lang], ha="center", transform=ax.transAxes)
            return
        at = np.arange(len(rows))
        low, high, pace = (rows[c].to_numpy(float) for c in ("pace_low", "pace_high", "pace"))
        ax.errorbar(
            pace, at, xerr=[pace - low, high - pace], fmt="none", ecolor=look.INK, elinewidth=1.1, capsize=2.5
        )
        for slow, colour in ((True, look.ORANGE), (False, look.GREEN)):
            ax.plot(pace[(pace < 1) == slow], at[(pace < 1) == slow], "o", color=colour, markersize=6)
        ax.axvline(1, color=look.LINE, linewidth=1.1, zorder=0)
        ax.set_yticks(at, [level_name(row, lang) for row in rows.to_dict("records")])
        ax.invert_yaxis()
        ax.set_xscale("log")
        ticks = [
            t for t in (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 4, 8) if low.min() * 0.9 <= t <= high.max() * 1.1
        ]
        ax.set_xticks(ticks, [show(t, "sig", lang) for t in ticks])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        ax.grid(visible=False, axis="y")
        told = Words(
            "办结速度，基准为 1；1 以左更慢", "pace of ending, 1 is the reference; left of 1 is slower"
        )
        ax.set_xlabel(told[lang])

    def _message(self) -> Finding:
        wanted = ("pending.stuck", "pending.hard", "pending.open")
        return next((f for key in wanted for f in self.findings if f.key == key), self.findings[0])


def pending(book: Book, period: Period, *, by: str = "reason", bound: int = 0) -> Pending:
    """Which cases are open for how long at the period's end, which are hard and where are they stuck, what makes cases slow?

    Open: without a time of resolution (of closing, where none is recorded). Ages in whole calendar days since reception.
    Hard: open for longer than 95% of the grade's cases received in the last 364 days take, or than `bound` days if above 0;
    30 days where fewer than `min_count` have ended. `by`: a category column of complaints.

    Usual lengths, expected ends: Kaplan & Meier (1958), S(t) / S(age). Places: Newcombe's (1998) interval and Fisher's mid-p
    of the difference of two shares; q-values by Benjamini & Hochberg (1995). Pace: Cox (1972) from counts, with the test of
    proportionality of Grambsch & Therneau (1994). Numbers against earlier ends: conditional exact ratio, cautious as cases
    may be in both. Assumes that being open at the end has nothing to do with how long a case will take; says no causes.
    Raises NotMeasured where it is not recorded when cases end; Trouble on a negative `bound`.
    """
    if bound < 0:
        words = Words(
            "bound 应为 0 或天数，现为 {bound:int}", "bound is 0 or a number of days, not {bound:int}"
        )
        raise Trouble(words, bound=bound)
    book = book.at(period.as_of)
    if pd.isna(book.span()[0]):
        nothing = {name: pd.DataFrame(columns=columns) for name, columns in EMPTY.items()}
        words = Words(
            "截至{period:period}没有任何投诉记录|。", "No complaints on record up to {period:period}|."
        )
        return Pending(
            period, nothing, (Finding("pending.empty", "note", words, {"period": period}, 0.5),), None
        )
    seen = look_at(book, period, by, bound)
    hard = hard_table(seen)
    tables = {
        "ageing": ageing_table(seen),
        "bands": bands_table(seen),
        "hard": hard,
        "stuck": stuck_table(seen),
        "hard_by": places_table(seen, seen.by) if seen.by else pd.DataFrame(columns=EMPTY["hard_by"]),
        "hard_at": places_table(seen, "department"),
        "drivers": drivers_table(seen),
        "examples": examples_table(seen, hard),
    }
    found = sorted(said(seen, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Pending(period, tables, tuple(found), seen.by)
