"""What all units share when their effect is measured: prompts in two halves, words, matched units.

1. Neutral prompts: starts of windows of explore, drawn without looking at any unit. Documents go to
   the naming half (0) and the scoring half (1) in turn.
2. A change of the output read in words: the logit of a token over the mean of all tokens, in nats,
   or lexicon words along the change of an output embedding.
3. What `causal_rule` ranks, and a score of words, of any unit in the same way (`Strength`): held at
   its 99.9th percentile on the naming half, which names its words; held, on the scoring half, at
   the level at which its size should be that of the site, the middle size of 16 random units;
   resampled at its highest peaks. It is kept in `lab.memo` for the next unit of the site.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from ..activations.unit_stats import POOL, Profile, matched, mean_direction, peaks, pool, profile
from ..data.windows import TokenWindows, surfaces
from ..lab import Lab
from ..lens.lexicon_words import lexicon_vectors
from ..models import Intervention, Unit, clamp, zero
from ..statistics.causal_rule import LEAST_CONTROLS, Causal, causal
from .effect_rows import Row, measure_rows
from .output_change import SPAN, narrow

_PROMPTS = 16
_WIDTH = 16
"""Tokens of a neutral prompt."""
NAMED = 6
"""Words that are named and scored."""
_FLOATS = 2**25
"""Of changes of the output that are held in memory at a time."""
PEAKS = 4
"""Highest peaks at which a unit is resampled: few, as every matched unit is too."""
_WIDTH_WITHOUT_WORDS = 4096
"""About how many numbers the output of a module has, for the memory that changes take."""
_MATCHED = 4
"""Prompts of the scoring half at the matched size."""
_REFERENCE = 16
"""Random units whose middle size is the size that is matched, and whose words stand beside."""
LEAST_SIZE = 1e-6
"""Of a KL or a turn: what is smaller is rounding, and no size to compare units at."""
_RANGE = 16.0
"""The most that a unit's 99.9th percentile is multiplied or divided by to reach that size."""
_OFF = 0.1
"""Share of the highest level up to which a unit counts as not active."""
_BYTES = re.compile("^<0x[0-9A-F]{2}>$|\ufffd")
"""Tokens that are part of a character: they are no words, and are not named."""


class Strength(NamedTuple):
    """What one unit does; the same for the unit under study and for those that match it."""

    needed: float
    """Mean size of resampling it at its highest peaks."""
    held: float
    """Mean size of holding it at its 99.9th percentile."""
    reach: float
    """The inverse of the share of its 99.9th percentile at which the matched size is reached."""
    score: float
    """AUROC of its own words, on the scoring half, at the matched size."""
    words: tuple[int, ...]
    """That its 99.9th percentile raises most, on the naming half."""


class _First(NamedTuple):
    """A unit held at its 99.9th percentile on the naming half, and resampled."""

    held: float
    needed: float
    words: tuple[int, ...]


class Words:
    """The names that a change of the output is read in."""

    def __init__(self, lab: Lab) -> None:
        self._vectors: np.ndarray | None = None
        if lab.target.kind == "causal":
            self.names: Sequence[str] = surfaces(lab.target)
            self.width = lab.target.site("logit").units
            self._lengths = _row_lengths(lab, len(self.names))
            special = set(getattr(lab.target.tokenizer, "all_special_ids", ()))
            self._readable = np.array(
                [
                    at not in special and bool(name) and not _BYTES.search(name)
                    for at, name in enumerate(self.names)
                ]
            )
        else:
            self.names, self._vectors = lexicon_vectors(lab)
            self._lengths = np.ones(len(self.names))
            self._readable = np.ones(len(self.names), bool)
            self.width = self._vectors.shape[1]

    def of(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: change of the logit over that of all words, or along a word's embedding."""
        if self._vectors is not None:
            return self._vectors @ change.astype(np.float64)
        found = change[: len(self.names)].astype(np.float64)
        return found - found.mean()

    def beyond(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: the change for the length of the word's own row."""
        return self.of(change) / self._lengths

    def top(self, change: np.ndarray) -> np.ndarray:
        """The words that a change raises most."""
        found = np.where(self._readable, self.beyond(change), -np.inf)
        return np.argsort(-found, kind="stable")[:NAMED]


def _row_lengths(lab: Lab, many: int) -> np.ndarray:
    """`[token]`: lengths of the rows of the vocabulary head, less their mean; 1 where not known."""
    weight = getattr(lab.target.network.get_submodule(lab.target.site("logit").module), "weight", 0)
    if not isinstance(weight, torch.Tensor) or weight.ndim != 2 or len(weight) < many:
        return np.ones(many)
    rows = weight.detach().float()
    rows = torch.linalg.vector_norm(rows - rows.mean(0), dim=1).cpu().numpy()[:many]
    return np.maximum(rows, 0.1 * np.median(rows)) / np.median(rows)


class Bench:
    """Neutral prompts, the halves, and what control units did; the same for all units."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        key = "unit effect"
        if key not in lab.memo:
            lab.memo[key] = _neutral(lab)
        self.windows, self.rows, self.half, self._half_of = lab.memo[key]
        self.disjoint = len(set(self._half_of.values())) > 1
        self.width = _WIDTH_WITHOUT_WORDS
        if lab.target.kind != "module":
            self.width = self.words.width

    @property
    def words(self) -> Words:
        """What changes of the output are read in; a module has none."""
        if "effect words" not in self.lab.memo:
            self.lab.memo["effect words"] = Words(self.lab)
        return self.lab.memo["effect words"]

    def split(self, spots: Sequence[tuple[int, int]]) -> list[int]:
        """The half, 0 or 1, of each window; by document, like the neutral prompts."""
        known, out = dict(self._half_of), []
        many = [0, 0]
        for window, _ in spots:
            document = int(self.lab.explore.document[window])
            side = known.setdefault(document, int(many[1] < many[0]))
            if not self.disjoint:
                side = len(out) % 2
            many[side] += 1
            out.append(side)
        return out

    def held(self, unit: Unit, known: Profile) -> dict[int, tuple[int, ...]]:
        """The places of every neutral prompt where the unit is not active."""
        values = self._values(unit.site)[..., unit.index] * unit.sign  # [prompt, place]
        levels = levels_of(known, unit.index)
        low = np.nan_to_num(values, nan=np.inf) <= max(_OFF * levels[-1], levels[0])
        off = low & self.windows.counted
        places = {row: tuple(np.flatnonzero(line).tolist()) for row, line in enumerate(off)}
        return {row: line for row, line in places.items() if line}

    def _values(self, site: str) -> np.ndarray:
        """`[prompt, place, unit]` scalars of a whole site on the neutral prompts."""
        key = ("unit effect", site)
        if key not in self.lab.memo:
            target = self.lab.target
            found = target.trace(self.windows, [site], output=False).values[site]
            self.lab.meter.forward_tokens += int(self.windows.attended.sum())
            self.lab.memo[key] = target.site(site).scalar(found).float().cpu().numpy()
        return self.lab.memo[key]

    def holding(self, unit: Unit, held: dict[int, tuple[int, ...]], level: float) -> list[Row]:
        """Rows in which the unit is held at a level."""
        value: float | torch.Tensor = unit.sign * level
        if self.lab.target.site(unit.site).channels > 1:
            key = ("mean direction", unit)
            if key not in self.lab.memo:
                self.lab.memo[key] = mean_direction(self.lab, unit)
            direction = level * self.lab.memo[key]  # [channel]
            value = torch.as_tensor(direction, dtype=torch.float32)[None, None, None]
        change = clamp(unit.site, [unit.index], value)
        return [Row(row, (change.at(places=at),), at, at) for row, at in held.items()]

    def usable(self, unit: Unit) -> bool:
        """Whether a unit is somewhere active and somewhere not."""
        known = profile(self.lab, unit.site, unit.sign)
        return bool(peaks(self.lab, (unit,), 1)) and bool(self.held(unit, known))

    def controls(self, unit: Unit) -> list[Unit]:
        """Units that match one; 39 where the site has as many."""
        near = [other for other in matched(self.lab, unit, POOL) if self.usable(other)]
        return balanced(unit, near, profile(self.lab, unit.site, unit.sign).size)

    def strengths(self, units: Sequence[Unit], n_peaks: int = PEAKS) -> list[Strength]:
        """What units do, each resampled at as many peaks; kept for the next unit of the site."""
        if not units:
            return []
        reference = self._reference(units[0])
        first = self._first([*reference, *units], n_peaks)
        size = matched_size([first[unit].held for unit in reference])
        others = np.array([word for unit in reference for word in first[unit].words], int)
        memo = self.lab.memo
        keys = {unit: ("strength", unit, n_peaks) for unit in units}
        missing = [unit for unit in keys if keys[unit] not in memo]
        for part in self._groups(missing, _MATCHED):
            factors = [
                float(np.clip(np.sqrt(size / max(first[one].held, 1e-30)), 1 / _RANGE, _RANGE))
                for one in part
            ]
            rows = [
                self._holding_half(one, 1, factor)[:_MATCHED]
                for one, factor in zip(part, factors, strict=True)
            ]
            found = self._measured(self.windows, rows)
            for one, factor, (reached, change) in zip(part, factors, found, strict=True):
                reach = float(np.sqrt(reached / size)) / factor
                start, score = first[one], 0.5
                if start.words:
                    own = np.array(start.words)
                    values = self.words.beyond(change)
                    score = auroc(values[own], values[np.setdiff1d(others, own)])
                memo[keys[one]] = Strength(start.needed, start.held, reach, score, start.words)
        return [memo[keys[unit]] for unit in units]

    def _reference(self, unit: Unit) -> list[Unit]:
        """The same random units for all units of a site."""
        key = ("reference units", unit.site, unit.sign)
        if key not in self.lab.memo:
            drawn = (one for one in pool(self.lab, unit.site, unit.sign) if self.usable(one))
            self.lab.memo[key] = list(islice(drawn, _REFERENCE))
        return self.lab.memo[key]

    def _first(self, units: Sequence[Unit], n_peaks: int) -> dict[Unit, _First]:
        memo = self.lab.memo
        keys = {unit: ("first strength", unit, n_peaks) for unit in units}
        missing = [unit for unit in keys if keys[unit] not in memo]
        for part in self._groups(missing, _PROMPTS // 2 + n_peaks):
            held = self._measured(self.windows, [self._holding_half(one, 0) for one in part])
            gone = [
                [resampled(self.lab, one, spot) for spot in peaks(self.lab, (one,), n_peaks)]
                for one in part
            ]
            needed = self._measured(self.lab.explore, gone)
            for one, (size, change), (away, _) in zip(part, held, needed, strict=True):
                named = self.lab.target.kind != "module"
                words = tuple(self.words.top(change).tolist()) if named else ()
                memo[keys[one]] = _First(size, away, words)
        return {unit: memo[keys[unit]] for unit in units}

    def _holding_half(self, unit: Unit, half: int, factor: float = 1.0) -> list[Row]:
        known = profile(self.lab, unit.site, unit.sign)
        rows = self.holding(unit, self.held(unit, known), factor * levels_of(known, unit.index)[-1])
        return [row for row in rows if self.half[row.row] == half] or rows

    def _groups(self, units: Sequence[Unit], rows: int) -> Iterator[Sequence[Unit]]:
        """Parts of a list whose changes fit into memory."""
        step = max(1, _FLOATS // (self.width * rows))
        return (units[at : at + step] for at in range(0, len(units), step))

    def _measured(
        self, windows: TokenWindows, rows: Sequence[Sequence[Row]]
    ) -> list[tuple[float, np.ndarray]]:
        """Mean size and mean change of each list of rows."""
        found = iter(measure_rows(self.lab, windows, [row for some in rows for row in some]))
        out = []
        for some in rows:
            shifts = [next(found) for _ in some]
            change = np.mean([shift.change for shift in shifts], axis=0) if shifts else None
            size = float(np.mean([shift.size for shift in shifts])) if shifts else 0.0
            out.append((size, np.zeros(self.width, np.float32) if change is None else change))
        return out


def causal_test(lab: Lab, unit: Unit) -> tuple[Causal, Strength, list[Strength]]:
    """The rule of `causal_rule` for one unit: verdict, what the unit does, what its controls do.

    `unit_effect` and `output_effect` take their verdict from here.
    """
    bench = Bench(lab)
    n_peaks = max(1, len(peaks(lab, (unit,), PEAKS)))
    own, *others = bench.strengths([unit, *bench.controls(unit)], n_peaks)
    found = causal(
        own.needed, [one.needed for one in others], own.reach, [one.reach for one in others]
    )
    return found, own, others


def balanced(unit: Unit, near: Sequence[Unit], size: np.ndarray) -> list[Unit]:
    """The nearest 39 units, half of them at least as large as the unit where there are as many.

    Large units are rare, so that the nearest to one are mostly smaller, and do less for that alone.

    Args:
        unit: The unit.
        near: Units that may serve, nearest first.
        size: `[unit]` root of the mean square of the site.
    """
    larger = [one for one in near if size[one.index] >= size[unit.index]]
    smaller = [one for one in near if size[one.index] < size[unit.index]]
    half = (LEAST_CONTROLS + 1) // 2
    first = [*larger[:half], *smaller[: LEAST_CONTROLS - half]]
    rest = [one for one in near if one not in first]
    return [*first, *rest][:LEAST_CONTROLS]


def matched_size(sizes: Sequence[float]) -> float:
    """The size at which units of a site are compared: the middle one of random units."""
    return max(LEAST_SIZE, float(np.median(sizes)) if sizes else 0.0)


def auroc(above: np.ndarray, below: np.ndarray) -> float:
    """The chance that one of the first is larger than one of the second, ties half; .5 if empty."""
    if not above.size or not below.size:
        return 0.5
    gap = above[:, None] - below[None]
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())


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
    side = {document: at % 2 for at, document in enumerate(documents)}
    windows = narrow(lab.explore.rows(chosen), _WIDTH)
    half = [side[int(document)] for document in windows.document]
    if len(documents) == 1:
        half = [at % 2 for at in range(len(chosen))]
    return windows, chosen, np.array(half), side


def levels_of(known: Profile, index: int) -> list[float]:
    """A unit's own percentiles; one that fires too seldom for the highest has its middle peak."""
    levels = [float(value) for value in known.levels[:, index]]
    tops = known.top_values(index)
    if tops.size and levels[-1] < 0.25 * float(np.median(tops)):
        levels[-1] = float(np.median(tops))
    return levels


def removal(lab: Lab, unit: Unit, spot: tuple[int, int]) -> Row:
    """The unit set to 0 in a window where it peaks."""
    return _removed(lab, spot, zero(unit.site, [unit.index]))


def resampled(lab: Lab, unit: Unit, spot: tuple[int, int]) -> Row:
    """The unit's values in a window where it peaks replaced by those of random places."""
    known = profile(lab, unit.site, unit.sign)
    row = _removed(lab, spot, zero(unit.site, [unit.index]))
    places = row.changes[0].places or ()
    rng = np.random.default_rng([lab.seed, 19, unit.index, *spot])
    drawn = known.samples[rng.integers(len(known.samples), size=len(places)), unit.index]
    value = torch.as_tensor(np.ascontiguousarray(drawn))[None, :, None]  # [1, place, 1, channel]
    if lab.target.site(unit.site).channels == 1:
        value = value[..., 0]
    return row._replace(changes=(clamp(unit.site, [unit.index], value).at(places=places),))


def _removed(lab: Lab, spot: tuple[int, int], change: Intervention) -> Row:
    row, place = spot
    last = int(lab.explore.attended[row].sum())
    over = tuple(range(place, min(last, place + SPAN)))
    reach = over[-1] + 1 if lab.target.kind == "causal" else last
    return Row(row, (change.at(places=range(reach)),), (place,), over)
