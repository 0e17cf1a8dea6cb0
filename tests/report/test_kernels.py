"""Forked and ordinary kernels: the same for a notebook, ended the same, and one for the other where forking fails."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from made import NOTEBOOKS

from complaintlib.book import open_book
from complaintlib.period import Period
from complaintlib.report.execute import execute
from complaintlib.report.forking import Parent, preload
from complaintlib.report.kernels import Kernels
from complaintlib.shared import shared

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

_SEEN = """
import json, os, random, signal, sys, threading, time
import numpy as np
import faults  # beside the notebook
print(json.dumps({
    "cwd": os.getcwd(), "path": sys.path, "group": os.getpgid(0) == os.getpid(), "tz": time.strftime("%Z"),
    "lang": os.environ["COMPLAINTKIT_LANG"], "threads": os.environ["OMP_NUM_THREADS"], "hash": hash("complaint"),
    "main": __name__, "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "term": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, "safe": sys.flags.safe_path,
    "heavy": "scipy.stats" in sys.modules}))
print(json.dumps([os.getppid(), random.random(), np.random.random()]))
"""


def gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def soon(happened, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


def run(kernels: Kernels, work: Path, path: Path = NOTEBOOKS / "bare.ipynb", limit: float = 60, **given):
    return execute(path, given, {}, kernels, limit, limit, work)


def printed(outcome) -> list:
    text = "".join(o.text for c in outcome.notebook.cells for o in c.get("outputs", ()) if "text" in o)
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def parent():
    found = preload()
    assert found.ready()
    return found


@pytest.fixture
def notebook(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("token: str = ''", id="parameters", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(_SEEN, id="seen"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "seen.ipynb")
    return tmp_path / "seen.ipynb"


def test_a_forked_kernel_is_as_a_new_one(parent, notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")  # another than when the parent began
    seen = []
    for forked_from in (None, parent, parent):
        with Kernels(NOTEBOOKS, forked_from, COMPLAINTKIT_LANG="zh") as kernels:
            seen.append(printed(run(kernels, tmp_path / "w.ipynb", notebook)))
    (plain, plain_own), (one, one_own), (two, two_own) = seen
    assert (plain.pop("heavy"), one.pop("heavy"), two.pop("heavy")) == (False, True, True)
    assert plain == one == two
    assert plain["cwd"] == str(NOTEBOOKS) and plain["tz"] == "JST" and plain["lang"] == "zh"
    assert [own[0] for own in (plain_own, one_own, two_own)] == [os.getpid(), *[parent.process.pid] * 2]
    assert one_own[1] != two_own[1] and one_own[2] != two_own[2]  # reseeded


@pytest.mark.parametrize("fault", ["kill", "segfault", "_exit", "sys.exit", "none"])
@pytest.mark.parametrize("kind", ["fork", "plain"])
def test_f01_to_f05_both_kinds_end_alike(parent, tmp_path, kind, fault):
    with Kernels(NOTEBOOKS, parent if kind == "fork" else None) as kernels:
        outcome = run(kernels, tmp_path / "w.ipynb", fault=fault)
    died = "the kernel died (killed, crashed or out of memory)"
    ends = {
        "sys.exit": "ended early: not every cell was run",
        "none": "the last cell did not hand over its result",
    }
    assert (outcome.status, outcome.reason.en) == ("failed", ends.get(fault, died))


@pytest.mark.parametrize("kind", ["fork", "plain"])
def test_f09_a_kernel_that_takes_all_memory_fails_in_its_cell(parent, tmp_path, kind):
    with Kernels(NOTEBOOKS, parent if kind == "fork" else None, memory=4_000_000_000) as kernels:
        outcome = run(kernels, tmp_path / "w.ipynb", fault="hog")
    assert outcome.status == "failed" and outcome.reason.en.startswith("MemoryError (cell ")


def test_many_at_once_and_in_a_row_and_none_is_left(parent, tmp_path):
    """40 steps; `python -m benchmarks report` runs 200."""
    with Kernels(NOTEBOOKS, parent) as kernels, ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda at: run(kernels, tmp_path / f"{at}.ipynb"), range(40)))
    assert {outcome.reason.en for outcome in outcomes} == {"the last cell did not hand over its result"}
    children = Path(f"/proc/{parent.process.pid}/task/{parent.process.pid}/children").read_text(
        encoding="utf-8"
    )
    assert children.split() == []  # each was killed and buried


@pytest.mark.parametrize(
    "spoiling",
    ["raise SystemExit(3)", "import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start()"],
    ids=["cannot start", "has threads"],
)  # fmt: skip
def test_without_a_parent_that_can_fork_kernels_are_ordinary(spoiling, tmp_path, monkeypatch):
    (tmp_path / "seaborn.py").write_text(f"if __name__ != '__main__':\n    {spoiling}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    parent = Parent()
    try:
        assert not parent.ready()
        with Kernels(NOTEBOOKS, parent) as kernels:
            outcome = run(kernels, tmp_path / "w.ipynb")
        assert outcome.reason.en == "the last cell did not hand over its result"
    finally:
        parent.close()
    assert gone(parent.process.pid) and not Path(parent.folder).exists()


def test_plain_kernels_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("COMPLAINTKIT_KERNELS", "plain")
    assert preload() is None
    monkeypatch.setenv("COMPLAINTKIT_KERNELS", "fork")
    assert preload() is preload() is not None


def test_a_parent_that_dies_takes_its_kernels_with_it(tmp_path):
    note, parent = tmp_path / "child", Parent()
    try:
        with Kernels(NOTEBOOKS, parent) as kernels:
            killer = threading.Thread(
                target=lambda: soon(lambda: note.exists() and note.read_text()) and parent.process.kill()
            )
            killer.start()
            outcome = run(kernels, tmp_path / "w.ipynb", fault="child", note=str(note))
            killer.join()
            assert "the kernel died" in outcome.reason.en
            after = run(kernels, tmp_path / "w.ipynb")  # by an ordinary kernel
            assert after.reason.en == "the last cell did not hand over its result"
    finally:
        parent.close()
    assert soon(lambda: gone(int(note.read_text())))


def test_f25_kernels_end_with_a_run_that_is_killed(tmp_path):
    """SIGKILL leaves the run no time for anything: its kernels, and what they started, end all the same."""
    note = tmp_path / "child"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\nfrom made import NOTEBOOKS\n"
        "from complaintlib.report.execute import execute\nfrom complaintlib.report.kernels import Kernels\n"
        "from complaintlib.report.forking import preload\nparent = preload()\nprint(parent.folder, flush=True)\n"
        "given = {'fault': 'child', 'note': sys.argv[2]}\nwith Kernels(NOTEBOOKS, parent) as kernels:\n"
        "    execute(NOTEBOOKS / 'bare.ipynb', given, {}, kernels, 60, 60, Path(sys.argv[2] + '.ipynb'))\n"
    )
    arguments = [sys.executable, "-c", code, str(NOTEBOOKS.parent), str(note)]
    env = os.environ | {"TMPDIR": str(tmp_path)}  # what a killed run leaves behind
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=env) as process:
        folder = Path(process.stdout.readline().strip())
        assert soon(lambda: note.exists() and note.read_text(), 60)
        process.send_signal(signal.SIGKILL)
    assert soon(lambda: gone(int(note.read_text())) and not folder.exists())


# ------------------------------------------------------------------------- one answer for both languages


def test_the_same_question_is_answered_once(store, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLAINTKIT_SHARED", str(tmp_path))
    asked = []

    def method(book, period, by="reason"):
        asked.append((period.text, by))
        return book.counts(by=[by], window=period)

    answer, book, october = shared(method), open_book(store), Period("2026-10")
    first = answer(book, october, by="reason")
    assert answer(open_book(store), Period("2026-10"), by="reason").equals(first) and len(asked) == 1
    assert len(answer(book, Period("2026-09"), by="reason")) and len(asked) == 2
    answer(book, Period.parse("2026-10", as_of="2026-10-15"), by="reason")
    answer(book.at(Period("2026-09").end), october, by="reason")
    assert len(asked) == 4


def test_a_book_that_is_not_the_store_s_is_asked_itself(store, make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLAINTKIT_SHARED", str(tmp_path))
    answer = shared(lambda book: int(book.counts()["n"].iloc[0]))
    book = open_book(store)
    table = book.tables["complaints"]
    filtered = replace(book, tables={"complaints": table.filter(table.reason == "late")})
    assert answer(book) > answer(filtered) > 0
    assert answer(replace(book, fingerprint="")) == answer(book)
    assert len(list(tmp_path.iterdir())) == 1
    assert answer(open_book(make_store(extra=3))) == answer(book) + 3
