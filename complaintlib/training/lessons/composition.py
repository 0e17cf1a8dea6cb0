"""Lesson 1: what one row is, how rows become shares, and two ways in which numbers grow by themselves."""

from functools import cache

from complaintlib import Book, Period, Words, composition

from ..exercise import Exercise, Lesson, Slip

composition = cache(composition)  # exercises ask for the same result again and again


def share_of_classified(book: Book) -> float:
    shares = composition(book, Period("2026-10"), by="reason").table
    return shares.set_index("reason").loc["damaged", "share_classified"]


def share_of_all(book: Book) -> float:
    counts = book.counts(by=["reason"], window=Period("2026-10")).set_index("reason")["n"]
    return counts["damaged"] / counts.sum()


def number_not_share(book: Book) -> int:
    return book.counts(window=Period("2026-10"), where={"reason": "damaged"})["n"].item()


def compensation(book: Book) -> float:
    cases = book.rows("complaints", ["complaint_id", "compensation"], Period("2026-10"), 10_000)
    return cases["compensation"].sum()


def counted_for_each_step(book: Book) -> float:
    cases = book.rows("complaints", ["complaint_id", "compensation"], Period("2026-10"), 10_000)
    steps = book.rows("events", ["complaint_id", "stage", "department"], limit=500_000)
    return cases.merge(steps, on="complaint_id")["compensation"].sum()


def ratio_of_rates(book: Book) -> float:
    years, asked = [Period("2025-10"), Period("2026-10")], {"product": "cross_border"}
    cases = book.series(by=["product"], periods=years, where=asked).set_index("period")["n"]
    orders = book.exposure("orders", years, by=["product"]).set_index(["product", "period"])["value"]
    rates = cases / orders["cross_border"]
    return rates["2026-10"] / rates["2025-10"]


def ratio_of_counts(book: Book) -> float:
    cases = book.series(by=["product"], periods=[Period("2025-10"), Period("2026-10")])
    cases = cases.set_index(["product", "period"])["n"]["cross_border"]
    return cases["2026-10"] / cases["2025-10"]


def ratio_of_shares(book: Book) -> float:
    cases = book.series(by=["product"], periods=[Period("2025-10"), Period("2026-10")])
    cases = cases.pivot_table(index="product", columns="period", values="n")
    shares = (cases / cases.sum()).loc["cross_border"]
    return shares["2026-10"] / shares["2025-10"]


LESSON = Lesson(
    Words("读懂数据与构成分析", "Reading the data, and composition"),
    Words(
        "说清一行数据是什么、每个占比的分母是什么；发现关联表格造成的重复计数；区分件数、占比和每千单的投诉率。",
        "say what one row is and what each share is a share of; notice when a join counts things twice; keep number, "
        "share and rate per 1,000 orders apart.",
    ),
    (
        Exercise(
            Words(
                "2026年10月，包裹破损（damaged）占已分类投诉的比例是多少？写成小数，保留三位。",
                "In October 2026, which share of the classified complaints is about damaged parcels (damaged)? "
                "Answer as a fraction with three decimals.",
            ),
            share_of_classified,
            (
                Slip(
                    share_of_all,
                    Words(
                        "分母里算进了还没有分类的投诉。它们补填原因之后，这个占比会自己变大：请除以已分类的投诉。",
                        "You divided by all complaints. Those without a reason yet will get one later, and the share would "
                        "move by itself: divide by the classified ones.",
                    ),
                ),
                Slip(
                    number_not_share,
                    Words(
                        "这是件数。占比 = 件数 ÷ 已分类投诉的件数。",
                        "That is the number of complaints. Share = number ÷ classified complaints.",
                    ),
                ),
            ),
            Words(
                "composition(...) 的表里有两种占比：share_classified 和 share_shown。哪一个不含 (blank) 那一行？",
                "The table of composition(...) has two shares, share_classified and share_shown. Which of them leaves the "
                "row (blank) out?",
            ),
            Words(
                "先问分母，再看占比。未分类的投诉单独列出，比较时只用已分类的。",
                "Ask for the denominator before you read a share. Unclassified complaints stand apart, and only classified "
                "ones are compared.",
            ),
            0.0008,
        ),
        Exercise(
            Words(
                "2026年10月收到的投诉，记录在案的赔付一共多少元？",
                "How much compensation, in yuan, has been recorded for the complaints received in October 2026?",
            ),
            compensation,
            (
                Slip(
                    counted_for_each_step,
                    Words(
                        "一件投诉有好几个处理环节，关联之后每个环节都重复了一次赔付金额。请在关联之前求和，或先按投诉去重。",
                        "A complaint has several stages, and the join repeats its compensation for each of them. Add up before "
                        "you join, or keep one row a complaint.",
                    ),
                ),
            ),
            Words(
                "关联前后各有多少行？投诉编号在结果里出现了几次？",
                "How many rows are there before and after the join? How often does one complaint_id appear in the result?",
            ),
            Words(
                "一行投诉对多行环节，一关联就会重复。关联后先数行数，再求和。",
                "One complaint, many stages: a join repeats the complaint. Count the rows after a join before you add "
                "anything up.",
            ),
            1.0,
        ),
        Exercise(
            Words(
                "跨境件（cross_border）每千单的投诉，2026年10月是2025年10月的多少倍？保留两位小数。",
                "Complaints per 1,000 cross-border orders (cross_border): how many times those of October 2025 are those of "
                "October 2026? Two decimals.",
            ),
            ratio_of_rates,
            (
                Slip(
                    ratio_of_counts,
                    Words(
                        "这是件数之比。跨境订单一年间少了很多，件数下降并不说明更好：请先除以订单量。",
                        "That compares numbers. Cross-border orders have become far fewer within the year, so fewer complaints "
                        "do not mean better: divide by orders first.",
                    ),
                ),
                Slip(
                    ratio_of_shares,
                    Words(
                        "这是占比之比。别的产品投诉多了，它的占比就会变小：请用每千单的投诉率。",
                        "That compares shares. A share falls when others have more complaints: use the rate per order.",
                    ),
                ),
            ),
            Words(
                'book.exposure("orders", ...) 给出订单量。倍数 = 今年的投诉率 ÷ 去年的投诉率。',
                "book.exposure(\"orders\", ...) has the orders. Times = this year's rate ÷ last year's rate.",
            ),
            Words(
                "件数和占比都在下降，投诉率却在上升：问题更重了。三个数回答三个不同的问题。",
                "Number and share fall while the rate rises: it has become worse. The three numbers answer three different "
                "questions.",
            ),
            0.01,
        ),
    ),
)
