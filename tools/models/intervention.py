"""Interventions: what to change inside a forward pass, per row of the batch.

Every kind is affine in the old value, `new = scale * old + shift`, at chosen rows, places and
units of one site:

    zero      scale 0                      scale(f)   scale f
    clamp(v)  scale 0, shift v             add(v)     scale 1, shift v
    mean, resample, patch: clamp to values measured elsewhere

so that one forward carries many different interventions, and a list of them applies in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


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
            rows=self.rows if rows is None else tuple(rows),
            places=self.places if places is None else tuple(places),
        )

    def apply(self, values: Tensor, *, first_place: int = 0) -> None:
        """Changes `values`, `[input, place, unit]` or `[..., channel]`, in place.

        Args:
            values: A tensor that may be written to.
            first_place: The place of the full input that `values[:, 0]` holds (restarts).
        """
        device = values.device
        rows = _index(self.rows, values.shape[0], device)
        places = _index(self.places, values.shape[1], device, minus=first_place)
        units = _index(self.units, values.shape[2], device)
        where = (rows[:, None, None], places[None, :, None], units[None, None, :])
        old = values[where]  # [row, place, unit] or [row, place, unit, channel]
        values[where] = old * _on(self.scale, old) + _on(self.shift, old)


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


def _tuple(units: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if units is None else tuple(int(unit) for unit in units)


def _index(
    chosen: tuple[int, ...] | None, size: int, device: torch.device, *, minus: int = 0
) -> Tensor:
    if chosen is None:
        return torch.arange(size, device=device)
    return torch.tensor(chosen, dtype=torch.long, device=device) - minus


def _on(number: float | Tensor, like: Tensor) -> float | Tensor:
    return number.to(like) if isinstance(number, Tensor) else number
