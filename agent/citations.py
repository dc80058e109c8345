"""Which results of an investigation bear on a predictor, so that a citation can be checked.

1. A result **tested** a predictor if the predictor, or one that contains it, is among its tests, or
   if the predictor holds at a place of the unit that the result measured.
2. A result **separated** a description from a rival if, over the places that it measured where
   just one of the two holds, the unit is more active where the description holds.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..tools.activations.records import activity
from ..tools.evidence import Evidence
from ..tools.lab import Lab
from ..tools.models import Unit
from ..tools.predicates import parse
from ..tools.predicates.fields import answers
from .description import Component, Description
from .ledger import Inputs, measured_inputs, strength, those_tested

_ADDED = 3  # results that a component cites where those that it named say nothing of it

Predictor = Mapping[str, Any]


class Citations:
    """The results of one investigation, each with the inputs that it measured."""

    def __init__(self, lab: Lab, unit: Unit) -> None:
        self._lab, self._unit = lab, unit
        memo = lab.evidence.memo.setdefault(("citations", str(unit)), ({}, {}))
        self._inputs: dict[str, list[Inputs]] = memo[0]
        self._held: dict[tuple[str, str], list[np.ndarray]] = memo[1]

    @property
    def _made(self) -> list[Evidence]:
        return [item for item in self._lab.evidence if item.error is None]

    def tested(self, evidence: Evidence, predictor: Predictor) -> bool:
        """Whether a result tested a predictor."""
        return self._listed(evidence, predictor) or any(
            held.any() for held in self._holds(evidence, predictor)
        )

    def testing(self, evidence: Iterable[Evidence], predictor: Predictor) -> list[str]:
        """The ids of the results that tested a predictor."""
        return [item.id for item in evidence if self.tested(item, predictor)]

    def separating(
        self, evidence: Iterable[Evidence], ours: Sequence[Predictor], rival: Predictor
    ) -> list[str]:
        """The ids of the results that separated a description's predictors from a rival."""
        bar = activity(self._lab.column(self._unit))
        return [item.id for item in evidence if self._separated(item, ours, rival, bar)]

    def untested(self, component: Component) -> tuple[str, ...]:
        """What a component cites of existing results in which its predictor was not tested."""
        made = {item.id: item for item in self._made}
        cited = (made[key] for key in component.evidence if key in made)
        return tuple(item.id for item in cited if not self.tested(item, component.predictor))

    def completed(self, component: Component) -> Component:
        """A component that cites nothing in which its predictor was tested also cites the last
        results in which it was.
        """
        if component.evidence and set(component.evidence) > set(self.untested(component)):
            return component
        known = self.testing(self._made, component.predictor)[-_ADDED:]
        return replace(component, evidence=(*component.evidence, *known))

    def faults(self, components: Sequence[Component]) -> list[str]:
        """Components whose predictor was tested nowhere, in words."""
        completed = [self.completed(component) for component in components]
        return [
            f"the predictor of component {number} ('{component.words}') was tested nowhere: "
            "test it (test_hypotheses)"
            for number, component in enumerate(completed, 1)
            if set(component.evidence) == set(self.untested(component))
        ]

    def marked(self, description: Description, rows: Sequence[Mapping[str, Any]]) -> Description:
        """The description with such citations marked, and with what its label rests on.

        Args:
            description: As the planner gave it.
            rows: The ledger's hypotheses: the best other one is the rival.
        """
        ours = [dict(one.predictor) for one in description.components]
        judged = any(parse(one).sampled for one in ours)  # known at samples of places only
        rival = self._best_rival(ours, rows) if ours and not judged else None
        return replace(
            description,
            components=tuple(
                replace(one, untested=self.untested(one)) for one in description.components
            ),
            label_evidence=() if rival is None else tuple(self.separating(self._made, ours, rival)),
        )

    def _best_rival(
        self, ours: Sequence[Predictor], rows: Sequence[Mapping[str, Any]]
    ) -> Predictor | None:
        """The tested hypothesis that predicts best of those that say something else."""
        explore = self._lab.explore

        def places(predictor: Predictor) -> np.ndarray:
            return np.asarray(parse(predictor).evaluate(explore)) > 0

        said = np.any([places(one) for one in ours], axis=0)
        for row in sorted(those_tested(rows), key=strength, reverse=True):
            if parse(row["predictor"]).sampled:
                continue
            if not np.array_equal(places(row["predictor"]), said):
                return row["predictor"]
        return None

    def _listed(self, evidence: Evidence, predictor: Predictor) -> bool:
        if str(evidence.data.get("unit", self._unit)) != str(self._unit):
            return False
        wanted = _canonical(parse(predictor).model_dump())
        return any(
            _canonical(part) == wanted
            for test in evidence.data.get("tests") or ()
            for part in _parts(test.get("predictor"))
        )

    def _separated(
        self, evidence: Evidence, ours: Sequence[Predictor], rival: Predictor, bar: float
    ) -> bool:
        mine = [self._holds(evidence, one) for one in ours]
        with_ours, with_rival = [], []
        for number, other in enumerate(self._holds(evidence, rival)):
            values = self._measured(evidence)[number].measured
            own = np.any([held[number] for held in mine], axis=0)
            with_ours.append(values[own & ~other])
            with_rival.append(values[other & ~own])
        if not with_ours:
            return False
        alone, against = np.concatenate(with_ours), np.concatenate(with_rival)
        if not alone.size and not against.size:
            return False
        if alone.size and against.size:
            return float(alone.mean()) > float(against.mean())
        return float(alone.mean()) > bar if alone.size else float(against.mean()) <= bar

    def _holds(self, evidence: Evidence, predictor: Predictor) -> list[np.ndarray]:
        """bool `[window, place]` for each kind of inputs: measured, and the predictor holds; of one
        that a language model judges nowhere."""
        key = (evidence.id, _canonical(predictor))
        if key not in self._held:
            one = parse(predictor)
            self._held[key] = [
                np.isfinite(inputs.measured)
                & (
                    False
                    if one.sampled or not answers(one, inputs.windows)
                    else np.asarray(one.evaluate(inputs.windows)) > 0
                )
                for inputs in self._measured(evidence)
            ]
        return self._held[key]

    def _measured(self, evidence: Evidence) -> list[Inputs]:
        """Inputs of the unit with its activations, by kind of inputs."""
        if evidence.id not in self._inputs:
            items = [
                item
                for item in evidence.data.get("measured") or ()
                if item.get("unit") == str(self._unit) and item.get("activations")
            ]
            self._inputs[evidence.id] = measured_inputs(self._lab, items)
        return self._inputs[evidence.id]


def _parts(predictor: Any) -> Iterator[Predictor]:
    """A predictor and what it says of the same place: its members, exceptions and levels."""
    if isinstance(predictor, list | tuple):
        for inner in predictor:
            yield from _parts(inner)
    elif isinstance(predictor, Mapping):
        if "kind" in predictor:
            yield predictor
        if predictor.get("kind", "level") in ("and", "or", "not", "except", "graded", "level"):
            for inner in ("of", "but", "levels"):
                yield from _parts(predictor.get(inner))


def _canonical(predictor: Predictor) -> str:
    return json.dumps(predictor, sort_keys=True, ensure_ascii=False)
