"""Free texts without what is not their author's: unseen characters, HTML markup, quoted replies. Nothing else changes.

Only texts in which there is something to take away are rewritten: the table `wording_<column>` (row, text) has them,
and `of` takes that into account.
"""

import duckdb

from .codes import is_blank
from .hints import NUMBERS, OTHERS
from .profile import Profile
from .store import literal, quoted

UNSEEN = (  # as words.plain has them, in the spelling of DuckDB's regular expressions
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2064}"
    r"\x{2066}-\x{206f}\x{feff}\x{fff9}-\x{ffff}]"
)
_HTML = r"(?i)</(?:p|div|td|tr|span|body|html|table|font)>|<br\s*/?>|<(?:html|body|!doctype)\b"
_LINE_END = r"(?i)<br\s*/?>|</(?:p|div|tr)>"
_TAG = r"(?is)<(?:style|script)\b.*?</(?:style|script)>|<[a-z/!][^<>]*>"
_REPLY = (
    r"(?is)\n\s*(?:-{3,}\s*(?:original message|forwarded message|原始邮件|转发邮件)"
    r"|发件人\s*[:：][^\n]*\n\s*(?:发送时间|日期|时间|收件人)\s*[:：]).*$"
)
_QUOTED = r"(?m)^>.*\n?"
_SPACE = "\u3000\u00a0 \t\n\r"
_TOUCHED = rf"{UNSEEN}|\r|^[\s\x{{3000}}\x{{a0}}]|[\s\x{{3000}}\x{{a0}}]$|(?m:^>)|{_HTML}|{_REPLY}"
_LONGEST_BLANK = 12  # characters; no text that means "missing" is longer


def reword(con: duckdb.DuckDBPyConnection, column: str, header: str, profile: Profile) -> dict[str, int]:
    """Makes `wording_<column>`; how many texts had unseen characters, markup and quoted replies taken out of them.

    Texts that say the same are looked at once: `alike_<column>` (row, first) has the first row with the same text, by 128
    bits of hash; `noted_<column>` (first, text) the texts to clean or to look through for personal data. (A pattern in
    the WHERE of a query to Parquet costs three times as much as one in its SELECT: hence the table `seen`.)
    """
    x = quoted(header)
    wanted = " ".join(
        f"WHEN regexp_matches({x}, {literal(p)}) THEN true" for p in (_TOUCHED, NUMBERS, OTHERS)
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE hashes AS
        SELECT row, hash({x}) AS a, hash(substr({x}, 2)) AS b FROM raw WHERE {x} IS NOT NULL;
        CREATE OR REPLACE TABLE alike_{column} AS SELECT row, first FROM hashes JOIN
        (SELECT a, b, min(row) AS first FROM hashes GROUP BY a, b) USING (a, b);
        CREATE OR REPLACE TEMP TABLE seen AS SELECT row, CASE {wanted} ELSE {_short(x, profile)} END AS wanted FROM raw
        WHERE row IN (SELECT first FROM alike_{column});
        CREATE OR REPLACE TABLE noted_{column} AS SELECT row AS first, {x} AS text FROM raw
        WHERE row IN (SELECT row FROM seen WHERE wanted);
        CREATE OR REPLACE TABLE wording_{column} AS SELECT row, text, unseen, html, reply FROM alike_{column} JOIN (
        SELECT first, CASE WHEN NOT {is_blank("text", profile)} THEN text END AS text, unseen, html, reply FROM (
            SELECT *, trim(regexp_replace(regexp_replace(c, '{_REPLY}', ''), '{_QUOTED}', '', 'g'), {literal(_SPACE)}) AS text,
                regexp_matches(c, '{_REPLY}|(?m)^>') AS reply FROM (
            SELECT *, CASE WHEN html THEN {_unmarked("b")} ELSE b END AS c FROM (
            SELECT *, regexp_matches(b, '{_HTML}') AS html, length(b) < length(a) AS unseen FROM (
            SELECT *, regexp_replace(a, '{UNSEEN}', '', 'g') AS b FROM (
            SELECT first, replace(replace(text, chr(13) || chr(10), chr(10)), chr(13), chr(10)) AS a FROM noted_{column}
            WHERE regexp_matches(text, '{_TOUCHED}') OR {_short("text", profile)})))))) USING (first)"""
    )
    names = ("unseen", "html", "reply")
    counts = ", ".join(f"count(*) FILTER (WHERE {name})" for name in names)
    return dict(zip(names, con.execute(f"SELECT {counts} FROM wording_{column}").fetchone(), strict=True))


def _short(x: str, profile: Profile) -> str:
    return f"CASE WHEN length({x}) < {_LONGEST_BLANK} THEN {is_blank(f'tidy({x})', profile)} ELSE false END"


def of(column: str, text: str) -> str:
    """SQL for the cleaned text, where `text` is the raw one and `wording_<column>` is joined."""
    return f"CASE WHEN w_{column}.row IS NULL THEN {text} ELSE w_{column}.text END"


def join(column: str, to: str, row: str = "row") -> str:
    return f"LEFT JOIN wording_{column} w_{column} ON w_{column}.row = {to}.{row}"


def _unmarked(x: str) -> str:
    text = f"regexp_replace(regexp_replace({x}, '{_LINE_END}', chr(10), 'g'), '{_TAG}', '', 'g')"
    for entity, char in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = f"replace({text}, {literal(entity)}, {literal(char)})"
    return text
