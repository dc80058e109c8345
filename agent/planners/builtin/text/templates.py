"""Template texts: windows of explore as texts whose words can be changed one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .....tools.data.windows import TokenWindows


@dataclass(frozen=True)
class TemplateText:
    """The text of one window, cut into words, with the word that a place belongs to."""

    window: int
    text: str
    spans: tuple[tuple[int, int], ...]
    """Start and end of each word in the text."""
    at: int
    """The word of the place in question."""
    exact: bool = False
    """Whether capitals mean something, as in symbols."""

    @property
    def words(self) -> list[str]:
        """The words as written."""
        return [self.text[start:end] for start, end in self.spans]

    def edited(self, changes: Mapping[int, str]) -> str:
        """The text with words replaced, each in the case of the word that it replaces."""
        out: list[str] = []
        upto = 0
        for at, (start, end) in enumerate(self.spans):
            if at in changes:
                old, new = self.text[start:end], changes[at]
                if old[:1].isupper() and not old.isupper() and not self.exact:
                    new = new[:1].upper() + new[1:]
                out += [self.text[upto:start], new]
                upto = end
        return "".join([*out, self.text[upto:]])


def template_text(windows: TokenWindows, flat: int) -> TemplateText | None:
    """The template text around a place given by its flat index; None if it belongs to no word."""
    window, place = divmod(int(flat), windows.ids.shape[1])
    text = windows.text(window)
    places = np.flatnonzero(windows.attended[window] & (windows.word[window] >= 0))
    if windows.word[window, place] < 0 or not len(places):
        return None
    offset, _ = windows.span(window)
    whole = windows.texts[int(windows.document[window])]
    spans: list[tuple[int, int]] = []
    ordinals: list[int] = []
    for at in places:
        start, end = int(windows.start[window, at]), int(windows.end[window, at])
        while start < end and whole[start].isspace():
            start += 1
        ordinal = int(windows.ordinal[window, at])
        if ordinals and ordinals[-1] == ordinal:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end - offset))
        else:
            spans.append((start - offset, end - offset))
            ordinals.append(ordinal)
    own = ordinals.index(int(windows.ordinal[window, place]))
    return TemplateText(window, text, tuple(spans), own, exact=windows.piece == "token")
