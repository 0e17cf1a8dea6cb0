"""What `pending` says: how much is open and for how long, which cases are hard, where they are stuck, what is slow."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ..result import Finding
from ..words import Words, column
from ._pending_drivers import WHILE_OPEN
from ._pending_open import ALL, Seen
from ._pending_tables import BANDS

SLOW = 0.8  # a pace nearer to 1 is in the table, but no finding
WORTH = 1.25  # times its usual share: less is in the table, but no finding
OLD = BANDS[-2:]  # from 30 days on
TOLD = (ALL, *BANDS[-3:])  # ages of which changes are told; young cases come and go
NAMED = 2
Tables = Mapping[str, pd.DataFrame]


def said(seen: Seen, tables: Tables) -> Iterator[Finding]:
    total, least = tables["ageing"].iloc[0], seen.rules.statistics.min_count
    if total["n"] == 0:
        words = Words(
            "{period:period}末没有未解决的投诉|。", "No case was open at the end of {period:period}|."
        )
        yield Finding("pending.none", "note", words, {"period": seen.period}, 0.3)
    else:
        yield _open(tables["ageing"])
        yield from _moved(tables["bands"])
        if total["n"] < least:
            words = Words(
                f"样本太少，不作判断|：未解决的只有 {{n:int}} 件，至少需要 {least} 件。",
                f"Too few to judge|: {{n:int}} open {{n:case/cases}}; it takes {least}.",
            )
            yield Finding("pending.few", "note", words, {"n": total["n"]}, 0.3)
        yield from _hard(seen, tables)
        yield from _stuck(seen, tables)
    yield from _drivers(seen, tables["drivers"])
    if total["n_undated"]:
        words = Words(
            "另有 {n_undated:int} 件的状态已了结，却没有结束时间|，不算未解决；应补录时间。",
            "{n_undated:int} more {n_undated:is over by its/are over by their} status, but at no known time|; {n_undated:it does/they do} not count as open, and the {n_undated:time/times} should "
            "be filled in.",
        )
        yield Finding("pending.undated", "note", words, {"n_undated": total["n_undated"]}, 0.2)
    if seen.period.is_partial:
        words = Words(
            "{period:period}尚未结束|：所看的是 {as_of:moment} 未解决的 {n:int} 件；对照的也是同样天数时。",
            "{period:period} is not over|: {n:int} {n:case was/cases were} open on {as_of:moment}; earlier periods are seen when they were as old.",
        )
        values = {"period": seen.period, "as_of": seen.period.as_of, "n": total["n"]}
        yield Finding("pending.partial", "note", words, values, 0.7)


def _open(ageing: pd.DataFrame) -> Finding:
    total = ageing.iloc[0]
    values = total[["n", "days_median", "days_longest", *(f"open_{band}" for band in OLD)]].to_dict()
    words = Words(
        "期末未解决 {n:int} 件，其中历时 60 天以上的 {open_60_up:int} 件|；30 至 60 天的 {open_30_60:int} 件；历时的中位数 {days_median:sig} 天，"
        "最久 {days_longest:int} 天（自然日）。",
        "{n:int} {n:case was/cases were} unresolved at the end, {open_60_up:int} of them for 60 days or more|; {open_30_60:int} for 30 to 60 days; the "
        "median age is {days_median:sig} days, the largest {days_longest:int} (calendar days).",
    )
    return Finding("pending.open", "note", words, values, 0.6)


def _moved(bands: pd.DataFrame) -> Iterator[Finding]:
    """The oldest band that has grown or shrunk, or all together, against each earlier end."""
    clear, told = bands[bands["n_moved"].isin(["up", "down"]) & bands["band"].isin(TOLD)], set()
    for compared, rows in clear.groupby("compared", sort=False):
        if rows.iloc[-1]["band"] in told:  # said once
            continue
        told.add(rows.iloc[-1]["band"])
        row, up = rows.iloc[-1], rows.iloc[-1]["n_moved"] == "up"
        values = row[["n", "n_then", "n_ratio", "n_ratio_low", "n_ratio_high", "q"]].to_dict() | {
            "compared": compared
        }
        if row["band"] != ALL:
            values["band"] = row["band"]
        what = Words("未解决的投诉", "Open cases")
        if row["band"] != ALL:
            what = Words("历时 {band:band}的未解决投诉", "Cases open for {band:band}")
        words = Words(
            f"{what.zh}{'增' if up else '减'}至 {{n:int}} 件|（{{compared:compared}}；当时 {{n_then:int}} 件，之比 {{n_ratio:num2}}；"
            "95% 区间 {n_ratio_low:num2} 至 {n_ratio_high:num2}，q {q:p}）。",
            f"{what.en} have {'risen' if up else 'fallen'} to {{n:int}}| ({{compared:compared}}; {{n_then:int}} then, a ratio of "
            "{n_ratio:num2}; 95% interval {n_ratio_low:num2} to {n_ratio_high:num2}, q {q:p}).",
        )
        yield Finding("pending.moved", "watch" if up else "good", words, values, 0.55)


def _hard(seen: Seen, tables: Tables) -> Iterator[Finding]:
    ageing = tables["ageing"]
    total, bounds = ageing.iloc[0], ageing["usual_bound"].dropna()
    if total["n_hard"] == 0:
        words = Words(
            "未解决的 {n:int} 件都没有超过常规上限|，没有疑难件。",
            "No open case is a hard one|: {n:int} {n:is open, within/are open, all within} the usual bound.",
        )
        yield Finding("pending.hard", "good", words, {"n": total["n"]}, 0.4)
        return
    first = tables["hard"].iloc[0]
    values = total[["n", "n_hard", "share_hard"]].to_dict() | first[["complaint_id", "days"]].to_dict()
    values |= {"least": bounds.min(), "most": bounds.max()}
    span = Words("{least:int} 至 {most:int} 天，视等级而定", "{least:int} to {most:int} days, by grade")
    if values["least"] == values["most"]:
        span = Words("{most:int} 天", "{most:int} {most:day/days}")
    words = Words(
        f"疑难件 {{n_hard:int}} 件，占未解决的 {{share_hard:pct}}|：历时都超过常规上限（{span.zh}）；最久的 {{complaint_id:text}} 已 "
        "{days:int} 天。名单见“疑难件”表。",
        f"{{n_hard:int}} hard {{n_hard:case/cases}}, {{share_hard:pct}} of those unresolved|: waiting for longer than the usual bound ({span.en}); the "
        "oldest, {complaint_id:text}, for {days:int} {days:day/days}. The table of hard cases lists {n_hard:it/them}.",
    )
    level = "watch" if total["n_hard"] >= seen.rules.statistics.min_count else "note"
    yield Finding("pending.hard", level, words, values, 0.7)


def _stuck(seen: Seen, tables: Tables) -> Iterator[Finding]:
    """Departments with clearly more hard cases than complaints, then categories whose hard cases stand elsewhere."""
    told: set[str] = set()
    for name, by in (("hard_at", "department"), ("hard_by", seen.by)):
        table = tables[name]
        if not by or "hard_excess" not in table or (name == "hard_by" and by == "department"):
            continue
        clear = table["share_of_hard"] >= WORTH * table["share_usual"]
        more = table[(table["apart"] == "above") & (table["hard_excess"] >= 1) & clear]
        more = more.sort_values(["hard_excess", by], ascending=[False, True])
        if name == "hard_by" and "department" in more:
            more = more[~more["department"].isin(told)]
        for place, (_, row) in enumerate(more.head(NAMED).iterrows()):
            told |= {row[by]} if name == "hard_at" else set()
            yield _place(row, by, act=name == "hard_at" and place == 0 and row["hard_excess"] >= 5)


def _place(row: pd.Series, by: str, act: bool) -> Finding:
    names = [
        "n",
        "share_of_hard",
        "share_usual",
        "days_longest",
        "hard_gap",
        "hard_gap_low",
        "hard_gap_high",
        "q",
    ]
    values = row[[by, *names]].to_dict()
    zh, en = "", ""
    if "stage" in row and pd.notna(row["stage"]):
        values |= row[["stage", "n_there"]].to_dict()
        at = Words("", "")
        if "department" in row and by != "department":
            values["department"] = row["department"]
            at = Words("{department:department}的", " for {department:department}")
        zh = f"；多在{at.zh}“{{stage:stage}}”（{{n_there:int}} 件）"
        en = f"; most at “{{stage:stage}}”{at.en} ({{n_there:int}} {{n_there:case/cases}})"
    head = Words(f"{column(by).words.zh}“{{{by}:{by}}}”的疑难件", f"Hard cases about “{{{by}:{by}}}”")
    if by == "department":
        head = Words("疑难件卡在{department:department}", "Hard cases are stuck at {department:department}")
    words = Words(
        f"{head.zh}：{{n:int}} 件，占全部疑难件的 {{share_of_hard:pct}}|，而全部投诉中只占 {{share_usual:pct}}{zh}；最久已 "
        "{days_longest:int} 天；相差 {hard_gap:pp}，95% 区间 {hard_gap_low:points} 至 {hard_gap_high:pp}（q {q:p}）。",
        f"{head.en}: {{n:int}}, {{share_of_hard:pct}} of them all|, against {{share_usual:pct}} of the complaints{en}; the oldest "
        "for {days_longest:int} {days_longest:day/days}; a gap of {hard_gap:pp}, 95% interval {hard_gap_low:points} to {hard_gap_high:pp} (q {q:p}).",
    )
    key = "pending.stuck" if by == "department" else "pending.matter"
    return Finding(key, "act" if act else "watch", words, values, 0.9 if act else 0.6)


def _drivers(seen: Seen, drivers: pd.DataFrame) -> Iterator[Finding]:
    """The slowest kinds by the time they cost, of what is known when a complaint comes in; and the load."""
    if drivers.empty:
        return
    slow = drivers[(drivers["pace_differs"] == "slower") & (drivers["pace"] <= SLOW) & (drivers["pace"] > 0)]
    slow = slow[~slow["attribute"].isin([*WHILE_OPEN, seen.made_of])]
    weight = (slow["n"] * (1 / slow["pace"] - 1)).astype(float)
    for _, row in slow.loc[weight.sort_values(ascending=False, kind="stable").index].head(NAMED).iterrows():
        by = row["attribute"]
        values = row[[by, "n", "pace", "pace_low", "pace_high", "q"]].to_dict()
        base = drivers[(drivers["attribute"] == by) & (drivers["pace_differs"] == "reference")]
        against = Words("基准", "the reference")
        if len(base):
            values["base"] = base[by].iloc[0]
            against = Words(f"“{{base:{by}}}”", f"“{{base:{by}}}”")
        ages = Words("", "")
        if pd.notna(row["zph_p"]) and row["zph_p"] < 0.01:
            ages = Words(
                "；快慢之比随历时变化，这是平均", "; the ratio changes with age, this is its average"
            )
        what = column(by).words
        words = Words(
            f"{what.zh}为“{{{by}:{by}}}”的投诉办得慢：速度为{against.zh}的 {{pace:pct}}|，其余属性相同；所看的近一年投诉中有 {{n:int}} 件{ages.zh}；"
            "95% 区间 {pace_low:pct} 至 {pace_high:pct}（q {q:p}）。",
            f"{what.en} “{{{by}:{by}}}” is slow: such cases end at {{pace:pct}} of the pace of {against.en}|, other attributes "
            f"alike; {{n:int}} of the cases of the last year that were looked at{ages.en}; 95% interval {{pace_low:pct}} to {{pace_high:pct}} (q {{q:p}}).",
        )
        yield Finding("pending.slow", "note", words, values, 0.45)
    load = drivers[drivers["attribute"] == seen.made_of]
    if len(load) and np.isfinite(load["pace"].iloc[0]):
        yield _load(seen, load.iloc[0])


def _load(seen: Seen, row: pd.Series) -> Finding:
    what = {
        "load": Words("每坐席小时的来件", "the complaints per agent hour"),
        "inflow": Words("一周的来件", "the complaints of a week"),
    }[seen.made_of]
    values = row[["pace", "pace_low", "pace_high", "q"]].to_dict()
    if row["pace_differs"] == "same":
        words = Words(
            f"看不出忙闲影响办结速度|：{what.zh}翻一番，速度为平时的 {{pace:num2}} 倍；95% 区间 {{pace_low:num2}} 至 {{pace_high:num2}}"
            "（q {q:p}）。",
            f"How busy the desk is shows no effect on the pace|: with twice {what.en} it is {{pace:num2}} of the usual; 95% interval "
            "{pace_low:num2} to {pace_high:num2} (q {q:p}).",
        )
        return Finding("pending.load", "note", words, values, 0.3)
    slower = row["pace_differs"] == "slower"
    words = Words(
        f"忙时办得{'慢' if slower else '快'}：{what.zh}翻一番，速度为平时的 {{pace:num2}} 倍|，其余属性相同；95% 区间 {{pace_low:num2}} 至 "
        "{pace_high:num2}（q {q:p}）。",
        f"Cases that come in at busy times end {'more slowly' if slower else 'faster'}: with twice {what.en}, at {{pace:num2}} of the "
        "usual pace|, other attributes alike; 95% interval {pace_low:num2} to {pace_high:num2} (q {q:p}).",
    )
    return Finding("pending.load", "watch" if slower and row["pace"] <= SLOW else "note", words, values, 0.5)
