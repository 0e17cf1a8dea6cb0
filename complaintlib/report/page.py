"""An executed notebook as a page: our own nbconvert template, no script, nothing from outside."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from nbconvert.exporters.templateexporter import TemplateExporter

from ..home import TEMPLATES
from ..words import Words, label, plain
from .execute import FAILED, WHOLE, Outcome
from .gates import CSP, clean
from .recipe import Step

HTML_LANG = {"zh": "zh-CN", "en": "en-GB"}
OUTPUT_CHARACTERS = 20_000  # of plain text that one output may show
_FOLDER = TEMPLATES / "report"
_CODE = ("parameters", "injected-parameters", "close")
_LAST = ("open",)  # the reader wants what was found first
_OUTSIDE = re.compile(r"(?i)\b(?:https?|ftp|file|javascript|vbscript|wss?)\s*:(?://)?")


@dataclass(frozen=True)
class Page:
    """A step's page, in one language. `body` is clean HTML; `contents` the anchors and headings in it."""

    step: str
    title: str
    section: str
    status: str
    reason: str
    body: str
    contents: tuple[tuple[str, str], ...]
    picture: tuple[str, str] | None  # PNG in base64, and its words


def page_of(step: Step, outcome: Outcome, lang: str) -> Page:
    """The page of a step, whole or not."""
    title = title_of(step, outcome, lang)
    cells = [cell for cell in outcome.notebook.cells if not _other_language(cell, lang)]
    sections = _sections(step, outcome, cells, lang)
    resources = {
        "title": title,
        "questions": [
            c for c in cells if c.cell_type == "markdown" and not c.source.lstrip().startswith("# ")
        ],
        "sections": sections,
        "code": [c.source for c in cells if c.cell_type == "code" and c.source.strip()],
        "code_heading": label("report", "code", lang),
    }
    body, _ = _exporter().from_notebook_node(outcome.notebook, resources=resources)
    pictures = (o for s in sections for o in s["outputs"] if "image/png" in o.get("data", {}))
    picture = next(((_png(o), _alt(o, title)) for o in pictures), None)
    contents = tuple((s["anchor"], s["heading"]) for s in sections if s["heading"])
    return Page(step.name, title, step.section, outcome.status, outcome.reason[lang], body, contents, picture)


def title_of(step: Step, outcome: Outcome, lang: str) -> str:
    """The step's own title, else the method's, else the notebook's first line."""
    if step.title:
        return step.title[lang]
    said = outcome.content.get("title")
    if said:
        return plain(said[lang])
    first = next((c.source.strip() for c in outcome.notebook.cells if c.cell_type == "markdown"), step.name)
    zh, _, en = first.splitlines()[0].lstrip("# ").partition(" · ")
    return plain({"zh": zh, "en": en or zh}[lang])


def frame(title: str, body: str, lang: str) -> bytes:
    """A whole page around its content, as it is delivered."""
    text = render("frame", title=title, body=body, html_lang=HTML_LANG[lang], csp=CSP, css=_css())
    return (text.rstrip() + "\n").encode("utf-8")


def standing_alone(pages: Sequence[Page], at: int, report_title: str, lang: str) -> bytes:
    """`pages/<step>.html`: one page between the one before it and the one after."""
    before = pages[at - 1] if at else None
    after = pages[at + 1] if at + 1 < len(pages) else None
    words = {"report_title": report_title, "page": pages[at], "before": before, "after": after, "part": False}
    return frame(f"{pages[at].title} · {report_title}", render("page", lang, **words), lang)


def as_part(page: Page, lang: str) -> str:
    """The page as a part of the one-file report, its headings one level down."""
    article = render("article", lang, page=page, part=True)
    return re.sub(r"<(/?)h([123])\b", lambda tag: f"<{tag[1]}h{int(tag[2]) + 1}", article)


def render(template: str, lang: str = "en", **values: Any) -> str:
    """A template of `templates/report` filled; `word(code)` in it is a label of the field `report`."""
    return (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(word=lambda code: label("report", code, lang), **values)
    )


def _sections(step: Step, outcome: Outcome, cells: list[Any], lang: str) -> list[dict[str, Any]]:
    """What the code cells show, each under its heading; cells that show nothing are left out."""
    shown = []
    for cell in cells:
        outputs = [output for output in cell.get("outputs", ()) if _shows(output)]
        no_cases = (
            cell.id == "examples" and outcome.status == WHOLE and "examples" not in outcome.content["tables"]
        )
        if outputs and cell.id not in _CODE and not no_cases:
            anchor = re.sub(r"[^\w-]", "", f"{step.name}-{cell.id}")
            shown.append(
                {"cell": cell.id, "anchor": anchor, "heading": _heading(cell.id, lang), "outputs": outputs}
            )
    return sorted(shown, key=lambda section: section["cell"] in _LAST)


def _heading(cell: str, lang: str) -> str:
    field, code = ("table", cell.removeprefix("table-")) if cell.startswith("table-") else ("cell", cell)
    said = label(field, code, lang)
    return said if said != code else ""


def _shows(output: Mapping[str, Any]) -> bool:
    if output["output_type"] == "stream":
        return bool(output["text"].strip())
    data = output.get("data", {})
    if "image/png" in data:
        return bool(_png(output))
    return bool(data.get("text/html", "" if "text/html" in data else data.get("text/plain", "")).strip())


def _other_language(cell: Mapping[str, Any], lang: str) -> bool:
    tags = cell["metadata"].get("tags", [])
    return lang not in tags and any(tag in HTML_LANG for tag in tags)


def _png(output: Mapping[str, Any]) -> str:
    """The picture's base64 on one line; empty where it is no PNG."""
    try:
        image = base64.b64decode(output["data"]["image/png"], validate=False)
    except (binascii.Error, TypeError, ValueError):
        return ""
    return base64.b64encode(image).decode("ascii") if image.startswith(b"\x89PNG\r\n") else ""


def _alt(output: Mapping[str, Any], title: str) -> str:
    """The picture's words; addresses in them are taken apart, so that no attribute holds one."""
    said = output.get("metadata", {}).get("image/png", {}).get("alt") or title
    return _OUTSIDE.sub("", " ".join(plain(said).split())) or title


def _capped(text: str) -> str:
    if len(text) <= OUTPUT_CHARACTERS:
        return plain(text)
    cut = Words("……（其余省略）", "... (the rest is left out)")
    return f"{plain(text[:OUTPUT_CHARACTERS])}\n{cut.zh} {cut.en}"


@cache
def _exporter() -> TemplateExporter:
    exporter = TemplateExporter(
        extra_template_basedirs=[str(_FOLDER)],
        template_name="page",
        template_file="index.html.j2",
        default_preprocessors=[],  # the sections are chosen already; each would have the notebook validated again
    )
    for name, call in {"clean": clean, "capped": _capped, "png": _png, "alt": _alt, "plain": plain}.items():
        exporter.register_filter(name, call)
    return exporter


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(_FOLDER, encoding="utf-8")
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def _css() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def failed(page: Page) -> bool:
    return page.status == FAILED
