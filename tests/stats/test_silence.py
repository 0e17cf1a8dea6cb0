import numpy as np
import pandas as pd
import pytest

from complaintlib.stats.silence import silent_runs

DAYS = pd.date_range("2026-08-03", periods=84)


def steady(mean: float, sources: int = 1, size: float = 20.0, seed: int = 7) -> pd.DataFrame:
    draw = np.random.default_rng(seed).negative_binomial(size, size / (size + mean), (len(DAYS), sources))
    return pd.DataFrame(draw, index=DAYS, columns=[f"s{i}" for i in range(sources)])


def test_three_dead_days_are_found_with_what_they_usually_bring():
    daily = pd.DataFrame({"app": 12, "mail": 5}, index=DAYS)
    daily.loc["2026-10-14":"2026-10-16", "app"] = 0
    found = silent_runs(daily, judged=28)
    assert found[["source", "days", "expected"]].values.tolist() == [["app", 3, 36.0]]
    assert found["first_day"].item() == pd.Timestamp("2026-10-14")
    assert found["last_day"].item() == pd.Timestamp("2026-10-16")


def test_a_source_that_rests_at_weekends_is_not_dead():
    daily = pd.DataFrame({"desk": np.where(DAYS.day_of_week < 5, 30, 0)}, index=DAYS)
    assert silent_runs(daily, judged=28).empty


def test_few_or_no_rows_say_nothing():
    assert silent_runs(pd.DataFrame({"rare": [0, 1] * 42}, index=DAYS), judged=28).empty
    assert silent_runs(pd.DataFrame({"never": 0}, index=DAYS), judged=28).empty
    assert silent_runs(pd.DataFrame(index=DAYS), judged=28).empty


def test_a_source_that_had_not_begun_is_not_silent_and_growth_does_not_make_its_past_silent():
    assert silent_runs(pd.DataFrame({"new": [0] * 60 + [30] * 24}, index=DAYS), judged=84).empty
    grown = pd.DataFrame(
        {"grown": [1, 0, 0, 0] * 60 + [30] * 84}, index=pd.date_range("2026-01-01", periods=324)
    )
    assert silent_runs(grown, judged=324).empty


@pytest.mark.parametrize("mean", [1.0, 3.0, 10.0])
def test_false_alarms_over_a_thousand_months_are_below_the_stated_level(mean):
    """Stated: at most 0.1 % of months with a false run over all sources; 1,000 months of 1 source: at most 4."""
    daily = steady(mean, sources=1000)
    months = sum(len(silent_runs(daily[[source]], judged=28)) > 0 for source in daily)
    assert months <= 4
