"""The register of forecasts: what a report expects is kept, and the next ones are handed it."""

import csv
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from made import HOSTILE, NOTEBOOKS, recipe, step

from complaintlib.period import Period
from complaintlib.report import build_report, verify
from complaintlib.report.recipe import load_recipe
from complaintlib.report.register import COLUMNS, keep, made_before, register_of
from complaintlib.words import Trouble

SEPTEMBER, OCTOBER = Period("2026-09"), Period("2026-10")
SEEN = recipe(step("seer", "seer"), pictures=())


def build(store, out, period=OCTOBER, steps=SEEN, **more):
    return build_report(period, steps, "en", store, out, progress=lambda line: None, **more)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def run_json(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def entry(key: str = "late", mean: float = 5, h: int = 1) -> dict:
    return {"indicator": "received", "by": "reason", "key": key, "period": "2026-10", "h": h, "mean": mean} | {
        "lower": -2.5, "upper": 9, "level": 0.9, "model": "same"
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ whole reports


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out") / "reports"


@pytest.fixture(scope="module")
def september(store, out):
    return build(store, out, SEPTEMBER)


@pytest.fixture(scope="module")
def october(store, out, september):
    return build(store, out)


def test_a_whole_report_registers_its_forecasts(store, out, september, october):
    found = rows(register_of(out, str(store)))
    assert tuple(found[0]) == COLUMNS
    assert {(r["step"], r["as_of"], r["made_on"]) for r in found} == {
        ("toys.seer", f"{as_of}T00:00:00", date.today().isoformat()) for as_of in ("2026-10-01", "2026-11-01")
    }
    counted = pd.read_parquet(store / "complaints.parquet")
    late = ((counted["reason"] == "late") & (counted["received_at"].dt.strftime("%Y-%m") == "2026-09")).sum()
    first = next(r for r in found if (r["key"], r["as_of"][:7], r["h"]) == ("late", "2026-10", "1"))
    assert (first["period"], first["mean"], first["upper"]) == ("2026-10", str(late), str(late + 5.5))


def test_the_next_report_judges_them(store, september, october):
    assert "0 earlier forecasts were judged" in (september.folder / "index.html").read_text(encoding="utf-8")
    scores = (october.folder / "tables" / "seer.scores.csv").read_text(encoding="utf-8-sig").splitlines()
    expected = len(rows(register_of(october.folder.parent, str(store)))) // 4
    assert len(scores) == 1 + expected and expected > 5  # hostile ones are found again by their names
    said = (october.folder / "index.html").read_text(encoding="utf-8")
    assert f"{expected} earlier forecasts were judged" in said
    assert verify(october.folder) == [] == verify(september.folder)


def test_what_was_handed_over_is_in_run_json_and_nowhere_else(store, out, september, october):
    given = made_before(register_of(out, str(store)), OCTOBER.as_of)
    assert run_json(october.folder)["register"] == hashlib.sha256(given).hexdigest()
    assert run_json(september.folder)["register"] == ""
    notebook = (october.folder / "notebooks" / "seer.ipynb").read_text(encoding="utf-8")
    assert "register = ''" in notebook
    assert not any(
        b"register.csv" in content.replace(b"seer.register.csv", b"")
        for content in contents(october.folder).values()
    )
    assert not any(str(out).encode() in content for content in contents(october.folder).values())
    assert "register" not in (out / "index.html").read_text(encoding="utf-8")  # it is no report


def test_the_same_report_again_gives_the_same_bytes(store, out, september, october):
    """Also one whose period is past: what was forecast later is not seen."""
    register = register_of(out, str(store))
    before, entered = [contents(run.folder) for run in (september, october)], register.read_bytes()
    after = [contents(build(store, out, period, jobs=1).folder) for period in (SEPTEMBER, OCTOBER)]
    for old, new in zip(before, after, strict=True):
        assert old.keys() == new.keys() and [path for path in old if old[path] != new[path]] in (
            [],
            ["run.json"],
        )
    assert register.read_bytes() == entered
    assert sorted(p.name for p in out.glob(".*")) == [".lock-toys-2026-09-en", ".lock-toys-2026-10-en"]


def test_the_bytes_do_not_depend_on_where_it_lies(store, october, tmp_path):
    there = register_of(tmp_path, str(store))
    there.parent.mkdir()
    there.write_bytes(register_of(october.folder.parent, str(store)).read_bytes())
    here, elsewhere = contents(october.folder), contents(build(store, tmp_path).folder)
    assert [path for path in here if here[path] != elsewhere.get(path)] in ([], ["run.json"])


def test_neither_a_shared_nor_an_incomplete_report_registers(store, tmp_path):
    shared = build(store, tmp_path, privacy="shared")
    incomplete = build(
        store,
        tmp_path,
        steps=recipe(
            step("seer", "seer", fault="phone-"),
            step("toy", fault="not measured"),
            step("bare", "bare", fault="raise"),
            pictures=(),
        ),
    )
    assert (shared.status, incomplete.status) == ("whole", "incomplete")
    assert not (tmp_path / "register").exists()


def test_f34_resume_does_again_what_was_handed_another_register(store, tmp_path):
    steps = recipe(step("seer", "seer"), step("toy"), step("bare", "bare", fault="raise"), pictures=())
    build(store, tmp_path, steps=steps)
    same = build(store, tmp_path, steps=steps, resume=True)
    assert {s["name"]: s["reused"] for s in run_json(same.folder)["steps"]} == {
        "seer": True,
        "toy": True,
        "bare": False,
    }
    keep(
        register_of(tmp_path, str(store)),
        {"x.y": pd.DataFrame([entry()])},
        SEPTEMBER.as_of,
        date(2026, 10, 1),
    )
    other = build(store, tmp_path, steps=steps, resume=True)
    assert {s["name"]: s["reused"] for s in run_json(other.folder)["steps"]} == {
        "seer": False,
        "toy": True,
        "bare": False,
    }
    assert "1 earlier forecasts" in (other.folder / "index.html").read_text(encoding="utf-8")


# --------------------------------------------------------------------------------------------------- the file


def test_rows_of_the_same_step_and_time_are_replaced(tmp_path):
    path, at = tmp_path / "register" / "s.csv", [p.as_of for p in (SEPTEMBER, OCTOBER)]
    keep(path, {"m.f": pd.DataFrame([entry(), entry(h=2)])}, at[0], date(2026, 10, 2))
    keep(path, {"w.f": pd.DataFrame([entry()])}, at[0], date(2026, 10, 3))
    keep(path, {"m.f": pd.DataFrame([entry()])}, at[1], date(2026, 11, 2))
    keep(path, {"m.f": pd.DataFrame([entry(mean=6), entry(h=2)])}, at[0], date(2026, 12, 1))
    assert [(r["step"], r["as_of"][:10], r["made_on"], r["h"], r["mean"]) for r in rows(path)] == [
        ("m.f", "2026-10-01", "2026-12-01", "1", "6"),  # made otherwise, after the event
        ("m.f", "2026-10-01", "2026-10-02", "2", "5"),
        ("w.f", "2026-10-01", "2026-10-03", "1", "5"),
        ("m.f", "2026-11-01", "2026-11-02", "1", "5"),
    ]
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_handed_over_was_made_earlier(tmp_path):
    path = tmp_path / "register" / "s.csv"
    assert made_before(path, OCTOBER.as_of) == b""
    for period in (SEPTEMBER, OCTOBER):
        keep(path, {"m.f": pd.DataFrame([entry()])}, period.as_of, date(2026, 12, 1))
    assert made_before(path, SEPTEMBER.as_of) == b""
    assert made_before(path, OCTOBER.as_of).decode("utf-8").splitlines() == [
        ",".join(COLUMNS),
        "m.f,2026-10-01T00:00:00,2026-12-01,received,reason,late,2026-10,1,5,-2.5,9,0.9,same",
    ]
    assert len(made_before(path, OCTOBER.as_of + pd.Timedelta("1s")).splitlines()) == 3


def test_hostile_keys_are_harmless_in_the_file_and_come_back_as_they_were(tmp_path):
    path, keys = tmp_path / "register" / "s.csv", [*HOSTILE, "a,b\n=1+1", "'=1", "-5", "丢失"]
    keep(path, {"m.f": pd.DataFrame([entry(key) for key in keys])}, SEPTEMBER.as_of, date(2026, 10, 1))
    kept = [r["key"] for r in rows(path)]
    assert not any(key.startswith(("=", "@")) or "\n=" in key for key in kept) and "-5" in kept
    handed = tmp_path / "handed.csv"
    for _ in range(2):
        handed.write_bytes(made_before(path, OCTOBER.as_of))
        assert [r["key"] for r in rows(handed)] == [key if key != "'=1" else "=1" for key in keys]
        keep(path, {"other": pd.DataFrame([entry()])}, OCTOBER.as_of, date(2026, 10, 1))


def test_a_register_that_cannot_be_read_is_said(tmp_path):
    path = tmp_path / "s.csv"
    for content in (b"", b"a,b\n1,2\n", b"\xff\xfe\x00", (",".join(COLUMNS) + "\n1,2\n").encode()):
        path.write_bytes(content)
        with pytest.raises(Trouble, match="cannot be read") as caught:
            made_before(path, OCTOBER.as_of)
        assert "看不懂" in caught.value.say("zh")


def test_each_store_has_its_own(tmp_path):
    names = [
        register_of(tmp_path, s).name
        for s in ("demo", "/a/store", "/b/store", "postgres://u:p@h/d", "postgres://h/e")
    ]
    assert len(set(names)) == 5 and all(name.endswith(".csv") for name in names)
    assert register_of(tmp_path, "postgres://u:other@h/d").name == names[3]


def test_reports_that_end_at_once_lose_nothing(tmp_path):
    path = tmp_path / "register" / "s.csv"

    def enter(at: int) -> None:
        table = pd.DataFrame([entry(h=h) for h in range(50)])
        keep(path, {f"m.f{at}": table}, OCTOBER.as_of, date(2026, 11, 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(8)))
    assert len(rows(path)) == 400


def test_a_recipe_cannot_name_the_register(tmp_path):
    content = 'title = { zh = "月报", en = "Monthly" }\nkind = "month"\n[[steps]]\nname = "seer"\nparameters = { register = "x.csv" }\n'
    path = tmp_path / "own.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Trouble, match=r"seer\.register"):
        load_recipe(path, NOTEBOOKS)
