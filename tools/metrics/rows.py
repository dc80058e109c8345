"""Rows of token ids without padding: what a target reads where no text is cut into windows."""

from dataclasses import dataclass

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
