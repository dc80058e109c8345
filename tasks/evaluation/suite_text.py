"""Planted units that read text, as a suite."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...agent.description import Component, Description
from ...tools.data.tokens import surfaces
from ...tools.data.windows import cut
from ...tools.lens.write_vector import projection, write_vector
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..groundtruth.text.inputs import Probes, probes
from ..groundtruth.text.suite import BEYOND, EACH, KINDS, GroundBench, GroundUnit, bench
from ..scoring.controls import peak_words
from ..scoring.measured import SPLITS, Measured, Splits
from ..scoring.predictions import HEADLINE, thresholds
from .recovery import ceiling

_TOP_TOKENS = 40
_NAMED = 6
"""Words in the sentence about an effect."""


class TextSuite:
    """Everyday text and prose."""

    name = "text"
    kinds: tuple[str, ...] = KINDS
    each: Mapping[str, int] = EACH
    beyond = BEYOND
    baselines: tuple[str, ...] = (
        *("no experiments", "random experiments"),
        *("one-shot", "top tokens", "constant"),
    )

    def bench(
        self, tier: Any, seed: int, *, kinds: Sequence[str], beyond_each: int, plan: Any
    ) -> GroundBench:
        """One bench of one seed."""
        return bench(
            tier,
            seed,
            kinds=kinds,
            beyond_each=beyond_each,
            tokens=plan.tokens,
            host=Target.load(plan.host) if plan.host else None,
        )

    def windows(self, ground: GroundBench, *, length: int, told: bool) -> dict[str, Any]:
        """Token windows by split."""
        return {
            name: cut(ground.target, split, length=length)
            for name, split in zip(SPLITS, ground.corpus.splits(), strict=True)
        }

    def fresh(self, ground: GroundBench, unit: GroundUnit, seed: int) -> Probes | None:
        """Texts for the cells of a unit."""
        if unit.form is None:
            return None
        return probes(unit.form, ground.target, ground.vocabulary, ground.fresh, seed=seed)

    def ceiling(
        self, ground: GroundBench, unit: GroundUnit, inputs: Probes, splits: Splits
    ) -> float:
        """The best of two tables of tokens."""
        assert unit.form is not None
        return ceiling(unit.form, inputs, splits.explore, ground.vocabulary)

    def nameable(self, ground: GroundBench, unit: GroundUnit) -> bool | None:
        """Whether the words nearest to its output vector have one that it is planted to promote."""
        target = ground.target
        name = target.unit(unit.unit)
        vector = write_vector(target, target.site(name.site), name.index, np.ones(1))
        direct = None if vector is None else projection(target, vector)  # [id]
        if not unit.promotes or direct is None:
            return None
        head: Any = target.network.get_output_embeddings()  # type: ignore[operator]
        rows = head.weight.detach().float().cpu()  # [id, d]
        lengths = (rows - rows.mean(0)).norm(dim=1).numpy()
        near = np.argsort(-direct / np.maximum(lengths, 1e-6))[:_NAMED]
        names = surfaces(target)
        said = {names[int(at)].strip().lower() for at in near}
        return bool(said & {word.lower() for word in unit.promotes})

    def predictive(
        self,
        ground: GroundBench,
        unit: GroundUnit,
        description: Description,
        splits: Splits,
        seed: int,
    ) -> None:
        """Not measured: `evaluate labels` and the scorers do that for text."""

    def plainly(self, name: str, unit: Unit, splits: Splits) -> Description:
        """The words at the peaks, or the tokens with the largest means."""
        if name == "one-shot":
            try:
                return peak_words(splits.explore)
            except ValueError:
                return Description("no word stands at the peaks", status="uninterpretable")
        tokens = top_tokens(splits.explore)
        predictor = {"kind": "tokens", "tokens": tokens}
        return Description("the tokens with the largest means", (Component("tokens", predictor),))


def top_tokens(explore: Measured, *, most: int = _TOP_TOKENS) -> list[str]:
    """Tokens, seen twice or more, whose mean activation is above the headline threshold."""
    ids, values = explore.tokens(), explore.flat
    size = len(explore.windows.vocabulary)
    many = np.bincount(ids, minlength=size)
    mean = np.bincount(ids, values, size) / np.maximum(many, 1)
    cut = thresholds(explore)[HEADLINE]
    order = np.argsort(-np.where(many >= 2, mean, -np.inf), kind="stable")[:most]
    chosen = [int(at) for at in order if mean[at] > cut] or [int(order[0])]
    return [explore.windows.vocabulary[at] for at in chosen]
