"""A lens for any metric: what the end of a network would make of what stands before it.

The logit lens (nostalgebraist 2020) reads the residual stream through final norm and vocabulary
head. Here the decoder is everything behind the last block, whatever that is (norm, pooling, head of
classes): the values of an earlier point are put in the place of the last block's, and the network
runs on to its metric.

1. Points are the input and the output of each block; in a network without blocks what the last
   linear map takes, and the modules before that give as many numbers at as many places.
2. Control: the same values in random order of their units, 20 times: what the decoder makes of
   values of this size that mean nothing to it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data.tokens import surfaces
from ..errors import UsageError
from ..metrics.expression import by_place
from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Target, clamp
from ..models.forward import whole_output

_SHUFFLES = 20


@dataclass(frozen=True)
class Point:
    """One place in the depth of the network."""

    name: str
    value: float
    """The metric."""
    low: float
    """The least that the control gives."""
    high: float
    """The most."""
    top: tuple[str, ...]
    """The classes or tokens with the highest outputs; empty where the output has no names."""

    @property
    def beyond(self) -> bool:
        """Whether the metric lies outside of all that the control gives (p = 1/21)."""
        return not self.low <= self.value <= self.high


@dataclass(frozen=True)
class MetricLens:
    """The metric at every point."""

    metric: str
    decoder: str
    """The site that is replaced: all behind it decodes."""
    points: tuple[Point, ...]


def metric_lens(
    target: Target, prompt: Prompt, metric: Metric, *, top: int = 3, seed: int = 0
) -> MetricLens:
    """Reads every point that the end of the network can decode.

    Args:
        target: Any network.
        prompt: Its input.
        metric: What is read.
        top: Classes or tokens to name at a point.
        seed: Of the control.

    Raises:
        UsageError: where no earlier point has the shape of what the end takes, or the metric reads
            nothing of it.
    """
    names, end = decodable(target, prompt)
    held = target.trace(prompt.inputs, list(dict.fromkeys(names.values())), output=False).values
    draw = torch.Generator().manual_seed(seed)
    points = []
    for name, site in names.items():
        value = held[site]  # [1, place, unit]
        shuffled = [_shuffled(value, draw) for _ in range(_SHUFFLES)]
        rows = torch.cat([value, *shuffled])  # [row, place, unit]
        change = clamp(end, None, rows)
        batch = prompt.repeated(len(rows))
        wanted = whole_output(target)
        run = target.trace(batch, metric.sites, interventions=[change], output=wanted)
        numbers = metric.of(run.output, run.values).cpu().double().expand(len(rows)).tolist()
        likeliest = _likeliest(target, run.output, top)
        points.append(Point(name, numbers[0], min(numbers[1:]), max(numbers[1:]), likeliest))
    if all(p.low == p.high == points[-1].value for p in points):
        raise UsageError(
            f"the metric '{metric.name}' reads nothing behind {end}, so there is nothing to decode "
            "earlier points with; name an output, or a unit behind it"
        )
    return MetricLens(metric.name, end, tuple(points))


def decodable(target: Target, prompt: Prompt) -> tuple[dict[str, str], str]:
    """Sites by the name of their point, and the last of them.

    Raises:
        UsageError: where there is but one.
    """
    layers = [name for name in target.sites if _layer(name) >= 0]
    if layers:
        layers.sort(key=_layer)
        blocks = "" if target.probe is None else target.probe.blocks
        try:
            first = {"embed": target.site(f"{blocks}.0:in").name} if blocks else {}
        except UsageError:
            first = {}
        return {**first, **{name: name for name in layers}}, layers[-1]
    modules = dict(target.network.named_modules())
    linear = [name for name in target.sites if isinstance(modules.get(name), nn.Linear)]
    if not linear:
        raise UsageError(f"{target.name} has neither blocks nor a linear map that could decode")
    end = target.site(f"{linear[-1]}:in").name
    before = [name for name in target.sites if name in modules and name != linear[-1]]
    values = target.trace(prompt.inputs, [*before, end], output=False).values
    same = [name for name in before if values[name].shape == values[end].shape]
    if not same:
        raise UsageError(
            f"nothing in {target.name} has the shape {list(values[end].shape[1:])} of what its "
            f"last map {linear[-1]} takes, so no earlier point can be decoded; see patch and "
            "attribute"
        )
    return {name: name for name in [*same, end]}, end


def _layer(name: str) -> int:
    kind, _, layer = name.partition(".")
    return int(layer) if kind == "resid" and layer.isdigit() else -1


def _shuffled(value: Tensor, draw: torch.Generator) -> Tensor:
    """The units in one random order, the same at all places."""
    return value[..., torch.randperm(value.shape[-1], generator=draw).to(value.device)]


def _likeliest(target: Target, output: Tensor | None, top: int) -> tuple[str, ...]:
    """Names of the highest outputs of the first row; of a causal model behind the last place."""
    if output is None or not (output.ndim == 2 or target.kind == "causal"):
        return ()
    numbers = by_place(output)[0, -1]
    names = target.labels or (surfaces(target) if target.kind == "causal" else ())
    if not names or target.kind == "encoder":
        return ()
    order = numbers.topk(min(top, len(numbers))).indices.tolist()
    return tuple(names[i] if i < len(names) else f"#{i}" for i in order)
