"""One notebook in one fresh kernel, and the proof that it ran to its end.

papermill's own word is not taken for it (a killed kernel, `sys.exit(0)` and a time-out all look "completed"): a
notebook is whole only when every code cell ran, in order and without an error, and the last one handed over the
run's secret token.
"""

import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..result import HANDOVER
from ..words import LANGUAGES, Words, label, plain
from .kernels import Kernels, kill, own_loop
from .quick import nbformat

WHOLE, NOT_MEASURED, FAILED = "whole", "not_measured", "failed"
_NEEDS = re.compile(r"not measured: needs ([\w., ]{1,200})")
_OURS = ("Trouble", "NotMeasured", "Refused")  # exceptions whose text is our own words


@dataclass(frozen=True)
class Outcome:
    """What came of a step. `notebook` is scrubbed (no token, times or paths); `content` is what it handed over."""

    status: str
    notebook: nbformat.NotebookNode
    content: Mapping[str, Any]
    reason: Words
    seconds: float = 0.0
    reused: bool = False


def execute(
    path: Path,
    parameters: Mapping[str, Any],
    shown: Mapping[str, Any],
    kernels: Kernels,
    cell_seconds: float,
    notebook_seconds: float,
    work: Path,
) -> Outcome:
    """Run the notebook at `path` and judge what came of it; `shown` are the parameters as the reader may see them."""
    began = time.monotonic()
    token = secrets.token_hex(16)
    with own_loop():
        error, late = _run(
            path, dict(parameters) | {"token": token}, kernels, cell_seconds, notebook_seconds, work
        )
    notebook = nbformat.read(work if work.is_file() else path, as_version=4)
    work.unlink(missing_ok=True)
    status, reason = _judged(notebook, token, error, late)
    content = _handed_over(notebook) if status == WHOLE else {}
    content.pop("token", None)
    notebook = scrubbed(notebook, shown)
    if token in nbformat.writes(notebook) or token in json.dumps(content):
        status, reason, content = (
            FAILED,
            Words("笔记本显示了运行令牌", "the notebook shows the token of the run"),
            {},
        )
        notebook = without_outputs(notebook)
    return Outcome(status, notebook, content, reason, time.monotonic() - began)


def scrubbed(notebook: nbformat.NotebookNode, parameters: Mapping[str, Any]) -> nbformat.NotebookNode:
    """The notebook as it may be delivered: no hand-over, errors, stderr, times, paths or token; the parameters it ran
    with as in its own cell, so that it can be run again."""
    notebook = deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(
        {key: notebook.metadata[key] for key in ("kernelspec", "language_info") if key in notebook.metadata}
    )
    cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "papermill-error-cell-tag" in tags:
            continue
        if "injected-parameters" in tags:
            cell.source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
            cell.id = "injected-parameters"
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = [_plain_output(output) for output in cell.outputs if _kept(output)]
        cells.append(cell)
    notebook.cells = cells
    return notebook


def _run(
    path: Path,
    parameters: dict[str, Any],
    kernels: Kernels,
    cell_seconds: float,
    notebook_seconds: float,
    work: Path,
) -> tuple[Exception | None, bool]:
    """Run it, leaving what was reached in `work`; gives the error and whether the notebook's time was up."""
    from papermill import execute_notebook

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what went wrong is said once, and by us
    late = threading.Event()
    manager = kernels.start()

    def time_is_up() -> None:
        late.set()
        kill(manager)

    timer = threading.Timer(notebook_seconds, time_is_up)
    timer.daemon = True
    timer.start()
    try:
        execute_notebook(
            path,
            work,
            parameters,
            kernel_name="python3",
            language="python",
            km=manager,
            progress_bar=False,
            start_timeout=60,
            execution_timeout=cell_seconds,
            shutdown_kernel="immediate",
        )
        error = None
    except Exception as failure:  # noqa: BLE001 whatever it was: the step failed, the others still come
        error = failure
    finally:
        timer.cancel()
        kernels.end(manager)
    return error, late.is_set()


def _judged(
    notebook: nbformat.NotebookNode, token: str, error: Exception | None, late: bool
) -> tuple[str, Words]:
    """Whether the notebook is whole, and if not why: exception types and our own words, never data."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    for cell in cells:
        for output in cell.outputs:
            if output.output_type == "error" and output.ename != "SystemExit":
                return _raised(cell.id, output)
    ran = [cell.execution_count for cell in cells]
    reached = next((cell.id for cell in reversed(cells) if cell.execution_count is not None), "")
    if late or type(error).__name__ == "CellTimeoutError":
        return FAILED, Words(f"超过时限（单元格 {reached}）", f"ran out of time (cell {reached})")
    if type(error).__name__ == "DeadKernelError":
        return FAILED, Words(
            "内核中途死亡（被终止、崩溃或内存不足）", "the kernel died (killed, crashed or out of memory)"
        )
    if error is not None:
        kind = type(error).__name__
        return FAILED, Words(f"未能运行：{kind}", f"could not be run: {kind}")
    if not cells or None in ran or ran != sorted(set(ran)):
        return FAILED, Words("未运行到底：有单元格没有运行", "ended early: not every cell was run")
    if _handed_over(notebook).get("token") != token:
        return FAILED, Words("最后的单元格没有交出结果", "the last cell did not hand over its result")
    return WHOLE, Words("", "")


def _raised(cell: str, output: nbformat.NotebookNode) -> tuple[str, Words]:
    """A step's own error. Only exceptions of the kit speak for themselves; of others only the type is named."""
    needs = _NEEDS.fullmatch(output.evalue) if output.ename == "NotMeasured" else None
    if needs:
        zh, en = (label("needs", needs[1], lang) for lang in LANGUAGES)
        return NOT_MEASURED, Words(f"未测量：需要 {zh}", f"not measured: needs {en}")
    kind = re.sub(r"\W", "", output.ename)[:60]
    said = list(output.traceback)
    if kind not in _OURS:
        said = ["", ""]
    elif len(said) != 2 or any("\x1b" in line for line in said):
        said = [output.evalue, output.evalue]
    zh, en = (f"：{plain(said[0])}" if said[0] else "", f": {plain(said[1])}" if said[1] else "")
    return FAILED, Words(f"{kind}（单元格 {cell}）{zh}", f"{kind} (cell {cell}){en}")


def _handed_over(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """What the last code cell handed over; empty where it is none."""
    last = next((cell for cell in reversed(notebook.cells) if cell.cell_type == "code"), None)
    found = [
        output.data[HANDOVER]
        for output in (last.outputs if last else ())
        if HANDOVER in output.get("data", {})
    ]
    return dict(found[0]) if len(found) == 1 and isinstance(found[0], Mapping) else {}


def without_outputs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of the notebook that shows nothing."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return notebook


def _kept(output: nbformat.NotebookNode) -> bool:
    if output.output_type == "stream":
        return output.name == "stdout"
    return output.output_type != "error" and HANDOVER not in output.get("data", {})


def _plain_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    if output.output_type == "stream":
        output.text = plain(output.text)
    return output
