import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, Words, composition
from complaintlib.book import Break, NotMeasured
from complaintlib.methods import _shares
from complaintlib.schema import BLANK, OTHER
from complaintlib.stats.multiple import benjamini_hochberg
from complaintlib.words import Trouble

OCT, SEP, LAST = Period("2026-10"), Period("2026-09"), Period("2025-10")


def cases(*counts: tuple[Period, dict], **columns) -> pd.DataFrame:
    """So many complaints of each reason, spread evenly over the period."""
    rows = []
    for period, by_reason in counts:
        reasons = [reason for reason, n in by_reason.items() for _ in range(n)]
        for i, reason in enumerate(reasons):
            # 7919 is prime: every reason is spread over the whole period
            at = period.start + (period.end - period.start) * ((i * 7919 % len(reasons) + 0.5) / len(reasons))
            rows.append((f"{period}-{i:05d}", at, reason))
    return pd.DataFrame(rows, columns=["complaint_id", "received_at", "reason"]).assign(**columns)


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


# ------------------------------------------------------------------------------------------ by hand


def test_shares_counted_by_hand():
    """7 of 20 classified, 5 more without a reason; three equal shares of a third add up to 100.0 (H91, M17)."""
    book = Book.of(complaints=cases((OCT, {"a": 10, "b": 10, "c": 10, None: 5})))
    table = composition(book, OCT).table.set_index("reason")
    assert table["n"].to_dict() == {"a": 10, "b": 10, "c": 10, BLANK: 5}
    assert table["share_classified"].dropna().tolist() == [0.334, 0.333, 0.333]
    assert table["share_shown"].tolist() == [0.286, 0.286, 0.285, 0.143]
    assert table["share_shown"].sum() == pytest.approx(1, abs=1e-12)


def test_a_change_against_newcombe_1998_table_2_a():
    """Newcombe (1998, Stat Med 17:873-890), table II (a): 56/70 against 48/80, difference .2000, .0524 to .3339."""
    book = Book.of(complaints=cases((SEP, {"a": 48, "b": 32}), (OCT, {"a": 56, "b": 14})))
    row = composition(book, OCT, against="previous").tables["changes"].set_index("reason").loc["a"]
    assert row["share_change"] == pytest.approx(0.2)
    assert row["share_change_low"] == pytest.approx(0.0524, abs=5e-5)
    assert row["share_change_high"] == pytest.approx(0.3339, abs=5e-5)
    assert row["dispersion"] == 1  # no history to say otherwise
    assert row["moved"] == "up"


def test_q_is_corrected_for_both_periods_and_all_categories():
    counts = {"a": 60, "b": 40, "c": 50, "d": 3}
    first = {"a": 50, "b": 50, "c": 50, "d": 3}
    frame = cases((LAST, first), *((p, counts) for p in OCT.previous().history(11)), (OCT, first | {"a": 90}))
    changes = composition(Book.of(complaints=frame), OCT).tables["changes"]
    tested = changes["p"].notna()
    assert tested.sum() == 6  # d has too few cases in any two periods
    assert set(changes.loc[~tested, "moved"]) == {"few"}
    np.testing.assert_allclose(changes.loc[tested, "q"], benjamini_hochberg(changes.loc[tested, "p"]))


# --------------------------------------------------------------------------- other, blank, late, breaks


def test_small_categories_stand_together_but_never_a_changed_one():
    many = {f"r{i:02d}": 40 for i in range(20)}
    frame = cases((SEP, many | {"small": 30}), (OCT, many | {"small": 1}))
    result = composition(Book.of(complaints=frame), OCT, top=5)
    table = result.table.set_index("reason")
    assert list(table.index) == ["r00", "r01", "r02", "r03", "r04", "small", OTHER]
    assert table.loc[OTHER, "n"] == 15 * 40
    assert table["n"].sum() == 20 * 40 + 1
    other = finding(result, "composition.other")
    assert (other.values["k"], other.values["n"]) == (15, 600)


def test_a_single_small_category_is_not_hidden():
    book = Book.of(complaints=cases((OCT, {"a": 30, "b": 20, "c": 10})))
    assert OTHER not in set(composition(book, OCT, top=2).table["reason"])


def late() -> pd.DataFrame:
    """Shares are the same in both months, but half of the web chat's reasons are missing since 22 October."""
    frame = cases((SEP, {"a": 300, "b": 300}), (OCT, {"a": 300, "b": 300}))
    frame["channel"] = np.where(np.arange(len(frame)) % 3 == 0, "web_chat", "hotline")
    new = (frame["received_at"] >= "2026-10-22") & (frame["channel"] == "web_chat")
    frame.loc[new & (np.arange(len(frame)) % 2 == 0), "reason"] = None
    return frame


def test_late_filling_is_said_and_not_read_as_falling_shares():
    result = composition(Book.of(complaints=late()), OCT)
    said = finding(result, "composition.late")
    assert said.level == "watch"
    assert said.values["most"] == "web_chat"
    assert said.values["share_blank_then"] == 0
    table = result.tables["unclassified"].set_index("channel")
    assert table.loc["web_chat", "n_blank"] == table.loc["(all)", "n_blank"] > 0
    assert table.loc["hotline", "moved"] == "same"
    assert "composition.changed" not in keys(result)


def test_many_unclassified_are_said():
    frame = cases((SEP, {"a": 80, None: 20}), (OCT, {"a": 80, None: 20}))
    said = finding(composition(Book.of(complaints=frame), OCT), "composition.unclassified")
    assert said.values == {"share_blank": 0.2, "n": 100, "n_blank": 20, "n_classified": 80}


def test_nothing_is_tested_across_a_break():
    frame = cases((LAST, {"a": 90, "b": 10}), (SEP, {"a": 50, "b": 50}), (OCT, {"a": 50, "b": 50}))
    broken = Break("reason", pd.Timestamp("2026-03-01"), Words("拆分", "split"))
    result = composition(Book.of(complaints=frame, breaks=[broken]), OCT)
    changes = result.tables["changes"].set_index(["compared", "reason"])
    assert set(changes.loc["last_year", "moved"]) == {"break"}
    assert changes.loc["last_year", ["share_then", "share_change", "q"]].isna().all(axis=None)
    assert set(changes.loc["previous", "moved"]) == {"same"}
    assert finding(result, "composition.break").values["on"] == broken.at
    # a break of another field is none of this one's business
    other = Break("product", broken.at, broken.words)
    assert "composition.break" not in keys(composition(Book.of(complaints=frame, breaks=[other]), OCT))


def test_a_time_before_the_data_is_not_compared():
    book = Book.of(complaints=cases((SEP, {"a": 50, "b": 50}), (OCT, {"a": 50, "b": 50})))
    assert finding(composition(book, OCT), "composition.none").values["then"] == "2025-10"


def test_a_partial_period_is_compared_with_the_same_stretch():
    """In September the first half is all a, the second all b; ten days of October are all a: nothing has changed."""
    frame = cases((SEP, {"a": 200}), (OCT, {"a": 200}))
    frame.loc[frame["received_at"] >= "2026-09-16", "reason"] = "b"
    frame.loc[frame["received_at"] >= "2026-10-01", "reason"] = "a"
    result = composition(Book.of(complaints=frame), Period("2026-10", "2026-10-11"), against="previous")
    changes = result.tables["changes"].set_index("reason")
    assert changes.index.tolist() == ["a"]
    assert changes.loc["a", "n_then"] == (frame["received_at"].between("2026-09-01", "2026-09-11")).sum()
    assert changes.loc["a", "share_change"] == 0
    assert "composition.partial" in keys(result)


# ----------------------------------------------------------------------------- shares against rates


def test_a_share_that_falls_while_the_rate_rises_is_said():
    """Simpson: x has half the orders and 1.6 times the rate of before; its share falls as y doubles its orders."""
    frame = cases((SEP, {"x": 400, "y": 400}), (OCT, {"x": 320, "y": 800}))
    frame = frame.rename(columns={"reason": "product"})
    orders = [
        ("2026-09-01", "x", 1000),
        ("2026-09-01", "y", 1000),
        ("2026-10-01", "x", 500),
        ("2026-10-01", "y", 2000),
    ]
    exposure = pd.DataFrame(orders, columns=["month", "product", "value"]).assign(measure="orders")
    exposure["month"] = pd.to_datetime(exposure["month"])
    result = composition(Book.of(complaints=frame, exposure=exposure), OCT, by="product")
    said = finding(result, "composition.opposite")
    assert said.level == "watch"
    assert said.values["product"] == "x"
    assert [said.values[name] for name in ("rate_then", "rate", "ratio")] == pytest.approx([400, 640, 1.6])
    assert (said.values["part_then"], said.values["part"]) == (0.5, 0.2)
    assert said.values["share_change"] == pytest.approx(320 / 1120 - 0.5)


def test_a_share_that_falls_only_because_another_grew_is_no_news_of_its_own():
    frame = cases((SEP, {"a": 200, "b": 200}), (OCT, {"a": 200, "b": 500}))
    result = composition(Book.of(complaints=frame), OCT, against="previous")
    changed = {f.values["reason"]: f for f in result.findings if f.key == "composition.changed"}
    assert changed["b"].level == "watch"
    assert changed["a"].level == "note"
    assert "others grew" in changed["a"].sentence("en")
    assert changed["b"].weight > changed["a"].weight


def test_where_the_change_sits():
    """100 more of a, all of them in the east."""
    frame = cases((SEP, {"a": 100, "b": 200}), (OCT, {"a": 200, "b": 200}))
    frame["region"] = np.resize(["east", "west"], len(frame))
    october = frame.index[(frame["reason"] == "a") & (frame["received_at"] >= "2026-10-01")]
    frame.loc[october, "region"] = ["east"] * 150 + ["west"] * 50
    changed = finding(composition(Book.of(complaints=frame), OCT, against="previous"), "composition.changed")
    assert changed.values["place"] == "east"
    assert (changed.values["place_n"], changed.values["place_n_then"]) == (150, 50)
    assert "East" in changed.sentence("en")
    assert "华东" in changed.sentence("zh")


# -------------------------------------------------------------------------------------------- edges


def test_few_and_none_are_said_in_words():
    book = Book.of(complaints=cases((OCT, {"a": 7})))
    assert finding(composition(book, OCT), "composition.few").values == {"n": 7}
    assert keys(composition(book, SEP)) == ["composition.empty"]


def test_the_leader_is_named_only_when_it_leads():
    close = composition(Book.of(complaints=cases((OCT, {"a": 41, "b": 40, "c": 20}))), OCT)
    clear = composition(Book.of(complaints=cases((OCT, {"a": 80, "b": 40, "c": 20}))), OCT)
    assert "too close" in finding(close, "composition.largest").sentence("en")
    assert (
        finding(clear, "composition.largest")
        .sentence("en")
        .startswith("The largest reason is “a” with 57.1%")
    )


def test_wrong_questions():
    book = Book.of(complaints=cases((OCT, {"a": 30})))
    with pytest.raises(Trouble, match="against"):
        composition(book, OCT, against="yesterday")
    with pytest.raises(NotMeasured, match=r"complaints\.product"):
        composition(book, OCT, by="product")


def test_the_drawn_is_the_table():
    from complaintlib import look

    result = composition(
        Book.of(complaints=cases((SEP, {"a": 50, "b": 50}), (OCT, {"a": 80, "b": 20, None: 9}))), OCT
    )
    for lang in ("zh", "en"):
        figure = result.plot(lang)
        ax = figure.axes[0]
        assert [bar.get_width() for bar in ax.patches] == [0.8, 0.2]
        marks = next(line for line in ax.lines if line.get_marker() == "D")
        assert marks.get_xdata().tolist() == [0.5, 0.5]
        assert (
            figure.get_suptitle().replace("\n", " ") == finding(result, "composition.changed").parts(lang)[0]
        )
        look.png(figure)


# --------------------------------------------------------------------------- properties, simulation


@settings(max_examples=12, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdefghijklmnopq"), st.integers(1, 60), min_size=1), st.integers(0, 30)
)
def test_shares_add_up_and_so_do_the_numbers(counts, blanks):
    """M15, M17"""
    book = Book.of(complaints=cases((OCT, counts | {None: blanks})))
    table = composition(book, OCT, top=6).table
    assert table["n"].sum() == sum(counts.values()) + blanks
    assert round(table["share_shown"].sum(), 9) == 1
    assert round(table["share_classified"].sum(), 9) == 1
    within = table.dropna(subset="share_low")
    assert (within["share_low"] <= within["share_classified"] + 5e-4).all()  # shown to 0.1 %
    assert (within["share_high"] >= within["share_classified"] - 5e-4).all()


def test_twice_the_cases_give_the_same_shares_and_narrower_intervals():
    """M07"""
    once = composition(Book.of(complaints=cases((OCT, {"a": 60, "b": 40}))), OCT).table
    twice = composition(Book.of(complaints=cases((OCT, {"a": 120, "b": 80}))), OCT).table
    assert once["share_classified"].tolist() == twice["share_classified"].tolist()
    assert (twice["share_high"] - twice["share_low"] < once["share_high"] - once["share_low"]).all()


def test_copying_a_period_changes_nothing():
    """M24"""
    same = {"a": 70, "b": 50, "c": 30}
    result = composition(Book.of(complaints=cases((LAST, same), (SEP, same), (OCT, same))), OCT)
    assert "composition.same" in keys(result)
    assert (result.tables["changes"]["share_change"] == 0).all()


def test_false_alarms_when_nothing_changes():
    """C08: 20 categories against two earlier periods, 40 tests; a change may be claimed in at most 10 % of reports."""
    rng = np.random.default_rng(8)
    p = rng.dirichlet(np.ones(20) * 3)
    names = [f"r{i:02d}" for i in range(20)]
    periods = {"this": OCT, "previous": SEP, "last_year": LAST}
    spread, reports, alarms = pd.Series({_shares.ALL: 1.0}), 100, 0
    for _ in range(reports):
        this, *earlier = (
            _shares.Window(compared, period, None, pd.Series(rng.multinomial(600, p), names), "ok")
            for compared, period in periods.items()
        )
        changes = _shares.changes_table("reason", this, earlier, spread)
        alarms += changes["moved"].isin(["up", "down"]).any()
    assert alarms / reports <= 0.10


def test_shares_that_always_wobble_are_not_news():
    """A category that comes in bursts of 5 carries a fifth of the information (dispersion)."""
    rng = np.random.default_rng(5)
    history = [(p, {"burst": 5 * int(rng.poisson(12)), "calm": 300}) for p in OCT.previous().history(12)]
    frame = cases(*history, (OCT, {"burst": 90, "calm": 300}))
    calm = cases(
        *((p, {"burst": 60, "calm": 300}) for p in OCT.previous().history(12)),
        (OCT, {"burst": 90, "calm": 300}),
    )
    wobbly = (
        composition(Book.of(complaints=frame), OCT, against="previous").tables["changes"].set_index("reason")
    )
    steady = (
        composition(Book.of(complaints=calm), OCT, against="previous").tables["changes"].set_index("reason")
    )
    assert 2.5 < wobbly.loc["burst", "dispersion"] < 8
    assert steady.loc["burst", "dispersion"] == 1
    assert steady.loc["burst", "moved"] == "up"
    width = {
        name: t.loc["burst", "share_change_high"] - t.loc["burst", "share_change_low"]
        for name, t in [("w", wobbly), ("s", steady)]
    }
    assert width["w"] > 1.5 * width["s"]


# ------------------------------------------------------------------------------------ planted truths


def test_truth_late_delivery_east(demo_book):
    changed = finding(composition(demo_book, OCT), "composition.changed")
    assert changed.level == "watch"
    assert (changed.values["reason"], changed.values["place"]) == ("late_delivery", "east")


def test_truth_cross_border_mix(demo_book):
    """Its share falls although the rate has risen by 30 %."""
    said = finding(composition(demo_book, OCT, by="product"), "composition.opposite")
    assert said.values["product"] == "cross_border"
    assert said.values["share_change"] < 0
    assert said.values["ratio_low"] <= 1.3 <= said.values["ratio_high"]


def test_truth_attitude_split(demo_book):
    """No change is claimed across the split of July 2025."""
    result = composition(demo_book, Period("2025-10"))
    assert finding(result, "composition.break").values["on"] == pd.Timestamp("2025-07-01")
    changes = result.tables["changes"]
    assert not changes.loc[changes["compared"] == "last_year", "moved"].isin(["up", "down"]).any()


def test_truth_late_categories(demo_book):
    assert finding(composition(demo_book, OCT), "composition.late").values["most"] == "web_chat"


def test_a_year_is_compared_with_the_year_before_once():
    years = [Period(year) for year in ("2025", "2026")]
    result = composition(Book.of(complaints=cases(*((year, {"a": 60, "b": 40}) for year in years))), years[1])
    assert result.tables["windows"]["period"].tolist() == ["2026", "2025"]
    assert result.tables["windows"]["comparable"].tolist() == ["", "ok"]
