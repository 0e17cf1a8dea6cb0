"""The list of all reports in a folder, from their `run.json` alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..period import Period
from ..words import label
from .page import frame, render
from .register import FOLDER


def shelf(out: Path) -> bytes:
    """`index.html` of all reports in a folder, from their `run.json` alone; one that lacks it is shown as missing."""
    folders = [path for path in out.iterdir() if path.is_dir() and path.name != FOLDER]
    runs = [_on_shelf(path) for path in folders if not path.name.startswith(".")]
    runs.sort(key=lambda run: (run["start"], run["folder"]), reverse=True)
    title = "投诉报告 · Complaint reports"
    return frame(title, render("shelf", runs=runs), "zh")


def _on_shelf(folder: Path) -> dict[str, Any]:
    """A report's row in the list of all reports."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        period, status = Period(run["period"]), run["status"]
        title, lang = run["title"], run["lang"]
        if run.get("only"):
            title += f" ({', '.join(run['only'])})"
    except (OSError, ValueError, KeyError, TypeError):
        period, status, title, lang = None, "missing", folder.name, ""
    return {
        "folder": folder.name,
        "title": title,
        "start": "" if period is None else period.start.isoformat(),
        "period": _both(period.name_in) if period else "",
        "language": {"zh": "中文", "en": "English"}.get(lang, ""),
        "status": _both(lambda lang: label("run_status", status, lang)),
        "failed": status != "whole",
    }


def _both(say: Callable[[str], str]) -> str:
    return " · ".join(dict.fromkeys(say(lang) for lang in ("zh", "en")))
