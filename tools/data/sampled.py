"""`self:N`: documents that the target language model writes itself.

1. Every document starts from the token that begins a text (or, where the tokenizer has none, from
   an ordinary token drawn at random).
2. Rows of one batch are sampled together at temperature 1 with a key-value cache, until each gives
   its end token or reaches its full length.
"""

from collections.abc import Iterator
from typing import Any

import torch

from ..errors import UsageError
from .corpus import Document

LENGTH = 128
"""Tokens of a document at most, the first one included."""
_ROWS = 128


def sample_documents(
    target: Any, n: int, *, seed: int = 0, length: int = LENGTH, most_tokens: int | None = None
) -> list[Document]:
    """Documents from a causal language model.

    Args:
        target: A causal target.
        n: Documents to write; ones that come out empty are written again.
        seed: The same seed gives the same documents on the same machine.
        length: Tokens of a document at most.
        most_tokens: Stops after the batch that passes this many tokens.

    Raises:
        UsageError: if the target is no causal language model.
    """
    if target is None or target.kind != "causal":
        what = "no target" if target is None else f"{target.name}, which is not a causal one"
        raise UsageError(f"data 'self:{n}' is sampled from a language model, but there is {what}")
    generator = torch.Generator().manual_seed(seed)
    texts: list[str] = []
    total = 0
    for _ in range(4 * (n // _ROWS + 1)):
        for ids in _batch(target, min(_ROWS, n), length, generator):
            text = target.tokenizer.decode(ids, skip_special_tokens=True)
            text = text.replace("\ufffd", "")
            if text.strip() and len(texts) < n:
                texts.append(text)
                total += len(ids)
        if len(texts) >= n or (most_tokens is not None and total >= most_tokens):
            break
    if not texts:
        raise UsageError(f"{target.name} writes nothing but empty texts; give other data")
    return [Document(f"self/{number}", text) for number, text in enumerate(texts)]


def _batch(target: Any, rows: int, length: int, generator: torch.Generator) -> Iterator[list[int]]:
    tokenizer = target.tokenizer
    length = min(length, target.context_length)
    first = _first(tokenizer, rows, generator)  # [row, 1]
    ends = {tokenizer.eos_token_id, tokenizer.pad_token_id} - {None}
    written = [first]
    cache = None
    open_rows = torch.ones(rows, dtype=torch.bool)
    with target.lock, torch.no_grad():
        for _ in range(length - 1):
            logits, cache = target.write(written[-1], cache)
            odds = torch.softmax(logits.float(), dim=-1).cpu()  # [row, vocabulary]
            following = torch.multinomial(odds, 1, generator=generator)  # [row, 1]
            written.append(following)
            for end in ends:
                open_rows &= following[:, 0] != end
            if not open_rows.any():
                break
    for row in torch.cat(written, dim=1).tolist():
        stop = next((i for i, token in enumerate(row) if i and token in ends), len(row))
        yield row[:stop]


def _first(tokenizer: Any, rows: int, generator: torch.Generator) -> torch.Tensor:
    begin = tokenizer.bos_token_id
    if begin is None:
        begin = tokenizer.eos_token_id
    if begin is not None:
        return torch.full((rows, 1), int(begin))
    special = set(tokenizer.all_special_ids)
    ordinary = torch.tensor([i for i in range(len(tokenizer)) if i not in special])
    return ordinary[torch.randint(len(ordinary), (rows, 1), generator=generator)]
