"""The store: each file once, whole or not at all, the same whatever the order in which its rows came."""

import csv
import hashlib
import json
import os
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from complaintlib.intake import batch as batches
from complaintlib.intake import check_store, intake, tables
from complaintlib.intake.notes import Refused
from complaintlib.intake.profile import Break, Duplicates, Profile
from complaintlib.intake.store import opened
from complaintlib.schema import TABLES
from complaintlib.words import Trouble, Words, width

COLUMNS = [
    "complaint_id",
    "received_at",
    "closed_at",
    "reason",
    "customer_id",
    "order_id",
    "agent_id",
    "text",
]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("COMPLAINTKIT_KEY", "ab" * 32)
    monkeypatch.setenv("COMPLAINTKIT_LANG", "en")


def profile(source: str = "hotline", **more) -> Profile:
    given = {"name": f"by_{source}", "source": source, "columns": {c: (c,) for c in COLUMNS}}
    return Profile(**(given | {"constants": {"channel": source}} | more))


def file(path: Path, rows: list[dict], columns: list[str] = COLUMNS) -> Path:
    """A CSV file that was written on 1 November 2026."""
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        writer.writerows(rows)
    day = datetime(2026, 11, 1, 12).timestamp()
    os.utime(path, (day, day))
    return path


def case(number: int, **more) -> dict:
    day = f"2026-{9 + number // 20:02d}-{1 + number % 20:02d} 09:00:00"
    return {"complaint_id": f"H{number:03d}", "received_at": day, "reason": f"r{number % 3}"} | more


TEXTS = ["complaint_id", "source", "text", "demand"]


def written(store: Path, table: str) -> pd.DataFrame:
    files = [str(path) for path in tables(store).get(table, [])]
    return duckdb.execute("SELECT * FROM read_parquet($1, hive_partitioning = false)", [files]).df()


def rows(store: Path, table: str = "complaints", without: tuple[str, ...] = ("batch",)) -> pd.DataFrame:
    """The table's rows; complaints with their texts."""
    found = written(store, table)
    if table == "complaints":
        texts = written(store, "texts") if "texts" in tables(store) else found.reindex(columns=TEXTS)
        found = found.merge(texts[TEXTS].drop_duplicates(), how="left", on=TEXTS[:2])
    return found.drop(columns=list(without), errors="ignore").sort_values(
        list(TABLES[table].key), ignore_index=True
    )


def fates(store: Path) -> dict:
    found = rows(store, "arrivals").groupby(["source", "fate"])["rows"].sum()
    return {key: int(n) for key, n in found.items() if n}


def bytes_of(store: Path) -> dict[str, str]:
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def test_a_store_by_hand(tmp_path):
    kind = profile(breaks=(Break("reason", "2026-10-01", Words("新分类", "new taxonomy")),))
    (done,) = intake(file(tmp_path / "a.csv", [case(n) for n in range(30)]), kind, tmp_path / "store")
    assert (done.rows, done.used, done.duplicates, done.aside) == (30, 30, 0, 0)
    store = tmp_path / "store"
    months = [path.parent.name for path in tables(store)["complaints"]]
    assert months == ["month=2026-09", "month=2026-10"]
    content = json.loads((store / "store.json").read_text(encoding="utf-8"))
    assert content["breaks"] == [
        {"field": "reason", "at": "2026-10-01", "zh": "新分类", "en": "new taxonomy"}
    ]
    assert content["zone"] == "Asia/Shanghai"
    got = rows(store)
    assert set(TABLES["complaints"].columns) <= set(got.columns)
    first = got.iloc[0]
    assert first["received_at_elapsed"] == datetime(2026, 9, 1, 1).timestamp() // 60 - (
        datetime(1970, 1, 1).timestamp() // 60
    )
    assert got["received_at_worked"].notna().all() and got["closed_at_worked"].isna().all()
    assert check_store(store) == []
    written = pd.read_parquet(tables(store)["complaints"][0], columns=["received_at"])["received_at"]
    assert written.is_monotonic_increasing and written.dtype == "datetime64[us]"


def test_only_the_owner_can_read_it(tmp_path):
    intake(file(tmp_path / "a.csv", [case(1)]), profile(), tmp_path / "deep" / "store")
    paths = [tmp_path / "deep", *(tmp_path / "deep").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}


def test_b40_the_same_file_again_changes_nothing(tmp_path):
    given, store = file(tmp_path / "a.csv", [case(n) for n in range(5)]), tmp_path / "store"
    (first,) = intake(given, profile(), store)
    before = bytes_of(store)
    (again,) = intake(given, profile(), store)
    assert again.state == "known" and again.id == first.id
    assert bytes_of(store) == before
    assert first.id in again.show("en") and "未作改动" in again.show("zh")


def test_b40_m04_overlapping_files_are_not_doubled(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(n) for n in range(10)]), profile(), store)
    before, shown = rows(store), bytes_of(store)
    # The same rows in another file: one more column makes it another content.
    (same,) = intake(
        file(tmp_path / "b.csv", [case(n) for n in range(10)], [*COLUMNS, "note"]), profile(), store
    )
    assert (same.used, same.duplicates) == (0, 10)
    pd.testing.assert_frame_equal(rows(store), before)
    assert {name: digest for name, digest in bytes_of(store).items() if name.startswith("complaints")} == {
        name: digest for name, digest in shown.items() if name.startswith("complaints")
    }
    (more,) = intake(file(tmp_path / "c.csv", [case(n) for n in range(5, 15)]), profile(), store)
    assert (more.used, more.duplicates) == (5, 5)
    assert fates(store) == {("hotline", "used"): 15, ("hotline", "duplicate"): 15}
    assert check_store(store) == []


def test_m03_a_file_in_parts_in_any_order_gives_the_same_store(tmp_path):
    kind = profile(complete={"agent_id": "complaint_id"})
    whole = [case(n, customer_id=f"c{n % 7}", text="请打 16012345678") for n in range(24)]
    whole += [case(n) for n in (3, 3, 8)]  # with fewer columns filled: older states
    whole += [case(n, closed_at="2026-10-25 10:00:00", agent_id="a1") for n in (4, 21)]  # newer states
    whole += [case(5, agent_id="a9"), case(5, closed_at="2026-10-26 10:00:00")]  # one completes the other
    whole += [case(30, received_at="nonsense")]
    once = tmp_path / "once"
    (done,) = intake(file(tmp_path / "whole.csv", whole), kind, once)
    assert (done.used, done.duplicates, done.aside) == (24, 7, 1)
    agents = rows(once).set_index("complaint_id")["agent_id"]
    assert agents.notna().sum() == 3 and agents["H004"] == agents["H021"] != agents["H005"]
    for name, parts in {
        "forth": (whole[:9], whole[9:28], whole[28:]),
        "back": (whole[28:], whole[9:28], whole[:9]),
    }.items():
        store = tmp_path / name
        loose = profile(complete={"agent_id": "complaint_id"}, max_loss=1.0)
        paths = [file(tmp_path / f"{name}{n}.csv", part) for n, part in enumerate(parts)]
        done = intake(paths, loose, store)
        assert sum(b.rows for b in done) == len(whole)
        pd.testing.assert_frame_equal(rows(store), rows(once))
        assert fates(store) == fates(once) == {
            ("hotline", "used"): 24, ("hotline", "duplicate"): 7, ("hotline", "aside"): 1
        }  # fmt: skip
        assert check_store(store) == []


def test_newer_content_takes_the_place_of_the_older_in_its_month_only(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(n) for n in range(30)]), profile(), store)
    september = tables(store)["complaints"][0]
    newer = [
        case(25, closed_at="2026-10-20 10:00:00", reason="r9"),
        case(26),
        case(40, received_at="2026-10-30 10:00:00"),
    ]
    (done,) = intake(file(tmp_path / "b.csv", newer), profile(), store)
    assert (done.used, done.duplicates, done.updated) == (2, 1, 1)
    assert tables(store)["complaints"][0] == september
    assert [path.name for path in tables(store)["complaints"]] == ["part-1.parquet", "part-2.parquet"]
    got = rows(store).set_index("complaint_id")
    assert len(got) == 31 and got.loc["H025", "reason"] == "r9"
    (line,) = [line for line in done.lines if line.step == "updated"]
    assert line.sample_ids == ("H025",)
    assert fates(store) == {("hotline", "used"): 31, ("hotline", "duplicate"): 2}
    # An older state that comes late changes nothing.
    (late,) = intake(file(tmp_path / "c.csv", [case(25), case(25, reason="r8")]), profile(), store)
    assert (late.used, late.duplicates) == (0, 2)
    assert rows(store).set_index("complaint_id").loc["H025", "reason"] == "r9"


@pytest.mark.parametrize("order", [("hotline", "chat"), ("chat", "hotline")])
def test_cross_channel_duplicates_against_the_store_whichever_comes_first(tmp_path, order):
    rule, store = Duplicates(("customer_id", "order_id"), 48), tmp_path / "store"
    same = {"customer_id": "c1", "order_id": "o1"}
    given = {
        "hotline": [
            case(19, received_at="2026-09-30 20:00:00", **same),
            case(2, customer_id="c2", order_id="o2"),
        ],
        "chat": [
            case(50, received_at="2026-10-01 09:00:00", **same),
            case(51, received_at="2026-10-09", **same),
        ],
    }
    for source in order:
        intake(file(tmp_path / f"{source}.csv", given[source]), profile(source, duplicates=rule), store)
    assert sorted(rows(store)["complaint_id"]) == ["H002", "H019", "H051"]
    assert fates(store) == {("hotline", "used"): 2, ("chat", "used"): 1, ("chat", "duplicate"): 1}
    days = rows(store, "arrivals").query("fate == 'duplicate'")
    assert list(days["day"]) == [pd.Timestamp("2026-10-01")]
    assert check_store(store) == []


def test_replace_takes_the_older_batch_out(tmp_path):
    store, other = tmp_path / "store", tmp_path / "other"
    other.mkdir()
    intake(file(tmp_path / "a.csv", [case(n) for n in range(25)]), profile(), store)
    intake(file(tmp_path / "b.csv", [case(n) for n in range(30, 33)]), profile(), store)
    right = file(other / "a.csv", [case(n, reason="right") for n in range(3, 12)])
    (done,) = intake(right, profile(), store, replace=True)
    assert (done.state, done.used, done.duplicates) == ("replaced", 9, 0)
    got = rows(store)
    assert list(got["complaint_id"]) == [f"H{n:03d}" for n in [*range(3, 12), 30, 31, 32]]
    assert set(got["reason"][:9]) == {"right"}
    assert check_store(store) == []
    (known,) = intake(right, profile(), store)
    assert known.state == "known"
    (again,) = intake(
        right, profile(), store, replace=True
    )  # the same content, say after the profile was mended
    assert again.used == 9
    assert len(rows(store)) == 12 and check_store(store) == []


class Stopped(BaseException):
    pass


@pytest.mark.parametrize("step", ["cleaning", "comparing with the store", "writing", "commit"])
def test_f25_an_interrupted_intake_leaves_the_store_as_it_was(tmp_path, monkeypatch, step):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(n) for n in range(30)]), profile(), store)
    before, found = bytes_of(store), rows(store)

    def progress(line: str) -> None:
        if line.endswith(step):
            raise Stopped

    if step == "commit":  # all new files are written, the one rename is not done
        monkeypatch.setattr(batches, "commit", lambda folder, content: progress("commit"))
    with pytest.raises(Stopped):
        intake(
            file(tmp_path / "b.csv", [case(n, reason="new") for n in range(15, 40)]),
            profile(),
            store,
            progress=progress,
        )
    assert bytes_of(store) == before
    pd.testing.assert_frame_equal(rows(store), found)


def test_f28_leftovers_of_a_killed_intake_are_not_read_and_go(tmp_path):
    store = tmp_path / "store"
    given = file(tmp_path / "a.csv", [case(n) for n in range(30)])
    intake(given, profile(), store)
    before = bytes_of(store)
    killed = """
import os, sys
sys.path.insert(0, {here!r})
import test_store as t
from complaintlib.intake import batch
batch.commit = lambda folder, content: os._exit(9)
from pathlib import Path
t.intake(t.file(Path({file!r}), [t.case(n, reason="new") for n in range(15, 40)]), t.profile(), {store!r})
"""
    code = killed.format(here=str(Path(__file__).parent), file=str(tmp_path / "b.csv"), store=str(store))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    left = bytes_of(store)
    assert set(left) > set(before) and all(left[name] == digest for name, digest in before.items())
    assert len(rows(store)) == 30 and check_store(store) == []
    intake(
        given, profile(), store
    )  # known: nothing is written, what was left over goes; F32: the lock is free
    assert bytes_of(store) == before


def test_p12_a_refused_file_leaves_the_store_as_it_was(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(n) for n in range(30)]), profile(), store)
    before = bytes_of(store)
    bad = [case(n) for n in range(30, 40)] + [case(51, received_at="x"), case(33, complaint_id="")]
    with pytest.raises(Refused) as refused:
        intake(file(tmp_path / "b.csv", bad), profile(), store)
    assert refused.value.exit_code == 3
    assert set(refused.value.codes) == {"max_loss", "loss"} and len(refused.value.problems) == 3
    assert bytes_of(store) == before
    (done,) = intake(tmp_path / "b.csv", profile(max_loss=0.2), store)
    assert (done.used, done.aside) == (10, 2)


def test_f30_a_second_run_is_turned_away(tmp_path):
    store = tmp_path / "store"
    with opened(store), pytest.raises(Trouble) as busy:
        intake(file(tmp_path / "a.csv", [case(1)]), profile(), store)
    assert busy.value.exit_code == 75
    assert intake(tmp_path / "a.csv", profile(), store)[0].used == 1


def test_f35_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    given = file(tmp_path / "a.csv", [case(1)])

    def progress(line: str) -> None:
        if line == "a.csv: reading":
            file(tmp_path / "a.csv", [case(1), case(2)])

    with pytest.raises(Refused) as refused:
        intake(given, profile(), tmp_path / "store", progress=progress)
    assert refused.value.codes == ("changed",)


def test_b10_a_file_with_a_header_only_is_an_empty_batch(tmp_path):
    (done,) = intake(file(tmp_path / "a.csv", []), profile(), tmp_path / "store")
    assert (done.rows, done.used, done.first) == (0, 0, None)
    assert "complaints" not in tables(tmp_path / "store")
    assert check_store(tmp_path / "store") == []


def test_b96_a_denominator_given_twice_is_refused(tmp_path):
    kind = Profile(
        "exposure", table="exposure", columns={c: (c,) for c in ("month", "region", "measure", "value")}
    )
    base = {"month": "2026-10-01", "region": "north", "measure": "orders"}
    columns = ["month", "region", "measure", "value"]
    store = tmp_path / "store"
    with pytest.raises(Refused) as refused:
        intake(file(tmp_path / "a.csv", [base | {"value": 5}, base | {"value": 6}], columns), kind, store)
    assert refused.value.codes == ("conflict",)
    intake(file(tmp_path / "b.csv", [base | {"value": 5}, base | {"value": 5}], columns), kind, store)
    intake(file(tmp_path / "c.csv", [base | {"value": 4}], columns), kind, store)  # a later file corrects
    assert list(rows(store, "exposure")["value"]) == [4.0]
    assert check_store(store) == []


def test_original_texts_are_kept_apart_and_only_on_request(tmp_path):
    given = file(tmp_path / "a.csv", [case(1, text="请打 16012345678"), case(2, text="没人接")])
    intake(given, profile(), tmp_path / "masked")
    assert "sensitive" not in tables(tmp_path / "masked")
    intake(given, profile(keep_text=True), tmp_path / "kept")
    (path,) = tables(tmp_path / "kept")["sensitive"]
    assert "16012345678" in pd.read_parquet(path)["text"][0]
    for store in ("masked", "kept"):
        assert "16012345678" not in repr(rows(tmp_path / store)["text"].tolist())


def test_times_of_another_zone_are_stored_in_the_stores_zone(tmp_path):
    store = tmp_path / "store"
    intake(file(tmp_path / "a.csv", [case(1, received_at="2026-09-30T20:00:00Z")]), profile(), store)  # B85
    intake(
        file(tmp_path / "b.csv", [case(2, received_at="2026-10-01 09:00:00")]),
        profile(zone="Europe/London"),
        store,
    )
    assert list(rows(store)["received_at"]) == [
        pd.Timestamp("2026-10-01 04:00"),
        pd.Timestamp("2026-10-01 16:00"),
    ]
    assert [path.parent.name for path in tables(store)["complaints"]] == ["month=2026-10"]


def test_b81_a_file_older_than_its_own_rows_is_judged_by_today(tmp_path):
    """Archives and copies give files dates of 1980: not every row of such a file lies in the future."""
    cases = [case(n, received_at=f"2019-03-{1 + n:02d}") for n in range(30)]
    path = file(tmp_path / "a.csv", [*cases, case(31, received_at="2150-01-01")])
    os.utime(path, (315_532_800, 315_532_800))
    (done,) = intake(path, profile(), tmp_path / "store")
    assert (done.used, done.aside) == (30, 1)
    (note,) = (note for note in done.notes if note.code == "file_date")
    assert note.rows == 31 and "1980" in note.say("en") and "1980" in note.say("zh")


def test_b81_a_few_rows_after_the_file_was_written_are_mistakes(tmp_path):
    late = case(1, complaint_id="F", received_at="2026-11-09 09:00:00")
    (done,) = intake(
        file(tmp_path / "a.csv", [case(n) for n in range(40)] * 3 + [late]), profile(), tmp_path / "store"
    )
    assert (done.used, done.aside) == (40, 1)
    assert not [note for note in done.notes if note.code == "file_date"]


def test_all_problems_of_a_file_are_said_at_once_under_its_name(tmp_path):
    times = {"received_at": "03/04/2026", "closed_at": "05-06-26"}
    with pytest.raises(Refused) as caught:
        intake(file(tmp_path / "a.csv", [case(n, **times) for n in range(30)]), profile(), tmp_path / "store")
    assert caught.value.codes == ("ambiguous_order", "two_digit_years")
    assert caught.value.say("en").startswith("The file a.csv was refused")


def test_b46_columns_that_are_not_used_or_not_there_are_named(tmp_path):
    header = ["complaint_id", "received_at", "mood"]
    (done,) = intake(file(tmp_path / "a.csv", [], header), profile(), tmp_path / "store")
    said = {note.code: note.say("en") for note in done.notes}
    assert said["unused_headers"] == "columns of the file that are not used (1): mood"
    assert said["absent_headers"].endswith("(6): closed_at, reason, customer_id, order_id, agent_id and text")


@pytest.mark.parametrize("columns", [60, 80, 140])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_account_of_a_file_fits_the_terminal_and_speaks_one_language(tmp_path, columns, lang):
    cases = [case(n, reason=f" r{n % 3}", closed_at="2020-01-01", agent_id="-") for n in range(30)]
    (done,) = intake(file(tmp_path / "a.csv", cases * 2), profile(), tmp_path / "store")
    said = done.show(lang, columns)
    assert all(width(line) <= columns for line in said.splitlines())
    words = {"zh": ("结案时间 60", "坐席编号 60"), "en": ("Closed 60", "Agent 60")}[lang]
    assert all(word in " ".join(said.split()) for word in words)
    assert done.summary(lang) == said.splitlines()[0]


def test_nothing_but_an_intakes_own_leftovers_is_removed(tmp_path):
    own = [
        tmp_path / "sales.parquet",
        tmp_path / "complaints" / "mine.parquet",
        tmp_path / "old" / "part-1.parquet",
    ]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
    intake(file(tmp_path / "a.csv", [case(1)]), profile(), tmp_path)
    assert all(path.read_bytes() == b"mine" for path in own)


def test_pv11_another_key_is_refused(tmp_path, monkeypatch):
    intake(file(tmp_path / "a.csv", [case(1)]), profile(), tmp_path / "store")
    before = bytes_of(tmp_path / "store")
    monkeypatch.setenv("COMPLAINTKIT_KEY", "ef" * 32)
    with pytest.raises(Trouble, match="another key"):
        intake(file(tmp_path / "b.csv", [case(2)]), profile(), tmp_path / "store")
    assert bytes_of(tmp_path / "store") == before


def test_check_store_names_what_is_wrong(tmp_path):
    store = tmp_path / "store"
    assert "there is no store" in check_store(store)[0].say("en")
    intake(file(tmp_path / "a.csv", [case(n) for n in range(30)]), profile(), store)
    first, second = tables(store)["complaints"]
    whole = first.read_bytes()
    first.write_bytes(whole[:-20])
    assert "damaged" in check_store(store)[0].say("en")
    first.write_bytes(whole)
    first.chmod(0o644)
    assert "other users" in check_store(store)[0].say("en")
    first.write_bytes(second.read_bytes())
    first.chmod(0o600)
    said = [problem.say("en") for problem in check_store(store)]
    assert any("20 rows" in text for text in said) and any("more than once" in text for text in said)
    second.unlink()
    assert "is missing" in check_store(store)[0].say("en")
