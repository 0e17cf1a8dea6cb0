"""Texts lie apart from what is counted, and each stays with its complaint whatever becomes of it."""

import csv
import os
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from complaintlib.intake import check_store, intake, tables
from complaintlib.intake.profile import Profile
from complaintlib.schema import TABLES, TEXT

COLUMNS = ["complaint_id", "received_at", "closed_at", "reason", "text", "demand"]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("COMPLAINTKIT_KEY", "ab" * 32)


def profile(**more) -> Profile:
    return Profile(**({"name": "p", "source": "hotline", "columns": {c: (c,) for c in COLUMNS}} | more))


def file(path: Path, rows: list[dict]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    os.utime(path, (datetime(2026, 11, 1, 12).timestamp(),) * 2)
    return path


def case(number: int, month: int = 9, **more) -> dict:
    day = f"2026-{month:02d}-{1 + number % 28:02d} 09:00:00"
    return {
        "complaint_id": f"H{number:03d}",
        "received_at": day,
        "reason": "late",
        "text": f"包裹 {number}",
    } | more


def texts(store: Path) -> dict[str, str]:
    files = [str(path) for path in tables(store).get("texts", [])]
    if not files:
        return {}
    found = duckdb.execute(
        "SELECT complaint_id, text FROM read_parquet($1, hive_partitioning = false)", [files]
    )
    return dict(found.fetchall())


def test_texts_lie_in_files_of_their_own_in_the_order_of_time(tmp_path):
    given = [case(n, text="" if n % 3 else f"包裹 {n}") for n in range(20, 0, -1)]
    intake(file(tmp_path / "a.csv", given), profile(), tmp_path / "store")
    (counted,), (said,) = (tables(tmp_path / "store")[name] for name in ("complaints", "texts"))
    columns = TABLES["complaints"].columns
    assert {c for c, kind in columns.items() if kind != TEXT} <= set(pd.read_parquet(counted).columns)
    assert not {c for c, kind in columns.items() if kind == TEXT} & set(pd.read_parquet(counted).columns)
    found = pd.read_parquet(said)
    assert list(found.columns) == ["complaint_id", "source", "received_at", "text", "demand"]
    assert list(found["complaint_id"]) == [f"H{n:03d}" for n in range(1, 21) if n % 3 == 0]
    assert said.parent.name == "month=2026-09" and check_store(tmp_path / "store") == []


def test_a_newer_state_brings_its_own_text_and_a_replaced_batch_takes_its_texts_along(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(1), case(2), case(3)]), profile(), store)
    newer = [
        case(1, closed_at="2026-09-20 10:00:00", text="已解决"),
        case(2, closed_at="2026-09-21 10:00:00", text=""),
    ]
    (done,) = intake(file(tmp_path / "b.csv", newer), profile(), store)
    assert done.updated == 2
    assert texts(store) == {"H001": "已解决", "H003": "包裹 3"}
    intake(file(tmp_path / "b.csv", [case(4)]), profile(), store, replace=True)
    assert texts(store) == {"H003": "包裹 3", "H004": "包裹 4"}
    assert check_store(store) == []


def test_a_stored_case_that_is_completed_keeps_its_text(tmp_path):
    store, kind = tmp_path / "store", profile(complete={"reason": "complaint_id"})
    intake(file(tmp_path / "a.csv", [case(1, reason="", closed_at="2026-09-20 10:00:00")]), kind, store)
    (done,) = intake(file(tmp_path / "b.csv", [case(1)]), kind, store)
    assert (done.duplicates, done.updated) == (1, 0)
    (path,) = tables(store)["complaints"]
    assert pd.read_parquet(path)["reason"].tolist() == ["late"]
    assert texts(store) == {"H001": "包裹 1"} and check_store(store) == []


def test_a_text_alone_differs_so_the_row_is_no_copy(tmp_path):
    store = tmp_path / "store"
    (done,) = intake(
        file(tmp_path / "a.csv", [case(1), case(1, text="包裹 1 又丢了"), case(1)]), profile(), store
    )
    lost = {line.step: line.rows_in - line.rows_out for line in done.lines}
    assert (lost["exact"], lost["same_id"]) == (1, 1)
    (again,) = intake(file(tmp_path / "b.csv", [case(2), case(2, text="请打 16012345678")]), profile(), store)
    assert again.duplicates == 1 and "16012345678" not in repr(texts(store))


def test_a_file_of_many_months_gives_the_same_files_as_one_a_month(tmp_path):
    months = range(1, 8)
    given = {
        m: [case(100 * m + n, m, text=f"请打 1601234{m:02d}{n:02d}" * (n % 2)) for n in range(12)]
        for m in months
    }
    mixed = sorted(
        (row for rows in given.values() for row in rows), key=lambda row: row["complaint_id"][::-1]
    )
    intake(file(tmp_path / "all.csv", mixed), profile(), tmp_path / "one")
    intake([file(tmp_path / f"{m}.csv", rows) for m, rows in given.items()], profile(), tmp_path / "many")
    for table in ("complaints", "texts"):
        one, many = (tables(tmp_path / store)[table] for store in ("one", "many"))
        assert [path.parent.name for path in one] == [path.parent.name for path in many]
        for first, second in zip(one, many, strict=True):
            frames = [
                pd.read_parquet(path).drop(columns="batch", errors="ignore") for path in (first, second)
            ]
            pd.testing.assert_frame_equal(*frames)
    assert len(texts(tmp_path / "one")) == 7 * 6


def test_a_text_whose_complaint_is_gone_is_found(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(1), case(2)]), profile(), store)
    (path,) = tables(store)["texts"]
    rows = pd.read_parquet(path)
    pd.concat([rows, rows.assign(complaint_id=["H009", "H008"])]).to_parquet(path)
    path.chmod(0o600)
    (problem,) = check_store(store)
    assert (problem.code, problem.rows) == ("texts", 2)


def test_a_column_that_a_table_has_got_since_is_missing_in_older_rows(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(1), case(2)]), profile(), store)
    (path,) = tables(store)["complaints"]
    pd.read_parquet(path).drop(columns=["compensation", "city"]).to_parquet(path)
    intake(file(tmp_path / "b.csv", [case(2, closed_at="2026-09-20 10:00:00"), case(3)]), profile(), store)
    (path,) = tables(store)["complaints"]
    found = pd.read_parquet(path)
    assert list(found["complaint_id"]) == ["H001", "H002", "H003"]
    assert found[["compensation", "city"]].isna().all(axis=None)


def test_rows_without_the_first_part_of_their_key_are_found_again_too(tmp_path):
    columns = {c: (c,) for c in ("contact_id", "complaint_id", "auditor", "label")}
    kind = Profile("audits", table="audits", source="audits", columns=columns)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(
            f"contact_id,complaint_id,auditor,label,{name}\n,H1,kim,late,\nC1,,kim,late,\n", encoding="utf-8"
        )
    first, second = intake([tmp_path / "a.csv", tmp_path / "b.csv"], kind, tmp_path / "store")
    assert (first.used, second.used, second.duplicates) == (2, 0, 2)
    assert check_store(tmp_path / "store") == []
