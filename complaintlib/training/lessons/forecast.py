"""Lesson 8: forecasts that know nothing of what they foretell, and how far off they were."""

from complaintlib import Book, Period, Words

from ..exercise import Exercise, Lesson, Slip


def error_of_three_months(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    foretold = n.shift(1).rolling(3).mean()
    return ((foretold - n).abs() / n).tail(12).mean()


def error_with_the_month_itself(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    foretold = n.rolling(3).mean()
    return ((foretold - n).abs() / n).tail(12).mean()


def error_with_the_month_after(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    foretold = n.rolling(3, center=True).mean()
    return ((foretold - n).abs() / n).tail(12).mean()


def bias_of_three_months(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    foretold = n.shift(1).rolling(3).mean()
    return ((foretold - n) / n).tail(12).mean()


def error_of_last_year(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    return ((n.shift(12) - n).abs() / n).tail(12).mean()


def error_of_last_month(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    return ((n.shift(1) - n).abs() / n).tail(12).mean()


def upper_limit(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    ratio = n / n.shift(12)
    return n["2025-11"] * ratio.tail(12).quantile(0.95)


def middle(book: Book) -> float:
    n = book.series(periods=Period("2026-10").history(36)).set_index("period")["n"]
    return n["2025-11"] * (n / n.shift(12)).tail(12).median()


def same_as_last_year(book: Book) -> float:
    return float(book.counts(window=Period("2025-11"))["n"].item())


LESSON = Lesson(
    Words("预测", "Forecast"),
    Words(
        "回测一个预测而不偷看未来，与最简单的预测相比，并按区间而不是按一个数来准备人手。",
        "test a forecast on the past without looking ahead, hold it against the simplest one, and staff for a range instead of a "
        "number.",
    ),
    (
        Exercise(
            Words(
                "用前三个月的均值预测当月，最近12个月（到2026年10月）的平均绝对百分比误差是多少？写成小数。",
                "Forecast each month by the mean of the three months before it: what is the mean absolute percentage error over the last "
                "12 months (up to October 2026)? As a fraction.",
            ),
            error_of_three_months,
            (
                Slip(
                    error_with_the_month_itself,
                    Words(
                        "rolling(3) 把要预测的那个月也算进去了：预测时它还没有发生。先 shift(1)。",
                        "rolling(3) includes the month that is to be foretold, which has not happened yet. shift(1) first.",
                    ),
                ),
                Slip(
                    error_with_the_month_after,
                    Words(
                        "center=True 连下个月都用上了：这是偷看未来。",
                        "center=True even uses the month after: that is looking into the future.",
                    ),
                ),
                Slip(
                    bias_of_three_months,
                    Words(
                        "没有取绝对值：偏高和偏低互相抵消，误差就显得小了。这是偏差，不是误差。",
                        "Without the absolute value, too high and too low cancel out. That is the bias, not the error.",
                    ),
                ),
            ),
            Words(
                "n.shift(1) 把每个月换成上个月的值。",
                "n.shift(1) puts the month before in the place of each month.",
            ),
            Words(
                "预测只许用当时已有的数据。误差小得出奇，先查有没有偷看未来。",
                "A forecast may only use what was known then. Where the error is surprisingly small, look for the future in it.",
            ),
            0.002,
        ),
        Exercise(
            Words(
                "改用“去年同月”预测当月，最近12个月的平均绝对百分比误差是多少？写成小数。",
                "Now forecast each month by the same month a year before: what is the mean absolute percentage error over the last 12 "
                "months? As a fraction.",
            ),
            error_of_last_year,
            (
                Slip(
                    error_of_last_month,
                    Words(
                        "shift(1) 是上个月；去年同月是 shift(12)。",
                        "shift(1) is the month before; the same month a year before is shift(12).",
                    ),
                ),
            ),
            Words("与上一题相同，只换 foretold 一行。", "As before; only the line of foretold changes."),
            Words(
                "任何模型都要先胜过这样一行代码的预测，才值得用。",
                "A model is worth using once it beats forecasts of a single line like this.",
            ),
            0.002,
        ),
        Exercise(
            Words(
                "2026年11月：去年11月的件数 × 最近12个月“今年÷去年”之比的95%分位数，是多少件？（二十个月里约有一个月会更多。）",
                "November 2026: the complaints of November 2025 times the 95% quantile of the last 12 months' ratios “this year ÷ last "
                "year”: how many? (About one month in twenty brings more.)",
            ),
            upper_limit,
            (
                Slip(
                    middle,
                    Words(
                        "这是中位数：按它排班，两个月里就有一个月人手不够。",
                        "That is the median: staffed for it, every second month is short of hands.",
                    ),
                ),
                Slip(
                    same_as_last_year,
                    Words(
                        "这是去年的原数，没有乘以增长的倍数。",
                        "That is last year's number, without the growth since.",
                    ),
                ),
            ),
            Words(
                "ratio = n / n.shift(12)；ratio.tail(12).quantile(0.95)。",
                "ratio = n / n.shift(12); ratio.tail(12).quantile(0.95).",
            ),
            Words(
                "预测是一个区间。人手按上限准备，预算按中间值。十二个月太少，正式的区间用 forecast(...)。",
                "A forecast is a range: staff for its upper end, budget for its middle. Twelve months are few; forecast(...) gives the "
                "range in earnest.",
            ),
            1.0,
        ),
    ),
)
