"""Names of a channel: looks of areas and groups of classes that its strongest places share.

1. Chosen in one half of explore (see `places.py`): the looks of areas that most of the channel's
   strongest places have and fewest others; the group of the reader's classes, of their pictures.
2. Counted in the other half: a name is true of at least 60% of the strongest places, of few of
   the strongest places of other channels and of random places, and passes Fisher's exact test.
3. Each half chooses and the other counts; of two names that pass the better is kept.

What does not pass is no name. Our formulation.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.image_rows import ImageRows
from .....tools.models.picture_reader import picture_states, reader_groups
from .....tools.models.target import Target
from .....tools.predicates import parse
from .....tools.predicates.patches import MEASURES, SIZES, local_measures
from .places import Half, Spots

_COVERED = 0.6
"""Of the strongest places, that a name must be true of."""
_LIFT = 1.5  # times as often as of others
_MAX_P = 0.05
_MOST_LOOKS, _PROPOSED = 3, 3
"""Of a name, and names that a half proposes."""
_ADDS = 0.06  # of coverage less base rate, that a further look must add
_AS_GOOD = 0.05  # of it, within which the smaller of two groups is kept
_QUANTILES = np.array([0.1, 0.2, 0.3])
"""Of the strongest places' own measures, where a look may begin."""
_LEAST_STEP = 0.02  # of a measure, from random places to where a look begins


class Measures(NamedTuple):
    """Measures of areas around the spots of a half: `[spot, size, measure]` each."""

    many: np.ndarray
    own: np.ndarray
    others: np.ndarray
    random: np.ndarray


class PlaceName(NamedTuple):
    """A name, with what it is true of in pictures that did not choose it."""

    predicate: dict[str, Any]
    where: str
    """What the counts are of: `strongest places`, or `strongest pictures`."""
    hits: int
    n: int
    """The channel's strongest, of which the name is true of `hits`."""
    others: float
    """Share of other channels' strongest."""
    random: float
    """Share of places or pictures at random."""

    @property
    def lead(self) -> float:
        """Coverage less the larger base rate."""
        return self.hits / self.n - max(self.others, self.random)

    def short(self) -> str:
        """As part of a label."""
        return f"{parse(self.predicate).noun()} ({self.hits} of {self.n})"

    def words(self) -> str:
        """With its counts, as a component says it."""
        return (
            f"{parse(self.predicate).english()}: true of {self.hits} of {self.n} {self.where} that "
            f"did not choose it, of {self.others:.0%} of those of other channels and "
            f"{self.random:.0%} at random"
        )


def names(rows: ImageRows, network: Target, parts: Sequence[Half]) -> list[PlaceName]:
    """Names that hold where they were not chosen, the best first: at most a group and looks.

    Args:
        rows: Explore.
        network: The reader of pictures.
        parts: What `halves` gave.
    """
    if not parts:
        return []
    x = [Measures(*(_measured(rows, spots) for spots in half)) for half in parts]
    groups = reader_groups(network) if network.labels else {}
    reader = "" if rows.reader is None else rows.reader.name
    found = [_best([_looks_name(one, other) for one, other in (x, x[::-1])])]
    if groups:
        shares = [_group_shares(rows, network, half, groups) for half in parts]
        pairs = (shares, shares[::-1])
        found.append(_best([_group_name(one, other, groups, reader) for one, other in pairs]))
    return sorted((name for name in found if name is not None), key=lambda name: -name.lead)


def _best(found: Sequence[PlaceName | None]) -> PlaceName | None:
    known = [name for name in found if name is not None]
    return max(known, key=lambda name: name.lead, default=None)


def _passed(
    predicate: dict[str, Any], where: str, holds: Sequence[np.ndarray], *, tests: int = 1
) -> PlaceName | None:
    """A name with its counts; None where it does not hold.

    Args:
        predicate: What it says.
        where: What is counted.
        holds: Whether it is true of the channel's own, of others', at random: bool `[spot]` each.
        tests: Names that were proposed together.
    """
    from scipy.stats import fisher_exact

    own, others, random = holds
    base = others if others.mean() >= random.mean() else random
    table = [[int(x.sum()), int((~x).sum())] for x in (own, base)]
    share, p = own.mean(), float(fisher_exact(table, alternative="greater")[1])  # type: ignore[arg-type]
    if share < _COVERED or share < _LIFT * base.mean() or p > _MAX_P / tests:
        return None
    rates = float(others.mean()), float(random.mean())
    return PlaceName(predicate, where, int(own.sum()), len(own), *rates)


class _Look(NamedTuple):
    """From where a measure of areas of a size is a look."""

    size: int
    measure: int
    high: bool
    cut: float
    start: float
    """The median at random places."""

    def holds(self, x: np.ndarray) -> np.ndarray:
        """bool `[spot]` of measures `[spot, size, measure]`."""
        mine = x[:, self.size, self.measure]
        return mine >= self.cut if self.high else mine <= self.cut

    def predicate(self) -> dict[str, Any]:
        """Of degree .5 at the cut, and 0 at the start as far as 1 is then within the scale."""
        far = float(np.clip(2 * self.cut - self.start, 0, 1))
        low, high = round(2 * self.cut - far, 4), round(far, 4)
        return {"measure": list(MEASURES)[self.measure], "low": low, "high": high}


def _measured(rows: ImageRows, spots: Spots) -> np.ndarray:
    """Measures of areas around spots, `[spot, size, measure]`."""
    out = np.zeros((len(spots.rows), len(SIZES), len(MEASURES)), np.float32)
    for row in np.unique(spots.rows):
        here = spots.rows == row
        values = local_measures(rows, int(row))
        out[here] = values[:, spots.y[here], spots.x[here]].swapaxes(0, 1)
    return out


def _looks_name(choose: Measures, count: Measures) -> PlaceName | None:
    """The best of the looks of areas that one half proposes, as the other counts them."""
    found: list[PlaceName | None] = []
    for looks in _proposed(choose):
        size, every = list(SIZES)[looks[0].size], [look.predicate() for look in looks]
        holds = [np.all([look.holds(x) for look in looks], axis=0) for x in count[1:]]
        predicate = {"kind": "patch", "size": size, "looks": every}
        found.append(_passed(predicate, "strongest places", holds, tests=_PROPOSED))
    return _best(found)


def _looks(half: Measures) -> list[_Look]:
    """Every look that most of the strongest places have."""
    start = np.median(half.random, 0)  # [size, measure]
    looks: list[_Look] = []
    for m, words in enumerate(MEASURES.values()):
        for high in (True, False) if words.low else (True,):
            shares = _QUANTILES if high else 1 - _QUANTILES
            cuts = np.quantile(half.many[:, :, m], shares, axis=0)  # [quantile, size]
            for s in range(len(SIZES)):
                begin = float(start[s, m])
                far = [c for c in cuts[:, s].tolist() if (c - begin) * (2 * high - 1) > _LEAST_STEP]
                looks += [_Look(s, m, high, cut, begin) for cut in dict.fromkeys(far)]
    return looks


def _proposed(half: Measures) -> list[list[_Look]]:
    """Looks of one size, joined one by one as long as they tell more; each time without the measure
    that the last began with."""
    looks = _looks(half)
    if not looks:
        return []
    own, _, others, random = (np.array([look.holds(x) for look in looks], bool) for x in half)
    measure, size = np.array([(look.measure, look.size) for look in looks]).T
    open_, out = np.ones(len(looks), bool), []
    while len(out) < _PROPOSED:
        chosen: list[int] = []
        able, best = open_, 0.0
        while len(chosen) < _MOST_LOOKS:
            held = [(x & x[chosen].all(0)).mean(1) for x in (own, others, random)]  # [look] each
            good = able & (held[0] >= _COVERED)
            lead = np.where(good, held[0] - np.maximum(held[1], held[2]), -1)
            i = int(lead.argmax())
            if lead[i] < best + _ADDS:
                break
            chosen, best = [*chosen, i], float(lead[i])
            able = able & (size == size[i]) & (measure != measure[i])
        if not chosen:
            break
        out.append([looks[i] for i in chosen])
        open_ = open_ & (measure != measure[chosen[0]])
    return out


def _group_shares(
    rows: ImageRows, network: Target, half: Half, groups: dict[str, tuple[int, ...]]
) -> list[np.ndarray]:
    """How probably the reader sees each group in the pictures of the channel's own places, of
    others' and at random: `[picture, group]` each."""
    out = []
    for spots in (half.own, half.others, half.random):
        share = picture_states(network, rows.rows(spots.rows)).classes  # [picture, class]
        out.append(np.stack([share[:, list(m)].sum(1) for m in groups.values()], 1))
    return out


def _group_name(
    choose: Sequence[np.ndarray],
    count: Sequence[np.ndarray],
    groups: dict[str, tuple[int, ...]],
    network: str,
) -> PlaceName | None:
    """The smallest group that tells about the most in one half, as the other counts it."""
    held = [(x >= 0.5).mean(0) for x in choose]  # [group] each
    lead = np.where(held[0] >= _COVERED, held[0] - np.maximum(held[1], held[2]), -1)
    if lead.max() <= 0:
        return None
    good = np.flatnonzero(lead >= lead.max() - _AS_GOOD)
    sizes = [len(members) for members in groups.values()]
    best = min(good.tolist(), key=lambda i: sizes[i])
    predicate = {"kind": "class", "names": [list(groups)[best]], "network": network}
    return _passed(predicate, "strongest pictures", [x[:, best] >= 0.5 for x in count])
