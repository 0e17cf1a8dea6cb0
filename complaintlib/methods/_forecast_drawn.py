"""The pictures of `forecast`, each from the tables of a result alone."""

import numpy as np
import pandas as pd

from .. import look
from ..result import Result
from ..words import Words, label, percent, show
from ._forecast_judged import repeated
from ._forecast_staff import DAYS
from ._forecast_tables import DEFAULT, NAIVE, SHOWN

MODELS = 12  # bars of the backtest
STYLES = {  # of the candidates' paths: colour, opacity, and what the legend says (of the naive one: what it repeats)
    "default": (look.INK, 1.0, Words("组合（采用）", "combination (used)")),
    "kit": (look.BLUE, 0.5, Words("候选模型", "candidates")),
    "statsmodels": (look.GREEN, 0.55, Words("statsmodels 的模型", "models of statsmodels")),
    "naive": (look.SOFT, 0.9, None),
    "out": (look.ORANGE, 0.9, Words("未采用", "left out")),
}


def total(r: Result, figure, lang: str) -> None:
    """What came, what is forecast with its range, and where earlier forecasts were wrong."""
    if r.table.empty:
        figure.text(0.5, 0.5, r.findings[0].parts(lang)[0], ha="center")
        return
    ax, table, past = figure.subplots(), r.table, r.tables["past"].tail(SHOWN)
    form, first = table["form"].iloc[0], table["mean"].iloc[0]
    look.headline(figure, r.first("forecast.next").parts(lang)[0])
    look.ahead(ax, past["value"], table["mean"], table["lower"], table["upper"])
    look.time_axis(ax, [*past["period"], *table["period"]])
    ax.axvline(len(past) - 0.5, color=look.LINE, linewidth=1, zorder=0)
    _name_misses(ax, past, r.tables["came"], lang)
    style = {"textcoords": "offset points", "ha": "right", "va": "center", "color": look.BLUE}
    ax.annotate(show(first, form, lang), (len(past), first), (-8, 0), **style)
    look.axis_format(ax.yaxis, form, lang)
    if past["value"].min() >= 0 and not form.startswith("pct"):
        ax.set_ylim(bottom=0)
    words = Words(
        "{indicator:indicator}；虚线：预测与 {level} 区间",
        "{indicator:indicator}; dashed: forecast with its {level} range",
    )
    ax.set_title(words.fill(lang, indicator=r.indicator, level=percent(r.level)), fontsize=10.5, pad=6)


def _name_misses(ax, past: pd.DataFrame, came: pd.DataFrame, lang: str) -> None:
    """The periods whose total came outside what was forecast of it."""
    wrong = came.loc[(came["scope"] == "total") & (came["came"] != "inside"), "period"]
    places = np.flatnonzero(past["period"].isin(set(wrong)))
    if len(places):
        values = past["value"].to_numpy(float)
        ax.plot(places, values[places], "D", color=look.ORANGE, markersize=6.5, zorder=4)
        style = {"textcoords": "offset points", "ha": "right", "color": look.ORANGE, "fontsize": 9}
        ax.annotate(
            Words("预测落空", "forecast missed")[lang], (places[-1], values[places[-1]]), (-10, 4), **style
        )


def levels(r: Result, figure, lang: str) -> None:
    """The largest categories, what came and what is forecast."""
    drawn = r.categories()
    if not drawn:
        figure.text(0.5, 0.5, Words("没有可画的类别", "There are no categories to draw")[lang], ha="center")
        return
    told = next((f for f in r.findings if f.key == "forecast.categories"), None)
    head = Words("最大的几个类别：实际与预测", "The largest categories: what came and what is forecast")[lang]
    look.headline(figure, told.parts(lang)[0] if told else head)
    axes = figure.subplots(-(-len(drawn) // 2), 2, squeeze=False).ravel()
    for ax, code in zip(axes, drawn, strict=False):
        rows = r.tables["parts"]
        rows = rows[rows[r.by[0]] == code]
        ahead = rows["period"].isin(set(r.table["period"]))
        _panel(ax, rows[~ahead], rows[ahead], look.name(label(r.by[0], code, lang)), lang)
    for ax in axes[len(drawn) :]:
        ax.set_axis_off()


def _panel(ax, past: pd.DataFrame, coming: pd.DataFrame, name: str, lang: str) -> None:
    look.ahead(ax, past["value"], coming["mean"], coming["lower"], coming["upper"])
    top = np.fmax(np.fmax(past["value"].max(), coming["mean"].max()), 1e-3)
    if not past["value"].min() < 0:
        ax.set_ylim(0, 1.1 * np.fmax(top, min(coming["upper"].max(), 2 * top)))
    form = coming["form"].iloc[0] if len(coming) else "int"
    look.axis_format(ax.yaxis, form, lang)
    ax.yaxis.get_major_locator().set_params(nbins=3)
    look.time_axis(ax, [*past["period"], *coming["period"]], most=3)
    ax.tick_params(labelsize=8.5)
    value = show(coming["mean"].iloc[0], form, lang) if len(coming) else ""
    ax.set_title(f"{name} → {value}", fontsize=9.5, pad=4)


def decomposition(r: Result, figure, lang: str) -> None:
    """What came with its trend, its season (with the calendar), and what is left, one above the other."""
    table = r.tables["decomposition"]
    look.headline(figure, Words("分解：{name}", "Decomposition: {name}").fill(lang, name=r.chosen_name(lang)))
    if not r.decomposed():
        ax = figure.subplots()
        if len(table):
            look.series(ax, table["value"])
            look.time_axis(ax, list(table["period"]))
        none = Words(
            "历史不足两个季节周期，没有季节可分解", "less than two seasons of history: no season to be told"
        )
        ax.set_title(none[lang], fontsize=9.5)
        return
    parts = [
        (
            table["season"] * table["calendar"],
            look.GREEN,
            Words("季节与日历：平常为 1", "season and calendar: 1 is usual"),
        ),
        (
            table["remainder"],
            look.SOFT,
            Words(
                "剩余：与趋势、季节之积相比，1 为相符",
                "remainder against trend times season: 1 is as they have it",
            ),
        ),
    ]
    parts = [part for part in parts if part[0].notna().any()]
    axes = np.atleast_1d(figure.subplots(1 + len(parts), 1, sharex=True))
    look.series(axes[0], table["value"], centre=table["trend"])
    look.axis_format(axes[0].yaxis, table["form"].iloc[0], lang)
    axes[0].set_title(Words("实际（灰线：趋势）", "what came (grey: trend)")[lang], fontsize=9.5, pad=4)
    reach = 1.08 * max(0.02, *(abs(np.log(values)).max() for values, _, _ in parts))
    for ax, (values, colour, head) in zip(axes[1:], parts, strict=True):
        ax.axhline(1, color=look.LINE, linewidth=1)
        ax.plot(np.arange(len(values)), values, color=colour, linewidth=1.5, marker="o", markersize=3)
        ax.set_ylim(np.exp(-reach), np.exp(reach))  # so that the parts can be compared
        look.axis_format(ax.yaxis, "num2", lang)
        ax.set_title(head[lang], fontsize=9.5, pad=4)
    look.time_axis(axes[-1], list(table["period"]))


def candidates(r: Result, figure, lang: str) -> None:
    """The path of every candidate on the chosen series; those left out in orange."""
    paths, table, ax = r.tables["models"], r.tables["decomposition"], figure.subplots()
    look.headline(
        figure, Words("候选模型：{name}", "The candidates: {name}").fill(lang, name=r.chosen_name(lang))
    )
    if paths.empty:
        ax.set_axis_off()
        return
    past = table.tail(max(len(table) // 2, 12))
    periods = [*past["period"], *dict.fromkeys(paths["period"])]
    place, last = {text: i for i, text in enumerate(periods)}, past["value"].iloc[-1]
    look.series(ax, past["value"])
    top, drawn = past["value"].max(), {}
    for (engine, model), own in paths.groupby(["engine", "model"], sort=False):
        kind = _kind(engine, model, own)
        colour, alpha, _ = STYLES[kind]
        at = [len(past) - 1, *(place[period] for period in own["period"])]
        style = {"linewidth": 2.4, "zorder": 5} if kind == "default" else {"linewidth": 1.1, "zorder": 2}
        (drawn[kind],) = ax.plot(at, [last, *own["mean"]], color=colour, alpha=alpha, **style)
        top = np.nanmax([top, own["mean"].max()]) if kind != "out" else top
    low = past["value"].min() >= 0
    ax.set_ylim(0 if low else None, 1.12 * top if low else None)
    kinds = [kind for kind in STYLES if kind in drawn]
    names = [(STYLES[kind][2] or repeated(r.period.kind))[lang] for kind in kinds]
    ax.legend([drawn[kind] for kind in kinds], names, fontsize=8.5, loc="upper left")
    look.axis_format(ax.yaxis, table["form"].iloc[0], lang)
    look.time_axis(ax, periods)


def _kind(engine: str, model: str, path: pd.DataFrame) -> str:
    if model == DEFAULT and engine == "kit":
        return "default"
    if not path["sound"].all():
        return "out"
    return "naive" if model == NAIVE else engine


def backtest(r: Result, figure, lang: str) -> None:
    """Each model's error with that of the seasonal naive forecast as 1."""
    rows, ax = losses(r), figure.subplots()
    if rows.empty:
        _nothing(ax, Words("历史太短，还不能回测", "too little history for a backtest")[lang])
        return
    head = Words(
        "回测误差，{scope:scope}：{naive:model} = 1，越短越好",
        "Backtest errors, {scope:scope}: {naive:model} = 1, shorter is better",
    )
    look.headline(figure, head.fill(lang, scope=rows["scope"].iloc[0], naive=NAIVE))
    colours = [{DEFAULT: look.INK, NAIVE: look.PALE}.get(model, look.BLUE) for model in rows["model"]]
    names = [label("model", model, lang) for model in rows["model"]]
    notes = [show(loss, "num2", lang) for loss in rows["loss"]]
    look.bars(ax, names, rows["loss"], colours=colours, notes=notes, form="num1", lang=lang)
    ax.axvline(1, color=look.SOFT, linewidth=1, linestyle=":")


def losses(r: Result) -> pd.DataFrame:
    """The rows of the backtest that are drawn: the total's, or where there are none the categories'."""
    rows = r.tables["backtest"]
    rows = rows[rows["loss"].notna()] if len(rows) else rows
    scope = "total" if (rows["scope"] == "total").any() else "categories"
    return rows[rows["scope"] == scope].head(MODELS)


def intervals(r: Result, figure, lang: str) -> None:
    """Contacts to be expected per weekday and half hour: the darker, the more."""
    table, ax = r.tables["intervals"], figure.subplots()
    if table.empty:
        none = Words("来访量未测量", "contacts are not measured")
        kept = Words("本版不列分时段来访量", "this edition does not give contacts per half hour")
        _nothing(ax, (none if r.privacy is None else kept)[lang])
        return
    days = [day for day in DAYS if day in set(table["weekday"])]
    wide = table.pivot(index="slot", columns="weekday", values="mean").reindex(columns=days).fillna(0)
    look.headline(figure, r.first("forecast.intervals").parts(lang)[0])
    look.heat(ax, wide.to_numpy(float).T, [label("weekday", day, lang) for day in days], list(wide.index))


def _nothing(ax, text: str) -> None:
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes)
