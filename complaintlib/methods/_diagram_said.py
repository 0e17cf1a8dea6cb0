"""What `diagram` says: what most complaints fit, what left its range, what nothing explains, what to verify first."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..causes import Cause
from ..result import Finding
from ..rules import load_rules
from ..words import Words
from ._diagram_counts import Asked, Judged
from ._diagram_form import both, entry_values, form_said

TOLD = 2  # entries that moved, each way
MUCH, LARGE = 0.2, 0.1  # shares of the complaints: explained by nothing, resting on a suspicion
LEAD = {
    "structure": Words("最大的一部分是“{zh:text}”", "The largest part is “{en:text}”"),
    "cause": Words("件数最多的原因是“{zh:text}”", "The cause with the most complaints is “{en:text}”"),
    "countermeasure": Words(
        "针对件数最多的对策是“{zh:text}”", "The measure aimed at the most complaints is “{en:text}”"
    ),
    "five_why": Words("件数最多的回答是“{zh:text}”", "The answer with the most complaints is “{en:text}”"),
}
OUTSIDE = {
    "structure": Words("不属于图中任何一部分", "belong to no part of the diagram"),
    "cause": Words("图中没有原因可以说明", "fit no cause of the diagram"),
    "countermeasure": Words("没有任何对策针对", "are the aim of no measure"),
    "five_why": Words("不在任何一条链上", "are on no chain"),
}
_NONE = Words("", "")


def said(asked: Asked, judged: Judged, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    tests = tables["tests"]
    whole = tests.iloc[0]
    if asked.own is None:
        trouble = asked.troubles[asked.top.id]
        words = Words(
            "数据里没有这张图所说的投诉|：{why_zh:text}。请在 causes.toml 中改为贵公司的图。",
            "The data have no complaints of this diagram|: {why_en:text}. Put your own diagrams in causes.toml.",
        )
        yield Finding("diagram.none", "note", words, both("why", trouble.say("zh"), trouble.say("en")), 0.3)
    elif whole["n"] == 0:
        words = Words(
            "{period:period}没有属于这张图的投诉|：“{zh:text}”。",
            "No complaint of {period:period} belongs to this diagram|: “{en:text}”.",
        )
        yield Finding("diagram.none", "note", words, {"period": asked.period} | _problem(asked), 0.3)
    else:
        yield _size(asked, whole)
        yield from _most(asked, tests)
        yield from _moved(asked, tests)
        yield from _unexplained(asked, tests.iloc[-1])
        yield from _suspected(asked, tests)
    if asked.own is not None:  # else it is another company's diagram
        yield from form_said(asked, tables)
    yield from _limits(asked, judged)


# ------------------------------------------------------------------------------------------------ numbers


def _size(asked: Asked, whole: pd.Series) -> Finding:
    values: dict[str, Any] = {"period": asked.period, "n": whole["n"]} | _problem(asked)
    then, names = _then(whole)
    words = Words(
        f"“{{zh:text}}”：{{period:period}}共 {{n:int}} 件|{then.zh}。",
        f"“{{en:text}}”: {{n:int}} {{n:complaint/complaints}} in {{period:period}}|{then.en}.",
    )
    return Finding("diagram.size", "note", words, values | names, 0.4)


def _then(row: pd.Series, inside: Words = _NONE) -> tuple[Words, dict[str, Any]]:
    """The clauses that set a row against what was expected and the period before, and their values; `inside` is said between."""
    words, values = inside, {}
    if pd.notna(row["expected"]):
        usual = Words("，在预期之内", ", as expected") if row["against_expected"] == "same" else _NONE
        words = Words(
            f"；预期 {{expected:int}} 件{usual.zh}{inside.zh}；95% 区间 {{n_low:int}} 至 {{n_high:int}}",
            f"; {{expected:int}} {{expected:was/were}} expected{usual.en}{inside.en}; 95% range {{n_low:int}} to {{n_high:int}}",
        )
        values = {name: row[name] for name in ("expected", "n_low", "n_high")}
    if pd.notna(row["n_then"]) and row["against_expected"] != "partial":
        words = Words(words.zh + "；上期 {n_then:int} 件", words.en + "; {n_then:int} the period before")
        values |= {"n_then": row["n_then"]}
    if row["against_expected"] in ("up", "down"):
        words = Words(words.zh + "；q 值 {q:p}", words.en + "; q {q:p}")
        values |= {"q": row["q"]}
    return words, values


def _most(asked: Asked, tests: pd.DataFrame) -> Iterator[Finding]:
    rows = tests[(tests["drawn_as"] == "entry") & tests["entry"].isin(_first(asked))]
    least = load_rules().statistics.min_count
    n_all = tests["n"].iloc[0]
    if n_all < least:
        words = Words(
            f"样本太少，不比较各条|：{{n_all:int}} 件，至少需要 {least} 件。",
            f"Too few complaints to compare the entries|: {{n_all:int}}; it takes {least}.",
        )
        yield Finding("diagram.few", "note", words, {"n_all": n_all}, 0.3)
    elif len(rows) and rows["n"].max() > 0:
        row = rows.sort_values("n", ascending=False, kind="stable").iloc[0]
        lead, cause = LEAD[asked.top.kind], _cause(asked, row["entry"])
        zh, en = _standing(asked, cause)
        names = ["n", "share_of_diagram", "share_of_diagram_low", "share_of_diagram_high"]
        words = Words(
            f"{lead.zh}|：{{n_all:int}} 件中 {{n:int}} 件；占 {{share_of_diagram:pct}}；95% 区间 {{share_of_diagram_low:pct}} 至 "
            f"{{share_of_diagram_high:pct}}{zh}。",
            f"{lead.en}|: {{n:int}} of {{n_all:int}}; a share of {{share_of_diagram:pct}}; 95% interval "
            f"{{share_of_diagram_low:pct}} to {{share_of_diagram_high:pct}}{en}.",
        )
        values = row[names].to_dict() | entry_values(cause) | {"n_all": n_all} | _owner(cause)
        yield Finding("diagram.most", "note", words, values, 0.6)


def _standing(asked: Asked, cause: Cause) -> tuple[str, str]:
    """How sure it is and whose it is; of a structure neither is asked."""
    if asked.top.kind == "structure":
        return "", ""
    zh, en = "；{confidence:confidence}", "; confidence: {confidence:confidence}"
    return (zh + "，负责人：{owner:owner}", en + ", owner: {owner:owner}") if cause.owner else (zh, en)


def _moved(asked: Asked, tests: pd.DataFrame) -> Iterator[Finding]:
    """The entries whose numbers left their range, those that are farthest from what was expected first, each with the one
    below it that did. What measures are aimed at is told on the page of causes."""
    if asked.top.kind == "countermeasure":
        return
    rows = tests[(tests["drawn_as"] == "entry") & tests["against_expected"].isin(["up", "down"])]
    far = (rows["n"] - rows["expected"]).abs().sort_values(ascending=False, kind="stable").index
    rows = rows.loc[far]
    for way in ("up", "down"):
        own = rows[rows["against_expected"] == way]
        for row in own[own["entry"].isin(_first(asked))].head(TOLD).to_dict("records"):
            cause, up = _cause(asked, row["entry"]), way == "up"
            inside, more = _inside(asked, own, cause)
            then, values = _then(pd.Series(row), inside)
            bare = up and not cause.owner and asked.top.kind == "cause"
            zh, en = ("；没有负责人", "; nobody takes care of it") if bare else ("", "")
            words = Words(
                f"“{{zh:text}}”{'多于' if up else '少于'}预期|：{{n:int}} 件{then.zh}{zh}。",
                f"{'More' if up else 'Fewer'} than expected: “{{en:text}}”|: {{n:int}} {{n:complaint/complaints}}{then.en}{en}.",
            )
            level = "good" if not up else "act" if bare else "watch" if asked.top.kind == "cause" else "note"
            weight = 0.7 if bare else 0.6 if asked.top.kind == "cause" else 0.45
            values |= entry_values(cause) | {"n": row["n"]} | _reason(asked) | more
            yield Finding(f"diagram.{way}", level, words, values, weight)


def _inside(asked: Asked, moved: pd.DataFrame, cause: Cause) -> tuple[Words, dict[str, Any]]:
    """The entry below that moved the same way, as a clause."""
    below = moved[moved["entry"].isin([c.id for c in asked.causes if c.parent == cause.id])]
    if below.empty:
        return _NONE, {}
    row = below.iloc[0]
    sub = _cause(asked, row["entry"])
    words = Words(
        "；其中“{sub_zh:text}”{sub_n:int} 件（预期 {sub_expected:int} 件）",
        "; among them “{sub_en:text}” {sub_n:int} ({sub_expected:int} expected)",
    )
    return words, both("sub", sub.words.zh, sub.words.en) | {
        "sub_n": row["n"],
        "sub_expected": row["expected"],
    }


def _unexplained(asked: Asked, row: pd.Series) -> Iterator[Finding]:
    outside, much = OUTSIDE[asked.top.kind], row["share_of_diagram"] >= MUCH
    values = row[["n", "share_of_diagram"]].to_dict() | _problem(asked)
    if row["n"] == 0:
        return
    then, names = _then(row) if row["against_expected"] in ("up", "down") else (_NONE, {})
    look = Words("；可从下列个案看缺了什么", "; the cases below show what is missing") if much else _NONE
    words = Words(
        f"{{share_of_diagram:pct}} 的投诉{outside.zh}|：{{n:int}} 件{then.zh}{look.zh}。",
        f"{{share_of_diagram:pct}} of the complaints {outside.en}|: {{n:int}}{then.en}{look.en}.",
    )
    # chains are a few lines of thought: nobody expects all complaints on them
    level, weight = ("watch", 0.5) if much and asked.top.kind != "five_why" else ("note", 0.35)
    yield Finding("diagram.unexplained", level, words, values | names, weight)


def _suspected(asked: Asked, tests: pd.DataFrame) -> Iterator[Finding]:
    """The suspicion that most rests on: to be looked at first."""
    if asked.top.kind == "structure":
        return
    doubtful = [c.id for c in asked.causes if c.confidence == "suspected"]
    rows = tests[tests["entry"].isin(doubtful) & (tests["share_of_diagram"] >= LARGE)]
    if len(rows):
        row = rows.sort_values("n", ascending=False, kind="stable").iloc[0]
        words = Words(
            "最先要核实的是“{zh:text}”|：还只是推测，却关系到 {share_of_diagram:pct} 的投诉；{n:int} 件。",
            "To be verified first: “{en:text}”|: only suspected, but it is about {share_of_diagram:pct} of the complaints; {n:int}.",
        )
        values = row[["n", "share_of_diagram"]].to_dict() | entry_values(_cause(asked, row["entry"]))
        yield Finding("diagram.suspected", "watch", words, values, 0.45)


def _limits(asked: Asked, judged: Judged) -> Iterator[Finding]:
    period = asked.period
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，不判断增减。",
            "{period:period} is not over|: seen until {as_of:moment}; no rise or fall is judged.",
        )
        yield Finding("diagram.partial", "note", words, {"period": period, "as_of": period.as_of}, 0.6)
    elif judged.stops is not None:
        words = Words(
            "不判断增减|：投诉数据只到 {on:moment}。",
            "No rise or fall is judged|: complaints come only up to {on:moment}.",
        )
        yield Finding("diagram.stops", "note", words, {"on": judged.stops}, 0.5)
    elif judged.why_not == "break":
        words = Words(
            "不判断增减|：{on:day}分类有调整，此后的历史太短。",
            "No rise or fall is judged|: categories changed on {on:day}, and the history since is too short.",
        )
        yield Finding("diagram.break", "note", words, {"on": judged.broken_on}, 0.5)


# ------------------------------------------------------------------------------------------------ values


def _first(asked: Asked) -> list[str]:
    return [cause.id for cause in asked.causes if not cause.parent]


def _cause(asked: Asked, entry: str) -> Cause:
    return next(cause for cause in asked.causes if cause.id == entry)


def _problem(asked: Asked) -> dict[str, Any]:
    return {"diagram": asked.top.id, "zh": asked.top.problem.zh, "en": asked.top.problem.en}


def _owner(cause: Cause) -> dict[str, Any]:
    return {"confidence": cause.confidence} | ({"owner": cause.owner} if cause.owner else {})


def _reason(asked: Asked) -> dict[str, Any]:
    """The reason that the diagram is about, where it is about one."""
    reasons = (asked.own or {}).get("reason", [])
    return {"reason": reasons[0]} if len(reasons) == 1 else {}
