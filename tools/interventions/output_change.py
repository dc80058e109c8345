"""What an intervention does to a target's output, measured row against row.

A case is one row of tokens with the interventions it carries. Cases run in batches; every batch
holds the unchanged rows too, so that both sides go through the same forward pass.

    causal    size = KL(unchanged || changed) of the next-token distribution, in nats, averaged
              over the place of interest and the `SPAN - 1` places after it; with it the change of
              the log-probability of the tokens that really follow
    encoder   size = 1 - cosine of the pooled output embedding before and after
    module    size = length of the output's change over the length of the output
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows
from ..errors import UsageError
from ..lab import Lab
from ..models import Intervention

SPAN = 8
"""Places over which the effect on a language model's output is averaged."""
_LOGITS = 48 * 2**20
"""Floats of logits that one forward may make."""


class Case(NamedTuple):
    """One changed row."""

    row: int
    """Of the windows."""
    place: int
    """The place of interest."""
    changes: tuple[Intervention, ...]
    """Without rows."""


class Effect(NamedTuple):
    """What one case did."""

    size: float
    """See the module's docstring."""
    at_place: float
    """The size at the place of interest alone; the same as `size` without a vocabulary."""
    log_probability: float | None
    """Mean change of the log-probability of the tokens that follow, in nats."""


class Effects(NamedTuple):
    """What all cases did."""

    each: list[Effect]
    shift: np.ndarray
    """float64 `[vocabulary]` or `[d]`: mean over the cases asked for, of the change of next-token
    probability, or of the output vector."""
    logits: np.ndarray | None
    """float64 `[vocabulary]` mean change of the logits; None without a vocabulary."""
    before: np.ndarray
    """Mean probability or output vector before."""


def measure_effects(
    lab: Lab, windows: TokenWindows, cases: Sequence[Case], *, keep: Sequence[int] | None = None
) -> Effects:
    """Runs the cases.

    Args:
        lab: The bench.
        windows: Rows of tokens.
        cases: What to change in which row.
        keep: Cases whose shift is averaged; None: all.

    Raises:
        UsageError: if the output is not finite.
    """
    kept = set(range(len(cases)) if keep is None else keep)
    each: list[Effect] = []
    sums: list[np.ndarray] = []
    order = sorted(range(len(cases)), key=lambda at: (cases[at].row, at))
    found: dict[int, Effect] = {}
    for chunk in _chunks(lab, windows, [cases[at].row for at in order]):
        numbers = [order[at] for at in chunk]
        rows = list(dict.fromkeys(cases[at].row for at in numbers))
        part = windows.rows([*rows, *(cases[at].row for at in numbers)])
        width = int(part.attended.sum(1).max())
        part = narrow(part, width)
        changes = [
            change.at(rows=[len(rows) + at])
            for at, number in enumerate(numbers)
            for change in cases[number].changes
        ]
        output = changed_output(lab, part, changes)
        for at, number in enumerate(numbers):
            case = cases[number]
            base = output[rows.index(case.row)]
            changed = output[len(rows) + at]
            effect, shifts = _compare(lab, part, rows.index(case.row), case.place, base, changed)
            found[number] = effect
            if number in kept:
                sums = [s + new for s, new in zip(sums, shifts, strict=True)] if sums else shifts
    each = [found[at] for at in range(len(cases))]
    many = max(1, len(kept))
    means = [total / many for total in sums]
    empty = np.zeros(0)
    return Effects(
        each,
        means[0] if means else empty,
        means[2] if len(means) > 2 else None,
        means[1] if means else empty,
    )


def changed_output(lab: Lab, windows: TokenWindows, changes: Sequence[Intervention]) -> Tensor:
    """The output of one forward with interventions, metered.

    Raises:
        UsageError: if it is not finite.
    """
    output = lab.target.trace(windows, interventions=changes).output
    assert output is not None
    lab.meter.forward_tokens += int(windows.attended.sum())
    if not bool(torch.isfinite(output).all()):
        raise UsageError(
            f"the output of {lab.target.name} is not finite on these inputs: effects on it "
            "cannot be measured; describe the unit by its input alone"
        )
    return output


def _compare(
    lab: Lab, windows: TokenWindows, row: int, place: int, base: Tensor, changed: Tensor
) -> tuple[Effect, list[np.ndarray]]:
    """The effect, and [change, before, change of logits]."""
    if lab.target.kind == "causal":
        last = int(windows.attended[row].sum())
        span = slice(place, min(last, place + SPAN))
        one, other = base[span].float(), changed[span].float()  # [place, vocabulary]
        before, after = one.log_softmax(-1), other.log_softmax(-1)
        apart = (before.exp() * (before - after)).sum(-1).clamp_min(0)  # [place]
        following = torch.as_tensor(
            windows.ids[row, place + 1 : span.stop + 1][: last - place - 1].astype(np.int64)
        ).to(before.device)
        gain = None
        if len(following):
            index = (torch.arange(len(following)), following.cpu())
            gain = float((after.cpu()[index] - before.cpu()[index]).mean())
        change = (after.exp() - before.exp()).mean(0)
        centred = (other - other.mean(-1, keepdim=True)) - (one - one.mean(-1, keepdim=True))
        effect = Effect(float(apart.mean()), float(apart[0]), gain)
        return effect, [_numpy(change), _numpy(before.exp().mean(0)), _numpy(centred.mean(0))]
    if base.ndim > 1:
        base, changed = base[min(place, len(base) - 1)], changed[min(place, len(changed) - 1)]
    base, changed = base.flatten().cpu().double(), changed.flatten().cpu().double()
    if lab.target.kind == "encoder":
        size = _turned(base, changed)
    else:
        size = float((changed - base).norm() / base.norm().clamp_min(1e-12))
    return Effect(size, size, None), [_numpy(changed - base), _numpy(base)]


def _turned(one: Tensor, other: Tensor) -> float:
    """1 - cosine, without loss of digits for small angles: half the squared chord."""
    unit = one / one.norm().clamp_min(1e-12)
    turned = other / other.norm().clamp_min(1e-12)
    return float((unit - turned).square().sum() / 2)


def _chunks(lab: Lab, windows: TokenWindows, rows: Sequence[int]) -> list[range]:
    """Consecutive runs of cases whose forward fits."""
    width = windows.ids.shape[1]
    most = 64
    if lab.target.kind == "causal":
        vocabulary = lab.target.sites["logit"].units if "logit" in lab.target.sites else 50_000
        most = max(2, min(64, _LOGITS // (max(1, width) * vocabulary)))
    out: list[range] = []
    start, used = 0, set()
    for at, row in enumerate(rows):
        if at > start and (at - start) + len(used | {row}) + 1 > most:
            out.append(range(start, at))
            start, used = at, set()
        used.add(row)
    if start < len(rows):
        out.append(range(start, len(rows)))
    return out


def narrow(windows: TokenWindows, width: int) -> TokenWindows:
    """The first `width` places of the windows."""
    if width >= windows.ids.shape[1]:
        return windows
    arrays = {
        name: getattr(windows, name)[:, :width]
        for name in ("ids", "attended", "counted", "word", "ordinal", "start", "end")
    }
    return replace(windows, **arrays)


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().double().numpy()
