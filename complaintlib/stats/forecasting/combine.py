"""Which paths can be believed at all, and the median of those."""

import numpy as np

from .candidates import BENCHMARKS

Array = np.ndarray


def bounds(low: Array, high: Array) -> tuple[Array, Array]:
    """Between what a path is believed: the history's range `low` to `high`, widened by its own width on either side.

    Where the history never was negative, not below 0.
    """
    with np.errstate(invalid="ignore"):
        wide = high - low
        rounding = 1e-9 * np.maximum(np.abs(low), np.abs(high))
        floor = low - wide
        return np.where(low >= 0, np.maximum(floor, 0), floor) - rounding, high + wide + rounding


def reasons(path: Array, floor: Array, ceiling: Array) -> Array:
    """Why each path (rows x horizon) is not sound: "not finite", "range" or, where it is, "". "range": it leaves the `bounds`."""
    outside = ((path < floor[:, None]) | (path > ceiling[:, None])).any(axis=1)
    return np.where(~np.isfinite(path).all(axis=1), "not finite", np.where(outside, "range", ""))


def combination(paths: dict[str, Array], why: dict[str, Array]) -> tuple[Array, Array]:
    """The median of the sound candidates at each step, and how many there are; where none is, the seasonal naive.

    As the SCUM entry of the M4 competition (Petropoulos & Svetunkov 2020, IJF 36:110-115): it needs no weights, and
    one model gone astray does not move it.
    """
    names = [name for name in paths if name not in BENCHMARKS]
    stack = np.stack([np.where((why[name] == "")[:, None], paths[name], np.nan) for name in names])
    number = np.isfinite(stack[:, :, 0]).sum(axis=0)
    stack.sort(axis=0)  # NaN last
    row = np.arange(len(number))
    middle = (stack[np.maximum(number - 1, 0) // 2, row] + stack[number // 2, row]) / 2
    return np.where((number > 0)[:, None], middle, paths["seasonal_naive"]), number
