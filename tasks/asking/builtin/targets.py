"""Targets of prompts: with the leading space that the tokenizer needs, and in how many tokens."""

from typing import NamedTuple

from ....tools.attribution.target_tokens import target_tokens
from ....tools.errors import UsageError
from ....tools.models import Target

_OPEN = "([{\"'“‘`/-=+*<>_#$@\\\n"
"""Signs behind which a word stands without a space."""


class Wanted(NamedTuple):
    """A target as it is asked for."""

    text: str
    several: bool
    """Whether it is more than one token: its first is then asked for."""
    note: str = ""
    """What was changed, in a sentence; empty where nothing was."""


def wanted(target: Target, prompt: str, text: str) -> Wanted:
    """The target with a leading space where a new word begins, if the model can be asked so."""
    plain, spaced = _tokens(target, prompt, text), None
    if text[:1].isalnum() and prompt and not prompt[-1].isspace() and prompt[-1] not in _OPEN:
        spaced = _tokens(target, prompt, f" {text}")
    if (
        spaced is not None
        and (plain is None or spaced <= plain + 1)
        and _differ(target, prompt, text)
    ):
        return Wanted(
            f" {text}", spaced > 1, f"I read the target as “ {text}”, with its leading space"
        )
    return Wanted(text, (plain or 1) > 1)


def _tokens(target: Target, prompt: str, text: str) -> int | None:
    """How many tokens a target is behind a prompt; None: it cannot be asked for."""
    if target.tokenizer is None:
        return None
    try:
        return len(target_tokens(target, prompt, text)[1])
    except UsageError:
        return None


def _differ(target: Target, prompt: str, text: str) -> bool:
    """Whether a space makes other tokens."""
    try:
        return target_tokens(target, prompt, text) != target_tokens(target, prompt, f" {text}")
    except UsageError:
        return True
