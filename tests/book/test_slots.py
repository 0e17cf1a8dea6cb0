"""When in the day something comes."""

import pandas as pd

from complaintlib import Book, Period

OCT = Period("2026-10")


def test_slots_begin_where_they_should():
    """09:29 belongs to 09:00, 09:30 to itself, 23:59 to 23:30; what comes outside the window or after as_of does not count."""
    times = [
        "2026-10-01 09:00",
        "2026-10-01 09:29",
        "2026-10-01 09:30",
        "2026-10-02 23:59",
        "2026-11-01 00:00",
    ]
    frame = pd.DataFrame(
        {"contact_id": list("abcde"), "started_at": pd.to_datetime(times), "channel": list("hhwwh")}
    )
    book = Book.of(contacts=frame)
    found = book.slots("contacts", OCT)
    assert found[["minute", "n"]].to_numpy().tolist() == [[540, 2], [570, 1], [1410, 1]]
    assert found["day"].tolist() == [pd.Timestamp(d) for d in ("2026-10-01", "2026-10-01", "2026-10-02")]
    assert book.at(pd.Timestamp("2026-10-02")).slots("contacts", OCT)["n"].sum() == 3
    apart = book.slots("contacts", OCT, ["channel"], minutes=60)
    assert apart[["minute", "channel", "n"]].to_numpy().tolist() == [
        [540, "h", 2],
        [540, "w", 1],
        [1380, "w", 1],
    ]
