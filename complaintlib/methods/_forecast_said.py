"""What `forecast` says: what is coming, how sure that is, and what it rests on."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ..period import UNITS
from ..result import Finding
from ..schema import BLANK
from ..words import Words, column, percent
from ._forecast_judged import backtest, missed, named, scored
from ._forecast_series import AFRESH, ALL, FEWEST, Fitted, Seen

Tables = Mapping[str, pd.DataFrame]
NAMED = 3  # categories named in a sentence
LEAST_GAIN = 5  # complaints more or fewer, below which it is not told where
RECENT = 3  # periods with which the next one is compared
CALENDAR = 0.05  # season and calendar are told where they lift or lower a period by so much


def empty(seen: Seen) -> Finding:
    words = Words(
        "截至{period:period}没有任何投诉记录|，无从预测。",
        "No complaints on record up to {period:period}|; nothing to forecast from.",
    )
    return Finding("forecast.empty", "note", words, {"period": seen.period}, 0.5)


def said(seen: Seen, f: Fitted | None, tables: Tables) -> Iterator[Finding]:
    if seen.period.is_partial or seen.stops is not None:
        yield _partial(seen)
    if f is None:
        yield _short(seen)
        return
    yield _next(seen, tables["forecast"])
    if len(seen.coming) > 2:
        yield _ahead(seen, tables["forecast"])
    yield from _gain(seen, tables["levels"])
    yield from missed(seen, tables["came"])
    yield from scored(seen, tables)
    yield from backtest(seen, tables)
    yield from _wrong(seen, tables["forecast"])
    yield from _rests(seen, f, tables["levels"])
    yield from _left_out(seen, tables["candidates"])
    yield _staff(seen, tables["intervals"])


# ------------------------------------------------------------------------------------------- what is coming


def _partial(seen: Seen) -> Finding:
    if seen.stops is not None and not seen.period.is_partial:
        words = Words(
            "{period:period}的数据到{stops:moment}为止|：不完整，没有用作历史，预测从这一期开始。",
            "The data of {period:period} stop at {stops:moment}|: not whole, so it is no part of the history; forecasts begin with it.",
        )
        return Finding("forecast.partial", "note", words, {"period": seen.period, "stops": seen.stops}, 0.6)
    words = Words(
        "{period:period}尚未结束|：没有用作历史，预测从这一期开始。",
        "{period:period} is not over|: it is no part of the history; forecasts begin with it.",
    )
    return Finding("forecast.partial", "note", words, {"period": seen.period}, 0.6)


def _short(seen: Seen) -> Finding:
    zh, en = (UNITS[seen.period.kind][lang] for lang in ("zh", "en"))
    words = Words(
        f"历史太短，不作预测|：至少需要 {FEWEST} {zh}的完整数据。",
        f"Too little history to forecast|: it takes {FEWEST} whole {en}.",
    )
    return Finding("forecast.short", "note", words, {}, 0.5)


def _range(seen: Seen) -> Words:
    level, form = percent(seen.level), seen.form
    return Words(
        f"{level} 区间 {{lower:{form}}}–{{upper:{form}}}",
        f"{level} range {{lower:{form}}} to {{upper:{form}}}",
    )


def _next(seen: Seen, table: pd.DataFrame) -> Finding:
    row, size, sure = table.iloc[0], named(seen), _range(seen)
    names = ["period", "mean", "lower", "upper"]
    clauses: list[tuple[str, str]] = []
    if np.isfinite(row["on_now"]):
        last = seen.history[-1]
        clauses.append(("环比 {on_now:+pct}", f"{{on_now:+pct}} on {last.name_in('en')}"))
        names.append("on_now")
    if np.isfinite(row["on_last_year"]):
        clauses.append(("同比 {on_last_year:+pct}", "{on_last_year:+pct} on the year before"))
        names.append("on_last_year")
    if abs(row["season"] - 1) >= CALENDAR:
        clauses.append(
            (
                "按季节与日历应为平常的 {season:num2} 倍",
                "season and calendar make it {season:num2} times the usual",
            )
        )
        names.append("season")
    to = "为 " if seen.indicator.kind != "count" else " "
    at = "on" if seen.period.kind == "day" else "in"
    zh = f"预计{{period:period}}{{indicator:indicator}}{to}{size.zh}|（{sure.zh}）"
    en = f"{{indicator:indicator}} {at} {{period:period}}: about {size.en}| ({sure.en})"
    words = Words(
        zh + "".join(("；" if i else "：") + c[0] for i, c in enumerate(clauses)) + "。",
        en + "".join((", " if i else ": ") + c[1] for i, c in enumerate(clauses)) + ".",
    )
    values = {name: row[name] for name in names} | {"indicator": seen.indicator.key}
    lately = seen.values[ALL].dropna().iloc[-RECENT:]
    clear = int(row["lower"] > lately.max()) - int(row["upper"] < lately.min())
    worse = {"up": -1, "down": 1, "none": 1}[seen.indicator.good]  # more complaints are no good news
    level = {1: "watch", -1: "good"}.get(clear * worse, "note")
    return Finding("forecast.next", level, words, values, 0.75 if clear else 0.6)


def _ahead(seen: Seen, table: pd.DataFrame) -> Finding:
    """The highest and the lowest of the coming periods."""
    top, low = table.loc[table["mean"].idxmax()], table.loc[table["mean"].idxmin()]
    unit, (zh, en) = UNITS[seen.period.kind], (named(seen, "top"), named(seen, "low"))
    n = len(seen.coming)
    words = Words(
        f"未来 {n} {unit.zh}：最高为{{peak:period}}（{zh.zh}），最低为{{trough:period}}（{en.zh}）|。",
        f"Over the next {n} {unit.en}: highest for {{peak:period}} ({zh.en}), lowest for {{trough:period}} ({en.en})|.",
    )
    values = {"peak": top["period"], "top": top["mean"], "trough": low["period"], "low": low["mean"]}
    if top["mean"] == low["mean"]:
        size = named(seen, "top")
        words = Words(
            f"未来 {n} {unit.zh}的预测相同|：{size.zh}。",
            f"The next {n} {unit.en} are forecast alike|: {size.en}.",
        )
        values = {"top": top["mean"]}
    return Finding("forecast.ahead", "note", words, values, 0.45)


def _gain(seen: Seen, levels: pd.DataFrame) -> Iterator[Finding]:
    """The categories that carry the change from this period to the next."""
    if not seen.by_known:
        if seen.by and seen.too_recent:
            yield _too_recent(seen)
        elif seen.by:
            yield _not_by(seen)
        return
    if not seen.adds_up:
        return
    first, rest = levels.iloc[0], levels.iloc[1:]
    rest = rest[~rest[seen.by[-1]].isin([ALL, BLANK])]
    up = first["gain"] > 0
    same = rest[(rest["gain"] > 0) == up].assign(size=lambda t: t["gain"].abs())
    same = same.sort_values("size", ascending=False, kind="stable").head(NAMED)
    same = same[same["size"] >= 1]
    if not len(same) or abs(first["gain"]) < max(LEAST_GAIN, CALENDAR * first["value"]):
        return
    values = {"gain": first["gain"], "next": seen.coming[0], "last": seen.history[-1]}
    parts: list[Words] = []
    for i, row in enumerate(same.to_dict("records")):
        places = [f"{{{field}{i}:{field}}}" for field in seen.by]
        values |= {f"{field}{i}": row[field] for field in seen.by} | {f"gain{i}": row["gain"]}
        parts.append(Words(f"{'的'.join(places)} {{gain{i}:+int}}", f"{' / '.join(places)} {{gain{i}:+int}}"))
    zh, en = ("多出", "more") if up else ("少掉", "fewer")
    words = Words(
        f"{{next:period}}比{{last:period}}{zh}的，主要是{'、'.join(p.zh for p in parts)}|；合计 {{gain:+int}} 件。",
        f"Where {{next:period}} has {en} than {{last:period}}: {', '.join(p.en for p in parts)}|; {{gain:+int}} in all.",
    )
    yield Finding("forecast.categories", "note", words, values, 0.4)


def _not_by(seen: Seen) -> Finding:
    if not seen.book.has("complaints", *seen.by):
        words = Words(
            "类别未测量|：需要 {needs:text}。", "Categories are not measured|: they need {needs:text}."
        )
        values = {"needs": ", ".join(f"complaints.{name}" for name in seen.by)}
        return Finding("forecast.categories", "note", words, values, 0.3)
    named = column(seen.by[0]).words
    words = Words(
        f"类别不作预测|：“{{indicator:indicator}}”没有按{named.zh}的数据。",
        f"Categories are not forecast|: “{{indicator:indicator}}” is not measured by {named.en.lower()}.",
    )
    return Finding("forecast.categories", "note", words, {"indicator": seen.indicator.key}, 0.3)


def _too_recent(seen: Seen) -> Finding:
    words = Words(
        f"类别不作预测|：分类于{{at:day}}变更，此后完整的期间不足 {AFRESH} 个。",
        f"Categories are not forecast|: the taxonomy changed on {{at:day}}, fewer than {AFRESH} whole periods ago.",
    )
    return Finding("forecast.break", "note", words, {"at": seen.breaks[-1]}, 0.35)


# ----------------------------------------------------------------------------------------------- on what it rests


def _wrong(seen: Seen, table: pd.DataFrame) -> Iterator[Finding]:
    """What it would take."""
    if seen.indicator.kind != "count" or not np.isfinite(table[["rise_out", "fall_out"]].to_numpy()).all():
        return
    row = table.loc[(table["rise_out"] + table["fall_out"]).idxmin()]
    words = Words(
        "怎样才算预测落空：水平持久上升 {rise_out:pct} 以上，或下降 {fall_out:pct} 以上|，{period:period}本应有的件数就到了区间之外；更小的变动"
        "预测区间容得下。预测假定季节、节日与近来的走势照旧，没有新的政策、故障、产品或分类调整。",
        "What would make it wrong: a lasting rise of more than {rise_out:pct}, or a fall of more than {fall_out:pct}|; the number due for "
        "{period:period} would then lie outside the range, which has room for less. Season, holidays and the recent course are taken to "
        "go on, without a new policy, failure, product or taxonomy.",
    )
    values = {name: row[name] for name in ("rise_out", "fall_out", "period")}
    yield Finding("forecast.wrong", "note", words, values, 0.25)


def _rests(seen: Seen, f: Fitted, levels: pd.DataFrame) -> Iterator[Finding]:
    """Fallbacks, in words."""
    basis = f.panel.basis.set_index("id")["basis"]
    if basis.get(ALL) == "short":
        words = Words(
            f"历史不足两个季节周期|（{seen.season} 期一个周期），总量没有季节：只按水平和渐缓的趋势外推。",
            f"Less than two seasons of history| (a season is {seen.season} periods): the total has none and follows its level and a fading trend.",
        )
        yield Finding("forecast.basis", "watch", words, {}, 0.4)
    if basis.get(ALL) in ("sparse", "few"):
        words = {
            "sparse": Words(
                "总量在多数期间为零|：只给平均水平，不作趋势和季节。",
                "The total is zero in most periods|: its mean is given, without trend or season.",
            ),
            "few": Words(
                "历史很短|：只按近来的水平外推，不作趋势和季节。",
                "Very little history|: the recent level is continued, without trend or season.",
            ),
        }[basis[ALL]]
        yield Finding("forecast.basis", "watch", words, {}, 0.4)
    if seen.by_known and seen.breaks[-1] is not None:
        more = Words(
            "；不足两个季节周期的，借用总量的季节",
            "; those with less than two seasons since borrow the season of the total",
        )
        more = more if f.borrowed else Words("", "")
        words = Words(
            f"分类于{{at:day}}变更|：各类别的历史从那天重新开始{more.zh}。",
            f"The taxonomy changed on {{at:day}}|: the history of every category begins afresh there{more.en}.",
        )
        yield Finding("forecast.break", "note", words, {"at": seen.breaks[-1]}, 0.22)
    sparse = levels[levels["basis"] == "sparse"] if seen.by_known else levels.iloc[:0]
    sparse = sparse[~sparse[seen.by[-1]].isin([ALL, BLANK])] if len(sparse) else sparse
    if len(sparse):
        names = sparse[seen.by[-1]].head(NAMED).tolist()
        more = len(sparse) > len(names)
        words = Words(
            f"{{names:{seen.by[-1]}}}{'等' if more else ''}多数期间为零|：只给平均水平，不作趋势和季节。",
            f"{{names:{seen.by[-1]}}}{', among others' if more else ''}: zero in most periods|, so their mean is given, without trend or season.",
        )
        yield Finding("forecast.sparse", "note", words, {"names": names}, 0.15)


def _left_out(seen: Seen, candidates: pd.DataFrame) -> Iterator[Finding]:
    bad = candidates[~candidates["sound"].astype(bool)] if len(candidates) else candidates
    if not len(bad):
        return
    names = sorted(set(bad["model"]))
    words = Words(
        "没有采用的模型：{names:model}|，所示序列上它们的路径发散、为负或远超历史范围。",
        "Models left out: {names:model}|; on the series shown their paths explode, turn negative or leave the range of the past by far.",
    )
    yield Finding("forecast.unsound", "note", words, {"names": names}, 0.12)


def _staff(seen: Seen, table: pd.DataFrame) -> Finding:
    if table.empty:
        words = Words(
            "分时段来访量未测量|：需要 {needs:text}（至少四周）。",
            "Contacts per half hour are not measured|: they need {needs:text}, four weeks at least.",
        )
        return Finding("forecast.intervals", "note", words, {"needs": "contacts.started_at"}, 0.05)
    top = table.loc[table["mean"].idxmax()]
    words = Words(
        f"来访最多的时段：{{weekday:weekday}} {{slot:text}} 起的半小时，预计 {{mean:int}} 次|（{percent(seen.level)} 区间 {{lower:int}}–{{upper:int}}）。",
        f"Busiest half hour: {{weekday:weekday}} from {{slot:text}}, about {{mean:int}} contacts| ({percent(seen.level)} range {{lower:int}} to {{upper:int}}).",
    )
    names = ("weekday", "slot", "mean", "lower", "upper")
    return Finding("forecast.intervals", "note", words, {name: top[name] for name in names}, 0.35)
