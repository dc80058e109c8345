"""A metric that is linear in a network's output, shared out exactly over what its blocks write.

1. Where the stream ends (behind the final norm, if there is one) the metric must be a linear
   function of what stands there: its slope is measured at four multiples of it, which must agree.
   A cap on logits, a pooler with a tanh or a head with a ReLU fails here.
2. The exact trace says what every neuron and head adds to the stream. Each part, through the later
   norms with the statistics of this run (`residual/exact.py`), times the slope is its share.
3. Shares of all units, the embeddings, all biases and the constant are the metric; what is missing
   is said. Of the difference of two logits a unit's share is its direct effect, as with a contrast.

A share is that of the direct path: what a unit does through later blocks is theirs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import UsageError
from ..interventions.runner import Runner
from ..metrics.expression import Expression
from ..models import zero
from ..residual.exact import ExactTrace, exact_trace
from .by_gradient import SiteShares, slopes_at
from .sources import Kind, Sources

_TIMES = (1.0, 0.0, -1.0, 2.0)
"""Multiples of what ends the stream at which the slopes must be the same."""
_SAME = 1e-4
_ROUNDING = 10  # times how far the stream itself may miss, of all parts


class Parts(NamedTuple):
    """What a metric is the sum of."""

    units: float
    """All neurons and heads."""
    embeddings: float
    biases: float
    """Of projections and norms."""
    constant: float
    """The metric where the stream is 0 at its end."""
    gap: float
    """By how much the four miss the metric."""

    def words(self) -> str:
        """`units +2.1, embeddings +0.3, biases -0.1, constant +0: 2.3, off by 1e-07`."""
        each = self._asdict()
        gap = each.pop("gap")
        summed = ", ".join(f"{name} {value:+.4g}" for name, value in each.items())
        return f"{summed}: together {sum(each.values()):.4g}, off by {abs(gap):.1g}"


def exact_shares(runner: Runner, sites: Sequence[str]) -> tuple[list[SiteShares], Parts]:
    """The direct share of each unit of some sites at each place.

    Raises:
        UsageError: says why there is no exact trace of this metric.
    """
    metric = runner.metric
    bent = metric.bent if isinstance(metric, Expression) else "it is no expression"
    if bent is not None:
        raise UsageError(f"the exact trace is of metrics linear in the output: {bent}")
    if runner.prompt.tokenless:
        raise UsageError(f"the exact trace is of texts, and {runner.target.name} reads none")
    with torch.no_grad():
        trace = exact_trace(runner.target, runner.prompt)
    known = [f"{end}.{block}" for block in range(trace.depth) for end in ("head", "mlp")]
    strange = [site for site in sites if site not in known]
    if strange:
        raise UsageError(f"the exact trace is of neurons (mlp) and heads, not of {strange[0]}")
    end, slope, constant = _readout(runner, trace)
    with torch.no_grad():
        every = {site: _shares(trace, site, slope) for site in known if site in trace.target.sites}
        embeddings = float((trace.carried(trace.embeddings.float(), 0)[0] * slope).sum())
        biases = _biases(trace, slope) + end
        units = sum(float(shares.sum()) for shares in every.values())
    summed = units, embeddings, biases, constant
    gap = runner.before - sum(summed)
    if abs(gap) > _ROUNDING * trace.limit * max(1.0, sum(map(abs, summed))):
        raise UsageError(f"what the blocks write misses the metric by {abs(gap):.1g}")
    found = [_site(runner, site, every[site]) for site in sites]
    return found, Parts(*summed, gap)


def _readout(runner: Runner, trace: ExactTrace) -> tuple[float, Tensor, float]:
    """What the final norm's bias adds, the slope by the last block's output `[place, d]`, and the
    metric without either."""
    norm = trace.architecture.final
    name = f"resid.{trace.depth - 1}" if norm is None else norm.path
    site = runner.target.site(name).name
    each = slopes_at(runner, site, _TIMES).float()  # [multiple, place, d]
    if float((each - each[0]).abs().max()) > _SAME * float(each[0].abs().max()):
        raise UsageError(
            f"the exact trace is of outputs that are linear in what ends the stream ({site}), and "
            f"those of {runner.target.name} are not"
        )
    constant = float(runner.measure([[zero(site, None)]])[0])
    slope = each[0].to(trace.final.device)
    if norm is None:
        return 0.0, slope, constant
    return float((norm.bias * slope).sum()), norm.back(slope, trace.final_scale[0]), constant


def _shares(trace: ExactTrace, site: str, slope: Tensor) -> Tensor:
    """What each unit of a site adds, `[place, unit]` float64.

    Args:
        trace: The run.
        site: `mlp.3` or `head.3`.
        slope: Of the metric by the last block's output, `[place, d]`.
    """
    end, _, number = site.partition(".")
    kind: Kind = "mlp" if end == "mlp" else "head"
    block = int(number)
    rows = []
    for place in range(len(slope)):
        along = slope[place]
        for norm, scale in reversed(trace.stream_norms[2 * block + (kind == "mlp") :]):
            along = norm.back(along, scale[0, place])
        rows.append(Sources(trace, place).linear(kind, block, along).flatten())
    return torch.stack(rows).cpu().double()


def _biases(trace: ExactTrace, slope: Tensor) -> float:
    """What the biases of projections and of norms in the stream add."""
    total = 0.0
    for block in range(trace.depth):
        for i, kind in enumerate(("attention", "mlp")):
            written = trace.carried(trace.bias_write(block, kind), 2 * block + i)[0]
            total += float((written * slope).sum())
    for i, (norm, _) in enumerate(trace.stream_norms):
        carried = trace.carried(norm.bias.expand_as(trace.final), i + 1)[0]
        total += float((carried * slope).sum())
    return total


def _site(runner: Runner, site: str, shares: Tensor) -> SiteShares:
    held = runner.target.site(site).scalar(runner.values(site)[None])[0]  # [place, unit]
    without = float(runner.measure([[zero(site, None)]])[0])
    return SiteShares(site, shares, held.cpu().double(), without, None)
