"""Taxonomies and countermeasures: what ships is whole and consistent; what is wrong in a file is named; classes are counted."""

import csv
import re
import shutil

import pandas as pd
import pytest

from complaintlib import Book, Period, composition, pareto
from complaintlib.book import Break, NotMeasured
from complaintlib.countermeasures import CATALOGUE, load_countermeasures, outline
from complaintlib.home import DATA
from complaintlib.schema import BLANK, CLASS, NONE
from complaintlib.taxonomies import TAXONOMIES, crosswalk, load_taxonomies, load_taxonomy
from complaintlib.words import LANGUAGES, Trouble, Words, label

ALL = load_taxonomies()
OURS = load_countermeasures()
OCT = Period("2026-10")


def own_reasons() -> set[str]:
    """The demo company's reasons: the ones whose codes are words of ours."""
    with open(DATA / "labels.csv", encoding="utf-8", newline="") as file:
        codes = {row["code"] for row in csv.DictReader(file) if row["field"] == "reason"}
    return {code for code in codes if re.fullmatch("[a-z_]+", code)}


def cases(**counts: int) -> pd.DataFrame:
    reasons = [None if reason == "blank" else reason for reason, n in counts.items() for _ in range(n)]
    at = pd.date_range("2026-10-02", periods=len(reasons), freq="min").astype("datetime64[us]")
    return pd.DataFrame({"complaint_id": [f"c{i}" for i in range(len(reasons))], "received_at": at, "reason": reasons})  # fmt: skip


# ------------------------------------------------------------------------------------------- what ships


def test_the_taxonomies_that_ship_have_the_classes_that_are_in_use():
    top = {name: [c.name for c in t.classes if not c.parent] for name, t in ALL.items()}
    assert top == {
        "nature": ["product_quality", "service", "communication", "system", "price"],
        "quality": ["service_quality", "product_quality", "technical_support", "communication"],
        "failure": ["operating_error", "poor_communication", "late_delivery", "quality"],
        "control": ["system", "human", "process", "external"],
        "promise": ["policy", "process", "promise", "product", "service", "complainant"],
        "marketing": ["segmentation", "product_quality", "function", "packaging", "price", "channel", "advertising",
                      "promotion"],
    }  # fmt: skip
    nature = ALL["nature"]
    assert all(nature.under(each) for each in nature.classes if not each.parent)


@pytest.mark.parametrize("name", ALL)
def test_every_class_has_a_pain_point_and_candidate_countermeasures(name):
    for each in ALL[name].classes:
        assert OURS.of_class(ALL[name], each), each.name
        assert all(each.pain[lang].strip() and label(CLASS, f"{name}.{each.name}", lang) == each.words[lang]
                   for lang in LANGUAGES)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ALL if name != "marketing"])
def test_every_reason_of_the_demo_has_one_class(name):
    assert set(ALL[name].codes()) == own_reasons()


def test_over_marketing_is_about_some_reasons_only():
    assert set(ALL["marketing"].codes()) < own_reasons()


def test_every_reason_gets_suggestions_and_a_reply():
    for reason in own_reasons():
        own = OURS.candidates(reason)
        assert 2 <= len(own) <= 3 and reason in own[0].reasons
        assert [bool(one.reasons) for one in own] == sorted((bool(one.reasons) for one in own), reverse=True)
        assert OURS.reply(reason)
    assert {reason for one in OURS.countermeasures for reason in one.reasons} <= own_reasons()
    assert OURS.candidates("never heard of") == [] and OURS.reply("never heard of") is None
    assert len(OURS.candidates("late_delivery", 1)) == 1


def test_a_subclass_without_its_own_takes_countermeasures_and_reply_of_the_class_above():
    nature = OURS.taxonomy
    product, damage, safety = (nature.find(name) for name in ("product_quality", "condition", "safety"))
    assert not damage.countermeasures
    assert OURS.of_class(nature, damage) == OURS.of_class(nature, product) != OURS.of_class(nature, safety)
    assert OURS.reply("damaged") == product.reply


# --------------------------------------------------------------------------------------------- crosswalks


def test_a_crosswalk_says_the_same_from_either_side():
    for one in ALL.values():
        for other in ALL.values():
            there = {(m.this, m.other, m.same, frozenset(m.reasons)) for m in crosswalk(one, other)}
            back = {(m.other, m.this, m.same, frozenset(m.reasons)) for m in crosswalk(other, one)}
            assert there == back


def test_every_reason_in_two_taxonomies_is_in_their_crosswalk():
    one, other = ALL["nature"], ALL["control"]
    matched = {(m.this, m.other) for m in crosswalk(one, other)}
    assert {(one.codes()[reason], other.codes()[reason]) for reason in own_reasons()} <= matched


def test_a_crosswalk_counted_by_hand():
    found = {(m.this, m.other): m for m in crosswalk(ALL["quality"], ALL["nature"])}
    price = found["quality.communication", "nature.price"]
    assert set(price.reasons) == {"price_dispute", "coupon_problem"} and not price.same
    assert found["quality.communication", "nature.communication"].same
    assert ("quality.product_quality", "nature.service") not in found
    outside = crosswalk(ALL["promise"], ALL["control"])
    assert next(match for match in outside if match.this == "promise.complainant").same


# ------------------------------------------------------------------------------------------ what is wrong


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(TAXONOMIES, tmp_path / "taxonomies")
    shutil.copy(CATALOGUE, tmp_path / "countermeasures.toml")
    return tmp_path


def edited(copy, name, old, new):
    path = copy / "taxonomies" / f"{name}.toml" if name in ALL else copy / f"{name}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


WRONG = {
    "a reason in two places": (
        "control", '"customs_delay", "pickup', '"late_delivery", "pickup',
        ["control.toml", "classes[3] (process): late_delivery stands in more", "classes[4] (external): late_delivery"],
    ),
    "two parents": ("nature", 'parent = "service"', 'parent = ["service", "system"]', ['(timeliness): parent is written as "…"']),
    "a loop": ("nature", 'name = "service"\n', 'name = "service"\nparent = "timeliness"\n', ["(service): parent “timeliness” is not known"]),
    "a parent of another name": ("nature", 'parent = "price"', 'parent = "prize"', ["parent “prize” is not known; did you mean price?"]),
    "a class twice": ("failure", 'name = "quality"', 'name = "late_delivery"', ["the name is used already", "classes[3]", "classes[4]"]),
    "no pain": ("quality", "pain =", "pains =", ["there is no key pains; did you mean pain?", "pain is missing"]),
    "one language": ("quality", ', en = "Communication" }', " }", ['(communication): words is written as { zh = "…", en = "…" }']),
    "a key of the file": ("quality", "question =", "questions =", ["question is missing", "did you mean question?"]),
    "no name for a code": ("promise", 'name = "policy"', 'name = "Our policy"', ["name must be lower-case letters"]),
    "no list": ("marketing", '["price_dispute"]', '"price_dispute"', ['(price): reasons is written as ["…"]']),
    "a closest class that is none": ("failure", '"nature.execution"', '"nature.executions"', ["(operating_error): same “nature.executions” is not known; did you mean nature.execution?"]),
    "closest twice": ("nature", 'name = "execution"\n', 'name = "execution"\nsame = ["failure.operating_error"]\n', ["same:", "is matched with", "already"]),
    "two closest": ("quality", '["nature.system"]', '["nature.system", "nature.fault"]', ["same: quality.technical_support is matched with nature.system"]),
    "the same words": ("quality", "Quality and support", "Kind of failure", ["quality.toml", "words: en is the same as in failure.toml"]),
    "a countermeasure of another name": ("control", '"partner_terms"', '"partner_term"', ["control.toml", "(external): countermeasures “partner_term” is not known; did you mean partner_terms?"]),
    "a countermeasure for nothing": ("countermeasures", 'reasons = ["wrong_item"]\n', "", ["(scan_before_dispatch): it has no reasons, and no class names it"]),
    "an unknown taxonomy": ("countermeasures", 'taxonomy = "nature"', 'taxonomy = "natures"', ["countermeasures.toml", "did you mean nature?"]),
    "no TOML": ("promise", "[[classes]]", "[[classes]", ["promise.toml", "not valid TOML"]),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_by_file_entry_and_key(copy, what):
    name, old, new, said = WRONG[what]
    edited(copy, name, old, new)
    with pytest.raises(Trouble) as wrong:
        load_countermeasures(copy / "countermeasures.toml", copy / "taxonomies")
    for part in said:
        assert part in wrong.value.say("en")
    assert "有误" in wrong.value.say("zh") and len(wrong.value.say("zh").splitlines()) == len(
        wrong.value.say("en").splitlines()
    )


def test_everything_wrong_in_several_files_is_said_at_once(copy):
    for name in ("quality", "failure"):
        edited(copy, name, "pain =", "pains =")
    with pytest.raises(Trouble) as wrong:
        load_taxonomies(copy / "taxonomies")
    assert all(f"{name}.toml is wrong" in wrong.value.say("en") for name in ("quality", "failure"))


def test_one_taxonomy_can_be_used_while_another_is_broken(copy):
    edited(copy, "quality", "pain =", "pains =")
    assert load_taxonomy("nature", copy / "taxonomies") == ALL["nature"]
    with pytest.raises(Trouble) as wrong:
        load_taxonomy("natur", copy / "taxonomies")
    assert "did you mean nature?" in wrong.value.say("en")


def test_without_a_catalogue_there_are_no_suggestions(tmp_path):
    none = load_countermeasures(tmp_path / "none.toml")
    assert none.candidates("damaged") == [] and none.class_of("damaged") is None


# ------------------------------------------------------------------------------------------ what it is for


def test_classes_are_counted_by_hand():
    book = Book.of(complaints=cases(late_delivery=4, lost_parcel=2, damaged=3, refund_slow=1, odd=2, blank=1))
    n = book.classed("nature").counts(by=[CLASS], window=OCT).set_index(CLASS)["n"]
    assert n.to_dict() == {
        "nature.service": 6, "nature.product_quality": 3, "nature.price": 1, NONE: 2, BLANK: 1,
    }  # fmt: skip
    within = book.classed("nature", within=True).counts(by=[CLASS], window=OCT).set_index(CLASS)["n"]
    assert within["nature.timeliness"] == 4 and within["nature.custody"] == 2
    assert n.sum() == within.sum() == book.counts(window=OCT)["n"].item()
    assert book.counts(by=["reason"], window=OCT)["n"].sum() == n.sum()  # the book itself is as it was


def test_a_break_of_the_reasons_is_one_of_the_classes():
    broken = Break("reason", pd.Timestamp("2026-10-05"), Words("新分类", "new"))
    book = Book.of(complaints=cases(late_delivery=4), breaks=[broken]).classed("nature")
    assert (
        book.breaks_in(CLASS, [OCT])
        and book.breaks_in("reason", [OCT])
        and not book.breaks_in("region", [OCT])
    )


def test_without_reasons_there_are_no_classes():
    with pytest.raises(NotMeasured):
        Book.of(complaints=cases(late_delivery=4).drop(columns="reason")).classed("nature")


def test_composition_by_class_says_what_is_inside_and_what_is_in_none():
    book = Book.of(complaints=cases(late_delivery=40, lost_parcel=20, damaged=30, odd=10))
    result = composition(book, OCT, taxonomy="nature")
    shares = result.table.set_index(CLASS)["share_classified"]
    assert shares.to_dict() == {"nature.service": 0.6, "nature.product_quality": 0.3, NONE: 0.1}
    inside = result.tables["inside"].set_index([CLASS, "reason"])
    assert inside.loc[("nature.service", "late_delivery")].to_dict() == {"n": 40, "share_now": pytest.approx(2 / 3)}  # fmt: skip
    found = {f.key: f for f in result.findings}
    assert "“Service” with 60.0%" in found["composition.largest"].sentence("en")
    assert "占比最大的原因类别是“服务”" in found["composition.largest"].sentence("zh")
    assert found["composition.classless"].values["names"] == ["odd"]
    with pytest.raises(Trouble):
        composition(book, OCT, by="region", taxonomy="nature")
    with pytest.raises(Trouble):
        composition(book, OCT, taxonomy="nature_of")


def test_what_is_in_no_class_is_never_called_the_largest_class():
    book = Book.of(complaints=cases(late_delivery=90, coupon_problem=10))
    found = {f.key: f for f in composition(book, OCT, taxonomy="marketing").findings}
    assert found["composition.largest"].values[CLASS] == "marketing.promotion"
    assert found["composition.classless"].values["n"] == 90


def test_any_method_can_be_asked_by_class():
    book = Book.of(complaints=cases(late_delivery=40, lost_parcel=20, damaged=30)).classed("control")
    assert pareto(book, OCT, by=CLASS).table[CLASS].tolist() == ["control.process"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_outline_has_every_class_with_all_that_belongs_to_it(lang):
    text = outline("nature", OURS, lang)
    for each in ALL["nature"].classes:
        assert each.words[lang] in text and each.pain[lang] in text
    assert "quality.service_quality*" in text and label("reason", "damaged", lang) in text
