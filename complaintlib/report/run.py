"""One report run: checked before, executed in fresh kernels, proven whole, and only then put in its place."""

import contextlib
import hashlib
import json
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..home import NOTEBOOKS, REPORTS
from ..period import Period
from ..privacy import profile_of
from ..words import Trouble, Words, label
from . import preflight
from .execute import WHOLE
from .folder import Folder, locked, write
from .forking import preload
from .recipe import Recipe, load_recipe
from .register import keep, made_before, register_of
from .steps import Say, outcomes_of

_NOTHING = Words("", "")


@dataclass(frozen=True)
class Run:
    """What came of a run. `status`: whole, incomplete, or planned (a dry run); `steps`: name, status (of a plan: the
    notebook), reason."""

    status: str
    folder: Path
    title: Words
    steps: tuple[tuple[str, str, Words], ...]
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        return 1 if self.status == "incomplete" else 0

    def say(self, lang: str) -> str:
        """The run in a few lines: where the report is, and which pages it lacks and why."""
        if self.status == "planned":
            return "\n".join(
                [f"{self.title[lang]} → {self.folder}", *(f"  {n}: {what}" for n, what, _ in self.steps)]
            )
        words = Words(
            "{title}：{status}（{seconds:int} 秒）→ {folder}",
            "{title}: {status} ({seconds:int} s) → {folder}",
        )
        status, folder = label("run_status", self.status, lang), self.folder / "index.html"
        first = words.fill(lang, title=self.title[lang], status=status, seconds=self.seconds, folder=folder)
        colon = "：" if lang == "zh" else ": "
        return "\n".join(
            [first, *(f"  {name}{colon}{why[lang]}" for name, what, why in self.steps if what != WHOLE)]
        )


class Stopped(Trouble):
    """The run was interrupted by a signal; nothing of it was delivered."""

    def __init__(self, number: int):
        words = Words(
            "已中断；先前的报告未动。加 --resume 可接着做",
            "interrupted; the last report is untouched. --resume goes on",
        )
        super().__init__(words, exit_code=128 + number)


def build_report(
    period: Period,
    recipe: str | Path | Recipe = "monthly",
    lang: str = "zh",
    store: str | Path = "data/store",
    out: Path = REPORTS,
    as_of: str | None = None,
    only: Sequence[str] = (),
    jobs: int | None = None,
    dry_run: bool = False,
    resume: bool = False,
    progress: Say | None = None,
    notebooks: Path = NOTEBOOKS,
    privacy: str = "internal",
) -> Run:
    """Build the report of a period under `out`, in the folder `<recipe>-<period>-<lang>` (`-shared`, `-strict`).

    `store` is "demo", a store's folder or an engine's address; `only` names the steps to do (their report stands beside
    the whole one); `jobs` notebooks run at once (default: one more than there are cores); `resume` keeps the steps that an
    earlier, unfinished run had done on the same data and code; `progress` gets a line a step (default: a bar on a
    terminal, lines in a log); `privacy` is internal, shared or strict (see `complaintlib.privacy`).
    The forecasts of a whole, internal report are entered in the register of its store (see `report.register`).

    Raises Trouble, with the exit code it asks for: 2 parameters, recipe or configuration; 3 the data changed under the
    run; 4 personal data in a page; 75 another run holds the report; 130 and 143 interrupted. A step that fails does not
    raise: its report is `incomplete` and stands in `<name>.INCOMPLETE`, beside any whole one.
    """
    began = time.monotonic()
    period = Period.parse(period.text, as_of=as_of) if as_of else period
    steps = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, notebooks)
    steps.check(period)
    profile = profile_of(privacy)
    steps = steps.only(only)
    title = Words(*(steps.title.fill(one, period=period) for one in ("zh", "en")))
    place = Folder(
        Path(out), _name(steps, period, lang, privacy) + (f".only-{'-'.join(only)}" if only else "")
    )
    if dry_run:
        plan = (
            (s.name, f"{s.notebook.name} {dict(s.parameters) or ''}".rstrip(), _NOTHING) for s in steps.steps
        )
        return Run("planned", place.final, title, tuple(plan))
    preload()  # unless the caller has
    given = {
        "period": period.text,
        "store": preflight.resolved(store),
        "lang": lang,
        "as_of": "" if period.as_of == period.end else period.as_of.isoformat(),
        "privacy": privacy,
    }
    seen, fingerprint = preflight.preflight(period, given["store"], place.out)
    if profile:
        seen = {name: profile(count) for name, count in seen.items()}
    with locked(place.lock), _interruptible():
        place.clear(keep_work=resume)
        earlier, before = (
            _findings(place.out / _name(steps, p, lang, privacy)) for p in (period, period.previous())
        )
        register = register_of(place.out, given["store"])
        made = made_before(register, period.as_of)
        if made:
            write(place.work / "register.csv", made)
        given["register"] = str((place.work / "register.csv").resolve()) if made else ""
        outcomes = outcomes_of(steps, given, place, fingerprint, jobs, resume, progress, meanwhile=_deliver)
        if fingerprint != preflight.fingerprint(given["store"]):
            raise Trouble(
                Words("投诉库在运行中变动，请重新运行", "the store changed during the run; run it again"),
                exit_code=3,
            )
        from .content import Report
        from .deliver import deliver

        report = Report(steps, period, lang, outcomes, seen, fingerprint, earlier, before, privacy)
        facts = {
            "title": report.title,
            "privacy": privacy,
            "only": list(only),
            "store": preflight.shown(given["store"]),
            "versions": preflight.versions(),
            "rows": seen,
            "register": hashlib.sha256(made).hexdigest() if made else "",
        }
        folder, outcomes = deliver(report, place, facts, began)
        if folder == place.final and not profile:
            found = {step: table for (step, name), table in report.tables.items() if name == "register"}
            made_by = {f"{steps.name}.{step}": table for step, table in found.items()}
            keep(register, made_by, period.as_of, date.today())
    status = WHOLE if folder == place.final else "incomplete"
    done = tuple((name, outcome.status, outcome.reason) for name, outcome in outcomes.items())
    return Run(status, folder, title, done, time.monotonic() - began)


def _deliver() -> None:
    """Import what delivers a report, which takes as long as its first kernels take to start."""
    from . import deliver  # noqa: F401


def _name(recipe: Recipe, period: Period, lang: str, privacy: str) -> str:
    return f"{recipe.name}-{period.text}-{lang}" + (f"-{privacy}" if privacy != "internal" else "")


def _findings(folder: Path) -> dict[str, Any] | None:
    """The findings of a delivered report that is whole and unchanged."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        content = (folder / "findings.json").read_bytes()
        unchanged = run["files"]["findings.json"]["sha256"] == hashlib.sha256(content).hexdigest()
        return json.loads(content) if unchanged and run["status"] == WHOLE else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run in order, and a second one does not disturb that; outside the main thread they
    are the caller's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stopped = threading.Event()

    def stop(number: int, frame: Any) -> None:
        if not stopped.is_set():
            stopped.set()
            raise Stopped(number)

    old = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
