"""Interventions: what to change inside a forward pass, per row of the batch.

Every kind is affine in the old value, `new = scale * old + shift`, at chosen rows, places and
units of one site:

    zero      scale 0                      scale(f)   scale f
    clamp(v)  scale 0, shift v             add(v)     scale 1, shift v
    mean, resample, patch: clamp to values measured elsewhere

so that one forward carries many different interventions, and a list of them applies in order.
A scale of exactly 0 forgets the old value altogether: zeroing or clamping a unit that is infinite
or NaN gives the new value. Elsewhere NaN and infinity pass through untouched.

`apply_all` joins neighbours in the list that touch one row each, no row twice, into one indexed
write: 256 rows that each lose another neuron cost one write, not 256.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import UsageError


@dataclass(frozen=True, eq=False)
class Intervention:
    """An affine change of some units of one site, at some rows and places."""

    site: str
    units: tuple[int, ...] | None
    """Indices at the site; None for all."""
    scale: float | Tensor = 1.0
    shift: float | Tensor = 0.0
    """Number, or a tensor that broadcasts to `[row, place, unit]` (`[..., channel]` for heads)."""
    rows: tuple[int, ...] | None = None
    """Rows of the batch; None for all."""
    places: tuple[int, ...] | None = None
    """Places (tokens); None for all. Counted from the start of the full input."""

    def at(
        self, *, rows: Sequence[int] | None = None, places: Sequence[int] | None = None
    ) -> "Intervention":
        """The same change, at other rows or places."""
        return replace(
            self,
            rows=self.rows if rows is None else _tuple(rows),
            places=self.places if places is None else _tuple(places),
        )

    def apply(self, values: Tensor, *, first_place: int = 0) -> None:
        """Changes `values`, `[input, place, unit]` or `[..., channel]`, in place.

        Args:
            values: A tensor that may be written to.
            first_place: The place of the full input that `values[:, 0]` holds (restarts).
        """
        if self.rows is None and self.places is None and self.units is None:
            old = values.clone()  # whole sites are changed without indices: faster, gradients too
            values[...] = _affine(old, _on(self.scale, old), _on(self.shift, old))
            return
        device = values.device
        rows = _index(self.rows, values.shape[0], device)
        places = _index(self.places, values.shape[1], device, minus=first_place)
        units = _index(self.units, values.shape[2], device)
        where = (rows[:, None, None], places[None, :, None], units[None, None, :])
        old = values[where]  # [row, place, unit] or [row, place, unit, channel]
        values[where] = _affine(old, _on(self.scale, old), _on(self.shift, old))


def apply_all(values: Tensor, edits: Sequence[Intervention], *, first_place: int = 0) -> None:
    """Applies a list in order, in place; many edits of one row each become one write.

    Args:
        values: `[input, place, unit]` or `[..., channel]`, a tensor that may be written to.
        edits: Interventions on this site.
        first_place: The place of the full input that `values[:, 0]` holds.

    Raises:
        UsageError: for a place that is not there.
    """
    size = first_place + values.shape[1]
    for edit in edits:
        if edit.places and max(edit.places) >= size:
            raise UsageError(
                f"intervention on {edit.site}: place {max(edit.places)} is not one of the "
                f"{size} places (0 to {size - 1})"
            )
    for group in _groups(edits):
        if len(group) == 1:
            group[0].apply(values, first_place=first_place)
        else:
            _apply_group(values, group, first_place)


def zero(site: str, units: Sequence[int] | None) -> Intervention:
    """Zero ablation."""
    return Intervention(site, _tuple(units), scale=0.0)


def clamp(site: str, units: Sequence[int] | None, value: float | Tensor) -> Intervention:
    """Sets the units to a value; mean, resample and patch are clamps to measured values."""
    return Intervention(site, _tuple(units), scale=0.0, shift=value)


def scale(site: str, units: Sequence[int] | None, factor: float) -> Intervention:
    """Multiplies the units."""
    return Intervention(site, _tuple(units), scale=factor)


def add(site: str, units: Sequence[int] | None, value: float | Tensor) -> Intervention:
    """Adds to the units; over a whole residual site this is steering."""
    return Intervention(site, _tuple(units), shift=value)


def _groups(edits: Sequence[Intervention]) -> Iterator[list[Intervention]]:
    """Runs of edits with one row each, no row twice, and as many units and places each."""
    group: list[Intervention] = []
    rows: set[int] = set()
    for edit in edits:
        alone = edit.rows is None or len(edit.rows) != 1
        fits = bool(group) and not alone and _shape(edit) == _shape(group[0])
        if group and (not fits or edit.rows is None or edit.rows[0] in rows):
            yield group
            group, rows = [], set()
        if alone:
            yield [edit]
            continue
        group.append(edit)
        rows.update(edit.rows or ())
    if group:
        yield group


def _shape(edit: Intervention) -> tuple[int | None, int | None]:
    return (
        None if edit.units is None else len(edit.units),
        None if edit.places is None else len(edit.places),
    )


def _apply_group(values: Tensor, group: list[Intervention], first_place: int) -> None:
    device = values.device
    rows = torch.tensor([edit.rows for edit in group], device=device)  # [edit, 1]
    if group[0].places is None:
        places = torch.arange(values.shape[1], device=device)[None]  # [1, place]
    else:
        places = torch.tensor([edit.places for edit in group], device=device) - first_place
    if group[0].units is None:
        units = torch.arange(values.shape[2], device=device)[None]  # [1, unit]
    else:
        units = torch.tensor([edit.units for edit in group], device=device)  # [edit, unit]
    where = (rows[:, :, None], places[:, :, None], units[:, None, :])
    old = values[where]  # [edit, place, unit] or [edit, place, unit, channel]
    factors = _stack([edit.scale for edit in group], old)
    shifts = _stack([edit.shift for edit in group], old)
    values[where] = _affine(old, factors, shifts)


def _stack(numbers: list[float | Tensor], like: Tensor) -> Tensor:
    """One value an edit, broadcast to `[edit, place, unit]` (`[..., channel]`)."""
    if not any(isinstance(number, Tensor) for number in numbers):
        return torch.tensor(numbers, dtype=like.dtype, device=like.device).reshape(
            -1, *[1] * (like.ndim - 1)
        )
    one = (1, *like.shape[1:])
    return torch.cat(
        [torch.broadcast_to(torch.as_tensor(number).to(like), one) for number in numbers]
    )


def _affine(old: Tensor, factor: float | Tensor, shift: float | Tensor) -> Tensor:
    if isinstance(factor, Tensor):
        kept = torch.where(factor == 0, torch.zeros_like(old), old * factor)
        return kept + shift
    return (torch.zeros_like(old) if factor == 0 else old * factor) + shift


def _tuple(chosen: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if chosen is None else tuple(int(item) for item in chosen)


def _index(
    chosen: tuple[int, ...] | None, size: int, device: torch.device, *, minus: int = 0
) -> Tensor:
    if chosen is None:
        return torch.arange(size, device=device)
    return torch.tensor(chosen, dtype=torch.long, device=device) - minus


def _on(number: float | Tensor, like: Tensor) -> float | Tensor:
    return number.to(like) if isinstance(number, Tensor) else number
