"""Root causes (根源分析): what sets a reason's complaints apart, and the evidence for a meeting across departments?"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, ROWS_SHOWN, Finding, Result, Shown, table_view, without_empty
from ..words import Words, column, label, language, show
from ._rootcause_apart import apart_table, as_filter, core_table, leading_traits
from ._rootcause_brief import File, brief, on_file
from ._rootcause_choice import Seen, ask
from ._rootcause_counts import TIMES
from ._rootcause_said import said
from ._rootcause_tables import fact_table, measures_table, subreason_table, way_tables

BARS, CASES = 12, 5
SHOWN = (  # of the columns of `apart`, on a page; the table files have all
    "trait", "n", "expected", "share_now", "share_others", "share_apart_low", "share_apart_high", "residual", "log_odds", "q",
    "contrast", "reflects", "share_then", "n_due", "beyond", "q_change", "moved",
)  # fmt: skip


@dataclass(frozen=True)
class Rootcause(Result):
    """Tables: `apart` (every trait looked at), `core` (where the leading ones meet), `subreasons`, `who` (departments,
    and which to invite), `stages`, `doing` (measures about it), `choice` (how the reason was chosen), `facts`, `examples`."""

    reason: str
    file: File = field(default_factory=File)

    method: ClassVar = "rootcause"
    title: ClassVar = Words("根源分析", "Root causes")
    reading: ClassVar = Words(
        "未指定原因时，看确实多于预期的原因中多出最多的一类（每单或每天的件数与此前至多 12 期相比，按全部原因校正）；没有这样的，就看件数最多的一类。\n"
        "“与众不同之处”把这类投诉与所有其他原因的投诉相比：某产品、地区、渠道、时段等在其中是否更常见。差别须同时满足：按全部检验过的特征校正后 "
        "q 不超过规定的误报比例，占比之差的 95% 区间不含 0，至少 5 件。“校正残差”以标准误计（Haberman 1973）；“对数优势比”带先验，件数少的趋近于 0"
        "（Monroe 等 2008）。“实为”：把更强的特征固定后，多出的部分剩不到一半，说明它只是随之而来。"
        "在没有差别的模拟数据中（52 个特征，300 件对 900 件），100 次约有 8 次误认一处；占比由 35% 升到 52% 的，100 次有 97 次能发现。\n"
        "起始日是每日件数最可能的转折点，前后几天都有可能。办理时间按工作时间计，含本期开始的各步骤。\n"
        "对策是供讨论的建议，未经验证；有没有用，看措施页。\n"
        "不能说明的：原因本身。数据只能指出在哪里、从何时起、和谁有关；为什么，要到现场、用案例和五个为什么去找。同一件事引发的许多投诉并非互相独立。",
        "Without a given reason it is, of those surely more than expected, the one with most too many (its rate an order or a day "
        "against up to 12 periods before, corrected for all reasons); where there is none, the largest.\n"
        "“What sets it apart” compares these complaints with those for all other reasons: is a product, place, channel, time ... "
        "more common among them? A difference needs a q-value, corrected for all traits looked at, within the allowed share of "
        "false alarms, a 95% interval of the difference without 0, and at least 5 cases. Adjusted residuals are in standard errors "
        "(Haberman 1973); log odds have a prior that draws small numbers to 0 (Monroe et al. 2008). “Goes along with”: with the "
        "stronger trait held fixed less than half of the excess is left, so it is common because that one is. In simulated data without any "
        "difference (52 traits, 300 against 900 cases) something was told apart in 8 of 100 sets; a share of 52% instead of 35% was "
        "found in 97 of 100.\n"
        "The day of the beginning is the most likely turn of the daily numbers, give or take some days. Handling time is on the work "
        "clock, of the steps begun in the period.\n"
        "Countermeasures are suggestions to be discussed, not proven; whether one helped, the page of measures says.\n"
        "It cannot say: why. The data show where, since when and whom it touches; why is found on site, by cases and by asking "
        "why five times. Many complaints about one event are not independent.",
    )

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def height(self) -> float:
        return 1.9 + 0.36 * max(len(self._bars()), 2) if len(self._bars()) else self.height_choice()

    def draw(self, figure, lang: str) -> None:
        """The traits that are more common: their share of the reason's complaints, and of the others' as a diamond. Where there is
        none, the reasons."""
        rows = self._bars()
        if rows.empty:
            return self.draw_choice(figure, lang)
        look.headline(figure, self._message().parts(lang)[0])
        ax = figure.subplots()
        note = Words("{n:int} 件（应有 {expected:int}）", "{n:int} ({expected:int} expected)")
        notes = [note.fill(lang, n=r["n"], expected=r["expected"]) for r in rows.to_dict("records")]
        colours = [look.PALE if isinstance(other, str) else look.ORANGE for other in rows["reflects"]]
        names = [show(r[r["attribute"]], column(r["attribute"]).form, lang) for r in rows.to_dict("records")]
        marks = rows["share_others"].astype(float)
        look.bars(
            ax, names, rows["share_now"], colours=colours, notes=notes, form="pct", lang=lang, marks=marks
        )
        foot = Words(
            "占这类投诉的比例；菱形：在其他原因中的比例；浅色：只是随更强的特征而来",
            "share of these complaints (diamond: of the other reasons); pale: common only because a stronger trait is",
        )
        ax.set_xlabel(look.wrapped(foot[lang], 70))

    def height_choice(self) -> float:
        return 1.7 + 0.36 * max(min(len(self.tables["choice"]), BARS), 2)

    def draw_choice(self, figure, lang: str) -> None:
        """Every reason and what the periods before lead to expect: why this one was chosen."""
        rows, ax = self.tables["choice"].head(BARS), figure.subplots()
        head = Words(
            "各原因的件数，与此前各期所预示的相比",
            "Reasons: complaints, and what the periods before lead to expect",
        )
        look.headline(figure, head[lang])
        if rows.empty:
            return ax.set_axis_off()
        colours = [look.ORANGE if up else look.PALE for up in rows["moved"] == "up"]
        note = Words("{n:int} 件（{beyond:+int}）", "{n:int} ({beyond:+int})")
        notes = [note.fill(lang, n=r["n"], beyond=r["beyond"]) for r in rows.to_dict("records")]
        names = [label("reason", code, lang) for code in rows["reason"]]
        due = rows["n_due"].astype(float)
        look.bars(ax, names, rows["n"], colours=colours, notes=notes, form="int", lang=lang, marks=due)
        foot = Words("菱形：预期；橙色：确实多于预期", "diamond: expected; orange: surely more than expected")
        ax.set_xlabel(foot[lang])

    # ---------------------------------------------------------------------------------- what the cells show

    def show_brief(self, lang: str | None = None) -> Shown:
        """The brief for a meeting across departments, on one page."""
        lang = lang or language()
        return table_view(brief(self.findings, self.tables, self.file, lang), lang, rows=2 * ROWS_SHOWN)

    def show_table(self, lang: str | None = None, name: str | None = None) -> Shown:
        """As of any result; a trait and its attribute in one column."""
        lang = lang or language()
        if name not in (None, "apart"):
            return super().show_table(lang, name)
        rows = self.tables["apart"]
        traits = [self._trait(row, lang) for row in rows.to_dict("records")]
        others = [self._other(other, lang) for other in rows["reflects"]]
        shown = rows.assign(trait=pd.Series(traits, rows.index, dtype=object), reflects=others)[list(SHOWN)]
        return table_view(shown if self.privacy is None else without_empty(shown), lang)

    def _trait(self, row: dict[str, Any], lang: str) -> str:
        """地区：华东"""
        name = row["attribute"]
        mark = "：" if lang == "zh" else ": "
        return f"{column(name).words[lang]}{mark}{show(row[name], column(name).form, lang)}"

    def _other(self, other: object, lang: str) -> str | None:
        if not isinstance(other, str):
            return None
        name, _, code = other.partition("=")
        return self._trait({"attribute": name, name: code}, lang)

    def _bars(self) -> pd.DataFrame:
        rows = self.tables["apart"]
        more = rows[rows["contrast"] == "more"]
        return pd.concat([leading_traits(rows), more[more["reflects"].notna()]]).head(BARS)

    def _message(self) -> Finding:
        """The clearest thing that sets it apart, else what the reason is."""
        for key in ("rootcause.apart", "rootcause.problem"):
            for finding in self.findings:
                if finding.key == key:
                    return finding
        return self.findings[0]


def rootcause(book: Book, period: Period, *, reason: str = "") -> Rootcause:
    """What sets a reason's complaints apart from those for other reasons, since when, and who should meet about it?

    `reason`: a code or its words; empty: the one that has most beyond what the periods before lead to expect, among those
    that surely have (`choice`: exact ratio of two rates, widened by the usual wobble, q over all reasons; Benjamini &
    Hochberg 1995), else the largest. A partial period is not compared with those before.

    `apart`: shares of the reason's cases and of all other classified cases, by every dimension that the data have and by time
    of receipt; difference with Newcombe's interval and an exact mid-p (`stats.intervals.proportion_difference`), q over all
    traits; adjusted residual and log odds with prior (`stats.contrast`). `reflects`: the stronger trait that it goes along
    with (direct standardisation). Cases are taken as independent; a category that changed within the period is left out, and one
    that changed since the periods before is not compared with these. `who`: invited are those with a tenth of the
    cases or of the time on the work clock. Raises NotMeasured without reasons, Trouble for a reason that is not known. It
    says nothing of causes: it shows where to look for them.
    """
    seen = ask(book.at(period.as_of), period, reason)
    tables = {"apart": apart_table(seen), **(_around(seen) if seen.reason else {}), "choice": seen.reasons}
    if seen.reason:
        tables["core"] = core_table(seen, tables["apart"])
        tables["facts"] = fact_table(seen, tables["apart"])
        if seen.book.has("complaints", "text"):
            tables["examples"] = _examples(seen, tables["core"], tables["apart"])
    told = sorted(said(seen, tables, bool(reason)), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Rootcause(period, tables, tuple(told), seen.reason, on_file(seen.reason))


def _around(seen: Seen) -> dict[str, pd.DataFrame]:
    departments, stages = way_tables(seen)
    return {
        "subreasons": subreason_table(seen),
        "who": departments,
        "stages": stages,
        "doing": measures_table(seen),
    }


def _examples(seen: Seen, core: pd.DataFrame, apart: pd.DataFrame) -> pd.DataFrame:
    """The newest cases of where the leading traits meet, or of the first of them."""
    rows = core if len(core) else leading_traits(apart)[lambda f: ~f["attribute"].isin(TIMES)]
    where = as_filter(seen.reason, rows.to_dict("records")[0] if len(rows) else {}, seen.dims)
    shown = [d for d in ("subreason", "product", "region") if seen.book.has("complaints", d)]
    names = ["complaint_id", "received_at", *shown, "text"]
    return seen.book.rows("complaints", names, seen.period, CASES, where, latest=True)
