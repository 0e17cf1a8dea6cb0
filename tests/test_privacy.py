"""Privacy profiles: what leaves the house under `shared` and `strict` (PV12-PV18, M29)."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complaintlib
from complaintlib import Book, Period
from complaintlib.book import NotMeasured
from complaintlib.disclosure import treatments
from complaintlib.methods import METHODS
from complaintlib.privacy import PROFILES, protect
from complaintlib.result import STAR, Finding, Result, stars, unstarred
from complaintlib.schema import TABLES
from complaintlib.words import Trouble, Words, columns

OCT = Period("2026-10")
SHARED, STRICT = PROFILES["shared"], PROFILES["strict"]


@dataclass(frozen=True)
class Made(Result):
    method: ClassVar = "made"
    title: ClassVar = Words("例", "Made")
    reading: ClassVar = Words("数一数。", "It counts.")

    def draw(self, figure, lang):
        from complaintlib import look

        look.bars(figure.subplots(), self.table["reason"], self.table["n"], form="int", lang=lang)


def made(n, *findings: Finding, **more) -> Made:
    """A result whose main table counts reasons a, b, c ..."""
    n = pd.Series(n)
    frame = pd.DataFrame({"reason": [chr(97 + i) for i in range(len(n))], "n": n, "share": n / n.sum()})
    return Made(OCT, {"counts": frame.assign(**more)}, findings)


def words(text: str) -> Words:
    return Words(text, text)


# ---------------------------------------------------------------------------------------------------- counts


def test_counts_by_hand():
    """PV12, the HES rule: 1-7 starred, the rest to 5, 0 stays 0; strict: 0-9, to 10."""
    exact = [1234, 13, 12, 8, 7, 1, 0]
    assert protect(made(exact), "shared").table["n"].tolist() == [1235, 15, 10, 10, STAR, STAR, 0]
    assert protect(made([1234, 15, 14, 10, 9, 0]), "strict").table["n"].tolist() == [
        1230,
        20,
        10,
        10,
        STAR,
        STAR,
    ]
    assert [SHARED(n) for n in (0, 3, 8)] == [0, STAR, 10]


def test_internal_is_the_result_itself_and_other_names_are_refused():
    result = made([1, 2])
    assert protect(result, "internal") is result
    with pytest.raises(Trouble, match="privacy must be one of internal, shared, strict"):
        protect(result, "public")
    with pytest.raises(ValueError, match="not protected again"):
        protect(protect(result, "shared"), "shared")


def test_shares_follow_from_protected_counts_in_whole_percent():
    """PV14: 3 and 97 of 100 would be 3.0 % and 97.0 %; 41 of 62 is 40 of 60."""
    assert protect(made([97, 3]), "shared").table["share"].tolist() == [0.95, STAR]
    assert protect(made([41, 21]), "shared").table["share"].tolist() == [0.67, 0.33]
    assert protect(made([8, 0]), "shared").table["share"].tolist() == [1.0, 0.0]


def test_what_is_not_named_does_not_leave():
    """Intervals, p-values, texts, times of single cases, and columns that nobody has thought of."""
    more = {
        "share_low": 0.1,
        "p": 0.04,
        "text": "x",
        "first_received": pd.Timestamp("2026-10-03 04:05"),
        "new": 3,
    }
    shown = protect(made([20, 30], **more), "shared").table
    assert shown[list(more)].isna().all(axis=None)
    assert "share_low" not in protect(made([20, 30], **more), "shared").show_table("en").html
    assert protect(made([20, 30], **more).table, "shared").columns.tolist() == ["reason", "n", "share"]


def test_examples_and_notes_are_gone(tmp_path, monkeypatch):
    (tmp_path / "notes" / "2026-10").mkdir(parents=True)
    (tmp_path / "notes" / "2026-10" / "made.en.txt").write_text("three cases of Mrs X", encoding="utf-8")
    monkeypatch.setattr("complaintlib.result.DATA", tmp_path)
    cases = pd.DataFrame({"complaint_id": ["C1"], "text": ["a case"]})
    result = made([20, 30])
    result = Made(OCT, {**result.tables, "examples": cases}, ())
    assert "Mrs X" in result.note("en").text
    shown = protect(result, "shared")
    assert "examples" not in shown.tables
    assert shown.note("en").text == ""
    assert "a case" not in shown.examples("en").html


def test_values_go_by_the_form_of_their_row():
    """PV16: a share by its numerator, a rate by its count, a median only of enough cases."""
    frame = pd.DataFrame(
        {
            "indicator": ["received", "reopen_rate", "reopen_rate", "rate_orders", "resolution_median", "resolution_median", "nps"],
            "value": [203.0, 0.015, 0.06, 2.03, 1437.0, 1437.0, 15.0],
            "n": [203, 200, 200, 203, 160, 4, 80],
            "previous": [198.0, 0.02, 0.02, 1.9, 1400.0, 1400.0, 12.0],
            "form": ["int", "pct1", "pct1", "num2", "min", "min", "+int"],
        }
    )  # fmt: skip
    shown = protect(frame, "shared")
    assert shown["value"].fillna(-1).tolist() == [205.0, STAR, 0.05, pytest.approx(2.05), 1400.0, STAR, -1]
    assert shown["previous"].fillna(-1).tolist() == [200.0, -1, -1, -1, -1, -1, -1]


def test_an_order_by_size_does_not_tell_the_starred_sizes():
    """Seven reasons with 7, 6 ... 1 cases in that order, ties by name, would give each of them away."""
    falling = pd.DataFrame({"reason": list("zgfedcba"), "n": [20, 7, 6, 5, 4, 3, 2, 1], "rank": range(1, 9)})
    shown = protect(Made(OCT, {"counts": falling}, ()), "shared").table
    assert shown["reason"].tolist() == list("zabcdefg")
    assert shown["rank"].tolist() == [1] + [STAR] * 7


def test_series_over_time_stand_by_name_and_starred_ones_are_left_out():
    frame = pd.DataFrame(
        {"period": ["2026-09", "2026-10"] * 3, "reason": list("zzaabb"), "n": [20, 30, 2, 9, 1, 3]}
    )
    shown = protect(Made(OCT, {"panels": frame}, ()), "shared").table
    assert shown["reason"].tolist() == list("aazz")
    assert shown["n"].tolist() == [STAR, 10, 20, 30]


def test_a_category_called_star_is_a_category():
    frame = pd.DataFrame({"reason": ["*", "b"], "n": [20, 9]})
    shown = protect(Made(OCT, {"counts": frame}, ()), "shared").table
    assert not stars(shown).any(axis=None)
    assert unstarred(shown)["reason"].tolist() == ["*", "b"]


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_what_follows_from_counts_depends_on_the_protected_ones_only(n, random):
    """Other counts with the same protected values and total give the same table: nothing more can be learnt."""
    for profile in (SHARED, STRICT):
        near = [x + random.randint(-4, 4) for x in n]
        near = [y if y >= 0 and profile(y) == profile(x) else x for x, y in zip(n, near, strict=True)]
        if sum(n) == 0 or profile(sum(near)) != profile(sum(n)):
            continue
        one, two = (made(counts) for counts in (n, near))
        one, two = (
            Made(OCT, {"counts": r.table.assign(cumulative=0.5, amount=r.table["n"] * 1.0)}, ())
            for r in (one, two)
        )
        pd.testing.assert_frame_equal(protect(one, profile.name).table, protect(two, profile.name).table)


# -------------------------------------------------------------------------------------------------- sentences


def test_sentences_keep_what_can_be_said():
    told = Finding(
        "made.a", "watch",
        words("{reason:reason} leads|: {n:int} cases; it had {p:p}; more."),
        {"reason": "a", "n": 41, "p": 0.041},
    )  # fmt: skip
    small = Finding("made.b", "note", words("{n:int} of b|."), {"n": 3})
    result = protect(made([41, 3, 21], told, small, p=[0.041, 0.5, 0.5]), "shared")
    assert [f.sentence("en") for f in result.findings[:1]] == ["a leads: 40 cases."]
    assert result.findings[0].values == {"reason": "a", "n": 40}
    assert result.findings[1].key == "made.withheld"
    assert result.findings[1].sentence("en").startswith("One finding is not listed")


def test_no_clause_is_cut_within_brackets():
    told = Finding("made.a", "note", words("All|（{n:int} cases；{p:p}）。"), {"n": 41, "p": 0.041})
    assert protect(made([41, 21], told, p=0.041), "shared").findings[0].sentence("zh") == "All。"


def test_a_name_that_is_also_a_column_does_not_open_a_value():
    """`part` is a column of volumes that may be shown; a finding's `part` may be a share of complaints."""
    assert treatments()["part"] == "kept"
    told = Finding("made.a", "note", words("{part:pct1} are a|."), {"part": 41 / 62})
    assert protect(made([41, 21], told), "shared").findings[0].values == {"part": 0.67}


def test_a_number_left_out_is_not_found_again_among_those_that_may_be_shown():
    told = Finding("made.a", "note", words("{chance:pct} sure|."), {"chance": 0.5})
    result = protect(
        made([41, 21], told, same_top=0.5, part=0.5), "shared"
    )  # a half of the volume is another half
    assert [f.key for f in result.findings] == ["made.withheld"]


def test_a_number_that_two_cells_hold_with_other_fates_is_withheld():
    told = Finding("made.a", "note", words("{k:int} places|."), {"k": 3})
    result = protect(made([30, 20, 3], told, rank=[1, 2, 3]), "shared")
    assert [f.key for f in result.findings] == ["made.withheld"]


def test_names_of_starred_rows_come_last_and_by_name():
    told = Finding("made.a", "note", words("{names:reason}|."), {"names": ["c", "a", "d", "b"]})
    assert protect(made([20, 3, 30, 2], told), "shared").findings[0].values == {"names": ["c", "a", "b", "d"]}


# --------------------------------------------------------------------------------------- attacks on the tables


def bounds(published: np.ndarray, profile) -> tuple[np.ndarray, np.ndarray]:
    """What a reader knows of each published cell (NaN: starred) without the others."""
    half, known = profile.step / 2, np.nan_to_num(published)
    low = np.where(
        np.isnan(published),
        profile.first,
        np.where(known == 0, 0, np.maximum(np.ceil(known - half), profile.least)),
    )
    high = np.where(
        np.isnan(published), profile.least - 1, np.where(known == 0, 0, np.ceil(known + half) - 1)
    )
    return low, high


def attacked(table: np.ndarray, profile) -> tuple[int, int]:
    """Starred cells of a two-way table with its totals, and how many of them linear programming pins to one count."""
    from scipy.optimize import linprog

    rows, across = table.shape
    with_totals = np.vstack([np.column_stack([table, table.sum(1)]), np.append(table.sum(0), table.sum())])
    published = profile.rounded(with_totals)
    low, high = bounds(published, profile)
    assert (low <= with_totals).all()
    assert (with_totals <= high).all()
    cells = np.arange(table.size).reshape(table.shape)
    lines = [*cells, *cells.T, cells.ravel()]
    totals = [*((i, across) for i in range(rows)), *((rows, j) for j in range(across)), (rows, across)]
    sums = np.array([np.isin(cells.ravel(), line) for line in lines], dtype=float)
    limits = np.concatenate([[high[t] for t in totals], [-low[t] for t in totals]])
    within = list(zip(low[:-1, :-1].ravel(), high[:-1, :-1].ravel(), strict=True))
    starred, pinned = np.flatnonzero(np.isnan(published[:-1, :-1]).ravel()), 0
    for cell in starred:
        ends = []
        for sign in (1, -1):
            aim = sign * (np.arange(table.size) == cell)
            ends.append(sign * linprog(aim, np.vstack([sums, -sums]), limits, bounds=within).fun)
        pinned += round(np.ceil(ends[0] - 1e-6)) == round(np.floor(ends[1] + 1e-6))
    return len(starred), pinned


@pytest.mark.parametrize(("profile", "most"), [(STRICT, 0), (SHARED, 0.01)], ids=["strict", "shared"])
def test_linear_programming_recovers_no_starred_cell(profile, most):
    """M29, PV13: two-way tables with row, column and grand totals, sparse and less so. `shared` is the rule of HES and
    leaves a few in a thousand open (0.24% of 6,708), `strict` none (of 33,301)."""
    random, tried, pinned = np.random.default_rng(29), 0, 0
    for scale, size in ((2, 5), (12, 4), (40, 4)) * 20:
        starred, recovered = attacked(random.poisson(random.gamma(0.7, scale, (size, size))), profile)
        tried, pinned = tried + starred, pinned + recovered
    assert tried > 400
    assert pinned <= most * tried


def test_the_attack_finds_what_starring_alone_leaves_open():
    """The attack can fail: one starred cell beside exact counts is the total less the rest."""
    from dataclasses import replace

    class Exact(type(SHARED)):
        def rounded(self, count):
            return np.where(self.small(count), np.nan, count)

    exact = Exact(
        **{
            name: getattr(replace(SHARED, step=1), name)
            for name in ("name", "first", "least", "step", "title", "words")
        }
    )
    assert attacked(np.array([[3, 20], [30, 40]]), exact) == (1, 1)


# ---------------------------------------------------------------------------------------------- every method


@pytest.fixture(scope="module")
def small_book(demo_book) -> Book:
    """One customer in twenty of the demo company: about a hundred complaints a month, most cells small."""
    names = [c for c in demo_book.tables["complaints"].columns if c not in ("text", "demand")]
    rows = demo_book.rows("complaints", names, limit=100_000)
    keep = pd.util.hash_array(rows["complaint_id"].to_numpy(dtype=object)) % 20 == 0
    exposure = demo_book.rows("exposure", list(demo_book.tables["exposure"].columns), limit=100_000)
    events = demo_book.rows("events", list(demo_book.tables["events"].columns), limit=1_000_000)
    events = events[events["complaint_id"].isin(rows.loc[keep, "complaint_id"])]
    actions = demo_book.rows("actions", list(demo_book.tables["actions"].columns))
    complaints = rows[keep].assign(text="a text that must not leave")
    return Book.of(complaints=complaints, exposure=exposure, events=events, actions=actions)


@pytest.fixture(scope="module")
def results(small_book) -> dict[str, Result]:
    return {method: getattr(complaintlib, method)(small_book, OCT) for method in METHODS}


@pytest.mark.parametrize("profile", [SHARED, STRICT], ids=lambda p: p.name)
@pytest.mark.parametrize("method", METHODS)
def test_no_number_of_any_method_tells_a_small_count(results, method, profile):
    exact = results[method]
    shown = protect(exact, profile.name)
    for name, frame in shown.tables.items():
        before = exact.tables[name]
        for column in frame:
            rule = treatments().get(column, "")
            if rule == "count":
                small = profile.small(before[column]).sum()
                assert all(profile.shows(value) for value in frame[column].dropna())
                assert len(frame) < len(before) or (frame[column] == STAR).sum() == small
            elif (
                pd.api.types.is_numeric_dtype(before[column])
                and before[column].dtype != bool
                and rule != "kept"
            ):
                told = pd.to_numeric(frame[column], errors="coerce").dropna()
                assert rule or told.empty, f"{name}.{column}"
                if columns()[column].form in ("pct", "pct1"):
                    assert np.allclose(told * 100, np.round(told * 100)), f"{name}.{column}"
        counts = [c for c in frame if treatments().get(c) == "count"]
        for column in frame:
            part = treatments().get(column, "").split(" ")[-1]
            if part in counts and len(frame):
                assert unstarred(frame).loc[(frame[part] == STAR).to_numpy(), column].isna().all(), (
                    f"{name}.{column}"
                )
    packed = shown.close("t").content
    assert packed["privacy"] == profile.name
    held = {
        v for t in packed["tables"].values() for row in t["rows"] for v in row if isinstance(v, int | float)
    }
    lengths = {len(f) - less for f in exact.tables.values() for less in (0, 1)}
    for finding in packed["findings"]:
        numbers = [
            v for v in finding["values"].values() if isinstance(v, int | float) and not isinstance(v, bool)
        ]
        assert set(numbers) <= held | lengths, finding["key"]
    for lang in ("zh", "en"):
        said = shown.say(lang).html + shown.caption(lang) + shown.examples(lang).html
        assert "must not leave" not in said + "".join(shown.show_table(lang, t).html for t in shown.tables)
        assert not re.search(r"[{}]|–[%％]|nan", re.sub(r"<[^>]+>", "", said))
        assert shown.picture(lang).png.startswith(b"\x89PNG")
        assert profile.words[lang] in shown.how_to_read(lang).text


@pytest.mark.parametrize("method", METHODS)
def test_tiny_and_empty_books_are_protected_too(small_book, method):
    rows = small_book.rows(
        "complaints", ["complaint_id", "received_at", "reason", "region", "channel", "product"], OCT, limit=40
    )
    for few in (0, 1, 5, 40):
        try:
            shown = protect(getattr(complaintlib, method)(Book.of(complaints=rows.head(few)), OCT), "shared")
        except NotMeasured as missing:  # a method that needs more columns than these says which
            assert "complaints." in missing.needs or missing.needs in TABLES
            continue
        assert shown.findings
        assert shown.picture("zh").png
        said = " ".join(f.sentence("en") for f in shown.findings)
        assert few not in (1, 5) or not re.search(rf"\b{few} (complaint|case|received|row)", said), said


def test_every_column_that_may_leave_is_a_column_and_every_rule_is_known():
    known = {"count", "kept", "order", "share", "rate", "amount", "sum", "less", "value", "number", "same"}
    for name, rule in treatments().items():
        assert name in columns() or name == "sources", name
        for one in rule.split(" | "):
            how, *others = one.split()
            assert how in known, rule
            assert set(others) <= set(columns()), rule
