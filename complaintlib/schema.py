"""The canonical tables: what one row is, which columns it has, what they mean and which must be there.

Values are codes; `data/labels.csv` has the words for them. Times are local to the store's zone, without an
offset, in microseconds. Beside each time column of `CLOCKED` the store keeps two whole numbers of minutes, so that
every duration is a subtraction: `<time>_elapsed` (minutes since 1970-01-01 UTC) and `<time>_worked` (minutes that
the working calendar had worked up to then).
"""

from dataclasses import dataclass

TEXTS = "texts"  # a store's file of the complaints' texts, apart from what is counted; see `intake/store.py`
BLANK = "(blank)"  # the class of rows whose category is missing: shown, never dropped
OTHER = "(other)"  # small categories put together for a picture or a table
CLASS = "reason_class"  # the class of a complaint's reason: no table has it, `Book.classed` adds it
NONE = "(none)"  # the class of a reason that the taxonomy has none for

TIME, CODE, TEXT, ID, NUMBER, WHOLE, FLAG = "time", "code", "text", "id", "number", "whole", "flag"

# What a case's status says when it ended otherwise than by being resolved.
ENDED_OTHERWISE = ("withdrawn", "merged", "transferred_out")
FOLLOW_UP = "follow_up"  # the stage of a case in which the customer is asked whether the matter is settled
GRADES = ("major", "urgent", "general", "routine")
ATTITUDES = ("attitude", "solving", "communication", "speed", "expertise")


@dataclass(frozen=True)
class Table:
    """One canonical table: `columns` maps name to type; `time` is the column by which a row falls into a period."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    time: str | None
    required: tuple[str, ...] = ()


def _columns(**by_type: str) -> dict[str, str]:
    return {name: kind for kind, names in by_type.items() for name in names.split()}


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "complaints",
            _columns(
                id="complaint_id customer_id order_id agent_id",
                time="received_at first_response_at resolved_at closed_at due_at",
                code="channel product reason subreason severity business_area segment age_band gender occupation "
                "region city company department person valid status outcome source",
                text="text demand",
                number="compensation",
                flag="reopened escalated transferred",
            ),
            key=("complaint_id",),
            time="received_at",
            required=("complaint_id", "received_at"),
        ),
        Table(
            "events",
            _columns(
                id="complaint_id agent_id",
                code="stage department waiting_on source",
                time="entered_at left_at",
            ),
            key=("complaint_id", "stage", "entered_at"),
            time="entered_at",
            required=("complaint_id", "stage", "entered_at"),
        ),
        Table(
            "contacts",
            _columns(
                id="contact_id customer_id agent_id complaint_id",
                time="started_at",
                code="channel ivr_path business_type category outcome no_order_reason origin_province origin_city "
                "dest_province dest_city source",
                whole="wait_seconds talk_seconds",
                flag="abandoned",
            ),
            key=("contact_id",),
            time="started_at",
            required=("contact_id", "started_at"),
        ),
        Table(
            "surveys",
            _columns(
                id="survey_id customer_id complaint_id contact_id",
                time="answered_at",
                whole="csat nps " + " ".join(ATTITUDES) + " " + " ".join(f"expected_{a}" for a in ATTITUDES),
                flag="outcome_accepted",
                text="comment",
                code="source",
            ),
            key=("survey_id",),
            time="answered_at",
            required=("survey_id", "answered_at"),
        ),
        Table(
            "customers",
            _columns(
                id="customer_id",
                code="segment age_band gender occupation region source",
                time="joined_on left_on",
                flag="active",
                whole="repurchases referrals",
            ),
            key=("customer_id",),
            time="joined_on",
            required=("customer_id",),
        ),
        Table(
            "exposure",
            _columns(time="month", code="channel product region measure", number="value"),
            key=("month", "channel", "product", "region", "measure"),
            time="month",
            required=("month", "measure", "value"),
        ),
        Table(
            "actions",
            _columns(
                id="action_id",
                text="title criterion",
                code="department owner target control status",
                number="expected_change cost",
                time="due_on started_on done_on",
            ),
            key=("action_id",),
            time="started_on",
            required=("action_id",),
        ),
        Table(
            "causes",
            _columns(id="cause_id parent_id", code="diagram kind family evidence", text="text_zh text_en"),
            key=("cause_id",),
            time=None,
            required=("cause_id",),
        ),
        Table(
            "audits",
            _columns(id="contact_id complaint_id", code="auditor label", time="audited_at"),
            key=("contact_id", "complaint_id", "auditor"),
            time="audited_at",
            required=("auditor", "label"),
        ),
        Table(
            "staffing",
            _columns(time="interval_start", code="channel", number="agents"),
            key=("interval_start", "channel"),
            time="interval_start",
            required=("interval_start", "agents"),
        ),
        Table(
            "resources",
            _columns(time="month", code="kind", number="planned used"),
            key=("month", "kind"),
            time="month",
            required=("month", "kind"),
        ),
        # What intake says of its own work: one row a cleaning step, and rows counted by source, day and fate.
        Table(
            "ledger",
            _columns(
                id="batch_id",
                code="table source file step",
                whole="step_no rows_in rows_out rows_changed",
                text="sample_ids note",
            ),
            key=("batch_id", "step_no"),
            time=None,
            required=("batch_id", "step"),
        ),
        Table(
            "arrivals",
            _columns(id="batch_id", code="table source fate", time="day", whole="rows"),
            key=("batch_id", "source", "day", "fate"),
            time="day",
            required=("source", "day", "fate", "rows"),
        ),
    )
}

# Time columns that have minutes beside them (`<time>_elapsed`, `<time>_worked`).
CLOCKED: dict[str, tuple[str, ...]] = {
    "complaints": ("received_at", "first_response_at", "resolved_at", "closed_at"),
    "events": ("entered_at", "left_at"),
}
