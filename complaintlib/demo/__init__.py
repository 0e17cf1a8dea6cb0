"""The demo company: an express-delivery and shopping service that exists nowhere, as messy files with planted truths.

`data/demo/world.toml` has the company, `truths.toml` what is planted, `texts.toml` what its customers write; the words
for its codes are in `data/labels.csv`. The generator shares no code with intake or analysis.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..home import DEMO
from .cases import customers, make_cases
from .contacts import contacts
from .outages import fault_cases
from .personal import mobile
from .records import write_contacts, write_roster, write_stages, write_surveys
from .register import write_register
from .roster import on_duty
from .sources import SHAPES, export
from .survey import surveys
from .texts import PLANTED, write
from .volume import exposure
from .workflow import follow
from .world import make_world

FILES = len(SHAPES) + 8


def make_demo(
    folder: Path = DEMO,
    seed: int = 20231101,
    progress: Callable[[int, int, str], None] | None = None,
    *,
    months: int = 36,
    scale: float = 1.0,
) -> Path:
    """Write the company's source files to `folder`/sources and return that folder; the same bytes each time.

    `folder`/planted.csv lists every piece of personal data in them. `months` keeps the last so many months, `scale`
    (0.02 at least, else ValueError) makes the company smaller. `progress(done, all, what)` hears of every part that
    is written. The files appear together at the end: an interrupted run leaves the earlier ones.
    """
    if scale < 0.02:
        raise ValueError("scale must be 0.02 at least: a smaller company has channels without complaints")
    # A stream of chance for each part: a change in one leaves the others as they were.
    streams = np.random.default_rng(seed).spawn(12)
    who, volume, what, said, written, way, rostered, recorded, asked, faulty, more, called = streams
    parts = iter(range(1, FILES + 1))

    def done(what: str) -> None:
        if progress:
            progress(next(parts), FILES, what)

    new, final = folder / "sources.new", folder / "sources"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    world = make_world(months, scale)
    measured = exposure(world, volume, more)
    _table(measured, new / "exposure.csv")
    done("exposure")
    people = customers(world, who)
    _table(people.sample(frac=1, random_state=who), new / "customers.csv")
    done("customers")
    cases, planted = write(world, make_cases(world, people, what), said)
    phones = np.array([mobile(said) for _ in range(997)], object)
    cases["phone"] = phones[cases["customer_id"].str[1:].astype(int) % len(phones)]
    cases, stages = follow(world, cases, way)
    told = [(cases, written)]
    if (faults := fault_cases(world, people, faulty)) is not None:
        faults, more_planted = write(world, faults, faulty)
        told, planted = [*told, (faults, faulty)], pd.concat([planted, more_planted])
    export(world, told, new, done)
    write_stages(world, stages, new / "workflow.csv", recorded)
    done("workflow")
    write_surveys(world, surveys(world, cases, asked), new / "survey.xlsx", asked)
    done("survey")
    roster = on_duty(world, rostered)
    write_roster(world, roster, new / "staffing.csv", recorded)
    done("staffing")
    log = contacts(world, cases, people, measured, roster, called)
    log["phone"] = np.where(
        log["channel"] == "hotline", phones[called.integers(0, len(phones), len(log))], ""
    )
    write_contacts(world, log, new / "contacts.csv", called)
    done("contacts")
    write_register(world, new / "actions.xlsx")
    done("actions")
    callers = pd.DataFrame(
        {"kind": "mobile", "written": phones, "plain": phones, "source": "hotline", "complaint_id": ""}
    )
    _table(pd.concat([planted, callers])[PLANTED], folder / "planted.csv")
    exported = (
        world.days[-1] + pd.Timedelta(days=1)
    ).timestamp()  # as if written when the data end: nothing in them lies ahead
    for path in new.iterdir():
        os.utime(path, (exported, exported))
    shutil.rmtree(final, ignore_errors=True)
    new.rename(final)
    done("cases")
    return final


def _table(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", date_format="%Y-%m-%d")
