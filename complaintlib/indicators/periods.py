"""Which periods can be measured."""

import pandas as pd

from ..book import Book
from ..period import Period

SURELY = 7.0  # so many complaints would have come in a gap: the chance of none is below 1 in 1,000


def whole_history(book: Book, period: Period, most: int) -> tuple[list[Period], pd.Timestamp | None]:
    """The periods to look at, oldest first, and the moment at which the data of the last one stop short, if they do.

    At most `most` periods, ending with `period`. Those before the data begin are left out, and so is the first one
    where the data set in so late in it that more than `SURELY` complaints are missing at that period's own pace.
    """
    book = book.at(period.as_of)
    first, last = book.span()
    if pd.isna(first):
        return [period], None
    periods = [p for p in period.history(most) if p.end > first] or [period]
    counts = book.series("complaints", [], periods)["n"]
    begin, end = periods[0], min(period.end, period.as_of)
    pace = counts.iloc[0] / max((min(begin.end, end) - first).total_seconds(), 60)
    if len(periods) > 1 and begin.start < first and (first - begin.start).total_seconds() * pace > SURELY:
        periods, counts = periods[1:], counts.iloc[1:]
    usual = counts.iloc[:-1].median() if len(counts) > 1 else counts.iloc[-1]
    missing = usual * ((end - last) / (period.end - period.start))
    return periods, last if last < end and missing > SURELY and (end - last) > pd.Timedelta(days=1) else None
