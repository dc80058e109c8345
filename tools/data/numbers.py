"""Rows of numbers as inputs, for networks that read vectors.

A document is one row, written as text: `0.5, -1.2, 3`. It has one place, which holds no token: what
predicates see there are its coordinates, `x[0]`, `x[1]`, ...
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import UsageError

PLACE = "x"
"""What the one place of a row is called."""
_PARTS = re.compile(r"[,;\s]+")


def row_of(text: str, width: int) -> list[float]:
    """The numbers of one row.

    Raises:
        UsageError: if it does not hold so many finite numbers.
    """
    parts = [part for part in _PARTS.split(text.strip(" \t\n[]()")) if part]
    try:
        row = [float(part) for part in parts]
    except ValueError:
        row = []
    if len(row) != width or not np.isfinite(row).all():
        raise UsageError(
            f"'{text[:40]}' is no row of {width} numbers; write one row a line, such as "
            f"{', '.join(['0.5'] * min(width, 3))}{', ...' if width > 3 else ''}"
        )
    return row


def as_text(row: Any) -> str:
    """A row of numbers as the text of its document; a text as it is."""
    if isinstance(row, str):
        return row
    return ", ".join(map(str, row if isinstance(row, list | tuple) else [row]))


def rows_of(texts: Sequence[str], width: int) -> np.ndarray:
    """float32 `[row, coordinate]`."""
    return np.array([row_of(text, width) for text in texts], np.float32).reshape(-1, width)


def number_windows(target: Any, texts: Sequence[str]) -> dict[str, Any]:
    """The fields of `TokenWindows` of rows of numbers, one place each."""
    shape = (len(texts), 1)
    there = np.ones(shape, bool)
    none = np.full(shape, -1, np.int32)
    return {
        "numbers": rows_of(texts, target.numbers),
        "ids": np.zeros(shape, np.int32),
        "attended": there,
        "counted": there,
        "word": none,
        "ordinal": none,
        "start": np.zeros(shape, np.int32),
        "end": np.array([[len(text)] for text in texts], np.int32).reshape(shape),
        "document": np.arange(len(texts), dtype=np.int32),
        "words": (),
        "vocabulary": (PLACE,),
        "texts": tuple(texts),
    }
