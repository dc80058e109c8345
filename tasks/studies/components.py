"""Which heads and neurons promote an answer by themselves (RASteer, 2025).

1. Alone: what a component writes at the last place goes through the final norm and the vocabulary
   head. On a prompt it is right where the target's logit is at least that of every distractor (the
   other subtasks' targets); it generalises to a subtask where it is right on 70% of its prompts.
2. It promotes a token where that token's logit is at least half of the largest in the vocabulary,
   and that is above 0. Recall of a subtask: the share of its prompts on which its target is
   promoted; precision: the share of its prompts among all on which its target is promoted; F1.
3. Neurons count only if a target is among the 50 tokens that their row favours most or least.
4. Ranked by the number of subtasks generalised to, then by mean F1.

A component that always favours one token generalises to one subtask for nothing: two or more count.
The paper multiplies by W_U alone; here the norm's weights come first, as in the model. Only signs
and ratios matter, so that its scale does not.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...tools.attribution import exact_trace
from ...tools.attribution.sources import Sources
from ...tools.models import Target, Unit
from ...tools.residual.readout import Readout, readout_of
from .cases import TokenizedCase

GENERALISES = 0.7
PROMOTES = 0.5
NEAR = 50
_ROOM = 1 << 24


class DirectLogits(NamedTuple):
    """The logits that each component alone writes on each prompt."""

    units: tuple[Unit, ...]
    logits: np.ndarray
    """`[prompt, unit, answer]`, up to a positive factor for each prompt and unit."""
    largest: np.ndarray
    """`[prompt, unit]`: the largest over the vocabulary, up to the same factor."""
    passed: np.ndarray
    """`[unit]` bool: heads, and neurons that pass the filter."""

    @property
    def heads(self) -> np.ndarray:
        """`[unit]` bool: the others are neurons."""
        return np.array([unit.site.startswith("head.") for unit in self.units])

    def on(self, prompts: slice) -> "DirectLogits":
        """The same on some of the prompts."""
        return self._replace(logits=self.logits[prompts], largest=self.largest[prompts])


class Graded(NamedTuple):
    """Components on one set of prompts."""

    accuracy: np.ndarray
    """`[unit, group]`."""
    recall: np.ndarray
    precision: np.ndarray
    f1: np.ndarray

    @property
    def general(self) -> np.ndarray:
        """`[unit]`: subtasks generalised to."""
        return (self.accuracy >= GENERALISES).sum(1)

    def order(self, passed: np.ndarray) -> np.ndarray:
        """Units, best first; those that do not pass are left out."""
        key = np.lexsort((-self.f1.mean(1), -self.general))
        return key[passed[key]]


def direct_logits(
    target: Target, some: Sequence[TokenizedCase], answers: Sequence[int]
) -> DirectLogits:
    """Reads every head and neuron at the last place of every prompt."""
    columns = torch.tensor(list(answers), device=target.device)
    logits: list[Tensor] = []
    largest: list[Tensor] = []
    heads: list[Unit] = []
    rows: _Rows | None = None
    for one in some:
        with torch.no_grad():
            trace = exact_trace(target, one.question)
            readout = readout_of(trace)
            source = Sources(trace, one.row.places - 1)
            if rows is None:
                rows = _rows(source, readout, columns)
                heads = [
                    Unit(f"head.{block}", i)
                    for block, shape in enumerate(source.layout("head").shapes)
                    for i in range(shape[0])
                ]
            alone = torch.cat([_heads(source, readout, b) for b in range(trace.depth)])
            taken = torch.cat([source.coefficients("mlp", b) for b in range(trace.depth)]).cpu()
            signed = taken[:, None] * rows.logits
            most = torch.where(taken > 0, taken * rows.high, taken * rows.low)
            logits.append(torch.cat([alone[:, columns].cpu(), signed]))
            largest.append(torch.cat([alone.max(1).values.cpu(), most]))
    assert rows is not None
    passed = torch.cat([torch.ones(len(heads), dtype=torch.bool), rows.near])
    return DirectLogits(
        (*heads, *rows.units),
        torch.stack(logits).numpy(),
        torch.stack(largest).numpy(),
        passed.numpy(),
    )


class _Rows(NamedTuple):
    units: tuple[Unit, ...]
    logits: Tensor
    """`[unit, answer]` of the rows themselves."""
    high: Tensor
    low: Tensor
    near: Tensor
    """`[unit]` bool: a target among the tokens at either end."""


def _rows(source: Sources, readout: Readout, columns: Tensor) -> _Rows:
    units: list[Unit] = []
    parts: list[tuple[Tensor, ...]] = []
    size = len(readout.weight)
    edge = min(NEAR, size)
    for block, (n,) in enumerate(source.layout("mlp").shapes):
        units += [Unit(f"mlp.{block}", i) for i in range(n)]
        every = torch.arange(n, device=columns.device)
        for some in every.split(max(1, _ROOM // size)):
            logits = _plain(readout, source.rows("mlp", block, some))  # [unit, vocabulary]
            own = logits[:, columns]
            top = logits.topk(edge, 1).values[:, -1:]
            bottom = logits.topk(edge, 1, largest=False).values[:, -1:]
            near = ((own >= top) | (own <= bottom)).any(1)
            parts.append((own, logits.max(1).values, logits.min(1).values, near))
    joined = [torch.cat(column).cpu() for column in zip(*parts, strict=True)]
    return _Rows(tuple(units), *joined)


def _heads(source: Sources, readout: Readout, block: int) -> Tensor:
    n = source.layout("head").shapes[block][0]
    every = torch.arange(n, device=source.trace.ids.device)
    return _plain(readout, source.writes("head", block, every))


def _plain(readout: Readout, writes: Tensor) -> Tensor:
    """`[n, vocabulary]` without biases; the norm's scale is 1."""
    one = torch.ones(1, device=writes.device)
    writes = writes if readout.norm is None else readout.norm.frozen(writes, one)
    logits = readout.uncapped(writes)
    return logits if readout.bias is None else logits - readout.bias.float()


def grade(direct: DirectLogits, right: np.ndarray, groups: np.ndarray) -> Graded:
    """Args: right `[prompt]` columns of the targets; groups `[prompt]` numbers of the subtasks."""
    prompts = np.arange(len(right))
    own = direct.logits[prompts, :, right]  # [prompt, unit]
    others = direct.logits.copy()
    others[prompts, :, right] = -np.inf
    correct = (own >= others.max(2)) & (direct.logits != 0).any(2)
    promoted = (direct.logits >= PROMOTES * direct.largest[..., None]) & (direct.largest > 0)[
        ..., None
    ]
    names = np.unique(groups)
    shape = (direct.logits.shape[1], len(names))
    accuracy, recall, precision = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, name in enumerate(names):
        mine = groups == name
        accuracy[:, i] = correct[mine].mean(0)
        hits = promoted[prompts, :, right][mine].sum(0)  # [unit]
        recall[:, i] = hits / mine.sum()
        column = np.bincount(right[mine]).argmax()
        called = promoted[:, :, column].sum(0)
        precision[:, i] = np.divide(hits, called, out=np.zeros(shape[0]), where=called > 0)
    total = recall + precision
    f1 = np.divide(2 * recall * precision, total, out=np.zeros(shape), where=total > 0)
    return Graded(accuracy, recall, precision, f1)


def by_chance(
    direct: DirectLogits,
    right: np.ndarray,
    groups: np.ndarray,
    *,
    least: int,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """How many heads and neurons generalise to `least` subtasks where targets are shuffled over
    the prompts: the mean and the most of some draws."""
    rng = np.random.default_rng(seed)
    counts: dict[str, list[int]] = {"heads": [], "neurons": []}
    for _ in range(draws):
        order = rng.permutation(len(right))
        general = grade(direct, right[order], groups[order]).general >= least
        counts["heads"].append(int((general & direct.heads).sum()))
        counts["neurons"].append(int((general & ~direct.heads & direct.passed).sum()))
    return {
        name: {"mean": float(np.mean(of)), "most": max(of), "draws": draws}
        for name, of in counts.items()
    }
