"""A store of any size, written as an intake would leave it but without one: for what reads tens of millions of rows."""

import csv
import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks._cfpb import narratives
from complaintlib.clock import Clock
from complaintlib.home import DATA
from complaintlib.intake.store import FORMAT
from complaintlib.rules import load_rules
from complaintlib.schema import CLOCKED, TABLES, TEXT

MONTHS, LAST = 120, "2026-10"
UNSETTLED = "2025-11"  # since then four of a hundred are open; older ones are settled
ZONE, SOURCE = "America/New_York", "cfpb"
TEXTS = 1_000  # different texts a month
_PARQUET = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
_TAKES = {"channel": 6, "product": 8, "reason": 25, "subreason": 60, "severity": 4, "segment": 4, "age_band": 5, "gender": 2,
          "region": 8, "city": 39, "department": 8, "valid": 3, "outcome": 6}  # fmt: skip


def make_store(folder: Path | str, rows: int, *, events: bool = True, seed: int = 1) -> None:
    """Makes a store of so many complaints in the 120 months up to 2026-10, a batch a month, and their exposure.

    Every column that intake writes is there, also the minutes beside the times. Three of ten complaints have a text,
    four of a hundred of the last year are open, the cases of the last weeks more often. `events`: with the steps of each case,
    some four. The same rows and seed give the same store.
    """
    folder, rng = Path(folder), np.random.default_rng(seed)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    clock = Clock.from_dict(load_rules().clock.to_dict() | {"zone": ZONE})
    months = [f"{month:%Y-%m}" for month in pd.period_range(end=LAST, periods=MONTHS, freq="M")]
    content = {
        "format": FORMAT, "zone": ZONE, "clock": clock.to_dict(), "breaks": [], "codes": {}, "key": None,
        "calendar": {year: clock.fingerprint(int(year)) for year in sorted({month[:4] for month in months})},
        "batches": [], "files": {"complaints": [], "texts": [], "events": [], "arrivals": [], "ledger": [], "exposure": []},
    }  # fmt: skip
    taken = 0
    for number, month in enumerate(months, start=1):
        count = rows * number // MONTHS - taken
        _month(con, clock, month, count, taken, rng)
        written = {
            f"complaints/month={month}": _ROWS.format(batch=number),
            f"texts/month={month}": _TEXTS,
            "arrivals": _ARRIVALS.format(batch=number) + (_exposed(months) if number == 1 else ""),
            "ledger": _LEDGER.format(batch=number, rows=count),
        }
        if events:
            written[f"events/month={month}"] = _EVENTS.format(batch=number)
        if number == 1:
            written["exposure"] = _exposure(months)
        for place, sql in written.items():
            file = f"{place}/part-{number}.parquet"
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"COPY ({sql}) TO '{folder / file}' {_PARQUET}")
            (folder / file).chmod(0o600)
            content["files"][place.split("/")[0]].append(file)
        content["batches"].append(_batch(number, month, count))
        taken += count
    (folder / "store.json").write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def _month(
    con: duckdb.DuckDBPyConnection, clock: Clock, month: str, rows: int, before: int, rng: np.random.Generator
) -> None:
    """Makes the tables `cases`, in the order of time, `minutes` and `told` of one month."""
    begin, days = pd.Timestamp(month), pd.Period(month).days_in_month
    minute = pd.DataFrame({"minute": pd.date_range(begin, periods=1440 * (days + 61), freq="min", unit="us")})
    minute["elapsed"], minute["worked"] = clock.elapsed(minute["minute"]), clock.worked(minute["minute"])
    told = pd.DataFrame({"text": narratives(TEXTS, rng).to_pandas()}).reset_index(names="nth")
    codes = [f"{_pick(column, most)} AS {column}" for column, most in _TAKES.items()]
    now = f"TIMESTAMP '{pd.Timestamp(LAST) + pd.offsets.MonthBegin(1)}'"
    span = f"to_microseconds(CAST(floor({_share('received')} * {days * 86400}) * 1000000 AS BIGINT))"
    for name, frame in (("minutes", minute), ("told", told)):
        con.register("frame", frame)
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM frame")
        con.unregister("frame")
    con.execute(
        f"""CREATE OR REPLACE TABLE cases AS SELECT * REPLACE (
            CASE WHEN closed_at < {now} THEN closed_at END AS closed_at,
            CASE WHEN resolved_at < {now} THEN resolved_at END AS resolved_at,
            CASE WHEN first_response_at < {now} THEN first_response_at END AS first_response_at),
            CASE WHEN closed_at < {now} THEN 'closed' ELSE 'open' END AS status FROM (
        SELECT *, resolved_at + {_later("closed", 3)} AS closed_at FROM (
        SELECT *, CASE WHEN {_share("open")} > {0.04 * (month >= UNSETTLED)} THEN first_response_at + {_later("resolved", 12)} END AS resolved_at FROM (
        SELECT *, received_at + {_later("response", 5)} AS first_response_at FROM (
        SELECT i, CAST(1000000 + row_number() OVER (ORDER BY received_at, i) + {before} - 1 AS VARCHAR) AS complaint_id,
            'c-' || substr(md5('c' || hash(i) % {max(rows * MONTHS // 3, 1)}), 1, 20) AS customer_id,
            CASE WHEN {_share("order")} < 0.8 THEN 'o-' || substr(md5('o' || i), 1, 20) END AS order_id,
            'a-' || substr(md5('a' || hash(i, 'agent') % 400), 1, 20) AS agent_id, received_at, {", ".join(codes)},
            CASE WHEN {_share("told")} < 0.3 THEN CAST(floor({_share("which")} * {TEXTS}) AS BIGINT) END AS nth
        FROM (SELECT i, TIMESTAMP '{begin}' + {span} AS received_at FROM (SELECT {before} + range AS i FROM range({rows})))))))"""
    )


def _share(salt: str) -> str:
    """SQL: a number from 0 to 1 that row and salt decide."""
    return f"(hash(hash(i, '{salt}')) / 18446744073709551616.0)"  # twice: of two values, one hash only mixes the lower bits


def _later(salt: str, days: int) -> str:
    return f"to_seconds(CAST(floor(power({_share(salt)}, 3) * {days * 86400}) AS BIGINT))"


def _pick(column: str, most: int) -> str:
    """SQL: one of the column's codes that have words, the first ones more often."""
    with open(DATA / "labels.csv", encoding="utf-8", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file) if row["field"] == column][:most]
    listed = ", ".join("'" + code.replace("'", "''") + "'" for code in codes)
    return f"[{listed}][1 + CAST(floor(power({_share(column)}, 2) * {len(codes)}) AS BIGINT)]"


def _rows() -> str:
    """SQL for the complaints as intake writes them, without their texts."""
    made = {"complaint_id", "customer_id", "order_id", "agent_id", "status", *_TAKES, *CLOCKED["complaints"]}
    types = {"number": "DOUBLE", "flag": "BOOLEAN"}
    other = {
        "source": f"'{SOURCE}'",
        "compensation": f"CASE WHEN {_share('paid')} < 0.1 THEN floor({_share('money')} * 30000) / 100 END",
        "reopened": f"{_share('reopened')} < 0.03",
        "escalated": f"{_share('escalated')} < 0.05",
        "transferred": f"{_share('transferred')} < 0.2",
    }
    columns, joins = [], []
    for column, kind in TABLES["complaints"].columns.items():
        if kind == TEXT:
            continue
        value = column if column in made else other.get(column, f"CAST(NULL AS {types.get(kind, 'VARCHAR')})")
        columns.append(f"{value} AS {column}")
        if column in CLOCKED["complaints"]:
            columns += [f"m_{column}.{clock} AS {column}_{clock}" for clock in ("elapsed", "worked")]
            joins.append(
                f"LEFT JOIN minutes m_{column} ON m_{column}.minute = date_trunc('minute', {column})"
            )
    return (
        f"SELECT {', '.join(columns)}, CAST({{batch}} AS INTEGER) AS batch FROM cases {' '.join(joins)} "
        "ORDER BY received_at, complaint_id"
    )


_ROWS = _rows()
_TEXTS = (
    f"SELECT complaint_id, '{SOURCE}' AS source, received_at, text, CAST(NULL AS VARCHAR) AS demand FROM cases JOIN told "
    "USING (nth) ORDER BY received_at, complaint_id"
)
_STEPS = (  # stage, from, to, department, who is waited for, of how many cases
    ("triage", "received_at", "first_response_at", "'customer_service'", "us", 1),
    ("investigation", "first_response_at", "halfway", "department", "us", 1),
    ("waiting_customer", "halfway", "resolved_at", "department", "customer", 0.3),
    ("resolution", "halfway", "resolved_at", "department", "us", 1),
    ("follow_up", "resolved_at", "closed_at", "'customer_service'", "us", 1),
)
_EVENTS = (
    "SELECT s.*, a.elapsed AS entered_at_elapsed, a.worked AS entered_at_worked, b.elapsed AS left_at_elapsed, "
    f"b.worked AS left_at_worked, '{SOURCE}' AS source, CAST({{batch}} AS INTEGER) AS batch FROM ("
    + " UNION ALL ".join(
        f"SELECT complaint_id, '{stage}' AS stage, {start} AS entered_at, {end} AS left_at, {department} AS department, agent_id, "
        f"'{waiting}' AS waiting_on FROM (SELECT *, first_response_at + (resolved_at - first_response_at) / 2 AS halfway FROM cases) "
        f"WHERE {start} IS NOT NULL AND {_share(stage)} < {of}"
        for stage, start, end, department, waiting, of in _STEPS
    )
    + ") s JOIN minutes a ON a.minute = date_trunc('minute', s.entered_at) "
    "LEFT JOIN minutes b ON b.minute = date_trunc('minute', s.left_at) ORDER BY s.entered_at, s.complaint_id"
)
_ARRIVALS = (
    f"SELECT '{{batch:04d}}-generated' AS batch_id, 'complaints' AS \"table\", '{SOURCE}' AS source, 'used' AS fate, "
    "date_trunc('day', received_at) AS day, count(*) AS rows FROM cases GROUP BY ALL"
)
_LEDGER = (
    "SELECT '{batch:04d}-generated' AS batch_id, 'complaints' AS \"table\", 'read' AS step, CAST(1 AS BIGINT) AS step_no, CAST({rows} AS BIGINT) AS rows_in, "
    f"CAST({{rows}} AS BIGINT) AS rows_out, CAST(0 AS BIGINT) AS rows_changed, '' AS sample_ids, '' AS note, '{SOURCE}' AS source, 'month.csv' AS file"
)


def _exposure(months: list[str]) -> str:
    products, regions = (_pick(column, _TAKES[column]).split("[1 +")[0] for column in ("product", "region"))
    firsts = ", ".join(f"TIMESTAMP '{month}-01'" for month in months)
    return f"""SELECT month, CAST(NULL AS VARCHAR) AS channel, product, region, measure, CAST(1000 + hash(month, product, region) % 4000
        * CASE measure WHEN 'orders' THEN 3 ELSE 1 END AS DOUBLE) AS value, 1 AS batch
        FROM (SELECT unnest([{firsts}]) AS month), (SELECT unnest({products}) AS product), (SELECT unnest({regions}) AS region),
        (SELECT unnest(['customers', 'orders', 'contacts']) AS measure) ORDER BY ALL"""


def _exposed(months: list[str]) -> str:
    return (
        " UNION ALL SELECT '0001-generated', 'exposure', 'exposure', 'used', month, count(*) "
        f"FROM ({_exposure(months)}) GROUP BY month"
    )


def _batch(number: int, month: str, rows: int) -> dict[str, object]:
    days = pd.Period(month).days_in_month
    return {
        "id": f"{number:04d}-generated", "number": number, "file": f"{month}.csv", "sha256": f"{number:064x}",
        "profile": "cfpb", "table": "complaints", "source": SOURCE, "state": "new", "rows": rows, "used": rows,
        "duplicates": 0, "aside": 0, "changed": 0, "updated": 0, "encoding": "utf-8", "first": f"{month}-01",
        "last": f"{month}-{days}", "replaced_by": None,
    }  # fmt: skip
