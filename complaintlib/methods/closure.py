"""Closure (闭环): which closed cases went all the way round, who came back, and where the loop breaks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..indicators import whole_history
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import Statistics, load_rules
from ..words import Trouble, Words, label, show, wrapped
from . import _closure_counts as counted
from . import _closure_tables as made
from ._closure_counts import ALL, NEEDS, Seen
from ._closure_said import findings
from ._closure_tables import GOOD

DRAWN = ("closed_loop", "solved", "followed_up", "evaluated", "first_contact", "reopened", "repeat_7", "repeat_30", "escalated", "upheld")  # fmt: skip
CROSSED = ("solved", "followed_up", "evaluated", "closed_loop", "first_contact", "reopened", "repeat_30", "escalated", "compensated")  # fmt: skip
COLOURS = {1: look.BLUE, -1: look.YELLOW, 0: look.LINE}
BETTER, WORSE = "#d3e5f3", "#f7d9c7"  # cells of the picture of groups: behind dark text
MOST_DAYS = 366


@dataclass(frozen=True)
class Closure(Result):
    """Tables: `checks` (one row a check), `links` (which of the four checks loses most), `where` (each check by group
    against the others), `repeats`, `compensation`, `validity`, `trend`, `changes` (all that was tested), `examples`."""

    by: str | None

    method: ClassVar = "closure"
    title: ClassVar = Words("闭环分析", "Closure and repeats")
    reading: ClassVar = Words(
        "闭环：本期办结的投诉同时做到已响应、已解决、已回访、客户已评价。撤诉、并案、转出的也在分母中，算未解决。"
        "每一期都按当期期末时的所见计算，之后才来的回访和评价不算，因此各期可比，新近各期不吃亏。\n"
        "一次解决：已解决、没有重开、转派、升级，并且同一客户在解决之后的观察期内没有再为同一原因投诉。"
        "观察期未满的不在分母中，件数另列“尚不能判断”；没有记录是否重开、转派、升级的按没有计。\n"
        "重复投诉：同一客户、同一原因，自收到起 7、30、90 天之内再次投诉；分母是在本期满 7、30、90 天的投诉。"
        "Kaplan-Meier 估计还用上了更新的、尚未满期的投诉。没有客户编号的不计。\n"
        "区间为 Wilson 95% 区间；变化和部门差异都经检验（Fisher 精确检验的 mid-p 值，按各期平时的波动放宽），"
        "并经 Benjamini-Hochberg 法校正（各项合计为一组，各部门的全部比较为另一组）。“未见变化”只表示现有数据不足以证明。部门差异是与其余各部门之和相比，最多列出件数最多的 12 个。"
        "走势图的灰色带为此前各期推算的 95% 范围（p′ 控制图）。\n"
        "不能说明的：原因。评价由客户决定，没有评价不等于没有做好；问题不同的部门，各项比率本来就可能不同。"
        "重开、升级没有时间，新近的以后还可能增加。",
        "Closed loop: a case closed in the period that was answered, solved, followed up and evaluated by the customer. "
        "Withdrawn, merged and passed-on cases are in the denominator and count as not solved. Every period is seen as it "
        "stood at its own end: follow-ups and evaluations that came later do not count, so periods compare fairly.\n"
        "First contact: resolved, not reopened, handed on or escalated, and the same customer did not complain for the same "
        "reason within the look-forward window after the resolution. Cases whose window is not over are not in the "
        "denominator but counted as “not measurable yet”; where reopening, transfer or escalation is not recorded it counts as no.\n"
        "Repeat: the same customer and reason again within 7, 30, 90 days of the receipt, of the cases that became so old in "
        "the period. The Kaplan-Meier estimate also uses the newer cases, as far as they have come. Cases without a customer are not counted.\n"
        "Intervals are Wilson's, 95%; changes and differences between groups are tested (Fisher's exact test, mid-p, widened "
        "by how much periods differ anyway) and corrected by Benjamini-Hochberg: the totals of all checks as one family, all "
        "comparisons of groups as another. “No change shown” "
        "says only that these data do not show one. A group is compared with all others together; the 12 largest are listed. "
        "The grey band of the series is the 95% range that the earlier periods lead one to expect (p′ chart).\n"
        "It cannot say: why. Evaluation is the customer's choice: none does not mean badly handled; groups with other "
        "problems may rightly have other rates. Reopening and escalation carry no time: the newest cases may still get them.",
    )

    def height(self) -> float:
        return 1.6 + 0.34 * max(len(self._known()), 2)

    def height_trend(self) -> float:
        return 0.5 + 1.5 * max(1, -(-len(self._series()) // 2))

    def height_where(self) -> float:
        return 1.5 + 0.36 * (self.tables["where"][self.by].nunique() if self._crossed() else 1)

    def draw(self, figure, lang: str) -> None:
        """Every check as a bar with its interval; a diamond where it was in the period before."""
        ax, rows = figure.subplots(), self._known()
        look.headline(figure, self._message().parts(lang)[0])
        if rows.empty:
            return ax.set_axis_off()
        colours = [
            look.ORANGE if _worse(row.check, row.moved_previous) else COLOURS[GOOD[row.check]]
            for row in rows.itertuples()
        ]
        note = Words("{share_of:pct1}（{n:int}/{n_of:int}）", "{share_of:pct1} ({n:int}/{n_of:int})")
        notes = [note.fill(lang, **row) for row in rows.to_dict("records")]
        names = [label("check", check, lang) for check in rows["check"]]
        marks = rows["share_of_previous"] if rows["share_of_previous"].notna().any() else None
        look.bars(
            ax,
            names,
            rows["share_of"],
            rows["share_low"],
            rows["share_high"],
            colours,
            notes,
            "pct",
            lang,
            marks,
        )
        ax.set_xticks([x for x in ax.get_xticks() if 0 <= x <= 1])
        legend = Words(
            "占可计投诉的比例；◇ 上期\n蓝：越高越好；黄：越低越好；橙：较上期变差",
            "share of the cases counted; ◇ period before\nblue: more is better; yellow: less is better; orange: worse than before",
        )
        ax.set_xlabel(legend[lang])

    def draw_trend(self, figure, lang: str) -> None:
        """The checks over the periods with the range that the earlier ones lead one to expect of the last."""
        checks = self._series()
        if not checks:
            figure.text(
                0.5, 0.5, Words("历史太短，没有走势可画", "Too little history to draw")[lang], ha="center"
            )
            return
        axes = figure.subplots(-(-len(checks) // 2), 2, squeeze=False).ravel()
        table = self.table.set_index("check")
        for ax in axes[len(checks) :]:
            ax.set_axis_off()
        for ax, check in zip(axes, checks, strict=False):
            rows = self.tables["trend"].loc[lambda t, check=check: t["check"] == check]
            last, moved = np.arange(len(rows)) == len(rows) - 1, table.loc[check, "moved_previous"]
            worse = _worse(check, moved)
            look.series(
                ax, rows["share_of"], rows["usual_low"], rows["usual_high"], marks=last if worse else None
            )
            look.axis_format(ax.yaxis, "pct", lang)
            ax.yaxis.get_major_locator().set_params(nbins=3)
            look.time_axis(ax, list(rows["period"]), most=3)
            ax.tick_params(labelsize=8.5)
            head = f"{label('check', check, lang)} {show(table.loc[check, 'share_of'], 'pct1', lang)}"
            said = f" · {label('moved', moved, lang)}" if moved in ("up", "down") else ""
            ax.set_title(head + said, fontsize=9.5, pad=4, color=look.ORANGE if worse else look.INK)

    def draw_where(self, figure, lang: str) -> None:
        """Groups against checks; what is surely worse or better than in the other groups is coloured and marked."""
        checks = self._crossed()
        if not checks:
            figure.text(
                0.5, 0.5, Words("没有可比的分组", "There are no groups to compare")[lang], ha="center"
            )
            return
        rows = self.tables["where"].set_index([self.by, "check"])
        groups = sorted(
            rows.index.get_level_values(0).unique(), key=lambda g: (-rows.loc[[g], "n_of"].max(), g)
        )
        total = self.table.set_index("check")["share_of"]
        names = [label(self.by, ALL, lang), *(look.name(label(self.by, group, lang)) for group in groups)]
        texts, colours = [[show(total[check], "pct", lang) for check in checks]], [["#ffffff"] * len(checks)]
        for group in groups:
            cells = [rows.loc[(group, check)] if (group, check) in rows.index else None for check in checks]
            texts.append([_cell(cell, lang) for cell in cells])
            colours.append([_colour(cell, check) for cell, check in zip(cells, checks, strict=True)])
        heads = [wrapped(label("check", check, lang), {"zh": 12, "en": 10}[lang]) for check in checks]
        ax = figure.subplots()
        look.cells(ax, texts, colours, names, heads)
        legend = Words(
            "▲▼ 确实高于、低于其余各组之和；橙：较差，蓝：较好",
            "▲▼ surely above, below all other groups together; orange: worse, blue: better",
        )
        ax.set_xlabel(legend[lang])

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def _message(self) -> Finding:
        return next(
            (f for f in self.findings if f.key in ("closure.loop", "closure.contact")), self.findings[0]
        )

    def _known(self) -> pd.DataFrame:
        return self.table[self.table["share_of"].notna()]

    def _series(self) -> list[str]:
        size = self.tables["trend"].groupby("check")["share_of"].count()
        return [check for check in DRAWN if size.get(check, 0) > 3]

    def _crossed(self) -> list[str]:
        known = set(self.tables["where"]["check"])
        return [check for check in CROSSED if check in known] if self.by else []


def closure(
    book: Book, period: Period, *, by: str = "department", days: int = 7, periods: int = 13
) -> Closure:
    """Is the loop closed: were cases answered, solved, followed up and evaluated, and did customers come back?

    Checks, each with `n` cases of `n_of`: `answered`, `solved`, `followed_up` (a stage follow_up), `evaluated` (an answered
    survey) and `closed_loop` (all four) of the cases closed in the period; `first_contact` (resolved, none of reopened,
    transferred, escalated, and no complaint of the same customer and reason until `days` days after the resolution) of the
    resolved cases of the stretch that lies `days` days before the period, whose window is over; `reopened` of closed cases
    and `escalated` of received ones with a record of it, `upheld` of closed ones with a decision: as in the dictionary of
    indicators; `repeat_7`, `_30`, `_90`: came back within so many days of the receipt, of the cases that became so old in
    the period; `compensated` of closed ones. Durations are on the calendar clock. `by`: the groups compared; `periods`:
    the history shown, 2 to 36.

    Intervals: Wilson (1927). Changes against the period before and the same one last year: Newcombe (1998), mid-p of
    Fisher's test, widened by Laney's (2002) dispersion of the earlier periods; medians of compensation by the intervals of
    order statistics. q-values (Benjamini & Hochberg 1995): one family for the totals of all checks, another for all groups.
    Repeats are also told by Kaplan & Meier (1958). Cases are taken as independent: one customer with many is not. Raises
    NotMeasured where no check can be told, Trouble on `days` or `periods` out of range.
    """
    if not (1 <= days <= MOST_DAYS and 2 <= periods <= 36):
        words = Words(
            f"days 应为 1 到 {MOST_DAYS}，periods 应为 2 到 36；现为 {{days}}、{{periods}}",
            f"days must be 1 to {MOST_DAYS} and periods 2 to 36; not {{days}}, {{periods}}",
        )
        raise Trouble(words, days=days, periods=periods)
    book, statistics = book.at(period.as_of), load_rules().statistics
    history, stops = whole_history(book, period, periods)
    known = book.has("complaints", by)
    seen = Seen(book, tuple(_with_last_year(book, history)), by if known else None, days)
    if len(seen.missing) == len(NEEDS) and pd.notna(book.span()[0]):
        raise NotMeasured(", ".join(seen.missing["solved"]))
    tables = _tables(seen, statistics, period.is_partial or stops is not None)
    wanted = None if known else f"complaints.{by}"
    told = sorted(findings(seen, tables, stops, wanted), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Closure(period, tables, tuple(told), seen.by)


def _with_last_year(book: Book, history: list[Period]) -> list[Period]:
    """The periods, and before them the same one last year where it is not among them and the data reach it."""
    year, first = history[-1].same_last_year(), book.span()[0]
    reached = pd.notna(first) and first.normalize() <= year.start
    return [year, *history] if reached and year.start < history[0].start else history


def _tables(seen: Seen, statistics: Statistics, partial: bool) -> dict[str, pd.DataFrame]:
    level, before = statistics.confidence, made.earlier(seen.period).values()
    loops = counted.loops(seen)
    contacts, waiting = counted.contact_tally(seen)
    records, decisions = counted.record_tally(seen)
    repeats, curves = counted.repeat_tally(seen, level)
    paid = counted.paid(seen, [p for p in seen.periods if p in before] + [seen.period])
    parts = [counted.loop_tally(seen, loops), contacts, records, repeats, counted.paid_tally(seen, paid)]
    tally = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    tally["check"] = pd.Categorical(tally["check"], list(NEEDS))
    tally = tally.sort_values(["check", "period", "group"], kind="stable", ignore_index=True).astype(
        {"check": object}
    )
    trend = made.trend_table(tally, seen.periods, level)
    tally = made.listed(tally, seen.period)
    spread = made.spreads(tally, seen.period)
    changes = made.changes_table(seen, tally, spread, statistics)
    where = made.where_table(seen, tally, spread, statistics)
    cost = made.cost_table(seen, paid, statistics)
    if partial:  # not compared with whole periods
        changes = changes.iloc[:0]
        cost[["n_then", "paid_median_then", *made.COST]] = np.nan
    changes, where, cost = made.corrected([changes, where, cost])
    tested = changes["moved"] == "same"
    changes.loc[tested, "moved"] = made.verdict(changes, "share_change", ("up", "down"), statistics.fdr)[
        tested
    ]
    where["apart"] = made.verdict(where, "share_gap", ("above", "below"), statistics.fdr)
    cost["moved"] = made.verdict(
        np.log(cost[["ratio_low", "ratio_high"]]).join(cost["q"]), "ratio", ("up", "down"), statistics.fdr
    )
    checks = made.checks_table(seen, trend, changes, curves, waiting, partial)
    tables = {
        "checks": checks,
        "links": made.links_table(
            loops[loops["period"] == seen.period.text], seen.measures(*counted.LOOP), level
        ),
        "where": made.ordered(where, changes),
        "repeats": made.repeats_table(checks, curves),
        "compensation": cost,
        "validity": made.validity_table(decisions, level),
        "trend": trend,
        "changes": changes,
    }
    tables = {name: _named(seen, frame) for name, frame in tables.items()}
    if "reopened" not in seen.missing:
        names = ["complaint_id", "received_at", *seen.keys, "reason", "text"]
        names = [name for name in dict.fromkeys(names) if seen.book.has("complaints", name)]
        tables["examples"] = seen.book.rows(
            "complaints", names, seen.period, 5, {"reopened": True}, basis="closed", latest=True
        )
    return tables


def _named(seen: Seen, frame: pd.DataFrame) -> pd.DataFrame:
    """The groups under the dimension's own name."""
    if "group" not in frame:
        return frame.reset_index(drop=True)
    if seen.by is None:
        return frame.drop(columns="group").reset_index(drop=True)
    return frame.rename(columns={"group": seen.by}).reset_index(drop=True)


def _worse(check: str, moved: str) -> bool:
    return (moved, GOOD[check]) in (("up", -1), ("down", 1))


def _cell(row: pd.Series | None, lang: str) -> str:
    if row is None:
        return show(None, "pct", lang)
    return {"above": "▲ ", "below": "▼ "}.get(row["apart"], "") + show(row["share_of"], "pct", lang)


def _colour(row: pd.Series | None, check: str) -> str:
    side = 0 if row is None else {"above": 1, "below": -1}.get(row["apart"], 0) * GOOD[check]
    return {1: BETTER, -1: WORSE}.get(side, "#ffffff")
