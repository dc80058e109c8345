"""Groups of units that share a function, and units that are duplicates of each other.

1. Two units are linked where their likeness reaches the bar.
2. Within each connected part of that graph, complete linkage: a group is a set of units of which
   *every* pair reaches the bar, so that no chain of half-alike units becomes one group. (Parts can
   be clustered by themselves, since no complete-linkage group spans two of them.)
3. A group has the name of its medoid, the unit that is most like the others, and its spread.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .likeness import By, Control, Likeness, same_neuron
from .records import Record, has_label, interval, label_of
from .words import plain_words

AT_LEAST: dict[By, float] = {"activations": 0.5, "exemplars": 0.3, "label": 0.7}
"""The bar where none is given."""
_ROWS = 256


@dataclass(frozen=True)
class Group:
    """Units that share a function."""

    units: tuple[str, ...]
    """The medoid first, then the most like it first."""
    name: str
    """The label of `named_by`."""
    named_by: str
    """The medoid; where it has no label that says what it does, the most like it that has."""
    mean: float
    """Mean likeness of its pairs."""
    lowest: float
    """That of its least alike pair."""
    score: float | None
    """Held-out correlation of that label, which says how far the name is to be trusted."""


@dataclass(frozen=True)
class Grouped:
    """The groups of a run."""

    by: By
    compared: str
    at_least: float
    groups: tuple[Group, ...]
    """Largest first."""
    alone: int
    """Units that are in no group."""
    left_out: Mapping[str, str]
    reach: float | None
    """Share of random pairs of units that reach the bar; None: there are no pairs."""
    controls: tuple[Control, ...]


class Pair(NamedTuple):
    """Two units that do nearly the same, or the opposite."""

    first: str
    second: str
    correlation: float
    overlap: float | None
    """Jaccard overlap of their exemplars; None where one has none."""
    same_label: bool


@dataclass(frozen=True)
class Duplicates:
    """What a run says twice."""

    at_least: float
    pairs: tuple[Pair, ...]
    """Nearly identical in activations, by size of the correlation; two sides of one unit are not
    counted."""
    labels: tuple[tuple[str, ...], ...]
    """Units whose labels are the same words; case and punctuation do not count."""
    compared: str
    """Empty: only labels were compared."""
    controls: tuple[Control, ...]


def grouped(likeness: Likeness, records: Mapping[str, Record], at_least: float) -> Grouped:
    """All groups of two units and more."""
    groups = []
    for part in _parts(likeness, at_least):
        values = _between(likeness, part)
        for members in _complete(values, at_least):
            groups.append(_group(likeness, records, [part[at] for at in members], values, members))
    groups.sort(key=lambda group: (-len(group.units), -group.mean, group.units))
    pairs = likeness.random_pairs()
    return Grouped(
        likeness.by,
        likeness.compared,
        at_least,
        tuple(groups),
        len(likeness.units) - sum(len(group.units) for group in groups),
        likeness.left_out,
        float((pairs >= at_least).mean()) if pairs.size else None,
        likeness.controls(),
    )


def identical_labels(records: Mapping[str, Record]) -> tuple[tuple[str, ...], ...]:
    """Described units whose labels are the same words, most units first."""
    same: dict[str, list[str]] = defaultdict(list)
    for unit, record in records.items():
        words = plain_words(label_of(record))
        if words and has_label(record):
            same[words].append(unit)
    return tuple(sorted((tuple(units) for units in same.values() if units[1:]), key=_many_first))


def duplicates(
    activations: Likeness, exemplars: Likeness, records: Mapping[str, Record], at_least: float
) -> Duplicates:
    """Pairs that are nearly identical in activations, and labels that are in words."""
    place = {unit: at for at, unit in enumerate(exemplars.units)}
    found = []
    for first, seconds, values in _linked(activations, at_least, absolute=True):
        one = activations.units[first]
        overlaps = exemplars.block([place[one]])[0] if one in place and seconds else None
        for second, value in zip(seconds, values, strict=True):
            two = activations.units[second]
            if first >= second or same_neuron(one, two):
                continue
            overlap = None if overlaps is None or two not in place else float(overlaps[place[two]])
            labels = {plain_words(label_of(records[unit])) for unit in (one, two)}
            found.append(Pair(one, two, value, overlap, len(labels) == 1))
    found.sort(key=lambda pair: (-abs(pair.correlation), pair.first, pair.second))
    labels = identical_labels(records)
    how = activations.compared
    return Duplicates(at_least, tuple(found), labels, how, activations.controls())


def _linked(
    likeness: Likeness, at_least: float, *, absolute: bool = False
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Each unit with those that reach the bar, and their values."""
    many = len(likeness.units)
    for start in range(0, many, _ROWS):
        rows = list(range(start, min(start + _ROWS, many)))
        block = likeness.block(rows)
        reached = (np.abs(block) if absolute else block) >= at_least
        for row, values, here in zip(rows, block, reached, strict=True):
            near = np.flatnonzero(here)
            yield row, near.tolist(), values[near].tolist()


def _parts(likeness: Likeness, at_least: float) -> list[list[int]]:
    """Connected parts of two units and more."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    many = len(likeness.units)
    pairs = [(row, other) for row, near, _ in _linked(likeness, at_least) for other in near]
    if not pairs:
        return []
    first, second = np.array(pairs).T
    graph = coo_matrix((np.ones(len(pairs), bool), (first, second)), (many, many))
    _, part = connected_components(graph, directed=False)
    members: dict[int, list[int]] = defaultdict(list)
    for unit, number in enumerate(part.tolist()):
        members[number].append(unit)
    return [units for units in members.values() if units[1:]]


def _between(likeness: Likeness, units: Sequence[int]) -> np.ndarray:
    """Likeness among some units, `[unit, unit]`."""
    return np.concatenate(
        [likeness.block(units[at : at + _ROWS])[:, units] for at in range(0, len(units), _ROWS)]
    )


def _complete(values: np.ndarray, at_least: float) -> list[list[int]]:
    """Sets of two and more of which every pair reaches the bar."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = np.maximum(1 - (values + values.T) / 2, 0).astype(np.float64)
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), "complete")
    number = fcluster(tree, 1 - at_least + 1e-6, "distance")
    sets = [np.flatnonzero(number == one).tolist() for one in np.unique(number)]
    return [members for members in sets if members[1:]]


def _group(
    likeness: Likeness,
    records: Mapping[str, Record],
    units: Sequence[int],
    values: np.ndarray,
    members: Sequence[int],
) -> Group:
    inside: Any = values[np.ix_(members, members)]
    middle = int(inside.sum(1).argmax())
    order = sorted(range(len(units)), key=lambda at: (at != middle, -inside[middle, at]))
    names = tuple(likeness.units[units[at]] for at in order)
    pairs = inside[np.triu_indices(len(units), 1)]
    named_by = next((unit for unit in names if has_label(records[unit])), names[0])
    record = records[named_by]
    mean, lowest = float(pairs.mean()), float(pairs.min())
    return Group(names, label_of(record), named_by, mean, lowest, interval(record)[0])


def _many_first(units: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return -len(units), units
