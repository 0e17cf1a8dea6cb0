"""The files that the company's systems export: each with its own headers, words, encoding and way to write a time."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..words import label
from .dirt import LABELLED, TIMES, pile, smear, wear
from .world import World

ZONE = "Asia/Shanghai"
FLAGS = ("reopened", "escalated", "transferred")


@dataclass(frozen=True)
class Shape:
    """How a source writes: canonical column -> header, language of its labels, form of its times and flags."""

    headers: dict[str, str]
    lang: str  # "zh", "en" or "" (codes in capitals)
    times: str
    flags: tuple[str, str]
    impossible: tuple[str, ...]
    total: str = ""
    older: dict[str, str] | None = None  # headers until 2024
    says: dict[str, dict[str, str]] | None = None  # words of its own


def _headers(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


ISO_WRONG = ("2025-02-30 10:00:00", "0000-00-00 00:00:00", "2062-03-01 09:00:00", "2025-13-01 08:30:00")
SHAPES = {
    "hotline": Shape(
        _headers(
            "complaint_id=投诉编号 received_at=来电时间 product=业务类型 reason=投诉原因 subreason=投诉子类 severity=等级 "
            "customer_id=客户编号 segment=客户类型 region=大区 city=城市 order_id=订单号 text=投诉内容 demand=客户诉求 "
            "agent_id=坐席工号 department=责任部门 valid=是否成立 first_response_at=首次响应时间 resolved_at=解决时间 "
            "closed_at=结案时间 status=状态 outcome=处理结果 compensation=赔付金额（元） reopened=重开 escalated=升级 "
            "transferred=转派 phone=来电号码"
        ),
        "zh",
        "%Y-%m-%d %H:%M:%S",
        ("是", "否"),
        ISO_WRONG,
        "合计",
        _headers("complaint_id=工单编号 received_at=受理时间 product=产品 reason=投诉类别 severity=紧急程度 agent_id=受理员工号"),
        {"reason": {"late_delivery": "派件延误", "refund_slow": "退款延迟"}, "product": {"pickup_point": "驿站"}},
    ),
    "web_chat": Shape(
        _headers(
            "complaint_id=会话单号 received_at=创建时间 product=产品线 reason=问题分类 subreason=问题细分 severity=优先级 "
            "customer_id=客户ID segment=会员等级 region=区域 city=所在城市 order_id=关联订单 text=对话摘要 agent_id=客服工号 "
            "department=处理部门 valid=投诉成立 first_response_at=首次回复时间 resolved_at=解决时间 closed_at=关闭时间 "
            "status=工单状态 outcome=解决方案 compensation=补偿金额 reopened=是否重开 escalated=是否升级 transferred=是否转派"
        ),
        "zh",
        "%Y-%m-%d %H:%M:%S",
        ("是", "否"),
        ISO_WRONG,
        "总计",
    ),
    "app": Shape(
        _headers(
            "complaint_id=ticketId received_at=createdAt product=productLine reason=issueType subreason=issueDetail "
            "severity=priority customer_id=userId segment=userSegment region=region city=city order_id=orderNo "
            "text=description agent_id=handlerId department=team valid=upheld first_response_at=firstReplyAt "
            "resolved_at=resolvedAt closed_at=closedAt status=status outcome=resolution compensation=compensation "
            "reopened=reopened escalated=escalated"
        ),
        "",
        "%Y-%m-%dT%H:%M:%S+00:00",
        ("true", "false"),
        ("2025-02-30T10:00:00+00:00", "0000-00-00T00:00:00+00:00", "9999-12-31T23:59:59+00:00"),
    ),
    "email": Shape(
        _headers(
            "complaint_id=Case|no. received_at=Date|received product=Product reason=Complaint|reason severity=Priority "
            "customer_id=Customer|no. segment=Customer|type region=Region city=City order_id=Order|no. text=Message "
            "agent_id=Handled|by department=Department valid=Upheld first_response_at=First|response "
            "resolved_at=Date|resolved closed_at=Date|closed status=Status outcome=Outcome "
            "compensation=Compensation|(CNY) reopened=Reopened escalated=Escalated"
        ),
        "en",
        "%d/%m/%Y %H:%M",
        ("Y", "N"),
        ("30/02/2025 10:00", "00/00/0000 00:00", "01/03/2062 09:00", "31/04/2026 12:15"),
        "Total",
    ),
    "social_media": Shape(
        _headers(
            "complaint_id=帖子编号 received_at=发布时间 product=涉及产品 reason=主题 severity=级别 customer_id=客户编号 region=地区 "
            "city=城市 order_id=订单号 text=正文 agent_id=跟进人 department=部门 first_response_at=首次回应 "
            "resolved_at=解决时间 closed_at=结案时间 status=状态 outcome=结果 escalated=升级"
        ),
        "zh",
        "%Y/%-m/%-d %H:%M:%S",
        ("1", "0"),
        ("2025/2/30 10:00:00", "0000/0/0 00:00:00", "2062/3/1 09:00:00"),
    ),
}


def export(world: World, cases: pd.DataFrame, folder: Path, rng: np.random.Generator, done: Callable[[str], None]) -> None:
    """Every source file of the company's channels into `folder`."""
    for channel, shape in SHAPES.items():
        rows = cases[cases["channel"] == channel].reset_index(drop=True)
        rows = _say(wear(world, rows, rng), shape)
        rows = pile(world, smear(world, rows, rng), shape.impossible, rng)
        WRITERS[channel](rows[list(shape.headers)], shape, folder, rng)
        done(channel)


def _say(rows: pd.DataFrame, shape: Shape) -> pd.DataFrame:
    """Codes, times and numbers as the source writes them; what is missing is ""."""
    said = rows[["channel", *shape.headers]].copy()
    for name in (*LABELLED, "valid"):
        if name in said:
            own = (shape.says or {}).get(name, {})
            words = {c: own.get(c) or _word(name, c, shape.lang) for c in said[name].unique()}
            said[name] = said[name].map(words)
    for name in FLAGS:
        if name in said:
            said[name] = said[name].map({"yes": shape.flags[0], "no": shape.flags[1], "": ""})
    for name in TIMES:
        times = said[name] if shape.lang else said[name].dt.tz_localize(ZONE).dt.tz_convert("UTC")
        said[name] = times.dt.strftime(shape.times).fillna("")
    if "compensation" in said:
        form = "{:,.2f}" if shape.lang == "en" else "{:.2f}"
        said["compensation"] = said["compensation"].map(form.format).replace("nan", "")
    return said


def _word(field: str, code: str, lang: str) -> str:
    return "" if code == "" else label(field, code, lang) if lang else code.upper()


def _named(rows: pd.DataFrame, headers: dict[str, str]) -> pd.DataFrame:
    return rows.rename(columns={name: header.replace("|", " ") for name, header in headers.items()})


def _totalled(rows: pd.DataFrame, shape: Shape) -> pd.DataFrame:
    total = pd.DataFrame({"complaint_id": [shape.total], "received_at": [str(len(rows))]})
    return pd.concat([rows, total], ignore_index=True).fillna("")


def _hotline(rows: pd.DataFrame, shape: Shape, folder: Path, rng: np.random.Generator) -> None:
    year = rows["received_at"].str.extract(r"^(202[3-6])-(?!02-30|13)", expand=False).ffill().bfill()
    for name, part in rows.groupby(year):
        headers = shape.headers | (shape.older if name < "2025" else {})
        text = _named(_totalled(part, shape), headers).to_csv(index=False, lineterminator="\r\n")
        (folder / f"hotline_{name}.csv").write_bytes(text.encode("gb18030"))


def _email(rows: pd.DataFrame, shape: Shape, folder: Path, rng: np.random.Generator) -> None:
    text = _named(_totalled(rows, shape), shape.headers).to_csv(index=False, sep=";", lineterminator="\n")
    (folder / "email.csv").write_bytes(text.encode())


def _social(rows: pd.DataFrame, shape: Shape, folder: Path, rng: np.random.Generator) -> None:
    text = _named(rows[::-1], shape.headers).to_csv(index=False, lineterminator="\r\n")
    (folder / "social_media.csv").write_bytes(text.encode("utf-8-sig"))


def _app(rows: pd.DataFrame, shape: Shape, folder: Path, rng: np.random.Generator) -> None:
    def lines() -> list[str]:
        return [json.dumps(_record(r), ensure_ascii=False) for r in _named(rows, shape.headers).to_dict("records")]

    # The second half of an emoji that was cut is no character: it can stand in a JSON file only as its escape.
    text = "\n".join(lines()).replace(r"\\ud83d", r"\ud83d") + "\n"
    (folder / "app.jsonl").write_bytes(text.encode())


def _record(row: dict[str, str]) -> dict[str, object]:
    kept = {name: value for name, value in row.items() if value != ""}
    for name in ("reopened", "escalated"):
        if name in kept:
            kept[name] = kept[name] == "true"
    if kept.get("compensation", "").isascii() and "compensation" in kept:
        kept["compensation"] = float(kept["compensation"])
    return kept


def _web_chat(rows: pd.DataFrame, shape: Shape, folder: Path, rng: np.random.Generator) -> None:
    import xlsxwriter

    rows = _totalled(rows, shape)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(folder / "web_chat.xlsx", options) as book:
        book.set_properties({"created": pd.Timestamp("2026-11-01").to_pydatetime()})
        sheet, form = book.add_worksheet("投诉明细"), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_string(0, 0, "在线客服投诉明细表")
        sheet.write_string(1, 0, "导出时间：2026-11-01 00:05　导出人：系统")
        columns = [_cells(name, rows[name], rng) for name in shape.headers]
        for i, header in enumerate(shape.headers.values()):
            sheet.write_string(2, i, header)
        for i, row in enumerate(zip(*columns, strict=True), start=3):
            for j, value in enumerate(row):
                if isinstance(value, float):
                    sheet.write_number(i, j, value, form if value > 40000 else None)
                elif value:
                    sheet.write_string(i, j, value)


def _cells(name: str, values: pd.Series, rng: np.random.Generator) -> list[str | float]:
    """What stands in the column's cells: money as numbers; times two in three as numbers, else in three kinds of text."""
    if name == "compensation":
        return [float(v) if v.isascii() and v else v for v in values]
    if name not in TIMES:
        return values.to_list()
    times = pd.to_datetime(values, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    serial = (times - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    texts = [times.dt.strftime(f) for f in ("%Y/%-m/%-d %H:%M", "%Y年%-m月%-d日 %H:%M", "%Y-%m-%d %H:%M:%S")]
    kind = rng.integers(0, 9, len(values))
    forms = zip(values, serial, *texts, kind, strict=True)
    return [v if s != s else s if k > 2 else (a, b, c)[k] for v, s, a, b, c, k in forms]


WRITERS = {"hotline": _hotline, "web_chat": _web_chat, "app": _app, "email": _email, "social_media": _social}
