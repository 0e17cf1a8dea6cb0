import numpy as np
import pandas as pd
import pytest

from complaintlib.stats.multiple import benjamini_hochberg

P = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


def test_n20_benjamini_hochberg_against_the_paper():
    """Benjamini & Hochberg (1995), section 3.2: 4 of 15 rejected at .05 (Bonferroni: 3); R p.adjust."""
    q = benjamini_hochberg(P)
    assert (q <= 0.05).sum() == 4
    assert q[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])


def test_missing_p_stay_missing_and_do_not_count():
    p = pd.Series([0.01, np.nan, 0.04], index=list("cab"))
    q = benjamini_hochberg(p)
    assert q.index.tolist() == list("cab")
    assert q.tolist() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert len(benjamini_hochberg([])) == 0
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_c08_false_findings_over_many_channels():
    """Twenty true nulls: at least one q <= .05 in 5 % of 2,000 months (tolerance 1.5 points)."""
    p = np.random.default_rng(1).uniform(size=(2000, 20))
    assert np.mean([(benjamini_hochberg(row) <= 0.05).any() for row in p]) < 0.065
