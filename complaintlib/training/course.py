"""Run the course as an instructor: every exercise untouched, with its solution, with each slip, and every planted bug.

The cells run in this process, in the order in which they stand, as a learner would run them. `python -m complaintlib.training`
(or `make training`) runs all lessons in both languages.
"""

import ast
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..home import NOTEBOOKS
from .check import Outcome, answers, check
from .exercise import code_of
from .lessons import LESSONS, exercise

BLANK = "answer = ..."


@dataclass(frozen=True)
class Told:
    """What a check said of an exercise that was answered in some way, and what it should have said."""

    key: str
    way: str
    outcome: Outcome
    state: str
    slips: tuple[str, ...] = ("",)

    @property
    def as_it_should(self) -> bool:
        return self.outcome.state == self.state and self.outcome.slip in self.slips


def notebook(name: str, lang: str) -> Path:
    return NOTEBOOKS / "training" / lang / f"{LESSONS.index(name) + 1:02d}_{name}.ipynb"


def cells(name: str, lang: str, kind: str = "code") -> list[tuple[str, list[str]]]:
    """The cells of a lesson's notebook of one kind: source and tags."""
    content = json.loads(notebook(name, lang).read_text(encoding="utf-8"))
    return [
        ("".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in content["cells"]
        if cell["cell_type"] == kind
    ]


def run(name: str, lang: str) -> list[Told]:
    """Run a lesson's notebook. What a cell raises goes up to the caller; the learner's own progress stays as it is."""
    space: dict[str, Any] = {"__name__": "__main__"}
    told: list[Told] = []
    with _aside(), chdir(notebook(name, lang).parent):
        for source, tags in cells(name, lang):
            if "exercise" in tags:
                told += _answered(source, tags[-1], space)
                continue
            try:
                _show(source, space)
            except Exception as error:
                error.add_note(f"in {notebook(name, lang).name}:\n{source}")
                raise
            if "bug" in tags:
                key = tags[-1]
                known = tuple(slip.compute.__name__ for slip in exercise(key)[1].slips)
                told.append(Told(key, "bug", check(key, space["theirs"]), "wrong", known))
    return told


def _answered(source: str, key: str, space: dict[str, Any]) -> Iterator[Told]:
    """An exercise's cell, answered in every way that is known."""
    asked = exercise(key)[1]
    yield Told(key, "untouched", _show(source, space), "todo")
    yield Told(key, "solution", _show(source.replace(BLANK, code_of(asked.right)), space), "right")
    for slip in asked.slips:
        name = slip.compute.__name__
        space["slip"] = answers(key)[name]
        yield Told(key, name, _show(source.replace(BLANK, "answer = slip"), space), "wrong", (name,))


def _show(source: str, space: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line is what a notebook would show."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), space)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), space) if last else None


@contextmanager
def _aside() -> Iterator[None]:
    """Progress and language of a run, put back afterwards."""
    names = ("COMPLAINTKIT_PROGRESS", "COMPLAINTKIT_LANG")
    before = {name: os.environ.get(name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COMPLAINTKIT_PROGRESS"] = str(Path(folder) / "progress.json")
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
