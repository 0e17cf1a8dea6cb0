import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from complaintlib.period import Period
from complaintlib.stats import season
from complaintlib.stats.season import expected, spring_festival


def months(count: int) -> list[Period]:
    return Period("2026-10").history(count) if count else []


def test_spring_festival_against_the_calendar():
    """New Year's Day: 10 Feb 2024, 29 Jan 2025, 17 Feb 2026 (State Council notices)."""
    found = spring_festival([Period(p) for p in ("2024-02", "2025-01", "2025-02", "2026-02", "2026-10")])
    assert (found["during"] * [29, 31, 28, 28, 31]).round(9).tolist() == [7, 3, 4, 7, 0]
    assert (found["before"] * [29, 31, 28, 28, 31]).round(9).tolist() == [9, 14, 0, 14, 0]
    assert spring_festival([Period("2025-W05")]).iloc[0].tolist() == pytest.approx([2 / 7, 5 / 7, 0])
    days = spring_festival(months(36)).mul([p.days for p in months(36)], axis=0)
    assert days.sum().tolist() == pytest.approx([42, 21, 42])


def test_without_priors_it_is_the_quasi_poisson_glm_of_statsmodels(monkeypatch):
    """Level and trend on 20 months, offset by days: expected value 1e-6, dispersion 1e-5."""
    monkeypatch.setattr(season, "PRIOR_LEVEL", 1e4)
    monkeypatch.setattr(season, "PRIOR_TREND", 1e4)
    periods = months(20)
    y = np.random.default_rng(3).negative_binomial(20, 1 / 4, 20).astype(float)
    found = expected(y, periods, judged=1).iloc[-1]
    x = sm.add_constant(
        np.array([(p.start + (p.end - p.start) / 2).timestamp() / 86400 / 365.25 for p in periods])
    )
    x[:, 1] -= x[-1, 1]
    days = np.log([p.days for p in periods])
    glm = sm.GLM(y[:-1], x[:-1], sm.families.Poisson(), offset=days[:-1]).fit(scale="X2")
    assert found["basis"] == "trend" and found["history"] == 19
    assert found["expected"] == pytest.approx(glm.predict(x[-1:], offset=days[-1:])[0], rel=1e-3)
    assert found["dispersion"] == pytest.approx(glm.scale, rel=1e-3)


def test_how_much_is_said_depends_on_the_history():
    y = [30, 34, 28, 31, 33, 29] * 5
    found = expected(y, months(30), judged=30)
    assert found["history"].tolist() == list(range(30))
    assert found["basis"].tolist() == ["short"] * 8 + ["level"] * 4 + ["trend"] * 12 + ["season"] * 6
    said = found[["expected", "low", "high", "p"]]
    assert said[:8].isna().all(axis=None) and said[8:].notna().all(axis=None)


def test_history_begins_afresh_at_a_break():
    y = [10] * 18 + [40] * 12
    whole, cut = (
        expected(y, months(30), breaks=b, judged=1).iloc[-1] for b in ((), [pd.Timestamp("2025-11-01")])
    )
    assert cut["history"] == 11 and cut["expected"] == pytest.approx(40, rel=0.05)
    assert whole["history"] == 29
    assert expected(y, months(30), breaks=[pd.Timestamp("2026-09-01")], judged=1)["basis"].iloc[-1] == "short"


def test_nothing_later_is_used():
    rng = np.random.default_rng(5)
    y, periods = rng.poisson(50, 36), months(36)
    one = expected(y, periods)
    y[-1] = 500
    other = expected(y, periods)
    columns = ["expected", "low", "high", "p"]
    pd.testing.assert_frame_equal(one[columns][:-1], other[columns][:-1])
    assert other["p"].iloc[-1] < 1e-4 < one["p"].iloc[-1]
    before = expected(y[:-1], periods[:-1], judged=12)
    pd.testing.assert_frame_equal(before[columns], other[columns][:-1])


def test_exposure_and_a_dead_month():
    periods, per = months(30), np.array([1000.0] * 29 + [2000])
    y = np.array([50, 48, 53, 52, 49, 51] * 5, float)
    y[-1] *= 2
    found = expected(y, periods, exposure=per, judged=1).iloc[-1]
    assert found["low"] <= y[-1] <= found["high"] and found["expected"] == pytest.approx(100, rel=0.1)
    y[-1] = np.nan
    dead = expected(y, periods, exposure=per, judged=1).iloc[-1]
    assert np.isnan(dead["p"]) and dead["expected"] == pytest.approx(found["expected"])
    per[-1] = 0
    assert expected(y, periods, exposure=per, judged=1)["basis"].iloc[-1] == "short"


def test_season_is_taken_out_of_the_adjusted_series():
    periods = months(36)
    month = np.array([p.start.month for p in periods])
    y = np.round(300 * (1 + 0.4 * (month == 11) - 0.2 * (month == 2)) * [p.days / 30.4 for p in periods])
    adjusted = expected(y, periods, judged=1)["adjusted"]
    assert adjusted.std() / adjusted.mean() < 0.05 < y.std() / y.mean()
    assert adjusted.mean() == pytest.approx(y.mean(), rel=0.03)


@pytest.mark.parametrize("y", [[], [0], [np.nan] * 12, [0] * 30, [7] * 30])
def test_edges(y):
    found = expected(y, months(len(y)))
    assert len(found) == len(y)
    said = found[found["basis"] != "short"]
    assert ((said["low"] <= said["expected"]) & (said["low"] >= 0)).all()
    assert (said["p"] > 0.5).all()


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="one count"):
        expected([1, 2], months(3))


def test_days_have_weekdays():
    days = Period("2026-10-14").history(60)
    weekend = np.array([p.start.day_of_week > 4 for p in days])
    y = np.random.default_rng(8).poisson(np.where(weekend, 10, 60))
    found = expected(y, days, judged=14)
    assert (found["expected"].tail(14) < 25).tolist() == weekend[-14:].tolist()


@pytest.mark.parametrize("mean", [4, 60])
@pytest.mark.parametrize("count", [14, 36])
def test_c12_range_of_95_percent_covers(mean, count):
    """Season, trend, moving Spring Festival, variance 2.5 times Poisson's: 90-99.5 % of 60 x 3 months."""
    rng, periods = np.random.default_rng(9), months(count)
    festival = spring_festival(periods)
    month, days = (np.array(x) for x in zip(*[(p.start.month, p.days) for p in periods], strict=True))
    hits = []
    for _ in range(60):
        season_ = (
            0.25 * np.cos(2 * np.pi * (month - rng.uniform(0, 12)) / 12) + rng.normal(0, 0.05, 12)[month - 1]
        )
        drift = rng.normal(0, 0.15) * np.arange(count) / 12
        rate = mean * days / 30 * np.exp(season_ + drift - 0.3 * festival["during"].to_numpy())
        y = rng.negative_binomial(rate / 1.5, 1 / 2.5)
        found = expected(y, periods, regressors=festival, judged=3).tail(3)
        hits.extend(found["low"].le(y[-3:]) & found["high"].ge(y[-3:]))
    assert 0.90 <= np.mean(hits) <= 0.995
