"""Reports: a recipe's notebooks run for a period, proven whole, and delivered as pages, tables and one mailable file."""

import gc
from typing import Any

from .verify import verify

__all__ = ["Run", "build_report", "verify"]  # noqa: F822 (loaded when first used)


def __getattr__(name: str) -> Any:
    if name not in ("Run", "build_report"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    gc.disable()  # a fifth less time: imports leave nothing to collect
    try:
        from . import run
    finally:
        gc.enable()
    return getattr(run, name)
