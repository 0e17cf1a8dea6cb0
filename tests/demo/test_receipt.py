"""The real event log of a municipality by its two profiles: one row a step, one row a case."""

from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from complaintlib import Period, open_book, sla, stages
from complaintlib.intake import intake


@pytest.fixture(scope="module")
def log(shared_data, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    file, store = shared_data / "permit_receipt_log" / "receipt.csv", tmp_path_factory.mktemp("receipt")
    (cases,) = intake(file, store=store)  # of the two profiles the one that knows more of its columns
    (steps,) = intake(file, "receipt", store=store)
    raw = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
    return SimpleNamespace(store=store, cases=cases, steps=steps, raw=raw)


def ask(log: SimpleNamespace, select: str, table: str, rest: str = "") -> list[tuple]:
    files = f"read_parquet('{log.store}/{table}/**/*.parquet', union_by_name = true)"
    return duckdb.sql(f"SELECT {select} FROM {files} {rest}").fetchall()


def test_every_event_is_a_step(log: SimpleNamespace) -> None:
    assert (log.steps.profile, log.steps.rows, log.steps.used) == ("receipt", 8577, 8577)
    stored = dict(ask(log, "stage, count(*)", "events", "GROUP BY 1"))
    assert stored == log.raw["concept:name"].value_counts().to_dict()
    assert ask(log, "count(DISTINCT complaint_id)", "events") == [(1434,)]


def test_both_offsets_are_read_to_the_time_of_the_place(log: SimpleNamespace) -> None:
    utc = pd.to_datetime(log.raw["time:timestamp"], utc=True, format="ISO8601")
    here = utc.dt.tz_convert("Europe/Amsterdam").dt.tz_localize(None)
    assert set(log.raw["time:timestamp"].str[-6:]) == {"+01:00", "+02:00"}
    assert "with offset 8,577" in log.steps.show("en")
    ((first, last, total),) = ask(
        log, "min(entered_at), max(entered_at), sum(entered_at_elapsed)::BIGINT", "events"
    )
    assert (first, last) == (here.min(), here.max())
    assert total == (utc.dt.tz_localize(None).astype("datetime64[us]").astype("int64") // 60_000_000).sum()


def test_the_case_level_rows_are_one_a_case(log: SimpleNamespace) -> None:
    assert (log.cases.profile, log.cases.rows, log.cases.used) == ("receipt_cases", 8577, 1434)
    assert log.cases.duplicates == 8577 - 1434


def test_open_cases_and_impossible_ends_are_counted(log: SimpleNamespace) -> None:
    case = log.raw.drop_duplicates("case:concept:name")
    began, ended = (
        pd.to_datetime(case[c].where(case[c] != ""), utc=True, format="ISO8601")
        for c in ("case:startdate", "case:enddate")
    )
    assert (log.raw["case:enddate"] == "").sum() == 617
    backwards = (ended < began).sum()
    assert ask(log, "count(*) FILTER (closed_at IS NULL)", "complaints") == [
        (int((case["case:enddate"] == "").sum() + backwards),)
    ]
    changed = {line.step: line.rows_changed for line in log.cases.lines}
    wrong = log.raw["case:concept:name"].isin(case.loc[ended < began, "case:concept:name"])
    assert changed["impossible"] == wrong.sum() > 0


def test_steps_join_their_cases(log: SimpleNamespace) -> None:
    files = f"read_parquet('{log.store}/complaints/**/*.parquet')"
    assert ask(log, "count(*)", "events", f"e JOIN {files} c USING (complaint_id, source)") == [(8577,)]


def test_groups_without_a_name_are_missing(log: SimpleNamespace) -> None:
    empty = int((log.raw["org:group"] == "EMPTY").sum())
    assert ask(log, "count(*) FILTER (department IS NULL)", "events") == [(empty,)]
    changed = {line.step: line.rows_changed for line in log.steps.lines}
    assert changed["blank"] == empty == 1936


def test_cases_over_their_deadline_and_open_ones(log: SimpleNamespace) -> None:
    """Of the cases due in 2011-06: in time, late, and open past it, as the log itself has them."""
    period = Period("2011-06")
    case = log.raw.drop_duplicates("case:concept:name")
    began, ended, due = (
        pd.to_datetime(case[c].where(case[c] != ""), utc=True, format="ISO8601")
        .dt.tz_convert("Europe/Amsterdam")
        .dt.tz_localize(None)
        for c in ("case:startdate", "case:enddate", "case:deadline")
    )
    ended = ended.where((ended >= began) & (ended < period.as_of))
    mine = due.between(period.start, period.end, inclusive="left") & (began < period.as_of)
    state = pd.Series("late", case.index).mask(ended <= due, "met").mask(ended.isna(), "overdue")
    book = open_book(log.store).at(period.as_of)
    assert (
        book.deadlines(window=period).set_index("state")["n"].to_dict()
        == state[mine].value_counts().to_dict()
    )
    assert (
        book.counts(window=period, basis="open")["n"].item() == ((began < period.as_of) & ended.isna()).sum()
    )
    items = sla(open_book(log.store), period).tables["regulator"].set_index("item")
    assert items.loc["own_deadline", ["n", "out_of"]].tolist() == [(state[mine] == "met").sum(), mine.sum()]


def test_the_stage_table_re_adds_to_the_log(log: SimpleNamespace) -> None:
    period = Period("2011-06")
    times = (
        pd.to_datetime(log.raw["time:timestamp"], utc=True, format="ISO8601")
        .dt.tz_convert("Europe/Amsterdam")
        .dt.tz_localize(None)
    )
    mine = log.raw.loc[
        times.between(period.start, period.end, inclusive="left"), "concept:name"
    ].value_counts()
    table = stages(open_book(log.store), period).tables["stages"]
    assert table.set_index("stage")["visits"].to_dict() == {"(all)": mine.sum(), **mine.to_dict()}
