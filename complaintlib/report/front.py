"""What the front page says: chosen from the findings and tables of all pages, nothing computed anew."""

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..indicators import FIRST
from ..result import LEVELS, unstarred
from ..words import Words, label, show
from .sparkline import sparkline

Finding = dict[str, Any]  # step, page, key, level, weight, values, head, tail (both in one language), mark

FIVE, OF_ONE_METHOD, TILES, LISTED = 5, 2, 8, 6
WORTH = 0.5  # a note of less weight stands on its page only
LEADS = 0.9  # a finding of the headline page with this weight says how the period was, and comes first
COLOURS = {"better": "#00598f", "worse": "#b34700"}  # of a line's last point; grey where it is neither
SIGNS = {
    "better": "✓",
    "worse": "!",
    "up": "▲",
    "down": "▼",
    "same": "≈",
    "few": "?",
    "partial": "…",
    "none": "–",
}
_TIME = re.compile(r"\d{4}(-(\d{2}|W\d{2}|Q\d|H\d)(-\d{2})?)?([T ][\d:.]+)?")


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """By level (act, watch, good, note), then weight; what is equal stays in the order of the pages."""
    return sorted(findings, key=lambda f: (LEVELS.index(f["level"]), -f["weight"]))


def identity(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes it the same finding in another period: its page, key and the categories it names."""
    named = (v for v in finding["values"].values() if isinstance(v, str) and not _TIME.fullmatch(v))
    return (finding["step"], finding["key"], *sorted(named))


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that say the same as an earlier one: the same words, or the same of the same names."""
    kept: list[Finding] = []
    for finding in findings:
        names = identity(finding)[2:]
        if not any(
            f["head"] == finding["head"] or (names and identity(f)[1:] == (finding["key"], *names))
            for f in kept
        ):
            kept.append(finding)
    return kept


def five(findings: Sequence[Finding], headline: str | None) -> list[Finding]:
    """The sentences of the front page: how the period was, then the most important; at most two of one method while
    others have something to say, none that says the same again, and no note that is of use on its own page only."""
    ranked = ordered(f for f in findings if f["level"] != "note" or f["weight"] >= WORTH)
    lead = max((f for f in findings if f["step"] == headline), key=lambda f: f["weight"], default=None)
    if lead and lead["weight"] >= LEADS:
        ranked.remove(lead)
        ranked.insert(0, lead)
    ranked = distinct(ranked)
    count = Counter()
    first, later = [], []
    for finding in ranked:
        method = finding["key"].partition(".")[0]
        again = any(
            f["key"] == finding["key"] for f in first
        )  # the same question, asked by another dimension
        count[method] += not again
        (later if again or count[method] > OF_ONE_METHOD else first).append(finding)
    chosen = [*first, *later][:FIVE]
    return sorted(chosen, key=ranked.index)


def marked(findings: Sequence[Finding], before: Mapping[str, Any] | None) -> list[Finding]:
    """Each finding that asks for attention as `new` or `again` against the period before, where there is a report."""
    if before is None:
        return [f | {"mark": ""} for f in findings]
    known = {identity(f) for f in before["findings"] if f["level"] != "note"}
    marks = {True: "again", False: "new"}
    return [f | {"mark": "" if f["level"] == "note" else marks[identity(f) in known]} for f in findings]


def gone(
    findings: Sequence[Finding], before: Mapping[str, Any] | None, whole: Iterable[str]
) -> list[Finding]:
    """What asked for action or was watched a period ago and is no longer there, on the pages that are whole now."""
    now, whole = {identity(f) for f in findings if f["level"] != "note"}, set(whole)
    earlier = before["findings"] if before else ()
    return [
        f for f in earlier if f["level"] in ("act", "watch") and f["step"] in whole and identity(f) not in now
    ]


def tiles(tables: Mapping[str, pd.DataFrame], lang: str) -> tuple[list[dict[str, Any]], str]:
    """The measured indicators that matter most as tiles (those the overview draws), and what their changes compare with
    where that is one thing."""
    indicators, history = unstarred(tables["indicators"]), unstarred(tables["history"])
    rank = {code: at for at, code in enumerate(FIRST)}
    known = indicators[indicators["value"].notna() & (indicators["verdict"] != "none")]
    known = known.sort_values("indicator", key=lambda codes: codes.map(rank).fillna(len(rank)), kind="stable")
    known = known.head(TILES)
    compared = set(known.get("compared", pd.Series(dtype=object)).dropna())
    found = []
    for row in known.to_dict("records"):
        code, form, verdict = row["indicator"], row["form"], row["verdict"]
        past = history[history["indicator"] == code]
        line = sparkline(
            past["value"].astype(float).tolist(),
            past["low"].astype(float).tolist(),
            past["high"].astype(float).tolist(),
            COLOURS.get(verdict, "#52606d"),
        )
        name = label("indicator", code, lang)
        value = show(row["value"], form, lang)
        found.append(
            {
                "label": name,
                "value": value,
                "verdict": verdict,
                "sign": SIGNS[verdict],
                "word": label("verdict", verdict, lang),
                "change": _change(row, form, len(compared) > 1, lang),
                "line": f"data:image/svg+xml;base64,{base64.b64encode(line.encode()).decode()}"
                if line
                else "",
                "alt": Words(
                    "{name}：{value}，近 {n} 期走势", "{name}: {value}, with the last {n} {n:period/periods}"
                ).fill(lang, name=name, value=value, n=len(past)),
            }
        )
    return found, label("compared", compared.pop(), lang) if len(compared) == 1 else ""


def _change(row: Mapping[str, Any], form: str, name_it: bool, lang: str) -> str:
    if row["verdict"] == "few" and pd.notna(row.get("n")):
        return f"n = {show(row['n'], 'int', lang)}"
    if pd.isna(row["change"]):
        return ""
    said = show(row["change"], "pp" if form in ("pct", "pct1") else "+" + form.removeprefix("+"), lang)
    return f"{said} {label('compared', row['compared'], lang)}" if name_it else said


def restated(now: pd.DataFrame | None, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Which numbers of the indicators' history differ from those the same period's earlier report gave:
    `indicator`, `period`, `value_before`, `value`."""
    columns = ["indicator", "period", "value_before", "value"]
    if now is None or earlier is None or not {"indicator", "period", "value"} <= set(earlier.columns):
        return pd.DataFrame(columns=columns)
    both = unstarred(now).merge(unstarred(earlier), on=["indicator", "period"], suffixes=("", "_before"))
    value, before = both["value"].astype(float), both["value_before"].astype(float)
    same = (value - before).abs() <= 1e-9 * before.abs().clip(lower=1)
    return both.loc[~(same | (value.isna() & before.isna())), columns].reset_index(drop=True)
