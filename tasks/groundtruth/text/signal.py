"""From a noiseless level to an activation like those of the host's own neurons.

The scale of a planted unit is that of a host neuron drawn for it: where the function holds, values
lie around the mean of that neuron's largest hundredth, by a hash of the token and the one before.
Units without a function get values that no text can explain, of the same sizes.
"""

import numpy as np
from scipy.special import ndtri

from ....tools.models.conditions import uniform
from ....tools.models.planted import Function, Vocabulary
from ..planted import HostUnit
from .functions import TextFunction

_ON = 0.02
"""Share of places at which a unit that answers to a hash is on."""


def neuron(number: int, values: np.ndarray) -> HostUnit:
    """What is known of a host neuron: its activations over a sample of text, sorted."""
    values = np.sort(values)
    top = float(values[-max(1, len(values) // 100) :].mean())
    return HostUnit(number, values, top, float(np.quantile(np.abs(values), 0.999)))


def active(planted: TextFunction, like: HostUnit, seed: int) -> Function:
    """The planted function's level, on the scale of a neuron, shaken by up to a fifth."""

    def function(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        shake = 0.85 + 0.4 * uniform(_recent(ids, 2), seed)
        return planted.values(ids, vocabulary) * shake * like.scale

    return function


def permuted(like: HostUnit, seed: int) -> Function:
    """A neuron's own values in a random order of places."""

    def function(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        rank = uniform(_recent(ids, ids.shape[1]), seed)
        return like.values[(rank * len(like.values)).astype(int)]

    return function


def hashed(like: HostUnit, seed: int) -> Function:
    """On or off by a hash of the last four tokens."""

    def function(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        draw = uniform(_recent(ids, 4), seed)
        size = 0.85 + 0.4 * uniform(_recent(ids, 4), seed + 1)
        return np.where(draw < _ON, size * like.scale, 0.0)

    return function


def noise(like: HostUnit, seed: int) -> Function:
    """Log-normal noise with the tail of a neuron."""

    def function(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        draw = ndtri(np.clip(uniform(_recent(ids, ids.shape[1]), seed), 1e-9, 1 - 1e-9))
        return 0.1 * like.scale * np.exp(draw)

    return function


def dead(like: HostUnit, seed: int, turn: int) -> Function:
    """Never above zero: zero, or at odd turns a small value below."""

    def function(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        draw = uniform(_recent(ids, 3), seed)
        return -0.1 * like.scale * draw if turn % 2 else np.zeros(ids.shape)

    return function


def _recent(ids: np.ndarray, n: int) -> np.ndarray:
    """One number for the last `n` tokens up to each place, `[input, place]` uint64."""
    result = np.zeros(ids.shape, np.uint64)
    with np.errstate(over="ignore"):
        for back in range(min(n, ids.shape[1])):
            moved = np.zeros(ids.shape, np.uint64)
            moved[:, back:] = ids[:, : ids.shape[1] - back].astype(np.uint64) + np.uint64(1)
            result += moved * np.uint64(pow(0x9E3779B97F4A7C15, back + 1, 1 << 64) | 1)
    return result
