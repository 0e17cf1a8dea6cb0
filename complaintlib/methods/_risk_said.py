"""What `risk` says: what weighs most, what is rare but heavy, what rises or falls, whether the order held, what limits it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ..period import Period
from ..result import Finding
from ..rules import load_rules
from ..words import Words, column, label
from ._risk_tables import CLASSES, TOP

NAMED, TOLD = 5, 2  # kinds named in a sentence; sentences of one sort
HEAVY, SURE = (
    1.5,
    0.8,
)  # average cases that one case surely weighs; certainty from which a change of class is told
MANY_BLANK = 0.05
PARTS = {
    "points_mean": Words("严重程度", "severity"),
    "paid_mean": Words("赔付", "compensation"),
    "share_escalated": Words("升级", "escalation"),
}
THEN = {
    "last_year": Words("与去年同期相比", "against the same time last year"),
    "previous": Words("与此前相比", "against the time before"),
}
Tables = Mapping[str, pd.DataFrame]


def said(by: str, period: Period, tables: Tables) -> Iterator[Finding]:
    table, fact, least = tables["risks"], tables["facts"].iloc[0], load_rules().statistics.min_count
    if fact["n"] == 0:
        words = Words(
            "近期没有投诉|，无风险可排。", "No recent complaints|, so there are no risks to put in order."
        )
        yield Finding("risk.empty", "note", words, {}, 0.3)
    elif fact["n"] < least:
        words = Words(
            f"样本太少，不评风险|：近期可计的投诉 {{n:int}} 件，至少需要 {least} 件。",
            f"Too few to judge risks|: {{n:int}} recent {{n:complaint counts/complaints count}}; it takes {least}.",
        )
        yield Finding("risk.few", "note", words, {"n": fact["n"]}, 0.3)
    else:
        yield _leading(by, table, fact)
        yield from _heavy(by, table)
        yield from _trends(by, table)
        yield from _changed(by, table)
        if fact["periods_checked"] > 2 and pd.notna(fact["order_low"]):
            yield _checked(fact)
    yield from _limits(by, period, table, fact)


def _leading(by: str, table: pd.DataFrame, fact: pd.Series) -> Finding:
    """Which kinds are critical; or that none is."""
    critical = list(table.loc[table["risk"] == "critical", by])
    if not critical:
        row = table.iloc[0]
        words = Words(
            f"没有哪一类风险极高|：影响最大的“{{{by}:{by}}}”占全部影响的 {{burden:pct}}（95% 区间 {{burden_low:pct}} 至 {{burden_high:pct}}）。",
            f"No kind is critical|: the heaviest, “{{{by}:{by}}}”, has {{burden:pct}} of the burden (95% interval {{burden_low:pct}} to "
            "{burden_high:pct}).",
        )
        return Finding(
            "risk.spread", "note", words, row[[by, "burden", "burden_low", "burden_high"]].to_dict(), 0.5
        )
    many = len(critical) > NAMED
    led = Words("以", "led by ") if many else Words("", "")
    words = Words(
        f"{{critical_kinds:int}} 类风险极高：{led.zh}{{names:{by}}}{'为首' if many else ''}|，合占全部影响的 {{critical_burden:pct}}；"
        "按件数占 {critical_share:pct}。",
        f"{{critical_kinds:int}} {{critical_kinds:kind is/kinds are}} critical: {led.en}{{names:{by}}}|, with "
        "{critical_burden:pct} of the burden and {critical_share:pct} of the complaints.",
    )
    values = fact[["critical_kinds", "critical_burden", "critical_share"]].to_dict() | {
        "names": critical[:NAMED]
    }
    return Finding("risk.critical", "watch", words, values, 0.7)


def _heavy(by: str, table: pd.DataFrame) -> Iterator[Finding]:
    """The kind that is rare but heavy: its place by burden is far before its place by number."""
    by_number = table["n"].rank(ascending=False, method="first")
    rare = table[
        (table["impact_low"] > HEAVY) & (by_number - table["rank"] >= TOP) & (table["risk"] != "low")
    ]
    for row in rare.head(1).to_dict("records"):
        parts = [(PARTS[c], row[c]) for c in PARTS if c in row]
        why = max(parts, key=lambda p: p[1] / max(_usual(table, p[0]), 1e-12))[0]
        words = Words(
            f"少而重：“{{{by}:{by}}}”|只占件数的 {{share:pct1}}，却占影响的 {{burden:pct}}，列第 {{rank:int}}；一件约抵 {{impact:num1}} 件"
            f"平均投诉（95% 区间 {{impact_low:num1}} 至 {{impact_high:num1}}），主要在于{why.zh}。",
            f"Rare but heavy: “{{{by}:{by}}}”| is {{share:pct1}} of the complaints but {{burden:pct}} of the burden, place {{rank:int}}; "
            f"one case weighs about {{impact:num1}} average ones (95% interval {{impact_low:num1}} to {{impact_high:num1}}), above all "
            f"through {why.en}.",
        )
        names = (by, "share", "burden", "rank", "impact", "impact_low", "impact_high")
        yield Finding("risk.heavy", "watch", words, {name: row[name] for name in names}, 0.65)


def _usual(table: pd.DataFrame, part: Words) -> float:
    name = next(c for c, words in PARTS.items() if words is part)
    return float((table[name] * table["n"]).sum() / max(table["n"].sum(), 1))


def _trends(by: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Kinds that weigh something and have become more or less frequent."""
    weighty = table[table["risk"] != "low"]
    for way, key in (("up", "rising"), ("down", "easing")):
        for row in weighty[weighty["moved"] == way].head(TOLD).to_dict("records"):
            then = THEN[row["compared"]]
            zh, en = (label("risk", row["risk"], lang) for lang in ("zh", "en"))
            much = Words(
                f"{then.zh} {{growth:+pct}}（95% 区间 {{growth_low:+pct}} 至 {{growth_high:+pct}}，q 值 {{q:p}}）",
                f"{{growth:+pct}} {then.en} (95% interval {{growth_low:+pct}} to {{growth_high:+pct}}, q {{q:p}})",
            )
            born = pd.isna(row["growth"])
            much = Words("此前没有（q 值 {q:p}）", "there was none before (q {q:p})") if born else much
            words = Words(
                f"“{{{by}:{by}}}”（{zh}风险）在{'增多' if way == 'up' else '减少'}|：{much.zh}；占影响的 {{burden:pct}}。",
                f"“{{{by}:{by}}}”, a {en} risk, is {'rising' if way == 'up' else 'falling'}|: {much.en}; it has {{burden:pct}} of "
                "the burden.",
            )
            names = (by, "q", "burden", *(() if born else ("growth", "growth_low", "growth_high")))
            large = row["risk"] in CLASSES[:2]
            level = "good" if way == "down" else "act" if large else "watch"
            yield Finding(
                f"risk.{key}", level, words, {name: row[name] for name in names}, 0.6 + 0.25 * large
            )


def _changed(by: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Kinds whose class is surely another than one period before."""
    order = {name: i for i, name in enumerate(CLASSES)}
    known = table[table["risk_then"].isin(list(order)) & (table["risk_sure"] >= SURE)]
    now, then = (known[name].map(order).astype(float) for name in ("risk", "risk_then"))
    step = now - then
    for row in known[step != 0].head(TOLD).to_dict("records"):
        up = order[row["risk"]] < order[row["risk_then"]]
        names = {
            lang: (label("risk", row["risk"], lang), label("risk", row["risk_then"], lang))
            for lang in ("zh", "en")
        }
        words = Words(
            f"“{{{by}:{by}}}”由“{names['zh'][1]}”{'升' if up else '降'}为“{names['zh'][0]}”|：占影响的 {{burden:pct1}}"
            "（属这一级的把握 {risk_sure:pct}）。",
            f"“{{{by}:{by}}}” went {'up' if up else 'down'} from {names['en'][1]} to {names['en'][0]}|: {{burden:pct1}} of the burden "
            "(certainty of this class {risk_sure:pct}).",
        )
        values = {name: row[name] for name in (by, "burden", "risk_sure")}
        yield Finding(f"risk.{'up' if up else 'down'}", "watch" if up else "good", words, values, 0.55)


def _checked(fact: pd.Series) -> Finding:
    better = fact["order_kept"] > fact["order_by_count"]
    words = Words(
        f"回头看：提前一期排出的先后与后来的实际影响，名次相关平均 {{order_kept:num2}}|（95% 区间 {{order_low:num2}} 至 {{order_high:num2}}，"
        f"{{periods_checked:int}} 期）；{'若只按件数排，为' if better else '只按件数排并不更差，为'} {{order_by_count:num2}}；前 {TOP} 类平均"
        "说中 {hits_mean:num1} 类。",
        "Looking back: the order told one period ahead agreed with what the complaints then weighed by a rank correlation of "
        f"{{order_kept:num2}}| (mean of {{periods_checked:int}} {{periods_checked:period/periods}}, 95% interval {{order_low:num2}} to {{order_high:num2}}); by number "
        f"alone {'it would have been' if better else 'it is no worse,'} {{order_by_count:num2}}; of the first {TOP} {{hits_mean:num1}} "
        "were right on average.",
    )
    names = ("order_kept", "order_low", "order_high", "periods_checked", "order_by_count", "hits_mean")
    return Finding("risk.checked", "note", words, fact[list(names)].to_dict(), 0.45)


def _limits(by: str, period: Period, table: pd.DataFrame, fact: pd.Series) -> Iterator[Finding]:
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}；近期三期含未完的这一期，不判断增减。",
            "{period:period} is not over|: seen until {as_of:moment}; it is one of the three recent periods, and no rise or fall is "
            "judged.",
        )
        yield Finding("risk.partial", "note", words, {"period": period, "as_of": period.as_of}, 0.7)
    if pd.notna(fact["broken_on"]):
        words = Words(
            "本期内分类有调整|：{on:day}前后的类别混在一起，风险须慎读。",
            "The categories were changed within the period|: those before and after {on:day} are mixed; read risks with care.",
        )
        yield Finding("risk.break", "note", words, {"on": fact["broken_on"]}, 0.65)
    missing = [PARTS[name] for name in PARTS if name not in table]
    if missing and fact["n"]:
        zh, en = "、".join(m.zh for m in missing), _both([m.en for m in missing])
        words = Words(
            f"没有{zh}的数据|：每件的影响只按其余各项计算。",
            f"No data on {en}|: what a case weighs rests on the rest.",
        )
        yield Finding("risk.parts", "note", words, {}, 0.25)
    if fact["n_blank"] and fact["n_blank"] / max(fact["n"] + fact["n_blank"], 1) >= MANY_BLANK:
        what = column(by).words
        words = Words(
            f"本期有 {{n_blank:int}} 件没有填{what.zh}|，未计入。",
            f"{{n_blank:int}} {{n_blank:complaint/complaints}} of the period {{n_blank:has/have}} no {what.en.lower()}| and {{n_blank:is/are}} not counted.",
        )
        yield Finding("risk.unclassified", "note", words, {"n_blank": fact["n_blank"]}, 0.35)


def _both(names: Sequence[Any]) -> str:
    return " and ".join(names)
