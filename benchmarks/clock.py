"""Working minutes of a million spans, against numpy's `busday_count`, which only knows days."""

from collections.abc import Iterator

import numpy as np

from benchmarks import Line, medians
from complaintlib.clock import Clock

SPANS = 1_000_000


def run() -> Iterator[Line]:
    rng, clock = np.random.default_rng(54), Clock()
    start = np.datetime64("2024-01-01", "us") + rng.integers(0, 900 * 86_400, SPANS).astype("m8[s]")
    end = start + rng.exponential(9 * 86_400, SPANS).astype("m8[s]")
    days = start.astype("M8[D]"), end.astype("M8[D]")
    holidays = np.arange("2024-01-01", "2027-01-01", dtype="M8[D]")
    holidays = holidays[~clock.works(holidays) & np.is_busday(holidays)]
    clock.worked(start[:1])  # the calendar is drawn up once
    found = medians(
        {
            "kit": lambda: clock.worked(end) - clock.worked(start),
            "numpy": lambda: np.busday_count(*days, holidays=holidays),
        },
        runs=9,
    )
    note = f"{found['kit'] * 1000:.0f} ms against {found['numpy'] * 1000:.0f} ms, which gives whole days"
    yield Line(
        f"working minutes of {SPANS:,} spans, against busday_count",
        1,
        found["kit"] / found["numpy"],
        note=note,
    )
