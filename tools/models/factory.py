"""Targets of your own: `path/to/file.py:factory`.

The factory is a function without arguments. It returns a target, a module, a module with its
tokenizer (for a Hugging Face vision model, with its image processor), or a `Model`, which says more
of it. A Hugging Face model gets the sites of its kind. Any other module has every module path as a
site; one with a tokenizer (`own_tokenizer.py` says which will do) also has `mlp.N`, `head.N` and
`resid.N` where it is built of blocks (`own_blocks.py`), and is a language model where it predicts
the next token (`causal.py`). The probe run needs an input: `factory.example`, a tensor or a shape
for one; a module with a tokenizer is given token ids.

A module takes pictures where its example is `[1, 3, height, width]` or `factory.image` says how: an
`ImageInput`, or the arguments of `crop_and_normalise` as a dict. Left out, it is as for ImageNet:
the middle of the picture, whose short side becomes 256/224 of the input's, and that data's mean and
standard deviation. `factory.labels` names the classes. How long a row of text may be is found out
by trying, up to 512 tokens; `factory.context_length` says it instead.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError, nearest
from .causal import speaks, spoken
from .huggingface import wrap
from .image_input import ImageInput, crop_and_normalise
from .model import Model
from .own_blocks import logit_site, opened, own_sites
from .own_tokenizer import as_tokenizer
from .probe import ROWS, Probe, paths, probe_ids
from .site import Site
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
    if isinstance(made, Target):
        made.name = spec
        return made
    model = _described(made, factory, spec)
    network = model.network
    network = network.to(device) if isinstance(dtype, str) else network.to(device, dtype)
    if hasattr(network, "base_model") and hasattr(network, "config"):
        if is_vision(network.config):
            return _vision(network, model.tokenizer, model.image, spec)
        return wrap(network, model.tokenizer, name=spec)
    return from_model(model, name=spec)


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


def from_model(model: Model, *, name: str) -> Target:
    """A target over any module; its sites are the outputs of its modules, by path, and those of its
    blocks where it reads text.

    Args:
        model: The module, described.
        name: What the target is called.

    Raises:
        UsageError: if there is no example, or the module does not take it.
    """
    network, example, image, labels = model.network, model.example, model.image, model.labels
    tokenizer = as_tokenizer(model.tokenizer, name)
    network.eval()
    opened(network)
    weight = next(network.parameters(), None)
    device = torch.device("cpu") if weight is None else weight.device
    if image is not None:
        seen = _image(name, image)
        tensor = None if example is None else _tensor(example)
        return seeing_target(network, seen, name=name, example=tensor, labels=list(labels))
    if example is None and tokenizer is not None:
        example = _ordinary(network, tokenizer, device)
        _check_last(network, tokenizer, example, name)
    if example is None:
        raise UsageError(
            f"{name}: what does the module take? Return (module, tokenizer) for one that reads "
            "tokens, else Model(module, example=...) with a tensor, or a shape with the batch "
            "first, such as (1, 3, 32, 32)"
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

    def run(inner: nn.Module, rows: int) -> Any:
        out = inner(first.expand(rows, *first.shape[1:]))
        return out.logits if causal else out

    causal = False
    probe = Probe(network, run, places, together=8)
    try:
        sites = paths(probe)
    except Exception as error:
        raise UsageError(
            f"{name}: the module does not take its example of shape {list(first.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if probe.output(ROWS).ndim < 2:
        raise UsageError(f"{name}: its output has the shape [row]; return [row, 1] or more")
    unverified = set(sites)
    refused: dict[str, str] = {}
    if text and tokenizer is not None:
        sites, refused = _with_blocks(probe, model, sites, len(tokenizer), name)
        tried = model.kind is None and speaks(network, first, len(tokenizer))
        if model.kind == "causal" or tried:
            spoken(network)
            causal = True
    probe.forget()
    target = Target(
        network,
        name=name,
        kind="causal" if causal else "module",
        sites=sites,
        refused=refused,
        tokenizer=tokenizer,
        probe=probe,
        labels=tuple(labels),
        context_length=model.context_length
        or (_longest(network, first) if text and tokenizer is not None else _MOST_PLACES),
    )
    target.unverified = unverified
    for key, path in model.sites.items():
        target.add_site(replace(target.site(path), name=key))
    return target


def _with_blocks(
    probe: Probe, model: Model, sites: dict[str, Site], tokens: int, name: str
) -> tuple[dict[str, Site], dict[str, str]]:
    """Sites of blocks before those of modules, and what blocks ought to have and lack."""
    try:
        found = own_sites(probe, heads=model.heads, blocks=model.blocks)
    except LookupError as error:
        raise UsageError(f"{name}: {error}; set Model.blocks to another path") from error
    if found is None:
        return sites, {}
    probe.blocks = found.blocks
    head = logit_site(probe, tokens)
    more = {} if head is None else {"logit": head}
    return {**found.sites, **more, **sites}, found.refused


def _ordinary(network: nn.Module, tokenizer: Any, device: torch.device) -> Tensor:
    """A row of tokens of text, `[1, place]`, as short as the module needs it."""
    special = set(tokenizer.all_special_ids)
    ids = [i for i in sorted(tokenizer.get_vocab().values()) if i not in special] or [0]
    row = torch.tensor([ids[int(at)] for at in probe_ids(len(ids), _PLACES)])[None]
    for places in (_PLACES, 4, 2):
        if device.type == "cpu" and _takes(network, row[:, :places]):
            return row[:, :places]
    return row


def _check_last(network: nn.Module, tokenizer: Any, row: Tensor, name: str) -> None:
    """Raises `UsageError` where a module does not take the last token of its tokenizer."""
    last = max(tokenizer.get_vocab().values())
    if row.device.type == "cpu" and not _takes(network, torch.full_like(row, last)):
        raise UsageError(
            f"{name}: the module does not take token {last}, the last of its tokenizer; is its "
            "embedding smaller than the vocabulary?"
        )


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
    beside = str(path.resolve().parent)
    if beside not in sys.path:  # its own imports, as `python FILE` would find them
        sys.path.append(beside)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"'{path}' cannot be run: {type(error).__name__}: {error}") from error
    return module
