"""Lesson 4: how long customers wait when some of them are still waiting."""

from functools import cache

from complaintlib import Book, Period, Words, timeliness
from complaintlib.stats.survival import kaplan_meier

from ..exercise import Exercise, Lesson, Slip

timeliness = cache(timeliness)  # exercises ask for the same result again and again


def median_with_open_cases(book: Book) -> float:
    result = timeliness(book, Period("2026-10"), step="resolution", clock="worked")
    return result.table.iloc[0]["median"]


def median_of_the_ended(book: Book) -> float:
    spells = book.spells(end="resolved_at", window=Period("2026-10"), clock="worked")
    ended = spells[spells["observed"]]
    return ended["duration"].repeat(ended["n"]).median()


def median_of_calendar_time(book: Book) -> float:
    result = timeliness(book, Period("2026-10"), step="resolution", clock="elapsed")
    return result.table.iloc[0]["median"]


def mean_of_cases(book: Book) -> float:
    spells = book.spells(end="first_response_at", by=["channel"], window=Period("2026-10"), clock="worked")
    spells = spells[spells["observed"]]
    return (spells["duration"] * spells["n"]).sum() / spells["n"].sum()


def mean_of_means(book: Book) -> float:
    spells = book.spells(end="first_response_at", by=["channel"], window=Period("2026-10"), clock="worked")
    spells = spells[spells["observed"]].assign(minutes=spells["duration"] * spells["n"])
    channels = spells.groupby("channel")[["minutes", "n"]].sum()
    return (channels["minutes"] / channels["n"]).mean()


def mean_of_rows(book: Book) -> float:
    spells = book.spells(end="first_response_at", by=["channel"], window=Period("2026-10"), clock="worked")
    return spells.loc[spells["observed"], "duration"].mean()


def still_waiting(book: Book) -> float:
    spells = book.spells(end="resolved_at", window=Period("2026-10"), clock="worked")
    curve = kaplan_meier(spells["duration"], spells["observed"], spells["n"])
    return float(curve.at(3 * 540).estimate)


def slow_among_the_ended(book: Book) -> float:
    spells = book.spells(end="resolved_at", window=Period("2026-10"), clock="worked")
    ended = spells[spells["observed"]]
    return ended.loc[ended["duration"] > 3 * 540, "n"].sum() / ended["n"].sum()


def open_at_the_end(book: Book) -> float:
    spells = book.spells(end="resolved_at", window=Period("2026-10"), clock="worked")
    return spells.loc[~spells["observed"], "n"].sum() / spells["n"].sum()


LESSON = Lesson(
    Words("处理时长与未结案件", "Handling time with open cases"),
    Words(
        "把未结的投诉算进处理时长，读生存曲线，并说出只看已结案件的偏差有多大。",
        "count open cases in handling times, read a survival curve, and say by how much the closed cases alone deceive.",
    ),
    (
        Exercise(
            Words(
                "2026年10月收到的投诉，解决所用工作时间的中位数是多少分钟（未解决的也要算进去）？",
                "Of the complaints received in October 2026: what is the median working time to the resolution, in minutes, the "
                "unresolved ones counted too?",
            ),
            median_with_open_cases,
            (
                Slip(
                    median_of_the_ended,
                    Words(
                        "只看了已解决的。还没解决的恰恰是慢的那些，丢掉它们，结果就偏快。",
                        "You looked at the resolved ones only. Those still open are the slow ones: dropping them makes you look "
                        "quicker than you are.",
                    ),
                ),
                Slip(
                    median_of_calendar_time,
                    Words(
                        '这是自然时间，夜里和周末都算。题目问的是工作时间：clock="worked"。',
                        'That is calendar time with nights and weekends. Working time is asked for: clock="worked".',
                    ),
                ),
            ),
            Words(
                "timeliness(...) 的表第一行 (all) 就是全部投诉的中位时长。",
                "The first row of the table of timeliness(...), (all), has the median of all complaints.",
            ),
            Words(
                "Kaplan-Meier 法让未结的投诉按已等待的时间计入，一件都不丢。",
                "Kaplan-Meier lets an open case count for as long as it has waited: none is dropped.",
            ),
            5.0,
        ),
        Exercise(
            Words(
                "2026年10月收到、已有首次响应的投诉，首次响应平均用了多少工作分钟？",
                "Of the complaints received in October 2026 that have a first response: how many working minutes did it take on "
                "average?",
            ),
            mean_of_cases,
            (
                Slip(
                    mean_of_means,
                    Words(
                        "这是各渠道均值的均值：投诉很少的渠道和投诉最多的渠道一样重。请按件数加权。",
                        "That is the mean of the channels' means: the smallest channel weighs as much as the largest. Weight by the "
                        "number of cases.",
                    ),
                ),
                Slip(
                    mean_of_rows,
                    Words(
                        "表里一行是同一时长的若干件，n 是件数。求平均要乘以 n。",
                        "A row of this table stands for all cases of that length, n of them. The mean must be weighted by n.",
                    ),
                ),
            ),
            Words("总分钟数 ÷ 总件数。", "All minutes ÷ all cases."),
            Words(
                "均值的均值不是均值，除非各组一样大。",
                "A mean of means is no mean, unless all groups are of one size.",
            ),
            0.5,
        ),
        Exercise(
            Words(
                "三个工作日（3 × 540 工作分钟）之后，10月收到的投诉还有多大比例没有解决？写成小数。",
                "After three working days (3 × 540 working minutes), which share of October's complaints is still unresolved? As a "
                "fraction.",
            ),
            still_waiting,
            (
                Slip(
                    slow_among_the_ended,
                    Words(
                        "分母里只有已解决的投诉，慢的还没进来。请用 Kaplan-Meier 曲线。",
                        "Only resolved cases are in your denominator; the slow ones are not there yet. Use the Kaplan-Meier curve.",
                    ),
                ),
                Slip(
                    open_at_the_end,
                    Words(
                        "这是月底未解决的比例。月底收到的投诉还不到三个工作日，月初的早已超过：年龄不同，不能放在一起数。",
                        "That is the share unresolved at the end of the month. Some had waited for hours then and some for weeks: "
                        "cases of different age cannot simply be counted.",
                    ),
                ),
            ),
            Words(
                "kaplan_meier(时长, 是否了结, 件数).at(分钟) 给出仍在等待的比例。",
                "kaplan_meier(durations, observed, counts).at(minutes) gives the share that still waits.",
            ),
            Words(
                "曲线在某一时刻的高度，就是那时仍在等待的比例。",
                "The height of the curve at a moment is the share that still waits then.",
            ),
            0.005,
        ),
    ),
)
