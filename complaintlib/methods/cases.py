"""Case library (案例库): typical cases, their root causes and what worked; which reasons have none yet?"""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from .. import look
from ..book import Book, NotMeasured
from ..intake.profile import standard
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..schema import BLANK
from ..words import LANGUAGES, Trouble, Words, label
from ._cases_library import COLUMNS, SAID, load_cases

BARS, NAMED = 12, 3


@dataclass(frozen=True)
class Cases(Result):
    """Tables: `cases` (a row a typical case that was asked for), `reasons` (complaints of the period by reason, and how many
    typical cases each has), `covered` (what share of the complaints is of a reason with one)."""

    method: ClassVar = "cases"
    title: ClassVar = Words("案例库", "Case library")
    reading: ClassVar = Words(
        "案例由分析人员挑选并写入 data/cases.toml，文字经过脱敏；根因与有效做法是他们的判断，不是统计结论。\n"
        "条形为本期各原因的件数；深色表示案例库中已有典型案例。典型不等于常见：一个案例说明可能如何发生，不说明有多少件如此。\n"
        "用 reason 选一类原因，用 search 查文字（两种语言与标签；几个词须都出现）。某个时点之后写入的案例，在该时点的报告里看不到。",
        "Cases are chosen by analysts and written in data/cases.toml; their texts are masked. Root causes and what worked are "
        "their judgement, no finding of statistics.\n"
        "Bars are the complaints of the period by reason; dark ones have a typical case in the library. Typical is not the same as "
        "frequent: a case shows how it can come about, not how often it does.\n"
        "Choose a reason with `reason`, look for words with `search` (both languages and the tags; all words must occur). Cases "
        "marked after a report's moment are not seen in it.",
    )

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._summary().sentence(lang)}"

    def _summary(self) -> Finding:
        told = (f for f in self.findings if f.key in ("cases.summary", "cases.none"))
        return next(told, self.findings[0])  # an edition may withhold it

    def height(self) -> float:
        return 1.6 + 0.32 * max(min(len(self.tables["reasons"]), BARS), 1)

    def draw(self, figure, lang: str) -> None:
        """The reasons of the period by number; those with a typical case are dark."""
        look.headline(figure, self._summary().parts(lang)[0])
        ax, rows = figure.subplots(), self.tables["reasons"].head(BARS)
        if rows.empty:
            return ax.set_axis_off()
        note = Words("{n:int} 件 · 案例 {typical:int}", "{n:int} · cases {typical:int}")
        notes = [note.fill(lang, **row) for row in rows[["n", "typical"]].to_dict("records")]
        colours = [look.BLUE if typical else look.PALE for typical in rows["typical"].fillna(0)]
        names = [label("reason", code, lang) for code in rows["reason"]]
        look.bars(ax, names, rows["n"], colours=colours, notes=notes, form="int", lang=lang)


def cases(book: Book, period: Period, *, reason: str = "", search: str = "", lang: str = "en") -> Cases:
    """Which typical cases are there, what was behind them and what worked, and which reasons have none yet?

    `reason`: only cases of this code; `search`: only those in whose texts (either language) or tags all of its words occur;
    `lang`: the language of the texts in the table. `n`: complaints received in the period; `typical`: cases in the
    library, of all that were marked before `as_of`, whatever was searched for.

    Nothing is tested here: the library is what analysts chose (see `data/cases.toml`). Raises NotMeasured without reasons,
    Trouble where the library is wrong or `lang` unknown.
    """
    if lang not in LANGUAGES:
        raise Trouble(
            Words("lang 应为 zh 或 en，而不是“{lang}”", "lang must be zh or en, not “{lang}”"), lang=lang
        )
    if "reason" not in book.tables["complaints"].columns:
        raise NotMeasured("complaints.reason")
    library = load_cases()
    library = library[library["marked_on"] < period.as_of]
    tables = {"cases": _chosen(library, reason, search, lang)}
    tables["reasons"] = _by_reason(book.at(period.as_of), period, library)
    tables["covered"] = _covered(tables["reasons"])
    return Cases(period, tables, tuple(_said(period, tables, len(library), reason or search)))


def _chosen(library: pd.DataFrame, reason: str, search: str, lang: str) -> pd.DataFrame:
    found = library[library["reason"] == reason] if reason else library
    texts = [*(f"{name}_{one}" for name in SAID for one in LANGUAGES), "tags"]
    for word in standard(search).split():
        held = [word in standard(" ".join(row)) for row in found[texts].itertuples(index=False)]
        found = found.loc[pd.Series(held, found.index, dtype=bool)]
    return found.rename(columns={f"{name}_{lang}": name for name in SAID})[list(COLUMNS)].reset_index(
        drop=True
    )


def _by_reason(book: Book, period: Period, library: pd.DataFrame) -> pd.DataFrame:
    """The reasons of the period, most complained first; those not yet classified are none."""
    rows = book.counts("complaints", ["reason"], period)
    rows = rows[rows["reason"] != BLANK]
    typical = library["reason"].value_counts()
    rows["typical"] = rows["reason"].map(typical).fillna(0).astype("int64")
    rows["share"] = (rows["n"] / rows["n"].sum()).astype(float)
    return rows.sort_values(["n", "reason"], ascending=[False, True], ignore_index=True)


def _covered(reasons: pd.DataFrame) -> pd.DataFrame:
    n, own = int(reasons["n"].sum()), int(reasons.loc[reasons["typical"] > 0, "n"].sum())
    return pd.DataFrame({"n": [n], "n_covered": [own], "share_covered": [own / n if n else float("nan")]})


def _said(period: Period, tables: dict[str, pd.DataFrame], all_cases: int, asked: str) -> list[Finding]:
    found, covered = [], tables["covered"].iloc[0]
    chosen, reasons = tables["cases"], tables["reasons"]
    if not len(chosen):
        words = (
            Words("没有符合条件的案例|。", "No case in the library fits|.")
            if all_cases and asked
            else Words(
                "案例库还是空的|：请写入 data/cases.toml。",
                "The case library is empty|: write cases in data/cases.toml.",
            )
        )
        found.append(Finding("cases.none", "note", words, weight=0.3))
    else:
        words = Words(
            "案例库中有 {typical:int} 个典型案例",
            "The library has {typical:int} typical {typical:case/cases}",
        )
        values = {"typical": len(chosen)}
        if len(reasons) and not asked:
            values |= {"share_covered": covered["share_covered"], "n": int(covered["n"])}
            words = Words(
                words.zh + "|：所属原因占本期 {n:int} 件已分类投诉的 {share_covered:pct}。",
                words.en
                + "|: {typical:its reason makes/their reasons make} up {share_covered:pct} of the {n:int} classified {n:complaint/complaints} of the period.",
            )
        else:
            words = Words(words.zh + "|。", words.en + "|.")
        found.append(Finding("cases.summary", "note", words, values, 0.4))
    without = reasons[reasons["typical"] == 0].head(NAMED)
    if len(without) and not asked:
        words = Words(
            "尚无典型案例的原因|：件数最多的是{names:reason}。",
            "Reasons without a typical case yet|: most complained of are {names:reason}.",
        )
        found.append(Finding("cases.without", "note", words, {"names": list(without["reason"])}, 0.35))
    if period.is_partial:
        words = Words(
            "{period:period}尚不完整|：件数只到{as_of:moment}。",
            "{period:period} is not complete|: complaints are counted up to {as_of:moment}.",
        )
        found.append(Finding("cases.partial", "note", words, {"period": period, "as_of": period.as_of}, 0.2))
    return sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight))
