"""The residual stream behind every sub-layer, and the readout that turns it into a prediction.

The points of a network are `embed` (the input of the first block), and for each block `attn_out.N`
(with what the attention adds) and `mlp_out.N` (the block's output). In a block whose attention and
MLP run side by side (GPT-NeoX), `attn_out.N` is the layer input with the attention alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..metrics.rows import Rows
from ..models import Inputs, Target
from ..models.forward import Batch
from ..models.probe import probe_ids
from ..residual.architecture import Architecture, read_architecture
from ..residual.exact import ExactTrace
from ..residual.readout import Readout, readout_of

_PLACES = 4  # of the row on which the readout is checked


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads streams of one target; made by `reader`."""

    target: Target
    architecture: Architecture
    readout: Readout

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the points, first to last."""
        blocks = range(len(self.architecture.blocks))
        each = (f"{kind}.{block}" for block in blocks for kind in ("attn_out", "mlp_out"))
        return ("embed", *each)

    def streams(self, inputs: Inputs) -> Tensor:
        """The residual stream at every point, `[point, row, place, d]` float32.

        Raises:
            UsageError: where it is not finite.
        """
        blocks = self.architecture.blocks
        names = [self.architecture.embeddings]
        names += [f"{kind}.{b}" for b in range(len(blocks)) for kind in ("attn_out", "resid")]
        result = self.target.trace(inputs, names, output=False).values
        before = result[self.architecture.embeddings]
        out = [before.float()]
        for number, block in enumerate(blocks):
            update = result[f"attn_out.{number}"]
            if block.attention.after is not None:
                with torch.no_grad():
                    update = block.attention.after(update)
            after = result[f"resid.{number}"]
            out += [before.float() + update.float(), after.float()]
            before = after
        made = torch.stack(out)  # [point, row, place, d]
        attended = Batch(inputs, self.target.device).attended
        self._check(made if attended is None else made[:, attended])
        return made

    def logits(self, residual: Tensor, scale: Tensor | None = None) -> Tensor:
        """Final norm and vocabulary head, `[n, vocabulary]` float32; gradients pass.

        Args:
            residual: `[n, d]`.
            scale: Statistics of the norm, `[n, 1]`; None: the residual's own.
        """
        scale = self.scale(residual) if scale is None else scale
        logits = self.readout.uncapped(self.readout.normed(residual, scale))
        cap = self.readout.cap
        return logits if cap is None else cap * torch.tanh(logits / cap)

    def scale(self, residual: Tensor) -> Tensor:
        """s of the final norm, `[..., 1]`; ones where there is no norm."""
        norm = self.readout.norm
        return torch.ones_like(residual[..., :1]) if norm is None else norm.scale(residual)

    def _check(self, made: Tensor) -> None:
        """Refuses what is not finite; `made` is `[point, ..., d]`."""
        good = made.isfinite().flatten(1).all(1)
        if not bool(good.all()):
            point = self.points[int((~good).nonzero()[0, 0])]
            kind = next(self.target.network.parameters()).dtype
            raise UsageError(
                f"{self.target.name} gives NaN or infinity behind {point} on this input (weights "
                f"in {str(kind).removeprefix('torch.')}); load it with --dtype float32, or check "
                "its weights"
            )


def reader(target: Target) -> Reader:
    """The streams and the readout of a language model, checked against its own logits.

    Raises:
        UsageError: for an encoder, or a network whose blocks or head are not of a known form.
    """
    if target.kind != "causal" or "logit" not in target.sites:
        raise UsageError(
            f"{target.name} has no vocabulary head: a lens needs a language model that predicts "
            "the next token"
        )
    architecture = read_architecture(target)
    row = probe_ids(target.sites["logit"].units, min(_PLACES, target.context_length))
    probe = Batch(Rows(row.numpy().astype(np.int32)[None]), target.device)
    assert probe.ids is not None
    assert probe.attended is not None
    names = [architecture.embeddings, f"resid.{len(architecture.blocks) - 1}"]
    result = target.trace(Rows(probe.ids.cpu().numpy()), names, output="last")
    assert result.output is not None
    if not bool(result.output.isfinite().all()):
        raise UsageError(
            f"the output of {target.name} is not finite (NaN or infinity): load it with --dtype "
            "float32, or check its weights"
        )
    run = ExactTrace(  # as far as a readout needs it: no neurons or heads
        target,
        architecture,
        probe.ids,
        probe.attended,
        result.values[names[0]],
        *((), (), (), ()),
        (result.values[names[1]],),
        result.output,
    )
    return Reader(target, architecture, readout_of(run))
