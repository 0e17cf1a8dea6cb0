"""What complaints are counted against."""

from ..book import Book
from ..words import Trouble, Words

MEASURES = ("orders", "customers", "contacts")  # where none is named, the first that is known serves


def check_measure(measure: str) -> None:
    """Raises Trouble where it is no measure that complaints are counted against."""
    if measure not in MEASURES:
        wrong = Words(
            "measure 应为 {known:text} 之一，而不是“{measure:text}”",
            "measure must be one of {known:text}, not “{measure:text}”",
        )
        raise Trouble(wrong, known=list(MEASURES), measure=measure)


def measures_by(book: Book, *columns: str) -> tuple[str, ...]:
    """The measures to try in turn, where the book's exposure is known by these columns; none where it is not."""
    return MEASURES if book.has("exposure", *columns) else ()
