"""`judged`: a language model reads a place, or sees a picture, and says how well a statement fits.

Every place costs, so it is evaluated on samples: `evaluate(windows, places=...)` asks about these
places alone, and among the parts of `and` about those only at which the others hold. Scores over
all places take samples with inverse-probability weights (Horvitz and Thompson 1952).
"""

from typing import Literal

import numpy as np
from pydantic import Field

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..errors import UsageError
from .core import Predicate
from .judging import Item, degrees, missing_places
from .phrases import quoted
from .view import View, asked_of

WITHOUT_SAMPLE = 64
"""Places that are asked about where no sample was drawn: a few texts, not a corpus."""
_AROUND = 240
"""Characters of text to either side of a place that a judge reads."""


class Judged(Predicate, frozen=True):
    """How well the statement fits the place or picture, as a language model judges that reads it: 0
    to 1. It costs a request for 8; tested on a sample.
    """

    kind: Literal["judged"] = "judged"
    statement: str = Field(min_length=3, max_length=300)
    judge: str = Field(min_length=1, max_length=200)

    @property
    def sampled(self) -> bool:
        return True

    def values(self, view: View) -> np.ndarray:
        asked, pictures = asked_of(view), getattr(view, "rows", None)
        items: list[Item]
        if isinstance(pictures, ImageRows):
            places = np.argwhere(pictures.counted if asked is None else asked)
            items = [pictures.seen(int(row)) for row, _ in places]
        else:
            windows = view.windows
            places = np.argwhere((windows.counted if asked is None else asked) & view.visible)
            items = [marked(windows, int(row), int(at)) for row, at in places]
        if asked is None and missing_places(self.judge, self.statement, items) > WITHOUT_SAMPLE:
            raise UsageError(
                f"'judged' would be asked about {len(items)} places here; it is tested on a sample "
                "by test_hypotheses, and on texts or pictures of your own"
            )
        out = np.zeros(view.shape, np.float32)
        if items:
            out[tuple(places.T)] = degrees(self.judge, self.statement, items)
        return out

    def noun(self) -> str:
        return f"places that fit {quoted(self.statement)} (as {self.judge} judges)"

    def tail(self) -> str:
        return f"where {quoted(self.statement)} fits (as {self.judge} judges)"

    def brief(self) -> str:
        return f"a place that fits {quoted(self.statement)}"


def marked(windows: TokenWindows, row: int, place: int) -> str:
    """The text of a window with its word at a place between marks; for a causal target the text
    up to the place only."""
    start, stop = windows.span(row)
    text = windows.texts[int(windows.document[row])]
    first, end = int(windows.start[row, place]), int(windows.end[row, place])
    if windows.read is not None:
        stop = end = windows.known_to(row, place)
        first = min(first, end)
    while first < end and text[first].isspace():
        first += 1
    while first > start and first < end and text[first].isalnum() and text[first - 1].isalnum():
        first -= 1
    while end < stop and end > first and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    before = text[max(start, first - _AROUND) : first]
    after = text[end : min(stop, end + _AROUND)]
    parts = (part.replace("«", "<").replace("»", ">") for part in (before, text[first:end], after))
    before, here, after = parts
    return f"{before}«{here}»{after}"
