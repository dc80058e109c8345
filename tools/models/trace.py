"""Hooks for one forward pass: read sites, apply interventions, always come off.

1. Group the sites to read and the interventions by the module they hang on.
2. At that module: read the raw tensor into site layout, edit a copy, write it back, keep it.
3. Remove every hook, also when the forward raises.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn

from .intervention import Intervention
from .site import Site


class Trace(NamedTuple):
    """What one forward pass gave."""

    values: dict[str, Tensor]
    """By site name: `[input, place, unit]`, or `[input, place, unit, channel]` for heads."""
    output: Tensor | None
    """Logits `[input, place, vocabulary]`, embeddings `[input, d]` or class logits."""


@contextmanager
def hooked(
    network: nn.Module,
    sites: Mapping[str, Site],
    read: Sequence[str],
    interventions: Sequence[Intervention],
    *,
    first_place: int = 0,
) -> Iterator[dict[str, Tensor]]:
    """While open, forwards of `network` fill the dict it gives and carry the interventions."""
    values: dict[str, Tensor] = {}
    edits: dict[str, list[Intervention]] = defaultdict(list)
    for intervention in interventions:
        edits[intervention.site].append(intervention)
    handles = []
    try:
        for name in dict.fromkeys([*edits, *read]):
            site = sites[name]
            change = _change(site, edits[name], values if name in read else None, first_place)
            module = network.get_submodule(site.module)
            if site.port == "input":
                handles.append(module.register_forward_pre_hook(_pre(change), with_kwargs=True))
            else:
                handles.append(module.register_forward_hook(_post(change)))
        yield values
    finally:
        for handle in handles:
            handle.remove()


def _change(
    site: Site, edits: list[Intervention], keep: dict[str, Tensor] | None, first_place: int
) -> Any:
    def change(raw: Tensor) -> Tensor | None:
        found = site.read(raw)
        if edits:
            found = found.clone()
            for edit in edits:
                edit.apply(found, first_place=first_place)
        if keep is not None:
            keep[site.name] = found
        return site.write(raw, found) if edits else None

    return change


def _pre(change: Any) -> Any:
    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            new = change(args[0])
            return None if new is None else ((new, *args[1:]), kwargs)
        name = next(key for key, value in kwargs.items() if isinstance(value, Tensor))
        new = change(kwargs[name])
        return None if new is None else (args, {**kwargs, name: new})

    return hook


def _post(change: Any) -> Any:
    def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        if isinstance(output, Tensor):
            return change(output)
        new = change(output[0])
        return None if new is None else (new, *output[1:])

    return hook
