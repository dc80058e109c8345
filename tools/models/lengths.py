"""Rows of several lengths through a network that reads its padding.

A module of one's own seldom takes an attention mask, and one that sees all places would read what
pads a short row. Rows of one length are therefore run together, without padding, and what they
give is put together again; places behind the end of a row hold 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from .forward import Batch
from .intervention import Intervention
from .site import Site
from .trace import Trace

if TYPE_CHECKING:
    from .target import Target


def uneven(batch: Batch) -> bool:
    """Whether some row of tokens is padded."""
    return batch.attended is not None and not bool(batch.attended.all())


class _Part(NamedTuple):
    """What the rows of one length gave."""

    values: Tensor
    rows: Tensor
    size: int


def trace_apart(
    target: "Target",
    batch: Batch,
    sites: Sequence[str],
    interventions: Sequence[Intervention],
    output: Any,
    instead: Mapping[str, Site] | None = None,
) -> Trace:
    """One forward for each length of row; see `Target.trace`."""
    assert batch.ids is not None
    assert batch.attended is not None
    lengths = batch.attended.sum(1)  # [row]
    whole = batch.ids.shape
    values: dict[str, list[_Part]] = {}
    outputs: list[_Part] = []
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero().ravel()
        size = max(1, length)
        part: Any = SimpleNamespace(
            ids=batch.ids[rows, :size].cpu(), attended=torch.ones(len(rows), size).bool()
        )
        edits = [
            edit
            for one in interventions
            if (edit := narrowed(one, target.sites, rows.tolist(), size)) is not None
        ]
        trace = target.trace(part, sites, interventions=edits, output=output, instead=instead)
        for name, value in trace.values.items():
            values.setdefault(name, []).append(_Part(value, rows, size))
        if trace.output is not None:
            outputs.append(_Part(trace.output, rows, size))
    placed = {name: _placed(parts, whole) for name, parts in values.items()}
    return Trace(placed, _placed(outputs, whole) if outputs else None)


def narrowed(
    edit: Intervention, sites: Mapping[str, Site], rows: Sequence[int], size: int
) -> Intervention | None:
    """An intervention on some rows, cut to so many places; None where nothing of it is left."""
    at = {row: i for i, row in enumerate(rows)}
    if edit.rows is None:
        kept, chosen = list(rows), None
    else:
        kept = [i for i, row in enumerate(edit.rows) if row in at]
        chosen = tuple(at[edit.rows[i]] for i in kept)
    if edit.places is None:
        beside, places = list(range(size)), None
    else:
        beside = [i for i, place in enumerate(edit.places) if place < size]
        places = tuple(edit.places[i] for i in beside)
    if not kept or not beside:
        return None
    depth = 4 if sites[edit.site].channels > 1 else 3

    def cut(number: float | Tensor) -> float | Tensor:
        if not isinstance(number, Tensor):
            return number
        number = number.reshape(*[1] * (depth - number.ndim), *number.shape)
        number = number[kept] if number.shape[0] > 1 else number
        return number[:, beside] if number.shape[1] > 1 else number

    return replace(edit, scale=cut(edit.scale), shift=cut(edit.shift), rows=chosen, places=places)


def _placed(parts: Sequence[_Part], shape: Sequence[int]) -> Tensor:
    """The parts of all lengths as one tensor. `[row, number]` is by place where the number follows
    the length."""
    first = parts[0].values
    by_place = all(part.values.ndim > 1 and part.values.shape[1] == part.size for part in parts)
    by_place = by_place and (first.ndim > 2 or len(parts) > 1)
    places = [shape[1]] if by_place else list(first.shape[1:2])
    whole = first.new_zeros(shape[0], *places, *first.shape[2:])
    for values, rows, size in parts:
        if by_place:
            whole[rows, :size] = values
        else:
            whole[rows] = values
    return whole
