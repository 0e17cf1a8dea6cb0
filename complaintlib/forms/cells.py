"""The value of a single cell of a form: in codes, or what is wrong with it and what is expected."""

import datetime as dt
import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import pandas as pd

from ..filters import parts
from ..intake.profile import standard
from ..words import LANGUAGES, Trouble, Words, cut
from .fields import Field
from .write import expected

_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
)
Lists = Mapping[str, Mapping[str, str]]  # of each drop-down list: what may be written -> its code


def value_of(asked: Field, raw: Any, text: str, lists: Lists) -> Any:
    """The value in codes, or what is wrong with it."""
    said = {"text": cut(text, 40)}
    if asked.kind in ("moment", "day"):
        found = _time(text)
        if found is None:
            is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
            return said_of(_NUMBER_NO_TIME if is_number else _NO_TIME, asked, **said)
        return found.normalize() if asked.kind == "day" else found
    if asked.kind in ("number", "share"):
        found = _number(text)
        if found is None:
            return said_of(_NO_NUMBER, asked, **said)
        low_enough = found >= 0 if asked.kind == "number" else -1 < found <= 10
        return found if low_enough else said_of(_OUT_OF_RANGE, asked, **said)
    if asked.kind == "id":
        long = isinstance(raw, float) and abs(raw) >= 1e15
        return said_of(_LONG, asked, **said) if long else text
    if asked.kind == "choice" and asked.choices in lists:
        return _chosen(asked, text, lists[asked.choices])
    if asked.kind == "filter":
        return _filter(text, lists)
    return text


def _chosen(asked: Field, text: str, known: Mapping[str, str]) -> Any:
    code = known.get(standard(text))
    if code is not None:
        return code
    near = get_close_matches(standard(text), known, 1)
    some = "、".join(list(known)[:6]) + ("…" if len(known) > 6 else "")
    return said_of(_NEAR if near else _NOT_LISTED, asked, text=cut(text, 40), near="".join(near), some=some)


def _filter(text: str, lists: Lists) -> Any:
    try:
        found = parts(text)
    except Trouble as trouble:
        return Words(*(trouble.say(lang) for lang in LANGUAGES))
    codes = []
    for name, values in found.items():
        chosen = [_chosen(Field(name, "choice"), v, lists[name]) if name in lists else v for v in values]
        if wrong := next((c for c in chosen if isinstance(c, Words)), None):
            return wrong
        codes.append(f"{name}={','.join(chosen)}")
    return ";".join(codes)


def _time(text: str) -> pd.Timestamp | None:
    """Year first, so that nothing is guessed about day and month."""
    if not (found := _TIME.fullmatch(text)):
        return None
    try:
        return pd.Timestamp(dt.datetime(*(int(part or 0) for part in found.groups())))
    except ValueError:
        return None


def _number(text: str) -> float | None:
    text = standard(text).replace(",", "").replace("−", "-")
    share = text.endswith("%")
    try:
        found = float(text.removesuffix("%"))
    except ValueError:
        return None
    return (found / 100 if share else found) if math.isfinite(found) else None


def said_of(words: Words, asked: Field, **values: Any) -> Words:
    wanted = expected(asked)
    return Words(*(words.fill(g, name=asked.words[g], wanted=wanted[g], **values) for g in LANGUAGES))


_NO_TIME = Words(
    "“{text}”不是有效的{name}；应填：{wanted}", "“{text}” is no valid {name}; expected: {wanted}"
)
_NUMBER_NO_TIME = Words(
    "{text} 是数字，不是{name}；请把单元格设为日期格式，应填：{wanted}",
    "{text} is a number, no {name}; format the cell as a date, expected: {wanted}",
)
_NO_NUMBER = Words("“{text}”不是数字；应填：{wanted}", "“{text}” is no number; expected: {wanted}")
_OUT_OF_RANGE = Words("{text} 超出范围；应填：{wanted}", "{text} is out of range; expected: {wanted}")
_LONG = Words(
    "{text} 以数字保存，15 位以后已失真；请按文本填写",
    "{text} was kept as a number, wrong beyond 15 digits; type it as text",
)
_NEAR = Words("{name}没有“{text}”这一项；是否应为 {near}？", "{name} has no “{text}”; did you mean {near}?")
_NOT_LISTED = Words(
    "{name}没有“{text}”这一项；应从列表中选：{some}", "{name} has no “{text}”; choose from the list: {some}"
)
