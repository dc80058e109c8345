"""Two lookups that know nothing but colours: what a description of a picture unit has to beat.

`colours` predicts the activation from the share of each colour of the palette in the picture,
`grid` from the mean colour of each of four by four parts: ridge regressions learnt on explore,
their strength chosen on validation. They stand where the token tables stand for text. Our
formulation.
"""

from collections.abc import Callable

import numpy as np

from ...tools.data.image_rows import ImageRows
from ...tools.predicates.features import colour_shares as colour_features
from ...tools.predicates.features import once
from .ngram_baselines import Measured

_STRENGTHS = (0.1, 1.0, 10.0, 100.0)
_PARTS = 4
Features = Callable[[ImageRows], np.ndarray]


def colour_shares(explore: Measured, validation: Measured, test: Measured) -> np.ndarray:
    """From how much of each colour there is, `[image of the test split]`."""
    return _ridge(colour_features, explore, validation, test)


def colour_grid(explore: Measured, validation: Measured, test: Measured) -> np.ndarray:
    """From which colour is where, `[image of the test split]`."""
    return _ridge(_grid, explore, validation, test)


def _ridge(
    features: Features, explore: Measured, validation: Measured, test: Measured
) -> np.ndarray:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, held, wanted = (
        features(_rows(part))[part.counted[:, 0]] for part in (explore, validation, test)
    )
    best: tuple[float, np.ndarray] | None = None
    for strength in _STRENGTHS:
        model = make_pipeline(StandardScaler(), Ridge(strength)).fit(x, explore.flat)
        error = float(np.square(model.predict(held) - validation.flat).mean())
        if best is None or error < best[0]:
            best = (error, model.predict(wanted))
    assert best is not None
    return best[1]


def _rows(part: Measured) -> ImageRows:
    rows = part.windows
    assert isinstance(rows, ImageRows)
    return rows


def _grid(rows: ImageRows) -> np.ndarray:
    """Mean colours of the parts, `[image, down * across * 3]`, computed once."""

    def means() -> np.ndarray:
        out = np.zeros((len(rows), _PARTS * _PARTS * 3))
        for at in range(len(rows)):
            seen = rows.seen(at).astype(np.float32)
            high, wide = (size // _PARTS for size in seen.shape[:2])
            cut = seen[: high * _PARTS, : wide * _PARTS]
            parts = cut.reshape(_PARTS, high, _PARTS, wide, 3).mean((1, 3))  # [down, across, 3]
            out[at] = parts.ravel() / 255
        return out

    return once(("grid", rows.texts), means)
