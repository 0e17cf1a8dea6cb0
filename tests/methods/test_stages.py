import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, Words, stages
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._stages_flow import drawn, flow_table, in_order
from complaintlib.methods._stages_time import Steps, explained_table
from complaintlib.rules import load_rules
from complaintlib.schema import OTHER
from complaintlib.words import Trouble

SEP, OCT = Period("2026-09"), Period("2026-10")
HOUR = pd.Timedelta(hours=1)


def book_of(steps: list[tuple], closed: dict | None = None, **book) -> Book:
    """Steps as (case, stage, department, waiting_on, entered, hours or None); cases are received with their first step."""
    frame = pd.DataFrame(
        steps, columns=["complaint_id", "stage", "department", "waiting_on", "entered_at", "hours"]
    )
    frame["entered_at"] = pd.to_datetime(frame["entered_at"])
    frame["left_at"] = frame["entered_at"] + pd.to_timedelta(frame.pop("hours"), unit="h")
    cases = frame.groupby("complaint_id", as_index=False)["entered_at"].min()
    cases = cases.rename(columns={"entered_at": "received_at"})
    cases["closed_at"] = pd.to_datetime(cases["complaint_id"].map(closed or {}))
    return Book.of(complaints=cases.assign(text="…"), events=frame, **book)


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


# ------------------------------------------------------------------------------------------ by hand


@pytest.fixture
def small() -> Book:
    """Four cases: triage of 1, 2, 3 and 4 hours; check of 10, of 30, and one going on since 28 October, 96 hours before the
    end; C was checked by the other department and came back to triage for 5 hours."""
    rows = [
        ("A", "triage", "desk", "us", "2026-10-01 00:00", 1),
        ("A", "check", "claims", "customer", "2026-10-01 01:00", 10),
        ("B", "triage", "desk", "us", "2026-10-02 00:00", 2),
        ("B", "check", "claims", "us", "2026-10-28 00:00", None),
        ("C", "triage", "desk", "us", "2026-10-03 00:00", 3),
        ("C", "check", "claims", "us", "2026-10-03 03:00", 30),
        ("C", "triage", "desk", "us", "2026-10-05 00:00", 5),
        ("D", "triage", "desk", "us", "2026-10-06 00:00", 4),
    ]
    return book_of(rows, {"A": "2026-10-01 11:00", "C": "2026-10-05 05:00", "D": "2026-10-06 04:00"})


def test_times_by_hand(small):
    """Kaplan-Meier with one open visit: 10, 30, 96+ falls to 1/2 only at 30; without it the median is 20."""
    result = stages(small, OCT, clock="elapsed")
    table = result.table.set_index("stage")
    assert table.index.tolist() == ["check", "triage", "(all)"]
    assert table["visits"].to_dict() == {"check": 3, "triage": 5, "(all)": 8}
    assert (table.loc["check", "median_hours"], table.loc["check", "naive_hours"]) == (30, 20)
    assert table.loc["check", "bias_hours"] == -10
    assert table.loc["triage", "median_hours"] == 3
    assert (table.loc["check", "still_in"], table.loc["check", "waited_hours"]) == (1, 96)
    # 10, 30 and one of the three that lasts for as long as a period can count: September has 720 hours
    assert table.loc["check", "mean_hours"] == pytest.approx((10 + 30 + 720) / 3)
    assert table.loc["triage", "spent_hours"] == pytest.approx(1 + 2 + 3 + 4 + 5)
    assert table["share_time"].to_dict() == pytest.approx(
        {"check": 760 / 775, "triage": 15 / 775, "(all)": 1}
    )
    assert "stages.few" in keys(result)


def test_waiting_by_hand(small):
    """The check of A waited for the customer: 10 hours of 10; those of B and C for us: 30 and 720, the one that goes on."""
    table = stages(small, OCT, clock="elapsed").table.set_index("stage")
    assert table.loc["triage", "share_waiting"] == 0
    assert table.loc["check", "share_waiting"] == pytest.approx(10 / (10 + 30 + 720))
    assert table.loc["(all)", "share_waiting"] == pytest.approx(10 / (10 + 30 + 720 + 15))


def test_the_way_by_hand(small):
    """Closed: A and C were handed on and D was not; C came back to the desk and into triage."""
    result = stages(small, OCT)
    paths = result.tables["paths"].set_index("path")
    assert paths["path_cases"].to_dict() == {"handovers": 2, "ping_pong": 1, "rework": 1}
    assert paths["path_mean"].to_dict() == {"handovers": 1, "ping_pong": 1 / 3, "rework": 1 / 3}
    flows = result.tables["flows"].set_index(["stage", "next_stage"])
    assert flows["moves"].to_dict() == {
        ("triage", "check"): 3, ("triage", "(closed)"): 2, ("check", "(closed)"): 1, ("check", "(open)"): 1,
        ("check", "triage"): 1,
    }  # fmt: skip
    assert flows.loc[("triage", "check"), "share_next"] == 0.6


def test_the_clock_is_the_users(small):
    """On the work clock the nights are gone: A's triage from 0:00 to 1:00 took no working time."""
    worked = stages(small, OCT).table.set_index("stage")["spent_hours"]
    assert worked["triage"] == 0
    assert worked["check"] < 760


def test_the_visit_that_goes_on_longest_is_listed(small):
    row = stages(small, OCT).tables["examples"].iloc[0]
    assert (row["complaint_id"], row["stage"], row["days"]) == ("B", "check", 4)


# ------------------------------------------------------------------------------------------- changes


def two_months(lengths: dict[str, tuple[list[float], list[float]]]) -> Book:
    """Visits of so many hours by stage, in September and October; every case is closed with its visit."""
    rows, closed = [], {}
    for stage, both in lengths.items():
        for month, hours in zip((SEP, OCT), both, strict=True):
            for i, h in enumerate(hours):
                case = f"{stage}{month.text}{i:03d}"
                entered = month.start + i * 8 * HOUR
                rows.append((case, stage, "desk", "us", entered, h))
                closed[case] = entered + h * HOUR
    return book_of(rows, closed)


def test_what_explains_the_change_by_hand():
    """September: 40 of 2 h and 40 of 4 h; October: 20 of 2 h and 60 of 6 h. Per case: 3 h, then (40 + 360) / 80 = 5 h.
    check: visits 1/2 -> 3/4 at a mean of 5 h: 1.25 h; length 4 -> 6 h at a mean of 5/8: 1.25 h. triage: -1/4 x 2 h."""
    book = two_months({"triage": ([2.0] * 40, [2.0] * 20), "check": ([4.0] * 40, [6.0] * 60)})
    result = stages(book, OCT, clock="elapsed", periods=3)
    table = result.tables["explained"].set_index("stage")
    parts = ["per_case_before", "per_case", "change_hours", "by_visits", "by_length"]
    assert table.loc["check", parts].tolist() == pytest.approx([2, 4.5, 2.5, 1.25, 1.25])
    assert table.loc["triage", parts].tolist() == pytest.approx([1, 0.5, -0.5, -0.5, 0])
    assert table.loc["(all)", parts].tolist() == pytest.approx([3, 5, 2, 0.75, 1.25])
    said = finding(result, "stages.explained")
    assert (said.values["stage"], said.level) == ("check", "watch")


VISIT = st.tuples(st.sampled_from("abc"), st.sampled_from([SEP, OCT]), st.integers(0, 9000), st.booleans())


@settings(max_examples=30, deadline=None)
@given(st.lists(VISIT, min_size=1))
def test_the_parts_add_up(visits):
    lengths = pd.DataFrame(visits, columns=["stage", "period", "duration", "observed"])
    lengths["period"] = [p.text for p in lengths["period"]]
    steps = Steps(
        [SEP, OCT], ["stage"], lengths.assign(n=1), lengths.iloc[:0], 7200.0, load_rules().statistics
    )
    table = explained_table(steps, 5, 7)
    np.testing.assert_allclose(table["by_visits"] + table["by_length"], table["change_hours"], atol=1e-9)
    np.testing.assert_allclose(table["per_case"] - table["per_case_before"], table["change_hours"], atol=1e-9)
    np.testing.assert_allclose(
        table["change_hours"].iloc[:-1].sum(), table["change_hours"].iloc[-1], atol=1e-9
    )


@pytest.fixture(scope="module")
def slower() -> Book:
    """Six months, two departments: from August on the check of `claims` takes twice as long, nothing else changes."""
    rng, rows, closed = np.random.default_rng(4), [], {}
    for month in OCT.history(6):
        for department in ("claims", "desk"):
            for stage in ("triage", "check"):
                factor = 2 if (department, stage) == ("claims", "check") and month.text >= "2026-08" else 1
                hours = rng.lognormal(np.log(20), 0.8, 120) * factor
                for i, h in enumerate(hours):
                    case, entered = f"{month.text}{department}{stage}{i}", month.start + i * 6 * HOUR
                    rows.append((case, stage, department, "us", entered, h))
                    closed[case] = entered + h * HOUR
    return book_of(rows, closed)


def test_since_when_and_where_it_takes_longer(slower):
    result = stages(slower, OCT, clock="elapsed")
    said = finding(result, "stages.slower")
    assert (said.level, said.values["stage"], said.values["department"]) == ("act", "check", "claims")
    assert said.values["since"] == "2026-08"
    assert said.values["times_low"] < 2 < said.values["times_high"]
    moved = result.tables["shifts"].loc[lambda f: f["moved"] != "same"]
    assert set(moved["stage"]) == {"check"}
    assert not set(moved["department"]) & {"desk"}
    assert "takes 1" not in said.sentence("en")
    assert "2026年8月起" in said.sentence("zh")


def test_nothing_is_found_before_it_happened(slower):
    result = stages(slower, Period("2026-07"), clock="elapsed")
    assert finding(result, "stages.steady").values["k"] == len(result.tables["shifts"])


def test_nothing_is_compared_across_a_change_of_the_stages(slower):
    broken = Break("stage", pd.Timestamp("2026-08-01"), Words("拆分", "split"))
    book = Book(slower.connected, slower.tables, slower.clock, (broken,))
    result = stages(book, OCT, clock="elapsed")
    assert "stages.break" in keys(result)
    assert "stages.slower" not in keys(result)
    assert result.tables["trend"]["period"].min() == "2026-08"


def test_a_partial_period_is_compared_with_nothing(slower):
    result = stages(slower, Period("2026-10", "2026-10-20"), clock="elapsed")
    assert "stages.partial" in keys(result)
    assert result.tables["shifts"].empty
    assert result.tables["explained"].empty


# ---------------------------------------------------------------------------------------------- flow


def test_stages_stand_in_the_order_of_the_way():
    """Skipped and repeated stages do not move the others."""
    moves = [
        ("d", "(closed)", 99),
        ("a", "b", 100),
        ("b", "c", 60),
        ("b", "d", 40),
        ("c", "b", 15),
        ("c", "d", 45),
    ]
    flows = pd.DataFrame(moves, columns=["stage", "next_stage", "moves"])
    assert in_order(flows) == ["a", "b", "c", "d"]
    assert in_order(flows.iloc[::-1]) == ["a", "b", "c", "d"]


def test_many_stages_are_drawn_as_nine():
    names = [f"s{i:02d}" for i in range(20)]
    flows = flow_table(pd.DataFrame({"stage": names[:-1], "next_stage": names[1:], "n": range(40, 21, -1)}))
    table = pd.DataFrame({"stage": names, "visits": range(40, 20, -1)})
    shown, moves = drawn(flows, table)
    assert shown == [*names[:8], OTHER]
    assert moves[(7, 8)] == 33  # from the eighth to the others


# ---------------------------------------------------------------------------------------------- edges


def test_what_is_not_measured():
    cases = pd.DataFrame({"complaint_id": ["A"], "received_at": [OCT.start]})
    with pytest.raises(NotMeasured, match="events"):
        stages(Book.of(complaints=cases), OCT)
    with pytest.raises(Trouble, match="clock"):
        stages(book_of([]), OCT, clock="sun")
    with pytest.raises(Trouble, match="periods"):
        stages(book_of([]), OCT, periods=2)


def test_a_log_with_one_moment_a_step_and_nothing_else():
    """A step without a time of leaving lasts until the next one, or until the case was closed."""
    steps = pd.DataFrame({"complaint_id": ["A", "A", "A", "B"], "stage": ["x", "y", "z", "x"],
                          "entered_at": pd.to_datetime(["2026-10-01", "2026-10-02", "2026-10-04", "2026-10-31"])})  # fmt: skip
    cases = pd.DataFrame({"complaint_id": ["A", "B"], "received_at": pd.to_datetime(["2026-10-01", "2026-10-31"]),
                          "closed_at": pd.to_datetime(["2026-10-05", None])})  # fmt: skip
    result = stages(Book.of(complaints=cases, events=steps.assign(left_at=pd.NaT)), OCT, clock="elapsed")
    table = result.table.set_index("stage")
    assert table["still_in"].to_dict() == {"x": 1, "y": 0, "z": 0, "(all)": 1}
    assert table["waited_hours"]["(all)"] == 24
    assert "share_waiting" not in table
    assert result.tables["paths"].empty
    assert {"x": ["y"], "y": ["z"]}.items() <= dict(
        result.tables["flows"]
        .groupby("stage")["next_stage"]
        .agg(lambda s: [v for v in s if v[0] != "("])
        .items()
    ).items()
    for lang in ("zh", "en"):
        assert result.picture(lang).png
        assert result.picture(lang, "shifts").png


def test_nothing_in_the_period_or_at_all(small):
    for book in (small, book_of([])):
        result = stages(book, Period("2025-10"))
        assert keys(result) == ["stages.empty"]
        assert result.picture("en").png


# ------------------------------------------------------------------------------- the demo, and a real log


def test_the_planted_wait_is_found(demo_book):
    """Truth `stage_wait`: from August 2026 on waiting for third parties takes claims twice as long."""
    result = stages(demo_book, OCT)
    told = [f for f in result.findings if f.key == "stages.slower" and f.level == "act"]
    said = next(f for f in told if f.values["stage"] == "third_party")
    assert (said.values.get("department"), said.values["since"]) == ("claims", "2026-08")
    assert said.values["times_low"] < 2 < said.values["times_high"] + 0.2
    before = stages(demo_book, Period("2026-07"))
    assert "stages.slower" not in [f.key for f in before.findings if f.values.get("department") == "claims"]
    assert finding(result, "stages.standing").values["stage"] == "third_party"  # truth `hard_cases_stuck`


def test_a_real_log_re_adds(shared_data):
    """Receipt log of a municipality: every event of 2011 is one visit, none is lost or counted twice."""
    log = pd.read_csv(shared_data / "permit_receipt_log" / "receipt.csv", encoding="utf-8")
    at = (
        pd.to_datetime(log["time:timestamp"], utc=True, format="ISO8601")
        .dt.tz_convert("Europe/Amsterdam")
        .dt.tz_localize(None)
    )
    events = pd.DataFrame(
        {"complaint_id": log["case:concept:name"], "stage": log["concept:name"], "entered_at": at}
    )
    events["left_at"] = pd.NaT
    ends = pd.to_datetime(log["case:enddate"], utc=True, format="ISO8601").dt.tz_localize(None)
    cases = events.groupby("complaint_id", as_index=False)["entered_at"].min()
    cases = cases.rename(columns={"entered_at": "received_at"})
    cases["closed_at"] = cases["complaint_id"].map(ends.groupby(log["case:concept:name"]).max())
    result = stages(Book.of(complaints=cases, events=events), Period("2011"), clock="elapsed")
    inside = events[events["entered_at"].dt.year == 2011]
    counted = result.table.set_index("stage")["visits"].drop("(all)")
    assert counted.sum() == len(inside)
    assert counted.to_dict() == inside["stage"].value_counts().to_dict()
    assert result.tables["flows"]["moves"].sum() == len(inside)
