"""What a report says and never lets out, on outcomes made by hand: no kernel is started."""

import json
import stat
import time

import nbformat
import pandas as pd
import pytest
from made import NOTEBOOKS, recipe, step
from nbformat.v4 import new_output

from complaintlib.period import Period
from complaintlib.report.content import Report
from complaintlib.report.deliver import deliver
from complaintlib.report.execute import FAILED, NOT_MEASURED, WHOLE, Outcome
from complaintlib.report.folder import Folder, write
from complaintlib.report.shelf import shelf
from complaintlib.report.steps import _key
from complaintlib.report.verify import verify
from complaintlib.result import packed
from complaintlib.words import Trouble, Words

NO_REASON = Words("", "")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def found(key, level="watch", weight=0.5, head="Something", tail=" happened.", **values):
    words = {"head": {"zh": f"{head}", "en": head}, "tail": {"zh": "。", "en": tail}}
    return {"key": key, "level": level, "weight": weight, "values": values} | words


def outcome(*findings, html="<p>fine</p>", status=WHOLE, tables=None, alt="A bar"):
    notebook = nbformat.read(NOTEBOOKS / "toy.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id == "result":
            cell.outputs = [new_output("display_data", {"text/html": html})]
        if cell.id == "picture":
            cell.outputs = [
                new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": alt}})
            ]
    content = {
        "method": "toy",
        "findings": list(findings),
        "tables": {k: packed(v) for k, v in (tables or {}).items()},
    }
    reason = NO_REASON if status == WHOLE else Words("原因", "the reason")
    return Outcome(status, notebook, content if status == WHOLE else {}, reason)


def report(outcomes, period="2026-10", lang="en", **more):
    steps = recipe(*(step(name) for name in outcomes), pictures=tuple(outcomes)[:1], tiles=None)
    return Report(steps, Period(period), lang, outcomes, {"n": 5, "n_all": 9}, "feed" * 16, **more)


def delivered(tmp_path, outcomes, **more):
    one = report(outcomes, **more)
    place = Folder(tmp_path, f"toys-{one.period.text}-{one.lang}")
    place.clear(keep_work=False)
    folder, after = deliver(one, place, {"title": one.title, "only": []}, time.monotonic())
    return folder, after, (folder / "index.html").read_text(encoding="utf-8")


def test_pv01_personal_data_anywhere_stops_the_delivery_without_being_repeated(tmp_path):
    for bad in (
        {"toy": outcome(html="<p>call 13800138000</p>")},
        {"toy": outcome(found("toy.x", head="call 138-0013-8000"))},
        {"toy": outcome(tables={"counts": pd.DataFrame({"reason": ["a@example.com"]})})},
        {"toy": outcome(alt="call 13800138000")},
    ):
        with pytest.raises(Trouble) as caught:
            delivered(tmp_path, bad)
        assert caught.value.exit_code == 4 and "(" in caught.value.say("en")
        assert "8000" not in caught.value.say("en") and "example.com" not in caught.value.say("zh")
    assert not [p for p in tmp_path.iterdir() if not p.name.startswith(".")]


def test_a_case_number_that_looks_like_a_phone_is_none(tmp_path):
    cases = pd.DataFrame({"complaint_id": ["13800138000"], "n": [13900139000]})
    folder, *_ = delivered(tmp_path, {"toy": outcome(html="<p>13800138000</p>", tables={"examples": cases})})
    assert verify(folder) == []


def test_the_front_page_orders_limits_and_links_its_sentences(tmp_path):
    many = [found("toy.a", "watch", weight, f"W{weight}") for weight in (0.1, 0.2, 0.3, 0.4)]
    many += [found("toy.a", "act", 0.1, "A"), found("toy.a", "act", 0.1, "A")]
    others = [found("o.a", "good", 0.9, "G"), found("o.b", "note", 0.6, "N"), found("o.c", "note", 0.7, "M")]
    others.append(found("o.d", "note", 0.4, "only of use on its page"))
    *_, page = delivered(tmp_path, {"toy": outcome(*many), "other": outcome(*others)})
    five = page[page.index('<ol class="five">') : page.index("</ol>")]
    heads = [part.partition("</b>")[0] for part in five.split("<b>")[1:]]
    assert heads == [
        "A",
        "W0.4",
        "W0.3",
        "G",
        "M",
    ]  # a key once and two of each method first, then what is left
    assert 'href="pages/toy.html"' in five and "In five sentences" in page


def test_marks_new_again_and_gone_against_the_period_before(tmp_path):
    names = {"reason": "late"}
    delivered(
        tmp_path,
        {"toy": outcome(found("toy.up", head="Late up", n=3, **names), found("toy.dead", head="Chat dead"))},
        period="2026-09",
    )
    before = json.loads((tmp_path / "toys-2026-09-en" / "findings.json").read_text(encoding="utf-8"))
    now = outcome(
        found("toy.up", head="Late up", n=7, **names), found("toy.up", head="Lost up", n=7, reason="lost")
    )
    _, _, page = delivered(tmp_path, {"toy": now}, before=before)
    assert page.count(">again</span>") == 1 and page.count(">new</span>") == 1
    assert "No longer there since the last report</b>: Chat dead" in page
    assert "against the report of September 2026" in page
    failed = outcome(status=FAILED)
    _, _, page = delivered(tmp_path, {"toy": failed}, before=before)
    assert "Chat dead" not in page  # a page that failed says nothing of what is gone


def test_restated_numbers_are_said_and_the_same_data_say_them_again(tmp_path):
    def history(value):
        frame = pd.DataFrame(
            {"period": ["2026-09", "2026-10"], "indicator": ["received"] * 2, "value": [value, 5.0]}
        )
        return {"headline": outcome(tables={"history": frame})}

    def run(value, data, earlier):
        one = report(history(value), earlier=earlier)
        steps = recipe(step("headline"), pictures=())
        one = Report(steps, one.period, "en", one.outcomes, one.seen, data, earlier)
        place = Folder(tmp_path, "toys-2026-10-en")
        place.clear(keep_work=False)
        deliver(one, place, {"title": one.title, "only": []}, time.monotonic())
        files = {
            p: p.read_bytes() for p in (tmp_path / "toys-2026-10-en").rglob("*.*") if p.name != "run.json"
        }
        return json.loads((tmp_path / "toys-2026-10-en" / "findings.json").read_text(encoding="utf-8")), files

    first, files = run(10.0, "a", None)
    same, again = run(10.0, "a", first)
    assert files == again and b'id="restated"' not in files[tmp_path / "toys-2026-10-en" / "index.html"]
    changed, files = run(12.0, "b", same)
    page = files[tmp_path / "toys-2026-10-en" / "index.html"].decode("utf-8")
    assert "the data changed: 1." in page and 'id="restated"' in page and "September 2026" in page
    assert changed["restated"]["rows"] == [["received", "2026-09", 10.0, 12.0]]
    _, again = run(12.0, "b", changed)
    assert files == again


def test_a_partial_period_is_said(tmp_path):
    one = report({"toy": outcome()})
    half = Report(one.recipe, Period.parse("2026-10", as_of="2026-10-15 12:00"), "zh", one.outcomes, one.seen)
    place = Folder(tmp_path, "toys")
    place.clear(keep_work=False)
    folder, _ = deliver(half, place, {"title": "x", "only": []}, time.monotonic())
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "只看到 31 天中的前 14.5 天" in page and "数据截至 2026年10月15日 12:00" in page


def test_a_step_that_is_not_measured_is_grey_and_the_report_whole(tmp_path):
    folder, _, page = delivered(
        tmp_path, {"toy": outcome(found("toy.a")), "nps": outcome(status=NOT_MEASURED)}
    )
    assert folder.name == "toys-2026-10-en" and 'class="not_measured"' in page and 'role="alert"' not in page


def test_f23_a_link_in_the_report_s_place_is_replaced_and_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "toys-2026-10-en").symlink_to(victim)
    folder, *_ = delivered(tmp_path, {"toy": outcome(found("toy.a"))})
    assert not folder.is_symlink() and [p.name for p in victim.iterdir()] == ["file"]


def test_f28_a_report_that_was_being_replaced_comes_back(tmp_path):
    folder, *_ = delivered(tmp_path, {"toy": outcome(found("toy.a"))})
    folder.rename(tmp_path / ".old-toys-2026-10-en")  # as after a kill between two renames
    place = Folder(tmp_path, "toys-2026-10-en")
    place.clear(keep_work=False)
    assert verify(folder) == [] and not place.old.exists()


@pytest.mark.parametrize("part", ["index.html", "tables/toy.counts.csv", "run.json"])
def test_f53_what_was_changed_after_delivery_is_found(tmp_path, part):
    folder, *_ = delivered(
        tmp_path, {"toy": outcome(found("a"), tables={"counts": pd.DataFrame({"n": [1]})})}
    )
    content = (folder / part).read_bytes()
    (folder / part).write_bytes(content.replace(b"</html>", b"<script>alert(1)</script></html>") + b" {")
    said = " ".join(problem.say("en") for problem in verify(folder))
    assert {"run.json": "missing or damaged"}.get(part, f"{part}: was changed after delivery") in said
    assert ("holds a script" in said) == (part == "index.html")


def test_f53_missing_and_foreign_files_are_found(tmp_path):
    folder, *_ = delivered(tmp_path, {"toy": outcome(found("toy.a"))})
    (folder / "pages" / "toy.html").unlink()
    (folder / "more.txt").write_text("x", encoding="utf-8")
    assert {p.say("zh") for p in verify(folder)} == {"pages/toy.html：文件缺失", "more.txt：不属于这份报告"}


def test_f29_a_folder_without_its_run_json_is_on_the_shelf_as_missing(tmp_path):
    delivered(tmp_path, {"toy": outcome(found("toy.a"))})
    (tmp_path / "broken").mkdir()
    page = shelf(tmp_path).decode("utf-8")
    assert (
        "缺失或损坏 · missing or damaged" in page
        and "Toys in October 2026" in page
        and "完整 · whole" in page
    )


def test_an_empty_shelf_says_so(tmp_path):
    assert "There are no reports yet" in shelf(tmp_path).decode("utf-8")


def test_a_finished_step_is_kept_only_for_its_own_key(tmp_path):
    place = Folder(tmp_path, "toys")
    place.clear(keep_work=False)
    done = outcome(found("toy.a"))
    place.keep("toy", "key", done)
    assert (
        place.kept("toy", "key") == done
        and place.kept("toy", "other") is None
        and place.kept("toi", "key") is None
    )
    given = {"period": "2026-10", "lang": "en"}
    keys = {
        _key(step("toy"), given, "data", "code"),
        _key(step("toy", by="product"), given, "data", "code"),
        _key(step("toy"), given | {"lang": "zh"}, "data", "code"),
        _key(step("toy"), given, "other data", "code"),
        _key(step("toy"), given, "data", "other code"),
    }
    assert len(keys) == 5


def test_h63_a_file_is_not_written_through_a_link(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(OSError):
        write(tmp_path / "link", b"theirs")
    write(tmp_path / "file", b"ours")
    assert victim.read_text(encoding="utf-8") == "mine"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
