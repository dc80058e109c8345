"""Fresh inputs for every cell of a truth table.

1. Texts that no one has seen are cut into short stretches, and some of their words are replaced by
   words that the function is about, single ones and neighbours.
2. The function's atoms, on the host's tokens of these texts, put every place in a cell or in none.
3. From each cell places are drawn, no more than two from one text, until there are enough.
"""

from collections.abc import Sequence

import numpy as np

from ....tools.data.windows import TokenWindows, cut
from ....tools.models.planted import Vocabulary
from ....tools.models.target import Target
from ..planted import ENOUGH, Probes
from .functions import TextFunction

_FROM_ONE = 2
_ROUNDS = 6
_TEXTS = 160
_REPLACED = 0.22
_NEIGHBOURS = 0.5


def probes(
    function: TextFunction,
    target: Target,
    vocabulary: Vocabulary,
    texts: Sequence[str],
    *,
    seed: int,
) -> Probes:
    """Inputs for every cell of a function.

    Args:
        function: The function.
        target: Whose tokens count.
        vocabulary: Of the target.
        texts: Stretches of text that neither the planner nor the scores have seen.
        seed: Of the drawing.
    """
    rng = np.random.default_rng(seed)
    written: list[str] = []
    while True:
        written += [_scrambled(texts, function.words, rng) for _ in range(_TEXTS)]
        windows = cut(target, written, length=64)
        cells = _cells(function, windows, vocabulary, rng)
        enough = all(len(places) >= ENOUGH for places in cells.values())
        if enough or len(written) >= _ROUNDS * _TEXTS:
            break
    return Probes(windows, cells, function.values(windows.ids, vocabulary))


def _cells(
    function: TextFunction, windows: TokenWindows, vocabulary: Vocabulary, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    atoms = function.evaluate(windows.ids, vocabulary)
    result = {}
    for cell in function.cells:
        inside = windows.counted.copy()
        for name, wanted in cell.pattern.items():
            inside &= atoms[name] == wanted
        places = rng.permutation(np.argwhere(inside))
        used: dict[int, int] = {}
        kept = []
        for window, place in places:
            if used.get(int(window), 0) < _FROM_ONE:
                used[int(window)] = used.get(int(window), 0) + 1
                kept.append((window, place))
            if len(kept) == ENOUGH:
                break
        result[cell.name] = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return result


def _scrambled(
    texts: Sequence[str], groups: Sequence[Sequence[str]], rng: np.random.Generator
) -> str:
    """A stretch of a text with words of the function's groups in the place of some of its own."""
    words = texts[int(rng.integers(len(texts)))].split()
    first = int(rng.integers(max(1, len(words) - 24)))
    words = words[first : first + int(rng.integers(12, 40))]
    groups = [group for group in groups if group]
    at = 0
    while groups and at < len(words):
        if rng.random() < _REPLACED:
            words[at] = _like(words[at], _word(groups, rng))
            if rng.random() < _NEIGHBOURS and at + 1 < len(words):
                at += 1
                words[at] = _like(words[at], _word(groups, rng))
        at += 1
    return " ".join(words)


def _word(groups: Sequence[Sequence[str]], rng: np.random.Generator) -> str:
    group = groups[int(rng.integers(len(groups)))]
    return group[int(rng.integers(len(group)))]


def _like(old: str, new: str) -> str:
    """The new word with the capital and the punctuation of the old one."""
    tail = old[len(old.rstrip(".,!?;:")) :]
    if old[:1].isupper() and old[1:2].islower():
        new = new[:1].upper() + new[1:]
    return new + tail
