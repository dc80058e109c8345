"""Joins token windows of one target: explore and the texts that were written to test rivals."""

from dataclasses import replace

import numpy as np

from .....tools.data.windows import TokenWindows


def join(one: TokenWindows, other: TokenWindows) -> TokenWindows:
    """The rows of both; documents of the second are numbered after those of the first."""
    known = {word: at for at, word in enumerate(one.words)}
    index = [known.setdefault(word, len(known)) for word in other.words]
    number = np.array([*index, -1], np.int32)  # the last entry keeps -1
    read = None if other.read is None else number[other.read]
    other = replace(
        other, word=number[other.word], read=read, document=other.document + len(one.texts)
    )
    width = max(one.ids.shape[1], other.ids.shape[1])

    def both(name: str, fill: int) -> np.ndarray:
        parts = [getattr(windows, name) for windows in (one, other)]
        wide = [
            np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=fill)
            for part in parts
        ]
        return np.concatenate(wide)

    return TokenWindows(
        ids=both("ids", 0),
        attended=both("attended", False),
        counted=both("counted", False),
        word=both("word", -1),
        ordinal=both("ordinal", -1),
        start=both("start", 0),
        end=both("end", 0),
        document=np.concatenate([one.document, other.document]),
        words=tuple(known),
        vocabulary=one.vocabulary,
        texts=(*one.texts, *other.texts),
        read=None if one.read is None or read is None else both("read", -1),
    )


def joined_values(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Activations of both, `[window, place]`, NaN where there is no place."""
    width = max(one.shape[1], other.shape[1])
    return np.concatenate(
        [
            np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=np.nan)
            for part in (one, other)
        ]
    )
