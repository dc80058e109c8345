"""What every step of a built-in investigation needs: the board, calls, what they measured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .....tools.activations.records import inputs_of
from .....tools.data.windows import TokenWindows
from .....tools.english.inflection import forms
from .....tools.english.lexicon import categories
from .....tools.evidence import Evidence
from .....tools.lab import Lab
from .....tools.models import Unit
from .....tools.predicates.concepts import resolve
from ....citations import Citations
from ..held_out import few, fresh, split_explore
from ..turns import Calls, Experiments, Turns
from .conclusion import Findings, Rival, conclude
from .feature_table import FeatureTable, build
from .phrases import phrase
from .splits import Sample
from .terms import Term

_TEXTS = 60  # of one call


class Course:
    """One unit on one bench, with what was found."""

    def __init__(
        self,
        lab: Lab,
        unit: Unit,
        seed: int,
        experiments: Experiments = "designed",
        *,
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

    @property
    def aside(self) -> np.ndarray:
        """bool `[window]` over explore: what decides nothing."""
        return split_explore(self.lab)[0]

    @property
    def windows(self) -> TokenWindows:
        """Explore without what was kept aside: all that the search sees."""
        return split_explore(self.lab)[1]

    def conclusion(self) -> Calls:
        """What is known now, as a conclusion."""
        found = self.findings
        if found.parts and not found.noise:
            explore, values = self.lab.explore, self.lab.column(self.unit)
            found.fresh = fresh(found.predicates(), explore, values, self.aside)
            if not self.aside.any():
                found.few = few(explore)
        return conclude(found, Citations(self.lab, self.unit))

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

    def _board(self) -> FeatureTable:
        """The board over explore less what is kept aside, shared by a run's investigations."""
        key = ("builtin board", id(self.lab.explore), self.without)
        return self.lab.memo.once(key, lambda: self._built(self.windows))

    def _built(self, windows: TokenWindows) -> FeatureTable:
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

    def _sample(self, windows: TokenWindows, values: np.ndarray, board: FeatureTable) -> Sample:
        known = np.isfinite(values) & windows.counted
        target = np.where(known, values, 0.0).ravel().astype(np.float64)
        return Sample(board, target, known.ravel().astype(np.float64))

    def _record(self, sample: Sample, rivals: Sequence[Term]) -> Turns:
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
        windows = inputs_of(self.lab, items)
        assert isinstance(windows, TokenWindows)
        values = np.full(windows.ids.shape, np.nan)
        for row, item in enumerate(items):
            given = np.array(
                [np.nan if value is None else value for value in item["activations"]], float
            )
            values[row, np.flatnonzero(windows.attended[row])[: len(given)]] = given
        return windows, values
