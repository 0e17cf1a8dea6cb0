"""What `closure` says: the loop and its weakest link, first contact and repeats, what changed, and which group stands out."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ..period import Period
from ..result import Finding
from ..rules import load_rules
from ..words import Words, column
from ._closure_counts import ALL, LOOP, Seen
from ._closure_tables import GOOD, earlier

RATE = {
    "answered": Words("响应率", "the share answered"),
    "solved": Words("解决率", "the share solved"),
    "followed_up": Words("回访率", "the share followed up"),
    "evaluated": Words("评价率", "the share evaluated"),
    "closed_loop": Words("闭环率", "the closed-loop rate"),
    "first_contact": Words("一次解决率", "first-contact resolution"),
    "reopened": Words("重开率", "the reopen rate"),
    "repeat_7": Words("7 天重复投诉率", "the share that comes back within 7 days"),
    "repeat_30": Words("30 天重复投诉率", "the share that comes back within 30 days"),
    "repeat_90": Words("90 天重复投诉率", "the share that comes back within 90 days"),
    "escalated": Words("升级率", "the escalation rate"),
    "upheld": Words("投诉成立率", "the upheld rate"),
    "compensated": Words("赔付面（有赔付的占比）", "the share compensated"),
}
STEP = {
    "answered": Words("首次响应", "the first response"),
    "solved": Words("解决", "the solution"),
    "followed_up": Words("回访", "the follow-up"),
    "evaluated": Words("客户评价", "the customer's evaluation"),
}
OWN = ("answered", "solved", "followed_up")  # what the house itself can do
URGENT = ("closed_loop", "solved")  # worse here calls for action
NAMED = 2  # groups told of
_AGAINST = {  # after what the rate was
    "up": Words("有所上升", "a rise"),
    "down": Words("有所下降", "a fall"),
    "same": Words("差异不能证明", "no change shown"),
}


def findings(
    seen: Seen, tables: Mapping[str, pd.DataFrame], stops: pd.Timestamp | None, wanted: str | None
) -> Iterator[Finding]:
    """`stops`: where the data of the period stop short; `wanted`: the dimension's column if the store lacks it."""
    period, least = seen.period, load_rules().statistics.min_count
    checks = tables["checks"].set_index("check", drop=False)
    known = checks[checks["n_of"] >= least]
    if not (checks.loc[~checks["base"].isin(["aged", "settled"]), "n_of"] > 0).any():
        words = Words("{period:period}没有办结的投诉|。", "No complaint was closed in {period:period}|.")
        yield Finding("closure.empty", "note", words, {"period": period}, 0.3)
    elif known.empty:
        words = Words(
            f"件数太少，各项比率都不作判断|：最多的一项只有 {{n_of:int}} 件，至少需要 {least} 件。",
            f"Too few to say|: no check is counted on more than {{n_of:int}} {{n_of:case/cases}}; it takes {least}.",
        )
        yield Finding("closure.few", "note", words, {"n_of": checks["n_of"].max()}, 0.3)
    if "closed_loop" in known.index:
        yield _loop(known.loc["closed_loop"], period)
    links = tables["links"]
    if len(links) > 1 and links["n_of"].iloc[0] >= least and links["n_lacking"].sum():
        yield _weakest(links)
    if "first_contact" in known.index:
        yield _contact(known.loc["first_contact"], seen.days)
    if "repeat_30" in known.index:
        yield _repeat(tables["repeats"].set_index("days"))
    for check, row in known.iterrows():
        if check != "closed_loop" and (change := _moved(row)):
            yield _change(row, *change, seen, tables["changes"])
    if seen.by:
        yield from _apart(seen.by, tables["where"])
    cost = tables["compensation"].iloc[:1]
    if len(cost) and cost["n"].item() >= least:
        yield _cost(cost.iloc[0], period)
    yield from _cannot_say(seen, checks, tables["changes"], stops, wanted)


# ----------------------------------------------------------------------------------------------- what is


def _loop(row: pd.Series, period: Period) -> Finding:
    values = _values(row, "n", "n_of", "share_of", "share_low", "share_high")
    then = Words("", "")
    for compared, before in earlier(period).items():
        moved = row[f"moved_{compared}"]
        if moved in _AGAINST:
            values |= {"before": before, "then": row[f"share_of_{compared}"]}
            against = _AGAINST[moved]
            then = Words(
                f"；{{before:period}}为 {{then:pct1}}，{against.zh}",
                f"; {{then:pct1}} in {{before:period}}, {against.en}",
            )
            break
    words = Words(
        f"办结的投诉中 {{share_of:pct1}} 完成闭环|：{{n_of:int}} 件中 {{n:int}} 件已响应、已解决、已回访、已评价{then.zh}"
        "；95% 区间 {share_low:pct1} 至 {share_high:pct1}。",
        f"{{share_of:pct1}} of the closed cases went all the way round|: {{n:int}} of {{n_of:int}} {{n:was/were}} answered, solved, followed "
        f"up and evaluated{then.en}; 95% interval {{share_low:pct1}} to {{share_high:pct1}}.",
    )
    change = _moved(row)
    level = "note" if not change else "good" if change[1] == "up" else "act"
    return Finding("closure.loop", level, words, values, 0.75)


def _weakest(links: pd.DataFrame) -> Finding:
    row = links.loc[links["n_lacking"].idxmax()]
    step, values = STEP[row["check"]], _values(row, "n_lacking", "n_of", "share_lacking", "n_only")
    more = Words("", "")
    own = links[links["check"].isin(OWN)]
    if row["check"] not in OWN and own["n_lacking"].sum():
        mine = own.loc[own["n_lacking"].idxmax()]
        values |= {"own_lacking": mine["n_lacking"], "own_share": mine["share_lacking"]}
        name = STEP[mine["check"]]
        more = Words(
            f"；企业自己能做到的几步里，{name.zh}最弱，{{own_lacking:int}} 件（{{own_share:pct1}}）没有做到",
            f"; of the steps in the house's own hands {name.en} is the weakest, missing in {{own_lacking:int}} ({{own_share:pct1}})",
        )
    words = Words(
        f"闭环最常断在{step.zh}：{{share_lacking:pct}} 的办结投诉缺这一步|（{{n_of:int}} 件中 {{n_lacking:int}} 件）{more.zh}"
        "；只缺这一步的有 {n_only:int} 件。",
        f"The loop breaks most often at {step.en}: {{share_lacking:pct}} of the closed cases lack it| ({{n_lacking:int}} of "
        f"{{n_of:int}}){more.en}; {{n_only:int}} {{n_only:lacks/lack}} nothing else.",
    )
    return Finding("closure.weakest", "note", words, values, 0.65)


def _contact(row: pd.Series, days: int) -> Finding:
    values = _values(row, "n", "n_of", "share_of", "share_low", "share_high", "n_pending")
    words = Words(
        f"{{share_of:pct1}} 一次解决|：{{n_of:int}} 件已解决且观察期（{days} 天）已满的投诉中，{{n:int}} 件没有重开、转派、升级，客户也没有为同一"
        "原因再来；另有 {n_pending:int} 件新近解决的尚不能判断；95% 区间 {share_low:pct1} 至 {share_high:pct1}。",
        f"{{share_of:pct1}} were settled at the first contact|: {{n:int}} of {{n_of:int}} resolved cases whose {days} {'day is' if days == 1 else 'days are'} over "
        "{n:was/were} not reopened, handed on or escalated, and the customer did not come back for the same reason; {n_pending:int} more, "
        "resolved lately, {n_pending:is/are} not measurable yet; 95% interval {share_low:pct1} to {share_high:pct1}.",
    )
    return Finding("closure.contact", "note", words, values, 0.55)


def _repeat(rows: pd.DataFrame) -> Finding:
    values = _values(rows.loc[30], "n", "n_of", "share_of", "share_low", "share_high", "km")
    values |= {f"in_{days}": rows.loc[days, "share_of"] for days in (7, 90)}
    values = {name: value for name, value in values.items() if pd.notna(value)}
    others = [days for days in (7, 90) if f"in_{days}" in values]
    zh = "".join(f"；{days} 天内 {{in_{days}:pct1}}" for days in others)
    en = "".join(f"; within {days} days {{in_{days}:pct1}}" for days in others)
    words = Words(
        f"满 30 天的投诉中 {{share_of:pct1}} 又为同一原因投诉|：{{n_of:int}} 件中 {{n:int}} 件{zh}"
        "；95% 区间 {share_low:pct1} 至 {share_high:pct1}；连同未满 30 天的一起估计（Kaplan-Meier）为 {km:pct1}。",
        f"{{share_of:pct1}} came back for the same reason within 30 days|: {{n:int}} of {{n_of:int}} cases old enough{en}"
        "; 95% interval {share_low:pct1} to {share_high:pct1}; with those not old enough yet, by Kaplan-Meier, {km:pct1}.",
    )
    return Finding("closure.repeat", "note", words, values, 0.5)


def _cost(row: pd.Series, period: Period) -> Finding:
    values = _values(
        row, "n", "n_of", "share_of", "paid_total", "paid_per_case", "paid_median", "paid_low", "paid_high"
    )
    compared = Words("", "")
    if pd.notna(row["p"]):
        values |= {"before": period.previous(), "then": row["paid_median_then"]}
        against = _AGAINST[row["moved"]]
        compared = Words(
            f"；{{before:period}}的中位数为 {{then:num1}}，{against.zh}",
            f"; the median was {{then:num1}} in {{before:period}}, {against.en}",
        )
    words = Words(
        f"{{share_of:pct}} 的办结投诉有赔付，共 {{paid_total:int}}|：{{n:int}} 件，中位数 {{paid_median:num1}}；摊到每件办结投诉 {{paid_per_case:num1}}"
        f"{compared.zh}；中位数的 95% 区间 {{paid_low:num1}} 至 {{paid_high:num1}}。",
        f"{{share_of:pct}} of the closed cases were compensated, {{paid_total:int}} in all|: {{n:int}} {{n:case/cases}}, median {{paid_median:num1}}; "
        f"{{paid_per_case:num1}} for each closed case{compared.en}; 95% interval of the median {{paid_low:num1}} to {{paid_high:num1}}.",
    )
    if not {"paid_low", "paid_high"} <= set(values):
        words = Words(
            *(
                words[lang].rpartition(mark)[0] + end
                for lang, mark, end in (("zh", "；", "。"), ("en", "; ", "."))
            )
        )
    return Finding("closure.compensation", "watch" if row["moved"] == "up" else "note", words, values, 0.45)


# ------------------------------------------------------------------------------------- what changed, and where


def _moved(row: pd.Series) -> tuple[str, str] | None:
    """Against what the check surely changed, and how: the period before first."""
    for compared in ("previous", "last_year"):
        if row[f"moved_{compared}"] in ("up", "down"):
            return compared, row[f"moved_{compared}"]
    return None


def _change(row: pd.Series, compared: str, moved: str, seen: Seen, changes: pd.DataFrame) -> Finding:
    check, groups = row["check"], Words("", "")
    rows = changes[(changes["check"] == check) & (changes["compared"] == compared)]
    total = rows if seen.by is None else rows[rows[seen.by] == ALL]
    names = (
        "n",
        "n_of",
        "share_of",
        "share_of_then",
        "share_change",
        "share_change_low",
        "share_change_high",
    )
    values = _values(total.iloc[0], *names) | {"before": earlier(seen.period)[compared]}
    if seen.by:
        each = rows[(rows[seen.by] != ALL) & (rows["moved"] == moved)]
        if len(each):
            most = each.loc[(each["share_change"].abs() * each["n_of"]).idxmax()]
            values |= {seen.by: most[seen.by], "there": most["share_of"], "there_then": most["share_of_then"]}
            groups = Words(
                f"；主要在“{{{seen.by}:{seen.by}}}”，由 {{there_then:pct1}} 到 {{there:pct1}}",
                f"; above all in “{{{seen.by}:{seen.by}}}”, from {{there_then:pct1}} to {{there:pct1}}",
            )
    zh, en = ("升至", "rose") if moved == "up" else ("降至", "fell")
    rate = RATE[check]
    words = Words(
        f"{rate.zh}由 {{share_of_then:pct1}} {zh} {{share_of:pct1}}|，与{{before:period}}相比：{{n_of:int}} 件中 {{n:int}} 件{groups.zh}"
        "；变化 {share_change:pp}，95% 区间 {share_change_low:points} 至 {share_change_high:pp}。",
        f"{rate.en[0].upper()}{rate.en[1:]} {en} from {{share_of_then:pct1}} to {{share_of:pct1}}|, against {{before:period}}: {{n:int}} of "
        f"{{n_of:int}} cases{groups.en}; a change of {{share_change:pp}}, 95% interval {{share_change_low:points}} to {{share_change_high:pp}}.",
    )
    side = GOOD[check] * (1 if moved == "up" else -1)
    urgent = check in URGENT and compared == "previous"
    level = {1: "good", 0: "note", -1: "act" if urgent else "watch"}[side]
    return Finding(f"closure.{check}", level, words, values, 0.8 if side < 0 else 0.5)


def _apart(by: str, where: pd.DataFrame) -> Iterator[Finding]:
    """The groups that are surely worse than all others together, those first where it makes most cases; one check each."""
    worse = where[where["apart"].isin(["above", "below"]) & (where["n_lost"] > 0)]
    for i, row in enumerate(worse.drop_duplicates(by).head(NAMED).to_dict("records")):
        rate, less = RATE[row["check"]], row["apart"] == "below"
        values = {
            name: row[name]
            for name in (
                by,
                "n",
                "n_of",
                "share_of",
                "share_rest",
                "share_gap",
                "share_gap_low",
                "share_gap_high",
                "n_lost",
            )
        }
        words = Words(
            f"“{{{by}:{by}}}”的{' ' * rate.zh[0].isdigit()}{rate.zh}{'只有' if less else '达'} {{share_of:pct1}}，其余各组合计 {{share_rest:pct1}}|：{{n_of:int}} 件中 {{n:int}} 件"
            "；差 {share_gap:pp}，95% 区间 {share_gap_low:points} 至 {share_gap_high:pp}；相当于 {n_lost:int} 件。",
            f"In “{{{by}:{by}}}” {rate.en} is {'only ' if less else ''}{{share_of:pct1}}, elsewhere {{share_rest:pct1}}|: {{n:int}} of {{n_of:int}} "
            "cases; a gap of {share_gap:pp}, 95% interval {share_gap_low:points} to {share_gap_high:pp}; that makes {n_lost:int} {n_lost:case/cases}.",
        )
        yield Finding("closure.where", "watch", words, values, 0.7 - 0.05 * i)


# -------------------------------------------------------------------------------------------- what cannot be said


def _cannot_say(
    seen: Seen, checks: pd.DataFrame, changes: pd.DataFrame, stops: pd.Timestamp | None, wanted: str | None
) -> Iterator[Finding]:
    period = seen.period
    if period.is_partial or stops is not None:
        until = period.as_of if period.is_partial else stops
        zh, en = (
            ("尚未结束", "is not over")
            if period.is_partial
            else ("的数据不完整", "is incomplete in the data")
        )
        words = Words(
            f"{{period:period}}{zh}|：数据截至 {{until:moment}}，各项只作描述，不与完整的期间比较。",
            f"{{period:period}} {en}|: seen until {{until:moment}}; the rates are not compared with those of whole periods.",
        )
        yield Finding("closure.partial", "note", words, {"period": period, "until": until}, 0.7)
    if seen.broken:
        words = Words(
            "投诉原因的分类有调整|：“同一原因”跨不过调整之日，{checks:check}这次不作判断。",
            "The reasons were recategorised|: what is the same cannot be told across that day; not judged this time: {checks:check}.",
        )
        yield Finding("closure.break", "note", words, {"checks": seen.broken}, 0.5)
    if seen.by and (changes["moved"] == "break").any():
        what = column(seen.by).words
        words = Words(
            f"{what.zh}的划分有调整|：各组不与调整之前比较，合计仍作比较。",
            f"The categories of {what.en.lower()} were changed|: groups are not compared with before, the totals are.",
        )
        yield Finding("closure.groups", "note", words, {}, 0.4)
    needs = {need for needs in seen.missing.values() for need in needs} | ({wanted} if wanted else set())
    if needs and (checks["n_of"] > 0).any():
        names = [check for check in seen.missing if check in (*LOOP, "closed_loop") or check in RATE]
        zh = ("{names:check}" if names else "") + (
            "，以及分组比较" if wanted and names else "分组比较" if wanted else ""
        )
        en = ("{names:check}" if names else "") + (
            ", nor any comparison of groups" if wanted and names else "comparison of groups" if wanted else ""
        )
        words = Words(
            f"未测量|：{zh}（需要 {{needs:text}}）。", f"Not measured|: {en} (needs {{needs:text}})."
        )
        yield Finding(
            "closure.not_measured",
            "note",
            words,
            ({"names": names} if names else {}) | {"needs": sorted(needs)},
            0.1,
        )


def _values(row: pd.Series, *names: str) -> dict:
    return {name: row[name] for name in names if pd.notna(row[name])}
