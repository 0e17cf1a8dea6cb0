"""What `overview` says: the rate first, then what became better or worse, then what cannot be said."""

from collections.abc import Mapping

import pandas as pd

from ..period import KIND_WORDS, UNITS, Period
from ..result import LEVELS, Finding
from ..words import Words

RATES = ("rate_orders", "rate_customers", "rate_contacts", "received")  # the first that is measured leads
KEY = (
    "rate_orders",
    "open_at_end",
    "resolution_on_time",
    "first_response_on_time",
)  # worse here calls for action
RARE = 1000  # beyond one in so many, chance is not put into a figure
TOO_WIDE = 4  # an expected range whose upper end is so many times the lower tells nothing
SHORTEST = 8  # periods of history below which there is no expected range


def year_before(period: Period) -> Period:
    """The same period last year; for a day the same weekday."""
    return period.shifted(-364) if period.kind == "day" else period.same_last_year()


_PER = {
    "rate_orders": Words("每千单 {value:num2} 件", "{value:num2} per 1,000 orders"),
    "rate_customers": Words("每千客户 {value:num2} 件", "{value:num2} per 1,000 customers"),
    "rate_contacts": Words("每千次来访 {value:num2} 件", "{value:num2} per 1,000 contacts"),
    "received": Words("{value:int} 件", "{value:int} received"),
}
_TEMPO = {  # quicker, slower
    "first_response_median": (
        Words("首次响应更快", "First responses were quicker"),
        Words("首次响应变慢", "First responses were slower"),
    ),
    "resolution_median": (
        Words("解决更快", "Cases were resolved faster"),
        Words("解决变慢", "Cases took longer to resolve"),
    ),
}
_WORK_CLOCK = Words("（工作时间）", " on the work clock")


def findings(
    table: pd.DataFrame, period: Period, stops: pd.Timestamp | None, missing: Mapping[str, str]
) -> tuple[Finding, ...]:
    rows = {row["indicator"]: row for row in table.to_dict("records")}
    if not rows["received"]["value"]:
        found = [_none(period, stops)]
    elif period.is_partial or stops is not None:
        found = [_partial(rows, period, stops)]
    else:
        lead = next(key for key in RATES if rows[key]["value"] == rows[key]["value"])
        found = [_lead(rows[lead], period)]
        changed = [row for row in rows.values() if row["verdict"] in ("better", "worse", "up", "down")]
        found += [_change(row, rows, period) for row in changed if row["indicator"] not in RATES]
        found += _unchanged(rows, lead)
    if missing:
        found.append(
            Finding(
                "overview.not_measured",
                "note",
                Words(
                    "未测量|：{names:indicator}（需要 {needs:text}）。",
                    "Not measured|: {names:indicator} (needs {needs:text}).",
                ),
                {
                    "names": list(missing),
                    "needs": sorted({need for needs in missing.values() for need in needs.split(", ")}),
                },
                0.05,
            )
        )
    return tuple(sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight)))


def _none(period: Period, stops: pd.Timestamp | None) -> Finding:
    words = Words("{period:period}没有投诉记录|。", "No complaints on record in {period:period}|.")
    if stops is not None:
        words = Words(
            "{period:period}没有投诉记录|：数据止于{stops:moment}，是没有投诉还是没有数据，请看“数据质量”。",
            "No complaints on record in {period:period}|: the data stop at {stops:moment}; Data quality says more.",
        )
    values = {"period": period, "value": 0} | ({} if stops is None else {"stops": stops})
    return Finding("overview.empty", "watch", words, values, 0.9)


def _partial(rows: Mapping[str, Mapping], period: Period, stops: pd.Timestamp | None) -> Finding:
    until = period.as_of if period.is_partial else stops
    head = Words("{period:period}尚未结束", "{period:period} is not over")
    if not period.is_partial:
        head = Words("{period:period}的数据不完整", "The data of {period:period} are incomplete")
    tail = Words(
        "：截至{until:moment}收到 {value:int} 件；不与完整的期间相比，也不作判断。",
        ": {value:int} {value:complaint/complaints} up to {until:moment}; nothing is judged against whole periods.",
    )
    words = Words(f"{head.zh}|{tail.zh}", f"{head.en}|{tail.en}")
    values = {"period": period, "until": until, "value": rows["received"]["value"]}
    return Finding("overview.partial", "note" if period.is_partial else "watch", words, values, 0.9)


def _lead(row: Mapping, period: Period) -> Finding:
    """The complaint rate (or number) against its expected range."""
    form, per = row["form"], _PER[row["indicator"]]
    names = ("value", "expected_low", "expected_high", "once_in", "last_year")
    values = {name: row[name] for name in names if row[name] == row[name]}
    values |= {"before": year_before(period)}
    then = Words("", "")
    if row["last_year"] == row["last_year"]:
        then = Words(
            f"；{{before:period}}为 {{last_year:{form}}}", f"; {{before:period}} had {{last_year:{form}}}"
        )
    if row["expected_low"] != row["expected_low"]:
        words = Words(
            f"投诉：{per.zh}|{then.zh}。历史太短，还推算不出预期区间（至少要有此前 {SHORTEST} 期）。",
            f"Complaints: {per.en}|{then.en}. History is too short for an expected range (needs {SHORTEST} periods before).",
        )
        return Finding("overview.rate", "note", words, values, 0.6)
    if row["expected_high"] > TOO_WIDE * max(row["expected_low"], 1e-9):
        words = Words(
            f"投诉：{per.zh}|{then.zh}。以往各期相差太大，推算的区间为 {{expected_low:{form}}}–{{expected_high:{form}}}，判断不了多少。",
            f"Complaints: {per.en}|{then.en}. Earlier periods differ too much to judge: {{expected_low:{form}}} to "
            f"{{expected_high:{form}}} would be as expected.",
        )
        return Finding("overview.rate", "note", words, values, 0.6)
    side = (row["value"] > row["expected_high"]) - (row["value"] < row["expected_low"])
    head = {
        1: Words("投诉偏多", "Complaints were high"),
        -1: Words("投诉偏少", "Complaints were low"),
        0: Words("投诉与预期相符", "Complaints were as expected"),
    }[side]
    place = {1: Words("高于", "above"), -1: Words("低于", "below"), 0: Words("在", "within")}[side]
    band_zh = f"按趋势、季节和业务量推算的 {{expected_low:{form}}}–{{expected_high:{form}}}{' 之内' if not side else ''}"
    band_en = f"the {{expected_low:{form}}} to {{expected_high:{form}}} that trend, season and volume lead one to expect"
    chance, look_at = Words("", ""), Words("", "")
    if side:
        chance = _chance(row["once_in"], period.kind)
        look_at = Words("来源见“趋势”。", " Trend shows where they come from.") if side > 0 else look_at
    words = Words(
        f"{head.zh}：{per.zh}|，{place.zh}{band_zh}{chance.zh}{then.zh}。{look_at.zh}",
        f"{head.en}: {per.en}|, {place.en} {band_en}{chance.en}{then.en}.{look_at.en}",
    )
    level = "note" if side == 0 else "good" if side < 0 else "act" if row["once_in"] >= 100 else "watch"
    return Finding("overview.rate", level, words, values, 0.95 if side else 0.6)


def _chance(once_in: float, kind: str) -> Words:
    unit = KIND_WORDS[kind]
    zh = UNITS[kind].zh
    if once_in > RARE:
        return Words(
            f"（若只是偶然，{RARE:,} {zh}里不到一次）",
            f" (by chance alone, fewer than one {unit.en} in {RARE:,})",
        )
    return Words(
        f"（若只是偶然，约 {{once_in:int}} {zh}一次）",
        f" (by chance alone, about one {unit.en} in {{once_in:int}})",
    )


def _change(row: Mapping, rows: Mapping[str, Mapping], period: Period) -> Finding:
    """An indicator whose change is clear."""
    key, form, verdict = row["indicator"], row["form"], row["verdict"]
    sign = "pp" if form.startswith("pct") else "+" + form.removeprefix("+")
    low = "points" if sign == "pp" else sign
    values = {name: row[name] for name in ("indicator", "value", "n", "change", "change_low", "change_high")}
    values |= {
        "then": row[row["compared"]],
        "before": period.previous() if row["compared"] == "previous" else year_before(period),
    }
    rose = row["change"] > 0
    head = Words(
        f"{{indicator:indicator}}{'升至' if rose else '降至'} {{value:{form}}}",
        f"{{indicator:indicator}}: {'up' if rose else 'down'} to {{value:{form}}}",
    )
    lead = Words("", "")
    if key in _TEMPO:
        head = _TEMPO[key][verdict == "worse"]
        clock = _WORK_CLOCK if key == "first_response_median" else Words("", "")
        lead = Words(f"：半数在 {{value:{form}}}内{clock.zh}", f": half within {{value:{form}}}{clock.en}")
    against = Words(
        f"，{{before:period}}为 {{then:{form}}}，相差 {{change:{sign}}}（95% 区间 {{change_low:{low}}} 至 {{change_high:{sign}}}）",
        f", {{change:{sign}}} against {{then:{form}}} in {{before:period}} (95%: {{change_low:{low}}} to {{change_high:{sign}}})",
    )
    more = Words("", "")
    if key == "open_at_end" and rows["closed"]["value"] == rows["closed"]["value"]:
        values |= {"received": rows["received"]["value"], "closed": rows["closed"]["value"]}
        more = Words(
            "；本期收到 {received:int} 件，办结 {closed:int} 件",
            "; {received:int} came in, {closed:int} {closed:was/were} closed",
        )
    words = Words(f"{head.zh}|{lead.zh}{against.zh}{more.zh}。", f"{head.en}|{lead.en}{against.en}{more.en}.")
    level = {"better": "good", "worse": "act" if key in KEY else "watch"}.get(verdict, "note")
    weight = 0.8 if key in KEY else 0.7 if key in _TEMPO else 0.5 if level != "note" else 0.3
    return Finding(f"overview.{key}", level, words, values, weight)


def _unchanged(rows: Mapping[str, Mapping], lead: str) -> list[Finding]:
    same = [key for key, row in rows.items() if row["verdict"] == "same" and key != lead]
    few = [key for key, row in rows.items() if row["verdict"] == "few"]
    said = (
        (
            "overview.same",
            same,
            Words("未见变化|：{names:indicator}。", "No change shown|: {names:indicator}."),
        ),
        (
            "overview.few",
            few,
            Words("样本太少，不作判断|：{names:indicator}。", "Too few to say|: {names:indicator}."),
        ),
    )
    return [Finding(key, "note", words, {"names": names}, 0.1) for key, names, words in said if names]
