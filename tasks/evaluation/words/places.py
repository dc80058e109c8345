"""Which places of the test split a judge is asked about, and how each is shown.

1. **Active** is above the threshold of `scores.py` (half of the mean of the top 0.1% of explore),
   **silent** up to a quarter of it or thereabouts (`silence`); what lies between is **middle**. The
   peak of a unit over a whole picture is often never near zero: a picture is active in the upper
   quarter of explore at most, and silent in the lower quarter at least.
2. Up to `PAIRS` pairs of an active and a silent place that hold the *same token* are drawn from
   those that `statistics/within.py` compares; of pictures, that show the same kind of thing
   (`views.py`). The partners stand in different requests, so that
   neither can be seen beside the other; as many active places go into one request as into the
   other. Where there are fewer pairs, further active places are drawn in their stead; of pictures
   further silent ones too.
3. `OTHERS` random places and `OTHERS` middle ones are added, and each request is shuffled.
4. A place is shown as `views.py` says: a text with the token between « and », or a picture.

Our formulation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....tools.activations.records import activity, silence
from ....tools.data.image_rows import ImageRows
from ....tools.statistics.within import partners
from ...scoring.measured import Splits
from .views import Seen, view_of

PAIRS = 24
OTHERS = 12
REQUESTS = 2
LEAST = 8
"""Pairs, or active places, under which there is no score: one judgement would be an eighth."""


@dataclass(frozen=True)
class Places:
    """The places that one unit is judged at; every array is `[place]`."""

    row: np.ndarray
    """Window of the test split."""
    at: np.ndarray
    """Place in the window."""
    kind: np.ndarray
    """`pair`, `active`, `silent`, `random` or `middle`: why it was drawn."""
    pair: np.ndarray
    """Number of the pair; -1 for other kinds."""
    activation: np.ndarray
    active: np.ndarray
    """bool."""
    silent: np.ndarray
    """bool."""
    document: np.ndarray
    request: np.ndarray
    """Which of `REQUESTS` it stands in."""
    shown: tuple[Seen, ...]
    """As the judge sees it."""

    def __len__(self) -> int:
        return len(self.row)

    @property
    def paired(self) -> bool:
        """Whether there are pairs enough for a score."""
        return len(self.partners) >= LEAST

    @property
    def control_pairs_only(self) -> bool:
        """Whether another label is judged at the pairs alone; of pictures few are pairs."""
        return self.paired and isinstance(self.shown[0], str)

    @property
    def partners(self) -> np.ndarray:
        """The active and the silent place of each pair, `[pair, 2]`."""
        inside = np.flatnonzero(self.pair >= 0)
        order = inside[np.lexsort((~self.active[inside], self.pair[inside]))]
        return order.reshape(-1, 2)

    def numbered(self, request: int, *, pairs_only: bool = False) -> dict[str, int]:
        """The places of a request by the number under which the judge is shown them."""
        inside = np.flatnonzero((self.request == request) & ((self.pair >= 0) | (not pairs_only)))
        return {str(number): int(i) for number, i in enumerate(inside, 1)}


def bars(splits: Splits) -> tuple[float, float]:
    """Activation above which a unit is active, and up to which it is silent."""
    explore = splits.explore.flat
    if not isinstance(splits.explore.windows, ImageRows):
        return activity(explore), silence(explore)
    low, high = np.quantile(explore, (0.25, 0.75))
    active = max(activity(explore), float(high))
    return active, min(max(silence(explore), float(low)), active)


def draw(splits: Splits, rng: np.random.Generator, *, causal: bool) -> Places | str:
    """Draws the places of a unit; a sentence where there are too few.

    Args:
        splits: Its activations.
        rng: Draws places, partners and order.
        causal: Nothing behind a place is shown.
    """
    test = splits.test
    threshold, bar = bars(splits)
    view = view_of(test, causal=causal)
    row, at = np.nonzero(test.counted)
    values, seen = test.flat, view.visible[test.counted]
    active, silent = seen & (values > threshold), seen & (values <= bar)
    pairs = rng.permutation(partners(view.group, active, silent, rng))[:PAIRS]  # [pair, 2]
    free = seen.copy()
    free[pairs.ravel()] = False
    parts = [(pairs.ravel(), "pair")]
    parts += _others(active & free, PAIRS - len(pairs), "active", free, rng)
    if view.name == "pictures":  # few are pairs, and few at random are silent
        parts += _others(silent & free, PAIRS - len(pairs), "silent", free, rng)
    parts += _others(free, OTHERS, "random", free, rng)
    parts += _others(~active & ~silent & free, OTHERS, "middle", free, rng)
    chosen = np.concatenate([part for part, _ in parts])
    n_active, n_silent = int(active[chosen].sum()), int(silent[chosen].sum())
    if min(n_active, n_silent) < LEAST:
        what = "active" if n_active < LEAST else "silent"
        return f"{min(n_active, n_silent)} {what} {view.name} of the test split, {LEAST} are needed"
    number = np.repeat(np.arange(len(pairs)), 2)
    pair = np.concatenate([number, np.full(len(chosen) - len(number), -1)])
    request = np.concatenate([_apart(len(pairs), rng), _even(len(chosen) - len(number), rng)])
    order = rng.permutation(len(chosen))
    chosen = chosen[order]
    return Places(
        row[chosen],
        at[chosen],
        np.concatenate([[kind] * len(part) for part, kind in parts])[order],
        pair[order],
        values[chosen],
        active[chosen],
        silent[chosen],
        test.windows.document[row[chosen]],
        request[order],
        tuple(view.show(int(row[i]), int(at[i])) for i in chosen),
    )


def _others(
    wanted: np.ndarray, n: int, kind: str, free: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, str]]:
    """So many places of a mask, which are free no longer."""
    drawn = rng.permutation(np.flatnonzero(wanted))[: max(0, n)]
    free[drawn] = False
    yield drawn, kind


def _apart(pairs: int, rng: np.random.Generator) -> np.ndarray:
    """The request of both places of each pair, never the same, `[2 * pair]`."""
    first = _even(pairs, rng)
    return np.stack([first, 1 - first], 1).ravel()


def _even(n: int, rng: np.random.Generator) -> np.ndarray:
    """A request for each of n, as many in one as in another."""
    return rng.permutation(np.arange(n) % REQUESTS)


def kept(places: Places, degrees: np.ndarray) -> list[list[Any]]:
    """Window, place, kind, activation and degree of each, for the record; null: not read."""
    return [
        [int(row), int(at), str(kind), round(float(value), 5), None if np.isnan(d) else int(d)]
        for row, at, kind, value, d in zip(
            places.row, places.at, places.kind, places.activation, degrees, strict=True
        )
    ]
