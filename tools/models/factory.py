"""Targets of your own: `path/to/file.py:factory`.

The factory is a function without arguments. It returns a target, a module, or a module with its
tokenizer. A Hugging Face model gets the sites of its kind; for any other module every module path
is a site. The probe run needs an input: `factory.example`, a tensor or a shape for one; a module
with a tokenizer is given token ids.
"""

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError, nearest
from .huggingface import wrap
from .probe import ROWS, Probe, paths
from .target import Target

_PLACES = 5


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
    if hasattr(made, "base_model") and hasattr(made, "config"):
        return wrap(made, tokenizer, name=spec)
    return from_module(made, tokenizer, name=spec, example=getattr(factory, "example", None))


def from_module(
    network: nn.Module, tokenizer: Any = None, *, name: str, example: Any = None
) -> Target:
    """A target over any module; its sites are the outputs of its modules, by path.

    Args:
        network: The module.
        tokenizer: A Hugging Face tokenizer, where the module takes token ids.
        name: What the target is called.
        example: A tensor that the module takes, or a shape for one; a batch, input first.

    Raises:
        UsageError: if there is no example, or the module does not take it.
    """
    network.eval()
    weight = next(network.parameters(), None)
    device = torch.device("cpu") if weight is None else weight.device
    if example is None and tokenizer is not None:
        example = torch.arange(1, 1 + _PLACES)[None] % max(2, len(tokenizer))
    if example is None:
        raise UsageError(
            f"{name}: set `factory.example` to a tensor (or a shape) that the module takes, so "
            "that its sites can be found"
        )
    if not isinstance(example, Tensor):
        example = torch.randn(tuple(example), generator=torch.Generator().manual_seed(0))
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
        network, name=name, kind="module", sites=sites, tokenizer=tokenizer, probe=probe
    )
    target.unverified = set(sites)
    return target


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
