"""Profiles: what is in the file is what is meant, and every mistake is named with the nearest right word."""

from pathlib import Path

import duckdb
import pytest

from complaintlib.intake.dates import moments
from complaintlib.intake.notes import Refused
from complaintlib.intake.profile import all_profiles, heading, load_profile, pick_profile, propose, standard
from complaintlib.intake.read import read, read_headers
from complaintlib.schema import TABLES
from complaintlib.words import LANGUAGES, Trouble, label

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
real = pytest.mark.skipif(not SHARED.exists(), reason="the real files are not here")

WHOLE = """
name = "shop"
source = "hotline"
zone = "Europe/London"
files = "shop*.csv"
max_loss = 0.1
blanks = ["none"]
[read]
encoding = "gb18030"
skip_lines = 2
[columns]
complaint_id = ["工单编号", "投诉编号"]
received_at = "受理时间"
reason = "原因"
[constants]
channel = "hotline"
[times]
day_first = true
formats = ["%d/%m/%Y"]
[values.reason]
"派送　延误" = "late_delivery"
"DAMAGED" = "damaged"
[closed]
columns = ["reason"]
[duplicates]
same = ["customer_id", "order_id"]
within_hours = 24
[complete]
agent_id = "complaint_id"
[crosswalk.product]
"old" = "new"
[[breaks]]
field = "product"
at = 2017-04-24
zh = "改版"
en = "regrouped"
"""


@pytest.fixture
def loaded(tmp_path):
    def loaded(text, name="p.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load_profile(tmp_path / name)

    return loaded


def test_a_whole_profile_by_hand(loaded):
    profile = loaded(WHOLE)
    assert (profile.name, profile.table, profile.source, profile.zone) == (
        "shop",
        "complaints",
        "hotline",
        "Europe/London",
    )
    assert (profile.read.encoding, profile.read.skip_lines, profile.read.sheet) == ("gb18030", 2, None)
    assert profile.columns == {
        "complaint_id": ("工单编号", "投诉编号"),
        "received_at": ("受理时间",),
        "reason": ("原因",),
    }
    assert profile.values["reason"] == {"派送 延误": "late_delivery", "damaged": "damaged"}
    assert (profile.times.day_first, profile.times.formats, profile.closed) == (
        True,
        ("%d/%m/%Y",),
        ("reason",),
    )
    assert (profile.duplicates.same, profile.duplicates.within_hours) == (("customer_id", "order_id"), 24)
    assert (profile.complete, profile.crosswalk) == (
        {"agent_id": "complaint_id"},
        {"product": {"old": "new"}},
    )
    assert (profile.breaks[0].at, profile.breaks[0].words["zh"], profile.blanks) == (
        "2017-04-24",
        "改版",
        ("none",),
    )
    assert loaded("[columns]\ncomplaint_id = 'a'").max_loss == 0.05


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colums = 1", "columns"),  # B101
        ("[columns]\ncomplaint_i = 'a'", "complaint_id"),
        ("[columns]\ncomplaint_id = 7", "columns.complaint_id"),
        ("[columns]\ncomplaint_id = ['a', 7]", "columns.complaint_id"),
        ("[read]\nencodng = 'x'", "encoding"),
        ("[read]\nskip_lines = true", "read.skip_lines"),
        ("[times]\nday_first = 'yes'", "times.day_first"),
        ("[times]\nswapped = 'repaire'", "repair"),
        ("[times]\nserial_base = 1905", "1904"),
        ("table = 'complaint'", "complaints"),
        ("zone = 'Asia/Bejing'", "Asia/Bejing"),
        ("max_loss = 5", "max_loss"),
        ("max_loss = '5%'", "max_loss"),
        ("keep_text = 'no'", "keep_text"),
        ("[values.reasn]\na = 'b'", "reason"),
        ("[values.reason]\n'Ａ b' = 'x'\n'a  B' = 'y'", "values.reason"),
        ("[closed]\ncolumns = ['severty']", "severity"),
        ("[duplicates]\nsame = []", "same"),
        ("[complete]\nagent_id = 'complaint'", "complaint_id"),
        ("[crosswalk.product]\na = 'b'\nb = 'a'", "crosswalk.product"),  # B104
        ("[[breaks]]\nfield = 'product'\nat = 'soon'\nzh = 'a'\nen = 'b'", "breaks.at"),
        ("[[breaks]]\nfield = 'product'\nat = '2017-04-24'\nzh = 'a'", "breaks.en"),
        ("zone = 'a'\nzone = 'b'", "TOML"),  # B100
        ("a = \tNO", "TOML"),
        ("[columns]\na = 012", "TOML"),
    ],
)
def test_mistakes_are_named_b100_b101_b104(loaded, text, said):
    with pytest.raises(Trouble) as caught:
        loaded(text)
    for lang in ("zh", "en"):
        assert "p.toml" in caught.value.say(lang)
        assert said in caught.value.say(lang)
    assert caught.value.exit_code == 2


def test_no_such_profile(tmp_path):
    with pytest.raises(Trouble, match="cfpb"):
        load_profile("cfbp")
    with pytest.raises(Trouble, match=r"gone\.toml"):
        load_profile(tmp_path / "gone.toml")


def test_what_is_compared():
    assert heading("\ufeff Ｃomplaint\n_ID：*") == heading("complaint-id") == "complaint id"
    assert {standard(text) for text in ("Phone", "phone", " phone", "phone\u3000", "ｐｈｏｎｅ")} == {
        "phone"
    }  # B58


def test_match_b41_b43_b45(loaded):
    profile = loaded(WHOLE)
    assert profile.match(["受理时间", "投诉编号", "其他"]) == {
        "complaint_id": "投诉编号",
        "received_at": "受理时间",
    }
    with pytest.raises(Refused) as caught:
        profile.match(["投诉编号", "工单编号", "其他"])
    assert caught.value.codes == (
        "two_headers",
        "missing_column",
        "headers",
    )  # all at once, the headers listed once
    assert all(caught.value.say(lang).count("其他") == 1 for lang in LANGUAGES)
    assert "工单编号" in caught.value.say("en")


def test_every_profile_in_the_house_is_sound():
    for profile in all_profiles():
        table = TABLES[profile.table]
        assert set(table.required) <= {*profile.columns, *profile.constants}, profile.name
        assert {break_.field for break_ in profile.breaks} <= set(table.columns)
        named = [heading(name) for names in profile.columns.values() for name in names]
        if profile.name == "generic":
            assert len(named) == len(set(named))


def test_the_generic_synonyms_b41(tmp_path):
    for header in ("投诉编号,受理时间,渠道", "complaint_id,Received At,Channel", "ＩＤ,date,来源"):
        (tmp_path / "a.csv").write_text(f"{header}\n1,2026-01-02,x\n", encoding="utf-8")
        profile = pick_profile(tmp_path / "a.csv", read_headers(tmp_path / "a.csv"))
        assert profile.name == "generic"
        assert list(profile.match(read_headers(tmp_path / "a.csv"))) == [
            "complaint_id",
            "received_at",
            "channel",
        ]
    with pytest.raises(Refused, match="complaintkit profile") as caught:
        pick_profile(tmp_path / "a.csv", ["编号", "工单号", "y"])
    assert caught.value.codes == ("no_profile", "two_headers", "missing_column", "headers")


CFPB_16 = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,State,"
    "ZIP code,Tags,Submitted via,Date sent to company,Company response to consumer,Timely response?,Complaint ID"
)


def test_cfpb_in_both_layouts_with_and_without_narratives():
    layouts = [CFPB_16, CFPB_16.replace("Tags,", "Tags,Consumer consent provided?,") + ",Consumer disputed?"]
    layouts += [layout.replace("Consumer complaint narrative,", "") for layout in layouts]
    for layout in layouts:
        headers = layout.split(",")
        profile = pick_profile("complaints.csv", headers)
        matched = profile.match(headers)
        assert profile.name == "cfpb"
        assert matched["complaint_id"] == "Complaint ID"
        assert matched["status"] == matched["outcome"] == "Company response to consumer"
        assert ("text" in matched) == ("narrative" in layout)


def test_cfpb_taxonomies_meet_in_one():
    profile = load_profile("cfpb")
    walk = profile.crosswalk["product"]
    old, new = "Credit reporting", "Credit reporting or other personal consumer reports"
    assert (
        walk[old]
        == walk[new]
        == "Credit reporting, credit repair services, or other personal consumer reports"
    )
    assert {(b.field, b.at) for b in profile.breaks} >= {("product", "2017-04-24"), ("product", "2023-08-24")}
    assert all(label("product", code, "zh") != code for code in {*walk, *walk.values()})


@real
@pytest.mark.parametrize(
    ("name", "profile", "columns"),
    [
        ("cfpb/cfpb_sample_18_columns.csv", "cfpb", 13),
        ("gov_messages_zh/messages_2019.xlsx", "gov_messages_zh", 5),
        ("gov_messages_zh/messages_labelled_495.xlsx", "gov_messages_zh", 6),
        ("telecom_us_2015/comcast_telecom_complaints_2015.csv", "comcast", 7),
    ],
)
def test_real_files_find_their_profile(name, profile, columns):
    headers = read_headers(SHARED / name)
    picked = pick_profile(SHARED / name, headers)
    assert (picked.name, len(picked.match(headers))) == (profile, columns)


@real
def test_most_complaints_of_the_real_file_have_chinese_words():
    with duckdb.connect() as con:
        read(SHARED / "cfpb/cfpb_sample_18_columns.csv", load_profile("cfpb"), con)
        for field, header, least in (
            ("product", "Product", 1),
            ("reason", "Issue", 0.99),
            ("subreason", "Sub-issue", 0.95),
        ):
            rows = con.execute(
                f'SELECT "{header}", count(*) FROM raw WHERE "{header}" <> \'\' GROUP BY 1'
            ).fetchall()
            known = sum(n for value, n in rows if label(field, value, "zh") != value)
            assert known >= least * sum(n for _, n in rows), field


def test_states_have_codes_of_one_standard_in_both_american_sources():
    """ISO 3166-2; a bare CA or Georgia might be a country."""
    by_code, by_name = (load_profile(name).values["region"] for name in ("cfpb", "comcast"))
    assert by_code["ga"] == by_name["georgia"] == "US-GA"  # in the form in which values are compared
    assert set(by_code.values()) == set(by_name.values()) and len(by_code) == 52
    assert {standard(label("region", code, "en")) for code in by_code.values()} == set(by_name)
    assert label("region", "US-GA", "zh") == "佐治亚州" and label("region", "Georgia", "zh") == "Georgia"


# ------------------------------------------------------------------------------------------ propose


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_proposed_profile_can_be_loaded_and_shows_no_values(tmp_path, loaded, lang):
    path = tmp_path / "export 2026.csv"
    rows = "".join(f"{i:05},0{i % 9 + 1}/02/2026,张三{i},秘密内容{i},2026-01-02\n" for i in range(30))
    path.write_text(
        "工单编号;".replace(";", ",") + "受理时间,姓 名,投诉内容,某日\n" + rows, encoding="gb18030"
    )
    text = propose(path, lang)
    profile = loaded(text, "proposed.toml")
    assert profile.columns["complaint_id"] == ("工单编号",)
    assert profile.read.encoding == "gb18030"
    assert "# day_first = true" in text
    assert "姓 名" in text
    assert "某日" in text
    assert "张三" not in text
    assert "秘密" not in text
    with duckdb.connect() as con:
        read(path, profile, con)
        with pytest.raises(Refused):
            moments(con, "受理时间", profile.times, profile.zone, profile.zone)
