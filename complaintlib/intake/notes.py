"""What the reading half of intake says: remarks on a file, and the refusal that lists all of its problems at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..words import LANGUAGES, Trouble, Words, cut

REFUSED = 3  # exit code: the data were refused


@dataclass(frozen=True)
class Note:
    """One remark on a file. `rows` counts the records it is about, `sample` has some of their numbers; never their text."""

    code: str
    words: Words
    rows: int = 0
    sample: tuple[int, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)

    def say(self, lang: str) -> str:
        said = {
            name: value[lang] if isinstance(value, Words) else value for name, value in self.values.items()
        }
        return self.words.fill(lang, **{"rows": self.rows, "sample": list(self.sample), **said})


class Refused(Trouble):
    """A file that is not taken in; `problems` are all that was found, not only the first."""

    def __init__(self, file: str | Path, *problems: Note):
        self.problems = problems
        name = cut(Path(file).name, 60)
        lines = {lang: "\n".join(f"- {problem.say(lang)}" for problem in problems) for lang in LANGUAGES}
        super().__init__(
            Words("文件 {name} 未予接收：\n{zh}", "The file {name} was refused:\n{en}"),
            exit_code=REFUSED,
            name=name,
            **lines,
        )

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(problem.code for problem in self.problems)
