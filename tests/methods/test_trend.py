"""Trend: hand-made series with a known rise, and what is true of the demo company."""

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, trend
from complaintlib.book import Break
from complaintlib.methods._trend_events import spikes
from complaintlib.methods._trend_series import share_of_excess, streak
from complaintlib.words import Trouble, Words

OCT = Period("2026-10")


def book_of(cells, breaks=(), orders=100_000):
    """A book from {(reason, region): monthly counts up to October 2026}, evenly spread over each month."""
    length = len(next(iter(cells.values())))
    months, parts = OCT.history(length), []
    for (reason, region), counts in cells.items():
        for period, n in zip(months, counts, strict=True):
            at = [period.start + (period.end - period.start) * ((i + 0.5) / n) for i in range(n)]
            parts.append(pd.DataFrame({"received_at": at, "reason": reason, "region": region}))
    complaints = pd.concat(parts, ignore_index=True).assign(channel="app")
    complaints["complaint_id"] = [f"c{i}" for i in range(len(complaints))]
    exposure = pd.DataFrame({"month": [p.start for p in months], "measure": "orders", "value": float(orders)})
    return Book.of(complaints=complaints, exposure=exposure, breaks=breaks)


def steady(seed, mean, length=37):
    return list(np.random.default_rng(seed).poisson(mean, length))


def calm(seed=0):
    reasons, regions = ("late", "lost", "rude"), ("east", "west")
    return {
        (a, b): steady(seed + 10 * i + j, 60) for i, a in enumerate(reasons) for j, b in enumerate(regions)
    }


@pytest.fixture(scope="module")
def risen():
    cells = calm()
    cells["late", "east"][-1] = 200
    return trend(book_of(cells), OCT)


def test_a_rise_is_found_with_its_place_and_share(risen):
    last = risen.tables["total"].iloc[-1]
    assert last["signal"] == "above" and last["n"] == last["expected"] + last["excess"]
    assert last["value"] == pytest.approx(1000 * last["n"] / 100_000)
    where = risen.tables["where"]
    assert list(zip(where["reason"], where["region"], strict=True)) == [("late", "east")]
    cell = where.iloc[0]
    assert cell["excess_share"] == pytest.approx(cell["excess"] / last["excess"])
    assert cell["excess_share_low"] < cell["excess_share"] < cell["excess_share_high"]
    keys = [f.key for f in risen.findings]
    assert keys[:2] == ["trend.where", "trend.total"] and risen.findings[0].level == "act"


def test_the_drawn_periods_are_those_asked_for(risen):
    assert len(risen.tables["total"]) == 24 and risen.tables["total"]["period"].iloc[-1] == "2026-10"
    assert set(risen.tables["panels"].groupby("reason").size()) == {24}
    with pytest.raises(Trouble):
        trend(book_of(calm()), OCT, periods=12)
    with pytest.raises(Trouble):
        trend(book_of(calm()), OCT, measure="parcels")


def test_without_categories_the_total_is_still_told(risen):
    result = trend(book_of(calm()), OCT, by="product")
    assert result.tables["categories"].empty and result.tables["panels"].empty
    assert {f.key for f in result.findings} >= {"trend.total", "trend.categories"}
    assert result.picture("zh", "categories").png


def test_a_rise_on_a_handful_of_cases_is_not_a_percentage():
    """C06: +200 % on a base of 2 is no finding."""
    few = [0] * 24 + [2] * 6 + [0] * 1 + [12] * 6
    result = trend(book_of({("late", "east"): [60] * 37, ("rare", "east"): few}), OCT)
    assert result.tables["categories"].set_index("reason").loc["rare", ["growth", "growth_low"]].isna().all()


def test_counts_re_add(risen):
    assert risen.tables["categories"]["n"].sum() == risen.tables["total"]["n"].iloc[-1]


def test_no_signal_in_a_constant_series():
    """M23"""
    result = trend(book_of({("late", "east"): [60] * 37, ("lost", "east"): [40] * 37}), OCT)
    assert (result.tables["total"]["signal"] == "").all() and (
        result.tables["categories"]["signal"] == ""
    ).all()
    assert result.findings[0].key == "trend.total" and result.findings[0].level == "note"


def test_a_tenfold_month_is_a_signal():
    """M23"""
    result = trend(book_of({("late", "east"): [60] * 36 + [600]}), OCT)
    assert result.tables["total"]["signal"].iloc[-1] == "above"
    assert result.tables["categories"]["signal"].tolist() == ["above"]


def test_false_signals_are_as_rare_as_said():
    """C07: categories and cells of an unchanged company, FDR 10 %: a claim in at most one report in ten or so."""
    claims = 0
    for seed in range(8):
        result = trend(book_of(calm(100 * seed + 7)), OCT, periods=13)
        claims += (
            len(result.tables["where"]) > 0
            or result.tables["categories"]["signal"].isin(["above", "below"]).any()
        )
    assert claims <= 4  # two families at 10 % each: P(more than 4 of 8) < 2 %


def test_a_new_category_is_called_new():
    cells = calm() | {("code", "east"): [0] * 36 + [25]}
    result = trend(book_of(cells), OCT)
    assert result.tables["categories"].set_index("reason").loc["code", "signal"] == "new"


def test_nothing_is_compared_across_a_break():
    """Half of a category moves to a new one: no signal once history begins at the break."""
    split = pd.Timestamp("2025-07-01")
    cells = {("old", "east"): [80] * 21 + [40] * 16, ("new", "east"): [0] * 21 + [40] * 16}
    known = trend(book_of(cells, [Break("reason", split, Words("拆分", "split"))]), OCT)
    assert (known.tables["categories"]["signal"] == "").all()
    assert "trend.break" in {f.key for f in known.findings}
    assert (known.tables["categories"]["recent"] == 4).all()  # July to October, not May and June


def test_a_month_without_rows_is_zero():
    """B86"""
    counts = [60] * 37
    counts[-5] = 0
    total = trend(book_of({("late", "east"): counts}), OCT).tables["total"].set_index("period")
    assert total.loc["2026-06", "n"] == 0 and total.loc["2026-06", "signal"] == "below"


def test_short_history_says_what_it_needs():
    """B89"""
    result = trend(book_of({("late", "east"): [60] * 5}), OCT)
    assert "8" in result.findings[0].sentence("en") and result.tables["total"]["low"].isna().all()


@pytest.mark.parametrize(
    ("series", "k"),
    [([1, 1, 1, 4, 7, 10], 3), ([9, 9, 9, 6, 3], -2), ([5, 5, 5, 5], 0), ([1, 2], 0), ([], 0)],
)
def test_streak_of_the_mean_of_three(series, k):
    """Means of three: 1, 2, 4, 7 rise three times; 9, 8, 6 fall twice."""
    assert streak(np.array(series, float)) == k


def test_share_of_the_excess():
    """40 (error 5) of 100 (error 10): Fieller's quadratic 9615.85 s^2 - 7807.93 s + 1503.96 = 0, solved by hand."""
    z = 1.959964
    share, low, high = share_of_excess(40, 2 * z * 5, (100, 2 * z * 10))
    assert share == pytest.approx(0.4) and low == pytest.approx(0.3142, abs=1e-4)
    assert high == pytest.approx(0.4978, abs=1e-4)
    assert np.isnan(share_of_excess(40, 2 * z * 5, None)).all()


def test_a_bulk_day_is_a_spike_and_a_busy_day_is_not():
    days = pd.date_range("2026-08-01", periods=92)
    counts = np.random.default_rng(1).poisson(7, 92)
    counts[20], counts[40] = 150, 16
    found = spikes(pd.DataFrame({"email": counts}, index=days), 20)
    assert [(day, channel, n) for day, channel, n, _ in found] == [(days[20], "email", 150)]


@pytest.fixture(scope="module")
def demo_trend(demo_book):
    return trend(demo_book, OCT)


def test_truth_late_delivery_east(demo_trend):
    cell = demo_trend.tables["where"].iloc[0]
    assert (cell["reason"], cell["region"]) == ("late_delivery", "east") and cell["excess_share_low"] > 0.25
    assert demo_trend.tables["total"]["signal"].iloc[-1] == "above"
    assert demo_trend.findings[0].key == "trend.where"


@pytest.mark.parametrize(
    ("reason", "signal"),
    [
        ("refund_slow", "rising"),
        ("address_error", "falling"),
        ("pickup_code_invalid", "new"),
        ("damaged", ""),
        ("rude_courier", ""),
        ("rude_agent", ""),
    ],
)
def test_truths_of_reasons(demo_trend, reason, signal):
    """refund_slow_rising, address_check, pickup_code_invalid_new; packing_guide and attitude_split, which changed nothing."""
    assert demo_trend.tables["categories"].set_index("reason").loc[reason, "signal"] == signal


def test_truths_of_the_data(demo_trend):
    """app_silent and attitude_split are marked."""
    events = demo_trend.tables["signals"]
    silent = events[events["signal"] == "silent"].iloc[0]
    assert (silent["channel"], silent["days"]) == ("app", 3) and silent["first_day"] == pd.Timestamp(
        "2026-10-13"
    )
    assert "break" in set(events["signal"])


def test_truth_season_is_no_signal(demo_trend):
    """november_peak, spring_festival_dip and spring_festival_after of the last year are as expected."""
    total = demo_trend.tables["total"].set_index("period")
    assert (total.loc[["2025-11", "2026-02", "2026-03"], "signal"] == "").all()


def test_truth_bulk_import(demo_book):
    """The 150 e-mails of one flooded warehouse are named, at the time."""
    result = trend(demo_book, Period("2024-08"), periods=13)
    bulk = next(f for f in result.findings if f.key == "trend.bulk")
    assert (
        bulk.level == "watch" and bulk.values["channel"] == "email" and bulk.values["code"] == "lost_parcel"
    )
    assert bulk.values["first_day"] == pd.Timestamp("2024-08-20") and bulk.values["place"] == "south"
