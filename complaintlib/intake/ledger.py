"""The ledger: what became of every row. Rows read = used + duplicates + set aside, always."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..words import Trouble, Words, cut, label, number, width
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
                    "{file}: {rows:int} rows were read, but used, duplicate and set aside come to {sum:int}; "
                    "nothing was written",
                ),
                exit_code=REFUSED,
                file=self.file,
                rows=self.rows,
                sum=self.used + self.duplicates + self.aside,
            )

    def show(self, lang: str) -> str:
        """The batch as a small table for a terminal or a log."""
        return "\n".join(self._text(lang))

    def _text(self, lang: str) -> Iterator[str]:
        yield _HEAD.fill(lang, file=cut(self.file, 60), profile=self.profile, encoding=self.encoding or "-")
        if self.state == KNOWN:
            yield _KNOWN.fill(lang, id=self.id)
            return
        yield _COUNTS.fill(
            lang, **{name: getattr(self, name) for name in ("rows", "used", "duplicates", "aside")}
        )
        yield _REPAIRS.fill(lang, changed=self.changed, updated=self.updated)
        shown = [
            line
            for line in self.lines
            if line.rows_in != line.rows_out or (line.rows_changed and line.step != "mapped")
        ]
        names = [label("step", line.step, lang) for line in shown]
        wide = max(map(width, names), default=0)
        for line, name in zip(shown, names, strict=True):
            lost = number(line.rows_out - line.rows_in) if line.rows_in != line.rows_out else ""
            changed = f"~{number(line.rows_changed)}" if line.rows_changed else ""
            yield f"  {name}{' ' * (wide - width(name))}  {lost:>8}  {changed:>8}  {line.note}".rstrip()
        for note in self.notes:
            yield f"  * {note.say(lang)}"


_HEAD = Words("{file}（配置 {profile}，编码 {encoding}）", "{file} (profile {profile}, encoding {encoding})")
_KNOWN = Words(
    "  内容已在库中（批次 {id}），未作改动",
    "  its content is in the store already (batch {id}); nothing changed",
)
_COUNTS = Words(
    "  读入 {rows:int} 行 = 采用 {used:int} + 重复 {duplicates:int} + 搁置 {aside:int}",
    "  {rows:int} rows read = {used:int} used + {duplicates:int} duplicate + {aside:int} set aside",
)
_REPAIRS = Words(
    "  其中修正 {changed:int} 行，更新库中旧记录 {updated:int} 行",
    "  {changed:int} of them repaired; {updated:int} took the place of an older state of the case",
)


def check_loss(file: str, rows: int, lost: dict[str, int], max_loss: float) -> None:
    """Refused, with every reason and its count, when the share of rows set aside is above `max_loss`."""
    aside = sum(lost.values())
    if aside <= max_loss * rows:
        return
    reasons = [
        Note(
            "loss",
            Words("{step:step}：{rows:int} 行", "{step:step}: {rows:int} rows"),
            rows=count,
            values={"step": step},
        )
        for step, count in sorted(lost.items(), key=lambda item: (-item[1], item[0]))
    ]
    total = Note(
        "max_loss",
        Words(
            "{total:int} 行中有 {rows:int} 行（{share:pct1}）不可用，超过上限 {limit:pct1}（profile 中的 max_loss）",
            "{rows:int} of {total:int} rows ({share:pct1}) cannot be used, above the limit of {limit:pct1} "
            "(max_loss in the profile)",
        ),
        rows=aside,
        values={"total": rows, "share": aside / rows, "limit": max_loss},
    )
    raise Refused(file, total, *reasons)
