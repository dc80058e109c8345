"""What changes do to the output at chosen places, row against row, token by token.

Like `effects.py`, with the change of every token or coordinate kept for every row by itself, so
that some texts can name what changes and others can score the names. Changes may be measured along
the direct path alone: the sub-layers of all later blocks are held at what they gave in the
unchanged row (path patching), so that only the residual stream and the norms carry them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows
from ..lab import Lab
from ..models import Intervention, Target, clamp
from .output_change import changed_output, narrow

_ROWS = 64
_LOGITS = 48 * 2**20
"""Floats of logits that one forward may make."""


class Row(NamedTuple):
    """One changed row of tokens."""

    row: int
    """Of the windows."""
    changes: tuple[Intervention, ...]
    """Without rows."""
    at: tuple[int, ...]
    """Places where the change of every token is read (language models)."""
    over: tuple[int, ...]
    """Places over which the size is averaged (language models)."""


class Shift(NamedTuple):
    """What one changed row did."""

    size: float
    """Language models: KL(unchanged || changed) in nats; encoders: 1 - cosine of the output;
    modules: length of the output's change over the length of the output."""
    change: np.ndarray
    """float32 `[vocabulary]`, change of log-probabilities; or `[d]`, of the output."""


def measure_rows(
    lab: Lab, windows: TokenWindows, rows: Sequence[Row], *, freeze: Sequence[str] = ()
) -> list[Shift]:
    """Runs the rows beside unchanged ones.

    Args:
        lab: The bench.
        windows: Rows of tokens.
        rows: What to change in which.
        freeze: Sites held at their unchanged values, for the direct path.

    Raises:
        UsageError: if the output is not finite.
    """
    causal = lab.target.kind == "causal"
    wide = [
        1 + max(max((*row.at, *row.over, *(c.places or ()))) for c in row.changes)
        if causal
        else int(windows.attended[row.row].sum())
        for row in rows
    ]
    order = sorted(range(len(rows)), key=lambda at: (wide[at], rows[at].row, at))
    found: dict[int, Shift] = {}
    for chunk in _chunks(lab, [(wide[at], rows[at].row) for at in order]):
        numbers = [order[at] for at in chunk]
        base = list(dict.fromkeys(rows[at].row for at in numbers))
        many = len(base)
        part = windows.rows([*base, *(rows[at].row for at in numbers)])
        part = narrow(part, max(wide[at] for at in numbers))
        edits = [
            change.at(rows=[many + at])
            for at, number in enumerate(numbers)
            for change in rows[number].changes
        ]
        if freeze:
            plain = part.rows(list(range(many)))
            kept = lab.target.trace(plain, freeze, output=False).values
            lab.meter.forward_tokens += int(plain.attended.sum())
            back = torch.tensor([base.index(rows[at].row) for at in numbers])
            held = range(many, many + len(numbers))
            edits += [
                clamp(s, None, kept[s][back.to(kept[s].device)]).at(rows=held) for s in freeze
            ]
        output = changed_output(lab, part, edits)
        for at, number in enumerate(numbers):
            row = rows[number]
            before, after = output[base.index(row.row)], output[many + at]
            kind = lab.target.kind
            found[number] = _next(row, before, after) if causal else _moved(before, after, kind)
    return [found[at] for at in range(len(rows))]


def later_sublayers(target: Target, site: str) -> list[str] | None:
    """The sub-layers behind a site: what is held for the direct path; None where not known."""
    there = target.site(site)
    if there.block is None or there.code is not None:
        return None
    names = []
    for name, other in target.sites.items():
        if name.startswith(("attn_out.", "mlp_out.")) and other.block is not None:
            same = other.block == there.block and name.startswith("mlp_out.")
            before_mlp = same and site.startswith(("head.", "attn_out."))
            if other.block > there.block or before_mlp:
                names.append(name)
    deeper = any(
        name.startswith("resid.") and other.block is not None and other.block > there.block
        for name, other in target.sites.items()
    )
    return None if deeper and not names else names


def _next(row: Row, before: Tensor, after: Tensor) -> Shift:
    """`before` and `after` are `[place, vocabulary]`."""
    places = sorted({*row.at, *row.over})
    where = {place: n for n, place in enumerate(places)}
    one = before[places].float().log_softmax(-1)  # [place, vocabulary]
    other = after[places].float().log_softmax(-1)
    apart = (one.exp() * (one - other)).sum(-1).clamp_min(0)  # [place]
    size = float(apart[[where[place] for place in row.over]].mean())
    change = (other - one)[[where[place] for place in row.at]].mean(0)
    return Shift(size, change.cpu().numpy())


def _moved(before: Tensor, after: Tensor, kind: str) -> Shift:
    one, other = before.flatten().cpu().double(), after.flatten().cpu().double()
    if kind == "module":
        size = float((other - one).norm() / one.norm().clamp_min(1e-12))
        return Shift(size, (other - one).float().cpu().numpy())
    chord = one / one.norm().clamp_min(1e-12) - other / other.norm().clamp_min(1e-12)
    return Shift(float(chord.square().sum() / 2), (other - one).float().cpu().numpy())


def _chunks(lab: Lab, cases: Sequence[tuple[int, int]]) -> Iterator[range]:
    """Consecutive runs of cases, `(width, row)`, whose forward fits."""
    vocabulary = lab.target.sites["logit"].units if "logit" in lab.target.sites else 0
    start, used = 0, set()
    for at, (width, row) in enumerate(cases):
        most = max(2, min(_ROWS, _LOGITS // max(1, width * vocabulary)))
        if at > start and (at - start) + 1 + len(used | {row}) > most:
            yield range(start, at)
            start, used = at, set()
        used.add(row)
    if start < len(cases):
        yield range(start, len(cases))
