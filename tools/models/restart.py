"""Restarts: a causal model goes on from (block, first changed place) with cached states.

1. `cache` runs one row once and keeps the input of every block and every block's keys and values.
2. `restart` works out the earliest place and the earliest block that the interventions (and the
   sites to be read) touch. Nothing before them can change, because attention looks back only.
3. It calls the model on the places from there on, many rows at once, with the keys and values of
   the earlier places. For that call the blocks before the first touched one hand their input on
   unchanged, and the first touched block is given its cached input, or states of the caller's
   (`Start`): whoever knows what a change does to the residual stream skips its block too.
4. Where only the last place's logits are wanted, the last block's MLP and attention output
   projection run on the last place alone: nothing reads what they give elsewhere.

The first `cache` of a target checks on that row that a restart without any change gives the logits
of the full run; an architecture where it does not (state-space layers, say) is refused by name.
"""

from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from ..errors import UsageError
from .forward import Batch, Inputs, caching, keeps_logits
from .intervention import Intervention
from .kernels import quick
from .shortcuts import prefixed, skipped, trimmed
from .trace import first_tensor, hooked

if TYPE_CHECKING:
    from .target import Target


_MANY = 64
"""Rows times places from which the faster kernels are worth their preparation."""
_FAILURES = (TypeError, AttributeError, RuntimeError, LookupError, ValueError)
"""What a model raises that cannot take the cache or skip blocks."""


@dataclass(frozen=True, eq=False)
class Cached:
    """A clean run of one row."""

    ids: Tensor
    """`[1, place]`."""
    states: tuple[Tensor, ...]
    """`[block]`: what goes into each block, `[1, place, d]`."""
    attention: tuple[tuple[Tensor, Tensor] | None, ...]
    """`[block]`: keys and values, `[1, head, place, channel]`."""
    logits: Tensor
    """`[1, place, vocabulary]`."""
    wrapped: bool = False
    """Blocks give a tuple with the state in front, not the state itself."""


class Start(NamedTuple):
    """Where a restart begins, with states of its own."""

    block: int
    """The first block to run; as many as there are blocks: only the final norm and the head."""
    place: int
    """The first place to run."""
    states: Tensor
    """What goes into that block, `[row, place, d]`, from `place` on."""


class Restarted(NamedTuple):
    """What a restart gave: everything from `first_place` on; before, all is as in the clean run."""

    values: dict[str, Tensor]
    """By site name, `[row, place, unit]`; place 0 is `first_place` of the full row."""
    output: Tensor | None
    """Logits `[row, place, vocabulary]`; `[row, vocabulary]` for `last`."""
    first_place: int
    first_block: int


def cache(target: "Target", inputs: Inputs) -> Cached:
    """Runs one row and keeps what a restart needs.

    Raises:
        UsageError: if the target is not causal, cannot be restarted, or there is not one row.
    """
    blocks = _blocks(target)
    batch = Batch(inputs, target.device)
    if batch.ids is None or batch.attended is None or batch.ids.shape[0] != 1:
        raise UsageError("a restart starts from one row of tokens; give one row to cache")
    ids = batch.ids[:, : int(batch.attended.sum())]
    if not ids.shape[1]:
        raise UsageError("a restart needs at least one token; the row to cache is empty")
    with target.lock:
        cached = None
        if target.restarts is None:
            cached = _tried(target, blocks, ids)
            target.restarts = cached is not None and _works(target, cached)
            target.trims = bool(target.restarts and cached and _trims(target, cached))
        elif target.restarts:
            cached = _clean(target, blocks, ids)
        if cached is None or not target.restarts:
            raise UsageError(
                f"{target.name} cannot be restarted: on this architecture a restart does not "
                "give the logits of a full run; use trace"
            )
    return cached


def restart(
    target: "Target",
    cached: Cached,
    interventions: Sequence[Intervention],
    *,
    rows: int = 1,
    sites: Sequence[str] = (),
    output: bool = True,
    logits_at: Literal["last"] | int | None = None,
    start: Start | None = None,
) -> Restarted:
    """Goes on from a cached run; see the module's docstring.

    Args:
        target: The target that `cached` comes from.
        cached: A clean run.
        interventions: Changes; their rows are those of the restart, places those of the full row.
        rows: How many copies of the cached row.
        sites: Names of the sites to return, from the first changed place on.
        output: Whether to compute logits.
        logits_at: `last`: of the last place alone; a number: of so many last places, or of those
            that run where they are fewer.
        start: Begins there with these states, instead of where the first change is.

    Raises:
        UsageError: for an unknown site, a row, place or unit that is not there, or a start that
            does not fit the rows or lies behind a site that is named.
    """
    length = cached.ids.shape[1]
    if rows < 1:
        raise UsageError(f"a restart has at least one row, not {rows}")
    target.check(sites, interventions, rows, length)
    place = min((min(c.places or (0,)) for c in interventions), default=0)
    named = {*sites, *(change.site for change in interventions)}
    block = min((_depth(target, name, len(cached.states)) for name in named), default=0)
    if start is not None:
        want = (rows, length - start.place, cached.states[0].shape[-1])
        early = bool(interventions) and place < start.place
        if tuple(start.states.shape) != want or early or (named and block < start.block):
            raise UsageError(
                f"the start at block {start.block} and place {start.place} does not fit: its "
                f"states are {list(start.states.shape)}, not {list(want)}, or a change lies before"
            )
        block, place = start.block, start.place
    return _run(target, cached, interventions, rows, sites, output, logits_at, block, place, start)


def _run(
    target: "Target",
    cached: Cached,
    interventions: Sequence[Intervention],
    rows: int,
    sites: Sequence[str],
    output: bool,
    logits_at: Literal["last"] | int | None,
    block: int,
    place: int,
    start: Start | None = None,
) -> Restarted:
    blocks = _blocks(target)
    length = cached.ids.shape[1]
    places = torch.arange(place, length, device=target.device)[None].expand(rows, -1)
    last = logits_at == "last"
    ends = length - place if logits_at is None else min(length - place, 1 if last else logits_at)
    options: dict[str, Any] = {}
    named = {*sites, *(change.site for change in interventions)}
    head = any(target.in_head(target.sites[name]) for name in named)
    if output and logits_at is not None and not head and keeps_logits(target.network):
        options["logits_to_keep"] = ends
    late = any(_depth(target, name, len(blocks)) == len(blocks) - 1 for name in named)
    trim = last and bool(options) and not late and target.trims
    state = start.states if start is not None else None
    if state is None:
        state = cached.states[block][:, place:].expand(rows, -1, -1)
    with (
        target.lock,
        torch.no_grad(),
        prefixed(target.network, cached.ids[:, :place].expand(rows, -1)),
        skipped(blocks, block, state, wrapped=cached.wrapped),
        trimmed(target, blocks) if trim else nullcontext(),
        quick([target.network] if rows * (length - place) >= _MANY else []),
        hooked(
            target.network, target.sites, sites, interventions, inputs=rows, first_place=place
        ) as values,
    ):
        network = target.network if output or head else target.body
        result = network(
            input_ids=cached.ids[:, place:].expand(rows, -1),
            position_ids=places,
            **caching(network, _past(cached, place, rows)),
            **options,
        )
    logits = result.logits if output else None
    if logits is not None and logits_at is not None:
        logits = logits[:, -1] if last else logits[:, -ends:]
    return Restarted(dict(values), logits, place, block)


def _clean(target: "Target", blocks: nn.ModuleList, ids: Tensor) -> Cached:
    from transformers import DynamicCache

    states: dict[int, Tensor] = {}

    wrapped: list[bool] = []

    def keep(number: int, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        state = first_tensor(args, kwargs)
        if state is not None:
            states[number] = state.clone()

    def form(module: nn.Module, args: Any, output: Any) -> None:
        wrapped.append(isinstance(output, tuple))

    past = DynamicCache()
    with torch.no_grad(), ExitStack() as hooks:
        for number, block in enumerate(blocks):
            handle = block.register_forward_pre_hook(partial(keep, number), with_kwargs=True)
            hooks.callback(handle.remove)
        hooks.callback(blocks[-1].register_forward_hook(form).remove)
        logits = target.network(input_ids=ids, **caching(target.network, past)).logits
    attention: list[tuple[Tensor, Tensor] | None] = [None] * len(blocks)
    for number, layer in enumerate(past.layers[: len(blocks)]):
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if keys is not None and values is not None and keys.ndim == 4:
            attention[number] = (keys, values)
    result = tuple(states[n] for n in range(len(blocks)))
    return Cached(ids, result, tuple(attention), logits, wrapped == [True])


def _tried(target: "Target", blocks: nn.ModuleList, ids: Tensor) -> Cached | None:
    """The first clean run; None where the model does not go with plain keys and values."""
    try:
        return _clean(target, blocks, ids)
    except _FAILURES:
        return None


def _works(target: "Target", cached: Cached) -> bool:
    """Whether a restart that changes nothing gives the logits of the clean run."""
    length, depth = cached.ids.shape[1], len(cached.states)
    starts = ((depth // 2, length // 2), (0, length - 1), (depth - 1, 0))
    return all(_agrees(target, cached, block, place) for block, place in starts)


def _trims(target: "Target", cached: Cached) -> bool:
    """Whether trimming the last block leaves the last place's logits as they are."""
    target.trims = True
    return _agrees(target, cached, len(cached.states) // 2, 0, "last")


def _agrees(
    target: "Target",
    cached: Cached,
    block: int,
    place: int,
    logits_at: Literal["last"] | None = None,
) -> bool:
    """Whether one restart without changes gives the logits of the clean run."""
    want = cached.logits[:, -1] if logits_at == "last" else cached.logits[:, place:]
    try:
        output = _run(target, cached, (), 2, (), True, logits_at, block, place).output
        assert output is not None
        wrong = (output.float() - want.float()).abs().max()
    except _FAILURES:
        return False
    limit = max(1e-3, 8 * torch.finfo(cached.logits.dtype).eps)
    return bool(wrong <= limit * (1 + cached.logits.float().abs().max()))


def _past(cached: Cached, place: int, rows: int) -> Any:
    from transformers import DynamicCache

    past = DynamicCache()
    if place:
        for number, pair in enumerate(cached.attention):
            if pair is not None:
                keys, values = (part[:, :, :place].expand(rows, -1, -1, -1) for part in pair)
                past.update(keys[:1], values[:1], number)
                layer: Any = past.layers[number]
                layer.keys, layer.values = keys, values  # views: blocks that run copy their own
    return past


def _blocks(target: "Target") -> nn.ModuleList:
    path = "" if target.probe is None else target.probe.blocks
    result = target.network.get_submodule(path)
    if target.kind != "causal" or not path or not isinstance(result, nn.ModuleList):
        target.restarts = False
        raise UsageError(
            f"{target.name} cannot be restarted: only causal language models with a list of blocks "
            "can; use trace"
        )
    return result


def _depth(target: "Target", name: str, blocks: int) -> int:
    """The first block that has to run for a site."""
    site = target.sites[name]
    if site.block is not None:
        return site.block
    return blocks - 1 if target.in_head(site) else 0
