"""Many steps in a row in forked kernels: none may hang, fail or stay behind."""

import itertools
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import Line
from benchmarks.report import STORE, _given, _steps
from complaintlib.home import NOTEBOOKS
from complaintlib.report.execute import WHOLE, execute
from complaintlib.report.forking import preload
from complaintlib.report.kernels import Kernels

STEPS, SECONDS = 200, 120  # what a step may take before it counts as hanging


def run() -> Iterator[Line]:
    steps = itertools.islice(itertools.cycle(_steps()), STEPS)
    with (
        tempfile.TemporaryDirectory() as folder,
        Kernels(NOTEBOOKS, preload()) as kernels,
        ThreadPoolExecutor(3) as pool,
    ):

        def one(at: int, step) -> str:
            work = Path(folder, f"{at}.ipynb")
            return execute(step.notebook, _given(step), {}, kernels, SECONDS, SECONDS, work).status

        statuses = list(pool.map(one, range(STEPS), steps))
    yield Line(
        f"report steps of {STEPS} in a row that ended whole",
        STEPS,
        statuses.count(WHOLE),
        at_least=True,
        note=STORE,
    )
