"""The bench of tier M: an encoder with planted units that do what a text says, and its corpus.

1. A reading network (`reading.py`) sees the states that enter a block; its outputs are neurons of
   that block, on the scale of one of the host's own and with another one as background.
2. The corpus has passages of the split `train`, one of every pair, each with a sentence of everyday
   text before or behind it, so that a window holds it whole.
3. Units are judged on pairs of the split `held`: other templates, other words. A unit's activation
   is its truth there, wherever its reading errs.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import torch

from .....tools.data.corpus import Corpus, Document
from .....tools.data.windows import surfaces
from .....tools.errors import UsageError
from .....tools.models.planted import Vocabulary
from .....tools.models.target import Target
from ...planted import ENOUGH, PlantedUnit, Probes, Written, plant
from ..host_neurons import HostNeurons
from ..words import categories
from ..writing import documents
from . import functions
from .passages import KINDS, LOCKED, passages
from .placed import Placed, placed
from .reading import BLOCK, ENCODER, intended, judged, reading_network, readings_of

SITE = f"mlp.{BLOCK + 1}"
EACH = 3
"""Units of a kind."""
OPEN = tuple(kind for kind in KINDS if kind not in LOCKED)
"""Kinds that are planted unless others are asked for."""
PAIRS = 40
"""Pairs of a kind that units are judged on."""
_TOKENS = 48
"""Of a document of the corpus, about."""


@dataclass(frozen=True, eq=False)
class MeaningBench:
    """A target with planted units of meaning, its corpus, and pairs that nobody sees."""

    name: str
    target: Target
    corpus: Corpus
    units: tuple[PlantedUnit, ...]
    held: Placed
    """Pairs of all kinds."""
    vocabulary: Vocabulary = field(repr=False)

    @cached_property
    def activations(self) -> dict[str, np.ndarray]:
        """What every planted unit does on the held pairs, `[window, place]` by its name."""
        named = [self.target.unit(unit.unit) for unit in self.units]
        values = self.target.activations(self.held.windows, named).float().cpu().numpy()
        return {unit.unit: values[i] for i, unit in enumerate(self.units)}

    def judged(self, unit: PlantedUnit) -> np.ndarray:
        """bool `[window, place]`: the words of its kind's held pairs that a unit is judged at."""
        return self.held.where(partial(judged, unit.function.reading))

    def intended(self, unit: PlantedUnit) -> np.ndarray:
        """bool `[window, place]`: where the true description says that a unit is active."""
        return self.held.where(partial(intended, unit.function.reading))

    def active(self, unit: PlantedUnit) -> np.ndarray:
        """bool `[window, place]`: above half of what the unit does where it is surely active."""
        values = self.activations[unit.unit]
        return values > _top(values, self.judged(unit)) / 2

    def probes(self, unit: PlantedUnit, seed: int) -> Probes:
        """The judged words at which the unit is active, and those at which it is silent."""
        values, judged = self.activations[unit.unit], self.judged(unit)
        on, rng = self.active(unit), np.random.default_rng(seed)
        cells = {
            name: rng.permutation(np.argwhere(judged & side))[:ENOUGH]
            for name, side in (("active", on), ("silent", ~on))
        }
        level = np.maximum(values, 0) / _top(values, judged)
        return Probes(self.held.windows, cells, level)


def bench(
    seed: int,
    *,
    kinds: Sequence[str] = OPEN,
    tokens: int,
    host: Target | None = None,
) -> MeaningBench:
    """The bench of one seed.

    Args:
        seed: Of the corpus, of the held pairs and of where units stand.
        kinds: Kinds of units to plant, three of each.
        tokens: About how many tokens the corpus has.
        host: Only the encoder that the reading network was trained on.

    Raises:
        UsageError: for another host, or if the encoder is not installed.
    """
    if host is not None and host.name != ENCODER:
        raise UsageError(f"tier M is planted in {ENCODER} alone; leave --host away")
    host = host or Target.load(ENCODER)
    texts = corpus_texts(kinds, tokens, seed)
    drawn = [(kind, functions.function_of(one)) for kind in kinds for one in readings_of(kind)]
    target, units = plant(
        host,
        SITE,
        drawn,
        lambda drawn: _Host(host, SITE, drawn, texts),
        functions,
        np.random.default_rng(seed),
        tier="M",
        seed=seed,
        reading=reading_network(),
    )
    pairs = [[p] for kind in kinds for p in passages(kind, "held", pairs=PAIRS, seed=seed)]
    return MeaningBench(
        f"{seed}-M",
        target,
        Corpus(f"suite {seed} M", [Document(f"{i}", text) for i, text in enumerate(texts)]),
        units,
        placed(target, pairs),
        Vocabulary(surfaces(target), target.tokenizer),
    )


def corpus_texts(kinds: Sequence[str], tokens: int, seed: int) -> list[str]:
    """Documents of one passage and one other sentence; every kind equally often, both sides."""
    rng = random.Random(seed)
    each = max(20, round(tokens / _TOKENS / len(kinds)))
    rest = [s for text in documents(categories(), n=400, seed=seed + 1) for s in text.split(". ")]
    result = []
    for kind in kinds:
        both = passages(kind, "train", pairs=each, seed=seed + 1)
        for i in range(each):
            other = f"{rng.choice(rest).rstrip('.')}."
            parts = [both[2 * i + rng.randint(0, 1)].text, other]
            result.append(" ".join(rng.sample(parts, 2)))
    rng.shuffle(result)
    return result


class _Host(HostNeurons):
    """What is known of the encoder's neurons; planted ones write in directions drawn at random."""

    def output(
        self, function: object, relation: str, scale: float, rng: np.random.Generator
    ) -> Written:
        """As long as any planted unit's."""
        vector = torch.from_numpy(rng.standard_normal(self.width)).float()
        if relation == "nothing":
            vector = torch.zeros_like(vector)
        return Written(vector / vector.norm().clamp(min=1e-6) * self.length / scale, relation, ())


def _top(values: np.ndarray, judged: np.ndarray) -> float:
    return max(float(np.quantile(values[judged], 0.95)), 1e-9)
