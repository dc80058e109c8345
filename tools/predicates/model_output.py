"""What the model itself gives at every place of windows: the probability of tokens or labels.

The windows know whom they were cut for; nothing that stands behind a place of a causal model is
read, and what the text says next plays no part.
"""

from typing import Any

import numpy as np
import torch

from ..data.windows import TokenWindows, batches
from ..errors import UsageError, nearest
from ..memo import Memo
from .phrases import quoted
from .view import memo_of

_ROWS = 64
_MOST = 64  # sets of tokens whose probabilities are kept for the same windows


def probability(windows: TokenWindows, names: tuple[str, ...]) -> np.ndarray:
    """The probability of tokens, or of labels of a classifier, float32 `[window, place]`.

    A classifier that answers once for a row gives the same at all of its places.

    Raises:
        UsageError: if the model predicts nothing, or none of these.
    """
    memo = memo_of(windows).once("outputs", Memo)
    return memo.once(frozenset(names), lambda: _probability(windows, names), most=_MOST)


def _probability(windows: TokenWindows, names: tuple[str, ...]) -> np.ndarray:
    target = windows.source()
    if target is None:
        raise UsageError("'predicted' needs the model that the texts were cut for; load it first")
    out = np.zeros(windows.ids.shape, np.float32)
    for start, rows in batches(windows, _ROWS):
        given = target.trace(rows, output=True).output
        if given is None or given.ndim not in (2, 3):
            raise UsageError(f"{target.name} predicts no tokens or labels; leave out 'predicted'")
        chosen = _columns(target, windows, names, int(given.shape[-1]))
        shares = given.float().softmax(-1)[..., chosen].sum(-1)  # [row] or [row, place]
        each: np.ndarray = shares.reshape(len(rows), -1).cpu().numpy()  # [row, place] or [row, 1]
        width = len(each[0]) if given.ndim == 3 else len(out[0])
        out[start : start + len(rows), :width] = each
    return out


def _columns(target: Any, windows: TokenWindows, names: tuple[str, ...], size: int) -> torch.Tensor:
    """Which outputs are meant: labels where the model has them, else tokens."""
    labels = target.labels or (windows.vocabulary if size >= len(windows.vocabulary) else None)
    if labels is None:
        labels = tuple(map(str, range(size)))
    wanted = set(names)
    chosen = [i for i, label in enumerate(labels[:size]) if label in wanted]
    if not chosen:
        near = nearest(quoted(names[0]), [quoted(label) for label in labels])
        raise UsageError(f"{target.name} predicts no {quoted(names[0])}; nearest: {near}")
    return torch.tensor(chosen, device=target.device)
