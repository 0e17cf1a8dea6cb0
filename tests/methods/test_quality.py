import pandas as pd
import pytest

from complaintlib import Book, Period, quality

OCT = Period("2026-10")


def cases() -> pd.DataFrame:
    """Two sources, ten and four a day from August to October; the app is silent 14-16 October; late reasons in chat."""
    rows = []
    for day in pd.date_range("2026-08-01", "2026-10-31"):
        for source, a_day in (("app", 10), ("chat", 4)):
            if source == "app" and pd.Timestamp("2026-10-14") <= day <= pd.Timestamp("2026-10-16"):
                continue
            for i in range(a_day):
                late = source == "chat" and day >= pd.Timestamp("2026-10-22") and i < 2
                rows.append(
                    (
                        f"{source}{day:%m%d}{i}",
                        day + pd.Timedelta(9 + i, "h"),
                        source,
                        None if late else "delay",
                    )
                )
    frame = pd.DataFrame(rows, columns=["complaint_id", "received_at", "source", "reason"])
    return frame.assign(channel=frame["source"])


def arrivals() -> pd.DataFrame:
    day = pd.Timestamp("2026-10-05")
    rows = [
        ("b1", "app", day, "used", 280),
        ("b1", "app", day, "duplicate", 9),
        ("b1", "app", day, "aside", 11),
    ]
    rows += [("b2", "chat", day, "used", 124), ("b0", "app", pd.Timestamp("2026-09-30"), "used", 300)]
    frame = pd.DataFrame(rows, columns=["batch_id", "source", "day", "fate", "rows"])
    return frame.assign(table="complaints")


def ledger() -> pd.DataFrame:
    rows = [
        ("b1", 1, "read", 300, 300, 0),
        ("b1", 2, "invalid", 300, 289, 0),
        ("b1", 3, "duplicate", 289, 280, 0),
    ]
    rows += [("b0", 2, "invalid", 9, 1, 0), ("b2", 2, "standardise", 124, 124, 50)]
    frame = pd.DataFrame(rows, columns=["batch_id", "step_no", "step", "rows_in", "rows_out", "rows_changed"])
    return frame.assign(
        table="complaints", source=frame["batch_id"].map({"b0": "app", "b1": "app", "b2": "chat"})
    )


@pytest.fixture
def result():
    return quality(Book.of(complaints=cases(), arrivals=arrivals(), ledger=ledger()), OCT)


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def test_rows_read_are_used_duplicate_or_aside_for_every_source(result):
    table = result.table.set_index("source")
    assert table.loc["app", ["read", "used", "duplicate", "aside"]].tolist() == [300, 280, 9, 11]
    assert table.loc["(all)", ["read", "used", "duplicate", "aside"]].tolist() == [424, 404, 9, 11]
    assert (table["read"] == table["used"] + table["duplicate"] + table["aside"]).all()


def test_a_dead_channel_is_found_and_said(result):
    silent = finding(result, "quality.silent")
    assert silent.values == {
        "source": "app",
        "days": 3,
        "first": pd.Timestamp("2026-10-14"),
        "last": pd.Timestamp("2026-10-16"),
        "expected": 30.0,
    }
    assert silent.level == "watch"
    assert result.tables["days"].query("silent")["day"].dt.day.tolist() == [14, 15, 16]


def test_a_channel_still_silent_at_the_end_asks_for_action():
    dead = cases().query("not (source == 'app' and received_at >= '2026-10-29')")
    silent = [f for f in quality(Book.of(complaints=dead), OCT).findings if f.key == "quality.silent"]
    assert sorted(f.level for f in silent) == ["act", "watch"]


def test_late_reasons_are_found_in_their_channel(result):
    late = finding(result, "quality.late")
    assert (late.values["channel"], late.values["share"], late.values["before"]) == ("chat", 0.5, 0.0)
    assert [f.key for f in result.findings].count("quality.late") == 1


def test_the_ledger_shows_the_files_of_the_period_only(result):
    steps = result.tables["steps"]
    assert steps[["source", "step", "lost", "rows_changed"]].values.tolist() == [
        ["app", "invalid", 11, 0],
        ["app", "duplicate", 9, 0],
        ["chat", "standardise", 0, 50],
    ]


def test_a_high_loss_is_said(result):
    assert finding(result, "quality.loss").values == {
        "source": "app",
        "share": 11 / 300,
        "aside": 11,
        "read": 300,
    }


def test_without_a_ledger_the_cases_themselves_are_counted():
    table = quality(Book.of(complaints=cases()), OCT).table.set_index("source")
    assert table.loc["(all)", "read"] == 28 * 10 + 31 * 4


@pytest.mark.parametrize("columns", [["complaint_id", "received_at"], None])
def test_an_empty_period_and_missing_columns_are_answered(columns):
    """B10, B45"""
    frame = cases() if columns is None else cases()[columns]
    empty = quality(Book.of(complaints=frame), Period("2020-01"))
    assert [f.key for f in empty.findings] == ["quality.nothing"]
    assert quality(Book.of(complaints=frame), Period("2026-W43")).table["used"].iloc[-1] == 7 * 14


def test_a_partial_period_is_called_partial():
    partial = quality(Book.of(complaints=cases()), Period("2026-10", pd.Timestamp("2026-10-10 12:00")))
    assert finding(partial, "quality.partial").values["as_of"] == pd.Timestamp("2026-10-10 12:00")
    assert partial.tables["days"]["day"].max() == pd.Timestamp("2026-10-10")


def test_truth_app_silent(demo_book):
    """Three days without data from the app in October 2026; nothing else was silent."""
    found = [f for f in quality(demo_book, OCT).findings if f.key == "quality.silent"]
    assert [f.values["source"] for f in found] == ["app"]
    assert (found[0].values["first"], found[0].values["days"]) == (pd.Timestamp("2026-10-13"), 3)


def test_truth_web_chat_late_categories(demo_book):
    """A quarter of the web chat's newest cases have no reason yet; no other channel is late."""
    found = [f for f in quality(demo_book, OCT).findings if f.key == "quality.late"]
    assert [f.values["channel"] for f in found] == ["web_chat"]
    assert 0.15 < found[0].values["share"] < 0.4


def test_ledger_identities_hold_for_every_source_of_the_demo(demo_book):
    """M16: rows read = used + duplicate + set aside, and used = the cases in the store, in every fifth month."""
    for period in OCT.history(36)[::5]:
        sources = quality(demo_book, period).table
        assert (sources["read"] == sources["used"] + sources["duplicate"] + sources["aside"]).all()
        stored = demo_book.counts(by=["source"], window=period).set_index("source")["n"]
        used = sources.set_index("source")["used"].drop("(all)", errors="ignore")
        assert used[used > 0].to_dict() == stored.to_dict()
