from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, Words, closure, protect
from complaintlib.book import Break, NotMeasured
from complaintlib.indicators import measure
from complaintlib.methods import _closure_tables as made
from complaintlib.methods._closure_counts import ALL, NEEDS
from complaintlib.rules import load_rules
from complaintlib.words import Trouble

OCT, SEP, LAST = Period("2026-10"), Period("2026-09"), Period("2025-10")
DAY = pd.Timedelta(days=1)


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


def checks(result) -> pd.DataFrame:
    return result.table.set_index("check")


# ------------------------------------------------------------------------------------------ by hand


def eight() -> dict[str, pd.DataFrame]:
    """A1 to A5 of claims, B1 to B3 of the desk; what each is there for is said behind it."""
    rows = [  # id, received, resolved, closed (days of October; 33 is 2 November), customer, reopened, transferred, valid, paid
        ("A1", 1, 3, 4, "p", True, False, "yes", 100.0),  # all four checks, but reopened
        ("A2", 2, 4, 5, "q", False, False, "partly", None),  # not evaluated
        ("A3", 5, 6, 7, "r", False, False, "no", None),  # not followed up; the customer comes back as B2
        ("A4", 8, None, 9, "s", None, False, None, None),  # withdrawn: nothing of it
        ("A5", 20, 28, 36, "t", False, False, "yes", None),  # resolved 4 days before the end, closed after it
        ("B1", 12, 20, 21, "u", False, True, "yes", None),  # handed on; evaluated only in November
        ("B2", 10, 12, 13, "r", False, False, "no", 50.0),  # all four checks
        ("B3", 26, 30, 34, "v", False, False, "yes", None),  # closed after the end
    ]
    names = [
        "complaint_id",
        "received_at",
        "resolved_at",
        "closed_at",
        "customer_id",
        "reopened",
        "transferred",
    ]
    frame = pd.DataFrame(rows, columns=[*names, "valid", "compensation"])
    for time in ("received_at", "resolved_at", "closed_at"):
        frame[time] = OCT.start + pd.to_timedelta(frame[time] - 1, unit="D") + pd.Timedelta(hours=9)
    answered = frame["complaint_id"] != "A4"
    frame["first_response_at"] = (frame["received_at"] + pd.Timedelta(hours=1)).where(answered)
    frame["department"] = frame["complaint_id"].str[0].map({"A": "claims", "B": "desk"})
    frame["escalated"] = frame["complaint_id"] == "B3"
    frame["status"] = np.where(frame["complaint_id"] == "A4", "withdrawn", "closed")
    calls = frame[frame["complaint_id"].isin(["A1", "A2", "B1", "B2", "B3"])]
    events = pd.DataFrame({"complaint_id": calls["complaint_id"], "stage": "follow_up",
                           "entered_at": calls["resolved_at"] + pd.Timedelta(hours=1),
                           "left_at": calls["closed_at"]})  # fmt: skip
    surveys = pd.DataFrame({"survey_id": ["1", "2", "3", "4"], "complaint_id": ["A1", "A3", "B1", "B2"],
                            "answered_at": pd.to_datetime(["2026-10-09", "2026-10-09", "2026-11-02", "2026-10-30"])})  # fmt: skip
    return {"complaints": frame.assign(reason="x", text="…"), "events": events, "surveys": surveys}


@pytest.fixture(scope="module")
def october():
    return closure(Book.of(**eight()), OCT)


def test_every_check_counted_by_hand(october):
    table = checks(october)
    counted = {check: (row["n"], row["n_of"]) for check, row in table[["n", "n_of"]].iterrows()}
    assert counted.pop("repeat_90") == (0, 0)  # nobody is 90 days old
    assert counted == {
        "answered": (5, 6), "solved": (5, 6), "followed_up": (4, 6), "evaluated": (3, 6), "closed_loop": (2, 6),
        "first_contact": (2, 5), "reopened": (1, 5), "repeat_7": (1, 7), "repeat_30": (0, 1),
        "escalated": (1, 8), "upheld": (3, 5), "compensated": (2, 6),
    }  # fmt: skip
    assert table["share_of"]["closed_loop"] == pytest.approx(1 / 3)
    assert table["n_pending"].dropna().to_dict() == {
        "first_contact": 2,
        "repeat_7": 1,
        "repeat_30": 7,
        "repeat_90": 8,
    }


def test_the_loop_breaks_where_it_was_counted_to(october):
    links = october.tables["links"].set_index("check")
    assert links["n_lacking"].to_dict() == {"answered": 1, "solved": 1, "followed_up": 2, "evaluated": 3}
    assert links["n_only"].to_dict() == {"answered": 0, "solved": 0, "followed_up": 1, "evaluated": 2}


def test_groups_by_hand_add_up_to_the_total(october):
    where = october.tables["where"].set_index(["check", "department"])
    assert where.loc[("followed_up", "claims"), ["n", "n_of", "n_rest", "n_of_rest"]].tolist() == [2, 4, 2, 2]
    assert where.loc[("closed_loop", "desk"), ["n", "n_of"]].tolist() == [1, 2]
    assert set(where["apart"]) == {"few"}


def test_repeats_by_kaplan_and_meier_by_hand(october):
    """One comes back on day 5, when all eight are still looked at (B3 leaves in the course of that day): 1/8, not 1/7."""
    repeats = october.tables["repeats"].set_index("days")
    assert repeats.loc[7, "km"] == pytest.approx(1 / 8)
    assert repeats.loc[7, "share_of"] == pytest.approx(1 / 7)


def test_compensation_and_decisions_by_hand(october):
    cost = october.tables["compensation"].set_index("department")
    assert cost.loc[ALL, ["n", "n_of", "paid_total", "paid_per_case", "paid_median"]].tolist() == [
        2,
        6,
        150,
        25,
        75,
    ]
    assert cost.loc["claims", ["n", "n_of", "paid_total"]].tolist() == [1, 4, 100]
    validity = october.tables["validity"]
    assert dict(zip(validity["valid"], validity["n"], strict=True)) == {
        "yes": 2,
        "partly": 1,
        "no": 2,
        "(blank)": 1,
    }
    assert validity["share_of"].tolist()[:3] == [0.4, 0.2, 0.4]


def test_a_longer_window_after_the_resolution_makes_fewer_measurable():
    """20 days: only A1 to A3 were resolved before 12 October 00:00 and received before that day."""
    row = checks(closure(Book.of(**eight()), OCT, days=20)).loc["first_contact"]
    assert (row["n"], row["n_of"]) == (1, 3)  # A2


# ------------------------------------------------------------------------------------ changes and gaps


def flagged(*cells: tuple[Period, str, int, int]) -> pd.DataFrame:
    """So many escalated of so many complaints in a period and department, spread over it."""
    rows = [
        (f"{p}-{d}-{i}", p.start + (p.end - p.start) * ((i + 0.5) / n), d, i < k)
        for p, d, k, n in cells
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["complaint_id", "received_at", "department", "escalated"])


def test_a_change_against_newcombe_1998_table_2_a():
    """Newcombe (1998, Stat Med 17:873-890), table II (a): 56/70 against 48/80, difference .2000, .0524 to .3339."""
    book = Book.of(complaints=flagged((SEP, "a", 48, 80), (OCT, "a", 56, 70)))
    result = closure(book, OCT)
    row = (
        result.tables["changes"]
        .set_index(["compared", "check", "department"])
        .loc[("previous", "escalated", ALL)]
    )
    assert row[["share_change", "share_change_low", "share_change_high"]].tolist() == pytest.approx(
        [0.2, 0.0524, 0.3339], abs=5e-5
    )
    assert checks(result).loc["escalated", "moved_previous"] == "up"
    assert finding(result, "closure.escalated").level == "watch"


def test_a_group_against_all_others_is_the_same_arithmetic():
    book = Book.of(complaints=flagged((OCT, "a", 56, 70), (OCT, "b", 40, 70), (OCT, "c", 8, 10)))
    result = closure(book, OCT)
    row = result.tables["where"].iloc[0]
    assert (row["department"], row["check"], row["apart"]) == ("a", "escalated", "above")
    assert row["share_gap"] == pytest.approx(0.2)
    assert (row["share_gap_low"], row["share_gap_high"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert row["n_lost"] == pytest.approx(14)
    assert finding(result, "closure.where").values["department"] == "a"
    assert result.tables["where"].set_index("department").loc["c", "apart"] == "few"


def test_nothing_claimed_where_nothing_changed():
    """300 simulated months without a change of any check: a change of a total is claimed in at most 1 in 10 (+ 2 sd) of them."""
    rng, names, runs = np.random.default_rng(11), list(NEEDS), 300
    share, statistics = rng.uniform(0.02, 0.9, len(names)), load_rules().statistics
    index = pd.MultiIndex.from_product([names, range(runs)], names=["check", "group"])
    parts = []
    for period in (SEP, OCT):
        n_of = rng.integers(80, 400, len(index))
        n = rng.binomial(n_of, np.repeat(share, runs))
        parts.append(pd.DataFrame({"n": n, "n_of": n_of, "period": period.text}, index).reset_index())
    seen = SimpleNamespace(period=OCT, by=None)
    changes = made.changes_table(seen, pd.concat(parts), pd.Series(dtype=float), statistics)
    claimed = 0
    for _, month in changes.groupby("group"):
        (tested,) = made.corrected([month.assign(group=ALL)])
        claimed += np.isin(
            made.verdict(tested, "share_change", ("up", "down"), statistics.fdr), ["up", "down"]
        ).any()
    assert claimed <= 0.1 * runs + 2 * np.sqrt(0.1 * 0.9 * runs)


def test_each_period_is_seen_as_it_stood_at_its_own_end():
    """A survey that is answered a month later does not make the older period look better."""
    frames = eight()
    older = frames["complaints"].assign(complaint_id=lambda f: "S" + f["complaint_id"])
    for time in ("received_at", "first_response_at", "resolved_at", "closed_at"):
        older[time] = older[time] - 30 * DAY
    surveys = pd.DataFrame({"survey_id": ["5", "6"], "complaint_id": ["SA1", "SA2"],
                            "answered_at": pd.to_datetime(["2026-09-20", "2026-10-20"])})  # fmt: skip
    book = Book.of(
        complaints=pd.concat([frames["complaints"], older]),
        events=frames["events"],
        surveys=pd.concat([frames["surveys"], surveys]),
    )
    trend = closure(book, OCT).tables["trend"].set_index(["check", "period"])
    assert trend.loc[("evaluated", "2026-09"), ["n", "n_of"]].tolist() == [1, 6]
    assert ("followed_up", "2026-09") not in trend.index  # the events begin in October: not measured, not 0


# -------------------------------------------------------------------------------------------- edges


def test_what_is_not_measured_is_named_and_the_rest_is_told():
    result = closure(Book.of(complaints=flagged((OCT, "a", 5, 30)).drop(columns="department")), OCT)
    assert checks(result)["n_of"].dropna().to_dict() == {"escalated": 30}
    assert {"complaints.department", "events.stage"} <= set(
        finding(result, "closure.not_measured").values["needs"]
    )
    assert result.by is None and result.tables["where"].empty
    for name in ("", "trend", "where"):
        assert result.picture("zh", name).png.startswith(b"\x89PNG")
    with pytest.raises(NotMeasured, match=r"complaints\.closed_at"):
        closure(Book.of(complaints=flagged((OCT, "a", 5, 30))[["complaint_id", "received_at"]]), OCT)


def test_few_none_and_parameters_out_of_range(october):
    assert finding(october, "closure.few").values == {"n_of": 8}
    assert "closure.empty" in keys(closure(Book.of(**eight()), Period("2026-12")))
    book = Book.of(**eight())
    for wrong in ({"days": 0}, {"days": 400}, {"periods": 1}):
        with pytest.raises(Trouble, match="days"):
            closure(book, OCT, **wrong)


def test_no_repeat_is_judged_across_a_break_of_the_reasons():
    broken = Break("reason", pd.Timestamp("2026-10-10"), Words("拆分", "split"))
    result = closure(Book.of(**eight(), breaks=[broken]), OCT)
    assert checks(result).loc[["first_contact", "repeat_7", "repeat_30"], "n_of"].isna().all()
    assert "first_contact" in finding(result, "closure.break").values["checks"]
    assert checks(result).loc["closed_loop", "n"] == 2


def test_groups_are_not_compared_across_a_break_but_totals_are():
    broken = Break("department", OCT.start + DAY, Words("拆分", "split"))
    book = Book.of(complaints=flagged((SEP, "a", 48, 80), (OCT, "a", 56, 70)), breaks=[broken])
    result = closure(book, OCT)
    moved = result.tables["changes"].set_index(["compared", "department"])["moved"]
    assert (moved[("previous", "a")], moved[("previous", ALL)]) == ("break", "up")
    assert "closure.groups" in keys(result)


def test_a_partial_period_is_not_compared():
    book = Book.of(complaints=flagged((SEP, "a", 48, 80), (OCT, "a", 56, 70)))
    result = closure(book, Period("2026-10", "2026-10-20"))
    assert checks(result).loc["escalated", "moved_previous"] == "partial"
    assert result.tables["changes"].empty
    assert "closure.partial" in keys(result)


def test_a_shared_edition_keeps_the_rates_and_hides_small_counts():
    frames = flagged((SEP, "a", 30, 80), (OCT, "a", 40, 100), (OCT, "b", 3, 40))
    result = protect(closure(Book.of(complaints=frames), OCT), "shared")
    table = checks(result)
    assert (
        table.loc["escalated", "n"],
        table.loc["escalated", "n_of"],
        table.loc["escalated", "share_of"],
    ) == (45, 140, 0.32)
    where = result.tables["where"].set_index("department")
    assert where.loc["b", "n"] == "*"
    assert result.picture("en", "where").png.startswith(b"\x89PNG")


@settings(max_examples=3, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=40))
def test_groups_re_add_to_the_total(cases):
    """M17"""
    frame = pd.DataFrame(cases, columns=["department", "escalated"])
    frame["complaint_id"] = [f"c{i}" for i in range(len(frame))]
    frame["received_at"] = OCT.start + pd.to_timedelta(np.arange(len(frame)), unit="h")
    result = closure(Book.of(complaints=frame), OCT, periods=2)
    total = checks(result).loc["escalated"]
    where = result.tables["where"]
    assert (
        (where["n"].sum(), where["n_of"].sum())
        == (total["n"], total["n_of"])
        == (frame["escalated"].sum(), len(frame))
    )
    assert (where["n"] + where["n_rest"]).eq(total["n"]).all()


# ------------------------------------------------------------------------------------ planted truths


@pytest.fixture(scope="module")
def may(demo_book):
    return closure(demo_book, Period("2026-05"))


def test_the_same_numbers_as_the_dictionary_of_indicators(may, demo_book):
    for check, key in (
        ("reopened", "reopen_rate"),
        ("escalated", "escalation_rate"),
        ("upheld", "upheld_rate"),
    ):
        own = measure(demo_book, key, [may.period]).iloc[0]
        assert checks(may).loc[check, ["n", "n_of"]].tolist() == [own["numerator"], own["denominator"]]
    cost = measure(demo_book, "compensation_per_case", [may.period])["value"].item()
    assert may.tables["compensation"]["paid_per_case"].iloc[0] == pytest.approx(cost)


def test_truth_few_customers(may):
    """Five customers complain 60 times about coupons in April: those who come back within 30 days stand out, and where."""
    assert checks(may).loc["repeat_30", "moved_previous"] == "up"
    assert finding(may, "closure.repeat_30").values["department"] == "merchant_care"
    where = may.tables["where"].iloc[0]
    assert (where["department"], where["check"], where["apart"]) == ("merchant_care", "repeat_30", "above")


def test_truth_other_ends(may):
    """Since September 2025 two to three in a hundred cases end unresolved; the year before none did."""
    row = checks(may).loc["solved"]
    assert 0.02 < 1 - row["share_of"] < 0.045
    assert row["moved_last_year"] == "down"
