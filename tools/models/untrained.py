"""An untrained copy of a target: the same architecture with weights drawn anew.

What a pipeline finds on it owes nothing to training: token identity alone predicts the neurons of
an untrained encoder about as well as those of the trained one.
"""

import copy
from typing import Any

import torch
from torch import nn

from .target import Target


def untrained(target: Target, *, seed: int = 0) -> Target:
    """A copy whose parameters are drawn as its classes draw them before training.

    Modules with `reset_parameters` draw through it; a Hugging Face model's own scheme then has the
    last word. Parameters that neither reaches are permuted, which keeps their distribution.
    """
    network: Any = copy.deepcopy(target.network)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for module in network.modules():
            own = list(module.parameters(recurse=False))
            if not own:
                continue
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
            else:
                for parameter in own:
                    shuffled = torch.randperm(parameter.numel(), device=parameter.device)
                    parameter.copy_(parameter.flatten()[shuffled].view_as(parameter))
        initialise = getattr(network, "_init_weights", None)
        if initialise is not None:
            _redraw(network, initialise)
    return target.over(network, name=f"{target.name} (untrained)", options={})


def _redraw(network: nn.Module, initialise: Any) -> None:
    for module in network.modules():
        for held in (module, *module.parameters(recurse=False)):
            if hasattr(held, "_is_hf_initialized"):
                delattr(held, "_is_hf_initialized")
        initialise(module)
