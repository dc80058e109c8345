"""What an intervention does to a target's output, measured row against row.

A case is one row (of tokens, or a picture) with the interventions that it carries.

    next tokens, classes    size = KL(unchanged || changed), in nats; change of log-probabilities
    embeddings              size = 1 - cosine of the output before and after; change of the vector
    modules                 size = length of the change over the length of the output; the same

1. Rows of tokens: every batch holds the unchanged rows too, so that both sides go through the same
   forward pass. Pictures: the unchanged outputs are measured once; those of explore are kept. What
   runs before the changed site runs once a picture of a batch (`models/prefix.py`).
2. The output of a language model is read at the places of the case: the size is the mean over them.
   A large one is run once a row and goes on from the block that is changed (`models/restart.py`).
3. Along the direct path alone: the sub-layers of all later blocks are held at what they gave in the
   unchanged row (path patching), so that only the residual stream and the norms carry the change.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..lab import Lab
from ..models import Intervention, Target, clamp
from ..models.prefix import Prefix, prefix_of

SPAN = 8
"""Places over which the effect on a language model's output is averaged."""
_ROWS = 64
_PICTURES = 32
_LOGITS = 48 * 2**20
"""Floats of logits that one forward may make."""
_RESTARTED_FROM = 5_000_000
"""Parameters from which going on from a block is worth a run for each row."""


class ChangedRow(NamedTuple):
    """One changed row."""

    row: int
    changes: tuple[Intervention, ...]
    """Without rows."""
    places: tuple[int, ...] = ()
    """Where the output is read; none: the whole output (pictures, encoders, modules)."""
    token_places: tuple[int, ...] | None = None
    """Those of the places over which the change of every token is averaged; None: all."""


class Effect(NamedTuple):
    """What one case did."""

    size: float
    change: np.ndarray
    """`[output]`: of the log-probability of every token or class, or of the output vector."""


class OutputChange(NamedTuple):
    """The output of one row, unchanged and changed."""

    measure: Literal["kl", "turn", "length"]
    before: Tensor
    """`[place, output]`: log-probabilities, or one vector."""
    after: Tensor
    case: ChangedRow

    @property
    def sizes(self) -> Tensor:
        """By place."""
        one, other = self.before, self.after
        if self.measure == "kl":
            return (one.exp() * (one - other)).sum(-1).clamp_min(0)
        if self.measure == "length":
            return (other - one).norm(dim=-1) / one.norm(dim=-1).clamp_min(1e-12)
        # 1 - cosine without loss of digits for small angles: half the squared chord
        unit, turned = (v / v.norm(dim=-1, keepdim=True).clamp_min(1e-12) for v in (one, other))
        return (unit - turned).square().sum(-1) / 2

    @property
    def size(self) -> float:
        """Mean over the places."""
        return float(self.sizes.mean())

    @property
    def difference(self) -> np.ndarray:
        """`[output]` of log-probabilities or of the vector."""
        rows: slice | list[int] = slice(None)
        if self.case.token_places is not None and len(self.before) > 1:
            rows = [self.case.places.index(place) for place in self.case.token_places]
        return (self.after - self.before)[rows].mean(0).cpu().numpy()

    def of_following(self, windows: TokenWindows) -> float | None:
        """Mean change of the log-probability of the tokens that follow the places, in nats; None
        where none does, or without a vocabulary."""
        if self.measure != "kl" or not self.case.places:
            return None
        row, last = self.case.row, int(windows.attended[self.case.row].sum())
        followed = [n for n, place in enumerate(self.case.places) if place + 1 < last]
        if not followed:
            return None
        tokens = [int(windows.ids[row, self.case.places[n] + 1]) for n in followed]
        return float((self.after - self.before)[followed, tokens].mean())


def measure(
    lab: Lab,
    inputs: TokenWindows | ImageRows,
    cases: Sequence[ChangedRow],
    *,
    freeze: Sequence[str] = (),
) -> list[Effect]:
    """What every case did; see `output_changes`."""
    result = {
        number: Effect(change.size, change.difference)
        for number, change in output_changes(lab, inputs, cases, freeze=freeze)
    }
    return [result[number] for number in range(len(cases))]


def output_changes(
    lab: Lab,
    inputs: TokenWindows | ImageRows,
    cases: Sequence[ChangedRow],
    *,
    freeze: Sequence[str] = (),
) -> Iterator[tuple[int, OutputChange]]:
    """Runs the cases beside unchanged rows and gives each with its number, in any order.

    Args:
        lab: The lab.
        inputs: Windows of tokens, or pictures.
        cases: What to change in which row.
        freeze: Sites held at their unchanged values, for the direct path (tokens only).

    Raises:
        UsageError: if the output is not finite.
    """
    if isinstance(inputs, ImageRows):
        pairs = _picture_pairs(lab, inputs, cases)
    elif not freeze and _restarts(lab.target):
        pairs = _restarted_pairs(lab, inputs, cases)
    else:
        pairs = _token_pairs(lab, inputs, cases, freeze)
    logits = lab.target.kind == "causal" or has_classes(lab.target)
    for number, before, after in pairs:
        case = cases[number]
        if lab.target.kind == "causal":
            one, other = (side.float().log_softmax(-1) for side in (before, after))
            yield number, OutputChange("kl", one, other, case)
            continue
        if before.ndim > 1 and case.places:
            place = min(case.places[0], len(before) - 1)
            before, after = before[place], after[place]
        one, other = (side.flatten().cpu().double()[None] for side in (before, after))
        if logits:
            yield number, OutputChange("kl", one.log_softmax(-1), other.log_softmax(-1), case)
        else:
            kind = "length" if lab.target.kind == "module" else "turn"
            yield number, OutputChange(kind, one, other, case)


def forward(
    lab: Lab, inputs: TokenWindows | ImageRows, changes: Sequence[Intervention] = ()
) -> Tensor:
    """The output of one forward with interventions, metered.

    Raises:
        UsageError: if it is not finite.
    """
    output = lab.trace(inputs, interventions=changes).output
    assert output is not None
    _refuse_not_finite(lab, output, "pictures" if isinstance(inputs, ImageRows) else "inputs")
    return output


def _refuse_not_finite(lab: Lab, output: Tensor, what: str) -> None:
    if not bool(torch.isfinite(output).all()):
        raise UsageError(
            f"the output of {lab.target.name} is not finite on these {what}: effects on it cannot "
            "be measured; describe the unit by its input alone"
        )


def has_classes(target: Target) -> bool:
    """Whether the output is logits of classes."""
    return target.kind == "image" and "logit" in target.sites


def over_mean(change: np.ndarray) -> np.ndarray:
    """A change of log-probabilities `[..., output]` as that of logits over their mean."""
    return change - change.mean(-1, keepdims=True)


def span(windows: TokenWindows, row: int, place: int) -> tuple[int, ...]:
    """A place and the `SPAN - 1` places after it, as far as the row goes."""
    last = int(windows.attended[row].sum())
    return tuple(range(place, min(last, place + SPAN)))


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


def narrow(windows: TokenWindows, width: int) -> TokenWindows:
    """The first `width` places of the windows."""
    if width >= windows.ids.shape[1]:
        return windows
    arrays = {
        name: getattr(windows, name)[:, :width]
        for name in ("ids", "attended", "counted", "word", "ordinal", "start", "end")
    }
    return replace(windows, **arrays)


def _token_pairs(
    lab: Lab, windows: TokenWindows, cases: Sequence[ChangedRow], freeze: Sequence[str]
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The number of each case, and the output of its row unchanged and changed; of a language
    model at the places of the case."""
    widths = [_width(lab, windows, case) for case in cases]
    order = sorted(range(len(cases)), key=lambda i: (widths[i], cases[i].row, i))
    for chunk in _chunks(lab, [(widths[i], cases[i].row) for i in order]):
        numbers = [order[i] for i in chunk]
        rows = list(dict.fromkeys(cases[i].row for i in numbers))
        part = windows.rows([*rows, *(cases[i].row for i in numbers)])
        part = narrow(part, max(widths[i] for i in numbers))
        changes = [
            change.at(rows=[len(rows) + i])
            for i, number in enumerate(numbers)
            for change in cases[number].changes
        ]
        unchanged = [rows.index(cases[i].row) for i in numbers]
        if freeze:
            plain = part.rows(list(range(len(rows))))
            kept = lab.trace(plain, freeze, output=False).values
            back, held = torch.tensor(unchanged), range(len(rows), len(part))
            changes += [
                clamp(s, None, kept[s][back.to(kept[s].device)]).at(rows=held) for s in freeze
            ]
        output = forward(lab, part, changes)
        for i, (number, row) in enumerate(zip(numbers, unchanged, strict=True)):
            before, after = output[row], output[len(rows) + i]
            if lab.target.kind == "causal":
                places = list(cases[number].places)
                before, after = before[places], after[places]
            yield number, before, after


def _restarts(target: Target) -> bool:
    """Whether the network goes on from cached states, and is large enough for that to pay."""
    causal = target.kind == "causal" and target.restarts is not False
    return causal and target.parameters >= _RESTARTED_FROM


def _restarted_pairs(
    lab: Lab, windows: TokenWindows, cases: Sequence[ChangedRow]
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The same as `_token_pairs` for language models: one run a row, then only what is changed."""
    numbers: dict[int, list[int]] = {}
    for number, case in enumerate(cases):
        numbers.setdefault(case.row, []).append(number)
    for row, here in numbers.items():
        width = max(_width(lab, windows, cases[number]) for number in here)
        part = narrow(windows.rows([row]), width)
        try:
            cached = lab.target.cache(part)
        except UsageError:
            if lab.target.restarts is not False:
                raise
            yield from _token_pairs(lab, windows, cases, ())  # found out on the first row
            return
        width = cached.ids.shape[1]
        first = min(min(cases[number].places) for number in here)
        read = width - first
        size = max(1, min(_ROWS, _LOGITS // (read * cached.logits.shape[-1])))
        lab.meter.forward_tokens += width
        for start in range(0, len(here), size):
            some = here[start : start + size]
            changes = [
                c.at(rows=[i]) for i, number in enumerate(some) for c in cases[number].changes
            ]
            again = lab.target.restart(cached, changes, rows=len(some), logits_at=read)
            lab.meter.forward_tokens += len(some) * (width - again.first_place)
            assert again.output is not None
            _refuse_not_finite(lab, again.output, "inputs")
            begins = width - again.output.shape[1]
            for output, number in zip(again.output, some, strict=True):
                places = list(cases[number].places)
                before = cached.logits[0, places]
                after = [output[p - begins] if p >= begins else cached.logits[0, p] for p in places]
                yield number, before, torch.stack(after)


def _width(lab: Lab, windows: TokenWindows, case: ChangedRow) -> int:
    """How many places of a row have to run."""
    if lab.target.kind != "causal":
        return int(windows.attended[case.row].sum())
    return 1 + max(max((*case.places, *(c.places or ()))) for c in case.changes)


def _chunks(lab: Lab, cases: Sequence[tuple[int, int]]) -> Iterator[range]:
    """Consecutive runs of cases, `(width, row)`, whose forward fits."""
    vocabulary = lab.target.sites["logit"].units if "logit" in lab.target.sites else 0
    start, used = 0, set()
    for i, (width, row) in enumerate(cases):
        limit = max(2, min(_ROWS, _LOGITS // max(1, width * vocabulary)))
        if i > start and (i - start) + 1 + len(used | {row}) > limit:
            yield range(start, i)
            start, used = i, set()
        used.add(row)
    if start < len(cases):
        yield range(start, len(cases))


def _picture_pairs(
    lab: Lab, rows: ImageRows, cases: Sequence[ChangedRow]
) -> Iterator[tuple[int, Tensor, Tensor]]:
    known: dict[int, Tensor] = {}
    if rows is lab.explore:
        known = lab.memo.once(("picture outputs",), dict)
    missing = sorted({case.row for case in cases} - set(known))
    for start in range(0, len(missing), _PICTURES):
        part = missing[start : start + _PICTURES]
        known.update(zip(part, forward(lab, rows.rows(part)), strict=True))
    prefix = _prefix(lab, rows, cases)
    for numbers in _by_row(cases):
        part = [cases[number] for number in numbers]
        changes = [c.at(rows=[i]) for i, case in enumerate(part) for c in case.changes]
        shown = [case.row for case in part]
        with ExitStack() as open_:
            if prefix is not None:
                once = list(dict.fromkeys(shown))
                kept = prefix.run(rows.rows(once))
                open_.enter_context(prefix.going_on(kept, [once.index(row) for row in shown]))
            output = forward(lab, rows.rows(shown), changes)
        for i, (number, case) in enumerate(zip(numbers, part, strict=True)):
            yield number, known[case.row], output[i]


def _prefix(lab: Lab, rows: ImageRows, cases: Sequence[ChangedRow]) -> Prefix | None:
    """What runs once a picture, where all cases change one site and pictures come again."""
    sites = {change.site for case in cases for change in case.changes}
    if len(sites) != 1 or len({case.row for case in cases}) == len(cases):
        return None
    (site,) = sites
    return lab.memo.once(
        ("prefix", site), lambda: prefix_of(lab.target, site, rows.rows([cases[0].row]))
    )


def _by_row(cases: Sequence[ChangedRow]) -> Iterator[list[int]]:
    """The numbers of the cases of each batch: by picture, those of few changes together."""
    batch: list[int] = []
    rows: set[int] = set()
    for number in sorted(range(len(cases)), key=lambda i: (cases[i].row, i)):
        new = cases[number].row not in rows
        if batch and (len(batch) == _PICTURES or (new and len(batch) >= _PICTURES // 4)):
            yield batch
            batch, rows = [], set()
        batch.append(number)
        rows.add(cases[number].row)
    if batch:
        yield batch
