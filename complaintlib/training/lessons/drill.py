"""Lesson 12: the final drill. A month of crisis, from the first look to three findings a manager can act on."""

from functools import cache

from complaintlib import Book, Period, Words, sla
from complaintlib.stats.intervals import rate_ratio

from ..crisis import crisis_month
from ..exercise import Exercise, Lesson, Slip

sla = cache(sla)  # exercises ask for the same result again and again


def surest_cell(book: Book) -> list[str]:
    cells = book.series(by=["reason", "region"], periods=[Period("2025-11"), Period("2026-11")])
    cells = cells.pivot_table(index=["reason", "region"], columns="period", values="n")
    cells = cells[cells["2025-11"] > 0]
    return list(rate_ratio(cells["2026-11"], 1, cells["2025-11"], 1)["low"].idxmax())


def largest_cell(book: Book) -> list[str]:
    cells = book.counts(by=["reason", "region"], window=Period("2026-11"))
    return list(cells.set_index(["reason", "region"])["n"].idxmax())


def first_day(book: Book) -> str:
    days = Period("2026-11-30").history(61)
    asked = {"reason": "lost_parcel", "region": "central"}
    n = book.series(periods=days, where=asked).set_index("period")["n"]
    usual = n[n.index < "2026-11"].max()
    return n.index[n > 3 * usual][0]


def highest_day(book: Book) -> str:
    days = Period("2026-11-30").history(30)
    asked = {"reason": "lost_parcel", "region": "central"}
    return book.series(periods=days, where=asked).set_index("period")["n"].idxmax()


def any_day_above(book: Book) -> str:
    days = Period("2026-11-30").history(61)
    asked = {"reason": "lost_parcel", "region": "central"}
    n = book.series(periods=days, where=asked).set_index("period")["n"]
    return n.index[n > n[n.index < "2026-11"].mean()][0]


def extra_cases(book: Book) -> float:
    years, asked = [Period("2025-11"), Period("2026-11")], {"reason": "lost_parcel", "region": "central"}
    n = book.series(periods=years, where=asked)["n"]
    orders = book.exposure("orders", years)["value"]
    return n[1] - n[0] * orders[1] / orders[0]


def all_of_the_cell(book: Book) -> float:
    asked = {"reason": "lost_parcel", "region": "central"}
    return float(book.counts(window=Period("2026-11"), where=asked)["n"].item())


def extra_of_all(book: Book) -> float:
    n = book.series(periods=[Period("2025-11"), Period("2026-11")])["n"]
    return float(n[1] - n[0])


def claims_on_time(book: Book) -> float:
    groups = sla(book, Period("2026-11"), by="department").tables["groups"]
    claims = groups.set_index(["promise", "department"]).loc[("resolution", "claims")]
    return claims["met"] / claims["due"]


def claims_of_the_done(book: Book) -> float:
    groups = sla(book, Period("2026-11"), by="department").tables["groups"]
    claims = groups.set_index(["promise", "department"]).loc[("resolution", "claims")]
    return claims["met"] / (claims["met"] + claims["late"])


def silent_mail(book: Book) -> int:
    days = Period("2026-11-30").history(15)
    mail = book.series(by=["channel"], periods=days, where={"channel": "email"})
    return int((mail["n"] == 0).sum())


def days_with_rows(book: Book) -> int:
    rows = book.rows("complaints", ["received_at"], Period("2026-11"), 10_000, {"channel": "email"})
    return int((rows["received_at"].dt.date.value_counts() == 0).sum())


def worth_reporting(book: Book) -> list[str]:
    years, lost = [Period("2025-11"), Period("2026-11")], {"reason": "lost_parcel"}
    n = book.series(by=["region"], periods=years, where=lost).set_index(["region", "period"])["n"].unstack()
    doubled = n["2026-11"] >= 2 * n["2025-11"]
    mail = book.counts(window=Period("2026-11-30"), where={"channel": "email"})["n"].item()
    kept = sla(book, Period("2026-11")).tables["groups"].set_index(["promise", "department"])["on_time"]
    holds = [doubled["central"], doubled.all(), mail > 0, mail == 0, kept["resolution", "claims"] < 0.6]
    return [letter for letter, true in zip("abcde", holds, strict=True) if true]


def everywhere(book: Book) -> list[str]:
    return sorted({*worth_reporting(book), "b"})


def content_customers(book: Book) -> list[str]:
    return sorted({*worth_reporting(book), "c"} - {"d"})


LESSON = Lesson(
    Words("综合演练：危机之月", "Final drill: a month of crisis"),
    Words(
        "独立走完一个月：发现、定位、定时、估量、核对数据，最后写出三条管理者能据以行动的结论。",
        "go through a month by yourself: notice, locate, date, measure, check the data, and write three findings that a manager can "
        "act on.",
    ),
    (
        Exercise(
            Words(
                "与2025年11月相比，上升最有把握（倍数的95%区间下限最大，去年有投诉）的是哪个原因、哪个地区？写成列表 [原因, 地区]。",
                "Against November 2025, which reason in which region has the surest rise (the largest lower limit of the ratio's 95% "
                "interval, with complaints a year before)? As a list [reason, region].",
            ),
            surest_cell,
            (
                Slip(
                    largest_cell,
                    Words(
                        "这是件数最多的一格，它每个月都最多。要找的是变化。",
                        "That is the cell with most complaints; it has most every month. Look for what changed.",
                    ),
                ),
            ),
            Words('第9课的方法：rate_ratio(...)["low"]。', 'As in lesson 9: rate_ratio(...)["low"].'),
            Words("先找变化最确定的一格，再追问。", "Begin with the surest change, then ask on."),
        ),
        Exercise(
            Words(
                "这一格从哪一天起，首次超过10月最高日件数的3倍？写成 2026-11-nn。",
                "On which day does this cell first exceed three times October's highest day? Write it as 2026-11-nn.",
            ),
            first_day,
            (
                Slip(
                    highest_day,
                    Words("这是最高的一天，不是开始的一天。", "That is the highest day, not the first."),
                ),
                Slip(
                    any_day_above,
                    Words(
                        "高于平均的日子平时也有一小半：那不是开始。",
                        "Days above the average come all the time: that is no beginning.",
                    ),
                ),
            ),
            Words(
                "逐日的 book.series，以10月最高日为尺度。",
                "book.series by day, measured by October's highest day.",
            ),
            Words(
                "起点指向原因：那天夜里发生了什么？",
                "The beginning points at the cause: what happened that night?",
            ),
        ),
        Exercise(
            Words(
                "与2025年11月（按订单量折算）相比，这一格2026年11月多出多少件？",
                "Against November 2025, scaled by orders: how many more complaints did this cell have in November 2026?",
            ),
            extra_cases,
            (
                Slip(
                    all_of_the_cell,
                    Words(
                        "这是全部件数，其中一部分平时就有。",
                        "Those are all of its complaints; some come every year.",
                    ),
                ),
                Slip(
                    extra_of_all,
                    Words(
                        "这是总量之差，别的原因也在其中。",
                        "That is the change of the total, with all other reasons in it.",
                    ),
                ),
            ),
            Words("n[1] − n[0] × 订单之比。", "n[1] − n[0] × ratio of orders."),
            Words("多出的件数，就是这场危机的规模。", "The excess is the size of the crisis."),
            1.0,
        ),
        Exercise(
            Words(
                "理赔部（claims）2026年11月的解决按期率是多少？写成小数，保留两位。",
                "Which share of the claims department's resolution limits that ran out in November 2026 was kept? As a fraction with two "
                "decimals.",
            ),
            claims_on_time,
            (
                Slip(
                    claims_of_the_done,
                    Words(
                        "到期未办的被漏掉了，而危机里它们最多。",
                        "Those past their limit and still open are missing, and in a crisis they are many.",
                    ),
                ),
            ),
            Words('按期 ÷ 应办：sla(...).tables["groups"]。', 'met ÷ due: sla(...).tables["groups"].'),
            Words("危机的第二波：积压。", "The second wave of a crisis is the backlog."),
            0.005,
        ),
        Exercise(
            Words(
                "11月16日至30日，邮件（email）有几天一件投诉也没有？",
                "From 16 to 30 November, on how many days did no complaint come by e-mail (email)?",
            ),
            silent_mail,
            (
                Slip(
                    days_with_rows,
                    Words(
                        "没有投诉的日子没有行，数不到：先列出全部日期。",
                        "A day without complaints has no row: begin with all days.",
                    ),
                ),
            ),
            Words("第9课第3题的方法。", "As in the third exercise of lesson 9."),
            Words(
                "月底的投诉总量因此偏低：在结论里写明。",
                "So the month's total reads low: say so in your findings.",
            ),
        ),
        Exercise(
            Words(
                "哪三条可以写进结论？写成字母的列表。\n"
                "a 华中的包裹丢失至少是去年的两倍。b 各地区的包裹丢失都至少翻倍。c 邮件投诉少了，说明客户更满意。"
                "d 邮件渠道月底没有数据，请检查邮箱，总量偏低。e 理赔部的解决按期率低于60%，积压需要增援。",
                "Which three may stand among your findings? A list of letters.\n"
                "a Lost parcels in the Central region are at least twice last year's. b Lost parcels have at least doubled in every "
                "region. c Fewer complaints by e-mail: customers are more content. d E-mail brought no data at the end of the month: "
                "check the mailbox; the total reads low. e Claims keeps fewer than 60% of its resolution limits and needs help with "
                "the backlog.",
            ),
            worth_reporting,
            (
                Slip(
                    everywhere,
                    Words(
                        "只有一个地区翻倍；说成各地，会把人派错地方。",
                        "It doubled in one region; said of all, it sends people to the wrong place.",
                    ),
                ),
                Slip(
                    content_customers,
                    Words(
                        "没有数据不等于没有投诉：邮件是断了，不是少了。",
                        "No data is not no complaints: the mail has stopped, it has not become less.",
                    ),
                ),
            ),
            Words(
                "逐条用数据核对：哪些格子、哪几天、除以什么？",
                "Check each against the data: which cells, which days, divided by what?",
            ),
            Words(
                "每条结论都说清：何处、何时、多少、多大把握、请谁做什么。课程到此结束，祝贺！",
                "Each finding says where, since when, how many, how sure, and who should do what. This is the end of the course: well done!",
            ),
        ),
    ),
    crisis_month,
)
