"""What the company counts beside complaints, and the complaints that outages of its app bring a month later."""

import tomllib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from complaintlib.demo.cases import customers, make_cases
from complaintlib.demo.outages import fault_cases
from complaintlib.demo.sources import export
from complaintlib.demo.texts import write
from complaintlib.demo.volume import exposure
from complaintlib.demo.world import make_world
from complaintlib.home import DEMO

TRUTHS = {t["id"]: t for t in tomllib.loads((DEMO / "truths.toml").read_text(encoding="utf-8"))["truths"]}


@pytest.fixture(scope="module")
def company() -> SimpleNamespace:
    streams = np.random.default_rng(20231101).spawn(11)  # as `make_demo` has them
    world = make_world(36, 1.0)
    people = customers(world, streams[0])
    faults = fault_cases(world, people, streams[9])
    cases = make_cases(world, people, streams[2])
    volume = exposure(world, streams[1], streams[10])
    return SimpleNamespace(world=world, faults=faults, cases=cases, volume=volume)


def by_month(times: pd.Series) -> pd.Series:
    months = pd.period_range("2023-11", "2026-10", freq="M")
    return times.dt.to_period("M").value_counts().reindex(months, fill_value=0)


def measured(company: SimpleNamespace, measure: str) -> pd.Series:
    rows = company.volume[company.volume["measure"] == measure]
    return rows.groupby(rows["month"].dt.to_period("M"))["value"].sum()


def correlations(now: pd.Series, before: pd.Series, lags: int = 4) -> list[float]:
    return [np.corrcoef(now.to_numpy()[k:], before.to_numpy()[: len(before) - k])[0, 1] for k in range(lags)]


def test_app_faults_follow_the_outages_a_month_later(company: SimpleNamespace) -> None:
    truth = TRUTHS["outages_then_app_faults"]
    of_faults = company.cases.loc[company.cases["reason"] == truth["where"]["reason"], "received_at"]
    faults = by_month(pd.concat([of_faults, company.faults["received_at"]]))
    found = correlations(faults / measured(company, "orders"), measured(company, "outages"))
    assert int(np.argmax(found)) == truth["lag"]
    assert found[truth["lag"]] > 0.8
    assert max(found[:1] + found[2:]) < 0.3


def test_as_many_more_as_the_truth_says(company: SimpleNamespace) -> None:
    truth, hours = TRUTHS["outages_then_app_faults"], company.world.facts["outages"]["hours"]
    usual = by_month(company.cases.loc[company.cases["reason"] == "app_fault", "received_at"]).mean()
    more = by_month(company.faults["received_at"])
    after = {pd.Period(month) + truth["lag"]: number for month, number in hours.items()}
    assert set(more[more > 0].index) <= set(after)
    assert more.sum() / (usual * sum(after.values())) == pytest.approx(truth["per_hour"], rel=0.2)


def test_requests_fail_in_the_months_of_outages_only(company: SimpleNamespace) -> None:
    failed, hours = measured(company, "outages"), company.world.facts["outages"]["hours"]
    assert set(failed[failed > 0].index.astype(str)) == set(hours)
    an_hour = failed / measured(company, "orders") / pd.Series(hours).rename(pd.Period)
    assert an_hour.dropna().between(0.0038, 0.0042).all()


def test_late_delivery_goes_with_what_is_delivered(company: SimpleNamespace) -> None:
    truth = TRUTHS["deliveries_and_late_ones"]
    late = by_month(company.cases.loc[company.cases["reason"] == "late_delivery", "received_at"])
    change = [np.log(series).diff().dropna() for series in (late, measured(company, truth["measure"]))]
    found = correlations(*change)
    assert int(np.argmax(np.abs(found))) == truth["lag"]
    assert found[truth["lag"]] > 0.6
    assert measured(company, "deliveries").sum() == pytest.approx(measured(company, "orders").sum(), rel=0.02)


def test_case_and_order_numbers_are_nobody_elses(company: SimpleNamespace) -> None:
    for name in ("complaint_id", "order_id"):
        assert company.faults[name].is_unique
        assert not set(company.faults[name]) & set(company.cases[name])
    app = company.cases[company.cases["channel"] == "app"]
    assert set(company.faults["complaint_id"].str.len()) == set(app["complaint_id"].str.len())
    assert (company.faults["channel"] == "app").all()


def test_all_other_lines_of_the_app_stay_as_they_are(tmp_path) -> None:
    streams = np.random.default_rng(20231101).spawn(11)
    world = make_world(4, 0.2)
    people = customers(world, streams[0])
    cases, faults = make_cases(world, people, streams[2]), fault_cases(world, people, streams[9])
    cases, _ = write(world, cases.assign(phone=""), streams[3])
    faults, _ = write(world, faults, streams[9])
    lines = {}
    for name, parts in (("without", [cases]), ("with", [cases, faults])):
        (tmp_path / name).mkdir()
        streams_of_parts = [(part, np.random.default_rng(i)) for i, part in enumerate(parts)]
        export(world, streams_of_parts, tmp_path / name, lambda what: None)
        lines[name] = (tmp_path / name / "app.jsonl").read_bytes().splitlines()
    among = iter(lines["with"])
    assert all(any(line == other for other in among) for line in lines["without"])  # and in the same order
    assert len(lines["with"]) - len(lines["without"]) >= len(faults) > 5
    for path in (tmp_path / "without").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "with" / path.name).read_bytes(), path.name
