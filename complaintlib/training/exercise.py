"""What an exercise is: a question, the function that computes its answer, and the slips that are known to be made.

A solution is the body of the function that computes the answer, so the text a learner is shown is what the check runs.
"""

import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from ..book import Book, open_book
from ..words import Words

Compute = Callable[[Book], Any]


@cache
def demo_book() -> Book:
    """The demo company's book: one for all exercises, which share the answers it has given."""
    return open_book("demo")


@dataclass(frozen=True)
class Slip:
    """A wrong way that looks right: `compute` goes it, `words` say what is wrong with it."""

    compute: Compute
    words: Words


@dataclass(frozen=True)
class Exercise:
    """`right` computes the answer; a number may be off by `within`, in its own unit. `why` is told with a right answer."""

    ask: Words
    right: Compute
    slips: tuple[Slip, ...]
    hint: Words
    why: Words
    within: float = 0.0


@dataclass(frozen=True)
class Lesson:
    """`can`: what the learner can do afterwards. `book` opens the data that its exercises are about."""

    title: Words
    can: Words
    exercises: tuple[Exercise, ...]
    book: Callable[[], Book] = demo_book


def code_of(compute: Compute) -> str:
    """The lines of a function as they would stand in a cell, with `answer = ` for its `return`."""
    lines = inspect.getsource(compute).splitlines()
    body = textwrap.dedent("\n".join(lines[1:]))
    return re.sub(r"^return ", "answer = ", body, flags=re.MULTILINE)


def kind(answer: Any) -> str:
    """`number`, `truth`, `text`, `several` (a list, set, index or column of texts) or `other`."""
    answer = single(answer)
    if isinstance(answer, bool):
        return "truth"
    if isinstance(answer, int | float):
        return "number"
    if isinstance(answer, str):
        return "text"
    if isinstance(answer, list | tuple | set | frozenset | pd.Index | pd.Series) and not isinstance(
        answer, pd.MultiIndex
    ):
        return "several" if all(isinstance(item, str) for item in answer) else "other"
    return "other"


def single(answer: Any) -> Any:
    """A number that pandas or numpy holds, as Python has it; anything else as it is."""
    size = getattr(answer, "size", None)
    return answer.item() if size == 1 and hasattr(answer, "item") else answer


def same(answer: Any, right: Any, within: float) -> bool:
    """Whether the two are of one kind and equal: numbers up to `within`, texts whatever their case, several in any order."""
    if kind(answer) != kind(right):
        return False
    a, b = single(answer), single(right)
    if kind(right) == "number":
        return abs(a - b) <= within + 1e-9
    if kind(right) == "text":
        return a.strip().casefold() == b.strip().casefold()
    if kind(right) == "several":
        return {item.strip().casefold() for item in a} == {item.strip().casefold() for item in b}
    return a == b
