"""The register of measures: what stands in the sheet, what intake makes of it, and that the truths speak of its lines."""

import tomllib
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from complaintlib.demo.register import write_register
from complaintlib.demo.world import load, make_world
from complaintlib.home import DEMO
from complaintlib.intake import intake
from complaintlib.words import label

ACTIONS = {action["id"]: action for action in load("actions")["actions"]}
TRUTHS = tomllib.loads((DEMO / "truths.toml").read_text(encoding="utf-8"))["truths"]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("register")
    write_register(make_world(1, 0.02), folder / "actions.xlsx")
    (batch,) = intake(folder / "actions.xlsx", store=folder / "store")
    stored = duckdb.sql(f"FROM read_parquet('{folder}/store/actions/*.parquet')").df().set_index("action_id")
    return SimpleNamespace(file=folder / "actions.xlsx", batch=batch, stored=stored)


def test_the_store_has_each_measure_as_it_truly_is(taken: SimpleNamespace) -> None:
    assert set(taken.stored.index) == set(ACTIONS)
    for name, action in ACTIONS.items():
        row = taken.stored.loc[name]
        for column in ("title", "department", "owner", "target", "control", "criterion", "status"):
            assert row[column] == action[column] if column in action else pd.isna(row[column]), (name, column)
        if "expected_change" in action:
            assert row["expected_change"] == pytest.approx(action["expected_change"])  # a fall is below 0
        for column, key in (("due_on", "due"), ("started_on", "started"), ("done_on", "done")):
            known = pd.to_datetime(action.get(key), errors="coerce")
            assert row[column] == known or (pd.isna(row[column]) and pd.isna(known)), (name, column)


def test_the_ledger_shows_what_is_wrong_in_the_register(taken: SimpleNamespace) -> None:
    steps = {line.step: (line.rows_in - line.rows_out, line.rows_changed) for line in taken.batch.lines}
    twice = sum("repeated" in action for action in ACTIONS.values())
    assert taken.batch.profile == "demo_actions"
    assert steps["unreadable"][0] == taken.batch.aside == 1  # the sum below the measures
    assert steps["same_id"][0] == taken.batch.duplicates == twice == 2  # the last line of a measure counts
    assert steps["number"][1] == steps["time"][1] == 1  # "about 20,000", "before the end of March"
    assert steps["unlisted"] == steps["outside"] == (0, 0)


def test_days_and_shares_are_written_in_several_forms(taken: SimpleNamespace) -> None:
    sheet = pd.read_excel(taken.file, header=1, engine="calamine", dtype=object)
    for column, text in (("启动日期", r"\d{4}年\d+月\d+日"), ("预期变化", r"-\d+%")):
        cells = sheet[column].dropna()
        typed = cells.map(lambda cell: isinstance(cell, str))
        assert typed.any() and not typed.all()
        assert cells[typed].str.fullmatch(text).all()


def test_the_words_of_the_register_are_there_in_english_too() -> None:
    for action in ACTIONS.values():
        assert (
            label("title", action["title"], "zh") == action["title"] != label("title", action["title"], "en")
        )
        assert label("criterion", action["criterion"], "en").isascii()
        assert (
            label("owner", action["owner"], "zh") != action["owner"] != label("owner", action["owner"], "en")
        )


def test_truths_about_measures_name_their_lines() -> None:
    about = {truth["id"]: ACTIONS[truth["action"]] for truth in TRUTHS if "action" in truth}
    assert set(about) == {"address_check", "packing_guide", "coupon_terms", "ice_packs"}
    for truth in (t for t in TRUTHS if t["id"] in about):
        action = about[truth["id"]]
        assert action["started"] == truth["from"]
        assert action["target"] == f"reason={truth['where']['reason']}"
    late, begun = (
        {name for name, action in ACTIONS.items() if keep(action)}
        for keep in (
            lambda a: "done" not in a and a["status"] != "cancelled" and str(a["due"]) < "2026-11-01",
            lambda a: "target" in a and str(a.get("started")) > "2026-08-01" and "started" in a,
        )
    )
    named = {truth["id"]: set(truth["actions"]) for truth in TRUTHS if "actions" in truth}
    assert named == {"overdue_actions": late, "too_early": begun}


def test_the_register_is_the_same_bytes_each_time(taken: SimpleNamespace, tmp_path: Path) -> None:
    write_register(make_world(2, 0.1), tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == taken.file.read_bytes()
