"""The command line as a user meets it: in their language, with the remedy, without a traceback, with the right exit code."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from complaintlib.home import HOME
from complaintlib.methods import METHODS
from complaintlib.usage import CHINESE

CASES = "投诉编号,受理时间,投诉原因\n" + "".join(f"T{i},2026-10-{1 + i:02d} 10:00,破损\n" for i in range(20))


def run(*arguments: str, lang: str = "en") -> tuple[int, str]:
    """Exit code and all that was said; never a traceback, and Chinese only in Chinese."""
    done = subprocess.run(
        [sys.executable, "-m", "complaintlib", *arguments],
        cwd=HOME,
        env={**os.environ, "COMPLAINTKIT_LANG": lang},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said and "internal error" not in said and "内部错误" not in said, said
    return done.returncode, said


@pytest.fixture
def export(tmp_path) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(CASES, encoding="utf-8")
    return path


def test_help_and_mistakes_are_in_the_readers_language():
    for lang, usage, missing in (("en", "Usage:", "Missing argument"), ("zh", "用法：", "缺少参数")):
        assert usage in run("intake", "--help", lang=lang)[1]
        code, said = run("intake", lang=lang)
        assert code == 2 and missing in said


def test_every_chinese_word_for_click_is_one_that_click_says():
    """Or it would be English again after an update, unnoticed."""
    source = Path(click.__file__).parent
    said = {
        node.value
        for path in source.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(CHINESE) <= said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("report", "2026-10", "--lang", "fr"), 2, "no such language: “fr”"),
        (("report", "2026-10", "--as-of", "10/11/2026"), 2, "is not a time. Write 2026-10-15"),
        (("report", "2026-13"), 2, "is not a period. Write 2026-10"),
        (("check", "--store", "nowhere"), 2, "there is no store in nowhere"),
        (("verify", "nowhere"), 1, "run.json is missing"),
        (("intake", "nowhere.csv"), 3, "The file nowhere.csv was refused"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(arguments, code, said):
    found, text = run(*arguments)
    assert (found, said in text) == (code, True), text


def test_each_file_is_accounted_for_also_where_a_later_one_is_refused(export, tmp_path):
    bad = tmp_path / "later.csv"
    bad.write_text("投诉编号,受理时间\n" + "1,03/04/2026\n" * 30, encoding="utf-8")
    code, said = run(
        "intake", str(export), str(bad), "--profile", "generic", "--store", str(tmp_path / "store")
    )
    assert code == 3
    assert "cases.csv: 20 rows read = 20 used + 0 duplicate + 0 set aside" in said
    assert "The file later.csv was refused" in said and "day_first = true or false" in said
    code, said = run("intake", str(export), "--store", str(tmp_path / "store"), lang="zh")
    assert (code, "内容已在库中" in said) == (0, True)


def test_a_place_that_cannot_be_written_is_named(export):
    code, said = run("intake", str(export), "--store", os.devnull + "/x")
    assert code == 2 and "cannot be read or written" in said


def test_methods_are_listed_with_their_questions():
    for lang, mark in (("en", "?"), ("zh", "？")):
        said = run("methods", lang=lang)[1]
        assert all(name in said for name in METHODS) and said.count(mark) >= len(METHODS)


def test_taxonomies_are_listed_and_one_is_told_in_full():
    code, said = run("taxonomies", lang="zh")
    assert code == 0 and "nature" in said and "投诉性质" in said
    code, said = run("taxonomies", "nature")
    assert code == 0 and "Product quality" in said and "what may be done" in said
    code, said = run("taxonomies", "natur")
    assert code == 2 and "did you mean nature?" in said
