"""Features of texts without words: brackets, digits, moves on a board.

The words of such a table are its tokens, as written. Axes look at the token some places before and
behind; groups are classes of tokens (digits, brackets); flags ask whether the same token stands
elsewhere, and how far away.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates.brackets import CLOSING, OPENING
from .....tools.predicates.view import view_of
from .axes import STEPS, Features, Group, member_table, shifted

_SAME = (1, 2, 3, 4)
"""Places back at which the same token is looked for."""
CLASSES: dict[str, Callable[[str], bool]] = {
    "digits": lambda text: len(text) == 1 and text.isdigit(),
    "numbers": lambda text: text.isdigit(),
    "even numbers": lambda text: text.isdecimal() and int(text) % 2 == 0,
    "odd numbers": lambda text: text.isdecimal() and int(text) % 2 == 1,
    "letters": lambda text: len(text) == 1 and text.isalpha(),
    "capital letters": lambda text: len(text) == 1 and text.isupper(),
    "small letters": lambda text: len(text) == 1 and text.islower(),
    "opening brackets": lambda text: text in tuple(OPENING),
    "closing brackets": lambda text: text in tuple(CLOSING),
    "brackets": lambda text: text in tuple(OPENING + CLOSING),
}
_LETTERS: dict[str, Callable[[str], bool]] = {
    "vowels": lambda text: len(text) == 1 and text.lower() in "aeiou",
    "consonants": lambda text: text.isascii() and text.isalpha() and text.lower() not in "aeiou",
    "spaces and line breaks": lambda text: bool(text) and text.isspace(),
    "punctuation": lambda text: len(text) == 1 and not text.isalnum() and not text.isspace(),
}
"""Classes of tokens, the narrower name first of two that are the same here."""


def features(windows: TokenWindows, *, causal: bool) -> Features:
    """The tokens of a vocabulary without words, and where they stand."""
    view = view_of(windows)
    present = np.zeros(len(windows.vocabulary), bool)
    present[windows.ids[view.visible]] = True
    known: dict[str, int] = {}
    number = np.full(len(windows.vocabulary), -1, np.int64)
    for token in np.flatnonzero(present).tolist():
        number[token] = known.setdefault(windows.vocabulary[token], len(known))
    names = tuple(known)
    here = np.where(view.visible, number[windows.ids], -1)
    axes = {"word": here}
    for step, suffix in enumerate(STEPS, 1):
        axes[f"previous_word{suffix}"] = shifted(here, step)
        if not causal:
            axes[f"next_word{suffix}"] = shifted(here, -step)
    axes["rank"] = np.where(windows.counted, np.maximum(view.rank, -1), -1)
    groups, rows = classes(names, windows.vocabulary)
    return Features(names, axes, groups, member_table(rows, len(names)))


def classes(
    names: tuple[str, ...], vocabulary: tuple[str, ...]
) -> tuple[tuple[Group, ...], list[list[int]]]:
    """Classes with two tokens here and others outside, each with the tokens that it has."""
    groups: list[Group] = []
    rows: list[list[int]] = []
    for name, belongs in CLASSES.items():
        inside = [at for at, text in enumerate(names) if belongs(text)]
        if 2 <= len(inside) < len(names) and inside not in rows:
            tokens = sorted({text for text in vocabulary if belongs(text)})
            groups.append(Group(name, {"kind": "tokens", "tokens": tokens}, True))
            rows.append(inside)
    return tuple(groups), rows


def letter_classes(vocabulary: tuple[str, ...]) -> dict[str, np.ndarray]:
    """bool `[token]` by name: classes of characters, for a vocabulary of letters."""
    found = {
        name: np.array([belongs(text) for text in vocabulary], bool)
        for name, belongs in (CLASSES | _LETTERS).items()
    }
    return {name: members for name, members in found.items() if members.sum() > 1}


def flags(*, causal: bool) -> list[dict[str, Any]]:
    """Predicates about where else the token at a place stands."""
    out: list[dict[str, Any]] = [{"kind": "repeated"}]
    out += [{"kind": "repeated", "at_least": step, "within": step} for step in _SAME]
    if not causal:
        out += [{**flag, "side": side} for flag in out for side in ("after", "either")]
    return [*out, {"kind": "repeated", "length": 2}]
