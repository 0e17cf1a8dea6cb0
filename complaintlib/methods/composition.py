"""Composition (构成): what the complaints of a period are made of, and which shares have changed."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..schema import BLANK, CLASS, NONE, OTHER
from ..words import Trouble, Words, label, show
from . import _shares
from ._composition_said import TOLD, on_changes, on_classes, on_data, on_rates, on_size
from ._shares import AGAINST

INNER = {CLASS: "reason", "reason": "subreason"}  # what a category is made of; of any other one, its reasons
PARTS = 3


@dataclass(frozen=True)
class Composition(Result):
    """Tables: `shares` (the categories shown), `changes` (every category against every earlier period), `windows`
    (what was counted and compared), `inside` (the largest parts of each category), `where` (where the changed categories
    sit), `rates`, `unclassified`, `examples`.
    """

    by: str

    method: ClassVar = "composition"
    title: ClassVar = Words("构成分析", "Composition")
    reading: ClassVar = Words(
        "条形为占比，条上横线为 95% 区间：各类别同时落在各自区间内的把握为 95%。菱形为对照期的占比；变了颜色、带箭头的类别，"
        "占比确有变化。\n"
        "所示占比之和为 100.0%（最大余额法）。没有类别的投诉单独列出，比较只看已分类的投诉，以免把补填不及时看成占比下降。\n"
        "说“升”或“降”须同时满足两条：变化的 95% 区间（Newcombe 法）不含 0；按全部类别和对照期校正后的 q 值"
        "（Benjamini-Hochberg 法）不超过规定的误报比例。平时各期波动大于纯偶然的类别，区间相应放宽。\n"
        "不能说明的：占比上升不等于件数或投诉率上升，别的类别减少也会使它上升；占比变化也不说明原因。",
        "A bar is a share; the line on it is a 95% interval that holds for all categories at once. A diamond is the share "
        "in the earlier period; a category in another colour, with an arrow, has changed.\n"
        "Shares shown add up to 100.0% (largest remainder). Complaints without a category stand apart, and only "
        "classified ones are compared, so that late filling is not read as a falling share.\n"
        "“Rose” and “fell” need two things: a 95% interval of the change (Newcombe) without 0, and a q-value, corrected "
        "for every category and earlier period looked at (Benjamini-Hochberg), within the allowed share of false alarms. "
        "Where a share wobbles more than chance from period to period, its interval is widened.\n"
        "It cannot say: a rising share is not a rising number or rate, since others may have become fewer; and a change "
        "of share names no cause.",
    )

    def height(self) -> float:
        return 1.8 + 0.34 * max(len(self._drawn()), 2)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        """Shares of the classified complaints; the earlier share as a diamond; changed categories marked."""
        ax, rows, windows = figure.subplots(), self._drawn(), self.tables["windows"].set_index("compared")
        known = windows.index[windows["comparable"] == "ok"]
        told = windows.index[windows["period"] == self._message().values.get("then")]
        against = next(
            iter([*told, *known[::-1]]), None
        )  # what the title speaks of, or last year: free of season
        look.headline(figure, self._message().parts(lang)[0])
        if rows.empty:
            return ax.set_axis_off()
        notes, colours = [], []
        for row in rows.to_dict("records"):
            arrow = {"up": "▲", "down": "▼"}.get(row.get(f"moved_{against}"), "")
            note = Words("{share_classified:pct1}（{n:int}）", "{share_classified:pct1} ({n:int})").fill(
                lang, **row
            )
            change = f" {arrow} {show(row[f'change_{against}'], 'pp', lang)}" if arrow else ""
            notes.append(note + change)
            colours.append(look.LINE if row[self.by] == OTHER else look.ORANGE if arrow else look.BLUE)
        labels = [label(self.by, code, lang) for code in rows[self.by]]
        marks = rows[f"share_{against}"] if against else None
        shares, low, high = rows["share_classified"], rows["share_low"], rows["share_high"]
        look.bars(ax, labels, shares, low, high, colours, notes, "pct", lang, marks)
        basis = Words(
            "占 {n:int} 件已分类投诉的比例（括号内为件数）",
            "share of the {n:int} classified {n:complaint/complaints} (cases in brackets)",
        )
        mark = Words("\n◇ {then:period}", "\n◇ {then:period}") if against else Words("", "")
        then = windows.loc[against, "period"] if against else ""
        ax.set_xlabel(basis.fill(lang, n=windows["n_classified"].iloc[0]) + mark.fill(lang, then=then))

    def _drawn(self) -> pd.DataFrame:
        return self.table[self.table[self.by] != BLANK].reset_index(drop=True)

    def _message(self) -> Finding:
        wanted = ("composition.changed", "composition.largest", self.findings[0].key)
        return next(finding for key in wanted for finding in self.findings if finding.key == key)


def composition(
    book: Book,
    period: Period,
    *,
    by: str = "reason",
    against: str = "both",
    top: int = 12,
    taxonomy: str = "",
) -> Composition:
    """What are the complaints received in the period made of, and which shares differ from before?

    `by`: a category column of complaints. `against`: `previous`, `last_year` or `both`. `top`: so many categories are
    shown; smaller ones are put together as `schema.OTHER`, unless their share changed. `taxonomy`: not the reasons but
    their classes in it (a file of `data/taxonomies`), as column `schema.CLASS`. Shares are fractions of the
    classified complaints (those with a category), `share_shown` of all. Every period is seen as it stood at its own
    end, and one that is not over is compared with the same stretch of the earlier ones. Nothing is compared across a
    break of the taxonomy or with a time that the data do not cover.

    Intervals at once: Clopper & Pearson (1934) at alpha / categories. Change: Newcombe (1998) and mid-p exact test, q by Benjamini & Hochberg (1995)
    over all categories and earlier periods; both widened by the dispersion of the category's share over up to 12
    earlier periods (Laney 2002; at least the median of all categories). Where a changed category sits: the same test
    over the reasons, regions, products and channels of its cases. Rates: exact ratio of two Poisson rates. Assumes that the
    unclassified are like the rest. Raises NotMeasured without the column, Trouble on an unknown `against` or `taxonomy`.
    """
    if against not in (*AGAINST, "both"):
        words = (
            "against 应为 previous、last_year 或 both，现为 {x}",
            "against is previous, last_year or both, not {x}",
        )
        raise Trouble(Words(*words), x=against)
    if taxonomy and by != "reason":
        words = ("taxonomy 是投诉原因的分类，by 应为 reason", "taxonomy classes reasons: by must be reason")
        raise Trouble(Words(*words))
    book, by = (book.classed(taxonomy), CLASS) if taxonomy else (book, by)
    this = _shares.this_window(book.at(period.as_of), by, period)
    wanted = [name for name in AGAINST if against in (name, "both")]
    wanted = wanted[:1] if period.kind == "year" else wanted  # the year before is both
    earlier = [_shares.earlier_window(this, by, name) for name in wanted]
    changes = _shares.changes_table(by, this, earlier, _shares.noise(this, by))
    moved = changes[changes["moved"].isin(["up", "down"])]
    moved = moved.assign(real=moved["n_moved"] == moved["moved"], up=moved["moved"] == "up")
    moved = moved.assign(size=moved["share_change"].abs())
    moved = moved.sort_values(["real", "up", "size"], ascending=False, kind="stable").drop_duplicates(by)
    shares = _shares.shares_table(by, this, changes, top)
    tables = {
        "shares": shares,
        "changes": changes,
        "windows": _shares.windows_table(by, this, earlier, shares, changes),
        "inside": _inside(by, this, shares),
        "where": _shares.where_table(by, this, earlier, moved.head(TOLD)),
        "rates": _shares.rates_table(by, this, earlier, changes),
        "unclassified": _shares.unclassified_table(by, this),
    }
    if len(shares):
        example = next((c for c in [*moved[by], *shares[by]] if c not in (BLANK, NONE, OTHER)), BLANK)
        names = [c for c in ("complaint_id", "received_at", by, "text") if this.book.has("complaints", c)]
        tables["examples"] = this.book.rows("complaints", names, period, 5, {by: example}, latest=True)
    told = [
        *on_changes(by, tables, moved),
        *on_rates(by, tables),
        *on_size(by, tables),
        *(on_classes(taxonomy, tables) if taxonomy else ()),
        *on_data(by, period, tables),
    ]
    told.sort(key=lambda finding: (LEVELS.index(finding.level), -finding.weight))
    return Composition(period, tables, tuple(told), by)


def _inside(by: str, this: _shares.Window, shares: pd.DataFrame) -> pd.DataFrame:
    """The largest parts of each category shown, by what a category is made of, with their share of it."""
    inner, shown = INNER.get(by, "reason"), [c for c in shares[by] if c not in (BLANK, OTHER)]
    if not shown or not this.book.has("complaints", inner):
        return pd.DataFrame(columns=[by, inner, "n", "share_now"])
    parts = this.book.counts("complaints", [by, inner], this.period, where={by: shown})
    parts["share_now"] = parts["n"] / parts.groupby(by)["n"].transform("sum")
    order = parts[by].map(shown.index)
    parts = parts.assign(order=order).sort_values(["order", "n"], ascending=[True, False], kind="stable")
    return parts.groupby(by, sort=False).head(PARTS).drop(columns="order").reset_index(drop=True)
