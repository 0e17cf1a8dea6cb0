"""The last look before a report is delivered: for personal data in every text of every file, and under a privacy
profile for counts in the tables that it does not allow."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..disclosure import Profile, treatments
from ..result import unpacked
from ..words import Words
from .gates import visible

# Kinds that have a form of their own. Names and order numbers are masked at intake, but a gate on them would stop
# reports for a product's name.
GATED = ("phone", "id_card", "bank_card", "ssn", "plate", "email")


def personal(path: str, content: bytes, known: Collection[str] = ()) -> list[str]:
    """The kinds of personal data found in a file's texts; `known` are case numbers, which may look like anything."""
    texts = {text.strip() for text in _texts(path, content.decode("utf-8-sig"))}
    found = {kind for text in texts - {*known, ""} for kind in _kinds(text)}
    return [kind for kind in GATED if kind in found]


@lru_cache(
    maxsize=100_000
)  # most texts stand in a page, in its notebook, in a table and in the one-file report
def _kinds(text: str) -> frozenset[str]:
    from ..intake.mask import mask

    return frozenset(mask([text])[1])


def unprotected(content: Mapping[str, Any], profile: Profile | None) -> list[Words]:
    """What a page's hand-over shows although the profile does not: a result that was not protected, or a count."""
    if profile is None:
        return []
    if content.get("privacy") != profile.name:
        return [Words("笔记本没有按本版的保密规则处理结果", "the notebook does not protect its result")]
    return [
        Words(
            f"表 {table} 的 {name} 列有不宜给出的件数",
            f"column {name} of table {table} has counts it may not show",
        )
        for table, packed in content["tables"].items()
        for name, values in unpacked(packed).items()
        if treatments().get(name) == "count" and not all(profile.shows(value) for value in values.dropna())
    ]


def _texts(path: str, text: str) -> Iterator[str]:
    """What a reader can read in the file. Numbers are no text: an unrounded one may look like a card's."""
    if path.endswith(".html"):
        yield from visible(text).splitlines()
    elif path.endswith(".csv"):
        for row in csv.reader(io.StringIO(text)):
            yield from (cell for cell in row if not _is_number(cell))
    elif path.endswith(".ipynb"):
        for cell in json.loads(text)["cells"]:
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                yield from visible(_joined(data.get("text/html", ""))).splitlines()
                yield from (
                    _joined(data.get("text/plain", output.get("text", ""))).replace("\t", "\n").splitlines()
                )
                yield from _strings(output.get("metadata", {}))
    else:
        yield from _strings(json.loads(text))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
