"""What a method answers: findings (numbers, not sentences), tables and a picture, and how they show themselves.

Everything shown goes through here: text is escaped and stripped of control characters, numbers are rounded half up,
and the same call serves JupyterLab, the executed notebook and the report page.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from .home import DATA
from .period import Period
from .words import Trouble, Words, column, label, language, plain, show, width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .disclosure import Profile

LEVELS = ("act", "watch", "good", "note")
HANDOVER = "application/vnd.complaintkit+json"  # what the report run reads from a page's last cell
ROWS_SHOWN = 25
ONE_LINE, FEW_LINES = 24, 80  # columns of text that a cell of a table shows on one line, and in a few
WIDE = 12  # columns of a table from which print makes it smaller
STAR = "*"  # a count too small to be shown: see `privacy`


@dataclass(frozen=True)
class Finding:
    """One thing found. `words` is a sentence with places like `{share:pct}` or `{reason:reason}` for `values`.

    What stands before a `|` in the words is its headline. `weight` (0 to 1) orders findings of one level. Every
    number in `values` stands in one of the result's tables.
    """

    key: str
    level: str
    words: Words
    values: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 0.5

    def parts(self, lang: str) -> tuple[str, str]:
        """Headline and the rest of the sentence."""
        head, _, tail = self.words[lang].partition("|")
        return tuple(Words(part, part).fill(lang, **self.values) for part in (head, tail))

    def sentence(self, lang: str) -> str:
        return "".join(self.parts(lang))


@dataclass(frozen=True)
class Shown:
    """Something a notebook cell displays: HTML made here from escaped text, with plain text beside it."""

    html: str
    text: str = ""

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Picture:
    """A PNG picture with the sentence that says what it shows."""

    png: bytes
    alt: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"image/png": base64.b64encode(self.png).decode("ascii"), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}

    def __repr__(self) -> str:
        return self.alt


@dataclass(frozen=True)
class Handover:
    """The whole result for the report run; in JupyterLab it shows nothing but a tick."""

    content: dict[str, Any]

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        return {HANDOVER: self.content, "text/plain": "✓"}

    def __repr__(self) -> str:
        return "✓"


@dataclass(frozen=True)
class Result:
    """The base of every method's result. A method's own class names itself and draws its picture.

    Class attributes: `method` (module name), `title`, `reading` (how to read it, what it cannot say).
    `tables` maps a name to a frame, the main one first; its columns are explained in `data/columns.csv`. A table
    named `examples` holds masked example cases. `privacy` is the profile that `privacy.protect` applied, if any.
    """

    period: Period
    tables: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    privacy: "Profile | None" = field(default=None, kw_only=True)

    method: ClassVar[str]
    title: ClassVar[Words]
    reading: ClassVar[Words]

    @property
    def table(self) -> pd.DataFrame:
        return next(iter(self.tables.values()))

    def draw(self, figure: "Figure", lang: str) -> None:
        """Draw the picture on an empty figure, sized by `height`. A further picture has a `draw_<name>` of its own."""
        raise TypeError(f"{type(self).__name__} has no picture")

    def height(self) -> float:
        """The picture's height in inches; a further picture may have a `height_<name>`."""
        return 4.2

    def plot(self, lang: str | None = None, name: str = "") -> "Figure":
        """The picture, or a further one by name, as a matplotlib figure."""
        from . import look

        own = f"_{name}" if name else ""
        drawn = self
        if self.privacy is not None:
            drawn = replace(self, tables={key: unstarred(frame) for key, frame in self.tables.items()})
        figure = look.figure(height=getattr(drawn, f"height{own}", drawn.height)())
        getattr(drawn, f"draw{own}")(figure, lang or language())
        return figure

    def caption(self, lang: str) -> str:
        """The sentence that says what the picture shows: the first finding's, unless a method knows better."""
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self.findings[0].sentence(lang)}"

    # ---------------------------------------------------------------- what the cells of a notebook show

    def say(self, lang: str | None = None) -> Shown:
        """What was found, in sentences."""
        lang = lang or language()
        items, lines = [], []
        for finding in self.findings:
            head, tail = finding.parts(lang)
            level = label("level", finding.level, lang)
            items.append(
                f'<li class="finding {finding.level}"><span class="level">{escape(level)}</span> '
                f"<b>{escape(head)}</b>{escape(tail)}</li>"
            )
            lines.append(f"[{level}] {head}{tail}")
        return Shown(f'<ul class="findings">{"".join(items)}</ul>', "\n".join(lines))

    def picture(self, lang: str | None = None, name: str = "") -> Picture:
        from . import look

        lang = lang or language()
        return Picture(look.png(self.plot(lang, name)), self.caption(lang))

    def save(self, path: Path | str, lang: str | None = None, name: str = "") -> Path:
        """Write the picture, or a further one by name, as the path's ending says: .png, or .svg (sharp at any size)."""
        from . import look

        path = Path(path)
        forms = {".png": look.png, ".svg": look.svg}
        if path.suffix.lower() not in forms:
            words = Words(
                "图片文件名应以 .png 或 .svg 结尾：{name}", "a picture's name ends with .png or .svg: {name}"
            )
            raise Trouble(words, name=path.name)
        path.write_bytes(forms[path.suffix.lower()](self.plot(lang, name)))
        return path

    def show_table(self, lang: str | None = None, name: str | None = None) -> Shown:
        """A table by name (default: the main one) in words, without columns in which nothing stands."""
        return table_view(without_empty(self.tables[name or next(iter(self.tables))]), lang)

    def examples(self, lang: str | None = None) -> Shown:
        """Masked example cases, if the method gives any."""
        lang = lang or language()
        if "examples" not in self.tables:
            none = Words("这个方法不列举个案。", "This method lists no cases.")
            text = (none if self.privacy is None else self.privacy.words)[lang]
            return Shown(f"<p>{escape(text)}</p>", text)
        return table_view(self.tables["examples"], lang)

    def how_to_read(self, lang: str | None = None) -> Shown:
        lang = lang or language()
        kept = self.privacy.words[lang] if self.privacy else ""
        return paragraphs(f"{self.reading[lang]}\n{kept}")

    def note(self, lang: str | None = None) -> Shown:
        """The analyst's own note: `data/notes/<period>/<method>.<lang>.txt`, shown as plain text."""
        lang = lang or language()
        path = DATA / "notes" / self.period.text / f"{self.method}.{lang}.txt"
        if self.privacy is not None or not path.is_file():
            return Shown("", "")
        head = Words("分析员注", "Analyst's note")[lang]
        body = paragraphs(path.read_text(encoding="utf-8"))
        return Shown(f'<aside class="note"><b>{head}</b>{body.html}</aside>', f"{head}: {body.text}")

    def show(self, lang: str | None = None) -> Shown:
        """All of it: found, picture, table, how to read it."""
        lang = lang or language()
        picture = self.picture(lang)
        image = base64.b64encode(picture.png).decode("ascii")
        drawn = f'<img alt="{escape(picture.alt)}" src="data:image/png;base64,{image}">'
        said, table, read = self.say(lang), self.show_table(lang), self.how_to_read(lang)
        return Shown(
            said.html + drawn + table.html + read.html, f"{said.text}\n\n{table.text}\n\n{read.text}"
        )

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return self.show()._repr_mimebundle_()

    def close(self, token: str = "") -> Handover:
        """Hand the whole result to the report run; `token` proves that the page was run to its end."""
        return Handover(
            {
                "token": token,
                "method": self.method,
                "privacy": self.privacy.name if self.privacy else "internal",
                "title": {"zh": self.title.zh, "en": self.title.en},
                "findings": [
                    {
                        "key": finding.key,
                        "level": finding.level,
                        "weight": finding.weight,
                        "values": {name: _plain_value(value) for name, value in finding.values.items()},
                        "head": {lang: finding.parts(lang)[0] for lang in ("zh", "en")},
                        "tail": {lang: finding.parts(lang)[1] for lang in ("zh", "en")},
                    }
                    for finding in self.findings
                ],
                "tables": {name: packed(frame) for name, frame in self.tables.items()},
            }
        )


# ----------------------------------------------------------------------------------------------- tables


def table_view(frame: pd.DataFrame, lang: str | None = None, rows: int = ROWS_SHOWN) -> Shown:
    """A frame as a table in words, its first `rows` rows, with the notes on units and denominators below."""
    lang = lang or language()
    own = list(frame["form"]) if "form" in frame else None  # how each row's own values are shown
    frame = frame.drop(columns="form", errors="ignore")
    columns = {name: column(str(name)) for name in frame.columns}
    points = {c.form for c in columns.values() if c.form == "pp" or (own is None and c.form == "+by_form")}
    heads = [plain(c.words[lang]) + (_POINTS[lang] if c.form in points else "") for c in columns.values()]
    body = [
        [
            _cell(value, "points" if c.form in points else _form(c.form, form), lang)
            for value, c in zip(row, columns.values(), strict=True)
        ]
        for row, form in zip(
            frame.head(rows).itertuples(index=False, name=None), own or ["pct"] * len(frame), strict=False
        )
    ]
    fits = [
        "n" if _is_number(frame.iloc[:, i]) else _room([row[i] for row in body])
        for i in range(frame.shape[1])
    ]
    head = "".join(
        f'<th scope="col" class="{fit}">{escape(h)}</th>' for h, fit in zip(heads, fits, strict=True)
    )
    lines = "".join(
        "<tr>"
        + "".join(f'<td class="{fit}">{escape(c)}</td>' for c, fit in zip(row, fits, strict=True))
        + "</tr>"
        for row in body
    )
    notes = [
        f"{h}{'：' if lang == 'zh' else ': '}{c.note[lang]}"
        for h, c in zip(heads, columns.values(), strict=True)
        if c.note[lang]
    ]
    if len(frame) > rows:
        more = Words(
            "只列前 {shown:int} 行，共 {all:int} 行；全部见表格文件",
            "first {shown:int} of {all:int} rows; all of them in the table files",
        )
        notes.insert(0, more.fill(lang, shown=rows, all=len(frame)))
    if frame.empty:
        notes.insert(0, Words("没有记录", "no rows")[lang])
    end = Words("；", "; ")[lang].join(notes)
    foot = f'<p class="table-notes">{escape(end)}</p>' if notes else ""
    html = f'<div class="table{" wide" if len(fits) > WIDE else ""}"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>{foot}'
    return Shown(html, "\n".join("\t".join(row) for row in [heads, *body]))


def _room(cells: Sequence[str]) -> str:
    """How a column of words is set: on one line (`s`), in a few (`m`) or as running text (`t`)."""
    widest = max(map(width, cells), default=0)
    return "s" if widest <= ONE_LINE else "m" if widest <= FEW_LINES else "t"


def stars(frame: pd.DataFrame) -> pd.DataFrame:
    """Which cells are starred; a category may be called `*` too."""
    return pd.DataFrame(
        {name: (frame[name] == STAR) & _counts(str(name)) for name in frame}, index=frame.index
    )


def unstarred(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with its stars as missing numbers, to be drawn or computed with."""
    found = stars(frame).any()
    return frame.assign(**{name: pd.to_numeric(frame[name], errors="coerce") for name in found.index[found]})


def without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without the columns in which nothing stands; all of it where it has no rows."""
    return frame.dropna(axis=1, how="all") if len(frame) else frame


_POINTS = Words("（百分点）", " (pp)")


def paragraphs(text: str) -> Shown:
    """Plain text as escaped paragraphs, one a line."""
    lines = [plain(line).strip() for line in text.strip().splitlines()]
    return Shown("".join(f"<p>{escape(line)}</p>" for line in lines if line), "\n".join(lines))


def packed(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame as JSON: column names and rows, times as ISO text, what is missing as null."""
    rows = [[_plain_value(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return {"columns": [str(name) for name in frame.columns], "rows": rows}


def unpacked(content: dict[str, Any]) -> pd.DataFrame:
    """The frame that `packed` packed."""
    return pd.DataFrame(content["rows"], columns=content["columns"])


def _form(form: str, own: str) -> str:
    """`by_form` and `+by_form` (a change) mean the form that the row itself names: that of a share where none does."""
    if form == "+by_form":
        return "pp" if own.startswith("pct") else "+" + own.removeprefix("+")
    return own if form == "by_form" else form


def _cell(value: Any, form: str, lang: str) -> str:
    if isinstance(value, str) and form in NUMBER_FORMS:
        return plain(value)
    return plain(show(value, form, lang)) if _known(value) else "–"


NUMBER_FORMS = {
    "int",
    "num1",
    "num2",
    "num3",
    "sig",
    "+int",
    "+num1",
    "+num2",
    "+sig",
    "pct",
    "pct1",
    "+pct",
    "pp",
    "points",
    "p",
    "min",
    "+min",
    "work",
    "+work",
}


def _counts(name: str) -> bool:
    return column(name).form in NUMBER_FORMS or column(name).form.endswith("by_form")


def _known(value: Any) -> bool:
    return isinstance(value, list | tuple) or not pd.isna(value)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _plain_value(value: Any) -> Any:
    if type(value) in (str, int, bool):  # as most are
        return value
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, Period):
        return value.text
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return json.loads(json.dumps(value, default=str))
