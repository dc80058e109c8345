"""Targets of your own: `path/to/file.py:factory`.

The factory is a function without arguments. It returns a target, a module, a module with its
tokenizer (for a Hugging Face vision model, with its image processor), or a `Model`, which says more
of it. A Hugging Face model gets the sites of its kind; any other is found out by running it
(`own_model.py`).

What `Model` says may also stand on the function: `factory.example`, a tensor or a shape for one;
`factory.image`, an `ImageInput` or the arguments of `crop_and_normalise` as a dict (left out, it is
as for ImageNet: the middle of the picture, whose short side becomes 256/224 of the input's, and
that data's mean and standard deviation); `factory.labels`, the names of the classes;
`factory.context_length`, the longest row of text.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import UsageError, nearest
from ..io.user_code import imported, one_line
from .huggingface import wrap
from .model import Model
from .own_model import from_model, picture_input
from .target import Target
from .vision import is_vision, wrap_vision
from .weights import put, read_weights


def from_factory(
    spec: str, *, weights: str | None = None, device: torch.device, dtype: torch.dtype | str
) -> Target:
    """Runs the factory `path/to/file.py:name`, and puts weights into what it returned.

    Raises:
        UsageError: if the file or function is not there, fails, or returns something else.
    """
    path, _, attribute = spec.rpartition(":")
    module = imported(Path(path).expanduser())
    factory = getattr(module, attribute, None)
    if not callable(factory):
        own = [
            key
            for key, item in vars(module).items()
            if callable(item) and getattr(item, "__module__", None) == module.__name__
        ]
        has = f"; it has: {nearest(attribute, own)}" if own else " and no other"
        raise UsageError(f"'{path}' has no function '{attribute}'{has}")
    with one_line(f"{spec} failed"):
        made = factory()
    if isinstance(made, Target):
        if weights is not None:
            raise UsageError(f"{spec} returned a Target, whose weights are its own; drop --weights")
        made.name = spec
        return made
    model = _described(made, factory, spec)
    network = model.network
    notes = () if weights is None else put(network, read_weights(weights), file=weights)
    with one_line(f"{spec}: its network cannot go to {device}"):
        network = network.to(device) if isinstance(dtype, str) else network.to(device, dtype)
    target = _target(network, model, spec)
    target.notes = notes
    return target


def _target(network: nn.Module, model: Model, spec: str) -> Target:
    """A target over a network of one's own, or one that Hugging Face built."""
    if not (hasattr(network, "base_model") and hasattr(network, "config")):
        return from_model(model, name=spec)
    if is_vision(network.config):
        return _vision(network, model.tokenizer, model.image, spec)
    return wrap(network, model.tokenizer, name=spec)


def _described(made: Any, factory: Any, spec: str) -> Model:
    """What a factory returned, with what stands on the function."""
    if isinstance(made, Model):
        if not isinstance(made.network, nn.Module):
            raise UsageError(f"{spec}: Model.network is no torch.nn.Module")
        return made
    pair = isinstance(made, tuple) and len(made) == 2
    network, tokenizer = made if pair else (made, None)
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"{spec} returned {type(made).__name__}; return a torch.nn.Module, "
            "(module, tokenizer), a Model or a Target"
        )
    names = ("example", "image", "labels", "context_length")
    said = {key: getattr(factory, key) for key in names if hasattr(factory, key)}
    return Model(network, tokenizer, **said)


def _vision(made: nn.Module, given: Any, image: Any, spec: str) -> Target:
    processor = picture_input(spec, image) if image is not None else given
    if processor is None:
        raise UsageError(
            f"{spec} returned a vision model alone; return (model, image processor) or set "
            "factory.image"
        )
    tokenizer = getattr(processor, "tokenizer", None)
    return wrap_vision(made, getattr(processor, "image_processor", processor), tokenizer, name=spec)
