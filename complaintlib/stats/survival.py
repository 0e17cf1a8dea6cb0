"""How long things last when some have not ended yet: survival curves, their comparison, and competing ends.

Every function takes durations with `observed` (True: it ended then; False: still open at that age) and, for
histograms such as those of `Book.spells`, `counts` (rows of the same duration and fate; whole numbers). An open case
stays among those at risk up to its age and then leaves without having ended. That is right when being looked at early
has nothing to do with ending late, as where everything is seen at one moment; it is wrong where hard cases are put
aside, and it cannot be seen in the data.

Durations in whole units are floors: a value t means a length of at least t and less than t + 1, so `within(t)` is the
share that took less than t + 1 units (ask `within(limit - 1)` for a promise of `limit` units), and restricted means
lie half a unit low. A case censored within a unit counts as at risk in the whole of it: choose units that are short
against the durations.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .intervals import proportion


class Estimate(NamedTuple):
    """A value with its standard error and limits; NaN where nothing can be said. `p` only for a comparison."""

    estimate: float | np.ndarray
    se: float | np.ndarray
    low: float | np.ndarray
    high: float | np.ndarray
    p: float = np.nan


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """A survival curve: one entry per distinct duration, in order.

    `at_risk` (not ended before it), `events` (ended at it), `survival` (share that lasts longer), its standard error
    `se` (Greenwood 1926) and limits `low`, `high`. The limits are normal ones on the log scale, cut at 1, as R's
    survfit gives by default (conf.type="log"); where the curve reaches 0 there are none (NaN), as in R.
    """

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    survival: np.ndarray
    se: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def median_interval(self) -> tuple[float, float]:
        return self.quantile_interval(0.5)

    def quantile(self, p: float) -> float:
        """The duration within which the share `p` ends; NaN where the curve does not come down so far.

        Where the curve stands exactly at 1 - p for a while, the middle of that stretch (as R).
        """
        return _falls_to(self.times, self.survival, 1 - p)

    def quantile_interval(self, p: float) -> tuple[float, float]:
        """Brookmeyer & Crowley (1982, Biometrics 38:29-41): where the limits of the curve fall to 1 - p (as R).

        A NaN is a limit that lies beyond what has been seen.
        """
        return _falls_to(self.times, self.low, 1 - p), _falls_to(self.times, self.high, 1 - p)

    def at(self, t: ArrayLike) -> Estimate:
        """The share that lasts longer than `t`, with the curve's own limits; NaN later than anything seen."""
        curves = ((1.0, self.survival), (0.0, self.se), (1.0, self.low), (1.0, self.high))
        return Estimate(*(self._at(t, start, curve) for start, curve in curves))

    def within(self, t: ArrayLike) -> Estimate:
        """The share that ends at `t` or before; NaN later than anything seen.

        Limits: Wilson's, for as many cases as would give this standard error without open ones (Rothman 1978, J
        Chronic Dis 31:557-560; best kept its level in Barber & Jennison 1999, Biometrics 55:430-436). Without open
        cases that is the Wilson interval of every other share. Near 0 and 1 it stays honest where 1 - `at` does not
        (20 cases, a true share of 6 %: 96 % of intervals held it, against 67 %).
        """
        survival, cases = self._at(t, 1.0, self.survival), self._at(t, self.at_risk[:1].sum(), self._worth())
        limits = proportion(np.ravel((1 - survival) * cases), np.ravel(cases), self.level)
        low, high = (limits[c].to_numpy().reshape(np.shape(survival))[()] for c in ("low", "high"))
        return Estimate(1 - survival, self._at(t, 0.0, self.se), low, high)

    def restricted_mean(self, limit: float | None = None) -> Estimate:
        """The mean of durations of which no more than `limit` counts: the area under the curve up to there.

        Royston & Parmar (2013, BMC Med Res Methodol 13:152); standard error as R's survfit prints. Without `limit`
        the largest duration. Beyond the largest duration the curve is taken to stay where it is (as R), which is an
        assumption: keep the limit within what has been seen.
        """
        if not len(self.times):
            return Estimate(*[np.nan] * 4)
        limit = float(self.times[-1] if limit is None else limit)
        inside = self.times < limit
        corners = np.concatenate([[0.0], self.times[inside], [limit]])
        areas = np.diff(corners) * np.concatenate([[1.0], self.survival[inside]])
        after = areas[::-1].cumsum()[::-1][1:]  # the area right of each time
        d, n = self.events[inside], self.at_risk[inside]
        se = np.sqrt((after**2 * _divided(d, n * (n - d))).sum())
        z = stats.norm.isf((1 - self.level) / 2)
        mean = areas.sum()
        return Estimate(mean, se, mean - z * se, mean + z * se)

    def _at(self, t: ArrayLike, start: float, curve: np.ndarray) -> np.ndarray | float:
        """The value of a step curve at `t`; from where the survival is 0 on it stays, else it ends with what was seen."""
        zero = np.flatnonzero(self.survival == 0)[:1]
        end = zero[0] if len(zero) else len(self.times) - 1
        step = np.searchsorted(self.times, t, side="right")
        known = (np.asarray(t, float) <= self.times[-1:].sum()) & (len(self.times) > 0) | bool(len(zero))
        return np.where(known, np.append(start, curve)[np.minimum(step, end + 1)], np.nan)[()]

    def _worth(self) -> np.ndarray:
        """How many cases, none of them open, would give this survival this standard error."""
        s, before = self.survival, np.append(1.0, self.survival[:-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.select(
                [s == 1, s == 0], [self.at_risk, self.at_risk / before], s * (1 - s) / self.se**2
            )


def kaplan_meier(
    durations: ArrayLike,
    observed: ArrayLike,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> KaplanMeier:
    """Which share lasts longer than each duration, the open cases counted as far as they have come?

    Kaplan & Meier (1958, JASA 53:457-481). With ties, ends come before censorings. `entry`: the age from which on a
    case was looked at (delayed entry); it is at risk at durations above it and tells nothing at or below it. So the
    speed of a calendar window is estimated from everything open in it: those received before with the age they had at
    its start, those received in it without entry (-inf), those still open at its end as not observed. Where few are
    at risk at short durations, such a curve can drop early: look at `at_risk`. ValueError on durations that are
    missing or negative, and on entries later than the duration.
    """
    t, ended, n, entered = _cases(durations, observed, counts, -1.0 if entry is None else entry)
    if (entered > t).any() or np.isnan(entered).any():
        raise ValueError("needs entry <= duration, none missing")
    seen = entered < t
    times, place = np.unique(t[seen], return_inverse=True)
    left = np.bincount(place, n[seen], len(times))
    events = np.bincount(place, (n * ended)[seen], len(times))
    at_risk = left[::-1].cumsum()[::-1]
    if entry is not None:
        order = np.argsort(entered[seen], kind="stable")
        still_out = np.append(n[seen][order][::-1].cumsum()[::-1], 0)
        at_risk -= still_out[np.searchsorted(entered[seen][order], times)]
    survival = np.cumprod(1 - _divided(events, at_risk))
    spread = np.sqrt(np.cumsum(_divided(events, at_risk * (at_risk - events))))
    spread[survival == 0] = np.nan
    return KaplanMeier(
        times, at_risk, events, survival, survival * spread, *_log_limits(survival, spread, level), level
    )


def restricted_mean_difference(a: KaplanMeier, b: KaplanMeier, limit: float) -> Estimate:
    """By how much do the durations of `a` exceed those of `b`, none counting more than `limit`?

    In the unit of the durations: with a = last year and b = this year, what was saved per case. Independent groups;
    normal interval and p (Royston & Parmar 2013; Uno et al. 2014, J Clin Oncol 32:2380-2385). Needs no proportional
    hazards. The limit must not exceed what has been seen in both: NaN where it does and the curve is still above 0.
    """
    if any(limit > k.times[-1:].sum() and not (k.survival == 0).any() for k in (a, b)):
        return Estimate(*[np.nan] * 5)
    x, y = a.restricted_mean(limit), b.restricted_mean(limit)
    difference, se = x.estimate - y.estimate, float(np.hypot(x.se, y.se))
    z = stats.norm.isf((1 - a.level) / 2)
    p = 2 * stats.norm.sf(abs(difference) / se) if se > 0 else float(difference == 0) if se == 0 else np.nan
    return Estimate(difference, se, difference - z * se, difference + z * se, float(p))


@dataclass(frozen=True, eq=False)
class LogRank:
    """`table`: one row a group: `n`, `observed` and `expected` (ends if all groups were equally fast)."""

    chi2: float
    df: int
    p: float
    table: pd.DataFrame


def logrank(
    durations: ArrayLike,
    observed: ArrayLike,
    groups: ArrayLike,
    counts: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> LogRank:
    """Could the curves of the groups be one and the same?

    Mantel (1966, Cancer Chemother Rep 50:163-170), hypergeometric variance with ties, as R's survdiff; with `strata`
    groups are compared within each stratum only (Simpson). Strong where one group is faster throughout, weak where
    curves cross. p is NaN where fewer than two groups could end.
    """
    t, ended, n, group, stratum = _cases(durations, observed, counts, groups, 0 if strata is None else strata)
    group, names = pd.factorize(group, sort=True, use_na_sentinel=False)
    size = len(names)
    seen, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for one in np.unique(stratum):
        inside = stratum == one
        d, at_risk = _by_class(t[inside], n[inside], ended[inside], group[inside], size)
        total, share = at_risk.sum(axis=1), _divided(at_risk, at_risk.sum(axis=1)[:, None])
        ends = d.sum(axis=1)
        weight = ends * _divided(total - ends, total - 1)
        seen += d.sum(axis=0)
        expected += ends @ share
        variance += np.diag(weight @ share) - share.T @ (weight[:, None] * share)
    able = np.flatnonzero(expected > 0)[1:]  # the differences sum to 0: one of them is told by the others
    table = pd.DataFrame(
        {"n": np.bincount(group, n, size), "observed": seen, "expected": expected},
        index=pd.Index(names, name="group"),
    )
    if not len(able):
        return LogRank(np.nan, 0, np.nan, table)
    apart = (seen - expected)[able]
    chi2 = float(apart @ np.linalg.pinv(variance[np.ix_(able, able)], hermitian=True) @ apart)
    return LogRank(chi2, len(able), float(stats.chi2.sf(chi2, len(able))), table)


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """Competing ends: frames with one row per distinct duration (index) and one column per cause.

    `incidence`: the share that has ended by this cause up to and with this duration; `se`, `low`, `high` (normal
    limits on the log scale, as R's survfit; NaN where nothing has ended so). `survival`: the share not ended by any.
    """

    times: np.ndarray
    at_risk: np.ndarray
    survival: np.ndarray
    incidence: pd.DataFrame
    se: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame

    def at(self, t: float) -> pd.DataFrame:
        """One row a cause: `estimate`, `se`, `low`, `high` of the share ended so at `t` or before; NaN later than seen."""
        step = np.searchsorted(self.times, t, side="right") - 1
        known = len(self.times) and (t <= self.times[-1] or self.survival[-1] == 0)
        frames = {"estimate": self.incidence, "se": self.se, "low": self.low, "high": self.high}
        if not known or step < 0:
            blank = pd.DataFrame(np.nan, self.incidence.columns, list(frames))
            return blank.assign(estimate=0.0, se=0.0) if step < 0 and len(self.times) else blank
        return pd.DataFrame({name: frame.iloc[step] for name, frame in frames.items()}).rename_axis("cause")


def cumulative_incidence(
    durations: ArrayLike, causes: ArrayLike, counts: ArrayLike | None = None, level: float = 0.95
) -> CumulativeIncidence:
    """Which share ends in which way by when, where one way of ending rules out the others?

    `causes`: how it ended; 0, "" or missing for the open ones. Aalen & Johansen (1978, Scand J Stat 5:141-150);
    survival + the sum over causes = 1 at each duration. (1 - Kaplan-Meier of one cause, the others taken as open,
    is too high.) Variance by the delta method (Dinse & Larson 1986, Biometrika 73:379-386; Marubini & Valsecchi
    1995, ch. 10): with one cause it is Greenwood's, without open cases the binomial one.
    """
    t, _, n, cause = _cases(durations, True, counts, np.asarray(causes, object))
    named = ~(pd.isna(cause) | (cause == "") | (cause == 0))
    names = pd.Index(sorted(set(cause[named]), key=str), name="cause")
    # the open ones are the last class, which is no end
    kind = np.where(named, names.get_indexer(cause), len(names))
    d, at_risk = _by_class(t, n, named, kind, len(names) + 1)
    times, d, total = np.unique(t), d[:, : len(names)], at_risk.sum(axis=1)
    ends = d.sum(axis=1)
    survival = np.cumprod(1 - _divided(ends, total))
    before = np.append(1.0, survival[:-1])[: len(times), None]
    n_ = total[:, None]
    f = np.cumsum(before * d / n_, axis=0)
    a = _divided(ends, total * (total - ends))[:, None]
    c = before * d / n_**2
    variance = f**2 * a.cumsum(0) - 2 * f * ((a * f).cumsum(0) + c.cumsum(0))
    variance += (a * f**2 + before**2 * d * (n_ - d) / n_**3 + 2 * f * c).cumsum(0)
    se = np.sqrt(np.maximum(variance, 0))
    spread = _divided(se, f)
    spread[f == 0] = np.nan
    frames = (
        pd.DataFrame(x, pd.Index(times, name="t"), names) for x in (f, se, *_log_limits(f, spread, level))
    )
    return CumulativeIncidence(times, total, survival, *frames)


# -------------------------------------------------------------------------------------------------- inside


def _cases(
    durations: ArrayLike, observed: ArrayLike, counts: ArrayLike | None, *more: ArrayLike
) -> list[np.ndarray]:
    """Durations, fates, counts and whatever else belongs to them, of one length, without the rows of no case."""
    columns = np.broadcast_arrays(
        np.asarray(durations, float), np.asarray(observed, bool), 1.0 if counts is None else counts, *more
    )
    t, ended, n, *more = (np.atleast_1d(np.asarray(c)) for c in columns)
    n = n.astype(float)
    if not ((n >= 0) & (n == np.floor(n))).all():
        raise ValueError("needs whole counts >= 0, none missing")
    if not (t[n > 0] >= 0).all():
        raise ValueError("needs durations >= 0, none missing")
    return [c[n > 0] for c in (t, ended, n, *more)]


def _by_class(t, n, ended, group, size) -> tuple[np.ndarray, np.ndarray]:
    """Ends and cases at risk, one row a distinct duration and one column a class."""
    times, place = np.unique(t, return_inverse=True)
    cell, shape = place * size + group, (len(times), size)
    left = np.bincount(cell, n, len(times) * size).reshape(shape)
    events = np.bincount(cell, n * ended, len(times) * size).reshape(shape)
    return events, left[::-1].cumsum(axis=0)[::-1]


def _divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, and 0 where b is."""
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.zeros(b.shape), where=b != 0)


def _log_limits(share: np.ndarray, spread: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits from the standard error of the share's logarithm."""
    reach = np.exp(stats.norm.isf((1 - level) / 2) * spread)
    return share / reach, np.minimum(share * reach, 1)


def _falls_to(times: np.ndarray, curve: np.ndarray, level: float) -> float:
    """Where a falling step curve first reaches a level; the middle of the step where it lies on the level exactly."""
    near = 1.5e-8  # as R: a curve computed by products meets 1/2 only nearly
    low = np.flatnonzero(curve < level + near)
    if not len(low):
        return float("nan")
    first = low[0]
    below = np.flatnonzero(curve < curve[first])
    if abs(curve[first] - level) < near and len(below):
        return float(times[first] + times[below[0]]) / 2
    return float(times[first])
