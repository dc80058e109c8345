"""Does an attribution name units that matter? The best are zeroed, and random ones beside them.

1. The units are zeroed together, neurons and heads at every place; of an attention neuron its
   share is taken out of the head's output at the place of the prediction.
2. The same for sets of random units drawn from the same sites, one for one, no set twice. Of the
   best only those are zeroed that leave as many others in each site.
3. The drop of log p(target) (or of the difference of two logits) and of p, beside the draws.

All sets are rows of few forwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..metrics.rows import Rows
from ..metrics.target_tokens import Question
from ..models import Intervention, Target, add, zero
from ..residual.readout import objective
from ..statistics.permutation import p_value
from .attribute import Attribution
from .sources import Kind, Layout, Spot

DRAWS = 20
CLEAR = 0.1
"""p up to which a drop stands out."""
_ROOM = 1 << 24
"""Logits in memory at a time."""


class Zeroed(NamedTuple):
    """The prediction with a set of units zeroed."""

    score: float
    """Summed log p(target), or the difference of two logits."""
    probability: float
    """Of the target, all its tokens together."""


@dataclass(frozen=True)
class Control:
    """The drop with the best units zeroed, and with random units of the same sites."""

    kind: Kind
    units: tuple[str, ...]
    drop: float
    """Of log p(target), or of the difference of two logits."""
    drop_probability: float
    random: tuple[float, ...]
    """The drop of each draw."""
    random_probability: tuple[float, ...]

    @property
    def percentile(self) -> float:
        """Share of draws with a smaller drop, ties half, in percent."""
        if not self.random:
            return 50.0
        below = sum(r < self.drop for r in self.random)
        ties = sum(r == self.drop for r in self.random)
        return 100 * (below + 0.5 * ties) / len(self.random)

    @property
    def p(self) -> float:
        """(1 + draws with at least this drop) / (1 + draws)."""
        return p_value(self.drop, self.random)

    @property
    def verdict(self) -> str:
        """What a reader is told where the drop stands out from nothing; else empty."""
        if self.p <= CLEAR:
            return ""
        few = 1 / (1 + len(self.random)) > CLEAR
        return "too few other sets to tell" if few else "no more than random units do"


def control(
    target: Target,
    found: Attribution,
    kind: Kind,
    *,
    many: int = 10,
    draws: int = DRAWS,
    seed: int = 0,
) -> Control:
    """Zeroes the (at most) `many` best units of a kind, and (at most) `draws` random sets."""
    layout = found.layouts[kind]
    spots = with_others(layout, found.ranked(kind, many))
    rng = np.random.default_rng(seed)
    sets = [[], spots, *random_sets(layout, spots, draws, rng)]
    clean, best, *others = zeroed(target, found, sets)
    return Control(
        kind,
        tuple(str(spot) for spot in spots),
        clean.score - best.score,
        clean.probability - best.probability,
        tuple(clean.score - other.score for other in others),
        tuple(clean.probability - other.probability for other in others),
    )


def with_others(layout: Layout, spots: Sequence[Spot]) -> list[Spot]:
    """The first of the units, as long as their sites have as many others."""
    left = [int(torch.Size(shape).numel()) for shape in layout.shapes]
    out: list[Spot] = []
    for spot in spots:
        left[spot.block] -= 2
        if left[spot.block] < 0:
            break
        out.append(spot)
    return out


def random_sets(
    layout: Layout, spots: Sequence[Spot], draws: int, rng: np.random.Generator
) -> list[list[Spot]]:
    """Sets with as many units of each site, drawn from those that are not among `spots`. No set
    comes twice, so that there are fewer than `draws` where a site is small."""
    out: dict[frozenset[Spot], list[Spot]] = {}
    if not spots:
        return []
    taken = np.array([layout.number(spot) for spot in spots])
    blocks, counts = np.unique([spot.block for spot in spots], return_counts=True)
    pools = {b: np.setdiff1d(np.arange(*layout.starts[b : b + 2]), taken) for b in blocks.tolist()}
    for _ in range(draws):
        chosen: list[Spot] = []
        for block, count in zip(blocks.tolist(), counts.tolist(), strict=True):
            pool = pools[block]
            picked = rng.choice(pool, count, replace=False)
            chosen += [layout.spot(int(at)) for at in picked]
        out.setdefault(frozenset(chosen), chosen)
    return list(out.values())


def zeroed(target: Target, found: Attribution, sets: Sequence[Sequence[Spot]]) -> list[Zeroed]:
    """The prediction with each set of units zeroed, in order."""
    question = found.question
    length, vocabulary = question.ids.shape[1], len(found.readout.weight)
    one = len(question.predictions) == 1 and question.predictions[0].place == length - 1
    room = max(1, min(32, _ROOM // (vocabulary * (1 if one else length))))
    out: list[Zeroed] = []
    for at in range(0, len(sets), room):
        some = sets[at : at + room]
        changes = [c for row, spots in enumerate(some) for c in _changes(found, spots, row)]
        rows = Rows(question.ids.repeat(len(some), 0))
        logits = target.trace(rows, interventions=changes, output="last" if one else True).output
        assert logits is not None
        logits = logits[:, None] if one else logits
        out += [_read(row.float(), question, one) for row in logits]
    return out


def _changes(found: Attribution, spots: Sequence[Spot], row: int) -> list[Intervention]:
    by_site: dict[str, list[Spot]] = {}
    out = []
    for spot in spots:
        if spot.kind == "attention":
            out += [_without(found, spot, row)]
        else:
            by_site.setdefault(spot.site, []).append(spot)
    for site, members in by_site.items():
        out.append(zero(site, [spot.index for spot in members]).at(rows=[row]))
    return out


def _without(found: Attribution, spot: Spot, row: int) -> Intervention:
    """Takes an attention neuron's share out of its head's output."""
    source = found.sources[0]
    share = source.coefficients("attention", spot.block)[spot.index, spot.place, spot.channel]
    channels = found.trace.heads[spot.block].shape[3]
    shift = torch.zeros(1, 1, 1, channels, device=share.device)
    shift[..., spot.channel] = -share
    if found.trace.target.sites[spot.site].channels == 1:
        shift = shift[..., 0]  # [1, 1, 1]
    return add(spot.site, [spot.index], shift).at(rows=[row], places=[source.place])


def _read(logits: Tensor, question: Question, one: bool) -> Zeroed:
    """Args: logits `[place, vocabulary]`, of the last place alone where `one`."""
    score, log = 0.0, 0.0
    for prediction in question.predictions:
        at = logits[[0 if one else prediction.place]]
        score += float(objective(at, prediction)[0])
        log += float(at.log_softmax(1)[0, prediction.token])
    return Zeroed(score, float(np.exp(log)))
