import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, Words, pareto
from complaintlib.book import Break, NotMeasured
from complaintlib.schema import OTHER
from complaintlib.words import Trouble

OCT = Period("2026-10")


def book_of(counts: dict, severity: dict | None = None, cost: dict | None = None, **book) -> Book:
    """So many complaints of each reason in October 2026, all of one grade and one compensation by reason."""
    frame = pd.DataFrame({"reason": [reason for reason, n in counts.items() for _ in range(n)]}, dtype=object)
    frame["complaint_id"] = [f"c{i:05d}" for i in range(len(frame))]
    frame["received_at"] = OCT.start + pd.to_timedelta(np.arange(len(frame)) * 7919 % 44_640, unit="min")
    if severity:
        frame["severity"] = frame["reason"].map(severity)
    if cost:
        frame["compensation"] = frame["reason"].map(cost).astype(float)
        frame["closed_at"] = frame["received_at"]
    return Book.of(complaints=frame, **book)


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


# ------------------------------------------------------------------------------------------ by hand

ABCD = {"a": 50, "b": 25, "c": 15, "d": 10}


def test_by_count_by_hand():
    """N55: shares .50 .25 .15 .10, three make up 80 %; Gini 1.15 - .75, Herfindahl .25 + .0625 + .0225 + .01."""
    result = pareto(book_of(ABCD), OCT)
    table = result.table
    assert table["reason"].tolist() == ["a", "b", "c", "d"]
    np.testing.assert_allclose(table["part_amount"], [0.5, 0.25, 0.15, 0.1])
    np.testing.assert_allclose(table["cumulative"], [0.5, 0.75, 0.9, 1])
    assert table["vital"].tolist() == [True, True, True, False]
    fact = result.tables["concentration"].iloc[0]
    # Gini: sum of rank x share from the smallest: 2 (1 x .1 + 2 x .15 + 3 x .25 + 4 x .5) / 4 - 5 / 4
    assert fact["gini"] == pytest.approx(2 * (0.1 + 0.3 + 0.75 + 2.0) / 4 - 5 / 4)
    assert fact["hhi"] == pytest.approx(0.345)
    assert fact["vital_halved"] == 45


def test_halving_against_garwood():
    """50 cases: exact Poisson limits 37.11 to 65.92 (Garwood 1936); half of them are spared."""
    row = pareto(book_of(ABCD), OCT).table.iloc[0]
    assert row["halved"] == 25
    assert (row["halved_low"], row["halved_high"]) == pytest.approx((37.11 / 2, 65.92 / 2), abs=0.005)
    assert row["halved_part"] == 0.25


def test_shares_of_cases_have_the_limits_of_simultaneous_shares():
    """With one weight for all, the limits are those of simultaneous shares of 100 cases in 4 classes."""
    from complaintlib.stats.intervals import simultaneous_shares

    table = pareto(book_of(ABCD), OCT).table
    limits = simultaneous_shares(table["n"])
    np.testing.assert_allclose(table[["part_low", "part_high"]], limits[["low", "high"]])


def test_by_severity_by_hand():
    """Points major 10, general 3, routine 1: d 100, a 50, c 45, b 25 of 220."""
    grades = {"a": "routine", "b": "routine", "c": "general", "d": "major"}
    result = pareto(book_of(ABCD, severity=grades), OCT)
    assert list(result.tables) == ["count", "severity", "concentration", "examples"]
    points = result.tables["severity"].set_index("reason")
    assert points["amount"].to_dict() == {"d": 100, "a": 50, "c": 45, "b": 25}
    assert points["rank"].to_dict() == {"d": 1, "a": 2, "c": 3, "b": 4}
    said = finding(result, "pareto.severity")
    assert said.level == "watch"
    assert (said.values["reason"], said.values["rank"], said.values["rank_count"]) == ("d", 1, 4)
    assert said.values["part"] == pytest.approx(100 / 220)


def test_by_cost_by_hand_and_in_any_currency():
    """M12: compensation times 100 changes no share, rank or certainty."""
    dear = {"a": 1.0, "b": 2.0, "c": np.nan, "d": 90.0}
    one, hundred = (
        pareto(book_of(ABCD, cost={k: v * scale for k, v in dear.items()}), OCT, weight="cost")
        for scale in (1, 100)
    )
    assert one.table["reason"].tolist() == ["d", "a", "b"]  # c was paid nothing
    assert one.table["amount"].tolist() == [900, 50, 50]
    assert one.tables["concentration"]["cases"].iloc[0] == 85
    money = ["amount", "halved", "halved_low", "halved_high"]
    pd.testing.assert_frame_equal(one.table.drop(columns=money), hundred.table.drop(columns=money))
    np.testing.assert_allclose(hundred.table[money], one.table[money] * 100)


def test_one_dear_case_is_less_certain_than_many_cheap_ones():
    """The same 100 of compensation from 1 case and from 100: the interval says which one to believe."""
    frame = {"many": 100, "other": 100, "one": 1}
    table = pareto(book_of(frame, cost={"many": 1.0, "other": 3.0, "one": 100.0}), OCT, weight="cost").table
    width = (table["part_high"] - table["part_low"]).set_axis(table["reason"])
    assert width["one"] > 2 * width["many"]


# ------------------------------------------------------------------------------------ order and size


def test_what_cannot_be_ordered_is_not_ordered():
    result = pareto(book_of({"a": 200, "b": 61, "c": 60, "d": 10}), OCT)
    table = result.table.set_index("reason")
    assert table.loc["b", "rank_group"] == table.loc["c", "rank_group"] != table.loc["a", "rank_group"]
    assert (table.loc["b", "rank_low"], table.loc["b", "rank_high"]) == (2, 3)
    assert finding(result, "pareto.order").values == {"first": 2, "last": 3, "names": ["b", "c"]}
    clear = finding(pareto(book_of({"a": 400, "b": 200, "c": 90}), OCT), "pareto.order")
    assert clear.values == {"k": 2}


def test_a_set_on_top_that_may_change_is_said_to():
    sure = finding(
        pareto(book_of({"a": 300, "b": 200, **{f"r{i}": 8 for i in range(9)}}), OCT), "pareto.vital_few"
    )
    unsure = pareto(book_of({"a": 100, "b": 22, "c": 20, "d": 19, "e": 18, "f": 1}), OCT, cutoff=0.6)
    assert sure.values["same_top"] > 0.99
    assert "most likely" in sure.sentence("en")
    said = finding(unsure, "pareto.vital_few")
    assert said.values["same_top"] < 0.7
    assert "less sure" in said.sentence("en")


def test_no_vital_few_where_complaints_are_spread():
    result = pareto(book_of({f"r{i}": 20 for i in range(10)}), OCT)
    spread = finding(result, "pareto.spread")
    assert (spread.values["vital_few"], spread.values["categories"]) == (8, 10)
    assert "pareto.vital_few" not in keys(result)
    assert result.table["reason"].tolist() == [f"r{i}" for i in range(10)]  # ties by name (H88)


def test_the_cutoff_is_the_users():
    assert pareto(book_of(ABCD), OCT, cutoff=0.5).table["vital"].sum() == 1
    assert pareto(book_of(ABCD), OCT, cutoff=1.0).table["vital"].sum() == 4


# -------------------------------------------------------------------------------------------- edges


def test_the_unclassified_have_no_rank_but_are_counted():
    result = pareto(book_of(ABCD | {None: 25}), OCT)
    assert set(result.table["reason"]) == set("abcd")
    assert result.table["n"].sum() + result.tables["concentration"]["n_blank"].iloc[0] == 125
    assert finding(result, "pareto.unclassified").values == {"share_blank": 0.2, "n": 125, "n_blank": 25}


def test_few_one_and_none():
    assert finding(pareto(book_of({"a": 5, "b": 4}), OCT), "pareto.few").values == {"cases": 9}
    assert keys(pareto(book_of({"a": 30}), OCT)) == ["pareto.one"]
    assert keys(pareto(book_of(ABCD), Period("2026-09"))) == ["pareto.empty"]


def test_what_is_not_measured():
    result = pareto(book_of(ABCD), OCT)
    verdict = result.tables["concentration"].set_index("weight")["verdict"]
    assert (verdict["severity"], verdict["cost"]) == ("none", "none")
    with pytest.raises(NotMeasured, match=r"complaints\.compensation"):
        pareto(book_of(ABCD), OCT, weight="cost")
    with pytest.raises(Trouble, match="weight"):
        pareto(book_of(ABCD), OCT, weight="colour")
    with pytest.raises(Trouble, match="cutoff"):
        pareto(book_of(ABCD), OCT, cutoff=80)


def test_a_partial_period_and_a_break_within_are_said():
    broken = Break("reason", pd.Timestamp("2026-10-05"), Words("拆分", "split"))
    result = pareto(book_of(ABCD, breaks=[broken]), Period("2026-10", "2026-10-20"))
    assert {"pareto.partial", "pareto.break"} <= set(keys(result))


def test_the_drawn_is_the_table():
    counts = {f"r{i:02d}": 60 - i for i in range(30)}
    result = pareto(book_of(counts, severity=dict.fromkeys(counts, "urgent")), OCT)
    drawn = result.drawn()
    assert drawn["reason"].tolist() == [f"r{i:02d}" for i in range(15)] + [OTHER]
    assert drawn["n"].sum() == sum(counts.values())
    for lang in ("zh", "en"):
        ax = result.plot(lang).axes[0]
        assert [bar.get_width() for bar in ax.patches] == drawn["part_amount"].tolist()
        marks = next(line for line in ax.lines if line.get_marker() == "D")
        np.testing.assert_allclose(
            marks.get_xdata()[:15], drawn["part_amount"].iloc[:15]
        )  # one grade: same shares
        result.picture(lang)


# ---------------------------------------------------------------------------------------- properties


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 40), min_size=1))
def test_cumulative_shares_rise_to_one(counts):
    """M18, M21"""
    table = pareto(book_of(counts), OCT, weight="count").table
    assert table["n"].sum() == sum(counts.values())
    assert (table["cumulative"].diff().dropna() >= 0).all()
    assert table["cumulative"].iloc[-1] == 1
    assert (table["part_low"] <= table["part_amount"] + 1e-12).all()
    assert (table["part_high"] >= table["part_amount"] - 1e-12).all()
    assert (table["rank_low"] <= table["rank_high"]).all()


def test_names_are_only_names():
    """M05"""
    renamed = {"w": 50, "x": 25, "y": 15, "z": 10}
    left, right = (pareto(book_of(counts), OCT).table.drop(columns="reason") for counts in (ABCD, renamed))
    pd.testing.assert_frame_equal(left, right)


# ------------------------------------------------------------------------------------ planted truths


def test_truth_valuables_lost_cost(demo_book):
    """Few, but first by compensation."""
    result = pareto(demo_book, Period("2026"))
    cost, count = result.tables["cost"].iloc[0], result.table.set_index("reason")
    assert cost["reason"] == "valuables_lost"
    assert count.loc["valuables_lost", "part_amount"] < 0.01
    assert finding(result, "pareto.cost").values["reason"] == "valuables_lost"


def test_truth_equal_reasons(demo_book):
    """The same true rate: no order between them is claimed."""
    table = pareto(demo_book, OCT).table.set_index("reason")
    assert table.loc["no_contact", "rank_group"] == table.loc["billing_error", "rank_group"]


def test_truth_late_delivery_leads(demo_book):
    result = pareto(demo_book, OCT)
    assert result.table["reason"].iloc[0] == "late_delivery"
    assert result.table["rank_high"].iloc[0] == 1
