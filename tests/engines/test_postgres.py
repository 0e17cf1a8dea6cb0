"""A company's PostgreSQL instead of Parquet files: the same answers, the same report, and nothing that gives a password away."""

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pandas as pd
import pytest
from conftest import PASSWORD, Server
from questions import LIMITS, MOMENT, MONTHS, OCT, QUESTIONS
from same import ask, same, same_result, say
from small import BREAK, CASES, CLOCK, frames, write_store

from complaintlib import Book, open_book
from complaintlib.__main__ import main
from complaintlib.book import NotMeasured
from complaintlib.book.publish import publish
from complaintlib.home import HOME
from complaintlib.methods import METHODS
from complaintlib.words import Trouble


@pytest.fixture(scope="module")
def asked(server, small_store) -> Book:
    """The small store, as PostgreSQL has it."""
    address = server.schema("small")
    publish(small_store, address)
    return open_book(address)


# ----------------------------------------------------------------------------------------------- the same answers


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_the_same_answer(small_book, asked, question):
    same(ask(question, small_book, MOMENT), ask(question, asked, MOMENT))


@pytest.mark.parametrize(
    "question", ["ever closed", "status as it stood", "rows", "always", "due ever", "paths received"]
)
def test_so_it_has_where_no_moment_is_named(small_book, asked, question):
    same(ask(question, small_book, None), ask(question, asked, None))


def test_the_questions_reach_what_could_differ(small_book):
    """Otherwise equal answers prove little: rows with texts, waiting that counts, ties, gaps and every state."""
    answers = {name: ask(name, small_book, MOMENT) for name in QUESTIONS}
    empty = {n for n, answer in answers.items() if isinstance(answer, pd.DataFrame) and answer.empty}
    assert empty == {"where none", "no rows", "no windows"}
    assert "\\." in set(answers["rows with texts"]["text"]) and len(answers["rows with texts"]) > 20
    assert set(answers["due by month"]["state"]) == {"met", "late", "overdue", "void"}
    plain = small_book.at(MOMENT).due(LIMITS, by=["severity"], window=MONTHS)
    assert not answers["due less waiting"].equals(plain)  # fmt: skip
    assert answers["paths received"][["handovers", "ping_pong", "rework"]].max().min() > 0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_the_same(small_book, asked, method):
    same_result(say(method, small_book), say(method, asked))


def test_the_engine_has_the_stores_clock_breaks_and_fingerprint(small_book, asked):
    assert (asked.clock, asked.breaks, asked.fingerprint) == (
        CLOCK,
        small_book.breaks,
        small_book.fingerprint,
    )
    assert [b.field for b in asked.breaks] == [BREAK["field"]]


def test_a_report_from_the_engine_is_the_report_from_the_store(server, demo_folder, tmp_path):
    """The whole way: kernels, findings, tables, run.json; and the password is nowhere."""
    address = server.schema("demo")
    ran = run("publish", address, "--store", str(demo_folder / "store"))
    assert ran.returncode == 0 and "complaints" in ran.stdout
    reports = {}
    for name, store in (("folder", str(demo_folder / "store")), ("engine", address)):
        only = [part for step in ("overview", "pareto", "quality") for part in ("--only", step)]
        ran = run("report", "2026-10", "--store", store, "--lang", "en", "--out", str(tmp_path / name), *only)
        assert ran.returncode == 0, ran.stderr
        safe(ran.stdout + ran.stderr)
        (index,) = (tmp_path / name).glob("*/index.html")
        reports[name] = index.parent
    paths = [p.relative_to(reports["folder"]) for p in reports["folder"].rglob("*") if p.is_file()]
    equal = [p for p in paths if p.suffix in (".json", ".csv", ".xlsx") and p.name != "run.json"]
    assert len(equal) > 5 and Path("findings.json") in equal
    for path in equal:
        assert (reports["folder"] / path).read_bytes() == (reports["engine"] / path).read_bytes(), path
    facts = json.loads((reports["engine"] / "run.json").read_text(encoding="utf-8"))
    assert facts["status"] == "whole" and facts["store"] == "postgres://"
    for path in (p for p in (tmp_path / "engine").rglob("*") if p.is_file()):
        safe(path.read_bytes().decode("utf-8", "replace"))


# ------------------------------------------------------------------------------------------------------ publish


def test_readers_see_the_old_tables_until_the_new_ones_are_whole(server, small_store, tmp_path):
    """And a run that breaks off, or a second one, changes nothing."""
    address = server.schema("atomic")
    publish(small_store, address)
    before = open_book(address)
    later = smaller(tmp_path)
    seen = []

    def look(line: str) -> None:
        book = open_book(address)
        seen.append((book.fingerprint, book.counts()["n"].item(), sorted(book.tables)))
        with pytest.raises(Trouble) as second:
            publish(later, address)
        assert second.value.exit_code == 75

    def stop(line: str) -> None:
        if line.startswith("events"):
            raise KeyboardInterrupt

    old = (before.fingerprint, CASES, sorted(before.tables))
    with pytest.raises(KeyboardInterrupt):
        publish(later, address, stop)
    assert sorted(before.con.list_tables()) == sorted([*before.tables, "complaintkit"])
    assert publish(later, address, look) == {"complaints": 100, "events": len(frames()["events"])}
    assert len(seen) >= 2 and all(look == old for look in seen)
    after = open_book(address)
    assert after.counts()["n"].item() == 100 and after.fingerprint != before.fingerprint
    assert sorted(after.con.list_tables()) == [
        "complaintkit",
        "complaints",
        "events",
    ]  # surveys were ours, and are gone


def test_tables_that_are_not_ours_are_never_touched(server, small_store):
    address = server.schema("theirs")
    server.run("CREATE TABLE theirs.surveys (survey_id int); INSERT INTO theirs.surveys VALUES (7)")
    with pytest.raises(Trouble, match=r"publish did not make: surveys"):
        publish(small_store, address)
    server.run("ALTER TABLE theirs.surveys RENAME TO reviews")
    publish(small_store, address)
    server.run("CREATE VIEW theirs.mine AS SELECT channel FROM theirs.complaints")
    with pytest.raises(Trouble, match=r"other objects depend on it"):
        publish(small_store, address)
    assert open_book(address).counts()["n"].item() == CASES


def test_a_report_cannot_write(server, asked):
    with pytest.raises(Exception, match="read-only transaction"):
        asked.con.raw_sql("CREATE TABLE small.more (n int)")


# ---------------------------------------------------------------------------------------------- a company's own


def test_views_on_a_companys_own_tables_will_do(server):
    """Numbers for ids, exact decimals, flags as 0 and 1, dates: the kit takes them as its own types."""
    address = server.schema("own")
    server.run(
        """
        CREATE TABLE own.ticket (no bigint, at timestamptz, cost numeric(10, 2), again int);
        INSERT INTO own.ticket VALUES (9, '2026-10-01 02:00Z', 1.10, 1), (10, '2026-10-31 17:00Z', 2.20, 0), (11, '2026-10-02 00:00Z', NULL, NULL);
        CREATE VIEW own.complaints AS SELECT no AS complaint_id, at AT TIME ZONE 'Asia/Shanghai' AS received_at,
            cost AS compensation, again AS reopened FROM own.ticket;
        CREATE VIEW own.exposure AS SELECT date '2026-10-01' AS month, 'orders' AS measure, 500 AS value;
        CREATE TABLE own.complaintkit (key text, value text)
        """
    )
    for clock in ("", "{", '{"zones": []}'):
        server.run(f"TRUNCATE own.complaintkit; INSERT INTO own.complaintkit VALUES ('clock', '{clock}')")
        with pytest.raises(Trouble, match="no clock"):
            open_book(address)
    server.run(f"UPDATE own.complaintkit SET value = '{json.dumps(CLOCK.to_dict())}'")
    book = open_book(address)
    assert book.fingerprint == ""  # nobody says when the data change, so no answer is kept
    assert book.counts(window=OCT, total="compensation").to_dict("records") == [{"n": 2, "compensation": 1.1}]
    found = book.rows("complaints", ["complaint_id", "received_at", "compensation", "reopened"])
    assert found["complaint_id"].tolist() == ["9", "11", "10"]
    assert found["received_at"].iloc[0] == pd.Timestamp("2026-10-01 10:00")
    assert found["compensation"].tolist()[::2] == [1.1, 2.2] and found["reopened"].tolist() == [
        True,
        None,
        False,
    ]
    assert book.exposure("orders", [OCT])["value"].item() == 500
    with pytest.raises(NotMeasured, match=r"complaints\.received_at_elapsed"):
        book.spells(window=OCT)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("1 AS complaint_id", r"missing.*complaints\.received_at"),
        ("1 AS complaint_id, now() AS received_at", r"complaints\.received_at have a time zone"),
    ],
)
def test_what_the_tables_lack_is_said(server, columns, said):
    address = server.schema("lacks")
    try:
        with pytest.raises(Trouble, match="no table complaintkit, complaints"):
            open_book(address)
        server.run(
            f"CREATE VIEW lacks.complaints AS SELECT {columns}; CREATE TABLE lacks.complaintkit (key text, value text);"
            f"INSERT INTO lacks.complaintkit VALUES ('clock', '{json.dumps(CLOCK.to_dict())}')"
        )
        with pytest.raises(Trouble, match=said):
            open_book(address)
    finally:
        server.run("DROP SCHEMA lacks CASCADE")


# ---------------------------------------------------------------------------------------------------- passwords


def test_mistakes_are_said_without_the_password(server, small_store, monkeypatch, capsys):
    """Whatever is wrong with the address, and wherever it was written by mistake."""

    def said(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["complaintkit", *arguments])
        monkeypatch.setattr("complaintlib.__main__.LANG", "en")
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code in (1, 2)
        out, err = capsys.readouterr()
        safe(out + err)
        return out + err

    wrong = server.address(password=PASSWORD + "!")
    for address, word in (
        (wrong, "password authentication failed"),
        (server.address("nowhere"), "the schema in the address does not exist"),
        (f"postgres://kit:{PASSWORD}@localhost/db", "not understood"),  # its signs not written as %..
        (wrong.replace("postgres://", "nonsense://"), "not understood"),
        (wrong.replace("postgres://", "exasol://"), "pip install 'ibis-framework[exasol]'"),
        (wrong.replace(str(server.folder), str(server.folder / "none")), "cannot be reached"),
    ):
        assert word in said("publish", address, "--store", str(small_store))
    assert "cannot be reached" in said("check", "--store", wrong)
    assert "a folder is needed here" in said("intake", "x.csv", "--store", wrong)
    for arguments in (["report", "2026-10", wrong], ["report", wrong], ["verify", wrong]):
        said(*arguments)
    with pytest.raises(Trouble) as trouble:
        open_book(wrong)
    safe("".join(traceback.format_exception(trouble.value)))


# ----------------------------------------------------------------------------------------------------------------


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "complaintlib", *arguments], cwd=HOME, env={**os.environ, "COMPLAINTKIT_LANG": "en", **settings},
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=200,
    )  # fmt: skip


def safe(text: str) -> None:
    """No part of the password is there that would be worth knowing."""
    encoded = Server(Path("/")).address().partition("@")[0].rpartition(":")[2]
    assert not [part for part in (PASSWORD, encoded, "S3cr") if part in text]


def smaller(folder: Path) -> Path:
    """The small store with fewer complaints, and without most of its tables."""
    import pyarrow.parquet as pq

    write_store(folder)
    content = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    file = content["files"]["complaints"][0]
    pq.write_table(pq.read_table(folder / file).slice(0, 100), folder / file)
    content["files"] = {"complaints": [file], "events": content["files"]["events"]}
    (folder / "store.json").write_text(json.dumps(content), encoding="utf-8")
    return folder
