"""Derive environment.yml (conda) from pyproject.toml, the one truth for dependencies."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Names that differ on conda-forge, and what conda-forge lacks.
CONDA = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "matplotlib": "matplotlib-base",
    "tzdata": "python-tzdata",
}
PIP_ONLY = {"rjieba", "zhplot"}


def environment(pyproject: dict) -> str:
    project = pyproject["project"]
    needs = [
        re.fullmatch(r"([a-z0-9_.\[\]-]+?)([<>=].*)", need, re.IGNORECASE).groups()
        for need in project["dependencies"]
    ]
    needs += [
        re.fullmatch(r"([a-z0-9_.\[\]-]+?)([<>=].*)", need, re.IGNORECASE).groups()
        for need in project["optional-dependencies"]["dev"]
    ]
    lines = [
        "# Derived from pyproject.toml by `make lock`: change it there.",
        "name: complaintkit",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f'  - "python{project["requires-python"]}"',
        *sorted(f'  - "{CONDA.get(name, name)}{spec}"' for name, spec in needs if name not in PIP_ONLY),
        "  - pip",
        "  - pip:",
        *sorted(f'      - "{name}{spec}"' for name, spec in needs if name in PIP_ONLY),
        '      - "--editable ."',
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (ROOT / "environment.yml").write_text(environment(content), encoding="utf-8")
