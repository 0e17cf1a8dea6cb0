"""The rules file: what it ships with, and that every mistake in it is refused by name."""

import tomllib
from datetime import date

import pytest

from complaintlib.entries import unknown_key
from complaintlib.home import DATA
from complaintlib.rules import Rules, load_rules
from complaintlib.words import Trouble


@pytest.fixture
def load(tmp_path):
    def load(text: str | bytes):
        path = tmp_path / "rules.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_rules(path)

    return load


def refused(load, text) -> list[str]:
    with pytest.raises(Trouble) as trouble:
        load(text)
    assert trouble.value.exit_code == 2
    zh, en = (trouble.value.say(lang).splitlines() for lang in ("zh", "en"))
    assert len(zh) == len(en) and all(line.startswith("rules.toml: ") for line in zh + en)
    return en


def test_the_shipped_file_says_what_the_code_defaults_to_and_names_every_key():
    rules = load_rules()
    assert rules == Rules()
    table = tomllib.loads((DATA / "rules.toml").read_text(encoding="utf-8"))
    assert rules.clock.to_dict() == table.pop("clock")
    for section, settings in table.items():
        told = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(getattr(rules, section)).items()
        }
        assert settings == told
    assert set(table) | {"clock"} == set(vars(rules))


def test_what_is_left_out_has_its_default(load):
    assert load("") == Rules()
    rules = load(
        '[sla.first_response]\nmajor = 15\n[clock]\ncountry = ""\nshifts.sat = ["10:00-14:00"]\noff = [2026-12-31]\n'
    )
    assert rules.sla.first_response == {"major": 15, "urgent": 60, "general": 120, "routine": 1440}
    assert rules.sla.resolution == Rules().sla.resolution
    assert rules.clock.shifts == (("09:00-18:00",),) * 5 + (("10:00-14:00",), ())
    assert rules.clock.off == (date(2026, 12, 31),) and rules.clock.country == ""


def test_what_stops_the_clock_and_how_a_reopened_case_counts(load):
    sla = load('[sla]\npauses = ["third_party", "customer", "customer"]\nreopened = "late"\n').sla
    assert (sla.pauses, sla.reopened) == (("third_party", "customer"), "late")
    assert load("[sla]\npauses = []").sla.pauses == ()
    assert (Rules().sla.pauses, Rules().sla.reopened) == (("customer",), "counts")


def test_a_whole_number_is_a_number(load):
    assert load("[intake]\nmax_loss = 1").intake.max_loss == 1.0
    assert (
        load(b"\xef\xbb\xbf[statistics]\nmin_count = 5").statistics.min_count == 5
    )  # a Windows editor's mark


def test_b101_an_unknown_key_is_refused_with_the_nearest_known(load):
    assert refused(load, "[statistics]\nconfidense = 0.9") == [
        "rules.toml: there is no key statistics.confidense; did you mean confidence?"
    ]
    assert "did you mean statistics?" in refused(load, "[statistic]")[0]
    assert "did you mean tue?" in refused(load, "[clock.shifts]\ntues = []")[0]
    assert "did you mean routine?" in refused(load, "[severity.weights]\nroutin = 2")[0]
    assert unknown_key("zzz", ["alpha", "beta"], "x.").en == "there is no key x.zzz; known are alpha, beta"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[statistics]\nconfidence = "0.95"', "statistics.confidence"),
        ("[statistics]\nconfidence = 95", "statistics.confidence"),
        ("[statistics]\nconfidence = true", "statistics.confidence"),
        ("[statistics]\nfdr = nan", "statistics.fdr"),
        ("[statistics]\nmin_count = 20.0", "statistics.min_count"),
        ("[statistics]\nmin_count = 0", "statistics.min_count"),
        ("[intake]\nmax_loss = -0.1", "intake.max_loss"),
        ("[sla.resolution]\nmajor = 0", "sla.resolution.major"),
        ("[sla]\nresolution = 5", "sla.resolution"),
        ('[sla]\npauses = ["us"]', "sla.pauses must be a list of any of customer, third_party, not ['us']"),
        ('[sla]\npauses = "customer"', "sla.pauses"),
        ("[sla]\npauses = [1]", "sla.pauses"),
        ('[sla]\nreopened = "never"', "sla.reopened must be one of counts, late, not 'never'"),
        ('[sla]\nreopened = ["late"]', "sla.reopened"),
        ("statistics = 5", "statistics"),
        ("[severity.weights]\nmajor = inf", "severity.weights.major"),
        ("[clock]\nzone = 8", "clock.zone"),
        ('[clock]\nzone = "Asia/Shangai"', "Asia/Shangai"),
        ('[clock]\noff = ["2026-10-01"]', "clock.off"),
        ("[clock]\noff = [2026-10-01T00:00:00]", "clock.off"),
        ("[clock]\noff = 2026-10-01", "clock.off"),
        ("[clock]\nconfirmed = [true]", "clock.confirmed"),
        ('[clock.shifts]\nmon = "09:00-18:00"', "clock.shifts.mon"),
        ('[clock.shifts]\nmon = ["9-18"]', "9-18"),
        ("clock = 1", "clock"),
    ],
)
def test_b100_wrong_types_and_ranges_are_refused_by_name(load, text, key):
    said = refused(load, text)
    assert len(said) == 1 and key in said[0]


def test_all_mistakes_are_said_at_once(load):
    text = """
    nonsense = 1
    [clock]
    country = "ZZ"
    off = [1]
    shifts = { mon = ["9-5"], tues = [] }
    [statistics]
    fdr = 2
    [sla.resolution]
    huge = 1
    urgent = "2 h"
    """
    said = "\n".join(refused(load, text))
    for mistake in (
        "nonsense",
        "ZZ",
        "clock.off",
        "9-5",
        "tues",
        "statistics.fdr",
        "huge",
        "sla.resolution.urgent",
    ):
        assert mistake in said
    assert len(said.splitlines()) == 8


def test_b100_a_file_that_is_no_toml_is_refused_with_its_line(load, tmp_path):
    assert "line 2" in refused(load, "[statistics]\nfdr = .1")[0]
    assert "line" in refused(load, "[intake]\nmax_loss = 0.1\nmax_loss = 0.2\n")[0]  # a key given twice
    assert "UTF-8" in refused(load, "[clock] # 规则".encode("gb18030"))[0]
    with pytest.raises(Trouble, match=r"none\.toml: there is no such file"):
        load_rules(tmp_path / "none.toml")


def test_rules_cannot_be_changed():
    rules = Rules()
    with pytest.raises(AttributeError):
        rules.statistics.fdr = 0.5
    with pytest.raises(TypeError):
        rules.sla.resolution["major"] = 1
