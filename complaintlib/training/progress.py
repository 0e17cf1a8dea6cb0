"""How far a learner has come, in a small file of their own beside the course (`COMPLAINTKIT_PROGRESS` moves it)."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..home import NOTEBOOKS
from ..result import Shown, paragraphs
from ..words import Words, language
from .lessons import LESSONS, keys, lesson


def place() -> Path:
    return Path(os.environ.get("COMPLAINTKIT_PROGRESS") or NOTEBOOKS / "training" / ".progress.json")


def kept() -> dict[str, dict[str, Any]]:
    """What is known of each exercise tried: `tries`, `right`, `solution` (whether it was looked at). A file that cannot be
    read counts as none: the course goes on."""
    try:
        found = json.loads(place().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return (
        {key: seen for key, seen in found.items() if isinstance(seen, dict)}
        if isinstance(found, dict)
        else {}
    )


def keep(key: str, *, tried: bool = False, right: bool = False, solution: bool = False) -> None:
    """Note what happened to an exercise; once right, it stays so. Where nothing can be written, nothing is kept."""
    known = kept()
    seen = known.get(key, {})
    known[key] = {
        "tries": seen.get("tries", 0) + tried,
        "right": bool(seen.get("right")) or right,
        "solution": bool(seen.get("solution")) or solution,
    }
    path = place()
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()


def line(name: str, lang: str) -> str:
    """One lesson in a line: how many of its exercises are right, and which are still to do."""
    known, own = kept(), keys(name)
    right = [key for key in own if known.get(key, {}).get("right")]
    values = {
        "mark": "✓" if len(right) == len(own) else "·",
        "number": f"{LESSONS.index(name) + 1:02d}",
        "title": lesson(name).title[lang],
        "right": len(right),
        "all": len(own),
        "rest": [key for key in own if key not in right],
    }
    words = Words(
        "{mark} {number} {title}：答对 {right:int}/{all:int}",
        "{mark} {number} {title}: {right:int} of {all:int} right",
    )
    more = Words("，待做 {rest:text}", "; to do: {rest:text}") if values["rest"] else Words("", "")
    return (words.fill(lang, **values) + more.fill(lang, **values)).strip()


def progress(lang: str | None = None) -> Shown:
    """The whole course, a lesson a line."""
    lang = lang or language()
    return paragraphs("\n".join(line(name, lang) for name in LESSONS))
