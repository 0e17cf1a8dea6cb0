"""Reports: a recipe's notebooks run for a period, proven whole, and delivered as pages, tables and one mailable file."""

from .run import Run, build_report
from .verify import verify

__all__ = ["Run", "build_report", "verify"]
