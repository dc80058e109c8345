"""Whether a language model keeps an attention sink at the first token of a row.

Without a token that begins a text, many language models send their unneeded attention to whichever
token stands first, and the residual stream there grows to many times its length elsewhere (Xiao et
al. 2024, Sun et al. 2024): the activation says where the token stands and nothing of the text.

1. A few rows of ordinary tokens, with the special tokens that the tokenizer puts before a text.
2. Behind each block, the median length of the residual stream at the first ordinary token, over
   the median at the others.
3. There is a sink where this is ten or more behind some block: 158 in SmolLM2, at most 2.5 in the
   networks that ship (`docs/models.md`).
"""

from typing import TYPE_CHECKING

import torch

from .reading import around_text, ordinary_rows

if TYPE_CHECKING:
    from .target import Target

SINK = 10.0
_PLACES = 12
_KEPT = "_sink"


def sink(target: "Target") -> bool:
    """Whether there is one; kept on the target."""
    if target.kind != "causal" or target.tokenizer is None:
        return False
    if _KEPT not in target.__dict__:
        target.__dict__[_KEPT] = first_to_others(target) >= SINK
    return target.__dict__[_KEPT]


def first_to_others(target: "Target") -> float:
    """The length of the residual stream at the first ordinary token over that at the others, the
    largest of all blocks; 0 where nothing could be measured."""
    sites = [name for name in target.sites if name.startswith("resid.")]
    before, after = around_text(target)
    places = min(_PLACES + len(before) + len(after), target.context_length)
    last = places - len(after)
    if not sites or last - len(before) < 3:
        return 0.0
    try:
        values = target.trace(ordinary_rows(target, places), sites).values
    except (RuntimeError, ValueError, IndexError):
        return 0.0  # it does not take rows of this length
    ratios = []
    for name in sites:
        sizes = values[name].float().norm(dim=-1)[:, len(before) : last]  # [row, place]
        ratios.append(sizes[:, 0].median() / sizes[:, 1:].median())
    return float(torch.stack(ratios).nan_to_num(0.0, 0.0).max())
