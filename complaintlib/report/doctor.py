"""Whether this machine can build a report: fonts, a kernel that starts, versions, reports folder."""

import asyncio
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ..home import REPORTS
from ..words import Words
from .folder import write

_FLOORS = {
    "nbconvert": (7, 17, 1),
    "jupyterlab": (4, 5, 7),
    "pandas": (3, 0, 2),
}  # below: known holes or silent errors


def examine() -> list[tuple[bool, Words]]:
    """One line a thing that a report needs, and whether it is in order."""
    return [_font(), *(_version(name, floor) for name, floor in _FLOORS.items()), _kernel(), _folder()]


def _font() -> tuple[bool, Words]:
    fine = find_spec("zhplot") is not None
    return fine, Words("中文字体 Noto Sans SC（zhplot）", "the Chinese font Noto Sans SC (zhplot)")


def _version(name: str, floor: tuple[int, ...]) -> tuple[bool, Words]:
    least = ".".join(map(str, floor))
    try:
        found = version(name)
    except PackageNotFoundError:
        return False, Words(f"{name}：未安装", f"{name}: not installed")
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    return numbers >= floor, Words(f"{name} {found}（至少 {least}）", f"{name} {found} (at least {least})")


def _kernel() -> tuple[bool, Words]:
    from .kernels import Kernels

    async def starts() -> None:
        with Kernels(Path.cwd()) as kernels:
            manager = kernels.start()
            try:
                await manager.start_kernel()
                client = manager.client()
                client.start_channels()
                await client.wait_for_ready(timeout=60)
                client.stop_channels()
            finally:
                kernels.end(manager)

    try:
        asyncio.run(starts())
    except Exception as error:  # noqa: BLE001 whatever it is, it is what the user must know
        kind = type(error).__name__
        return False, Words(f"内核不能启动：{kind}", f"a kernel does not start: {kind}")
    return True, Words("内核能启动", "a kernel starts")


def _folder() -> tuple[bool, Words]:
    words = Words(f"报告文件夹 {REPORTS.name}/ 可写", f"the folder {REPORTS.name}/ can be written")
    try:
        REPORTS.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=REPORTS) as folder:
            write(Path(folder) / "probe", b"")
    except OSError:
        return False, words
    return True, words
