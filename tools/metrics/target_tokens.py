"""What is asked: a prompt, the tokens of a target behind it, and perhaps another target.

`readings.py` says what these tokens are, and which of two readings of a target is taken.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..data.tokens import surfaces
from ..errors import UsageError
from ..models import Target
from ..render.text import quoted
from .readings import likeliest_next, reading, split, target_tokens, unknown_token
from .rows import Rows

Several = Literal["first", "sum"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """One token that is predicted at a place, or one against another."""

    place: int
    token: int
    other: int | None = None
    """The token of the contrast."""


@dataclass(frozen=True, eq=False)
class TargetPrompt(Rows):
    """A row of tokens and what is predicted on it."""

    prompt: int
    """Tokens of the prompt."""
    predictions: tuple[Prediction, ...]
    """One, or one a token of the target (`sum`)."""
    target: str = ""
    """The target, as it is read."""
    contrast: str | None = None
    notes: tuple[str, ...] = ()
    """What was decided about tokens, for the reader."""
    measured: str = ""
    """The text of the tokens that are predicted: the target, or its first token alone."""
    measured_contrast: str | None = None
    """The same of the contrast."""

    @property
    def words(self) -> str:
        """What is predicted, in quotes."""
        return in_words(self.measured, self.measured_contrast)


def in_words(measured: str, contrast: str | None) -> str:
    """`" park"`, or `" park" over " house"`."""
    return quoted(measured) + ("" if contrast is None else f" over {quoted(contrast)}")


def target_prompt(
    target: Target,
    prompt: str,
    text: str | None,
    *,
    contrast: str | None = None,
    several: Several | None = None,
    as_written: bool = False,
) -> TargetPrompt:
    """A question about the text that follows a prompt.

    Args:
        target: A causal language model.
        prompt: What it reads.
        text: What it is to predict; without a leading space the more probable of the readings with
            and without one is taken, and that is noted (`readings.reading`). None: the model's own
            likeliest next token, whatever text would make it.
        contrast: Another text, read in the same way; asked is then what favours the first over it.
        several: What to do with a target of several tokens: its `first`, or the `sum` over all,
            each predicted behind the ones before it. None: such a target is refused.
        as_written: Take both texts as they stand.

    Raises:
        UsageError: for a target that cannot be asked for; says how it splits.
    """
    if target.kind != "causal":
        raise UsageError(
            f"{target.name} is no causal language model: it predicts no next token to attribute"
        )
    notes: list[str] = []
    if text is None:
        before, likeliest = likeliest_next(target, prompt)
        text, beyond = surfaces(target)[likeliest], [likeliest]
        notes.append(f"no target was named: the model's own next token, '{text}', is taken")
    else:
        if not as_written:
            text, note = reading(target, [prompt], text)
            notes += [note] if note else []
        before, beyond = target_tokens(target, prompt, text)
    notes += _unknown(target, before)
    measured = text
    if len(beyond) > 1:
        pieces = split(target, beyond)
        if several is None:
            raise UsageError(
                f"the target '{text}' is {len(beyond)} tokens behind this prompt: {pieces}; choose "
                f"--several first (only {split(target, beyond[:1])}) or --several sum (all, each "
                f"behind the ones before){_otherwise(target, prompt, text)}"
            )
        what = "all are asked for, each behind those before it"
        if several == "first":
            measured = surfaces(target)[beyond[0]]
            what = f"the first alone, '{measured}', is asked for, which is not the whole target"
        notes.append(f"the target '{text}' is {len(beyond)} tokens ({pieces}); {what}")
    if several != "sum":
        beyond = beyond[:1]
    other = None
    if contrast is not None:
        if not as_written:
            contrast, note = reading(target, [prompt], contrast)
            notes += [note.replace("the target", "the contrast", 1)] if note else []
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
    against = None if other is None else surfaces(target)[other]
    return TargetPrompt(
        row, len(before), predictions, text, contrast, tuple(notes), measured, against
    )


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
        pieces = split(target, against)
        if several is None:
            raise UsageError(
                f"the contrast '{contrast}' is {len(against)} tokens behind this prompt: {pieces}; "
                "choose another, or --several first"
            )
        notes.append(f"the contrast '{contrast}' is {len(against)} tokens ({pieces}); the first")
    if against[0] == beyond[0]:
        raise UsageError(
            f"'{text}' and '{contrast}' begin with the same token {split(target, beyond[:1])}; "
            "move it into the prompt"
        )
    return against[0]


def _otherwise(target: Target, prompt: str, text: str) -> str:
    """A hint where the target is one token with another space before it."""
    other = text.lstrip() if text[:1].isspace() else f" {text}"
    try:
        _, beyond = target_tokens(target, prompt, other)
    except UsageError:
        return ""
    how = "without the space" if text[:1].isspace() else "with a leading space"
    return f"; {how}, '{other}' is one token" if len(beyond) == 1 else ""


def _unknown(target: Target, tokens: list[int]) -> list[str]:
    """What is said of a prompt with words outside the vocabulary."""
    strange = unknown_token(target)
    if strange is None or strange not in tokens:
        return []
    many = tokens.count(strange)
    what = "one token of the prompt is" if many == 1 else f"{many} tokens of the prompt are"
    return [f"{what} unknown to {target.name} and read as {split(target, [strange])}"]
