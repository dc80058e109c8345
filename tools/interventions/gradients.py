"""How a number answers to a change at any site: one forward and one backward.

Zeros are added to what each site holds; the gradient by them is the gradient by the site. Weights
need no gradients, so that the graph begins at the first site and a backward pass costs about one
forward.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Inputs, Intervention, Target, add
from ..models.forward import Batch, Output, forward, whole_output
from ..models.trace import hooked


def gradients(
    target: Target, prompt: Prompt, metric: Metric, sites: Sequence[str]
) -> dict[str, Tensor]:
    """d metric / d value at every place and unit, `[place, unit]` (`[..., channel]`), by site.

    Raises:
        UsageError: for an unknown site, or a metric that no gradient reaches.
    """

    if metric.whole:
        found = slopes_of(target, prompt.inputs, sites, metric)
        return {site: slope[0] for site, slope in found.items()}

    def measured(logits: Tensor) -> Tensor:
        if logits.ndim == 3:
            logits = logits[:, -metric.places :] if metric.places > 1 else logits[:, -1]
        return metric(logits)[0]

    result = slopes(target, prompt, sites, measured, every_place=metric.places > 1)
    return {site: slope[0] for site, slope in result.items()}


def slopes(
    target: Target,
    inputs: Inputs,
    sites: Sequence[str],
    objective: Callable[[Tensor], Tensor],
    *,
    changes: Sequence[Intervention] = (),
    every_place: bool = False,
) -> dict[str, Tensor]:
    """Derivatives of an objective by what sites hold, behind changes of them.

    Args:
        target: The target.
        inputs: Rows.
        sites: By whose values the derivative is taken.
        objective: A number from the logits: `[row, vocabulary]` of the last place, or
            `[row, place, vocabulary]`.
        changes: Interventions that the run carries.
        every_place: Give the objective the logits of every place.

    Returns:
        By site, `[row, place, unit]`, or `[row, place, unit, channel]`; 0 where no gradient
        reaches.

    Raises:
        UsageError: for an unknown site.
    """
    wanted: Output = True if every_place else "last"
    return _derived(target, inputs, sites, lambda out, _: objective(out), changes, wanted)


def slopes_of(
    target: Target,
    inputs: Inputs | Tensor,
    sites: Sequence[str],
    metric: Metric,
    *,
    changes: Sequence[Intervention] = (),
) -> dict[str, Tensor]:
    """As `slopes`, of any metric on any network's input, summed over the rows."""

    def summed(output: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        return metric.of(output, values).sum()

    return _derived(target, inputs, sites, summed, changes, whole_output(target), read=metric.sites)


def _derived(
    target: Target,
    inputs: Inputs | Tensor,
    sites: Sequence[str],
    objective: Callable[[Tensor, Mapping[str, Tensor]], Tensor],
    changes: Sequence[Intervention],
    wanted: Output,
    *,
    read: Sequence[str] = (),
) -> dict[str, Tensor]:
    """Derivatives of a number made of the output and of what the sites `read` hold."""
    batch = Batch(inputs, target.device)
    target.check(sites, changes, *batch.shape)
    named = list(dict.fromkeys(sites))
    probes = {site: _zeros(target, inputs, batch, site).requires_grad_(True) for site in named}
    edits = [*changes, *(add(site, None, probe) for site, probe in probes.items())]
    rows = batch.shape[0]
    cudnn = torch.backends.cudnn.flags(enabled=False)  # its recurrent layers have no derivatives
    with target.lock, torch.enable_grad(), cudnn:
        with hooked(target.network, target.sites, read, edits, inputs=rows) as values:
            head = any(target.in_head(target.sites[site]) for site in [*named, *read])
            output = forward(target, batch, output=wanted, head=head)
        assert output is not None
        number = objective(output, values)
        if not number.requires_grad:
            return {site: torch.zeros_like(probe).detach() for site, probe in probes.items()}
        result = torch.autograd.grad(number, list(probes.values()), allow_unused=True)
    return {
        site: torch.zeros_like(probes[site]) if slope is None else slope.detach()
        for site, slope in zip(named, result, strict=True)
    }


def _zeros(target: Target, inputs: Inputs | Tensor, batch: Batch, site: str) -> Tensor:
    """Zeros in the shape of what a site holds, each row and place its own."""
    there = target.site(site)
    rows, places = batch.shape
    if there.layout != "sequence" or places is None:
        return torch.zeros_like(target.trace(inputs, [site], output=False).values[site])
    shape = (rows, places, there.units, *([there.channels] if there.channels > 1 else []))
    weight = next(target.network.parameters())
    return torch.zeros(shape, dtype=weight.dtype, device=target.device)
