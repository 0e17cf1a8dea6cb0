"""The forms that people fill in: written as workbooks with headings and drop-down lists, and read back by cell."""

from .check import Checked, Mistake, check_form
from .write import write_forms

__all__ = ["Checked", "Mistake", "check_form", "write_forms"]
