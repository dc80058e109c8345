"""What every step of an investigation on pictures needs: drawing, measuring, what is on."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from .....tools.activations.records import activity
from .....tools.data.image_rows import ImageRows, image_rows
from .....tools.data.scene_pictures import picture_of, side_for
from .....tools.evidence import Evidence
from .....tools.lab import Lab
from .....tools.models import Unit
from .....tools.scenes.scene import Scene
from ..held_out import split_explore
from ..turns import Calls, Experiments
from .rules import CaseList

SCENES = 60
"""Scenes of one call."""
_SHOWN = 4  # of each call, so that a person can see what was drawn
_CLUSTER = 0.02  # share of pictures of a cluster
_APART = 3.0  # distance of two clusters, in standard deviations within them
Drawn = Generator[Calls, list[Evidence], np.ndarray]


class Course:
    """One unit on one bench, with what was drawn and found."""

    def __init__(self, lab: Lab, unit: Unit, seed: int, experiments: Experiments) -> None:
        self.lab, self.unit, self.experiments = lab, unit, experiments
        self.rng = np.random.default_rng([seed, lab.seed, unit.index])
        self.known: dict[str, float] = {}
        """Activation by scene, as JSON."""
        self.made: list[Evidence] = []
        """Evidence of what was drawn."""
        self.values = np.zeros(0)
        """`[image]` over `rows`."""
        self.bar = 0.0
        """Activation above which the unit is on."""
        self.low = 0.0
        """Activation that is surely off: the middle of what explore shows."""
        self.spread = 0.0
        """Standard deviation of what is off."""
        self.full = 1.0
        """Mean of the strongest of explore."""
        self.rule = CaseList()

    @property
    def aside(self) -> np.ndarray:
        """bool `[image]` over explore: what decides nothing."""
        return split_explore(self.lab)[0]

    @property
    def rows(self) -> ImageRows:
        """Explore without what was kept aside: all that the search sees."""
        return split_explore(self.lab)[1]

    def scale(self) -> None:
        """Learns from explore what on and off are.

        Where activations fall into two clusters, off is the middle of the lower one; else it is
        the median. On begins above six times the spread of off, between a quarter and a half of
        the way to the strongest pictures.
        """
        finite = self.values[np.isfinite(self.values)]
        self.full = 2 * activity(self.values)
        cut = _valley(finite)
        lower = finite[finite <= (np.median(finite) if cut is None else cut)]
        self.low = float(np.median(finite if cut is None else lower))
        self.spread = 1.5 * float(np.median(np.abs(lower - np.median(lower))))
        self._bar()

    def stronger(self, values: np.ndarray) -> None:
        """Learns from drawings that are on how strong full strength is, where explore is weaker."""
        self.full = max(self.full, float(np.nanmedian(values)))
        self._bar()

    def _bar(self) -> None:
        reach = self.full - self.low
        self.bar = self.low + float(np.clip(6 * self.spread, 0.25 * reach, 0.5 * reach))

    def weak(self, draws: int) -> float:
        """The mean of so many drawings above which a unit is weakly on."""
        reach = self.full - self.low
        least = max(0.18 * reach, 3.5 * self.spread / np.sqrt(draws))
        return self.low + min(least, 0.5 * reach)

    def on(self, values: Any) -> np.ndarray:
        """Whether the unit is on."""
        return np.asarray(values) > self.bar

    def look(self, scenes: Sequence[Scene]) -> ImageRows:
        """Scenes as rows, which predicates can be evaluated on without drawing them."""
        side = side_for(self.lab.target)
        pictures = [picture_of(scene, side=side) for scene in scenes]
        return image_rows(self.lab.target, pictures, reader=self.rows.reader)

    def draw(self, why: str, scenes: Sequence[Scene]) -> Drawn:
        """Measures scenes; those that were measured before are not drawn again.

        Returns:
            `[scene]` activations, NaN where one could not be drawn.
        """
        keys = [scene.model_dump_json() for scene in scenes]
        fresh = {
            key: scene for key, scene in zip(keys, scenes, strict=True) if key not in self.known
        }
        chosen = list(fresh.items())
        if chosen:
            calls = tuple(
                (
                    "draw",
                    {
                        "unit": str(self.unit),
                        "scenes": [
                            scene.model_dump(mode="json") for _, scene in chosen[at : at + SCENES]
                        ],
                        "shown": _SHOWN,
                    },
                )
                for at in range(0, len(chosen), SCENES)
            )
            made = yield Calls(why, calls)
            for number, evidence in enumerate(made):
                part = chosen[number * SCENES : (number + 1) * SCENES]
                if evidence.error is not None:
                    continue
                self.made.append(evidence)
                for (key, _), item in zip(part, evidence.data["measured"], strict=False):
                    value = item["activations"][0]
                    self.known[key] = np.nan if value is None else float(value)
        return np.array([self.known.get(key, np.nan) for key in keys])


def _valley(values: np.ndarray) -> float | None:
    """The cut between two clusters that are far apart, or None (Otsu's threshold)."""
    x = np.sort(values)
    n = np.arange(1, len(x))
    total = np.cumsum(x)
    left = total[:-1] / n
    right = (total[-1] - total[:-1]) / (len(x) - n)
    between = n * (len(x) - n) * (right - left) ** 2
    at = int(np.argmax(between)) if len(between) else 0
    lower, upper = x[: at + 1], x[at + 1 :]
    if min(len(lower), len(upper)) < _CLUSTER * len(x):
        return None
    within = np.sqrt((lower.var() * len(lower) + upper.var() * len(upper)) / len(x))
    apart = upper.mean() - lower.mean() > _APART * max(within, 1e-12)
    return float((x[at] + x[at + 1]) / 2) if apart else None
