"""Does an attribution name units that matter? The best are zeroed, and random ones beside them.

1. The units are zeroed together, neurons and heads at every place; of an attention neuron its
   share is taken out of the head's output at the place of the prediction.
2. The same for sets of random units drawn from the same sites, one for one, no set twice. Of the
   best only those are zeroed that leave as many others in each site.
3. The drop of log p(target) (or of the difference of two logits) and of p, beside the draws.

All sets are rows of few restarts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ..interventions.runner import Runner
from ..metrics.metric import Kind as MetricKind
from ..metrics.prompt import row_and_metric
from ..metrics.target_tokens import TargetPrompt
from ..models import Intervention, Target, add, zero
from ..statistics.permutation import p_value, percentile
from .attribute import Attribution
from .sources import Kind, Layout, Spot

DRAWS = 20
CLEAR = 0.1
"""p up to which a drop stands out."""


class Zeroed(NamedTuple):
    """The prediction with a set of units zeroed."""

    score: float
    """Summed log p(target), or the difference of two logits."""
    probability: float
    """Of the target, all its tokens together."""


@dataclass(frozen=True)
class Drop:
    """The drop of a prediction with units zeroed, and with random units of the same sites."""

    units: tuple[str, ...]
    drop: float
    """Of log p(target), of the difference of two logits, or of p(target)."""
    random: tuple[float, ...]
    """The drop of each draw."""

    @property
    def percentile(self) -> float:
        """Share of draws with a smaller drop, ties half, in percent."""
        return percentile(self.drop, self.random)

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


@dataclass(frozen=True)
class ZeroedBest(Drop):
    """The drop with the best units of a kind zeroed."""

    kind: Kind
    drop_probability: float
    random_probability: tuple[float, ...]


def control(
    target: Target,
    found: Attribution,
    kind: Kind,
    *,
    many: int = 10,
    draws: int = DRAWS,
    seed: int = 0,
) -> ZeroedBest:
    """Zeroes the (at most) `many` best units of a kind, and (at most) `draws` random sets."""
    layout = found.layouts[kind]
    spots = with_others(layout, found.ranked(kind, many))
    rng = np.random.default_rng(seed)
    sets = [[], spots, *random_sets(layout, spots, draws, rng)]
    clean, best, *others = zeroed(target, found, sets)
    return ZeroedBest(
        tuple(str(spot) for spot in spots),
        clean.score - best.score,
        tuple(clean.score - other.score for other in others),
        kind,
        clean.probability - best.probability,
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
            chosen += [layout.spot(int(i)) for i in picked]
        out.setdefault(frozenset(chosen), chosen)
    return list(out.values())


def zeroed(target: Target, found: Attribution, sets: Sequence[Sequence[Spot]]) -> list[Zeroed]:
    """The prediction with each set of units zeroed, in order."""
    rows = [without(found, spots) for spots in sets]
    score = log = runner_of(target, found.question, "log_probability").measure(rows)
    if found.question.predictions[0].other is not None:
        score = runner_of(target, found.question, "logit_difference").measure(rows)
    return [Zeroed(float(s), float(p)) for s, p in zip(score, log.exp(), strict=True)]


def runner_of(target: Target, question: TargetPrompt, kind: MetricKind) -> Runner:
    """Measures what is predicted on a question; the contrast counts in a logit difference alone."""
    prompt, metric = row_and_metric(target, question, kind)
    return Runner(target, prompt, metric if kind == "logit_difference" else metric.alone())


def zeroing(spots: Sequence[Spot]) -> list[Intervention]:
    """Neurons and heads zeroed at every place."""
    by_site: dict[str, list[int]] = {}
    for spot in spots:
        by_site.setdefault(spot.site, []).append(spot.index)
    return [zero(site, units) for site, units in by_site.items()]


def without(found: Attribution, spots: Sequence[Spot]) -> list[Intervention]:
    """Units zeroed; of attention neurons their share is taken out of the heads' outputs."""
    taken = [_share_out(found, spot) for spot in spots if spot.kind == "attention"]
    return [*taken, *zeroing([spot for spot in spots if spot.kind != "attention"])]


def _share_out(found: Attribution, spot: Spot) -> Intervention:
    source = found.sources[0]
    share = source.coefficients("attention", spot.block)[spot.index, spot.place, spot.channel]
    channels = found.trace.heads[spot.block].shape[3]
    shift = torch.zeros(1, 1, 1, channels, device=share.device)
    shift[..., spot.channel] = -share
    if found.trace.target.sites[spot.site].channels == 1:
        shift = shift[..., 0]  # [1, 1, 1]
    return add(spot.site, [spot.index], shift).at(places=[source.place])
