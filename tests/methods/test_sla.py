from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, protect, sla
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._sla_changes import _split, _within
from complaintlib.methods._sla_due import ALL, Seen, count, look_at
from complaintlib.methods._sla_open import backlog_table, open_cases
from complaintlib.methods._sla_regulator import regulator_table
from complaintlib.rules import Rules

SEP, OCT = Period("2026-09"), Period("2026-10")
TIMES = ["received_at", "first_response_at", "resolved_at", "closed_at"]


def frame(rows: list[tuple], *names: str) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=names)
    return found.assign(**{c: pd.to_datetime(found[c]) for c in names if c.endswith("_at")})


def complaints() -> pd.DataFrame:
    """October 2026 in Shanghai: nine hours a day from Monday to Friday, the first week off."""
    rows = [
        # resolved in five hours; two days late; open, with a limit of five days; withdrawn in time; not due yet; no grade
        ("C1", "major", "claims", "2026-10-12 10:00", "2026-10-12 10:30", "2026-10-12 15:00", "2026-10-13 09:00", "closed"),
        ("C2", "major", "claims", "2026-10-12 10:00", "2026-10-12 11:00", "2026-10-15 10:00", "2026-10-15 10:00", "closed"),
        ("C3", "general", "it", "2026-10-12 10:00", None, None, None, "open"),
        ("C4", "routine", "it", "2026-10-12 10:00", None, None, "2026-10-13 10:00", "withdrawn"),
        ("C5", "urgent", "it", "2026-10-30 17:00", "2026-10-30 17:10", None, None, "open"),
        ("C6", None, "it", "2026-10-12 10:00", None, None, None, "open"),
    ]  # fmt: skip
    return frame(rows, "complaint_id", "severity", "department", *TIMES, "status")


def many(n: int, grade: str, late: int, at: str, place: str = "it") -> pd.DataFrame:
    """`n` cases of a grade received at a moment, `late` of them resolved weeks later, the others at once."""
    start = pd.Timestamp(at)
    done = [start + pd.Timedelta(days=40 if i < late else 0, minutes=1) for i in range(n)]
    ids = [f"{place}{at[5:10]}{grade}{i:03d}" for i in range(n)]
    found = pd.DataFrame({"complaint_id": ids, "severity": grade, "department": place, "received_at": start})
    return found.assign(first_response_at=start, resolved_at=done, closed_at=done)


def book_of(*parts: pd.DataFrame, **book) -> Book:
    """A book of the parts and of a case of the last day, so that its data do not stop short."""
    return Book.of(complaints=pd.concat([*parts, many(1, "routine", 0, "2026-10-31 20:00")]), **book)


def row(table: pd.DataFrame, **where) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def finding(result, key, **values):
    return next(f for f in result.findings if f.key == key and values.items() <= f.values.items())


def keys(result) -> list[str]:
    return [f.key for f in result.findings]


# ------------------------------------------------------------------------------------------------ by hand


def test_kept_promises_counted_by_hand():
    """On time = met / due: C1 of C1, C2, C3. C3 is still open and not met, C4 was withdrawn in time, C5 is not due yet."""
    result = sla(Book.of(complaints=complaints()), OCT)
    total = row(result.table, promise="resolution", severity=ALL)
    assert total[["due", "met", "late", "overdue", "void"]].tolist() == [3, 1, 1, 1, 1]
    assert total["on_time"] == pytest.approx(1 / 3)
    # Wilson (1927) for 1 of 3
    assert total[["on_time_low", "on_time_high"]].tolist() == pytest.approx([0.0615, 0.7923], abs=5e-5)
    major = row(result.table, promise="resolution", severity="major")
    assert major[["due", "met", "time_limit"]].tolist() == [2, 1, 540]
    assert major["due_share"] == pytest.approx(2 / 3)
    answers = row(result.table, promise="first_response", severity=ALL)
    assert answers[["due", "met", "late", "overdue"]].tolist() == [3, 1, 1, 1]  # C1 just in its 30 minutes
    assert row(result.tables["groups"], promise="resolution", department="claims")["due"] == 2


def test_open_cases_over_their_limit_by_hand():
    """C3: an eight-hour day, then fourteen whole ones to the end of October: 480 + 14 x 540 = 8,040 minutes, limit 2,700."""
    result = sla(Book.of(complaints=complaints()), OCT)
    assert result.tables["overdue"][["complaint_id", "time_open", "time_over"]].values.tolist() == [
        ["C3", 8040, 5340]
    ]
    total = row(result.tables["backlog"], severity=ALL)
    assert total[["open", "over_limit", "running", "longest_over"]].tolist() == [2, 1, 1, 5340]
    told = finding(result, "sla.overdue")
    assert (told.level, told.values["over_limit"]) == ("act", 1)
    assert np.isnan(total["expected_late"])  # a single case tells nothing of its grade


def test_waiting_on_the_customer_stops_the_clock_if_before_the_limit():
    """C2 waits two days on the customer from its first day on: then it is in time. The stage it stands at is listed."""
    steps = frame(
        [
            ("C0", "registered", "2026-08-01 09:00", "2026-08-01 10:00", "us"),
            ("C2", "customer_documents", "2026-10-12 11:00", "2026-10-14 11:00", "customer"),
            ("C2", "investigation", "2026-10-14 11:00", "2026-10-15 10:00", "us"),
            ("C3", "investigation", "2026-10-12 10:00", "2026-10-14 10:00", "us"),
            ("C3", "third_party", "2026-10-14 10:00", None, "third_party"),
        ],
        "complaint_id", "stage", "entered_at", "left_at", "waiting_on",
    )  # fmt: skip
    book = Book.of(complaints=complaints(), events=steps)
    result = sla(book, OCT)
    assert row(result.table, promise="resolution", severity="major")["met"] == 2
    assert "sla.pauses" not in keys(result)
    assert (
        row(result.tables["overdue"], complaint_id="C3")[["stage", "waiting_on"]].tolist()
        == ["third_party"] * 2
    )
    spent = row(result.tables["spent"], stage="third_party")  # C3 missed: 14th 10:00 to the end of the month
    assert spent[["steps_missed", "spent_missed", "steps_met"]].tolist() == [1, 8040 - 2 * 540, 0]
    assert spent["time_missed"] == pytest.approx((8040 - 1080) / 8040)
    assert "sla.pauses" in keys(sla(Book.of(complaints=complaints()), OCT))


def test_a_reopened_case_goes_by_the_rule():
    again = complaints().assign(reopened=[True, False, False, False, False, False])
    seen = look_at(Book.of(complaints=again).at(OCT.as_of), OCT, "department")
    resolution = seen.promises[1]
    assert count(seen, resolution)["met"].sum() == 1
    strict = replace(seen, rules=replace(seen.rules, sla=replace(seen.rules.sla, reopened="late")))
    found = count(strict, resolution)
    assert found[["met", "late", "due"]].sum().tolist() == [0, 2, 3]
    assert count(strict, seen.promises[0])["met"].sum() == 1  # an answer stays an answer


def test_the_chance_to_miss_the_limit_by_hand():
    """21 general cases: 8 resolved after an hour, 12 after six days, one open for 30 minutes. It leaves before the first
    end, so S(60) = 12/20, and nothing else ends within the 2,700 minutes: the chance is .6; of one open for two hours 1."""
    start = pd.Timestamp("2026-10-12 09:00")
    done = [start + pd.Timedelta(hours=1)] * 8 + [pd.Timestamp("2026-10-20 09:00")] * 12 + [pd.NaT]
    rows = pd.DataFrame({"severity": "general", "received_at": start, "resolved_at": done})
    rows.loc[20, "received_at"] = pd.Timestamp("2026-10-30 17:30")
    rows["complaint_id"] = [f"C{i:02d}" for i in range(21)]
    result = sla(Book.of(complaints=rows), OCT)
    assert result.tables["at_risk"]["chance"].tolist() == pytest.approx([0.6])
    assert result.tables["at_risk"]["time_left"].tolist() == [2670]
    total = row(result.tables["backlog"], severity=ALL)
    # chance: .6 x .4; the curve: Greenwood's 8 / (20 x 12)
    half = 1.959964 * np.sqrt(0.24 + 0.36 * 8 / 240)
    assert total["expected_late"] == pytest.approx(0.6)
    assert total["expected_late_low"] == max(0, 0.6 - half) == 0
    assert total["expected_late_high"] == min(1, 0.6 + half) == 1


def test_the_regulators_table_by_hand():
    rows = [
        ("C1", "2026-09-20 10:00", "2026-09-20 12:00", "2026-10-02 10:00", "yes"),  # 12 days
        ("C2", "2026-09-10 10:00", "2026-09-13 10:00", "2026-10-20 10:00", "no"),  # 40 days
        ("C3", "2026-08-01 10:00", "2026-08-01 11:00", "2026-10-20 10:00", None),  # 80 days
        ("C4", "2026-10-31 10:00", None, None, None),
        ("C5", "2026-09-01 10:00", None, None, None),
        (
            "C6",
            "2026-10-05 10:00",
            "2026-10-06 11:00",
            "2026-10-07 10:00",
            "partly",
        ),  # 25 hours to the answer
    ]
    names = ["complaint_id", "received_at", "first_response_at", "closed_at", "valid"]
    table = regulator_table(Book.of(complaints=frame(rows, *names)), OCT).set_index("item")
    counted = {
        "received": (2, None), "acknowledged": (0, 1), "closed": (4, None), "closed_4_weeks": (2, 4),
        "closed_8_weeks": (1, 4), "closed_over": (1, 4), "upheld": (2, 3), "outstanding": (2, None),
        "within_15_days": (2, 2), "within_4_weeks": (1, 2), "within_30_days": (1, 3), "within_8_weeks": (0, 1),
        "response_rate": (1, 2), "resolution_rate": (1, 2),
    }  # fmt: skip
    assert {
        item: (r["n"], None if pd.isna(r["out_of"]) else r["out_of"]) for item, r in table.iterrows()
    } == counted


# --------------------------------------------------------------------------------- changes and their parts


def test_a_share_that_falls_while_every_grade_improves():
    """Simpson: 90 of 100 easy and 4 of 10 hard, then 10 of 10 easy and 50 of 100 hard: .855 -> .545, though 90 % -> 100 %
    and 40 % -> 50 %. By hand: mix (1/11 - 10/11) (.95 - .45) = -.409, rate .1 (all weights) = +.1."""
    parts = [
        many(100, "routine", 10, "2026-09-01 10:00"), many(10, "major", 6, "2026-09-01 10:00"),
        many(10, "routine", 0, "2026-10-09 10:00"), many(100, "major", 50, "2026-10-09 10:00"),
    ]  # fmt: skip
    result = sla(book_of(*parts), OCT)
    where = {"promise": "resolution", "compared": "previous", "severity": ALL, "department": "it"}
    change = row(result.tables["changes"], **where)
    assert change["on_time_change"] == pytest.approx(60 / 110 - 94 / 110)
    assert change["through_mix"] == pytest.approx(-(90 / 110) * 0.5)
    assert change["through_rate"] == pytest.approx(0.1)
    assert change[["grades_up", "grades_down", "moved"]].tolist() == [2, 0, "down"]
    told = finding(result, "sla.mix", department="it")
    assert told.level == "watch"
    assert "harder mix" in told.sentence("en") and "难办的等级多了" in told.sentence("zh")
    assert "sla.group" not in keys(result)  # it is not said to have got worse


def test_mantel_haenszel_against_a_published_table():
    """p_within against statsmodels' stratified table on the smoking data of eight Chinese cities (Liu 1992, as in
    Agresti, Categorical Data Analysis, section 6.3): Mantel-Haenszel statistic 279.4 to 280.1."""
    from scipy.stats import norm

    cities = [(126, 100, 35, 61), (908, 688, 497, 807), (913, 747, 336, 598), (235, 172, 58, 121),
              (402, 308, 121, 215), (182, 156, 72, 98), (60, 99, 11, 43), (104, 89, 21, 36)]  # fmt: skip
    both = pd.DataFrame(cities, columns=list("abcd"))
    now = pd.DataFrame({"count": both["a"], "exposure": both["a"] + both["b"]})
    then = pd.DataFrame({"count": both["c"], "exposure": both["c"] + both["d"]})
    assert norm.isf(_within(then, now) / 2) ** 2 == pytest.approx(280.1, abs=0.5)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=8))
@settings(max_examples=25, deadline=None)
def test_mix_and_rate_add_up(numbers):
    """The parts add up to the change of each place; those of the grades to the parts of the total."""
    seen = Seen(None, OCT, "department", (), (), Rules(), (SEP, OCT), True)
    index = pd.MultiIndex.from_product(
        [[SEP.text, OCT.text], ["major", "routine"], ["claims", "it"]],
        names=["period", "severity", "department"],
    )
    counts = pd.DataFrame([(met, met + late) for met, late in numbers], index, ["met", "due"])
    parts = _split(seen, counts, SEP)
    for place in ("claims", "it", ALL):
        one = counts if place == ALL else counts.xs(place, level="department")
        sums = one.groupby("period")[["met", "due"]].sum()
        if sums["due"].all():
            share = sums["met"] / sums["due"]
            told = parts.loc[(ALL, place), ["through_mix", "through_rate"]]
            assert told.sum() == pytest.approx(share[OCT.text] - share[SEP.text])
            if place == ALL:
                grades = parts.xs(ALL, level="department").drop(ALL)[["through_mix", "through_rate"]]
                assert grades.sum().tolist() == pytest.approx(told.tolist())
        else:
            assert (ALL, place) not in parts.index


def test_what_others_keep_of_the_same_grades():
    """Two departments with only hard cases: one keeps 20 of 40, the other 60 of 80; a third has easy ones."""
    parts = [
        many(40, "major", 20, "2026-10-09 10:00", "claims"), many(80, "major", 20, "2026-10-09 10:00", "it"),
        many(40, "routine", 0, "2026-10-09 10:00", "delivery"),
    ]  # fmt: skip
    result = sla(book_of(*parts), OCT)
    claims = row(result.tables["groups"], promise="resolution", department="claims")
    assert claims["on_time_standard"] == pytest.approx(0.75)
    assert claims["on_time_gap"] == pytest.approx(-0.25)
    assert claims["apart"] == "below"
    delivery = row(result.tables["groups"], promise="resolution", department="delivery")
    assert (delivery["on_time_gap"], delivery["apart"]) == (0, "few")  # nobody to compare with
    assert finding(result, "sla.behind").values["department"] == "claims"


def test_nothing_is_compared_across_other_grades_nor_where_there_are_few():
    parts = [many(60, "major", 30, "2026-09-01 10:00"), many(60, "major", 0, "2026-10-09 10:00")]
    other = Break("severity", pd.Timestamp("2026-09-20"), None)
    assert set(sla(book_of(*parts, breaks=[other]), OCT).tables["changes"]["moved"]) == {
        "break",
        "none",
    }
    result = sla(book_of(*(part.head(5) for part in parts)), OCT)
    assert set(result.tables["changes"].query("compared == 'previous'")["moved"]) == {"few"}
    assert finding(result, "sla.resolution").values == {"due": 5}


def test_a_period_that_is_not_over_is_not_compared():
    parts = [many(60, "major", 30, "2026-09-01 10:00"), many(60, "major", 0, "2026-10-09 10:00")]
    book = book_of(*parts)
    result = sla(book, Period("2026-10", pd.Timestamp("2026-10-20")))
    assert set(result.tables["changes"]["moved"]) == {"partial"}
    assert "sla.partial" in keys(result)


# ---------------------------------------------------------------------------------------- what is not there


def test_without_departments_the_rest_is_said():
    result = sla(Book.of(complaints=complaints().drop(columns="department")), OCT)
    assert result.tables["groups"].empty and "sla.resolution" in keys(result)
    assert "department" not in result.tables["changes"]
    result.picture("zh", "groups")


def test_without_grades_the_regulators_figures_are_left():
    result = sla(Book.of(complaints=complaints().assign(severity=None)), OCT)
    assert result.table.empty
    assert finding(result, "sla.not_measured").values["needs"] == "complaints.severity"
    assert row(result.tables["regulator"], item="received")["n"] == 6


def test_cases_due_without_a_recorded_stage_spent_no_known_time():
    """Only C5, which is not due yet, has a stage: no row, and no error."""
    steps = frame(
        [("C5", "intake", "2026-10-30 17:00", None)], "complaint_id", "stage", "entered_at", "left_at"
    )
    result = sla(Book.of(complaints=complaints(), events=steps), OCT)
    assert len(result.table) and result.tables["spent"].empty and "sla.spent" not in keys(result)


def test_where_nothing_is_recorded_it_says_what_it_needs():
    rows = pd.concat([complaints()[["complaint_id", "received_at"]]] * 5)
    with pytest.raises(NotMeasured, match=r"complaints\.severity"):
        sla(Book.of(complaints=rows), OCT)


def test_the_shared_edition_lists_no_cases():
    shown = protect(sla(Book.of(complaints=complaints()), OCT), "shared")
    assert shown.tables["overdue"].empty and shown.tables["at_risk"].empty
    assert "C3" not in shown.show_table("en", "overdue").html
    for name in ("", "groups"):
        shown.picture("zh", name)


# -------------------------------------------------------------------------------------------- planted truths


def test_truth_on_time_mix(demo_book):
    """Finance keeps fewer promises in all, though its grades are quicker: it is the mix."""
    result = sla(demo_book, OCT)
    where = {"compared": "last_year", "severity": ALL, "department": "finance"}
    change = row(result.tables["changes"], promise="resolution", **where)
    assert change["on_time_change"] < -0.03 < 0 < change["through_rate"]
    assert change["through_mix"] < -0.08 and change["q_mix"] < 0.01
    assert finding(result, "sla.mix", department="finance").level == "watch"


def test_truth_hard_cases_stuck(demo_book):
    """The cases stuck at customs are among those longest over their limit."""
    worst = sla(demo_book, OCT).tables["overdue"]
    assert len(worst) == 20 and worst["time_over"].is_monotonic_decreasing
    if demo_book.has("events", "stage"):
        assert (worst["department"] == "customs").sum() >= 5


def test_what_was_expected_came(demo_book):
    """The number expected to miss their limit at the end of a month, against what became of just those cases."""
    for month in ("2026-04", "2026-06", "2026-08"):
        period = Period(month)
        seen = look_at(demo_book.at(period.as_of), period, "department")
        resolution = seen.promises[1]
        cases = open_cases(seen, resolution)
        total = backlog_table(seen, resolution, cases).iloc[0]
        later = demo_book.due(resolution.limits, resolution.end, ["complaint_id"], pauses=seen.pauses)
        late = set(later.loc[later["state"].isin(["late", "overdue"]), "complaint_id"])
        came = cases.loc[(cases["over"] == 0) & cases["chance"].notna(), "complaint_id"].isin(late).sum()
        spread = total["expected_late_high"] - total["expected_late"]
        assert abs(came - total["expected_late"]) <= 1.5 * spread
        assert came > 20
