"""Intake of whole sources: the demo company's, and real ones; every row accounted for, nobody in them to be found."""

import csv
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from complaintlib.demo import make_demo
from complaintlib.home import DATA
from complaintlib.intake import check_store, intake, tables

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo company's last two months, at a third of its size: sources, store and batches."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPLAINTKIT_KEY", "cd" * 32)
        sources = make_demo(folder, months=2, scale=0.3)
        batches = intake(sorted(sources.iterdir()), store=folder / "store")
    return folder, {batch.file: batch for batch in batches}


def read(folder: Path, table: str) -> pd.DataFrame:
    files = [str(path) for path in tables(folder / "store")[table]]
    return duckdb.execute("SELECT * FROM read_parquet($1, hive_partitioning = false)", [files]).df()


def complaints(demo) -> list:
    return [batch for batch in demo[1].values() if batch.table == "complaints"]


def test_customers_are_taken_in_first(demo):
    assert next(iter(demo[1])) == "customers.csv"


def test_m16_every_row_of_every_source_is_accounted_for(demo):
    for batch in demo[1].values():
        assert batch.rows == batch.used + batch.duplicates + batch.aside
        first, last = batch.lines[0], batch.lines[-1]
        assert (first.step, first.rows_in, last.step, last.rows_out) == (
            "read",
            batch.rows,
            "used",
            batch.used,
        )
        lost = sum(line.rows_in - line.rows_out for line in batch.lines)
        assert lost == batch.duplicates + batch.aside
    ledger = read(demo[0], "ledger")
    assert set(ledger["batch_id"]) == {batch.id for batch in demo[1].values()}


def test_the_arrivals_re_add_to_the_store_by_source_and_day(demo):
    arrivals = read(demo[0], "arrivals").query("table == 'complaints'")
    used = arrivals[arrivals["fate"] == "used"].groupby(["source", "day"])["rows"].sum()
    rows = read(demo[0], "complaints")
    kept = rows.groupby(["source", rows["received_at"].dt.normalize()]).size()
    pd.testing.assert_series_equal(
        used[used != 0].sort_index(),
        kept.sort_index(),
        check_names=False,
        check_dtype=False,
        check_index_type=False,
    )
    assert arrivals["rows"].sum() == sum(batch.rows for batch in complaints(demo))
    assert check_store(demo[0] / "store") == []


def test_what_the_demo_planted_is_found(demo):
    """Shares of rows that the generator states; small numbers, so within wide bounds."""
    total = sum(batch.rows for batch in complaints(demo))
    lines = [line for batch in complaints(demo) for line in batch.lines]

    def share(*steps: str) -> float:
        return sum(x.rows_in - x.rows_out + x.rows_changed for x in lines if x.step in steps) / total

    assert 0.01 < share("missing", "no_time", "future") < 0.03  # 2 % invalid
    assert 0.007 < share("exact", "same_id") < 0.025  # 1 % copies and 0.4 % twins
    assert 0.008 < share("channel_stored", "displaced") < 0.025  # 1.5 % over another channel
    assert 0.001 < share("impossible") < 0.008  # 0.3 % closed before received
    assert 0.004 < share("customer") < 0.02  # 1.5 % wrong numbers, a third of them full-width only
    assert share("complete") > 0.001


def test_labels_are_mapped_but_for_one_hostile_value_a_source(demo):
    rows = read(demo[0], "complaints")
    rare = rows["reason"].value_counts()
    labels = pd.read_csv(DATA / "labels.csv", dtype=str)
    known = set(labels.loc[labels["field"] == "reason", "code"])
    assert all(rare[value] <= 2 for value in set(rare.index) - known)
    assert set(rows["severity"].dropna()) == {"major", "urgent", "general", "routine"}
    assert set(rows["valid"].dropna()) <= {"yes", "no", "partly"}


def test_pv01_nothing_personal_is_in_any_file_of_the_store(demo):
    folder, _ = demo
    texts = (folder / "store" / "store.json").read_text(encoding="utf-8")
    for table in tables(folder / "store"):
        frame = read(folder, table)
        for column in frame.columns[[kind in ("str", "object") for kind in frame.dtypes.astype(str)]]:
            texts += "\n" + "\n".join(frame[column].dropna().astype(str).unique())
    with open(folder / "planted.csv", encoding="utf-8", newline="") as file:
        planted = [row for row in csv.DictReader(file) if row["kind"] not in ("name", "address")]
    assert len(planted) > 150
    left = [row["kind"] for row in planted if row["plain"] in texts or row["written"] in texts]
    assert left == []
    customers = pd.read_csv(folder / "sources" / "customers.csv", dtype=str)["customer_id"]
    assert not any(number in texts for number in customers)


def test_customers_orders_and_complaints_still_join(demo):
    rows, customers = read(demo[0], "complaints"), read(demo[0], "customers")
    known = rows["customer_id"].dropna().isin(customers["customer_id"])
    assert known.mean() > 0.99


def test_m30_the_store_is_the_same_whatever_hash_seed_and_zone(demo, tmp_path):
    folder, batches = demo
    files = [folder / "sources" / name for name in batches]
    code = "import sys; from complaintlib.intake import intake; intake(sys.argv[2:], store=sys.argv[1])"
    env = {
        "COMPLAINTKIT_KEY": "cd" * 32,
        "TZ": "America/New_York",
        "LANG": "C",
        "PYTHONHASHSEED": "7",
        "PATH": "",
    }
    small = [str(file) for file in files if file.name in ("email.csv", "social_media.csv")]
    for name, more in (("one", {}), ("two", {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "8"})):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name), *small], env=env | more, check=True)
    one, two = ((tmp_path / name / "store.json").read_bytes() for name in ("one", "two"))
    assert one == two
    for table, files in tables(tmp_path / "one").items():
        for first, second in zip(files, tables(tmp_path / "two")[table], strict=True):
            assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("name", "profile", "rows", "months"),
    [
        ("cfpb/cfpb_sample_18_columns.csv", "cfpb", 6623, ("2015-04", "2020-03")),
        ("gov_messages_zh/messages_2019.xlsx", "gov_messages_zh", 4326, ("2017-06", "2020-01")),
    ],
)
def test_real_sources(tmp_path, monkeypatch, name, profile, rows, months):
    if not (REAL / name).is_file():
        pytest.skip(f"{name} is not beside the repository")
    monkeypatch.setenv("COMPLAINTKIT_KEY", "cd" * 32)
    (batch,) = intake(REAL / name, profile, tmp_path / "store")
    assert batch.rows == rows == batch.used + batch.duplicates + batch.aside
    assert batch.used > 0.99 * rows
    assert (batch.first[:7], batch.last[:7]) == months
    assert check_store(tmp_path / "store") == []
    assert len(read(tmp_path, "complaints")) == batch.used
