"""What many tests share: the demo company's store, made once for all workers."""

import fcntl
import os
from pathlib import Path

import pytest

from complaintlib.home import HOME

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: more threads only wait for one another


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory, worker_id) -> Path:
    """A folder with the demo company's `sources/` and `store/`, made by the first worker that needs it."""
    from complaintlib.demo import make_demo
    from complaintlib.intake import intake

    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demo"
    folder.mkdir(exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "store" / "store.json").exists():
            make_demo(folder)
            intake(sorted((folder / "sources").iterdir()), store=folder / "store")
    return folder


@pytest.fixture(scope="session")
def demo_book(demo_folder):
    from complaintlib import open_book

    return open_book(demo_folder / "store")


@pytest.fixture(autouse=True, scope="session")
def _own_key(tmp_path_factory):
    """Pseudonyms of the tests are made with a key of their own, never with the user's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("COMPLAINTKIT_KEY", "0f" * 32)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the repository; tests that need it are skipped where it is not."""
    folder = HOME.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data (../shared/data) is not on this machine")
    return folder
