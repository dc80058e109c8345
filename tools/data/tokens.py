"""Token ids, offsets and surfaces from any Hugging Face tokenizer, in batches.

1. Fast tokenizers give offsets. For others the surfaces are found again in the text, in order.
2. A very long text is tokenized in pieces that end at white space.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError
from .surfaces import surfaces

_PIECE = 100_000  # characters of one piece of a long text
_BATCH = 300_000  # characters tokenized in one call


class Tokenized(NamedTuple):
    """One text as tokens; every array is `[token]`, int32."""

    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray


def tokenize(target: Any, texts: Sequence[str]) -> Iterator[Tokenized]:
    """Each text as tokens, without special tokens of the tokenizer's own, in order.

    Raises:
        UsageError: if the target has no tokenizer.
    """
    if target.tokenizer is None:
        raise UsageError(f"{target.name} has no tokenizer, so it cannot read text")
    batch: list[list[str]] = []
    size = 0
    for text in texts:
        batch.append(_pieces(text))
        size += len(text)
        if size >= _BATCH:
            yield from _batch(target, batch)
            batch, size = [], 0
    yield from _batch(target, batch)


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    while len(text) > _PIECE:
        stop = max(text.rfind(" ", 0, _PIECE), text.rfind("\n", 0, _PIECE))
        stop = stop if stop > 0 else _PIECE
        pieces.append(text[:stop])
        text = text[stop:]
    return [*pieces, text]


def _batch(target: Any, batch: list[list[str]]) -> Iterator[Tokenized]:
    flat = [piece for pieces in batch for piece in pieces]
    if not flat:
        return
    coded = iter(_coded(target, flat))
    for pieces in batch:
        parts: list[Tokenized] = []
        offset = 0
        for piece in pieces:
            ids, spans = next(coded)
            parts.append(Tokenized(ids, spans[:, 0] + offset, spans[:, 1] + offset))
            offset += len(piece)
        yield Tokenized(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _coded(target: Any, texts: list[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    tokenizer = target.tokenizer
    fast = bool(getattr(tokenizer, "is_fast", False))
    options: dict[str, Any] = {"return_offsets_mapping": True} if fast else {}
    coded = tokenizer(texts, add_special_tokens=False, verbose=False, **options)
    for number, ids in enumerate(coded["input_ids"]):
        spans = coded["offset_mapping"][number] if fast else _found(target, texts[number], ids)
        yield np.array(ids, np.int32), np.array(spans, np.int32).reshape(-1, 2)


def _found(target: Any, text: str, ids: list[int]) -> list[tuple[int, int]]:
    """Offsets of tokens whose tokenizer gives none: each surface where it comes next in the text.

    A token whose surface is not found there (a part of a character, changed letters) is empty and
    stands where the last one ended.
    """
    names = surfaces(target)
    lower = text.lower() if len(text.lower()) == len(text) else text
    spans: list[tuple[int, int]] = []
    at = 0
    for token in ids:
        surface = names[token]
        start = -1
        for wanted, where in ((surface, text), (surface.strip(), text), (surface.lower(), lower)):
            if wanted:
                start = where.find(wanted, at, at + len(wanted) + 64)
            if start >= 0:
                at = start + len(wanted)
                spans.append((start, at))
                break
        if start < 0:
            spans.append((at, at))
    return spans
