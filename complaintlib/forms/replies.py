"""Reply templates in four parts (the problem confirmed, the solution, the time promised, the follow-up) per reason and grade."""

from collections.abc import Mapping

from ..countermeasures import Catalogue, load_countermeasures
from ..rules import Rules, load_rules
from ..schema import GRADES
from ..words import Words, label
from .statistics import Page

_CONFIRM = Words(
    "您好，您在〔日期〕反映的“{reason}”（单号〔单号〕）我们已经收到并核实：〔一句话复述客户所说〕。给您带来不便，我们深表歉意。",
    "Dear [name], we have received and looked into your complaint of [date] about “{reason}” (order [number]): [what the "
    "customer said, in one sentence]. We are sorry for the trouble.",
)
_SOLUTION = Words("{reply}。〔具体方案与金额〕", "{reply}. [the solution and amount in this case]")
_GENERAL = Words(
    "我们已指定专人核查原因，并将给出处理方案",
    "A named colleague is looking into the cause and will propose a solution",
)
_TIME = Words(
    "我们将在受理后 {first:work}（工作时间）内与您联系，{resolution:work}（工作时间）内给出结果；如有变化，会提前告知。",
    "We will contact you within {first:work} of working time and settle the matter within {resolution:work} of working "
    "time; should this change, we will tell you beforehand.",
)
_FOLLOW_UP = {
    "major": Words(
        "结案后由部门负责人在 1 个工作日内回访，一周后再次回访。",
        "The head of department calls within 1 working day of closing, and again a week later.",
    ),
    "urgent": Words(
        "结案后由主管在 2 个工作日内回访。", "A supervisor calls within 2 working days of closing."
    ),
    "general": Words(
        "结案后 3 个工作日内回访满意度。", "We ask about your satisfaction within 3 working days."
    ),
    "routine": Words("结案时随短信附上评价链接。", "A message on closing asks for your rating."),
}
_NOTE = Words(
    "按原因和级别填好的四段式模板；方括号内按个案填写。时限取自 data/rules.toml，方案取自 data/taxonomies。",
    "Filled by reason and grade; fill in what stands in brackets case by case. Times are those of data/rules.toml, "
    "solutions those of data/taxonomies.",
)  # fmt: skip
_HEADS = {
    "zh": ("投诉原因", "严重程度", "一、确认问题", "二、解决方案", "三、承诺时间", "四、跟进回访"),
    "en": ("Reason", "Severity", "1 The problem", "2 The solution", "3 The time", "4 The follow-up"),
}
_TITLE = Words("四段式回复模板", "Reply templates")


def reply_rows(
    lists: Mapping[str, tuple[str, ...]], lang: str, catalogue: Catalogue | None = None, rules: Rules | None = None
) -> list[Page]:  # fmt: skip
    """One sheet with a line for each of the company's reasons and each grade: the four parts, times from the rules."""
    catalogue, sla = catalogue or load_countermeasures(), (rules or load_rules()).sla
    rows = []
    for reason in lists.get("reason", ()):
        reply = catalogue.reply(reason) or _GENERAL
        for grade in GRADES:
            name = label("reason", reason, lang)
            rows.append(
                (
                    name,
                    label("severity", grade, lang),
                    _CONFIRM.fill(lang, reason=name),
                    _SOLUTION.fill(lang, reply=reply[lang]),
                    _TIME.fill(lang, first=sla.first_response[grade], resolution=sla.resolution[grade]),
                    _FOLLOW_UP[grade][lang],
                )
            )
    return [Page(_TITLE[lang], _TITLE[lang], _NOTE[lang], _HEADS[lang], rows, (18, 12, 44, 44, 40, 36))]
