"""Personal data that is nobody's: right in shape and check digit, impossible in what is issued.

Mobile numbers begin 160, 161 or 163 and landlines 026 (not allocated), foreign numbers are those kept for films, ID
cards have no province (18, 39, 47) but a right check digit (GB 11643), bank cards pass Luhn under test prefixes,
e-mails live at example.*, plates have a letter no authority uses, passports a series not issued, social security
numbers the area 666; names and addresses are invented.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd

SURNAMES = ("欧阳", "上官", "慕容", "司徒", "诸葛", "东方", "尉迟", "皇甫")
GIVEN = ("雨桐", "子轩", "思远", "嘉懿", "梓萱", "景行", "若溪", "承泽", "知微", "云舒", "清嘉", "予安")
FIRST = ("Harriet", "Osbert", "Tabitha", "Cornelius", "Philippa", "Barnaby", "Rosalind", "Ignatius")
LAST = ("Quillfeather", "Thistlewood", "Umberleigh", "Zabriskie", "Oxenford", "Wintergreen", "Pennyfeather")

Random = np.random.Generator


class _Digits(dict):
    """How a digit is written: other characters stay."""

    def __init__(self, ten: str):
        super().__init__(zip(map(ord, "0123456789"), ten, strict=True))


WIDE, SPOKEN = _Digits("０１２３４５６７８９"), _Digits("零一二三四五六七八九")


def _digits(rng: Random, n: int) -> str:
    return "".join(map(str, rng.integers(0, 10, n)))


def _in_groups(text: str, *sizes: int, by: str = " ") -> str:
    ends = [0, *np.cumsum(sizes), len(text)]
    return by.join(text[a:b] for a, b in pairwise(ends) if text[a:b])


def _one(rng: Random, *of: str) -> str:
    return of[rng.integers(len(of))]


def mobile(rng: Random) -> str:
    return _one(rng, "160", "161", "163") + _digits(rng, 8)


def id_card(rng: Random) -> str:
    born = pd.Timestamp("1950-01-01") + pd.Timedelta(days=int(rng.integers(0, 20000)))
    body = f"{_one(rng, '18', '39', '47')}{_digits(rng, 4)}{born:%Y%m%d}{_digits(rng, 3)}"
    return body + "10X98765432"[sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(body)) % 11]


def bank_card(rng: Random) -> str:
    body = _one(rng, "400000" + _digits(rng, 9), "620000" + _digits(rng, 12))
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def _name(rng: Random, chinese: bool) -> str:
    return _one(rng, *SURNAMES) + _one(rng, *GIVEN) if chinese else f"{_one(rng, *FIRST)} {_one(rng, *LAST)}"


def _address(rng: Random, chinese: bool) -> str:
    a, b, c = rng.integers(1, 30, 3)
    if chinese:
        return f"虚构市{_one(rng, '云梦', '琉璃', '听雨', '望舒')}路{a * 7}号{b}栋{c}0{b % 4 + 1}室"
    return f"{a * 7} {_one(rng, 'Nowhere', 'Figment', 'Imaginary')} {_one(rng, 'Street', 'Road', 'Avenue')}"


def _foreign(rng: Random) -> str:
    form = _one(rng, "(202) 555-01{}", "+1 202-555-01{}", "202.555.01{}", "020 7946 00{}", "+44 7700 9000{}")
    return form.format(_digits(rng, 2))


def _email(rng: Random) -> str:
    host = _one(rng, "example.com", "example.org", "mail.example.net")
    return f"{_one(rng, *FIRST)}.{_one(rng, *LAST)}{_digits(rng, 2)}@{host}".lower()


def _plate(rng: Random) -> str:
    return _one(rng, "宁Z", "琼Z", "青Z") + _one(rng, "", "·") + _one(rng, *"ABCDEFGHJK") + _digits(rng, 4)


# kind: how often, and how one is made
KINDS: dict[str, tuple[float, Callable[[Random, bool], str]]] = {
    "mobile": (34, lambda rng, _: mobile(rng)),
    "landline": (6, lambda rng, _: "026" + str(rng.integers(2, 9)) + _digits(rng, 7)),
    "foreign_phone": (4, lambda rng, _: _foreign(rng)),
    "id_card": (9, lambda rng, _: id_card(rng)),
    "bank_card": (8, lambda rng, _: bank_card(rng)),
    "email": (8, lambda rng, _: _email(rng)),
    "plate": (4, lambda rng, _: _plate(rng)),
    "passport": (2, lambda rng, _: "EZ" + _digits(rng, 7)),
    "url_token": (
        2,
        lambda rng, _: f"https://pay.example.com/r?id={_digits(rng, 6)}&token={rng.bytes(12).hex()}",
    ),
    "ssn": (1, lambda rng, _: f"666-{_digits(rng, 2)}-{_digits(rng, 4)}"),
    "name": (10, _name),
    "address": (4, _address),
}
# Where people write it in other ways, each as often as the plain one stands here.
FORMS: dict[str, Callable[[str], list[str]]] = {
    "mobile": lambda n: [
        *[n] * 6,
        _in_groups(n, 3, 4),
        _in_groups(n, 3, 4, by="-"),
        _in_groups(n, 3, 4, by=" - "),
        _in_groups(n, *[1] * 10),
        "+86 " + n,
        n.translate(WIDE),
        n.translate(SPOKEN),
    ],
    "landline": lambda n: [n, _in_groups(n, 3, by="-"), _in_groups(n, 3, 4), f"({n[:3]}){n[3:]}"],
    "id_card": lambda n: [*[n] * 5, _in_groups(n, 6, 8), n.translate(WIDE), n.lower()],
    "bank_card": lambda n: [
        *[n] * 3,
        _in_groups(n, 4, 4, 4, 4),
        _in_groups(n, 4, 4, 4, 4, by="-"),
        n.translate(WIDE),
    ],
}


def personal(rng: Random, kind: str, chinese: bool) -> tuple[str, str]:
    """One piece of personal data: as it is written in the text, and plainly."""
    plainly = KINDS[kind][1](rng, chinese)
    return _one(rng, *FORMS.get(kind, lambda n: [n])(plainly)), plainly
