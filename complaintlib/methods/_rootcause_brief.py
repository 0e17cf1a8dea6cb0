"""The brief for a meeting across departments: one page on one reason, put together from what was found and what is on file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..causes import FORM, load_causes
from ..countermeasures import load_countermeasures
from ..filters import parts
from ..result import Finding
from ..words import LANGUAGES, Trouble, Words, label, show

IDEAS = 4
_COLON = Words("：", ": ")
FOUND = {  # what stands under which heading, in this order
    "problem": ("problem", "partial", "few"),
    "where": ("apart", "core", "grown", "none"),
    "when": ("time", "any_time", "burst", "few_customers"),
    "made_of": ("made_of",),
    "who": ("invite", "stage"),
}


@dataclass(frozen=True)
class File:
    """What the files of people say of the reason: its class, what typically hurts there, candidate countermeasures, and the
    diagrams that were drawn about it. `trouble` says what could not be read."""

    kind: Words | None = None
    pain: Words | None = None
    ideas: tuple[Words, ...] = ()
    diagrams: tuple[tuple[str, Words], ...] = ()
    trouble: tuple[Trouble, ...] = ()


def on_file(reason: str) -> File:
    kind, pain, ideas, diagrams, wrong = None, None, (), (), []
    try:
        catalogue = load_countermeasures()
        found = catalogue.class_of(reason)
        kind, pain = (found.words, found.pain) if found else (None, None)
        ideas = tuple(one.words for one in catalogue.candidates(reason, IDEAS))
    except Trouble as trouble:  # the brief stands without suggestions
        wrong.append(trouble)
    try:
        drawn = load_causes().diagrams if FORM.exists() else ()
        diagrams = tuple((d.kind, d.problem) for d in drawn if _is_about(d.evidence, reason))
    except Trouble as trouble:
        wrong.append(trouble)
    return File(kind, pain, ideas, diagrams, tuple(wrong))


def _is_about(evidence: str, reason: str) -> bool:
    named = {reason, *(label("reason", reason, lang) for lang in LANGUAGES)}
    return bool(named & set(parts(evidence).get("reason", ())))


def brief(
    findings: tuple[Finding, ...], tables: Mapping[str, pd.DataFrame], file: File, lang: str
) -> pd.DataFrame:
    """The lines of the brief: `brief` (its heading, once) and `says`. Sentences are without their intervals and q-values."""
    own: dict[str, list[Finding]] = {}
    for finding in findings:
        own.setdefault(finding.key.partition(".")[2], []).append(finding)
    lines = [
        (item, _short(f, lang)) for item, keys in FOUND.items() for key in keys for f in own.get(key, ())
    ]
    lines += [("asks", text) for text in _questions(own, lang)]
    said = [text[lang] for text in (file.kind, file.pain) if text]
    lines += [("kind", _COLON[lang].join(said))] if said else []
    lines += [("ideas", idea[lang]) for idea in file.ideas]
    lines += [
        ("doing", _measure(row, lang)) for row in tables.get("doing", pd.DataFrame()).to_dict("records")
    ]
    lines += [("doing", _short(f, lang)) for f in own.get("not_doing", ())]
    lines += [
        ("diagrams", f"{label('diagram_kind', kind, lang)}{_COLON[lang]}{problem[lang]}")
        for kind, problem in file.diagrams
    ]
    lines += [("not_read", trouble.say(lang)) for trouble in file.trouble]
    frame = pd.DataFrame(lines, columns=["brief", "says"], dtype=object)
    frame["brief"] = frame["brief"].where(~frame["brief"].duplicated(), "again")
    return frame


def _short(finding: Finding, lang: str) -> str:
    clauses = re.split("；|; ", finding.words[lang].replace("|", "").rstrip("。."))
    kept = [clause for clause in clauses if ":p}" not in clause]
    text = Words("；", "; ")[lang].join(kept) + Words("。", ".")[lang]
    return Words(text, text).fill(lang, **finding.values)


def _measure(row: Mapping[str, object], lang: str) -> str:
    parts = [label("department", row["department"], lang)] if pd.notna(row["department"]) else []
    parts += [label("status", row["status"], lang).lower()]
    if pd.notna(row["due_on"]) and row["status"] != "done":
        parts += [Words("要求{due_on:day}完成", "due {due_on:day}").fill(lang, due_on=row["due_on"])]
    return f"{show(row['title'], 'title', lang)}{_COLON[lang]}{Words('，', ', ')[lang].join(parts)}"


def _questions(own: dict[str, list[Finding]], lang: str) -> list[str]:
    """What the meeting has to find out, by what the data can show but not explain."""
    found = []
    for finding in own.get("grown", own.get("apart", []))[:1]:
        name = next(iter(finding.values))
        began = next((f.values.get("began_on") for f in own.get("problem", ())), None)
        place = f"“{{{name}:{name}}}”"
        if began is not None and "grown" in own:
            words = Words(
                f"{place}在{{began_on:day}}前后发生了什么变化（人手、流程、系统、供应商、规则）？",
                f"What changed in {place} about {{began_on:day}} (staff, process, system, supplier, rules)?",
            )
        else:
            words = Words(
                f"{place}与别处做法有何不同？", f"What is done differently in {place} than elsewhere?"
            )
        found.append(words.fill(lang, **finding.values, **({"began_on": began} if began is not None else {})))
    if own.get("core"):
        finding = own["core"][0]
        names = " × ".join(f"“{{{d}:{d}}}”" for d in list(finding.values) if d in _dims(finding))
        words = Words(
            f"带上 {names} 的几件案例，逐件问五个为什么：哪一步最先出错？",
            f"Take a few cases of {names} and ask why five times: which step went wrong first?",
        )
        found.append(words.fill(lang, **finding.values))
    if own.get("problem"):
        words = Words(
            "怎样算解决：下期降到多少件、由谁负责、何时复查？",
            "What counts as solved: down to how many next period, who owns it, when is it looked at again?",
        )
        found.append(words[lang])
    return found


def _dims(finding: Finding) -> list[str]:
    return [name for name, value in finding.values.items() if isinstance(value, str) and name != "reason"]
