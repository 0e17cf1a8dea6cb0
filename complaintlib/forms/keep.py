"""A form that was read, kept as a file that the kit takes in: CSV for intake, TOML for the causes."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd

from ..report.tables import neutral
from .fields import CAUSES, FORMS

_PAIRED = ("problem", "words", "record", "countermeasure")  # in both languages, a column each


def keep(tables: dict[str, pd.DataFrame], form: str, path: Path) -> None:
    """Write the rows to `path`: those of the causes form as `causes.load_causes` reads them, all others as CSV with the
    canonical names of the columns and codes (UTF-8 with BOM), in which no text is a formula."""
    if form == CAUSES.name:
        path.write_text("\n".join(_toml(tables)), encoding="utf-8")
        return
    sheet = next(one for one in FORMS if one.name == form).sheets[0]
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow([field.name for field in sheet.fields])
        for row in tables[sheet.table].itertuples(index=False):
            out.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if value is None or pd.isna(value):
        return ""
    return neutral(value) if isinstance(value, str) else value


def _toml(tables: dict[str, pd.DataFrame]) -> list[str]:
    lines = []
    for table, frame in tables.items():
        for row in frame.to_dict("records"):
            given = {name: value for name, value in row.items() if value}
            lines.append(f"[[{table}]]")
            for name in _PAIRED:
                both = {lang: given.pop(f"{name}_{lang}", "") for lang in ("zh", "en")}
                if any(both.values()):
                    lines.append(f"{name} = {{ zh = {_text(both['zh'])}, en = {_text(both['en'])} }}")
            lines += [f"{name} = {_text(value)}" for name, value in given.items()]
            lines.append("")
    return lines


def _text(value: str) -> str:
    """A basic string of TOML, whose escapes are among those of JSON; DEL is the one character JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
