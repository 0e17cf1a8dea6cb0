"""The last look for personal data: every text of every file of a report, before it is delivered."""

import csv
import io
import json
from collections.abc import Collection, Iterator
from typing import Any

from .gates import visible

# Kinds that have a form of their own. Names and order numbers are masked at intake, but a gate on them would stop
# reports for a product's name.
GATED = ("phone", "id_card", "bank_card", "ssn", "plate", "email")


def personal(path: str, content: bytes, known: Collection[str] = ()) -> list[str]:
    """The kinds of personal data found in a file's texts; `known` are case numbers, which may look like anything."""
    from ..intake.mask import mask

    texts = {text.strip() for text in _texts(path, content.decode("utf-8-sig"))}
    _, counts = mask(sorted(text for text in texts if text and text not in known))
    return [kind for kind in GATED if counts[kind]]


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
