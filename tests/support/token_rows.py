"""Windows of given ids, for tests in which tokens are numbers and hold no words."""

from collections.abc import Sequence

import numpy as np
from neuroscribe.tools.data.windows import TokenWindows


def windows_of(
    ids: np.ndarray,
    *,
    attended: np.ndarray | None = None,
    counted: np.ndarray | None = None,
    document: np.ndarray | None = None,
    vocabulary: Sequence[str] = (),
    texts: Sequence[str] | None = None,
) -> TokenWindows:
    """Each place is one character, each row a document unless others are given.

    Args:
        ids: `[row, place]`.
        attended: All, unless given.
        counted: All that are attended, unless given.
        document: Of each row.
        vocabulary: Surfaces of tokens.
        texts: Of the documents; empty, unless given.
    """
    nothing = np.full(ids.shape, -1, np.int32)
    places = np.broadcast_to(np.arange(ids.shape[1], dtype=np.int32), ids.shape).copy()
    attended = np.ones(ids.shape, bool) if attended is None else attended
    return TokenWindows(
        ids=ids.astype(np.int32),
        attended=attended,
        counted=attended if counted is None else counted,
        word=nothing,
        ordinal=nothing,
        start=places,
        end=places + 1,
        document=np.arange(len(ids), dtype=np.int32) if document is None else document,
        words=(),
        vocabulary=tuple(vocabulary),
        texts=("",) * len(ids) if texts is None else tuple(texts),
    )


def random_windows(many: int, width: int = 20, *, seed: int = 0) -> TokenWindows:
    """Random ids below 64: ragged, each with an uncounted first place and some inside, three a
    document."""
    draw = np.random.default_rng(seed)
    ids = draw.integers(3, 64, (many, width)).astype(np.int32)
    sizes = draw.integers(3, width + 1, many)
    attended = np.arange(width) < sizes[:, None]
    ids[~attended] = 0
    counted = attended & (draw.random((many, width)) < 0.95)
    counted[:, 0] = False
    return windows_of(
        ids,
        attended=attended,
        counted=counted,
        document=(np.arange(many) // 3).astype(np.int32),
        vocabulary=[f"t{i}" for i in range(64)],
        texts=[f"document {i} " * width for i in range(many // 3 + 1)],
    )
