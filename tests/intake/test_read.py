"""Reading: bad files are built here, and each is taken in right, set aside in part with counts, or refused by name."""

import gzip
import json
import os
import pickle
import zipfile
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaintlib.intake.notes import Note, Refused
from complaintlib.intake.profile import Profile, Reading
from complaintlib.intake.read import read, read_headers
from complaintlib.words import Words

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
ANY = Profile("any")
CHINESE = "编号,日期,原因\n0071,2026-01-02,派送延误\n007,2026-01-03,包裹丢失\n"


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def take(tmp_path, con):
    """Writes the bytes (or text) under a name and reads the file: the Source, the rows, the reasons by row."""

    def take(content, name="file.csv", **reading):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        source = read(path, Profile("any", read=Reading(**reading)), con)
        rows = con.execute('SELECT * EXCLUDE ("row") FROM raw ORDER BY "row"').fetchall()
        return source, rows, dict(con.execute("SELECT row, why FROM unread ORDER BY row").fetchall())

    return take


def codes(source):
    return {note.code for note in source.notes}


def refusal(take, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        take(*args, **kwargs)
    refused = caught.value
    assert refused.exit_code == 3
    assert refused.say("zh") != refused.say("en")
    return refused


# ------------------------------------------------------------------------------------------- by hand


def test_three_rows_by_hand(take, con):
    source, rows, unread = take('id,when,text\n007,2026-01-02,"a, ""b""\nc"\nNA,,NULL\n1E5,3-4,\n')
    assert source.headers == ("id", "when", "text")
    assert rows == [("007", "2026-01-02", 'a, "b"\nc'), ("NA", None, "NULL"), ("1E5", "3-4", None)]
    assert (source.rows, unread, source.kind, source.encoding, source.delimiter) == (
        3,
        {},
        "csv",
        "utf-8",
        ",",
    )
    assert con.execute('SELECT list("row") FROM raw').fetchone()[0] == [1, 2, 3]
    described = [row[:2] for row in con.execute("DESCRIBE raw").fetchall()]
    assert described == [("row", "BIGINT"), ("id", "VARCHAR"), ("when", "VARCHAR"), ("text", "VARCHAR")]


# ------------------------------------------------------------------------------------------ encodings


@pytest.mark.parametrize(
    ("encoding", "declared", "named"),
    [
        ("utf-8", None, "utf-8"),  # B01
        ("utf-8-sig", None, "utf-8-sig"),  # B02
        ("gbk", None, "gb18030"),  # B03
        ("gb18030", "gbk", "gb18030"),
        ("utf-16", None, "utf-16"),  # B06
        ("utf-32", None, "utf-32"),
    ],
)
def test_encodings_are_found_and_named_b01_b02_b03_b06(take, encoding, declared, named):
    source, rows, _ = take(CHINESE.encode(encoding), encoding=declared)
    assert source.encoding == named
    assert source.headers == ("编号", "日期", "原因")
    assert rows == [("0071", "2026-01-02", "派送延误"), ("007", "2026-01-03", "包裹丢失")]


def test_rare_characters_of_gb18030_b04(take):
    text = CHINESE.replace("派送", "𠮷㐂") + "3,2026-01-04,退款太慢与客服态度的问题\n"
    source, rows, _ = take(text.encode("gb18030"))
    assert source.encoding == "gb18030"
    assert rows[0][2] == "𠮷㐂延误"


def test_big5_needs_a_hint_b05(take):
    content = "編號,日期,原因\n1,2026-01-02,客服態度惡劣應該賠償\n2,2026-01-02,貨物損壞還沒有處理\n".encode(
        "big5"
    )
    refused = refusal(take, content)
    assert refused.codes == ("unknown_encoding",)
    assert "big5" in refused.say("zh")
    assert take(content, encoding="big5")[1][0] == ("1", "2026-01-02", "客服態度惡劣應該賠償")


def test_utf16_without_mark_b06(take):
    assert refusal(take, "id,date\n1,2026-01-02\n".encode("utf-16-le")).codes == ("utf16_without_mark",)
    assert refusal(take, CHINESE.encode("utf-16-be")).codes == ("utf16_without_mark",)


def test_mixed_encodings_name_line_and_byte_b07(take):
    header, row = "编号,日期\n".encode(), "1,二月\n".encode("gbk")
    refused = refusal(take, header + b"9,x\n" + row)
    assert refused.codes == ("mixed_encodings",)
    assert "第 3 行" in refused.say("zh")
    assert refused.problems[0].values["offset"] == len(header) + 4 + 3
    mixed = "编号,原因\n".encode("gbk") + "1,派送延误退款\n".encode()
    assert refusal(take, mixed).codes == ("mixed_encodings",)
    assert refusal(take, mixed, encoding="gb18030").codes == ("mixed_encodings",)


def test_a_file_cut_within_a_character_b28(take):
    refused = refusal(take, "编号,日期\n1,二月\n2,三".encode()[:-1])
    assert refused.codes == ("cut_off",)
    assert "line 3" in refused.say("en") and "第 3 行" in refused.say("zh")
    assert refusal(take, "编号,日期\n1,".encode() + "二\n".encode("gbk")).codes == ("mixed_encodings",)


def test_a_declared_encoding_that_does_not_fit_is_refused(take):
    for declared, content in (
        ("utf-8", CHINESE.encode("gbk")),
        ("ascii", CHINESE.encode()),
        ("gbk", CHINESE.encode()),
    ):
        assert refusal(take, content, encoding=declared).codes == ("wrong_encoding",)
    assert "第 1 行" in refusal(take, CHINESE.encode("gbk"), encoding="utf-8").say("zh")
    assert refusal(take, CHINESE.encode(), encoding="latin-1").codes == ("wrong_encoding",)
    assert refusal(take, "a,b\n1,2\n", encoding="utf-9").codes == ("no_such_encoding",)


def test_mojibake_is_refused_b08(take):
    garbled = CHINESE.encode("gbk").decode("latin-1").encode()
    assert refusal(take, garbled).codes == ("mojibake",)
    assert refusal(take, CHINESE.encode().decode("latin-1").encode()).codes == ("mojibake",)
    assert take("id,name\n1,Éléonore Müller\n2,Çağrı Øst\n")[1][0] == ("1", "Éléonore Müller")


# ------------------------------------------------------------------------------------------- edges


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\n"])
def test_empty_files_b09(take, content):
    assert refusal(take, content).codes == ("empty_file",)


def test_header_only_and_one_row_b10_b11(take):
    source, rows, _ = take("id,date,text\n")
    assert (source.rows, rows, source.headers) == (0, [], ("id", "date", "text"))
    assert take("id,date,text")[0].rows == 0
    assert take("id,date,text\n1,2026-01-02,x\n")[0].rows == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
def test_separators_b12(take, delimiter):
    lines = [
        ["id", "date", "text"],
        ["1", "2026-01-02", "late, very late"],
        ["2", "2026-01-03", "x"],
        ["3", "", "y"],
    ]
    content = "\n".join(delimiter.join(f'"{c}"' if delimiter in c else c for c in line) for line in lines)
    source, rows, _ = take(content)
    assert (source.delimiter, source.rows) == (delimiter, 3)
    assert rows[0] == ("1", "2026-01-02", "late, very late")


def test_semicolons_with_commas_in_the_text_b12_b13_b14(take):
    source, rows, _ = take("id;amount;text\n1;1,5;a, b, c\n2;1,234;d, e, f\n")
    assert (source.delimiter, rows[0]) == (";", ("1", "1,5", "a, b, c"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_b15(take, end):
    assert take(CHINESE.replace("\n", end))[1][1] == ("007", "2026-01-03", "包裹丢失")


def test_mixed_line_ends_and_a_lone_cr_do_not_split_b15(take):
    source, rows, _ = take('id,date,text\r\n1,2026-01-02,"a\nb"\n2,2026-01-03,c\rd\r\n')
    assert rows == [("1", "2026-01-02", "a\nb"), ("2", "2026-01-03", "c d")]
    assert "lone_cr" in codes(source)
    assert take("id,date,text\r\n1,2,3\n4,5,6\r\n")[0].rows == 2


def test_unclosed_quotes_are_refused_with_the_row_b16_b17_b28(take):
    later = "id,text,n\n1,a,3\n" + '2,"x,3\n3,"y",3\n4,z,3\n'
    refused = refusal(take, later)
    assert (refused.codes, refused.problems[0].sample) == (("open_quote",), (2,))
    refused = refusal(take, 'id,text,n\n1,a,3\n2,"y,3\n3,z,3\n')
    assert (refused.codes, refused.problems[0].sample) == (("cut_off",), (2,))
    whole = 'id,text,n\n1,a,3\n2,"half of a sentence",3\n'
    assert refusal(take, whole[:-10]).codes == ("cut_off",)


def test_a_file_cut_in_a_row_says_so_b28(take):
    source, rows, unread = take("id,text,n\n1,a,3\n2,b")
    assert (unread, len(rows)) == ({2: "short_row"}, 1)
    assert "last_row_short" in codes(source)


def test_long_and_short_rows_are_set_aside_b18_b20(take, con):
    source, rows, unread = take("id,text,n\n1,a,3\n2,b,3,4\n3,c,3\n4,d\n5,e,3\n")
    assert unread == {2: "long_row", 4: "short_row"}
    assert [row[0] for row in rows] == ["1", "3", "5"]
    assert con.execute('SELECT list("row" ORDER BY "row") FROM raw').fetchone()[0] == [1, 3, 5]
    assert source.rows == 5
    assert {note.code: note.rows for note in source.notes if note.rows} == {"short_row": 1, "long_row": 1}


def test_a_trailing_separator_on_all_rows_b19(take):
    for header in ("id,text,n", "id,text,n,"):
        source, rows, _ = take(f"{header}\n1,a,3,\n2,b,4,\n")
        assert (source.headers, rows) == (("id", "text", "n"), [("1", "a", "3"), ("2", "b", "4")])
        assert "trailing_separator" in codes(source)
    assert refusal(take, "id,text,n\n1,a,3,9\n2,b,4,9\n").codes == ("shifted",)


def test_nul_b21(take):
    source, rows, _ = take(b"id,text\n1,a\0b\n2,c\n")
    assert rows[0] == ("1", "ab")
    assert "nul" in codes(source)


def test_titles_and_chatter_above_the_header_b22(take):
    for above in (
        "2026 年 1 月投诉报表\n\n",
        "Archive:  complaints.zip\n  inflating: it's \"here\n",
        "报表,,\n,,\n",
    ):
        source, rows, _ = take(above + CHINESE)
        assert source.headers == ("编号", "日期", "原因")
        assert len(rows) == 2
        assert "junk_lines" in codes(source)
    assert take("x,y\nz\nid,text\n1,2\n3,4\n", skip_lines=2)[0].headers == ("id", "text")


def test_totals_and_blank_rows_b23(take):
    source, rows, unread = take(
        "id,reason,n\n1,Total recall,10\n2,b,20\n小计,,30\n,,\n3,c,1\n,合计：,31\nTOTAL,,31\n"
    )
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert unread == {3: "total_row", 4: "blank_row", 6: "total_row", 7: "total_row"}
    assert source.rows == 7


def test_two_header_rows_b24(take):
    refused = refusal(take, "id,times,,text\n,received,closed,\n1,2026-01-02,2026-01-03,a\n")
    assert refused.codes == ("two_header_rows",)
    assert take("id,times,,text\nid,received,closed,text\n1,2026-01-02,2026-01-03,a\n", skip_lines=1)[
        0
    ].headers[1] == ("received")


def test_no_header_is_refused(take):
    assert refusal(take, "1,2026-01-02,9\n2,2026-01-03,9\n").codes == ("no_header",)


# ------------------------------------------------------------------------------------------- headers


def test_headers_are_tidied_b42(take):
    source, _, _ = take('\ufeff ＩＤ ,"received\nat",Re\u200bason\n1,2026-01-02,x\n')
    assert source.headers == ("ID", "received at", "Reason")
    assert "headers_cleaned" in codes(source)


@pytest.mark.parametrize("header", ["id,id,x", "id,ID,x", "complaint id,complaint_id,x", "ＩＤ,id,x"])
def test_duplicate_headers_are_refused_b44(take, header):
    assert refusal(take, f"{header}\n1,2,a\n").codes == ("duplicate_headers",)


def test_a_column_called_row_and_a_nameless_one(take, con):
    source, _, _ = take("row,,text\n9,7,a\n8,,b\n")
    assert source.headers == ("row (file)", "column 2", "text")
    assert "nameless_column" in codes(source)


def test_extra_and_many_columns_b46_b47_b49(take):
    source, rows, _ = take(
        ",".join(f"h{i}x" for i in range(500)) + "\n" + ",".join(["v"] * 499 + [""]) + "\n"
    )
    assert len(source.headers) == 500
    assert rows[0][498:] == ("v", None)


def test_names_that_would_run_are_names_b102_b103(take, con):
    header = '"x""); DROP TABLE raw; --","__import__(\'os\').system(\'id\')",`a`'
    source, rows, _ = take(f"{header}\n1,2,3\n")
    assert source.headers == ('x"); DROP TABLE raw; --', "__import__('os').system('id')", "`a`")
    assert rows == [("1", "2", "3")]


def test_ids_and_codes_stay_text_b50_b51_b52_b53(take):
    values = [
        "007",
        "110101199003070011",
        "11010119900307001X",
        "1E5",
        "3-4",
        "TRUE",
        "1_000",
        "0x1A",
        "NA",
        "NULL",
        "nan",
    ]
    _, rows, _ = take("code,x\n" + "".join(f"{value},\n" for value in values))
    assert [row[0] for row in rows] == values


def test_blanks_of_many_kinds_are_left_to_the_cleaning_b54(take):
    _, rows, _ = take("id,a,b\n1,-,N/A\n2,无,\u3000\n")
    assert rows == [("1", "-", "N/A"), ("2", "无", "\u3000")]


def test_quotes_with_backslashes_and_single_quotes(take):
    source, rows, _ = take('id,text\n1,"say \\"hi\\", x"\n2,"y"\n')
    assert rows[0] == ("1", 'say "hi", x')
    assert "backslash_quotes" in codes(source)
    assert take("'id','text'\n'1','a, b'\n'2','c'\n")[1][0] == ("1", "a, b")


# -------------------------------------------------------------------------------------------- Excel


def workbook(path, sheets, hidden=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    book.save(path)
    return path.read_bytes()


ROWS = [
    ["编号", "时间", "金额", "有效"],
    ["007", datetime(2026, 1, 2, 8, 5), 12.5, True],
    [188006, "2026/1/3", 3, None],
]


def test_a_sheet_as_text_b50_h29(take, tmp_path):
    source, rows, _ = take(workbook(tmp_path / "w.xlsx", {"投诉": [["一月报表"], [], *ROWS]}), "file.xlsx")
    assert (source.kind, source.sheet, source.rows) == ("excel", "投诉", 2)
    assert rows == [("007", "2026-01-02 08:05:00", "12.5", "TRUE"), ("188006", "2026/1/3", "3", None)]
    assert "junk_lines" in codes(source)


def test_long_numbers_have_lost_digits_b51_h30(take, tmp_path):
    content = workbook(
        tmp_path / "w.xlsx", {"a": [["id", "n"], ["110101199003070011", 1], [110101199003070011, 2]]}
    )
    source, rows, _ = take(content, "file.xlsx")
    assert rows[0][0] == "110101199003070011"
    assert next(note.rows for note in source.notes if note.code == "long_numbers") == 1


def test_several_and_hidden_sheets_b25(take, tmp_path):
    sheets = {"说明": [["a", "b"], ["x", "y"]], "投诉": ROWS, "旧": ROWS}
    content = workbook(tmp_path / "w.xlsx", sheets, hidden=["旧"])
    refused = refusal(take, content, "file.xlsx")
    assert refused.codes == ("several_sheets", "hidden_sheets")
    assert "说明" in refused.say("en")
    assert take(content, "file.xlsx", sheet="投诉")[0].rows == 2
    assert take(content, "file.xlsx", sheet="旧")[0].rows == 2
    assert refusal(take, content, "file.xlsx", sheet="新").codes == ("no_sheet",)
    source, _, _ = take(workbook(tmp_path / "w.xlsx", {"旧": ROWS, "投诉": ROWS}, hidden=["旧"]), "file.xlsx")
    assert (source.sheet, "hidden_sheets" in codes(source)) == ("投诉", True)


def test_formulas_without_values_b26(take, tmp_path):
    content = workbook(tmp_path / "w.xlsx", {"a": [["id", "n"], ["1", "=1+1"], ["2", 3]]})
    refused = refusal(take, content, "file.xlsx")
    assert (refused.codes, refused.problems[0].rows) == (("formulas",), 1)


def test_the_content_decides_not_the_name_b27(take, tmp_path):
    assert take(CHINESE, "file.xlsx")[0].kind == "csv"
    source, _, _ = take(workbook(tmp_path / "w.xlsx", {"a": ROWS}), "file.csv")
    assert (source.kind, "named_otherwise" in codes(source)) == ("excel", True)
    assert "HTML" in refusal(take, "<html><table><tr><td>1", "file.xls").say("en")


def test_broken_and_locked_workbooks_b29_b30(take, tmp_path):
    content = workbook(tmp_path / "w.xlsx", {"a": ROWS})
    assert refusal(take, content[: len(content) // 2], "file.xlsx").codes == ("broken",)
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    assert refusal(take, ole, "file.xlsx").codes == ("password",)


def sheet_xml(content, change, target):
    """The workbook with the XML of its first sheet changed."""
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part.filename, change(data) if part.filename.endswith("sheet1.xml") else data)
    return target.read_bytes()


def test_bombs_and_stray_cells_b32_b33(take, tmp_path):
    path = tmp_path / "w.xlsx"
    workbook(path, {"a": ROWS})
    stray = sheet_xml(
        path,
        lambda xml: xml.replace(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ),
        tmp_path / "stray.xlsx",
    )
    assert refusal(take, stray, "file.xlsx").codes == ("dimension",)
    blown = sheet_xml(path, lambda xml: xml + b" " * (110 << 20), tmp_path / "bomb.xlsx")
    assert len(blown) < 1 << 20
    assert refusal(take, blown, "file.xlsx").codes == ("bomb",)


def test_entities_in_a_workbook_b34(take, tmp_path):
    path = tmp_path / "w.xlsx"
    workbook(path, {"a": ROWS})
    laughs = sheet_xml(path, lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml, tmp_path / "x.xlsx")
    assert refusal(take, laughs, "file.xlsx").codes == ("doctype",)


def test_other_archives_b35(take, tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("../../x", "id,text\n")
        archive.writestr("y.csv", "id,text\n")
    assert refusal(take, (tmp_path / "two.zip").read_bytes(), "file.xlsx").codes == ("type",)


# ---------------------------------------------------------------------------- JSON, Parquet, gz, types


def test_json_lines(take, con):
    lines = [
        {
            "id": "007",
            "n": 110101199003070011,
            "who": {"name": "a", "deep": {"x": 1}},
            "tags": ["u"],
            "ok": True,
        },
        {"id": "8", "n": 1.50, "who": None, "late": "\ud800"},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"id": "9", \n[1]\n\n{"id": "10"}\n'
    source, rows, unread = take(text, "file.jsonl")
    assert source.headers == ("id", "n", "who.name", "who.deep", "tags", "ok", "who", "late")
    assert rows[0] == ("007", "110101199003070011", "a", '{"x": "1"}', '["u"]', "true", None, None)
    assert rows[1][1] == "1.5"
    assert (unread, source.rows) == ({3: "bad_json", 4: "bad_json"}, 5)


@pytest.mark.parametrize("wrap", ["{}", '{{"data": {}, "total": 2}}'])
def test_json_documents(take, wrap):
    records = json.dumps([{"id": "1", "x": None}, {"id": "2", "x": "y"}], indent=1)
    assert take(wrap.format(records), "file.json")[1] == [("1", None), ("2", "y")]
    assert refusal(take, wrap.format(records)[:-9], "file.json").codes == ("bad_json",)


def test_parquet_b29(take, con, tmp_path):
    con.execute(
        f"""COPY (SELECT '007' AS id, 188006.0 AS n, TIMESTAMP '2026-01-02 08:05:00' AS t, {{'a': 1}} AS s,
        TIMESTAMPTZ '2026-01-02 00:00:00+08' AS z) TO '{tmp_path / "p.parquet"}' (FORMAT parquet)"""
    )
    content = (tmp_path / "p.parquet").read_bytes()
    source, rows, _ = take(content, "file.parquet")
    assert source.kind == "parquet"
    assert rows[0][:4] == ("007", "188006.0", "2026-01-02 08:05:00", '{"a":1}')
    assert rows[0][4] == "2026-01-01 16:00:00Z"
    assert refusal(take, content[:100], "file.parquet").codes == ("broken",)


def test_gz_b29_b31(take):
    assert take(gzip.compress(CHINESE.encode("gbk")), "file.csv.gz")[0].encoding == "gb18030"
    assert refusal(take, gzip.compress(CHINESE.encode())[:-12], "file.csv.gz").codes == ("broken",)
    bomb = gzip.compress(b"a,b\n" + b"x" * (70 << 20), 6)
    assert refusal(take, bomb, "file.csv.gz").codes == ("bomb",)


def test_types_that_run_code_are_refused_b36(take):
    assert refusal(take, pickle.dumps({"a": 1}), "file.csv").codes == ("type",)
    assert refusal(take, "import os\n", "file.py").codes == ("type",)
    assert refusal(take, "a: !!python/object/apply:os.system ['id']\n", "file.yaml").codes == ("type",)


@pytest.mark.parametrize(
    "path", ["https://example.org/a.csv", "s3://b/a.csv", "file:///etc/hostname", "nowhere.csv", "."]
)
def test_only_plain_files_b37_b38(con, path):
    with pytest.raises(Refused):
        read(path, ANY, con)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_pipes_and_devices_b38(con, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", "/dev/zero"):
        with pytest.raises(Refused) as caught:
            read(path, ANY, con)
        assert caught.value.codes == ("not_a_file",)


@pytest.mark.skipif(os.name == "nt", reason="these names are not allowed on Windows")
@pytest.mark.parametrize(
    "name", ["<script>.csv", "a\nb.csv", "\u202ex.csv", "a[1]*?.csv", "x'y\".csv", "長" * 80 + ".csv"]
)
def test_odd_file_names_b39(take, name):
    assert take(CHINESE, name)[0].rows == 2
    said = refusal(take, b"", name).say("en")
    assert "\n- " in said
    assert said.count("\n") == 1
    assert "\u202e" not in said


def test_a_refusal_lists_everything_and_never_text():
    refused = Refused(
        "a.csv", Note("x", Words("甲{n}", "A{n}"), values={"n": "{boom}"}), Note("y", Words("乙", "B"))
    )
    assert refused.say("zh").splitlines()[1:] == ["- 甲{boom}", "- 乙"]
    assert (refused.codes, refused.exit_code) == (("x", "y"), 3)


# --------------------------------------------------------------------------------------- properties

cell = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffd"), min_size=1, max_size=12
).map(str.strip).filter(bool)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8), end=st.sampled_from(["\n", "\r\n"])
)
def test_what_was_written_is_read(take, rows, end):
    rows = [("k" + a, b, c + end) for a, b, c in rows]
    text = end.join(
        ",".join('"' + v.replace('"', '""') + '"' for v in row) for row in [("id", "b", "c"), *rows]
    )
    source, found, unread = take(text, delimiter=",")
    assert (found, unread, source.rows) == (rows, {}, len(rows))


def test_headers_are_known_before_the_file_is_read(take, tmp_path):
    for name, content in (
        ("a.csv", CHINESE.encode("gbk")),
        (
            "a.xlsx",
            workbook(
                tmp_path / "w.xlsx", {"a": [["标题"], ["编号", "日期", "原因"], ["1", "2026-01-02", "x"]]}
            ),
        ),
        ("a.jsonl", '{"编号": 1, "日期": 2}\n{"原因": 3}\n'.encode()),
    ):
        source, _, _ = take(content, name)
        assert read_headers(tmp_path / name) == source.headers == ("编号", "日期", "原因")


# ---------------------------------------------------------------------------------------- real files


@pytest.mark.skipif(not SHARED.exists(), reason="the real files are not here")
def test_the_real_files_are_read_whole(con):
    for name, rows, columns in (
        ("cfpb/cfpb_sample_18_columns.csv", 6623, 18),
        ("telecom_us_2015/comcast_telecom_complaints_2015.csv", 2224, 11),
        ("gov_messages_zh/messages_2019.xlsx", 4326, 7),
        ("gov_messages_zh/messages_labelled_495.xlsx", 495, 6),
        ("bank_calls_1999/anonymous_bank_1999_02.tsv", 33344, 17),
        ("permit_receipt_log/receipt.csv", 8577, 15),
    ):
        source = read(SHARED / name, ANY, con)
        assert (source.rows, len(source.headers)) == (rows, columns), name
        assert con.execute("SELECT count(*) FROM unread").fetchone() == (0,)
    read(SHARED / "cfpb/cfpb_sample_18_columns.csv", ANY, con)
    assert con.execute('SELECT count("Consumer complaint narrative") FROM raw').fetchone() == (1532,)
