"""What all units share when their effect is measured: prompts in two halves, words, control units.

1. Neutral prompts: starts of windows of explore, drawn without looking at any unit. Documents go to
   the writing half (0) and the scoring half (1) in turn.
2. A change of the output read in words: tokens by their log-probability, or lexicon words along the
   change of an output embedding.
3. What a control unit does on the scoring half: held at its 99.9th percentile, and removed at its
   own peaks. It is kept in `lab.memo` for the next unit of the site.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from .data.windows import TokenWindows, surfaces
from .effect_rows import Row, measure_rows
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
        """`[word]`: change of the log-probability, or along a word's embedding."""
        if self._vectors is not None:
            return self._vectors @ change.astype(np.float64)
        return change[: len(self.names)].astype(np.float64)

    def beyond(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: the change over that of all words, for the length of the word's own row."""
        found = self.of(change)
        return (found - (found.mean() if self._vectors is None else 0)) / self._lengths

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
        self.windows, self.half, self._half_of = lab.memo[key]
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
        values = self.lab.activations(self.windows, [unit])[0]  # [prompt, place]
        levels = levels_of(known, unit.index)
        off = np.nan_to_num(values, nan=np.inf) <= max(_OFF * levels[-1], levels[0])
        places = {row: tuple(np.flatnonzero(line).tolist()) for row, line in enumerate(off)}
        return {row: line for row, line in places.items() if line}

    def holding(self, unit: Unit, held: dict[int, tuple[int, ...]], level: float) -> list[Row]:
        """Rows in which the unit is held at a level."""
        value: float | torch.Tensor = unit.sign * level
        if self.lab.target.site(unit.site).channels > 1:
            direction = level * mean_direction(self.lab, unit)  # [channel]
            value = torch.as_tensor(direction, dtype=torch.float32)[None, None, None]
        change = clamp(unit.site, [unit.index], value)
        return [Row(row, (change.at(places=at),), at, at) for row, at in held.items()]

    def control(self, unit: Unit) -> Control:
        """What a matched unit does on the scoring half; kept for the next unit of the site."""
        key = ("unit effect", unit)
        if key not in self.lab.memo:
            lab, known = self.lab, profile(self.lab, unit.site, unit.sign)
            scoring = {r: at for r, at in self.held(unit, known).items() if self.half[r] == 1}
            rows = self.holding(unit, scoring, levels_of(known, unit.index)[-1])
            clamped = measure_rows(lab, self.windows, rows)
            own = peaks(lab, (unit,), TOPS)
            spots = [own[rank] for rank in _RANKS if rank < len(own)] or own[:1]
            gone = measure_rows(lab, lab.explore, [removal(lab, unit, spot) for spot in spots])
            nothing = np.zeros(self.width, np.float32)
            lab.memo[key] = Control(
                float(np.mean([shift.size for shift in clamped])) if clamped else 0.0,
                np.mean([shift.change for shift in clamped], axis=0) if clamped else nothing,
                float(np.mean([shift.size for shift in gone])) if gone else 0.0,
                np.mean([shift.change for shift in gone], axis=0) if gone else nothing,
            )
        return self.lab.memo[key]


def _neutral(lab: Lab) -> tuple[TokenWindows, np.ndarray, dict[int, int]]:
    """Starts of windows of explore, the half of each, and the half of each document."""
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
    return windows, np.array(half), side


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
