"""Passages in texts, on the tokens of an encoder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .....tools.data.windows import TokenWindows, cut
from .....tools.models.target import Target
from .passages import Passage, Span

LENGTH = 96
"""Tokens of a text at most."""


@dataclass(frozen=True)
class Placed:
    """Texts with passages in them, a window each."""

    windows: TokenWindows
    passages: tuple[tuple[tuple[int, Passage], ...], ...]
    """`[window]`: each passage with its first character."""

    def tokens(self, window: int, start: int, spans: Sequence[Span]) -> np.ndarray:
        """bool `[place]`: tokens that lie in spans of a passage that starts there."""
        w = self.windows
        inside = np.zeros(w.ids.shape[1], bool)
        for span in spans:
            first, last = start + span.start, start + span.end
            inside |= (w.start[window] < last) & (w.end[window] > first) & w.counted[window]
        return inside

    def where(self, spans: Callable[[Passage], Sequence[Span]]) -> np.ndarray:
        """bool `[window, place]`: tokens that lie in chosen spans of the passages."""
        inside = np.zeros(self.windows.ids.shape, bool)
        for window, found in enumerate(self.passages):
            for start, passage in found:
                inside[window] |= self.tokens(window, start, spans(passage))
        return inside

    @property
    def pair(self) -> np.ndarray:
        """`[window]`: a number that the windows of partners share; of texts of one passage."""
        names = [f"{found[0][1].kind} {found[0][1].pair}" for found in self.passages]
        return np.unique(names, return_inverse=True)[1]


def placed(encoder: Target, texts: Sequence[Sequence[Passage | str]]) -> Placed:
    """Texts made of passages and other sentences, one a window."""
    written, where = [], []
    for parts in texts:
        text, found = "", []
        for part in parts:
            text += " " if text else ""
            if isinstance(part, Passage):
                found.append((len(text), part))
            text += part if isinstance(part, str) else part.text
        written.append(text)
        where.append(tuple(found))
    return Placed(cut(encoder, written, length=LENGTH, document_per_row=True), tuple(where))
