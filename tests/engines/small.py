"""A small store with every table that a book is asked of, ties, gaps and texts that break careless engines; no reader of it
shares code with what wrote it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from complaintlib.clock import Clock
from complaintlib.schema import CLOCKED, FLAG, TABLES, TIME, WHOLE

CASES = 400
CLOCK = Clock()
HOSTILE = [
    "\\.",
    "a\n\\.\nb",
    "q\"u'o;te",
    "tab\tback\\slash\r\n",
    "",
    "  spaces ",
    "投诉：未收到货 😀",
    "\\N",
    "NULL",
]
BREAK = {"field": "reason", "at": "2026-09-10", "zh": "拆分", "en": "split"}


def frames() -> dict[str, pd.DataFrame]:
    random = np.random.default_rng(20261)
    pick = lambda values, n=CASES, p=None: random.choice(np.array(values, dtype=object), n, p=p)
    start = pd.Timestamp("2026-06-15")
    received = start + pd.to_timedelta(random.integers(0, 138 * 24 * 6, CASES) * 10, unit="min")
    received = received.to_series(index=range(CASES)).dt.as_unit("us")
    length = pd.Series(pd.to_timedelta(random.integers(0, 60 * 24 * 40, CASES), unit="min"))
    closed = (received + length).where(random.random(CASES) < 0.8)
    status = pd.Series(
        pick(["closed", "withdrawn", "merged", "transferred_out", None], p=[0.7, 0.1, 0.05, 0.05, 0.1])
    )
    complaints = pd.DataFrame(
        {
            # upper and lower case and Chinese: engines put them in an order of their own
            "complaint_id": [f"{'aBcD投'[i % 5]}{i % 97:03d}-{i}" for i in range(CASES)],
            "customer_id": pick([*(f"c{i}" for i in range(60)), None, ""]),
            "received_at": received,
            "first_response_at": (received + length / 10).where(random.random(CASES) < 0.9).dt.floor("s"),
            "resolved_at": (received + length / 2).where(random.random(CASES) < 0.6).dt.floor("s"),
            "closed_at": closed,
            "channel": pick(["hotline", "app", "Email"]),
            "product": pick(["x", "y", None]),
            "reason": pick(["late", "Late", "rude", "", None, "慢", HOSTILE[2]]),
            "severity": pick(["major", "urgent", "general", "routine", None]),
            "department": pick(["ops", "finance", None]),
            "region": pick(["north", "south"]),
            "status": status.where(closed.notna(), "open"),
            "outcome": pick(["refund", "apology", None]),
            "compensation": pd.Series(random.integers(0, 5000, CASES) / 100).where(random.random(CASES) < 0.7),
            "reopened": pick([True, False, None], p=[0.1, 0.8, 0.1]),
            "source": pick(["a", "b"]),
        }
    )  # fmt: skip
    texts = complaints[["complaint_id", "source", "received_at"]].assign(
        text=pick(HOSTILE), demand=pick([*HOSTILE, None])
    )
    steps = complaints.loc[
        np.repeat(np.arange(300), random.integers(1, 10, 300)), ["complaint_id", "received_at", "source"]
    ]
    n = len(steps)
    entered = steps.pop("received_at") + pd.to_timedelta(random.integers(0, 20, n) * 720, unit="min")
    left = entered + pd.to_timedelta(random.integers(0, 30, n) * 360, unit="min")
    events = steps.assign(
        stage=pick(["received", "triage", "investigation", "follow_up"], n), department=pick(["ops", "Finance", None], n),
        waiting_on=pick(["us", "customer", "third_party", None], n), agent_id=pick(["p", "q"], n),
        entered_at=entered, left_at=left.where(random.random(n) < 0.85),
    ).drop_duplicates(["complaint_id", "stage", "entered_at"], ignore_index=True)  # fmt: skip
    surveys = pd.DataFrame(
        {
            "survey_id": [f"s{i}" for i in range(120)],
            "complaint_id": [*complaints["complaint_id"].sample(100, random_state=1), *[None] * 20],
            "answered_at": start + pd.to_timedelta(random.integers(0, 138, 120), unit="D"),
            "csat": pd.array(random.integers(1, 6, 120), "Int64"),
        }
    )
    months = pd.date_range("2026-06-01", "2026-10-01", freq="MS")
    exposure = pd.DataFrame(
        [(m, c, measure, 1000.0 + 10 * i + len(c)) for i, m in enumerate(months) for c in ("hotline", "app", "Email")
         for measure in ("orders", "customers")], columns=["month", "channel", "measure", "value"],
    )  # fmt: skip
    arrivals = pd.DataFrame({"batch_id": "1", "table": "complaints", "source": pick(["a", "b"], 60),
                             "fate": pick(["used", "aside"], 60), "day": start + pd.to_timedelta(range(60), unit="D"),
                             "rows": random.integers(1, 9, 60)})  # fmt: skip
    return {"complaints": complaints, "texts": texts, "events": events, "surveys": surveys, "exposure": exposure, "arrivals": arrivals}  # fmt: skip


def write_store(folder: Path) -> Path:
    """The frames as a store: a manifest and Parquet files, complaints and texts in two parts of unlike columns."""
    files: dict[str, list[str]] = {}
    for name, frame in frames().items():
        for time in CLOCKED.get(name, ()):
            frame[f"{time}_elapsed"], frame[f"{time}_worked"] = (
                CLOCK.elapsed(frame[time]),
                CLOCK.worked(frame[time]),
            )
        parts = [frame.iloc[:150], frame.iloc[150:].drop(columns="outcome", errors="ignore")] if len(frame) == CASES else [frame]  # fmt: skip
        files[name] = [f"{name}/part-{i}.parquet" for i in range(1, len(parts) + 1)]
        for file, part in zip(files[name], parts, strict=True):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                pa.Table.from_pandas(part, _schema(name, part), preserve_index=False), folder / file
            )
    content = {"format": 1, "zone": CLOCK.zone, "clock": CLOCK.to_dict(), "breaks": [BREAK], "files": files}
    (folder / "store.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def _schema(name: str, frame: pd.DataFrame) -> pa.Schema:
    known = TABLES["complaints" if name == "texts" else name].columns
    types = {TIME: pa.timestamp("us"), FLAG: pa.bool_(), WHOLE: pa.int64(), "number": pa.float64()}
    return pa.schema(
        [(c, types.get(known[c], pa.string()) if c in known else pa.int64()) for c in frame.columns]
    )
