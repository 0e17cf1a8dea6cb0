"""The only door to the tables: counts, series, spells and rows, asked of the engine that holds them.

Written in Ibis, so the same questions run on DuckDB over Parquet files (the default), and on an engine a company
already has. Only counts, sums, date truncation, comparisons and windows are used, which every engine answers alike.
Frames come back small, sorted by their key columns, with missing categories as `schema.BLANK`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.expr.operations import DatabaseTable

from ..clock import Clock
from ..period import Period
from ..schema import BLANK, CLASS, NONE, OTHER, TABLES, TEXT, TEXTS
from ..shared import shared
from ..taxonomies import load_taxonomy
from ..words import Trouble, Words
from . import cases, lengths, promises, slots
from .ask import category, chosen, filled, hidden_then, missing, moment
from .frames import DAILY, as_numbers, grid, slots_of, to_arrow
from .steps import open_cases, steps

_CASE = ("complaint_id", "source", "received_at")  # what a complaint and its texts have in common
STOCKS = ("customers",)  # measures that stand at a moment: averaged over months, where the others add up
NEWEST = pd.Timedelta(days=92)  # the last row is looked for here first
ENDS = {"events": "left_at"}  # the time by which a row is no longer open; `closed_at` elsewhere

Where = Mapping[str, Any]


class NotMeasured(Trouble):
    """The store has no such table, column or values: a method says so and the run goes on.

    What there is to do about it stands in `data/labels.csv` under `needs`. As text (`str`) it names only what is needed:
    more than these plain words a report does not take out of a notebook.
    """

    def __init__(self, needs: str):
        self.needs = needs
        words = Words("未测量：需要 {needs:needs}", "not measured: needs {needs:needs}")
        super().__init__(words, needs=needs)
        self.args = (f"not measured: needs {needs}",)


@dataclass(frozen=True)
class Break:
    """A change of a field's taxonomy at a moment: nothing is compared across it."""

    field: str
    at: pd.Timestamp
    words: Words


@dataclass(frozen=True, eq=False)
class Book:
    """Tables of one store. `at(as_of)` gives the book as it stood at a moment."""

    connected: Callable[[], Any]  # to the engine: where it is a store's files, at the first question
    tables: Mapping[str, ir.Table]
    clock: Clock
    breaks: tuple[Break, ...] = ()
    fingerprint: str = ""
    as_of: pd.Timestamp | None = None
    filled: Callable[[str], frozenset[str]] | None = None  # a table's columns with a value, where files tell
    answers: dict[Any, pd.DataFrame] = field(default_factory=dict, repr=False)  # of questions asked before

    @classmethod
    def of(
        cls, *, clock: Clock | None = None, breaks: Iterable[Break] = (), **frames: pd.DataFrame
    ) -> "Book":
        """A book of pandas frames in canonical columns; minutes beside the times are added where they are missing."""
        clock = clock or Clock()
        tables = {name: ibis.memtable(to_arrow(name, frame, clock)) for name, frame in frames.items()}
        return cls(cache(ibis.duckdb.connect), tables, clock, tuple(breaks))

    @property
    def con(self) -> Any:
        return self.connected()

    def at(self, as_of: pd.Timestamp | None) -> "Book":
        """The book as of a moment: rows that came later are gone, times that came later are still missing."""
        return replace(self, as_of=None if as_of is None else pd.Timestamp(as_of))

    def only(self, where: Where) -> "Book":
        """The book of the complaints whose columns have these values, with what belongs to them: events and surveys by
        `complaint_id`, and of the exposure the part of that cell, if it is known by those columns; else it has none.
        """
        cases = self._rows("complaints", ["complaint_id", *where], where)
        tables = {**self.tables, "complaints": chosen(self.tables["complaints"], where)}
        for name in self.tables.keys() & {"events", "surveys"}:
            if "complaint_id" in self.tables[name].columns:
                tables[name] = self.tables[name].semi_join(cases, "complaint_id")
        if "exposure" in tables and self.has("exposure", *where):
            tables["exposure"] = chosen(tables["exposure"], where)
        else:
            tables.pop("exposure", None)
        return replace(self, tables=tables)

    def classed(self, taxonomy: str, within: bool = False) -> "Book":
        """The book whose complaints have a further column, `schema.CLASS`: the class (the sub-class where `within`) of
        their reason in a taxonomy, `schema.NONE` where it has none for it. What breaks the reasons breaks the classes.
        """
        cases, codes = self.tables.get("complaints"), load_taxonomy(taxonomy).codes(within)
        if cases is None or "reason" not in cases.columns:
            raise NotMeasured("complaints.reason")
        reason = category(cases, "reason")
        known = reason.cases((BLANK, ibis.null("string")), *codes.items(), else_=NONE)
        breaks = (replace(one, field=CLASS) for one in self.breaks if one.field == "reason")
        tables = {**self.tables, "complaints": cases.mutate(**{CLASS: known})}
        return replace(self, tables=tables, breaks=(*self.breaks, *breaks))

    def lumped(self, kept: Mapping[str, Iterable[str]]) -> "Book":
        """The book whose complaints have, in each of these columns of codes, the values named, and `schema.OTHER` for all
        others: what is asked by several wide columns stays small."""
        cases = self.tables["complaints"]
        codes = {name: category(cases, name) for name in kept}
        cases = cases.mutate(
            **{name: ibis.ifelse(code.isin(sorted(kept[name])), code, OTHER) for name, code in codes.items()}
        )
        return replace(self, tables={**self.tables, "complaints": cases})

    # ------------------------------------------------------------------------------------------ questions

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there and each of the columns has at least one value."""
        if table not in self.tables:
            return False
        return all(self._filled(self._home(table, column), column) for column in columns)

    def counts(
        self,
        table: str = "complaints",
        by: Sequence[str] = (),
        window: Period | None = None,
        basis: str = "received",
        where: Where | None = None,
        total: str | None = None,
    ) -> pd.DataFrame:
        """How many rows fall into the window, by columns: the `by` columns and `n`.

        Basis: `received` (the table's own time lies in the window), `closed` (closed in it), `open` (received before
        its end and not closed by then; of events, the last steps of open cases). `by=[]` gives one row. `total` adds a column with the sum of that column.
        """
        rows = self._in_window(
            self._held(table, [*by, *_some(total)], where, basis, window), table, window, basis
        )
        return self._grouped(rows, by, total)

    def series(
        self,
        table: str = "complaints",
        by: Sequence[str] = (),
        periods: Sequence[Period] = (),
        basis: str = "received",
        where: Where | None = None,
        total: str | None = None,
    ) -> pd.DataFrame:
        """Counts per period: `period`, the `by` columns, `n` (and the sum of `total`), zeros included.

        Every period comes with every combination of categories that occurs in any of them.
        """
        if basis == "open" and table == "events":
            parts = [
                self.at(p.as_of).counts(table, by, p, basis, where).assign(period=p.text) for p in periods
            ]
            return grid(pd.concat(parts), by, periods, ["n"])
        if basis == "open":
            return self._open_series(table, by, periods, where)
        time = _time_of(table, basis)
        rows = self._rows(table, [*by, time, *_some(total)], where, [time])
        rows = self._between(rows, time, periods[0].start, periods[-1])
        day = rows[time].date()
        # Numbers of months: to cut a time off at its month takes an engine longer than all the rest.
        slot = day if periods[0].kind in DAILY else day.year() * 12 + day.month()
        found = self._tally(rows.mutate(slot=slot), ["slot", *by], total)
        found.insert(0, "period", found.pop("slot").map(slots_of(periods)).astype(object))
        values = ["n", *_some(total)]
        found = found.groupby(["period", *by], as_index=False, sort=False)[values].sum()
        return grid(as_numbers(found, total), by, periods, values)

    def exposure(self, measure: str, periods: Sequence[Period], by: Sequence[str] = ()) -> pd.DataFrame:
        """The denominator per period: `period`, the `by` columns, `value`; missing where a month is not there.

        Months are the grain: a day or week takes its share of its month's days; customers are averaged over months.
        """
        cells = [column for column in ("channel", "product", "region") if self.has("exposure", column)]
        rows = self._rows("exposure", [*by, *cells, "month", "value"], {"measure": measure})
        for column in cells:  # a source may bring margins beside the cells: only cells are summed
            rows = rows.filter(rows[column].notnull())
        found = self._grouped(rows, ["month", *by], "value")
        months, shares = set(found["month"]), []
        for period in periods:
            start, end = period.start, self._end(period)
            parts = _months(start, end)
            if end > start and months.issuperset(parts):
                weights = [_overlap(start, end, month) for month in parts]
                whole = sum(weights) if measure in STOCKS else 1
                shares += [(period.text, month, w / whole) for month, w in zip(parts, weights, strict=True)]
        parts = pd.DataFrame(shares, columns=["period", "month", "share"])
        found = parts.astype({"month": found["month"].dtype}).merge(found, on="month")
        found["value"] *= found["share"]
        found = found.groupby(["period", *by], as_index=False)["value"].sum()
        return grid(found, by, periods, ["value"], fill=None)

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        window: Period | None = None,
        limit: int = 1000,
        where: Where | None = None,
        basis: str = "received",
        latest: bool = False,
    ) -> pd.DataFrame:
        """Named columns of single rows, in order of time and key (latest first if wanted), at most `limit`."""
        apart = [c for c in columns if self._home(table, c) == TEXTS]
        held = [c for c in columns if c not in apart]
        known = self.tables[table].columns if table in self.tables else ()
        order = [c for c in dict.fromkeys([TABLES[table].time, *TABLES[table].key]) if c in known]
        wanted = list(dict.fromkeys([*held, *order, *(_CASE if apart else [])]))
        rows = self._in_window(self._held(table, wanted, where, basis, window), table, window, basis)
        ordered = [ibis.desc(c) if latest else ibis.asc(c) for c in order]
        parts = [rows]
        if latest and window is None and self.as_of is not None:  # most often the newest are enough
            parts.insert(0, rows.filter(rows[order[0]] >= moment(self.as_of - NEWEST)))
        for part in parts:
            found = self._ask(part.order_by(ordered).select(*(wanted if apart else held)).limit(limit))
            if len(found) == limit:
                break
        return found if not apart else self._with_texts(found, apart)[list(columns)]

    def codes(self, column: str, newest: bool = False) -> list[str]:
        """The codes that a column of the complaints has, or the newest of them, in their order; missing ones as `schema.BLANK`."""
        newest = newest and self.as_of is not None
        rows = self._rows("complaints", [column, *(["received_at"] if newest else [])])
        if newest:
            rows = rows.filter(rows.received_at >= moment(self.as_of - NEWEST))
        found = self._ask(rows.select(column).distinct())[column]
        return sorted(set(found.mask(missing(found), BLANK)))

    def span(self, table: str = "complaints") -> tuple[pd.Timestamp, pd.Timestamp]:
        """When the first and the last row of a table came, by its own time; (NaT, NaT) where there is none."""
        time = TABLES[table].time
        rows = self._rows(table, [time])
        rows = rows.filter(rows[time].notnull()).select(time)
        # By order, since most files are passed over so, and none by asking for the least.
        first = self._ask(rows.order_by(time).limit(1))[time].max()
        newest = rows if self.as_of is None else rows.filter(rows[time] >= moment(self.as_of - NEWEST))
        last = self._ask(newest.aggregate(last=newest[time].max()))["last"].iloc[0]
        if pd.isna(last) and pd.notna(first):
            last = self._ask(rows.aggregate(last=rows[time].max()))["last"].iloc[0]
        return pd.Timestamp(first), pd.Timestamp(last)

    def breaks_in(self, field: str, periods: Sequence[Period]) -> tuple[Break, ...]:
        """Breaks of the field's taxonomy after the first period began and before the last ends."""
        start, end = periods[0].start, periods[-1].end
        return tuple(b for b in self.breaks if b.field == field and start < b.at < end)

    @shared
    def seen(self, period: Period) -> pd.DataFrame:
        """The rows an analysis of the period sees, for the reader: counts and the stretch of time they cover."""
        book = self.at(period.as_of)
        rows = book._rows("complaints", ["received_at"])
        came = rows.received_at
        within = (came >= moment(period.start)) & (came < moment(book._end(period)))
        found = book._ask(
            rows.aggregate(
                n=within.sum(), n_all=rows.count(), first_received=came.min(), last_received=came.max()
            )
        )
        found = found.assign(n=found["n"].fillna(0).astype("int64"), period=period.text, as_of=period.as_of)
        return found[["period", "n", "n_all", "first_received", "last_received", "as_of"]]

    spells, returns = lengths.spells, lengths.returns
    due, deadlines = promises.due, promises.deadlines
    slots = slots.slots
    checks, flows, paths, breaches = cases.checks, cases.flows, cases.paths, cases.breaches

    # ------------------------------------------------------------------------------------------- how it asks

    def _rows(
        self,
        name: str,
        columns: Sequence[str],
        where: Where | None = None,
        bounded: Collection[str] = (),
    ) -> ir.Table:
        """The table's rows as of the book's moment, and of their columns those named as they stood then.

        `bounded` are times of which the question itself takes none after that moment: what an engine is not told twice
        it finds sooner.
        """
        if name not in self.tables:
            raise NotMeasured(name)
        rows, time, where = self.tables[name], TABLES[name].time, where or {}
        if missing := [c for c in (*columns, *where) if c not in rows.columns]:
            raise NotMeasured(", ".join(f"{name}.{column}" for column in missing))
        named = {*columns, *where, time, _time_of(name, "closed")}  # the fewer, the shorter every question
        rows = rows.select(*(column for column in rows.columns if column in named))
        if self.as_of is not None and time in rows.columns:
            if time not in bounded:
                rows = rows.filter((rows[time] < moment(self.as_of)) | rows[time].isnull())
            hidden = hidden_then(rows, name, moment(self.as_of), {*columns, *where}, bounded)
            rows = rows.mutate(**hidden) if hidden else rows
        return chosen(rows, where)

    def _held(
        self, table: str, columns: Sequence[str], where: Where | None, basis: str, window: Period | None
    ) -> ir.Table:
        """The rows a question of that basis is about: the steps that are open are those that nothing came after."""
        if table != "events" or basis != "open":
            bounded = [] if window is None or basis == "open" else [_time_of(table, basis)]
            return self._rows(table, columns, where, bounded)
        rows = steps(self, columns, where, None, open_cases(self, window and window.end))
        return rows.filter(rows.closing.isnull())

    def _filled(self, table: str, column: str) -> bool:
        held = self.tables[table]
        if self.filled and isinstance(held.op(), DatabaseTable):  # the files', none that was filtered since
            return column in self.filled(table)
        return filled(self.con, held, column)

    def _home(self, table: str, column: str) -> str:
        """The table that holds the column: texts may stand apart from the complaints."""
        apart = table == "complaints" and TEXTS in self.tables and TABLES[table].columns.get(column) == TEXT
        return TEXTS if apart and column not in self.tables[table].columns else table

    def _with_texts(self, found: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """The few rows found, with their texts; their times say where in the file these are."""
        if found.empty:
            return found.reindex(columns=[*found.columns, *columns])
        texts = self.tables[TEXTS]
        first, last = found["received_at"].min(), found["received_at"].max()
        texts = texts.filter(texts.received_at.between(moment(first), moment(last)))
        # As one value: thousands of them are slow to put into a question.
        cases = ibis.literal(found["complaint_id"].tolist(), "array<string>")
        texts = texts.filter(cases.contains(texts.complaint_id))
        return found.merge(self._ask(texts.select(*_CASE, *columns)), on=list(_CASE), how="left")

    def _in_window(self, rows: ir.Table, table: str, window: Period | None, basis: str) -> ir.Table:
        time = _time_of(table, basis)
        if window is None and basis == "received":
            return rows
        if time not in rows.columns:
            raise NotMeasured(f"{table}.{time}")
        if basis == "open":
            end = moment(self._end(window) if window else self.as_of)
            begun = rows[TABLES[table].time] < end
            return rows.filter(begun & (rows[time].isnull() | (rows[time] >= end)))
        if window is not None:
            return self._between(rows, time, window.start, window)
        return (
            rows.filter(rows[time] < moment(self.as_of)) if self.as_of else rows.filter(rows[time].notnull())
        )

    def _between(self, rows: ir.Table, time: str, start: pd.Timestamp, last: Period) -> ir.Table:
        return rows.filter((rows[time] >= moment(start)) & (rows[time] < moment(self._end(last))))

    def _end(self, window: Period) -> pd.Timestamp:
        return min(window.end, self.as_of) if self.as_of is not None else window.end

    def _grouped(self, rows: ir.Table, by: Sequence[str], total: str | None = None) -> pd.DataFrame:
        found = as_numbers(self._tally(rows, by, total), total)
        return found.sort_values(list(by), kind="stable", ignore_index=True) if by else found

    def _tally(self, rows: ir.Table, by: Sequence[str], total: str | None = None) -> pd.DataFrame:
        """How many rows there are by columns, and how much of `total`, missing categories as `schema.BLANK`."""
        sums = {"n": rows.count()}
        if total:  # as decimals: the same sum in any order of the rows
            sums[total] = rows[total].cast("decimal(20, 4)").sum()
        found = self._ask(rows.group_by(*by).aggregate(**sums) if by else rows.aggregate(**sums))
        # Named here, not in the question: an engine counts codes faster than texts that it has to make first.
        blank = {column: missing(found[column]) for column in by if rows[column].type().is_string()}
        if any(where.any() for where in blank.values()):
            found = found.assign(
                **{column: found[column].mask(where, BLANK) for column, where in blank.items()}
            )
            found = found.groupby(list(by), as_index=False, sort=False, dropna=False)[list(sums)].sum()
        return found

    def _open_series(
        self, table: str, by: Sequence[str], periods: Sequence[Period], where: Where | None
    ) -> pd.DataFrame:
        """Open at each period's end = open before the first + received - closed since: it re-adds by construction."""
        before = self.counts(table, by, periods[0].previous(), "open", where).assign(period=periods[0].text)
        came = self.series(table, by, periods, "received", where)
        left = self.series(table, by, periods, "closed", where)
        change = pd.concat([before, came, left.assign(n=-left["n"])])
        change = change.groupby(["period", *by], as_index=False)["n"].sum()
        found = grid(change, by, periods, ["n"])
        found["n"] = found.groupby(list(by))["n"].cumsum() if by else found["n"].cumsum()
        return found

    def _ask(self, question: ir.Table) -> pd.DataFrame:
        key = question.op()
        if key not in self.answers:
            self.answers[key] = self.con.to_pyarrow(question).to_pandas()
        return self.answers[key].copy()


def _some(total: str | None) -> list[str]:
    return [total] if total else []


def _time_of(table: str, basis: str) -> str:
    return ENDS.get(table, "closed_at") if basis in ("closed", "open") else TABLES[table].time


def _months(start: pd.Timestamp, end: pd.Timestamp) -> list[pd.Timestamp]:
    """The first days of the months that a stretch of time lies in."""
    first = start.to_period("M").start_time
    return pd.date_range(first, end, freq="MS", inclusive="left").tolist()


def _overlap(start: pd.Timestamp, end: pd.Timestamp, month: pd.Timestamp) -> float:
    """The share of the month's days that lie between start and end."""
    close = month + pd.DateOffset(months=1)
    return max((min(end, close) - max(start, month)) / (close - month), 0.0)
