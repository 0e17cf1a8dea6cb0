"""Steps and recipes over the fixture notebooks, and texts that try to run."""

from pathlib import Path

from complaintlib.report.recipe import Recipe, Step
from complaintlib.words import Words

NOTEBOOKS = Path(__file__).parent / "notebooks"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1)",
    "$5 and $10",
    "[x](javascript:alert(1))",
    "</style><b>",
    "http://evil.example/?q=1",
)


def step(name: str, notebook: str = "toy", **parameters) -> Step:
    section = "headline" if notebook == "headline" else "content"
    return Step(
        name, NOTEBOOKS / f"{notebook}.ipynb", parameters, section, Words(f"{name} 页", f"The page {name}")
    )


def recipe(*steps: Step, **more) -> Recipe:
    names = [s.name for s in steps]
    front = {"tiles": "headline" if "headline" in names else None, "pictures": tuple(names[:2])}
    return Recipe("toys", Words("{period}玩具月报", "Toys in {period}"), "month", steps, **(front | more))
