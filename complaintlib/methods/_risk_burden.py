"""The numbers behind `risk`: how often each kind of complaint comes, how much a case of it weighs, and the two together.

A kind's burden is its share of all that complaints weigh. What a case weighs is the mean, over the parts that are measured
(severity points, compensation, escalation), of its ratio to the average case; so the burden of one window is simply the
mean of a kind's shares of the points, the money and the escalations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..book import Book, NotMeasured
from ..indicators import Stretch, measures_by, whole_history
from ..period import Period
from ..rules import Statistics, load_rules
from ..schema import BLANK

RECENT, LONG, YEAR = (
    3,
    12,
    12,
)  # periods that say how often, periods that say how much a case weighs, checks of the past
FEWEST = 5  # average cases that a kind's own are seen together with: what a few cases weigh says little
DRAWS = 2000
PARTS = {"points": "severity", "paid": "compensation", "escalations": "escalated"}


@dataclass(frozen=True)
class Seen:
    """What was counted: `n` and `amounts` by period (rows) and kind (columns) over `history`, the last one the period."""

    book: Book
    period: Period
    by: str
    history: list[Period]
    names: list[str]
    n: np.ndarray
    amounts: dict[str, np.ndarray]
    spread: dict[str, np.ndarray]  # the variance of one case's amount, by kind
    n_blank: int
    measure: str
    per: np.ndarray  # the denominator by period: thousands of the measure, or 1
    own: np.ndarray  # the same by period and kind, where a kind has a denominator of its own
    statistics: Statistics

    def at(self, last: int) -> "Seen":
        """The same with `last` as the last period."""
        return replace(
            self,
            history=self.history[: last + 1],
            n=self.n[: last + 1],
            amounts={name: values[: last + 1] for name, values in self.amounts.items()},
            per=self.per[: last + 1],
            own=self.own[: last + 1],
        )

    @property
    def often(self) -> np.ndarray:
        """Cases of each kind over the recent periods."""
        return self.n[-RECENT:].sum(axis=0)


def ask(book: Book, period: Period, by: str) -> Seen:
    """Cases and amounts by period and kind, none from before the last break of the taxonomy."""
    if book.has("complaints", "received_at") and not book.has("complaints", by):
        raise NotMeasured(f"complaints.{by}")
    parts = {part: field for part, field in PARTS.items() if book.has("complaints", field)}
    if book.has("complaints", "received_at") and not parts:
        raise NotMeasured(", ".join(f"complaints.{field}" for field in PARTS.values()))
    history, _ = whole_history(book, period, RECENT + LONG + YEAR)
    history = [p for p in history if p == period or not book.breaks_in(by, [p, period])]
    columns = [by, *(parts[part] for part in ("points", "escalations") if part in parts)]
    paid = parts.get("paid")
    found = book.series("complaints", columns, history, total=paid)
    found = found[found["n"] > 0]
    known = found[found[by] != BLANK]
    names, texts = sorted(known[by].unique()), [p.text for p in history]

    def table(values: pd.Series) -> np.ndarray:
        wide = known.assign(value=values).pivot_table(
            index="period", columns=by, values="value", aggfunc="sum"
        )
        return wide.reindex(index=texts, columns=names).fillna(0).to_numpy(float)

    amounts, n = {}, table(known["n"])
    if "points" in parts:
        amounts["points"] = table(
            known["n"] * known["severity"].map(load_rules().severity.weights).astype(float).fillna(0)
        )
    if paid:
        amounts["paid"] = table(known[paid].astype(float))
    if "escalations" in parts:
        amounts["escalations"] = table(known["n"] * known["escalated"].isin([True, "true", "True"]))
    spread = {}
    if "points" in parts:
        weight = known["severity"].map(load_rules().severity.weights).astype(float).fillna(0)
        spread["points"] = _variance(known[by], known["n"], weight, names)
    if paid:
        seen = Stretch(history[0].start, history[-1].end, period.as_of, period.text)
        each = book.counts("complaints", [by, paid], seen)
        spread["paid"] = _variance(each[by], each["n"], each[paid].astype(float).fillna(0), names)
    blank = int(found.loc[(found[by] == BLANK) & (found["period"] == period.text), "n"].sum())
    measure, per, own = _exposure(book, history, by, names)
    return Seen(
        book,
        period,
        by,
        history,
        names,
        n,
        amounts,
        spread,
        blank,
        measure,
        per,
        own,
        load_rules().statistics,
    )


def _variance(kind: pd.Series, n: pd.Series, value: pd.Series, names: Sequence[str]) -> np.ndarray:
    """The variance of a case's value within each kind."""
    sums = pd.DataFrame({"n": n, "sum": n * value, "squares": n * value**2}).groupby(kind).sum()
    sums = sums.reindex(names).fillna(0)
    cases = sums["n"].where(sums["n"] > 0)
    return (sums["squares"] / cases - (sums["sum"] / cases) ** 2).clip(lower=0).fillna(0).to_numpy(float)


def _exposure(
    book: Book, history: list[Period], by: str, names: Sequence[str]
) -> tuple[str, np.ndarray, np.ndarray]:
    """The first measure known for all the recent periods, in thousands, together and by kind; else every period is one."""
    days = np.array([(min(p.end, p.as_of) - p.start) / (p.end - p.start) for p in history], float)
    for measure in measures_by(book, "measure"):
        value = _of(book.exposure(measure, history), history)
        if (value[-RECENT:] > 0).all():
            own = np.repeat(value[:, None], len(names), axis=1)
            found = (
                book.exposure(measure, history, [by]) if book.has("exposure", by) else pd.DataFrame({by: []})
            )
            for i, name in enumerate(names):
                if (found[by] == name).any():
                    own[:, i] = _of(found[found[by] == name], history)
            return measure, value / 1000, own / 1000
    return "", days, np.repeat(days[:, None], len(names), axis=1)


def _of(found: pd.DataFrame, history: list[Period]) -> np.ndarray:
    """The values of one series in order of the periods, 0 where not known."""
    return found.set_index("period")["value"].reindex([p.text for p in history]).fillna(0).to_numpy(float)


# --------------------------------------------------------------------------------------------------- burden


def impact(seen: Seen) -> np.ndarray:
    """How many average cases one case of each kind weighs, over the long window, seen together with `FEWEST` average ones."""
    n = seen.n[-LONG:].sum(axis=0)
    ratios = []
    for values in seen.amounts.values():
        total, mean = values[-LONG:].sum(axis=0), values[-LONG:].sum() / max(n.sum(), 1)
        if mean > 0:
            ratios.append((total / mean + FEWEST) / (n + FEWEST))
    return np.mean(ratios, axis=0) if ratios else np.ones(len(seen.names))


def burden(seen: Seen) -> np.ndarray:
    """Each kind's share of all that complaints weigh, as it stands at the last period."""
    weight = seen.often * impact(seen)
    return weight / max(weight.sum(), 1e-12)


def came(seen: Seen) -> np.ndarray:
    """Each kind's share of what the complaints of the last period weighed: the mean of its shares of every part."""
    shares = [values[-1] / values[-1].sum() for values in seen.amounts.values() if values[-1].sum() > 0]
    return np.mean(shares, axis=0) if shares else np.zeros(len(seen.names))


def draws(seen: Seen, dispersion: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What impact and burden of each kind could be: draws (rows) by kind.

    Cases: Gamma(n / dispersion + 1/2), the posterior of a rate under Jeffreys' prior; amounts a case: lognormal around their
    mean with its standard error, escalations Beta. The same numbers in any order of the rows.
    """
    rng, n = np.random.default_rng(seed), seen.n[-LONG:].sum(axis=0)
    often = rng.gamma(seen.often / dispersion + 0.5, dispersion, (DRAWS, len(n))) * (seen.often > 0)
    ratios = []
    for part, values in seen.amounts.items():
        total, mean = values[-LONG:].sum(axis=0), values[-LONG:].sum() / max(n.sum(), 1)
        if mean <= 0:
            continue
        each = (total / mean + FEWEST) / (n + FEWEST)
        if part == "escalations":
            drawn = rng.beta(
                each * mean * (n + FEWEST) + 0.5,
                np.maximum((1 - each * mean) * (n + FEWEST), 0) + 0.5,
                often.shape,
            )
            ratios.append(drawn / mean)
        else:
            error = np.sqrt((seen.spread[part] / mean**2 + each**2) / (n + FEWEST)) / np.maximum(each, 1e-12)
            error = np.sqrt(np.log1p(error**2))
            ratios.append(each * np.exp(rng.standard_normal(often.shape) * error - error**2 / 2))
    weighs = np.mean(ratios, axis=0) if ratios else np.ones(often.shape)
    weight = often * weighs
    return weighs, weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
