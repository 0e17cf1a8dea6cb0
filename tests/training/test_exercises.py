"""Answers and slips of exercises on frames counted by hand."""

import pandas as pd
import pytest

from complaintlib import Book
from complaintlib.training.exercise import code_of, kind, same
from complaintlib.training.lessons import composition, effect, forecast, timeliness, trend, warning


def cases_of(received, **columns) -> pd.DataFrame:
    frame = pd.DataFrame({"received_at": pd.to_datetime(list(received), format="ISO8601"), **columns})
    frame.insert(0, "complaint_id", [f"c{i}" for i in range(len(frame))])
    return frame


def test_composition_by_hand():
    cases = cases_of(["2026-10-05"] * 5, reason=["damaged", "damaged", "damaged", "app_fault", None])
    cases["compensation"] = [10.0, 0.0, None, 5.0, None]
    steps = pd.DataFrame(
        {"complaint_id": ["c0", "c0", "c0", "c3"], "stage": ["a", "b", "c", "a"], "department": "it"}
    ).assign(entered_at=pd.to_datetime("2026-10-06"), left_at=pd.NaT)
    held = Book.of(complaints=cases, events=steps)
    assert composition.share_of_classified(held) == pytest.approx(3 / 4)
    assert composition.share_of_all(held) == pytest.approx(3 / 5)
    assert composition.number_not_share(held) == 3
    assert composition.compensation(held) == 15.0
    assert composition.counted_for_each_step(held) == 3 * 10.0 + 5.0


def test_a_rate_a_number_and_a_share_by_hand():
    # cross-border: 4 of 8 complaints then, 3 of 9 now; 40 orders then, 20 now
    products = ["cross_border"] * 4 + ["shopping"] * 4 + ["cross_border"] * 3 + ["shopping"] * 6
    cases = cases_of(["2025-10-05"] * 8 + ["2026-10-05"] * 9, product=products)
    orders = pd.DataFrame(
        {
            "month": pd.to_datetime(["2025-10-01", "2026-10-01"]),
            "product": "cross_border",
            "measure": "orders",
            "value": [40.0, 20.0],
        }
    )
    held = Book.of(complaints=cases, exposure=orders)
    assert composition.ratio_of_rates(held) == pytest.approx((3 / 20) / (4 / 40))
    assert composition.ratio_of_counts(held) == pytest.approx(3 / 4)
    assert composition.ratio_of_shares(held) == pytest.approx((3 / 9) / (4 / 8))


def test_a_partial_month_by_hand():
    # September: 4 in its first half, 6 after it; October: 6 in its first half, 9 after it
    days = ["2026-09-10"] * 4 + ["2026-09-20"] * 6 + ["2026-10-15 23:59"] * 6 + ["2026-10-16 00:00"] * 9
    held = Book.of(complaints=cases_of(days))
    assert trend.same_stretch(held) == pytest.approx(0.5)
    assert trend.part_against_whole(held) == pytest.approx(6 / 10 - 1)
    assert trend.whole_against_whole(held) == pytest.approx(0.5)


def test_a_break_of_the_taxonomy_by_hand():
    reasons = ["service_attitude"] * 5 + ["rude_courier"] * 3 + ["rude_agent"] * 3
    held = Book.of(complaints=cases_of(["2025-03-01"] * 5 + ["2025-08-01"] * 6, reason=reasons))
    assert trend.old_and_new_names(held) == pytest.approx(0.2)
    assert trend.across_the_break(held) == -1
    assert trend.half_of_the_new(held) == pytest.approx(3 / 5 - 1)


def test_means_by_hand():
    # hotline: three answered after 10 minutes, e-mail: one after 50, one not yet
    received = pd.to_datetime(["2026-10-13 10:00"] * 5)
    minutes = [10, 10, 10, 50, None]
    answered = [r + pd.Timedelta(minutes=m) if m else pd.NaT for r, m in zip(received, minutes, strict=True)]
    channels = ["hotline"] * 3 + ["email"] * 2
    held = Book.of(complaints=cases_of(received, channel=channels, first_response_at=answered))
    assert timeliness.mean_of_cases(held) == pytest.approx(80 / 4)
    assert timeliness.mean_of_means(held) == pytest.approx((10 + 50) / 2)
    assert timeliness.mean_of_rows(held) == pytest.approx((10 + 50) / 2)  # two rows: 10 and 50


def test_silent_days_by_hand():
    days = [f"2026-10-{day:02d}" for day in range(1, 32) if day not in (13, 14)]
    held = Book.of(complaints=cases_of(days, channel="app"))
    assert warning.silent_days(held) == 2
    assert warning.days_that_are_there(held) == 0


def test_an_effect_by_hand():
    # 2025: 20 of 100 orders a month; April 2026: 60; since May 15 of 100
    months = [f"2025-{m:02d}" for m in range(5, 11)] + [f"2026-{m:02d}" for m in range(4, 11)]
    sizes = [20] * 6 + [60] + [15] * 6
    days = [f"{month}-05" for month, size in zip(months, sizes, strict=True) for _ in range(size)]
    orders = pd.DataFrame({"month": pd.to_datetime(months), "measure": "orders", "value": 100.0})
    held = Book.of(complaints=cases_of(days, reason="coupon_problem"), exposure=orders)
    assert effect.against_last_year(held) == pytest.approx(-0.25)
    assert effect.against_the_worst_month(held) == pytest.approx(-0.75)


def test_a_forecast_does_not_know_its_month():
    # 100 in each of 35 months, then 200: only the last forecast is wrong, by a half
    months = pd.period_range("2023-11", "2026-10", freq="M")
    days = [f"{m}-05" for m in months for _ in range(200 if str(m) == "2026-10" else 100)]
    held = Book.of(complaints=cases_of(days))
    assert forecast.error_of_three_months(held) == pytest.approx(0.5 / 12)
    assert forecast.error_with_the_month_itself(held) == pytest.approx((200 - 400 / 3) / 200 / 12)
    assert forecast.error_of_last_year(held) == pytest.approx(0.5 / 12)


# ------------------------------------------------------------------------------------------------ comparing


@pytest.mark.parametrize(
    ("answer", "right", "within", "equal"),
    [
        (0.3501, 0.35, 0.001, True),
        (0.352, 0.35, 0.001, False),
        (pd.Series([3]), 3, 0, True),
        (True, 1, 0, False),
        (" Damaged", "damaged", 0, True),
        (("b", "a"), ["a", "b"], 0, True),
        (["a"], ["a", "b"], 0, False),
        (pd.Index(["a", "b"]), ["b", "a"], 0, True),
        (float("nan"), 0.35, 1, False),
        (None, 0.35, 1, False),
        (pd.DataFrame({"n": [1, 2]}), 1, 0, False),
    ],
)
def test_same(answer, right, within, equal):
    assert same(answer, right, within) is equal


def test_kinds():
    assert [kind(x) for x in (1, 1.5, True, "a", ["a"], [1], None)] == [
        "number", "number", "truth", "text", "several", "other", "other",
    ]  # fmt: skip


def test_a_solution_is_the_body_of_the_function():
    assert code_of(trend.whole_against_whole) == (
        'months = book.series(periods=Period("2026-10").history(2))["n"]\nanswer = months[1] / months[0] - 1'
    )
