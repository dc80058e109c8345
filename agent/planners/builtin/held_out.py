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
from .weights import fit_additive

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
    if isinstance(windows, ImageRows):
        names = windows.texts  # one a row
    else:
        names = [windows.texts[document] for document in windows.document]
    different = sorted(set(names), key=_draw)
    count = max(LEAST, round(SHARE * len(different)))
    if count > MOST * len(different):
        return np.zeros(len(windows), bool)
    chosen = set(different[:count])
    return np.array([name in chosen for name in names], bool)


def split_explore(lab: Lab) -> tuple[np.ndarray, Any]:
    """What is kept aside, bool `[window]`, and explore without it; made once for a lab's memo."""
    explore: Any = lab.explore

    def made() -> tuple[np.ndarray, Any]:
        aside = held_out_mask(explore)
        return aside, explore.rows(~aside)

    return lab.memo.once(("kept aside", id(explore)), made)


def too_few(windows: TokenWindows | ImageRows, things: str = "documents") -> str:
    """Why nothing was kept aside, in a sentence."""
    count = len(np.unique(windows.document))
    return (
        f"Explore has {count} {things}, too few to keep {LEAST} aside that decide nothing: "
        "how well this does on new ones was not measured."
    )


def measure_held_out(
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
    x = np.stack([parse(p).evaluate(windows) for p in predictors], -1).astype(np.float64)
    y = values.astype(np.float64)
    model = fit_additive(x[learn], y[learn], np.ones(int(learn.sum())))
    truth, error = y[check], np.square(y[check] - model.predict(x[check]))
    resampler = Resampler(np.broadcast_to(windows.document[:, None], known.shape)[check])
    columns = np.ones_like(truth), truth, truth**2, error
    whole, low, high = resampler.interval(_explained, *columns)
    if not np.isfinite(whole) or not np.isfinite(low):
        return None
    holds = (x[check] > 0).any(1)
    holding = int((np.bincount(resampler.where, holds, resampler.count) > 0).sum())
    return HeldOut(whole, (low, high), resampler.count, holding)


def _explained(sums: np.ndarray) -> np.ndarray:
    """Share of variance from n, sums, sums of squares and squared errors, `[resample, sum]`."""
    n, total, squares, error = sums.T
    spread = squares - np.square(total) / np.maximum(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-12 * np.maximum(squares, 1e-30), 1 - error / spread, np.nan)


def _draw(text: str) -> str:
    return hashlib.sha256(f"aside:{text}".encode("utf-8", "replace")).hexdigest()
