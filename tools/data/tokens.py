"""Token ids, offsets and surfaces from any Hugging Face tokenizer, in batches.

1. Fast tokenizers give offsets. For others the surfaces are found again in the text, in order.
2. A very long text is tokenized in pieces that end at white space.
3. A surface is the text that a token stands for: `Ġthe` is " the", `▁the` is " the", `##ing`
   is "ing", `<0x0A>` is a line end. Bytes that are only a part of a character stay visible as
   `<0xE6>`, so that different tokens do not look alike.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError

_PIECE = 100_000  # characters of one piece of a long text
_BATCH = 300_000  # characters tokenized in one call
_BYTE = 6  # characters of "<0x0A>"


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


def surfaces(target: Any) -> tuple[str, ...]:
    """The surface text of every token id of a target, kept on the target."""
    kept = getattr(target, "_surfaces", None)
    if kept is None:
        tokenizer = target.tokenizer
        if tokenizer is None:
            raise UsageError(f"{target.name} has no tokenizer, so its tokens have no text")
        pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        pieces = ["" if piece is None else _text(piece) for piece in pieces]
        special = set(tokenizer.all_special_ids)
        alphabet = _alphabet() if _byte_level(pieces) else None
        kept = tuple(
            piece if number in special else _surface(piece, alphabet)
            for number, piece in enumerate(pieces)
        )
        target._surfaces = kept
    return kept


def _text(piece: Any) -> str:
    return piece.decode("utf-8", "replace") if isinstance(piece, bytes) else str(piece)


def _surface(piece: str, alphabet: dict[str, int] | None) -> str:
    if alphabet is not None:
        if all(character in alphabet for character in piece):
            return _visible(bytes(alphabet[character] for character in piece))
        return piece
    if len(piece) == _BYTE and piece.startswith("<0x") and piece.endswith(">"):
        try:
            return _visible(bytes([int(piece[3:5], 16)]))
        except ValueError:
            return piece
    if piece.startswith("##") and len(piece) > 2:
        return piece[2:]
    return piece.replace("▁", " ")


def _visible(raw: bytes) -> str:
    """The bytes as text; those that are no whole character as `<0xE6>`."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        wrong = "".join(f"<0x{byte:02X}>" for byte in raw[error.start : error.end])
        return raw[: error.start].decode() + wrong + _visible(raw[error.end :])


def _byte_level(pieces: Sequence[str]) -> bool:
    """Whether the vocabulary is written in GPT-2's alphabet, one character a byte."""
    single = {piece for piece in pieces if len(piece) == 1}
    return len(single & _alphabet().keys()) >= 250


@cache
def _alphabet() -> dict[str, int]:
    """GPT-2's characters for the 256 bytes: visible ones stand for themselves."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    named = {chr(byte): byte for byte in plain}
    return named | {chr(256 + number): byte for number, byte in enumerate(others)}
