"""The words that a change of a text model's output is read in: tokens, or lexicon words along the
change of an output embedding."""

import re
from collections.abc import Sequence

import numpy as np
import torch

from ..data.windows import surfaces
from ..lab import Lab
from ..lens.lexicon_words import lexicon_vectors

NAMED = 6
"""Words that are named and scored."""
_BYTES = re.compile("^<0x[0-9A-F]{2}>$|\ufffd")
"""Tokens that are part of a character: they are no words, and are not named."""


class EffectWords:
    """Names, and the number of each in a change."""

    def __init__(self, lab: Lab) -> None:
        self._vectors: np.ndarray | None = None
        if lab.target.kind == "causal":
            self.names: Sequence[str] = surfaces(lab.target)
            self.width = lab.target.site("logit").units
            self._lengths = _row_lengths(lab, len(self.names))
            special = set(getattr(lab.target.tokenizer, "all_special_ids", ()))
            self._readable = np.array(
                [
                    token not in special and bool(name) and not _BYTES.search(name)
                    for token, name in enumerate(self.names)
                ]
            )
        else:
            self.names, self._vectors = lexicon_vectors(lab)
            self._lengths = np.ones(len(self.names))
            self._readable = np.ones(len(self.names), bool)
            self.width = self._vectors.shape[1]

    def of(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: change of the logit over that of all words, or along a word's embedding."""
        if self._vectors is not None:
            return self._vectors @ change.astype(np.float64)
        result = change[: len(self.names)].astype(np.float64)
        return result - result.mean()

    def by_length(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: the change for the length of the word's own row: long rows move with anything,
        short ones with little."""
        return self.of(change) / self._lengths

    def top(self, change: np.ndarray) -> np.ndarray:
        """The words that a change raises most."""
        result = np.where(self._readable, self.by_length(change), -np.inf)
        return np.argsort(-result, kind="stable")[:NAMED]


def _row_lengths(lab: Lab, n: int) -> np.ndarray:
    """`[token]`: lengths of the rows of the vocabulary head, less their mean; 1 where not known."""
    weight = getattr(lab.target.network.get_submodule(lab.target.site("logit").module), "weight", 0)
    if not isinstance(weight, torch.Tensor) or weight.ndim != 2 or len(weight) < n:
        return np.ones(n)
    rows = weight.detach().float()
    rows = torch.linalg.vector_norm(rows - rows.mean(0), dim=1).cpu().numpy()[:n]
    return np.maximum(rows, 0.1 * np.median(rows)) / np.median(rows)
