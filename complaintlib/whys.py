"""What is weak about a 5-Why (Ohno 1978): each chain of a diagram, from the first why to its end, is checked.

A check finds what can be seen in the form; a chain without a mark may still be wrong.
"""

from .causes import LAYERS, Cause, Causes, Diagram, chain

CHECKS = (
    "no_evidence",
    "circular",
    "human_error",
    "jump",
    "restated",
    "no_owner",
    "no_countermeasure",
    "too_short",
)
FEWEST = 3  # questions until an end can be a root
ALIKE = 0.7  # of the pairs of letters: the same said again
BLAME = (
    "责任心", "疏忽", "粗心", "马虎", "大意", "不认真", "态度不好", "意识不强", "人为失误",
    "careless", "human error", "negligen", "inattent", "forgot", "not pay attention", "bad attitude",
)  # fmt: skip


def weak(form: Causes, diagram: Diagram) -> list[tuple[str, str]]:
    """(id of the entry, check) for every weakness of a 5-Why, in the order of the form and of CHECKS.

    no_evidence: neither a filter nor a record; circular: it leads back to itself; human_error: a person is blamed at
    the end; jump: a layer is left out, or goes back; restated: the parent (or the problem) in other words; no_owner,
    no_countermeasure: at the end of a chain; too_short: it ends before the third why.
    """
    own = form.of(diagram.id)
    known, parents = {cause.id: cause for cause in own}, {cause.parent for cause in own}
    found = []
    for cause in own:
        above = chain(cause, known)
        circular, end = bool(above[-1].parent), cause.id not in parents
        before = diagram.problem if not cause.parent else known[cause.parent].words
        said = (cause.words.zh + " " + cause.words.en).lower()
        marks = {
            "no_evidence": not cause.evidence and cause.record is None,
            "circular": circular,
            "human_error": end and any(word in said for word in BLAME),
            "jump": bool(cause.parent) and _jumps(known[cause.parent], cause),
            "restated": cause.parent != cause.id and alike(before.zh, cause.words.zh) >= ALIKE,
            "no_owner": end and not cause.owner,
            "no_countermeasure": end and cause.countermeasure is None,
            "too_short": end and not circular and len(above) < FEWEST,
        }
        found += [(cause.id, check) for check in CHECKS if marks[check]]
    return found


def alike(one: str, other: str) -> float:
    """Sorensen (1948) and Dice (1945): twice the common pairs of neighbouring letters over all of both texts."""
    a, b = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other))
    return 2 * len(a & b) / max(len(a) + len(b), 1)


def _jumps(parent: Cause, cause: Cause) -> bool:
    if not parent.layer or not cause.layer:
        return False
    return LAYERS.index(cause.layer) - LAYERS.index(parent.layer) not in (0, 1)
