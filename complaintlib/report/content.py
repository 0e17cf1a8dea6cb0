"""What a finished run has to say: its pages, tables and findings, set against the reports before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ..disclosure import Profile
from ..period import Period
from ..privacy import profile_of
from ..result import packed, without_empty
from ..words import Words
from . import front
from .execute import WHOLE, Outcome
from .page import Page, page_of
from .recipe import Recipe
from .tables import frame_of


@dataclass(frozen=True)
class Report:
    """A finished run as the pages see it. `seen` says what the book holds; `earlier` is the findings.json of the same
    period's last report, `before` that of the period before (None where there is none)."""

    recipe: Recipe
    period: Period
    lang: str
    outcomes: Mapping[str, Outcome]
    seen: Mapping[str, Any]
    fingerprint: str = ""
    earlier: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    privacy: str = "internal"

    @property
    def profile(self) -> Profile | None:
        return profile_of(self.privacy)

    @property
    def title(self) -> str:
        edition = Words("{title}（{edition:text}）", "{title} ({edition:text})")
        title = self.recipe.title.fill(self.lang, period=self.period)
        return (
            edition.fill(self.lang, title=title, edition=self.profile.title[self.lang])
            if self.profile
            else title
        )

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        return tuple(page_of(step, self.outcomes[step.name], self.lang) for step in self.recipe.steps)

    @cached_property
    def tables(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Every table handed over, by step and name."""
        return {
            (step.name, name): frame_of(content)
            for step in self.recipe.steps
            for name, content in self.outcomes[step.name].content.get("tables", {}).items()
        }

    @property
    def published(self) -> Mapping[tuple[str, str], pd.DataFrame]:
        """The tables as files and pages show them: without the columns that the profile left out."""
        return (
            {key: without_empty(frame) for key, frame in self.tables.items()} if self.profile else self.tables
        )

    @cached_property
    def findings(self) -> list[front.Finding]:
        """All findings in the order of the pages, each with its page's name and its mark."""
        titles = {page.step: page.title for page in self.pages}
        found = [
            finding
            | {part: finding[part][self.lang] for part in ("head", "tail")}
            | {"step": step.name, "page": titles[step.name]}
            for step in self.recipe.steps
            for finding in self.outcomes[step.name].content.get("findings", ())
        ]
        return front.marked(found, self.before)

    @cached_property
    def restated(self) -> pd.DataFrame:
        """Numbers that changed since the last report of this period on other data; the same data say it again."""
        earlier = self.earlier
        if earlier is None or earlier["as_of"] != self.period.as_of.isoformat():
            return front.restated(None, None)
        found = front.restated(self.history, frame_of(earlier["history"]) if earlier["history"] else None)
        if found.empty and self.fingerprint and earlier["data"] == self.fingerprint:
            return frame_of(earlier["restated"])
        return found

    @property
    def history(self) -> pd.DataFrame | None:
        return self.tables.get((self.recipe.tiles, "history"))

    def says(self, words: Words, **values: Any) -> str:
        return words.fill(self.lang, **values)

    @cached_property
    def gone(self) -> list[front.Finding]:
        """What asked for attention in the report of the period before and no longer does."""
        whole = [name for name, outcome in self.outcomes.items() if outcome.status == WHOLE]
        return front.gone(self.findings, self.before, whole)


def findings_json(report: Report) -> dict[str, Any]:
    """`findings.json`: what was found, ordered, and what the next report compares itself with."""
    return {
        "recipe": report.recipe.name,
        "period": report.period.text,
        "lang": report.lang,
        "as_of": report.period.as_of.isoformat(),
        "data": report.fingerprint,
        "findings": front.ordered(report.findings),
        "gone": report.gone,
        "history": None if report.history is None else packed(report.history),
        "restated": packed(report.restated),
    }
