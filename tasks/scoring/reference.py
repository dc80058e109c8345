"""The reference: what a linear read-out of a second network's states says of a unit.

Ridge regression from the reader's states to what token means leave of the unit's activation is
fitted on explore, its strength chosen on halves of explore's documents, and predicts the test
split. What it reaches within tokens is a lower bound of what could be said of the unit beyond token
identity: another network, another layer or a non-linear read-out may reach more. Our formulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...tools.data.windows import TokenWindows
from ...tools.models.target import Target
from ...tools.models.text_reader import ReaderStates, reader_states
from ...tools.statistics.bootstrap import Resampler
from ...tools.statistics.within import within
from .measured import Splits
from .predictions import HEADLINE, thresholds

_STRENGTHS = np.geomspace(1, 1e6, 13)
"""Of the penalty, with features of unit variance."""
_DRAWN = 3.0
"""Places at the mean of all that a token's mean is drawn towards it by."""


class _Spectrum(NamedTuple):
    """Features of some places, ready for ridge regression of any target."""

    mean: np.ndarray
    scale: np.ndarray
    values: np.ndarray
    """Eigenvalues of the Gram matrix of standardised features."""
    vectors: np.ndarray


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
        """Reads explore and test."""
        explore, test = (reader_states(reader, target, windows[n]) for n in ("explore", "test"))
        document = np.broadcast_to(windows["explore"].document[:, None], explore.known.shape)
        _, number = np.unique(document[explore.known], return_inverse=True)
        return cls(reader.name, explore, test, number % 2 == 0)

    @cached_property
    def _spectra(self) -> tuple[_Spectrum, _Spectrum, _Spectrum]:
        """Of both halves and of everything."""
        x = self.explore.values
        return _spectrum(x[self.half]), _spectrum(x[~self.half]), _spectrum(x)

    def predict(self, splits: Splits) -> np.ndarray:
        """What it predicts beyond token means at the known places of test, `[known place]`."""
        known = self.explore.known
        y = _beyond_tokens(splits.explore.windows.ids[known], splits.explore.values[known])
        x, half = self.explore.values, self.half
        errors = np.zeros(len(_STRENGTHS))
        for fit, spectrum in zip((half, ~half), self._spectra[:2], strict=True):
            predicted = _ridge(spectrum, x[fit], y[fit], x[~fit])
            errors += np.square(predicted - y[~fit]).sum(1)
        best = int(errors.argmin())
        return _ridge(self._spectra[2], x, y, self.test.values, _STRENGTHS[best : best + 1])[0]

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


def _beyond_tokens(token: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values less their token's mean over the other places, drawn towards the mean of all."""
    y = values.astype(np.float64)
    _, token = np.unique(token, return_inverse=True)
    n, total = np.bincount(token), np.bincount(token, y)
    return y - (total[token] - y + _DRAWN * y.mean()) / (n[token] - 1 + _DRAWN)


def _spectrum(features: np.ndarray) -> _Spectrum:
    x = features.astype(np.float32)
    mean, scale = x.mean(0), np.maximum(x.std(0), 1e-3)
    x = (x - mean) / scale
    values, vectors = np.linalg.eigh((x.T @ x).astype(np.float64))
    return _Spectrum(mean, scale, np.maximum(values, 0), vectors.astype(np.float32))


def _ridge(
    spectrum: _Spectrum,
    x: np.ndarray,
    y: np.ndarray,
    new: np.ndarray,
    strengths: np.ndarray = _STRENGTHS,
) -> np.ndarray:
    """Predictions of new places by each strength, `[strength, place]`."""
    mean, scale, values, vectors = spectrum
    level = y.mean()
    side = ((x.astype(np.float32) - mean) / scale).T @ (y - level).astype(np.float32)
    turned = vectors.T @ side  # [feature]
    weights = vectors @ (turned / (values + strengths[:, None])).T.astype(np.float32)
    return level + (((new.astype(np.float32) - mean) / scale) @ weights).T.astype(np.float64)
