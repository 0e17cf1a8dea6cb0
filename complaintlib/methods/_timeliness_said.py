"""What `timeliness` says: how long it took, against when, where it is slow, and what the usual figures leave out."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ..result import Finding
from ..words import Words, column
from ._shares import ALL
from ._timeliness_tables import DAY, Seen

NAMED = 2  # categories told of each kind
DONE = {
    "first_response": Words("得到首次响应", "had a first response"),
    "resolution": Words("得到解决", "were resolved"),
}
STEP = {"first_response": Words("首次响应", "First response"), "resolution": Words("解决", "Resolution")}
OPEN = {
    "first_response": Words("尚未响应", "had no response yet"),
    "resolution": Words("尚未解决", "{n_open:was/were} not resolved yet"),
}
HOLIDAYS = Words("；自然时间含周末与长假", "; calendar time has week-ends and holidays in it")
CLOCK = {"worked": Words("工作时间", "working time"), "elapsed": Words("自然时间", "calendar time")}


def said(seen: Seen, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    whole, fewest = tables["times"].iloc[0], seen.rules.statistics.min_count
    if whole["n"] == 0:
        words = Words(
            "{period:period}没有投诉|，无时长可言。",
            "No complaints in {period:period}|, so nothing took any time.",
        )
        yield Finding("timeliness.empty", "note", words, {"period": seen.period}, 0.3)
        return
    if whole["n"] < fewest:
        words = Words(
            f"样本太少，时长不作判断|：收到 {{n:int}} 件，至少需要 {fewest} 件。",
            f"Too few to judge how long cases take|: {{n:int}} received; it takes {fewest}.",
        )
        yield Finding("timeliness.few", "note", words, {"n": whole["n"]}, 0.3)
    else:
        yield _median(seen, whole)
        yield from _changes(seen, tables["speed"])
        yield from _mix(seen, tables["speed"])
        yield from _places(seen, tables)
        yield from _bias(seen, tables["views"])
        yield from _ends(seen, tables["ends"])
    if seen.period.is_partial:
        words = Words(
            "{period:period}尚未结束|：数据截至 {as_of:moment}，收到 {n:int} 件；对照期只取同样长的一段。",
            "{period:period} is not over|: seen until {as_of:moment}, {n:int} received; of earlier periods only as long a "
            "stretch is compared.",
        )
        values = {"period": seen.period, "as_of": seen.period.as_of, "n": whole["n"]}
        yield Finding("timeliness.partial", "note", words, values, 0.7)
    if not seen.split:
        words = Words(
            "未按类别分开|：需要 {needs:text}。", "Not told apart by category|: that needs {needs:text}."
        )
        yield Finding("timeliness.categories", "note", words, {"needs": f"complaints.{seen.by}"}, 0.3)


def _median(seen: Seen, whole: pd.Series) -> Finding:
    form, done, still, on = seen.form, DONE[seen.step], OPEN[seen.step], CLOCK[seen.clock]
    values = whole[["n", "n_open", "share_open"]].to_dict()
    open_zh = f"收到的 {{n:int}} 件中，期末{still.zh}的有 {{n_open:int}} 件（{{share_open:pct}}），已按其等待时间计入。"
    open_en = (
        f"of the {{n:int}} received, {{n_open:int}} ({{share_open:pct}}) {still.en} at the end and {{n_open:counts/count}} "
        "as far as {n_open:it has/they have} come."
    )
    if np.isnan(whole["median"]):
        words = Words(
            f"期末{done.zh}的还不到一半|：{open_zh}", f"Fewer than half {done.en} by the end|: {open_en}"
        )
        return Finding("timeliness.median", "note", words, values, 0.75)
    values["median"] = whole["median"]
    high, ninety = Words("", ""), Words("", "")
    if pd.notna(whole["median_low"]) and pd.notna(whole["median_high"]):
        values |= whole[["median_low", "median_high"]].to_dict()
        high = Words(
            f"（95% 区间 {{median_low:{form}}}至 {{median_high:{form}}}）",
            f" (95% interval {{median_low:{form}}} to {{median_high:{form}}})",
        )
    if pd.notna(whole["ninety"]):
        values["ninety"] = whole["ninety"]
        ninety = Words(f"；九成在 {{ninety:{form}}}内", f"; nine in ten within {{ninety:{form}}}")
    words = Words(
        f"一半投诉在 {{median:{form}}}{on.zh}内{done.zh}|{ninety.zh}；{open_zh[:-1]}{high.zh}。",
        f"Half of the complaints {done.en} within {{median:{form}}} of {on.en}|{ninety.en}; {open_en[:-1]}{high.en}.",
    )
    return Finding("timeliness.median", "note", words, values, 0.75)


def _changes(seen: Seen, changes: pd.DataFrame) -> Iterator[Finding]:
    """All cases against each earlier period, where there were enough."""
    form, step = seen.form, STEP[seen.step]
    for row in changes[(changes[seen.by] == ALL) & (changes["verdict"] != "few")].to_dict("records"):
        values = {name: row[name] for name in ("change", "change_low", "change_high", "limit")}
        values["earlier"] = seen.earlier[row["compared"]]
        medians = Words("", "")
        if row["verdict"] != "same" and pd.notna(row["median"]) and pd.notna(row["median_then"]):
            values |= {"median": row["median"], "median_then": row["median_then"]}
            medians = Words(
                f"；中位时长由 {{median_then:{form}}}变为 {{median:{form}}}",
                f"; the median went from {{median_then:{form}}} to {{median:{form}}}",
            )
        on = HOLIDAYS if seen.clock == "elapsed" else Words("", "")
        rest = Words(
            f"{medians.zh}{on.zh}；每件最多计 {{limit:{form}}}，95% 区间 {{change_low:+{form}}}至 {{change_high:+{form}}}。",
            f"{medians.en}{on.en}; at most {{limit:{form}}} of a case is counted, 95% interval {{change_low:+{form}}} to "
            f"{{change_high:+{form}}}.",
        )
        level, weight = {"same": ("note", 0.45), "quicker": ("good", 0.8), "slower": ("watch", 0.8)}[
            row["verdict"]
        ]
        head = {
            "same": Words(
                f"{step.zh}快慢与{{earlier:period}}相比未见变化|，平均每件 {{change:+{form}}}",
                f"{step.en}: no change of speed against {{earlier:period}}|, {{change:+{form}}} per case",
            ),
            "quicker": Words(
                f"{step.zh}比{{earlier:period}}快：平均每件 {{change:+{form}}}|",
                f"{step.en} was quicker than in {{earlier:period}}: {{change:+{form}}} per case|",
            ),
            "slower": Words(
                f"{step.zh}比{{earlier:period}}慢：平均每件 {{change:+{form}}}|",
                f"{step.en} was slower than in {{earlier:period}}: {{change:+{form}}} per case|",
            ),
        }[row["verdict"]]
        words = Words(head.zh + rest.zh, head.en + rest.en)
        yield Finding(f"timeliness.{row['compared']}", level, words, values, weight)


def _mix(seen: Seen, changes: pd.DataFrame) -> Iterator[Finding]:
    """Where other kinds of cases than before make up a good part of the change, or hide one."""
    form, what = seen.form, column(seen.by).words
    for row in changes[(changes[seen.by] == ALL) & changes["change_mix"].notna()].to_dict("records"):
        if abs(row["change_mix"]) < (row["change_high"] - row["change_low"]) / 4:  # one standard error
            continue
        words = Words(
            f"与{{earlier:period}}相比，{what.zh}构成的变化使平均每件 {{change_mix:+{form}}}|；同类相比则为 {{change_own:+{form}}}。",
            f"Other cases than in {{earlier:period}} ({what.en.lower()}) make {{change_mix:+{form}}} per case|; like compared "
            f"with like it is {{change_own:+{form}}}.",
        )
        values = {
            "earlier": seen.earlier[row["compared"]],
            "change_mix": row["change_mix"],
            "change_own": row["change_own"],
        }
        yield Finding(f"timeliness.mix.{row['compared']}", "watch", words, values, 0.65)


def _places(seen: Seen, tables: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """The categories that are slower than all the others, and those that changed, as far as they were tested."""
    form, step, by, what = seen.form, STEP[seen.step], seen.by, column(seen.by).words
    times = tables["times"].iloc[1:]
    slow = times[times["verdict"] == "slower"].sort_values(["gap", by], ascending=[False, True])
    if by == "severity":  # the milder ones are promised more slowly
        slow = slow.iloc[:0]
    for row in slow.head(NAMED).to_dict("records"):
        values = {name: row[name] for name in (by, "gap", "gap_low", "gap_high")}
        middle = Words("", "")
        if pd.notna(row["median"]):
            values |= {"median": row["median"], "whole": tables["times"]["median"].iloc[0]}
            middle = Words(
                f"；中位时长 {{median:{form}}}，全部投诉为 {{whole:{form}}}",
                f"; its median is {{median:{form}}}, that of all {{whole:{form}}}",
            )
        words = Words(
            f"“{{{by}:{by}}}”{step.zh}较慢：平均每件比其他多 {{gap:{form}}}|{middle.zh}；95% 区间 {{gap_low:+{form}}}至 "
            f"{{gap_high:+{form}}}。",
            f"“{{{by}:{by}}}” is slower: {{gap:{form}}} more per case than the others|{middle.en}; 95% interval "
            f"{{gap_low:+{form}}} to {{gap_high:+{form}}}.",
        )
        yield Finding("timeliness.slow", "watch", words, values, 0.6)
    if slow.empty and (times["verdict"] == "same").sum() > 1 and not (times["verdict"] == "quicker").any():
        words = Words(
            f"各{what.zh}之间{step.zh}快慢未见差别|：{{categories:int}} 类，逐类与其他相比。",
            f"{step.en}: no difference of speed shown by {what.en.lower()}|; {{categories:int}} categories, each against the "
            "others.",
        )
        yield Finding("timeliness.alike", "note", words, {"categories": len(times)}, 0.3)
    changes = tables["speed"][tables["speed"][by] != ALL]
    for verdict, level in (("slower", "watch"), ("quicker", "good")):
        found = changes[changes["verdict"] == verdict]
        found = found.iloc[np.lexsort((found["compared"] != "previous", -found["change"].abs()))]
        for row in found.drop_duplicates(by).head(NAMED).to_dict("records"):
            values = {name: row[name] for name in (by, "change", "change_low", "change_high")}
            values["earlier"] = seen.earlier[row["compared"]]
            zh, en = ("变慢", "slower") if verdict == "slower" else ("变快", "quicker")
            words = Words(
                f"“{{{by}:{by}}}”{step.zh}{zh}：平均每件 {{change:+{form}}}|，与{{earlier:period}}相比；95% 区间 "
                f"{{change_low:+{form}}}至 {{change_high:+{form}}}。",
                f"“{{{by}:{by}}}” has become {en}: {{change:+{form}}} per case| against {{earlier:period}}; 95% interval "
                f"{{change_low:+{form}}} to {{change_high:+{form}}}.",
            )
            yield Finding(f"timeliness.{verdict}", level, words, values, 0.6)


def _bias(seen: Seen, views: pd.DataFrame) -> Iterator[Finding]:
    """What leaving the open cases out would have said."""
    form, done = seen.form, DONE[seen.step]
    views = views.set_index("view")
    row = views.loc["ended"]
    if pd.isna(row["bias"]) or row["bias"] >= 0:
        return
    values = {
        "naive": row["median"],
        "median": views.loc["received", "median"],
        "bias": row["bias"],
        "n": row["n"],
    }
    closed = Words("", "")
    if pd.notna(views.loc["closed", "median"]):
        values["closed"] = views.loc["closed", "median"]
        closed = Words(
            f"；按本期办到的投诉计算为 {{closed:{form}}}",
            f"; of the cases that came to it in this period, whenever received, it is {{closed:{form}}}",
        )
    words = Words(
        f"只看已{done.zh}的投诉会显得更快：中位 {{naive:{form}}}，而非 {{median:{form}}}|；偏差 {{bias:+{form}}}{closed.zh}。",
        f"The cases that {done.en} make it look quicker: a median of {{naive:{form}}} instead of {{median:{form}}}|; the bias is "
        f"{{bias:+{form}}}{closed.en}.",
    )
    yield Finding("timeliness.bias", "note", words, values, 0.4)


def _ends(seen: Seen, ends: pd.DataFrame) -> Iterator[Finding]:
    """How cases ended by the longest time that can be told, up to 30 days."""
    ends = ends[ends["limit"] <= 30 * DAY]
    if ends.empty:
        return
    limit = ends["limit"].max()
    share = ends[ends["limit"] == limit].set_index("cause")["share_ended"].to_dict()
    other = {
        cause: share[cause]
        for cause in sorted(share)
        if cause not in (seen.step, "open") and share[cause] > 0
    }
    if not other or seen.step not in share:
        return
    zh = "、".join(f"{{{cause}:pct1}} {NAMES[cause].zh}" for cause in other)
    en = ", ".join(f"{{{cause}:pct1}} {NAMES[cause].en}" for cause in other)
    words = Words(
        f"收到后 {{limit:min}}内，{{done:pct}} {DONE[seen.step].zh}|，{zh}，{{still:pct}} 仍在等待（自然时间）。",
        f"Within {{limit:min}} {{done:pct}} {DONE[seen.step].en}|, {en}; {{still:pct}} were still waiting (calendar time).",
    )
    values = {"limit": limit, "done": share[seen.step], "still": share["open"], **other}
    yield Finding("timeliness.ends", "note", words, values, 0.35)


NAMES = {
    "withdrawn": Words("撤诉", "were withdrawn"),
    "merged": Words("并入他案", "were merged into another"),
    "transferred_out": Words("转交他方", "were passed on"),
}
