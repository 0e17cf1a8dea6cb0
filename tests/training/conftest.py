"""The course runs on the demo company's store of the tests; progress goes to a file of its own."""

import pytest

from complaintlib.book import engine
from complaintlib.training.check import answers
from complaintlib.training.crisis import crisis_month
from complaintlib.training.exercise import demo_book


@pytest.fixture(scope="session")
def course_data(demo_folder):
    """`open_book("demo")` opens the store of the tests."""
    patch = pytest.MonkeyPatch()
    patch.setattr(engine, "DEMO", demo_folder)
    for kept in (demo_book, crisis_month, answers):
        kept.cache_clear()
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    path = tmp_path / "own" / "progress.json"
    monkeypatch.setenv("COMPLAINTKIT_PROGRESS", str(path))
    monkeypatch.setenv("COMPLAINTKIT_LANG", "en")
    return path
