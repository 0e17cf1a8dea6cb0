"""What `trend` says: sentences for the total, for what carries its rise, for categories, and for the data."""

import numpy as np

from ..period import UNITS, Period
from ..result import LEVELS, Finding
from ..words import Words
from ._trend_series import Seen

CELLS_TOLD, CATEGORIES_TOLD = 2, 4
TOLD_EXCESS = 10  # nor one with fewer cases above expectation, where the total is as expected
TOLD_SHARE = 0.10  # a cell that surely explains less than this of the rise is not told
UP, DOWN = ("new", "above", "rising", "shift_up"), ("below", "falling", "shift_down")

_RANGE = Words(
    "预期 {expected:int} 件（95% 区间 {n_low:int}–{n_high:int}）",
    "expected {expected:int} (95%: {n_low:int} to {n_high:int})",
)
_CATEGORY = {
    "new": (
        Words(
            "新出现：{category}|，本期 {n:int} 件，此前从未有过。",
            "New: {category}|, {n:int} {n:case/cases}; there were none before.",
        ),
        "watch",
        0.75,
    ),
    "above": (
        Words(
            f"{{category}}偏多|：{{n:int}} 件，{_RANGE.zh}。",
            f"{{category}}: more than expected|, {{n:int}} {{n:case/cases}}; {_RANGE.en}.",
        ),
        "watch",
        0.7,
    ),
    "below": (
        Words(
            f"{{category}}偏少|：{{n:int}} 件，{_RANGE.zh}。",
            f"{{category}}: fewer than expected|, {{n:int}} {{n:case/cases}}; {_RANGE.en}.",
        ),
        "good",
        0.5,
    ),
    "rising": (
        Words(
            "{category}持续上升|：最近 {recent:int} {unit}的投诉率比去年同期高 {growth:pct}（95% 区间 {growth_low:pct} 至 {growth_high:pct}）；"
            "三期平均已连续 {rising:int} {unit}上升。",
            "{category}: rising|, {growth:pct} more per unit of volume in the last {recent:int} {unit} than a year before "
            "(95%: {growth_low:pct} to {growth_high:pct}); the mean of three has risen {rising:int} times in a row.",
        ),
        "watch",
        0.65,
    ),
    "falling": (
        Words(
            "{category}持续下降|：最近 {recent:int} {unit}的投诉率比去年同期变化 {growth:+pct}（95% 区间 {growth_low:+pct} 至 {growth_high:+pct}）；"
            "三期平均已连续 {falling:int} {unit}下降。",
            "{category}: falling|, {growth:+pct} in the last {recent:int} {unit} against a year before "
            "(95%: {growth_low:+pct} to {growth_high:+pct}); the mean of three has fallen {falling:int} times in a row.",
        ),
        "good",
        0.55,
    ),
    "shift_up": (
        Words(
            "{category}长期偏高|：至少连续 {run_length:int} {unit}高于中位水平（已扣除季节和业务量）。",
            "{category}: on a higher level|, above the median for at least {run_length:int} {unit} in a row "
            "(season and volume taken out).",
        ),
        "watch",
        0.5,
    ),
    "shift_down": (
        Words(
            "{category}长期偏低|：至少连续 {run_length:int} {unit}低于中位水平（已扣除季节和业务量）。",
            "{category}: on a lower level|, below the median for at least {run_length:int} {unit} in a row "
            "(season and volume taken out).",
        ),
        "good",
        0.4,
    ),
}


_WITHIN = Words("本期 {n:int} 件仍在预期之内", "the {n:int} of this period {n:is/are} still as expected")
_RUN = {
    "shift_up": Words(
        f"总量持续偏高|：连续至少 {{run_length:int}} 期高于均值（已扣除季节和业务量），{_WITHIN.zh}。",
        f"The total stays high|: at least {{run_length:int}} periods in a row lie above the mean (season and volume taken "
        f"out); {_WITHIN.en}.",
    ),
    "shift_down": Words(
        f"总量持续偏低|：连续至少 {{run_length:int}} 期低于均值（已扣除季节和业务量），{_WITHIN.zh}。",
        f"The total stays low|: at least {{run_length:int}} periods in a row lie below the mean (season and volume taken "
        f"out); {_WITHIN.en}.",
    ),
    "rising": Words(
        f"总量持续上升|：至少连续 {{trend_length:int}} 期一期高于一期（已扣除季节和业务量），{_WITHIN.zh}。",
        f"The total keeps rising|: each of the last {{trend_length:int}} periods is above the one before (season and volume "
        f"taken out); {_WITHIN.en}.",
    ),
    "falling": Words(
        f"总量持续下降|：至少连续 {{trend_length:int}} 期一期低于一期（已扣除季节和业务量），{_WITHIN.zh}。",
        f"The total keeps falling|: each of the last {{trend_length:int}} periods is below the one before (season and volume "
        f"taken out); {_WITHIN.en}.",
    ),
}


def findings(seen: Seen, tables) -> tuple[Finding, ...]:
    """All that is said, the most important first."""
    found = [_total_finding(seen, tables)]
    if seen.judged:
        cells = _cell_findings(seen, tables)
        found += cells + _category_findings(seen, tables, {f.values["code"] for f in cells})
    if not seen.categories:
        needs = Words(
            "类别未测量|：需要 {needs:text}。", "Categories are not measured|: they need {needs:text}."
        )
        found.append(Finding("trend.categories", "note", needs, {"needs": f"complaints.{seen.by}"}, 0.3))
    found += [*_event_findings(seen, tables), _chart_finding(seen, tables)]
    return tuple(sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight)))


def empty(period: Period) -> Finding:
    words = Words("截至{period:period}没有任何投诉记录|。", "No complaints on record up to {period:period}|.")
    return Finding("trend.empty", "watch", words, {"period": period}, 0.5)


def _total_finding(seen: Seen, tables) -> Finding:
    last = tables["total"].iloc[-1]
    values = {"period": seen.period, **{name: last[name] for name in ("n", "expected", "n_low", "n_high")}}
    if not seen.judged:
        words = Words(
            "{period:period}尚不完整|：已收到 {n:int} 件，不与完整的各期相比。",
            "{period:period} is not complete|: {n:int} {n:case/cases} so far, not judged against whole periods.",
        )
        return Finding("trend.partial", "note", words, {"period": seen.period, "n": last["n"]}, 0.6)
    if not np.isfinite(last["expected"]):
        words = Words(
            "{period:period}收到 {n:int} 件|；历史太短，还推算不出预期（至少要有此前 8 个完整的期间）。",
            "{n:int} {n:complaint/complaints} in {period:period}|; history is too short for an expectation (needs 8 whole periods before).",
        )
        return Finding("trend.total", "note", words, {"period": seen.period, "n": last["n"]}, 0.4)
    if last["signal"] in ("above", "below"):
        above = last["signal"] == "above"
        words = Words(
            f"{{period:period}}投诉少于预期|：收到 {{n:int}} 件，{_RANGE.zh}，已计入趋势、季节和业务量。",
            f"Fewer complaints than expected in {{period:period}}|: {{n:int}} came in, {_RANGE.en}; trend, season and "
            "volume are allowed for.",
        )
        if above:
            values["excess"] = last["excess"]
            words = Words(
                f"{{period:period}}比预期多 {{excess:int}} 件投诉|：收到 {{n:int}} 件，{_RANGE.zh}，已计入趋势、季节和业务量。",
                f"{{excess:int}} {{excess:complaint/complaints}} more than expected in {{period:period}}|: {{n:int}} came in, {_RANGE.en}; trend, "
                "season and volume are allowed for.",
            )
        level = (
            "watch" if above else "good"
        )  # to act on it is the overview's word: it tells the same as a rate
        return Finding("trend.total", level, words, values, 0.6)
    words = Words(
        f"总量没有异常|：收到 {{n:int}} 件，{_RANGE.zh}。",
        f"No signal in the total|: {{n:int}} came in, {_RANGE.en}.",
    )
    if last["signal"]:
        up = last["signal"] in UP
        values |= tables["charts"][["run_length", "trend_length"]].iloc[0].to_dict()
        return Finding("trend.total", "watch" if up else "good", _RUN[last["signal"]], values, 0.6)
    return Finding("trend.total", "note", words, values, 0.4)


_SIZE = Words(
    "{n:int} 件，比预期多 {excess:int} 件（95% 区间 {excess_low:int}–{excess_high:int}）",
    "{n:int} {n:case/cases}, {excess:int} more than expected (95%: {excess_low:int} to {excess_high:int})",
)
_SURE = Words(
    "95% 区间 {excess_share_low:pct}–{excess_share_high:pct}",
    "95%: {excess_share_low:pct} to {excess_share_high:pct}",
)


def _cell_findings(seen: Seen, tables) -> list[Finding]:
    """The category and place that carry the rise."""
    found, total = [], tables["total"].iloc[-1]
    place = "region" if seen.by != "region" else "reason"
    zh, en = f"{{place:{place}}}“{{code:{seen.by}}}”", f"“{{code:{seen.by}}}” in {{place:{place}}}"
    for row in tables["where"].head(CELLS_TOLD).to_dict("records"):
        values = {"code": row[seen.by], "place": row[place]}
        values |= {name: row[name] for name in ("n", "expected", "excess", "excess_low", "excess_high")}
        if np.isnan(row["excess_share"]) and row["excess"] >= TOLD_EXCESS:
            words = Words(f"{zh}突出|：{_SIZE.zh}。", f"{en} stands out|: {_SIZE.en}.")
            found.append(Finding("trend.where", "watch", words, values, 0.72))
        if row["excess_share_low"] >= TOLD_SHARE:
            values |= {name: row[name] for name in ("excess_share", "excess_share_low", "excess_share_high")}
            rest = Words("", "")
            if total["n"] - row["excess"] <= total["n_high"]:
                rest = Words("；没有它，总量在预期之内", "; without it the total would be within its range")
            words = Words(
                f"增量的 {{excess_share:pct}} 来自{zh}|（{_SURE.zh}）：{_SIZE.zh}{rest.zh}。",
                f"{en} explains {{excess_share:pct}} of the rise| ({_SURE.en}): {_SIZE.en}{rest.en}.",
            )
            if row["excess_share"] >= 1:
                words = Words(
                    f"增量全部来自{zh}|：{_SIZE.zh}，相当于增量的 {{excess_share:pct}}（{_SURE.zh}）{rest.zh}。",
                    f"The whole rise comes from {en}|: {_SIZE.en}, {{excess_share:pct}} of the rise ({_SURE.en}){rest.en}.",
                )
            found.append(Finding("trend.where", "act", words, values, 0.93))
    return found


def _category_findings(seen: Seen, tables, told: set[str]) -> list[Finding]:
    rows = tables["categories"]
    rows = rows[(rows["signal"] != "") & ~rows[seen.by].isin(told)]
    order = {name: i for i, name in enumerate(_CATEGORY)}
    rows = rows.sort_values("signal", key=lambda s: s.map(order), kind="stable").head(CATEGORIES_TOLD)
    found = []
    for row in rows.to_dict("records"):
        words, level, weight = _CATEGORY[row["signal"]]
        named = f"{{code:{seen.by}}}"
        words = Words(
            *(
                words[g].replace("{category}", named).replace("{unit}", UNITS[seen.period.kind][g])
                for g in ("zh", "en")
            )
        )
        names = (
            "n",
            "expected",
            "n_low",
            "n_high",
            "recent",
            "growth",
            "growth_low",
            "growth_high",
            "rising",
            "falling",
        )
        values = {"code": row[seen.by], **{name: row[name] for name in names if row[name] == row[name]}}
        values |= {"run_length": tables["charts"]["run_length"].iloc[0]}
        found.append(Finding(f"trend.{row['signal']}", level, words, values, weight))
    return found


def _event_findings(seen: Seen, tables) -> list[Finding]:
    """What in the data themselves bends the series."""
    found, events = [], tables["signals"]
    now = events["period"] == seen.period.text  # earlier ones stand in the table and in the picture
    for row in events[now & (events["signal"] == "silent")].to_dict("records"):
        words = Words(
            "{channel:channel}有 {days:int} 天没有数据|（{first_day:day}起），往常约有 {expected:int} 件：总量因此偏低。",
            "{channel:channel}: no data for {days:int} days|, from {first_day:day}; about {expected:int} {expected:case/cases} would be usual, "
            "so the total reads low.",
        )
        if row["days"] == 1:
            words = Words(
                "{channel:channel}在{first_day:day}没有数据|，往常约有 {expected:int} 件：总量因此偏低。",
                "{channel:channel}: no data on {first_day:day}|; about {expected:int} {expected:case/cases} would be usual, so the total reads "
                "low.",
            )
        names = ("channel", "days", "first_day", "last_day", "expected")
        found.append(Finding("trend.silent", "note", words, {name: row[name] for name in names}, 0.45))
    place = "region" if events["region"].notna().any() else None
    for row in events[now & (events["signal"] == "bulk")].to_dict("records"):
        in_zh, in_en = (
            (f"{{place:{place}}}", f" in {{place:{place}}}") if place and seen.by != place else ("", "")
        )
        words = Words(
            f"{{first_day:day}}{{channel:channel}}一天 {{n:int}} 件|，往常约 {{expected:int}} 件；其中 {{top_share:pct}} 为{in_zh}"
            f"“{{code:{seen.by}}}”：更像一件事，而不是各自独立的投诉，该期偏高。",
            f"{{channel:channel}}: {{n:int}} {{n:case/cases}} on {{first_day:day}} alone|, where about {{expected:int}} {{expected:is/are}} usual; "
            f"{{top_share:pct}} of them “{{code:{seen.by}}}”{in_en}: more likely one event than as many complaints; that "
            "period reads high.",
        )
        names = ("channel", "first_day", "n", "expected", "top_share")
        values = (
            {name: row[name] for name in names}
            | {"code": row[seen.by]}
            | ({"place": row[place]} if place else {})
        )
        found.append(Finding("trend.bulk", "watch", words, values, 0.6))
    for at in seen.book.breaks_in(seen.by, seen.shown):
        words = Words(
            f"分类变更：{at.words.zh}|（{{at:day}}）；类别不跨越这一天比较。",
            f"Taxonomy change: {at.words.en}| ({{at:day}}); no category is compared across it.",
        )
        found.append(Finding("trend.break", "note", words, {"at": at.at}, 0.25))
    return found


def _chart_finding(seen: Seen, tables) -> Finding:
    values = {"measure": "received", **tables["charts"].iloc[0]}
    kind = Words("c′ 图（没有业务量，按天数）", "c′ chart (by days, for want of a denominator)")
    if seen.exposure is not None:
        values["measure"] = f"rate_{seen.measure}"
        kind = Words("u′ 图（{measure:indicator}）", "u′ chart ({measure:indicator})")
    words = Words(
        f"控制图|：{kind.zh}，各期波动（方差）为纯偶然的 {{dispersion:num1}} 倍，已计入；所示 {{charts:int}} 张图上，"
        "连续偏离或连续升降的规则合计误报的机会至多 {false_alarm:pct}。",
        f"Control chart|: {kind.en}; periods vary {{dispersion:num1}} times as much (variance) as by chance alone, which is "
        "allowed for; the rules for runs raise a false alarm on any of the {charts:int} charts with a chance of at most "
        "{false_alarm:pct}.",
    )
    return Finding("trend.charts", "note", words, values, 0.05)
