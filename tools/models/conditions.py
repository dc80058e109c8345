"""What planted units look at, as plain functions of the token ids, and how strongly they answer.

A condition says at which places it holds, `[input, place]` bool, from the tokens up to that place.
`graded` turns it into activations like those of a trained neuron: where it holds, a level that
depends on the token and varies with the context; elsewhere a small background around zero. Both
are hashes of the tokens, so that one text always gives one activation.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .planted import Function, Vocabulary

Condition = Callable[[np.ndarray, Vocabulary], np.ndarray]


def one_of(words: Sequence[str]) -> Condition:
    """The token begins a word and is one of these, however capitalised."""
    return lambda ids, vocabulary: vocabulary.among(words)[ids] & vocabulary.begins(ids)


def symbol(text: str) -> Condition:
    """The token is this text and nothing else, spaces aside."""
    return lambda ids, vocabulary: vocabulary.among([text])[ids]


def capital(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """The token starts with a capital letter."""
    return vocabulary.capitalised[ids]


def after(inner: Condition, distance: int = 1) -> Condition:
    """The condition held this many tokens before."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        result = np.zeros(ids.shape, bool)
        result[:, distance:] = inner(ids, vocabulary)[:, : ids.shape[1] - distance]
        return result

    return condition


def earlier(inner: Condition, within: int) -> Condition:
    """The condition held at one of the places before, at most so many tokens back."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        total = np.cumsum(inner(ids, vocabulary), axis=1)  # [input, place]
        before = np.pad(total, ((0, 0), (within + 1, 0)))[:, : ids.shape[1] + within]
        return before[:, within:] > before[:, : ids.shape[1]]

    return condition


def in_sentence(inner: Condition) -> Condition:
    """The condition held before in this sentence, which starts after a `.`, `!` or `?`."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        total = np.cumsum(inner(ids, vocabulary), axis=1)  # [input, place]
        ends = vocabulary.among([".", "!", "?"])[ids]
        base = np.maximum.accumulate(np.where(ends, total, 0), axis=1)  # at the last end so far
        result = np.zeros(ids.shape, bool)
        result[:, 1:] = (total > base)[:, :-1]
        return result

    return condition


def both(one: Condition, other: Condition) -> Condition:
    """Both conditions hold."""
    return lambda ids, vocabulary: one(ids, vocabulary) & other(ids, vocabulary)


def either(*inner: Condition) -> Condition:
    """Some condition holds."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        return np.logical_or.reduce([one(ids, vocabulary) for one in inner])

    return condition


def graded(condition: Condition, seed: int) -> Function:
    """Activations of a unit that answers to a condition.

    Active: between 0.56 and 2.6, by token and by the token before it. Elsewhere: normal noise
    of standard deviation 0.06, not below -0.17.
    """

    def function(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        previous = np.concatenate([np.zeros((len(ids), 1), ids.dtype), ids[:, :-1]], axis=1)
        level = 0.8 + 1.2 * uniform(ids, seed)  # a token's own strength
        shake = 0.7 + 0.6 * uniform(ids * 8191 + previous, seed + 1)
        spread = [uniform(ids * 8191 + previous, seed + 2 + part) for part in range(3)]
        noise = 0.06 * 2 * (np.sum(spread, axis=0) - 1.5)  # about normal
        return np.where(condition(ids, vocabulary), level * shake, np.maximum(noise, -0.17))

    return function


def uniform(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Hashes integers to 0..1 (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(seed + 1)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53
