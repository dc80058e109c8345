"""What all units share when their effect is measured: prompts in two halves, words, control units.

1. Neutral prompts: starts of windows of explore, drawn without looking at any unit. Documents go to
   the writing half (0) and the scoring half (1) in turn.
2. A change of the output read in words: the logit of a token over the mean of all tokens, in nats,
   or lexicon words along the change of an output embedding.
3. What a control unit does on the scoring half: held at its 99.9th percentile, and removed at its
   own peaks. It is kept in `lab.memo` for the next unit of the site.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from .data.windows import TokenWindows, surfaces
from .effect_rows import Row, Shift, measure_rows
from .effects import SPAN, narrow
from .lab import Lab
from .lexicon_words import lexicon_vectors
from .models import Unit, clamp, zero
from .output_effect import mean_direction
from .profile_site import TOPS, Profile, peaks, profile

_PROMPTS = 16
_WIDTH = 20
"""Tokens of a neutral prompt."""
NAMED = 6
"""Words that are named and scored."""
_FLOATS = 2**25
"""Of the changes of control units that are held in memory at a time."""
_OFF = 0.1
"""Share of the highest level up to which a unit counts as not active."""
_BYTES = re.compile("^<0x[0-9A-F]{2}>$|\ufffd")
"""Tokens that are part of a character: they are no words, and are not named."""
_RANKS = (1, 6)
"""Peaks of a control unit that it is removed at; those of a unit's second half, about."""


class Control(NamedTuple):
    """What one matched unit does, on the scoring half."""

    size: float
    held: np.ndarray
    """float32, mean change of every word when it is held at its 99.9th percentile."""
    alone: float
    removed: np.ndarray
    """float32, the same when it is removed at its own peaks."""


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
        if "effect words" not in lab.memo:
            lab.memo["effect words"] = Words(lab)
        self.words: Words = lab.memo["effect words"]
        self.width = self.words.width

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

    def controls(self, units: Sequence[Unit]) -> list[Control]:
        """What matched units do on the scoring half; kept for the next unit of the site."""
        memo = self.lab.memo
        missing = [unit for unit in units if ("unit effect", unit) not in memo]
        group = max(1, _FLOATS // (self.width * _PROMPTS))
        for at in range(0, len(missing), group):
            self._measure(missing[at : at + group])
        return [memo["unit effect", unit] for unit in units]

    def _measure(self, units: Sequence[Unit]) -> None:
        lab = self.lab
        holding: list[list[Row]] = []
        removing: list[list[Row]] = []
        for unit in units:
            known = profile(lab, unit.site, unit.sign)
            scoring = {r: at for r, at in self.held(unit, known).items() if self.half[r] == 1}
            holding.append(self.holding(unit, scoring, levels_of(known, unit.index)[-1]))
            own = peaks(lab, (unit,), TOPS)
            spots = [own[rank] for rank in _RANKS if rank < len(own)] or own[:1]
            removing.append([removal(lab, unit, spot) for spot in spots])
        held = iter(measure_rows(lab, self.windows, [row for rows in holding for row in rows]))
        gone = iter(measure_rows(lab, lab.explore, [row for rows in removing for row in rows]))
        for unit, first, second in zip(units, holding, removing, strict=True):
            size, change = self._mean([next(held) for _ in first])
            alone, removed = self._mean([next(gone) for _ in second])
            lab.memo["unit effect", unit] = Control(size, change, alone, removed)

    def _mean(self, shifts: Sequence[Shift]) -> tuple[float, np.ndarray]:
        if not shifts:
            return 0.0, np.zeros(self.width, np.float32)
        sizes, changes = zip(*shifts, strict=True)
        return float(np.mean(sizes)), np.mean(changes, axis=0)


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
    tops = known.top_value[index]
    tops = tops[np.isfinite(tops) & (tops > 0)]
    if tops.size and levels[-1] < 0.25 * float(np.median(tops)):
        levels[-1] = float(np.median(tops))
    return levels


def removal(lab: Lab, unit: Unit, spot: tuple[int, int]) -> Row:
    row, place = spot
    last = int(lab.explore.attended[row].sum())
    change = zero(unit.site, [unit.index]).at(places=range(last))
    over = tuple(range(place, min(last, place + SPAN)))
    if lab.target.kind == "causal":
        change = change.at(places=range(over[-1] + 1))
    return Row(row, (change,), (place,), over)
