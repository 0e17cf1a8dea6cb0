"""The forms: written with headings and lists, filled, and read back with every mistake named by its cell."""

from datetime import datetime

import openpyxl
import pandas as pd
import pytest

from complaintlib.book import Book
from complaintlib.causes import load_causes
from complaintlib.forms import check_form, write_forms
from complaintlib.forms.fields import CONDUCT, FIXED, FORMS
from complaintlib.intake.profile import pick_profile
from complaintlib.period import Period
from complaintlib.taxonomies import load_taxonomies, load_taxonomy
from complaintlib.words import Trouble, label

PERIOD = Period("2026-10")
TITLES = {"zh": ("投诉登记表", "整改措施单"), "en": ("Complaint register", "Action sheet")}


def complaints():
    rows = [
        ("a1", "2026-10-02 09:00", "late_delivery", "east", "major", "2026-10-03 10:00"),
        ("a2", "2026-10-05 09:00", "late_delivery", "south", "routine", None),
        ("a3", "2026-10-07 09:00", "address_error", "east", "general", "2026-11-03 10:00"),
        ("a4", "2026-09-07 09:00", "late_delivery", "east", "general", None),
        ("a5", "2025-10-07 09:00", "damaged", "east", "urgent", "2025-10-09 10:00"),
    ]
    frame = pd.DataFrame(
        rows, columns=["complaint_id", "received_at", "reason", "region", "severity", "closed_at"]
    )
    times = {c: pd.to_datetime(frame[c]).astype("datetime64[us]") for c in ("received_at", "closed_at")}
    return frame.assign(**times, channel="hotline")  # fmt: skip


@pytest.fixture(scope="module", params=["zh", "en"])
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"forms-{request.param}")
    write_forms(folder, Book.of(complaints=complaints()), PERIOD, request.param)
    return folder, request.param


def fill(folder, name, cells, out, sheet=0):
    """A copy of the form with the cells filled as a person would."""
    book = openpyxl.load_workbook(folder / f"{name}.xlsx")
    target = book.worksheets[sheet]
    for cell, value in cells.items():
        target[cell] = value
    book.save(out)
    return out


def column(folder, name, head, sheet=0):
    """The letter of the column with that heading."""
    row = openpyxl.load_workbook(folder / f"{name}.xlsx").worksheets[sheet][3]
    return next(cell.column_letter for cell in row if str(cell.value).removesuffix(" *") == head)


def test_every_form_has_headings_and_lists_and_comes_back_empty_without_mistakes(written):
    folder, lang = written
    for form in FORMS:
        book = openpyxl.load_workbook(folder / f"{form.name}.xlsx")
        for sheet, target in zip(form.sheets, book.worksheets, strict=False):
            assert target.title == sheet.title[lang]
            heads = [str(cell.value).removesuffix(" *") for cell in target[3]]
            assert heads == [field.words[lang] for field in sheet.fields]
            assert len(set(heads)) == len(heads)
        assert check_form(folder / f"{form.name}.xlsx").mistakes == ()
    assert {path.stem for path in folder.iterdir()} == {form.name for form in FORMS} | {
        "statistics",
        "replies",
    }


def test_a_drop_down_list_offers_the_words_of_the_codes_in_the_data(written):
    folder, lang = written
    book = openpyxl.load_workbook(folder / "register.xlsx")
    at = column(folder, "register", {"zh": "投诉原因", "en": "Reason"}[lang])
    rule = next(
        v for v in book.worksheets[0].data_validations.dataValidation if str(v.sqref).startswith(f"{at}4")
    )
    sheet, cells = rule.formula1.replace("$", "").replace("'", "").split("!")
    offered = [row[0].value for row in book[sheet][cells]]
    assert offered == [label("reason", code, lang) for code in ("address_error", "damaged", "late_delivery")]


def good_row(lang):
    channel, reason, grade = (
        ("热线", "地址错误", "一般") if lang == "zh" else ("Hotline", "Address error", "General")
    )
    return {"A": "T-1", "B": datetime(2026, 11, 2, 9, 30), "C": channel, "E": reason, "G": grade}


def test_a_filled_register_comes_back_in_codes(written, tmp_path):
    folder, lang = written
    path = fill(folder, "register", {f"{c}4": v for c, v in good_row(lang).items()}, tmp_path / "r.xlsx")
    checked = check_form(path)
    assert checked.mistakes == () and checked.rows == 1
    row = checked.tables["complaints"].iloc[0].dropna().to_dict()
    assert row == {"complaint_id": "T-1", "received_at": pd.Timestamp("2026-11-02 09:30"), "channel": "hotline",
                   "reason": "address_error", "severity": "general"}  # fmt: skip


def test_each_mistake_is_named_by_its_cell(written, tmp_path):
    folder, lang = written
    closed, status = ({"zh": ("结案时间", "状态"), "en": ("Closed", "Status")})[lang]
    at, state = column(folder, "register", closed), column(folder, "register", status)
    row = good_row(lang)
    cells = {f"{c}{line}": v for line in (4, 5, 6, 8) for c, v in row.items()}
    cells |= {
        "A5": "T-1",  # used twice
        "B5": "31/02/2026",
        "A6": None,  # missing
        "B6": 46310,  # a number where a date is due
        "C6": "fax",
        "E6": "late_deliverry",  # nearly right
        "A8": "T-8",
        f"{at}8": "2026-11-01",  # before it was received
        f"{state}4": label("status", "closed", lang),  # closed, without a time
    }
    checked = check_form(fill(folder, "register", cells, tmp_path / "r.xlsx"))
    found = {m.cell: m.words[lang] for m in checked.mistakes}
    assert list(found) == [f"{at}4", "A5", "B5", "A6", "B6", "C6", "E6", f"{at}8"]
    assert "2026-10-31" in found["B5"] and "31/02/2026" in found["B5"]  # what is there, and what is expected
    assert "46310" in found["B6"]
    assert "late_delivery" in found["E6"]
    assert "A4" in found["A5"] and "B8" in found[f"{at}8"] and f"{state}4" in found[f"{at}4"]
    assert {m.sheet for m in checked.mistakes} == {TITLES[lang][0]}
    assert checked.mistakes[0].say(lang).startswith(f"{TITLES[lang][0]}!{at}4")


def test_cells_keep_their_names_when_lines_were_put_in_above_and_columns_moved(written, tmp_path):
    folder, lang = written
    book = openpyxl.load_workbook(folder / "register.xlsx")
    sheet = book.worksheets[0]
    for cell, value in good_row(lang).items():
        sheet[f"{cell}4"] = value
    sheet["B4"] = "soon"
    sheet.insert_rows(1, 2)
    sheet.insert_cols(1)
    book.save(tmp_path / "moved.xlsx")
    assert [m.cell for m in check_form(tmp_path / "moved.xlsx").mistakes] == ["C6"]


def test_an_unknown_and_a_missing_heading_are_mistakes(written, tmp_path):
    folder, lang = written
    path = fill(folder, "register", {"C3": "Farbe"}, tmp_path / "r.xlsx")
    found = check_form(path).mistakes
    assert found[0].cell == "C3" and "Farbe" in found[0].words[lang]
    assert {"zh": "渠道", "en": "Channel"}[lang] in found[1].words[lang]


def test_the_action_sheet_reads_filters_shares_and_days(written, tmp_path):
    folder, lang = written
    heads = [f.words[lang] for f in FORMS[1].sheets[0].fields]
    at = {
        f.name: column(folder, "actions", head)
        for f, head in zip(FORMS[1].sheets[0].fields, heads, strict=True)
    }
    row = {"action_id": "M-1", "title": "t", "owner": "x", "target": "投诉原因=地址错误；地区=华东", "expected_change": "-30%",
           "due_on": "2026-12-01", "status": label("status", "planned", lang)}  # fmt: skip
    cells = {f"{at[name]}4": value for name, value in row.items()}
    wrong = {"action_id": "M-2", "title": "t", "owner": "x", "target": "reason=lost", "expected_change": -30,
             "due_on": "2026-13-01", "status": label("status", "done", lang)}  # fmt: skip
    cells |= {f"{at[name]}5": value for name, value in wrong.items()}
    checked = check_form(fill(folder, "actions", cells, tmp_path / "a.xlsx"))
    first = checked.tables["actions"].iloc[0]
    assert first["target"] == "reason=address_error;region=east" and first["expected_change"] == -0.3
    assert {m.cell for m in checked.mistakes} == {f"{at[n]}5" for n in ("target", "expected_change", "due_on", "started_on", "done_on")}  # fmt: skip


def test_kept_files_are_taken_in_by_the_kit(written, tmp_path):
    folder, lang = written
    path = fill(folder, "register", {f"{c}4": v for c, v in good_row(lang).items()}, tmp_path / "r.xlsx")
    check_form(path).keep(tmp_path / "register.csv")
    kept = pd.read_csv(tmp_path / "register.csv", encoding="utf-8-sig")
    assert pick_profile("register.csv", kept.columns).name == "generic"
    assert kept.loc[0, "reason"] == "address_error"
    fields = [f.name for f in FORMS[1].sheets[0].fields]
    assert pick_profile("actions.csv", fields).name == "form_actions"
    audits = [f.name for f in FORMS[3].sheets[0].fields]
    assert pick_profile("conduct.csv", audits).name == "form_conduct"


def test_text_that_looks_like_a_formula_is_kept_as_text(written, tmp_path):
    folder, lang = written
    at = column(folder, "register", {"zh": "投诉内容", "en": "What happened"}[lang])
    book = openpyxl.load_workbook(fill(folder, "register", {f"{c}4": v for c, v in good_row(lang).items()}, tmp_path / "r.xlsx"))  # fmt: skip
    cell = book.worksheets[0][f"{at}4"]
    cell.value, cell.data_type = "=HYPERLINK(1)", "s"
    book.save(tmp_path / "r.xlsx")
    check_form(tmp_path / "r.xlsx").keep(tmp_path / "out.csv")
    assert "'=HYPERLINK(1)" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def causes_cells(folder, lang):
    diagrams, causes = FORMS[2].sheets
    at = [
        {f.name: column(folder, "causes", f.words[lang], n) for f in s.fields}
        for n, s in enumerate((diagrams, causes))
    ]
    return at  # fmt: skip


def test_the_cause_sheet_becomes_the_causes_form(written, tmp_path):
    folder, lang = written
    top, low = causes_cells(folder, lang)
    diagram = {"id": "d1", "kind": label("diagram_kind", "cause", lang), "problem_zh": "派送\"延误\"", "problem_en": "Late \\ slow",
               "evidence": "reason=late_delivery", "families": "production"}  # fmt: skip
    cause = {"id": "c1", "diagram": "d1", "family": label("family", "people", lang), "words_zh": "人少", "words_en": "Too few",
             "evidence": "region=east", "owner": "lead", "confidence": label("confidence", "likely", lang)}  # fmt: skip
    path = fill(folder, "causes", {f"{top[k]}4": v for k, v in diagram.items()}, tmp_path / "c.xlsx")
    book = openpyxl.load_workbook(path)
    for name, value in cause.items():
        book.worksheets[1][f"{low[name]}4"] = value
    book.save(path)
    checked = check_form(path)
    assert checked.mistakes == ()
    checked.keep(tmp_path / "causes.toml")
    form = load_causes(tmp_path / "causes.toml")
    assert form.diagrams[0].problem.zh == '派送"延误"' and form.diagrams[0].problem.en == "Late \\ slow"
    assert (form.causes[0].family, form.causes[0].confidence) == ("people", "likely")
    book.worksheets[1][f"{low['diagram']}4"] = "d2"
    book.worksheets[1][f"{low['parent']}4"] = "c9"
    book.save(path)
    assert [m.cell for m in check_form(path).mistakes] == [f"{low['diagram']}4", f"{low['parent']}4"]


def test_the_statistics_form_adds_up(written):
    folder, lang = written
    book = openpyxl.load_workbook(folder / "statistics.xlsx")
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=4)]
    late = label("reason", "late_delivery", lang)
    assert [row[0] for row in rows] == [late, *(label("reason", c, lang) for c in ("address_error", "damaged")),
                                        {"zh": "合计", "en": "Total"}[lang]]  # fmt: skip
    # complaints, share, before, more or fewer, a year ago, open at the end, then major to routine; counted by hand
    assert rows[0][1:11] == [2, pytest.approx(2 / 3), 1, 1, 0, 2, 1, 0, 0, 1]
    assert rows[1][1:11] == [1, pytest.approx(1 / 3), 0, 1, 0, 1, 0, 0, 1, 0]
    assert rows[2][1:11] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert rows[3][1:11] == [3, 1, 1, 2, 1, 3, 1, 0, 1, 1]


def test_the_statistics_form_has_a_sheet_for_each_taxonomy_that_adds_up_to_the_reasons(written):
    folder, lang = written
    sheets = {sheet.title: sheet for sheet in openpyxl.load_workbook(folder / "statistics.xlsx").worksheets}
    by_reason = [
        row[1]
        for row in sheets[{"zh": "投诉原因", "en": "Reason"}[lang]].iter_rows(min_row=4, values_only=True)
    ]
    for taxonomy in load_taxonomies().values():
        rows = list(sheets[taxonomy.words[lang]].iter_rows(min_row=4, values_only=True))
        assert (
            sum(row[1] for row in rows[:-1] if not row[0].startswith("\u3000"))
            == rows[-1][1]
            == by_reason[-1]
        )
    rows = {
        row[0]: row
        for row in sheets[load_taxonomy("nature").words[lang]].iter_rows(min_row=4, values_only=True)
    }
    service, time = ({"zh": ("服务", "时效"), "en": ("Service", "Timeliness")})[lang]
    # two late deliveries and an address error of three complaints, one late delivery the month before; by hand
    assert rows[service][1:7] == (3, 1, 1, 2, 0, 3)
    assert rows[f"\u3000{time}"][1:7] == (2, pytest.approx(2 / 3), 1, 1, 0, 2)
    assert rows[service][11] == load_taxonomy("nature").find("service").pain[lang] and rows[service][12]


def test_a_partial_period_is_not_compared(tmp_path):
    write_forms(tmp_path, Book.of(complaints=complaints()), Period.parse("2026-10", as_of="2026-10-06"), "en")
    sheet = openpyxl.load_workbook(tmp_path / "statistics.xlsx").worksheets[0]
    assert [sheet.cell(4, at).value for at in (2, 4, 5, 6)] == [2, None, None, None]
    assert "not over" in sheet["A2"].value


def test_replies_have_four_parts_for_every_reason_and_grade(written):
    folder, _ = written
    rows = list(
        openpyxl.load_workbook(folder / "replies.xlsx").worksheets[0].iter_rows(min_row=4, values_only=True)
    )
    assert len(rows) == 3 * 4 and all(all(part) for part in rows)
    assert len({row[:2] for row in rows}) == len(rows)
    times = {row[4] for row in rows if row[0] == rows[0][0]}
    assert len(times) == 4  # each grade has its own promise


def test_the_six_donts_are_codes_with_words():
    assert len(CONDUCT) == 6 and FIXED["label"] == (*CONDUCT, "none")
    assert all(label("conduct", code, lang) != code for code in FIXED["label"] for lang in ("zh", "en"))


def test_what_is_no_form_is_refused(tmp_path, written):
    folder, _ = written
    with pytest.raises(Trouble) as refused:
        check_form(folder / "replies.xlsx")
    assert refused.value.exit_code == 3
    (tmp_path / "x.xlsx").write_bytes(b"no workbook")
    with pytest.raises(Trouble):
        check_form(tmp_path / "x.xlsx")
    with pytest.raises(Trouble):
        check_form(tmp_path / "absent.xlsx")
