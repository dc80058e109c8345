"""A head's attention as a predictor: how much of it falls on the places of a pattern.

The windows know whom they were cut for. Patterns are those by which `attention` names heads
(`models/attention.py`); a place that sees none of a pattern's places has 0 there.
"""

import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from pydantic import Field

from ..errors import UsageError
from ..memo import Memo
from ..models.attention import (
    PATTERNS,
    attention_weights,
    by_length,
    delimiters_of,
    pattern_mask,
)
from .core import Tailed, unsaid
from .view import View

if TYPE_CHECKING:
    from ..data.windows import TokenWindows

_MOST = 16  # pairs of a site and a pattern that are kept for the same windows
_kept: "weakref.WeakKeyDictionary[TokenWindows, Memo]" = weakref.WeakKeyDictionary()


class Attends(Tailed, frozen=True):
    """The share of a head's attention at the place that is on: the token before, itself, copies of
    the same token, the token behind an earlier copy (induction), the first token, or delimiters
    (tokens without a letter or digit). With `at_least` it holds or not.
    """

    kind: Literal["attends"] = "attends"
    head: str = Field(min_length=1, max_length=200)
    to: Literal["previous", "itself", "copies", "induction", "first", "delimiter", "next"]
    at_least: float | None = unsaid(None, gt=0, le=1, allow_inf_nan=False)

    def values(self, view: View) -> np.ndarray:
        shares = attended(view.windows, self.head, self.to)
        return shares if self.at_least is None else (shares >= self.at_least).astype(np.float32)

    def tail(self) -> str:
        where = f"{self.head} attends to {PATTERNS[self.to]}"
        if self.at_least is None:
            return f"more the more {where}"
        return f"where {where} with at least {self.at_least:g} of its attention"


def attended(windows: "TokenWindows", head: str, to: str) -> np.ndarray:
    """The share of a head's attention on a pattern's places, float32 `[window, place]`.

    Raises:
        UsageError: without the model, for what is no head of it, or a head whose attention cannot
            be seen.
    """
    target = windows.source()
    if target is None:
        raise UsageError("'attends' needs the model that the texts were cut for; load it first")
    unit = target.unit(head)
    if not unit.site.startswith("head."):
        raise UsageError(f"'attends' is about heads, such as head.0/2, and {head} is none")
    memo = _kept.setdefault(windows, Memo())
    shares = memo.once(
        (unit.site, to), lambda: _of_site(target, windows, unit.site, to), most=_MOST
    )
    return shares[unit.index]


def _of_site(target: Any, windows: "TokenWindows", site: str, to: str) -> np.ndarray:
    """Of all heads of a site, `[head, window, place]`."""
    delimiters = delimiters_of(windows.vocabulary) if to == "delimiter" else None
    out = np.zeros((target.site(site).units, *windows.ids.shape), np.float32)
    for rows in by_length(target, windows):
        width = int(windows.attended[rows].sum(1).max(initial=1))
        here = windows.attended[rows][:, :width]
        part: Any = SimpleNamespace(ids=windows.ids[rows][:, :width], attended=here, counted=here)
        weights = attention_weights(target, part, [site])[site].cpu()  # [row, head, place, seen]
        ids, there = torch.as_tensor(part.ids, dtype=torch.long), torch.as_tensor(here)
        mask = pattern_mask(to, ids, there, delimiters) & there[:, None] & there[:, :, None]
        shares = torch.einsum("nhqk,nqk->hnq", weights, mask.to(weights.dtype))
        out[:, rows, :width] = shares.clamp(0, 1).numpy()
    return out
