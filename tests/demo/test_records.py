"""The files of the workflow system, the roster and the survey tool: their dirt is there, and intake accounts for it."""

from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest

from complaintlib.demo import make_demo
from complaintlib.demo.cases import customers, make_cases
from complaintlib.demo.survey import ATTITUDES, surveys
from complaintlib.demo.workflow import follow
from complaintlib.demo.world import make_world
from complaintlib.intake import intake

NO_TIME = "0000-00-00 00:00:00"


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A small company's files, and the store made of them."""
    folder = tmp_path_factory.mktemp("records")
    sources = make_demo(folder, months=3, scale=0.3)
    batches = intake(sorted(sources.iterdir()), store=folder / "store")
    return SimpleNamespace(sources=sources, store=folder / "store", batch={b.source: b for b in batches})


def rows_of(store: Path, table: str) -> str:
    return f"read_parquet('{store}/{table}/**/*.parquet', union_by_name = true)"


def lines(batch) -> dict[str, tuple[int, int]]:
    """Step -> rows lost, rows changed."""
    return {line.step: (line.rows_in - line.rows_out, line.rows_changed) for line in batch.lines}


def stages_in(sources: Path) -> pd.DataFrame:
    return pd.read_csv(
        sources / "workflow.csv", skiprows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig"
    )


def test_the_ledger_shows_the_dirt_of_the_stages(taken: SimpleNamespace) -> None:
    raw, batch = stages_in(taken.sources), taken.batch["workflow"]
    steps = lines(batch)
    genuine = raw[raw["工单号"] != "TEST"]
    once = genuine.drop_duplicates()
    backwards = (once["离开环节时间"] < once["进入环节时间"]) & ~once["离开环节时间"].isin(["", NO_TIME])
    assert batch.rows == len(raw) == batch.used + batch.duplicates + batch.aside
    assert batch.profile == "demo_workflow"
    assert steps["missing"][0] == (raw["工单号"] == "TEST").sum() == batch.aside > 0
    assert steps["exact"][0] == len(genuine) - len(once) == batch.duplicates > 10
    assert steps["time"][1] == (raw["离开环节时间"] == NO_TIME).sum() > 5
    assert 5 < backwards.sum() <= steps["impossible"][1]  # before its copies are taken out


def test_nearly_all_stages_have_their_case(taken: SimpleNamespace) -> None:
    found = duckdb.sql(
        f"""SELECT avg(CAST(c.complaint_id IS NOT NULL AS INTEGER)), count(*)
        FROM {rows_of(taken.store, "events")} e
        LEFT JOIN {rows_of(taken.store, "complaints")} c USING (complaint_id, source)"""
    ).fetchone()
    assert 0.995 <= found[0] < 1  # some are of cases that nobody knows
    assert found[1] == taken.batch["workflow"].used
    without = duckdb.sql(
        f"""SELECT count(*) FROM {rows_of(taken.store, "complaints")} c
        ANTI JOIN {rows_of(taken.store, "events")} e USING (complaint_id, source)"""
    ).fetchone()[0]
    assert without < 0.01 * sum(taken.batch[s].used for s in ("hotline", "app", "web_chat", "email"))


def test_every_value_of_the_stages_is_in_the_profile(taken: SimpleNamespace) -> None:
    assert lines(taken.batch["workflow"])["unlisted"] == (0, 0)
    codes = duckdb.sql(
        f"SELECT DISTINCT source FROM {rows_of(taken.store, 'events')} ORDER BY source"
    ).fetchall()
    assert [code for (code,) in codes] == ["app", "email", "hotline", "social_media", "web_chat"]


def test_the_roster_adds_up(taken: SimpleNamespace) -> None:
    raw = pd.read_csv(taken.sources / "staffing.csv", dtype=str, keep_default_na=False, encoding="gb18030")
    total, rows = raw.iloc[-1], raw.iloc[:-1].drop_duplicates()
    assert total["渠道"] == "合计"
    assert taken.batch["staffing"].aside == 1 + (raw["在岗人数"] == "").sum()
    stored = duckdb.sql(
        f"""SELECT count(*), sum(agents), count(DISTINCT (interval_start, channel)), min(hour(interval_start)),
        max(hour(interval_start)) FROM {rows_of(taken.store, "staffing")}"""
    ).fetchone()
    counted = rows[rows["在岗人数"] != ""]
    assert stored == (len(counted), counted["在岗人数"].astype(int).sum(), len(counted), 9, 17)


def test_the_ledger_shows_the_dirt_of_the_survey(taken: SimpleNamespace) -> None:
    raw = pd.read_excel(
        taken.sources / "survey.xlsx", header=1, engine="calamine", dtype=str, keep_default_na=False
    )
    batch, points = taken.batch["survey"], raw["总体满意度（1-5）"]
    steps = lines(batch)
    in_words = points.str.contains("满意|一般")
    assert batch.rows == len(raw) == batch.used + batch.duplicates + batch.aside
    assert batch.profile == "demo_survey"
    assert steps["number"][1] == points.isin(["0", "6", "11", "99"]).sum() > 0
    assert steps["exact"][0] == raw.duplicated().sum() > 0
    assert 0.05 < in_words.mean() < 0.2
    stored, joined = duckdb.sql(
        f"""SELECT count(s.csat), count(c.complaint_id) FROM {rows_of(taken.store, "surveys")} s
        LEFT JOIN {rows_of(taken.store, "complaints")} c USING (complaint_id, source)"""
    ).fetchone()
    known = raw[(raw["意见与建议"] != "测试")].drop_duplicates()
    assert stored == known["总体满意度（1-5）"].isin(["0", "6", "11", "99"]).map(lambda out: not out).sum()
    assert joined == (known["关联工单"] != "").sum()


def test_answers_fit_the_cases_that_they_are_about() -> None:
    who, _, what, _, _, way, _, _, asked = np.random.default_rng(20231101).spawn(9)
    world = make_world(6, 1.0)
    cases, _ = follow(world, make_cases(world, customers(world, who), what), way)
    answers = surveys(world, cases, asked)
    closed = cases[(cases["status"] == "closed") & (cases["event"] != "again")]
    about = closed.set_index(["complaint_id", "channel"]).loc[
        pd.MultiIndex.from_frame(answers[["complaint_id", "channel"]])
    ]
    about = about.reset_index()
    assert 0.14 < len(answers) / len(closed) < 0.22
    assert answers["survey_id"].is_unique
    assert (answers["answered_at"] >= about["closed_at"].dt.floor("s")).all()
    assert answers["answered_at"].max() < pd.Timestamp("2026-11-01")
    for name in ("csat", *ATTITUDES):
        assert answers[name].between(1, 5).all()
    assert answers["nps"].between(0, 10).all()
    assert answers["expected_speed"].isna().mean() == pytest.approx(0.4, abs=0.05)
    took = about["resolved_at"] - about["received_at"]
    slow = took > took.median()
    assert answers["speed"][slow].mean() < answers["speed"][~slow].mean() - 0.5
    rejected = about["outcome"] == "rejected"
    assert answers["csat"][rejected].mean() < answers["csat"][~rejected].mean() - 0.5
    assert (answers["comment"] != "").mean() == pytest.approx(0.4, abs=0.05)
