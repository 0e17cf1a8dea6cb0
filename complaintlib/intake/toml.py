"""A profile's TOML file becomes a Profile, or an error that names the file, the key and the nearest known name."""

import difflib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..schema import TABLES
from ..words import Trouble, Words, cut
from .profile import Break, Duplicates, Profile, Reading, Times, standard

_TYPES = {
    str: Words("文字", "text"),
    bool: Words("true 或 false", "true or false"),
    int: Words("整数", "a whole number"),
    float: Words("数字", "a number"),
    dict: Words("表", "a table"),
    list: Words("列表", "a list"),
}


def profile_from(path: Path) -> Profile:
    """Reads and checks one profile file."""
    return _Reader(path).profile()


class _Reader:
    """One file being checked: every complaint carries its name."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self.tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            self.fail("找不到该文件", "there is no such file")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.fail(
                "不是有效的 TOML（UTF-8）：{why}", "it is not valid TOML in UTF-8: {why}", why=str(error)
            )

    def fail(self, zh: str, en: str, **values: Any) -> None:
        words = Words("映射文件 {file}：" + zh + "。", "Profile {file}: " + en + ".")
        raise Trouble(words, file=self.path.name, **values) from None

    def profile(self) -> Profile:
        tree = self.tree
        self.known(tree, (f.name for f in fields(Profile)), "")
        self.table = self.typed(tree, "table", str, default="complaints")
        if self.table not in TABLES:
            self.unknown("table", self.table, TABLES)
        name = self.typed(tree, "name", str, default=self.path.stem)
        loss = self.typed(tree, "max_loss", float, default=0.05)
        if not 0 <= loss <= 1:
            self.fail("max_loss 应在 0 与 1 之间", "max_loss must be between 0 and 1")
        return Profile(
            name=name,
            table=self.table,
            source=self.typed(tree, "source", str, default=name),
            zone=self.zone(self.typed(tree, "zone", str, default="Asia/Shanghai")),
            files=self.typed(tree, "files", str, default="*"),
            keep_text=self.typed(tree, "keep_text", bool, default=False),
            max_loss=float(loss),
            blanks=self.texts(tree, "blanks"),
            read=self.record(tree, "read", Reading),
            columns=self.by_column("columns", lambda part, key: self.texts(part, key, f"columns.{key}")),
            constants=self.by_column(
                "constants", lambda part, key: self.typed(part, key, str, f"constants.{key}")
            ),
            times=self.times(),
            values=self.by_column("values", self.value_map),
            closed=self.closed(),
            duplicates=self.duplicates(),
            complete=self.by_column("complete", lambda part, key: self.column(part[key], f"complete.{key}")),
            crosswalk=self.by_column("crosswalk", self.crosswalk),
            breaks=tuple(map(self.one_break, self.typed(tree, "breaks", list, default=[]))),
        )

    # ------------------------------------------------------------------------------------- the sections

    def times(self) -> Times:
        times = self.record(self.tree, "times", Times)
        if times.swapped not in (None, "keep", "repair"):
            self.unknown("times.swapped", times.swapped, ("keep", "repair"))
        if times.serial_base not in (1900, 1904):
            self.unknown("times.serial_base", times.serial_base, ("1900", "1904"))
        return times

    def closed(self) -> tuple[str, ...]:
        part = self.typed(self.tree, "closed", dict, default={})
        self.known(part, ("columns",), "closed.")
        return tuple(self.column(name, "closed.columns") for name in self.texts(part, "columns"))

    def duplicates(self) -> Duplicates | None:
        part = self.typed(self.tree, "duplicates", dict, default={})
        if not part:
            return None
        self.known(part, ("same", "within_hours"), "duplicates.")
        same = tuple(self.column(name, "duplicates.same") for name in self.texts(part, "same"))
        hours = self.typed(part, "within_hours", float, "duplicates.within_hours", 48)
        if not same or hours <= 0:
            self.fail(
                "duplicates 需要 same（至少一列）和大于 0 的 within_hours",
                "duplicates needs `same` (one column at least) and `within_hours` above 0",
            )
        return Duplicates(same, float(hours))

    def value_map(self, part: dict, column: str) -> dict[str, str]:
        codes: dict[str, str] = {}
        for raw in self.typed(part, column, dict, f"values.{column}"):
            code = self.typed(part[column], raw, str, f"values.{column}.{cut(raw, 30)}")
            if codes.setdefault(standard(raw), code) != code:
                self.fail(
                    "values.{column} 中 {raw} 有两个代码",
                    "in values.{column}, {raw} has two codes",
                    column=column,
                    raw=cut(raw, 30),
                )
        return codes

    def crosswalk(self, part: dict, column: str) -> dict[str, str]:
        steps = self.typed(part, column, dict, f"crosswalk.{column}")
        for old in steps:
            new = self.typed(steps, old, str, f"crosswalk.{column}.{cut(old, 30)}")
            if new in steps:
                self.fail(
                    "crosswalk.{column} 中 {old} 指向的 {new} 又被改写；请直接写最终代码",
                    "in crosswalk.{column}, {old} leads to {new}, which leads on; write the final code",
                    column=column,
                    old=cut(old, 30),
                    new=cut(new, 30),
                )
        return dict(steps)

    def one_break(self, part: Any) -> Break:
        if not isinstance(part, dict):
            self.wrong_type("breaks", dict)
        self.known(part, ("field", "at", "zh", "en"), "breaks.")
        at = str(part.get("at", ""))
        try:
            date.fromisoformat(at)
        except ValueError:
            self.fail("breaks.at 应是日期，如 2017-04-24", "breaks.at must be a day such as 2017-04-24")
        field = self.column(part.get("field"), "breaks.field")
        return Break(
            field, at, Words(*(self.typed(part, lang, str, f"breaks.{lang}") for lang in ("zh", "en")))
        )

    # --------------------------------------------------------------------------------------- the checks

    def known(self, part: dict, names: Iterable[str], where: str) -> None:
        names = tuple(names)
        for key in part:
            if key not in names:
                self.unknown(where + key, key, names)

    def unknown(self, key: str, value: Any, names: Iterable[str]) -> None:
        names = list(names)
        near = difflib.get_close_matches(str(value), names, 1)
        said = {"key": cut(key, 60), "value": cut(value, 40), "near": near or names}
        if near:
            self.fail(
                "{key}：不认识 {value}，是否指 {near}",
                "{key}: {value} is unknown, did you mean {near}",
                **said,
            )
        self.fail(
            "{key}：不认识 {value}，可用的有 {near}", "{key}: {value} is unknown, known are {near}", **said
        )

    def wrong_type(self, key: str, kind: type) -> None:
        words = _TYPES[kind]
        self.fail("{key} 应是" + words.zh, "{key} must be " + words.en, key=cut(key, 60))

    def typed(self, part: dict, key: str, kind: type, where: str = "", default: Any = ...) -> Any:
        value = part.get(key, default)
        allowed = (int, float) if kind is float else (kind,)
        if value is ... or not (type(value) in allowed or value is default):
            self.wrong_type(where or key, kind)
        return value

    def texts(self, part: dict, key: str, where: str = "") -> tuple[str, ...]:
        value = part.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong_type(where or key, list)
        return tuple(value)

    def record(self, tree: dict, key: str, kind: type) -> Any:
        """A section whose keys are the fields of a dataclass, with their types."""
        part = self.typed(tree, key, dict, default={})
        self.known(part, (f.name for f in fields(kind)), f"{key}.")
        values = {}
        for field in fields(kind):
            if field.name in part:
                where = f"{key}.{field.name}"
                if field.type == tuple[str, ...]:
                    values[field.name] = self.texts(part, field.name, where)
                else:
                    plain_type = next(
                        t for t in (bool, int, str) if t in (field.type, *getattr(field.type, "__args__", ()))
                    )
                    values[field.name] = self.typed(part, field.name, plain_type, where)
        return kind(**values)

    def by_column(self, key: str, read: Callable[[dict, str], Any]) -> dict[str, Any]:
        """A section whose keys are canonical columns."""
        part = self.typed(self.tree, key, dict, default={})
        return {self.column(name, f"{key}.{name}"): read(part, name) for name in part}

    def column(self, name: Any, where: str) -> str:
        if name not in TABLES[self.table].columns:
            self.unknown(where, name, TABLES[self.table].columns)
        return name

    def zone(self, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.fail(
                "zone：没有名为 {zone} 的时区", "zone: there is no time zone {zone}", zone=cut(name, 40)
            )
        return name
