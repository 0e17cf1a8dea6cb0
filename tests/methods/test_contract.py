"""What every method keeps, whatever it says: DESIGN section 5. A new method is picked up from the registry."""

import math
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import complaintlib
from complaintlib import Book, Period
from complaintlib.methods import METHODS
from complaintlib.result import LEVELS, Result
from complaintlib.schema import TABLES
from complaintlib.words import columns

OCT = Period("2026-10")
pytestmark = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="session")
def frames(demo_book) -> dict[str, pd.DataFrame]:
    """A tenth of the demo company as frames: one customer in ten, all they said."""
    names = [c for c in demo_book.tables["complaints"].columns if c not in ("text", "demand")]
    rows = demo_book.rows("complaints", names, limit=100_000)
    keep = pd.util.hash_array(rows["complaint_id"].to_numpy(dtype=object)) % 10 == 0
    exposure = demo_book.rows("exposure", list(demo_book.tables["exposure"].columns), limit=100_000)
    events = demo_book.rows("events", list(demo_book.tables["events"].columns), limit=1_000_000)
    events = events[events["complaint_id"].isin(rows.loc[keep, "complaint_id"])]
    actions = demo_book.rows("actions", list(demo_book.tables["actions"].columns))
    return {
        "complaints": rows[keep].assign(text="…"),
        "exposure": exposure,
        "events": events,
        "actions": actions,
    }


def run(method: str, book: Book, period: Period = OCT) -> Result:
    return getattr(complaintlib, method)(book, period)


def numbers(value) -> Iterator[float]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        yield float(value)


# A one beside a word of many: it wants the form `{n:case/cases}`.
ONE_AND_MANY = re.compile(
    r"(?<![\w.,−–+-])1 (cases|complaints|days|weeks|months|periods|entries|tests|visits|rows|are|were|have)\b"
)


def check(result: Result) -> None:
    """Findings and tables of any result."""
    assert result.findings
    order = [LEVELS.index(f.level) for f in result.findings]
    assert order == sorted(order)
    held = [v for frame in result.tables.values() for c in frame for v in numbers(frame[c].tolist())]
    held = np.array(
        [
            *held,
            *(len(frame) for frame in result.tables.values()),
            *(len(f) - 1 for f in result.tables.values()),
        ]
    )
    for finding in result.findings:
        assert finding.key.startswith(f"{result.method}.")
        assert 0 <= finding.weight <= 1
        for lang in ("zh", "en"):
            sentence = finding.sentence(lang)
            assert len(sentence) > 8
            assert not {"{", "}"} & set(finding.words[lang].format_map(_Empty()))
            assert "nan" not in sentence.lower().split()
        assert not ONE_AND_MANY.search(finding.sentence("en")), finding.sentence("en")
        for name, value in finding.values.items():
            for number in numbers(value):
                near = np.isclose(held, number, rtol=1e-9, atol=1e-12)
                assert math.isfinite(number) and near.any(), (finding.key, name, number)
    for name, frame in result.tables.items():
        missing = [c for c in frame.columns if c not in columns()]
        assert not missing, f"{name}: {missing} not in data/columns.csv"
        assert not frame.columns.duplicated().any()


class _Empty(dict):
    def __missing__(self, key):
        return _Blank()


class _Blank:
    def __format__(self, form):
        return ""


def same(left: Result, right: Result) -> None:
    assert [f.key for f in left.findings] == [f.key for f in right.findings]
    assert [f.sentence("zh") for f in left.findings] == [f.sentence("zh") for f in right.findings]
    for name in left.tables:
        pd.testing.assert_frame_equal(left.tables[name], right.tables[name], rtol=1e-9)


def test_on_the_demo_company(method, demo_book):
    result = run(method, demo_book)
    check(result)
    for lang in ("zh", "en"):
        assert result.picture(lang).png.startswith(b"\x89PNG")
        assert result.how_to_read(lang).text
        assert all(result.show_table(lang, name).html for name in result.tables)


@pytest.mark.parametrize("text", ["2026-W43", "2026-10-14", "2026-Q3", "2025"])
def test_on_other_kinds_of_period(method, demo_book, text):
    check(run(method, demo_book, Period(text)))


def test_shuffled_rows_change_nothing(method, frames):
    """M01"""
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in frames.items()}
    same(run(method, Book.of(**frames)), run(method, Book.of(**shuffled)))


def test_what_comes_later_changes_nothing(method, frames):
    """F39 and the rule that nothing after as_of is seen."""
    june = Period("2026-06")
    cut = {
        "complaints": frames["complaints"].loc[lambda f: f["received_at"] < june.end],
        "exposure": frames["exposure"].loc[lambda f: f["month"] < june.end],
        "events": frames["events"].loc[lambda f: f["entered_at"] < june.end],
        "actions": frames["actions"].loc[lambda f: ~(f["started_on"] >= june.end)],
    }
    same(run(method, Book.of(**frames), june), run(method, Book.of(**cut), june))


def test_inputs_are_left_as_they_were(method, frames):
    before = {name: frame.copy(deep=True) for name, frame in frames.items()}
    run(method, Book.of(**frames))
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_empty_and_tiny_books_are_answered(method, frames, rows):
    """B10, B11"""
    few = frames["complaints"].loc[lambda f: f["received_at"].between(OCT.start, OCT.end)].head(rows)
    events = frames["events"].loc[lambda f: f["complaint_id"].isin(few["complaint_id"])]
    result = run(method, Book.of(complaints=few, events=events, actions=frames["actions"]))
    check(result)
    result.picture("zh")


def test_a_period_without_rows_inside_the_series(method, frames):
    """B86"""
    gap = Period("2026-03")
    holed = frames["complaints"].loc[lambda f: ~f["received_at"].between(gap.start, gap.end)]
    check(run(method, Book.of(**frames | {"complaints": holed}), gap))


def test_a_partial_period_says_so(method, demo_book):
    partial = run(method, demo_book, Period("2026-10", pd.Timestamp("2026-10-12")))
    check(partial)
    assert any("partial" in finding.key for finding in partial.findings)


def test_only_the_required_columns(method, frames):
    """B45: what needs more says what it needs, in words, and nothing breaks."""
    from complaintlib.book import NotMeasured

    bare = frames["complaints"][["complaint_id", "received_at"]]
    try:
        check(run(method, Book.of(complaints=bare)))
    except NotMeasured as missing:
        assert "complaints." in missing.needs or missing.needs in TABLES


def test_hostile_categories_are_only_categories(method, frames):
    """B61, B64: mark-up, dollar signs, underscores and empty names as values."""
    hostile = ["<script>alert(1)</script>", "$\\foo$", "_x", "", "=1+1", "\u202eabc", "a|b{c}", "x" * 2000]
    rows = frames["complaints"].copy()
    for column in ("reason", "channel", "product", "region"):
        rows[column] = [hostile[i % len(hostile)] for i in range(len(rows))]
    events = frames["events"].copy()
    for column in ("stage", "department", "waiting_on"):
        events[column] = [hostile[i % len(hostile)] for i in range(len(events))]
    result = run(method, Book.of(**frames | {"complaints": rows, "events": events}))
    for lang in ("zh", "en"):
        assert "<script" not in result.say(lang).html + result.show_table(lang).html
        result.picture(lang)
