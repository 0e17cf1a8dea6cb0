import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlib import Book, Period, Words, hotspots, protect
from complaintlib.book import Break, NotMeasured
from complaintlib.methods._hotspots_map import grid_of

OCT, SEP = Period("2026-10"), Period("2026-09")
EVEN = {(reason, region): 20 for reason in "abcd" for region in ("north", "east", "south", "central")}


def complaints(counts: dict, month: Period = OCT, product: str | None = None) -> pd.DataFrame:
    """So many complaints of each (reason, region[, product]) in the month."""
    rows = [key for key, n in counts.items() for _ in range(n)]
    frame = pd.DataFrame(
        rows, columns=["reason", "region", "product"][: len(next(iter(counts)))], dtype=object
    )
    frame["complaint_id"] = [f"{month}{i:05d}" for i in range(len(frame))]
    frame["received_at"] = month.start + pd.to_timedelta(
        np.arange(len(frame)) * 7919 % (month.days * 1440), unit="min"
    )
    return frame if product is None else frame.assign(product=product)


def book_of(counts: dict, before: dict | None = None, months: int = 6, **tables) -> Book:
    past = [complaints(before, OCT.shifted(-i)) for i in range(1, months + 1)] if before else []
    breaks = tables.pop("breaks", ())
    return Book.of(complaints=pd.concat([complaints(counts), *past]), breaks=breaks, **tables)


def volumes(values: dict, product: str = "post") -> pd.DataFrame:
    rows = [{"region": region, "product": product, "value": float(v)} for region, v in values.items()]
    return pd.DataFrame(rows).assign(month=OCT.start, measure="orders", channel=None)


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


def keys(result):
    return [f.key for f in result.findings]


# ------------------------------------------------------------------------------------------ by hand


def test_a_pair_by_hand():
    """a in east 80, all others 20: without that cell row a has 60, column east 60, the rest 180: expected 60 x 60 / 180."""
    result = hotspots(book_of(EVEN | {("a", "east"): 80}), OCT)
    row = result.table.iloc[0]
    assert (row["reason"], row["region"], row["n"]) == ("a", "east", 80)
    assert row["expected"] == pytest.approx(20)
    assert row["excess"] == pytest.approx(60)
    assert row["excess_low"] > 0
    assert 2.5 < row["lift"] <= 4
    assert len(result.table) == 1
    assert result.tables["facts"]["spots_tested"].iloc[0] == 16
    assert keys(result)[0] == "hotspots.standing"


def test_nothing_is_found_where_there_is_nothing():
    result = hotspots(book_of(EVEN), OCT)
    assert result.table.empty
    assert finding(result, "hotspots.none").values == {"spots_tested": 16}
    result.picture("zh")
    result.picture("en", "spots")


def test_a_large_place_is_no_hotspot():
    """M03: three times as many of everything in the east."""
    three = {key: n * (3 if key[1] == "east" else 1) for key, n in EVEN.items()}
    assert hotspots(book_of(three), OCT).table.empty


def test_a_place_as_a_whole_by_its_volume():
    """East has three times the complaints: no wonder with three times the orders, a hot place with the same ones."""
    three = {key: n * (3 if key[1] == "east" else 1) for key, n in EVEN.items()}
    same = dict.fromkeys(("north", "east", "south", "central"), 8000.0)
    for orders, hot in ((same | {"east": 24_000}, False), (same, True)):
        book = Book.of(complaints=complaints(three, product="post"), exposure=volumes(orders))
        table = hotspots(book, OCT).tables["places"].set_index("region")
        assert bool(table.loc["east", "hot"]) == hot
        assert table.loc["east", "expected"] == pytest.approx(80 if hot else 240)
    assert table.loc["east", "rate"] == pytest.approx(1000 * 240 / 8000)


def test_a_place_is_judged_by_the_rates_of_its_products():
    """Fresh food brings ten times the complaints; the south only sells that: it is as expected."""
    counts = {("a", "north", "post"): 100, ("a", "north", "fresh"): 100, ("a", "south", "fresh"): 100}
    orders = pd.concat([volumes({"north": 10_000}), volumes({"north": 1000, "south": 1000}, "fresh")])
    book = Book.of(complaints=complaints(counts), exposure=orders)
    table = hotspots(book, OCT).tables["places"].set_index("region")
    assert table.loc["south", "expected"] == pytest.approx(100)
    assert not table["hot"].any()


def test_three_together_and_what_is_nested_in_it():
    """One product of one place has the reason: told once, and the pairs it makes hot are said to be due to it."""
    counts = {(*key, p): 15 for key in EVEN for p in ("post", "fresh", "food")}
    result = hotspots(book_of(counts | {("b", "south", "fresh"): 120}), OCT)
    first, others = result.table.iloc[0], result.table.iloc[1:]
    assert (first["reason"], first["region"], first["product"]) == ("b", "south", "fresh")
    assert not first["nested"]
    assert others["nested"].all()
    assert sum(key == "hotspots.standing" for key in keys(result)) == 1


# ------------------------------------------------------------------------------------- against before


def test_new_grown_always_and_easing():
    """The same 80 against 20 now; before: as everywhere, 30, 80, and 160 in the same place."""
    now = EVEN | {("a", "east"): 80}
    for then, standing in ((20, "new"), (34, "more"), (80, "same"), (160, "less")):
        result = hotspots(book_of(now, EVEN | {("a", "east"): then}, months=12), OCT)
        row = result.table.iloc[0]
        assert row["standing"] == standing
        assert row["lift_then"] == pytest.approx(then / 20)
        assert row["n_then"] == then * 12
    assert keys(result)[0] == "hotspots.standing"


def test_what_has_never_been_is_new():
    born = EVEN | {("new", "east"): 12, ("new", "north"): 1}
    result = hotspots(book_of(born, EVEN), OCT)
    assert result.table["standing"].tolist() == ["new"]
    assert "none" in finding(result, "hotspots.new").sentence("en")


def test_a_product_has_its_own_reasons():
    """What only one product has is no hotspot, unless it has grown."""
    products, regions = ("post", "food", "city", "bulk"), ("north", "east", "south")
    now = {(r, region, p): 12 for r in "abcd" for region in regions for p in products}
    spoiled = {("spoiled", region, "food"): 8 for region in regions}
    assert hotspots(book_of(now | spoiled, now | spoiled), OCT).table.empty
    grown = hotspots(book_of(now | spoiled, now), OCT)
    assert grown.table["standing"].tolist() == ["new"]
    assert grown.table[["reason", "region", "product"]].iloc[0].tolist() == ["spoiled", "(all)", "food"]


def test_no_history_is_taken_from_before_a_break():
    """N3 of what must never happen: only the two months since the break are compared."""
    at = Break("reason", pd.Timestamp("2026-08-01"), Words("拆分", "split"))
    result = hotspots(book_of(EVEN | {("a", "east"): 80}, EVEN, months=8, breaks=[at]), OCT)
    assert result.tables["facts"]["periods_then"].iloc[0] == 2
    within = Break("reason", pd.Timestamp("2026-10-10"), Words("拆分", "split"))
    assert "hotspots.break" in keys(hotspots(book_of(EVEN, EVEN, breaks=[within]), OCT))


# -------------------------------------------------------------------------------------------- edges


def test_few_none_and_one():
    assert keys(hotspots(book_of({("a", "east"): 5, ("b", "east"): 3}), OCT))[0] == "hotspots.few"
    assert keys(hotspots(book_of(EVEN), SEP))[0] == "hotspots.empty"
    assert "hotspots.none" in keys(hotspots(book_of({("a", "east"): 50}), OCT))


def test_what_is_not_measured():
    bare = complaints(EVEN)[["complaint_id", "received_at", "reason"]]
    with pytest.raises(NotMeasured, match="region"):
        hotspots(Book.of(complaints=bare), OCT)
    two = hotspots(Book.of(complaints=complaints(EVEN, product="post")), OCT, within="")
    assert two.dims == ("reason", "region")


def test_complaints_without_a_category_are_counted_and_left_out():
    blank = complaints(EVEN | {(None, "east"): 80})
    result = hotspots(Book.of(complaints=blank), OCT)
    assert result.table.empty
    assert finding(result, "hotspots.unclassified").values == {"share_blank": 0.2, "n": 400, "n_blank": 80}


def test_more_categories_than_can_stand_alone():
    """Ninety places: the largest stand alone, the others are put together and not judged; no case is lost."""
    counts = {(r, f"p{i:02d}"): 3 + (90 - i) // 10 for r in "abc" for i in range(90)} | {("a", "p00"): 90}
    result = hotspots(book_of(counts), OCT)
    assert result.tables["cells"]["n"].sum() == sum(counts.values())
    assert result.table["region"].tolist() == ["p00"]
    result.picture("en")


def test_hot_cells_of_a_map_and_a_heat_map_are_those_of_the_table():
    hot = EVEN | {("a", "east"): 80}
    result = hotspots(book_of(hot), OCT)
    ax = result.plot("en").axes[0]
    texts = {text.get_text().split("\n")[0]: text.get_text() for text in ax.texts}
    assert texts["East"].startswith("East\n80\n")
    frames = [box for box in ax.patches if box.get_linewidth() == 2]
    assert len(frames) == 1
    other = {(reason, {"east": "Lyon"}.get(region, region)): n for (reason, region), n in hot.items()}
    heat = hotspots(book_of({(a, b + " city"): n for (a, b), n in other.items()}), OCT).plot("zh").axes[0]
    assert "80" in [text.get_text() for text in heat.texts]


def test_a_shared_edition_can_be_drawn():
    result = protect(hotspots(book_of(EVEN | {("a", "east"): 80, ("b", "north"): 4}), OCT), "shared")
    assert result.table["n"].tolist() == [80]
    assert not {"excess_low", "q"} & set(result.table.dropna(axis=1, how="all"))
    for lang in ("zh", "en"):
        result.picture(lang)
        result.picture(lang, "spots")


def test_maps_of_known_regions():
    assert grid_of(["east", "north"])["east"] == (1, 2)
    assert grid_of(["US-CA", "US-NY", "US-TX", "US-FL", "US-XX"])["US-XX"][0] == 8
    assert len({*grid_of(["广东", "北京"]).values()}) == 34
    assert grid_of(["Atlantis"]) == grid_of([]) == {}


# ---------------------------------------------------------------------------------------- properties


@settings(max_examples=4, deadline=None)
@given(st.permutations(["north", "east", "south", "central"]))
def test_names_are_only_names(order):
    """M05"""
    swap = dict(zip(["north", "east", "south", "central"], order, strict=True))
    hot = EVEN | {("a", "east"): 80, ("c", "south"): 41}
    renamed = {(reason, swap[region]): n for (reason, region), n in hot.items()}
    left, right = (hotspots(book_of(c), OCT).table for c in (hot, renamed))
    assert [swap[region] for region in left["region"]] == right["region"].tolist()
    numbers = ["n", "expected", "excess", "lift", "q"]
    np.testing.assert_allclose(left[numbers], right[numbers], rtol=1e-4)


# ------------------------------------------------------------------------------------ planted truths


def test_truth_late_delivery_east(demo_book):
    """2.5 times as frequent since 21 September, 1.3 times always; the East as a whole is hot through it."""
    result = hotspots(demo_book, OCT)
    first = result.table.iloc[0]
    assert (first["reason"], first["region"], first["product"]) == ("late_delivery", "east", "(all)")
    assert first["standing"] == "more"
    assert first["lift_then"] == pytest.approx(1.3, abs=0.15)
    assert first["lift"] == pytest.approx(2.5 * 1.3, rel=0.25)
    grown = finding(result, "hotspots.grown")
    assert grown.level == "act"
    place = finding(result, "hotspots.place")
    assert (place.values["region"], place.values["reason"]) == ("east", "late_delivery")
    places = result.tables["places"].set_index("region")
    assert places.index[places["hot"]].tolist() == ["east"]
    assert places["lift"].drop("east").between(0.8, 1.25).all()  # the east does not make the others look cold


def test_truth_pickup_code_invalid_new(demo_book):
    new = next(
        f for f in hotspots(demo_book, OCT).findings if f.values.get("reason") == "pickup_code_invalid"
    )
    assert new.key == "hotspots.new"
    assert new.values["product"] == "pickup_point"
    assert new.values["places"] == ["central", "east", "south"]


def test_truth_bulk_import(demo_book):
    """One event of 150 cases: the product of the place with the reason, told once."""
    result = hotspots(demo_book, Period("2024-08"))
    first = result.table.iloc[0]
    assert (first["reason"], first["region"], first["product"]) == ("lost_parcel", "south", "shopping")
    due = result.table[result.table["nested"]]
    assert set(due["region"]) <= {"south", "(all)"}
    assert due["n"].min() >= 150


def test_a_quiet_month_stays_quiet(demo_book):
    """June to August 2026: nothing is planted that differs between places."""
    found = [hotspots(demo_book, Period(text)).table for text in ("2026-06", "2026-07", "2026-08")]
    assert sum(len(table) for table in found) <= 2
