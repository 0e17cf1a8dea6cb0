"""Masks what identifies a person in free text, before the text is stored.

Numbers of a fixed form are found almost always, also when spaced, full-width or spelled in Chinese numerals; names and
addresses only where the words around announce them, without promise. `tests/intake/test_mask.py` measures both on a
labelled synthetic corpus. Masked text is still personal data wherever the story itself tells who it is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from .hints import DIGIT, PROVINCE, SPOKEN
from .numbers import Span, find_numbers
from .people import EN_ADDRESS_HINT, EN_NAME_HINT, ZH_ADDRESS_HINT, ZH_NAME_HINT, find_addresses, find_names

KINDS = [
    "phone",
    "landline",
    "id_card",
    "bank_card",
    "number",
    "ssn",
    "passport",
    "plate",
    "order",
    "account",
    "email",
    "url_token",
    "name",
    "address",
]
TOKENS = {kind: f"[{kind.replace('_', ' ')}]" for kind in KINDS}


def mask(texts: Sequence[str | None]) -> tuple[list[str | None], Counter]:
    """The texts with each identifying part replaced by its kind (`[phone]`, `[id card]` ...), and how many of each kind.

    Missing texts stay missing. The rest of a text keeps its characters and their order. Masking twice changes nothing.
    """
    masked, counts = [], Counter()
    for text in texts:
        while isinstance(text, str) and (spans := list(_disjoint(_find(text)))):
            pieces, end = [], 0
            for start, stop, kind in spans:
                pieces += text[end:start], TOKENS[kind]
                counts[kind] += 1
                end = stop
            text = "".join(pieces) + text[end:]
        masked.append(text)
    return masked, counts


def _find(text: str) -> Iterator[Span]:
    wanted = [find for find, hint in (_ASCII if text.isascii() else _ALL) if hint.search(text)]
    if wanted:
        plain = _spoken_to_digits(text.translate(_TO_ASCII))
        for find in wanted:
            yield from find(plain)


def _disjoint(spans: Iterator[Span]) -> Iterator[Span]:
    """The spans from left to right; of two that overlap the one that begins first, then the longer."""
    end = 0
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[0] >= end:
            yield span
            end = span[1]


# ------------------------------------------------------- one character for one character, so that positions stay

_SPOKEN_VALUES = str.maketrans(SPOKEN, "0001234567891123456789")
_SPOKEN_RUN = re.compile(f"[0-9{SPOKEN}](?:[ .·-]{{0,2}}[0-9{SPOKEN}]){{10,}}")
_TO_ASCII = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(
        [*b"\t\n\r", 0xA0, 0xAD, *range(0x2000, 0x2010), *range(0x2028, 0x2030), 0x205F, 0x2060], " "
    ),
    **dict.fromkeys([*range(0x2066, 0x206A), 0x3000, 0xFEFF], " "),
    **dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE63], "-"),
    **dict.fromkeys(map(ord, "•・‧∙"), "·"),
    **dict(zip(range(0x2460, 0x2469), "123456789", strict=True)),  # circled
    **{0x1D7CE + i: str(i % 10) for i in range(50)},  # mathematical
    ord("⓪"): "0",
    ord("﹫"): "@",
}


def _spoken_to_digits(text: str) -> str:
    """Chinese numerals become digits where eleven or more digits stand together: a number that is read out."""
    return _SPOKEN_RUN.sub(_read_out, text)


def _read_out(run: re.Match[str]) -> str:
    """One or two numerals among digits are rather words that follow a number, unless they make it a mobile phone's."""
    spoken = sum(char in SPOKEN for char in run.group())
    written = run.group().translate(_SPOKEN_VALUES)
    mobile = written[0] == "1" and sum(char.isdigit() for char in written) == 11
    return written if spoken >= 3 or mobile else run.group()


# ------------------------------------------------------------------------------------------- e-mail, URL, plate

_DOMAIN = "com|cn|net|org|edu|gov|info|io|me|co|uk|us|de|fr|hk|tw|example|test|invalid"
_EMAIL = re.compile(
    r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]{1,64}(?:"
    r"@[0-9A-Za-z-]{1,63}(?:[.。][0-9A-Za-z-]{1,63}){0,3}[.。][A-Za-z]{2,24}"
    r"| {0,3}(?:@|[(\[{【] ?[aA][tT] ?[)\]}】]) {0,3}[0-9A-Za-z-]{1,63}(?:_DOT_[0-9A-Za-z-]{1,63}){0,3}_DOT_(?:_DOMAIN_)"
    r"| [aA][tT] [0-9A-Za-z-]{1,63}(?: [dD][oO][tT] [0-9A-Za-z-]{1,63}){0,3} [dD][oO][tT] (?:_DOMAIN_)"
    r")(?![0-9A-Za-z])".replace(
        "_DOT_", r" {0,2}(?:[.。]|[(\[{【] ?[dD][oO][tT] ?[)\]}】]| [dD][oO][tT] ) {0,2}"
    ).replace("_DOMAIN_", _DOMAIN)
)
_URL = re.compile(r"(?:https?://|www\.)[!-Z\\^-~]+", re.IGNORECASE)  # printable ASCII but for square brackets
_SECRET = re.compile(r"(?<=//)[^/@]*@|[?#].|(?<=/)(?=[A-Za-z]*[0-9])[0-9A-Za-z_-]{16}")
_PLATE = re.compile(
    rf"[{PROVINCE}][ .·-]?[A-HJ-NP-Za-hj-np-z](?:[ .·-]{{0,2}}[0-9A-HJ-NP-Za-hj-np-z]){{4,5}}"
    r"(?:[ .·-]?[0-9A-HJ-NP-Za-hj-np-z挂学警港澳])?(?![0-9A-Za-z])"
)


def find_emails(text: str) -> Iterator[Span]:
    for found in _EMAIL.finditer(text):
        yield *found.span(), "email"


def find_urls(text: str) -> Iterator[Span]:
    """What comes after the address proper: queries, fragments, passwords, long tokens."""
    for found in _URL.finditer(text):
        if secret := _SECRET.search(found.group()):
            yield found.start() + secret.start(), found.end(), "url_token"


def find_plates(text: str) -> Iterator[Span]:
    for found in _PLATE.finditer(text):
        signs = sum(char.isalnum() for char in found.group())
        if signs in (7, 8) and sum(char.isdigit() for char in found.group()) >= 3:
            yield *found.span(), "plate"


# What a text must have for a finder to be tried on it, in ASCII and beyond it.
_HINTS = (
    (
        find_emails,
        r"@|[(\[{] ?[aA][tT] ?[)\]}]| [aA][tT] ",
        "[＠﹫]|[(\\[{【（［｛] ?[aAａＡ][tTｔＴ] ?[)\\]}】）］｝]|[ \xa0　][aA][tT][ 　]",
    ),
    (find_urls, "://|[wW][wW][wW][.]", "[:：][/／][/／]|[wWｗ][wWｗ][wWｗ][.．]"),
    (
        find_numbers,
        "[0-9](?:[^0-9]{0,6}[0-9]){3}",
        f"[{DIGIT}](?:[^{DIGIT}]{{0,6}}[{DIGIT}]){{3}}|[{DIGIT}{SPOKEN}](?:[^{DIGIT}{SPOKEN}]{{0,2}}[{DIGIT}{SPOKEN}]){{10}}",
    ),
    (find_plates, "", f"[{PROVINCE}][^0-9A-Za-zＡ-Ｚａ-ｚ]?[A-Za-zＡ-Ｚａ-ｚ]"),
    (find_names, EN_NAME_HINT, ZH_NAME_HINT),
    (find_addresses, EN_ADDRESS_HINT, ZH_ADDRESS_HINT),
)
_ASCII = tuple((find, re.compile(hint)) for find, hint, _ in _HINTS if hint)
_ALL = tuple((find, re.compile("|".join(filter(None, hints)))) for find, *hints in _HINTS)
