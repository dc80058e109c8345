"""Planted units that look at pictures, as a suite."""

from dataclasses import replace
from typing import Any

import numpy as np

from ...agent.description import Description
from ...tools.data.image_rows import image_rows
from ...tools.models.unit import Unit
from ..groundtruth.images.suite import EACH, EACH_INEXPRESSIBLE, KINDS, PictureBench, bench
from ..groundtruth.planted import PlantedUnit, Probes
from ..scoring.controls import peak_pictures
from ..scoring.measured import SPLITS, Splits
from .ceilings import picture_ceiling
from .scorers import SCORERS, Case, Panel
from .suite import Suite

_NAMED = 3
"""Classes in the sentence about an effect."""


class VisionSuite(Suite):
    """Scenes drawn by `tools/scenes`, and by the suite's second renderer."""

    name = "vision"
    kinds = KINDS
    each = EACH
    inexpressible = EACH_INEXPRESSIBLE
    baselines = ("no experiments", "random experiments", "one-shot", "constant")

    size = "pictures"
    make = staticmethod(bench)

    def windows(self, ground: PictureBench, *, length: int, told: bool) -> dict[str, Any]:
        """Image rows by split; where a planner is not told, explore has no scenes."""
        cache: dict[str, np.ndarray] = {}
        result = {
            name: replace(image_rows(ground.target, split.pictures), cache=cache)  # type: ignore[attr-defined]
            for name, split in zip(SPLITS, ground.corpus.splits(), strict=True)
        }
        if not told:
            explore = result["explore"]
            blind = tuple(replace(p, scene=None, recipe=None) for p in explore.pictures)
            result["explore"] = replace(explore, pictures=blind)
        return result

    def ceiling(
        self, ground: PictureBench, unit: PlantedUnit, inputs: Probes, splits: Splits
    ) -> float:
        """The best of two models of what is in a scene."""
        return picture_ceiling(inputs)

    def nameable(self, ground: PictureBench, unit: PlantedUnit) -> bool | None:
        """Whether the classes that it writes most have one that it is planted to promote."""
        if not unit.promotes:
            return None
        network, index = ground.target.network, ground.target.unit(unit.unit).index
        mix: Any = network.get_submodule("mix.conv")
        head: Any = network.get_submodule("head")
        raised = (head.weight @ mix.weight[:, index, 0, 0]).detach().numpy()  # [class]
        most = {ground.target.labels[int(at)] for at in np.argsort(-raised)[:_NAMED]}
        return bool(most & set(unit.promotes))

    def further(
        self, bench: Any, unit: PlantedUnit, description: Description, splits: Splits
    ) -> dict[str, Any]:
        """MAIA's protocol: pictures drawn from the description, near-misses and unrelated ones."""
        if unit.function is None or not description.components:
            return {}
        target = bench.ground.target
        name = target.unit(unit.unit)
        case = Case(
            description.label or "-",
            splits,
            predictors=tuple(component.predictor for component in description.components),
            target=target,
            unit=name,
        )
        rng = np.random.default_rng([bench.seed, name.index])
        score = SCORERS["predictive"](case, Panel(), rng)
        if score.value is None:
            return {"predictive": {"value": None, "reason": score.reason}}
        negatives = {kind: score.parts[kind]["value"] for kind in ("near_miss", "unrelated")}
        rest = {key: score.parts[key] for key in ("mean", "texts")}
        return {"predictive": {"value": score.value, **negatives, **rest}}

    def without_search(self, name: str, unit: Unit, splits: Splits) -> Description:
        """What the strongest pictures have in common."""
        try:
            return peak_pictures(splits.explore)
        except ValueError:
            return Description("nothing in common", status="uninterpretable")
