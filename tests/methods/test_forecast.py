"""Forecast: hand-made series with a known season, registers judged by hand, and what is true of the demo company."""

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, forecast
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._forecast_tables import REGISTER
from complaintlib.words import Trouble, Words

OCT = Period("2026-10")


def book_of(cells, breaks=(), **tables):
    """A book from {(reason, region): monthly counts up to October 2026}, evenly spread over each month."""
    months, parts = OCT.history(len(next(iter(cells.values())))), []
    for (reason, region), counts in cells.items():
        for period, n in zip(months, counts, strict=True):
            at = [period.start + (period.end - period.start) * ((i + 0.5) / n) for i in range(n)]
            parts.append(pd.DataFrame({"received_at": at, "reason": reason, "region": region}))
    complaints = pd.concat(parts, ignore_index=True)
    complaints["complaint_id"] = [f"c{i}" for i in range(len(complaints))]
    return Book.of(complaints=complaints, breaks=breaks, **tables)


def seasonal(seed, mean, length=48, peak=1.6):
    """Poisson counts with a peak every November."""
    lift = np.array([peak if p.start.month == 11 else 1.0 for p in OCT.history(length)])
    return list(np.random.default_rng(seed).poisson(mean * lift))


def calm(length=48):
    reasons, regions = ("late", "lost", "rude"), ("east", "west")
    return {
        (a, b): seasonal(10 * i + j, 60, length) for i, a in enumerate(reasons) for j, b in enumerate(regions)
    }


def sentences(result, key):
    return [f.sentence("en") for f in result.findings if f.key == key]


@pytest.fixture(scope="module")
def told():
    return forecast(book_of(calm()), OCT)


def test_the_peak_of_every_november_is_forecast(told):
    row = told.table.iloc[0]
    assert row["period"] == "2026-11" and row["lower"] <= 360 * 1.6 <= row["upper"]
    assert row["season"] == pytest.approx(1.6, rel=0.12)
    assert told.table["mean"].iloc[1:].between(300, 420).all()
    assert "2026" in told.findings[0].sentence("zh") and told.findings[0].key == "forecast.next"


def test_categories_add_up_to_the_total_in_every_period(told):
    made = told.tables["register"]
    whole = made[made["by"] == ""].set_index("period")["mean"]
    parts = made[made["by"] == "reason"].groupby("period")["mean"].sum()
    pd.testing.assert_series_equal(whole, parts, check_names=False)
    assert (made["mean"] % 1 == 0).all() and (made["lower"] >= 0).all()
    assert (made["lower"] <= made["mean"]).all() and (made["mean"] <= made["upper"]).all()


def test_two_levels_add_up():
    made = forecast(book_of(calm(30)), OCT, by="region,reason", horizon=2).tables["register"]
    sums = {by: part.groupby("period")["mean"].sum().tolist() for by, part in made.groupby("by")}
    assert sums[""] == sums["region"] == sums["region,reason"]
    east = made[(made["by"] == "region") & (made["key"] == "east")]["mean"].tolist()
    below = made[made["key"].str.startswith("east / ")].groupby("period")["mean"].sum().tolist()
    assert east == below


def test_a_level_stays_what_it_is():
    """M25: the same number every month, in months of unequal length."""
    result = forecast(book_of({("late", "east"): [300] * 40, ("lost", "east"): [90] * 40}), OCT)
    assert (result.table["mean"] == 390).all()
    assert (result.tables["levels"]["mean"] == result.tables["levels"]["value"]).all()


def test_the_last_period_is_no_history_before_it_is_over():
    """What is known on 12 October begins with October, and is what was known at the end of September."""
    book = book_of(calm())
    running = forecast(book, Period("2026-10", pd.Timestamp("2026-10-12")))
    whole = forecast(book, Period("2026-09"))
    assert running.table["period"].iloc[0] == "2026-10"
    pd.testing.assert_frame_equal(running.table, whole.table)
    assert sentences(running, "forecast.partial") and not sentences(whole, "forecast.partial")


# ------------------------------------------------------------------------------------------ what it rests on


def test_history_begins_afresh_at_a_break():
    """Twelve months since: each category has those alone, and the season of the total."""
    change = Break("reason", pd.Timestamp("2025-11-01"), Words("拆分", "split"))
    cells = calm() | {("old", "east"): [80] * 36 + [0] * 12, ("new", "east"): [0] * 36 + [80] * 12}
    result = forecast(book_of(cells, [change]), OCT)
    levels = result.tables["levels"].set_index("reason")
    assert (levels.loc[["late", "lost", "rude", "new"], "rests_on"] == 12).all()
    assert (levels.loc[["late", "lost", "rude"], "basis"] == "borrowed").all()
    assert levels.loc["(all)", "rests_on"] == 48 and "old" not in levels.index
    assert levels.loc["late", "mean"] > 1.3 * 120
    assert "1 Nov 2025" in sentences(result, "forecast.break")[0]
    parts = result.tables["parts"]
    assert parts["period"].min() == "2025-11"


def test_after_a_change_of_yesterday_there_is_only_the_total():
    change = Break("reason", pd.Timestamp("2026-09-01"), Words("拆分", "split"))
    result = forecast(book_of(calm(), [change]), OCT)
    assert len(result.tables["levels"]) == 1 and set(result.tables["register"]["by"]) == {""}
    assert "1 Sept 2026" in sentences(result, "forecast.break")[0]


def test_a_new_category_is_not_taken_for_one_that_was_always_zero():
    cells = calm() | {("born", "east"): [0] * 40 + [50] * 8}
    levels = forecast(book_of(cells), OCT).tables["levels"].set_index("reason")
    assert levels.loc["born", "rests_on"] == 8 and levels.loc["born", "mean"] > 40


def test_mostly_zero_has_its_mean_and_says_so():
    rare = [0] * 48
    for at in (1, 9, 20, 33, 44):
        rare[at] = 2
    result = forecast(book_of(calm() | {("rare", "east"): rare}), OCT)
    row = result.tables["levels"].set_index("reason").loc["rare"]
    assert row["basis"] == "sparse" and 0 <= row["mean"] <= 1
    assert "zero in most periods" in sentences(result, "forecast.sparse")[0]


def test_under_two_seasons_there_is_none():
    result = forecast(book_of(calm(20)), OCT)
    assert result.tables["decomposition"]["trend"].isna().all()
    assert "Less than two seasons" in sentences(result, "forecast.basis")[0]


def test_five_months_are_too_few():
    """B89"""
    result = forecast(book_of(calm(5)), OCT)
    assert result.table.empty and "6 whole months" in result.findings[0].sentence("en")


def test_what_would_make_it_wrong_is_in_the_table(told):
    table = told.table
    assert table["rise_out"].tolist() == pytest.approx((table["upper"] / table["mean"] - 1).tolist())
    found = next(f for f in told.findings if f.key == "forecast.wrong")
    row = table.set_index("period").loc[found.values["period"]]
    assert found.values["rise_out"] == row["rise_out"] and found.values["fall_out"] == row["fall_out"]


# ------------------------------------------------------------------------------------------ what was forecast before


def registered(tmp_path, rows):
    """A register of rows (as_of, by, key, period, mean, lower, upper) one step ahead."""
    table = pd.DataFrame(rows, columns=["as_of", "by", "key", "period", "mean", "lower", "upper"])
    table = table.assign(indicator="received", h=1, level=0.9, model="combination", step="monthly.forecast")
    path = tmp_path / "register.csv"
    table[["step", *REGISTER]].to_csv(path, index=False, encoding="utf-8")
    return str(path)


def test_earlier_forecasts_are_judged(tmp_path):
    """By hand: of 100, 100, 100 and 130 forecast, 90, 110, 120 and 130 came. One is outside; absolute errors 40 of 450, and
    450 - 430 = 20 too little."""
    counts = [100] * 44 + [90, 110, 120, 130]
    months = [p.text for p in OCT.history(4)]
    rows = [
        (f"{months[0]}-01T00:00:00", "", "(all)", months[0], 100, 85, 115),
        (f"{months[1]}-01T00:00:00", "", "(all)", months[1], 100, 85, 115),
        (f"{months[2]}-01T00:00:00", "", "(all)", months[2], 100, 85, 115),
        (f"{months[3]}-01T00:00:00", "", "(all)", months[3], 130, 110, 150),
        (
            f"{months[3]}-01T00:00:00",
            "",
            "(all)",
            months[3],
            130,
            110,
            150,
        ),  # registered by another report too
        ("2026-11-01T00:00:00", "", "(all)", months[3], 500, 490, 510),  # made when it was over
        (f"{months[3]}-01T00:00:00", "region", "east", months[3], 1, 0, 2),  # of another hierarchy
        ("2026-10-01T00:00:00", "", "(all)", "2026-11", 500, 490, 510),  # not come yet
    ]
    result = forecast(book_of({("late", "east"): counts}), OCT, register=registered(tmp_path, rows))
    came = result.tables["came"].set_index("period")
    assert came["came"].to_dict() == dict(zip(months, ["inside", "inside", "above", "inside"], strict=True))
    assert came.loc[months[2], "made_after"] == months[1] and came.loc[months[2], "miss"] == 20
    score = result.tables["scores"].iloc[0]
    assert (score["judged"], score["inside"], score["inside_share"]) == (4, 3, 0.75)
    assert score["error"] == pytest.approx(40 / 450) and score["error_bias"] == pytest.approx(-20 / 450)
    assert score["inside_low"] == pytest.approx(0.3006, abs=1e-4)  # Wilson 3 of 4
    assert not sentences(result, "forecast.missed") and not sentences(result, "forecast.unjudged")


def test_nothing_is_judged_across_a_break(tmp_path):
    change = Break("reason", pd.Timestamp("2026-06-15"), Words("拆分", "split"))
    rows = [
        ("2026-06-01T00:00:00", by, key, "2026-08", 5, 4, 6)
        for by, key in (("", "(all)"), ("reason", "late"))
    ]
    result = forecast(book_of(calm(), [change]), OCT, register=registered(tmp_path, rows))
    assert result.tables["came"]["scope"].tolist() == ["total"]


def test_a_forecast_made_before_a_change_of_level_is_said_to_have_missed(tmp_path):
    cells = calm()
    cells["late", "east"] = [*cells["late", "east"][:-2], 160, 160]
    book, path = book_of(cells), tmp_path / "register.csv"
    forecast(book, Period("2026-08")).tables["register"].to_csv(path, index=False, encoding="utf-8")
    result = forecast(book, OCT, register=str(path))
    missed = [f for f in result.findings if f.key == "forecast.missed"]
    assert {f.values.get("code0") for f in missed} == {None, "late"}
    for found in missed:
        assert found.level == "watch" and found.values["since"] == "2026-09"
        assert found.values["made_after"] == "2026-08" and "new level" in found.sentence("en")


def test_a_register_that_is_none_is_trouble(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    for wrong in (str(path), str(tmp_path / "nowhere.csv")):
        with pytest.raises(Trouble):
            forecast(book_of(calm(12)), OCT, register=wrong)


# ------------------------------------------------------------------------------------------ one series, other indicators


def test_the_parts_of_a_series_multiply_to_it(told):
    table = told.tables["decomposition"]
    product = table["trend"] * table["season"] * table["calendar"] * table["remainder"]
    assert product.tolist() == pytest.approx(table["value"].tolist())
    november = table[table["period"].str.endswith("-11")]
    assert (november["season"] > 1.4).all() and abs(table["season"].mean() - 1) < 0.1


def test_a_chosen_category_is_seen_from_near(told):
    result = forecast(book_of(calm()), OCT, chosen="lost")
    counts = np.array(calm()["lost", "east"]) + np.array(calm()["lost", "west"])
    assert result.tables["decomposition"]["value"].tolist() == counts.tolist()
    engines = result.tables["candidates"].groupby("engine")["model"].agg(set)
    assert {"combination", "seasonal_naive", "theta"} <= engines["kit"]
    assert {"ets_ana", "sarimax", "unobserved", "stl_ets", "theta"} <= engines["statsmodels"]
    assert set(result.tables["diagnostics"]["model"]) >= {"ets_ana", "sarimax"}
    with pytest.raises(Trouble):
        forecast(book_of(calm()), OCT, chosen="nothing")


def test_errors_are_measured_against_the_seasonal_naive_forecast(told):
    """It has 1 by definition, and every difference lies in its interval; of both scopes the default is told."""
    rows = told.tables["backtest"]
    naive = rows[rows["model"] == "seasonal_naive"]
    assert naive["scope"].tolist() == ["total", "categories"] and (naive["loss"] == 1).all()
    others = rows[rows["model"] != "seasonal_naive"].dropna(subset=["loss_low"])
    assert (others["loss_low"] < others["loss_gap"]).all() and (
        others["loss_gap"] < others["loss_high"]
    ).all()
    assert {("total", "combination"), ("categories", "combination")} <= set(
        zip(rows["scope"], rows["model"], strict=True)
    )
    assert told.tables["errors"]["error"].between(0, 0.3).all()


def test_a_share_stays_between_0_and_1():
    book = book_of(calm())
    frame = book.rows("complaints", ["complaint_id", "received_at"], limit=100_000)
    frame["closed_at"] = frame["received_at"] + pd.Timedelta(hours=3)
    frame["reopened"] = np.random.default_rng(5).random(len(frame)) < 0.004
    result = forecast(Book.of(complaints=frame), OCT, indicator="reopen_rate")
    assert (result.table["lower"] >= 0).all() and (result.table["upper"] <= 1).all()
    assert (result.table["lower"] <= 0.004).all() and (result.table["upper"] >= 0.004).all()
    assert set(result.tables["register"]["by"]) == {""} and result.table["form"].iloc[0].startswith("pct")


def test_an_indicator_by_category_is_forecast_for_each(told):
    """Half of the late ones are reopened, none of the others; the rate of a reason has no orders of its own."""
    book = book_of(calm(30))
    frame = book.rows("complaints", ["complaint_id", "received_at", "reason", "region"], limit=100_000)
    frame["closed_at"] = frame["received_at"] + pd.Timedelta(hours=3)
    frame["reopened"] = (frame["reason"] == "late") & (np.arange(len(frame)) % 2 == 0)
    months = [p.start for p in OCT.history(30)]
    orders = pd.DataFrame({"month": months, "measure": "orders", "region": "east", "value": 5e4})
    book = Book.of(complaints=frame, exposure=orders)
    levels = forecast(book, OCT, indicator="reopen_rate").tables["levels"].set_index("reason")
    assert levels.loc["late", "mean"] == pytest.approx(0.5, abs=0.03) and levels.loc["rude", "mean"] < 0.01
    rate = forecast(book, OCT, indicator="rate_orders")
    assert (
        len(rate.tables["levels"]) == 1
        and "not measured by reason" in sentences(rate, "forecast.categories")[0]
    )


def test_wrong_arguments_are_trouble(told):
    book = book_of(calm(12))
    for wrong in ({"horizon": 0}, {"horizon": 13}, {"level": 0.999}, {"indicator": "nothing"}):
        with pytest.raises(Trouble):
            forecast(book, OCT, **wrong)
    with pytest.raises(NotMeasured):
        forecast(book, OCT, indicator="csat_top_two")


# ------------------------------------------------------------------------------------------ contacts per half hour


def contacts(days, per_day):
    """`per_day` contacts at 10:05 and as many at 14:40 on each of the days."""
    at = [day + pd.Timedelta(minutes=m) for day in days for m in [605] * per_day(day) + [880] * per_day(day)]
    return pd.DataFrame(
        {"contact_id": [f"k{i}" for i in range(len(at))], "started_at": at, "channel": "hotline"}
    )


def test_contacts_are_spread_over_weekday_and_half_hour():
    """20 every Monday, 8 on every other day, half of them from 10:00, half from 14:30. The holidays of October have half of
    that and are left out; the make-up Saturday too."""
    days = pd.date_range("2026-08-20", "2026-10-31")
    holiday = pd.date_range("2026-10-01", "2026-10-07")
    usual = {True: 10, False: 4}
    frame = contacts(days, lambda d: usual[d.day_of_week == 0] // (2 if d in holiday else 1))
    table = forecast(book_of(calm(30), contacts=frame), OCT, horizon=1).tables["intervals"]
    assert set(table["slot"]) == {"10:00", "14:30"} and set(table["weekday"]) == {
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    }
    at = table.set_index(["weekday", "slot"])
    assert at.loc[("mon", "10:00"), "mean"] == pytest.approx(10, rel=0.15)
    assert at.loc[("wed", "14:30"), "mean"] == pytest.approx(4, rel=0.15)
    assert at.loc[("mon", "10:00"), "days"] == 7  # of eight Mondays, without 5 October
    assert (table["lower"] <= table["mean"]).all() and (table["mean"] <= table["upper"]).all()
    assert table["weekday"].iloc[0] == "mon"


def test_contacts_of_less_than_four_weeks_say_nothing():
    frame = contacts(pd.date_range("2026-10-10", "2026-10-31"), lambda d: 5)
    result = forecast(book_of(calm(12), contacts=frame), OCT, horizon=1)
    assert result.tables["intervals"].empty and "contacts" in sentences(result, "forecast.intervals")[0]


# ------------------------------------------------------------------------------------------------- pictures


def test_what_is_drawn_is_what_the_table_says(told):
    axis = told.plot("en").axes[0]
    lines = [np.asarray(line.get_ydata()).tolist() for line in axis.lines]
    past, ahead = told.tables["past"]["value"].tail(36).tolist(), told.table["mean"].tolist()
    assert past in lines and [past[-1], *ahead] in lines
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == told.table["upper"].max() and band.min() == told.table["lower"].min()


@pytest.mark.parametrize("name", ["levels", "decomposition", "candidates", "backtest", "intervals"])
def test_every_picture_is_drawn_with_little_too(told, name):
    for result in (told, forecast(book_of(calm(5)), OCT), forecast(book_of(calm(13)), OCT, by="product")):
        assert result.picture("zh", name).png.startswith(b"\x89PNG")


# ------------------------------------------------------------------------------------------------- the demo company


@pytest.fixture(scope="module")
def october(demo_book, tmp_path_factory):
    """October's page, with what August had forecast."""
    path = tmp_path_factory.mktemp("register") / "register.csv"
    forecast(demo_book, Period("2026-08")).tables["register"].to_csv(path, index=False, encoding="utf-8")
    return forecast(demo_book, OCT, register=str(path))


def received(book, text):
    return int(book.counts(window=Period(text))["n"].iloc[0])


def test_truth_november_peak(demo_book, october):
    """november_peak: of November 2026, that it comes; of November 2025, how high it came."""
    row = october.table.iloc[0]
    assert (
        row["period"] == "2026-11" and row["season"] > 1.35 and row["lower"] > received(demo_book, "2026-10")
    )
    then = forecast(demo_book, Period("2025-10")).table.iloc[0]
    assert then["period"] == "2025-11" and then["lower"] <= received(demo_book, "2025-11") <= then["upper"]


def test_truth_moving_spring_festival(demo_book, october):
    """spring_festival_dip: in February 2026, foretold in December; in 2027 the holiday is 11 days earlier, and February less
    low."""
    table = forecast(demo_book, Period("2025-12")).table.set_index("period")
    february = table.loc["2026-02"]
    assert february["lower"] <= received(demo_book, "2026-02") <= february["upper"]
    assert february["mean"] < 0.85 * table.loc["2026-01", "mean"] and february["season"] < 0.85
    ahead = october.table.set_index("period")
    assert 0.05 < ahead.loc["2027-02", "season"] - february["season"] < 0.3


def test_truth_late_delivery_was_not_foreseen(october):
    """late_delivery_east: from 21 September; August's forecast for October is scored wrong, and it is said."""
    missed = [f for f in october.findings if f.key == "forecast.missed"]
    assert {f.values.get("code0") for f in missed} >= {None, "late_delivery"}
    late = next(f for f in missed if f.values.get("code0") == "late_delivery")
    assert late.values["value"] > late.values["upper"] and late.values["made_after"] == "2026-08"
    assert late.values["since"] == "2026-09" and "水平变了" in late.sentence("zh")


def test_truth_busy_monday(october):
    """busy_monday: the busiest half hours are Monday's from 10 to 12."""
    top = october.tables["intervals"].head(4)
    assert set(top["weekday"]) == {"mon"} and set(top["slot"]) == {"10:00", "10:30", "11:00", "11:30"}
