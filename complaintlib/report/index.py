"""The front page, by itself and at the head of the one-file report."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from ..result import table_view
from ..words import Words, day, label, moment, show
from . import front
from .content import Report
from .execute import FAILED, NOT_MEASURED, WHOLE
from .loop import loop
from .page import as_part, frame, render

_COLON, _SEMICOLON = Words("：", ": "), Words("；", "; ")


def front_page(report: Report) -> bytes:
    """`index.html`: the front page with links to the pages."""
    return frame(report.title, _front(report, lambda step: f"pages/{step}.html"), report.lang)


def one_file(report: Report) -> bytes:
    """`report.html`: everything in one file, to be mailed."""
    parts = [
        _front(report, lambda step: f"#{step}", alone=True),
        *(as_part(page, report.lang) for page in report.pages),
    ]
    return frame(report.title, "\n".join(parts), report.lang)


def _front(report: Report, link: Callable[[str], str], alone: bool = False) -> str:
    lang, recipe = report.lang, report.recipe
    by_step = {page.step: page for page in report.pages}
    failed = [page for page in report.pages if page.status == FAILED]
    said = front.five(report.findings, recipe.tiles)
    tiles, note = _tiles(report)
    drawn = (by_step[name] for name in recipe.pictures if name in by_step)
    pictures = [(page, page.picture) for page in drawn if page.picture]
    return render(
        "front",
        lang,
        title=report.title,
        subtitle=_subtitle(report),
        failed=failed,
        partial=_partial(report),
        colon=_COLON[lang],
        semicolon=_SEMICOLON[lang],
        five=said,
        tiles=tiles,
        tiles_note=note,
        levels=_levels(report, said),
        compared=_marks_note(report),
        gone=report.gone,
        measures=loop(report),
        pictures=[{"step": page.step, "png": png, "alt": alt} for page, (png, alt) in pictures],
        data=_data(report),
        restated=_restated(report),
        sections=_page_list(report),
        tables=bool(report.tables) and not alone,
        glossary=_glossary(lang),
        appendix=None if alone else _appendix(report),
        link=link,
        footer=_footer(report),
    )


def _subtitle(report: Report) -> str:
    as_of, n = report.period.as_of, report.seen["n"]
    if as_of == as_of.normalize():  # midnight is the end of a day, not the beginning of the next
        until = f"{day(as_of - pd.Timedelta(days=1), report.lang)} 24:00"
    else:
        until = moment(as_of, report.lang)
    return report.says(
        Words(
            "数据截至 {until} · 本期投诉 {n:text} 件 · {use:text}",
            "data to {until} · {n:text} {n:complaint/complaints} · {use:text}",
        ),
        until=until,
        n=n if isinstance(n, str) else show(n, "int", report.lang),
        use=(report.profile.words if report.profile else Words("内部使用", "internal use"))[report.lang],
    )


def _partial(report: Report) -> str:
    if not report.period.is_partial:
        return ""
    return report.says(
        Words(
            "只看到 {days:int} 天中的前 {seen:num1} 天，不与完整期间相比下结论。",
            "Only the first {seen:num1} of its {days:int} {days:day is/days are} seen; nothing is judged against a whole period.",
        ),
        days=report.period.days,
        seen=(report.period.as_of - report.period.start) / pd.Timedelta(days=1),
    )


def _tiles(report: Report) -> tuple[list[dict[str, Any]], str]:
    tables = {name: frame for (step, name), frame in report.tables.items() if step == report.recipe.tiles}
    if not {"indicators", "history"} <= set(tables):
        return [], ""
    found, compared = front.tiles(tables, report.lang)
    band = Words("灰带：预期范围", "grey band: expected range")[report.lang]
    return found, " · ".join(part for part in (compared, "" if report.profile else band) if part)


def _levels(report: Report, said: Sequence[front.Finding]) -> list[list[dict[str, Any]]]:
    """Two columns of what asks for attention; what the sentences above said already keeps only its headline."""
    more = Words("另有 {n:int} 条，见各页。", "and {n:int} more, on {n:its page/their pages}.")
    groups = {}
    for code in ("act", "watch", "good"):
        found = front.distinct(f for f in front.ordered(report.findings) if f["level"] == code)
        if found:
            shown = [f | {"said": f in said} for f in found[: front.LISTED]]
            rest = report.says(more, n=len(found) - len(shown)) if len(found) > len(shown) else ""
            title = label("level", code, report.lang)
            groups[code] = {"code": code, "title": title, "findings": shown, "more": rest}
    sizes = {code: sum(len(_short(f)) for f in group["findings"]) for code, group in groups.items()}
    shorter = "act" if sizes.get("watch", 0) > sizes.get("act", 0) else "watch"
    columns = {"act": [("act", "good"), ("watch",)], "watch": [("act",), ("watch", "good")]}[shorter]
    found = [[groups[code] for code in codes if code in groups] for codes in columns]
    return [column for column in found if column]


def _short(finding: front.Finding) -> str:
    return finding["head"] if finding["said"] else finding["head"] + finding["tail"]


def _marks_note(report: Report) -> str:
    if report.before is None:
        return ""
    words = Words(
        "“新”“再次”相对 {period:period}的报告", "new and again: against the report of {period:period}"
    )
    return report.says(words, period=report.before["period"])


def _data(report: Report) -> list[dict[str, str]]:
    """What the data can and cannot say: the quality page's findings, and what was not measured at all."""
    colon = _COLON[report.lang]
    found = (f for f in report.findings if f["step"] == report.recipe.data)
    lines = [
        {"text": f["head"] + f["tail"], "step": "", "page": f["page"]}
        for f in front.ordered(found)[: front.FIVE]
    ]
    if lines:  # one link to the page that says more
        lines[-1]["step"] = report.recipe.data
    missing = [page for page in report.pages if page.status == NOT_MEASURED]
    return lines + [{"text": f"{p.title}{colon}{p.reason}", "step": p.step, "page": p.title} for p in missing]


def _restated(report: Report) -> dict[str, str] | None:
    if report.restated.empty:
        return None
    from ..indicators import INDICATORS

    rows = report.restated.head(10).to_dict("records")
    form = {key: indicator.form for key, indicator in INDICATORS.items()}
    shown = pd.DataFrame(
        {
            "indicator": [r["indicator"] for r in rows],
            "period": [r["period"] for r in rows],
            "value_before": [
                show(r["value_before"], form.get(r["indicator"], "sig"), report.lang) for r in rows
            ],
            "value": [show(r["value"], form.get(r["indicator"], "sig"), report.lang) for r in rows],
        }
    )
    says = Words(
        "因数据变动，与同一期间上一份报告不同的数字：{n:int} 个。",
        "Numbers that differ from the last report of this period because the data changed: {n:int}.",
    )
    return {"says": report.says(says, n=len(report.restated)), "table": table_view(shown, report.lang).html}


def _page_list(report: Report) -> list[dict[str, Any]]:
    best = {}
    for finding in front.ordered(report.findings):
        best.setdefault(finding["step"], finding["head"])
    groups: dict[str, list[dict[str, str]]] = {}
    for page in report.pages:
        says = best.get(page.step, "") if page.status == WHOLE else page.reason
        groups.setdefault(page.section, []).append(
            {"step": page.step, "title": page.title, "status": page.status, "says": says}
        )
    return [{"title": label("section", code, report.lang), "pages": pages} for code, pages in groups.items()]


def _glossary(lang: str) -> dict[str, str]:
    """Every indicator of the dictionary from which the code computes them."""
    from ..indicators import INDICATORS

    rows = [
        {
            "indicator_name": i.words[lang],
            "formula": i.formula[lang],
            "counted": i.numerator[lang],
            "counted_of": i.denominator[lang],
            "clock": i.clock[lang],
            "exclusions": i.exclusions[lang],
        }
        for i in INDICATORS.values()
    ]
    says = Words(
        "{n:int} 个指标：公式、分子、分母、时钟与除外",
        "{n:int} {n:indicator/indicators}: formula, parts, clock and exclusions",
    )
    table = table_view(pd.DataFrame(rows), lang, rows=len(rows))
    return {"says": says.fill(lang, n=len(rows)), "table": table.html}


def _appendix(report: Report) -> dict[str, str] | None:
    """The main table of the quality page."""
    found = next((frame for (step, _), frame in report.published.items() if step == report.recipe.data), None)
    if found is None:
        return None
    says = Words("按来源：读入、采用、重复与搁置", "By source: read, used, duplicates, set aside")[
        report.lang
    ]
    return {"says": says, "table": table_view(found, report.lang).html}


def _footer(report: Report) -> str:
    from .. import __version__

    words = Words(
        "complaintkit {version} · 配方 {recipe} · 数据指纹 {data}",
        "complaintkit {version} · recipe {recipe} · data {data}",
    )
    return report.says(
        words, version=__version__, recipe=report.recipe.name, data=report.fingerprint[:12] or "–"
    )
