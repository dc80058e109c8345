"""Hooks for one forward pass: read sites, apply interventions, always come off.

1. Group the sites to read and the interventions by the tensor (module and port) they live in.
2. When that tensor passes: for each edited site in the order of first mention, read it into site
   layout, edit a copy and write it back; then keep what the wanted sites hold.
3. Where no output is wanted, end the pass when the last wanted site has been kept.
4. Remove every hook, also when the forward raises.

What is read is what the network goes on with: after the interventions. NaN and infinity are
returned as they are.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import is_dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .intervention import Intervention, apply_all
from .site import Site

Take = Callable[[str, Tensor], None]
"""Takes a site's name and values, `[input, place, unit]` or `[input, place, unit, channel]`."""


class Trace(NamedTuple):
    """What one forward pass gave."""

    values: dict[str, Tensor]
    """By site name: `[input, place, unit]`, or `[input, place, unit, channel]` for heads."""
    output: Tensor | None
    """Logits `[input, place, vocabulary]` (`[input, vocabulary]` where only the last place was
    asked for), embeddings `[input, d]`, or whatever tensor a module gives."""


class PassEndedError(Exception):
    """Everything that was wanted of a forward pass has been read; `hooked` catches it."""


@contextmanager
def hooked(
    network: nn.Module,
    sites: Mapping[str, Site],
    read: Sequence[str],
    interventions: Sequence[Intervention],
    *,
    inputs: int = 1,
    first_place: int = 0,
    take: Take | None = None,
    end: bool = False,
) -> Iterator[dict[str, Tensor]]:
    """While open, forwards of `network` fill the dict it gives and carry the interventions.

    Args:
        network: The network.
        sites: Sites by name.
        read: Names of those to keep.
        interventions: Changes to carry.
        inputs: Rows of the batch.
        first_place: The place of the full input at which the forward starts (restarts).
        take: Called with each site's name and values as they arise, instead of keeping them.
        end: Leaves the block as soon as every site of `read` has been read, once: blocks behind
            the last of them do not run. For one forward whose result is not wanted.
    """
    values: dict[str, Tensor] = {}
    keep = take or values.__setitem__
    edits: dict[str, list[Intervention]] = defaultdict(list)
    for intervention in interventions:
        edits[intervention.site].append(intervention)
    ports: dict[tuple[str, str, tuple[int, int] | None], list[str]] = defaultdict(list)
    for name in dict.fromkeys([*edits, *read]):
        ports[sites[name].module, sites[name].port, sites[name].call].append(name)
    waiting = {key for key, names in ports.items() if end and set(names) & set(read)}
    with ExitStack() as hooks:
        for (path, port, call), names in ports.items():
            change = _change(
                [(sites[name], edits[name]) for name in names if name in edits],
                [sites[name] for name in names if name in read],
                keep,
                inputs,
                first_place,
            )
            if (path, port, call) in waiting:
                change = _last_of(waiting, (path, port, call), change)
            change = change if call is None else _at(change, *call)
            module = network.get_submodule(path)
            if port == "input":
                handle = module.register_forward_pre_hook(partial(_pre, change), with_kwargs=True)
            elif port == "through":
                handle = module.register_forward_hook(partial(_through, change), with_kwargs=True)
            else:
                handle = module.register_forward_hook(partial(_post, change))
            hooks.callback(handle.remove)
        with suppress(PassEndedError):
            yield values


def first_tensor(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    """A module's input: its first argument, or its first keyword that is a tensor."""
    if args:
        return args[0] if isinstance(args[0], Tensor) else None
    return next((value for value in kwargs.values() if isinstance(value, Tensor)), None)


def output_tensor(output: Any) -> Tensor | None:
    """A module's output: a tensor, or the first member of a plain tuple or list."""
    if type(output) in (tuple, list) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def answer(output: Any) -> Tensor | None:
    """The tensor that a network gives, whichever form its output has: alone, in a tuple, or as
    `logits` or the first tensor of a dict or object; one number a row is `[row, 1]`."""
    if hasattr(output, "logits"):
        output = output.logits
    elif isinstance(output, Mapping):
        tensors = (value for value in output.values() if isinstance(value, Tensor))
        output = output.get("logits", next(tensors, None))
    elif is_dataclass(output):
        output = next((v for v in vars(output).values() if isinstance(v, Tensor)), None)
    result = output_tensor(output)
    return result[:, None] if result is not None and result.ndim == 1 else result


_Change = Callable[[Tensor], Tensor | None]


def _change(
    edited: list[tuple[Site, list[Intervention]]],
    read: list[Site],
    keep: Take,
    inputs: int,
    first_place: int,
) -> _Change:
    def change(raw: Tensor) -> Tensor | None:
        new, last, result = raw, None, None
        for site, edits in edited:
            result = site.read(new, inputs=inputs).clone()  # [input, place, unit] or [..., channel]
            apply_all(result, edits, first_place=first_place)
            new, last = site.write(new, result), site.name
        for site in read:
            now = result if site.name == last else None
            now = site.read(new, inputs=inputs) if now is None else now
            keep(site.name, now.clone() if site.overwritten else now)
        return new if edited else None

    return change


def _last_of(waiting: set[Any], key: Any, change: _Change) -> _Change:
    """The change, which ends the pass when nothing else is waited for."""

    def then_end(raw: Tensor) -> Tensor | None:
        new = change(raw)
        waiting.discard(key)
        if not waiting:
            raise PassEndedError
        return new

    return then_end


def _at(change: _Change, run: int, runs: int) -> _Change:
    """The change at one of the runs of a module that runs several times in a forward pass."""
    turn = itertools.count()
    return lambda raw: change(raw) if next(turn) % runs == run else None


def _pre(change: _Change, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if args:
        new = change(args[0])
        return None if new is None else ((new, *args[1:]), kwargs)
    name = next(key for key, value in kwargs.items() if isinstance(value, Tensor))
    new = change(kwargs[name])
    return None if new is None else (args, {**kwargs, name: new})


def _through(
    change: _Change, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
) -> Any:
    """The change of what a module gives, by what it takes: both side by side, `[..., d + out]`."""
    given = first_tensor(args, kwargs)
    assert given is not None
    beside = partial(_behind, change, given)
    return _post(beside, module, args, output)


def _behind(change: _Change, given: Tensor, gave: Tensor) -> Tensor | None:
    new = change(torch.cat([given, gave], -1))
    return None if new is None else new[..., given.shape[-1] :]


def _post(change: _Change, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor):
        return change(output)
    new = change(output[0])
    if new is None:
        return None
    rest = output[1:]
    if isinstance(module, nn.RNNBase) and module.batch_first and new.ndim == 3:
        rest = (_final_states(module, new, rest[0]),)
    return type(output)((new, *rest))


def _final_states(module: nn.RNNBase, states: Tensor, final: Any) -> Any:
    """What a recurrent network gives beside its states, as it follows from changed states.

    Args:
        module: The network, whose last layer ran.
        states: `[row, place, unit]`; forward ones before backward ones.
        final: `[layer, row, unit]`, of an LSTM a pair with the cells, which stay as they are.
    """
    hidden = final[0] if isinstance(final, tuple) else final
    ends = [states[:, -1, : hidden.shape[-1]]]
    if module.bidirectional:
        ends.append(states[:, 0, hidden.shape[-1] :])
    hidden = torch.cat([hidden[: -len(ends)], torch.stack(ends)])
    return (hidden, *final[1:]) if isinstance(final, tuple) else hidden
