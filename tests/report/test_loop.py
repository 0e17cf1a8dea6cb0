"""The loop on the front page: overdue and undone measures, findings without a measure, suggestions marked as such."""

from html import unescape

import pandas as pd
import pytest
from made import recipe, step
from test_deliver import delivered, found, outcome

from complaintlib.countermeasures import load_countermeasures
from complaintlib.period import Period
from complaintlib.report.content import Report
from complaintlib.report.loop import categories, loop

CATALOGUE = load_countermeasures()


def register(*rows):
    names = ["action_id", "title", "status", "verdict", "days_overdue", "due_on", "department", "target"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(due_on=pd.to_datetime(frame["due_on"]))


LATE = ("m1", "Write to all", "in_progress", "none", 40.0, "2026-09-22", "claims", "reason=damaged")
LATER = ("m2", "Call back", "planned", "none", 3.0, "2026-10-29", "finance", "reason=refund_slow")
TO_COME = (
    "m3",
    "Check labels",
    "planned",
    "none",
    None,
    "2026-12-01",
    "delivery",
    "reason=address_error;region=east",
)
DONE = ("m4", "Ice packs", "done", "not_shown", None, "2026-01-01", "claims", "reason=spoiled_food")
JUST_DONE = ("m5", "New codes", "done", "too_early", None, "2026-10-01", "it", "reason=pickup_code_invalid")
STOPPED = ("m6", "Courtesy", "cancelled", "none", None, "2026-01-01", "it", "reason=rude_agent")


def report(findings, *rows, lang="en", by="reason"):
    tables = {"actions": register(*rows)} if rows else {}
    outcomes = {"trend": outcome(*findings), "effect": outcome(tables=tables)}
    steps = recipe(step("trend", by=by), step("effect"), tiles=None)
    return Report(steps, Period("2026-10"), lang, outcomes, {"n": 5, "n_all": 9})


def told(findings, *rows, **more):
    return {line["reason"]: line for line in loop(report(findings, *rows, **more))["reasons"]}


def test_overdue_measures_come_first_by_days_and_those_to_come_by_day():
    shown = loop(report([], TO_COME, LATER, LATE, DONE, STOPPED))
    assert [m["title"] for m in shown["overdue"]] == ["Write to all", "Call back"]
    assert shown["overdue"][0]["says"] == "Claims, due 22 Sept 2026, 40 days late (In progress)"
    assert [m["title"] for m in shown["undone"]] == ["Check labels"]
    assert shown["step"] == "effect"


def test_a_finding_is_bare_unless_a_measure_about_it_is_under_way():
    findings = [
        found("trend.above", code=code)
        for code in ("damaged", "spoiled_food", "pickup_code_invalid", "rude_agent", "no_contact")
    ]
    lines = told(findings, LATE, DONE, JUST_DONE, STOPPED)
    bare = {name for name, line in lines.items() if line["bare"]}
    assert bare == {
        "Spoiled food",
        "Rude agent",
        "Cannot be reached",
    }  # done long ago, cancelled, never begun
    assert list(lines)[:3] == ["Spoiled food", "Rude agent", "Cannot be reached"]  # these first
    assert "Write to all" in lines["Damaged parcel"]["measure"]
    assert (
        "Ice packs" in lines["Spoiled food"]["measure"]
        and "no effect shown" in lines["Spoiled food"]["measure"]
    )
    assert lines["Rude agent"]["measure"] == "no measure yet"  # fmt: skip


@pytest.mark.parametrize(("region", "bare"), [("east", False), ("south", True)])
def test_a_measure_for_another_place_is_none_for_this_one(region, bare):
    lines = told([found("hotspots.cell", reason="address_error", region=region)], TO_COME)
    assert lines["Address error"]["bare"] is bare


def test_without_a_register_nothing_is_called_bare_and_it_is_said():
    shown = loop(report([found("trend.above", code="damaged")]))
    assert not shown["reasons"][0]["bare"] and shown["reasons"][0]["measure"] == ""
    assert "no register" in shown["note"]


def test_where_an_edition_leaves_the_targets_out_nothing_is_called_bare():
    hidden = (*LATE[:-1], None)
    shown = loop(report([found("trend.above", code="damaged")], hidden))
    assert not shown["reasons"][0]["bare"] and shown["note"] and shown["overdue"]


def test_only_findings_that_ask_for_attention_and_name_a_reason_get_suggestions():
    findings = [
        found("trend.above", code="damaged"),
        found("trend.falling", "good", code="refund_slow"),
        found("trend.note", "note", code="billing_error"),
        found("effect.partly", reason="late_delivery"),
        found("trend.total", "act"),
    ]
    assert list(told(findings)) == ["Damaged parcel"]
    assert told([found("trend.above", code="east")], by="region") == {}


def test_categories_of_a_finding():
    finding = found("x", code="damaged", region="east", period="2026-10", share=0.2, product="(blank)")
    assert categories(finding, "reason") == {"reason": "damaged", "region": "east"}
    assert categories(finding, "") == {"region": "east"}


def test_the_front_page_marks_suggestions_as_such_in_both_languages(tmp_path):
    finding = found("trend.above", reason="damaged")
    for lang, said, marked in (("zh", "措施", "建议"), ("en", "Measures", "suggestion")):
        _, _, page = delivered(tmp_path, {"trend": outcome(finding), "effect": outcome(tables={"actions": register(LATE)})}, lang=lang)  # fmt: skip
        part = unescape(page[page.index('id="measures"') : page.index('id="pages"')])
        own = CATALOGUE.candidates("damaged")
        assert said in part and "Write to all" in part
        assert part.count(f'class="mark">{marked}') == len(own) == sum(one.words[lang] in part for one in own)


def test_a_page_with_neither_measures_nor_reasons_has_no_such_section(tmp_path):
    *_, page = delivered(tmp_path, {"trend": outcome(found("trend.total"))})
    assert 'id="measures"' not in page
