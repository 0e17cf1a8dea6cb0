"""The dictionary itself: what each indicator is called, how it is formed, and what it asks of a book."""

from dataclasses import dataclass

from ..words import Words
from . import asked
from .asked import Ask

FIRST = (  # drawn first, as far as measured
    "rate_orders", "open_at_end", "first_response_median", "resolution_median",
    "first_response_on_time", "resolution_on_time", "resolved_7_days", "csat_top_two",
    "reopen_rate", "upheld_rate", "received", "closed",
)  # fmt: skip


@dataclass(frozen=True)
class Indicator:
    """One indicator. `kind` decides the interval: count, rate, share, median, mean or score.

    `form` is how the value is shown (`words.show`), `good` the direction of good (`up`, `down`, `none`), `per` the
    number of units of the denominator that the value refers to. `ask` fetches numerator and denominator, `page` is the
    method that shows it.
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
    page: str = "overview"


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
_DUE = Words(
    "本期内自身时限届满的投诉；等待客户的时间使时限顺延",
    "cases whose own limit ran out in the period; waiting for the customer puts it off",
)
_NOT_DUE = Words(
    "没有严重程度的投诉；届满前已撤回、合并或转出的投诉；尚无处理环节记录的时期",
    "cases without a grade of severity; those withdrawn, merged or passed on before their limit ran out; periods before "
    "steps were recorded",
)
_OLDER = Words("尚未满期的新近投诉不计，以后再算", "newer cases are counted when they are old enough")
_BACK = Words(
    "没有客户号或原因的投诉；尚未满期的新近投诉以后再算",
    "cases without a customer or a reason; newer ones are counted when they are old enough",
)
_RECOUNTED = Words("剔除重复后的有效投诉", "duplicates are taken out at intake")

INDICATORS: dict[str, Indicator] = {
    indicator.key: indicator
    for indicator in (
        Indicator(
            "received", "count", "int", "none",
            Words("收到投诉", "Complaints received"),
            Words("本期收到的投诉件数", "number of complaints received in the period"),
            _RECEIVED, _NONE, _NO_CLOCK, _RECOUNTED,
            asked.cases("received"),
        ),
        Indicator(
            "closed", "count", "int", "none",
            Words("办结投诉", "Complaints closed"),
            Words("本期办结的投诉件数，不论何时收到", "number of complaints closed in the period, whenever received"),
            _CLOSED, _NONE, _NO_CLOCK, _RECOUNTED,
            asked.cases("closed"),
        ),
        Indicator(
            "open_at_end", "count", "int", "down",
            Words("期末未结", "Open at the end"),
            Words("期初未结 + 本期收到 − 本期办结", "open at the start + received − closed"),
            Words("期末尚未办结的投诉件数", "complaints not closed when the period ends"),
            _NONE, _NO_CLOCK, _RECOUNTED,
            asked.cases("open"),
        ),
        Indicator(
            "rate_orders", "rate", "num2", "down",
            Words("每千单投诉", "Complaints per 1,000 orders"),
            Words("1000 × 收到的投诉 ÷ 订单数（投诉率，按业务量）", "1,000 × complaints received ÷ orders (complaint rate by volume)"),
            _RECEIVED, Words("本期订单数", "orders of the period"), _NO_CLOCK, _RECOUNTED,
            asked.per("orders"), 1000,
        ),
        Indicator(
            "rate_customers", "rate", "num2", "down",
            Words("每千客户投诉", "Complaints per 1,000 customers"),
            Words("1000 × 收到的投诉 ÷ 客户数（投诉率，按客户）", "1,000 × complaints received ÷ customers (complaint rate by customers)"),
            _RECEIVED, Words("本期各月客户数的平均", "customers, mean of the period's months"), _NO_CLOCK, _RECOUNTED,
            asked.per("customers"), 1000,
        ),
        Indicator(
            "rate_contacts", "rate", "num2", "down",
            Words("每千次来访投诉", "Complaints per 1,000 contacts"),
            Words("1000 × 收到的投诉 ÷ 来电来访次数（投诉率，按来访量）", "1,000 × complaints received ÷ contacts (complaint rate by contacts)"),
            _RECEIVED, Words("本期来电、在线咨询次数", "calls, chats and consultations of the period"), _NO_CLOCK, _RECOUNTED,
            asked.per("contacts"), 1000,
        ),
        Indicator(
            "first_response_median", "median", "min", "down",
            Words("首次响应中位时长", "First response, median"),
            Words("本期首次响应的投诉，从收到到首次响应所用时间的中位数", "median time from receipt to first response, of the cases first answered in the period"),
            Words("收到至首次响应的时间", "time from receipt to first response"),
            Words("本期首次响应的投诉", "cases first answered in the period"),
            _WORKED, _NAIVE,
            asked.time_taken("first_response_at", "worked"),
        ),
        Indicator(
            "resolution_median", "median", "min", "down",
            Words("解决中位时长", "Resolution time, median"),
            Words("本期解决的投诉，从收到到解决所用时间的中位数", "median time from receipt to resolution, of the cases resolved in the period"),
            Words("收到至解决的时间", "time from receipt to resolution"),
            Words("本期解决的投诉", "cases resolved in the period"),
            _CALENDAR, _NAIVE,
            asked.time_taken(None, "elapsed"),
        ),
        Indicator(
            "first_response_on_time", "share", "pct", "up",
            Words("首次响应及时率（占应响应）", "First responses on time, of cases due"),
            Words("按各自等级的时限内首次响应的件数 ÷ 应响应的件数", "answered within the limit of their grade ÷ cases due"),
            Words("时限内首次响应的投诉；逾期未响应的不算", "cases answered within their limit; an overdue open case is never met"),
            _DUE, _WORKED, _NOT_DUE,
            asked.on_time("first_response"),
        ),
        Indicator(
            "resolution_on_time", "share", "pct", "up",
            Words("按期解决率（占应解决）", "Resolved on time, of cases due"),
            Words("按各自等级的时限内解决的件数 ÷ 应解决的件数", "resolved within the limit of their grade ÷ cases due"),
            Words("时限内解决的投诉；逾期未决的不算", "cases resolved within their limit; an overdue open case is never met"),
            _DUE, _WORKED, _NOT_DUE,
            asked.on_time("resolution"),
        ),
        Indicator(
            "resolved_7_days", "share", "pct", "up",
            Words("7 天内解决率", "Resolved within 7 days"),
            Words("7 天内解决的件数 ÷ 在本期满 7 天的件数", "resolved within 7 days ÷ cases whose seventh day ended in the period"),
            Words("收到后 7 天内解决的投诉", "cases resolved within 7 days of receipt"),
            Words("在本期满 7 天的投诉，未决的也在内", "cases that became 7 days old in the period, open ones included"), _CALENDAR, _NONE,
            asked.within(7, None),
        ),
        Indicator(
            "resolution_rate", "share", "pct", "up",
            Words("当期解决率", "Resolved by the period's end"),
            Words("本期收到且期末前解决的件数 ÷ 本期收到的件数", "received in the period and resolved by its end ÷ received in the period"),
            Words("本期收到且期末前已解决的投诉", "cases received in the period and resolved by its end"), _RECEIVED, _CALENDAR,
            Words("无；期末才收到的投诉还来不及解决，各期同样如此", "none; the last days' cases had little time, in every period alike"),
            asked.by_end(None),
        ),
        Indicator(
            "reopen_rate", "share", "pct1", "down",
            Words("重开率", "Reopened"),
            Words("重开过的件数 ÷ 本期办结的件数", "cases that were reopened ÷ cases closed in the period"),
            Words("本期办结、曾被重开的投诉", "cases closed in the period that were reopened"),
            _CLOSED, _NO_CLOCK,
            Words("没有记录是否重开的不计；新近办结的以后还可能重开", "cases without a record of it; the newest may be reopened yet"),
            asked.flagged("reopened", "closed", [True], [True, False]),
        ),
        Indicator(
            "escalation_rate", "share", "pct1", "down",
            Words("升级率", "Escalated"),
            Words("升级的件数 ÷ 本期收到的件数", "cases that were escalated ÷ cases received in the period"),
            Words("本期收到、已升级的投诉", "cases received in the period that were escalated"),
            _RECEIVED, _NO_CLOCK,
            Words("没有记录是否升级的不计；新近收到的以后还可能升级", "cases without a record of it; the newest may be escalated yet"),
            asked.flagged("escalated", "received", [True], [True, False]),
        ),
        Indicator(
            "upheld_rate", "share", "pct", "none",
            Words("投诉成立率", "Upheld"),
            Words("全部或部分成立的件数 ÷ 本期办结且已有认定的件数", "upheld wholly or in part ÷ cases closed in the period with a decision"),
            Words("认定成立或部分成立的投诉", "cases upheld wholly or in part"),
            Words("本期办结且已有认定的投诉", "cases closed in the period with a decision"), _NO_CLOCK,
            Words("没有认定的不计", "cases without a decision"),
            asked.flagged("valid", "closed", ["yes", "partly"], ["yes", "partly", "no"]),
        ),
        Indicator(
            "compensation_per_case", "mean", "num1", "down",
            Words("件均赔付", "Compensation per case"),
            Words("本期办结投诉的赔付总额 ÷ 本期办结的件数", "compensation paid for cases closed in the period ÷ those cases"),
            Words("本期办结投诉的赔付总额", "compensation of the cases closed in the period"), _CLOSED, _NO_CLOCK,
            Words("无；没有赔付的按 0 计", "none; a case without compensation counts as 0"),
            asked.compensation,
        ),
        Indicator(
            "csat_top_two", "share", "pct", "up",
            Words("满意度（五分制前两档）", "Satisfaction (top two of five)"),
            Words("打 4 分或 5 分的答卷 ÷ 有评分的答卷", "answers of 4 or 5 ÷ answers with a mark"),
            Words("本期打 4 分或 5 分的答卷", "answers of 4 or 5 in the period"),
            Words("本期有满意度评分的答卷", "answers with a satisfaction mark in the period"), _NO_CLOCK,
            Words("未评分的答卷；未答卷的客户不在内", "answers without a mark; customers who did not answer are not heard"),
            asked.top_two,
        ),
        Indicator(
            "nps", "score", "+int", "up",
            Words("处理后 NPS", "NPS after handling"),
            Words("100 ×（9–10 分的答卷 − 0–6 分的答卷）÷ 有评分的答卷", "100 × (answers of 9 to 10 − answers of 0 to 6) ÷ answers with a mark"),
            Words("推荐者减贬损者", "promoters less detractors"),
            Words("本期有推荐意愿评分的答卷", "answers with a recommendation mark in the period"), _NO_CLOCK,
            Words("未评分的答卷；未答卷的客户不在内", "answers without a mark; customers who did not answer are not heard"),
            asked.promoters, 100,
        ),
        Indicator(
            "response_rate", "share", "pct", "up",
            Words("响应率", "Answered by the period's end"),
            Words("本期收到且期末前已首次响应的件数 ÷ 本期收到的件数", "received in the period and first answered by its end ÷ received in the period"),
            Words("本期收到且期末前已首次响应的投诉", "cases received in the period and first answered by its end"), _RECEIVED, _CALENDAR,
            Words("无；期末才收到的投诉还来不及响应，各期同样如此", "none; the last days' cases had little time, in every period alike"),
            asked.by_end("first_response_at"), page="sla",
        ),
        Indicator(
            "acknowledged_1_day", "share", "pct", "up",
            Words("1 天内响应率", "Acknowledged within a day"),
            Words("收到后 24 小时内首次响应的件数 ÷ 在本期满 1 天的件数", "first answered within 24 hours ÷ cases that became a day old in the period"),
            Words("24 小时内首次响应的投诉", "cases first answered within 24 hours"),
            Words("在本期满 1 天的投诉，未响应的也在内", "cases that became a day old in the period, unanswered ones included"), _CALENDAR, _OLDER,
            asked.within(1, "first_response_at"), page="sla",
        ),
        Indicator(
            "closed_8_weeks", "share", "pct", "up",
            Words("8 周内办结率", "Closed within 8 weeks"),
            Words("收到后 8 周内办结的件数 ÷ 在本期满 8 周的件数", "closed within 8 weeks ÷ cases that became 8 weeks old in the period"),
            Words("8 周内办结的投诉", "cases closed within 8 weeks of receipt"),
            Words("在本期满 8 周的投诉，未结的也在内", "cases that became 8 weeks old in the period, open ones included"), _CALENDAR, _OLDER,
            asked.within(56, "closed_at"), page="sla",
        ),
        Indicator(
            "first_contact_resolution", "share", "pct", "up",
            Words("首次接触解决率", "Settled at the first contact"),
            Words("解决后 7 天内未再因同一原因投诉，且未重开、转办、升级的件数 ÷ 可判断的件数", "no new complaint of the same within 7 days of the resolution, not reopened, transferred or escalated ÷ cases of which it can be said"),
            Words("一次解决的投诉", "cases settled at once"),
            Words("解决后在本期满 7 天的投诉", "resolved cases whose seventh day after the resolution ended in the period"), _CALENDAR, _BACK,
            asked.settled_at_once(7), page="closure",
        ),
        Indicator(
            "repeat_30_days", "share", "pct1", "down",
            Words("30 天内重复投诉率", "Repeated within 30 days"),
            Words("30 天内同一客户因同一原因再次投诉的件数 ÷ 在本期满 30 天的件数", "the same customer complained of the same again within 30 days ÷ cases that became 30 days old in the period"),
            Words("30 天内再次投诉的投诉", "cases followed by another of the same within 30 days"),
            Words("在本期满 30 天的投诉", "cases that became 30 days old in the period"), _CALENDAR, _BACK,
            asked.repeated(30), page="closure",
        ),
        Indicator(
            "follow_up_rate", "share", "pct", "up",
            Words("回访率", "Followed up"),
            Words("有回访环节的件数 ÷ 本期办结的件数", "cases with a return call ÷ cases closed in the period"),
            Words("办结前后有回访的投诉", "closed cases that came to the stage of the return call"), _CLOSED, _NO_CLOCK,
            Words("无；开始记录回访以前的时期为 0", "none; before return calls were recorded it is 0"),
            asked.checked("followed_up"), page="closure",
        ),
        Indicator(
            "closed_loop_rate", "share", "pct", "up",
            Words("闭环率", "Loop closed"),
            Words("已响应、已解决、已回访且已评价的件数 ÷ 本期办结的件数", "answered, solved, followed up and evaluated ÷ cases closed in the period"),
            Words("四项检查全部通过的投诉", "closed cases that pass all four checks"), _CLOSED, _NO_CLOCK,
            Words("无；撤回、合并、转出的投诉也在分母中", "none; withdrawn, merged and passed-on cases are in the denominator too"),
            asked.checked("answered", "solved", "followed_up", "evaluated"), page="closure",
        ),
    )
}  # fmt: skip
