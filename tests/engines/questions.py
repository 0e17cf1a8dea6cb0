"""Every kind of question that can be asked of a book, by name."""

from complaintlib import Period
from complaintlib.schema import BLANK

OCT = Period("2026-10")
WEEK = Period("2026-W42")
MONTHS = OCT.history(5)
LIMITS = {"major": 480, "urgent": 960, "general": 2880, "routine": 20_000}
PAUSES = ("customer", "third_party")
MOMENT = OCT.start + (OCT.end - OCT.start) / 3  # within a month, and not at midnight

QUESTIONS = {
    "span": lambda b: b.span(),
    "has": lambda b: [b.has("complaints", "reason"), b.has("complaints", "city"), b.has("events"), b.has("staffing"), b.has("complaints", "text")],
    "seen": lambda b: b.seen(OCT),
    "all": lambda b: b.counts(),
    "by blank, case and hostile categories": lambda b: b.counts(by=["reason", "product"]),
    "by flag": lambda b: b.counts(by=["reopened"]),
    "by a number": lambda b: b.counts("surveys", ["csat"], OCT),
    "received": lambda b: b.counts(by=["channel"], window=OCT, total="compensation"),
    "closed": lambda b: b.counts(by=["channel"], window=OCT, basis="closed", total="compensation"),
    "open": lambda b: b.counts(by=["channel"], window=OCT, basis="open", total="compensation"),
    "ever closed": lambda b: b.counts(by=["channel"], basis="closed"),
    "status as it stood": lambda b: b.counts(by=["status", "outcome"]),
    "where": lambda b: b.counts(by=["product"], where={"reason": ["late", BLANK], "channel": "app", "reopened": False}),
    "where none": lambda b: b.counts(by=["product"], where={"reason": "nothing"}),
    "events open": lambda b: b.counts("events", ["stage", "waiting_on"], OCT, "open"),
    "arrivals": lambda b: b.counts("arrivals", ["source", "fate", "day"], Period("2026-07"), total="rows"),
    "days": lambda b: b.series(periods=[Period(f"2026-10-{d:02d}") for d in range(1, 32)]),
    "weeks": lambda b: b.series(by=["channel"], periods=WEEK.history(12), total="compensation"),
    "months": lambda b: b.series(by=["reason"], periods=MONTHS),
    "quarters": lambda b: b.series(periods=Period("2026-Q4").history(3), basis="closed"),
    "halves": lambda b: b.series(by=["channel"], periods=Period("2026-H2").history(2)),
    "years": lambda b: b.series(periods=Period("2026").history(2)),
    "open at each end": lambda b: b.series(by=["channel"], periods=MONTHS, basis="open"),
    "stages by month": lambda b: b.series("events", ["stage"], MONTHS, "closed"),
    "orders": lambda b: b.exposure("orders", MONTHS, ["channel"]),
    "customers of weeks": lambda b: b.exposure("customers", WEEK.history(6)),
    "half hours": lambda b: b.slots("complaints", OCT, ["channel"]),
    "a part of the book": lambda b: b.only({"channel": "app"}).counts("events", ["stage"], OCT),
    "classes of reasons": lambda b: b.classed("nature").counts(by=["reason_class", "channel"], window=OCT),
    "breaks": lambda b: b.breaks_in("reason", MONTHS),
    "rows": lambda b: b.rows("complaints", ["complaint_id", "received_at", "closed_at", "reason", "compensation", "reopened"], OCT),
    "latest rows": lambda b: b.rows("complaints", ["complaint_id", "status"], OCT, limit=17, latest=True),
    "rows open": lambda b: b.rows("complaints", ["complaint_id", "severity"], OCT, basis="open", where={"severity": ["major", "urgent"]}),
    "rows with texts": lambda b: b.rows("complaints", ["complaint_id", "text", "demand"], OCT, limit=500),
    "rows of surveys": lambda b: b.rows("surveys", ["survey_id", "csat"], limit=30),
    "no rows": lambda b: b.rows("complaints", ["complaint_id", "text"], where={"reason": "nothing"}),
    "handling": lambda b: b.spells(by=["channel"], window=OCT),
    "handling to resolution": lambda b: b.spells(end="resolved_at", by=["severity"], window=OCT, unit="hour", clock="worked", causes=True),
    "naive": lambda b: b.spells(end="resolved_at", window=OCT, basis="closed", unit="day"),
    "ages of open cases": lambda b: b.spells(window=MONTHS, basis="open", unit="day", clock="worked"),
    "ways to end": lambda b: b.spells(end="resolved_at", window=MONTHS, unit="day", causes=True),
    "less waiting": lambda b: b.spells(end="resolved_at", by=["channel"], window=MONTHS, unit="hour", pauses=PAUSES),
    "first response": lambda b: b.spells(end="first_response_at", window=OCT, unit="hour", where={"channel": "app"}),
    "always": lambda b: b.spells(by=["status"], unit="day"),
    "stages": lambda b: b.spells("entered_at", "left_at", ["stage"], OCT, unit="hour", clock="worked", table="events"),
    "no windows": lambda b: b.spells(window=[]),
    "due": lambda b: b.due(LIMITS, by=["department"], window=OCT),
    "due by month": lambda b: b.due(LIMITS, window=MONTHS, clock="elapsed"),
    "due less waiting": lambda b: b.due(LIMITS, by=["severity"], window=MONTHS, pauses=PAUSES),
    "due ever": lambda b: b.due(LIMITS, end="first_response_at", where={"channel": ["app", "Email"]}),
    "returns": lambda b: b.returns(by=["channel"], window=OCT.history(3)),
    "returns after closing": lambda b: b.returns(("customer_id",), "closed_at", where={"channel": "app"}),
    "checks": lambda b: b.checks(["channel"], OCT),
    "checks received": lambda b: b.checks(window=OCT, basis="received"),
    "flows of stages": lambda b: b.flows(),
    "flows of departments": lambda b: b.flows("department", ["waiting_on"], OCT),
    "paths": lambda b: b.paths(["channel"], OCT),
    "paths received": lambda b: b.paths(basis="received"),
    "breaches": lambda b: b.breaches(LIMITS, window=OCT),
    "breaches by department": lambda b: b.breaches(LIMITS, by=("stage", "department"), window=MONTHS, pauses=PAUSES),
}  # fmt: skip
