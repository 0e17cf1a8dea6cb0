"""Lesson 5: which share of the promises that fell due was kept."""

from functools import cache

from complaintlib import Book, Period, Words, sla

from ..exercise import Exercise, Lesson, Slip

sla = cache(sla)  # exercises ask for the same result again and again


def met_of_due(book: Book) -> float:
    grades = sla(book, Period("2026-10")).tables["grades"].set_index(["promise", "severity"])
    total = grades.loc[("resolution", "(all)")]
    return total["met"] / total["due"]


def met_of_done(book: Book) -> float:
    grades = sla(book, Period("2026-10")).tables["grades"].set_index(["promise", "severity"])
    total = grades.loc[("resolution", "(all)")]
    return total["met"] / (total["met"] + total["late"])


def met_of_received(book: Book) -> float:
    grades = sla(book, Period("2026-10")).tables["grades"].set_index(["promise", "severity"])
    received = book.counts(window=Period("2026-10"))["n"].item()
    return grades.loc[("resolution", "(all)"), "met"] / received


def over_the_limit(book: Book) -> int:
    backlog = sla(book, Period("2026-10")).tables["backlog"].set_index("severity")
    return int(backlog.loc["(all)", "over_limit"])


def overdue_of_this_month(book: Book) -> int:
    grades = sla(book, Period("2026-10")).tables["grades"].set_index(["promise", "severity"])
    return int(grades.loc[("resolution", "(all)"), "overdue"])


def all_open(book: Book) -> int:
    backlog = sla(book, Period("2026-10")).tables["backlog"].set_index("severity")
    return int(backlog.loc["(all)", "open"])


def vaguest_grade(book: Book) -> str:
    grades = sla(book, Period("2026-10")).tables["grades"]
    grades = grades[grades["promise"] == "resolution"]
    width = grades["on_time_high"] - grades["on_time_low"]
    return grades.loc[width.idxmax(), "severity"]


def largest_grade(book: Book) -> str:
    grades = sla(book, Period("2026-10")).tables["grades"]
    grades = grades[(grades["promise"] == "resolution") & (grades["severity"] != "(all)")]
    return grades.loc[grades["due"].idxmax(), "severity"]


LESSON = Lesson(
    Words("按期率", "On-time rates"),
    Words(
        "用应办件数作分母计算按期率；把“本期到期未办”和“全部超期积压”分开；知道件数少的等级区间宽。",
        "divide on-time rates by the cases due; keep what fell due this month apart from the whole overdue backlog; know that "
        "a grade with few cases has a wide interval.",
    ),
    (
        Exercise(
            Words(
                "2026年10月到期的解决时限，按期率是多少？写成小数，保留三位。",
                "Of the resolution limits that ran out in October 2026, which share was kept? As a fraction with three decimals.",
            ),
            met_of_due,
            (
                Slip(
                    met_of_done,
                    Words(
                        "分母里少了到期仍未解决的投诉：它们已经违约，却被当作不存在。请除以应办件数。",
                        "Cases that are past their limit and still open are missing from your denominator: they broke the promise "
                        "and vanish. Divide by the cases due.",
                    ),
                ),
                Slip(
                    met_of_received,
                    Words(
                        "这是除以本月收到的件数。月底收到的大多还没到期，到期的又有不少是上月收到的。",
                        "You divided by the complaints received. Most of the newest are not due yet, and part of those due came in "
                        "September.",
                    ),
                ),
            ),
            Words(
                'sla(...).tables["grades"] 有 due、met、late、overdue。due = met + late + overdue。',
                'sla(...).tables["grades"] has due, met, late and overdue. due = met + late + overdue.',
            ),
            Words(
                "按期率 = 按期 ÷ 应办。越拖越好看的指标，一定用错了分母。",
                "On time = met ÷ due. A rate that looks better the longer a case is left lying has the wrong denominator.",
            ),
            0.001,
        ),
        Exercise(
            Words(
                "2026年10月底，未解决的投诉中有多少件已经超过时限（不论何时到期）？",
                "At the end of October 2026, how many unresolved complaints are past their limit, whenever it ran out?",
            ),
            over_the_limit,
            (
                Slip(
                    overdue_of_this_month,
                    Words(
                        "这只是10月到期而未办的。更早到期、至今未办的也在积压里。",
                        "Those are the ones whose limit ran out in October. Older ones that are still open are in the backlog too.",
                    ),
                ),
                Slip(
                    all_open,
                    Words(
                        "这是全部未解决的投诉，其中多数还在时限之内。",
                        "Those are all unresolved complaints; most are still within their limit.",
                    ),
                ),
            ),
            Words('sla(...).tables["backlog"]。', 'sla(...).tables["backlog"].'),
            Words(
                "按期率看本期到期的，积压看所有没办完的：两个数都要报。",
                "The rate is about what fell due now, the backlog about everything unfinished: report both.",
            ),
        ),
        Exercise(
            Words(
                "解决按期率，哪个等级的95%区间最宽？写它的代码。",
                "For the resolution: the on-time share of which grade has the widest 95% interval? Answer with its code.",
            ),
            vaguest_grade,
            (
                Slip(
                    largest_grade,
                    Words(
                        "这是件数最多的等级：件数越多，区间越窄。",
                        "That is the grade with most cases: the more cases, the narrower the interval.",
                    ),
                ),
            ),
            Words("宽度 = on_time_high − on_time_low。", "Width = on_time_high − on_time_low."),
            Words(
                "件数少，按期率就跳得厉害。对几十件的等级，先看区间再下结论。",
                "With few cases a rate jumps about. Where a grade has a few dozen, look at the interval before you conclude.",
            ),
        ),
    ),
)
