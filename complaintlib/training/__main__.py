"""`python -m complaintlib.training [LESSON ...]`: run the course in both languages; exit code 1 where a check says otherwise."""

import sys

from ..words import LANGUAGES, Words, language
from .course import run
from .lessons import LESSONS

_TOLD = Words(
    "{lang} {name}：练习 {exercises:int} 道，错法 {slips:int} 种，不符 {wrong:int} 处",
    "{lang} {name}: {exercises:int} exercises, {slips:int} slips and bugs, {wrong:int} not as they should be",
)


def main(names: list[str]) -> int:
    failed, spoken = 0, language()
    for name in names or LESSONS:
        for lang in LANGUAGES:
            told = run(name, lang)
            wrong = [one for one in told if not one.as_it_should]
            failed += len(wrong)
            values = {
                "lang": lang,
                "name": name,
                "exercises": len({one.key for one in told}),
                "slips": sum(one.state == "wrong" for one in told),
                "wrong": len(wrong),
            }
            print(_TOLD.fill(spoken, **values), flush=True)
            for one in wrong:
                print(f"  {one.key} ({one.way}): {one.outcome!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
