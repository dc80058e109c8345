"""The text that every token id stands for, as the tokenizer's own decoder gives it.

1. The decoder (where there is none, the pre-tokenizer or the normalizer) says how pieces are
   written. Byte-level pieces are turned back into bytes by GPT-2's table; all others are decoded
   behind a letter, so that what happens at the start of a text alone does not happen.
2. `Ġthe` and `▁the` become " the", `##ing` becomes "ing", `the</w>` becomes "the ". A decoder that
   puts spaces between words of its own (WordPiece) gives "the": its tokens hold no space.
3. Bytes that are only a part of a character stay visible as `<0xE6>`, so that different tokens do
   not look alike; joined to bytes again they are the character.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from ..errors import UsageError

_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")
_WRONG = "\ufffd"  # what decoders give for bytes that are no character

Read = Callable[[str], str]


def surfaces(target: Any) -> tuple[str, ...]:
    """`[id]`: the surface text of every token id of a target, kept on the target.

    Raises:
        UsageError: if the target has no tokenizer.
    """
    kept = getattr(target, "_surfaces", None)
    if kept is None:
        tokenizer = target.tokenizer
        if tokenizer is None:
            raise UsageError(f"{target.name} has no tokenizer, so its tokens have no text")
        size = max(len(tokenizer), 1 + max(tokenizer.get_vocab().values(), default=-1))
        pieces = tokenizer.convert_ids_to_tokens(list(range(size)))
        special = set(tokenizer.all_special_ids)
        read = piece_text(tokenizer)
        kept = tuple(
            "" if piece is None else str(piece) if number in special else read(piece)
            for number, piece in enumerate(pieces)
        )
        target._surfaces = kept
    return kept


def joined(texts: list[str] | tuple[str, ...]) -> str:
    """Surfaces as one text, with characters whole that were spread over several tokens."""
    raw = b"".join(
        bytes.fromhex(part) if i % 2 else part.encode("utf-8", "surrogatepass")
        for i, part in enumerate(_BYTE.split("".join(texts)))
    )
    return raw.decode("utf-8", "replace")


def piece_text(tokenizer: Any) -> Read:
    """What turns one piece of a tokenizer's vocabulary into the text it stands for."""
    if getattr(tokenizer, "pieces_are_text", False):
        return lambda piece: piece
    inner = getattr(tokenizer, "backend_tokenizer", None)
    read = _asked(tokenizer) if inner is None else _told(tokenizer, inner)
    suffix = getattr(getattr(inner, "model", None), "end_of_word_suffix", None)

    def text(piece: Any) -> str:
        if isinstance(piece, bytes):
            return visible(piece)
        if suffix and piece.endswith(suffix):
            return read(piece.removesuffix(suffix)) + " "
        return read(piece)

    return text


def _told(tokenizer: Any, inner: Any) -> Read:
    """By the settings of a tokenizer of the `tokenizers` library."""
    decoder = inner.decoder
    steps = _steps(decoder)
    splits = [*_steps(inner.pre_tokenizer), *_steps(inner.normalizer)] if decoder is None else []
    kinds = {step.get("type") for step in (*steps, *splits)}
    if "ByteLevel" in kinds:
        added = set(tokenizer.get_added_vocab())
        return lambda piece: piece if piece in added else _from_table(piece)
    if decoder is not None:
        return _behind_a_letter(decoder.decode, tokenizer, spaced="WordPiece" in kinds)
    prefix = getattr(inner.model, "continuing_subword_prefix", None) or ""
    space = next((s["replacement"] for s in splits if s.get("type") == "Metaspace"), " ")
    return lambda piece: piece.removeprefix(prefix).replace(space, " ")


def _asked(tokenizer: Any) -> Read:
    """By what a tokenizer written in Python says of two letters and a space."""
    if list(tokenizer.tokenize("é")) == ["Ã", "©"]:  # its pieces are bytes
        if "Ġ" in "".join(tokenizer.tokenize("a b")):
            return _from_table
        added = set(tokenizer.get_added_vocab())
        return lambda piece: (
            piece if piece in added or max(piece, default="") > "\xff"
            else visible(piece.encode("latin-1"))
        )  # fmt: skip
    return _behind_a_letter(tokenizer.convert_tokens_to_string, tokenizer, spaced=False)


def _behind_a_letter(decode: Callable[[list[str]], str], tokenizer: Any, *, spaced: bool) -> Read:
    vocabulary = tokenizer.get_vocab()
    # a letter of the vocabulary that stands for itself; else any piece that gives visible text
    letters = [letter for letter in "aeinotsx01" if letter in vocabulary]
    anchor = next((item for item in letters if decode([item]) == item), "a")
    before = decode([anchor])

    def read(piece: str) -> str:
        try:
            text = decode([anchor, piece])
        except Exception:  # a tokenizer in Python that does not decode such a piece
            return piece
        text = text.removeprefix(before)
        if _WRONG in text and _WRONG not in piece:
            byte = _BYTE.fullmatch(piece)
            return visible(bytes.fromhex(byte[1])) if byte else text
        return text.removeprefix(" ") if spaced and not piece.startswith(" ") else text

    return read


def _steps(part: Any) -> list[dict[str, Any]]:
    """The settings of a decoder, pre-tokenizer or normalizer, sequences in a row."""
    if part is None:
        return []
    try:
        settings = json.loads(part.__getstate__())
    except Exception:  # one written in Python keeps its settings to itself
        return []
    result: list[dict[str, Any]] = []

    def walk(item: Any) -> None:
        if isinstance(item, dict):
            result.append(item)
            for name in ("decoders", "pretokenizers", "normalizers"):
                for inner in item.get(name) or ():
                    walk(inner)

    walk(settings)
    return result


def _from_table(piece: str) -> str:
    table = _alphabet()
    if any(character not in table for character in piece):
        return piece
    return visible(bytes(table[character] for character in piece))


def visible(raw: bytes) -> str:
    """The bytes as text; those that are no whole character as `<0xE6>`."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        wrong = "".join(f"<0x{byte:02X}>" for byte in raw[error.start : error.end])
        return raw[: error.start].decode() + wrong + visible(raw[error.end :])


@cache
def _alphabet() -> dict[str, int]:
    """GPT-2's characters for the 256 bytes: visible ones stand for themselves."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    named = {chr(byte): byte for byte in plain}
    return named | {chr(256 + number): byte for number, byte in enumerate(others)}
