"""The lessons of the course in their order: one module each, and `notebooks/training/<lang>/NN_<lesson>.ipynb`."""

from importlib import import_module

from ...words import Trouble, Words
from ..exercise import Exercise, Lesson

LESSONS = (
    "composition",
    "trend",
    "pareto",
    "timeliness",
    "sla",
    "association",
    "rootcause",
    "forecast",
    "warning",
    "effect",
    "reading",
    "drill",
)


def lesson(name: str) -> Lesson:
    if name not in LESSONS:
        words = Words(
            "没有“{name}”这一课；课程有 {known:text}", "there is no lesson “{name}”; there are {known:text}"
        )
        raise Trouble(words, name=name, known=list(LESSONS))
    return import_module(f".{name}", __name__).LESSON


def keys(name: str) -> list[str]:
    """The names of a lesson's exercises: `pareto-1`, `pareto-2` ..."""
    return [f"{name}-{place}" for place in range(1, len(lesson(name).exercises) + 1)]


def exercise(key: str) -> tuple[Lesson, Exercise]:
    """An exercise by its name, with the lesson in which it stands."""
    name, _, place = str(key).rpartition("-")
    if name not in LESSONS or key not in keys(name):
        known = keys(name) if name in LESSONS else [k for each in LESSONS for k in keys(each)]
        words = Words(
            "没有练习“{key}”；有 {known:text}", "there is no exercise “{key}”; there are {known:text}"
        )
        raise Trouble(words, key=key, known=known)
    found = lesson(name)
    return found, found.exercises[int(place) - 1]
