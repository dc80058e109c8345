"""What a built-in investigation found, and the conclusion that it supports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.evidence import Evidence
from .....tools.predicates import parse
from .....tools.render.effect import effect_sentence
from .....tools.statistics.association import correlation
from ....citations import Citations
from ..confidence import Features, probability, sure_of
from ..held_out import HeldOut
from ..turns import Calls
from .choice import Texts
from .phrases import label, phrase
from .predictive_check import PredictiveCheck
from .splits import Sample
from .terms import Term

NOISE = 0.02
"""Share of variance, on documents not learnt from, under which nothing was found."""
LEAST_ONOFF = 0.3
"""F1 on explore under which a description says nothing of when a unit is on."""
_CLEARLY = 0.2
"""Share of variance from which a description says something of a unit, on or off or not."""
_UNFINISHED = 0.05
"""Confidence of a conclusion that was asked for before anything was looked for."""
_NOTHING = 0.97
"""Confidence that there is nothing to be said: so it was for all of 48 development units."""
_MOST_REJECTED = 4


class Rival(NamedTuple):
    """A hypothesis as it was recorded."""

    words: str
    predicate: dict[str, Any]
    table: bool = False


@dataclass
class Findings:
    """Everything that a conclusion is drawn from."""

    dead: int | None = None
    """Places seen, where the unit never fires."""
    survey: Evidence | None = None
    shown: list[Evidence] = field(default_factory=list)
    tests: list[Evidence] = field(default_factory=list)
    written: list[Evidence] = field(default_factory=list)
    separated: list[Evidence] = field(default_factory=list)
    effect: Evidence | None = None
    recorded: dict[str, Rival] = field(default_factory=dict)
    """Rivals by hypothesis id."""
    on_written: dict[str, float] = field(default_factory=dict)
    """Correlation of each recorded rival with what was measured on written texts."""
    agreed: float | None = None
    """The same for all parts together."""
    sample: Sample | None = None
    parts: tuple[Term, ...] = ()
    checked: float = 0.0
    """Share of variance explained on documents not learnt from; they helped to choose, so that
    this decides and is not reported."""
    fresh: HeldOut | None = None
    """What the conclusion explains of documents that decided nothing."""
    few: str = ""
    """Why there is no such figure."""
    null: float = 0.0
    """The same that the search finds in the unit's activations on exchanged documents."""
    on_off: float | None = None
    """F1 of the best description on explore, for a unit that is clearly on or off."""
    foretold: PredictiveCheck | None = None
    """How the conclusion did on texts that were not written to find it."""
    checks: list[Evidence] = field(default_factory=list)
    """These texts, as measured."""
    texts: Texts | None = None
    """Written texts, as measured."""

    @property
    def noise(self) -> bool:
        """Nothing was found that holds on new documents."""
        if self.on_off is not None and self.on_off < LEAST_ONOFF and self.checked < _CLEARLY:
            return True
        return not self.parts or self.checked < max(NOISE, 1.5 * self.null)

    def learn(self, sample: Sample, parts: Sequence[Term], checked: float) -> None:
        """Takes a model as the leading one."""
        self.sample, self.parts, self.checked = sample, tuple(parts), checked

    def predicates(self) -> list[dict[str, Any]]:
        """The leading parts as predicate JSON."""
        if self.sample is None:
            return []
        return [part.predicate(self.sample.board) for part in self.parts]

    def judge_written(self, windows: TokenWindows, values: np.ndarray) -> None:
        """Scores every rival, and the leading parts together, on written texts."""
        known = np.isfinite(values)
        truth = values[known]

        def agreement(predicate: Mapping[str, Any]) -> np.ndarray:
            return parse(predicate).evaluate(windows)[known].astype(float)

        for key, rival in self.recorded.items():
            self.on_written[key] = correlation(agreement(rival.predicate), truth)
        said = [agreement(predicate) for predicate in self.predicates()]
        if said:
            self.agreed = correlation(np.sum(said, axis=0), truth)


def conclude(found: Findings, citations: Citations) -> Calls:
    """The call that ends the investigation; a component cites what tested its own predictor."""
    if found.dead is not None:
        arguments: dict[str, Any] = {
            "label": f"dead: never active at {found.dead} places",
            "components": [],
            "confidence": 0.99,
            "status": "dead",
        }
        return Calls("It never fires.", (("conclude", arguments),))
    if found.sample is None:
        arguments = {
            "label": "not found out before the budget ended",
            "components": [],
            "confidence": _UNFINISHED,
            "status": "uninterpretable",
        }
        return Calls("The budget ended before the search.", (("conclude", arguments),))
    rejected = _rejected(found, citations)
    if found.noise:
        arguments = {
            "label": "no pattern found that holds on new documents",
            "components": [],
            "rejected": rejected,
            "confidence": _NOTHING,
            "status": "uninterpretable",
        }
        _add_effect(arguments, found)
        why = (
            "Nothing that was learnt on half of the documents predicts the other half: "
            f"{max(found.checked, 0):.1%} of variance."
        )
        return Calls(why, (("conclude", arguments),))
    results = [*found.tests, *found.written, *found.separated, *found.checks]
    predicates = found.predicates()
    components = [
        {
            "words": phrase(found.sample, part),
            "predictor": predicate,
            "evidence": citations.testing(results, predicate),
        }
        for part, predicate in zip(found.parts, predicates, strict=True)
    ]
    sure = confidence(found)
    arguments = {
        "label": label(found.sample, found.parts),
        "components": components,
        "rejected": rejected,
        "confidence": sure,
        "status": "described",
    }
    _add_effect(arguments, found)
    why = found.fresh.words() if found.fresh is not None else found.few
    if found.foretold is not None:
        why += (
            f" Of {found.foretold.places} places of fresh texts where a condition holds, they say "
            f"{found.foretold.right} rightly."
        )
    return Calls(f"{why} {sure_of(sure)}".strip(), (("conclude", arguments),))


def _scores(found: Findings) -> dict[str, tuple[float | None, str]]:
    """By hypothesis id: its correlation on explore, and the result that has it."""
    return {
        str(test["id"]): (test.get("correlation"), evidence.id)
        for evidence in found.tests
        for test in evidence.data.get("tests", ())
    }


def features(found: Findings) -> Features:
    """What decides how sure a conclusion can be."""
    checked = found.checked if found.fresh is None else found.fresh.explained
    seen = float(np.sqrt(max(checked, 0.0)))
    more = max(0, len(found.parts) - 1)
    listed = sum(
        len(c.values) for p in found.parts for level in p.levels for c in level.rule.clauses
    )
    return Features(
        explained=seen,
        agreed=seen if found.agreed is None else max(found.agreed, 0.0),
        foretold=None if found.foretold is None else found.foretold.worst,
        table=float(bool(found.parts) and found.parts[0].table),
        further=more / (1 + more),
        long=listed / (20 + listed),
    )


def confidence(found: Findings) -> float:
    """The probability that a description is right."""
    return probability(features(found))


def _rejected(found: Findings, citations: Citations) -> list[dict[str, Any]]:
    """The recorded rivals that do not lead, each with what told against it."""
    leading = [str(predicate) for predicate in found.predicates()] if not found.noise else []
    scores = _scores(found)
    best = max((scores[key][0] or 0.0 for key in scores), default=0.0)
    said_already = {phrase(found.sample, part) for part in found.parts} if found.sample else set()
    out = []
    for key, rival in found.recorded.items():
        if str(rival.predicate) in leading or (not found.noise and rival.words in said_already):
            continue
        on_explore, test = scores.get(key, (None, ""))
        reason = f"correlation {on_explore or 0:.2f} on explore, the best rival {best:.2f}"
        evidence = [test] if test else []
        said = _contrast(found, rival)
        if said:
            reason = said
            evidence = citations.testing(found.written, rival.predicate)
        elif key in found.on_written and found.agreed is not None and not found.noise:
            reason += (
                f"; {found.on_written[key]:.2f} on written near-misses, "
                f"the conclusion {found.agreed:.2f}"
            )
            evidence += citations.testing(found.written, rival.predicate)
        item = {"words": f"{key}: {rival.words}", "reason": reason, "evidence": evidence}
        out.append((rival.words.count(" and "), -(on_explore or 0.0), item))
    out.sort(key=lambda entry: entry[:2])  # single claims first, the likeliest first
    return [item for _, _, item in out[:_MOST_REJECTED]]


def _contrast(found: Findings, rival: Rival) -> str:
    """What written texts say of the places on which a rival and the conclusion differ."""
    if found.texts is None or found.noise or not found.parts:
        return ""
    texts = found.texts
    mine = np.max([texts.holds(predicate) for predicate in found.predicates()], axis=0)
    alone, many, other, others = texts.contrast(texts.holds(rival.predicate), mine)
    said = []
    if many:
        said.append(f"on {many} written places where it alone holds the mean is {alone:.2g}")
    if others:
        said.append(f"on {others} where only the conclusion holds it is {other:.2g}")
    if said and not (alone < 0.5 * other or not many or not others):
        return ""
    return ", ".join(said)


def _add_effect(arguments: dict[str, Any], found: Findings) -> None:
    effect = _effect(found.effect)
    if effect is not None:
        arguments["effect"] = effect


def _effect(evidence: Evidence | None) -> dict[str, Any] | None:
    """What `unit_effect` measured, in a sentence."""
    if evidence is None:
        return None
    return {"words": effect_sentence(evidence.data), "evidence": [evidence.id]}
