"""How a metric answers to a change at any site: one forward and one backward of one prompt."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Target, add
from ..models.forward import Batch, forward
from ..models.trace import hooked


def gradients(
    target: Target, prompt: Prompt, metric: Metric, sites: Sequence[str]
) -> dict[str, Tensor]:
    """d metric / d value at every place and unit, `[place, unit]` (`[..., channel]`), by site.

    Raises:
        UsageError: for an unknown site, or a metric that no gradient reaches.
    """
    shapes = target.trace(prompt, sites, output=False).values
    probes = {
        site: torch.zeros_like(shapes[site], requires_grad=True) for site in dict.fromkeys(sites)
    }
    changes = [add(site, None, probe) for site, probe in probes.items()]
    named = list(probes)
    with target.lock, torch.enable_grad():
        with hooked(target.network, target.sites, (), changes, inputs=1):
            batch = Batch(prompt, target.device)
            head = any(target.in_head(target.sites[site]) for site in named)
            several = metric.places > 1
            output = forward(target, batch, output=True if several else "last", head=head)
        assert output is not None
        logits = output
        if output.ndim == 3:
            logits = output[:, -metric.places :] if several else output[:, -1]
        found = torch.autograd.grad(metric(logits)[0], list(probes.values()), allow_unused=True)
    return {
        site: torch.zeros_like(probes[site])[0] if slope is None else slope[0].detach()
        for site, slope in zip(named, found, strict=True)
    }
