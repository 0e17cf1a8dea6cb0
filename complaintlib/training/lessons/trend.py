"""Lesson 2: whether a month is out of the ordinary, and two comparisons that are none."""

from functools import cache

from complaintlib import Book, Period, Words, trend

from ..exercise import Exercise, Lesson, Slip

trend = cache(trend)  # exercises ask for the same result again and again


def same_stretch(book: Book) -> float:
    now, then = Period.parse("2026-10", as_of="2026-10-16"), Period.parse("2026-09", as_of="2026-09-16")
    so_far = book.at(now.as_of).counts(window=now)["n"].item()
    as_far = book.at(then.as_of).counts(window=then)["n"].item()
    return so_far / as_far - 1


def part_against_whole(book: Book) -> float:
    now = Period.parse("2026-10", as_of="2026-10-16")
    so_far = book.at(now.as_of).counts(window=now)["n"].item()
    return so_far / book.counts(window=Period("2026-09"))["n"].item() - 1


def whole_against_whole(book: Book) -> float:
    months = book.series(periods=Period("2026-10").history(2))["n"]
    return months[1] / months[0] - 1


def old_and_new_names(book: Book) -> float:
    reasons = {"reason": ["service_attitude", "rude_courier", "rude_agent"]}
    halves = book.series(periods=[Period("2025-H1"), Period("2025-H2")], where=reasons)["n"]
    return halves[1] / halves[0] - 1


def across_the_break(book: Book) -> float:
    reason = {"reason": "service_attitude"}
    halves = book.series(periods=[Period("2025-H1"), Period("2025-H2")], where=reason)["n"]
    return halves[1] / halves[0] - 1


def half_of_the_new(book: Book) -> float:
    reasons = {"reason": ["service_attitude", "rude_courier"]}
    halves = book.series(periods=[Period("2025-H1"), Period("2025-H2")], where=reasons)["n"]
    return halves[1] / halves[0] - 1


def above_the_range(book: Book) -> float:
    last = trend(book, Period("2026-10")).tables["total"].iloc[-1]
    return last["n"] - last["n_high"]


def above_expected(book: Book) -> float:
    last = trend(book, Period("2026-10")).tables["total"].iloc[-1]
    return last["n"] - last["expected"]


def above_last_month(book: Book) -> float:
    months = book.series(periods=Period("2026-10").history(2))["n"]
    return float(months[1] - months[0])


LESSON = Lesson(
    Words("趋势与控制图", "Trend and control charts"),
    Words(
        "判断一个月是否超出预期区间；不拿没过完的一期和完整的一期比；不跨分类调整比较。",
        "judge whether a month has left its expected range; never hold a part of a period against a whole one; never compare "
        "across a change of the taxonomy.",
    ),
    (
        Exercise(
            Words(
                "假定现在是2026年10月16日零点。与9月同一段时间（1日至15日）相比，10月的投诉变化了多少？写成小数（0.10 即多一成）。",
                "Suppose it is midnight at the start of 16 October 2026. By how much do October's complaints differ from those "
                "of the same stretch of September (1st to 15th)? As a fraction (0.10 is a tenth more).",
            ),
            same_stretch,
            (
                Slip(
                    part_against_whole,
                    Words(
                        "半个10月比整个9月，当然“大降”。两边都只取1日至15日。",
                        "Half of October against all of September must “fall”. Take the 1st to the 15th on both sides.",
                    ),
                ),
                Slip(
                    whole_against_whole,
                    Words(
                        "这是整月比整月：用到了10月16日以后的数据，那时还看不到。",
                        "That is month against month: it uses what came after 16 October, which nobody could see then.",
                    ),
                ),
            ),
            Words(
                'Period.parse("2026-09", as_of="2026-09-16") 也是半个月；book.at(...) 让数据回到那一刻。',
                'Period.parse("2026-09", as_of="2026-09-16") is half a month too; book.at(...) takes the data back to that '
                "moment.",
            ),
            Words(
                "没过完的一期，只和从前同样长的一段比；更不用它和整月比出升降。",
                "A period that is not over is held against an equally long stretch of earlier ones, never against a whole one.",
            ),
            0.005,
        ),
        Exercise(
            Words(
                "与2025年上半年相比，下半年关于服务态度的投诉一共变化了多少？写成小数。"
                "（2025年7月1日，service_attitude 拆成了 rude_courier 和 rude_agent。）",
                "By how much did complaints about attitude change from the first to the second half of 2025, all together? As a "
                "fraction. (On 1 July 2025 service_attitude became rude_courier and rude_agent.)",
            ),
            old_and_new_names,
            (
                Slip(
                    across_the_break,
                    Words(
                        "旧类别从7月起就停用了，归零的是名称，不是投诉。请把新旧类别加在一起。",
                        "The old category ended in July: what fell to zero is a name, not the complaints. Add old and new "
                        "categories together.",
                    ),
                ),
                Slip(
                    half_of_the_new,
                    Words(
                        "拆成了两个新类别，只算了一个：还有 rude_agent。",
                        "Two categories came of it and you took one: rude_agent is missing.",
                    ),
                ),
            ),
            Words(
                'where={"reason": [...]} 可以同时取几个类别。',
                'where={"reason": [...]} takes several categories at once.',
            ),
            Words(
                "分类一变，曲线就断了。要么把新旧类别合起来比，要么在断点两边分开看。",
                "Where the taxonomy changes, the line is cut. Put old and new categories together, or look at each side by "
                "itself.",
            ),
            0.005,
        ),
        Exercise(
            Words(
                "2026年10月的投诉总量，比预期区间的上限多多少件？",
                "By how many complaints does the total of October 2026 exceed the upper limit of its expected range?",
            ),
            above_the_range,
            (
                Slip(
                    above_expected,
                    Words(
                        "这是与预期值之差。预期值本身有波动的余地，要超出区间上限才算异常。",
                        "That is the distance from the expected value. Some distance is usual: out of the ordinary begins at "
                        "the upper limit.",
                    ),
                ),
                Slip(
                    above_last_month,
                    Words(
                        "这是与上月之差。两个月天数、季节、订单量都不同，不能说明异常。",
                        "That is the difference from September. Days, season and orders differ; it does not tell whether "
                        "anything is wrong.",
                    ),
                ),
            ),
            Words(
                'trend(...).tables["total"] 的最后一行有 n、expected、n_low、n_high。',
                'The last row of trend(...).tables["total"] has n, expected, n_low and n_high.',
            ),
            Words(
                "超出区间，才值得追问为什么；在区间之内的升降，多半只是波动。",
                "Ask why when the range is left; ups and downs within it are mostly chance.",
            ),
            1.0,
        ),
    ),
)
