"""The one dictionary of indicators: what each is called, how it is formed, and how it is measured from a Book.

Code, tiles and glossary all come from `INDICATORS`, so that no indicator is computed twice by two rules. `measure`
gives any of them as a series over periods, with an interval. Every period is seen at its own `as_of` (its end, unless
it is partial), so that an old period does not look better because it has had more time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from .book import Book, NotMeasured
from .clock import Clock
from .period import Period
from .rules import load_rules
from .words import Words

WEEK_HOURS = 7 * 24
TOP_TWO = 4  # of five
PROMOTER, DETRACTOR = 9, 6  # of ten: from, up to
FIRST = (  # drawn first, as far as measured
    "rate_orders", "open_at_end", "first_response_median", "resolution_median",
    "first_response_on_time", "resolution_on_time", "resolved_7_days", "csat_top_two",
    "reopen_rate", "upheld_rate", "received", "closed",
)  # fmt: skip

Ask = Callable[[Book, Sequence[Period]], pd.DataFrame]


@dataclass(frozen=True)
class Indicator:
    """One indicator. `kind` decides the interval: count, rate, share, median, mean or score.

    `form` is how the value is shown (`words.show`), `good` the direction of good (`up`, `down`, `none`), `per` the
    number of units of the denominator that the value refers to. `ask` fetches numerator and denominator.
    """

    key: str
    kind: str
    form: str
    good: str
    words: Words
    formula: Words
    numerator: Words
    denominator: Words
    clock: Words
    exclusions: Words
    ask: Ask
    per: float = 1


def measure(
    book: Book, indicator: Indicator | str, periods: Sequence[Period], level: float = 0.95
) -> pd.DataFrame:
    """How large was the indicator in each period? Columns period, numerator, denominator, value, low, high, n.

    `n` is the number of cases (or answers) behind the value, `low` and `high` its interval at `level` on the
    assumption of independent cases: Garwood for counts and rates, Wilson for shares, order statistics for medians,
    the normal law for scores; means come without one. A value that cannot be formed (no case, no exposure) is NaN.
    Raises NotMeasured where the store lacks a table, a column or every value of it.
    """
    from .stats.estimates import ESTIMATES  # not for who only reads the dictionary

    indicator = INDICATORS[indicator] if isinstance(indicator, str) else indicator
    found = indicator.ask(book, periods)
    out = ESTIMATES[indicator.kind](found, indicator.per, level)
    return out[["period", "numerator", "denominator", "value", "low", "high", "n"]]


# ------------------------------------------------------------------------------- what is asked of the book


class Stretch(NamedTuple):
    """A stretch of time that is no named period: the cases that fall due in the one that `text` names."""

    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp
    text: str


def _need(book: Book, table: str, *columns: str) -> None:
    if not book.has(table, *columns):
        raise NotMeasured(", ".join(f"{table}.{c}" for c in columns if not book.has(table, c)) or table)


def _cases(basis: str) -> Ask:
    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        if basis != "received":
            _need(book, "complaints", "closed_at")
        found = book.at(periods[-1].as_of).series("complaints", [], periods, basis)
        return found.rename(columns={"n": "numerator"}).assign(denominator=np.nan)

    return ask


def _per(exposure: str) -> Ask:
    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        book = book.at(periods[-1].as_of)
        if exposure == "contacts" and book.has("contacts"):
            below = book.series("contacts", [], periods)["n"].astype(float)
        else:
            below = book.exposure(exposure, periods)["value"]
        if below.isna().all():
            raise NotMeasured(f"exposure.{exposure}")
        return _cases("received")(book, periods).assign(denominator=below)

    return ask


def _flagged(column: str, basis: str, yes: Sequence, of: Sequence) -> Ask:
    """Cases whose `column` is one of `yes`, of those where it is one of `of`."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        _need(book, "complaints", column, *(["closed_at"] if basis == "closed" else []))
        found = book.at(periods[-1].as_of).series("complaints", [column], periods, basis)
        return _tally(found, periods, numerator=found[column].isin(yes), denominator=found[column].isin(of))

    return ask


def _compensation(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    _need(book, "complaints", "closed_at", "compensation")
    found = book.at(periods[-1].as_of).series("complaints", [], periods, "closed", total="compensation")
    return found.rename(columns={"compensation": "numerator", "n": "denominator"})


def _lengths(book: Book, windows: Sequence, end: str | None, **how) -> pd.DataFrame:
    """Times from receipt to `end` (None: resolution) as counts, with the `period`; each seen at its own `as_of`."""
    end = end or ("resolved_at" if book.has("complaints", "resolved_at") else "closed_at")
    _need(book, "complaints", end, *how.get("by", []))
    return book.at(windows[-1].as_of).spells("received_at", end, window=windows, **how)


def _time_taken(end: str | None, clock: str) -> Ask:
    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        found = _lengths(book, periods, end, basis="closed", clock=clock)
        histograms = [found[found["period"] == p.text] for p in periods]
        return pd.DataFrame({"period": [p.text for p in periods], "histogram": histograms})

    return ask


def _resolved_by_end(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    found = _lengths(book, periods, None, unit="day")
    return _tally(found, periods, numerator=found["observed"], denominator=True)


def _resolved_in_week(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    """The cases whose seventh day ends in the period: all of them are old enough when it ends."""
    week = pd.Timedelta(hours=WEEK_HOURS)
    windows = [Stretch(p.start - week, min(p.end, p.as_of) - week, p.as_of, p.text) for p in periods]
    found = _lengths(book, windows, None, unit="hour")
    return _tally(
        found, periods, numerator=found["observed"] & (found["duration"] < WEEK_HOURS), denominator=True
    )


def _on_time(end: str | None, kind: str) -> Ask:
    """The cases for which even the longest limit ran out in the period, so that all are due, whatever their grade."""

    def ask(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
        limits = getattr(load_rules().sla, kind)
        moments = pd.DatetimeIndex([m for p in periods for m in (p.start, min(p.end, p.as_of))])
        edges = due_by(book.clock, moments, max(limits.values()))
        pairs = zip(edges[::2], edges[1::2], periods, strict=True)
        windows = [Stretch(start, stop, p.as_of, p.text) for start, stop, p in pairs]
        found = _lengths(book, windows, end, by=["severity"], clock="worked")
        limit = found["severity"].map(dict(limits))
        met = found["observed"] & (found["duration"] <= limit)
        return _tally(found, periods, numerator=met, denominator=limit.notna())

    return ask


def due_by(clock: Clock, moments: pd.DatetimeIndex, limit: int) -> pd.DatetimeIndex:
    """For each moment, the minute before which a case must have been received for its limit to have run out by then.

    A limit of `limit` working minutes runs out when more than so many have been worked since.
    """
    target = np.asarray(clock.worked(moments), dtype="int64") - limit
    late = moments.to_numpy().astype("datetime64[m]").astype("int64")
    early = late - 3 * 366 * 1440  # the longest limit is a year of minutes on the clock
    while (late - early > 1).any():
        middle = (early + late) // 2
        due = np.asarray(clock.worked(middle.astype("datetime64[m]")), dtype="int64") < target
        early, late = np.where(due, middle, early), np.where(due, late, middle)
    return pd.DatetimeIndex(late.astype("datetime64[m]")).as_unit("us")


def _top_two(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    found = _answers(book, "csat", periods)
    return _tally(found, periods, numerator=found["csat"] >= TOP_TWO, denominator=True)


def _promoters(book: Book, periods: Sequence[Period]) -> pd.DataFrame:
    found = _answers(book, "nps", periods)
    up, down = found["nps"] >= PROMOTER, found["nps"] <= DETRACTOR
    tally = _tally(found, periods, up=up, down=down, denominator=True)
    return tally.assign(numerator=tally["up"] - tally["down"], squares=tally["up"] + tally["down"])


def _answers(book: Book, question: str, periods: Sequence[Period]) -> pd.DataFrame:
    _need(book, "surveys", question)
    return book.at(periods[-1].as_of).series("surveys", [question], periods).dropna()


def _tally(found: pd.DataFrame, periods: Sequence[Period], **which: pd.Series | bool) -> pd.DataFrame:
    """Cases per period for which each of `which` is true."""
    counted = {
        name: found["n"].where(true if true is not True else found["n"] >= 0, 0)
        for name, true in which.items()
    }
    frame = pd.DataFrame(counted, index=found.index).groupby(found["period"]).sum()
    return frame.reindex([p.text for p in periods], fill_value=0).rename_axis("period").reset_index()


# ---------------------------------------------------------------------------------------- the dictionary

_NONE = Words("无", "none")
_CALENDAR = Words("自然时间", "calendar time")
_WORKED = Words("工作时间", "work clock")
_NO_CLOCK = Words("不涉及", "does not apply")
_RECEIVED = Words("本期收到的投诉件数", "complaints received in the period")
_CLOSED = Words("本期办结的投诉件数", "complaints closed in the period")
_NAIVE = Words(
    "只含已完成的投诉，未完成的不在内，因此偏短",
    "open cases are not in it, so it reads too short",
)
_UNGRADED = Words("没有严重程度的投诉不计", "cases without a grade of severity")
_RECOUNTED = Words("剔除重复后的有效投诉", "duplicates are taken out at intake")

INDICATORS: dict[str, Indicator] = {
    indicator.key: indicator
    for indicator in (
        Indicator(
            "received", "count", "int", "none",
            Words("收到投诉", "Complaints received"),
            Words("本期收到的投诉件数", "number of complaints received in the period"),
            _RECEIVED, _NONE, _NO_CLOCK, _RECOUNTED,
            _cases("received"),
        ),
        Indicator(
            "closed", "count", "int", "none",
            Words("办结投诉", "Complaints closed"),
            Words("本期办结的投诉件数，不论何时收到", "number of complaints closed in the period, whenever received"),
            _CLOSED, _NONE, _NO_CLOCK, _RECOUNTED,
            _cases("closed"),
        ),
        Indicator(
            "open_at_end", "count", "int", "down",
            Words("期末未结", "Open at the end"),
            Words("期初未结 + 本期收到 − 本期办结", "open at the start + received − closed"),
            Words("期末尚未办结的投诉件数", "complaints not closed when the period ends"),
            _NONE, _NO_CLOCK, _RECOUNTED,
            _cases("open"),
        ),
        Indicator(
            "rate_orders", "rate", "num2", "down",
            Words("每千单投诉", "Complaints per 1,000 orders"),
            Words("1000 × 收到的投诉 ÷ 订单数（投诉率，按业务量）", "1,000 × complaints received ÷ orders (complaint rate by volume)"),
            _RECEIVED, Words("本期订单数", "orders of the period"), _NO_CLOCK, _RECOUNTED,
            _per("orders"), 1000,
        ),
        Indicator(
            "rate_customers", "rate", "num2", "down",
            Words("每千客户投诉", "Complaints per 1,000 customers"),
            Words("1000 × 收到的投诉 ÷ 客户数（投诉率，按客户）", "1,000 × complaints received ÷ customers (complaint rate by customers)"),
            _RECEIVED, Words("本期各月客户数的平均", "customers, mean of the period's months"), _NO_CLOCK, _RECOUNTED,
            _per("customers"), 1000,
        ),
        Indicator(
            "rate_contacts", "rate", "num2", "down",
            Words("每千次来访投诉", "Complaints per 1,000 contacts"),
            Words("1000 × 收到的投诉 ÷ 来电来访次数（投诉率，按来访量）", "1,000 × complaints received ÷ contacts (complaint rate by contacts)"),
            _RECEIVED, Words("本期来电、在线咨询次数", "calls, chats and consultations of the period"), _NO_CLOCK, _RECOUNTED,
            _per("contacts"), 1000,
        ),
        Indicator(
            "first_response_median", "median", "min", "down",
            Words("首次响应中位时长", "First response, median"),
            Words("本期首次响应的投诉，从收到到首次响应所用时间的中位数", "median time from receipt to first response, of the cases first answered in the period"),
            Words("收到至首次响应的时间", "time from receipt to first response"),
            Words("本期首次响应的投诉", "cases first answered in the period"),
            _WORKED, _NAIVE,
            _time_taken("first_response_at", "worked"),
        ),
        Indicator(
            "resolution_median", "median", "min", "down",
            Words("解决中位时长", "Resolution time, median"),
            Words("本期解决的投诉，从收到到解决所用时间的中位数", "median time from receipt to resolution, of the cases resolved in the period"),
            Words("收到至解决的时间", "time from receipt to resolution"),
            Words("本期解决的投诉", "cases resolved in the period"),
            _CALENDAR, _NAIVE,
            _time_taken(None, "elapsed"),
        ),
        Indicator(
            "first_response_on_time", "share", "pct", "up",
            Words("首次响应及时率（占应响应）", "First responses on time, of cases due"),
            Words("按各自等级的时限内首次响应的件数 ÷ 应响应的件数", "answered within the limit of their grade ÷ cases due"),
            Words("时限内首次响应的投诉；逾期未响应的不算", "cases answered within their limit; an overdue open case is never met"),
            Words("最长一级的响应时限也在本期届满的投诉，即全部应已响应", "cases for which even the longest response limit ran out in the period: all are due"), _WORKED, _UNGRADED,
            _on_time("first_response_at", "first_response"),
        ),
        Indicator(
            "resolution_on_time", "share", "pct", "up",
            Words("按期解决率（占应解决）", "Resolved on time, of cases due"),
            Words("按各自等级的时限内解决的件数 ÷ 应解决的件数", "resolved within the limit of their grade ÷ cases due"),
            Words("时限内解决的投诉；逾期未决的不算", "cases resolved within their limit; an overdue open case is never met"),
            Words("最长一级的解决时限也在本期届满的投诉，即全部应已解决", "cases for which even the longest resolution limit ran out in the period: all are due"), _WORKED, _UNGRADED,
            _on_time(None, "resolution"),
        ),
        Indicator(
            "resolved_7_days", "share", "pct", "up",
            Words("7 天内解决率", "Resolved within 7 days"),
            Words("7 天内解决的件数 ÷ 在本期满 7 天的件数", "resolved within 7 days ÷ cases whose seventh day ended in the period"),
            Words("收到后 7 天内解决的投诉", "cases resolved within 7 days of receipt"),
            Words("在本期满 7 天的投诉，未决的也在内", "cases that became 7 days old in the period, open ones included"), _CALENDAR, _NONE,
            _resolved_in_week,
        ),
        Indicator(
            "resolution_rate", "share", "pct", "up",
            Words("当期解决率", "Resolved by the period's end"),
            Words("本期收到且期末前解决的件数 ÷ 本期收到的件数", "received in the period and resolved by its end ÷ received in the period"),
            Words("本期收到且期末前已解决的投诉", "cases received in the period and resolved by its end"), _RECEIVED, _CALENDAR,
            Words("无；期末才收到的投诉还来不及解决，各期同样如此", "none; the last days' cases had little time, in every period alike"),
            _resolved_by_end,
        ),
        Indicator(
            "reopen_rate", "share", "pct1", "down",
            Words("重开率", "Reopened"),
            Words("重开过的件数 ÷ 本期办结的件数", "cases that were reopened ÷ cases closed in the period"),
            Words("本期办结、曾被重开的投诉", "cases closed in the period that were reopened"),
            _CLOSED, _NO_CLOCK,
            Words("没有记录是否重开的不计；新近办结的以后还可能重开", "cases without a record of it; the newest may be reopened yet"),
            _flagged("reopened", "closed", [True], [True, False]),
        ),
        Indicator(
            "escalation_rate", "share", "pct1", "down",
            Words("升级率", "Escalated"),
            Words("升级的件数 ÷ 本期收到的件数", "cases that were escalated ÷ cases received in the period"),
            Words("本期收到、已升级的投诉", "cases received in the period that were escalated"),
            _RECEIVED, _NO_CLOCK,
            Words("没有记录是否升级的不计；新近收到的以后还可能升级", "cases without a record of it; the newest may be escalated yet"),
            _flagged("escalated", "received", [True], [True, False]),
        ),
        Indicator(
            "upheld_rate", "share", "pct", "none",
            Words("投诉成立率", "Upheld"),
            Words("全部或部分成立的件数 ÷ 本期办结且已有认定的件数", "upheld wholly or in part ÷ cases closed in the period with a decision"),
            Words("认定成立或部分成立的投诉", "cases upheld wholly or in part"),
            Words("本期办结且已有认定的投诉", "cases closed in the period with a decision"), _NO_CLOCK,
            Words("没有认定的不计", "cases without a decision"),
            _flagged("valid", "closed", ["yes", "partly"], ["yes", "partly", "no"]),
        ),
        Indicator(
            "compensation_per_case", "mean", "num1", "down",
            Words("件均赔付", "Compensation per case"),
            Words("本期办结投诉的赔付总额 ÷ 本期办结的件数", "compensation paid for cases closed in the period ÷ those cases"),
            Words("本期办结投诉的赔付总额", "compensation of the cases closed in the period"), _CLOSED, _NO_CLOCK,
            Words("无；没有赔付的按 0 计", "none; a case without compensation counts as 0"),
            _compensation,
        ),
        Indicator(
            "csat_top_two", "share", "pct", "up",
            Words("满意度（五分制前两档）", "Satisfaction (top two of five)"),
            Words("打 4 分或 5 分的答卷 ÷ 有评分的答卷", "answers of 4 or 5 ÷ answers with a mark"),
            Words("本期打 4 分或 5 分的答卷", "answers of 4 or 5 in the period"),
            Words("本期有满意度评分的答卷", "answers with a satisfaction mark in the period"), _NO_CLOCK,
            Words("未评分的答卷；未答卷的客户不在内", "answers without a mark; customers who did not answer are not heard"),
            _top_two,
        ),
        Indicator(
            "nps", "score", "+int", "up",
            Words("处理后 NPS", "NPS after handling"),
            Words("100 ×（9–10 分的答卷 − 0–6 分的答卷）÷ 有评分的答卷", "100 × (answers of 9 to 10 − answers of 0 to 6) ÷ answers with a mark"),
            Words("推荐者减贬损者", "promoters less detractors"),
            Words("本期有推荐意愿评分的答卷", "answers with a recommendation mark in the period"), _NO_CLOCK,
            Words("未评分的答卷；未答卷的客户不在内", "answers without a mark; customers who did not answer are not heard"),
            _promoters, 100,
        ),
    )
}  # fmt: skip


# ------------------------------------------------------------------------------- which periods can be measured

SURELY = 7.0  # so many complaints would have come in a gap: the chance of none is below 1 in 1,000


def whole_history(book: Book, period: Period, most: int) -> tuple[list[Period], pd.Timestamp | None]:
    """The periods to look at, oldest first, and the moment at which the data of the last one stop short, if they do.

    At most `most` periods, ending with `period`. Those before the data begin are left out, and so is the first one
    where the data set in so late in it that more than `SURELY` complaints are missing at that period's own pace.
    """
    book = book.at(period.as_of)
    first, last = book.span()
    if pd.isna(first):
        return [period], None
    periods = [p for p in period.history(most) if p.end > first] or [period]
    counts = book.series("complaints", [], periods)["n"]
    begin, end = periods[0], min(period.end, period.as_of)
    pace = counts.iloc[0] / max((min(begin.end, end) - first).total_seconds(), 60)
    if len(periods) > 1 and begin.start < first and (first - begin.start).total_seconds() * pace > SURELY:
        periods, counts = periods[1:], counts.iloc[1:]
    usual = counts.iloc[:-1].median() if len(counts) > 1 else counts.iloc[-1]
    missing = usual * ((end - last) / (period.end - period.start))
    return periods, last if last < end and missing > SURELY and (end - last) > pd.Timedelta(days=1) else None
