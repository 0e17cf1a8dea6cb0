"""Cause diagrams (因果图): fishbones and 5-Why trees that people filled in, with the complaints that each entry can show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar

import pandas as pd

from .. import causes as forms
from .. import plan
from ..book import Book, NotMeasured
from ..period import Period
from ..result import LEVELS, Result
from ..shared import shared
from ..whys import weak
from ..words import LANGUAGES, Trouble, Words, show
from ._diagram_counts import Asked, ask, counted, fitting_none
from ._diagram_drawn import fishbone_of, tree_of
from ._diagram_form import chains
from ._diagram_said import said

WORDED = ["entry_words", "countermeasure", "remark", "weakness"]
NUMBERS = ["n", "share_of_diagram", "expected", "against_expected"]


@dataclass(frozen=True)
class Diagram(Result):
    """Tables: `entries` (a row an entry, in the order of the form), `bones` (all, each bone, and what no entry takes), `tests`
    (every number with its interval and what was expected), `facts`; for a 5-Why `weak` (entry and check);
    `examples` of what no entry takes."""

    top: forms.Diagram
    causes: tuple[forms.Cause, ...]

    method: ClassVar = "diagram"
    title: ClassVar = Words("因果图", "Cause diagram")
    reading: ClassVar = Words(
        "图是人画的：条目、层级、负责人和把握写在 data/causes.toml 里，是小组的判断。数字是机器数的：本期投诉中符合该条条件（列=值）的件数，"
        "每次出报告时重新统计；大骨的件数是符合其中任何一条的件数，一件只计一次。一件投诉可以符合几条，各条占比之和不必为 100%。\n"
        "▲▼ 表示多于或少于预期：预期由此前各期推算，已计入趋势、季节、春节和单量，与趋势页同一算法；q 值按图中全部数字一起校正。\n"
        "结构型鱼骨图只说“由什么组成”，不说因果；原因型说“为什么”（鱼头朝右）；对策型说“怎么办”（鱼头朝左）；“五个为什么”一问接一问，"
        "有缺陷的一环以虚线框和“！”标出：检查只看表上写了什么，通过检查的链仍可能是错的。\n"
        "不能说明的：件数多不等于就是原因；条件写得宽，件数就多。要证实原因，看根因页的对比、现场和记录；对策有没有用，看措施页。",
        "People drew the diagram: entries, levels, owners and confidence stand in data/causes.toml and are a team's judgement. The "
        "numbers are counted: complaints of the period that fit an entry's filter (column=value), anew for every report; those of a bone "
        "fit any of its entries, each complaint counted once. One complaint can fit several entries, so shares need not add up to 100%.\n"
        "▲▼ mean more or fewer than expected: predicted from the periods before with trend, season, Spring Festival and volume, "
        "as on the page of trends; q-values are corrected for all numbers of the diagram together.\n"
        "A structure diagram says what belongs to it, not why; a cause diagram why (head at the right); a countermeasure diagram what to do "
        "(head at the left); a 5-Why asks one why after the other, and weak links have a dashed frame and “!”: the checks see only "
        "what is written, and a chain that passes can still be wrong.\n"
        "It cannot say that a cause with many complaints is the cause: a wide filter takes many. To prove a cause look at what sets its "
        "cases apart, at the site and in records; whether a measure helped is on the page of measures.",
    )

    def caption(self, lang: str) -> str:
        """What the diagram is about, and the first thing found in it."""
        keys = ("diagram.most", "diagram.size", self.findings[0].key)
        told = next(f for key in keys for f in self.findings if f.key == key)
        kind = Words("{kind:diagram_kind}：{zh:text}。", "{kind:diagram_kind}: {en:text}. ")
        about = {"zh": self.top.problem.zh, "en": self.top.problem.en}
        return kind.fill(lang, kind=self.top.kind, **about) + told.sentence(lang)

    def draw(self, figure, lang: str) -> None:
        """The fishbone or the tree; the figure takes the size it needs."""
        tests, entries = self.tables["tests"], self.tables["entries"]
        if self.top.kind == "five_why":
            drawn = tree_of(self.top, self.causes, tests, entries, self.tables["weak"], self.period, lang)
        else:
            drawn = fishbone_of(self.top, self.causes, tests, entries, self.period, lang)
        plan.draw(figure, drawn)


def diagram(
    book: Book,
    period: Period,
    *,
    kind: str = "cause",
    name: str = "",
    file: str = "",
    lang: str = "en",
) -> Diagram:
    """What does each entry of a cause diagram account for in the period's complaints, what moved, and what does none explain?

    The diagram: the one with the id `name`, else the first of `kind` (structure, cause, countermeasure, five_why) in the
    form `file` (default data/causes.toml; see `causes`). `lang`: the language of the texts in the tables.

    `n`: complaints received in the period that fit the diagram's filter and the entry's; `share_of_diagram`: of those that fit
    the diagram's, with Wilson's interval. A bone's are those that fit any of its entries. `expected`: predicted from up to 59
    earlier periods (`stats.season.expected`: trend, season, Spring Festival; the first volume known, orders before customers
    and contacts, as offset), with a 95% range in `tests`; q over all numbers of the diagram (Benjamini & Hochberg 1995).
    `against_expected` is up or down where range and q both say so. A partial period is not judged. Filters that the data cannot answer
    are said and left out.
    Diagrams: Ishikawa (1968), Guide to Quality Control; chains: Ohno (1978), checked by `whys.weak`.

    It assumes that filters say what the words say, and nothing about cause. Raises NotMeasured where there is no form, none
    of that kind, or the data lack a column of its filter; Trouble where form, `kind`, `name` or `lang` are wrong.
    """
    if lang not in LANGUAGES:
        raise _unknown("lang", lang, LANGUAGES)
    found = _answered(book, period, kind, name, file)
    entries = found.tables["entries"].copy()
    for column in entries.columns.intersection(WORDED):
        entries[column] = [said and said[lang] for said in entries[column]]
    return replace(found, tables={**found.tables, "entries": entries})


@shared
def _answered(book: Book, period: Period, kind: str, name: str, file: str) -> Diagram:
    """The diagram with the texts of its table `entries` still in both languages."""
    top, own = _chosen(kind, name, file)
    asked = ask(book.at(period.as_of), period, top, own)
    tests, judged = counted(asked)
    marks = pd.DataFrame(weak(forms.Causes((top,), own), top), columns=["entry", "weakness"], dtype=object)
    tables = {"entries": _entries(asked, tests, marks), "bones": _bones(tests), "tests": tests}
    if top.kind == "five_why":
        tables["weak"] = marks
    tables["facts"] = _facts(asked, marks)
    if asked.own is not None and tests["n"].iloc[-1] and asked.book.has("complaints", "text"):
        tables["examples"] = fitting_none(asked)
    told = sorted(said(asked, judged, tables), key=lambda f: (LEVELS.index(f.level), -f.weight))
    return Diagram(period, tables, tuple(told), top, own)


def _unknown(what: str, given: str, known: Sequence[str]) -> Trouble:
    words = Words(
        f"{what} 应为 {{known:text}} 之一，而不是“{{given}}”",
        f"{what} must be one of {{known:text}}, not “{{given}}”",
    )
    return Trouble(words, known=list(known), given=given)


def _chosen(kind: str, name: str, file: str) -> tuple[forms.Diagram, tuple[forms.Cause, ...]]:
    if kind not in forms.KINDS:
        raise _unknown("kind", kind, forms.KINDS)
    path = Path(file) if file else forms.FORM
    if not path.is_file():
        raise NotMeasured("causes.toml")
    form = forms.load_causes(path)
    top = next((d for d in form.diagrams if (d.id == name if name else d.kind == kind)), None)
    if top is None and name:
        ids = [d.id for d in form.diagrams]
        near = get_close_matches(name, ids, 1) or ids
        words = Words(
            "{file} 中没有图“{name}”；有 {near:text}", "{file} has no diagram “{name}”; it has {near:text}"
        )
        raise Trouble(words, file=path.name, name=name, near=near)
    if top is None:
        raise NotMeasured(f"causes.toml, kind {kind}")
    return top, tuple(form.of(top.id))


# ------------------------------------------------------------------------------------------------ tables


def _entries(asked: Asked, tests: pd.DataFrame, marks: pd.DataFrame) -> pd.DataFrame:
    """A row an entry: what the form says of it (`WORDED` in both languages), and its numbers."""
    known = {cause.id: cause for cause in asked.causes}
    failed = marks.groupby("entry")["weakness"].agg(list).to_dict()
    rows = [
        {
            "entry": cause.id,
            "family": cause.family or None,
            "tier": len(forms.chain(cause, known)),
            "entry_words": cause.words,
            "shown_by": _shown_by(asked, cause),
            "confidence": cause.confidence,
            "layer": cause.layer or None,
            "owner": cause.owner or None,
            "countermeasure": cause.countermeasure,
            "remark": _remark(asked, cause),
            "weakness": _both(lambda lang, c=cause: show(failed[c.id], "weakness", lang))
            if cause.id in failed
            else None,
        }
        for cause in asked.causes
    ]
    frame = pd.DataFrame(rows, dtype=object).astype({"tier": "int64"})
    numbers = tests[tests["drawn_as"] == "entry"].set_index("entry")[NUMBERS]
    frame = frame.merge(numbers, how="left", left_on="entry", right_index=True)
    frame = frame.astype(dict.fromkeys(NUMBERS[:3], float))
    if asked.top.kind == "structure":  # of a structure nobody is sure or in charge
        return frame[["entry", "family", "tier", "entry_words", *NUMBERS, "shown_by", "remark"]]
    rest = ["shown_by", "confidence", "owner", "remark"]
    if asked.top.kind == "five_why":
        return frame[["entry", "tier", "layer", "entry_words", *NUMBERS, *rest, "countermeasure", "weakness"]]
    return frame[["entry", "family", "tier", "entry_words", *NUMBERS, *rest]]


def _shown_by(asked: Asked, cause: forms.Cause) -> str:
    if cause.id in asked.troubles:
        return "unread"
    return "complaints" if cause.evidence else "record" if cause.record else "nothing"


def _remark(asked: Asked, cause: forms.Cause) -> Words | None:
    """Why the filter cannot be read, else what is on record."""
    return _both(asked.troubles[cause.id].say) if cause.id in asked.troubles else cause.record


def _both(say: Callable[[str], str]) -> Words:
    return Words(*map(say, LANGUAGES))


def _bones(tests: pd.DataFrame) -> pd.DataFrame:
    return tests.loc[tests["drawn_as"] != "entry", ["family", *NUMBERS]].reset_index(drop=True)


def _facts(asked: Asked, marks: pd.DataFrame) -> pd.DataFrame:
    """Which diagram it is, and of a 5-Why how many of its chains fail a check."""
    fact = {"diagram": asked.top.id, "diagram_kind": asked.top.kind}
    if asked.top.kind == "five_why":
        found = chains(asked.causes, marks)
        fact |= {"chains": len(found), "chains_weak": sum(bool(weak_ones) for _, weak_ones in found)}
    return pd.DataFrame([fact])
