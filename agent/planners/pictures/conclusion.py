"""What an investigation on pictures found, and the conclusion that it supports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ....tools.effect_text import effect_sentence
from ....tools.evidence import Evidence
from ....tools.predicates import parse
from ..builtin.confidence import of_foretold, squashed
from ..builtin.turn import Calls
from .check import Check
from .search import Found, correlations

if TYPE_CHECKING:
    from .investigation import Investigation

_REPLICATES = 0.34
"""Share of active pictures that are active again when drawn again, under which a unit does not
respond to what the pictures show."""
_LEAST = 0.3
"""Correlation on pictures not learnt from, under which a search found nothing."""
_NOTHING = 0.95
_UNFINISHED = 0.05
_WORDS = 12


@dataclass
class Findings:
    """Everything that a conclusion is drawn from."""

    dead: int | None = None
    survey: Evidence | None = None
    shown: list[Evidence] = field(default_factory=list)
    rivals: list[Found] = field(default_factory=list)
    """Compositions of the search, best first."""
    replicated: list[float] = field(default_factory=list)
    """By active picture, the share of its drawings that were active again."""
    drawn_words: list[str] = field(default_factory=list)
    """Plain drawings that switch a unit on that was studied on photographs."""
    recorded: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tests: list[Evidence] = field(default_factory=list)
    check: Check | None = None
    effect: Evidence | None = None


def conclude(course: "Investigation") -> Calls:
    """The call that ends the investigation."""
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
            rejected=_rejected(course, None),
        )
    ids = [e.id for e in (*found.tests, *course.made)][-40:]
    if course.rule.cases:
        components = [
            {"words": case.words(), "predictor": case.predicate(), "evidence": ids}
            for case in course.rule.cases
        ]
        label = "; or ".join(case.words() for case in course.rule.cases)
        leading: Mapping[str, Any] | None = course.rule.predicate()
    else:
        best = found.rivals[0]
        said = parse(best.predicate).english()
        words = said
        if found.drawn_words:
            words += f"; drawn, it is switched on by {', '.join(found.drawn_words)}"
        components = [{"words": words, "predictor": best.predicate, "evidence": ids}]
        label, leading = _photo_label(found, best) or said, best.predicate
    return _call(
        _why(course),
        label,
        "described",
        confidence(course),
        components=components,
        effect=found.effect,
        rejected=_rejected(course, leading),
    )


def confidence(course: "Investigation") -> float:
    """The probability that the description is right, from its worst cell on fresh scenes."""
    check = course.findings.check
    if check is not None:
        return of_foretold(check.worst)
    best = course.findings.rivals[0].checked if course.findings.rivals else 0.0
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
    check = course.findings.check
    if check is None:
        return "This composition explains explore best."
    return f"Of {check.many} fresh scenes, {check.right} are as it says."


def _photo_label(found: Findings, best: Found) -> str:
    """A label that begins with what drawings told, where the predictor is mere likeness."""
    if best.predicate["kind"] != "like":
        return ""
    examples = sorted(best.predicate["examples"], key=lambda example: -example["strength"])
    alike = f"alike: {', '.join(str(example['name']) for example in examples[:2])}"
    drawn = " or ".join(found.drawn_words)
    return f"{drawn}; {alike}" if drawn else f"no word found; {alike}"


def _rejected(course: "Investigation", leading: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The recorded rivals that do not lead, with what they reach on explore."""
    scores: dict[str, tuple[float | None, str]] = {}
    for evidence in course.findings.tests:
        for test in evidence.data.get("tests", ()):
            scores[str(test["id"])] = (test.get("correlation"), evidence.id)
    out = []
    for key, predicate in course.findings.recorded.items():
        if predicate == leading:
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
        "label": " ".join(label.split()[:_WORDS]),
        "components": components or [],
        "rejected": rejected or [],
        "confidence": sure,
        "status": status,
    }
    if effect is not None:
        arguments["effect"] = {"words": effect_sentence(effect.data), "evidence": [effect.id]}
    return Calls(why, (("conclude", arguments),))
