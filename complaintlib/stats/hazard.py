"""Which attributes make things end slowly: proportional hazards from counts, and whether that is a fair summary."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .survival import _cases, kaplan_meier


@dataclass(frozen=True, eq=False)
class Cox:
    """A fitted proportional-hazards model.

    `ratios`: one row a level (a number has one row, its level ""): `attribute`, `level`, `n`, `events`, `estimate`
    (hazard ratio against the attribute's reference, which has 1; below 1 = ends more slowly), `low`, `high`, `p`
    (Wald), and `coefficient`, `se` on the log scale. `attributes`: one row an attribute, and "" for all together
    (index): `df`, `chi2`, `p` (Wald: does it matter at all?), `zph`, `zph_p` (does its ratio change with age?).
    """

    ratios: pd.DataFrame
    attributes: pd.DataFrame
    log_likelihood: float


def cox(
    durations: ArrayLike,
    observed: ArrayLike,
    attributes: pd.DataFrame,
    counts: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
    level: float = 0.95,
) -> Cox:
    """How many times as fast do cases of one kind end as those of another, their other attributes being equal?

    `attributes`: one row a duration; text columns are compared with their level of most ends (ties by name), numbers
    count per unit. Durations, `observed` and `counts` as in `survival`. Cox (1972, JRSS B 34:187-220); ties by Efron
    (1977, JASA 72:557-565) or "breslow". With `strata` each stratum has a speed of its own that may change with age
    in any way. `zph`: score test of Grambsch & Therneau (1994, Biometrika 81:515-526) against 1 - Kaplan-Meier, as
    R's cox.zph; where its p is small, a ratio is an average over ages: look at the curves. A level of which none has
    ended has the ratio 0 with an exact upper limit (Garwood's for 0, over the ends expected of it); one that levels
    before it determine has NaN. Attributes go along with slowness; nothing here says that they cause it. `p` is to be
    corrected for the number of levels looked at.
    """
    names = list(attributes.columns)
    t, ended, n, stratum, *columns = _cases(
        durations,
        observed,
        counts,
        0 if strata is None else strata,
        *(attributes[name].to_numpy() for name in names),
    )
    terms, x = _terms(dict(zip(names, columns, strict=True)), n, n * ended)
    never = (terms["events"].eq(0) & terms["level"].ne("")).to_numpy()
    data = _data(t, ended, np.where(x[:, never].any(axis=1), 0.0, n), stratum, ties)
    x, once = x[data.order], np.ones(len(data.first))
    free = np.flatnonzero(~never & ~terms["reference"].to_numpy(bool))
    flat = _state(np.zeros(len(free)), x[:, free], data)
    free = free[_independent(_moments(flat, x[:, free], data, once)[1])]
    z = x[:, free]
    beta, state = _maximum(z, data)
    inverse = np.linalg.inv(_moments(state, z, data, once)[1])
    expected = (x[:, never] * (n[data.order] * state.relative * _upto(state.a, data))[:, None]).sum(axis=0)
    terms["coefficient"], terms["se"] = np.nan, np.nan
    terms.loc[free, "coefficient"], terms.loc[free, "se"] = beta, np.sqrt(np.diag(inverse))
    age = 1 - kaplan_meier(t, ended, n).at(np.nextafter(data.times, -1)).estimate
    score, spread = _changing(state, z, data, inverse, age)
    tests = {}
    for name in [*names, ""]:
        j = np.flatnonzero((terms["attribute"].to_numpy()[free] == name) | (name == ""))
        square = np.ix_(j, j)
        chi2, p = _quadratic(beta[j], np.linalg.inv(inverse[square]))
        tests[name] = (len(j), chi2, p, *_quadratic(score[j], np.linalg.pinv(spread[square], hermitian=True)))
    tests = pd.DataFrame.from_dict(tests, orient="index", columns=["df", "chi2", "p", "zph", "zph_p"])
    return Cox(
        _ratios(terms, never, expected, level), tests.rename_axis("attribute"), float(state.log_likelihood)
    )


# ---------------------------------------------------------------------------------------------- the tables


def _terms(
    columns: dict[str, np.ndarray], n: np.ndarray, events: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """One row, and one column of the design, a level of each attribute."""
    rows, design = [], [np.zeros((len(n), 0))]
    for name, values in columns.items():
        if values.dtype.kind in "iuf":
            rows.append((name, "", n.sum(), events.sum(), False))
            design.append(values.astype(float)[:, None])
            continue
        code, levels = pd.factorize(values.astype(str), sort=True)
        number, ends = (np.bincount(code, w, len(levels)) for w in (n, events))
        rows += [(name, v, number[i], ends[i], i == np.argmax(ends)) for i, v in enumerate(levels)]
        design.append((code[:, None] == np.arange(len(levels))).astype(float))
    x = np.hstack(design)
    if not np.isfinite(x).all():
        raise ValueError("needs numbers, none missing")
    return pd.DataFrame(rows, columns=["attribute", "level", "n", "events", "reference"]), x


def _ratios(terms: pd.DataFrame, never: np.ndarray, expected: np.ndarray, level: float) -> pd.DataFrame:
    log, se, tail = terms["coefficient"], terms["se"], (1 - level) / 2
    reach = stats.norm.isf(tail) * se
    frame = pd.DataFrame(
        {
            "estimate": np.exp(log),
            "low": np.exp(log - reach),
            "high": np.exp(log + reach),
            "p": 2 * stats.norm.sf(np.abs(log) / se),
        },
        terms.index,
    )
    with np.errstate(divide="ignore"):
        highest = np.where(expected > 0, -np.log(tail) / expected, np.nan)
    chance = np.where(expected > 0, np.minimum(1, 2 * np.exp(-expected)), np.nan)
    frame.loc[never] = np.column_stack([0 * highest, 0 * highest, highest, chance])
    frame.loc[terms["reference"], "estimate"] = 1.0
    shown = terms[["attribute", "level", "n", "events"]].join(frame)
    return shown.join(terms[["coefficient", "se"]])


def _quadratic(x: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    if not len(x):
        return np.nan, np.nan
    chi2 = float(x @ weight @ x)
    return chi2, float(stats.chi2.sf(chi2, len(x)))


# ------------------------------------------------------------------------------------- partial likelihood


class _Data(NamedTuple):
    """Rows by stratum and duration; "steps" are the distinct durations of each stratum."""

    order: np.ndarray
    n: np.ndarray
    events: np.ndarray
    step: np.ndarray  # of each row
    times: np.ndarray  # of each step
    first: np.ndarray  # its first row
    stop: np.ndarray  # the row after the last of its stratum
    begin: np.ndarray  # the first step of its stratum
    which: np.ndarray  # of each end: its step
    ahead: np.ndarray  # and the share of the step's ends that are gone before it (Efron; 0 for Breslow)


def _data(t: np.ndarray, ended: np.ndarray, n: np.ndarray, stratum: np.ndarray, ties: str) -> _Data:
    stratum = pd.factorize(stratum, sort=True, use_na_sentinel=False)[0]
    order = np.lexsort((t, stratum))
    t, stratum, n, events = t[order], stratum[order], n[order], (n * ended)[order]
    new = np.ones(len(t), bool)
    new[1:] = (np.diff(t) != 0) | (np.diff(stratum) != 0)
    first, step = np.flatnonzero(new), np.cumsum(new) - 1
    stop = np.searchsorted(stratum, stratum[first], side="right")
    begin = np.searchsorted(stratum[first], stratum[first])
    d = np.bincount(step, events, len(first)).astype(int)
    which = np.repeat(np.arange(len(first)), d)
    ahead = (np.arange(len(which)) - np.repeat(np.cumsum(d) - d, d)) / d[which]
    return _Data(order, n, events, step, t[first], first, stop, begin, which, ahead * (ties == "efron"))


class _State(NamedTuple):
    """What the partial likelihood is made of at some coefficients: by row and by step."""

    log_likelihood: float
    relative: np.ndarray  # hazard of a case of each row, up to a factor
    s1: np.ndarray  # sum of the attributes over those at risk, by their hazard
    d1: np.ndarray  # the same over those that end
    a: np.ndarray  # sums over the ends of a step: 1 / z with z the hazard of those left,
    b: np.ndarray  # ahead / z,
    aa: np.ndarray  # 1 / z^2,
    ab: np.ndarray  # ahead / z^2
    bb: np.ndarray  # and ahead^2 / z^2


def _state(beta: np.ndarray, x: np.ndarray, data: _Data) -> _State:
    score = x @ beta
    score -= score.max(initial=-np.inf) if len(score) else 0
    relative = np.exp(score)
    at_risk = np.append((data.n * relative)[::-1].cumsum()[::-1], 0)
    s1 = np.vstack([((data.n * relative)[:, None] * x)[::-1].cumsum(axis=0)[::-1], np.zeros(x.shape[1])])
    steps = len(data.first)
    d0 = np.bincount(data.step, data.events * relative, steps)
    left = (at_risk[data.first] - at_risk[data.stop])[data.which] - data.ahead * d0[data.which]
    d1 = (data.events * relative)[:, None] * x
    return _State(
        (data.events * score).sum() - np.log(left).sum(),
        relative,
        s1[data.first] - s1[data.stop],
        np.add.reduceat(d1, data.first, axis=0) if steps else d1,
        *(
            np.bincount(data.which, data.ahead**i / left**j, steps)
            for i, j in ((0, 1), (1, 1), (0, 2), (1, 2), (2, 2))
        ),
    )


def _upto(weight: np.ndarray, data: _Data) -> np.ndarray:
    """For each row the sum of the steps' weights up to its own, within its stratum."""
    total = np.cumsum(weight)
    return (total - (total - weight)[data.begin])[data.step]


def _moments(s: _State, x: np.ndarray, data: _Data, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score and information, each step weighted by g."""
    weight = s.relative * (data.n * _upto(g * s.a, data) - data.events * (g * s.b)[data.step])
    cross = s.s1.T @ ((g * s.ab)[:, None] * s.d1)
    information = x.T @ (weight[:, None] * x) + cross + cross.T
    information -= s.s1.T @ ((g * s.aa)[:, None] * s.s1) + s.d1.T @ ((g * s.bb)[:, None] * s.d1)
    return (data.events * g[data.step] - weight) @ x, information


def _maximum(x: np.ndarray, data: _Data) -> tuple[np.ndarray, _State]:
    """Newton's method with halved steps where the likelihood would fall."""
    beta, once = np.zeros(x.shape[1]), np.ones(len(data.first))
    state = _state(beta, x, data)
    for _ in range(50):
        score, information = _moments(state, x, data, once)
        move = np.linalg.solve(information, score)
        gain = score @ move
        for _ in range(30):
            new = _state(beta + move, x, data)
            if new.log_likelihood >= state.log_likelihood - 1e-9:
                break
            move /= 2
        beta, state = beta + move, new
        if gain < 1e-10:
            break
    return beta, state


def _changing(
    state: _State, x: np.ndarray, data: _Data, inverse: np.ndarray, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score of "the coefficient grows with age" and its variance, the coefficients being estimated."""
    score, mixed = _moments(state, x, data, age)
    return score, _moments(state, x, data, age**2)[1] - mixed @ inverse @ mixed


def _independent(information: np.ndarray) -> list[int]:
    """The columns that those before them do not determine."""
    kept: list[int] = []
    for j in range(len(information)):
        across = information[kept, j]
        rest = information[j, j] - across @ np.linalg.solve(information[np.ix_(kept, kept)], across)
        if rest > 1e-9 * max(information[j, j], 1e-300):
            kept.append(j)
    return kept
