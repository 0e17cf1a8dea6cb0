import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, Words, protect, risk
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._risk_tables import class_of
from complaintlib.words import Trouble

OCT = Period("2026-10")


def complaints(counts: dict, months: int = 16, **columns) -> pd.DataFrame:
    """So many complaints of each reason in each month up to October 2026; a column's values by reason, in turn."""
    parts = []
    for back in range(months):
        month = OCT.shifted(-back)
        rows = [(reason, i) for reason, n in counts.items() for i in range(n(back) if callable(n) else n)]
        frame = pd.DataFrame(rows, columns=["reason", "turn"])
        frame["complaint_id"] = [f"{month}{i:05d}" for i in range(len(frame))]
        frame["received_at"] = month.start + pd.to_timedelta(
            np.arange(len(frame)) * 7919 % 40_000, unit="min"
        )
        parts.append(frame)
    out = pd.concat(parts, ignore_index=True)
    for name, values in columns.items():
        out[name] = [values[r][i % len(values[r])] for r, i in zip(out["reason"], out["turn"], strict=True)]
    return out.drop(columns="turn")


def book_of(counts: dict, months: int = 16, breaks=(), tables=None, **columns) -> Book:
    return Book.of(complaints=complaints(counts, months, **columns), breaks=breaks, **(tables or {}))


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


COUNTS = {"late": 60, "lost": 20, "rude": 20}
GRADES = {"late": ["routine"], "lost": ["major"], "rude": ["general"]}


# ------------------------------------------------------------------------------------------ by hand


def test_by_severity_by_hand():
    """Points a month: late 60 x 1, lost 20 x 10, rude 20 x 3 of 320; the mean case has 3.2. Over 12 months lost has 240 cases
    of 3.125 average ones, with 5 average cases: (750 + 5) / 245."""
    result = risk(book_of(COUNTS, severity=GRADES), OCT)
    table = result.table.set_index("reason")
    weigh = {"late": (720 / 3.2 + 5) / 725, "lost": (2400 / 3.2 + 5) / 245, "rude": (720 / 3.2 + 5) / 245}
    for reason, impact in weigh.items():
        assert table.loc[reason, "impact"] == pytest.approx(impact)
    whole = sum(3 * COUNTS[r] * weigh[r] for r in COUNTS)
    assert table.loc["lost", "burden"] == pytest.approx(3 * 20 * weigh["lost"] / whole)
    assert table["burden"].sum() == pytest.approx(1)
    assert result.table["reason"].iloc[0] == "lost"
    assert table["n"].to_dict() == {"late": 180, "lost": 60, "rude": 60}
    assert table["points_mean"].to_dict() == {"late": 1, "lost": 10, "rude": 3}
    assert table["rate"].to_dict() == {"late": 60, "lost": 20, "rude": 20}


def test_the_burden_is_the_mean_of_the_shares_of_every_part():
    """Many cases, so that the 5 average ones do not matter: mean of the shares of points, money and escalations."""
    counts = {"a": 900, "b": 100}
    book = book_of(
        counts, 13, severity={"a": ["routine"], "b": ["urgent"]}, compensation={"a": [0.0], "b": [90.0]},
        escalated={"a": [False] * 9 + [True], "b": [True]},
    )  # fmt: skip
    b = risk(book, OCT).table.set_index("reason").loc["b"]
    shares = [500 / 1400, 1.0, 100 / 190]
    assert b["burden"] == pytest.approx(np.mean(shares), rel=0.01)
    assert b["paid_mean"] == 90
    assert b["share_escalated"] == 1


def test_classes_follow_the_product_of_both_axes():
    """Cox (2008): nothing of a smaller burden is of a higher class; the bounds belong to the class they open."""
    shares = np.array([0.3, 0.1, 0.0999, 0.05, 0.02, 0.0199, 0.0])
    found = class_of(shares, (0.1, 0.05, 0.02)).tolist()
    assert found == ["critical", "critical", "high", "high", "moderate", "low", "low"]
    result = risk(book_of(COUNTS, severity=GRADES), OCT, critical=0.7, high=0.3, moderate=0.15)
    bounds = result.tables["facts"].iloc[0]
    assert bounds[["bound_critical", "bound_high", "bound_moderate"]].tolist() == [0.7, 0.3, 0.15]
    assert (result.table["burden"].diff().dropna() <= 0).all()


def test_rates_by_an_exposure():
    orders = pd.DataFrame(
        {"month": [OCT.shifted(-i).start for i in range(16)], "measure": "orders", "value": 20_000.0}
    )
    orders = orders.assign(channel=None, product=None, region="east")
    result = risk(book_of(COUNTS, tables={"exposure": orders}, severity=GRADES), OCT)
    late = result.table.set_index("reason").loc["late"]
    assert late["rate"] == pytest.approx(180 / 60)
    assert late["rate_low"] < 3 < late["rate_high"]
    assert result.tables["facts"]["measure"].iloc[0] == "orders"


# ----------------------------------------------------------------------------------- change and check


def test_rising_and_easing_against_last_year():
    up = {
        "late": lambda back: 60 if back < 3 else 30,
        "lost": lambda back: 20 if back < 3 else 50,
        "rude": 20,
    }
    result = risk(book_of(up, 18, severity=GRADES), OCT)
    table = result.table.set_index("reason")
    assert table["moved"].to_dict() == {"late": "up", "lost": "down", "rude": "same"}
    assert (table["compared"] == "last_year").all()
    assert table.loc["late", "growth"] == pytest.approx(1)
    assert finding(result, "risk.rising").level == "act"
    assert finding(result, "risk.easing").values["reason"] == "lost"
    short = risk(book_of(up, 8, severity=GRADES), OCT)
    assert (short.table["compared"] == "previous").all()


def test_a_change_of_class_is_told():
    up = {"a": 200, "b": lambda back: 60 if back == 0 else 2, "c": 40}
    grade = {key: ["general"] for key in "abc"}
    result = risk(book_of(up, severity=grade), OCT)
    b = result.table.set_index("reason").loc["b"]
    assert (b["risk_then"], b["risk"]) == ("low", "high")
    assert "risk.up" in keys(result)


def test_the_order_is_checked_against_what_came():
    """The same every month: the order told before is the order that came, by number it is not."""
    counts = {"a": 50, "b": 40, "c": 30, "d": 20, "e": 10, "f": 5}
    grade = {
        "a": ["routine"],
        "b": ["routine"],
        "c": ["general"],
        "d": ["urgent"],
        "e": ["major"],
        "f": ["major"],
    }
    result = risk(book_of(counts, severity=grade), OCT)
    checks, fact = result.tables["hindsight"], result.tables["facts"].iloc[0]
    assert len(checks) == 12
    np.testing.assert_allclose(checks["order_kept"], checks["order_kept"].iloc[0])
    assert fact["order_kept"] > 0.9 > fact["order_by_count"]
    assert (checks["hits"] == 5).all()
    assert finding(result, "risk.checked").values["periods_checked"] == 12


def test_rare_but_heavy():
    counts = {f"r{i}": 40 - i for i in range(8)} | {"gold": 3}
    paid = {f"r{i}": [10.0] for i in range(8)} | {"gold": [4000.0]}
    result = risk(book_of(counts, compensation=paid), OCT)
    heavy = finding(result, "risk.heavy")
    assert heavy.values["reason"] == "gold"
    assert heavy.values["impact_low"] > 1.5
    assert "compensation" in heavy.sentence("en")


def test_intervals_are_wider_for_fewer_cases():
    few, many = (
        risk(
            book_of(
                {"a": 6 * k, "b": 2 * k}, severity={"a": ["general", "routine"], "b": ["major", "urgent"]}
            ),
            OCT,
        )
        for k in (1, 30)
    )
    width = [(r.table["burden_high"] - r.table["burden_low"]).max() for r in (few, many)]
    assert width[0] > 3 * width[1]


def test_intervals_cover():
    """200 simulated books of 4 kinds with known rates and grades: the 95% interval of the burden covers at 90% or more."""
    rng = np.random.default_rng(5)
    from complaintlib.methods._risk_burden import Seen, burden, draws
    from complaintlib.rules import load_rules

    rates, means = np.array([40.0, 20, 10, 4]), np.array([2.0, 3, 4, 8])
    truth = rates * means / (rates @ means)
    history, covered = OCT.history(12), []
    for _ in range(200):
        n = rng.poisson(rates, (12, 4)).astype(float)
        amount = rng.gamma(np.maximum(n, 1e-9) * 2, means / 2)  # each case Gamma(2) around its mean
        seen = Seen(
            None,
            OCT,
            "k",
            history,
            list("abcd"),
            n,
            {"points": amount},
            {"points": means**2 / 2},
            0,
            "",
            np.ones(12),
            np.ones((12, 4)),
            load_rules().statistics,
        )
        low, high = np.quantile(draws(seen, 1.0)[1], [0.025, 0.975], axis=0)
        covered.append((low <= truth) & (truth <= high))
        assert burden(seen).sum() == pytest.approx(1)
    assert np.mean(covered) >= 0.9


# -------------------------------------------------------------------------------------------- edges


def test_few_none_and_what_is_not_measured():
    assert keys(risk(book_of({"a": 2}, 1, severity={"a": ["major"]}), OCT))[0] == "risk.few"
    assert keys(risk(book_of({"a": 9}, 1, severity={"a": ["major"]}), Period("2020-01")))[0] == "risk.empty"
    with pytest.raises(NotMeasured, match="severity"):
        risk(book_of({"a": 30}), OCT)
    with pytest.raises(NotMeasured, match="product"):
        risk(book_of({"a": 30}, severity={"a": ["major"]}), OCT, by="product")
    with pytest.raises(Trouble, match="critical"):
        risk(book_of({"a": 30}, severity={"a": ["major"]}), OCT, critical=0.01)
    assert "risk.parts" in keys(
        risk(book_of({"a": 30, "b": 9}, severity={"a": ["major"], "b": ["urgent"]}), OCT)
    )


def test_nothing_from_before_a_break():
    at = Break("reason", pd.Timestamp("2026-08-01"), Words("拆分", "split"))
    result = risk(book_of(COUNTS, breaks=[at], severity=GRADES), OCT)
    assert result.tables["hindsight"].empty
    assert result.table["growth"].isna().all()
    within = Break("reason", pd.Timestamp("2026-10-10"), Words("拆分", "split"))
    assert "risk.break" in keys(risk(book_of(COUNTS, breaks=[within], severity=GRADES), OCT))


def test_a_partial_period_judges_no_trend():
    part = risk(book_of(COUNTS, severity=GRADES), Period("2026-10", "2026-10-20"))
    assert (part.table["moved"] == "partial").all()
    assert "risk.partial" in keys(part)
    assert "2026-10" not in set(part.tables["hindsight"]["period"])


def test_the_drawn_is_the_table():
    result = risk(book_of(COUNTS, severity=GRADES), OCT)
    points = result.plot("en").axes[0].collections[-1].get_offsets()
    np.testing.assert_allclose(points, result.drawn()[["rate", "impact"]])
    shared = protect(result, "shared")
    for lang in ("zh", "en"):
        for shown in (result, shared):
            shown.picture(lang)
            shown.picture(lang, "burden")


def test_money_in_any_currency():
    """M12"""
    paid = {"late": [5.0, 0.0], "lost": [200.0, 90.0, 0.0], "rude": [0.0]}
    one, hundred = (
        risk(book_of(COUNTS, compensation={k: [x * scale for x in v] for k, v in paid.items()}), OCT).table
        for scale in (1, 100)
    )
    same = ["reason", "burden", "burden_low", "risk_sure", "rank_low"]
    pd.testing.assert_frame_equal(one[same], hundred[same], rtol=1e-9)


# ------------------------------------------------------------------------------------ planted truths


def test_truth_valuables_lost(demo_book):
    """Few, dear: among the first by burden, and the one that is rare but heavy."""
    result = risk(demo_book, OCT)
    assert "valuables_lost" in result.table["reason"].head(3).tolist()
    heavy = finding(result, "risk.heavy")
    assert heavy.values["reason"] == "valuables_lost"
    assert heavy.values["share"] < 0.01


def test_truth_refund_slow_and_address_check(demo_book):
    """Slow refunds have crept up, address errors are down a third since July."""
    table = risk(demo_book, OCT).table.set_index("reason")
    assert table.loc["refund_slow", "moved"] == "up"
    assert table.loc["late_delivery", "moved"] == "up"
    assert table.loc["address_error", "moved"] == "down"
    assert table.loc["damaged", "moved"] == "same"  # the packing guide does nothing


def test_truth_cross_border(demo_book):
    """Its orders fell by 45% while complaints per order rose: not easing, though there are fewer complaints."""
    row = risk(demo_book, OCT, by="product").table.set_index("product").loc["cross_border"]
    assert row["growth"] > 0.1
    assert row["moved"] != "down"


def test_truth_the_order_foretells(demo_book):
    """On the demo company the order by burden agrees better with what came than the order by number."""
    fact = risk(demo_book, OCT).tables["facts"].iloc[0]
    assert fact["order_low"] > fact["order_by_count"]
