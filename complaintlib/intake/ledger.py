"""The ledger: what became of every row. Rows read = used + duplicates + set aside, always."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from ..words import Trouble, Words, columns, cut, label, number, width, wrapped
from .notes import REFUSED, Note, Refused

USED, DUPLICATE, ASIDE = FATES = ("used", "duplicate", "aside")
NEW, KNOWN, REPLACED = "new", "known", "replaced"  # what a batch was to the store


@dataclass(frozen=True)
class Line:
    """One cleaning step: rows before and after it, rows it changed; `note` counts by column or cause.

    `sample_ids` are a few of the cases concerned (a case number, or `#` and the record's number in the file).
    """

    step: str
    rows_in: int
    rows_out: int
    rows_changed: int = 0
    sample_ids: tuple[str, ...] = ()
    note: str = ""


@dataclass
class Ledger:
    """The lines of one file in the order in which the steps were done."""

    lines: list[Line] = field(default_factory=list)

    def add(
        self,
        step: str,
        rows_in: int,
        rows_out: int | None = None,
        changed: int = 0,
        samples: Iterable[object] = (),
        note: str = "",
    ) -> None:
        """A step; without `rows_out` it lost no row."""
        rows_out = rows_in if rows_out is None else rows_out
        self.lines.append(Line(step, rows_in, rows_out, changed, tuple(cut(s, 40) for s in samples), note))

    def lost(self, steps: Iterable[str]) -> dict[str, int]:
        """Rows lost by each of the steps that lost any."""
        return {
            line.step: line.rows_in - line.rows_out
            for line in self.lines
            if line.step in steps and line.rows_in > line.rows_out
        }


@dataclass(frozen=True)
class Batch:
    """One file's way into the store: `rows` read = `used` + `duplicates` + `aside`; `changed` = rows repaired.

    `state`: `new`, `replaced` (it took the place of an older batch), or `known` (its content was there already, and
    nothing changed). `updated` counts rows that took the place of an older state of the same case.
    """

    id: str
    file: str
    sha256: str
    profile: str
    table: str
    source: str
    state: str
    rows: int
    used: int
    duplicates: int
    aside: int
    changed: int = 0
    updated: int = 0
    encoding: str | None = None
    first: str | None = None
    last: str | None = None
    lines: tuple[Line, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if self.rows != self.used + self.duplicates + self.aside:
            raise Trouble(
                Words(
                    "{file}：读入 {rows:int} 行，但采用、重复和搁置合计 {sum:int} 行；未写入",
                    "{file}: {rows:int} {rows:row was/rows were} read, but used, duplicate and set aside come to {sum:int}; "
                    "nothing was written",
                ),
                exit_code=REFUSED,
                file=self.file,
                rows=self.rows,
                sum=self.used + self.duplicates + self.aside,
            )

    def summary(self, lang: str) -> str:
        """The batch in one line."""
        words = _KNOWN if self.state == KNOWN else _COUNTS
        counts = {name: getattr(self, name) for name in ("id", "rows", "used", "duplicates", "aside")}
        return words.fill(lang, file=cut(self.file, 60), **counts)

    def show(self, lang: str, columns: int = 100) -> str:
        """The batch for a terminal or a log of so many columns: its counts, then each step that did something."""
        return "\n".join(_hanging(begin, text, columns) for begin, text in self._text(lang))

    def _text(self, lang: str) -> Iterator[tuple[str, str]]:
        """Each line's margin and text."""
        yield "", self.summary(lang)
        if self.state == KNOWN:
            return
        words = _READ if self.encoding else _PROFILE
        yield "  ", words.fill(lang, profile=self.profile, encoding=self.encoding)
        if self.first and self.last:
            days = {name: date.fromisoformat(getattr(self, name)) for name in ("first", "last")}
            yield "  ", _DAYS.fill(lang, **days)
        if self.updated:
            yield "  ", _UPDATED.fill(lang, updated=self.updated)
        for line in self.lines:
            if line.rows_in != line.rows_out or (line.rows_changed and line.step != "mapped"):
                lost = number(line.rows_out - line.rows_in) if line.rows_in != line.rows_out else ""
                changed = f"~{number(line.rows_changed)}" if line.rows_changed else ""
                step = label("step", line.step, lang)
                text = _STEP.fill(lang, step=step, counts=_counts(line.note, lang)) if line.note else step
                yield f"  {lost:>7} {changed:>8}  ", text
        for note in self.notes:
            if note.code != "encoding":  # said above
                yield "  * ", note.say(lang)


def _counts(note: str, lang: str) -> str:
    """The counts of a line's note in words: `closed_at 51` is 结案时间 51."""
    known = columns()
    said = []
    for name, _, count in (part.rpartition(" ") for part in note.split(", ")):
        words = known[name].words[lang] if name in known else label("counted", name, lang)
        said.append(f"{words} {number(int(count))}")
    return {"zh": "，", "en": ", "}[lang].join(said)


def _hanging(begin: str, text: str, columns: int) -> str:
    """The text wrapped, its further lines under the first."""
    margin = width(begin)
    return begin + wrapped(text, max(columns - margin, 30)).replace("\n", "\n" + " " * margin)


_KNOWN = Words(
    "{file}：内容已在库中（批次 {id}），未作改动；用 --replace 可重新读入",
    "{file}: its content is in the store already (batch {id}); nothing changed (--replace takes it in again)",
)
_COUNTS = Words(
    "{file}：读入 {rows:int} 行 = 采用 {used:int} + 重复 {duplicates:int} + 搁置 {aside:int}",
    "{file}: {rows:int} {rows:row/rows} read = {used:int} used + {duplicates:int} duplicate + {aside:int} set aside",
)
_PROFILE = Words("映射 {profile}", "profile {profile}")
_READ = Words("映射 {profile}，编码 {encoding}", "profile {profile}, encoding {encoding}")
_DAYS = Words("采用的行：{first:day} 至 {last:day}", "rows used: from {first:day} to {last:day}")
_UPDATED = Words(
    "其中 {updated:int} 行更新了库中的旧状态",
    "{updated:int} of them took the place of an older state of the case",
)
_STEP = Words("{step}：{counts}", "{step}: {counts}")


def check_loss(file: str, rows: int, lost: dict[str, int], max_loss: float) -> None:
    """Refused, with every reason and its count, when the share of rows set aside is above `max_loss`."""
    aside = sum(lost.values())
    if aside <= max_loss * rows:
        return
    reasons = [
        Note(
            "loss",
            Words("{step:step}：{rows:int} 行", "{step:step}: {rows:int} {rows:row/rows}"),
            rows=count,
            values={"step": step},
        )
        for step, count in sorted(lost.items(), key=lambda item: (-item[1], item[0]))
    ]
    total = Note(
        "max_loss",
        Words(
            "{total:int} 行中有 {rows:int} 行（{share:pct1}）不可用，超过上限 {limit:pct1}（映射文件中的 max_loss）",
            "{rows:int} of {total:int} {total:row/rows} ({share:pct1}) cannot be used, above the limit of {limit:pct1} "
            "(max_loss in the profile)",
        ),
        rows=aside,
        values={"total": rows, "share": aside / rows, "limit": max_loss},
    )
    raise Refused(file, total, *reasons)
