"""What the library click says of a command line, in Chinese: it takes its words from gettext and brings no Chinese."""

import sys
from typing import Any

import click

CHINESE = {
    "Usage:": "用法：",
    "Options": "选项",
    "Positional arguments": "参数",
    "Commands": "命令",
    "default: {default}": "缺省：{default}",
    "Show the version and exit.": "显示版本。",
    "Show this message and exit.": "显示本说明。",
    "%(prog)s, version %(version)s": "%(prog)s %(version)s",
    "Error: {message}": "错误：{message}",
    "Try '{command} {option}' for help.": "用法见 {command} {option}",
    "No such command {name!r}.": "没有命令 {name}",
    "No such option {name!r}.": "没有选项 {name}",
    "Missing argument": "缺少参数",
    "Option {name!r} requires an argument.": "选项 {name} 需要一个值",
    "Option {name!r} does not take a value.": "选项 {name} 不带值",
    "Got unexpected extra argument ({args})": "多余的参数：{args}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值无效：{message}",
    "{value!r} is not a valid {number_type}.": "{value} 不是整数",
    "{value} is not in the range {range}.": "{value} 不在 {range} 之内",
}


def speak(lang: str) -> None:
    """click speaks the language from now on."""
    if lang != "zh":
        return
    for name in ("core", "decorators", "exceptions", "formatting", "parser", "types"):
        module: Any = sys.modules[f"{click.__name__}.{name}"]
        module._ = lambda text: CHINESE.get(text, text)
        if hasattr(module, "ngettext"):
            module.ngettext = lambda one, many, count: CHINESE.get(one, one if count == 1 else many)
