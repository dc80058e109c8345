"""Which windows of the test split a judge is shown, and how their active tokens are marked.

Activating windows are drawn evenly from the deciles of their peaks, five from each, so that weak
activations count as much as strong ones; the others are drawn from all windows in which the unit
is not active, whatever they look like. Marks stand where the unit is at .3 of the window's own peak
or more (delphi, Paulo et al. 2024); marks on other windows stand at random places.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....tools.statistics.association import auroc
from ....tools.statistics.bootstrap import clustered
from .contract import Case, Score

SHOWN = 50
"""Activating windows, and as many others."""
DECILES = 10
LEAST = 10
"""Windows of either kind without which there is no score."""
A_PROMPT = 5
MARKED = 0.3


class Sample(NamedTuple):
    """Windows of the test split, by number."""

    active: np.ndarray
    inactive: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """All of them, the active first."""
        return np.concatenate([self.active, self.inactive])

    @property
    def truth(self) -> np.ndarray:
        """bool, for each of `rows`."""
        return np.arange(len(self.rows)) < len(self.active)


def kinds(case: Case) -> Sample:
    """All windows of the test split in which the unit is active, by rising peak; and all others."""
    active = np.flatnonzero(case.peaks > case.threshold)
    inactive = np.flatnonzero(case.peaks <= case.threshold)
    return Sample(active[np.argsort(case.peaks[active], kind="stable")], inactive)


def deciles(rows: np.ndarray, rng: np.random.Generator, n: int = SHOWN) -> np.ndarray:
    """So many rows at most, as many from each tenth of them, in their order."""
    parts = [part for part in np.array_split(rows, DECILES) if len(part)]
    each = -(-n // DECILES)
    drawn = [np.sort(rng.choice(len(part), min(each, len(part)), replace=False)) for part in parts]
    result = [part[chosen] for part, chosen in zip(parts, drawn, strict=True)]
    return np.concatenate(result) if result else rows


def sample(case: Case, rng: np.random.Generator, n: int = SHOWN) -> Sample:
    """Activating windows by decile, and as many of the others."""
    result = kinds(case)
    active = deciles(result.active, rng, n)
    size = min(len(active), len(result.inactive))
    return Sample(active, rng.choice(result.inactive, size, replace=False))


def auc_score(
    name: str, case: Case, result: Sample, values: np.ndarray, rng: np.random.Generator
) -> Score:
    """The chance that an active text has a higher value than one that is not."""
    documents = case.splits.test.windows.document[result.rows]
    return Score.of(
        name,
        clustered(auroc, documents, result.truth, values, rng=rng),
        len(values),
        active=float(values[result.truth].mean()),
        inactive=float(values[~result.truth].mean()),
    )


def too_few(result: Sample) -> str | None:
    """Why a sample is too small for a score, if it is."""
    for kind, rows in (("active", result.active), ("not active", result.inactive)):
        if len(rows) < LEAST:
            return (
                f"insufficient held-out: the unit is {kind} in {len(rows)} windows "
                f"of the test split, {LEAST} are needed"
            )
    return None


def active_places(case: Case, row: int) -> np.ndarray:
    """Places of a window at `MARKED` of its peak or more."""
    test = case.splits.test
    return np.flatnonzero(test.counted[row] & (test.values[row] >= MARKED * case.peaks[row]))


def random_places(
    case: Case, row: int, n: int, rng: np.random.Generator, *, but: Sequence[int] = ()
) -> np.ndarray:
    """So many places of a window, at random: counted, with something to see, and not in `but`."""
    windows = case.splits.test.windows
    counted = np.flatnonzero(case.splits.test.counted[row])
    seen = [at for at in counted if windows.vocabulary[int(windows.ids[row, at])].strip()]
    free = np.setdiff1d(np.array(seen, int), but)
    return np.sort(rng.choice(free, min(n, len(free)), replace=False))


def in_parts(items: Sequence[Any], size: int = A_PROMPT) -> Iterator[Sequence[Any]]:
    """The items, so many at a time."""
    for at in range(0, len(items), size):
        yield items[at : at + size]
