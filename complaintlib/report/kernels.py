"""How a notebook's kernel starts and ends.

Every notebook gets a fresh kernel in a process group of its own, so that whatever it started ends with it. It is forked
from a preloaded parent where there is one, else a process that imports everything itself.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import ensure_event_loop

from .forking import Parent, environment

_ARGV = [
    sys.executable,
    "-m",
    "ipykernel_launcher",
    "-f",
    "{connection_file}",
    "--HistoryManager.enabled=False",
]
_LEAST = 4_000_000_000  # bytes that a kernel may have on any machine; engines ask for more than they use
_SOCKET_PATH = 90  # characters that a socket's path may have (the limit is 104 on macOS)


class Kernels:
    """The kernels of one run: `start` gives a manager for a new one, `end` kills it with all it started. They are
    forked from `parent` as long as that can fork. One that asks for more than `memory` bytes (default: half of what the
    machine has free now) fails in its cell, where the system can say so (Linux)."""

    def __init__(self, cwd: Path, parent: Parent | None = None, memory: int | None = None, **env: str):
        self.cwd, self.parent = cwd, parent
        self.memory = memory or max(_free() // 2, _LEAST)
        self.folder = Path(tempfile.mkdtemp(prefix="ck-"))
        self.env = environment() | {"IPYTHONDIR": str(self.folder / "ipython")} | env
        self.alive: list[_Manager] = []
        self.stopped = False
        self._count = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> "_Manager":
        """A manager whose kernel starts when it is first asked to."""
        number = str(next(self._count))
        socket = self.folder / number
        manager = _Manager(connection_file=f"{socket}.json", kernel_id=number)
        if (
            os.name == "posix" and len(str(socket)) < _SOCKET_PATH
        ):  # no port that others on the machine can see
            manager.transport, manager.ip = "ipc", str(socket)
        spec = KernelSpec(argv=_ARGV, display_name="Python 3", language="python")
        manager._kernel_spec = spec  # this environment's own Python, whatever kernels are registered
        manager.provisioner = _Process(self, kernel_id=manager.kernel_id, kernel_spec=spec, parent=manager)
        self.alive.append(manager)
        return manager

    def end(self, manager: "_Manager") -> None:
        """Kill the kernel's process group and remove its sockets."""
        if manager in self.alive:
            self.alive.remove(manager)
        kill(manager)
        with contextlib.suppress(Exception):  # nothing that is left of it may stop the run
            for client in getattr(manager, "clients", ()):
                client.stop_channels()
            manager.cleanup_connection_file()
            manager.context.destroy(linger=0)

    def stop(self) -> None:
        """Kill every kernel and start no more: whoever waits for one learns that it died."""
        self.stopped = True
        for manager in list(self.alive):
            kill(manager)


@contextlib.contextmanager
def own_loop() -> Iterator[None]:
    """An event loop for the kernels that this thread talks to, closed with all that still waits in it."""
    loop = ensure_event_loop()
    try:
        yield
    finally:
        waiting = asyncio.all_tasks(loop)
        for task in waiting:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()


class _Manager(AsyncKernelManager):
    """A kernel's manager that remembers who talks to it, so that no channel stays open."""

    def client(self, **kwargs: Any) -> Any:
        self.clients = [*getattr(self, "clients", ()), super().client(**kwargs)]
        return self.clients[-1]


class _Process(LocalProvisioner):
    """A kernel as a process: its own group, a steady environment, and its noise kept out of the run's log."""

    def __init__(self, kernels: Kernels, **kwargs: Any):
        super().__init__(**kwargs)
        self.kernels = kernels

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        self.parent_ready = self.kernels.parent is not None and self.kernels.parent.ready()
        if self.kernels.stopped:
            raise RuntimeError("the run has been stopped")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return await super().pre_launch(
            **kwargs | quiet | {"env": dict(self.kernels.env), "cwd": str(self.kernels.cwd)}
        )

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Forked where that can be; else a new process."""
        if self.parent_ready:
            shared = {"COMPLAINTKIT_SHARED": self.kernels.parent.folder}
            self.process = self.kernels.parent.fork(cmd[2:], kwargs["cwd"], kwargs["env"] | shared)
        if self.process is None:
            await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        _limit(self.pid, self.kernels.memory)
        if self.kernels.stopped:  # between the question above and now
            kill(self.parent)
        return self.connection_info


def _free() -> int:
    """Bytes of memory that nothing uses, as far as the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 0


def _limit(pid: int, memory: int) -> None:
    """Let a process have no more than so much data: what it may write to and nobody shares. Address space would be the
    wrong measure, of which engines take far more than they use."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))


def kill(manager: "_Manager") -> None:
    """Kill the whole process group at once, also what a kernel that died by itself left in it."""
    provisioner = manager.provisioner
    if provisioner.pid is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(provisioner.pid, signal.SIGKILL)
        else:
            os.kill(provisioner.pid, signal.SIGTERM)
    if provisioner.process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            provisioner.process.wait(timeout=5)
