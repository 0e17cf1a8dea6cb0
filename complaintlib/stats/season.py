"""What was to be expected of a period, from its own past: trend, season, calendar and exposure taken into account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from ..period import Period
from .charts import count_limits

SHORTEST = 8  # periods of history below which nothing is expected
YEARS_FOR_SEASON = 2
# How large an effect is before the data speak: standard deviations of log rates.
PRIOR_LEVEL, PRIOR_TREND, PRIOR_SEASON, PRIOR_WEEKDAY, PRIOR_REGRESSOR = 2.0, 0.3, 0.3, 0.7, 0.2


def expected(
    counts: ArrayLike,
    periods: Sequence[Period],
    *,
    exposure: ArrayLike | None = None,
    regressors: pd.DataFrame | None = None,
    breaks: Sequence[pd.Timestamp] = (),
    judged: int = 13,
    level: float = 0.95,
) -> pd.DataFrame:
    """For each of the last `judged` periods: which counts were to be expected, from the periods before it alone?

    `counts`: one per period, oldest first; NaN (a dead channel) is neither judged nor used. `exposure` (customers,
    orders ...; default the days of the period) is an offset: twice as much, twice the count. `regressors`: numeric
    columns, one row a period, known in advance (working days, `spring_festival`). At each of the `breaks` (a new
    taxonomy) history begins afresh.

    One row per period (index: its text): `expected`, `low`, `high` (prediction range of `level`), `p` (two-sided
    chance of a count so far out, mid-p), `adjusted` (the count without season, calendar and unequal exposure),
    `dispersion` (variance over Poisson's), `history` (periods used) and `basis`: "season" (trend, month of the year,
    regressors; two full years or more), "trend" (a year or more), "level" (8 periods or more; the regressors too) or
    "short": fewer, then nothing is expected and all is NaN but the count of history.

    Log-linear quasi-Poisson regression (McCullagh & Nelder 1989, ch. 6) with normal priors on every effect but the
    level, which keep two or three years of months from being taken for certain (penalised quasi-likelihood: Breslow
    & Clayton 1993, JASA 88:9-25). The range is that of a negative binomial whose variance holds the noise and the
    uncertainty of the fit, its tails stretched to Student's t of the degrees of freedom left. A 95 % range held 94-99 %
    of simulated months with season, trend, moving Spring Festival and overdispersion, after 13 to 36 months at means
    of 3 to 300.
    Assumes that the future repeats the past's season and that single periods are independent; a past crisis widens
    the range.
    """
    y = np.array(counts, float)
    per = np.array([p.days for p in periods] if exposure is None else exposure, float)
    if not len(y) == len(per) == len(periods):
        raise ValueError("needs one count and one exposure a period")
    y[~(per > 0)] = np.nan
    short = dict.fromkeys(("expected", "low", "high", "p", "dispersion"), np.nan) | {
        "history": 0,
        "basis": "short",
    }
    rows = [short] * len(y)
    adjusted = y / per * per[per > 0].mean() if (per > 0).any() else y
    for at in range(max(len(y) - judged, 0), len(y)):
        past = _history(y, periods, breaks, at)
        rows[at] = short | {"history": int(past.sum())}
        if past.sum() < SHORTEST or not per[at] > 0:
            continue
        basis = basis_of(periods, past)
        design = design_of(periods, past, regressors, basis, at)
        model = _fit(y[past], np.log(per[past]), design.x[past], design.prior)
        rows[at] |= _predict(model, design.x[at], np.log(per[at]), y[at], level)
        rows[at] |= {"dispersion": model.dispersion, "basis": basis}
        if at == len(y) - 1:
            adjusted = adjusted / _factor(design, model.effects, past)
    columns = {name: [row[name] for row in rows] for name in short}
    return pd.DataFrame(columns | {"adjusted": adjusted}, _calendar(tuple(periods)).names)


def spring_festival(periods: Sequence[Period]) -> pd.DataFrame:
    """How much of each period lies about the Chinese New Year: shares of its days, as `regressors` for `expected`.

    Columns `before` (14 days up to the eve), `during` (New Year's Day and the six days after), `after` (14 days on).
    """
    spans = {"before": (-14, 0), "during": (0, 7), "after": (7, 21)}
    rows = []
    for period in periods:
        first, last = period.start.date(), period.end.date()
        new_years = [_new_year(year) for year in range(first.year - 1, last.year + 2)]
        rows.append(
            [
                sum(_overlap(first, last, day + timedelta(a), day + timedelta(b)) for day in new_years)
                / period.days
                for a, b in spans.values()
            ]
        )
    return pd.DataFrame(rows, index=pd.Index([p.text for p in periods], name="period"), columns=list(spans))


# ------------------------------------------------------------------------------------------------- history


def _history(y: np.ndarray, periods: Sequence[Period], breaks: Sequence[pd.Timestamp], at: int) -> np.ndarray:
    """Which periods before `at` may be compared with it."""
    since = max((pd.Timestamp(b) for b in breaks if pd.Timestamp(b) < periods[at].end), default=None)
    known = ~np.isnan(y) & (np.arange(len(y)) < at)
    return known if since is None else known & np.array([p.start >= since for p in periods])


def basis_of(periods: Sequence[Period], past: np.ndarray) -> str:
    """What the periods in `past` allow: "season" (two years or more), "trend" (one), "level"."""
    days = sum(p.days for p, used in zip(periods, past, strict=True) if used)
    return "season" if days >= 365 * YEARS_FOR_SEASON else "trend" if days >= 365 else "level"


# ------------------------------------------------------------------------------------------------- the model


@dataclass(frozen=True)
class _Calendar:
    names: pd.Index
    middle: list[pd.Timestamp]
    month: np.ndarray
    weekday: np.ndarray


@lru_cache(maxsize=8)  # of the same periods many series are judged
def _calendar(periods: tuple[Period, ...]) -> _Calendar:
    middle = [p.start + (p.end - p.start) / 2 for p in periods]
    names = pd.Index([p.text for p in periods], name="period")
    month, weekday = np.array([m.month for m in middle]), np.array([p.start.day_of_week for p in periods])
    return _Calendar(names, middle, month, weekday)


@dataclass(frozen=True)
class Design:
    x: np.ndarray  # every period x effect; the first column is the level
    prior: np.ndarray  # standard deviation of each effect
    calendar: np.ndarray  # which effects are season and calendar (not level, not trend)


@dataclass(frozen=True)
class _Model:
    effects: np.ndarray
    covariance: np.ndarray
    dispersion: float
    df: float


def design_of(
    periods: Sequence[Period], past: np.ndarray, regressors: pd.DataFrame | None, basis: str, at: int
) -> Design:
    """The effects that a history of this `basis` can tell apart, for every period; time counts from the one `at`.

    Regressors are in standard deviations of the history `past`; the last columns are those that vary in it.
    """
    calendar = _calendar(tuple(periods))
    blocks: list[tuple[np.ndarray, float, bool]] = [(np.ones((len(periods), 1)), PRIOR_LEVEL, False)]
    if basis != "level":
        years = np.array([(m - calendar.middle[at]).days / 365.25 for m in calendar.middle])
        blocks.append((years[:, None], PRIOR_TREND, False))
    if basis == "season":
        blocks.append((calendar.month[:, None] == np.unique(calendar.month), PRIOR_SEASON, True))
    if periods[at].kind == "day":
        blocks.append((calendar.weekday[:, None] == np.arange(7), PRIOR_WEEKDAY, True))
    if regressors is not None and regressors.shape[1]:
        z = regressors.to_numpy(float)
        spread = z[past].std(axis=0)
        told = spread > 1e-12
        blocks.append(((z[:, told] - z[past][:, told].mean(axis=0)) / spread[told], PRIOR_REGRESSOR, True))
    width = [block.shape[1] for block, _, _ in blocks]
    return Design(
        np.hstack([block for block, _, _ in blocks]).astype(float),
        np.repeat([prior for _, prior, _ in blocks], width),
        np.repeat([seasonal for _, _, seasonal in blocks], width),
    )


def _fit(y: np.ndarray, offset: np.ndarray, x: np.ndarray, prior: np.ndarray) -> _Model:
    """Penalised iteratively reweighted least squares, the dispersion (Pearson, at least 1) estimated along."""
    start = np.log((y.sum() + 0.5) / np.exp(offset).sum())
    towards, penalty = np.zeros(x.shape[1]), np.diag(prior**-2.0)
    towards[0] = start
    effects, phi, left = towards, 1.0, float(len(y))
    for _ in range(50):
        mu = np.exp(np.clip(x @ effects + offset, -20, 30))
        weight = mu / phi
        information = (x.T * weight) @ x
        covariance = np.linalg.inv(information + penalty)
        working = x @ effects + (y - mu) / mu
        new = covariance @ (x.T @ (weight * working) + penalty @ towards)
        left = max(len(y) - np.trace(covariance @ information), 2.0)
        spread = max(1.0, float(((y - mu) ** 2 / mu).sum() / left))
        step = max(np.abs(new - effects).max(), abs(np.log(spread / phi)))
        effects, phi = new, spread
        if step < 1e-7:
            break
    return _Model(effects, covariance, phi, left)


def _predict(model: _Model, x: np.ndarray, offset: float, y: float, level: float) -> dict[str, float]:
    mu = float(np.exp(x @ model.effects + offset))
    wide = model.dispersion + mu * float(x @ model.covariance @ x)  # variance of a new count over its mean
    tail = stats.norm.sf(stats.t.isf((1 - level) / 2, model.df))
    low, high = count_limits(tail, mu, wide)
    return {"expected": mu, "low": float(low), "high": float(high), "p": _two_sided(y, mu, wide, model.df)}


def _two_sided(y: float, mu: float, wide: float, df: float) -> float:
    if np.isnan(y):
        return float("nan")
    over = wide > 1 + 1e-9
    law, shape = (stats.nbinom, (mu / (wide - 1), 1 / wide)) if over else (stats.poisson, (mu,))
    half = law.pmf(y, *shape) / 2
    tail = min(law.cdf(y, *shape) - half, law.sf(y, *shape) + half)
    return float(min(1.0, 2 * stats.t.sf(stats.norm.isf(tail), df)))


def _factor(design: Design, effects: np.ndarray, past: np.ndarray) -> np.ndarray:
    """The season's and calendar's factor of every period, 1 on average over the history."""
    log_factor = design.x[:, design.calendar] @ effects[design.calendar]
    return np.exp(log_factor) / np.exp(log_factor)[past].mean()


# -------------------------------------------------------------------------------------------------- calendar


@cache
def _new_year(year: int) -> date:
    """New Year's Day of the Chinese calendar: two days before the last statutory day of the Spring Festival."""
    import holidays

    statutory = holidays.country_holidays("CN", years=year, observed=False, language="zh_CN")
    return max(day for day, name in statutory.items() if name.startswith("春节")) - timedelta(2)


def _overlap(first: date, last: date, begin: date, end: date) -> int:
    return max(0, (min(last, end) - max(first, begin)).days)
