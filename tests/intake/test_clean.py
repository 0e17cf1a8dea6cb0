"""Cleaning on frames counted by hand: what every step takes out, changes and says."""

from datetime import datetime
from itertools import pairwise

import duckdb
import pandas as pd
import pytest

from complaintlib.clock import Clock
from complaintlib.intake import clean
from complaintlib.intake.ledger import Batch, check_loss
from complaintlib.intake.merge import finish
from complaintlib.intake.notes import Refused
from complaintlib.intake.parts import as_kept
from complaintlib.intake.private import masking, pseudonymise, spellings
from complaintlib.intake.profile import Duplicates, Profile
from complaintlib.intake.pseudonym import Pseudonyms
from complaintlib.intake.same import across_channels, latest_states
from complaintlib.intake.typed import reword_texts, typed
from complaintlib.intake.work import Work, end_of
from complaintlib.words import Trouble

KEY = b"a key for tests only, 32 bytes !!"
NAMES = [
    "complaint_id",
    "received_at",
    "closed_at",
    "resolved_at",
    "channel",
    "product",
    "reason",
    "severity",
    "customer_id",
    "order_id",
    "agent_id",
    "text",
    "valid",
    "compensation",
    "reopened",
    "person",
]


def profile(**more) -> Profile:
    given = {"name": "by_hand", "source": "hotline", "columns": {name: (name,) for name in NAMES}}
    return Profile(**(given | more))


def work_on(
    rows: list[dict], kind: Profile | None = None, codes: dict | None = None, unread: list[tuple] = ()
) -> Work:
    """`raw` as the reader leaves it, typed and ready for the steps."""
    kind, con = kind or profile(), duckdb.connect()
    headers = {c: names[0] for c, names in kind.columns.items() if any(names[0] in row for row in rows)}
    con.execute(f"CREATE TABLE raw(row BIGINT, {', '.join(f'{name} VARCHAR' for name in headers.values())})")
    for number, row in enumerate(rows, start=1):
        values = [row.get(name) for name in headers.values()]
        con.execute(f"INSERT INTO raw VALUES (?{', ?' * len(values)})", [number, *values])
    con.execute("CREATE TABLE unread(row BIGINT, why VARCHAR)")
    for row in unread:
        con.execute("INSERT INTO unread VALUES (?, ?)", row)
    work = Work(con, kind, headers, end_of(datetime(2026, 10, 31)))
    clean.begin(work, len(rows) + len(unread))
    cut_out = reword_texts(con, kind, headers)
    typed(con, kind, headers, "Asia/Shanghai", {} if codes is None else codes)
    clean.typing_lines(work, cut_out)
    return work


def cleaned(rows: list[dict], kind: Profile | None = None, **more) -> Work:
    """The rows after all steps that ask nothing of a store."""
    work = work_on(rows, kind, **more)
    clean.invalid(work)
    clean.impossible_times(work)
    clean.equal_rows(work)
    with masking(work) as note_masked:
        note_masked()
    finish(work, Clock())
    latest_states(work)
    across_channels(work)
    return work


def frame(work: Work) -> pd.DataFrame:
    """What is left: as the store keeps it, or typed only where the steps were not taken."""
    made = {name for (name,) in work.con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    rows = as_kept(work, 1, texts=True) if "out" in made else "cases"
    return work.con.execute(f"SELECT * FROM {rows} ORDER BY row").df()


def line(work: Work, step: str):
    (found,) = [line for line in work.ledger.lines if line.step == step]
    return found


def lost(work: Work) -> dict[str, int]:
    return {x.step: x.rows_in - x.rows_out for x in work.ledger.lines if x.rows_in != x.rows_out}


def case(number: int, **more) -> dict:
    return {
        "complaint_id": f"H{number}",
        "received_at": f"2026-10-{number:02d} 09:00:00",
        "reason": "late",
    } | more


# ------------------------------------------------------------------------------------- counted by hand


DIRTY = [
    case(1, closed_at="2026-10-02 09:00:00"),
    case(1, closed_at="2026-10-02 09:00:00"),  # exact duplicate
    case(2),
    case(2, closed_at="2026-10-05 10:00:00"),  # the later state
    case(3, complaint_id="-"),  # no id
    case(4, received_at="2026-02-30 09:00:00"),  # no such day
    case(5, received_at=None),
    case(6, received_at="0001-01-01 00:00:00"),
    case(7, received_at="2026-11-02 00:00:00"),  # two days after the file's
    case(8, received_at="2026-11-01 23:59:00"),  # one day after: zones ahead
    case(9, complaint_id="TEST001"),
    case(10, text="测试，请忽略"),
    {"complaint_id": "合计", "received_at": None, "reason": "9"},
    {"complaint_id": None, "received_at": None, "reason": "总计"},
    case(11, closed_at="2026-10-10 09:00:00"),  # closed before it came in
    case(12, text="The test drive went wrong: nobody came, and nobody called."),
    case(13, text="测试机坏了，要求退货"),
]


def test_ledger_of_a_frame_counted_by_hand():
    work = cleaned(DIRTY, unread=[(18, "short_row"), (19, "short_row"), (20, "long_row")])
    assert lost(work) == {
        "unreadable": 3,
        "total": 2,
        "test": 2,
        "missing": 1,
        "no_time": 3,
        "future": 1,
        "exact": 1,
        "same_id": 1,
    }
    assert list(frame(work)["complaint_id"]) == ["H1", "H2", "H8", "H11", "H12", "H13"]
    assert line(work, "unreadable").note == "short_row 2, long_row 1"
    assert line(work, "impossible").rows_changed == 1
    assert line(work, "impossible").note == "closed_at 1"
    assert line(work, "impossible").sample_ids == ("H11",)
    fates = work.con.execute("SELECT fate, count(*) FROM gone GROUP BY 1").fetchall()
    assert dict(fates) == {"aside": 12, "duplicate": 2}


def test_each_step_begins_with_the_rows_the_one_before_left():
    lines = cleaned(DIRTY).ledger.lines
    assert all(before.rows_out == after.rows_in for before, after in pairwise(lines))
    assert lines[0].rows_in == len(DIRTY)


def test_samples_are_case_numbers_or_places_in_the_file_and_never_text():
    secret = "客户张伟的手机 16012345678"
    work = cleaned(
        [case(1, text=secret), case(2, complaint_id=None, text=secret), case(3, closed_at="2026-10-01")]
    )
    samples = [sample for x in work.ledger.lines for sample in x.sample_ids]
    assert set(samples) == {"#2", "H3"}
    assert "16012345678" not in repr(work.ledger.lines)


def test_day_of_a_row_set_aside_is_its_own_or_missing():
    work = cleaned(
        [case(1, complaint_id=None), case(2, received_at="nonsense"), case(3, received_at="2062-01-01")]
    )
    days = dict(work.con.execute("SELECT row, day FROM gone").fetchall())
    assert days == {1: datetime(2026, 10, 1), 2: None, 3: None}


def test_nothing_dirty_nothing_changed():
    work = cleaned([case(n) for n in range(1, 6)])
    assert lost(work) == {}
    assert all(not line.rows_changed for line in work.ledger.lines)
    assert len(frame(work)) == 5


@pytest.mark.parametrize("rows", [[], [case(1)]])
def test_no_row_and_one_row(rows):
    work = cleaned([*rows]) if rows else cleaned([], profile(columns={"complaint_id": ("id",)}), unread=[])
    assert len(frame(work)) == len(rows)


# ---------------------------------------------------------------------------------------------- values


def values_of(column: str, texts: list, kind: Profile | None = None, **more) -> list:
    work = work_on(
        [{"complaint_id": f"H{n}", "received_at": "2026-10-01", column: t} for n, t in enumerate(texts)],
        kind,
        **more,
    )
    return [None if pd.isna(value) else value for value in frame(work)[column]]


def test_b54_blanks_of_many_kinds_are_missing():
    texts = ["-", "/", "无", "未知", "N/A", "\u3000", "\u00a0", "\u200b", " ", "——", "n/a"]
    assert values_of("reason", texts) == [None] * len(texts)
    assert values_of("order_id", texts) == [None] * len(texts)


def test_b54_blanks_of_the_profile_and_listed_values_win():
    kind = profile(blanks=("tbd",), values={"reason": {"无": "none"}})
    assert values_of("reason", ["TBD", "无", "late"], kind) == [None, "none", "late"]


def test_b53_na_and_null_can_be_codes():
    assert values_of("reason", ["NA", "NULL", "None", "nan"]) == ["NA", "NULL", "None", "nan"]
    assert values_of("order_id", ["007", "110101199003070020", "1E5", "TRUE"]) == [
        "007",
        "110101199003070020",
        "1E5",
        "TRUE",
    ]


def test_b58_variants_of_one_category_are_one():
    texts = [
        "Late delivery",
        "Late delivery",
        "late delivery",
        "LATE  DELIVERY ",
        "Ｌａｔｅ delivery",
        "Late\u3000delivery",
    ]
    work = work_on([case(n, reason=t) for n, t in enumerate(texts, 1)])
    assert set(frame(work)["reason"]) == {"Late delivery"}
    assert line(work, "standard").rows_changed == 4
    assert values_of("reason", ["cafe\u0301", "café"]) == ["café", "café"]


def test_b58_the_spelling_the_store_knows_is_kept():
    codes = {"reason": ["Late Delivery"]}
    assert values_of("reason", ["LATE DELIVERY"] * 3 + ["new one"], codes=codes) == ["Late Delivery"] * 3 + [
        "new one"
    ]
    assert codes == {"reason": ["Late Delivery", "new one"]}


def test_b59_a_new_category_is_kept_and_counted():
    kind = profile(values={"reason": {"派送延误": "late_delivery"}})
    work = work_on(
        [case(1, reason="派送延误"), case(2, reason="外星人"), case(3, reason="LATE_delivery")], kind
    )
    assert list(frame(work)["reason"]) == ["late_delivery", "外星人", "late_delivery"]
    assert line(work, "unlisted").note == "reason 1"
    assert line(work, "mapped").note == "reason 1"


def test_values_outside_a_closed_taxonomy_are_missing_and_counted():
    kind = profile(values={"severity": {"重大": "major"}}, closed=("severity",))
    work = work_on(
        [case(1, severity="重大"), case(2, severity="要命"), case(3, severity="Major"), case(4)], kind
    )
    assert [None if pd.isna(v) else v for v in frame(work)["severity"]] == ["major", None, "major", None]
    assert line(work, "outside").rows_changed == 1
    assert line(work, "outside").sample_ids == ("H2",)


def test_crosswalk_comes_after_the_values():
    kind = profile(
        values={"product": {"甲": "old_a"}}, crosswalk={"product": {"old_a": "new_a", "old_b": "new_b"}}
    )
    assert values_of("product", ["甲", "old_b", "OLD_B", "c"], kind) == ["new_a", "new_b", "new_b", "c"]


def test_b63_unseen_characters_go():
    assert values_of("reason", ["la\x00te\u202e", "late\ufeff"]) == ["late", "late"]
    assert values_of("complaint_id", ["\u200eH7\x1b", "Ｈ８ "]) == ["H7", "H8"]


def test_b68_personal_data_in_a_code_is_masked():
    (value,) = values_of("reason", ["late, call 16012345678"])
    assert "16012345678" not in value
    assert value.startswith("late, call [")


def test_b90_b94_numbers_are_read():
    texts = ["１２３．５", "¥1,234.50", "1,234,567元", "RMB 88", "$ 7", "12%", "1e3", "0", " 5 "]
    assert values_of("compensation", texts) == [123.5, 1234.5, 1234567.0, 88.0, 7.0, 0.12, 1000.0, 0.0, 5.0]
    assert values_of("compensation", ["￥12", "人民币 9", "8元整"]) == [
        12.0,
        9.0,
        8.0,
    ]  # the full-width sign too


def test_b91_impossible_numbers_are_refused_and_counted():
    texts = ["-3", "inf", "1e400", "nan", "1,5", "12,34", "0x1A", "1_000", "abc", "-", "8"]
    work = work_on([case(n, compensation=t) for n, t in enumerate(texts, 1)])
    assert [v for v in frame(work)["compensation"] if not pd.isna(v)] == [8.0]
    assert line(work, "number").rows_changed == 9
    assert line(work, "blank").note == "compensation 1"


def test_b92_scores_out_of_range_are_refused_or_mapped_by_the_profile():
    kind = Profile(
        "s", table="surveys", columns={c: (c,) for c in ("survey_id", "answered_at", "csat", "nps")},
        values={"csat": {"不满意": "2"}},
    )  # fmt: skip
    rows = [
        {"survey_id": str(n), "answered_at": "2026-10-01", "csat": csat, "nps": nps}
        for n, (csat, nps) in enumerate([("5", "10"), ("0", "11"), ("不满意", "-"), ("4.5", "0")])
    ]
    work = work_on(rows, kind)
    assert [None if pd.isna(v) else v for v in frame(work)["csat"]] == [5, None, 2, None]
    assert [None if pd.isna(v) else v for v in frame(work)["nps"]] == [10, None, None, 0]


def test_b93_yes_and_no_in_many_words():
    assert (
        values_of("reopened", ["是", "Y", "1", "TRUE", "否", "no", "0", "F", "vielleicht", ""])
        == [True] * 4 + [False] * 4 + [None] * 2
    )
    assert values_of("valid", ["是", "N", "部分"], profile(values={"valid": {"部分": "partly"}})) == [
        "yes",
        "no",
        "partly",
    ]


def test_hostile_headers_and_values_stay_values():
    header = "rea\"son'); DROP TABLE raw; --"
    kind = profile(columns={"complaint_id": ("id",), "received_at": ("t",), "reason": (header,)})
    con = duckdb.connect()
    con.execute(
        'CREATE TABLE raw(row BIGINT, id VARCHAR, t VARCHAR, "rea""son\'); DROP TABLE raw; --" VARCHAR)'
    )
    con.execute("INSERT INTO raw VALUES (1, 'H1', '2026-10-01', ?)", ["'; DROP TABLE raw; --"])
    typed(con, kind, {"complaint_id": "id", "received_at": "t", "reason": header}, "Asia/Shanghai", {})
    assert con.execute("SELECT reason FROM cases").fetchone() == ("'; DROP TABLE raw; --",)


# ----------------------------------------------------------------------------------------------- times


def test_b78_b81_impossible_and_future_times_are_set_aside():
    bad = ["2026-02-30", "2026-10-01 25:00:00", "0001-01-01", "9999-12-31", "0000-00-00", "2026-11-02"]
    work = cleaned([case(n, received_at=t) for n, t in enumerate([*bad, "2026-10-31"], 1)])
    assert list(frame(work)["complaint_id"]) == ["H7"]
    assert lost(work) == {"no_time": 5, "future": 1}


def test_b79_ends_before_the_beginning_are_missing_and_the_row_is_kept():
    work = cleaned(
        [
            case(1, closed_at="2026-09-30", resolved_at="2026-10-02"),
            case(2, closed_at="2026-10-02 08:59:59", resolved_at="2026-10-02 08:00:00"),
            case(3, closed_at="2031-01-01"),
            case(4, closed_at="2026-10-04 09:00:01"),
        ]
    )
    got = frame(work)
    assert got["closed_at"].isna().tolist() == [True, True, True, False]
    assert got["resolved_at"].isna().tolist() == [False, True, True, True]
    assert line(work, "impossible").rows_changed == 3
    assert line(work, "impossible").note == "resolved_at 1, closed_at 3"


def test_b80_nil_and_endless_durations_are_kept_and_flagged():
    work = cleaned(
        [
            case(1, closed_at="2026-10-01 09:00:00"),
            {"complaint_id": "H2", "received_at": "2010-01-01 09:00:00", "closed_at": "2026-10-01 09:00:00"},
            {
                "complaint_id": "H3",
                "received_at": "2026-10-01",
                "closed_at": "2026-10-01",
            },  # days only: no claim
            case(4, closed_at="2026-10-05 09:00:00"),
        ]
    )
    assert len(frame(work)) == 4
    assert line(work, "doubtful").note == "rows 2"


# ------------------------------------------------------------------------------------------ duplicates


def test_b56_the_latest_state_wins_whatever_the_order():
    states = [
        case(1, agent_id="a"),
        case(1, closed_at="2026-10-03", agent_id="a"),
        case(1, closed_at="2026-10-05", reopened="1", agent_id="a"),
        case(1, closed_at="2026-10-04", agent_id="a"),
    ]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        (row,) = frame(cleaned([states[i] for i in order])).to_dict("records")
        assert row["closed_at"] == pd.Timestamp("2026-10-05")


def test_completion_from_the_other_records_of_the_case():
    kind = profile(complete={"agent_id": "complaint_id"})
    work = cleaned(
        [
            case(1, agent_id="a7"),
            case(1, agent_id="无"),  # the same but for the agent: an exact duplicate then
            case(2, agent_id="a1"),
            case(2, agent_id="a2", closed_at="2026-10-09"),
            case(2, closed_at="2026-10-10"),  # two agents are known: nobody is guessed
            case(3),
        ],
        kind,
    )
    got = frame(work).set_index("complaint_id")["agent_id"]
    assert got["H1"] == "a7"
    assert pd.isna(got["H2"]) and pd.isna(got["H3"])
    assert line(work, "complete").rows_changed == 1
    assert lost(work) == {"exact": 1, "same_id": 2}


def test_cross_channel_duplicates_the_earliest_stays():
    kind = profile(duplicates=Duplicates(("customer_id", "order_id"), 48))
    at = {"customer_id": "c1", "order_id": "o1"}
    work = cleaned(
        [
            case(3, channel="chat", received_at="2026-10-03 08:00:00", **at),  # 47 h after the first
            case(1, channel="phone", received_at="2026-10-01 09:00:00", **at),
            case(
                2, channel="phone", received_at="2026-10-01 10:00:00", **at
            ),  # the same channel: a case of its own
            case(4, channel="mail", received_at="2026-10-05 09:00:00", **at),  # too late
            case(
                5, channel="chat", received_at="2026-10-01 10:00:00", customer_id="c1"
            ),  # no order: not told
            case(6, channel="mail", received_at="2026-10-01 11:00:00", customer_id="c1"),
        ],
        kind,
    )
    assert list(frame(work)["complaint_id"]) == ["H1", "H2", "H4", "H5", "H6"]
    assert line(work, "channel").sample_ids == ("H3",)


def test_the_same_id_of_another_source_is_another_case():
    kind = profile(columns={name: (name,) for name in ("complaint_id", "received_at", "source")})
    work = cleaned([case(1, source="a"), case(1, source="b"), case(1, source="a")], kind)
    assert lost(work) == {"exact": 1}


# -------------------------------------------------------------------------------------------- privacy


def test_identifiers_become_pseudonyms_with_a_purpose_each():
    work = work_on(
        [case(1, customer_id="x1", order_id="x1", agent_id="x1", person="x1"), case(2, customer_id="Ｘ1")]
    )
    pseudonymise(work, Pseudonyms(KEY), None)
    first, second = frame(work).to_dict("records")
    tokens = [first[c] for c in ("customer_id", "order_id", "agent_id", "person")]
    assert len({*tokens, second["customer_id"]}) == 5
    assert not any("x1" in token for token in tokens)
    assert first["complaint_id"] == "H1"


def test_customer_numbers_are_set_right_only_by_the_customer_table():
    tokens = dict(zip(("right", "other"), Pseudonyms(KEY).tokens(["C00123456", "C01123456"]), strict=True))
    ids = [
        "C00123456",
        "c00123456",
        "Ｃ００１２３４５６",
        "C123456",
        "C0O123456",
        "c-00123456",
        "C00999999",
        None,
    ]
    work = work_on([case(n, customer_id=v) for n, v in enumerate(ids, 1)])
    work.con.execute("CREATE TABLE known AS SELECT unnest(?) AS customer_id", [list(tokens.values())])
    pseudonymise(work, Pseudonyms(KEY), "SELECT customer_id FROM known")
    got = frame(work)["customer_id"].tolist()
    assert got[:6] == [tokens["right"]] * 6
    assert got[6] not in tokens.values() and pd.isna(got[7])
    assert line(work, "customer").rows_changed == 4  # full-width was set right before
    assert line(work, "customer").note == "unknown 1"


def test_a_customer_number_that_could_be_two_is_left():
    known = Pseudonyms(KEY).tokens(["C0012", "C00012"])
    work = work_on([case(1, customer_id="C12")])
    work.con.execute("CREATE TABLE known AS SELECT unnest(?) AS customer_id", [known])
    pseudonymise(work, Pseudonyms(KEY), "SELECT customer_id FROM known")
    assert frame(work)["customer_id"][0] not in known
    assert "C0012" in spellings("C12") and "C00012" in spellings("C12")


def test_texts_are_masked_and_counted():
    texts = [
        "请打 16012345678",
        "请打 16012345678",
        "没有人接电话",
        None,
        "card 6222021234567890128 or a@b.example.com",
    ]
    work = work_on([case(n, text=t) for n, t in enumerate(texts, 1)])
    with masking(work) as note_masked:
        note_masked()
    masked = work.con.execute("SELECT DISTINCT masked FROM masked_text ORDER BY 1").fetchall()
    assert len(masked) == 2
    assert not any(secret in repr(masked) for secret in ("16012345678", "6222021234567890128", "a@b"))
    assert line(work, "mask").rows_changed == 3


def test_b67_markup_and_quoted_replies_are_cut_and_hostile_texts_stay():
    texts = [
        "<html><body><p>Too <b>late</b> &amp; broken</p><p>again</p></body></html>",
        "Where is it?\n> On Monday you wrote\n> we are sorry\nStill nothing",
        "还没到\n-----原始邮件-----\n发件人: 客服",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0 $x^2$ 1 < 2 and 3 > 2",
    ]
    work = work_on([case(n, text=t) for n, t in enumerate(texts, 1)])
    got = dict(work.con.execute("SELECT row, text FROM wording_text").fetchall())
    assert got == {1: "Too late & broken\nagain", 2: "Where is it?\nStill nothing", 3: "还没到"}
    assert line(work, "wording").note == "html 1, reply 2"


# ------------------------------------------------------------------------------------------- the ledger


def test_m16_a_batch_that_does_not_add_up_cannot_be_made():
    counts = {"rows": 10, "used": 7, "duplicates": 2, "aside": 0}
    with pytest.raises(Trouble, match="10 rows were read"):
        Batch("1", "f.csv", "", "p", "complaints", "s", "new", **counts)
    assert Batch("1", "f.csv", "", "p", "complaints", "s", "new", **(counts | {"aside": 1})).rows == 10


def test_p12_too_many_unusable_rows_are_refused_with_all_reasons():
    with pytest.raises(Refused) as refused:
        check_loss("f.csv", 100, {"no_time": 4, "missing": 2}, 0.05)
    assert refused.value.exit_code == 3
    assert "6 of 100" in refused.value.say("en") and "6.0%" in refused.value.say("en")
    assert "4 rows" in refused.value.say("en") and "2 rows" in refused.value.say("en")
    assert "缺少受理时间或时间无效：4 行" in refused.value.say("zh")
    check_loss("f.csv", 100, {"no_time": 5}, 0.05)
    check_loss("f.csv", 0, {}, 0.05)
