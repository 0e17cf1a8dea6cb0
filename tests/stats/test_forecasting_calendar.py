"""The calendar's factors, against days counted by hand, statsmodels' Poisson regression and planted effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from complaintlib.clock import Clock
from complaintlib.period import Period
from complaintlib.stats import season
from complaintlib.stats.forecasting import calendar
from complaintlib.stats.forecasting.calendar import calendar_factors, calendar_regressors

PERIODS = Period("2027-03").history(63)  # 48 months of history and 15 to come
PAST = 48


def long(y: np.ndarray, periods=PERIODS) -> pd.DataFrame:
    rows = [(f"s{i:03}", p.start, v) for i, row in enumerate(y) for p, v in zip(periods, row, strict=False)]
    return pd.DataFrame(rows, columns=["id", "t", "y"])


def planted(count: int, seed: int, shock: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Series of their own size, season and trend, and the calendar's factor on all: a working day more is 1.068 times
    as much, the seven festival days .708 times, the 14 days after 1.259 times."""
    rng = np.random.default_rng(seed)
    month, days = (np.array(x) for x in zip(*[(p.start.month, p.days) for p in PERIODS], strict=True))
    z = calendar_regressors(PERIODS)
    factor = days * np.exp(2 * z["working"] - 1.5 * z["during"] + 0.5 * z["after"]).to_numpy()
    log_rate = (
        rng.normal(3, 1, (count, 1))
        + 0.2 * np.cos(2 * np.pi * (month - rng.uniform(0, 12, (count, 1))) / 12)
        + rng.normal(0, 0.1, (count, 1)) * np.arange(63) / 12
        + rng.normal(0, shock, 63)
    )
    mu = np.exp(log_rate) * factor / 60
    return rng.negative_binomial(mu, 0.5)[:, :PAST].astype(float), factor


def test_days_by_hand():
    """October 2026: 22 weekdays, less the five from the 1st to the 7th, and Saturday the 10th made up: 18 of 31.
    February 2026: 20 weekdays, less six of 15-23, and the 14th and 28th made up: 16; New Year's Day is the 17th. Of the week from
    5 October three days: the 8th, the 9th and the 10th."""
    found = calendar_regressors(
        [Period("2026-10"), Period("2026-02"), Period("2026-02-18"), Period("2026-W41")]
    )
    assert found["working"].tolist() == pytest.approx([18 / 31, 16 / 28, 0, 3 / 7])
    assert found["during"].tolist() == pytest.approx([0, 7 / 28, 1, 0])
    abroad = calendar_regressors([Period("2026-10")], Clock(country="GB"))
    assert abroad.columns.tolist() == ["working"] and abroad["working"].tolist() == pytest.approx([22 / 31])


def test_without_priors_it_is_the_poisson_regression_of_statsmodels(monkeypatch):
    """Three series of 20 months, each its level and trend, the calendar's effects in common: 1 %."""
    for module, names in (
        (season, ("PRIOR_LEVEL", "PRIOR_TREND", "PRIOR_REGRESSOR")),
        (calendar, ("PRIOR_REGRESSOR",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, 1e5)
    monkeypatch.setattr(calendar, "HINGE", 1e6)
    periods = PERIODS[:20]
    y = planted(3, 1)[0][:, :20]
    found = calendar_factors(long(y, periods), periods)
    z = calendar_regressors(periods).to_numpy()
    own = np.kron(
        np.eye(3), np.column_stack([np.ones(20), [p.start.year + p.start.day_of_year / 365 for p in periods]])
    )
    own[:, 1::2] -= 2024 * (own[:, 1::2] > 0)
    days = np.array([p.days for p in periods])
    weights = np.ones(3)
    for _ in range(20):  # each series weighs as its own dispersion allows
        fit = sm.GLM(
            y.ravel(), np.hstack([own, np.tile(z, (3, 1))]), sm.families.Poisson(),
            offset=np.tile(np.log(days), 3), var_weights=np.repeat(weights, 20),
        ).fit()  # fmt: skip
        mu = fit.fittedvalues.reshape(3, 20)
        weights = 1 / np.maximum(((y - mu) ** 2 / mu).sum(axis=1) / 18, 1)
    effect = np.expm1(fit.params[-4:] * np.array([1, 14, 7, 14]) / days.mean())
    assert found.effects["effect"].tolist() == pytest.approx(effect.tolist(), rel=0.01)


def test_planted_effects_are_found_and_forecast():
    """60 series: each effect within its interval, the festival's within 5 points; the factors of months to come are
    right but for what the season holds: January to March of 2027 against those of 2026 within 3 %."""
    y, true = planted(60, 2)
    found = calendar_factors(long(y), PERIODS)
    effects = found.effects.set_index("regressor")
    assert effects["days"].tolist() == [1, 14, 7, 14]
    expected = pd.Series({"working": 0.0679, "before": 0.0, "during": -0.2920, "after": 0.2586})
    assert ((effects["lower"] < expected) & (expected < effects["upper"])).all()
    assert effects.loc["during", "effect"] == pytest.approx(-0.292, abs=0.05)
    factor = found.factors["factor"].to_numpy()
    assert found.factors["t"].tolist() == [p.start for p in PERIODS]
    assert factor[:PAST].mean() == pytest.approx(1)
    assert factor[60:] / factor[48:51] == pytest.approx(true[60:] / true[48:51], rel=0.03)


def test_a_surprise_that_all_series_share_makes_it_less_sure():
    alone, shared = (
        calendar_factors(long(planted(60, 3, shock)[0]), PERIODS).effects.set_index("regressor")
        for shock in (0, 0.1)
    )
    width = [frame["upper"] - frame["lower"] for frame in (alone, shared)]
    assert (width[1] > 2 * width[0]).all()


def test_intervals_of_effects_hold_what_was_planted():
    """40 panels of 12 series, every month with a surprise of its own shared by all: at least 85 % of all effects."""
    expected = np.array([0.0679, 0.0, -0.2920, 0.2586])
    hits = []
    for seed in range(40):
        effects = calendar_factors(long(planted(12, 100 + seed, 0.05)[0]), PERIODS).effects
        hits.extend((effects["lower"] <= expected) & (expected <= effects["upper"]))
    assert np.mean(hits) >= 0.85


def test_order_and_what_is_missing_do_not_matter():
    y, _ = planted(8, 4)
    y[2, :30] = np.nan
    frame = long(y)
    one = calendar_factors(frame, PERIODS)
    other = calendar_factors(frame.sample(frac=1, random_state=1).dropna(), PERIODS)
    pd.testing.assert_frame_equal(one.factors, other.factors)
    cut = calendar_factors(
        long(planted(8, 4)[0]), PERIODS, breaks={"s002": PERIODS[30].start, "none": PERIODS[3].start}
    )
    pd.testing.assert_frame_equal(one.factors, cut.factors)


@pytest.mark.parametrize("history", [0, 1, 5, 20])
def test_short_histories(history):
    found = calendar_factors(long(planted(3, 5)[0][:, :history]), PERIODS[: history + 3])
    factor = found.factors["factor"]
    days = np.array([p.days for p in PERIODS[: history + 3]])
    assert np.isfinite(factor).all() and (factor / days * 30).between(0.5, 2).all()
    if history < 2:  # nothing varies: the length of the months is all
        assert found.effects.empty and (factor / factor.iloc[0]).tolist() == pytest.approx(
            (days / days[0]).tolist()
        )


@pytest.mark.parametrize("y", [np.zeros((2, 36)), np.full((2, 36), np.nan), np.full((1, 36), 4.0)])
def test_edges(y):
    found = calendar_factors(long(y), PERIODS[:40])
    assert np.isfinite(found.factors["factor"]).all() and (found.factors["factor"] > 0).all()


def test_days_and_weeks():
    """A holiday is to a day what it is by the desk's calendar; weekdays stay with the series' own season."""
    days = Period("2026-10-14").history(420)
    z = calendar_regressors(days)
    weekend = np.array([p.start.day_of_week > 4 for p in days])
    rng = np.random.default_rng(6)
    y = rng.poisson(np.where(weekend, 30, 40) * np.exp(0.6 * z["working"].to_numpy()), (4, 420))
    found = calendar_factors(long(y, days)[lambda f: f["t"] < "2026-09-20"], days)
    factor = found.factors.set_index("t")["factor"]
    assert factor["2026-10-09"] / factor["2026-10-02"] == pytest.approx(np.exp(0.6), rel=0.1)
    weeks = Period("2026-W43").history(110)
    found = calendar_factors(long(rng.poisson(30, (3, 104)), weeks), weeks)
    assert len(found.factors) == 110 and found.factors["factor"].between(0.8, 1.25).all()


def test_a_slip_of_the_pen_is_no_calendar():
    """One count of 480 is a thousand times too high: no factor moves by more than 4 %."""
    y, _ = planted(10, 7)
    wrong = y.copy()
    wrong[3, 36] = 1000 * (wrong[3, 36] + 1)  # January of the third year
    right, slipped = (calendar_factors(long(values), PERIODS).factors["factor"] for values in (y, wrong))
    assert (slipped / right).between(0.96, 1.04).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_lonely_sparse_series_with_a_slip_stays_in_bounds(seed):
    y = np.random.default_rng(seed).poisson(0.3, (1, 46)).astype(float)
    y[0, seed * 9] = 1e6
    days = np.array([p.days for p in PERIODS[:49]])
    factor = calendar_factors(long(y), PERIODS[:49]).factors["factor"] / days * days.mean()
    assert factor.between(0.1, 10).all()
