"""The book of complaints: the one door to the tables, and the only place that knows Ibis.

`core` has the Book with its counts, series and rows; `lengths` what is asked of times, `cases` what is asked of the
way of a case; `engine` opens a store or an engine, `publish` puts a store into one. `ask` and `frames` are the pieces they share.
"""

import ibis

from .core import Book, Break, NotMeasured
from .engine import open_book

__all__ = ["Book", "Break", "NotMeasured", "open_book"]

ibis.options.sql.fuse_selects = False  # an engine merges nested selects itself, and in less time
