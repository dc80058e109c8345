"""Weights from a file, put into a network.

1. The file is read as tensors and plain values alone: nothing in it can run code. An index
   (`model.safetensors.index.json`) names files beside it, which are read together.
2. What training scripts wrap around a state dict is taken off and named: `{"model": ...}` and its
   like, `module.` (DataParallel, DDP), `_orig_mod.` (torch.compile), the attribute of a trainer.
3. A state dict of TransformerLens, nanoGPT or GPT-2 is translated to the network's names where the
   network's names are of a known form (`layouts.py`).
4. Every tensor of the network must then be there in its shape, and nothing else.
"""

import json
import re
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError, nearest
from .layouts import laid_out, layout_of, plain
from .spec import INDICES, SUFFIXES

_WRAPS = ("model", "state_dict", "model_state_dict", "module", "net", "network", "weights")
_NO_WEIGHT = re.compile(
    r"(^|\.)(attn\.bias|attn\.mask|attn\.masked_bias|attn\.IGNORE|attn\.rotary_(sin|cos)|"
    r"rotary_emb\.inv_freq|position_ids|num_batches_tracked)$"
)
"""Masks, tables and counts that some versions of a network store and others do not."""


class Weights(NamedTuple):
    """What a file holds."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]
    """What stands beside the state dict, such as a configuration."""
    notes: tuple[str, ...]
    """What was taken off."""


def read_weights(file: str | Path) -> Weights:
    """The state dict of a file.

    Raises:
        UsageError: if it cannot be read, holds Python objects, or no state dict.
    """
    path = Path(file).expanduser()
    whole = _together(path) if path.name.endswith(INDICES) else _read(path)
    name, state = _unwrapped(whole, path)
    notes = [] if name is None else [f"taken from {name!r}"]
    tensors = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    for prefix in ("module.", "_orig_mod."):
        plain = {_without(prefix, key): value for key, value in tensors.items()}
        if plain.keys() != tensors.keys() and len(plain) == len(tensors):
            tensors = plain
            notes.append(f"prefix {prefix!r} taken off")
    return Weights(tensors, {} if state is whole else dict(whole), tuple(notes))


def put(network: nn.Module, weights: Weights, *, file: str) -> tuple[str, ...]:
    """Puts weights into a network.

    Args:
        network: Changed.
        weights: What `read_weights` gave.
        file: Where they come from, for messages.

    Returns:
        What was done to them, in words.

    Raises:
        UsageError: names the first tensor that is missing, of another shape or not of the network.
    """
    own = {_bare(key): (key, value) for key, value in network.state_dict(keep_vars=True).items()}
    shapes = {key: list(value.shape) for key, (_, value) in own.items()}
    given, note = _aligned(weights.tensors, shapes, getattr(network, "base_model_prefix", ""))
    notes = [*weights.notes, *note]
    given = {key: one for key, one in given.items() if key in own or not _NO_WEIGHT.search(key)}
    wrong = _difference(given, own)
    layout = layout_of(weights.tensors)
    if wrong and layout is not None:
        known = any(key in own for key in given)
        given, other = _translated(weights.tensors, own, given)
        wrong = other and (wrong if known else other)
        notes = [*weights.notes, f"translated from the layout of {layout}"]
    if wrong:
        raise UsageError(f"the weights '{file}' do not fit the network: {wrong}")
    with torch.no_grad():
        for key, tensor in given.items():
            own[key][1].copy_(tensor)
    return tuple(notes)


def _translated(
    tensors: Mapping[str, Tensor], own: Mapping[str, tuple[str, Tensor]], given: dict[str, Tensor]
) -> tuple[dict[str, Tensor], str]:
    """The tensors in the network's layout, and what does not fit then."""
    try:
        made = laid_out(plain(tensors), {key: value for key, (_, value) in own.items()})
    except UsageError as error:
        return given, str(error)
    return made, _difference(made, own)


def _together(index: Path) -> dict[str, Any]:
    """The tensors of all files that an index names."""
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        strange = [n for n in names if Path(n).name != n or not n.endswith(SUFFIXES)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"'{index}' is no index of weights: it should hold 'weight_map', a file by tensor"
        ) from error
    if strange:
        raise UsageError(f"'{index}' names '{strange[0]}', which is no file of weights beside it")
    missing = sorted(name for name in names if not (index.parent / name).is_file())
    if missing:
        raise UsageError(f"'{index}' names {missing[0]}, which is not there ({len(missing)} such)")
    return {key: t for name in sorted(names) for key, t in _read(index.parent / name).items()}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        with torch.serialization.safe_globals(_harmless()):
            whole = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        said = " ".join(str(error).split())
        kind = re.search(r"GLOBAL (\S+)", said)
        if kind or "Unpickl" in type(error).__name__:
            what = f"Python objects ({kind.group(1)})" if kind else "more than tensors"
            raise UsageError(
                f"'{path}' holds {what}, and reading these could run code: save tensors and plain "
                f"values alone, as in torch.save(model.state_dict(), '{path.name}')"
            ) from error
        raise UsageError(
            f"the weights '{path}' cannot be read ({type(error).__name__}: {said[:200]}); "
            "they must be a file of torch.save or of safetensors"
        ) from error
    if not isinstance(whole, Mapping):
        raise UsageError(
            f"'{path}' holds a {type(whole).__name__}, no state dict; save model.state_dict()"
        )
    return whole


def _harmless() -> list[Any]:
    """What stands beside a state dict in many files and holds values alone: NumPy's numbers, in
    which no object may hide, and the arguments of a script."""
    numbers = [type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")]
    return [np._core.multiarray.scalar, np.dtype, *numbers, Namespace]  # type: ignore[attr-defined]


def _unwrapped(whole: Mapping[str, Any], path: Path) -> tuple[str | None, Mapping[str, Any]]:
    """The state dict, and under which name it stood; None: it is the whole."""
    inside = {
        key: value
        for key, value in whole.items()
        if isinstance(value, Mapping) and any(isinstance(one, Tensor) for one in value.values())
    }
    for key in _WRAPS:
        if key in inside:
            return key, inside[key]
    if any(isinstance(value, Tensor) for value in whole.values()):
        return None, whole
    if len(inside) == 1:
        return next(iter(inside.items()))
    found = f"several: {', '.join(map(str, inside))}" if inside else "none"
    raise UsageError(
        f"'{path}' should hold one state dict, and has {found}; "
        f"save torch.save(model.state_dict(), '{path.name}')"
    )


def _without(prefix: str, name: str) -> str:
    """`_orig_mod.` may stand anywhere, `module.` at the beginning."""
    if prefix == "module.":
        return name.removeprefix(prefix)
    return name.replace(prefix, "")


def _bare(name: str) -> str:
    return name.removeprefix("module.").replace("_orig_mod.", "")


def _aligned(
    given: Mapping[str, Tensor], own: Mapping[str, Any], base: str
) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors under the network's names, where one prefix more or less makes them fit.

    Args:
        given: Tensors by name.
        own: The network's names.
        base: What Hugging Face puts before the names of a body.
    """
    prefixes = {name.partition(".")[0] + "." for name in given}
    tries: list[tuple[dict[str, Tensor], list[str]]] = [(dict(given), [])]
    for prefix in sorted(prefixes):
        inside = {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}
        left = sorted(set(given) - {prefix + key for key in inside})
        said = [f"prefix {prefix!r} taken off"]
        if not left:
            tries.append((inside, said))
        elif prefix == f"{base}.":  # a head on a body that is loaded without one
            tries.append((inside, [*said, f"{', '.join(left[:3])} left out"]))
    for prefix in sorted({name.partition(".")[0] + "." for name in own}):
        said = [f"prefix {prefix!r} put before"]
        tries.append(({prefix + key: value for key, value in given.items()}, said))
    return max(tries, key=lambda one: len(one[0].keys() & own.keys()))


def _difference(given: Mapping[str, Tensor], own: Mapping[str, tuple[str, Tensor]]) -> str:
    """The first tensor that does not fit, in words; empty where all do."""
    apart = [key for key in own if key in given and given[key].shape != own[key][1].shape]
    if apart:
        one = apart[0]
        said = f"'{one}' is {list(given[one].shape)} in the file, {list(own[one][1].shape)} in it"
        return said + (f" (and {len(apart) - 1} more differ)" if apart[1:] else "")
    tied = {id(own[key][1]) for key in given if key in own}
    missing = [
        key
        for key, (_, value) in own.items()
        if key not in given
        and id(value) not in tied
        and "pooler" not in key
        and not _NO_WEIGHT.search(key)
    ]
    strange = [key for key in given if key not in own]
    if missing:
        one = missing[0]
        near = f"; it has {nearest(one, strange)}" if strange else ""
        more = f" (and {len(missing) - 1} more are missing)" if missing[1:] else ""
        return f"the file lacks '{one}' {list(own[one][1].shape)}{more}{near}"
    if strange:
        one = strange[0]
        more = f" (and {len(strange) - 1} more)" if strange[1:] else ""
        return f"the file has '{one}' {list(given[one].shape)}, which the network has not{more}"
    return ""
