"""A part of the book as a book of its own."""

import pandas as pd
import pytest

from complaintlib import Book, Period
from complaintlib.book import NotMeasured
from complaintlib.indicators import measure

OCT = Period("2026-10")
AT = pd.Timestamp("2026-10-05 09:00")


@pytest.fixture
def book():
    complaints = pd.DataFrame(
        {
            "complaint_id": list("abcd"),
            "received_at": AT,
            "region": ["east", "east", "west", None],
            "reason": "late",
        }
    )
    surveys = pd.DataFrame(
        {
            "survey_id": list("wxyz"),
            "answered_at": AT,
            "complaint_id": ["a", "b", "c", None],
            "csat": [5, 1, 4, 5],
        }
    )
    exposure = pd.DataFrame(
        {"month": [OCT.start] * 2, "measure": "orders", "region": ["east", "west"], "value": [1000.0, 500.0]}
    )
    return Book.of(complaints=complaints, surveys=surveys, exposure=exposure)


def test_what_belongs_to_the_cases_comes_along(book):
    """By hand: two of the cases are from the east, one of their two surveys is satisfied, 2 of its 1,000 orders."""
    east = book.only({"region": "east"})
    assert east.counts()["n"].item() == 2
    assert measure(east, "csat_top_two", [OCT])[["value", "n"]].iloc[0].tolist() == [0.5, 2]
    assert measure(east, "rate_orders", [OCT])["value"].item() == pytest.approx(2.0)
    assert book.counts()["n"].item() == 4


def test_missing_values_are_a_part_too(book):
    assert book.only({"region": "(blank)"}).counts()["n"].item() == 1


def test_without_its_own_exposure_a_part_has_none(book):
    with pytest.raises(NotMeasured):
        measure(book.only({"reason": "late"}), "rate_orders", [OCT])


def test_as_of_holds_in_it(book):
    assert book.at(AT).only({"region": "east"}).counts()["n"].item() == 0
