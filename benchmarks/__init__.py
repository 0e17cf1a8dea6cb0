"""What the kit promises about speed, measured. `python -m benchmarks [NAME ...]` runs these modules and prints one table.

Every figure is a ratio against a named alternative; the two are run alternately in one go, and medians are compared. A
benchmark is a module here with a function `run()` that gives its `Line`s one after another.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RUNS = int(os.environ.get("COMPLAINTKIT_BENCH_RUNS", "3"))


@dataclass(frozen=True)
class Line:
    """A promise and what was measured: `measured` is to be at most (or at least) `goal`; `note` says from what."""

    what: str
    goal: float
    measured: float
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal

    def __str__(self) -> str:
        sign, met = ("≥" if self.at_least else "≤"), ("met" if self.met else "MISSED")
        return f"{self.what:<72} {sign} {self.goal:<6g} {self.measured:>8.2f}  {met:<7} {self.note}".rstrip()


def medians(alternatives: Mapping[str, Callable[[], Any]], runs: int = RUNS) -> dict[str, float]:
    """Median seconds of each alternative; they take turns, so that a busy machine is busy for all of them."""
    taken: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(runs):
        for name, call in alternatives.items():
            began = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def command(arguments: Sequence[Any], **more: Any) -> None:
    """Run a command in silence; one that fails stops the benchmark with what it said."""
    done = subprocess.run(
        [str(a) for a in arguments], check=False, capture_output=True, encoding="utf-8", **more
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
