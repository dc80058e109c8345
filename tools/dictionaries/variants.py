"""What each kind of sparse autoencoder computes and minimises while it learns.

All have unit rows in the decoder, one squared error summed over coordinates and averaged over
places, and activations scaled so that their mean square is 1 a coordinate:

    l1           a = max(p, 0)                        + penalty sum a
    topk         the k largest p of a place, if > 0   + AuxK
    batchtopk    the k B largest of B places, if > 0  + AuxK
    matryoshka   as batchtopk; the error is that of each prefix of the latents, averaged, + AuxK
    jumprelu     a = p 1[p > t], t = exp(log t)       + penalty (L0 / k - 1)^2

(Bricken et al. 2023; Gao et al. 2024; Bussmann et al. 2024 and 2025; Rajamanoharan et al. 2024.)
AuxK: the latents that have been silent for long predict what is left over, the `width / 2` largest
of them, without the decoder's bias. It counts with weight 1/32, times the share of these there are.
A batch's k B largest depend on the batch; what is saved is a JumpReLU whose threshold, one for all,
is a moving average of the least value kept. Gradients to a threshold pass through a rectangle of
width `BANDWIDTH` in the place of the step's delta.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

Variant = Literal["topk", "batchtopk", "matryoshka", "jumprelu", "l1"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
BANDWIDTH = 0.05
"""Of the rectangle; where a mean square is 1, as in SAELens (Rajamanoharan 2024: .001)."""
_AUX = 1 / 32  # Gao 2024, section 2.4
_PREFIXES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # shares of the latents, as in Bussmann 2025

Weights = Mapping[str, Tensor]
"""`W_enc`, `b_enc`, `W_dec`, `b_dec`, and of jumprelu `log_threshold`, as in `Dictionary`."""


class Loss(NamedTuple):
    """What one batch gives."""

    total: Tensor
    error: Tensor
    """Squared error, of all latents."""
    active: Tensor
    """`[place, latent]`, detached."""
    least: float | None
    """The least value that was kept, where a batch competes."""


def loss(
    x: Tensor, weights: Weights, variant: Variant, k: int, penalty: float, dead: Tensor
) -> Loss:
    """The loss of a batch.

    Args:
        x: `[place, width]`, scaled.
        weights: In training.
        variant: The kind.
        k: Latents of a place, on average.
        penalty: Weight of the sparsity term of `l1` and `jumprelu`.
        dead: `[latent]` bool: silent for long.
    """
    pre = (x - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"]  # [place, latent]
    least: float | None = None
    if variant == "topk":
        kept, best = pre.topk(k, -1, sorted=False)
        active = torch.zeros_like(pre).scatter(-1, best, kept.relu())
    elif variant in ("batchtopk", "matryoshka"):
        active, least = _of_batch(pre.relu(), k * len(x))
    elif variant == "jumprelu":
        active = _jump(pre, weights["log_threshold"].exp())
    else:
        active = pre.relu()
    if variant == "matryoshka":
        error, total = _prefixes(x, active, weights)
    else:
        left = x - active @ weights["W_dec"] - weights["b_dec"]
        error = total = left.square().sum(-1).mean()
    if variant == "l1":
        total = total + penalty * active.sum(-1).mean()
    elif variant == "jumprelu":
        number = _Step.apply(pre, weights["log_threshold"].exp()).sum(-1).mean()  # pyright: ignore
        total = total + penalty * (number / k - 1).square()
    elif bool(dead.any()):
        total = total + _AUX * _auxiliary(x, pre, active, weights, dead)
    return Loss(total, error.detach(), active.detach(), least)


def _of_batch(positive: Tensor, n: int) -> tuple[Tensor, float]:
    """The n largest of all places together, and the least of them."""
    flat = positive.flatten()
    kept, best = flat.topk(min(n, flat.numel()), sorted=False)
    active = torch.zeros_like(flat).scatter(0, best, kept).view_as(positive)
    above = kept.detach()[kept.detach() > 0]
    return active, float(above.min()) if len(above) else 0.0


def _prefixes(x: Tensor, active: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """The squared error of all latents, and the mean over prefixes of them."""
    made, errors, start = weights["b_dec"].expand_as(x), [], 0
    for share in _PREFIXES:
        stop = max(start + 1, round(share * active.shape[1]))
        made = made + active[:, start:stop] @ weights["W_dec"][start:stop]
        errors.append((x - made).square().sum(-1).mean())
        start = stop
    return errors[-1], torch.stack(errors).mean()


def _auxiliary(x: Tensor, pre: Tensor, active: Tensor, weights: Weights, dead: Tensor) -> Tensor:
    """The squared error of what the silent latents make of what is left over."""
    with torch.no_grad():
        left = x - active @ weights["W_dec"] - weights["b_dec"]
    silent = int(dead.sum())
    n = min(silent, x.shape[1] // 2)
    kept, best = pre.masked_fill(~dead, -torch.inf).topk(n, -1, sorted=False)
    made = torch.zeros_like(pre).scatter(-1, best, kept.relu()) @ weights["W_dec"]
    share = min(1.0, silent / max(1, x.shape[1] // 2))
    return share * (left - made).square().sum(-1).mean()


def _rectangle(pre: Tensor, threshold: Tensor) -> Tensor:
    return ((pre - threshold).abs() < BANDWIDTH / 2).to(pre) / BANDWIDTH


class _Jump(torch.autograd.Function):
    """p 1[p > t]; to t passes -(t / width) rect((p - t) / width)."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, threshold: Tensor) -> Tensor:
        ctx.save_for_backward(pre, threshold)
        return pre * (pre > threshold)

    @staticmethod
    def backward(ctx: Any, *given: Any) -> Any:
        pre, threshold = ctx.saved_tensors
        gradient = given[0]
        to_threshold = -(threshold * _rectangle(pre, threshold) * gradient).sum(0)
        return gradient * (pre > threshold), to_threshold


class _Step(torch.autograd.Function):
    """1[p > t]; to t passes -(1 / width) rect((p - t) / width), to p nothing."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, threshold: Tensor) -> Tensor:
        ctx.save_for_backward(pre, threshold)
        return (pre > threshold).to(pre)

    @staticmethod
    def backward(ctx: Any, *given: Any) -> Any:
        pre, threshold = ctx.saved_tensors
        return None, -(_rectangle(pre, threshold) * given[0]).sum(0)


def _jump(pre: Tensor, threshold: Tensor) -> Tensor:
    made: Any = _Jump.apply(pre.relu(), threshold)
    return made
