"""A labelled synthetic corpus of complaint texts with personal data in them, and how well masking does on it (PV20-PV22).

Nothing in it belongs to anybody: mobile numbers begin with 160, 161, 163 or 164, which were never given out, fixed lines
with the area code 026, identity cards with the region 99, bank cards with 99; American and British phones are
those set aside for fiction, social security numbers begin with 000, 666 or 9; e-mail domains are reserved by RFC 2606.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from complaintlib.intake.mask import mask

PIECE = tuple[str, str]  # kind ("" for what must stay), text


@dataclass(frozen=True)
class Score:
    items: int
    found: int
    named: int  # with the right kind

    @property
    def recall(self) -> float:
        return self.found / self.items


def digits(rng: random.Random, n: int) -> str:
    return "".join(rng.choices("0123456789", k=n))


def split(text: str, sizes: tuple[int, ...], gap: str) -> str:
    cuts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    return gap.join(text[a:b] for a, b in pairwise(cuts))


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spoken(rng: random.Random, text: str, share: float = 1.0) -> str:
    one = rng.choice("一幺")
    names = dict(zip("0123456789", f"{rng.choice('零〇')}{one}二三四五六七八九", strict=True))
    return "".join(names[c] if c in names and rng.random() < share else c for c in text)


def phone(rng: random.Random) -> str:
    number = rng.choice(("160", "161", "163", "164")) + digits(rng, 8)
    form = rng.randrange(12)
    gap = rng.choice((" ", "-", ".", "·", "—", "  ", "－", "　"))
    return (
        number,
        number,
        wide(number),
        split(number, (3, 4, 4), gap),
        split(number, (3, 4, 4), rng.choice((" ", "-"))),
        split(number, rng.choice(((3, 3, 5), (3, 8), (7, 4), (5, 6), (4, 4, 3))), rng.choice((" ", "-"))),
        split(number, (1,) * 11, rng.choice((" ", "-", "."))),
        rng.choice(("+86", "0086", "86", "+86 ", "+86-", "（+86）")) + number,
        "+86 " + split(number, (3, 4, 4), rng.choice((" ", "-"))),
        spoken(rng, number),
        spoken(rng, number, 0.4),
        spoken(rng, split(number, (3, 4, 4), rng.choice((" ", "-")))),
    )[form]


def landline(rng: random.Random) -> str:
    area, number = "026", rng.choice("2345678") + digits(rng, 7)
    return rng.choice(
        (
            f"{area}-{number}",
            f"{area}{number}",
            f"({area}){number}",
            f"（{area}）{number}",
            f"{area} {split(number, (4, 4), ' ')}",
            f"{area}-{split(number, (4, 4), '-')}",
            wide(f"{area}-{number}"),
        )
    )


def id_card(rng: random.Random) -> str:
    body = f"99{digits(rng, 4)}{rng.randint(1940, 2012)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{digits(rng, 3)}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, table
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    if rng.random() < 0.1:  # misread
        check = rng.choice(sorted(set("0123456789X") - {check}))
    number = body + (check.lower() if rng.random() < 0.3 else check)
    form = rng.randrange(7)
    if form == 0:
        return number[:6] + number[8:17]  # the old card of fifteen digits
    if form == 1:
        return wide(number)
    if form == 2:
        return split(number, rng.choice(((6, 8, 4), (6, 4, 4, 4), (3, 3, 4, 4, 4))), rng.choice((" ", "-")))
    if form == 3:
        return split(number, (1,) * 18, " ")
    return number


def bank_card(rng: random.Random) -> str:
    n = rng.choice((16, 16, 19, 19, 17, 18, 15))
    body = "99" + digits(rng, n - 3)
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    fours = tuple([4] * (n // 4) + [n % 4] * (n % 4 > 0))
    return rng.choice((number, number, wide(number), split(number, fours, " "), split(number, fours, "-")))


def plate(rng: random.Random) -> str:
    letters, province = "ABCDEFGHJKLMNPQRSTUVWXYZ", rng.choice("琼青藏宁")
    city = rng.choice("XYZ")
    common = "".join(
        rng.sample(digits(rng, 5 - (k := rng.randint(0, 2))) + "".join(rng.choices(letters, k=k)), 5)
    )
    energy = rng.choice("DF") + digits(rng, 5)
    tail = rng.choice(
        (common, common, energy, digits(rng, 5) + rng.choice("DF"), digits(rng, 4) + rng.choice("挂学警"))
    )
    text = province + city + rng.choice(("", "", "·", " ", "-", "•")) + tail
    return rng.choice((text, text, wide(text), text.lower(), " ".join(c for c in text if c.isalnum())))


def email(rng: random.Random) -> str:
    user = rng.choice(("li.ming", "wang_fang", "zhangsan", "j.smith", "mary-jane", "user")) + rng.choice(
        ("", digits(rng, rng.randint(1, 6)))
    )
    host = rng.choice(("example", "post.example", "qq.example"))
    top = rng.choice(("com", "net", "org"))
    at = rng.choice(("@", "@", "@", "＠", " @ ", "(at)", "[at]", " @", "@ "))
    dot = rng.choice((".", ".", "．", "。", " . ", "(dot)")) if at != "@" else "."
    text = user + at + host.replace(".", dot) + dot + top
    return rng.choice(
        (text, text, text, wide(f"{user}@{host}.{top}"), f"{user} at {host.replace('.', ' dot ')} dot {top}")
    )


def order(rng: random.Random) -> str:
    return rng.choice(
        (
            rng.choice(("SF", "YT", "JD", "ZTO", "sf")) + digits(rng, rng.randint(10, 14)),
            rng.choice("3456789") + digits(rng, rng.randint(11, 14)),
            f"20{digits(rng, 16)}",
            f"{digits(rng, 8)}{rng.choice(('A', 'TK', 'B2C'))}{digits(rng, 6)}",
            wide("SF" + digits(rng, 12)),
            f"{rng.choice('3456789')}{digits(rng, 2)}-{digits(rng, 7)}-{digits(rng, 7)}",
            f"{rng.randrange(16**8):08x}-{digits(rng, 4)}-4a1b-8c2d-{digits(rng, 12)}",
        )
    )


def passport(rng: random.Random) -> str:
    number = rng.choice(("E0", "G0", "EA", "H0", "P0")) + "000" + digits(rng, 4)
    return rng.choice((number, number.lower(), wide(number)))


def url_token(rng: random.Random) -> str:
    return rng.choice(("?id=", "?token=", "?a=1&user=", "#k=", "?sign=")) + "".join(
        rng.choices("abcdef0123456789", k=12)
    )


def ssn(rng: random.Random) -> str:
    return f"{rng.choice(('000', '666', '987'))}-{digits(rng, 2)}-{digits(rng, 4)}"


def phone_en(rng: random.Random) -> str:
    us = (rng.choice(("212", "415", "646", "702")), "555", "01" + digits(rng, 2))
    uk = "7700900" + digits(rng, 3)
    return rng.choice(
        (
            "({}) {}-{}".format(*us),
            "-".join(us),
            ".".join(us),
            "+1 " + "-".join(us),
            "1-" + "-".join(us),
            "".join(us),
            "+44 " + split(uk, (4, 6), " "),
            "0" + split(uk, (4, 6), " "),
            "0" + uk,
            "020 7946 0" + digits(rng, 3),
            "+44 (0)20 7946 0" + digits(rng, 3),
        )
    )


def name_zh(rng: random.Random) -> str:
    return rng.choice("王李张刘陈杨赵吴周徐孙朱胡郭林罗郑梁谢宋") + rng.choice(
        (
            "",
            "伟",
            "芳",
            "娜",
            "秀英",
            "敏",
            "丽",
            "强",
            "磊",
            "小军",
            "洋",
            "艳",
            "勇",
            "建国",
            "桂兰",
            "子涵",
        )
    )


def name_en(rng: random.Random) -> str:
    return f"{rng.choice(('John', 'Mary', 'Ravi', 'Aoife', 'Chen', 'Olga'))} {rng.choice(('Smith', 'Jones', 'Patel', 'Byrne', 'Wu', 'Kirov'))}"


def address_zh(rng: random.Random) -> str:
    return rng.choice(("", "某省某市", "北辰市")) + rng.choice(
        (
            f"云岭区望月路{rng.randint(1, 999)}号",
            f"云岭区望月路{rng.randint(1, 999)}号{rng.randint(1, 30)}栋{rng.randint(1, 6)}单元{rng.randint(101, 3302)}室",
            f"青石镇梧桐街{rng.randint(1, 99)}号院{rng.randint(1, 9)}号楼{rng.randint(101, 999)}",
            f"花溪家园{rng.randint(1, 30)}栋{rng.randint(101, 3302)}室",
            f"九江大道{rng.randint(1, 999)}号明月大厦{rng.randint(1, 40)}层",
        )
    )


def address_en(rng: random.Random) -> str:
    return (
        f"{rng.randint(1, 9999)} {rng.choice(('Elm', 'Old Mill', 'North Oak'))} {rng.choice(('Street', 'Road', 'Ave', 'Lane', 'Drive'))}"
        + rng.choice(("", ", Apt 4B", ", Unit 12"))
    )


# {} is the personal datum; what stands around it must stay.
ZH: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "phone": (
        phone,
        (
            "我的电话是{}，10月14日下的单至今没人联系",
            "请回拨{}。快递三天没到",
            "客服让我留{}，之后没有回音",
            "退款299元，联系{}",
        ),
    ),
    "landline": (landline, ("单位座机{}，工作时间都有人", "请打{}找前台", "家里电话：{}，晚上8:30以后打")),
    "id_card": (id_card, ("身份证号{}，实名认证失败了5次", "证件号码：{}，请核实", "本人证件{}被冒用")),
    "bank_card": (bank_card, ("请退到卡号{}，金额1,299.00元", "我的银行卡{}被重复扣款2次", "工资卡：{}。")),
    "plate": (plate, ("司机开的车牌{}，态度恶劣", "车号{}，停在门口30分钟", "被{}蹭了")),
    "email": (email, ("发票发到 {} ，已经等了15天", "邮箱：{}，请尽快答复", "写信给 {} 没有人回")),
    "order": (order, ("订单号{}，2026-10-14下单", "运单{}一直显示在途", "单号：{}，少了2件", "{}这个件丢了")),
    "passport": (passport, ("护照号{}，机票退不了", "证件{}，外籍客户")),
    "url_token": (
        url_token,
        ("截图在https://t.example.com/pic{}，请看", "打开 http://www.example.com/order{} 报错404"),
    ),
    "name": (
        name_zh,
        (
            "{}先生来电投诉",
            "接待我的是{}女士，说3天内解决",
            "联系人：{}，等了2小时",
            "你好，我叫{}，要求退款",
            "姓名：{}；诉求：赔偿",
        ),
    ),
    "address": (address_zh, ("收货地址：{}，送错了3次", "住在{}，快递放在门口被偷", "寄到{}的包裹破损")),
}
EN: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "phone": (
        phone_en,
        (
            "Call me at {} after 5 pm please",
            "my number is {}, nobody rang for 3 days",
            "I was told to leave {} and wait",
        ),
    ),
    "ssn": (ssn, ("They asked for my SSN {} twice", "Number {} was used to open an account")),
    "email": (email, ("Write to {} by 2026-10-14", "my e-mail is {}, I was charged $25.00")),
    "order": (order, ("Order {} is 12 days late", "tracking number {}, no scan since Monday")),
    "bank_card": (bank_card, ("Card {} was charged $5 to $10 each day", "my card is {} and it was declined")),
    "name": (
        name_en,
        ("Mr. {} was rude to me", "Dear {}, I still wait for my refund", "my name is {} and I paid 40%"),
    ),
    "address": (address_en, ("It went to {} and not to me", "I live at {} since 2019")),
}

PLAIN = """10月14日下单，10月20日还没到，已经等了6天，客服热线12306和95338都打不通
花了1299元买的手机，降价300元（23.1%），保价期7天，申请被驳回2次
2026-10-14 09:30:25 提交，2026/10/15 回复“3至5个工作日”，到2026年10月20日仍未处理
共3件，重2.5kg，运费12元，5.5折后是66.00元，满200减30
iPhone15ProMax256GB和RTX4090显卡都没货，WH1000XM5耳机有杂音，Windows11系统
第3条第2款规定，7天无理由退货；A4纸500张；P2P平台；5G套餐99元/月，30GB流量
客服800-820-8820和400-800-1234一直占线，等了20多分钟，排在第15位
地铁3号线2号口，B座12楼大堂，3号窗口，取号A035
比率从12.5%升到18.3%，1:2的比例，3/4的人不满意，100-200元之间，2020-2021年
尺码：S M L XL，15 20 25 30 35，1、2、3、4、5，共10款
本金100000元，利息3500.50元，总额103,500.50元，分36期，每期2,875.01元
10000000000元的项目，20261014版，版本v2.10.3，错误码0x80070005
这个师傅态度很好，经理说明天处理，老师傅换了新零件，主任不在
一二三四五六七八九十，百分之三十，三天两头出问题，一千二百三十四元
I ordered 2 items on 10/14/2026 at 9:30 am and paid $5 to $10 each, total $1,234.56
The APR went from 12.99% to 24.99%, the fee was $35.00, my score fell 100 points to 680
XXXX XXXX called on XX/XX/2019 about account ending XXXX and asked for {$150.00}
Chapter 13, Section 609(a), 15 U.S.C. 1681, Rule 11, 30 days, 24/7, 1099-C form, 401(k)
Dear Customer Service, I am very upset. Thanks, please reply within 5 days. This is wrong.
I waited 45 minutes, then 3 hours, 10-15 calls in 2018-2019, version 2.10.3 of iOS 17.1
Open Monday to Friday 09:00-18:00, Saturday 10:00-14:00, size 10 x 20 x 30 cm, 2.5 kg
The Street was closed; I took Route 66 and Highway 101, Gate B12, seat 23A, flight AA1234
""".splitlines()

_TOKEN = re.compile(r"[0-9A-Za-z]+(?:[.,:/%$-][0-9A-Za-z]+)*|[\u4e00-\u9fff]")


def corpus(seed: int = 20, each: int = 150) -> Iterator[list[PIECE]]:
    """Texts as pieces; `each` texts for each kind and language."""
    rng = random.Random(seed)
    for language in (ZH, EN):
        for kind, (make, frames) in language.items():
            for _ in range(each):
                before, after = rng.choice(frames).split("{}")
                yield [("", before), (kind, make(rng)), ("", after)]


def measured(seed: int = 20, each: int = 150) -> tuple[dict[tuple[str, str], Score], float]:
    """Scores by (language, kind), and the share of harmless tokens that were masked.

    A datum is found when no four of its characters (or all, if it has fewer) are left next to one another.
    """
    scores: dict[tuple[str, str], list[int]] = {}
    lost = tokens = 0
    languages = [name for name, kinds in (("zh", ZH), ("en", EN)) for _ in range(len(kinds) * each)]
    for language, pieces in zip(languages, corpus(seed, each), strict=True):
        text = "".join(piece for _, piece in pieces)
        masked, kinds = mask([text])
        kind, datum = next(piece for piece in pieces if piece[0])
        n = min(4, len(datum))
        left = re.sub(r"\[[a-z ]+\]", "", masked[0])
        found = not any(datum[i : i + n] in left for i in range(len(datum) - n + 1))
        score = scores.setdefault((language, kind), [0, 0, 0])
        score[0] += 1
        score[1] += found
        score[2] += found and kinds[kind] > 0
        gone, all_ = _lost(" ".join(piece for k, piece in pieces if not k), masked[0])
        lost, tokens = lost + gone, tokens + all_
    for text in PLAIN * 5:
        gone, all_ = _lost(text, mask([text])[0][0])
        lost, tokens = lost + gone, tokens + all_
    return {key: Score(*score) for key, score in scores.items()}, lost / tokens


def _lost(harmless: str, masked: str) -> tuple[int, int]:
    before = Counter(_TOKEN.findall(harmless))
    return sum((before - Counter(_TOKEN.findall(masked))).values()), sum(before.values())


if __name__ == "__main__":  # the figures for the README
    scores, false = measured()
    for (language, kind), score in sorted(scores.items()):
        print(
            f"{language} {kind:10} recall {score.recall:.3f}  right kind {score.named / score.items:.3f}  of {score.items}"
        )
    print(f"harmless tokens masked: {false:.2%}")
