"""Effect of measures: frames whose truth is known, verdicts at their edges, the register as people keep it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._effect_judged import Judged, verdict
from complaintlib.methods._effect_register import filter_of, register, touch
from complaintlib.methods._effect_series import Seen, about
from complaintlib.methods.effect import effect
from complaintlib.stats.interrupted import Interrupted
from complaintlib.words import Trouble, Words

OCT = Period("2026-10")
MONTHS = [p.start for p in OCT.history(36)]
REASONS = ("late", "lost", "wrong", "damaged", "rude")


def complaints(seed: int = 1, usual: int = 120, **factors: dict) -> pd.DataFrame:
    """36 months of five reasons, Poisson about `usual` with a season; `factors`: reason -> {month number: times}."""
    rng, rows = np.random.default_rng(seed), []
    for reason in REASONS:
        for i, month in enumerate(MONTHS):
            times = np.prod([f for start, f in factors.get(reason, {}).items() if i >= start] or [1.0])
            n = rng.poisson(usual * times * (1 + 0.2 * np.sin(i / 6 * np.pi)))
            days = rng.integers(0, month.days_in_month * 24 * 60, n)
            rows.append(
                pd.DataFrame({"received_at": month + pd.to_timedelta(days, unit="min"), "reason": reason})
            )
    frame = pd.concat(rows, ignore_index=True)
    frame["complaint_id"] = [f"c{i}" for i in range(len(frame))]
    return frame.assign(text="…")


def action(
    action_id: str = "A1", target: str | None = "reason=late", started: str | None = "2026-02-01", **more
) -> dict:
    row = {"action_id": action_id, "title": f"measure {action_id}", "target": target, "expected_change": -0.3}
    row |= {"started_on": pd.Timestamp(started) if started else pd.NaT, "status": "done"}
    row |= {"done_on": row["started_on"], "due_on": pd.NaT, "control": None, "department": "delivery"}
    return row | more


def book(rows: pd.DataFrame, *actions: dict, **more) -> Book:
    register = pd.DataFrame(list(actions))
    for name in ("due_on", "started_on", "done_on"):
        register[name] = pd.to_datetime(register[name]).astype("datetime64[us]")
    return Book.of(complaints=rows, actions=register, **more)


def only(result) -> pd.Series:
    assert len(result.table) == 1
    return result.table.iloc[0]


# ------------------------------------------------------------------------------------------------- verdicts


@pytest.fixture(scope="module")
def fallen() -> pd.DataFrame:
    """From February 2026 (month 27) on late complaints are 45% fewer."""
    return complaints(late={27: 0.55})


def test_a_measure_that_works_is_found_with_its_size(fallen):
    result = effect(book(fallen, action()), OCT)
    row = only(result)
    assert row["verdict"] == "effective"
    assert row["altered_low"] < -0.45 < row["altered_high"] < 0
    assert (row["grain"], row["points_before"], row["points_after"]) == ("month", 27, 9)
    since = fallen[(fallen["reason"] == "late") & (fallen["received_at"] >= "2026-02-01")]
    assert row["n"] == len(since)
    assert row["avoided"] == pytest.approx(len(since) * (1 / (1 + row["altered"]) - 1))
    assert row["avoided_low"] < len(since) * (1 / 0.55 - 1) < row["avoided_high"]
    assert result.findings[0].key == "effect.effective"


def test_other_ways_to_ask_agree_and_the_step_is_at_the_start(fallen):
    result = effect(book(fallen, action(control="reason=lost")), OCT)
    approaches = result.tables["approaches"].set_index("approach")
    assert list(approaches.index) == [
        "before_after",
        "last_year",
        "segmented",
        "alone",
        "against",
        "synthetic",
    ]
    assert approaches["altered"].between(-0.6, -0.3).all()
    assert approaches["decides"].sum() == 1
    aspects = result.tables["aspects"].set_index("aspect")
    assert aspects.loc["level", "altered_high"] < 0
    assert aspects.loc["slope", "altered_low"] < 0 < aspects.loc["slope", "altered_high"]
    assert set(result.tables["donors"]["reason"]) <= {"lost", "wrong", "damaged", "rude"}
    assert result.tables["donors"]["donor_share"].sum() == pytest.approx(1, abs=0.02)


def test_before_and_after_as_counted_by_hand(fallen):
    """February to October 2026 against May 2025 to January 2026, and against February to October 2025."""
    months = fallen["received_at"].dt.to_period("M").astype(str)
    late = months[fallen["reason"] == "late"].value_counts()
    names = [f"{m:%Y-%m}" for m in MONTHS]
    after, before, year = (late[names[a:b]].sum() for a, b in ((27, 36), (18, 27), (15, 24)))
    practice = effect(book(fallen, action()), OCT).tables["practice"].set_index("indicator")
    assert practice.loc["received", ["value", "earlier", "last_year"]].tolist() == [
        after / 9,
        before / 9,
        year / 9,
    ]
    assert practice.loc["received", "before_after"] == pytest.approx(after / before - 1)
    share = after / months.isin(names[27:]).sum()
    assert practice.loc["share_of_all", "value"] == pytest.approx(share)
    assert "rate_orders" not in practice.index


def test_a_promise_of_which_less_than_half_came_is_partly_kept():
    rows = complaints(seed=3, usual=900, late={27: 0.78})
    assert only(effect(book(rows, action(expected_change=-0.6)), OCT))["verdict"] == "partly"
    assert only(effect(book(rows, action(expected_change=-0.2)), OCT))["verdict"] == "effective"
    assert only(effect(book(rows, action(expected_change=np.nan)), OCT))["verdict"] == "effective"


def test_no_effect_and_how_large_one_could_have_been_seen():
    result = effect(book(complaints(seed=4), action()), OCT)
    row = only(result)
    assert row["verdict"] == "not_shown"
    assert row["altered_low"] < 0 < row["altered_high"]
    assert -0.6 < row["smallest_effect"] < -0.1
    assert "smallest_effect" in result.findings[0].values


def test_more_instead_of_fewer_is_said():
    row = only(effect(book(complaints(seed=5, late={27: 1.8}), action()), OCT))
    assert (row["verdict"], row["why"]) == ("not_shown", "worse")


def test_after_an_extreme_month_falling_back_shows_nothing():
    """January 2026 has thrice the usual number by chance; the measure of February does nothing."""
    rows = complaints(seed=6, late={26: 3.0, 27: 1 / 3})
    result = effect(book(rows, action()), OCT)
    row = only(result)
    assert row["verdict"] == "not_shown"
    assert row["extreme"] == "2026-01"
    assert row["before_after"] < -0.1
    series = result.tables["series"].set_index("period")
    assert series.index[series["phase"] == "extreme"].tolist() == ["2026-01"]
    assert "extreme" in result.findings[0].values


def test_a_gradual_fall_is_no_step():
    """Level 0, slope -2 of 100 a month: not reported as a change of level."""
    factors = {27 + i: (100 - 2 * i) / (102 - 2 * i) for i in range(1, 9)}
    result = effect(book(complaints(seed=7, usual=1500, late=factors), action(expected_change=-0.1)), OCT)
    aspects = result.tables["aspects"].set_index("aspect")
    assert aspects.loc["level", "altered_low"] < 0 < aspects.loc["level", "altered_high"]
    assert aspects.loc["slope", "altered"] == pytest.approx(-0.02, abs=0.015)


# ------------------------------------------------------------------------------- too early, and not to be judged


def test_too_early_says_when_and_what_could_have_been_seen(fallen):
    result = effect(book(fallen, action(started="2026-09-01")), OCT)
    row = only(result)
    assert row["verdict"] == "too_early"
    assert row["judge_on"] > OCT.end
    assert row["smallest_effect"] < 0
    assert np.isnan(row["altered"])
    assert result.findings[0].key in ("effect.too_early", "effect.summary")
    assert result.tables["aspects"].empty
    assert result.picture("zh").png


@pytest.mark.parametrize(
    ("started", "as_of", "grain", "verdict"),
    [
        ("2026-05-01", "2026-10", "month", "judged"),  # six whole months
        ("2026-05-20", "2026-10", "week", "judged"),  # five of them, but 23 weeks
        ("2026-08-03", "2026-10", "week", "too_early"),  # twelve whole weeks
        ("2026-07-27", "2026-10", "week", "judged"),  # thirteen
    ],
)
def test_six_months_or_thirteen_weeks(fallen, started, as_of, grain, verdict):
    row = only(effect(book(fallen, action(started=started)), Period(as_of)))
    assert (row["verdict"] == "too_early") == (verdict == "too_early")
    if verdict == "judged":
        assert row["grain"] == grain


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"target": None}, "target"),
        ({"started": None, "status": "planned"}, "not_begun"),
        ({"status": "cancelled"}, "cancelled"),
        ({"target": "reason=lat"}, "filter"),
        ({"expected_change": -30.0}, "filter"),
        ({"started": "2024-03-01"}, "short"),
    ],
)
def test_why_a_measure_cannot_be_judged(fallen, changed, why):
    period = Period("2025-10") if why == "short" else OCT
    result = effect(book(fallen, action(**changed)), period)
    assert only(result)[["verdict", "why"]].tolist() == ["none", why]
    assert result.picture("en", "actions").png
    assert result.show_table("zh", "practice").html


def interrupted_by(estimate: float, low: float, high: float) -> Interrupted:
    effects = pd.DataFrame([[estimate, low, high, 0.001]], ["mean"], ["estimate", "low", "high", "p"])
    return Interrupted(effects, pd.DataFrame(), 0.0, 0.1, 0.1)


def dates(shown: int, quiet: int) -> pd.DataFrame:
    rows = [[0.6, 0.4, 0.9, 0.01]] * shown + [[1.0, 0.8, 1.2, 0.9]] * quiet
    return pd.DataFrame(rows, columns=["estimate", "low", "high", "p"])


FOUND = interrupted_by(0.7, 0.55, 0.9)


@pytest.mark.parametrize(
    ("changed", "verdict_", "why"),
    [
        ({}, "effective", ""),
        ({"q": 0.11}, "not_shown", "chance"),
        ({"placebos": dates(3, 7)}, "not_shown", "placebo"),
        ({"placebos": dates(2, 8)}, "effective", ""),
        ({"placebos": dates(2, 2)}, "effective", ""),  # too few dates to tell
        ({"against": interrupted_by(1.0, 0.85, 1.2)}, "not_shown", "control"),
        ({"against": interrupted_by(0.9, 0.65, 1.2)}, "effective", ""),
        ({"alone": interrupted_by(0.9, 0.79, 1.02)}, "not_shown", ""),
        ({"alone": interrupted_by(1.3, 1.1, 1.6)}, "not_shown", "worse"),
        ({"alone": interrupted_by(0.9, 0.82, 0.98)}, "partly", ""),  # 30% were promised
        ({"alone": interrupted_by(0.86, 0.68, 0.98)}, "partly", ""),  # less than half of it
    ],
)
def test_verdicts_by_rule(changed, verdict_, why):
    one = Judged(action(), alone=FOUND, q=0.05)
    found = verdict(replace(one, **changed), fdr=0.10)
    assert (found.verdict, found.why) == (verdict_, why)


def test_a_promised_rise_is_judged_the_other_way_round():
    one = Judged(action(expected_change=0.3), alone=interrupted_by(1.4, 1.1, 1.8), q=0.05)
    assert verdict(one, fdr=0.10).verdict == "effective"
    assert verdict(replace(one, alone=FOUND), fdr=0.10).why == "worse"


def test_few_complaints_cannot_be_judged():
    rows = complaints(usual=2)
    assert only(effect(book(rows, action()), OCT))["why"] == "few"


def test_overdue_and_what_is_not_done_as_of_the_day(fallen):
    late = action("A2", started="2026-03-01", due_on="2026-06-30", done_on="2026-12-01", status="done")
    result = effect(book(fallen, action(), late), OCT)
    row = result.table.set_index("action_id").loc["A2"]
    assert (row["status"], row["days_overdue"]) == (
        "in_progress",
        (OCT.end - pd.Timestamp("2026-06-30")).days,
    )
    said = next(f for f in result.findings if f.key == "effect.overdue")
    assert said.values["title"] == "measure A2"


def test_what_begins_later_is_not_on_the_register_yet(fallen):
    result = effect(book(fallen, action(), action("A2", started="2026-11-05")), OCT)
    assert result.table["action_id"].tolist() == ["A1"]


@pytest.mark.parametrize(
    ("changed", "period", "told"),
    [
        ({}, "2026-10", True),
        ({}, "2026-06", True),  # five months ahead
        ({}, "2025-12", False),  # eleven months: planned since, for all that is known
        ({"due_on": None}, "2025-12", True),
        ({"due_on": "2025-12-20"}, "2025-12", True),  # due by then, so it was on it
        ({"started": "2025-12-01"}, "2025-12", True),
    ],
)
def test_what_is_due_long_after_and_has_not_begun_is_no_plan_of_then(fallen, changed, period, told):
    planned = action("A2", **{"started": None, "due_on": "2026-11-30", "status": "planned"} | changed)
    result = effect(book(fallen, action(), planned), Period(period))
    assert ("A2" in set(result.table["action_id"])) is told


def test_measures_about_the_same_complaints_are_not_told_apart(fallen):
    near, far = action("A2", "reason=late", "2026-03-15"), action("A3", "reason=lost", "2026-02-15")
    together = effect(book(fallen, action(), near, far), OCT).tables["together"]
    assert together[["action_id", "other_id", "days"]].values.tolist() == [["A1", "A2", 42]]


def test_without_a_register_it_is_not_measured(fallen):
    with pytest.raises(NotMeasured) as missing:
        effect(Book.of(complaints=fallen), OCT)
    assert missing.value.needs == "actions"


def test_an_unknown_measure_or_denominator_is_refused(fallen):
    with pytest.raises(Trouble, match="A1"):
        effect(book(fallen, action()), OCT, action="A9")
    with pytest.raises(Trouble, match="orders"):
        effect(book(fallen, action()), OCT, measure="parcels")


def test_the_one_named_is_told_in_depth(fallen):
    shown = effect(book(fallen, action(), action("A2", "reason=lost", "2026-01-01")), OCT, action="A2")
    assert shown.action == "A2"
    assert shown.tables["series"]["n"].sum() == (fallen["reason"] == "lost").sum()


# ------------------------------------------------------------------------------------------- breaks, denominator


def test_a_break_of_the_taxonomy_is_no_effect():
    """The count halves at the break of July 2025; the measure of February 2026 does nothing. Before, history still tells."""
    rows = complaints(seed=8, late={20: 0.5})
    broken = [Break("reason", pd.Timestamp("2025-07-01"), Words("调整", "change"))]
    result = effect(book(rows, action(), breaks=broken), OCT)
    row = only(result)
    assert row["verdict"] == "not_shown"
    assert row["points_before"] >= 26
    assert any(f.key == "effect.break" for f in result.findings)


def test_volume_is_no_effect():
    """Orders fall by half with the complaints: nothing has changed per order."""
    rows = complaints(seed=9, late={27: 0.5})
    value = [1e5 * (0.5 if i >= 27 else 1.0) for i in range(36)]
    exposure = pd.DataFrame({"month": MONTHS, "measure": "orders", "value": value})
    assert only(effect(book(rows, action(), exposure=exposure), OCT))["verdict"] == "not_shown"
    assert only(effect(book(rows, action()), OCT))["verdict"] == "effective"


def test_a_month_partly_in_force_is_left_out(fallen):
    found = Seen(book(fallen, action()).at(OCT.end), OCT, "orders")
    row = action(started="2026-02-10", done_on=pd.Timestamp("2026-03-20"))
    series = about(found, row, {"reason": ["late"]}, "month")
    phases = dict(zip([p.text for p in series.periods], series.phase, strict=True))
    assert [phases[m] for m in ("2026-02", "2026-03", "2026-04")] == ["between", "between", "after"]
    assert not series.points.used[[27, 28]].any()


# ---------------------------------------------------------------------------------------------- the register


WRITTEN = {
    "reason=late,lost": {"reason": ["late", "lost"]},
    " 投诉原因＝late； ": {"reason": ["late"]},
    None: {},
}


def test_filters_are_read_as_people_write_them(fallen):
    found = book(fallen, action())
    read = {text: filter_of({"action_id": "A1", "target": text}, "target", found) for text in WRITTEN}
    assert read == WRITTEN


@pytest.mark.parametrize(
    ("text", "said"),
    [("reason", "column=value"), ("cause=late", "no column “cause”"), ("reason=lat", "did you mean late")],
)
def test_a_filter_that_is_wrong_names_the_measure_and_the_column(fallen, text, said):
    with pytest.raises(Trouble, match=said) as trouble:
        filter_of({"action_id": "A7", "control": text}, "control", book(fallen, action()))
    for lang in ("zh", "en"):
        assert "A7" in trouble.value.say(lang)
        assert "control" in trouble.value.say(lang)


def test_filters_that_can_mean_the_same_complaints():
    assert touch({"reason": ["late"]}, {"region": ["east"]})
    assert touch({"reason": ["late", "lost"]}, {"reason": ["lost"], "region": ["east"]})
    assert not touch({"reason": ["late"]}, {"reason": ["lost"]})
    assert not touch({}, {"reason": ["lost"]})


def test_the_register_in_the_order_of_time(fallen):
    found = book(fallen, action("B"), action("A"), action("C", started=None, status="planned"))
    assert register(found.at(OCT.end), OCT)["action_id"].tolist() == ["A", "B", "C"]


# -------------------------------------------------------------------------------------------------- the demo


def test_the_measures_of_the_demo_company(demo_book):
    """The address check works; guide, coupon terms and ice packs do not; two are late and two too new to judge."""
    result = effect(demo_book, OCT)
    rows = result.table.set_index("action_id")
    assert rows.loc["A2026-05", "verdict"] == "effective"
    assert rows.loc["A2026-05", "altered_low"] < -0.34 < rows.loc["A2026-05", "altered_high"]
    assert (rows.loc[["A2026-02", "A2026-03", "A2025-07"], "verdict"] == "not_shown").all()
    assert rows.loc["A2026-03", "extreme"] == "2026-04"
    assert rows.loc["A2025-07", "extreme"] == "2025-09"
    assert (rows.loc[["A2026-06", "A2026-09"], "verdict"] == "too_early").all()
    assert rows.index[rows["days_overdue"] > 0].tolist() == ["A2026-07", "A2026-08"]
    assert result.action == "A2026-05"
