"""What a learner calls: begin a lesson, check an answer, ask for a hint or for the solution."""

import os
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from ..result import Shown, paragraphs
from ..words import LANGUAGES, Words, language
from .exercise import code_of, kind, same, single
from .lessons import LESSONS, exercise, lesson
from .progress import keep, line

STATES = {
    "todo": Words("还没有作答", "Not answered yet"),
    "wrong": Words("还不对", "Not yet"),
    "right": Words("答对了", "Right"),
}
KINDS = {
    "number": Words("这里要一个数", "a number is asked for"),
    "truth": Words("这里要 True 或 False", "True or False is asked for"),
    "text": Words("这里要一个代码（文本）", "a code (text) is asked for"),
    "several": Words("这里要若干代码的列表", "a list of codes is asked for"),
}
PERCENT = Words(
    "数值对，单位不对：请写成小数（0.25），不要写成百分数（25）。",
    "The right figure in another unit: write a fraction (0.25), not a percentage (25).",
)
SIGN = Words(
    "大小对，正负号反了：是上升还是下降？", "The right size with the wrong sign: is it a rise or a fall?"
)
UNKNOWN = Words("结果不是这个。", "That is not the answer.")


@dataclass(frozen=True)
class Outcome:
    """What a check found: `state` is todo, wrong or right; `slip` names the known slip that leads to this answer."""

    state: str
    text: str
    lang: str
    slip: str = ""

    def __repr__(self) -> str:
        colon = "：" if self.lang == "zh" else ": "
        return f"{STATES[self.state][self.lang]}{colon}{self.text}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        head = f"<b>{STATES[self.state][self.lang]}</b>"
        return {"text/html": f"<p>{head}</p><p>{escape(self.text)}</p>", "text/plain": repr(self)}


def begin(name: str) -> Shown:
    """Open a lesson: where the learner stands. From here on the kernel speaks the language of the notebook's folder."""
    folder = Path.cwd().name
    if folder in LANGUAGES:
        os.environ["COMPLAINTKIT_LANG"] = folder
    lang = language()
    lesson(name)
    words = Words("第 {number:int} 课，共 {all:int} 课", "Lesson {number:int} of {all:int}")
    number = LESSONS.index(name) + 1
    return paragraphs(words.fill(lang, number=number, all=len(LESSONS)) + "\n" + line(name, lang))


def check(key: str, answer: Any, lang: str | None = None) -> Outcome:
    """Is the answer right? Not answered (`...`), wrong (with words for a known slip) or right; progress is kept."""
    lang = lang or language()
    _, asked = exercise(key)
    if answer is ...:
        return Outcome("todo", asked.ask[lang], lang)
    right = answers(key)[""]
    if same(answer, right, asked.within):
        keep(key, tried=True, right=True)
        return Outcome("right", asked.why[lang], lang)
    keep(key, tried=True)
    slip, words = _slip(key, answer, right)
    more = Words('请看 hint("{key}")。', 'See hint("{key}").').fill(lang, key=key)
    return Outcome("wrong", f"{words[lang]}{'' if lang == 'zh' else ' '}{more}", lang, slip)


def hint(key: str, lang: str | None = None) -> Shown:
    """A nudge that does not give the answer away."""
    return paragraphs(exercise(key)[1].hint[lang or language()])


def solution(key: str, lang: str | None = None) -> Shown:
    """The lines of code that give the right answer; progress keeps that they were looked at."""
    lang = lang or language()
    _, asked = exercise(key)
    keep(key, solution=True)
    code, why = code_of(asked.right), asked.why[lang]
    return Shown(f"<pre><code>{escape(code)}</code></pre><p>{escape(why)}</p>", f"{code}\n\n{why}")


@cache
def answers(key: str) -> dict[str, Any]:
    """The right answer, under the name "", and those of the known slips, computed from the lesson's data."""
    found, asked = exercise(key)
    book = found.book()
    return {"": asked.right(book)} | {slip.compute.__name__: slip.compute(book) for slip in asked.slips}


def _slip(key: str, answer: Any, right: Any) -> tuple[str, Words]:
    """Which slip leads to the wrong answer: one of the exercise's own, or one that can be made anywhere."""
    _, asked = exercise(key)
    for slip in asked.slips:
        if same(answer, answers(key)[slip.compute.__name__], asked.within):
            return slip.compute.__name__, slip.words
    if kind(answer) != kind(right):
        wanted = KINDS[kind(right)]
        return "kind", Words(f"{wanted.zh}。", f"{wanted.en[0].upper()}{wanted.en[1:]}.")
    if kind(right) == "number" and asked.within < 1:
        given, value = single(answer), single(right)
        if value and abs(given / 100 - value) <= asked.within:
            return "percent", PERCENT
        if value and abs(given + value) <= asked.within:
            return "sign", SIGN
    return "", UNKNOWN
