"""Where a report is put: under a lock, built beside its place, and renamed into it when it is whole.

In the output folder, `.run-<name>/` is the work of a run that has not finished (its finished steps and the report being
built), `.old-<name>/` the report that is just being replaced, `<name>/` a whole report, `<name>.INCOMPLETE/` one that
lacks pages.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ..words import Trouble, Words
from .execute import Outcome
from .quick import nbformat


class Folder:
    """The places of one report in the output folder."""

    def __init__(self, out: Path, name: str):
        self.out, self.name = out, name
        self.final, self.incomplete = out / name, out / f"{name}.INCOMPLETE"
        self.lock = out / f".lock-{name}"
        self.work, self.old = out / f".run-{name}", out / f".old-{name}"
        self.steps, self.stage = self.work / "steps", self.work / "report"

    def clear(self, keep_work: bool) -> None:
        """Put right what a killed run left: its half-built report goes, and a report it was replacing comes back."""
        if self.old.exists() and not self.final.exists():
            os.rename(self.old, self.final)
        remove(self.old)
        remove(self.stage if keep_work else self.work)
        self.steps.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.stage.mkdir(mode=0o700)

    def publish(self, whole: bool) -> Path:
        """Rename the finished report into its place. One that lacks pages never takes the place of a whole one."""
        target = self.final if whole else self.incomplete
        if target.is_symlink():
            target.unlink()
        old = self.old if whole else self.old.with_name(f"{self.old.name}.INCOMPLETE")
        remove(old)
        if target.exists():
            os.rename(target, old)
        os.rename(self.stage, target)
        sync(self.out)
        remove(old)
        if whole:
            remove(self.incomplete)
            remove(self.work)
        return target

    def keep(self, step: str, key: str, outcome: Outcome) -> None:
        """Keep a finished step for a run that resumes this one."""
        content = asdict(outcome) | {"key": key, "notebook": nbformat.writes(outcome.notebook)}
        part = self.steps / f"{step}.part"
        write(part, json.dumps(content, ensure_ascii=False).encode("utf-8"))
        os.replace(part, self.steps / f"{step}.json")

    def kept(self, step: str, key: str) -> Outcome | None:
        """A finished step of an earlier run, if it was done with the same key."""
        try:
            content = json.loads((self.steps / f"{step}.json").read_text(encoding="utf-8"))
            if content.pop("key") != key:
                return None
            notebook = nbformat.reads(content.pop("notebook"), as_version=4)
            reason = Words(**content.pop("reason"))
            return Outcome(notebook=notebook, reason=reason, **content)
        except (OSError, ValueError, KeyError, TypeError):
            return None


@contextlib.contextmanager
def locked(path: Path, wait: float = 0) -> Iterator[None]:
    """Hold a lock that ends with the process, or raise Trouble (75) where another run holds it for `wait` seconds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + wait
        while not _take(handle):
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            raise Trouble(
                Words("另一个运行正在生成这份报告", "another run is building this report"), exit_code=75
            )
        yield
    finally:
        os.close(handle)


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, down to the disk; a symbolic link in its place is not followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Make the names in a folder durable, where the system lets one."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _take(handle: int) -> bool:
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
