import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, Words, protect, rootcause
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._rootcause_apart import apart_table, core_table
from complaintlib.methods._rootcause_choice import DIMS, Seen, ask
from complaintlib.methods._rootcause_counts import DAYPARTS, TENDAYS, TIMES, WEEKDAYS
from complaintlib.stats.intervals import proportion_difference
from complaintlib.words import LANGUAGES, Trouble, label

OCT = Period("2026-10")


def complaints(cells: list[tuple[dict, int]], month: Period = OCT) -> pd.DataFrame:
    """So many complaints of each kind in the month, spread over its hours."""
    frame = pd.DataFrame([row for row, n in cells for _ in range(n)]).astype(object)
    frame["complaint_id"] = [f"{month}-{i:05d}" for i in range(len(frame))]
    minutes = np.arange(len(frame)) * 7919 % (month.days * 1440)
    return frame.assign(received_at=month.start + pd.to_timedelta(minutes, unit="min"))


def kinds(**reasons: dict[str, int]) -> list[tuple[dict, int]]:
    """late={"east": 40} and so on: complaints by reason and region."""
    return [({"reason": r, "region": p}, n) for r, places in reasons.items() for p, n in places.items()]


NOW = kinds(late={"east": 40, "north": 10}, lost={"east": 30, "north": 70})
THEN = kinds(late={"east": 12, "north": 11}, lost={"east": 30, "north": 70})


def book_of(now=NOW, then=None, months: int = 6, **tables) -> Book:
    past = [complaints(then, OCT.shifted(-i)) for i in range(1, months + 1)] if then else []
    breaks = tables.pop("breaks", ())
    return Book.of(complaints=pd.concat([complaints(now), *past]), breaks=breaks, **tables)


def finding(result, key):
    return next(f for f in result.findings if f.key == f"rootcause.{key}")


def keys(result):
    return [f.key.removeprefix("rootcause.") for f in result.findings]


def row_of(result, **trait) -> pd.Series:
    (name, code), table = next(iter(trait.items())), result.table
    return table[(table["attribute"] == name) & (table[name] == code)].iloc[0]


# ------------------------------------------------------------------------------------------ by hand


def test_a_trait_by_hand():
    """40 of 50 late ones are from the east, 30 of 100 others: as the others, 15 would be; 25 too many."""
    row = row_of(rootcause(book_of(), OCT, reason="late"), region="east")
    assert (row["n"], row["n_others"], row["contrast"]) == (40, 30, "more")
    assert (row["share_now"], row["share_others"]) == (0.8, 0.3)
    assert (row["expected"], row["excess"]) == (pytest.approx(15), pytest.approx(25))
    expected = 50 * 70 / 150
    assert row["residual"] == pytest.approx(
        (40 - expected) / np.sqrt(expected * (1 - 50 / 150) * (1 - 70 / 150))
    )
    limits = proportion_difference(40, 50, 30, 100).iloc[0]
    assert (row["share_apart_low"], row["share_apart_high"]) == (limits["low"], limits["high"])
    assert pd.isna(row["share_then"])


def test_the_reason_is_the_one_with_most_too_many():
    """22 late ones a month before, 50 now: 28 too many. lost is as it was."""
    result = rootcause(book_of(then=THEN), OCT)
    assert result.reason == "late"
    first = result.tables["choice"].iloc[0]
    days = 31 / sum(OCT.shifted(-i).days for i in range(1, 7))
    assert first["n_due"] == pytest.approx(23 * 6 * days)
    assert first["beyond"] == pytest.approx(50 - 23 * 6 * days)
    assert result.tables["choice"]["moved"].tolist() == ["up", "same"]
    assert finding(result, "problem").level == "watch"
    grown = finding(result, "grown")
    assert grown.values["region"] == "east"
    assert grown.values["beyond"] == pytest.approx(40 - 12 * 6 * days)


def test_without_a_rise_it_is_the_largest():
    result = rootcause(book_of(THEN, THEN), OCT)
    assert result.reason == "lost"
    assert finding(result, "problem").level == "note"
    assert "没有一类原因确实增多" in result.say("zh").text
    assert {"grown", "not_doing"}.isdisjoint(keys(result))
    assert rootcause(book_of(), OCT).reason == "lost"


def test_a_reason_by_its_code_or_its_words():
    cells = [
        ({"reason": "late_delivery", "region": "east"}, 30),
        ({"reason": "damaged", "region": "east"}, 40),
    ]
    book = Book.of(complaints=complaints(cells))
    for given in ("late_delivery", "派送延误", "Late delivery"):
        assert rootcause(book, OCT, reason=given).reason == "late_delivery"
    with pytest.raises(Trouble) as wrong:
        rootcause(book, OCT, reason="late_deliveri")
    assert "late_delivery" in wrong.value.say("zh")
    assert "late_delivery" in wrong.value.say("en")


def test_every_number_is_that_of_the_case_list(demo_book):
    result = rootcause(demo_book, OCT, reason="late_delivery")
    cases = demo_book.rows("complaints", ["reason", "region", "product", "received_at"], OCT, 100_000)
    own = cases["reason"] == "late_delivery"
    for dim in ("region", "product"):
        for code in cases[dim].dropna().unique():
            row = row_of(result, **{dim: code})
            assert row["n"] == (own & (cases[dim] == code)).sum()
            assert row["n_others"] == (~own & cases["reason"].notna() & (cases[dim] == code)).sum()
    days = cases["received_at"].dt.day_of_week
    assert row_of(result, weekday="tue")["n"] == (own & (days == 1)).sum()
    assert row_of(result, daypart="evening")["n"] == (own & (cases["received_at"].dt.hour >= 18)).sum()
    core = result.tables["core"].iloc[0]
    both = (cases["region"] == core["region"]) & (cases["product"] == core["product"])
    assert core["n"] == (own & both).sum()


# ------------------------------------------------------------------------------- what goes along with what


def cities(late: dict[str, int], others: dict[str, int]) -> list[tuple[dict, int]]:
    home = {"shanghai": "east", "ningbo": "east", "beijing": "north", "jinan": "north"}
    sides = (("late", late), ("lost", others))
    return [({"reason": r, "city": c, "region": home[c]}, n) for r, side in sides for c, n in side.items()]


def test_a_city_that_only_goes_along_with_its_region():
    now = cities({"shanghai": 60, "ningbo": 30, "beijing": 10, "jinan": 10}, dict.fromkeys(("shanghai", "ningbo", "beijing", "jinan"), 50) | {"shanghai": 100})  # fmt: skip
    result = rootcause(Book.of(complaints=complaints(now)), OCT, reason="late")
    assert pd.isna(row_of(result, region="east")["reflects"])
    assert row_of(result, city="shanghai")["reflects"] == "region=east"
    assert finding(result, "along").values == {"names": ["shanghai"], "region": "east"}
    assert [f.values.get("city") for f in result.findings if f.key == "rootcause.apart"] == [None]


def test_a_city_that_stands_for_itself():
    """Only one city of the region has it: the region is what goes along."""
    now = cities({"shanghai": 80, "ningbo": 10, "beijing": 10, "jinan": 10}, dict.fromkeys(("shanghai", "ningbo", "beijing", "jinan"), 50))  # fmt: skip
    result = rootcause(Book.of(complaints=complaints(now)), OCT, reason="late")
    assert pd.isna(row_of(result, city="shanghai")["reflects"])
    assert row_of(result, region="east")["reflects"] == "city=shanghai"


def test_two_traits_that_meet():
    """In the east and with fresh food each, and most of all with both."""
    late = {("east", "fresh"): 60, ("east", "post"): 20, ("north", "fresh"): 20, ("north", "post"): 20}
    cells = [({"reason": "late", "region": r, "product": p}, n) for (r, p), n in late.items()]
    cells += [({"reason": "lost", "region": r, "product": p}, 50) for r, p in late]
    result = rootcause(Book.of(complaints=complaints(cells)), OCT, reason="late")
    core = result.tables["core"].iloc[0]
    assert (core["region"], core["product"], core["n"], core["n_others"]) == ("east", "fresh", 60, 50)
    assert core["times_others"] == pytest.approx(0.5 / 0.25)
    assert result.table["reflects"].isna().all()


# -------------------------------------------------------------------------------------- time and independence


def test_a_weekday_and_an_hour():
    now = complaints(NOW)
    late = now["reason"] == "late"
    now.loc[late, "received_at"] = pd.Timestamp("2026-10-06 09:30") + pd.to_timedelta(np.arange(50) % 4 * 7, unit="D")  # fmt: skip
    result = rootcause(Book.of(complaints=now), OCT, reason="late")
    assert (
        row_of(result, weekday="tue")["contrast"] == row_of(result, daypart="morning")["contrast"] == "more"
    )
    now.loc[late, "received_at"] = pd.Timestamp("2026-10-06 09:30")
    burst = rootcause(Book.of(complaints=now), OCT, reason="late")
    assert finding(burst, "burst").values["n_busiest"] == 50
    assert "time" not in keys(burst)


def test_times_that_were_not_recorded_tell_nothing():
    days = complaints(NOW).assign(received_at=lambda f: f["received_at"].dt.normalize())
    table = rootcause(Book.of(complaints=days), OCT, reason="late").table
    assert set(table["attribute"]) & set(TIMES) == {"weekday", "monthpart"}
    week = rootcause(book_of(), Period("2026-W41"), reason="late").table
    assert "weekday" not in set(week["attribute"])


def test_a_few_customers_with_many_cases():
    now = complaints(NOW).assign(customer_id=[f"c{i}" for i in range(150)])
    now.loc[:11, "customer_id"] = ["c0"] * 6 + ["c1"] * 6
    few = finding(rootcause(Book.of(complaints=now), OCT, reason="late"), "few_customers")
    assert few.values == {"customers_often": 2, "n_often": 12, "share_often": 12 / 50}


def test_since_when():
    """Late ones in the east from the 16th on."""
    now = complaints(NOW)
    east = (now["reason"] == "late") & (now["region"] == "east")
    now.loc[east, "received_at"] = pd.date_range("2026-10-16 03:00", "2026-10-31", periods=40)
    past = pd.concat([complaints(THEN, OCT.shifted(-i)) for i in range(1, 7)])
    result = rootcause(Book.of(complaints=pd.concat([now, past])), OCT)
    assert result.tables["facts"]["began_on"].iloc[0] == pd.Timestamp("2026-10-16")
    assert any("16 Oct" in line for line in result.show_brief("en").text.splitlines() if "changed" in line)
    assert "time" not in [k for k in keys(result) if "monthpart" in finding(result, k).values]


# --------------------------------------------------------------------------------------------- what came before


def test_a_place_that_has_more_orders_is_no_source_of_the_rise():
    """The east has twice the orders and twice the complaints, the north as many of both."""
    then, now = {"east": 20, "north": 20}, {"east": 40, "north": 20}
    months = [OCT.shifted(-i) for i in range(7)]
    orders = [
        {"month": p.start, "region": r, "product": "post", "channel": None, "measure": "orders", "value": v}
        for p in months
        for r, v in (("east", 2000.0 if p == OCT else 1000.0), ("north", 1000.0))
    ]
    cells = kinds(late=now, lost={"east": 50, "north": 50}), kinds(late=then, lost={"east": 50, "north": 50})
    with_orders = rootcause(book_of(*cells, exposure=pd.DataFrame(orders)), OCT, reason="late")
    assert row_of(with_orders, region="east")["n_due"] == pytest.approx(40)
    assert with_orders.tables["choice"].set_index("reason").loc["late", "n_due"] == pytest.approx(60)
    alone = rootcause(book_of(*cells), OCT, reason="late")
    assert row_of(alone, region="east")["beyond"] > 15


def test_a_place_whose_share_only_follows_its_volume():
    """Nine times the orders and the complaints in the east: its share has risen, its number per order has not."""
    months = [OCT.shifted(-i) for i in range(7)]
    orders = [
        {"month": p.start, "region": r, "product": "post", "channel": None, "measure": "orders", "value": v}
        for p in months
        for r, v in (("east", 9000.0 if p == OCT else 1000.0), ("north", 9000.0))
    ]
    now, then = kinds(late={"east": 90, "north": 90}), kinds(late={"east": 10, "north": 90})
    rest = kinds(lost={"east": 30, "north": 200})
    followed = rootcause(book_of(now + rest, then + rest, exposure=pd.DataFrame(orders)), OCT, reason="late")
    assert row_of(followed, region="east")["moved"] == "share"
    assert "for its own volume" in finding(followed, "apart").sentence("en")
    assert "grown" not in keys(followed)
    assert (
        row_of(rootcause(book_of(now + rest, then + rest), OCT, reason="late"), region="east")["moved"]
        == "up"
    )


def test_what_was_always_so_and_what_is_new():
    always = rootcause(book_of(NOW, NOW), OCT, reason="late")
    assert row_of(always, region="east")["moved"] == "same"
    assert finding(always, "apart").level == "note"
    assert "always" in finding(always, "apart").sentence("en")
    new = rootcause(book_of(NOW, THEN), OCT, reason="late")
    assert row_of(new, region="east")["moved"] == "up"
    assert [finding(new, key).level for key in ("apart", "grown")] == ["note", "watch"]  # said once


def test_nothing_is_compared_across_a_break():
    at = OCT.shifted(-1).start
    words = Words("地区改了", "regions changed")
    regions = rootcause(book_of(NOW, THEN, breaks=[Break("region", at, words)]), OCT)
    assert set(regions.table.loc[regions.table["attribute"] == "region", "moved"]) == {"none"}
    assert regions.reason == "late"
    reasons = rootcause(book_of(NOW, THEN, breaks=[Break("reason", at, words)]), OCT)
    assert set(reasons.tables["choice"]["moved"]) == {"none"}
    within = Break("region", OCT.start + pd.Timedelta(days=9), words)
    assert "region" not in set(rootcause(book_of(NOW, THEN, breaks=[within]), OCT).table["attribute"])


def test_a_partial_period_is_not_compared():
    result = rootcause(book_of(NOW, THEN), OCT.seen_at(pd.Timestamp("2026-10-20")))
    assert set(result.tables["choice"]["moved"]) == {"none"}
    assert result.tables["facts"]["periods_then"].iloc[0] == 0
    assert "partial" in keys(result)


# ------------------------------------------------------------------------------------------- who, and what is done


def events_of(frame: pd.DataFrame, steps: list[tuple[str, str, int]]) -> pd.DataFrame:
    """Each case through (stage, department, hours) on a Tuesday."""
    rows = []
    for case in frame["complaint_id"]:
        at = pd.Timestamp("2026-10-13 09:00")
        for stage, department, hours in steps:
            left = at + pd.Timedelta(hours=hours)
            rows.append((case, stage, department, at, left))
            at = left
    return pd.DataFrame(rows, columns=["complaint_id", "stage", "department", "entered_at", "left_at"])


def test_whom_to_invite():
    """Cases are handled by delivery, but three of their eight hours on the work clock are with the depot."""
    now = complaints(NOW).assign(department="delivery")
    late, others = now[now["reason"] == "late"], now[now["reason"] != "late"]
    events = pd.concat(
        [
            events_of(late, [("registered", "delivery", 1), ("investigation", "depot", 2)]),
            events_of(others, [("registered", "delivery", 1), ("resolution", "delivery", 2)]),
        ]
    )
    result = rootcause(Book.of(complaints=now, events=events), OCT, reason="late")
    who = result.tables["who"].set_index("department")
    assert who["invited"].to_dict() == {"delivery": True, "depot": True}
    assert who["invite"].to_dict() == {"delivery": "both", "depot": "holds"}
    assert who["share_time"].to_dict() == pytest.approx({"delivery": 1 / 3, "depot": 2 / 3})
    assert finding(result, "invite").values["names"] == ["delivery", "depot"]
    stages = result.tables["stages"].set_index("stage")
    assert stages.loc["investigation", "share_time_others"] == 0
    assert finding(result, "stage").values["stage"] == "investigation"


def test_measures_about_the_reason():
    actions = pd.DataFrame(
        {
            "action_id": ["a", "b", "c"],
            "title": ["one", "two", "three"],
            "target": ["reason=late;region=east", "reason=lost", "not a filter"],
            "department": "delivery",
            "status": "in_progress",
            "started_on": pd.Timestamp("2026-10-02"),
            "due_on": pd.Timestamp("2026-12-01"),
        }
    )
    book = book_of(NOW, THEN, actions=actions)
    result = rootcause(book, OCT)
    assert result.tables["doing"]["title"].tolist() == ["one"]
    assert finding(result, "doing").values == {"titles": ["one"]}
    assert "one: Delivery, in progress, due 1 Dec 2026" in result.show_brief("en").text
    none = rootcause(book_of(NOW, THEN, actions=actions.iloc[1:]), OCT)
    assert finding(none, "not_doing").level == "watch"


# ------------------------------------------------------------------------------------------------------- edges


def test_few_none_and_one():
    empty = rootcause(book_of(), OCT.previous())
    assert (keys(empty), empty.reason) == (["empty"], "")
    assert empty.picture("zh").png
    few = rootcause(book_of(kinds(late={"east": 12}, lost={"east": 60})), OCT, reason="late")
    assert finding(few, "few").values == {"n": 12}
    assert set(few.table["contrast"]) <= {"few"}
    assert "few" in keys(rootcause(book_of(kinds(late={"east": 30, "north": 40})), OCT))
    with pytest.raises(NotMeasured, match="reason"):
        rootcause(Book.of(complaints=complaints(NOW).drop(columns="reason")), OCT)


def test_a_reason_that_is_gone():
    gone = rootcause(book_of(NOW, kinds(old={"east": 30}, lost={"east": 30, "north": 70})), OCT, reason="old")
    assert gone.tables["choice"].set_index("reason").loc["old", "moved"] == "down"
    assert keys(gone) == ["problem"]


def test_a_new_reason_with_hardly_a_case_is_not_chosen():
    """Four where there was none are surely more, and too few for a meeting."""
    now = kinds(lost={"east": 300, "north": 700}, odd={"east": 4})
    result = rootcause(book_of(now, kinds(lost={"east": 300, "north": 700}), months=12), OCT)
    assert result.tables["choice"].set_index("reason").loc["odd", "moved"] == "up"
    assert result.reason == "lost"


def test_more_categories_than_can_stand_alone():
    cells = [
        ({"reason": r, "city": f"c{i:02d}"}, 3 + (60 - i) // 6) for r in ("late", "lost") for i in range(60)
    ]
    cells += [({"reason": "late", "city": "c00"}, 60)]
    result = rootcause(Book.of(complaints=complaints(cells)), OCT, reason="late")
    rows = result.table[result.table["attribute"] == "city"]
    assert len(rows) == 30
    assert rows["n"].sum() == sum(n for row, n in cells if row["reason"] == "late")
    assert rows.loc[rows["contrast"] == "more", "city"].tolist() == ["c00"]
    assert rows.set_index("city").loc["(other)", "contrast"] == "few"


def test_unclassified_complaints_are_on_neither_side():
    blank = [*NOW, ({"reason": None, "region": "east"}, 500)]
    left, right = (rootcause(book_of(cells), OCT, reason="late") for cells in (NOW, blank))
    pd.testing.assert_series_equal(row_of(left, region="east"), row_of(right, region="east"))


def test_every_code_has_its_words():
    codes = {"daypart": DAYPARTS, "monthpart": TENDAYS, "weekday": WEEKDAYS}
    codes |= {"contrast": ("more", "less", "same", "few"), "invite": ("both", "handles", "holds", "no")}
    for name, each in codes.items():
        for code in each:
            assert label(name, code, "zh") != code
    for result in (rootcause(book_of(NOW, THEN), OCT), rootcause(book_of(), OCT.previous())):
        for lang in LANGUAGES:
            heads = [line.split("\t")[0] for line in result.show_brief(lang).text.splitlines()]
            assert not any("_" in head for head in heads)


def test_the_picture_draws_what_the_table_says():
    result = rootcause(book_of(NOW, THEN), OCT, reason="late")
    ax = result.plot("en").axes[0]
    more = result.table[result.table["contrast"] == "more"]
    assert [bar.get_width() for bar in ax.patches] == more["share_now"].tolist()
    assert ax.lines[-1].get_xdata().tolist() == more["share_others"].tolist()
    bars = result.plot("zh", "choice").axes[0].patches
    assert [bar.get_width() for bar in bars] == result.tables["choice"]["n"].tolist()


def test_a_shared_edition_hides_small_counts_and_has_its_brief():
    cells = kinds(late={"east": 60, "north": 5}, lost={"east": 30, "north": 70})
    result = protect(rootcause(book_of(cells), OCT, reason="late"), "shared")
    assert row_of(result, region="north")["n"] == "*"
    assert row_of(result, region="east")["n"] == 60
    for lang in LANGUAGES:
        result.picture(lang)
        result.picture(lang, "choice")
        assert "examples" not in result.tables
        assert "60" in result.show_brief(lang).text
        assert "residual" not in result.show_table(lang).text


# -------------------------------------------------------------------------------------------------- simulation


def drawn(rng: np.random.Generator, late: dict[str, np.ndarray], n: int = 300) -> pd.DataFrame:
    """`n` late complaints and 900 others; traits are independent of each other and, but for `late`, of the reason."""
    shares = {
        "product": np.array([0.4, 0.3, 0.2, 0.1]),
        "region": np.array([0.35, 0.25, 0.2, 0.1, 0.06, 0.04]),
        "city": np.full(25, 0.04),
        "channel": np.array([0.5, 0.3, 0.2]),
    }
    cases = pd.DataFrame({"reason": np.repeat(["late", "a", "b", "c"], [n, 300, 300, 300])}).astype(object)
    for name, share in shares.items():
        names = np.array([f"{name}{i}" for i in range(len(share))], dtype=object)
        own = cases["reason"] == "late"
        cases[name] = np.where(
            own,
            rng.choice(names, len(cases), p=late.get(name, share)),
            rng.choice(names, len(cases), p=share),
        )
    hours = rng.integers(0, OCT.days * 24 * 60, len(cases))
    return cases.assign(
        complaint_id=[str(i) for i in range(len(cases))],
        received_at=OCT.start + pd.to_timedelta(hours, unit="min"),
    )


def seen_of(cases: pd.DataFrame) -> Seen:
    return ask(Book.of(complaints=cases).at(OCT.end), OCT, "late")


def test_nothing_is_found_where_there_is_nothing():
    """52 traits at a false-discovery rate of 10 %: in at most about one of ten sets is anything told apart."""
    rng = np.random.default_rng(11)
    tables = [apart_table(seen_of(drawn(rng, {}))) for _ in range(30)]
    wrong = [table["contrast"].isin(["more", "less"]).any() for table in tables]
    assert np.mean(wrong) <= 0.2
    assert all(table["q"].notna().sum() > 40 for table in tables)


def test_what_is_planted_is_found():
    """A region and a product each half as frequent again, of 300 cases: both are leading in nearly all sets; the city is not."""
    rng = np.random.default_rng(12)
    late = {
        "region": np.array([0.52, 0.18, 0.15, 0.08, 0.04, 0.03]),
        "product": np.array([0.6, 0.2, 0.13, 0.07]),
    }
    found = []
    for _ in range(10):
        seen = seen_of(drawn(rng, late))
        table = apart_table(seen)
        lead = table[(table["contrast"] == "more") & table["reflects"].isna()]
        core = core_table(seen, table)
        found.append({"region0", "product0"} <= {*lead["region"], *lead["product"]} and len(core) == 1)
    assert sum(found) >= 9
    assert set(seen.dims) <= set(DIMS)


# ---------------------------------------------------------------------------------------------- planted truths


def test_truth_late_delivery_east(demo_book):
    result = rootcause(demo_book, OCT)
    assert result.reason == "late_delivery"
    assert finding(result, "apart").values["region"] == "east"
    assert finding(result, "apart").level == "note"
    grown = finding(result, "grown").values
    assert grown["region"] == "east"
    assert grown["beyond"] / grown["all"] == pytest.approx(1, abs=0.15)
    assert abs(result.tables["facts"]["began_on"].iloc[0] - pd.Timestamp("2026-09-21")) <= pd.Timedelta(
        days=4
    )
    assert "delivery" in finding(result, "invite").values["names"]
    assert "华东末端加派运力" in result.show_brief("zh").text
    assert set(result.table["reflects"].dropna()) == {"region=east"}  # the cities


def test_truth_few_customers_and_coupons(demo_book):
    result = rootcause(demo_book, Period("2026-04"))
    assert result.reason == "coupon_problem"
    few = finding(result, "few_customers").values
    assert few["customers_often"] == 5
    assert few["n_often"] == 60
    core = result.tables["core"].iloc[0]
    assert (core["product"], core["region"], core["channel"]) == ("shopping", "north", "app")


def test_truth_bulk_import(demo_book):
    result = rootcause(demo_book, Period("2024-08"))
    assert result.reason == "lost_parcel"
    assert finding(result, "burst").values["busiest_day"] == pd.Timestamp("2024-08-20")
    core = result.tables["core"].iloc[0]
    assert (core["channel"], core["region"], core["product"]) == ("email", "south", "shopping")


def test_truth_pickup_code_invalid_new(demo_book):
    result = rootcause(demo_book, OCT, reason="pickup_code_invalid")
    assert finding(result, "apart").values["product"] == "pickup_point"
    assert result.tables["facts"]["began_on"].iloc[0] == pd.Timestamp("2026-10-16")
    assert "there was none" in finding(result, "problem").sentence("en")
    regions = result.table[(result.table["attribute"] == "region") & (result.table["n"] > 0)]
    assert set(regions["region"]) == {"east", "central", "south"}


def test_truths_that_are_nowhere_in_particular(demo_book):
    """Slow refunds creep up everywhere; address errors are down everywhere since the check of July."""
    slow = rootcause(demo_book, OCT, reason="refund_slow")
    assert finding(slow, "problem").level == "watch"
    assert "none" in keys(slow)
    fewer = rootcause(demo_book, OCT, reason="address_error")
    assert fewer.tables["choice"].set_index("reason").loc["address_error", "moved"] == "down"
    assert "fewer" in finding(fewer, "problem").sentence("en")
