"""What the tokens of a target are behind a prompt, and which reading of it is meant.

1. The target's tokens are those that prompt + target, tokenized together, has beyond the prompt. A
   target tokenized by itself is something else: SentencePiece puts a space mark before it (`Lily`
   is `▁Lily`, ` Lily` is `▁`, `▁Lily`), byte-level BPE does not. Where the two tokenizations do
   not share the prompt, the border lies inside a token, and that is said.
2. `park` behind `They went to the` can mean `park` or ` park`. Where both have tokens of their own,
   the one that the model holds more probable, as a whole, is taken, and both probabilities are
   said. A target that begins with a space is taken as it stands, so that a person can choose.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.tokens import surfaces
from ..errors import UsageError
from ..models import Target
from ..render.text import number, quoted
from .rows import Rows

_SHARED = "share the token"
_PLAUSIBLE = 0.01
"""Under this a reading with a space is not assumed of a target that goes on the prompt's last word:
`h` behind `And t` is no ` h`."""


class Reading(NamedTuple):
    """A target as it is taken."""

    text: str
    note: str = ""
    """What was decided, with both probabilities; empty where there was nothing to decide."""


def reading(target: Target, prompts: Sequence[str], text: str) -> Reading:
    """The target with or without a space before it, whichever is more probable behind the prompts.

    Args:
        target: A causal language model.
        prompts: What it reads; a reading has to have tokens behind each of them, and the product of
            its probabilities counts.
        text: The target as a person wrote it.

    Raises:
        UsageError: if it has no tokens of its own either way; says why of the text as written.
    """
    if target.kind != "causal":
        return Reading(text)  # whoever asks for a prediction says so
    if text[:1].isspace() or not text or any(not one or one[-1].isspace() for one in prompts):
        return Reading(text)
    spaced = f" {text}"
    tokens = {one: _tokens(target, prompts, one) for one in (text, spaced)}
    bare, with_space = tokens[text], tokens[spaced]
    if bare == with_space or isinstance(with_space, UsageError):
        return Reading(text)  # if `bare` is an error, whoever asks for the tokens meets it
    if isinstance(bare, UsageError):
        p = np.exp(np.mean([log_probability(target, *row) for row in with_space]))
        if _SHARED in str(bare) and p < _PLAUSIBLE:
            return Reading(text)  # the prompt ends inside a word: whoever asks meets the error
        return Reading(
            spaced,
            f"the target is read as '{spaced}', with a space: directly behind the prompt '{text}' "
            "has no token of its own",
        )
    odds = [sum(log_probability(target, *row) for row in one) for one in (bare, with_space)]
    chosen = text if odds[0] >= odds[1] else spaced
    p = [number(float(np.exp(one / len(prompts)))) for one in odds]
    each = " (geometric means over the prompts)" if len(prompts) > 1 else ""
    return Reading(
        chosen,
        f"the target is read as '{chosen}', the more probable of two readings: '{text}' {p[0]}, "
        f"'{spaced}' with a space {p[1]}{each}",
    )


def log_probability(target: Target, before: list[int], beyond: list[int]) -> float:
    """The log-probability of all tokens of a target behind a prompt, each behind those before it.

    `before` are the prompt's tokens, `beyond` the target's; minus infinity where they do not fit
    into the context.
    """
    ids = np.array([[*before, *beyond[:-1]]], np.int32)
    if ids.shape[1] > target.context_length:
        return float("-inf")
    output = target.trace(Rows(ids)).output
    assert output is not None
    logits = output[0, len(before) - 1 :]  # [token of the target, word]
    scores = logits.cpu().double().log_softmax(-1)
    wanted = torch.as_tensor(beyond, device=scores.device)
    return float(scores.gather(1, wanted[:, None]).sum())


def likeliest_next(target: Target, prompt: str) -> tuple[list[int], int]:
    """A prompt's tokens, and the token that the model holds likeliest behind them.

    Raises:
        UsageError: if the prompt has no token, or more than the context holds.
    """
    before = _prompt_tokens(target, prompt)
    ids = np.array([before], np.int32)
    output = target.trace(Rows(ids), output="last").output
    assert output is not None
    return before, int(output[0, : len(surfaces(target))].argmax())


def target_tokens(target: Target, prompt: str, text: str) -> tuple[list[int], list[int]]:
    """The prompt's tokens, and those that prompt + text has beyond them.

    Raises:
        UsageError: if there are none, or a token lies across the border.
    """
    before = _prompt_tokens(target, prompt)
    both = _coded(target, prompt + text)
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
            f"'{prompt[-20:]}' and '{text}' {_SHARED} '{joined}', so that no token is the "
            f"target's own; {hint}"
        )
    beyond = both[len(before) :]
    if unknown_token(target) in beyond:
        raise UsageError(
            f"the target '{text}' holds what {target.name} has no token for "
            f"({split(target, beyond)}); check its spelling"
        )
    if not beyond:
        raise UsageError(f"the target '{text}' adds no token to the prompt; write one that does")
    return before, beyond


def unknown_token(target: Target) -> int | None:
    """The token that stands for what is not in the vocabulary, where it means nothing else."""
    tokenizer: Any = target.tokenizer
    result = tokenizer.unk_token_id
    return None if result in (tokenizer.eos_token_id, tokenizer.bos_token_id) else result


def split(target: Target, tokens: Sequence[int]) -> str:
    """Tokens as text: `' th' + 'e'`."""
    names = surfaces(target)
    return " + ".join(f"'{names[token]}'" for token in tokens)


def _tokens(
    target: Target, prompts: Sequence[str], text: str
) -> list[tuple[list[int], list[int]]] | UsageError:
    """The tokens of prompts and text behind each of the prompts, or why there are none."""
    try:
        return [target_tokens(target, prompt, text) for prompt in prompts]
    except UsageError as error:
        return error


def _prompt_tokens(target: Target, prompt: str) -> list[int]:
    """Raises UsageError where there is none, or more than the context holds."""
    before = _coded(target, prompt)
    if not before:
        raise UsageError("the prompt has no token; write one")
    if len(before) > target.context_length:
        raise UsageError(
            f"the prompt has {len(before)} tokens and {target.name} takes at most "
            f"{target.context_length}; shorten it"
        )
    return before


def check_known(target: Target, text: str) -> None:
    """Raises `UsageError` where a vocabulary of one's own would leave characters out."""
    unknown = getattr(target.tokenizer, "unknown", None)
    left = unknown(text) if unknown is not None else []
    if left:
        raise UsageError(f"{target.name} has no token for {', '.join(map(repr, left[:6]))}")


def _coded(target: Target, text: str) -> list[int]:
    """Token ids with the tokenizer's own special tokens in front, none behind."""
    if target.tokenizer is None:
        raise UsageError(f"{target.name} has no tokenizer, so it cannot read text")
    check_known(target, text)
    tokenizer: Any = target.tokenizer
    plain = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    full = tokenizer(text, verbose=False)["input_ids"]
    at = next((i for i in range(len(full)) if full[i : i + len(plain)] == plain), 0)
    return [int(token) for token in full[: at + len(plain)]]


SATURATED = 0.9
"""From here on log p moves by less than a tenth of what the logit does, by the formula above."""


def saturation(probability: float, measured: str, rival: str | None) -> str | None:
    """What is said of an effect on a target that is nearly sure; None where it is not.

    Args:
        probability: Of the target in the unchanged run.
        measured: The text of the token that is measured.
        rival: The likeliest other token; None: unknown.
    """
    if probability < SATURATED:
        return None
    other = "another token" if rival is None else f"{quoted(rival)}, the next likeliest"
    return (
        f"the model is nearly sure of {quoted(measured)} (probability {number(probability)}), so "
        "its log-probability hardly moves whatever is changed, and small effects on it mean "
        f"little: measure a contrast with {other}"
    )


def rival(logits: Tensor, token: int, names: Sequence[str]) -> str | None:
    """The likeliest token beside one, as text, from logits `[vocabulary]`."""
    others = logits.detach().float().clone()
    others[token] = -torch.inf
    best = int(others.argmax())
    return names[best] if best < len(names) else None
