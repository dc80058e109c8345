"""Where and when information reaches the last place: CAMA and attention-based peeking.

After "All for One" (mental arithmetic at the last token), METHODS in words:

1. Wait: up to layer `wait` no place may know of its context: what goes into that layer is, at every
   place, E[residual stream | its token] over prompts that have this token there (CAMA).
2. Transfer: in the next `transfer` layers the last place sees all, every other place sees the first
   token and itself (attention-based peeking).
3. After that the last place, too, sees the first token and itself. Where the prompts differ in
   their first token, it is no mere sink, and places see themselves alone.
4. Accuracy for every (wait, transfer), and the smallest subgraph: the fewest transfer layers, and
   for these the longest wait, whose accuracy is at least `keep` of the full model's. The order of
   the two is our choice.

`wait` 0 has no CAMA: peeking alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..metrics.prompt import Prompt
from ..metrics.rows import Rows
from ..models import Intervention, Target, clamp
from ..statistics.bootstrap import mean_interval
from .masks import check_masks, closed, last_logits, layers, masked
from .reference import Reference, references

_ROWS = 64


class Answered(NamedTuple):
    """A prompt with the token that is right behind it."""

    prompt: Prompt
    answer: int


class Route(NamedTuple):
    """Accuracy with less and less of the network's attention."""

    clean: float
    """Accuracy of the full model."""
    clean_interval: tuple[float, float] | None
    accuracy: np.ndarray
    """`[wait, transfer]`; NaN where the two exceed the layers."""
    cama: np.ndarray
    """`[wait]`: accuracy with CAMA alone, attention free behind it."""
    mean: np.ndarray
    """`[wait]`: the same with the plain mean in place of E[ | token]: the control of CAMA."""
    smallest: tuple[int, int] | None
    """(wait, transfer); None where nothing keeps the accuracy."""
    smallest_interval: tuple[float, float] | None
    """95% of its accuracy, bootstrapped over prompts."""
    keep: float
    sink: bool
    """The first token, the same in all prompts, is seen by all."""
    prompts: int
    unknown: int
    """Places, over all prompts, whose token the reference lacks at that place."""


def route(
    target: Target,
    cases: Sequence[Answered],
    *,
    text: Sequence[Prompt] | None = None,
    by_place: bool = True,
    streams: Sequence[str] | None = None,
    keep: float = 0.95,
    waits: Sequence[int] | None = None,
    transfers: Sequence[int] | None = None,
) -> Route:
    """Accuracy over the grid and the smallest subgraph.

    Args:
        target: A causal model, or a module with mask hooks (see `masks.py`).
        cases: Prompts with their answers, all of one length.
        text: Prompts that the means are over; None: the cases' own.
        by_place: Means by token and place (prompts of one template), else by token.
        streams: The residual stream's site behind each layer; None: `resid.N`.
        keep: Share of the full model's accuracy that the subgraph has to keep.
        waits: Waits to try; None: all.
        transfers: Transfers to try; None: all.

    Raises:
        UsageError: for prompts of different length, a model whose attention cannot be masked, or
            an output that is not finite.
    """
    ids = _ids(cases)
    depth, places = len(layers(target)), ids.shape[1]
    sink = len(set(ids[:, 0].tolist())) == 1
    check_masks(target, ids[0].tolist(), sink=sink)
    streams = [f"resid.{n}" for n in range(depth)] if streams is None else list(streams)
    if len(streams) != depth:
        raise UsageError(f"{len(streams)} streams are named for {depth} layers; name one a layer")
    for site in streams:
        target.site(site)
    answers = torch.tensor([case.answer for case in cases])
    batches = [case.prompt for case in cases] if text is None else list(text)
    every = np.concatenate([prompt.ids for prompt in batches])
    chunks = [Rows(every[i : i + _ROWS]) for i in range(0, len(every), _ROWS)]
    known = references(target, chunks, streams, by_place=by_place)

    def right(changes: Sequence[_Change], masks: dict[int, Tensor]) -> np.ndarray:
        result = []
        for i in range(0, len(ids), _ROWS):
            part = slice(i, i + _ROWS)
            edits = [change.on(ids[part]) for change in changes]
            with masked(target, masks):
                logits = last_logits(target, ids[part], edits).float().cpu()
            if not bool(logits.isfinite().all()):
                raise UsageError(f"the output of {target.name} is not finite on these prompts")
            result.append(logits.argmax(-1) == answers[part])
        return torch.cat(result).numpy()

    whole = right([], {})
    shut = closed(places, sink=sink)
    peeking = closed(places, sink=sink, last_sees_all=True)
    accuracy = np.full((depth + 1, depth + 1), np.nan)
    each: dict[tuple[int, int], np.ndarray] = {}
    cama, mean = np.full(depth + 1, np.nan), np.full(depth + 1, np.nan)
    for wait in range(depth + 1) if waits is None else waits:
        changes = [_Change(known[streams[wait - 1]], True)] if wait else []
        plain = [_Change(known[streams[wait - 1]], False)] if wait else []
        cama[wait], mean[wait] = right(changes, {}).mean(), right(plain, {}).mean()
        for transfer in range(depth + 1 - wait) if transfers is None else transfers:
            if wait + transfer > depth:
                continue
            masks = {n: peeking if n < wait + transfer else shut for n in range(wait, depth)}
            each[wait, transfer] = right(changes, masks)
            accuracy[wait, transfer] = each[wait, transfer].mean()
    good = [cell for cell, hits in each.items() if hits.mean() >= keep * whole.mean()]
    smallest = min(good, key=lambda cell: (cell[1], -cell[0])) if good else None
    unknown = sum(known[streams[0]].at(row, range(places))[1] for row in ids.tolist())
    return Route(
        float(whole.mean()),
        mean_interval(whole),
        accuracy,
        cama,
        mean,
        smallest,
        mean_interval(each[smallest]) if smallest else None,
        keep,
        sink,
        len(cases),
        unknown,
    )


class _Change(NamedTuple):
    """A stream that is set to what its tokens by themselves lead to, or to the plain mean."""

    reference: Reference
    by_token: bool

    def on(self, ids: np.ndarray) -> Intervention:
        """For a batch of rows."""
        places = range(ids.shape[1])
        value = self.reference.mean[None, None]  # [1, 1, d]
        if self.by_token:
            value = torch.stack([self.reference.at(row, places)[0] for row in ids.tolist()])
        return clamp(self.reference.site, None, value)


def _ids(cases: Sequence[Answered]) -> np.ndarray:
    lengths = {case.prompt.places for case in cases}
    if not cases:
        raise UsageError("a route needs prompts with their answers; there is none")
    if len(lengths) > 1:
        raise UsageError(
            f"the prompts have different lengths ({min(lengths)} to {max(lengths)} tokens); a "
            "route needs prompts of one template, place by place"
        )
    return np.concatenate([case.prompt.ids for case in cases])
