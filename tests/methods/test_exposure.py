import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, Words, exposure
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._shares import ALL
from complaintlib.words import Trouble

OCT = Period("2026-10")
MONTHS = OCT.history(36)


def book_of(counts: dict[str, np.ndarray], measures: dict[str, np.ndarray], **book) -> Book:
    """So many complaints of each reason in each of 36 months, and so much of each measure."""
    rows = [
        (
            f"{reason}{month.text}-{i}",
            month.start + pd.Timedelta(minutes=i * 7919 % (1440 * month.days)),
            reason,
        )
        for reason, series in counts.items()
        for month, n in zip(MONTHS, series, strict=True)
        for i in range(int(n))
    ]
    complaints = pd.DataFrame(rows, columns=["complaint_id", "received_at", "reason"])
    parts = [
        pd.DataFrame(
            {"month": [m.start for m in MONTHS], "measure": name, "value": np.asarray(series, float)}
        )
        for name, series in measures.items()
    ]
    return Book.of(complaints=complaints, exposure=pd.concat(parts, ignore_index=True), **book)


def company(seed: int = 6, lag: int = 1, effect: float = 0.5) -> tuple[dict, dict]:
    """Orders that vary from month to month; "fault" half as many more `lag` months after a usual outage; "late" with
    the square of the orders, "other" with neither; 16 months with outages of the same size."""
    rng = np.random.default_rng(seed)
    orders = np.round(10_000 * np.exp(0.25 * rng.normal(size=36)))
    outages = np.zeros(36)
    outages[rng.permutation(35)[:16]] = 2500
    after = np.concatenate([np.zeros(lag), outages[: 36 - lag]]) / 2500
    counts = {
        "fault": rng.poisson(40 * orders / 10_000 * (1 + effect * after)),
        "late": rng.poisson(60 * (orders / 10_000) ** 2),
        "other": rng.poisson(50, 36),
    }
    return counts, {"orders": orders, "outages": outages}


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


# --------------------------------------------------------------------------------------------- known answers


@pytest.fixture(scope="module")
def told():
    return exposure(book_of(*company()), OCT)


def test_what_follows_outages_is_found_at_its_lag(told):
    row = told.table.set_index(["reason", "driver"]).loc[("fault", "outages")]
    assert (row["shown"], row["lag"]) == ("own", 1)
    assert row["response_low"] < 0.5 < row["response_high"]
    assert row["p_without"] < 0.05
    after = finding(told, "exposure.after")
    assert (after.level, after.values["reason"], after.values["lag"]) == ("watch", "fault", 1)
    assert "association, not cause" in after.sentence("en")
    assert "不是因果" in after.sentence("zh")


def test_what_goes_with_volume_has_its_elasticity(told):
    """10 % more orders, 21 % more of what goes with their square: 1.1 ** 2 - 1."""
    row = told.table.set_index(["reason", "driver"]).loc[("late", "orders")]
    assert (row["shown"], row["lag"]) == ("own", 0)
    assert row["response_low"] < 0.21 < row["response_high"]
    assert row["response"] == pytest.approx(0.21, abs=0.05)


def test_what_goes_with_nothing_is_not_shown(told):
    assert set(told.table.loc[told.table["reason"] == "other", "shown"]) == {"none"}


def test_every_test_counts_towards_q(told):
    """3 categories and the total x 2 measures x 4 lags; the complaints of all months."""
    assert len(told.tables["lags"]) == 4 * 2 * 4
    assert told.tables["measures"].iloc[-1]["tests"] == 32
    counts, _ = company()
    n = told.table.drop_duplicates("reason").set_index("reason")["n"]
    assert n.to_dict() == {name: series.sum() for name, series in counts.items()} | {
        ALL: sum(map(sum, counts.values()))
    }


def test_volume_is_allowed_for_against_outages():
    """With twice the orders in a month there are twice the complaints: no outage made them."""
    counts, measures = company(7, effect=0)
    measures["outages"] = np.where(
        measures["orders"] > np.median(measures["orders"]), measures["orders"] / 4, 0
    )
    result = exposure(book_of(counts, measures), OCT, measures="outages")
    fault = result.table.set_index(["reason", "driver"]).loc[("fault", "outages")]
    assert (fault["shown"], fault["q"] > 0.2) == ("none", True)
    shown = result.table.set_index("reason")["shown"]
    assert shown[["other", "late"]].tolist() == [
        "volume",
        "volume",
    ]  # not in proportion to orders: said, not claimed
    assert "exposure.along" not in keys(result)
    plain = exposure(book_of(counts, measures), OCT, measures="outages", per="nothing")
    assert plain.table.set_index(["reason", "driver"]).loc[("fault", "outages"), "q"] < 0.05


def test_what_the_last_month_lets_expect():
    counts, measures = company()
    measures["outages"][-1] = 2500
    result = exposure(book_of(counts, measures), OCT)
    row = result.tables["coming"].iloc[0]
    assert (row["driver_month"], row["month_due"], row["driver_value"]) == ("2026-10", "2026-11", 2500)
    pair = result.table.set_index(["reason", "driver"]).loc[("fault", "outages")]
    assert row["response"] == pytest.approx(pair["response"])  # a usual outage is 2,500
    assert finding(result, "exposure.coming").level == "watch"
    quiet = exposure(book_of(*company()), OCT)
    assert quiet.tables["coming"]["response"].tolist() == [0.0]
    assert "exposure.quiet" in keys(quiet)


def test_what_only_shares_the_season_is_said_to():
    """Both peak every November and nothing else varies: the orders or the time of the year?"""
    rng = np.random.default_rng(8)
    season = np.array(
        [1.6 if m.text.endswith("-11") else 0.7 if m.text.endswith("-02") else 1.0 for m in MONTHS]
    )
    counts = {"late": rng.poisson(200 * season), "other": rng.poisson(100, 36)}
    orders = np.round(10_000 * season * np.exp(0.003 * rng.normal(size=36)))
    result = exposure(book_of(counts, {"orders": orders}), OCT)
    row = result.table.set_index(["reason", "driver"]).loc[("late", "orders")]
    assert (row["shown"], row["lag"]) == ("seasonal", 0)
    assert "mostly as the year goes" in finding(result, "exposure.season").sentence("en")
    assert "exposure.none" in keys(result)


def test_what_rests_on_one_month_is_not_claimed():
    counts, measures = company(effect=0)
    measures["outages"] = np.zeros(36)
    measures["outages"][[3, 20]] = 100, 90_000
    counts["fault"][21] = 900
    result = exposure(book_of(counts, measures), OCT, measures="outages")
    row = result.table.set_index(["reason", "driver"]).loc[("fault", "outages")]
    assert (row["shown"], row["lag"]) == ("one_month", 1)
    assert "exposure.after" not in keys(result)


def test_a_break_of_the_taxonomy_is_no_change():
    """From month 20 on half of it is booked elsewhere: the level halves, what goes with the orders stays."""
    counts, measures = company()
    counts["late"][20:] //= 2
    broken = Break("reason", MONTHS[20].start, Words("拆分", "split"))
    result = exposure(book_of(counts, measures, breaks=[broken]), OCT)
    row = result.table.set_index(["reason", "driver"]).loc[("late", "orders")]
    assert row["shown"] == "own"
    assert row["response_low"] < 0.21 < row["response_high"]
    assert "exposure.break" in keys(result)


# ----------------------------------------------------------------------------------------------------- edges


def test_months_are_whole_whatever_the_period():
    book = book_of(*company())
    assert finding(exposure(book, Period("2026-W43")), "exposure.rests").values["last"].text == "2026-09"
    assert finding(exposure(book, Period("2026-Q3")), "exposure.rests").values["last"].text == "2026-09"
    partial = exposure(book, Period("2026-10", "2026-10-20"))
    assert finding(partial, "exposure.rests").values["last"].text == "2026-09"
    assert "exposure.partial" in keys(partial)


def test_a_measure_with_a_gap_is_used_from_there_on():
    counts, measures = company()
    book = book_of(counts, measures)
    frame = book.rows("exposure", ["month", "measure", "value"], limit=1000)
    late = frame[(frame["measure"] != "outages") | (frame["month"] >= MONTHS[8].start)]
    complaints = book.rows("complaints", ["complaint_id", "received_at", "reason"], limit=100_000)
    result = exposure(Book.of(complaints=complaints, exposure=late), OCT)
    facts = result.tables["measures"].set_index("driver")
    assert (facts.loc["orders", "months"], facts.loc["outages", "months"]) == (36, 28)


def test_a_measure_known_for_too_few_months_tells_nothing_and_harms_nothing():
    counts, measures = company()
    frame = book_of({}, measures).rows("exposure", ["month", "measure", "value"], limit=1000)
    late = frame[(frame["measure"] != "outages") | (frame["month"] >= MONTHS[20].start)]
    complaints = book_of(counts, measures).rows(
        "complaints", ["complaint_id", "received_at", "reason"], limit=100_000
    )
    result = exposure(Book.of(complaints=complaints, exposure=late), OCT)
    rows = result.table.set_index("driver")
    assert set(rows.loc["outages", "shown"]) == {"none"}
    assert result.tables["measures"].set_index("driver").loc["outages", ["months", "tests"]].tolist() == [
        16,
        0,
    ]
    assert "own" in set(rows.loc["orders", "shown"])
    result.picture("zh")


def test_few_months_and_none():
    counts, measures = company()
    book = book_of(counts, measures)
    few = exposure(book, Period("2025-06"))
    assert finding(few, "exposure.few").values == {"months": 20}
    assert keys(exposure(book, Period("2022-01"))) == ["exposure.empty"]


def test_what_is_not_measured():
    counts, measures = company()
    book = book_of(counts, measures)
    with pytest.raises(NotMeasured, match="rainfall"):
        exposure(book, OCT, measures="orders, rainfall")
    complaints = book.rows("complaints", ["complaint_id", "received_at", "reason"], limit=100_000)
    with pytest.raises(NotMeasured, match="exposure"):
        exposure(Book.of(complaints=complaints), OCT)
    with pytest.raises(Trouble, match="lags"):
        exposure(book, OCT, lags=0)


def test_without_categories_the_total_is_told():
    counts, measures = company()
    complaints = book_of(counts, measures).rows("complaints", ["complaint_id", "received_at"], limit=100_000)
    frame = book_of({}, measures).rows("exposure", ["month", "measure", "value"], limit=1000)
    result = exposure(Book.of(complaints=complaints, exposure=frame), OCT)
    assert set(result.table["reason"]) == {ALL}


def test_the_drawn_is_the_table(told):
    for lang in ("zh", "en"):
        ax = told.plot(lang).axes[0]
        texts = [text.get_text() for text in ax.texts]
        shown = told.table[told.table["shown"] == "own"]
        assert sum("%" in text for text in texts) >= len(shown)
        upper, lower = told.plot(lang, "course").axes
        course = told.tables["course"]
        assert [bar.get_height() for bar in lower.patches] == course["driver_value"].tolist()
        np.testing.assert_allclose(upper.lines[0].get_ydata(), course["value"])


# ------------------------------------------------------------------------------------------------ planted truths


def test_truth_outages_then_app_faults(demo_book):
    """One month later, a tenth more for each hour (1,000 failed requests and more); nothing else follows the outages."""
    result = exposure(demo_book, OCT)
    own = result.table[result.table["shown"] == "own"]
    assert list(zip(own["reason"], own["driver"], own["lag"], strict=True)) == [("app_fault", "outages", 1)]
    hours = finding(result, "exposure.after").values["usual"] / 1000
    assert own["response_low"].iloc[0] < 0.1 * hours < own["response_high"].iloc[0]
    lags = result.tables["lags"].set_index(["reason", "driver", "lag"]).sort_index()
    lags = lags.loc[("app_fault", "outages")]
    assert lags["q"].drop(1).min() > 0.1
    warned = finding(exposure(demo_book, Period("2026-07")), "exposure.coming")
    assert (warned.values["reason"], warned.values["month_due"]) == ("app_fault", "2026-08")


def test_truth_deliveries_and_late_ones(demo_book):
    """In the same month, but in step with the year and with the orders, and so said."""
    result = exposure(demo_book, OCT)
    row = result.table.set_index(["reason", "driver"]).loc[("late_delivery", "deliveries")]
    assert (row["shown"], row["lag"]) == ("seasonal", 0)
    assert row["response_low"] < 0.1 < row["response_high"]
    assert finding(result, "exposure.season").values["others"] == ["deliveries"]
