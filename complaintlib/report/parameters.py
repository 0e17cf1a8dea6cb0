"""The typed `parameters` cell of a notebook, read without running it."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..words import Trouble, Words

TYPES = {"str": str, "int": int, "float": float, "bool": bool}
GIVEN = ("period", "store", "lang", "as_of", "token")  # set by the report run, never by a recipe
ASKED = ("privacy", "register")  # likewise, where a notebook declares them


@dataclass(frozen=True)
class Parameter:
    """One line of the cell: `name: type = default  # comment`."""

    name: str
    type: str
    default: Any
    comment: str = ""

    def problem(self, value: Any) -> Words | None:
        """What is wrong with a value: nothing is converted, but a whole number may stand for a `float`."""
        wanted = (int, float) if self.type == "float" else (TYPES[self.type],)
        if type(value) in wanted:
            return None
        return Words(
            f"参数 {self.name} 应为 {self.type}，现为 {value!r}",
            f"parameter {self.name} must be {self.type}, not {value!r}",
        )


def parameters_of(path: Path) -> dict[str, Parameter]:
    """The parameters a notebook declares, by name and in order.

    Raises Trouble for a notebook that cannot be read, has no single cell tagged `parameters`, or has a line in it that
    is not `name: type = default` with a type of str, int, float, bool and a literal default of that type.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", ())]
        (source,) = ("".join(cell["source"]) for cell in tagged)
    except (OSError, ValueError, KeyError, TypeError):
        raise _trouble(
            path, "笔记本应有且只有一个 parameters 单元格", "needs exactly one parameters cell"
        ) from None
    lines = source.splitlines()
    found: dict[str, Parameter] = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise _line(path, lines, error.lineno or 1) from None
    for statement in statements:
        parameter = _declared(statement, lines)
        if parameter is None or parameter.problem(parameter.default) or parameter.name in found:
            raise _line(path, lines, statement.lineno)
        found[parameter.name] = parameter
    missing = [name for name in GIVEN if name not in found]
    if missing:
        raise _trouble(
            path, f"参数单元格缺少 {'、'.join(missing)}", f"the parameters cell lacks {', '.join(missing)}"
        )
    return found


def _declared(statement: ast.stmt, lines: list[str]) -> Parameter | None:
    match statement:
        case ast.AnnAssign(
            target=ast.Name(id=name), annotation=ast.Name(id=kind), value=ast.expr() as value
        ) if kind in TYPES:
            try:
                default = ast.literal_eval(value)
            except ValueError:
                return None
            rest = lines[statement.end_lineno - 1].encode("utf-8")[statement.end_col_offset :].decode("utf-8")
            return Parameter(name, kind, default, rest.strip().removeprefix("#").strip())
    return None


def _line(path: Path, lines: list[str], number: int) -> Trouble:
    line = lines[min(number, len(lines)) - 1].strip() if lines else ""
    return _trouble(
        path,
        f"参数单元格第 {number} 行应为“名称: 类型 = 缺省值”：{line}",
        f"line {number} of the parameters cell must be `name: type = default`: {line}",
    )


def _trouble(path: Path, zh: str, en: str) -> Trouble:
    return Trouble(Words("{file}：{zh}", "{file}: {en}"), file=path.name, zh=zh, en=en)
