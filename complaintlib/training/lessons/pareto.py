"""Lesson 3: the few categories that make most of the complaints, by number and by cost, and how sure their order is."""

from functools import cache

from complaintlib import Book, Period, Words, pareto

from ..exercise import Exercise, Lesson, Slip

pareto = cache(pareto)  # exercises ask for the same result again and again


def vital_few(book: Book) -> int:
    table = pareto(book, Period("2026-10"), by="reason", cutoff=0.5).table
    return int(table["vital"].sum())


def one_too_few(book: Book) -> int:
    table = pareto(book, Period("2026-10"), by="reason").table
    return int((table["cumulative"] <= 0.5).sum())


def a_fifth_of_the_categories(book: Book) -> int:
    table = pareto(book, Period("2026-10"), by="reason").table
    return round(0.2 * len(table))


def first_by_cost(book: Book) -> str:
    table = pareto(book, Period("2026-10"), by="reason", weight="cost").table
    return table["reason"].iloc[0]


def first_by_number(book: Book) -> str:
    table = pareto(book, Period("2026-10"), by="reason").table
    return table["reason"].iloc[0]


def in_order(book: Book) -> bool:
    table = pareto(book, Period("2026-10"), by="reason").table.set_index("reason")
    return bool(table.loc["billing_error", "rank_group"] != table.loc["no_contact", "rank_group"])


def more_is_more(book: Book) -> bool:
    table = pareto(book, Period("2026-10"), by="reason").table.set_index("reason")
    return bool(table.loc["billing_error", "n"] != table.loc["no_contact", "n"])


LESSON = Lesson(
    Words("帕累托分析", "Pareto"),
    Words(
        "找出“关键少数”，按件数、按赔付各看一遍，并说明先后有多可靠。",
        "find the vital few, by number and by cost, and say how sure their order is.",
    ),
    (
        Exercise(
            Words(
                "2026年10月，至少要几个原因，合起来才达到已分类投诉的一半？",
                "In October 2026, how few reasons together reach half of the classified complaints?",
            ),
            vital_few,
            (
                Slip(
                    one_too_few,
                    Words(
                        "这几个合起来还不到一半：累计达到一半的那一个也要算上。",
                        "These together stay below a half: the one with which the sum reaches it belongs to them.",
                    ),
                ),
                Slip(
                    a_fifth_of_the_categories,
                    Words(
                        "“二八”是经验之谈，不是定律：关键少数不一定正好是两成的类别。请数一数。",
                        "“80/20” is a saying, not a law: the vital few need not be a fifth of the categories. Count.",
                    ),
                ),
            ),
            Words(
                "cutoff=0.5 时，表中 vital 为真的有几行？",
                "With cutoff=0.5, in how many rows of the table is vital true?",
            ),
            Words(
                "关键少数由数据说了算，可能是三个，也可能是十几个。",
                "The data say how few the vital few are: three, or a dozen.",
            ),
        ),
        Exercise(
            Words(
                "2026年10月，按赔付金额排，哪个原因居首？写它的代码。",
                "In October 2026, which reason comes first by compensation? Answer with its code.",
            ),
            first_by_cost,
            (
                Slip(
                    first_by_number,
                    Words(
                        "按件数它居首，按金额不是。件数少而每件贵的，只有按金额才看得见。",
                        "It comes first by number, not by money. What is rare and dear shows by compensation only.",
                    ),
                ),
            ),
            Words('pareto(..., weight="cost")。', 'pareto(..., weight="cost").'),
            Words(
                "问“最重要的是什么”之前，先问按什么来量。件数极少的居首，区间也很宽：别把它当成定论。",
                "Before you ask what matters most, ask by which measure. With a handful of cases the interval is wide: do not "
                "take first place for settled.",
            ),
        ),
        Exercise(
            Words(
                "10月的数据能否断定 billing_error 和 no_contact 谁多谁少？能写 True，不能写 False。",
                "Do October's data tell for certain which of billing_error and no_contact is the more frequent? True or False.",
            ),
            in_order,
            (
                Slip(
                    more_is_more,
                    Words(
                        "件数确有多少之分，但这点差别偶然就能造成：两者在同一个名次组里。",
                        "One has more complaints, but chance alone makes such a difference: both are in one group of ranks.",
                    ),
                ),
            ),
            Words(
                "rank_group 相同，即不能以95%的把握分出先后。",
                "The same rank_group: they cannot be ordered with 95% certainty.",
            ),
            Words(
                "名次也有误差。同组之内不必争先后，更不必据此考核。",
                "Ranks have errors too. Within a group the order means nothing, and nobody should be judged by it.",
            ),
        ),
    ),
)
