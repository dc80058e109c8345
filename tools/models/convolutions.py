"""Finds the channels of a convolutional network: `conv.N`, by the order in which they run.

1. A convolution is one run of a module of that class, or of a linear map over the channels of a
   map (a convolution of one pixel). One that pads by a module inside it is one module.
2. From its output on, the probe run is followed: to the one normalisation that takes it, and to
   the one activation function behind that. Only modules can be followed; where a network calls a
   function instead, the units are the values before it.
3. The site is the output of the last module of that chain. Its units are the channels, their
   readout is the maximum over the map, and the minimum of the activation function is their floor.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from .probe import Probe, Seen, floor_of, is_leaf, same_tensor, site_at
from .site import Site

_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm)
_KEEPS = (nn.Identity, nn.Dropout, nn.Dropout2d)


def convolutions(probe: Probe) -> tuple[dict[str, Site], dict[str, str]]:
    """The sites `conv.N`, not yet verified, and the reasons against the others."""
    padded = tuple(f"{s.path}." for s in probe.seen.values() if _pads(s.module))
    seen = [
        s
        for s in probe.seen.values()
        if s.path and not s.path.startswith(padded) and (is_leaf(s.module) or _pads(s.module))
    ]
    leaves = sorted((run for s in seen for run in s.runs), key=lambda item: item.order)
    sites: dict[str, Site] = {}
    refused: dict[str, str] = {}
    for number, conv in enumerate(leaf for leaf in leaves if _convolves(leaf)):
        name = f"conv.{number}"
        result: Site | str = "it does not run"
        for end in reversed(chain(conv, leaves)):
            runs = probe.seen[end.path].runs
            which = next(i for i, run in enumerate(runs) if run is end)
            call = (which, len(runs)) if len(runs) > 1 else None
            result = site_at(probe, end, name, "output", call=call)
            if isinstance(result, Site):
                break
        if isinstance(result, Site):
            sites[name] = replace(result, name=name, readout="max")
        else:
            refused[name] = f"convolution '{conv.path}': {result}"
    return sites, refused


def chain(conv: Seen, leaves: Sequence[Seen]) -> list[Seen]:
    """A convolution, and the normalisation and activation that take its output."""
    result = [conv]
    normalised = False
    while True:
        gave = result[-1].gave
        # what works in place gives the tensor it took: look at those that run later
        left = result[-1].left
        takers = [
            s for s in leaves if s.order > result[-1].order and s.taken == left and _takes(s, gave)
        ]
        if not takers:
            return result
        taker = takers[0]
        if _activates(taker):
            return [*result, taker]
        if isinstance(taker.module, _KEEPS):
            result.append(taker)
        elif _norm(taker.module) and not normalised:
            result.append(taker)
            normalised = True
        else:
            return result


def _pads(module: nn.Module) -> bool:
    """Whether it is a convolution with parts, such as one that pads."""
    return isinstance(module, nn.modules.conv._ConvNd) and not is_leaf(module)


def _convolves(seen: Seen) -> bool:
    if seen.gave is None or seen.gave.ndim != 4:
        return False
    return isinstance(seen.module, (nn.modules.conv._ConvNd, nn.Linear))


def _takes(seen: Seen, gave: Tensor | None) -> bool:
    """Whether a module takes this tensor, perhaps with its dimensions in another order."""
    if gave is None or seen.given is None:
        return False
    if same_tensor(seen.given, gave):
        return True
    turned = seen.given.ndim == 4 and gave.ndim == 4
    return (
        turned
        and seen.given.data_ptr() == gave.data_ptr()
        and (seen.given.permute(0, 3, 1, 2).shape == gave.shape)
    )


def _norm(module: nn.Module) -> bool:
    return isinstance(module, _NORMS) or "norm" in type(module).__name__.lower()


def _activates(seen: Seen) -> bool:
    """Whether a module is an activation function."""
    kind = type(seen.module)
    if isinstance(seen.module, (*_KEEPS, *_NORMS)):
        return False
    if kind.__module__ == "torch.nn.modules.activation" or re.search(r"Activation$", kind.__name__):
        return seen.gave is not None and seen.given is not None
    return floor_of(seen.module) is not None
