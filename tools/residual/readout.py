"""From the residual stream to the prediction, with the final norm's scale frozen.

logits(r) = W_U (g * c(r) / s + b) + h, with s of the full run; then the model's soft cap, if any.
A `paper` readout drops the norm's bias b, as the notebooks released with the neuron-attribution
paper do. The objective is log p(w), or the difference of two logits (which is that of their
log-probabilities).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import UsageError
from ..metrics.target_tokens import Prediction
from ..models import Target
from .exact import ExactTrace
from .norms import Norm

_CAST = 16_384  # rows of the vocabulary that are cast to float32 at a time


@dataclass(frozen=True, eq=False)
class Readout:
    """The final norm and the vocabulary head."""

    norm: Norm | None
    weight: Tensor
    """W_U, `[vocabulary, d]`."""
    bias: Tensor | None
    cap: float | None
    """Logits are cap * tanh(logit / cap)."""
    paper: bool = False

    def normed(self, residual: Tensor, scale: Tensor) -> Tensor:
        """What the head reads, `[n, d]` float32."""
        if self.norm is None:
            return residual.float()
        out = self.norm.frozen(residual, scale)
        return out if self.paper else out + self.norm.bias

    def logits(self, residual: Tensor, scale: Tensor) -> Tensor:
        """`[n, vocabulary]` float32, capped.

        Args:
            residual: `[n, d]`.
            scale: s, broadcasts to `[n, 1]`.
        """
        return self.capped(self.uncapped(self.normed(residual, scale)))

    def uncapped(self, normed: Tensor) -> Tensor:
        """The head alone, `[n, vocabulary]` float32."""
        if self.weight.dtype == torch.float32:
            logits = normed @ self.weight.T
        else:
            logits = torch.cat([normed @ part.float().T for part in self.weight.split(_CAST)], 1)
        return logits if self.bias is None else logits.add_(self.bias.float())

    def capped(self, logits: Tensor) -> Tensor:
        """With the model's soft cap."""
        return logits if self.cap is None else (logits / self.cap).tanh_().mul_(self.cap)

    def pulled(self, slope: Tensor, scale: Tensor) -> Tensor:
        """A slope over uncapped logits `[n, vocabulary]` as directions of the residual `[n, d]`."""
        if self.weight.dtype == torch.float32:
            direction = slope @ self.weight
        else:
            pairs = zip(slope.split(_CAST, 1), self.weight.split(_CAST), strict=True)
            direction = torch.stack([part @ rows.float() for part, rows in pairs]).sum(0)
        return direction if self.norm is None else self.norm.back(direction, scale)

    def direction(self, prediction: Prediction, scale: Tensor) -> Tensor:
        """`[d]`: W_U[w], less that of the contrast, through the frozen norm."""
        row = self.weight[prediction.token].float()
        if prediction.other is not None:
            row = row - self.weight[prediction.other].float()
        return row if self.norm is None else self.norm.back(row, scale)


def readout_of(trace: ExactTrace, *, paper: bool = False) -> Readout:
    """The readout of a traced language model, checked against the run's own logits.

    Raises:
        UsageError: if final norm and head do not give them.
    """
    target = trace.target
    if "logit" not in target.sites or trace.logits is None:
        raise UsageError(f"{target.name} has no vocabulary head, so it predicts no token")
    if trace.architecture.post_norm:
        raise UsageError(
            f"{target.name} has norms in its residual stream (post-norm), so that no unit adds to "
            "a prediction by itself; use interventions"
        )
    head: Any = target.network.get_submodule(target.sites["logit"].module)
    config = getattr(target.network, "config", None)
    config = getattr(config, "get_text_config", lambda: config)()
    cap = getattr(config, "final_logit_softcapping", None)
    bias = getattr(head, "bias", None)
    made = Readout(trace.architecture.final, head.weight, bias, float(cap) if cap else None)
    if "readout" not in trace.architecture.memo:
        row = torch.arange(len(trace.ids), device=trace.ids.device)
        last = trace.last
        got = made.logits(trace.final[row, last], trace.final_scale[row, last])
        want = trace.logits.float()
        apart = float((got - want).norm() / want.norm().clamp(min=1e-30))
        if not apart <= trace.limit:
            raise UsageError(
                f"{target.name}: final norm and vocabulary head give logits that are {apart:.1e} "
                "away from the model's own, so that its predictions cannot be split into units"
            )
        trace.architecture.memo["readout"] = True
    if not paper:
        return made
    return Readout(made.norm, made.weight, made.bias, made.cap, paper=True)


def objective(logits: Tensor, prediction: Prediction) -> Tensor:
    """`[n]`: log p(w), or the logit of w less that of the contrast."""
    chosen = logits[:, prediction.token]
    if prediction.other is not None:
        return chosen - logits[:, prediction.other]
    return chosen - logits.logsumexp(1)


def slope(readout: Readout, logits: Tensor, prediction: Prediction) -> Tensor:
    """Derivative of the objective by the uncapped logits, `[n, vocabulary]`.

    Args:
        readout: The readout.
        logits: Capped logits, `[n, vocabulary]`.
        prediction: What is predicted.
    """
    if prediction.other is None:
        out = logits.softmax(1).neg_()
    else:
        out = torch.zeros_like(logits)
        out[:, prediction.other] -= 1
    out[:, prediction.token] += 1
    if readout.cap is not None:
        out *= 1 - (logits / readout.cap).square()
    return out


def check_vocabulary(target: Target, prediction: Prediction, readout: Readout) -> None:
    """Refuses a token that the head does not have (added to the tokenizer, say)."""
    for token in (prediction.token, prediction.other):
        if token is not None and not 0 <= token < len(readout.weight):
            raise UsageError(
                f"token {token} is not one of the {len(readout.weight)} that {target.name} predicts"
            )
