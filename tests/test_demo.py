"""The demo company, read back from its files by code of its own: what is planted is there, and it is nobody's data."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from complaintlib.demo import make_demo
from complaintlib.demo.personal import KINDS
from complaintlib.home import DATA, DEMO

TRUTHS = {t["id"]: t for t in tomllib.loads((DEMO / "truths.toml").read_text(encoding="utf-8"))["truths"]}
LABELS = pd.read_csv(DATA / "labels.csv", dtype=str, keep_default_na=False, encoding="utf-8")
CODED = (
    "product",
    "reason",
    "subreason",
    "severity",
    "region",
    "city",
    "segment",
    "department",
    "valid",
    "status",
    "outcome",
)
CHANNELS = ("hotline", "web_chat", "app", "email", "social_media")
SMALL = {"months": 2, "scale": 0.15}


def standard(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def profile(name: str) -> dict:
    return tomllib.loads((DATA / "profiles" / f"demo_{name}.toml").read_text(encoding="utf-8"))


def raw(folder: Path, channel: str) -> pd.DataFrame:
    """All rows of a source as text, under canonical names."""
    as_text = {"dtype": str, "keep_default_na": False}
    if channel == "web_chat":
        parts = [pd.read_excel(folder / "web_chat.xlsx", header=2, engine="calamine", **as_text)]
    elif channel == "app":
        lines = (folder / "app.jsonl").read_text(encoding="utf-8").replace(r"\ud83d", "?").splitlines()
        parts = [pd.DataFrame([json.loads(line) for line in lines]).fillna("").astype(str)]
    else:
        encoding = {"hotline": "gb18030", "email": "utf-8", "social_media": "utf-8-sig"}[channel]
        sep = ";" if channel == "email" else ","
        parts = [
            pd.read_csv(f, sep=sep, encoding=encoding, **as_text)
            for f in sorted(folder.glob(f"{channel}*.csv"))
        ]
    names = {
        h: c for c, hs in profile(channel)["columns"].items() for h in ([hs] if isinstance(hs, str) else hs)
    }
    return pd.concat([part.rename(columns=names) for part in parts], ignore_index=True).assign(
        channel=channel
    )


def moments(text: pd.Series, channel: str) -> pd.Series:
    text = text.map(lambda v: unicodedata.normalize("NFKC", v))
    if channel == "app":
        known = pd.to_datetime(text, format="%Y-%m-%dT%H:%M:%S%z", errors="coerce", utc=True)
        return known.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    plain = text.str.replace(r"[年月/]", "-", regex=True).str.replace("日", "")
    forms = ["%d-%m-%Y %H:%M"] if channel == "email" else ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
    known = [pd.to_datetime(plain, format=form, errors="coerce") for form in forms]
    return known[0].fillna(known[-1])


def usable(rows: pd.DataFrame, channel: str) -> pd.DataFrame:
    """Genuine rows, each case once, as codes."""
    rows = rows.assign(received_at=moments(rows["received_at"], channel))
    good = rows["received_at"].between("2023-11-01", "2026-11-01") & ~rows["complaint_id"].isin(["", "TEST"])
    rows = rows[good].drop_duplicates("complaint_id").reset_index(drop=True)
    for field in CODED:
        if field in rows:
            field_labels = LABELS[LABELS["field"] == field]
            words = {
                standard(w): c
                for name in ("code", "zh", "en")
                for w, c in zip(field_labels[name], field_labels["code"], strict=True)
            }
            own = {"派件延误": "late_delivery", "退款延迟": "refund_slow", "驿站": "pickup_point", "-": ""}
            rows[field] = rows[field].map(standard).map(lambda v, w=words | own: w.get(v, v))
    for step in ("first_response_at", "resolved_at", "closed_at"):
        rows[step] = moments(rows[step], channel)
    return rows


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def files(company: Path) -> dict[str, pd.DataFrame]:
    return {channel: raw(company, channel) for channel in CHANNELS}


@pytest.fixture(scope="module")
def cases(files: dict[str, pd.DataFrame]) -> pd.DataFrame:
    every = pd.concat([usable(rows, channel) for channel, rows in files.items()], ignore_index=True)
    return every.assign(month=every["received_at"].dt.to_period("M"))


@pytest.fixture(scope="module")
def orders(company: Path) -> pd.DataFrame:
    volume = pd.read_csv(company / "exposure.csv", encoding="utf-8")
    return volume[volume["measure"] == "orders"].assign(
        month=lambda f: pd.PeriodIndex(f["month"].str[:7], freq="M")
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(folder.rglob("*")) if f.is_file()
    }


# ------------------------------------------------------------------------------------------------- the files


def test_the_same_bytes_each_time_in_any_zone_locale_and_hash_seed(tmp_path: Path) -> None:
    make_demo(tmp_path / "a", **SMALL)
    code = (
        f"from pathlib import Path; from complaintlib.demo import make_demo; make_demo(Path('b'), **{SMALL})"
    )
    odd = {"TZ": "America/New_York", "LANG": "C", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | odd, check=True)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert len(digests(tmp_path / "a" / "sources")) == 12


def test_another_seed_makes_other_files(tmp_path: Path) -> None:
    make_demo(tmp_path / "a", **SMALL)
    make_demo(tmp_path / "b", seed=1, **SMALL)
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert {name for name in a if a[name] == b[name]} == {"actions.xlsx"}  # no chance in it


def test_an_interrupted_run_leaves_the_earlier_files(tmp_path: Path) -> None:
    make_demo(tmp_path, **SMALL)
    before = digests(tmp_path / "sources")

    def stop(done: int, of: int, what: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo(tmp_path, seed=1, progress=stop, **SMALL)
    assert digests(tmp_path / "sources") == before


def test_the_smallest_company_has_every_source(tmp_path: Path) -> None:
    assert len(list(make_demo(tmp_path, months=1, scale=0.02).iterdir())) == 12
    with pytest.raises(ValueError, match="scale"):
        make_demo(tmp_path, scale=0.01)


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    make_demo(tmp_path, progress=lambda done, of, what: heard.append((done, of)), **SMALL)
    assert heard == [(i, len(heard)) for i in range(1, len(heard) + 1)]


def test_size_and_mix(cases: pd.DataFrame) -> None:
    assert 57_000 < len(cases) < 63_000
    assert cases["month"].nunique() == 36
    assert 1_900 < (cases["month"] == "2026-10").sum() < 2_200
    text = cases.loc[cases["text"] != "", "text"]
    assert 0.70 < text.str.contains(r"[\u4e00-\u9fff]{4}").mean() < 0.80
    assert text.nunique() / len(text) > 0.9
    unresolved = cases["resolved_at"].isna() & cases["closed_at"].isna()
    assert 200 < unresolved.sum() < 800  # open at the end of the data
    assert cases["received_at"].max() < pd.Timestamp("2026-11-01")


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_header_and_value_is_in_the_profile(files: dict[str, pd.DataFrame], channel: str) -> None:
    spec, rows = profile(channel), files[channel]
    assert set(spec["columns"]) <= set(rows.columns)
    assert set(rows.columns) - set(spec["columns"]) <= {"channel", "来电号码"}
    unknown = []
    for field, words in spec["values"].items():
        known = {standard(word) for word in words} | {"", "-"}
        unknown += [v for v in rows[field].map(standard).unique() if v not in known]
        codes = set(LABELS.loc[LABELS["field"] == field, "code"])
        assert set(words.values()) <= codes, field
    assert len(unknown) == 1  # the hostile one


def test_every_code_has_both_words(cases: pd.DataFrame, company: Path) -> None:
    assert not LABELS.duplicated(["field", "code"]).any()
    assert (LABELS[["zh", "en"]] != "").all(axis=None)
    people = pd.read_csv(company / "customers.csv", dtype=str, encoding="utf-8")
    volume = pd.read_csv(company / "exposure.csv", dtype=str, encoding="utf-8")
    without = []
    for frame, fields in (
        (cases, ("channel", *CODED)),
        (people, ("segment", "age_band", "gender", "occupation", "region")),
        (volume, ("region", "product", "measure")),
    ):
        for field in fields:
            known = {*LABELS.loc[LABELS["field"] == field, "code"], ""}
            without += [(field, v) for v in frame[field].dropna().unique() if v not in known]
    assert sorted(without) == sorted(
        [
            ("reason", "<script>alert(1)</script>"),
            ("city", "=1+1"),
            ("reason", r"$\foo$"),
            ("city", "_internal <b>"),
            ("reason", "=cmd|' /c calc'!a0"),
        ]
    )


def test_exposure_adds_up_and_rates_are_plausible(
    company: Path, cases: pd.DataFrame, orders: pd.DataFrame
) -> None:
    volume = pd.read_csv(company / "exposure.csv", encoding="utf-8")
    assert not volume.duplicated(["month", "region", "product", "measure"]).any()
    assert set(volume["measure"]) == {"orders", "customers", "contacts", "deliveries", "outages"}
    assert (volume["value"] >= 0).all()
    rate = cases.groupby("month").size() / orders.groupby("month")["value"].sum() * 1000
    assert len(rate) == 36
    assert rate.between(5, 8).all()


# --------------------------------------------------------------------------------------------------- the dirt


def test_dirt_is_as_much_as_the_world_says(files: dict[str, pd.DataFrame]) -> None:
    rows = pd.concat(files.values(), ignore_index=True).fillna("")
    ids = rows["complaint_id"]
    copies = rows.duplicated([c for c in rows.columns if c != "agent_id"]) & ~ids.isin(["", "TEST"])
    assert 0.011 < copies.mean() < 0.017  # copies, and twins without their agent
    bad = ids.isin(["", "TEST"]) | ids.str.contains(r"\d[XY]$") | ids.isin(["合计", "总计", "Total"])
    assert 0.017 < bad.mean() < 0.023
    known = rows["agent_id"] != ""
    assert 0.002 < (known.groupby(ids).transform("any") & ~known & ~bad).mean() < 0.006
    typo = ~rows["customer_id"].str.fullmatch(r"C\d{8}|") | rows["customer_id"].str.contains("[０-９]")
    assert 0.011 < typo.mean() < 0.019


def test_wrong_customer_ids_are_mended_by_the_customer_table(cases: pd.DataFrame, company: Path) -> None:
    people = set(pd.read_csv(company / "customers.csv", dtype=str, encoding="utf-8")["customer_id"])
    written = cases["customer_id"]
    assert 0.012 < (~written.isin(people)).mean() < 0.018
    mended = written.map(lambda v: unicodedata.normalize("NFKC", v).upper()).str[1:].str.zfill(8)
    assert ("C" + mended).isin(people).all()


def test_the_same_complaint_in_two_channels(cases: pd.DataFrame) -> None:
    named = cases[cases["order_id"] != ""].sort_values("received_at")
    again = named[named.duplicated("order_id", keep=False)].groupby("order_id")
    assert (again["channel"].nunique() == 2).all()
    assert (again["received_at"].agg(np.ptp) < pd.Timedelta(hours=48)).all()
    assert 0.010 < len(again) / len(cases) < 0.016


def test_times_that_cannot_be(cases: pd.DataFrame) -> None:
    assert 0.002 < (cases["closed_at"] < cases["received_at"].dt.floor("min")).mean() < 0.004
    fine = cases[cases["closed_at"].isna() | (cases["closed_at"] >= cases["received_at"])]
    assert (fine["first_response_at"] >= fine["received_at"].dt.floor("min"))[
        fine["first_response_at"].notna()
    ].all()


# ---------------------------------------------------------------------------------------------- personal data


def luhn(digits: str) -> bool:
    return sum(sum(divmod(int(d) * (1 + i % 2), 10)) for i, d in enumerate(reversed(digits))) % 10 == 0


@pytest.fixture(scope="module")
def planted(company: Path) -> pd.DataFrame:
    return pd.read_csv(company.parent / "planted.csv", dtype=str, keep_default_na=False, encoding="utf-8")


def test_pv22_personal_data_is_right_in_shape_and_nobodys(planted: pd.DataFrame) -> None:
    plain = planted.groupby("kind")["plain"].unique()
    assert set(plain.index) == {*KINDS, "order"}
    for number in plain["id_card"]:
        digits = [10 if c == "X" else int(c) for c in number]
        assert sum(d * pow(2, 17 - i, 11) for i, d in enumerate(digits)) % 11 == 1  # GB 11643
        assert number[:2] in ("18", "39", "47")  # no such province
    assert all(luhn(n) and n.startswith(("400000", "620000")) for n in plain["bank_card"])
    assert all(len(n) == 11 and n[:3] in ("160", "161", "163") for n in plain["mobile"])
    assert all(n.startswith("026") for n in plain["landline"])
    assert all("@example." in e or "@mail.example." in e for e in plain["email"])
    assert all(n.startswith("666-") for n in plain["ssn"])
    assert all(p[:2] in ("宁Z", "琼Z", "青Z") for p in plain["plate"])


def test_what_is_planted_stands_in_the_texts(planted: pd.DataFrame, files: dict[str, pd.DataFrame]) -> None:
    texts = pd.concat(files.values())[["complaint_id", "text"]].drop_duplicates("complaint_id")
    inside = planted[planted["complaint_id"] != ""].merge(texts, on="complaint_id")
    assert len(inside) == (planted["complaint_id"] != "").sum()
    assert all(w in t for w, t in zip(inside["written"], inside["text"], strict=True))
    assert 0.05 < len(inside) / (texts["text"] != "").sum() < 0.07
    forms = inside.loc[inside["kind"] == "mobile", "written"]
    for form in (
        r"\d{3} \d{4} \d{4}",
        r"\d{3}-\d{4}-\d{4}",
        r"１６[０-９]{9}",
        r"一六[零一三].{8}",
        r"\+86 \d{11}",
        r"(\d ){10}\d",
    ):
        assert forms.str.fullmatch(form).any(), form


def test_all_callers_are_listed(planted: pd.DataFrame, company: Path) -> None:
    text = pd.read_csv(company / "hotline_2026.csv", encoding="gb18030", dtype=str)
    assert set(text["来电号码"].dropna()) <= set(planted["plain"])


def test_hostile_texts_are_there(files: dict[str, pd.DataFrame]) -> None:
    text = pd.concat(files.values())["text"]
    for what in (
        "<script>",
        "=cmd",
        r"$\foo$",
        "\x1b[31m",
        "\u202e",
        "\x00",
        "很" * 2000,
        "\U0001f469\u200d",
    ):
        assert text.str.contains(what, regex=False).any(), what


# ------------------------------------------------------------------------------------------------- the truths


def times_more(
    cases: pd.DataFrame, orders: pd.DataFrame, months: str, before: str, of: dict, per: dict
) -> float:
    """Rate of the cases `of` a kind per order of the places `per`, one span of months over another."""

    def rate(span: str) -> float:
        first, last = span.split(" ")
        n, volume = (f[f["month"].between(pd.Period(first), pd.Period(last))] for f in (cases, orders))
        for key, value in of.items():
            n = n[n[key].isin([value] if isinstance(value, str) else value)]
        for key, value in per.items():
            volume = volume[volume[key] == value]
        return len(n) / volume["value"].sum()

    return rate(months) / rate(before)


def test_late_delivery_east(cases: pd.DataFrame, orders: pd.DataFrame) -> None:
    truth, east = TRUTHS["late_delivery_east"], {"region": "east"}
    late = east | {"reason": "late_delivery"}
    assert times_more(cases, orders, "2026-10 2026-10", "2025-10 2026-08", late, east) == pytest.approx(
        truth["rate"], rel=0.15
    )
    elsewhere = {"reason": "late_delivery", "region": ["north", "south", "central", "southwest"]}
    assert times_more(cases, orders, "2026-10 2026-10", "2025-10 2026-08", elsewhere, {}) == pytest.approx(
        1, abs=0.25
    )
    rate = cases.groupby("month").size() / orders.groupby("month")["value"].sum()
    ordinary = rate[(rate.index < pd.Period("2026-09")) & ~rate.index.month.isin([2, 3, 11])]
    assert rate[pd.Period("2026-10")] > ordinary.mean() + 3 * ordinary.std()


def test_cross_border_mix(cases: pd.DataFrame, orders: pd.DataFrame) -> None:
    truth, it = TRUTHS["cross_border_mix"], {"product": "cross_border"}
    share = (cases["product"] == "cross_border").groupby(cases["month"]).mean()
    assert share["2026-07":"2026-10"].mean() < 0.85 * share["2025-06":"2025-09"].mean()
    assert times_more(cases, orders, "2026-08 2026-10", "2025-06 2025-09", it, it) == pytest.approx(
        truth["rate"], rel=0.15
    )
    volume = orders[orders["product"] == "cross_border"].groupby("month")["value"].sum()
    assert volume["2026-10"] / volume["2025-09"] == pytest.approx(truth["orders"] * 1.006**13, rel=0.05)


def test_app_silent(cases: pd.DataFrame) -> None:
    truth = TRUTHS["app_silent"]
    day = cases.loc[cases["channel"] == "app", "received_at"].dt.floor("D").value_counts()
    every = pd.date_range("2023-11-01", "2026-10-31")
    dead = list(every[~every.isin(day.index)])
    assert dead == list(pd.date_range(truth["from"], truth["to"], inclusive="left"))
    assert all((cases["received_at"].dt.floor("D") == d).sum() > 20 for d in dead)


def test_november_peak_and_spring_festival(cases: pd.DataFrame, orders: pd.DataFrame) -> None:
    volume = orders.groupby("month")["value"].sum()
    rate = cases.groupby("month").size() / volume
    for year in (2024, 2025):
        assert volume[f"{year}-11"] > 1.2 * volume[f"{year}-10"]
        assert rate[f"{year}-11"] > 1.05 * rate[f"{year}-10"]
    day = cases["received_at"].dt.floor("D").value_counts()
    dips, afters = (TRUTHS[f"spring_festival_{k}"]["spans"] for k in ("dip", "after"))
    for dip, after in zip(dips, afters, strict=True):
        during, later = (day[pd.date_range(*span, inclusive="left")].mean() for span in (dip, after))
        usual = day[pd.date_range(after[1], periods=28)].mean()
        assert during < 0.6 * usual
        assert later > 1.15 * usual


def test_address_check_works_and_packing_guide_does_not(cases: pd.DataFrame, orders: pd.DataFrame) -> None:
    works = times_more(cases, orders, "2026-07 2026-10", "2025-07 2025-10", {"reason": "address_error"}, {})
    assert works == pytest.approx(TRUTHS["address_check"]["rate"], rel=0.15)
    nothing = times_more(cases, orders, "2026-05 2026-10", "2025-05 2025-10", {"reason": "damaged"}, {})
    assert nothing == pytest.approx(TRUTHS["packing_guide"]["rate"], abs=0.12)


def test_attitude_split(cases: pd.DataFrame, orders: pd.DataFrame) -> None:
    truth = TRUTHS["attitude_split"]
    new = list(truth["split"])
    old = cases["received_at"] < pd.Timestamp(truth["from"])
    assert not cases.loc[old, "reason"].isin(new).any()
    assert not (cases.loc[~old, "reason"] == "service_attitude").any()
    both = {"reason": ["service_attitude", *new]}
    assert times_more(cases, orders, "2025-07 2026-06", "2024-07 2025-06", both, {}) == pytest.approx(
        1, abs=0.1
    )
    parts = cases.loc[cases["reason"].isin(new), "reason"].value_counts(normalize=True)
    assert parts["rude_courier"] == pytest.approx(truth["split"]["rude_courier"], abs=0.04)


def test_refund_slow_rising(cases: pd.DataFrame, orders: pd.DataFrame) -> None:
    slow = {"reason": "refund_slow"}
    begin, end = (
        times_more(cases, orders, months, "2025-03 2025-10", slow, {})
        for months in ("2026-03 2026-05", "2026-08 2026-10")
    )
    assert begin == pytest.approx(1.09, abs=0.15)
    assert end == pytest.approx(TRUTHS["refund_slow_rising"]["rate"] ** 0.8, rel=0.15)


def test_new_reason_and_new_product(cases: pd.DataFrame) -> None:
    truth = TRUTHS["pickup_code_invalid_new"]
    new = cases[cases["reason"] == "pickup_code_invalid"]
    assert new["received_at"].min() >= pd.Timestamp(truth["from"])
    assert set(new["region"]) == set(truth["where"]["region"])
    assert set(new["product"]) == {"pickup_point"}
    assert 15 < len(new) < 45
    start = cases.loc[cases["product"] == "same_city", "received_at"].min()
    assert pd.Timestamp(TRUTHS["same_city_new"]["to"]) <= start < pd.Timestamp("2026-03-05")


def test_first_response_quicker(cases: pd.DataFrame) -> None:
    """Within working hours of one day, where the clock on the wall is the clock of work."""
    took = (cases["first_response_at"] - cases["received_at"]).dt.total_seconds() / 60
    typed = cases["channel"].isin(["hotline", "app", "web_chat"])
    morning = typed & cases["received_at"].dt.hour.between(9, 12) & (took < 300)
    years = [cases["channel"], cases["received_at"].dt.year]
    median = took[morning].groupby(years).median().groupby(level=1).mean()
    assert median[2026] / median[2025] == pytest.approx(
        TRUTHS["first_response_quicker"]["response"], abs=0.06
    )
    assert median[2025] / median[2024] == pytest.approx(1, abs=0.06)


def test_valuables_are_few_and_dear(cases: pd.DataFrame) -> None:
    paid = pd.to_numeric(
        cases["compensation"].fillna("").map(lambda v: unicodedata.normalize("NFKC", v).replace(",", ""))
    )
    by_reason = paid.groupby(cases["reason"]).agg(["sum", "median"])
    assert by_reason["sum"].idxmax() == "valuables_lost"
    assert (cases["reason"] == "valuables_lost").mean() < 0.01
    assert by_reason.loc["valuables_lost", "median"] == pytest.approx(
        TRUTHS["valuables_lost_cost"]["pay"], rel=0.3
    )


def test_equal_reasons(cases: pd.DataFrame) -> None:
    a, b = (int((cases["reason"] == r).sum()) for r in TRUTHS["equal_reasons"]["reasons"])
    assert abs(a - b) < 2.5 * np.sqrt(a + b)


def test_web_chat_late_categories(cases: pd.DataFrame) -> None:
    truth = TRUTHS["web_chat_late_categories"]
    blank = cases["reason"] == ""
    late = (cases["received_at"] >= pd.Timestamp(truth["from"])) & (cases["channel"] == "web_chat")
    assert blank[late].mean() == pytest.approx(truth["unclassified"], abs=0.1)
    assert blank[~late].mean() < 0.012


def test_what_violates_assumptions(cases: pd.DataFrame) -> None:
    bulk = TRUTHS["bulk_import"]
    day = cases[(cases["channel"] == "email") & (cases["received_at"].dt.date == bulk["from"])]
    assert (day["reason"] == "lost_parcel").sum() >= 0.95 * bulk["extra"]  # some have no reason yet
    few = TRUTHS["few_customers"]
    spring = cases[
        cases["received_at"].between(str(few["from"]), str(few["to"])) & (cases["reason"] == "coupon_problem")
    ]
    most = spring["customer_id"].str.upper().value_counts().head(few["customers"])
    assert most.min() >= 8
    assert {t for t, truth in TRUTHS.items() if "violates" in truth} == {
        "bulk_import",
        "coupon_terms",
        "few_customers",
        "ice_packs",
        "on_time_mix",
        "other_ends",
    }


def test_truths_are_told_in_both_languages() -> None:
    assert len(TRUTHS) >= 22
    assert all(t["zh"] and t["en"] for t in TRUTHS.values())
