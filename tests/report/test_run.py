"""A whole run on fixture notebooks: what is delivered, what never is, and that the same data give the same bytes.

One run of each kind serves many tests, since every notebook starts a kernel.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made import HOSTILE, NOTEBOOKS, recipe, step

from complaintlib.period import Period
from complaintlib.report import build_report, verify
from complaintlib.report.execute import execute
from complaintlib.report.folder import locked
from complaintlib.report.forking import preload
from complaintlib.report.kernels import Kernels
from complaintlib.words import Trouble

OCTOBER = Period("2026-10")
WHOLE = recipe(step("headline", "headline"), step("toy", fault="script"))


def build(store, out, steps=WHOLE, lang="en", **more):
    return build_report(OCTOBER, steps, lang, store, out, progress=lambda line: None, **more)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def text_of(folder: Path, path: str) -> str:
    return (folder / path).read_text(encoding="utf-8")


def ended(note: Path) -> bool:
    """Whether the process whose number stands in the note is gone, or dead and only waits to be buried."""
    try:
        status = Path(f"/proc/{note.read_text(encoding='utf-8')}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out") / "reports"


@pytest.fixture(scope="module")
def whole(store, out):
    return build(store, out)


@pytest.fixture(scope="module")
def faulty(store, out, whole):
    """The same report again, in which nearly everything goes wrong; what the whole one was before and is after it."""
    before = contents(whole.folder)
    steps = [step(name.replace("_", "u").replace(".", "-"), "bare", fault=name) for name in FAULTS]
    steps.append(step("unmeasured", fault="not measured"))
    run = build(store, out, recipe(step("toy"), *steps, pictures=("toy",)))
    return run, before, contents(whole.folder)


FAULTS = {
    "none": "did not hand over",  # F05: all cells ran, but nothing proves it
    "kill": "kernel died",  # F01
    "segfault": "kernel died",  # F03
    "_exit": "kernel died",  # F04
    "sys.exit": "ended early",  # F05
    "raise": "ValueError (cell fault)",  # F07, F08
    "trouble": "Trouble (cell fault): do this first",
    "token": "shows the token of the run",
}


# ------------------------------------------------------------------------------------------- a whole report


def test_a_whole_report_has_everything_and_verifies(whole):
    assert (whole.status, whole.exit_code) == ("whole", 0)
    assert set(contents(whole.folder)) == {
        *("index.html", "report.html", "findings.json", "run.json", "tables.xlsx"),
        *("pages/headline.html", "pages/toy.html", "notebooks/headline.ipynb", "notebooks/toy.ipynb"),
        *("tables/headline.indicators.csv", "tables/headline.history.csv", "tables/toy.counts.csv", "tables/toy.examples.csv"),
    }  # fmt: skip
    assert verify(whole.folder) == []


def test_the_front_page_leads_with_how_the_period_was(whole):
    page = text_of(whole.folder, "index.html")
    assert page.index("106 complaints</b>, +4 on the period before.") < page.index("comes first</b>")
    assert (
        '<div class="v">106</div>' in page and "! worse · +4" in page and "against the period before" in page
    )
    assert page.count("data:image/png") == 2
    assert 'href="pages/toy.html"' in page and 'href="#toy"' in text_of(whole.folder, "report.html")


def test_s_list_hostile_texts_are_words_everywhere(whole):
    page = text_of(whole.folder, "pages/toy.html")
    for path, content in contents(whole.folder).items():
        if path.endswith(".html"):
            text = content.decode("utf-8")
            assert "<script" not in text and "<img src=x" not in text and 'href="http' not in text, path
    assert "shown</p>" in page and "onclick" not in page and "<svg" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "$5 and $10" in page
    assert all(
        f"'{text}".replace('"', '""') in text_of(whole.folder, "tables/toy.counts.csv")
        for text in HOSTILE
        if text[0] in "=@"
    )


def test_the_page_is_in_one_language(store, whole):
    english, notebook = text_of(whole.folder, "pages/toy.html"), text_of(whole.folder, "notebooks/toy.ipynb")
    assert (
        "Which class comes first?" in english
        and "哪一类最多" not in english
        and '<html lang="en-GB">' in english
    )
    assert "哪一类最多" in notebook  # the notebook is the analyst's, in both


def test_neither_token_nor_hand_over_nor_paths_are_delivered(store, whole):
    for path, content in contents(whole.folder).items():
        text = content.decode("utf-8", "ignore")
        assert (
            "vnd.complaintkit" not in text
            and str(store) not in text
            and "papermill" not in text.replace('"papermill": "2', "")
        ), path
    assert "token = ''" in text_of(whole.folder, "notebooks/toy.ipynb")


def test_h70_only_the_owner_can_read_it(whole):
    for path in [whole.folder, *whole.folder.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_f40_f41_the_same_data_give_the_same_bytes(store, whole, tmp_path, monkeypatch):
    """P9: another time zone, locale, hash seed, number of jobs and kind of kernel; also when the report is there
    already."""
    other = {"TZ": "America/New_York", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "77"}
    for name, value in (other | {"COMPLAINTKIT_KERNELS": "plain"}).items():
        monkeypatch.setenv(name, value)
    time.tzset()
    before = contents(whole.folder)
    again = build(store, whole.folder.parent, jobs=1)
    monkeypatch.undo()
    time.tzset()
    after = contents(again.folder)
    assert before.keys() == after.keys()
    assert [path for path in before if before[path] != after[path]] == ["run.json"]
    assert len(list(again.folder.parent.glob(".*"))) == 1  # the lock: F33 replaced whole, nothing left over


# --------------------------------------------------------------------------------------------- what goes wrong


def test_f49_f50_a_step_that_fails_is_said_and_the_others_come(faulty):
    run, *_ = faulty
    statuses = {name: status for name, status, _ in run.steps}
    assert (run.status, run.exit_code) == ("incomplete", 1)
    assert statuses.pop("toy") == "whole" and statuses.pop("unmeasured") == "not_measured"
    assert set(statuses.values()) == {"failed"}


@pytest.mark.parametrize("fault", FAULTS)
def test_f01_to_f08_the_reason_is_said_without_data(faulty, fault):
    run, *_ = faulty
    name = fault.replace("_", "u").replace(".", "-")
    reason = next(reason for step_name, _, reason in run.steps if step_name == name)
    assert FAULTS[fault] in reason.en and reason.zh != reason.en
    page = text_of(run.folder, f"pages/{name}.html")
    assert reason.en in page and 'class="banner"' in page
    assert ("so far" in page) == (fault != "token") and ("behind it" in page) == (fault == "none")


def test_f08_nothing_personal_leaves_a_failed_notebook(faulty):
    run, *_ = faulty
    for path, content in contents(run.folder).items():
        assert b"13800138000" not in content and b"hides the parcels" not in content, path
    assert "Traceback" not in text_of(run.folder, "pages/raise.html")


@pytest.mark.parametrize("kind", ["fork", "plain"])
@pytest.mark.parametrize(("cell_seconds", "notebook_seconds"), [(2, 60), (60, 4)])
def test_f11_f12_f16_a_hung_notebook_ends_with_all_it_started(
    tmp_path, monkeypatch, kind, cell_seconds, notebook_seconds
):
    monkeypatch.setenv("COMPLAINTKIT_KERNELS", kind)
    note = tmp_path / "child"
    parameters = {"fault": "child", "note": str(note)}
    with Kernels(NOTEBOOKS, preload()) as kernels:
        work = tmp_path / "work.ipynb"
        outcome = execute(
            NOTEBOOKS / "bare.ipynb", parameters, {}, kernels, cell_seconds, notebook_seconds, work
        )
    assert outcome.status == "failed" and outcome.reason.en.startswith("ran out of time (cell")
    assert not note.exists() or ended(note)


def test_not_measured_is_no_failure(faulty):
    run, *_ = faulty
    page = text_of(run.folder, "pages/unmeasured.html")
    assert "not measured: needs surveys.csat" in page and "banner grey" in page
    assert "not measured: needs surveys.csat" in text_of(run.folder, "index.html")


def test_f51_an_incomplete_report_stands_beside_the_whole_one(faulty):
    run, before, after = faulty
    assert run.folder.name == "toys-2026-10-en.INCOMPLETE" and before == after
    assert "INCOMPLETE" in text_of(run.folder, "index.html")
    assert [p.say("en") for p in verify(run.folder)] == ["run.json: the report is INCOMPLETE"]
    shelf = text_of(run.folder.parent, "index.html")
    assert 'class="failed"><td><a href="toys-2026-10-en.INCOMPLETE/index.html">' in shelf
    assert '<tr><td><a href="toys-2026-10-en/index.html">' in shelf


def test_f34_resume_keeps_finished_steps_and_a_whole_report_ends_the_incomplete_one(store, faulty):
    run, *_ = faulty
    again = build(store, run.folder.parent, recipe(step("toy"), pictures=("toy",)), resume=True)
    steps = json.loads(text_of(again.folder, "run.json"))["steps"]
    assert [(s["name"], s["status"], s["reused"]) for s in steps] == [("toy", "whole", True)]
    assert not run.folder.exists() and verify(again.folder) == []


@pytest.mark.parametrize(
    ("kind", "number"), [("fork", signal.SIGTERM), ("fork", signal.SIGINT), ("plain", signal.SIGTERM)]
)
def test_f26_f27_a_signal_ends_the_run_and_its_kernels_and_leaves_the_last_report(
    store, whole, tmp_path, kind, number
):
    note = tmp_path / "child"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from made import recipe, step\nfrom complaintlib.period import Period\n"
        "from complaintlib.report import build_report\nfrom complaintlib.words import Trouble\n"
        "toys = recipe(step('toy', 'bare', fault='child', note=sys.argv[4]))\n"
        "try: build_report(Period('2026-10'), toys, 'en', sys.argv[2], __import__('pathlib').Path(sys.argv[3]))\n"
        "except Trouble as trouble: print(trouble.say('en')); sys.exit(trouble.exit_code)\n"
    )
    before, out = contents(whole.folder), whole.folder.parent
    incomplete = set(out.glob("*.INCOMPLETE"))  # another test's, whatever the order
    arguments = [sys.executable, "-c", code, str(NOTEBOOKS.parent), str(store), str(out), str(note)]
    env = os.environ | {"COMPLAINTKIT_KERNELS": kind}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (note.exists() and note.read_text(encoding="utf-8")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, number)  # as a terminal does: to all that belong to it
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number and "the last report is untouched" in said
    assert ended(note)
    assert contents(whole.folder) == before and set(out.glob("*.INCOMPLETE")) <= incomplete


# ------------------------------------------------------------------------------------- before anything runs


def test_f30_a_second_run_of_the_same_report_is_told_so(store, tmp_path):
    with locked(tmp_path / ".lock-toys-2026-10-en"), pytest.raises(Trouble) as caught:
        build(store, tmp_path)
    assert caught.value.exit_code == 75


def test_a_dry_run_shows_the_plan_and_writes_nothing(store, tmp_path):
    run = build(store, tmp_path / "none", dry_run=True)
    assert run.exit_code == 0 and "toy: toy.ipynb" in run.say("en") and "2026年10月玩具月报" in run.say("zh")
    assert not (tmp_path / "none").exists()


def test_f22_an_output_folder_that_is_a_file_is_refused(store, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Trouble) as caught:
        build(store, tmp_path / "file")
    assert caught.value.exit_code == 2 and (tmp_path / "file").read_bytes() == b""


def test_a_store_that_is_not_there_stops_the_run(tmp_path):
    with pytest.raises(Trouble, match="no store"):
        build(tmp_path / "nowhere", tmp_path / "out")
