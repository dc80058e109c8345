"""Finds words of a text among its tokens: where they stand, how they are split, their values."""

import re
from typing import NamedTuple

import numpy as np

from ..data.windows import TokenWindows
from ..errors import UsageError
from ..render.text import number

Span = tuple[int, int]
"""Characters of a text."""


class SpanValues(NamedTuple):
    """A stretch of a text with the activation of each of its tokens."""

    split: str
    """Its tokens, parted by `|`."""
    values: list[float]
    """Of its tokens that count."""

    @property
    def value(self) -> float | None:
        """The largest."""
        return max(self.values, default=None)

    def text(self) -> str:
        """`seven|ty 0.1|0.62`."""
        return f"{self.split} {'|'.join(number(v) for v in self.values) or 'not counted'}"


def occurrences(text: str, wanted: str, *, whole_words: bool = False) -> list[Span]:
    """Where a string stands in a text, in its own letter case, else in any.

    Args:
        text: The text.
        wanted: The string.
        whole_words: Only as whole words, and an empty list where there are none; else as a part
            of words too, where it stands nowhere as whole words in the same letter case.

    Raises:
        UsageError: if it stands nowhere, without `whole_words`.
    """
    escaped = re.escape(wanted)
    start = r"(?<!\w)" if wanted[:1].isalnum() or not whole_words else ""
    end = r"(?!\w)" if wanted[-1:].isalnum() or not whole_words else ""
    for flags in (0, re.IGNORECASE):
        for pattern in (f"{start}{escaped}{end}", *(() if whole_words else (escaped,))):
            spans = [(m.start(), m.end()) for m in re.finditer(pattern, text, flags)]
            if spans:
                return spans
    if whole_words:
        return []
    raise UsageError(f"'{wanted}' does not stand in the original")


def at_span(windows: TokenWindows, row: int, values: np.ndarray, span: Span) -> SpanValues:
    """The tokens that overlap a span of a row's text; `values` `[place]`."""
    text = windows.texts[int(windows.document[row])]
    start, end = windows.start[row], windows.end[row]
    inside = np.flatnonzero(
        windows.attended[row] & (end > start) & (start < span[1]) & (end > span[0])
    )
    pieces = [text[int(start[at]) : int(end[at])].strip() for at in inside]
    finite = [float(values[at]) for at in inside if np.isfinite(values[at])]
    return SpanValues("|".join(piece for piece in pieces if piece), finite)
