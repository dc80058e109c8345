"""Rows of token ids: what a target reads where no text is cut into windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one length."""

    ids: np.ndarray
    """`[row, place]` int32."""

    @property
    def attended(self) -> np.ndarray:
        """`[row, place]` bool: all of them."""
        return np.ones(self.ids.shape, bool)


class Padded(NamedTuple):
    """Rows of different length; behind a row's end nothing is attended."""

    ids: np.ndarray
    """`[row, place]` int32."""
    attended: np.ndarray
    """`[row, place]` bool."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "Padded":
        """Padded on the right."""
        ids = np.zeros((len(rows), max(map(len, rows))), np.int32)
        attended = np.zeros(ids.shape, bool)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            attended[i, : len(row)] = True
        return cls(ids, attended)
