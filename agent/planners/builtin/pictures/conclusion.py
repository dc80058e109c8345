"""What an investigation on pictures found, and the conclusion that it supports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .....tools.evidence import Evidence
from .....tools.predicates import parse
from .....tools.render.effect import effect_sentence
from ....citations import Citations
from ..confidence import of_foretold, squashed, sure_of
from ..held_out import HeldOut, few, fresh
from ..turns import Calls
from .label import WORDS, case_label
from .predictive_check import PredictiveCheck
from .search import Composition, correlations

if TYPE_CHECKING:
    from .investigation import Investigation

_REPLICATES = 0.34
"""Share of active pictures that are active again when drawn again, under which a unit does not
respond to what the pictures show."""
_LEAST = 0.3
"""Correlation on the pictures that did not choose, under which a search found nothing."""
_NOTHING = 0.95
_UNFINISHED = 0.05


@dataclass
class Findings:
    """Everything that a conclusion is drawn from."""

    dead: int | None = None
    survey: Evidence | None = None
    shown: list[Evidence] = field(default_factory=list)
    rivals: list[Composition] = field(default_factory=list)
    """Compositions of the search, best first."""
    replicated: list[float] = field(default_factory=list)
    """By active picture, the share of its drawings that were active again."""
    drawn_words: list[str] = field(default_factory=list)
    """Plain drawings that switch a unit on that was studied on photographs."""
    recorded: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tests: list[Evidence] = field(default_factory=list)
    check: PredictiveCheck | None = None
    fresh: HeldOut | None = None
    """What the conclusion explains of pictures that decided nothing."""
    effect: Evidence | None = None


def conclude(course: "Investigation", citations: Citations) -> Calls:
    """The call that ends the investigation; a component cites what tested its own predictor."""
    found = course.findings
    if found.dead is not None:
        return _call(
            "It never fires.", f"dead: never active in {found.dead} pictures", "dead", 0.99
        )
    if not len(course.values):
        return _call("The budget ended.", "not found out", "uninterpretable", _UNFINISHED)
    if _noise(course):
        why = "Active pictures, drawn again, do not switch it on, and no composition explains it."
        return _call(
            why,
            "no pattern found that holds on new pictures",
            "uninterpretable",
            _NOTHING,
            effect=found.effect,
            rejected=_rejected(course, ()),
        )
    if course.rule.cases:
        said = [(case.words(), case.predicate()) for case in course.rule.cases]
        label = case_label(course.rule.cases, course.rows)
        leading = [course.rule.predicate()]
    else:
        best = found.rivals[0]
        words = english = parse(best.predicate).english()
        if found.drawn_words:
            words += f"; drawn, it is switched on by {', '.join(found.drawn_words)}"
        said = [(words, best.predicate)]
        label, leading = _photo_label(found, best) or english, [best.predicate]
    results = [*found.tests, *course.made]
    components = [
        {
            "words": words,
            "predictor": predicate,
            "evidence": citations.testing(results, predicate),
        }
        for words, predicate in said
    ]
    predicates = [predicate for _, predicate in said]
    found.fresh = fresh(
        predicates, course.lab.explore, course.lab.column(course.unit), course.aside
    )
    sure = confidence(course)
    return _call(
        f"{_why(course)} {sure_of(sure)}",
        label,
        "described",
        sure,
        components=components,
        effect=found.effect,
        rejected=_rejected(course, leading),
    )


def confidence(course: "Investigation") -> float:
    """The probability that the description is right, from its worst cell on fresh scenes."""
    check = course.findings.check
    if check is not None:
        return of_foretold(check.worst)
    fresh = course.findings.fresh
    best = course.findings.rivals[0].checked if course.findings.rivals else 0.0
    if fresh is not None:
        best = float(np.sqrt(max(fresh.explained, 0.0)))
    return squashed(-4 + 4 * best)


def _noise(course: "Investigation") -> bool:
    found = course.findings
    best = max((rival.checked for rival in found.rivals), default=0.0)
    if course.rule.cases:
        said = course.rule.holds(course.rows) > 0
        known = np.isfinite(course.values)
        now = float(correlations(said[None, known], course.values[known])[0])
        return now < _LEAST / 2 and best < _LEAST
    if found.replicated:
        return float(np.mean(found.replicated)) < _REPLICATES or best < _LEAST
    return best < _LEAST


def _why(course: "Investigation") -> str:
    found, explore = course.findings, course.lab.explore
    check = found.check
    said = "" if check is None else f"Of {check.many} fresh scenes, {check.right} are as it says. "
    if found.fresh is not None:
        return said + found.fresh.words("pictures")
    return said + ("" if course.aside.any() else few(explore, "pictures"))


def _photo_label(found: Findings, best: Composition) -> str:
    """A label that begins with what drawings told, where the predictor is mere likeness."""
    if best.predicate["kind"] != "like":
        return ""
    examples = sorted(best.predicate["examples"], key=lambda example: -example["strength"])
    alike = f"alike: {', '.join(str(example['name']) for example in examples[:2])}"
    drawn = " or ".join(found.drawn_words)
    return f"{drawn}; {alike}" if drawn else f"no word found; {alike}"


def _rejected(
    course: "Investigation", leading: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The recorded rivals that do not lead, with what they reach on explore."""
    scores: dict[str, tuple[float | None, str]] = {}
    for evidence in course.findings.tests:
        for test in evidence.data.get("tests", ()):
            scores[str(test["id"])] = (test.get("correlation"), evidence.id)
    out = []
    for key, predicate in course.findings.recorded.items():
        if predicate in leading:
            continue
        value, test = scores.get(key, (None, ""))
        out.append(
            {
                "words": f"{key}: {parse(predicate).english()}"[:300],
                "reason": f"correlation {value or 0:.2f} on explore",
                "evidence": [test] if test else [],
            }
        )
    return out


def _call(
    why: str,
    label: str,
    status: str,
    sure: float,
    *,
    components: list[dict[str, Any]] | None = None,
    effect: Evidence | None = None,
    rejected: list[dict[str, Any]] | None = None,
) -> Calls:
    arguments: dict[str, Any] = {
        "label": " ".join(label.split()[:WORDS]),
        "components": components or [],
        "rejected": rejected or [],
        "confidence": sure,
        "status": status,
    }
    if effect is not None:
        arguments["effect"] = {"words": effect_sentence(effect.data), "evidence": [effect.id]}
    return Calls(why, (("conclude", arguments),))
