"""The case library, `data/cases.toml`: cases that analysts marked as typical, with their root cause and what worked."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from ..home import DATA
from ..intake.mask import mask
from ..rules import unknown_key
from ..words import LANGUAGES, Trouble, Words

LIBRARY = DATA / "cases.toml"
SAID = ("case_text", "root_cause", "worked")  # in both languages
CODES = ("reason", "product")
KEYS = ("case_id", *CODES, "marked_on", *SAID, "tags")
COLUMNS = ("case_id", *CODES, "marked_on", *SAID)


def load_cases(path: Path | str = LIBRARY) -> pd.DataFrame:
    """One row a case: `case_id`, `reason`, `product`, `marked_on`, the texts of `SAID` in each language (`worked_zh` ...)
    and `tags`; no row where there is no such file. Texts are masked here, whatever was done before.

    Everything wrong in the file is said at once, in one Trouble that names the entry by its place, and the key.
    """
    path = Path(path)
    entries = _read(path)
    problems = [problem for place, entry in enumerate(entries, 1) for problem in _problems(place, entry)]
    ids = [entry.get("case_id") for entry in entries if isinstance(entry, dict)]
    problems += [
        Words(f"case_id“{name}”用了不止一次", f"the case_id “{name}” is used more than once")
        for name in sorted({str(i) for i in ids if ids.count(i) > 1 and i is not None})
    ]
    if problems:
        raise _trouble(path, problems)
    texts = {
        f"{name}_{lang}": mask([e[name][lang] for e in entries])[0] for name in SAID for lang in LANGUAGES
    }
    held = {name: [e.get(name) for e in entries] for name in ("case_id", *CODES)}
    frame = pd.DataFrame(held | texts, dtype=object)
    frame["marked_on"] = pd.to_datetime(pd.Series([e["marked_on"] for e in entries], dtype=object))
    frame["marked_on"] = frame["marked_on"].astype("datetime64[us]")
    frame["tags"] = pd.Series([" ".join(e.get("tags", ())) for e in entries], dtype=object)
    return frame.sort_values(["marked_on", "case_id"], ascending=[False, True], ignore_index=True)


def _read(path: Path) -> list[Any]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        said = Words(f"不是有效的 TOML（UTF-8）：{error}", f"no valid TOML in UTF-8: {error}")
        raise _trouble(path, [said]) from None
    if unknown := sorted(tree.keys() - {"cases"}):
        raise _trouble(path, [unknown_key(name, ("cases",)) for name in unknown])
    entries = tree.get("cases", [])
    if not isinstance(entries, list):
        raise _trouble(path, [Words("cases 应写作 [[cases]]", "cases is written as [[cases]]")])
    return entries


def _problems(place: int, entry: Any) -> list[Words]:
    where = f"cases[{place}]"
    if not isinstance(entry, dict):
        return [Words(f"{where} 应写作 [[cases]]", f"{where} is written as [[cases]]")]
    found = [unknown_key(key, KEYS, f"{where}.") for key in sorted(entry.keys() - set(KEYS))]
    for key in KEYS:
        if key not in entry:
            if key not in ("product", "tags"):
                found.append(Words(f"{where}：缺少 {key}", f"{where}: {key} is missing"))
        elif not _right(key, entry[key]):
            form = {"marked_on": "2026-10-31", "tags": '["…"]'}.get(key, '{ zh = "…", en = "…" }' if key in SAID else '"…"')  # fmt: skip
            found.append(Words(f"{where}：{key} 应写作 {form}", f"{where}: {key} is written as {form}"))
    return found


def _right(key: str, value: Any) -> bool:
    if key == "marked_on":
        return type(value) is date
    if key == "tags":
        return isinstance(value, list) and all(isinstance(tag, str) for tag in value)
    if key in SAID:
        return isinstance(value, dict) and value.keys() == {"zh", "en"} and all(map(_text, value.values()))
    return _text(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _trouble(path: Path, problems: list[Words]) -> Trouble:
    zh, en = "；\n".join(p.zh for p in problems), ";\n".join(p.en for p in problems)
    return Trouble(Words("{file} 有误：\n{zh}", "{file} is wrong:\n{en}"), file=path.name, zh=zh, en=en)
