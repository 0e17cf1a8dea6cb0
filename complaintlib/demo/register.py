"""The register of measures, kept by hand in a workbook: days and shares in several forms, lines twice, a sum below."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from ..words import label
from .world import World, load

HEADERS = {
    "id": "措施编号",
    "title": "措施名称",
    "department": "责任部门",
    "owner": "负责岗位",
    "target": "针对的投诉",
    "control": "对照的投诉",
    "expected_change": "预期变化",
    "criterion": "判定标准",
    "due": "要求完成日",
    "started": "启动日期",
    "done": "完成日期",
    "cost": "费用（元）",
    "status": "进展",
    "remark": "备注",  # no profile takes it
}
DIMENSIONS = {"reason": "投诉原因", "product": "业务类型", "region": "大区"}
CODED = ("department", "owner", "status")
REPORTED = "周会已通报"


def write_register(world: World, path: Path) -> None:
    """The measures of actions.toml as a sheet with a title line, and the earlier states of some lines above them."""
    import xlsxwriter

    rows = [row for action in load("actions")["actions"] for row in _lines(action)]
    rows.append({"id": "合计", "cost": sum(row["cost"] for row in rows if isinstance(row.get("cost"), int))})
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": datetime.combine(world.facts["end"], time())})
        sheet, day = book.add_worksheet("措施台账"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_string(0, 0, "投诉整改措施台账")
        for j, header in enumerate(HEADERS.values()):
            sheet.write_string(1, j, header)
        for i, row in enumerate(rows, start=2):
            for j, value in enumerate(_written(row, name, i) for name in HEADERS):
                if isinstance(value, date):
                    sheet.write_datetime(i, j, value, day)
                elif value != "":
                    sheet.write(i, j, value)


def _lines(action: dict[str, Any]) -> list[dict[str, Any]]:
    """A measure's line; before it, where it is there twice, what was known of it then."""
    if "repeated" not in action:
        return [action]
    return [action | {"done": "", "started": "", "status": action["repeated"], "remark": REPORTED}, action]


def _written(row: dict[str, Any], name: str, i: int) -> Any:
    """A cell as somebody typed it: every third day as text, every second share as text."""
    value = row.get(name, "")
    if value == "":
        return value
    if name in CODED:
        return label(name, value, "zh")
    if name in ("target", "control"):
        parts = (part.split("=") for part in value.split(";"))
        return "；".join(f"{DIMENSIONS[key]}={label(key, code, 'zh')}" for key, code in parts)
    if isinstance(value, date) and i % 3 == 0:
        return f"{value.year}年{value.month}月{value.day}日"
    if name == "expected_change" and i % 2 == 0:
        return f"{value:.0%}"
    return value
