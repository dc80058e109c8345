"""What a search finds where there is nothing: the same unit with its texts exchanged.

The unit's activations are laid over the counted places again, documents in another order and
shifted by some places. Their distribution and their likeness to their neighbours stay, and what
they have to do with the text goes. A description must beat what the same search makes of that.
"""

import numpy as np

from .model import fit_model
from .splits import Sample

CERTAIN = 0.12
"""Share of variance from which no search of noise comes near; nothing is tried then."""


def exchanged(sample: Sample, rng: np.random.Generator) -> Sample:
    """The sample with its activations moved to other documents."""
    board = sample.board
    document = np.repeat(board.windows.document, board.shape[1])
    known = np.flatnonzero(sample.weight > 0)
    order = rng.permutation(int(document.max(initial=0)) + 1)
    moved = known[np.argsort(order[document[known]], kind="stable")]
    shift = int(rng.integers(1, max(2, len(known))))
    target = sample.target.copy()
    target[known] = np.roll(sample.target[moved], shift)
    return sample._replace(target=target)


def null_score(sample: Sample, rng: np.random.Generator, *, times: int = 2) -> float:
    """The best share of unseen variance that the search explains of exchanged activations."""
    return max(fit_model(exchanged(sample, rng), most=2).checked for _ in range(times))
