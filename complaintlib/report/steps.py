"""All steps of a recipe, several notebooks at once, each in its own kernel."""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from ..words import Words, label, language
from . import preflight
from .execute import FAILED, Outcome, execute
from .folder import Folder
from .forking import preload
from .kernels import Kernels
from .parameters import parameters_of
from .recipe import Recipe, Step

Say = Callable[[str], None]


def outcomes_of(
    recipe: Recipe,
    given: Mapping[str, str],
    place: Folder,
    fingerprint: str,
    jobs: int | None = None,
    resume: bool = False,
    progress: Say | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> dict[str, Outcome]:
    """Every step's outcome, in the recipe's order. Finished steps are kept in `place` for a run that resumes this one;
    with `resume` those that an earlier run finished with the same notebook, parameters, data and code are taken over.
    `meanwhile` is done once while they run.

    Whatever interrupts it (Ctrl-C, SIGTERM) ends every kernel first and then goes on its way.
    """
    code, found, cores = preflight.code_hash(), {}, os.cpu_count() or 1
    jobs = jobs or cores + 1  # a kernel's start is mostly waiting
    env = {"COMPLAINTKIT_LANG": given["lang"], "COMPLAINTKIT_THREADS": str(max(cores // jobs, 1))}
    keys = {step.name: _key(step, given, fingerprint, code) for step in recipe.steps}
    with (
        _progress(len(recipe.steps), progress) as say,
        Kernels(recipe.steps[0].notebook.parent, preload(), **env) as kernels,
        ThreadPoolExecutor(jobs) as pool,
    ):
        waiting = {}
        for step in recipe.steps:
            kept = place.kept(step.name, keys[step.name]) if resume and fingerprint else None
            if kept:
                found[step.name] = replace(kept, reused=True, seconds=0.0)
                say(_line(step, found[step.name]))
            else:
                waiting[pool.submit(_one, step, recipe, given, kernels)] = step
        try:
            meanwhile()
            for done in as_completed(waiting):
                step, outcome = waiting[done], done.result()
                found[step.name] = outcome
                if outcome.status != FAILED:
                    place.keep(step.name, keys[step.name], outcome)
                say(_line(step, outcome))
        except BaseException:
            kernels.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {step.name: found[step.name] for step in recipe.steps}


def _one(step: Step, recipe: Recipe, given: Mapping[str, str], kernels: Kernels) -> Outcome:
    own, given = dict(step.parameters), _asked(step, given)
    hidden = {"store": preflight.shown(given["store"])} | ({"register": ""} if "register" in given else {})
    return execute(
        step.notebook,
        parameters=given | own,
        shown=given | hidden | own | {"token": ""},
        kernels=kernels,
        cell_seconds=recipe.cell_seconds,
        notebook_seconds=recipe.notebook_seconds,
        work=kernels.folder / f"{step.name}.ipynb",
    )


def _asked(step: Step, given: Mapping[str, str]) -> dict[str, str]:
    """What the run hands to this notebook: the register only where it asks for it."""
    asked = "register" in given and "register" in parameters_of(step.notebook)
    return {name: value for name, value in given.items() if asked or name != "register"}


def _key(step: Step, given: Mapping[str, str], fingerprint: str, code: str) -> str:
    """Two runs of a step with the same key give the same: notebook, parameters, data and code."""
    notebook, given = step.notebook.read_text(encoding="utf-8"), _asked(step, given)
    if given.get("register"):  # what stands in it, not where it lies
        given["register"] = hashlib.sha256(Path(given["register"]).read_bytes()).hexdigest()
    parts = [notebook, dict(step.parameters), given, fingerprint, code, preflight.versions()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8")).hexdigest()


def _line(step: Step, outcome: Outcome) -> str:
    """What the log says of a finished step."""
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
