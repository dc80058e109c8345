"""Draws token activations as text that a language model or a person can read.

The text runs as written. A token whose strength, `floor(10 * activation / scale)`, is at least 2
carries it in braces, capped at 9; the place of interest stands in «», ⏎ is a line break, and ^ is
where a window begins:

    ^one day a «girl»{9} named lily{2} went

A digit in braces that the text itself holds gets a space, so that none can be read as a strength.
(Raised digits would be shorter; tokenizers that normalise text read them as digits of the word.)
"""

import math
import re
from collections.abc import Sequence

import numpy as np

from ..data.vocabularies import is_mark
from ..data.windows import TokenWindows
from ..lab import Lab

LEAST = 2
"""The least strength that is marked; weaker marks are many, cost tokens and tell little."""
MARKS = f"{{{LEAST}}} to {{9}} after a token: tenths of the maximum"
STARTS = "^: a window's start"


def marks_key(lab: Lab, *texts: str) -> str:
    """How marks are read, behind a semicolon; empty in an investigation, whose prompt says it."""
    return "".join(f"; {text}" for text in texts) if lab.open else ""


_STRENGTH = 0xFDD0  # a character that is none, which stands for a strength until text is escaped
_MARKED = {_STRENGTH + level: f"{{{level}}}" for level in range(10)}
_NO_TEXT = dict.fromkeys(range(_STRENGTH, _STRENGTH + 10))


def snippet(
    windows: TokenWindows,
    row: int,
    values: np.ndarray,
    *,
    scale: float,
    place: int | None = None,
    before: int = 80,
    after: int = 32,
    edge: bool = False,
) -> str:
    """One window around a place, with activations marked.

    Args:
        windows: The windows.
        row: Which of them.
        values: float `[place]`, NaN where not counted.
        scale: The activation that counts as full strength, the unit's maximum.
        place: The place of interest; None: the peak.
        before: Characters shown before it, to a whole word.
        after: Characters shown after it.
        edge: Put ^ where the window begins (and not merely the part of it that is shown).
    """
    if place is None:
        place = peak(values)
    text = windows.texts[int(windows.document[row])]
    starts, ends = windows.start[row], windows.end[row]
    bare = _special(windows, row)
    real = np.flatnonzero((windows.attended[row] & (ends > starts)) | bare)
    if not real.size:
        return ""
    centre = int(real[0]) if place is None else place
    shown = [
        int(at)
        for at in real
        if ends[at] > starts[centre] - before - bare[at]
        and starts[at] < ends[centre] + after + bare[at]
    ]
    left, right = [at for at in shown if at < centre], [at for at in shown if at > centre]
    whole = (
        _from_word(text, left, starts, first=int(real[0])),
        _to_word(text, right, ends, last=int(real[-1])),
    )
    middle = [at for at in shown if at == centre]
    shown = [*(whole[0] or left), *middle, *(whole[1] or right)]  # no word begins: as they are
    shown = _one_a_span(shown, starts, values, place, bare)
    parts: list[str] = []
    end = int(windows.start[row, shown[0]]) if shown else 0
    for at in shown:
        begin, finish = int(windows.start[row, at]), int(windows.end[row, at])
        parts.append(text[end:begin].translate(_NO_TEXT) if begin > end else "")
        written = windows.vocabulary[windows.ids[row, at]] if bare[at] else text[begin:finish]
        parts.append(_token(written.translate(_NO_TEXT), values[at], scale, at == place))
        end = max(end, finish)
    line = " ".join(re.sub(r"\s*\n\s*", " ⏎ ", "".join(parts)).split())
    line = re.sub(r"\{(?=\d\})", "{ ", line)
    line = line.translate(_MARKED)
    head = "…" if shown and shown[0] != real[0] else "^" if edge else ""
    return f"{head}{line}{'…' if shown and shown[-1] != real[-1] else ''}"


def _special(windows: TokenWindows, row: int) -> np.ndarray:
    """bool `[place]`: special tokens that count and have no letter in the text."""
    out = windows.counted[row] & (windows.end[row] == windows.start[row])
    for at in np.flatnonzero(out):
        edge = windows.inner is not None and not windows.inner[row, at]
        out[at] = edge or is_mark(windows.vocabulary[windows.ids[row, at]])
    return out


def peak(values: np.ndarray) -> int | None:
    """The place of the largest finite value."""
    return int(np.nanargmax(values)) if np.isfinite(values).any() else None


def strength(value: float, scale: float) -> int:
    """0 to 9."""
    if not math.isfinite(value) or value <= 0 or not scale > 0:
        return 0
    return min(9, int(10 * value / scale))


def number(value: float | None) -> str:
    """A number with three significant digits."""
    if value is None or not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    if abs(value) >= 1000 or abs(value) < 1e-3:
        return f"{value:.2e}"
    return f"{value:.3g}"


def between(interval: Sequence[float] | None) -> str:
    """An interval behind its number; empty without one."""
    return f" [{number(interval[0])}, {number(interval[1])}]" if interval else ""


def quoted(token: str) -> str:
    """A token with its spaces visible."""
    return '"' + token.replace("\n", "\\n").replace("\t", "\\t") + '"'


def _from_word(text: str, shown: list[int], starts: np.ndarray, *, first: int) -> list[int]:
    """The places from the first one on that begins a word, or that is the window's first."""
    found = (i for i, at in enumerate(shown) if at == first or _word_begins(text, starts[at]))
    return shown[next(found, len(shown)) :]


def _to_word(text: str, shown: list[int], ends: np.ndarray, *, last: int) -> list[int]:
    """The places up to the last one that ends a word, or that is the window's last."""
    ending = [i for i, at in enumerate(shown) if at == last or _word_ends(text, ends[at])]
    return shown[: ending[-1] + 1] if ending else []


def _word_begins(text: str, at: int) -> bool:
    return at == 0 or text[at - 1].isspace() or text[at : at + 1].isspace()


def _word_ends(text: str, at: int) -> bool:
    return at >= len(text) or text[at].isspace() or text[at - 1].isspace()


def _one_a_span(
    shown: list[int], starts: np.ndarray, values: np.ndarray, place: int | None, bare: np.ndarray
) -> list[int]:
    """Of tokens that share one character (bytes of it): the place of interest, or the strongest."""
    best: dict[int, int] = {}
    for at in shown:
        span = -1 - at if bare[at] else int(starts[at])
        old = best.setdefault(span, at)
        if at == place or (old != place and values[at] > values[old]):
            best[span] = at
    return list(best.values())


def _token(text: str, value: float, scale: float, marked: bool) -> str:
    core = text.strip()
    lead = text[: len(text) - len(text.lstrip())]
    tail = text[len(text.rstrip()) :] if core else ""
    shown = core.replace("\n", " ") if core else ("␠" if marked else "")
    if marked:
        shown = f"«{shown}»"
    level = strength(float(value), scale)
    return f"{lead}{shown}{chr(_STRENGTH + level) if level >= LEAST and shown else ''}{tail}"
