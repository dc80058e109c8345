"""Norms with frozen statistics: what a LayerNorm or RMSNorm is while its scale is held fixed.

A norm gives `gain * c(x) / s(x) + bias`: c subtracts the mean (LayerNorm) or nothing (RMSNorm) and
s(x) is the root of the mean square of c(x) plus epsilon. With s taken from one run and held, the
norm is linear, so that the parts of a sum can be followed through it one by one. What a module
computes is measured, not believed: the gain is fitted to its output, then taken exactly from its
weight where the weight, or one plus the weight (Gemma), is what was fitted.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

_EPSILON = ("eps", "variance_epsilon", "epsilon", "norm_eps")


@dataclass(frozen=True, eq=False)
class Norm:
    """One norm of a network, as a formula; everything is float32."""

    path: str
    module: nn.Module
    gain: Tensor
    """`[d]`."""
    bias: Tensor
    """`[d]`, zeros where there is none."""
    centred: bool
    """Whether the mean is subtracted (LayerNorm)."""
    epsilon: float

    def __call__(self, values: Tensor) -> Tensor:
        """The norm itself, as the network runs it."""
        return self.module(values)

    def centre(self, values: Tensor) -> Tensor:
        """c(x)."""
        return values - values.mean(-1, keepdim=True) if self.centred else values

    def scale(self, values: Tensor) -> Tensor:
        """s(x), `[..., 1]`."""
        centred = self.centre(values.float())
        return (centred.square().mean(-1, keepdim=True) + self.epsilon).sqrt()

    def frozen(self, parts: Tensor, scale: Tensor) -> Tensor:
        """What becomes of a part of the sum, without the bias; linear in the part."""
        return self.gain * self.centre(parts.float()) / scale

    def back(self, direction: Tensor, scale: Tensor) -> Tensor:
        """The transpose of `frozen`: `direction . frozen(u) = back(direction) . u`."""
        return self.centre(self.gain * direction.float()) / scale


def read_norm(path: str, module: nn.Module, width: int) -> Norm | None:
    """The formula of a norm module, or None where it is not of this form."""
    weight = next(module.parameters(), None)
    like = weight if weight is not None else torch.zeros(1)
    if like.device.type == "meta" or not like.is_floating_point():
        return None
    draw = torch.Generator().manual_seed(0)
    probe = torch.sign(torch.randn(4, width, generator=draw))
    probe = probe * (1 + torch.rand(4, width, generator=draw)) + 0.5  # [row, d], mean not zero
    probe = probe.to(like)
    with torch.no_grad():
        out = module(probe).float()
        bias = module(torch.zeros_like(probe[:1]))[0].float()
    epsilon = next((float(getattr(module, n)) for n in _EPSILON if hasattr(module, n)), 1e-6)
    result: list[tuple[float, Norm]] = []
    for centred in (False, True):
        plain = Norm(path, module, torch.ones_like(bias), bias, centred, epsilon)
        normal = plain.frozen(probe, plain.scale(probe))  # [row, d]
        keep = normal.abs() > 0.3  # what is divided by is not near zero
        quotient = torch.where(keep, (out - bias) / torch.where(keep, normal, 1.0), 0.0)
        choices = [quotient.sum(0) / keep.sum(0).clamp(min=1), plain.gain]
        if weight is not None and weight.shape == bias.shape:
            own = weight.detach().float()
            choices = [own, 1 + own, *choices]
        for gain in choices:
            made = Norm(path, module, gain.clone(), bias, centred, epsilon)
            again = made.frozen(probe, made.scale(probe)) + bias
            result.append((float((again - out).norm() / out.norm().clamp(min=1e-30)), made))
    error, best = min(result, key=lambda item: item[0])
    exact = [made for miss, made in result if miss <= max(1e-5, error)]  # the weight, where it fits
    return (exact or [best])[0] if error <= max(1e-4, 4 * torch.finfo(like.dtype).eps) else None
