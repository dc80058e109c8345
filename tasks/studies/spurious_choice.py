"""Which units to trust, from their descriptions alone.

1. A description is read by asking it: its predictor says of scenes, class by setting in equal
   numbers and everything else drawn at random, how active the unit should be. The scenes are
   made up for this; no network sees them, and no picture of a test is among them.
2. Of the variance of what it says, one share goes with the class and one with the setting (eta
   squared, one way each).
3. Chosen are the units whose description goes with the class at all, and at least twice as much as
   with the setting. A unit without a description is not chosen.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.data.image_rows import ImageRows, image_rows
from ...tools.models import Target
from ...tools.predicates import parse
from .spurious_world import GROUNDS, World, world

LEAST = 0.05
"""Share of the variance that has to go with the class."""
TIMES = 2.0
"""How much more than with the setting."""
SCENES = 480
RULE = (
    f"the class explains at least {LEAST:.0%} of what the description foretells, and at least "
    f"{TIMES:g} times as much as the setting does, over {SCENES} made-up scenes"
)


class Read(NamedTuple):
    """What one description is about."""

    unit: int
    label: str
    status: str
    with_class: float
    """Share of the variance of what it says that goes with the class."""
    with_ground: float
    """Share that goes with the setting."""

    @property
    def chosen(self) -> bool:
        """See the module."""
        return self.with_class >= LEAST and self.with_class >= TIMES * self.with_ground


def reading_scenes(target: Target, *, seed: int = 0) -> tuple[World, ImageRows]:
    """The scenes that descriptions are asked about."""
    made = world(SCENES, own=1 / len(GROUNDS), seed=91_000 + seed)
    return made, image_rows(target, made.pictures())


def read(unit: int, description: Description, scenes: World, rows: ImageRows) -> Read:
    """Asks one description."""
    parts = [parse(dict(part.predictor)) for part in description.components if part.predictor]
    if description.status != "described" or not parts:
        return Read(unit, description.label, description.status, 0.0, 0.0)
    predicted = np.max([part.evaluate(rows)[:, 0] for part in parts], axis=0)
    return Read(
        unit,
        description.label,
        description.status,
        explained(predicted, scenes.classes),
        explained(predicted, scenes.grounds),
    )


def chosen(described: Sequence[Read]) -> list[int]:
    """The units that the rule takes."""
    return [one.unit for one in described if one.chosen]


def explained(values: np.ndarray, groups: np.ndarray) -> float:
    """Eta squared: the share of the variance that lies between groups; 0 where nothing varies."""
    x = values.astype(np.float64)
    total = float(((x - x.mean()) ** 2).sum())
    if total < 1e-9:
        return 0.0
    parts = [x[groups == group] for group in np.unique(groups)]
    return sum(len(part) * float(part.mean() - x.mean()) ** 2 for part in parts) / total
