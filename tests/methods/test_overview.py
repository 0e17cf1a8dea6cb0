"""Overview: verdicts from intervals, frames counted by hand, and what is true of the demo company."""

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, overview
from complaintlib.indicators import INDICATORS

OCT = Period("2026-10")


def book_of(monthly, orders=100_000):
    """A book with so many complaints in each month up to October 2026, evenly spread, of so many orders."""
    months = OCT.history(len(monthly))
    received = [
        p.start + (p.end - p.start) * ((i + 0.5) / n)
        for p, n in zip(months, monthly, strict=True)
        for i in range(n)
    ]
    complaints = pd.DataFrame(
        {"complaint_id": [f"c{i}" for i in range(len(received))], "received_at": received}
    )
    exposure = pd.DataFrame({"month": [p.start for p in months], "measure": "orders", "value": float(orders)})
    return Book.of(complaints=complaints, exposure=exposure)


def indicator(result, key):
    return result.table.set_index("indicator").loc[key]


@pytest.fixture(scope="module")
def tripled():
    rng = np.random.default_rng(4)
    return overview(book_of([*rng.poisson(100, 25), 300]), OCT)


def test_a_tripled_rate_is_worse_and_leads(tripled):
    row = indicator(tripled, "rate_orders")
    assert row["value"] == pytest.approx(3.0) and row["n"] == 300
    assert row["compared"] == "last_year" and row["verdict"] == "worse"
    assert row["change"] == pytest.approx(row["value"] - row["last_year"])
    assert 0 < row["change_low"] < row["change"] < row["change_high"]
    first = tripled.findings[0]
    assert first.key == "overview.rate" and first.level == "act"
    assert "3.00 per 1,000 orders" in first.sentence("en") and "每千单 3.00 件" in first.sentence("zh")


def test_history_has_thirteen_periods_of_each_measured_indicator(tripled):
    history = tripled.tables["history"]
    assert (history.groupby("indicator")["period"].nunique() == 13).all()
    rate = history[history["indicator"] == "rate_orders"].iloc[-1]
    assert rate["value"] > rate["high"] > rate["low"]


def test_every_indicator_has_a_row_and_what_is_missing_says_so(tripled):
    shown = [key for key, indicator in INDICATORS.items() if indicator.page == "overview"]
    assert list(tripled.table["indicator"]) == shown
    assert indicator(tripled, "csat_top_two")["verdict"] == "none"
    assert any("not measured" in f.sentence("en").lower() for f in tripled.findings)


def test_few_cases_are_too_few():
    assert indicator(overview(book_of([9] * 14), OCT), "received")["verdict"] == "few"


def test_without_last_year_the_period_before_is_compared():
    row = indicator(overview(book_of([100] * 4), OCT), "received")
    assert row["compared"] == "previous" and row["verdict"] == "same" and np.isnan(row["expected_low"])


def test_a_partial_period_is_not_judged():
    """B87"""
    result = overview(book_of([100] * 26), Period("2026-10", pd.Timestamp("2026-10-11")))
    measured = result.table[result.table["verdict"] != "none"]
    assert set(measured["verdict"]) == {"partial"} and measured["change"].isna().all()
    assert result.findings[0].key == "overview.partial"


def test_nothing_wrong_is_seldom_called_wrong():
    """C07: with nothing changed, a clear verdict among all indicators in at most one report in ten."""
    wrong = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        table = overview(book_of(rng.negative_binomial(40, 40 / 140, 25)), OCT).table
        wrong += table["verdict"].isin(["better", "worse"]).any()
    assert wrong <= 3  # P(more than 3 of 12 at 10 %) = 3 %


def test_the_demo_company(demo_book):
    """Truths late_delivery_east (October above its range) and first_response_quicker."""
    result = overview(demo_book, OCT)
    rate = indicator(result, "rate_orders")
    assert rate["value"] > rate["expected_high"] and rate["verdict"] == "worse"
    response = indicator(result, "first_response_median")
    assert response["verdict"] == "better" and response["value"] < response["last_year"]
    assert {"overview.rate", "overview.first_response_median"} <= {f.key for f in result.findings}


def test_table_cells_are_shown_in_the_indicator_s_own_form(tripled):
    lines = tripled.show_table("en").text.splitlines()
    assert "Form" not in lines[0]
    assert (
        next(line for line in lines if line.startswith("Complaints per 1,000 orders")).split("\t")[1]
        == "3.00"
    )
