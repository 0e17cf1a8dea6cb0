import pandas as pd
import pytest

from complaintlib import Book, Period
from complaintlib.book import Break, NotMeasured, open_book
from complaintlib.schema import BLANK
from complaintlib.words import Trouble, Words

OCT, SEP = Period("2026-10"), Period("2026-09")


def complaints() -> pd.DataFrame:
    """Six cases counted by hand: three received in October, one of them open at its end."""
    rows = [
        ("A1", "2026-08-31 23:59", "late", "hotline", "2026-09-02 00:00", "closed", 5.0),
        ("A2", "2026-09-01 00:00", "late", "app", "2026-10-05 00:00", "closed", 0.0),
        ("A3", "2026-09-30 23:59", None, "app", None, "open", None),
        ("A4", "2026-10-01 00:00", "late", "app", "2026-10-01 02:30", "closed", 10.5),
        ("A5", "2026-10-20 10:00", "", "hotline", "2026-11-03 00:00", "closed", 99.0),
        ("A6", "2026-10-31 23:59", "rude", "hotline", "2026-10-31 23:59", "closed", 1.5),
    ]
    frame = pd.DataFrame(
        rows,
        columns=["complaint_id", "received_at", "reason", "channel", "closed_at", "status", "compensation"],
    )
    return frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("received_at", "closed_at")})


@pytest.fixture
def book() -> Book:
    months = pd.date_range("2026-08-01", "2026-10-01", freq="MS")
    orders = pd.DataFrame(
        [(m, p, "orders", v) for m in months for p, v in (("x", 3000.0), ("y", 100.0))],
        columns=["month", "product", "measure", "value"],
    )
    stock = orders.assign(measure="customers")
    return Book.of(complaints=complaints(), exposure=pd.concat([orders, stock])).at(OCT.as_of)


def as_dict(frame: pd.DataFrame) -> dict:
    keys = [c for c in frame.columns if c != "n"]
    return {tuple(row[k] for k in keys): row["n"] for row in frame.to_dict("records")}


def test_missing_categories_are_a_class_of_their_own(book):
    """B98: a missing reason and an empty one are the same blank; the total is unchanged."""
    assert as_dict(book.counts(by=["reason"])) == {(BLANK,): 2, ("late",): 3, ("rude",): 1}


def test_counts_by_basis(book):
    assert book.counts(window=OCT)["n"].item() == 3
    assert book.counts(window=OCT, basis="closed")["n"].item() == 3  # A2, A4, A6: A5 closes after the end
    assert book.counts(window=OCT, basis="open")["n"].item() == 2  # A3, A5
    assert book.counts(window=SEP, basis="open")["n"].item() == 2  # A2, A3


def test_sums_are_exact_and_ignore_what_is_missing(book):
    found = book.counts(by=["reason"], window=OCT, total="compensation")
    assert found.set_index("reason")["compensation"].to_dict() == {BLANK: 0.0, "late": 10.5, "rude": 1.5}


def test_series_has_every_period_and_category(book):
    found = book.series(by=["channel"], periods=OCT.history(4))
    assert as_dict(found) == {
        ("2026-07", "app"): 0, ("2026-07", "hotline"): 0, ("2026-08", "app"): 0, ("2026-08", "hotline"): 1,
        ("2026-09", "app"): 2, ("2026-09", "hotline"): 0, ("2026-10", "app"): 1, ("2026-10", "hotline"): 2,
    }  # fmt: skip


def test_open_cases_re_add_every_period(book):
    """M20: open(t) = open(t-1) + received - closed."""
    periods = OCT.history(3)
    opened = book.series(periods=periods, basis="open")["n"].tolist()
    assert opened == [1, 2, 2]
    assert opened == [book.counts(window=p, basis="open")["n"].item() for p in periods]


def test_spells_keep_open_cases_with_their_age(book):
    found = book.spells(by=["reason"], window=OCT, unit="hour")
    rows = {(r.reason, r.duration, r.observed): r.n for r in found.itertuples()}
    assert rows == {("late", 2, True): 1, ("rude", 0, True): 1, (BLANK, 278, False): 1}


def test_nothing_later_than_as_of_is_seen(book):
    """What a truncated future holds changes nothing."""
    cut = (
        complaints()
        .query("received_at < '2026-10-15'")
        .assign(
            closed_at=lambda f: f["closed_at"].where(f["closed_at"] < "2026-10-15"),
            compensation=lambda f: f["compensation"].where(f["closed_at"].notna()),
        )
    )
    then, past = book.at(pd.Timestamp("2026-10-15")), Book.of(complaints=cut)
    for basis in ("received", "closed", "open"):
        window = Period("2026-10", pd.Timestamp("2026-10-15"))
        left = then.counts(by=["reason"], window=window, basis=basis, total="compensation")
        right = past.at(window.as_of).counts(by=["reason"], window=window, basis=basis, total="compensation")
        pd.testing.assert_frame_equal(left, right)
    early = book.at(pd.Timestamp("2026-10-03"))
    assert as_dict(early.counts(by=["status"])) == {("closed",): 2, ("open",): 2}


def test_exposure_is_shared_out_by_days_and_stocks_are_averaged(book):
    week = Period("2026-W40")  # 28 September to 4 October: 3 days of September, 4 of October
    assert book.exposure("orders", [week])["value"].item() == pytest.approx(3100 * 3 / 30 + 3100 * 4 / 31)
    assert book.exposure("customers", [week])["value"].item() == pytest.approx(3100)
    by = book.exposure("orders", [OCT], ["product"]).set_index("product")["value"].to_dict()
    assert by == {"x": 3000.0, "y": 100.0}


def test_a_month_without_denominator_is_missing_not_zero(book):
    """B95"""
    assert book.at(None).exposure("orders", [OCT, Period("2026-11")])["value"].isna().tolist() == [
        False,
        True,
    ]


def test_what_is_not_there_is_named(book):
    with pytest.raises(NotMeasured, match=r"surveys"):
        book.counts("surveys")
    with pytest.raises(NotMeasured, match=r"complaints\.region"):
        book.counts(by=["region"])
    assert book.has("complaints", "reason")
    assert not book.has("complaints", "region")
    assert not book.has("surveys")


def test_rows_come_in_order_and_up_to_a_limit(book):
    assert book.rows("complaints", ["complaint_id"], OCT, limit=2)["complaint_id"].tolist() == ["A4", "A5"]
    assert book.rows("complaints", ["complaint_id"], OCT, limit=1, latest=True)["complaint_id"].tolist() == [
        "A6"
    ]
    late = book.rows("complaints", ["complaint_id"], where={"reason": ["late", BLANK]})
    assert late["complaint_id"].tolist() == ["A1", "A2", "A3", "A4", "A5"]


def test_an_empty_book_is_answered():
    """B10"""
    book = Book.of(complaints=complaints().iloc[:0]).at(OCT.as_of)
    assert book.counts(window=OCT)["n"].item() == 0
    assert book.counts(by=["reason"]).empty
    assert book.series(periods=OCT.history(2))["n"].tolist() == [0, 0]
    assert book.series(periods=OCT.history(2), basis="open")["n"].tolist() == [0, 0]


def test_hostile_values_and_names_are_only_values(book):
    """B102, B103: quotes and SQL in a value or a column name run nothing."""
    frame = complaints().assign(reason="x'; DROP TABLE complaints; --")
    other = Book.of(complaints=frame)
    assert other.counts(where={"reason": "x'; DROP TABLE complaints; --"})["n"].item() == 6
    with pytest.raises(NotMeasured):
        other.counts(by=["reason\"; COPY complaints TO 'x.csv'; --"])


def test_breaks_between_periods():
    split = Break("reason", pd.Timestamp("2026-09-15"), Words("拆分", "split"))
    book = Book.of(complaints=complaints(), breaks=[split])
    assert book.breaks_in("reason", OCT.history(2)) == (split,)
    assert book.breaks_in("reason", [OCT]) == ()
    assert book.breaks_in("product", OCT.history(2)) == ()


def test_a_folder_without_store_says_what_to_do(tmp_path):
    with pytest.raises(Trouble, match="complaintkit intake"):
        open_book(tmp_path)
