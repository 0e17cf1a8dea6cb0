"""From a finished run to the files of its report: written beside, checked in their final bytes, renamed when whole."""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..words import Trouble, Words, listed
from .content import Report, findings_json
from .execute import FAILED, WHOLE, Outcome, without_outputs
from .folder import Folder, sync, write
from .gates import problems_in
from .index import front_page, one_file
from .page import standing_alone
from .privacy import personal, unprotected
from .quick import nbformat
from .shelf import shelf
from .tables import csv_of, workbook


def deliver(
    report: Report, place: Folder, facts: Mapping[str, Any], began: float
) -> tuple[Path, dict[str, Outcome]]:
    """Write the report and put it in its place; gives that place and every step's outcome.

    A page that does not pass the gates counts as a failed step. Personal data in any file stops the delivery (4).
    """
    report = _passed(report)
    whole = all(outcome.status != FAILED for outcome in report.outcomes.values())
    status = WHOLE if whole else "incomplete"
    files = _files(report)
    _refuse(files)
    notes = {}
    for (step, name), frame in report.published.items():
        content, changed = csv_of(frame, report.lang)
        files[f"tables/{step}.{name}.csv"] = content
        notes[f"tables/{step}.{name}.csv"] = {"rows": len(frame)} | (
            {"neutralised": changed} if changed else {}
        )
    _no_personal_data(files, report)
    if report.tables:
        titles = {page.step: page.title for page in report.pages}
        files["tables.xlsx"] = workbook(report.published, titles, report.lang)
    for path, content in files.items():
        (place.stage / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(place.stage / path, content)
    run = _run(report, status, facts, files, notes, began)
    write(place.stage / "run.json", _json(run))
    for folder in [place.stage, *(p for p in place.stage.rglob("*") if p.is_dir())]:
        sync(folder)
    folder = place.publish(whole)
    put_on_shelf(place.out)
    return folder, dict(report.outcomes)


def put_on_shelf(out: Path) -> None:
    """Write the list of all reports anew."""
    part = out / f".index-{os.getpid()}.part"
    write(part, shelf(out))
    part.replace(out / "index.html")


def _passed(report: Report) -> Report:
    """The report with the pages that do not pass the gates as failed steps; under a privacy profile only a page that was
    protected to its end shows anything."""
    outcomes = dict(report.outcomes)
    for at, page in enumerate(report.pages):
        outcome = outcomes[page.step]
        if report.profile and outcome.status != WHOLE:
            outcomes[page.step] = replace(outcome, notebook=without_outputs(outcome.notebook))
            continue
        problems = unprotected(outcome.content, report.profile) or problems_in(
            standing_alone(report.pages, at, report.title, report.lang)
        )
        if problems:
            reason = Words(
                "页面未通过检查：" + problems[0].zh, "the page did not pass its checks: " + problems[0].en
            )
            outcomes[page.step] = replace(
                outcome, status=FAILED, reason=reason, content={}, notebook=without_outputs(outcome.notebook)
            )
    return replace(report, outcomes=outcomes) if outcomes != report.outcomes else report


def _files(report: Report) -> dict[str, bytes]:
    """All pages and notebooks, by their path in the report."""
    files = {
        "index.html": front_page(report),
        "report.html": one_file(report),
        "findings.json": _json(findings_json(report)),
    }
    for at, page in enumerate(report.pages):
        files[f"pages/{page.step}.html"] = standing_alone(report.pages, at, report.title, report.lang)
        files[f"notebooks/{page.step}.ipynb"] = _notebook(report.outcomes[page.step])
    return files


def _notebook(outcome: Outcome) -> bytes:
    return (nbformat.writes(outcome.notebook, version=nbformat.NO_CONVERT).rstrip() + "\n").encode("utf-8")


def _refuse(files: Mapping[str, bytes]) -> None:
    """Nothing is delivered where the pages that hold the report together do not pass the gates."""
    for path in [path for path in files if path.endswith(".html")]:
        problems = problems_in(files[path])
        if problems:
            raise Trouble(
                Words("{path} 未通过检查：{zh}", "{path} did not pass its checks: {en}"),
                exit_code=1,
                path=path,
                zh=problems[0].zh,
                en=problems[0].en,
            )


def _no_personal_data(files: Mapping[str, bytes], report: Report) -> None:
    cases = (frame["complaint_id"].astype(str) for frame in report.tables.values() if "complaint_id" in frame)
    known = {case for column in cases for case in column}
    found = {path: kinds for path, content in files.items() if (kinds := personal(path, content, known))}
    if found:
        zh, en = (
            "; ".join(f"{path} ({listed(kinds, lang)})" for path, kinds in sorted(found.items()))
            for lang in ("zh", "en")
        )
        raise Trouble(
            Words(
                "报告中发现个人信息，未交付：{zh}",
                "personal data in the report, which was not delivered: {en}",
            ),
            exit_code=4,
            zh=zh,
            en=en,
        )


def _run(
    report: Report,
    status: str,
    facts: Mapping[str, Any],
    files: Mapping[str, bytes],
    notes: Mapping[str, Any],
    began: float,
) -> dict[str, Any]:
    """`run.json`, the last file written: what the report is, from what, and the hash of every file of it."""
    return {
        "status": status,
        "recipe": report.recipe.name,
        "period": report.period.text,
        "lang": report.lang,
        "as_of": report.period.as_of.isoformat(),
        "partial": report.period.is_partial,
        "data": report.fingerprint,
        **facts,
        "steps": [
            {
                "name": name,
                "status": outcome.status,
                "reason": {"zh": outcome.reason.zh, "en": outcome.reason.en},
                "seconds": round(outcome.seconds, 1),
                "reused": outcome.reused,
            }
            for name, outcome in report.outcomes.items()
        ],
        "seconds": round(time.monotonic() - began, 1),
        "files": {
            path: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} | notes.get(path, {})
            for path, content in sorted(files.items())
        },
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")
