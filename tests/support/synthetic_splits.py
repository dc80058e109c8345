"""Windows of random tokens with activations given by a formula: the truth is known exactly."""

from collections.abc import Callable
from typing import Any

import numpy as np
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.scoring.measured import Measured
from token_rows import windows_of

VOCABULARY = tuple(f" t{number}" for number in range(12))


def measured(
    values_of: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    seed: int,
    rows: int = 300,
    places: int = 20,
) -> Measured:
    """One split: `measured(values_of(ids, previous ids), seed=...)`."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 12, (rows, places)).astype(np.int32)
    before = np.roll(ids, 1, axis=1)
    before[:, 0] = -1
    values = values_of(ids, before) + rng.normal(0, 0.1, ids.shape)
    return Measured(windows_of(ids, vocabulary=VOCABULARY), values.astype(np.float32))


def tokens(*numbers: int) -> dict[str, Any]:
    """The predictor of some tokens."""
    return {"kind": "tokens", "tokens": [f" t{number}" for number in numbers]}


def after(first: int) -> dict[str, Any]:
    """The predictor of places behind a token."""
    return {"kind": "previous", "of": tokens(first), "distance": 1, "by": "token"}


def described(*predictors: dict[str, Any], **more: Any) -> Description:
    """A description with a component for each predictor."""
    return Description("x", tuple(Component("x", one) for one in predictors), **more)
