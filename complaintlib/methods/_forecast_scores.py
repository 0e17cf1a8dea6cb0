"""Earlier forecasts against what came: were they as good as they said, and which turned out wrong?"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from ..period import Period
from ..rules import load_rules
from ..stats.intervals import proportion
from ..stats.multiple import benjamini_hochberg
from ..words import Trouble, Words
from ._forecast_series import ALL, Seen
from ._forecast_tables import REGISTER, SCOPES, key_of

CAME = ["period", "made_after", "h", "mean", "lower", "upper", "value", "came", "miss", "p", "q", "since"]
SCORES = [
    "scope",
    "h",
    "judged",
    "inside",
    "inside_share",
    "inside_low",
    "inside_high",
    "error",
    "error_bias",
]


def registered(path: str, seen: Seen) -> pd.DataFrame:
    """The forecasts of this indicator that were made before what they foretell was over, and are now to be judged."""
    if not path:
        return pd.DataFrame(columns=REGISTER)
    try:
        found = pd.read_csv(
            Path(path), dtype={"by": str, "key": str, "period": str}, keep_default_na=False, encoding="utf-8"
        )
    except OSError as error:
        words = Words(
            "读不到预测登记表 {file}（{why}）", "the register of forecasts {file} cannot be read ({why})"
        )
        raise Trouble(words, file=Path(path).name, why=error.strerror) from None
    if missing := [name for name in REGISTER if name not in found]:
        words = Words("预测登记表缺少 {names:text} 列", "the register of forecasts lacks {names:text}")
        raise Trouble(words, names=missing)
    ours = [",".join(seen.by[:depth]) for depth in range(len(seen.by) + 1)]
    found = found[(found["indicator"] == seen.indicator.key) & found["by"].isin(ours)]
    found = found[found["period"].isin(seen.texts)]
    found = found.assign(
        as_of=pd.to_datetime(found["as_of"], errors="coerce", format="ISO8601"),
        **{
            name: pd.to_numeric(found[name], errors="coerce")
            for name in ("h", "mean", "lower", "upper", "level")
        },
    ).dropna(subset=["as_of", "h", "mean", "lower", "upper", "level"])
    ends = found["period"].map({p.text: p.end for p in seen.history})
    known = found["as_of"] < np.minimum(ends, seen.period.as_of) if len(found) else []
    found = found[known].drop_duplicates(["by", "key", "period", "as_of"], keep="last")
    return found[_one_taxonomy(found, seen)] if len(found) else found


def _one_taxonomy(found: pd.DataFrame, seen: Seen) -> np.ndarray:
    """Whether no change of the taxonomy lies between the making of a forecast and the end of what it foretells."""
    ends, kept = {p.text: p.end for p in seen.history}, np.ones(len(found), bool)
    for i, row in enumerate(found.itertuples()):
        fields = row.by.split(",") if row.by else []
        breaks = [b.at for field in fields for b in seen.book.breaks_in(field, seen.history)]
        kept[i] = not any(row.as_of < at < ends[row.period] for at in breaks)
    return kept


def came_table(seen: Seen, made: pd.DataFrame) -> pd.DataFrame:
    """Each forecast beside what came: `came` (inside, above, below), `miss` (value - mean), `p` (of a value so far out, from
    the width of the range), `q` over the forecasts of one period, and `since`, from when on they have missed on that side."""
    if made.empty or not seen.history:
        return pd.DataFrame(columns=["scope", *CAME])
    keyed = seen.values.rename(columns=key_of) if seen.by_known else seen.values
    known = set(seen.by) if seen.by_known else set()
    made = made[(made["by"] == "") | (made["by"].str.split(",").map(set) <= known)]
    table = made.assign(made_after=[_whole_before(at, seen).text for at in made["as_of"]])
    none = 0.0 if seen.adds_up else np.nan
    table["value"] = [
        float(keyed[k].get(p, np.nan)) if k in keyed else none
        for k, p in zip(table["key"], table["period"], strict=True)
    ]
    table = table.dropna(subset="value").astype({"h": int})
    above, below = table["value"] > table["upper"], table["value"] < table["lower"]
    table["came"] = np.select([above, below], ["above", "below"], "inside")
    table["miss"] = table["value"] - table["mean"]
    half = np.where(table["miss"] > 0, table["upper"] - table["mean"], table["mean"] - table["lower"])
    sigma = np.maximum(half, 0.5) / stats.norm.isf((1 - table["level"]) / 2)
    table["p"] = 2 * stats.norm.sf(table["miss"].abs() / sigma)
    table["q"] = table.groupby("period")["p"].transform(lambda p: np.asarray(benjamini_hochberg(p)))
    table["since"] = _since(table, seen)
    far = table["miss"].abs() / sigma
    order = table.assign(far=-far).sort_values(
        ["period", "by", "far", "key", "h"], ascending=[False, True, True, True, True], kind="stable"
    )
    order["scope"] = np.where(order["by"] == "", "total", "categories")
    for depth, name in enumerate(seen.by if seen.by_known else ()):
        order[name] = [
            key.split(" / ")[depth] if by.count(",") + bool(by) > depth else ALL
            for by, key in zip(order["by"], order["key"], strict=True)
        ]
    dimensions = seen.by if seen.by_known else ()
    return order[["scope", *dimensions, *CAME]].assign(form=seen.form).reset_index(drop=True)


def _whole_before(as_of: pd.Timestamp, seen: Seen) -> Period:
    return Period.holding(as_of, seen.period.kind).previous()


def _since(table: pd.DataFrame, seen: Seen) -> list[str | None]:
    """The first of the periods up to a forecast's own in all of which most forecasts of that key missed on the same side."""
    side = table["came"].map({"above": 1, "below": -1, "inside": 0})
    mostly = side.groupby([table["by"], table["key"], table["period"]]).mean()
    found = []
    for row in table.itertuples():
        sign, first = {"above": 1, "below": -1, "inside": 0}[row.came], None
        for text in reversed(seen.texts[: seen.texts.index(row.period) + 1]):
            if not sign or mostly.get((row.by, row.key, text), 0) * sign <= 0.5:
                break
            first = text
        found.append(first)
    return found


def scores_table(came: pd.DataFrame) -> pd.DataFrame:
    """How many of the judged forecasts held: all of the total, all of the categories, then by how far ahead they looked."""
    rows = []
    for scope, part in ((scope, came[came["scope"] == scope]) for scope in SCOPES):
        for h in [None, *sorted(part["h"].unique())] if len(part) else ():
            own = part if h is None else part[part["h"] == h]
            n, k, size = len(own), int((own["came"] == "inside").sum()), own["value"].abs().sum()
            low, high = proportion(k, n, load_rules().statistics.confidence)[["low", "high"]].iloc[0]
            error, bias = own["miss"].abs().sum(), -own["miss"].sum()
            share = [error / size, bias / size] if size > 0 else [np.nan, np.nan]
            rows.append([scope, np.nan if h is None else h, n, k, k / n, low, high, *share])
    return pd.DataFrame(rows, columns=SCORES)
