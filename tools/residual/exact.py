"""The exact trace of a transformer: its residual stream as a sum of sub-updates.

1. One forward keeps the embeddings, the output of each attention and MLP, the neurons'
   coefficients m, the heads' outputs z (before the output projection) and, of a language model,
   the logits of the last place.
2. Invariant: embeddings + all sub-updates = final residual, within 1e-4 of its length (wider in
   half precision). It is checked on every trace; an architecture or a run where it does not hold
   is refused.
3. A post-norm model (BERT) has no additive stream: each sub-update is carried through the later
   norms with their statistics frozen, and the norms' biases are carried as parts of their own.
4. A sub-update that passes a norm of its own before it is added (Gemma-2) is followed through that
   norm, frozen, down to single heads and neurons.

What single neurons or heads write is computed when it is asked for, for the places asked for:
`[layer, place, neuron, d]` never exists. Attention patterns: `patterns.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..errors import UsageError
from ..models import Inputs, Intervention, Target
from ..models.forward import Batch
from .architecture import Architecture, Write, read_architecture
from .norms import Norm

LIMIT = 1e-4
"""Of the reconstruction error, relative, in single precision."""


@dataclass(frozen=True, eq=False)
class ExactTrace:
    """One run as a sum. Tensors are in the network's type; what is computed from them, float32."""

    target: Target
    architecture: Architecture
    ids: Tensor
    """`[row, place]`."""
    attended: Tensor
    """`[row, place]` bool."""
    embeddings: Tensor
    """`[row, place, d]`: the input of the first block."""
    attention: tuple[Tensor, ...]
    """`[block]`: output of the attention projection, `[row, place, d]`."""
    mlp: tuple[Tensor, ...]
    """`[block]`: output of the down-projection, `[row, place, d]`."""
    neurons: tuple[Tensor, ...]
    """`[block]`: coefficients m, `[row, place, unit]`; no unit where the MLP writes nothing."""
    heads: tuple[Tensor, ...]
    """`[block]`: z, `[row, place, head, channel]`."""
    residuals: tuple[Tensor, ...]
    """`[block]`: what each block gives, `[row, place, d]`."""
    logits: Tensor | None
    """`[row, vocabulary]` at the last attended place; None: not a language model."""

    @property
    def depth(self) -> int:
        """Blocks."""
        return len(self.residuals)

    @property
    def final(self) -> Tensor:
        """The residual behind the last block, `[row, place, d]`."""
        return self.residuals[-1]

    @property
    def last(self) -> Tensor:
        """`[row]`: the last attended place."""
        places = torch.arange(self.attended.shape[1], device=self.attended.device)
        return (self.attended * places).argmax(1)

    @property
    def limit(self) -> float:
        """How far the sum may be off, relative: 1e-4, more in half precision."""
        return max(LIMIT, 8 * torch.finfo(self.final.dtype).eps)

    def layer_input(self, block: int) -> Tensor:
        """The residual that a block takes, `[row, place, d]`."""
        return self.residuals[block - 1] if block else self.embeddings

    def before_mlp(self, block: int) -> Tensor:
        """The residual that the MLP reads: with this block's attention unless that is parallel;
        in a post-norm model, behind the norm that follows the attention."""
        here = self.architecture.blocks[block]
        if here.parallel:
            return self.layer_input(block)
        summed = self.layer_input(block).float() + self.attention_update(block)
        if here.stream is None:
            return summed
        with torch.no_grad():
            return here.stream[0](summed.to(self.final.dtype))

    def attention_update(self, block: int) -> Tensor:
        """What the attention adds, `[row, place, d]`, behind a norm of its own if it has one."""
        return _update(self.architecture.blocks[block].attention, self.attention[block])

    def mlp_update(self, block: int) -> Tensor:
        """What the MLP adds, `[row, place, d]`, behind a norm of its own if it has one."""
        return _update(self.architecture.blocks[block].mlp, self.mlp[block])

    def bias_write(self, block: int, kind: str) -> Tensor:
        """What the projection's bias adds, `[row, place, d]`; kind is `attention` or `mlp`."""
        here = self.architecture.blocks[block]
        write = here.attention if kind == "attention" else here.mlp
        raw = self.attention[block] if kind == "attention" else self.mlp[block]
        if write.bias is None:
            parts = torch.zeros_like(raw, dtype=torch.float32)
        else:
            parts = write.bias.expand(raw.shape)
        out = _through(write, parts, raw)
        return out if write.after is None else out + write.after.bias

    @cached_property
    def final_scale(self) -> Tensor:
        """s of the norm behind the last block, `[row, place, 1]`; ones where there is none."""
        norm = self.architecture.final
        if norm is None:
            return torch.ones_like(self.final[..., :1]).float()
        return norm.scale(self.final)

    @cached_property
    def stream_norms(self) -> list[tuple[Norm, Tensor]]:
        """Post-norm models: the norms in the stream, in order, with s `[row, place, 1]`."""
        out: list[tuple[Norm, Tensor]] = []
        for number, block in enumerate(self.architecture.blocks):
            if block.stream is not None:
                first = self.layer_input(number).float() + self.attention_update(number)
                second = self.before_mlp(number).float() + self.mlp_update(number)
                out += [
                    (block.stream[0], block.stream[0].scale(first)),
                    (block.stream[1], block.stream[1].scale(second)),
                ]
        return out

    def carried(self, parts: Tensor, first: int) -> Tensor:
        """Parts of the sum `[row, place, d]` through the stream's norms from number `first` on,
        frozen. Block b's attention joins before norm 2b, its MLP before norm 2b + 1; without
        norms in the stream nothing happens."""
        for norm, scale in self.stream_norms[first:]:
            parts = norm.frozen(parts, scale)
        return parts

    def reconstruct(self) -> Tensor:
        """Embeddings + all sub-updates, each carried to the end: `[row, place, d]` float32."""
        total = self.carried(self.embeddings.float(), 0).clone()
        for block in range(self.depth):
            total += self.carried(self.attention_update(block).float(), 2 * block)
            total += self.carried(self.mlp_update(block).float(), 2 * block + 1)
        for number, (norm, _) in enumerate(self.stream_norms):
            total += self.carried(norm.bias.expand_as(total), number + 1)
        return total

    def error(self) -> float:
        """The largest distance of the sum from the final residual at a place, relative."""
        final = self.final.float()[self.attended]
        apart = (self.reconstruct()[self.attended] - final).norm(dim=-1)
        return float((apart / final.norm(dim=-1).clamp(min=1e-30)).max())


def exact_trace(
    target: Target, inputs: Inputs, *, interventions: Sequence[Intervention] = ()
) -> ExactTrace:
    """Runs a transformer once and keeps its residual stream as a sum.

    Args:
        target: A transformer.
        inputs: Token rows.
        interventions: Changes of neurons or heads that the run carries; the trace holds what the
            network went on with.

    Raises:
        UsageError: if the network is not built as a sum, a value is not finite, or the sum is not
            the final residual.
    """
    architecture = read_architecture(target)
    names = [architecture.embeddings]
    for kind in ("attn_out", "mlp_out", "mlp", "head", "resid"):
        names += [
            f"{kind}.{number}"
            for number, block in enumerate(architecture.blocks)
            if kind != "mlp" or not block.mlp.silent
        ]
    causal = target.kind == "causal"
    result = target.trace(
        inputs, names, interventions=interventions, output="last" if causal else False
    )
    batch = Batch(inputs, target.device)
    assert batch.ids is not None
    assert batch.attended is not None

    def each(kind: str) -> tuple[Tensor, ...]:
        return tuple(result.values[f"{kind}.{b}"] for b in range(len(architecture.blocks)))

    embedded = result.values[architecture.embeddings]
    neurons = tuple(
        embedded[..., :0] if block.mlp.silent else result.values[f"mlp.{number}"]
        for number, block in enumerate(architecture.blocks)
    )
    heads = tuple(z if z.ndim == 4 else z[..., None] for z in each("head"))
    made = ExactTrace(
        target,
        architecture,
        batch.ids,
        batch.attended,
        embedded,
        each("attn_out"),
        each("mlp_out"),
        neurons,
        heads,
        each("resid"),
        result.output if causal else None,
    )
    _check(made)
    return made


def _check(made: ExactTrace) -> None:
    """Refuses what is not finite or does not add up."""
    name, kind = made.target.name, str(made.final.dtype).removeprefix("torch.")
    with torch.no_grad():
        error = made.error()
    if error <= made.limit:
        return
    for number in range(made.depth):
        sites = {"head": made.heads, "attn_out": made.attention, "mlp": made.neurons}
        for site, values in {**sites, "mlp_out": made.mlp, "resid": made.residuals}.items():
            if not bool(torch.isfinite(values[number][made.attended]).all()):
                raise UsageError(
                    f"{name} gives NaN or infinity at {site}.{number} on this input (weights in "
                    f"{kind}); nothing can be attributed: load it with --dtype float32, or check "
                    "its weights"
                )
    raise UsageError(
        f"{name} does not reconstruct: embeddings + sub-updates are {error:.1e} away from the "
        f"final residual (at most {made.limit:.0e} in {kind}); something else is added in its "
        "blocks, so that nothing is attributed; use interventions"
    )


def _update(write: Write, raw: Tensor) -> Tensor:
    if write.after is None:
        return raw
    with torch.no_grad():
        return write.after(raw)


def _through(write: Write, parts: Tensor, raw: Tensor) -> Tensor:
    """Parts of a projection's output behind the norm that follows it, frozen as for `raw`."""
    return parts if write.after is None else write.after.frozen(parts, write.after.scale(raw))
