from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, Words, pending
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._pending_open import ENOUGH, YEAR, _windows
from complaintlib.methods._pending_tables import BANDS, EDGES, band_of, remaining
from complaintlib.privacy import protect
from complaintlib.stats.survival import kaplan_meier
from complaintlib.words import Trouble

SEP, OCT = Period("2026-09"), Period("2026-10")
DAY, HOUR = pd.Timedelta(days=1), pd.Timedelta(hours=1)
END = OCT.end


def cases(rows: list[tuple], *names: str) -> pd.DataFrame:
    """Cases as (id, days before the end of October, days it took or None, ...)."""
    frame = pd.DataFrame(rows, columns=["complaint_id", "before", "took", *names])
    frame["received_at"] = END - frame.pop("before") * DAY
    frame["resolved_at"] = frame["received_at"] + pd.to_timedelta(frame.pop("took"), unit="D")
    return frame.assign(text="…")


def finding(result, key, **values):
    return next(f for f in result.findings if f.key == key and values.items() <= f.values.items())


def keys(result) -> list[str]:
    return [f.key for f in result.findings]


# ------------------------------------------------------------------------------------------------ by hand


@pytest.fixture
def small() -> Book:
    """Open at the end: A for half a day, B for 10 days, C for 61.5, D for 200; E ended, F was withdrawn at no known time."""
    frame = cases(
        [
            ("A", 0.5, None, "general"),
            ("B", 10.0, None, "general"),
            ("C", 61.5, None, "major"),
            ("D", 200.0, None, "general"),
            ("E", 70.0, 3.0, "general"),
            ("F", 40.0, None, "major"),
        ],
        "severity",
    )
    frame["status"] = np.where(frame["complaint_id"] == "F", "withdrawn", "in_progress")
    return Book.of(complaints=frame)


def test_ages_by_hand(small):
    table = pending(small, OCT, bound=60).table.set_index("severity")
    assert table.index.tolist() == ["(all)", "major", "general"]
    assert table["n"].to_dict() == {"(all)": 4, "major": 1, "general": 3}
    bands = table.loc["(all)", [f"open_{band}" for band in BANDS]]
    assert bands.tolist() == [1, 0, 0, 1, 0, 0, 2]
    assert table.loc["(all)", ["days_median", "days_longest"]].tolist() == [(10 + 61) / 2, 200]
    assert table["n_hard"].to_dict() == {"(all)": 2, "major": 1, "general": 1}
    assert table["n_undated"].to_dict() == {"(all)": 1, "major": 1, "general": 0}


def test_the_ages_at_an_earlier_end_by_hand(small):
    """On 30 September C (30.5 days) and D (169) were open; E had come and gone, A and B had not come."""
    bands = pending(small, OCT, bound=60).tables["bands"].set_index(["compared", "band"])
    assert bands.loc[("previous", "(all)"), ["n", "n_then", "n_ratio"]].tolist() == [4, 2, 2]
    assert bands.loc[("previous", "30_60"), ["n", "n_then"]].tolist() == [0, 1]
    assert bands.loc[("previous", "60_up"), ["n", "n_then"]].tolist() == [2, 1]
    assert set(bands["n_moved"]) == {"few"}
    assert "last_year" not in bands.index.get_level_values("compared")  # before the first complaint


def test_a_bound_is_exceeded_only_after_it(small):
    assert pending(small, OCT, bound=61).tables["hard"]["complaint_id"].tolist() == ["D"]
    assert pending(small, OCT, bound=60).tables["hard"]["complaint_id"].tolist() == ["D", "C"]
    assert "pending.hard" in keys(pending(small, OCT, bound=500))
    with pytest.raises(Trouble, match="bound"):
        pending(small, OCT, bound=-1)


def test_the_usual_bound_by_hand():
    """40 general cases took 1 to 40 days, two are open at 38 and 39; of major ones too few ended: the bound of all."""
    rows = [(f"G{i:02d}", 300.0, float(i), "general") for i in range(1, 41)]
    rows += [("H", 38.5, None, "general"), ("I", 39.5, None, "general"), ("M", 39.5, None, "major")]
    result = pending(Book.of(complaints=cases(rows, "severity")), OCT)
    bounds = result.table.set_index("severity")["usual_bound"]
    # 42 general ones; H leaves at 38 days, after which 3 are left: 1 - 37/42 > .05 until 40 days are over
    curve = kaplan_meier([*range(1, 41), 38, 39], [True] * 40 + [False] * 2)
    assert bounds["general"] == curve.quantile(0.95)
    assert bounds["major"] == kaplan_meier([*range(1, 41), 38, 39, 39], [True] * 40 + [False] * 3).quantile(
        0.95
    )
    assert result.tables["hard"].empty


def test_where_hard_cases_stand():
    """The last step of each: D has waited on a third party since its tenth day, C on us; the step D left does not count."""
    frame = cases(
        [("C", 61.5, None, "it"), ("D", 100.0, None, "claims"), ("E", 1.0, None, "it")], "department"
    )
    steps = pd.DataFrame(
        [
            ("C", "check", "it", "us", END - 60 * DAY, pd.NaT),
            ("D", "check", "it", "us", END - 99 * DAY, END - 90 * DAY),
            ("D", "third", "finance", "third_party", END - 90 * DAY, pd.NaT),
            ("E", "check", "it", "us", END - HOUR, pd.NaT),
        ],
        columns=["complaint_id", "stage", "department", "waiting_on", "entered_at", "left_at"],
    )
    result = pending(Book.of(complaints=frame, events=steps), OCT)
    hard = result.tables["hard"].set_index("complaint_id")
    assert hard.loc["D", ["department", "stage", "at_department", "waiting_on", "days_there"]].tolist() == [
        "claims", "third", "finance", "third_party", 90,
    ]  # fmt: skip
    stuck = result.tables["stuck"].set_index(["department", "stage"])
    assert stuck["n"].to_dict() == {("claims", "third"): 1, ("it", "check"): 1}
    assert stuck["n_usual"].to_dict() == {("claims", "third"): 0, ("it", "check"): 1}
    places = result.tables["hard_at"].set_index("department")
    assert places["n_usual"].to_dict() == {"claims": 1, "it": 2}  # complaints of the year
    assert places.loc["it", ["hard_expected", "hard_excess"]].tolist() == pytest.approx([4 / 3, -1 / 3])


def test_what_is_left_to_wait_by_hand():
    """Ends after 0, 10, 20, 30 days, and one open at 40: of those that have come to 10 days, S is 4/5, 3/5, 2/5, 1/5; half of
    the four are over by the 20th day done (21 days in all), nine in ten never seen; within 30 days more 3 of 4."""
    curve = kaplan_meier([0, 10, 20, 30, 40], [True] * 4 + [False])
    assert remaining(curve, 10)[:2] == (11, 21)
    assert np.isnan(remaining(curve, 10)[2])
    assert remaining(curve, 10)[3] == pytest.approx(1 - (1 / 5) / (4 / 5))
    with np.errstate(invalid="ignore"):
        assert np.isnan(remaining(curve, 20)[3])  # later than anything seen


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=30))
def test_every_age_has_its_band(days):
    found = band_of(pd.Series(days, dtype="int64"))
    assert len(found) == len(days)
    for day, band in zip(days, found, strict=True):
        low, high = band.split("_")
        assert int(low) in EDGES
        assert int(low) <= day and (high == "up" or day < int(high))


# ------------------------------------------------------------------------------------------- what makes cases slow


@pytest.fixture(scope="module")
def company() -> Book:
    """Two products over a year, exponential with means of 40 and 80 working hours, at no matter which hour or channel."""
    rng, n = np.random.default_rng(8), 4000
    received = END - YEAR * DAY + np.sort(rng.uniform(0, YEAR, n)) * DAY
    product = rng.choice(["a", "b", "b"], n)
    took = rng.exponential(np.where(product == "a", 10, 5), n)
    frame = pd.DataFrame({"complaint_id": [f"C{i:04d}" for i in range(n)], "received_at": received})
    frame["received_at"] = frame["received_at"].dt.floor("min")
    ended = frame["received_at"] + pd.to_timedelta(took, unit="D")
    frame["resolved_at"] = ended.where(ended < END)
    frame = frame.assign(
        product=product, channel=rng.choice(["x", "y"], n), reason=rng.choice(["r", "s"], n), text="…"
    )
    return Book.of(complaints=frame)


def test_the_slow_product_is_found(company):
    """Exponential lengths of 10 against 5 days: a hazard ratio of 1/2, with proportional hazards; nothing else matters."""
    result = pending(company, OCT)
    drivers = result.tables["drivers"]
    row = drivers[drivers["product"] == "a"].iloc[0]
    assert row["pace_low"] < 0.5 < row["pace_high"]
    assert row["pace_high"] - row["pace_low"] < 0.1
    assert row["pace_differs"] == "slower"
    others = drivers[~drivers["attribute"].isin(["product"])]
    assert set(others["pace_differs"]) <= {"same", "reference"}
    said = finding(result, "pending.slow", product="a")
    assert said.values["base"] == "b"
    assert said.values["n"] == row["n"]


def test_busy_times_are_found():
    """In every other fortnight three times as many complaints come in, and take three times as long on the work clock."""
    rows, rng = [], np.random.default_rng(5)
    for fortnight in range(26):
        start, busy = END - YEAR * DAY + 14 * fortnight * DAY, fortnight % 2
        for i in range(40 * (3 if busy else 1)):
            took = rng.exponential(6 if busy else 2)
            received = start + rng.uniform(0, 14) * DAY
            rows.append((f"{fortnight}-{i}", received, received + took * DAY))
    frame = pd.DataFrame(rows, columns=["complaint_id", "received_at", "resolved_at"])
    frame["resolved_at"] = frame["resolved_at"].where(frame["resolved_at"] < END)
    result = pending(Book.of(complaints=frame.assign(reason="r")), OCT)
    said = finding(result, "pending.load")
    # Pace 1/3 at three times the work: log2(3) doublings, 3 ** (-1 / log2(3)) = 1/2 each; nights, which take no working
    # time, bring it a little nearer to 1.
    assert 0.45 < said.values["pace"] < 0.6
    assert said.level == "watch"


def test_large_books_are_asked_for_days_at_even_distances():
    last = pd.Timestamp("2026-11-01")
    days = Period("2026-10-31").history(YEAR + 14)
    few, many = _windows(days, ENOUGH, last, last), _windows(days, ENOUGH * 20, last, last)
    assert (len(few), few[0].start, few[-1].end) == (26, last - YEAR * DAY, last)
    assert all(a.end == b.start for a, b in pairwise(few))
    assert {w.end - w.start for w in many} == {DAY}
    gaps = {b.start - a.start for a, b in pairwise(many)}
    assert gaps == {20 * DAY}
    assert len({w.start.weekday() for w in many}) == 7
    weekly = _windows(days, ENOUGH * 21, last, last)  # not every third Monday
    assert len({w.start.weekday() for w in weekly}) == 7
    assert len(_windows(days, ENOUGH * 10_000, last, last)) >= 10


# ---------------------------------------------------------------------------------------------------- edges


def test_what_is_not_measured():
    bare = pd.DataFrame({"complaint_id": ["A"], "received_at": [OCT.start]})
    with pytest.raises(NotMeasured, match="resolved_at"):
        pending(Book.of(complaints=bare), OCT)


def test_without_a_time_of_resolution_cases_end_when_closed(small):
    frame = cases([("A", 40.0, None), ("B", 40.0, 3.0), ("C", 40.0, None)]).rename(
        columns={"resolved_at": "closed_at"}
    )
    frame["status"] = ["open", "closed", "closed"]  # C is closed, nobody knows when
    result = pending(Book.of(complaints=frame), OCT)
    assert result.table[["n", "n_undated"]].values.tolist() == [[1, 1]]
    assert finding(result, "pending.undated").values["n_undated"] == 1


def test_nothing_is_compared_across_a_change_of_the_categories(company):
    broken = Break("reason", pd.Timestamp("2026-05-01"), Words("拆分", "split"))
    result = pending(Book(company.connected, company.tables, company.clock, (broken,)), OCT)
    assert set(result.tables["hard_by"]["apart"]) == {"break"}
    assert result.tables["hard_by"]["q"].isna().all()


def test_a_partial_period_is_compared_with_one_as_old(company):
    part = Period("2026-10", "2026-10-11")
    result = pending(company, part)
    finding(result, "pending.partial")
    then = pending(company, Period("2026-09", "2026-09-11"))
    bands = result.tables["bands"].set_index(["compared", "band"])["n_then"]
    assert bands["previous", "(all)"] == then.table["n"].iloc[0]


def test_lists_of_cases_do_not_leave_the_house(company):
    shared = protect(pending(company, OCT), "shared")
    assert shared.tables["hard"].empty
    assert "examples" not in shared.tables or shared.tables["examples"].empty
    for lang in ("zh", "en"):
        assert shared.picture(lang).png
        assert shared.picture(lang, "drivers").png
        assert "C0" not in shared.say(lang).text


# ---------------------------------------------------------------------------------------- the demo company


def test_the_stuck_hard_cases_are_found(demo_book):
    """Truth `hard_cases_stuck`: 28 cases of July and August, stuck at customs, 21 of them waiting on a third party."""
    result = pending(demo_book, OCT)
    said = finding(result, "pending.stuck", department="customs")
    assert said.level == "act"
    assert (said.values["n"], said.values["stage"], said.values["n_there"]) == (28, "third_party", 21)
    stuck = result.tables["stuck"].set_index(["department", "stage"])
    assert stuck.loc[("customs", "approval"), ["n", "apart"]].tolist() == [7, "above"]
    assert stuck.index[0] == ("customs", "third_party")
    assert finding(result, "pending.moved").values["band"] == "60_up"
    before = pending(demo_book, Period("2026-06"))
    assert not [
        f for f in before.findings if f.key == "pending.stuck" and f.values["department"] == "customs"
    ]
    assert "stuck at Customs" in said.sentence("en") and "卡在关务部" in said.sentence("zh")


def test_the_list_re_adds_to_the_ages(demo_book):
    result = pending(demo_book, OCT)
    table = result.table.set_index("severity")
    open_now = demo_book.at(OCT.as_of).spells("received_at", "resolved_at", ["status"], OCT, "open", "day")
    known = open_now[~open_now["status"].isin(["withdrawn", "merged", "transferred_out"])]
    assert table.loc["(all)", "n"] == known["n"].sum()
    for column in ("n", "n_hard", *(f"open_{band}" for band in BANDS)):
        assert table[column].iloc[1:].sum() == table[column].iloc[0]
    assert (
        result.tables["hard_at"]["n"].sum()
        == table.loc["(all)", "n_hard"]
        == result.tables["stuck"]["n"].sum()
    )
    listed = result.tables["hard"]
    assert (listed["days"] > listed["usual_bound"]).all()
    late = listed.dropna(subset=["close_expected"])
    assert len(late) and (late["close_expected"] >= OCT.end.normalize()).all()
    assert (late["close_soonest"] <= late["close_expected"]).all()
