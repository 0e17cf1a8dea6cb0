"""What a command and all that it starts take of the memory."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

GB = 1e9


class Taken(NamedTuple):
    seconds: float
    peak: int  # bytes, of all processes together; pages they share count once


def taken(arguments: Sequence[Any], every: float = 0.05, **more: Any) -> Taken:
    """Run a command in silence and watch it; one that fails stops the benchmark with what it said."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [str(a) for a in arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **more,
    ) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_share, _tree(process.pid))))
            time.sleep(every)
        said = process.stderr.read()
    if process.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}: {said[-2000:]}")
    return Taken(time.perf_counter() - began, peak)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text(encoding="ascii").split()
        except OSError:  # it has ended
            continue
        for child in children:
            yield from _tree(int(child))


def _share(pid: int) -> int:
    """The process's proportional share of the memory, in bytes."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
