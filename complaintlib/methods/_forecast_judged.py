"""What `forecast` says of how good it is: earlier forecasts that were wrong, the share that held, the backtest."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ..result import Finding
from ..rules import load_rules
from ..schema import BLANK
from ..words import Words, percent
from ._forecast_series import ALL, Seen
from ._forecast_tables import DEFAULT

Tables = Mapping[str, pd.DataFrame]
TOLD = 3  # categories told to have been forecast wrong
WORTH = (
    0.2  # of the forecast, beyond its range: a category that missed by less is in the table, but no finding
)
LEAST_JUDGED = 5  # forecasts of the total, below which no coverage is told
REPEATED = {  # what the seasonal naive forecast does
    "day": Words("照搬上周同日", "repeating the same day of the week before"),
    "year": Words("照搬上一年", "repeating the year before"),
}


def repeated(kind: str) -> Words:
    return REPEATED.get(kind, Words("照搬去年同期", "repeating the same period of the year before"))


def named(seen: Seen, value: str = "mean") -> Words:
    """A count with its unit, another value as it is shown."""
    if seen.indicator.kind == "count":
        return Words(f"{{{value}:int}} 件", f"{{{value}:int}}")
    return Words(f"{{{value}:{seen.form}}}", f"{{{value}:{seen.form}}}")


def missed(seen: Seen, came: pd.DataFrame) -> Iterator[Finding]:
    """Forecasts of the latest period that turned out wrong, one sentence a series; the newest that was wrong is told."""
    if not seen.history or came.empty:
        return
    now = came[came["period"] == seen.history[-1].text]
    names = ["scope", *(seen.by if seen.by_known else ())]
    now = now[(now[names] != BLANK).all(axis=1)]
    beyond = np.maximum(now["value"] - now["upper"], now["lower"] - now["value"])
    few = np.maximum(now["value"], now["mean"]) < load_rules().statistics.min_count
    far = (now["scope"] == "total") | ((beyond >= WORTH * now["mean"]) & ~(few & seen.adds_up))
    wrong = now[(now["came"] != "inside") & far & (now["q"] <= load_rules().statistics.fdr)]
    wrong = wrong.assign(far=-wrong["miss"].abs(), order=wrong["scope"] != "total")
    wrong = wrong.sort_values(["order", "far", *names], kind="stable")
    for node, own in list(wrong.groupby(names, sort=False))[: TOLD + 1]:
        row = own.loc[own["h"].idxmin()]
        made = now[(now[names] == list(node)).all(axis=1)]
        yield _one_missed(seen, row, len(made), int((made["came"] != "inside").sum()))


def _one_missed(seen: Seen, row: pd.Series, made: int, missed: int) -> Finding:
    level, form, size = percent(seen.level), seen.form, named(seen, "value")
    what = Words("{indicator:indicator}", "{indicator:indicator}")
    values = {name: row[name] for name in ("period", "made_after", "lower", "upper", "value")}
    values |= {"indicator": seen.indicator.key}
    if row["scope"] == "categories":
        fields = [field for field in seen.by if row[field] != ALL]
        places = [f"{{code{i}:{field}}}" for i, field in enumerate(fields)]
        values |= {f"code{i}": row[field] for i, field in enumerate(fields)}
        what = Words("“" + "：".join(places) + "”", "“" + ": ".join(places) + "”")
    above = row["came"] == "above"
    zh = (
        f"预测落空：{{period:period}}{what.zh}{'高于' if above else '低于'}预测|，实际 {size.zh}；在{{made_after:period}}之后预测的是 "
        f"{{lower:{form}}}–{{upper:{form}}}（{level} 区间）"
    )
    en = (
        f"Forecast missed: {what.en}, {{period:period}}, came in {'above' if above else 'below'} the range|, at {size.en}; after "
        f"{{made_after:period}}, {{lower:{form}}} to {{upper:{form}}} had been forecast ({level} range)"
    )
    if pd.notna(row["since"]) and row["since"] != row["period"]:
        values["since"] = row["since"]
        zh += "；自{since:period}起一直如此，更像水平变了，而不是一时的波动"
        en += "; so it has been since {since:period}, more like a new level than a passing peak"
    elif missed == made:
        zh += "；目前只有这一期，还不能断定是水平变了还是一时的波动"
        en += "; one period so far, which cannot tell a new level from a passing peak"
    bad = above == (seen.indicator.good != "up")
    whole = row["scope"] == "total"
    return Finding(
        "forecast.missed",
        "watch" if bad else "note",
        Words(zh + "。", en + "."),
        values,
        0.8 if whole else 0.74,
    )


def scored(seen: Seen, tables: Tables) -> Iterator[Finding]:
    scores = tables["scores"]
    if scores.empty:
        words = Words(
            "还没有可以核对的旧预测|：本次的预测已列在登记表中，以后的报告会逐一核对。",
            "There are no earlier forecasts to judge yet|: those of this run are in the register, and later reports will judge them.",
        )
        yield Finding("forecast.unjudged", "note", words, {}, 0.2)
        return
    for scope, zh, en in (("total", "总量", "the total"), ("categories", "各类别", "the categories")):
        row = scores[(scores["scope"] == scope) & scores["h"].isna()]
        if row.empty or row["judged"].iloc[0] < LEAST_JUDGED:
            continue
        row = row.iloc[0]
        low, high = row["inside_low"] > seen.level, row["inside_high"] < seen.level
        kept = Words("与承诺相符", "as promised")
        if high:
            kept = Words(
                "少于承诺（区间偏窄，或水平已变）",
                "fewer than promised (the ranges are too narrow, or the level has changed)",
            )
        if low:
            kept = Words("多于承诺（区间偏宽）", "more than promised (the ranges are too wide)")
        words = Words(
            f"对{zh}的旧预测有 {{inside_share:pct}} 落在 {percent(seen.level)} 区间内，{kept.zh}|：{{judged:int}} 个中的 {{inside:int}} 个"
            "；平均误差 {error:pct}，偏差 {error_bias:+pct}；95% 区间 {inside_low:pct}–{inside_high:pct}。",
            f"{{inside_share:pct}} of the earlier forecasts of {en} held within their {percent(seen.level)} range, {kept.en}|: "
            "{inside:int} of {judged:int}; mean error {error:pct}, bias {error_bias:+pct}; 95%: {inside_low:pct} to {inside_high:pct}.",
        )
        names = ("inside_share", "judged", "inside", "inside_low", "inside_high", "error", "error_bias")
        values = {name: row[name] for name in names if np.isfinite(row[name])}
        if len(values) < len(names):
            words = Words(
                *(
                    text.partition("；" if i == 0 else "; ")[0] + ("。" if i == 0 else ".")
                    for i, text in enumerate((words.zh, words.en))
                )
            )
        yield Finding(
            f"forecast.scores_{scope}", "watch" if high else "good", words, values, 0.5 if high else 0.35
        )


def backtest(seen: Seen, tables: Tables) -> Iterator[Finding]:
    table, errors = tables["backtest"], tables["errors"]
    rows = table[(table["scope"] == "total") & (table["model"] == DEFAULT)]
    near = errors[(errors["scope"] == "total") & (errors["h"] == 1)]
    if rows.empty or near.empty or not np.isfinite(near["error"].iloc[0]):
        words = Words(
            "还不能回测|：历史太短，预测的好坏只能等以后核对。",
            "No backtest yet|: with so little history only later periods will tell how good the forecasts are.",
        )
        yield Finding("forecast.backtest", "note", words, {}, 0.3)
        return
    row, error = rows.iloc[0], near["error"].iloc[0]
    values = {"error": error, "origins": row["origins"]}
    zh, en = "；没有同季法可比", "; there is no seasonal naive forecast to compare with"
    level, weight = "note", 0.3
    if np.isfinite(row["loss"]):
        values["loss"] = row["loss"]
        naive = repeated(seen.period.kind)
        zh = f"；误差为“{naive.zh}”的 {{loss:num2}} 倍"
        en = f"; its errors are {{loss:num2}} times those of {naive.en}"
        if np.isfinite(row["p"]):
            values["p"] = row["p"]
            sure = row["p"] <= 0.05
            better = ("更准", "more accurate") if row["loss"] < 1 else ("更差", "less accurate")
            zh += f"（{better[0]}，p = {{p:p}}）" if sure else "（差别不显著，p = {p:p}）"
            en += f" ({better[1]}, p = {{p:p}})" if sure else " (no clear difference, p = {p:p})"
            level = "watch" if sure and row["loss"] > 1 else "note"
    words = Words(
        f"回测：提前一期的平均误差为 {{error:pct1}}|，站在过去 {{origins:int}} 个时点各预测一遍{zh}。",
        f"Backtest: mean error of {{error:pct1}} one step ahead|, over {{origins:int}} past {{origins:point/points}} in time{en}.",
    )
    yield Finding("forecast.backtest", level, words, values, weight)
