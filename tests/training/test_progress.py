"""What a learner has done is kept, and never in the way."""

import json

import pytest

from complaintlib.training import begin, check, hint, progress, solution
from complaintlib.training.lessons import LESSONS, keys
from complaintlib.training.progress import keep, kept, line
from complaintlib.words import Trouble


def test_right_stays_right_and_tries_are_counted(own_progress):
    keep("pareto-1", tried=True)
    keep("pareto-1", tried=True, right=True)
    keep("pareto-1", tried=True)
    keep("pareto-2", solution=True)
    assert kept() == {
        "pareto-1": {"tries": 3, "right": True, "solution": False},
        "pareto-2": {"tries": 0, "right": False, "solution": True},
    }
    assert json.loads(own_progress.read_text(encoding="utf-8")) == kept()
    assert [p.name for p in own_progress.parent.iterdir()] == [own_progress.name]


def test_progress_tells_every_lesson_in_both_languages():
    for key in keys("pareto"):
        keep(key, right=True)
    keep("trend-2", right=True)
    assert line("pareto", "en") == "✓ 03 Pareto: 3 of 3 right"
    assert line("trend", "zh") == "· 02 趋势与控制图：答对 1/3，待做 trend-1和trend-3"
    for lang in ("zh", "en"):
        assert len(progress(lang).text.splitlines()) == len(LESSONS)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pareto-1": 3}'])
def test_a_file_that_cannot_be_read_counts_as_none(own_progress, content):
    own_progress.parent.mkdir()
    own_progress.write_text(content, encoding="utf-8")
    assert kept() == {}
    keep("pareto-1", right=True)
    assert kept()["pareto-1"]["right"]


def test_where_nothing_can_be_written_the_course_goes_on(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("COMPLAINTKIT_PROGRESS", str(tmp_path / "file" / "progress.json"))
    keep("pareto-1", right=True)
    assert kept() == {}


def test_not_answered_is_told_without_looking_at_the_data(own_progress):
    asked = check("pareto-1", ...)
    assert asked.state == "todo"
    assert "half" in asked.text
    assert "一半" in check("pareto-1", ..., "zh").text
    assert not own_progress.exists()


def test_hint_and_solution_are_in_words_and_noted():
    assert "cutoff" in hint("pareto-1", "zh").text
    shown = solution("pareto-2", "en")
    assert 'weight="cost"' in shown.text
    assert "answer = " in shown.text
    assert "&quot;cost&quot;" in shown.html
    assert kept()["pareto-2"]["solution"]


def test_an_unknown_exercise_or_lesson_names_those_there_are():
    with pytest.raises(Trouble, match="pareto-3"):
        check("pareto-9", 1)
    with pytest.raises(Trouble, match="timeliness-1"):
        hint("nothing")
    with pytest.raises(Trouble, match="sla"):
        begin("nothing")


def test_a_lesson_speaks_the_language_of_its_folder(tmp_path, monkeypatch):
    folder = tmp_path / "zh"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert begin("trend").text.startswith("第 2 课，共 12 课")
    assert "答对" in progress().text
