"""One report run: checked before, executed in fresh kernels, proven whole, and only then put in its place."""

import contextlib
import hashlib
import json
import os
import platform
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat

from ..home import DATA, DEMO, HOME, NOTEBOOKS, REPORTS
from ..period import Period
from ..words import Trouble, Words, label, language
from .execute import FAILED, WHOLE, Outcome, execute, reused
from .folder import Folder, locked, write
from .gates import problems_in
from .kernels import Kernels
from .recipe import Recipe, Step, load_recipe

Say = Callable[[str], None]
_SPACE = 200_000_000  # bytes that must be free
_PACKAGES = ("pandas", "numpy", "statsmodels", "duckdb", "ibis-framework", "papermill", "nbconvert", "matplotlib", "nh3")


@dataclass(frozen=True)
class Run:
    """What came of it. `status`: whole, incomplete, or planned (a dry run)."""

    status: str
    folder: Path
    title: Words
    steps: tuple[tuple[str, str, Words], ...] = ()  # name, status or parameters, reason
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        return 1 if self.status == "incomplete" else 0

    def say(self, lang: str) -> str:
        """The run in a few lines: where the report is, and which pages are missing and why."""
        if self.status == "planned":
            lines = [f"{self.title[lang]} → {self.folder}"]
            return "\n".join([*lines, *(f"  {name}: {what}" for name, what, _ in self.steps)])
        first = Words("{title}：{status}（{seconds:int} 秒）→ {folder}", "{title}: {status} ({seconds:int} s) → {folder}")
        status = label("run_status", self.status, lang)
        lines = [first.fill(lang, title=self.title[lang], status=status, seconds=self.seconds, folder=self.folder / "index.html")]
        colon = "：" if lang == "zh" else ": "
        return "\n".join([*lines, *(f"  {name}{colon}{why[lang]}" for name, what, why in self.steps if what != WHOLE)])


class Stopped(Trouble):
    """The run was interrupted; nothing of it was delivered."""

    def __init__(self, number: int):
        super().__init__(
            Words("已中断；先前的报告未动。--resume 可接着做", "interrupted; the last report is untouched. --resume goes on"),
            exit_code=128 + number,
        )


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
) -> Run:
    """Build the report of a period under `out`, in the folder `<recipe>-<period>-<lang>`.

    `store` is "demo", a store's folder or an engine's address; `only` names the steps to do (their report stands beside
    the whole one); `resume` keeps the steps that an earlier, unfinished run had done on the same data and code;
    `progress` gets a line a step (default: a bar on a terminal, lines in a log).

    Raises Trouble, with the exit code it asks for: 2 parameters, recipe or configuration; 3 the data changed under the
    run; 4 personal data in a page; 75 another run holds the report; 130 and 143 interrupted. A step that fails does not
    raise: its report is `incomplete` and stands in `<name>.INCOMPLETE`, beside any whole one.
    """
    began = time.monotonic()
    if as_of:
        period = Period.parse(period.text, as_of=as_of)
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, notebooks)
    chosen.check(period)
    chosen = chosen.only(only)
    name = "-".join([chosen.name, period.text, lang]) + (f".only-{'-'.join(only)}" if only else "")
    given = _given(period, store, lang)
    title = Words(*(chosen.title.fill(one, period=period) for one in ("zh", "en")))
    if dry_run:
        plan = tuple((s.name, f"{s.notebook.name} {dict(s.parameters) or ''}".rstrip(), Words("", "")) for s in chosen.steps)
        return Run("planned", out / name, title, plan)
    place = Folder(out, name)
    seen, fingerprint = preflight(period, given["store"], out)
    with locked(place.lock), _interruptible() as stop:
        place.clear(keep_work=resume)
        earlier, before = _delivered(place.final), _delivered(out / "-".join([chosen.name, period.previous().text, lang]))
        outcomes = _outcomes(chosen, given, lang, place, fingerprint if resume else "", fingerprint, jobs, progress, stop)
        if fingerprint != _fingerprint(given["store"]):
            raise Trouble(Words("投诉库在运行中变动，请重新运行", "the store changed during the run; run it again"), exit_code=3)
        from .deliver import deliver
        from .index import Report

        report = Report(chosen, period, lang, outcomes, seen, fingerprint, earlier, before)
        facts = {
            "title": title[lang],
            "only": list(only),
            "store": shown_store(given["store"]),
            "versions": versions(),
            "parameters": {s.name: dict(s.parameters) for s in chosen.steps},
            "rows": {key: int(value) for key, value in seen.items()},
        }
        status, whole = deliver(report, place, facts, began)
    steps = tuple((name, o.status, o.reason) for name, o in whole.items())
    return Run(status, place.final if status == WHOLE else place.incomplete, title, steps, time.monotonic() - began)


def preflight(period: Period, store: str, out: Path) -> tuple[dict[str, int], str]:
    """What must be in order before anything runs; gives the rows seen and the data's fingerprint."""
    from ..book import open_book

    if find_spec("zhplot") is None:
        raise Trouble(Words("缺少中文字体：请安装 zhplot", "the Chinese font is missing: install zhplot"))
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = out / ".probe"
        write(probe, b"")
        probe.unlink()
    except OSError as error:
        raise Trouble(
            Words("不能写入输出文件夹 {out}：{why}", "cannot write to the output folder {out}: {why}"),
            out=out.name,
            why=error.strerror,
        ) from None
    if shutil.disk_usage(out).free < _SPACE:
        raise Trouble(Words("磁盘空间不足 200 MB", "less than 200 MB of disk space are free"), exit_code=1)
    book = open_book(store)
    seen = book.seen(period).iloc[0]
    return {"n": int(seen["n"]), "n_all": int(seen["n_all"])}, book.fingerprint


def shown_store(store: str) -> str:
    """The store as a reader may see it: no path, no password."""
    if "://" in store:
        return store.partition("://")[0] + "://"
    return "demo" if store in ("demo", str(DEMO / "store")) else Path(store).name


def versions() -> dict[str, str]:
    from .. import __version__

    found = {"complaintkit": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in _PACKAGES}


def _given(period: Period, store: str | Path, lang: str) -> dict[str, str]:
    """The parameters that the run sets in every notebook."""
    store = str(store)
    if store != "demo" and "://" not in store:
        path = Path(store)
        store = str(path if path.is_absolute() or path.exists() else HOME / path)
        store = str(Path(store).resolve())
    return {
        "period": period.text,
        "store": store,
        "lang": lang,
        "as_of": period.as_of.isoformat() if period.is_partial or period.as_of != period.end else "",
    }


def _fingerprint(store: str) -> str:
    from ..book import open_book

    return open_book(store).fingerprint


def _outcomes(
    recipe: Recipe,
    given: Mapping[str, str],
    lang: str,
    place: Folder,
    known: str,
    fingerprint: str,
    jobs: int | None,
    progress: Say | None,
    stop: threading.Event,
) -> dict[str, Outcome]:
    """Every step's outcome, in the recipe's order; several notebooks at once."""
    code = _code_hash()
    outcomes: dict[str, Outcome] = {}
    keys = {step.name: _key(step, given, fingerprint, code) for step in recipe.steps}
    with _progress(len(recipe.steps), progress) as say, Kernels(_home_of(recipe), COMPLAINTKIT_LANG=lang) as kernels:

        def one(step: Step) -> Outcome:
            if kernels.stopped:
                return _never(step)
            own = dict(step.parameters)
            shown = dict(given) | {"store": shown_store(given["store"])} | own | {"token": ""}
            work = kernels.folder / f"{step.name}.ipynb"
            outcome = execute(
                step.notebook, dict(given) | own, shown, kernels, recipe.cell_seconds, recipe.notebook_seconds, work
            )
            if outcome.status != FAILED and fingerprint and not kernels.stopped:
                place.keep(step.name, keys[step.name], outcome)
            return outcome

        with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
            waiting = {}
            for step in recipe.steps:
                kept = place.kept(step.name, keys[step.name]) if known else None
                if kept:
                    outcomes[step.name] = reused(kept)
                    say(_line(step, outcomes[step.name]))
                else:
                    waiting[pool.submit(one, step)] = step
            try:
                for done in as_completed(waiting):
                    outcomes[waiting[done].name] = done.result()
                    say(_line(waiting[done], done.result()))
            except BaseException:
                kernels.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return {step.name: outcomes[step.name] for step in recipe.steps}


def _never(step: Step) -> Outcome:
    notebook = nbformat.read(step.notebook, as_version=4)
    return Outcome(FAILED, notebook, {}, Words("没有运行", "was not run"))


def _home_of(recipe: Recipe) -> Path:
    return recipe.steps[0].notebook.parent


def _line(step: Step, outcome: Outcome) -> str:
    lang = language()
    words = Words("{name}：{status} {seconds:num1} 秒 {why}", "{name}: {status} {seconds:num1} s {why}")
    status, why = label("run_status", outcome.status, lang), outcome.reason[lang]
    return words.fill(lang, name=step.name, status=status, seconds=outcome.seconds, why=why).strip()


@contextlib.contextmanager
def _progress(total: int, say: Say | None) -> Iterator[Say]:
    """A line a step to `say`; where there is none, a bar on a terminal and lines in a log."""
    if say is not None:
        yield say
    elif sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, unit="", leave=False, dynamic_ncols=True) as bar:

            def advance(line: str) -> None:
                bar.set_postfix_str(line[:60])
                bar.update()

            yield advance
    else:
        yield lambda line: print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM end the run in order, once; outside the main thread they are the caller's."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: Any) -> None:
        if not stop.is_set():
            stop.set()
            raise Stopped(number)

    old = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _delivered(folder: Path) -> dict[str, Any] | None:
    """The findings of a delivered, whole report."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        content = (folder / "findings.json").read_bytes()
        if run["status"] != WHOLE or run["files"]["findings.json"]["sha256"] != hashlib.sha256(content).hexdigest():
            return None
        return json.loads(content)
    except (OSError, ValueError, KeyError):
        return None


def _key(step: Step, given: Mapping[str, str], fingerprint: str, code: str) -> str:
    """Two runs of a step with the same key give the same: notebook, parameters, data and code."""
    parts = [step.notebook.read_text(encoding="utf-8"), dict(step.parameters), dict(given), fingerprint, code, versions()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8")).hexdigest()


def _code_hash() -> str:
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parents[1]
    texts = [*package.rglob("*.py"), *DATA.glob("*.toml"), *DATA.glob("*.csv"), *(DATA / "notes").rglob("*.txt")]
    for path in sorted(texts):
        digest.update(path.name.encode("utf-8") + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def with_reason(outcome: Outcome, reason: Words) -> Outcome:
    """A step whose page did not pass a gate."""
    return replace(outcome, status=FAILED, reason=reason, content={})


__all__ = ["Run", "Stopped", "build_report", "problems_in"]
