"""The reference: what a linear read-out of a second network's states says of a unit.

Ridge regression from the reader's states to what token means leave of the unit's activation is
fitted on explore, its layer and strength chosen on halves of explore's documents, and predicts the
test split. What it reaches within tokens is a lower bound of what could be said of the unit beyond
token identity: another network, another layer or a non-linear read-out may reach more. Our
formulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...tools.data.windows import TokenWindows
from ...tools.models.target import Target
from ...tools.models.text_reader import ReaderStates, reader_states, refuse_itself, sampled
from ...tools.statistics.bootstrap import Resampler
from ...tools.statistics.ridge import Spectrum, chosen_strength, ridge, spectrum
from ...tools.statistics.within import beyond_tokens, within
from .measured import Splits
from .predictions import HEADLINE, thresholds


class _Layer(NamedTuple):
    """Standardised states of one layer over explore and test, ready for any unit."""

    explore: np.ndarray
    test: np.ndarray
    halves: tuple[Spectrum, Spectrum]
    whole: Spectrum


@dataclass(frozen=True)
class Reference:
    """The reader's states over explore and test."""

    reader: str
    explore: ReaderStates
    test: ReaderStates
    half: np.ndarray
    """bool `[explore's known place]`: of every second document."""

    @classmethod
    def of(cls, reader: Target, target: Target, windows: Mapping[str, TokenWindows]) -> "Reference":
        """Reads explore and test.

        Raises:
            UsageError: if the reader is the target.
        """
        refuse_itself(reader, target)
        ahead = target.kind != "causal"
        some = [windows["explore"], windows["test"]]
        if not ahead and reader.kind != "causal":
            some = [sampled(each) for each in some]
        explore, test = (reader_states(reader, each, ahead=ahead) for each in some)
        document = np.broadcast_to(windows["explore"].document[:, None], explore.known.shape)
        _, number = np.unique(document[explore.known], return_inverse=True)
        return cls(reader.name, explore, test, number % 2 == 0)

    @cached_property
    def _layers(self) -> list[_Layer]:
        out = []
        for at in range(self.explore.values.shape[1]):
            x = self.explore.values[:, at].astype(np.float32)
            mean, scale = x.mean(0), x.std(0) + 1e-3
            x = (x - mean) / scale
            test = (self.test.values[:, at].astype(np.float32) - mean) / scale
            halves = spectrum(x[self.half]), spectrum(x[~self.half])
            out.append(_Layer(x, test, halves, spectrum(x)))
        return out

    def predict(self, splits: Splits) -> np.ndarray:
        """What it predicts beyond token means at the known places of test, `[known place]`."""
        known = self.explore.known
        y = beyond_tokens(splits.explore.windows.ids[known], splits.explore.values[known])
        tried = [chosen_strength(one.halves, one.explore, y, self.half) for one in self._layers]
        best = min(range(len(tried)), key=lambda at: tried[at][1])
        layer, strength = self._layers[best], np.array([tried[best][0]])
        return layer.test @ ridge(layer.whole, layer.explore, y, strength)[0]

    def scores(self, splits: Splits, *, seed: int = 0) -> dict[str, Any]:
        """Its scores within tokens on test, for records."""
        known, test = self.test.known, splits.test
        threshold = thresholds(splits.explore)[HEADLINE]
        truth = test.values[known].astype(np.float64)
        document = np.broadcast_to(test.windows.document[:, None], known.shape)[known]
        result = within(
            test.windows.ids[known],
            self.predict(splits),
            truth,
            truth > threshold,
            Resampler(document, seed=seed),
        )
        return {"reader": self.reader, **result.as_dict()}
