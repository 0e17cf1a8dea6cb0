"""Privacy at the door: identifiers become keyed pseudonyms, what texts say of people is masked."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import duckdb

from . import wording
from .codes import REPAIRED
from .hints import NUMBERS, OTHERS
from .mask import mask
from .pseudonym import Pseudonyms
from .store import literal
from .typed import SECRET
from .work import Work, append, counted


def pseudonymise(work: Work, pseudonyms: Pseudonyms, customers: str | None) -> None:
    """Direct identifiers become keyed pseudonyms, one purpose each.

    `customers` is SQL for the pseudonyms of the store's customers. A customer number that is not among them is set
    right when exactly one of its other `spellings` is; else it stays as it came and is counted as unknown.
    """
    con, rows = work.con, work.one("SELECT count(*) FROM cases")
    columns = [
        c for c in work.table.columns if c in SECRET and (c in work.headers or c in work.profile.constants)
    ]
    if not columns:
        return
    for column in columns:
        con.execute(f"CREATE OR REPLACE TABLE token_{column}(value VARCHAR, token VARCHAR, spelled VARCHAR)")
        values = f"SELECT DISTINCT {column} FROM cases WHERE {column} IS NOT NULL"
        _tokens(work, values, f"token_{column}", SECRET[column], pseudonyms, lambda value: [value])
    if "customer_id" in columns and customers and work.table.name != "customers":
        _set_right(work, pseudonyms, customers, rows)
    counts = [(c, work.one(f"SELECT count({c}) FROM cases")) for c in columns]
    joins = " ".join(f"LEFT JOIN token_{c} t_{c} ON cases.{c} = t_{c}.value" for c in columns)
    replaced = ", ".join(f"t_{c}.token AS {c}" for c in columns)
    con.execute(f"CREATE TABLE cases_ AS SELECT cases.* REPLACE ({replaced}) FROM cases {joins}")
    con.execute("DROP TABLE cases; ALTER TABLE cases_ RENAME TO cases")
    work.ledger.add("pseudonym", rows, note=counted(counts))


def spellings(customer: str) -> list[str]:
    """Other ways in which a customer number may have been meant: capitals, no separators, letters that look like
    digits, leading zeros lost."""
    bare = "".join(c for c in customer.upper() if c.isalnum())
    head = bare.rstrip("0123456789OIL")
    digits = bare[len(head) :].translate(str.maketrans("OIL", "011"))
    padded = [head + digits.zfill(size) for size in range(len(digits), 13)] if digits else []
    return list(dict.fromkeys([customer.upper(), bare, *padded]))


def _set_right(work: Work, pseudonyms: Pseudonyms, customers: str, rows: int) -> None:
    unknown = f"SELECT value FROM token_customer_id WHERE token NOT IN ({customers})"
    work.con.execute("CREATE OR REPLACE TEMP TABLE tried(value VARCHAR, token VARCHAR, spelled VARCHAR)")
    _tokens(work, unknown, "tried", SECRET["customer_id"], pseudonyms, spellings)
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE right_ AS SELECT value, min(token) AS token FROM tried
        WHERE token IN ({customers}) GROUP BY 1 HAVING count(DISTINCT token) = 1"""
    )
    work.con.execute("UPDATE token_customer_id t SET token = r.token FROM right_ r WHERE t.value = r.value")
    where = "customer_id IN (SELECT value FROM right_)"
    count, samples = work.one(f"SELECT count(*) FROM cases WHERE {where}"), work.samples(where)
    work.con.execute(f"UPDATE cases SET bits = bits | {REPAIRED} WHERE {where}")
    left = work.one(f"SELECT count(*) FROM cases WHERE customer_id IN ({unknown})")
    work.ledger.add(
        "customer", rows, changed=count, samples=samples, note=counted([("unknown", left)] * (left > 0))
    )


def _tokens(
    work: Work,
    values: str,
    table: str,
    purpose: str,
    pseudonyms: Pseudonyms,
    forms: Callable[[str], list[str]],
) -> None:
    """Appends (value, token, spelled) to the table for each of the values' forms."""
    for batch in work.con.cursor().execute(values).to_arrow_reader(50_000):
        pairs = [(value, form) for value in batch.column(0).to_pylist() for form in forms(value)]
        tokens = pseudonyms.tokens([form for _, form in pairs], purpose=purpose)
        append(
            work.con, table, value=[v for v, _ in pairs], token=tokens, spelled=[form for _, form in pairs]
        )


@contextmanager
def masking(work: Work) -> Iterator[Callable[[], None]]:
    """Looks through the texts on a thread of its own, while the engine works on the other columns; gives what notes the
    result: makes `masked_<column>` (row, masked) of the rows that are left, and the line of the ledger.

    Each different text in which there may be something is looked through once.
    """
    stop = Event()
    with ThreadPoolExecutor(1) as beside, work.con.cursor() as texts, work.con.cursor() as found:
        looked = beside.submit(_look_through, work, texts, found, stop)

        def note() -> None:
            looked.result()
            _note_masked(work)

        try:
            yield note
        finally:
            stop.set()


def _look_through(
    work: Work, texts: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyConnection, stop: Event
) -> None:
    """Makes `looked_<column>` (first, masked, kinds) of the texts in which there is something."""
    for column in work.texts:
        found.execute(f"CREATE OR REPLACE TABLE looked_{column}(first BIGINT, masked VARCHAR, kinds VARCHAR)")
        maybe = f"""SELECT first, text FROM (SELECT first, {wording.of(column, "n.text")} AS text
            FROM noted_{column} n {wording.join(column, "n", "first")})
            WHERE regexp_matches(text, {literal(NUMBERS)}) OR regexp_matches(text, {literal(OTHERS)})"""
        for batch in texts.execute(maybe).to_arrow_reader(2_000):
            if stop.is_set():
                return
            rows = zip(*(batch.column(at).to_pylist() for at in (0, 1)), strict=True)
            done = [(first, *mask([text])) for first, text in rows]
            said = [(first, text, counted(sorted(kinds.items()))) for first, (text,), kinds in done if kinds]
            if said:
                columns = zip(("first", "masked", "kinds"), map(list, zip(*said, strict=True)), strict=True)
                append(found, f"looked_{column}", **dict(columns))


def _note_masked(work: Work) -> None:
    found: Counter[str] = Counter()
    rows, changed = work.one("SELECT count(*) FROM cases"), 0
    for column in work.texts:
        work.con.execute(
            f"""CREATE OR REPLACE TABLE masked_{column} AS
            SELECT row, masked FROM alike_{column} JOIN looked_{column} USING (first) SEMI JOIN cases USING (row)"""
        )
        changed += work.one(f"SELECT count(*) FROM masked_{column}")
        kinds = f"""SELECT kinds, count(*) FROM looked_{column}
            WHERE first IN (SELECT first FROM alike_{column} SEMI JOIN cases USING (row)) GROUP BY 1"""
        for said, texts in work.con.execute(kinds).fetchall():
            for kind, _, count in (part.rpartition(" ") for part in said.split(", ")):
                found[kind] += int(count) * texts
    work.ledger.add("mask", rows, changed=changed, note=counted(sorted(found.items())))
