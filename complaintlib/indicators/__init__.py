"""The one dictionary of indicators: what each is called, how it is formed, and how it is measured from a Book.

Code, tiles and glossary all come from `INDICATORS`, so that no indicator is computed twice by two rules. `measure`
gives any of them as a series over periods, with an interval. Every period is seen at its own `as_of` (its end, unless
it is partial), so that an old period does not look better because it has had more time.
"""

from collections.abc import Sequence

import pandas as pd

from ..book import Book
from ..period import Period
from .asked import Stretch, promised, waiting
from .dictionary import FIRST, INDICATORS, Indicator
from .measures import MEASURES, check_measure, measures_by
from .periods import whole_history

__all__ = [
    "FIRST",
    "INDICATORS",
    "MEASURES",
    "Indicator",
    "Stretch",
    "check_measure",
    "measure",
    "measures_by",
    "promised",
    "waiting",
    "whole_history",
]


def measure(
    book: Book, indicator: Indicator | str, periods: Sequence[Period], level: float = 0.95
) -> pd.DataFrame:
    """How large was the indicator in each period? Columns period, numerator, denominator, value, low, high, n.

    `n` is the number of cases (or answers) behind the value, `low` and `high` its interval at `level` on the
    assumption of independent cases: Garwood for counts and rates, Wilson for shares, order statistics for medians,
    the normal law for scores; means come without one. A value that cannot be formed (no case, no exposure) is NaN.
    Raises NotMeasured where the store lacks a table, a column or every value of it.
    """
    from ..stats.estimates import ESTIMATES  # not for who only reads the dictionary

    indicator = INDICATORS[indicator] if isinstance(indicator, str) else indicator
    found = indicator.ask(book, periods)
    out = ESTIMATES[indicator.kind](found, indicator.per, level)
    return out[["period", "numerator", "denominator", "value", "low", "high", "n"]]
