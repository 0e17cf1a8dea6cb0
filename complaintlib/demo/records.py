"""The files of the workflow system, the survey tool, the roster and the contact log: each in its own way, none well."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..words import label
from .dirt import variants
from .survey import ATTITUDES
from .world import World

SYSTEMS = {
    "hotline": "呼叫中心",
    "app": "APP",
    "web_chat": "网页客服",
    "email": "邮箱",
    "social_media": "社媒",
}
STAGE_HEADERS = {
    "complaint_id": "工单号",
    "channel": "来源系统 ",
    "stage": "环节",
    "entered_at": "进入环节时间",
    "left_at": "离开环节时间",
    "department": "经办部门",
    "agent_id": "经办人",
    "waiting_on": "等待方",
}
_ASKED = {
    **dict(zip(ATTITUDES, ("服务态度", "解决能力", "沟通", "时效", "专业"), strict=True)),
    **{
        f"expected_{name}": f"期望：{zh}"
        for name, zh in zip(ATTITUDES, ["态度", "解决", "沟通", "时效", "专业"], strict=True)
    },
}
SURVEY_HEADERS = {
    "survey_id": "答卷编号",
    "answered_at": "提交时间",
    "complaint_id": "关联工单",
    "channel": "工单来源",
    "customer_id": "客户编号",
    "csat": "总体满意度（1-5）",
    "nps": "推荐意愿（0-10）",
    "outcome_accepted": "是否接受处理结果",
    **_ASKED,
    "comment": "意见与建议",
}
CONTACT_HEADERS = {
    "contact_id": "流水号",
    "started_at": "进线时间",
    "channel": "渠道",
    "customer_id": "客户编号",
    "phone": "主叫号码",  # no profile takes it
    "ivr_path": "菜单选择",
    "business_type": "业务类型",
    "category": "来访类别",
    "outcome": "处理去向",
    "no_order_reason": "未下单原因",
    "origin_province": "始发大区",
    "origin_city": "始发城市",
    "dest_province": "目的大区",
    "dest_city": "目的城市",
    "wait_seconds": "等待秒数",
    "talk_seconds": "通话秒数",
    "abandoned": "是否放弃",
    "agent_id": "坐席工号",
    "complaint_id": "关联投诉编号",
}
# Whose labels say a column's codes.
CONTACT_WORDS = {name: name for name in ("channel", "ivr_path", "category", "outcome", "no_order_reason")} | {
    "business_type": "product",
    "origin_province": "region",
    "dest_province": "region",
    "origin_city": "city",
    "dest_city": "city",
}
SATISFIED = {1: "非常不满意", 2: "不满意", 3: "一般", 4: "满意", 5: "非常满意"}
NO_TIME = "0000-00-00 00:00:00"
TIME = "%Y-%m-%d %H:%M:%S"


def write_stages(world: World, stages: pd.DataFrame, path: Path, rng: np.random.Generator) -> None:
    """A copied row, an end before the beginning, an ended stage without its end, cases that nobody knows, tests."""
    dirt, n = world.facts["dirt"]["events"], len(stages)
    rows, ended = stages.copy(), stages["left_at"].notna()
    wrong = ended & (rng.random(n) < dirt["backwards"])
    before = rows["entered_at"] - pd.to_timedelta(rng.integers(60, 90000, n), unit="s")
    rows["left_at"] = rows["left_at"].mask(wrong, before)
    for name in ("entered_at", "left_at"):
        rows[name] = rows[name].dt.strftime(TIME).fillna("")
    rows["left_at"] = rows["left_at"].mask(ended & (rng.random(n) < dirt["no_end"]), NO_TIME)
    rows["channel"] = rows["channel"].map(SYSTEMS)
    for name in ("stage", "department", "waiting_on"):
        rows[name] = rows[name].map({code: label(name, code, "zh") for code in rows[name].unique()})
    odd = rng.random(n) < world.facts["dirt"]["variants"]
    rows.loc[odd, "department"] = variants(rows.loc[odd, "department"], rng.integers(0, 4, odd.sum()))
    unknown, tests = (rows[rng.random(n) < dirt[kind]] for kind in ("unknown", "test"))
    rows = _scattered(
        rows,
        rows[rng.random(n) < dirt["copies"]],
        unknown.assign(complaint_id=unknown["complaint_id"] + "-K"),
        tests.assign(complaint_id="TEST"),
    )
    text = "流程系统环节导出\n" + rows.rename(columns=STAGE_HEADERS).to_csv(index=False, lineterminator="\n")
    path.write_bytes(text.encode("utf-8-sig"))


def _scattered(rows: pd.DataFrame, *more: pd.DataFrame) -> pd.DataFrame:
    """Rows that were made from others come soon after those."""
    parts = [rows, *more]
    where = [part.index + 0.1 * i for i, part in enumerate(parts)]
    return pd.concat(parts).iloc[np.argsort(np.concatenate(where), kind="stable")].reset_index(drop=True)


def write_surveys(world: World, answers: pd.DataFrame, path: Path, rng: np.random.Generator) -> None:
    """Points in words or out of range, answers without a case, copies, a test."""
    import xlsxwriter

    dirt, n = world.facts["dirt"]["surveys"], len(answers)
    rows = answers.astype({"csat": object})
    in_words = rng.random(n) < dirt["words"]
    rows.loc[in_words, "csat"] = rows.loc[in_words, "csat"].map(SATISFIED)
    out = rng.random(n) < dirt["out_of_range"]
    rows.loc[out, "csat"] = rng.choice([0, 6, 11, 99], out.sum())
    rows.loc[rng.random(n) < dirt["no_case"], ["complaint_id", "channel"]] = ""
    rows["channel"] = rows["channel"].map(SYSTEMS).fillna("")
    rows["outcome_accepted"] = rows["outcome_accepted"].map({"yes": "是", "no": "否"})
    rows["answered_at"] = rows["answered_at"].dt.strftime(TIME)
    tests = rows[rng.random(n) < dirt["test"]]
    rows = _scattered(
        rows,
        rows[rng.random(n) < dirt["copies"]],
        tests.assign(survey_id=tests["survey_id"] + "T", comment="测试"),
    )
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": pd.Timestamp(world.facts["end"]).to_pydatetime()})
        sheet = book.add_worksheet("答卷")
        sheet.write_string(0, 0, "投诉处理满意度调查")
        for j, header in enumerate(SURVEY_HEADERS.values()):
            sheet.write_string(1, j, header)
        cells = zip(*(rows[name] for name in SURVEY_HEADERS), strict=True)
        for i, row in enumerate(cells, start=2):
            for j, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(i, j, value)
                elif not np.isnan(value):
                    sheet.write_number(i, j, value)


def write_roster(world: World, agents: pd.DataFrame, path: Path, rng: np.random.Generator) -> None:
    """Some hours twice, some without a number, and the sum at the end."""
    dirt, n = world.facts["dirt"]["staffing"], len(agents)
    rows = agents.assign(
        interval_start=agents["interval_start"].dt.strftime("%Y/%m/%d %H:%M").str.replace("/0", "/"),
        channel=agents["channel"].map(lambda code: label("channel", code, "zh")),
        agents=agents["agents"].astype(str).mask(rng.random(n) < dirt["no_count"], ""),
    )
    total = pd.DataFrame(
        {"interval_start": [""], "channel": ["合计"], "agents": [str(agents["agents"].sum())]}
    )
    rows = pd.concat([_scattered(rows, rows[rng.random(n) < dirt["copies"]]), total])
    headers = {"interval_start": "时段开始", "channel": "渠道", "agents": "在岗人数"}
    path.write_bytes(
        rows.rename(columns=headers).to_csv(index=False, lineterminator="\r\n").encode("gb18030")
    )


def write_contacts(world: World, log: pd.DataFrame, path: Path, rng: np.random.Generator) -> None:
    """A copied row, a wait below zero, contacts that nobody sorted, added rows without a time, tests, the sum below."""
    dirt, n = world.facts["dirt"]["contacts"], len(log)
    rows = log.assign(started_at=log["started_at"].dt.strftime(TIME))
    unsorted = (rng.random(n) < dirt["no_kind"]) & (rows["complaint_id"] == "")
    rows.loc[unsorted, "category"] = ""
    for name, field in CONTACT_WORDS.items():
        rows[name] = rows[name].map({code: code and label(field, code, "zh") for code in rows[name].unique()})
    odd = (rng.random(n) < world.facts["dirt"]["variants"]) & (rows["category"] != "")
    rows.loc[odd, "category"] = variants(rows.loc[odd, "category"], rng.integers(0, 4, odd.sum()))
    for name in ("wait_seconds", "talk_seconds"):
        rows[name] = rows[name].map("{:.0f}".format).replace("nan", "")
    rows.loc[rng.random(n) < dirt["negative"], "wait_seconds"] = "-1"
    rows["abandoned"] = np.where(rows["abandoned"], "是", "否")
    timeless, tests = (rows[rng.random(n) < dirt[kind]] for kind in ("no_time", "test"))
    rows = _scattered(
        rows,
        rows[rng.random(n) < dirt["copies"]],
        timeless.assign(contact_id=timeless["contact_id"] + "-2", started_at=NO_TIME),
        tests.assign(contact_id="TEST"),
    )
    total = pd.DataFrame({"contact_id": ["合计"], "started_at": [str(n)]})
    rows = pd.concat([rows, total])[list(CONTACT_HEADERS)].rename(columns=CONTACT_HEADERS)
    path.write_bytes(rows.to_csv(index=False, lineterminator="\r\n").encode("gb18030"))
