"""Whether two engines answer alike."""

from functools import cache

import pandas as pd
from questions import OCT, QUESTIONS

import complaintlib
from complaintlib import Book
from complaintlib.book import NotMeasured
from complaintlib.result import Result


@cache
def ask(question: str, book: Book, moment: pd.Timestamp | None) -> object:
    return QUESTIONS[question](book.at(moment))


def same(left: object, right: object) -> None:
    """To the last digit, in the same order, in the same types."""
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    else:
        assert left == right


@cache
def say(method: str, book: Book) -> Result | str:
    """What a method answers, or what it lacks."""
    try:
        return getattr(complaintlib, method)(book, OCT)
    except NotMeasured as missing:
        return missing.needs


def same_result(left: Result | str, right: Result | str) -> None:
    """The same findings and the same tables."""
    if isinstance(left, str) or isinstance(right, str):
        assert left == right
        return
    assert left.findings == right.findings
    assert left.tables.keys() == right.tables.keys()
    for name in left.tables:
        same(left.tables[name], right.tables[name])
