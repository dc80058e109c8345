"""Planted units that look at pictures, as a suite."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...agent.description import Description
from ...tools.data.image_rows import image_rows
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..groundtruth.images.inputs import PictureProbes
from ..groundtruth.images.suite import BEYOND, EACH, KINDS, PictureBench, PictureUnit, bench
from ..scoring.controls import peak_pictures
from ..scoring.measured import SPLITS, Splits
from .picture_ceiling import ceiling
from .scorers import SCORERS, Case, Panel

_NAMED = 3
"""Classes in the sentence about an effect."""


class VisionSuite:
    """Scenes drawn by `tools/scenes`, and by the suite's own hand."""

    name = "vision"
    kinds: tuple[str, ...] = KINDS
    each: Mapping[str, int] = EACH
    beyond = BEYOND
    baselines: tuple[str, ...] = ("no experiments", "random experiments", "one-shot", "constant")

    def bench(
        self, tier: Any, seed: int, *, kinds: Sequence[str], beyond_each: int, plan: Any
    ) -> PictureBench:
        """One bench of one seed."""
        return bench(
            tier,
            seed,
            kinds=kinds,
            beyond_each=beyond_each,
            pictures=plan.pictures,
            host=Target.load(plan.host) if plan.host else None,
        )

    def windows(self, ground: PictureBench, *, length: int, told: bool) -> dict[str, Any]:
        """Image rows by split; where a planner is not told, explore has no scenes."""
        cache: dict[str, np.ndarray] = {}
        found = {
            name: replace(image_rows(ground.target, split.pictures), cache=cache)  # type: ignore[attr-defined]
            for name, split in zip(SPLITS, ground.corpus.splits(), strict=True)
        }
        if not told:
            explore = found["explore"]
            blind = tuple(replace(p, scene=None, recipe=None) for p in explore.pictures)
            found["explore"] = replace(explore, pictures=blind)
        return found

    def fresh(self, ground: PictureBench, unit: PictureUnit, seed: int) -> PictureProbes | None:
        """Pictures for the cells of a unit."""
        return ground.probes(unit, seed)

    def ceiling(
        self, ground: PictureBench, unit: PictureUnit, inputs: PictureProbes, splits: Splits
    ) -> float:
        """The best of two models of what is in a scene."""
        return ceiling(inputs)

    def nameable(self, ground: PictureBench, unit: PictureUnit) -> bool | None:
        """Whether the classes that it writes most have one that it is planted to promote."""
        if not unit.promotes:
            return None
        network, index = ground.target.network, ground.target.unit(unit.unit).index
        mix: Any = network.get_submodule("mix.conv")
        head: Any = network.get_submodule("head")
        raised = (head.weight @ mix.weight[:, index, 0, 0]).detach().numpy()  # [class]
        most = {ground.target.labels[int(at)] for at in np.argsort(-raised)[:_NAMED]}
        return bool(most & set(unit.promotes))

    def predictive(
        self,
        ground: PictureBench,
        unit: PictureUnit,
        description: Description,
        splits: Splits,
        seed: int,
    ) -> dict[str, Any] | None:
        """MAIA's protocol: pictures drawn from the description, near-misses and unrelated ones."""
        if unit.form is None or not description.components:
            return None
        name = ground.target.unit(unit.unit)
        case = Case(
            description.label or "-",
            splits,
            predictors=tuple(component.predictor for component in description.components),
            target=ground.target,
            unit=name,
        )
        score = SCORERS["predictive"](case, Panel(), np.random.default_rng([seed, name.index]))
        if score.value is None:
            return {"value": None, "reason": score.reason}
        return {
            "value": score.value,
            "near_miss": score.parts["near_miss"]["value"],
            "unrelated": score.parts["unrelated"]["value"],
            "mean": score.parts["mean"],
            "texts": score.parts["texts"],
        }

    def plainly(self, name: str, unit: Unit, splits: Splits) -> Description:
        """What the strongest pictures have in common."""
        try:
            return peak_pictures(splits.explore)
        except ValueError:
            return Description("nothing in common", status="uninterpretable")
