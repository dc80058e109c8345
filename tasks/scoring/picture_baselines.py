"""What a description of a picture unit has to beat: colours, and the classes of a second network.

`colours` predicts the activation from the share of each colour of the palette in the picture,
`grid` from the mean colour of each of four by four parts; `classes`, where a network reads the
pictures, from how probably they show each group of its classes. All are ridge regressions learnt on
explore, their strength chosen on validation. They stand where the n-gram tables stand for text. Our
formulation.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...tools.data.image_rows import ImageRows
from ...tools.models.picture_reader import picture_states, reader_groups
from ...tools.predicates.features import colour_shares as share_features
from ...tools.predicates.features import once
from ...tools.predicates.network_reader import reader_network
from .measured import Splits

_STRENGTHS = (0.1, 1.0, 10.0, 100.0)
_PARTS = 4


def colour_shares(splits: Splits) -> np.ndarray:
    """From how much of each colour there is, `[image of the test split]`."""
    return _ridge(share_features, splits)


def colour_grid(splits: Splits) -> np.ndarray:
    """From which colour is where, `[image of the test split]`."""
    return _ridge(_grid, splits)


def class_table(splits: Splits) -> np.ndarray | None:
    """From the groups of the reader's classes, `[image of the test split]`; None without."""
    network = reader_network(splits.explore.windows)  # type: ignore[arg-type]
    groups = {} if network is None else reader_groups(network)
    if network is None or not network.labels:
        return None
    chosen = [list(some) for some in groups.values()] or [[i] for i in range(len(network.labels))]

    def shares(rows: ImageRows) -> np.ndarray:
        classes = picture_states(network, rows).classes
        return np.stack([classes[:, some].sum(1) for some in chosen], 1)  # [image, group]

    return _ridge(shares, splits)


def _ridge(features: Callable[[Any], np.ndarray], splits: Splits) -> np.ndarray:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, held, wanted = (features(part.windows)[part.counted[:, 0]] for part in splits)
    models = [
        make_pipeline(StandardScaler(), Ridge(strength)).fit(x, splits.explore.flat)
        for strength in _STRENGTHS
    ]
    truth = splits.validation.flat
    best = min(models, key=lambda model: np.square(model.predict(held) - truth).mean())
    return best.predict(wanted)


def _grid(rows: ImageRows) -> np.ndarray:
    """Mean colours of the parts, `[image, down * across * 3]`, computed once."""

    def means() -> np.ndarray:
        out = np.zeros((len(rows), _PARTS * _PARTS * 3))
        for i in range(len(rows)):
            seen = rows.seen(i).astype(np.float32)
            high, wide = (size // _PARTS for size in seen.shape[:2])
            cut = seen[: high * _PARTS, : wide * _PARTS]
            parts = cut.reshape(_PARTS, high, _PARTS, wide, 3).mean((1, 3))  # [down, across, 3]
            out[i] = parts.ravel() / 255
        return out

    return once(("grid", rows.texts), means)
