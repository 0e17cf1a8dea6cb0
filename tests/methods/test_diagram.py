"""Cause diagrams: counts held to cases counted by hand, what is told of them, weak chains, and the pictures."""

import itertools

import numpy as np
import pandas as pd
import pytest

from complaintlib import Book, Period, diagram, look
from complaintlib.book import Break, NotMeasured
from complaintlib.causes import load_causes
from complaintlib.filters import read_filter
from complaintlib.words import Trouble, Words

OCT = Period("2026-10")
KINDS = ("structure", "cause", "countermeasure", "five_why")
FORM = """
[[diagrams]]
id = "d"
kind = "{kind}"
problem = {{ zh = "为什么晚", en = "Why late" }}
evidence = "reason=late"
families = "control"
"""
ENTRY = """
[[causes]]
id = "{id}"
diagram = "d"
words = {{ zh = "{id}甲", en = "{id} {{0}} | $x$" }}
"""
CITIES = {"a": 30, "b": 20, "c": 10, "": 5}


@pytest.fixture
def form(tmp_path):
    """Writes a form of one diagram and gives its path."""

    def write(*entries: dict, kind: str = "cause") -> str:
        said = [FORM.format(kind=kind)]
        for entry in entries:
            lines = "".join(f'{key} = "{value}"\n' for key, value in entry.items() if key != "id")
            said.append(ENTRY.format(id=entry["id"]) + lines)
        path = tmp_path / "causes.toml"
        path.write_text("".join(said), encoding="utf-8")
        return str(path)

    return write


def complaints(month: Period, cities: dict[str, int], reason: str = "late") -> pd.DataFrame:
    """So many complaints of each city (every second in the east) over the month."""
    city = [name for name, n in cities.items() for _ in range(n)]
    at = month.start + pd.to_timedelta(np.arange(len(city)) * 7919 % (1440 * month.days - 60), unit="min")
    return pd.DataFrame(
        {
            "complaint_id": [f"{month}-{reason}-{i}" for i in range(len(city))],
            "received_at": at,
            "reason": reason,
            "city": [name or None for name in city],
            "region": ["east", "west"] * (len(city) // 2) + ["east"] * (len(city) % 2),
            "text": "...",
        }
    )


def book(now: dict[str, int] = CITIES, months: int = 30, breaks=(), usual: dict[str, int] = CITIES) -> Book:
    frames = [complaints(OCT.shifted(-back), usual if back else now) for back in range(months)]
    return Book.of(complaints=pd.concat([*frames, complaints(OCT, {"a": 40}, "lost")]), breaks=breaks)


ENTRIES = (
    {"id": "x", "family": "system", "evidence": "city=a,b"},
    {"id": "x1", "parent": "x", "evidence": "city=a;region=east", "owner": "quality_manager"},
    {"id": "y", "family": "system", "evidence": "city=b,c"},
    {"id": "z", "family": "human", "evidence": "region=east", "confidence": "likely"},
)


def keys(result):
    return [f.key for f in result.findings]


def finding(result, key):
    return next(f for f in result.findings if f.key == key)


# ------------------------------------------------------------------------------------------------ counts


def test_counted_by_hand(form):
    """65 late: a 30, b 20, c 10, blank 5, alternately east and west. A bone counts a complaint once: a, b, c are 60, not
    50 + 30."""
    result = diagram(book(), OCT, file=form(*ENTRIES))
    entries = result.table.set_index("entry")
    assert entries["n"].to_dict() == {"x": 50, "x1": 15, "y": 30, "z": 33}
    assert entries["share_of_diagram"]["x"] == pytest.approx(50 / 65)
    assert entries["tier"].to_dict() == {"x": 1, "x1": 2, "y": 1, "z": 1}
    assert entries["family"]["x1"] == "system"
    bones = result.tables["bones"].set_index("family")["n"].to_dict()
    assert bones == {"(all)": 65, "system": 60, "human": 33, "(unexplained)": 2}
    unexplained = finding(result, "diagram.unexplained")
    assert unexplained.values["n"] == 2 and unexplained.level == "note"
    assert len(result.tables["examples"]) == 2
    assert result.tables["examples"]["city"].isna().all()


def test_numbers_equal_the_case_list(demo_book):
    """Every entry of the demo company's diagrams against its cases listed and counted one by one."""
    seen = demo_book.at(OCT.as_of)
    form = load_causes()
    for top, kind in zip(form.diagrams, KINDS, strict=True):
        result = diagram(demo_book, OCT, kind=kind)
        assert result.top.id == top.id
        own = read_filter(top.evidence, seen)
        fields = ["complaint_id", "city", "product", "region", "subreason", "channel", "reason"]
        cases = seen.rows("complaints", fields, OCT, 100_000, own)
        held = {}
        for cause in form.of(top.id):
            if cause.evidence:
                where = read_filter(cause.evidence, seen)
                fits = np.all([cases[field].isin(values) for field, values in where.items()], axis=0)
                held[cause.id] = set(cases.loc[fits, "complaint_id"])
        table = result.table.set_index("entry")
        assert {name: len(ids) for name, ids in held.items()} == table["n"].dropna().to_dict()
        bones = result.tables["bones"].set_index("family")["n"]
        assert bones["(all)"] == len(cases)
        assert bones["(unexplained)"] == len(cases) - len(set().union(*held.values()))
        for bone in bones.index.drop(["(all)", "(unexplained)"]):
            of_it = [held[c.id] for c in form.of(top.id) if c.family == bone and c.id in held]
            assert bones[bone] == len(set().union(*of_it))


def test_the_planted_rise_is_on_the_bone(demo_book):
    """New couriers in the East: the demo's truth of the autumn."""
    result = diagram(demo_book, OCT)
    row = result.tables["tests"].set_index("entry").loc["c02"]
    assert row["against_expected"] == "up" and row["n"] > 2 * row["expected"]
    said = finding(result, "diagram.up")
    assert said.level == "watch" and said.values["reason"] == "late_delivery"
    assert "New couriers" in said.sentence("en")


# ------------------------------------------------------------------------------------------------ judged


def test_an_entry_that_grew_is_told_with_the_one_below_it(form):
    grown = CITIES | {"a": 90}
    result = diagram(book(grown), OCT, file=form(*ENTRIES))
    moved = result.table.set_index("entry")["against_expected"].to_dict()
    assert moved == {"x": "up", "x1": "up", "y": "same", "z": "up"}
    first = result.findings[0]
    assert (first.key, first.level) == ("diagram.up", "act")  # nobody takes care of it
    assert first.values["entry"] == "x" and first.values["sub_n"] == 45
    assert first.values["expected"] == pytest.approx(50, rel=0.1)
    assert "x {0} | $x$" in first.sentence("en") and "x甲" in first.sentence("zh")
    fewer = diagram(book(CITIES | {"b": 2}), OCT, file=form(*ENTRIES))
    assert finding(fewer, "diagram.down").level == "good"


def test_quiet_months_move_nothing(form):
    """The same rate in ten histories: in one of them, on average, may any of eight numbers leave its range."""
    rng, path, hits = np.random.default_rng(7), form(*ENTRIES), 0
    for _ in range(10):
        frames = [
            complaints(OCT.shifted(-back), {k: int(rng.poisson(n)) for k, n in CITIES.items()})
            for back in range(30)
        ]
        tests = diagram(Book.of(complaints=pd.concat(frames)), OCT, file=path).tables["tests"]
        assert tests["expected"].notna().all()
        hits += tests["against_expected"].isin(["up", "down"]).any()
    assert hits <= 3  # at an expected share of false discoveries of 10 %


def test_a_partial_period_and_a_break_are_not_judged(form):
    path = form(*ENTRIES)
    partial = diagram(book(), Period("2026-10", pd.Timestamp("2026-10-12")), file=path)
    assert "diagram.partial" in keys(partial)
    assert set(partial.table["against_expected"]) == {"partial"} and partial.table["expected"].isna().all()
    cut = Break("city", pd.Timestamp("2026-08-10"), Words("城市", "cities"))
    broken = diagram(book(breaks=[cut]), OCT, file=path)
    assert finding(broken, "diagram.break").values["on"] == cut.at
    assert set(broken.table["against_expected"]) == {"break"}
    short = diagram(book(months=3), OCT, file=path)
    assert set(short.table["against_expected"]) == {"none"}


def test_a_volume_is_allowed_for(form):
    """Twice the orders, twice the complaints: as expected; of the diagram's own region where it has one."""
    twice = {city: 2 * n for city, n in CITIES.items()}
    months = [OCT.shifted(-back) for back in range(30)]
    orders = pd.DataFrame(
        [
            {"month": m.start, "measure": "orders", "region": region, "value": 1000.0 * (1 + (m == OCT and region == "east"))}
            for m in months
            for region in ("east", "west")
        ]
    )  # fmt: skip
    frames = [complaints(m, twice if m == OCT else CITIES).assign(region="east") for m in months]
    both = Book.of(complaints=pd.concat(frames), exposure=orders.assign(channel=None, product=None))
    path = form({"id": "x", "family": "system", "evidence": "city=a"})
    plain = diagram(both, OCT, file=path).table["expected"].iloc[0]
    with open(path, encoding="utf-8") as file:
        text = file.read().replace('evidence = "reason=late"', 'evidence = "reason=late;region=east"')
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    own = diagram(both, OCT, file=path).table["expected"].iloc[0]
    assert plain == pytest.approx(45, rel=0.1)  # orders grew by a half altogether
    assert own == pytest.approx(60, rel=0.1)


# -------------------------------------------------------------------------------------------------- the form


def test_a_filter_that_the_data_cannot_answer_is_said_at_its_entry(form):
    wrong = {"id": "w", "family": "external", "evidence": "city=aa"}
    result = diagram(book(), OCT, file=form(*ENTRIES, wrong))
    row = result.table.set_index("entry").loc["w"]
    assert row["shown_by"] == "unread" and np.isnan(row["n"]) and "aa" in row["remark"]
    assert "aa" in finding(result, "diagram.unread").sentence("zh")
    assert result.table.set_index("entry")["n"]["x"] == 50
    assert result.picture("zh").png.startswith(b"\x89PNG")


def test_what_the_form_leaves_open_is_told(form):
    bare = {"id": "v", "family": "external"}
    result = diagram(book(), OCT, file=form(*ENTRIES, bare))
    assert finding(result, "diagram.unowned").values["names_en"][0] == "“x {0} | $x$”"
    assert finding(result, "diagram.bare").values["names_zh"] == ["“v甲”"]
    first = finding(result, "diagram.suspected")
    assert first.values["entry"] == "x" and first.values["share_of_diagram"] == pytest.approx(50 / 65)
    structure = diagram(book(), OCT, kind="structure", file=form(*ENTRIES, kind="structure"))
    assert "diagram.unowned" not in keys(structure) and "owner" not in structure.table


def test_weak_chains_are_told_by_their_ends(form, demo_book):
    """A sound chain, one that ends too soon, and a ring, which is one chain however many answers it has."""
    sound = [
        {"id": "a", "evidence": "city=a", "layer": "event"},
        {"id": "b", "parent": "a", "evidence": "city=a", "layer": "practice"},
        {"id": "c", "parent": "b", "evidence": "city=a", "layer": "rule", "owner": "quality_manager"},
    ]
    ring = [
        {"id": "p", "parent": "q", "evidence": "city=b"},
        {"id": "q", "parent": "p", "evidence": "city=b"},
    ]
    short = [{"id": "s", "evidence": "city=c", "owner": "quality_manager"}]
    result = diagram(book(), OCT, kind="five_why", file=form(*sound, *ring, *short, kind="five_why"))
    fact = result.tables["facts"].iloc[0]
    assert (fact["chains"], fact["chains_weak"]) == (3, 3)
    told = {f.values["entry"]: f.values["marks"] for f in result.findings if f.key == "diagram.weak"}
    assert told["c"] == ["no_countermeasure"]
    assert told["s"] == ["no_countermeasure", "too_short"]
    marks = result.tables["weak"].groupby("entry")["weakness"].agg(list)
    assert "circular" in marks["p"] and "circular" in marks["q"]
    assert result.picture("en").png.startswith(b"\x89PNG")
    demo = diagram(demo_book, OCT, kind="five_why", lang="zh")
    assert demo.tables["facts"].iloc[0][["chains", "chains_weak"]].tolist() == [2, 1]
    assert "止于责怪个人" in finding(demo, "diagram.weak").sentence("zh")
    assert demo.table.set_index("entry")["weakness"].notna().to_dict() == {
        "w01": False, "w02": False, "w03": False, "w04": False, "w05": False, "w06": True,
    }  # fmt: skip


def test_other_data_get_a_word_and_not_an_error(form):
    none = diagram(book(), OCT)  # the demo company's own diagram on data that lack its reason
    assert keys(none) == ["diagram.none"]
    assert "late_delivery" in none.findings[0].sentence("en")
    assert none.picture("en").png.startswith(b"\x89PNG")
    bare = Book.of(complaints=complaints(OCT, CITIES).drop(columns="region"))
    with pytest.raises(NotMeasured, match=r"complaints\.region"):
        diagram(bare, OCT, kind="five_why")


def test_which_diagram(form, tmp_path, demo_book):
    path = form(*ENTRIES)
    with pytest.raises(NotMeasured, match=r"needs causes\.toml, kind five_why"):
        diagram(book(), OCT, kind="five_why", file=path)
    with pytest.raises(NotMeasured, match=r"causes\.toml"):
        diagram(book(), OCT, file=str(tmp_path / "none.toml"))
    for wrong in ({"kind": "fish"}, {"lang": "fr"}, {"name": "late-cause"}):
        with pytest.raises(Trouble) as told:
            diagram(book(), OCT, **wrong)
        assert next(iter(wrong.values())) in told.value.say("zh")
    assert "late-causes" in told.value.say("en")
    assert diagram(demo_book, OCT, name="late-why").top.kind == "five_why"


@pytest.mark.parametrize("needs", ["causes.toml", *(f"causes.toml, kind {kind}" for kind in KINDS)])
def test_what_is_not_measured_is_a_grey_row_of_the_report_with_what_to_do(needs):
    """The report takes only plain words out of a notebook's error, and says itself what to do about them."""
    from complaintlib.report.execute import NOT_MEASURED, _raised
    from complaintlib.report.quick import nbformat

    missing = NotMeasured(needs)
    raised = nbformat.v4.new_output(
        "error", ename="NotMeasured", evalue=str(missing), traceback=["text of data"] * 2
    )
    status, reason = _raised("cell", raised)
    assert status == NOT_MEASURED
    for lang in ("zh", "en"):
        assert reason[lang] == missing.say(lang)
        assert all(path in reason[lang] for path in ("templates/forms/causes.toml", "data/causes.toml"))


# ------------------------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_two_texts_meet_in_the_pictures_of_the_demo_company(demo_book, kind, lang):
    figure = diagram(demo_book, OCT, kind=kind, lang=lang).plot(lang)
    look.png(figure)
    renderer = figure.canvas.get_renderer()
    drawn = [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_text()]
    assert len(drawn) > 12
    for a, b in itertools.combinations(drawn, 2):
        wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 0 or tall <= 0.35 * min(a.height, b.height)
    assert figure.get_size_inches()[0] < 9.5  # a page of the report shows it at 9 points or more


def test_pictures_as_files(demo_book, tmp_path):
    result = diagram(demo_book, OCT, kind="five_why")
    png, svg = (result.save(tmp_path / f"why.{form}", "zh") for form in ("png", "svg"))
    assert png.read_bytes().startswith(b"\x89PNG")
    text = svg.read_text(encoding="utf-8")
    assert text.startswith("<?xml") and "<text" not in text
    with pytest.raises(Trouble) as told:
        result.save(tmp_path / "why.jpg")
    assert "why.jpg" in told.value.say("zh")
