"""What must be in order before anything runs, and what a run is made of: data, code and versions."""

import hashlib
import platform
import shutil
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ..home import DATA, DEMO, HOME
from ..period import Period
from ..words import Trouble, Words
from .folder import remove, write

_SPACE = 200_000_000  # bytes that must be free
_PACKAGES = (
    "pandas",
    "numpy",
    "statsmodels",
    "duckdb",
    "ibis-framework",
    "papermill",
    "nbconvert",
    "matplotlib",
    "nh3",
)


def preflight(period: Period, store: str, out: Path) -> tuple[dict[str, int], str]:
    """Check font, output folder, space and store; gives the rows that the period sees and the data's fingerprint."""
    from ..book import open_book

    if find_spec("zhplot") is None:
        raise Trouble(
            Words("缺少中文字体：请安装 zhplot", "the Chinese font is missing: install the package zhplot")
        )
    book = open_book(store)
    seen = book.seen(period).iloc[0]
    _writable(out)
    if shutil.disk_usage(out).free < _SPACE:
        raise Trouble(Words("磁盘空间不足 200 MB", "less than 200 MB of disk space are free"), exit_code=1)
    return {"n": int(seen["n"]), "n_all": int(seen["n_all"])}, book.fingerprint


def fingerprint(store: str) -> str:
    """The fingerprint of the data as they are now."""
    from ..book import open_book

    return open_book(store).fingerprint


def resolved(store: str | Path) -> str:
    """The store as a kernel finds it from any folder: `demo`, an address, or an absolute path."""
    store = str(store)
    if store == "demo" or "://" in store:
        return store
    path = Path(store)
    return str((path if path.exists() else HOME / path).resolve())


def shown(store: str) -> str:
    """The store as a reader may see it: no path, no password."""
    if "://" in store:
        return store.partition("://")[0] + "://"
    return "demo" if store in ("demo", str(DEMO / "store")) else Path(store).name


@cache
def versions() -> dict[str, str]:
    from .. import __version__

    found = {"complaintkit": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in _PACKAGES}


def code_hash() -> str:
    """Everything beside the data that numbers and words come from: code, rules, labels, notes."""
    package = Path(__file__).resolve().parents[1]
    texts = [
        *package.rglob("*.py"),
        *DATA.glob("*.toml"),
        *DATA.glob("*.csv"),
        *(DATA / "notes").rglob("*.txt"),
    ]
    digest = hashlib.sha256()
    for path in sorted(texts):
        digest.update(path.name.encode("utf-8") + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _writable(out: Path) -> None:
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = out / ".probe"
        write(probe, b"")
        remove(probe)
    except OSError as error:
        words = Words("不能写入输出文件夹 {out}：{why}", "cannot write to the output folder {out}: {why}")
        raise Trouble(words, out=out.name, why=error.strerror) from None
