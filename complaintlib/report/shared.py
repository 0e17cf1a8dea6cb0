"""A method's answer, shared by the kernels of one parent: a report in two languages computes everything once.

Results know no language until they are shown. Shared is only what the same data (by their fingerprint), the same code (a
parent ends with it), the same moment and the same plain arguments gave.
"""

import hashlib
import os
import pickle
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from ..period import Period


def shared(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, which looks into the shared folder (`COMPLAINTKIT_SHARED`) before it answers."""
    folder = Path(os.environ["COMPLAINTKIT_SHARED"])

    @wraps(method)
    def answered(book: Any, *args: Any, **options: Any) -> Any:
        if not (_as_opened(book) and all(map(_plain, (*args, *options.values())))):
            return method(book, *args, **options)
        data = (book.fingerprint, book.as_of, book.clock.to_dict(), book.breaks)
        asked = repr((method.__name__, data, args, sorted(options.items())))
        path = folder / hashlib.sha256(asked.encode("utf-8")).hexdigest()
        if path.is_file():
            return pickle.loads(path.read_bytes())
        result = method(book, *args, **options)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(pickle.dumps(result))
        part.replace(path)
        return result

    return answered


def _as_opened(book: Any) -> bool:
    """Whether the fingerprint says all of the book: its tables are the store's, none that a notebook has filtered."""
    return bool(book.fingerprint) and all(
        type(table.op()).__name__ == "DatabaseTable" for table in book.tables.values()
    )


def _plain(value: Any) -> bool:
    """Whether `repr` says all of it."""
    if isinstance(value, tuple | list):
        return all(map(_plain, value))
    return value is None or isinstance(value, str | int | float | Period)
