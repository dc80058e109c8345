"""How similar the units of a run are, by one of three measures, each beside its controls.

    activations   Pearson correlation over the explore places; both signs
    exemplars     Jaccard overlap of the windows with the highest peaks
    label         cosine of the labels' sentence embeddings; of their letters where there are none

Controls: random pairs of the compared units, which says what is usual in this run; and, for the
first two, random pairs one of which has its windows shuffled, which says what chance gives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...tools.errors import UsageError
from .embeddings import LabelEmbeddings
from .records import Record, has_label, label_of
from .results import BY, By, Control

if TYPE_CHECKING:
    from .measure import Activity

_BLOCK = 512
_SOME = 64
"""Units whose pairs say what is usual in a run."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """A measure between some units of a run."""

    by: By
    compared: str
    """What was compared, in words."""
    units: tuple[str, ...]
    """Units that can be compared."""
    left_out: Mapping[str, str]
    """Units that cannot, and why."""
    block: Callable[[Sequence[int]], np.ndarray]
    """Given indices of units, their similarity to all: float32 `[chosen, unit]`."""
    shuffled: np.ndarray
    """Values of pairs with shuffled windows; empty where it has no embeddings."""
    error: float = 0.0
    """Standard error of a value."""

    def random_pairs(self) -> np.ndarray:
        """Values of all pairs among some random units, two sides of one left out."""
        if len(self.units) < 2:
            return np.zeros(0, np.float32)
        some = np.sort(np.random.default_rng(0).permutation(len(self.units))[:_SOME])
        values = self.block(some.tolist())[:, some]
        names = [self.units[i] for i in some]
        pairs = combinations(range(len(some)), 2)
        return np.array(
            [values[i, j] for i, j in pairs if not same_neuron(names[i], names[j])], np.float32
        )

    def controls(self) -> tuple[Control, ...]:
        """What random pairs have, and pairs with shuffled windows where that has a embeddings."""
        usual = _control("random pairs of the compared units", self.random_pairs())
        if not self.shuffled.size:
            return (usual,)
        return usual, _control("random pairs with the windows of one shuffled", self.shuffled)


def by_activations(activity: "Activity", wanted: Sequence[str]) -> Similarity:
    """Correlations over explore."""
    varies = np.asarray(activity.rows.any(1))
    chosen, left_out = _chosen(activity, wanted, varies, "constant on explore")
    rows = activity.rows[chosen]
    width = rows.shape[1]

    def block(some: Sequence[int]) -> np.ndarray:
        few = rows[list(some)].astype(np.float32)
        parts = [
            few @ rows[start : start + _BLOCK].astype(np.float32).T
            for start in range(0, len(rows), _BLOCK)
        ]
        return np.clip(np.concatenate(parts, 1) / width, -1, 1)

    how = "" if activity.exact else f", by a projection on {width:,} numbers"
    return Similarity(
        "activations",
        f"Pearson correlation over {activity.places:,} places of explore{how}",
        tuple(activity.units[chosen].tolist()),
        left_out,
        block,
        activity.shuffled,
        activity.error,
    )


def by_exemplars(activity: "Activity", wanted: Sequence[str]) -> Similarity:
    """Overlap of the windows with the highest peaks."""
    from scipy.sparse import csr_matrix

    has_one = activity.exemplars[:, 0] >= 0
    chosen, left_out = _chosen(activity, wanted, has_one, "without an exemplar")
    windows = activity.exemplars[chosen]  # [unit, k]
    n, k = windows.shape

    def incidence(windows: np.ndarray) -> Any:
        unit, place = np.nonzero(windows >= 0)
        ones = np.ones(len(unit), np.float32)
        return csr_matrix((ones, (unit, windows[unit, place])), (len(windows), activity.windows))

    every = incidence(windows)
    sizes = np.asarray(every.sum(1)).ravel()

    def overlap(few: Any) -> np.ndarray:
        common = (few @ every.T).toarray()
        return common / (np.asarray(few.sum(1)) + sizes[None] - common)

    rng = np.random.default_rng(0)
    shuffled = [np.zeros(0)]
    for _ in range(20 if n > 1 else 0):
        order = rng.permutation(activity.windows).astype(np.int32)
        one = int(rng.integers(n))
        moved = np.where(windows[[one]] >= 0, order[windows[[one]]], -1)
        shuffled.append(np.delete(overlap(incidence(moved))[0], one))
    return Similarity(
        "exemplars",
        f"Jaccard overlap of the {k} windows with the highest peaks, of {activity.windows:,} "
        "windows of explore",
        tuple(activity.units[chosen].tolist()),
        left_out,
        lambda some: overlap(every[list(some)]),
        np.concatenate(shuffled).astype(np.float32),
    )


def by_label(records: Mapping[str, Record], embeddings: LabelEmbeddings) -> Similarity:
    """Labels by meaning where there is an encoder, else by their letters."""
    labels = {unit: label_of(record) for unit, record in records.items()}
    units = [unit for unit, text in labels.items() if text and has_label(records[unit])]
    left_out = {unit: "without a description" for unit in labels if unit not in set(units)}
    texts = [labels[unit] for unit in units]
    if embeddings.absent is None:
        if units:
            embeddings.add(embeddings.missing())
        vectors: Any = embeddings.vectors(texts) if units else np.zeros((0, 1), np.float32)
        how = f"cosine of the labels' embeddings by {embeddings.encoder}"
    else:
        from sklearn.feature_extraction.text import TfidfVectorizer

        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
        vectors = letters.fit_transform(texts) if units else np.zeros((0, 1), np.float32)
        how = "cosine of the labels' letters (TF-IDF of 3 to 5), there being no embeddings"

    def block(chosen: Sequence[int]) -> np.ndarray:
        product = vectors[list(chosen)] @ vectors.T
        return product if isinstance(product, np.ndarray) else product.toarray()

    nothing = np.zeros(0, np.float32)
    return Similarity("label", how, tuple(units), left_out, block, nothing)


def check_by(by: str) -> By:
    """The measure of that name.

    Raises:
        UsageError: if there is none.
    """
    if by not in BY:
        raise UsageError(f"units are compared by {', '.join(BY)}, not by '{by}'")
    return by


def same_neuron(first: str, second: str) -> bool:
    """Whether two units are the two sides of one."""
    return first.rstrip("+-") == second.rstrip("+-")


def _chosen(
    activity: "Activity", wanted: Sequence[str], good: np.ndarray, why: str
) -> tuple[np.ndarray, dict[str, str]]:
    """Indices of the wanted units that can be compared, and why others cannot."""
    place = {unit: i for i, unit in enumerate(activity.units.tolist())}
    indices = [place[unit] for unit in wanted]
    left_out = {str(activity.units[i]): why for i in indices if not good[i]}
    return np.array([i for i in indices if good[i]], int), left_out


def _control(what: str, values: np.ndarray) -> Control:
    p95 = float(np.quantile(np.abs(values), 0.95)) if values.size else None
    return Control(what, int(values.size), p95)
