"""A small store with hostile categories and texts."""

import json
from pathlib import Path

import pandas as pd
import pytest
from made import HOSTILE

from complaintlib.clock import Clock


@pytest.fixture(scope="session")
def make_store(tmp_path_factory):
    """Write a store; `extra` more complaints make it another one."""

    def make(extra: int = 0) -> Path:
        folder = tmp_path_factory.mktemp("store")
        days = pd.date_range("2025-09-01 09:00", "2026-10-31 18:00", freq="7h", unit="us")
        late = pd.date_range("2026-05-03 08:00", periods=extra, freq="1h", unit="us")
        times = days.append(late).sort_values()
        reasons = ["late", "lost", *HOSTILE]
        clock = Clock()
        frame = pd.DataFrame(
            {
                "complaint_id": [f"C{i:06d}" for i in range(len(times))],
                "received_at": times,
                "reason": [reasons[i % 3] if i % 7 else reasons[i % len(reasons)] for i in range(len(times))],
                "text": [HOSTILE[i % len(HOSTILE)] for i in range(len(times))],
                "received_at_elapsed": clock.elapsed(times),
                "received_at_worked": clock.worked(times),
            }
        )
        frame.to_parquet(folder / "complaints.parquet")
        content = {
            "files": {"complaints": ["complaints.parquet"]},
            "clock": clock.to_dict(),
            "breaks": [],
            "n": len(times),
        }
        (folder / "store.json").write_text(json.dumps(content), encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def store(make_store):
    return make_store()
