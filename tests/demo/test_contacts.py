"""Calls and chats: as many as the volume table says, in their hours, with the busy hour that is planted."""

import tomllib
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest

from complaintlib.demo import make_demo
from complaintlib.demo.cases import customers, make_cases
from complaintlib.demo.contacts import _queue, contacts
from complaintlib.demo.roster import on_duty
from complaintlib.demo.volume import exposure
from complaintlib.demo.workflow import follow
from complaintlib.demo.world import make_world
from complaintlib.home import DATA, DEMO
from complaintlib.intake import intake

TRUTHS = {t["id"]: t for t in tomllib.loads((DEMO / "truths.toml").read_text(encoding="utf-8"))["truths"]}
LABELS = pd.read_csv(DATA / "labels.csv", dtype=str, keep_default_na=False, encoding="utf-8")
CODED = {
    **{name: name for name in ("channel", "ivr_path", "category", "outcome", "no_order_reason")},
    "business_type": "product",
    "origin_province": "region",
    "dest_province": "region",
    "origin_city": "city",
    "dest_city": "city",
}


@pytest.fixture(scope="module")
def company() -> SimpleNamespace:
    streams = np.random.default_rng(20231101).spawn(12)
    world = make_world(3, 1.0)
    people = customers(world, streams[0])
    cases, _ = follow(world, make_cases(world, people, streams[2]), streams[5])
    volume, roster = exposure(world, streams[1], streams[10]), on_duty(world, streams[6])
    log = contacts(world, cases, people, volume, roster, streams[11])
    return SimpleNamespace(world=world, cases=cases, volume=volume, log=log)


def test_as_many_as_the_volume_table_says(company: SimpleNamespace) -> None:
    said = company.volume[company.volume["measure"] == "contacts"]
    said = said[said["month"] >= "2026-09-01"].set_index(["month", "region", "product"])["value"]
    month = company.log["started_at"].dt.to_period("M").dt.start_time
    counted = company.log.groupby([month, "origin_province", "business_type"]).size()
    assert counted.sum() == said.sum()
    assert (
        counted.reindex(said.index, fill_value=0) == said
    ).mean() > 0.99  # a complaint near midnight may cross


def test_each_complaint_by_telephone_or_chat_has_its_contact(company: SimpleNamespace) -> None:
    by_us = company.cases[company.cases["channel"].isin(["hotline", "web_chat"])]
    by_us = by_us[by_us["received_at"] >= "2026-09-01"].set_index("complaint_id")
    named = company.log[company.log["complaint_id"] != ""].set_index("complaint_id")
    assert named.index.is_unique
    assert set(named.index) == set(by_us.index)
    by_us = by_us.loc[named.index]
    assert (named["channel"] == by_us["channel"]).all()
    assert (named["customer_id"] == by_us["customer_id"]).all()
    assert (named["category"] == "complaint").all() and not named["abandoned"].any()
    answered = named["started_at"] + pd.to_timedelta(named["wait_seconds"], unit="s")
    assert (answered <= by_us["received_at"])[
        by_us["received_at"].dt.time > pd.Timestamp("00:05").time()
    ].all()


def test_the_busy_hour_is_there_and_only_there(company: SimpleNamespace) -> None:
    truth, calls = TRUTHS["busy_monday"], company.log[company.log["channel"] == "hotline"]
    first, end = truth["between"]
    then = calls[calls["started_at"].dt.hour.between(first, end - 1)]
    day = then["started_at"].dt.floor("D")
    holidays = pd.date_range("2026-10-01", "2026-10-07")
    then, day = then[~day.isin(holidays)], day[~day.isin(holidays)]
    mondays, others = day.dt.day_of_week == truth["weekday"], day.dt.day_of_week.between(1, 4)
    each = [then[some].groupby(day[some]).size().mean() for some in (mondays, others)]
    assert each[0] / each[1] == pytest.approx(2.5, abs=0.3)
    assert 0.25 < then.loc[mondays, "abandoned"].mean() < 0.38
    assert then.loc[others, "abandoned"].mean() < 0.09
    assert then.loc[mondays, "wait_seconds"].mean() > 3 * then.loc[others, "wait_seconds"].mean()
    elsewhere = calls.drop(then.index[mondays])
    assert elsewhere["abandoned"].mean() < 0.08


def test_an_abandoned_contact_is_about_nobody_knows_what(company: SimpleNamespace) -> None:
    gone = company.log[company.log["abandoned"]]
    assert gone["talk_seconds"].isna().all()
    assert (gone[["agent_id", "category", "outcome", "complaint_id"]] == "").all(axis=None)
    stayed = company.log[~company.log["abandoned"]]
    assert stayed["talk_seconds"].between(15, 3600).all()
    assert (stayed[["agent_id", "category", "outcome"]] != "").all(axis=None)
    why = stayed["no_order_reason"] != ""
    assert why.equals(stayed["category"].isin(["order", "price", "coverage"]) & (stayed["outcome"] == "none"))


def test_a_queue_counted_by_hand() -> None:
    """One agent, then two. The second waits 20 s; the third would wait 30 s and hangs up; the fourth finds the second agent."""
    start, busy = np.array([0.0, 10, 20, 30]), np.array([30.0, 20, 60, 15])
    patience, agents = np.array([99.0, 99, 25, 99]), np.array([1, 1, 1, 2])
    assert _queue(start, busy, patience, agents).tolist() == [0, 20, 30, 0]


def test_every_code_has_both_words_and_stands_in_the_profile(company: SimpleNamespace) -> None:
    profile = tomllib.loads((DATA / "profiles" / "demo_contacts.toml").read_text(encoding="utf-8"))
    for name, field in CODED.items():
        codes = set(company.log[name]) - {""}
        assert codes <= set(LABELS.loc[LABELS["field"] == field, "code"]), name
        assert codes <= set(profile["values"][name].values()), name


def test_the_ledger_shows_the_dirt_and_the_rest_is_stored(tmp_path) -> None:
    sources = make_demo(tmp_path, months=2, scale=0.1)
    raw = pd.read_csv(sources / "contacts.csv", dtype=str, keep_default_na=False, encoding="gb18030")
    batches = intake(
        [sources / name for name in ("customers.csv", "contacts.csv", "hotline_2026.csv", "web_chat.xlsx")],
        store=tmp_path / "store",
    )
    batch = next(b for b in batches if b.source == "contacts")
    steps = {line.step: (line.rows_in - line.rows_out, line.rows_changed) for line in batch.lines}
    real = raw[~raw["流水号"].isin(["合计", "TEST"]) & ~raw["进线时间"].str.startswith("0000")]
    assert raw["流水号"].iloc[-1] == "合计" and int(raw["进线时间"].iloc[-1]) == batch.used
    assert batch.rows == len(raw) == batch.used + batch.duplicates + batch.aside
    assert steps["exact"][0] == batch.duplicates == real.duplicated().sum() > 0
    assert steps["time"][1] == steps["no_time"][0] == raw["进线时间"].str.startswith("0000").sum() > 0
    assert steps["missing"][0] == (raw["流水号"] == "TEST").sum()
    assert steps["number"][1] == (raw["等待秒数"] == "-1").sum() > 0
    assert steps["unlisted"] == steps["outside"] == (0, 0)
    volume = pd.read_csv(sources / "exposure.csv", encoding="utf-8")
    assert batch.used == volume.loc[volume["measure"] == "contacts", "value"].sum()
    rows = {t: f"read_parquet('{tmp_path}/store/{t}/**/*.parquet')" for t in ("contacts", "complaints")}
    named, found = duckdb.sql(
        f"""SELECT count(*), count(c.received_at) FROM {rows["contacts"]} x
        LEFT JOIN {rows["complaints"]} c USING (complaint_id, source) WHERE x.complaint_id IS NOT NULL"""
    ).fetchone()
    assert named > 100 and found >= 0.97 * named  # the rest: one matter over two channels is kept once
    held = duckdb.sql(f"SELECT * FROM {rows['contacts']}").df().astype(str)
    assert not held.isin(set(raw["主叫号码"]) - {""}).any(
        axis=None
    )  # no telephone number gets into the store
