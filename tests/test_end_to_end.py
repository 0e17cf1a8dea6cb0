"""A whole month, as a user runs it: messy sources in, reports in both languages out, and what must hold of them."""

import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from complaintlib.home import HOME
from complaintlib.report import verify

MONTH = "2026-10"


def run_kit(*arguments: str, home: Path = HOME, **settings: str) -> subprocess.CompletedProcess:
    """The command line in a process of its own."""
    environment = {**os.environ, "COMPLAINTKIT_HOME": str(home), "PYTHONPATH": str(home), **settings}
    return subprocess.run(
        [sys.executable, "-m", "complaintlib", *arguments],
        env=environment, cwd=home, capture_output=True, text=True, encoding="utf-8", check=False, timeout=400,
    )  # fmt: skip


@pytest.fixture(scope="module")
def reports(demo_folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("reports")
    ran = run_kit(
        "report", MONTH, "--lang", "en,zh", "--store", str(demo_folder / "store"), "--out", str(out)
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out


def folder(reports: Path, lang: str) -> Path:
    return reports / f"monthly-{MONTH}-{lang}"


def pages(reports: Path) -> list[Path]:
    return sorted(reports.rglob("*.html"))


def test_both_reports_are_whole_and_verified(reports):
    for lang in ("en", "zh"):
        assert verify(folder(reports, lang)) == []
        run = json.loads((folder(reports, lang) / "run.json").read_text(encoding="utf-8"))
        assert run["status"] == "whole"


def test_pages_ask_no_address_run_no_script_and_describe_every_picture(reports):
    """S01-S31 on the final bytes."""
    assert len(pages(reports)) > 15
    for page in pages(reports):
        text = page.read_text(encoding="utf-8")
        assert text.rstrip().endswith("</html>")
        assert not re.search(
            r"<script|\son\w+\s*=\s*[\"']|javascript:|http-equiv=[\"']?refresh", text, re.IGNORECASE
        ), page
        assert not re.search(
            r"(?:src|href|action|data)\s*=\s*[\"']?\s*(?:https?:)?//", text, re.IGNORECASE
        ), page
        assert "url(http" not in text
        images = re.findall(r"<img[^>]*>", text)
        assert all(re.search(r"alt=\"[^\"]{5,}\"", image) for image in images), page


def test_every_page_speaks_one_language(reports):
    for lang, other in (("zh", "en"), ("en", "zh")):
        for page in folder(reports, lang).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert f'lang="{lang}' in text[:500]
            assert f'<html lang="{other}' not in text
    words = re.sub(
        r"<style.*?</style>|<details.*?</details>|<[^>]+>",
        " ",
        (folder(reports, "en") / "index.html").read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    assert (
        len(re.findall(r"[\u4e00-\u9fff]", words)) < 40
    )  # names of a language or a hostile value, never a sentence


def tables_of(report: Path) -> dict[str, list[list[str]]]:
    found = {}
    for path in sorted((report / "tables").glob("*.csv")):
        found[path.stem] = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    return found


def test_every_number_of_a_finding_stands_in_a_table(reports):
    report = folder(reports, "zh")
    cells = {cell for rows in tables_of(report).values() for row in rows for cell in row}
    held = []
    for cell in cells:
        try:
            held.append(float(cell))
        except ValueError:
            continue
    held = pd.Series(
        [
            *held,
            *(len(rows) - 1 for rows in tables_of(report).values()),
            *(len(rows) - 2 for rows in tables_of(report).values()),
        ]
    )
    findings = json.loads((report / "findings.json").read_text(encoding="utf-8"))
    findings = findings if isinstance(findings, list) else findings["findings"]
    assert len(findings) >= 10
    for finding in findings:
        for name, value in finding["values"].items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert ((held - value).abs() <= 1e-9 * max(1, abs(value))).any(), (
                    finding["key"],
                    name,
                    value,
                )


def test_tables_re_add_to_the_store(reports, demo_book):
    """The cases of every composition, of the Pareto table, of the trend and of data quality are those of the store."""
    from complaintlib import Period
    from complaintlib.schema import BLANK

    month = Period(MONTH)
    book, tables = demo_book.at(month.end), tables_of(folder(reports, "en"))
    received = book.counts(window=month)["n"].item()

    def column(name: str, at: int) -> list[str]:
        return [row[at] for row in tables[name][1:]]

    for by in ("reason", "product", "region", "channel"):
        named = dict(
            zip(
                column(f"composition-{by}.shares", 0),
                map(int, column(f"composition-{by}.shares", 1)),
                strict=True,
            )
        )
        assert sum(named.values()) == received
        stored = book.counts(by=[by], window=month).set_index(by)["n"]
        assert all(stored[code] == n for code, n in named.items() if code in stored.index)
    blank = book.counts(by=["reason"], window=month).set_index("reason")["n"].get(BLANK, 0)
    assert sum(map(int, column("pareto.count", 2))) == received - blank
    assert int(column("trend.total", 1)[-1]) == received
    read, used, duplicate, aside = (int(column("quality.sources", at)[-1]) for at in range(1, 5))
    assert used == received
    assert read == used + duplicate + aside


def test_nothing_personal_is_left_in_reports_or_store(reports, demo_folder):
    """PV01, PV20: each planted string, as written and as plain digits, against every byte that was delivered."""
    with open(demo_folder / "planted.csv", encoding="utf-8", newline="") as file:
        planted = list(csv.DictReader(file))
    promised = {"mobile", "landline", "id_card", "bank_card", "email", "plate", "order", "passport", "ssn"}
    wanted = {
        row[form]
        for row in planted
        if row["kind"] in promised
        for form in ("written", "plain")
        if len(row[form]) >= 7
    }
    assert len(wanted) > 1000
    finder = re.compile(r"[A-Za-z0-9@._+\-\u4e00-\u9fff 　０-９Ａ-Ｚａ-ｚ－]{7,}")
    leaks = set()
    for text, path in texts(reports, demo_folder / "store"):
        joined = "\n".join(set(finder.findall(text)))
        leaks |= {(path.name, value) for value in wanted if value in joined}
    assert not leaks, sorted(leaks)[:10]


def texts(*folders: Path):
    """The text of every file: archives opened, Parquet read."""
    import duckdb

    for base in folders:
        for path in sorted(p for p in base.rglob("*") if p.is_file()):
            if path.suffix == ".parquet":
                rows = duckdb.read_parquet(str(path)).fetchall()
                yield "\n".join({str(value) for row in rows for value in row if isinstance(value, str)}), path
            elif path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield html.unescape(archive.read(name).decode("utf-8", "ignore")), path
            else:
                content = path.read_bytes().decode("utf-8", "ignore")
                yield (
                    re.sub(
                        r"data:image/png;base64,[A-Za-z0-9+/=]+|\"image/png\": \"[^\"]+\"",
                        "",
                        html.unescape(content),
                    ),
                    path,
                )


def test_another_zone_locale_and_hash_seed_give_the_same_bytes(reports, demo_folder, tmp_path):
    """F40, F41, M30, P9: every delivered file but run.json."""
    ran = run_kit(
        "report", MONTH, "--lang", "zh", "--store", str(demo_folder / "store"), "--out", str(tmp_path),
        TZ="America/New_York", LANG="C", LC_ALL="C", PYTHONHASHSEED="7",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    first, second = folder(reports, "zh"), folder(tmp_path, "zh")
    names = {p.relative_to(first) for p in first.rglob("*") if p.is_file()}
    assert names == {p.relative_to(second) for p in second.rglob("*") if p.is_file()}
    different = [
        str(n)
        for n in sorted(names)
        if n.name != "run.json" and (first / n).read_bytes() != (second / n).read_bytes()
    ]
    assert not different


TOY_MODULE = '''
"""How many complaints came: the smallest method there can be."""

from dataclasses import dataclass
from typing import ClassVar

from ..book import Book
from ..period import Period
from ..result import Finding, Result
from ..words import Words


@dataclass(frozen=True)
class Toy(Result):
    method: ClassVar = "toy"
    title: ClassVar = Words("玩具", "Toy")
    reading: ClassVar = Words("只数件数。", "It only counts.")

    def draw(self, figure, lang):
        figure.subplots().bar([0], self.table["n"])


def toy(book: Book, period: Period) -> Toy:
    """How many complaints were received in the period? Unit: complaints."""
    table = book.at(period.as_of).counts(window=period)
    words = Words("本期收到 {n:int} 件|，仅此而已。", "{n:int} complaints came|, and that is all.")
    partial = ".partial" if period.is_partial else ""
    return Toy(period, {"total": table}, (Finding(f"toy.received{partial}", "note", words, {"n": table["n"].item()}),))
'''


def test_a_new_method_is_one_module_one_notebook_one_test_and_one_line(demo_folder, tmp_path):
    home = tmp_path / "kit"
    skip = shutil.ignore_patterns("store", "sources", "raw", "__pycache__", "reports")
    for name in ("complaintlib", "notebooks", "templates", "data", "tests"):
        shutil.copytree(HOME / name, home / name, ignore=skip)
    shutil.copy(HOME / "pyproject.toml", home)
    (home / "complaintlib" / "methods" / "toy.py").write_text(TOY_MODULE, encoding="utf-8")
    registry = home / "complaintlib" / "methods" / "__init__.py"
    registry.write_text(
        registry.read_text(encoding="utf-8").replace('    "overview",', '    "overview",\n    "toy",'),
        encoding="utf-8",
    )
    quality = (home / "notebooks" / "quality.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(
        quality.replace(", recent_days=recent_days", "").replace("quality", "toy").replace("数据质量", "玩具")
    )
    gone = {"table-silent", "table-filling", "table-steps"}
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in gone]
    for cell in notebook["cells"]:
        cell["source"] = [line for line in cell["source"] if not line.startswith("recent_days")]
    (home / "notebooks" / "toy.ipynb").write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    test = "from complaintlib import Book, Period, toy\n\n\ndef test_toy(demo_book):\n    assert toy(demo_book, Period('2026-10')).table['n'].item() > 0\n"
    (home / "tests" / "methods" / "test_toy.py").write_text(test, encoding="utf-8")
    recipe = (
        'title = { zh = "{period}玩具", en = "Toy of {period}" }\nkind = "month"\n\n[[steps]]\nname = "toy"\n'
    )
    (home / "templates" / "recipes" / "toys.toml").write_text(recipe, encoding="utf-8")

    ran = run_kit(
        "report",
        MONTH,
        "--recipe",
        "toys",
        "--lang",
        "en",
        "--store",
        str(demo_folder / "store"),
        "--out",
        str(tmp_path / "out"),
        home=home,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    page = (tmp_path / "out" / f"toys-{MONTH}-en" / "pages" / "toy.html").read_text(encoding="utf-8")
    assert "and that is all" in page
    environment = {**os.environ, "PYTHONPATH": str(home), "COMPLAINTKIT_HOME": str(home)}
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "toy and notebooks or a_line", "tests/test_house.py"],
        cwd=home, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
