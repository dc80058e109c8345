"""Targets of your own: `path/to/file.py:factory`.

The factory is a function without arguments. It returns a target, a module, or a module with its
tokenizer (for a Hugging Face vision model, with its image processor). A Hugging Face model gets
the sites of its kind; for any other module every module path is a site. The probe run needs an
input: `factory.example`, a tensor or a shape for one; a module with a tokenizer is given token ids.

A module takes pictures where its example is `[1, 3, height, width]` or `factory.image` says how: an
`ImageInput`, or the arguments of `crop_and_normalise` as a dict. Left out, it is as for ImageNet:
the middle of the picture, whose short side becomes 256/224 of the input's, and that data's mean and
standard deviation. `factory.labels` names the classes. How long a row of text may be is found out
by trying, up to 512 tokens; `factory.context_length` says it instead.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError, nearest
from .huggingface import wrap
from .image_input import ImageInput, crop_and_normalise
from .probe import ROWS, Probe, paths, probe_ids
from .target import Target
from .vision import is_vision, seeing_target, wrap_vision

_PLACES = 5
_MOST_PLACES = 512  # of a row; longer ones are not tried, windows are shorter


def from_factory(spec: str, *, device: torch.device, dtype: torch.dtype | str) -> Target:
    """Runs the factory `path/to/file.py:name`.

    Raises:
        UsageError: if the file or function is not there, fails, or returns something else.
    """
    path, _, attribute = spec.rpartition(":")
    module = _import(Path(path).expanduser())
    factory = getattr(module, attribute, None)
    if not callable(factory):
        own = [
            key
            for key, item in vars(module).items()
            if callable(item) and getattr(item, "__module__", None) == module.__name__
        ]
        has = f"; it has: {nearest(attribute, own)}" if own else " and no other"
        raise UsageError(f"'{path}' has no function '{attribute}'{has}")
    try:
        made = factory()
    except Exception as error:
        raise UsageError(f"{spec} failed: {type(error).__name__}: {error}") from error
    tokenizer = None
    if isinstance(made, tuple) and len(made) == 2:
        made, tokenizer = made
    if isinstance(made, Target):
        made.name = spec
        return made
    if not isinstance(made, nn.Module):
        raise UsageError(
            f"{spec} returned {type(made).__name__}; return a torch.nn.Module, "
            "(module, tokenizer) or a Target"
        )
    made = made.to(device) if isinstance(dtype, str) else made.to(device, dtype)
    image = getattr(factory, "image", None)
    if hasattr(made, "base_model") and hasattr(made, "config"):
        if is_vision(made.config):
            return _vision(made, tokenizer, image, spec)
        return wrap(made, tokenizer, name=spec)
    return from_module(
        made,
        tokenizer,
        name=spec,
        example=getattr(factory, "example", None),
        image=image,
        labels=getattr(factory, "labels", ()),
        context_length=getattr(factory, "context_length", None),
    )


def _vision(made: nn.Module, given: Any, image: Any, spec: str) -> Target:
    processor = _image(spec, image) if image is not None else given
    if processor is None:
        raise UsageError(
            f"{spec} returned a vision model alone; return (model, image processor) or set "
            "factory.image"
        )
    tokenizer = getattr(processor, "tokenizer", None)
    return wrap_vision(made, getattr(processor, "image_processor", processor), tokenizer, name=spec)


def _image(name: str, image: Any) -> ImageInput:
    """`factory.image`, whichever form it has."""
    if isinstance(image, ImageInput):
        return image
    if not isinstance(image, Mapping):
        raise UsageError(
            f"{name}: factory.image is a {type(image).__name__}; make it an ImageInput, or a dict "
            "of arguments of crop_and_normalise, such as {'size': 224, 'resize': 256}"
        )
    try:
        return crop_and_normalise(**image)
    except TypeError as error:
        raise UsageError(f"{name}: factory.image: {error}") from error


def from_module(
    network: nn.Module,
    tokenizer: Any = None,
    *,
    name: str,
    example: Any = None,
    image: Any = None,
    labels: Sequence[str] = (),
    context_length: int | None = None,
) -> Target:
    """A target over any module; its sites are the outputs of its modules, by path.

    Args:
        network: The module.
        tokenizer: A Hugging Face tokenizer, where the module takes token ids.
        name: What the target is called.
        example: A tensor that the module takes, or a shape for one; a batch, input first.
        image: How pictures become its input, as in the docstring of this module.
        labels: Names of its classes, where it takes pictures.
        context_length: Tokens of the longest row, where it reads text; None: found by trying.

    Raises:
        UsageError: if there is no example, or the module does not take it.
    """
    network.eval()
    weight = next(network.parameters(), None)
    device = torch.device("cpu") if weight is None else weight.device
    if image is not None:
        seen = _image(name, image)
        tensor = None if example is None else _tensor(example)
        return seeing_target(network, seen, name=name, example=tensor, labels=list(labels))
    if example is None and tokenizer is not None:
        example = _ordinary(network, tokenizer, device)
    if example is None:
        raise UsageError(
            f"{name}: set `factory.example` to a tensor (or a shape) that the module takes, so "
            "that its sites can be found"
        )
    example = _tensor(example)
    if example.is_floating_point() and example.ndim == 4 and example.shape[1] == 3:
        high, wide = int(example.shape[2]), int(example.shape[3])
        usual = crop_and_normalise((high, wide), resize=round(min(high, wide) * 256 / 224))
        return seeing_target(network, usual, name=name, example=example, labels=list(labels))
    first = example[:1].to(device)
    if weight is not None and first.is_floating_point():
        first = first.to(weight.dtype)
    text = not first.is_floating_point() and first.ndim == 2
    places = int(first.shape[1]) if text else None
    if places == ROWS:
        raise UsageError(f"{name}: give an example with another number of places than {ROWS}")
    probe = Probe(
        network, lambda inner, rows: inner(first.expand(rows, *first.shape[1:])), places, together=8
    )
    try:
        sites = paths(probe)
    except Exception as error:
        raise UsageError(
            f"{name}: the module does not take its example of shape {list(first.shape)}: {error}"
        ) from error
    probe.forget()
    target = Target(
        network,
        name=name,
        kind="module",
        sites=sites,
        tokenizer=tokenizer,
        probe=probe,
        context_length=context_length
        or (_longest(network, first) if text and tokenizer is not None else _MOST_PLACES),
    )
    target.unverified = set(sites)
    return target


def _ordinary(network: nn.Module, tokenizer: Any, device: torch.device) -> Tensor:
    """A row of tokens of text, `[1, place]`, as short as the module needs it."""
    special = set(tokenizer.all_special_ids)
    ids = [i for i in sorted(tokenizer.get_vocab().values()) if i not in special] or [0]
    row = torch.tensor([ids[int(at)] for at in probe_ids(len(ids), _PLACES)])[None]
    for places in (_PLACES, 4, 2):
        if device.type == "cpu" and _takes(network, row[:, :places]):
            return row[:, :places]
    return row


def _takes(network: nn.Module, row: Tensor) -> bool:
    try:
        with torch.no_grad():
            network(row)
    except Exception:  # whatever a module of one's own raises
        return False
    return True


def _longest(network: nn.Module, example: Tensor) -> int:
    """The longest row, at most `_MOST_PLACES`, that a module of token ids takes.

    Rows are made longer until one fails, on the CPU: a GPU does not survive an id or a place that
    a table lacks.
    """
    device = example.device
    row = example.cpu().repeat(1, 1 + _MOST_PLACES // example.shape[1])
    network.to("cpu")
    good, bad = int(example.shape[1]), _MOST_PLACES + 1
    while good < _MOST_PLACES and _takes(network, row[:, : min(2 * good, _MOST_PLACES)]):
        good = min(2 * good, _MOST_PLACES)
    bad = min(bad, 2 * good)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if _takes(network, row[:, :middle]) else (good, middle)
    network.to(device)
    return good


def _tensor(example: Any) -> Tensor:
    if isinstance(example, Tensor):
        return example
    return torch.randn(tuple(example), generator=torch.Generator().manual_seed(0))


def _import(path: Path) -> Any:
    if not path.is_file():
        near = [str(item) for item in path.parent.glob("*.py")] if path.parent.is_dir() else []
        hint = f"; nearest: {nearest(str(path), near)}" if near else ""
        raise UsageError(f"there is no file '{path}'{hint}")
    name = f"neuroscribe_factory_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"'{path}' cannot be run: {type(error).__name__}: {error}") from error
    return module
