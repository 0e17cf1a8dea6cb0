"""Lesson 6: what goes with what, which way round, and what a changing mix can pretend."""

from functools import cache

from complaintlib import Book, Period, Words, sla

from ..exercise import Exercise, Lesson, Slip

sla = cache(sla)  # exercises ask for the same result again and again


def within_the_grades(book: Book) -> float:
    changes = sla(book, Period("2026-10"), by="department").tables["changes"]
    changes = changes.set_index(["promise", "compared", "severity", "department"])
    return changes.loc[("first_response", "last_year", "(all)", "finance"), "through_rate"]


def of_the_whole(book: Book) -> float:
    changes = sla(book, Period("2026-10"), by="department").tables["changes"]
    changes = changes.set_index(["promise", "compared", "severity", "department"])
    return changes.loc[("first_response", "last_year", "(all)", "finance"), "on_time_change"]


def through_the_mix(book: Book) -> float:
    changes = sla(book, Period("2026-10"), by="department").tables["changes"]
    changes = changes.set_index(["promise", "compared", "severity", "department"])
    return changes.loc[("first_response", "last_year", "(all)", "finance"), "through_mix"]


def late_given_east(book: Book) -> float:
    cells = book.counts(by=["region", "reason"], window=Period("2026-10")).set_index(["region", "reason"])[
        "n"
    ]
    return cells["east", "late_delivery"] / cells["east"].sum()


def east_given_late(book: Book) -> float:
    cells = book.counts(by=["reason", "region"], window=Period("2026-10")).set_index(["reason", "region"])[
        "n"
    ]
    return cells["late_delivery", "east"] / cells["late_delivery"].sum()


def both_of_all(book: Book) -> float:
    cells = book.counts(by=["region", "reason"], window=Period("2026-10")).set_index(["region", "reason"])[
        "n"
    ]
    return cells["east", "late_delivery"] / cells.sum()


def ratio_of_chances(book: Book) -> float:
    cells = book.counts(by=["region", "reason"], window=Period("2026-10"))
    east, late = cells["region"] == "east", cells["reason"] == "late_delivery"
    here = cells.loc[east & late, "n"].sum() / cells.loc[east, "n"].sum()
    there = cells.loc[~east & late, "n"].sum() / cells.loc[~east, "n"].sum()
    return here / there


def ratio_of_odds(book: Book) -> float:
    cells = book.counts(by=["region", "reason"], window=Period("2026-10"))
    east, late = cells["region"] == "east", cells["reason"] == "late_delivery"
    here = cells.loc[east & late, "n"].sum() / cells.loc[east & ~late, "n"].sum()
    there = cells.loc[~east & late, "n"].sum() / cells.loc[~east & ~late, "n"].sum()
    return here / there


def ratio_of_numbers(book: Book) -> float:
    cells = book.counts(by=["region"], window=Period("2026-10"), where={"reason": "late_delivery"})
    east = cells["region"] == "east"
    return cells.loc[east, "n"].sum() / cells.loc[~east, "n"].sum()


LESSON = Lesson(
    Words("关联与辛普森悖论", "Association and Simpson's paradox"),
    Words(
        "分清“甲中有多少乙”和“乙中有多少甲”；比较之前先看构成是否变了，把变化拆成构成和同类两部分。",
        "tell “how many of A are B” from “how many of B are A”; look at the mix before you compare, and split a change into "
        "mix and like for like.",
    ),
    (
        Exercise(
            Words(
                "财务部的首次响应按期率与去年10月相比：同等级之内（去掉等级构成的影响）变化了多少？写成小数，升为正。",
                "The finance department's first responses on time, against October a year before: by how much did they change within "
                "the grades, the mix of grades left aside? As a fraction, a rise positive.",
            ),
            within_the_grades,
            (
                Slip(
                    of_the_whole,
                    Words(
                        "这是总的变化。时限更短的等级多了，总按期率自然降低；各等级之内其实在上升（辛普森悖论）。",
                        "That is the change of the whole. There are more cases with tight limits, which pulls it down, while within "
                        "the grades it went up (Simpson's paradox).",
                    ),
                ),
                Slip(
                    through_the_mix,
                    Words(
                        "这是等级构成造成的那一部分；题目问的是另一部分。",
                        "That is the part due to the mix of grades; the other part is asked for.",
                    ),
                ),
            ),
            Words(
                'sla(...).tables["changes"] 中，on_time_change = through_mix + through_rate。',
                'In sla(...).tables["changes"], on_time_change = through_mix + through_rate.',
            ),
            Words(
                "总数下降，各部分却上升：先拆构成，再下结论，更不能据总数批评一个部门。",
                "The whole fell while its parts rose: split off the mix before you conclude, and before you blame a department.",
            ),
            0.002,
        ),
        Exercise(
            Words(
                "2026年10月，华东（east）的投诉中，派送延误占多大比例（分母含未分类的）？写成小数。",
                "In October 2026, which share of the complaints from the East (east) is about late delivery, unclassified ones in the "
                "denominator? As a fraction.",
            ),
            late_given_east,
            (
                Slip(
                    east_given_late,
                    Words(
                        "反了：这是派送延误中华东的比例。先定分母：华东的全部投诉。",
                        "The other way round: that is the share of the East in late delivery. Fix the denominator first: all "
                        "complaints from the East.",
                    ),
                ),
                Slip(
                    both_of_all,
                    Words(
                        "分母是全部投诉；题目只问华东的。",
                        "Your denominator is all complaints; only those from the East are asked about.",
                    ),
                ),
            ),
            Words("先按地区挑行，再求比例。", "Choose the rows of the region first, then divide."),
            Words(
                "P(延误|华东) 与 P(华东|延误) 是两个问题。华东投诉本来就多，后者大并不奇怪。",
                "P(late | East) and P(East | late) are two questions. The East has most complaints anyway, so the latter is large "
                "without telling much.",
            ),
            0.003,
        ),
        Exercise(
            Words(
                "华东的投诉是派送延误的可能性，是其他地区投诉的多少倍（比例之比，保留两位小数）？",
                "How many times as likely is a complaint from the East to be about late delivery as one from elsewhere (a ratio of "
                "shares, two decimals)?",
            ),
            ratio_of_chances,
            (
                Slip(
                    ratio_of_odds,
                    Words(
                        "这是优势比（是 ÷ 否）。事情常见时，优势比比倍数大得多，不能念成“多少倍的可能”。",
                        "That is an odds ratio (yes ÷ no). Where a thing is common it is far larger than the ratio of chances and must "
                        "not be read as “times as likely”.",
                    ),
                ),
                Slip(
                    ratio_of_numbers,
                    Words(
                        "这是件数之比，没有除以各自的投诉总数。",
                        "That is a ratio of numbers, not divided by the complaints of each side.",
                    ),
                ),
            ),
            Words("（华东的比例）÷（其他地区的比例）。", "(share in the East) ÷ (share elsewhere)."),
            Words(
                "有关联，不等于是原因：下一课讲如何往下追。",
                "Going together is not being the cause: the next lesson follows the trace.",
            ),
            0.02,
        ),
    ),
)
