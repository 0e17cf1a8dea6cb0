"""What `hotspots` says: what stands out and since when, which place as a whole, what has been so before, and what limits it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ..period import Period
from ..result import Finding
from ..rules import load_rules
from ..words import Words, column
from ._shares import ALL

TOLD = 3  # spots that get a sentence of their own, of the new ones and of the others
MANY_BLANK = 0.05
PER = {
    "orders": Words("每千单", "per 1,000 orders"),
    "customers": Words("每千名客户", "per 1,000 customers"),
    "contacts": Words("每千次联络", "per 1,000 contacts"),
}
THEN = {
    "new": Words(
        "；此前 {periods_then:int} 期合计 {n_then:int} 件，按同样算法应有 {expected_then:num1} 件，并不突出：是新出现的",
        "; over the {periods_then:int} {periods_then:period/periods} before, {n_then:int} against {expected_then:num1} expected in the same way: it is new",
    ),
    "born": Words(
        "；此前 {periods_then:int} 期没有一件：是新出现的",
        "; there was none in the {periods_then:int} {periods_then:period/periods} before: it is new",
    ),
    "more": Words(
        "；此前 {periods_then:int} 期为 {lift_then:sig} 倍，本期更甚",
        "; over the {periods_then:int} {periods_then:period/periods} before it was {lift_then:sig} times, so it has grown",
    ),
    "same": Words(
        "；此前 {periods_then:int} 期已是 {lift_then:sig} 倍，未见变化",
        "; it was {lift_then:sig} times over the {periods_then:int} {periods_then:period/periods} before, and no change is shown",
    ),
    "less": Words(
        "；此前 {periods_then:int} 期为 {lift_then:sig} 倍，已有缓解",
        "; it was {lift_then:sig} times over the {periods_then:int} {periods_then:period/periods} before, so it has eased",
    ),
    "unsure": Words(
        "；是否新出现，凭此前 {periods_then:int} 期还不能断定",
        "; whether it is new cannot be told from the {periods_then:int} {periods_then:period/periods} before",
    ),
    "none": Words("；没有可比的历史", "; there is no history to compare with"),
}
Tables, Row = Mapping[str, pd.DataFrame], dict[str, Any]


def said(dims: Sequence[str], period: Period, tables: Tables) -> Iterator[Finding]:
    fact, least = tables["facts"].iloc[0], load_rules().statistics.min_count
    if fact["n"] == 0:
        words = Words(
            "{period:period}没有投诉|，无热点可找。",
            "No complaints in {period:period}|, so there are no hotspots.",
        )
        yield Finding("hotspots.empty", "note", words, {"period": period}, 0.3)
        return
    if fact["n_classified"] < least:
        words = Words(
            f"样本太少，不找热点|：可计的投诉 {{n_classified:int}} 件，至少需要 {least} 件。",
            f"Too few to look for hotspots|: {{n_classified:int}} {{n_classified:complaint counts/complaints count}}; it takes {least}.",
        )
        yield Finding("hotspots.few", "note", words, fact[["n_classified"]].to_dict(), 0.3)
    else:
        yield from _spots(dims, tables, fact)
    yield from _limits(dims, period, fact)


def name_of(dims: Sequence[str], row: Mapping[str, Any]) -> Words:
    """How a spot is called, with places for its categories: “华东”的“派送延误” / “late delivery” in “East”."""
    what, where, whom = (
        f"“{{{d}:{d}}}”" if d and row[d] != ALL else "" for d in (*dims, *[""] * (3 - len(dims)))
    )
    zh = "的".join(part for part in (where + whom if what else where, what or whom) if part)
    en = [
        what,
        f"for {whom}" if what and whom else whom,
        f"in {where}" if where and (what or whom) else where,
    ]
    return Words(zh, " ".join(part for part in en if part))


def _spots(dims: Sequence[str], tables: Tables, fact: pd.Series) -> Iterator[Finding]:
    hot = tables["spots"]
    lead = hot[~hot["nested"]]
    fresh = lead["standing"].isin(["new", "more"])
    for row in lead[fresh].head(TOLD).to_dict("records"):
        yield _spot(dims, row, tables, fact)
    for row in lead[~fresh].head(TOLD).to_dict("records"):
        yield _spot(dims, row, tables, fact)
    rest = pd.concat([lead[fresh].iloc[TOLD:], lead[~fresh].iloc[TOLD:]])
    if len(rest):
        words = Words(
            f"另有 {len(rest)} 处高于预期|：见“热点”表。",
            f"{'One' if len(rest) == 1 else len(rest)} more above expectation|: see the table of hotspots.",
        )
        yield Finding("hotspots.also", "note", words, {}, 0.35)
    yield from _places(dims, hot)
    if hot.empty and fact["spots_tested"] == 0:
        words = Words(
            "各处件数太少，无从判断热点|：没有一格的行、列合计各达 5 件。",
            "Too few complaints anywhere to tell a hotspot|: no cell has 5 in each of its rows and columns.",
        )
        yield Finding("hotspots.none", "note", words, {}, 0.3)
    elif hot.empty:
        words = Words(
            "没有发现热点|：检验了 {spots_tested:int} 处，件数都与各自的行、列合计所预示的相符，差别可能出于偶然。",
            "No hotspots|: in each of the {spots_tested:int} places and combinations looked at the number is what its margins "
            "lead one to expect, give or take chance.",
        )
        yield Finding("hotspots.none", "note", words, fact[["spots_tested"]].to_dict(), 0.5)


def _spot(dims: Sequence[str], row: Row, tables: Tables, fact: pd.Series) -> Finding:
    name, standing = name_of(dims, row), row["standing"]
    born = standing == "new" and row["n_then"] == 0
    then = THEN["born" if born else standing]
    only = Words("", "")
    values = {d: row[d] for d in dims if row[d] != ALL}
    values |= {k: row[k] for k in ("n", "expected", "excess", "excess_low", "excess_high", "lift", "q")}
    values["periods_then"] = fact["periods_then"]
    if standing not in ("none", "unsure") and not born:
        values |= {k: row[k] for k in ("n_then", "expected_then", "lift_then") if pd.notna(row[k])}
    if row[dims[1]] == ALL:  # a spot without a place: where its cases are
        cells = tables["cells"]
        places = list(cells.loc[(cells[dims[0]] == row[dims[0]]) & (cells["n"] > 0), dims[1]])
        if 0 < len(places) <= TOLD:
            values["places"] = sorted(places)
            only = Words(f"；只见于{{places:{dims[1]}}}", f"; only in {{places:{dims[1]}}}")
    per = Words("", "")
    if pd.notna(row.get("rate", float("nan"))):
        values["rate"] = row["rate"]
        unit = PER[fact["measure"]]
        per = Words(f"；{unit.zh} {{rate:num2}} 件", f"; {{rate:num2}} {unit.en}")
    head = {
        "new": Words(f"新热点：{name.zh}", f"A new hotspot: {name.en}"),
        "more": Words(f"热点加重：{name.zh}", f"A hotspot has grown: {name.en}"),
        "less": Words(f"{name.zh}仍是热点，但有缓解", f"Still a hotspot, but easing: {name.en}"),
        "same": Words(f"{name.zh}一向偏多", f"A standing hotspot: {name.en}"),
    }.get(standing, Words(f"热点：{name.zh}", f"A hotspot: {name.en}"))
    words = Words(
        f"{head.zh}，{{n:int}} 件，约为预期的 {{lift:sig}} 倍|：按各项合计推算应有 {{expected:num1}} 件{only.zh}；多出 {{excess:int}} 件"
        f"（95% 区间 {{excess_low:int}} 至 {{excess_high:int}}，q 值 {{q:p}}）{then.zh}{per.zh}。",
        f"{head.en}, {{n:int}} complaints, about {{lift:sig}} times what to expect|: the totals lead to {{expected:num1}}{only.en}; "
        f"{{excess:int}} too many (95% interval {{excess_low:int}} to {{excess_high:int}}, q {{q:p}}){then.en}{per.en}.",
    )
    fresh = standing in ("new", "more")
    large = row["excess_low"] >= load_rules().statistics.min_count
    level = "act" if fresh and large else "watch" if fresh or standing == "unsure" else "note"
    weight = (0.6 if fresh else 0.4) + min(0.3, row["excess"] / max(fact["n_classified"], 1))
    key = {"new": "new", "more": "grown"}.get(standing, "standing")
    return Finding(f"hotspots.{key}", level, words, values, weight)


def _places(dims: Sequence[str], hot: pd.DataFrame) -> Iterator[Finding]:
    """A place that has too many complaints as a whole, and the hot spot within it that is what this is about."""
    place, (what, *rest) = dims[1], (d for d in dims if d != dims[1])
    whole = hot[hot["nested"] & (hot[[what, *rest]] == ALL).all(axis=1)]
    for row in whole.to_dict("records")[:1]:
        within = hot[(hot[place] == row[place]) & (hot[what] != ALL) & ~hot["nested"]]
        if within.empty:
            continue
        first = within.sort_values(["excess", what], ascending=[False, True]).iloc[0]
        words = Words(
            f"“{{{place}:{place}}}”总体也偏多：{{n:int}} 件，按其业务量应有 {{expected:int}} 件|，主要就是“{{{what}:{what}}}”"
            f"多出的 {{part:int}} 件。",
            f"“{{{place}:{place}}}” has too many as a whole: {{n:int}}, where its volume leads one to expect {{expected:int}}|, "
            f"for the most part through the {{part:int}} too many of “{{{what}:{what}}}”.",
        )
        values = {
            place: row[place],
            "n": row["n"],
            "expected": row["expected"],
            what: first[what],
            "part": first["excess"],
        }
        yield Finding("hotspots.place", "note", words, values, 0.5)


def _limits(dims: Sequence[str], period: Period, fact: pd.Series) -> Iterator[Finding]:
    """A period not over, categories changed or missing, no volume to compare with."""
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，共 {n:int} 件；热点看的是分布，仍会变动。",
            "{period:period} is not over|: seen until {as_of:moment}, {n:int} {n:complaint/complaints} so far; hotspots are about how they are "
            "spread, which will still change.",
        )
        yield Finding(
            "hotspots.partial", "note", words, {"period": period, "as_of": period.as_of, "n": fact["n"]}, 0.7
        )
    if pd.notna(fact["broken_on"]):
        words = Words(
            "本期内分类有调整|：{on:day}前后的类别混在一起，热点须慎读。",
            "The categories were changed within the period|: those before and after {on:day} are mixed; read hotspots with care.",
        )
        yield Finding("hotspots.break", "note", words, {"on": fact["broken_on"]}, 0.65)
    if fact["share_blank"] >= MANY_BLANK:
        zh, en = (
            "、".join(column(d).words.zh for d in dims),
            ", ".join(column(d).words.en.lower() for d in dims),
        )
        words = Words(
            f"{{share_blank:pct}} 的投诉未计入|：{{n:int}} 件中 {{n_blank:int}} 件缺少{zh}之一。",
            f"{{share_blank:pct}} of the complaints are not counted|: {{n_blank:int}} of {{n:int}} {{n_blank:lacks/lack}} one of {en}.",
        )
        yield Finding(
            "hotspots.unclassified", "note", words, fact[["share_blank", "n", "n_blank"]].to_dict(), 0.4
        )
    if pd.isna(fact["measure"]):
        place = column(dims[1]).words
        words = Words(
            f"没有业务量，不比较各{place.zh}的总体水平|：只看各类投诉在其间如何分布。",
            f"Without a volume no {place.en.lower()} is judged as a whole|: only how the kinds of complaints are spread over them.",
        )
        yield Finding("hotspots.volume", "note", words, {}, 0.15)
