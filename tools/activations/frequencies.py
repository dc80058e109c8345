"""Fourier frequencies of units over numeric tokens (Nanda et al. 2023, Progress Measures).

1. **Numbers.** Each row of explore gives one or two numbers (a, and b), the place at which it is
   read, and a document. The modulus p is one above the largest number unless it is given.
2. **Terms of frequency k.** The cosine and sine of 2 pi k a / p; for two numbers those of b and all
   four products too: eight terms, which hold every function of a and b that lies on k alone (the
   products span the waves of a + b and of a - b).
3. **Search.** Documents are dealt into five parts. On four of them least squares choose the first
   frequency, then the second beside it; what the fits explain is read on the fifth, in turn.
4. **Control.** The same search on outputs that are exchanged between rows, `PERMUTATIONS` times.
5. **Single-frequency.** One frequency explains at least `SINGLE` of the held-out variance, and a
   second adds at most `FURTHER`. The .85 is the paper's; the second bound is ours: it refuses units
   that are mixtures.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows
from ..errors import UsageError
from ..lab import Lab
from ..predicates.algorithms import numbers_of
from ..predicates.view import view_of
from ..statistics.bootstrap import Interval, Resampler, interval

SINGLE = 0.85
FURTHER = 0.05
PERMUTATIONS = 19
"""The least with which one unit can be beyond all of them at p = .05."""
_MOST_ROWS_WITHOUT = 0.1
"""Share of rows that may lack a number where the places of numbers are found by themselves."""
_LEAST_ROWS = 60
_FOLDS = 5
_ROWS = 256


class Numbers(NamedTuple):
    """What rows of windows say in numbers."""

    rows: np.ndarray
    """int64 `[item]`: the window of each."""
    places: np.ndarray
    """int64 `[item]`: the column at which its units are read."""
    values: np.ndarray
    """int64 `[item, number]`: one or two numbers."""
    documents: np.ndarray
    """int64 `[item]`."""
    positions: tuple[int, ...]
    """Of the numbers, from the start of a text."""
    modulus: int


class Frequencies(NamedTuple):
    """What one and two frequencies explain of units; arrays are `[unit]`."""

    first: np.ndarray
    """The frequency that explains most on all rows, from 1."""
    second: np.ndarray
    """The one that adds most beside it; 0 where the modulus has one alone."""
    one: list[Interval]
    """Share of held-out variance that one frequency explains."""
    added: list[Interval]
    """What the second adds."""
    null: np.ndarray
    """`[permutation, unit]`: what one frequency explains of exchanged outputs."""
    agreed: np.ndarray
    """bool: every part of the documents chose the same first frequency."""
    constant: np.ndarray
    """bool: the unit never changes."""

    @property
    def single(self) -> np.ndarray:
        """bool `[unit]`: follows one frequency alone."""
        one, added = (np.array([each.value for each in of]) for of in (self.one, self.added))
        beyond = one > self.null.max(0, initial=0.0)
        return ~self.constant & self.agreed & beyond & (one >= SINGLE) & (added <= FURTHER)


def numbers_in(
    windows: TokenWindows,
    *,
    positions: Sequence[int] | None = None,
    read_at: int | None = None,
    modulus: int | None = None,
) -> Numbers:
    """The numbers of windows, and where units are read.

    Args:
        windows: Rows, of which those that lack a number are left out.
        positions: Of one or two numbers, from the start of a text; None: the first two at which
            nearly all rows have one.
        read_at: Where units are read, from the start of a text; None: before a third number, else
            at the last token.
        modulus: None: one above the largest number.

    Raises:
        UsageError: if there are no such numbers, or too few rows of them.
    """
    view = view_of(windows)
    here = np.where(view.visible, numbers_of(windows.vocabulary)[windows.ids], np.nan)
    first, total = view.visible.argmax(1), view.total[:, 0]  # [window]
    by_place = _from_start(here, first)
    often = np.isfinite(by_place).mean(0) >= 1 - _MOST_ROWS_WITHOUT
    found = [int(place) for place in np.flatnonzero(often)]
    chosen = tuple(found[:2] if positions is None else positions)
    known = [0 <= at < by_place.shape[1] and np.isfinite(by_place[:, at]).any() for at in chosen]
    if not found and positions is None:
        raise UsageError("at no place of these texts do nearly all hold a number as one token")
    if not 1 <= len(chosen) <= 2 or not all(known):
        raise UsageError(
            f"the places of numbers are {list(chosen)}; explore has numbers at {found or 'none'} "
            "(places from the start of a text, from 0): give one or two of these as 'of'"
        )
    if read_at is None and positions is None and len(found) > 2 and found[2] - 1 > found[1]:
        read_at = found[2] - 1
    at = total - 1 if read_at is None else np.full(len(total), read_at)
    values = by_place[:, chosen]
    whole = np.isfinite(values) & (values == np.floor(values)) & (values >= 0)
    good = whole.all(1) & (at < total) & (at >= 0)
    place = first + at
    good[good] &= windows.counted[np.flatnonzero(good), place[good]]
    rows = np.flatnonzero(good)
    if len(np.unique(windows.document[rows])) < _LEAST_ROWS:
        raise UsageError(
            f"only {len(np.unique(windows.document[rows]))} texts of explore have whole numbers at "
            f"the places {list(chosen)} (from 0); {_LEAST_ROWS} are needed"
        )
    numbers = values[rows].astype(np.int64)
    p = int(numbers.max()) + 1 if modulus is None else modulus
    if p < 3:
        raise UsageError(f"the modulus is {p}; frequencies need 3 or more: give 'modulus'")
    return Numbers(rows, place[rows], numbers, windows.document[rows].astype(int), chosen, p)


def _from_start(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """`[window, place]` with every row's text moved to the left; NaN behind its end."""
    column = first[:, None] + np.arange(values.shape[1])
    inside = column < values.shape[1]
    out = np.take_along_axis(values, np.where(inside, column, 0), axis=1)
    return np.where(inside, out, np.nan)


def waves(values: np.ndarray, frequency: int, modulus: int) -> np.ndarray:
    """The terms of a frequency, `[item, term]`: two for one number, eight for two."""
    angle = 2 * np.pi * frequency / modulus * values  # [item, number]
    each = [np.stack([np.cos(a), np.sin(a)], 1) for a in angle.T]
    if len(each) == 1:
        return each[0]
    products = (each[0][:, :, None] * each[1][:, None, :]).reshape(len(values), 4)
    return np.concatenate([*each, products], axis=1)


def frequencies(numbers: Numbers, outputs: np.ndarray, rng: np.random.Generator) -> Frequencies:
    """Searches one and two frequencies for every unit.

    Args:
        numbers: Of the rows.
        outputs: float `[item, unit]`.
        rng: Deals the documents, exchanges outputs and draws documents.
    """
    different, document = np.unique(numbers.documents, return_inverse=True)
    fold = (rng.permutation(len(different)) % _FOLDS)[document]  # [item]
    y = outputs.astype(np.float64)
    constant = y.std(0) <= 1e-9 * (1 + np.abs(y).max(0, initial=0))
    parts = [_Part(numbers, fold != i) for i in range(_FOLDS)]
    searched = [part.search(y) for part in parts]
    resampler = Resampler(numbers.documents, seed=rng)
    missed, missed_both, all_ = (np.zeros(y.shape) for _ in range(3))
    for part, found in zip(parts, searched, strict=True):
        held = ~part.fit
        missed[held], missed_both[held], all_[held] = part.missed(y, found)
    null = np.stack(
        [_explained(parts, y[rng.permutation(len(y))]) for _ in range(PERMUTATIONS)]
    )  # [permutation, unit]
    first, second = _Part(numbers, np.ones(len(y), bool)).search(y)
    ones, added = [], []
    for unit in range(y.shape[1]):
        sums = resampler.sums(missed[:, unit], missed_both[:, unit], all_[:, unit]).T
        whole = np.maximum(sums[2], 1e-12)
        ones.append(interval(np.where(constant[unit], 0.0, 1 - sums[0] / whole)))
        added.append(interval(np.where(constant[unit], 0.0, (sums[0] - sums[1]) / whole)))
    agreed = np.all([found[0] == first for found in searched], axis=0)
    return Frequencies(first, second, ones, added, null, agreed, constant)


def _explained(parts: Sequence["_Part"], y: np.ndarray) -> np.ndarray:
    """Share of held-out variance that the best frequency explains, `[unit]`."""
    missed, whole = np.sum([part.missed_by_one(y) for part in parts], axis=0)
    return 1 - missed / np.maximum(whole, 1e-12)


class _Part:
    """Least squares on some rows, with an orthonormal basis of every frequency there."""

    def __init__(self, numbers: Numbers, fit: np.ndarray) -> None:
        self.fit = fit
        self.numbers = numbers
        self.bases = {}
        for k in range(1, numbers.modulus // 2 + 1):
            terms = waves(numbers.values, k, numbers.modulus)
            terms -= terms[fit].mean(0)
            self.bases[k] = terms @ _whitening(terms[fit])  # orthonormal on the rows of the fit

    def search(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second frequency of every unit, `[unit]` each; 0: there is none."""
        y = (y - y[self.fit].mean(0))[self.fit]
        names = np.array(list(self.bases))
        shares = np.stack([np.square(b[self.fit].T @ y).sum(0) for b in self.bases.values()])
        first = names[shares.argmax(0)]
        second = np.zeros_like(first)
        for k in np.unique(first) if len(names) > 1 else ():
            units = np.flatnonzero(first == k)
            own = self.bases[k][self.fit]
            rest = y[:, units] - own @ (own.T @ y[:, units])
            shares = np.stack([self._beside(own, other, rest) for other in self.bases])
            shares[names == k] = -1
            second[units] = names[shares.argmax(0)]
        return first, second

    def _beside(self, own: np.ndarray, other: int, rest: np.ndarray) -> np.ndarray:
        """What another frequency's terms explain of what the first leaves, `[unit]`."""
        terms = self.bases[other][self.fit]
        terms = terms - own @ (own.T @ terms)
        basis = terms @ _whitening(terms)
        return np.square(basis.T @ rest).sum(0)

    def missed(
        self, y: np.ndarray, found: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Squared misses on the other rows, `[item, unit]`: of one frequency, of both, of the
        mean."""
        held = ~self.fit
        centred = y - y[self.fit].mean(0)
        one, both = (np.zeros((int(held.sum()), y.shape[1])) for _ in range(2))
        for pair in np.unique(np.stack(found, 1), axis=0):
            units = np.flatnonzero((found[0] == pair[0]) & (found[1] == pair[1]))
            for names, out in ((pair[:1], one), (pair[pair > 0], both)):
                terms = np.concatenate([self.bases[int(k)] for k in names], axis=1)
                weights = np.linalg.lstsq(terms[self.fit], centred[self.fit][:, units])[0]
                out[:, units] = np.square(centred[held][:, units] - terms[held] @ weights)
        return one, both, np.square(centred[held])

    def missed_by_one(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared misses on the other rows, `[unit]`: of the best frequency, and of the mean."""
        held = ~self.fit
        centred = y - y[self.fit].mean(0)
        weights = {k: b[self.fit].T @ centred[self.fit] for k, b in self.bases.items()}
        best = np.stack([np.square(w).sum(0) for w in weights.values()]).argmax(0)
        missed = np.zeros(y.shape[1])
        for i, (k, basis) in enumerate(self.bases.items()):
            units = np.flatnonzero(best == i)
            miss = centred[held][:, units] - basis[held] @ weights[k][:, units]
            missed[units] = np.square(miss).sum(0)
        return missed, np.square(centred[held]).sum(0)


def _whitening(terms: np.ndarray) -> np.ndarray:
    """`[term, rank]`: turns terms into orthonormal columns; terms that others hold drop out."""
    values, vectors = np.linalg.eigh(terms.T @ terms)
    keep = values > 1e-9 * max(values.max(initial=0), 1e-12)
    return vectors[:, keep] / np.sqrt(values[keep])


class KeyFrequencies(NamedTuple):
    """The frequencies of a site's units."""

    units: int
    constant: int
    """Units that never change where they are read."""
    single: int
    """Units that follow one frequency alone."""
    frequencies: dict[int, int]
    """How many of these follow each, the most first."""
    median: float
    """Of what one frequency explains of units that change."""
    control: float
    """The same of exchanged outputs, the largest of all exchanges."""

    def words(self) -> str:
        """For planners and people."""
        each = ", ".join(f"{k} ({n} units)" for k, n in self.frequencies.items()) or "none"
        return (
            f"{self.single} of {self.units} units follow a single frequency ({self.constant} never "
            f"change); key frequencies: {each}; one frequency explains {self.median:.2f} of a "
            f"unit's variance in the median, of exchanged outputs at most {self.control:.2f}"
        )


def key_frequencies(found: Frequencies) -> KeyFrequencies:
    """Which frequencies the units of a site follow."""
    single, changes = found.single, ~found.constant
    names, count = np.unique(found.first[single], return_counts=True)
    order = np.argsort(-count, kind="stable")
    one = np.array([each.value for each in found.one])[changes]
    control = np.median(found.null[:, changes], axis=1) if changes.any() else np.zeros(1)
    return KeyFrequencies(
        len(single),
        int(found.constant.sum()),
        int(single.sum()),
        {int(names[i]): int(count[i]) for i in order},
        float(np.median(one)) if len(one) else 0.0,
        float(control.max()),
    )


def frequencies_of_sites(
    lab: Lab, numbers: Numbers, sites: Sequence[str], rng: np.random.Generator
) -> dict[str, Frequencies]:
    """The frequencies of every unit of sites of text, in one pass over explore."""
    parts: dict[str, list[np.ndarray]] = {site: [] for site in sites}
    for start in range(0, len(numbers.rows), _ROWS):
        chosen = slice(start, start + _ROWS)
        rows, places = lab.explore.rows(numbers.rows[chosen]), numbers.places[chosen]

        def take(name: str, values: Tensor, places: np.ndarray = places) -> None:
            scalar = lab.target.sites[name].scalar(values)  # [row, place, unit]
            here = scalar[torch.arange(len(places)), torch.as_tensor(places)]
            parts[name].append(here.float().cpu().numpy())

        lab.trace(rows, list(sites), output=False, take=take)
    return {site: frequencies(numbers, np.concatenate(parts[site]), rng) for site in sites}
