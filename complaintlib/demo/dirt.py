"""Dirt as in reality, put on the rows of one source. Genuine rows keep what makes them countable (id, time, category):
what cannot be used is added, so that the truths stay true in the usable rows."""

import numpy as np
import pandas as pd

from .personal import WIDE
from .world import World

LABELLED = (
    *("product", "reason", "subreason", "severity", "region", "city"),
    *("segment", "department", "status", "outcome"),
)
TIMES = ("received_at", "first_response_at", "resolved_at", "closed_at")
HOSTILE_CATEGORIES = {
    "hotline": ("reason", "<script>alert(1)</script>"),
    "web_chat": ("city", "=1+1"),
    "app": ("reason", r"$\foo$"),
    "email": ("city", "_internal <b>"),
    "social_media": ("reason", "=cmd|' /C calc'!A0"),
}
_WIDE_ALL = {i: i + 0xFEE0 for i in range(0x21, 0x7F)}


def wear(world: World, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Codes and times go missing or wrong: agents, orders, reasons, closed before received."""
    dirt, n = world.facts["dirt"], len(rows)
    channel = rows["channel"].iloc[0] if n else "hotline"
    rows = rows.copy()
    rows.loc[rng.random(n) < dirt["no_agent"], "agent_id"] = ""
    rows.loc[rng.random(n) < dirt["no_order"][channel], "order_id"] = ""
    unfilled = np.full(n, dirt["no_reason"])
    for truth in world.truths:
        if "unclassified" in truth and truth["where"]["channel"] == channel:
            late = rows["received_at"] >= pd.Timestamp(truth["from"])
            unfilled = np.where(late, truth["unclassified"], unfilled)
    rows.loc[rng.random(n) < unfilled, ["reason", "subreason"]] = ""
    wrong = rows["closed_at"].notna() & (rng.random(n) < dirt["backwards"])
    before = rows["received_at"] - pd.to_timedelta(rng.integers(60, 90000, n), unit="s")
    return rows.assign(closed_at=rows["closed_at"].mask(wrong, before))


def smear(world: World, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Texts are written otherwise: customer ids, labels, full-width digits; one hostile category."""
    dirt, n = world.facts["dirt"], len(rows)
    channel = rows["channel"].iloc[0] if n else "hotline"
    rows = rows.drop(columns="channel")
    typo = rng.random(n) < dirt["customer_typos"]
    rows["customer_id"] = rows["customer_id"].mask(typo, _typos(rows["customer_id"], rng.integers(0, 3, n)))
    for name in LABELLED:
        if name in rows:
            odd = (rng.random(n) < dirt["variants"]) & (rows[name] != "")
            rows.loc[odd, name] = variants(rows.loc[odd, name], rng.integers(0, 4, odd.sum()))
    for name in rows.columns.intersection(["received_at", "closed_at", "compensation"]):
        wide = rng.random(n) < dirt["wide"]
        rows.loc[wide, name] = [value.translate(WIDE) for value in rows.loc[wide, name]]
    name, hostile = HOSTILE_CATEGORIES[channel]
    rows.loc[rows.index[-min(n, 7) :][:1], name] = hostile
    return rows


def _typos(ids: pd.Series, kind: np.ndarray) -> np.ndarray:
    """Lost leading zeros, a small prefix, full-width characters: NFKC, capitals and zeros to eight digits mend them."""
    short = "C" + ids.str[1:].str.lstrip("0")
    return np.choose(kind, [short, ids.str.lower(), ids.map(lambda v: v.translate(_WIDE_ALL))])


def variants(values: pd.Series, kind: np.ndarray) -> list[str]:
    """The values written in one of four other ways each: spaces, case, width."""
    forms = (
        lambda v: f" {v}",
        lambda v: f"{v}\u3000",
        lambda v: v.swapcase() if v.isascii() else f"{v} ",
        lambda v: v.replace(" ", "  ") if " " in v else v.translate(_WIDE_ALL),
    )
    return [forms[k](v) for v, k in zip(values, kind, strict=True)]


def pile(
    world: World, rows: pd.DataFrame, impossible: tuple[str, ...], rng: np.random.Generator
) -> pd.DataFrame:
    """Rows are added: copies, twins without their agent, and rows that are no complaint or cannot be used.

    The index says where each stands among the rows that were there.
    """
    dirt, n = world.facts["dirt"], len(rows)
    position = np.arange(n, dtype=float)

    def some(share: float) -> pd.DataFrame:
        return rows[rng.random(n) < share]

    copies = some(dirt["copies"])
    twins = rows[(rng.random(n) < dirt["twins"]) & (rows["agent_id"] != "")].assign(agent_id="")
    bad = some(dirt["invalid"]).assign(order_id="")
    kind = rng.integers(0, 4, len(bad))
    bad["complaint_id"] = np.choose(kind, [bad["complaint_id"] + "X", bad["complaint_id"] + "Y", "", "TEST"])
    bad["received_at"] = np.choose(
        kind, [rng.choice(impossible, len(bad)), "", bad["received_at"], bad["received_at"]]
    )
    bad.loc[kind == 3, "text"] = "测试工单，请忽略 test record, please ignore"
    parts = [rows, copies, twins, bad]
    shift = [
        np.zeros(n),
        rng.integers(1, 60, len(copies)) + 0.3,
        rng.choice([-0.4, 0.4], len(twins)),
        np.full(len(bad), 0.2),
    ]
    where = np.concatenate([position[part.index] + s for part, s in zip(parts, shift, strict=True)])
    return pd.concat(parts).set_axis(where).sort_index(kind="stable")
