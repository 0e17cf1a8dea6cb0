"""What `diagram` says of the form itself: weak chains, entries without an owner, a filter or anything that shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ..causes import Cause, chain
from ..result import Finding
from ..words import Words
from ._diagram_counts import Asked

TOLD, NAMED = 2, 5  # findings of a kind, names in a sentence
WHAT = {"cause": Words("原因", "cause"), "countermeasure": Words("对策", "measure")}


def form_said(asked: Asked, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    yield from _unowned(asked)
    yield from _chains(asked, tables)
    yield from _unread(asked)
    yield from _records(asked)


def _unowned(asked: Asked) -> Iterator[Finding]:
    """Entries that nobody takes care of; ends of chains are told with their chains."""
    bare = [c for c in asked.causes if not c.owner]
    if bare and asked.top.kind in WHAT:
        what = WHAT[asked.top.kind]
        words = Words(
            f"有{what.zh}没有负责人|：{{names_zh:text}}。",
            f"Nobody takes care of some {what.en}s|: {{names_en:text}}.",
        )
        yield Finding("diagram.unowned", "watch", words, _names(bare), 0.4)


def _chains(asked: Asked, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    if asked.top.kind != "five_why":
        return
    marks, fact = tables["weak"], tables["facts"].iloc[0]
    weak = [(end, found) for end, found in chains(asked.causes, marks) if found]
    for end, found in weak[:TOLD]:
        words = Words(
            "以“{zh:text}”为末端的链站不住脚|：{marks:weakness}。",
            "The chain that ends with “{en:text}” does not hold|: {marks:weakness}.",
        )
        yield Finding("diagram.weak", "watch", words, entry_values(end) | {"marks": found}, 0.5)
    sound = Words(
        "{chains:int} 条链都通过了检查|：检查只看表上写了什么，链仍可能是错的。",
        "Every chain passes the checks ({chains:int})|: they see what is written only; a chain may still be wrong.",
    )
    some = Words(
        "{chains:int} 条链中有 {chains_weak:int} 条有缺陷|：图中以虚线框和“！”标出。",
        "{chains_weak:int} of {chains:int} {chains:chain/chains} with a weak link|: dashed frame and “!” in the picture.",
    )
    values = fact[["chains", "chains_weak"]].to_dict()
    yield Finding("diagram.chains", "note", some if weak else sound, values, 0.35)


def chains(causes: Sequence[Cause], marks: pd.DataFrame) -> list[tuple[Cause, list[str]]]:
    """The end of each chain, and the checks that any of its answers fails; a ring without an end is one chain."""
    known, parents = {c.id: c for c in causes}, {c.parent for c in causes}
    failed = marks.groupby("entry")["weakness"].agg(list).to_dict() if len(marks) else {}
    found, seen = [], set()
    for end in (*(c for c in causes if c.id not in parents), *causes):
        above = chain(end, known)
        if end.id not in parents or not seen & {c.id for c in above}:
            if end.id not in seen:
                found.append(
                    (end, list(dict.fromkeys(m for c in reversed(above) for m in failed.get(c.id, []))))
                )
            seen |= {c.id for c in above}
    return found


def _unread(asked: Asked) -> Iterator[Finding]:
    for cause in [c for c in asked.causes if c.id in asked.troubles][:TOLD]:
        trouble = asked.troubles[cause.id]
        words = Words(
            "“{zh:text}”没有数出来|：条件读不懂，{why_zh:text}。",
            "“{en:text}” was not counted|: its filter cannot be read; {why_en:text}.",
        )
        values = entry_values(cause) | both("why", trouble.say("zh"), trouble.say("en"))
        yield Finding("diagram.unread", "watch", words, values, 0.4)


def _records(asked: Asked) -> Iterator[Finding]:
    rest = [c for c in asked.causes if not c.evidence and c.record]
    bare = [c for c in asked.causes if not c.evidence and not c.record]
    if rest:
        words = Words(
            "投诉数据看不出、只凭现场或记录的|：{names_zh:text}。",
            "Not to be seen in complaints, on site or in records only|: {names_en:text}.",
        )
        yield Finding("diagram.records", "note", words, _names(rest), 0.2)
    if bare and asked.top.kind != "five_why":
        words = Words("没有任何依据的|：{names_zh:text}。", "Nothing shows these|: {names_en:text}.")
        yield Finding("diagram.bare", "watch", words, _names(bare), 0.4)


# ------------------------------------------------------------------------------------------------ values


def entry_values(cause: Cause) -> dict[str, Any]:
    """What names an entry in a finding, in both languages."""
    return {"diagram": cause.diagram, "entry": cause.id, "zh": cause.words.zh, "en": cause.words.en}


def _names(causes: Sequence[Cause]) -> dict[str, Any]:
    few, more = causes[:NAMED], len(causes) > NAMED
    return {
        "names_zh": [f"“{c.words.zh}”" for c in few] + (["其他"] if more else []),
        "names_en": [f"“{c.words.en}”" for c in few] + (["others"] if more else []),
    }


def both(name: str, zh: str, en: str) -> dict[str, Any]:
    return {f"{name}_zh": zh, f"{name}_en": en}
