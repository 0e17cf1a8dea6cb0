"""Tables as files: formulas are harmless, numbers whole, the workbook opens and is the same each time."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from complaintlib.report.tables import csv_of, frame_of, neutral, sheet_names, workbook
from complaintlib.result import packed

FORMULAS = ["=1+1", "+86138", "-not happy", "@SUM(1)", "\t=1", "\r=1", "a\r\n=1", "＝1", "＠x", "－x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_h21_no_text_of_a_csv_is_a_formula(text):
    content, changed = csv_of(pd.DataFrame({"text": [text]}), "en")
    assert changed == 1 and content.startswith(b"\xef\xbb\xbf")
    (cell,) = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1]
    assert not any(line[:1] in set("=+-@\t＝＋－＠") for line in cell.splitlines())


def test_h22_honest_text_and_numbers_are_not_changed():
    frame = pd.DataFrame({"text": ["late (again)", "5 - 3"], "change": [-0.25, 0.1 + 0.2], "n": [-3, 7]})
    content, changed = csv_of(frame, "zh")
    assert changed == 0
    assert content.decode("utf-8-sig").splitlines()[1:] == [
        '"late (again)",-0.25,-3',
        '"5 - 3",0.30000000000000004,7',
    ]


@given(st.text())
def test_neutral_only_adds_quotes(text):
    assert neutral(text).replace("'", "") == text.replace("'", "")
    assert neutral(text)[:1] not in set("=+-@\t\r\n\x00＝＋－＠") - {""}


def tables():
    hostile = pd.DataFrame(
        {"text": [*FORMULAS, "http://evil.example", "\x00\x1f\ufffe", "x" * 40_000], "n": range(13)}
    )
    times = pd.DataFrame({"received_at": [pd.Timestamp("2026-10-14 08:30"), pd.NaT], "share": [0.5, np.nan]})
    return {("toy", "counts"): hostile, ("toy", "examples"): times, ("trend", "counts"): hostile.head(0)}


def test_h20_h23_h24_the_workbook_holds_texts_as_texts():
    book = load_workbook(io.BytesIO(workbook(tables(), {"toy": "Toy", "trend": "Trend"}, "en")))
    assert book.sheetnames == ["Contents", "toy.counts", "toy.examples", "trend.counts", "Notes"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert book["toy.counts"]["A2"].value == "=1+1" and book["toy.counts"]["A2"].data_type == "s"
    assert len(book["toy.counts"]["A14"].value) == 32_001 and book["toy.counts"]["A14"].value.endswith("…")
    assert (
        book["toy.examples"]["A2"].value == pd.Timestamp("2026-10-14 08:30")
        and book["toy.examples"]["B3"].value is None
    )
    assert [cell.value for cell in book["Contents"][2]] == ["toy.counts", "Toy", "counts", 13]


def test_the_workbook_s_bytes_are_the_same_each_time():
    one, two = (workbook(tables(), {"toy": "Toy", "trend": "Trend"}, "zh") for _ in range(2))
    assert one == two


def test_h28_sheet_names_are_short_clean_and_unique():
    empty = pd.DataFrame()
    keys = [
        ("composition-by-a-very-long-name", "counts"),
        ("composition-by-a-very-long-name", "Counts/2"),
        ("a", "b:[c]"),
    ]
    names = list(sheet_names(dict.fromkeys(keys, empty)).values())
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    assert len({name.casefold() for name in names}) == 3


def test_a_handed_over_table_comes_back():
    frame = pd.DataFrame({"received_at": [pd.Timestamp("2026-10-14 08:30")], "reason": ["late"], "n": [3]})
    back = frame_of(packed(frame))
    assert back["received_at"].iloc[0] == frame["received_at"].iloc[0] and back["n"].iloc[0] == 3
