"""What `exposure` says: what follows which measure, what that lets one expect, what only shares the season, what it rests on."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from ..period import Period
from ..result import Finding
from ..stats.lagged import FEWEST
from ..words import Words
from ._exposure_pairs import Seen
from ._shares import ALL

TOLD = 4  # associations that get a sentence of their own
NAMED = 5  # categories named of those that share a season
Tables = Mapping[str, pd.DataFrame]


def few(by: str, period: Period, months: Sequence[Period]) -> tuple[dict, tuple[Finding, ...]]:
    """Tables and findings where there are too few months."""
    table = pd.DataFrame(columns=[by, "driver", "shown"])
    facts = pd.DataFrame({"months": [len(months)]})
    words = Words(
        f"完整月份太少，不作比较|：有 {{months:int}} 个月，至少需要 {FEWEST} 个月，才能把相关与季节、趋势分开。",
        f"Too few whole months to compare|: there {{months:is/are}} {{months:int}}; it takes {FEWEST} to tell an association from season and "
        "trend.",
    )
    told = [Finding("exposure.few", "note", words, {"months": len(months)}, 0.3), *_partial(period)]
    return {"pairs": table, "measures": facts}, tuple(told)


def said(seen: Seen, tables: Tables) -> Iterator[Finding]:
    pairs = tables["pairs"]
    own = pairs[pairs["shown"] == "own"]
    for row in own.head(TOLD).to_dict("records"):
        yield _own(seen, row, tables)
    for row in tables["coming"].to_dict("records"):
        yield _coming(seen, row)
    if own.empty:
        yield _nothing(tables)
    yield from _seasonal(seen, tables)
    yield _rests(seen, tables)
    yield from _limits(seen)


def _what(seen: Seen, code: str) -> Words:
    """Complaints of a category, or all of them."""
    if code == ALL:
        return Words("投诉总量", "all complaints")
    return Words(f"“{{{seen.by}:{seen.by}}}”投诉", f"“{{{seen.by}:{seen.by}}}” complaints")


def _step(row: Mapping, tables: Tables) -> tuple[Words, dict]:
    """What `response` is the response to."""
    measures = tables["measures"].set_index("driver")
    fact = measures.loc[row["driver"]]
    if fact["months_any"] < fact["months"]:
        words = Words(
            "与没有发生的月份相比，通常程度（中位 {usual:int}）的月份",
            "against a month without any, a usual month with some (median {usual:int}) means",
        )
        return words, {"usual": fact["usual"]}
    return Words("多一成时", "10% more means"), {}


def _own(seen: Seen, row: Mapping, tables: Tables) -> Finding:
    what, (step, usual) = _what(seen, row[seen.by]), _step(row, tables)
    up = row["response"] > 0
    zh, en = ("也多", "more") if up else ("反而少", "fewer")
    events = bool(usual)
    base = events and seen.base is not None
    beside = (
        Words("、趋势和“{per:measure}”", ", trend and “{per:measure}”")
        if base
        else Words("和趋势", " and trend")
    )
    key = "after" if row["lag"] else "along"
    cause = Words(
        "是否由其引起，须逐日核对先后，并看没有发生的地区、渠道有无变化。",
        "whether one brings the other takes the order of events day by day, and places and channels without the event.",
    )
    if not events:
        cause = Words("促销、节日等也会使两者一起变动。", "a promotion or a holiday would move both as well.")
    words = Words(
        f"“{{driver:measure}}”多，{{lag:lag}}{what.zh}{zh}|：{step.zh}，{{lag:lag}}投诉变化 {{response:+pct}}（95% 区间 "
        f"{{response_low:+pct}} 至 {{response_high:+pct}}），已扣除季节{beside.zh}的影响；偏相关 {{r:num2}}，{{months:int}} 个月，"
        f"q {{q:p}}，去掉任何一个月仍成立。这是相关，不是因果；{cause.zh}",
        f"More “{{driver:measure}}”, {en} {what.en} {{lag:lag}}|: {step.en} {{response:+pct}} complaints {{lag:lag}} (95% interval "
        f"{{response_low:+pct}} to {{response_high:+pct}}), season{beside.en} allowed for; partial correlation {{r:num2}} over "
        f"{{months:int}} months, q {{q:p}}, and it holds without any one month. This is association, not cause: {cause.en}",
    )
    fact = tables["measures"].set_index("driver").loc[row["driver"]]
    names = [seen.by, "driver", "lag", "response", "response_low", "response_high", "r", "q"]
    values = {name: row[name] for name in names} | {"months": int(fact["months"])} | usual
    values |= {"per": seen.per} if base else {}
    level, weight = ("watch", 0.7) if up and events else ("note", 0.5)
    return Finding(f"exposure.{key}", level, words, values, weight)


def _coming(seen: Seen, row: Mapping) -> Finding:
    """What the events of the last months let one expect next."""
    what = _what(seen, row[seen.by])
    names = [seen.by, "driver", "driver_month", "driver_value", "month_due"]
    values = {name: row[name] for name in names}
    if row["driver_value"] <= 0:
        words = Words(
            f"{{month_due:period}}：{what.zh}没有因此增多的迹象|；{{driver_month:period}}“{{driver:measure}}”为 0。",
            f"{{month_due:period}}: nothing points to more {what.en}|; “{{driver:measure}}” was 0 in {{driver_month:period}}.",
        )
        return Finding("exposure.quiet", "note", words, values, 0.35)
    way = ("增多", "more") if row["response"] > 0 else ("减少", "fewer")
    words = Words(
        f"{{month_due:period}}：{what.zh}可能{way[0]}|；{{driver_month:period}}“{{driver:measure}}”为 {{driver_value:int}}，照以往的"
        "相关，与没有发生时相比投诉变化 {response:+pct}（95% 区间 {response_low:+pct} 至 {response_high:+pct}），以相关持续为前提。",
        f"{{month_due:period}}: {way[1]} {what.en} may come|; “{{driver:measure}}” was {{driver_value:int}} in {{driver_month:period}}, and "
        "by the association so far that goes with {response:+pct} complaints compared with none (95% interval "
        "{response_low:+pct} to {response_high:+pct}), if the association lasts.",
    )
    values |= {name: row[name] for name in ("response", "response_low", "response_high")}
    return Finding("exposure.coming", "watch", words, values, 0.65)


def _nothing(tables: Tables) -> Finding:
    whole = tables["measures"]
    words = Words(
        "扣除季节和趋势后，没有看出投诉与业务量、运营指标的相关|；这样的月数，偏相关要到 {r_visible:num2} 左右才看得出，"
        "所以不等于没有关系。",
        "Beyond season and trend no association of complaints with sales and operations is shown|; with so many months it takes a "
        "partial correlation of about {r_visible:num2} to be seen, so there may still be one.",
    )
    return Finding("exposure.none", "note", words, {"r_visible": whole["r_visible"].min()}, 0.45)


def _seasonal(seen: Seen, tables: Tables) -> Iterator[Finding]:
    """The volume that goes along most, though only together with the season, and what else does."""
    pairs = tables["pairs"]
    shared = pairs[(pairs["shown"] == "seasonal") & (pairs["response"] > 0)]
    if shared.empty:
        return
    whole = shared[shared[seen.by] == ALL]
    row = (whole if len(whole) else shared).iloc[0]
    mine = shared[(shared["driver"] == row["driver"]) & ~shared[seen.by].isin([ALL, row[seen.by]])]
    names = list(mine[seen.by].head(NAMED))
    others = sorted(set(shared["driver"]) - {row["driver"]})
    what, along, apart = _what(seen, row[seen.by]), Words("", ""), Words("", "")
    if names:
        along = Words(
            f"；随之起伏最明显的类别：{{names:{seen.by}}}",
            f"; the categories that go along most clearly: {{names:{seen.by}}}",
        )
    if others:
        apart = Words(
            "；“{others:measure}”与之几乎同步，分不出是哪一个",
            "; “{others:measure}” moves almost in step with it, and the two cannot be told apart",
        )
    words = Words(
        f"{what.zh}与“{{driver:measure}}”{{lag:lag}}同起同落，但主要是一年之中的同一起伏|：多一成时，投诉变化 {{response:+pct}}（95% 区间 "
        f"{{response_low:+pct}} 至 {{response_high:+pct}}）{along.zh}{apart.zh}；扣除季节后余下的变化太少，分不清是业务量本身还是时节。",
        f"{what.en[0].upper() + what.en[1:]} and “{{driver:measure}}” rise and fall together {{lag:lag}}, but mostly as the year goes|: 10% more "
        f"means {{response:+pct}} complaints (95% interval {{response_low:+pct}} to {{response_high:+pct}}){along.en}{apart.en}; beyond the "
        "season too little varies to tell the volume from the time of the year.",
    )
    values = {
        name: row[name] for name in (seen.by, "driver", "lag", "response", "response_low", "response_high")
    }
    values |= ({"names": names} if names else {}) | ({"others": others} if others else {})
    yield Finding("exposure.season", "note", words, values, 0.4)


def _rests(seen: Seen, tables: Tables) -> Finding:
    whole = tables["measures"].iloc[-1]
    words = Words(
        "共作 {tests:int} 次检验|（类别 × 指标 × 间隔），月份至{last:period}；时间倒过来作对照，p 低于 5% 的占 {low_p_after:pct1}"
        "（纯属偶然时约 5%）。",
        "{tests:int} {tests:test/tests} in all|: categories × measures × lags, months up to {last:period}; with time turned round {low_p_after:pct1} have p "
        "below 5% (about 5% by chance).",
    )
    values = {"tests": int(whole["tests"]), "last": seen.months[-1], "low_p_after": whole["low_p_after"]}
    if pd.isna(whole["low_p_after"]):
        words = Words(
            "共作 {tests:int} 次检验|，月份至{last:period}。",
            "{tests:int} {tests:test/tests} in all|: months up to {last:period}.",
        )
        del values["low_p_after"]
    return Finding("exposure.rests", "note", words, values, 0.15)


def _partial(period: Period) -> list[Finding]:
    if not period.is_partial:
        return []
    words = Words(
        "{period:period}尚未结束|：未完的月份不计入。",
        "{period:period} is not over|: the month under way is left out.",
    )
    return [Finding("exposure.partial", "note", words, {"period": period}, 0.2)]


def _limits(seen: Seen) -> Iterator[Finding]:
    yield from _partial(seen.period)
    if seen.stops is not None:
        words = Words(
            "数据只到{stops:day}|：此后不全的月份不计入。",
            "The data stop on {stops:day}|: months that are not whole are left out.",
        )
        yield Finding("exposure.stops", "note", words, {"stops": seen.stops}, 0.25)
    for found in seen.book.breaks_in(seen.by, seen.months):
        words = Words(
            f"{{at:day}}分类变更（{found.words.zh}）|：前后各按自己的水平计算，前后不互相比较；中途才有的类别不单独检验。",
            f"The taxonomy changed on {{at:day}} ({found.words.en})|: before and after each have their own level and are not "
            "compared; categories not there throughout are not tested alone.",
        )
        yield Finding("exposure.break", "note", words, {"at": found.at}, 0.1)
