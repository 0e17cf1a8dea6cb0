import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, Words, timeliness
from complaintlib.book import Break, NotMeasured
from complaintlib.words import Trouble

OCT, SEP, LAST = Period("2026-10"), Period("2026-09"), Period("2025-10")
MINUTE = pd.Timedelta(minutes=1)


def cases(*groups: tuple[Period, str, int, float | None], late: float = 0) -> pd.DataFrame:
    """Groups of (period, channel, number, minutes to the resolution or None while open), received from its first day
    on one after another, one a minute; the open ones `late` minutes before its end."""
    frames = []
    for period, channel, number, length in groups:
        start = period.start + np.arange(number) * MINUTE
        if length is None:
            start = pd.DatetimeIndex([period.end - late * MINUTE] * number)
        end = pd.NaT if length is None else start + length * MINUTE
        frames.append(pd.DataFrame({"received_at": start, "channel": channel, "resolved_at": end}))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(
        complaint_id=[f"c{i:05d}" for i in range(len(frame))], closed_at=frame["resolved_at"], status="closed"
    )


def on_calendar(frame: pd.DataFrame, period: Period = OCT, **more):
    return timeliness(Book.of(complaints=frame), period, clock="elapsed", **more)


def finding(result, key):
    return next(f for f in result.findings if f.key == f"timeliness.{key}")


def keys(result):
    return [f.key.removeprefix("timeliness.") for f in result.findings]


# ------------------------------------------------------------------------------------------ by hand


def test_open_cases_are_counted_in_by_hand():
    """24 received: 8 resolved after 100 minutes, 8 after 5,000, 8 open for 1,000. After 100 minutes 16 / 24 wait; then
    the open ones leave, and all who are left end at 5,000: the median. Of the resolved alone it is 2,550."""
    result = on_calendar(cases((OCT, "app", 8, 100), (OCT, "app", 8, 5000), (OCT, "app", 8, None), late=1000))
    row = result.table.iloc[0]
    assert (row["n"], row["n_open"], row["share_open"]) == (24, 8, 8 / 24)
    assert (row["median"], row["ninety"]) == (5000, 5000)
    views = result.tables["views"].set_index("view")
    assert views["median"].to_dict() == {"received": 5000, "ended": 2550, "closed": 2550}
    assert views.loc["ended", "bias"] == -2450
    assert finding(result, "bias").values["naive"] == 2550
    within = result.tables["within"].query("channel == '(all)'").set_index("limit")["share_within"]
    assert within[1440] == pytest.approx(1 / 3)
    assert within[7 * 1440] == 1


def test_ends_by_hand_make_one_whole():
    """Of 20, 12 are resolved within the first day, 4 withdrawn on the second, 4 open from the 20th day on."""
    frame = cases((OCT, "app", 12, 600), (OCT, "app", 4, 2000), (OCT, "app", 4, None), late=12 * 1440)
    frame.loc[12:15, ["resolved_at", "status"]] = [pd.NaT, "withdrawn"]
    ends = on_calendar(frame).tables["ends"].pivot(index="limit", columns="cause", values="share_ended")
    assert ends.loc[1440].to_dict() == pytest.approx({"open": 0.4, "resolution": 0.6, "withdrawn": 0})
    assert ends.loc[3 * 1440].to_dict() == pytest.approx({"open": 0.2, "resolution": 0.6, "withdrawn": 0.2})
    assert ends.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-9)
    assert ends.index.max() == 7 * 1440  # nobody has been seen for two weeks


def test_a_change_by_hand_is_the_time_saved_per_case():
    now = [(OCT, "app", 20, 600), (OCT, "app", 20, 800)]
    then = [(SEP, "app", 20, 900), (SEP, "app", 20, 1100)]
    row = on_calendar(cases(*now, *then)).tables["speed"].iloc[0]
    assert row["change"] == -300
    error = np.sqrt(2 * 100**2 / 40)  # each half lies 100 from its mean, in both periods
    assert (row["change_high"] - row["change_low"]) / 2 == pytest.approx(1.959964 * error, rel=1e-6)
    assert (row["median"], row["median_then"], row["verdict"]) == (700, 1000, "quicker")
    said = finding(on_calendar(cases(*now, *then)), "previous")
    assert said.level == "good"
    assert "−5.0 h per case" in said.parts("en")[0]


def test_no_more_of_a_case_is_counted_than_the_limit():
    """Half of October is 15 days; on the work clock the longest limit of the rules, 90 hours, or half the month's shifts."""
    frame = cases((OCT, "app", 30, 20 * 1440), (SEP, "app", 30, 25 * 1440))
    row = on_calendar(frame).tables["speed"].iloc[0]
    assert (row["limit"], row["change"]) == (15 * 1440, 0)
    worked = timeliness(Book.of(complaints=frame), OCT).tables["speed"].iloc[0]
    assert worked["limit"] == 81 * 60  # 18 days of nine hours, of which half


def test_other_cases_are_told_from_slower_handling():
    """Both channels are as quick as before, but the slow one has shrunk from half to a fifth: (.2 - .5) x 900 minutes."""
    then = [(SEP, "app", 50, 100), (SEP, "email", 50, 1000)]
    result = on_calendar(cases((OCT, "app", 80, 100), (OCT, "email", 20, 1000), *then))
    row = result.tables["speed"].iloc[0]
    assert row["change"] == pytest.approx(-270)
    assert (row["change_mix"], row["change_own"]) == (pytest.approx(-270), pytest.approx(0, abs=1e-9))
    assert finding(result, "mix.previous").values["change_mix"] == row["change_mix"]
    parts = result.tables["speed"].query("compared == 'previous'").iloc[1:]
    assert parts[["change_mix", "change_own"]].to_numpy().sum() == pytest.approx(-270)


def test_a_slow_category_is_named_and_the_others_are_its_measure():
    rng = np.random.default_rng(1)
    groups = [
        (OCT, name, 1, length)
        for name, scale in (("app", 100), ("email", 300))
        for length in rng.exponential(scale, 60)
    ]
    result = on_calendar(cases(*groups))
    row = result.table.set_index("channel").loc["email"]
    means = [np.mean([length for _, c, _, length in groups if c == name]) for name in ("email", "app")]
    assert row["verdict"] == "slower"
    assert row["gap"] == pytest.approx(means[0] - means[1], abs=1)  # whole minutes
    assert finding(result, "slow").values["channel"] == "email"


def test_both_steps_on_both_clocks():
    """Friday 16 October 2026, 17:00, to Monday, 10:00: an hour of work on each side of the week-end, 65 hours in all."""
    frame = cases((OCT, "app", 20, 100))
    frame["received_at"] = pd.Timestamp("2026-10-16 17:00")
    frame["first_response_at"] = pd.Timestamp("2026-10-16 17:30")
    frame["resolved_at"] = frame["closed_at"] = pd.Timestamp("2026-10-19 10:00")
    table = timeliness(Book.of(complaints=frame), OCT).tables["summary"].set_index(["step", "clock_used"])
    assert table["median"].to_dict() == {
        ("first_response", "worked"): 30,
        ("first_response", "elapsed"): 30,
        ("resolution", "worked"): 120,
        ("resolution", "elapsed"): 65 * 60,
    }


# -------------------------------------------------------------------------------------------- edges


def test_what_was_resolved_later_is_open_and_a_partial_period_is_compared_with_as_long_a_stretch():
    frame = cases((OCT, "app", 60, 6000), (SEP, "app", 60, 6000))
    early = on_calendar(frame, Period("2026-10", "2026-10-04"))
    assert early.table.iloc[0]["n_open"] == 60
    row = early.tables["speed"].iloc[0]
    assert (row["n_then"], row["change"], row["verdict"]) == (60, 0, "same")
    assert np.isnan(row["median_then"])  # in September, too, nobody had an answer by the 4th
    assert "partial" in keys(early)


def test_the_time_of_closing_stands_in_and_without_any_end_nothing_is_measured():
    frame = cases((OCT, "app", 30, 100))
    closed = on_calendar(frame.drop(columns="resolved_at"))
    assert closed.table.iloc[0]["median"] == 100
    with pytest.raises(NotMeasured, match=r"complaints\.closed_at"):
        on_calendar(frame.assign(resolved_at=pd.NaT, closed_at=pd.NaT))
    with pytest.raises(NotMeasured, match=r"complaints\.first_response_at"):
        on_calendar(frame, step="first_response")


def test_an_unknown_step_or_clock_is_refused_and_an_unmeasured_category_is_said():
    frame = cases((OCT, "app", 30, 100))
    for wrong in ({"step": "closing"}, {"clock": "wall"}):
        with pytest.raises(Trouble, match="clock"):
            timeliness(Book.of(complaints=frame), OCT, **wrong)
    result = on_calendar(frame, by="product")
    assert result.table["product"].tolist() == ["(all)"]
    assert finding(result, "categories").values == {"needs": "complaints.product"}


def test_few_none_and_nobody_resolved_yet():
    assert "few" in keys(on_calendar(cases((OCT, "app", 5, 100))))
    assert "empty" in keys(on_calendar(cases((SEP, "app", 30, 100))))
    waiting = on_calendar(cases((OCT, "app", 30, None), (SEP, "app", 30, 100), late=500))
    assert np.isnan(waiting.table.iloc[0]["median"])
    assert "Fewer than half" in finding(waiting, "median").sentence("en")


def test_no_category_is_compared_across_a_change_of_the_categories():
    frame = cases(
        (OCT, "app", 30, 100), (OCT, "email", 30, 200), (SEP, "app", 30, 200), (SEP, "email", 30, 200)
    )
    broken = Break("channel", pd.Timestamp("2026-09-20"), Words("拆分", "split"))
    speed = timeliness(Book.of(complaints=frame, breaks=[broken]), OCT, clock="elapsed").tables["speed"]
    assert set(speed["channel"]) == {"(all)"}


def test_the_drawn_is_the_table():
    result = on_calendar(
        cases((OCT, "app", 30, 100), (OCT, "app", 30, 900), (OCT, "email", 30, 300), (SEP, "app", 40, 100))
    )
    left, right = result.plot("en").axes
    curves = result.tables["curves"]
    for line, (_, rows) in zip(left.lines[:2], curves.groupby("compared", sort=False), strict=False):
        np.testing.assert_array_equal(line.get_ydata(), rows["waiting"])
    widths = [patch.get_width() for patch in right.patches]
    assert widths == result.table["median"].tolist()


# ------------------------------------------------------------------------------------ planted truths


def test_truth_first_response_quicker(demo_book):
    """A fifth less working time than in 2025: found against last year, not against the month before."""
    result = timeliness(demo_book, OCT, step="first_response")
    speed = result.tables["speed"].query("channel == '(all)'").set_index("compared")
    assert speed.loc["last_year", "verdict"] == "quicker"
    assert speed.loc["previous", "verdict"] == "same"
    ratio = speed.loc["last_year", "median"] / speed.loc["last_year", "median_then"]
    assert ratio == pytest.approx(0.8, abs=0.08)
    assert finding(result, "last_year").level == "good"


def test_truth_other_ends(demo_book):
    """Two to three in a hundred are withdrawn, merged or passed on."""
    ends = timeliness(demo_book, Period("2026-Q3")).tables["ends"]
    last = ends[ends["limit"] == 60 * 1440].set_index("cause")["share_ended"]
    assert set(last.index) == {"resolution", "withdrawn", "merged", "transferred_out", "open"}
    assert 0.015 < last.drop(["resolution", "open"]).sum() < 0.035


def test_the_demo_company_adds_up(demo_book):
    result = timeliness(demo_book, OCT)
    received = demo_book.at(OCT.end).counts(by=["channel"], window=OCT).set_index("channel")["n"]
    found = result.table.set_index("channel")["n"]
    assert found.drop("(all)").to_dict() == received.to_dict()
    assert found["(all)"] == received.sum()
    ends = result.tables["ends"].groupby("limit")["share_ended"].sum()
    assert ends.to_numpy() == pytest.approx(1, abs=1e-9)
    assert result.tables["views"].set_index("view").loc["ended", "bias"] < 0
