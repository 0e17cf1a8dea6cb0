"""The free texts of a file. They are long, so they stay where they were read: what is changed in a text is noted beside
its row, and text and row come together where one is asked for, in the end in the store's files.
"""

from ..schema import TEXT
from . import wording
from .store import quoted
from .work import Work


def cleaned(work: Work) -> str:
    """SQL: `row` and the texts without what is not their author's."""
    return _texts(work, {c: wording.of(c, f"raw.{quoted(work.headers[c])}") for c in work.texts})


def masked(work: Work) -> str:
    """SQL: `row` and the texts as the store keeps them."""
    texts = {c: wording.of(c, f"raw.{quoted(work.headers[c])}") for c in work.texts}
    hidden = {c: f"coalesce(masked_{c}.masked, {text})" for c, text in texts.items()}
    return _texts(work, hidden, " ".join(f"LEFT JOIN masked_{c} ON masked_{c}.row = raw.row" for c in texts))


def joined(rows: str, texts: str) -> str:
    """SQL: rows of the file with their texts; all texts are gone through for them."""
    return (
        f"(SELECT r.*, t.* EXCLUDE (row) FROM {rows} r LEFT JOIN {texts} t ON t.row = r.row)"
        if texts
        else rows
    )


def gather(work: Work, name: str, rows: str, texts: str) -> None:
    """Makes a table of rows of the file with their texts; where there are no such rows, texts are left alone."""
    work.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {joined(rows, texts and f'(FROM {texts} LIMIT 0)')}"
    )
    if texts and work.one(f"SELECT count(*) FROM {name}"):
        columns = ", ".join(all_texts(work))
        work.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {joined(f'(SELECT * EXCLUDE ({columns}) FROM {name})', texts)}"
        )


def all_texts(work: Work) -> list[str]:
    """The table's columns of free text, whether the file has them or not."""
    return [c for c, kind in work.table.columns.items() if kind == TEXT]


def _texts(work: Work, columns: dict[str, str], joins: str = "") -> str:
    if not all_texts(work):
        return ""
    picked = [f"{columns.get(c, 'CAST(NULL AS VARCHAR)')} AS {c}" for c in all_texts(work)]
    clean = " ".join(wording.join(c, "raw") for c in columns)
    there = " OR ".join(f"raw.{quoted(work.headers[c])} IS NOT NULL" for c in columns) or "false"
    return f"(SELECT raw.row, {', '.join(picked)} FROM raw {clean} {joins} WHERE {there})"
