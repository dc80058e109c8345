"""What every step of a built-in investigation needs: the board, calls, what they measured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ....tools.data.inflection import forms
from ....tools.data.lexicon import categories
from ....tools.data.windows import TokenWindows
from ....tools.evidence import Evidence
from ....tools.lab import Lab
from ....tools.models import Unit
from ....tools.predicates.concepts import resolve
from ..factories import Experiments
from .board import Board, build
from .conclusion import Findings, Rival, conclude
from .parts import Part
from .phrases import phrase
from .split import Sample
from .turn import Calls, Turns

_TEXTS = 60  # of one call


class Course:
    """One unit on one bench, with what was found."""

    def __init__(
        self,
        lab: Lab,
        unit: Unit,
        seed: int,
        experiments: Experiments = "designed",
        without: str | None = None,
        effects: bool = True,
    ) -> None:
        self.lab = lab
        self.effects = effects
        self.experiments: Experiments = experiments
        self.without = without
        self.unit = unit
        self.rng = np.random.default_rng([seed, lab.seed, unit.index])
        self.random_texts = _TEXTS
        self.findings = Findings()

    def conclusion(self) -> Calls:
        """What is known now, as a conclusion."""
        return conclude(self.findings)

    def _calls(self, texts: Sequence[str]) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Calls that measure texts."""
        unit = str(self.unit)
        return tuple(
            ("activations", {"unit": unit, "texts": list(texts[at : at + _TEXTS])})
            for at in range(0, len(texts), _TEXTS)
        )

    def _named(self) -> dict[str, list[str]]:
        """The base words of each concept."""
        self._board()
        known = self.lab.memo["builtin concepts"]
        return {name: list(predicate["words"]) for name, (predicate, _) in known.items()}

    def _board(self) -> Board:
        """The board over explore, shared by the investigations of a run."""
        key = ("builtin board", id(self.lab.explore), self.without)
        if key not in self.lab.memo:
            self.lab.memo[key] = self._built(self.lab.explore)
        return self.lab.memo[key]

    def _built(self, windows: TokenWindows) -> Board:
        key = "builtin concepts"
        if key not in self.lab.memo:
            self.lab.memo[key] = {
                name: (
                    resolve(name).model_dump(),
                    sorted({form for word in one.words for form in forms(word, one.part)}),
                )
                for name, one in categories().items()
            }
        causal = self.lab.target.kind == "causal"
        return replace(build(windows, self.lab.memo[key], causal=causal), without=self.without)

    def _sample(self, windows: TokenWindows, values: np.ndarray, board: Board) -> Sample:
        known = np.isfinite(values) & windows.counted
        target = np.where(known, values, 0.0).ravel().astype(np.float64)
        return Sample(board, target, known.ravel().astype(np.float64))

    def _record(self, sample: Sample, rivals: Sequence[Part]) -> Turns:
        """Records rivals and tests them on all of explore."""
        given = []
        for part in rivals:
            statement = phrase(sample, part)
            given.append(
                (
                    "hypothesise",
                    {"statement": statement, "predictor": part.predicate(sample.board)},
                )
            )
        made = yield Calls("Rivals that explain the exemplars.", tuple(given))
        fresh = []
        for part, evidence in zip(rivals, made, strict=False):
            if evidence.error is None:
                key = str(evidence.data["id"])
                self.findings.recorded[key] = Rival(
                    phrase(sample, part), part.predicate(sample.board), part.table
                )
                fresh.append(key)
        if fresh:
            arguments: dict[str, Any] = {
                "unit": str(self.unit),
                "hypotheses": fresh,
                "examples": 2,
            }
            made = yield Calls(
                "How do they do on all of explore?", (("test_hypotheses", arguments),)
            )
            self.findings.tests += [e for e in made if e.error is None]

    def _leading(self) -> list[str]:
        """The hypotheses to separate: those that lead now, then the earliest."""
        leading = [str(predicate) for predicate in self.findings.predicates()]
        keys = list(self.findings.recorded)
        keys.sort(key=lambda key: str(self.findings.recorded[key].predicate) not in leading)
        return keys[:3]

    def _measured(self, made: Sequence[Evidence]) -> tuple[TokenWindows, np.ndarray]:
        items = [item for evidence in made for item in evidence.data["measured"]]
        windows = self.lab.inputs_of(items)
        values = np.full(windows.ids.shape, np.nan)
        for row, item in enumerate(items):
            given = np.array(
                [np.nan if value is None else value for value in item["activations"]], float
            )
            values[row, np.flatnonzero(windows.attended[row])[: len(given)]] = given
        return windows, values
