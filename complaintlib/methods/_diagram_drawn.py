"""A cause diagram as a picture: the words of the form with the numbers of the result beside them."""

from collections.abc import Sequence

import pandas as pd

from .. import fishbone, whytree
from ..causes import Cause, Diagram, bones, chain
from ..period import Period
from ..plan import Plan
from ..result import STAR
from ..words import Words, label, show

SIGNS = {"up": "▲", "down": "▼"}
FOOT = Words(
    "{period:period}：符合该条条件的投诉件数，及占图中全部投诉的比例；一件可符合几条，比例之和不必为 100%。▲▼：多于、少于预期（预期由此前各期推算）。",
    "{period:period}: complaints that fit an entry, and their share of all complaints of the diagram; one can fit several, so shares "
    "need not add up to 100%. ▲▼: more, fewer than expected from the periods before.",
)
THICK = Words("线越粗，占比越大。", " The thicker a line, the larger the share.")
WEAK = Words("虚线框和“！”：有缺陷的一环。", " A dashed frame and “!”: a weak link.")
EXPECTED = Words("预期 {n:int}", " {n:int} expected")
COMMA = Words("，", ", ")
N = Words("{n:int} 件", "{n:int} {n:case/cases}")
REMEDY = Words("→ 对策：{text}", "→ Measure: {text}")
RECORD = Words("记录：{text}", "On record: {text}")
WHY = Words("第 {n:int} 个为什么", "Why {n:int}")


def fishbone_of(
    top: Diagram,
    causes: Sequence[Cause],
    tests: pd.DataFrame,
    entries: pd.DataFrame,
    period: Period,
    lang: str,
) -> Plan:
    """The bones of the set (for causes also the empty ones) with their causes and sub-causes."""
    rows, basis = _by_entry(tests), entries.set_index("entry")["shown_by"].to_dict()
    counted = tests[tests["drawn_as"] == "bone"].set_index("family").to_dict("index")
    why = top.kind != "countermeasure"  # what measures are aimed at moves no measure

    def twig(cause: Cause) -> fishbone.Twig:
        row, below = rows.get(cause.id), [c for c in causes if c.parent == cause.id]
        said = [_number(row, lang, moved=why) if row else label("shown_by", basis[cause.id], lang)]
        if top.kind == "countermeasure" and cause.owner:
            said.append(label("owner", cause.owner, lang))
        if top.kind == "cause" and cause.confidence == "suspected":
            said.append(label("confidence", cause.confidence, lang))
        return fishbone.Twig(
            cause.words[lang],
            COMMA[lang].join(said),
            _share(row),
            _moved(row) if why else "",
            tuple(twig(c) for c in below),
        )

    spine = [
        fishbone.Twig(
            label("family", name, lang),
            _number(counted.get(name), lang, moved=why),
            moved=_moved(counted.get(name)) if why else "",
            twigs=tuple(twig(c) for c in causes if c.family == name and not c.parent),
        )
        for name in bones(top, causes)
    ]
    whole = tests.iloc[0].to_dict()
    head = fishbone.Twig(top.problem[lang], _number(whole, lang, share=False), moved=_moved(whole))
    foot = FOOT.fill(lang, period=period) + THICK[lang]
    return fishbone.layout(top.kind, head, spine, foot)


def tree_of(
    top: Diagram, causes: Sequence[Cause], tests: pd.DataFrame, entries: pd.DataFrame, marks: pd.DataFrame, period: Period, lang: str
) -> Plan:  # fmt: skip
    """The chains of a 5-Why one after the other."""
    rows, known = _by_entry(tests), {cause.id: cause for cause in causes}
    told = dict(zip(entries["entry"], entries["remark"].notna(), strict=True))
    weak = marks.groupby("entry")["weakness"].agg(list).to_dict() if len(marks) else {}
    order, places, answers = _in_order(causes), {}, []
    for cause in order:
        places[cause.id] = len(answers)
        above, row = chain(cause, known), rows.get(cause.id)
        words = [WHY.fill(lang, n=len(above))]
        words += [label("layer", cause.layer, lang)] if cause.layer else []
        answer = whytree.Answer(
            cause.words[lang],
            places.get(cause.parent),
            COMMA[lang].join([*words, label("confidence", cause.confidence, lang)]),
            _number(row, lang),
            _moved(row),
            RECORD.fill(lang, text=cause.record[lang]) if cause.record and told[cause.id] else "",
            ("！" if lang == "zh" else "! ") + show(weak[cause.id], "weakness", lang)
            if cause.id in weak
            else "",
            _remedy(cause, lang),
            bool(above[-1].parent),
        )
        answers.append(answer)
    whole = tests.iloc[0].to_dict()
    foot = FOOT.fill(lang, period=period) + (WEAK[lang] if weak else "")
    return whytree.layout(top.problem[lang], _number(whole, lang, share=False), answers, _moved(whole), foot)


def _in_order(causes: Sequence[Cause]) -> list[Cause]:
    """Each answer behind the one it explains, chain by chain; where a chain goes round, from its first in the form."""
    found: dict[str, Cause] = {}

    def take(cause: Cause) -> None:
        if cause.id not in found:
            found[cause.id] = cause
            for below in causes:
                if below.parent == cause.id:
                    take(below)

    for cause in (*(c for c in causes if not c.parent), *causes):
        take(cause)
    return list(found.values())


def _by_entry(tests: pd.DataFrame) -> dict[str, dict]:
    return tests[tests["drawn_as"] == "entry"].set_index("entry").to_dict("index")


def _number(row: dict | None, lang: str, share: bool = True, moved: bool = True) -> str:
    """How many, which share, and which way they moved; a star for a number that may not be shown."""
    if row is None:
        return ""
    said = [N.fill(lang, n=row["n"]) if pd.notna(row["n"]) else STAR]
    if share and pd.notna(row["share_of_diagram"]):
        said.append(show(row["share_of_diagram"], "pct", lang))
    if moved and row["against_expected"] in SIGNS:
        said.append(
            SIGNS[row["against_expected"]]
            + (EXPECTED.fill(lang, n=row["expected"]) if pd.notna(row["expected"]) else "")
        )
    return COMMA[lang].join(said)


def _share(row: dict | None) -> float:
    return float(row["share_of_diagram"]) if row and pd.notna(row["share_of_diagram"]) else 0.0


def _moved(row: dict | None) -> str:
    return row["against_expected"] if row and row["against_expected"] in SIGNS else ""


def _remedy(cause: Cause, lang: str) -> str:
    if cause.countermeasure is None:
        return ""
    owner = label("owner", cause.owner, lang) if cause.owner else ""
    owner = Words("（{owner}）", " ({owner})").fill(lang, owner=owner) if owner else ""
    return REMEDY.fill(lang, text=cause.countermeasure[lang]) + owner
