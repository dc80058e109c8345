"""The reference: what a linear read-out of a second network's states says of a unit.

Ridge regression from the reader's states to what token means leave of the unit's activation is
fitted on explore, its layer and strength chosen on halves of explore's documents, and predicts the
test split. What it reaches within tokens is a lower bound of what could be said of the unit beyond
token identity: another network, another layer or a non-linear read-out may reach more. Pictures
have no tokens: there it predicts the activation itself, over all pictures. Our formulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...tools.data.image_rows import ImageRows
from ...tools.models.picture_reader import picture_states
from ...tools.models.target import Target
from ...tools.models.text_reader import ReaderStates, reader_states, refuse_itself, sampled
from ...tools.statistics.bootstrap import Resampler, correlations, interval
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
    def of(cls, reader: Target, target: Target, windows: Mapping[str, Any]) -> "Reference":
        """Reads explore and test.

        Raises:
            UsageError: if the reader is the target.
        """
        refuse_itself(reader, target)
        explore, test = _states(reader, target, [windows["explore"], windows["test"]])
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
        """What it predicts beyond token means at the known places of test, `[known place]`; of
        pictures, beyond their mean."""
        known = self.explore.known
        y = beyond_tokens(splits.explore.windows.ids[known], splits.explore.values[known])
        tried = [chosen_strength(one.halves, one.explore, y, self.half) for one in self._layers]
        best = min(range(len(tried)), key=lambda at: tried[at][1])
        layer, strength = self._layers[best], np.array([tried[best][0]])
        return layer.test @ ridge(layer.whole, layer.explore, y, strength)[0]

    def scores(self, splits: Splits, *, seed: int = 0) -> dict[str, Any]:
        """Its scores on test, for records: within tokens, or over pictures."""
        known, test = self.test.known, splits.test
        if isinstance(test.windows, ImageRows):
            resampler = Resampler(test.documents, seed=seed)
            reached = interval(correlations(resampler, self.predict(splits), test.flat))
            return {"reader": self.reader, "correlation": reached.as_dict()}
        threshold = thresholds(splits.explore)[HEADLINE]
        kept = test.counted[known]  # where the unit reaches the output
        truth = test.values[known][kept].astype(np.float64)
        document = np.broadcast_to(test.windows.document[:, None], known.shape)[known][kept]
        result = within(
            test.windows.ids[known][kept],
            self.predict(splits)[kept],
            truth,
            truth > threshold,
            Resampler(document, seed=seed),
        )
        return {"reader": self.reader, **result.as_dict()}


def _states(reader: Target, target: Target, some: Sequence[Any]) -> list[ReaderStates]:
    """What the reader makes of texts, or of pictures: of these all states as one layer."""
    if isinstance(some[0], ImageRows):
        states = [picture_states(reader, rows).values[:, None] for rows in some]
        return [ReaderStates(values, np.ones((len(values), 1), bool)) for values in states]
    ahead = target.kind != "causal"
    if not ahead and reader.kind != "causal":
        some = [sampled(each) for each in some]
    return [reader_states(reader, each, ahead=ahead) for each in some]
