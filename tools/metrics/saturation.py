"""Where a prediction is so sure that an effect on its probability says little.

Of a token with probability p, d log p = (1 - p) d(logit - logits of the others): at p near 1 a
change of the logit hardly moves log p, and what moves it may be noise on the rivals. A contrast,
the lead over another token, has no such ceiling.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..render.text import number, quoted

SATURATED = 0.9
"""From here on log p moves by less than a tenth of what the logit does, by the formula above."""


def saturation(probability: float, measured: str, rival: str | None) -> str | None:
    """What is said of an effect on a target that is nearly sure; None where it is not.

    Args:
        probability: Of the target in the unchanged run.
        measured: The text of the token that is measured.
        rival: The likeliest other token; None: unknown.
    """
    if probability < SATURATED:
        return None
    other = "another token" if rival is None else f"{quoted(rival)}, the next likeliest"
    return (
        f"the model is nearly sure of {quoted(measured)} (probability {number(probability)}), so "
        "its log-probability hardly moves whatever is changed, and small effects on it mean "
        f"little: measure a contrast with {other}"
    )


def rival(logits: Tensor, token: int, names: Sequence[str]) -> str | None:
    """The likeliest token beside one, as text, from logits `[vocabulary]`."""
    others = logits.detach().float().clone()
    others[token] = -torch.inf
    best = int(others.argmax())
    return names[best] if best < len(names) else None
