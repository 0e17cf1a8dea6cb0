"""Words that complaints suddenly use: a new code has no history, and a new trouble has words before it has a code."""

import re
from calendar import day_name, month_name
from collections import Counter
from collections.abc import Iterator

import pandas as pd
from scipy import stats

from ..stats.multiple import benjamini_hochberg
from ._warning_rules import LEAST
from ._warning_series import Watched

TEXTS, BEFORE = 1500, 2500  # the newest texts of the period that are read, and the newest before it
SURE = 0.001  # q: words of one event come together, so that false ones come in groups
TIMES = 4  # a word that is not at least so many times as frequent as before is not new
GROUPS, TOGETHER = 12, 4  # groups of words told, and words shown of a group
MASKS = re.compile(r"\[[a-z ]+\]")
PIECES = re.compile(r"[\u4e00-\u9fff]+|[a-z]+(?:['’][a-z]+)?(?: [a-z]+(?:['’][a-z]+)?)*")
DATES = {name.lower() for name in (*month_name, *day_name) if name}
LINKS = ("的", "了", "在", "是", "和", "就", "也", "都", "着")
COLUMNS = ["word", "with_words", "n", "n_before", "texts", "texts_before", "q", "first_seen"]


def new_words(w: Watched) -> pd.DataFrame:
    """Words and phrases (up to three words) of at least `LEAST` complaints of as many customers, hardly used before.

    `n` of the `texts` read have it, `n_before` of the `texts_before` read from before the period. q over all words of
    that many complaints, from the predictive distribution of a count whose rate is learnt from the texts before
    (Jeffreys' prior). `first_seen`: of a word that was never used before. Words that come in the same complaints are one row: `word` is the surest, `with_words` the next.
    """
    names = ["received_at", *(["customer_id"] if w.book.has("complaints", "customer_id") else []), "text"]
    now = w.book.rows("complaints", names, w.period, TEXTS, latest=True).dropna(subset="text")
    before = (
        w.book.at(w.period.start)
        .rows("complaints", ["text"], None, BEFORE, latest=True)
        .dropna(subset="text")
    )
    if len(now) < LEAST or len(before) < len(now) / 2:
        return pd.DataFrame(columns=COLUMNS)
    now = now.reset_index(drop=True)
    said = [set(_words(text)) for text in now["text"]]
    n = Counter(word for words in said for word in words)
    n = {word: count for word, count in n.items() if count >= LEAST}
    then = Counter(word for text in before["text"] for word in n.keys() & set(_words(text)))
    table = pd.DataFrame({"word": sorted(n)})
    table["n"], table["n_before"] = table["word"].map(n), table["word"].map(then).fillna(0).astype(int)
    table["texts"], table["texts_before"] = len(now), len(before)
    law = stats.nbinom(table["n_before"] + 0.5, len(before) / (len(before) + len(now)))
    table["p"] = law.sf(table["n"]) + law.pmf(table["n"]) / 2
    table["q"] = benjamini_hochberg(table["p"])
    often = table["n"] / len(now) >= TIMES * (table["n_before"] + 0.5) / len(before)
    table = table[(table["q"] <= SURE) & often]
    table = table.assign(length=table["word"].map(len).astype(int))
    table = table.sort_values(["p", "length", "word"], ascending=[True, False, True], kind="stable")
    return _grouped(table, now, said)[COLUMNS]


def _words(text: str) -> Iterator[str]:
    """The words of a text, and the phrases of two and three words that stand together."""
    import rjieba

    for piece in PIECES.findall(MASKS.sub("，", text.lower())):
        chinese = piece[0] >= "\u4e00"
        words, gap, least = (rjieba.cut(piece), "", 2) if chinese else (piece.split(" "), " ", 4)
        for length in (1, 2, 3):
            for at in range(len(words) - length + 1):
                word = gap.join(words[at : at + length])
                if len(word) >= least and not (
                    word.startswith(LINKS) or word.endswith(LINKS) or word in DATES
                ):
                    yield word


def _grouped(table: pd.DataFrame, now: pd.DataFrame, said: list[set[str]]) -> pd.DataFrame:
    """One row for the words of the same complaints, if these came from enough customers."""
    table = table.head(20 * GROUPS)  # the surest
    held = {word: {i for i, words in enumerate(said) if word in words} for word in table["word"]}
    rows, groups = [], []
    for row in table.to_dict("records"):
        of = held[row["word"]]
        home = next((g for g in groups if 2 * len(of & g["of"]) >= min(len(of), len(g["of"]))), None)
        if home is not None:
            if not any(row["word"] in other or other in row["word"] for other in home["words"]):
                home["words"].append(row["word"])
            continue
        cases = now.loc[sorted(of)]
        who = (
            cases["customer_id"].nunique() + cases["customer_id"].isna().sum()
            if "customer_id" in cases
            else len(of)
        )
        if who >= LEAST:
            groups.append({"of": of, "words": [row["word"]]})
            first = cases["received_at"].min().normalize()
            rows.append(row | {"first_seen": pd.NaT if row["n_before"] else first})
    found = pd.DataFrame(rows, columns=[c for c in [*table.columns, "first_seen"] if c != "with_words"])
    found["with_words"] = [" · ".join(g["words"][1:TOGETHER]) for g in groups]
    return found.head(GROUPS)
