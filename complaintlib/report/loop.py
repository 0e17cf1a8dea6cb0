"""The loop on the front page: measures overdue and undone, findings without a measure, and what might be done.

Taken from the register as the effect page read it (its table `actions`), the findings of all pages, and the catalogue of
countermeasures; nothing is computed anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..countermeasures import Catalogue, load_countermeasures
from ..filters import DIMENSIONS, Filter, parts
from ..words import Trouble, Words, label, show
from . import front
from .content import Report

SHOWN = 6
_LATE = Words(
    "要求{due_on:day}完成，已逾期 {days_overdue:int} 天",
    "due {due_on:day}, {days_overdue:int} {days_overdue:day/days} late",
)
_DUE, _NO_DAY = Words("要求{due_on:day}完成", "due {due_on:day}"), Words("未定完成日", "no day set")
_LINE = Words("{who}，{when}（{status:status}）", "{who}, {when} ({status:status})")
_LINE_ALONE = Words("{when}（{status:status}）", "{when} ({status:status})")
_NONE = Words("尚无措施", "no measure yet")
_OPEN = Words("已有措施：{titles:title}", "on the register: {titles:title}")
_ENDED = Words(
    "先前措施已完成：{titles:title}（{verdict:verdict}）；没有新的措施",
    "done before: {titles:title} ({verdict:verdict}); no new measure",
)
_MORE = Words("另有 {n:int} 项，见措施页", "and {n:int} more, on the page of measures")
_MORE_REASONS = Words("另有 {n:int} 类原因", "and {n:int} more {n:reason/reasons}")
_NO_REGISTER = Words(
    "本报告没有读到措施台账，不能说明哪些发现已有措施。",
    "This report has read no register of measures: it cannot say which findings have one.",
)


def loop(report: Report) -> dict[str, Any]:
    """What the front page shows of the loop: `overdue` and `undone` measures, and `reasons`, a line for each reason that
    a finding at level act or watch names: its finding, what the register says of it, and candidate countermeasures."""
    found = next(((step, frame) for (step, name), frame in report.tables.items() if name == "actions"), None)
    step, register = found or ("", None)
    rows = [] if register is None else _whole(register).to_dict("records")
    try:
        catalogue, trouble = load_countermeasures(), ""
    except Trouble as wrong:  # the report stands without suggestions
        catalogue, trouble = Catalogue(), wrong.say(report.lang)
    matched = register is not None and (
        "target" in register and (register.empty or register["target"].notna().any())
    )
    reasons = _reasons(report, rows if matched else None, catalogue)
    late = sorted(
        (r for r in rows if r["days_overdue"] > 0), key=lambda r: (-r["days_overdue"], str(r["title"]))
    )
    todo = [r for r in rows if r["status"] in ("planned", "in_progress") and not r["days_overdue"] > 0]
    todo.sort(key=lambda r: (pd.isna(r["due_on"]), str(r["due_on"]), str(r["title"])))
    return {
        "step": step,
        "overdue": _measures(late, report),
        "undone": _measures(todo, report),
        "reasons": reasons[:SHOWN],
        "more": report.says(_MORE_REASONS, n=len(reasons) - SHOWN) if len(reasons) > SHOWN else "",
        "note": report.says(_NO_REGISTER) if not matched and reasons else "",
        "trouble": trouble,
    }


def _whole(register: pd.DataFrame) -> pd.DataFrame:
    """The register as it was handed over, its numbers as numbers again."""
    days = pd.to_numeric(register["days_overdue"], errors="coerce")
    return register.assign(days_overdue=days, due_on=pd.to_datetime(register["due_on"]))


def _measures(rows: Sequence[Mapping[str, Any]], report: Report) -> list[dict[str, str]]:
    said = []
    for row in rows[:SHOWN]:
        words = _LATE if row["days_overdue"] > 0 else _DUE if pd.notna(row["due_on"]) else _NO_DAY
        when = report.says(words, due_on=row["due_on"], days_overdue=row["days_overdue"])
        who = label("department", row["department"], report.lang)
        line = _LINE if pd.notna(row["department"]) else _LINE_ALONE
        said.append(
            {
                "title": show(row["title"], "title", report.lang),
                "says": report.says(line, who=who, when=when, status=row["status"]),
            }
        )
    if len(rows) > SHOWN:
        said.append({"title": "", "says": report.says(_MORE, n=len(rows) - SHOWN)})
    return said


def _reasons(
    report: Report, register: Sequence[Mapping[str, Any]] | None, catalogue: Catalogue
) -> list[dict[str, Any]]:
    """A line a reason, in the order of the findings; those without a measure first, where a register was read."""
    asked = {step.name: str(step.parameters.get("by", "")) for step in report.recipe.steps}
    lines: dict[str, dict[str, Any]] = {}
    for finding in front.ordered(f for f in report.findings if f["level"] in ("act", "watch")):
        about = categories(finding, asked.get(finding["step"], ""))
        if finding["key"].startswith("effect.") or not (reason := about.get("reason")) or reason in lines:
            continue
        said, bare = ("", False) if register is None else _on_register(about, register, report)
        lines[reason] = {
            "reason": label("reason", reason, report.lang),
            "head": finding["head"],
            "step": finding["step"],
            "page": finding["page"],
            "measure": said,
            "bare": bare,
            "suggestions": [one.words[report.lang] for one in catalogue.candidates(reason)],
        }
    return sorted(lines.values(), key=lambda line: not line["bare"])


def categories(finding: front.Finding, by: str) -> dict[str, str]:
    """The categories that a finding names, by column; `code` is one of the column that its page asked `by`."""
    values = {name: value for name, value in finding["values"].items() if isinstance(value, str)}
    found = {
        name: value for name, value in values.items() if name in DIMENSIONS and not value.startswith("(")
    }
    if by in DIMENSIONS and "code" in values:
        found.setdefault(by, values["code"])
    return found


def _on_register(
    about: Mapping[str, str], register: Sequence[Mapping[str, Any]], report: Report
) -> tuple[str, bool]:
    """What the register says of these complaints, and whether nothing is under way about them."""
    own = [row for row in register if row["status"] != "cancelled" and _touches(parts(row["target"]), about)]
    going = [row for row in own if row["status"] != "done" or row["verdict"] == "too_early"]
    if going:
        return report.says(_OPEN, titles=[row["title"] for row in going]), False
    if own:
        last = own[-1]
        return report.says(_ENDED, titles=[last["title"]], verdict=last["verdict"]), True
    return report.says(_NONE), True


def _touches(target: Filter, about: Mapping[str, str]) -> bool:
    """Whether a measure is about them: every column that both name must agree, and one at least must."""
    shared = target.keys() & about.keys()
    return bool(shared) and all(about[name] in target[name] for name in shared)
