"""`self:N`: documents that the target language model writes itself.

1. Every document starts from the token that begins a text (or, where the tokenizer has none, from
   an ordinary token drawn at random).
2. Rows of one batch are sampled together at temperature 1 with a key-value cache, until each gives
   its end token or reaches its full length.
"""

from itertools import takewhile
from typing import Any

import torch

from ..errors import UsageError
from .corpus import Document

LENGTH = 128
"""Tokens of a document at most, the first one included."""
_ROWS = 128


def sample_documents(
    target: Any, n: int, *, seed: int = 0, most_tokens: int | None = None
) -> list[Document]:
    """Documents from a causal language model.

    Args:
        target: A causal target.
        n: Documents to write; ones that come out empty are written again.
        seed: The same seed gives the same documents on the same machine.
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
        for ids in _batch(target, min(_ROWS, n), LENGTH, generator):
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


def _batch(target: Any, rows: int, length: int, generator: torch.Generator) -> list[list[int]]:
    tokenizer = target.tokenizer
    first = _first(tokenizer, rows, generator)  # [row, 1]
    ends = {tokenizer.eos_token_id, tokenizer.pad_token_id} - {None}
    tails = continued(target, first, min(length, target.context_length) - 1, ends, generator)
    return [[*row, *tail] for row, tail in zip(first.tolist(), tails, strict=True)]


def continued(
    target: Any, first: torch.Tensor, n: int, ends: set[int], generator: torch.Generator
) -> list[list[int]]:
    """What a causal target samples behind rows of tokens, at temperature 1.

    Args:
        target: The target.
        first: `[row, place]` tokens.
        n: How many tokens at most.
        ends: Tokens that end a row; they are no part of it.
        generator: Of the draws.
    """
    step, cache = first, None
    written = first[:, :0]
    stops = torch.tensor(sorted(ends), dtype=torch.long)
    with target.lock, torch.no_grad():
        for _ in range(n):
            logits, cache = target.write(step, cache)
            odds = torch.softmax(logits.float(), dim=-1).cpu()  # [row, vocabulary]
            step = torch.multinomial(odds, 1, generator=generator)  # [row, 1]
            written = torch.cat([written, step], 1)
            if torch.isin(written, stops).any(1).all():
                break
    return [list(takewhile(lambda token: token not in ends, row)) for row in written.tolist()]


def _first(tokenizer: Any, rows: int, generator: torch.Generator) -> torch.Tensor:
    begin = tokenizer.bos_token_id
    if begin is None:
        begin = tokenizer.eos_token_id
    if begin is not None:
        return torch.full((rows, 1), int(begin))
    special = set(tokenizer.all_special_ids)
    ordinary = torch.tensor([i for i in range(len(tokenizer)) if i not in special])
    return ordinary[torch.randint(len(ordinary), (rows, 1), generator=generator)]
