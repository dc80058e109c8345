"""Finds words of a text among its tokens: where they stand, how they are split, their values."""

import re
from typing import NamedTuple

import numpy as np

from ..data.windows import TokenWindows
from ..errors import UsageError
from ..render.text import number

Span = tuple[int, int]
"""Characters of a text."""


class At(NamedTuple):
    """A stretch of a text with the activation of each of its tokens."""

    split: str
    """Its tokens, parted by `|`."""
    values: list[float]
    """Of its tokens that count."""

    @property
    def value(self) -> float | None:
        """The largest."""
        return max(self.values, default=None)

    def said(self) -> str:
        """`seven|ty 0.1|0.62`."""
        return f"{self.split} {'|'.join(number(v) for v in self.values) or 'not counted'}"


def occurrences(text: str, wanted: str) -> list[Span]:
    """Where a string stands: as whole words, else anywhere, else without regard to case.

    Raises:
        UsageError: if it stands nowhere.
    """
    escaped = re.escape(wanted)
    for pattern, flags in [
        (rf"(?<!\w){escaped}(?!\w)", 0),
        (escaped, 0),
        (rf"(?<!\w){escaped}(?!\w)", re.IGNORECASE),
        (escaped, re.IGNORECASE),
    ]:
        found = [(m.start(), m.end()) for m in re.finditer(pattern, text, flags)]
        if found:
            return found
    raise UsageError(f"'{wanted}' does not stand in the original")


def at_span(windows: TokenWindows, row: int, values: np.ndarray, span: Span) -> At:
    """The tokens that overlap a span of a row's text; `values` `[place]`."""
    text = windows.texts[int(windows.document[row])]
    start, end = windows.start[row], windows.end[row]
    inside = np.flatnonzero(
        windows.attended[row] & (end > start) & (start < span[1]) & (end > span[0])
    )
    pieces = [text[int(start[at]) : int(end[at])].strip() for at in inside]
    finite = [float(values[at]) for at in inside if np.isfinite(values[at])]
    return At("|".join(piece for piece in pieces if piece), finite)
