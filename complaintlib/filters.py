"""Filters that people write, `reason=address_error;region=east,south`: which complaints something is about."""

import unicodedata
from difflib import get_close_matches

import pandas as pd

from .book import Book
from .schema import CODE, TABLES
from .words import LANGUAGES, Trouble, Words, column, label

Filter = dict[str, list[str]]  # column -> its values: all columns must fit, any of the values of one
DIMENSIONS = tuple(name for name, kind in TABLES["complaints"].columns.items() if kind == CODE)


def parts(text: object) -> Filter:
    """The columns and the values as they are written; nothing where nothing is written.

    Columns are codes or the words for them. Raises Trouble that says which part is no `column=value`, or which column
    there is not.
    """
    found: Filter = {}
    for part in unicodedata.normalize("NFKC", "" if pd.isna(text) else str(text)).split(";"):
        if not part.strip():
            continue
        key, sign, values = (piece.strip() for piece in part.partition("="))
        field = next(
            (d for d in DIMENSIONS if key in (d, *(column(d).words[lang] for lang in LANGUAGES))), None
        )
        if not sign or not values:
            raise Trouble(
                Words("“{part}”不是 列=值", "“{part}” is not column=value"),
                part=part.strip(),
            )
        if field is None:
            raise Trouble(Words("没有“{key}”这一列", "there is no column “{key}”"), key=key)
        found.setdefault(field, []).extend(v.strip() for v in values.split(",") if v.strip())
    return found


def read_filter(text: object, book: Book) -> Filter:
    """The filter in the codes of the book's data; values are codes or the words for them.

    Raises Trouble as `parts` does, and where the data have no such column or value.
    """
    found: Filter = {}
    for field, values in parts(text).items():
        name = column(field).words
        if not book.has("complaints", field):
            raise Trouble(Words(f"没有“{name.zh}”这一列", f"there is no column “{name.en}”"))
        for newest in (True, False):  # most often these are enough, and an engine has them at once
            codes = book.codes(field, newest)
            named = {
                word: code for code in codes for word in (*(label(field, code, g) for g in LANGUAGES), code)
            }
            if named.keys() >= set(values):
                break
        for value in values:
            if value not in named:
                near = get_close_matches(value, named, 1)
                zh, en = ("；是否应为 {near}？", "; did you mean {near}?") if near else ("", "")
                raise Trouble(
                    Words("{zh}没有“{value}”这个值" + zh, "{en} has no value “{value}”" + en),
                    zh=name.zh,
                    en=name.en,
                    value=value,
                    near="".join(near),
                )
            found.setdefault(field, []).append(named[value])
    return found
