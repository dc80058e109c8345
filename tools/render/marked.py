"""A text with the tokens of interest between « and »: how language models are shown places."""

from collections.abc import Sequence

import numpy as np

from ..data.windows import TokenWindows

OPEN, CLOSE = "«", "»"
_PLAIN = str.maketrans({OPEN: "<", CLOSE: ">"})


def marked(
    windows: TokenWindows,
    row: int,
    places: Sequence[int] | np.ndarray,
    *,
    before: int | None = None,
    after: int | None = None,
) -> str:
    """A window's text with tokens between « and »; such characters in the text become < and >.

    Args:
        windows: The windows.
        row: Which of them.
        places: The marked places, in any order.
        before: Characters shown before the first mark, from a whole word on; None: all.
        after: Characters shown behind the last one, up to a whole word; 0: nothing; None: all.
    """
    text = windows.texts[int(windows.document[row])]
    first, last = windows.span(row)
    spans = _spans(text, windows, row, places)
    if spans and before is not None and spans[0][0] - before > first:
        first = text.find(" ", spans[0][0] - before, spans[0][0]) + 1 or spans[0][0]
    if spans and after is not None and spans[-1][1] + after < last:
        last = max(text.rfind(" ", spans[-1][1], spans[-1][1] + after), spans[-1][1])
    out, at = [], first
    for start, end in spans:
        out += [text[at:start].translate(_PLAIN), OPEN, text[start:end].translate(_PLAIN), CLOSE]
        at = end
    return "".join([*out, text[at:last].translate(_PLAIN)])


def _spans(
    text: str, windows: TokenWindows, row: int, places: Sequence[int] | np.ndarray
) -> list[list[int]]:
    """Where the places stand in the text, without leading spaces; those that touch are one."""
    spans: list[list[int]] = []
    for place in sorted(int(place) for place in places):
        start, end = int(windows.start[row, place]), int(windows.end[row, place])
        start += len(text[start:end]) - len(text[start:end].lstrip())
        if end <= start:
            continue
        if spans and start <= spans[-1][1]:  # tokens of one word, or one character
            spans[-1][1] = max(end, spans[-1][1])
        else:
            spans.append([start, end])
    return spans
