"""From a reading's logit to an activation on the scale of one of the host's own neurons."""

from functools import partial

import torch
from torch import Tensor

from ...planted import HostUnit
from .functions import MeaningFunction


def active(planted: MeaningFunction, like: HostUnit, seed: int) -> partial[Tensor]:
    """The level of a reading, times the scale of a neuron."""
    return partial(_scaled, output=planted.output, scale=like.scale)


def level(logits: Tensor) -> Tensor:
    """In 0..1: nothing below even odds, and hardly more above fifty to one."""
    return torch.tanh(logits.clamp(min=0) / 2)


def _scaled(read: Tensor, output: int, scale: float) -> Tensor:
    return level(read[..., output]) * scale
