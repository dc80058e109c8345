"""What is known of the neurons of a host of text: what planted ones resemble and write toward."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ....tools.data.windows import cut, surfaces
from ....tools.models.planted import residual_norm
from ....tools.models.target import Target
from ..planted import Drawn, HostUnit, Written
from . import signal
from .functions import TextFunction

_LENGTH = 0.25
"""Of an output vector at the unit's scale, as a share of the residual stream's norm."""
_SAMPLED = 128
"""Windows over which the host's neurons are looked at."""


class HostNeurons:
    """The neurons at a site, and the words that a planted one can write toward."""

    def __init__(
        self, target: Target, site: str, drawn: Sequence[Drawn], texts: Sequence[str]
    ) -> None:
        windows = cut(target, texts, length=64).rows(slice(0, _SAMPLED))
        values = target.trace(windows, [site], output=False).values[site]
        self._values = values.float().cpu().numpy()[windows.counted]  # [token, neuron]
        strong = np.quantile(self._values, 0.99, axis=0) > np.median(np.abs(self._values))
        self.candidates = np.flatnonzero(strong)
        block = target.sites[site].block
        assert block is not None
        self.length = _LENGTH * residual_norm(target, block)
        head: Any = target.network.get_output_embeddings()  # type: ignore[operator]
        if head is None:  # an encoder writes toward what it reads
            head = target.network.get_input_embeddings()  # type: ignore[operator]
        self._unembedding = head.weight.detach().float()  # [id, d]
        self.width = self._unembedding.shape[1]
        self._surfaces = [surface.strip().lower() for surface in surfaces(target)]
        self._concepts = [f.concept for _, f in drawn if f is not None and f.concept]

    def unit(self, number: int) -> HostUnit:
        """What is known of one neuron."""
        return signal.neuron(number, self._values[:, number])

    def output(
        self, function: TextFunction | None, relation: str, scale: float, rng: np.random.Generator
    ) -> Written:
        """Toward the unembedding of a concept's words; nothing where none is a token."""
        named: tuple[str, ...] = ()
        if relation != "nothing" and self._concepts:
            named = function.concept if function is not None and relation != "other" else ()
            named = named or self._concepts[int(rng.integers(len(self._concepts)))]
        lower = {word.lower() for word in named}
        chosen = torch.tensor([surface in lower for surface in self._surfaces])
        if not chosen.any():
            return Written(torch.zeros(self.width), "nothing", ())
        toward = self._unembedding[chosen].mean(0) - self._unembedding.mean(0)
        vector = toward / toward.norm().clamp(min=1e-6) * self.length / scale
        return Written(vector / 2 if relation == "twin" else vector, relation, named)
