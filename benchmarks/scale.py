"""The monthly report on stores of 5 and 20 million complaints, against the demo company's; and each notebook's own answer.

The smaller one has the steps of each case too. The stores are made once, in the folder COMPLAINTKIT_BENCH_FOLDER (some gigabytes), or for this run only.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import RUNS, Line
from benchmarks._memory import GB, Taken, taken
from benchmarks._store import make_store
from benchmarks.intake import made
from benchmarks.report import KIT, PERIOD, STORE, _steps
from complaintlib.home import HOME

SIZES = {5_000_000: 1.3, 20_000_000: 2.0}  # rows, and how many times the demo report's time they may take
MEMORY, ANSWER = 3.0, 2.0  # GB; seconds


def run() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(os.environ.get("COMPLAINTKIT_BENCH_FOLDER") or folder)
        stores = {0: STORE}
        for rows in SIZES:
            make = partial(make_store, events=rows < max(SIZES))
            stores[rows] = str(made(kept / f"store-{rows}", make, rows))
        found: dict[int, list[Taken]] = {rows: [] for rows in stores}
        for _ in range(RUNS):
            for rows, store in stores.items():
                with tempfile.TemporaryDirectory(dir=folder) as out:
                    asked = ["report", PERIOD, "--lang", "en", "--store", store, "--out", out]
                    found[rows].append(taken([*KIT, *asked], cwd=HOME))
        seconds = {rows: sorted(t.seconds for t in times)[len(times) // 2] for rows, times in found.items()}
        for rows, goal in SIZES.items():
            note = f"{seconds[rows]:.1f} s against {seconds[0]:.1f} s"
            yield Line(
                f"report on {rows:,} complaints, against the demo's",
                goal,
                seconds[rows] / seconds[0],
                note=note,
            )
            peak = max(t.peak for t in found[rows]) / GB
            yield Line(f"report on {rows:,} complaints: memory of all processes, GB", MEMORY, peak)
        largest = stores[max(SIZES)]
        for step in _steps():
            asked = f"from benchmarks.scale import answer; print(answer({step.notebook.stem!r}, {largest!r}, {dict(step.parameters)!r}))"
            own = subprocess.run(
                [sys.executable, "-c", asked], cwd=HOME, check=True, capture_output=True, encoding="utf-8"
            )
            what = f"{step.name}: seconds to its own answer on {max(SIZES):,} complaints"
            if took := float(own.stdout):
                yield Line(what, ANSWER, took)
            else:
                print(f"{what}: not measured, the store lacks what it needs")


def answer(method: str, store: str, given: dict) -> float:
    """Seconds from an imported library, as a report's kernel has it, to finding, picture and table; 0 where the store
    lacks what the method needs."""
    import complaintlib
    from complaintlib.book import NotMeasured
    from complaintlib.report.parent import imported

    imported()
    began = time.perf_counter()
    try:
        result = getattr(complaintlib, method)(
            complaintlib.open_book(store), complaintlib.Period(PERIOD), **given
        )
    except NotMeasured:
        return 0
    for show in (result.say, result.picture, result.show_table):
        show("en")
    return time.perf_counter() - began
