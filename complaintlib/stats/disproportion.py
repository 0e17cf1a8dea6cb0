"""Is something reported out of proportion somewhere? Each cell of a table of counts against the rest of the table."""

import numpy as np
import pandas as pd
from scipy import stats


def disproportion(table: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Which cells of `table` (counts; reasons x regions, say) hold more cases than their row and column lead to expect?

    A row per cell, indexed by the table's row and column, of the 2 x 2 table cell / rest of its row / rest of its
    column / everything else:
    `count`; `expected` (row total x column total / total);
    `prr`, `prr_low`, `prr_high`: share of the reason in the region over its share elsewhere (proportional reporting
    ratio; Evans, Waller & Davis 2001, Pharmacoepidemiol Drug Saf 10:483-486), interval of the logarithm;
    `ror`, `ror_low`, `ror_high`: the odds ratio (van Puijenbroek et al. 2002, ibid. 11:3-10), interval by Woolf;
    `ic`, `ic_low`, `ic_high`: information component, log2 of (count + 1/2) over (expected + 1/2), with the quantiles
    of the gamma law that the half case before makes of a Poisson count (Noren, Hopstadius & Bate 2013, Stat Methods
    Med Res 22:57-69): 1 = twice the expected, and small counts are drawn to 0;
    `p`: chance of more cases with these totals plus half that of exactly as many (hypergeometric).

    NaN where a ratio has nothing to divide by (prr and ror of 0 cases, or of a reason that is nowhere else; their
    intervals too). `ic` and `p` stay: rank by `ic_low`, correct `p` for the number of cells.

    Assumes that cases are independent and that, without an excess, regions differ in their number of complaints only:
    what is out of proportion may be the reason there or too few of the other reasons. Blind to what rises everywhere.
    """
    a = table.to_numpy(float)
    row, column, total = a.sum(axis=1, keepdims=True), a.sum(axis=0, keepdims=True), a.sum()
    b, c = row - a, column - a
    d = total - a - b - c
    z = stats.norm.isf((1 - level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = row * column / total
        found = {
            "count": a,
            "expected": expected,
            **_ratio(
                "prr",
                (a / column) / (b / (total - column)),
                1 / a - 1 / column + 1 / b - 1 / (total - column),
                z,
            ),
            **_ratio("ror", a * d / (b * c), 1 / a + 1 / b + 1 / c + 1 / d, z),
            "ic": np.log2((a + 0.5) / (expected + 0.5)),
            "ic_low": np.log2(stats.gamma.ppf((1 - level) / 2, a + 0.5) / (expected + 0.5)),
            "ic_high": np.log2(stats.gamma.ppf((1 + level) / 2, a + 0.5) / (expected + 0.5)),
            "p": _excess_p(a, total, row, column),
        }
    cells = pd.MultiIndex.from_product(
        [table.index, table.columns], names=[table.index.name or "row", table.columns.name or "column"]
    )
    return pd.DataFrame({name: values.ravel() for name, values in found.items()}, cells)


def log_odds_ratio(both, first, second, every) -> tuple[np.ndarray, np.ndarray]:
    """How closely are two features tied? Log odds ratios and their variances (Woolf 1955, Ann Hum Genet 19:251-253).

    Cases with `both`, with the `first`, with the `second`, and `every` one, as arrays of one shape. Half a case is
    added to each field of the 2 x 2 table (Haldane 1956, Ann Hum Genet 20:309-311), so that none is empty.
    """
    fields = [
        x + 0.5 for x in (both, first - both, second - both, np.maximum(every - first - second + both, 0))
    ]
    a, b, c, d = fields
    return np.log(a * d / (b * c)), sum(1 / x for x in fields)


def cases_of_both(odds: np.ndarray, first, second, every) -> np.ndarray:
    """How many cases have both features, given the margins and the odds ratio? The root of a quadratic equation."""
    slope = odds - 1
    middle = slope * (first + second) + every
    root = np.sqrt(np.maximum(middle**2 - 4 * slope * odds * first * second, 0))
    return 2 * odds * first * second / (middle + root)


def _ratio(name: str, value: np.ndarray, variance: np.ndarray, z: float) -> dict[str, np.ndarray]:
    """A ratio and its interval on the logarithmic scale; NaN unless there is something above and below the line."""
    value = np.where(np.isfinite(variance) & (value > 0), value, np.nan)
    factor = np.exp(z * np.sqrt(variance))
    return {name: value, f"{name}_low": value / factor, f"{name}_high": value * factor}


def _excess_p(a: np.ndarray, total: float, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    law = stats.hypergeom(total, np.broadcast_to(row, a.shape), np.broadcast_to(column, a.shape))
    return law.sf(a) + law.pmf(a) / 2
