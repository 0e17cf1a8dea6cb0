"""The training course: lessons in notebooks/training, whose exercises are checked against the demo data.

    from complaintlib.training import begin, check, hint, progress, solution

In a notebook: `answer = ...`, then `check("pareto-1", answer)`.
"""

from .check import begin, check, hint, solution
from .crisis import crisis_month
from .progress import progress

__all__ = ["begin", "check", "crisis_month", "hint", "progress", "solution"]
