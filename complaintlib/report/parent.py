"""The process that a report's kernels are forked from. It has imported what notebooks need, and done nothing else:
no data, no thread, no event loop, so that a child of it is as good as a new process.

Run as a script by `forking`, with the folder that its kernels share. It answers one line of JSON with another: `fork` gives the number of a new kernel's process,
`poll` whether one has ended. It ends with the process that asks, and every kernel and all that they started with it.
"""

import contextlib
import gc
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TextIO

_IMPORTS = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "babel.dates",
    "babel.numbers",
    "complaintlib.book",
    "complaintlib.look",
    "complaintlib.privacy",
    "complaintlib.result",
    "complaintlib.stats.estimates",
    "faulthandler",
    "ibis.backends.duckdb",
    "ibis.backends.duckdb.converter",
    "ibis.expr.types.groupby",
    "ibis.formats.pandas",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "matplotlib.backends.backend_agg",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "scipy.stats",
    "tornado.platform.asyncio",
    *(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "Ppm")),  # asked for by any picture
)

_NO_DEBUGGER = "debugpy"  # half of a kernel's start, and no report is debugged


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer until nobody asks any more."""
    running: set[int] = set()
    with _ended_with(running):
        for line in questions:
            match json.loads(line):
                case ["fork", request]:
                    answer = _fork(request, questions, answers) if threads() == 1 else 0
                    running |= {answer} - {0}
                case ["poll", pid]:
                    answer = _status(pid, running)
            print(json.dumps(answer), file=answers, flush=True)


def threads() -> int:
    """How many threads this process has, those of C libraries included."""
    return len(os.listdir("/proc/self/task"))


def _fork(request: dict[str, Any], questions: TextIO, answers: TextIO) -> int:
    """The number of the new process; 0 where the system gives none."""
    try:
        pid = os.fork()
    except OSError:
        return 0
    if pid == 0:
        try:
            os.setpgid(0, 0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), questions.fileno())
            answers.close()
            _kernel(**request)
        finally:
            os._exit(1)
    with contextlib.suppress(PermissionError):  # whoever is first: nobody may see the kernel in our own group
        os.setpgid(pid, pid)
    return pid


def _kernel(argv: list[str], cwd: str, env: dict[str, str]) -> None:
    """What a new process would be: its own environment, folder, signals, time zone and random numbers."""
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(env, JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    os.chdir(cwd)
    np.random.seed()  # noqa: NPY002 the global generator that a notebook may use
    random.seed()
    sys.argv = argv
    IPKernelApp.launch_instance(argv[1:])


def _status(pid: int, running: set[int]) -> int | None:
    """The exit status of a kernel, or None while it runs. Its number stays its own until it has been asked for."""
    if pid not in running:
        return 0
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        return None
    running.discard(pid)
    return os.waitstatus_to_exitcode(status)


@contextlib.contextmanager
def _ended_with(running: set[int]) -> Iterator[None]:
    """Nothing that was started here outlives this process."""
    try:
        yield
    finally:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def imported() -> None:
    """All that notebooks import, and the calendar that every clock asks for."""
    from complaintlib.methods import METHODS

    sys.modules[_NO_DEBUGGER] = None  # which is how Python is told that there is no such module
    for name in (*_IMPORTS, *(f"complaintlib.methods.{method}" for method in METHODS)):
        import_module(name)
    del sys.modules[_NO_DEBUGGER]
    from complaintlib.rules import load_rules

    load_rules().clock.works([])  # the days off of a century


def main() -> None:
    del sys.path[0]  # this folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing else may speak in the answers
    gc.disable()  # a quarter less time: imports leave nothing to collect
    imported()
    gc.enable()
    import duckdb

    duckdb.default_connection().close()  # its import opens one, with threads; it opens again when it is used
    if threads() != 1:
        sys.exit(f"{threads()} threads after the imports")
    gc.collect()
    gc.freeze()  # the children share these pages as long as nobody writes to them
    gc.set_threshold(100_000, 20, 20)  # a tenth less time: what a notebook makes goes with its kernel
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(json.dumps("ready"), file=answers, flush=True)
    try:
        serve(sys.stdin, answers)
    finally:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
