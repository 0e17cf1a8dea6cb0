"""Alarms for series of counts: jumps against earlier years or the last weeks, slow rises, and one list out of many."""

from .exceedance import farrington, farrington_flexible
from .short import ears
from .slow import cusum
from .watch import watch_list

__all__ = ["cusum", "ears", "farrington", "farrington_flexible", "watch_list"]
