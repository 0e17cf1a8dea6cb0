"""Recipes and typed parameters: what is wrong is told before anything runs, all of it, with the nearest name."""

import json

import pytest
from made import NOTEBOOKS, recipe, step

from complaintlib.period import Period
from complaintlib.report.parameters import parameters_of
from complaintlib.report.recipe import RECIPES, load_recipe
from complaintlib.words import Trouble

GOOD = """
title = { zh = "{period}报告", en = "Report of {period}" }
kind = "month"
[front]
tiles = "headline"
pictures = ["toy"]
[limits]
cell_seconds = 5
[[steps]]
name = "headline"
section = "headline"
[[steps]]
name = "toy"
section = "content"
parameters = { by = "product" }
"""


def loaded(tmp_path, text):
    path = tmp_path / "test.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path, NOTEBOOKS)


def trouble(tmp_path, text):
    with pytest.raises(Trouble) as caught:
        loaded(tmp_path, text)
    assert caught.value.exit_code == 2
    return caught.value


def test_a_recipe_is_read_whole(tmp_path):
    found = loaded(tmp_path, GOOD)
    assert [s.name for s in found.steps] == ["headline", "toy"]
    assert found.steps[1].parameters == {"by": "product"}
    assert (found.tiles, found.pictures, found.cell_seconds, found.notebook_seconds) == (
        "headline",
        ("toy",),
        5,
        900,
    )


@pytest.mark.parametrize(
    ("old", "new", "zh", "en"),
    [
        ("kind =", "knd =", "knd", "did you mean kind?"),
        ('kind = "month"', 'kind = "moon"', "kind 应为", "kind must be one of"),
        ('tiles = "headline"', 'tiles = "headlin"', "没有 headlin 这个步骤", "there is no step headlin; did you mean headline?"),
        ("{ by =", "{ byy =", "byy", "there is no key toy.byy; did you mean by?"),
        ('by = "product"', "by = 202610", "参数 by 应为 str", "parameter by must be str, not 202610"),
        ('by = "product"', 'period = "2026-01"', "period", "there is no key toy.period"),
        ('name = "toy"', 'name = "toy"\nnotebook = "toi"', "toi", "there is no notebook toi; did you mean toy?"),
        ('name = "toy"', 'name = "../x"', "小写字母", "must be lower-case letters"),
        ('name = "headline"', 'name = "toy"\nnotebook = "toy"', "步骤名重复：toy", "two steps are called toy"),
        ('section = "content"', 'section = "contents"', "没有分区", "there is no section 'contents'"),
        ("cell_seconds = 5", "cell_seconds = 0", "limits.cell_seconds", "limits.cell_seconds must be seconds"),
        ("en =", "fr =", "两种语言", "title must be {"),
        ("[[steps]]", "[[stepz]]", "缺少 [[steps]]", "there are no [[steps]]"),
    ],
)  # fmt: skip
def test_h58_h59_what_is_mistyped_stops_the_run_and_the_nearest_name_is_given(tmp_path, old, new, zh, en):
    found = trouble(tmp_path, GOOD.replace(old, new))
    assert zh in found.say("zh") and en in found.say("en")


def test_all_problems_are_told_at_once(tmp_path):
    text = GOOD.replace("kind =", "knd =").replace("{ by =", "{ byy =").replace("tiles =", "tilez =")
    said = trouble(tmp_path, text).say("en")
    assert all(f"{number}. " in said for number in (1, 2, 3, 4)) and "tilez" in said and "byy" in said


def test_braces_in_a_recipe_do_not_break_the_message(tmp_path):
    assert "{x}" in trouble(tmp_path, GOOD.replace('by = "product"', '"{x}" = 1')).say("en")


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(Trouble, match="did you mean monthly"):
        load_recipe("montly")


def test_only_takes_steps_by_name_and_refuses_others():
    both = recipe(step("one"), step("two"))
    assert [s.name for s in both.only(["two"]).steps] == ["two"]
    assert both.only([]) == both
    with pytest.raises(Trouble, match="no step tow; did you mean two"):
        both.only(["tow"])


def test_a_monthly_recipe_refuses_a_week():
    with pytest.raises(Trouble) as caught:
        recipe(step("one")).check(Period("2026-W43"))
    assert caught.value.say("zh") == "配方 toys 用于月，2026-W43 不是"


def test_parameters_are_read_with_type_default_and_comment():
    found = parameters_of(NOTEBOOKS / "toy.ipynb")
    assert list(found)[:4] == ["period", "store", "lang", "as_of"]
    assert (found["by"].type, found["by"].default, found["by"].comment) == ("str", "reason", "dimension")


@pytest.mark.parametrize(
    "line",
    [
        "top = 3",
        "top: int = 'three'",
        "top: list = []",
        "top: int = 1 + 2",
        "import os",
        "top: bool = 1",
        "top: int =",
    ],
)
def test_a_line_that_is_no_typed_default_is_refused(tmp_path, line):
    content = json.loads((NOTEBOOKS / "toy.ipynb").read_text(encoding="utf-8"))
    cell = next(c for c in content["cells"] if c["id"] == "parameters")
    cell["source"] += "\n" + line
    path = tmp_path / "changed.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(Trouble, match="must be `name: type = default`"):
        parameters_of(path)


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path):
    path = tmp_path / "empty.ipynb"
    path.write_text('{"cells": []}', encoding="utf-8")
    with pytest.raises(Trouble, match="exactly one parameters cell"):
        parameters_of(path)


def test_whole_numbers_may_stand_for_floats_but_flags_not_for_numbers(tmp_path):
    content = json.loads((NOTEBOOKS / "toy.ipynb").read_text(encoding="utf-8"))
    cell = next(c for c in content["cells"] if c["id"] == "parameters")
    cell["source"] += "\ncutoff: float = 0.8  # 份额 share\ntop: int = 3"
    path = tmp_path / "changed.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    found = parameters_of(path)
    assert found["cutoff"].comment == "份额 share"
    assert found["cutoff"].problem(1) is None and found["cutoff"].problem(True)
    assert found["top"].problem(2) is None and found["top"].problem(2.0) and found["top"].problem(True)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_of_the_house_is_valid(path):
    load_recipe(path)
