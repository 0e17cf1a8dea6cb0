"""Lesson 10: whether a measure worked, or the month before it was bad luck."""

from complaintlib import Book, Period, Words

from ..exercise import Exercise, Lesson, Slip


def against_last_year(book: Book) -> float:
    since, before = Period("2026-10").history(6), Period("2025-10").history(6)
    n = book.series(periods=before + since, where={"reason": "coupon_problem"})["n"]
    orders = book.exposure("orders", before + since)["value"]
    return (n[6:].sum() / orders[6:].sum()) / (n[:6].sum() / orders[:6].sum()) - 1


def against_the_worst_month(book: Book) -> float:
    months = Period("2026-10").history(7)
    n = book.series(periods=months, where={"reason": "coupon_problem"})["n"]
    return n[1:].mean() / n[0] - 1


def number_against_last_year(book: Book) -> float:
    since, before = Period("2026-10").history(6), Period("2025-10").history(6)
    n = book.series(periods=before + since, where={"reason": "coupon_problem"})["n"]
    return n[6:].sum() / n[:6].sum() - 1


def rate_since_july(book: Book) -> float:
    since, before = Period("2026-10").history(4), Period("2025-10").history(4)
    n = book.series(periods=before + since, where={"reason": "address_error"})["n"]
    orders = book.exposure("orders", before + since)["value"]
    return (n[4:].sum() / orders[4:].sum()) / (n[:4].sum() / orders[:4].sum()) - 1


def number_since_july(book: Book) -> float:
    since, before = Period("2026-10").history(4), Period("2025-10").history(4)
    n = book.series(periods=before + since, where={"reason": "address_error"})["n"]
    return n[4:].sum() / n[:4].sum() - 1


def one_month(book: Book) -> float:
    months = [Period("2025-07"), Period("2026-07")]
    n = book.series(periods=months, where={"reason": "address_error"})["n"]
    orders = book.exposure("orders", months)["value"]
    return (n[1] / orders[1]) / (n[0] / orders[0]) - 1


def beside_the_control(book: Book) -> float:
    years = [*Period("2025-10").history(4), *Period("2026-10").history(4)]
    target = book.series(periods=years, where={"reason": "address_error"})["n"]
    control = book.series(periods=years, where={"reason": "false_delivery"})["n"]
    changes = [n[4:].sum() / n[:4].sum() for n in (target, control)]
    return changes[0] / changes[1] - 1


def difference_of_changes(book: Book) -> float:
    years = [*Period("2025-10").history(4), *Period("2026-10").history(4)]
    target = book.series(periods=years, where={"reason": "address_error"})["n"]
    control = book.series(periods=years, where={"reason": "false_delivery"})["n"]
    return target[4:].sum() / target[:4].sum() - control[4:].sum() / control[:4].sum()


LESSON = Lesson(
    Words("措施的效果", "Effect of a measure"),
    Words(
        "判断一项措施是否见效：不拿最坏的一个月作起点，按订单量计，并看一个不受影响的对照。",
        "judge whether a measure worked: not from the worst month on, per order, and beside a control that it does not touch.",
    ),
    (
        Exercise(
            Words(
                "优惠券说明2026年5月1日改写。与2025年5月至10月相比，2026年5月至10月每单的优惠券投诉（coupon_problem）变化了多少？写成小数，降为负。",
                "The coupon terms were rewritten on 1 May 2026. Against May to October 2025, by how much did complaints about coupons "
                "(coupon_problem) per order change in May to October 2026? As a fraction, a fall negative.",
            ),
            against_last_year,
            (
                Slip(
                    against_the_worst_month,
                    Words(
                        "拿4月作起点，而4月正是因为异常才引起注意：即使什么也不做，也会回落（均值回归）。",
                        "You begin at April, which was noticed because it was extreme: it would have fallen back with nothing done "
                        "(regression to the mean).",
                    ),
                ),
                Slip(
                    number_against_last_year,
                    Words(
                        "这是件数的变化；一年间订单多了，要先除以订单量。",
                        "That is the change of the number; orders have grown within the year: divide by them first.",
                    ),
                ),
            ),
            Words(
                "同样六个月，前后各一段，都除以订单量。",
                "The same six months of both years, each divided by its orders.",
            ),
            Words(
                "换一个正常的起点，“效果”就没有了。先问：起点那个月正常吗？",
                "From an ordinary starting point the “effect” is gone. Ask first whether the month before was a usual one.",
            ),
            0.005,
        ),
        Exercise(
            Words(
                "地址校验2026年7月1日上线。与2025年7月至10月相比，2026年7月至10月每单的地址错误投诉（address_error）变化了多少？写成小数。",
                "The address check began on 1 July 2026. Against July to October 2025, by how much did complaints about address errors "
                "(address_error) per order change in July to October 2026? As a fraction.",
            ),
            rate_since_july,
            (
                Slip(
                    number_since_july,
                    Words(
                        "这是件数的变化，没有除以订单量。",
                        "That is the change of the number, not of the number per order.",
                    ),
                ),
                Slip(
                    one_month,
                    Words(
                        "只用了7月一个月：几十件投诉，波动太大。有几个月就用几个月。",
                        "You used July alone: a few dozen complaints wobble too much. Use all the months there are.",
                    ),
                ),
            ),
            Words("与上一题相同，四个月对四个月。", "As before, four months against four."),
            Words(
                "下降明显，而且起点正常。再看一个对照，就更有把握。",
                "A clear fall from an ordinary starting point. A control makes it surer still.",
            ),
            0.005,
        ),
        Exercise(
            Words(
                "以虚假签收（false_delivery）为对照：地址错误件数的变化倍数 ÷ 对照件数的变化倍数 − 1 是多少（同样是7月至10月对去年同期）？",
                "With false delivery records (false_delivery) as the control: the ratio by which address errors changed ÷ the ratio by "
                "which the control changed, minus 1 (July to October against the same months of 2025)?",
            ),
            beside_the_control,
            (
                Slip(
                    number_since_july,
                    Words(
                        "没有用对照：两者共同的变化（订单、季节）还在里面。",
                        "Without the control: what both share (orders, season) is still in it.",
                    ),
                ),
                Slip(
                    difference_of_changes,
                    Words(
                        "相减得到的是百分点之差；件数成倍变化，应当相除。",
                        "A difference leaves points of percent; numbers change by ratios, so divide.",
                    ),
                ),
            ),
            Words(
                "两个倍数各自 = 今年四个月 ÷ 去年四个月。",
                "Each ratio = four months of this year ÷ four of last year.",
            ),
            Words(
                "有对照、按比例、起点正常：三条都满足，才说“见效”。区间和检验见 effect(...)。",
                "A control, ratios and an ordinary starting point: with all three you may say “it worked”. effect(...) adds interval and "
                "test.",
            ),
            0.005,
        ),
    ),
)
