"""What is asked: a prompt, the tokens of a target behind it, and perhaps another target.

The target's tokens are those that prompt + target, tokenized together, has beyond the prompt. A
target tokenized by itself is something else: SentencePiece puts a space mark before it (`Lily` is
`▁Lily`, ` Lily` is `▁`, `▁Lily`), byte-level BPE does not. Where the two tokenizations do not share
the prompt, the border lies inside a token, and that is said.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..data.tokens import surfaces
from ..errors import UsageError
from ..models import Target

Several = Literal["first", "sum"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """One token that is predicted at a place, or one against another."""

    place: int
    token: int
    other: int | None = None
    """The token of the contrast."""


@dataclass(frozen=True, eq=False)
class Question:
    """A row of tokens and what is predicted on it."""

    ids: np.ndarray
    """`[1, place]` int32."""
    prompt: int
    """Tokens of the prompt."""
    predictions: tuple[Prediction, ...]
    """One, or one a token of the target (`sum`)."""
    target: str = ""
    contrast: str | None = None
    notes: tuple[str, ...] = ()
    """What was decided about tokens, for the reader."""

    @property
    def attended(self) -> np.ndarray:
        """`[1, place]` bool: everything."""
        return np.ones(self.ids.shape, bool)


def target_tokens(target: Target, prompt: str, text: str) -> tuple[list[int], list[int]]:
    """The prompt's tokens, and those that prompt + text has beyond them.

    Raises:
        UsageError: if there are none, or a token lies across the border.
    """
    before = _coded(target, prompt)
    both = _coded(target, prompt + text)
    if not before:
        raise UsageError("the prompt has no token; write one")
    if len(before) > target.context_length:
        raise UsageError(
            f"the prompt has {len(before)} tokens and {target.name} takes at most "
            f"{target.context_length}; shorten it"
        )
    if both[: len(before)] != before:
        names = surfaces(target)
        at = next(
            (i for i, (a, b) in enumerate(zip(before, both, strict=False)) if a != b),
            min(len(before), len(both)),
        )
        joined = names[both[at]] if at < len(both) else ""
        hint = (
            "end the prompt without the space and begin the target with it"
            if prompt != prompt.rstrip()
            else "begin the target with a space, or end the prompt at a word"
        )
        raise UsageError(
            f"'{prompt[-20:]}' and '{text}' share the token '{joined}', so that no token is the "
            f"target's own; {hint}"
        )
    beyond = both[len(before) :]
    if _strange(target) in beyond:
        raise UsageError(
            f"the target '{text}' holds what {target.name} has no token for "
            f"({_split(target, beyond)}); check its spelling"
        )
    if not beyond:
        raise UsageError(f"the target '{text}' adds no token to the prompt; write one that does")
    return before, beyond


def ask(
    target: Target,
    prompt: str,
    text: str,
    *,
    contrast: str | None = None,
    several: Several | None = None,
) -> Question:
    """A question about the text that follows a prompt.

    Args:
        target: A causal language model.
        prompt: What it reads.
        text: What it is to predict, with its leading space.
        contrast: Another text; asked is then what favours the first over it.
        several: What to do with a target of several tokens: its `first`, or the `sum` over all,
            each predicted behind the ones before it. None: such a target is refused.

    Raises:
        UsageError: for a target that cannot be asked for; says how it splits.
    """
    if target.kind != "causal":
        raise UsageError(
            f"{target.name} is no causal language model: it predicts no next token to attribute"
        )
    before, beyond = target_tokens(target, prompt, text)
    notes = _unknown(target, before)
    if len(beyond) > 1:
        split = _split(target, beyond)
        if several is None:
            raise UsageError(
                f"the target '{text}' is {len(beyond)} tokens behind this prompt: {split}; choose "
                f"--several first (only {_split(target, beyond[:1])}) or --several sum (all, each "
                f"behind the ones before){_spaced(target, prompt, text)}"
            )
        what = "the first is asked for" if several == "first" else "their values are summed"
        notes.append(f"the target '{text}' is {len(beyond)} tokens ({split}); {what}")
    if several != "sum":
        beyond = beyond[:1]
    other = None
    if contrast is not None:
        other = _contrast(target, prompt, text, contrast, beyond, several, notes)
    ids = [*before, *beyond[:-1]]
    if len(ids) > target.context_length:
        raise UsageError(
            f"prompt and target have {len(ids)} tokens and {target.name} takes at most "
            f"{target.context_length}; shorten the prompt"
        )
    first = len(before) - 1
    predictions = tuple(Prediction(first + i, token, other) for i, token in enumerate(beyond))
    row = np.array([ids], np.int32)
    return Question(row, len(before), predictions, text, contrast, tuple(notes))


def _contrast(
    target: Target,
    prompt: str,
    text: str,
    contrast: str,
    beyond: list[int],
    several: Several | None,
    notes: list[str],
) -> int:
    """The one token of the contrast."""
    if contrast == text:
        raise UsageError(f"target and contrast are both '{text}'; give two different texts")
    if len(beyond) > 1:
        raise UsageError("a contrast compares one token with one: use --several first, not sum")
    _, against = target_tokens(target, prompt, contrast)
    if len(against) > 1:
        split = _split(target, against)
        if several is None:
            raise UsageError(
                f"the contrast '{contrast}' is {len(against)} tokens behind this prompt: {split}; "
                "choose another, or --several first"
            )
        notes.append(f"the contrast '{contrast}' is {len(against)} tokens ({split}); the first")
    if against[0] == beyond[0]:
        raise UsageError(
            f"'{text}' and '{contrast}' begin with the same token {_split(target, beyond[:1])}; "
            "move it into the prompt"
        )
    return against[0]


def _coded(target: Target, text: str) -> list[int]:
    """Token ids with the tokenizer's own special tokens in front, none behind."""
    if target.tokenizer is None:
        raise UsageError(f"{target.name} has no tokenizer, so it cannot read text")
    tokenizer: Any = target.tokenizer
    plain = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    full = tokenizer(text, verbose=False)["input_ids"]
    at = next((i for i in range(len(full)) if full[i : i + len(plain)] == plain), 0)
    return [int(token) for token in full[: at + len(plain)]]


def _strange(target: Target) -> int | None:
    """The token that stands for what is not in the vocabulary, where it means nothing else."""
    tokenizer: Any = target.tokenizer
    found = tokenizer.unk_token_id
    return None if found in (tokenizer.eos_token_id, tokenizer.bos_token_id) else found


def _unknown(target: Target, tokens: list[int]) -> list[str]:
    """What is said of a prompt with words outside the vocabulary."""
    strange = _strange(target)
    if strange is None or strange not in tokens:
        return []
    many = tokens.count(strange)
    what = "one token of the prompt is" if many == 1 else f"{many} tokens of the prompt are"
    return [f"{what} unknown to {target.name} and read as {_split(target, [strange])}"]


def _split(target: Target, tokens: list[int]) -> str:
    names = surfaces(target)
    return " + ".join(f"'{names[token]}'" for token in tokens)


def _spaced(target: Target, prompt: str, text: str) -> str:
    """A hint where the target with a leading space is one token."""
    if text[:1].isspace():
        return ""
    try:
        _, beyond = target_tokens(target, prompt, " " + text)
    except UsageError:
        return ""
    return f"; with a leading space, ' {text}' is one token" if len(beyond) == 1 else ""
