"""Warning (预警): what has left its course, since when, how surely, and what would clear it?"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book
from ..indicators import check_measure
from ..period import Period
from ..result import Finding, Result
from ..words import Words, show
from ._warning_list import examples, listed, looked_table, watch_table
from ._warning_rules import all_tests, jumps
from ._warning_said import RULES, findings, what_words
from ._warning_series import ALONE, Watched, watched
from ._warning_sight import COLUMNS as SIGHT
from ._warning_sight import sight_table
from ._warning_words import COLUMNS as WORDS
from ._warning_words import new_words

DRAWN, PANELS, SHOWN, RANGED = 10, 6, 24, 13  # bars; panels, their periods, and those of them with a range
PANEL = ["period", "n", "expected", "n_low", "n_high"]
NOTHING = {
    name: pd.DataFrame(columns=columns)
    for name, columns in {
        "along": ["n"],
        "words": WORDS,
        "looked": ["tested"],
        "sight": SIGHT,
        "panels": PANEL,
    }.items()
}


@dataclass(frozen=True)
class WatchList(Result):
    """Tables: `watch` (the leading alarms), `along` (those that they explain), `words`, `looked` (tests by rule),
    `sight` (what is found of outbreaks put in), `panels` (the series drawn), `examples`."""

    method: ClassVar = "warning"
    title: ClassVar = Words("预警", "Early warning")
    reading: ClassVar = Words(
        "每一行是一个报警的序列：总量、某一类别，或原因与地区、产品、渠道的组合；按“至少多出的件数”排列。\n"
        "规则：突增（Farrington 灵活法，与往年同期比，看本期，也看最近两期合计，取更明显者；历史短的用 EARS，与此前几期比），缓升（CUSUM，逐期累积），新出现（此前从未有过），"
        "更集中（该组合的优势比高于以往，与总量涨落无关）。预期已计入订单量（有的话）和总量的季节。\n"
        "q 值按所看的全部序列校正（Benjamini-Hochberg，错误发现率见规则）；达不到的，若这样的偶然每期平均至多 1 个，列为“待观察”。"
        "各规则分摊一个序列的误报，大部分归突增。\n"
        "两期合计的，件数、预期、区间和解除线都是两期之和（“合计期数”为 2）。一个事件会使许多序列同时报警，能由另一项解释的并入“随之报警”。\n"
        "“起始日”由逐日件数推断，前后可差数日；“解除线”是按不变的情形本期 95% 范围的上限，以后各期不高于它即不再报警。\n"
        "新用语只看有正文的最新若干件，可能只是换了说法。“看得见什么”把人为的上升放进本企业自己的序列再来找：小类别的翻番多半看不见。\n"
        "不能说明的：原因；同一客户反复投诉、一次性批量录入也会报警，请看个案。",
        "Each row is a series that alarms: the total, a category, or a reason in a region, product or channel; ordered by the cases "
        "that are surely too many.\n"
        "Rules: a jump (Farrington flexible, against the season of earlier years, in this period or in the last two together, whichever "
        "speaks louder; EARS, against the periods just before, where history is "
        "short), a slow rise (CUSUM, adding up over periods), a new category (none ever before), a closer tie (the pair's odds ratio is above "
        "its own past, whatever the totals do). Expectations allow for orders (where known) and the season of the total.\n"
        "q is corrected over all series looked at (Benjamini-Hochberg; the false-discovery rate is in the rules); what falls short of it is "
        "“on watch” if chance alone makes at most one such entry a period. The rules share the false alarms of a series, most of them going to jumps. "
        "Where two periods together speak, cases, expectation, interval and clearing line are those of both (“Periods together” is 2). One event raises many series: "
        "those that another entry explains stand in the table of what goes along.\n"
        "The beginning is inferred from daily counts and may be some days off. An alarm clears at the upper end of this period's 95% "
        "range of an unchanged series, if later periods stay at or below it.\n"
        "New words are read from the newest texts only and may be a mere change of wording. What it can see: rises are put into the "
        "company's own series and searched for; most doublings of small categories go unseen.\n"
        "It cannot say: why. One customer's many complaints or a bulk import alarm as well: look at the cases.",
    )

    def height(self) -> float:
        return 1.6 + 0.36 * max(min(len(self.table), DRAWN), 2)

    def height_series(self) -> float:
        return 0.4 + 1.7 * max(1, -(-len(self._panels()) // 2))

    def caption(self, lang: str) -> str:
        heads = [finding.sentence(lang) for finding in self.findings[:2]]
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{' '.join(heads)}"

    def draw(self, figure, lang: str) -> None:
        """The excess of each entry with its 95 % interval."""
        look.headline(figure, self._headline(lang))
        ax, rows = figure.subplots(), self.table.head(DRAWN)
        if rows.empty or "rank" not in rows:
            ax.set_axis_off()
            return
        note = Words("{n:int} 件，预期 {expected:int}", "{n:int} {n:case/cases}, {expected:int} expected")
        both = Words(f"{note.zh}（{{periods:int}} 期合计）", f"{note.en} ({{periods:int}} periods)")
        notes = [(both if row["periods"] == 2 else note).fill(lang, **row) for row in rows.to_dict("records")]
        names = [self._name(row, lang) for row in rows.to_dict("records")]
        colours = [
            look.ORANGE if rule in ("farrington", "ears", "born") else look.BLUE for rule in rows["rule"]
        ]
        limits = (rows.get(c) for c in ("excess_low", "excess_high"))
        look.bars(ax, names, rows["excess"], *limits, colours, notes, "int", lang)
        ax.set_xlim(right=1.5 * max(np.nan_to_num(ax.dataLim.x1), 1))
        key = Words(
            "超出预期的件数，95% 区间（橙：突增、新出现；蓝：缓升、更集中）",
            "cases above expectation, 95% interval (orange: jump, new; blue: slow rise, closer tie)",
        )
        ax.set_xlabel(key[lang])

    def draw_series(self, figure, lang: str) -> None:
        """The series of the first entries with their expected ranges."""
        drawn = self._panels()
        if not len(drawn):
            none = Words("没有可画的预警", "There is no alarm to draw")
            figure.text(0.5, 0.5, none[lang], ha="center")
            return
        axes = figure.subplots(-(-len(drawn) // 2), 2, squeeze=False).ravel()
        for ax, rows in zip(axes, drawn, strict=False):
            last = np.arange(len(rows)) == len(rows) - 1
            look.series(ax, rows["n"], rows["n_low"], rows["n_high"], rows["expected"], last)
            ax.set_ylim(0, 1.1 * max(np.nanmax(np.nan_to_num(rows[["n", "n_high"]])), 1))
            ax.yaxis.get_major_locator().set_params(nbins=3, integer=True)
            look.time_axis(ax, list(rows["period"]), most=3)
            ax.tick_params(labelsize=8.5)
            row = rows.iloc[-1].to_dict()
            ax.set_title(f"{self._name(row, lang)} {show(row['n'], 'int', lang)}", fontsize=9.5, pad=4)
        for ax in axes[len(drawn) :]:
            ax.set_axis_off()

    def _headline(self, lang: str) -> str:
        return self.findings[0].parts(lang)[0]

    def _name(self, row: dict, lang: str) -> str:
        return what_words(row).fill(lang, **row)

    def _panels(self) -> list[pd.DataFrame]:
        """The series drawn, each in order of time."""
        rows = self.tables["panels"]
        keys = [d for d in ALONE if d in rows]
        parts = rows.groupby(keys or np.zeros(len(rows)), sort=False, dropna=False)
        return [part.sort_values("period", kind="stable", ignore_index=True) for _, part in parts]


def warning(
    book: Book, period: Period, *, measure: str = "orders", words: bool = True, sight: bool = True
) -> WatchList:
    """What has left its course in the period: one ranked list over the total, all categories and pairs of them?

    Looked at: the total; every reason, product, channel, region, company and department; every reason in a region, a
    product, a channel with enough recent cases. Counts are complaints; expectations allow for the season of the total and for
    the `measure` of the exposure table (per region, product or channel where it has them), else for days. Counts from
    before a change of a dimension's categories are not compared with.

    Rules: Farrington flexible (Noufaily et al. 2013, Stat Med 32:1206-1222) where there are years behind, over the last
    period or the last two together as in `stats.alarms.watch_list` (column `periods`), EARS C1 (Hutwagner et
    al. 2003) with the predictive distribution of a gamma-Poisson rate where not, and for days; CUSUM (Page 1954) against
    the level of all periods before the last ones; categories without history; pairs whose odds ratio is above its own
    past. q-values (Benjamini & Hochberg 1995) over all series but those that an alarm explains; beyond them the grade
    "watch", of which chance makes at most 1 a period; the rules of a series share its chance of a false alarm.
    Simulated with 200 categories of 400, 200, 133 ... 2 Poisson cases a month, after five years: 0.6 entries a
    month by chance (0.75 with seasons of +- 20 %; 0.9 with a variance 1.5 times the mean), and a doubling from 10 on the list
    within two months in 84 % (79 %; 49 %). `words`: read the texts for
    new words; `sight`: put outbreaks into the series and say how many are found.

    A partial period is not judged. Raises Trouble on an unknown measure.
    """
    check_measure(measure)
    book = book.at(period.as_of)
    if pd.isna(book.span()[0]):
        said = Words(
            "截至{period:period}没有任何投诉记录|。", "No complaints on record up to {period:period}|."
        )
        told = (Finding("warning.empty", "watch", said, {"period": period}, 0.5),)
        return WatchList(period, {"watch": pd.DataFrame(columns=["n"]), **NOTHING}, told)
    w = watched(book, period, measure)
    if not w.judged:
        tables = {"watch": pd.DataFrame({"n": w.counts[-1, :1].astype("int64")}), **NOTHING}
        return WatchList(period, tables, findings(w, tables))
    found = all_tests(w)
    alarm = listed(w, found)
    watch, along = watch_table(w, alarm)
    texts = words and book.has("complaints", "text")
    tables = {
        "watch": watch,
        "along": along,
        "words": new_words(w) if texts else NOTHING["words"],
        "looked": looked_table(w, found, alarm, RULES),
        "sight": sight_table(w, found, alarm) if sight else NOTHING["sight"],
        "panels": _series(w, alarm, watch),
    }
    if texts and len(watch):
        tables["examples"] = examples(w, watch)
    return WatchList(period, tables, findings(w, tables))


def _series(w: Watched, alarm: pd.DataFrame, watch: pd.DataFrame) -> pd.DataFrame:
    """The last periods of the first entries: `n` and, for the newest, what their own past leads to expect."""
    lead = alarm[alarm["leads"] == np.arange(len(alarm))]
    order = lead.sort_values(["grade", "excess_low", "series"], ascending=[True, False, True], kind="stable")[
        "series"
    ]
    picked = order.to_numpy(int)[:PANELS]
    if not len(picked):
        return NOTHING["panels"]
    judged = jumps(w.only(picked), min(RANGED, len(w.history) - 1))
    at = np.arange(max(len(w.history) - SHOWN, 0), len(w.history))
    keys, parts = [d for d in w.dimensions if d in watch], []
    for place, column in enumerate(picked):
        own = judged[judged["series"] == place].set_index("at").reindex(at)
        part = own[["expected", "low", "high"]].set_axis(PANEL[-3:], axis=1)
        part = part.assign(period=[w.history[i].text for i in at], n=w.counts[at, column])
        parts.append(part.assign(**w.what.iloc[column][keys].to_dict()))
    return pd.concat(parts, ignore_index=True)[[*keys, *PANEL]]
