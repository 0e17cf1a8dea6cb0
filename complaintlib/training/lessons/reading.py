"""Lesson 11: what a report's sentence says, and what it only seems to say."""

from functools import cache

from complaintlib import Book, Period, Words, composition

from ..exercise import Exercise, Lesson, Slip

composition = cache(composition)  # exercises ask for the same result again and again


def points(book: Book) -> float:
    changes = composition(book, Period("2026-10")).tables["changes"].set_index(["compared", "reason"])
    row = changes.loc[("last_year", "late_delivery")]
    return row["share_now"] - row["share_then"]


def percent_of_the_share(book: Book) -> float:
    changes = composition(book, Period("2026-10")).tables["changes"].set_index(["compared", "reason"])
    row = changes.loc[("last_year", "late_delivery")]
    return row["share_now"] / row["share_then"] - 1


def percent_of_the_number(book: Book) -> float:
    changes = composition(book, Period("2026-10")).tables["changes"].set_index(["compared", "reason"])
    row = changes.loc[("last_year", "late_delivery")]
    return row["n"] / row["n_then"] - 1


def surely_changed(book: Book) -> list[str]:
    changes = composition(book, Period("2026-10")).tables["changes"]
    changes = changes[(changes["compared"] == "last_year") & changes["moved"].isin(["up", "down"])]
    return sorted(changes["reason"])


def any_rise(book: Book) -> list[str]:
    changes = composition(book, Period("2026-10")).tables["changes"]
    changes = changes[(changes["compared"] == "last_year") & (changes["share_change"] > 0)]
    return sorted(changes["reason"])


def uncorrected(book: Book) -> list[str]:
    changes = composition(book, Period("2026-10")).tables["changes"]
    changes = changes[(changes["compared"] == "last_year") & (changes["p"] <= 0.05)]
    return sorted(changes["reason"])


def risen_only(book: Book) -> list[str]:
    changes = composition(book, Period("2026-10")).tables["changes"]
    changes = changes[(changes["compared"] == "last_year") & (changes["moved"] == "up")]
    return sorted(changes["reason"])


def growth_per_order(book: Book) -> float:
    years = [Period("2025-10"), Period("2026-10")]
    rates = book.series(periods=years)["n"] / book.exposure("orders", years)["value"]
    return rates[1] / rates[0] - 1


def growth_of_the_number(book: Book) -> float:
    n = book.series(periods=[Period("2025-10"), Period("2026-10")])["n"]
    return n[1] / n[0] - 1


LESSON = Lesson(
    Words("带着问题读报告", "Reading a report critically"),
    Words(
        "读出一句话的分母、单位和把握，分清百分点与百分比，并写出三条管理者能据以行动的结论。",
        "read the denominator, the unit and the certainty of a sentence, tell percentage points from percent, and write three "
        "findings that a manager can act on.",
    ),
    (
        Exercise(
            Words(
                "派送延误占已分类投诉的比例，2026年10月比2025年10月高多少个百分点？写成小数（0.01 即1个百分点）。",
                "By how many percentage points is the share of late delivery in classified complaints higher in October 2026 than in "
                "October 2025? As a fraction (0.01 is one point).",
            ),
            points,
            (
                Slip(
                    percent_of_the_share,
                    Words(
                        "这是占比的相对增幅（百分比），不是百分点。两个占比相减才是百分点。",
                        "That is by how many percent the share grew. Points are the difference of the two shares.",
                    ),
                ),
                Slip(
                    percent_of_the_number,
                    Words(
                        "这是件数的增幅，不是占比的变化。",
                        "That is the growth of the number, not of the share.",
                    ),
                ),
            ),
            Words("百分点 = 现在的占比 − 当时的占比。", "Points = share now − share then."),
            Words(
                "“上升十个百分点”和“上升10%”差得很远。写报告时写清是哪一个。",
                "“Ten points more” and “10% more” are far apart. Say which one you mean.",
            ),
            0.001,
        ),
        Exercise(
            Words(
                "与2025年10月相比，哪些原因的占比确有变化（升或降，校正之后）？写成代码的列表。",
                "Against October 2025, the shares of which reasons have changed for certain (up or down, after correction)? A list of "
                "codes.",
            ),
            surely_changed,
            (
                Slip(
                    any_rise,
                    Words(
                        "只要升了就算，没有看把握。总有一半左右的类别在升。",
                        "You took whatever rose, without asking how sure it is. About half of all categories always rise.",
                    ),
                ),
                Slip(
                    uncorrected,
                    Words(
                        "p ≤ 0.05 没有校正：看了几十个类别，会有几个是误报。",
                        "p ≤ 0.05 is not corrected: among dozens of categories some are false alarms.",
                    ),
                ),
                Slip(
                    risen_only,
                    Words("降的也是变化。", "A fall is a change, too."),
                ),
            ),
            Words(
                'composition(...).tables["changes"] 的 moved：up、down 或 same。',
                'moved in composition(...).tables["changes"]: up, down or same.',
            ),
            Words(
                "报告里写“上升”“下降”的，只有这些。其余的写“未见变化”，也是结论。",
                "Only these may be said to have risen or fallen. “No change shown” is a finding, too.",
            ),
        ),
        Exercise(
            Words(
                "“投诉比去年同月多了三成多。”按每单计，2026年10月比2025年10月多了多少？写成小数。",
                "“A third more complaints than a year ago.” Per order, how much more did October 2026 have than October 2025? As a "
                "fraction.",
            ),
            growth_per_order,
            (
                Slip(
                    growth_of_the_number,
                    Words(
                        "这是件数的增幅。订单也多了，多出来的一部分只是业务增长。",
                        "That is the growth of the number. Orders grew as well, and part of it is just more business.",
                    ),
                ),
            ),
            Words("两年各自：投诉 ÷ 订单。", "For each year: complaints ÷ orders."),
            Words(
                "件数说明工作量，每单的投诉率说明做得好不好。",
                "The number tells how much work there is, the rate how well we do.",
            ),
            0.003,
        ),
    ),
)
