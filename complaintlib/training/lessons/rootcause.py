"""Lesson 7: from a number to the place, the moment and the share of the excess that a cause must explain."""

from functools import cache

from complaintlib import Book, Period, Words, diagram, rootcause, trend

from ..exercise import Exercise, Lesson, Slip

# exercises ask for the same result again and again
trend, rootcause, diagram = cache(trend), cache(rootcause), cache(diagram)


def highest_rate(book: Book) -> str:
    quarter = [Period("2026-Q3")]
    cases = book.series(by=["region"], periods=quarter).set_index("region")["n"]
    orders = book.exposure("orders", quarter, by=["region"]).set_index("region")["value"]
    return (cases / orders).idxmax()


def most_cases(book: Book) -> str:
    cases = book.counts(by=["region"], window=Period("2026-Q3"))
    return cases.set_index("region")["n"].idxmax()


def first_week(book: Book) -> str:
    weeks, asked = Period("2026-W44").history(16), {"reason": "late_delivery", "region": "east"}
    n = book.series(periods=weeks, where=asked).set_index("period")["n"]
    usual = n.iloc[:8].mean()
    return n.index[n > 1.5 * usual][0]


def highest_week(book: Book) -> str:
    weeks, asked = Period("2026-W44").history(16), {"reason": "late_delivery", "region": "east"}
    return book.series(periods=weeks, where=asked).set_index("period")["n"].idxmax()


def first_week_of_the_month(book: Book) -> str:
    return Period.holding(Period("2026-10").start, "week").text


def share_of_the_excess(book: Book) -> float:
    cells = trend(book, Period("2026-10")).tables["where"].set_index(["reason", "region"])
    return cells.loc[("late_delivery", "east"), "excess_share"]


def share_of_the_total(book: Book) -> float:
    cells = trend(book, Period("2026-10")).tables["where"].set_index(["reason", "region"])
    return cells.loc[("late_delivery", "east"), "n"] / book.counts(window=Period("2026-10"))["n"].item()


def share_of_the_reason(book: Book) -> float:
    cells = book.counts(by=["region"], window=Period("2026-10"), where={"reason": "late_delivery"})
    return cells.set_index("region")["n"]["east"] / cells["n"].sum()


def what_nextday_gained(book: Book) -> float:
    brief = rootcause(book, Period("2026-10"), reason="late_delivery")
    return brief.tables["apart"].set_index("product").loc["express_nextday", "share_change"]


def against_other_reasons(book: Book) -> float:
    brief = rootcause(book, Period("2026-10"), reason="late_delivery")
    return brief.tables["apart"].set_index("product").loc["express_nextday", "share_apart"]


def on_no_chain(book: Book) -> float:
    tree = diagram(book, Period("2026-10"), kind="five_why")
    return tree.tables["bones"].set_index("family").loc["(unexplained)", "share_of_diagram"]


def on_the_largest_chain_not(book: Book) -> float:
    tree = diagram(book, Period("2026-10"), kind="five_why")
    return 1 - tree.table["share_of_diagram"].max()


def of_the_whole_company(book: Book) -> float:
    tree = diagram(book, Period("2026-10"), kind="five_why")
    late = book.counts(window=Period("2026-10"), where={"reason": "late_delivery"})["n"].item()
    return tree.tables["bones"].set_index("family").loc["(unexplained)", "n"] / late


LESSON = Lesson(
    Words("根源分析", "Root cause"),
    Words(
        "把一个升高的数追到地方、时刻和环节，说出它解释了多少超出，再用“五个为什么”问到能采取行动的一层。",
        "follow a number that rose to its place, moment and stage, say how much of the excess that explains, and ask “why” until "
        "somebody can act on the answer.",
    ),
    (
        Exercise(
            Words(
                "2026年第三季度，每千单的投诉，哪个地区最多？写它的代码。",
                "In the third quarter of 2026, which region has the most complaints per order? Answer with its code.",
            ),
            highest_rate,
            (
                Slip(
                    most_cases,
                    Words(
                        "这是件数最多的地区，它的订单也最多。问题有多重，要看每千单。",
                        "That region has the most complaints, and the most orders as well. How bad it is, the rate tells.",
                    ),
                ),
            ),
            Words(
                'book.exposure("orders", ..., by=["region"]) 给出各地区的订单量。',
                'book.exposure("orders", ..., by=["region"]) has the orders of each region.',
            ),
            Words(
                "找原因看发生率，定先后看件数。接着再问构成：那里的订单全是跨境件，地区也许只是产品的影子。",
                "Rates for causes, numbers for priorities. Then ask for the mix: all orders there are cross-border ones, so the region "
                "may be nothing but the shadow of a product.",
            ),
        ),
        Exercise(
            Words(
                "看到2026-W44为止的16周：华东派送延误从哪一周起首次超过前8周均值的1.5倍？写成 2026-Wnn。",
                "Look at the 16 weeks that end with 2026-W44: in which week do late deliveries in the East first exceed 1.5 times the "
                "mean of the first 8 of them? Write it as 2026-Wnn.",
            ),
            first_week,
            (
                Slip(
                    highest_week,
                    Words(
                        "这是最高的一周。要找原因，得看从哪一周开始。",
                        "That is the highest week. For a cause, look for the first one.",
                    ),
                ),
                Slip(
                    first_week_of_the_month,
                    Words(
                        "这是报告月份的第一周；事情不会等到月初才开始。",
                        "That is the week in which the report's month begins; things do not wait for the first of a month.",
                    ),
                ),
            ),
            Words(
                "n.index[n > 1.5 * usual][0] 是首次超过的那一周。",
                "n.index[n > 1.5 * usual][0] is the first week above it.",
            ),
            Words(
                "知道了起点，就能问：那一周改了什么？班次、分拨、承运方？",
                "Once you know when it began you can ask what changed that week: shifts, sorting, a carrier?",
            ),
        ),
        Exercise(
            Words(
                "2026年10月的投诉比预期多出的那部分中，华东的派送延误占多大比例？写成小数。",
                "Of the complaints that October 2026 had above expectation, which share is late delivery in the East? As a fraction.",
            ),
            share_of_the_excess,
            (
                Slip(
                    share_of_the_total,
                    Words(
                        "这是占全部投诉的比例。平时就有的那些不需要解释：请只看超出的部分。",
                        "That is its share of all complaints. What is there every month needs no cause: look at the excess.",
                    ),
                ),
                Slip(
                    share_of_the_reason,
                    Words(
                        "这是派送延误中华东的比例，与超出了多少无关。",
                        "That is the share of the East in late delivery, which says nothing of the excess.",
                    ),
                ),
            ),
            Words(
                'trend(...).tables["where"] 的 excess_share。',
                'excess_share in trend(...).tables["where"].',
            ),
            Words(
                "一个原因若只能解释超出的一小部分，就还没有找到根源。这里它解释了一大半，值得请华东派送一起来谈。",
                "A cause that explains little of the excess is not the root. Here it explains more than half: reason enough to invite "
                "delivery in the East to the table.",
            ),
            0.01,
        ),
        Exercise(
            Words(
                "次日达在派送延误中的占比，2026年10月比此前各月升了多少？写成小数。",
                "By how much has the share of next-day express in late delivery risen in October 2026 against the months before? As a "
                "fraction.",
            ),
            what_nextday_gained,
            (
                Slip(
                    against_other_reasons,
                    Words(
                        "这是与其他原因之差：次日达一向多延误。要知道它是否变了，得同派送延误自己的以往相比。",
                        "That is the gap to the other reasons: next-day express has always been late more often. Whether it has changed "
                        "shows against late delivery's own past.",
                    ),
                ),
            ),
            Words(
                'rootcause(...).tables["apart"] 里，share_apart 同其他原因比，share_change 同以往比。',
                'In rootcause(...).tables["apart"], share_apart is against the other reasons and share_change against the months before.',
            ),
            Words(
                "几乎没有升：它是派送延误的特点，却不是10月升高的原因。升高来自华东。",
                "Hardly at all: it is what late delivery is like, not what made October's rise. That came from the East.",
            ),
            0.005,
        ),
        Exercise(
            Words(
                "2026年10月华东的派送延误，有多大比例不在这棵树的任何一条链上？写成小数。",
                "Of late deliveries in the East in October 2026, which share is on none of the tree's chains? As a fraction.",
            ),
            on_no_chain,
            (
                Slip(
                    on_the_largest_chain_not,
                    Words(
                        "这里只减去了最大的一条链。另一条也解释了一部分。",
                        "That takes off the largest chain only. The other one explains some as well.",
                    ),
                ),
                Slip(
                    of_the_whole_company,
                    Words(
                        "分母是全国的派送延误；这棵树问的只是华东。",
                        "That divides by late deliveries everywhere; the tree is about the East.",
                    ),
                ),
            ),
            Words(
                'diagram(...).tables["bones"] 里“(unexplained)”一行的 share_of_diagram。',
                'share_of_diagram in the line “(unexplained)” of diagram(...).tables["bones"].',
            ),
            Words(
                "将近一半还没有解释。图画得再像样，也要看它漏了多少；漏掉的案例就列在那一页。",
                "Nearly half is not explained. However good a tree looks, ask what it leaves out; its page lists such cases.",
            ),
            0.01,
        ),
    ),
)
