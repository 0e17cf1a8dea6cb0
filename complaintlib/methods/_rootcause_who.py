"""What `rootcause` says of those around the reason: whom to invite, where the time goes, what is being done, what limits it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from ..result import Finding
from ..words import Words
from ._rootcause_choice import Seen

TOLD = 3  # departments told with their numbers
BURST, BY_FEW = 0.2, 0.1  # shares of the cases on one day, and by returning customers, that are told
LEAST = 10  # and the fewest cases
CLEAR = 0.05  # difference of the shares of time from which on it is told


def invited(reason: str, who: pd.DataFrame) -> Iterator[Finding]:
    """The departments that handle the cases or have much of the time."""
    asked = who[who["invited"].eq(True)]
    if asked.empty:
        words = Words(
            "没有部门的记录，不能说明请谁到会|。",
            "No departments are on record|: whom to invite cannot be said.",
        )
        yield Finding("rootcause.no_departments", "note", words, {}, 0.12)
        return
    values: dict[str, Any] = {"names": list(asked["department"]), "reason": reason}
    zh, en = "", ""
    for at, row in enumerate(asked.head(TOLD).to_dict("records")):
        values[f"department_{at}"] = row["department"]
        both = [
            (f"n_{at}", "n", row["share_now"], "经办 {%s:int} 件", "handles {%s:int} of these complaints"),
            (f"time_{at}", "share_time", row["share_time"], "占办理时间的 {%s:pct}", "has {%s:pct} of the handling time"),
        ]  # fmt: skip
        known = [(key, name, *says) for key, name, share, *says in both if pd.notna(share) and share > 0]
        values |= {key: row[name] for key, name, *_ in known}
        zh += f"；“{{department_{at}:department}}”" + "，".join(says % key for key, _, says, _ in known)
        en += f"; “{{department_{at}:department}}” " + " and ".join(says % key for key, _, _, says in known)
    words = Words(
        f"“{{reason:reason}}”，请到会的部门：{{names:department}}|{zh}。",
        f"Departments to invite about “{{reason:reason}}”: {{names:department}}|{en}.",
    )
    yield Finding("rootcause.invite", "note", words, values, 0.55)


def stages(reason: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Where the time goes, where that is unlike the other reasons."""
    if not table["spent_hours"].sum() > 0:
        return
    first = table.iloc[0]
    apart = table.sort_values(["share_time_apart", "stage"], ascending=[False, True]).iloc[0]
    values = {"reason": reason, "stage": first["stage"], "share_time": first["share_time"]}
    if not apart["share_time_apart"] >= CLEAR:
        words = Words(
            "“{reason:reason}”的办理时间最多花在“{stage:stage}”：{share_time:pct}|；各环节与其他原因相差不大。",
            "Most of the handling time of “{reason:reason}” goes into “{stage:stage}”: {share_time:pct}|; much as for other reasons.",
        )
        yield Finding("rootcause.stage", "note", words, values, 0.2)
        return
    names = ("share_time", "share_time_others", "spent_hours")
    values = {"reason": reason, "stage": apart["stage"]} | {name: apart[name] for name in names}
    words = Words(
        "“{reason:reason}”的办理时间更多花在“{stage:stage}”：占 {share_time:pct}，其他原因只占 {share_time_others:pct}|；按工作时间"
        "计共 {spent_hours:int} 小时。",
        "More of the handling time of “{reason:reason}” goes into “{stage:stage}”: {share_time:pct}, {share_time_others:pct} for "
        "other reasons|; {spent_hours:int} {spent_hours:hour/hours} on the work clock.",
    )
    yield Finding("rootcause.stage", "note", words, values, 0.38)


def doing(seen: Seen, measures: pd.DataFrame) -> Iterator[Finding]:
    if "actions" not in seen.book.tables:
        return
    running = measures[measures["status"].isin(["planned", "in_progress"])]
    if len(running):
        values = {"titles": list(running["title"])}
        words = Words(
            "已有针对它的措施：{titles:title}|；进展与效果见措施页。",
            "Measures under way about it: {titles:title}|; how they do stands on the page of measures.",
        )
        yield Finding("rootcause.doing", "note", words, values, 0.36)
        return
    done = (
        Words("；先前的已完成：{titles:title}", "; done before: {titles:title}")
        if len(measures)
        else Words("", "")
    )
    words = Words(
        f"台账上没有针对“{{reason:reason}}”的进行中的措施|{done.zh}。",
        f"No measure about “{{reason:reason}}” is under way|{done.en}.",
    )
    values = {"reason": seen.reason} | ({"titles": list(measures["title"])} if len(measures) else {})
    yield Finding("rootcause.not_doing", "watch" if seen.grown else "note", words, values, 0.46)


# ------------------------------------------------------------------------------------------------ what limits it


def limits(fact: pd.Series) -> Iterator[Finding]:
    if fact["n_busiest"] >= LEAST and fact["share_busiest"] >= BURST:
        words = Words(
            "一天之内来了 {n_busiest:int} 件，占 {share_busiest:pct}|：{busiest_day:day}；多半是同一件事，各项检验把它们当作互相独立的，须慎读。",
            "{n_busiest:int} of them, {share_busiest:pct}, came on one day|: {busiest_day:day}; probably about one event, while the tests "
            "take complaints as independent. Read them with care.",
        )
        values = fact[["n_busiest", "share_busiest", "busiest_day"]].to_dict()
        yield Finding("rootcause.burst", "note", words, values, 0.57)
    if fact["n_often"] >= LEAST and fact["share_often"] >= BY_FEW:
        words = Words(
            "{customers_often:int} 位客户提出了其中 {n_often:int} 件，占 {share_often:pct}|：先看这些客户遇到了什么；各项检验把投诉当作互相独立的，须慎读。",
            "{customers_often:int} {customers_often:customer/customers} made {n_often:int} of them, {share_often:pct}|: look first at what happened to {customers_often:this one/these}; the tests "
            "take complaints as independent. Read them with care.",
        )
        values = fact[["customers_often", "n_often", "share_often"]].to_dict()
        yield Finding("rootcause.few_customers", "note", words, values, 0.57)
    if pd.notna(fact["broken_on"]):
        words = Words(
            "本期内分类有调整|：{on:day}前后的类别混在一起，须慎读。",
            "The categories were changed within the period|: those before and after {on:day} are mixed; read this with care.",
        )
        yield Finding("rootcause.break", "note", words, {"on": fact["broken_on"]}, 0.64)


def partial(seen: Seen) -> Iterator[Finding]:
    if seen.period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}；件数不与此前各期比较，只看分布。",
            "{period:period} is not over|: seen until {as_of:moment}; numbers are not compared with the periods before, only how "
            "they are spread.",
        )
        values = {"period": seen.period, "as_of": seen.period.as_of}
        yield Finding("rootcause.partial", "note", words, values, 0.65)
