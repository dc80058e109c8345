"""How alike the units of a run are, by one of three measures, each beside its controls.

    activations   Pearson correlation over the explore places; both signs
    exemplars     Jaccard overlap of the windows with the highest peaks
    label         cosine of the labels' sentence embeddings; of their letters where there are none

Controls: random pairs of the compared units, which says what is usual in this run; and, for the
first two, random pairs one of which has its windows shuffled, which says what chance gives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ...tools.errors import UsageError
from .meaning import Meaning
from .records import Record, has_label, label_of

if TYPE_CHECKING:
    from .measure import Activity

By = Literal["activations", "exemplars", "label"]
BY: tuple[By, ...] = ("activations", "exemplars", "label")
_BLOCK = 512
_SOME = 64
"""Units whose pairs say what is usual in a run."""


class Control(NamedTuple):
    """What pairs without a particular reason to be alike have."""

    what: str
    pairs: int
    p95: float | None
    """The value that 95% of the pairs stay below (in size, for correlations); None: no pairs."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """A measure between some units of a run."""

    by: By
    compared: str
    """What was compared, in words."""
    units: tuple[str, ...]
    """Units that can be compared."""
    left_out: Mapping[str, str]
    """Units that cannot, and why."""
    block: Callable[[Sequence[int]], np.ndarray]
    """Given indices of units, their likeness to all: float32 `[chosen, unit]`."""
    shuffled: np.ndarray
    """Values of pairs with shuffled windows; empty where it has no meaning."""
    error: float = 0.0
    """Standard error of a value."""

    def random_pairs(self) -> np.ndarray:
        """Values of all pairs among some random units, two sides of one left out."""
        rng = np.random.default_rng(0)
        if len(self.units) < 2:
            return np.zeros(0, np.float32)
        some = np.sort(rng.permutation(len(self.units))[:_SOME])
        values = self.block(some.tolist())[:, some]
        names = [self.units[at] for at in some]
        pairs = [
            (first, second)
            for first in range(len(some))
            for second in range(first + 1, len(some))
            if not same_neuron(names[first], names[second])
        ]
        return np.array([values[pair] for pair in pairs], np.float32)

    def controls(self) -> tuple[Control, ...]:
        """What random pairs have, and pairs with shuffled windows where that has a meaning."""
        usual = _control("random pairs of the compared units", self.random_pairs())
        if not self.shuffled.size:
            return (usual,)
        return usual, _control("random pairs with the windows of one shuffled", self.shuffled)


def by_activations(found: "Activity", wanted: Sequence[str]) -> Likeness:
    """Correlations over explore."""
    at, left_out = _chosen(found, wanted, np.asarray(found.rows.any(1)), "constant on explore")
    rows = found.rows[at]
    width = rows.shape[1]

    def block(chosen: Sequence[int]) -> np.ndarray:
        few = rows[list(chosen)].astype(np.float32)
        parts = [
            few @ rows[at : at + _BLOCK].astype(np.float32).T for at in range(0, len(rows), _BLOCK)
        ]
        return np.clip(np.concatenate(parts, 1) / width, -1, 1)

    how = "" if found.exact else f", by a projection on {width:,} numbers"
    return Likeness(
        "activations",
        f"Pearson correlation over {found.places:,} places of explore{how}",
        tuple(found.units[at].tolist()),
        left_out,
        block,
        found.shuffled,
        found.error,
    )


def by_exemplars(found: "Activity", wanted: Sequence[str]) -> Likeness:
    """Overlap of the windows with the highest peaks."""
    from scipy.sparse import csr_matrix

    at, left_out = _chosen(found, wanted, found.exemplars[:, 0] >= 0, "without an exemplar")
    windows = found.exemplars[at]  # [unit, k]
    many, k = windows.shape

    def incidence(windows: np.ndarray) -> Any:
        unit, place = np.nonzero(windows >= 0)
        ones = np.ones(len(unit), np.float32)
        return csr_matrix((ones, (unit, windows[unit, place])), (len(windows), found.windows))

    every = incidence(windows)
    sizes = np.asarray(every.sum(1)).ravel()

    def overlap(few: Any) -> np.ndarray:
        common = (few @ every.T).toarray()
        return common / (np.asarray(few.sum(1)) + sizes[None] - common)

    def block(chosen: Sequence[int]) -> np.ndarray:
        return overlap(every[list(chosen)])

    rng = np.random.default_rng(0)
    shuffled = []
    for _ in range(20 if many > 1 else 0):
        order = rng.permutation(found.windows).astype(np.int32)
        one = int(rng.integers(many))
        moved = np.where(windows[[one]] >= 0, order[windows[[one]]], -1)
        shuffled.append(np.delete(overlap(incidence(moved))[0], one))
    return Likeness(
        "exemplars",
        f"Jaccard overlap of the {k} windows with the highest peaks, of {found.windows:,} windows "
        "of explore",
        tuple(found.units[at].tolist()),
        left_out,
        block,
        np.concatenate(shuffled).astype(np.float32) if shuffled else np.zeros(0, np.float32),
    )


def by_label(records: Mapping[str, Record], meaning: Meaning) -> Likeness:
    """Labels by meaning where there is an encoder, else by their letters."""
    said = {unit: label_of(record) for unit, record in records.items()}
    units = [unit for unit, text in said.items() if text and has_label(records[unit])]
    left_out = {unit: "without a description" for unit in said if unit not in set(units)}
    texts = [said[unit] for unit in units]
    if meaning.absent is None:
        if units:
            meaning.add(meaning.missing())
        vectors: Any = meaning.vectors(texts) if units else np.zeros((0, 1), np.float32)
        how = f"cosine of the labels' embeddings by {meaning.encoder}"
    else:
        from sklearn.feature_extraction.text import TfidfVectorizer

        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
        vectors = letters.fit_transform(texts) if units else np.zeros((0, 1), np.float32)
        how = "cosine of the labels' letters (TF-IDF of 3 to 5), there being no embeddings"

    def block(chosen: Sequence[int]) -> np.ndarray:
        product = vectors[list(chosen)] @ vectors.T
        return product if isinstance(product, np.ndarray) else product.toarray()

    nothing = np.zeros(0, np.float32)
    return Likeness("label", how, tuple(units), left_out, block, nothing)


def check_by(by: str) -> By:
    """The measure of that name.

    Raises:
        UsageError: if there is none.
    """
    for known in BY:
        if by == known:
            return known
    raise UsageError(f"units are compared by {', '.join(BY)}, not by '{by}'")


def same_neuron(first: str, second: str) -> bool:
    """Whether two units are the two sides of one."""
    return first.rstrip("+-") == second.rstrip("+-")


def _chosen(
    found: "Activity", wanted: Sequence[str], good: np.ndarray, why: str
) -> tuple[np.ndarray, dict[str, str]]:
    """Indices of the wanted units that can be compared, and why others cannot."""
    place = {unit: at for at, unit in enumerate(found.units.tolist())}
    indices = [place[unit] for unit in wanted]
    left_out = {str(found.units[at]): why for at in indices if not good[at]}
    return np.array([at for at in indices if good[at]], int), left_out


def _control(what: str, values: np.ndarray) -> Control:
    p95 = float(np.quantile(np.abs(values), 0.95)) if values.size else None
    return Control(what, int(values.size), p95)
