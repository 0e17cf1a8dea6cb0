"""When two rows are the same: the same case at another moment, or the same matter over another channel.

All of it is asked of the rows as the store will keep them, so that it makes no difference whether they come in one
file or in several.
"""

from ..schema import CLOCKED, TABLES, Table
from .ledger import DUPLICATE
from .store import key_of, quoted
from .texts import all_texts, gather, joined, masked
from .work import Work, drop


def latest_states(work: Work) -> None:
    """One row a case: the latest state of it (B56)."""
    key = ", ".join(key_of(work.table.name))
    twice = f"SELECT hash({key}) AS k FROM out GROUP BY 1 HAVING count(*) > 1"
    rows = f"(SELECT * EXCLUDE (k) FROM (SELECT *, hash({key}) AS k FROM out) SEMI JOIN ({twice}) USING (k))"
    gather(work, "states", rows, masked(work))
    ranked = f"SELECT row, row_number() OVER (PARTITION BY {key} ORDER BY {later(work.table)}, row DESC) AS n FROM states"
    drop(work, "same_id", f"SELECT row FROM ({ranked}) WHERE n > 1", DUPLICATE, "out")


def across_channels(work: Work) -> None:
    """The same matter brought over two channels: the earliest stays (the profile's rule)."""
    rule = work.profile.duplicates
    if rule is None or work.table.name != "complaints":
        return
    same = ", ".join(quoted(c) for c in rule.same)
    full = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in rule.same)
    rows = matter_rows(work)
    work.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE matters AS SELECT row, complaint_id, source, channel, received_at, {same} FROM {rows}
        SEMI JOIN (SELECT {same} FROM {rows} WHERE {full} GROUP BY ALL HAVING count(*) > 1) USING ({same})"""
    )
    drop(
        work,
        "channel",
        f"""SELECT b.row FROM matters a JOIN matters b USING ({same}) WHERE {other_channel("a", "b")}
        AND (a.received_at, a.complaint_id, a.row) < (b.received_at, b.complaint_id, b.row)
        AND b.received_at - a.received_at <= {hours(rule.within_hours)}""",
        DUPLICATE,
        "out",
    )


def matter_rows(work: Work) -> str:
    """SQL for the rows of `out`, with their texts where the rule for duplicates compares texts."""
    return joined("out", masked(work)) if set(work.profile.duplicates.same) & set(all_texts(work)) else "out"


def other_channel(a: str, b: str) -> str:
    """SQL: two rows came over different sources or channels."""
    return f"({a}.source IS DISTINCT FROM {b}.source OR {a}.channel IS DISTINCT FROM {b}.channel)"


def hours(count: float) -> str:
    return f"INTERVAL {int(count * 3600)} SECOND"


def later(table: Table) -> str:
    """SQL order in which the latest state of a case comes first, whatever order the rows came in.

    A re-opened state is later than one that is not; then more of the times that end something, the latest time, more
    columns filled; then by value, so that the answer never hangs on the order of rows. Tables without such times have
    no order of their own: the last row wins.
    """
    if table.name not in CLOCKED:
        return "0"
    begin, *ends = CLOCKED[table.name]
    rest = [c for c in table.columns if c not in key_of(table.name)]
    done, filled = (" + ".join(f"CAST({c} IS NOT NULL AS INTEGER)" for c in some) for some in (ends, rest))
    first = ["reopened DESC NULLS LAST"] if "reopened" in table.columns else []
    first += [f"{done} DESC", f"greatest({', '.join([begin, *ends])}) DESC", f"{filled} DESC"]
    return ", ".join(first + [f"{c} DESC NULLS LAST" for c in rest])


def same_key(table: str, a: str, b: str) -> str:
    """SQL: two rows are the same case; a part of the key that may be missing is missing in both."""
    required = TABLES[table].required
    return " AND ".join(
        f"{a}.{quoted(c)} {'=' if c in required else 'IS NOT DISTINCT FROM'} {b}.{quoted(c)}"
        for c in key_of(table)
    )
