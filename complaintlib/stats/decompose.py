"""Splitting a change into parts that add up exactly, and rounding shares so that they still sum to the whole."""

import numpy as np
import pandas as pd


def mix_rate(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Why did an overall rate change: other customers (mix), or other rates among the same (rate)?

    `before` and `after` have columns `count` and `exposure` by category (index); the overall rate is sum(count) /
    sum(exposure). One row per category of either: `rate_before`, `rate_after`, `weight_before`, `weight_after`
    (shares of exposure), `mix`, `rate`; the sum over both columns and all categories is the change of the overall
    rate. Kitagawa (1955, JASA 50:1168-1194): each part weighted by the mean of the other. `mix` of a category is
    measured from the mean overall rate, so a growing category with a high rate counts as a rise. A category without
    exposure in one period has no rate there: its whole part is mix. Arithmetic, not cause; no part carries an
    interval. Raises ValueError on counts without exposure.
    """
    c0, e0, c1, e1, names = _both(before, after)
    r0, r1 = _rates(c0, e0, c1, e1)
    w0, w1 = e0 / e0.sum(), e1 / e1.sum()
    overall = ((w0 * r0).sum() + (w1 * r1).sum()) / 2
    return pd.DataFrame(
        {
            "rate_before": np.where(e0 > 0, r0, np.nan),
            "rate_after": np.where(e1 > 0, r1, np.nan),
            "weight_before": w0,
            "weight_after": w1,
            "mix": (w1 - w0) * ((r0 + r1) / 2 - overall),
            "rate": (r1 - r0) * (w0 + w1) / 2,
        },
        index=names,
    )


def exposure_mix_rate(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Why did a count change: more customers (exposure), other customers (mix), or more complaints of each (rate)?

    Input as for `mix_rate`. One row per category: `before`, `after` (counts), `exposure`, `mix`, `rate`; the three
    parts of a category add up to its own change of count, and so do the totals. Das Gupta (1993, US Census Bureau
    P23-186): count = exposure x weight x rate, each factor's part averaged over all orders in which the three change.
    """
    c0, e0, c1, e1, names = _both(before, after)
    r0, r1 = _rates(c0, e0, c1, e1)
    w0, w1 = e0 / e0.sum(), e1 / e1.sum()
    factors = (e0.sum(), e1.sum()), (w0, w1), (r0, r1)
    parts = {}
    for name, ours, (a0, a1), (b0, b1) in (
        ("exposure", factors[0], factors[1], factors[2]),
        ("mix", factors[1], factors[0], factors[2]),
        ("rate", factors[2], factors[0], factors[1]),
    ):
        others = (a0 * b0 + a1 * b1) / 3 + (a0 * b1 + a1 * b0) / 6
        parts[name] = (ours[1] - ours[0]) * others
    return pd.DataFrame({"before": c0, "after": c1, **parts}, index=names)


def largest_remainder(shares: pd.Series | np.ndarray, digits: int = 3) -> pd.Series | np.ndarray:
    """Fractions rounded to `digits` decimals (3 = 0.1 %) so that they still sum to 1.

    Hamilton's method: each is rounded down, then the largest remainders are rounded up; among equal remainders the
    larger share, then the one that comes first. No share moves by a whole step. Shares must sum to 1; all missing or
    none at all is handed back as it is.
    """
    exact = np.asarray(shares, float) * 10**digits
    if not len(exact) or np.isnan(exact).all():
        return shares
    if abs(exact.sum() - 10**digits) > 1e-6 * 10**digits or (exact < 0).any():
        raise ValueError("needs shares >= 0 with sum 1")
    down = np.floor(exact + 1e-9)
    missing = round(10**digits - down.sum())
    order = np.lexsort((-exact, -np.round(exact - down, 9)))
    down[order[:missing]] += 1
    out = np.round(down / 10**digits, digits)
    return pd.Series(out, shares.index, name=shares.name) if isinstance(shares, pd.Series) else out


def _both(before: pd.DataFrame, after: pd.DataFrame):
    names = before.index.union(after.index)
    c0, e0, c1, e1 = (
        frame[column].reindex(names, fill_value=0).to_numpy(float)
        for frame in (before, after)
        for column in ("count", "exposure")
    )
    if ((e0 <= 0) & (c0 > 0)).any() or ((e1 <= 0) & (c1 > 0)).any():
        raise ValueError("counts without exposure")
    if not (e0.sum() > 0 and e1.sum() > 0):
        raise ValueError("a period without exposure")
    return c0, e0, c1, e1, names


def _rates(c0, e0, c1, e1):
    r0, r1 = (np.divide(c, e, out=np.zeros(len(c)), where=e > 0) for c, e in ((c0, e0), (c1, e1)))
    return np.where(e0 > 0, r0, r1), np.where(e1 > 0, r1, r0)
