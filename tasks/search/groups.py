"""Groups of units that share a function, and units that are duplicates of each other.

1. Two units are linked where their similarity reaches the bar.
2. Within each connected part of that graph, complete linkage: a group is a set of units of which
   *every* pair reaches the bar, so that no chain of half-similar units becomes one group. (Parts
   can be clustered by themselves, since no complete-linkage group spans two of them.)
3. A group has the name of its medoid, the unit that is most like the others, and its spread.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .records import Record, has_label, interval, label_of
from .results import By, Duplicates, Group, Groups, Pair
from .similarity import Similarity, same_neuron
from .words import plain_words

AT_LEAST: dict[By, float] = {"activations": 0.5, "exemplars": 0.3, "label": 0.7}
"""The bar where none is given."""
_ROWS = 256


def grouped(similarity: Similarity, records: Mapping[str, Record], at_least: float) -> Groups:
    """All groups of two units and more."""
    groups = []
    for part in _parts(similarity, at_least):
        values = _between(similarity, part)
        for members in _complete(values, at_least):
            groups.append(_group(similarity, records, [part[i] for i in members], values, members))
    groups.sort(key=lambda group: (-len(group.units), -group.mean, group.units))
    pairs = similarity.random_pairs()
    return Groups(
        similarity.by,
        similarity.compared,
        at_least,
        tuple(groups),
        len(similarity.units) - sum(len(group.units) for group in groups),
        similarity.left_out,
        float((pairs >= at_least).mean()) if pairs.size else None,
        similarity.controls(),
    )


def identical_labels(records: Mapping[str, Record]) -> tuple[tuple[str, ...], ...]:
    """Described units whose labels are the same words, most units first."""
    same: dict[str, list[str]] = defaultdict(list)
    for unit, record in records.items():
        words = plain_words(label_of(record))
        if words and has_label(record):
            same[words].append(unit)
    found = (tuple(units) for units in same.values() if units[1:])
    return tuple(sorted(found, key=lambda units: (-len(units), units)))


def duplicates(
    activations: Similarity, exemplars: Similarity, records: Mapping[str, Record], at_least: float
) -> Duplicates:
    """Pairs that are nearly identical in activations, and labels that are in words."""
    place = {unit: i for i, unit in enumerate(exemplars.units)}
    pairs = []
    for first, seconds, values in _linked(activations, at_least, absolute=True):
        one = activations.units[first]
        overlaps = exemplars.block([place[one]])[0] if one in place and seconds else None
        for second, value in zip(seconds, values, strict=True):
            two = activations.units[second]
            if first >= second or same_neuron(one, two):
                continue
            overlap = None if overlaps is None or two not in place else float(overlaps[place[two]])
            labels = {plain_words(label_of(records[unit])) for unit in (one, two)}
            pairs.append(Pair(one, two, value, overlap, len(labels) == 1))
    pairs.sort(key=lambda pair: (-abs(pair.correlation), pair.first, pair.second))
    labels = identical_labels(records)
    how = activations.compared
    return Duplicates(at_least, tuple(pairs), labels, how, activations.controls())


def _linked(
    similarity: Similarity, at_least: float, *, absolute: bool = False
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Each unit with those that reach the bar, and their values."""
    n = len(similarity.units)
    for start in range(0, n, _ROWS):
        rows = list(range(start, min(start + _ROWS, n)))
        block = similarity.block(rows)
        reached = (np.abs(block) if absolute else block) >= at_least
        for row, values, here in zip(rows, block, reached, strict=True):
            near = np.flatnonzero(here)
            yield row, near.tolist(), values[near].tolist()


def _parts(similarity: Similarity, at_least: float) -> list[list[int]]:
    """Connected parts of two units and more."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(similarity.units)
    pairs = [(row, other) for row, near, _ in _linked(similarity, at_least) for other in near]
    if not pairs:
        return []
    first, second = np.array(pairs).T
    graph = coo_matrix((np.ones(len(pairs), bool), (first, second)), (n, n))
    _, part = connected_components(graph, directed=False)
    members: dict[int, list[int]] = defaultdict(list)
    for unit, number in enumerate(part.tolist()):
        members[number].append(unit)
    return [units for units in members.values() if units[1:]]


def _between(similarity: Similarity, units: Sequence[int]) -> np.ndarray:
    """Similarity among some units, `[unit, unit]`."""
    return np.concatenate(
        [similarity.block(units[i : i + _ROWS])[:, units] for i in range(0, len(units), _ROWS)]
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
    similarity: Similarity,
    records: Mapping[str, Record],
    units: Sequence[int],
    values: np.ndarray,
    members: Sequence[int],
) -> Group:
    inside: Any = values[np.ix_(members, members)]
    middle = int(inside.sum(1).argmax())
    order = sorted(range(len(units)), key=lambda i: (i != middle, -inside[middle, i]))
    names = tuple(similarity.units[units[i]] for i in order)
    pairs = inside[np.triu_indices(len(units), 1)]
    named_by = next((unit for unit in names if has_label(records[unit])), names[0])
    record = records[named_by]
    return Group(
        label_of(record),
        named_by,
        interval(record)[0],
        names,
        float(pairs.mean()),
        float(pairs.min()),
    )
