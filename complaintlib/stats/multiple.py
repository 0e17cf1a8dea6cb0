"""Looking at many things at once."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests


def benjamini_hochberg(p: ArrayLike) -> np.ndarray | pd.Series:
    """q-values: calling everything with q <= x a finding makes at most a share x of the findings false on average.

    Benjamini & Hochberg (1995, JRSS B 57:289-300), for independent or positively dependent tests. Same shape (and
    index) as `p`; a missing p stays missing and is not counted among the tests.
    """
    values = np.asarray(p, float)
    q = np.full(values.shape, np.nan)
    tested = ~np.isnan(values)
    if tested.any():
        q[tested] = multipletests(values[tested], method="fdr_bh")[1]
    return pd.Series(q, p.index, name="q") if isinstance(p, pd.Series) else q
