"""Retrieval: which of twenty units does a description belong to?

1. Described units of a run are put in groups, filled up to `AMONG` with other units of their sites
   that are active in the test split.
2. Ten windows of the test split are chosen for the group as a whole, one after the other: each
   the one in which most units are active, where a unit counts 1 / (1 + windows in which it is
   active so far). Which unit is asked about plays no part, so that a judge that cannot read picks
   it once in twenty.
3. The judge sees the texts, and of every unit its peaks there with the words at them, then one
   description, and picks a unit. An answer that cannot be read is a wrong one.

A window may be a picture: it is shown, and there is no word at a peak.

The value is the share of right picks over units, with Wilson's interval. Our formulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import numpy as np

from ....tools.data.image_rows import ImageRows
from ....tools.data.windows import TokenWindows
from ....tools.models.unit import Unit
from ....tools.render.text import LEAST, strength
from ...labelling.data import RunData
from ...scoring.measured import Splits
from ..scorers.judges import Judge, Question, ask
from ..scorers.replies import one_of
from .judging import Asked
from .places import bars
from .views import Seen, whole

JOB, JOB_PICTURES = "retrieval", "retrieval_pictures"
AMONG = 20
TEXTS = 10
_SPARE = 3
"""Units of a site that are measured for each one that is wanted: some are never active."""


@dataclass(frozen=True)
class Lineup:
    """The units of a group and what they did in ten texts."""

    units: tuple[str, ...]
    """In the order of their letters."""
    shown: Mapping[str, Seen]
    """By number."""
    peaks: Mapping[str, str]
    """Of each letter: `1: 7 at 'river'; 4: 3 at 'lake'`; of pictures `1: 7; 4: 3`."""

    def question(self, label: str) -> Question:
        """The description comes last: what is before it is the same for the whole group."""
        told = {"units": dict(self.peaks), "description": label}
        pictures = {key: one for key, one in self.shown.items() if not isinstance(one, str)}
        if pictures:
            return Question(JOB_PICTURES, {"pictures": list(pictures), **told}, pictures=pictures)
        return Question(JOB, {"texts": dict(self.shown), **told})

    def __contains__(self, unit: str) -> bool:
        return unit in self.units


def lineups(data: RunData, units: Sequence[Unit], *, seed: int) -> list[Lineup]:
    """The groups that hold all units that are active in enough texts.

    Args:
        data: Target and windows.
        units: The described units, in the order of the run.
        seed: Of fillers and letters.
    """
    groups = []
    for start in range(0, len(units), AMONG):
        own = list(units[start : start + AMONG])
        rng = np.random.default_rng([seed, start])
        known = data.measure(own)
        known |= data.measure(_others(data, units, own, AMONG - len(own), rng))
        active = {unit: splits for unit, splits in known.items() if _active(splits).any()}
        if len(active) > 1:
            groups.append(_lineup(active, rng))
    return groups


def _others(
    data: RunData, units: Sequence[Unit], own: Sequence[Unit], n: int, rng: np.random.Generator
) -> list[Unit]:
    """Active units to fill a group: of its own sites, then of such sites and of neurons."""
    taken, sites = set(units), {unit.site: unit.sign for unit in own}
    kinds = {site.partition(".")[0] for site in sites} | {"mlp"}
    alike = [site for site in data.target.sites if site.partition(".")[0] in kinds]
    found: list[Unit] = []
    for site in dict.fromkeys([*sites, *alike]):
        wanted = max(0, -(-n // len(sites)) if site in sites else n - len(found))
        pool = [
            Unit(site, int(i), sites.get(site, 1))
            for i in rng.permutation(data.target.sites[site].units)
        ]
        pool = [unit for unit in pool if unit not in taken][: _SPARE * wanted]
        columns = data.measure(pool)
        found += [unit for unit in pool if _active(columns[unit]).any()][:wanted]
    return found[:n]


def _active(splits: Splits) -> np.ndarray:
    """bool `[window]` of the test split."""
    test = splits.test
    peaks = np.where(test.counted, test.values, -np.inf).max(1)
    return peaks > bars(splits)[0]


def _lineup(known: Mapping[Unit, Splits], rng: np.random.Generator) -> Lineup:
    windows = next(iter(known.values())).test.windows
    active = np.stack([_active(splits) for splits in known.values()])  # [unit, window]
    rows = _texts(active, rng)
    order = [list(known)[i] for i in rng.permutation(len(known))]
    letters = dict(zip(ascii_uppercase, order, strict=False))
    return Lineup(
        tuple(map(str, order)),
        {str(n): whole(windows, row) for n, row in enumerate(rows, 1)},
        {letter: _peaks(known[unit], windows, rows) for letter, unit in letters.items()},
    )


def _texts(active: np.ndarray, rng: np.random.Generator) -> list[int]:
    """Windows in which as many units as possible are active, each in some."""
    seen = np.zeros(len(active))
    left = list(rng.permutation(active.shape[1]))
    rows: list[int] = []
    while left and len(rows) < TEXTS:
        gain = (active[:, left] / (1 + seen[:, None])).sum(0)
        rows.append(int(left.pop(int(gain.argmax()))))
        seen += active[:, rows[-1]]
    return rows


def _peaks(splits: Splits, windows: TokenWindows | ImageRows, rows: Sequence[int]) -> str:
    """What a unit did in the texts, in words."""
    scale = float(splits.explore.flat.max())
    parts = []
    for number, row in enumerate(rows, 1):
        values = np.where(splits.test.counted[row], splits.test.values[row], -np.inf)
        at = int(values.argmax())
        level = strength(float(values[at]), scale)
        if level >= LEAST:
            parts.append(f"{number}: {level}{_word(windows, row, at)}")
    return "; ".join(parts) or "silent"


def _word(windows: TokenWindows | ImageRows, row: int, at: int) -> str:
    """Where in a text a peak is; empty for a picture."""
    if isinstance(windows, ImageRows):
        return ""
    word = int(windows.word[row, at])
    surface = windows.vocabulary[int(windows.ids[row, at])].strip()
    return f" at '{windows.words[word] if word >= 0 else surface}'"


def retrieved(judge: Judge, lineup: Lineup, unit: str, label: str, asked: Asked) -> dict[str, Any]:
    """Which unit the judge picks, for records."""
    question = lineup.question(label)
    letters = ascii_uppercase[: len(lineup.units)]
    answers = ask(judge, [question])
    asked.take(answers)
    choice = one_of(answers[0], letters)
    if choice is None:
        answers = ask(judge, [question])
        asked.take(answers)
        asked.again += 1
        choice = one_of(answers[0], letters)
    asked.unread += choice is None
    picked = None if choice is None else lineup.units[letters.index(choice)]
    return {"right": picked == unit, "picked": picked, "among": len(lineup.units)}
