"""Which Fourier frequencies a table of the numbers 0 to p - 1 is made of (Nanda et al. 2023).

Networks that add modulo p embed numbers on circles: the rows of the embedding are waves of a few
key frequencies over the number.

1. The rows of the numbers, less their mean, are transformed; the share of a frequency is its power
   in that of all.
2. Control: the rows in random order, `PERMUTATIONS` times; of each the largest share counts.
3. Key frequencies have a larger share than all but a twentieth of these: one table of chance in
   twenty has any.

Numbers that are embedded by size, on no circle, are made of the lowest frequencies.
"""

from typing import NamedTuple

import numpy as np
from torch import nn

from ..data.surfaces import surfaces
from ..models import Target
from ..predicates.algorithms import numbers_of

PERMUTATIONS = 199
_LEAST = 7
"""Numbers, below which there are three frequencies or fewer."""


class TableFrequencies(NamedTuple):
    """The frequencies of a table."""

    modulus: int
    """Rows."""
    shares: dict[int, float]
    """Of the power, by key frequency, the largest first."""
    control: float
    """The share that a twentieth of tables in random order reach."""

    def words(self) -> str:
        """For people."""
        each = ", ".join(f"{k} ({share:.0%})" for k, share in self.shares.items()) or "none"
        return (
            f"{each} of the embedding of 0 to {self.modulus - 1}, by share of its power; in random "
            f"order at most {self.control:.0%}"
        )


def table_frequencies(table: np.ndarray, rng: np.random.Generator) -> TableFrequencies:
    """The key frequencies of a table `[number, column]` of the numbers 0 to p - 1."""
    shares = _shares(table)
    null = [_shares(table[rng.permutation(len(table))]).max() for _ in range(PERMUTATIONS)]
    control = float(np.sort(null)[-(1 + PERMUTATIONS) // 20])
    order = [int(i) for i in np.argsort(-shares, kind="stable") if shares[i] > control]
    return TableFrequencies(len(table), {i + 1: float(shares[i]) for i in order}, control)


def _shares(table: np.ndarray) -> np.ndarray:
    """Shares of power by frequency, from 1."""
    power = np.square(np.abs(np.fft.rfft(table - table.mean(0), axis=0))).sum(1)[1:]
    if len(table) % 2 == 0:
        power[-1] /= 2  # all others stand twice in the whole transform
    return power / max(float(power.sum()), 1e-30)


def embedding_frequencies(target: Target, rng: np.random.Generator) -> TableFrequencies | None:
    """Those of a target's embedding of numbers; None where its tokens are not the numbers from 0
    on, or no module embeds them."""
    if target.tokenizer is None:
        return None
    tokens = number_tokens(target)
    size = len(surfaces(target))
    for module in target.network.modules():
        if isinstance(module, nn.Embedding) and module.num_embeddings >= size and tokens:
            table = module.weight.detach().float().cpu().numpy()[tokens]
            return table_frequencies(table.astype(np.float64), rng)
    return None


def number_tokens(target: Target) -> list[int]:
    """The tokens of 0 to p - 1, where these are most of the vocabulary; else none."""
    numbers = numbers_of(surfaces(target))
    at = {int(n): i for i, n in enumerate(numbers) if np.isfinite(n) and n == int(n)}
    tokens = [at[n] for n in range(len(at)) if n in at]
    few = len(tokens) < max(_LEAST, len(numbers) / 2)
    return [] if few or len(tokens) < len(at) else tokens
