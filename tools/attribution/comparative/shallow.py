"""Which earlier neurons, at which tokens, reach a deep neuron through a head.

A shallow neuron s writes m v at place p. Through head h it adds to the deep neuron n, at the place
q of the prediction,

    alpha_qp  key_n . W_O[h] W_V[h] LN(m v)      key_n: the row of W_in through LN_2, frozen

1. The key of n: its pre-activation is a direction times the residual stream, plus a constant
   (`attribution/query.py`: the norm's scale frozen, its mean subtracted).
2. Each channel j of the head writes W_O[h, j]; the key sees c_j = key . W_O[h, j].
3. Each channel's value at p is again a direction times the layer input at p, plus a constant; with
   alpha_qp c_j as weights they join into one direction a place.
4. A shallow neuron's term is its write at p along that direction. All terms (neurons, heads,
   embeddings, biases) sum to what the head adds to the key: the test.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import UsageError
from ...residual.exact import ExactTrace
from ..patterns import Pattern
from ..query import Key, keys_of
from ..sources import Layout, Sources, Spot


class Shallow(NamedTuple):
    """One earlier neuron."""

    spot: Spot
    """With the place where its term is largest."""
    value: float
    """What it adds to the deep neuron's pre-activation, over all places."""
    at_place: float
    """Of that at the one place."""


@dataclass(frozen=True, eq=False)
class Path:
    """What reaches one deep neuron through one head."""

    deep: Spot
    head: Spot
    key: float
    """The deep neuron's pre-activation (of the ungated map)."""
    through: float
    """What the head adds to it."""
    terms: Tensor
    """`[place, unit]` of all neurons before the head, in the order of the layout."""
    layout: Layout
    directions: Tensor
    """`[place, d]`: what a write at a place adds."""
    constant: float
    """What the values' biases add."""

    def best(self, many: int) -> tuple[Shallow, ...]:
        """The shallow neurons with the largest terms in the direction of the whole."""
        sign = 1.0 if self.through >= 0 else -1.0
        totals = self.terms.sum(0)
        order = (sign * totals).argsort(descending=True, stable=True)[:many].tolist()
        out = []
        for i in order:
            place = int((sign * self.terms[:, i]).argmax())
            spot = replace(self.layout.spot(i), place=place)
            out.append(Shallow(spot, float(totals[i]), float(self.terms[place, i])))
        return tuple(out)


def path(
    trace: ExactTrace, patterns: tuple[Pattern, ...], head: Spot, deep: Spot, place: int
) -> Path:
    """Follows a head to a deep neuron, and every shallow neuron through the head.

    Args:
        trace: Of the run.
        patterns: Attention of every block at all places.
        head: The head.
        deep: An MLP neuron behind it.
        place: Where the deep neuron acts: the place of the prediction.

    Raises:
        UsageError: if the head does not write into what the neuron reads.
    """
    parallel = trace.architecture.blocks[deep.block].parallel
    if head.block > deep.block or (parallel and head.block == deep.block):
        raise UsageError(f"{deep} does not read what {head} writes: it is not behind it")
    with torch.no_grad():
        (key,) = keys_of(trace, [deep], place, ())
        here = Sources(trace, place)
        through = float(here.linear("head", head.block, key.direction)[head.index])
        directions, constant = _directions(trace, patterns, head, key, place)
        blocks = [m.shape[-1] for m in trace.neurons[: head.block]]
        layout = Layout("mlp", tuple((size,) for size in blocks))
        terms = torch.zeros(trace.ids.shape[1], layout.size, device=trace.ids.device)
        for i in range(place + 1):
            source = Sources(trace, i)
            for block in range(head.block):
                result = source.linear("mlp", block, directions[i])
                terms[i, layout.starts[block] : layout.starts[block + 1]] = result
    return Path(deep, head, key.total, through, terms, layout, directions, constant)


def _directions(
    trace: ExactTrace, patterns: tuple[Pattern, ...], head: Spot, key: Key, place: int
) -> tuple[Tensor, float]:
    """What a write at each place adds to the key through the head `[place, d]`; the constant."""
    block = trace.architecture.blocks[head.block]
    channels = trace.heads[head.block].shape[3]
    columns = torch.arange(channels, device=trace.ids.device) + head.index * channels
    direction = key.direction
    if block.attention.after is not None:
        scale = block.attention.after.scale(trace.attention[head.block][0, place])
        direction = block.attention.after.back(direction, scale)
    seen = block.attention.rows(columns) @ direction  # [channel]
    weights = patterns[head.block].weights[0, head.index]  # [asked place, place]
    alpha = weights[-1] if len(weights) == 1 else weights[place]  # [place]
    spots = [Spot("attention", head.block, head.index, j, 0) for j in range(channels)]
    values = keys_of(trace, spots, place, patterns)
    joined = torch.stack([v.direction for v in values]).T @ seen  # [d], with the scale at place 0
    constants = torch.tensor([v.constant for v in values], device=seen.device)
    constant = float(alpha.sum() * (constants @ seen))
    norm = block.attention_reads
    if norm is None:
        return alpha[:, None] * joined, constant
    scales = norm.scale(trace.layer_input(head.block)[0])  # [place, 1]
    return alpha[:, None] * joined * scales[0] / scales, constant
