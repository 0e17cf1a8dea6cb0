"""Which attributes go along with slowness: proportional hazards over the cases of the last year."""

import numpy as np
import pandas as pd

from ..schema import BLANK, OTHER
from ..stats.hazard import cox
from ..stats.multiple import benjamini_hochberg
from ..words import column, cut, label, show
from ._pending_open import ALL, FLAGS, KNOWN, Seen

LEVELS = 24  # of an attribute; the smaller ones are put together
FEWEST = 100  # ends, below which nothing is fitted
WHILE_OPEN = (
    "transferred",
    "escalated",
)  # what comes to be while a case is open, so that long ones have more of it
COLUMNS = ["attribute", "n", "n_ended", "pace", "pace_low", "pace_high", "p", "q", "pace_differs", "zph_p"]


def drivers_table(seen: Seen) -> pd.DataFrame:
    """One row a level: `attribute`, the level in the column of that name, `pace` (hazard ratio against the level with the
    most ends, which has 1), its interval, and `zph_p`, whether the ratio changes with the age of the cases.

    `department` is fitted in the place of `by`: a company hands on cases by their reason, so that with both in one model
    neither could be told from the other. `load` is a number: its ratio is that of twice the work.
    """
    lengths, least = seen.worked, seen.rules.statistics.min_count
    blank = pd.DataFrame(columns=COLUMNS)
    if lengths.empty or (lengths["n"] * lengths["observed"]).sum() < FEWEST:
        return blank
    names = [c for c in KNOWN if c in lengths and c != seen.by and not (lengths[c] == ALL).all()]
    first = [seen.by] if seen.by else []
    parts = [_fitted(lengths, [*names, *first], least)]
    if "department" in lengths and seen.by != "department":
        again = _fitted(lengths, [*(c for c in names if c != "department"), "department"], least)
        parts.append(again[again["attribute"] == "department"])
    table = pd.concat(parts, ignore_index=True)
    table["q"] = benjamini_hochberg(table["p"])
    sure = table["q"] <= seen.rules.statistics.fdr
    found = [table["q"].isna() & table["p"].isna(), sure & (table["pace"] < 1), sure]
    table["pace_differs"] = np.select(found, ["few", "slower", "faster"], "same")
    table.loc[(table["pace"] == 1) & table["pace_low"].isna(), "pace_differs"] = "reference"
    table.loc[table["attribute"] == "load", "attribute"] = seen.made_of
    table = table[~(table["attribute"].isin(FLAGS) & ~table["level"].isin(["True", "False"]))]  # not recorded
    for name in table["attribute"].unique():
        if name != seen.made_of:
            levels = table["level"] == "True" if name in FLAGS else table["level"]
            table[name] = levels.astype(object).where(table["attribute"] == name)
    dimensions = [c for c in table.columns if c not in (*COLUMNS, "level")]
    told = {"slower": 0, "faster": 1, "same": 2, "few": 3, "reference": 4}
    table["place"] = table["pace_differs"].map(told)
    table = table.sort_values(["place", "pace", "attribute", "level"], kind="stable")
    return table[["attribute", *dimensions, *COLUMNS[1:]]].reset_index(drop=True)


def _fitted(lengths: pd.DataFrame, names: list[str], least: int) -> pd.DataFrame:
    """The ratios of one model, without the levels that cannot be told."""
    attributes = lengths[names].apply(
        lambda values: _lumped(values, lengths["n"] * lengths["observed"], least)
    )
    attributes = attributes[[c for c in names if attributes[c].nunique() > 1]]
    attributes["load"] = lengths["load"].to_numpy()
    spells = attributes.assign(duration=lengths["duration"], observed=lengths["observed"], n=lengths["n"])
    spells = spells.groupby([*attributes, "duration", "observed"], as_index=False)["n"].sum()
    names = [c for c in attributes if attributes[c].nunique() > 1]
    if not names:
        return pd.DataFrame(columns=["level", *COLUMNS])
    model = cox(spells["duration"], spells["observed"], spells[names], spells["n"])
    table = model.ratios.rename(
        columns={"estimate": "pace", "low": "pace_low", "high": "pace_high", "events": "n_ended"}
    ).drop(columns=["coefficient", "se"])
    known = table["pace_low"].notna() | (table["pace"] == 1)
    table = table[known].astype({"n": "int64", "n_ended": "int64"})
    return table.assign(zph_p=table["attribute"].map(model.attributes["zph_p"].to_dict()))


def _lumped(values: pd.Series, ended: pd.Series, least: int) -> pd.Series:
    """The values, with those that few cases with an end have, or that are not among the largest, as one."""
    sizes = ended.groupby(values).sum().sort_index().sort_values(ascending=False, kind="stable")
    kept = set(sizes[sizes >= least].index[:LEVELS])
    return values.where(values.isin(kept | {BLANK} & set(sizes[sizes >= least].index)), OTHER)


def level_name(row: dict, lang: str) -> str:
    """What a row of `drivers` is about: the attribute and its level in words."""
    attribute = row["attribute"]
    if attribute not in row:
        return label("attribute", attribute, lang)
    mark = "：" if lang == "zh" else ": "
    text = show(row[attribute], column(attribute).form, lang)
    return cut(f"{column(attribute).words[lang]}{mark}{text}", 36)
