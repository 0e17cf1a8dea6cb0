"""Composition (构成): what the complaints of a period are made of, and which shares have changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from .. import look
from ..book import Book
from ..period import Period
from ..result import LEVELS, Finding, Result
from ..rules import load_rules
from ..schema import BLANK, OTHER
from ..stats.charts import p_chart
from ..stats.decompose import largest_remainder, mix_rate
from ..stats.intervals import proportion, proportion_difference, rate_ratio, simultaneous_shares
from ..stats.multiple import benjamini_hochberg
from ..stats.pareto import by_size
from ..words import Trouble, Words, column, label, show

AGAINST = ("previous", "last_year")
ALL = "(all)"
POOLED = 10  # fewer cases than this in both periods together can hardly show a change however they split: not tested
HISTORY, ENOUGH = 12, 6  # earlier periods that tell how much shares wobble anyway, and the fewest that can
LATE_DAYS, EARLIER_DAYS = 10, 30
MANY_BLANK = 0.05
TOLD = 3  # changed categories that get a sentence of their own
PLACES = ("region", "product", "channel")
PER = {  # the first that is there serves as denominator
    "orders": Words("单", "orders"),
    "customers": Words("名客户", "customers"),
    "contacts": Words("次联络", "contacts"),
}


@dataclass(frozen=True)
class Composition(Result):
    """Tables: `shares` (the categories shown), `changes` (every category against every earlier period), `windows`
    (what was counted and compared), `where` (where the changed categories sit), `rates`, `unclassified`, `examples`.
    """

    by: str

    method: ClassVar = "composition"
    title: ClassVar = Words("构成分析", "Composition")
    reading: ClassVar = Words(
        "条形为占比，条上横线为 95% 区间：各类别同时落在各自区间内的把握为 95%。菱形为对照期的占比；变了颜色、带箭头的类别，"
        "占比确有变化。\n"
        "所示占比之和为 100.0%（最大余额法）。没有类别的投诉单独列出，比较只看已分类的投诉，以免把补填不及时看成占比下降。\n"
        "说“上升”或“下降”须同时满足两条：变化的 95% 区间（Newcombe 法）不含 0；按全部类别和对照期校正后的 q 值"
        "（Benjamini-Hochberg 法）不超过规定的误报比例。平时各期波动大于纯偶然的类别，区间相应放宽。\n"
        "不能说明的：占比上升不等于件数或投诉率上升，别的类别减少也会使它上升；占比变化也不说明原因。",
        "A bar is a share; the line on it is a 95% interval that holds for all categories at once. A diamond is the share "
        "in the earlier period; a category in another colour, with an arrow, has changed.\n"
        "Shares shown add up to 100.0% (largest remainder). Complaints without a category stand apart, and only "
        "classified ones are compared, so that late filling is not read as a falling share.\n"
        "“Rose” and “fell” need two things: a 95% interval of the change (Newcombe) without 0, and a q-value, corrected "
        "for every category and earlier period looked at (Benjamini-Hochberg), within the allowed share of false alarms. "
        "Where a share wobbles more than chance from period to period, its interval is widened.\n"
        "It cannot say: a rising share is not a rising number or rate, since others may have become fewer; and a change "
        "of share names no cause.",
    )

    def height(self) -> float:
        return 1.8 + 0.34 * max(len(self._drawn()), 2)

    def caption(self, lang: str) -> str:
        return f"{self.title[lang]}{'：' if lang == 'zh' else ': '}{self._message().sentence(lang)}"

    def draw(self, figure, lang: str) -> None:
        """Shares of the classified complaints; the earlier share as a diamond; changed categories marked."""
        ax, rows, windows = figure.subplots(), self._drawn(), self.tables["windows"].set_index("against")
        against = next((a for a in reversed(AGAINST) if "ok" in set(windows["compared"].get([a], []))), None)
        arrows = rows[f"moved_{against}"].map({"up": " ▲ ", "down": " ▼ "}) if against else rows["n"] * np.nan
        notes, colours = [], []
        for i, row in rows.iterrows():
            changed = arrows[i] == arrows[i]
            change = arrows[i] + show(row[f"change_{against}"], "pp", lang) if changed else ""
            notes.append(f"{show(row['share_classified'], 'pct1', lang)} · {show(row['n'], 'int', lang)}{change}")
            colours.append(look.LINE if row[self.by] == OTHER else look.ORANGE if changed else look.BLUE)
        labels = [label(self.by, code, lang) for code in rows[self.by]]
        low, high = rows["share_low"], rows["share_high"]
        look.bars(ax, labels, rows["share_classified"], low, high, colours, notes, "pct", lang)
        if against:
            before = {"label": show(windows.loc[against, "period"], "period", lang), "markeredgecolor": look.INK}
            ax.plot(rows[f"share_{against}"], rows.index, "D", color="white", markersize=5, **before)
            ax.legend(loc="lower right")
        basis = Words(
            "占已分类投诉 {n_classified:int} 件的比例（另有 {n_blank:int} 件未分类）",
            "share of the {n_classified:int} classified complaints ({n_blank:int} more are unclassified)",
        )
        ax.set_xlabel(basis.fill(lang, **windows.iloc[0]))
        look.title(ax, self._message().parts(lang)[0])

    def _drawn(self) -> pd.DataFrame:
        return self.table[self.table[self.by] != BLANK].reset_index(drop=True)

    def _message(self) -> Finding:
        wanted = ("composition.changed", "composition.largest", self.findings[0].key)
        return next(finding for key in wanted for finding in self.findings if finding.key == key)


def composition(
    book: Book, period: Period, *, by: str = "reason", against: str = "both", top: int = 12
) -> Composition:
    """What are the complaints received in the period made of, and which shares differ from before?

    `by`: a category column of complaints. `against`: `previous`, `last_year` or `both`. `top`: so many categories are
    shown; smaller ones are put together as `schema.OTHER`, unless their share changed. Shares are fractions of the
    classified complaints (those with a category), `share_shown` of all. Every period is seen as it stood at its own
    end, and one that is not over is compared with the same stretch of the earlier ones. Nothing is compared across a
    break of the taxonomy or with a time that the data do not cover.

    Intervals at once: Goodman (1965). Change: Newcombe (1998) and mid-p exact test, q by Benjamini & Hochberg (1995)
    over all categories and earlier periods; both widened by the dispersion of the category's share over up to 12
    earlier periods (Laney 2002; at least the median of all categories). Where a changed category sits: the same test
    over the regions, products and channels of its cases. Rates: exact ratio of two Poisson rates. Assumes that the
    unclassified are like the rest. Raises NotMeasured without the column, Trouble on an unknown `against`.
    """
    if against not in (*AGAINST, "both"):
        expected = Words("previous、last_year 或 both", "previous, last_year or both")
        words = Words(f"against 应为 {expected.zh}，现为 {{x}}", f"against must be {expected.en}, not {{x}}")
        raise Trouble(words, x=against)
    book = book.at(period.as_of)
    now = _counts(book, by, period)
    earlier = [_earlier(book, by, period, name) for name in AGAINST if against in (name, "both")]
    noise = _dispersion(book, by, period)
    changes = _changes(by, now, earlier, noise)
    shares = _shares(by, now, changes, top)
    moved = changes[changes["moved"].isin(["up", "down"])]
    moved = moved.loc[moved["change"].abs().sort_values(ascending=False, kind="stable").index].drop_duplicates(by)
    tables = {
        "shares": shares,
        "changes": changes,
        "windows": _windows(book, by, period, now, earlier, shares),
        "where": _where(book, by, period, earlier, moved.head(TOLD)),
        "rates": _rates(book, by, period, now, earlier, changes, noise),
        "unclassified": _unclassified(book, by, period),
    }
    example = next(iter([*moved[by], *shares[by]]), None)
    if example is not None:
        names = [c for c in ("complaint_id", "received_at", by, "text") if book.has("complaints", c)]
        tables["examples"] = book.rows("complaints", names, period, 5, {by: example}, latest=True)
    told = [*_on_changes(by, tables, moved), *_on_rates(by, tables), *_on_size(by, tables), *_on_data(period, tables)]
    told.sort(key=lambda finding: (LEVELS.index(finding.level), -finding.weight))
    return Composition(period, tables, tuple(told), by)


# ---------------------------------------------------------------------------------------------- counting


@dataclass(frozen=True)
class _Earlier:
    """An earlier period, seen when it was as old as this one is now; `compared`: ok, break, none (not in the data)
    or few."""

    against: str
    period: Period
    book: Book
    counts: pd.Series
    compared: str


def _counts(book: Book, by: str, period: Period) -> pd.Series:
    return by_size(book.counts("complaints", [by], period).set_index(by)["n"])


def _classified(counts: pd.Series) -> pd.Series:
    return counts.drop(BLANK, errors="ignore")


def _begins(book: Book) -> pd.Timestamp:
    return book.span()[0].normalize()


def _earlier(book: Book, by: str, period: Period, against: str) -> _Earlier:
    earlier = period.previous() if against == "previous" else period.same_last_year()
    earlier = earlier.seen_at(min(earlier.start + (period.as_of - period.start), earlier.end))
    then = book.at(earlier.as_of)
    counts, begins = _counts(then, by, earlier), _begins(book)
    slack = pd.Timedelta(days=earlier.days / 10)  # in a thin book the first case may come late
    if book.breaks_in(by, [earlier, period]):
        compared = "break"
    elif pd.isna(begins) or begins > earlier.start + slack:
        compared = "none"
    else:
        fewest = min(_classified(c).sum() for c in (counts, _counts(book, by, period)))
        compared = "few" if fewest < load_rules().statistics.min_count else "ok"
    return _Earlier(against, earlier, then, counts, compared)


def _dispersion(book: Book, by: str, period: Period) -> pd.Series:
    """How many times the variance of chance each category's share has from period to period; `ALL`: their median."""
    last, begins = period.previous(), _begins(book)
    past = [p for p in last.history(HISTORY) if p.start >= begins and not book.breaks_in(by, [p, period])]
    found = {}
    if len(past) >= ENOUGH:
        counts = book.series("complaints", [by], past).pivot(index="period", columns=by, values="n")
        counts = counts.drop(columns=BLANK, errors="ignore")
        total = counts.sum(axis=1)
        for name in counts.columns[counts.mean() >= POOLED / 2]:
            found[name] = p_chart(counts[name], total, limits="shewhart").sigma_z ** 2
    middle = float(np.median(list(found.values()))) if found else 1.0
    return pd.Series(found | {ALL: middle}, dtype=float).clip(lower=middle)


def _compare(k, n, k0, n0, dispersion=1.0) -> pd.DataFrame:
    found = proportion_difference(k, n, k0, n0, load_rules().statistics.confidence, dispersion)
    return found.set_axis(["change", "change_low", "change_high", "p"], axis=1)


def _moved(frame: pd.DataFrame) -> np.ndarray:
    """up, down, same, or few where nothing was tested: both the interval and q must say so."""
    sure = frame["q"] <= load_rules().statistics.fdr
    up, down = sure & (frame["change_low"] > 0), sure & (frame["change_high"] < 0)
    return np.select([frame["q"].isna(), up, down], ["few", "up", "down"], "same")


def _changes(by: str, now: pd.Series, earlier: list[_Earlier], noise: pd.Series) -> pd.DataFrame:
    now, parts = _classified(now), []
    for e in earlier:
        before = _classified(e.counts)
        names = now.index.union(before.index, sort=False)
        n, n_before = now.reindex(names, fill_value=0), before.reindex(names, fill_value=0)
        spread = noise.reindex(names).fillna(noise[ALL])
        part = pd.DataFrame({"n": n, "n_before": n_before, "share": n / max(n.sum(), 1)})
        part["share_before"] = n_before / max(n_before.sum(), 1)
        part = part.join(_compare(n, n.sum(), n_before, n_before.sum(), spread)).assign(dispersion=spread)
        part.loc[part["n"] + part["n_before"] < POOLED, "p"] = np.nan
        if e.compared != "ok":
            part.loc[:, ["share_before", "change", "change_low", "change_high", "p", "dispersion"]] = np.nan
        part.insert(0, by, names)
        parts.append(part.assign(against=e.against, compared=e.compared))
    frame = pd.concat(parts, ignore_index=True)
    frame["q"] = benjamini_hochberg(frame["p"])
    frame["moved"] = np.where(frame["compared"] == "ok", _moved(frame), frame["compared"])
    return frame[["against", *(c for c in frame.columns if c not in ("against", "compared"))]]


def _shares(by: str, now: pd.Series, changes: pd.DataFrame, top: int) -> pd.DataFrame:
    """The largest and the changed ones, then what is unclassified, then the others together."""
    known = _classified(now)
    changed = set(changes.loc[changes["moved"].isin(["up", "down"]), by])
    shown = [name for i, name in enumerate(known.index) if i < top or name in changed]
    rest = [name for name in known.index if name not in set(shown)]
    if len(rest) == 1:  # alone it takes no more room than "other"
        shown, rest = shown + rest, []
    shown += sorted(changed - set(known.index))  # those that have vanished
    n = known.reindex(shown, fill_value=0)
    if rest:
        n[OTHER] = known[rest].sum()
    out = pd.DataFrame({"n": n, "share_classified": largest_remainder(n / n.sum())})
    limits = simultaneous_shares(n, load_rules().statistics.confidence)
    out["share_low"], out["share_high"] = limits["low"], limits["high"]
    for against, part in changes.groupby("against", sort=False):
        part = part.set_index(by)
        out = out.join(part[["share_before", "change", "moved"]].set_axis(_named(against), axis=1))
        if rest:
            out.loc[OTHER, _named(against)[:2]] = part.loc[rest, ["share_before", "change"]].sum(min_count=1).array
    if BLANK in now:
        out = pd.concat([out.drop(OTHER, errors="ignore"), pd.DataFrame({"n": now[BLANK]}, [BLANK]), out.filter([OTHER], axis=0)])
    out.insert(1, "share_shown", largest_remainder(out["n"] / out["n"].sum()))
    return out.rename_axis(by).reset_index()


def _named(against: str) -> list[str]:
    return [f"share_{against}", f"change_{against}", f"moved_{against}"]


def _windows(
    book: Book, by: str, period: Period, now: pd.Series, earlier: list[_Earlier], shares: pd.DataFrame
) -> pd.DataFrame:
    """What was counted in each period, and whether it could be compared."""
    rows = []
    for against, window, counts, compared in [
        ("this", period, now, ""),
        *((e.against, e.period, e.counts, e.compared) for e in earlier),
    ]:
        broken = book.breaks_in(by, [window, period])
        rows.append(
            {
                "against": against,
                "period": window.text,
                "until": window.as_of,
                "n_all": counts.sum(),
                "n_classified": _classified(counts).sum(),
                "n_blank": counts.get(BLANK, 0),
                "share_blank": counts.get(BLANK, 0) / max(counts.sum(), 1),
                "categories": (_classified(counts) > 0).sum(),
                "compared": compared,
                "broken_on": broken[-1].at if broken else pd.NaT,
                "begins_on": _begins(book),
            }
        )
    out = pd.DataFrame(rows)
    alone = set(shares[by]) - {BLANK, OTHER}
    out["categories_other"] = [len(set(_classified(now).index) - alone), *[np.nan] * len(earlier)]
    return out


def _where(book: Book, by: str, period: Period, earlier: list[_Earlier], moved: pd.DataFrame) -> pd.DataFrame:
    """The regions, products and channels of the changed categories' cases, against the earlier period of the change."""
    parts = []
    for e in earlier:
        names = list(moved.loc[moved["against"] == e.against, by])
        for place in PLACES:
            usable = place != by and book.has("complaints", place) and not book.breaks_in(place, [e.period, period])
            if not names or not usable:
                continue
            both = [
                b.counts("complaints", [by, place], p, where={by: names}).set_index([by, place])["n"]
                for b, p in ((book, period), (e.book, e.period))
            ]
            part = pd.concat(both, axis=1, keys=["n", "n_before"]).fillna(0).sort_index()
            total = part.groupby(level=0).transform("sum")
            part["share"] = part["n"] / total["n"].clip(lower=1)
            part["share_before"] = part["n_before"] / total["n_before"].clip(lower=1)
            parts.append(part.join(_compare(part["n"], total["n"], part["n_before"], total["n_before"])).reset_index())
    if not parts:
        return pd.DataFrame(columns=[by, "n", "n_before", "share", "share_before", "change", "q", "moved"])
    out = pd.concat(parts, ignore_index=True)
    out.loc[out["n"] + out["n_before"] < POOLED, "p"] = np.nan
    out["q"] = benjamini_hochberg(out["p"])
    out["moved"] = _moved(out)
    places = [p for p in PLACES if p in out]
    return out[[by, *places, *(c for c in out.columns if c not in (by, *places))]]


def _rates(
    book: Book,
    by: str,
    period: Period,
    now: pd.Series,
    earlier: list[_Earlier],
    changes: pd.DataFrame,
    noise: pd.Series,
) -> pd.DataFrame:
    """Complaints per 1,000 of what there is of each category, where that is known, with its share beside it."""
    names = ["against", by, "measure", "n", "n_before", "exposure", "exposure_before", "rate", "rate_before", "ratio"]
    names += ["ratio_low", "ratio_high", "p", "weight", "weight_before", "part_mix", "part_rate", "change"]
    parts = []
    for e in earlier if book.has("exposure", by) else []:
        measure, per = _exposure(book, by, period, e)
        if e.compared != "ok" or per.empty:
            continue
        part = per.assign(
            n=now.reindex(per.index, fill_value=0), n_before=e.counts.reindex(per.index, fill_value=0)
        )
        pairs = (
            part[[c, x]].set_axis(["count", "exposure"], axis=1)
            for c, x in (("n_before", "exposure_before"), ("n", "exposure"))
        )
        split = mix_rate(*pairs).rename(columns={"weight_after": "weight", "mix": "part_mix", "rate": "part_rate"})
        ratio = rate_ratio(
            part["n"],
            part["exposure"],
            part["n_before"],
            part["exposure_before"],
            noise.reindex(per.index).fillna(noise[ALL]),
            load_rules().statistics.confidence,
        ).set_axis(["ratio", "ratio_low", "ratio_high", "p"], axis=1)
        part = part.join([split, ratio]).assign(rate=split["rate_after"], against=e.against, measure=measure)
        part["change"] = changes[changes["against"] == e.against].set_index(by)["change"]
        part[["rate", "rate_before", "part_mix", "part_rate"]] *= 1000
        parts.append(part.rename_axis(by).reset_index()[names])
    out = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    out["q"] = benjamini_hochberg(out["p"].astype(float))
    sure = out["q"] <= load_rules().statistics.fdr
    out["rate_moved"] = np.select(
        [out["q"].isna(), sure & (out["ratio_low"] > 1), sure & (out["ratio_high"] < 1)], ["few", "up", "down"], "same"
    )
    return out


def _exposure(book: Book, by: str, period: Period, e: _Earlier) -> tuple[str, pd.DataFrame]:
    """The first measure known for both periods, by category: `exposure`, `exposure_before`."""
    for measure in PER:
        both = [
            b.exposure(measure, [p], [by]).set_index(by)["value"] for b, p in ((book, period), (e.book, e.period))
        ]
        per = pd.concat(both, axis=1, keys=["exposure", "exposure_before"]).drop(BLANK, errors="ignore")
        per = per[(per > 0).all(axis=1)].sort_index()
        if len(per):
            return measure, per
    return "", per


def _unclassified(book: Book, by: str, period: Period) -> pd.DataFrame:
    """Are the newest days still being filled in: their share without category against the days before, by channel."""
    split = next((c for c in ("channel", "source") if c != by and book.has("complaints", c)), None)
    last = Period.holding(period.as_of - pd.Timedelta(microseconds=1), "day")
    first = min(period.previous().start, last.start - pd.Timedelta(days=LATE_DAYS + EARLIER_DAYS - 1))
    days = last.history((last.start - first).days + 1)
    keys = [split] if split else []
    n = book.series("complaints", keys, days).set_index(["period", *keys])["n"]
    blank = book.series("complaints", keys, days, where={by: BLANK}).set_index(["period", *keys])["n"]
    both = pd.DataFrame({"n": n, "blank": blank.reindex(n.index, fill_value=0)}).reset_index()
    newest = both["period"].isin([day.text for day in days[-LATE_DAYS:]])
    key = split or "channel"
    everything = both.assign(**{key: ALL})
    new, old = (
        pd.concat([part[mask] for part in ([everything, both] if split else [everything])]).groupby(key)[["n", "blank"]].sum()
        for mask in (newest, ~newest)
    )
    out = pd.DataFrame({"n": new["n"], "n_blank": new["blank"], "n_before": old["n"], "n_blank_before": old["blank"]})
    out["share_blank"] = out["n_blank"] / out["n"].where(out["n"] > 0)
    out["share_blank_before"] = out["n_blank_before"] / out["n_before"].where(out["n_before"] > 0)
    out = out.join(_compare(out["n_blank"], out["n"], out["n_blank_before"], out["n_before"]))
    out["q"] = benjamini_hochberg(out["p"])
    out["moved"] = _moved(out)
    out = out.rename_axis(key).reset_index()
    return out.sort_values("share_blank", ascending=False, kind="stable", key=lambda s: s.where(out[key] != ALL, 2), ignore_index=True)


# --------------------------------------------------------------------------------------------- sentences


def _on_changes(by: str, tables: dict[str, pd.DataFrame], moved: pd.DataFrame) -> Iterator[Finding]:
    changes, where = tables["changes"], tables["where"]
    period_of = tables["windows"].set_index("against")["period"]
    for row in moved.head(TOLD).to_dict("records"):
        up = row["moved"] == "up"
        values = {c: row[c] for c in (by, "n", "n_before", "share", "share_before", "change", "change_low", "change_high", "q")}
        values["before"] = period_of[row["against"]]
        zh, en = _beside(by, changes, row, period_of, values)
        places = _place(where, by, row, values)
        yield Finding(
            "composition.changed",
            "watch" if up else "note",
            Words(
                f"“{{{by}:{by}}}”占比{'升' if up else '降'}至 {{share:pct1}}，{{before:period}}为 {{share_before:pct1}}|："
                f"{{n:int}} 件，当时 {{n_before:int}} 件，变化 {{change:pp}}（95% 区间 {{change_low:pp}}至{{change_high:pp}}）"
                f"{zh}{places.zh}。",
                f"“{{{by}:{by}}}” {'rose' if up else 'fell'} to {{share:pct1}} of the complaints, from {{share_before:pct1}} in "
                f"{{before:period}}|: {{n:int}} cases against {{n_before:int}}, {{change:pp}} (95% interval {{change_low:pp}} to "
                f"{{change_high:pp}}){en}{places.en}.",
            ),
            values,
            0.5 + min(0.35, 2 * abs(row["change"])),
        )
    if len(moved) > TOLD:
        rest = moved.iloc[TOLD:]
        yield Finding(
            "composition.also",
            "note",
            Words(
                f"占比有变化的还有 {len(rest)} 类|：{{names:{by}}}；幅度和区间见“变化”表。",
                f"{len(rest)} more changed their share|: {{names:{by}}}; size and interval of each stand in the table of changes.",
            ),
            {"names": list(rest[by])},
            0.45,
        )
    judged = changes[changes["q"].notna()]
    if moved.empty and len(judged):
        row = judged.iloc[0]
