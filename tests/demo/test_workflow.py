"""The stages of the demo company's cases, and the truths that they bring, counted on the frames before they get dirty.

Working time is counted by `complaintlib.clock`, which shares nothing with the generator's own calendar.
"""

import re
import tomllib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from complaintlib.clock import Clock
from complaintlib.demo.cases import customers, make_cases
from complaintlib.demo.sources import export
from complaintlib.demo.texts import write
from complaintlib.demo.workflow import follow
from complaintlib.demo.world import make_world
from complaintlib.home import DATA, DEMO
from complaintlib.rules import load_rules

TRUTHS = {t["id"]: t for t in tomllib.loads((DEMO / "truths.toml").read_text(encoding="utf-8"))["truths"]}
LABELS = pd.read_csv(DATA / "labels.csv", dtype=str, keep_default_na=False, encoding="utf-8")
END = pd.Timestamp("2026-11-01")
CASE = ["complaint_id", "channel"]
OTHER_ENDS = ["withdrawn", "merged", "transferred_out"]
SEED = 20231101


def worked(times: pd.Series) -> np.ndarray:
    return np.asarray(Clock().worked(times).to_numpy(dtype=float, na_value=np.nan))


def company(months: int = 36, scale: float = 1.0) -> SimpleNamespace:
    """The company before and after its workflow system: the streams of chance are those of `make_demo`."""
    who, _, what, said, _, way, *_ = np.random.default_rng(SEED).spawn(9)
    world = make_world(months, scale)
    before = make_cases(world, customers(world, who), what)
    after, stages = follow(world, before, way)
    return SimpleNamespace(world=world, before=before, after=after, stages=stages, said=said)


@pytest.fixture(scope="module")
def demo() -> SimpleNamespace:
    made = company()
    cases = made.after[(made.after["received_at"] >= "2025-09-01") & (made.after["event"] != "again")]
    return SimpleNamespace(**vars(made), cases=cases.set_index(CASE))


def same(a: pd.Series, b: pd.Series) -> pd.Series:
    return (a == b) | (a.isna() & b.isna())


# ------------------------------------------------------------------------------------------------- stages


def test_the_stages_of_a_case_fill_its_time_without_gap_or_overlap(demo: SimpleNamespace) -> None:
    steps = demo.stages.sort_values([*CASE, "entered_at"], kind="stable")
    inner = (steps[CASE] == steps[CASE].shift()).all(axis=1)
    assert (steps["left_at"].shift()[inner] == steps["entered_at"][inner]).all()
    assert (steps["left_at"].isna() | (steps["left_at"] >= steps["entered_at"])).all()
    first, last = steps.groupby(CASE).first(), steps.groupby(CASE).last(skipna=False)
    assert set(first.index) == set(demo.cases.index)
    cases = demo.cases.loc[first.index]
    assert (first["entered_at"] == cases["received_at"]).all()
    assert same(last["left_at"], cases["closed_at"]).all()
    assert steps["entered_at"].max() < END


def test_response_and_resolution_are_where_the_stages_say(demo: SimpleNamespace) -> None:
    at = demo.stages.groupby([*CASE, "stage"])[["entered_at", "left_at"]].agg(["min", "max"])
    cases = demo.cases.loc[~demo.cases["status"].isin(OTHER_ENDS)]
    responded, resolved = (cases[cases[c].notna()] for c in ("first_response_at", "resolved_at"))
    triage = at.xs("triage", level="stage")["left_at"]["max"]
    assert (triage.loc[responded.index] == responded["first_response_at"]).all()
    resolution = at.xs("resolution", level="stage")["left_at"]["max"]
    assert (resolution.loc[resolved.index] == resolved["resolved_at"]).all()


def test_open_cases_are_in_one_open_stage(demo: SimpleNamespace) -> None:
    still = demo.stages.groupby(CASE)["left_at"].agg(lambda left: left.isna().sum())
    assert still.max() == 1
    assert set(still[still == 1].index) == set(demo.cases[demo.cases["closed_at"].isna()].index)


def test_hand_overs_ping_pong_and_rework(demo: SimpleNamespace) -> None:
    looks = demo.stages[demo.stages["stage"] == "investigation"].groupby(CASE)["department"].agg(list)
    solved = demo.cases[demo.cases["resolved_at"].notna()]
    looks = looks.loc[solved.index]
    sent, back = solved["transferred"] == "yes", solved["reopened"] == "yes"
    assert (looks[sent].map(lambda d: len(set(d))) > 1).all()
    assert (looks[~sent].map(lambda d: len(set(d))) == 1).all()
    assert (looks[sent & ~back].map(len) == 4).mean() == pytest.approx(0.15, abs=0.02)  # to and fro twice
    solutions = demo.stages[demo.stages["stage"] == "resolution"].groupby(CASE).size().loc[solved.index]
    assert (solutions == 1 + back).all()


def test_every_code_has_both_words(demo: SimpleNamespace) -> None:
    for frame, field in (
        (demo.stages, "stage"),
        (demo.stages, "waiting_on"),
        (demo.stages, "department"),
        (demo.after, "status"),
    ):
        assert set(frame[field]) <= set(LABELS.loc[LABELS["field"] == field, "code"]), field
    named = demo.stages.groupby("stage")["waiting_on"].unique().map(list)
    assert named["customer_documents"] == ["customer"]
    assert named["third_party"] == ["third_party"]


# ------------------------------------------------------------------------------------------- what stays as it was


def test_only_what_a_truth_names_is_changed(demo: SimpleNamespace) -> None:
    changed = ~pd.concat([same(demo.before[c], demo.after[c]) for c in demo.before], axis=1).all(axis=1)
    named = demo.after["status"].isin(OTHER_ENDS)
    for name in ("on_time_mix", "hard_cases_stuck"):
        truth = TRUTHS[name]
        inside = demo.after["received_at"].between(str(truth["from"]), str(truth["to"]), inclusive="left")
        named |= inside & (demo.after["department"] == truth["where"]["department"])
    wait = TRUTHS["stage_wait"]
    waited = demo.stages[
        (demo.stages["stage"] == wait["where"]["stage"])
        & (demo.stages["department"] == wait["where"]["department"])
        & (demo.stages["entered_at"] >= pd.Timestamp(wait["from"]))
    ]
    named |= pd.MultiIndex.from_frame(demo.after[CASE]).isin(pd.MultiIndex.from_frame(waited[CASE]))
    assert changed.sum() > 1000
    assert not (changed & ~named).any()
    assert (demo.before["complaint_id"] == demo.after["complaint_id"]).all()
    assert demo.after.loc[changed, "received_at"].min() >= pd.Timestamp(TRUTHS["other_ends"]["from"])


def test_the_other_cases_stand_in_the_files_as_before(tmp_path) -> None:
    made = company(months=3, scale=0.2)
    texts, _ = write(made.world, made.before, made.said)
    texts["phone"] = ""
    after = made.after.assign(text=texts["text"], demand=texts["demand"], phone="")
    for name, cases in (("a", texts), ("b", after)):
        (tmp_path / name).mkdir()
        export(made.world, [(cases, np.random.default_rng(1))], tmp_path / name, lambda what: None)
    changed = ~pd.concat([same(made.before[c], made.after[c]) for c in made.before], axis=1).all(axis=1)
    others = set(made.before.loc[~changed, "complaint_id"])  # dirt may have taken a case's number away
    different = 0
    for file, encoding in (
        ("app.jsonl", "utf-8"),
        ("email.csv", "utf-8"),
        ("hotline_2026.csv", "gb18030"),
        ("social_media.csv", "utf-8"),
    ):
        lines = [(tmp_path / n / file).read_text(encoding=encoding).splitlines() for n in ("a", "b")]
        pairs = [pair for pair in zip(*lines, strict=True) if pair[0] != pair[1]]
        different += len(pairs)
        assert not any(others.intersection(re.split(r"[^\w/-]+", line)) for line, _ in pairs), file
    assert different > 50


# ------------------------------------------------------------------------------------------------- the truths


def test_stage_wait(demo: SimpleNamespace) -> None:
    truth = TRUTHS["stage_wait"]
    steps = demo.stages[demo.stages["stage"] == truth["where"]["stage"]]
    late = steps["entered_at"] >= pd.Timestamp(truth["from"])
    took = pd.Series(worked(steps["left_at"]) - worked(steps["entered_at"]), steps.index)
    took = took.fillna(np.inf)  # a median with the open ones, which have waited longer than they have so far
    here = steps["department"] == truth["where"]["department"]
    assert took[here & late].median() / took[here & ~late].median() == pytest.approx(truth["waits"], rel=0.15)
    assert took[~here & late].median() / took[~here & ~late].median() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("step", ["resolved_at", "first_response_at"])
@pytest.mark.parametrize("month", ["2026-10", None])
def test_on_time_mix(demo: SimpleNamespace, step: str, month: str | None) -> None:
    """Met by those due: the total falls, and each grade rises, over the year before."""
    truth, sla = TRUTHS["on_time_mix"], load_rules().sla
    limits = sla.resolution if step == "resolved_at" else sla.first_response
    cases = demo.cases[demo.cases["department"] == truth["where"]["department"]]
    began, limit = worked(cases["received_at"]), cases["severity"].map(limits)
    ended_before = cases[step].isna() & cases["closed_at"].notna()
    due = (began + limit < worked(pd.Series([END]))[0]) & ~ended_before
    met = (worked(cases[step]) - began <= limit)[due]
    received, grade = cases["received_at"][due], cases["severity"][due]
    now = received >= pd.Timestamp(truth["from"])
    then = ~now
    if month:
        now &= received.dt.strftime("%Y-%m") == month
    assert (met[now].groupby(grade).mean() > met[then].groupby(grade).mean()).all()
    assert len(met[now].groupby(grade)) == 4
    if step == "resolved_at":
        assert met[now].mean() < met[then].mean() - 0.04


def test_hard_cases_stuck(demo: SimpleNamespace) -> None:
    truth = TRUTHS["hard_cases_stuck"]
    old = demo.cases[
        demo.cases["closed_at"].isna() & (demo.cases["received_at"] < END - pd.Timedelta(days=45))
    ]
    here = old[old["department"] == truth["where"]["department"]]
    usual = (demo.cases["department"] == truth["where"]["department"]).mean()
    assert len(here) >= truth["stuck"]
    assert len(here) / len(old) > 5 * usual
    assert here["received_at"].between(str(truth["from"]), str(truth["to"])).sum() >= truth["stuck"]
    assert here["severity"].isin(["major", "urgent"]).mean() > 0.6
    last = demo.stages[demo.stages["left_at"].isna()].set_index(CASE).loc[here.index, "stage"]
    assert set(last) == {"third_party", "approval"}


def test_other_ends(demo: SimpleNamespace) -> None:
    early = demo.cases[demo.cases["status"].isin(OTHER_ENDS)]
    assert 0.02 < len(early) / len(demo.cases) < 0.03
    assert early["resolved_at"].isna().all()
    assert early["closed_at"].between(early["received_at"], END, inclusive="left").all()
    for name in ("valid", "reopened"):
        assert (early[name] == "").all()
    assert early["compensation"].isna().all()
    assert set(early["outcome"]) <= {"-", ""}
    first = TRUTHS["other_ends"]["from"]
    assert (
        not demo.after.loc[demo.after["received_at"] < pd.Timestamp(first), "status"].isin(OTHER_ENDS).any()
    )
