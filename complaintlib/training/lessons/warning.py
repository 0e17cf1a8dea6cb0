"""Lesson 9: early warning among more than a hundred cells, small bases and silent channels."""

from complaintlib import Book, Period, Words
from complaintlib.stats.intervals import rate_ratio
from complaintlib.stats.multiple import benjamini_hochberg

from ..exercise import Exercise, Lesson, Slip


def sure_changes(book: Book) -> int:
    months = Period("2026-10").history(2)
    cells = book.series(by=["reason", "region"], periods=months)
    cells = cells.pivot_table(index=["reason", "region"], columns="period", values="n")
    p = rate_ratio(cells["2026-10"], 31, cells["2026-09"], 30)["p"]
    return int((benjamini_hochberg(p) <= 0.1).sum())


def every_small_p(book: Book) -> int:
    months = Period("2026-10").history(2)
    cells = book.series(by=["reason", "region"], periods=months)
    cells = cells.pivot_table(index=["reason", "region"], columns="period", values="n")
    p = rate_ratio(cells["2026-10"], 31, cells["2026-09"], 30)["p"]
    return int((p <= 0.05).sum())


def every_doubling(book: Book) -> int:
    cells = book.series(by=["reason", "region"], periods=Period("2026-10").history(2))
    cells = cells.pivot_table(index=["reason", "region"], columns="period", values="n")
    return int((cells["2026-10"] >= 2 * cells["2026-09"]).sum())


def surest_rise(book: Book) -> str:
    cells = book.series(by=["reason", "region"], periods=Period("2026-10").history(2))
    cells = cells.pivot_table(index=["reason", "region"], columns="period", values="n")
    cells = cells[cells["2026-09"] > 0].drop("(blank)")
    return rate_ratio(cells["2026-10"], 31, cells["2026-09"], 30)["low"].idxmax()[0]


def largest_percentage(book: Book) -> str:
    cells = book.series(by=["reason", "region"], periods=Period("2026-10").history(2))
    cells = cells.pivot_table(index=["reason", "region"], columns="period", values="n")
    cells = cells[cells["2026-09"] > 0].drop("(blank)")
    return (cells["2026-10"] / cells["2026-09"]).idxmax()[0]


def silent_days(book: Book) -> int:
    days = Period("2026-10-31").history(31)
    app = book.series(by=["channel"], periods=days, where={"channel": "app"})
    return int((app["n"] == 0).sum())


def days_that_are_there(book: Book) -> int:
    rows = book.rows("complaints", ["received_at"], Period("2026-10"), 10_000, {"channel": "app"})
    days = rows["received_at"].dt.date.value_counts()
    return int((days == 0).sum())


LESSON = Lesson(
    Words("预警", "Early warning"),
    Words(
        "一次看上百个格子时校正误报，不被小基数的百分比吓到，并发现不声不响的渠道。",
        "correct for false alarms when more than a hundred cells are looked at, not be scared by percentages of a tiny base, and notice a "
        "channel that has gone silent.",
    ),
    (
        Exercise(
            Words(
                "按“原因 × 地区”比较2026年10月和9月（每天的件数）：按 Benjamini-Hochberg 校正，q ≤ 0.1 的格子有几个？",
                "Compare October 2026 with September by reason × region (complaints per day): how many cells have q ≤ 0.1 after "
                "Benjamini-Hochberg's correction?",
            ),
            sure_changes,
            (
                Slip(
                    every_small_p,
                    Words(
                        "这是 p ≤ 0.05 的个数。看了上百个格子，即使什么都没变，也会有几个这样的“警报”。请先校正。",
                        "Those are the cells with p ≤ 0.05. Among more than a hundred cells some such “alarms” come of nothing. Correct first.",
                    ),
                ),
                Slip(
                    every_doubling,
                    Words(
                        "这是翻倍的格子，多数是从1件变成2件。",
                        "Those are the cells that doubled; most went from 1 to 2.",
                    ),
                ),
            ),
            Words("benjamini_hochberg(p) 给出 q 值。", "benjamini_hochberg(p) gives the q-values."),
            Words(
                "看得越多，越要校正。q ≤ 0.1 的清单里，平均只有一成是误报。",
                "The more you look at, the more you must correct. Of a list with q ≤ 0.1 a tenth is false on average.",
            ),
        ),
        Exercise(
            Words(
                "同样按“原因 × 地区”比较10月和9月，只看9月有投诉、原因已分类的格子：上升最有把握（倍数的95%区间下限最大）的那一格是什么原因？写代码。",
                "Again reason × region, October against September, cells with a reason and with complaints in September: which reason has the "
                "surest rise, with the largest lower limit of the ratio's 95% interval? Answer with its code.",
            ),
            surest_rise,
            (
                Slip(
                    largest_percentage,
                    Words(
                        "这是百分比最大的：基数只有几件，多一两件就是“+200%”。请看区间的下限。",
                        "That has the largest percentage: on a base of a few cases, one or two more make “+200%”. Look at the lower limit.",
                    ),
                ),
            ),
            Words(
                "rate_ratio(10月件数, 31, 9月件数, 30) 的 low 一列。",
                "The column low of rate_ratio(October's counts, 31, September's counts, 30).",
            ),
            Words(
                "小基数的百分比先打问号；按区间下限排队，小题就不会大做。",
                "Doubt percentages of a small base; put rises in order of their lower limits, and trifles stay where they belong.",
            ),
        ),
        Exercise(
            Words(
                "2026年10月，应用端（app）有几天一件投诉也没有？",
                "On how many days of October 2026 did the app bring no complaint at all?",
            ),
            silent_days,
            (
                Slip(
                    days_that_are_there,
                    Words(
                        "没有投诉的日子在明细里根本不出现，数不到。请先列出全部日期，再补零：book.series 就是这样做的。",
                        "A day without complaints has no row, so nothing can count it. Begin with all days and fill in zeros, as "
                        "book.series does.",
                    ),
                ),
            ),
            Words(
                'Period("2026-10-31").history(31) 就是10月的每一天，交给 book.series。',
                'Period("2026-10-31").history(31) are the days of October: give them to book.series.',
            ),
            Words(
                "没有投诉不一定是好消息：渠道可能断了。连续几天为零，先打电话问。",
                "No complaints need not be good news: the channel may be down. After some days of zero, make a phone call.",
            ),
        ),
    ),
)
