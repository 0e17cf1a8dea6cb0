"""The only door to the tables: counts, series, spells and rows, asked of the engine that holds them.

Written in Ibis, so the same questions run on DuckDB over Parquet files (the default), and on an engine a company
already has. Only counts, sums, date truncation and comparisons are used, which every engine answers alike.
Frames come back small, sorted by their key columns, with missing categories as `schema.BLANK`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from .clock import Clock
from .home import DEMO, STORE
from .period import Period
from .schema import BLANK, CLOCKED, CODE, ID, TABLES, TEXT
from .words import Trouble, Words

CLOCKS = ("elapsed", "worked")
STOCKS = ("customers",)  # measures that stand at a moment: averaged over months, where the others add up
_UNITS = {"minute": 1, "hour": 60, "day": 1440}
_TRUNCATE = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "half": "Q", "year": "Y"}

Where = Mapping[str, Any]


class Window(Protocol):
    """What `spells` asks of a window; a Period is one."""

    text: str
    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp


class _Always(NamedTuple):
    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp
    text: str = ""


class NotMeasured(Trouble):
    """The store has no such table, column or values: a method says so and the run goes on."""

    def __init__(self, needs: str):
        self.needs = needs
        super().__init__(Words("未测量：需要 {needs}", "not measured: needs {needs}"), needs=needs)


@dataclass(frozen=True)
class Break:
    """A change of a field's taxonomy at a moment: nothing is compared across it."""

    field: str
    at: pd.Timestamp
    words: Words


@dataclass(frozen=True, eq=False)
class Book:
    """Tables of one store. `at(as_of)` gives the book as it stood at a moment."""

    con: Any
    tables: Mapping[str, ir.Table]
    clock: Clock
    breaks: tuple[Break, ...] = ()
    fingerprint: str = ""
    as_of: pd.Timestamp | None = None

    @classmethod
    def of(
        cls, *, clock: Clock | None = None, breaks: Iterable[Break] = (), **frames: pd.DataFrame
    ) -> "Book":
        """A book of pandas frames in canonical columns; minutes beside the times are added where they are missing."""
        clock = clock or Clock()
        tables = {name: ibis.memtable(_arrow(name, frame, clock)) for name, frame in frames.items()}
        return cls(ibis.duckdb.connect(), tables, clock, tuple(breaks))

    def at(self, as_of: pd.Timestamp | None) -> "Book":
        """The book as of a moment: rows that came later are gone, times that came later are still missing."""
        return replace(self, as_of=None if as_of is None else pd.Timestamp(as_of))

    # ------------------------------------------------------------------------------------------ questions

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there and each of the columns has at least one value."""
        if table not in self.tables:
            return False
        return all(_filled(self.con, self.tables[table], column) for column in columns)

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
        its end and not closed by then). `by=[]` gives one row. `total` adds a column with the sum of that column.
        """
        rows = self._in_window(self._rows(table, [*by, *_some(total)], where), table, window, basis)
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
        if basis == "open":
            return self._open_series(table, by, periods, where)
        time = _time_of(table, basis)
        rows = self._rows(table, [*by, time, *_some(total)], where)
        rows = self._between(rows, time, periods[0].start, periods[-1])
        rows = rows.mutate(period_start=rows[time].truncate(_TRUNCATE[periods[0].kind]))
        found = self._grouped(rows, ["period_start", *by], total)
        names = {
            start: Period.holding(start, periods[0].kind).text for start in found["period_start"].unique()
        }
        found.insert(0, "period", found.pop("period_start").map(names).astype(object))
        values = ["n"] if total is None else ["n", total]
        found = found.groupby(["period", *by], as_index=False, sort=False)[values].sum()
        return _grid(found, by, periods, values)

    def spells(
        self,
        start: str = "received_at",
        end: str = "closed_at",
        by: Sequence[str] = (),
        window: Window | Sequence[Window] | None = None,
        basis: str = "received",
        unit: str = "minute",
        clock: str = "elapsed",
        where: Where | None = None,
        table: str = "complaints",
    ) -> pd.DataFrame:
        """Lengths of time from `start` to `end` as counts: the `by` columns, `duration`, `observed`, `n`.

        `duration` is in whole units (minute, hour, day) of the clock (`elapsed` or `worked`). Cases without an end
        come with `observed` False and their age so far. Basis `received` takes the cases whose `start` lies in the
        window, `closed` those whose `end` does, which is the naive view. Several windows, which must not overlap, are
        asked in one question and told apart by a column `period`; each is seen at its own `as_of`.
        """
        ends = f"{end}_{clock}"
        rows = self._rows(table, [*by, start, end, ends], where)
        several = window is not None and not hasattr(window, "as_of")
        windows = list(window) if several else [window or _Always(*self.span(), self.as_of or self.span()[1])]
        if several and not windows:
            return pd.DataFrame(columns=["period", *by, "duration", "observed", "n"])
        rows = rows.filter(rows[start].notnull())
        time = rows[end if basis == "closed" else start]
        inside = [
            (time >= _moment(w.start)) & (time < _moment(min(w.end, self._now(w))))
            if window is not None
            else time.notnull()
            for w in windows
        ]
        rows = rows.mutate(
            period=ibis.cases(*zip(inside, (w.text for w in windows), strict=True)),
            seen_at=ibis.cases(*zip(inside, (_moment(self._now(w)) for w in windows), strict=True)),
            seen=ibis.cases(*zip(inside, (self._minutes(w, clock) for w in windows), strict=True)),
        )
        rows = rows.filter(rows.period.notnull())
        rows = rows.mutate(observed=(rows[end] < rows.seen_at).fill_null(False))
        length = ibis.ifelse(rows.observed, rows[ends], rows.seen) - rows[f"{start}_{clock}"]
        rows = rows.mutate(duration=(length / _UNITS[unit]).floor().cast("int64"))
        return self._grouped(rows, [*(["period"] if several else []), *by, "duration", "observed"])

    def exposure(self, measure: str, periods: Sequence[Period], by: Sequence[str] = ()) -> pd.DataFrame:
        """The denominator per period: `period`, the `by` columns, `value`; missing where a month is not there.

        Months are the grain: a day or week takes its share of its month's days; customers are averaged over months.
        """
        rows = self._rows("exposure", by, {"measure": measure})
        for column in ("channel", "product", "region"):
            if self.has(
                "exposure", column
            ):  # a source may bring margins beside the cells: only cells are summed
                rows = rows.filter(rows[column].notnull())
        found = self._grouped(rows, ["month", *by], "value")
        months = dict(iter(found.groupby("month")))
        empty = found.iloc[:0][[*by, "value"]]
        parts = []
        for period in periods:
            end = self._end(period)
            starts = pd.date_range(period.start.to_period("M").start_time, end, freq="MS", inclusive="left")
            known = [months.get(month) for month in starts]
            if not len(known) or any(part is None for part in known):
                part = empty
            else:
                weights = [_overlap(period.start, end, month) for month in starts]
                if measure in STOCKS:
                    weights = [weight / sum(weights) for weight in weights]
                part = pd.concat(
                    p[[*by, "value"]].assign(value=p["value"] * w)
                    for p, w in zip(known, weights, strict=True)
                )
                part = (
                    part.groupby(list(by), as_index=False)["value"].sum()
                    if by
                    else part[["value"]].sum().to_frame().T
                )
            parts.append(part.assign(period=period.text))
        return _grid(pd.concat(parts), by, periods, ["value"], fill=None)

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
        rows = self._in_window(self._rows(table, columns, where), table, window, basis)
        order = [c for c in dict.fromkeys([TABLES[table].time, *TABLES[table].key]) if c in rows.columns]
        rows = rows.order_by([ibis.desc(c) if latest else ibis.asc(c) for c in order])
        return self._ask(rows.select(*columns).limit(limit))

    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """When the first and the last complaint of the book were received; (NaT, NaT) where there is none."""
        return _span(self)

    def breaks_in(self, field: str, periods: Sequence[Period]) -> tuple[Break, ...]:
        """Breaks of the field's taxonomy after the first period began and before the last ends."""
        start, end = periods[0].start, periods[-1].end
        return tuple(b for b in self.breaks if b.field == field and start < b.at < end)

    def seen(self, period: Period) -> pd.DataFrame:
        """The rows an analysis of the period sees, for the reader: counts and the stretch of time they cover."""
        book = self.at(period.as_of)
        first, last = book.span()
        return pd.DataFrame(
            {
                "period": [period.text],
                "n": book.counts(window=period)["n"],
                "n_all": book.counts()["n"],
                "first_received": [first],
                "last_received": [last],
                "as_of": [period.as_of],
            }
        )

    # ------------------------------------------------------------------------------------------- how it asks

    def _rows(self, name: str, columns: Sequence[str], where: Where | None = None) -> ir.Table:
        """The table's rows as of the book's moment, and of their columns those named as they stood then."""
        if name not in self.tables:
            raise NotMeasured(name)
        rows, time, where = self.tables[name], TABLES[name].time, where or {}
        if missing := [c for c in (*columns, *where) if c not in rows.columns]:
            raise NotMeasured(", ".join(f"{name}.{column}" for column in missing))
        if self.as_of is not None and time in rows.columns:
            rows = rows.filter((rows[time] < _moment(self.as_of)) | rows[time].isnull())
            hidden = _hidden(rows, name, _moment(self.as_of), {*columns, *where})
            rows = rows.mutate(**hidden) if hidden else rows
        for column, wanted in where.items():
            wanted = [wanted] if isinstance(wanted, str | bool | int | float) else list(wanted)
            rows = rows.filter(_category(rows, column).isin(wanted))
        return rows

    def _in_window(self, rows: ir.Table, table: str, window: Period | None, basis: str) -> ir.Table:
        time = _time_of(table, basis)
        if window is None and basis == "received":
            return rows
        if time not in rows.columns:
            raise NotMeasured(f"{table}.{time}")
        if basis == "open":
            end = _moment(self._end(window) if window else self.as_of)
            return rows.filter((rows.received_at < end) & (rows[time].isnull() | (rows[time] >= end)))
        if window is not None:
            return self._between(rows, time, window.start, window)
        return (
            rows.filter(rows[time] < _moment(self.as_of)) if self.as_of else rows.filter(rows[time].notnull())
        )

    def _between(self, rows: ir.Table, time: str, start: pd.Timestamp, last: Period) -> ir.Table:
        return rows.filter((rows[time] >= _moment(start)) & (rows[time] < _moment(self._end(last))))

    def _now(self, window: Window) -> pd.Timestamp:
        """The moment as of which a window is seen: its own, or the book's where that is earlier."""
        return window.as_of if self.as_of is None else min(window.as_of, self.as_of)

    def _minutes(self, window: Window, clock: str) -> int:
        return self.clock.minutes(self._now(window))[CLOCKS.index(clock)]

    def _end(self, window: Period) -> pd.Timestamp:
        return min(window.end, self.as_of) if self.as_of is not None else window.end

    def _grouped(self, rows: ir.Table, by: Sequence[str], total: str | None = None) -> pd.DataFrame:
        sums = {"n": rows.count()}
        if total:  # as decimals: the same sum in any order of the rows
            sums[total] = rows[total].cast("decimal(20, 4)").sum()
        keys = {column: _category(rows, column) for column in by}
        found = self._ask(rows.group_by(**keys).aggregate(**sums) if by else rows.aggregate(**sums))
        if total:
            found[total] = found[total].astype(float).fillna(0.0)
        found["n"] = found["n"].astype("int64")
        return found.sort_values(list(by), kind="stable", ignore_index=True) if by else found

    def _open_series(
        self, table: str, by: Sequence[str], periods: Sequence[Period], where: Where | None
    ) -> pd.DataFrame:
        """Open at each period's end = open before the first + received - closed since: it re-adds by construction."""
        before = self.counts(table, by, periods[0].previous(), "open", where).assign(period=periods[0].text)
        came = self.series(table, by, periods, "received", where)
        left = self.series(table, by, periods, "closed", where)
        change = pd.concat([before, came, left.assign(n=-left["n"])])
        change = change.groupby(["period", *by], as_index=False)["n"].sum()
        grid = _grid(change, by, periods, ["n"])
        grid["n"] = grid.groupby(list(by))["n"].cumsum() if by else grid["n"].cumsum()
        return grid

    def _ask(self, question: ir.Table) -> pd.DataFrame:
        return self.con.to_pyarrow(question).to_pandas()


def open_book(where: str | Path = STORE) -> Book:
    """The book of a store: `demo`, a store's folder, or the address of an engine that holds the canonical tables."""
    if where == "demo":
        where = DEMO / "store"
    if "://" in str(where):
        con = ibis.connect(str(where))
        return Book(con, {name: con.table(name) for name in con.list_tables() if name in TABLES}, Clock())
    folder = Path(where).resolve()
    manifest = folder / "store.json"
    if not manifest.is_file():
        raise Trouble(
            Words(
                "{folder} 里没有投诉库。请先运行 complaintkit intake（示例数据：complaintkit demo）",
                "there is no store in {folder}. Run complaintkit intake first (for the example data: complaintkit demo)",
            ),
            folder=folder.name if where != DEMO / "store" else "data/demo/store",
        )
    text = manifest.read_text(encoding="utf-8")
    content = json.loads(text)
    con = ibis.duckdb.connect()
    con.raw_sql("SET threads = 2; SET preserve_insertion_order = false; SET parquet_metadata_cache = true")
    con.raw_sql(f"SET allowed_directories = ['{str(folder).replace(chr(39), chr(39) * 2)}']")
    tables = {
        name: con.read_parquet(
            [folder / file for file in files], table_name=name, hive_partitioning=False, union_by_name=True
        )
        for name, files in content["files"].items()
        if files and name in TABLES
    }
    con.raw_sql("SET enable_external_access = false; SET lock_configuration = true")
    breaks = tuple(
        Break(b["field"], pd.Timestamp(b["at"]), Words(b["zh"], b["en"])) for b in content.get("breaks", ())
    )
    fingerprint = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Book(con, tables, Clock.from_dict(content["clock"]), breaks, fingerprint)


@lru_cache(maxsize=4096)
def _filled(con: Any, table: ir.Table, column: str) -> bool:
    if column not in table.columns:
        return False
    return con.to_pyarrow(table.filter(table[column].notnull()).select(column).limit(1)).num_rows > 0


@lru_cache(maxsize=64)
def _span(book: Book) -> tuple[pd.Timestamp, pd.Timestamp]:
    rows = book._rows("complaints", ["received_at"])
    found = book._ask(rows.aggregate(first=rows.received_at.min(), last=rows.received_at.max()))
    return pd.Timestamp(found["first"].iloc[0]), pd.Timestamp(found["last"].iloc[0])


def _hidden(table: ir.Table, name: str, now: ir.Scalar, wanted: set[str]) -> dict[str, ir.Value]:
    """The wanted columns as they stood: later times are missing, and what is only known at the end is not known yet."""
    hidden: dict[str, ir.Value] = {}
    for time in CLOCKED.get(name, ())[1:]:
        for column in wanted & {time, *(f"{time}_{clock}" for clock in CLOCKS)}:
            hidden[column] = ibis.ifelse(table[time] < now, table[column], ibis.null())
    if name == "complaints" and "closed_at" in table.columns:
        later = table.closed_at >= now
        for column in wanted & {"outcome", "compensation"}:
            hidden[column] = ibis.ifelse(later, ibis.null(), table[column])
        if "status" in wanted:
            hidden["status"] = ibis.ifelse(later, "open", table.status)
    return hidden


def _category(rows: ir.Table, column: str) -> ir.Value:
    """A text column with its missing values as a class of their own; any other column as it is."""
    values = rows[column]
    return values.nullif("").fill_null(BLANK) if values.type().is_string() else values


def _some(total: str | None) -> list[str]:
    return [total] if total else []


def _time_of(table: str, basis: str) -> str:
    return "closed_at" if basis in ("closed", "open") else TABLES[table].time


def _moment(value: pd.Timestamp) -> ir.Scalar:
    return ibis.literal(pd.Timestamp(value).to_pydatetime())


def _overlap(start: pd.Timestamp, end: pd.Timestamp, month: pd.Timestamp) -> float:
    """The share of the month's days that lie between start and end."""
    close = month + pd.DateOffset(months=1)
    return max((min(end, close) - max(start, month)) / (close - month), 0.0)


def _grid(
    found: pd.DataFrame,
    by: Sequence[str],
    periods: Sequence[Period],
    values: list[str],
    fill: float | None = 0,
) -> pd.DataFrame:
    """Every period with every combination of categories found in any of them."""
    texts = pd.DataFrame({"period": [p.text for p in periods]})
    full = texts.merge(found[list(by)].drop_duplicates(), how="cross") if by else texts
    full = full.merge(found, on=["period", *by], how="left")
    if fill is not None:
        full = full.fillna(dict.fromkeys(values, fill)).astype({v: "int64" for v in values if v == "n"})
    return full.sort_values(["period", *by], kind="stable", ignore_index=True)[["period", *by, *values]]


def _arrow(name: str, frame: pd.DataFrame, clock: Clock) -> pa.Table:
    """A frame in canonical columns as an Arrow table with the minutes beside its times."""
    known = TABLES[name].columns
    frame = frame.copy()
    for time in CLOCKED.get(name, ()):
        if time in frame and f"{time}_elapsed" not in frame:
            frame[time] = frame[time].astype("datetime64[us]")
            frame[f"{time}_elapsed"] = clock.elapsed(frame[time])
            frame[f"{time}_worked"] = clock.worked(frame[time])
    table = pa.Table.from_pandas(frame, preserve_index=False)
    texts = {
        c for c in frame.columns if known.get(c) in (CODE, ID, TEXT)
    }  # an all-missing column has no type of its own
    fields = [pa.field(f.name, pa.string()) if f.name in texts else f for f in table.schema]
    return table.cast(pa.schema(fields))
