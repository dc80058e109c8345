"""One effect for every unit of a site: each row of a batch loses another unit.

1. The clean run is cached once.
2. For units that write linearly into the residual stream (neurons), the row of unit n is the clean
   stream plus (new_n - old_n) w_n at the places touched: a rank-one term; the block of the site
   does not run at all.
3. The rows go on from the next block and the first place, in batches of bounded memory.

Equal to one forward for each unit, up to rounding.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import UsageError
from ..models import Intervention, clamp, zero
from .runner import Runner

Where = Literal["all", "last"]


class Sweep(NamedTuple):
    """What every unit of a site does to the metric."""

    site: str
    units: tuple[int, ...]
    places: tuple[int, ...]
    before: float
    """The metric on the clean prompt."""
    effect: Tensor
    """float64 `[unit]`: the metric with the unit changed, less `before`."""
    size: Tensor
    """float64 `[unit]`: length of what the change adds to the residual stream, over all places; for
    a site without that shortcut, of the change of the units themselves."""
    shift: Tensor
    """By how much each unit was changed, `[place, unit]` (`[place, unit, channel]` for heads)."""
    notes: tuple[str, ...]


def sweep(
    runner: Runner,
    site: str,
    *,
    units: Sequence[int] | None = None,
    where: Where | Sequence[int] = "all",
    value: float | Tensor | None = None,
) -> Sweep:
    """The effect of setting each unit by itself to 0, or to a value.

    Args:
        runner: Of the prompt, with what is measured at its last place.
        site: The site.
        units: Which of its units; None: all.
        where: All places, the last alone, or these.
        value: What a unit is set to: one number, or `[unit]` (`[unit, channel]` for heads) by the
            site's index, such as means; None: 0.

    Raises:
        UsageError: for an unknown site, unit or place, or an output that is not finite.
    """
    target, prompt = runner.target, runner.prompt
    there = target.site(site)
    chosen = tuple(range(there.units)) if units is None else tuple(int(unit) for unit in units)
    length = len(runner.values(site)) if prompt.tokenless else prompt.places
    places = places_of(where, length, prompt.predicts)
    target.check([], [zero(site, chosen).at(places=places)], 1, length)
    old = runner.values(site)[list(places)]  # [place, unit] or [place, unit, channel]
    if not bool(old[:, list(chosen)].isfinite().all()):
        raise UsageError(
            f"site {site} holds NaN or infinity on this prompt; its effects would mean nothing"
        )
    new = torch.zeros_like(old)
    if value is not None:
        new = torch.as_tensor(value).to(old).expand_as(old)
    shift = (new - old)[:, list(chosen)]  # [place, unit] or [place, unit, channel]
    known = runner.writes(site)
    if known is None or known.weight is None:
        rows = [[_held(site, unit, new[:, unit], places)] for unit in chosen]
        after = runner.measure(rows)
        size = shift.cpu().double().square().flatten(2).sum((0, 2)) if shift.ndim > 2 else None
        size = shift.cpu().double().square().sum(0) if size is None else size
    else:
        after, size = _direct(runner, known.block, known.weight[list(chosen)], shift, places)
    return Sweep(
        site,
        chosen,
        places,
        runner.before,
        after - runner.before,
        size.sqrt().cpu(),
        shift,
        runner.notes,
    )


def places_of(where: Where | Sequence[int], length: int, predicts: int = 1) -> tuple[int, ...]:
    """The places meant, in order; negative ones count from the end. The last are as many as
    `predicts`.

    Raises:
        UsageError: for one that is not there.
    """
    if where == "all":
        return tuple(range(length))
    if where == "last":
        return tuple(range(length - predicts, length))
    if isinstance(where, str):
        raise UsageError(f"'{where}' are no places; take all, last, or numbers")
    wrong = next((p for p in where if not -length <= p < length), None)
    if wrong is not None:
        raise UsageError(f"place {wrong} is not one of the {length} places of the prompt")
    if not len(where):
        raise UsageError("name at least one place")
    return tuple(sorted({int(p) % length for p in where}))


def _held(site: str, unit: int, new: Tensor, places: tuple[int, ...]) -> Intervention:
    """A clamp of one unit at some places; `new` is `[place]` or `[place, channel]`."""
    if not bool(new.any()):
        return zero(site, [unit]).at(places=places)
    return clamp(site, [unit], new[None, :, None]).at(places=places)


def _direct(
    runner: Runner, block: int, weight: Tensor, shift: Tensor, places: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """After-values and squared sizes; `weight` is `[unit, channel, d]`."""
    first, length = places[0], runner.prompt.places
    if shift.ndim == 2:
        shift = shift[..., None]  # [place, unit, channel]
    after, size = [], []
    many = max(1, runner.floats // ((length - first) * weight.shape[2]))
    for i in range(0, weight.shape[0], many):
        part = slice(i, i + many)
        term = torch.einsum("puc,ucd->upd", shift[:, part], weight[part])  # [unit, place, d]
        size.append(term.cpu().double().square().sum((1, 2)))
        changes = term
        if len(places) < length - first:
            changes = term.new_zeros(len(term), length - first, term.shape[2])
            changes[:, [p - first for p in places]] = term
        after.append(runner.from_changes(block, first, changes))
    return torch.cat(after), torch.cat(size)
