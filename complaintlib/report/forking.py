"""Kernels as children of one preloaded process: the asking side of `parent`.

The parent starts once and serves every report of this process, which closes it at its end. There is none where `fork`
is absent or unsafe (Windows, macOS): kernels are then ordinary processes, with the same results.
`COMPLAINTKIT_KERNELS` set to `fork` or `plain` decides it.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..home import DATA, HOME

_PATIENCE = 60.0  # seconds for the imports, or for an answer on a crowded machine
_STEADY = {  # the same numbers and bytes whatever the machine, and no thread beside what can fork
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "agg",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class Parent:
    """The preloaded process. It is useless from the first answer that does not come."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ck-")  # what its kernels share, see `shared`
        script = Path(__file__).with_name("parent.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            cwd=Path(sys.executable).parent,
            start_new_session=True,
        )
        self.close = weakref.finalize(self, _end, self.process, self.folder)  # also when this process ends
        self._lock = threading.Lock()
        self._ready = False

    def ready(self) -> bool:
        """Whether it can fork; waits until it has imported everything."""
        with self._lock:
            self._ready = self._ready or self._answer() == "ready"
        return self._ready and self.process.poll() is None

    def fork(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> "Forked | None":
        """A kernel's process, or None where there is none to be had."""
        pid = self._ask("fork", {"argv": argv, "cwd": cwd, "env": dict(env)})
        return Forked(pid, self) if pid else None

    def poll(self, pid: int) -> int | None:
        """The status of a kernel that has ended, also of one that ended with this process; None while it runs."""
        status = self._ask("poll", pid)
        return -signal.SIGKILL if status is None and self.process.poll() is not None else status

    def _ask(self, *question: Any) -> Any:
        with self._lock:
            try:
                self.process.stdin.write(json.dumps(question).encode("utf-8") + b"\n")
                self.process.stdin.flush()
            except (OSError, ValueError):
                return None
            return self._answer()

    def _answer(self) -> Any:
        """Its next line; None, and the end of it, where none comes."""
        try:
            came = select.poll()  # which, unlike `select`, knows no largest file number
            came.register(self.process.stdout, select.POLLIN)
            if came.poll(_PATIENCE * 1000):
                return json.loads(self.process.stdout.readline())
            return self.process.kill()
        except (OSError, ValueError):
            return self.process.kill()


class Forked:
    """A forked kernel, with as much of `subprocess.Popen` as a provisioner asks for."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, parent: Parent):
        self.pid, self.parent = pid, parent
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.parent.poll(self.pid)
        return self.returncode

    def wait(self, timeout: float = 5) -> int:
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kernel", timeout)
            time.sleep(0.005)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


_kept: dict[int, Parent] = {}


def preload() -> Parent | None:
    """The parent of this process's kernels, started (not awaited) where there is none yet, or where the code has changed
    since it started; None where kernels are ordinary processes. One that is no longer kept ends with its last user."""
    if (os.environ.get("COMPLAINTKIT_KERNELS") or _usual()) != "fork":
        return None
    stamp = _stamp()
    if stamp not in _kept or _kept[stamp].process.poll() is not None:
        _kept.clear()
        with contextlib.suppress(OSError):
            _kept[stamp] = Parent()
    return _kept.get(stamp)


def environment() -> dict[str, str]:
    """This process's environment, as a kernel or its parent gets it."""
    path = os.pathsep.join(part for part in (str(HOME), os.environ.get("PYTHONPATH")) if part)
    return os.environ | _STEADY | {"PYTHONPATH": path}


def _end(process: subprocess.Popen, folder: str) -> None:
    """End the parent, and with it every kernel that still runs."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # a question that it has not read
            pipe.close()
    shutil.rmtree(folder, ignore_errors=True)


def _usual() -> str:
    return "fork" if sys.platform == "linux" else "plain"


def _stamp() -> int:
    """When the code and the words that the parent has read were last changed."""
    package = Path(__file__).resolve().parents[1]
    files = [*package.rglob("*.py"), *DATA.glob("*.toml"), *DATA.glob("*.csv")]
    return max(path.stat().st_mtime_ns for path in files)
