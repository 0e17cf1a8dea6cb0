"""The files that the company's systems export: each with its own headers, words, encoding and way to write a time."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..words import label
from .dirt import LABELLED, TIMES, pile, smear, wear
from .shapes import SHAPES, Shape
from .world import World

ZONE = "Asia/Shanghai"
FLAGS = ("reopened", "escalated", "transferred")


Part = tuple[pd.DataFrame, np.random.Generator]


def export(world: World, parts: list[Part], folder: Path, done: Callable[[str], None]) -> None:
    """Every source file of the company's channels into `folder`, from parts with a stream of chance each."""
    for channel, shape in SHAPES.items():
        dirty = [
            _dirty(world, cases[cases["channel"] == channel], shape, rng)
            for cases, rng in parts
            if (cases["channel"] == channel).any()
        ]
        rows = pd.concat(dirty).sort_index(kind="stable").reset_index(drop=True)
        WRITERS[channel](rows[list(shape.headers)], shape, folder)
        done(channel)


def _dirty(world: World, cases: pd.DataFrame, shape: Shape, rng: np.random.Generator) -> pd.DataFrame:
    """The rows as the source writes them, by the time when the genuine row before each was received."""
    rows = cases.reset_index(drop=True)
    said = _say(wear(world, rows, rng), shape)
    piled = pile(world, smear(world, said, rng), shape.impossible, rng)
    before = piled.index.to_numpy().clip(0, len(rows) - 1).astype(int)
    return piled.set_index(pd.DatetimeIndex(rows["received_at"])[before])


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
        said[name] = times.dt.strftime(shape.times).fillna("").str.replace("/0", shape.slash)
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


def _hotline(rows: pd.DataFrame, shape: Shape, folder: Path) -> None:
    year = rows["received_at"].str.extract(r"^(202[3-6])-(?!02-30|13)", expand=False).ffill().bfill()
    for name, part in rows.groupby(year):
        headers = shape.headers | (shape.older if name < "2025" else {})
        text = _named(_totalled(part, shape), headers).to_csv(index=False, lineterminator="\r\n")
        (folder / f"hotline_{name}.csv").write_bytes(text.encode("gb18030"))


def _email(rows: pd.DataFrame, shape: Shape, folder: Path) -> None:
    text = _named(_totalled(rows, shape), shape.headers).to_csv(index=False, sep=";", lineterminator="\n")
    (folder / "email.csv").write_bytes(text.encode())


def _social(rows: pd.DataFrame, shape: Shape, folder: Path) -> None:
    text = _named(rows[::-1], shape.headers).to_csv(index=False, lineterminator="\r\n")
    (folder / "social_media.csv").write_bytes(text.encode("utf-8-sig"))


def _app(rows: pd.DataFrame, shape: Shape, folder: Path) -> None:
    records = _named(rows, shape.headers).to_dict("records")
    # The second half of an emoji that was cut is no character: it can stand in a JSON file only as its escape.
    text = "".join(json.dumps(_record(record), ensure_ascii=False) + "\n" for record in records)
    (folder / "app.jsonl").write_bytes(text.replace(r"\\ud83d", r"\ud83d").encode())


def _record(row: dict[str, str]) -> dict[str, object]:
    kept = {name: value for name, value in row.items() if value != ""}
    for name in ("reopened", "escalated"):
        if name in kept:
            kept[name] = kept[name] == "true"
    if "compensation" in kept and kept["compensation"].isascii():
        kept["compensation"] = float(kept["compensation"])
    return kept


def _web_chat(rows: pd.DataFrame, shape: Shape, folder: Path) -> None:
    import xlsxwriter

    rows = _totalled(rows, shape)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(folder / "web_chat.xlsx", options) as book:
        book.set_properties({"created": pd.Timestamp("2026-11-01").to_pydatetime()})
        sheet, form = book.add_worksheet("投诉明细"), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_string(0, 0, "在线客服投诉明细表")
        sheet.write_string(1, 0, "导出时间：2026-11-01 00:05　导出人：系统")
        columns = [_cells(name, rows[name]) for name in shape.headers]
        forms = [form if name in TIMES else None for name in shape.headers]
        for j, header in enumerate(shape.headers.values()):
            sheet.write_string(2, j, header)
        for i, row in enumerate(zip(*columns, strict=True), start=3):
            for j, value in enumerate(row):
                if isinstance(value, float):
                    sheet.write_number(i, j, value, forms[j])
                elif value:
                    sheet.write_string(i, j, value)


def _cells(name: str, values: pd.Series) -> list[str | float]:
    """What stands in a column's cells: money as numbers; times two in three as numbers, else in three kinds of text."""
    if name == "compensation":
        return [float(v) if v.isascii() and v else v for v in values]
    if name not in TIMES:
        return values.to_list()
    times = pd.to_datetime(values, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    serial = (times - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    short = times.dt.strftime("%Y/%m/%d %H:%M").str.replace("/0", "/")
    chinese = times.dt.strftime("%Y年%m月%d日 %H:%M").str.replace("([年月])0", r"\1", regex=True)
    kind = times.dt.second % 9  # by the value, so that a row's copy looks the same
    texts = [text.to_numpy(object) for text in (values, values, short, chinese)]
    return list(np.select([times.isna(), kind == 0, kind == 1, kind == 2], texts, serial.to_numpy(object)))


WRITERS = {"hotline": _hotline, "web_chat": _web_chat, "app": _app, "email": _email, "social_media": _social}
