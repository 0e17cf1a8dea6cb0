"""The monthly demo report against the usual ways to run the same notebooks, and both languages against one."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import Line, command, medians
from complaintlib.home import DEMO, HOME, NOTEBOOKS
from complaintlib.report.recipe import Step, load_recipe

PERIOD, LANG = "2026-10", "en"
STORE = os.environ.get("COMPLAINTKIT_BENCH_STORE") or str(
    DEMO / "store"
)  # another store of the demo's layout
BIN = Path(sys.executable).parent
KIT = [sys.executable, "-m", "complaintlib"]


def run() -> Iterator[Line]:
    if not Path(STORE, "store.json").is_file():
        command([*KIT, "demo"], cwd=HOME)
    yield from _help()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        series = f"from benchmarks.report import in_series; in_series({str(out)!r})"
        found = medians(
            {
                "kit": lambda: kit(LANG, out),
                "both": lambda: kit("en,zh", out),
                "api": lambda: command([sys.executable, "-c", series], cwd=HOME),
                "commands": lambda: one_after_another(out),
            }
        )
    one = found["kit"]
    said = f"{len(_steps())} notebooks, {one:.1f} s against {{:.1f}} s"
    yield Line(
        "monthly report, against papermill and jupyter nbconvert commands: times faster",
        8,
        found["commands"] / one,
        at_least=True,
        note=said.format(found["commands"]),
    )
    yield Line(
        "monthly report, against papermill's API in series: times faster",
        4,
        found["api"] / one,
        at_least=True,
        note=said.format(found["api"]),
    )
    yield Line(
        "both languages in one call, against one", 1.6, found["both"] / one, note=f"{found['both']:.1f} s"
    )


def kit(lang: str, out: Path) -> None:
    """The report as a user builds it, into a folder of its own."""
    with tempfile.TemporaryDirectory(dir=out) as folder:
        command([*KIT, "report", PERIOD, "--lang", lang, "--store", STORE, "--out", folder], cwd=HOME)


def one_after_another(out: Path) -> None:
    """`papermill` and `jupyter nbconvert` for each notebook, as a shell script would."""
    for step in _steps():
        done = out / f"{step.name}.ipynb"
        given = [
            word
            for name, value in _given(step).items()
            for word in ("-r" if isinstance(value, str) else "-p", name, value)
        ]
        command(
            [BIN / "papermill", step.notebook, done, "-k", "python3", "--no-progress-bar", *given],
            cwd=NOTEBOOKS,
        )
        command([BIN / "jupyter", "nbconvert", "--to", "html", done])


def in_series(out: str) -> None:
    """papermill's Python API for each notebook in turn, and one exporter for all."""
    from nbconvert import HTMLExporter
    from papermill import execute_notebook

    exporter = HTMLExporter()
    for step in _steps():
        done = execute_notebook(
            str(step.notebook),
            str(Path(out, f"{step.name}.ipynb")),
            _given(step),
            kernel_name="python3",
            progress_bar=False,
            cwd=str(NOTEBOOKS),
        )
        page, _ = exporter.from_notebook_node(done)
        Path(out, f"{step.name}.html").write_text(page, encoding="utf-8")


def _help() -> Iterator[Line]:
    imports = "import pandas, seaborn, statsmodels.api"
    found = medians(
        {
            "help": lambda: command([BIN / "complaintkit", "--help"]),
            "imports": lambda: command([sys.executable, "-c", imports]),
        },
        runs=5,
    )
    note = f"{found['help']:.2f} s against {found['imports']:.2f} s"
    yield Line(f"complaintkit --help, against {imports}", 0.25, found["help"] / found["imports"], note=note)


def _steps() -> tuple[Step, ...]:
    return load_recipe("monthly").steps


def _given(step: Step) -> dict[str, Any]:
    return {"period": PERIOD, "store": STORE, "lang": LANG} | dict(step.parameters)
