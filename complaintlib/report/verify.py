"""Whether a delivered report is whole and unchanged: its files against `run.json`, its pages against the gates."""

import hashlib
import json
from pathlib import Path

from ..words import Trouble, Words
from .gates import problems_in


def verify(folder: Path) -> list[Trouble]:
    """Everything that is wrong with a delivered report; an empty list if it is as it was delivered."""
    folder = Path(folder)
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        status, files = run["status"], {path: entry["sha256"] for path, entry in run["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [Trouble(Words("run.json 缺失或损坏", "run.json is missing or damaged"), exit_code=1)]
    problems = []
    if status != "whole":
        problems.append(_said("{path}", "报告不完整", "the report is INCOMPLETE", "run.json"))
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() or p.is_symlink()}
    for path in sorted(files.keys() - there):
        problems.append(_said("{path}", "文件缺失", "is missing", path))
    for path in sorted(there - files.keys() - {"run.json"}):
        problems.append(_said("{path}", "不属于这份报告", "does not belong to the report", path))
    for path in sorted(files.keys() & there):
        content = (folder / path).read_bytes()
        if hashlib.sha256(content).hexdigest() != files[path]:
            problems.append(_said("{path}", "交付后被改动", "was changed after delivery", path))
        if path.endswith(".html"):
            problems += [_said("{path}", problem.zh, problem.en, path) for problem in problems_in(content)]
    return problems


def _said(place: str, zh: str, en: str, path: str) -> Trouble:
    return Trouble(Words(f"{place}：{{zh}}", f"{place}: {{en}}"), exit_code=1, path=path, zh=zh, en=en)
