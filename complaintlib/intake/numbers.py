"""What a run of digits or of letters and digits in a text is: phone, identity card, bank card, order number ...

Works on a text whose full-width characters are ASCII (see `mask`). Digits may be split by spaces, dashes, dots and the
like; every way of joining up to twenty neighbouring groups is judged by its digits and by how they are grouped.
"""

import re
from collections.abc import Iterator
from string import ascii_letters

Span = tuple[int, int, str]

_RUN = re.compile(
    r"(?<![0-9A-Za-z])[A-Za-z]*[0-9][0-9A-Za-z]*"
    r"(?:(?:[ .\-·_()~*]{1,3}|[,/])(?:[0-9]+[A-Za-z]*|[Xx])(?![0-9A-Za-z]))*"
)
_GROUP = re.compile(r"[0-9A-Za-z]+")
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_NUMBER = re.compile(r"[0-9]+[Xx]?")
_GAPS, _EVEN = " .-·_()~*,/", {" ", "-", ".", "·", "_", "*"}
_NUMBER_START, _NUMBER_END = "0123456789[", "0123456789]"
_MOST_DIGITS, _LEAST_DIGITS, _LEAST_CHARS = 19, 8, 6
_RANK = ("id_card", "bank_card", "number", "phone", "ssn", "landline", "order", "")


def find_numbers(text: str) -> Iterator[Span]:
    """(start, end, kind) of the numbers that identify somebody."""
    for found in _UUID.finditer(text):
        yield *found.span(), "order"
    for run in _RUN.finditer(text):
        if run.end() - run.start() < _LEAST_CHARS:
            continue
        groups = list(_GROUP.finditer(text, *run.span()))
        here = 0
        while here < len(groups):
            last, kind = _joined(text, groups, here)
            start, end = groups[here].start(), groups[last].end()
            if kind is None:
                start, end, kind = _after_its_name(text, start)
                while last + 1 < len(groups) and groups[last + 1].start() < end:
                    last += 1
            if kind:
                yield _with_brackets(text, start, end), end, kind
            here = last + 1


def _joined(text: str, groups: list[re.Match[str]], first: int) -> tuple[int, str | None]:
    """The best reading of the groups from `first` on: the last group it takes and its kind.

    "" is a number known to be harmless, None one that nothing is known of.
    """
    token = groups[first].group()
    if not _NUMBER.fullmatch(token):
        return first, _code(token)
    start = groups[first].start()
    plus, before = text[start - 1 : start] == "+", _gap_before(text, start)
    digits, sizes, gaps, smallest = "", [], set(), _MOST_DIGITS
    best: tuple[int, str | None] = (first, None)
    for last in range(first, len(groups)):
        token = groups[last].group()
        number = token.rstrip(ascii_letters)
        digits += number
        if sizes:
            gaps.add(text[groups[last - 1].end() : groups[last].start()])
            smallest = min(smallest, len(number) or _MOST_DIGITS)  # the first may be a country code
            if len(digits) > _MOST_DIGITS:
                break
        if number:  # else the X at the end of an identity card, by itself
            sizes.append(len(number))
        end = groups[last].end()
        alone = not gaps & {before, _gap_after(text, end)}
        even = alone and len(gaps) == 1 and gaps <= _EVEN
        check = token[len(number) :].upper()
        if len(digits) >= _LEAST_DIGITS and (
            smallest >= 3 or even or plus or len(digits) > 16 or len(sizes) == 3
        ):
            kind = _kind(digits + "X" * (check == "X"), tuple(sizes), gaps, plus, alone, even)
            if kind == "order" and last == first and _is_amount(text, start, end):
                kind = ""
            if kind is not None and (best[1] is None or _RANK.index(kind) <= _RANK.index(best[1])):
                best = last, kind
        if check:
            break
    return best


def _gap_before(text: str, start: int) -> str:
    """What stands between the number and one before it, also when that is masked already; "" if there is none."""
    near = text[max(0, start - 4) : start]
    rest = near.rstrip(_GAPS)
    return near[len(rest) :] if rest and rest[-1] in _NUMBER_END else ""


def _gap_after(text: str, end: int) -> str:
    near = text[end : end + 4]
    rest = near.lstrip(_GAPS)
    return near[: len(near) - len(rest)] if rest and rest[0] in _NUMBER_START else ""


def _kind(
    digits: str, sizes: tuple[int, ...], gaps: set[str], plus: bool, alone: bool, even: bool
) -> str | None:
    """The kind of one number, given how its digits were grouped.

    `plus`: a + stands before it; `alone`: no further number follows or precedes in the same way as its groups do each
    other; `even`: alone, and all its gaps are alike.
    """
    n, solid = len(digits), len(sizes) == 1
    spelled = even and set(sizes) == {1}  # 1 3 8 0 0 ...
    tidy = solid or spelled or min(sizes) >= 3
    if n == 18 and _is_date(digits[6:14]):
        if _id_check_digit(digits[:17]) == digits[17]:
            return "id_card"
        return "number" if tidy or even or _card_groups(sizes) else None
    if not digits.isdigit():
        return None
    if n == 15 and _is_date("19" + digits[6:12]) and (solid or spelled or sizes[0] == 6):
        return "id_card"
    if re.fullmatch(r"(?:00)?(?:86)?1[3-9][0-9]{9}", digits) and _phone_groups(sizes, even):
        return "phone"
    if plus and re.fullmatch(r"86[0-9]{10,11}|1[0-9]{10}|440?[0-9]{10}|(?!86|1|44)[0-9]{8,15}", digits):
        return "phone"
    if sizes == (3, 2, 4):
        return "ssn"
    if _HOTLINE.fullmatch(digits):
        return ""
    if re.fullmatch(r"1?[2-9][0-9]{2}[2-9][0-9]{6}", digits) and (
        spelled or sizes == (3, 3, 4) or (alone and sizes in _AMERICAN)
    ):
        return "phone"
    if 13 <= n <= 19 and (solid or spelled or _card_groups(sizes)):
        if _luhn(digits):
            return "bank_card"
        if not solid and not spelled:
            return "number"
    if re.fullmatch(r"0[1-9][0-9]{8,10}", digits) and tidy:
        return "phone" if digits.startswith("07") and n == 11 else "landline"
    if solid and _MOMENT.fullmatch(digits):
        return ""
    if n >= 10 and (solid or (n >= 12 and len(sizes) > 2 and tidy and gaps == {"-"})):
        return "order"
    return None


_HOTLINE = re.compile(
    r"(?:86)?[48]00[0-9]{7}|1?8(?:00|33|44|55|66|77|88)[2-9][0-9]{6}"
)  # a company's, not a person's
_AMERICAN = {(10,), (11,), (3, 7), (6, 4), (1, 3, 3, 4), (1, 10), (1, 3, 7)}
_MOMENT = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
)
_UNIT = re.compile(r" ?(?:元|块|美元|万|亿|%|USD|RMB|CNY|GBP|EUR|dollars|pounds|yuan)|\.[0-9]{1,2}(?![0-9])")


def _phone_groups(sizes: tuple[int, ...], even: bool) -> bool:
    """3-4-4 and the like; one by one or in pairs only where the gaps show that they belong together."""
    own = sizes[1:] if sizes[0] in (2, 4, 5) and sum(sizes[1:]) == 11 else sizes
    return min(own) >= 3 or (even and (set(own) == {1} or (len(own) == 6 and max(own) == 2)))


def _card_groups(sizes: tuple[int, ...]) -> bool:
    fours = sizes[:-1]
    return (set(fours) == {4} and len(fours) >= 3) or sizes in {
        (4, 6, 5),
        (4, 6, 4),
        (6, 13),
        (6, 10),
        (6, 12),
        (4, 12),
    }


def _is_date(digits: str) -> bool:
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    return "1900" <= year <= "2099" and "01" <= month <= "12" and "01" <= day <= "31"


def _id_check_digit(digits: str) -> str:
    """GB 11643: ISO 7064 MOD 11-2 over the first seventeen digits."""
    return "10X98765432"[sum(int(d) * 2 ** (17 - i) for i, d in enumerate(digits)) % 11]


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812 check digit; a run of one digit is no card."""
    doubled = sum(int(d) if i % 2 == 0 else int("0246813579"[int(d)]) for i, d in enumerate(reversed(digits)))
    return doubled % 10 == 0 and len(set(digits)) > 1


def _is_amount(text: str, start: int, end: int) -> bool:
    return bool(_UNIT.match(text, end)) or text[max(0, start - 2) : start].rstrip()[-1:] in tuple("$¥￥€£")


def _code(token: str) -> str | None:
    """Letters and digits in one word: a passport, an order number, or (few digits: a product's name) nothing."""
    digits = sum(char.isdigit() for char in token)
    if re.fullmatch(r"[A-Za-z][0-9]{8}|[A-Za-z]{2}[0-9]{7}", token):
        return None if _is_date(token[1:]) else "passport"
    if re.fullmatch(r"0x[0-9A-Fa-f]+", token):
        return None
    return "order" if len(token) >= 10 and digits >= 6 and 2 * digits >= len(token) else None


# ------------------------------------------------------------------------------------ numbers that are named

_NAMED = re.compile(
    r"(?:(?P<order>(?:订单|运单|快递|物流|包裹|工单|交易|流水)[号编]|单号|编号|"
    r"(?:order|tracking|waybill|invoice|parcel|reference|confirmation|transaction)(?: ?(?:no|number|id|#))?)"
    r"|(?P<landline>电话|手机|座机|固话|传真|phone|tel|telephone|mobile|cell|fax|call me (?:at|on))"
    r"|(?P<passport>护照|通行证|passport)"
    r"|(?P<ssn>ssn|social security(?: number)?)"
    r"|(?P<account>账号|账户|帐号|卡号|qq|微信|wechat|account|acct))"
    r"(?:号码|号|码|no\.?|number|是|为| is|[ .:#=]){0,4}\(?(?:[a-z]{1,6}-)?$",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[0-9A-Za-z]{1,24}(?:[ -][0-9]{3,12}|-[0-9A-Za-z]{1,12}){0,4}")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-/. ]?[01]?[0-9][-/. ]?[0-3]?[0-9]")


def _after_its_name(text: str, start: int) -> tuple[int, int, str]:
    """A number of six or more characters is masked when the words before it say what it is."""
    value = _VALUE.match(text, start)
    digits = sum(char.isdigit() for char in value.group()) if value else 0
    if digits < 4 or len(value.group()) < _LEAST_CHARS or _DATE.fullmatch(value.group()):
        return start, start, ""
    named = _NAMED.search(text, max(0, start - 32), start)
    if not named or (named.lastgroup == "landline" and not 7 <= digits <= 12):
        return start, start, ""
    return start, value.end(), named.lastgroup


def _with_brackets(text: str, start: int, end: int) -> int:
    """Take in the + of a country code and the opening bracket of an area code that is closed within."""
    while start and (text[start - 1] == "+" or (text[start - 1] == "(" and ")" in text[start:end])):
        start -= 1
    return start
