"""A prompt as one row of tokens, and the token that an effect is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UsageError
from ..models import Target


@dataclass(frozen=True, eq=False)
class Prompt:
    """One row of tokens; what `Target.trace` and `Target.cache` read."""

    ids: np.ndarray
    """`[1, place]` int32."""
    tokens: tuple[str, ...] = ()
    """What a person reads, by place."""
    text: str = ""

    @property
    def attended(self) -> np.ndarray:
        """`[1, place]` bool: all of them."""
        return np.ones(self.ids.shape, bool)

    @property
    def places(self) -> int:
        """How many."""
        return int(self.ids.shape[1])


def prompt_of(target: Target, text: str) -> Prompt:
    """Tokenizes a prompt; special tokens that the tokenizer puts behind a text are left out.

    Raises:
        UsageError: if there is no tokenizer, nothing in the text, or more than the context holds.
    """
    if target.tokenizer is None:
        raise UsageError(f"{target.name} has no tokenizer; pass token ids")
    ids = [int(item) for item in target.tokenizer(text)["input_ids"]]
    while len(ids) > 1 and ids[-1] in set(target.tokenizer.all_special_ids):
        ids.pop()
    return row_of(target, ids, text=text)


def row_of(target: Target, ids: Sequence[int], *, text: str = "") -> Prompt:
    """A prompt from token ids.

    Raises:
        UsageError: if there is none, or more than the context holds.
    """
    if not len(ids):
        raise UsageError("the prompt is empty; write at least one token")
    if len(ids) > target.context_length:
        raise UsageError(
            f"the prompt has {len(ids)} tokens, but {target.name} reads at most "
            f"{target.context_length}; shorten it"
        )
    tokenizer: Any = target.tokenizer
    tokens = tuple(surface(tokenizer, item) for item in ids) if tokenizer is not None else ()
    return Prompt(np.asarray([list(ids)], np.int32), tokens, text)


def surface(tokenizer: Any, token: int) -> str:
    """A token as text, with the space that it may begin with."""
    word = tokenizer.convert_ids_to_tokens(int(token))
    if word is None:
        return f"<{token}>"
    if word.startswith(("\u2581", "\u0120")):
        return " " + tokenizer.decode([int(token)]).strip()
    return tokenizer.decode([int(token)]) or word


def target_token(target: Target, prompt: str, word: str) -> int:
    """The one token that `prompt + word` has beyond the prompt.

    Raises:
        UsageError: if it is none, or more than one.
    """
    assert target.tokenizer is not None
    before = [int(item) for item in prompt_of(target, prompt).ids[0]]
    whole = [int(item) for item in prompt_of(target, prompt + word).ids[0]]
    beyond = whole[len(before) :] if whole[: len(before)] == before else None
    if beyond is not None and len(beyond) == 1:
        return beyond[0]
    if not beyond:
        raise UsageError(
            f"the target '{word}' is no token of its own behind the prompt: the two join; "
            "give it as it would follow, with its space, such as ' the'"
        )
    split = " | ".join(surface(target.tokenizer, item) for item in beyond)
    raise UsageError(
        f"the target '{word}' is {len(beyond)} tokens ({split}); give one token, such as "
        f"'{surface(target.tokenizer, beyond[0])}'"
    )
