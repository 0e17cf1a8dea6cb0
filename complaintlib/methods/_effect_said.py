"""What `effect` says: a verdict a measure, what to make of an extreme month before it, and what is overdue."""

from collections.abc import Sequence

import pandas as pd

from ..period import Period
from ..result import LEVELS, Finding
from ..words import Words
from ._effect_judged import JUDGED, Judged
from ._effect_tables import ALL

TOLD = 8  # measures told of each kind; all of them stand in the table

_CHANGE = Words(
    "所针对的投诉自{started_on:day}起平均变化 {altered:+pct}（95% 区间 {altered_low:+pct} 至 {altered_high:+pct}）",
    "the complaints it is about have changed by {altered:+pct} on average since {started_on:day} "
    "(95%: {altered_low:+pct} to {altered_high:+pct})",
)
_PROMISE = Words("；承诺 {promised:+pct}", "; {promised:+pct} was promised")
_AVOIDED = Words(
    "；{n:int} 件之外，另有约 {avoided:int} 件没有发生（{avoided_low:int}–{avoided_high:int}）",
    "; beside the {n:int} that came, about {avoided:int} more did not ({avoided_low:int} to {avoided_high:int})",
)
_AVOIDED_PROMISED = Words("，按承诺应为 {avoided_promised:int} 件", ", {avoided_promised:int} by the promise")
_SMALLEST = Words(
    "；比 {smallest_effect:+pct} 更小的下降，在这个序列里多半看不出来",
    "; a fall smaller than {smallest_effect:+pct} would most likely not have been seen in this series",
)
_OUT_OF_REACH = Words("；承诺的幅度可以排除", "; an effect as large as promised can be ruled out")
_RUNNING = Words("；措施本身尚未完成", "; the measure itself is not done yet")
_EXTREME = Words(
    "。措施紧跟在{extreme:period}的异常高点之后：单是回落不能说明有效（直接前后对比会得出 {before_after:+pct}），该高点不计入基线",
    ". It followed an extreme high ({extreme:period}): to fall back from there shows nothing (a plain before-and-after "
    "comparison would give {before_after:+pct}), and that high is left out of what is usual",
)
_VERDICTS = {
    "effective": Words("“{title:title}”有效|：", "“{title:title}” works|: "),
    "partly": Words(
        "“{title:title}”有效，但未达承诺|：", "“{title:title}” works, but falls short of the promise|: "
    ),
    "not_shown": Words("“{title:title}”未见成效|：", "“{title:title}”: no effect shown|: "),
}
_WHY = {
    "": Words("，不能排除偶然", ", which chance can explain"),
    "worse": Words("，不降反升", ": more, not fewer"),
    "chance": Words(
        "；所判措施不止一项，不能排除偶然", "; with so many measures judged, chance can explain it"
    ),
    "placebo": Words(
        "；但在没有措施的日子，同样的变化也常见",
        "; but changes like this are common on dates without any measure",
    ),
    "control": Words("；但对照类别也同样变化", "; but the control changed in the same way"),
}
_EARLY = Words("“{title:title}”尚不能判断|：", "“{title:title}”: too early to judge|: ")


def findings(period: Period, judged: Sequence[Judged], tables, chosen: Judged | None) -> tuple[Finding, ...]:
    """All that is said, the most important first."""
    rows = tables["actions"].to_dict("records")
    pairs = list(zip(judged, rows, strict=True))[::-1]  # the newest first
    found = [_verdict(row, one is chosen) for one, row in pairs if one.verdict in JUDGED][:TOLD]
    found += [_early(row) for one, row in pairs if one.verdict == "too_early"][:TOLD]
    found += [_mistake(one) for one, _ in pairs if one.trouble is not None]
    found += _overdue(rows) + _together(tables["together"]) + [_summary(period, tables)]
    if chosen is not None and chosen.found is not None:
        found += [_how(chosen, tables), *_breaks(chosen)]
    if period.is_partial:
        words = Words(
            "{period:period}尚不完整|：只用到{as_of:moment}为止完整的各月或各周。",
            "{period:period} is not complete|: only whole months or weeks up to {as_of:moment} are used.",
        )
        found.append(Finding("effect.partial", "note", words, {"period": period, "as_of": period.as_of}, 0.3))
    return tuple(sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight)))


def _joined(*parts: Words) -> Words:
    return Words("".join(p.zh for p in parts) + "。", "".join(p.en for p in parts) + ".")


def _verdict(row: dict, deep: bool) -> Finding:
    names = ["action_id", "title", "started_on", "altered", "altered_low", "altered_high"]
    parts, shown = [_VERDICTS[row["verdict"]], _CHANGE], row["verdict"] != "not_shown"
    if row["promised"] == row["promised"]:
        parts.append(_PROMISE)
        names.append("promised")
    if shown:
        parts.append(_AVOIDED)
        names += ["n", "avoided", "avoided_low", "avoided_high"]
        if row["promised"] == row["promised"]:
            parts.append(_AVOIDED_PROMISED)
            names.append("avoided_promised")
    else:
        parts.insert(2, _WHY[row["why"]])
        if row["why"] in ("", "chance"):
            parts.append(_SMALLEST)
            names.append("smallest_effect")
        if row["promised"] < row["altered_low"] or row["promised"] > row["altered_high"]:
            parts.append(_OUT_OF_REACH)
    if row["status"] == "in_progress":
        parts.append(_RUNNING)
    if isinstance(row["extreme"], str):
        parts.append(_EXTREME)
        names += ["extreme", "before_after"]
    level = "good" if row["verdict"] == "effective" else "watch"
    weight = {"effective": 0.75, "partly": 0.65, "not_shown": 0.55}[row["verdict"]] + 0.05 * deep
    return Finding(f"effect.{row['verdict']}", level, _joined(*parts), {n: row[n] for n in names}, weight)


def _early(row: dict) -> Finding:
    names = ["action_id", "title", "started_on", "judge_on"]
    parts = [
        _EARLY,
        Words(
            "{started_on:day}起实施，最早可在{judge_on:day}判断",
            "in force since {started_on:day}; it can be judged on {judge_on:day} at the earliest",
        ),
    ]
    if row["points_after"]:
        parts.append(
            Words(
                "；到目前为止，只有超过 {smallest_effect:+pct} 的下降才看得出来",
                "; so far only a fall beyond {smallest_effect:+pct} could have been seen",
            )
        )
        names.append("smallest_effect")
    if row["why"] == "faint":
        names.append("promised")
        parts.append(
            Words(
                "；承诺的 {promised:+pct} 太小，在这个序列里即使到那时也未必看得出来",
                "; the promised {promised:+pct} is so small that this series may not show it even then",
            )
        )
    return Finding("effect.too_early", "note", _joined(*parts), {n: row[n] for n in names}, 0.45)


def _mistake(one: Judged) -> Finding:
    words = Words(
        "措施台账有误|：{said_zh:text}。", "The register of measures needs mending|: {said_en:text}."
    )
    values = {"said_zh": one.trouble.say("zh"), "said_en": one.trouble.say("en")}
    return Finding("effect.register", "watch", words, values, 0.5)


def _overdue(rows: list[dict]) -> list[Finding]:
    late = [row for row in rows if row["days_overdue"] > 0]
    late = sorted(late, key=lambda row: (-row["days_overdue"], row["action_id"]))
    if not late:
        return []
    worst = late[0]
    words = Words(
        "有措施逾期未完成|：{names:title}；最久的是“{title:title}”，已逾期 {days_overdue:int} 天（{status:status}）。",
        "Measures are overdue|: {names:title}; the longest is “{title:title}”, {days_overdue:int} {days_overdue:day/days} late ({status:status}).",
    )
    if len(late) == 1:
        words = Words(
            "“{title:title}”逾期未完成|：已逾期 {days_overdue:int} 天（{status:status}）。",
            "“{title:title}” is overdue|: {days_overdue:int} {days_overdue:day/days} late ({status:status}).",
        )
    values = {name: worst[name] for name in ("title", "days_overdue", "status")}
    return [
        Finding("effect.overdue", "watch", words, values | {"names": [row["title"] for row in late]}, 0.6)
    ]


def _together(pairs: pd.DataFrame) -> list[Finding]:
    words = Words(
        "“{title:title}”与“{other_title:title}”分不开|：两者针对同样的投诉，启动只隔 {days:int} 天，看到的变化是两者合计。",
        "“{title:title}” and “{other_title:title}” cannot be told apart|: they are about the same complaints and began {days:int} {days:day/days} "
        "apart; what is seen is the effect of both.",
    )
    names = ("title", "other_title", "days")
    return [
        Finding("effect.together", "watch", words, {n: row[n] for n in names}, 0.5)
        for row in pairs.head(TOLD).to_dict("records")
    ]


def _summary(period: Period, tables) -> Finding:
    counts = tables["verdicts"].set_index("verdict")["measures"]
    values = {**counts.drop(ALL).to_dict(), "all": counts[ALL], "period": period}
    if not values["all"]:
        words = Words(
            "截至{period:period}，台账上没有近两年的措施|。",
            "There is no measure of the last two years on the register up to {period:period}|.",
        )
        return Finding("effect.none", "note", words, {"period": period}, 0.4)
    words = Words(
        "台账上共 {all:int} 项措施|：有效 {effective:int} 项，有效但未达承诺 {partly:int} 项，未见成效 {not_shown:int} 项，"
        "尚不能判断 {too_early:int} 项，其余 {none:int} 项未实施或无从判断。",
        "Measures on the register: {all:int}|; effective {effective:int}, effective but short of the promise {partly:int}, no effect "
        "shown {not_shown:int}, too early to judge {too_early:int}, not in force or not to be judged {none:int}.",
    )
    return Finding("effect.summary", "note", words, values, 0.5)


def _how(one: Judged, tables) -> Finding:
    """The chosen one in depth: step or slope, and what other comparisons say."""
    aspects = tables["aspects"].set_index("aspect")
    values = {"title": one.action["title"]}
    for aspect in ("level", "slope"):
        values |= {f"{aspect}{end}": aspects.loc[aspect, f"altered{end}"] for end in ("", "_low", "_high")}
    parts = [
        Words(
            "“{title:title}”的变化过程|：实施当时的水平变化 {level:+pct}（{level_low:+pct} 至 {level_high:+pct}）",
            "How “{title:title}” went|: at its start the level changed by {level:+pct} ({level_low:+pct} to {level_high:+pct})",
        ),
        Words(
            f"，此后每{'月' if one.series.grain == 'month' else '周'}另变 {{slope:+pct}}（{{slope_low:+pct}} 至 {{slope_high:+pct}}）",
            f", and then by a further {{slope:+pct}} a {one.series.grain} ({{slope_low:+pct}} to {{slope_high:+pct}})",
        ),
    ]
    if values["level_low"] <= 0 <= values["level_high"] and values["slope_high"] < 0:
        parts.append(Words("；不是一步下降，而是逐渐下降", "; it did not come at once but grew"))
    others = tables["approaches"].set_index("approach")
    for name, zh, en in (("against", "与对照类别相比", "against the control"), ("alone", "不用对照", "without the control"),
                         ("synthetic", "与合成对照相比", "against a synthetic control")):  # fmt: skip
        if name in others.index and name != one.basis:
            values[name] = others.loc[name, "altered"]
            values |= {f"{name}{end}": others.loc[name, f"altered{end}"] for end in ("_low", "_high")}
            range_ = f"{{{name}:+pct}}（{{{name}_low:+pct}} 至 {{{name}_high:+pct}}）"
            parts.append(
                Words(
                    f"；{zh}为 {range_}",
                    f"; {en} {range_.replace('（', ' (').replace('）', ')').replace('至', 'to')}",
                )
            )
    return Finding("effect.how", "note", _joined(*parts), values, 0.35)


def _breaks(one: Judged) -> list[Finding]:
    words = Words(
        "分类在{at:day}调整过|：两侧的水平可以不同，此前的各期只用来了解季节和趋势。",
        "The taxonomy changed on {at:day}|: the level may differ on either side; what came before only tells season and trend.",
    )
    return [Finding("effect.break", "note", words, {"at": at}, 0.2) for at in one.series.breaks]
