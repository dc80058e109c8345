"""Documents of explore that decide nothing, so that what is said of new documents is said of these.

1. A share of explore's documents (of its pictures, for vision) is kept aside, by a hash of their
   text: the same ones for every unit.
2. Search, thresholds, strengths, weights and the choice of experiments see the others alone.
3. The finished predictors are measured on what was kept aside, with weights from the others. The
   interval is a bootstrap over the documents that were kept aside.

Explore with few documents keeps none aside, and then nothing is said of new documents.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....tools.data.image_rows import ImageRows
from ....tools.data.windows import TokenWindows
from ....tools.lab import Lab
from ....tools.predicates import parse
from ....tools.statistics.bootstrap import Resampler
from .weights import nonnegative

SHARE = 0.1
"""Of explore's documents: each of them is one that the search cannot learn from."""
LEAST = 5
"""Documents to keep aside: a bootstrap over fewer says nothing."""
MOST = 0.25
"""Share of explore's documents above which none are kept aside: the search needs the rest."""


class HeldOut(NamedTuple):
    """What predictors explain of documents that decided nothing."""

    explained: float
    """Share of variance; negative where their mean would be nearer."""
    interval: tuple[float, float]
    """95%."""
    documents: int
    holding: int
    """Documents with a place where a predictor holds."""

    def words(self, things: str = "documents") -> str:
        """In a sentence."""
        low, high = self.interval
        return (
            f"On {self.documents} {things} of explore that decided nothing, this explains "
            f"{self.explained:.0%} of the variance (95% interval {low:.0%} to {high:.0%}); "
            f"it holds somewhere in {self.holding} of them."
        )


def held_out_mask(windows: TokenWindows | ImageRows) -> np.ndarray:
    """bool `[window]`: the windows of documents that are kept aside; none where they are few."""
    present = np.unique(windows.document)
    copies: dict[str, list[int]] = {}
    for document in present.tolist():
        copies.setdefault(windows.texts[document], []).append(document)
    many = max(LEAST, round(SHARE * len(copies)))
    if many > MOST * len(copies):
        return np.zeros(len(windows), bool)
    order = sorted(copies, key=_draw)[:many]
    return np.isin(windows.document, [document for text in order for document in copies[text]])


def split_explore(lab: Lab) -> tuple[np.ndarray, Any]:
    """What is kept aside, bool `[window]`, and explore without it; made once for a lab's memo."""
    explore: Any = lab.explore

    def made() -> tuple[np.ndarray, Any]:
        aside = held_out_mask(explore)
        return aside, explore.rows(~aside)

    return lab.memo.once(("kept aside", id(explore)), made)


def few(windows: TokenWindows | ImageRows, things: str = "documents") -> str:
    """Why nothing was kept aside, in a sentence."""
    many = len(np.unique(windows.document))
    return (
        f"Explore has {many} {things}, too few to keep {LEAST} aside that decide nothing: "
        "how well this does on new ones was not measured."
    )


def fresh(
    predictors: Sequence[Mapping[str, Any]],
    windows: TokenWindows | ImageRows,
    values: np.ndarray,
    aside: np.ndarray,
) -> HeldOut | None:
    """Measures finished predictors on the windows that were kept aside.

    Args:
        predictors: Predicate JSON, one a component; their weighted sum is what is said.
        windows: Explore.
        values: `[window, place]` activations, NaN where not counted.
        aside: bool `[window]`.

    Returns:
        None where nothing was kept aside or the activation does not vary there.
    """
    known = np.isfinite(values)
    learn, check = known & ~aside[:, None], known & aside[:, None]
    if not predictors or not check.any() or not learn.any():
        return None
    degrees = [np.asarray(parse(one).evaluate(windows), np.float64) for one in predictors]
    x = np.stack([each[learn] for each in degrees], 1)  # [place, predictor]
    y = values[learn].astype(np.float64)
    means, level = x.mean(0), float(y.mean())
    centred = x - means
    weights = nonnegative(centred.T @ centred, centred.T @ (y - level))
    new = np.stack([each[check] for each in degrees], 1)
    truth = values[check].astype(np.float64)
    error = np.square(truth - level - (new - means) @ weights)
    drawn = Resampler(np.broadcast_to(windows.document[:, None], known.shape)[check])
    columns = np.ones_like(truth), truth, truth**2, error
    whole, low, high = drawn.interval(lambda sums: _explained(sums.T), *columns)
    if not np.isfinite(whole) or not np.isfinite(low):
        return None
    holding = int((np.bincount(drawn.where, (new > 0).any(1), drawn.count) > 0).sum())
    return HeldOut(whole, (low, high), drawn.count, holding)


def _explained(sums: np.ndarray) -> np.ndarray:
    """Share of variance from n, sums, sums of squares and squared errors, `[sum, ...]`."""
    n, total, squares, error = sums
    spread = squares - np.square(total) / np.maximum(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-12 * np.maximum(squares, 1e-30), 1 - error / spread, np.nan)


def _draw(text: str) -> str:
    return hashlib.sha256(f"aside:{text}".encode("utf-8", "replace")).hexdigest()
