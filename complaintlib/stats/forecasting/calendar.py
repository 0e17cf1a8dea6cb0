"""What the calendar does to every period, past and coming: its length, working days and the moving Spring Festival."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...clock import Clock
from ...period import Period
from ..season import PRIOR_REGRESSOR, PRIOR_TREND, basis_of, design_of, spring_festival

FESTIVE = ("CN", "HK", "MO", "TW", "SG")  # where Spring Festival moves the year
TYPICAL = {"working": 1, "before": 14, "during": 7, "after": 14}  # days of which an effect is told
REACH = 2.0  # by which a fitted logarithm may move in one step
SLIP = 5.0  # times the median of the thirteen periods around: no more is taken for a count
SURPRISE = 3.0  # standard deviations beyond which a count tells no more
HINGE = 183  # days after which a series' trend may turn


@dataclass(frozen=True)
class CalendarFit:
    """`factors`: t, factor; 1 on average over the history. `effects`: a row per regressor: see `calendar_factors`."""

    factors: pd.DataFrame
    effects: pd.DataFrame


def calendar_regressors(periods: Sequence[Period], clock: Clock | None = None) -> pd.DataFrame:
    """The days of each period as shares of its length (index: its text), known in advance.

    `working`: on which the desk works, by the clock (default: office days in China), so that public holidays and
    make-up days are in it; `before`, `during`, `after`: about Spring Festival (`stats.season.spring_festival`), where
    the clock's country keeps it.
    """
    clock = clock or Clock()
    days = [clock.works(pd.date_range(p.start, p.end, inclusive="left")).mean() for p in periods]
    found = pd.DataFrame({"working": days}, index=pd.Index([p.text for p in periods], name="period"))
    return found.join(spring_festival(periods)) if clock.country.partition("-")[0] in FESTIVE else found


def calendar_factors(
    series: pd.DataFrame,
    periods: Sequence[Period],
    *,
    clock: Clock | None = None,
    breaks: Mapping[Any, Any] | None = None,
) -> CalendarFit:
    """By how much does the calendar alone raise or lower the counts of each period, past and coming?

    `series`: counts of many series, long: id, t (`start` of its period), y; NaN where nothing is known. `periods`: all
    periods of the history and those to be forecast, in order. `breaks`: {id: t}, what lies before is not used. Series
    that contain one another count twice: give those of one level.

    `factors`: t (`start` of each of `periods`) and `factor`, the same for all series: the period's length in days and
    its calendar effects, 1 on average over the history. `effects`: `regressor`, `days`, `effect`: the change (0.1 is
    10 %) when so many days more of the period are working days, or lie before, in or after Spring Festival; its 95 %
    interval `lower`, `upper`. A regressor that does not vary in the history has no row and no effect.

    One log-linear quasi-Poisson regression of all series together, penalised as in `stats.season` (Breslow & Clayton
    1993, JASA 88:9-25): each has its own level, bending trend and season, all have the calendar's effects in common.
    A count more than three standard deviations off counts as one that is three off (Cantoni & Ronchetti 2001, JASA
    96:1022-1030), and never as more than five times the median around it: neither a crisis nor a slip of the pen is
    calendar. Surprises that all series share widen the intervals and strengthen the prior by as much as they exceed
    chance. Assumes that the calendar touches all series alike. Under two years the festival cannot be told from the season:
    then the effects hold for both.
    """
    at = pd.Index([p.start for p in periods])
    wide = series.pivot(index="id", columns="t", values="y").reindex(columns=at)
    for name, t in (breaks or {}).items():
        if name in wide.index:
            wide.loc[name, wide.columns < t] = np.nan
    usual = wide.T.rolling(13, center=True, min_periods=1).median().T
    y = np.minimum(wide, SLIP * (usual + 1)).to_numpy(float)
    past = np.isfinite(y).any(axis=0)
    length = np.array([p.days for p in periods], float)
    regressors = calendar_regressors(periods, clock)
    z, own, prior = _designs(periods, past, regressors)
    spread = regressors.to_numpy()[past].std(axis=0) if past.any() else np.zeros(regressors.shape[1])
    told = regressors.columns[spread > 1e-12]
    common, covariance = _pooled(y[:, past], np.log(length[past]), own[past], prior, z[past])
    factor = length * np.exp(z @ common)
    factor /= factor[past].mean() if past.any() else factor.mean()
    size = np.array([min(TYPICAL[name], length.mean()) for name in told])
    scale = size / length.mean() / spread[spread > 1e-12]
    reach = 1.959964 * np.sqrt(np.diag(covariance))
    effects = {
        name: np.expm1(scale * (common + sign * reach))
        for name, sign in (("effect", 0), ("lower", -1), ("upper", 1))
    }
    return CalendarFit(
        pd.DataFrame({"t": at, "factor": factor}),
        pd.DataFrame({"regressor": told.astype(object), "days": size} | effects),
    )


def _designs(
    periods: Sequence[Period], past: np.ndarray, regressors: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What all series have in common (periods x regressors) and what each has of its own, with the prior of that."""
    if not past.any():
        return np.zeros((len(periods), 0)), np.ones((len(periods), 1)), np.ones(1)
    last = int(np.flatnonzero(past).max())
    basis = basis_of(periods, past)
    design = design_of(periods, past, regressors, basis, last)
    count = int((regressors.to_numpy()[past].std(axis=0) > 1e-12).sum())
    cut = design.x.shape[1] - count
    start = np.array([p.start.value / 86_400e9 for p in periods])
    turns = (
        np.arange(start[past].min() + HINGE, start[last] - HINGE / 2, HINGE)
        if basis != "level"
        else np.array([])
    )
    bends = np.maximum(start[:, None] - turns, 0) / 365.25
    own = np.hstack([design.x[:, :cut], bends])
    return design.x[:, cut:], own, np.concatenate([design.prior[:cut], np.full(len(turns), PRIOR_TREND)])


def _pooled(
    y: np.ndarray, offset: np.ndarray, own: np.ndarray, prior: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The common effects of `z` and their covariance; every series' own effects are eliminated (Schur complement)."""
    known = np.isfinite(y)
    y = np.where(known, y, 0)
    weight = np.exp(offset) * known
    start = np.log((y.sum(axis=1) + 0.5) / np.maximum(weight.sum(axis=1), 1))
    towards = np.zeros((len(y), own.shape[1]))
    towards[:, 0] = start
    penalty, tight = np.diag(prior**-2.0), np.eye(z.shape[1]) * PRIOR_REGRESSOR**-2.0
    common, shared, covariance = np.zeros(z.shape[1]), 1.0, np.linalg.inv(tight)
    line = np.repeat(start[:, None], y.shape[1], axis=1)
    # From the widest dispersion down: a single huge count is then a surprise, not an effect that fits it.
    phi = _dispersion(y, np.exp(line + offset), known, known.sum(axis=1) - 1)
    counts = y
    for _ in range(100 if len(y) and z.shape[1] else 0):
        mu = np.exp(np.clip(line + offset, -20, 30))
        far = SURPRISE * np.sqrt(phi[:, None] * mu)
        y = np.clip(counts, mu - far, mu + far)
        w = np.where(known, mu, 0) / phi[:, None]
        target = w * (line + (y - mu) / mu)
        inner = np.linalg.inv(np.einsum("st,tp,tq->spq", w, own, own, optimize=True) + penalty)
        cross = np.einsum("st,tp,tq->spq", w, own, z, optimize=True)
        left = target @ own + towards @ penalty
        solved = inner @ cross
        information = np.einsum("st,tp,tq->pq", w, z, z, optimize=True) - np.einsum(
            "spq,spr->qr", cross, solved
        )
        score = (target @ z).sum(axis=0) - np.einsum("spq,sp->q", solved, left)
        covariance = np.linalg.inv(information / shared + tight)
        new = covariance @ score / shared
        effects = np.einsum("spq,sq->sp", inner, left - cross @ new)
        line += np.clip(effects @ own.T + z @ new - line, -REACH, REACH)
        used = known.sum(axis=1) - np.einsum("spq,sqp->s", inner, np.linalg.inv(inner) - penalty)
        spread = _dispersion(y, mu, known, used)
        rest = np.where(known, (y - mu) / spread[:, None], 0).sum(axis=0)
        chance = np.where(known, mu / spread[:, None], 0).sum(axis=0)
        together = max(
            1.0, float((rest**2 / np.maximum(chance, 1e-9)).sum() / max(len(rest) - own.shape[1], 2))
        )
        step = max(
            np.abs(new - common).max(), abs(np.log(together / shared)), np.abs(np.log(spread / phi)).max()
        )
        common, phi, shared = new, spread, together
        if step < 1e-7:
            break
    return common, covariance


def _dispersion(y: np.ndarray, mu: np.ndarray, known: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Each series' variance over Poisson's, by Pearson's residuals; at least 1."""
    return np.maximum((np.where(known, y - mu, 0) ** 2 / mu).sum(axis=1) / np.maximum(df, 2), 1)
