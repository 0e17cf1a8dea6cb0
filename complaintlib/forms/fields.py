"""What each form asks for: its sheets and, for every column, what may stand in it."""

from dataclasses import dataclass

from .. import causes
from ..schema import ENDED_OTHERWISE, GRADES
from ..words import Words, column

CONDUCT = (
    "argued",
    "interrupted",
    "shifted",
    "put_off",
    "overpromised",
    "disclosed",
)  # the six don'ts (六不)
FIXED = {  # drop-down lists that do not depend on the company; the others are the codes that occur in its data
    "severity": GRADES,
    "valid": ("yes", "no", "partly"),
    "reopened": ("yes", "no"),
    "case_status": ("open", "in_progress", "resolved", "closed", *ENDED_OTHERWISE),
    "action_status": ("planned", "in_progress", "done", "cancelled"),
    "label": (*CONDUCT, "none"),
    "diagram_kind": causes.KINDS,
    "families": tuple(causes.FAMILIES),
    "family": tuple(dict.fromkeys(name for names in causes.FAMILIES.values() for name in names)),
    "layer": causes.LAYERS,
    "confidence": causes.CONFIDENCE,
}
FROM_DATA = (
    "channel",
    "product",
    "reason",
    "subreason",
    "business_area",
    "region",
    "city",
    "department",
    "outcome",
)
LABELLED_AS = {"case_status": "status", "action_status": "status", "reopened": "yes", "label": "conduct"}


@dataclass(frozen=True)
class Field:
    """One column. `kind`: id, text, moment, day, number (0 or more), share (a relative change), filter, choice.

    `choices` names the list of a choice; `within` the sheet and column where the value must stand; `after` the column
    whose time may not be later; `when` the column and values that make this one required.
    """

    name: str
    kind: str = "text"
    required: bool = False
    said: Words | None = None
    choices: str = ""
    unique: bool = False
    within: tuple[str, str] = ("", "")
    after: str = ""
    when: tuple[str, tuple[str, ...]] = ("", ())

    @property
    def words(self) -> Words:
        return self.said or column(self.name).words


@dataclass(frozen=True)
class Sheet:
    """One sheet to fill. `table` is the canonical table whose rows it holds, or the name of a table of the causes form."""

    table: str
    title: Words
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Form:
    """One workbook, in the file `<name>.xlsx`."""

    name: str
    sheets: tuple[Sheet, ...]


def _choice(name: str, choices: str = "", **more) -> Field:
    return Field(name, "choice", choices=choices or name, **more)


REGISTER = Form(
    "register",
    (
        Sheet(
            "complaints",
            Words("投诉登记表", "Complaint register"),
            (
                Field("complaint_id", "id", required=True, unique=True),
                Field("received_at", "moment", required=True),
                _choice("channel", required=True),
                _choice("product"),
                _choice("reason", required=True),
                _choice("subreason"),
                _choice("severity", required=True),
                _choice("business_area"),
                Field("customer_id", "id"),
                Field("order_id", "id"),
                _choice("region"),
                _choice("city"),
                Field("text", said=Words("投诉内容", "What happened")),
                Field("demand"),
                Field("agent_id", "id"),
                _choice("department"),
                Field("first_response_at", "moment", after="received_at"),
                Field("resolved_at", "moment", after="received_at", when=("status", ("resolved",))),
                Field("closed_at", "moment", after="received_at", when=("status", ("closed",))),
                _choice("status", "case_status"),
                _choice("outcome"),
                Field("compensation", "number"),
                _choice("valid"),
                _choice("reopened"),
            ),
        ),
    ),
)

ACTIONS = Form(
    "actions",
    (
        Sheet(
            "actions",
            Words("整改措施单", "Action sheet"),
            (
                Field("action_id", "id", required=True, unique=True),
                Field("title", required=True),
                _choice("department"),
                Field("owner", required=True, said=Words("负责岗位", "Owner")),
                Field("target", "filter", required=True),
                Field("control", "filter", said=Words("对照的投诉", "Complaints to compare with")),
                Field("expected_change", "share", said=Words("预期变化", "Change promised")),
                Field("criterion", said=Words("判定标准", "Criterion")),
                Field("due_on", "day", required=True),
                Field("started_on", "day", when=("status", ("in_progress", "done"))),
                Field("done_on", "day", said=Words("完成日期", "Done on"), after="started_on", when=("status", ("done",))),
                Field("cost", "number", said=Words("费用", "Cost")),
                _choice("status", "action_status", required=True),
            ),
        ),
    ),
)  # fmt: skip

CAUSES = Form(
    "causes",
    (
        Sheet(
            "diagrams",
            Words("因果图", "Diagrams"),
            (
                Field("id", "id", required=True, unique=True, said=Words("图编号", "Diagram id")),
                _choice("kind", "diagram_kind", required=True, said=Words("图的种类", "Kind")),
                Field("problem_zh", required=True, said=Words("问题（中文）", "Problem (Chinese)")),
                Field("problem_en", required=True, said=Words("问题（英文）", "Problem (English)")),
                Field("evidence", "filter", required=True, said=Words("数据条件", "Evidence filter")),
                _choice("families", said=Words("大骨组", "Set of bones")),
            ),
        ),
        Sheet(
            "causes",
            Words("原因分析表", "Cause sheet"),
            (
                Field("id", "id", required=True, unique=True, said=Words("原因编号", "Cause id")),
                Field("diagram", "id", required=True, said=Words("图编号", "Diagram id"), within=("diagrams", "id")),
                Field("parent", "id", said=Words("上级原因", "Parent cause"), within=("causes", "id")),
                _choice("family", said=Words("大骨", "Bone")),
                Field("words_zh", required=True, said=Words("原因（中文）", "Cause (Chinese)")),
                Field("words_en", required=True, said=Words("原因（英文）", "Cause (English)")),
                Field("evidence", "filter", said=Words("数据条件", "Evidence filter")),
                Field("record_zh", said=Words("现场或记录所见（中文）", "Seen on site or in records (Chinese)")),
                Field("record_en", said=Words("现场或记录所见（英文）", "Seen on site or in records (English)")),
                _choice("layer", said=Words("层次", "Layer")),
                Field("owner", said=Words("负责岗位", "Owner")),
                _choice("confidence", said=Words("把握", "Confidence")),
                Field("countermeasure_zh", said=Words("对策（中文）", "Countermeasure (Chinese)")),
                Field("countermeasure_en", said=Words("对策（英文）", "Countermeasure (English)")),
            ),
        ),
    ),
)  # fmt: skip

AUDITS = Form(
    "conduct",
    (
        Sheet(
            "audits",
            Words("服务行为抽检表", "Conduct audit"),
            (
                Field("complaint_id", "id", required=True),
                Field("auditor", "id", required=True, said=Words("抽检人", "Auditor")),
                Field("audited_at", "moment", required=True, said=Words("抽检时间", "Audited")),
                _choice("label", required=True, said=Words("六不（违反哪一条）", "Six don'ts (which was broken)")),
                Field("remark", said=Words("依据", "What was heard or read")),
            ),
        ),
    ),
)  # fmt: skip

FORMS = (REGISTER, ACTIONS, CAUSES, AUDITS)
