"""Planted units: functions of the input grafted onto a network, so that the truth is known.

1. A graft is a module inside the network. Before each forward it sees the token ids, and computes
   every planted unit's activation at every place: `[input, place, unit]`.
2. The activations pass through a linear map, whose columns are the units' output vectors, and are
   added to the residual stream behind one block.

The input of that linear map is the site, so that reading, ablating, patching and restarting act on
planted units as they do on the network's own. Functions look at the tokens up to a place and not
beyond it, where the host is causal.
"""

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.windows import surfaces
from ..errors import UsageError
from .site import Site
from .target import Target
from .trace import first_tensor, hooked


@dataclass(frozen=True)
class Vocabulary:
    """What a planted function knows beside the ids."""

    surfaces: tuple[str, ...]
    """Text of every token id: `" the"`, `"ing"`."""
    tokenizer: Any = None
    _kept: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict, compare=False)

    def among(self, words: Sequence[str]) -> np.ndarray:
        """`[id]` bool: tokens that are one of these words, however capitalised."""
        key = tuple(words)
        if key not in self._kept:
            wanted = {word.lower() for word in words}
            result = [surface.strip().lower() in wanted for surface in self.surfaces]
            self._kept[key] = np.array(result)
        return self._kept[key]

    @cached_property
    def capitalised(self) -> np.ndarray:
        """`[id]` bool: tokens whose first visible character is a capital letter."""
        return np.array([surface.strip()[:1].isupper() for surface in self.surfaces])

    def begins(self, ids: np.ndarray) -> np.ndarray:
        """`[input, place]` bool: the token begins a word and does not go on with one."""
        spaced, closing = self._edges
        before = np.pad(closing[ids], ((0, 0), (1, 0)))[:, :-1]
        return spaced[ids] | ~before

    @cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        """`[id]` bool: tokens that start with a space, and tokens that end in a letter or digit.

        In a vocabulary without spaces (WordPiece) those that go on with a word are marked instead.
        """
        spaced = np.array([surface[:1].isspace() for surface in self.surfaces])
        if not spaced.any() and self.tokenizer is not None:
            raw = self.tokenizer.convert_ids_to_tokens(range(len(self.surfaces)))
            spaced = np.array([not str(token).startswith("##") for token in raw])
        return spaced, np.array([surface[-1:].isalnum() for surface in self.surfaces])

    def __deepcopy__(self, memo: Any) -> "Vocabulary":
        return self


Function = Callable[[np.ndarray, Vocabulary], np.ndarray]
"""Ids `[input, place]` and the vocabulary to values `[input, place]`."""


@dataclass(frozen=True)
class Spec:
    """One unit to plant."""

    function: Function
    output: Tensor | None = None
    """`[d]`: what one unit of activation adds to the residual stream; None: a random direction as
    long as a tenth of the residual stream."""
    strength: float = 1.0
    """Multiplies `output`."""
    name: str = ""
    kind: str = ""
    """`one`, `or`, `and`, `confounded`: what sort of function it is."""
    words: tuple[str, ...] = ()
    """The words that the function is about."""
    holds: Function | None = None
    """Where the unit is active, as bool; None: where the function is positive."""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlantedTruth:
    """What a planted unit computes. It stands on the target for evaluation; no tool reads it."""

    name: str
    kind: str
    words: tuple[str, ...]
    holds: Callable[[np.ndarray], np.ndarray]
    """Token ids `[input, place]` to bool `[input, place]`: where the unit is active."""
    meta: Mapping[str, Any]


class Graft(nn.Module):
    """Computes planted units from the running token ids and adds them to the residual stream."""

    def __init__(self, functions: Sequence[Function], vocabulary: Vocabulary, out: Tensor) -> None:
        super().__init__()
        self.functions = tuple(functions)
        self.vocabulary = vocabulary
        self.out = nn.Linear(out.shape[1], out.shape[0], bias=False)
        self.out.weight = nn.Parameter(out.clone(), requires_grad=False)  # [d, unit]
        self.prefix_ids: Tensor | None = None
        """`[input, place]`: tokens before those of the coming forward, set by a restart."""
        self._ids: Tensor | None = None
        self._from = 0

    def see(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the network runs: keeps its token ids, after those in its key-value cache."""
        ids = kwargs.get("input_ids", first_tensor(args, {}))
        if ids is None:
            raise UsageError("planted units need token ids; the network was given embeddings")
        before = self.prefix_ids
        past = kwargs.get("cache", kwargs.get("past_key_values"))
        done = past.get_seq_length() if past is not None and before is None else 0
        if done:
            if self._ids is None or self._ids.shape != (ids.shape[0], done):
                raise UsageError("planted units have not seen the tokens in the key-value cache")
            before = self._ids
        self._from = 0 if before is None else before.shape[1]
        self._ids = ids if before is None else torch.cat([before.to(ids.device), ids], dim=1)

    def add(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        """Behind the block: adds what the units write."""
        hidden = output if isinstance(output, Tensor) else output[0]
        new = hidden + self.out(self.values().to(hidden))
        return new if isinstance(output, Tensor) else type(output)((new, *output[1:]))

    def values(self) -> Tensor:
        """Activations of the running forward, `[input, place, unit]`."""
        assert self._ids is not None
        ids = self._ids.cpu().numpy()
        columns = [np.asarray(function(ids, self.vocabulary)) for function in self.functions]
        whole = np.stack(columns, axis=-1).astype(np.float32)
        return torch.from_numpy(whole[:, self._from :])


def plant(
    target: Target,
    specs: Sequence[Spec],
    *,
    block: int,
    site: str = "planted",
    in_place: bool = False,
    seed: int = 0,
) -> Target:
    """A target with units planted behind a block: `planted/0`, `planted/1`, ...

    Args:
        target: A language model or encoder.
        specs: The units.
        block: Number of the block whose output they write to.
        site: Name of their site.
        in_place: Graft onto the target's own network instead of a copy of it.
        seed: Of the random output directions.

    Raises:
        UsageError: if the target has no such block, no tokenizer, or the site's name is taken.
    """
    probe = target.probe
    if probe is None or not probe.blocks or target.tokenizer is None:
        raise UsageError(f"{target.name}: units can be planted on language models only")
    if not specs:
        raise UsageError("give at least one unit to plant")
    if f"resid.{block}" not in target.sites:
        raise UsageError(f"{target.name} has no block {block} to plant units behind")
    if site in target.sites or hasattr(target.network, site):
        raise UsageError(f"{target.name} has a site or module '{site}' already; name another")
    vocabulary = Vocabulary(surfaces(target), target.tokenizer)
    network = target.network if in_place else copy.deepcopy(target.network)
    graft = Graft(
        [spec.function for spec in specs], vocabulary, _outputs(target, specs, block, seed)
    )
    graft.register_buffer("stamp", _stamp(specs))
    weight = next(network.parameters())
    network.add_module(site, graft.to(weight.device, weight.dtype))
    network.get_submodule(f"{probe.blocks}.{block}").register_forward_hook(graft.add)
    new = target.over(network)
    new.body.register_forward_pre_hook(graft.see, with_kwargs=True)
    new.add_site(Site(site, f"{site}.out", "input", len(specs), block=block))
    new.truth = {**target.truth, **_truth(specs, vocabulary, site)}
    return new


def residual_norm(target: Target, block: int) -> float:
    """Mean norm of the residual stream behind a block, in a probe run."""
    assert target.probe is not None
    name = f"resid.{block}"
    with hooked(target.network, target.sites, [name], ()) as values:
        target.probe.output(1)
    return float(values[name].float().norm(dim=-1).mean())


def _truth(specs: Sequence[Spec], vocabulary: Vocabulary, site: str) -> dict[str, PlantedTruth]:
    def holds(spec: Spec) -> Callable[[np.ndarray], np.ndarray]:
        if spec.holds is not None:
            return lambda ids: np.asarray(spec.holds(ids, vocabulary)).astype(bool)  # type: ignore
        return lambda ids: np.asarray(spec.function(ids, vocabulary)) > 0

    return {
        f"{site}/{number}": PlantedTruth(
            spec.name or f"{site}/{number}", spec.kind, spec.words, holds(spec), dict(spec.meta)
        )
        for number, spec in enumerate(specs)
    }


def _outputs(target: Target, specs: Sequence[Spec], block: int, seed: int) -> Tensor:
    """`[d, unit]`."""
    site = target.sites[f"resid.{block}"]
    draw = torch.Generator().manual_seed(seed)
    columns = []
    for spec in specs:
        vector = spec.output
        if vector is None:
            vector = torch.randn(site.units, generator=draw)
            vector = vector / vector.norm() * 0.1 * residual_norm(target, block)
        if tuple(vector.shape) != (site.units,):
            raise UsageError(
                f"the output vector of '{spec.name}' has the shape {list(vector.shape)}, "
                f"not [{site.units}]"
            )
        columns.append(spec.strength * vector.detach().float().cpu())
    return torch.stack(columns, dim=1)


def _stamp(specs: Sequence[Spec]) -> Tensor:
    """Puts the units' names and words into the fingerprint of the target."""
    description = repr([(s.name, s.kind, s.words, s.strength, sorted(s.meta)) for s in specs])
    return torch.tensor(list(hashlib.sha256(description.encode()).digest()[:8]), dtype=torch.uint8)
