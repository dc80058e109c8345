"""Neutral prompts in two halves, and units of a text model held on them.

1. Neutral prompts: starts of windows of explore, drawn without looking at any unit. Documents go to
   the naming half (0) and the scoring half (1) in turn.
2. A unit is held at a level of its own at the places where it is not active, and resampled in
   windows where it peaks.
3. A change of the output is read in tokens (the logit over the mean of all tokens, in nats) or in
   lexicon words (along the change of an output embedding).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from ..activations.unit_stats import LEVELS, Profile, mean_direction, peaks, profile
from ..data.windows import TokenWindows
from ..lab import Lab
from ..models import Intervention, Unit, clamp, zero
from .output_change import ChangedRow, Effect, measure, narrow, span
from .output_words import EffectWords

_PROMPTS = 16
_WIDTH = 16
"""Tokens of a neutral prompt."""
_WIDTH_WITHOUT_WORDS = 4096
"""About how many numbers the output of a module has, for the memory that changes take."""
_OFF = 0.1
"""Share of the highest level up to which a unit counts as not active."""
_OPENINGS, _OPENING = 8, 24
"""Prompts on which a unit is held at every place, and their tokens."""


class NeutralPrompts:
    """Where units of a text model are held and resampled; the same prompts for all units."""

    levels = LEVELS
    """Quantiles of its own activations at which a unit is held."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.explore = lab.explore
        """Inputs on which units are resampled; they are held on `neutral`."""
        self._whole = lab.target.kind == "module"
        drawn = lab.memo.once("neutral prompts", lambda: _neutral(lab))
        self.neutral, self.rows, self._halves, self._half_of = drawn
        self.disjoint = len(set(self._half_of.values())) > 1
        """Whether the halves have documents of their own."""
        self.has_words = not self._whole
        self.width = self.words.width if self.has_words else _WIDTH_WITHOUT_WORDS

    @property
    def words(self) -> EffectWords:
        """What changes of the output are read in; a module has none."""
        return self.lab.memo.once("effect words", lambda: EffectWords(self.lab))

    def read(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: change of the logit over that of all words, or along a word's embedding."""
        return self.words.of(change)

    def values(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: the change for the length of the word's own row."""
        return self.words.by_length(change)

    def top(self, change: np.ndarray) -> np.ndarray:
        """The words that a change raises most."""
        return self.words.top(change)

    def half(self, case: ChangedRow) -> int:
        """Of a neutral prompt."""
        return int(self._halves[case.row])

    def halves_of(self, windows: Sequence[int]) -> list[int]:
        """The half of windows of explore; by document, like the neutral prompts."""
        known, out = dict(self._half_of), []
        counts = [0, 0]
        for window in windows:
            document = int(self.lab.explore.document[window])
            side = known.setdefault(document, int(counts[1] < counts[0]))
            if not self.disjoint:
                side = len(out) % 2
            counts[side] += 1
            out.append(side)
        return out

    def usable(self, unit: Unit) -> bool:
        """Whether a unit is somewhere active and somewhere not."""
        return bool(peaks(self.lab, (unit,), 1)) and bool(self._places(unit))

    def values_held(self, unit: Unit) -> list[float]:
        """The activations at `levels`."""
        return levels_of(self._profile(unit), unit.index)

    def held(self, unit: Unit, level: int = -1, factor: float = 1.0) -> list[ChangedRow]:
        """Every neutral prompt with the unit held at the places where it is not active."""
        change = holding(self.lab, unit, factor * self.values_held(unit)[level])
        return [
            ChangedRow(row, (change.at(places=places),), () if self._whole else places)
            for row, places in self._places(unit).items()
        ]

    def resampled(self, unit: Unit, n: int) -> list[ChangedRow]:
        """The unit's values in windows where it peaks replaced by those of random places."""
        return [self.resampled_at(unit, spot) for spot in peaks(self.lab, (unit,), n)]

    def resampled_at(self, unit: Unit, spot: tuple[int, int]) -> ChangedRow:
        """The same at one `(window, place)`."""
        known = self._profile(unit)
        case = self.removed_at(unit, spot)
        places = case.changes[0].places or ()
        rng = np.random.default_rng([self.lab.seed, 19, unit.index, *spot])
        drawn = known.samples[rng.integers(len(known.samples), size=len(places)), unit.index]
        value = torch.as_tensor(np.ascontiguousarray(drawn))[
            None, :, None
        ]  # [1, place, 1, channel]
        if self.lab.target.site(unit.site).channels == 1:
            value = value[..., 0]
        return case._replace(changes=(clamp(unit.site, [unit.index], value).at(places=places),))

    def removed_at(self, unit: Unit, spot: tuple[int, int]) -> ChangedRow:
        """The unit set to 0 in a window where it peaks; tokens are read at the peak."""
        row, place = spot
        over = span(self.explore, row, place)
        last = int(self.explore.attended[row].sum())
        reach = over[-1] + 1 if self.lab.target.kind == "causal" else last
        change = zero(unit.site, [unit.index]).at(places=range(reach))
        return (
            ChangedRow(row, (change,))
            if self._whole
            else ChangedRow(row, (change,), over, (place,))
        )

    def _profile(self, unit: Unit) -> Profile:
        return profile(self.lab, unit.site, unit.sign)

    def _places(self, unit: Unit) -> dict[int, tuple[int, ...]]:
        """By neutral prompt, the places where the unit is not active."""
        values = self._values(unit.site)[..., unit.index] * unit.sign  # [prompt, place]
        levels = self.values_held(unit)
        low = np.nan_to_num(values, nan=np.inf) <= max(_OFF * levels[-1], levels[0])
        off = low & self.neutral.counted
        places = {row: tuple(np.flatnonzero(line).tolist()) for row, line in enumerate(off)}
        return {row: line for row, line in places.items() if line}

    def _values(self, site: str) -> np.ndarray:
        """`[prompt, place, unit]` scalars of a whole site on the neutral prompts."""

        def measured() -> np.ndarray:
            result = self.lab.trace(self.neutral, [site], output=False).values[site]
            return self.lab.target.site(site).scalar(result).float().cpu().numpy()

        return self.lab.memo.once(("neutral prompts", site), measured)


class Openings(NamedTuple):
    """Starts of windows, and the first counted place of each; the same for all units."""

    windows: TokenWindows
    places: list[int]


def openings(lab: Lab) -> Openings:
    """Eight starts of windows of explore, drawn without looking at any unit."""
    counts = lab.explore.counted.sum(1)
    full = np.flatnonzero(counts >= min(8, counts.max()))
    chosen = np.sort(np.random.default_rng([lab.seed, 13]).permutation(full)[:_OPENINGS])
    windows = narrow(lab.explore.rows(chosen), _OPENING)
    return Openings(windows, [int(row.argmax()) for row in windows.counted])


def held_throughout(lab: Lab, unit: Unit, level: float, prompts: Openings) -> list[Effect]:
    """The effect of holding a unit at a level at every place, read from the first place on."""
    change, cases = holding(lab, unit, level), []
    for row, place in enumerate(prompts.places):
        every = range(int(prompts.windows.attended[row].sum()))
        cases.append(ChangedRow(row, (change.at(places=every),), span(prompts.windows, row, place)))
    return measure(lab, prompts.windows, cases)


def holding(lab: Lab, unit: Unit, level: float) -> Intervention:
    """The unit held at a level; a head along its mean direction."""
    value: float | torch.Tensor = unit.sign * level
    if lab.target.site(unit.site).channels > 1:
        direction = lab.memo.once(("mean direction", unit), lambda: mean_direction(lab, unit))
        value = torch.as_tensor(level * direction, dtype=torch.float32)[None, None, None]
    return clamp(unit.site, [unit.index], value)


def levels_of(known: Profile, index: int) -> list[float]:
    """A unit's own percentiles; one that fires too seldom for the highest has its middle peak."""
    levels = [float(value) for value in known.levels[:, index]]
    tops = known.top_values(index)
    if tops.size and levels[-1] < 0.25 * float(np.median(tops)):
        levels[-1] = float(np.median(tops))
    return levels


def _neutral(lab: Lab) -> tuple[TokenWindows, list[int], np.ndarray, dict[int, int]]:
    """Starts of windows of explore, which they are, the half of each and of each document."""
    rng = np.random.default_rng([lab.seed, 17])
    counts = lab.explore.counted.sum(1)
    full = rng.permutation(np.flatnonzero(counts >= min(8, counts.max())))
    first: dict[int, list[int]] = {}
    for row in full.tolist():
        first.setdefault(int(lab.explore.document[row]), []).append(row)
    turns = [rows[turn] for turn in range(_PROMPTS) for rows in first.values() if turn < len(rows)]
    chosen = turns[:_PROMPTS]
    documents = list(dict.fromkeys(int(lab.explore.document[row]) for row in chosen))
    side = {document: i % 2 for i, document in enumerate(documents)}
    windows = narrow(lab.explore.rows(chosen), _WIDTH)
    half = [side[int(document)] for document in windows.document]
    if len(documents) == 1:
        half = [i % 2 for i in range(len(chosen))]
    return windows, chosen, np.array(half), side
