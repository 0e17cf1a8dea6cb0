"""Data quality: what came in, from where, on which days, and what was lost or repaired on the way."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ..book import Book
from ..period import Period
from ..result import Finding, Result
from ..rules import load_rules
from ..schema import BLANK
from ..stats.intervals import proportion_difference
from ..stats.silence import silent_runs
from ..words import Words, label

FATES = ("used", "duplicate", "aside")
USUAL_DAYS = 56  # eight weeks before the period tell what a source usually brings on a weekday


@dataclass(frozen=True)
class Quality(Result):
    """Tables: `sources` (rows by fate), `days` (rows by source and day), `silent` (dead days), `filling` (categories
    missing in the newest cases against earlier ones), `steps` (the ledger of the files that hold the period)."""

    method: ClassVar = "quality"
    title: ClassVar = Words("数据质量", "Data quality")
    reading: ClassVar = Words(
        "读入 = 采用 + 重复 + 搁置，逐源成立；没有收到时间的行不属于任何期间，只出现在入库步骤表中。\n"
        "“静默”指某来源连续若干天一行也没有，而按同一星期几的往常水平几乎不可能；往常就稀少的来源无法判断。\n"
        "最新的投诉往往过几天才补录分类：补录之前，最近几天的构成会显得偏低。",
        "Rows read = used + duplicate + set aside, for every source; rows without a time of receipt belong to no "
        "period and stand only in the table of intake steps.\n"
        "“Silent” means days without a single row where the usual level of that weekday makes this all but impossible; "
        "a source that is rare anyway cannot be judged.\n"
        "Categories of the newest cases are often filled in days later: until then shares of the last days read low.",
    )

    def height(self) -> float:
        return 1.4 + 0.42 * max(1, self.tables["sources"].shape[0])

    def caption(self, lang: str) -> str:
        said = Words("各来源每日行数", "Rows by source and day")[lang]
        return f"{said}{'。' if lang == 'zh' else '. '}{self.findings[0].sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        from .. import look

        days = self.tables["days"].pivot(index="source", columns="day", values="n")
        silent = self.tables["days"].pivot(index="source", columns="day", values="silent")
        names = [look.name(label("source", source, lang)) for source in days.index]
        look.calendar(figure.subplots(), days, silent, names, lang)


def quality(book: Book, period: Period, *, level: float = 0.001, recent_days: int = 10) -> Quality:
    """What of the period's data came in, what was lost or repaired, and which of it cannot be trusted yet.

    Tables count rows of the source files by the day of receipt. `silent` lists runs of days without a row whose
    probability, corrected for all source-days looked at, is below `level` (see `stats.silence`). `filling` compares
    the share of cases without a reason in the last `recent_days` days of the period with the 28 days before, per
    channel (Newcombe 1998, method 10).

    Assumes that the files were complete when they were exported; what a source never sent cannot be seen here.
    """
    book = book.at(period.as_of)
    daily = _daily(book, period)
    silent = (
        silent_runs(daily, judged=min(len(daily), _days_seen(period)), level=level)
        if len(daily)
        else _no_silence()
    )
    silent["still"] = silent["last_day"] == (period.as_of - pd.Timedelta("1us")).normalize()
    tables = {
        "sources": _sources(book, period, silent),
        "days": _days(daily, period, silent),
        "silent": silent,
        "filling": _filling(book, period, recent_days),
        "steps": _steps(book, period),
    }
    order = {"act": 0, "watch": 1, "good": 2, "note": 3}
    findings = sorted(_findings(period, tables), key=lambda f: (order[f.level], -f.weight))
    return Quality(period, tables, tuple(findings))


def _days_seen(period: Period) -> int:
    return max(1, -(-(min(period.as_of, period.end) - period.start) // pd.Timedelta("1D")))


def _daily(book: Book, period: Period) -> pd.DataFrame:
    """Rows received by day and source over the eight weeks before the period and the period itself, used or not."""
    days = pd.date_range(
        period.start - pd.Timedelta(USUAL_DAYS, "D"), periods=USUAL_DAYS + _days_seen(period)
    )
    last = Period(f"{days[-1]:%Y-%m-%d}")
    by = (
        ["source"]
        if book.has("complaints", "source")
        else ["channel"]
        if book.has("complaints", "channel")
        else []
    )
    found = book.series(by=by, periods=last.history(len(days)))
    found["source"] = found[by[0]] if by else BLANK
    return found.assign(day=pd.to_datetime(found["period"])).pivot(index="day", columns="source", values="n")


def _sources(book: Book, period: Period, silent: pd.DataFrame) -> pd.DataFrame:
    """Per source: rows read by fate, the share used, days silent."""
    if book.has("arrivals"):
        found = book.counts(
            "arrivals", ["source", "fate"], period, where={"table": "complaints"}, total="rows"
        )
        table = found.pivot(index="source", columns="fate", values="rows").reindex(columns=FATES).fillna(0)
    else:
        by = "source" if book.has("complaints", "source") else None
        found = book.counts(by=[by] if by else [], window=period)
        table = found.assign(source=found[by] if by else BLANK).set_index("source")[["n"]]
        table = table.rename(columns={"n": "used"}).reindex(columns=FATES).fillna(0)
    table = table.astype("int64").rename_axis(columns=None).reset_index()
    table.insert(1, "read", table[list(FATES)].sum(axis=1))
    total = pd.DataFrame({"source": ["(all)"], **{c: [table[c].sum()] for c in ("read", *FATES)}})
    table = pd.concat([table, total], ignore_index=True) if len(table) != 1 else table
    table["used_share"] = table["used"] / table["read"].where(table["read"] > 0)
    table["aside_share"] = table["aside"] / table["read"].where(table["read"] > 0)
    days = silent.groupby("source")["days"].sum()
    table["silent_days"] = table["source"].map(days).fillna(0).astype("int64")
    table.loc[table["source"] == "(all)", "silent_days"] = int(days.sum())
    return table


def _days(daily: pd.DataFrame, period: Period, silent: pd.DataFrame) -> pd.DataFrame:
    table = daily.loc[period.start :].rename_axis(columns="source").stack().rename("n").reset_index()
    table = table.sort_values(["source", "day"], kind="stable", ignore_index=True)[["source", "day", "n"]]
    table["silent"] = False
    for run in silent.itertuples():
        table.loc[
            (table["source"] == run.source) & table["day"].between(run.first_day, run.last_day), "silent"
        ] = True
    return table


def _filling(book: Book, period: Period, recent_days: int) -> pd.DataFrame:
    """Per channel: cases without a reason among those of the last days, and among those of the 28 days before."""
    columns = [
        "channel",
        "days",
        "n",
        "missing",
        "missing_share",
        "n_before",
        "missing_before",
        "missing_share_before",
    ]
    if not book.has("complaints", "reason", "channel"):
        return pd.DataFrame(columns=[*columns, "change", "change_low", "change_high", "p"])
    last = Period(f"{period.as_of - pd.Timedelta('1us'):%Y-%m-%d}")
    days = last.history(recent_days + 28)
    found = book.series(by=["channel", "reason"], periods=days)
    recent = found["period"].isin([d.text for d in days[-recent_days:]])
    blank = found["reason"] == BLANK

    def count(rows: pd.Series) -> pd.Series:
        return (
            found[rows].groupby("channel")["n"].sum().reindex(sorted(found["channel"].unique()), fill_value=0)
        )

    table = pd.DataFrame(
        {
            "n": count(recent),
            "missing": count(recent & blank),
            "n_before": count(~recent),
            "missing_before": count(~recent & blank),
        }
    )
    table["days"] = recent_days
    table["missing_share"] = table["missing"] / table["n"].where(table["n"] > 0)
    table["missing_share_before"] = table["missing_before"] / table["n_before"].where(table["n_before"] > 0)
    tested = proportion_difference(table["missing"], table["n"], table["missing_before"], table["n_before"])
    tested = tested.rename(columns={"estimate": "change", "low": "change_low", "high": "change_high"})
    return (
        pd.concat([table, tested], axis=1).rename_axis("channel").reset_index()[[*columns, *tested.columns]]
    )


def _steps(book: Book, period: Period) -> pd.DataFrame:
    """The ledger of the files that hold rows of the period, added up per source in the order of the steps."""
    columns = ["source", "step", "rows_in", "rows_out", "rows_changed", "lost"]
    if not (book.has("ledger") and book.has("arrivals")):
        return pd.DataFrame(columns=columns)
    batches = book.counts("arrivals", ["batch_id"], period)["batch_id"].tolist()
    if not batches:
        return pd.DataFrame(columns=columns)
    wanted = ["batch_id", "step_no", "source", "step", "rows_in", "rows_out", "rows_changed"]
    lines = book.rows("ledger", wanted, limit=100_000, where={"batch_id": batches, "table": "complaints"})
    if lines.empty:
        return pd.DataFrame(columns=columns)
    sums = lines.groupby(["source", "step"], as_index=False).agg(
        step_no=("step_no", "min"),
        rows_in=("rows_in", "sum"),
        rows_out=("rows_out", "sum"),
        rows_changed=("rows_changed", "sum"),
    )
    sums["lost"] = sums["rows_in"] - sums["rows_out"]
    sums = sums.sort_values(["source", "step_no", "step"], kind="stable", ignore_index=True)
    return sums[(sums["lost"] != 0) | (sums["rows_changed"] != 0)][columns].reset_index(drop=True)


def _no_silence() -> pd.DataFrame:
    return silent_runs(pd.DataFrame(index=pd.DatetimeIndex([])), judged=0)


# ---------------------------------------------------------------------------------------------- findings

_CAME_IN = Words(
    "{sources:int} 个来源共读入 {read:int} 行|：采用 {used:int}，重复 {duplicate:int}，搁置 {aside:int}；可用率 {share:pct1}。",
    "{read:int} {read:row was/rows were} read from {sources:int} {sources:source/sources}|: {used:int} used, {duplicate:int} {duplicate:duplicate/duplicates}, {aside:int} set "
    "aside; {share:pct1} could be used.",
)
_NOTHING = Words(
    "本期没有任何投诉记录|：请先确认来源文件已经入库。",
    "No complaint was recorded in this period|: make sure first that its source files were taken in.",
)
_SILENT = Words(
    "{source:source}静默 {days:int} 天|（{first:day}至{last:day}）：往常这几天约有 {expected:num1} 件；本期数字因此偏低，请向来源方补要数据。",
    "{source:source} was silent for {days:int} days|, from {first:day} to {last:day}, where about {expected:num1} cases are "
    "usual: this period's numbers read low by as much until the data are had.",
)
_SILENT_DAY = Words(
    "{source:source}在{first:day}静默|：往常这天约有 {expected:num1} 件；本期数字因此偏低，请向来源方补要数据。",
    "{source:source} was silent on {first:day}|, where about {expected:num1} cases are usual: this period's numbers read low "
    "by as much until the data are had.",
)
_LATE = Words(
    "{channel:channel}的分类滞后|：最近 {recent:int} 天有 {share:pct} 未填原因（此前 {before:pct}），这些天各原因的占比偏低，不宜比较。",
    "{channel:channel} fills in its reasons late|: {share:pct} of the last {recent:int} days have none yet (before: "
    "{before:pct}), so shares of these days read low.",
)
_LOSS = Words(
    "{source:source}有 {share:pct1} 的行被搁置|（{aside:int} 行，共 {read:int} 行）；各步骤的原因见入库步骤表。",
    "{share:pct1} of the rows from {source:source} were set aside| ({aside:int} of {read:int}); the table of intake steps "
    "says why.",
)
_PARTIAL = Words(
    "期间尚未结束|：数据截至{as_of:moment}，不与完整期间比较。",
    "The period is not over|: data up to {as_of:moment}, not to be compared with a whole one.",
)


def _findings(period: Period, tables: dict[str, pd.DataFrame]) -> list[Finding]:
    sources = tables["sources"]
    each, whole = sources[sources["source"] != "(all)"], sources.iloc[-1:]
    if not len(each) or whole["read"].item() == 0:
        return [Finding("quality.nothing", "act", _NOTHING, weight=0.95)]
    max_loss = load_rules().intake.max_loss
    found = [
        Finding(
            "quality.came_in",
            "note",
            _CAME_IN,
            {
                "sources": len(each),
                **{c: whole[c].item() for c in ("read", *FATES)},
                "share": whole["used_share"].item(),
            },
            weight=0.4,
        )
    ]
    for run in tables["silent"].itertuples():
        values = {
            "source": run.source,
            "days": run.days,
            "first": run.first_day,
            "last": run.last_day,
            "expected": run.expected,
        }
        level = "act" if run.still else "watch"
        words = _SILENT if run.days > 1 else _SILENT_DAY
        found.append(Finding("quality.silent", level, words, values, weight=0.7))
    filling = tables["filling"]
    for row in filling[
        (filling["p"] * max(1, len(filling)) < 0.01) & (filling["change_low"] > 0.05)
    ].itertuples():
        values = {
            "channel": row.channel,
            "share": row.missing_share,
            "before": row.missing_share_before,
            "recent": row.days,
        }
        found.append(Finding("quality.late", "watch", _LATE, values, weight=0.55))
    for row in each[each["aside"] > max_loss / 2 * each["read"]].itertuples():
        values = {"source": row.source, "share": row.aside_share, "aside": row.aside, "read": row.read}
        found.append(Finding("quality.loss", "watch", _LOSS, values, weight=0.5))
    if period.is_partial:
        found.append(Finding("quality.partial", "watch", _PARTIAL, {"as_of": period.as_of}, weight=0.6))
    return found
