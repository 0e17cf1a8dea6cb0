"""A first profile for a file that none knows: which header is which column, and the evidence, as commented TOML."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ..schema import FLAG, ID, NUMBER, TEXT, TIME, WHOLE
from ..words import Trouble, Words, cut, language
from .dates import BETWEEN, moments
from .notes import Refused
from .profile import GENERIC, Profile, Times, heading, load_profile, pick_profile
from .read import Source, read
from .shapes import masked

_KINDS = {
    TIME: Words("时间", "time"),
    ID: Words("编号", "id"),
    TEXT: Words("文字", "text"),
    NUMBER: Words("数字", "number"),
    WHOLE: Words("整数", "whole number"),
    FLAG: Words("是/否", "yes or no"),
}
_CATEGORY = Words("类别", "category")


def propose(path: str | Path, lang: str | None = None) -> str:
    """TOML text of a profile for the file, with the evidence in comments: shapes of values, never values.

    Headers are compared with the synonyms of the generic profile. A column that reads as a time but has no known name
    is named, not mapped; a time column whose day and month cannot be told apart is marked. The user decides.
    """
    lang, path = lang or language(), Path(path)
    generic = load_profile(GENERIC)
    with (
        TemporaryDirectory(prefix="complaintkit-") as folder,
        duckdb.connect(str(Path(folder) / "file.db")) as con,
    ):
        source = read(path, generic, con)
        lines = _top(path, source, lang)
        found = _mapped(source, generic)
        lines += ["", "[columns]", *_columns(con, source, generic, found, lang)]
        times = [header for header, column in found.items() if generic.canonical.columns[column] == TIME]
        lines += ["", "[times]", *_times(con, generic, times, lang)]
    return "\n".join(lines) + "\n"


def _top(path: Path, source: Source, lang: str) -> list[str]:
    lines = [_FOR.fill(lang, name=cut(path.name, 60), rows=source.rows)]
    with suppress(Trouble):  # no profile fits, or several do: that is why the user asks
        lines.append(_FITS.fill(lang, profile=pick_profile(path, source.headers).name))
    lines += [note.say(lang) for note in source.notes]
    name = re.sub(r"\W+", "_", path.name.split(".")[0].casefold(), flags=re.ASCII).strip("_") or "source"
    toml = [f"name = {_text(name)}", 'table = "complaints"', f"source = {_text(name)}"]
    toml += [
        f'zone = "Asia/Shanghai"  {_comment(_ZONE[lang])}',
        f"files = {_text('*' + path.suffix)}",
        "",
        "[read]",
    ]
    if source.encoding:
        toml.append(f"encoding = {_text(source.encoding)}")
    if source.delimiter:
        toml.append(f"delimiter = {_text(source.delimiter)}")
    if source.sheet:
        toml.append(f"sheet = {_text(source.sheet)}")
    return [*map(_comment, lines), *toml]


def _mapped(source: Source, generic: Profile) -> dict[str, str]:
    """Header -> canonical column, where the header is a known synonym; the first header where two fit."""
    synonyms = {heading(name): column for column, names in generic.columns.items() for name in names}
    found: dict[str, str] = {}
    for header in source.headers:
        column = synonyms.get(heading(header))
        if column and column not in found.values():
            found[header] = column
    return found


def _columns(
    con: duckdb.DuckDBPyConnection, source: Source, generic: Profile, found: Mapping[str, str], lang: str
) -> list[str]:
    lines = []
    for header in source.headers:
        evidence = _evidence(con, header, lang)
        if column := found.get(header):
            kind = _KINDS.get(generic.canonical.columns[column], _CATEGORY)[lang]
            lines.append(f"{column} = {_text(header)}  {_comment(kind + BETWEEN[lang] + evidence)}")
        else:
            guess = _LIKE_TIME[lang] if _is_time(con, header) else _UNKNOWN[lang]
            lines.append(_comment(f"?? = {_text(header)}  {guess}{BETWEEN[lang]}{evidence}"))
    missing = [column for column in generic.canonical.required if column not in found.values()]
    return [*lines, *(_comment(_REQUIRED.fill(lang, column=column)) for column in missing)]


def _evidence(con: duckdb.DuckDBPyConnection, header: str, lang: str) -> str:
    """How full the column is, how many values it has, and the shapes of most of them."""
    name = '"' + header.replace('"', '""') + '"'
    filled, share, distinct = con.execute(
        f"SELECT count({name}), count({name}) / greatest(count(*), 1), count(DISTINCT {name}) FROM raw"
    ).fetchone()
    shapes = con.execute(
        f"""SELECT regexp_replace(translate(left(trim({name}), 24), '0123456789', '9999999999'), '[a-zA-Z]', 'x', 'g'),
        count(*) FROM raw WHERE trim({name}) <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 300"""
    ).fetchall()
    shown: dict[str, int] = {}
    for shape, rows in shapes:
        short = re.sub(r"(x)\1{3,}", r"\1…", masked(cut(shape, 24)))
        shown[short] = shown.get(short, 0) + rows
    common = [
        shape for shape, rows in sorted(shown.items(), key=lambda item: -item[1])[:3] if rows * 20 > filled
    ]
    values = {"share": share, "distinct": distinct, "shapes": " | ".join(common) or "…"}
    return _EVIDENCE.fill(lang, **values)


def _is_time(con: duckdb.DuckDBPyConnection, header: str) -> bool:
    try:
        found = moments(con, header, Times(), "UTC", "UTC")
    except Refused as refused:  # an id of six digits is no year of two
        shapes = [shape for note in refused.problems for shape in note.values.get("shapes", ())]
        return "no_times" not in refused.codes and not any(shape.isdigit() for shape in shapes)
    read = sum(
        rows for form, rows in found.forms.items() if form not in ("compact", "excel", "unix_s", "unix_ms")
    )
    return read > found.unread


def _times(con: duckdb.DuckDBPyConnection, generic: Profile, headers: list[str], lang: str) -> list[str]:
    lines: list[str] = []
    for header in headers:
        try:
            notes = moments(con, header, generic.times, generic.zone, generic.zone).notes
        except Refused as refused:
            notes = refused.problems
            lines.append(_comment(_DECIDE[lang]))
            if "ambiguous_order" in refused.codes:
                lines.append(_comment("day_first = true"))
        lines += [_comment(note.say(lang)) for note in notes]
    return lines


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _comment(line: str) -> str:
    return "# " + " ".join(line.split())


_FOR = Words(
    "为 {name} 建议的映射（{rows:int} 条记录）。请逐项核对后存入 data/profiles/",
    "Proposed profile for {name} ({rows:int} {rows:record/records}). Check every line, then save it in data/profiles/",
)
_FITS = Words("已有的映射 {profile} 符合此文件", "the profile {profile} already fits this file")
_ZONE = Words("文件中时间所在的时区，请核对", "the zone of the times in the file: check it")
_EVIDENCE = Words(
    "{share:pct} 有值，{distinct:int} 种；形如 {shapes}",
    "{share:pct} filled, different values: {distinct:int}; shaped {shapes}",
)
_LIKE_TIME = Words("看来是时间，但列名不认识", "reads as a time, but the name is not known")
_UNKNOWN = Words("列名不认识，未对应", "the name is not known; not mapped")
_REQUIRED = Words(
    "缺少必需的列：{column} = 请从上面选一列", "required and missing: {column} = one of the headers above"
)
_DECIDE = Words("需要您决定：", "for you to decide:")
