"""A Spark cluster instead of DuckDB, here one inside this process: the same answers. Runs where PySpark and Java are."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from questions import MOMENT, QUESTIONS
from same import ask, same, same_result, say

from complaintlib import Book, open_book
from complaintlib.book.engine import FACTS, manifest
from complaintlib.methods import METHODS

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)


@pytest.fixture(scope="module")
def asked(small_store, tmp_path_factory) -> Iterator[Book]:
    """The small store's own Parquet files, as Spark reads them."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: pip install '.[spark]'")
    if not shutil.which("java"):
        pytest.skip("Java is not installed (Debian: apt install default-jre-headless)")
    import ibis
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",  # a plan here is asked once
        "spark.pyspark.python": sys.executable,
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield open_book(ibis.pyspark.connect(views(session, small_store)))
    session.stop()


def views(session, store: Path):
    """What README says for an engine that reads Parquet itself."""
    content, fingerprint = manifest(store)
    for name, files in content["files"].items():
        rows = session.read.option("mergeSchema", "true").parquet(*(str(store / file) for file in files))
        rows.createOrReplaceTempView(name)
    facts = {
        "clock": json.dumps(content["clock"]),
        "breaks": json.dumps(content["breaks"]),
        "fingerprint": fingerprint,
    }
    session.createDataFrame(list(facts.items()), "key string, value string").createOrReplaceTempView(FACTS)
    return session


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_the_same_answer(small_book, asked, question):
    same(ask(question, small_book, MOMENT), ask(question, asked, MOMENT))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_the_same(small_book, asked, method):
    same_result(say(method, small_book), say(method, asked))


def test_the_engine_has_the_stores_clock_breaks_and_fingerprint(small_book, asked):
    assert (asked.clock, asked.breaks, asked.fingerprint) == (
        small_book.clock,
        small_book.breaks,
        small_book.fingerprint,
    )
