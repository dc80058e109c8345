"""What an intervention does to a vision model's output, picture by picture.

A case is one picture with the interventions it carries; the unchanged output of every picture is
measured once.

    a classifier    size = KL(unchanged || changed) of its classes, in nats; and the change of each
                    class's logit over the mean of all classes, in nats
    other models    size = 1 - cosine of the output before and after
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..activations.unit_stats import profile
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..lab import Lab
from ..models import Intervention, Target, Unit, clamp
from ..models.intervention import scale, zero

_BATCH = 32


class Case(NamedTuple):
    """One changed picture."""

    row: int
    changes: tuple[Intervention, ...]
    """Without rows."""


class Effects(NamedTuple):
    """What all cases did."""

    size: np.ndarray
    """float64 `[case]`."""
    change: np.ndarray
    """float64 `[case, output]`: of each class's logit over the mean, or of the output vector."""
    log_probability: np.ndarray | None
    """float64 `[case, class]` change, in nats; None without classes."""


def has_classes(target: Target) -> bool:
    """Whether the output is logits of classes."""
    return "logit" in target.sites


def outputs(lab: Lab, rows: ImageRows, changes: Sequence[Intervention] = ()) -> Tensor:
    """The output of pictures, `[image, output]`, metered.

    Raises:
        UsageError: if it is not finite.
    """
    found = lab.target.trace(rows, interventions=changes).output
    lab.meter.forward_tokens += len(rows)
    assert found is not None
    if not bool(torch.isfinite(found).all()):
        raise UsageError(
            f"the output of {lab.target.name} is not finite on these pictures: effects on it "
            "cannot be measured; describe the unit by its input alone"
        )
    return found.flatten(1).cpu().double()


def measure(lab: Lab, rows: ImageRows, cases: Sequence[Case]) -> Effects:
    """Runs the cases."""
    before = _unchanged(lab, rows, sorted({case.row for case in cases}))
    after: list[Tensor] = []
    for at in range(0, len(cases), _BATCH):
        part = cases[at : at + _BATCH]
        changes = [c.at(rows=[k]) for k, case in enumerate(part) for c in case.changes]
        after.extend(outputs(lab, rows.rows([case.row for case in part]), changes))
    if not cases:
        return Effects(np.zeros(0), np.zeros((0, 0)), None)
    one, other = torch.stack([before[case.row] for case in cases]), torch.stack(after)
    if has_classes(lab.target):
        p, q = one.log_softmax(1), other.log_softmax(1)
        size = (p.exp() * (p - q)).sum(1).clamp_min(0)
        change = (other - other.mean(1, keepdim=True)) - (one - one.mean(1, keepdim=True))
        return Effects(size.numpy(), change.numpy(), (q - p).numpy())
    turned = [v / v.norm(dim=1, keepdim=True).clamp_min(1e-12) for v in (one, other)]
    size = (turned[0] - turned[1]).square().sum(1) / 2
    return Effects(size.numpy(), (other - one).numpy(), None)


def _unchanged(lab: Lab, rows: ImageRows, used: Sequence[int]) -> dict[int, Tensor]:
    """The outputs of some pictures; those of explore are measured once."""
    known: dict[int, Tensor] = {}
    if rows is lab.explore:
        known = lab.memo.once(("picture outputs",), dict)
    missing = [row for row in used if row not in known]
    for at in range(0, len(missing), _BATCH):
        part = missing[at : at + _BATCH]
        known.update(zip(part, outputs(lab, rows.rows(part)), strict=True))
    return known


def removal(lab: Lab, unit: Unit, method: str = "zero", factor: float = 0.0) -> Intervention:
    """The unit set to 0, to its mean over explore, or scaled, at every place."""
    if method == "zero":
        return zero(unit.site, [unit.index])
    if method == "scale":
        return scale(unit.site, [unit.index], factor)
    value = profile(lab, unit.site, unit.sign).mean[unit.index]  # [channel]
    shift = torch.as_tensor(value)[None, None, None]  # [1, 1, 1, channel]
    single = lab.target.site(unit.site).channels == 1
    return clamp(unit.site, [unit.index], shift[..., 0] if single else shift)


def own_maps(lab: Lab, rows: ImageRows, units: Sequence[Unit]) -> dict[Unit, Tensor]:
    """What units are on pictures, place by place: `[image, place]` or `[image, place, channel]`."""
    out: dict[Unit, list[Tensor]] = {unit: [] for unit in units}
    for at in range(0, len(rows), _BATCH):
        part = rows.rows(slice(at, at + _BATCH))
        sites = list(dict.fromkeys(unit.site for unit in units))
        values = lab.target.trace(part, sites, output=False).values
        lab.meter.forward_tokens += len(part)
        for unit in units:
            out[unit].append(values[unit.site][:, :, unit.index].detach().clone())
    return {unit: torch.cat(parts) for unit, parts in out.items()}


def put_in(unit: Unit, values: Tensor) -> Intervention:
    """Sets a unit to a map of its own, `[place]` or `[place, channel]`."""
    return clamp(unit.site, [unit.index], values[None, :, None])
