"""Query units: which earlier units switch on the units that make the prediction.

Q(n) = sum over v of Imp(v) * share of n in the key of v (Yu & Ananiadou 2024), for the 30 value
units v with the highest Imp.

1. A value unit v is an attention neuron (its activation is linear in the layer input h_p at its
   place p, through the norm and a row of W_V) or an MLP neuron (so is its pre-activation, through a
   row of W_in; of a gated MLP the row of the ungated map).
2. Exactly: with the norm's scale at p frozen, that number is a sum over embeddings, heads, neurons
   and biases of everything before, with the mean subtracted where the norm does. The share of n is
   its term over the whole; all shares sum to one.
3. `paper`: the share is <m_n v_n, k_v> / <h_p, k_v> with k_v = ln_w * W[:, v]: neither centring nor
   biases, as in the released code.

The attention weights are not part of the key: a query unit says what was moved, not why there.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..metrics.target_tokens import TargetPrompt
from ..models import Target
from ..models.forward import caching
from ..residual.exact import ExactTrace
from ..residual.norms import Norm
from .attribute import Settings, Share, attribute
from .patterns import Pattern, attention_patterns
from .sources import Layout, Sources, Spot

VALUES = 30


@dataclass(frozen=True, eq=False)
class Key:
    """What makes a value unit's number: `direction . h + constant = total` at one place."""

    spot: Spot
    block: int
    place: int
    direction: Tensor
    """`[d]`, with the frozen scale."""
    constant: float
    """Biases."""
    total: float


def query_units(
    target: Target,
    question: TargetPrompt,
    *,
    values: int = VALUES,
    paper: bool = False,
    top: int = 20,
) -> list[Share]:
    """The query neurons with the highest Q.

    Args:
        target: A causal language model.
        question: From `target_prompt`; one token.
        values: How many attention neurons, highest Imp first.
        paper: Without centring and biases.
        top: How many to give.

    Raises:
        UsageError: if the model's values or keys cannot be traced back.
    """
    if len(question.predictions) != 1:
        raise UsageError("query units explain one predicted token; ask for the first")
    chosen = Settings("imp", ("attention",), top=1, words=0, paper=paper)
    result = attribute(target, question, chosen)
    spots = result.ranked("attention", values)
    numbers = torch.tensor([result.layouts["attention"].number(spot) for spot in spots])
    every = result.values["attention"]
    weights = every[numbers.to(every.device)]
    with torch.no_grad():
        trace = result.trace
        patterns = attention_patterns(trace)
        keys = keys_of(trace, spots, question.predictions[0].place, patterns, paper=paper)
        layout = Layout("mlp", tuple((m.shape[-1],) for m in trace.neurons))
        total = torch.zeros(layout.size, device=trace.ids.device)
        for key, weight in zip(keys, weights.tolist(), strict=True):
            for block, share in neuron_shares(trace, key).items():
                start = layout.starts[block]
                total[start : start + len(share)] += weight * share
    order = total.argsort(descending=True, stable=True)[:top].tolist()
    return [Share(layout.spot(i), float(total[i])) for i in order]


def neuron_shares(trace: ExactTrace, key: Key) -> dict[int, Tensor]:
    """By block, the share of each MLP neuron in a key, `[unit]`."""
    source = Sources(trace, key.place)
    return {
        block: source.linear("mlp", block, key.direction) / key.total for block in range(key.block)
    }


def keys_of(
    trace: ExactTrace,
    spots: list[Spot],
    place: int,
    patterns: tuple[Pattern, ...],
    *,
    paper: bool = False,
) -> list[Key]:
    """The keys of value units; `place` is that of the prediction."""
    blocks = sorted({spot.block for spot in spots})
    result = _value_maps(trace, blocks, patterns) if patterns else {}
    return [_key(trace, spot, place, patterns, result, paper) for spot in spots]


def _key(
    trace: ExactTrace,
    spot: Spot,
    place: int,
    patterns: tuple[Pattern, ...],
    maps: "dict[int, _ValueMap]",
    paper: bool,
) -> Key:
    here = trace.architecture.blocks[spot.block]
    if spot.kind == "mlp":
        module = trace.target.network.get_submodule(here.inner)
        row, bias = _row(module, spot.index + here.offset)
        given = Sources(trace, place).base("mlp", spot.block)
        return _made(spot, place, here.mlp_reads, row, bias, given, paper)
    assert spot.channel is not None
    assert spot.place is not None
    value = maps[spot.block]
    row, bias = _row(value.module, int(value.columns[spot.index, spot.channel]))
    given = trace.layer_input(spot.block)[0, spot.place].float()
    key = _made(spot, spot.place, here.attention_reads, row, bias, given, paper)
    want = float(patterns[spot.block].values[0, spot.index, spot.place, spot.channel])
    size = float(patterns[spot.block].values[0].abs().max())
    if not paper and not abs(key.total - want) <= 10 * trace.limit * size:
        raise UsageError(
            f"{trace.target.name}: the values of block {spot.block} are not one linear map behind "
            "one norm, so that they cannot be traced back to query units"
        )
    return key


def _made(
    spot: Spot,
    place: int,
    norm: Norm | None,
    row: Tensor,
    bias: float,
    given: Tensor,
    paper: bool,
) -> Key:
    constant = bias
    if norm is None:
        direction = row
    elif paper:
        direction = norm.gain * row / norm.scale(given)
    else:
        direction = norm.back(row, norm.scale(given))
        constant += float(norm.bias @ row)
    constant = 0.0 if paper else constant
    total = float(direction @ given) + constant
    return Key(spot, spot.block, place, direction, constant, total)


def _row(module: nn.Module, at: int) -> tuple[Tensor, float]:
    """The weights and the bias behind one output of a linear map."""
    weight = module.get_parameter("weight")
    bias = getattr(module, "bias", None)
    row = weight[at] if isinstance(module, nn.Linear) else weight[:, at]
    return row.float(), float(bias[at]) if isinstance(bias, Tensor) else 0.0


@dataclass(frozen=True, eq=False)
class _ValueMap:
    module: nn.Module
    columns: Tensor
    """`[head, channel]`: the output of the module that is this value."""


def _value_maps(
    trace: ExactTrace, blocks: list[int], patterns: tuple[Pattern, ...]
) -> dict[int, _ValueMap]:
    """The linear map whose outputs are the values, and which of them: found by equality, so that
    joined and interleaved projections (GPT-2, GPT-NeoX, Phi-3) need no special case."""
    target = trace.target
    outputs: dict[int, list[tuple[nn.Module, Tensor]]] = {block: [] for block in blocks}

    def keep(block: int, module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 3:
            outputs[block].append((module, output[0].float().cpu()))  # [place, column]

    from transformers import DynamicCache

    past: Any = DynamicCache()
    with target.lock, torch.no_grad(), ExitStack() as hooks:
        for block in blocks:
            path = trace.architecture.blocks[block].attention.path.rpartition(".")[0]
            for module in target.network.get_submodule(path).modules():
                weight = getattr(module, "weight", None)
                if isinstance(weight, Tensor) and weight.ndim == 2:
                    hooks.callback(module.register_forward_hook(partial(keep, block)).remove)
        target.body(input_ids=trace.ids[:1], **caching(target.body, past))
    return {
        block: _match(target, block, outputs[block], past.layers[block].values[0], heads)
        for block, heads in ((b, patterns[b].values.shape[1]) for b in blocks)
    }


def _match(
    target: Target, block: int, outputs: list[tuple[nn.Module, Tensor]], values: Tensor, heads: int
) -> _ValueMap:
    """Args: values of the same run, `[kv head, place, channel]`."""
    values = values.float().cpu().repeat_interleave(heads // len(values), 0)
    wanted = values.transpose(1, 2)  # [head, channel, place]
    for module, output in outputs:
        known = {column.numpy().tobytes(): i for i, column in enumerate(output.T.contiguous())}
        result = [known.get(v.numpy().tobytes(), -1) for v in wanted.flatten(0, 1).contiguous()]
        if min(result) >= 0:
            return _ValueMap(module, torch.tensor(result).reshape(wanted.shape[:2]))
    raise UsageError(
        f"{target.name}: no linear map of block {block} gives its attention values as they are, so "
        "that they cannot be traced back to query units"
    )
