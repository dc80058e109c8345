"""What each neuron of the modular-addition transformer computes, from all of its inputs.

A neuron's activations over all `p * p` pairs are a table whose variance splits into shares of
frequencies. A neuron whose largest share reaches a threshold has that frequency; others have none.
"""

from typing import NamedTuple

import numpy as np
import torch

from ....tools.models import Target
from ...organisms.modular import frequency_shares
from .load import LAST

THRESHOLD = 0.5
"""Share of a neuron's variance that its frequency must hold: more than all others together."""


class Truth(NamedTuple):
    """All neurons."""

    table: np.ndarray
    """Activations `[a, b, neuron]`."""
    shares: np.ndarray
    """`[neuron, frequency]`, frequencies from 1."""

    @property
    def share(self) -> np.ndarray:
        """The largest share of each neuron."""
        return self.shares.max(1)

    @property
    def frequency(self) -> np.ndarray:
        """The frequency of each neuron; 0: it has none."""
        return np.where(self.share >= THRESHOLD, self.shares.argmax(1) + 1, 0)


def measured(target: Target, pairs: np.ndarray) -> np.ndarray:
    """Activations of all neurons where the network is read.

    Args:
        target: The modular-addition target.
        pairs: `[input, 2]`.

    Returns:
        `[input, neuron]`.
    """
    parts = []
    for start in range(0, len(pairs), 4096):
        inputs = torch.as_tensor(pairs[start : start + 4096], dtype=torch.long)
        parts.append(target.trace(inputs, ["mlp.0"]).values["mlp.0"][:, LAST].cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def all_pairs(modulus: int) -> np.ndarray:
    """`[p * p, 2]`."""
    return np.stack(np.divmod(np.arange(modulus**2), modulus), axis=1)


def truth_of(target: Target, modulus: int) -> Truth:
    """The truth of every neuron of a target."""
    table = measured(target, all_pairs(modulus)).reshape(modulus, modulus, -1)
    return Truth(table, frequency_shares(table))
