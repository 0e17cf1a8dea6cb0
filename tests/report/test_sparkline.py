import re

import numpy as np
import pytest

from complaintlib.report.sparkline import sparkline


@pytest.mark.parametrize("values", [[], [np.nan], [1.0], [1.0, np.nan, 3.0], [2.0] * 13])
def test_sparklines_never_fail(values):
    drawn = sparkline(values, [0.0] * len(values), [3.0] * len(values), "#000")
    assert "nan" not in drawn
    assert drawn == "" or drawn.startswith("<svg")


def test_a_sparkline_runs_from_edge_to_edge_and_ends_in_a_dot_of_its_colour():
    drawn = sparkline([0.0, 10.0, np.nan, 5.0], [np.nan] * 4, [np.nan] * 4, "#d55e00")
    (line,) = re.findall(r'<polyline points="([^"]*)"', drawn)
    assert (
        line == "5.0,31.0 81.7,5.0 235.0,18.0"
    )  # lowest at the bottom, highest at the top, the missing one left out
    assert '<circle cx="235.0" cy="18.0" r="4" fill="#d55e00"/>' in drawn
