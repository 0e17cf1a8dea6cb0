"""The whole course: pairs of notebooks, and every exercise untouched, right, and wrong in each known way."""

from dataclasses import replace

import nbformat
import pytest
from nbclient import NotebookClient

from complaintlib.home import NOTEBOOKS
from complaintlib.training import check
from complaintlib.training.__main__ import main
from complaintlib.training.check import answers
from complaintlib.training.course import cells, notebook, run
from complaintlib.training.exercise import code_of, same
from complaintlib.training.lessons import LESSONS, exercise, keys, lesson
from complaintlib.words import LANGUAGES

# Classic errors that a cell of a colleague makes, and the exercise that asks what is wrong.
BUGS = {
    "only the closed cases": "timeliness-1",
    "a part of a month against a whole one": "trend-1",
    "on time of the closed": "sla-1",
    "a percentage of a tiny base": "warning-2",
    "alarms not corrected": "warning-1",
    "Simpson's paradox": "association-1",
    "a mean of means": "timeliness-2",
    "a forecast that knows the future": "forecast-1",
    "counted twice by a join": "composition-2",
    "across a break of the taxonomy": "trend-2",
    "from the worst month on": "effect-1",
    "days without rows": "warning-3",
}


def test_every_lesson_has_its_pair_of_notebooks_and_no_other_is_there():
    wanted = {notebook(name, lang) for name in LESSONS for lang in LANGUAGES}
    assert wanted == set((NOTEBOOKS / "training").rglob("*.ipynb"))


@pytest.mark.parametrize("name", LESSONS)
def test_a_pair_has_the_same_code_and_the_same_order(name):
    zh, en = (nbformat.read(notebook(name, lang), 4) for lang in ("zh", "en"))
    assert [(c.cell_type, c.id, c.metadata) for c in zh.cells] == [
        (c.cell_type, c.id, c.metadata) for c in en.cells
    ]
    assert cells(name, "zh") == cells(name, "en")
    for a, b in zip(cells(name, "zh", "markdown"), cells(name, "en", "markdown"), strict=True):
        assert a[0] != b[0]
        assert not any("\u4e00" <= char <= "\u9fff" for char in b[0]), b[0]
        assert any("\u4e00" <= char <= "\u9fff" for char in a[0]), a[0]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_short_steps_and_asks_what_is_checked(name):
    code = cells(name, "en")
    for source, _ in code:
        assert 1 <= len([row for row in source.splitlines() if row.strip()]) <= 6, source
    asked = [tags[-1] for _, tags in code if "exercise" in tags]
    assert asked == keys(name)
    for lang in LANGUAGES:
        prose = "\n".join(source for source, _ in cells(name, lang, "markdown")).replace("\n\n", "\n")
        assert lesson(name).can[lang] in prose
        for key in asked:
            assert exercise(key)[1].ask[lang] in prose
    for each in lesson(name).exercises:
        assert len(code_of(each.right).splitlines()) <= 7
        for words in (each.ask, each.hint, each.why, *(slip.words for slip in each.slips)):
            assert words.zh and words.en and words.zh != words.en


def test_the_classic_errors_are_there_to_be_found():
    planted = {tags[-1] for name in LESSONS for _, tags in cells(name, "en") if "bug" in tags}
    assert planted == set(BUGS.values())
    assert len(planted) >= 10


@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_runs_untouched_right_and_with_each_slip(course_data, name):
    told = run(name, "en")
    assert [one for one in told if not one.as_it_should] == []
    ways = {(one.key, one.way) for one in told}
    for key in keys(name):
        slips = [slip.compute.__name__ for slip in exercise(key)[1].slips]
        assert slips
        assert ways >= {(key, way) for way in ("untouched", "solution", *slips)}


@pytest.mark.parametrize("name", LESSONS)
def test_no_slip_is_taken_for_right_nor_for_another(course_data, name):
    for key in keys(name):
        found, within = answers(key), exercise(key)[1].within
        for a in found:
            assert [b for b in found if same(found[a], found[b], within)] == [a]


def test_an_instructor_sees_a_line_a_lesson_and_what_is_not_as_it_should(course_data, capsys):
    assert main(["forecast"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{lang} forecast: 3 exercises, 7 slips and bugs, 0 not as they should be" for lang in LANGUAGES
    ]
    told = run("forecast", "en")[0]
    assert not replace(told, state="right").as_it_should
    assert not replace(told, slips=("other",)).as_it_should


def test_slips_that_can_be_made_anywhere_have_words_of_their_own(course_data):
    right = answers("sla-1")[""]
    assert check("sla-1", 100 * right).slip == "percent"
    assert check("sla-1", "0.78").slip == "kind"
    assert check("effect-2", -answers("effect-2")[""]).slip == "sign"
    unknown = check("sla-1", 0.123, "zh")
    assert (unknown.state, unknown.slip) == ("wrong", "")
    assert unknown.text == '结果不是这个。请看 hint("sla-1")。'


def test_what_is_planted_in_the_demo_company_is_found(course_data):
    """The truths of data/demo/truths.toml behind the exercises."""
    assert answers("composition-3")[""] == pytest.approx(1.3, abs=0.1)  # cross_border_mix
    assert answers("trend-2")[""] == pytest.approx(0, abs=0.1)  # attitude_split: the total is unchanged
    assert answers("pareto-2")[""] == "valuables_lost"  # valuables_lost_cost
    assert answers("pareto-3")[""] is False  # equal_reasons
    assert answers("association-1")[""] > 0.05 > answers("association-1")["of_the_whole"]  # on_time_mix
    assert answers("rootcause-2")[""] == "2026-W39"  # late_delivery_east, from Monday 21 September
    assert answers("warning-3")[""] == 3  # app_silent, 13 to 15 October
    assert answers("effect-1")[""] > -0.15 > answers("effect-1")["against_the_worst_month"]  # coupon_terms
    assert answers("effect-2")[""] < -0.15  # address_check


def test_the_crisis_is_found_where_it_was_made(course_data):
    """What complaintlib/training/crisis.py puts into its month."""
    assert answers("drill-1")[""] == ["lost_parcel", "central"]
    assert answers("drill-2")[""] == "2026-11-09"
    assert answers("drill-3")[""] == pytest.approx(260, abs=10)
    assert answers("drill-5")[""] == 4
    assert answers("drill-6")[""] == ["a", "d", "e"]


def test_a_lesson_runs_in_a_kernel_from_its_own_folder(course_data, demo_folder, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "data" / "demo").mkdir(parents=True)
    for part in (NOTEBOOKS.parent / "data").iterdir():
        if part.name not in ("demo", "store", "raw"):
            (home / "data" / part.name).symlink_to(part)
    (home / "data" / "demo" / "store").symlink_to(demo_folder / "store")
    monkeypatch.setenv("COMPLAINTKIT_HOME", str(home))
    path = notebook("pareto", "zh")
    content = nbformat.read(path, 4)
    own = next(c for c in content.cells if c.id == "answer-1")
    own.source = own.source.replace("...", "3")
    NotebookClient(content, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = {cell.id: cell.outputs for cell in content.cells if cell.cell_type == "code"}
    shown = {id: "".join(o.data["text/plain"] for o in found) for id, found in outputs.items()}
    assert shown["answer-1"].startswith("答对了")
    assert shown["answer-2"].startswith("还没有作答")
    assert "答对 1/3" in shown["stand"]
    assert ["image/png" in o.data for o in outputs["run-3"]] == [True]
