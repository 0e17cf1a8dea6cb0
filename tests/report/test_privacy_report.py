"""A report that may be shared, end to end: no file of it tells a small count, and what is not protected is not shown."""

import csv
import io
import json
import re
import zipfile

import pandas as pd
import pytest
from made import HOSTILE, recipe, step

from complaintlib import Period
from complaintlib.disclosure import treatments
from complaintlib.home import NOTEBOOKS
from complaintlib.privacy import PROFILES
from complaintlib.report import build_report, verify
from complaintlib.report.gates import visible
from complaintlib.report.privacy import unprotected
from complaintlib.report.recipe import Recipe, Step
from complaintlib.result import STAR
from complaintlib.words import Words, columns

OCT = Period("2026-10")
METHODS = ("overview", "composition", "trend", "pareto", "quality")
STEPS = tuple(Step(name, NOTEBOOKS / f"{name}.ipynb", {}, "content") for name in METHODS)
WHOLE = Recipe(
    "small", Words("{period}", "{period}"), "month", STEPS, "overview", ("trend", "pareto"), "quality"
)


def built(store, out, privacy: str, recipe: Recipe = WHOLE):
    return build_report(
        OCT, recipe=recipe, lang="en", store=store, out=out, privacy=privacy, progress=lambda line: None
    )


@pytest.fixture(scope="module")
def shared(store, tmp_path_factory):
    run = built(store, tmp_path_factory.mktemp("shared"), "shared")
    assert run.status == "whole", run.say("en")
    return run.folder


@pytest.fixture(scope="module")
def true(store) -> pd.Series:
    """Complaints of October by reason, counted by hand."""
    frame = pd.read_parquet(store / "complaints.parquet")
    october = frame[frame["received_at"].between(OCT.start, OCT.end, inclusive="left")]
    counts = october["reason"].value_counts()
    assert (counts[:3] > 20).all()  # late, lost and a hostile one
    assert counts[3:].between(1, 7).all()
    assert len(counts) > 6
    return counts


def table(folder, name: str) -> list[dict[str, str]]:
    text = (folder / "tables" / f"{name}.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_counts_are_those_of_the_store_starred_and_rounded(shared, true):
    reason, n = (columns()[name].words.en for name in ("reason", "n"))
    for name in ("composition.shares", "pareto.count"):
        shown = {row[reason]: row[n] for row in table(shared, name)}
        big = {code: str(5 * round(count / 5)) for code, count in true.items() if count > 7}
        assert {code: shown[code] for code in big if code in shown} == {
            code: big[code] for code in big if code in shown
        }
        assert {"late", "lost"} <= set(shown)
        small = [value for code, value in shown.items() if code not in big and code != "(other)"]
        assert small
        assert set(small) == {STAR}
    total = table(shared, "trend.total")[-1]
    assert int(total[n]) == 5 * round(true.sum() / 5)


def test_no_table_has_another_count(shared):
    """Every column of counts of every file: stars, nothing, or multiples of five from ten on."""
    counts = {
        columns()[name].words.en
        for name, rule in treatments().items()
        if rule == "count" and name in columns()
    }
    seen = 0
    for path in sorted((shared / "tables").glob("*.csv")):
        for row in table(shared, path.stem):
            for column in counts & set(row):
                seen += 1
                value = row[column]
                assert value in (STAR, "") or (float(value) % 5 == 0 and float(value) != 5), (
                    path.name,
                    column,
                    value,
                )
    assert seen > 200


def test_neither_cases_nor_intervals_nor_parameters_leave(shared):
    for path in sorted(p for p in shared.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        assert not re.search(rb"C0\d{5}", content), path.name
        assert b"[95% interval]" not in content
        assert path.suffix != ".csv" or b"95%" not in content
    assert not list((shared / "tables").glob("*.examples.csv"))
    page = visible((shared / "pages" / "composition.html").read_text(encoding="utf-8"))
    assert PROFILES["shared"].words.en in page
    assert columns()["share_low"].words.en not in page.splitlines()


def test_the_report_says_what_it_is(shared, store, tmp_path):
    assert shared.name == "small-2026-10-en-shared"
    assert verify(shared) == []
    front = visible((shared / "index.html").read_text(encoding="utf-8"))
    assert "(shared edition)" in front.splitlines()[0]
    assert "counts of 1 to 7 are shown as *" in front
    run = json.loads((shared / "run.json").read_text(encoding="utf-8"))
    assert run["privacy"] == "shared"
    assert run["rows"]["n"] % 5 == 0
    assert run["rows"]["n_all"] % 5 == 0
    internal = built(store, tmp_path, "internal", WHOLE.only(["pareto"]))  # its other picture is not there
    assert internal.folder.name == "small-2026-10-en"
    assert "internal use" in visible((internal.folder / "index.html").read_text(encoding="utf-8"))


def test_findings_hold_numbers_of_the_protected_tables_only(shared):
    held = set()
    for path in (shared / "tables").glob("*.csv"):
        rows = table(shared, path.stem)
        held |= {float(v) for row in rows for v in row.values() if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", v)}
        held |= {float(len(rows)), float(len(rows) - 1)}
    findings = json.loads((shared / "findings.json").read_text(encoding="utf-8"))["findings"]
    assert len(findings) > 5
    for finding in findings:
        for value in finding["values"].values():
            assert not isinstance(value, int | float) or isinstance(value, bool) or value in held, finding


def test_a_notebook_that_does_not_protect_is_not_shown(store, tmp_path):
    """Neither one that hands over a bare result, nor what another had shown before it failed."""
    run = built(store, tmp_path, "shared", recipe(step("bare"), step("broken", fault="not measured")))
    assert run.status == "incomplete"
    assert {name: status for name, status, _ in run.steps} == {"bare": "failed", "broken": "not_measured"}
    for path in run.folder.rglob("*"):
        if path.suffix in (".html", ".ipynb"):
            assert not any(text in path.read_text(encoding="utf-8") for text in HOSTILE[4:5])
    for path in (run.folder / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not any(cell.get("outputs") for cell in cells)


def test_a_count_that_slipped_through_fails_the_page():
    profile = PROFILES["shared"]
    good = {
        "privacy": "shared",
        "tables": {"t": {"columns": ["reason", "n"], "rows": [["a", 10], ["b", STAR], ["c", None]]}},
    }
    assert unprotected(good, profile) == []
    assert unprotected(good, None) == []
    for bad in (3, 12, 5):
        rows = [["a", bad], ["b", STAR]]
        assert unprotected({**good, "tables": {"t": {"columns": ["reason", "n"], "rows": rows}}}, profile)
    assert unprotected({**good, "privacy": "internal"}, profile)
    assert unprotected({"tables": {}}, profile)
