"""Complaint analysis in notebooks: open a book of complaints, ask a method, get a result that shows itself.

    from complaintlib import Period, open_book, pareto
    pareto(open_book("demo"), Period("2026-10"), by="reason")

Names are loaded when first used, so that a command line that needs none of them answers at once.
"""

import os
from importlib import import_module
from typing import Any

from .methods import METHODS

_HOMES = {
    "Book": "book",
    "open_book": "book",
    "Period": "period",
    "Words": "words",
    "Finding": "result",
    "Result": "result",
    "table_view": "result",
    "protect": "privacy",
}

# Before numpy comes: the matrices here are small, and threads that wait for one another make them several times slower.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

__all__ = ["METHODS", *_HOMES, *METHODS]  # noqa: PLE0604 (names, all of them texts)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in METHODS:
        answer = getattr(import_module(f".methods.{name}", __name__), name)
        value = import_module(".shared", __name__).shared(answer)
    elif name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
