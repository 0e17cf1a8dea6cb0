"""Kernels as children of one preloaded process: the asking side of `parent`.

The parent starts once and serves every report of this process, which closes it at its end. There is none where `fork`
is absent or unsafe (Windows, macOS): kernels are then ordinary processes, with the same results.
`COMPLAINTKIT_KERNELS` set to `fork` or `plain` decides it.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..home import DATA

_PATIENCE = 60.0  # seconds for the imports, or for an answer on a crowded machine


class Parent:
    """The preloaded process. It is useless from the first answer that does not come."""

    def __init__(self, env: Mapping[str, str]):
        script = Path(__file__).with_name("parent.py")
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            cwd=Path(sys.executable).parent,
            start_new_session=True,
        )
        self.close = weakref.finalize(self, _end, self.process)  # at the latest when this process ends
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
            came, _, _ = select.select([self.process.stdout], [], [], _PATIENCE)
            return json.loads(self.process.stdout.readline()) if came else self.process.kill()
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


def preload(env: Mapping[str, str]) -> Parent | None:
    """The parent of this process's kernels, started (not awaited) where there is none yet, or where the code has changed
    since it started; None where kernels are ordinary processes. One that is no longer kept ends with its last user."""
    if (os.environ.get("COMPLAINTKIT_KERNELS") or _usual()) != "fork":
        return None
    stamp = _stamp()
    if stamp not in _kept or _kept[stamp].process.poll() is not None:
        _kept.clear()
        with contextlib.suppress(OSError):
            _kept[stamp] = Parent(env)
    return _kept.get(stamp)


def _end(process: subprocess.Popen) -> None:
    """End the parent, and with it every kernel that still runs."""
    process.stdin.close()
    process.stdout.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _usual() -> str:
    return "fork" if sys.platform == "linux" else "plain"


def _stamp() -> int:
    """When the code and the words that the parent has read were last changed."""
    package = Path(__file__).resolve().parents[1]
    files = [*package.rglob("*.py"), *DATA.glob("*.toml"), *DATA.glob("*.csv")]
    return max(path.stat().st_mtime_ns for path in files)
