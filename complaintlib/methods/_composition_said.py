"""What `composition` says: which shares changed and where, rates that tell another story, sizes, and the data."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..period import Period
from ..result import Finding
from ..rules import load_rules
from ..schema import BLANK, CLASS, NONE, OTHER
from ..stats.order import rank_certainty
from ..taxonomies import load_taxonomy
from ..words import Words, column
from ._shares import ALL, LATE_DAYS, PLACES

TOLD = 3  # changed categories that get a sentence of their own
MANY_BLANK, MANY_NONE = 0.05, 0.01
KEPT = 0.9  # a rate that surely has not fallen below this part of what it was has kept up
PER = {
    "orders": ("单", "订单"),
    "customers": ("名客户", "客户"),
    "contacts": ("次联络", "联络"),
}  # 每千单；订单
_CHANGE = Words(
    "{n:int} 件，当时 {n_then:int} 件；变化 {share_change:pp}（95% 区间 {share_change_low:points} 至 {share_change_high:pp}）",
    "{n:int} {n:case/cases} against {n_then:int}; {share_change:pp} (95% interval {share_change_low:points} to {share_change_high:pp})",
)
_CHANGED = ("n", "n_then", "share_now", "share_then", "share_change", "share_change_low", "share_change_high")
Tables, Values = Mapping[str, pd.DataFrame], dict[str, Any]


def _then(tables: Tables) -> pd.Series:
    return tables["windows"].set_index("compared")["period"]


def on_changes(by: str, tables: Tables, moved: pd.DataFrame) -> Iterator[Finding]:
    """Which shares changed: the largest changes one by one, the others by name; or that none did."""
    then, changes = _then(tables), tables["changes"]
    for row in moved.head(TOLD).to_dict("records"):
        up = row["moved"] == "up"
        beside, beside_values = _beside(by, changes, row, then)
        place, place_values = _place(by, tables["where"], row)
        why = Words("", "")
        if not row["real"]:
            why = Words(
                f"；件数本身未见{'增加' if up else '减少'}，是别的类别{'减少' if up else '增多'}所致",
                f"; its own number is not shown to have {'grown: others shrank' if up else 'fallen: others grew'}",
            )
        words = Words(
            f"“{{{by}:{by}}}”占比由 {{then:period}}的 {{share_then:pct1}} {'升' if up else '降'}至 {{share_now:pct1}}|："
            f"{_CHANGE.zh}{beside.zh}{why.zh}{place.zh}。",
            f"“{{{by}:{by}}}” {'rose' if up else 'fell'} from {{share_then:pct1}} of complaints in {{then:period}} to "
            f"{{share_now:pct1}}|: {_CHANGE.en}{beside.en}{why.en}{place.en}.",
        )
        values = {name: row[name] for name in (by, *_CHANGED)} | {"then": then[row["compared"]]}
        level = "watch" if up and row["real"] else "note"
        weight = (0.5 if row["real"] else 0.3) + min(0.35, 2 * row["size"])
        yield Finding("composition.changed", level, words, values | beside_values | place_values, weight)
    if len(moved) > TOLD:
        rest = list(moved[by].iloc[TOLD:])
        words = Words(
            f"另有 {len(rest)} 类占比有变化|：{{names:{by}}}；幅度与区间见“变化”表。",
            f"{'One' if len(rest) == 1 else len(rest)} more changed in share|: {{names:{by}}}; by how much stands in the table "
            "of changes.",
        )
        yield Finding("composition.also", "note", words, {"names": rest}, 0.45)
    tested = changes[changes["q"].notna()]
    if moved.empty and tested[by].nunique() > 1:
        row = tested.loc[tested["q"].idxmin()]
        values = row[[by, *_CHANGED, "q"]].to_dict() | {"then": then[row["compared"]]}
        values["tested"] = tables["windows"].set_index("compared").loc[row["compared"], "tested"]
        words = Words(
            f"各类占比未见变化|：与 {{then:period}}相比，{{tested:int}} 类中变化最明显的是“{{{by}:{by}}}”，{_CHANGE.zh}；"
            "考虑到平时各期的波动和一并比较的类别数，这可能出于偶然（q = {q:p}）。",
            f"No share has been shown to change|: of {{tested:int}} compared with {{then:period}} the clearest is "
            f"“{{{by}:{by}}}”, {_CHANGE.en}; given how shares usually move and how many were looked at, that can be chance (q = {{q:p}}).",
        )
        yield Finding("composition.same", "note", words, values, 0.5)


def _beside(by: str, changes: pd.DataFrame, row: Values, then: pd.Series) -> tuple[Words, Values]:
    """What the other earlier period says of the same category."""
    other = changes[
        (changes[by] == row[by]) & (changes["compared"] != row["compared"]) & changes["q"].notna()
    ]
    if other.empty:
        return Words("", ""), {}
    other = other.iloc[0]
    zh, en = {"same": ("未见变化", "no change shown"), row["moved"]: ("也是如此", "likewise")}.get(
        other["moved"], ("则相反", "the reverse")
    )
    words = Words(
        f"；与 {{then2:period}}相比{zh}（{{change2:pp}}）",
        f"; against {{then2:period}} {en} ({{change2:pp}})",
    )
    return words, {"then2": then[other["compared"]], "change2": other["share_change"]}


def _place(by: str, where: pd.DataFrame, row: Values) -> tuple[Words, Values]:
    """Where the change sits: the reason, region, product or channel whose part of its cases moved with it most."""
    found = where[(where[by] == row[by]) & (where["moved"] == row["moved"])]
    if found.empty:
        return Words("", ""), {}
    found = found.loc[found["share_change"].abs().idxmax()]
    place = next(p for p in PLACES if p != by and p in where and pd.notna(found[p]))
    words = Words(
        f"；主要在“{{place:{place}}}”（{{place_n:int}} 件，当时 {{place_n_then:int}} 件）",
        f"; above all in “{{place:{place}}}” ({{place_n:int}} {{place_n:case/cases}} against {{place_n_then:int}})",
    )
    return words, {"place": found[place], "place_n": found["n"], "place_n_then": found["n_then"]}


def on_rates(by: str, tables: Tables) -> Iterator[Finding]:
    """Share and rate that go opposite ways, one of them surely: the share then misleads."""
    rates = tables["rates"]
    if rates.empty:
        return
    rates = rates.assign(
        up=rates["ratio"] > 1,
        sure=rates["rate_moved"].isin(["up", "down"]),
        size=np.log(rates["ratio"].clip(1e-9)).abs(),
    )
    opposite = (rates["share_change"] < 0) == rates["up"]
    kept = np.where(rates["up"], rates["ratio_low"] > KEPT, rates["ratio_high"] < 1 / KEPT)
    hidden = rates[opposite & (rates["sure"] | (kept & rates["moved"].isin(["up", "down"])))]
    if hidden.empty:
        return
    row = hidden.sort_values(["up", "sure", "size"], ascending=False, kind="stable").iloc[0]
    up, measure, (unit, base) = row["up"], row["measure"], PER[row["measure"]]
    zh, en = {
        (True, True): ("占比下降，投诉率却上升", "takes a smaller share although its rate rose"),
        (True, False): (
            "占比下降，投诉率却未见下降",
            "takes a smaller share although its rate is not shown to fall",
        ),
        (False, True): ("占比上升，投诉率却下降", "takes a larger share although its rate fell"),
        (False, False): (
            "占比上升，投诉率却未见上升",
            "takes a larger share although its rate is not shown to rise",
        ),
    }[up, row["sure"]]
    words = Words(
        f"“{{{by}:{by}}}”{zh}|：每千{unit}投诉 {{rate:num2}} 件，{{then:period}}为 {{rate_then:num2}} 件（{{ratio:num2}} 倍，95% 区间 "
        f"{{ratio_low:num2}} 至 {{ratio_high:num2}}）；占比变化 {{share_change:pp}}，它占{base}的比重则由 {{part_then:pct1}} 变为 "
        "{part:pct1}。应以投诉率为准。",
        f"“{{{by}:{by}}}” {en}|: {{rate:num2}} complaints per 1,000 {measure} against {{rate_then:num2}} in {{then:period}} (ratio "
        f"{{ratio:num2}}, 95% interval {{ratio_low:num2}} to {{ratio_high:num2}}); its share changed by {{share_change:pp}} while its "
        f"part of the {measure} went from {{part_then:pct1}} to {{part:pct1}}. Judge it by the rate.",
    )
    names = ("rate", "rate_then", "ratio", "ratio_low", "ratio_high", "part", "part_then", "share_change")
    values = row[[by, *names]].to_dict() | {"then": _then(tables)[row["compared"]]}
    yield Finding(
        "composition.opposite", "watch" if up else "note", words, values, 0.8 if row["sure"] else 0.7
    )


def on_size(by: str, tables: Tables) -> Iterator[Finding]:
    """The largest category, and what is put together as other; or why nothing can be said."""
    shares, this, least = tables["shares"], tables["windows"].iloc[0], load_rules().statistics.min_count
    known = shares[~shares[by].isin([BLANK, OTHER])].sort_values("n", ascending=False, kind="stable")
    known = pd.concat([known[known[by] != NONE], known[known[by] == NONE]])  # which is no category of its own
    if this["n"] == 0:
        words = Words(
            "{this:period}没有投诉|，谈不上构成。", "No complaints in {this:period}|, so there are no shares."
        )
        yield Finding("composition.empty", "note", words, {"this": this["period"]}, 0.3)
        return
    if this["n_classified"] < least:
        words = Words(
            f"样本太少，不谈构成|：已分类投诉 {{n:int}} 件，至少需要 {least} 件。",
            f"Too few to speak of a composition|: {{n:int}} classified {{n:complaint/complaints}}; it takes {least}.",
        )
        yield Finding("composition.few", "note", words, {"n": this["n_classified"]}, 0.3)
    else:
        yield _largest(by, known)
    if OTHER in set(shares[by]):
        other = shares.set_index(by).loc[OTHER]
        words = Words(
            "{k:int} 个小类合为“其他”|：共 {n:int} 件，占 {share:pct1}；占比有变化的类别一律单列，不在其中。",
            "{k:int} small categories stand together as “Other”|: {n:int} {n:case/cases}, {share:pct1}; a category shown to have "
            "changed always stands alone.",
        )
        values = {"k": this["categories_other"], "n": other["n"], "share": other["share_classified"]}
        yield Finding("composition.other", "note", words, values, 0.2)


def _largest(by: str, known: pd.DataFrame) -> Finding:
    what, first, second = column(by).words, known.iloc[0], known.iloc[min(1, len(known) - 1)]
    values = {by: first[by], "n": first["n"], "share": first["share_classified"]}
    values |= {"low": first["share_low"], "high": first["share_high"]}
    values |= {"second": second[by], "n2": second["n"], "share2": second["share_classified"]}
    one = Words(
        f"已分类的投诉全部属于“{{{by}:{by}}}”|，共 {{n:int}} 件。",
        f"All classified complaints are “{{{by}:{by}}}”|, {{n:int}} cases.",
    )
    sure = Words(
        f"占比最大的{what.zh}是“{{{by}:{by}}}”，{{share:pct1}}|：{{n:int}} 件（95% 区间 {{low:pct1}} 至 {{high:pct1}}）；"
        f"其次为“{{second:{by}}}”，{{share2:pct1}}。",
        f"The largest {what.en.lower()} is “{{{by}:{by}}}” with {{share:pct1}}|: {{n:int}} {{n:case/cases}} (95% interval {{low:pct1}} to "
        f"{{high:pct1}}); next comes “{{second:{by}}}” with {{share2:pct1}}.",
    )
    close = Words(
        f"“{{{by}:{by}}}”（{{share:pct1}}）和“{{second:{by}}}”（{{share2:pct1}}）居前|，分别为 {{n:int}} 件和 {{n2:int}} 件，"
        "差别不足以分出先后。",
        f"“{{{by}:{by}}}” ({{share:pct1}}) and “{{second:{by}}}” ({{share2:pct1}}) lead|: {{n:int}} and {{n2:int}} {{n2:case/cases}}, too "
        "close to say which comes first.",
    )
    certain = rank_certainty(known.set_index(by)["n"]).same_top.iloc[0] >= load_rules().statistics.confidence
    if len(known) == 1:
        return Finding("composition.largest", "note", one, values, 0.2)
    return Finding("composition.largest", "note", sure if certain else close, values, 0.6)


def on_classes(taxonomy: str, tables: Tables) -> Iterator[Finding]:
    """Reasons that the taxonomy has no class for: where they have one to be, its file is to be filled in."""
    inside, shares = tables["inside"], tables["shares"].set_index(CLASS)
    if NONE not in shares.index or shares.loc[NONE, "share_classified"] < MANY_NONE:
        return
    name, values = load_taxonomy(taxonomy).words, shares.loc[NONE, ["n", "share_classified"]].to_dict()
    words = Words(
        f"{{share_classified:pct1}} 的投诉不属于“{name.zh}”的任何一类|：{{n:int}} 件，最多的原因是{{names:reason}}。"
        f"若应归类，请补入 data/taxonomies/{taxonomy}.toml。",
        f"{{share_classified:pct1}} of the complaints are in no class of “{name.en}”|: {{n:int}}, most of them {{names:reason}}. "
        f"If they belong to one, enter them in data/taxonomies/{taxonomy}.toml.",
    )
    names = list(inside.loc[inside[CLASS] == NONE, "reason"])
    yield Finding("composition.classless", "note", words, values | {"names": names}, 0.25)


def on_data(by: str, period: Period, tables: Tables) -> Iterator[Finding]:
    """What limits it: a period not over, earlier ones not compared, categories late or missing."""
    this, least = tables["windows"].iloc[0], load_rules().statistics.min_count
    if this["n"] == 0:
        return
    if period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，共 {n:int} 件；只与以往各期的同一段时间比较，结果还会变动。",
            "{period:period} is not over|: seen until {as_of:moment}, {n:int} {n:complaint/complaints} so far; compared only with the same "
            "stretch of earlier periods, and still to change.",
        )
        values = {"period": period, "as_of": period.as_of, "n": this["n"]}
        yield Finding("composition.partial", "note", words, values, 0.7)
    why = {
        "break": Words("分类在 {on:day}有调整，前后口径不同。", "the categories were changed on {on:day}."),
        "none": Words("数据没有覆盖该期。", "the data do not cover it."),
        "few": Words(
            f"样本太少（当时已分类 {{n:int}} 件；两期各至少需要 {least} 件）。",
            f"too few classified cases ({{n:int}} then; it takes {least} in each period).",
        ),
    }
    for row in tables["windows"].to_dict("records"):
        if row["comparable"] in why:
            zh, en = (why[row["comparable"]][lang] for lang in ("zh", "en"))
            words = Words(f"与 {{then:period}}不作比较|：{zh}", f"Not compared with {{then:period}}|: {en}")
            values = {"then": row["period"], "n": row["n_classified"], "on": row["broken_on"]}
            yield Finding(f"composition.{row['comparable']}", "note", words, values, 0.4)
    if (tables["unclassified"]["moved"] == "up").any():
        yield _late(by, tables["unclassified"])
    elif this["share_blank"] >= MANY_BLANK:
        what = column(by).words
        words = Words(
            f"{{share_blank:pct}} 的投诉没有填{what.zh}|：{{n:int}} 件中 {{n_blank:int}} 件。占比按其余 {{n_classified:int}} 件计算，"
            "只有在未填的与已填的相仿时才代表全部。",
            f"{{share_blank:pct}} of the complaints have no {what.en.lower()}|: {{n_blank:int}} of {{n:int}}. Shares are of the other "
            "{n_classified:int} and stand for all only if the unclassified are like them.",
        )
        values = this[["share_blank", "n", "n_blank", "n_classified"]].to_dict()
        yield Finding("composition.unclassified", "note", words, values, 0.4)


def _late(by: str, table: pd.DataFrame) -> Finding:
    """The newest days lack more categories than the days before, over all or in one channel."""
    key, what = table.columns[0], column(by).words
    rising = table[table["moved"] == "up"].sort_values("share_change", ascending=False, kind="stable")
    parts = rising[rising[key] != ALL]
    row = rising[rising[key] == ALL].iloc[0] if len(parts) < len(rising) else parts.iloc[0]
    values = row[["n", "share_blank", "share_blank_then", "share_change_low", "share_change_high"]].to_dict()
    most = Words("", "")
    if len(parts):
        values |= {"most": parts[key].iloc[0], "most_share": parts["share_blank"].iloc[0]}
        most = Words(
            f"，“{{most:{key}}}”缺得最多（{{most_share:pct}}）",
            f", most in “{{most:{key}}}” ({{most_share:pct}})",
        )
    words = Words(
        f"最近 {LATE_DAYS} 天的{what.zh}尚未补填完|：{{n:int}} 件中 {{share_blank:pct}} 未填，此前为 {{share_blank_then:pct}}"
        f"（差值的 95% 区间 {{share_change_low:points}} 至 {{share_change_high:pp}}）{most.zh}。占比只按已分类的投诉计算，补填后仍会变动。",
        f"The newest days are not all classified yet|: {{share_blank:pct}} of {{n:int}} complaints of the last {LATE_DAYS} days have no "
        f"{what.en.lower()}, against {{share_blank_then:pct}} before (95% interval of the difference {{share_change_low:points}} to "
        f"{{share_change_high:pp}}){most.en}. Shares are of the classified ones and will still move.",
    )
    level = "note" if by == CLASS else "watch"  # of classes it says no more than the reasons do
    return Finding("composition.late", level, words, values, 0.6)
