"""What is measured at the last place of a prompt.

    log_probability     log p(token), or log p(token) - log p(other) with a contrast
    probability         p(token), or the difference of the two
    logit_difference    logit(token) - logit(other)
    kl                  KL(clean || changed) of the next-token distribution, in nats

    expression          any arithmetic over outputs and units (`expression.py`)

A target of several tokens is measured at the places that predict them, each behind the ones before
it: its log-probability is the sum over them, its probability the product.

All are computed in 32 bits or more, whatever the model computes in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from ..errors import UsageError

Kind = Literal["log_probability", "probability", "logit_difference", "kl", "expression"]
KINDS: tuple[Kind, ...] = ("log_probability", "probability", "logit_difference", "kl")
"""Kinds about a target that is named beside them; an expression names what it is about."""


@dataclass(frozen=True, eq=False)
class Metric:
    """A number for each row of next-token logits."""

    kind: Kind = "log_probability"
    token: int | None = None
    other: int | None = None
    """The token that `token` is contrasted with."""
    clean: Tensor | None = None
    """`[vocabulary]` logits of the clean run, for KL; whoever runs the prompt puts them in."""
    more: tuple[int, ...] = ()
    """Tokens of the target behind `token`, each predicted a place later."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UsageError(f"there is no metric '{self.kind}'; take {', '.join(KINDS)}")
        single = self.other is not None or self.kind in ("logit_difference", "kl")
        if self.more and single:
            what = "a contrast" if self.other is not None else f"the metric {self.kind}"
            raise UsageError(f"{what} looks at one token behind the prompt: use --several first")
        if self.kind == "kl":
            return
        if self.token is None:
            raise UsageError(f"the metric {self.kind} needs a target token")
        if self.kind == "logit_difference" and self.other is None:
            raise UsageError("a logit difference needs a second target to contrast with")
        if self.token == self.other:
            raise UsageError(
                f"the two targets are the same token ({self.token}): their difference is always "
                "0; give two different ones"
            )

    def __call__(self, logits: Tensor) -> Tensor:
        """`[row]` from logits `[row, vocabulary]`, or `[row, place, vocabulary]` for a target of
        several tokens; gradients pass.

        Raises:
            UsageError: for a token that the vocabulary lacks.
        """
        size = logits.shape[-1]
        for token in (self.token, self.other, *self.more):
            if token is not None and not 0 <= token < size:
                raise UsageError(f"token {token} is not one of the {size} of the vocabulary")
        if logits.dtype in (torch.float16, torch.bfloat16):
            logits = logits.float()
        if self.kind == "logit_difference":
            return logits[:, self.token] - logits[:, self.other]
        if self.kind == "kl":
            if self.clean is None:
                raise UsageError("KL needs the logits of the clean run")
            before = self.clean.to(logits).log_softmax(-1)
            return (before.exp() * (before - logits.log_softmax(-1))).sum(-1).clamp_min(0)
        if self.more:
            every = torch.tensor([self.token, *self.more], device=logits.device)
            scores = logits.gather(2, every[None, :, None].expand(len(logits), -1, 1))[..., 0]
            total = (scores - logits.logsumexp(-1)).sum(1)  # [row], from [row, place]
            return total.exp() if self.kind == "probability" else total
        scores = logits[:, [t for t in (self.token, self.other) if t is not None]]
        scores = scores - logits.logsumexp(-1, keepdim=True)  # [row, 1 or 2]
        if self.kind == "probability":
            scores = scores.exp()
        return scores[:, 0] - scores[:, 1] if self.other is not None else scores[:, 0]

    def with_clean(self, logits: Tensor) -> "Metric":
        """The same, knowing the clean run's logits `[vocabulary]`, where it does not yet."""
        return replace(self, clean=logits) if self.kind == "kl" and self.clean is None else self

    def alone(self) -> "Metric":
        """The same without a contrast."""
        return replace(self, other=None)

    @property
    def whole(self) -> bool:
        """Whether it is about more than next-token logits at the last places (`of`)."""
        return False

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites that it reads beside the output."""
        return ()

    def of(self, output: Tensor | None, values: Mapping[str, Tensor]) -> Tensor:
        """`[row]` from a network's whole output and the values of `sites`."""
        assert output is not None
        ends = output[:, -self.places :] if self.places > 1 else output[:, -1]
        return self(ends if output.ndim == 3 else output)

    @property
    def places(self) -> int:
        """How many of the last places are looked at."""
        return 1 + len(self.more)

    @property
    def name(self) -> str:
        """In words."""
        one = "a contrast of two targets" if self.other is not None else "the target"
        one += f", {self.places} tokens together" if self.more else ""
        return {
            "log_probability": f"log-probability of {one} (nats)",
            "probability": f"probability of {one}",
            "logit_difference": "logit difference of the two targets",
            "kl": "KL of the next token (nats)",
            "expression": "expression",
        }[self.kind]
