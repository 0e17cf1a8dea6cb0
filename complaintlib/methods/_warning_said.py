"""What `warning` says: each leading alarm, new words, how much was looked at, and what the list can see."""

import pandas as pd

from ..period import KIND_WORDS, UNITS
from ..result import LEVELS, Finding
from ..rules import load_rules
from ..schema import BLANK
from ..words import Words, column
from ._warning_series import ALONE, Watched

TOLD, WORDS_TOLD, SIGHTED = 5, 3, 0.8
RULES = ("farrington", "ears", "cusum", "born", "tied")

_SIZE = Words(
    "{n:int} 件，预期 {expected:int} 件，多 {excess:int} 件（95% 区间 {excess_low:int}–{excess_high:int}，q {q:p}）",
    "{n:int} {n:case/cases}, {expected:int} expected, {excess:int} too many (95%: {excess_low:int} to {excess_high:int}; q {q:p})",
)
_CLEAR = Words(
    "；降到 {clear_at:int} 件以内即解除", "; it clears at {clear_at:int} {clear_at:case/cases} or fewer"
)
_KIND = {
    "farrington": Words(
        f"{{what}}突增|：{_SIZE.zh}；约自{{first_seen:day}}起{_CLEAR.zh}。",
        f"{{what}}: a jump|, {_SIZE.en}; since about {{first_seen:day}}{_CLEAR.en}.",
    ),
    "together": Words(
        f"{{what}}两期合计突增|：最近 {{periods:int}} 期共 {_SIZE.zh}；约自{{first_seen:day}}起；合计降到 {{clear_at:int}} 件以内即解除。",
        f"{{what}}: a jump over two periods|, in the last {{periods:int}} together {_SIZE.en}; since about {{first_seen:day}}; "
        "it clears at {clear_at:int} {clear_at:case/cases} or fewer together.",
    ),
    "cusum": Words(
        f"{{what}}缓慢上升|：自{{first_seen:day}}起逐期累积；本期 {_SIZE.zh}{_CLEAR.zh}。",
        f"{{what}}: creeping up|, adding up since {{first_seen:day}}; this period {_SIZE.en}{_CLEAR.en}.",
    ),
    "born": Words(
        "新出现：{what}|，{first_seen:day}首次收到，本期 {n:int} 件，此前从未有过（q {q:p}）。",
        "New: {what}|, first received on {first_seen:day}, {n:int} {n:case/cases} this period and none ever before (q {q:p}).",
    ),
    "tied": Words(
        f"{{what}}比以往集中|：按本期的总量和以往的关联程度应有 {{expected:int}} 件，实有 {{n:int}} 件（多 {{excess:int}} 件，95% 区间 "
        f"{{excess_low:int}}–{{excess_high:int}}，q {{q:p}}）；约自{{first_seen:day}}起{_CLEAR.zh}。",
        f"{{what}}: more closely tied than before|, {{n:int}} {{n:case/cases}} where this period's totals and the earlier tie give "
        f"{{expected:int}}, {{excess:int}} too many (95%: {{excess_low:int}} to {{excess_high:int}}; q {{q:p}}); since about "
        f"{{first_seen:day}}{_CLEAR.en}.",
    ),
}
_UNSURE = Words(
    "；待观察：这样的偶然每期平均至多 1 个。", "; on watch: chance alone makes at most 1 of these a period."
)
_KIND["ears"] = _KIND["farrington"]


def findings(w: Watched, tables: dict[str, pd.DataFrame]) -> tuple[Finding, ...]:
    if not w.judged:
        words = Words(
            "{period:period}尚不完整|：已收到 {n:int} 件，不作预警判断。",
            "{period:period} is not complete|: {n:int} {n:case/cases} so far, no alarm is judged.",
        )
        values = {"period": w.period, "n": tables["watch"]["n"].iloc[0]}
        return (Finding("warning.partial", "note", words, values, 0.6),)
    found = [*_alarm_findings(w, tables["watch"]), *_word_findings(tables["words"])]
    found += [_looked(w, tables), *_sight(w, tables["sight"])]
    return tuple(sorted(found, key=lambda f: (LEVELS.index(f.level), -f.weight)))


def what_words(row: dict) -> Words:
    """The places for what an alarm is about: reason (region), or product with the dimension's name."""
    held = [d for d in ALONE if isinstance(row.get(d), str)]
    if not held:
        return Words("投诉总量", "All complaints")
    inside = [Words(f"{{{d}:{d}}}", f"{{{d}:{d}}}") for d in held[1:]]
    inside = inside or ([] if held[0] == "reason" else [column(held[0]).words])
    zh, en = (
        "".join(mark[0] + part[lang] + mark[1] for part in inside)
        for lang, mark in (("zh", "（）"), ("en", ("(", ")")))
    )
    return Words(f"{{{held[0]}:{held[0]}}}{zh}", f"{{{held[0]}:{held[0]}}} {en}".rstrip())


def _alarm_findings(w: Watched, watch: pd.DataFrame) -> list[Finding]:
    found, fewest = [], load_rules().statistics.min_count
    for row in watch.head(TOLD).to_dict("records"):
        two = row["periods"] == 2
        what, words = what_words(row), _KIND["together" if two else row["rule"]]
        words = Words(words.zh.replace("{what}", what.zh), words.en.replace("{what}", what.en))
        names = ("n", "expected", "excess", "excess_low", "excess_high", "q", "first_seen", "clear_at")
        values = {name: row[name] for name in (*names, *(["periods"] if two else []))} | {
            d: row[d] for d in ALONE if isinstance(row.get(d), str)
        }
        about = {d for d in ALONE if isinstance(row.get(d), str)}
        large = row["excess_low"] >= fewest and row["rule"] != "cusum" and row["grade"] == "alarm"
        large &= not about or not about <= {"channel", "department"}  # that only take what arises elsewhere
        unsure = row["grade"] != "alarm"
        words = Words(words.zh[:-1] + _UNSURE.zh, words.en[:-1] + _UNSURE.en) if unsure else words
        weight = round((0.9 if large else 0.5 if unsure else 0.7) - 0.03 * (row["rank"] - 1), 3)
        key = {"ears": "jump", "farrington": "jump", "cusum": "rising", "born": "new", "tied": "tied"}[
            row["rule"]
        ]
        found.append(Finding(f"warning.{key}", "act" if large else "watch", words, values, weight))
    return found


def _word_findings(table: pd.DataFrame) -> list[Finding]:
    words = Words(
        "有新用语反复出现|：“{word:text}”{others}，本期 {texts:int} 件有正文的投诉中有 {n:int} 件用到，{before}（q {q:p}）。",
        "New words keep coming up|: “{word:text}”{others} in {n:int} of the {texts:int} {texts:complaint/complaints} read, {before} (q {q:p}).",
    )
    some = Words(
        "此前的 {texts_before:int} 件中有 {n_before:int} 件",
        "in {n_before:int} of the {texts_before:int} before",
    )
    none = Words("此前的 {texts_before:int} 件中没有", "in none of the {texts_before:int} before")
    found = []
    for place, row in enumerate(table.head(WORDS_TOLD).to_dict("records")):
        others = (
            Words("（还有{with_words:text}）", " (with {with_words:text})")
            if row["with_words"]
            else Words("", "")
        )
        before = some if row["n_before"] else none
        parts = {"{others}": others, "{before}": before}
        said = Words(
            *(_put(words[lang], {mark: part[lang] for mark, part in parts.items()}) for lang in ("zh", "en"))
        )
        names = (
            "word",
            "n",
            "n_before",
            "texts",
            "texts_before",
            "q",
            *(["with_words"] if row["with_words"] else []),
        )
        found.append(
            Finding("warning.words", "watch", said, {name: row[name] for name in names}, 0.6 - 0.02 * place)
        )
    return found


def _put(text: str, parts: dict[str, str]) -> str:
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text


def _looked(w: Watched, tables: dict[str, pd.DataFrame]) -> Finding:
    every = tables["looked"].set_index("rule").loc[BLANK]
    values = {
        name: every[name]
        for name in ("watched", "tested", "alarms", "on_watch", "leading", "false_most", "known_periods")
    }
    unit, one = UNITS[w.period.kind], KIND_WORDS[w.period.kind]
    if not every["tested"]:
        words = Words(
            f"历史太短，还不能预警|：此前只有 {{known_periods:int}} {unit.zh}可比，至少要 4。",
            f"History is too short for alarms|: {{known_periods:int}} {{known_periods:{one.en}/{unit.en}}} before to compare with, at least 4 are needed.",
        )
        return Finding("warning.looked", "note", words, {"known_periods": every["known_periods"]}, 0.4)
    scope = Words(
        f"看了 {{watched:int}} 个序列（总量、各类别及组合），作了 {{tested:int}} 次检验，与此前 {{known_periods:int}} {unit.zh}相比",
        f"{{watched:int}} series (the total, categories and pairs) in {{tested:int}} {{tested:test/tests}}, against {{known_periods:int}} {{known_periods:{one.en}/{unit.en}}} before",
    )
    words = Words(
        f"预警 {{leading:int}} 项|：{scope.zh}；共 {{alarms:int}} 个序列报警（误报平均至多 {{false_most:num1}} 个），"
        "另有 {on_watch:int} 个待观察；同一事件引起的并为一项。",
        f"The watch list has {{leading:int}} {{leading:entry/entries}}|: {scope.en}; {{alarms:int}} series {{alarms:alarms/alarm}} (on average at most "
        "{false_most:num1} of them falsely) and {on_watch:int} {on_watch:is/are} on watch; those of one event are one entry.",
    )
    if not every["leading"]:
        words = Words(
            f"没有预警|：{scope.zh}，均未超出应有的范围。",
            f"No alarm|: {scope.en}; none is beyond its range.",
        )
        values = {name: values[name] for name in ("watched", "tested", "known_periods")}
    return Finding("warning.looked", "note", words, values, 0.5)


def _sight(w: Watched, table: pd.DataFrame) -> list[Finding]:
    """From which volume on a doubling is seen, and where it is not."""
    twice = table[table["factor"] == 2]
    if twice.empty:
        return []
    row = twice.iloc[0].to_dict()
    unit, one = UNITS[w.period.kind], KIND_WORDS[w.period.kind]
    values = {"factor": row["factor"], "volume": row["volume"], "found_within": row["found_within"]}
    words = Words(
        f"看得见什么|：每{one.zh} {{volume:text}} 件的类别翻一番，3 {unit.zh}内发现 {{found_within:pct}}",
        f"What it can see|: a doubling of a category with {{volume:text}} {{volume:case/cases}} a {one.en} is found within 3 {unit.en} in "
        "{found_within:pct} of trials",
    )
    seen = twice[twice["found_within"] >= SIGHTED]
    more = Words("。", ".")
    if len(twice) > 1 and len(seen) and seen.index[0] != twice.index[0]:
        values |= {"volume_seen": seen["volume"].iloc[0], "found_seen": seen["found_within"].iloc[0]}
        more = Words(
            "；{volume_seen:text} 件的为 {found_seen:pct}。",
            "; with {volume_seen:text} {volume_seen:case/cases}, in {found_seen:pct}.",
        )
    words = Words(words.zh + more.zh, words.en + more.en)
    return [Finding("warning.sight", "note", words, values, 0.3)]
