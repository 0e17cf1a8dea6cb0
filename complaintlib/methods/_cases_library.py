"""The case library, `data/cases.toml`: cases that analysts marked as typical, with their root cause and what worked."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from ..entries import read, trouble
from ..home import DATA
from ..intake.mask import mask
from ..words import LANGUAGES, Words

LIBRARY = DATA / "cases.toml"
SAID = ("case_text", "root_cause", "worked")  # in both languages
COLUMNS = ("case_id", "reason", "product", "marked_on", *SAID)


@dataclass(frozen=True)
class Case:
    """One entry of the library."""

    case_id: str
    reason: str
    marked_on: date
    case_text: Words
    root_cause: Words
    worked: Words
    product: str = ""
    tags: tuple[str, ...] = ()


def load_cases(path: Path | str = LIBRARY) -> pd.DataFrame:
    """One row a case: `case_id`, `reason`, `product`, `marked_on`, the texts of `SAID` in each language (`worked_zh` ...)
    and `tags`; no row where there is no such file. Texts are masked here, whatever was done before.

    Everything wrong in the file is said at once, in one Trouble that names the entry by its place, and the key.
    """
    path, problems = Path(path), []
    cases = list(read(path, problems, cases=Case)[1].values()) if path.exists() else []
    if problems:
        raise trouble({path.name: problems})
    texts = {
        f"{name}_{lang}": mask([getattr(case, name)[lang] for case in cases])[0]
        for name in SAID
        for lang in LANGUAGES
    }
    held = {
        "case_id": [case.case_id for case in cases],
        "reason": [case.reason for case in cases],
        "product": [case.product or None for case in cases],
        "tags": [" ".join(case.tags) for case in cases],
    }
    frame = pd.DataFrame(held | texts, dtype=object)
    frame["marked_on"] = pd.Series([case.marked_on for case in cases], dtype="datetime64[us]")
    return frame.sort_values(["marked_on", "case_id"], ascending=[False, True], ignore_index=True)
